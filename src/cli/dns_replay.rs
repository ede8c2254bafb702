//! `posthaste dns-replay`: plays a case and prints what came of it.

use crate::scenario::LoadError;
use crate::scenario::replay;

use super::args::DnsReplayArgs;
use super::exit::{CommandError, Exit};
use super::output::print;

/// Plays the case and prints the result as JSON.
///
/// # Errors
/// The file cannot be read or is no case (exit code 2: the case is part of the command line's
/// contract here), or the case has no end.
pub(super) fn dns_replay(args: &DnsReplayArgs) -> Result<Exit, CommandError> {
    let case = replay::load_file(&args.case).map_err(|error| match error {
        LoadError::Io { .. } => CommandError::io(error.to_string()),
        LoadError::Invalid(diagnostics) => {
            let text = diagnostics.to_string();
            CommandError::usage(text.strip_prefix("error: ").unwrap_or(&text))
        }
    })?;
    let told = replay::play(&case).map_err(|error| CommandError::new(Exit::Limit, error.to_string()))?;
    print(&format!("{}\n", serde_json::to_string(&told).expect("plain data"))).map(|()| Exit::Done)
}
