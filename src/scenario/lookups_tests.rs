//! Scenarios with look-ups at random: what they mean, and what is wrong with them.

use serde_json::{Value, json};

use super::load;
use super::resolved::{LookupsWork, Resolved, Work};
use super::testing::{good, refused, stays};
use crate::base::{Dist, SimDuration};
use crate::proto::dns::Rtype;

fn scenario(entry: &Value) -> Value {
    json!({
        "network": { "hosts": { "pc1.a.edu": {}, "pc2.a.edu": {}, "www.b.com": { "address": "10.7.7.7" } } },
        "dns": { "zones": { "b.com": { "records": [{ "name": "n{1..3}", "type": "A", "data": "10.7.7.{7..9}" }] } } },
        "workload": [entry]
    })
}

fn lookups(extra: &Value) -> Value {
    let mut entry = json!({ "on": "pc1.a.edu",
        "lookups": { "names": "n{1..3}.b.com", "arrivals": { "poisson": "0.02/s" } } });
    for (key, value) in extra.as_object().unwrap() {
        let place = if ["on", "until", "times", "every", "spread", "web", "type"].contains(&key.as_str()) {
            &mut entry
        } else {
            &mut entry["lookups"]
        };
        place[key] = value.clone();
    }
    scenario(&entry)
}

fn works(resolved: &Resolved) -> Vec<&LookupsWork> {
    let mut found = Vec::new();
    for work in &resolved.workload {
        match work {
            Work::Lookups(work) => found.push(work),
            Work::Lookup(_) | Work::Message(_) | Work::Poisson(_) | Work::Read(_) => {}
            Work::Browse(_) | Work::Session(_) | Work::People(_) => {}
        }
    }
    found
}

#[test]
fn an_entry_stands_for_clients_on_hosts() {
    let value = lookups(&json!({ "on": ["pc{1..2}.a.edu"], "clients": 5, "zipf": 0.9, "times": 7, "type": "MX" }));
    let resolved = good(&value);
    let [one, two] = works(&resolved)[..] else { panic!("two hosts") };
    assert_eq!((resolved.host_spec(one.on).name.as_str(), one.clients), ("pc1.a.edu", 5));
    assert_eq!((&*one.names, one.rtype), (&["n1.b.com", "n2.b.com", "n3.b.com"].map(str::to_owned)[..], Rtype::Mx));
    assert_eq!((one.schedule.times, one.spread, one.cache, one.web), (Some(7), None, false, false));
    assert_eq!(one.gap, Dist::Exponential { mean: SimDuration::from_secs(50) });
    assert!(std::sync::Arc::ptr_eq(&one.names, &two.names), "the hosts share their names");
    stays(&resolved);
}

#[test]
fn arrivals_have_the_mean_that_is_written() {
    let gap = |arrivals: &Value| {
        let resolved = good(&lookups(&json!({ "arrivals": arrivals })));
        (works(&resolved)[0].gap, works(&resolved)[0].spread)
    };
    let mean = SimDuration::from_secs(30);
    let scale = SimDuration::from_secs(10);
    let pareto = json!({ "pareto": { "shape": 1.5, "mean": "30s" } });
    assert_eq!(gap(&pareto), (Dist::Pareto { scale, shape: 1.5 }, None));
    assert_eq!(gap(&json!({ "every": "30s" })), (Dist::Constant(mean), Some(SimDuration::ZERO)));
    assert_eq!(gap(&json!({ "gap": "uniform 10s to 30s" })), (Dist::Uniform { low: scale, high: mean }, None));
}

/// A pattern stands for records, and stays one pattern in the complete scenario.
#[test]
fn a_pattern_stands_for_records() {
    let resolved = good(&lookups(&json!({})));
    let zone = resolved.dns.zones.iter().find(|zone| zone.name == "b.com").unwrap();
    let made: Vec<String> = zone
        .records
        .iter()
        .filter(|record| record.name.to_string().starts_with('n') && record.rtype() == Rtype::A)
        .map(|record| format!("{} {}", record.name, record.data))
        .filter(|record| !record.starts_with("ns"))
        .collect();
    assert_eq!(made, ["n1.b.com 10.7.7.7", "n2.b.com 10.7.7.8", "n3.b.com 10.7.7.9"]);
    assert!(resolved.to_json_text().contains("n{1..3}"));
}

/// Fails when something that cannot be meant is taken, or the place or the advice is another.
#[test]
fn errors_are_found_where_they_are() {
    let cases = [
        (json!({ "arrivals": {} }), "workload[0].lookups.arrivals", "how often is not said"),
        (json!({ "arrivals": { "poisson": "1/s", "every": "1s" } }), "workload[0].lookups.arrivals", "not more"),
        (json!({ "arrivals": { "every": "0s" } }), "workload[0].lookups.arrivals.every", "above zero"),
        (json!({ "arrivals": { "gap": "uniform 0s to 0s" } }), "workload[0].lookups.arrivals.gap", "above zero"),
        (
            json!({ "arrivals": { "pareto": { "shape": 1, "mean": "5s" } } }),
            "workload[0].lookups.arrivals.pareto.shape",
            "there is no mean",
        ),
        (json!({ "names": [] }), "workload[0].lookups", "what is looked up is not said"),
        (json!({ "names": "n{3..1}.b.com" }), "workload[0].lookups.names", "this pattern stands for no names"),
        (json!({ "names": ["a.com", "b..com"] }), "workload[0].lookups.names[1]", "empty label"),
        (json!({ "names": ["n1.b.com", "n{1..2}.b.com"] }), "workload[0].lookups.names[1]", "listed twice"),
        (json!({ "zipf": -1 }), "workload[0].lookups.zipf", "from 0 to 10"),
        (json!({ "clients": 0 }), "workload[0].lookups.clients", "at least one client"),
        (json!({ "clients": 2_000_000 }), "workload[0].lookups.clients", "more than 1000000 clients"),
        (json!({ "on": "pc{1..3}.a.edu" }), "workload[0].on", "pc3.a.edu"),
        (json!({ "on": ["pc1.a.edu", "pc{1..2}.a.edu"] }), "workload[0].on[1]", "listed twice"),
        (json!({ "spread": "5s" }), "workload[0].spread", "for look-ups with `every`"),
        (json!({ "every": "5s" }), "workload[0].every", "has no `every`"),
        (json!({ "type": "a" }), "workload[0].type", "did you mean"),
    ];
    for (extra, path, words) in cases {
        refused(&lookups(&extra), path, &[words]);
    }
}

#[test]
fn patterns_of_records_must_go_together() {
    let cases = [
        (json!({ "name": "n{1..3}", "type": "A", "data": "10.0.0.{1..2}" }), "name", "other numbers"),
        (json!({ "name": "n{3..1}", "type": "A", "data": "10.0.0.1" }), "name", "this pattern"),
        (json!({ "name": "n{1..3}", "type": "A", "data": "10.0.0.{254..256}" }), "data", "no IPv4 address"),
    ];
    for (record, key, words) in cases {
        let mut value = lookups(&json!({}));
        value["dns"]["zones"]["b.com"]["records"] = json!([record]);
        refused(&value, &format!("dns.zones.\"b.com\".records[0].{key}"), &[words]);
    }
    let mut router = lookups(&json!({}));
    router["network"]["hosts"]["r"] = json!({ "router": true, "web_server": true });
    assert!(load("test", &router.to_string()).is_err());
}
