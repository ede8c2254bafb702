//! Scenarios whose hosts have IPv6: what is filled in, and what is refused.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::testing::{good, stays};
use super::*;
use crate::proto::dns::Rtype;

/// Two domains in a network of which something is said.
fn with(network: Value) -> Value {
    let mail = json!({ "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } });
    json!({ "mail": mail, "network": network })
}

fn samples() -> Vec<Value> {
    vec![
        with(json!({ "ip": "dual" })),
        with(json!({ "ip": "ipv6" })),
        with(json!({ "ip": "dual", "hosts": { "crepes.fr": { "ip": "ipv4" }, "hamburger.edu": { "ip": "ipv6" } } })),
        with(json!({ "hosts": { "crepes.fr": { "address6": "2001:db8::25" } } })),
        with(json!({ "ip": "ipv6", "hosts": { "crepes.fr": { "address": "10.1.2.3" } } })),
    ]
}

#[test]
fn resolved_scenarios_with_ipv6_resolve_to_themselves() {
    for sample in samples() {
        stays(&good(&sample));
    }
}

/// Breaks when a file that knows nothing of IPv6 gets another resolved form, and so another hash.
#[test]
fn ipv4_alone_leaves_no_word_of_ipv6() {
    let text = good(&with(json!({}))).to_json_text();
    assert!(!text.contains("\"ip\"") && !text.contains("address6") && !text.contains("AAAA"));
}

fn addresses(resolved: &Resolved, host: &str) -> (bool, bool) {
    let addresses = resolved.host_spec(resolved.host(host).unwrap()).addresses;
    (addresses.v4.is_some(), addresses.v6.is_some())
}

#[test]
fn hosts_have_the_families_that_they_or_the_network_name() {
    let (both, v4, v6) = ((true, true), (true, false), (false, true));
    let expected = [
        (["crepes.fr", "hamburger.edu", "ns.nic.fr", "internet"], [both, both, both, both]),
        (["crepes.fr", "hamburger.edu", "ns.nic.fr", "internet"], [v6, v6, v6, v6]),
        (["crepes.fr", "hamburger.edu", "ns.nic.fr", "router.crepes.fr"], [v4, v6, both, both]),
        (["crepes.fr", "hamburger.edu", "ns.nic.fr", "internet"], [both, v4, v4, both]),
        (["crepes.fr", "hamburger.edu", "ns.nic.fr", "internet"], [both, v6, v6, both]),
    ];
    for (sample, (names, families)) in samples().iter().zip(expected) {
        let resolved = good(sample);
        assert_eq!(names.map(|name| addresses(&resolved, name)), families, "{sample}");
    }
}

#[test]
fn automatic_addresses_are_for_documentation_and_stay() {
    let all = |network| {
        let resolved = good(&with(network));
        let pairs = resolved.hosts.iter().map(|host| (host.name.clone(), host.addresses));
        pairs.collect::<Vec<_>>()
    };
    let (before, after) = (all(json!({})), all(json!({ "ip": "dual", "hosts": { "aaa.pizza.it": {} } })));
    for (name, addresses) in before {
        let (_, same) = after.iter().find(|(other, _)| *other == name).unwrap();
        assert_eq!(addresses.v4, same.v4, "IPv6 moves no IPv4 address");
        assert_eq!(same.v6.unwrap().segments()[..2], [0x2001, 0x0db8], "{name}");
    }
}

/// The addresses of the records of one owner, in one zone.
fn records(resolved: &Resolved, zone: &str, owner: &str) -> Vec<(Rtype, String)> {
    let zone = resolved.dns.zones.iter().find(|spec| spec.name == zone).unwrap();
    let of_owner = zone.records.iter().filter(|record| record.name.to_string() == owner);
    let all = of_owner.map(|record| (record.data.rtype(), record.data.to_string()));
    all.filter(|(rtype, _)| matches!(rtype, Rtype::A | Rtype::Aaaa)).collect()
}

/// A and AAAA of each host in its zone, as glue above it, and for the root's own server.
#[test]
fn zones_have_the_addresses_of_their_hosts() {
    let resolved = good(&samples()[2]);
    let of_host = |name: &str| {
        let addresses = resolved.host_spec(resolved.host(name).unwrap()).addresses;
        let record = |address: IpAddr| match address {
            IpAddr::V4(_) => (Rtype::A, address.to_string()),
            IpAddr::V6(_) => (Rtype::Aaaa, address.to_string()),
        };
        let mut all: Vec<_> = addresses.by_precedence().map(record).collect();
        all.sort();
        all
    };
    for (zone, owner, count) in [
        ("crepes.fr", "crepes.fr", 1),
        ("hamburger.edu", "hamburger.edu", 1),
        ("hamburger.edu", "ns.hamburger.edu", 2),
        ("edu", "ns.hamburger.edu", 2),
        (".", "ns.nic.edu", 2),
        (".", "a.root-servers.net", 2),
    ] {
        let found = records(&resolved, zone, owner);
        assert_eq!((found.len(), &found), (count, &of_host(owner)), "{owner} in {zone}");
    }
}

/// What the file gives is all there is: so a host can be left out of one family's records.
#[test]
fn a_records_given_keep_aaaa_away() {
    let mut scenario = samples()[0].clone();
    scenario["dns"] =
        json!({ "zones": { "crepes.fr": { "records": [ { "name": "@", "type": "A", "data": "10.9.9.9" } ] } } });
    let resolved = good(&scenario);
    assert_eq!(records(&resolved, "crepes.fr", "crepes.fr"), [(Rtype::A, "10.9.9.9".to_owned())]);
}

#[test]
fn errors_name_the_address_and_what_would_help() {
    let host = |value: Value| with(json!({ "hosts": { "crepes.fr": value } }));
    let zone = |rtype: &str, data: &str| {
        let record = json!({ "name": "www", "type": rtype, "data": data });
        let mut scenario = with(json!({ "ip": "dual" }));
        scenario["dns"] = json!({ "zones": { "crepes.fr": { "records": [record] } } });
        scenario
    };
    let cases = [
        (
            host(json!({ "address": "2001:db8::1" })),
            "network.hosts.\"crepes.fr\".address",
            "no IPv4 address",
            "\"address6\"",
        ),
        (
            host(json!({ "address6": "10.0.0.1" })),
            "network.hosts.\"crepes.fr\".address6",
            "no IPv6 address",
            "\"address\"",
        ),
        (
            host(json!({ "address6": "2001:db8" })),
            "network.hosts.\"crepes.fr\".address6",
            "write it like",
            "2001:db8::1",
        ),
        (host(json!({ "address6": "fe80::1" })), "network.hosts.\"crepes.fr\".address6", "cannot be", "fe80::1"),
        (host(json!({ "address6": "::ffff:10.0.0.1" })), "address6", "cannot be", "::ffff:10.0.0.1"),
        (host(json!({ "ip": "ipv4", "address6": "2001:db8::1" })), "address6", "as its `ip` says", "\"ip\": \"dual\""),
        (host(json!({ "ip": "ipv5" })), "network.hosts.\"crepes.fr\".ip", "ipv4, ipv6, dual", "ipv5"),
        (
            with(
                json!({ "hosts": { "a.fr": { "address6": "2001:db8::1" }, "b.fr": { "address6": "2001:db8:0::1" } } }),
            ),
            "network.hosts.\"b.fr\".address6",
            "also the address of",
            "a.fr",
        ),
        (
            host(json!({ "ip": "ipv6" })),
            "network.hosts.\"crepes.fr\"",
            "cannot reach \"resolver.crepes.fr\"",
            "\"ip\": \"dual\"",
        ),
        (
            with(json!({ "ip": "ipv6", "hosts": { "a.root-servers.net": { "ip": "ipv4" } } })),
            "dns",
            "cannot reach \"a.root-servers.net\"",
            "dual",
        ),
        (
            with(json!({ "ip": "dual", "hosts": { "internet": { "router": true, "ip": "ipv4" } } })),
            "network.hosts.internet.ip",
            "no IPv6 address, but has to forward",
            "leave \"ip\" out",
        ),
        (with(json!({ "ip": "dual", "access": { "mtu": "1000B" } })), "network.access.mtu", "1280", "RFC 8200"),
        (with(json!({ "ip": "dual", "tcp": { "mss": 20 } })), "network.tcp.mss", "over IPv6", "20 bytes less"),
        (zone("A", "2001:db8::1"), "records[0].data", "type AAAA", "2001:db8::1"),
        (zone("AAAA", "10.0.0.1"), "records[0].data", "type A", "10.0.0.1"),
    ];
    for (scenario, place, message, help) in cases {
        let errors = load("test", &scenario.to_string()).expect_err(place).to_string();
        for part in [place, message, help] {
            assert!(errors.contains(part), "{part} is not in:\n{errors}");
        }
    }
}
