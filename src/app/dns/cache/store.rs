//! The cache's memory: entries in one array, found through an index of hashes, chained by when
//! they were last used, and counted by the octets they cost.
//!
//! Finding, using, putting and removing take a constant time each, and nothing depends on an
//! order that hashing gives: the hash is the same in every run, and what has an order is in that
//! of use or sorted by name.

use std::cell::Cell;

use xxhash_rust::xxh3::xxh3_64;

use super::packed::{leading_name, read_data, read_soa};
use super::{Kind, Rank};
use crate::base::{SimDuration, SimTime};
use crate::proto::dns::{Name, Record, RecordData, Rtype};

/// No entry, where the number of one stands.
const NONE: u32 = u32::MAX;

/// Octets of the longest name (RFC 1035 2.3.4).
const NAME_LIMIT: usize = 255;

/// Octets that the index takes for an entry: a place of four, in a table three eighths to three
/// quarters full.
const INDEX_SHARE: usize = 8;

/// What is known about one name and type.
#[derive(Clone, Debug)]
pub(in crate::app::dns) struct Entry {
    /// The owner's name as first stored, then the packed facts.
    octets: Box<[u8]>,
    pub(in crate::app::dns) stored: SimTime,
    /// Seconds from `stored` for which it is believed.
    pub(super) ttl: u32,
    /// How often a client was answered with it.
    pub(in crate::app::dns) served: Cell<u32>,
    /// The number of who sent it.
    pub(super) origin: u32,
    hash: u32,
    newer: Cell<u32>,
    older: Cell<u32>,
    rtype: u16,
    pub(in crate::app::dns) kind: Kind,
    pub(in crate::app::dns) rank: Rank,
}

/// What an entry is to hold.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) kind: Kind,
    pub(super) rank: Rank,
    pub(super) origin: u32,
    pub(super) stored: SimTime,
    pub(super) ttl: u32,
    pub(super) packed: &'a [u8],
}

impl Entry {
    pub(in crate::app::dns) fn name(&self) -> Option<Name> {
        Name::from_octets(self.name_octets())
    }

    /// The data of an RRset.
    pub(in crate::app::dns) fn data(&self) -> impl Iterator<Item = RecordData> {
        read_data(self.rtype(), self.packed())
    }

    /// The SOA record of a denial, with a TTL of this many seconds.
    pub(in crate::app::dns) fn soa(&self, ttl: u32) -> Option<Record> {
        read_soa(self.packed(), ttl)
    }

    fn name_octets(&self) -> &[u8] {
        leading_name(&self.octets)
    }

    fn packed(&self) -> &[u8] {
        self.octets.get(self.name_octets().len()..).unwrap_or_default()
    }

    pub(in crate::app::dns) fn rtype(&self) -> Rtype {
        Rtype::from_number(self.rtype)
    }

    /// From when on it is no longer believed.
    pub(super) fn expires(&self) -> SimTime {
        self.stored.saturating_add(SimDuration::from_secs(u64::from(self.ttl)))
    }

    /// Whole seconds left; none at and after the end.
    pub(in crate::app::dns) fn left(&self, now: SimTime) -> Option<u32> {
        let expires = self.expires();
        (now < expires).then(|| u32::try_from(expires.since(now).as_secs()).unwrap_or(u32::MAX))
    }

    fn cost(&self) -> usize {
        size_of::<Self>() + allocated(self.octets.len()) + INDEX_SHARE
    }

    fn is_at(&self, key: &Key<'_>) -> bool {
        let same = self.hash == key.hash && self.rtype == key.rtype && self.kind.space() == key.kind.space();
        // a length octet is below 64, so that no letter is taken for one
        same && self.name_octets().eq_ignore_ascii_case(key.name)
    }
}

/// Octets that an allocation of this length takes: with what the usual allocators note beside
/// it, in steps of two words.
const fn allocated(length: usize) -> usize {
    let whole = (length + 8).next_multiple_of(16);
    if whole < 32 { 32 } else { whole }
}

/// Where an entry is found: a name in any letter case, a type, and the kind of knowledge.
pub(super) struct Key<'a> {
    name: &'a [u8],
    rtype: u16,
    kind: Kind,
    hash: u32,
}

impl<'a> Key<'a> {
    pub(super) fn new(name: &'a Name, rtype: u16, kind: Kind) -> Self {
        let name = name.octets();
        let mut octets = [0; NAME_LIMIT + 3];
        let length = name.len().min(NAME_LIMIT);
        for (lower, octet) in octets.iter_mut().zip(&name[..length]) {
            *lower = octet.to_ascii_lowercase();
        }
        let [high, low] = rtype.to_be_bytes();
        octets[length..length + 3].copy_from_slice(&[high, low, kind.space()]);
        let hash = xxh3_64(&octets[..length + 3]);
        let hash = u32::try_from(hash >> 32).unwrap_or(0);
        Self { name, rtype, kind, hash }
    }
}

/// Entries and their order of use.
#[derive(Clone, Debug)]
pub(super) struct Store {
    entries: Vec<Entry>,
    /// Numbers of entries, by their hash; places follow each other where hashes meet.
    index: Vec<u32>,
    /// Places in `entries` that are free.
    free: Vec<u32>,
    newest: Cell<u32>,
    oldest: Cell<u32>,
    octets: usize,
}

/// The number of an entry; good until the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app::dns) struct Place(u32);

impl Store {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            index: Vec::new(),
            free: Vec::new(),
            newest: Cell::new(NONE),
            oldest: Cell::new(NONE),
            octets: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// What the entries cost in memory.
    pub(super) const fn octets(&self) -> usize {
        self.octets
    }

    pub(super) fn find(&self, key: &Key<'_>) -> Option<Place> {
        self.probe(key.hash)
            .map_while(|at| self.index.get(at).copied().filter(|number| *number != NONE))
            .find(|&number| self.entries[number as usize].is_at(key))
            .map(Place)
    }

    pub(super) fn entry(&self, place: Place) -> &Entry {
        &self.entries[place.0 as usize]
    }

    /// It was used now.
    pub(super) fn touch(&self, place: Place) {
        if self.newest.get() != place.0 {
            self.unlink(place.0);
            self.link(place.0);
        }
    }

    /// Puts facts in the place of what stands at the key. The letter case of the name stays as
    /// it was first.
    pub(super) fn put(&mut self, key: &Key<'_>, facts: &Facts<'_>) {
        let known = self.find(key);
        let name = known.map_or(key.name, |place| self.entry(place).name_octets());
        let mut octets = Vec::with_capacity(name.len() + facts.packed.len());
        octets.extend_from_slice(name);
        octets.extend_from_slice(facts.packed);
        let entry = Entry {
            octets: octets.into_boxed_slice(),
            stored: facts.stored,
            ttl: facts.ttl,
            served: Cell::new(0),
            origin: facts.origin,
            hash: key.hash,
            newer: Cell::new(NONE),
            older: Cell::new(NONE),
            rtype: key.rtype,
            kind: facts.kind,
            rank: facts.rank,
        };
        self.octets += entry.cost();
        let number = if let Some(Place(number)) = known {
            self.unlink(number);
            self.octets -= self.entries[number as usize].cost();
            self.entries[number as usize] = entry;
            number
        } else {
            let number = self.add(entry);
            self.enter(number);
            number
        };
        self.link(number);
    }

    fn add(&mut self, entry: Entry) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.entries[number as usize] = entry;
                number
            }
            None => {
                self.entries.push(entry);
                u32::try_from(self.entries.len() - 1).expect("memory ends before 2^32 entries")
            }
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        let number = place.0;
        self.unlink(number);
        self.leave(number);
        let entry = &mut self.entries[number as usize];
        self.octets -= entry.cost();
        entry.octets = Box::default();
        self.free.push(number);
    }

    /// The entry that was not used for longest.
    pub(super) fn least_recent(&self) -> Option<Place> {
        Some(self.oldest.get()).filter(|number| *number != NONE).map(Place)
    }

    /// All entries, from the least to the most recently used.
    pub(super) fn by_use(&self) -> impl Iterator<Item = (Place, &Entry)> {
        let newer = |place: &Place| Some(self.entry(*place).newer.get()).filter(|number| *number != NONE).map(Place);
        std::iter::successors(self.least_recent(), newer).map(|place| (place, self.entry(place)))
    }

    /// What the entries cost, counted anew.
    #[cfg(test)]
    pub(super) fn recount(&self) -> usize {
        self.by_use().map(|(_, entry)| entry.cost()).sum()
    }

    fn link(&self, number: u32) {
        let newest = self.newest.replace(number);
        let entry = &self.entries[number as usize];
        entry.newer.set(NONE);
        entry.older.set(newest);
        if newest == NONE {
            self.oldest.set(number);
        } else {
            self.entries[newest as usize].newer.set(number);
        }
    }

    fn unlink(&self, number: u32) {
        let entry = &self.entries[number as usize];
        let (newer, older) = (entry.newer.get(), entry.older.get());
        let before = if older == NONE { &self.oldest } else { &self.entries[older as usize].newer };
        before.set(newer);
        let behind = if newer == NONE { &self.newest } else { &self.entries[newer as usize].older };
        behind.set(older);
    }

    /// The places of the index where an entry of that hash may stand, in order; endless.
    fn probe(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let mask = self.index.len().wrapping_sub(1);
        (0..).map(move |step: usize| (hash as usize).wrapping_add(step) & mask)
    }

    /// Puts an entry into the index.
    fn enter(&mut self, number: u32) {
        if 4 * self.len() > 3 * self.index.len() {
            let places = (2 * self.index.len()).max(16);
            self.index = vec![NONE; places];
            for number in 0..u32::try_from(self.entries.len()).unwrap_or(NONE) {
                // every name has an octet, and a free place none
                if !self.entries[number as usize].octets.is_empty() {
                    self.settle(number);
                }
            }
        } else {
            self.settle(number);
        }
    }

    fn settle(&mut self, number: u32) {
        let hash = self.entries[number as usize].hash;
        let place = self.probe(hash).find(|at| self.index[*at] == NONE);
        if let Some(at) = place {
            self.index[at] = number;
        }
    }

    /// Takes an entry out of the index, and moves up those that stand behind it where they are
    /// only because of it.
    fn leave(&mut self, number: u32) {
        let hash = self.entries[number as usize].hash;
        let mask = self.index.len() - 1;
        let Some(mut gap) = self.probe(hash).find(|at| self.index[*at] == number) else { return };
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let next = self.index[at];
            if next == NONE {
                break;
            }
            let home = self.entries[next as usize].hash as usize & mask;
            // it may move to the gap if that lies between its home and where it stands
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(gap) & mask) {
                self.index[gap] = next;
                gap = at;
            }
        }
        self.index[gap] = NONE;
    }
}
