//! Name servers' options: what is filled in, and what is refused.

use serde_json::{Value, json};

use super::testing::{good, stays};
use super::*;
use crate::app::dns::UpstreamKind;

fn with(dns: &Value) -> Value {
    json!({ "mail": { "crepes.fr": { "users": ["alice"] } }, "dns": dns })
}

/// Breaks when the one switch misses a server or a resolver, or an own mode does not count.
#[test]
fn one_switch_makes_all_recursive() {
    let modes = |dns: Value| {
        let resolved = good(&with(&dns));
        stays(&resolved);
        let server = |spec: &resolved::NameServerSpec| {
            (resolved.hosts[spec.host.index()].name.clone(), spec.recursive, spec.roots.len())
        };
        let servers: Vec<_> = resolved.dns.servers.iter().map(server).collect();
        let upstreams = resolved.dns.resolvers[0].config.upstreams.clone();
        (servers, upstreams.iter().map(|upstream| (upstream.zone.to_string(), upstream.kind)).collect::<Vec<_>>())
    };
    let all = |recursive: bool, roots: [usize; 3]| {
        let names = ["a.root-servers.net", "ns.crepes.fr", "ns.nic.fr"];
        names.iter().zip(roots).map(|(name, roots)| ((*name).to_owned(), recursive, roots)).collect::<Vec<_>>()
    };
    let forward = (".".to_owned(), UpstreamKind::Forward { first: false });
    assert_eq!(modes(json!({})), (all(false, [0, 0, 0]), vec![]));
    assert_eq!(modes(json!({ "mode": "recursive" })), (all(true, [0, 1, 1]), vec![forward.clone()]));
    let own = json!({ "mode": "recursive", "resolvers": { "resolver.crepes.fr": { "mode": "iterative" } } });
    assert_eq!(modes(own), (all(true, [0, 1, 1]), vec![]));
    let own = json!({ "servers": { "ns.nic.fr": { "zones": ["fr"], "mode": "recursive" } } });
    let (servers, upstreams) = modes(own);
    let recursive: Vec<_> = servers.iter().filter(|server| server.1).map(|server| &*server.0).collect();
    assert_eq!((&recursive[..], upstreams.len()), (&["ns.nic.fr"][..], 0));
}

const SECOND: &str = "ns2.crepes.fr";

/// Breaks when a secondary is no server of the zone to the world, or nobody's copy.
#[test]
fn a_secondary_stands_in_the_zone_and_has_its_primary() {
    let changes = json!([
        { "at": "2min", "zone": "crepes.fr", "remove": [ { "name": "www" } ] },
        { "at": "1min", "zone": "crepes.fr", "set": [ { "name": "www", "type": "A", "data": "10.9.9.9" } ] },
    ]);
    let dns = json!({ "servers": { SECOND: { "secondary": ["crepes.fr"] } }, "changes": changes });
    let first = good(&with(&dns));
    stays(&first);
    let host = |name: &str| first.host(name).unwrap();
    let spec = first.dns.servers.iter().find(|spec| spec.host == host(SECOND)).unwrap();
    assert_eq!((spec.zones.len(), spec.secondary.len()), (0, 1));
    assert_eq!(spec.secondary[0].primaries, [host("ns.crepes.fr")]);
    let text = |zone: &str| {
        let zone = first.dns.zones.iter().find(|spec| spec.name == zone).unwrap();
        zone.records.iter().map(|record| format!("{} {}", record.name, record.data)).collect::<Vec<_>>()
    };
    for zone in ["crepes.fr", "fr"] {
        let text = text(zone);
        let servers: Vec<_> =
            text.iter().filter(|line| line.starts_with("crepes.fr ns") && !line.contains("hostmaster")).collect();
        assert_eq!(servers, ["crepes.fr ns.crepes.fr.", "crepes.fr ns2.crepes.fr."], "{text:?}");
    }
    assert!(text("crepes.fr").iter().any(|line| line.starts_with("crepes.fr ns.crepes.fr. hostmaster")));
    let order = first.dns.changes.iter().map(|change| (change.at.as_nanos() / 1_000_000_000, change.set.len()));
    assert_eq!(order.collect::<Vec<_>>(), [(60, 1), (120, 0)]);
    assert_eq!(first.dns.changes[0].set[0].ttl, 3600, "the zone's");
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let change = |change: Value| json!({ "changes": [change] });
    let a = json!({ "name": "www", "type": "A", "data": "10.9.9.9" });
    // the serial before is 1, and RFC 1982 counts in a ring
    let soa =
        |serial: u32| json!({ "name": "@", "type": "SOA", "data": format!("ns hostmaster {serial} 60 60 60 60") });
    for serial in [1, 2, 0x8000_0000] {
        good(&with(&change(json!({ "at": "1s", "zone": "crepes.fr", "set": [soa(serial)] }))));
    }
    for (dns, place) in [
        (json!({ "servers": { SECOND: { "secondary": ["a.b"] } } }), "servers.\"ns2.crepes.fr\".secondary[0]"),
        (
            json!({ "servers": { SECOND: { "zones": ["crepes.fr"], "secondary": ["crepes.fr"] } } }),
            "servers.\"ns2.crepes.fr\".secondary[0]",
        ),
        (change(json!({ "at": "1s", "zone": "a.b", "set": [a] })), "changes[0].zone"),
        (change(json!({ "at": "1s", "zone": "crepes.fr" })), "changes[0]"),
        (
            change(json!({ "at": "1s", "zone": "crepes.fr", "set": [{ "name": "www", "type": "A", "data": "x" }] })),
            "changes[0].set[0].data",
        ),
        (
            change(json!({ "at": "1s", "zone": "crepes.fr", "remove": [{ "name": "www", "type": "Q" }] })),
            "changes[0].remove[0].type",
        ),
        (change(json!({ "at": "1s", "zone": "crepes.fr", "remove": [{ "name": "no" }] })), "changes[0]"),
        (change(json!({ "at": "1s", "zone": "crepes.fr", "remove": [{ "name": "@", "type": "SOA" }] })), "changes[0]"),
        (change(json!({ "at": "1s", "zone": "crepes.fr", "set": [soa(0)] })), "changes[0]"),
        (
            json!({ "changes": [
                { "at": "1s", "zone": "crepes.fr", "set": [a] },
                { "at": "2s", "zone": "crepes.fr", "set": [{ "name": "www", "type": "CNAME", "data": "x" }] },
            ] }),
            "changes[1]",
        ),
    ] {
        let errors = load("wrong", &with(&dns).to_string()).unwrap_err();
        assert!(errors.to_string().contains(&format!("dns.{place}")), "{dns}: {errors}");
        assert_eq!(errors.list().len(), 1, "{dns}: {errors}");
    }
}
