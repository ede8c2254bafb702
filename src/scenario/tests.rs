//! Whole scenarios: what is filled in, what stays, and how errors read.

use serde_json::{Value, json};

use super::resolved::Work;
use super::testing::{good, stays};
use super::*;
use crate::base::{DataRate, SimDuration};
use crate::net::{CodelConfig, Discipline, RedConfig};
use crate::proto::dns::{Name, RecordData};
use crate::sim::Faulty;

const SHORT: &str = r#"{ "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
  "workload": [ { "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body": ["Do you like ketchup?"] } ] }"#;

fn short() -> Value {
    serde_json::from_str(SHORT).unwrap()
}

fn with(pointer: &str, value: Value) -> Value {
    let mut scenario = short();
    let (above, key) = pointer.rsplit_once('/').unwrap();
    scenario.pointer_mut(above).unwrap()[key] = value;
    scenario
}

/// Some scenarios that exercise each rule of filling in.
fn samples() -> Vec<Value> {
    let lookup = json!({ "lookup": "www.example.com", "on": "pc", "every": "1s", "times": 3 });
    vec![
        json!({}),
        short(),
        with(
            "/network",
            json!({ "hosts": { "a": {}, "b": {}, "r": { "router": true } },
            "links": [ { "between": ["a", "r"], "rate": "1Mbps" }, { "between": ["r", "b"] } ] }),
        ),
        with(
            "/dns",
            json!({ "zones": { "crepes.fr": { "records": [
            { "name": "@", "type": "A", "data": "10.1.1.1" }, { "name": "@", "type": "NS", "data": "ns1" } ] } } }),
        ),
        with("/dns", json!({ "servers": { "dns.isp.net": { "zones": ["crepes.fr", "hamburger.edu", "."] } } })),
        with("/dns", json!({ "resolvers": { "cache.crepes.fr": {} }, "roots": ["r1.root", "r2.root"] })),
        json!({ "network": { "hosts": { "pc": {}, "www.example.com": {} } }, "workload": [lookup] }),
        json!({ "mail": { "a.edu": { "users": ["u{1..3}", "x.y+z"], "server": "b.edu" }, "b.edu": { "users": ["v"] } },
            "workload": [ { "poisson": { "rate": "3 per hour" }, "from": "every-user", "to": "any-user" },
                { "user": "every-user", "read": "pop3", "every": "1h", "spread": "1h" } ] }),
        json!({ "network": { "hosts": { "lab.a.edu": {} } }, "mail": { "a.edu": { "users": ["u{1..3}", "x"],
            "computer": "lab.a.edu", "password": "p", "catch_all": { "mailbox": "x", "except": ["no*", "NO"] } } },
            "users": { "u2@a.edu": { "password": "q" } }, "workload": [{ "from": "x@a.edu", "to": "any@a.edu" }] }),
        with(
            "/network",
            json!({ "access": { "rate": "1Mbps", "reverse": { "rate": "10Mbps", "codel": {}, "loss_every": 9 } },
            "backbone": { "jitter": { "extra": "uniform 1ms to 2ms" }, "loss": 0.1, "mtu": "1500B",
                "bursts": { "to_bad": 0.01, "to_good": 0.1 }, "forward": { "red": { "min_th": 7 }, "loss": 0 } } }),
        ),
    ]
}

#[test]
fn resolved_scenarios_resolve_to_themselves() {
    for sample in samples() {
        stays(&good(&sample));
    }
}

#[test]
fn the_lectures_hosts_come_by_themselves() {
    let resolved = good(&short());
    for name in [
        "crepes.fr",
        "ns.crepes.fr",
        "resolver.crepes.fr",
        "alice-pc.crepes.fr",
        "router.crepes.fr",
        "a.root-servers.net",
        "ns.nic.fr",
        "ns.nic.edu",
        "internet",
        "bob-pc.hamburger.edu",
    ] {
        assert!(resolved.host(name).is_some(), "{name}");
    }
    assert_eq!(resolved.hosts.len(), 14);
    assert_eq!(resolved.links.len(), 13, "a tree");
    let zone = resolved.dns.zones.iter().find(|zone| zone.name == "hamburger.edu").unwrap();
    let mx = RecordData::Mx { preference: 10, exchange: Name::parse("hamburger.edu").unwrap() };
    assert!(zone.records.iter().any(|record| record.data == mx && record.name.to_string() == "hamburger.edu"));
    let root = resolved.dns.zones.iter().find(|zone| zone.name == ".").unwrap();
    assert!(root.records.iter().any(|record| record.name.to_string() == "ns.nic.fr"), "glue for the TLD's server");
}

#[test]
fn an_unrelated_host_changes_no_address() {
    let before = good(&short());
    let after = good(&with("/network", json!({ "hosts": { "aaa.pizza.it": {}, "printer.crepes.fr": {} } })));
    for host in &before.hosts {
        let same = after.host_spec(after.host(&host.name).unwrap());
        assert_eq!((host.addresses, &host.site), (same.addresses, &same.site), "{}", host.name);
    }
}

#[test]
fn order_of_keys_and_links_changes_nothing() {
    let links = |list: Value| with("/network", json!({ "hosts": { "b": {}, "a": {} }, "links": list }));
    let (ab, ac) = (json!({ "between": ["a", "b"] }), json!({ "between": ["a", "crepes.fr"] }));
    let (one, two) = (good(&links(json!([ab, ac]))), good(&links(json!([ac, ab]))));
    assert_eq!(one.links, two.links);
    assert_eq!(one.hosts, two.hosts);
    let swapped = r#"{ "workload": [ { "body": ["Do you like ketchup?"], "to": "bob@hamburger.edu", "from": "alice@crepes.fr" } ],
        "mail": { "hamburger.edu": { "users": ["bob"] }, "crepes.fr": { "users": ["alice"] } } }"#;
    assert_eq!(load("swapped", swapped).unwrap().to_json(), good(&short()).to_json());
}

#[test]
fn what_the_file_says_is_kept() {
    let given = with(
        "/dns",
        json!({ "zones": { "crepes.fr": { "ttl": "30s", "records": [
        { "name": "@", "type": "MX", "data": "5 mx", "ttl": "1min" }, { "name": "mx", "type": "CNAME", "data": "@" } ] } } }),
    );
    let resolved = good(&given);
    let zone = resolved.dns.zones.iter().find(|zone| zone.name == "crepes.fr").unwrap();
    let of_type = |rtype: &str| zone.records.iter().filter(|record| record.data.rtype().to_string() == rtype).count();
    assert_eq!((of_type("MX"), of_type("SOA"), of_type("NS")), (1, 1, 1));
    assert_eq!(zone.records[0].ttl, 60);
    assert!(zone.records[2..].iter().all(|record| record.ttl == 30));
}

#[test]
fn components_are_connected_once() {
    let given =
        json!({ "network": { "hosts": { "a": {}, "b": {}, "c": {} }, "links": [ { "between": ["a", "b"] } ] } });
    let resolved = good(&given);
    let names: Vec<&str> = resolved.links.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(names, ["a--b", "a--internet", "c--router.local", "router.local--internet"]);
    let alone = good(&json!({ "network": { "hosts": { "a": {}, "b": {} }, "links": [ { "between": ["a", "b"] } ] } }));
    assert_eq!(alone.hosts.len(), 2, "what is connected needs no Internet");
}

#[test]
fn groups_become_one_item_a_user() {
    let resolved = good(&samples()[7]);
    let counts = resolved.workload.iter().fold((0, 0), |(random, reading), work| match work {
        Work::Poisson(_) => (random + 1, reading),
        Work::Read(_) => (random, reading + 1),
        Work::Message(_) | Work::Lookup(_) | Work::Lookups(_) => (random, reading),
        Work::Browse(_) | Work::Session(_) | Work::People(_) => (random, reading),
    });
    assert_eq!(counts, (5, 5));
    for work in &resolved.workload {
        if let Work::Poisson(work) = work {
            assert_eq!(work.mean_gap, SimDuration::from_secs(1200));
            assert_eq!(work.to.len(), 5);
            assert!(work.to.is_sorted() && work.to.contains(&work.from), "senders are found by binary search");
        }
    }
}

#[test]
fn overrides_reach_everything_and_are_named_in_errors() {
    let set =
        |pointer: &str, value: Value| Overrides { set: vec![(pointer.to_owned(), value)], ..Overrides::default() };
    let load = |overrides: &Overrides| load_with("test", SHORT.as_bytes(), overrides);
    let resolved = load(&set("/network/backbone/delay", json!("7ms"))).unwrap();
    assert!(resolved.links.iter().any(|link| link.directions[0].delay == SimDuration::from_millis(7)));
    let resolved = load(&Overrides { seed: Some(9), until: Some(SimDuration::from_secs(9)), set: vec![] }).unwrap();
    assert_eq!((resolved.run.seed, resolved.run.until.as_nanos()), (9, 9_000_000_000));
    for (pointer, value) in [
        ("/run/sed", json!(1)),
        ("run", json!(1)),
        ("/workload/7/at", json!("1s")),
        ("/workload/0/to", json!("bob@hamburgr.edu")),
        ("/mail/crepes.fr/users/0/x", json!(1)),
        ("/run/until", json!(5)),
    ] {
        let errors = load(&set(pointer, value)).unwrap_err();
        assert!(errors.list()[0].source.starts_with(&format!("--set {pointer}=")), "{errors}");
    }
}

#[test]
fn an_error_shows_its_place_and_a_way_out() {
    let text = "{\n  \"mail\": { \"crepes.fr\": { \"users\": [\"alice\"] }, \"hamburger.edu\": { \"users\": [\"bob\"] } },\n  \
        \"workload\": [\n    { \"from\": \"alice@crepes.fr\", \"to\": \"bob@hamburgr.edu\" }\n  ]\n}\n";
    let shown = load("post.json", text).unwrap_err().to_string();
    assert_eq!(
        shown,
        "error: there is no mail domain \"hamburgr.edu\"\n --> post.json:4:40 at workload[0].to\n  |\n\
         4 |     { \"from\": \"alice@crepes.fr\", \"to\": \"bob@hamburgr.edu\" }\n  |                                        \
         ^^^^^^^^^^^^^^^^^^\n  = help: did you mean \"bob@hamburger.edu\"?\n"
    );
}

#[test]
fn all_errors_come_at_once() {
    let form = json!({ "titel": 1, "start": 5, "run": { "seed": -1, "until": 30 }, "workload": [ 7, { "at": [] } ],
        "expect": [ {} ], "mail": { "a.b": { "dialect": "rfc" } } });
    let errors = load("form", &serde_json::to_string_pretty(&form).unwrap()).unwrap_err();
    assert!(errors.list().len() >= 7, "{errors}");
    let meaning = json!({ "network": { "hosts": { "A": {}, "b": { "address": "x" } }, "links": [ { "between": ["b", "q"] } ] },
        "faults": [ { "host": "q" } ], "workload": [ {} ], "expect": [ { "metric": "messages.delivered" } ] });
    let errors = load("meaning", &serde_json::to_string_pretty(&meaning).unwrap()).unwrap_err();
    assert_eq!(errors.list().len(), 6, "{errors}");
}

#[test]
fn a_direction_overrides_its_link() {
    let links = json!({ "hosts": { "a": {}, "b": {} }, "links": [ { "name": "l", "between": ["a", "b"],
        "rate": "1Mbps", "codel": {}, "jitter": { "extra": "lognormal 5ms sigma 0.5", "reorder": true },
        "reverse": { "rate": "2Mbps", "red": {} } } ] });
    let resolved = good(&json!({ "network": links }));
    let [there, back] = resolved.links.iter().find(|link| link.name == "l").unwrap().directions;
    assert_eq!((there.rate, back.rate), (DataRate::parse("1Mbps").ok(), DataRate::parse("2Mbps").ok()));
    assert_eq!(there.discipline, Discipline::Codel(CodelConfig::default()));
    assert_eq!(back.discipline, Discipline::Red(RedConfig::default()));
    assert_eq!(there.jitter, back.jitter);
    for wrong in [
        json!({ "red": {}, "codel": {} }),
        json!({ "red": { "min_th": 5, "max_th": 5 } }),
        json!({ "red": { "weight": 0 } }),
        json!({ "codel": { "target": "0s" } }),
        json!({ "mtu": "67B" }),
        json!({ "mtu": 1500 }),
        json!({ "loss": 1.5 }),
        json!({ "loss_every": 0 }),
        json!({ "bursts": { "to_bad": 0.1 } }),
        json!({ "jitter": { "extra": "gamma 5ms" } }),
        json!({ "jitter": { "extra": "uniform 5ms to 2ms" } }),
        json!({ "jitter": { "extra": "pareto 5ms shape 0" } }),
        json!({ "reverse": { "delay": "200y" } }),
        json!({ "reverse": { "delay": "36501d" } }),
        json!({ "forward": { "forward": {} } }),
    ] {
        let errors = load("wrong", &json!({ "network": { "access": wrong } }).to_string());
        assert_eq!(errors.err().map(|errors| errors.list().len()), Some(1), "{wrong}");
    }
}

#[test]
fn rack_takes_sack() {
    let tcp = good(&with("/network", json!({ "tcp": { "rack": true, "sack": true } }))).tcp;
    assert!(tcp.rack && tcp.sack && !good(&short()).tcp.rack);
    for alone in [json!({ "rack": true }), json!({ "rack": true, "sack": false })] {
        let errors = load("alone", &with("/network", json!({ "tcp": alone })).to_string()).unwrap_err();
        assert!(errors.to_string().contains("at network.tcp.rack"), "{errors}");
        assert_eq!(errors.list().len(), 1, "{errors}");
    }
}

#[test]
fn routing_is_read() {
    let route = json!({ "at": "internet", "to": "crepes.fr", "via": "router.crepes.fr" });
    let routing = json!({ "by": "hops", "convergence": "never", "static": [route] });
    let resolved = good(&with("/network", json!({ "routing": routing, "dead_hosts": "reported" })));
    assert_eq!(resolved.policy.dead_hosts, crate::net::DeadHosts::Reported);
    assert_eq!((resolved.policy.routing.metric, resolved.policy.routing.convergence), (crate::net::Metric::Hops, None));
    assert_eq!(resolved.policy.routing.fixed.len(), 1);
    for wrong in [
        json!({ "convergence": "soon" }),
        json!({ "static": [ { "at": "internet", "to": "crepes.fr", "via": "crepes.fr" } ] }),
        json!({ "static": [ { "at": "internet", "to": "crepe.fr", "via": "router.crepes.fr" } ] }),
    ] {
        let errors = load("wrong", &with("/network", json!({ "routing": wrong })).to_string()).unwrap_err();
        assert_eq!(errors.list().len(), 1, "{wrong}: {errors}");
    }
}

#[test]
fn faults_name_what_breaks_and_when() {
    let line = "router.crepes.fr--internet";
    let resolved = good(&with(
        "/faults",
        json!([
            { "at": "1s", "for": "1s", "every": "1min", "host": "crepes.fr", "port": 25 },
            { "mean_up": "1h", "mean_down": "1min", "link": line },
            { "mean_up": "1h", "mean_down": "1min", "link": line },
            { "at": "1s", "for": "1s", "partition": ["hamburger.edu", "crepes.fr"] },
            { "at": "1s", "link": line, "change": { "rate": "1kbps", "direction": "reverse" } },
        ]),
    ));
    let names: Vec<&str> = resolved.faults.iter().map(|fault| fault.name.as_str()).collect();
    let link = format!("link/{line}");
    assert_eq!(names[..3], ["service/crepes.fr/25", &link, &format!("{link}#2")], "each has its own stream");
    let Faulty::Partition(cut) = &resolved.faults[3].what else { unreachable!() };
    let cut: Vec<&str> = cut.iter().map(|&number| resolved.links[number as usize].name.as_str()).collect();
    assert_eq!(cut, [line, "router.hamburger.edu--internet"], "a site's router is inside");
    for (wrong, message) in [
        (json!({ "port": 25, "link": line }), "\"port\" belongs"),
        (json!({ "host": "crepes.fr", "link": line }), "names one of"),
        (json!({ "host": "crepes.fr", "port": 25, "change": { "mtu": "576B" } }), "no MTU"),
        (json!({ "host": "crepes.fr", "port": 25, "change": { "rate": "1kbps" }, "processing": "1s" }), "change"),
        (json!({ "link": line, "change": { "direction": "reverse" } }), "changes nothing"),
        (json!({ "link": line, "every": "1min" }), "\"for\" below"),
        (json!({ "link": line, "every": "1min", "for": "1min" }), "\"for\" below"),
        (json!({ "link": line, "mean_up": "1min" }), "both"),
        (json!({ "link": line, "mean_up": "1min", "mean_down": "1s", "for": "1s" }), "beside"),
        (json!({ "link": line, "until": "1min" }), "belongs to"),
        (json!({ "partition": ["nowhere"] }), "no host"),
        (json!({ "partition": ["crepes.fr", "hamburger.edu", "internet", "root-servers.net", "fr", "edu"] }), "host"),
    ] {
        let errors = load("wrong", &with("/faults", json!([wrong])).to_string()).unwrap_err();
        assert!(errors.to_string().contains(message), "{wrong}: {errors}");
    }
}

#[test]
fn committed_schema_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/scenario.json");
    let committed: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(committed == json_schema(), "run `posthaste schema > schema/scenario.json`");
}

#[test]
fn big_files_are_filled_in_and_refused_in_reasonable_time() {
    let domains: serde_json::Map<String, Value> =
        (0..2_000).map(|n| (format!("d{n}.edu"), json!({ "users": ["a"] }))).collect();
    let resolved = good(&json!({ "mail": domains, "limits": { "hosts": 20_000 } }));
    assert_eq!(resolved.domains.len(), 2_000);
    let users = json!({ "mail": { "a.edu": { "users": ["u{1..4000}"] }, "b.edu": { "users": ["u{1..4000}"] } },
        "workload": [ { "poisson": { "rate": "1/h" }, "from": "every-user", "to": "any-user" } ] });
    assert_eq!(good(&users).workload.len(), 8_000);
    let many: Vec<String> = (0..200_000).map(|n| format!("u{n}")).collect();
    let errors = load("many", &json!({ "mail": { "a.edu": { "users": many } } }).to_string()).unwrap_err();
    assert_eq!(errors.list().len(), 1);
    let patterns: Vec<String> = (0..300).map(|n| format!("u{n}x{{1..9999}}")).collect();
    assert!(load("patterns", &json!({ "mail": { "a.edu": { "users": patterns } } }).to_string()).is_err());
}

/// Breaks when a reader's random part depends on the entries of others that stand before it.
#[test]
fn a_spread_is_the_users_own() {
    let spread_of_bob = |before: &str| {
        let text = format!(
            r#"{{ "mail": {{ "crepes.fr": {{ "users": ["alice", "bob"] }} }}, "run": {{ "until": "9h" }},
                 "workload": [ {before} {{ "user": "bob@crepes.fr", "read": "pop3", "every": "1h", "spread": "1h" }} ] }}"#
        );
        let scenario = load("test.json", &text).unwrap();
        let reads = scenario.workload.iter().filter_map(|work| match work {
            Work::Read(read) if scenario.users[read.user].local == "bob" => Some(read.schedule.at),
            Work::Read(_) | Work::Message(_) | Work::Poisson(_) | Work::Lookup(_) | Work::Lookups(_) => None,
            Work::Browse(_) | Work::Session(_) | Work::People(_) => None,
        });
        reads.collect::<Vec<_>>()
    };
    let alone = spread_of_bob("");
    assert_eq!(
        spread_of_bob(r#"{ "user": "alice@crepes.fr", "read": "pop3", "every": "1h", "spread": "1h" },"#),
        alone
    );
    let twice = spread_of_bob(r#"{ "user": "bob@crepes.fr", "read": "pop3", "every": "1h", "spread": "1h" },"#);
    assert_ne!(twice[0], twice[1], "each of a user's entries has a stream of its own");
}
