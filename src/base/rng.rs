//! Named streams of random numbers: ChaCha8, one stream per purpose.
//!
//! A stream is keyed by a stable hash of its path (`host/component/purpose`) under the
//! scenario's seed, so adding a host, a user or an output shifts nobody else's draws. No
//! stream exists without a seed and a name.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::hash::hash64;
use super::units::Probability;

/// The family of all streams of one run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams under `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream of that path, at its beginning.
    #[must_use]
    pub fn stream(&self, path: &str) -> Stream {
        let mut key = [0_u8; 32];
        for (lane, chunk) in (0_u64..).zip(key.chunks_exact_mut(8)) {
            let lane_seed = self.seed.wrapping_add(lane.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            chunk.copy_from_slice(&hash64(lane_seed, path.as_bytes()).to_le_bytes());
        }
        Stream(ChaCha8Rng::from_seed(key))
    }
}

/// One named stream; cloning it copies its position.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in [0, 1) with 53 random bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number in `0..bound`, without bias (Lemire 2019, multiply and reject).
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "an empty range has no members");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
            let low = product as u64;
            if low >= threshold {
                return u64::try_from(product >> 64).expect("below 2^64");
            }
        }
    }

    /// The place of one of `weights`, as likely as its weight says; 0 if no weight is above 0.
    pub fn among(&mut self, weights: &[f64]) -> usize {
        weighted(weights, self.unit())
    }

    /// True with probability `p`. A probability of 0 or 1 draws too, so that the stream's
    /// position does not depend on the parameter.
    pub fn chance(&mut self, p: Probability) -> bool {
        self.unit() < p.value()
    }
}

fn weighted(weights: &[f64], unit: f64) -> usize {
    let mut left = unit * weights.iter().sum::<f64>();
    let mut last = 0;
    for (place, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        last = place;
        if left < *weight {
            break;
        }
        left -= weight;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_more_weight_is_drawn_more_often() {
        assert_eq!([0.0, 0.25, 0.999_999].map(|unit| weighted(&[1.0, 0.0, 3.0], unit)), [0, 2, 2]);
        assert_eq!(weighted(&[1.0, 0.0], 0.999_999), 0);
        assert_eq!(weighted(&[], 0.5), 0);
    }

    #[test]
    fn a_stream_is_its_path_and_seed() {
        let mut a = Streams::new(1).stream("a/b");
        let mut again = Streams::new(1).stream("a/b");
        let mut other_path = Streams::new(1).stream("a/c");
        let mut other_seed = Streams::new(2).stream("a/b");
        let first = a.next_u64();
        assert_eq!(first, again.next_u64());
        assert_ne!(first, other_path.next_u64());
        assert_ne!(first, other_seed.next_u64());
    }

    /// The values themselves are fixed: a change here changes every result ever published.
    #[test]
    fn known_answers() {
        let mut stream = Streams::new(1).stream("known/answers");
        let drawn: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
        assert_eq!(drawn, KNOWN);
    }
    const KNOWN: [u64; 3] = [15_784_735_497_424_481_108, 2_798_131_966_942_342_772, 4_646_464_159_867_512_335];

    #[test]
    fn below_reaches_every_member_evenly() {
        let mut stream = Streams::new(7).stream("dice");
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[usize::try_from(stream.below(6)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|&c| (9_600..10_400).contains(&c)), "{counts:?}");
    }
}
