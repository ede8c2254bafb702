//! A miniature network for tests: hosts around one resolver, a clock, datagrams with a delay.
//!
//! Each host stands at a distance; a datagram takes the longer distance of its two ends. So
//! with the resolver at distance zero every other host's distance is its one-way delay.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use crate::app::host::{Host, Input};
use crate::base::trace::Trace;
use crate::base::{
    Addresses, CloseReason, ConnId, Endpoint, EventId, HostId, Probability, QueryId, SimDuration, SimTime, SocketId,
    Stream, Streams, UnixTime,
};
use crate::proto::dns::{EDNS_SIZE, Message, PORT, Rtype, UDP_LIMIT};

use super::testbed_streams::{Caller, StreamEvent, Streams as Connections};
pub(super) use super::testbed_zones::{addr6, name, record, zone};
use super::testbed_zones::{node_of, told};
use super::{Answer, LookupAgent, NameServer, Resolver, ResolverConfig, Stub};

pub(super) type Script = fn(&Message) -> Vec<Message>;

/// What runs on a host of the bed.
pub(super) enum App {
    Server(NameServer),
    Resolver(Box<Resolver>),
    Agent(LookupAgent),
    /// A stub resolver and the answers it got.
    Asker(Stub, Vec<(SimTime, Answer)>),
    /// Answers port 53 by a function.
    Scripted(Script),
    /// Calls port 53 of a host over TCP.
    Caller(Caller),
}

pub(super) struct Node {
    pub(super) app: App,
    pub(super) up: bool,
    ephemeral: u16,
    queries: u32,
}

enum Event {
    Datagram {
        from: Endpoint,
        to: Endpoint,
        bytes: Vec<u8>,
    },
    Unreachable {
        node: usize,
        port: u16,
        to: Endpoint,
    },
    /// Without a type: for addresses.
    Ask {
        node: usize,
        name: String,
        rtype: Option<Rtype>,
        token: u64,
    },
    Wake {
        node: usize,
    },
    Stream(StreamEvent),
}

/// One line of the trace.
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) cause: u64,
    pub(super) host: usize,
    pub(super) text: String,
}

/// What the hosts share.
pub(super) struct Shared {
    now: SimTime,
    queue: BTreeMap<(SimTime, u64), Event>,
    serial: u64,
    lines: Vec<Line>,
    datagrams: usize,
    distances: Vec<SimDuration>,
    addresses: Vec<Addresses>,
    loss: Option<(Probability, Stream)>,
    pub(super) streams: Connections,
    /// Hosts that take calls to port 53.
    listening: BTreeSet<usize>,
}

pub(super) struct Bed {
    pub(super) nodes: Vec<Node>,
    pub(super) shared: Shared,
}

/// The view of one host.
struct View<'a> {
    shared: &'a mut Shared,
    node: usize,
    ephemeral: &'a mut u16,
    queries: &'a mut u32,
    cause: EventId,
}

/// Host `n` of the bed has the address 10.0.0.n.
pub(super) fn addr(node: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, u8::try_from(node).unwrap()))
}

pub(super) fn server(apex: &str, records: &[&str]) -> App {
    App::Server(NameServer::new(vec![zone(apex, records)]))
}

pub(super) fn resolver() -> App {
    let roots = vec![(name("root-server"), addr(0))];
    // without EDNS what is longer than 512 octets is cut off
    App::Resolver(Box::new(Resolver::new(ResolverConfig { roots, edns_size: None, ..ResolverConfig::default() })))
}

impl Bed {
    /// Hosts with their one-way delays in milliseconds; all boot at once.
    pub(super) fn new(apps: Vec<(u64, App)>) -> Self {
        let distances: Vec<SimDuration> = apps.iter().map(|(ms, _)| SimDuration::from_millis(*ms)).collect();
        let shared = Shared {
            now: SimTime::ZERO,
            queue: BTreeMap::new(),
            serial: 0,
            lines: Vec::new(),
            datagrams: 0,
            addresses: (0..distances.len()).map(|node| addr(node).into()).collect(),
            distances,
            loss: None,
            streams: Connections::default(),
            listening: BTreeSet::new(),
        };
        let node = |(_, app)| Node { app, up: true, ephemeral: 49_151, queries: 0 };
        let nodes = apps.into_iter().map(node).collect();
        let mut bed = Self { nodes, shared };
        for node in 0..bed.nodes.len() {
            bed.input(node, Input::Boot);
        }
        bed
    }

    /// One more host.
    pub(super) fn add(&mut self, distance_ms: u64, app: App) {
        let node = self.nodes.len();
        self.shared.distances.push(SimDuration::from_millis(distance_ms));
        self.shared.addresses.push(addr(node).into());
        self.nodes.push(Node { app, up: true, ephemeral: 49_151, queries: 0 });
        self.input(node, Input::Boot);
    }

    /// Loses datagrams at random from now on.
    pub(super) fn lose(&mut self, p: f64, seed: u64) {
        self.shared.loss = Some((Probability::new(p).unwrap(), Streams::new(seed).stream("loss")));
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.shared.now.as_nanos() / 1_000_000
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.shared.lines
    }

    /// The names and types asked of servers by a host, since the last call of [`Bed::forget`].
    pub(super) fn asked(&self, host: usize) -> Vec<&str> {
        self.texts(host, "asked ")
    }

    pub(super) fn texts(&self, host: usize, prefix: &str) -> Vec<&str> {
        let own = self.shared.lines.iter().filter(|line| line.host == host);
        own.filter_map(|line| line.text.strip_prefix(prefix)).collect()
    }

    pub(super) fn forget(&mut self) {
        self.shared.lines.clear();
        self.shared.datagrams = 0;
    }

    pub(super) fn datagrams(&self) -> usize {
        self.shared.datagrams
    }

    pub(super) fn ask_at(&mut self, at_ms: u64, node: usize, name: &str, rtype: Rtype) {
        self.ask_with_token(at_ms, node, name, rtype, 0);
    }

    pub(super) fn ask_with_token(&mut self, at_ms: u64, node: usize, name: &str, rtype: Rtype, token: u64) {
        let event = Event::Ask { node, name: name.to_owned(), rtype: Some(rtype), token };
        self.shared.push(SimTime::ZERO + SimDuration::from_millis(at_ms), event);
    }

    pub(super) fn ask_addresses_at(&mut self, at_ms: u64, node: usize, name: &str) {
        let event = Event::Ask { node, name: name.to_owned(), rtype: None, token: 0 };
        self.shared.push(SimTime::ZERO + SimDuration::from_millis(at_ms), event);
    }

    /// Gives a host other addresses than its IPv4 address.
    pub(super) fn set_addresses(&mut self, node: usize, addresses: &[IpAddr]) {
        let mut all = Addresses::default();
        for address in addresses.iter().map(|address| Addresses::from(*address)) {
            all = Addresses { v4: all.v4.or(address.v4), v6: all.v6.or(address.v6) };
        }
        self.shared.addresses[node] = all;
    }

    /// From now on calls to a host are refused.
    pub(super) fn stop_listening(&mut self, node: usize) {
        self.shared.listening.remove(&node);
    }

    /// TCP connections that were tried so far.
    pub(super) fn calls(&self) -> u64 {
        self.shared.streams.count() / 2
    }

    /// Resets the connections of a host, which hears of it too.
    pub(super) fn reset_connections(&mut self, node: usize) {
        for socket in self.shared.streams.ends_of(node) {
            self.shared.over(socket, StreamEvent::Closed(socket, CloseReason::Reset));
            let Some(end) = self.shared.streams.ends.get(&socket) else { continue };
            let other = end.other;
            self.shared.over(socket, StreamEvent::Closed(other, CloseReason::Reset));
        }
    }

    pub(super) fn crash(&mut self, node: usize) {
        self.input(node, Input::Crash);
        self.nodes[node].up = false;
    }

    pub(super) fn boot(&mut self, node: usize) {
        self.shared.streams.lose(node);
        self.nodes[node].up = true;
        self.input(node, Input::Boot);
    }

    /// A datagram out of nowhere.
    pub(super) fn inject(&mut self, from: Endpoint, to: Endpoint, bytes: Vec<u8>) {
        let now = self.shared.now;
        self.shared.push(now, Event::Datagram { from, to, bytes });
    }

    pub(super) fn run_until(&mut self, ms: u64) {
        let end = SimTime::ZERO + SimDuration::from_millis(ms);
        while let Some((&(at, _), _)) = self.shared.queue.first_key_value()
            && at <= end
        {
            self.step();
        }
        self.shared.now = self.shared.now.max(end);
    }

    pub(super) fn run(&mut self) {
        while self.step() {}
    }

    fn step(&mut self) -> bool {
        let Some(((at, _), event)) = self.shared.queue.pop_first() else { return false };
        assert!(self.shared.serial < 2_000_000, "it goes round for ever");
        // a wake that was armed for an earlier deadline is no event, and no time passes for it
        if let Event::Wake { node } = event
            && !(self.nodes[node].up && self.nodes[node].deadline() <= at)
        {
            return true;
        }
        self.shared.now = at;
        match event {
            Event::Wake { node } => self.input(node, Input::Wake),
            Event::Datagram { from, to, bytes } => {
                let node = node_of(to.addr);
                let has = |addresses: &Addresses| addresses.contains(to.addr);
                if self.nodes.get(node).is_some_and(|node| node.up) && has(&self.shared.addresses[node]) {
                    self.input(node, Input::Datagram { local_port: to.port, from, bytes: &bytes });
                }
            }
            Event::Unreachable { node, port, to } => self.input(node, Input::Unreachable { local_port: port, to }),
            Event::Ask { node, name, rtype, token } => self.ask(node, &name, rtype, token),
            Event::Stream(event) => self.stream(event),
        }
        true
    }

    fn stream(&mut self, event: StreamEvent) {
        let (socket, input) = match &event {
            StreamEvent::Call { caller, callee, from, to } => {
                let node = node_of(to.addr);
                if !self.shared.listening.contains(&node) || !self.nodes[node].up {
                    self.shared.streams.ends.remove(callee);
                    return self.shared.over(*callee, StreamEvent::Closed(*caller, CloseReason::Refused));
                }
                self.shared.over(*callee, StreamEvent::Connected(*caller));
                let conn = ConnId { host: HostId(0), number: 0 };
                (*callee, Input::Accepted { socket: *callee, conn, local_port: to.port, peer: *from })
            }
            StreamEvent::Connected(socket) => (*socket, Input::Connected { socket: *socket }),
            StreamEvent::Data(socket, bytes) => (*socket, Input::Data { socket: *socket, bytes }),
            StreamEvent::PeerClosed(socket) => (*socket, Input::PeerClosed { socket: *socket }),
            StreamEvent::Closed(socket, reason) => (*socket, Input::Closed { socket: *socket, reason: *reason }),
        };
        let Some(end) = self.shared.streams.ends.get(&socket).copied() else { return self.reset_peer_of(socket) };
        if matches!(event, StreamEvent::Closed(..)) {
            self.shared.streams.ends.remove(&socket);
        }
        if self.nodes[end.node].up {
            self.input(end.node, input);
        }
    }

    fn ask(&mut self, index: usize, name: &str, rtype: Option<Rtype>, token: u64) {
        let node = &mut self.nodes[index];
        let mut view = View::new(&mut self.shared, index, &mut node.ephemeral, &mut node.queries);
        let App::Asker(stub, answers) = &mut node.app else { panic!("only askers ask") };
        match rtype {
            Some(rtype) => stub.ask(&mut view, name, rtype, token),
            None => stub.ask_addresses(&mut view, name, token),
        }
        while let Some(answer) = stub.next_answer() {
            answers.push((view.now(), answer));
        }
        self.arm(index);
    }

    fn input(&mut self, index: usize, input: Input<'_>) {
        let node = &mut self.nodes[index];
        let mut view = View::new(&mut self.shared, index, &mut node.ephemeral, &mut node.queries);
        match &mut node.app {
            App::Server(app) => app.handle(&mut view, input),
            App::Resolver(app) => app.handle(&mut view, input),
            App::Agent(app) => app.handle(&mut view, input),
            App::Caller(app) => app.handle(&mut view, input),
            App::Scripted(script) => {
                if let Input::Datagram { local_port: PORT, from, bytes } = input {
                    for reply in script(&Message::decode(bytes).unwrap()) {
                        view.send_datagram(PORT, from, &reply.encode(UDP_LIMIT));
                    }
                }
            }
            App::Asker(stub, answers) => {
                match input {
                    Input::Crash => stub.crash(),
                    Input::Wake => stub.wake(&mut view),
                    Input::Connected { .. }
                    | Input::Data { .. }
                    | Input::PeerClosed { .. }
                    | Input::Closed { .. }
                    | Input::Datagram { .. }
                    | Input::Unreachable { .. } => _ = stub.input(&mut view, input),
                    Input::Boot | Input::Flush(_) | Input::Accepted { .. } | Input::Drained { .. } => {}
                }
                while let Some(answer) = stub.next_answer() {
                    answers.push((view.now(), answer));
                }
            }
        }
        self.arm(index);
    }

    fn arm(&mut self, node: usize) {
        let deadline = self.nodes[node].deadline();
        if !deadline.is_never() {
            self.shared.push(deadline, Event::Wake { node });
        }
    }
}

impl Node {
    fn deadline(&self) -> SimTime {
        match &self.app {
            App::Server(app) => app.deadline(),
            App::Resolver(app) => app.deadline(),
            App::Agent(app) => app.deadline(),
            App::Asker(stub, _) => stub.deadline(),
            App::Scripted(_) | App::Caller(_) => SimTime::NEVER,
        }
    }
}

impl Shared {
    fn push(&mut self, at: SimTime, event: Event) {
        self.serial += 1;
        self.queue.insert((at.max(self.now), self.serial), event);
    }

    fn delay(&self, one: usize, other: usize) -> SimDuration {
        let there = self.distances.get(other).copied().unwrap_or_default();
        there.max(self.distances[one])
    }

    /// Something goes from an end to the other one.
    pub(super) fn over(&mut self, from: SocketId, event: StreamEvent) {
        let node = |socket: &SocketId| self.streams.ends.get(socket).map_or(0, |end| end.node);
        let other = self.streams.ends.get(&from).map_or(from, |end| end.other);
        self.push(self.now + self.delay(node(&from), node(&other)), Event::Stream(event));
    }
}

impl<'a> View<'a> {
    fn new(shared: &'a mut Shared, node: usize, ephemeral: &'a mut u16, queries: &'a mut u32) -> Self {
        View { shared, node, ephemeral, queries, cause: EventId(0) }
    }
}

impl Host for View<'_> {
    fn now(&self) -> SimTime {
        self.shared.now
    }
    fn calendar(&self) -> UnixTime {
        unreachable!("name resolution knows no calendar")
    }
    fn id(&self) -> HostId {
        HostId(u32::try_from(self.node).unwrap())
    }
    fn name(&self) -> &str {
        "bed"
    }
    fn addresses(&self) -> Addresses {
        self.shared.addresses[self.node]
    }
    fn stream(&self, purpose: &str) -> Stream {
        Streams::new(7).stream(&format!("{}/{purpose}", self.node))
    }
    fn listen(&mut self, port: u16) {
        assert_eq!(port, PORT);
        self.shared.listening.insert(self.node);
    }
    fn connect(&mut self, to: Endpoint) -> (SocketId, ConnId) {
        let [caller, callee] = self.shared.streams.pair(self.node, node_of(to.addr));
        let from = Endpoint::new(self.addresses().source_for(to.addr), self.local_port(caller));
        self.shared.over(caller, StreamEvent::Call { caller, callee, from, to });
        (caller, ConnId { host: self.id(), number: 0 })
    }
    fn local_port(&self, socket: SocketId) -> u16 {
        40_000 + u16::try_from(socket.0).unwrap()
    }
    fn send(&mut self, socket: SocketId, bytes: &[u8]) {
        if let Some(other) = self.shared.streams.way(socket) {
            self.shared.over(socket, StreamEvent::Data(other, bytes.to_vec()));
        }
    }
    fn close(&mut self, socket: SocketId) {
        let Some((other, both)) = self.shared.streams.close(socket) else { return };
        self.shared.over(socket, StreamEvent::PeerClosed(other));
        if both {
            for end in [socket, other] {
                self.shared.over(socket, StreamEvent::Closed(end, CloseReason::Finished));
            }
        }
    }
    fn abort(&mut self, socket: SocketId) {
        if let Some(end) = self.shared.streams.ends.remove(&socket) {
            self.shared.over(socket, StreamEvent::Closed(end.other, CloseReason::Reset));
        }
    }
    fn bind_udp(&mut self, port: u16) {
        assert_eq!(port, PORT);
    }
    fn bind_udp_ephemeral(&mut self) -> u16 {
        *self.ephemeral += 1;
        *self.ephemeral
    }
    fn send_datagram(&mut self, from_port: u16, to: Endpoint, bytes: &[u8]) {
        assert!(bytes.len() <= usize::from(EDNS_SIZE));
        let own = self.shared.addresses[self.node];
        let from = Endpoint::new(own.source_for(to.addr), from_port);
        if !own.has(to.family()) {
            let now = self.shared.now;
            return self.shared.push(now, Event::Unreachable { node: self.node, port: from_port, to });
        }
        self.shared.datagrams += 1;
        if let Some((p, stream)) = &mut self.shared.loss
            && stream.chance(*p)
        {
            return;
        }
        let at = self.shared.now + self.shared.delay(self.node, node_of(to.addr));
        self.shared.push(at, Event::Datagram { from, to, bytes: bytes.to_vec() });
    }
    fn next_query(&mut self) -> QueryId {
        *self.queries += 1;
        QueryId { host: self.id(), number: *self.queries }
    }
    fn trace(&mut self, what: Trace<'_>) -> EventId {
        let Trace::Dns(what) = what else { unreachable!("only name resolution is here") };
        let id = self.shared.lines.last().map_or(0, |line| line.id) + 1;
        let text = told(&what);
        self.shared.lines.push(Line { id, cause: self.cause.0, host: self.node, text });
        self.cause = EventId(id);
        self.cause
    }
    fn cause(&self) -> EventId {
        self.cause
    }
    fn set_cause(&mut self, cause: EventId) {
        self.cause = cause;
    }
}
