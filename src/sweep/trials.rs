//! From a study to its runs: which seed each has, what its address is, and how many replications a point gets.
//!
//! All of this is decided by the study and by what earlier replications of the same point left, never by a place in a
//! list, a thread or a shard. So whoever follows a point's course, to run it or to read it, comes along the same way.

use crate::base::hash::{Digest, hash64};
use crate::scenario::{LoadError, Overrides, Resolved, ScenarioFile};

use super::statistics::{Decision, Level, Reason, StopRule as Rule};
use super::store::Definitions;
use super::study::{Failure, Measured, Numbers, Point, Replications, Study};

/// A study and the file that all its points change.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The study.
    pub study: &'a Study,
    file: ScenarioFile,
    definitions: Definitions,
}

/// One run of a study: a point and a replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The point's place in the study.
    pub point: usize,
    /// Which replication, from 0.
    pub replication: u32,
    /// The seed of the run.
    pub seed: u64,
    /// The hash of all that the run depends on.
    pub address: Digest,
}

/// What is known of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// What it left.
    Done(Measured),
    /// Why it left nothing.
    Failed(Failure),
    /// It is still to be made; with what is wrong with the record, if there is one.
    Missing(Option<String>),
}

/// Why a point gets no more replications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// They are enough.
    Enough {
        /// Why, in a word.
        reason: &'static str,
        /// Why, in a sentence.
        sentence: String,
    },
    /// None of the first ones left anything.
    Failed,
    /// Some are missing, so it is not known yet.
    Missing,
    /// The point's scenario is invalid: what is wrong with it.
    Invalid(String),
}

impl Stop {
    /// The reason in one word, for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Enough { reason, .. } => reason,
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Invalid(_) => "invalid",
        }
    }

    /// The reason in a sentence without its full stop.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Enough { sentence, .. } => sentence,
            Self::Failed => "none of the first replications left anything",
            Self::Missing => "some replications are missing",
            Self::Invalid(_) => "the point's scenario is invalid",
        }
    }
}

/// The runs of a point, as far as they went.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The point's place in the study.
    pub point: usize,
    /// Its runs, in the order of their replications.
    pub trials: Vec<(Trial, State)>,
    /// Why there are no more of them.
    pub stop: Stop,
}

impl Course {
    /// Whether every run that the study asks for is there and left something.
    #[must_use]
    pub fn complete(&self) -> bool {
        let done = |(_, state): &(Trial, State)| matches!(state, State::Done(_));
        self.trials.iter().all(done) && matches!(self.stop, Stop::Enough { .. })
    }
}

/// The seed of a point's replication.
///
/// It depends on the study's seed and the replication; where points have random numbers of their own, on what the
/// point sets, too.
#[must_use]
pub fn seed(replications: &Replications, point: &Point, replication: u32) -> u64 {
    let mut text = format!("replication/{replication}");
    match replications.numbers {
        Numbers::Common => {}
        Numbers::Independent => {
            let mut settings: Vec<String> =
                point.settings.iter().map(|(pointer, value)| format!("\n{pointer}={value}")).collect();
            // The order in which a plan lists its parameters is no matter.
            settings.sort();
            text.extend(settings);
        }
    }
    // Programs that read numbers as floats read 53 bits exactly.
    hash64(replications.seed, text.as_bytes()) >> 11
}

impl<'a> Subject<'a> {
    /// Reads the scenario file of a study.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(study: &'a Study) -> Result<Self, LoadError> {
        // Where the file lies is no matter of what is wrong with a point.
        let name = study.scenario.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = ScenarioFile::read(&study.scenario)?.named(name);
        Ok(Self { study, file, definitions: Definitions::of(&study.measures, study.warm_up.as_ref()) })
    }

    /// What stands in the scenario file.
    #[must_use]
    pub fn scenario_bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    /// The scenario of a point with this seed.
    ///
    /// # Errors
    /// It is invalid.
    pub fn resolve(&self, point: &Point, seed: u64) -> Result<Resolved, Failure> {
        let overrides = Overrides { set: point.settings.clone(), seed: Some(seed), until: None };
        self.file.load(&overrides).map_err(|diagnostics| Failure::Invalid(diagnostics.to_string()))
    }

    /// A replication of a point; `scenario` is the point's with any seed.
    fn trial(&self, point: &Point, scenario: &Resolved, replication: u32) -> Trial {
        let seed = seed(&self.study.replications, point, replication);
        Trial { point: point.index, replication, seed, address: self.definitions.address(scenario, seed) }
    }

    /// Whether the record of one of a point's runs is called so, or its name begins so.
    #[must_use]
    pub fn has(&self, point: &Point, name: &str) -> bool {
        let asked = &self.study.replications;
        let Ok(scenario) = self.resolve(point, seed(asked, point, 0)) else { return false };
        (0..asked.max).any(|number| self.trial(point, &scenario, number).address.to_string().starts_with(name))
    }

    /// The runs of a point, round by round, until the study asks for no more or some are missing. `obtain` gets
    /// those of a round, with the point's scenario with the seed of its first replication, and tells what is known
    /// of each.
    pub fn follow(&self, point: &Point, mut obtain: impl FnMut(&Resolved, &[Trial]) -> Vec<State>) -> Course {
        let asked = &self.study.replications;
        let mut course = Course { point: point.index, trials: Vec::new(), stop: Stop::Missing };
        let scenario = match self.resolve(point, seed(asked, point, 0)) {
            Ok(scenario) => scenario,
            Err(failure) => return Course { stop: Stop::Invalid(failure.text().to_owned()), ..course },
        };
        let (mut begun, mut upto) = (0, first_round(asked));
        loop {
            let round: Vec<Trial> = (begun..upto).map(|number| self.trial(point, &scenario, number)).collect();
            let states = obtain(&scenario, &round);
            course.trials.extend(round.into_iter().zip(states));
            match self.judge(&course.trials, upto) {
                Some(stop) => return Course { stop, ..course },
                None => (begun, upto) = (upto, upto + 1),
            }
        }
    }

    /// Why `upto` replications are enough; nothing if they are not.
    fn judge(&self, trials: &[(Trial, State)], upto: u32) -> Option<Stop> {
        let Replications { min, max, stop, .. } = &self.study.replications;
        if trials.iter().any(|(_, state)| matches!(state, State::Missing(_) | State::Failed(Failure::Interrupted))) {
            return Some(Stop::Missing);
        }
        if trials.iter().all(|(_, state)| matches!(state, State::Failed(_))) {
            return Some(Stop::Failed);
        }
        let enough = |reason, sentence| Some(Stop::Enough { reason, sentence });
        let bounds = (*min as usize, *max as usize);
        let level = Level::new(self.study.level).unwrap_or(Level::DEFAULT);
        let asked = stop.as_ref().and_then(|stop| {
            let rule = Rule::new(bounds, Some(stop.relative), stop.absolute, level).ok()?;
            Some((rule, &stop.measures))
        });
        let Some((rule, measures)) = asked else {
            let sentence = format!("all {upto} replications asked for were made");
            return (upto >= *max).then(|| Stop::Enough { reason: Reason::Planned.word(), sentence });
        };
        match measures.iter().map(|measure| decide(&rule, trials, measure).about(measure)).reduce(Decision::and) {
            Some(Decision::Stop(stop)) => enough(stop.reason.word(), stop.sentence),
            Some(Decision::Continue) | None if upto >= *max => {
                let sentence = format!("after {upto} replications, the most allowed, too few have a value");
                enough(Reason::Maximum.word(), sentence)
            }
            Some(Decision::Continue) | None => None,
        }
    }
}

/// What to do for one measure; runs without a value say nothing.
fn decide(rule: &Rule, trials: &[(Trial, State)], measure: &str) -> Decision {
    let values: Vec<f64> = values(trials, measure).map(|(_, value)| value).collect();
    rule.decide(&values).unwrap_or(Decision::Continue)
}

/// The values of a measure, and the replications of which they are.
pub fn values<'t>(trials: &'t [(Trial, State)], measure: &'t str) -> impl Iterator<Item = (u32, f64)> + 't {
    trials.iter().filter_map(move |(trial, state)| match state {
        State::Done(measured) => measured.values.get(measure).map(|value| (trial.replication, value.value())),
        State::Failed(_) | State::Missing(_) => None,
    })
}

/// How many replications a point gets before anything is judged.
fn first_round(asked: &Replications) -> u32 {
    if asked.stop.is_some() { asked.min.min(asked.max) } else { asked.max }.max(1)
}
