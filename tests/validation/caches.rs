//! Caches of names against what renewal theory says of them, over 200,000 look-ups each.
//!
//! Nothing takes time in these networks, so what is asked for at an instant is answered in it, and
//! an entry lives from the instant of its miss. In a build for debugging a row has fewer
//! look-ups and must only be near; the page of rows is that of the other build.

use posthaste::metrics::{CacheLevel, DnsRole, Metric};
use serde_json::{Map, Value, json};

use super::row::Row;
use super::scene::{PC, RESOLVER, star};
use crate::common::run_value;

/// Look-ups for each row, and how much farther off a row may be when there are fewer.
const LOOKUPS: u64 = if cfg!(debug_assertions) { 5_000 } else { 200_000 };
const SLACK: f64 = if cfg!(debug_assertions) { 6.0 } else { 1.0 };

/// Names, and the exponent of their popularity.
const NAMES: u32 = 10_000;
const ZIPF: f64 = 0.91;

pub(crate) fn rows() -> Vec<Row> {
    let poisson = [(0.1, "N01a"), (0.5, "N01b"), (1.0, "N01c"), (2.0, "N01d"), (4.0, "N01e"), (9.0, "N01f")];
    let mut rows: Vec<Row> = poisson.into_iter().chain([(19.0, "N01g"), (99.0, "N01h")]).map(one_name).collect();
    rows.extend([(10, 35, "N02a"), (10, 30, "N02b"), (7, 300, "N02c")].map(periodic));
    let crowds =
        [(2, 0.487, "N03a"), (5, 0.792, "N03b"), (10, 0.895, "N03c"), (20, 0.948, "N03d"), (100, 0.989, "N03e")];
    rows.extend(crowds.map(forwarders));
    rows.extend([(0.1, "N04a"), (0.3, "N04b"), (0.5, "N04c")].map(lost_at_the_stub));
    rows.extend([(2, "N04d"), (3, "N04e")].map(lost_at_the_resolver));
    rows.extend([(10, 300, 0.170, "N05a"), (1000, 900, 0.775, "N05b")].map(popular_names));
    rows
}

/// Clients of one resolver who look up what `lookups` says, in a zone whose records live that long.
fn world(lookups: &Value, ttl: u64, until: u64) -> Value {
    json!({
        "network": star(&[]),
        "dns": {
            "ttl": "365d",
            "resolvers": { RESOLVER: {} },
            "zones": { "pages.example": { "records": [
                { "name": "*", "type": "A", "data": "10.7.7.7", "ttl": format!("{ttl}s") }
            ] } }
        },
        "workload": [{ "on": PC, "lookups": lookups }],
        "run": { "seed": 1, "until": format!("{until}s") }
    })
}

fn with_host(mut scenario: Value, host: &str, spec: &Value) -> Value {
    scenario["network"]["hosts"][host] = spec.clone();
    scenario
}

fn metric(metrics: &std::collections::BTreeMap<String, Metric>, name: &str) -> f64 {
    metrics.get(name).copied().map_or(f64::NAN, Metric::value)
}

/// One name at random: an entry lives for T and then waits 1/l for the next question.
fn one_name((mean, id): (f64, &'static str)) -> Row {
    // l T = mean with T = 100 s
    let gap = format!("{}ns", (100e9 / mean).round());
    let lookups = json!({ "names": "www.pages.example", "arrivals": { "gap": format!("exponential {gap}") } });
    let mut scenario = world(&lookups, 100, 3_000_000_000);
    scenario["workload"][0]["times"] = json!(LOOKUPS);
    let metrics = run_value(&with_host(scenario, PC, &json!({}))).record.metrics();
    assert_eq!(metric(&metrics, "dns.lookups"), LOOKUPS as f64);
    let got = metric(&metrics, "dns.hit_ratio.resolver");
    let what = format!("resolver, one name at random, lT = {mean}: share of hits");
    Row::near(id, what, (mean / (1.0 + mean), got), 0.005 * SLACK, "lT/(1 + lT)")
}

/// One name periodically: at the very end of its TTL an entry is dead.
fn periodic((period, ttl, id): (u64, u64, &'static str)) -> Row {
    let lookups = json!({ "names": "www.pages.example", "arrivals": { "every": format!("{period}s") } });
    let mut scenario = world(&lookups, ttl, 10_000_000);
    scenario["workload"][0]["times"] = json!(LOOKUPS);
    let record = run_value(&with_host(scenario, PC, &json!({}))).record;
    let hits: u64 = record.tables.caches.iter().map(|row| row.found.hits).sum();
    let for_one_miss = ttl.div_ceil(period) - 1;
    let expected = LOOKUPS - LOOKUPS.div_ceil(for_one_miss + 1);
    let what = format!("resolver, a question every {period} s, TTL {ttl} s: hits");
    Row::exact(id, what, expected, hits, "ceil(T/P) - 1 hits for a miss")
}

/// Caching forwarders before one resolver, each with clients at 0.01/s. A copy of an entry dies
/// with the entry, so in a cycle of the resolver's each forwarder asks once at most, and the
/// resolver has the answer for all but the first.
fn forwarders((count, stated, id): (u32, f64, &'static str)) -> Row {
    let (rate, ttl) = (0.01, 300);
    let seconds = (LOOKUPS as f64 / (rate * f64::from(count))) as u64;
    let lookups = json!({ "names": "www.pages.example", "arrivals": { "poisson": "0.01/s" } });
    let mut scenario = world(&lookups, ttl, seconds);
    let (mut hosts, mut resolvers) = (Map::new(), Map::new());
    for n in 0..count {
        hosts.insert(format!("pc{n}.crepes.fr"), json!({ "resolver": format!("forwarder{n}.crepes.fr") }));
        let forward = json!({ "forward": [{ "zone": ".", "to": [RESOLVER] }] });
        resolvers.insert(format!("forwarder{n}.crepes.fr"), forward);
    }
    resolvers.insert(RESOLVER.to_owned(), json!({}));
    hosts.insert("core".to_owned(), json!({ "router": true }));
    scenario["network"]["hosts"] = Value::Object(hosts);
    scenario["dns"]["resolvers"] = Value::Object(resolvers);
    scenario["workload"][0]["on"] = json!(format!("pc{{0..{}}}.crepes.fr", count - 1));
    let tables = run_value(&scenario).record.tables;
    let resolver = tables.caches.iter().find(|row| row.level == CacheLevel::Resolver).unwrap();
    assert_eq!(tables.caches.iter().filter(|row| row.level == CacheLevel::Forwarder).count(), count as usize);
    let others = f64::from(count - 1) * (1.0 - (-rate * ttl as f64).exp());
    let expected = others / (1.0 + others);
    assert!((expected - stated).abs() < 0.0006, "{expected} is not the {stated} that was computed elsewhere");
    let got = resolver.found.answered() as f64 / resolver.found.lookups() as f64;
    let what = format!("{count} forwarders, one name at 0.01/s each, TTL 300 s: share of hits at the resolver");
    Row::near(id, what, (expected, got), 0.01 * SLACK, "m/(1 + m), m = (n - 1)(1 - exp(-lT))")
}

/// A link that loses packets on the way to one host's resolver or server, and none back.
fn losing(mut scenario: Value, from: &str, to: &str, loss: f64) -> Value {
    let link = json!({ "between": [from, to], "delay": "0s", "forward": { "loss": loss } });
    scenario["network"]["links"].as_array_mut().unwrap().push(link);
    scenario
}

/// The stub asks its one resolver twice.
fn lost_at_the_stub((loss, id): (f64, &'static str)) -> Row {
    let lookups = json!({ "names": "www.pages.example", "arrivals": { "poisson": "0.01/s" } });
    let mut scenario = losing(world(&lookups, 31_536_000, 300_000_000), PC, "core", loss);
    scenario["workload"][0]["times"] = json!(LOOKUPS);
    let metrics = run_value(&with_host(scenario, PC, &json!({}))).record.metrics();
    answered(id, format!("stub, 2 attempts, loss {loss} of its questions: answered"), &metrics, 1.0 - loss * loss)
}

/// The resolver asks the zone's one server so often; nothing is kept, not even a failure. Questions come seldom: a
/// look-up that fails takes longest, and so shares its end with those who ask meanwhile more often than others.
fn lost_at_the_resolver((attempts, id): (u32, &'static str)) -> Row {
    let loss = 0.3;
    let lookups = json!({ "names": "www.pages.example", "arrivals": { "poisson": "1/h" } });
    let mut scenario = losing(world(&lookups, 0, 3_000_000_000), "core", "ns.pages.example", loss);
    scenario["workload"][0]["times"] = json!(LOOKUPS);
    scenario["dns"]["resolvers"][RESOLVER] = json!({ "retries": attempts, "failure_ttl": "0s" });
    let scenario = with_host(with_host(scenario, PC, &json!({})), "ns.pages.example", &json!({}));
    let metrics = run_value(&scenario).record.metrics();
    let what = format!("resolver, {attempts} attempts at the only server, loss {loss} of its questions: answered");
    answered(id, what, &metrics, 1.0 - loss.powi(attempts.cast_signed()))
}

fn answered(
    id: &'static str,
    what: String,
    metrics: &std::collections::BTreeMap<String, Metric>,
    expected: f64,
) -> Row {
    let got = 1.0 - metric(metrics, "dns.lookups_failed") / metric(metrics, "dns.lookups");
    Row::near(id, what, (expected, got), 0.005 * SLACK, "1 - p^k")
}

/// Many names, some more popular than others; what is measured begins when the cache is warm.
fn popular_names((clients, ttl, stated, id): (u32, u64, f64, &'static str)) -> Row {
    let rate = 0.02 * f64::from(clients);
    let warm = if cfg!(debug_assertions) { ttl / 2 } else { 2 * ttl };
    let until = warm + (LOOKUPS as f64 / rate) as u64;
    let lookups = json!({ "clients": clients, "names": format!("n{{1..{NAMES}}}.pages.example"), "zipf": ZIPF,
        "arrivals": { "poisson": "0.02/s" } });
    let scenario = with_host(world(&lookups, ttl, until), PC, &json!({}));
    let queries = run_value(&scenario).record.tables.dns_queries;
    let measured =
        queries.iter().filter(|row| row.role == DnsRole::Stub && row.asked.as_nanos() / 1_000_000_000 >= warm);
    let (mut all, mut hits) = (0_u64, 0_u64);
    for row in measured {
        all += 1;
        hits += u64::from(row.cache.as_deref() == Some("hit"));
    }
    let weights = || (1..=NAMES).map(|rank| f64::from(rank).powf(-ZIPF));
    let sum: f64 = weights().sum();
    let share = |weight: f64| weight / sum * (rate * weight / sum * ttl as f64);
    let expected: f64 = weights().map(|weight| share(weight) / (1.0 + rate * weight / sum * ttl as f64)).sum();
    assert!((expected - stated).abs() < 0.0006, "{expected} is not the {stated} that was computed elsewhere");
    let what = format!("10,000 names, Zipf 0.91, {clients} clients at 0.02/s each, TTL {ttl} s: share of hits");
    Row::near(id, what, (expected, hits as f64 / all as f64), 0.01 * SLACK, "sum of p lpT/(1 + lpT)")
}
