//! Resource records of the Internet class (RFC 1035 3.2, RFC 3596) and their presentation form.
//!
//! The types that the simulator understands have a variant each; all others are opaque
//! octets (RFC 3597), carried and cached but not looked into. TTLs in presentation form and
//! unit letters such as `1h` are the business of whoever reads zone files.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use domain::base::name::ToName;
use domain::rdata::ZoneRecordData;
use domain::zonefile::inplace::{Entry, Zonefile};

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

    const KNOWN: [(Self, u16, &'static str); 8] = [
        (Self::A, 1, "A"),
        (Self::Ns, 2, "NS"),
        (Self::Cname, 5, "CNAME"),
        (Self::Soa, 6, "SOA"),
        (Self::Ptr, 12, "PTR"),
        (Self::Mx, 15, "MX"),
        (Self::Txt, 16, "TXT"),
        (Self::Aaaa, 28, "AAAA"),
    ];

    /// The type's number.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Other(number) => number,
            Self::A | Self::Ns | Self::Cname | Self::Soa | Self::Ptr | Self::Mx | Self::Txt | Self::Aaaa => {
                Self::KNOWN.iter().find(|known| known.0 == self).map_or(0, |known| known.1)
            }
        }
    }

    /// The type of that number.
    #[must_use]
    pub fn from_number(number: u16) -> Self {
        Self::KNOWN.iter().find(|known| known.1 == number).map_or(Self::Other(number), |known| known.0)
    }

    /// Reads `MX`, `aaaa` or `TYPE65` (RFC 3597 5).
    ///
    /// # Errors
    /// When the text names no type.
    pub fn parse(text: &str) -> Result<Self, RtypeError> {
        if text.eq_ignore_ascii_case("ANY") {
            return Ok(Self::ANY);
        }
        if let Some(known) = Self::KNOWN.iter().find(|known| known.2.eq_ignore_ascii_case(text)) {
            return Ok(known.0);
        }
        match text.get(..4).zip(text.get(4..)) {
            Some((word, digits)) if word.eq_ignore_ascii_case("TYPE") && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map(Self::from_number).map_err(|_| RtypeError)
            }
            Some(_) | None => Err(RtypeError),
        }
    }
}

impl fmt::Display for Rtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::KNOWN.iter().find(|known| known.0 == *self) {
            Some(known) => f.write_str(known.2),
            None if *self == Self::ANY => f.write_str("ANY"),
            None => write!(f, "TYPE{}", self.number()),
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
    /// A type that the simulator does not look into (RFC 3597).
    Opaque {
        /// The type's number.
        rtype: u16,
        /// RDATA as on the wire.
        octets: Bytes,
    },
}

/// The text is not the data of such a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the data of a record of type {rtype}: {said}")]
pub struct DataError {
    rtype: Rtype,
    said: String,
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

    /// Reads data in master-file form (RFC 1035 5.1), such as `10 mail.example.` for an MX;
    /// a name without a final dot is relative to `origin`. Types without a form of their own
    /// are written `\# length hex` (RFC 3597 5).
    ///
    /// # Errors
    /// When the text is not of that form.
    pub fn parse(rtype: Rtype, text: &str, origin: &Name) -> Result<Self, DataError> {
        let fail = |said: String| DataError { rtype, said };
        if text.contains(['\n', '\r']) {
            return Err(fail("it must stand on one line".to_owned()));
        }
        if rtype == Rtype::ANY {
            return Err(fail("a meta type has no data".to_owned()));
        }
        // the crate knows a free-standing @ (RFC 1035 5.1) as an owner only
        let text = match rtype {
            Rtype::Ns | Rtype::Cname | Rtype::Soa | Rtype::Ptr | Rtype::Mx => {
                let at = if origin.is_root() { ".".to_owned() } else { format!("{origin}.") };
                let words: Vec<&str> = text.split(' ').map(|word| if word == "@" { &at } else { word }).collect();
                words.join(" ")
            }
            Rtype::A | Rtype::Txt | Rtype::Aaaa | Rtype::Other(_) => text.to_owned(),
        };
        let mut zonefile = Zonefile::new();
        zonefile.set_origin(origin.0.clone());
        zonefile.extend_from_slice(format!("@ 0 IN {rtype} {text}\n").as_bytes());
        let data = match zonefile.next_entry() {
            Ok(Some(Entry::Record(record))) => record.into_data(),
            Ok(Some(Entry::Include { .. }) | None) => return Err(fail("nothing stands there".to_owned())),
            // the position that the crate reports is one in our own little file
            Err(error) => {
                return Err(fail(error.to_string().splitn(3, ':').last().unwrap_or_default().trim().to_owned()));
            }
        };
        match zonefile.next_entry() {
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return Err(fail("it goes on after its end".to_owned())),
        }
        Self::from_scanned(rtype, &data).ok_or_else(|| fail("it is of another type".to_owned()))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is the crate's, with some thirty types")]
    fn from_scanned<N: ToName>(rtype: Rtype, data: &ZoneRecordData<Bytes, N>) -> Option<Self> {
        let name = |name: &N| Name(name.to_bytes());
        let data = match data {
            ZoneRecordData::A(a) => Self::A(a.addr()),
            ZoneRecordData::Aaaa(aaaa) => Self::Aaaa(aaaa.addr()),
            ZoneRecordData::Ns(ns) => Self::Ns(name(ns.nsdname())),
            ZoneRecordData::Cname(cname) => Self::Cname(name(cname.cname())),
            ZoneRecordData::Ptr(ptr) => Self::Ptr(name(ptr.ptrdname())),
            ZoneRecordData::Mx(mx) => Self::Mx { preference: mx.preference(), exchange: name(mx.exchange()) },
            ZoneRecordData::Txt(txt) => Self::Txt(txt.iter().map(<[u8]>::to_vec).collect()),
            ZoneRecordData::Soa(soa) => Self::Soa {
                mname: name(soa.mname()),
                rname: name(soa.rname()),
                serial: soa.serial().into_int(),
                refresh: soa.refresh().as_secs(),
                retry: soa.retry().as_secs(),
                expire: soa.expire().as_secs(),
                minimum: soa.minimum().as_secs(),
            },
            ZoneRecordData::Unknown(unknown) => {
                Self::Opaque { rtype: unknown.rtype().to_int(), octets: unknown.data().clone() }
            }
            _ => return None,
        };
        (data.rtype() == rtype).then_some(data)
    }
}
