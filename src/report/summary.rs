//! A run in a few aligned lines, for a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::manifest::{Ended, RunInfo};
use super::values::escape;
use crate::base::time::SimDuration;
use crate::metrics::{CacheLevel, Metric, RunRecord};

/// What becomes of copies, in the order of the summary's line.
const FATES: [&str; 12] = [
    "composed",
    "delivered",
    "retrieved",
    "redirected",
    "bounced",
    "dropped",
    "expanded",
    "discarded",
    "refused",
    "queued",
    "outbox",
    "duplicates",
];

/// What metrics count, and one of it.
const NOUNS: [(&str, &str); 11] = [
    ("bytes", "byte"),
    ("connections", "connection"),
    ("duplicates", "duplicate"),
    ("hits", "hit"),
    ("misses", "miss"),
    ("packets", "packet"),
    ("pages", "page"),
    ("queries", "query"),
    ("requests", "request"),
    ("retransmissions", "retransmission"),
    ("timeouts", "timeout"),
];

/// What is counted, in words: one "page failed", two "pages failed".
fn counted(value: f64, name: &str) -> String {
    let singular = |word| match NOUNS.iter().find(|(many, _)| *many == word) {
        Some((_, one)) if value.total_cmp(&1.0).is_eq() => *one,
        Some(_) | None => word,
    };
    name.split('_').map(singular).collect::<Vec<_>>().join(" ")
}

/// A short summary of a run: what happened to the mail, how long it took, what it cost,
/// whether expectations held.
#[must_use]
pub fn summary_text(info: &RunInfo, record: &RunRecord) -> String {
    let metrics = record.metrics();
    let metric = |name: &str| metrics.get(name).copied();
    let count = |name: &str| metric(name).map_or(0.0, Metric::value);
    let counts = |group: &str, names: &[&str]| {
        let shown = names.iter().enumerate().filter_map(|(place, name)| {
            let value = count(&format!("{group}.{name}"));
            (place < 2 || value > 0.0).then(|| format!("{value} {}", counted(value, name)))
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    let mut out = String::new();
    let mut line = |name: &str, text: String| {
        let _ = writeln!(out, "{name:<12} {text}");
    };
    if !info.title.is_empty() {
        line("scenario", escape(info.title.as_bytes()));
    }
    let mail = ["messages.composed", "bounces.composed", "attempts.total"].iter().any(|name| count(name) > 0.0);
    if mail {
        line("messages", counts("messages", &FATES));
    }
    if count("bounces.composed") > 0.0 {
        line("bounces", counts("bounces", &["composed", "delivered", "retrieved", "dropped", "queued"]));
    }
    if let Some(mean) = metric("latency.mean_s") {
        let quantile = |name: &str| human(metric(&format!("latency.{name}_s")).map_or(0.0, Metric::value));
        let (median, p95, most) = (quantile("p50"), quantile("p95"), quantile("max"));
        line("latency", format!("mean {}, median {median}, 95 % {p95}, longest {most}", human(mean.value())));
    }
    if mail {
        line("attempts", counts("attempts", &["total", "completed", "deferred", "failed"]));
    }
    if count("web.pages") > 0.0 {
        let words = counts(
            "web",
            &["pages", "pages_failed", "pages_unfinished", "requests", "cached", "validated", "connections"],
        );
        let mean = metric("web.page_time.mean_s").map(|mean| format!(", mean {}", human(mean.value())));
        line("web", format!("{words}{}", mean.unwrap_or_default()));
    }
    if count("dns.lookups") > 0.0 {
        line("lookups", lookups(&metrics));
    }
    line("dns", counts("dns", &["queries", "cache_hits", "negative_hits", "cache_misses", "timeouts", "unreachable"]));
    line("connections", counts("connections", &["opened", "failed", "turned_away", "retransmissions"]));
    line("network", counts("network", &["packets", "bytes", "dropped"]));
    for load in &record.hosts {
        let busy = 100.0 * load.utilization(record.tables.end);
        let (mean, most) = (human(load.mean_wait_s()), human(load.max_wait.as_secs_f64()));
        let text = format!("{busy:.1} % busy with {} requests, wait mean {mean}, longest {most}", load.requests);
        line("host", format!("{}: {text}", load.host));
    }
    let end = SimDuration::from_nanos(record.tables.end.as_nanos());
    let why = match &info.ended {
        Ended::Until => "the scenario's end".to_owned(),
        Ended::Idle => "nothing left to do".to_owned(),
        Ended::Interrupted => "interrupted: results are partial".to_owned(),
        Ended::Stopped => "stopped".to_owned(),
        Ended::Limit(name) => format!("limit \"{name}\" reached: results are partial"),
    };
    line("ended", format!("at {} ({why}), {} events, seed {}", human(end.as_secs_f64()), info.events, info.seed));
    for expectation in &info.expectations {
        let verdict = if expectation.held { "held" } else { "FAILED" };
        let expected = escape(expectation.expected.as_bytes());
        line("expect", format!("{verdict}: {} {expected} (found {})", expectation.label(), expectation.found_text()));
        if !expectation.held && !expectation.hint.is_empty() {
            line("hint", escape(expectation.hint.as_bytes()));
        }
    }
    out
}

/// What became of the look-ups of programs, how often caches had the answer, and how long they took.
fn lookups(metrics: &BTreeMap<String, Metric>) -> String {
    let metric = |name: &str| metrics.get(&format!("dns.{name}")).map(|metric| metric.value());
    let ends = [
        ("lookups", "done"),
        ("lookups_failed", "failed"),
        ("lookups_nxdomain", "no such name"),
        ("lookups_nodata", "no such record"),
        ("stale_answers", "stale"),
    ];
    let ends = ends.iter().enumerate().filter_map(|(place, (name, word))| {
        let value = metric(name).unwrap_or(0.0);
        (place < 2 || value > 0.0).then(|| format!("{value} {word}"))
    });
    let mut parts: Vec<String> = ends.collect();
    let ratios = CacheLevel::ALL.iter().filter_map(|level| {
        let ratio = metric(&format!("hit_ratio.{}", level.name()))?;
        Some(format!(" {} {ratio:.2}", level.name()))
    });
    let ratios: String = ratios.collect();
    if !ratios.is_empty() {
        parts.push(format!("hit ratio{ratios}"));
    }
    parts.extend(metric("lookup.mean_s").map(|mean| format!("mean {}", human(mean))));
    parts.join(", ")
}

/// Seconds for reading: three or four digits, and the unit that suits.
pub(super) fn human(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "us"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s if s < 120.0 => (s, "s"),
        s if s < 7_200.0 => (s / 60.0, "min"),
        s if s < 172_800.0 => (s / 3600.0, "h"),
        s => (s / 86_400.0, "d"),
    };
    let decimals = match value {
        v if v < 10.0 => 3,
        v if v < 100.0 => 2,
        _ => 1,
    };
    let text = format!("{value:.decimals$}");
    format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_them_is_said_so() {
        let names = ["pages_failed", "queries", "cache_misses", "duplicates", "delivered"];
        assert_eq!(
            names.map(|name| counted(1.0, name)),
            ["page failed", "query", "cache miss", "duplicate", "delivered"]
        );
        assert_eq!(counted(0.0, "cache_misses"), "cache misses");
    }

    #[test]
    fn durations_for_reading() {
        assert_eq!(human(0.0), "0 us");
        assert_eq!(human(0.0421), "42.1 ms");
        assert_eq!(human(300.0), "5 min");
        assert_eq!(human(8_101.3), "2.25 h");
        assert_eq!(human(432_000.0), "5 d");
    }
}
