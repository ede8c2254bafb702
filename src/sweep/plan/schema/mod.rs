//! The form of a plan file: every key, its type and its documentation.
//!
//! As for scenarios: form only, unknown keys are errors, and the JSON Schema for editors is generated from these types.

mod either;
mod outcome;
mod vary;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::scenario::schema::{Amount, Duration, Texts};

pub(super) use either::Either;
pub(super) use outcome::{ChartPlan, Compare, FormulaPlan, MetricPlan, NumbersName, Repeat, Stop, WarmUpPlan};
pub(super) use vary::{Draws, MethodKeys, MethodName, Range, Scale, Setting, Vary, With};

/// A Posthaste plan: a study of one scenario, in which something is varied.
///
/// A plan names a scenario, what is varied in it (`vary`), how often each combination is run (`replications`) and what is
/// kept of the runs (`metrics`). Quantities are strings with units ("30min", "10Mbps", "64kB"). Keys that begin with "x-"
/// are comments.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Plan {
    /// The JSON Schema of this file, for editors; otherwise without effect.
    #[serde(rename = "$schema")]
    pub(super) schema: Option<String>,
    /// One line that says what the study is about.
    pub(super) title: Option<String>,
    /// What to watch for, as one text or a list of lines.
    pub(super) description: Option<Texts>,
    /// Another plan, relative to this one, of which this is a variant: keys that stand here replace those there, but for
    /// `vary`, of which entries replace those of the same name and others are added.
    pub(super) extends: Option<String>,
    /// The scenario file, relative to this plan.
    pub(super) scenario: Option<String>,
    /// What is set in the scenario at all points: JSON pointers, such as "/run/until", and values.
    pub(super) set: Option<BTreeMap<String, Value>>,
    /// Numbers and quantities by names, for `where` and `formulas`.
    pub(super) constants: Option<BTreeMap<String, Amount>>,
    /// What is varied: one entry is one column of the results. With the method "grid" the last one varies fastest.
    pub(super) vary: Option<Vec<Vary>>,
    /// Conditions on the parameters, such as "ttl < 1h or loss == 0"; points for which one does not hold are left out.
    #[serde(rename = "where")]
    pub(super) only: Option<Texts>,
    /// How points are made of what is varied. Default: "grid".
    pub(super) method: Option<Either<MethodName, MethodKeys>>,
    /// With the method "list": the points, each with a value for every parameter by its name.
    pub(super) points: Option<Vec<BTreeMap<String, Value>>>,
    /// How often each point is run, with other random numbers each time: a number, or an object. Default: 1.
    pub(super) replications: Option<Either<u32, Repeat>>,
    /// Up to this time of each run nothing counts: rows of tables that begin earlier are left out. Default: 0s.
    pub(super) warm_up: Option<Either<Duration, WarmUpPlan>>,
    /// What is kept of each run: names of metrics, such as "latency.mean_s" or all of a group as in "messages.*", and
    /// objects that make a number of the rows of a table.
    pub(super) metrics: Option<Vec<Either<String, MetricPlan>>>,
    /// What is computed from the parameters alone, such as a closed form that the runs are held against.
    pub(super) formulas: Option<Vec<FormulaPlan>>,
    /// The confidence level of intervals. Default: 0.95.
    pub(super) level: Option<f64>,
    /// Values of one parameter that are held against each other, all others equal.
    pub(super) compare: Option<Vec<Compare>>,
    /// What is drawn.
    pub(super) charts: Option<Vec<ChartPlan>>,
}
