//! What a command is about: a result folder, the newest one, or a scenario to be run first.

use std::fs;
use std::path::{Path, PathBuf};

use super::exit::CommandError;
use super::recording::RESULTS;
use super::run::run_quietly;

/// The result folder that `run` names: itself, the newest under `results/` for `latest`, or
/// the one that running a scenario file gives.
///
/// # Errors
/// Nothing of that name exists, it is no result folder, or the scenario cannot be run.
pub(super) fn result_folder(run: &Path) -> Result<PathBuf, CommandError> {
    if run.is_dir() {
        return if run.join("manifest.json").is_file() {
            Ok(run.to_owned())
        } else {
            Err(CommandError::io(format!("{}: not a result folder: it has no manifest.json", run.display())))
        };
    }
    if run.is_file() {
        return run_quietly(run);
    }
    if run == Path::new("latest") {
        return latest();
    }
    let hint = "give a result folder, a scenario file, or `latest`";
    Err(CommandError::io(format!("{}: no such file or folder; {hint}", run.display())))
}

fn latest() -> Result<PathBuf, CommandError> {
    let none = || CommandError::io(format!("no result folder under {RESULTS}/; run a scenario first"));
    let entries = fs::read_dir(RESULTS).map_err(|_| none())?;
    let written = |path: &Path| fs::metadata(path.join("manifest.json")).and_then(|meta| meta.modified()).ok();
    let folders = entries.flatten().filter_map(|entry| Some((written(&entry.path())?, entry.path())));
    let newest = folders.max();
    newest.map(|(_, path)| path).ok_or_else(none)
}
