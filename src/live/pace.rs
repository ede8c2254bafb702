//! What virtual time it is, given the wall clock.
//!
//! At a fixed speed virtual time runs that many times as fast as the wall clock. At speed *max*
//! it jumps over idle time, under one rule:
//!
//! - While no client is connected and no question of one is unanswered, the world runs on to the end of
//!   the scenario. Once a client has done something, it runs on from there for the length of the scenario, and
//!   then, as after a command of the operator, for as long as a message waits in a queue, but not for more than
//!   [`LONGEST_WAIT`]. There it waits.
//! - While some are, each of them that has not closed its direction may see virtual time run ahead of the wall clock by at most
//!   [`AHEAD`] since its own last octet. So delays, look-ups and short waits pass at once, but
//!   the time-outs of minutes by which servers end a silent dialogue come no sooner than that
//!   much before their real time.
//!
//! Within that bound the clock stands where the last event put it, and goes on with the wall.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{SimDuration, SimTime};

/// How much of a server's patience speed *max* may cost a client.
pub const AHEAD: SimDuration = SimDuration::from_secs(1);

/// How far the world runs alone for the sake of messages in queues, which are returned long before.
pub const LONGEST_WAIT: SimDuration = SimDuration::from_secs(30 * 86_400);

/// The step in which it does so.
const STEP: SimDuration = SimDuration::from_secs(600);

/// How fast virtual time runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// Virtual seconds in a second of the wall clock; 0 halts the world.
    Times(f64),
    /// Without idle time.
    Max,
}

impl Speed {
    /// The speed that a text names: `max`, or a number from 0 to a million.
    ///
    /// # Errors
    /// It is neither; what would be.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FASTEST: f64 = 1e6;
        if text.eq_ignore_ascii_case("max") {
            return Ok(Self::Max);
        }
        let number = text.strip_suffix(['x', 'X']).unwrap_or(text).parse::<f64>();
        let speed = number.ok().filter(|speed| (0.0..=FASTEST).contains(speed));
        speed.map(Self::Times).ok_or_else(|| "a speed is `max` or a number from 0 to 1000000".to_owned())
    }
}

/// One who may be kept waiting: a connection, or an unanswered question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pending {
    /// A connection, by its number.
    Connection(usize),
    /// A question, by the port of the simulated host from which it was asked.
    Question(u16),
}

/// The relation of the two clocks. Wall-clock times are those since the start.
#[derive(Clone, Debug)]
pub struct Pace {
    speed: Speed,
    /// An instant of the wall clock and of the world that belong together.
    base: (Duration, SimTime),
    /// For each who waits, by how much the world was ahead of the wall at its last act, in nanoseconds.
    leads: BTreeMap<Pending, i128>,
    /// The same leads with their number, to find the least.
    counts: BTreeMap<i128, usize>,
    /// How far the world may run without clients.
    horizon: SimTime,
    length: SimDuration,
    /// When somebody outside last did something.
    last_act: Option<SimTime>,
}

impl Pace {
    /// Both clocks at zero; a scenario of that length.
    #[must_use]
    pub const fn new(speed: Speed, length: SimDuration) -> Self {
        Self {
            speed,
            base: (Duration::ZERO, SimTime::ZERO),
            leads: BTreeMap::new(),
            counts: BTreeMap::new(),
            horizon: SimTime::from_nanos(length.as_nanos()),
            length,
            last_act: None,
        }
    }

    /// Whether anybody outside did anything.
    #[must_use]
    pub const fn is_touched(&self) -> bool {
        self.last_act.is_some()
    }

    /// The operator does something, which alone lets no time pass.
    pub const fn touched(&mut self, now: SimTime) {
        self.last_act = Some(now);
    }

    fn client_acted(&mut self, now: SimTime) {
        self.touched(now);
        self.horizon = self.horizon.max(now.saturating_add(self.length));
    }

    /// Whether the world, which stands at `now`, would run on if a message waited in a queue.
    #[must_use]
    pub fn may_extend(&self, now: SimTime) -> bool {
        let within = self.last_act.is_some_and(|act| now < act.saturating_add(LONGEST_WAIT));
        matches!(self.speed, Speed::Max) && self.counts.is_empty() && now >= self.horizon && within
    }

    /// One step more for the sake of messages in queues.
    pub fn extend(&mut self, now: SimTime) {
        self.horizon = now.saturating_add(STEP);
    }

    /// The speed.
    #[must_use]
    pub const fn speed(&self) -> Speed {
        self.speed
    }

    /// Another speed from now on. By how far a fixed speed took the world ahead of those who wait is not to be waited for.
    pub fn change(&mut self, speed: Speed, wall: Duration, now: SimTime) {
        self.base = (wall, now);
        self.speed = speed;
        let least = i128::from(now.as_nanos()) - nanos(wall);
        for lead in self.leads.values_mut() {
            *lead = least.max(*lead);
        }
        self.counts.clear();
        for lead in self.leads.values() {
            *self.counts.entry(*lead).or_default() += 1;
        }
    }

    /// The world stands at `now`, which it reached by events.
    pub const fn reached(&mut self, wall: Duration, now: SimTime) {
        if matches!(self.speed, Speed::Max) {
            self.base = (wall, now);
        }
    }

    /// The latest instant whose events may happen now.
    #[must_use]
    pub fn target(&self, wall: Duration) -> SimTime {
        match self.speed {
            Speed::Times(_) => self.floor(wall),
            Speed::Max => match self.counts.first_key_value() {
                None => self.horizon,
                Some((lead, _)) => instant(nanos(wall) + lead + i128::from(AHEAD.as_nanos())),
            },
        }
    }

    /// The instant to which the clock goes when no event is left up to the target.
    #[must_use]
    pub fn floor(&self, wall: Duration) -> SimTime {
        let (then, at) = self.base;
        let passed = wall.saturating_sub(then);
        match self.speed {
            Speed::Times(speed) => at.saturating_add(SimDuration::from_nanos(scaled(passed, speed))),
            // Without clients it stands at the horizon, so that a world without them ends as `run` ends it.
            Speed::Max if self.counts.is_empty() => self.horizon.max(at),
            Speed::Max => at.saturating_add(SimDuration::from_nanos(scaled(passed, 1.0))),
        }
    }

    /// How long the loop may sleep if the next event is at `next`; none: until a client acts.
    #[must_use]
    pub fn sleep(&self, wall: Duration, next: Option<SimTime>) -> Option<Duration> {
        let wait = next?.as_nanos().saturating_sub(self.target(wall).as_nanos());
        match self.speed {
            Speed::Times(speed) if speed > 0.0 => {
                Some(Duration::from_nanos(scaled(Duration::from_nanos(wait), 1.0 / speed)))
            }
            Speed::Times(_) => None,
            Speed::Max if self.counts.is_empty() => None,
            Speed::Max => Some(Duration::from_nanos(wait)),
        }
    }

    /// Somebody acts, or begins to wait.
    pub fn acted(&mut self, who: Pending, wall: Duration, now: SimTime) {
        let lead = i128::from(now.as_nanos()) - nanos(wall);
        self.forget(who);
        self.leads.insert(who, lead);
        *self.counts.entry(lead).or_default() += 1;
        self.client_acted(now);
    }

    /// Somebody waits no longer.
    pub fn left(&mut self, who: Pending, now: SimTime) {
        if self.forget(who) {
            self.client_acted(now);
        }
    }

    fn forget(&mut self, who: Pending) -> bool {
        let Some(lead) = self.leads.remove(&who) else { return false };
        if let Some(count) = self.counts.get_mut(&lead) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&lead);
            }
        }
        true
    }
}

fn nanos(wall: Duration) -> i128 {
    i128::try_from(wall.as_nanos()).unwrap_or(i128::MAX / 2)
}

fn instant(nanos: i128) -> SimTime {
    SimTime::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX - 1))
}

/// A span of the wall clock in virtual nanoseconds, or back.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and spans are positive"
)]
fn scaled(span: Duration, factor: f64) -> u64 {
    (span.as_secs_f64() * 1e9 * factor) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn speeds_are_numbers_or_max() {
        assert_eq!(Speed::parse("max"), Ok(Speed::Max));
        assert_eq!(Speed::parse("0.5"), Ok(Speed::Times(0.5)));
        assert_eq!(Speed::parse("60x"), Ok(Speed::Times(60.0)));
        for wrong in ["", "-1", "nan", "inf", "1e9", "fast"] {
            assert!(Speed::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fixed_speed_multiplies_the_wall_clock_and_changes_without_a_jump() {
        let mut pace = Pace::new(Speed::Times(60.0), SimDuration::from_secs(300));
        assert_eq!(pace.target(SECOND), at(60));
        assert_eq!(pace.sleep(SECOND, Some(at(120))), Some(SECOND));
        pace.change(Speed::Times(0.0), SECOND, at(60));
        assert_eq!((pace.target(SECOND * 100), pace.sleep(SECOND, Some(at(61)))), (at(60), None));
        pace.change(Speed::Times(1.0), SECOND * 100, at(60));
        assert_eq!(pace.target(SECOND * 101), at(61));
    }

    #[test]
    fn without_clients_max_runs_to_the_horizon_and_the_horizon_follows_the_last_act() {
        let mut pace = Pace::new(Speed::Max, SimDuration::from_secs(300));
        assert_eq!((pace.target(SECOND), pace.floor(SECOND)), (at(300), at(300)));
        assert_eq!(pace.sleep(SECOND, Some(at(301))), None);
        pace.reached(SECOND, at(300));
        pace.acted(Pending::Connection(1), SECOND, at(300));
        pace.left(Pending::Connection(1), at(302));
        assert_eq!(pace.target(SECOND), at(602));
        assert!(!pace.may_extend(at(601)) && pace.may_extend(at(602)));
        pace.extend(at(602));
        assert_eq!(pace.target(SECOND), at(1202));
        assert!(!pace.may_extend(at(302) + LONGEST_WAIT));
    }

    #[test]
    fn a_silent_client_is_never_more_than_the_bound_short_of_time() {
        let mut pace = Pace::new(Speed::Max, SimDuration::from_secs(300));
        pace.acted(Pending::Connection(1), SECOND, at(20));
        assert_eq!(pace.target(SECOND), at(21));
        // Another client's bustle takes the world no further.
        for round in 0..100 {
            let now = pace.target(SECOND * 2);
            pace.reached(SECOND * 2, now);
            pace.acted(Pending::Connection(2), SECOND * 2, now);
            assert_eq!(pace.target(SECOND * 2), at(22), "round {round}");
        }
        // The silent client waits 300 s of its own: its server's patience of 300 s less the bound.
        assert_eq!(pace.sleep(SECOND, Some(at(320))), Some(SECOND * 299));
        pace.left(Pending::Connection(1), at(22));
        pace.left(Pending::Connection(2), at(22));
        assert!(pace.counts.is_empty() && pace.leads.is_empty());
    }

    #[test]
    fn what_a_fixed_speed_ran_ahead_does_not_halt_the_world() {
        let mut pace = Pace::new(Speed::Times(1000.0), SimDuration::from_secs(300));
        pace.acted(Pending::Connection(1), Duration::ZERO, at(0));
        pace.acted(Pending::Connection(2), SECOND * 2, at(2000));
        pace.change(Speed::Max, SECOND * 2, at(2000));
        assert_eq!(pace.target(SECOND * 2), at(2001));
        for number in [1, 2] {
            pace.left(Pending::Connection(number), at(2000));
        }
        assert!(pace.counts.is_empty() && pace.leads.is_empty());
        // After slow motion it still has from a server's patience what it waited.
        pace.acted(Pending::Connection(1), SECOND * 2, at(2000));
        pace.change(Speed::Max, SECOND * 12, at(2000));
        assert_eq!(pace.target(SECOND * 12), at(2011));
    }

    #[test]
    fn with_a_client_the_clock_goes_on_from_where_events_put_it() {
        let mut pace = Pace::new(Speed::Max, SimDuration::from_secs(300));
        pace.acted(Pending::Question(5), SECOND, at(20));
        pace.reached(SECOND, at(22));
        assert_eq!(pace.floor(SECOND * 3), at(24));
    }
}
