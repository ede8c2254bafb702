//! The `lookups` of a workload's entry: clients that look up names at random.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Duration, Frequency, Spread, Texts};

/// Clients that look up names, each with random numbers of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lookups {
    /// Clients on each host. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<u32>,
    /// What they look up: a name, or a list of names, the most popular first. "n{1..10000}.pages.example" stands for
    /// as many names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Texts>,
    /// How much more popular the first names are: the k-th is chosen in proportion to k to the power of minus this. Default: 0,
    /// all equally often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zipf: Option<f64>,
    /// When each client looks something up.
    pub arrivals: LookupArrivals,
    /// Whether each client has a cache of its own, as a browser has. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
}

/// When a client looks something up: exactly one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LookupArrivals {
    /// At random, so often on average, such as "0.02/s" or "3 per hour".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poisson: Option<Frequency>,
    /// In bursts: gaps of a Pareto distribution, most of them short and a few very long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pareto: Option<ParetoGaps>,
    /// Gaps of any distribution, such as "uniform 10s to 30s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Spread>,
    /// Periodically, beginning at `at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
}

/// Gaps of a Pareto distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParetoGaps {
    /// Tail index, above 1: the nearer to 1, the burstier.
    pub shape: f64,
    /// Mean gap.
    pub mean: Duration,
}
