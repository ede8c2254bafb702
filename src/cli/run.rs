//! `posthaste run`: simulates a scenario and writes its result folder.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::metrics::RecorderOptions;
use crate::report::{self, Suite};
use crate::scenario::resolved::Resolved;

use super::args::{Overrides, RunArgs};
use super::exit::{CommandError, Exit};
use super::expect::{Grade, grade};
use super::load::{load, load_key};
use super::output::{print, write_text};
use super::recording::{Done, Recording, default_folder, json_summary, say_missed};
use super::report::{usual_place, write_report};
use super::simulate::{exit_of, simulate_watched};

/// Runs the scenario, writes the folder and prints the summary.
///
/// # Errors
/// The scenario is invalid, a file cannot be written, or a bug came to light.
pub(super) fn run(args: &RunArgs) -> Result<Exit, CommandError> {
    let scenario = load(&args.file, &args.overrides)?;
    vet_junit(args)?;
    let key = args.grade.as_deref().map(|file| load_key(file, &scenario)).transpose()?;
    let done = run_scenario(&args.file, &scenario, args.out.as_deref(), args.quiet || args.json)?;
    let grade = key.map(|key| grade(&key, &done.record));
    if args.report || scenario.outputs.report {
        write_report(&done.written.dir, &usual_place(&done.written.dir))?;
    }
    if args.json {
        print(&json_summary(&done, grade.as_ref())?)?;
    } else if !args.quiet {
        let left_out = match done.written.transcripts_left_out {
            0 => String::new(),
            count => format!(" ({count} transcripts left out)"),
        };
        let summary = report::summary_text(&done.info, &done.record);
        print(&format!("{summary}{:<12} {}{left_out}\n", "results", done.written.dir.display()))?;
    }
    if let (Some(grade), Some(file), false) = (&grade, &args.grade, args.json || args.quiet) {
        print(&grade.text(&file.display().to_string()))?;
    }
    done.say_what_went_wrong();
    // where the table is printed, it tells
    if args.json || args.quiet {
        say_missed(grade.as_ref().map_or(&[], Grade::expectations));
    }
    if let Some(file) = &args.junit {
        write_junit(file, args, &done, grade.as_ref())?;
    }
    let mut expectations = done.info.expectations;
    expectations.extend(grade.iter().flat_map(|grade| grade.expectations().iter().cloned()));
    Ok(exit_of(done.outcome.ended, &expectations))
}

/// The file for JUnit is neither what is read nor within the result folder, which only a run fills, and it can be
/// written: who waited for a run does not learn afterwards that it cannot.
fn vet_junit(args: &RunArgs) -> Result<(), CommandError> {
    let Some(junit) = &args.junit else { return Ok(()) };
    let place = junit.canonicalize();
    let same = |read: &PathBuf| place.as_ref().is_ok_and(|place| read.canonicalize().is_ok_and(|read| read == *place));
    if same(&args.file) || args.grade.as_ref().is_some_and(same) {
        return Err(CommandError::usage(format!(
            "--junit {}: this file is read, so it is not written",
            junit.display()
        )));
    }
    if args.out.as_ref().is_some_and(|out| junit.starts_with(out)) {
        return Err(CommandError::usage(format!("--junit {}: put it beside the result folder", junit.display())));
    }
    let wrong = |error: &std::io::Error| CommandError::io(format!("cannot write {}: {error}", junit.display()));
    match junit.metadata() {
        // it stays as it is until there is something to put in its place
        Ok(found) if found.is_file() => {
            OpenOptions::new().write(true).open(junit).map(drop).map_err(|error| wrong(&error))
        }
        Ok(found) if found.is_dir() => Err(wrong(&ErrorKind::IsADirectory.into())),
        // a pipe is nothing to try
        Ok(_) => Ok(()),
        Err(_) => {
            OpenOptions::new().write(true).create_new(true).open(junit).map_err(|error| wrong(&error))?;
            std::fs::remove_file(junit).map_err(|error| wrong(&error))
        }
    }
}

/// Writes how every expectation went for a program that watches over runs.
fn write_junit(file: &Path, args: &RunArgs, done: &Done, grade: Option<&Grade>) -> Result<(), CommandError> {
    let name = |path: &Path| path.display().to_string();
    let title = if done.info.title.is_empty() { name(&args.file) } else { done.info.title.clone() };
    let cases = done.info.expectations.iter().map(|expectation| (expectation, None)).collect();
    let mut suites = vec![Suite { name: title, cases }];
    suites.extend(grade.zip(args.grade.as_deref()).map(|(grade, key)| grade.suite(&name(key))));
    let properties = [
        ("file", name(&args.file)),
        ("seed", done.info.seed.to_string()),
        ("scenario_hash", done.info.scenario_hash.clone()),
        ("fingerprint", done.record.fingerprint.to_string()),
    ];
    let text = report::junit_xml(&properties, &suites, done.cut().as_deref());
    write_text(file, &text)
}

/// Runs a scenario file into its usual result folder, for a command that wants to read it.
///
/// # Errors
/// As [`run`].
pub(super) fn run_quietly(file: &Path) -> Result<PathBuf, CommandError> {
    let scenario = load(file, &Overrides::default())?;
    let done = run_scenario(file, &scenario, None, false)?;
    done.say_what_went_wrong();
    Ok(done.written.dir)
}

fn run_scenario(file: &Path, scenario: &Resolved, out: Option<&Path>, quiet: bool) -> Result<Done, CommandError> {
    let place = |hash: &str| out.map_or_else(|| default_folder(file, hash), Path::to_owned);
    let (recording, writers) = Recording::begin(scenario, place)?;
    let (finished, wall) = simulate_watched(scenario, RecorderOptions::default(), writers, quiet)?;
    recording.finish(scenario, finished, (wall, true))
}
