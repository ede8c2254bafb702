//! One direction of a link, in the words of queueing theory.
//!
//! A packet waits for those before it, is serialized (size over rate, rounded up), and then
//! propagates. All three times are known when it joins, so they are computed then; the
//! packet stays in a ring until it arrives, and only the ring's head is in the event queue.
//!
//! The buffer is the textbook's: it holds the packets that wait, not the one in service. A
//! packet that finds n - 1 waiting in a buffer of n and one just begun waits n * L/R, and no
//! packet waits longer. Without a rate nothing ever waits. The queue is FIFO with drop-tail.

use std::collections::VecDeque;

use super::impairment::{self, Impairment, Verdict};
use super::packet::Packet;
use super::stats::LinkDirStats;
use super::topology::{LinkDirConfig, QueueLimit};
use super::{Kernel, NetEvent};
use crate::base::trace::DropReason;
use crate::base::{DataRate, HostId, LinkDirId, Order, SimDuration, SimTime};

/// A link direction and the packets on it.
#[derive(Clone, Debug)]
pub(crate) struct LinkDir {
    pub(crate) id: LinkDirId,
    pub(crate) from: HostId,
    pub(crate) to: HostId,
    pub(crate) up: bool,
    rate: Option<DataRate>,
    delay: SimDuration,
    limit: QueueLimit,
    rules: Vec<Impairment>,
    ring: VecDeque<Rider>,
    /// So many from the front of the ring had begun service when last looked at.
    begun: usize,
    /// Bytes of the others.
    waiting_bytes: u64,
    /// When the line has finished all it was given.
    free_at: SimTime,
    /// Counts how often the scheduled head was lost, so that its event is recognised as stale.
    epoch: u32,
}

/// A packet in the queue, in service, or in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rider {
    pub(crate) packet: Packet,
    pub(crate) verdict: Verdict,
    begins: SimTime,
    departs: SimTime,
    order: Order,
}

impl LinkDir {
    pub(crate) fn new(id: LinkDirId, ends: (HostId, HostId), config: &LinkDirConfig, rules: Vec<Impairment>) -> Self {
        Self {
            id,
            from: ends.0,
            to: ends.1,
            up: true,
            rate: config.rate,
            delay: config.delay,
            limit: config.queue,
            rules,
            ring: VecDeque::new(),
            begun: 0,
            waiting_bytes: 0,
            free_at: SimTime::ZERO,
            epoch: 0,
        }
    }

    /// Takes a packet, or says why not.
    pub(crate) fn offer<K: Kernel>(
        &mut self,
        kernel: &mut K,
        stats: &mut LinkDirStats,
        packet: Packet,
    ) -> Result<(), DropReason> {
        stats.offered.add(packet.bytes);
        let now = kernel.now();
        self.admit(now, packet.bytes).inspect_err(|reason| stats.drop(*reason, packet.bytes))?;
        let begins = self.free_at.max(now);
        let service = self.rate.map_or(SimDuration::ZERO, |rate| rate.serialization_time(packet.bytes));
        let departs = begins.saturating_add(service);
        let order = kernel.order(self.from);
        let verdict = impairment::judge(&mut self.rules);
        self.free_at = departs;
        self.ring.push_back(Rider { packet, verdict, begins, departs, order });
        if begins == now {
            // Nothing waits ahead of a packet that begins at once.
            self.begun = self.ring.len();
        } else {
            self.waiting_bytes += u64::from(packet.bytes);
        }
        self.account(now, stats, begins, service, packet.bytes);
        if self.ring.len() == 1 {
            self.schedule_head(kernel);
        }
        Ok(())
    }

    fn admit(&mut self, now: SimTime, bytes: u32) -> Result<(), DropReason> {
        if !self.up {
            return Err(DropReason::LinkDown);
        }
        self.catch_up(now);
        let fits = self.free_at <= now
            || match self.limit {
                QueueLimit::Unlimited => true,
                QueueLimit::Packets(most) => self.waiting() < u64::from(most),
                QueueLimit::Bytes(most) => self.waiting_bytes + u64::from(bytes) <= most,
            };
        if fits { Ok(()) } else { Err(DropReason::QueueFull) }
    }

    fn account(&self, now: SimTime, stats: &mut LinkDirStats, begins: SimTime, service: SimDuration, bytes: u32) {
        let wait_ns = begins.since(now).as_nanos();
        stats.carried.add(bytes);
        stats.present.add(bytes);
        stats.busy_ns = stats.busy_ns.saturating_add(service.as_nanos());
        stats.queue_integral_packet_ns += u128::from(wait_ns);
        stats.max_wait_ns = stats.max_wait_ns.max(wait_ns);
        stats.max_queue_packets = stats.max_queue_packets.max(self.waiting());
        stats.max_queue_bytes = stats.max_queue_bytes.max(self.waiting_bytes);
    }

    /// Takes the head off the ring when its arrival is due; none when the event is stale.
    pub(crate) fn take_head<K: Kernel>(
        &mut self,
        kernel: &mut K,
        stats: &mut LinkDirStats,
        epoch: u32,
    ) -> Option<Rider> {
        if epoch != self.epoch {
            return None;
        }
        self.catch_up(kernel.now());
        let rider = self.ring.pop_front()?;
        assert_eq!(rider.departs.saturating_add(self.delay), kernel.now(), "a packet arrives exactly when it is due");
        self.begun -= 1;
        stats.present.take_back(rider.packet.bytes);
        match rider.verdict {
            Verdict::Pass => stats.delivered.add(rider.packet.bytes),
            Verdict::Lose => stats.drop(DropReason::Loss, rider.packet.bytes),
        }
        self.schedule_head(kernel);
        Some(rider)
    }

    /// Takes everything off the line: the link has gone down.
    pub(crate) fn clear(&mut self, now: SimTime, stats: &mut LinkDirStats) -> Vec<Packet> {
        self.cut(now, stats, DropReason::LinkDown, 0)
    }

    /// Takes off what has not left the transmitting host: that has gone down.
    pub(crate) fn clear_queue(&mut self, now: SimTime, stats: &mut LinkDirStats) -> Vec<Packet> {
        let departed = self.ring.partition_point(|rider| rider.departs <= now);
        self.cut(now, stats, DropReason::HostDown, departed)
    }

    fn cut(&mut self, now: SimTime, stats: &mut LinkDirStats, reason: DropReason, keep: usize) -> Vec<Packet> {
        self.catch_up(now);
        let lost: Vec<Packet> = self
            .ring
            .drain(keep..)
            .map(|rider| {
                let bytes = rider.packet.bytes;
                stats.present.take_back(bytes);
                stats.drop(reason, bytes);
                if rider.departs > now {
                    stats.carried.take_back(bytes);
                    let unspent = rider.departs.since(rider.begins.max(now)).as_nanos();
                    stats.busy_ns = stats.busy_ns.saturating_sub(unspent);
                }
                if rider.begins > now {
                    stats.queue_integral_packet_ns -= u128::from(rider.begins.since(now).as_nanos());
                }
                rider.packet
            })
            .collect();
        self.begun = self.begun.min(keep);
        self.waiting_bytes = 0;
        self.free_at = self.free_at.min(now);
        if keep == 0 {
            self.epoch = self.epoch.wrapping_add(1);
        }
        lost
    }

    fn schedule_head<K: Kernel>(&self, kernel: &mut K) {
        if let Some(head) = self.ring.front() {
            let arrives = head.departs.saturating_add(self.delay);
            kernel.schedule(arrives, head.order, NetEvent::LinkHead { link: self.id, epoch: self.epoch });
        }
    }

    /// Packets queued, in service or in flight.
    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    fn waiting(&self) -> u64 {
        (self.ring.len() - self.begun) as u64
    }

    /// Notes which packets have begun service by now.
    fn catch_up(&mut self, now: SimTime) {
        while let Some(rider) = self.ring.get(self.begun).filter(|rider| rider.begins <= now) {
            self.begun += 1;
            self.waiting_bytes -= u64::from(rider.packet.bytes);
        }
    }
}
