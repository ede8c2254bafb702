//! Caches on the asker's own host: of a program, and of the stub resolver that it embeds.
//!
//! They keep what a resolver answered, for the time that the resolver said was left, and follow
//! aliases among what they hold. A failure is not kept. Each program of a host has a stub of its
//! own, and so a cache of its own: one cache for all programs of a host, as a daemon has it, is
//! left out. A crash empties them.

use std::net::IpAddr;

use crate::app::host::Host;
use crate::base::trace::{CacheLevel, CacheResult, DnsAnswerKind, DnsTrace, Trace};
use crate::base::{SimTime, hash};
use crate::proto::dns::{Message, Name, Question, Record, RecordData, Rtype};

use super::cache::{Cache, Held, Origin, Policy, Rank};
use super::stub::Outcome;

/// Aliases followed for one question.
const ALIAS_LIMIT: u32 = 12;

/// Longest life of records (RFC 8767 4) and of denials (RFC 2308 5), in seconds.
const TTL_CAPS: (u32, u32) = (86_400, 3600);

/// Which caches stand between a program and its resolver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalCaches {
    /// One of the program's own.
    pub application: bool,
    /// One of the stub resolver's.
    pub stub: bool,
}

/// A cache on the asker's host.
#[derive(Clone, Debug)]
pub(super) struct LocalCache {
    level: CacheLevel,
    cache: Cache,
}

/// A cache on the asker's host, for a reader.
#[derive(Clone, Copy, Debug)]
pub struct OwnCache<'a> {
    /// Whose it is.
    pub level: CacheLevel,
    /// Which client of a crowd has it, counted from 1; none for the host's only one.
    pub client: Option<usize>,
    /// What it holds.
    pub cache: &'a Cache,
}

/// What is known about a question: from a response, or from a cache.
#[derive(Clone, Debug)]
pub struct Learnt {
    pub(super) kind: DnsAnswerKind,
    /// The resolver that said it; none where a cache did.
    pub(super) from: Option<IpAddr>,
    /// Aliases first.
    pub(super) answers: Vec<Record>,
    /// With a denial.
    pub(super) soa: Option<Record>,
}

impl Learnt {
    pub(super) fn from_response(kind: DnsAnswerKind, message: Message, from: IpAddr) -> Self {
        let soa = message.authorities.into_iter().find(|record| record.rtype() == Rtype::Soa);
        Self { kind, from: Some(from), answers: message.answers, soa }
    }

    pub(super) fn outcome(self) -> Outcome {
        match self.kind {
            DnsAnswerKind::Answer => Outcome::Records(self.answers),
            DnsAnswerKind::NxDomain => Outcome::NxDomain,
            DnsAnswerKind::NoData
            | DnsAnswerKind::Alias
            | DnsAnswerKind::Referral
            | DnsAnswerKind::Failure
            | DnsAnswerKind::Truncated => Outcome::NoData,
        }
    }
}

impl LocalCache {
    pub(super) fn new(level: CacheLevel) -> Self {
        let (ttl, negative_ttl) = ((0, TTL_CAPS.0), (0, TTL_CAPS.1));
        Self { level, cache: Cache::new(Policy { ttl, negative_ttl, failure_ttl: 0, limit: None, stale: None }) }
    }

    pub(super) const fn shown(&self, client: Option<usize>) -> OwnCache<'_> {
        OwnCache { level: self.level, client, cache: &self.cache }
    }

    pub(super) const fn level(&self) -> CacheLevel {
        self.level
    }

    pub(super) fn clear(&mut self) {
        self.cache.clear();
    }

    /// Looks for the answer to a question, and says so in the trace.
    pub(super) fn look<H: Host>(&mut self, host: &mut H, question: &Question, name: &str) -> Option<Learnt> {
        let found = self.held(question, host.now());
        let (level, rtype) = (self.level, question.rtype.number());
        let result = match &found {
            None => CacheResult::Miss,
            Some((ttl_s, found)) if found.kind == DnsAnswerKind::Answer => CacheResult::Hit { ttl_s: *ttl_s },
            Some((ttl_s, _)) => CacheResult::NegativeHit { ttl_s: *ttl_s },
        };
        host.trace(Trace::Dns(DnsTrace::LocalCache { level, name, rtype, result }));
        found.map(|(_, found)| found)
    }

    /// What is held, and the seconds for which it all stays so.
    fn held(&mut self, question: &Question, now: SimTime) -> Option<(u32, Learnt)> {
        let mut question = question.clone();
        let mut answers: Vec<Record> = Vec::new();
        let least = |records: &[Record]| records.iter().map(|record| record.ttl).min().unwrap_or(0);
        for _ in 0..=ALIAS_LIMIT {
            let (kind, soa) = match self.cache.answer(&question, now) {
                Some(Held::Records(records)) => {
                    answers.extend(records);
                    return Some((
                        least(&answers),
                        Learnt { kind: DnsAnswerKind::Answer, from: None, answers, soa: None },
                    ));
                }
                Some(Held::NxDomain(soa)) => (DnsAnswerKind::NxDomain, soa),
                Some(Held::NoData(soa)) => (DnsAnswerKind::NoData, soa),
                Some(Held::Failure) => return None,
                None => {
                    let asked = Question { name: question.name.clone(), rtype: Rtype::Cname };
                    let Some(Held::Records(aliases)) = self.cache.answer(&asked, now) else { return None };
                    let target = aliases.first().and_then(|alias| alias.data.alias_target()).cloned()?;
                    answers.extend(aliases);
                    question.name = target;
                    continue;
                }
            };
            let left = answers.iter().chain(&soa).map(|record| record.ttl).min().unwrap_or(0);
            return Some((left, Learnt { kind, from: None, answers, soa }));
        }
        None
    }

    /// Keeps what was learnt about a question.
    pub(super) fn keep(&mut self, question: &Question, learnt: &Learnt, now: SimTime) {
        self.cache.told_by(learnt.from.map_or(Origin::Own, Origin::Server));
        self.cache.store(&learnt.answers, Rank::Answer, now);
        let name = || summed_up(question, &learnt.answers).0;
        match learnt.kind {
            DnsAnswerKind::NxDomain => self.cache.store_nx_domain(&name(), learnt.soa.as_ref(), now),
            DnsAnswerKind::NoData => {
                let question = Question { name: name(), rtype: question.rtype };
                self.cache.store_no_data(&question, learnt.soa.as_ref(), now);
            }
            DnsAnswerKind::Answer
            | DnsAnswerKind::Alias
            | DnsAnswerKind::Referral
            | DnsAnswerKind::Failure
            | DnsAnswerKind::Truncated => {}
        }
    }
}

/// One number for the data of an RRset, whatever their order; zero for none. Two sets that
/// differ have different numbers, but for a chance of 2^-64.
pub fn digest<'a>(data: impl Iterator<Item = &'a RecordData>) -> u64 {
    let one = |data: &RecordData| {
        let text = data.to_string();
        // RFC 4343: compression may give a name in the data the letters of the question
        let text = match data {
            RecordData::Txt(_) | RecordData::Opaque { .. } => text,
            RecordData::A(_)
            | RecordData::Aaaa(_)
            | RecordData::Ns(_)
            | RecordData::Cname(_)
            | RecordData::Dname(_)
            | RecordData::Ptr(_)
            | RecordData::Mx { .. }
            | RecordData::Srv { .. }
            | RecordData::Soa { .. } => text.to_ascii_lowercase(),
        };
        hash::hash64(1, text.as_bytes())
    };
    // a sum does not depend on the order
    data.fold(0_u64, |sum, data| sum.wrapping_add(one(data)))
}

/// The digest of the alias that a question's name is, if it is one.
pub(super) fn alias_digest(question: &Question, answers: &[Record]) -> u64 {
    let aliases = answers.iter().filter(|record| record.rtype() == Rtype::Cname && record.name == question.name);
    digest(aliases.map(|record| &record.data))
}

/// The name at the end of the chain of aliases that begins with a question, and the digest of
/// its records among these.
pub(super) fn summed_up(question: &Question, answers: &[Record]) -> (Name, u64) {
    let mut name = &question.name;
    for _ in 0..answers.len() {
        let alias = answers.iter().find(|record| record.rtype() == Rtype::Cname && record.name == *name);
        match alias.and_then(|alias| alias.data.alias_target()) {
            Some(target) if question.rtype != Rtype::Cname => name = target,
            Some(_) | None => break,
        }
    }
    let asked = answers.iter().filter(|record| record.name == *name && record.rtype() == question.rtype);
    (name.clone(), digest(asked.map(|record| &record.data)))
}
