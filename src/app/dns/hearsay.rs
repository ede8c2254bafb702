//! What zones say of their servers unasked, beside an answer.
//!
//! It is not kept in the cache, and nobody is told it: whoever can slip one response in could
//! take a whole zone with it. But when all servers are of no use that the zone above told, or
//! that the zone told when it was asked, these may be better than none. It ends with the
//! delegation.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::base::{SimDuration, SimTime};
use crate::proto::dns::{Message, Name, Rtype};

/// As many zones are noted.
const ZONE_LIMIT: usize = 1024;

/// As many servers of a zone.
const SERVER_LIMIT: usize = 13;

/// A server and the addresses that were told with it.
pub(super) type Hinted = (Name, Vec<IpAddr>);

/// The notes of one resolver.
#[derive(Clone, Debug, Default)]
pub(super) struct Hearsay {
    zones: BTreeMap<Name, (Vec<Hinted>, SimTime)>,
}

impl Hearsay {
    /// Takes up what an authoritative response of a zone's server says of the zone's servers.
    pub(super) fn note(&mut self, zone: &Name, message: &Message, until: SimTime, now: SimTime) {
        let own = message.authorities.iter().filter(|record| record.rtype() == Rtype::Ns && record.name == *zone);
        let mut least = u32::MAX;
        let mut servers: Vec<Hinted> = Vec::new();
        for record in own.take(SERVER_LIMIT) {
            let Some(name) = record.data.name_server() else { continue };
            least = least.min(record.ttl);
            let beside = message.additionals.iter().filter(|other| other.name == *name && name.is_within(zone));
            servers.push((name.clone(), beside.filter_map(|other| other.data.address()).collect()));
        }
        if servers.is_empty() || self.zones.get(zone).is_some_and(|(known, _)| *known == servers) {
            return;
        }
        if self.zones.len() >= ZONE_LIMIT {
            self.zones.retain(|_, (_, until)| now < *until);
        }
        if self.zones.len() < ZONE_LIMIT || self.zones.contains_key(zone) {
            let until = until.min(now.saturating_add(SimDuration::from_secs(least.into())));
            self.zones.insert(zone.clone(), (servers, until));
        }
    }

    /// What a zone said.
    pub(super) fn of(&self, zone: &Name, now: SimTime) -> &[Hinted] {
        self.zones.get(zone).filter(|(_, until)| now < *until).map_or(&[], |(servers, _)| servers)
    }

    pub(super) fn clear(&mut self) {
        self.zones.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::testbed::{name, record};
    use super::*;
    use crate::proto::dns::{Question, Rcode};

    #[test]
    fn a_zone_speaks_of_itself_and_for_a_time() {
        let question = Question { name: name("www.a.org"), rtype: Rtype::A };
        let mut message = Message::query(1, question, false).response(Rcode::NoError);
        message.authorities =
            ["a.org 60 NS ns.a.org.", "a.org 50 NS ns.b.org.", "org 9 NS ns.a.org."].map(record).to_vec();
        message.additionals = ["ns.a.org 60 A 10.0.0.1", "ns.b.org 60 A 10.0.0.2"].map(record).to_vec();
        let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
        let mut hearsay = Hearsay::default();
        hearsay.note(&name("a.org"), &message, at(1000), at(0));
        let own = (name("ns.a.org"), vec!["10.0.0.1".parse().unwrap()]);
        assert_eq!(hearsay.of(&name("a.org"), at(49)), [own, (name("ns.b.org"), Vec::new())]);
        assert_eq!(hearsay.of(&name("a.org"), at(50)), []);
        assert_eq!(hearsay.of(&name("org"), at(0)), []);
        let mut hearsay = Hearsay::default();
        hearsay.note(&name("a.org"), &message, at(10), at(0));
        assert_eq!(hearsay.of(&name("a.org"), at(10)), [], "the delegation has ended");
    }
}
