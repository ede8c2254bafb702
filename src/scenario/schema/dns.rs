//! The `dns` key: zones and the servers that hold them.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::Duration;
use super::resolver::Resolver;

/// Zones, name servers and resolvers.
///
/// Each mail domain D gets a zone with SOA, NS, MX, A and AAAA records, the server "ns.D" and the
/// resolver "resolver.D"; each top-level domain gets a zone on "ns.nic.TLD"; the root zone is
/// on "a.root-servers.net"; delegations and glue follow from these. What the file itself gives
/// is kept. Zones for reverse look-up (PTR) are never added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dns {
    /// Time to live of records that name none, in zones that name none. Default: "1h"; the root's and the TLDs' zones have "2d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// How long the answer "there is no such name" may be kept (the SOA record's last field). Default: "5min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_ttl: Option<Duration>,
    /// Who walks down the tree of names. Default: "iterative".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Authoritative name servers by host name.
    pub servers: BTreeMap<String, NameServer>,
    /// Hosts with a recursive resolver, by host name.
    pub resolvers: BTreeMap<String, Resolver>,
    /// Hosts that serve the root zone. Default: ["a.root-servers.net"].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roots: Option<Vec<String>>,
    /// Zones by name; the root is ".".
    pub zones: BTreeMap<String, Zone>,
    /// Changes of records while the run goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// An authoritative name server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NameServer {
    /// The zones it serves as a primary server: from its own file.
    pub zones: Vec<String>,
    /// The zones it serves as a secondary server: from a copy, for which it asks a primary server at intervals
    /// that the zone's SOA record gives (refresh, retry, expire).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secondary: Vec<String>,
    /// "recursive": asked for what lies in a zone further down, it asks a server of that zone itself, if the asker
    /// desires recursion (RD), and hands back what came. "iterative": it refers to the servers of that zone. Default: that of `dns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// Who walks down the tree of names from the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The resolver: it asks one server after the other, and each refers to the next.
    Iterative,
    /// The servers: each asks the next one and hands the answer back.
    Recursive,
}

/// A zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Zone {
    /// Time to live of records that name none. Default: that of `dns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// A master file (RFC 1035 section 5) with records of the zone, which come before those in `records`.
    /// It lies in the scenario's folder or below, and so do the files that it includes; the name is relative
    /// to that folder. On the command line (`--set`) it may be any file, given by an absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Records. Missing SOA and NS records, A and AAAA records of hosts, delegations, and the MX record of a
    /// mail domain whose name has no record of type MX, A, AAAA or CNAME are added.
    pub records: Vec<Record>,
}

/// A change of a zone on its primary servers. The serial in the SOA record goes up by one, unless the change sets
/// that record itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When, counted from the beginning of the run.
    pub at: Duration,
    /// The zone.
    pub zone: String,
    /// Records that take the place of all others of the same name and type.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub set: Vec<Record>,
    /// Records that go.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remove: Vec<Removal>,
}

/// Records that go when a zone changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// Owner, as in a record.
    pub name: String,
    /// The type of the records. Default: all of that name.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub rtype: Option<String>,
}

/// A resource record, written as in a master file (RFC 1035 section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Owner: "@" for the zone itself, a name within the zone ("www"), or an absolute name with a final dot. "n{1..100}" stands for
    /// a hundred records; a pattern in `data` counts along with it.
    pub name: String,
    /// A, AAAA, CNAME, DNAME, MX, NS, PTR, SOA, SRV or TXT, or any other type: its mnemonic, or "TYPE" and its number.
    #[serde(rename = "type")]
    pub rtype: String,
    /// What a master file has behind the type: "10 mail.crepes.fr." for MX. Names end with a dot, or are relative to the zone.
    /// Every type may be written as octets: "\\# 4 0a000001" (RFC 3597 section 5).
    pub data: String,
    /// Time to live. Default: that of the zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ttl: Option<Duration>,
    /// Where a master file gave it.
    #[serde(skip)]
    pub place: Option<FilePlace>,
}

/// A place in a file other than the scenario's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The octets.
    pub span: (usize, usize),
}

/// A file other than the scenario's, as errors quote it.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}
