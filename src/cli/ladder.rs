//! `posthaste ladder`: who said what to whom in a run, read from its tables and transcripts, or, for TCP segments,
//! watched in the same run done again, or read from its capture.

use std::path::Path;

use clap::ValueEnum;

use crate::base::{Directory, SimDuration, SimTime};
use crate::metrics::Tables;
use crate::report::ladder::{Segment, Source, captured, ladder as draw};
use crate::report::{self, LadderChoice, LadderError, LadderFor, PngError, SegmentWatch, Sheet, TimeScale};
use crate::scenario::build::{directory, plan};
use crate::scenario::resolved::Resolved;
use crate::sim::{Limits, Simulation, World};

use super::args::{ChartFormat, LadderArgs, LadderPage, LadderProtocol, LadderPurpose, LadderTime, Overrides};
use super::exit::CommandError;
use super::exit::Exit;
use super::load::load;
use super::output::{deliver, deliver_png, is_stdout, spare};
use super::repeat::scenario_of;
use super::simulate::limits;
use super::target::result_folder;

/// Draws the ladder, or writes it as text, to stdout or files.
///
/// # Errors
/// The run does not exist, something that is named is not in it, or a file cannot be written.
pub(super) fn ladder(args: &LadderArgs) -> Result<Exit, CommandError> {
    let output = args.output.as_deref();
    let format = ChartFormat::of(args.format, output)?;
    if args.text && format == ChartFormat::Png {
        return Err(CommandError::usage("--text writes text, which is no PNG: call the file otherwise".to_owned()));
    }
    let (from, until) = (time("--from", args.from.as_ref())?, time("--to", args.to.as_ref())?);
    if let (Some(from), Some(until)) = (from, until)
        && from > until
    {
        return Err(CommandError::usage(format!("--from {from} s is later than --to {until} s")));
    }
    spare(output, &args.run)?;
    let folder = result_folder(&args.run)?;
    spare(output, &folder)?;
    let tables = report::read_run(&folder).map_err(|error| CommandError::io(error.to_string()))?;
    let choice = LadderChoice {
        protocols: protocols(args),
        hosts: args.host.clone(),
        query: args.query.clone(),
        message: args.message.clone(),
        connection: args.conn.clone(),
        from,
        until,
        unfold: args.unfold,
    };
    let segments = match args.protocol.contains(&LadderProtocol::Tcp) {
        true => Some(watch(&folder, &choice, &tables)?),
        false => None,
    };
    let source = Source { folder: &folder, tables: &tables, segments: segments.as_deref() };
    let ladder = draw(&source, &choice).map_err(|error| explained(args, &error))?;
    if args.text {
        return deliver(output, ladder.text().as_bytes()).map(|()| Exit::Done);
    }
    let sheets = ladder.sheets(purpose(args.purpose), scale(args.time));
    match args.page {
        LadderPage::One(number) => {
            let sheet = sheets.get(number - 1).ok_or_else(|| {
                let count = sheets.len();
                let there = if count == 1 { "there is 1 page".to_owned() } else { format!("there are {count} pages") };
                CommandError::usage(format!("--page {number}: {there}"))
            })?;
            write(sheet, format, output)?;
        }
        LadderPage::All => all(&sheets, format, output)?,
    }
    Ok(Exit::Done)
}

fn time(flag: &str, text: Option<&String>) -> Result<Option<SimTime>, CommandError> {
    let duration = text.map(|text| SimDuration::parse(text)).transpose();
    let duration = duration.map_err(|error| CommandError::usage(format!("{flag}: {error}")))?;
    Ok(duration.map(|duration| SimTime::ZERO.saturating_add(duration)))
}

/// Writes a sheet to a file or stdout.
fn write(sheet: &Sheet, format: ChartFormat, output: Option<&Path>) -> Result<(), CommandError> {
    match format {
        ChartFormat::Svg => deliver(output, sheet.svg().as_bytes()),
        ChartFormat::Png => {
            let bytes = sheet.png().map_err(|error| match error {
                PngError::TooLarge(..) => CommandError::usage(error.to_string()),
                PngError::Drawing(_) => CommandError::new(Exit::Internal, error.to_string()),
            })?;
            deliver_png(output, &bytes)
        }
    }
}

/// Writes each sheet to a file of its own.
fn all(sheets: &[Sheet], format: ChartFormat, output: Option<&Path>) -> Result<(), CommandError> {
    let Some(path) = output.filter(|path| !is_stdout(path)) else {
        return Err(CommandError::usage("--page all writes files: give a name with -o".to_owned()));
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    for (number, sheet) in (1..).zip(sheets) {
        let ending = path.extension().map_or(format.ending().into(), |ending| ending.to_string_lossy());
        write(sheet, format, Some(&path.with_file_name(format!("{stem}-{number}.{ending}"))))?;
    }
    Ok(())
}

/// The protocols that are chosen, by their names in tables; none for all of them, or for segments alone.
fn protocols(args: &LadderArgs) -> Vec<String> {
    let named = |chosen: &[LadderProtocol]| chosen.iter().filter_map(|one| one.name()).map(str::to_owned).collect();
    match (args.protocol.contains(&LadderProtocol::All), args.protocol.contains(&LadderProtocol::Tcp)) {
        (true, true) => named(LadderProtocol::value_variants()),
        (true, false) => Vec::new(),
        (false, _) => named(&args.protocol),
    }
}

const fn purpose(purpose: Option<LadderPurpose>) -> LadderFor {
    match purpose {
        None => LadderFor::Screen,
        Some(LadderPurpose::Slides) => LadderFor::Slides,
        Some(LadderPurpose::Paper) => LadderFor::Paper,
        Some(LadderPurpose::Handout) => LadderFor::Handout,
    }
}

const fn scale(time: LadderTime) -> TimeScale {
    match time {
        LadderTime::Breaks => TimeScale::Breaks,
        LadderTime::Even => TimeScale::Even,
        LadderTime::Linear => TimeScale::Linear,
    }
}

fn explained(args: &LadderArgs, error: &LadderError) -> CommandError {
    match (error, &args.query, &args.message) {
        (LadderError::Damaged(what), ..) => CommandError::io(what.clone()),
        (LadderError::NoMatch | LadderError::NoNumber(_), Some(query), _) => {
            CommandError::usage(format!("--query {query}: {error}"))
        }
        (LadderError::NoMessage(_), _, Some(message)) => CommandError::usage(format!("--message {message:?}: {error}")),
        (
            LadderError::NoMatch
            | LadderError::NoNumber(_)
            | LadderError::NoMessage(_)
            | LadderError::NoHost(..)
            | LadderError::NoConnection(..),
            ..,
        ) => CommandError::usage(error.to_string()),
    }
}

/// The segments of the connections that are chosen: watched in the run done again, or, if that cannot be, those of the
/// folder's capture.
fn watch(folder: &Path, choice: &LadderChoice, tables: &Tables) -> Result<Vec<Segment>, CommandError> {
    let mut connections: Vec<String> = choice.connection.iter().cloned().collect();
    if let Some(message) = &choice.message {
        connections = report::ladder::connections_of(tables, message);
        if connections.is_empty() {
            return Ok(Vec::new());
        }
    }
    match scenario_of(folder) {
        Ok(scenario) => Ok(watched(&scenario, choice, connections)),
        Err(why) => recorded(folder, choice, &connections)?.ok_or_else(|| {
            CommandError::io(format!("{}; nor is there a capture of its packets (outputs.capture)", why.message))
        }),
    }
}

fn watched(scenario: &Resolved, choice: &LadderChoice, connections: Vec<String>) -> Vec<Segment> {
    let plan = plan(scenario);
    let limits = limits(scenario);
    let until = choice.until.unwrap_or(limits.until).min(limits.until);
    let directory = Directory::clone(&plan.directory);
    let interval = (choice.from.unwrap_or(SimTime::ZERO), until);
    let watch = SegmentWatch::new(directory, connections, choice.hosts.clone(), interval);
    let mut simulation = Simulation::new(World::new(plan, watch));
    // what was sent in the interval may arrive after it
    let last = until.saturating_add(SimDuration::from_secs(60)).min(limits.until);
    simulation.run(&Limits { until: last, ..limits }, |_| None);
    let (_, watch) = simulation.into_world().detach();
    watch.finish()
}

/// The segments of a folder's capture; none if it has none.
fn recorded(
    folder: &Path,
    choice: &LadderChoice,
    connections: &[String],
) -> Result<Option<Vec<Segment>>, CommandError> {
    if !folder.join("capture.pcapng").is_file() {
        return Ok(None);
    }
    let scenario = load(&folder.join("scenario.resolved.json"), &Overrides::default())?;
    let wanted = |segment: &Segment| {
        let named = |host: &String| segment.ends.iter().any(|end| **end == **host);
        (connections.is_empty() || connections.iter().any(|name| **name == *segment.connection))
            && (choice.hosts.is_empty() || choice.hosts.iter().any(named))
            && choice.from.is_none_or(|from| segment.sent >= from)
            && choice.until.is_none_or(|until| segment.sent <= until)
    };
    captured(folder, directory(&scenario), wanted).map_err(|error| CommandError::io(error.to_string()))
}
