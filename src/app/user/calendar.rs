//! When a person sits down at which device.
//!
//! Each device is an application of its own that sees nothing of the others. So that a person is at one of them at a
//! time, all draw the same sessions with their devices from the same streams; each takes its own, and knows from the
//! others' when the person gets up. How long sessions last at other devices nobody knows here.

use std::collections::VecDeque;

use super::habits::Habits;
use crate::base::{SimDuration, SimTime, Stream};

/// A person who goes to another device begins nothing new for so long before.
const WAY: SimDuration = SimDuration::from_secs(60);

/// How the sessions of a person are spread over devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Which of them this device is.
    pub here: usize,
    /// The weight of each.
    pub weights: Vec<f64>,
    /// Whether on all of them messages carry flags that tell what was done on others.
    pub flags: bool,
}

impl Default for Share {
    fn default() -> Self {
        Self { here: 0, weights: vec![1.0], flags: true }
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: SimTime,
    number: u64,
    here: bool,
}

/// The sessions of a person from now on, as far as they were drawn.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    sessions: Stream,
    /// Up to which time sessions were drawn, and how many.
    upto: SimTime,
    drawn: u64,
    ahead: VecDeque<Entry>,
}

impl Calendar {
    pub(super) fn new(habits: &Habits) -> Self {
        let sessions = habits.stream("sessions");
        let mut calendar = Self { sessions, upto: habits.start, drawn: 0, ahead: VecDeque::new() };
        calendar.extend(habits, |entry| entry.here);
        calendar
    }

    /// Draws sessions until there is such a one, or they end.
    fn extend(&mut self, habits: &Habits, wanted: impl Fn(&Entry) -> bool) {
        while !self.upto.is_never() && !self.ahead.iter().any(&wanted) {
            self.upto = habits.rhythm.next(self.upto, habits.until, &mut self.sessions);
            if self.upto.is_never() {
                break;
            }
            self.drawn += 1;
            let weights = &habits.share.weights;
            let drawn = || habits.stream(&format!("session/{}/device", self.drawn)).among(weights);
            let here = weights.len() < 2 || drawn() == habits.share.here;
            self.ahead.push_back(Entry { at: self.upto, number: self.drawn, here });
        }
    }

    /// The next session here.
    pub(super) fn next(&self) -> SimTime {
        self.ahead.iter().find(|entry| entry.here).map_or(SimTime::NEVER, |entry| entry.at)
    }

    /// Takes the next session here, and tells its number.
    pub(super) fn take(&mut self, habits: &Habits) -> u64 {
        let place = self.ahead.iter().position(|entry| entry.here);
        let number = place.and_then(|place| self.ahead.remove(place)).map_or(0, |entry| entry.number);
        self.extend(habits, |entry| entry.here);
        number
    }

    /// When a session here that begins now has to end for one elsewhere.
    pub(super) fn leaves(&mut self, habits: &Habits, now: SimTime) -> SimTime {
        self.ahead.retain(|entry| entry.here || entry.at > now);
        if habits.share.weights.len() < 2 {
            return SimTime::NEVER;
        }
        self.extend(habits, |entry| !entry.here);
        let elsewhere = self.ahead.iter().find(|entry| !entry.here).map(|entry| entry.at);
        let before = |at: SimTime| SimTime::from_nanos(at.as_nanos().saturating_sub(WAY.as_nanos()));
        elsewhere.map_or(SimTime::NEVER, |at| before(at).max(now))
    }
}
