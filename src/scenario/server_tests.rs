//! Name servers' options: what is filled in, and what is refused.

use serde_json::{Value, json};

use super::*;
use crate::app::dns::UpstreamKind;

fn with(dns: &Value) -> Value {
    json!({ "mail": { "crepes.fr": { "users": ["alice"] } }, "dns": dns })
}

fn good(value: &Value) -> Resolved {
    load("test", &value.to_string()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Breaks when the one switch misses a server or a resolver, or an own mode does not count.
#[test]
fn one_switch_makes_all_recursive() {
    let modes = |dns: Value| {
        let resolved = good(&with(&dns));
        let again = load("again", &resolved.to_json_text()).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(format!("{resolved:?}"), format!("{again:?}"));
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
