//! What a resolver believes, how firmly, until when, and from whom it has it.
//!
//! An entry is one RRset, the knowledge that there is none (RFC 2308), or that nobody could tell
//! (RFC 9520). It is believed for its TTL on the virtual clock and served with the seconds that
//! are left, rounded down: so no copy of it anywhere outlives the TTL that its authority gave.
//! Only a resolver that serves stale data (RFC 8767) keeps entries beyond their end, and never
//! takes them for fresh.
//!
//! Entries are small (`packed`, `store`) and know what they cost in memory. With a limit the
//! least recently used go first; being read is being used. Without one, expired entries are
//! swept out when the cache has doubled.

#[cfg(test)]
mod models;
mod packed;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::config::{ResolverConfig, ServeStale};
use crate::base::SimTime;
use crate::proto::dns::{Name, Question, Record, RecordData, Rtype};
pub(super) use store::{Entry, Place};
use store::{Facts, Key, Store};

/// Where data came from, from the least to the most trustworthy (RFC 2181 5.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Additional section: glue, good for finding servers and nothing else.
    Glue,
    /// Authority section of a referral.
    Referral,
    /// Any section, about a name of which the server may not speak: believed only where nobody
    /// checks that.
    Unchecked,
    /// Answer section of a response without AA.
    Answer,
    /// Answer section of an authoritative response.
    Authority,
}

/// Who told what an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The resolver itself: its configuration, or what it saw fail.
    Own,
    /// A server of the name's zone, or of one above.
    Server(IpAddr),
    /// A resolver to which questions are forwarded.
    Forwarder(IpAddr),
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
    /// Nobody could tell, a short time ago (RFC 9520).
    Failure,
}

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// There are records.
    Records,
    /// The zone above says that there are these: a delegation, or glue. It stands beside what the
    /// zone says itself, never answers, and neither of the two prolongs the other.
    Delegated,
    /// There are none of this type.
    NoData,
    /// There is no such name.
    NxDomain,
    /// Nobody could tell.
    Failure,
}

/// An entry as it was read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) place: Place,
    pub(super) held: Held,
    /// Seconds left, or those that stale data are served with.
    pub(super) ttl: u32,
    /// It is in the last tenth of its life.
    pub(super) ending: bool,
    /// Seconds since it ended, rounded up; none while it is fresh.
    pub(super) past: Option<u32>,
}

/// How long things are believed, and how much of it there may be.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Least and most seconds for records.
    pub ttl: (u32, u32),
    /// Least and most seconds for denials.
    pub negative_ttl: (u32, u32),
    /// Seconds for failures.
    pub failure_ttl: u32,
    /// Octets.
    pub limit: Option<usize>,
    /// What becomes of entries at their end.
    pub stale: Option<ServeStale>,
}

impl From<&ResolverConfig> for Policy {
    fn from(config: &ResolverConfig) -> Self {
        Self {
            ttl: (config.ttl_floor, config.ttl_cap),
            negative_ttl: (config.negative_ttl_floor, config.negative_ttl_cap),
            failure_ttl: config.failure_ttl,
            limit: config.cache_limit,
            stale: config.stale,
        }
    }
}

/// A resolver's cache.
#[derive(Clone, Debug)]
pub struct Cache {
    policy: Policy,
    store: Store,
    /// Denials of whole names among the entries.
    absent: usize,
    origins: Vec<Origin>,
    origin_numbers: BTreeMap<Origin, u32>,
    /// The number of who tells what is stored next.
    telling: u32,
    evicted: u64,
    sweep_at: usize,
}

/// Entries below this number are not swept.
const SWEEP_FLOOR: usize = 1024;

/// The longest that a failure is remembered where there is stale data to serve meanwhile
/// (RFC 8767 5: no more often than every 30 seconds).
const LONGEST_FAILURE: u32 = 30;

/// The type under which the denial of a whole name stands (RFC 2308 5: whatever was asked for).
const WHOLE_NAME: u16 = 0;

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            store: Store::new(),
            absent: 0,
            origins: vec![Origin::Own],
            origin_numbers: BTreeMap::from([(Origin::Own, 0)]),
            telling: 0,
            evicted: 0,
            sweep_at: SWEEP_FLOOR,
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.policy.clone());
    }

    /// Entries held, expired ones that were not swept yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets of memory that the entries cost, everything included.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.store.octets()
    }

    /// Entries that went because of the limit.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// What is stored from now on was told by this one.
    pub fn told_by(&mut self, origin: Origin) {
        let next = u32::try_from(self.origins.len()).unwrap_or(0);
        self.telling = *self.origin_numbers.entry(origin).or_insert(next);
        if self.telling == next {
            self.origins.push(origin);
        }
    }

    /// What may be told to clients about exactly this name and type.
    #[must_use]
    pub fn answer(&self, question: &Question, now: SimTime) -> Option<Held> {
        self.read(question, now).map(|reading| reading.held)
    }

    /// What is fresh about exactly this name and type.
    pub(super) fn read(&self, question: &Question, now: SimTime) -> Option<Reading> {
        let fresh = |place: &Place| self.store.entry(*place).left(now).is_some();
        self.readable(question).into_iter().find(fresh).map(|place| self.reading(place, &question.name, now))
    }

    /// What is known about exactly this name and type and may be served beyond its end
    /// (RFC 8767): what was told last, fresh or not. Failures are no data.
    pub(super) fn read_stale(&self, question: &Question, now: SimTime) -> Option<Reading> {
        let data = |entry: &Entry| entry.kind != Kind::Failure && self.servable(entry, now);
        let places = self.readable(question).into_iter().filter(|place| data(self.store.entry(*place)));
        let latest = places.max_by_key(|place| self.store.entry(*place).stored)?;
        Some(self.reading(latest, &question.name, now))
    }

    /// The nearest name at or above this one that is known not to exist: nothing exists beneath
    /// it either (RFC 8020 2). What was stored later about a name beneath took it back.
    pub(super) fn denied_above(&self, name: &Name, now: SimTime) -> Option<Reading> {
        if self.absent == 0 {
            return None;
        }
        let mut found = name.ancestors().filter_map(|above| {
            let place = self.store.find(&Key::new(&above, WHOLE_NAME, Kind::NxDomain))?;
            self.store.entry(place).left(now).map(|_| self.reading(place, &above, now))
        });
        found.next()
    }

    /// Whether the question failed a short time ago.
    pub(super) fn failed(&self, question: &Question, now: SimTime) -> bool {
        let place = self.store.find(&failure_key(question));
        place.is_some_and(|place| self.store.entry(place).left(now).is_some())
    }

    /// For finding one's way: what the zone itself says, else what the zone above says; nothing
    /// when there is neither.
    #[must_use]
    pub fn infrastructure(&self, name: &Name, rtype: Rtype, now: SimTime) -> Vec<RecordData> {
        let own = self.data(name, rtype, Kind::Records, now);
        own.or_else(|| self.data(name, rtype, Kind::Delegated, now)).map_or_else(Vec::new, |(data, _)| data)
    }

    /// What the zone above says, and until when: the servers of a delegation, or glue.
    #[must_use]
    pub fn delegated(&self, name: &Name, rtype: Rtype, now: SimTime) -> Option<(Vec<RecordData>, SimTime)> {
        self.data(name, rtype, Kind::Delegated, now)
    }

    fn data(&self, name: &Name, rtype: Rtype, kind: Kind, now: SimTime) -> Option<(Vec<RecordData>, SimTime)> {
        let place = self.store.find(&Key::new(name, rtype.number(), kind))?;
        let entry = self.store.entry(place);
        if entry.kind != kind || entry.left(now).is_none() {
            return None;
        }
        self.store.touch(place);
        Some((entry.data().collect(), entry.expires()))
    }

    /// The entries that speak of a question, the weightiest first.
    fn readable(&self, question: &Question) -> impl IntoIterator<Item = Place> {
        let (name, rtype) = (&question.name, question.rtype.number());
        let absent = (self.absent > 0).then(|| self.store.find(&Key::new(name, WHOLE_NAME, Kind::NxDomain))).flatten();
        // RFC 2181 5.4.1: glue and the like are never returned as answers; they are of another kind
        let set = self.store.find(&Key::new(name, rtype, Kind::Records));
        let failure = (self.policy.failure_ttl > 0).then(|| self.store.find(&failure_key(question))).flatten();
        [absent, set, failure].into_iter().flatten()
    }

    /// Reads an entry, which is using it.
    fn reading(&self, place: Place, name: &Name, now: SimTime) -> Reading {
        self.store.touch(place);
        let entry = self.store.entry(place);
        // RFC 8767 4: a TTL of 30 s; but never more than the authority gave
        let stale_ttl = || self.policy.stale.map_or(0, |stale| stale.reply_ttl).min(entry.ttl);
        let ttl = entry.left(now).unwrap_or_else(stale_ttl);
        let held = match entry.kind {
            Kind::Records | Kind::Delegated => {
                Held::Records(entry.data().map(|data| Record { name: name.clone(), ttl, data }).collect())
            }
            Kind::NoData => Held::NoData(entry.soa(ttl)),
            Kind::NxDomain => Held::NxDomain(entry.soa(ttl)),
            Kind::Failure => Held::Failure,
        };
        Reading { place, held, ttl, ending: ttl <= entry.ttl / 10, past: past(entry, now) }
    }

    /// A client was answered with it. To be told before anything else is stored.
    pub(super) fn count_served(&self, place: Place) {
        let served = &self.store.entry(place).served;
        served.set(served.get().saturating_add(1));
    }

    /// Takes up records, set by set.
    pub fn store(&mut self, records: &[Record], rank: Rank, now: SimTime) {
        let mut sorted: Vec<&Record> = records.iter().collect();
        sorted.sort_by(|a, b| (&a.name, a.rtype()).cmp(&(&b.name, b.rtype())));
        for set in sorted.chunk_by(|a, b| a.rtype() == b.rtype() && a.name == b.name) {
            self.store_set(set, rank, now);
        }
    }

    fn store_set(&mut self, set: &[&Record], rank: Rank, now: SimTime) {
        let Some(first) = set.first() else { return };
        // RFC 2181 5.2: one RRset has one TTL
        let ttl = set.iter().map(|record| record.ttl).min().unwrap_or(0);
        let ttl = ttl.max(self.policy.ttl.0).min(self.policy.ttl.1);
        if rank >= Rank::Unchecked {
            self.exists(&first.name);
        }
        let mut packed = Vec::new();
        for (at, record) in set.iter().enumerate() {
            if set.iter().take(at).all(|earlier| earlier.data != record.data) {
                packed::lay_data(&record.data, &mut packed);
            }
        }
        let kind = if rank >= Rank::Unchecked { Kind::Records } else { Kind::Delegated };
        let key = Key::new(&first.name, first.rtype().number(), kind);
        self.put(&key, kind, rank, (ttl, &packed), now);
    }

    /// A name is there after all, and with it all names above.
    fn exists(&mut self, name: &Name) {
        for above in name.ancestors() {
            if self.absent == 0 {
                return;
            }
            self.remove(&Key::new(&above, WHOLE_NAME, Kind::NxDomain));
        }
    }

    /// Takes up the knowledge that there are no such records. RFC 2308 5: for the lesser of
    /// the SOA's TTL and its MINIMUM field; without an SOA not at all.
    pub fn store_no_data(&mut self, question: &Question, soa: Option<&Record>, now: SimTime) {
        if soa.is_some() {
            self.exists(&question.name);
        }
        let key = Key::new(&question.name, question.rtype.number(), Kind::NoData);
        self.deny(&key, Kind::NoData, soa, now);
    }

    /// Takes up the knowledge that the name does not exist.
    pub fn store_nx_domain(&mut self, name: &Name, soa: Option<&Record>, now: SimTime) {
        self.deny(&Key::new(name, WHOLE_NAME, Kind::NxDomain), Kind::NxDomain, soa, now);
    }

    fn deny(&mut self, key: &Key<'_>, kind: Kind, soa: Option<&Record>, now: SimTime) {
        let Some((soa, ttl)) = soa.and_then(|soa| Some((soa, negative_ttl(soa)?))) else { return };
        let ttl = ttl.max(self.policy.negative_ttl.0).min(self.policy.negative_ttl.1);
        let mut packed = Vec::new();
        packed::lay_soa(soa, &mut packed);
        self.put(key, kind, Rank::Authority, (ttl, &packed), now);
    }

    /// Takes up that nobody could answer a question (RFC 9520 3.2). Where data that expired can be
    /// served meanwhile, a failure that follows another is remembered twice as long, up to 30 s.
    pub fn store_failure(&mut self, question: &Question, now: SimTime) {
        let first = self.policy.failure_ttl;
        let key = failure_key(question);
        let before = self.store.find(&key).map_or(0, |place| {
            let entry = self.store.entry(place);
            let close = past(entry, now).is_none_or(|past| past <= entry.ttl);
            if close && self.policy.stale.is_some() { entry.ttl } else { 0 }
        });
        let ttl = before.saturating_mul(2).min(LONGEST_FAILURE).max(first);
        let telling = std::mem::take(&mut self.telling);
        self.put(&key, Kind::Failure, Rank::Authority, (ttl, &[]), now);
        self.telling = telling;
    }

    /// The question has an answer again.
    pub(super) fn forget_failure(&mut self, question: &Question) {
        self.remove(&failure_key(question));
    }

    fn put(&mut self, key: &Key<'_>, kind: Kind, rank: Rank, (ttl, packed): (u32, &[u8]), now: SimTime) {
        if let Some(place) = self.store.find(key) {
            let held = self.store.entry(place);
            // RFC 2181 5.4.1: what is trusted more stays until it expires
            if held.rank > rank && held.left(now).is_some() {
                return;
            }
        }
        if ttl == 0 {
            // RFC 1035 3.2.1: for the transaction in progress only; and what was known is no more
            return self.remove(key);
        }
        let before = self.store.len();
        self.store.put(key, &Facts { kind, rank, origin: self.telling, stored: now, ttl, packed });
        if kind == Kind::NxDomain {
            self.absent += self.store.len() - before;
        }
        self.keep_limit();
        self.sweep(now);
    }

    fn remove(&mut self, key: &Key<'_>) {
        if let Some(place) = self.store.find(key) {
            self.remove_at(place);
        }
    }

    fn remove_at(&mut self, place: Place) {
        if self.store.entry(place).kind == Kind::NxDomain {
            self.absent -= 1;
        }
        self.store.remove(place);
    }

    fn keep_limit(&mut self) {
        while self.policy.limit.is_some_and(|limit| self.octets() > limit)
            && let Some(place) = self.store.least_recent()
        {
            self.remove_at(place);
            self.evicted += 1;
        }
    }

    fn sweep(&mut self, now: SimTime) {
        if self.len() < self.sweep_at {
            return;
        }
        let over = |(_, entry): &(Place, &Entry)| !self.servable(entry, now);
        let places: Vec<Place> = self.store.by_use().filter(over).map(|(place, _)| place).collect();
        for place in places {
            self.remove_at(place);
        }
        self.sweep_at = (2 * self.len()).max(SWEEP_FLOOR);
    }
}

/// What is read of single entries.
impl Cache {
    /// Whether an entry is fresh, or may be served although it ended (RFC 8767 5: the maximum
    /// stale timer).
    pub(super) fn servable(&self, entry: &Entry, now: SimTime) -> bool {
        let Some(past) = past(entry, now) else { return true };
        let max = self.policy.stale.map(|stale| stale.max);
        // a second that has begun counts whole, as in a TTL
        entry.kind != Kind::Failure && max.is_some_and(|max| max.is_none_or(|max| u64::from(past) < max.as_secs()))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&Entry, Origin)> {
        self.store.by_use().map(|(_, entry)| {
            let origin = self.origins.get(entry.origin as usize).copied().unwrap_or(Origin::Own);
            (entry, origin)
        })
    }
}

impl Kind {
    /// Knowledge of one space stands in each other's place.
    const fn space(self) -> u8 {
        match self {
            Self::Records | Self::NoData => 0,
            Self::NxDomain => 1,
            Self::Failure => 2,
            Self::Delegated => 3,
        }
    }
}

fn failure_key(question: &Question) -> Key<'_> {
    Key::new(&question.name, question.rtype.number(), Kind::Failure)
}

/// Seconds since the end of an entry, rounded up as TTLs are rounded down; none while it is
/// fresh.
pub(super) fn past(entry: &Entry, now: SimTime) -> Option<u32> {
    let expires = entry.expires();
    let past = || u32::try_from(now.since(expires).as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX);
    (expires <= now).then(past)
}

/// Seconds for which a denial with this SOA is believed; none when it is no SOA.
pub(super) fn negative_ttl(soa: &Record) -> Option<u32> {
    soa.data.soa_minimum().map(|minimum| minimum.min(soa.ttl))
}
