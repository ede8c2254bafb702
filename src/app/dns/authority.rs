//! A name server that answers from its zones and nothing else (RFC 1034 4.3.2).
//!
//! Its data stands on disk: a crash loses nothing. It answers at once, as a server without
//! load would. Left out: recursion, zone transfer (refused), notification, dynamic update.

use crate::app::host::{Host, Input};
use crate::base::SimTime;
use crate::proto::dns::{CLASS_IN, Message, Name, Question, Rcode, Record, Rtype};

use super::service::{Service, refusal};
use super::zone::{Found, Zone};

/// Aliases followed within the server's own zones.
const ALIAS_LIMIT: usize = 12;

/// YXDOMAIN: the name that a DNAME leads to is too long (RFC 6672 2.2).
const YX_DOMAIN: Rcode = Rcode::Other(6);

/// An authoritative name server on port 53.
#[derive(Clone, Debug)]
pub struct NameServer {
    zones: Vec<Zone>,
    service: Service,
}

impl NameServer {
    /// A server of these zones; of two with the same apex the first counts.
    #[must_use]
    pub fn new(zones: Vec<Zone>) -> Self {
        Self { zones, service: Service::new(false) }
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => Service::boot(host),
            Input::Crash => self.service.crash(),
            Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Wake
            | Input::Flush => self.answer(host, input),
        }
    }

    /// When the server wants to be woken: to close idle connections.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        self.service.deadline()
    }

    fn answer(&mut self, host: &mut impl Host, input: Input<'_>) {
        let cause = host.cause();
        for (via, octets) in self.service.input(host, input) {
            host.set_cause(cause);
            if let Some(asked) = self.service.take_up(host, via, &octets) {
                let response = self.respond(&asked.query);
                self.service.reply(host, &asked, &response, needed_glue(&response));
            }
        }
    }

    /// The response to a query.
    #[must_use]
    pub fn respond(&self, query: &Message) -> Message {
        if let Some(rcode) = refusal(query) {
            return query.response(rcode);
        }
        let [question] = &query.questions[..] else { return query.response(Rcode::FormErr) };
        let mut response = query.response(Rcode::NoError);
        self.search(question, &mut response);
        self.add_addresses(&mut response);
        // RFC 1034 6.2.2: for QCLASS=* the answer cannot be authoritative
        response.flags.aa &= query.class == CLASS_IN;
        response
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

    /// RFC 1034 4.3.2 steps 2 and 3.
    fn search(&self, question: &Question, response: &mut Message) {
        let mut name = question.name.clone();
        for hop in 0..=ALIAS_LIMIT {
            let Some(zone) = self.zone_for(&name, question.rtype) else {
                // an alias that leads elsewhere is a good answer, only not a whole one
                if hop == 0 {
                    response.rcode = Rcode::Refused;
                }
                return;
            };
            let found = zone.find(&name, question.rtype);
            // RFC 1035 4.1.1: AA speaks of the first owner name in the answer section
            if hop == 0 {
                response.flags.aa = !matches!(found, Found::Referral(_));
            }
            match found {
                Found::Answer(records) => return response.answers.extend(records),
                Found::Referral(servers) => return response.authorities.extend(servers),
                Found::NoData(soa) => return response.authorities.push(soa),
                Found::NxDomain(soa) => {
                    // RFC 6604 3: the code is that of the last name in the chain
                    response.rcode = Rcode::NxDomain;
                    return response.authorities.push(soa);
                }
                Found::Alias { dname, alias, target } => {
                    // where a DNAME leads round, each name on the way is another one
                    let seen = |record: &Record| record.name == alias.name && record.rtype() == Rtype::Cname;
                    if response.answers.iter().any(seen) {
                        return;
                    }
                    let new = dname.filter(|dname| !response.answers.contains(dname));
                    response.answers.extend(new);
                    response.answers.push(alias);
                    if matches!(question.rtype, Rtype::Cname | Rtype::ANY) {
                        return;
                    }
                    name = target;
                }
                Found::TooLong(dname) => {
                    response.rcode = YX_DOMAIN;
                    return response.answers.push(dname);
                }
            }
        }
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
            let Some(zone) = self.closest_zone(&target) else { continue };
            for rtype in [Rtype::A, Rtype::Aaaa] {
                let held = zone.records(&target, rtype);
                let fresh: Vec<Record> = held.into_iter().filter(|record| !response.answers.contains(record)).collect();
                response.additionals.extend(fresh);
            }
        }
    }
}

/// How many additional records, in front, are addresses without which a referral leads nowhere:
/// those of servers within the zone that is delegated (RFC 9471 3.1).
pub(super) fn needed_glue(response: &Message) -> usize {
    let Some(ns) = response.authorities.iter().find(|record| record.rtype() == Rtype::Ns) else { return 0 };
    response.additionals.iter().take_while(|record| record.name.is_within(&ns.name)).count()
}
