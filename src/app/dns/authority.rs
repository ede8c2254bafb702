//! The search of an authoritative name server in its zones (RFC 1034 4.3.2).
//!
//! Left out: RFC 1034 4.3.2 step 4 (a server keeps no cache of what others said), DNSSEC.

use std::collections::BTreeSet;

use crate::proto::dns::{CLASS_IN, Message, Name, Question, Rcode, Record, Rtype};

use super::service::refusal;
use super::zone::{Found, Zone};

/// Aliases followed within the server's own zones.
const ALIAS_LIMIT: usize = 12;

/// YXDOMAIN: the name that a DNAME leads to is too long (RFC 6672 2.2).
const YX_DOMAIN: Rcode = Rcode::Other(6);

/// The zones of a name server.
#[derive(Clone, Debug, Default)]
pub(super) struct Authority {
    zones: Vec<Zone>,
    /// Copies that are too old to be served.
    expired: BTreeSet<Name>,
}

/// How far a search came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To its end, as far as these zones are concerned.
    End,
    /// To a delegation.
    Cut {
        /// The name looked for, at the end of the aliases so far.
        name: Name,
        /// The NS records of the zone further down.
        servers: Vec<Record>,
    },
}

impl Authority {
    /// These zones; of two with the same apex the first counts.
    pub(super) const fn new(zones: Vec<Zone>) -> Self {
        Self { zones, expired: BTreeSet::new() }
    }

    /// All zones.
    pub(super) fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// The zone of that name.
    pub(super) fn zone(&self, apex: &Name) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.apex() == apex)
    }

    /// As [`Self::zone`], to be changed.
    pub(super) fn zone_mut(&mut self, apex: &Name) -> Option<&mut Zone> {
        self.zones.iter_mut().find(|zone| zone.apex() == apex)
    }

    /// A copy is too old to be served, or fresh again.
    pub(super) fn set_expired(&mut self, apex: &Name, expired: bool) {
        if expired {
            self.expired.insert(apex.clone());
        } else {
            self.expired.remove(apex);
        }
    }

    /// The response to a query.
    pub(super) fn respond(&self, query: &Message) -> Message {
        match refusal(query) {
            Some(rcode) => query.response(rcode),
            None => self.answer(query).0,
        }
    }

    /// The response to a query that is none to refuse, and how far the search came.
    pub(super) fn answer(&self, query: &Message) -> (Message, Reach) {
        let [question] = &query.questions[..] else { return (query.response(Rcode::FormErr), Reach::End) };
        let mut response = query.response(Rcode::NoError);
        let reach = self.search(question, &mut response);
        self.add_addresses(&mut response);
        // RFC 1034 6.2.2: for QCLASS=* the answer cannot be authoritative
        response.flags.aa &= query.class == CLASS_IN;
        (response, reach)
    }

    /// The zone that is the nearest ancestor of a name (RFC 1034 4.3.2 step 2).
    fn closest_zone(&self, name: &Name) -> Option<&Zone> {
        let mut closest: Option<&Zone> = None;
        for zone in self.zones.iter().filter(|zone| name.is_within(zone.apex())) {
            if closest.is_none_or(|best| zone.apex().label_count() > best.apex().label_count()) {
                closest = Some(zone);
            }
        }
        closest
    }

    /// As [`Self::closest_zone`], but a DS record stands above the zone of its name
    /// (RFC 4035 3.1.4.1).
    fn zone_for(&self, name: &Name, rtype: Rtype) -> Option<&Zone> {
        let closest = self.closest_zone(name);
        let above = closest.filter(|zone| rtype == Rtype::DS && zone.apex() == name).and_then(|_| name.parent());
        above.and_then(|parent| self.closest_zone(&parent)).or(closest)
    }

    /// The zone to search for a name, or why there is none.
    fn serving(&self, name: &Name, rtype: Rtype) -> Result<&Zone, Rcode> {
        let zone = self.zone_for(name, rtype).ok_or(Rcode::Refused)?;
        // RFC 1034 4.3.5: a copy that could not be checked for so long is no data any more
        if self.expired.contains(zone.apex()) { Err(Rcode::ServFail) } else { Ok(zone) }
    }

    /// RFC 1034 4.3.2 steps 2 and 3.
    fn search(&self, question: &Question, response: &mut Message) -> Reach {
        let mut name = question.name.clone();
        for hop in 0..=ALIAS_LIMIT {
            let zone = match self.serving(&name, question.rtype) {
                Ok(zone) => zone,
                Err(rcode) => {
                    // an alias that leads elsewhere is a good answer, only not a whole one
                    if hop == 0 {
                        response.rcode = rcode;
                    }
                    break;
                }
            };
            let found = zone.find(&name, question.rtype);
            // RFC 1035 4.1.1: AA speaks of the first owner name in the answer section
            if hop == 0 {
                response.flags.aa = !matches!(found, Found::Referral(_));
            }
            match found {
                Found::Answer(records) => {
                    response.answers.extend(records);
                    break;
                }
                Found::Referral(servers) => {
                    response.authorities.extend(servers.iter().cloned());
                    return Reach::Cut { name, servers };
                }
                Found::NoData(soa) => {
                    response.authorities.push(soa);
                    break;
                }
                Found::NxDomain(soa) => {
                    // RFC 6604 3: the code is that of the last name in the chain
                    response.rcode = Rcode::NxDomain;
                    response.authorities.push(soa);
                    break;
                }
                Found::Alias { dname, alias, target } => {
                    // where a DNAME leads round, each name on the way is another one
                    let seen = |record: &Record| record.name == alias.name && record.rtype() == Rtype::Cname;
                    if response.answers.iter().any(seen) {
                        break;
                    }
                    let new = dname.filter(|dname| !response.answers.contains(dname));
                    response.answers.extend(new);
                    response.answers.push(alias);
                    if matches!(question.rtype, Rtype::Cname | Rtype::ANY) {
                        break;
                    }
                    name = target;
                }
                Found::TooLong(dname) => {
                    response.rcode = YX_DOMAIN;
                    response.answers.push(dname);
                    break;
                }
            }
        }
        Reach::End
    }

    /// RFC 1035 3.3.9, 3.3.11 and RFC 2782: MX, NS and SRV records cause additional section
    /// processing for the addresses of their targets. Glue is believed by those to whom it
    /// belongs, and stands in front.
    fn add_addresses(&self, response: &mut Message) {
        let mut targets: Vec<Name> = Vec::new();
        for record in response.answers.iter().chain(&response.authorities) {
            let Some(target) = record.data.host() else { continue };
            if !targets.contains(target) {
                targets.push(target.clone());
            }
        }
        let cut = response.authorities.iter().find(|record| record.rtype() == Rtype::Ns).map(|ns| ns.name.clone());
        // a stable sort: the order of the records is kept
        targets.sort_by_key(|target| !cut.as_ref().is_some_and(|cut| target.is_within(cut)));
        for target in targets {
            let Some(zone) = self.closest_zone(&target).filter(|zone| !self.expired.contains(zone.apex())) else {
                continue;
            };
            for rtype in [Rtype::A, Rtype::Aaaa] {
                let held = zone.records(&target, rtype);
                let fresh: Vec<Record> = held.into_iter().filter(|record| !response.answers.contains(record)).collect();
                response.additionals.extend(fresh);
            }
        }
    }
}
