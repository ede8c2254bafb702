//! How TCP's congestion windows grew and fell: a step line for each of the busiest senders,
//! and for a single one its slow-start threshold too.

use std::collections::BTreeMap;

use super::axes::{and_more, empty};
use super::canvas::Canvas;
use super::lines::{Lines, Series};
use super::look::Theme;
use super::scale::Scale;
use super::{ChartSource, instant};
use crate::metrics::WindowRow;
use crate::report::values::{count, escape, whole};

const TITLE: &str = "Congestion windows";
const MOST_SENDERS: usize = 4;

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let Some(rows) = &run.tables.cwnd else {
        let why = "No windows were recorded: \"outputs\" of the scenario say nothing of \"cwnd\". To see all of them, run it \
                   with --set /outputs/cwnd=true.";
        return empty(theme, TITLE, why);
    };
    let mut senders: BTreeMap<(&str, &str), Vec<&WindowRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| run.of.as_deref().is_none_or(|of| of == &*row.connection)) {
        senders.entry((&row.connection, &row.host)).or_default().push(row);
    }
    let mut senders: Vec<((&str, &str), Vec<&WindowRow>)> = senders.into_iter().collect();
    // Those with most to tell; a sender that never had an acknowledgement has one row.
    senders.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let rest = senders.split_off(senders.len().min(MOST_SENDERS));
    let name =
        |connection: &str, host: &str| format!("{} from {}", escape(connection.as_bytes()), escape(host.as_bytes()));
    let rest: Vec<String> = rest.iter().map(|((connection, host), _)| name(connection, host)).collect();
    let shown = || senders.iter().flat_map(|(_, rows)| rows.iter().copied());
    let (Some(first), Some(last)) = (shown().map(|row| row.at).min(), shown().map(|row| row.at).max()) else {
        let why = match &run.of {
            Some(of) => format!("No windows of {} are among those that were recorded.", escape(of.as_bytes())),
            None => "No connection that \"outputs.cwnd\" of the scenario chooses came to send anything.".to_owned(),
        };
        return empty(theme, TITLE, &why);
    };
    let most = shown().map(|row| row.cwnd).max().unwrap_or(0);
    let others = match rest.len() {
        0 => String::new(),
        left_out => {
            format!("; {} left out", count(left_out, "sender with fewer changes", "senders with fewer changes"))
        }
    };
    let mut series = Vec::new();
    for ((connection, host), rows) in &senders {
        series.push(Series { name: name(connection, host), points: steps(rows, |row| Some(row.cwnd)) });
    }
    if let [(_, rows)] = &senders[..] {
        let points = steps(rows, |row| row.ssthresh);
        if !points.is_empty() {
            series.push(Series { name: "slow-start threshold".to_owned(), points });
        }
    }
    let lines = Lines {
        theme,
        title: TITLE,
        note: format!("largest window: {} bytes{others}", whole(most)),
        x: Scale::time("time since the start", instant(first), instant(last)),
        y: Scale::count("window (kB)", kilobytes(most)),
        series,
        keys: and_more(theme, &rest).into_iter().collect(),
        solid: true,
    };
    lines.draw(|_, _| {})
}

/// A value that holds from each row to the next, from where it is first known.
fn steps(rows: &[&WindowRow], value: impl Fn(&WindowRow) -> Option<u64>) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut before = None;
    for row in rows {
        let at = instant(row.at);
        points.extend(before.map(|before| (at, kilobytes(before))));
        before = value(row);
        points.extend(before.map(|now| (at, kilobytes(now))));
    }
    points
}

#[expect(clippy::cast_precision_loss, reason = "drawn, not counted")]
fn kilobytes(octets: u64) -> f64 {
    octets as f64 / 1e3
}
