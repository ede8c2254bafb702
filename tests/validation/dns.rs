//! Name resolution: what a look-up costs, and what a cache saves.

use posthaste::base::{SimDuration, SimTime};
use posthaste::metrics::{DnsRole, DnsRow};
use serde_json::{Value, json};

use super::lab::SEEDS;
use super::row::{Row, seconds};
use super::scene::{PC, SERVER, follow, host, ms, one_message, star};
use crate::common::run_value;

const ZONE_SERVER: &str = "ns.crepes.fr";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = cold_lookup();
    rows.extend(periodic());
    rows.extend(poisson());
    rows.push(negative());
    rows
}

/// The resolver is in the middle: 2 ms to the computer, 30 to the root, 20 to the TLD and
/// 10 to the zone's server, there and back; 100 ms between computer and mail server.
fn spread_out() -> Value {
    star(&[(PC, 1), ("a.root-servers.net", 15), ("ns.nic.fr", 10), (ZONE_SERVER, 5), (SERVER, 49)])
}

fn cold_lookup() -> Vec<Row> {
    let finished = follow(&one_message(spread_out(), 100));
    let queries = &finished.record.tables.dns_queries;
    assert_eq!(queries.len(), 4, "{queries:?}");
    let (opened, conn) = finished.extra.first_opened(host(&finished, PC));
    let first_words = finished.extra.client_spoke(conn)[0].0;
    let what = "cold look-up: stub 2, root 30, TLD 20, zone 10 ms";
    let then = "the same, then a connection of 100 ms RTT up to the client's first command";
    vec![
        Row::exact("V30", what, seconds(ms(62)), seconds(queries[0].latency.unwrap()), "sum of RTTs"),
        Row::exact("V30b", "the same: SYN sent", seconds(ms(62)), seconds(opened.since(SimTime::ZERO)), "sum of RTTs"),
        Row::exact("V30c", then, seconds(ms(262)), seconds(first_words.since(SimTime::ZERO)), "sum of RTTs + 2 RTT"),
    ]
}

fn zone(name: &str, records: &Value) -> Value {
    json!({ "zones": { name: { "records": records } } })
}

fn is_hit(row: &DnsRow) -> bool {
    row.cache.as_deref() == Some("hit")
}

/// A question every minute for a record that lives for five and a half: five of six find it.
fn periodic() -> Vec<Row> {
    let mut scenario = one_message(spread_out(), 0);
    scenario["dns"] = zone("crepes.fr", &json!([{ "name": "www", "type": "A", "data": "10.7.7.7", "ttl": "330s" }]));
    scenario["network"]["hosts"]["www.crepes.fr"] = json!({ "address": "10.7.7.7" });
    scenario["workload"] = json!([{ "at": "0s", "on": PC, "lookup": "www.crepes.fr", "every": "1min", "times": 600 }]);
    scenario["run"]["until"] = json!("10h");
    let queries = run_value(&scenario).record.tables.dns_queries;
    let asked: Vec<_> = queries.iter().filter(|row| row.role == DnsRole::Stub).collect();
    let hits = asked.iter().filter(|row| is_hit(row)).count();
    let upstream = queries.iter().filter(|row| row.role == DnsRole::Resolver && &*row.to == ZONE_SERVER).count();
    let what = "DNS cache, a question every 60 s, TTL 330 s";
    vec![
        Row::exact("V28b", format!("{what}: hits of {}", asked.len()), 500, hits, "floor(T/P) of floor(T/P) + 1"),
        Row::exact("V29b", format!("{what}: questions to the zone's server"), 100, upstream, "1 of floor(T/P) + 1"),
    ]
}

const MINUTES: u64 = 5_000;

/// Alice writes at random, once a minute; her server asks for the MX record each time.
fn poisson() -> Vec<Row> {
    let figures: Vec<(f64, f64)> = SEEDS.map(written_at_random).collect();
    let mean = |pick: fn(&(f64, f64)) -> f64| figures.iter().map(pick).sum::<f64>() / figures.len() as f64;
    let what = "DNS cache, a question a minute at random, TTL 300 s, 5000 min, mean of 3 seeds:";
    vec![
        Row::near("V28", format!("{what} share of hits"), (5.0 / 6.0, mean(|f| f.0)), 0.005, "lT/(1 + lT)"),
        Row::within("V29", format!("{what} questions upstream an hour"), (10.0, mean(|f| f.1)), 0.02, "l/(1 + lT)"),
    ]
}

/// The share of hits, and questions upstream an hour.
fn written_at_random(seed: u64) -> (f64, f64) {
    let mut scenario = one_message(star(&[]), 0);
    scenario["mail"]["hamburger.edu"] = json!({ "users": ["bob"] });
    scenario["dns"] =
        zone("hamburger.edu", &json!([{ "name": "@", "type": "MX", "data": "10 hamburger.edu.", "ttl": "300s" }]));
    scenario["workload"] = json!([{ "poisson": { "mean_gap": "1min" }, "from": "alice@crepes.fr",
        "to": "bob@hamburger.edu", "until": format!("{MINUTES}min") }]);
    scenario["run"] = json!({ "seed": seed, "until": format!("{}min", MINUTES + 1) });
    let queries = run_value(&scenario).record.tables.dns_queries;
    let mx: Vec<_> = queries.iter().filter(|row| &*row.rtype == "MX").collect();
    let asked: Vec<_> = mx.iter().filter(|row| row.role == DnsRole::Stub).collect();
    let hits = asked.iter().filter(|row| is_hit(row)).count();
    let upstream = mx.iter().filter(|row| &*row.to == "ns.hamburger.edu").count();
    (hits as f64 / asked.len() as f64, upstream as f64 * 60.0 / MINUTES as f64)
}

/// "No such name" is kept for the lesser of the SOA's TTL and its last field: one nanosecond
/// before the end of that time the cache still answers, at its end it does not.
fn negative() -> Row {
    let mut scenario = one_message(star(&[(PC, 1), (ZONE_SERVER, 5)]), 0);
    let soa = "ns.crepes.fr. hostmaster.crepes.fr. 1 7200 3600 1209600 60";
    scenario["dns"] = zone("crepes.fr", &json!([{ "name": "@", "type": "SOA", "data": soa, "ttl": "300s" }]));
    // Asked at 0, learnt by the resolver at 1 + 10 ms; a question is 1 ms on its way.
    let end = ms(60_010).as_nanos();
    scenario["workload"] = [0, end - 1, end]
        .iter()
        .map(|at| json!({ "at": format!("{at}ns"), "on": PC, "lookup": "nobody.crepes.fr" }))
        .collect();
    let queries = run_value(&scenario).record.tables.dns_queries;
    let found: Vec<_> = queries.iter().filter_map(|row| row.cache.as_deref()).collect();
    let kept = if found == ["miss", "negative_hit", "miss"] { ms(60_000) } else { SimDuration::ZERO };
    Row::exact("V31", "negative answer, SOA TTL 300, MINIMUM 60: kept", seconds(ms(60_000)), seconds(kept), "RFC 2308")
}
