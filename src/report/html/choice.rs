//! Which messages, look-ups and connections a report shows whole when a run has more than a page can hold.
//!
//! A choice is a function of the tables alone, so the same run gives the same page. What comes first is whole, then
//! failures, then the rest at even distances, so that every part of the run is seen. Small runs are shown whole.

use std::collections::BTreeSet;

use crate::metrics::{CopyStatus, DnsOutcome, MessageRow, Tables};

/// Messages that are followed whole.
const MESSAGES: Most = Most { first: 8, failures: 50, all: 120 };
/// Look-ups, each with the questions that it led to.
const LOOKUPS: Most = Most { first: 20, failures: 30, all: 200 };
/// Connections, besides those of the messages.
const CONNECTIONS: Most = Most { first: 20, failures: 30, all: 160 };

/// Packets that a report shows at most.
pub(super) const MOST_PACKETS: usize = 5_000;
/// Octets of packets that it holds at most.
pub(super) const MOST_OCTETS: usize = 900_000;

struct Most {
    first: usize,
    failures: usize,
    all: usize,
}

/// What is shown whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Message-IDs, and the names of questions that were asked for no other.
    threads: BTreeSet<String>,
    connections: BTreeSet<String>,
    conversations: usize,
}

impl Choice {
    /// The choice for a run with these tables.
    #[must_use]
    pub fn of(tables: &Tables) -> Self {
        let messages = chosen(&messages(tables), &MESSAGES);
        let mut connections = chosen(&connections(tables), &CONNECTIONS);
        let lookups = chosen(&lookups(tables), &LOOKUPS);
        connections.extend(readings(tables, &messages));
        // each message is handed in once and passed on once, at least
        let conversations = connections.len() + 2 * messages.len();
        let threads = messages.into_iter().chain(lookups).collect();
        Self { threads, connections: connections.into_iter().collect(), conversations }
    }

    /// Whether what follows from this message or look-up is shown.
    pub(super) fn has_thread(&self, name: &str) -> bool {
        self.threads.contains(name)
    }

    /// Whether this connection is shown, whatever it was opened for.
    pub(super) fn has_connection(&self, name: &str) -> bool {
        self.connections.contains(name)
    }

    /// Packets of one connection that may be shown; those that open or end it, or were sent again, come on top.
    pub(super) fn packets_each(&self) -> usize {
        (MOST_PACKETS / self.conversations.max(1)).clamp(40, 2_000)
    }

    /// Octets of one connection that may be held.
    pub(super) fn octets_each(&self) -> usize {
        (MOST_OCTETS / self.conversations.max(1)).clamp(6_000, 200_000)
    }
}

/// A name, and whether something went wrong with what it names.
type Named<'a> = (&'a str, bool);

fn chosen(all: &[Named<'_>], most: &Most) -> Vec<String> {
    let names = |some: Vec<&Named<'_>>| some.into_iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    if all.len() <= most.all {
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

/// Messages in the order of composition, each once.
fn messages(tables: &Tables) -> Vec<Named<'_>> {
    let failed: BTreeSet<&str> =
        tables.messages.iter().filter(|row| is_trouble(row)).map(|row| &*row.message).collect();
    let mut seen = BTreeSet::new();
    let ids = tables.messages.iter().map(|row| &*row.message).filter(|id| seen.insert(*id));
    ids.map(|id| (id, failed.contains(id))).collect()
}

fn connections(tables: &Tables) -> Vec<Named<'_>> {
    let failed = |end: &Option<crate::metrics::Text>| end.as_deref().is_some_and(|end| end != "finished");
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
