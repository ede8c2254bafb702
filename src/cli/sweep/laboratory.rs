//! Where the runs of a study are made: simulated without a word, measured, and forgotten.
//!
//! A run ends by the limits of its scenario that do not depend on the machine. Those of wall-clock time and of memory do
//! not hold here: the same point would fail on one computer and not on another, and the memory is that of all runs at a
//! time. A panic is a run's failure, not the study's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use crate::base::SimTime;
use crate::base::trace::{Observer, Silent};
use crate::cli::expect::examine;
use crate::cli::recording::window_options;
use crate::cli::simulate::{Alike, Finished, alike, begin, finish, fork, limits};
use crate::metrics::{Recorder, RecorderOptions};
use crate::report::{WindowOptions, WindowWriter};
use crate::scenario::Resolved;
use crate::scenario::build::directory;
use crate::scenario::resolved::What;
use crate::sim::{Ended, Limit, Outcome, Simulation};
use crate::sweep::{Failure, Laboratory, Measure, Measured, WarmUp};

/// A world at the end of its warm-up.
type Warm = Simulation<(Recorder, Silent)>;

/// What must be kept of a run for those who ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Asked {
    windows: bool,
    dialogues: bool,
}

impl Asked {
    fn of(scenario: &Resolved, measures: &[Measure]) -> Self {
        let looked_at = |is: fn(&What) -> bool| {
            measures.iter().map(|measure| &measure.what).chain(scenario.expect.iter().map(|spec| &spec.what)).any(is)
        };
        Self { windows: looked_at(is_about_windows), dialogues: looked_at(is_about_dialogues) }
    }

    /// Dialogues are long, and mostly nobody asks for them.
    fn options(self) -> RecorderOptions {
        let mut options = RecorderOptions::default();
        if !self.dialogues {
            options.dialogues = 0;
        }
        options
    }
}

/// Simulates in this process.
#[derive(Debug)]
pub struct SimulationLaboratory {
    interrupted: Arc<AtomicBool>,
}

impl SimulationLaboratory {
    /// A laboratory in which everything stops once that is set.
    #[must_use]
    pub const fn new(interrupted: Arc<AtomicBool>) -> Self {
        Self { interrupted }
    }

    fn watch(&self) -> Option<Ended> {
        self.interrupted.load(Ordering::Relaxed).then_some(Ended::Interrupted)
    }

    /// Runs a simulation from its beginning.
    fn alone(
        &self,
        scenario: &Resolved,
        asked: Asked,
        measures: &[Measure],
        warm_up: Option<&WarmUp>,
    ) -> Result<Measured, Failure> {
        let go_on = || begin(scenario, asked.options(), Silent);
        if !asked.windows {
            return self.finish(go_on(), scenario, (measures, warm_up), |_| Ok(None));
        }
        let everything = WindowOptions { hosts: Vec::new(), ports: Vec::new() };
        let options = scenario.outputs.cwnd.as_ref().map_or(everything, window_options);
        let windows = WindowWriter::new(directory(scenario), options, Vec::new());
        self.finish(begin(scenario, asked.options(), windows), scenario, (measures, warm_up), |windows| {
            windows.finish().map(Some).map_err(|error| internal(scenario, &error.to_string()))
        })
    }

    /// Runs a simulation to its end, and measures.
    fn finish<X: Observer>(
        &self,
        mut simulation: Simulation<(Recorder, X)>,
        scenario: &Resolved,
        (measures, warm_up): (&[Measure], Option<&WarmUp>),
        windows: impl FnOnce(X) -> Result<Option<Vec<u8>>, Failure>,
    ) -> Result<Measured, Failure> {
        let outcome = simulation.run(&limits(scenario), |_| self.watch());
        cut(&outcome)?;
        let events = outcome.events;
        let finished = finish(simulation, outcome).map_err(|fault| internal(scenario, &fault))?;
        let Finished { record, extra, .. } = finished;
        let (values, missed) = examine(scenario, (&record, windows(extra)?), measures, since(warm_up));
        Ok(Measured { values, fingerprint: record.fingerprint.to_string(), events, missed })
    }

    /// The world at the end of a warm-up; none if it did not get so far.
    fn warm(&self, beginning: &Resolved, asked: Asked, instant: SimTime) -> Option<Warm> {
        caught(|| {
            let mut simulation = begin(beginning, asked.options(), Silent);
            let stopped = simulation.run_before(instant, &limits(beginning), |_| self.watch());
            stopped.is_none().then_some(simulation)
        })
        .flatten()
    }
}

/// What does not panic leaves something.
fn caught<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

fn since(warm_up: Option<&WarmUp>) -> SimTime {
    warm_up.map_or(SimTime::ZERO, |one| SimTime::ZERO + one.until)
}

fn panicked(scenario: &Resolved) -> Failure {
    internal(scenario, "the simulator panicked; please report the scenario")
}

impl Laboratory for SimulationLaboratory {
    fn run(&self, scenario: &Resolved, measures: &[Measure], warm_up: Option<&WarmUp>) -> Result<Measured, Failure> {
        let asked = Asked::of(scenario, measures);
        caught(|| self.alone(scenario, asked, measures, warm_up)).unwrap_or_else(|| Err(panicked(scenario)))
    }

    fn run_together(
        &self,
        scenarios: &[Resolved],
        measures: &[Measure],
        warm_up: &WarmUp,
        each: &(dyn Fn(usize, Result<Measured, Failure>) + Sync),
    ) -> u64 {
        let instant = since(Some(warm_up));
        let asked: Vec<Asked> = scenarios.iter().map(|scenario| Asked::of(scenario, measures)).collect();
        let all: Vec<&Resolved> = scenarios.iter().collect();
        let group = |Alike { beginning, members }: Alike| {
            let first = members.first().map_or_else(Asked::default, |first| asked[*first]);
            // What is expected is no part of the beginning, but who watches is; and windows are written as they come.
            let same = members.iter().all(|member| asked[*member] == first) && !first.windows;
            let warm = beginning.filter(|_| same).and_then(|beginning| self.warm(&beginning, first, instant));
            // A world is for one thread at a time.
            let warm = warm.map(Mutex::new);
            members.par_iter().with_max_len(1).for_each(|&member| {
                let scenario = all[member];
                let run = |warm: &Mutex<Warm>| {
                    let go_on = || fork(&warm.lock().unwrap_or_else(PoisonError::into_inner), scenario, instant);
                    caught(|| self.finish(go_on(), scenario, (measures, Some(warm_up)), |_| Ok(None)))
                        .unwrap_or_else(|| Err(panicked(scenario)))
                };
                each(member, warm.as_ref().map_or_else(|| self.run(scenario, measures, Some(warm_up)), run));
            });
            if warm.is_some() { members.len() as u64 } else { 0 }
        };
        alike(&all, instant).into_par_iter().with_max_len(1).map(group).sum()
    }
}

/// Why a run that was cut short left nothing.
fn cut(outcome: &Outcome) -> Result<(), Failure> {
    match outcome.ended {
        Ended::Idle | Ended::Until | Ended::Stopped => Ok(()),
        Ended::Interrupted => Err(Failure::Interrupted),
        Ended::Limit(limit) => {
            let hint = if limit == Limit::EventsPerInstant { "; a loop without delay?" } else { "" };
            Err(Failure::Limit(format!("limits.{limit} was reached at {} s{hint}", outcome.end)))
        }
    }
}

fn internal(scenario: &Resolved, what: &str) -> Failure {
    Failure::Internal(format!("internal error (seed {}): {what}", scenario.run.seed))
}

fn is_about_dialogues(what: &What) -> bool {
    match what {
        What::Transcript(_) => true,
        What::Rows(_, table, ..) => table.name == "dialogues",
        What::Metric(..) | What::Message(_) | What::Dropped { .. } => false,
    }
}

fn is_about_windows(what: &What) -> bool {
    match what {
        What::Rows(_, table, ..) => table.name == "cwnd",
        What::Metric(..) | What::Message(_) | What::Dropped { .. } | What::Transcript(_) => false,
    }
}
