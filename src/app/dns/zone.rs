//! A zone's data and the search in it (RFC 1034 4.3.2 step 3, RFC 4592).
//!
//! Nodes stand in canonical order, so a name that exists only because something lies beneath
//! it (an empty non-terminal) is found by looking at its successor. Left out: dynamic update,
//! and DNAME records of wildcards (RFC 6672 3.3), which are served like any other.

use std::collections::BTreeMap;

use crate::proto::dns::{Name, Record, RecordData, Rtype};

use super::cache::negative_ttl;

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
            if rtype == Rtype::Soa && name != apex {
                return Err(ZoneError::Soa(apex));
            }
            let rrsets = &mut nodes.entry(name).or_default().rrsets;
            let rrset = rrsets.entry(rtype).or_insert(Rrset { ttl, data: Vec::new() });
            rrset.ttl = rrset.ttl.min(ttl);
            if !rrset.data.contains(&data) {
                rrset.data.push(data);
            }
        }
        let soa = nodes.get(&apex).and_then(|node| node.rrsets.get(&Rtype::Soa));
        if soa.is_none_or(|soa| soa.data.len() != 1) {
            return Err(ZoneError::Soa(apex));
        }
        for (name, node) in &nodes {
            let alias = node.rrsets.get(&Rtype::Cname);
            if alias.is_some_and(|alias| node.rrsets.len() > 1 || alias.data.len() > 1) {
                return Err(ZoneError::AliasWithData(name.clone()));
            }
        }
        Ok(Self { apex, nodes })
    }

    /// The name at the top.
    #[must_use]
    pub fn apex(&self) -> &Name {
        &self.apex
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
        let mut soa = self.records(&self.apex, Rtype::Soa).pop().expect("a zone has its SOA");
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

impl Node {
    fn records(&self, name: &Name, rtype: Rtype) -> Vec<Record> {
        let record =
            |rrset: &Rrset, data: &RecordData| Record { name: name.clone(), ttl: rrset.ttl, data: data.clone() };
        match self.rrsets.get(&rtype) {
            Some(rrset) => rrset.data.iter().map(|data| record(rrset, data)).collect(),
            None => Vec::new(),
        }
    }
}
