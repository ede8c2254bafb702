//! What a resolver believes, how firmly, and until when.
//!
//! An entry is one RRset, or the knowledge that there is none (RFC 2308). It is believed for
//! its TTL on the virtual clock and served with the seconds that are left, rounded down: so
//! no copy of it anywhere outlives the TTL that its authority gave. Left out: a limit of size;
//! expired entries are swept out when the cache has doubled.

use std::collections::BTreeMap;

use crate::base::{SimDuration, SimTime};
use crate::proto::dns::{Name, Question, Record, RecordData, Rtype};

/// Where data came from, from the least to the most trustworthy (RFC 2181 5.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Additional section: glue, good for finding servers and nothing else.
    Glue,
    /// Authority section of a referral.
    Referral,
    /// Answer section of a response without AA.
    Answer,
    /// Answer section of an authoritative response.
    Authority,
}

/// What the cache holds for a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The records, with the TTL that is left.
    Records(Vec<Record>),
    /// The name does not exist; the SOA carries the TTL that is left.
    NxDomain(Option<Record>),
    /// The name has no such records.
    NoData(Option<Record>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    rank: Rank,
    expires: SimTime,
    pub(super) what: Stored,
}

#[derive(Clone, Debug)]
pub(super) enum Stored {
    Data(Vec<RecordData>),
    Denied(Option<Box<Record>>),
}

/// A resolver's cache.
#[derive(Clone, Debug)]
pub struct Cache {
    ttl_cap: u32,
    negative_ttl_cap: u32,
    rrsets: BTreeMap<(Name, Rtype), Entry>,
    /// What the zone above says of a zone's servers and their addresses. It stands beside what the
    /// zone says itself and never answers: neither of the two prolongs the other.
    delegated: BTreeMap<(Name, Rtype), Entry>,
    /// RFC 2308 5: NXDOMAIN is kept per name, whatever type was asked for.
    absent: BTreeMap<Name, Entry>,
    sweep_at: usize,
}

/// Entries below this number are not swept.
const SWEEP_FLOOR: usize = 1024;

impl Cache {
    /// An empty cache that believes nothing for longer than these seconds.
    #[must_use]
    pub const fn new(ttl_cap: u32, negative_ttl_cap: u32) -> Self {
        Self {
            ttl_cap,
            negative_ttl_cap,
            rrsets: BTreeMap::new(),
            delegated: BTreeMap::new(),
            absent: BTreeMap::new(),
            sweep_at: SWEEP_FLOOR,
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.ttl_cap, self.negative_ttl_cap);
    }

    /// Entries held, expired ones that were not swept yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rrsets.len() + self.delegated.len() + self.absent.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What may be told to clients about exactly this name and type.
    #[must_use]
    pub fn answer(&self, question: &Question, now: SimTime) -> Option<Held> {
        if let Some(left) = self.absent.get(&question.name).and_then(|entry| entry.left(now).map(|ttl| (entry, ttl))) {
            return Some(Held::NxDomain(left.0.denial(left.1)));
        }
        let entry = self.rrsets.get(&(question.name.clone(), question.rtype))?;
        let ttl = entry.left(now)?;
        match &entry.what {
            // RFC 2181 5.4.1: glue and the like are never returned as answers; they are not kept here
            Stored::Data(data) => Some(Held::Records(records(&question.name, ttl, data))),
            Stored::Denied(_) => Some(Held::NoData(entry.denial(ttl))),
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&(Name, Rtype), &Entry)> {
        self.rrsets.iter().chain(&self.delegated)
    }

    pub(super) fn absent_names(&self) -> impl Iterator<Item = (&Name, &Entry)> {
        self.absent.iter()
    }

    /// What the zone itself says, for finding one's way, of whatever rank; else what the zone
    /// above says; nothing when there is neither.
    #[must_use]
    pub fn infrastructure(&self, name: &Name, rtype: Rtype, now: SimTime) -> &[RecordData] {
        match self.rrsets.get(&(name.clone(), rtype)) {
            Some(Entry { what: Stored::Data(data), expires, .. }) if now < *expires => data,
            Some(_) | None => self.delegated(name, rtype, now).map_or(&[], |(data, _)| data),
        }
    }

    /// What the zone above says, and until when: NS records of a delegation, or glue.
    #[must_use]
    pub fn delegated(&self, name: &Name, rtype: Rtype, now: SimTime) -> Option<(&[RecordData], SimTime)> {
        match self.delegated.get(&(name.clone(), rtype)) {
            Some(Entry { what: Stored::Data(data), expires, .. }) if now < *expires => Some((data, *expires)),
            Some(_) | None => None,
        }
    }

    /// The denial of a name above this one, which holds for all beneath it (RFC 8020 2).
    #[must_use]
    pub fn denied_above(&self, name: &Name, now: SimTime) -> Option<Held> {
        if self.absent.is_empty() {
            return None;
        }
        name.ancestors().skip(1).find_map(|above| {
            let entry = self.absent.get(&above)?;
            entry.left(now).map(|ttl| Held::NxDomain(entry.denial(ttl)))
        })
    }

    /// Takes up records, set by set.
    pub fn store(&mut self, records: &[Record], rank: Rank, now: SimTime) {
        let mut sets: BTreeMap<(Name, Rtype), (u32, Vec<RecordData>)> = BTreeMap::new();
        for record in records {
            let set = sets.entry((record.name.clone(), record.rtype())).or_insert((record.ttl, Vec::new()));
            // RFC 2181 5.2: one RRset has one TTL
            set.0 = set.0.min(record.ttl);
            if !set.1.contains(&record.data) {
                set.1.push(record.data.clone());
            }
        }
        for (key, (ttl, data)) in sets {
            if rank >= Rank::Answer {
                self.absent.remove(&key.0);
            }
            let expires = now + SimDuration::from_secs(u64::from(ttl.min(self.ttl_cap)));
            self.put(key, Entry { rank, expires, what: Stored::Data(data) }, now);
        }
    }

    /// Takes up the knowledge that there are no such records. RFC 2308 5: for the lesser of
    /// the SOA's TTL and its MINIMUM field; without an SOA not at all.
    pub fn store_no_data(&mut self, question: &Question, soa: Option<&Record>, now: SimTime) {
        if let Some(entry) = self.denied(soa, now) {
            self.put((question.name.clone(), question.rtype), entry, now);
        }
    }

    /// Takes up the knowledge that the name does not exist.
    pub fn store_nx_domain(&mut self, name: &Name, soa: Option<&Record>, now: SimTime) {
        if let Some(entry) = self.denied(soa, now) {
            self.absent.insert(name.clone(), entry);
            self.sweep(now);
        }
    }

    fn denied(&self, soa: Option<&Record>, now: SimTime) -> Option<Entry> {
        let ttl = negative_ttl(soa?)?.min(self.negative_ttl_cap);
        let expires = now + SimDuration::from_secs(u64::from(ttl));
        Some(Entry { rank: Rank::Authority, expires, what: Stored::Denied(soa.cloned().map(Box::new)) })
    }

    fn put(&mut self, key: (Name, Rtype), entry: Entry, now: SimTime) {
        // RFC 2181 5.4.1: what is trusted more stays until it expires
        let side = if entry.rank < Rank::Answer { &mut self.delegated } else { &mut self.rrsets };
        if side.get(&key).is_some_and(|held| held.rank > entry.rank && now < held.expires) {
            return;
        }
        side.insert(key, entry);
        self.sweep(now);
    }

    fn sweep(&mut self, now: SimTime) {
        if self.len() >= self.sweep_at {
            self.rrsets.retain(|_, entry| now < entry.expires);
            self.delegated.retain(|_, entry| now < entry.expires);
            self.absent.retain(|_, entry| now < entry.expires);
            self.sweep_at = (2 * self.len()).max(SWEEP_FLOOR);
        }
    }
}

impl Entry {
    /// Whole seconds left; none at and after expiry.
    pub(super) fn left(&self, now: SimTime) -> Option<u32> {
        (now < self.expires).then(|| u32::try_from(self.expires.since(now).as_secs()).unwrap_or(u32::MAX))
    }

    fn denial(&self, ttl: u32) -> Option<Record> {
        match &self.what {
            Stored::Denied(soa) => soa.as_deref().map(|soa| Record { ttl, ..soa.clone() }),
            Stored::Data(_) => None,
        }
    }
}

/// Seconds for which a denial with this SOA is believed; none when it is no SOA.
pub(super) fn negative_ttl(soa: &Record) -> Option<u32> {
    soa.data.soa_minimum().map(|minimum| minimum.min(soa.ttl))
}

fn records(name: &Name, ttl: u32, data: &[RecordData]) -> Vec<Record> {
    data.iter().map(|data| Record { name: name.clone(), ttl, data: data.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    fn question(name: &str, rtype: Rtype) -> Question {
        Question { name: Name::parse(name).unwrap(), rtype }
    }

    fn record(name: &str, ttl: u32, rtype: Rtype, data: &str) -> Record {
        let data = RecordData::parse(rtype, data, &Name::root()).unwrap();
        Record { name: Name::parse(name).unwrap(), ttl, data }
    }

    fn ttl(held: Option<Held>) -> Option<u32> {
        match held? {
            Held::Records(records) => records.first().map(|record| record.ttl),
            Held::NxDomain(soa) | Held::NoData(soa) => soa.map(|soa| soa.ttl),
        }
    }

    /// Rounding up would let a second cache keep the answer beyond its end; `<=` at the
    /// end would serve it one instant too long.
    #[test]
    fn ttls_fall_and_end_on_the_instant() {
        let asked = question("a.example", Rtype::A);
        let mut cache = Cache::new(86_400, 3600);
        cache.store(&[record("a.example", 3, Rtype::A, "10.0.0.1")], Rank::Authority, at(500));
        let sec = 1_000_000_000;
        for (now, left) in [
            (500, Some(3)),
            (501, Some(2)),
            (sec + 500, Some(2)),
            (2 * sec + 501, Some(0)),
            (3 * sec + 499, Some(0)),
            (3 * sec + 500, None),
        ] {
            assert_eq!(ttl(cache.answer(&asked, at(now))), left, "at {now}");
        }
    }

    #[test]
    fn a_denial_lives_for_the_lesser_of_two_and_the_cap() {
        let sec = 1_000_000_000;
        for (soa_ttl, minimum, lives) in [(300, 60, 60), (30, 60, 30), (90_000, 90_000, 3600)] {
            let soa = record("example", soa_ttl, Rtype::Soa, &format!("ns. root. 1 2 3 4 {minimum}"));
            let mut cache = Cache::new(86_400, 3600);
            let asked = question("no.example", Rtype::Mx);
            cache.store_nx_domain(&asked.name, Some(&soa), at(0));
            assert_eq!(ttl(cache.answer(&asked, at(0))), Some(lives));
            assert!(matches!(cache.answer(&question("NO.example", Rtype::A), at(0)), Some(Held::NxDomain(_))));
            assert_eq!(cache.answer(&asked, at(u64::from(lives) * sec)), None);
            cache.store_no_data(&asked, Some(&soa), at(0));
            cache.absent.clear();
            assert!(matches!(cache.answer(&asked, at(0)), Some(Held::NoData(Some(_)))));
            assert_eq!(cache.answer(&question("no.example", Rtype::A), at(0)), None);
            cache.store_nx_domain(&asked.name, None, at(0));
            assert!(cache.absent.is_empty(), "RFC 2308 5: without an SOA it is not cached");
        }
    }

    /// Believing the latest comer would let any zone's additional section replace what the
    /// authority said.
    #[test]
    fn glue_neither_answers_nor_replaces_an_answer() {
        let asked = question("ns.example", Rtype::A);
        let glue = record("ns.example", 50, Rtype::A, "10.6.6.6");
        let truth = record("ns.example", 10, Rtype::A, "10.0.0.1");
        let mut cache = Cache::new(86_400, 3600);
        cache.store(std::slice::from_ref(&glue), Rank::Glue, at(0));
        assert_eq!(cache.answer(&asked, at(0)), None);
        assert_eq!(cache.infrastructure(&asked.name, Rtype::A, at(0)), std::slice::from_ref(&glue.data));
        cache.store(std::slice::from_ref(&truth), Rank::Authority, at(0));
        cache.store(std::slice::from_ref(&glue), Rank::Glue, at(0));
        assert_eq!(cache.infrastructure(&asked.name, Rtype::A, at(0)), std::slice::from_ref(&truth.data));
        assert_eq!(cache.delegated(&asked.name, Rtype::A, at(0)).unwrap().0, std::slice::from_ref(&glue.data));
        assert_eq!(cache.answer(&asked, at(0)), Some(Held::Records(vec![truth])));
        cache.store(std::slice::from_ref(&glue), Rank::Glue, at(10_000_000_000));
        assert_eq!(cache.infrastructure(&asked.name, Rtype::A, at(10_000_000_000)), [glue.data]);
    }

    #[test]
    fn what_expired_is_swept_out() {
        let mut cache = Cache::new(86_400, 3600);
        for n in 0..10 * SWEEP_FLOOR as u64 {
            let name = format!("n{n}.example");
            cache.store(&[record(&name, 1, Rtype::A, "10.0.0.1")], Rank::Authority, at(n * 10_000_000));
        }
        assert!(cache.len() <= SWEEP_FLOOR, "{}", cache.len());
    }
}
