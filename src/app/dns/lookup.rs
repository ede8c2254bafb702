//! One question on its way down the tree, as data.
//!
//! A lookup answers exactly one question. When it meets an alias that leads elsewhere, or a
//! server whose address nobody gave (a glueless delegation), another lookup answers that
//! question and the first waits for it. So each question is under way at most once, whoever
//! wants it, and no server is asked the same twice at a time. Who waits for whom is a chain,
//! never a ring: a lookup that would close a ring fails instead.

use std::net::IpAddr;

use super::courtesy::Courtesy;
use super::delegation::Delegation;
use super::minimise::Minimiser;
use super::repeats::RepeatId;
use super::service::Asked;
use crate::base::{EventId, QueryId, SimDuration, SimTime};
use crate::proto::dns::{Message, Question, Rcode, Record};

/// The number of a lookup within its resolver.
pub(super) type LookupId = u64;

/// What is left of a client's patience, handed down to the lookups made for it and back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Queries that may still be sent.
    pub(super) queries: u32,
    /// When to give up.
    pub(super) until: SimTime,
    /// Names of servers that may still turn out to have no address.
    pub(super) barren: u32,
}

/// How far a lookup is from the client's question.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Depth {
    /// Aliases followed.
    pub(super) aliases: u32,
    /// Glueless delegations entered.
    pub(super) servers: u32,
}

/// A question under way.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    /// The question.
    pub(super) question: Question,
    /// The task for which it was begun.
    pub(super) task: u32,
    /// What it may still spend.
    pub(super) budget: Budget,
    /// The lookup that began it and gets the rest of the budget back.
    pub(super) begun_by: Option<LookupId>,
    /// How far from the client's question.
    pub(super) depth: Depth,
    /// Clients that wait for it.
    pub(super) clients: Vec<Asked>,
    /// Lookups that wait for it.
    pub(super) waiting: Vec<LookupId>,
    /// It is to find anew what is still known.
    pub(super) renews: bool,
    /// The servers it is asking among.
    pub(super) delegation: Delegation,
    /// What it is doing.
    pub(super) phase: Phase,
    /// Whether the servers that are configured for a zone have failed: on with the tree.
    pub(super) tree: bool,
    /// Whether the root's servers were looked up for it.
    pub(super) primed: bool,
    /// It met with a limit or a ring that lies in how it was come to.
    pub(super) strained: bool,
    /// How much of its name is shown to the servers.
    pub(super) minimiser: Minimiser,
    /// A response of doubtful use, for when there is no better.
    pub(super) spare: Option<Box<Spare>>,
    /// The delegation that was given up for the zone above.
    pub(super) left: Option<Box<Delegation>>,
    /// Lookups that were about to send the very query that is in flight.
    pub(super) sharers: Vec<LookupId>,
}

/// A response that is kept aside.
#[derive(Clone, Debug)]
pub(super) struct Spare {
    /// Who sent it.
    pub(super) server: IpAddr,
    /// When it came.
    pub(super) at: SimTime,
    /// The response.
    pub(super) message: Message,
}

/// What a lookup is doing.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// About to choose its next step.
    Ready,
    /// Waiting for a server's response.
    Asking(Asking),
    /// Waiting for the address of a server.
    WaitingForServer {
        /// The lookup that finds it.
        on: LookupId,
        /// The server, or none for those of the root.
        server: Option<Question>,
        /// Queries lent to that lookup.
        lent: u32,
    },
    /// Waiting for the response to another lookup's query, which is its own.
    Sharing,
    /// Waiting for what stands at the end of an alias.
    WaitingForAlias {
        /// The lookup that finds it.
        on: LookupId,
        /// The CNAME and DNAME records up to there.
        aliases: Vec<Record>,
        /// Since when they are as old as they say.
        since: SimTime,
    },
}

/// A query in flight.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    /// What was asked: the lookup's question, or one that shows less.
    pub(super) question: Question,
    /// Whether it had an OPT record.
    pub(super) edns: bool,
    /// Its name in the trace.
    pub(super) query: QueryId,
    /// Its message's ID.
    pub(super) wire_id: u16,
    /// Who was asked.
    pub(super) server: IpAddr,
    /// The port that it came from.
    pub(super) port: u16,
    /// Its number among those that go over TCP, if it does.
    pub(super) stream: Option<RepeatId>,
    /// When.
    pub(super) sent: SimTime,
    /// When to stop waiting.
    pub(super) expires: SimTime,
    /// The event of the asking.
    pub(super) event: EventId,
}

/// How a lookup ended.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The response code for clients.
    pub(super) rcode: Rcode,
    /// The answer section: aliases, then records.
    pub(super) answers: Vec<Record>,
    /// The SOA of a denial.
    pub(super) soa: Option<Record>,
    /// What may be told besides.
    pub(super) courtesy: Option<Box<Courtesy>>,
    /// It failed for a reason that lies in the question's surroundings, not in itself.
    pub(super) passing: bool,
}

impl Finding {
    /// Nobody could be asked, or nobody knew.
    pub(super) const fn failure() -> Self {
        Self { rcode: Rcode::ServFail, answers: Vec::new(), soa: None, courtesy: None, passing: false }
    }

    /// It was not tried to the end.
    pub(super) fn given_up() -> Self {
        Self { passing: true, ..Self::failure() }
    }

    /// Records, or none of this type.
    pub(super) const fn found(answers: Vec<Record>) -> Self {
        Self { rcode: Rcode::NoError, answers, soa: None, courtesy: None, passing: false }
    }

    /// A denial.
    pub(super) const fn denied(rcode: Rcode, soa: Option<Record>) -> Self {
        Self { rcode, answers: Vec::new(), soa, courtesy: None, passing: false }
    }

    /// The same behind aliases.
    pub(super) fn behind(mut self, mut aliases: Vec<Record>) -> Self {
        if self.rcode == Rcode::ServFail {
            return self;
        }
        aliases.append(&mut self.answers);
        Self { answers: aliases, ..self }
    }
}

/// The records after a wait: with what is left of their TTLs in whole seconds, as the cache
/// would tell it.
pub(super) fn aged(mut records: Vec<Record>, since: SimTime, now: SimTime) -> Vec<Record> {
    let seconds = now.since(since).as_nanos().div_ceil(1_000_000_000);
    for record in &mut records {
        record.ttl = record.ttl.saturating_sub(u32::try_from(seconds).unwrap_or(u32::MAX));
    }
    records
}

impl Budget {
    /// A part for finding a server: half of the time, so that something is left for others.
    pub(super) fn share(self, now: SimTime) -> Self {
        let half = SimDuration::from_nanos(self.until.max(now).since(now).as_nanos() / 2);
        Self { until: now.saturating_add(half), ..self }
    }
}

impl Depth {
    /// Whether it is a client's question itself.
    pub(super) const fn is_top(self) -> bool {
        self.aliases == 0 && self.servers == 0
    }
}

impl Lookup {
    /// The lookup for which it waits.
    pub(super) const fn waits_on(&self) -> Option<LookupId> {
        match self.phase {
            Phase::WaitingForServer { on, .. } | Phase::WaitingForAlias { on, .. } => Some(on),
            // a query in flight ends by itself, whatever becomes of the lookup that sent it
            Phase::Ready | Phase::Asking(_) | Phase::Sharing => None,
        }
    }
}
