//! What is run how often, what is kept of it, and what is made of that.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::schema::{Amount, Cell, Duration};

/// How often each point is run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::sweep::plan) struct Repeat {
    /// So often at least. Default: `max`.
    pub(in crate::sweep::plan) min: Option<u32>,
    /// So often at most. Default: `min`.
    pub(in crate::sweep::plan) max: Option<u32>,
    /// Which random numbers the points of a replication see. Default: "common".
    pub(in crate::sweep::plan) numbers: Option<NumbersName>,
    /// From what the seeds of the runs are made. Default: 1.
    pub(in crate::sweep::plan) seed: Option<u64>,
    /// When enough is known of a point before `max`. Default: never.
    pub(in crate::sweep::plan) stop: Option<Stop>,
}

/// Which random numbers the points of a replication see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::sweep::plan) enum NumbersName {
    /// The same at all points, so that differences between points are paired.
    Common,
    /// Others at each point.
    Independent,
}

/// When enough is known of a point.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct Stop {
    /// The half-width of the interval is at most this share of the mean.
    pub(in crate::sweep::plan) relative: f64,
    /// Or it is at most this, in the unit of the metric, for means near zero. Default: the share alone counts.
    pub(in crate::sweep::plan) absolute: Option<f64>,
    /// For each of these metrics. Default: all.
    pub(in crate::sweep::plan) metrics: Option<Vec<String>>,
}

/// What each run does before it counts.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct WarmUpPlan {
    /// Up to this time of the run nothing counts.
    pub(in crate::sweep::plan) until: Duration,
    /// Whether points go on from clones of one warmed-up world, where what they change allows it. Default: false.
    pub(in crate::sweep::plan) shared: Option<bool>,
}

/// A number that is kept of each run. Exactly one of `metric`, `count`, `sum`, `mean`, `min`, `max` and `quantile` says
/// which, as in a scenario's `expect`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::sweep::plan) struct MetricPlan {
    /// What it is called; its unit is added. Default: from what it is made of; with `where` it wants a name.
    pub(in crate::sweep::plan) name: Option<String>,
    /// A number of the whole run by its name, such as "messages.delivered".
    pub(in crate::sweep::plan) metric: Option<String>,
    /// How many rows of this table match `where`.
    pub(in crate::sweep::plan) count: Option<String>,
    /// The sum of a column, such as "links.bytes", over the rows that match `where`.
    pub(in crate::sweep::plan) sum: Option<String>,
    /// Likewise the mean.
    pub(in crate::sweep::plan) mean: Option<String>,
    /// Likewise the least.
    pub(in crate::sweep::plan) min: Option<String>,
    /// Likewise the greatest.
    pub(in crate::sweep::plan) max: Option<String>,
    /// A quantile (nearest rank) of the column in `of`: 0.95 is the 95th percentile.
    pub(in crate::sweep::plan) quantile: Option<f64>,
    /// With `quantile`: the column, such as "messages.latency_s".
    pub(in crate::sweep::plan) of: Option<String>,
    /// Which rows count: for each column named here, what its cell must be. Default: all rows.
    #[serde(rename = "where")]
    pub(in crate::sweep::plan) only: Option<BTreeMap<String, Cell>>,
}

/// A number that follows from the parameters of a point alone.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct FormulaPlan {
    /// What it is called.
    pub(in crate::sweep::plan) name: String,
    /// What it is, in parameters and constants in base units: "rate * ttl / (1 + rate * ttl)".
    pub(in crate::sweep::plan) formula: String,
}

/// Values of one parameter that are held against each other, pair by pair, all others equal.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct Compare {
    /// The parameter.
    pub(in crate::sweep::plan) parameter: String,
    /// The value with which each other is compared, as `vary` writes it.
    pub(in crate::sweep::plan) against: Amount,
    /// Names of metrics. Default: all.
    pub(in crate::sweep::plan) metrics: Option<Vec<String>>,
}

/// A chart: `lines` or `heat_map`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::sweep::plan) struct ChartPlan {
    /// A metric over a parameter of numbers, with its confidence band.
    pub(in crate::sweep::plan) lines: Option<String>,
    /// A metric over two parameters.
    pub(in crate::sweep::plan) heat_map: Option<String>,
    /// The parameter of the horizontal axis.
    pub(in crate::sweep::plan) x: Option<String>,
    /// With `heat_map`: the parameter of the vertical axis.
    pub(in crate::sweep::plan) y: Option<String>,
    /// With `lines`: the parameter that tells the lines apart. Default: there is one line.
    pub(in crate::sweep::plan) series: Option<String>,
    /// With `lines`: the parameter that tells the panels of small multiples apart. Default: there is one panel.
    pub(in crate::sweep::plan) panels: Option<String>,
    /// With `lines`: a formula, or another metric, that is drawn beside it without a band.
    pub(in crate::sweep::plan) beside: Option<String>,
    /// With `lines`: whether the horizontal axis is logarithmic. Default: false.
    pub(in crate::sweep::plan) log_x: Option<bool>,
    /// The name of its file without ending. Default: from metric and parameters.
    pub(in crate::sweep::plan) name: Option<String>,
    /// Its title. Default: its metric and parameters.
    pub(in crate::sweep::plan) title: Option<String>,
}
