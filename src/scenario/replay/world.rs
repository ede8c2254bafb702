//! The world of a case: a star with the resolver in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::Case;
use crate::app::App;
use crate::app::dns::{Resolver, ScriptedServer};
use crate::base::directory::{HostEntry, LinkEntry};
use crate::base::{Addresses, Directory, HostId, SimDuration, UnixTime};
use crate::net::{LinkConfig, LinkDirConfig, NodeConfig, Policy, TcpConfig, Topology};
use crate::sim::Plan;

/// The resolver's host.
pub(super) const RESOLVER: HostId = HostId(0);

/// The client's host. It is the last one, so that of what happens at one instant it sees what the
/// servers did: its next question may be about that.
pub(super) fn client(case: &Case) -> HostId {
    HostId(u32::try_from(case.servers.len() + 1).unwrap_or(u32::MAX))
}

/// One way between the resolver and any other host.
const DELAY: SimDuration = SimDuration::from_millis(1);

/// The plan of a case's world, and the resolver's address of the client's family.
pub(super) fn plan(case: &Case) -> (Plan, IpAddr) {
    let taken: BTreeSet<IpAddr> = case.servers.keys().copied().collect();
    // addresses for benchmarks (RFC 2544, RFC 5180), of which cases know nothing
    let mut v4 =
        (1..).map(|last| Ipv4Addr::from(0xc612_0000_u32 + last)).filter(|v4| !taken.contains(&IpAddr::V4(*v4)));
    let mut v6 =
        (1..).map(|last| Ipv6Addr::from(0x2001_0002_u128 << 96 | last)).filter(|v6| !taken.contains(&IpAddr::V6(*v6)));
    let resolver = Addresses { v4: v4.next(), v6: v6.next() };
    let client = Addresses { v4: v4.next(), v6: v6.next() };
    let mut hosts = vec![entry("resolver", resolver)];
    let mut apps = vec![vec![App::Resolver(Box::new(Resolver::new(case.resolver.clone())))]];
    for (address, script) in &case.servers {
        hosts.push(entry(&address.to_string(), (*address).into()));
        let server = ScriptedServer::new(Arc::new(script.clone())).with_journal();
        apps.push(vec![App::ScriptedServer(Box::new(server))]);
    }
    hosts.push(entry("client", client));
    apps.push(Vec::new());
    let ideal = LinkDirConfig { delay: DELAY, ..LinkDirConfig::default() };
    let link = |(other, host): (HostId, &HostEntry)| {
        let ends = [RESOLVER, other];
        LinkConfig { name: format!("resolver-{}", host.name), ends, directions: [ideal; 2] }
    };
    let links: Vec<LinkConfig> = (1..).map(HostId).zip(&hosts[1..]).map(link).collect();
    let node =
        |host: &HostEntry| NodeConfig { name: host.name.clone(), addresses: host.addresses, router: host.router };
    let named = links.iter().map(|link| LinkEntry { name: link.name.clone(), ends: link.ends }).collect();
    let nodes = hosts.iter().map(node).collect();
    let plan = Plan {
        topology: Topology { nodes, links, tcp: TcpConfig::default() },
        directory: Directory::new(hosts, named, UnixTime::DEFAULT_START),
        apps,
        policy: Policy::default(),
        processing: BTreeMap::new(),
        sessions: BTreeMap::new(),
        faults: Vec::new(),
        seed: 1,
    };
    (plan, resolver.v4.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4))
}

fn entry(name: &str, addresses: Addresses) -> HostEntry {
    HostEntry { name: name.to_owned(), addresses, router: false }
}
