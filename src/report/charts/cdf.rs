//! How long delivery took: the share of delivered copies by latency.
//!
//! One step for each copy of a user's message, from composition to the mailbox; one line for
//! all and, when several domains send, one for each of the busiest and for the slowest. Copies that were not
//! delivered have no latency; the note counts them.

use std::collections::BTreeMap;

use super::axes::{Frame, and_more, telling};
use super::canvas::{Align, Canvas, Label, text_width};
use super::lines::{Lines, Series};
use super::look::{INK, NOTE, PAPER, Theme};
use super::scale::Scale;
use super::{ChartSource, copies, domain, user_copies};
use crate::metrics::{MessageRow, Tables};
use crate::report::values::{count, grouped};

const TITLE: &str = "Delivery latency";

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let run = run.tables;
    let mut series = series(run);
    let Some((_, all)) = series.first().cloned() else {
        return super::axes::empty(theme, TITLE, "No message was delivered.");
    };
    let (least, most) = (all[0], all[all.len() - 1]);
    let domains = series.split_off(1);
    let last = |(_, sorted): &(String, Vec<f64>)| sorted[(95 * sorted.len()).div_ceil(100).max(1) - 1];
    let (kept, rest) = telling(domains, theme.most_series() - 1, last);
    series.extend(kept);
    let mut note = format!("{} delivered of {} composed", copies(all.len()), grouped(user_copies(run).count()));
    if !rest.is_empty() {
        note.push_str(&format!("; {} left out", count(rest.len(), "domain with less mail", "domains with less mail")));
    }
    let rest: Vec<String> = rest.into_iter().map(|(name, _)| name).collect();
    if series.len() == 1 {
        series[0].0.clear();
    }
    let mut lines = distribution(
        theme,
        (TITLE, note),
        "time from composition to the mailbox",
        "share of delivered copies",
        (least, most),
        series,
    );
    lines.keys.extend(and_more(theme, &rest));
    lines.draw_between(
        |canvas, frame| quantiles(canvas, frame, &all),
        |canvas, frame| quantile_names(canvas, frame, &all),
    )
}

/// Cumulative distributions of sorted times in seconds.
pub(super) fn distribution(
    theme: Theme,
    (title, note): (&'static str, String),
    time: &str,
    share: &str,
    (least, most): (f64, f64),
    series: Vec<(String, Vec<f64>)>,
) -> Lines {
    let x = Scale::latency(time, least, most);
    let (low, high) = (x.low(), x.high());
    let series = series.into_iter().map(|(name, sorted)| Series { name, points: steps((low, high), &sorted) });
    let (y, series) = (Scale::share(share), series.collect());
    Lines { theme, title, note, x, y, series, keys: Vec::new(), solid: false }
}

/// Names and sorted latencies in seconds: all copies first, then domains, the busiest first.
fn series(run: &Tables) -> Vec<(String, Vec<f64>)> {
    let mut all = Vec::new();
    let mut by_domain: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in user_copies(run) {
        if let Some(latency) = MessageRow::latency(row) {
            all.push(latency.as_secs_f64());
            by_domain.entry(domain(&row.from)).or_default().push(latency.as_secs_f64());
        }
    }
    let mut domains: Vec<(String, Vec<f64>)> = by_domain.into_iter().collect();
    domains.sort_by_key(|(_, latencies)| std::cmp::Reverse(latencies.len()));
    if domains.len() == 1 {
        domains.clear();
    }
    domains.iter_mut().for_each(|(name, _)| *name = format!("from {name}"));
    let mut series = vec![("all".to_owned(), all)];
    series.extend(domains);
    series.retain(|(_, latencies)| !latencies.is_empty());
    series.iter_mut().for_each(|(_, latencies)| latencies.sort_by(f64::total_cmp));
    series
}

#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
fn steps((low, high): (f64, f64), sorted: &[f64]) -> Vec<(f64, f64)> {
    let total = sorted.len() as f64;
    let mut points = vec![(low, 0.0)];
    let (mut before, mut seen) = (0.0, 0_usize);
    for same in sorted.chunk_by(|a, b| a == b) {
        seen += same.len();
        let share = seen as f64 / total;
        points.extend([(same[0], before), (same[0], share)]);
        before = share;
    }
    points.push((high, 1.0));
    points
}

/// The median and the 95th percentile (nearest ranks), with their shares.
fn marks(sorted: &[f64]) -> [(&'static str, f64, f64); 2] {
    [(50_usize, "p50", 0.5), (95, "p95", 0.95)]
        .map(|(percent, name, share)| (name, sorted[(percent * sorted.len()).div_ceil(100).max(1) - 1], share))
}

/// Marks the median and the 95th percentile.
pub(super) fn quantiles(canvas: &mut Canvas, frame: &Frame, sorted: &[f64]) {
    for (_, value, share) in marks(sorted) {
        let (x, y) = frame.at(value, share);
        canvas.line(&[(frame.left, y), (x, y), (x, frame.bottom)], NOTE, 1.2, &[4.0, 4.0]);
    }
}

/// Names those marks, upon the lines: on a ground of their own, so that nothing runs through a word.
pub(super) fn quantile_names(canvas: &mut Canvas, frame: &Frame, sorted: &[f64]) {
    const SIZE: f64 = 15.0;
    for (name, value, share) in marks(sorted) {
        let (x, y) = frame.at(value, share);
        let text = format!("{name} = {}", crate::report::summary::human(value));
        let width = text_width(&text, SIZE, true);
        // below the line at the right of its end no part of the curve is, nor above it at the left
        let (at, align, left) = if x + 8.0 + width < frame.right {
            let at = (x + 8.0, y + 12.0);
            (at, Align::Left, at.0)
        } else {
            // above the signs of a line that is level there, but below the frame's top
            let at = (x - 8.0, (y - 18.0).max(frame.top + 2.0));
            (at, Align::Right, at.0 - width)
        };
        let half = SIZE / 2.0 + 1.0;
        canvas.fill((left - 2.0, at.1 - half), (left + width + 2.0, at.1 + half), PAPER);
        canvas.text(Label::new(at, text, SIZE, align).bold().color(INK));
    }
}
