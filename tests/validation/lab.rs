//! A network by itself, for workloads that no scenario can write: datagrams of random size,
//! and streams without end. It runs in the event loop's own kernel, through the public API.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use posthaste::base::trace::{Observer, Silent};
use posthaste::base::{AppId, DataRate, Dist, Endpoint, HostId, SimDuration, SimTime, SocketId, Stream, Streams};
use posthaste::net::{
    LinkConfig, LinkDirConfig, LinkDirStats, Network, NodeConfig, Notice, QueueLimit, TcpConfig, Topology,
};
use posthaste::sim::kernel::{Event, Kernel};

const APP: AppId = AppId(0);
const UDP_PORT: u16 = 9;
/// What IP and UDP add to a payload.
pub(crate) const HEADERS: u64 = 28;
static ZEROS: [u8; 65_507] = [0; 65_507];
/// What a source without end writes when its buffer is almost empty.
static HELPING: [u8; 200_000] = [0; 200_000];

/// The seeds over which a figure that depends on chance is averaged.
pub(crate) const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

/// The mean over the seeds.
pub(crate) fn over_seeds(figure: impl Fn(u64) -> f64) -> f64 {
    SEEDS.map(figure).sum::<f64>() / SEEDS.count() as f64
}

/// Hosts, links and what they hear.
pub(crate) struct Lab<O> {
    pub(crate) net: Network,
    pub(crate) kernel: Kernel<O>,
    /// When datagrams arrived.
    pub(crate) datagrams: Vec<SimTime>,
    /// When connections were established, at their clients.
    pub(crate) connected: Vec<SimTime>,
    /// Octets that arrived for each socket.
    pub(crate) received: BTreeMap<SocketId, u64>,
    /// Servers' ends, in the order in which they came.
    accepted: Vec<SocketId>,
    scratch: Vec<u8>,
}

/// A link direction of that rate and delay.
pub(crate) fn line(bits_per_sec: Option<u64>, delay: SimDuration) -> LinkDirConfig {
    LinkDirConfig { rate: bits_per_sec.and_then(DataRate::from_bits_per_sec), delay, ..LinkDirConfig::default() }
}

/// The same with a buffer of so many packets.
pub(crate) fn buffered(bits_per_sec: u64, delay: SimDuration, packets: u32) -> LinkDirConfig {
    LinkDirConfig { queue: QueueLimit::Packets(packets), ..line(Some(bits_per_sec), delay) }
}

/// Two hosts and a link.
pub(crate) fn pair(there: LinkDirConfig, back: LinkDirConfig, tcp: TcpConfig) -> Topology {
    let link = LinkConfig { name: "link".to_owned(), ends: [HostId(0), HostId(1)], directions: [there, back] };
    Topology { nodes: (0..2).map(|n| node(n, false)).collect(), links: vec![link], tcp }
}

/// `count` hosts on either side of one narrow link (that of number 0) between two routers, all
/// other links ideal. Hosts are 2, 3, ... on the left and then on the right.
pub(crate) fn dumbbell(count: u32, narrow: [LinkDirConfig; 2], tcp: TcpConfig) -> Topology {
    let link =
        |a: u32, b: u32, directions| LinkConfig { name: format!("{a}-{b}"), ends: [HostId(a), HostId(b)], directions };
    let ideal = [LinkDirConfig::default(); 2];
    let mut links = vec![link(0, 1, narrow)];
    links.extend((2..2 + 2 * count).map(|n| link(n, u32::from(n >= 2 + count), ideal)));
    Topology { nodes: (0..2 + 2 * count).map(|n| node(n, n < 2)).collect(), links, tcp }
}

fn node(number: u32, router: bool) -> NodeConfig {
    NodeConfig { name: format!("n{number}"), addresses: address(number).into(), router }
}

fn address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0001 + number))
}

impl Lab<Silent> {
    /// A lab that nobody observes.
    pub(crate) fn new(topology: Topology, seed: u64) -> Self {
        Lab::observed(topology, seed, Silent)
    }
}

impl<O: Observer> Lab<O> {
    pub(crate) fn observed(topology: Topology, seed: u64, observer: O) -> Self {
        let hosts = topology.nodes.len();
        let mut net = Network::new(topology, &Streams::new(seed));
        for host in (0_u32..).take(hosts).map(HostId) {
            net.bind_udp(host, UDP_PORT, APP);
            for port in 25..35 {
                net.listen(host, port, APP);
            }
        }
        Self {
            net,
            kernel: Kernel::new(hosts, observer),
            datagrams: Vec::new(),
            connected: Vec::new(),
            received: BTreeMap::new(),
            accepted: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Handles all events up to and including that time.
    pub(crate) fn run_until(&mut self, end: SimTime) {
        self.drain();
        while self.kernel.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.kernel.idle_until(end);
    }

    /// Handles events until none is left.
    pub(crate) fn run(&mut self) {
        self.drain();
        while self.kernel.next_at().is_some() {
            self.step();
        }
        self.net.check_conservation().unwrap();
    }

    fn step(&mut self) {
        let pending = self.kernel.pop().expect("an event");
        match pending.event {
            Event::Net(event) => self.net.handle(&mut self.kernel, event),
            Event::Wake(..) | Event::FaultBegins(_) | Event::FaultEnds(_) | Event::Served(..) => {
                unreachable!("nobody asked for it")
            }
        }
        self.drain();
    }

    fn drain(&mut self) {
        let now = posthaste::net::Kernel::now(&self.kernel);
        while let Some(notice) = self.net.next_notice(&mut self.kernel) {
            match notice {
                Notice::Datagram { .. } => self.datagrams.push(now),
                Notice::Connected { .. } => self.connected.push(now),
                Notice::Accepted { socket, .. } => self.accepted.push(socket),
                Notice::Readable { socket, .. } => {
                    self.scratch.clear();
                    self.net.take_received(&mut self.kernel, socket, &mut self.scratch);
                    *self.received.entry(socket).or_default() += self.scratch.len() as u64;
                }
                Notice::Drained { socket, .. } => self.fill(socket),
                Notice::PeerClosed { socket, .. } => self.net.close(&mut self.kernel, socket),
                Notice::Closed { .. } | Notice::Unreachable { .. } => {}
            }
        }
    }

    pub(crate) fn now(&self) -> SimTime {
        posthaste::net::Kernel::now(&self.kernel)
    }

    /// Sends a packet of that length, headers included, by UDP.
    pub(crate) fn datagram(&mut self, from: u32, to: u32, bytes: u64) {
        let payload = usize::try_from(bytes.saturating_sub(HEADERS)).unwrap().min(ZEROS.len());
        let payload = Bytes::from_static(&ZEROS[..payload]);
        let to = Endpoint::new(address(to), UDP_PORT);
        self.net.send_datagram(&mut self.kernel, HostId(from), UDP_PORT, to, payload);
    }

    /// Sends `count` packets from host 0 to host 1, with gaps and lengths drawn by those two, and
    /// waits until all are there. Returns when they were sent.
    pub(crate) fn flow(
        &mut self,
        seed: u64,
        count: usize,
        gap: Dist,
        mut bytes: impl FnMut(&mut Stream) -> u64,
    ) -> Vec<SimTime> {
        let (mut gaps, mut sizes) = (Streams::new(seed).stream("gaps"), Streams::new(seed).stream("sizes"));
        let mut at = self.now();
        let mut sent = Vec::with_capacity(count);
        for _ in 0..count {
            at = at.saturating_add(gap.sample(&mut gaps));
            self.run_until(at);
            sent.push(at);
            self.datagram(0, 1, bytes(&mut sizes));
        }
        self.run();
        sent
    }

    /// Opens a connection to that port.
    pub(crate) fn connect(&mut self, from: u32, to: u32, port: u16) -> SocketId {
        self.net.connect(&mut self.kernel, HostId(from), APP, Endpoint::new(address(to), port)).0
    }

    /// Opens a connection over which octets are poured without end.
    pub(crate) fn pour(&mut self, from: u32, to: u32) {
        let socket = self.connect(from, to, 25);
        self.fill(socket);
    }

    fn fill(&mut self, socket: SocketId) {
        self.net.send(&mut self.kernel, socket, &HELPING);
        self.net.tell_when_drained(&mut self.kernel, socket, 16_000);
    }

    /// Mb/s that arrived at each accepted connection from one time to another.
    pub(crate) fn rates(&mut self, from: SimTime, to: SimTime) -> Vec<f64> {
        self.run_until(from);
        let before = self.arrived();
        self.run_until(to);
        let time_us = to.since(from).as_nanos() as f64 / 1e3;
        self.arrived().iter().zip(&before).map(|(after, before)| (after - before) as f64 * 8.0 / time_us).collect()
    }

    fn arrived(&self) -> Vec<u64> {
        self.accepted.iter().map(|socket| self.received.get(socket).copied().unwrap_or_default()).collect()
    }

    /// The counters of the first link, from its first end to its second.
    pub(crate) fn stats(&self) -> LinkDirStats {
        self.net.link_stats()[0]
    }
}

/// Gaps of a Poisson process.
pub(crate) const fn poisson(per_second: u64) -> Dist {
    Dist::Exponential { mean: SimDuration::from_nanos(1_000_000_000 / per_second) }
}

/// That many seconds after the start.
pub(crate) const fn at(seconds: u64) -> SimTime {
    SimTime::from_nanos(seconds * 1_000_000_000)
}

/// A part of a whole.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// The mean wait of the packets that a link carried, in seconds.
pub(crate) fn mean_wait(stats: &LinkDirStats) -> f64 {
    stats.queue_integral_packet_ns as f64 / stats.carried.packets as f64 / 1e9
}
