//! DNS questions: one row for each that a host sent, with what became of it.
//!
//! The trace tells the asker's side and the server's side apart. They are joined by what is
//! on the wire: the asker's address, port and message ID, and the server's address. So a row
//! says whether the server had the answer in its cache, and a resolver's own question says
//! for which client's question it was asked.

use rustc_hash::FxHashMap;

use super::names::{NameId, Names, Text};
use super::words::{self, named};
use crate::base::directory::Directory;
use crate::base::ids::{HostId, QueryId};
use crate::base::socket::Endpoint;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{CacheResult, DnsAnswerKind, DnsTrace};

named! {
    /// In which part a host asked.
    DnsRole {
        /// For an application of its own.
        Stub = "stub",
        /// For a client of its resolver.
        Resolver = "resolver",
    }
}

named! {
    /// What became of a question.
    DnsOutcome {
        /// Records of the asked type.
        Answer = "answer",
        /// Only aliases.
        Alias = "alias",
        /// Name servers further down.
        Referral = "referral",
        /// The name does not exist.
        NxDomain = "nxdomain",
        /// The name exists, but not with that type.
        NoData = "nodata",
        /// An error response.
        Failure = "failure",
        /// A part of a response, which made the host ask again over TCP.
        Truncated = "truncated",
        /// No response in time.
        Timeout = "timeout",
        /// It did not get to the server, and the asker was told so.
        Unreachable = "unreachable",
        /// Under way at the end of the run, or forgotten in a crash.
        Open = "open",
    }
}

impl From<DnsAnswerKind> for DnsOutcome {
    fn from(kind: DnsAnswerKind) -> Self {
        match kind {
            DnsAnswerKind::Answer => Self::Answer,
            DnsAnswerKind::Alias => Self::Alias,
            DnsAnswerKind::Referral => Self::Referral,
            DnsAnswerKind::NxDomain => Self::NxDomain,
            DnsAnswerKind::NoData => Self::NoData,
            DnsAnswerKind::Failure => Self::Failure,
            DnsAnswerKind::Truncated => Self::Truncated,
        }
    }
}

/// One DNS question: a row of the table `dns_queries`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRow {
    /// When it was sent.
    pub asked: SimTime,
    /// When the server took it up, if it did.
    pub heard: Option<SimTime>,
    /// When the server sent its response, if it did.
    pub replied: Option<SimTime>,
    /// Its name: `crepes.fr?2` is the second that crepes.fr asked.
    pub query: Text,
    /// The host that asked.
    pub from: Text,
    /// The host asked.
    pub to: Text,
    /// In which part the host asked.
    pub role: DnsRole,
    /// QNAME.
    pub name: Text,
    /// QTYPE's mnemonic.
    pub rtype: Text,
    /// 0, or the count of repetitions.
    pub retry: u32,
    /// What became of it.
    pub outcome: DnsOutcome,
    /// RCODE's mnemonic.
    pub rcode: Option<Text>,
    /// Records in the answer section.
    pub answers: Option<u16>,
    /// From the question to its response, to the time-out, or to the word that it did not arrive.
    pub latency: Option<SimDuration>,
    /// What the asked resolver found in its cache: `hit`, `negative_hit`, `stale`,
    /// `failure` or `miss`.
    pub cache: Option<Text>,
    /// The client's question on whose behalf a resolver asked.
    pub for_query: Option<Text>,
}

/// How often resolvers found what they looked for in their caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Records were there.
    pub hits: u64,
    /// The knowledge that there are none was there.
    pub negative_hits: u64,
    /// The memory of a failure was there.
    pub failure_hits: u64,
    /// Something that had ended was there, and was served.
    pub stale_hits: u64,
    /// Nothing was there.
    pub misses: u64,
}

#[derive(Clone, Debug)]
struct Question {
    asked: SimTime,
    query: QueryId,
    to: Endpoint,
    stub: bool,
    name: NameId,
    rtype: u16,
    retry: u32,
    heard: Option<SimTime>,
    replied: Option<SimTime>,
    end: Option<(SimTime, DnsOutcome)>,
    response: Option<(u8, u16)>,
    cache: Option<&'static str>,
    for_query: Option<QueryId>,
}

/// All DNS questions of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Questions {
    questions: Vec<Question>,
    index: FxHashMap<QueryId, usize>,
    /// By what is on the wire: the last question with this sender, ID and server.
    on_wire: FxHashMap<(Endpoint, u16, HostId), usize>,
    /// The question that a server's task answers.
    tasks: FxHashMap<(HostId, u32), usize>,
    cache: CacheCounts,
}

impl Questions {
    pub(super) fn observe(
        &mut self,
        names: &mut Names,
        directory: &Directory,
        host: HostId,
        at: SimTime,
        event: &DnsTrace<'_>,
    ) {
        match *event {
            DnsTrace::Asked { query, task, to, from_port, wire_id, name, rtype, retry } => {
                let for_query = task.and_then(|task| self.tasks.get(&(host, task)));
                let for_query = for_query.map(|index| self.questions[*index].query);
                let index = self.questions.len();
                let sender = directory.source(host, from_port, to.addr);
                if let Some(server) = directory.host_at(to.addr) {
                    self.on_wire.insert((sender, wire_id, server), index);
                }
                self.index.insert(query, index);
                self.questions.push(Question {
                    asked: at,
                    query,
                    to,
                    stub: task.is_none(),
                    name: names.id(name),
                    rtype,
                    retry,
                    heard: None,
                    replied: None,
                    end: None,
                    response: None,
                    cache: None,
                    for_query,
                });
            }
            DnsTrace::Answered { query, rcode, kind, answers, bytes: _ } => {
                if let Some(index) = self.index.get(&query) {
                    let question = &mut self.questions[*index];
                    question.end = Some((at, kind.into()));
                    question.response = Some((rcode, answers));
                }
            }
            DnsTrace::TimedOut { query } => self.unanswered(query, at, DnsOutcome::Timeout),
            DnsTrace::Unreachable { query } => self.unanswered(query, at, DnsOutcome::Unreachable),
            DnsTrace::Received { task, client, wire_id, .. } => {
                if let Some(index) = self.on_wire.get(&(client, wire_id, host)) {
                    self.tasks.insert((host, task), *index);
                    // a datagram may come twice
                    self.questions[*index].heard.get_or_insert(at);
                }
            }
            DnsTrace::Cache { task, name: _, rtype: _, result } => self.cached(host, task, result),
            DnsTrace::Replied { task, .. } => {
                if let Some(index) = self.tasks.get(&(host, task)) {
                    self.questions[*index].replied.get_or_insert(at);
                }
            }
            DnsTrace::Changed { .. }
            | DnsTrace::Copied { .. }
            | DnsTrace::Expired { .. }
            | DnsTrace::LocalCache { .. }
            | DnsTrace::LookedUp { .. } => {}
        }
    }

    fn unanswered(&mut self, query: QueryId, at: SimTime, outcome: DnsOutcome) {
        if let Some(index) = self.index.get(&query) {
            self.questions[*index].end = Some((at, outcome));
        }
    }

    fn cached(&mut self, host: HostId, task: u32, result: CacheResult) {
        let (word, count) = match result {
            CacheResult::Hit { .. } => ("hit", &mut self.cache.hits),
            CacheResult::NegativeHit { .. } => ("negative_hit", &mut self.cache.negative_hits),
            CacheResult::Failure { .. } => ("failure", &mut self.cache.failure_hits),
            CacheResult::Stale { .. } => ("stale", &mut self.cache.stale_hits),
            CacheResult::Miss => ("miss", &mut self.cache.misses),
        };
        *count += 1;
        // A task that follows aliases looks several times; the first time is for its question.
        if let Some(index) = self.tasks.get(&(host, task)) {
            let cache = &mut self.questions[*index].cache;
            // RFC 8767 5: what was looked for in vain is served after all, when nobody else can tell
            if cache.is_none() || (word == "stale" && *cache == Some("miss")) {
                *cache = Some(word);
            }
        }
    }

    /// The rows, sorted, and the caches' counts.
    pub(super) fn finish(mut self, names: &mut Names, directory: &Directory) -> (Vec<DnsRow>, CacheCounts) {
        self.questions.sort_by(|a, b| {
            let key = |question: &Question| (question.asked, directory.host_name(question.query.host));
            (key(a), a.query.number).cmp(&(key(b), b.query.number))
        });
        let rows = self
            .questions
            .iter()
            .map(|question| DnsRow {
                asked: question.asked,
                heard: question.heard,
                replied: question.replied,
                query: names.share(&directory.query_name(question.query)),
                from: names.share(directory.host_name(question.query.host)),
                to: names.share(&directory.name_at(question.to.addr)),
                role: if question.stub { DnsRole::Stub } else { DnsRole::Resolver },
                name: names.text(question.name),
                rtype: names.share(&words::rtype(question.rtype)),
                retry: question.retry,
                outcome: question.end.map_or(DnsOutcome::Open, |(_, outcome)| outcome),
                rcode: question.response.map(|(rcode, _)| names.share(&words::rcode(rcode))),
                answers: question.response.map(|(_, answers)| answers),
                latency: question.end.map(|(at, _)| at.since(question.asked)),
                cache: question.cache.map(|word| names.share(word)),
                for_query: question.for_query.map(|query| names.share(&directory.query_name(query))),
            })
            .collect();
        (rows, self.cache)
    }
}

#[cfg(test)]
mod tests {
    use crate::base::time::SimTime;
    use crate::base::trace::{CacheResult, DnsAnswerKind, DnsTrace, Trace};
    use crate::metrics::testing::Script;

    /// Fails when a question is told to be heard or answered when it was not, or a second copy of it counts.
    #[test]
    fn the_server_hears_and_answers_a_question() {
        let mut script = Script::two_domains();
        script.lookup(0);
        let reply = |at, script: &mut Script| {
            let replied = DnsTrace::Replied { task: 1, rcode: 0, kind: DnsAnswerKind::Answer, answers: 1 };
            script.event("resolver", at, Trace::Dns(replied));
        };
        reply(1_500_000_000, &mut script);
        reply(1_600_000_000, &mut script);
        let record = script.finish(2_000_000_000);
        let row = &record.tables.dns_queries[0];
        assert!(row.heard.is_some_and(|heard| heard >= row.asked), "{row:?}");
        assert!(row.replied.is_some_and(|replied| replied <= SimTime::from_nanos(1_500_000_000)), "{row:?}");
    }

    /// Fails when the row of a client that waited and was then served stale still says `miss`,
    /// which the table `caches` takes back, or when anything else replaces the first word.
    #[test]
    fn what_was_served_stale_after_a_wait_was_no_miss() {
        for (then, word) in [(CacheResult::Stale { past_s: 5 }, "stale"), (CacheResult::Hit { ttl_s: 5 }, "miss")] {
            let mut script = Script::two_domains();
            script.lookup(0);
            let later = DnsTrace::Cache { task: 1, name: "hamburger.edu", rtype: 15, result: then };
            script.event("resolver", 1_000_000_011, Trace::Dns(later));
            let record = script.finish(2_000_000_000);
            assert_eq!(record.tables.dns_queries[0].cache.as_deref(), Some(word));
            let found = record.tables.caches[0].found;
            assert_eq!((found.stale_hits, found.misses), if word == "stale" { (1, 0) } else { (0, 1) });
        }
    }
}
