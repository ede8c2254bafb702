//! One question that a name server puts to others, as data: whom it may ask, what it does, and what
//! a response means to it.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::{Client, LookupId};
use crate::app::dns::lookup::aged;
use crate::app::dns::repeats::RepeatId;
use crate::base::trace::DnsAnswerKind;
use crate::base::{Addresses, EventId, Family, QueryId, SimTime};
use crate::proto::dns::{Message, Name, Question, Rcode, Record, RecordData, Rtype};

#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) question: Question,
    /// The task for which it was begun.
    pub(super) task: u32,
    /// Clients that wait, with the aliases within the own zones, and since when.
    pub(super) clients: Vec<(Client, SimTime)>,
    /// Lookups that wait for the address it finds.
    pub(super) waiting: Vec<LookupId>,
    pub(super) depth: u32,
    pub(super) until: SimTime,
    /// The zone whose servers are asked.
    pub(super) zone: Name,
    pub(super) servers: Vec<Server>,
    /// Servers of which only the name is known.
    pub(super) unknown: VecDeque<(Name, Rtype)>,
    pub(super) phase: Phase,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) addr: IpAddr,
    pub(super) tries: usize,
    pub(super) useless: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Ready,
    Asking(Asking),
    WaitingFor(LookupId),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) query: QueryId,
    pub(super) wire_id: u16,
    pub(super) server: IpAddr,
    /// The connection, if it goes over TCP.
    pub(super) stream: Option<RepeatId>,
    pub(super) expires: SimTime,
    pub(super) event: EventId,
}

/// What a question came to.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) rcode: Rcode,
    pub(super) answers: Vec<Record>,
    pub(super) soa: Option<Record>,
}

/// What a server's response is good for.
pub(super) enum Verdict {
    Found(Finding),
    /// The NS records of a zone further down.
    Referral(Vec<Record>),
    Useless,
}

impl Lookup {
    pub(super) fn expires(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Asking(asking) => Some(asking.expires),
            Phase::Ready | Phase::WaitingFor(_) => None,
        }
    }

    /// Adds addresses that this host can reach, those not known yet.
    pub(super) fn add(&mut self, addresses: impl IntoIterator<Item = IpAddr>, own: Addresses) {
        for addr in addresses.into_iter().filter(|addr| own.has(Family::of(*addr))) {
            if self.servers.iter().all(|known| known.addr != addr) {
                self.servers.push(Server { addr, tries: 0, useless: false });
            }
        }
    }

    pub(super) fn judge(&self, message: &Message) -> Verdict {
        let soa = message.authorities.iter().find(|record| record.rtype() == Rtype::Soa).cloned();
        match message.kind() {
            DnsAnswerKind::Answer | DnsAnswerKind::Alias | DnsAnswerKind::NxDomain => {}
            // neither authority nor resolver: it knows nothing
            DnsAnswerKind::NoData if soa.is_some() || message.flags.aa || message.flags.ra => {}
            DnsAnswerKind::Referral => {
                let is_ns = |record: &&Record| matches!(record.data, RecordData::Ns(_));
                let first = message.authorities.iter().find(is_ns).map(|record| record.name.clone());
                let deeper = |cut: &Name| cut.is_within(&self.zone) && *cut != self.zone;
                return match first.filter(|cut| deeper(cut) && self.question.name.is_within(cut)) {
                    None => Verdict::Useless,
                    Some(cut) => {
                        let of_cut = message.authorities.iter().filter(is_ns).filter(|record| record.name == cut);
                        Verdict::Referral(of_cut.cloned().collect())
                    }
                };
            }
            DnsAnswerKind::NoData | DnsAnswerKind::Failure | DnsAnswerKind::Truncated => return Verdict::Useless,
        }
        Verdict::Found(Finding { rcode: message.rcode, answers: message.answers.clone(), soa })
    }
}

impl Finding {
    pub(super) const fn failure() -> Self {
        Self { rcode: Rcode::ServFail, answers: Vec::new(), soa: None }
    }

    /// The response to a client: this behind the aliases that it has so far.
    pub(super) fn behind(&self, mut so_far: Message, since: SimTime, now: SimTime) -> Message {
        so_far.rcode = self.rcode;
        so_far.flags.ra = true;
        // RFC 1035 4.1.1: AA speaks of the first owner name in the answer section
        so_far.flags.aa &= !so_far.answers.is_empty();
        so_far.authorities = self.soa.iter().cloned().collect();
        so_far.additionals = Vec::new();
        if self.rcode == Rcode::ServFail {
            so_far.flags.aa = false;
            so_far.answers = Vec::new();
        }
        so_far.answers = aged(so_far.answers, since, now);
        so_far.answers.extend(self.answers.iter().cloned());
        so_far
    }
}
