//! How sure an interval is: the share of all studies whose interval holds the true value.

use std::fmt;

use thiserror::Error;

/// A level of confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// What is meant to hold, all intervals together.
    joint: f64,
    /// How many intervals are to hold together.
    comparisons: usize,
}

/// Why a number is no level.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("{0} is no level of confidence: it is a share from {low} to {high}, such as 0.95", low = Level::LEAST, high = Level::MOST)]
pub struct LevelError(f64);

impl Level {
    /// 95 %.
    pub const DEFAULT: Self = Self { joint: 0.95, comparisons: 1 };
    const LEAST: f64 = 0.5;
    const MOST: f64 = 0.9999;

    /// The level `share`, such as 0.95.
    ///
    /// # Errors
    /// It is not from 0.5 to 0.9999.
    pub fn new(share: f64) -> Result<Self, LevelError> {
        if (Self::LEAST..=Self::MOST).contains(&share) {
            Ok(Self { joint: share, comparisons: 1 })
        } else {
            Err(LevelError(share))
        }
    }

    /// The level at which each of so many intervals is drawn, so that all of them hold together at this one: the risk
    /// is divided evenly among them (Bonferroni). Holds however the intervals depend on one another.
    #[must_use]
    pub const fn among(self, comparisons: usize) -> Self {
        Self { joint: self.joint, comparisons: if comparisons == 0 { 1 } else { comparisons } }
    }

    /// The share of studies in which all intervals hold together.
    #[must_use]
    pub const fn joint(self) -> f64 {
        self.joint
    }

    /// How many intervals are to hold together.
    #[must_use]
    pub const fn comparisons(self) -> usize {
        self.comparisons
    }

    /// The share of studies in which one of the intervals does not hold the true value.
    #[must_use]
    pub(super) fn risk(self) -> f64 {
        (1.0 - self.joint) / super::samples::float(self.comparisons)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = format!("{:.4}", 100.0 * self.joint);
        write!(f, "{} %", percent.trim_end_matches('0').trim_end_matches('.'))?;
        if self.comparisons > 1 { write!(f, " for all {} comparisons", self.comparisons) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_say_what_they_are() {
        let text = |share: f64| Level::new(share).unwrap().to_string();
        assert_eq!([0.95, 0.9, 0.99, 0.999, 0.975].map(text), ["95 %", "90 %", "99 %", "99.9 %", "97.5 %"]);
        assert_eq!(Level::DEFAULT.among(4).to_string(), "95 % for all 4 comparisons");
        assert_eq!(Level::DEFAULT.among(0), Level::DEFAULT);
    }

    /// Would break if a percentage, or what is no number, became a level.
    #[test]
    fn what_is_no_level_is_refused() {
        for share in [95.0, 1.0, 0.0, -0.1, f64::NAN, f64::INFINITY] {
            assert!(Level::new(share).is_err(), "{share}");
        }
        let said = Level::new(95.0).unwrap_err().to_string();
        assert_eq!(said, "95 is no level of confidence: it is a share from 0.5 to 0.9999, such as 0.95");
    }
}
