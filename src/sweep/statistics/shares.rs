//! How often something happens, of runs in which it can happen once: Wilson's score interval (E. B. Wilson, *Journal of
//! the American Statistical Association* 22, 1927).
//!
//! It stays within 0 and 1 and has a width even where nothing ever happened, which the textbook's interval by the normal
//! distribution has not. The trials are to be independent: runs, or repetitions of an experiment; messages of one run are
//! not, since what loses one loses its neighbours. Their share is one number of the run, and goes into `Replications`.

use thiserror::Error;

use super::distributions::normal_quantile;
use super::level::Level;
use super::samples::float;

/// In how many of several independent trials something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trials {
    successes: usize,
    trials: usize,
}

/// A share with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The trials.
    pub of: Trials,
    /// The share of successes.
    pub share: f64,
    /// The interval's lower end, at least 0.
    pub low: f64,
    /// The interval's upper end, at most 1.
    pub high: f64,
    /// How sure the interval is.
    pub level: Level,
}

/// Why numbers are no trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrialsError {
    /// There is none.
    #[error("there is no trial")]
    None,
    /// More successes than trials.
    #[error("{successes} successes in {trials} trials")]
    TooMany {
        /// So often it happened.
        successes: usize,
        /// So often it could.
        trials: usize,
    },
}

impl Trials {
    /// So many successes in so many trials.
    ///
    /// # Errors
    /// There is no trial, or there are fewer than successes.
    pub const fn of(successes: usize, trials: usize) -> Result<Self, TrialsError> {
        if trials == 0 {
            Err(TrialsError::None)
        } else if successes > trials {
            Err(TrialsError::TooMany { successes, trials })
        } else {
            Ok(Self { successes, trials })
        }
    }

    /// The share of successes with Wilson's interval.
    #[must_use]
    pub fn share(self, level: Level) -> Share {
        let (n, share) = (float(self.trials), float(self.successes) / float(self.trials));
        let z = normal_quantile(level.risk());
        let weight = z * z / n;
        let middle = share + weight / 2.0;
        let reach = z * (share * (1.0 - share) / n + weight / (4.0 * n)).sqrt();
        // At the ends the two terms are equal but for rounding.
        let low = if self.successes == 0 { 0.0 } else { (middle - reach) / (1.0 + weight) };
        let high = if self.successes == self.trials { 1.0 } else { (middle + reach) / (1.0 + weight) };
        Share { of: self, share, low: low.clamp(0.0, share), high: high.clamp(share, 1.0), level }
    }

    /// In how many it happened.
    #[must_use]
    pub const fn successes(self) -> usize {
        self.successes
    }

    /// How many there are.
    #[must_use]
    pub const fn trials(self) -> usize {
        self.trials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe, *Statistics in Medicine* 17 (1998), table I, method 3: Wilson's interval without continuity correction.
    #[test]
    fn a_published_table() {
        for (successes, trials, ends) in
            [(81, 263, "0.2553 0.3662"), (15, 148, "0.0624 0.1605"), (0, 20, "0.0000 0.1611"), (1, 29, "0.0061 0.1718")]
        {
            let found = Trials::of(successes, trials).unwrap().share(Level::DEFAULT);
            assert_eq!(format!("{:.4} {:.4}", found.low, found.high), ends, "{successes} of {trials}");
        }
    }

    /// Would break if an interval left 0 to 1, or lost its mirror image.
    #[test]
    fn ends_are_shares() {
        for trials in [1, 2, 7, 1000] {
            for successes in [0, 1, trials / 2, trials] {
                let found = Trials::of(successes, trials).unwrap().share(Level::DEFAULT);
                assert!(0.0 <= found.low && found.low <= found.share && found.share <= found.high && found.high <= 1.0);
                let mirror = Trials::of(trials - successes, trials).unwrap().share(Level::DEFAULT);
                assert!((found.low + mirror.high - 1.0).abs() < 1e-15, "{found:?} {mirror:?}");
            }
        }
        assert_eq!(Trials::of(0, 0), Err(TrialsError::None));
        assert_eq!(Trials::of(3, 2), Err(TrialsError::TooMany { successes: 3, trials: 2 }));
    }
}
