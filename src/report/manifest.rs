//! The JSON files of a result folder: manifest, summary, timing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::expectations::Expectation;
use crate::base::hash::digest;
use crate::metrics::{Metric, RunRecord};

/// The version of the model: it rises whenever the same scenario and seed give other results.
pub const MODEL_VERSION: u32 = 1;

/// The hash of what is run: the resolved scenario, the seed in it, and the model.
#[must_use]
pub fn scenario_hash(resolved_json: &str) -> String {
    digest(format!("{resolved_json}model {MODEL_VERSION}").as_bytes()).to_string()
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The time that the scenario names had come.
    Until,
    /// Nothing was left to do.
    Idle,
    /// A limit of the scenario was reached; results are partial.
    Limit(String),
    /// Somebody stopped it; results are partial.
    Interrupted,
    /// Real clients were served until somebody stopped it.
    Stopped,
}

impl Ended {
    fn text(&self) -> String {
        match self {
            Self::Until => "until".to_owned(),
            Self::Idle => "idle".to_owned(),
            Self::Limit(name) => format!("limit {name}"),
            Self::Interrupted => "interrupted".to_owned(),
            Self::Stopped => "stopped".to_owned(),
        }
    }

    /// Whether the run was cut short.
    #[must_use]
    pub const fn cut(&self) -> bool {
        match self {
            Self::Until | Self::Idle => false,
            Self::Limit(_) | Self::Interrupted | Self::Stopped => true,
        }
    }
}

/// What the caller knows about a run and its record does not.
#[derive(Clone, Debug)]
pub struct RunInfo {
    /// The scenario's title.
    pub title: String,
    /// The seed.
    pub seed: u64,
    /// The hash of the resolved scenario, in hexadecimal.
    pub scenario_hash: String,
    /// Events that the event loop dispatched.
    pub events: u64,
    /// Events that had the time of the one before.
    pub ties: u64,
    /// Events by kind; they sum to `events`.
    pub event_kinds: BTreeMap<&'static str, u64>,
    /// Why the run ended.
    pub ended: Ended,
    /// The text of `scenario.resolved.json`.
    pub resolved_json: String,
    /// What `timing.json` says: names with units, e.g. `wall_s`, `events_per_s`.
    pub timing: BTreeMap<String, serde_json::Value>,
    /// The results of the scenario's `expect`.
    pub expectations: Vec<Expectation>,
}

#[derive(Serialize)]
struct Manifest<'a> {
    posthaste: &'static str,
    model: u32,
    title: &'a str,
    seed: u64,
    scenario_hash: &'a str,
    fingerprint: String,
    start: String,
    end_s: String,
    ended: String,
    cut: bool,
    events: u64,
    events_by_kind: &'a BTreeMap<&'static str, u64>,
    ties: u64,
    trace_events: u64,
}

#[derive(Serialize)]
struct Summary<'a> {
    metrics: BTreeMap<String, Metric>,
    servers: Vec<Server<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<Load<'a>>,
    expectations: &'a [Expectation],
}

/// How busy a host was whose requests take time.
#[derive(Serialize)]
struct Load<'a> {
    host: &'a str,
    requests: u64,
    utilization: f64,
    mean_wait_s: f64,
    max_wait_s: f64,
    max_waiting: u32,
}

#[derive(Serialize)]
struct Server<'a> {
    server: &'a str,
    accepted: u64,
    delivered: u64,
    relayed: u64,
    given_up: u64,
    #[serde(skip_serializing_if = "is_zero")]
    expanded: u64,
    #[serde(skip_serializing_if = "is_zero")]
    discarded: u64,
    queued: u64,
}

/// What most servers have none of is left out of their balances.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that the serializer asks for")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// JSON for people: indented, with a final line end.
pub(super) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain data has a JSON form");
    text.push('\n');
    text
}

/// The text of `manifest.json`.
pub(super) fn manifest_json(info: &RunInfo, record: &RunRecord) -> String {
    pretty(&Manifest {
        posthaste: env!("CARGO_PKG_VERSION"),
        model: MODEL_VERSION,
        title: &info.title,
        seed: info.seed,
        scenario_hash: &info.scenario_hash,
        fingerprint: record.fingerprint.to_string(),
        start: record.start.to_string(),
        end_s: record.tables.end.to_string(),
        ended: info.ended.text(),
        cut: info.ended.cut(),
        events: info.events,
        events_by_kind: &info.event_kinds,
        ties: info.ties,
        trace_events: record.trace_events,
    })
}

/// The text of `summary.json`.
pub(super) fn summary_json(info: &RunInfo, record: &RunRecord) -> String {
    let servers = record.servers.iter().map(|server| Server {
        server: &server.server,
        accepted: server.accepted,
        delivered: server.delivered,
        relayed: server.relayed,
        given_up: server.given_up,
        expanded: server.expanded,
        discarded: server.discarded,
        queued: server.queued,
    });
    let hosts = record.hosts.iter().map(|load| Load {
        host: &load.host,
        requests: load.requests,
        utilization: load.utilization(record.tables.end),
        mean_wait_s: load.mean_wait_s(),
        max_wait_s: load.max_wait.as_secs_f64(),
        max_waiting: load.max_waiting,
    });
    let (servers, hosts) = (servers.collect(), hosts.collect());
    pretty(&Summary { metrics: record.metrics(), servers, hosts, expectations: &info.expectations })
}
