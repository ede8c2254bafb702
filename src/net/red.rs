//! Random early detection: Floyd and Jacobson, IEEE/ACM Trans. Networking 1(4), 1993.
//!
//! The average queue is a moving average over arrivals (section 4, figure 2). While it lies
//! between two thresholds, each arrival is chosen with a probability that grows with it;
//! a chosen packet is marked if its transport understands that (ECN), else dropped. At and
//! above the upper threshold every arrival is dropped, as RFC 3168 7 asks also of those that
//! could be marked. Queues are measured in packets; the packet in service is not counted.

use super::topology::RedConfig;
use crate::base::{DataRate, SimTime, Stream};

/// "s, a typical transmission time for a small packet" (section 11), as a size in bytes.
const SMALL_PACKET: u32 = 500;

/// The state of RED on one link direction.
#[derive(Clone, Debug)]
pub(crate) struct Red {
    config: RedConfig,
    stream: Stream,
    avg: f64,
    /// Packets since the last one that was chosen; none while the average is low.
    count: Option<u32>,
}

/// What RED wants of an arriving packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Let it join.
    Accept,
    /// Mark it or drop it.
    Notify,
    /// Drop it.
    Drop,
}

impl Red {
    pub(crate) fn new(config: RedConfig, stream: Stream) -> Self {
        Self { config, stream, avg: 0.0, count: None }
    }

    /// Other parameters hold from now on; the average goes on.
    pub(crate) const fn change(&mut self, config: RedConfig) {
        self.config = config;
    }

    /// Judges a packet that arrives while `waiting` others wait for a line that is, or was
    /// last, busy until `free_at`.
    pub(crate) fn arrives(&mut self, now: SimTime, free_at: SimTime, rate: Option<DataRate>, waiting: u64) -> Choice {
        let RedConfig { min_th, max_th, max_p, weight } = self.config;
        if free_at > now {
            #[expect(clippy::cast_precision_loss, reason = "queues are far below 2^53")]
            let waiting = waiting as f64;
            self.avg += weight * (waiting - self.avg);
        } else {
            // "m <- f(time - q_time); avg <- (1 - w_q)^m avg": as if m small packets had
            // arrived at an empty queue while the line was idle.
            let small = rate.map_or(1, |rate| rate.serialization_time(SMALL_PACKET).as_nanos().max(1));
            #[expect(clippy::cast_precision_loss, reason = "an exponent need not be exact")]
            let packets = (now.since(free_at).as_nanos() / small) as f64;
            self.avg *= libm::pow(1.0 - weight, packets);
        }
        if self.avg < min_th {
            self.count = None;
            return Choice::Accept;
        }
        if self.avg >= max_th {
            self.count = Some(0);
            return Choice::Drop;
        }
        // Unmarked packets since the last marked one. (Figure 2 would count this packet too,
        // which shortens the gaps of section 8 by one.)
        let count = self.count.unwrap_or(0);
        // p_b <- max_p (avg - min_th) / (max_th - min_th); p_a <- p_b / (1 - count p_b).
        let p_b = max_p * (self.avg - min_th) / (max_th - min_th);
        let left = 1.0 - f64::from(count) * p_b;
        if left <= 0.0 || self.stream.unit() < p_b / left {
            self.count = Some(0);
            Choice::Notify
        } else {
            self.count = Some(count.saturating_add(1));
            Choice::Accept
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{SimDuration, Streams};

    fn red(weight: f64) -> Red {
        let config = RedConfig { weight, ..RedConfig::default() };
        Red::new(config, Streams::new(5).stream("red"))
    }

    const BUSY: SimTime = SimTime::NEVER;

    /// Section 8: with p_a = p_b / (1 - count p_b) the gaps between marks are uniform on
    /// 1..1/p_b. Breaks when gaps are geometric, as they are with p_b alone.
    #[test]
    fn gaps_between_marks_are_uniform() {
        let mut red = red(1.0);
        let mut gaps = Vec::new();
        let mut last = 0;
        for n in 1..200_000_u32 {
            // Average 10: p_b = 0.1 * 5 / 10 = 1/20.
            if red.arrives(SimTime::ZERO, BUSY, None, 10) == Choice::Notify {
                gaps.push(n - last);
                last = n;
            }
        }
        assert!(*gaps.iter().max().unwrap() <= 20, "never later than 1/p_b");
        let mean = f64::from(gaps.iter().sum::<u32>()) / f64::from(u32::try_from(gaps.len()).unwrap());
        assert!((mean - 10.5).abs() < 0.2, "1/(2 p_b) + 1/2, not {mean}");
        let each: Vec<usize> = (1..=20).map(|gap| gaps.iter().filter(|g| **g == gap).count()).collect();
        let expected = gaps.len() / 20;
        assert!(each.iter().all(|&n| n.abs_diff(expected) < expected / 8), "{each:?}");
    }

    /// Section 6: an average from 0 towards L packets stays below min_th for a burst of L
    /// packets when L + 1 + ((1 - w)^(L+1) - 1) / w < min_th: L = 50 at w = 0.002, min_th = 5.
    #[test]
    fn a_burst_of_fifty_passes_untouched() {
        let mut red = red(0.002);
        assert!((1..=50).all(|n| red.arrives(SimTime::ZERO, BUSY, None, n) == Choice::Accept));
        assert!(red.avg < 5.0 && red.avg > 2.0, "{}", red.avg);
    }

    #[test]
    fn above_the_upper_threshold_everything_is_dropped_and_idleness_forgets() {
        let mut full = red(1.0);
        assert_eq!(full.arrives(SimTime::ZERO, BUSY, None, 15), Choice::Drop);
        let rate = DataRate::from_bits_per_sec(1_000_000);
        let mut slow = Red { avg: 10.0, ..red(0.002) };
        // 1000 small packets of 4 ms each: 10 (1 - 0.002)^1000 = 1.35.
        let now = SimTime::ZERO.saturating_add(SimDuration::from_secs(4));
        assert_eq!(slow.arrives(now, SimTime::ZERO, rate, 0), Choice::Accept);
        assert!((slow.avg - 1.351).abs() < 0.001, "{}", slow.avg);
    }
}
