//! Controlled delay: RFC 8289, its pseudocode of section 5 with exact integers.
//!
//! The judgement falls when a packet leaves the queue: if every packet of an interval waited
//! longer than the target, packets are dropped at the head, at gaps that shrink with the
//! square root of their count. A packet whose transport understands it (ECN) is marked
//! instead (section 3.1 leaves that open; Linux does so).

use std::collections::VecDeque;

use super::topology::CodelConfig;
use crate::base::{SimDuration, SimTime};

/// The state of `CoDel` on one link direction, in the names of RFC 8289 5.
#[derive(Clone, Debug)]
pub(crate) struct Codel<P> {
    config: CodelConfig,
    /// "don't drop when there is less than one MTU worth of bytes in the queue" (section 4.4).
    max_packet: u64,
    queue: VecDeque<(SimTime, P)>,
    bytes: u64,
    first_above: Option<SimTime>,
    drop_next: SimTime,
    count: u64,
    last_count: u64,
    dropping: bool,
}

/// What `CoDel` must know of a packet.
pub(crate) trait Queued {
    /// Its length.
    fn bytes(&self) -> u32;
}

impl<P: Queued> Codel<P> {
    pub(crate) fn new(config: CodelConfig, max_packet: u32) -> Self {
        Self {
            config,
            max_packet: u64::from(max_packet),
            queue: VecDeque::new(),
            bytes: 0,
            first_above: None,
            drop_next: SimTime::ZERO,
            count: 0,
            last_count: 0,
            dropping: false,
        }
    }

    /// Other parameters hold from now on.
    pub(crate) const fn change(&mut self, config: CodelConfig) {
        self.config = config;
    }

    pub(crate) fn push(&mut self, now: SimTime, packet: P) {
        self.bytes += u64::from(packet.bytes());
        self.queue.push_back((now, packet));
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The length of each packet.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = u32> {
        self.queue.iter().map(|(_, packet)| packet.bytes())
    }

    /// Takes everything out: the queue was lost.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = (SimTime, P)> {
        self.bytes = 0;
        self.first_above = None;
        self.dropping = false;
        std::mem::take(&mut self.queue).into_iter()
    }

    /// "dodequeue": the next packet, and whether it may be dropped.
    fn next(&mut self, now: SimTime) -> (Option<(SimTime, P)>, bool) {
        let Some((joined, packet)) = self.queue.pop_front() else {
            self.first_above = None;
            return (None, false);
        };
        self.bytes -= u64::from(packet.bytes());
        let mut ok_to_drop = false;
        if now.since(joined) < self.config.target || self.bytes <= self.max_packet {
            // "went below - stay below for at least interval".
            self.first_above = None;
        } else if let Some(first_above) = self.first_above {
            ok_to_drop = now >= first_above;
        } else {
            self.first_above = Some(now.saturating_add(self.config.interval));
        }
        (Some((joined, packet)), ok_to_drop)
    }

    /// "control_law": t + interval / sqrt(count), rounded down to a nanosecond.
    fn control_law(&self, t: SimTime, count: u64) -> SimTime {
        let interval = u128::from(self.config.interval.as_nanos());
        let gap = (interval * interval / u128::from(count.max(1))).isqrt();
        t.saturating_add(SimDuration::from_nanos(u64::try_from(gap).expect("at most the interval")))
    }

    /// The packet to be sent next, with the time at which it joined; those to be dropped
    /// before it go to `drop`. `mark` marks a packet as having met congestion; false if its
    /// transport does not understand that.
    pub(crate) fn pop(
        &mut self,
        now: SimTime,
        mut drop: impl FnMut(SimTime, P),
        mut mark: impl FnMut(&P) -> bool,
    ) -> Option<(SimTime, P)> {
        let (mut head, mut ok_to_drop) = self.next(now);
        if self.dropping {
            self.dropping = ok_to_drop;
            while self.dropping && now >= self.drop_next {
                let (joined, packet) = head?;
                self.count += 1;
                if mark(&packet) {
                    self.drop_next = self.control_law(self.drop_next, self.count);
                    return Some((joined, packet));
                }
                drop(joined, packet);
                (head, ok_to_drop) = self.next(now);
                if ok_to_drop {
                    self.drop_next = self.control_law(self.drop_next, self.count);
                } else {
                    self.dropping = false;
                }
            }
        } else if ok_to_drop {
            let (joined, packet) = head?;
            if mark(&packet) {
                head = Some((joined, packet));
            } else {
                drop(joined, packet);
                head = self.next(now).0;
            }
            self.dropping = true;
            // "If min went above target close to when it last went below, assume that the
            // drop rate that controlled the queue on the last cycle is a good starting point".
            let delta = self.count.saturating_sub(self.last_count);
            let recently = now < self.drop_next.saturating_add(self.config.interval.saturating_mul(16));
            self.count = if delta > 1 && recently { delta } else { 1 };
            self.drop_next = self.control_law(now, self.count);
            self.last_count = self.count;
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug)]
    struct Plain(bool);

    impl Queued for Plain {
        fn bytes(&self) -> u32 {
            1_500
        }
    }

    const fn at_us(us: u64) -> SimTime {
        SimTime::from_nanos(us * 1_000)
    }

    /// The times (in us) of drops and of marks when a queue is kept 200 packets long.
    fn overload(ect: bool) -> (Vec<u64>, Vec<u64>) {
        let mut codel = Codel::new(CodelConfig::default(), 1_500);
        let (mut drops, mut marks) = (Vec::new(), Vec::new());
        for n in 0..200 {
            codel.push(at_us(n), Plain(ect));
        }
        for us in (1_000..1_500_000).step_by(1_000) {
            while codel.len() < 200 {
                codel.push(at_us(us - 1_000), Plain(ect));
            }
            let mark = |packet: &Plain| {
                if packet.0 {
                    marks.push(us);
                }
                packet.0
            };
            codel.pop(at_us(us), |_, _| drops.push(us), mark);
        }
        (drops, marks)
    }

    /// RFC 8289 5: nothing is dropped for an interval, then at gaps of interval/sqrt(n).
    #[test]
    fn drops_follow_the_control_law() {
        let (drops, marks) = overload(false);
        assert!(marks.is_empty());
        // The wait passes 5 ms with the packet sent at 6 ms; one interval later the first goes.
        assert_eq!(drops[0], 106_000);
        let mut next = 106_000.0;
        for (n, drop) in (1_u32..).zip(&drops[1..]) {
            next += 100_000.0 / f64::from(n).sqrt();
            let late = f64::from(u32::try_from(*drop).unwrap()) - next;
            assert!((0.0..=1_001.0).contains(&late), "drop {n} at {drop}, not {next}");
        }
        assert!(drops.len() > 40, "{}", drops.len());
    }

    #[test]
    fn what_can_be_marked_is_not_dropped() {
        let (drops, marks) = overload(true);
        assert!(drops.is_empty());
        assert_eq!(marks[0], 106_000);
    }

    #[test]
    fn short_waits_and_a_last_packet_are_left_alone() {
        let mut codel = Codel::new(CodelConfig::default(), 1_500);
        for second in 0..100_u64 {
            codel.push(at_us(second * 1_000_000), Plain(false));
            codel.push(at_us(second * 1_000_000), Plain(false));
            let never = |_, _| unreachable!("one packet stays, however long it waits");
            assert!(codel.pop(at_us(second * 1_000_000 + 900_000), never, |_| false).is_some());
            assert!(codel.pop(at_us(second * 1_000_000 + 950_000), never, |_| false).is_some());
        }
        assert_eq!((codel.len(), codel.bytes()), (0, 0));
    }
}
