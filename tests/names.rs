//! Names through whole scenarios: random hierarchies, caches, changes, faults and workloads, and
//! what must hold of every answer in them, read from the trace and from the packets alone.

mod common;

mod names {
    pub(crate) mod watch;
    pub(crate) mod world;
}

use std::collections::BTreeMap;

use common::{load_value, run_value};
use names::watch::Watch;
use names::world::{World, world};
use posthaste::cli::simulate::simulate;
use posthaste::metrics::Metric;
use serde_json::{Value, json};

/// More in a build with optimization.
const CASES: u64 = if cfg!(debug_assertions) { 24 } else { 300 };

/// Fails when an answer is older than its TTL anywhere, when a TTL rises without an upstream
/// answer, when an answer is none that its zone gave within the TTL, when a ring of aliases is not
/// given up within its budget, or when two queries for one question are under way to one server.
#[test]
fn no_answer_outlives_its_ttl() {
    let (mut answers, mut denials, mut from_caches, mut stale) = (0, 0, 0, 0);
    for case in 0..CASES {
        let World { scenario, truth, resolvers, stale: serves_stale, quiet } = world(case);
        let resolved = load_value(&scenario);
        let watch = Watch::new(truth, resolvers, serves_stale, quiet);
        let finished = simulate(&resolved, watch).unwrap_or_else(|fault| panic!("case {case}: {fault}"));
        let watch = finished.extra;
        assert!(watch.faults.is_empty(), "case {case}: {:#?}\n{scenario}", watch.faults);
        assert!(watch.looked_up > 50 && (quiet.is_none() || watch.last_words > 0), "case {case} is idle");
        answers += watch.checked;
        denials += watch.denials;
        from_caches += watch.from_caches;
        stale += finished.record.metrics()["dns.stale_answers"].value() as u64;
    }
    // that the checks have something to check
    assert!(answers > 100 * CASES && denials > 10 * CASES && from_caches > 10 * CASES && stale > CASES);
}

fn metrics(scenario: &Value) -> BTreeMap<String, Metric> {
    run_value(scenario).record.metrics()
}

/// A computer that looks up a page with `lookups`, whose record lives for a minute.
fn page(lookups: &Value) -> Value {
    json!({
        "network": { "hosts": {
            "pc.crepes.fr": {}, "pc2.crepes.fr": {}, "www.pages.com": { "address": "10.7.7.7", "web_server": true }
        } },
        "dns": { "ttl": "1d", "zones": { "pages.com": { "records": [
            { "name": "n{1..50}", "type": "A", "data": "10.7.7.7", "ttl": "1min" },
            { "name": "dead", "type": "A", "data": "10.99.99.99" } ] } } },
        "workload": [{ "on": "pc.crepes.fr", "lookups": lookups }],
        "run": { "until": "20min" }
    })
}

fn also(scenario: &mut Value, entry: Value) {
    scenario["workload"].as_array_mut().unwrap().push(entry);
}

/// When `pc.crepes.fr` asked for what.
fn questions(scenario: &Value) -> Vec<(u64, String)> {
    let rows = run_value(scenario).record.tables.dns_queries;
    let own = rows.iter().filter(|row| &*row.from == "pc.crepes.fr");
    own.map(|row| (row.asked.as_nanos(), row.name.to_string())).collect()
}

/// Fails when a client draws from a stream that another one has a part in.
#[test]
fn more_clients_change_nothing_for_those_there_were() {
    let crowd = |clients: u32| json!({ "clients": clients, "names": "n{1..50}.pages.com", "zipf": 0.9, "arrivals": { "poisson": "1/min" } });
    let few = questions(&page(&crowd(3)));
    let mut more = page(&crowd(4));
    also(&mut more, json!({ "on": "pc2.crepes.fr", "lookups": crowd(2) }));
    also(&mut more, json!({ "on": "pc.crepes.fr", "lookups": crowd(1) }));
    let more = questions(&more);
    assert!(few.len() > 30 && more.len() > few.len() + 10, "{} {}", few.len(), more.len());
    assert!(few.iter().all(|question| more.contains(question)));
}

/// Fails when a cache on the asker's host is not asked, asked in the wrong order, or on although
/// nobody wants it.
#[test]
fn caches_on_the_askers_host_spare_questions() {
    let count = |cache: bool, stub: bool| {
        let mut scenario = page(&json!({ "names": "n1.pages.com", "cache": cache, "arrivals": { "every": "10s" } }));
        scenario["network"]["hosts"]["pc.crepes.fr"]["stub_cache"] = json!(stub);
        // a second program's look-ups, by the same stub
        also(&mut scenario, json!({ "on": "pc.crepes.fr", "at": "1s", "every": "10s", "lookup": "n1.pages.com" }));
        let found = metrics(&scenario);
        let ratio = |level: &str| found.get(&format!("dns.hit_ratio.{level}")).map(|ratio| ratio.value());
        assert!(found["dns.lookups"].value() >= 240.0);
        (ratio("application"), ratio("stub"), ratio("resolver").unwrap(), questions(&scenario).len())
    };
    let (none, stub_none, _, all) = count(false, false);
    assert_eq!((none, stub_none, all), (None, None, 241));
    // the copies die a little before the record: each minute the program asks once, at 0, 60 ...
    let (application, no_stub, _, asked) = count(true, false);
    assert!(application.unwrap() > 0.8 && no_stub.is_none() && (135..=145).contains(&asked), "{application:?} {asked}");
    let (no_application, stub, _, asked) = count(false, true);
    assert!(no_application.is_none() && stub.unwrap() > 0.9 && asked <= 21, "{stub:?} {asked}");
    let (both, behind, _, fewest) = count(true, true);
    assert!(both.unwrap() > 0.8 && behind.unwrap() > 0.8 && fewest <= 21, "{both:?} {behind:?} {fewest}");
}

/// Fails when a mail server does not keep what it learns although it should.
#[test]
fn a_mail_server_may_have_a_cache() {
    let count = |cache: bool| {
        let scenario = json!({
            "mail": { "crepes.fr": { "users": ["alice"], "dns_cache": cache }, "hamburger.edu": { "users": ["bob"] } },
            "workload": [{ "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "every": "1min", "times": 10 }]
        });
        let found = metrics(&scenario);
        assert_eq!(found["messages.delivered"], Metric::Integer(10));
        let rows = run_value(&scenario).record.tables.dns_queries;
        rows.iter().filter(|row| &*row.from == "crepes.fr").count()
    };
    assert_eq!((count(false), count(true)), (20, 2));
}

/// Fails when a visit does not begin with the look-up, or a server that is not there counts as
/// reached.
#[test]
fn a_visit_is_a_look_up_and_a_connection() {
    let mut scenario = page(&json!({ "names": "n1.pages.com", "arrivals": { "every": "10min" } }));
    scenario["workload"][0]["web"] = json!(true);
    also(&mut scenario, json!({ "on": "pc2.crepes.fr", "at": "2min", "lookup": "dead.pages.com", "web": true }));
    also(&mut scenario, json!({ "on": "pc2.crepes.fr", "at": "3min", "lookup": "none.pages.com", "web": true }));
    let found = metrics(&scenario);
    assert_eq!((found["web.visits"], found["web.failed"]), (Metric::Integer(4), Metric::Integer(2)));
    let rows = run_value(&scenario).record.tables;
    let first = &rows.connections[0];
    let lookup = rows.dns_queries.iter().find(|row| &*row.from == "pc.crepes.fr").unwrap().latency.unwrap();
    let longest = lookup + first.established.unwrap().since(first.opened);
    assert_eq!(found["web.max_s"], Metric::Float(longest.as_secs_f64()));
    assert_eq!((&*first.server, first.server_port), ("www.pages.com", 80));
}
