//! `posthaste check`: validates scenarios without running them.

use serde_json::json;

use crate::scenario::{self, LoadError};

use super::args::CheckArgs;
use super::exit::{CommandError, Exit};
use super::output::print;

/// Checks each file and reports all errors of all files.
///
/// # Errors
/// A file cannot be read, or `--resolved` was given with several files.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, CommandError> {
    if args.resolved && args.files.len() > 1 {
        return Err(CommandError::usage("--resolved prints one scenario: give one file"));
    }
    let mut exit = Exit::Done;
    let mut findings = Vec::new();
    for file in &args.files {
        match scenario::load_file(file, &scenario::Overrides::default()) {
            Ok(resolved) => {
                if args.resolved {
                    print(&resolved.to_json_text())?;
                } else if !args.json {
                    eprintln!("{}: valid", file.display());
                }
            }
            Err(LoadError::Io { path, source }) => {
                return Err(CommandError::io(format!("cannot read {path}: {source}")));
            }
            Err(LoadError::Invalid(diagnostics)) => {
                exit = Exit::Invalid;
                if args.json {
                    findings.push(json!({ "file": file.display().to_string(), "errors": diagnostics }));
                } else {
                    eprintln!("{diagnostics}");
                }
            }
        }
    }
    if args.json && !args.resolved {
        print(&format!("{}\n", serde_json::to_string_pretty(&findings).expect("plain data")))?;
    }
    Ok(exit)
}
