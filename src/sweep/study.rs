//! A study, as all that comes after its plan sees it: complete and checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::expression::Expression;
use crate::base::SimDuration;
use crate::metrics::Metric;
use crate::scenario::Resolved;
use crate::scenario::resolved::What;

/// A study: what is varied, how often each point is run, what is kept of it.
#[derive(Clone, Debug)]
pub struct Study {
    /// The plan file's name without folder and ending.
    pub name: String,
    /// What the study is about.
    pub title: String,
    /// What to watch for.
    pub description: String,
    /// The plan with all that it extends, as one JSON value: what `study.json` keeps.
    pub plan: Value,
    /// The scenario file that every point changes.
    pub scenario: PathBuf,
    /// What is varied, in the order of the columns.
    pub parameters: Vec<Parameter>,
    /// All points, in order; `points[i].index == i`.
    pub points: Vec<Point>,
    /// How often each point is run.
    pub replications: Replications,
    /// What is kept of each run, in the order of the plan.
    pub measures: Vec<Measure>,
    /// What follows from the parameters of a point alone, such as a closed form; not measured, so without intervals.
    pub formulas: Vec<ClosedForm>,
    /// What each run does before it counts.
    pub warm_up: Option<WarmUp>,
    /// Which values of one parameter are held against each other.
    pub comparisons: Vec<Comparison>,
    /// What is drawn.
    pub charts: Vec<StudyChart>,
    /// The confidence level of intervals, in (0, 1).
    pub level: f64,
}

/// Something that is varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name of its column, with the unit of its numbers last (`ttl_s`, `loss`).
    pub name: String,
    /// The unit of its numbers, for axes; empty for pure numbers and for words.
    pub unit: String,
    /// Whether all its values are numbers.
    pub numeric: bool,
}

/// The value of a parameter at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// As the plan writes it: `30min`, `greylist`.
    pub text: String,
    /// In the unit of the parameter, if it is a number.
    pub number: Option<f64>,
}

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its place in the study, from 0.
    pub index: usize,
    /// The values, in the order of [`Study::parameters`].
    pub values: Vec<Amount>,
    /// What is set in the scenario: JSON pointers and values.
    pub settings: Vec<(String, Value)>,
}

/// Which random numbers the points of a replication see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// The same at all points, so that differences between points are paired.
    Common,
    /// Others at each point.
    Independent,
}

/// How often each point is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Replications {
    /// So often at least.
    pub min: u32,
    /// So often at most.
    pub max: u32,
    /// Which random numbers they see.
    pub numbers: Numbers,
    /// From what the seeds are made.
    pub seed: u64,
    /// When enough is known of a point before `max`; without it each is run `max` times.
    pub stop: Option<StopRule>,
}

/// Enough is known when the interval of each of these measures is narrow.
#[derive(Clone, Debug, PartialEq)]
pub struct StopRule {
    /// Names of measures.
    pub measures: Vec<String>,
    /// The half-width of the interval as a share of the mean.
    pub relative: f64,
    /// Or the half-width itself, in the unit of the measure, for means near zero.
    pub absolute: Option<f64>,
}

/// What is kept of a run, one number each.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Its column's name, with the unit last.
    pub name: String,
    /// Its unit, for axes; empty for pure numbers.
    pub unit: String,
    /// What is looked at, in the words of `expect`, without bounds.
    pub what: What,
}

impl Measure {
    /// Whether what happens in a warm-up is left out of it: it is made of rows that know when they began.
    #[must_use]
    pub fn minds_warm_up(&self) -> bool {
        match &self.what {
            What::Rows(_, table, ..) => table.begins().is_some(),
            What::Metric(..) | What::Message(_) | What::Dropped { .. } | What::Transcript(_) => false,
        }
    }

    /// Its name without the unit at its end.
    #[must_use]
    pub fn stem(&self) -> &str {
        match self.unit.as_str() {
            "" => &self.name,
            unit => self.name.strip_suffix(unit).and_then(|front| front.strip_suffix('_')).unwrap_or(&self.name),
        }
    }
}

/// A number that follows from the parameters of a point alone.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedForm {
    /// Its column's name.
    pub name: String,
    /// What it is.
    pub formula: Expression,
}

impl ClosedForm {
    /// Its value at a point; none where it is not finite.
    #[must_use]
    pub fn at(&self, point: &Point) -> Option<f64> {
        self.formula.number(&point.values)
    }
}

/// What each run does before it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct WarmUp {
    /// Up to this instant nothing counts: rows that begin earlier are left out of measures over tables.
    pub until: SimDuration,
    /// Points run on from clones of one warmed-up world.
    pub shared: bool,
}

/// One parameter's values held against each other, pair by pair, all others equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The name of the parameter.
    pub parameter: String,
    /// The value, as the plan writes it, with which each other is compared.
    pub against: String,
    /// Names of measures.
    pub measures: Vec<String>,
}

/// A chart of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyChart {
    /// Its file's name without ending.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What is drawn.
    pub kind: ChartKind,
}

/// How measures are drawn over parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartKind {
    /// A measure over a numeric parameter, with its confidence band.
    Lines {
        /// The measure.
        measure: String,
        /// The parameter of the horizontal axis.
        x: String,
        /// The parameter that tells the lines apart.
        series: Option<String>,
        /// The parameter that tells the panels of small multiples apart.
        panels: Option<String>,
        /// A measure that is drawn beside it without band, such as a closed form's value.
        beside: Option<String>,
        /// Whether the horizontal axis is logarithmic.
        log_x: bool,
    },
    /// A measure over two parameters.
    HeatMap {
        /// The measure.
        measure: String,
        /// The parameter of the columns.
        x: String,
        /// The parameter of the rows.
        y: String,
    },
}

/// What a run of a point left.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The measures that have a value, by name; what is not there has none (the mean of nothing).
    pub values: BTreeMap<String, Metric>,
    /// The fingerprint of the run's trace.
    pub fingerprint: String,
    /// Events that the event loop dispatched.
    pub events: u64,
    /// Expectations of the scenario that did not hold, in words.
    pub missed: Vec<String>,
}

/// Why a run of a point left nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The point's scenario is invalid.
    Invalid(String),
    /// A limit of the scenario was reached.
    Limit(String),
    /// A bug came to light.
    Internal(String),
    /// Somebody stopped it: it is no result, and is run anew.
    Interrupted,
}

impl Failure {
    /// In a word, as tables have it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Limit(_) => "limit",
            Self::Internal(_) => "internal",
            Self::Interrupted => "interrupted",
        }
    }

    /// What there is to say of it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Invalid(text) | Self::Limit(text) | Self::Internal(text) => text,
            Self::Interrupted => "",
        }
    }
}

/// Where runs are made: it simulates and measures, and may be asked by several threads at a time.
pub trait Laboratory: Sync {
    /// Simulates a scenario and takes these measures.
    ///
    /// # Errors
    /// The run came to no good end. It never panics.
    fn run(&self, scenario: &Resolved, measures: &[Measure], warm_up: Option<&WarmUp>) -> Result<Measured, Failure>;

    /// The same for scenarios that may share their warm-up, which then is simulated once. That makes no difference to
    /// what comes out. `each` is given the place of a scenario in the list and what came out of it, by several threads
    /// and in any order. Gives how many went on from a warm-up that others had, too.
    fn run_together(
        &self,
        scenarios: &[Resolved],
        measures: &[Measure],
        warm_up: &WarmUp,
        each: &(dyn Fn(usize, Result<Measured, Failure>) + Sync),
    ) -> u64 {
        for (place, scenario) in scenarios.iter().enumerate() {
            each(place, self.run(scenario, measures, Some(warm_up)));
        }
        0
    }
}
