//! Recursion by a name server, as the lecture draws it: in place of a referral it asks a server of
//! the zone further down itself, with RD set, waits, and hands back what came (RFC 1034 4.3.1).
//!
//! So a question goes down the tree from server to server, and the answer comes back the same
//! way. Clients that ask the same at a time share one question. Where a server below only refers,
//! the walk goes on from here. Left out: a cache, so that each server shows its load.

mod lookup;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::app::host::{Host, Input};
use crate::base::trace::{DnsAnswerKind, DnsTrace, Trace};
use crate::base::{Endpoint, SimDuration, SimTime, Stream};
use crate::proto::dns::{
    CLASS_IN, EDNS_SIZE, Edns, Message, Name, PORT, Question, Rcode, Record, Rtype, TCP_LIMIT, UDP_LIMIT,
};

use self::lookup::{Asking, Finding, Lookup, Phase, Verdict};
use super::authority::{Authority, Reach};
use super::families::address_types;
use super::repeats::{LEAST_WAIT, RepeatEvent, Repeats, Sending, Transport};
use super::service::Asked;

/// How long to wait for a server in each round: it may have to ask others itself.
const WAITS: [SimDuration; 3] = [SimDuration::from_secs(1), SimDuration::from_secs(2), SimDuration::from_secs(4)];

/// How long to look for one answer: less than the patience of a resolver, which so hears of the
/// failure.
const PATIENCE: SimDuration = SimDuration::from_secs(8);

/// Servers whose address must be found before a server's address can be found.
const DEPTH_LIMIT: u32 = 4;

type LookupId = u64;

/// A client that waits, and the response to it.
type Client = (Asked, Message);

/// The questions that a name server has put to others.
#[derive(Clone, Debug)]
pub(super) struct Recursion {
    roots: Vec<IpAddr>,
    port: u16,
    ids: Option<Stream>,
    lookups: BTreeMap<LookupId, Lookup>,
    begun: LookupId,
    repeats: Repeats,
    done: Vec<Client>,
}

enum Step {
    Advance(LookupId),
    Finish(LookupId, Finding),
}

impl Recursion {
    pub(super) fn new(roots: Vec<IpAddr>) -> Self {
        let (lookups, repeats, done) = (BTreeMap::new(), Repeats::default(), Vec::new());
        Self { roots, port: 0, ids: None, lookups, begun: 0, repeats, done }
    }

    pub(super) fn boot(&mut self, host: &mut impl Host) {
        self.port = host.bind_udp_ephemeral();
        if self.ids.is_none() {
            self.ids = Some(host.stream("dns/server/id"));
        }
    }

    pub(super) fn crash(&mut self) {
        self.lookups.clear();
        self.repeats.crash();
        self.done.clear();
    }

    pub(super) fn deadline(&self) -> SimTime {
        let lookups = self.lookups.values().filter_map(Lookup::expires).min().unwrap_or(SimTime::NEVER);
        lookups.min(self.repeats.deadline())
    }

    /// The clients whose answers have come since the last call.
    pub(super) fn take_done(&mut self) -> Vec<Client> {
        std::mem::take(&mut self.done)
    }

    /// A client asks what lies behind a delegation with these NS records.
    pub(super) fn take_up(
        &mut self,
        host: &mut impl Host,
        authority: &Authority,
        question: Question,
        servers: &[Record],
        client: Client,
    ) {
        if let Some(lookup) = self.lookups.values_mut().find(|lookup| lookup.question == question) {
            return lookup.clients.push((client, host.now()));
        }
        let task = client.0.task;
        let until = host.now().saturating_add(PATIENCE);
        let id = self.begin(question, task, 0, until);
        self.enter(host, authority, id, servers, &client.1.additionals);
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.clients.push((client, host.now()));
        }
        self.run(host, authority, Step::Advance(id));
    }

    /// Takes an input that may concern these questions.
    pub(super) fn input(&mut self, host: &mut impl Host, authority: &Authority, input: Input<'_>) {
        match input {
            Input::Datagram { local_port, from, bytes } if local_port == self.port => {
                let Ok(message) = Message::decode(bytes) else { return };
                let fits = |asking: &Asking| {
                    asking.stream.is_none()
                        && asking.wire_id == message.id
                        && from == Endpoint::new(asking.server, PORT)
                };
                if let Some(id) = self.find(fits) {
                    self.heard(host, authority, id, message, bytes.len());
                }
            }
            Input::Unreachable { local_port, to } if local_port == self.port => {
                let cause = host.cause();
                let asks = |phase: &Phase| matches!(phase, Phase::Asking(asking) if asking.stream.is_none() && asking.server == to.addr);
                let ids = self.lookups.iter().filter(|(_, lookup)| asks(&lookup.phase)).map(|(id, _)| *id);
                for id in ids.collect::<Vec<_>>() {
                    host.set_cause(cause);
                    self.not_reached(host, authority, id);
                }
            }
            Input::Connected { .. } | Input::Data { .. } | Input::PeerClosed { .. } | Input::Closed { .. } => {
                let cause = host.cause();
                for (repeat, event) in self.repeats.input(host, input) {
                    let Some(id) = self.find(|asking| asking.stream == Some(repeat)) else { continue };
                    host.set_cause(cause);
                    match event {
                        RepeatEvent::Lost { again: false } => self.not_reached(host, authority, id),
                        RepeatEvent::Lost { again: true } => {
                            let Some(asking) = self.stop_asking(host, id) else { continue };
                            host.trace(Trace::Dns(DnsTrace::Unreachable { query: asking.query }));
                            self.ask(host, id, asking.server, Transport::TcpAgain);
                        }
                        RepeatEvent::Message(octets) => {
                            if let Ok(message) = Message::decode(&octets) {
                                self.heard(host, authority, id, message, octets.len());
                            }
                        }
                    }
                }
            }
            Input::Wake => {
                self.repeats.wake(host);
                self.wake(host, authority);
            }
            Input::Boot
            | Input::Crash
            | Input::Accepted { .. }
            | Input::Drained { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Flush(_) => {}
        }
    }

    fn find(&self, fits: impl Fn(&Asking) -> bool) -> Option<LookupId> {
        let asks = |lookup: &Lookup| matches!(&lookup.phase, Phase::Asking(asking) if fits(asking));
        self.lookups.iter().find(|(_, lookup)| asks(lookup)).map(|(id, _)| *id)
    }

    fn wake(&mut self, host: &mut impl Host, authority: &Authority) {
        let now = host.now();
        let due = |lookup: &Lookup| lookup.expires().is_some_and(|at| at <= now);
        let ids: Vec<LookupId> = self.lookups.iter().filter(|(_, lookup)| due(lookup)).map(|(id, _)| *id).collect();
        for id in ids {
            let Some(asking) = self.stop_asking(host, id) else { continue };
            host.set_cause(asking.event);
            host.trace(Trace::Dns(DnsTrace::TimedOut { query: asking.query }));
            if asking.stream.is_some() {
                self.give_up(id, asking.server);
            }
            self.run(host, authority, Step::Advance(id));
        }
    }

    fn not_reached(&mut self, host: &mut impl Host, authority: &Authority, id: LookupId) {
        let Some(asking) = self.stop_asking(host, id) else { return };
        host.trace(Trace::Dns(DnsTrace::Unreachable { query: asking.query }));
        self.give_up(id, asking.server);
        self.run(host, authority, Step::Advance(id));
    }

    fn stop_asking(&mut self, host: &mut impl Host, id: LookupId) -> Option<Asking> {
        let lookup = self.lookups.get_mut(&id)?;
        let Phase::Asking(asking) = lookup.phase else { return None };
        lookup.phase = Phase::Ready;
        if let Some(repeat) = asking.stream {
            self.repeats.abandon(host, repeat);
        }
        Some(asking)
    }

    /// A lookup does not ask that server again.
    fn give_up(&mut self, id: LookupId, server: IpAddr) {
        let servers = self.lookups.get_mut(&id).map(|lookup| &mut lookup.servers);
        for known in servers.into_iter().flatten().filter(|known| known.addr == server) {
            known.useless = true;
        }
    }

    fn begin(&mut self, question: Question, task: u32, depth: u32, until: SimTime) -> LookupId {
        self.begun += 1;
        let (clients, waiting, servers, unknown) = (Vec::new(), Vec::new(), Vec::new(), VecDeque::new());
        let (zone, phase) = (Name::root(), Phase::Ready);
        let lookup = Lookup { question, task, clients, waiting, depth, until, zone, servers, unknown, phase };
        self.lookups.insert(self.begun, lookup);
        self.begun
    }

    /// A lookup turns to the servers of these NS records, with the addresses that are given.
    fn enter(
        &mut self,
        host: &impl Host,
        authority: &Authority,
        id: LookupId,
        servers: &[Record],
        additionals: &[Record],
    ) {
        let own = host.addresses();
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        (lookup.servers, lookup.unknown) = (Vec::new(), VecDeque::new());
        if let Some(first) = servers.first() {
            lookup.zone = first.name.clone();
        }
        for server in servers.iter().filter_map(|record| record.data.name_server()) {
            for rtype in address_types(own) {
                let is_its = |record: &&Record| record.name == *server && record.rtype() == rtype;
                let given = additionals.iter().filter(is_its).filter_map(|record| record.data.address());
                let before = lookup.servers.len();
                lookup.add(given, own);
                if lookup.servers.len() == before {
                    let question = Question { name: server.clone(), rtype };
                    let (held, _) = authority.answer(&Message::query(0, question, false));
                    lookup.add(held.answers.iter().filter_map(|record| record.data.address()), own);
                }
                // what only its own zone could tell cannot be asked for
                if lookup.servers.len() == before && !server.is_within(&lookup.zone) {
                    lookup.unknown.push_back((server.clone(), rtype));
                }
            }
        }
    }

    /// Works until every lookup concerned waits for something.
    fn run(&mut self, host: &mut impl Host, authority: &Authority, first: Step) {
        let cause = host.cause();
        let mut work = VecDeque::from([first]);
        while let Some(step) = work.pop_front() {
            host.set_cause(cause);
            match step {
                Step::Advance(id) => work.extend(self.advance(host, authority, id)),
                Step::Finish(id, finding) => {
                    let Some(lookup) = self.lookups.remove(&id) else { continue };
                    let now = host.now();
                    let whole =
                        |((asked, so_far), since): (Client, SimTime)| (asked, finding.behind(so_far, since, now));
                    self.done.extend(lookup.clients.into_iter().map(whole));
                    for parent in lookup.waiting {
                        let Some(waiting) = self.lookups.get_mut(&parent) else { continue };
                        waiting.phase = Phase::Ready;
                        let found = finding.answers.iter().filter_map(|record| record.data.address());
                        waiting.add(found, host.addresses());
                        work.push_back(Step::Advance(parent));
                    }
                }
            }
        }
        host.set_cause(cause);
    }

    /// First every server once; then those whose address must be found; then the silent again.
    fn advance(&mut self, host: &mut impl Host, authority: &Authority, id: LookupId) -> Option<Step> {
        loop {
            let lookup = self.lookups.get_mut(&id)?;
            let usable = lookup.servers.iter().filter(|server| !server.useless && server.tries < WAITS.len());
            // min_by_key takes the first of equals: the order listed
            let best = usable.min_by_key(|server| server.tries).copied();
            if lookup.until <= host.now() {
                return Some(Step::Finish(id, Finding::failure()));
            }
            match (best, lookup.unknown.pop_front()) {
                (Some(best), unknown) if best.tries == 0 || unknown.is_none() => {
                    lookup.unknown.extend(unknown);
                    self.ask(host, id, best.addr, Transport::Udp);
                    return None;
                }
                (_, Some((server, rtype))) => {
                    if let Some(child) = self.find_server(host, authority, id, server, rtype) {
                        return child;
                    }
                }
                (_, None) => return Some(Step::Finish(id, Finding::failure())),
            }
        }
    }

    /// Looks for a server's address. None when there is no way to it; otherwise the lookup waits,
    /// perhaps for a new one, which is to be advanced.
    fn find_server(
        &mut self,
        host: &impl Host,
        authority: &Authority,
        id: LookupId,
        server: Name,
        rtype: Rtype,
    ) -> Option<Option<Step>> {
        let parent = self.lookups.get(&id).filter(|parent| parent.depth < DEPTH_LIMIT)?;
        let (task, depth, until) = (parent.task, parent.depth + 1, parent.until);
        let question = Question { name: server, rtype };
        let (response, reach) = authority.answer(&Message::query(0, question.clone(), true));
        let question = match &reach {
            Reach::Cut { name, .. } => Question { name: name.clone(), rtype },
            Reach::End => question,
        };
        let known = self.lookups.iter().find(|(_, lookup)| lookup.question == question).map(|(id, _)| *id);
        let (child, step) = match known {
            // who waits for whom is a chain, never a ring
            Some(known) if self.waits_for(known, id) => return None,
            Some(known) => (known, None),
            None => {
                let child = self.begin(question, task, depth, until);
                match &reach {
                    Reach::Cut { servers, .. } => self.enter(host, authority, child, servers, &response.additionals),
                    Reach::End if response.rcode == Rcode::Refused => {
                        let roots = self.roots.clone();
                        self.lookups.get_mut(&child)?.add(roots, host.addresses());
                    }
                    // the own zones say that there is none
                    Reach::End => {}
                }
                (child, Some(Step::Advance(child)))
            }
        };
        self.lookups.get_mut(&child)?.waiting.push(id);
        self.lookups.get_mut(&id)?.phase = Phase::WaitingFor(child);
        Some(step)
    }

    /// Whether `on` is `id`, or waits for it through others.
    fn waits_for(&self, on: LookupId, id: LookupId) -> bool {
        let next = |on: &LookupId| match self.lookups.get(on)?.phase {
            Phase::WaitingFor(next) => Some(next),
            Phase::Ready | Phase::Asking(_) => None,
        };
        std::iter::successors(Some(on), next).any(|on| on == id)
    }

    fn ask(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr, transport: Transport) {
        let over_tcp = transport != Transport::Udp;
        let used = |wire_id| self.find(|asking| asking.wire_id == wire_id).is_some();
        let mut ids = self.ids.clone();
        let mut draw = || ids.as_mut().map_or(0, |ids| u16::try_from(ids.below(1 << 16)).unwrap_or_default());
        let mut wire_id = draw();
        while used(wire_id) {
            wire_id = draw();
        }
        self.ids = ids;
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        let retry = lookup.servers.iter().map(|server| u32::try_from(server.tries).unwrap_or(u32::MAX)).sum();
        let Some(known) = lookup.servers.iter_mut().find(|known| known.addr == server) else { return };
        let mut wait = WAITS[known.tries.min(WAITS.len() - 1)];
        if over_tcp {
            wait = wait.max(LEAST_WAIT);
        } else {
            known.tries += 1;
        }
        let (query, to) = (host.next_query(), Endpoint::new(server, PORT));
        let mut message = Message::query(wire_id, lookup.question.clone(), true);
        message.edns = Some(Edns { udp_size: EDNS_SIZE, version: 0, dnssec_ok: false });
        let octets = message.encode(if over_tcp { TCP_LIMIT } else { UDP_LIMIT });
        let stream = over_tcp.then(|| {
            let again = transport == Transport::TcpAgain;
            self.repeats.ask(host, to, Sending { wire_id, octets: octets.clone(), again })
        });
        let event = host.trace(Trace::Dns(DnsTrace::Asked {
            query,
            task: Some(lookup.task),
            to,
            from_port: stream.map_or(self.port, |(_, port)| port),
            wire_id,
            name: &lookup.question.name.to_string(),
            rtype: lookup.question.rtype.number(),
            retry,
        }));
        let expires = host.now().saturating_add(wait).min(lookup.until);
        let stream = stream.map(|(repeat, _)| repeat);
        lookup.phase = Phase::Asking(Asking { query, wire_id, server, stream, expires, event });
        match stream {
            Some(repeat) => self.repeats.send(host, repeat),
            None => host.send_datagram(self.port, to, &octets),
        }
    }

    /// A message from the server that a lookup asked.
    fn heard(&mut self, host: &mut impl Host, authority: &Authority, id: LookupId, message: Message, length: usize) {
        let Some(lookup) = self.lookups.get(&id) else { return };
        let Phase::Asking(Asking { wire_id, stream, .. }) = lookup.phase else { return };
        let is_mine = message.flags.qr && message.id == wire_id && message.class == CLASS_IN;
        let is_asked = match &message.questions[..] {
            [question] => *question == lookup.question,
            // a server that understood nothing has no question to repeat
            questions => questions.is_empty() && matches!(message.rcode, Rcode::FormErr | Rcode::NotImp),
        };
        if !is_mine || !is_asked {
            return;
        }
        let next = lookup.judge(&message);
        if let Some(repeat) = stream {
            self.repeats.finish(host, repeat);
        }
        let Some(asking) = self.stop_asking(host, id) else { return };
        // RFC 2181 9: what is truncated is ignored, and asked for again over TCP
        let truncated = message.flags.tc && stream.is_none() && message.kind() != DnsAnswerKind::Failure;
        let kind = match (&next, truncated) {
            (_, true) => DnsAnswerKind::Truncated,
            (Verdict::Useless, false) => DnsAnswerKind::Failure,
            (Verdict::Found(_) | Verdict::Referral(_), false) => message.kind(),
        };
        host.trace(Trace::Dns(DnsTrace::Answered {
            query: asking.query,
            rcode: message.rcode.number(),
            kind,
            answers: u16::try_from(message.answers.len()).unwrap_or(u16::MAX),
            bytes: u32::try_from(length).unwrap_or(u32::MAX),
        }));
        if truncated {
            return self.ask(host, id, asking.server, Transport::Tcp);
        }
        let step = match next {
            Verdict::Found(finding) => Step::Finish(id, finding),
            Verdict::Referral(servers) => {
                let zone = self.lookups.get(&id).map(|lookup| lookup.zone.clone()).unwrap_or_else(Name::root);
                let inside = |record: &&Record| record.name.is_within(&zone);
                let glue: Vec<Record> = message.additionals.iter().filter(inside).cloned().collect();
                self.enter(host, authority, id, &servers, &glue);
                Step::Advance(id)
            }
            Verdict::Useless => {
                self.give_up(id, asking.server);
                Step::Advance(id)
            }
        };
        self.run(host, authority, step);
    }
}

#[cfg(test)]
mod tests;
