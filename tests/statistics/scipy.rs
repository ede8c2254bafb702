//! Values equal to those of SciPy, to nine digits. `scipy.json` says of which version they are; `scipy.py` wrote it.

use posthaste::sweep::statistics::{Level, Manner, OneRun, Pairs, QuantileError, Replications, Trials, WarmUpError};
use serde_json::Value;

fn rows(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("scipy.json")).unwrap();
    assert!(all["made_with"].as_str().unwrap().starts_with("SciPy 1."));
    all[name].as_array().unwrap().clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn numbered(value: &Value) -> Vec<(u64, f64)> {
    (0..).zip(numbers(value)).collect()
}

/// To nine digits of what is looked at, where subtraction of numbers as large as `size` loses none of them.
#[track_caller]
fn near(got: f64, want: &Value, digits_of: f64, size: f64) {
    let want = number(want);
    let tolerance = 1e-9 * digits_of.abs() + 4.0 * f64::EPSILON * size.abs();
    assert!((got - want).abs() <= tolerance, "{got} is not {want} to {tolerance}");
}

fn level(value: &Value) -> Level {
    Level::new(number(value)).unwrap()
}

/// Numbers one above and one below 0 in turns have a half-width of t/sqrt(n - 1).
#[test]
fn quantiles_of_students_t() {
    let rows = rows("t");
    assert!(rows.len() > 200);
    for row in rows {
        let n = count(&row[0]) + 1;
        let values: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let level = level(&row[1]).among(count(&row[2]));
        let found = Replications::of_runs(&values).unwrap().interval(level).unwrap();
        let t = found.half_width / found.sd * (n as f64).sqrt();
        // Both have more than nine digits: eleven show that none is lost between tables, series and tails.
        near(t, &row[3], 0.05 * number(&row[3]), 0.0);
    }
}

#[test]
fn means_and_their_intervals() {
    for row in rows("means") {
        let values = numbers(&row["values"]);
        let found = Replications::of_runs(&values).unwrap().interval(level(&row["level"])).unwrap();
        near(found.mean, &row["mean"], found.half_width, found.mean);
        near(found.sd, &row["sd"], found.sd, found.mean * 1e-3);
        near(found.low(), &row["low"], found.half_width, found.mean);
        near(found.high(), &row["high"], found.half_width, found.mean);
    }
}

#[test]
fn differences() {
    for row in rows("differences") {
        let pairs = Pairs::matched(&numbered(&row["a"]), &numbered(&row["b"])).unwrap();
        let found = pairs.difference(Level::DEFAULT).unwrap();
        let width = found.estimate.half_width;
        near(found.estimate.low(), &row["low"], width, 0.0);
        near(found.estimate.high(), &row["high"], width, 0.0);
        let Manner::Paired { correlation: Some(correlation) } = found.manner else { panic!("{found:?}") };
        near(correlation, &row["correlation"], 1.0, 0.0);
        let (a, other) = (numbers(&row["a"]), numbers(&row["other"]));
        let (a, other) = (Replications::of_runs(&a).unwrap(), Replications::of_runs(&other).unwrap());
        let found = a.difference_to(&other, Level::DEFAULT).unwrap();
        near(found.estimate.low(), &row["welch_low"], found.estimate.half_width, 0.0);
        near(found.estimate.high(), &row["welch_high"], found.estimate.half_width, 0.0);
    }
}

#[test]
fn shares() {
    for row in rows("shares") {
        let found = Trials::of(count(&row[0]), count(&row[1])).unwrap().share(level(&row[2]));
        near(found.low, &row[3], found.high - found.low, 0.0);
        near(found.high, &row[4], found.high - found.low, 0.0);
    }
}

#[test]
fn intervals_for_quantiles() {
    let rows = rows("quantiles");
    assert!(rows.iter().filter(|row| row[3].is_null()).count() > 10, "some are too few");
    for row in rows {
        let values: Vec<f64> = (1..=count(&row[0])).map(|i| i as f64).collect();
        let found = Replications::of_runs(&values).unwrap().quantile_interval(number(&row[1]), level(&row[2]));
        match found {
            Err(QuantileError::TooFew { needed, .. }) => assert!(row[3].is_null() && needed > values.len(), "{row}"),
            Err(QuantileError::NotAShare(_)) => panic!("{row}"),
            Ok(found) => {
                assert_eq!((found.low_rank, found.high_rank), (count(&row[3][0]), count(&row[3][1])), "{row}");
                near(found.coverage, &row[3][2], 1.0, 0.0);
            }
        }
    }
}

/// The cut is looked for by definition there, and from the end here.
#[test]
fn warm_ups() {
    let (mut refused, mut suggested) = (0, 0);
    for row in rows("warm_ups") {
        let series = numbers(&row["series"]);
        match OneRun::of(&series).unwrap().warm_up() {
            Ok(found) => {
                assert_eq!(found.observations, count(&row["cut"]));
                near(found.mser, &row["mser"], found.mser, 0.0);
                suggested += 1;
            }
            Err(error) => {
                assert_eq!(error, WarmUpError::SecondHalf { cut: count(&row["cut"]), n: series.len() });
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && suggested > 2, "both happen");
}

#[test]
fn batches() {
    for row in rows("batches") {
        let found = OneRun::of(&numbers(&row["series"])).unwrap().batch_means(20, Level::DEFAULT).unwrap();
        assert_eq!((found.size, found.left_out), (10, 5));
        near(found.estimate.low(), &row["low"], found.estimate.half_width, 0.0);
        near(found.estimate.high(), &row["high"], found.estimate.half_width, 0.0);
        near(found.lag_1.unwrap(), &row["lag_1"], 1.0, 0.0);
        near(found.von_neumann.unwrap(), &row["von_neumann"], 1.0, 0.0);
    }
}
