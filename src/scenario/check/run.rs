//! The run's seed and end, limits, expectations, outputs.

use std::collections::BTreeSet;

use super::{Context, capture, windows};
use crate::base::SimTime;
use crate::metrics::{METRICS, WEB_METRICS};
use crate::scenario::problem::{Path, quote, some_of};
use crate::scenario::resolved::{ExpectSpec, LimitSpec, OutputSpec, RunSpec};
use crate::scenario::schema::Expect;

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

/// Expectations in file order.
pub(super) fn read_expect(cx: &mut Context<'_>) -> Vec<ExpectSpec> {
    let path = Path::Root.key("expect");
    let mut all = Vec::new();
    for (index, expect) in cx.scenario.expect.iter().enumerate() {
        all.push(read_one_expect(cx, path.index(index), expect));
    }
    all
}

fn read_one_expect(cx: &mut Context<'_>, here: Path<'_>, expect: &Expect) -> ExpectSpec {
    let metric = &expect.metric;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b);
    if metric.is_empty() || metric.len() > 80 || !metric.bytes().all(plain) {
        let message = format!("{} is no name of a metric", quote(metric));
        cx.problems.help(here.key("metric"), message, "write it like \"messages.delivered\"");
    } else if !METRICS.iter().chain(WEB_METRICS).any(|(name, _)| name == metric)
        && !super::mail::counts_rule(cx, metric)
    {
        unknown_metric(cx, here.key("metric"), metric);
    }
    if expect.equals.is_none() && expect.at_least.is_none() && expect.at_most.is_none() {
        let help = "give \"equals\", \"at_least\" or \"at_most\"";
        cx.problems.help(here, "this expectation compares with nothing", help);
    }
    if let (Some(low), Some(high)) = (expect.at_least, expect.at_most)
        && low > high
    {
        cx.problems.at(here.key("at_least"), format!("no number is at least {low} and at most {high}"));
    }
    if expect.tolerance.is_some_and(|tolerance| tolerance < 0.0) {
        cx.problems.at(here.key("tolerance"), "a tolerance is not negative");
    }
    if expect.tolerance.is_some() && expect.equals.is_none() {
        cx.problems.at(here.key("tolerance"), "a tolerance belongs to \"equals\"");
    }
    ExpectSpec {
        metric: metric.clone(),
        equals: expect.equals,
        tolerance: expect.tolerance.unwrap_or(0.0),
        at_least: expect.at_least,
        at_most: expect.at_most,
    }
}

/// Names the metrics of the same group, or one of each group.
fn unknown_metric(cx: &mut Context<'_>, path: Path<'_>, metric: &str) {
    let group = |name: &'static str| name.split_once('.').map_or(name, |(group, _)| group);
    let wanted = metric.split_once('.').map_or(metric, |(group, _)| group);
    let names = METRICS.iter().chain(WEB_METRICS).map(|(name, _)| *name);
    let groups: BTreeSet<&str> = names.clone().map(group).collect();
    let known = if groups.contains(wanted) {
        some_of("metrics there", names.clone().filter(|name| group(name) == wanted))
    } else {
        some_of("groups of metrics", groups.into_iter())
    };
    cx.problems.unknown_else(path, "metric", metric, names, known.as_deref());
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
