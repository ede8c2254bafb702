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
use super::pool::{PacketId, Pool};
use super::red::{Choice, Red};
use super::stats::{Count, Counters, LinkDirStats, Troubles};
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
    /// Packets may overtake each other: each has its own event.
    overtaking: bool,
    mtu: u32,
    rate: Option<DataRate>,
    delay: SimDuration,
    limit: QueueLimit,
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
    counters: Counters,
    /// What does not happen to most packets.
    troubles: Box<Troubles>,
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
    packet: PacketId,
    bytes: u32,
    verdict: Verdict,
}

impl Queued for Joined {
    fn bytes(&self) -> u32 {
        self.bytes
    }
}

/// A packet in the queue, in service, or in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rider {
    pub(crate) packet: PacketId,
    bytes: u32,
    pub(crate) fate: Fate,
    /// What jitter adds to the delay.
    late: SimDuration,
    begins: SimTime,
    departs: SimTime,
    arrives: SimTime,
    /// Its place among the events that the transmitting host causes.
    number: u64,
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
            counters: Counters::default(),
            troubles: Box::default(),
        }
    }

    /// What it counted so far.
    pub(crate) fn stats(&self) -> LinkDirStats {
        let mut present = Count::default();
        for bytes in self.ring.iter().map(|rider| rider.bytes).chain(self.codel().into_iter().flat_map(Codel::sizes)) {
            present.add(bytes);
        }
        LinkDirStats::new(&self.counters, &self.troubles, present)
    }

    /// Whether no packet is on it, given that it has no queue of its own for `CoDel`.
    pub(crate) fn is_empty(&self) -> bool {
        self.ring.is_empty()
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
        pool: &mut Pool,
        packet: PacketId,
        twin: bool,
    ) -> Result<bool, DropReason> {
        let bytes = pool.get(packet).bytes;
        let offered = if twin { &mut self.troubles.duplicated } else { &mut self.counters.offered };
        offered.add(bytes);
        let now = kernel.now();
        if let Err(reason) = self.admit(now, pool, packet, bytes) {
            self.troubles.dropped(reason, bytes);
            return Err(reason);
        }
        let verdict = self.rules.judge(pool.get(packet).carries_data());
        if let Queueing::Codel(codel) = &mut self.discipline
            && (self.free_at > now || codel.len() > 0)
        {
            if codel.len() == 0 {
                let order = kernel.order(self.from);
                kernel.schedule(self.free_at, order, NetEvent::LinkFree(self.id));
            }
            codel.push(now, Joined { packet, bytes, verdict });
            self.note_longest_queue();
        } else {
            self.serve(kernel, (packet, bytes), verdict);
        }
        Ok(verdict.twin)
    }

    fn admit(&mut self, now: SimTime, pool: &mut Pool, packet: PacketId, bytes: u32) -> Result<(), DropReason> {
        if !self.up {
            return Err(DropReason::LinkDown);
        }
        if bytes > self.mtu {
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
                QueueLimit::Bytes(most) => waiting_bytes + u64::from(bytes) <= most,
            };
        if !fits {
            return Err(DropReason::QueueFull);
        }
        match choice {
            Choice::Accept => Ok(()),
            Choice::Notify if pool.get_mut(packet).mark() => {
                self.troubles.marked.add(bytes);
                Ok(())
            }
            Choice::Notify | Choice::Drop => Err(DropReason::Early),
        }
    }

    /// Puts a packet on the line after all that are in the ring.
    fn serve<K: Kernel>(&mut self, kernel: &mut K, (packet, bytes): (PacketId, u32), verdict: Verdict) {
        let (now, number) = (kernel.now(), kernel.order(self.from).counter);
        let (fate, late) = (verdict.fate, verdict.late);
        let mut rider = Rider { packet, bytes, fate, late, begins: now, departs: now, arrives: now, number };
        self.time(&mut rider, now);
        self.counters.serve(now, bytes, (rider.begins, rider.departs));
        self.ring.push_back(rider);
        if rider.begins == now {
            // Nothing waits ahead of a packet that begins at once.
            self.begun = self.ring.len();
        } else {
            self.waiting_bytes += u64::from(bytes);
        }
        self.note_longest_queue();
        if self.overtaking {
            self.schedule_loose(kernel, &rider);
        } else if self.ring.len() == 1 {
            self.schedule_head(kernel);
        }
    }

    /// Computes when a packet that comes after all in the ring begins, departs and arrives.
    fn time(&mut self, rider: &mut Rider, now: SimTime) {
        let service = self.rate.map_or(SimDuration::ZERO, |rate| rate.serialization_time(rider.bytes));
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

    fn note_longest_queue(&mut self) {
        let (packets, bytes) = (self.waiting(), self.waiting_bytes());
        self.counters.max_queue_packets = self.counters.max_queue_packets.max(packets);
        self.counters.max_queue_bytes = self.counters.max_queue_bytes.max(bytes);
    }

    /// The line may have become free: lets `CoDel` choose who goes next. Who is dropped
    /// instead is appended to `dropped`.
    pub(crate) fn line_free<K: Kernel>(&mut self, kernel: &mut K, pool: &mut Pool, dropped: &mut Vec<PacketId>) {
        let now = kernel.now();
        // An event of a service that a fault cut short comes too early or too late.
        while self.free_at <= now {
            let Queueing::Codel(codel) = &mut self.discipline else { return };
            let (counters, troubles) = (&mut self.counters, &mut self.troubles);
            let mut marked = false;
            let chosen = codel.pop(
                now,
                |joined, lost| {
                    counters.waited(now.since(joined).as_nanos());
                    troubles.dropped(DropReason::Sojourn, lost.bytes);
                    dropped.push(lost.packet);
                },
                |next| {
                    marked = pool.get_mut(next.packet).mark();
                    marked
                },
            );
            let left = codel.len();
            let Some((joined, Joined { packet, bytes, verdict })) = chosen else { return };
            if marked {
                self.troubles.marked.add(bytes);
            }
            self.counters.waited(now.since(joined).as_nanos());
            self.serve(kernel, (packet, bytes), verdict);
            if left > 0 && self.free_at > now {
                let order = kernel.order(self.from);
                kernel.schedule(self.free_at, order, NetEvent::LinkFree(self.id));
            }
        }
    }

    /// Takes the head off the ring when its arrival is due; none when the event is stale.
    pub(crate) fn take_head<K: Kernel>(&mut self, kernel: &mut K, epoch: u32) -> Option<Rider> {
        if epoch != self.epoch {
            return None;
        }
        let rider = self.ring.pop_front()?;
        self.taken(kernel.now(), &rider);
        self.schedule_head(kernel);
        Some(rider)
    }

    /// Takes the packet of that place in the order of events; none when the event is stale.
    pub(crate) fn take_loose<K: Kernel>(&mut self, kernel: &K, number: u64) -> Option<Rider> {
        let place = self.ring.binary_search_by_key(&number, |rider| rider.number).ok()?;
        self.catch_up(kernel.now());
        let rider = self.ring.remove(place)?;
        self.taken(kernel.now(), &rider);
        Some(rider)
    }

    fn taken(&mut self, now: SimTime, rider: &Rider) {
        assert_eq!(rider.arrives, now, "a packet arrives exactly when it is due");
        // It has begun service, whether somebody looked at the queue since then or not.
        if let Some(left) = self.begun.checked_sub(1) {
            self.begun = left;
        } else {
            self.waiting_bytes -= u64::from(rider.bytes);
        }
        match rider.fate {
            Fate::Arrive => self.counters.delivered.add(rider.bytes),
            Fate::Corrupt => {
                self.counters.delivered.add(rider.bytes);
                self.troubles.corrupted.add(rider.bytes);
            }
            Fate::Lose => self.troubles.dropped(DropReason::Loss, rider.bytes),
        }
    }

    /// Takes everything off the line, which has gone down for that reason.
    pub(crate) fn clear(&mut self, now: SimTime, reason: DropReason) -> Vec<PacketId> {
        self.cut(now, reason, 0)
    }

    /// Takes off what has not left the transmitting host: that has gone down.
    pub(crate) fn clear_queue(&mut self, now: SimTime) -> Vec<PacketId> {
        let departed = self.ring.partition_point(|rider| rider.departs <= now);
        self.cut(now, DropReason::HostDown, departed)
    }

    fn cut(&mut self, now: SimTime, reason: DropReason, keep: usize) -> Vec<PacketId> {
        self.catch_up(now);
        let mut lost = Vec::with_capacity(self.ring.len() - keep);
        for rider in self.ring.drain(keep..) {
            self.troubles.dropped(reason, rider.bytes);
            if rider.departs > now {
                self.counters.carried.take_back(rider.bytes);
                self.counters.unspend(now, (rider.begins, rider.departs));
            }
            lost.push(rider.packet);
        }
        if let Queueing::Codel(codel) = &mut self.discipline {
            for (joined, Joined { packet, bytes, .. }) in codel.clear() {
                self.counters.waited(now.since(joined).as_nanos());
                self.troubles.dropped(reason, bytes);
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
            let order = Order { origin: self.from, counter: head.number };
            kernel.schedule(head.arrives, order, NetEvent::LinkHead { link: self.id, epoch: self.epoch });
        }
    }

    fn schedule_loose<K: Kernel>(&self, kernel: &mut K, rider: &Rider) {
        let order = Order { origin: self.from, counter: rider.number };
        kernel.schedule(rider.arrives, order, NetEvent::LinkLoose { link: self.id, number: rider.number });
    }

    /// Takes on other properties; reordering and the kind of discipline stay as they are. What has begun
    /// service goes on as it began; what waits will be served and delayed anew.
    pub(crate) fn change<K: Kernel>(
        &mut self,
        kernel: &mut K,
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
        match (&mut self.discipline, config.discipline) {
            (Queueing::Red(red), Discipline::Red(config)) => red.change(config),
            (Queueing::Codel(codel), Discipline::Codel(config)) => codel.change(config),
            (Queueing::DropTail | Queueing::Red(_) | Queueing::Codel(_), _) => {}
        }
        if self.begun == self.ring.len() {
            return;
        }
        let waiting: Vec<Rider> = self.ring.drain(self.begun..).collect();
        self.waiting_bytes = 0;
        self.free_at = self.ring.back().map_or(now, |last| last.departs);
        for mut rider in waiting {
            self.counters.unspend(now, (rider.begins, rider.departs));
            self.time(&mut rider, now);
            self.counters.spend(now, (rider.begins, rider.departs));
            if self.overtaking {
                // The event of its former arrival finds nobody under the old number.
                rider.number = kernel.order(self.from).counter;
                self.schedule_loose(kernel, &rider);
            }
            self.ring.push_back(rider);
            if rider.begins > now {
                self.waiting_bytes += u64::from(rider.bytes);
            } else {
                self.begun = self.ring.len();
            }
        }
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
            self.waiting_bytes -= u64::from(rider.bytes);
        }
    }
}
