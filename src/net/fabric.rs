//! The fabric: moves packets from node to node, and nothing else.
//!
//! It knows addresses, routes, links and which nodes are up. A packet for its own host goes
//! through the event queue without delay and over no link, so it leaves no hop in the trace.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use slotmap::SlotMap;
use std::net::IpAddr;

use super::impairment::Fate;
use super::link::{LinkDir, Rider};
use super::packet::{Body, DatagramKey, Packet, Segment};
use super::policy::{DeadHosts, Policy, Routing};
use super::routing::{Routes, State};
use super::stats::LinkDirStats;
use super::topology::{LinkDirConfig, Topology};
use super::{Kernel, NetEvent};
use crate::base::trace::{DropReason, IcmpKind, NetTrace, PacketContent, PacketInfo, Trace};
use crate::base::{Endpoint, EventId, HostId, LinkDirId, SimDuration, Streams};

/// Nodes, links and routes, and the packets on them.
#[derive(Clone, Debug)]
pub(crate) struct Fabric {
    nodes: Vec<Node>,
    links: Vec<LinkDir>,
    /// Of duplex links: they name the links' random streams.
    link_names: Arc<[String]>,
    streams: Streams,
    stats: Vec<LinkDirStats>,
    routes: Routes,
    topology: Arc<Topology>,
    policy: Arc<Policy>,
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
                let stream = |purpose: &str| streams.stream(&format!("link/{}/{dir}/{purpose}", link.name));
                links.push(LinkDir::new(LinkDirId(2 * number + dir), ends, config, stream));
            }
        }
        Self {
            nodes: topology.nodes.iter().map(node).collect(),
            stats: vec![LinkDirStats::default(); links.len()],
            links,
            link_names: topology.links.iter().map(|link| link.name.clone()).collect(),
            streams: *streams,
            routes: Routes::new(State {
                topology,
                routing: &Routing::default(),
                link_up: &|_| true,
                node_up: &|_| true,
            }),
            topology: Arc::new(topology.clone()),
            policy: Arc::default(),
            by_address: (0_u32..).zip(&topology.nodes).map(|(id, node)| (node.address, HostId(id))).collect(),
            datagrams: SlotMap::with_key(),
            unrevealed: Vec::new(),
        }
    }

    pub(crate) fn set_policy(&mut self, policy: &Policy) {
        let changed = self.policy.routing != policy.routing;
        self.policy = Arc::new(policy.clone());
        if changed {
            self.compute_routes();
        }
    }

    /// All routers learn what is up.
    pub(crate) fn compute_routes(&mut self) {
        let routes = Routes::new(State {
            topology: &self.topology,
            routing: &self.policy.routing,
            link_up: &|link| self.links[2 * link].up,
            node_up: &|node| self.is_up(node),
        });
        self.routes = routes;
    }

    /// A router, or a link between routers, changed its state.
    fn topology_changed<K: Kernel>(&mut self, kernel: &mut K, near: HostId) {
        match self.policy.routing.convergence {
            None => {}
            Some(SimDuration::ZERO) => self.compute_routes(),
            Some(delay) => {
                let order = kernel.order(near);
                kernel.schedule(kernel.now().saturating_add(delay), order, NetEvent::Converged);
            }
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

    /// The largest packet that gets from one host to another: the least MTU on the way. None
    /// without a way, or when no link on it has an MTU.
    pub(crate) fn path_mtu(&self, from: HostId, to: HostId) -> Option<u32> {
        let mut least = u32::MAX;
        let mut at = from;
        // A way is no longer than the number of nodes; a longer one is a loop.
        for _ in 0..self.nodes.len() {
            if at == to {
                return (least < u32::MAX).then_some(least);
            }
            let dir = &self.links[self.routes.next_hop(at, to)?.index()];
            least = least.min(dir.mtu());
            at = dir.to;
        }
        None
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
            self.refuse(kernel, (at, at), packet, DropReason::NoRoute, IcmpKind::NetUnreachable);
            return;
        };
        if self.put_on(kernel, at, link, &mut packet, false) {
            let before = kernel.cause();
            kernel.set_cause(packet.cause);
            let mut twin = self.twin(packet);
            self.put_on(kernel, at, link, &mut twin, true);
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
            // What it quotes was told of the packet that it is about.
            Body::Icmp(_) => {
                kernel.content(&PacketContent { sent: packet.cause, ttl: packet.ttl, tcp: None, payload: &[] })
            }
        }
    }

    /// Puts a packet on a link. True when a copy of it is to follow.
    fn put_on<K: Kernel>(
        &mut self,
        kernel: &mut K,
        at: HostId,
        link: LinkDirId,
        packet: &mut Packet,
        twin: bool,
    ) -> bool {
        if K::TRACING {
            packet.cause = kernel.trace(at, Trace::Net(NetTrace::Sent { link, packet: self.info(packet) }));
            if !twin && at == packet.src && kernel.wants_content() {
                self.reveal(kernel, packet);
            }
        }
        let (dir, stats) = (&mut self.links[link.index()], &mut self.stats[link.index()]);
        dir.offer(kernel, stats, *packet, twin).unwrap_or_else(|reason| {
            let before = kernel.cause();
            kernel.set_cause(packet.cause);
            self.lose(kernel, at, Some(link), *packet, reason);
            kernel.set_cause(before);
            false
        })
    }

    /// A copy of a packet, with a payload of its own.
    fn twin(&mut self, packet: Packet) -> Packet {
        let body = match packet.body {
            Body::Tcp(segment) => Body::Tcp(segment),
            Body::Icmp(icmp) => Body::Icmp(icmp),
            Body::Udp(key) => {
                let bytes = self.datagrams[key].clone();
                Body::Udp(self.datagrams.insert(bytes))
            }
        };
        Packet { body, ..packet }
    }

    /// The head of a link arrives. Returns it when it is for that node; else it was forwarded,
    /// lost, or the event was stale.
    pub(crate) fn link_head<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, epoch: u32) -> Option<Packet> {
        let (dir, stats) = (&mut self.links[link.index()], &mut self.stats[link.index()]);
        let rider = dir.take_head(kernel, stats, epoch)?;
        self.leaves_link(kernel, link, &rider)
    }

    /// A packet arrives on a link that does not keep the order of packets.
    pub(crate) fn link_loose<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, number: u64) -> Option<Packet> {
        let (dir, stats) = (&mut self.links[link.index()], &mut self.stats[link.index()]);
        let rider = dir.take_loose(kernel, stats, number)?;
        self.leaves_link(kernel, link, &rider)
    }

    /// The line of a link with a `CoDel` queue may have become free.
    pub(crate) fn link_free<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId) {
        let mut dropped = Vec::new();
        self.links[link.index()].line_free(kernel, &mut self.stats[link.index()], &mut dropped);
        for packet in dropped {
            kernel.set_cause(packet.cause);
            self.lose(kernel, self.links[link.index()].from, Some(link), packet, DropReason::Sojourn);
        }
    }

    fn leaves_link<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, rider: &Rider) -> Option<Packet> {
        let dir = &self.links[link.index()];
        let (from, at, mut packet) = (dir.from, dir.to, rider.packet);
        kernel.set_cause(packet.cause);
        match rider.fate {
            Fate::Arrive => {}
            Fate::Corrupt => packet.damaged = true,
            Fate::Lose => {
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
            if self.policy.dead_hosts == DeadHosts::Reported && packet.dst == at && self.nodes[from.index()].router {
                self.refuse(kernel, (at, from), packet, DropReason::HostDown, IcmpKind::HostUnreachable);
                return None;
            }
            DropReason::HostDown
        } else if packet.dst == at && packet.damaged {
            // RFC 768, RFC 9293 3.1: the checksum covers header and data. Routers look at
            // the IP header alone, so damage travels on to here.
            DropReason::Corrupt
        } else if packet.dst == at {
            return Some(packet);
        } else if !node.router {
            DropReason::NoRoute
        } else if packet.ttl <= 1 {
            // RFC 1812 5.3.1: "the router MUST discard the packet and SHOULD send an ICMP Time Exceeded".
            self.refuse(kernel, (at, at), packet, DropReason::TtlExpired, IcmpKind::TimeExceeded);
            return None;
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

    /// A packet is lost at or beside `host`. Returns the event that says so.
    pub(crate) fn lose<K: Kernel>(
        &mut self,
        kernel: &mut K,
        host: HostId,
        link: Option<LinkDirId>,
        packet: Packet,
        reason: DropReason,
    ) -> EventId {
        let mut event = kernel.cause();
        if K::TRACING {
            let packet = self.info(&packet);
            event = kernel.trace(host, Trace::Net(NetTrace::Dropped { link, packet, reason }));
        }
        match packet.body {
            Body::Tcp(_) | Body::Icmp(_) => {}
            Body::Udp(key) => {
                self.datagrams.remove(key);
            }
        }
        event
    }

    /// Starts or stops a node. What waits in a stopped node's queues is lost.
    pub(crate) fn set_host_up<K: Kernel>(&mut self, kernel: &mut K, host: HostId, up: bool) {
        let node = &mut self.nodes[host.index()];
        node.up = up;
        if node.router {
            self.topology_changed(kernel, host);
        }
        if up {
            return;
        }
        let node = &mut self.nodes[host.index()];
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
        }
        if !self.routes.is_leaf_link(link) {
            self.topology_changed(kernel, self.links[2 * link].from);
        }
        for dir in [2 * link, 2 * link + 1] {
            if !up {
                let lost = self.links[dir].clear(kernel.now(), &mut self.stats[dir]);
                self.lose_all(kernel, dir, lost, DropReason::LinkDown);
            }
        }
    }

    /// Changes the properties of one direction of a link.
    pub(crate) fn change_link<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, config: &LinkDirConfig) {
        let (name, dir, streams) = (&self.link_names[link.index() / 2], link.0 % 2, self.streams);
        let stream = |purpose: &str| streams.stream(&format!("link/{name}/{dir}/{purpose}"));
        self.links[link.index()].change(kernel, &mut self.stats[link.index()], config, stream);
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
                Body::Udp(_) | Body::Icmp(_) => None,
            },
            icmp: match &packet.body {
                Body::Icmp(icmp) => Some(icmp.kind),
                Body::Tcp(_) | Body::Udp(_) => None,
            },
            ecn: packet.ecn,
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
