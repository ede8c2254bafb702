//! How TCP's congestion windows grew and fell: a step line for each of the busiest senders,
//! and for a single one its slow-start threshold too.

use std::collections::BTreeMap;

use super::axes::{Frame, Key, Scale, empty, heading, legend, thin};
use super::canvas::{Canvas, PALETTE, Point};
use crate::base::time::SimTime;
use crate::metrics::{Tables, WindowRow};
use crate::report::values::escape;

const TITLE: &str = "Congestion windows";
const MOST_SENDERS: usize = 4;
/// Dashes tell nothing in a line that goes up and down all the time, and would be many.
const SOLID: &[f64] = &[];
const CWND: fn(&WindowRow) -> Option<u64> = |row| Some(row.cwnd);
const SSTHRESH: fn(&WindowRow) -> Option<u64> = |row| row.ssthresh;

pub(super) fn sheet(run: &Tables) -> Canvas {
    let Some(rows) = &run.cwnd else {
        return empty(TITLE, "No windows were recorded: the scenario's outputs have no \"cwnd\".");
    };
    let mut senders: BTreeMap<(&str, &str), Vec<&WindowRow>> = BTreeMap::new();
    for row in rows {
        senders.entry((&row.connection, &row.host)).or_default().push(row);
    }
    let mut senders: Vec<((&str, &str), Vec<&WindowRow>)> = senders.into_iter().collect();
    // Those with most to tell; a sender that never had an acknowledgement has one row.
    senders.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let left_out = senders.len().saturating_sub(MOST_SENDERS);
    senders.truncate(MOST_SENDERS);
    let shown = || senders.iter().flat_map(|(_, rows)| rows.iter().copied());
    let (Some(first), Some(last)) = (shown().map(|row| row.at).min(), shown().map(|row| row.at).max()) else {
        return empty(TITLE, "No connection came to send anything.");
    };
    let most = shown().map(|row| row.cwnd).max().unwrap_or(0);
    let mut frame = Frame::new(
        Scale::time("time since the start", seconds(first), seconds(last)),
        Scale::count("window (kB)", kilobytes(most)),
    );
    let mut canvas = Canvas::default();
    let others =
        if left_out == 0 { String::new() } else { format!("; {left_out} senders with fewer changes left out") };
    heading(&mut canvas, TITLE, &format!("largest window: {most} bytes{others}"));
    let alone = senders.len() == 1;
    let mut lines = Vec::new();
    for (((connection, host), rows), color) in senders.iter().zip(PALETTE) {
        let name = format!("{} from {}", escape(connection.as_bytes()), escape(host.as_bytes()));
        lines.push((name, color, rows, CWND));
        if alone {
            lines.push(("slow-start threshold".to_owned(), PALETTE[1], rows, SSTHRESH));
        }
    }
    let entries: Vec<(Key, String)> =
        lines.iter().map(|(name, color, ..)| (Key::Line(*color, SOLID), name.clone())).collect();
    frame.top = legend(&mut canvas, 24.0, 92.0, &entries);
    frame.draw(&mut canvas);
    for (_, color, rows, value) in lines.iter().rev() {
        canvas.line(&thin(steps(&frame, rows, value)), *color, 2.0, SOLID);
    }
    canvas
}

/// A value that holds from each row to the next, from where it is first known.
fn steps(frame: &Frame, rows: &[&WindowRow], value: impl Fn(&WindowRow) -> Option<u64>) -> Vec<Point> {
    let mut points = Vec::new();
    let mut before = None;
    for row in rows {
        let at = seconds(row.at);
        points.extend(before.map(|before| frame.at(at, kilobytes(before))));
        before = value(row);
        points.extend(before.map(|now| frame.at(at, kilobytes(now))));
    }
    points
}

#[expect(clippy::cast_precision_loss, reason = "drawn, not counted")]
fn kilobytes(octets: u64) -> f64 {
    octets as f64 / 1e3
}

fn seconds(at: SimTime) -> f64 {
    at.since(SimTime::ZERO).as_secs_f64()
}
