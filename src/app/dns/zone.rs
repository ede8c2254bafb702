//! A zone's data and the search in it (RFC 1034 4.3.2 step 3, RFC 4592).
//!
//! Nodes stand in canonical order, so a name that exists only because something lies beneath
//! it (an empty non-terminal) is found by looking at its successor. A zone can be changed as an
//! operator changes it: RRsets go or get other records, and the serial goes up. Left out: dynamic
//! update (RFC 2136), and DNAME records of wildcards (RFC 6672 3.3), which are served like any other.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::SimTime;

use crate::proto::dns::{Name, Record, RecordData, Rtype};

use super::cache::negative_ttl;
use super::secondary::is_newer;

/// A zone: the records from its apex down to its delegations, with their glue.
#[derive(Clone, Debug)]
pub struct Zone {
    apex: Name,
    nodes: BTreeMap<Name, Node>,
}

/// The RRsets of one owner name.
#[derive(Clone, Debug, Default)]
struct Node {
    rrsets: BTreeMap<Rtype, Rrset>,
}

/// Records that differ in nothing but their data (RFC 2181 5).
#[derive(Clone, Debug)]
struct Rrset {
    ttl: u32,
    data: Vec<RecordData>,
}

/// A change of a zone's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneChange {
    /// When.
    pub at: SimTime,
    /// The zone's name.
    pub zone: Name,
    /// Records that take the place of all others of their names and types.
    pub set: Vec<Record>,
    /// RRsets that go, before those: of one type, or all of a name.
    pub remove: Vec<(Name, Option<Rtype>)>,
}

/// Where a zone stands, as its SOA record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The version of the zone.
    pub(super) serial: u32,
    /// Seconds between a secondary's checks.
    pub(super) refresh: u32,
    /// Seconds before a failed check is repeated.
    pub(super) retry: u32,
    /// Seconds after which a secondary gives the zone up.
    pub(super) expire: u32,
}

/// Why records do not make a zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// A record's owner is not at or beneath the apex.
    #[error("{name} lies outside the zone {apex}")]
    OutOfZone {
        /// The owner.
        name: Name,
        /// The zone.
        apex: Name,
    },
    /// RFC 1035 5.2: exactly one SOA RR should be present at the top of the zone.
    #[error("the zone {0} needs exactly one SOA record, at its apex")]
    Soa(Name),
    /// RFC 1034 3.6.2: an alias has no other data, and one canonical name.
    #[error("{0} is an alias (CNAME) and may have no other records")]
    AliasWithData(Name),
    /// A change would remove what is not there.
    #[error("{0} has no such records at that time")]
    Nothing(Name),
    /// RFC 1982 3.2: secondaries take only a greater serial for news.
    #[error("the serial goes back from {from} to {to} (RFC 1982 section 3.2), and no secondary would fetch the zone")]
    Serial {
        /// The serial before the change.
        from: u32,
        /// That which the change sets.
        to: u32,
    },
}

/// What the search for a question came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The records asked for.
    Answer(Vec<Record>),
    /// The name is an alias.
    Alias {
        /// The DNAME record from which the alias was made, if it was (RFC 6672).
        dname: Option<Record>,
        /// The CNAME record.
        alias: Record,
        /// Its target.
        target: Name,
    },
    /// The name lies in a zone further down, which these NS records delegate.
    Referral(Vec<Record>),
    /// The name exists, but has no such records; the SOA says for how long to believe it.
    NoData(Record),
    /// The name does not exist.
    NxDomain(Record),
    /// This DNAME record would make a name that is too long.
    TooLong(Record),
}

impl Zone {
    /// A zone of these records.
    ///
    /// Repeated records count once; an RRset whose records differ in TTL gets the lowest
    /// (RFC 2181 5.2).
    ///
    /// # Errors
    /// See [`ZoneError`].
    pub fn new(apex: Name, records: Vec<Record>) -> Result<Self, ZoneError> {
        let mut nodes: BTreeMap<Name, Node> = BTreeMap::new();
        for Record { name, ttl, data } in records {
            if !name.is_within(&apex) {
                return Err(ZoneError::OutOfZone { name, apex });
            }
            let rtype = data.rtype();
            let rrsets = &mut nodes.entry(name).or_default().rrsets;
            let rrset = rrsets.entry(rtype).or_insert(Rrset { ttl, data: Vec::new() });
            rrset.ttl = rrset.ttl.min(ttl);
            if !rrset.data.contains(&data) {
                rrset.data.push(data);
            }
        }
        nodes.entry(apex.clone()).or_default();
        for (name, node) in &nodes {
            node.check(name, &apex)?;
        }
        Ok(Self { apex, nodes })
    }

    /// The name at the top.
    #[must_use]
    pub fn apex(&self) -> &Name {
        &self.apex
    }

    /// All records but the SOA record, in the order of their names.
    pub(super) fn all_but_soa(&self) -> impl Iterator<Item = Record> {
        self.nodes.iter().flat_map(|(name, node)| {
            let types = node.rrsets.keys().filter(|rtype| **rtype != Rtype::Soa);
            types.flat_map(|rtype| node.records(name, *rtype))
        })
    }

    /// The SOA record.
    pub(super) fn soa(&self) -> Record {
        self.records(&self.apex, Rtype::Soa).pop().expect("a zone has its SOA")
    }

    /// Where the zone stands.
    pub(super) fn version(&self) -> Version {
        version(&self.soa()).expect("a zone has its SOA")
    }

    /// Changes the zone, and gives the names and types whose records are others now, the SOA
    /// excepted. The serial goes up by one, unless the change gives the SOA record itself.
    ///
    /// # Errors
    /// When the result would be no zone, or there is nothing to remove; nothing is changed then.
    pub fn change(&mut self, change: &ZoneChange) -> Result<BTreeSet<(Name, Rtype)>, ZoneError> {
        let mut nodes: BTreeMap<Name, Node> = BTreeMap::new();
        let mut touched = BTreeSet::new();
        let outside = |name: &Name| ZoneError::OutOfZone { name: name.clone(), apex: self.apex.clone() };
        let names = change.remove.iter().map(|(name, _)| name).chain(change.set.iter().map(|record| &record.name));
        for name in names {
            if !name.is_within(&self.apex) {
                return Err(outside(name));
            }
            nodes.insert(name.clone(), self.nodes.get(name).cloned().unwrap_or_default());
        }
        for (name, rtype) in &change.remove {
            let Some(node) = nodes.get_mut(name) else { continue };
            let goes = |held: &Rtype| rtype.map_or(*held != Rtype::Soa, |rtype| rtype == *held);
            let gone: Vec<Rtype> = node.rrsets.keys().copied().filter(goes).collect();
            if gone.is_empty() {
                return Err(ZoneError::Nothing(name.clone()));
            }
            node.rrsets.retain(|held, _| !gone.contains(held));
            touched.extend(gone.into_iter().map(|rtype| (name.clone(), rtype)));
        }
        let given: BTreeSet<(Name, Rtype)> =
            change.set.iter().map(|record| (record.name.clone(), record.rtype())).collect();
        for (name, rtype) in &given {
            let records = change.set.iter().filter(|record| record.name == *name && record.rtype() == *rtype);
            if let Some(node) = nodes.get_mut(name) {
                node.rrsets.insert(*rtype, Rrset::new(records));
            }
        }
        touched.extend(given);
        for (name, node) in &nodes {
            node.check(name, &self.apex)?;
        }
        let from = self.version().serial;
        let set = change.set.iter().find_map(version).map(|version| version.serial);
        if let Some(to) = set.filter(|to| *to != from && !is_newer(*to, from)) {
            return Err(ZoneError::Serial { from, to });
        }
        let renumbered = touched.remove(&(self.apex.clone(), Rtype::Soa));
        for (name, node) in nodes {
            if node.rrsets.is_empty() {
                self.nodes.remove(&name);
            } else {
                self.nodes.insert(name, node);
            }
        }
        if !renumbered {
            self.count_up();
        }
        Ok(touched)
    }

    /// RFC 1982 3.1: serials are added modulo 2^32.
    fn count_up(&mut self) {
        let soa = self.nodes.get_mut(&self.apex).and_then(|node| node.rrsets.get_mut(&Rtype::Soa));
        for data in soa.into_iter().flat_map(|soa| &mut soa.data) {
            if let RecordData::Soa { serial, .. } = data {
                *serial = serial.wrapping_add(1);
            }
        }
    }

    /// The records of one name and type, below delegations too (glue).
    pub(super) fn records(&self, name: &Name, rtype: Rtype) -> Vec<Record> {
        self.nodes.get(name).map_or_else(Vec::new, |node| node.records(name, rtype))
    }

    /// Searches for a name at or beneath the apex.
    pub(super) fn find(&self, name: &Name, rtype: Rtype) -> Found {
        let mut path: Vec<Name> = name.ancestors().take_while(|n| *n != self.apex).collect();
        path.reverse();
        let mut encloser = self.apex.clone();
        for step in path {
            if let Some(dname) = self.records(&encloser, Rtype::Dname).pop() {
                return substitute(dname, name);
            }
            // RFC 1034 4.3.2 step 3b: a match would take us out of the authoritative data,
            // except that DS records stand above the cut (RFC 4035 3.1.4.1)
            let servers = self.records(&step, Rtype::Ns);
            let stays_above = rtype == Rtype::DS && step == *name;
            if !servers.is_empty() && !stays_above {
                return Found::Referral(servers);
            }
            if !self.exists(&step) {
                return self.find_wildcard(&encloser, name, rtype);
            }
            encloser = step;
        }
        // an empty non-terminal has no node of its own, yet exists (RFC 4592 2.2.2)
        self.nodes.get(name).map_or_else(|| Found::NoData(self.denial()), |node| self.match_node(node, name, rtype))
    }

    /// RFC 1034 4.3.2 step 3c; RFC 4592 3.3.1: only the closest encloser's wildcard counts.
    fn find_wildcard(&self, encloser: &Name, name: &Name, rtype: Rtype) -> Found {
        match encloser.wildcard().and_then(|wildcard| self.nodes.get(&wildcard)) {
            Some(node) => self.match_node(node, name, rtype),
            None => Found::NxDomain(self.denial()),
        }
    }

    /// RFC 1034 4.3.2 step 3a. The records take the name that was asked for.
    fn match_node(&self, node: &Node, name: &Name, rtype: Rtype) -> Found {
        if rtype == Rtype::ANY {
            let all = node.rrsets.keys().flat_map(|rtype| node.records(name, *rtype)).collect();
            return Found::Answer(all);
        }
        let records = node.records(name, rtype);
        if !records.is_empty() {
            return Found::Answer(records);
        }
        if let Some(alias) = node.records(name, Rtype::Cname).pop()
            && let Some(target) = alias.data.alias_target().cloned()
        {
            return Found::Alias { dname: None, alias, target };
        }
        Found::NoData(self.denial())
    }

    fn exists(&self, name: &Name) -> bool {
        self.nodes.range(name..).next().is_some_and(|(next, _)| next.is_within(name))
    }

    /// The SOA record for a negative answer. RFC 2308 3: its TTL is the lesser of its own
    /// and the MINIMUM field.
    fn denial(&self) -> Record {
        let mut soa = self.soa();
        soa.ttl = negative_ttl(&soa).unwrap_or(soa.ttl);
        soa
    }
}

/// RFC 6672 3.1: the DNAME record, and a CNAME record for the name in question.
fn substitute(dname: Record, name: &Name) -> Found {
    let RecordData::Dname(to) = &dname.data else { return Found::TooLong(dname) };
    match name.substitute(&dname.name, to) {
        None => Found::TooLong(dname),
        Some(target) => {
            let alias = Record { name: name.clone(), ttl: dname.ttl, data: RecordData::Cname(target.clone()) };
            Found::Alias { dname: Some(dname), alias, target }
        }
    }
}

/// What an SOA record says of its zone.
pub(super) const fn version(soa: &Record) -> Option<Version> {
    match soa.data {
        RecordData::Soa { serial, refresh, retry, expire, .. } => Some(Version { serial, refresh, retry, expire }),
        RecordData::A(_)
        | RecordData::Aaaa(_)
        | RecordData::Ns(_)
        | RecordData::Cname(_)
        | RecordData::Ptr(_)
        | RecordData::Mx { .. }
        | RecordData::Txt(_)
        | RecordData::Srv { .. }
        | RecordData::Dname(_)
        | RecordData::Opaque { .. } => None,
    }
}

impl Rrset {
    /// RFC 2181 5, 5.2: repeated records count once, and the lowest TTL for all.
    fn new<'a>(records: impl Iterator<Item = &'a Record>) -> Self {
        let mut rrset = Self { ttl: u32::MAX, data: Vec::new() };
        for record in records {
            rrset.ttl = rrset.ttl.min(record.ttl);
            if !rrset.data.contains(&record.data) {
                rrset.data.push(record.data.clone());
            }
        }
        rrset
    }
}

impl Node {
    /// What may stand beside what.
    fn check(&self, name: &Name, apex: &Name) -> Result<(), ZoneError> {
        let soas = self.rrsets.get(&Rtype::Soa).map_or(0, |soa| soa.data.len());
        if soas != usize::from(name == apex) {
            return Err(ZoneError::Soa(apex.clone()));
        }
        let alias = self.rrsets.get(&Rtype::Cname);
        if alias.is_some_and(|alias| self.rrsets.len() > 1 || alias.data.len() > 1) {
            return Err(ZoneError::AliasWithData(name.clone()));
        }
        Ok(())
    }

    fn records(&self, name: &Name, rtype: Rtype) -> Vec<Record> {
        let record =
            |rrset: &Rrset, data: &RecordData| Record { name: name.clone(), ttl: rrset.ttl, data: data.clone() };
        match self.rrsets.get(&rtype) {
            Some(rrset) => rrset.data.iter().map(|data| record(rrset, data)).collect(),
            None => Vec::new(),
        }
    }
}
