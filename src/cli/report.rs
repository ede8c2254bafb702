//! `posthaste report`: a run on one page, `report.html`.
//!
//! A folder keeps no packets, so the run is run again in memory, with an observer that keeps what the page shows. What real
//! clients took part in cannot be run again: of that the page shows what the folder holds, and says so.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::{SimDuration, SimTime};
use crate::metrics::{RecorderOptions, Tables};
use crate::report::html::{
    Choice, Observed, Source, Spoken, Watch, dialogues_of_folder, html_report, packets_of_folder,
};
use crate::report::{self, ReportError};
use crate::scenario::build::directory;
use crate::scenario::resolved::Resolved;

use super::args::{Overrides, ReportArgs};
use super::exit::{CommandError, Exit};
use super::load::load;
use super::output::{is_stdout, print, spare};
use super::recording::read_text;
use super::repeat::{manifest, scenario_of};
use super::simulate::{Finished, simulate_watched};
use super::target::result_folder;

/// Dialogues that are looked through for those that are shown, and octets of each.
const DIALOGUES: RecorderOptions = RecorderOptions { dialogues: 20_000, dialogue_bytes: 30_000 };

/// Makes the page of a run and says where it is.
///
/// # Errors
/// The run does not exist or its folder is damaged, or the page cannot be written.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, CommandError> {
    spare(args.output.as_deref(), &args.run)?;
    let folder = result_folder(&args.run)?;
    spare(args.output.as_deref(), &folder)?;
    if args.output.as_deref().is_some_and(is_stdout) {
        return print(&page(&folder)?).map(|()| Exit::Done);
    }
    let path = args.output.clone().unwrap_or_else(|| usual_place(&folder));
    write_report(&folder, &path)?;
    print(&format!("{}\n", path.display())).map(|()| Exit::Done)
}

/// Writes the page of the run in `folder` to `path`, whole or not at all.
///
/// # Errors
/// The folder is damaged, or the page cannot be written.
pub(super) fn write_report(folder: &Path, path: &Path) -> Result<(), CommandError> {
    let page = page(folder)?;
    let fault = |error: &dyn std::fmt::Display| CommandError::io(format!("cannot write {}: {error}", path.display()));
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".report-").tempfile_in(beside).map_err(|error| fault(&error))?;
    std::io::Write::write_all(&mut file, page.as_bytes()).map_err(|error| fault(&error))?;
    readable(file.as_file()).map_err(|error| fault(&error))?;
    file.persist(path).map(|_| ()).map_err(|error| fault(&error.error))
}

/// Temporary files are private; a report gets the usual permissions of what is to be read.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// The page of the run in a folder.
fn page(folder: &Path) -> Result<String, CommandError> {
    let tables = report::read_run(folder).map_err(folder_error)?;
    let manifest = manifest(folder)?;
    let summary = json_file(&folder.join("summary.json"))?;
    let scenario = read_text(&folder.join("scenario.resolved.json"))?;
    let mut notes = Vec::new();
    let seen = match scenario_of(folder) {
        Ok(resolved) => again(resolved, &manifest, &tables, &mut notes)?,
        Err(error) => {
            notes.push(format!("It could not be run again for this page: {}.", error.message));
            None
        }
    };
    let (observed, dialogues) = match seen {
        Some((observed, dialogues)) => (Some(observed), dialogues),
        None => of_folder(folder, &mut notes)?,
    };
    Ok(html_report(&Source {
        tables: &tables,
        manifest: &manifest,
        summary: &summary,
        scenario: &scenario,
        dialogues: &dialogues,
        observed: observed.as_ref(),
        notes: &notes,
    }))
}

type WhatWasSeen = (Observed, Vec<Spoken>);

/// Runs it again. None when something else comes of it: then the folder is not of this scenario.
fn again(
    mut scenario: Resolved,
    manifest: &Value,
    tables: &Tables,
    notes: &mut Vec<String>,
) -> Result<Option<WhatWasSeen>, CommandError> {
    let cut = manifest["cut"] != json!(false);
    let end = manifest["end_s"].as_str().and_then(|end| SimDuration::parse(&format!("{end}s")).ok());
    if let (true, Some(end)) = (cut, end) {
        // no longer than it went then
        scenario.run.until = scenario.run.until.min(SimTime::ZERO.saturating_add(end));
    }
    let watch = Watch::new(directory(&scenario), tables, Choice::of(tables));
    let (Finished { record, extra, .. }, _) = simulate_watched(&scenario, DIALOGUES, watch, false)?;
    if !cut && manifest["fingerprint"] != json!(record.fingerprint.to_string()) {
        notes.push("Run again, it went otherwise: the folder is not of this scenario, or was changed.".to_owned());
        return Ok(None);
    }
    Ok(Some((Observed::of(extra), record.dialogues.iter().map(Spoken::of).collect())))
}

/// What the folder itself holds of dialogues and packets.
fn of_folder(folder: &Path, notes: &mut Vec<String>) -> Result<(Option<Observed>, Vec<Spoken>), CommandError> {
    let dialogues = dialogues_of_folder(folder).map_err(folder_error)?;
    let scenario = load(&folder.join("scenario.resolved.json"), &Overrides::default());
    let observed = match scenario {
        Ok(scenario) => packets_of_folder(folder, directory(&scenario)).map_err(folder_error)?,
        Err(_) => None,
    };
    notes.push(match observed {
        Some(_) => "Packets are those of its capture: when each arrived and what caused it is not known.".to_owned(),
        None => "So no packets and no steps are shown; with \"outputs\": { \"capture\": true } there would be packets."
            .to_owned(),
    });
    Ok((observed, dialogues))
}

fn json_file(path: &Path) -> Result<Value, CommandError> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|error| CommandError::io(format!("{}: {error}", path.display())))
}

fn folder_error(error: ReportError) -> CommandError {
    CommandError::io(error.to_string())
}

/// Where the page of a run stands unless another place is named.
pub(super) fn usual_place(folder: &Path) -> PathBuf {
    folder.join("report.html")
}
