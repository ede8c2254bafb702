//! Differences between two ways of doing things.
//!
//! Under common random numbers replication 7 of one way meets the same arrivals, sizes and losses as replication 7 of
//! the other. What chance does to both cancels in their difference, and a paired interval of the differences is
//! narrower than two intervals side by side (Law, 10.2.1 and 11.2). Such pairs are made by the number of the
//! replication; numbers that do not match are refused. With random numbers of their own, the two ways are independent
//! and Welch's interval applies (B. L. Welch, 1938; Law, 10.2.2).

use std::collections::BTreeMap;

use thiserror::Error;

use super::interval::Estimate;
use super::level::Level;
use super::samples::{Replications, SampleError, float, is_rounding, largest};

/// The numbers of two ways, A and B, in replications that both made.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// A's and B's number of each replication, in the order of the replications.
    both: Vec<(f64, f64)>,
}

/// How far B is above A.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of B less A, with its interval; `n` counts pairs, or A's and B's runs together.
    pub estimate: Estimate,
    /// How the two were held against each other.
    pub manner: Manner,
    /// What can be said of it.
    pub verdict: Verdict,
}

/// How two ways were held against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    /// Pair by pair.
    Paired {
        /// How strongly A and B go together, from -1 to 1: near 1 where common random numbers help, at 0 or below where
        /// they do not. None where one of them does not vary.
        correlation: Option<f64>,
    },
    /// As independent samples.
    Independent,
}

/// What a difference shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// B is below A.
    Less,
    /// B is above A.
    More,
    /// B is A in each pair.
    Same,
    /// The interval holds 0.
    NotShown,
}

/// Why there is no difference to tell.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PairError {
    /// The numbers are no sample.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A replication is there twice.
    #[error("replication {0} is there twice")]
    Twice(u64),
    /// A replication was made of one of the two only.
    #[error("replication {number} of {of} has no partner: pairs need the same replications of both")]
    Alone {
        /// Its number.
        number: u64,
        /// Of which it is: A or B.
        of: char,
    },
    /// One pair, or one run of one of the two.
    #[error("one {0} gives no interval: how much differences vary shows from two on")]
    One(&'static str),
    /// The interval is wider than any number.
    #[error("the interval is wider than numbers go")]
    TooWide,
}

impl Verdict {
    /// The verdict in one word, for tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Less => "less",
            Self::More => "more",
            Self::Same => "same",
            Self::NotShown => "not_shown",
        }
    }

    /// What an interval that does not, or does, reach over 0 shows.
    fn of(estimate: &Estimate) -> Self {
        match estimate.mean {
            mean if mean == 0.0 && estimate.half_width == 0.0 => Self::Same,
            _ if estimate.holds(0.0) => Self::NotShown,
            mean if mean < 0.0 => Self::Less,
            _ => Self::More,
        }
    }
}

impl PairError {
    /// The reason in one word, for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Sample(SampleError::Empty) => "no_value",
            Self::Sample(SampleError::NotFinite { .. }) => "not_finite",
            Self::Sample(SampleError::TooLarge) | Self::TooWide => "too_large",
            Self::Twice(_) => "twice",
            Self::Alone { .. } => "no_partner",
            Self::One(_) => "one_run",
        }
    }
}

impl Pairs {
    /// Pairs of the replications' numbers, each with the replication that it is of; their order is no matter.
    ///
    /// # Errors
    /// A replication is there twice, or of one of the two only.
    pub fn matched(a: &[(u64, f64)], b: &[(u64, f64)]) -> Result<Self, PairError> {
        let (pairs, alone) = Self::shared(a, b)?;
        alone.map_or(Ok(pairs), |(number, of)| Err(PairError::Alone { number, of }))
    }

    /// The pairs of those replications that both made, and how many have no partner: where one way was run more often
    /// than the other, since its own interval was wide.
    ///
    /// # Errors
    /// A replication is there twice.
    pub fn common(a: &[(u64, f64)], b: &[(u64, f64)]) -> Result<(Self, usize), PairError> {
        let (pairs, _) = Self::shared(a, b)?;
        let alone = a.len() + b.len() - 2 * pairs.both.len();
        Ok((pairs, alone))
    }

    fn shared(a: &[(u64, f64)], b: &[(u64, f64)]) -> Result<(Self, Option<(u64, char)>), PairError> {
        let (a, mut b) = (by_number(a)?, by_number(b)?);
        let mut alone = None;
        let mut both = Vec::with_capacity(a.len());
        for (number, value) in a {
            match b.remove(&number) {
                Some(other) => both.push((value, other)),
                None => alone = alone.or(Some((number, 'A'))),
            }
        }
        let alone = alone.or_else(|| b.keys().next().map(|number| (*number, 'B')));
        Ok((Self { both }, alone))
    }

    /// How many pairs there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.both.len()
    }

    /// The mean of B less A.
    ///
    /// # Errors
    /// There are fewer than two pairs, or their numbers are no sample.
    pub fn difference(&self, level: Level) -> Result<Difference, PairError> {
        let (a, b): (Vec<f64>, Vec<f64>) = self.both.iter().copied().unzip();
        let (a, b) = (Replications::of_runs(&a)?, Replications::of_runs(&b)?);
        let differences: Vec<f64> = self.both.iter().map(|(a, b)| difference(*a, *b)).collect();
        let scale = largest(a.values).max(largest(b.values));
        let differences = Replications::computed(&differences, scale)?;
        let (n, mean) = (differences.count(), differences.mean());
        let sd = differences.sd().ok_or(PairError::One("pair"))?;
        let error = sd / float(n).sqrt();
        let estimate = Estimate::around(n, mean, sd, error, float(n - 1), level).ok_or(PairError::TooWide)?;
        // Var(B - A) = Var A + Var B - 2 Cov(A, B).
        let (sa, sb) = (a.moments.sd, b.moments.sd);
        let ratio = (sa / sb + sb / sa - (sd / sa) * (sd / sb)) / 2.0;
        let correlation = ratio.is_finite().then(|| ratio.clamp(-1.0, 1.0));
        Ok(Difference { estimate, manner: Manner::Paired { correlation }, verdict: Verdict::of(&estimate) })
    }
}

impl Replications<'_> {
    /// The mean of `b` less that of these, as of two samples that have nothing to do with each other.
    ///
    /// # Errors
    /// One of the two has a single run.
    pub fn difference_to(&self, b: &Replications<'_>, level: Level) -> Result<Difference, PairError> {
        let (Some(sa), Some(sb)) = (self.sd(), b.sd()) else { return Err(PairError::One("run")) };
        let scale = sa.max(sb);
        let (na, nb) = (float(self.count()), float(b.count()));
        let part = |sd: f64, n: f64| if scale > 0.0 { (sd / scale).powi(2) / n } else { 0.0 };
        let (va, vb) = (part(sa, na), part(sb, nb));
        // Welch (1938), Satterthwaite (1946).
        let freedom = (va + vb).powi(2) / (va * va / (na - 1.0) + vb * vb / (nb - 1.0));
        let error = scale * (va + vb).sqrt();
        let mean = difference(self.mean(), b.mean());
        let n = self.count() + b.count();
        // The spread that two samples of one size, half of all runs, would have for this error.
        let sd = error * (float(n) / 2.0).sqrt();
        let estimate = Estimate::around(n, mean, sd, error, freedom, level).ok_or(PairError::TooWide)?;
        Ok(Difference { estimate, manner: Manner::Independent, verdict: Verdict::of(&estimate) })
    }
}

/// B less A; nothing if rounding explains it.
fn difference(a: f64, b: f64) -> f64 {
    if is_rounding(b - a, a.abs().max(b.abs())) { 0.0 } else { b - a }
}

fn by_number(values: &[(u64, f64)]) -> Result<BTreeMap<u64, f64>, PairError> {
    let mut numbered = BTreeMap::new();
    for (number, value) in values {
        if numbered.insert(*number, *value).is_some() {
            return Err(PairError::Twice(*number));
        }
    }
    Ok(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(values: &[f64]) -> Vec<(u64, f64)> {
        (0..).zip(values.iter().copied()).collect()
    }

    fn difference(a: &[f64], b: &[f64]) -> Difference {
        Pairs::matched(&numbered(a), &numbered(b)).unwrap().difference(Level::DEFAULT).unwrap()
    }

    /// Would break if numbers were paired by their place, or one without a partner were paired with any.
    #[test]
    fn what_does_not_match_is_refused() {
        let a = [(7, 1.0), (3, 5.0), (1, 2.0)];
        let pairs = Pairs::matched(&a, &[(1, 2.5), (7, 1.5), (3, 5.5)]).unwrap();
        assert_eq!(pairs.both, [(2.0, 2.5), (5.0, 5.5), (1.0, 1.5)]);
        let said = |a: &[(u64, f64)], b: &[(u64, f64)]| Pairs::matched(a, b).unwrap_err().to_string();
        let alone = |number, of| {
            format!("replication {number} of {of} has no partner: pairs need the same replications of both")
        };
        assert_eq!(said(&a, &[(1, 2.5), (7, 1.5)]), alone(3, 'A'));
        assert_eq!(said(&a[..2], &[(9, 0.0), (7, 1.5), (3, 1.0)]), alone(9, 'B'));
        assert_eq!(said(&a, &[(1, 2.5), (7, 1.5), (1, 2.5)]), "replication 1 is there twice");
        let (pairs, alone) = Pairs::common(&a, &[(9, 0.0), (7, 1.5), (3, 1.0)]).unwrap();
        assert_eq!((pairs.count(), alone), (2, 2));
        assert_eq!(Pairs::common(&a[..1], &a[..1]).unwrap().0.difference(Level::DEFAULT), Err(PairError::One("pair")));
        assert_eq!(Pairs::common(&a, &[]).unwrap().0.difference(Level::DEFAULT).unwrap_err().word(), "no_value");
        let odd = Pairs::matched(&[(0, 1.0), (1, f64::NAN)], &[(0, 1.0), (1, 2.0)]).unwrap();
        assert_eq!(odd.difference(Level::DEFAULT).unwrap_err().word(), "not_finite");
    }

    /// Would break if what both have in common did not cancel.
    #[test]
    fn common_random_numbers_narrow_the_interval() {
        let a = [10.0, 40.0, 20.0, 90.0, 60.0, 30.0];
        let b = a.map(|value| value * 1.02 + 3.0);
        let paired = difference(&a, &b);
        let Manner::Paired { correlation: Some(correlation) } = paired.manner else { panic!("{paired:?}") };
        assert!((correlation - 1.0).abs() < 1e-9 && paired.verdict == Verdict::More, "{paired:?}");
        let (a, b) = (Replications::of_runs(&a).unwrap(), Replications::of_runs(&b).unwrap());
        let apart = a.difference_to(&b, Level::DEFAULT).unwrap();
        assert!((apart.estimate.mean - paired.estimate.mean).abs() < 1e-9);
        assert!(apart.estimate.half_width > 40.0 * paired.estimate.half_width && apart.verdict == Verdict::NotShown);
    }

    /// Would break if rounding passed for a difference, or differences that are all the same for one that chance could
    /// explain.
    #[test]
    fn what_rounding_leaves_is_no_difference() {
        let same = difference(&[0.3, 0.7, 1e9], &[0.1 + 0.2, 0.7, 1e9]);
        assert_eq!((same.verdict, same.estimate.mean, same.estimate.half_width), (Verdict::Same, 0.0, 0.0));
        assert_eq!(same.manner, Manner::Paired { correlation: Some(1.0) });
        let constant = difference(&[0.1, 0.2, 0.7], &[0.4, 0.5, 1.0]);
        assert_eq!((constant.verdict, constant.estimate.half_width), (Verdict::More, 0.0));
        let steady = difference(&[2.0, 2.0], &[1.0, 3.0]);
        assert_eq!((steady.manner, steady.verdict), (Manner::Paired { correlation: None }, Verdict::NotShown));
    }

    #[test]
    fn independent_runs_need_two_of_each() {
        let (one, two) = ([1.0], [1.0, 1.0]);
        let (one, two) = (Replications::of_runs(&one).unwrap(), Replications::of_runs(&two).unwrap());
        assert_eq!(two.difference_to(&one, Level::DEFAULT), Err(PairError::One("run")));
        assert_eq!(two.difference_to(&two, Level::DEFAULT).unwrap().verdict, Verdict::Same);
    }
}
