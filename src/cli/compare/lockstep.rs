//! Runs two scenarios side by side until their traces part, and tells the event at which they do.
//!
//! Digests of the events are compared as they come, so neither trace is kept. The causes are kept, eight
//! octets an event. When the traces part both are run once more, up to there, for the texts of the events
//! that matter: the last one in common, the two that differ, and what caused these.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::base::Directory;
use crate::base::ids::EventId;
use crate::cli::simulate::limits;
use crate::report::compare::{Tape, Told, differences};
use crate::scenario::build::plan;
use crate::scenario::resolved::Resolved;
use crate::sim::{Limits, Simulation, Slice, World};

/// So many events of the loop are run on one side before the other's turn.
const TURN: u64 = 1 << 12;

/// Of a chain of causes: so many nearest ones are told, and its first.
const MOST_CAUSES: usize = 10;

/// One of the two traces where they part.
pub(super) struct Branch {
    /// The event; none if the run ended before.
    pub(super) event: Option<Told>,
    /// Its causes, the nearest first.
    pub(super) causes: Vec<Told>,
    /// How many of them are left out before the last.
    pub(super) left_out: usize,
}

/// Whether and where two traces part.
pub(super) enum Parting {
    /// They do not.
    Never { events: u64 },
    /// At the event of this number.
    At { number: u64, common: Option<Told>, branches: Box<[Branch; 2]> },
}

/// A run on its way.
struct Runner {
    simulation: Simulation<Tape>,
    limits: Limits,
    done: bool,
}

impl Runner {
    fn new(scenario: &Resolved, tape: impl FnOnce(Directory) -> Tape) -> Self {
        let plan = plan(scenario);
        let tape = tape(Directory::clone(&plan.directory));
        Self { simulation: Simulation::new(World::new(plan, tape)), limits: limits(scenario), done: false }
    }

    /// Runs on a little.
    fn go_on(&mut self) {
        if self.done {
            return;
        }
        match self.simulation.catch_up(self.limits.until, TURN, &self.limits) {
            Slice::More => {}
            Slice::Done => {
                self.simulation.idle_until(self.limits.until);
                self.simulation.world_mut().tell_unfinished();
                self.done = true;
            }
            Slice::Limit(_) => {
                self.simulation.world_mut().tell_unfinished();
                self.done = true;
            }
        }
    }

    fn tape(&mut self) -> &mut Tape {
        self.simulation.world_mut().observer_mut()
    }
}

/// Where the traces of two scenarios part.
pub(super) fn first_difference(a: &Resolved, b: &Resolved) -> Parting {
    let (one, other) = (plan(a).directory, plan(b).directory);
    let by_name = one.hosts() != other.hosts() || one.links() != other.links();
    let mut runners = [a, b].map(|scenario| Runner::new(scenario, |directory| Tape::of_digests(directory, by_name)));
    let mut common = 0;
    loop {
        for runner in &mut runners {
            if runner.tape().first().is_none() {
                runner.go_on();
            }
        }
        let [one, other] = &mut runners;
        loop {
            match (one.tape().first(), other.tape().first()) {
                (Some(a), Some(b)) if a == b => {
                    common += 1;
                    one.tape().forget_first();
                    other.tape().forget_first();
                }
                (Some(_), Some(_)) => return part([a, b], &mut runners, common),
                (None, None) if one.done && other.done => return Parting::Never { events: common },
                (None, Some(_)) if one.done => return part([a, b], &mut runners, common),
                (Some(_), None) if other.done => return part([a, b], &mut runners, common),
                (None, _) | (_, None) => break,
            }
        }
    }
}

/// Tells the events around the place at which the traces part, after so many in common.
fn part(scenarios: [&Resolved; 2], runners: &mut [Runner; 2], common: u64) -> Parting {
    let (last, number) = (EventId(common), common + 1);
    let mut before = None;
    let branches = [0, 1].map(|side| {
        let chain = runners[side].tape().causes_of(EventId(number));
        let left_out = chain.len().saturating_sub(MOST_CAUSES + 1);
        let near = chain.iter().take(MOST_CAUSES);
        let first = chain.last().filter(|_| chain.len() > MOST_CAUSES);
        let told: Vec<EventId> = near.chain(first).copied().collect();
        let mut wanted: BTreeSet<EventId> = told.iter().copied().collect();
        wanted.extend([last, EventId(number)]);
        let mut runner = Runner::new(scenarios[side], |directory| Tape::of_texts(directory, wanted));
        while !runner.done && runner.tape().told(EventId(number)).is_none() {
            runner.go_on();
        }
        let tape = runner.tape();
        before = tape.told(last).cloned();
        Branch {
            event: tape.told(EventId(number)).cloned(),
            causes: told.iter().filter_map(|id| tape.told(*id).cloned()).collect(),
            left_out,
        }
    });
    Parting::At { number, common: before, branches: Box::new(branches) }
}

impl Parting {
    /// For programs.
    pub(super) fn json(&self) -> Value {
        let told = |told: &Told| {
            json!({
                "id": told.id,
                "cause": told.cause,
                "at_s": told.at.to_string(),
                "host": told.host,
                "text": told.sentence,
                "event": told.json["what"],
            })
        };
        let branch = |branch: &Branch| {
            json!({
                "event": branch.event.as_ref().map(told),
                "causes": branch.causes.iter().map(told).collect::<Vec<_>>(),
                "causes_left_out": branch.left_out,
            })
        };
        match self {
            Self::Never { events } => json!({ "common_events": events, "a": null, "b": null }),
            Self::At { number, common, branches } => json!({
                "common_events": number.saturating_sub(1),
                "last_common": common.as_ref().map(told),
                "a": branch(&branches[0]),
                "b": branch(&branches[1]),
                "differs_in": self.fields().into_iter().map(|(pointer, _, _)| pointer).collect::<Vec<_>>(),
            }),
        }
    }

    /// The fields in which two events of one kind differ, with both values. Of different kinds each field is another.
    pub(super) fn fields(&self) -> Vec<(String, Value, Value)> {
        let Self::At { branches, .. } = self else { return Vec::new() };
        let [Some(a), Some(b)] = [&branches[0].event, &branches[1].event] else { return Vec::new() };
        let found = differences(&a.json, &b.json).into_iter();
        // the time stands twice in an event, in nanoseconds as well
        let found = found.filter(|one| one.pointer != "/at").map(|one| Some((one.pointer, one.a?, one.b?)));
        found.collect::<Option<_>>().unwrap_or_default()
    }
}
