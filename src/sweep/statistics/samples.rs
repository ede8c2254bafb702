//! Samples: numbers that were checked to be finite, and whose mean and spread were found once.
//!
//! Two kinds that must not be mixed up are two types. [`Replications`] are one number from each of several runs with
//! streams of their own, so they are independent, and every interval is made of them. [`OneRun`] is a series from
//! within one run: neighbours resemble one another (a long queue makes many messages late), so it has a mean and
//! quantiles, but no interval other than by batches whose independence is tested (`batches`).
//!
//! Sums are compensated and follow the order given. A spread that is nothing but rounding counts as none.

use thiserror::Error;

/// Why numbers are no sample.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum SampleError {
    /// There is no number.
    #[error("there is no value")]
    Empty,
    /// One is infinite or not a number.
    #[error("value {place} of {n} is {value}, which nothing can be computed with")]
    NotFinite {
        /// Which one, from 1.
        place: usize,
        /// Of how many.
        n: usize,
        /// What it is.
        value: f64,
    },
    /// They are finite, their sum or their spread is not.
    #[error("the values are too large to be added up")]
    TooLarge,
}

/// One number from each of several independent runs.
#[derive(Clone, Copy, Debug)]
pub struct Replications<'a> {
    pub(super) values: &'a [f64],
    pub(super) moments: Moments,
}

/// A series of numbers from within one run, in the order of their times.
///
/// It has no interval, which the compiler sees to:
///
/// ```compile_fail,E0599
/// use posthaste::sweep::statistics::{Level, OneRun};
/// let latencies = [0.2, 0.4, 0.3];
/// OneRun::of(&latencies).unwrap().interval(Level::DEFAULT);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OneRun<'a> {
    pub(super) values: &'a [f64],
    mean: f64,
}

/// Mean and spread of finite numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) mean: f64,
    /// The standard deviation with n - 1 beneath; 0 of a single number.
    pub(super) sd: f64,
}

impl<'a> Replications<'a> {
    /// The numbers that runs gave, one from each.
    ///
    /// # Errors
    /// There is none, or one is not finite.
    pub fn of_runs(values: &'a [f64]) -> Result<Self, SampleError> {
        let noise = largest(values);
        Ok(Self { values, moments: moments(values, noise)? })
    }

    /// The same, of numbers that were computed of others no larger than `scale`: a spread that such a computation's
    /// rounding explains is none.
    pub(super) fn computed(values: &'a [f64], scale: f64) -> Result<Self, SampleError> {
        Ok(Self { values, moments: moments(values, scale)? })
    }

    /// The numbers, in the order given.
    #[must_use]
    pub const fn values(&self) -> &'a [f64] {
        self.values
    }

    /// How many runs there are, at least 1.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.values.len()
    }

    /// Their mean.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.moments.mean
    }

    /// Their standard deviation; none of a single run.
    #[must_use]
    pub fn sd(&self) -> Option<f64> {
        (self.values.len() > 1).then_some(self.moments.sd)
    }
}

impl<'a> OneRun<'a> {
    /// The numbers that one run gave, one after another.
    ///
    /// # Errors
    /// There is none, or one is not finite.
    pub fn of(values: &'a [f64]) -> Result<Self, SampleError> {
        check(values)?;
        Ok(Self { values, mean: mean(values)? })
    }

    /// The numbers, in the order given.
    #[must_use]
    pub const fn values(&self) -> &'a [f64] {
        self.values
    }

    /// Their mean.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// The value of rank ceil(q n): one that occurred. `share` is taken into 0 to 1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[nearest_rank(share, sorted.len())]
    }

    /// What follows the first `count` numbers.
    ///
    /// # Errors
    /// Nothing does.
    pub fn after(&self, count: usize) -> Result<Self, SampleError> {
        Self::of(self.values.get(count..).unwrap_or_default())
    }
}

/// The place of rank ceil(q n) among n sorted values, from 0. A share is a decimal, so its product with n is taken a
/// little low: 0.95 of 20 is the 19th value, though 0.95 is no binary fraction.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count, brought between 1 and the count"
)]
pub fn nearest_rank(share: f64, count: usize) -> usize {
    let rank = (share * float(count) * (1.0 - 1e-12)).ceil().max(1.0);
    (rank as usize).min(count).saturating_sub(1)
}

/// A count as a number to compute with.
#[expect(clippy::cast_precision_loss, reason = "counts of runs and observations are far below 2^53")]
pub(super) const fn float(count: usize) -> f64 {
    count as f64
}

/// That all numbers are finite, and that there are some.
pub(super) fn check(values: &[f64]) -> Result<(), SampleError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(place) => Err(SampleError::NotFinite { place: place + 1, n: values.len(), value: values[place] }),
        None if values.is_empty() => Err(SampleError::Empty),
        None => Ok(()),
    }
}

/// The sum with what rounding lost put back (Neumaier 1974).
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}

/// The mean of finite numbers; never outside of them, so that equal ones have themselves as their mean.
pub(super) fn mean(values: &[f64]) -> Result<f64, SampleError> {
    let mean = sum(values.iter().copied()) / float(values.len());
    if !mean.is_finite() {
        return Err(SampleError::TooLarge);
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Ok(mean.max(low).min(high))
}

/// The largest size of any.
pub(super) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| value.abs().max(most))
}

/// Whether `part` is no more than what rounding leaves in computations with numbers as large as `scale`.
pub(super) fn is_rounding(part: f64, scale: f64) -> bool {
    part.abs() <= 4.0 * f64::EPSILON * scale
}

fn moments(values: &[f64], scale: f64) -> Result<Moments, SampleError> {
    check(values)?;
    let mean = mean(values)?;
    // In shares of the largest, squares neither overflow nor vanish.
    let unit = values.iter().fold(0.0_f64, |most, value| (value - mean).abs().max(most));
    if !unit.is_finite() {
        return Err(SampleError::TooLarge);
    }
    if values.len() < 2 || is_rounding(unit, scale) {
        return Ok(Moments { mean, sd: 0.0 });
    }
    let deviations = || values.iter().map(|value| (value - mean) / unit);
    let (drift, n) = (sum(deviations()), float(values.len()));
    let squares = sum(deviations().map(|deviation| deviation * deviation)) - drift * drift / n;
    let sd = unit * (squares / (n - 1.0)).sqrt();
    if sd.is_finite() { Ok(Moments { mean, sd }) } else { Err(SampleError::TooLarge) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a sum lost what is small beside what is large.
    #[test]
    fn sums_keep_what_is_small() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(std::iter::repeat_n(0.1, 10)), 1.0);
        assert_eq!(sum([]), 0.0);
    }

    /// Would break if what is no number, or infinite, went on into a mean.
    #[test]
    fn what_cannot_be_computed_with_is_refused() {
        assert_eq!(Replications::of_runs(&[]).unwrap_err(), SampleError::Empty);
        let error = Replications::of_runs(&[1.0, f64::NAN]).unwrap_err();
        assert_eq!(error.to_string(), "value 2 of 2 is NaN, which nothing can be computed with");
        let error = OneRun::of(&[f64::NEG_INFINITY, 2.0]).unwrap_err();
        assert_eq!(error.to_string(), "value 1 of 2 is -inf, which nothing can be computed with");
        assert_eq!(Replications::of_runs(&[1e308, 1e308]).unwrap_err(), SampleError::TooLarge);
        assert_eq!(Replications::of_runs(&[1.7e308, -1.7e308, 1.7e308, -1.7e308]).unwrap_err(), SampleError::TooLarge);
        assert_eq!(OneRun::of(&[1.0]).unwrap().after(1).unwrap_err(), SampleError::Empty);
    }

    /// Would break if equal values had a spread, or tiny and huge ones lost theirs.
    #[test]
    fn spreads() {
        let sd = |values: &[f64]| Replications::of_runs(values).unwrap().sd();
        assert_eq!(sd(&[0.1; 7]), Some(0.0));
        assert_eq!(sd(&[0.3, 0.1 + 0.2]), Some(0.0), "0.1 + 0.2 is 0.3 but for rounding");
        assert_eq!(sd(&[5.0]), None);
        // The mean of these is itself rounded by an eighth of what is between them.
        let unit = 2.0_f64.powi(-20);
        let near_a_billion = sd(&[0.0, 10.0, 21.0].map(|steps| 1e9 + steps * unit)).unwrap();
        assert!((near_a_billion / unit / (331.0_f64 / 3.0).sqrt() - 1.0).abs() < 1e-12, "{near_a_billion}");
        assert_eq!(sd(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
        assert_eq!(sd(&[1e-200, 3e-200]), Some(2e-200 * 0.5_f64.sqrt()));
        assert_eq!(sd(&[1e200, 3e200]), Some(2e200 * 0.5_f64.sqrt()));
    }

    /// Would break if a percentile were the next value above the one of its rank.
    #[test]
    fn quantiles_are_nearest_ranks() {
        for (share, count, place) in
            [(0.95, 20, 18), (0.5, 20, 9), (0.95, 1, 0), (1.0, 7, 6), (0.07, 100, 6), (0.001, 3, 0), (0.57, 100, 56)]
        {
            assert_eq!(nearest_rank(share, count), place, "{share} of {count}");
        }
        let run = [3.0, 1.0, 2.0];
        let run = OneRun::of(&run).unwrap();
        assert_eq!([-1.0, 0.5, 2.0, f64::NAN].map(|share| run.quantile(share)), [1.0, 2.0, 3.0, 1.0]);
    }
}
