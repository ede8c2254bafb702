//! `posthaste check`: validates scenarios, with the changes of the command line, without running them.

use serde_json::{Value, json};

use crate::scenario::{self, LoadError};

use super::args::CheckArgs;
use super::exit::{CommandError, Exit};
use super::load::changes;
use super::output::{print, say};

/// Checks each file and reports all errors of all files. A file that cannot be read does not
/// keep the others from being checked; it decides the exit code.
///
/// # Errors
/// `--resolved` was given with several files, a change cannot be understood, or stdout cannot be written to.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, CommandError> {
    if args.resolved && args.files.len() > 1 {
        return Err(CommandError::usage("--resolved prints one scenario: give one file"));
    }
    let changes = changes(&args.overrides)?;
    let mut exit = Exit::Done;
    let mut findings = Vec::new();
    for file in &args.files {
        let name = file.display().to_string();
        let mut found = |text: String, errors: Value| match args.json {
            true => findings.push(json!({ "file": name, "errors": errors })),
            false => say(&text),
        };
        match scenario::load_file(file, &changes) {
            Ok(resolved) if args.resolved => {
                print(&resolved.to_json_text())?;
            }
            Ok(_) if args.json => {}
            Ok(resolved) => {
                say(&format!("{name}: valid"));
                scenario::notes(&resolved).iter().for_each(|note| say(&format!("{name}: note: {note}")));
            }
            Err(error @ LoadError::Io { .. }) => {
                exit = Exit::Io;
                found(error.to_string(), json!([of_file(&name, &error)]));
            }
            Err(LoadError::Invalid(diagnostics)) => {
                exit = if exit == Exit::Io { exit } else { Exit::Invalid };
                found(diagnostics.to_string(), json!(diagnostics));
            }
        }
    }
    if args.json && (!args.resolved || !findings.is_empty()) {
        print(&format!("{}\n", serde_json::to_string_pretty(&findings).expect("plain data")))?;
    }
    Ok(exit)
}

/// An error about a file as a whole, in the form of a scenario's errors.
fn of_file(name: &str, error: &LoadError) -> Value {
    json!({ "source": name, "path": "", "line": null, "column": null, "message": error.to_string(), "help": null })
}
