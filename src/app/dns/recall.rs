//! What the cache has for a question, aliases included (RFC 1034 5.3.3 step 1).

use crate::app::host::Host;
use crate::base::SimTime;
use crate::base::trace::{CacheResult, DnsTrace, Trace};
use crate::proto::dns::{Name, Question, Rcode, Record, Rtype};

use super::cache::{Held, Place, Reading};
use super::lookup::Finding;
use super::resolver::{ALIAS_LIMIT, Resolver};
use super::response::YX_DOMAIN;
use super::scrub::synthesized;

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
                Held::Records(records) => match leads_on(&question, &records) {
                    Lead::To(mut on_the_way, target) => {
                        on_the_way.retain(|record| !aliases.contains(record));
                        aliases.append(&mut on_the_way);
                        question.name = target;
                        continue;
                    }
                    Lead::TooLong(records) => (YX_DOMAIN, records, None),
                    Lead::Here(records) => (Rcode::NoError, records, None),
                    Lead::Nowhere => (Rcode::NoError, records, None),
                },
                Held::NxDomain(soa) => (Rcode::NxDomain, Vec::new(), soa),
                Held::NoData(soa) => (Rcode::NoError, Vec::new(), soa),
                Held::Failure => (Rcode::ServFail, Vec::new(), None),
            };
            let finding = Finding { answers, ..Finding::denied(rcode, soa) }.behind(aliases);
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
        let fresh = fresh.or_else(|| self.dname_above(question, now));
        let fresh = fresh.or_else(|| cache.read(&alias, now).filter(|found| has_alias && records(found)));
        let fresh = fresh.or_else(|| cache.denied_above(&question.name, now));
        if fresh.is_some() || age == Age::Fresh {
            return fresh;
        }
        let stale = cache.read_stale(question, now);
        stale.or_else(|| cache.read_stale(&alias, now).filter(|found| has_alias && records(found)))
    }

    /// The nearest DNAME record held for a name above the question's.
    fn dname_above(&self, question: &Question, now: SimTime) -> Option<Reading> {
        if !self.dnames {
            return None;
        }
        question.name.ancestors().skip(1).find_map(|name| {
            let reading = self.cache.read(&Question { name, rtype: Rtype::Dname }, now)?;
            matches!(reading.held, Held::Records(_)).then_some(reading)
        })
    }

    /// The same records with the TTLs that the cache would tell now, where it holds them: what was
    /// rounded down once must not be rounded down again, or the next client would see it rise.
    pub(super) fn as_held(&self, mut records: Vec<Record>, now: SimTime) -> Vec<Record> {
        for record in &mut records {
            let question = Question { name: record.name.clone(), rtype: record.rtype() };
            if let Some(Held::Records(held)) = self.cache.answer(&question, now)
                && let Some(same) = held.iter().find(|held| held.data == record.data)
            {
                record.ttl = same.ttl;
            }
        }
        records
    }

    /// Where a question leads to by aliases that are held.
    pub(super) fn cached_lead(&self, question: &Question, now: SimTime) -> Lead {
        if matches!(question.rtype, Rtype::Cname | Rtype::ANY) {
            return Lead::Nowhere;
        }
        let alias = Question { name: question.name.clone(), rtype: Rtype::Cname };
        let held = self.dname_above(question, now).map(|reading| reading.held);
        match held.or_else(|| self.cache.answer(&alias, now)) {
            Some(Held::Records(records)) => leads_on(question, &records),
            Some(Held::NxDomain(_) | Held::NoData(_) | Held::Failure) | None => Lead::Nowhere,
        }
    }
}

/// Where an alias leads.
#[derive(Clone, Debug)]
pub(super) enum Lead {
    /// It is none.
    Nowhere,
    /// By these records to this name.
    To(Vec<Record>, Name),
    /// To a name that is too long.
    TooLong(Vec<Record>),
    /// Nowhere, for the aliases themselves were asked for.
    Here(Vec<Record>),
}

/// Where records lead that stand where something else was asked for.
fn leads_on(question: &Question, records: &[Record]) -> Lead {
    let Some(record) = records.first() else { return Lead::Nowhere };
    let asks_alias = matches!(question.rtype, Rtype::Cname | Rtype::ANY);
    if asks_alias && (record.rtype() != Rtype::Dname || record.name == question.name)
        || record.rtype() == question.rtype && record.name == question.name
    {
        return Lead::Nowhere;
    }
    if let Some(target) = record.data.alias_target() {
        return Lead::To(vec![record.clone()], target.clone());
    }
    if record.rtype() != Rtype::Dname {
        return Lead::Nowhere;
    }
    match synthesized(record, &record.data, &question.name) {
        Some((cname, _)) if asks_alias => Lead::Here(vec![record.clone(), cname]),
        Some((cname, target)) => Lead::To(vec![record.clone(), cname], target),
        None => Lead::TooLong(vec![record.clone()]),
    }
}

/// Writes to the trace what was found in the cache.
pub(super) fn trace_recall(host: &mut impl Host, task: u32, question: &Question, known: Option<&Known>) {
    let result = known.map_or(CacheResult::Miss, |known| known.result);
    let (name, rtype) = (&question.name.to_string(), question.rtype.number());
    host.trace(Trace::Dns(DnsTrace::Cache { task, name, rtype, result }));
}
