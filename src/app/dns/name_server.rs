//! A name server on port 53: it answers from its zones, asks further if it is told to, and gives
//! whole zones to its secondaries.
//!
//! Its data stand on disk: a crash loses nothing of them, and a change that comes due meanwhile is
//! there when it starts again. It answers at once, as a server without load would. Left out:
//! notification (RFC 1996), dynamic update (RFC 2136).

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::app::host::{Host, Input};
use crate::base::SimTime;
use crate::base::trace::{DnsTrace, Trace};
use crate::proto::dns::{CLASS_IN, Message, Name, Question, Rtype, transfer};

use super::authority::{Authority, Reach};
use super::local::digest;
use super::recursion::Recursion;
use super::secondary::{Secondaries, SecondaryZone};
use super::service::{Asked, Service, refusal};
use super::zone::{Zone, ZoneChange};

/// What a name server holds and does.
#[derive(Clone, Debug, Default)]
pub struct NameServerConfig {
    /// Its zones; of two with the same apex the first counts.
    pub zones: Vec<Zone>,
    /// Zones of others of which it has copies.
    pub secondary: Vec<SecondaryZone>,
    /// Who may fetch a zone as a whole.
    pub transfers: BTreeMap<Name, Vec<IpAddr>>,
    /// Changes of its zones, in the order of their times.
    pub changes: Vec<ZoneChange>,
    /// Whether it asks the servers of a delegated zone itself when the asker desires recursion,
    /// in place of referring to them.
    pub recursive: bool,
    /// Addresses of root servers, asked by a recursive server for the addresses of others.
    pub roots: Vec<IpAddr>,
}

/// A zone that a name server serves.
#[derive(Clone, Debug)]
pub struct HeldZone {
    /// Its apex.
    pub apex: Name,
    /// Its serial.
    pub serial: u32,
    /// How many records it has, the SOA included.
    pub records: usize,
    /// Of a copy: when it was last known to be the newest; none for a zone from its own file.
    pub copy: Option<String>,
}

/// A name server on port 53.
#[derive(Clone, Debug)]
pub struct NameServer {
    authority: Authority,
    service: Service,
    recursion: Option<Box<Recursion>>,
    secondaries: Option<Box<Secondaries>>,
    transfers: BTreeMap<Name, Vec<IpAddr>>,
    changes: VecDeque<ZoneChange>,
    up: bool,
}

impl NameServer {
    /// A server that answers from these zones and does nothing else.
    #[must_use]
    pub fn new(zones: Vec<Zone>) -> Self {
        Self::with(NameServerConfig { zones, ..NameServerConfig::default() })
    }

    /// A server of that kind.
    #[must_use]
    pub fn with(config: NameServerConfig) -> Self {
        let mut zones = config.zones;
        let primaries = config.secondary.iter().map(|copy| (copy.zone.apex().clone(), copy.primaries.clone()));
        let secondaries = Secondaries::new(primaries);
        let has_copies = !config.secondary.is_empty();
        zones.extend(config.secondary.into_iter().map(|copy| copy.zone));
        Self {
            authority: Authority::new(zones),
            service: Service::new(config.recursive),
            recursion: config.recursive.then(|| Box::new(Recursion::new(config.roots))),
            secondaries: has_copies.then(|| Box::new(secondaries)),
            transfers: config.transfers,
            changes: config.changes.into(),
            up: false,
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => self.boot(host),
            Input::Crash => self.crash(),
            Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Wake
            | Input::Flush(_) => self.work(host, input),
        }
    }

    fn boot(&mut self, host: &mut impl Host) {
        self.up = true;
        Service::boot(host);
        if let Some(recursion) = &mut self.recursion {
            recursion.boot(host);
        }
        if let Some(secondaries) = &mut self.secondaries {
            secondaries.boot(host, &self.authority);
        }
        self.change(host);
    }

    fn crash(&mut self) {
        self.up = false;
        self.service.crash();
        if let Some(recursion) = &mut self.recursion {
            recursion.crash();
        }
        if let Some(secondaries) = &mut self.secondaries {
            secondaries.crash();
        }
    }

    /// When the server wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let recursion = self.recursion.as_ref().map(|recursion| recursion.deadline());
        let secondaries = self.secondaries.as_ref().map(|secondaries| secondaries.deadline(&self.authority));
        let change = self.changes.front().filter(|_| self.up).map(|change| change.at);
        let all = [recursion, secondaries, change].into_iter().flatten();
        all.fold(self.service.deadline(), SimTime::min)
    }

    /// Makes the changes that have come due.
    fn change(&mut self, host: &mut impl Host) {
        let cause = host.cause();
        while let Some(change) = self.changes.pop_front_if(|change| change.at <= host.now()) {
            let Some(zone) = self.authority.zone_mut(&change.zone) else { continue };
            // what would make no zone was refused before
            let Ok(touched) = zone.change(&change) else { continue };
            let serial = zone.version().serial;
            for (name, rtype) in touched {
                host.set_cause(cause);
                let digest = digest(zone.records(&name, rtype).iter().map(|record| &record.data));
                let (zone, name, rtype) = (&change.zone.to_string(), &name.to_string(), rtype.number());
                host.trace(Trace::Dns(DnsTrace::Changed { zone, serial, name, rtype, digest }));
            }
        }
        host.set_cause(cause);
    }

    /// The zones that it serves, in their order.
    pub fn held(&self) -> impl Iterator<Item = HeldZone> {
        self.authority.zones().iter().map(|zone| HeldZone {
            apex: zone.apex().clone(),
            serial: zone.version().serial,
            records: zone.all_but_soa().count() + 1,
            copy: self.secondaries.as_ref().and_then(|secondaries| secondaries.origin(zone.apex())),
        })
    }

    /// A line for each zone: its serial, how many records it has, and where they are from.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |HeldZone { apex, serial, records, copy }| {
            let origin = copy.unwrap_or_else(|| "from its own file".to_owned());
            format!("{apex} serial {serial}, {records} records, {origin}")
        };
        self.held().map(line).collect()
    }

    /// The response to a query, from the zones.
    #[must_use]
    pub fn respond(&self, query: &Message) -> Message {
        self.authority.respond(query)
    }

    fn work(&mut self, host: &mut impl Host, input: Input<'_>) {
        let cause = host.cause();
        if let Input::Wake = input {
            self.change(host);
        }
        if let Some(secondaries) = &mut self.secondaries {
            secondaries.input(host, &mut self.authority, input);
            host.set_cause(cause);
        }
        if let Some(recursion) = &mut self.recursion {
            recursion.input(host, &self.authority, input);
            self.hand_back(host);
            host.set_cause(cause);
        }
        for (via, octets) in self.service.input(host, input) {
            host.set_cause(cause);
            if let Some(asked) = self.service.take_up_any(host, via, &octets) {
                self.take(host, asked);
            }
        }
    }

    fn take(&mut self, host: &mut impl Host, asked: Asked) {
        let ra = self.recursion.is_some();
        if let Some(messages) = self.whole_zone(&asked) {
            let count = messages.1;
            return self.service.reply_with_zone(host, &asked, &messages.0, count);
        }
        if let Some(rcode) = refusal(&asked.query) {
            let mut response = asked.query.response(rcode);
            response.flags.ra = ra && asked.query.flags.opcode == 0;
            return self.service.reply(host, &asked, &response, 0);
        }
        let (mut response, reach) = self.authority.answer(&asked.query);
        let desired = asked.query.flags.rd && asked.query.class == CLASS_IN;
        if let Reach::Cut { name, servers } = reach
            && let Some(recursion) = self.recursion.as_mut().filter(|_| desired)
        {
            let rtype = asked.query.questions.first().map(|question| question.rtype);
            let Some(question) = rtype.map(|rtype| Question { name, rtype }) else { return };
            recursion.take_up(host, &self.authority, question, &servers, (asked, response));
            return self.hand_back(host);
        }
        response.flags.ra = ra;
        self.service.reply(host, &asked, &response, needed_glue(&response));
    }

    /// The messages of a whole zone and the count of its records, if that is what is asked for
    /// over a stream by somebody who may have it (RFC 5936 4.2, 5.1).
    fn whole_zone(&self, asked: &Asked) -> Option<(Vec<Vec<u8>>, usize)> {
        let [question] = &asked.query.questions[..] else { return None };
        let allowed = self.transfers.get(&question.name)?.contains(&asked.client().addr);
        let plain = asked.query.flags.opcode == 0 && asked.query.class == CLASS_IN;
        if !(question.rtype == Rtype::AXFR && asked.is_stream() && plain && allowed) {
            return None;
        }
        let zone = self.authority.zone(&question.name)?;
        let count = zone.all_but_soa().count() + 2;
        Some((transfer::messages(&asked.query, &zone.soa(), zone.all_but_soa()), count))
    }

    /// Answers those whose questions others have answered.
    fn hand_back(&mut self, host: &mut impl Host) {
        let cause = host.cause();
        let done = self.recursion.as_mut().map_or_else(Vec::new, |recursion| recursion.take_done());
        for (asked, response) in done {
            host.set_cause(cause);
            self.service.reply(host, &asked, &response, 0);
        }
        host.set_cause(cause);
    }
}

/// How many additional records, in front, are addresses without which a referral leads nowhere:
/// those of servers within the zone that is delegated (RFC 9471 3.1).
pub(super) fn needed_glue(response: &Message) -> usize {
    let Some(ns) = response.authorities.iter().find(|record| record.rtype() == Rtype::Ns) else {
        return 0;
    };
    response.additionals.iter().take_while(|record| record.name.is_within(&ns.name)).count()
}
