//! One question on its way down the tree, as data.
//!
//! A lookup answers exactly one question. When it meets an alias that leads elsewhere, or a
//! server whose address nobody gave (a glueless delegation), another lookup answers that
//! question and the first waits for it. So each question is under way at most once, whoever
//! wants it, and no server is asked the same twice at a time. Who waits for whom is a chain,
//! never a ring: a lookup that would close a ring fails instead.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::service::Asked;
use crate::base::{EventId, QueryId, SimTime, SocketId};
use crate::proto::dns::{Name, Question, Rcode, Record, Rtype};

/// The number of a lookup within its resolver.
pub(super) type LookupId = u64;

/// What is left of a client's patience, handed down to the lookups made for it and back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Queries that may still be sent.
    pub(super) queries: u32,
    /// When to give up.
    pub(super) until: SimTime,
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
}

/// The servers of the nearest zone known above the name.
#[derive(Clone, Debug)]
pub(super) struct Delegation {
    /// The zone.
    pub(super) zone: Name,
    /// Names of its servers, in the order listed.
    pub(super) servers: Vec<Name>,
    /// Addresses known, in the order of their names.
    pub(super) addresses: Vec<Address>,
    /// Servers with the types of address that are known or were looked up for this delegation.
    pub(super) resolved: BTreeSet<(Name, Rtype)>,
}

/// A server's address, and how it fared in this lookup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address {
    /// The address.
    pub(super) addr: IpAddr,
    /// Times asked without response.
    pub(super) tries: u32,
    /// It gave a useless response and is not asked again.
    pub(super) useless: bool,
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
    },
    /// Waiting for what stands at the end of an alias.
    WaitingForAlias {
        /// The lookup that finds it.
        on: LookupId,
        /// The CNAME records up to there.
        aliases: Vec<Record>,
        /// Since when they are as old as they say.
        since: SimTime,
    },
}

/// A query in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    /// Its name in the trace.
    pub(super) query: QueryId,
    /// Its message's ID.
    pub(super) wire_id: u16,
    /// Who was asked.
    pub(super) server: IpAddr,
    /// The connection, if it goes over TCP.
    pub(super) stream: Option<SocketId>,
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
}

impl Finding {
    /// Nobody could be asked, or nobody knew.
    pub(super) const fn failure() -> Self {
        Self { rcode: Rcode::ServFail, answers: Vec::new(), soa: None }
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

impl Address {
    pub(super) const fn new(addr: IpAddr) -> Self {
        Self { addr, tries: 0, useless: false }
    }
}

impl Delegation {
    /// Adds addresses of one server, those not known yet.
    pub(super) fn add(&mut self, addresses: impl IntoIterator<Item = IpAddr>) {
        for addr in addresses {
            if self.addresses.iter().all(|known| known.addr != addr) {
                self.addresses.push(Address::new(addr));
            }
        }
    }

    /// The notes on one address.
    pub(super) fn address_mut(&mut self, addr: IpAddr) -> Option<&mut Address> {
        self.addresses.iter_mut().find(|known| known.addr == addr)
    }
}

impl Lookup {
    /// The lookup for which it waits.
    pub(super) const fn waits_on(&self) -> Option<LookupId> {
        match self.phase {
            Phase::WaitingForServer { on } | Phase::WaitingForAlias { on, .. } => Some(on),
            Phase::Ready | Phase::Asking(_) => None,
        }
    }
}
