//! How long mail stays in queues: the share of copies that are still queued, by age.
//!
//! One step line for each server, those with most copies first, as Kaplan and Meier estimate it
//! from the table `survival`. A line ends where the last copy left, or at the age of the oldest
//! that the end of the run found in the queue.

use std::collections::BTreeMap;

use super::axes::{Frame, Key, Scale, empty, heading, legend, thin};
use super::canvas::{Canvas, DASHES, PALETTE, Point};
use super::copies;
use crate::metrics::{SurvivalRow, Tables};
use crate::report::values::escape;

const TITLE: &str = "Mail still queued";
const MOST_SERVERS: usize = 6;

pub(super) fn sheet(run: &Tables) -> Canvas {
    let mut servers: BTreeMap<&str, Vec<&SurvivalRow>> = BTreeMap::new();
    for row in &run.survival {
        servers.entry(&row.server).or_default().push(row);
    }
    let mut servers: Vec<(&str, Vec<&SurvivalRow>)> = servers.into_iter().collect();
    servers.sort_by_key(|(_, rows)| std::cmp::Reverse(rows[0].at_risk));
    if servers.is_empty() {
        return empty(TITLE, "No mail was queued.");
    }
    let ages = run.survival.iter().map(|row| row.age.as_secs_f64());
    let (least, most) = ages.fold((f64::MAX, 0.0), |(least, most), age| (age.min(least), age.max(most)));
    let censored = run.survival.iter().fold(0_u64, |sum, row| sum.saturating_add(row.censored));
    let left_out = servers.len().saturating_sub(MOST_SERVERS);
    servers.truncate(MOST_SERVERS);
    let still = copies(usize::try_from(censored).unwrap_or(usize::MAX));
    let mut note = format!("Kaplan-Meier estimate; {still} still queued at the end");
    if left_out > 0 {
        note.push_str(&format!("; {left_out} servers with less mail left out"));
    }
    let mut frame = Frame::new(
        Scale::latency("age since the server took the copy", least, most),
        Scale::share("share of copies still queued"),
    );
    let mut canvas = Canvas::default();
    heading(&mut canvas, TITLE, &note);
    let keys = servers.iter().zip(PALETTE).zip(DASHES);
    let entries: Vec<(Key, String)> =
        keys.map(|(((name, _), color), dash)| (Key::Line(color, dash), escape(name.as_bytes()))).collect();
    frame.top = legend(&mut canvas, 24.0, 92.0, &entries);
    frame.draw(&mut canvas);
    for (index, (_, rows)) in servers.iter().enumerate() {
        canvas.line(&thin(line(&frame, rows)), PALETTE[index], 2.5, DASHES[index]);
    }
    canvas
}

#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
fn line(frame: &Frame, rows: &[&SurvivalRow]) -> Vec<Point> {
    let mut points = vec![frame.at(frame.x.low(), 1.0)];
    let mut before = 1.0;
    for row in rows {
        let (age, share) = (row.age.as_secs_f64(), row.share.0 as f64 / 1e6);
        points.extend([frame.at(age, before), frame.at(age, share)]);
        before = share;
    }
    points
}
