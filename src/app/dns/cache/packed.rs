//! Records as few octets: what a cache entry holds besides its owner's name.
//!
//! The data of each record stand as in a message (RFC 1035 3.3), names uncompressed and in the
//! letter case they came in, with the length in front. The type is not repeated: it is the
//! entry's. Read back on use; octets that nobody packed read as nothing, and never panic.

use bytes::Bytes;

use crate::proto::dns::{Name, Record, RecordData, Rtype};

/// The longest that any data can be (RFC 1035 3.2.1: RDLENGTH has 16 bits).
const LONGEST: usize = 65_535;

/// Lays the data of a record behind what stands there. Data that is longer than a message could
/// carry is left out.
pub(super) fn lay_data(data: &RecordData, octets: &mut Vec<u8>) {
    let start = octets.len();
    octets.extend_from_slice(&[0, 0]);
    match data {
        RecordData::A(address) => octets.extend_from_slice(&address.octets()),
        RecordData::Aaaa(address) => octets.extend_from_slice(&address.octets()),
        RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Ptr(name) | RecordData::Dname(name) => {
            octets.extend_from_slice(name.octets());
        }
        RecordData::Mx { preference, exchange } => {
            octets.extend_from_slice(&preference.to_be_bytes());
            octets.extend_from_slice(exchange.octets());
        }
        RecordData::Txt(strings) => {
            for string in strings {
                // RFC 1035 3.3: a character-string has at most 255 octets
                let string = &string[..string.len().min(255)];
                octets.push(u8::try_from(string.len()).unwrap_or(u8::MAX));
                octets.extend_from_slice(string);
            }
        }
        RecordData::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
            octets.extend_from_slice(mname.octets());
            octets.extend_from_slice(rname.octets());
            for number in [serial, refresh, retry, expire, minimum] {
                octets.extend_from_slice(&number.to_be_bytes());
            }
        }
        RecordData::Srv { priority, weight, port, target } => {
            for number in [priority, weight, port] {
                octets.extend_from_slice(&number.to_be_bytes());
            }
            octets.extend_from_slice(target.octets());
        }
        RecordData::Opaque { octets: opaque, .. } => octets.extend_from_slice(opaque),
    }
    let length = octets.len() - start - 2;
    if length > LONGEST {
        octets.truncate(start);
    } else if let Some(place) = octets.get_mut(start..start + 2) {
        place.copy_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    }
}

/// The data of all records that were laid one behind the other.
pub(super) fn read_data(rtype: Rtype, octets: &[u8]) -> impl Iterator<Item = RecordData> {
    let mut rest = Reader(octets);
    std::iter::from_fn(move || {
        let length = rest.u16()?;
        rest.take(usize::from(length)).and_then(|octets| data(rtype, Reader(octets)))
    })
}

/// Lays the SOA record of a denial.
pub(super) fn lay_soa(soa: &Record, octets: &mut Vec<u8>) {
    octets.extend_from_slice(soa.name.octets());
    lay_data(&soa.data, octets);
}

/// The SOA record of a denial, with a TTL of this many seconds.
pub(super) fn read_soa(octets: &[u8], ttl: u32) -> Option<Record> {
    let mut rest = Reader(octets);
    let name = rest.name()?;
    let data = read_data(Rtype::Soa, rest.0).next()?;
    Some(Record { name, ttl, data })
}

/// The octets of the name at the front.
pub(super) fn leading_name(octets: &[u8]) -> &[u8] {
    let mut at = 0;
    while let Some(&length) = octets.get(at) {
        at += 1 + usize::from(length);
        if length == 0 {
            break;
        }
    }
    octets.get(..at).unwrap_or(octets)
}

/// Octets that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*front)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn name(&mut self) -> Option<Name> {
        let front = leading_name(self.0);
        self.take(front.len()).and_then(Name::from_octets)
    }
}

fn data(rtype: Rtype, mut rest: Reader<'_>) -> Option<RecordData> {
    Some(match rtype {
        Rtype::A => RecordData::A(rest.array::<4>()?.into()),
        Rtype::Aaaa => RecordData::Aaaa(rest.array::<16>()?.into()),
        Rtype::Ns => RecordData::Ns(rest.name()?),
        Rtype::Cname => RecordData::Cname(rest.name()?),
        Rtype::Ptr => RecordData::Ptr(rest.name()?),
        Rtype::Dname => RecordData::Dname(rest.name()?),
        Rtype::Mx => RecordData::Mx { preference: rest.u16()?, exchange: rest.name()? },
        Rtype::Txt => {
            let mut strings = Vec::new();
            while let Some([length]) = rest.array::<1>() {
                strings.push(rest.take(usize::from(length))?.to_vec());
            }
            RecordData::Txt(strings)
        }
        Rtype::Soa => RecordData::Soa {
            mname: rest.name()?,
            rname: rest.name()?,
            serial: rest.u32()?,
            refresh: rest.u32()?,
            retry: rest.u32()?,
            expire: rest.u32()?,
            minimum: rest.u32()?,
        },
        Rtype::Srv => {
            RecordData::Srv { priority: rest.u16()?, weight: rest.u16()?, port: rest.u16()?, target: rest.name()? }
        }
        Rtype::Other(rtype) => RecordData::Opaque { rtype, octets: Bytes::copy_from_slice(rest.0) },
    })
}
