//! Resolvers' options: what is filled in, and what is refused.

use serde_json::{Value, json};

use super::testing::{good, stays};
use super::*;
use crate::app::dns::{ResolverConfig, ServeStale, UpstreamKind};

fn with(resolvers: &Value) -> Value {
    json!({ "mail": { "crepes.fr": { "users": ["alice"] } }, "dns": { "resolvers": resolvers } })
}

/// Breaks when the defaults of the file and those of the application part.
#[test]
fn a_resolver_without_options_has_the_applications_defaults() {
    let resolved = good(&with(&json!({})));
    let [resolver] = &resolved.dns.resolvers[..] else { panic!("one site, one resolver") };
    let bare = ResolverConfig { roots: Vec::new(), ..resolver.config.clone() };
    assert_eq!(bare, ResolverConfig::default());
    assert_eq!(resolver.config.roots.len(), 1);
    let stale = good(&with(&json!({ "resolver.crepes.fr": { "serve_stale": {} } })));
    assert_eq!(stale.dns.resolvers[0].config.stale, Some(ServeStale::default()));
}

#[test]
fn options_reach_the_application_and_resolve_to_themselves() {
    let given = json!({
        "isp.net": { "cache_limit": "1MB", "mixed_case": true, "checks": { "id": false }, "edns_size": 0, "retries": 2 },
        "home.net": {
            "forward": [ { "zone": ".", "to": ["isp.net"] } ],
            "stub": [ { "zone": "crepes.fr", "servers": ["ns.crepes.fr"] } ],
        },
    });
    let first = good(&with(&given));
    stays(&first);
    let config = |name: &str| {
        let of = |spec: &&resolved::ResolverSpec| first.hosts[spec.host.index()].name == name;
        first.dns.resolvers.iter().find(of).map(|spec| spec.config.clone()).unwrap()
    };
    let isp = config("isp.net");
    assert_eq!((isp.cache_limit, isp.mixed_case, isp.edns_size, isp.retries), (Some(1_000_000), true, None, Some(2)));
    assert!(!isp.checks.id && isp.checks.source);
    let home = config("home.net");
    let kinds: Vec<_> = home.upstreams.iter().map(|upstream| (upstream.zone.to_string(), upstream.kind)).collect();
    let forward = UpstreamKind::Forward { first: false };
    assert_eq!(kinds, [(".".to_owned(), forward), ("crepes.fr".to_owned(), UpstreamKind::Stub { first: false })]);
    assert!(home.upstreams.iter().all(|upstream| upstream.servers.len() == 1));
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let forward = |to: &str| json!({ "forward": [ { "zone": ".", "to": [to] } ] });
    for (resolvers, place) in [
        (json!({ "a.net": forward("b.net"), "b.net": forward("c.net"), "c.net": forward("b.net") }), ".\"b.net\""),
        (json!({ "a.net": forward("a.net") }), ".\"a.net\".forward[0].to[0]"),
        (json!({ "a.net": forward("nobody.net") }), ".\"a.net\".forward[0].to[0]"),
        (json!({ "a.net": { "forward": [ { "zone": ".", "to": [] } ] } }), ".\"a.net\".forward[0].to"),
        (
            json!({ "a.net": { "forward": [ { "zone": "x..y", "to": ["ns.crepes.fr"] } ] } }),
            ".\"a.net\".forward[0].zone",
        ),
        (json!({ "a.net": forward("crepes.fr") }), ".\"a.net\".forward[0].to[0]"),
        (
            json!({ "a.net": { "stub": [ { "zone": "x.net", "servers": ["ns.crepes.fr", "crepes.fr"] } ] } }),
            ".\"a.net\".stub[0].servers[1]",
        ),
        (json!({ "a.net": { "min_ttl": "2d" } }), ".\"a.net\".min_ttl"),
        (json!({ "a.net": { "failure_ttl": "6min" } }), ".\"a.net\".failure_ttl"),
        (json!({ "a.net": { "edns_size": 511 } }), ".\"a.net\".edns_size"),
        (json!({ "a.net": { "queries_per_lookup": 0 } }), ".\"a.net\".queries_per_lookup"),
        (json!({ "a.net": { "lookup_timeout": "0s" } }), ".\"a.net\".lookup_timeout"),
        (json!({ "a.net": { "max_ttl": "1500ms" } }), ".\"a.net\".max_ttl"),
    ] {
        let errors = load("wrong", &with(&resolvers).to_string()).unwrap_err();
        assert!(errors.to_string().contains(&format!("dns.resolvers{place}")), "{resolvers}: {errors}");
        assert_eq!(errors.list().len(), 1, "{resolvers}: {errors}");
    }
}

/// Breaks when a host without any of the three is asked, or one with any of them must not be.
#[test]
fn who_is_asked_can_answer() {
    let asks = |host: &str| {
        let mut scenario = with(&json!({ "a.net": { "forward": [ { "zone": ".", "to": [host] } ] }, "b.net": {} }));
        scenario["network"] = json!({ "hosts": { "odd.net": { "dns_scripted": { "behaviour": "fail" } } } });
        load("test", &scenario.to_string())
    };
    for host in ["b.net", "ns.crepes.fr", "odd.net"] {
        assert!(asks(host).is_ok(), "{host}");
    }
    let said = asks("alice-pc.crepes.fr").unwrap_err().to_string();
    assert!(said.contains("answers no questions") && said.contains("resolvers: \"a.net\", \"b.net\""), "{said}");
}

/// Breaks when a slip leaves its writer without a way out.
#[test]
fn slips_are_told_with_what_to_write() {
    let said = |scenario: Value| load("test", &scenario.to_string()).unwrap_err().to_string();
    for (option, word) in [
        (json!({ "serve_stale": true }), "write {}"),
        (json!({ "checks": false }), "{ \"id\": false }"),
        (json!({ "forward": [{ "zone": ".", "to": "isp.net" }] }), "[\"isp.net\"]"),
    ] {
        let said = said(with(&json!({ "a.net": option })));
        assert!(said.contains(word), "{said}");
    }
    let hosts = |hosts: Value| said(json!({ "network": { "hosts": hosts } }));
    let pattern = hosts(json!({ "pc{1..3}": {} }));
    assert!(pattern.contains("name each host"), "{pattern}");
    for (record, word) in [
        ("www 60 IN A 10.0.0.1", "\"www\" has no final dot"),
        ("org. 60 IN NS ns.org", "\"ns.org\" has no final dot"),
        ("org. 60 NS ns.org.", "write IN before NS"),
    ] {
        let script = json!({ "rules": [{ "reply": { "answer": [record] } }] });
        let said = hosts(json!({ "odd.org": { "dns_scripted": script } }));
        assert!(said.contains(word) && said.contains("rules[0].reply.answer[0]"), "{said}");
    }
}
