//! What must hold of any numbers.

use posthaste::sweep::statistics::{
    Decision, Estimate, Level, OneRun, Pairs, Replications, Steps, StopRule, Trials, Verdict, across_runs, alone,
    quantile_over_runs, with_ends, with_half_width,
};
use proptest::prelude::*;

fn interval(values: &[f64]) -> Estimate {
    Replications::of_runs(values).unwrap().interval(Level::DEFAULT).unwrap()
}

/// Numbers as results have them: of one size, or of several.
fn results() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![-1e3..1e3_f64, -1e-3..1e-3_f64, 0.0..1e6_f64], 2..40)
}

fn near(got: f64, want: f64, scale: f64) -> bool {
    (got - want).abs() <= 1e-11 * scale
}

proptest! {
    /// Would break if an interval were not around its mean, or a mean not among its numbers.
    #[test]
    fn an_interval_holds_its_mean(values in results()) {
        let found = interval(&values);
        prop_assert!(found.holds(found.mean) && found.half_width >= 0.0);
        prop_assert!(values.iter().any(|value| *value <= found.mean) && values.iter().any(|value| *value >= found.mean));
        let surer = Replications::of_runs(&values).unwrap().interval(Level::new(0.99).unwrap()).unwrap();
        prop_assert!(surer.half_width >= found.half_width);
        prop_assert!(Level::DEFAULT.among(3).joint() == Level::DEFAULT.joint());
        let of_three = Replications::of_runs(&values).unwrap().interval(Level::DEFAULT.among(3)).unwrap();
        prop_assert!(of_three.half_width >= found.half_width && of_three.half_width <= surer.half_width * (1.0 + 1e-9));
    }

    /// Would break if more of the same made an interval wider.
    #[test]
    fn more_of_the_same_is_narrower(values in results(), times in 2..5_usize) {
        let (once, more) = (interval(&values), interval(&values.repeat(times)));
        prop_assert!(more.half_width <= once.half_width, "{once:?} {more:?}");
    }

    /// Would break if seconds and milliseconds, or another origin, led to other statements.
    #[test]
    fn other_units_say_the_same(values in results(), shift in -1e3..1e3_f64, power in -20..20_i32) {
        let found = interval(&values);
        let scale = values.iter().fold(shift.abs(), |most, value| value.abs().max(most));
        let shifted = interval(&values.iter().map(|value| value + shift).collect::<Vec<_>>());
        prop_assert!(near(shifted.mean, found.mean + shift, scale));
        prop_assert!(near(shifted.half_width, found.half_width, 10.0 * scale));
        // A power of two changes no digit.
        let unit = 2.0_f64.powi(power);
        let scaled = interval(&values.iter().map(|value| value * unit).collect::<Vec<_>>());
        prop_assert_eq!((scaled.mean, scaled.sd), (found.mean * unit, found.sd * unit));
        let mirrored = interval(&values.iter().map(|value| -value).collect::<Vec<_>>());
        prop_assert_eq!((mirrored.mean, mirrored.half_width), (-found.mean, found.half_width));
    }

    /// Would break if a swap of the two were more than a change of sign, or pairs hung on the order of rows.
    #[test]
    fn a_swap_turns_the_sign(a in results(), noise in results()) {
        let a: Vec<(u64, f64)> = (0..).zip(a).collect();
        let mut b: Vec<(u64, f64)> = a.iter().zip(&noise).map(|((number, value), noise)| (*number, value + noise)).collect();
        b.reverse();
        let a = &a[..b.len()];
        let one = Pairs::matched(a, &b).unwrap().difference(Level::DEFAULT);
        let other = Pairs::matched(&b, a).unwrap().difference(Level::DEFAULT);
        let (Ok(one), Ok(other)) = (one, other) else { return Err(TestCaseError::reject("one pair")) };
        prop_assert_eq!(one.estimate.half_width, other.estimate.half_width);
        prop_assert_eq!(one.estimate.mean, -other.estimate.mean);
        let turned = match one.verdict {
            Verdict::Less => Verdict::More,
            Verdict::More => Verdict::Less,
            Verdict::Same => Verdict::Same,
            Verdict::NotShown => Verdict::NotShown,
        };
        prop_assert_eq!(turned, other.verdict);
    }

    /// Would break if anything that goes in came out as NaN or infinite, or led to a panic.
    #[test]
    fn nothing_that_is_no_number_comes_out(
        values in prop::collection::vec(prop::num::f64::ANY, 0..60),
        share in prop::num::f64::ANY, size in prop::num::f64::ANY, batches in 0..30_usize,
    ) {
        let finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        if let Ok(sample) = Replications::of_runs(&values) {
            prop_assert!(sample.mean().is_finite());
            if let Ok(found) = sample.interval(Level::DEFAULT) {
                prop_assert!(finite(&[found.low(), found.high(), found.sd, found.half_width]));
            }
            if let Ok(found) = sample.quantile_interval(share, Level::DEFAULT) {
                prop_assert!(finite(&[found.low, found.high, found.value, found.coverage]));
            }
            if let Ok(found) = sample.difference_to(&sample, Level::DEFAULT) {
                prop_assert!(finite(&[found.estimate.low(), found.estimate.high(), found.estimate.sd]));
            }
        }
        if let Ok(run) = OneRun::of(&values) {
            prop_assert!(run.mean().is_finite() && run.quantile(share).is_finite());
            if let Ok(found) = run.warm_up() {
                prop_assert!(finite(&[found.mean, found.mser]));
            }
            if let Ok(found) = run.batch_means(batches, Level::DEFAULT) {
                prop_assert!(found.estimate.half_width.is_finite());
                prop_assert!(finite(&[found.lag_1.unwrap_or(0.0), found.von_neumann.unwrap_or(0.0)]), "{:?}", found);
            }
            prop_assert!(run.smoothed(batches).is_ok_and(|all| finite(&all)) || values.iter().any(|one| one.abs() > 1e300));
            prop_assert!(across_runs(&[run, run]).is_ok_and(|all| finite(&all)) || values.iter().any(|one| one.abs() > 1e300));
            let _ = quantile_over_runs(&[run, run], share, Level::DEFAULT);
        }
        let numbered: Vec<(u64, f64)> = (0..).zip(values.iter().copied()).collect();
        let turned: Vec<(u64, f64)> = (0..).zip(values.iter().rev().copied()).collect();
        if let Ok(found) = Pairs::matched(&numbered, &turned).unwrap().difference(Level::DEFAULT) {
            prop_assert!(finite(&[found.estimate.low(), found.estimate.high(), found.estimate.sd]));
        }
        if let Ok(rule) = StopRule::new((2, 50), Some(share), Some(size), Level::DEFAULT) {
            let _ = rule.settle(&values);
        }
        let changes: Vec<(f64, f64)> = values.iter().map(|value| value.abs()).zip(values.iter().copied()).collect();
        if let Ok(steps) = Steps::of(&changes) {
            prop_assert!(steps.average(share, size).is_ok_and(f64::is_finite) || steps.average(share, size).is_err());
            let _ = steps.batch_means(share, size, batches, Level::DEFAULT);
        }
        for text in [with_half_width(share, size, "s"), with_ends(share, size, ""), alone(share, "B")] {
            prop_assert!(text.len() < 400, "{}", text);
        }
    }

    /// Would break if what is written were not what was found, to the digit that is written.
    #[test]
    fn what_is_written_is_what_was_found(value in -1e9..1e9_f64, width in 1e-8..1e8_f64) {
        let text = with_half_width(value, width, "");
        let (mean, half_width) = text.split_once(" ± ").unwrap();
        let (mean, half_width): (f64, f64) = (mean.parse().unwrap(), half_width.parse().unwrap());
        prop_assert!((half_width / width - 1.0).abs() <= 0.0501, "{} {}", width, text);
        prop_assert!((mean - value).abs() <= 0.0501 * 10.0_f64.powf(half_width.log10().floor()) * 1.0001, "{} {}", value, text);
    }

    /// Would break if a rule stopped before its least number of replications, or went on after its most.
    #[test]
    fn a_rule_keeps_its_bounds(values in results(), min in 2..10_usize, more in 0..20_usize, target in 0.001..1.0_f64) {
        let rule = StopRule::new((min, min + more), Some(target), None, Level::DEFAULT).unwrap();
        match rule.settle(&values).unwrap() {
            Some(stop) => {
                prop_assert!((min..=min + more).contains(&stop.replications));
                prop_assert_eq!(rule.decide(&values[..stop.replications]).unwrap(), Decision::Stop(stop));
            }
            None => prop_assert!(values.len() < min + more),
        }
    }

    #[test]
    fn more_trials_make_a_share_surer(trials in 1..500_usize, part in 0.0..=1.0_f64) {
        let successes = (part * trials as f64) as usize;
        let once = Trials::of(successes, trials).unwrap().share(Level::DEFAULT);
        let twice = Trials::of(2 * successes, 2 * trials).unwrap().share(Level::DEFAULT);
        prop_assert!(twice.high - twice.low < once.high - once.low);
    }
}
