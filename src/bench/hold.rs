//! The hold model of an event queue (Vaucher and Duval 1975): pop the earliest event, push it
//! again later, with a constant number of them pending.
//!
//! The gaps are like those of packets: seven of eight up to 100 us, the others up to 10 ms, evenly. They
//! are drawn before, so that only the queue is measured, with events of the kind that a
//! simulation keeps in it.

use crate::base::{AppId, HostId, Order, SimTime, Stream, Streams};
use crate::sim::event_queue::EventQueue;
use crate::sim::kernel::Event;

use super::{Cost, Figures, Workload};

const GAPS: usize = 4096;
/// The most pending events.
pub const MAX_PENDING: u32 = 100_000_000;
/// The most events popped: the clock cannot overflow, nor the count of a host's events.
pub const MAX_EVENTS: u64 = 100_000_000_000;

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Pending events; at least 1, at most [`MAX_PENDING`].
    pub pending: u32,
    /// Events popped and pushed again; at most [`MAX_EVENTS`].
    pub events: u64,
    /// Seed of the gaps.
    pub seed: u64,
}

impl Hold {
    /// Fills the queue.
    ///
    /// # Panics
    /// If nothing is pending, or more than the bounds allow.
    #[must_use]
    pub fn build(self) -> HoldRun {
        assert!((1..=MAX_PENDING).contains(&self.pending) && self.events <= MAX_EVENTS, "{self:?} is within bounds");
        let mut stream = Streams::new(self.seed).stream("bench/hold");
        let gaps = (0..GAPS).map(|_| gap(&mut stream)).collect();
        let mut run = HoldRun { parameters: self, queue: EventQueue::default(), gaps, pushed: 0, now: SimTime::ZERO };
        (0..self.pending).for_each(|_| run.push(SimTime::ZERO));
        run
    }
}

fn gap(stream: &mut Stream) -> u64 {
    let most = if stream.below(8) == 0 { 10_000_000 } else { 100_000 };
    1 + stream.below(most)
}

/// The queue of [`Hold`].
#[derive(Debug)]
pub struct HoldRun {
    parameters: Hold,
    queue: EventQueue<Event>,
    gaps: Vec<u64>,
    pushed: u64,
    now: SimTime,
}

impl HoldRun {
    #[expect(clippy::cast_possible_truncation, reason = "only the low bits choose the gap")]
    fn push(&mut self, now: SimTime) {
        let order = Order { origin: HostId(0), counter: self.pushed };
        let at = SimTime::from_nanos(now.as_nanos() + self.gaps[self.pushed as usize % GAPS]);
        self.queue.push(at, order, Event::Wake(HostId(0), AppId(0)));
        self.pushed += 1;
    }
}

impl Workload for HoldRun {
    fn run(&mut self) {
        for _ in 0..self.parameters.events {
            let Some(popped) = self.queue.pop() else { return };
            self.now = popped.at();
            self.push(self.now);
        }
    }

    fn figures(&self) -> Figures {
        let Hold { pending, events, seed } = self.parameters;
        Figures::of("hold")
            .with("pending", pending)
            .with("seed", seed)
            .with("simulated_s", self.now)
            .with("events", events)
    }

    fn costs(&self) -> Vec<Cost> {
        vec![Cost::Time { key: "ns_per_event", unit_ns: 1, count: self.parameters.events }]
    }
}
