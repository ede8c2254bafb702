//! `posthaste chart`: figures of a run, drawn from its result folder.
//!
//! Segments of TCP lie in no table: for their chart the run is made once more, as for `explain`,
//! with an eye on one connection.

use std::path::{Path, PathBuf};

use crate::base::nearest::nearest;
use crate::metrics::{ConnectionRow, Tables};
use crate::report::charts::SegmentRecord;
use crate::report::{self, ChartSource, Drawing, Theme};

use super::args::{ChartArgs, ChartFormat};
use super::exit::{CommandError, Exit};
use super::output::{deliver, deliver_png, is_stdout, print, spare};
use super::repeat::scenario_of;
use super::simulate;
use super::target::result_folder;

/// The chart that needs segments.
const SEQUENCE: &str = "tcp_sequence";

/// Draws one chart to stdout or a file, or all of them into a folder, or lists all.
///
/// # Errors
/// The run or the chart does not exist, or a file cannot be written.
pub(super) fn chart(args: &ChartArgs) -> Result<Exit, CommandError> {
    if args.list {
        return print(&list()).map(|()| Exit::Done);
    }
    let names: Vec<&str> = report::chart_names().collect();
    let run = vet(args, &names)?;
    spare(args.output.as_deref(), run)?;
    let folder = result_folder(run)?;
    if !args.all {
        spare(args.output.as_deref(), &folder)?;
    }
    let tables = report::read_run(&folder).map_err(|error| CommandError::io(error.to_string()))?;
    // Without it only some charts have nothing to show.
    let resolved = std::fs::read_to_string(folder.join("scenario.resolved.json")).unwrap_or_default();
    let mut source = ChartSource::with_scenario(&tables, &resolved);
    source.of.clone_from(&args.of);
    let theme = args.theme.into();
    let format = ChartFormat::of(args.format, args.output.as_deref())?;
    match (&args.name, args.output.as_deref()) {
        (Some(name), output) => {
            if name == SEQUENCE {
                source.segments = segments(&folder, &tables, args.of.as_deref())?;
            }
            let bytes = bytes(&draw(name, &source, theme)?, format)?;
            match format {
                ChartFormat::Png => deliver_png(output, &bytes)?,
                ChartFormat::Svg => deliver(output, &bytes)?,
            }
        }
        (None, Some(dir)) if !is_stdout(dir) => all_charts(&names, &source, (theme, format), dir)?,
        (None, Some(_) | None) => {
            return Err(CommandError::usage("--all writes files: give a folder with -o".to_owned()));
        }
    }
    Ok(Exit::Done)
}

/// The run, if what is asked of it can be drawn.
fn vet<'a>(args: &'a ChartArgs, names: &[&str]) -> Result<&'a Path, CommandError> {
    let all = names.join(", ");
    let wrong = |why: String| Err(CommandError::usage(why));
    match &args.name {
        Some(name) if !names.contains(&name.as_str()) => {
            let meant = nearest(name, names.iter().copied());
            let meant = meant.map_or_else(String::new, |near| format!("did you mean {near:?}? "));
            return wrong(format!("there is no chart {name:?}; {meant}there are {all}"));
        }
        Some(_) if args.all => return wrong("--all draws all charts: name none".to_owned()),
        None if !args.all => return wrong(format!("which chart? Give a run and one of {all}")),
        Some(_) | None => {}
    }
    if args.of.is_some() && args.name.as_deref().and_then(report::chosen_by).is_none() {
        let takes = names.iter().filter_map(|name| Some(format!("{name} (a {})", report::chosen_by(name)?)));
        let takes = takes.collect::<Vec<_>>().join(", ");
        return wrong(format!("--of chooses what one of these charts shows: {takes}"));
    }
    let Some(run) = &args.run else { return wrong(format!("which chart? Give a run and one of {all}")) };
    Ok(run)
}

/// Writes a chart to where it is wanted.
///
/// # Errors
/// As [`deliver`], or pixels would go to a terminal.
pub(super) fn hand_over(output: Option<&Path>, bytes: &[u8], format: ChartFormat) -> Result<(), CommandError> {
    match format {
        ChartFormat::Png => deliver_png(output, bytes),
        ChartFormat::Svg => deliver(output, bytes),
    }
}

/// All charts that have something to show, into a folder.
fn all_charts(
    names: &[&str],
    source: &ChartSource<'_>,
    (theme, format): (Theme, ChartFormat),
    dir: &Path,
) -> Result<(), CommandError> {
    std::fs::create_dir_all(dir)
        .map_err(|error| CommandError::io(format!("cannot create {}: {error}", dir.display())))?;
    for name in names {
        let drawing = draw(name, source, theme)?;
        if !drawing.is_blank() {
            let path: PathBuf = dir.join(format!("{name}.{}", format.ending()));
            deliver(Some(&path), &bytes(&drawing, format)?)?;
        }
    }
    Ok(())
}

fn draw(name: &str, source: &ChartSource<'_>, theme: Theme) -> Result<Drawing, CommandError> {
    report::draw(name, source, theme).map_err(internal)
}

pub(super) fn bytes(drawing: &Drawing, format: ChartFormat) -> Result<Vec<u8>, CommandError> {
    match format {
        ChartFormat::Svg => drawing.svg().map(String::into_bytes),
        ChartFormat::Png => drawing.png(),
    }
    .map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> CommandError {
    CommandError::new(Exit::Internal, error.to_string())
}

/// A line for each chart: its name, what it shows, and from what.
fn list() -> String {
    let widest = report::chart_names().map(str::len).max().unwrap_or(0);
    let line = |chart: &report::ChartInfo| format!("{:widest$}  {} (from: {})\n", chart.name, chart.shows, chart.needs);
    report::charts().iter().map(line).collect()
}

/// The segments of one connection: the one asked for, or that with most data.
fn segments(folder: &Path, tables: &Tables, of: Option<&str>) -> Result<Option<SegmentRecord>, CommandError> {
    let data = |row: &ConnectionRow| (row.bytes_to_server.unwrap_or(0), row.bytes_to_client.unwrap_or(0));
    let most = |row: &&ConnectionRow| {
        let (there, back) = data(row);
        (there.saturating_add(back), row.wire_bytes)
    };
    let row = match of {
        Some(name) => {
            let found = tables.connections.iter().find(|row| &*row.connection == name);
            Some(found.ok_or_else(|| CommandError::usage(format!("--of {name:?}: there is no such connection")))?)
        }
        // of equals the first
        None => tables.connections.iter().rev().max_by_key(most),
    };
    let Some(row) = row else { return Ok(None) };
    let (there, back) = data(row);
    let sender = if there >= back { &row.client } else { &row.server };
    Ok(Some(simulate::segments(&scenario_of(folder)?, &row.connection, sender)))
}
