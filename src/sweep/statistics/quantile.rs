//! Intervals for quantiles.
//!
//! A quantile of what happens within runs (the 95th percentile of a message's latency) is found in each run and is one
//! number from each; its mean has a Student-t interval like any other ([`quantile_over_runs`]). With few observations
//! a run's own quantile leans to one side, and more replications do not mend that: longer runs do.
//!
//! A quantile of the runs' numbers themselves (in how bad a state one run in ten is) has an interval that supposes
//! nothing of their distribution: it lies between two order statistics, and how many numbers are below a quantile is
//! binomial (Conover, *Practical Nonparametric Statistics*, 3rd ed., 3.2; Hahn and Meeker, *Statistical Intervals*,
//! 5.2). Its level is no free choice, so what it truly is, is said.

use thiserror::Error;

use super::distributions::binomial;
use super::interval::{Estimate, IntervalError};
use super::level::Level;
use super::samples::{OneRun, Replications, float, nearest_rank};

/// An interval between two of the numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileInterval {
    /// How many numbers there are.
    pub n: usize,
    /// The quantile of the numbers: the one of the nearest rank.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// The rank of `low` among the numbers in ascending order, from 1.
    pub low_rank: usize,
    /// The rank of `high`.
    pub high_rank: usize,
    /// The share of studies in which such an interval holds the quantile, at least that of the level; larger yet if
    /// equal numbers can occur.
    pub coverage: f64,
}

/// Why a quantile has no interval.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum QuantileError {
    /// 0 and 1 are no quantiles that numbers could enclose.
    #[error("{0} is no quantile: it is a share above 0 and below 1, such as 0.95")]
    NotAShare(f64),
    /// Even the smallest and the largest number do not enclose it surely enough.
    #[error("{n} replications do not enclose a quantile of {share} at {level}: {needed} would")]
    TooFew {
        /// So many there are.
        n: usize,
        /// The quantile.
        share: f64,
        /// How sure the interval is to be.
        level: Level,
        /// So many are needed.
        needed: usize,
    },
}

impl Replications<'_> {
    /// The interval for the quantile `share` of what a run gives. On either side it errs no more often than half of
    /// what the level allows.
    ///
    /// # Errors
    /// `share` is no quantile, or there are too few replications.
    pub fn quantile_interval(&self, share: f64, level: Level) -> Result<QuantileInterval, QuantileError> {
        if !(share > 0.0 && share < 1.0) {
            return Err(QuantileError::NotAShare(share));
        }
        let (n, tail) = (self.count(), level.risk() / 2.0);
        // Below the quantile lie fewer than `low_rank` numbers, or no fewer than `high_rank`, with probability `tail`.
        let low_rank = first(n, |most| binomial(most, n, share) > tail);
        let high_rank = first(n, |most| binomial(most, n, share) >= 1.0 - tail) + 1;
        if low_rank == 0 || high_rank > n {
            return Err(QuantileError::TooFew { n, share, level, needed: needed(share, tail) });
        }
        let mut sorted = self.values().to_vec();
        sorted.sort_by(f64::total_cmp);
        Ok(QuantileInterval {
            n,
            value: sorted[nearest_rank(share, n)],
            low: sorted[low_rank - 1],
            high: sorted[high_rank - 1],
            low_rank,
            high_rank,
            coverage: binomial(high_rank - 1, n, share) - binomial(low_rank - 1, n, share),
        })
    }
}

/// The first of 0 to `n` for which `holds`, which holds for all that follow it.
fn first(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// How many numbers it takes until the smallest and the largest enclose the quantile.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count above 0; of more than fit, the most"
)]
fn needed(share: f64, tail: f64) -> usize {
    let farther = share.max(1.0 - share);
    let guess = (libm::log(tail) / libm::log(farther)).ceil() as usize;
    // A logarithm may be off by its last bit.
    if libm::pow(farther, float(guess)) <= tail { guess } else { guess.saturating_add(1) }
}

/// The mean, with its interval, of the quantile that each run has.
///
/// # Errors
/// There are fewer than two runs.
pub fn quantile_over_runs(runs: &[OneRun<'_>], share: f64, level: Level) -> Result<Estimate, IntervalError> {
    let quantiles: Vec<f64> = runs.iter().map(|run| run.quantile(share)).collect();
    Replications::of_runs(&quantiles)?.interval(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    /// The ranks for the median at 95 %, as tables of order statistics have them (Conover, table A3; David and Nagaraja,
    /// *Order Statistics*, 7.1).
    #[test]
    fn medians_lie_between_the_ranks_of_the_tables() {
        for (n, ranks, coverage) in [
            (6, (1, 6), "0.969"),
            (8, (1, 8), "0.992"),
            (9, (2, 8), "0.961"),
            (10, (2, 9), "0.979"),
            (15, (4, 12), "0.965"),
            (20, (6, 15), "0.959"),
            (25, (8, 18), "0.957"),
            (50, (18, 33), "0.967"),
            (100, (40, 61), "0.965"),
        ] {
            let values = to(n);
            let found = Replications::of_runs(&values).unwrap().quantile_interval(0.5, Level::DEFAULT).unwrap();
            assert_eq!(
                ((found.low_rank, found.high_rank), &*format!("{:.3}", found.coverage)),
                (ranks, coverage),
                "{n}"
            );
            assert_eq!((found.low_rank, found.high_rank).0, found.low as usize);
        }
    }

    /// Would break if an interval were drawn that the numbers are too few for, or the number needed were wrong.
    #[test]
    fn too_few_are_refused_with_how_many_it_takes() {
        let level = Level::DEFAULT;
        for (share, needed) in [(0.5, 6), (0.9, 36), (0.95, 72), (0.05, 72), (0.99, 368)] {
            let values = to(needed);
            let one_less = Replications::of_runs(&values[1..]).unwrap().quantile_interval(share, level);
            let (n, needed) = (values.len() - 1, values.len());
            assert_eq!(one_less, Err(QuantileError::TooFew { n, share, level, needed }));
            let found = Replications::of_runs(&values).unwrap().quantile_interval(share, level).unwrap();
            assert!(found.coverage >= 0.95 && found.low <= found.value && found.value <= found.high, "{found:?}");
        }
        for share in [0.0, 1.0, f64::NAN, 1.5] {
            let none = Replications::of_runs(&[1.0]).unwrap().quantile_interval(share, level).unwrap_err();
            assert!(none.to_string().ends_with("is no quantile: it is a share above 0 and below 1, such as 0.95"));
        }
        let said = Replications::of_runs(&[1.0; 5]).unwrap().quantile_interval(0.5, level).unwrap_err().to_string();
        assert_eq!(said, "5 replications do not enclose a quantile of 0.5 at 95 %: 6 would");
    }

    #[test]
    fn quantiles_over_runs_are_numbers_like_others() {
        let (a, b) = ([1.0, 9.0, 2.0, 3.0], [5.0, 4.0, 3.0, 2.0]);
        let runs = [OneRun::of(&a).unwrap(), OneRun::of(&b).unwrap()];
        assert_eq!(quantile_over_runs(&runs, 0.5, Level::DEFAULT).unwrap().mean, 2.5);
        assert_eq!(quantile_over_runs(&runs[..1], 0.5, Level::DEFAULT), Err(IntervalError::OneRun));
    }
}
