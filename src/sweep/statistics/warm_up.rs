//! How much of a run's beginning to leave out, when its steady state is wanted.
//!
//! Runs begin empty: queues without mail, caches without names. MSER-5 (K. P. White, *Simulation* 69, 1997; Franklin and
//! White, Winter Simulation Conference 2008) takes means of five observations each and cuts where what is left has the
//! least estimated squared standard error of its mean. A cut in the second half says that the run is too short to tell,
//! and is refused. The last five means are never cut to: so few may lie together by chance (Hoad, Robinson and Davies,
//! *Journal of the Operational Research Society* 61, 2010).
//!
//! It is a suggestion. Welch's way is to look: replications averaged observation by observation, and smoothed by a
//! moving average (Law, 9.5.1); such an average is also what MSER-5 is best asked about.

use thiserror::Error;

use super::samples::{OneRun, SampleError, float, mean};

/// Observations in one of the means that a series is made of before it is looked at.
const BATCH: usize = 5;
/// As many means are always left.
const LEFT: usize = 5;
/// Fewer means than this say nothing about a beginning.
const LEAST: usize = 10;

/// How much to leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// Observations at the beginning to be left out, a multiple of 5; 0 if no warm-up shows.
    pub observations: usize,
    /// The mean of all that follow.
    pub mean: f64,
    /// The square of the standard error by which the cut was chosen.
    pub mser: f64,
}

/// Why nothing is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum WarmUpError {
    /// The series says nothing about its beginning.
    #[error("{0} observations are too few to see a warm-up in: it takes {least}", least = BATCH * LEAST)]
    TooShort(usize),
    /// The state may not be steady at all.
    #[error(
        "the best cut is after {cut} of {n} observations, in the second half: the run is too short for a steady state to show"
    )]
    SecondHalf {
        /// Where the least squared standard error is.
        cut: usize,
        /// Of how many.
        n: usize,
    },
    /// Numbers whose squares are too large.
    #[error("the values are too large to be added up")]
    TooLarge,
}

impl OneRun<'_> {
    /// How much to leave out by MSER-5.
    ///
    /// # Errors
    /// The series is too short, or does not settle in its first half.
    pub fn warm_up(&self) -> Result<WarmUp, WarmUpError> {
        let n = self.values().len();
        if n < BATCH * LEAST {
            return Err(WarmUpError::TooShort(n));
        }
        let batches: Result<Vec<f64>, SampleError> = self.values().chunks_exact(BATCH).map(mean).collect();
        let (cut, mser) = least(&batches.map_err(|_| WarmUpError::TooLarge)?);
        if !mser.is_finite() {
            return Err(WarmUpError::TooLarge);
        }
        let cut = cut * BATCH;
        if 2 * cut > n {
            return Err(WarmUpError::SecondHalf { cut, n });
        }
        let mean = mean(&self.values()[cut..]).map_err(|_| WarmUpError::TooLarge)?;
        Ok(WarmUp { observations: cut, mean, mser })
    }

    /// The means of each number with up to `reach` neighbours on either side; fewer towards the beginning, so that it is
    /// in their middle (Welch 1983). The last `reach` numbers have none.
    ///
    /// # Errors
    /// A mean is larger than numbers go.
    pub fn smoothed(&self, reach: usize) -> Result<Vec<f64>, SampleError> {
        let ends = self.values().len().saturating_sub(reach);
        (0..ends).map(|at| mean(&self.values()[at - reach.min(at)..=at + reach.min(at)])).collect()
    }
}

/// How many to cut for the least squared standard error of the rest, and that; of equals, the fewest.
fn least(series: &[f64]) -> (usize, f64) {
    let (mut mean, mut squares) = (0.0_f64, 0.0_f64);
    let mut best = (0, f64::INFINITY);
    // From the end, so that each rest grows out of the one before (Welford 1962).
    for (cut, value) in series.iter().enumerate().rev() {
        let kept = float(series.len() - cut);
        let apart = value - mean;
        mean += apart / kept;
        squares += apart * (value - mean);
        let mser = squares / (kept * kept);
        if series.len() - cut >= LEFT && (mser <= best.1 || !mser.is_finite()) {
            best = (cut, mser);
        }
    }
    best
}

/// The mean over runs of their first observation, their second, and so on, as far as the shortest of them goes.
///
/// # Errors
/// There is no run, or a mean is larger than numbers go.
pub fn across_runs(runs: &[OneRun<'_>]) -> Result<Vec<f64>, SampleError> {
    let shortest = runs.iter().map(|run| run.values().len()).min().ok_or(SampleError::Empty)?;
    (0..shortest).map(|i| mean(&runs.iter().map(|run| run.values()[i]).collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_fives(means: &[f64]) -> Vec<f64> {
        // Two below, two above, one at the mean: only the mean of five is the same.
        means.iter().flat_map(|mean| [mean - 2.0, mean + 1.0, mean + 2.0, mean - 1.0, *mean]).collect()
    }

    fn suggested(means: &[f64]) -> Result<WarmUp, WarmUpError> {
        OneRun::of(&of_fives(means)).unwrap().warm_up()
    }

    /// By hand: of the means 9, 5, 1, 2, 1, 2, 1, 2, 1, 2 the rests from the second, third and fourth on have the mean
    /// squares about their means 12.88889/81, 2/64 and 1.714286/49; the third's, 0.03125, is the least of all down to
    /// the last five (1.2/25).
    #[test]
    fn an_example_by_hand() {
        let found = suggested(&[9.0, 5.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]).unwrap();
        assert_eq!((found.observations, found.mean), (10, 1.5));
        assert!((found.mser - 0.031_25).abs() < 1e-15, "{found:?}");
    }

    /// Would break if a series that is steady from the start were cut, or one that never is.
    #[test]
    fn nothing_and_too_much() {
        let steady = suggested(&[1.0; 10]).unwrap();
        assert_eq!((steady.observations, steady.mser, steady.mean), (0, 0.0, 1.0));
        let falling: Vec<f64> = (0..20).map(|i| f64::from(20 - i)).collect();
        assert_eq!(suggested(&falling), Err(WarmUpError::SecondHalf { cut: 75, n: 100 }));
        let late = suggested(&[5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0]).unwrap_err();
        assert_eq!(
            late.to_string(),
            "the best cut is after 30 of 55 observations, in the second half: the run is too short for a steady state to show"
        );
        let short = OneRun::of(&[1.0; 49]).unwrap().warm_up().unwrap_err();
        assert_eq!(short.to_string(), "49 observations are too few to see a warm-up in: it takes 50");
        let values: Vec<f64> = (0..50).map(|i| if i % 2 == 0 { 1e200 } else { -2e200 }).collect();
        assert_eq!(OneRun::of(&values).unwrap().warm_up(), Err(WarmUpError::TooLarge));
    }

    #[test]
    fn welch_looks_at_means_over_runs() {
        let (a, b) = ([1.0, 2.0, 6.0, 9.0], [3.0, 4.0, 10.0]);
        let runs = [OneRun::of(&a).unwrap(), OneRun::of(&b).unwrap()];
        assert_eq!(across_runs(&runs).unwrap(), [2.0, 3.0, 8.0]);
        assert_eq!(across_runs(&[]), Err(SampleError::Empty));
        let smoothed = |reach| OneRun::of(&[1.0, 2.0, 6.0, 4.0, 2.0]).unwrap().smoothed(reach).unwrap();
        assert_eq!(smoothed(1), [1.0, 3.0, 4.0, 4.0]);
        assert_eq!(smoothed(2), [1.0, 3.0, 3.0]);
        assert!(smoothed(5).is_empty() && smoothed(usize::MAX).is_empty());
    }
}
