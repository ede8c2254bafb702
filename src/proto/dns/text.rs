//! How a record's data is written (RFC 1035 5.1, RFC 3597 5): read and shown.
//!
//! What is shown reads back to the same data, whatever the origin: names have their final dot.
//! Types that the simulator does not look into are shown as octets, and read in the form that
//! the crate `domain` knows for them, or as octets. Left out: comments and line ends, which are
//! the business of whoever reads whole files (`master`).

use std::fmt;

use bytes::Bytes;
use domain::base::name::ToName;
use domain::base::rdata::ComposeRecordData;
use domain::base::{ParseRecordData as _, ParsedName};
use domain::rdata::{AllRecordData, ZoneRecordData};
use domain::zonefile::inplace::{Entry, Zonefile};

use super::wire::known_data;
use super::{Name, RecordData, Rtype};

/// The text is not the data of such a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the data of a record of type {rtype}: {said}")]
pub struct DataError {
    rtype: Rtype,
    said: String,
}

/// Seconds in a unit of time, as name servers read them in master files.
const UNITS: [(u8, u64); 5] = [(b's', 1), (b'm', 60), (b'h', 3600), (b'd', 86_400), (b'w', 604_800)];

/// Reads a time in seconds, as `3600`, `1h` or `1h30m`; at most 2^31 - 1 (RFC 2181 8).
#[must_use]
pub fn parse_ttl(text: &str) -> Option<u32> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let seconds = match rest.as_bytes().get(digits) {
            Some(letter) => UNITS.iter().find(|(unit, _)| letter.eq_ignore_ascii_case(unit))?.1,
            // digits behind a unit are no time: 1h30
            None if digits < text.len() => return None,
            None => 1,
        };
        total = total.checked_add(number.checked_mul(seconds)?)?;
        rest = rest.get(digits + 1..).unwrap_or_default();
    }
    u32::try_from(total).ok().filter(|total| !text.is_empty() && *total <= i32::MAX.unsigned_abs())
}

impl RecordData {
    /// Reads data in master-file form (RFC 1035 5.1), such as `10 mail.example.` for an MX;
    /// a name without a final dot is relative to `origin`. Every type may also be
    /// written `\# length hex` (RFC 3597 5).
    ///
    /// # Errors
    /// When the text is not of that form.
    pub fn parse(rtype: Rtype, text: &str, origin: &Name) -> Result<Self, DataError> {
        let fail = |said: String| DataError { rtype, said };
        if text.contains(['\n', '\r']) {
            return Err(fail("it must stand on one line".to_owned()));
        }
        if rtype.is_meta() {
            return Err(fail("a meta type has no data".to_owned()));
        }
        let text = plain(rtype, text, origin);
        let mut zonefile = Zonefile::new();
        zonefile.set_origin(origin.0.clone());
        let mnemonic = rtype.number();
        zonefile.extend_from_slice(format!("@ 0 IN TYPE{mnemonic} {text}\n").as_bytes());
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
        Self::from_scanned(rtype, &data).ok_or_else(|| fail("these octets are none".to_owned()))
    }

    /// By way of the octets that go over the wire, so that whatever can be written can be sent.
    fn from_scanned<N: ToName>(rtype: Rtype, data: &ZoneRecordData<Bytes, N>) -> Option<Self> {
        let mut octets = Vec::new();
        data.compose_rdata(&mut octets).ok()?;
        Self::from_octets(rtype, &octets)
    }

    /// The data of that type whose uncompressed RDATA these octets are.
    #[must_use]
    pub fn from_octets(rtype: Rtype, octets: &[u8]) -> Option<Self> {
        if let Rtype::Other(rtype) = rtype {
            let fits = octets.len() <= usize::from(u16::MAX);
            return fits.then(|| Self::Opaque { rtype, octets: Bytes::copy_from_slice(octets) });
        }
        let mut parser = domain::dep::octseq::Parser::from_ref(octets);
        let number = domain::base::iana::Rtype::from_int(rtype.number());
        let parsed = AllRecordData::<&[u8], ParsedName<&[u8]>>::parse_rdata(number, &mut parser).ok()??;
        if parser.remaining() > 0 {
            return None;
        }
        known_data(&parsed)
    }
}

/// The text with what the crate does not know: a free-standing @ (RFC 1035 5.1), which it takes
/// for an owner only, and times with units in an SOA.
fn plain(rtype: Rtype, text: &str, origin: &Name) -> String {
    match rtype {
        Rtype::Ns | Rtype::Cname | Rtype::Soa | Rtype::Ptr | Rtype::Mx | Rtype::Srv | Rtype::Dname => {}
        Rtype::A | Rtype::Txt | Rtype::Aaaa | Rtype::Other(_) => return text.to_owned(),
    }
    let word = |(place, word): (usize, &str)| {
        let time = if rtype == Rtype::Soa && (3..7).contains(&place) { parse_ttl(word) } else { None };
        match time {
            Some(seconds) => seconds.to_string(),
            None if word == "@" => origin.dotted(),
            None => word.to_owned(),
        }
    };
    text.split_ascii_whitespace().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// Text strings with what is neither a letter nor a sign that stands for itself escaped.
fn write_string(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    f.write_str("\"")?;
    for &octet in octets {
        match octet {
            b'"' | b'\\' => write!(f, "\\{}", char::from(octet))?,
            b' '..=b'~' => write!(f, "{}", char::from(octet))?,
            _ => write!(f, "\\{octet:03}")?,
        }
    }
    f.write_str("\"")
}

/// In master-file form, with absolute names.
impl fmt::Display for RecordData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => address.fmt(f),
            Self::Aaaa(address) => address.fmt(f),
            Self::Ns(name) | Self::Cname(name) | Self::Ptr(name) | Self::Dname(name) => f.write_str(&name.dotted()),
            Self::Mx { preference, exchange } => write!(f, "{preference} {}", exchange.dotted()),
            Self::Srv { priority, weight, port, target } => {
                write!(f, "{priority} {weight} {port} {}", target.dotted())
            }
            Self::Txt(strings) => {
                for (place, string) in strings.iter().enumerate() {
                    if place > 0 {
                        f.write_str(" ")?;
                    }
                    write_string(f, string)?;
                }
                Ok(())
            }
            Self::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
                let (mname, rname) = (mname.dotted(), rname.dotted());
                write!(f, "{mname} {rname} {serial} {refresh} {retry} {expire} {minimum}")
            }
            Self::Opaque { octets, .. } => {
                write!(f, "\\# {}", octets.len())?;
                if !octets.is_empty() {
                    f.write_str(" ")?;
                }
                octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}
