//! A cache for a reader: as a table with what is known about each entry, and as lines in the
//! manner of a master file (RFC 1035 5.1): owner, seconds left, type and data, with what is known
//! not to exist marked as such. In the order of names and types, whatever the order of storing.

use super::cache::{Cache, Entry, Kind, Origin, Rank, past};
use crate::base::SimTime;
use crate::proto::dns::{Name, Record, RecordData, Rtype};

/// One entry of a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheLine {
    /// The owner, in the letter case in which it came first.
    pub name: Name,
    /// The type; none for the denial of a whole name.
    pub rtype: Option<Rtype>,
    /// Whole seconds for which it is still believed; 0 in the last second, and for an entry that
    /// has ended.
    pub ttl_left: u32,
    /// Seconds since its end, rounded up, of an entry that is kept to be served stale; none while
    /// it is fresh.
    pub past: Option<u32>,
    /// What is known.
    pub knowledge: Knowledge,
    /// How trustworthy it is.
    pub rank: Rank,
    /// Who told it.
    pub origin: Origin,
    /// When.
    pub stored_at: SimTime,
    /// How often a client was answered with it since then.
    pub served: u32,
}

/// What an entry says about its name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// The data of the RRset, in the order in which they came.
    Records(Vec<RecordData>),
    /// There are no such records; with the SOA that said so.
    NoData(Option<Record>),
    /// There is no such name; with the SOA that said so.
    NxDomain(Option<Record>),
    /// Nobody could tell.
    Failure,
}

impl Cache {
    /// What it holds, in the canonical order of names (RFC 4034 6.1) and by the numbers of types;
    /// the denial of a whole name before its records, a failure behind them. Entries that have
    /// ended and will not be served any more are left out.
    #[must_use]
    pub fn listing(&self, now: SimTime) -> Vec<CacheLine> {
        let held = self.entries().filter(|(entry, _)| self.servable(entry, now));
        let mut lines: Vec<CacheLine> = held.filter_map(|(entry, origin)| line(entry, origin, now)).collect();
        let order = |line: &CacheLine| {
            let failed = line.knowledge == Knowledge::Failure;
            (line.name.clone(), line.rtype.map(Rtype::number), failed)
        };
        lines.sort_by_cached_key(order);
        lines
    }

    /// One line for each record that is still believed, in the order of names.
    #[must_use]
    pub fn lines(&self, now: SimTime) -> Vec<String> {
        let fresh = self.listing(now).into_iter().filter(|line| line.past.is_none());
        fresh.flat_map(|line| line.texts()).collect()
    }
}

fn line(entry: &Entry, origin: Origin, now: SimTime) -> Option<CacheLine> {
    let ttl_left = entry.left(now).unwrap_or(0);
    let knowledge = match entry.kind {
        Kind::Records | Kind::Delegated => Knowledge::Records(entry.data().collect()),
        Kind::NoData => Knowledge::NoData(entry.soa(ttl_left)),
        Kind::NxDomain => Knowledge::NxDomain(entry.soa(ttl_left)),
        Kind::Failure => Knowledge::Failure,
    };
    Some(CacheLine {
        name: entry.name()?,
        rtype: (entry.kind != Kind::NxDomain).then(|| entry.rtype()),
        ttl_left,
        past: past(entry, now),
        knowledge,
        rank: entry.rank,
        origin,
        stored_at: entry.stored,
        served: entry.served.get(),
    })
}

impl CacheLine {
    /// The entry as a master file would have it, one text for each record; denials and failures
    /// in words.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let (name, ttl) = (&self.name, self.ttl_left);
        let front = match self.rtype {
            Some(rtype) => format!("{name} {ttl} {rtype}"),
            None => format!("{name} {ttl}"),
        };
        match &self.knowledge {
            Knowledge::Records(data) => data.iter().map(|data| format!("{front} {}", text(data))).collect(),
            Knowledge::NoData(_) => vec![format!("{front} does not exist (NODATA)")],
            Knowledge::NxDomain(_) => vec![format!("{front} does not exist (NXDOMAIN)")],
            Knowledge::Failure => vec![format!("{front} could not be found out (SERVFAIL)")],
        }
    }
}

/// The data of a record, its names without the final dot.
#[must_use]
pub fn text(data: &RecordData) -> String {
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
