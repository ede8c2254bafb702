//! Loading a scenario with the changes that the command line makes to it.

use std::path::Path;

use serde_json::Value;

use crate::base::SimDuration;
use crate::scenario::resolved::KeySpec;
use crate::scenario::{self, LoadError, Resolved};

use super::args::Overrides;
use super::exit::{CommandError, Exit};

/// Loads a scenario file.
///
/// # Errors
/// An option that cannot be understood, a file that cannot be read, or an invalid scenario
/// with all its errors.
pub(super) fn load(file: &Path, overrides: &Overrides) -> Result<Resolved, CommandError> {
    let overrides = scenario::Overrides {
        set: overrides.set.iter().map(|text| setting(text)).collect::<Result<_, _>>()?,
        seed: overrides.seed,
        until: overrides.until.as_deref().map(until).transpose()?,
    };
    scenario::load_file(file, &overrides).map_err(load_error)
}

/// Loads the key that grades a scenario.
///
/// # Errors
/// A file that cannot be read, or a key that does not fit the scenario, with all its errors.
pub(super) fn load_key(file: &Path, graded: &Resolved) -> Result<KeySpec, CommandError> {
    scenario::load_key(file, graded).map_err(load_error)
}

/// How a command ends when a file could not be loaded.
pub(super) fn load_error(error: LoadError) -> CommandError {
    match error {
        LoadError::Io { .. } => CommandError::io(error.to_string()),
        LoadError::Invalid(diagnostics) => CommandError::new(Exit::Invalid, diagnostics.to_string()),
    }
}

/// `/POINTER=VALUE`: the value is JSON, or else a string as it stands.
fn setting(text: &str) -> Result<(String, Value), CommandError> {
    let wrong = || CommandError::usage(format!("--set {text:?}: write it as /json/pointer=VALUE"));
    let (pointer, value) = text.split_once('=').filter(|(pointer, _)| pointer.starts_with('/')).ok_or_else(wrong)?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((pointer.to_owned(), value))
}

fn until(text: &str) -> Result<SimDuration, CommandError> {
    SimDuration::parse(text).map_err(|error| CommandError::usage(format!("--until: {error}")))
}
