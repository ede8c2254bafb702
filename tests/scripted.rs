//! Scripted name servers in scenarios: each kind of misbehaviour, as a resolver meets it, and forged
//! responses.
//!
//! Would break if a server did not do what its script says, or if what it does did not show.

mod common;

use common::{load_value, run_value};
use posthaste::metrics::DnsRow;
use posthaste::scenario;
use serde_json::{Value, json};

/// A computer asks for www.kiwi.org, whose zone has a sound server and a scripted one; the latter goes
/// first, since the resolver knows neither of them.
fn world(scripted: &Value) -> Value {
    json!({
        "network": {
            "access": { "delay": "1ms" }, "backbone": { "delay": "10ms" },
            "hosts": { "pc.uni.edu": {}, "www.kiwi.org": { "address": "10.9.9.9" }, "ns.kiwi.org": { "dns_scripted": scripted } }
        },
        "dns": { "servers": { "ns.kiwi.org": { "zones": ["kiwi.org"] } } },
        "workload": [{ "lookup": "www.kiwi.org", "on": "pc.uni.edu" }]
    })
}

/// The rows of the questions to the scripted server, and that of the computer.
fn asked(value: &Value) -> (Vec<DnsRow>, DnsRow) {
    let rows = run_value(value).record.tables.dns_queries;
    let stub = rows.iter().find(|row| &*row.from == "pc.uni.edu").unwrap().clone();
    (rows.into_iter().filter(|row| &*row.to == "ns.kiwi.org").collect(), stub)
}

fn outcomes(rows: &[DnsRow]) -> Vec<&'static str> {
    rows.iter().map(|row| row.outcome.name()).collect()
}

#[test]
fn each_behaviour_is_what_it_says() {
    let behaves = |behaviour: &str| {
        let (rows, stub) = asked(&world(&json!({ "behaviour": behaviour })));
        (outcomes(&rows), rows[0].clone(), stub)
    };
    let (all, first, stub) = behaves("answer");
    assert_eq!((all, stub.outcome.name()), (vec!["answer"], "answer"));
    assert_eq!(first.answers, Some(1));
    let rtt = first.latency.unwrap();

    let (all, _, stub) = behaves("silent");
    assert!(all.iter().all(|outcome| *outcome == "timeout") && all.len() > 2, "{all:?}");
    assert_eq!(stub.outcome.name(), "timeout");

    for (behaviour, rcode) in [("refuse", "REFUSED"), ("fail", "SERVFAIL"), ("lame", "NOERROR")] {
        let (_, first, stub) = behaves(behaviour);
        assert_eq!((first.rcode.as_deref(), stub.rcode.as_deref()), (Some(rcode), Some("SERVFAIL")), "{behaviour}");
        assert_eq!(first.latency, Some(rtt));
    }
    let (all, first, stub) = behaves("truncate");
    assert_eq!((&all[..2], first.answers, stub.outcome.name()), (&["truncated", "answer"][..], Some(0), "answer"));
    let servers = run_value(&world(&json!({ "behaviour": "truncate" }))).record.tables.dns_servers;
    let server = servers.iter().find(|row| &*row.server == "ns.kiwi.org").unwrap();
    assert_eq!((server.truncated, server.answers, server.nodata), (1, 1, 0));

    let (all, _, stub) = behaves("slow");
    assert!(all.contains(&"timeout") && stub.outcome.name() == "answer", "{all:?}");
    let latency = stub.latency.unwrap().as_secs_f64();
    // only the query with a wait of 3.2 s lives to see its response; it is sent after 0.4, 0.8 and 1.6 s
    assert!((4.8..5.0).contains(&latency), "{latency}");
    let (rows, _) = asked(&world(&json!({ "delay": "50ms" })));
    let late = rows[0].latency.unwrap().as_secs_f64() - rtt.as_secs_f64();
    assert!((late - 0.05).abs() < 1e-9, "{late}");
}

#[test]
fn rules_go_before_zones_and_are_spent() {
    let lie = json!({ "match": { "qname": "WWW.KIWI.ORG" }, "times": 1,
        "reply": { "flags": ["QR", "AA"], "answer": ["www.kiwi.org. 1 IN A 10.6.6.6", "www.kiwi.org. 1 IN A 10.6.6.7"] } });
    let mut value = world(&json!({ "rules": [lie] }));
    value["workload"][0]["every"] = json!("10s");
    value["workload"][0]["times"] = json!(2);
    let (rows, _) = asked(&value);
    let answers: Vec<_> = rows.iter().map(|row| row.answers).collect();
    assert_eq!(answers, [Some(2), Some(1)], "the second answer is the zone's");
    let (rows, stub) = asked(&world(&json!({ "otherwise": "notimp" })));
    assert_eq!((rows[0].rcode.as_deref(), stub.rcode.as_deref()), (Some("NOTIMP"), Some("SERVFAIL")));
}

/// What the scripted server's answer turns out to be when forged denials come while it is on its way.
fn forged(changes: &Value, checks: &Value) -> Vec<&'static str> {
    // the resolver asks the server 86 ms after the beginning and hears of it 44 ms later; a way takes 22 ms
    let mut volley = json!({ "at": "70ms", "count": 1000, "to": "resolver.uni.edu", "as": "ns.kiwi.org",
        "port": 49152, "question": { "qname": "www.kiwi.org", "qtype": "A" }, "reply": { "flags": ["QR", "AA"] } });
    for (key, value) in changes.as_object().unwrap().iter().filter(|change| *change.1 != "random") {
        volley[key] = value.clone();
    }
    let mut value = world(&json!({}));
    value["network"]["hosts"]["evil.net"] = json!({ "dns_scripted": { "unasked": [volley] } });
    value["dns"]["resolvers"] = json!({ "resolver.uni.edu": { "checks": checks, "random_ports": false } });
    if changes["port"] == "random" {
        value["dns"]["resolvers"]["resolver.uni.edu"]["random_ports"] = json!(true);
    }
    let rows = asked(&value).0;
    let asked = rows[0].asked.as_nanos() / 1_000_000;
    assert_eq!(asked, 86, "the forged responses were meant to come while it waits");
    outcomes(&rows)
}

#[test]
fn who_forges_must_know_the_port_and_guess_the_id() {
    let (careful, trusting) = (json!({}), json!({ "id": false }));
    assert_eq!(forged(&json!({}), &trusting), ["nodata"]);
    assert_eq!(forged(&json!({ "port": "random" }), &trusting), ["answer"], "a port of each query's own");
    assert_eq!(forged(&json!({ "port": 49_153 }), &trusting), ["answer"], "the wrong port");
    assert_eq!(forged(&json!({ "port": null }), &trusting), ["answer"], "a port that was never learned");
    assert_eq!(forged(&json!({ "as": "ns.nic.org" }), &trusting), ["answer"], "the wrong server");
    assert_eq!(forged(&json!({ "as": "ns.nic.org" }), &json!({ "id": false, "source": false })), ["nodata"]);
    let other = json!({ "question": { "qname": "ftp.kiwi.org", "qtype": "A" } });
    assert_eq!(forged(&other, &trusting), ["answer"], "the wrong question");
    assert_eq!(forged(&json!({}), &careful), ["answer"], "a thousand guesses of 65536");
    assert_eq!(forged(&json!({ "count": 65_536, "ids": "counting" }), &careful), ["nodata"], "all 65536 of them");
    assert_eq!(forged(&json!({ "at": "40ms", "count": 65_536, "ids": "counting" }), &careful), ["answer"], "too early");
}

#[test]
fn what_fits_no_scripted_server_is_refused() {
    let refused = |scripted: Value, place: &str, message: &str| {
        let errors = scenario::load("test.json", &world(&scripted).to_string()).unwrap_err();
        let found = errors.list().iter().any(|error| error.path.ends_with(place) && error.message.contains(message));
        assert!(found, "{place}: {errors}");
    };
    let one = |key: &str, value: Value| json!({ "rules": [{ key: value }] });
    refused(one("steps", json!([0])), "rules[0].steps", "no steps");
    refused(one("match", json!({ "qname": "a..b" })), "rules[0].match.qname", "no name");
    refused(one("reply", json!([{}, { "answer": ["x"] }])), "rules[0].reply[1].answer[0]", "TTL is missing");
    refused(one("rpely", json!(null)), "rules[0].rpely", "unknown key");
    refused(json!({ "behaviour": "lame", "otherwise": "drop" }), "otherwise", "either");
    refused(json!({ "otherwise": "shrug" }), "otherwise", "no response code");
    refused(json!({ "delay": -1 }), "delay", "never negative");
    let forged = |to: &str, source: &str| json!({ "unasked": [{ "at": "0s", "to": to, "as": source, "question": { "qname": "a", "qtype": "A" }, "reply": {} }] });
    refused(forged("nobody.org", "ns.kiwi.org"), "unasked[0].to", "no host");
    refused(forged("ns.kiwi.org", "nobody.org"), "unasked[0].as", "no host");
    let mut no_zones = world(&json!({ "behaviour": "slow" }));
    no_zones["dns"]["servers"] = json!({});
    no_zones["network"]["hosts"]["other.org"] = json!({ "dns_scripted": { "behaviour": "slow" } });
    assert!(scenario::load("t", &no_zones.to_string()).unwrap_err().to_string().contains("no zones"));
    let mut changing = world(&json!({}));
    changing["dns"]["changes"] =
        json!([{ "at": "1s", "zone": "kiwi.org", "set": [{ "name": "www", "type": "A", "data": "10.0.0.1" }] }]);
    assert!(scenario::load("t", &changing.to_string()).unwrap_err().to_string().contains("stay as they are"));
    let mut copying = world(&json!({}));
    copying["dns"]["servers"]["ns2.kiwi.org"] = json!({ "secondary": ["kiwi.org"] });
    copying["network"]["hosts"]["ns2.kiwi.org"] = json!({ "dns_scripted": { "behaviour": "silent" } });
    assert!(scenario::load("t", &copying.to_string()).unwrap_err().to_string().contains("keeps no copies"));
    let mut both = world(&json!({}));
    both["dns"]["resolvers"] = json!({ "ns.kiwi.org": {} });
    assert!(scenario::load("t", &both.to_string()).unwrap_err().to_string().contains("port 53"));
}

#[test]
fn a_filled_in_scenario_is_the_same_scenario() {
    let mut value = world(&json!({ "behaviour": "truncate", "delay": 0.5, "rules": [
        { "match": { "do": true, "transport": "tcp" }, "reply": null },
        { "reply": [{ "wire": "0001", "delay": "3ms" }, { "rcode": "17", "edns": { "do": true } }] }] }));
    value["network"]["hosts"]["evil.net"] = json!({ "dns_scripted": {} });
    let resolved = load_value(&value);
    let again = scenario::load("again", &resolved.to_json_text()).unwrap();
    assert_eq!(resolved.dns.scripted, again.dns.scripted);
    assert_eq!(resolved.dns.scripted.len(), 2);
}
