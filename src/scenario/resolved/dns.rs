//! Zones, records, and who serves and resolves them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::base::HostId;

/// The name system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsSpec {
    /// All zones in name order; the root is `"."`.
    pub zones: Vec<ZoneSpec>,
    /// Authoritative servers in host order.
    pub servers: Vec<NameServerSpec>,
    /// Hosts with a recursive resolver, in host order; none of them is an authoritative server.
    pub resolvers: Vec<HostId>,
    /// The root servers that resolvers know from the beginning, in host order.
    pub roots: Vec<HostId>,
}

/// An authoritative name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameServerSpec {
    /// Where it runs.
    pub host: HostId,
    /// Indices into [`DnsSpec::zones`], ascending, never empty.
    pub zones: Vec<usize>,
}

/// A zone: its own records, delegations and glue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSpec {
    /// Apex without the final dot; the root is `"."`.
    pub name: String,
    /// Records in file order; exactly one SOA, at the apex.
    pub records: Vec<RecordSpec>,
}

/// A resource record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSpec {
    /// Owner: an absolute name without the final dot; the root is `"."`.
    pub name: String,
    /// Time to live, seconds.
    pub ttl_s: u32,
    /// Type and data.
    pub data: RecordData,
}

/// A record's type and data. Names are absolute, without the final dot; the root is `"."`.
/// Displayed in master-file form (RFC 1035 section 5.1), where names have the final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// IPv4 address.
    A(Ipv4Addr),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Name server.
    Ns(String),
    /// Canonical name.
    Cname(String),
    /// Pointer.
    Ptr(String),
    /// Mail exchanger.
    Mx {
        /// Lower is tried first.
        preference: u16,
        /// The host that takes the mail.
        exchange: String,
    },
    /// Text: character strings of at most 255 octets each, at least one.
    Txt(Vec<String>),
    /// Start of authority.
    Soa {
        /// Primary server.
        mname: String,
        /// Mailbox of the person responsible, as a domain name.
        rname: String,
        /// Version of the zone.
        serial: u32,
        /// Seconds between a secondary's checks.
        refresh: u32,
        /// Seconds before a failed check is repeated.
        retry: u32,
        /// Seconds after which a secondary gives up.
        expire: u32,
        /// Seconds for which a negative answer may be kept (RFC 2308).
        minimum: u32,
    },
}

/// A record type that a scenario may hold or ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the types' mnemonics")]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    Txt,
}

impl RecordType {
    /// All types with their mnemonics.
    pub const ALL: [(&'static str, Self); 8] = [
        ("A", Self::A),
        ("AAAA", Self::Aaaa),
        ("CNAME", Self::Cname),
        ("MX", Self::Mx),
        ("NS", Self::Ns),
        ("PTR", Self::Ptr),
        ("SOA", Self::Soa),
        ("TXT", Self::Txt),
    ];

    /// The type of that mnemonic, in capitals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, rtype)| *rtype)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = Self::ALL.iter().find(|(_, rtype)| rtype == self).expect("all types are listed");
        f.write_str(name)
    }
}

impl RecordData {
    /// The type of the record.
    #[must_use]
    pub const fn rtype(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Ns(_) => RecordType::Ns,
            Self::Cname(_) => RecordType::Cname,
            Self::Ptr(_) => RecordType::Ptr,
            Self::Mx { .. } => RecordType::Mx,
            Self::Txt(_) => RecordType::Txt,
            Self::Soa { .. } => RecordType::Soa,
        }
    }
}

/// A name with its final dot.
struct Dotted<'a>(&'a str);

impl fmt::Display for Dotted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == "." { f.write_str(".") } else { write!(f, "{}.", self.0) }
    }
}

impl fmt::Display for RecordData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => address.fmt(f),
            Self::Aaaa(address) => address.fmt(f),
            Self::Ns(name) | Self::Cname(name) | Self::Ptr(name) => Dotted(name).fmt(f),
            Self::Mx { preference, exchange } => write!(f, "{preference} {}", Dotted(exchange)),
            Self::Txt(strings) => {
                let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
                f.write_str(&strings.iter().map(quoted).collect::<Vec<_>>().join(" "))
            }
            Self::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
                let (mname, rname) = (Dotted(mname), Dotted(rname));
                write!(f, "{mname} {rname} {serial} {refresh} {retry} {expire} {minimum}")
            }
        }
    }
}
