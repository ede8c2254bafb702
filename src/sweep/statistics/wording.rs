//! Differences in one line: what a study has to say, and how sure it is.

use super::pairs::{Difference, Manner, Verdict};
use super::rounding::{alone, with_half_width};

/// The words for a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'a> {
    /// What A is called.
    pub a: &'a str,
    /// What B is called.
    pub b: &'a str,
    /// The unit of their numbers; empty for pure numbers.
    pub unit: &'a str,
    /// What something is that is less: `shorter`, `lower`.
    pub less: &'a str,
    /// What something is that is more: `longer`, `higher`.
    pub more: &'a str,
}

impl Difference {
    /// The difference as one sentence without its full stop.
    #[must_use]
    pub fn line(&self, words: &Words<'_>) -> String {
        let Words { a, b, unit, less, more } = *words;
        let (mean, half_width) = (self.estimate.mean, self.estimate.half_width);
        let basis = self.basis();
        let than = |comparative: &str| match half_width {
            0.0 => format!("{b} is {} {comparative} than {a} in each of them {basis}", alone(mean.abs(), unit)),
            _ => format!("{b} is {} {comparative} than {a} {basis}", with_half_width(mean.abs(), half_width, unit)),
        };
        match self.verdict {
            Verdict::Less => than(less),
            Verdict::More => than(more),
            Verdict::Same => format!("{b} and {a} are equal in each of them {basis}"),
            Verdict::NotShown => format!(
                "no difference could be shown: {b} less {a} is {} {basis}",
                with_half_width(mean, half_width, unit)
            ),
        }
    }

    fn basis(&self) -> String {
        let of = match self.manner {
            Manner::Paired { .. } => "pairs",
            Manner::Independent => "independent runs",
        };
        format!("({}, {} {of})", self.estimate.level, self.estimate.n)
    }
}
