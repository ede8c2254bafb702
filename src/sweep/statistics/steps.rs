//! Averages over time of what holds until it changes: a queue's length, a number of connections.
//!
//! Its observations are not its values but its values times how long each held. A mean of the values themselves would
//! count a queue most often when it changes most often.

use thiserror::Error;

use super::batches::{BatchError, BatchMeans, enough, of_means};
use super::level::Level;
use super::samples::{float, sum};

/// A number that holds until it changes, over one run.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// Times and what holds from then on.
    changes: &'a [(f64, f64)],
}

/// Why there is no average.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum StepsError {
    /// A time or a value is infinite or not a number.
    #[error("change {0} is not finite, which nothing can be computed with")]
    NotFinite(usize),
    /// Time goes backwards.
    #[error("change {0} is before the one before it")]
    OutOfOrder(usize),
    /// Nothing is known of the beginning of the span.
    #[error("no value is known at {0}, where the span begins")]
    Unknown(f64),
    /// The span has no length, or no finite one.
    #[error("from {from} to {until} is no span of time")]
    NoSpan {
        /// Its beginning.
        from: f64,
        /// Its end.
        until: f64,
    },
    /// Value times time is more than numbers go.
    #[error("the values are too large to be added up")]
    TooLarge,
    /// The batches allow no interval.
    #[error(transparent)]
    Batches(#[from] BatchError),
}

impl<'a> Steps<'a> {
    /// What holds from which time on, in the order of the times. Of several changes at one time the last counts.
    ///
    /// # Errors
    /// Something is not finite, or the times are out of order.
    pub fn of(changes: &'a [(f64, f64)]) -> Result<Self, StepsError> {
        if let Some(place) = changes.iter().position(|(at, value)| !(at.is_finite() && value.is_finite())) {
            return Err(StepsError::NotFinite(place + 1));
        }
        match changes.windows(2).position(|pair| pair[1].0 < pair[0].0) {
            Some(place) => Err(StepsError::OutOfOrder(place + 2)),
            None => Ok(Self { changes }),
        }
    }

    /// The average between two times.
    ///
    /// # Errors
    /// There is no time between them, or no value at the first.
    pub fn average(&self, from: f64, until: f64) -> Result<f64, StepsError> {
        let length = until - from;
        if !(length > 0.0 && length.is_finite()) {
            return Err(StepsError::NoSpan { from, until });
        }
        // The change that holds at `from` is the last that is not after it.
        let first = self.changes.partition_point(|(at, _)| *at <= from).checked_sub(1);
        let first = first.ok_or(StepsError::Unknown(from))?;
        let inside = self.changes[first..].iter().take_while(|(at, _)| *at < until);
        let ends = self.changes[first + 1..].iter().map(|(at, _)| at.min(until)).chain(std::iter::once(until));
        let parts = inside.zip(ends).map(|((at, value), end)| value * ((end - at.max(from)) / length));
        let average = sum(parts);
        if average.is_finite() { Ok(average) } else { Err(StepsError::TooLarge) }
    }

    /// The average by batch means: as many spans of equal length.
    ///
    /// # Errors
    /// As for [`Self::average`], or there are too few batches.
    pub fn batch_means(&self, from: f64, until: f64, batches: usize, level: Level) -> Result<BatchMeans, StepsError> {
        let batches = enough(batches)?;
        let edge = |i: usize| from + (until - from) * (float(i) / float(batches));
        let means: Result<Vec<f64>, _> = (0..batches).map(|i| self.average(edge(i), edge(i + 1))).collect();
        Ok(of_means(&means?, 1, 0, level)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: [(f64, f64); 4] = [(0.0, 0.0), (2.0, 4.0), (3.0, 1.0), (7.0, 0.0)];

    /// Would break if a value counted once rather than for as long as it held.
    #[test]
    fn values_count_for_as_long_as_they_hold() {
        let steps = Steps::of(&QUEUE).unwrap();
        assert_eq!(steps.average(0.0, 8.0), Ok(1.0));
        assert_eq!(steps.average(2.5, 4.5), Ok((4.0 * 0.5 + 1.5) / 2.0));
        assert_eq!(steps.average(5.0, 6.0), Ok(1.0));
        assert_eq!(steps.average(7.0, 1e9), Ok(0.0));
        let twice = [(0.0, 5.0), (0.0, 3.0)];
        assert_eq!(Steps::of(&twice).unwrap().average(0.0, 2.0), Ok(3.0));
    }

    #[test]
    fn what_has_no_average() {
        let steps = Steps::of(&QUEUE[1..]).unwrap();
        assert_eq!(steps.average(1.0, 3.0), Err(StepsError::Unknown(1.0)));
        assert_eq!(steps.average(3.0, 3.0), Err(StepsError::NoSpan { from: 3.0, until: 3.0 }));
        assert!(steps.average(3.0, f64::INFINITY).is_err() && steps.average(f64::NAN, 4.0).is_err());
        assert_eq!(Steps::of(&[(0.0, 1.0), (-1.0, 1.0)]).unwrap_err(), StepsError::OutOfOrder(2));
        assert_eq!(Steps::of(&[(0.0, f64::NAN)]).unwrap_err(), StepsError::NotFinite(1));
        let huge = [(0.0, 1.7e308), (1.0, -1.7e308), (2.0, 1.7e308)];
        assert!(Steps::of(&huge).unwrap().average(0.0, 3.0).unwrap().is_finite());
        assert!(Steps::of(&[]).unwrap().average(0.0, 1.0).is_err());
    }

    #[test]
    fn batches_are_spans_of_equal_length() {
        let changes: Vec<(f64, f64)> = (0..80).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let found = Steps::of(&changes).unwrap().batch_means(0.0, 80.0, 20, Level::DEFAULT).unwrap();
        assert_eq!((found.estimate.n, found.estimate.mean, found.estimate.half_width), (20, 0.5, 0.0));
        let few = Steps::of(&changes).unwrap().batch_means(0.0, 80.0, 2, Level::DEFAULT).unwrap_err();
        assert_eq!(few, StepsError::Batches(BatchError::TooFew(2)));
        assert!(Steps::of(&changes).unwrap().batch_means(0.0, 80.0, 0, Level::DEFAULT).is_err());
    }
}
