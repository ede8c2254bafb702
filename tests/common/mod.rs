//! What several tests share: loading and running scenarios in memory.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]

pub(crate) mod binary;

use std::fs;
use std::path::{Path, PathBuf};

use posthaste::base::trace::Silent;
use posthaste::cli::simulate::{Finished, simulate};
use posthaste::scenario::{self, Resolved};
use serde_json::Value;

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The scenario files of the course, sorted by name.
pub(crate) fn scenario_files() -> Vec<PathBuf> {
    let files = files_of("scenarios", "json");
    assert!(files.len() >= 7, "the library has shrunk: {files:?}");
    files
}

/// The scenario files of the whole library, problems and labs included, as paths from `scenarios/`.
pub(crate) fn library_names() -> Vec<String> {
    let folders = [
        ("scenarios", ""),
        ("scenarios/textbook", "textbook/"),
        ("scenarios/labs", "labs/"),
        ("scenarios/studies/base", "studies/base/"),
    ];
    let names = |(folder, prefix): (&str, &str)| {
        let file = |path: PathBuf| format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        files_of(folder, "json").into_iter().map(file).collect::<Vec<_>>()
    };
    folders.into_iter().flat_map(names).collect()
}

/// The files of a folder of the project that end so, sorted by name.
pub(crate) fn files_of(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    files.sort();
    files
}

/// Loads a scenario of the library.
pub(crate) fn library(name: &str) -> Resolved {
    let path = root().join("scenarios").join(name);
    load(&fs::read_to_string(path).unwrap())
}

/// Loads a scenario from its text.
pub(crate) fn load(text: &str) -> Resolved {
    scenario::load("test.json", text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Loads a scenario from a JSON value.
pub(crate) fn load_value(value: &Value) -> Resolved {
    load(&value.to_string())
}

/// Runs a scenario in memory; the audits at its end must hold.
pub(crate) fn run(scenario: &Resolved) -> Finished<Silent> {
    simulate(scenario, Silent).unwrap_or_else(|fault| panic!("{}: {fault}", scenario.title))
}

/// Runs a JSON value as a scenario.
pub(crate) fn run_value(value: &Value) -> Finished<Silent> {
    run(&load_value(value))
}

/// What differs between two folders: names of files that are in one only, or not equal.
pub(crate) fn differences(one: &Path, two: &Path, but: &[&str]) -> Vec<String> {
    let (ours, theirs) = (files(one, one), files(two, two));
    let mut names: Vec<&String> = ours.iter().chain(&theirs).collect();
    names.sort();
    names.dedup();
    names.retain(|name| !but.contains(&name.as_str()));
    let differ = |name: &&String| fs::read(one.join(name)).ok() != fs::read(two.join(name)).ok();
    names.into_iter().filter(differ).cloned().collect()
}

/// The files below a folder, by their paths from `root`.
pub(crate) fn files(root: &Path, dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(files(root, &path));
        } else {
            names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
    names
}

/// The part of a document under a heading, up to the next heading.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}")) + 1;
    let rest = &text[start + heading.len()..];
    &rest[..rest.find("\n#").unwrap_or(rest.len())]
}
