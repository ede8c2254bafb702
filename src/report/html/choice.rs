//! Which messages, look-ups and connections a report shows whole when a run has more than a page can hold.
//!
//! A choice is a function of the tables alone, so the same run gives the same page. What comes first is whole, then
//! failures, then the rest at even distances, so that every part of the run is seen. Small runs are shown whole.

use std::collections::BTreeSet;

use crate::metrics::{ConnectionRow, CopyStatus, DnsOutcome, MessageRow, Tables, Text};

/// Messages that are followed whole.
const MESSAGES: Most = Most { whole: 120, first: 6, failures: 30, all: 60 };
/// Look-ups, each with the questions that it led to.
const LOOKUPS: Most = Most { whole: 200, first: 10, failures: 15, all: 50 };
/// Connections, besides those of the messages.
const CONNECTIONS: Most = Most { whole: 160, first: 8, failures: 12, all: 30 };

/// Events that the messages of a large run may take, and about how many one takes, and each attempt at it.
const EVENTS_OF_MESSAGES: usize = 3_000;
const EVENTS_OF_MESSAGE: usize = 60;
const EVENTS_OF_ATTEMPT: usize = 14;

/// Packets that a report shows at most.
pub(super) const MOST_PACKETS: usize = 5_000;
/// Octets of packets that it holds at most.
pub(super) const MOST_OCTETS: usize = 900_000;

struct Most {
    /// So many are all shown.
    whole: usize,
    /// Of more, the first.
    first: usize,
    /// Those with which something went wrong.
    failures: usize,
    /// Those two and others, about.
    all: usize,
}

/// What is shown whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Message-IDs, and the names of questions that were asked for no other.
    threads: BTreeSet<String>,
    connections: BTreeSet<String>,
    packets_each: usize,
    octets_each: usize,
    /// All of the run fits.
    whole: bool,
}

impl Choice {
    /// The choice for a run with these tables.
    #[must_use]
    pub fn of(tables: &Tables) -> Self {
        let messages = messages(tables);
        let few_messages = messages.len() <= MESSAGES.whole;
        let attempts = EVENTS_OF_ATTEMPT * tables.attempts.len() / messages.len().max(1);
        let room = (EVENTS_OF_MESSAGES / (EVENTS_OF_MESSAGE + attempts)).clamp(MESSAGES.first, MESSAGES.all);
        let messages = chosen(&messages, &Most { all: room, failures: MESSAGES.failures.min(room / 2), ..MESSAGES });
        let mut messages = messages;
        messages.extend(landmarks(tables).into_iter().map(str::to_owned));
        messages.sort();
        messages.dedup();
        let (connections, lookups) = (connections(tables), lookups(tables));
        let few = few_messages && connections.len() <= CONNECTIONS.whole && lookups.len() <= LOOKUPS.whole;
        let (mut connections, lookups) = (chosen(&connections, &CONNECTIONS), chosen(&lookups, &LOOKUPS));
        connections.extend(readings(tables, &messages));
        // each message is handed in once and passed on once, at least
        let conversations = connections.len() + 2 * messages.len();
        let threads = messages.into_iter().chain(lookups).collect();
        // what fits whole is shown whole
        let sum = |part: fn(&ConnectionRow) -> u64| {
            usize::try_from(tables.connections.iter().map(part).sum::<u64>()).unwrap_or(usize::MAX)
        };
        let packets = sum(|row| row.packets).saturating_add(2 * tables.dns_queries.len());
        let share = |all: usize, most: usize, least, greatest| {
            if all <= most { most } else { (most / conversations.max(1)).clamp(least, greatest) }
        };
        let packets_each = share(packets, MOST_PACKETS, 40, 2_000);
        let octets_each = share(sum(|row| row.wire_bytes), MOST_OCTETS, 6_000, 200_000);
        let whole = few && packets <= MOST_PACKETS;
        Self { threads, connections: connections.into_iter().collect(), packets_each, octets_each, whole }
    }

    /// Whether all of the run is shown.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether what follows from this message or look-up is shown.
    pub(super) fn has_thread(&self, name: &str) -> bool {
        self.threads.contains(name)
    }

    /// The messages whose lives are told: those that are shown, and all of a few.
    pub(super) fn told<'a>(&self, tables: &'a Tables) -> BTreeSet<&'a str> {
        const FEW: usize = 100;
        let few = tables.messages.len() <= FEW;
        let ids = tables.messages.iter().map(|row| &*row.message);
        ids.filter(|id| few || self.has_thread(id)).collect()
    }

    /// Whether this connection is shown, whatever it was opened for.
    pub(super) fn has_connection(&self, name: &str) -> bool {
        self.connections.contains(name)
    }

    /// Packets of one connection that may be shown; those that open or end it, or were sent again, come on top.
    pub(super) const fn packets_each(&self) -> usize {
        self.packets_each
    }

    /// Octets of one connection that may be held.
    pub(super) const fn octets_each(&self) -> usize {
        self.octets_each
    }
}

/// A name, and whether something went wrong with what it names.
type Named<'a> = (&'a str, bool);

fn chosen(all: &[Named<'_>], most: &Most) -> Vec<String> {
    let names = |some: Vec<&Named<'_>>| some.into_iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    if all.len() <= most.whole {
        return names(all.iter().collect());
    }
    let mut kept = names(all.iter().take(most.first).collect());
    let failed: Vec<&Named<'_>> = all.iter().filter(|(_, failed)| *failed).collect();
    kept.extend(names(evenly(&failed, most.failures)));
    let rest: Vec<&Named<'_>> = all.iter().collect();
    kept.extend(names(evenly(&rest, most.all.saturating_sub(kept.len()))));
    kept
}

/// `count` of all, at even distances.
pub(super) fn evenly<T: Copy>(all: &[T], count: usize) -> Vec<T> {
    if all.len() <= count {
        return all.to_vec();
    }
    (0..count).map(|place| all[place * all.len() / count]).collect()
}

/// Whether a copy did not go the straight way.
pub(super) const fn is_trouble(row: &MessageRow) -> bool {
    row.status.is_failure()
        || matches!(row.status, CopyStatus::Queued | CopyStatus::Outbox)
        || row.attempts > 1
        || row.duplicates > 0
}

/// The messages of which a reader asks first: the slowest, and the first of each kind of failure.
fn landmarks(tables: &Tables) -> BTreeSet<&str> {
    /// Kinds of failures, as replies of servers may be of any number.
    const MOST_KINDS: usize = 12;
    let took = |row: &&MessageRow| row.delivered.map(|at| at.as_nanos().saturating_sub(row.composed.as_nanos()));
    let slowest = tables.messages.iter().filter(|row| row.delivered.is_some()).max_by_key(took);
    let mut kinds = BTreeSet::new();
    let failed = tables.messages.iter().filter(|row| row.status.is_failure());
    let failed = failed.filter(|row| kinds.insert((row.status.name(), row.reason.as_deref()))).take(MOST_KINDS);
    slowest.into_iter().chain(failed).map(|row| &*row.message).collect()
}

/// The messages whose lives are told before all others: the landmarks, and those that took more than one attempt.
pub(super) fn told_first(tables: &Tables) -> BTreeSet<&str> {
    /// Retried messages, the first of them.
    const MOST_RETRIED: usize = 40;
    let retried = tables.messages.iter().filter(|row| row.attempts > 1).take(MOST_RETRIED);
    landmarks(tables).into_iter().chain(retried.map(|row| &*row.message)).collect()
}

/// Messages in the order of composition, each once.
fn messages(tables: &Tables) -> Vec<Named<'_>> {
    let failed: BTreeSet<&str> =
        tables.messages.iter().filter(|row| is_trouble(row)).map(|row| &*row.message).collect();
    let mut seen = BTreeSet::new();
    let ids = tables.messages.iter().map(|row| &*row.message).filter(|id| seen.insert(*id));
    ids.map(|id| (id, failed.contains(id))).collect()
}

fn connections(tables: &Tables) -> Vec<Named<'_>> {
    let failed = |end: &Option<Text>| end.as_deref().is_some_and(|end| end != "finished");
    let rows = tables.connections.iter();
    rows.map(|row| (&*row.connection, failed(&row.end_client) || row.retransmissions > 0)).collect()
}

/// Questions that no other led to.
fn lookups(tables: &Tables) -> Vec<Named<'_>> {
    let failed = |outcome: DnsOutcome| match outcome {
        DnsOutcome::NxDomain | DnsOutcome::Failure | DnsOutcome::Timeout | DnsOutcome::Unreachable => true,
        DnsOutcome::Answer
        | DnsOutcome::Alias
        | DnsOutcome::Referral
        | DnsOutcome::NoData
        | DnsOutcome::Truncated
        | DnsOutcome::Open => false,
    };
    let roots = tables.dns_queries.iter().filter(|row| row.for_query.is_none());
    roots.map(|row| (&*row.query, failed(row.outcome))).collect()
}

/// The connections over which the chosen messages were read.
fn readings(tables: &Tables, messages: &[String]) -> Vec<String> {
    let messages: BTreeSet<&str> = messages.iter().map(String::as_str).collect();
    let read = tables.readings.iter().filter(|row| messages.contains(&*row.message));
    let sessions = read.filter_map(|row| {
        let mut sessions = tables.mailbox_sessions.iter().filter(|session| session.user == row.user);
        sessions.find(|session| session.began <= row.shown && row.shown <= session.ended)?.connection.as_ref()
    });
    sessions.map(|name| (**name).to_owned()).collect()
}
