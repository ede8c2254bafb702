//! Resource records of the Internet class (RFC 1035 3.2, RFC 3596).
//!
//! The types that the simulator understands have a variant each; all others are opaque
//! octets (RFC 3597), carried and cached but not looked into. How records are written is in
//! `text`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::Name;

/// A resource record type (RFC 1035 3.2.2). Meta types of questions are `Other` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rtype {
    /// An IPv4 address.
    A,
    /// A name server of a zone.
    Ns,
    /// The canonical name of an alias.
    Cname,
    /// The start of a zone of authority.
    Soa,
    /// A pointer to another name.
    Ptr,
    /// A mail exchange.
    Mx,
    /// Text strings.
    Txt,
    /// An IPv6 address (RFC 3596).
    Aaaa,
    /// Where a service is (RFC 2782).
    Srv,
    /// Another name for all names beneath this one (RFC 6672).
    Dname,
    /// Any other type, by number. Numbers of the types above never stand here.
    Other(u16),
}

/// The text names no record type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such record type: write one such as A, AAAA, MX or TYPE65")]
pub struct RtypeError;

impl Rtype {
    /// QTYPE *: all records (RFC 1035 3.2.3).
    pub const ANY: Self = Self::Other(255);
    /// QTYPE AXFR: a whole zone (RFC 5936).
    pub const AXFR: Self = Self::Other(252);
    /// A signer of a zone, which stands in the zone above (RFC 4034 5).
    pub const DS: Self = Self::Other(43);

    const KNOWN: [(Self, u16, &'static str); 10] = [
        (Self::A, 1, "A"),
        (Self::Ns, 2, "NS"),
        (Self::Cname, 5, "CNAME"),
        (Self::Soa, 6, "SOA"),
        (Self::Ptr, 12, "PTR"),
        (Self::Mx, 15, "MX"),
        (Self::Txt, 16, "TXT"),
        (Self::Aaaa, 28, "AAAA"),
        (Self::Srv, 33, "SRV"),
        (Self::Dname, 39, "DNAME"),
    ];

    /// The type's number.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Other(number) => number,
            Self::A
            | Self::Ns
            | Self::Cname
            | Self::Soa
            | Self::Ptr
            | Self::Mx
            | Self::Txt
            | Self::Aaaa
            | Self::Srv
            | Self::Dname => Self::KNOWN.iter().find(|known| known.0 == self).map_or(0, |known| known.1),
        }
    }

    /// The type of that number.
    #[must_use]
    pub fn from_number(number: u16) -> Self {
        Self::KNOWN.iter().find(|known| known.1 == number).map_or(Self::Other(number), |known| known.0)
    }

    /// Whether no record can have the type: it only asks, or belongs to one message
    /// (RFC 6895 3.1: OPT, and the types from 128 to 255).
    #[must_use]
    pub const fn is_meta(self) -> bool {
        matches!(self, Self::Other(0 | 41 | 128..=255))
    }

    /// The mnemonics of the types that have a variant, by number.
    pub fn mnemonics() -> impl Iterator<Item = &'static str> + Clone {
        Self::KNOWN.iter().map(|known| known.2)
    }

    /// Reads `MX`, `aaaa`, `CAA` or `TYPE65280` (RFC 3597 5).
    ///
    /// # Errors
    /// When the text names no type.
    pub fn parse(text: &str) -> Result<Self, RtypeError> {
        if let Some(digits) = text.get(4..).filter(|_| text[..4].eq_ignore_ascii_case("TYPE")) {
            // the crate underneath would take a sign
            let digits = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            return digits.and_then(|digits| digits.parse().ok()).map(Self::from_number).ok_or(RtypeError);
        }
        match text.parse::<domain::base::iana::Rtype>() {
            Ok(rtype) => Ok(Self::from_number(rtype.to_int())),
            Err(_) => Err(RtypeError),
        }
    }
}

impl fmt::Display for Rtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::KNOWN.iter().find(|known| known.0 == *self) {
            Some(known) => f.write_str(known.2),
            None => domain::base::iana::Rtype::from_int(self.number()).fmt(f),
        }
    }
}

/// A resource record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The owner name.
    pub name: Name,
    /// Seconds for which it may be cached.
    pub ttl: u32,
    /// The data, and with it the type.
    pub data: RecordData,
}

impl Record {
    /// The record's type.
    #[must_use]
    pub fn rtype(&self) -> Rtype {
        self.data.rtype()
    }
}

/// The data of a resource record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// RFC 1035 3.4.1.
    A(Ipv4Addr),
    /// RFC 3596 2.2.
    Aaaa(Ipv6Addr),
    /// RFC 1035 3.3.11.
    Ns(Name),
    /// RFC 1035 3.3.1.
    Cname(Name),
    /// RFC 1035 3.3.12.
    Ptr(Name),
    /// RFC 1035 3.3.9.
    Mx {
        /// Lower is preferred.
        preference: u16,
        /// The host that takes mail for the owner.
        exchange: Name,
    },
    /// RFC 1035 3.3.14: one or more strings of at most 255 octets.
    Txt(Vec<Vec<u8>>),
    /// RFC 1035 3.3.13.
    Soa {
        /// The primary name server.
        mname: Name,
        /// The mailbox of the person responsible.
        rname: Name,
        /// The version of the zone.
        serial: u32,
        /// Seconds between a secondary's checks.
        refresh: u32,
        /// Seconds before a failed check is repeated.
        retry: u32,
        /// Seconds after which a secondary gives the zone up.
        expire: u32,
        /// Seconds for which a denial may be cached (RFC 2308 4).
        minimum: u32,
    },
    /// RFC 2782.
    Srv {
        /// Lower is preferred.
        priority: u16,
        /// The share among those of equal priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: Name,
    },
    /// RFC 6672 2.1.
    Dname(Name),
    /// A type that the simulator does not look into (RFC 3597).
    Opaque {
        /// The type's number.
        rtype: u16,
        /// RDATA as on the wire.
        octets: Bytes,
    },
}

impl RecordData {
    /// The type of the record.
    #[must_use]
    pub fn rtype(&self) -> Rtype {
        match self {
            Self::A(_) => Rtype::A,
            Self::Aaaa(_) => Rtype::Aaaa,
            Self::Ns(_) => Rtype::Ns,
            Self::Cname(_) => Rtype::Cname,
            Self::Ptr(_) => Rtype::Ptr,
            Self::Mx { .. } => Rtype::Mx,
            Self::Txt(_) => Rtype::Txt,
            Self::Soa { .. } => Rtype::Soa,
            Self::Srv { .. } => Rtype::Srv,
            Self::Dname(_) => Rtype::Dname,
            Self::Opaque { rtype, .. } => Rtype::Other(*rtype),
        }
    }

    /// The address in an A or AAAA record.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        if let Self::A(addr) = self {
            Some(IpAddr::V4(*addr))
        } else if let Self::Aaaa(addr) = self {
            Some(IpAddr::V6(*addr))
        } else {
            None
        }
    }

    /// The target of a CNAME record.
    #[must_use]
    pub const fn alias_target(&self) -> Option<&Name> {
        if let Self::Cname(target) = self { Some(target) } else { None }
    }

    /// The server in an NS record.
    #[must_use]
    pub const fn name_server(&self) -> Option<&Name> {
        if let Self::Ns(server) = self { Some(server) } else { None }
    }

    /// The MINIMUM field of an SOA record.
    #[must_use]
    pub const fn soa_minimum(&self) -> Option<u32> {
        if let Self::Soa { minimum, .. } = self { Some(*minimum) } else { None }
    }

    /// The exchange in an MX record.
    #[must_use]
    pub const fn mail_exchange(&self) -> Option<&Name> {
        if let Self::Mx { exchange, .. } = self { Some(exchange) } else { None }
    }

    /// The host to whose addresses the record leads (RFC 1035 3.3, RFC 2782): they belong into
    /// the additional section.
    #[must_use]
    pub const fn host(&self) -> Option<&Name> {
        match self {
            Self::Ns(host) | Self::Mx { exchange: host, .. } | Self::Srv { target: host, .. } => Some(host),
            Self::A(_)
            | Self::Aaaa(_)
            | Self::Cname(_)
            | Self::Ptr(_)
            | Self::Txt(_)
            | Self::Soa { .. }
            | Self::Dname(_)
            | Self::Opaque { .. } => None,
        }
    }
}
