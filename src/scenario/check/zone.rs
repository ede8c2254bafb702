//! What the records of a zone may not do to each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::proto::dns::{Name, Record, Rtype};
use crate::scenario::problem::quote;

/// The records of a zone so far, as far as they bear on others.
pub(super) struct ZoneRules<'a> {
    apex: &'a Name,
    seen: BTreeSet<(Name, Rtype, String)>,
    owners: BTreeMap<Name, Owner>,
    soa: bool,
}

#[derive(Default)]
struct Owner {
    alias: bool,
    other: bool,
    dname: bool,
}

impl<'a> ZoneRules<'a> {
    pub(super) fn new(apex: &'a Name) -> Self {
        Self { apex, seen: BTreeSet::new(), owners: BTreeMap::new(), soa: false }
    }

    /// Adds a record; what is wrong with it beside those before.
    pub(super) fn add(&mut self, record: &Record) -> Vec<String> {
        let mut faults = Vec::new();
        let (rtype, shown) = (record.rtype(), quote(&record.name.to_string()));
        if !self.seen.insert((record.name.clone(), rtype, record.data.to_string())) {
            faults.push("this record is given twice".to_owned());
        }
        let owner = self.owners.entry(record.name.clone()).or_default();
        if rtype == Rtype::Cname {
            if owner.alias {
                faults.push(format!("{shown} has two CNAME records"));
            }
            owner.alias = true;
        } else {
            owner.other = true;
        }
        if owner.alias && owner.other {
            faults.push(format!("{shown} has a CNAME record and so can have no other (RFC 1034 section 3.6.2)"));
        }
        if rtype == Rtype::Dname {
            if owner.dname {
                faults.push(format!("{shown} has two DNAME records (RFC 6672 section 2.4)"));
            }
            owner.dname = true;
        }
        if rtype == Rtype::Soa && record.name != *self.apex {
            faults.push("an SOA record belongs to the name of its zone, \"@\"".to_owned());
        } else if rtype == Rtype::Soa && std::mem::replace(&mut self.soa, true) {
            faults.push("a zone has one SOA record".to_owned());
        }
        faults
    }

    /// The name above this one whose DNAME record stands for all beneath it.
    pub(super) fn hidden_by(&self, name: &Name) -> Option<Name> {
        let above = name.ancestors().skip(1).take_while(|above| above.is_within(self.apex));
        above.into_iter().find(|above| self.owners.get(above).is_some_and(|owner| owner.dname))
    }
}
