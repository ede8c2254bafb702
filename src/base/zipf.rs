//! Which of many things is chosen when some are more popular than others: Zipf's law.
//!
//! The k-th of n things has the weight k^-a. With a = 0 all are chosen equally often; what
//! people ask of the Web and of the DNS has been measured between 0.6 and 1. The cumulated
//! weights are kept, so a draw is one random number and a binary search.

use std::sync::Arc;

use super::rng::Stream;

/// A choice among `n` things by Zipf's law; clones share its table.
#[derive(Clone, Debug)]
pub struct Zipf {
    cumulated: Arc<[f64]>,
}

impl Zipf {
    /// A choice among `count` things with that exponent, zero or above.
    ///
    /// # Panics
    /// Without anything to choose from.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^53")]
    pub fn new(count: usize, exponent: f64) -> Self {
        assert!(count > 0, "nothing to choose from");
        let mut sum = 0.0;
        let weight = |rank: usize| libm::pow(rank as f64, -exponent);
        let cumulated = (1..=count).map(|rank| {
            sum += weight(rank);
            sum
        });
        Self { cumulated: cumulated.collect() }
    }

    /// Draws one: its place, from 0 for the most popular. Takes one number from the stream.
    pub fn sample(&self, stream: &mut Stream) -> usize {
        let last = self.cumulated.len() - 1;
        let point = stream.unit() * self.cumulated[last];
        self.cumulated.partition_point(|sum| *sum <= point).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rng::Streams;
    use super::*;

    /// Fails when ranks are counted from the wrong end, or an exponent of zero is not even.
    #[test]
    fn ranks_are_drawn_by_their_weights() {
        for (exponent, expected) in [(0.0, [0.25, 0.25, 0.25, 0.25]), (1.0, [0.48, 0.24, 0.16, 0.12])] {
            let (zipf, mut stream) = (Zipf::new(4, exponent), Streams::new(5).stream("zipf"));
            let mut counts = [0_u32; 4];
            for _ in 0..100_000 {
                counts[zipf.sample(&mut stream)] += 1;
            }
            for (count, share) in counts.into_iter().zip(expected) {
                assert!((f64::from(count) / 100_000.0 - share).abs() < 0.005, "{counts:?}");
            }
        }
        assert_eq!(Zipf::new(1, 0.9).sample(&mut Streams::new(1).stream("one")), 0);
    }
}
