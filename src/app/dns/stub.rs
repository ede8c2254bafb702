//! The stub resolver that applications embed (RFC 1034 5.3.1): it asks a recursive resolver and
//! waits.
//!
//! Servers are asked in the order given, each for 5 s, and then all again, each for 10 s: two
//! attempts with a doubled wait, as resolv.conf describes. A server that answers with a failure
//! is not asked again for that question; when none is left the outcome is a failure. Each
//! repetition is a new message with a new ID. A truncated answer is asked for again over TCP. What
//! it learns it may keep (`local`). Left out: search lists. There is one ephemeral port per stub.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::families::{Pairs, address_types};
use super::local::{Learnt, LocalCache, LocalCaches, OwnCache, alias_digest, summed_up};
use super::repeats::{RepeatEvent, RepeatId, Repeats, Sending, Transport};
use crate::app::host::{Host, Input};
use crate::base::trace::{CacheLevel, DnsAnswerKind, DnsTrace, Trace};
use crate::base::{Endpoint, EventId, QueryId, SimDuration, SimTime, SocketId, Stream};
use crate::proto::dns::{CLASS_IN, Message, Name, PORT, Question, Record, Rtype, UDP_LIMIT};

/// How long to wait for a server in each round.
const WAITS: [SimDuration; 2] = [SimDuration::from_secs(5), SimDuration::from_secs(10)];

/// What a question came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The whole answer section, aliases first.
    Records(Vec<Record>),
    /// The name does not exist.
    NxDomain,
    /// The name has no such records.
    NoData,
    /// No server answered, or only with failures, or the name is none.
    Failed,
}

/// The answer to an application's question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The application's name for the question.
    pub token: u64,
    /// What it came to.
    pub outcome: Outcome,
    /// What is known now, if anything is and [`Stub::hand_on_learnt`] was called.
    pub learnt: Option<Learnt>,
    /// The event that brought it: to be taken as the cause of what follows.
    pub cause: EventId,
}

/// A question without an answer so far.
#[derive(Clone, Debug)]
struct Pending {
    token: u64,
    /// The two questions of which it is one.
    pair: Option<u64>,
    question: Question,
    /// As the application wrote it.
    name: String,
    /// When it was asked.
    since: SimTime,
    /// Messages sent.
    sent: u32,
    round: usize,
    server: usize,
    /// By position: answered with a failure.
    useless: Vec<bool>,
    query: QueryId,
    wire_id: u16,
    /// Its number among those that go over TCP, if it does.
    stream: Option<RepeatId>,
    expires: SimTime,
    event: EventId,
}

/// A stub resolver.
#[derive(Clone, Debug)]
pub struct Stub {
    servers: Vec<IpAddr>,
    port: Option<u16>,
    ids: Option<Stream>,
    pending: BTreeMap<u64, Pending>,
    pairs: Pairs,
    asked: u64,
    answers: VecDeque<Answer>,
    repeats: Repeats,
    /// From the nearest to the program to the farthest.
    caches: Vec<LocalCache>,
    hands_on: bool,
}

impl Stub {
    /// A stub that asks these resolvers, in this order.
    #[must_use]
    pub fn new(servers: Vec<IpAddr>) -> Self {
        Self {
            servers,
            port: None,
            ids: None,
            pending: BTreeMap::new(),
            pairs: Pairs::default(),
            asked: 0,
            answers: VecDeque::new(),
            repeats: Repeats::default(),
            caches: Vec::new(),
            hands_on: false,
        }
    }

    /// The same stub with caches before it.
    #[must_use]
    pub fn with_caches(mut self, caches: LocalCaches) -> Self {
        let levels = [(caches.application, CacheLevel::Application), (caches.stub, CacheLevel::Stub)];
        self.caches = levels.into_iter().filter(|(is, _)| *is).map(|(_, level)| LocalCache::new(level)).collect();
        self
    }

    /// What it keeps.
    pub fn caches(&self) -> impl Iterator<Item = OwnCache<'_>> {
        self.caches.iter().map(|cache| cache.shown(None))
    }

    /// Hands on all that was learnt with the answers from now on.
    pub fn hand_on_learnt(&mut self) {
        self.hands_on = true;
    }

    /// Asks. The answer comes through [`Stub::next_answer`], perhaps at once.
    pub fn ask<H: Host>(&mut self, host: &mut H, name: &str, rtype: Rtype, token: u64) {
        self.put(host, name, rtype, (token, None));
    }

    /// Asks for the addresses of a name, of those families that this host has itself: IPv6 first
    /// in the one answer that comes.
    pub fn ask_addresses<H: Host>(&mut self, host: &mut H, name: &str, token: u64) {
        let own = host.addresses();
        let pair = (own.families().count() > 1).then(|| self.pairs.open());
        let cause = host.cause();
        for rtype in address_types(own) {
            host.set_cause(cause);
            self.put(host, name, rtype, (token, pair));
        }
    }

    fn put<H: Host>(&mut self, host: &mut H, name: &str, rtype: Rtype, (token, pair): (u64, Option<u64>)) {
        let bare = name.strip_suffix('.').filter(|bare| !bare.is_empty()).unwrap_or(name);
        let parsed = Name::parse(name);
        let (Ok(qname), false) = (parsed, self.servers.is_empty()) else {
            return self.conclude(host, (token, pair), (Outcome::Failed, None));
        };
        let question = Question { name: qname, rtype };
        for place in 0..self.caches.len() {
            let cache = &mut self.caches[place];
            if let Some(found) = cache.look(host, &question, bare) {
                let end = End { question: &question, name: bare, since: host.now(), cache: Some(cache.level()) };
                end.tell(host, found.kind, &found.answers);
                for nearer in &mut self.caches[..place] {
                    nearer.keep(&question, &found, host.now());
                }
                return self.learn(host, (token, pair), found);
            }
        }
        self.asked += 1;
        let pending = Pending {
            token,
            pair,
            question,
            name: bare.to_owned(),
            since: host.now(),
            sent: 0,
            round: 0,
            server: 0,
            useless: vec![false; self.servers.len()],
            query: QueryId { host: host.id(), number: 0 },
            wire_id: 0,
            stream: None,
            expires: SimTime::NEVER,
            event: host.cause(),
        };
        self.send(host, self.asked, pending, Transport::Udp);
    }

    /// Takes what befell a port or a connection. False when it is for somebody else in the application; time and
    /// failures are for everybody ([`Stub::wake`], [`Stub::crash`]).
    pub fn input<H: Host>(&mut self, host: &mut H, input: Input<'_>) -> bool {
        match input {
            Input::Datagram { local_port, from, bytes } => self.datagram(host, local_port, from, bytes),
            Input::Unreachable { local_port, to } => self.unreachable(host, local_port, to),
            Input::Connected { .. } | Input::Data { .. } | Input::PeerClosed { .. } | Input::Closed { .. } => {
                self.stream(host, input)
            }
            Input::Boot
            | Input::Crash
            | Input::Wake
            | Input::Accepted { .. }
            | Input::Drained { .. }
            | Input::Flush(_) => false,
        }
    }

    fn datagram<H: Host>(&mut self, host: &mut H, local_port: u16, from: Endpoint, bytes: &[u8]) -> bool {
        if self.port != Some(local_port) {
            return false;
        }
        let Ok(message) = Message::decode(bytes) else { return true };
        let fits = |pending: &Pending| {
            pending.stream.is_none()
                && from == Endpoint::new(self.servers[pending.server], PORT)
                && pending.is_answered_by(&message)
        };
        let Some(key) = self.pending.iter().find(|(_, pending)| fits(pending)).map(|(key, _)| *key) else {
            return true;
        };
        self.heard(host, key, message, bytes.len());
        true
    }

    /// Whether a connection is one of the stub's.
    #[must_use]
    pub fn owns(&self, socket: SocketId) -> bool {
        self.repeats.owns(socket)
    }

    fn stream<H: Host>(&mut self, host: &mut H, input: Input<'_>) -> bool {
        let (Input::Connected { socket }
        | Input::Data { socket, .. }
        | Input::PeerClosed { socket }
        | Input::Closed { socket, .. }) = input
        else {
            return false;
        };
        if !self.owns(socket) {
            return false;
        }
        let cause = host.cause();
        for (repeat, event) in self.repeats.input(host, input) {
            let asked = |pending: &Pending| pending.stream == Some(repeat);
            let Some(key) = self.pending.iter().find(|(_, pending)| asked(pending)).map(|(key, _)| *key) else {
                continue;
            };
            host.set_cause(cause);
            match event {
                RepeatEvent::Lost { again: false } => self.not_reached(host, key),
                RepeatEvent::Lost { again: true } => {
                    let Some(pending) = self.pending.remove(&key) else { continue };
                    host.trace(Trace::Dns(DnsTrace::Unreachable { query: pending.query }));
                    self.send(host, key, pending, Transport::TcpAgain);
                }
                RepeatEvent::Message(octets) => {
                    let Ok(message) = Message::decode(&octets) else { continue };
                    if self.pending[&key].is_answered_by(&message) {
                        self.repeats.finish(host, repeat);
                        self.heard(host, key, message, octets.len());
                    }
                }
            }
        }
        true
    }

    /// A question has its response.
    fn heard<H: Host>(&mut self, host: &mut H, key: u64, message: Message, length: usize) {
        let Some(mut pending) = self.pending.remove(&key) else { return };
        let kind = message.kind();
        let over_udp = pending.stream.take().is_none();
        // RFC 2181 9: what is truncated is ignored, and asked for again over TCP
        let truncated = over_udp && message.flags.tc && kind != DnsAnswerKind::Failure;
        let kind = if truncated { DnsAnswerKind::Truncated } else { kind };
        host.trace(Trace::Dns(DnsTrace::Answered {
            query: pending.query,
            rcode: message.rcode.number(),
            kind,
            answers: u16::try_from(message.answers.len()).unwrap_or(u16::MAX),
            bytes: u32::try_from(length).unwrap_or(u32::MAX),
        }));
        match kind {
            DnsAnswerKind::Answer | DnsAnswerKind::NxDomain | DnsAnswerKind::NoData | DnsAnswerKind::Alias => {}
            // a server that only refers does not recurse for us
            DnsAnswerKind::Referral | DnsAnswerKind::Failure => {
                pending.useless[pending.server] = true;
                return self.next_server(host, key, pending);
            }
            DnsAnswerKind::Truncated => return self.send(host, key, pending, Transport::Tcp),
        }
        let learnt = Learnt::from_response(kind, message, self.servers[pending.server]);
        for cache in &mut self.caches {
            cache.keep(&pending.question, &learnt, host.now());
        }
        pending.end().tell(host, kind, &learnt.answers);
        self.learn(host, (pending.token, pending.pair), learnt);
    }

    fn learn<H: Host>(&mut self, host: &H, whose: (u64, Option<u64>), learnt: Learnt) {
        let told = self.hands_on.then(|| learnt.clone());
        self.conclude(host, whose, (learnt.outcome(), told));
    }

    /// A question did not get to its server, or lost its connection.
    fn not_reached<H: Host>(&mut self, host: &mut H, key: u64) {
        let Some(mut pending) = self.pending.remove(&key) else { return };
        host.trace(Trace::Dns(DnsTrace::Unreachable { query: pending.query }));
        self.give_up_stream(host, &mut pending);
        self.next_server(host, key, pending);
    }

    /// A server that cuts off its answers and gives none over TCP is of no use.
    fn give_up_stream<H: Host>(&mut self, host: &mut H, pending: &mut Pending) {
        if let Some(repeat) = pending.stream.take() {
            self.repeats.abandon(host, repeat);
            pending.useless[pending.server] = true;
        }
    }

    /// A datagram to that server did not get there: its questions need not wait any longer.
    fn unreachable<H: Host>(&mut self, host: &mut H, local_port: u16, to: Endpoint) -> bool {
        if self.port != Some(local_port) {
            return false;
        }
        let cause = host.cause();
        let asked = self.pending.iter().filter(|(_, pending)| self.servers[pending.server] == to.addr);
        let asked: Vec<u64> = asked.map(|(key, _)| *key).collect();
        for key in asked {
            host.set_cause(cause);
            self.not_reached(host, key);
        }
        host.set_cause(cause);
        true
    }

    /// Sees to questions whose time has come. To be called on every wake.
    pub fn wake<H: Host>(&mut self, host: &mut H) {
        let before = host.cause();
        let now = host.now();
        self.repeats.wake(host);
        let due: Vec<u64> =
            self.pending.iter().filter(|(_, pending)| pending.expires <= now).map(|(key, _)| *key).collect();
        for key in due {
            let Some(mut pending) = self.pending.remove(&key) else { continue };
            host.set_cause(pending.event);
            host.trace(Trace::Dns(DnsTrace::TimedOut { query: pending.query }));
            self.give_up_stream(host, &mut pending);
            self.next_server(host, key, pending);
        }
        host.set_cause(before);
    }

    /// When the stub wants [`Stub::wake`].
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let expires = self.pending.values().map(|pending| pending.expires).min().unwrap_or(SimTime::NEVER);
        expires.min(self.repeats.deadline())
    }

    /// The next answer; to be drained after every call of the others.
    pub fn next_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    /// Forgets all questions; none will be answered.
    pub fn crash(&mut self) {
        self.port = None;
        self.pending.clear();
        self.pairs.clear();
        self.answers.clear();
        self.repeats.crash();
        self.caches.iter_mut().for_each(LocalCache::clear);
    }

    /// A question has its answer, which the present event brought.
    fn conclude<H: Host>(
        &mut self,
        host: &H,
        (token, pair): (u64, Option<u64>),
        (outcome, learnt): (Outcome, Option<Learnt>),
    ) {
        let (whole, learnt) = match pair {
            None => (Some(outcome), learnt),
            Some(pair) => (self.pairs.take(pair, outcome), None),
        };
        self.answers.extend(whole.map(|outcome| Answer { token, outcome, learnt, cause: host.cause() }));
    }

    /// The next server of this round, or the first of the next, that has not failed.
    fn next_server<H: Host>(&mut self, host: &mut H, key: u64, mut pending: Pending) {
        loop {
            pending.server += 1;
            if pending.server >= self.servers.len() {
                pending.server = 0;
                pending.round += 1;
            }
            if pending.round >= WAITS.len() {
                pending.end().tell(host, DnsAnswerKind::Failure, &[]);
                return self.conclude(host, (pending.token, pending.pair), (Outcome::Failed, None));
            }
            if !pending.useless[pending.server] {
                return self.send(host, key, pending, Transport::Udp);
            }
        }
    }

    fn send<H: Host>(&mut self, host: &mut H, key: u64, mut pending: Pending, transport: Transport) {
        let port = *self.port.get_or_insert_with(|| host.bind_udp_ephemeral());
        let ids = self.ids.get_or_insert_with(|| host.stream("dns/stub/id"));
        pending.wire_id = u16::try_from(ids.below(1 << 16)).expect("below 2^16");
        pending.query = host.next_query();
        pending.expires = host.now().saturating_add(WAITS[pending.round]);
        let to = Endpoint::new(self.servers[pending.server], PORT);
        let octets = Message::query(pending.wire_id, pending.question.clone(), true).encode(UDP_LIMIT);
        let stream = (transport != Transport::Udp).then(|| {
            let (wire_id, octets, again) = (pending.wire_id, octets.clone(), transport == Transport::TcpAgain);
            self.repeats.ask(host, to, Sending { wire_id, octets, again })
        });
        pending.stream = stream.map(|(repeat, _)| repeat);
        pending.event = host.trace(Trace::Dns(DnsTrace::Asked {
            query: pending.query,
            task: None,
            to,
            from_port: stream.map_or(port, |(_, from_port)| from_port),
            wire_id: pending.wire_id,
            name: &pending.name,
            rtype: pending.question.rtype.number(),
            retry: pending.sent,
        }));
        pending.sent += 1;
        match pending.stream {
            Some(repeat) => self.repeats.send(host, repeat),
            None => host.send_datagram(port, to, &octets),
        }
        self.pending.insert(key, pending);
    }
}

/// A look-up at its end.
pub(super) struct End<'a> {
    pub(super) question: &'a Question,
    pub(super) name: &'a str,
    pub(super) since: SimTime,
    pub(super) cache: Option<CacheLevel>,
}

impl End<'_> {
    pub(super) fn tell<H: Host>(&self, host: &mut H, kind: DnsAnswerKind, answers: &[Record]) {
        let Self { question, name, since, cache } = *self;
        let (owner, digest) = summed_up(question, answers);
        let alias = alias_digest(question, answers);
        let owner = if owner == question.name { name.to_owned() } else { owner.to_string() };
        let (rtype, owner) = (question.rtype.number(), &owner);
        host.trace(Trace::Dns(DnsTrace::LookedUp { name, rtype, since, kind, cache, alias, owner, digest }));
    }
}

impl Pending {
    fn end(&self) -> End<'_> {
        End { question: &self.question, name: &self.name, since: self.since, cache: None }
    }

    fn is_answered_by(&self, message: &Message) -> bool {
        message.flags.qr
            && message.class == CLASS_IN
            && message.id == self.wire_id
            && message.questions.first() == Some(&self.question)
    }
}
