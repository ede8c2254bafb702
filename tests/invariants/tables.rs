//! Rows and numbers against a recount of the trace.

use std::collections::{BTreeMap, BTreeSet};

use posthaste::base::{HostId, SimDuration};
use posthaste::metrics::{AttemptEnd, CopyStatus, Metric, RunRecord};
use posthaste::scenario::Resolved;

use super::books::{Books, Copy};
use super::log::{Ending, Fact, Log};

/// Invariant: tables and numbers equal a recount; a latency is no less than what the links
/// on the way take; no number is without a value.
pub(crate) fn check(scenario: &Resolved, log: &Log, books: &Books, record: &RunRecord) -> Vec<String> {
    let mut faults = Vec::new();
    messages(scenario, books, record, &mut faults);
    attempts(log, record, &mut faults);
    network(scenario, log, record, &mut faults);
    numbers(log, books, record, &mut faults);
    faults.truncate(20);
    faults
}

fn status_of(copy: &Copy, held: bool) -> CopyStatus {
    if !copy.delivered.is_empty() {
        CopyStatus::Delivered
    } else if held {
        CopyStatus::Queued
    } else if copy.given_up > 0 {
        if copy.bounce_of.is_some() { CopyStatus::Dropped } else { CopyStatus::Bounced }
    } else if copy.refused {
        CopyStatus::Refused
    } else {
        CopyStatus::Outbox
    }
}

fn messages(scenario: &Resolved, books: &Books, record: &RunRecord, faults: &mut Vec<String>) {
    let distances = Distances::new(scenario);
    let rows = &record.tables.messages;
    let keys: BTreeSet<(&str, &str)> = rows.iter().map(|row| (&*row.message, &*row.to)).collect();
    if rows.len() != books.copies.len() || keys.len() != rows.len() {
        faults.push(format!("{} rows of messages, {} copies", rows.len(), books.copies.len()));
    }
    let mut queued = 0;
    for row in rows {
        let Some(copy) = books.copies.get(&(row.message.to_string(), row.to.to_string())) else {
            faults.push(format!("nobody composed {row:?}"));
            continue;
        };
        queued += u64::from(row.status == CopyStatus::Queued);
        let counted = (
            copy.composed.1,
            copy.accepted.first().map(|(_, at)| *at),
            copy.delivered.first().map(|(_, at)| *at),
            copy.delivered.len().saturating_sub(1),
            copy.attempts,
            copy.bytes,
            copy.bounce_of.as_deref(),
            status_of(copy, books.holds(&row.message, &row.to)),
        );
        let told = (
            row.composed,
            row.accepted,
            row.delivered,
            usize::try_from(row.duplicates).unwrap(),
            row.attempts,
            row.bytes,
            row.about.as_deref(),
            row.status,
        );
        if counted != told || *row.from != *copy.from {
            faults.push(format!("{} for {}: counted {counted:?}, told {told:?}", row.message, row.to));
        }
        let end = row.ended.unwrap_or(record.tables.end);
        if row.phases_sum() != end.since(row.composed) {
            faults.push(format!("{} for {}: its phases do not sum to its life", row.message, row.to));
        }
        if let Some(latency) = row.latency() {
            let least = distances.least(copy);
            if latency < least {
                faults.push(format!("{} for {}: {latency} s, but its way takes {least} s", row.message, row.to));
            }
        }
    }
    if queued > books.queued() {
        faults.push(format!("{queued} copies are queued by the table, {} by the trace", books.queued()));
    }
    for server in &record.servers {
        let held = scenario.host(&server.server).map(|host| books.queued_at(host));
        if held != Some(server.queued) {
            faults.push(format!("{} holds {held:?}, by its balance {}", server.server, server.queued));
        }
    }
}

/// Propagation delays between hosts, all pairs, along the shortest ways.
struct Distances(Vec<Vec<Option<u64>>>);

impl Distances {
    fn new(scenario: &Resolved) -> Self {
        let count = scenario.hosts.len();
        let mut delays = vec![vec![None; count]; count];
        for (host, row) in delays.iter_mut().enumerate() {
            row[host] = Some(0);
        }
        for link in &scenario.links {
            let [a, b] = link.ends.map(HostId::index);
            for ((from, to), direction) in [(a, b), (b, a)].into_iter().zip(&link.directions) {
                let delay = direction.delay.as_nanos();
                let known: Option<u64> = delays[from][to];
                delays[from][to] = Some(known.map_or(delay, |known| known.min(delay)));
            }
        }
        for via in 0..count {
            let beyond = delays[via].clone();
            for row in &mut delays {
                let Some(first) = row[via] else { continue };
                for (known, second) in row.iter_mut().zip(&beyond) {
                    let sum = second.map(|second| first + second);
                    *known = [*known, sum].into_iter().flatten().min();
                }
            }
        }
        Self(delays)
    }

    /// What a copy takes at least: for each hop up to the first delivery, MAIL, RCPT and DATA
    /// go there and back, and the message goes there.
    fn least(&self, copy: &Copy) -> SimDuration {
        let Some((end, at)) = copy.delivered.first() else { return SimDuration::ZERO };
        let start = copy.composed.0;
        // The way may have led through any servers; it is no shorter than the direct one.
        let direct = self.0[start.index()][end.index()].unwrap_or(0);
        let first = copy.accepted.first().map_or(*end, |(host, _)| *host);
        let via = self.0[start.index()][first.index()].zip(self.0[first.index()][end.index()]);
        let sum = via.map_or(direct, |(a, b)| a + b).max(direct);
        debug_assert!(*at >= copy.composed.1);
        SimDuration::from_nanos(7 * sum)
    }
}

fn attempts(log: &Log, record: &RunRecord, faults: &mut Vec<String>) {
    let count = |end: AttemptEnd| record.tables.attempts.iter().filter(|row| row.outcome == end).count();
    let put_off = record.tables.attempts.iter().filter(|row| row.outcome.is_deferral()).count();
    let told = (record.tables.attempts.len(), count(AttemptEnd::Completed), put_off);
    let ends = |wanted: fn(&Ending) -> bool| {
        log.notes.iter().filter(|note| matches!(&note.fact, Fact::Ended { ending, .. } if wanted(ending))).count()
    };
    let started = log.notes.iter().filter(|note| matches!(note.fact, Fact::Started { .. })).count();
    let completed = ends(|ending| matches!(ending, Ending::Completed | Ending::Stored));
    let deferred =
        ends(|ending| matches!(ending, Ending::Deferred { .. } | Ending::Expiring { .. } | Ending::Interrupted));
    let failed = ends(|ending| matches!(ending, Ending::Failed { .. }));
    if told != (started, completed, deferred) || count(AttemptEnd::Failed) != failed {
        faults.push(format!("attempts: told {told:?}, counted {started}, {completed}, {deferred}, {failed}"));
    }
    for row in &record.tables.attempts {
        if row.ended.is_some_and(|ended| ended < row.started) || row.next.is_some_and(|next| Some(next) < row.ended) {
            faults.push(format!("an attempt that ends before it begins: {row:?}"));
        }
    }
}

fn network(scenario: &Resolved, log: &Log, record: &RunRecord, faults: &mut Vec<String>) {
    let mut told = BTreeMap::new();
    for row in &record.tables.links {
        let counts = (row.packets, row.bytes, row.delivered_packets);
        let other = row.dropped_other + row.dropped_early + row.dropped_sojourn + row.dropped_too_big;
        let drops = (row.dropped_queue_full, row.dropped_loss, other);
        told.insert((row.link.to_string(), row.from.to_string()), (counts, drops));
    }
    for (index, carried) in log.links.iter().enumerate() {
        let link = &scenario.links[index / 2];
        let from = &scenario.host_spec(link.ends[index % 2]).name;
        let counted =
            ((carried.packets, carried.bytes, carried.arrived), (carried.queue_full, carried.lost, carried.other));
        if told.get(&(link.name.clone(), from.clone())) != Some(&counted) {
            faults.push(format!("link {} from {from}: counted {counted:?}", link.name));
        }
    }
    let opened = record.tables.connections.len();
    if opened != log.connections.len() || record.tables.dns_queries.len() as u64 != log.questions {
        faults.push(format!("{opened} connections told, {} counted, or questions", log.connections.len()));
    }
}

fn numbers(log: &Log, books: &Books, record: &RunRecord, faults: &mut Vec<String>) {
    let metrics = record.metrics();
    for (name, metric) in &metrics {
        if !metric.value().is_finite() {
            faults.push(format!("{name} is {metric}"));
        }
    }
    let users = || books.copies.values().filter(|copy| copy.bounce_of.is_none());
    let count = |filter: &dyn Fn(&&Copy) -> bool| users().filter(filter).count() as u64;
    let delivered = count(&|copy| !copy.delivered.is_empty());
    let sum = |pick: fn(&super::log::Carried) -> u64| log.links.iter().map(pick).sum::<u64>();
    let counted = [
        ("messages.composed", count(&|_| true)),
        ("messages.delivered", delivered),
        ("messages.duplicates", users().map(|copy| copy.delivered.len().saturating_sub(1) as u64).sum()),
        ("bounces.composed", books.copies.values().filter(|copy| copy.bounce_of.is_some()).count() as u64),
        ("attempts.total", record.tables.attempts.len() as u64),
        ("dns.queries", log.questions),
        ("connections.opened", log.connections.len() as u64),
        ("network.packets", sum(|link| link.packets)),
        ("network.bytes", sum(|link| link.bytes)),
        ("network.dropped", sum(|link| link.queue_full + link.lost + link.other) + log.dropped_at_hosts),
    ];
    for (name, value) in counted {
        if metrics.get(name) != Some(&Metric::Integer(value)) {
            faults.push(format!("{name}: counted {value}, told {:?}", metrics.get(name)));
        }
    }
    let total = ["delivered", "bounced", "dropped", "queued", "refused", "outbox"];
    let total: f64 = total.iter().map(|status| metrics[&format!("messages.{status}")].value()).sum();
    #[expect(clippy::float_cmp, reason = "sums of small counts are exact")]
    if total != metrics["messages.composed"].value() {
        faults.push(format!("{total} messages have a status, {} were composed", metrics["messages.composed"]));
    }
    let mean = metrics.get("latency.mean_s").map_or(0.0, |metric| metric.value());
    let (least, most) = (metrics.get("latency.min_s"), metrics.get("latency.max_s"));
    let within = least.zip(most).is_none_or(|(least, most)| least.value() <= mean && mean <= most.value());
    if !within || metrics.contains_key("latency.mean_s") != (delivered > 0) {
        faults.push(format!("the mean latency {mean} s is not between {least:?} and {most:?}"));
    }
}
