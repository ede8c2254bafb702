//! One direction of a link, in the words of queueing theory.
//!
//! A packet waits for those before it, is serialized (size over rate, rounded up), and then
//! propagates. All three times are known when it joins, so they are computed then; the
//! packet stays in a ring until it arrives, and only the ring's head is in the event queue.
//!
//! The buffer is the textbook's: it holds the packets that wait, not the one in service. A
//! packet that finds n - 1 waiting in a buffer of n and one just begun waits n * L/R, and no
//! packet waits longer. Without a rate nothing ever waits. The queue is FIFO; who is dropped
//! is for its discipline to say.
//!
//! Two things cost more where they are asked for. `CoDel` judges a packet when it leaves the
//! queue, so there packets wait in a queue of their own, and while any do, each end of
//! service is an event. Where jitter may reorder, each packet has an event of its own.

use std::collections::VecDeque;

use super::codel::{Codel, Queued};
use super::impairment::{Fate, Impairments, Verdict};
use super::packet::Packet;
use super::red::{Choice, Red};
use super::stats::LinkDirStats;
use super::topology::{Discipline, LinkDirConfig, QueueLimit};
use super::{Kernel, NetEvent};
use crate::base::trace::DropReason;
use crate::base::{DataRate, HostId, LinkDirId, Order, SimDuration, SimTime, Stream};

/// `CoDel` lets no queue shrink below one full packet; of Ethernet's, when the link has no MTU.
const ETHERNET_MTU: u32 = 1_500;

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
    mtu: u32,
    /// Packets may overtake each other: each has its own event.
    overtaking: bool,
    discipline: Queueing,
    rules: Impairments,
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

/// The discipline with its state.
#[derive(Clone, Debug)]
enum Queueing {
    DropTail,
    Red(Box<Red>),
    Codel(Box<Codel<Joined>>),
}

/// A packet that waits for `CoDel`'s judgement.
#[derive(Clone, Copy, Debug)]
struct Joined {
    packet: Packet,
    verdict: Verdict,
}

impl Queued for Joined {
    fn bytes(&self) -> u32 {
        self.packet.bytes
    }

    fn mark(&mut self) -> bool {
        self.packet.mark()
    }
}

/// A packet in the queue, in service, or in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rider {
    pub(crate) packet: Packet,
    pub(crate) fate: Fate,
    /// What jitter adds to the delay.
    late: SimDuration,
    begins: SimTime,
    departs: SimTime,
    arrives: SimTime,
    order: Order,
}

impl LinkDir {
    pub(crate) fn new(
        id: LinkDirId,
        ends: (HostId, HostId),
        config: &LinkDirConfig,
        stream: impl Fn(&str) -> Stream,
    ) -> Self {
        let mtu = config.mtu.unwrap_or(u32::MAX);
        Self {
            id,
            from: ends.0,
            to: ends.1,
            up: true,
            rate: config.rate,
            delay: config.delay,
            limit: config.queue,
            mtu,
            overtaking: config.jitter.is_some_and(|jitter| jitter.reorder),
            discipline: match config.discipline {
                Discipline::DropTail => Queueing::DropTail,
                Discipline::Red(red) => Queueing::Red(Box::new(Red::new(red, stream("red")))),
                Discipline::Codel(codel) => Queueing::Codel(Box::new(Codel::new(codel, mtu.min(ETHERNET_MTU)))),
            },
            rules: Impairments::new(config, stream),
            ring: VecDeque::new(),
            begun: 0,
            waiting_bytes: 0,
            free_at: SimTime::ZERO,
            epoch: 0,
        }
    }

    /// The largest packet that goes through.
    pub(crate) const fn mtu(&self) -> u32 {
        self.mtu
    }

    /// Takes a packet, or says why not; true if a copy of it is to follow. `twin`: it is
    /// such a copy itself.
    pub(crate) fn offer<K: Kernel>(
        &mut self,
        kernel: &mut K,
        stats: &mut LinkDirStats,
        mut packet: Packet,
        twin: bool,
    ) -> Result<bool, DropReason> {
        let offered = if twin { &mut stats.duplicated } else { &mut stats.offered };
        offered.add(packet.bytes);
        let now = kernel.now();
        self.admit(now, stats, &mut packet).inspect_err(|reason| stats.drop(*reason, packet.bytes))?;
        let verdict = self.rules.judge();
        stats.present.add(packet.bytes);
        if let Queueing::Codel(codel) = &mut self.discipline
            && (self.free_at > now || codel.len() > 0)
        {
            if codel.len() == 0 {
                let order = kernel.order(self.from);
                kernel.schedule(self.free_at, order, NetEvent::LinkFree(self.id));
            }
            codel.push(now, Joined { packet, verdict });
            self.note_longest_queue(stats);
        } else {
            self.serve(kernel, stats, packet, verdict);
        }
        Ok(verdict.twin)
    }

    fn admit(&mut self, now: SimTime, stats: &mut LinkDirStats, packet: &mut Packet) -> Result<(), DropReason> {
        if !self.up {
            return Err(DropReason::LinkDown);
        }
        if packet.bytes > self.mtu {
            return Err(DropReason::TooBig);
        }
        self.catch_up(now);
        let (waiting, waiting_bytes) = (self.waiting(), self.waiting_bytes());
        let choice = match &mut self.discipline {
            Queueing::DropTail | Queueing::Codel(_) => Choice::Accept,
            Queueing::Red(red) => red.arrives(now, self.free_at, self.rate, waiting),
        };
        let fits = (self.free_at <= now && waiting == 0)
            || match self.limit {
                QueueLimit::Unlimited => true,
                QueueLimit::Packets(most) => waiting < u64::from(most),
                QueueLimit::Bytes(most) => waiting_bytes + u64::from(packet.bytes) <= most,
            };
        if !fits {
            return Err(DropReason::QueueFull);
        }
        match choice {
            Choice::Accept => Ok(()),
            Choice::Notify if packet.mark() => {
                stats.marked.add(packet.bytes);
                Ok(())
            }
            Choice::Notify | Choice::Drop => Err(DropReason::Early),
        }
    }

    /// Puts a packet on the line after all that are in the ring.
    fn serve<K: Kernel>(&mut self, kernel: &mut K, stats: &mut LinkDirStats, packet: Packet, verdict: Verdict) {
        let now = kernel.now();
        let order = kernel.order(self.from);
        let mut rider =
            Rider { packet, fate: verdict.fate, late: verdict.late, begins: now, departs: now, arrives: now, order };
        self.time(&mut rider, now);
        self.note_service(now, stats, &rider);
        self.ring.push_back(rider);
        if rider.begins == now {
            // Nothing waits ahead of a packet that begins at once.
            self.begun = self.ring.len();
        } else {
            self.waiting_bytes += u64::from(packet.bytes);
        }
        self.note_longest_queue(stats);
        if self.overtaking {
            self.schedule_loose(kernel, &rider);
        } else if self.ring.len() == 1 {
            self.schedule_head(kernel);
        }
    }

    /// Computes when a packet that comes after all in the ring begins, departs and arrives.
    fn time(&mut self, rider: &mut Rider, now: SimTime) {
        let service = self.rate.map_or(SimDuration::ZERO, |rate| rate.serialization_time(rider.packet.bytes));
        rider.begins = self.free_at.max(now);
        rider.departs = rider.begins.saturating_add(service);
        rider.arrives = rider.departs.saturating_add(self.delay).saturating_add(rider.late);
        if !self.overtaking
            && let Some(before) = self.ring.back()
        {
            rider.arrives = rider.arrives.max(before.arrives);
        }
        self.free_at = rider.departs;
    }

    fn note_service(&self, now: SimTime, stats: &mut LinkDirStats, rider: &Rider) {
        let wait_ns = rider.begins.since(now).as_nanos();
        stats.carried.add(rider.packet.bytes);
        stats.busy_ns = stats.busy_ns.saturating_add(rider.departs.since(rider.begins).as_nanos());
        stats.waited(wait_ns);
    }

    fn note_longest_queue(&self, stats: &mut LinkDirStats) {
        stats.max_queue_packets = stats.max_queue_packets.max(self.waiting());
        stats.max_queue_bytes = stats.max_queue_bytes.max(self.waiting_bytes());
    }

    /// The line may have become free: lets `CoDel` choose who goes next. Who is dropped
    /// instead is appended to `dropped`.
    pub(crate) fn line_free<K: Kernel>(&mut self, kernel: &mut K, stats: &mut LinkDirStats, dropped: &mut Vec<Packet>) {
        let now = kernel.now();
        // An event of a service that a fault cut short comes too early or too late.
        while self.free_at <= now {
            let Queueing::Codel(codel) = &mut self.discipline else { return };
            let mut marked = false;
            let chosen = codel.pop(
                now,
                |joined, lost| {
                    stats.waited(now.since(joined).as_nanos());
                    stats.present.take_back(lost.packet.bytes);
                    stats.drop(DropReason::Sojourn, lost.packet.bytes);
                    dropped.push(lost.packet);
                },
                || marked = true,
            );
            let left = codel.len();
            let Some((joined, Joined { packet, verdict })) = chosen else { return };
            if marked {
                stats.marked.add(packet.bytes);
            }
            stats.waited(now.since(joined).as_nanos());
            self.serve(kernel, stats, packet, verdict);
            if left > 0 && self.free_at > now {
                let order = kernel.order(self.from);
                kernel.schedule(self.free_at, order, NetEvent::LinkFree(self.id));
            }
        }
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
        let rider = self.take(kernel.now(), stats, 0)?;
        self.schedule_head(kernel);
        Some(rider)
    }

    /// Takes the packet of that place in the order of events; none when the event is stale.
    pub(crate) fn take_loose<K: Kernel>(&mut self, kernel: &K, stats: &mut LinkDirStats, number: u64) -> Option<Rider> {
        let place = self.ring.binary_search_by_key(&number, |rider| rider.order.counter).ok()?;
        self.take(kernel.now(), stats, place)
    }

    fn take(&mut self, now: SimTime, stats: &mut LinkDirStats, place: usize) -> Option<Rider> {
        self.catch_up(now);
        let rider = self.ring.remove(place)?;
        assert_eq!(rider.arrives, now, "a packet arrives exactly when it is due");
        self.begun -= 1;
        let bytes = rider.packet.bytes;
        stats.present.take_back(bytes);
        match rider.fate {
            Fate::Arrive => stats.delivered.add(bytes),
            Fate::Corrupt => {
                stats.delivered.add(bytes);
                stats.corrupted.add(bytes);
            }
            Fate::Lose => stats.drop(DropReason::Loss, bytes),
        }
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
        let mut lost = Vec::with_capacity(self.ring.len() - keep);
        for rider in self.ring.drain(keep..) {
            let bytes = rider.packet.bytes;
            stats.present.take_back(bytes);
            stats.drop(reason, bytes);
            if rider.departs > now {
                stats.carried.take_back(bytes);
                stats.unspend(now, (rider.begins, rider.departs));
            }
            lost.push(rider.packet);
        }
        if let Queueing::Codel(codel) = &mut self.discipline {
            for (joined, Joined { packet, .. }) in codel.clear() {
                stats.waited(now.since(joined).as_nanos());
                stats.present.take_back(packet.bytes);
                stats.drop(reason, packet.bytes);
                lost.push(packet);
            }
        }
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
            kernel.schedule(head.arrives, head.order, NetEvent::LinkHead { link: self.id, epoch: self.epoch });
        }
    }

    fn schedule_loose<K: Kernel>(&self, kernel: &mut K, rider: &Rider) {
        let event = NetEvent::LinkLoose { link: self.id, number: rider.order.counter };
        kernel.schedule(rider.arrives, rider.order, event);
    }

    /// Takes on other properties; discipline and reordering stay as they are. What has begun
    /// service goes on as it began; what waits will be served and delayed anew.
    pub(crate) fn change<K: Kernel>(
        &mut self,
        kernel: &mut K,
        stats: &mut LinkDirStats,
        config: &LinkDirConfig,
        stream: impl Fn(&str) -> Stream,
    ) {
        let now = kernel.now();
        self.catch_up(now);
        self.rate = config.rate;
        self.delay = config.delay;
        self.limit = config.queue;
        self.mtu = config.mtu.unwrap_or(u32::MAX);
        self.rules.change(config, stream);
        if self.begun == self.ring.len() {
            return;
        }
        let waiting: Vec<Rider> = self.ring.drain(self.begun..).collect();
        self.waiting_bytes = 0;
        self.free_at = self.ring.back().map_or(now, |last| last.departs);
        for mut rider in waiting {
            stats.unspend(now, (rider.begins, rider.departs));
            self.time(&mut rider, now);
            stats.spend(now, (rider.begins, rider.departs));
            if self.overtaking {
                // The event of its former arrival finds nobody under the old number.
                rider.order = kernel.order(self.from);
                self.schedule_loose(kernel, &rider);
            }
            self.ring.push_back(rider);
            if rider.begins > now {
                self.waiting_bytes += u64::from(rider.packet.bytes);
            } else {
                self.begun = self.ring.len();
            }
        }
    }

    /// Packets queued, in service or in flight.
    pub(crate) fn len(&self) -> usize {
        self.ring.len() + self.codel().map_or(0, Codel::len)
    }

    fn codel(&self) -> Option<&Codel<Joined>> {
        match &self.discipline {
            Queueing::Codel(codel) => Some(codel),
            Queueing::DropTail | Queueing::Red(_) => None,
        }
    }

    fn waiting(&self) -> u64 {
        (self.ring.len() - self.begun + self.codel().map_or(0, Codel::len)) as u64
    }

    fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes + self.codel().map_or(0, Codel::bytes)
    }

    /// Notes which packets have begun service by now.
    fn catch_up(&mut self, now: SimTime) {
        while let Some(rider) = self.ring.get(self.begun).filter(|rider| rider.begins <= now) {
            self.begun += 1;
            self.waiting_bytes -= u64::from(rider.packet.bytes);
        }
    }
}
