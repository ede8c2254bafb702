//! A small event loop and applications that only collect, to drive a network in tests.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use bytes::Bytes;

use crate::base::trace::{
    ConnStep, DropReason, EndFigures, HostTrace, NetTrace, PacketContent, PacketInfo, RetransmitReason, TcpInfo, Trace,
    Windows,
};
use crate::base::{
    AppId, CloseReason, ConnId, DataRate, Endpoint, EventId, HostId, LinkDirId, Order, Side, SimDuration, SimTime,
    SocketId, Streams,
};
use crate::net::{Kernel, LinkConfig, LinkDirConfig, NetEvent, Network, NodeConfig, Notice, TcpConfig, Topology};

pub(super) const APP: AppId = AppId(0);

/// An event in the queue: ordered by (time, order) alone.
#[derive(Clone, Copy, Debug)]
struct Queued(SimTime, Order, NetEvent);

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Queued {}
impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// What the trace said about packets and connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen {
    Sent(LinkDirId, PacketInfo),
    Arrived(LinkDirId, PacketInfo),
    Dropped(Option<LinkDirId>, PacketInfo, DropReason),
    Opening,
    Joined,
    TurnedAway,
    Established(Side),
    Retransmitted(Side, u64, RetransmitReason),
    Closed(Side, CloseReason, u64, u64),
}

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) sent: EventId,
    pub(super) isn: Option<u32>,
    pub(super) push: bool,
    pub(super) options: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

/// The kernel.
#[derive(Clone, Debug, Default)]
pub(super) struct Loop {
    now: SimTime,
    heap: BinaryHeap<Reverse<Queued>>,
    counters: BTreeMap<HostId, u64>,
    cause: EventId,
    events: u64,
    pub(super) trace: Vec<(SimTime, HostId, Seen)>,
    pub(super) causes: Vec<EventId>,
    pub(super) largest_heap: usize,
    /// Wants to be told what packets carry.
    pub(super) curious: bool,
    pub(super) contents: Vec<Content>,
    pub(super) windows: Vec<Windows>,
    pub(super) figures: Vec<(Side, EndFigures)>,
    /// Keeps no trace, only whether each packet that left a link was lost on it.
    pub(super) forgetful: bool,
    pub(super) lost: Vec<bool>,
}

impl Loop {
    /// The next event, and when it comes.
    pub(super) fn next(&self) -> Option<(SimTime, NetEvent)> {
        self.heap.peek().map(|Reverse(Queued(at, _, event))| (*at, *event))
    }
}

impl Kernel for Loop {
    const TRACING: bool = true;

    fn now(&self) -> SimTime {
        self.now
    }
    fn order(&mut self, origin: HostId) -> Order {
        let counter = self.counters.entry(origin).or_default();
        *counter += 1;
        Order { origin, counter: *counter }
    }
    fn schedule(&mut self, at: SimTime, order: Order, event: NetEvent) {
        assert!(at >= self.now, "nothing is scheduled in the past");
        self.heap.push(Reverse(Queued(at, order, event)));
        self.largest_heap = self.largest_heap.max(self.heap.len());
    }
    fn trace(&mut self, host: HostId, what: Trace<'_>) -> EventId {
        let seen = match what {
            Trace::Net(NetTrace::Sent { link, packet }) => Seen::Sent(link, packet),
            Trace::Net(NetTrace::Arrived { link, packet }) => Seen::Arrived(link, packet),
            Trace::Net(NetTrace::Dropped { link, packet, reason }) => Seen::Dropped(link, packet, reason),
            Trace::Conn { step: ConnStep::Opening { .. }, .. } => Seen::Opening,
            Trace::Conn { step: ConnStep::Joined { .. }, .. } => Seen::Joined,
            Trace::Conn { step: ConnStep::Established, side, .. } => Seen::Established(side),
            Trace::Conn { step: ConnStep::Retransmitted { seq, why, .. }, side, .. } => {
                Seen::Retransmitted(side, seq, why)
            }
            Trace::Conn { step: ConnStep::Closed { reason, sent, received, figures }, side, .. } => {
                self.figures.push((side, figures));
                Seen::Closed(side, reason, sent, received)
            }
            Trace::Host(HostTrace::TurnedAway { .. }) => Seen::TurnedAway,
            Trace::Dialogue { .. }
            | Trace::Dns(_)
            | Trace::Mail(_)
            | Trace::Fault(_)
            | Trace::Web(_)
            | Trace::Host(HostTrace::Served { .. } | HostTrace::Visited { .. }) => {
                unreachable!("the network does not trace this")
            }
        };
        if matches!(seen, Seen::Arrived(..) | Seen::Dropped(Some(_), _, DropReason::Loss)) {
            self.lost.push(matches!(seen, Seen::Dropped(..)));
        }
        if !self.forgetful {
            self.trace.push((self.now, host, seen));
            self.causes.push(self.cause);
        }
        self.events += 1;
        EventId(self.events)
    }
    fn cause(&self) -> EventId {
        self.cause
    }
    fn set_cause(&mut self, cause: EventId) {
        self.cause = cause;
    }
    fn wants_content(&self) -> bool {
        self.curious
    }
    fn wants_windows(&self) -> bool {
        self.curious
    }
    fn windows(&mut self, windows: &Windows) {
        self.windows.push(*windows);
    }
    fn content(&mut self, content: &PacketContent<'_>) {
        self.contents.push(Content {
            sent: content.sent,
            isn: content.tcp.and_then(|tcp| tcp.isn),
            push: content.tcp.is_some_and(|tcp| tcp.push),
            options: content.tcp.map(|tcp| tcp.options.to_vec()).unwrap_or_default(),
            payload: content.payload.to_vec(),
        });
    }
}

/// What befell a socket or port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Accepted(HostId, SocketId, ConnId),
    Connected(HostId, SocketId),
    PeerClosed(HostId, SocketId),
    Closed(HostId, SocketId, CloseReason),
    Datagram(HostId, u16, usize),
    Unreachable(HostId, u16, u32),
    Drained(HostId, SocketId),
}

/// A network, its kernel, and applications that note what they hear.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) net: Network,
    pub(super) kernel: Loop,
    pub(super) heard: Vec<(SimTime, Heard)>,
    pub(super) received: BTreeMap<SocketId, Vec<u8>>,
    /// Applications leave octets where they are.
    pub(super) stubborn: bool,
    /// Applications send this when a connection is accepted.
    pub(super) greeting: Vec<u8>,
    /// Applications close when the peer has.
    pub(super) polite: bool,
}

impl World {
    pub(super) fn new(topology: Topology) -> Self {
        Self::seeded(topology, 1)
    }

    pub(super) fn seeded(topology: Topology, seed: u64) -> Self {
        Self {
            net: Network::new(topology, &Streams::new(seed)),
            kernel: Loop::default(),
            heard: Vec::new(),
            received: BTreeMap::new(),
            stubborn: false,
            greeting: Vec::new(),
            polite: true,
        }
    }

    /// Handles events up to and including that time.
    pub(super) fn run_until(&mut self, end: SimTime) {
        self.drain();
        while self.kernel.heap.peek().is_some_and(|next| next.0.0 <= end) {
            self.step();
        }
        self.kernel.now = self.kernel.now.max(end);
    }

    /// Handles events until none is left.
    pub(super) fn run(&mut self) {
        self.drain();
        while !self.kernel.heap.is_empty() {
            self.step();
        }
        self.net.check_conservation().unwrap();
    }

    pub(super) fn step(&mut self) {
        let Reverse(Queued(at, _, event)) = self.kernel.heap.pop().unwrap();
        assert!(at >= self.kernel.now, "time never goes back");
        self.kernel.now = at;
        self.kernel.cause = EventId(0);
        self.net.handle(&mut self.kernel, event);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(notice) = self.net.next_notice(&mut self.kernel) {
            let heard = match notice {
                Notice::Accepted { host, socket, conn, .. } => {
                    let greeting = std::mem::take(&mut self.greeting);
                    self.net.send(&mut self.kernel, socket, &greeting);
                    self.greeting = greeting;
                    Heard::Accepted(host, socket, conn)
                }
                Notice::Connected { host, socket, .. } => Heard::Connected(host, socket),
                Notice::Readable { socket, .. } => {
                    if !self.stubborn {
                        self.take(socket);
                    }
                    continue;
                }
                Notice::PeerClosed { host, socket, .. } => {
                    if self.polite {
                        self.net.close(&mut self.kernel, socket);
                    }
                    Heard::PeerClosed(host, socket)
                }
                Notice::Closed { host, socket, reason, .. } => Heard::Closed(host, socket, reason),
                Notice::Datagram { host, local_port, bytes, .. } => Heard::Datagram(host, local_port, bytes.len()),
                Notice::Drained { host, socket, .. } => Heard::Drained(host, socket),
                Notice::Unreachable { host, local_port, to, .. } => {
                    let number = (0..100).find(|n| [address(*n), address6(*n)].contains(&to.addr)).unwrap();
                    Heard::Unreachable(host, local_port, number)
                }
            };
            self.heard.push((self.kernel.now, heard));
        }
    }

    pub(super) fn take(&mut self, socket: SocketId) {
        let into = self.received.entry(socket).or_default();
        self.net.take_received(&mut self.kernel, socket, into);
    }

    pub(super) fn now(&self) -> SimTime {
        self.kernel.now
    }

    pub(super) fn open(&mut self, from: u32, to: u32, port: u16) -> (SocketId, ConnId) {
        self.open_to(from, address(to), port)
    }

    pub(super) fn open_to(&mut self, from: u32, to: IpAddr, port: u16) -> (SocketId, ConnId) {
        self.net.connect(&mut self.kernel, HostId(from), APP, Endpoint::new(to, port))
    }

    pub(super) fn connect(&mut self, from: u32, to: u32, port: u16) -> SocketId {
        self.open(from, to, port).0
    }

    pub(super) fn send(&mut self, socket: SocketId, bytes: &[u8]) {
        self.net.send(&mut self.kernel, socket, bytes);
    }

    pub(super) fn close(&mut self, socket: SocketId) {
        self.net.close(&mut self.kernel, socket);
    }

    pub(super) fn datagram(&mut self, from: u32, to: u32, length: usize) {
        self.datagram_to(from, address(to), length);
    }

    pub(super) fn datagram_to(&mut self, from: u32, to: IpAddr, length: usize) {
        let bytes = Bytes::from(vec![0; length]);
        self.net.send_datagram(&mut self.kernel, HostId(from), 53, Endpoint::new(to, 53), bytes);
    }

    /// The socket of the only connection accepted.
    pub(super) fn accepted(&self) -> SocketId {
        self.heard
            .iter()
            .find_map(|(_, heard)| if let Heard::Accepted(_, socket, _) = heard { Some(*socket) } else { None })
            .expect("something was accepted")
    }

    /// When something was heard first.
    pub(super) fn when(&self, what: &Heard) -> Option<SimTime> {
        self.heard.iter().find(|(_, heard)| heard == what).map(|(at, _)| *at)
    }

    /// Times at which a host put TCP segments of a kind on a link.
    pub(super) fn sent(&self, host: u32, which: impl Fn(&PacketInfo) -> bool) -> Vec<SimTime> {
        self.kernel
            .trace
            .iter()
            .filter(|(_, at, seen)| *at == HostId(host) && matches!(seen, Seen::Sent(_, packet) if which(packet)))
            .map(|(time, ..)| *time)
            .collect()
    }

    /// Times at which segments of a kind arrived at a host.
    pub(super) fn arrived(&self, host: u32, which: impl Fn(&PacketInfo) -> bool) -> Vec<SimTime> {
        self.kernel
            .trace
            .iter()
            .filter(|(_, at, seen)| *at == HostId(host) && matches!(seen, Seen::Arrived(_, packet) if which(packet)))
            .map(|(time, ..)| *time)
            .collect()
    }

    /// The segments that a host sent, and when.
    pub(super) fn segments(&self, host: u32) -> impl Iterator<Item = (SimTime, TcpInfo)> {
        self.kernel.trace.iter().filter_map(move |(at, on, seen)| match seen {
            Seen::Sent(_, packet) if *on == HostId(host) => Some((*at, packet.tcp?)),
            Seen::Sent(..)
            | Seen::Arrived(..)
            | Seen::Dropped(..)
            | Seen::Opening
            | Seen::Joined
            | Seen::TurnedAway
            | Seen::Established(_)
            | Seen::Retransmitted(..)
            | Seen::Closed(..) => None,
        })
    }

    pub(super) fn saw(&self, which: impl Fn(&Seen) -> bool) -> bool {
        self.kernel.trace.iter().any(|(.., seen)| which(seen))
    }
}

pub(super) const fn ms(ms: u64) -> SimTime {
    SimTime::from_nanos(ms * 1_000_000)
}

pub(super) fn address(host: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0001 + host))
}

pub(super) fn address6(host: u32) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from((0x2001_0db8 << 96) + 1 + u128::from(host)))
}

pub(super) fn dir(mbps: Option<u64>, delay_ms: u64) -> LinkDirConfig {
    LinkDirConfig {
        rate: mbps.and_then(|rate| DataRate::from_bits_per_sec(rate * 1_000_000)),
        delay: SimDuration::from_millis(delay_ms),
        ..LinkDirConfig::default()
    }
}

/// A link without a rate on which every n-th data segment is lost.
pub(super) fn losing(every: u32, delay_ms: u64) -> LinkDirConfig {
    LinkDirConfig { loss_every: NonZeroU32::new(every), ..dir(None, delay_ms) }
}

pub(super) fn node(number: u32, router: bool) -> NodeConfig {
    NodeConfig { name: format!("n{number}"), addresses: address(number).into(), router }
}

pub(super) fn link(number: usize, a: u32, b: u32, config: LinkDirConfig) -> LinkConfig {
    LinkConfig { name: format!("l{number}"), ends: [HostId(a), HostId(b)], directions: [config; 2] }
}

/// Hosts at both ends of a chain of so many equal links, routers between.
pub(super) fn chain(links: u32, config: LinkDirConfig, tcp: TcpConfig) -> Topology {
    Topology {
        nodes: (0..=links).map(|n| node(n, n != 0 && n != links)).collect(),
        links: (0..links).map(|n| link(n as usize, n, n + 1, config)).collect(),
        tcp,
    }
}

/// Octets that differ from their neighbours.
pub(super) fn octets(count: usize) -> Vec<u8> {
    (0..count).map(|n| u8::try_from((n * 31 + n / 251) % 256).unwrap()).collect()
}

pub(super) fn is_syn(packet: &PacketInfo) -> bool {
    packet.tcp.is_some_and(|tcp| tcp.syn)
}

pub(super) fn has_data(packet: &PacketInfo) -> bool {
    packet.tcp.is_some_and(|tcp| tcp.len > 0)
}

/// A client (host 0) and a server (host `links`) that are connected to port 25.
pub(super) fn connected(links: u32, config: LinkDirConfig, tcp: TcpConfig) -> (World, SocketId, SocketId) {
    let mut world = World::new(chain(links, config, tcp));
    world.net.listen(HostId(links), 25, APP);
    let client = world.connect(0, links, 25);
    while !world.heard.iter().any(|(_, heard)| matches!(heard, Heard::Accepted(..))) {
        world.step();
    }
    let server = world.accepted();
    (world, client, server)
}
