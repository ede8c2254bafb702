//! Who is who in a run: the names behind the handles that the trace uses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::address::Addresses;
use super::calendar::UnixTime;
use super::ids::{ConnId, HostId, LinkDirId, QueryId};
use super::socket::Endpoint;

/// A host or router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// Its domain name, without the final dot.
    pub name: String,
    /// Its addresses.
    pub addresses: Addresses,
    /// Whether it only forwards.
    pub router: bool,
}

/// A duplex link between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEntry {
    /// Its name, unique among links.
    pub name: String,
    /// The two ends; direction `2n` leads from the first to the second.
    pub ends: [HostId; 2],
}

/// The names of hosts and links, and the calendar time of t = 0.
#[derive(Clone, Debug)]
pub struct Directory {
    hosts: Vec<HostEntry>,
    links: Vec<LinkEntry>,
    by_address: BTreeMap<IpAddr, HostId>,
    start: UnixTime,
}

impl Directory {
    /// The directory of these hosts and links, each in the order of its handle.
    #[must_use]
    pub fn new(hosts: Vec<HostEntry>, links: Vec<LinkEntry>, start: UnixTime) -> Self {
        let numbered = (0_u32..).map(HostId).zip(&hosts);
        let by_address =
            numbered.flat_map(|(id, host)| host.addresses.by_precedence().map(move |address| (address, id))).collect();
        Self { hosts, links, by_address, start }
    }

    /// All hosts, in the order of their handles.
    #[must_use]
    pub fn hosts(&self) -> &[HostEntry] {
        &self.hosts
    }

    /// All links, in the order of their handles.
    #[must_use]
    pub fn links(&self) -> &[LinkEntry] {
        &self.links
    }

    /// The calendar time of t = 0.
    #[must_use]
    pub const fn start(&self) -> UnixTime {
        self.start
    }

    /// The name of a host.
    #[must_use]
    pub fn host_name(&self, host: HostId) -> &str {
        &self.hosts[host.index()].name
    }

    /// The source from which a host sends from that port to an address (RFC 6724 5).
    #[must_use]
    pub fn source(&self, host: HostId, port: u16, destination: IpAddr) -> Endpoint {
        Endpoint::new(self.hosts[host.index()].addresses.source_for(destination), port)
    }

    /// The host that has an address.
    #[must_use]
    pub fn host_at(&self, address: IpAddr) -> Option<HostId> {
        self.by_address.get(&address).copied()
    }

    /// Whether an address is one of this host's.
    #[must_use]
    pub fn has_address(&self, host: HostId, address: IpAddr) -> bool {
        self.hosts[host.index()].addresses.by_precedence().any(|own| own == address)
    }

    /// The name of a host by its address, or the address itself.
    #[must_use]
    pub fn name_at(&self, address: IpAddr) -> String {
        self.host_at(address).map_or_else(|| address.to_string(), |host| self.host_name(host).to_owned())
    }

    /// The link, and the hosts at which one of its directions begins and ends.
    #[must_use]
    pub fn link_dir(&self, dir: LinkDirId) -> (&LinkEntry, HostId, HostId) {
        let link = &self.links[dir.index() / 2];
        let from = dir.index() % 2;
        (link, link.ends[from], link.ends[1 - from])
    }

    /// A connection's name in tables: `crepes.fr#3`, the third that crepes.fr opened.
    #[must_use]
    pub fn conn_name(&self, conn: ConnId) -> String {
        format!("{}#{}", self.host_name(conn.host), conn.number)
    }

    /// A DNS question's name in tables: `crepes.fr?2`, the second that crepes.fr asked.
    #[must_use]
    pub fn query_name(&self, query: QueryId) -> String {
        format!("{}?{}", self.host_name(query.host), query.number)
    }
}
