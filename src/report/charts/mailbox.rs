//! What is in mailboxes over time: one step line for each of the largest, in octets.

use std::collections::BTreeMap;

use super::axes::{and_more, empty};
use super::canvas::Canvas;
use super::lines::{Lines, Series, steps};
use super::look::Theme;
use super::scale::{Octets, Scale};
use super::{ChartSource, instant};
use crate::metrics::reading::MAX_CHANGES;
use crate::report::values::{count, escape, whole};

const TITLE: &str = "Mailbox size";
/// Changes that make a mailbox lively, and how many are shown beside such a one.
const LIVELY: usize = 40;
const FEW: usize = 3;

#[expect(clippy::cast_precision_loss, reason = "drawn, not counted")]
pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let run = run.tables;
    let mut users: BTreeMap<&str, Vec<(f64, u64)>> = BTreeMap::new();
    for row in &run.mailboxes {
        users.entry(&row.user).or_default().push((instant(row.at), row.bytes));
    }
    let largest = |changes: &[(f64, u64)]| changes.iter().map(|(_, octets)| *octets).max().unwrap_or(0);
    let mut users: Vec<(&str, Vec<(f64, u64)>)> = users.into_iter().collect();
    users.sort_by_key(|(_, changes)| std::cmp::Reverse(largest(changes)));
    let Some((user, changes)) = users.first() else {
        return empty(theme, TITLE, "No mail came into a mailbox.");
    };
    let most = largest(changes);
    let last = run.mailboxes.iter().map(|row| row.at).max().unwrap_or_default();
    // the table may have been full before the run was over: nothing is known of what came then
    let end = instant(if run.mailboxes.len() < MAX_CHANGES { last.max(run.end) } else { last });
    let mut note = format!("messages in all folders; largest: {} octets of {}", whole(most), escape(user.as_bytes()));
    // of lines that go up and down all the time nobody can follow many
    let lively = users.iter().take(theme.most_series()).any(|(_, changes)| changes.len() > LIVELY);
    let shown = if lively { FEW } else { theme.most_series() };
    let more = users.split_off(users.len().min(shown));
    let more: Vec<String> = more.iter().map(|(name, _)| escape(name.as_bytes())).collect();
    if !more.is_empty() {
        note.push_str(&format!("; {} left out", count(more.len(), "smaller one", "smaller ones")));
    }
    let unit = Octets::for_most(most as f64);
    let line = |(name, changes): &(&str, Vec<(f64, u64)>)| {
        let changes: Vec<(f64, f64)> = changes.iter().map(|(at, octets)| (*at, *octets as f64 / unit.octets)).collect();
        Series { name: escape(name.as_bytes()), points: steps(0.0, end, &changes) }
    };
    let lines = Lines {
        theme,
        title: TITLE,
        note,
        x: Scale::time("time since the start", 0.0, end),
        y: Scale::measure(&unit.of("in the mailbox"), most as f64 / unit.octets),
        series: users.iter().map(line).collect(),
        keys: and_more(theme, &more).into_iter().collect(),
        solid: false,
    };
    lines.draw(|_, _| {})
}
