//! When a policy lets a server try again, by formulas of its own: the engine's are not asked.

use posthaste::app::mail::RetryPolicy;
use posthaste::app::mail::retry::{AgeFrom, EximKind, Rule, WaitFrom};
use posthaste::base::trace::FailureKind;
use posthaste::base::{SimDuration, SimTime};

/// What happened to a copy at a server so far.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) accepted: SimTime,
    pub(crate) attempts: u32,
    first: Option<SimTime>,
    started: SimTime,
    failed: Option<SimTime>,
    /// From when to when it was to wait before the last attempt.
    waited: Option<(SimTime, SimTime)>,
}

impl Past {
    pub(crate) const fn new(accepted: SimTime) -> Self {
        Self { accepted, attempts: 0, first: None, started: accepted, failed: None, waited: None }
    }

    pub(crate) fn begin(&mut self, at: SimTime) {
        self.attempts += 1;
        self.first.get_or_insert(at);
        self.started = at;
    }

    /// The next attempt is told to be then.
    pub(crate) fn wait(&mut self, policy: &RetryPolicy, now: SimTime, next: SimTime) {
        self.waited = Some((counted_from(policy, self, now), next));
    }

    /// No further attempt is planned: one that a flush brings waits as if for the first time.
    pub(crate) fn plan_none(&mut self) {
        self.waited = None;
    }

    pub(crate) fn fail(&mut self, at: SimTime) {
        self.failed.get_or_insert(at);
    }
}

/// From when a copy's age is counted.
fn born(policy: &RetryPolicy, past: &Past, now: SimTime) -> SimTime {
    match policy.age_from {
        AgeFrom::Acceptance => past.accepted,
        AgeFrom::FirstAttempt => past.first.unwrap_or(now),
        AgeFrom::FirstFailure => past.failed.unwrap_or(now),
    }
}

/// From when a wait is counted.
const fn counted_from(policy: &RetryPolicy, past: &Past, now: SimTime) -> SimTime {
    match policy.wait_from {
        WaitFrom::Start => past.started,
        WaitFrom::Failure => now,
    }
}

/// When the copy's time is over.
pub(crate) fn end(policy: &RetryPolicy, past: &Past, now: SimTime, report: bool) -> SimTime {
    born(policy, past, now).saturating_add(if report { policy.report_lifetime } else { policy.lifetime })
}

/// The least number whose square is above another.
fn root_above(number: u128) -> u128 {
    let mut root = (number as f64).sqrt() as u128;
    while root * root > number {
        root -= 1;
    }
    while root * root <= number {
        root += 1;
    }
    root
}

/// The wait that the rule names, by docs/model.md; it does not tell of chance.
fn wait(policy: &RetryPolicy, past: &Past, now: SimTime) -> Option<SimDuration> {
    let nanos = |count: u128| SimDuration::from_nanos(u64::try_from(count).unwrap_or(u64::MAX));
    let age = u128::from(counted_from(policy, past, now).as_nanos())
        .saturating_sub(born(policy, past, now).as_nanos().into());
    match &policy.rule {
        Rule::Fixed { every } => Some(*every),
        Rule::List { intervals, repeat } => {
            let at = past.attempts as usize - 1;
            intervals.get(at).or(intervals.last().filter(|_| *repeat)).copied()
        }
        Rule::Exponential { first, factor, cap } => {
            let mut wait = u128::from(first.as_nanos());
            for _ in 1..past.attempts {
                wait = (wait * u128::from(*factor) / 1_000).min(u128::from(cap.as_nanos()));
            }
            Some(SimDuration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX)).min(*cap))
        }
        Rule::Age { least, .. } if age < u128::from(least.as_nanos()) => Some(*least),
        Rule::Age { most, .. } if age > u128::from(most.as_nanos()) => Some(*most),
        Rule::Age { .. } => Some(nanos(age)),
        Rule::Squares { unit } => {
            // The next square of n units, n being at least the number of attempts, that is not past.
            let unit = u128::from(unit.as_nanos());
            let root = root_above(age / unit).max(past.attempts.into());
            Some(nanos(root * root * unit - age))
        }
        Rule::Roots { unit } => {
            let second = 1_000_000_000;
            let root = root_above(age / second) - 1 + root_above(unit.as_secs().into()) - 1;
            Some(nanos((root * root * second).saturating_sub(age)))
        }
        Rule::Exim(rules) => {
            let rules = rules.rules();
            let law = rules.iter().find(|law| age < u128::from(law.until.as_nanos())).or(rules.last())?;
            match law.kind {
                EximKind::Fixed => Some(law.interval),
                EximKind::Geometric { factor } => {
                    // A flush may have cut the last wait short.
                    let cut = counted_from(policy, past, now);
                    let last = past.waited.map_or(0, |(from, to)| u128::from(to.min(cut).since(from).as_nanos()));
                    let longer = nanos(last * u128::from(factor) / 1_000);
                    Some(if last < u128::from(law.interval.as_nanos()) { law.interval } else { longer })
                }
                EximKind::Random { .. } => None,
            }
        }
        Rule::Scans => Some(SimDuration::ZERO),
    }
}

/// Invariant 7: the next attempt is when the policy says, and within the lifetime.
pub(crate) fn check_next(
    policy: &RetryPolicy,
    past: &Past,
    (booted, now, next): (SimTime, SimTime, SimTime),
    report: bool,
) -> Result<(), String> {
    let end = end(policy, past, now, report);
    if next < now || next > end {
        return Err(format!("the next attempt at {next} s is not between now and the end, {end} s"));
    }
    let Some(wait) = wait(policy, past, now) else { return Ok(()) };
    let from = counted_from(policy, past, now);
    let swing = SimDuration::from_nanos((wait.as_nanos() as f64 * policy.jitter.value()) as u64 + 1);
    let swing = if policy.jitter.value() > 0.0 { swing } else { SimDuration::ZERO };
    let earliest = from.saturating_add(wait.saturating_sub(swing)).max(now);
    let latest = from.saturating_add(wait).saturating_add(swing).max(now).saturating_add(policy.scan);
    if next < earliest || next > latest {
        return Err(format!("the next attempt at {next} s is not between {earliest} s and {latest} s"));
    }
    let scan = policy.scan.as_nanos();
    if policy.rule == Rule::Scans && next == now {
        return Err(format!("the attempt at {next} s is at the scan that has just been"));
    }
    if scan > 0 && !next.since(booted).as_nanos().is_multiple_of(scan) {
        return Err(format!("the next attempt at {next} s is at no scan"));
    }
    Ok(())
}

/// A copy is not given up for its age while its policy has an attempt left.
pub(crate) fn check_last(policy: &RetryPolicy, past: &Past, now: SimTime, report: bool) -> Result<(), String> {
    let end = end(policy, past, now, report);
    let Some(wait) = wait(policy, past, now).filter(|_| policy.jitter.value() == 0.0) else { return Ok(()) };
    let from = counted_from(policy, past, now);
    let next = from.saturating_add(wait).max(now).saturating_add(policy.scan);
    if next <= end && now < end { Err(format!("given up before its end, {end} s")) } else { Ok(()) }
}

/// Whether a failure ends a copy at once.
pub(crate) const fn is_permanent(kind: FailureKind, code: u16) -> bool {
    match kind {
        FailureKind::Reply => code / 100 == 5,
        FailureKind::NoSuchDomain
        | FailureKind::NoMailServer
        | FailureKind::Unsendable
        | FailureKind::Loop
        | FailureKind::Expired => true,
        FailureKind::DnsFailure
        | FailureKind::ConnectionRefused
        | FailureKind::ConnectionTimedOut
        | FailureKind::Unreachable
        | FailureKind::ConnectionLost
        | FailureKind::ReplyTimedOut
        | FailureKind::NoTls
        | FailureKind::ProtocolError => false,
    }
}
