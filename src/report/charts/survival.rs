//! How long mail stays in queues: the share of copies that are still queued, by age.
//!
//! One step line for each server, those with most copies first, as Kaplan and Meier estimate it
//! from the table `survival`. A line ends where the last copy left, or at the age of the oldest
//! that the end of the run found in the queue.

use std::collections::BTreeMap;

use super::axes::{and_more, empty, telling};
use super::canvas::Canvas;
use super::lines::{Lines, Series};
use super::look::Theme;
use super::scale::Scale;
use super::{ChartSource, copies};
use crate::metrics::SurvivalRow;
use crate::report::values::{count, escape};

const TITLE: &str = "Mail still queued";

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let run = run.tables;
    let mut servers: BTreeMap<&str, Vec<&SurvivalRow>> = BTreeMap::new();
    for row in &run.survival {
        servers.entry(&row.server).or_default().push(row);
    }
    let mut servers: Vec<(&str, Vec<&SurvivalRow>)> = servers.into_iter().collect();
    servers.sort_by_key(|(_, rows)| std::cmp::Reverse(rows[0].at_risk));
    if servers.is_empty() {
        return empty(theme, TITLE, "No mail was queued.");
    }
    let ages = run.survival.iter().map(|row| row.age.as_secs_f64());
    let (least, most) = ages.fold((f64::MAX, 0.0), |(least, most), age| (age.min(least), age.max(most)));
    let censored = run.survival.iter().fold(0_u64, |sum, row| sum.saturating_add(row.censored));
    // a server that keeps a share for longest is never left out
    let longest = |(_, rows): &(&str, Vec<&SurvivalRow>)| rows.last().map_or(0.0, |row| row.age.as_secs_f64());
    let (servers, rest) = telling(servers, theme.most_series(), longest);
    let left_out = rest.len();
    let rest: Vec<String> = rest.iter().map(|(name, _)| escape(name.as_bytes())).collect();
    let still = copies(usize::try_from(censored).unwrap_or(usize::MAX));
    let mut note = format!("Kaplan-Meier estimate; {still} still queued at the end");
    if left_out > 0 {
        note.push_str(&format!("; {} left out", count(left_out, "server with less mail", "servers with less mail")));
    }
    let x = Scale::latency("age since the server took the copy", least, most);
    let low = x.low();
    let line =
        |(name, rows): &(&str, Vec<&SurvivalRow>)| Series { name: escape(name.as_bytes()), points: curve(low, rows) };
    let keys = and_more(theme, &rest).into_iter().collect();
    let (series, y) = (servers.iter().map(line).collect(), Scale::share("share of copies still queued"));
    Lines { theme, title: TITLE, note, x, y, series, keys, solid: false }.draw(|_, _| {})
}

#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
fn curve(low: f64, rows: &[&SurvivalRow]) -> Vec<(f64, f64)> {
    let mut points = vec![(low, 1.0)];
    let mut before = 1.0;
    for row in rows {
        let (age, share) = (row.age.as_secs_f64(), row.share.0 as f64 / 1e6);
        points.extend([(age, before), (age, share)]);
        before = share;
    }
    points
}
