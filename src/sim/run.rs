//! The event loop: pop, move the clock, dispatch, until nothing is left to do, the end of
//! the run is reached, or a limit stops it.

use std::collections::BTreeSet;
use std::fmt;

use crate::base::trace::Observer;
use crate::base::{HostId, SimDuration, SimTime};

use super::kinds::EventKinds;
use super::world::World;

/// How far a run may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The last instant that is simulated.
    pub until: SimTime,
    /// Events in all.
    pub events: u64,
    /// Events at one instant: more than that is taken for a loop without delay.
    pub events_per_instant: u64,
    /// Copies of messages composed, bounces included.
    pub messages: u64,
}

/// Which limit stopped a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Events in all.
    Events,
    /// Events at one instant.
    EventsPerInstant,
    /// Copies of messages.
    Messages,
    /// Wall-clock time. Where it falls differs from run to run.
    WallClock,
    /// Memory. Where it falls differs from run to run.
    Memory,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was left to do.
    Idle,
    /// The last instant was reached.
    Until,
    /// A limit stopped it: the results are cut.
    Limit(Limit),
    /// Somebody asked it to stop: the results are cut.
    Interrupted,
    /// It had no end of its own, since clients from outside were served, and was stopped.
    Stopped,
}

impl Ended {
    /// Whether the results lack what would have followed.
    #[must_use]
    pub const fn is_cut(self) -> bool {
        matches!(self, Self::Limit(_) | Self::Interrupted)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Events => "events",
            Self::EventsPerInstant => "events_per_instant",
            Self::Messages => "messages",
            Self::WallClock => "wall_clock",
            Self::Memory => "memory",
        })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Until => f.write_str("until"),
            Self::Limit(limit) => write!(f, "limit {limit}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why it ended.
    pub ended: Ended,
    /// The instant up to which the world was simulated.
    pub end: SimTime,
    /// Events that happened.
    pub events: u64,
    /// Events by kind.
    pub kinds: EventKinds,
    /// Events at the same instant as their predecessor but from another host: there the
    /// order is that of the hosts' names, where nature would know none.
    pub ties: u64,
}

/// How far [`Simulation::catch_up`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// No event is left up to the target.
    Done,
    /// Some are.
    More,
    /// A limit was reached.
    Limit(Limit),
}

/// What a watcher of a run sees now and then.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The present instant.
    pub now: SimTime,
    /// Events so far.
    pub events: u64,
}

/// Events between two looks of the watcher.
pub const WATCH_EVERY: u64 = 1 << 14;

/// Bytes of composed messages between two looks of the watcher: a few large messages may
/// take more memory than many events.
const WATCH_BYTES: u64 = 64 << 20;

/// So many events before the limit of one instant their hosts are noted.
const NOTED: u64 = 64;

/// A world and the count of what happened in it.
#[derive(Clone, Debug)]
pub struct Simulation<O> {
    world: World<O>,
    events: u64,
    kinds: EventKinds,
    ties: u64,
    last: Option<(SimTime, HostId)>,
    at_instant: u64,
    busy: BTreeSet<HostId>,
    watched_bytes: u64,
}

impl<O: Observer> Simulation<O> {
    /// A simulation that begins with `world`.
    pub const fn new(world: World<O>) -> Self {
        let busy = BTreeSet::new();
        let kinds = EventKinds::NONE;
        Self { world, events: 0, kinds, ties: 0, last: None, at_instant: 0, busy, watched_bytes: 0 }
    }

    /// The world as it is now.
    #[must_use]
    pub const fn world(&self) -> &World<O> {
        &self.world
    }

    /// The world, for those outside who act on it. They act at its present instant.
    pub const fn world_mut(&mut self) -> &mut World<O> {
        &mut self.world
    }

    /// Events so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The hosts of the last events before too many at one instant stopped the run: those
    /// among which a loop without delay goes round. Empty for other runs.
    #[must_use]
    pub const fn busy(&self) -> &BTreeSet<HostId> {
        &self.busy
    }

    /// Gives up the simulation and keeps the world.
    pub fn into_world(self) -> World<O> {
        self.world
    }

    /// Runs up to the limits. `watch` is called every [`WATCH_EVERY`] events, more often when
    /// large messages are composed, and may stop the run; what it returns must not depend on anything but wall clock, memory and
    /// interrupts.
    pub fn run(&mut self, limits: &Limits, mut watch: impl FnMut(Progress) -> Option<Ended>) -> Outcome {
        let ended = loop {
            if self.watch_is_due()
                && let Some(stop) = watch(Progress { now: self.world.now(), events: self.events })
            {
                break stop;
            }
            match self.world.kernel.next_at() {
                None => break Ended::Idle,
                Some(at) if at > limits.until => break Ended::Until,
                Some(_) => {}
            }
            if let Some(limit) = self.limit_reached(limits) {
                break Ended::Limit(limit);
            }
            self.step();
            self.note_busy(limits.events_per_instant);
        };
        if ended != Ended::Limit(Limit::EventsPerInstant) {
            self.busy.clear();
        }
        if !ended.is_cut() && self.world.now() < limits.until {
            self.world.kernel.idle_until(limits.until);
        }
        self.outcome(ended)
    }

    fn watch_is_due(&mut self) -> bool {
        let bytes = self.world.composed_bytes();
        let large = bytes - self.watched_bytes >= WATCH_BYTES;
        if large {
            self.watched_bytes = bytes;
        }
        large || self.events.is_multiple_of(WATCH_EVERY)
    }

    fn note_busy(&mut self, most: u64) {
        if self.at_instant + NOTED <= most {
            return;
        }
        if self.at_instant == 1 {
            self.busy.clear();
        }
        self.busy.extend(self.last.map(|(_, host)| host));
    }

    fn limit_reached(&self, limits: &Limits) -> Option<Limit> {
        if self.events >= limits.events {
            Some(Limit::Events)
        } else if self.at_instant >= limits.events_per_instant {
            Some(Limit::EventsPerInstant)
        } else if self.world.composed() > limits.messages {
            Some(Limit::Messages)
        } else {
            None
        }
    }

    fn step(&mut self) {
        let Some(pending) = self.world.kernel.pop() else { return };
        let (at, origin) = (pending.at(), pending.origin());
        self.events += 1;
        self.kinds.count(&pending.event);
        match self.last {
            Some((last_at, last_origin)) if last_at == at => {
                self.at_instant += 1;
                self.ties += u64::from(last_origin != origin);
            }
            _ => self.at_instant = 1,
        }
        self.last = Some((at, origin));
        self.world.dispatch(pending.event);
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_at(&mut self) -> Option<SimTime> {
        self.world.kernel.next_at()
    }

    /// Runs up to `most` events that happen no later than `target`, within the limits (but for
    /// their `until`), and leaves the clock at the last of them.
    pub fn catch_up(&mut self, target: SimTime, most: u64, limits: &Limits) -> Slice {
        for _ in 0..most {
            if self.world.kernel.next_at().is_none_or(|at| at > target) {
                return Slice::Done;
            }
            if let Some(limit) = self.limit_reached(limits) {
                return Slice::Limit(limit);
            }
            self.step();
            self.note_busy(limits.events_per_instant);
        }
        Slice::More
    }

    /// Runs all that happens before `instant`, so that the world can be told there what comes; gives why it did not get
    /// so far, if it did not. `watch` as in [`Simulation::run`].
    pub fn run_before(
        &mut self,
        instant: SimTime,
        limits: &Limits,
        mut watch: impl FnMut(Progress) -> Option<Ended>,
    ) -> Option<Ended> {
        let last = instant.as_nanos().checked_sub(1).map(SimTime::from_nanos)?;
        loop {
            if let Some(stop) = watch(Progress { now: self.world.now(), events: self.events }) {
                return Some(stop);
            }
            match self.catch_up(last.min(limits.until), WATCH_EVERY, limits) {
                Slice::More => {}
                Slice::Done => return None,
                Slice::Limit(limit) => return Some(Ended::Limit(limit)),
            }
        }
    }

    /// Lets the clock run on to `at`, but not past the next event. It never goes back.
    pub fn idle_until(&mut self, at: SimTime) {
        let at = self.world.kernel.next_at().map_or(at, |next| at.min(next));
        if at > self.world.now() {
            self.world.kernel.idle_until(at);
        }
    }

    /// How it went so far, when it ended for that reason.
    #[must_use]
    pub fn outcome(&self, ended: Ended) -> Outcome {
        Outcome { ended, end: self.world.now(), events: self.events, kinds: self.kinds, ties: self.ties }
    }

    /// Simulates `span` more, for tests and warm-ups, without limits.
    pub fn advance(&mut self, span: SimDuration) -> Outcome {
        let limits = Limits {
            until: self.world.now().saturating_add(span),
            events: u64::MAX,
            events_per_instant: 1_000_000,
            messages: u64::MAX,
        };
        self.run(&limits, |_| None)
    }
}
