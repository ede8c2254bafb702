//! `posthaste ladder`: who said what to whom in a run, read from its tables.

use crate::report::{self, LadderChoice, LadderError};

use super::args::{LadderArgs, LadderProtocol};
use super::exit::CommandError;
use super::exit::Exit;
use super::output::print;
use super::target::result_folder;

/// Draws the ladder, or writes it as text, to stdout or a file.
///
/// # Errors
/// The run does not exist, nothing in it matches, or the file cannot be written.
pub(super) fn ladder(args: &LadderArgs) -> Result<Exit, CommandError> {
    let folder = result_folder(&args.run)?;
    let tables = report::read_run(&folder).map_err(|error| CommandError::io(error.to_string()))?;
    let choice = LadderChoice { host: args.host.clone(), query: args.query.clone() };
    let ladder = match args.protocol {
        LadderProtocol::Dns => report::dns_ladder(&tables.dns_queries, &choice),
    };
    let ladder = ladder.map_err(|error| match (&args.host, &args.query) {
        (Some(host), _) if matches!(error, LadderError::NoHost(_)) => {
            CommandError::usage(format!("--host {host:?}: {error}"))
        }
        (_, Some(query)) => CommandError::usage(format!("--query {query}: {error}")),
        (_, None) => CommandError::io(format!("{}: {error}", folder.display())),
    })?;
    let drawn = if args.text { ladder.text() } else { ladder.svg() };
    match &args.output {
        Some(path) => std::fs::write(path, drawn)
            .map_err(|error| CommandError::io(format!("cannot write {}: {error}", path.display())))?,
        None => print(&drawn)?,
    }
    Ok(Exit::Done)
}
