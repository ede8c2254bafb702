//! The pending events, in a total order that does not depend on who ran first:
//! (time, origin host, that host's own counter).
//!
//! A 4-ary heap with the whole key packed into 128 bits, so that a comparison is one
//! instruction pair and an event moves as one small value. The key is unique, hence the
//! order of equal times is that of the origins and, within one, first in, first out.

use crate::base::ids::Order;
use crate::base::{EventId, HostId, SimTime};

const ARITY: usize = 4;
const COUNTER_BITS: u32 = 40;
const ORIGIN_BITS: u32 = 24;

/// A pending event: when and in which order it happens, and what caused it.
#[derive(Clone, Copy, Debug)]
pub struct Pending<E> {
    key: u128,
    /// The trace event that led to this one.
    pub cause: EventId,
    /// What will happen.
    pub event: E,
}

impl<E> Pending<E> {
    /// When it happens.
    #[must_use]
    pub fn at(&self) -> SimTime {
        SimTime::from_nanos(u64::try_from(self.key >> 64).expect("64 bits"))
    }

    /// The host that scheduled it.
    #[must_use]
    pub fn origin(&self) -> HostId {
        HostId(u32::try_from((self.key >> COUNTER_BITS) & ((1 << ORIGIN_BITS) - 1)).expect("24 bits"))
    }
}

/// A priority queue of events.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    heap: Vec<Pending<E>>,
    last: SimTime,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self { heap: Vec::new(), last: SimTime::ZERO }
    }
}

fn pack(at: SimTime, order: Order) -> u128 {
    let origin = order.origin.0;
    assert!(origin < 1 << ORIGIN_BITS && order.counter < 1 << COUNTER_BITS, "event order numbers overflow");
    u128::from(at.as_nanos()) << 64 | u128::from(origin) << COUNTER_BITS | u128::from(order.counter)
}

impl<E: Copy> EventQueue<E> {
    /// Pending events.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_at(&self) -> Option<SimTime> {
        self.heap.first().map(Pending::at)
    }

    /// Schedules an event.
    ///
    /// # Panics
    /// If `at` lies before the event popped last: time never goes back.
    pub fn push(&mut self, at: SimTime, order: Order, cause: EventId, event: E) {
        assert!(at >= self.last, "an event was scheduled in the past");
        self.heap.push(Pending { key: pack(at, order), cause, event });
        self.sift_up(self.heap.len() - 1);
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<Pending<E>> {
        let first = *self.heap.first()?;
        let tail = self.heap.pop().expect("not empty");
        if !self.heap.is_empty() {
            self.heap[0] = tail;
            self.sift_down();
        }
        assert!(first.at() >= self.last, "time went back");
        self.last = first.at();
        Some(first)
    }

    fn sift_up(&mut self, mut child: usize) {
        let moved = self.heap[child];
        while child > 0 {
            let parent = (child - 1) / ARITY;
            if self.heap[parent].key <= moved.key {
                break;
            }
            self.heap[child] = self.heap[parent];
            child = parent;
        }
        self.heap[child] = moved;
    }

    fn sift_down(&mut self) {
        let moved = self.heap[0];
        let mut parent = 0;
        loop {
            let first = parent * ARITY + 1;
            if first >= self.heap.len() {
                break;
            }
            let end = (first + ARITY).min(self.heap.len());
            let mut least = first;
            for child in first + 1..end {
                if self.heap[child].key < self.heap[least].key {
                    least = child;
                }
            }
            if self.heap[least].key >= moved.key {
                break;
            }
            self.heap[parent] = self.heap[least];
            parent = least;
        }
        self.heap[parent] = moved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Streams;
    use proptest::prelude::*;

    fn order(origin: u32, counter: u64) -> Order {
        Order { origin: HostId(origin), counter }
    }

    #[test]
    fn equal_times_break_by_origin_then_counter() {
        let mut queue = EventQueue::default();
        let at = SimTime::from_nanos(5);
        for (origin, counter) in [(2, 0), (1, 1), (1, 0), (0, 9)] {
            queue.push(at, order(origin, counter), EventId(0), (origin, counter));
        }
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|p| p.event).collect();
        assert_eq!(popped, [(0, 9), (1, 0), (1, 1), (2, 0)]);
    }

    #[test]
    #[should_panic(expected = "scheduled in the past")]
    fn the_past_is_refused() {
        let mut queue = EventQueue::default();
        queue.push(SimTime::from_nanos(5), order(0, 0), EventId(0), ());
        queue.pop();
        queue.push(SimTime::from_nanos(4), order(0, 1), EventId(0), ());
    }

    proptest! {
        /// Any interleaving of pushes and pops gives what a sorted list gives.
        #[test]
        fn pops_in_order(seed in 0_u64..1000) {
            let mut stream = Streams::new(seed).stream("queue");
            let mut queue = EventQueue::default();
            let mut model = std::collections::BTreeSet::new();
            let mut now = 0;
            for counter in 0..400 {
                if stream.below(3) > 0 {
                    let key = (now + stream.below(20), u32::try_from(stream.below(4)).unwrap(), counter);
                    queue.push(SimTime::from_nanos(key.0), order(key.1, key.2), EventId(0), key);
                    model.insert(key);
                } else if let Some(want) = model.pop_first() {
                    let got = queue.pop().unwrap();
                    prop_assert_eq!(got.event, want);
                    now = want.0;
                }
            }
            prop_assert_eq!(queue.len(), model.len());
        }
    }
}
