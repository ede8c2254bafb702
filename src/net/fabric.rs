//! The fabric: moves packets from node to node, and nothing else.
//!
//! It knows addresses, routes, links and which nodes are up. A packet for its own host goes
//! through the event queue without delay and over no link, so it leaves no hop in the trace.

mod degraded;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use slotmap::SlotMap;
use std::net::IpAddr;

use super::impairment::Fate;
use super::link::{LinkDir, Rider};
use super::packet::{Body, DatagramKey, INITIAL_TTL, Packet, Segment};
use super::policy::{DeadHosts, Policy, Routing};
use super::pool::{PacketId, Pool};
use super::routing::{Routes, State};
use super::stats::LinkDirStats;
use super::topology::{LinkDirConfig, Topology};
use super::{Kernel, NetEvent};
use crate::base::trace::{DropReason, IcmpKind, NetTrace, PacketContent, PacketInfo, Trace};
use crate::base::{Addresses, Endpoint, EventId, Family, HostId, LinkDirId, SimDuration, Streams};
pub(crate) use degraded::{Reveal, Told};
use degraded::{Stages, Way};

/// Nodes, links and routes, and the packets on them.
#[derive(Clone, Debug)]
pub(crate) struct Fabric {
    /// What each hop asks of a node, apart from the rest so that it stays in the cache.
    states: Vec<NodeState>,
    nodes: Vec<Node>,
    links: Vec<LinkDir>,
    /// Of degraded services; their numbers as link directions follow those of the links.
    pub(crate) stages: Stages,
    pool: Pool,
    /// Of duplex links: they name the links' random streams.
    link_names: Arc<[String]>,
    streams: Streams,
    routes: Routes,
    topology: Arc<Topology>,
    policy: Arc<Policy>,
    /// Looked up only.
    by_address: FxHashMap<IpAddr, HostId>,
    pub(crate) datagrams: SlotMap<DatagramKey, Bytes>,
    /// Segments just sent, whose content is still to be told. Only TCP can tell it: their octets
    /// are in its streams.
    pub(crate) unrevealed: Vec<(Reveal, Segment)>,
}

#[derive(Clone, Copy, Debug)]
struct NodeState {
    router: bool,
    up: bool,
    /// One of its services may have a stage to pass.
    degraded: bool,
}

#[derive(Clone, Debug)]
struct Node {
    addresses: Addresses,
    /// Packets from this host to itself.
    loopback: VecDeque<PacketId>,
    /// Counts how often the loopback was lost.
    epoch: u32,
}

impl Fabric {
    pub(crate) fn new(topology: &Topology, streams: &Streams) -> Self {
        let node =
            |config: &super::NodeConfig| Node { addresses: config.addresses, loopback: VecDeque::new(), epoch: 0 };
        let mut links = Vec::with_capacity(topology.links.len() * 2);
        for (number, link) in (0_u32..).zip(&topology.links) {
            for (dir, config) in (0_u32..).zip(&link.directions) {
                let ends = if dir == 0 { (link.ends[0], link.ends[1]) } else { (link.ends[1], link.ends[0]) };
                let stream = |purpose: &str| streams.stream(&format!("link/{}/{dir}/{purpose}", link.name));
                links.push(LinkDir::new(LinkDirId(2 * number + dir), ends, config, stream));
            }
        }
        Self {
            states: topology
                .nodes
                .iter()
                .map(|node| NodeState { router: node.router, up: true, degraded: false })
                .collect(),
            nodes: topology.nodes.iter().map(node).collect(),
            links,
            stages: Stages::default(),
            pool: Pool::default(),
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
            by_address: (0_u32..)
                .zip(&topology.nodes)
                .flat_map(|(id, node)| node.addresses.by_precedence().map(move |address| (address, HostId(id))))
                .collect(),
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

    /// Whether the host has an address of that family: without one it can send nothing of it.
    pub(crate) fn speaks(&self, host: HostId, family: Family) -> bool {
        self.nodes[host.index()].addresses.has(family)
    }

    /// The host's endpoint in that family, for the trace and for applications: packets name hosts.
    pub(crate) fn endpoint(&self, host: HostId, port: u16, family: Family) -> Endpoint {
        let address = self.nodes[host.index()].addresses.of(family);
        Endpoint::new(address.unwrap_or(family.unspecified()), port)
    }

    pub(crate) fn is_up(&self, host: HostId) -> bool {
        self.states[host.index()].up
    }

    pub(crate) fn reaches(&self, from: HostId, to: HostId) -> bool {
        from == to || self.routes.next_hop(from, to).is_some()
    }

    /// The largest packet that a host can send towards another.
    pub(crate) fn first_mtu(&self, from: HostId, to: HostId) -> u32 {
        self.routes.next_hop(from, to).map_or(u32::MAX, |link| self.links[link.index()].mtu())
    }

    pub(crate) fn stats(&self) -> Vec<LinkDirStats> {
        self.links.iter().map(LinkDir::stats).collect()
    }

    /// Sends a packet from its source.
    pub(crate) fn send<K: Kernel>(&mut self, kernel: &mut K, mut packet: Packet) {
        let (src, dst) = (packet.src, packet.dst);
        packet.cause = kernel.cause();
        if !self.is_up(src) {
            self.lose(kernel, src, None, packet, DropReason::HostDown);
            return;
        }
        let id = self.pool.insert(packet);
        if !(self.states[src.index()].degraded && self.detained(kernel, src, Way::From, id)) {
            self.sets_out(kernel, (src, dst), id);
        }
    }

    /// Sends a packet from a host that its source address is not: a forged one. Nothing checks
    /// sources on the way (RFC 2827 asks networks to, and many do not).
    pub(crate) fn forge<K: Kernel>(&mut self, kernel: &mut K, at: HostId, mut packet: Packet) {
        packet.cause = kernel.cause();
        if !self.is_up(at) || at == packet.dst {
            self.lose(kernel, at, None, packet, DropReason::HostDown);
            return;
        }
        let dst = packet.dst;
        let id = self.pool.insert(packet);
        self.put_on_link(kernel, at, dst, id);
    }

    /// A packet leaves its source.
    fn sets_out<K: Kernel>(&mut self, kernel: &mut K, (src, dst): (HostId, HostId), id: PacketId) {
        if src == dst {
            let node = &mut self.nodes[src.index()];
            node.loopback.push_back(id);
            let event = NetEvent::Loopback { host: src, epoch: node.epoch };
            let order = kernel.order(src);
            kernel.schedule(kernel.now(), order, event);
        } else {
            self.put_on_link(kernel, src, dst, id);
        }
    }

    fn put_on_link<K: Kernel>(&mut self, kernel: &mut K, at: HostId, dst: HostId, id: PacketId) {
        let Some(link) = self.routes.next_hop(at, dst) else {
            let packet = self.pool.remove(id);
            self.refuse(kernel, (at, at), packet, DropReason::NoRoute, IcmpKind::NetUnreachable);
            return;
        };
        if self.put_on(kernel, at, link, id, false) {
            let before = kernel.cause();
            let packet = *self.pool.get(id);
            kernel.set_cause(packet.cause);
            let twin = self.twin(packet);
            let twin = self.pool.insert(twin);
            self.put_on(kernel, at, link, twin, true);
            kernel.set_cause(before);
        }
    }

    /// Tells what a packet carries that its source has just sent.
    fn reveal<K: Kernel>(&mut self, kernel: &mut K, id: PacketId, packet: &Packet) {
        match packet.body {
            Body::Tcp(segment) => match self.stages.kept(id) {
                Some(told) => told.tell(kernel, packet),
                None => self.unrevealed.push((Reveal::Sent(packet.cause), segment)),
            },
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
    fn put_on<K: Kernel>(&mut self, kernel: &mut K, at: HostId, link: LinkDirId, id: PacketId, twin: bool) -> bool {
        if K::TRACING {
            let packet = *self.pool.get(id);
            let sent = kernel.trace(at, Trace::Net(NetTrace::Sent { link, packet: self.info(&packet) }));
            self.pool.get_mut(id).cause = sent;
            // a forged packet does not set out from its source, but routers have not touched it either
            if !twin && packet.ttl == INITIAL_TTL && kernel.wants_content() {
                self.reveal(kernel, id, &Packet { cause: sent, ..packet });
            }
        }
        let offered = self.links[link.index()].offer(kernel, &mut self.pool, id, twin);
        offered.unwrap_or_else(|reason| {
            let packet = self.pool.remove(id);
            let before = kernel.cause();
            kernel.set_cause(packet.cause);
            let dropped = self.lose(kernel, at, Some(link), packet, reason);
            if reason == DropReason::TooBig {
                self.report(kernel, at, &packet, dropped, IcmpKind::TooBig { mtu: self.links[link.index()].mtu() });
            }
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
        let Some(dir) = self.links.get_mut(link.index()) else { return self.stage_head(kernel, link, epoch) };
        let rider = dir.take_head(kernel, epoch)?;
        self.leaves_link(kernel, link, &rider)
    }

    /// A packet arrives on a link that does not keep the order of packets.
    pub(crate) fn link_loose<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, number: u64) -> Option<Packet> {
        let rider = self.links[link.index()].take_loose(kernel, number)?;
        self.leaves_link(kernel, link, &rider)
    }

    /// The line of a link with a `CoDel` queue may have become free.
    pub(crate) fn link_free<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId) {
        let mut dropped = Vec::new();
        self.links[link.index()].line_free(kernel, &mut self.pool, &mut dropped);
        for id in dropped {
            let packet = self.pool.remove(id);
            kernel.set_cause(packet.cause);
            self.lose(kernel, self.links[link.index()].from, Some(link), packet, DropReason::Sojourn);
        }
    }

    fn leaves_link<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, rider: &Rider) -> Option<Packet> {
        let (from, at) = (self.links[link.index()].from, self.links[link.index()].to);
        let packet = self.pool.get_mut(rider.packet);
        kernel.set_cause(packet.cause);
        match rider.fate {
            Fate::Arrive => {}
            Fate::Corrupt => packet.damaged = true,
            Fate::Lose => {
                let packet = self.pool.remove(rider.packet);
                self.lose(kernel, from, Some(link), packet, DropReason::Loss);
                return None;
            }
        }
        let (dst, damaged, ttl) = (packet.dst, packet.damaged, packet.ttl);
        if K::TRACING {
            let packet = *packet;
            let arrived = kernel.trace(at, Trace::Net(NetTrace::Arrived { link, packet: self.info(&packet) }));
            kernel.set_cause(arrived);
        }
        let node = self.states[at.index()];
        if node.up && dst == at && !damaged {
            if node.degraded && self.detained(kernel, at, Way::To, rider.packet) {
                return None;
            }
            return Some(self.pool.remove(rider.packet));
        }
        if node.up && dst != at && node.router && ttl > 1 {
            self.pool.get_mut(rider.packet).ttl -= 1;
            self.put_on_link(kernel, at, dst, rider.packet);
            return None;
        }
        let packet = self.pool.remove(rider.packet);
        self.ends_at(kernel, (from, at), packet);
        None
    }

    /// A packet gets no further than `at`, where it came from `from`.
    fn ends_at<K: Kernel>(&mut self, kernel: &mut K, (from, at): (HostId, HostId), packet: Packet) {
        let node = self.states[at.index()];
        let reported = self.policy.dead_hosts == DeadHosts::Reported && self.states[from.index()].router;
        if !node.up && packet.dst == at && reported {
            self.refuse(kernel, (at, from), packet, DropReason::HostDown, IcmpKind::HostUnreachable);
        } else if !node.up {
            self.lose(kernel, at, None, packet, DropReason::HostDown);
        } else if packet.dst == at {
            // RFC 768, RFC 9293 3.1: the checksum covers header and data. Routers look at
            // the IP header alone, so damage travels on to here.
            self.lose(kernel, at, None, packet, DropReason::Corrupt);
        } else if !node.router {
            self.lose(kernel, at, None, packet, DropReason::NoRoute);
        } else {
            // RFC 1812 5.3.1: "the router MUST discard the packet and SHOULD send an ICMP Time Exceeded".
            self.refuse(kernel, (at, at), packet, DropReason::TtlExpired, IcmpKind::TimeExceeded);
        }
    }

    /// A packet from a host to itself arrives.
    pub(crate) fn loopback<K: Kernel>(&mut self, kernel: &mut K, host: HostId, epoch: u32) -> Option<Packet> {
        let node = &mut self.nodes[host.index()];
        if node.epoch != epoch {
            return None;
        }
        let id = node.loopback.pop_front()?;
        kernel.set_cause(self.pool.get(id).cause);
        if self.states[host.index()].degraded && self.detained(kernel, host, Way::To, id) {
            return None;
        }
        Some(self.pool.remove(id))
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
        self.states[host.index()].up = up;
        if self.states[host.index()].router {
            self.topology_changed(kernel, host);
        }
        if up {
            return;
        }
        let node = &mut self.nodes[host.index()];
        node.epoch = node.epoch.wrapping_add(1);
        for id in std::mem::take(&mut node.loopback) {
            let packet = self.pool.remove(id);
            self.lose(kernel, host, None, packet, DropReason::HostDown);
        }
        self.clear_stages(kernel, host);
        for link in 0..self.links.len() {
            if self.links[link].from == host {
                let lost = self.links[link].clear_queue(kernel.now());
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
                let lost = self.links[dir].clear(kernel.now(), DropReason::LinkDown);
                self.lose_all(kernel, dir, lost, DropReason::LinkDown);
            }
        }
    }

    /// Changes the properties of one direction of a link.
    pub(crate) fn change_link<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, config: &LinkDirConfig) {
        let (name, dir, streams) = (&self.link_names[link.index() / 2], link.0 % 2, self.streams);
        let stream = |purpose: &str| streams.stream(&format!("link/{name}/{dir}/{purpose}"));
        self.links[link.index()].change(kernel, config, stream);
    }

    fn lose_all<K: Kernel>(&mut self, kernel: &mut K, link: usize, lost: Vec<PacketId>, reason: DropReason) {
        let (dir, from) = (self.links[link].id, self.links[link].from);
        for id in lost {
            let packet = self.pool.remove(id);
            self.lose(kernel, from, Some(dir), packet, reason);
        }
    }

    fn info(&self, packet: &Packet) -> PacketInfo {
        PacketInfo {
            src: self.endpoint(packet.src, packet.src_port, packet.family),
            dst: self.endpoint(packet.dst, packet.dst_port, packet.family),
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

    /// Says which link direction's counters do not add up, or that packets were forgotten.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut present = self.nodes.iter().map(|node| node.loopback.len() as u64).sum::<u64>();
        for dir in self.links.iter().chain(self.stages.dirs()) {
            let stats = dir.stats();
            if !stats.balances() {
                return Err(format!("link direction {}: {stats:?}", dir.id.0));
            }
            present += stats.present.packets;
        }
        if present != self.pool.len() as u64 {
            return Err(format!("{} packets travel, but {present} are on links and in stages", self.pool.len()));
        }
        Ok(())
    }
}
