//! The run's seed and end, limits, outputs.

use super::{Context, capture, windows};
use crate::base::SimTime;
use crate::scenario::problem::Path;
use crate::scenario::resolved::{LimitSpec, OutputSpec, RunSpec};

/// Seed and end.
pub(super) fn read_run(cx: &mut Context<'_>) -> RunSpec {
    let path = Path::Root.key("run");
    let run = cx.scenario.run;
    let until = SimTime::ZERO.saturating_add(cx.positive(path.key("until"), run.until));
    RunSpec { seed: run.seed.unwrap_or(0), until }
}

/// Bounds; none may be zero.
pub(super) fn read_limits(cx: &mut Context<'_>) -> LimitSpec {
    let path = Path::Root.key("limits");
    let limits = &cx.scenario.limits;
    let counts = [
        ("events", limits.events),
        ("events_per_instant", limits.events_per_instant),
        ("messages", limits.messages),
        ("recipients", limits.recipients),
        ("hosts", limits.hosts),
        ("message_size", limits.message_size.map(|size| size.0.bytes())),
        ("memory", limits.memory.map(|size| size.0.bytes())),
    ];
    for (key, _) in counts.iter().filter(|(_, count)| *count == Some(0)) {
        cx.problems.at(path.key(key), "a limit is above zero");
    }
    LimitSpec {
        events: limits.events.unwrap_or(0),
        events_per_instant: limits.events_per_instant.unwrap_or(0),
        messages: limits.messages.unwrap_or(0),
        recipients: limits.recipients.unwrap_or(0),
        hosts: limits.hosts.unwrap_or(0),
        message_size: limits.message_size.map(|size| size.0).unwrap_or_default(),
        memory: limits.memory.map(|size| size.0).unwrap_or_default(),
        wall_clock: cx.positive(path.key("wall_clock"), limits.wall_clock),
    }
}

/// Outputs.
pub(super) fn read_outputs(cx: &mut Context<'_>) -> OutputSpec {
    let capture = capture::read(cx, Path::Root.key("outputs").key("capture"));
    let cwnd = windows::read(cx, Path::Root.key("outputs").key("cwnd"));
    let outputs = &cx.scenario.outputs;
    OutputSpec {
        events: outputs.events == Some(true),
        transcripts: outputs.transcripts != Some(false),
        charts: outputs.charts != Some(false),
        report: outputs.report == Some(true),
        capture,
        cwnd,
    }
}

/// Title and description are printed to terminals: no control characters.
pub(super) fn check_texts(cx: &mut Context<'_>) {
    let root = Path::Root;
    let title = cx.scenario.title.as_deref().unwrap_or_default();
    if title.chars().any(char::is_control) {
        cx.problems.at(root.key("title"), "a title is one line without control characters");
    }
    let lines = cx.scenario.description.iter().flat_map(|texts| &texts.items);
    if lines.flat_map(|line| line.chars()).any(|c| c.is_control() && c != '\n') {
        cx.problems.at(root.key("description"), "a description has no control characters");
    }
}
