//! When to try again: policies as data, and one pure function that reads them, so that a
//! schedule can be checked without a run.
//!
//! Real servers differ in three things, and each is a field here: how long to wait (the
//! [`Rule`]), since when the age of a copy is counted ([`AgeFrom`]), and from which end of an
//! attempt the wait is counted ([`WaitFrom`]). The lecture's server waits 30 minutes from the start
//! of one attempt to that of the next, so that attempts stand at exact multiples however long
//! each takes. [`RetryPolicy::named`] has the servers that people know.
//!
//! Left out: how a server spreads its queue over passes of limited length. What is due is tried
//! at once, or at the next scan if the policy has scans.

mod exim;
mod presets;
#[cfg(test)]
mod tests;

pub use exim::{EximKind, EximRule, EximRules};
pub use presets::PRESETS;

use crate::base::{Probability, SimDuration, SimTime};

/// How long to wait after a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Always as long.
    Fixed {
        /// That long.
        every: SimDuration,
    },
    /// One interval after the other.
    List {
        /// The intervals; at least one.
        intervals: Vec<SimDuration>,
        /// Whether the last one is used again and again; else the copy then waits for its end.
        repeat: bool,
    },
    /// Each wait is the one before, made longer.
    Exponential {
        /// The first wait.
        first: SimDuration,
        /// What it is multiplied with, in thousandths; at least 1,000.
        factor: u64,
        /// No wait is longer.
        cap: SimDuration,
    },
    /// As long as the copy is old, within bounds (Postfix).
    Age {
        /// No wait is shorter.
        least: SimDuration,
        /// No wait is longer.
        most: SimDuration,
    },
    /// Attempt n + 1 stands at `unit` times the square of n, counted from the copy's origin; what lies in the past is
    /// left out (OpenSMTPD).
    Squares {
        /// The first wait.
        unit: SimDuration,
    },
    /// The root of the age in seconds grows by the root of `unit` from attempt to attempt: the same squares, but from
    /// where the copy is, not from how often it was tried (qmail).
    Roots {
        /// The first wait; the square of a whole number of seconds.
        unit: SimDuration,
    },
    /// Rules by age (Exim).
    Exim(EximRules),
    /// No wait of its own: each scan of the queue tries everything (Sendmail).
    Scans,
}

/// Since when the age of a copy is counted: for what the rule says, and for the lifetimes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeFrom {
    /// The server took it.
    Acceptance,
    /// The first attempt began.
    FirstAttempt,
    /// The first attempt failed.
    FirstFailure,
}

/// From which end of the failed attempt the wait is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFrom {
    /// From its start.
    Start,
    /// From its failure.
    Failure,
}

/// A retry policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How long to wait.
    pub rule: Rule,
    /// The wait is longer or shorter by up to this share of it, each length as likely as another.
    pub jitter: Probability,
    /// The queue is looked through every so often, counted from the server's start: an attempt waits for that. Zero:
    /// it is made when it is due.
    pub scan: SimDuration,
    /// Since when age is counted.
    pub age_from: AgeFrom,
    /// From where a wait is counted.
    pub wait_from: WaitFrom,
    /// The age at which a copy is given up.
    pub lifetime: SimDuration,
    /// The same for reports, whose reverse-path is null.
    pub report_lifetime: SimDuration,
    /// The ages at which the sender is told that the copy still waits, in rising order.
    pub warnings: Vec<SimDuration>,
}

/// What happened to a copy so far, when an attempt has just failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The server started.
    pub booted: SimTime,
    /// The server took the copy.
    pub accepted: SimTime,
    /// The first attempt began.
    pub first_attempt: SimTime,
    /// The first attempt failed.
    pub first_failure: SimTime,
    /// The attempts begun so far, at least one.
    pub attempts: u32,
    /// The last one began.
    pub started: SimTime,
    /// How long the wait before it was to be, and how long it was; none before the first.
    pub last_wait: Option<SimDuration>,
    /// The last one failed.
    pub now: SimTime,
    /// Whether the copy is of a report, whose reverse-path is null.
    pub report: bool,
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
        Self::fixed(SimDuration::from_secs(1_800), SimDuration::from_secs(5 * 86_400))
    }
}

impl RetryPolicy {
    /// The policy of the lecture: an attempt every so often for a lifetime.
    #[must_use]
    pub const fn fixed(every: SimDuration, lifetime: SimDuration) -> Self {
        Self {
            rule: Rule::Fixed { every },
            jitter: Probability::ZERO,
            scan: SimDuration::ZERO,
            age_from: AgeFrom::FirstAttempt,
            wait_from: WaitFrom::Start,
            lifetime,
            report_lifetime: lifetime,
            warnings: Vec::new(),
        }
    }

    /// What comes after a failed attempt. Neither the next attempt nor the end lies in the past. `draw` is asked for 64
    /// random bits, at most once, if chance has a part in it.
    #[must_use]
    pub fn next(&self, history: &History, draw: impl FnOnce() -> u64) -> Next {
        let now = history.now;
        let end = self.end(self.born(history), history.report);
        let Some(due) = self.due(history, draw) else { return Next::GiveUp(end.max(now)) };
        let at = self.scanned(history.booted, due.max(now));
        if at > end || now >= end { Next::GiveUp(end.max(now)) } else { Next::Attempt(at) }
    }

    /// From when a copy's age is counted.
    const fn born(&self, history: &History) -> SimTime {
        match self.age_from {
            AgeFrom::Acceptance => history.accepted,
            AgeFrom::FirstAttempt => history.first_attempt,
            AgeFrom::FirstFailure => history.first_failure,
        }
    }

    /// When the age of a copy, counted from `born`, reaches the lifetime.
    #[must_use]
    pub const fn end(&self, born: SimTime, report: bool) -> SimTime {
        born.saturating_add(if report { self.report_lifetime } else { self.lifetime })
    }

    /// When the next attempt is due, whatever the lifetime and the scans; none when the rule has no more.
    fn due(&self, history: &History, draw: impl FnOnce() -> u64) -> Option<SimTime> {
        let from = match self.wait_from {
            WaitFrom::Start => history.started,
            WaitFrom::Failure => history.now,
        };
        let born = self.born(history);
        let age = SimDuration::from_nanos(from.as_nanos().saturating_sub(born.as_nanos()));
        let mut draw = Some(draw);
        let mut drawn = || draw.take().map_or(0, |draw| draw());
        let wait = match &self.rule {
            Rule::Fixed { every } => *every,
            Rule::List { intervals, repeat } => {
                let at = usize::try_from(history.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
                let last = if *repeat { intervals.last() } else { None };
                *intervals.get(at).or(last)?
            }
            Rule::Exponential { first, factor, cap } => grown(*first, *factor, *cap, history.attempts),
            Rule::Age { least, most } => age.max(*least).min(*most),
            Rule::Squares { unit } => square_after(*unit, history.attempts, age).saturating_sub(age),
            Rule::Roots { unit } => next_root(*unit, age).saturating_sub(age),
            Rule::Exim(rules) => rules.wait(age, history.last_wait, &mut drawn),
            Rule::Scans => SimDuration::ZERO,
        };
        Some(from.saturating_add(if self.jitter == Probability::ZERO { wait } else { self.jittered(wait, drawn()) }))
    }

    /// The wait with its part of chance: every whole nanosecond in the range is as likely.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a wait is rounded, and lies between zero and the wait"
    )]
    fn jittered(&self, wait: SimDuration, bits: u64) -> SimDuration {
        let nanos = wait.as_nanos();
        let swing = (libm::floor(nanos as f64 * self.jitter.value()) as u64).min(nanos);
        (wait.saturating_sub(SimDuration::from_nanos(swing))).saturating_add(below(bits, swing.saturating_mul(2)))
    }

    /// The first scan at or after an instant; with [`Rule::Scans`] alone, after it.
    fn scanned(&self, booted: SimTime, at: SimTime) -> SimTime {
        let (step, since) = (self.scan.as_nanos(), at.as_nanos().saturating_sub(booted.as_nanos()));
        if step == 0 {
            return at;
        }
        let scans = if self.rule == Rule::Scans { since / step + 1 } else { since.div_ceil(step) };
        booted.saturating_add(self.scan.saturating_mul(scans))
    }
}

/// A number from zero to `most`, both reachable, made of 64 random bits.
pub(super) fn below(bits: u64, most: u64) -> SimDuration {
    let product = u128::from(bits) * (u128::from(most) + 1);
    SimDuration::from_nanos(u64::try_from(product >> 64).unwrap_or(most))
}

/// Thousandths of a wait, rounded down.
fn times(wait: SimDuration, thousandths: u64) -> SimDuration {
    let product = u128::from(wait.as_nanos()) * u128::from(thousandths) / 1_000;
    SimDuration::from_nanos(u64::try_from(product).unwrap_or(u64::MAX))
}

/// The wait after attempt `attempts`: the first one, multiplied once less often than that.
fn grown(first: SimDuration, factor: u64, cap: SimDuration, attempts: u32) -> SimDuration {
    let mut wait = first;
    for _ in 1..attempts {
        let longer = times(wait, factor);
        if wait >= cap || longer == wait {
            break;
        }
        wait = longer;
    }
    wait.min(cap)
}

/// The first square at or after that of `number` whose age is still to come.
fn square_after(unit: SimDuration, number: u32, age: SimDuration) -> SimDuration {
    let mut n = u64::from(number.max(1));
    loop {
        let at = unit.saturating_mul(n.saturating_mul(n));
        if at > age || at.as_nanos() == u64::MAX || at == SimDuration::ZERO {
            return at;
        }
        n += 1;
    }
}

/// The age at which qmail tries again: whole seconds, as its clock has.
fn next_root(unit: SimDuration, age: SimDuration) -> SimDuration {
    let root = age.as_secs().isqrt() + unit.as_secs().isqrt();
    SimDuration::from_secs(root.saturating_mul(root).min(u64::MAX / 1_000_000_000))
}
