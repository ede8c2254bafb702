//! The numbers of a run, by flat names: what `summary.json` holds and `expect` compares.
//!
//! A quantile is the nearest rank: of n sorted values the one with rank ceil(q n), so it is
//! always a value that occurred, found on exact nanoseconds. A mean is an exact integer sum,
//! divided once. What has no value (the mean of nothing) is absent, never NaN.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::dns::DnsOutcome;
use super::dns_loads::{CacheFound, CacheLevel, DnsServerRole};
use super::lookups::LookupFigures;
use super::parts::EncodingFigures;
use super::record::RunRecord;
use crate::base::time::SimDuration;

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

/// The value of rank ceil(q n) of n sorted values, q in percent.
pub(super) fn nearest_rank(sorted: &[SimDuration], percent: usize) -> Option<SimDuration> {
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
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

pub(super) type Metrics = BTreeMap<String, Metric>;

pub(super) fn count<T>(rows: &[T], filter: impl Fn(&T) -> bool) -> Metric {
    Metric::Integer(rows.iter().filter(|row| filter(row)).count() as u64)
}

impl RunRecord {
    /// The numbers of the run, by the names of [`METRICS`].
    #[must_use]
    pub fn metrics(&self) -> BTreeMap<String, Metric> {
        let mut metrics = Metrics::new();
        self.mail_metrics(&mut metrics);
        self.network_counts(&mut metrics);
        self.name_counts(&mut metrics);
        if let Some(rows) = &self.tables.person_actions {
            super::actions::count(rows, &mut metrics);
        }
        super::reading::count(&self.tables, self.counts.stock, &mut metrics);
        if let Some((requests, pages)) = self.tables.web_requests.as_ref().zip(self.tables.web_pages.as_ref()) {
            super::web::count(requests, pages, &mut metrics);
        }
        if let Some(rows) = &self.tables.conduct {
            super::conduct::count(rows, &mut metrics);
        }
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), value);
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

    fn network_counts(&self, metrics: &mut Metrics) {
        let mut put = |name: &str, value| metrics.insert(name.to_owned(), Metric::Integer(value));
        let links = &self.tables.links;
        put("network.packets", links.iter().map(|row| row.packets).sum());
        put("network.bytes", links.iter().map(|row| row.bytes).sum());
        put("network.dropped", links.iter().map(super::LinkRow::dropped).sum::<u64>() + self.counts.dropped_at_hosts);
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
    use crate::base::SimTime;
    use crate::base::trace::{HostTrace, MailTrace, Trace};
    use crate::metrics::METRICS;
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
        let (mailbox, found, here) = ("bob@hamburger.edu", SimTime::from_nanos(4_000), SimTime::from_nanos(5_000));
        let shown = MailTrace::Shown { message, mailbox, found, here, pause: SimDuration::ZERO };
        script.event("pc", 99_500_000_000, Trace::Mail(shown));
        let (user, protocol, action, folder, outcome) = (mailbox, "imap", "open", "INBOX", "done");
        let acted = MailTrace::Acted { user, protocol, action, message, folder, outcome };
        script.event("pc", 99_600_000_000, Trace::Mail(acted));
        script.outage(100_000_000_000);
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
