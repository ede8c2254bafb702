//! The virtual clock's words: instants and durations in whole nanoseconds.
//!
//! No float ever enters the clock. An instant is the time since the start of the
//! run; calendar time is the scenario's `start` plus that.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Nanoseconds in one second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// An instant of virtual time, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct SimTime(u64);

/// A length of virtual time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct SimDuration(u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// An instant that never comes: the deadline of a timer that is off.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time that passed since `earlier`.
    ///
    /// # Panics
    /// If `earlier` is later than `self`: time never goes back.
    #[must_use]
    pub fn since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.checked_sub(earlier.0).expect("time never goes back"))
    }

    /// `self + duration`, or [`SimTime::NEVER`] when that lies beyond the clock.
    #[must_use]
    pub const fn saturating_add(self, duration: SimDuration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// The first time after `now` that lies whole periods behind `self`, and how many; none without a period.
    #[must_use]
    pub fn next_in_periods(self, every: Option<SimDuration>, now: Self) -> Option<(Self, u64)> {
        let passed = now.0.saturating_sub(self.0).checked_div(every?.0)?;
        let periods = passed.saturating_add(1);
        Some((self.saturating_add(every?.saturating_mul(periods)), periods))
    }

    /// Whether this is [`SimTime::NEVER`].
    #[must_use]
    pub const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A duration of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A duration of `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// A duration of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A duration of `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * NANOS_PER_SEC)
    }

    /// Nanoseconds of this duration.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds of this duration, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / NANOS_PER_SEC
    }

    /// This duration in seconds, for statistics only: never put it back on the clock.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics may round")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// `self + other`, or the longest duration there is.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self - other`, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `self * factor`, or the longest duration there is.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// `self / divisor`, rounded down.
    #[must_use]
    pub const fn div(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, rhs: SimDuration) -> Self {
        Self(self.0.checked_add(rhs.0).expect("the clock ends after 584 years"))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, rhs: SimDuration) {
        *self = *self + rhs;
    }
}

impl Add for SimDuration {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.checked_add(rhs.0).expect("a duration is below 584 years"))
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, rhs: Self) {
        *self = *self + rhs;
    }
}

impl Sub for SimDuration {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        Self(self.0.checked_sub(rhs.0).expect("a duration is never negative"))
    }
}

/// Seconds with nine decimals: exact, and of the same width for every instant.
fn write_seconds(nanos: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}.{:09}", nanos / NANOS_PER_SEC, nanos % NANOS_PER_SEC)
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_seconds(self.0, f)
    }
}

impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_seconds(self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_printed_exactly() {
        assert_eq!(SimTime::from_nanos(1_500_000_001).to_string(), "1.500000001");
        assert_eq!(SimDuration::from_millis(40).to_string(), "0.040000000");
    }

    /// Breaks when a repetition is made up for, made twice, or moved off its period.
    #[test]
    fn repetitions_that_passed_are_left_out() {
        let (first, every) = (SimTime::from_nanos(5), Some(SimDuration::from_nanos(10)));
        let next = |now| first.next_in_periods(every, SimTime::from_nanos(now)).unwrap();
        for (now, at, periods) in [(0, 15, 1), (5, 15, 1), (14, 15, 1), (15, 25, 2), (37, 45, 4)] {
            assert_eq!(next(now), (SimTime::from_nanos(at), periods), "{now}");
        }
        assert!(next(u64::MAX - 1).0.is_never());
        assert_eq!(first.next_in_periods(None, first), None);
        assert_eq!(first.next_in_periods(Some(SimDuration::ZERO), first), None);
    }

    #[test]
    #[should_panic(expected = "time never goes back")]
    fn since_refuses_a_later_instant() {
        let _ = SimTime::ZERO.since(SimTime::from_nanos(1));
    }
}
