//! The addresses of hosts, and whether hosts that have to talk to each other can.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Context;
use crate::base::{Addresses, Family, HostId};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::{Host, IpVersions, Scenario};

/// Who has which address already.
pub(super) type Seen<'a> = BTreeMap<IpAddr, &'a str>;

/// The addresses of a host; one that is wrong is left out.
pub(super) fn read_addresses<'a>(
    problems: &mut Problems,
    here: Path<'_>,
    (name, host): (&'a str, &Host),
    seen: &mut Seen<'a>,
) -> Addresses {
    let versions = host.ip.unwrap_or_default();
    let given = [
        ("address", &host.address, Family::V4, versions.has_ipv4()),
        ("address6", &host.address6, Family::V6, versions.has_ipv6()),
    ];
    let mut all = Addresses::default();
    for (key, text, family, wanted) in given {
        let Some(text) = text else { continue };
        let path = here.key(key);
        if !wanted {
            let message = format!("{name} has no {} address, as its `ip` says", word(family), name = quote(name));
            problems.help(path, message, "leave the address out, or write \"ip\": \"dual\"");
            continue;
        }
        match read_address(text, family) {
            Err((message, help)) => problems.add(path, message, help),
            Ok(address) => {
                if let Some(other) = seen.insert(address, name) {
                    problems.at(path, format!("{address} is also the address of {other}", other = quote(other)));
                }
                let Addresses { v4, v6 } = address.into();
                all = Addresses { v4: all.v4.or(v4), v6: all.v6.or(v6) };
            }
        }
    }
    all
}

const fn word(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

/// What is wrong, and what would help.
type Wrong = (String, Option<String>);

fn read_address(text: &str, family: Family) -> Result<IpAddr, Wrong> {
    let (example, other_key) = match family {
        Family::V4 => ("10.1.2.3", "address6"),
        Family::V6 => ("2001:db8::1", "address"),
    };
    let wrong = || format!("{} is no {} address; write it like \"{example}\"", quote(text), word(family));
    let address: IpAddr = text.parse().map_err(|_| (wrong(), None))?;
    if Family::of(address) != family {
        let help = format!("an {} address stands at \"{other_key}\"", word(Family::of(address)));
        return Err((wrong(), Some(help)));
    }
    let usable = match address {
        IpAddr::V4(address) => is_usable_ipv4(address),
        IpAddr::V6(address) => is_usable_ipv6(address),
    };
    if usable { Ok(address) } else { Err((format!("{address} cannot be the address of a host"), None)) }
}

const fn is_usable_ipv4(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_broadcast() || address.is_loopback() || address.is_multicast())
}

/// A link-local address reaches nobody beyond its link, and a mapped one stands for IPv4 (RFC 4291 2.5).
const fn is_usable_ipv6(address: Ipv6Addr) -> bool {
    let mapped = address.to_ipv4_mapped().is_some();
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || mapped)
}

/// A router forwards whatever some host sends, so it has every family that some host has.
pub(super) fn check_routers(scenario: &Scenario, problems: &mut Problems) {
    let network = Path::Root.key("network");
    let path = network.key("hosts");
    let (routers, ends): (Vec<_>, Vec<_>) =
        scenario.network.hosts.iter().partition(|(_, host)| host.router == Some(true));
    let versions = |host: &Host| host.ip.unwrap_or_default();
    for (wanted, has) in [("IPv4", IpVersions::has_ipv4 as fn(IpVersions) -> bool), ("IPv6", IpVersions::has_ipv6)] {
        let Some((end, _)) = ends.iter().find(|(_, host)| has(versions(host))) else { continue };
        for (router, _) in routers.iter().filter(|(_, host)| !has(versions(host))) {
            let message = format!(
                "{router} has no {wanted} address, but has to forward for {end}, which has one",
                router = quote(router),
                end = quote(end)
            );
            let here = path.key(router);
            problems.help(here.key("ip"), message, "leave \"ip\" out: a router has all families that hosts have");
        }
    }
}

impl Context<'_> {
    /// Whether packets of some family can go from the one to the other. A host whose addresses
    /// were found wrong is not found wrong again.
    fn meet(&self, one: HostId, other: HostId) -> bool {
        let [one, other] = [one, other].map(|id| self.hosts[id.index()].addresses);
        one == Addresses::default() || other == Addresses::default() || one.families().any(|family| other.has(family))
    }

    /// A host asks its resolver, a resolver the root servers.
    pub(super) fn check_meet(&mut self, path: Path<'_>, asker: HostId, asked: &[HostId]) {
        if asked.is_empty() || asked.iter().any(|&asked| self.meet(asker, asked)) {
            return;
        }
        let [asker, first] = [asker, asked[0]].map(|id| quote(&self.hosts[id.index()].name));
        let message = format!("{asker} cannot reach {first}: they have no family of addresses in common");
        self.problems.help(path, message, "write \"ip\": \"dual\" for one of them");
    }
}
