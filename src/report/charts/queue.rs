//! How long mail queues were over time: one step line for each server, the longest first.

use std::collections::BTreeMap;

use super::axes::{and_more, empty};
use super::canvas::Canvas;
use super::lines::{Lines, Series, steps};
use super::look::Theme;
use super::scale::Scale;
use super::{ChartSource, copies, instant};
use crate::report::summary::human;
use crate::report::values::{count, escape};

const TITLE: &str = "Mail queues";

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let run = run.tables;
    let mut servers: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in &run.queue {
        servers.entry(&row.server).or_default().push((instant(row.at), f64::from(row.copies)));
    }
    let longest = |steps: &[(f64, f64)]| steps.iter().map(|(_, copies)| *copies).fold(0.0, f64::max);
    let mut servers: Vec<(&str, Vec<(f64, f64)>)> = servers.into_iter().collect();
    servers.sort_by(|a, b| longest(&b.1).total_cmp(&longest(&a.1)));
    let Some((_, first)) = servers.first() else {
        return empty(theme, TITLE, "No mail was queued.");
    };
    let most = longest(first);
    let whole = instant(run.queue.iter().map(|row| row.at).max().unwrap_or_default().max(run.end));
    let end = end_of_interest(&servers, whole);
    let rest = servers.split_off(servers.len().min(theme.most_series()));
    let rest: Vec<String> = rest.iter().map(|(name, _)| escape(name.as_bytes())).collect();
    let longest = format!("longest: {} at {}", copies(most as usize), escape(servers[0].0.as_bytes()));
    let mut note = longest;
    if !rest.is_empty() {
        let others = count(rest.len(), "server with a shorter queue", "servers with shorter queues");
        note.push_str(&format!("; {others} left out"));
    }
    if end < whole {
        note.push_str(&format!("; all empty from there to the end, {}", human(whole)));
    }
    let line = |(name, changes): &(&str, Vec<(f64, f64)>)| Series {
        name: escape(name.as_bytes()),
        points: steps(0.0, end, changes),
    };
    let lines = Lines {
        theme,
        title: TITLE,
        note,
        x: Scale::time("time since the start", 0.0, end),
        y: Scale::count("copies in the queue", most),
        series: servers.iter().map(line).collect(),
        keys: and_more(theme, &rest).into_iter().collect(),
        solid: false,
    };
    lines.draw(|_, _| {})
}

/// The end of the run, or some time after the last change if all queues have been empty for long.
fn end_of_interest(servers: &[(&str, Vec<(f64, f64)>)], whole: f64) -> f64 {
    let last = |(_, changes): &(&str, Vec<(f64, f64)>)| changes.last().copied().unwrap_or_default();
    let quiet =
        servers.iter().map(last).fold(0.0, |most, (at, copies)| if copies > 0.0 { whole } else { at.max(most) });
    if quiet > 0.0 && quiet * 2.0 < whole { quiet * 1.1 } else { whole }
}
