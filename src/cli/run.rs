//! `posthaste run`: simulates a scenario and writes its result folder.

use std::path::{Path, PathBuf};

use crate::metrics::RecorderOptions;
use crate::report;
use crate::scenario::resolved::Resolved;

use super::args::{Overrides, RunArgs};
use super::exit::{CommandError, Exit};
use super::load::load;
use super::output::print;
use super::recording::{Done, Recording, default_folder, json_summary};
use super::report::{usual_place, write_report};
use super::simulate::{exit_of, simulate_watched};

/// Runs the scenario, writes the folder and prints the summary.
///
/// # Errors
/// The scenario is invalid, a file cannot be written, or a bug came to light.
pub(super) fn run(args: &RunArgs) -> Result<Exit, CommandError> {
    let scenario = load(&args.file, &args.overrides)?;
    let done = run_scenario(&args.file, &scenario, args.out.as_deref(), args.quiet || args.json)?;
    if args.report || scenario.outputs.report {
        write_report(&done.written.dir, &usual_place(&done.written.dir))?;
    }
    if args.json {
        print(&json_summary(&done)?)?;
    } else if !args.quiet {
        let left_out = match done.written.transcripts_left_out {
            0 => String::new(),
            count => format!(" ({count} transcripts left out)"),
        };
        let summary = report::summary_text(&done.info, &done.record);
        print(&format!("{summary}{:<12} {}{left_out}\n", "results", done.written.dir.display()))?;
    }
    done.say_what_went_wrong();
    Ok(exit_of(done.outcome.ended, &done.info.expectations))
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
