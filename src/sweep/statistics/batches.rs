//! The mean of a steady state out of one long run, by batch means (Law, 9.5.3).
//!
//! A run is cut into batches so long that what happens in one hardly depends on the one before; the batches' means then
//! stand in for replications. Whether they are long enough is tested, and said: von Neumann's ratio of the mean squared
//! difference of neighbours to the variance (1941) is small where neighbours resemble one another (Fishman,
//! *Discrete-Event Simulation*, 2001, chapter 6).
//!
//! Replications are the better way wherever runs can be repeated: this is for a state that takes so long to settle that
//! one run is all that there is time for.

use thiserror::Error;

use super::distributions::normal_quantile;
use super::interval::{Estimate, IntervalError};
use super::level::Level;
use super::samples::{OneRun, Replications, SampleError, float, mean, sum};

/// Of fewer batches no test could tell whether they are independent.
const LEAST: usize = 8;
/// How often batches that are independent are called too short.
const FALSE_ALARMS: f64 = 0.1;

/// A mean by batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchMeans {
    /// Mean and interval; `n` is the number of batches.
    pub estimate: Estimate,
    /// Observations in each batch.
    pub size: usize,
    /// Observations at the beginning that no batch has, since they would have been a part of one.
    pub left_out: usize,
    /// The correlation of neighbouring batches, from -1 to 1; none if the batches do not differ.
    pub lag_1: Option<f64>,
    /// How many standard errors von Neumann's ratio is below what independent batches have; none if the batches do not
    /// differ.
    pub von_neumann: Option<f64>,
}

/// Why there are no batches.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum BatchError {
    /// Too few to be tested.
    #[error("{0} batches are too few to see whether they are independent: it takes {LEAST}, and 20 are usual")]
    TooFew(usize),
    /// More batches than observations.
    #[error("{n} observations do not fill {batches} batches")]
    TooShort {
        /// Observations.
        n: usize,
        /// Batches.
        batches: usize,
    },
    /// Their means allow no interval.
    #[error(transparent)]
    Interval(#[from] IntervalError),
}

impl BatchMeans {
    /// What is wrong with the batches: they are too short, so the interval is too narrow.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let limit = normal_quantile(2.0 * FALSE_ALARMS);
        let (apart, lag_1) = self.von_neumann.filter(|apart| *apart > limit).zip(self.lag_1)?;
        Some(format!(
            "the {} batches are too short: neighbours go together (lag 1: {lag_1:.2}, von Neumann's ratio {apart:.1} \
             standard errors low), so the interval is too narrow; run longer, or replicate",
            self.estimate.n
        ))
    }
}

impl OneRun<'_> {
    /// The mean of a steady state by so many batches of equal size; the warm-up is left out before ([`Self::after`]).
    ///
    /// # Errors
    /// There are too few batches, or too few observations for them.
    pub fn batch_means(&self, batches: usize, level: Level) -> Result<BatchMeans, BatchError> {
        let n = self.values().len();
        let size = n / enough(batches)?;
        if size == 0 {
            return Err(BatchError::TooShort { n, batches });
        }
        let left_out = n % batches;
        let means: Result<Vec<f64>, SampleError> = self.values()[left_out..].chunks_exact(size).map(mean).collect();
        of_means(&means.map_err(IntervalError::from)?, size, left_out, level)
    }
}

/// The number of batches, if it can be tested whether they are independent.
pub(super) fn enough(batches: usize) -> Result<usize, BatchError> {
    if batches < LEAST { Err(BatchError::TooFew(batches)) } else { Ok(batches) }
}

/// From the means of batches of one size.
pub(super) fn of_means(means: &[f64], size: usize, left_out: usize, level: Level) -> Result<BatchMeans, BatchError> {
    let sample = Replications::of_runs(means).map_err(IntervalError::from)?;
    let estimate = sample.interval(level)?;
    let (lag_1, von_neumann) = association(means, &estimate).unzip();
    Ok(BatchMeans { estimate, size, left_out, lag_1, von_neumann })
}

/// The correlation at lag 1, and how many standard errors von Neumann's ratio is low.
fn association(means: &[f64], estimate: &Estimate) -> Option<(f64, f64)> {
    let apart: Vec<f64> = means.iter().map(|value| (value - estimate.mean) / estimate.sd).collect();
    if estimate.sd == 0.0 {
        return None;
    }
    let squares = sum(apart.iter().map(|one| one * one));
    let neighbours = || apart.iter().zip(&apart[1..]);
    let lag_1 = sum(neighbours().map(|(one, next)| one * next)) / squares;
    let steps = sum(neighbours().map(|(one, next)| (next - one) * (next - one)));
    // 1 - steps/(2 squares) has the mean 0 and this variance for independent normal numbers.
    let k = float(means.len());
    Some((lag_1, (1.0 - steps / (2.0 * squares)) / ((k - 2.0) / (k * k - 1.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if observations were put in the wrong batch, or what is over were left out at the end.
    #[test]
    fn batches_are_made_from_the_end() {
        let values: Vec<f64> = [100.0, 100.0].into_iter().chain((0..24).map(|i| f64::from(i % 3))).collect();
        let found = OneRun::of(&values).unwrap().batch_means(8, Level::DEFAULT).unwrap();
        assert_eq!((found.size, found.left_out, found.estimate.n), (3, 2, 8));
        assert_eq!((found.estimate.mean, found.estimate.sd), (1.0, 0.0));
        assert_eq!((found.lag_1, found.von_neumann, found.warning()), (None, None, None));
    }

    /// Of the batch means 1 to 8, by hand: squares 42, products of neighbours 26.25, steps 7; 1 - 7/84 = 0.916667 over
    /// the root of 6/63.
    #[test]
    fn batches_that_go_together_are_too_short() {
        let values: Vec<f64> = (1..=8).map(f64::from).collect();
        let found = OneRun::of(&values).unwrap().batch_means(8, Level::DEFAULT).unwrap();
        assert!((found.lag_1.unwrap() - 0.625).abs() < 1e-12, "{found:?}");
        assert!((found.von_neumann.unwrap() - 0.916_666_666_667 / (6.0_f64 / 63.0).sqrt()).abs() < 1e-9, "{found:?}");
        assert_eq!(
            found.warning().unwrap(),
            "the 8 batches are too short: neighbours go together (lag 1: 0.62, von Neumann's ratio 3.0 standard errors \
             low), so the interval is too narrow; run longer, or replicate"
        );
        let turns: Vec<f64> = (0..16).map(|i| f64::from(i % 2)).collect();
        let found = OneRun::of(&turns).unwrap().batch_means(16, Level::DEFAULT).unwrap();
        assert!(found.lag_1.unwrap() < -0.9 && found.warning().is_none(), "{found:?}");
    }

    #[test]
    fn batches_that_cannot_be_made() {
        let values = [1.0, 2.0, 3.0];
        let run = OneRun::of(&values).unwrap();
        let said = |batches| run.batch_means(batches, Level::DEFAULT).unwrap_err().to_string();
        assert_eq!(said(0), "0 batches are too few to see whether they are independent: it takes 8, and 20 are usual");
        assert_eq!(said(10), "3 observations do not fill 10 batches");
    }
}
