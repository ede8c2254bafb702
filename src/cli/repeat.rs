//! The scenario behind a result folder, with which its run can be made again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::Overrides;
use super::exit::CommandError;
use super::load::load;
use super::target::result_folder;
use crate::report::{MODEL_VERSION, scenario_hash};
use crate::scenario::resolved::Resolved;

/// The scenario of a run: the file itself, or the one that its result folder keeps.
///
/// # Errors
/// There is none, or the run cannot be made again.
pub(super) fn scenario_of(run: &Path) -> Result<Resolved, CommandError> {
    if run.is_file() {
        return load(run, &Overrides::default());
    }
    let folder = result_folder(run)?;
    repeatable(&folder, &manifest(&folder)?, &Overrides::default())
}

/// The scenario that a result folder keeps, with changes.
///
/// # Errors
/// It cannot be run as it was.
pub(super) fn repeatable(folder: &Path, manifest: &Value, changes: &Overrides) -> Result<Resolved, CommandError> {
    let wrong = |why: &str| Err(CommandError::io(format!("{}: {why}", folder.display())));
    if manifest["model"] != json!(MODEL_VERSION) {
        return wrong("another version of the simulator made it, whose state this one cannot find again");
    }
    if manifest["ended"] == json!("stopped") {
        return wrong("real clients took part in it, so it cannot be run again");
    }
    let Some(seed) = manifest["seed"].as_u64() else { return wrong("manifest.json has no seed") };
    // One that is not there is told of by who reads it.
    let kept = fs::read_to_string(folder.join("scenario.resolved.json"));
    if kept.is_ok_and(|text| manifest["scenario_hash"] != json!(scenario_hash(&text))) {
        return wrong("scenario.resolved.json is not what was run: it, or manifest.json, was changed since");
    }
    let overrides = Overrides { seed: changes.seed.or(Some(seed)), ..changes.clone() };
    load(&folder.join("scenario.resolved.json"), &overrides)
}

/// The manifest of a result folder.
///
/// # Errors
/// It cannot be read, or is damaged.
pub(super) fn manifest(folder: &Path) -> Result<Value, CommandError> {
    read_json(&folder.join("manifest.json"))
}

/// A JSON file of a result folder.
///
/// # Errors
/// It cannot be read, or is damaged.
pub(super) fn read_json(path: &Path) -> Result<Value, CommandError> {
    let path: PathBuf = path.to_owned();
    let fault = |error: &dyn std::fmt::Display| CommandError::io(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| fault(&error))?;
    serde_json::from_str(&text).map_err(|error| fault(&error))
}
