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
        let of = match self.manner {
            Manner::Paired { .. } => "pairs",
            Manner::Independent => "independent runs",
        };
        let (level, n) = (self.estimate.level, self.estimate.n);
        let than = |comparative: &str| match half_width {
            0.0 => format!("{b} is {} {comparative} than {a} in all {n} {of}", alone(mean.abs(), unit)),
            _ => {
                let by = with_half_width(mean.abs(), half_width, unit);
                format!("{b} is {by} {comparative} than {a} ({level}, {n} {of})")
            }
        };
        match self.verdict {
            Verdict::Less => than(less),
            Verdict::More => than(more),
            Verdict::Same => format!("{b} and {a} are equal in all {n} {of}"),
            Verdict::NotShown => {
                let by = with_half_width(mean, half_width, unit);
                format!("no difference could be shown: {b} less {a} is {by} ({level}, {n} {of})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::level::Level;
    use super::super::pairs::Pairs;
    use super::super::samples::Replications;
    use super::*;

    const WORDS: Words<'_> = Words { a: "A", b: "B", unit: "s", less: "shorter", more: "longer" };

    fn line(a: &[f64], b: &[f64], level: Level) -> String {
        let numbered = |values: &[f64]| -> Vec<(u64, f64)> { (0..).zip(values.iter().copied()).collect() };
        Pairs::matched(&numbered(a), &numbered(b)).unwrap().difference(level).unwrap().line(&WORDS)
    }

    /// Would break if a line said more than its interval, or nothing of how sure it is. The half-width of 20 differences
    /// that are 0.9 below and above their mean in turns is 0.43.
    #[test]
    fn verdicts_are_lines() {
        let a: Vec<f64> = (0..20).map(f64::from).collect();
        let off = |mean: f64| -> Vec<f64> {
            a.iter().enumerate().map(|(i, value)| value + mean + [0.9, -0.9][i % 2]).collect()
        };
        let level = Level::DEFAULT;
        assert_eq!(line(&a, &off(-3.2), level), "B is 3.20 s ± 0.43 s shorter than A (95 %, 20 pairs)");
        assert_eq!(line(&a, &off(3.2), level), "B is 3.20 s ± 0.43 s longer than A (95 %, 20 pairs)");
        assert_eq!(
            line(&a, &off(-0.1), level.among(6)),
            "no difference could be shown: B less A is -0.10 s ± 0.61 s (95 % for all 6 comparisons, 20 pairs)"
        );
        assert_eq!(line(&a, &a, level), "B and A are equal in all 20 pairs");
        let later: Vec<f64> = a.iter().map(|value| value + 0.5).collect();
        assert_eq!(line(&later, &a, level), "B is 0.5 s shorter than A in all 20 pairs");
        let (a, b) = (Replications::of_runs(&a).unwrap(), Replications::of_runs(&later).unwrap());
        assert_eq!(
            a.difference_to(&b, level).unwrap().line(&Words { unit: "", less: "lower", more: "higher", ..WORDS }),
            "no difference could be shown: B less A is 0.5 ± 3.8 (95 %, 40 independent runs)"
        );
    }
}
