//! What clients are told besides the answer: the servers of the zone, and their addresses.
//!
//! A resolver that gives minimal responses leaves that out. One that was not asked to go and
//! look (RD clear) tells of nothing else when it has no answer: it refers to the nearest servers
//! that it knows (RFC 1034 4.3.1).

use super::cache::Held;
use super::resolver::Resolver;
use crate::base::SimTime;
use crate::proto::dns::{Message, Name, Question, Record, RecordData, Rtype};

/// What a response says besides the answer, for clients that are to have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Courtesy {
    /// The authority section.
    pub(super) authorities: Vec<Record>,
    /// The additional section.
    pub(super) additionals: Vec<Record>,
}

impl Courtesy {
    /// What of a response's other sections belongs to its answer: the servers of a zone that
    /// holds a name of the answer, and the addresses of hosts that are named.
    pub(super) fn of(message: &Message, question: &Question, bailiwick: &Name) -> Option<Box<Self>> {
        let holds = |zone: &Name| {
            let mut names = message.answers.iter().map(|record| &record.name).chain([&question.name]);
            names.any(|name| name.is_within(zone))
        };
        let servers = message.authorities.iter();
        let servers = servers.filter(|record| record.rtype() == Rtype::Ns && record.name.is_within(bailiwick));
        let authorities: Vec<Record> =
            servers.filter(|record| holds(&record.name) && !message.answers.contains(record)).cloned().collect();
        let named: Vec<&Name> =
            message.answers.iter().chain(&authorities).filter_map(|record| RecordData::host(&record.data)).collect();
        let addresses = message.additionals.iter().filter(|record| record.data.address().is_some());
        let addresses = addresses.filter(|record| record.name.is_within(bailiwick) && named.contains(&&record.name));
        let courtesy = Self { additionals: addresses.cloned().collect(), authorities };
        (courtesy != Self::default()).then(|| Box::new(courtesy))
    }
}

impl Resolver {
    /// The same from the cache, for the last record of an answer.
    pub(super) fn courtesy_held_for(&self, answers: &[Record], now: SimTime) -> Option<Box<Courtesy>> {
        let mut courtesy = self.courtesy_held(&answers.last()?.name, now)?;
        courtesy
            .authorities
            .retain(|record| answers.iter().all(|told| told.name != record.name || told.data != record.data));
        Some(courtesy)
    }

    /// The nearest servers known to a name, with their addresses.
    pub(super) fn courtesy_held(&self, name: &Name, now: SimTime) -> Option<Box<Courtesy>> {
        let authorities = name.ancestors().find_map(|zone| self.told(&zone, Rtype::Ns, now))?;
        let servers = authorities.iter().filter_map(|record| record.data.name_server());
        let addresses = servers.flat_map(|server| {
            let told = |rtype| self.told(server, rtype, now).unwrap_or_default();
            [Rtype::A, Rtype::Aaaa].into_iter().flat_map(told).collect::<Vec<_>>()
        });
        let additionals = addresses.collect();
        Some(Box::new(Courtesy { authorities, additionals }))
    }

    /// What a zone says, else what the zone above says, with the seconds that are left.
    fn told(&self, name: &Name, rtype: Rtype, now: SimTime) -> Option<Vec<Record>> {
        let question = Question { name: name.clone(), rtype };
        if let Some(Held::Records(own)) = self.cache.answer(&question, now) {
            return Some(own);
        }
        let (data, until) = self.cache.delegated(name, rtype, now)?;
        let ttl = u32::try_from(until.since(now).as_secs()).unwrap_or(u32::MAX);
        Some(data.into_iter().map(|data| Record { name: name.clone(), ttl, data }).collect())
    }
}
