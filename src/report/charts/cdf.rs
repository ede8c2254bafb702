//! How long delivery took: the share of delivered copies by latency.
//!
//! One step for each copy of a user's message, from composition to the mailbox; one line for
//! all and, when several domains send, one for each of the busiest. Copies that were not
//! delivered have no latency; the note counts them.

use std::collections::BTreeMap;

use super::axes::{Frame, Key, Scale, empty, heading, legend, thin};
use super::canvas::{Align, Canvas, DASHES, Label, NOTE, PALETTE, Point};
use super::{copies, domain, user_copies};
use crate::metrics::{MessageRow, Tables};

const TITLE: &str = "Delivery latency";
const MOST_DOMAINS: usize = 5;

pub(super) fn sheet(run: &Tables) -> Canvas {
    let series = series(run);
    let Some((_, all)) = series.first() else {
        return empty(TITLE, "No message was delivered.");
    };
    let (least, most) = (all[0], all[all.len() - 1]);
    let mut frame = Frame::new(
        Scale::latency("time from composition to the mailbox", least, most),
        Scale::share("share of delivered copies"),
    );
    let mut canvas = Canvas::default();
    let note = format!("{} delivered of {} composed", copies(all.len()), user_copies(run).count());
    heading(&mut canvas, TITLE, &note);
    if series.len() > 1 {
        let keys = series.iter().zip(PALETTE).zip(DASHES);
        let entries: Vec<(Key, String)> =
            keys.map(|(((name, _), color), dash)| (Key::Line(color, dash), name.clone())).collect();
        frame.top = legend(&mut canvas, 24.0, 92.0, &entries);
    }
    frame.draw(&mut canvas);
    quantiles(&mut canvas, &frame, all);
    for (index, (_, sorted)) in series.iter().enumerate() {
        let line = thin(steps(&frame, sorted));
        canvas.line(&line, PALETTE[index], 2.5, DASHES[index]);
    }
    canvas
}

/// Names and sorted latencies in seconds: all copies first, then the busiest domains.
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
    domains.truncate(MOST_DOMAINS);
    domains.iter_mut().for_each(|(name, _)| *name = format!("from {name}"));
    let mut series = vec![("all".to_owned(), all)];
    series.extend(domains);
    series.retain(|(_, latencies)| !latencies.is_empty());
    series.iter_mut().for_each(|(_, latencies)| latencies.sort_by(f64::total_cmp));
    series
}

#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
fn steps(frame: &Frame, sorted: &[f64]) -> Vec<Point> {
    let total = sorted.len() as f64;
    let mut points = vec![frame.at(frame.x.low(), 0.0)];
    let (mut before, mut seen) = (0.0, 0_usize);
    for same in sorted.chunk_by(|a, b| a == b) {
        seen += same.len();
        let share = seen as f64 / total;
        points.extend([frame.at(same[0], before), frame.at(same[0], share)]);
        before = share;
    }
    points.push(frame.at(frame.x.high(), 1.0));
    points
}

/// Marks the median and the 95th percentile (nearest ranks).
fn quantiles(canvas: &mut Canvas, frame: &Frame, sorted: &[f64]) {
    for (percent, name) in [(50_usize, "median"), (95, "95 %")] {
        let value = sorted[(percent * sorted.len()).div_ceil(100).max(1) - 1];
        let share = [0.5, 0.95][usize::from(percent == 95)];
        let (x, y) = frame.at(value, share);
        canvas.line(&[(frame.left, y), (x, y), (x, frame.bottom)], NOTE, 1.0, &[4.0, 4.0]);
        let text = format!("{name} {}", seconds(value));
        canvas.text(Label::new((frame.left + 8.0, y + 12.0), text, 15.0, Align::Left).color(NOTE));
    }
}

/// A latency for a label.
fn seconds(value: f64) -> String {
    crate::report::summary::human(value)
}
