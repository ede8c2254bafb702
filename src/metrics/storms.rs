//! What an outage does to the retries: how many attempts come in a minute, and how a backlog
//! drains once the server works again.
//!
//! Both are readings of the tables of attempts and faults. An outage has a row for each host
//! at which attempts failed in it for want of a connection: the host that had no power or
//! whose port 25 nobody served, or, when a link carried nothing, every host that could not be
//! reached. Its *backlog* are the copies that failed there and were still queued at its end.
//! It is drained when each of them has been taken, or has come to its end otherwise.
//!
//! An outage that no fault made, such as a server that answers 4yz by script, has no row; the
//! attempts of its minutes tell.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::attempts::{AttemptEnd, AttemptRow};
use super::faults::{FaultKind, FaultRow};
use super::messages::MessageRow;
use super::names::Text;
use crate::base::time::{NANOS_PER_SEC, SimDuration, SimTime};

/// The attempts of a minute for one destination: a row of the table `attempt_rates`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRow {
    /// The minute's begin.
    pub minute: SimTime,
    /// The recipients' domain, in lower case.
    pub destination: Text,
    /// Attempts that began.
    pub attempts: u64,
    /// Of these, after which the next server had the copy.
    pub completed: u64,
    /// Of these, after which the copy stayed in the queue.
    pub deferred: u64,
    /// Of these, after which it was not tried again.
    pub failed: u64,
    /// The most that began in one second of the minute.
    pub peak_per_s: u64,
}

/// What an outage left behind at one host: a row of the table `storms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StormRow {
    /// When the outage began.
    pub began: SimTime,
    /// When it was over.
    pub ended: SimTime,
    /// What it was.
    pub kind: FaultKind,
    /// The host that could not be reached.
    pub host: Text,
    /// Attempts that failed there in the outage.
    pub failed: u64,
    /// Copies that failed there and were queued at its end.
    pub backlog: u64,
    /// From the end of the outage to the first attempt that came to the host.
    pub noticed: Option<SimDuration>,
    /// Attempts that came to it from then until the backlog was drained, the next outage of
    /// that host began, or the run ended.
    pub attempts: u64,
    /// The most of them that began within one second.
    pub peak_per_s: u64,
    /// From the end of the outage until the last of the backlog had left its queue; none
    /// when some was still there at the end of the run.
    pub drain: Option<SimDuration>,
}

fn minute_of(at: SimTime) -> SimTime {
    SimTime::from_nanos(at.as_nanos() / (60 * NANOS_PER_SEC) * (60 * NANOS_PER_SEC))
}

/// The recipient's domain, in lower case.
pub(super) fn domain(address: &str) -> String {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_ascii_lowercase()
}

/// The attempts of each minute and destination; `attempts` are sorted by their start.
pub(super) fn rates(attempts: &[AttemptRow]) -> Vec<RateRow> {
    #[derive(Default)]
    struct Minute {
        counts: [u64; 4],
        second: u64,
        in_second: u64,
        peak: u64,
    }
    let mut minutes: BTreeMap<(SimTime, Text), Minute> = BTreeMap::new();
    let mut domains: FxHashMap<&str, Text> = FxHashMap::default();
    for row in attempts {
        let destination = domains.entry(&*row.to).or_insert_with(|| domain(&row.to).into());
        let minute = minutes.entry((minute_of(row.started), destination.clone())).or_default();
        let place = match row.outcome {
            AttemptEnd::Completed => 1,
            AttemptEnd::Deferred | AttemptEnd::Expiring => 2,
            AttemptEnd::Failed => 3,
            AttemptEnd::Open => 0,
        };
        minute.counts[0] += 1;
        if place > 0 {
            minute.counts[place] += 1;
        }
        let second = row.started.as_nanos() / NANOS_PER_SEC;
        minute.in_second = if minute.second == second { minute.in_second + 1 } else { 1 };
        minute.second = second;
        minute.peak = minute.peak.max(minute.in_second);
    }
    let row = |((minute, destination), Minute { counts, peak, .. })| {
        let [attempts, completed, deferred, failed] = counts;
        RateRow { minute, destination, attempts, completed, deferred, failed, peak_per_s: peak }
    };
    minutes.into_iter().map(row).collect()
}

/// A copy in the queue of a server.
type Held<'a> = (&'a str, &'a str, &'a str);

fn held(row: &AttemptRow) -> Held<'_> {
    (&row.message, &row.to, &row.server)
}

/// The attempts by where they went and by what they were for, in the order of their start.
struct Index<'a> {
    attempts: &'a [AttemptRow],
    by_host: BTreeMap<&'a str, Vec<usize>>,
    by_copy: FxHashMap<Held<'a>, Vec<usize>>,
    /// When copies ended that were given up.
    given_up: FxHashMap<(&'a str, &'a str), SimTime>,
    /// Outages of hosts, by their begin.
    outages: BTreeMap<&'a str, Vec<SimTime>>,
    end: SimTime,
}

impl<'a> Index<'a> {
    fn new(attempts: &'a [AttemptRow], messages: &'a [MessageRow], faults: &'a [FaultRow], end: SimTime) -> Self {
        let mut by_host: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut by_copy: FxHashMap<Held<'_>, Vec<usize>> = FxHashMap::default();
        for (index, row) in attempts.iter().enumerate() {
            by_copy.entry(held(row)).or_default().push(index);
            if let Some(host) = &row.exchange {
                by_host.entry(host).or_default().push(index);
            }
        }
        let given_up = messages.iter().filter(|row| row.delivered.is_none());
        let given_up = given_up.filter_map(|row| Some(((&*row.message, &*row.to), row.ended?))).collect();
        let mut outages: BTreeMap<&str, Vec<SimTime>> = BTreeMap::new();
        for fault in faults.iter().filter(|fault| is_outage(fault)) {
            if let Some(host) = &fault.host {
                outages.entry(host).or_default().push(fault.began);
            }
        }
        Self { attempts, by_host, by_copy, given_up, outages, end }
    }

    /// The attempts at a host that began from an instant on.
    fn at_host_from(&self, host: &str, from: SimTime) -> &[usize] {
        let all = self.by_host.get(host).map(Vec::as_slice).unwrap_or_default();
        &all[all.partition_point(|index| self.attempts[*index].started < from)..]
    }

    /// When a copy that waited at `from` left its queue.
    fn left(&self, copy: Held<'_>, from: SimTime) -> Option<SimTime> {
        let attempts = self.by_copy.get(&copy)?;
        let over = |row: &&AttemptRow| {
            matches!(row.outcome, AttemptEnd::Completed | AttemptEnd::Failed) && row.ended.is_some_and(|at| at >= from)
        };
        let left = attempts.iter().map(|index| &self.attempts[*index]).find(over).and_then(|row| row.ended);
        left.or_else(|| self.given_up.get(&(copy.0, copy.1)).copied().filter(|at| *at >= from))
    }

    fn storm(&self, fault: &FaultRow, host: &Text, ended: SimTime) -> Option<StormRow> {
        let began = fault.began;
        let mut copies: BTreeSet<Held<'_>> = BTreeSet::new();
        let mut failed = 0;
        // An attempt may have begun before the outage and failed in it, but not by more than its patience.
        let from = SimTime::from_nanos(began.as_nanos().saturating_sub(PATIENCE.as_nanos()));
        for row in self.at_host_from(host, from).iter().map(|index| &self.attempts[*index]) {
            if row.started > ended {
                break;
            }
            if row.ended.is_some_and(|at| (began..=ended).contains(&at)) && wants_connection(row) {
                failed += 1;
                copies.insert(held(row));
            }
        }
        if failed == 0 {
            return None;
        }
        // Those that were given up, or went elsewhere, before the outage was over are no backlog.
        let fates: Vec<Option<SimTime>> = copies
            .iter()
            .filter(|copy| self.left(**copy, began).is_none_or(|at| at > ended))
            .map(|copy| self.left(*copy, ended))
            .collect();
        let drained = fates.iter().copied().collect::<Option<Vec<SimTime>>>();
        let drained = drained.map(|times| times.into_iter().max().unwrap_or(ended));
        let next = self.outages.get(&**host).and_then(|all| all.iter().find(|at| **at > ended)).copied();
        let until = drained.unwrap_or(self.end).min(next.unwrap_or(SimTime::NEVER));
        let starts = self.at_host_from(host, ended).iter().map(|index| self.attempts[*index].started);
        let starts: Vec<SimTime> = starts.take_while(|at| *at <= until).collect();
        Some(StormRow {
            began,
            ended,
            kind: fault.kind,
            host: host.clone(),
            failed,
            backlog: fates.len() as u64,
            noticed: starts.first().map(|at| at.since(ended)),
            attempts: starts.len() as u64,
            peak_per_s: most_within_a_second(&starts),
            drain: drained.map(|at| at.since(ended)),
        })
    }
}

/// The longest that an attempt takes which an outage lets fail: the time-outs of a session
/// (RFC 5321 4.5.3.2) are all shorter.
const PATIENCE: SimDuration = SimDuration::from_secs(3_600);

/// The most instants of a sorted list that lie in some second, its end excluded.
fn most_within_a_second(starts: &[SimTime]) -> u64 {
    let (mut first, mut most) = (0, 0);
    for (index, at) in starts.iter().enumerate() {
        while at.since(starts[first]).as_nanos() >= NANOS_PER_SEC {
            first += 1;
        }
        most = most.max(index - first + 1);
    }
    most as u64
}

/// Whether a fault keeps connections to a mail server from being made.
const fn is_outage(fault: &FaultRow) -> bool {
    match fault.kind {
        FaultKind::Host | FaultKind::Link | FaultKind::Partition => true,
        FaultKind::Service => matches!(fault.port, Some(25)),
        FaultKind::Degraded | FaultKind::Change | FaultKind::Processing => false,
    }
}

/// Whether an attempt failed because there was no connection, or it broke.
fn wants_connection(row: &AttemptRow) -> bool {
    let reasons = ["connection_refused", "connection_timed_out", "unreachable", "connection_lost", "reply_timed_out"];
    row.outcome != AttemptEnd::Completed && row.reason.as_deref().is_some_and(|reason| reasons.contains(&reason))
}

/// The outages that are over, with what they left behind, in their order.
pub(super) fn storms(
    attempts: &[AttemptRow],
    messages: &[MessageRow],
    faults: &[FaultRow],
    end: SimTime,
) -> Vec<StormRow> {
    let outages = || faults.iter().filter(|fault| is_outage(fault));
    if outages().next().is_none() {
        return Vec::new();
    }
    let index = Index::new(attempts, messages, faults, end);
    let hosts: Vec<Text> = index.by_host.keys().map(|host| Text::from(*host)).collect();
    let mut rows = Vec::new();
    for fault in outages() {
        let Some(ended) = fault.ended else { continue };
        match (&fault.host, fault.kind) {
            (Some(host), FaultKind::Host | FaultKind::Service) => rows.extend(index.storm(fault, host, ended)),
            _ => rows.extend(hosts.iter().filter_map(|host| index.storm(fault, host, ended))),
        }
    }
    rows
}
