//! What the cache has for a question, aliases included (RFC 1034 5.3.3 step 1).

use crate::app::host::Host;
use crate::base::SimTime;
use crate::base::trace::{CacheResult, DnsTrace, Trace};
use crate::proto::dns::{Name, Question, Rcode, Record, Rtype};

use super::cache::{Held, Place, Reading};
use super::lookup::Finding;
use super::resolver::{ALIAS_LIMIT, Resolver};

/// What is known without asking anybody.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) finding: Finding,
    /// What was found, for the trace.
    pub(super) result: CacheResult,
    /// The questions whose entries come to their end, with the seconds left.
    pub(super) ending: Vec<(Question, u32)>,
    /// The entries it was read from.
    pub(super) places: Vec<Place>,
}

/// How old an entry may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Within its TTL.
    Fresh,
    /// Beyond it too, as far as stale data are served (RFC 8767). Failures are no data then.
    Stale,
}

impl Known {
    /// That nobody could tell a short time ago (RFC 9520).
    pub(super) fn is_failure(&self) -> bool {
        self.finding.rcode == Rcode::ServFail
    }
}

impl Resolver {
    /// Looks in the cache for all that answers a question, aliases included, for a lookup.
    pub(super) fn recall(&self, host: &mut impl Host, task: u32, question: &Question) -> Option<Finding> {
        let known = self.known(question, host.now(), Age::Fresh);
        trace_recall(host, task, question, known.as_ref());
        known.map(|known| known.finding)
    }

    /// What is known about a question.
    pub(super) fn known(&self, question: &Question, now: SimTime, age: Age) -> Option<Known> {
        let mut question = question.clone();
        let (mut aliases, mut ending, mut places, mut past) = (Vec::new(), Vec::new(), Vec::new(), None);
        for _ in 0..=ALIAS_LIMIT {
            let reading = self.nearest(&question, now, age)?;
            if reading.ending {
                ending.push((question.clone(), reading.ttl));
            }
            past = past.max(reading.past);
            places.push(reading.place);
            let (rcode, answers, soa) = match reading.held {
                Held::Records(mut records) => {
                    if let Some(target) = leads_on(&question, &records) {
                        aliases.append(&mut records);
                        question.name = target;
                        continue;
                    }
                    (Rcode::NoError, records, None)
                }
                Held::NxDomain(soa) => (Rcode::NxDomain, Vec::new(), soa),
                Held::NoData(soa) => (Rcode::NoError, Vec::new(), soa),
                Held::Failure => (Rcode::ServFail, Vec::new(), None),
            };
            let finding = Finding { rcode, answers, soa }.behind(aliases);
            let ttl_s =
                finding.answers.iter().chain(&finding.soa).map(|record| record.ttl).min().unwrap_or(reading.ttl);
            let result = match past {
                Some(past_s) => CacheResult::Stale { past_s },
                None if finding.rcode == Rcode::ServFail => CacheResult::Failure { ttl_s },
                None if finding.soa.is_some() => CacheResult::NegativeHit { ttl_s },
                None => CacheResult::Hit { ttl_s },
            };
            return Some(Known { finding, result, ending, places });
        }
        None
    }

    /// The entry that answers a question or leads on from it: what is fresh before what is not.
    fn nearest(&self, question: &Question, now: SimTime, age: Age) -> Option<Reading> {
        let alias = Question { name: question.name.clone(), rtype: Rtype::Cname };
        let has_alias = !matches!(question.rtype, Rtype::Cname | Rtype::ANY);
        let data = |reading: &Reading| age == Age::Fresh || reading.held != Held::Failure;
        let records = |reading: &Reading| matches!(reading.held, Held::Records(_));
        let cache = &self.cache;
        let fresh = cache.read(question, now).filter(data);
        let fresh = fresh.or_else(|| cache.read(&alias, now).filter(|found| has_alias && records(found)));
        let fresh = fresh.or_else(|| cache.denied_above(&question.name, now));
        if fresh.is_some() || age == Age::Fresh {
            return fresh;
        }
        let stale = cache.read_stale(question, now);
        stale.or_else(|| cache.read_stale(&alias, now).filter(|found| has_alias && records(found)))
    }

    /// The CNAME record held for a question's name, and its target.
    pub(super) fn cached_alias(&self, question: &Question, now: SimTime) -> Option<(Record, Name)> {
        if matches!(question.rtype, Rtype::Cname | Rtype::ANY) {
            return None;
        }
        let asked = Question { name: question.name.clone(), rtype: Rtype::Cname };
        let Held::Records(mut records) = self.cache.answer(&asked, now)? else { return None };
        let alias = records.pop()?;
        let target = alias.data.alias_target()?.clone();
        Some((alias, target))
    }
}

/// The target of an alias that stands where something else was asked for.
fn leads_on(question: &Question, records: &[Record]) -> Option<Name> {
    let [record] = records else { return None };
    record.data.alias_target().filter(|_| !matches!(question.rtype, Rtype::Cname | Rtype::ANY)).cloned()
}

/// Writes to the trace what was found in the cache.
pub(super) fn trace_recall(host: &mut impl Host, task: u32, question: &Question, known: Option<&Known>) {
    let result = known.map_or(CacheResult::Miss, |known| known.result);
    let (name, rtype) = (&question.name.to_string(), question.rtype.number());
    host.trace(Trace::Dns(DnsTrace::Cache { task, name, rtype, result }));
}
