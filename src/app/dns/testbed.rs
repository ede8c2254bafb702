//! A miniature network for tests: hosts around one resolver, a clock, datagrams with a delay.
//!
//! Each host stands at a distance; a datagram takes the longer distance of its two ends. So
//! with the resolver at distance zero every other host's distance is its one-way delay.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::app::host::{Host, Input};
use crate::base::trace::{DnsTrace, Trace};
use crate::base::{
    Addresses, ConnId, Endpoint, EventId, HostId, Probability, QueryId, SimDuration, SimTime, SocketId, Stream,
    Streams, UnixTime,
};
use crate::proto::dns::{Message, Name, PORT, Record, RecordData, Rtype, UDP_LIMIT};

use super::{Answer, LookupAgent, NameServer, Resolver, ResolverConfig, Stub, Zone};

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
}

/// One line of the trace.
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) cause: u64,
    pub(super) host: usize,
    pub(super) text: String,
}

/// What the hosts share.
struct Shared {
    now: SimTime,
    queue: BTreeMap<(SimTime, u64), Event>,
    serial: u64,
    lines: Vec<Line>,
    datagrams: usize,
    distances: Vec<SimDuration>,
    addresses: Vec<Addresses>,
    loss: Option<(Probability, Stream)>,
}

pub(super) struct Bed {
    pub(super) nodes: Vec<Node>,
    shared: Shared,
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

/// Its IPv6 address, if it has one, is 2001:db8::n.
pub(super) fn addr6(node: usize) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from((0x2001_0db8 << 96) + u128::try_from(node).unwrap()))
}

fn node_of(addr: IpAddr) -> usize {
    match addr {
        IpAddr::V4(addr) => usize::from(addr.octets()[3]),
        IpAddr::V6(addr) => usize::from(addr.octets()[15]),
    }
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// `owner ttl type data`, all names absolute.
pub(super) fn record(text: &str) -> Record {
    let [owner, ttl, rtype, data] = text.splitn(4, ' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
    let data = RecordData::parse(Rtype::parse(rtype).unwrap(), data, &Name::root()).unwrap();
    Record { name: name(owner), ttl: ttl.parse().unwrap(), data }
}

/// A zone with an SOA of TTL 300 and MINIMUM 60, as in V31.
pub(super) fn zone(apex: &str, records: &[&str]) -> Zone {
    let soa = record(&format!("{apex} 300 SOA ns. root. 1 7200 900 1209600 60"));
    let all = std::iter::once(soa).chain(records.iter().map(|text| record(text))).collect();
    Zone::new(name(apex), all).unwrap()
}

pub(super) fn server(apex: &str, records: &[&str]) -> App {
    App::Server(NameServer::new(vec![zone(apex, records)]))
}

pub(super) fn resolver() -> App {
    let roots = vec![(name("root-server"), addr(0))];
    App::Resolver(Box::new(Resolver::new(ResolverConfig { roots, ..ResolverConfig::default() })))
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
        };
        let node = |(_, app)| Node { app, up: true, ephemeral: 49_151, queries: 0 };
        let nodes = apps.into_iter().map(node).collect();
        let mut bed = Self { nodes, shared };
        for node in 0..bed.nodes.len() {
            bed.input(node, Input::Boot);
        }
        bed
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

    pub(super) fn crash(&mut self, node: usize) {
        self.input(node, Input::Crash);
        self.nodes[node].up = false;
    }

    pub(super) fn boot(&mut self, node: usize) {
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
        }
        true
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
                    Input::Datagram { local_port, from, bytes } => {
                        stub.datagram(&mut view, local_port, from, bytes);
                    }
                    Input::Unreachable { local_port, to } => stub.unreachable(&mut view, local_port, to),
                    Input::Boot
                    | Input::Flush
                    | Input::Accepted { .. }
                    | Input::Connected { .. }
                    | Input::Data { .. }
                    | Input::PeerClosed { .. }
                    | Input::Closed { .. } => {}
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
            App::Scripted(_) => SimTime::NEVER,
        }
    }
}

impl Shared {
    fn push(&mut self, at: SimTime, event: Event) {
        self.serial += 1;
        self.queue.insert((at.max(self.now), self.serial), event);
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
    fn listen(&mut self, _port: u16) {}
    fn connect(&mut self, _to: Endpoint) -> (SocketId, ConnId) {
        unreachable!("no TCP here")
    }
    fn send(&mut self, _socket: SocketId, _bytes: &[u8]) {}
    fn close(&mut self, _socket: SocketId) {}
    fn abort(&mut self, _socket: SocketId) {}
    fn bind_udp(&mut self, port: u16) {
        assert_eq!(port, PORT);
    }
    fn bind_udp_ephemeral(&mut self) -> u16 {
        *self.ephemeral += 1;
        *self.ephemeral
    }
    fn send_datagram(&mut self, from_port: u16, to: Endpoint, bytes: &[u8]) {
        assert!(bytes.len() <= UDP_LIMIT);
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
        let there = self.shared.distances.get(node_of(to.addr)).copied().unwrap_or_default();
        let at = self.shared.now + there.max(self.shared.distances[self.node]);
        self.shared.push(at, Event::Datagram { from, to, bytes: bytes.to_vec() });
    }
    fn next_query(&mut self) -> QueryId {
        *self.queries += 1;
        QueryId { host: self.id(), number: *self.queries }
    }
    fn trace(&mut self, what: Trace<'_>) -> EventId {
        let Trace::Dns(what) = what else { unreachable!("only name resolution is here") };
        let id = self.shared.lines.last().map_or(0, |line| line.id) + 1;
        let text = match what {
            DnsTrace::Asked { to, name, rtype, .. } => {
                let family = if to.addr.is_ipv6() { "v6 " } else { "" };
                format!("asked {family}{} {name} {}", node_of(to.addr), Rtype::from_number(rtype))
            }
            DnsTrace::Answered { kind, .. } => format!("answered {kind:?}"),
            DnsTrace::TimedOut { .. } => "timed out".to_owned(),
            DnsTrace::Unreachable { .. } => "not reached".to_owned(),
            DnsTrace::Received { task, name, .. } => format!("received {task} {name}"),
            DnsTrace::Cache { task, name, result, .. } => format!("cache {task} {name} {result:?}"),
            DnsTrace::Replied { task, kind, rcode, .. } => format!("replied {task} {kind:?} {rcode}"),
        };
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
