//! When to stop replicating: once the interval is as narrow as was asked for.
//!
//! The half-width is held against the mean (or against a number, for means near zero) after each replication from the
//! least number on (Law, 9.4.1: obtaining a specified precision). Looking again and again and stopping at a lucky moment
//! makes intervals hold a little less often than they say; the least number keeps that small (`docs/statistics.md` has
//! by how much), so it should be 10 rather than 3.
//!
//! Where a sequential study would have stopped is a function of the numbers in the order of their replications
//! ([`StopRule::settle`]). So replications that were run ahead on other cores change nothing.

use thiserror::Error;

use super::interval::Estimate;
use super::level::Level;
use super::rounding::alone;
use super::samples::{Replications, SampleError, float};

/// When enough is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopRule {
    min: usize,
    max: usize,
    relative: Option<f64>,
    absolute: Option<f64>,
    level: Level,
}

/// Why numbers are no rule.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum RuleError {
    /// An interval takes two.
    #[error("the least number of replications is {0}, but an interval takes 2")]
    Min(usize),
    /// The bounds are the wrong way round.
    #[error("at least {min} and at most {max} replications: no number is both")]
    Bounds {
        /// At least so many.
        min: usize,
        /// At most so many.
        max: usize,
    },
    /// A width that nothing could be narrower than.
    #[error("{0} is no half-width to reach: it is a finite number above 0")]
    Target(f64),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Another replication.
    Continue,
    /// No more.
    Stop(Stop),
}

/// That enough was done, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The reason.
    pub reason: Reason,
    /// After so many replications.
    pub replications: usize,
    /// The reason in a sentence without its full stop.
    pub sentence: String,
}

/// Why no more replications are made, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The interval is as narrow as was asked for.
    Reached,
    /// All replications gave the same value.
    NoSpread,
    /// No width was asked for, and all replications were made.
    Planned,
    /// The most replications were made, and the interval is wider than asked for.
    Maximum,
    /// The same, and the mean may be zero, of which no width is a share.
    NearZero,
}

impl Reason {
    /// The reason in one word, for tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::NoSpread => "no_spread",
            Self::Planned => "planned",
            Self::Maximum => "maximum",
            Self::NearZero => "near_zero",
        }
    }
}

impl Decision {
    /// The same, with the name of the metric before its sentence.
    #[must_use]
    pub fn about(self, metric: &str) -> Self {
        match self {
            Self::Stop(stop) => Self::Stop(Stop { sentence: format!("{metric}: {}", stop.sentence), ..stop }),
            Self::Continue => Self::Continue,
        }
    }

    /// What to do for two metrics of one point: go on if either needs it, otherwise the worse of the two reasons.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Stop(one), Self::Stop(two)) => Self::Stop(if two.reason > one.reason { two } else { one }),
            (Self::Continue, _) | (_, Self::Continue) => Self::Continue,
        }
    }
}

impl StopRule {
    /// At least `min` and at most `max` replications, until the half-width is at most the share `relative` of the mean,
    /// or at most `absolute`. Without both, `max` replications.
    ///
    /// # Errors
    /// No study could follow it.
    pub fn new(
        (min, max): (usize, usize),
        relative: Option<f64>,
        absolute: Option<f64>,
        level: Level,
    ) -> Result<Self, RuleError> {
        if min < 2 && (relative.is_some() || absolute.is_some()) {
            return Err(RuleError::Min(min));
        }
        if min > max {
            return Err(RuleError::Bounds { min, max });
        }
        match [relative, absolute].into_iter().flatten().find(|target| !(target.is_finite() && *target > 0.0)) {
            Some(target) => Err(RuleError::Target(target)),
            None => Ok(Self { min, max, relative, absolute, level }),
        }
    }

    /// What to do after the replications that gave these numbers, all of them.
    ///
    /// # Errors
    /// The numbers are no sample.
    pub fn decide(&self, values: &[f64]) -> Result<Decision, SampleError> {
        let n = values.len();
        if n < self.min.min(self.max) {
            super::samples::check(values).or_else(|error| if n == 0 { Ok(()) } else { Err(error) })?;
            return Ok(Decision::Continue);
        }
        let sample = Replications::of_runs(values)?;
        let stop = |reason, sentence| Ok(Decision::Stop(Stop { reason, replications: n, sentence }));
        if self.relative.is_none() && self.absolute.is_none() {
            return match n >= self.max {
                true => stop(Reason::Planned, format!("all {n} replications asked for were made")),
                false => Ok(Decision::Continue),
            };
        }
        let Ok(estimate) = sample.interval(self.level) else { return Err(SampleError::TooLarge) };
        if estimate.sd == 0.0 {
            return stop(Reason::NoSpread, format!("all {n} replications gave {}", alone(estimate.mean, "")));
        }
        if let Some(sentence) = self.reached(&estimate) {
            return stop(Reason::Reached, sentence);
        }
        if n < self.max {
            return Ok(Decision::Continue);
        }
        let (reason, sentence) = self.missed(&estimate);
        stop(reason, sentence)
    }

    /// Where a study that looks after each replication would have stopped; nowhere if these numbers are too few. Numbers
    /// beyond are not looked at.
    ///
    /// # Errors
    /// The numbers up to there are no sample.
    pub fn settle(&self, values: &[f64]) -> Result<Option<Stop>, SampleError> {
        for n in self.min.min(self.max).max(1)..=values.len() {
            if let Decision::Stop(stop) = self.decide(&values[..n])? {
                return Ok(Some(stop));
            }
        }
        Ok(None)
    }

    fn reached(&self, estimate: &Estimate) -> Option<String> {
        let (n, half_width) = (estimate.n, estimate.half_width);
        if let Some(target) = self.relative
            && half_width <= target * estimate.mean.abs()
        {
            let (is, asked) = (percent(estimate.relative()?), percent(target));
            return Some(format!("after {n} replications the half-width is {is} of the mean; {asked} was asked for"));
        }
        let target = self.absolute.filter(|target| half_width <= *target)?;
        let (is, asked) = (short(half_width), alone(target, ""));
        Some(format!("after {n} replications the half-width is {is}; {asked} was asked for"))
    }

    fn missed(&self, estimate: &Estimate) -> (Reason, String) {
        let (n, half_width) = (estimate.n, estimate.half_width);
        let most = format!("after {n} replications, the most allowed,");
        match (self.absolute, self.relative) {
            (None, _) if estimate.holds(0.0) => (
                Reason::NearZero,
                format!("{most} the mean may still be 0, of which no half-width is a share: ask for an absolute one"),
            ),
            (None, Some(target)) => {
                let is = estimate.relative().map_or_else(|| "many times".to_owned(), percent);
                let needed = needed(n, half_width / (target * estimate.mean.abs()));
                let asked = percent(target);
                (Reason::Maximum, format!("{most} the half-width is {is} of the mean; {asked} was asked for{needed}"))
            }
            (target, relative) => {
                let target = target.unwrap_or(0.0).max(relative.unwrap_or(0.0) * estimate.mean.abs());
                let (is, asked) = (short(half_width), short(target));
                let needed = needed(n, half_width / target);
                (Reason::Maximum, format!("{most} the half-width is {is}; {asked} was asked for{needed}"))
            }
        }
    }
}

/// A half-width shrinks with the root of the number of replications.
fn needed(n: usize, too_wide: f64) -> String {
    let needed = (float(n) * too_wide * too_wide).ceil();
    if needed < 1e9 { format!(", which may take {needed} replications") } else { String::new() }
}

fn percent(share: f64) -> String {
    format!("{} %", short(100.0 * share))
}

/// Two digits.
fn short(value: f64) -> String {
    alone(format!("{value:.1e}").parse().unwrap_or(value), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Level = Level::DEFAULT;

    fn rule(bounds: (usize, usize), relative: Option<f64>, absolute: Option<f64>) -> StopRule {
        StopRule::new(bounds, relative, absolute, LEVEL).unwrap()
    }

    fn told(decision: &Decision) -> (&'static str, &str) {
        match decision {
            Decision::Continue => ("continue", ""),
            Decision::Stop(stop) => (stop.reason.word(), &stop.sentence),
        }
    }

    /// Would break if a path of the rule were taken that its numbers do not lead to. The half-width of n numbers that
    /// are 1 below and 1 above a mean in turns is t(n - 1)/sqrt(n - 1): 1.836 of 4, 1.150 of 6, 0.487 of 20.
    #[test]
    fn each_path_of_the_rule() {
        let around = |mean: f64, n: usize| -> Vec<f64> { (0..n).map(|i| mean + [-1.0, 1.0][i % 2]).collect() };
        for (rule, values, word, sentence) in [
            (rule((6, 20), Some(0.1), None), around(100.0, 5), "continue", ""),
            (rule((6, 20), Some(0.1), None), vec![], "continue", ""),
            (
                rule((4, 20), Some(0.1), None),
                around(20.0, 4),
                "reached",
                "after 4 replications the half-width is 9.2 % of the mean; 10 % was asked for",
            ),
            (
                rule((4, 20), Some(0.1), None),
                around(-20.0, 4),
                "reached",
                "after 4 replications the half-width is 9.2 % of the mean; 10 % was asked for",
            ),
            (rule((4, 20), Some(0.1), None), around(18.0, 4), "continue", ""),
            (
                rule((4, 20), Some(0.1), Some(1.2)),
                around(0.5, 6),
                "reached",
                "after 6 replications the half-width is 1.1; 1.2 was asked for",
            ),
            (rule((4, 20), Some(0.1), None), around(0.1, 10), "continue", ""),
            (
                rule((4, 20), Some(0.1), None),
                around(0.1, 20),
                "near_zero",
                "after 20 replications, the most allowed, the mean may still be 0, of which no half-width is a share: ask \
                 for an absolute one",
            ),
            (
                rule((4, 20), Some(0.1), None),
                around(2.0, 20),
                "maximum",
                "after 20 replications, the most allowed, the half-width is 24 % of the mean; 10 % was asked for, which \
                 may take 116 replications",
            ),
            (
                rule((4, 20), Some(0.1), Some(0.2)),
                around(1.0, 20),
                "maximum",
                "after 20 replications, the most allowed, the half-width is 0.48; 0.2 was asked for, which may take 116 \
                 replications",
            ),
            (rule((4, 20), Some(0.1), None), vec![0.0; 4], "no_spread", "all 4 replications gave 0"),
            (rule((4, 20), Some(0.1), None), vec![0.1; 3], "continue", ""),
            (rule((1, 3), None, None), around(0.0, 2), "continue", ""),
            (rule((1, 3), None, None), around(0.0, 3), "planned", "all 3 replications asked for were made"),
            (rule((1, 1), None, None), around(0.0, 1), "planned", "all 1 replications asked for were made"),
        ] {
            let decision = rule.decide(&values).unwrap();
            assert_eq!(told(&decision), (word, sentence), "{rule:?} {values:?}");
        }
    }

    /// Would break if replications that were run ahead moved where a study stops.
    #[test]
    fn what_comes_later_is_not_looked_at() {
        let rule = rule((3, 50), Some(0.2), None);
        let mut values = vec![10.0, 14.0, 8.0, 11.0, 10.0, 9.0, 11.0, 10.0, 10.0];
        let stop = rule.settle(&values).unwrap().unwrap();
        assert_eq!((stop.reason, stop.replications), (Reason::Reached, 7));
        values.truncate(6);
        assert_eq!(rule.settle(&values).unwrap(), None);
        values.extend([11.0, f64::NAN, 1e300]);
        assert_eq!(rule.settle(&values).unwrap(), Some(stop));
        values[4] = f64::NAN;
        assert!(rule.settle(&values).is_err() && rule.decide(&values[3..5]).is_err());
    }

    #[test]
    fn several_metrics_go_on_together() {
        let stop = |reason| Decision::Stop(Stop { reason, replications: 5, sentence: String::new() });
        assert_eq!(stop(Reason::Reached).and(Decision::Continue), Decision::Continue);
        assert_eq!(stop(Reason::Maximum).and(stop(Reason::Reached)), stop(Reason::Maximum));
        assert_eq!(stop(Reason::Reached).and(stop(Reason::NearZero)), stop(Reason::NearZero));
    }

    #[test]
    fn rules_that_cannot_be_followed() {
        let said = |bounds, relative, absolute| {
            StopRule::new(bounds, relative, absolute, LEVEL).map_err(|error| error.to_string()).unwrap_err()
        };
        assert_eq!(said((1, 9), Some(0.1), None), "the least number of replications is 1, but an interval takes 2");
        assert_eq!(said((9, 8), None, None), "at least 9 and at most 8 replications: no number is both");
        assert_eq!(said((2, 9), Some(0.0), None), "0 is no half-width to reach: it is a finite number above 0");
        assert_eq!(
            said((2, 9), Some(0.1), Some(f64::NAN)),
            "NaN is no half-width to reach: it is a finite number above 0"
        );
    }
}
