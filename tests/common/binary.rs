//! The built program, run as a user runs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// What a run of the program gave.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program in that folder.
pub(crate) fn posthaste(dir: &Path, args: &[impl AsRef<str>]) -> Ran {
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_posthaste")).args(&args).current_dir(dir).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder that holds what a fresh copy of the project has: its scenarios and its schema.
pub(crate) fn workplace() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for folder in ["scenarios", "schema"] {
        for name in super::files(&super::root().join(folder), &super::root().join(folder)) {
            let copy = place.path().join(folder).join(&name);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(super::root().join(folder).join(&name), copy).unwrap();
        }
    }
    place
}

/// A table of a result folder: each row by the names of its columns.
pub(crate) fn table(folder: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join("tables").join(format!("{name}.csv"))).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// Whether a scenario, or a command about it, is too large for a build without optimization.
pub(crate) fn too_large_here(scenario: &str) -> bool {
    cfg!(debug_assertions) && ["campus", "office"].iter().any(|large| scenario.contains(large))
}
