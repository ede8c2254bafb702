//! Invariant 15, from the trace alone: what links may do to packets and in what time.

use std::collections::VecDeque;

use super::plan::{Act, Plan};
use crate::base::trace::{DropReason, PacketInfo};
use crate::base::{DataRate, LinkDirId, SimDuration, SimTime};
use crate::net::tests::world::{Seen, World};
use crate::net::{Discipline, LinkDirConfig, QueueLimit};

/// A packet on a link: its event in the trace, and when it came, begins and departs.
#[derive(Clone, Copy, Debug)]
struct Rider {
    event: u64,
    sent: SimTime,
    packet: PacketInfo,
    begins: SimTime,
    departs: SimTime,
}

/// A link direction, as the configurations that it ever had allow.
struct Model {
    id: LinkDirId,
    config: LinkDirConfig,
    /// The properties never change, so that every time is known.
    exact: bool,
    fastest: Option<DataRate>,
    least: SimDuration,
    riders: VecDeque<Rider>,
    free: SimTime,
    departed: SimTime,
}

fn service(rate: Option<DataRate>, packet: &PacketInfo) -> SimDuration {
    rate.map_or(SimDuration::ZERO, |rate| rate.serialization_time(packet.bytes))
}

impl Model {
    fn new(plan: &Plan, id: LinkDirId) -> Self {
        let config = plan.topology.links[id.index() / 2].directions[id.index() % 2];
        let changes = plan.acts.iter().filter_map(|(_, act)| match act {
            Act::Change { link, config } if *link == id => Some(**config),
            Act::Change { .. }
            | Act::Open { .. }
            | Act::Send { .. }
            | Act::Close { .. }
            | Act::Abort { .. }
            | Act::Datagram { .. }
            | Act::Links { .. }
            | Act::Host { .. }
            | Act::Service { .. }
            | Act::Degrade { .. } => None,
        });
        let all: Vec<LinkDirConfig> = std::iter::once(config).chain(changes).collect();
        // No rate at all is the fastest.
        let fastest = if all.iter().any(|c| c.rate.is_none()) { None } else { all.iter().filter_map(|c| c.rate).max() };
        Self {
            id,
            config,
            exact: all.len() == 1 && config.jitter.is_none(),
            fastest,
            least: all.iter().map(|c| c.delay).min().unwrap(),
            riders: VecDeque::new(),
            free: SimTime::ZERO,
            departed: SimTime::ZERO,
        }
    }

    fn codel(&self) -> bool {
        matches!(self.config.discipline, Discipline::Codel(_))
    }

    /// Packets and bytes that wait at that time, and whether the line is busy.
    fn waiting(&self, now: SimTime) -> (u64, u64, bool) {
        let waiting = self.riders.iter().filter(|rider| rider.begins > now);
        let (packets, bytes) = waiting.fold((0, 0), |sum, rider| (sum.0 + 1, sum.1 + u64::from(rider.packet.bytes)));
        (packets, bytes, self.free > now)
    }

    /// Whether there is room for one more.
    fn has_room(&self, now: SimTime, packet: &PacketInfo) -> bool {
        let (packets, bytes, busy) = self.waiting(now);
        (!busy && packets == 0)
            || match self.config.queue {
                QueueLimit::Unlimited => true,
                QueueLimit::Packets(most) => packets < u64::from(most),
                QueueLimit::Bytes(most) => bytes + u64::from(packet.bytes) <= most,
            }
    }

    fn accept(&mut self, event: u64, now: SimTime, packet: PacketInfo) -> Result<(), String> {
        if self.exact && !self.codel() && !self.has_room(now, &packet) {
            return Err("joined a full queue".to_owned());
        }
        let begins = self.free.max(now);
        let departs = begins.saturating_add(service(self.config.rate, &packet));
        if !self.codel() {
            self.free = departs;
        }
        self.riders.push_back(Rider { event, sent: now, packet, begins, departs });
        Ok(())
    }

    fn reject(&self, now: SimTime, packet: &PacketInfo, reason: DropReason) -> Result<(), String> {
        if self.exact && !self.codel() && reason == DropReason::QueueFull && self.has_room(now, packet) {
            return Err("turned away though there was room".to_owned());
        }
        Ok(())
    }

    /// A packet left, at the far end or by the link's loss.
    fn leaves(&mut self, event: u64, now: SimTime, packet: &PacketInfo) -> Result<(), String> {
        let reorders = self.config.jitter.is_some_and(|jitter| jitter.reorder);
        let place = self.riders.iter().position(|rider| rider.event == event).ok_or("left without having come")?;
        if place != 0 && !reorders {
            return Err(format!("overtook {:?}", self.riders[0]));
        }
        let rider = self.riders.remove(place).unwrap();
        if (rider.packet.bytes, rider.packet.tcp.map(|tcp| tcp.seq)) != (packet.bytes, packet.tcp.map(|tcp| tcp.seq)) {
            return Err(format!("became another packet: {rider:?}"));
        }
        if now.since(rider.sent) < service(self.fastest, packet) + self.least {
            return Err(format!("faster than L/R + d: {rider:?}"));
        }
        if self.exact && !self.codel() && now != rider.departs.saturating_add(self.config.delay) {
            return Err(format!("arrived at another time than it should: {rider:?}"));
        }
        if self.exact {
            // Services do not overlap, so no interval t carries more than R t and a packet.
            let begins = now.as_nanos() - (self.config.delay + service(self.config.rate, packet)).as_nanos();
            if begins < self.departed.as_nanos() {
                return Err(format!("was on the line with another: {rider:?}"));
            }
            self.departed = SimTime::from_nanos(now.as_nanos() - self.config.delay.as_nanos());
        }
        Ok(())
    }

    /// A packet was taken off by a fault, or by the queue's own judgement.
    fn taken(&mut self, event: u64, now: SimTime, packet: &PacketInfo, reason: DropReason) -> Result<(), String> {
        // What a fault takes is not told by its event: the oldest equal one that had not left.
        let same = |rider: &Rider| {
            let waits = reason != DropReason::HostDown || self.codel() || !self.exact || rider.departs > now;
            // It may have been marked in the queue.
            PacketInfo { ecn: packet.ecn, ..rider.packet } == *packet && waits
        };
        let by_event = self.riders.iter().position(|rider| rider.event == event);
        let place = by_event.or_else(|| self.riders.iter().position(same)).ok_or("dropped without having come")?;
        self.riders.remove(place);
        if reason != DropReason::Sojourn {
            self.free = self.free.min(now);
        }
        Ok(())
    }
}

/// Whether packets are turned away for that reason when they come, at once.
const fn at_the_door(reason: DropReason) -> bool {
    matches!(reason, DropReason::QueueFull | DropReason::Early | DropReason::TooBig | DropReason::LinkDown)
}

/// Goes through the trace.
pub(super) fn check(plan: &Plan, world: &World) -> Result<(), String> {
    let count = u32::try_from(plan.topology.links.len()).unwrap();
    let mut models: Vec<Model> = (0..2 * count).map(|n| Model::new(plan, LinkDirId(n))).collect();
    let trace = &world.kernel.trace;
    let mut now = SimTime::ZERO;
    for (index, (at, _, seen)) in trace.iter().enumerate() {
        if *at < now {
            return Err(format!("time went back from {now} to {at}"));
        }
        now = *at;
        let (event, cause) = (index as u64 + 1, world.kernel.causes[index].0);
        let next = || trace.get(index + 1).map(|(.., seen)| seen);
        let done = match seen {
            Seen::Sent(link, packet) => match next() {
                Some(Seen::Dropped(Some(_), _, reason))
                    if at_the_door(*reason) && world.kernel.causes[index + 1].0 == event =>
                {
                    models[link.index()].reject(now, packet, *reason)
                }
                Some(_) | None => models[link.index()].accept(event, now, *packet),
            },
            Seen::Arrived(link, packet) | Seen::Dropped(Some(link), packet, DropReason::Loss) => {
                models[link.index()].leaves(cause, now, packet)
            }
            Seen::Dropped(Some(link), packet, reason) => {
                // Whoever was turned away is no rider.
                let rejected = at_the_door(*reason) && cause == index as u64;
                if rejected { Ok(()) } else { models[link.index()].taken(cause, now, packet, *reason) }
            }
            Seen::Dropped(None, ..)
            | Seen::Opening
            | Seen::Joined
            | Seen::TurnedAway
            | Seen::Established(_)
            | Seen::Retransmitted(..)
            | Seen::Closed(..) => Ok(()),
        };
        done.map_err(|what| format!("event {event} at {now} s: {seen:?}: {what}"))?;
    }
    for model in &models {
        if let Some(rider) = model.riders.front() {
            return Err(format!("link {:?} still holds {rider:?}", model.id));
        }
        let stats = world.net.link_stats()[model.id.index()];
        let fits = match model.config.queue {
            QueueLimit::Unlimited => true,
            QueueLimit::Packets(most) => stats.max_queue_packets <= u64::from(most),
            QueueLimit::Bytes(most) => stats.max_queue_bytes <= most,
        };
        if model.exact && !fits {
            return Err(format!("link {:?}: the queue was longer than its buffer: {stats:?}", model.id));
        }
    }
    Ok(())
}
