//! Whom a lookup asks: the servers of a zone, from the cache, a referral, or the configuration.
//!
//! What the zone above says of a zone's servers, and what the zone says itself, are two sides. The
//! zone's own word comes first, and the other is what to fall back on. How long a delegation
//! stands is for the zones above alone: it ends with the first of them, so that no server can keep
//! a zone that was taken from it ("ghost domain names").

use std::net::IpAddr;

use super::config::{Upstream, UpstreamKind};
use super::families::address_types;
use super::lookup::Lookup;
use super::resolver::Resolver;
use crate::app::host::Host;
use crate::base::{Addresses, Family, SimTime};
use crate::proto::dns::{Name, Question, Record, RecordData, Rtype};

/// Names of servers that a delegation is taken to have; more are an attack (NXNS).
const SERVER_LIMIT: usize = 26;

/// How the servers of a delegation are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As the tree of zones led to them.
    Tree,
    /// As the configuration says.
    Upstream(UpstreamKind),
}

/// The servers of the nearest zone known above the name.
#[derive(Clone, Debug)]
pub(super) struct Delegation {
    /// The zone.
    pub(super) zone: Name,
    /// How they are asked.
    pub(super) manner: Manner,
    /// It is from the cache: the zone above may tell by now of other servers.
    pub(super) remembered: bool,
    /// Until when it stands.
    pub(super) until: SimTime,
    /// Names of its servers, in the order listed.
    pub(super) servers: Vec<Server>,
    /// Addresses known, in the order of their names.
    pub(super) addresses: Vec<Address>,
}

/// A server's name.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// The name.
    pub(super) name: Name,
    /// Which of its addresses are known, or were looked up for this delegation: A and AAAA.
    sought: [bool; 2],
    /// Whether any are known.
    pub(super) found: bool,
}

/// A server's address, and how it fared in this lookup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address {
    /// The address.
    pub(super) addr: IpAddr,
    /// Only the zone above has it: one for which the zone itself has others.
    pub(super) second: bool,
    /// Times asked without response.
    pub(super) tries: u32,
    /// It gave a useless response and is not asked again.
    pub(super) useless: bool,
    /// It answered SERVFAIL, and to a query with an OPT record by a response without.
    pub(super) failed: Option<Plain>,
}

/// Whether a query is repeated without an OPT record.
pub(super) type Plain = bool;

impl Server {
    pub(super) const fn new(name: Name) -> Self {
        Self { name, sought: [false; 2], found: false }
    }

    pub(super) fn is_sought(&self, rtype: Rtype) -> bool {
        self.sought[usize::from(rtype == Rtype::Aaaa)]
    }

    pub(super) fn seek(&mut self, rtype: Rtype) {
        self.sought[usize::from(rtype == Rtype::Aaaa)] = true;
    }
}

impl Delegation {
    fn new(zone: Name, manner: Manner) -> Self {
        let (servers, addresses) = (Vec::new(), Vec::new());
        Self { zone, manner, remembered: false, until: SimTime::NEVER, servers, addresses }
    }

    /// Adds addresses of one server, those not known yet and at which there can be a server.
    pub(super) fn add(&mut self, addresses: impl IntoIterator<Item = IpAddr>, second: bool) {
        for addr in addresses.into_iter().filter(is_host) {
            if self.addresses.iter().all(|known| known.addr != addr) {
                self.addresses.push(Address { addr, second, tries: 0, useless: false, failed: None });
            }
        }
    }

    /// Adds an address with the notes on it.
    pub(super) fn keep(&mut self, address: Address, second: bool) {
        self.addresses.push(Address { second, ..address });
    }

    /// The notes on one address.
    pub(super) fn address_mut(&mut self, addr: IpAddr) -> Option<&mut Address> {
        self.addresses.iter_mut().find(|known| known.addr == addr)
    }

    /// Whether questions go to resolvers.
    pub(super) const fn is_forward(&self) -> bool {
        matches!(self.manner, Manner::Upstream(UpstreamKind::Forward { .. }))
    }

    /// Whether the tree is there when these servers fail.
    pub(super) const fn is_first(&self) -> bool {
        match self.manner {
            Manner::Tree => false,
            Manner::Upstream(UpstreamKind::Forward { first } | UpstreamKind::Stub { first }) => first,
        }
    }

    /// How the addresses fared in an earlier try at the same zone, so that it is not repeated.
    pub(super) fn learn_from(&mut self, earlier: &Self) {
        if self.zone != earlier.zone {
            return;
        }
        for address in &mut self.addresses {
            if let Some(known) = earlier.addresses.iter().find(|known| known.addr == address.addr) {
                (address.tries, address.useless, address.failed) = (known.tries, known.useless, known.failed);
            }
        }
    }
}

/// The names of zones at and above the one where a question is answered, from below. A DS
/// record stands in the zone above (RFC 4035 3.1.4.1).
fn zones_of(question: &Question) -> impl Iterator<Item = Name> {
    let above = usize::from(question.rtype == Rtype::DS && !question.name.is_root());
    question.name.ancestors().skip(above)
}

impl Resolver {
    /// The families in which servers are asked.
    pub(super) fn reach(&self, host: &impl Host) -> Addresses {
        let own = host.addresses();
        Addresses { v6: own.v6.filter(|_| self.config.ipv6), ..own }
    }

    /// Whom to ask first: the servers of the nearest zone that is known at least until then (RFC
    /// 1034 5.3.3 step 2), or those that are configured for a zone in its place, if not the tree is
    /// wanted.
    pub(super) fn nearest_delegation(
        &self,
        host: &impl Host,
        question: &Question,
        tree: bool,
        until: SimTime,
    ) -> Delegation {
        let upstream = if tree { None } else { self.upstream_of(question) };
        let top = upstream.map_or_else(Name::root, |upstream| upstream.zone.clone());
        let forwarded = upstream.is_some_and(|upstream| matches!(upstream.kind, UpstreamKind::Forward { .. }));
        let mut zones = zones_of(question).take_while(|zone| *zone != top && !forwarded);
        match zones.find_map(|zone| self.remembered(host, zone, until)) {
            Some(delegation) => delegation,
            None => upstream.map_or_else(|| self.root(host), |upstream| self.configured(host, upstream)),
        }
    }

    /// The same from above a zone whose servers are of no use.
    pub(super) fn delegation_above(&self, host: &impl Host, lookup: &Lookup) -> Delegation {
        let zone = Question { name: lookup.delegation.zone.clone(), rtype: Rtype::DS };
        self.nearest_delegation(host, &zone, lookup.tree, host.now())
    }

    /// The longest zone with servers of its own in which the question lies.
    fn upstream_of(&self, question: &Question) -> Option<&Upstream> {
        if self.config.upstreams.is_empty() {
            return None;
        }
        zones_of(question).find_map(|zone| self.config.upstreams.iter().find(|upstream| upstream.zone == zone))
    }

    fn configured(&self, host: &impl Host, upstream: &Upstream) -> Delegation {
        let own = self.reach(host);
        let mut delegation = Delegation::new(upstream.zone.clone(), Manner::Upstream(upstream.kind));
        let within_reach = upstream.servers.iter().copied().filter(|address| own.has(Family::of(*address)));
        delegation.trust(within_reach);
        if !delegation.is_forward() {
            self.add_hearsay(&mut delegation, own, host.now());
        }
        delegation
    }

    /// A zone's delegation, if the cache has one that leads anywhere.
    fn remembered(&self, host: &impl Host, zone: Name, least: SimTime) -> Option<Delegation> {
        let now = host.now();
        if zone.is_root() {
            return None;
        }
        let (above, until) = self.cache.delegated(&zone, Rtype::Ns, least.max(now))?;
        let servers = names(&self.cache.infrastructure(&zone, Rtype::Ns, now));
        let others = names(&above).into_iter().filter(|server| !servers.contains(server)).collect();
        let others = self.delegation(host, zone.clone(), others, &[]);
        let mut delegation = self.delegation(host, zone, servers, &[]);
        (delegation.remembered, delegation.until) = (true, until);
        delegation.add(others.addresses.iter().map(|address| address.addr), true);
        delegation.servers.extend(others.servers);
        // servers that only their own zone could name have to be asked of its parent
        let outside = delegation.servers.iter().any(|server| !server.name.is_within(&delegation.zone));
        if !outside && delegation.addresses.is_empty() {
            return None;
        }
        self.add_hearsay(&mut delegation, self.reach(host), now);
        Some(delegation)
    }

    /// Adds servers that the zone told of unasked, to be asked last.
    fn add_hearsay(&self, delegation: &mut Delegation, own: Addresses, now: SimTime) {
        let zone = delegation.zone.clone();
        for (name, addresses) in self.hearsay.of(&zone, now) {
            delegation.add(addresses.iter().copied().filter(|address| own.has(Family::of(*address))), true);
            if delegation.servers.iter().all(|known| known.name != *name) && addresses.is_empty() {
                delegation.servers.push(Server::new(name.clone()));
            }
        }
    }

    /// The root's servers as configured, and what the root says of them if it was ever asked.
    fn root(&self, host: &impl Host) -> Delegation {
        let own = self.reach(host);
        let mut roots = Delegation::new(Name::root(), Manner::Tree);
        roots.trust(self.config.roots.iter().map(|root| root.1).filter(|address| own.has(Family::of(*address))));
        let told = self.cache.infrastructure(&Name::root(), Rtype::Ns, host.now());
        if !told.is_empty() {
            let told = self.delegation(host, Name::root(), names(&told), &[]);
            roots.servers = told.servers;
            roots.add(told.addresses.iter().map(|address| address.addr), false);
        }
        roots
    }

    /// A delegation with the addresses that the cache or the glue has for its servers, as far as
    /// this host can reach them.
    pub(super) fn delegation(&self, host: &impl Host, zone: Name, names: Vec<Name>, glue: &[Record]) -> Delegation {
        let mut delegation = Delegation::new(zone, Manner::Tree);
        for name in names.into_iter().take(SERVER_LIMIT) {
            let mut server = Server::new(name);
            for rtype in address_types(self.reach(host)) {
                if self.add_known(&mut delegation, &server.name, rtype, glue, host.now()) {
                    server.seek(rtype);
                    server.found = true;
                }
            }
            delegation.servers.push(server);
        }
        delegation
    }

    /// Adds what is known of a server's addresses: its own zone's word, then glue. Whether there
    /// was any.
    pub(super) fn add_known(
        &self,
        delegation: &mut Delegation,
        server: &Name,
        rtype: Rtype,
        glue: &[Record],
        now: SimTime,
    ) -> bool {
        let own = self.cache.infrastructure(server, rtype, now);
        delegation.add(own.iter().filter_map(RecordData::address), false);
        let mut known = !own.is_empty();
        let given = glue.iter().filter(|record| record.name == *server && record.rtype() == rtype);
        let mut given: Vec<IpAddr> = given.filter_map(|record| record.data.address()).collect();
        if given.is_empty()
            && let Some((above, _)) = self.cache.delegated(server, rtype, now)
        {
            given.extend(above.iter().filter_map(RecordData::address));
        }
        let second = known;
        known |= !given.is_empty();
        delegation.add(given, second);
        known
    }
}

impl Delegation {
    /// Adds addresses that nobody else gave than the configuration.
    fn trust(&mut self, addresses: impl IntoIterator<Item = IpAddr>) {
        let fresh = |addr| Address { addr, second: false, tries: 0, useless: false, failed: None };
        self.addresses.extend(addresses.into_iter().map(fresh));
    }
}

/// The targets of NS records.
pub(super) fn names(data: &[RecordData]) -> Vec<Name> {
    data.iter().filter_map(RecordData::name_server).cloned().collect()
}

/// Whether there can be a server at an address that some zone gave: it is not this host itself,
/// nor all hosts, nor none.
fn is_host(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_loopback() || v4.is_multicast() || v4.is_broadcast()) && v4.octets().first() != Some(&0)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_multicast() || v6.is_unspecified()) && v6.to_ipv4_mapped().is_none()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_nobodys_are_not_asked() {
        let host = |text: &str| is_host(&text.parse().unwrap());
        for text in ["10.0.0.1", "192.0.2.1", "2001:db8::1", "::53"] {
            assert!(host(text), "{text}");
        }
        for text in
            ["127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "::1", "::", "ff02::1"]
        {
            assert!(!host(text), "{text}");
        }
        assert!(!host("::ffff:10.0.0.1"));
    }

    #[test]
    fn a_signers_record_is_asked_of_the_zone_above() {
        let zones = |text: &str, rtype| {
            zones_of(&Question { name: Name::parse(text).unwrap(), rtype }).map(|zone| zone.to_string()).next().unwrap()
        };
        assert_eq!(zones("a.b", Rtype::DS), "b");
        assert_eq!(zones("a.b", Rtype::A), "a.b");
        assert_eq!(zones(".", Rtype::DS), ".");
    }
}
