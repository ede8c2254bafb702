//! A cache as lines for a reader: owner, seconds left, type and data, as in a master file
//! (RFC 1035 5.1), with what is known not to exist marked as such.

use super::cache::{Cache, Entry, Stored};
use crate::base::SimTime;
use crate::proto::dns::RecordData;

impl Cache {
    /// One line for each record that is still believed, in the order of names.
    #[must_use]
    pub fn lines(&self, now: SimTime) -> Vec<String> {
        let mut lines = Vec::new();
        for ((name, rtype), entry) in self.entries() {
            let Some(ttl) = entry.left(now) else { continue };
            match &entry.what {
                Stored::Data(data) => {
                    lines.extend(data.iter().map(|data| format!("{name} {ttl} {rtype} {}", text(data))));
                }
                Stored::Denied(_) => lines.push(format!("{name} {ttl} {rtype} does not exist (NODATA)")),
            }
        }
        let absent = self.absent_names().filter_map(|(name, entry)| Some((name, Entry::left(entry, now)?)));
        lines.extend(absent.map(|(name, ttl)| format!("{name} {ttl} does not exist (NXDOMAIN)")));
        lines.sort();
        lines
    }
}

fn text(data: &RecordData) -> String {
    match data {
        RecordData::A(address) => address.to_string(),
        RecordData::Aaaa(address) => address.to_string(),
        RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Ptr(name) | RecordData::Dname(name) => {
            name.to_string()
        }
        RecordData::Mx { preference, exchange } => format!("{preference} {exchange}"),
        RecordData::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}"),
        RecordData::Txt(strings) => {
            let quoted = strings.iter().map(|string| format!("\"{}\"", string.escape_ascii()));
            quoted.collect::<Vec<_>>().join(" ")
        }
        RecordData::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
            format!("{mname} {rname} {serial} {refresh} {retry} {expire} {minimum}")
        }
        // RFC 3597 5.
        RecordData::Opaque { octets, .. } => {
            let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("\\# {} {hex}", octets.len())
        }
    }
}
