//! When to try again: a pure function, so that a schedule can be checked without a run.
//!
//! The lecture's policy: every 30 minutes, for several days (5 here). An attempt's time is
//! counted from the start of the one before, so that attempts stand at exact multiples of
//! the interval however long each of them takes.

use crate::base::{SimDuration, SimTime};

/// A retry policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// From the start of a failed attempt to the start of the next.
    pub interval: SimDuration,
    /// From the start of the first attempt to giving up.
    pub lifetime: SimDuration,
}

/// What comes after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt at this instant.
    Attempt(SimTime),
    /// No more attempts; the copy is given up at this instant, its age being the lifetime.
    GiveUp(SimTime),
}

impl Default for RetryPolicy {
    /// RFC 5321 4.5.4.1: "the retry interval SHOULD be at least 30 minutes [...] the give-up
    /// time generally needs to be at least 4-5 days."
    fn default() -> Self {
        Self { interval: SimDuration::from_secs(1_800), lifetime: SimDuration::from_secs(5 * 86_400) }
    }
}

impl RetryPolicy {
    /// What comes after an attempt that began at `started` and failed at `now`, the first
    /// attempt having begun at `first`. Neither the next attempt nor the end lies in the past.
    #[must_use]
    pub fn next(&self, first: SimTime, started: SimTime, now: SimTime) -> Next {
        let end = self.end(first);
        let at = started.saturating_add(self.interval).max(now);
        if at > end || now >= end { Next::GiveUp(end.max(now)) } else { Next::Attempt(at) }
    }

    /// When the age of a copy reaches the lifetime.
    #[must_use]
    pub const fn end(&self, first: SimTime) -> SimTime {
        first.saturating_add(self.lifetime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(policy: RetryPolicy, takes: SimDuration) -> (Vec<SimTime>, SimTime) {
        let first = SimTime::from_nanos(7);
        let mut attempts = vec![first];
        loop {
            let started = attempts[attempts.len() - 1];
            match policy.next(first, started, started + takes) {
                Next::Attempt(at) => attempts.push(at),
                Next::GiveUp(at) => return (attempts, at),
            }
        }
    }

    /// Would break if the length of an attempt moved the next one, or if an attempt were made
    /// after the lifetime.
    #[test]
    fn the_lectures_table() {
        let minutes = |n: u64| SimDuration::from_secs(60 * n);
        for (days, retries) in [(5, 240), (4, 192)] {
            for takes in [SimDuration::ZERO, SimDuration::from_secs(63), minutes(29)] {
                let policy = RetryPolicy { interval: minutes(30), lifetime: minutes(days * 24 * 60) };
                let (attempts, end) = schedule(policy, takes);
                assert_eq!(attempts.len() - 1, retries);
                for (k, at) in (0..).zip(&attempts) {
                    assert_eq!(at.since(attempts[0]), minutes(30 * k));
                }
                assert_eq!(end, attempts[0] + policy.lifetime + takes);
            }
        }
    }

    #[test]
    fn a_lifetime_between_two_attempts_is_waited_for() {
        let minutes = |n: u64| SimDuration::from_secs(60 * n);
        let policy = RetryPolicy { interval: minutes(30), lifetime: minutes(100) };
        let (attempts, end) = schedule(policy, minutes(1));
        assert_eq!(attempts.len(), 4);
        assert_eq!(end, attempts[0] + minutes(100));
        let late = attempts[0] + minutes(45);
        assert_eq!(policy.next(attempts[0], attempts[0], late), Next::Attempt(late));
    }
}
