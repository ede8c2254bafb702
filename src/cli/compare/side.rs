//! One of two runs: read from its folder, or made for the comparison.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Number, Value, json};

use crate::base::trace::Silent;
use crate::cli::args::Overrides;
use crate::cli::exit::CommandError;
use crate::cli::load::load;
use crate::cli::repeat::{manifest, read_json, repeatable};
use crate::cli::simulate::{simulate, simulate_watched};
use crate::cli::target::result_folder;
use crate::metrics::{Metric, RecorderOptions};
use crate::report::{MODEL_VERSION, scenario_hash};
use crate::scenario::resolved::Resolved;

/// A run to be compared.
pub(super) struct Side {
    /// How it was named, with its changes.
    pub(super) name: String,
    pub(super) fingerprint: String,
    pub(super) hash: String,
    pub(super) model: String,
    pub(super) ended: String,
    pub(super) cut: bool,
    pub(super) end_s: String,
    pub(super) trace_events: u64,
    pub(super) metrics: BTreeMap<String, Number>,
    pub(super) scenario: Value,
    /// The scenario to run again, or why that cannot be.
    pub(super) repeatable: Result<Resolved, String>,
}

impl Side {
    /// Reads a result folder as it is; runs a scenario file, or what a folder ran with changes.
    ///
    /// # Errors
    /// Nothing of that name exists, it is damaged, or the scenario is invalid.
    pub(super) fn open(run: &Path, changes: &Overrides) -> Result<Self, CommandError> {
        let mut name = run.display().to_string();
        let texts = changes.set.iter().map(|set| format!("--set {set}"));
        let texts = texts.chain(changes.seed.map(|seed| format!("--seed {seed}")));
        let texts: Vec<String> = texts.chain(changes.until.iter().map(|until| format!("--until {until}"))).collect();
        if !texts.is_empty() {
            name = format!("{name} with {}", texts.join(" "));
        }
        if run.is_file() {
            return Self::run(name, load(run, changes)?);
        }
        let folder = result_folder(run)?;
        if folder != run {
            name = name.replacen(&run.display().to_string(), &folder.display().to_string(), 1);
        }
        let manifest = manifest(&folder)?;
        if texts.is_empty() {
            Self::read(name, &folder, &manifest)
        } else {
            Self::run(name, repeatable(&folder, &manifest, changes)?)
        }
    }

    fn run(name: String, scenario: Resolved) -> Result<Self, CommandError> {
        let (finished, _) = simulate_watched(&scenario, RecorderOptions::default(), Silent, false)?;
        let text = scenario.to_json_text();
        let number = |metric: Metric| match metric {
            Metric::Integer(value) => Some(Number::from(value)),
            Metric::Float(value) => Number::from_f64(value),
        };
        let metrics = finished.record.metrics().into_iter();
        Ok(Self {
            name,
            fingerprint: finished.record.fingerprint.to_string(),
            hash: scenario_hash(&text),
            model: MODEL_VERSION.to_string(),
            ended: finished.outcome.ended.to_string(),
            cut: finished.outcome.ended.is_cut(),
            end_s: finished.record.tables.end.to_string(),
            trace_events: finished.record.trace_events,
            metrics: metrics.filter_map(|(name, metric)| Some((name, number(metric)?))).collect(),
            scenario: serde_json::from_str(&text).unwrap_or_default(),
            repeatable: Ok(scenario),
        })
    }

    fn read(name: String, folder: &Path, manifest: &Value) -> Result<Self, CommandError> {
        let wrong = |what: &str| CommandError::io(format!("{}: {what}", folder.display()));
        let text = |key: &str| {
            let value = manifest[key].as_str().filter(|text| !text.contains(char::is_control)).map(str::to_owned);
            value.ok_or_else(|| wrong(&format!("manifest.json has no text \"{key}\"")))
        };
        let summary = read_json(&folder.join("summary.json"))?;
        let metrics = summary["metrics"].as_object().ok_or_else(|| wrong("summary.json has no \"metrics\""))?;
        let metric = |(name, value): (&String, &Value)| {
            let number = value.as_number().cloned();
            let number = number.ok_or_else(|| wrong(&format!("summary.json: the metric {name:?} is no number")))?;
            Ok((name.clone(), number))
        };
        Ok(Self {
            name,
            fingerprint: text("fingerprint")?,
            hash: text("scenario_hash")?,
            model: manifest["model"].as_u64().ok_or_else(|| wrong("manifest.json has no \"model\""))?.to_string(),
            ended: text("ended")?,
            cut: manifest["cut"].as_bool().unwrap_or(false),
            end_s: text("end_s")?,
            trace_events: manifest["trace_events"].as_u64().unwrap_or(0),
            metrics: metrics.iter().map(metric).collect::<Result<_, _>>()?,
            scenario: read_json(&folder.join("scenario.resolved.json"))?,
            repeatable: repeatable(folder, manifest, &Overrides::default()).map_err(|error| error.message),
        })
    }

    /// The fingerprint that running it again gives; none if it cannot be run again.
    pub(super) fn again(&self) -> Option<String> {
        let finished = simulate(self.repeatable.as_ref().ok()?, Silent).ok()?;
        Some(finished.record.fingerprint.to_string())
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "run": self.name,
            "fingerprint": self.fingerprint,
            "scenario_hash": self.hash,
            "model": self.model,
            "ended": self.ended,
            "end_s": self.end_s,
            "trace_events": self.trace_events,
        })
    }
}
