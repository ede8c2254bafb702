//! Whether intervals hold what they promise: 1,000 studies of something whose true value is known, each with random
//! numbers of its own under one fixed seed, and how many of their 95 % intervals hold it. Chance alone moves that by
//! seven studies (one standard error). `docs/statistics.md` has the figures.

use std::cell::Cell;
use std::sync::LazyLock;

use posthaste::base::dist::normal;
use posthaste::base::{Stream, Streams};
use posthaste::sweep::statistics::{
    Decision, Estimate, Level, OneRun, Pairs, Replications, Steps, StopRule, Trials, across_runs, quantile_over_runs,
};

use crate::common::root;

const STUDIES: usize = 1000;
const LEVEL: Level = Level::DEFAULT;

struct Row {
    what: &'static str,
    true_value: &'static str,
    /// In so many of the studies the interval held the true value.
    held: usize,
    /// What is said of the row beside that.
    note: String,
    /// How many should, at least and at most.
    bounds: (usize, usize),
}

const SOUND: (usize, usize) = (930, 970);

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut rows = means();
    rows.extend(quantiles());
    rows.extend(differences());
    rows.extend(counts_and_times());
    rows.extend(one_run());
    rows.extend(rules());
    rows
});

/// Makes the studies of a row; each has a stream of its own.
fn held(name: &str, study: impl Fn(&mut Stream) -> bool) -> usize {
    let streams = Streams::new(1).stream(name).next_u64();
    (0..STUDIES).filter(|number| study(&mut Streams::new(streams).stream(&number.to_string()))).count()
}

fn row(
    what: &'static str,
    true_value: &'static str,
    bounds: (usize, usize),
    study: impl Fn(&mut Stream) -> bool,
) -> Row {
    Row { what, true_value, held: held(what, study), note: String::new(), bounds }
}

fn drawn(count: usize, mut draw: impl FnMut() -> f64) -> Vec<f64> {
    (0..count).map(|_| draw()).collect()
}

fn interval(values: &[f64]) -> Estimate {
    Replications::of_runs(values).unwrap().interval(LEVEL).unwrap()
}

fn exponential(stream: &mut Stream) -> f64 {
    -libm::log(1.0 - stream.unit())
}

/// Each number is `phi` times the one before and something new, of mean 0.
fn autoregressive(stream: &mut Stream, phi: f64, start: f64, count: usize) -> Vec<f64> {
    let mut at = start;
    drawn(count, || {
        at = phi * at + stream.unit() - 0.5;
        at
    })
}

fn means() -> Vec<Row> {
    vec![
        row("mean of 10 normal replications, Student t", "5", SOUND, |stream| {
            interval(&drawn(10, || 5.0 + 2.0 * normal(stream))).holds(5.0)
        }),
        row("mean of 2 normal replications, Student t", "5", SOUND, |stream| {
            interval(&drawn(2, || 5.0 + 2.0 * normal(stream))).holds(5.0)
        }),
        row("mean of 100 exponential replications, Student t", "1", SOUND, |stream| {
            interval(&drawn(100, || exponential(stream))).holds(1.0)
        }),
        row(
            "mean of 5 exponential replications, Student t: too few for so skew a distribution",
            "1",
            (850, 920),
            |stream| interval(&drawn(5, || exponential(stream))).holds(1.0),
        ),
    ]
}

fn quantiles() -> Vec<Row> {
    vec![
        row("median of 25 exponential replications, order statistics (95.7 %)", "ln 2", SOUND, |stream| {
            let values = drawn(25, || exponential(stream));
            let found = Replications::of_runs(&values).unwrap().quantile_interval(0.5, LEVEL).unwrap();
            (found.low..=found.high).contains(&std::f64::consts::LN_2)
        }),
        row("0.9 quantile of 100 exponential replications, order statistics (95.6 %)", "ln 10", SOUND, |stream| {
            let values = drawn(100, || exponential(stream));
            let found = Replications::of_runs(&values).unwrap().quantile_interval(0.9, LEVEL).unwrap();
            (found.low..=found.high).contains(&std::f64::consts::LN_10)
        }),
        row(
            "0.9 quantile within 20 runs of 199 uniform numbers each, Student t over the runs",
            "0.9",
            SOUND,
            |stream| {
                let runs: Vec<Vec<f64>> = (0..20).map(|_| drawn(199, || stream.unit())).collect();
                let runs: Vec<OneRun<'_>> = runs.iter().map(|run| OneRun::of(run).unwrap()).collect();
                quantile_over_runs(&runs, 0.9, LEVEL).unwrap().holds(0.9)
            },
        ),
    ]
}

fn numbered(values: Vec<f64>) -> Vec<(u64, f64)> {
    (0..).zip(values).collect()
}

fn differences() -> Vec<Row> {
    vec![
        row("difference of 20 pairs on common random numbers", "0.3", SOUND, |stream| {
            let a = drawn(20, || exponential(stream));
            let b = a.iter().map(|value| value + 0.3 + 0.2 * normal(stream)).collect();
            Pairs::matched(&numbered(a), &numbered(b)).unwrap().difference(LEVEL).unwrap().estimate.holds(0.3)
        }),
        row("difference of 8 and 20 independent runs of unequal spread, Welch", "1", SOUND, |stream| {
            let (a, b) = (drawn(8, || normal(stream)), drawn(20, || 1.0 + 3.0 * normal(stream)));
            let (a, b) = (Replications::of_runs(&a).unwrap(), Replications::of_runs(&b).unwrap());
            a.difference_to(&b, LEVEL).unwrap().estimate.holds(1.0)
        }),
        row("5 differences to one way, 15 pairs each, all together (Bonferroni)", "0", (940, 990), |stream| {
            let a = drawn(15, || normal(stream));
            (0..5).all(|_| {
                let b = a.iter().map(|value| value + normal(stream)).collect();
                let pairs = Pairs::matched(&numbered(a.clone()), &numbered(b)).unwrap();
                pairs.difference(LEVEL.among(5)).unwrap().estimate.holds(0.0)
            })
        }),
        row("the same, each by itself as if it were the only one", "0", (700, 900), |stream| {
            let a = drawn(15, || normal(stream));
            (0..5).all(|_| {
                let b = a.iter().map(|value| value + normal(stream)).collect();
                let pairs = Pairs::matched(&numbered(a.clone()), &numbered(b)).unwrap();
                pairs.difference(LEVEL).unwrap().estimate.holds(0.0)
            })
        }),
    ]
}

fn counts_and_times() -> Vec<Row> {
    vec![
        row("share of 40 independent runs, Wilson", "0.3", SOUND, |stream| {
            let successes = (0..40).filter(|_| stream.unit() < 0.3).count();
            let found = Trials::of(successes, 40).unwrap().share(LEVEL);
            (found.low..=found.high).contains(&0.3)
        }),
        row("average over time, on for 1 and off for 3 on average, 20 batches of 100", "0.25", SOUND, |stream| {
            let (mut at, mut changes) = (0.0, Vec::new());
            while at < 2100.0 {
                changes.push((at, 1.0));
                at += exponential(stream);
                changes.push((at, 0.0));
                at += 3.0 * exponential(stream);
            }
            let steps = Steps::of(&changes).unwrap();
            steps.batch_means(100.0, 2100.0, 20, LEVEL).unwrap().estimate.holds(0.25)
        }),
    ]
}

/// How often batches are called too short stands beside how often their interval holds.
fn batches(what: &'static str, size: usize, bounds: (usize, usize)) -> Row {
    let warned = Cell::new(0);
    let row = row(what, "0", bounds, |stream| {
        let run = autoregressive(stream, 0.8, 0.0, 20 * size + 50);
        let found = OneRun::of(&run).unwrap().after(50).unwrap().batch_means(20, LEVEL).unwrap();
        warned.set(warned.get() + usize::from(found.warning().is_some()));
        found.estimate.holds(0.0)
    });
    Row { note: format!("warned of in {}", warned.get()), ..row }
}

fn one_run() -> Vec<Row> {
    vec![
        batches("one run, autoregressive with 0.8, 20 batches of 100", 100, SOUND),
        batches("the same, 20 batches of 5: too short", 5, (700, 900)),
        row("what we never do: the 2,000 numbers of that run as if they were independent", "0", (300, 600), |stream| {
            let run = autoregressive(stream, 0.8, 0.0, 2050);
            interval(&run[50..]).holds(0.0)
        }),
        begun_far_off(),
        row("the same, uncut", "0", (0, 100), |stream| {
            interval(
                &runs_from(stream, 20.0, 300).iter().map(|run| OneRun::of(run).unwrap().mean()).collect::<Vec<_>>(),
            )
            .holds(0.0)
        }),
    ]
}

/// Ten runs that begin at `start` and settle around 0.
fn runs_from(stream: &mut Stream, start: f64, count: usize) -> Vec<Vec<f64>> {
    (0..10).map(|_| autoregressive(stream, 0.8, start, count)).collect()
}

/// MSER-5 is asked about the average of the runs; where it finds no cut, runs are made twice as long.
fn begun_far_off() -> Row {
    let lengthened = Cell::new(0);
    let what = "10 runs of 300 that begin far off, cut where MSER-5 says of their average";
    let mut row = row(what, "0", SOUND, |stream| {
        let mut length = 300;
        loop {
            let runs = runs_from(stream, 20.0, length);
            let runs: Vec<OneRun<'_>> = runs.iter().map(|run| OneRun::of(run).unwrap()).collect();
            if let Ok(cut) = OneRun::of(&across_runs(&runs).unwrap()).unwrap().warm_up() {
                let means = runs.iter().map(|run| run.after(cut.observations).unwrap().mean());
                return interval(&means.collect::<Vec<_>>()).holds(0.0);
            }
            lengthened.set(lengthened.get() + usize::from(length == 300));
            length *= 2;
        }
    });
    row.note = format!("longer runs were needed in {}", lengthened.get());
    row
}

/// Stops where the rule says, and says how many replications that took on average.
fn stopped(what: &'static str, min: usize, bounds: (usize, usize)) -> Row {
    let rule = StopRule::new((min, 200), Some(0.1), None, LEVEL).unwrap();
    let study = |stream: &mut Stream| -> Estimate {
        let mut values = Vec::new();
        while rule.decide(&values).unwrap() == Decision::Continue {
            values.push(10.0 + 3.0 * normal(stream));
        }
        interval(&values)
    };
    let taken = Cell::new(0);
    let row = row(what, "10", bounds, |stream| {
        let found = study(stream);
        taken.set(taken.get() + found.n);
        found.holds(10.0)
    });
    Row { note: format!("{:.1} replications on average", taken.get() as f64 / STUDIES as f64), ..row }
}

fn rules() -> Vec<Row> {
    vec![
        stopped("normal replications until ± 10 %, at least 10", 10, (920, 970)),
        stopped("normal replications until ± 10 %, at least 3", 3, (800, 930)),
    ]
}

/// Breaks when an interval holds less often than it says, or so often that it is wider than it need be.
#[test]
fn intervals_hold_what_they_promise() {
    let faults: Vec<String> = ROWS
        .iter()
        .filter(|row| !(row.bounds.0..=row.bounds.1).contains(&row.held))
        .map(|row| format!("{}: {} of {STUDIES}, not {:?}", row.what, row.held, row.bounds))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn table() -> String {
    let mut text = "| studies of | true value | held in | |\n|---|---|---|---|\n".to_owned();
    for row in ROWS.iter() {
        let (whole, tenth) = (row.held / 10, row.held % 10);
        text += &format!("| {} | {} | {whole}.{tenth} % | {} |\n", row.what, row.true_value, row.note)
            .replace("|  |", "| |");
    }
    text
}

/// Breaks when a figure moves and the document was not written anew.
#[test]
fn the_document_holds_the_same_figures() {
    let file = root().join("docs/statistics.md");
    let found = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = found.split_once("| studies of |").expect("docs/statistics.md has the table");
    let (_, after) = rest.split_once("\n\n").expect("a blank line ends the table");
    let text = format!("{before}{}\n{after}", table());
    if std::env::var_os("POSTHASTE_BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
        return;
    }
    assert!(
        found == text,
        "docs/statistics.md is out of date; write it anew with the command that it names:\n{}",
        table()
    );
}
