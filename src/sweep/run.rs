//! Runs what is missing of a study, on several threads.
//!
//! What a run leaves is kept before the next one begins, and nothing else is: no list of what is done, no order. So
//! whatever ends the process, only the runs under way are lost, and memory does not grow with the study.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::base::hash::Digest;
use crate::report::ReportError;
use crate::scenario::Resolved;

use super::store::{Found, Record, Store};
use super::study::{Failure, Laboratory, Measured, Point, WarmUp};
use super::tables::read_state;
use super::trials::{Course, State, Stop, Subject, Trial};

/// How a study is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Runs at a time; above 0.
    pub jobs: usize,
    /// Failed runs are made again.
    pub retry_failed: bool,
}

/// What is told while a study runs.
#[derive(Clone, Debug, PartialEq)]
pub enum News<'a> {
    /// A run's record was there.
    Kept,
    /// A run was made.
    Made,
    /// A run failed, now or before.
    Failed(Trial, &'a Failure),
    /// A record was damaged; the run is made anew.
    Damaged(PathBuf, String),
    /// A point's scenario is invalid.
    Invalid(usize, &'a str),
    /// A point is done, after so many replications.
    Point(usize),
}

/// Who is told, and may stop it; by several threads at a time.
pub trait Watcher: Sync {
    /// Something happened.
    fn tell(&self, news: News<'_>);

    /// Whether somebody wants it to stop.
    fn stopped(&self) -> bool;
}

/// How a study went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Points that were looked at.
    pub points: u64,
    /// Points whose scenario is invalid.
    pub invalid: u64,
    /// Runs that were there.
    pub kept: u64,
    /// Runs that were made.
    pub made: u64,
    /// Of those that were made, the ones that went on from a shared warm-up.
    pub shared: u64,
    /// Runs, of both kinds, that failed.
    pub failed: u64,
    /// Runs in which the scenario's own expectations did not all hold.
    pub missed: u64,
    /// Somebody stopped it.
    pub stopped: bool,
}

impl Tally {
    /// Whether every run is there and left something.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.invalid == 0 && self.failed == 0 && !self.stopped
    }
}

/// Why a study could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What a run left could not be kept.
    #[error(transparent)]
    Keep(#[from] ReportError),
    /// Threads could not be started.
    #[error("cannot start {jobs} threads: {why}")]
    Threads {
        /// So many.
        jobs: usize,
        /// What the system said.
        why: String,
    },
}

/// What stands in the stack of a thread that takes on another point while it waits for one.
const STACK_BYTES: usize = 16 << 20;

/// So many points that may share a warm-up are in memory at a time.
const TOGETHER: usize = 64;

/// Runs these points of a study as far as they are not in the store.
///
/// # Errors
/// A result cannot be kept, or threads cannot be started. What was kept stays.
pub fn run<L: Laboratory, W: Watcher>(
    subject: &Subject<'_>,
    points: &[usize],
    (store, laboratory, watcher): (&Store, &L, &W),
    options: &RunOptions,
) -> Result<Tally, RunError> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(options.jobs).stack_size(STACK_BYTES).build();
    let threads = threads.map_err(|error| RunError::Threads { jobs: options.jobs, why: error.to_string() })?;
    let work = Work {
        subject,
        store,
        laboratory,
        watcher,
        retry_failed: options.retry_failed,
        counts: Counts::default(),
        broken: AtomicBool::new(false),
        fresh: Mutex::new(BTreeSet::new()),
        error: Mutex::new(None),
    };
    threads.install(|| {
        let each = |points: &[usize]| {
            let all = points.par_iter().with_max_len(1);
            all.filter_map(|&index| subject.study.points.get(index)).for_each(|point| work.point(point));
        };
        match subject.study.warm_up.as_ref().filter(|warm_up| warm_up.shared) {
            None => each(points),
            Some(warm_up) => points.chunks(TOGETHER).for_each(|points| {
                work.together(points, warm_up);
                each(points);
            }),
        }
    });
    let stopped = watcher.stopped();
    let Work { counts, error, .. } = work;
    match error.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error.into()),
        None => Ok(counts.tally(stopped)),
    }
}

#[derive(Default)]
struct Counts {
    points: AtomicU64,
    invalid: AtomicU64,
    kept: AtomicU64,
    made: AtomicU64,
    shared: AtomicU64,
    failed: AtomicU64,
    missed: AtomicU64,
}

impl Counts {
    fn tally(&self, stopped: bool) -> Tally {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            points: count(&self.points),
            invalid: count(&self.invalid),
            kept: count(&self.kept),
            made: count(&self.made),
            shared: count(&self.shared),
            failed: count(&self.failed),
            missed: count(&self.missed),
            stopped,
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What all threads share.
struct Work<'a, L, W> {
    subject: &'a Subject<'a>,
    store: &'a Store,
    laboratory: &'a L,
    watcher: &'a W,
    retry_failed: bool,
    counts: Counts,
    /// A result could not be kept: there is no use in going on.
    broken: AtomicBool,
    error: Mutex<Option<ReportError>>,
    /// Runs that were made together with others, before their points' turn came.
    fresh: Mutex<BTreeSet<Digest>>,
}

impl<L: Laboratory, W: Watcher> Work<'_, L, W> {
    fn over(&self) -> bool {
        self.watcher.stopped() || self.broken.load(Ordering::Relaxed)
    }

    /// What these points lack, round by round, the same replication of all of them from one warm-up.
    fn together(&self, points: &[usize], warm_up: &WarmUp) {
        let study = self.subject.study;
        while !self.over() {
            let lacking = |&index: &usize| {
                let point = study.points.get(index)?;
                let course = self
                    .subject
                    .follow(point, |_, round| round.iter().map(|trial| read_state(self.store, trial)).collect());
                let missing = |(trial, state)| matches!(state, State::Missing(_)).then_some((point, trial));
                Some(course.trials.into_iter().filter_map(missing).collect::<Vec<_>>())
            };
            let lacking: Vec<Vec<(&Point, Trial)>> = points.par_iter().filter_map(lacking).collect();
            let mut rounds: BTreeMap<u32, Vec<(&Point, Trial)>> = BTreeMap::new();
            for (point, trial) in lacking.into_iter().flatten() {
                rounds.entry(trial.replication).or_default().push((point, trial));
            }
            let made = self.counts.made.load(Ordering::Relaxed);
            rounds.values().for_each(|round| self.round(round, warm_up));
            if self.counts.made.load(Ordering::Relaxed) == made {
                return;
            }
        }
    }

    fn round(&self, round: &[(&Point, Trial)], warm_up: &WarmUp) {
        let resolved = |(point, trial): &(&Point, Trial)| Some((*trial, self.subject.resolve(point, trial.seed).ok()?));
        let (trials, scenarios): (Vec<Trial>, Vec<Resolved>) = round.par_iter().filter_map(resolved).unzip();
        let keep = |place: usize, outcome| {
            let trial: &Trial = &trials[place];
            if !matches!(self.keep(trial, outcome), State::Missing(_)) {
                lock(&self.fresh).insert(trial.address);
            }
        };
        let shared = self.laboratory.run_together(&scenarios, &self.subject.study.measures, warm_up, &keep);
        self.counts.shared.fetch_add(shared, Ordering::Relaxed);
    }

    /// All runs of a point.
    fn point(&self, point: &Point) {
        if self.over() {
            return;
        }
        add(&self.counts.points);
        let Course { trials, stop, .. } = self.subject.follow(point, |scenario, round| {
            round.par_iter().with_max_len(1).map(|trial| self.trial(point, scenario, trial)).collect()
        });
        match stop {
            Stop::Invalid(why) => {
                add(&self.counts.invalid);
                self.watcher.tell(News::Invalid(point.index, &why));
            }
            Stop::Enough { .. } | Stop::Failed => {
                self.watcher.tell(News::Point(trials.len()));
            }
            Stop::Missing => {}
        }
    }

    /// What is known of a run, after it was made if nothing was.
    fn trial(&self, point: &Point, scenario: &Resolved, trial: &Trial) -> State {
        let again = |failure: &Failure| match failure {
            Failure::Invalid(_) | Failure::Limit(_) | Failure::Internal(_) => self.retry_failed,
            Failure::Interrupted => true,
        };
        let state = match self.store.find(trial.address) {
            Found::Record(record) => match record.outcome {
                Err(failure) if again(&failure) => self.make(point, scenario, trial),
                outcome => {
                    if !lock(&self.fresh).remove(&trial.address) {
                        add(&self.counts.kept);
                        self.watcher.tell(News::Kept);
                    }
                    State::from(outcome)
                }
            },
            Found::Damaged(why) => {
                self.watcher.tell(News::Damaged(self.store.path(trial.address), why));
                self.make(point, scenario, trial)
            }
            Found::Nothing => self.make(point, scenario, trial),
        };
        match &state {
            State::Done(measured) if !measured.missed.is_empty() => add(&self.counts.missed),
            State::Failed(failure) => {
                add(&self.counts.failed);
                self.watcher.tell(News::Failed(*trial, failure));
            }
            State::Done(_) | State::Missing(_) => {}
        }
        state
    }

    /// Makes a run and keeps what it leaves.
    fn make(&self, point: &Point, scenario: &Resolved, trial: &Trial) -> State {
        if self.over() {
            return State::Missing(None);
        }
        let study = self.subject.study;
        let run = |scenario: &Resolved| self.laboratory.run(scenario, &study.measures, study.warm_up.as_ref());
        let outcome = if scenario.run.seed == trial.seed {
            run(scenario)
        } else {
            self.subject.resolve(point, trial.seed).and_then(|scenario| run(&scenario))
        };
        self.keep(trial, outcome)
    }

    fn keep(&self, trial: &Trial, outcome: Result<Measured, Failure>) -> State {
        if outcome == Err(Failure::Interrupted) {
            return State::Missing(None);
        }
        let record = Record { address: trial.address, seed: trial.seed, outcome };
        match self.store.keep(&record) {
            Ok(()) => {
                add(&self.counts.made);
                self.watcher.tell(News::Made);
                State::from(record.outcome)
            }
            Err(error) => {
                self.broken.store(true, Ordering::Relaxed);
                lock(&self.error).get_or_insert(error);
                State::Missing(None)
            }
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Result<Measured, Failure>> for State {
    fn from(outcome: Result<Measured, Failure>) -> Self {
        match outcome {
            Ok(measured) => Self::Done(measured),
            Err(failure) => Self::Failed(failure),
        }
    }
}
