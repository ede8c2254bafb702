//! Plans: JSON files that say what a study is, read to a complete and checked [`Study`].
//!
//! Read in the manner of scenarios: form first, then meaning, all errors at once and each with its place in the file. A
//! plan may extend another (`layers`); parameters (`vary`, `range`) become points (`expand`), and the scenario is tried at
//! them (`probe`) before anything is run. Left out: plans that make plans, and values that a program computes.

mod charts;
mod expand;
mod layers;
mod list;
mod outcome;
mod probe;
mod range;
mod schema;
mod vary;

use std::path::Path as FilePath;

use serde_json::Value;

use self::charts::Names;
use self::layers::Layers;
use self::probe::Probe;
use self::schema::Plan;
use super::expression::Scope;
use super::{Parameter, Study};
use crate::scenario::diagnostics::Diagnostics;
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::{LoadError, ScenarioFile, schema_of};

pub use expand::MAX_POINTS;
pub use outcome::MAX_REPLICATIONS;

/// At so many points the scenario is tried when a plan is read.
pub const TRIED: usize = 200;
/// And at so many when that is what is asked for.
pub const TRIED_WELL: usize = 2_000;

/// The JSON Schema of plan files.
#[must_use]
pub fn json_schema() -> Value {
    schema_of::<Plan>("Posthaste plan")
}

/// Reads a plan, and tries its scenario at some points.
///
/// # Errors
/// The file cannot be read, or is no valid plan; all errors that can be found at once.
pub fn load(path: &FilePath) -> Result<Study, LoadError> {
    load_trying(path, TRIED)
}

/// Reads a plan, and tries its scenario at so many points at most.
///
/// # Errors
/// As [`load`].
pub fn load_trying(path: &FilePath, points: usize) -> Result<Study, LoadError> {
    let layers = layers::read(path)?;
    let mut problems = Problems::default();
    let mut scenarios = Vec::new();
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let study = read(&layers, name, points, &mut problems, &mut scenarios);
    let sound = layers.is_sound();
    let errors = layers.errors(problems);
    match study {
        Some(study) if sound && errors.is_none() && scenarios.is_empty() => Ok(study),
        Some(_) | None => {
            let all = errors.into_iter().chain(scenarios).collect();
            // Something is wrong, or there would be a study.
            let unknown = || Diagnostics::of_file(&path.display().to_string(), "this is no plan".to_owned());
            Err(Diagnostics::join(all).unwrap_or_else(unknown).into())
        }
    }
}

fn scenario_file(layers: &Layers, problems: &mut Problems) -> Option<(std::path::PathBuf, ScenarioFile)> {
    let root = Path::Root;
    let Some(name) = &layers.plan.scenario else {
        problems.help(root, "this plan names no scenario", "add \"scenario\": \"FILE.json\", relative to the plan");
        return None;
    };
    let path = layers.folder_of("scenario").join(name);
    match ScenarioFile::read(&path) {
        Ok(file) => Some((path, file)),
        Err(LoadError::Io { source, .. }) => {
            let message = format!("cannot read {}: {source}", quote(&path.display().to_string()));
            problems.help(root.key("scenario"), message, "the scenario is named relative to the plan");
            None
        }
        Err(LoadError::Invalid(invalid)) => {
            problems.at(root.key("scenario"), invalid.to_string());
            None
        }
    }
}

fn read(
    layers: &Layers,
    name: String,
    tried: usize,
    problems: &mut Problems,
    scenarios: &mut Vec<Diagnostics>,
) -> Option<Study> {
    let plan = &layers.plan;
    check_texts(plan, problems);
    let method = expand::method(plan, problems);
    let axes = vary::read(plan, matches!(method, expand::Method::List), problems);
    let parameters: Vec<Parameter> =
        axes.iter().flat_map(|axis| axis.columns.iter().map(vary::Column::parameter)).collect();
    let constants = outcome::constants(plan, &axes, problems);
    let scope = Scope { parameters: axes.iter().flat_map(vary::Axis::known).collect(), constants };
    let conditions = expand::conditions(plan, &scope, problems);
    let scenario = scenario_file(layers, problems);
    let warm_up = outcome::warm_up(plan, problems);
    // Points that come of a wrong value would be wrong for that alone.
    let ready = problems.is_empty() && layers.is_sound();
    let points = if ready { expand::points(plan, &method, &axes, &conditions, problems) } else { Vec::new() };
    let probe = scenario.as_ref().map(|(_, file)| Probe { file, plan, axes: &axes, parameters: &parameters });
    let first = match &probe {
        Some(probe) if !points.is_empty() => probe.first(&points, problems, scenarios),
        // Names of metrics can be judged by the scenario as it is.
        Some(probe) => probe.file.load(&crate::scenario::Overrides::default()).ok(),
        None => None,
    };
    let before = problems.count();
    let measures = outcome::measures(plan, first.as_ref(), problems);
    // What is not read cannot be said to be missing.
    let known = first.is_some() && problems.count() == before;
    let formulas = outcome::formulas(plan, &scope, &measures, problems);
    let replications = outcome::replications(plan, &measures, known, problems);
    let names = Names { axes: &axes, parameters: &parameters, measures: &measures, formulas: &formulas, known };
    let comparisons = names.comparisons(plan, problems);
    let charts = names.charts(plan, problems);
    if let (Some(warm_up), Some(first)) = (&warm_up, &first) {
        outcome::check_warm_up(warm_up, first, problems);
    }
    let (probe, ready) = (probe?, problems.is_empty() && scenarios.is_empty() && !points.is_empty());
    if ready {
        probe.try_points(&points, tried, problems, scenarios);
    }
    let (path, _) = scenario?;
    Some(Study {
        name,
        title: plan.title.clone().unwrap_or_default(),
        description: plan.description.as_ref().map_or_else(String::new, |texts| texts.items.join("\n")),
        plan: layers.value.clone(),
        scenario: path,
        parameters,
        points,
        replications,
        measures,
        formulas,
        warm_up,
        comparisons,
        charts,
        level: plan.level.unwrap_or(DEFAULT_LEVEL),
    })
}

/// The confidence level when nothing else is said.
const DEFAULT_LEVEL: f64 = 0.95;

fn check_texts(plan: &Plan, problems: &mut Problems) {
    let root = Path::Root;
    if plan.title.as_ref().is_some_and(|title| title.chars().any(char::is_control)) {
        problems.at(root.key("title"), "a title is one line without control characters");
    }
    if plan.level.is_some_and(|level| !(0.5..1.0).contains(&level)) {
        problems.help(root.key("level"), "a confidence level is at least 0.5 and below 1", "0.95 is usual");
    }
    let set = root.key("set");
    for pointer in plan.set.iter().flat_map(|all| all.keys()) {
        vary::check_pointer(pointer, set.name(pointer), problems);
    }
}

#[cfg(test)]
mod tests;
