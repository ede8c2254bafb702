//! Which families of addresses each host has, and its addresses.
//!
//! What is not said is IPv4 alone, and then nothing is added to the file but IPv4 addresses. As
//! soon as any host has IPv6, each one states its families. A router has every family that some
//! host has, for it forwards them all. An address is a hash of the host's name, so no host's
//! address depends on another's, but for the rare case that two names fall on one address: once
//! in some ten million pairs with IPv4, once in four thousand million with IPv6.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::hash::hash64;
use crate::scenario::schema::{Host, IpVersions, Scenario};

/// The documentation prefix 2001:db8::/32 (RFC 3849).
const PREFIX: u128 = 0x2001_0db8 << 96;

/// Gives each host its families, and the addresses that it lacks: in 10.0.0.0/8 and in
/// 2001:db8::/32.
pub(super) fn assign(scenario: &mut Scenario) {
    choose_families(scenario);
    let hosts = &mut scenario.network.hosts;
    let given = |text: &Option<String>| text.as_deref()?.parse::<IpAddr>().ok();
    let mut taken: BTreeSet<IpAddr> =
        hosts.values().flat_map(|host| [given(&host.address), given(&host.address6)]).flatten().collect();
    for (name, host) in hosts {
        let versions = host.ip.unwrap_or_default();
        if host.address.is_none() && versions.has_ipv4() {
            host.address = Some(free(&mut taken, |attempt| ipv4_of(name, attempt).into()));
        }
        if host.address6.is_none() && versions.has_ipv6() {
            host.address6 = Some(free(&mut taken, |attempt| ipv6_of(name, attempt).into()));
        }
    }
}

fn choose_families(scenario: &mut Scenario) {
    let usual = scenario.network.ip.unwrap_or_default();
    let hosts = &mut scenario.network.hosts;
    let ends = hosts.values().filter(|host| host.router != Some(true));
    let used = ends.map(|host| families(host, usual)).reduce(IpVersions::and).unwrap_or(usual);
    let of = |host: &Host| families(host, if host.router == Some(true) { used } else { usual });
    if hosts.values().all(|host| of(host) == IpVersions::Ipv4) {
        return;
    }
    for host in hosts.values_mut() {
        host.ip = Some(of(host));
    }
}

/// The families of a host: what it says itself, else the usual ones and those of its addresses.
fn families(host: &Host, usual: IpVersions) -> IpVersions {
    let given = [(&host.address, IpVersions::Ipv4), (&host.address6, IpVersions::Ipv6)];
    let given = given.into_iter().filter(|(address, _)| address.is_some()).map(|(_, version)| version);
    host.ip.unwrap_or_else(|| given.fold(usual, IpVersions::and))
}

fn free(taken: &mut BTreeSet<IpAddr>, address_of: impl Fn(u64) -> IpAddr) -> String {
    let free = (0..).map(address_of).find(|address| !taken.contains(address));
    let address = free.expect("16 million addresses are enough for a million hosts");
    taken.insert(address);
    address.to_string()
}

fn ipv4_of(name: &str, attempt: u64) -> Ipv4Addr {
    let [x, y, z, ..] = hash64(attempt, name.as_bytes()).to_le_bytes();
    Ipv4Addr::new(10, x, y, 1 + z % 254)
}

fn ipv6_of(name: &str, attempt: u64) -> Ipv6Addr {
    let interface = hash64(attempt, name.as_bytes()) >> 32;
    // Zero would be the routers' anycast address (RFC 4291 2.6.1).
    Ipv6Addr::from(PREFIX + u128::from(interface.max(1)))
}
