//! Bulk transfers across one bottleneck.
//!
//! ```text
//!  sender 1 ── 100 Mb/s, 5 ms ──┐                                       ┌── receiver 1
//!     ...                    router ── RATE, 20 ms, 100 packets ── router     ...
//!  sender N ────────────────────┘                                       └── receiver N
//! ```
//!
//! N long-lived flows of TCP (NewReno, with or without SACK) from N senders to N receivers.
//! Flows start at random within the first 100 ms, so that they do not lose in step. A sender
//! always has something to send, and receivers read at once, so nothing but the network limits
//! a flow. Octets are real ones.
//!
//! The access links' queues hold 100 packets too. Were they without limit, a flow alone on a
//! link as fast as the bottleneck would never lose, and its packets, each in time for the place
//! that has just become free, would shut others out for good (Floyd and Jacobson 1991 on phase
//! effects).

use crate::base::{AppId, DataRate, Endpoint, HostId, SimDuration, SimTime, SocketId, Streams};
use crate::net::{Notice, QueueLimit, TcpConfig, Topology};
use crate::sim::kernel::Event;

use super::bed::{Bed, address, link, node};
use super::{Cost, Figures, Workload};

const ACCESS_BITS_PER_SEC: u64 = 100_000_000;
const ACCESS_DELAY_MS: u64 = 5;
const BOTTLENECK_DELAY_MS: u64 = 20;
const QUEUE: QueueLimit = QueueLimit::Packets(100);
/// Octets of data in a full segment.
const MSS: u32 = 1448;
/// RFC 7323 3.2: what timestamps take from each segment.
const TIMESTAMPS: u32 = 12;
/// Above any bandwidth-delay product here: 100 Mb/s in 60 ms are 750 kB, and 100 packets.
const RECEIVE_WINDOW: u32 = 4 << 20;
const INITIAL_WINDOW: u32 = 10;
/// Flows start within this time.
const STAGGER: SimDuration = SimDuration::from_millis(100);
const PORT: u16 = 9;
const APP: AppId = AppId(0);
/// What a sender is given at once: whole segments, for an odd end would go by itself when
/// the sender catches up with its application.
const CHUNK: usize = 4 * MSS as usize;
/// The most flows.
pub const MAX_FLOWS: u32 = 1_000_000;

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub struct Dumbbell {
    /// Flows; at least 1, at most [`MAX_FLOWS`].
    pub flows: u32,
    /// Rate of the bottleneck.
    pub rate: DataRate,
    /// Simulated time.
    pub time: SimDuration,
    /// Selective acknowledgements.
    pub sack: bool,
    /// Timestamps: packets are then 12 octets longer, with as much data.
    pub timestamps: bool,
    /// Seed of the starts.
    pub seed: u64,
}

impl Dumbbell {
    /// Builds the world.
    ///
    /// # Panics
    /// If there is no flow, or more than [`MAX_FLOWS`].
    #[must_use]
    pub fn build(self) -> DumbbellRun {
        assert!((1..=MAX_FLOWS).contains(&self.flows), "1 to {MAX_FLOWS} flows");
        let streams = Streams::new(self.seed);
        let mut bed = Bed::new(self.topology(), &streams);
        let mut flows = Vec::new();
        for flow in 0..self.flows {
            let mut stream = streams.stream(&format!("bench/flow{flow}/start"));
            let at = SimTime::from_nanos(stream.below(STAGGER.as_nanos()));
            bed.kernel.push(at, HostId(flow), Event::Wake(HostId(flow), APP));
            bed.network.listen(HostId(self.flows + flow), PORT, APP);
            flows.push(Flow { sender: None, received: 0 });
        }
        let chunk = (0..=u8::MAX).cycle().take(CHUNK).collect();
        DumbbellRun { parameters: self, bed, flows, chunk, inbox: Vec::new() }
    }

    fn topology(&self) -> Topology {
        let n = self.flows;
        let (left, right) = (2 * n, 2 * n + 1);
        let mut nodes: Vec<_> = (0..n).map(|i| node(format!("s{i}"), i, false)).collect();
        nodes.extend((0..n).map(|i| node(format!("r{i}"), n + i, false)));
        nodes.extend([node("left".to_owned(), left, true), node("right".to_owned(), right, true)]);
        let rate = DataRate::from_bits_per_sec(ACCESS_BITS_PER_SEC);
        let access = |name: String, ends| link(name, ends, rate, ACCESS_DELAY_MS, QUEUE);
        let mut links = vec![link("bottleneck".to_owned(), [left, right], Some(self.rate), BOTTLENECK_DELAY_MS, QUEUE)];
        links.extend((0..n).map(|i| access(format!("s{i}-left"), [i, left])));
        links.extend((0..n).map(|i| access(format!("right-r{i}"), [right, n + i])));
        let tcp = TcpConfig {
            mss: if self.timestamps { MSS + TIMESTAMPS } else { MSS },
            initial_window: INITIAL_WINDOW,
            receive_window: RECEIVE_WINDOW,
            sack: self.sack,
            window_scale: true,
            timestamps: self.timestamps,
            ..TcpConfig::default()
        };
        Topology { nodes, links, tcp }
    }
}

#[derive(Debug)]
struct Flow {
    sender: Option<SocketId>,
    received: u64,
}

/// The world of a [`Dumbbell`].
#[derive(Debug)]
pub struct DumbbellRun {
    parameters: Dumbbell,
    bed: Bed,
    flows: Vec<Flow>,
    chunk: Vec<u8>,
    inbox: Vec<u8>,
}

impl DumbbellRun {
    fn start(&mut self, sender: HostId) {
        let to = Endpoint::new(address(self.parameters.flows + sender.0), PORT);
        let Bed { kernel, network, .. } = &mut self.bed;
        let (socket, _) = network.connect(kernel, sender, APP, to);
        self.flows[sender.index()].sender = Some(socket);
    }

    fn notice(&mut self, notice: &Notice) {
        match *notice {
            Notice::Connected { host, .. } | Notice::Drained { host, .. } => self.supply(host.index()),
            Notice::Readable { host, socket, .. } => {
                let flow = host.index() - self.flows.len();
                self.inbox.clear();
                self.bed.network.take_received(&mut self.bed.kernel, socket, &mut self.inbox);
                self.flows[flow].received += self.inbox.len() as u64;
            }
            Notice::Accepted { .. }
            | Notice::PeerClosed { .. }
            | Notice::Closed { .. }
            | Notice::Datagram { .. }
            | Notice::Unreachable { .. } => {}
        }
    }

    /// Gives the sender enough to send until it is asked again.
    fn supply(&mut self, flow: usize) {
        let Some(socket) = self.flows[flow].sender else { return };
        let Bed { kernel, network, .. } = &mut self.bed;
        network.send(kernel, socket, &self.chunk);
        network.tell_when_drained(kernel, socket, 0);
    }

    fn goodput_mbps(&self) -> f64 {
        let octets: u64 = self.flows.iter().map(|flow| flow.received).sum();
        #[expect(clippy::cast_precision_loss, reason = "statistics may round")]
        let bits = octets as f64 * 8.0;
        bits / self.parameters.time.as_secs_f64() / 1e6
    }
}

impl Workload for DumbbellRun {
    fn run(&mut self) {
        let end = SimTime::ZERO + self.parameters.time;
        while let Some(event) = self.bed.next(end) {
            match event {
                Event::Wake(sender, _) => self.start(sender),
                Event::Net(_) | Event::Served(..) | Event::FaultBegins(_) | Event::FaultEnds(_) => {}
            }
            while let Some(notice) = self.bed.notice() {
                self.notice(&notice);
            }
        }
    }

    fn figures(&self) -> Figures {
        let Dumbbell { flows, rate, time, sack, timestamps, seed } = self.parameters;
        let on = |on| if on { "on" } else { "off" };
        let least = self.flows.iter().map(|flow| flow.received).min().unwrap_or(0);
        Figures::of("dumbbell")
            .with("flows", flows)
            .with("rate", rate.to_text())
            .with("sack", on(sack))
            .with("timestamps", on(timestamps))
            .with("seed", seed)
            .with("simulated_s", time)
            .with("events", self.bed.events)
            .with("packet_hops", self.bed.packet_hops())
            .with("dropped", self.bed.drops())
            .with("least_octets", least)
            .with("goodput_mbps", format!("{:.3}", self.goodput_mbps()))
    }

    fn costs(&self) -> Vec<Cost> {
        vec![Cost::Time { key: "ns_per_packet_hop", unit_ns: 1, count: self.bed.packet_hops() }]
    }
}
