//! How much comes in how much time: a sliding window and a bucket of tokens, in whole numbers.

use std::collections::VecDeque;

use super::rules::{Gauge, Rate};
use crate::base::SimTime;

/// What came so far, for one rate.
#[derive(Clone, Debug)]
pub enum Meter {
    /// The instants of the last so many, oldest first.
    Window(VecDeque<SimTime>),
    /// Tokens, in units of one nanosecond of filling times `most`, as of an instant.
    Bucket {
        /// How full it is; `within` nanoseconds are a token.
        level: u128,
        /// When that was so.
        at: SimTime,
    },
}

impl Meter {
    /// Nothing came yet.
    #[must_use]
    pub fn new(rate: &Rate) -> Self {
        match rate.gauge {
            Gauge::Window => Self::Window(VecDeque::new()),
            Gauge::Bucket => Self::Bucket { level: capacity(rate), at: SimTime::ZERO },
        }
    }

    /// One more comes: whether that is one too many.
    pub fn is_exceeded(&mut self, rate: &Rate, now: SimTime) -> bool {
        match self {
            Self::Window(instants) => {
                // More than `most` lie within the time exactly if the one `most` places back does.
                let exceeded = instants.len() >= rate.most as usize
                    && instants.front().is_some_and(|oldest| now.since(*oldest) < rate.within);
                instants.push_back(now);
                if instants.len() > rate.most as usize {
                    instants.pop_front();
                }
                exceeded
            }
            Self::Bucket { level, at } => {
                let gained = u128::from(now.since(*at).as_nanos()) * u128::from(rate.most);
                *level = (*level + gained).min(capacity(rate));
                *at = now;
                let token = u128::from(rate.within.as_nanos());
                let exceeded = *level < token;
                if !exceeded {
                    *level -= token;
                }
                exceeded
            }
        }
    }
}

fn capacity(rate: &Rate) -> u128 {
    u128::from(rate.most) * u128::from(rate.within.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::super::rules::Per;
    use super::*;
    use crate::base::SimDuration;

    fn said(gauge: Gauge, most: u32, within: u64, seconds: &[u64]) -> String {
        let rate = Rate { most, within: SimDuration::from_secs(within), per: Per::Server, gauge };
        let mut meter = Meter::new(&rate);
        let mut one = |s: &u64| meter.is_exceeded(&rate, SimTime::ZERO + SimDuration::from_secs(*s));
        seconds.iter().map(|s| if one(s) { 'x' } else { '.' }).collect()
    }

    #[test]
    fn a_window_counts_all_that_came() {
        assert_eq!(said(Gauge::Window, 2, 60, &[0, 10, 20, 59, 60, 80, 119, 200]), "..xxxxx.");
        assert_eq!(said(Gauge::Window, 1, 10, &[0, 9, 19, 29, 30]), ".x..x");
    }

    #[test]
    fn a_bucket_fills_evenly() {
        // A token each 30 s, two at most.
        assert_eq!(said(Gauge::Bucket, 2, 60, &[0, 0, 0, 29, 30, 59, 60, 150, 150, 150]), "..xx.x...x");
        assert_eq!(said(Gauge::Bucket, 1, 10, &[0, 9, 10, 19, 20]), ".x.x.");
    }
}
