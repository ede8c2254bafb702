//! `posthaste chart`: one figure of a run, drawn from its tables.

use crate::report;

use super::args::ChartArgs;
use super::exit::{CommandError, Exit};
use super::output::print;
use super::target::result_folder;

/// Draws the chart to stdout or a file, or lists the names of all charts.
///
/// # Errors
/// The run or the chart does not exist, or the file cannot be written.
pub(super) fn chart(args: &ChartArgs) -> Result<Exit, CommandError> {
    if args.list {
        print(&report::chart_names().iter().map(|name| format!("{name}\n")).collect::<String>())?;
        return Ok(Exit::Done);
    }
    let names = report::chart_names().join(", ");
    let (Some(run), Some(name)) = (&args.run, &args.name) else {
        return Err(CommandError::usage(format!("which chart? Give a run and one of {names}")));
    };
    if !report::chart_names().contains(&name.as_str()) {
        return Err(CommandError::usage(format!("there is no chart {name:?}; there are {names}")));
    }
    let tables = report::read_run(&result_folder(run)?).map_err(|error| CommandError::io(error.to_string()))?;
    let svg = report::chart(name, &tables).map_err(|error| CommandError::new(Exit::Internal, error.to_string()))?;
    match &args.output {
        Some(path) => std::fs::write(path, svg)
            .map_err(|error| CommandError::io(format!("cannot write {}: {error}", path.display())))?,
        None => print(&svg)?,
    }
    Ok(Exit::Done)
}
