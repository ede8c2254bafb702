//! `posthaste ladder`: who said what to whom in a run, read from its tables and transcripts, or, for TCP segments,
//! watched in the same run done again.

use std::path::Path;

use clap::ValueEnum;

use crate::base::{Directory, SimDuration, SimTime};
use crate::report::ladder::{Segment, Source, ladder as draw};
use crate::report::{self, LadderChoice, LadderError, LadderFor, SegmentWatch, TimeScale};
use crate::scenario::build::plan;
use crate::sim::{Limits, Simulation, World};

use super::args::{LadderArgs, LadderProtocol, LadderPurpose, LadderTime};
use super::exit::CommandError;
use super::exit::Exit;
use super::output::print;
use super::repeat::scenario_of;
use super::simulate::limits;
use super::target::result_folder;

/// Draws the ladder, or writes it as text, to stdout or a file.
///
/// # Errors
/// The run does not exist, something that is named is not in it, or the file cannot be written.
pub(super) fn ladder(args: &LadderArgs) -> Result<Exit, CommandError> {
    if args.output.as_deref().and_then(Path::extension).is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
        return Err(CommandError::usage("a ladder is an SVG, or text with --text: call the file so".to_owned()));
    }
    let folder = result_folder(&args.run)?;
    let tables = report::read_run(&folder).map_err(|error| CommandError::io(error.to_string()))?;
    let time = |flag: &str, text: &Option<String>| {
        let duration = text.as_deref().map(SimDuration::parse).transpose();
        let duration = duration.map_err(|error| CommandError::usage(format!("{flag}: {error}")))?;
        Ok(duration.map(|duration| SimTime::ZERO.saturating_add(duration)))
    };
    let choice = LadderChoice {
        protocols: protocols(args),
        hosts: args.host.clone(),
        query: args.query.clone(),
        message: args.message.clone(),
        connection: args.conn.clone(),
        from: time("--from", &args.from)?,
        until: time("--to", &args.to)?,
        unfold: args.unfold,
    };
    let segments = match args.protocol.contains(&LadderProtocol::Tcp) {
        true => Some(watch(&folder, &choice, &tables)?),
        false => None,
    };
    let source = Source { folder: &folder, tables: &tables, segments: segments.as_deref() };
    let ladder = draw(&source, &choice).map_err(|error| explained(args, &error))?;
    let drawn = if args.text { ladder.text() } else { ladder.svg_for(purpose(args.purpose), scale(args.time)) };
    match &args.output {
        Some(path) => std::fs::write(path, drawn)
            .map_err(|error| CommandError::io(format!("cannot write {}: {error}", path.display())))?,
        None => print(&drawn)?,
    }
    Ok(Exit::Done)
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

/// The segments of the connections that are chosen, watched in the run done again.
fn watch(folder: &Path, choice: &LadderChoice, tables: &crate::metrics::Tables) -> Result<Vec<Segment>, CommandError> {
    let scenario = scenario_of(folder)?;
    let plan = plan(&scenario);
    let limits = limits(&scenario);
    let until = choice.until.unwrap_or(limits.until).min(limits.until);
    let mut connections: Vec<String> = choice.connection.iter().cloned().collect();
    if let Some(message) = &choice.message {
        connections = report::ladder::connections_of(tables, message);
        if connections.is_empty() {
            return Ok(Vec::new());
        }
    }
    let directory = Directory::clone(&plan.directory);
    let interval = (choice.from.unwrap_or(SimTime::ZERO), until);
    let watch = SegmentWatch::new(directory, connections, choice.hosts.clone(), interval);
    let mut simulation = Simulation::new(World::new(plan, watch));
    // what was sent in the interval may arrive after it
    let last = until.saturating_add(SimDuration::from_secs(60)).min(limits.until);
    simulation.run(&Limits { until: last, ..limits }, |_| None);
    let (_, watch) = simulation.into_world().detach();
    Ok(watch.finish())
}
