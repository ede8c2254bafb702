//! A degraded service: one more stage for the packets of one port, at its host.
//!
//! While a service (a host's port, TCP and UDP) is degraded, what arrives for that port comes to its
//! program only after a stage with a rate, a delay and troubles of its own, and what leaves from the
//! port does so after another. Each is a link direction from the host to itself, so queueing, troubles
//! and counters are a link's. Packets of other ports, ICMP messages, and what a router forwards pass by.
//!
//! Outside of the stage all is as ever: a packet has arrived before it comes to the stage, and is sent
//! after it. So the trace and captures see on the links what a wire would see, and a packet that is
//! lost in a stage is lost at the host. A stage has no MTU, no queue management and no reordering:
//! those are things of lines.
//!
//! Hosts without such a service pay for one flag, which each hop reads together with others. A
//! stage that was mended is passed by once it is empty, so that nothing overtakes what waits there;
//! it is kept, as its random streams go on when it is degraded again.

use std::collections::BTreeMap;

use super::Fabric;
use crate::base::trace::{DropReason, PacketContent, TcpContent};
use crate::base::{EventId, HostId, LinkDirId};
use crate::net::Kernel;
use crate::net::impairment::Fate;
use crate::net::link::LinkDir;
use crate::net::packet::{Body, INITIAL_TTL, Packet};
use crate::net::pool::PacketId;
use crate::net::topology::{Discipline, Jitter, LinkDirConfig};

/// The stages of all services that were ever degraded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stages {
    /// Places in `all`.
    of_port: BTreeMap<(HostId, u16), usize>,
    all: Vec<Stage>,
    /// What segments carry that wait to be sent; their senders may need it no more when they are.
    told: BTreeMap<PacketId, Told>,
}

/// The stage of one service, in both directions.
#[derive(Clone, Debug)]
struct Stage {
    host: HostId,
    /// Whether packets that come must pass it even when it is empty.
    in_force: [bool; 2],
    /// By [`Way`].
    dirs: [LinkDir; 2],
}

/// The directions of a stage.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// To the service.
    To,
    /// From the service.
    From,
}

/// Of which packet a segment's content is to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reveal {
    /// The one that was sent by that event.
    Sent(EventId),
    /// The one that waits to be sent.
    Waits(PacketId),
}

/// What a segment carries, kept.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    isn: Option<u32>,
    window: u16,
    push: bool,
    options: Vec<u8>,
    payload: Vec<u8>,
}

impl Told {
    pub(crate) fn new(tcp: &TcpContent<'_>, payload: &[u8]) -> Self {
        let TcpContent { isn, window, push, options } = *tcp;
        Self { isn, window, push, options: options.to_vec(), payload: payload.to_vec() }
    }

    /// Tells it of the packet, which was sent by the event that is its cause.
    pub(super) fn tell<K: Kernel>(&self, kernel: &mut K, packet: &Packet) {
        let Self { isn, window, push, ref options, ref payload } = *self;
        let tcp = Some(TcpContent { isn, window, push, options });
        kernel.content(&PacketContent { sent: packet.cause, ttl: INITIAL_TTL, tcp, payload });
    }
}

impl Stage {
    fn is_passed(&self, way: usize) -> bool {
        self.in_force[way] || !self.dirs[way].is_empty()
    }
}

impl Stages {
    pub(super) fn dirs(&self) -> impl Iterator<Item = &LinkDir> {
        self.all.iter().flat_map(|stage| &stage.dirs)
    }

    /// Keeps what a segment carries until it is sent.
    pub(crate) fn keep(&mut self, packet: PacketId, told: Told) {
        self.told.insert(packet, told);
    }

    pub(super) fn kept(&self, packet: PacketId) -> Option<&Told> {
        self.told.get(&packet)
    }

    fn concerns(&self, host: HostId) -> bool {
        self.all.iter().any(|stage| stage.host == host && (stage.is_passed(0) || stage.is_passed(1)))
    }
}

/// A configuration without what means nothing in a stage.
fn reduced(config: &LinkDirConfig) -> LinkDirConfig {
    let jitter = config.jitter.map(|jitter| Jitter { reorder: false, ..jitter });
    LinkDirConfig { mtu: None, discipline: Discipline::DropTail, jitter, ..*config }
}

impl Fabric {
    /// Changes the stage of a service: to the service, and from it.
    pub(crate) fn change_service<K: Kernel>(
        &mut self,
        kernel: &mut K,
        (host, port): (HostId, u16),
        config: &[LinkDirConfig; 2],
    ) {
        let configs = config.each_ref().map(reduced);
        let (name, streams) = (&self.topology.nodes[host.index()].name, self.streams);
        let stream =
            |way: usize| move |purpose: &str| streams.stream(&format!("host/{name}/port/{port}/{way}/{purpose}"));
        let stages = &mut self.stages;
        let place = *stages.of_port.entry((host, port)).or_insert_with(|| {
            let dir = |way: usize| {
                let number = self.links.len() + 2 * stages.all.len() + way;
                let id = LinkDirId(u32::try_from(number).expect("a host has few services"));
                LinkDir::new(id, (host, host), &LinkDirConfig::default(), stream(way))
            };
            stages.all.push(Stage { host, in_force: [false; 2], dirs: [dir(0), dir(1)] });
            stages.all.len() - 1
        });
        let stage = &mut stages.all[place];
        for (way, config) in configs.iter().enumerate() {
            stage.in_force[way] = *config != LinkDirConfig::default();
            stage.dirs[way].change(kernel, config, stream(way));
        }
        self.states[host.index()].degraded = self.stages.concerns(host);
    }

    /// A packet comes to a port of a host that has degraded services, or from there. True when it
    /// goes no further for now: it waits in a stage, or was turned away.
    pub(super) fn detained<K: Kernel>(&mut self, kernel: &mut K, at: HostId, way: Way, id: PacketId) -> bool {
        let packet = self.pool.get_mut(id);
        let port = match (&packet.body, way) {
            (Body::Icmp(_), _) => return false,
            (Body::Tcp(_) | Body::Udp(_), Way::To) => packet.dst_port,
            (Body::Tcp(_) | Body::Udp(_), Way::From) => packet.src_port,
        };
        let Some(place) = self.stages.of_port.get(&(at, port)).copied() else { return false };
        if !self.stages.all[place].is_passed(way as usize) {
            return false;
        }
        packet.cause = kernel.cause();
        let packet = *packet;
        if self.waits(kernel, place, way, id, false) {
            let twin = self.twin(packet);
            let twin = self.pool.insert(twin);
            self.waits(kernel, place, way, twin, true);
        }
        true
    }

    /// Puts a packet into a stage. True when a copy of it is to follow.
    fn waits<K: Kernel>(&mut self, kernel: &mut K, place: usize, way: Way, id: PacketId, twin: bool) -> bool {
        let Stage { host, dirs, .. } = &mut self.stages.all[place];
        let host = *host;
        match dirs[way as usize].offer(kernel, &mut self.pool, id, twin) {
            Ok(twin) => {
                if let (Body::Tcp(segment), Way::From) = (self.pool.get(id).body, way)
                    && kernel.wants_content()
                {
                    self.unrevealed.push((Reveal::Waits(id), segment));
                }
                twin
            }
            Err(reason) => {
                let packet = self.pool.remove(id);
                self.lose(kernel, host, None, packet, reason);
                false
            }
        }
    }

    /// The first packet in a stage has passed it. Returns it when it is for that host.
    pub(super) fn stage_head<K: Kernel>(&mut self, kernel: &mut K, stage: LinkDirId, epoch: u32) -> Option<Packet> {
        let number = stage.index() - self.links.len();
        let (place, way) = (number / 2, number % 2);
        let stage = &mut self.stages.all[place];
        let rider = stage.dirs[way].take_head(kernel, epoch)?;
        let host = stage.host;
        if !stage.is_passed(way) {
            self.states[host.index()].degraded = self.stages.concerns(host);
        }
        let packet = self.pool.get_mut(rider.packet);
        kernel.set_cause(packet.cause);
        match rider.fate {
            Fate::Arrive => {}
            Fate::Corrupt => packet.damaged = true,
            Fate::Lose => {
                let packet = self.pool.remove(rider.packet);
                self.stages.told.remove(&rider.packet);
                self.lose(kernel, host, None, packet, DropReason::Loss);
                return None;
            }
        }
        let (ends, damaged) = ((packet.src, packet.dst), packet.damaged);
        if damaged && ends.1 == host {
            let packet = self.pool.remove(rider.packet);
            self.ends_at(kernel, (host, host), packet);
        } else if way == Way::To as usize {
            return Some(self.pool.remove(rider.packet));
        } else {
            self.sets_out(kernel, ends, rider.packet);
        }
        self.stages.told.remove(&rider.packet);
        None
    }

    /// The host has gone down, and what waits there is lost.
    pub(super) fn clear_stages<K: Kernel>(&mut self, kernel: &mut K, host: HostId) {
        let now = kernel.now();
        let mut lost = Vec::new();
        for stage in self.stages.all.iter_mut().filter(|stage| stage.host == host) {
            lost.extend(stage.dirs.iter_mut().flat_map(|dir| dir.clear(now, DropReason::HostDown)));
        }
        for id in lost {
            let packet = self.pool.remove(id);
            self.stages.told.remove(&id);
            self.lose(kernel, host, None, packet, DropReason::HostDown);
        }
        self.states[host.index()].degraded = self.stages.concerns(host);
    }
}
