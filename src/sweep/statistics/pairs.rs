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
