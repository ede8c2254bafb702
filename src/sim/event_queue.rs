//! The pending events, in a total order that does not depend on who ran first:
//! (time, origin host, that host's own counter).
//!
//! Two parts. What happens soon stands in a 4-ary heap in exact order. What happens later
//! lies unordered in a hierarchical timing wheel (Varghese and Lauck 1987): 128 slots a level,
//! those of the lowest level two microseconds wide, those of each level 128 times as wide
//! as of the one below. When the heap is empty, the next slot is emptied into it, or spread
//! over the lower levels. So an event costs the same however many are pending, the heap fits
//! into the nearest cache, and the order is that of one large heap: the key is unique, so
//! equal times come in the order of their origins and, within one, first in, first out.

use crate::base::ids::Order;
use crate::base::{HostId, SimTime};

const ARITY: usize = 4;
const COUNTER_BITS: u32 = 40;
const ORIGIN_BITS: u32 = 24;

/// A slot of the lowest level is 2^11 ns wide.
const GRAIN_BITS: u32 = 11;
const LEVEL_BITS: u32 = 7;
const SLOTS: usize = 1 << LEVEL_BITS;
/// Enough levels for every instant: 8 times 7 bits and the grain's are more than 64.
const LEVELS: usize = 8;

/// A pending event: when and in which order it happens.
#[derive(Clone, Copy, Debug)]
pub struct Pending<E> {
    at: u64,
    /// Origin and counter.
    order: u64,
    /// What will happen.
    pub event: E,
}

impl<E> Pending<E> {
    /// When it happens.
    #[must_use]
    pub const fn at(&self) -> SimTime {
        SimTime::from_nanos(self.at)
    }

    /// The host that scheduled it.
    #[must_use]
    pub fn origin(&self) -> HostId {
        HostId(u32::try_from(self.order >> COUNTER_BITS).expect("24 bits"))
    }

    const fn key(&self) -> (u64, u64) {
        (self.at, self.order)
    }

    const fn before(&self, other: &Self) -> bool {
        self.at < other.at || (self.at == other.at && self.order < other.order)
    }

    const fn grain(&self) -> u64 {
        self.at >> GRAIN_BITS
    }
}

fn pack(order: Order) -> u64 {
    let origin = order.origin.0;
    assert!(origin < 1 << ORIGIN_BITS && order.counter < 1 << COUNTER_BITS, "event order numbers overflow");
    u64::from(origin) << COUNTER_BITS | order.counter
}

/// A priority queue of events.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    /// All events whose grain is not after `reached`.
    soon: Heap<E>,
    later: Wheel<E>,
    last: SimTime,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self { soon: Heap(Vec::new()), later: Wheel::new(), last: SimTime::ZERO }
    }
}

impl<E: Copy> EventQueue<E> {
    /// Pending events.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.soon.0.len() + self.later.len
    }

    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_at(&mut self) -> Option<SimTime> {
        self.refill();
        self.soon.0.first().map(Pending::at)
    }

    /// Schedules an event.
    ///
    /// # Panics
    /// If `at` lies before the event popped last: time never goes back.
    pub fn push(&mut self, at: SimTime, order: Order, event: E) {
        assert!(at >= self.last, "an event was scheduled in the past");
        let pending = Pending { at: at.as_nanos(), order: pack(order), event };
        if pending.grain() <= self.later.reached {
            self.soon.push(pending);
        } else {
            self.later.insert(pending);
        }
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<Pending<E>> {
        self.refill();
        let first = self.soon.pop()?;
        assert!(first.at() >= self.last, "time went back");
        self.last = first.at();
        Some(first)
    }

    fn refill(&mut self) {
        while self.soon.0.is_empty() && self.later.len > 0 {
            self.later.advance(&mut self.soon);
        }
    }
}

/// A 4-ary heap.
#[derive(Clone, Debug)]
struct Heap<E>(Vec<Pending<E>>);

impl<E: Copy> Heap<E> {
    fn push(&mut self, pending: Pending<E>) {
        self.0.push(pending);
        let mut child = self.0.len() - 1;
        while child > 0 {
            let parent = (child - 1) / ARITY;
            if !pending.before(&self.0[parent]) {
                break;
            }
            self.0[child] = self.0[parent];
            child = parent;
        }
        self.0[child] = pending;
    }

    fn pop(&mut self) -> Option<Pending<E>> {
        let first = *self.0.first()?;
        let moved = self.0.pop().expect("not empty");
        let heap = self.0.as_mut_slice();
        let mut parent = 0;
        loop {
            let child = parent * ARITY + 1;
            if child >= heap.len() {
                break;
            }
            let end = (child + ARITY).min(heap.len());
            let (offset, least) =
                heap[child..end].iter().enumerate().min_by_key(|(_, pending)| pending.key()).expect("not empty");
            if !least.before(&moved) {
                break;
            }
            heap[parent] = *least;
            parent = child + offset;
        }
        if let Some(hole) = heap.get_mut(parent) {
            *hole = moved;
        }
        Some(first)
    }
}

/// The levels of slots. An event lies at the level of the highest digit in which its grain
/// differs from `reached`, in the slot of its own digit there.
#[derive(Clone, Debug)]
struct Wheel<E> {
    slots: Vec<Vec<Pending<E>>>,
    /// Of each level, a bit for each slot that holds something.
    occupied: [u128; LEVELS],
    reached: u64,
    len: usize,
    spare: Vec<Pending<E>>,
}

impl<E: Copy> Wheel<E> {
    fn new() -> Self {
        let slots = (0..LEVELS * SLOTS).map(|_| Vec::new()).collect();
        Self { slots, occupied: [0; LEVELS], reached: 0, len: 0, spare: Vec::new() }
    }

    fn insert(&mut self, pending: Pending<E>) {
        let grain = pending.grain();
        let level = (grain ^ self.reached).ilog2() / LEVEL_BITS;
        let digit = (grain >> (level * LEVEL_BITS)) & (SLOTS as u64 - 1);
        self.occupied[level as usize] |= 1 << digit;
        self.slots[level as usize * SLOTS + digit as usize].push(pending);
        self.len += 1;
    }

    /// Goes on to the next slot that holds something: of the lowest level, into the heap; of
    /// another one, to the levels below, its first events perhaps into the heap.
    fn advance(&mut self, soon: &mut Heap<E>) {
        // At each level all events share the higher digits with `reached`, and none lies
        // behind it, so the lowest level that holds any holds the next.
        let level = self.occupied.iter().position(|slots| *slots != 0).expect("something is pending");
        let digit = self.occupied[level].trailing_zeros();
        self.occupied[level] &= !(1 << digit);
        let shift = u32::try_from(level).expect("few levels") * LEVEL_BITS;
        // The digits below become zero: the beginning of the slot.
        let above = self.reached.checked_shr(shift + LEVEL_BITS).unwrap_or(0);
        self.reached = (above << LEVEL_BITS | u64::from(digit)) << shift;
        let place = level * SLOTS + digit as usize;
        let mut slot = std::mem::replace(&mut self.slots[place], std::mem::take(&mut self.spare));
        self.len -= slot.len();
        for pending in slot.drain(..) {
            if pending.grain() <= self.reached {
                soon.push(pending);
            } else {
                self.insert(pending);
            }
        }
        self.spare = slot;
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
            queue.push(at, order(origin, counter), (origin, counter));
        }
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|p| p.event).collect();
        assert_eq!(popped, [(0, 9), (1, 0), (1, 1), (2, 0)]);
    }

    #[test]
    fn the_end_of_time_can_be_waited_for() {
        let mut queue = EventQueue::default();
        for at in [u64::MAX, 1, u64::MAX - 1, 1 << 63] {
            queue.push(SimTime::from_nanos(at), order(0, 0), at);
        }
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|p| p.event).collect();
        assert_eq!(popped, [1, 1 << 63, u64::MAX - 1, u64::MAX]);
    }

    #[test]
    #[should_panic(expected = "scheduled in the past")]
    fn the_past_is_refused() {
        let mut queue = EventQueue::default();
        queue.push(SimTime::from_nanos(5), order(0, 0), ());
        queue.pop();
        queue.push(SimTime::from_nanos(4), order(0, 1), ());
    }

    proptest! {
        /// Any interleaving of pushes and pops gives what a sorted list gives, be the gaps
        /// equal instants, a slot, or many levels of the wheel.
        #[test]
        fn pops_in_order(seed in 0_u64..1000) {
            let mut stream = Streams::new(seed).stream("queue");
            let mut queue = EventQueue::default();
            let mut model = std::collections::BTreeSet::new();
            let mut now = 0;
            for counter in 0..400 {
                if stream.below(3) > 0 {
                    let scale = [2, 12, 20, 45][usize::try_from(stream.below(4)).unwrap()];
                    let reach = 1 << (1 + stream.below(scale));
                    let key = (now + stream.below(reach), u32::try_from(stream.below(4)).unwrap(), counter);
                    queue.push(SimTime::from_nanos(key.0), order(key.1, key.2), key);
                    model.insert(key);
                } else if let Some(want) = model.pop_first() {
                    let got = queue.pop().unwrap();
                    prop_assert_eq!(got.event, want);
                    now = want.0;
                    prop_assert_eq!(queue.next_at().map(SimTime::as_nanos), model.first().map(|key| key.0));
                }
            }
            prop_assert_eq!(queue.len(), model.len());
        }
    }
}
