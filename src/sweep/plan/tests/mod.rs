//! Plans in a folder of their own, beside a small scenario.

mod errors;
mod points;
mod studies;

use std::fs;

use serde_json::{Value, json};

use super::{TRIED, load_trying};
use crate::scenario::LoadError;
use crate::sweep::Study;

const SCENARIO: &str = r#"{
  "network": { "backbone": { "rate": "10Mbps", "delay": "10ms" } },
  "mail": { "home.net": { "users": ["me"] }, "work.org": { "users": ["you"] } },
  "workload": [ { "at": "1s", "from": "me@home.net", "to": "you@work.org" } ],
  "run": { "seed": 1, "until": "10min" }
}"#;

/// A folder with the scenario and these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.json"), SCENARIO).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Reads `plan.json` among these files; errors name no folder.
fn read(files: &[(&str, &str)], tried: usize) -> Result<Study, String> {
    let folder = folder(files);
    load_trying(&folder.path().join("plan.json"), tried).map_err(|error| match error {
        LoadError::Io { .. } => error.to_string(),
        LoadError::Invalid(errors) => errors.to_string().replace(&format!("{}/", folder.path().display()), ""),
    })
}

/// A plan with these keys, on the small scenario, with one metric.
fn with(keys: Value) -> Value {
    let mut plan = json!({ "scenario": "small.json", "metrics": ["messages.delivered"] });
    let Value::Object(keys) = keys else { panic!("an object") };
    plan.as_object_mut().unwrap().extend(keys);
    plan
}

/// The study of a plan with these keys.
#[track_caller]
fn good(keys: Value) -> Study {
    let text = serde_json::to_string_pretty(&with(keys)).unwrap();
    read(&[("plan.json", &text)], TRIED).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

/// The same, of which only the end is tried.
#[track_caller]
fn quick(keys: Value) -> Study {
    let text = serde_json::to_string_pretty(&with(keys)).unwrap();
    read(&[("plan.json", &text)], 0).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

/// The values of all points, as the plan writes them.
fn values(study: &Study) -> Vec<Vec<&str>> {
    study.points.iter().map(|point| point.values.iter().map(|amount| amount.text.as_str()).collect()).collect()
}
