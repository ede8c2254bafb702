//! A mean and its Student-t interval over independent replications (Law, *Simulation Modeling and Analysis*, 5th ed.,
//! 4.5 and 9.4.1).
//!
//! The interval supposes that the replications' numbers are about normal. A run's number is mostly a mean of many
//! things, so it is; where it is a maximum or a rare count, the order statistics of `quantile` suppose nothing.

use thiserror::Error;

use super::distributions::t_quantile;
use super::level::Level;
use super::samples::{Replications, SampleError, float};

/// What replications say of a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// How many replications, at least 2.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; 0 if they do not differ.
    pub sd: f64,
    /// The interval's half-width; 0 if they do not differ.
    pub half_width: f64,
    /// How sure the interval is.
    pub level: Level,
}

/// Why there is no interval.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum IntervalError {
    /// The numbers are no sample.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// There is a single run.
    #[error(
        "one run gives no interval: how much runs differ shows from two on, and what happens within one is not independent"
    )]
    OneRun,
    /// The interval is wider than any number.
    #[error("the interval is wider than numbers go")]
    TooWide,
}

impl Estimate {
    /// The interval's lower end.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// The interval's upper end.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether the interval holds `value`.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.low()..=self.high()).contains(&value)
    }

    /// The half-width as a share of the mean's size; none at a mean of 0.
    #[must_use]
    pub fn relative(&self) -> Option<f64> {
        let share = self.half_width / self.mean.abs();
        share.is_finite().then_some(share)
    }

    /// From a mean, its standard error and the degrees of freedom of the standard error.
    pub(super) fn around(n: usize, mean: f64, sd: f64, error: f64, freedom: f64, level: Level) -> Option<Self> {
        let half_width = if error == 0.0 { 0.0 } else { t_quantile(level.risk(), freedom) * error };
        let estimate = Self { n, mean, sd, half_width, level };
        (estimate.low().is_finite() && estimate.high().is_finite()).then_some(estimate)
    }
}

impl IntervalError {
    /// The reason in one word, for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Sample(SampleError::Empty) => "no_value",
            Self::Sample(SampleError::NotFinite { .. }) => "not_finite",
            Self::Sample(SampleError::TooLarge) | Self::TooWide => "too_large",
            Self::OneRun => "one_run",
        }
    }
}

impl Replications<'_> {
    /// The mean with its interval.
    ///
    /// # Errors
    /// There is one run only.
    pub fn interval(&self, level: Level) -> Result<Estimate, IntervalError> {
        let (n, mean, sd) = (self.count(), self.mean(), self.sd().ok_or(IntervalError::OneRun)?);
        Estimate::around(n, mean, sd, sd / float(n).sqrt(), float(n - 1), level).ok_or(IntervalError::TooWide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(values: &[f64]) -> Result<Estimate, IntervalError> {
        Replications::of_runs(values)?.interval(Level::DEFAULT)
    }

    /// Law's example of ten observations (4.5): their mean is 1.34 ± 0.24 at 90 %.
    #[test]
    fn an_example_of_law() {
        let values = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09];
        let estimate = Replications::of_runs(&values).unwrap().interval(Level::new(0.9).unwrap()).unwrap();
        assert_eq!(
            format!("{:.2} {:.2} {:.2}", estimate.mean, estimate.sd.powi(2), estimate.half_width),
            "1.34 0.17 0.24"
        );
    }

    /// Would break if one run got an interval, or the reason were not said.
    #[test]
    fn one_run_gives_none() {
        let error = interval(&[4.0]).unwrap_err();
        assert_eq!((error, error.word()), (IntervalError::OneRun, "one_run"));
        assert!(error.to_string().starts_with("one run gives no interval: "));
        assert_eq!(interval(&[]).unwrap_err().word(), "no_value");
        assert_eq!(interval(&[1.0, f64::INFINITY]).unwrap_err().word(), "not_finite");
        assert_eq!(interval(&[1e308, -1e308, 1e308]).unwrap_err().word(), "too_large");
    }

    /// Would break if equal replications gave no number, or a width.
    #[test]
    fn equal_replications_have_no_width() {
        let estimate = interval(&[0.1; 5]).unwrap();
        assert_eq!((estimate.low(), estimate.mean, estimate.high(), estimate.sd), (0.1, 0.1, 0.1, 0.0));
        // The sum of these, over their number, is the number next to them.
        for (value, n) in [(7.8, 26), (7.3, 36), (6.6, 41)] {
            let estimate = interval(&vec![value; n]).unwrap();
            assert_eq!((estimate.mean, estimate.half_width), (value, 0.0));
        }
        assert_eq!(interval(&[0.0, 0.0]).unwrap().relative(), None);
        assert!(estimate.holds(0.1) && !estimate.holds(0.100_001));
    }
}
