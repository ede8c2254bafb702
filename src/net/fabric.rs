//! The fabric: moves packets from node to node, and nothing else.
//!
//! It knows addresses, routes, links and which nodes are up. A packet for its own host goes
//! through the event queue without delay and over no link, so it leaves no hop in the trace.

use std::collections::VecDeque;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use slotmap::SlotMap;
use std::net::IpAddr;

use super::impairment::{Impairment, Verdict};
use super::link::LinkDir;
use super::packet::{Body, DatagramKey, Packet, Segment};
use super::routing::Routes;
use super::stats::LinkDirStats;
use super::topology::Topology;
use super::{Kernel, NetEvent};
use crate::base::trace::{DropReason, NetTrace, PacketContent, PacketInfo, Trace};
use crate::base::{Endpoint, EventId, HostId, LinkDirId, Probability, Streams};

/// Nodes, links and routes, and the packets on them.
#[derive(Clone, Debug)]
pub(crate) struct Fabric {
    nodes: Vec<Node>,
    links: Vec<LinkDir>,
    stats: Vec<LinkDirStats>,
    routes: Routes,
    /// Looked up only.
    by_address: FxHashMap<IpAddr, HostId>,
    pub(crate) datagrams: SlotMap<DatagramKey, Bytes>,
    /// Segments just sent, with the events that say so, whose content is still to be told.
    /// Only TCP can tell it: their octets are in its streams.
    pub(crate) unrevealed: Vec<(EventId, Segment)>,
}

#[derive(Clone, Debug)]
struct Node {
    address: IpAddr,
    router: bool,
    up: bool,
    /// Packets from this host to itself.
    loopback: VecDeque<Packet>,
    /// Counts how often the loopback was lost.
    epoch: u32,
}

impl Fabric {
    pub(crate) fn new(topology: &Topology, streams: &Streams) -> Self {
        let node = |config: &super::NodeConfig| Node {
            address: config.address,
            router: config.router,
            up: true,
            loopback: VecDeque::new(),
            epoch: 0,
        };
        let mut links = Vec::with_capacity(topology.links.len() * 2);
        for (number, link) in (0_u32..).zip(&topology.links) {
            for (dir, config) in (0_u32..).zip(&link.directions) {
                let ends = if dir == 0 { (link.ends[0], link.ends[1]) } else { (link.ends[1], link.ends[0]) };
                let stream = || streams.stream(&format!("link/{}/{dir}/loss", link.name));
                // A link that loses nothing draws nothing: nobody else shares its stream.
                let rules = if config.loss == Probability::ZERO {
                    Vec::new()
                } else {
                    vec![Impairment::Loss { p: config.loss, stream: stream() }]
                };
                links.push(LinkDir::new(LinkDirId(2 * number + dir), ends, config, rules));
            }
        }
        Self {
            nodes: topology.nodes.iter().map(node).collect(),
            stats: vec![LinkDirStats::default(); links.len()],
            links,
            routes: Routes::new(topology),
            by_address: (0_u32..).zip(&topology.nodes).map(|(id, node)| (node.address, HostId(id))).collect(),
            datagrams: SlotMap::with_key(),
            unrevealed: Vec::new(),
        }
    }

    pub(crate) fn host_at(&self, address: IpAddr) -> Option<HostId> {
        self.by_address.get(&address).copied()
    }

    pub(crate) fn endpoint(&self, host: HostId, port: u16) -> Endpoint {
        Endpoint::new(self.nodes[host.index()].address, port)
    }

    pub(crate) fn is_up(&self, host: HostId) -> bool {
        self.nodes[host.index()].up
    }

    pub(crate) fn reaches(&self, from: HostId, to: HostId) -> bool {
        from == to || self.routes.next_hop(from, to).is_some()
    }

    pub(crate) fn stats(&self) -> &[LinkDirStats] {
        &self.stats
    }

    /// Sends a packet from its source.
    pub(crate) fn send<K: Kernel>(&mut self, kernel: &mut K, mut packet: Packet) {
        let src = packet.src;
        let node = &mut self.nodes[src.index()];
        packet.cause = kernel.cause();
        if !node.up {
            self.lose(kernel, src, None, packet, DropReason::HostDown);
        } else if src == packet.dst {
            node.loopback.push_back(packet);
            let event = NetEvent::Loopback { host: src, epoch: node.epoch };
            let order = kernel.order(src);
            kernel.schedule(kernel.now(), order, event);
        } else {
            self.put_on_link(kernel, src, packet);
        }
    }

    fn put_on_link<K: Kernel>(&mut self, kernel: &mut K, at: HostId, mut packet: Packet) {
        let Some(link) = self.routes.next_hop(at, packet.dst) else {
            self.lose(kernel, at, None, packet, DropReason::NoRoute);
            return;
        };
        if K::TRACING {
            packet.cause = kernel.trace(at, Trace::Net(NetTrace::Sent { link, packet: self.info(&packet) }));
            if at == packet.src && kernel.wants_content() {
                self.reveal(kernel, &packet);
            }
        }
        let (dir, stats) = (&mut self.links[link.index()], &mut self.stats[link.index()]);
        if let Err(reason) = dir.offer(kernel, stats, packet) {
            let before = kernel.cause();
            kernel.set_cause(packet.cause);
            self.lose(kernel, at, Some(link), packet, reason);
            kernel.set_cause(before);
        }
    }

    /// Tells what a packet carries that its source has just sent.
    fn reveal<K: Kernel>(&mut self, kernel: &mut K, packet: &Packet) {
        match packet.body {
            Body::Tcp(segment) => self.unrevealed.push((packet.cause, segment)),
            Body::Udp(key) => kernel.content(&PacketContent {
                sent: packet.cause,
                ttl: packet.ttl,
                tcp: None,
                payload: &self.datagrams[key],
            }),
        }
    }

    /// The head of a link arrives. Returns it when it is for that node; else it was forwarded,
    /// lost, or the event was stale.
    pub(crate) fn link_head<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, epoch: u32) -> Option<Packet> {
        let (dir, stats) = (&mut self.links[link.index()], &mut self.stats[link.index()]);
        let rider = dir.take_head(kernel, stats, epoch)?;
        let (from, at, mut packet) = (dir.from, dir.to, rider.packet);
        kernel.set_cause(packet.cause);
        match rider.verdict {
            Verdict::Pass => {}
            Verdict::Lose => {
                self.lose(kernel, from, Some(link), packet, DropReason::Loss);
                return None;
            }
        }
        if K::TRACING {
            let arrived = kernel.trace(at, Trace::Net(NetTrace::Arrived { link, packet: self.info(&packet) }));
            kernel.set_cause(arrived);
        }
        let node = &self.nodes[at.index()];
        let trouble = if !node.up {
            DropReason::HostDown
        } else if packet.dst == at {
            return Some(packet);
        } else if !node.router {
            DropReason::NoRoute
        } else if packet.ttl <= 1 {
            DropReason::TtlExpired
        } else {
            packet.ttl -= 1;
            self.put_on_link(kernel, at, packet);
            return None;
        };
        self.lose(kernel, at, None, packet, trouble);
        None
    }

    /// A packet from a host to itself arrives.
    pub(crate) fn loopback<K: Kernel>(&mut self, kernel: &mut K, host: HostId, epoch: u32) -> Option<Packet> {
        let node = &mut self.nodes[host.index()];
        if node.epoch != epoch {
            return None;
        }
        let packet = node.loopback.pop_front()?;
        kernel.set_cause(packet.cause);
        Some(packet)
    }

    /// A packet is lost at or beside `host`.
    pub(crate) fn lose<K: Kernel>(
        &mut self,
        kernel: &mut K,
        host: HostId,
        link: Option<LinkDirId>,
        packet: Packet,
        reason: DropReason,
    ) {
        if K::TRACING {
            let packet = self.info(&packet);
            kernel.trace(host, Trace::Net(NetTrace::Dropped { link, packet, reason }));
        }
        match packet.body {
            Body::Tcp(_) => {}
            Body::Udp(key) => {
                self.datagrams.remove(key);
            }
        }
    }

    /// Starts or stops a node. What waits in a stopped node's queues is lost.
    pub(crate) fn set_host_up<K: Kernel>(&mut self, kernel: &mut K, host: HostId, up: bool) {
        let node = &mut self.nodes[host.index()];
        node.up = up;
        if up {
            return;
        }
        node.epoch = node.epoch.wrapping_add(1);
        for packet in std::mem::take(&mut node.loopback) {
            self.lose(kernel, host, None, packet, DropReason::HostDown);
        }
        for link in 0..self.links.len() {
            if self.links[link].from == host {
                let lost = self.links[link].clear_queue(kernel.now(), &mut self.stats[link]);
                self.lose_all(kernel, link, lost, DropReason::HostDown);
            }
        }
    }

    /// Starts or stops both directions of a link. What is on a stopped link is lost.
    pub(crate) fn set_link_up<K: Kernel>(&mut self, kernel: &mut K, link: usize, up: bool) {
        for dir in [2 * link, 2 * link + 1] {
            self.links[dir].up = up;
            if !up {
                let lost = self.links[dir].clear(kernel.now(), &mut self.stats[dir]);
                self.lose_all(kernel, dir, lost, DropReason::LinkDown);
            }
        }
    }

    fn lose_all<K: Kernel>(&mut self, kernel: &mut K, link: usize, lost: Vec<Packet>, reason: DropReason) {
        let (id, from) = (self.links[link].id, self.links[link].from);
        for packet in lost {
            self.lose(kernel, from, Some(id), packet, reason);
        }
    }

    fn info(&self, packet: &Packet) -> PacketInfo {
        PacketInfo {
            src: self.endpoint(packet.src, packet.src_port),
            dst: self.endpoint(packet.dst, packet.dst_port),
            bytes: packet.bytes,
            tcp: match &packet.body {
                Body::Tcp(segment) => Some(segment.info()),
                Body::Udp(_) => None,
            },
        }
    }

    /// Says which link direction's counters do not add up.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (dir, stats) in self.links.iter().zip(&self.stats) {
            if !stats.balances() || stats.present.packets != dir.len() as u64 {
                return Err(format!("link direction {}: {} packets present, {stats:?}", dir.id.0, dir.len()));
            }
        }
        Ok(())
    }
}
