//! What the network workloads share: a network with its event loop, and how its links and
//! nodes are written down.

use std::net::IpAddr;

use crate::base::trace::Silent;
use crate::base::{DataRate, HostId, SimDuration, SimTime, Streams};
use crate::net::{Kernel as _, LinkConfig, LinkDirConfig, Network, NodeConfig, Notice, QueueLimit, Topology};
use crate::sim::kernel::{Event, Kernel};

/// A network and its event loop.
#[derive(Debug)]
pub(super) struct Bed {
    pub(super) kernel: Kernel<Silent>,
    pub(super) network: Network,
    /// Events so far.
    pub(super) events: u64,
}

impl Bed {
    pub(super) fn new(topology: Topology, streams: &Streams) -> Self {
        let kernel = Kernel::new(topology.nodes.len(), Silent);
        Self { kernel, network: Network::new(topology, streams), events: 0 }
    }

    /// Lets the next event happen, unless it is later than `until`. Drain the notices afterwards.
    pub(super) fn next(&mut self, until: SimTime) -> Option<Event> {
        if self.kernel.next_at()? > until {
            return None;
        }
        let event = self.kernel.pop()?.event;
        self.events += 1;
        if let Event::Net(event) = event {
            self.network.handle(&mut self.kernel, event);
        }
        Some(event)
    }

    pub(super) fn notice(&mut self) -> Option<Notice> {
        self.network.next_notice(&mut self.kernel)
    }

    pub(super) fn now(&self) -> SimTime {
        self.kernel.now()
    }

    /// Packets that arrived over a link, counted once for each link.
    pub(super) fn packet_hops(&self) -> u64 {
        self.network.link_stats().iter().map(|stats| stats.delivered.packets).sum()
    }

    /// Packets that links dropped.
    pub(super) fn drops(&self) -> u64 {
        self.network.link_stats().iter().map(|stats| stats.dropped().packets).sum()
    }
}

/// The address of a node of that number.
pub(super) fn address(node: u32) -> IpAddr {
    let [_, a, b, c] = node.to_be_bytes();
    IpAddr::from([10, a, b, c])
}

/// A node; its number is its place in the topology.
pub(super) fn node(name: String, number: u32, router: bool) -> NodeConfig {
    NodeConfig { name, addresses: address(number).into(), router }
}

/// A link, alike in both directions.
pub(super) fn link(
    name: String,
    ends: [u32; 2],
    rate: Option<DataRate>,
    delay_ms: u64,
    queue: QueueLimit,
) -> LinkConfig {
    let delay = SimDuration::from_millis(delay_ms);
    let direction = LinkDirConfig { rate, delay, queue, ..LinkDirConfig::default() };
    LinkConfig { name, ends: ends.map(HostId), directions: [direction; 2] }
}
