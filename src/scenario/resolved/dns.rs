//! Zones, records, and who serves and resolves them.

use crate::app::dns::scripted::Script;
use crate::app::dns::{ResolverConfig, ZoneChange};
use crate::base::HostId;
use crate::proto::dns::Record;

/// The name system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsSpec {
    /// All zones in name order; the root is `"."`.
    pub zones: Vec<ZoneSpec>,
    /// Changes of zones, in the order of their times.
    pub changes: Vec<ZoneChange>,
    /// Authoritative servers in host order.
    pub servers: Vec<NameServerSpec>,
    /// Hosts with a recursive resolver, in host order; none of them is an authoritative server.
    pub resolvers: Vec<ResolverSpec>,
    /// The root servers that resolvers know from the beginning, in host order.
    pub roots: Vec<HostId>,
    /// Scripted name servers in host order; those among `servers` may answer from their zones.
    pub scripted: Vec<(HostId, Script)>,
}

/// A recursive resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverSpec {
    /// Where it runs.
    pub host: HostId,
    /// What it is told.
    pub config: ResolverConfig,
}

/// An authoritative name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameServerSpec {
    /// Where it runs.
    pub host: HostId,
    /// The zones it serves from its own file: indices into [`DnsSpec::zones`], ascending.
    pub zones: Vec<usize>,
    /// The zones it serves from a copy.
    pub secondary: Vec<SecondarySpec>,
    /// Whether it asks the servers of a delegated zone itself when the asker desires recursion.
    pub recursive: bool,
    /// The root servers that it asks for the addresses of others, in host order, itself excepted.
    pub roots: Vec<HostId>,
}

/// A zone that a server has from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondarySpec {
    /// Index into [`DnsSpec::zones`].
    pub zone: usize,
    /// The primary servers in host order, at least one.
    pub primaries: Vec<HostId>,
}

/// A zone: its own records, delegations and glue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSpec {
    /// Apex without the final dot; the root is `"."`.
    pub name: String,
    /// Records in file order; exactly one SOA, at the apex.
    pub records: Vec<Record>,
}
