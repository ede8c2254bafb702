//! The numbers of a run, by flat names: what `summary.json` holds and `expect` compares.
//!
//! A quantile is the nearest rank: of n sorted values the one with rank ceil(q n), so it is
//! always a value that occurred, found on exact nanoseconds. A mean is an exact integer sum,
//! divided once. What has no value (the mean of nothing) is absent, never NaN.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::attempts::AttemptEnd;
use super::dns::DnsOutcome;
use super::dns_loads::{CacheFound, CacheLevel, DnsServerRole};
use super::lookups::LookupFigures;
use super::messages::{CopyStatus, MessageRow, before_mailbox};
use super::parts::EncodingFigures;
use super::record::RunRecord;
use crate::base::time::SimDuration;
use crate::base::trace::Phase;

/// A number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Metric {
    /// A count.
    Integer(u64),
    /// A measure; always finite.
    Float(f64),
}

impl Metric {
    /// The number as a float; counts above 2^53 are rounded.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for comparisons with numbers of a scenario, which are floats")]
    pub const fn value(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

/// The names of all metrics and what they count. Those marked "absent" may be missing.
pub const METRICS: &[(&str, &str)] = &[
    ("attempts.completed", "attempts after which the next server had the copy"),
    ("attempts.deferred", "attempts after which the copy stayed in the queue"),
    ("attempts.failed", "attempts after which the copy was not tried again"),
    ("attempts.total", "attempts of servers to pass a copy on, open ones included"),
    ("bounces.composed", "bounces made by servers, per copy"),
    ("bounces.delivered", "bounces stored in a mailbox"),
    ("bounces.dropped", "bounces given up"),
    ("bounces.queued", "bounces in a queue at the end"),
    ("bounces.retrieved", "bounces fetched"),
    ("connections.failed", "TCP connections that never were established"),
    ("connections.opened", "TCP connections for which a SYN was sent"),
    ("connections.retransmissions", "segments sent again, by either end"),
    ("connections.retransmissions_fast", "those that acknowledgements asked for"),
    ("connections.retransmissions_timeout", "those that a timer asked for"),
    (
        "connections.turned_away",
        "TCP connections for which a service had no place: a SYN dropped or refused because sessions or the backlog were full, or a greeting of 421; those that a repeated SYN let in later are among them",
    ),
    ("dns.authority_queries", "DNS questions that came to servers of zones"),
    ("dns.cache_hits", "look-ups that a resolver's cache answered with records"),
    ("dns.cache_misses", "look-ups that a resolver's cache could not answer"),
    ("dns.failure_hits", "look-ups that a resolver's cache answered with the memory of a failure (RFC 9520)"),
    (
        "dns.hit_ratio.application",
        "share of look-ups that the caches of programs answered, the knowledge that there is nothing included; absent without such caches",
    ),
    ("dns.hit_ratio.forwarder", "likewise, of clients' questions at resolvers that ask other resolvers"),
    ("dns.hit_ratio.resolver", "likewise, of clients' questions at all other resolvers"),
    ("dns.hit_ratio.stub", "likewise, of stub resolvers"),
    ("dns.lookup.max_s", "longest time of a look-up, as the program that asks sees it; absent without any"),
    ("dns.lookup.mean_s", "mean of these times; absent without any"),
    ("dns.lookup.p50_s", "median (nearest rank) of these times; absent without any"),
    ("dns.lookup.p95_s", "95th percentile (nearest rank) of these times; absent without any"),
    ("dns.lookup.p99_s", "99th percentile (nearest rank) of these times; absent without any"),
    ("dns.lookups", "look-ups of programs that came to their end, whatever answered them: one for each name and type"),
    ("dns.lookups_failed", "those of them to which nobody had an answer"),
    ("dns.lookups_nodata", "those of them that ended with the answer that the name has no records of that type"),
    ("dns.lookups_nxdomain", "those of them that ended with the answer that the name does not exist"),
    ("dns.negative_hits", "look-ups that a resolver's cache answered with the knowledge that there are none"),
    ("dns.queries", "DNS questions sent, by stubs and resolvers, repetitions included"),
    ("dns.stale_answers", "answers that the zone's authority had replaced before the program got them"),
    ("dns.stale_hits", "clients that were answered with what had expired (RFC 8767)"),
    ("dns.stale_max_s", "longest time by which an answer came after its replacement; 0 without such answers"),
    ("dns.timeouts", "DNS questions without a response in time"),
    ("dns.unreachable", "DNS questions that did not get to the server, and ICMP or their own host said so"),
    ("latency.max_s", "longest time from composition to the mailbox, user messages; absent when none was delivered"),
    ("latency.mean_s", "mean of these times; absent when none was delivered"),
    ("latency.min_s", "shortest of these times; absent when none was delivered"),
    ("latency.p50_s", "median (nearest rank) of these times; absent when none was delivered"),
    ("latency.p95_s", "95th percentile (nearest rank) of these times; absent when none was delivered"),
    ("messages.bounced", "copies of user messages given up, their sender told by a bounce"),
    (
        "messages.composed",
        "copies of user messages (message times recipient) composed; bounces are not among messages.*",
    ),
    ("messages.delivered", "copies of user messages stored in the recipient's mailbox"),
    ("messages.dropped", "copies of user messages given up without a bounce"),
    ("messages.duplicates", "deliveries of user messages into a mailbox that already had the copy"),
    ("messages.outbox", "copies of user messages not yet submitted at the end"),
    ("messages.queued", "copies of user messages in a server's queue at the end"),
    ("messages.refused", "copies of user messages that the user agent could not submit"),
    ("messages.retrieved", "copies of user messages fetched at least once"),
    (
        "mime.base64_content_bytes",
        "octets of parts in base64 before they were encoded: n of them become 4 ceil(n/3) characters and 2 more for each line of 76 begun; absent without MIME",
    ),
    ("mime.base64_encoded_bytes", "octets of those parts encoded; absent without MIME"),
    ("mime.content_bytes", "octets of all parts of messages that are MIME, before they were encoded; absent without"),
    ("mime.downgrade_bytes", "octets that turning 8 bits into 7 on the way added, per copy; absent without MIME"),
    ("mime.downgraded", "copies turned into 7 bits for a server without 8BITMIME; absent without MIME"),
    ("mime.encoded_bytes", "octets of all parts encoded, without their headers and delimiters; absent without MIME"),
    ("mime.parts", "parts of messages that are MIME, as composed; absent without"),
    ("network.bytes", "bytes that joined the queues of links, headers included, summed over hops"),
    ("network.dropped", "packets lost, on links and at hosts"),
    ("network.packets", "packets that joined the queues of links, summed over hops"),
    (
        "phase.composing.mean_s",
        "mean time in this phase over delivered copies of user messages; absent when there are none",
    ),
    ("phase.connecting.mean_s", "likewise"),
    ("phase.dialogue.mean_s", "likewise"),
    ("phase.dns.mean_s", "likewise"),
    (
        "phase.in_mailbox.mean_s",
        "mean time in this phase over retrieved copies of user messages; absent when there are none",
    ),
    ("phase.queued.mean_s", "as for composing"),
    ("phase.retrieval.mean_s", "as for in_mailbox"),
    ("phase.submission.mean_s", "as for composing"),
    ("phase.transfer.mean_s", "as for composing"),
    ("phase.waiting_for_retry.mean_s", "as for composing"),
    (
        "processing.max_utilization",
        "greatest share of the run in which a host was busy; absent without processing times",
    ),
    ("processing.max_wait_s", "longest time that a request waited for its host; absent without processing times"),
    ("processing.mean_wait_s", "mean of these times over all requests; absent without processing times"),
    ("processing.requests", "requests that took processing time; absent without processing times"),
    ("queue.max_copies", "the longest queue of any server, in copies"),
    ("run.end_s", "when the run ended"),
    ("web.failed", "calls to Web servers without a connection, be it for want of an address"),
    ("web.max_s", "longest time from the look-up of a Web server's name to the connection; absent without connections"),
    ("web.mean_s", "mean of these times; absent without any"),
    ("web.p95_s", "95th percentile (nearest rank) of these times; absent without any"),
    ("web.visits", "calls to Web servers, after a look-up of their name"),
];

/// The value of rank ceil(q n) of n sorted values, q in percent.
fn nearest_rank(sorted: &[SimDuration], percent: usize) -> Option<SimDuration> {
    let rank = (percent * sorted.len()).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// The mean of durations in seconds: an exact sum, divided once.
#[expect(clippy::cast_precision_loss, reason = "statistics may round, once")]
pub(crate) fn mean_s(values: impl Iterator<Item = SimDuration>) -> Option<f64> {
    let (sum, count) =
        values.fold((0_u128, 0_u64), |(sum, count), value| (sum + u128::from(value.as_nanos()), count + 1));
    (count > 0).then(|| sum as f64 / count as f64 / 1e9)
}

/// `part / whole`; none without a whole.
#[expect(clippy::cast_precision_loss, reason = "statistics may round, once")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

type Metrics = BTreeMap<String, Metric>;

fn count<T>(rows: &[T], filter: impl Fn(&T) -> bool) -> Metric {
    Metric::Integer(rows.iter().filter(|row| filter(row)).count() as u64)
}

impl RunRecord {
    /// The numbers of the run, by the names of [`METRICS`].
    #[must_use]
    pub fn metrics(&self) -> BTreeMap<String, Metric> {
        let mut metrics = Metrics::new();
        self.message_counts(&mut metrics);
        self.latencies(&mut metrics);
        self.network_counts(&mut metrics);
        self.name_counts(&mut metrics);
        if let Some(rows) = &self.tables.conduct {
            super::conduct::count(rows, &mut metrics);
        }
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), value);
        let attempts = |outcome| count(&self.tables.attempts, |row| row.outcome == outcome);
        put("attempts.total", count(&self.tables.attempts, |_| true));
        put("attempts.completed", attempts(AttemptEnd::Completed));
        put("attempts.deferred", attempts(AttemptEnd::Deferred));
        put("attempts.failed", attempts(AttemptEnd::Failed));
        if !self.hosts.is_empty() {
            let requests: u64 = self.hosts.iter().map(|load| load.requests).sum();
            let busiest = self.hosts.iter().map(|load| load.utilization(self.tables.end)).fold(0.0, f64::max);
            let waited = self.hosts.iter().map(|load| load.mean_wait_s() * Metric::Integer(load.requests).value());
            let longest = self.hosts.iter().map(|load| load.max_wait).max().unwrap_or_default();
            put("processing.requests", Metric::Integer(requests));
            put("processing.max_utilization", Metric::Float(busiest));
            put("processing.mean_wait_s", Metric::Float(waited.sum::<f64>() / Metric::Integer(requests).value()));
            put("processing.max_wait_s", Metric::Float(longest.as_secs_f64()));
        }
        let longest = self.tables.queue.iter().map(|row| u64::from(row.copies)).max();
        put("queue.max_copies", Metric::Integer(longest.unwrap_or(0)));
        self.encoding_counts(&mut metrics);
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), value);
        let end = SimDuration::from_nanos(self.tables.end.as_nanos());
        put("run.end_s", Metric::Float(end.as_secs_f64()));
        metrics
    }

    /// What MIME costs; nothing where there is none.
    fn encoding_counts(&self, metrics: &mut Metrics) {
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), Metric::Integer(value));
        let parts = &self.tables.parts;
        if !parts.is_empty() {
            let base64 = || parts.iter().filter(|part| &*part.encoding == "base64");
            put("mime.parts", parts.len() as u64);
            put("mime.content_bytes", parts.iter().map(|part| part.content).sum());
            put("mime.encoded_bytes", parts.iter().map(|part| part.encoded).sum());
            put("mime.base64_content_bytes", base64().map(|part| part.content).sum());
            put("mime.base64_encoded_bytes", base64().map(|part| part.encoded).sum());
        }
        let EncodingFigures { downgraded, added } = self.counts.encodings;
        if !parts.is_empty() || downgraded > 0 {
            put("mime.downgraded", downgraded);
            put("mime.downgrade_bytes", added);
        }
    }

    fn name_counts(&self, metrics: &mut Metrics) {
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), value);
        put("dns.queries", count(&self.tables.dns_queries, |_| true));
        put("dns.timeouts", count(&self.tables.dns_queries, |row| row.outcome == DnsOutcome::Timeout));
        put("dns.unreachable", count(&self.tables.dns_queries, |row| row.outcome == DnsOutcome::Unreachable));
        put("dns.cache_hits", Metric::Integer(self.counts.cache.hits));
        put("dns.cache_misses", Metric::Integer(self.counts.cache.misses));
        put("dns.negative_hits", Metric::Integer(self.counts.cache.negative_hits));
        put("dns.failure_hits", Metric::Integer(self.counts.cache.failure_hits));
        put("dns.stale_hits", Metric::Integer(self.counts.cache.stale_hits));
        let authorities = self.tables.dns_servers.iter().filter(|row| row.role == DnsServerRole::Authority);
        let asked = authorities.map(|row| row.queries_udp + row.queries_tcp).sum();
        put("dns.authority_queries", Metric::Integer(asked));
        for level in CacheLevel::ALL {
            let caches = self.tables.caches.iter().filter(|row| row.level == *level);
            let all = caches.fold(CacheFound::default(), |all, row| all.plus(row.found));
            if let Some(share) = share(all.answered(), all.lookups()) {
                put(&format!("dns.hit_ratio.{}", level.name()), Metric::Float(share));
            }
        }
        let LookupFigures { took, failed, nxdomain, nodata, stale, stalest, visits, visits_failed } =
            &self.counts.lookups;
        put("dns.lookups", Metric::Integer(took.len() as u64));
        put("dns.lookups_failed", Metric::Integer(*failed));
        put("dns.lookups_nxdomain", Metric::Integer(*nxdomain));
        put("dns.lookups_nodata", Metric::Integer(*nodata));
        put("dns.stale_answers", Metric::Integer(*stale));
        put("dns.stale_max_s", Metric::Float(stalest.as_secs_f64()));
        put("web.visits", Metric::Integer(visits.len() as u64 + visits_failed));
        put("web.failed", Metric::Integer(*visits_failed));
        for (name, times) in [("dns.lookup", took), ("web", visits)] {
            let quantiles = [("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)];
            let quantiles =
                quantiles.into_iter().filter(|(quantile, _)| name != "web" || !["p50", "p99"].contains(quantile));
            for (quantile, value) in
                quantiles.filter_map(|(quantile, percent)| Some((quantile, nearest_rank(times, percent)?)))
            {
                put(&format!("{name}.{quantile}_s"), Metric::Float(value.as_secs_f64()));
            }
            if let Some(mean) = mean_s(times.iter().copied()) {
                put(&format!("{name}.mean_s"), Metric::Float(mean));
            }
        }
    }

    fn message_counts(&self, metrics: &mut Metrics) {
        let statuses = [
            ("messages.delivered", false, CopyStatus::Delivered),
            ("messages.bounced", false, CopyStatus::Bounced),
            ("messages.dropped", false, CopyStatus::Dropped),
            ("messages.queued", false, CopyStatus::Queued),
            ("messages.refused", false, CopyStatus::Refused),
            ("messages.outbox", false, CopyStatus::Outbox),
            ("bounces.delivered", true, CopyStatus::Delivered),
            ("bounces.dropped", true, CopyStatus::Dropped),
            ("bounces.queued", true, CopyStatus::Queued),
        ];
        let rows = &self.tables.messages;
        for (name, bounce, status) in statuses {
            let value = count(rows, |row| row.is_bounce() == bounce && row.status == status);
            metrics.insert(name.to_owned(), value);
        }
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), value);
        for (name, bounce) in [("messages", false), ("bounces", true)] {
            put(&format!("{name}.composed"), count(rows, |row| row.is_bounce() == bounce));
            let retrieved = |row: &MessageRow| row.is_bounce() == bounce && row.retrieved.is_some();
            put(&format!("{name}.retrieved"), count(rows, retrieved));
        }
        let duplicates = rows.iter().filter(|row| !row.is_bounce()).map(|row| u64::from(row.duplicates)).sum();
        put("messages.duplicates", Metric::Integer(duplicates));
    }

    fn latencies(&self, metrics: &mut Metrics) {
        let delivered = || self.tables.messages.iter().filter(|row| !row.is_bounce() && row.delivered.is_some());
        let mut sorted: Vec<SimDuration> = delivered().filter_map(MessageRow::latency).collect();
        sorted.sort_unstable();
        let mut put = |name: &str, value: Option<f64>| {
            if let Some(value) = value {
                metrics.insert(name.to_owned(), Metric::Float(value));
            }
        };
        let seconds = |value: Option<SimDuration>| value.map(SimDuration::as_secs_f64);
        put("latency.min_s", seconds(sorted.first().copied()));
        put("latency.p50_s", seconds(nearest_rank(&sorted, 50)));
        put("latency.p95_s", seconds(nearest_rank(&sorted, 95)));
        put("latency.max_s", seconds(sorted.last().copied()));
        put("latency.mean_s", mean_s(sorted.iter().copied()));
        for (index, phase) in Phase::ALL.into_iter().enumerate() {
            let rows = delivered().filter(|row| before_mailbox(phase) || row.retrieved.is_some());
            put(&format!("phase.{}.mean_s", phase.name()), mean_s(rows.map(|row| row.phases[index])));
        }
    }

    fn network_counts(&self, metrics: &mut Metrics) {
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), Metric::Integer(value));
        let links = &self.tables.links;
        put("network.packets", links.iter().map(|row| row.packets).sum());
        put("network.bytes", links.iter().map(|row| row.bytes).sum());
        let dropped = |row: &super::LinkRow| {
            let queue = row.dropped_queue_full + row.dropped_early + row.dropped_sojourn;
            queue + row.dropped_too_big + row.dropped_loss + row.dropped_other
        };
        put("network.dropped", links.iter().map(dropped).sum::<u64>() + self.counts.dropped_at_hosts);
        let connections = &self.tables.connections;
        put("connections.opened", connections.len() as u64);
        let failed = connections.iter().filter(|row| row.established.is_none() && row.end_client.is_some());
        put("connections.failed", failed.count() as u64);
        let ends = || connections.iter().flat_map(|row| [row.client_figures, row.server_figures]);
        put("connections.retransmissions_fast", ends().map(|end| end.resent_fast).sum());
        put("connections.retransmissions_timeout", ends().map(|end| end.resent_timeout).sum());
        put("connections.turned_away", self.counts.turned_away);
        put("connections.retransmissions", connections.iter().map(|row| row.retransmissions).sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::trace::{HostTrace, MailTrace, Trace};
    use crate::metrics::testing::Script;

    /// Breaks when a metric is added without its line of documentation, or is lost.
    #[test]
    fn metrics_and_their_documentation_agree() {
        let mut script = Script::two_domains();
        script.one_message("<1@crepes.fr>", 0);
        let (wait, service) = (SimDuration::from_secs(1), SimDuration::from_secs(2));
        script.event("crepes.fr", 1_000, Trace::Host(HostTrace::Served { wait, service, waiting: 0 }));
        script.names_at_all_levels(2_000);
        let (message, place, media, encoding) = ("<1@crepes.fr>", "1", "text/plain", "base64");
        let part = MailTrace::Encoded { message, place, media, encoding, content: 3, encoded: 6 };
        script.event("crepes.fr", 3_000, Trace::Mail(part));
        let metrics = script.finish(1_000_000_000_000).metrics();
        let documented: Vec<&str> = METRICS.iter().map(|(name, _)| *name).collect();
        assert_eq!(metrics.keys().map(String::as_str).collect::<Vec<_>>(), documented);
        assert!(metrics.values().all(|metric| metric.value().is_finite()));
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values: Vec<SimDuration> = (1..=20).map(SimDuration::from_secs).collect();
        assert_eq!(nearest_rank(&values, 50), Some(SimDuration::from_secs(10)));
        assert_eq!(nearest_rank(&values, 95), Some(SimDuration::from_secs(19)));
        assert_eq!(nearest_rank(&values[..1], 95), Some(SimDuration::from_secs(1)));
        assert_eq!(nearest_rank(&[], 50), None);
    }
}
