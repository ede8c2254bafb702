//! Where the runs of a study are made: simulated without a word, measured, and forgotten.
//!
//! A run ends by the limits of its scenario that do not depend on the machine. Those of wall-clock time and of memory do
//! not hold here: the same point would fail on one computer and not on another, and the memory is that of all runs at a
//! time. A panic is a run's failure, not the study's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::SimTime;
use crate::cli::expect::examine;
use crate::cli::recording::window_options;
use crate::cli::simulate::{Finished, begin, finish, limits};
use crate::metrics::RecorderOptions;
use crate::report::{WindowOptions, WindowWriter};
use crate::scenario::Resolved;
use crate::scenario::build::directory;
use crate::scenario::resolved::What;
use crate::sim::{Ended, Limit, Outcome};
use crate::sweep::{Failure, Laboratory, Measure, Measured, WarmUp};

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

    fn simulate(
        &self,
        scenario: &Resolved,
        measures: &[Measure],
        warm_up: Option<&WarmUp>,
    ) -> Result<Measured, Failure> {
        let looked_at = |is: fn(&What) -> bool| {
            measures.iter().map(|measure| &measure.what).chain(scenario.expect.iter().map(|spec| &spec.what)).any(is)
        };
        let windows = looked_at(is_about_windows).then(|| {
            let everything = WindowOptions { hosts: Vec::new(), ports: Vec::new() };
            let options = scenario.outputs.cwnd.as_ref().map_or(everything, window_options);
            WindowWriter::new(directory(scenario), options, Vec::new())
        });
        // Dialogues are long, and mostly nobody asks for them.
        let mut options = RecorderOptions::default();
        if !looked_at(is_about_dialogues) {
            options.dialogues = 0;
        }
        let mut simulation = begin(scenario, options, windows);
        let stop = |_| self.interrupted.load(Ordering::Relaxed).then_some(Ended::Interrupted);
        let outcome = simulation.run(&limits(scenario), stop);
        cut(&outcome)?;
        let events = outcome.events;
        let finished = finish(simulation, outcome).map_err(|fault| internal(scenario, &fault))?;
        let Finished { record, extra: windows, .. } = finished;
        let windows = windows.map(WindowWriter::finish).transpose();
        let windows = windows.map_err(|error| internal(scenario, &error.to_string()))?;
        let since = warm_up.map_or(SimTime::ZERO, |one| SimTime::ZERO + one.until);
        let (values, missed) = examine(scenario, (&record, windows), measures, since);
        Ok(Measured { values, fingerprint: record.fingerprint.to_string(), events, missed })
    }
}

impl Laboratory for SimulationLaboratory {
    fn run(&self, scenario: &Resolved, measures: &[Measure], warm_up: Option<&WarmUp>) -> Result<Measured, Failure> {
        // Where points share a warm-up (`WarmUp::shared`), the world at its end would be kept here and cloned.
        catch_unwind(AssertUnwindSafe(|| self.simulate(scenario, measures, warm_up)))
            .unwrap_or_else(|_| Err(internal(scenario, "the simulator panicked; please report the scenario")))
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
