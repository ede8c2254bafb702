//! What a link direction counted.

use crate::base::SimTime;
use crate::base::trace::DropReason;

/// Packets and their bytes (IP and transport headers included).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    pub(crate) fn add(&mut self, bytes: u32) {
        self.packets += 1;
        self.bytes += u64::from(bytes);
    }

    pub(crate) fn take_back(&mut self, bytes: u32) {
        self.packets -= 1;
        self.bytes -= u64::from(bytes);
    }
}

/// The counters of one link direction since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkDirStats {
    /// Given to the link.
    pub offered: Count,
    /// Put on the line, lost on it or not; packets that still wait are counted in advance.
    pub carried: Count,
    /// Arrived at the far end.
    pub delivered: Count,
    /// Turned away because the queue was full.
    pub dropped_queue_full: Count,
    /// Turned away by RED before the queue was full.
    pub dropped_early: Count,
    /// Dropped by `CoDel` after they had waited too long.
    pub dropped_sojourn: Count,
    /// Turned away because they were larger than the MTU.
    pub dropped_too_big: Count,
    /// Lost at random.
    pub dropped_loss: Count,
    /// Lost because the link was down.
    pub dropped_link_down: Count,
    /// Lost in the queue of a host that went down.
    pub dropped_host_down: Count,
    /// Copies that the link made; they are not among those offered.
    pub duplicated: Count,
    /// Damaged on the line; they are among those delivered.
    pub corrupted: Count,
    /// Marked as having met congestion (ECN), not dropped.
    pub marked: Count,
    /// In the queue, in service or in flight now.
    pub present: Count,
    /// Time for which the line is busy with what was carried, in nanoseconds; divided by the
    /// length of the run it is the utilization.
    pub busy_ns: u64,
    /// Most packets that waited at once.
    pub max_queue_packets: u64,
    /// Most bytes that waited at once.
    pub max_queue_bytes: u64,
    /// The sum of all packets' waits in nanoseconds, which is the time integral of the queue
    /// length in packets; packets that still wait are counted in advance.
    pub queue_integral_packet_ns: u128,
    /// The longest wait of a packet, in nanoseconds, as foreseen when it joined.
    pub max_wait_ns: u64,
}

impl LinkDirStats {
    pub(crate) fn new(counters: &Counters, troubles: &Troubles, present: Count) -> Self {
        Self {
            offered: counters.offered,
            carried: counters.carried,
            delivered: counters.delivered,
            dropped_queue_full: troubles.queue_full,
            dropped_early: troubles.early,
            dropped_sojourn: troubles.sojourn,
            dropped_too_big: troubles.too_big,
            dropped_loss: troubles.loss,
            dropped_link_down: troubles.link_down,
            dropped_host_down: troubles.host_down,
            duplicated: troubles.duplicated,
            corrupted: troubles.corrupted,
            marked: troubles.marked,
            present,
            busy_ns: counters.busy_ns,
            max_queue_packets: counters.max_queue_packets,
            max_queue_bytes: counters.max_queue_bytes,
            queue_integral_packet_ns: counters.queue_integral_packet_ns,
            max_wait_ns: counters.max_wait_ns,
        }
    }

    /// All packets dropped.
    #[must_use]
    pub fn dropped(&self) -> Count {
        let all = [
            self.dropped_queue_full,
            self.dropped_early,
            self.dropped_sojourn,
            self.dropped_too_big,
            self.dropped_loss,
            self.dropped_link_down,
            self.dropped_host_down,
        ];
        all.iter().fold(Count::default(), |sum, one| Count {
            packets: sum.packets + one.packets,
            bytes: sum.bytes + one.bytes,
        })
    }

    /// Whether offered + duplicated = delivered + dropped + present, in packets and in bytes.
    pub(crate) fn balances(&self) -> bool {
        let dropped = self.dropped();
        self.offered.packets + self.duplicated.packets
            == self.delivered.packets + dropped.packets + self.present.packets
            && self.offered.bytes + self.duplicated.bytes == self.delivered.bytes + dropped.bytes + self.present.bytes
    }
}

/// What every packet counts for. The names are those of [`LinkDirStats`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) offered: Count,
    pub(crate) carried: Count,
    pub(crate) delivered: Count,
    busy_ns: u64,
    pub(crate) max_queue_packets: u64,
    pub(crate) max_queue_bytes: u64,
    queue_integral_packet_ns: u128,
    max_wait_ns: u64,
}

impl Counters {
    /// Counts a packet that goes on the line, with its wait and service in advance.
    pub(crate) fn serve(&mut self, now: SimTime, bytes: u32, (begins, departs): (SimTime, SimTime)) {
        self.carried.add(bytes);
        self.busy_ns = self.busy_ns.saturating_add(departs.since(begins).as_nanos());
        if begins > now {
            self.waited(begins.since(now).as_nanos());
        }
    }

    /// Counts a packet's wait in the queue.
    pub(crate) fn waited(&mut self, wait_ns: u64) {
        self.queue_integral_packet_ns += u128::from(wait_ns);
        self.max_wait_ns = self.max_wait_ns.max(wait_ns);
    }

    /// Takes back what was counted in advance of a service that will not be, or not so.
    pub(crate) fn unspend(&mut self, now: SimTime, (begins, departs): (SimTime, SimTime)) {
        self.busy_ns = self.busy_ns.saturating_sub(departs.since(begins.max(now)).as_nanos());
        if begins > now {
            self.queue_integral_packet_ns -= u128::from(begins.since(now).as_nanos());
        }
    }

    /// Counts a service in advance, with the wait until then.
    pub(crate) fn spend(&mut self, now: SimTime, (begins, departs): (SimTime, SimTime)) {
        self.busy_ns = self.busy_ns.saturating_add(departs.since(begins).as_nanos());
        self.queue_integral_packet_ns += u128::from(begins.since(now).as_nanos());
    }
}

/// What only some packets meet with. The names are those of [`LinkDirStats`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Troubles {
    queue_full: Count,
    early: Count,
    sojourn: Count,
    too_big: Count,
    loss: Count,
    link_down: Count,
    host_down: Count,
    pub(crate) duplicated: Count,
    pub(crate) corrupted: Count,
    pub(crate) marked: Count,
}

impl Troubles {
    /// Counts a packet lost for a reason that belongs to the link.
    pub(crate) fn dropped(&mut self, reason: DropReason, bytes: u32) {
        match reason {
            DropReason::QueueFull => self.queue_full.add(bytes),
            DropReason::Early => self.early.add(bytes),
            DropReason::Sojourn => self.sojourn.add(bytes),
            DropReason::TooBig => self.too_big.add(bytes),
            DropReason::Loss => self.loss.add(bytes),
            DropReason::LinkDown => self.link_down.add(bytes),
            DropReason::HostDown => self.host_down.add(bytes),
            DropReason::NoRoute
            | DropReason::PortClosed
            | DropReason::TtlExpired
            | DropReason::Corrupt
            | DropReason::BacklogFull
            | DropReason::ServiceFull => {
                unreachable!("{reason:?} happens at a host, not on a link")
            }
        }
    }
}
