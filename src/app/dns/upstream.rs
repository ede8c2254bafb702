//! Queries to servers: how they are put, when they are over, and what is taken for a response
//! (RFC 5452 9).
//!
//! Every query carries an OPT record (RFC 6891), unless a server has shown that it chokes on it.
//! Of two lookups that would send the same query to the same server only one does.

use std::net::IpAddr;

use crate::app::host::Host;
use crate::base::trace::{DnsAnswerKind, DnsTrace, Trace};
use crate::base::{Endpoint, SimTime};
use crate::proto::dns::{CLASS_IN, Edns, Message, Name, PORT, Question, Rcode, Record, TCP_LIMIT, UDP_LIMIT};

use super::cache::Origin;
use super::lookup::{Asking, Lookup, LookupId, Phase};
use super::repeats::{LEAST_WAIT, Sending, Transport};
use super::resolver::{Resolver, Step};

/// Draws of an ID before a used one is stepped over; with few queries in flight the first is free.
const ID_DRAWS: u32 = 8;

/// A server that was silent this often in a lookup may be silent because of the OPT record.
const EDNS_TRIES: u32 = 2;

impl Resolver {
    /// Sends what a lookup has to ask, or lets it wait for another that just did.
    pub(super) fn ask(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr) {
        if self.share(id, server) {
            return;
        }
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        let Some(address) = lookup.delegation.address_mut(server) else { return };
        address.tries += 1;
        self.put(host, id, server, Transport::over_tcp(self.config.tcp_upstream));
    }

    /// Invariant: one query for a name and type is outstanding to a server at a time. Only
    /// questions that show less than the name can be those of two lookups.
    fn share(&mut self, id: LookupId, server: IpAddr) -> bool {
        let Some(lookup) = self.lookups.get(&id) else { return false };
        if !lookup.minimiser.is_on() && self.outstanding.is_empty() {
            return false;
        }
        let question = lookup.to_ask();
        let whole = || self.by_question.get(&question).filter(|other| **other != id && self.is_asking(**other, server));
        let Some(&on) = self.outstanding.get(&(server, question.clone())).or_else(whole) else { return false };
        if let Some(other) = self.lookups.get_mut(&on) {
            other.sharers.push(id);
        }
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.phase = Phase::Sharing;
        }
        true
    }

    /// Whether a lookup has its whole question outstanding to a server.
    fn is_asking(&self, id: LookupId, server: IpAddr) -> bool {
        let Some(lookup) = self.lookups.get(&id) else { return false };
        matches!(&lookup.phase, Phase::Asking(asking) if asking.server == server && asking.question == lookup.question)
    }

    /// Puts a lookup's question to a server.
    pub(super) fn put(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr, transport: Transport) {
        let now = host.now();
        let wire_id = self.fresh_id();
        let over_tcp = transport != Transport::Udp;
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        lookup.budget.queries = lookup.budget.queries.saturating_sub(1);
        let (until, task, forward) = (lookup.budget.until, lookup.task, lookup.delegation.is_forward());
        let address = lookup.delegation.address_mut(server);
        let plain = address.as_ref().is_some_and(|address| address.failed == Some(true));
        let tries = address.map_or(0, |address| address.tries.saturating_sub(1));
        let before: u32 = lookup.delegation.addresses.iter().map(|address| address.tries).sum();
        let (question, whole) = (lookup.to_ask(), lookup.question.clone());
        let question = self.spell(question);
        let mut message = Message::query(wire_id, question.clone(), forward);
        message.edns = self.edns(server, tries, now).filter(|_| !plain);
        let edns = message.edns.is_some();
        let wait = self.notes.timeout(server, self.config.timeout, if over_tcp { 0 } else { tries }, now);
        let wait = if over_tcp { wait.saturating_mul(2).max(LEAST_WAIT) } else { wait };
        let expires = now.saturating_add(wait).min(until);
        let query = host.next_query();
        let to = Endpoint::new(server, PORT);
        let (stream, from_port) = match transport {
            Transport::Udp => (None, self.fresh_port(host)),
            Transport::Tcp | Transport::TcpAgain => {
                let again = transport == Transport::TcpAgain;
                let sending = Sending { wire_id, octets: message.encode(TCP_LIMIT), again };
                let (repeat, port) = self.repeats.ask(host, to, sending);
                (Some(repeat), port)
            }
        };
        let event = host.trace(Trace::Dns(DnsTrace::Asked {
            query,
            task: Some(task),
            to,
            from_port,
            wire_id,
            name: &question.name.to_string(),
            rtype: question.rtype.number(),
            retry: if over_tcp { before } else { before.saturating_sub(1) },
        }));
        if question != whole {
            self.outstanding.insert((server, question.clone()), id);
        }
        let port = from_port;
        let asking = Asking { question, edns, query, wire_id, server, port, stream, sent: now, expires, event };
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.phase = Phase::Asking(asking);
        }
        self.in_flight.insert(wire_id, id);
        self.deadlines.insert((expires, id));
        match stream {
            None => host.send_datagram(from_port, to, &message.encode(UDP_LIMIT)),
            Some(repeat) => self.repeats.send(host, repeat),
        }
    }

    fn edns(&self, server: IpAddr, tries: u32, now: SimTime) -> Option<Edns> {
        let chokes = match self.notes.speaks_edns(server, now) {
            Some(speaks) => !speaks,
            None => tries >= EDNS_TRIES,
        };
        let size = self.config.edns_size.filter(|_| !chokes)?;
        Some(Edns { udp_size: size, version: 0, dnssec_ok: false })
    }

    /// With letters in random case a guess has to meet those too.
    fn spell(&mut self, question: Question) -> Question {
        let Some(coins) = self.ids.as_mut().filter(|_| self.config.mixed_case) else { return question };
        Question { name: question.name.in_mixed_case(|| coins.below(2) == 1), ..question }
    }

    /// The port from which a query goes.
    fn fresh_port(&mut self, host: &mut impl Host) -> u16 {
        match self.ports.as_mut().filter(|_| self.config.random_ports) {
            Some(draws) => host.bind_udp_random(draws),
            None => self.port,
        }
    }

    /// RFC 5452 4.3: an ID that cannot be guessed, and that no other query in flight has.
    pub(super) fn fresh_id(&mut self) -> u16 {
        let ids = self.ids.as_mut().expect("the stream is taken at boot");
        let mut draw = || u16::try_from(ids.below(1 << 16)).expect("below 2^16");
        let mut id = draw();
        for _ in 0..ID_DRAWS {
            if !self.in_flight.contains_key(&id) {
                return id;
            }
            id = draw();
        }
        let from_here = (0..=u16::MAX).map(|step| id.wrapping_add(step));
        from_here.into_iter().find(|id| !self.in_flight.contains_key(id)).unwrap_or(id)
    }

    /// The query in flight of a lookup is over.
    pub(super) fn stop_asking(&mut self, host: &mut impl Host, id: LookupId) -> Option<Asking> {
        let lookup = self.lookups.get_mut(&id)?;
        let asking = match std::mem::replace(&mut lookup.phase, Phase::Ready) {
            Phase::Asking(asking) => asking,
            other
            @ (Phase::Ready | Phase::WaitingForServer { .. } | Phase::WaitingForAlias { .. } | Phase::Sharing) => {
                lookup.phase = other;
                return None;
            }
        };
        self.released.append(&mut lookup.sharers);
        self.in_flight.remove(&asking.wire_id);
        self.deadlines.remove(&(asking.expires, id));
        if lookup.question != asking.question {
            self.outstanding.remove(&(asking.server, asking.question.clone()));
        }
        match asking.stream {
            Some(repeat) => self.repeats.abandon(host, repeat),
            None if self.config.random_ports => host.unbind_udp(asking.port),
            None => {}
        }
        Some(asking)
    }

    pub(super) fn timed_out(&mut self, host: &mut impl Host, id: LookupId) {
        let Some(asking) = self.stop_asking(host, id) else { return };
        host.set_cause(asking.event);
        self.unanswered(host, id, &asking, DnsTrace::TimedOut { query: asking.query });
    }

    /// The query in flight of a lookup did not get there, as the present event tells.
    pub(super) fn not_reached(&mut self, host: &mut impl Host, id: LookupId) {
        let Some(asking) = self.stop_asking(host, id) else { return };
        self.unanswered(host, id, &asking, DnsTrace::Unreachable { query: asking.query });
    }

    fn unanswered(&mut self, host: &mut impl Host, id: LookupId, asking: &Asking, what: DnsTrace<'_>) {
        // where all goes over TCP a silence is what it is over UDP
        let silent = self.config.tcp_upstream && matches!(what, DnsTrace::TimedOut { .. });
        host.trace(Trace::Dns(what));
        if let Some(lookup) = self.lookups.get_mut(&id)
            && lookup.question != asking.question
        {
            // RFC 9156 2.3: some servers do not answer what shows less
            lookup.minimiser.stop();
        }
        if asking.stream.is_some() && !silent {
            // over UDP it would cut its response off again
            self.give_up(id, asking.server);
        } else {
            self.notes.timed_out(asking.server, host.now());
        }
        self.go_on(host, [Step::Advance(id)]);
    }

    /// Takes steps, and lets those go on that waited for the same response.
    pub(super) fn go_on(&mut self, host: &mut impl Host, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            self.run(host, step);
        }
        while !self.released.is_empty() {
            for id in std::mem::take(&mut self.released) {
                self.release(host, id);
            }
        }
    }

    /// What another lookup was told may be in the cache by now.
    fn release(&mut self, host: &mut impl Host, id: LookupId) {
        let Some(lookup) = self.lookups.get(&id) else { return };
        let Phase::Sharing = lookup.phase else { return };
        let nearest = self.nearest_delegation(host, &lookup.question, lookup.tree, host.now());
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        if nearest.zone.label_count() > lookup.delegation.zone.label_count() {
            lookup.minimiser.descended();
            lookup.delegation = nearest;
        }
        lookup.phase = Phase::Ready;
        self.run(host, Step::Advance(id));
    }

    /// A datagram that ought to be a server's response.
    pub(super) fn response(&mut self, host: &mut impl Host, port: u16, from: Endpoint, bytes: &[u8]) {
        let Ok(message) = Message::decode(bytes) else { return };
        let checks = self.config.checks;
        let fits = |id: &LookupId| {
            let Some(Phase::Asking(asking)) = self.lookups.get(id).map(|lookup| &lookup.phase) else { return false };
            let source = !checks.source || from == Endpoint::new(asking.server, PORT);
            source && asking.stream.is_none() && asking.port == port && self.is_response(&message, asking)
        };
        let id = if checks.id {
            self.in_flight.get(&message.id).copied().filter(fits)
        } else {
            self.in_flight.values().copied().find(fits)
        };
        if let Some(id) = id {
            self.heard(host, id, message, bytes.len());
        }
    }

    /// A message over the connection that a lookup opened.
    pub(super) fn heard_over_tcp(&mut self, host: &mut impl Host, id: LookupId, message: Message, length: usize) {
        let Some(Phase::Asking(asking)) = self.lookups.get(&id).map(|lookup| &lookup.phase) else { return };
        if self.is_response(&message, asking) {
            self.heard(host, id, message, length);
        }
    }

    /// RFC 5452 9.1: ID and question must be those of the query; the source is looked at elsewhere.
    fn is_response(&self, message: &Message, asking: &Asking) -> bool {
        let checks = self.config.checks;
        let asked = match &message.questions[..] {
            [question] => {
                let spelled = !self.config.mixed_case || question.name.is_spelled_as(&asking.question.name);
                *question == asking.question && message.class == CLASS_IN && spelled
            }
            // a server that understood nothing has no question to repeat
            [] => message.rcode == Rcode::FormErr || message.rcode == Rcode::NotImp,
            _ => false,
        };
        let id = message.id == asking.wire_id || !checks.id;
        message.flags.qr && message.flags.opcode == 0 && id && (asked || !checks.question)
    }

    /// The response of the server that a lookup asked.
    fn heard(&mut self, host: &mut impl Host, id: LookupId, mut message: Message, length: usize) {
        let Some(asking) = self.answered(host, id) else { return };
        let now = host.now();
        let over_udp = asking.stream.is_none();
        if over_udp {
            self.notes.answered(asking.server, now.since(asking.sent), now);
        }
        self.note_origin(id, asking.server);
        self.tidy(id, &mut message);
        let (verdict, worth) = self.judged(id, &message, &asking.question);
        // RFC 2181 9: what is truncated is ignored, and asked for again over TCP
        let truncated = message.flags.tc && matches!(message.rcode, Rcode::NoError | Rcode::NxDomain);
        host.trace(Trace::Dns(DnsTrace::Answered {
            query: asking.query,
            rcode: message.rcode.number(),
            kind: if truncated { DnsAnswerKind::Truncated } else { verdict.kind() },
            answers: u16::try_from(message.answers.len()).unwrap_or(u16::MAX),
            bytes: u32::try_from(length).unwrap_or(u32::MAX),
        }));
        let chokes = asking.edns && matches!(message.rcode, Rcode::FormErr | Rcode::NotImp | Rcode::BadVers);
        // RFC 6891 7: without it then
        self.note_edns(id, &asking, &message, chokes, now);
        let steps = if chokes && self.has_budget(id, now) {
            self.put(host, id, asking.server, Transport::over_tcp(!over_udp));
            Vec::new()
        } else if truncated && over_udp && self.has_budget(id, now) {
            self.ask_over_tcp(host, id, asking.server);
            Vec::new()
        } else if truncated {
            self.give_up(id, asking.server);
            vec![Step::Advance(id)]
        } else {
            self.weigh(host, id, &asking, message, verdict, worth)
        };
        self.go_on(host, steps);
    }

    /// The query in flight has its response.
    fn answered(&mut self, host: &mut impl Host, id: LookupId) -> Option<Asking> {
        if let Some(Phase::Asking(Asking { stream: Some(socket), .. })) =
            self.lookups.get(&id).map(|lookup| &lookup.phase)
        {
            self.repeats.finish(host, *socket);
        }
        self.stop_asking(host, id)
    }

    fn has_budget(&self, id: LookupId, now: SimTime) -> bool {
        self.lookups.get(&id).is_some_and(|lookup| lookup.budget.queries > 0 && now < lookup.budget.until)
    }

    fn note_origin(&mut self, id: LookupId, server: IpAddr) {
        let forward = self.lookups.get(&id).is_some_and(|lookup| lookup.delegation.is_forward());
        self.cache.told_by(if forward { Origin::Forwarder(server) } else { Origin::Server(server) });
    }

    fn note_edns(&mut self, id: LookupId, asking: &Asking, message: &Message, chokes: bool, now: SimTime) {
        if chokes {
            self.notes.note_edns(asking.server, false, now);
        } else if asking.edns && message.edns.is_some() {
            self.notes.note_edns(asking.server, true, now);
        } else if !asking.edns && self.config.edns_size.is_some() {
            let tries = self.lookups.get_mut(&id).and_then(|lookup| lookup.delegation.address_mut(asking.server));
            if tries.is_some_and(|address| address.tries > EDNS_TRIES) {
                self.notes.note_edns(asking.server, false, now);
            }
        }
    }

    /// Lives within bounds, and the name in the spelling of who asks for it.
    fn tidy(&self, id: LookupId, message: &mut Message) {
        let (floor, cap) = (self.config.ttl_floor, self.config.ttl_cap);
        let name: Option<&Name> =
            self.lookups.get(&id).filter(|_| self.config.mixed_case).map(|lookup| &lookup.question.name);
        let sections = [&mut message.answers, &mut message.authorities, &mut message.additionals];
        for record in sections.into_iter().flatten() {
            let Record { ttl, name: owner, .. } = record;
            *ttl = (*ttl).max(floor).min(cap);
            if let Some(name) = name.filter(|name| *name == owner) {
                owner.clone_from(name);
            }
        }
    }
}

impl Lookup {
    /// What it asks the servers at hand.
    pub(super) fn to_ask(&self) -> Question {
        let shown = if self.delegation.is_forward() {
            None
        } else {
            self.minimiser.question(&self.question, &self.delegation.zone)
        };
        shown.unwrap_or_else(|| self.question.clone())
    }
}
