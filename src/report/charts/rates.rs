//! How many attempts came when: one step line for each destination, the busiest first.
//!
//! Minutes of a long run are put together, as many as leave a few hundred steps. The picture ends with the last
//! attempt or outage, not with the run. Outages that are over are shaded below the axis' ticks by a bar, so that
//! the storm behind each can be told from the load of other times.

use std::collections::BTreeMap;

use super::axes::{Frame, Key, Scale, empty, heading, legend, thin};
use super::canvas::{Canvas, DASHES, NOTE, PALETTE, Point};
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::Tables;
use crate::report::values::escape;

const TITLE: &str = "Attempts over time";
const MOST_DESTINATIONS: usize = 6;
const MINUTE: u64 = 60;
/// Minutes that are put together.
const SLOTS: [u64; 9] = [1, 2, 5, 10, 30, 60, 180, 720, 1_440];
const MOST_SLOTS: u64 = 240;

/// A destination's attempts by the begin of their slots, in seconds.
type Slots = BTreeMap<u64, f64>;

fn seconds(at: SimTime) -> f64 {
    SimDuration::from_nanos(at.as_nanos()).as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts are drawn")]
pub(super) fn sheet(run: &Tables) -> Canvas {
    let outages = run.storms.iter().map(|row| row.ended);
    let last = run.attempt_rates.iter().map(|row| row.minute).chain(outages).max().unwrap_or_default();
    let whole = |at: SimTime| SimDuration::from_nanos(at.as_nanos()).as_secs();
    let most_s = whole(last) + MINUTE;
    let fits = |minutes: &u64| most_s / (minutes * MINUTE) <= MOST_SLOTS;
    let minutes = SLOTS.into_iter().find(fits).unwrap_or(most_s / MINUTE / MOST_SLOTS + 1);
    let slot = minutes * MINUTE;
    let mut destinations: BTreeMap<&str, Slots> = BTreeMap::new();
    for row in &run.attempt_rates {
        let slots = destinations.entry(&row.destination).or_default();
        *slots.entry(whole(row.minute) / slot * slot).or_default() += row.attempts as f64;
    }
    let peak = |slots: &Slots| slots.values().copied().fold(0.0, f64::max);
    let mut destinations: Vec<(&str, Slots)> = destinations.into_iter().collect();
    destinations.sort_by(|a, b| peak(&b.1).total_cmp(&peak(&a.1)));
    let Some((_, first)) = destinations.first() else {
        return empty(TITLE, "No server tried to pass mail on.");
    };
    let most = peak(first);
    let end = ((whole(last) / slot + 1) * slot) as f64;
    let left_out = destinations.len().saturating_sub(MOST_DESTINATIONS);
    destinations.truncate(MOST_DESTINATIONS);
    let per_s = run.attempt_rates.iter().map(|row| row.peak_per_s).max().unwrap_or(0);
    let in_slot = if minutes == 1 { "one minute".to_owned() } else { format!("{minutes} minutes") };
    let mut note = format!("most in {in_slot}: {most}; in one second: {per_s}");
    if let Some(storm) = run.storms.iter().filter_map(|row| row.drain).max() {
        note.push_str(&format!(
            "; longest drain after an outage: {}",
            crate::report::summary::human(storm.as_secs_f64())
        ));
    }
    if left_out > 0 {
        note.push_str(&format!("; {left_out} destinations left out"));
    }
    let mut frame = Frame::new(
        Scale::time("time since the start", 0.0, end),
        Scale::count(&format!("attempts in {in_slot}"), most),
    );
    let mut canvas = Canvas::default();
    heading(&mut canvas, TITLE, &note);
    let keys = destinations.iter().zip(PALETTE).zip(DASHES);
    let mut entries: Vec<(Key, String)> =
        keys.map(|(((name, _), color), dash)| (Key::Line(color, dash), escape(name.as_bytes()))).collect();
    if !run.storms.is_empty() {
        entries.push((Key::Box(NOTE), "outage".to_owned()));
    }
    frame.top = legend(&mut canvas, 24.0, 92.0, &entries);
    frame.draw(&mut canvas);
    for storm in &run.storms {
        let (from, to) = (frame.at_x(seconds(storm.began)), frame.at_x(seconds(storm.ended)));
        canvas.fill((from, frame.bottom - 5.0), (to.max(from + 1.0), frame.bottom), NOTE);
    }
    for (index, (_, slots)) in destinations.iter().enumerate() {
        canvas.line(&thin(line(&frame, slots, slot as f64, end)), PALETTE[index], 2.5, DASHES[index]);
    }
    canvas
}

/// Steps; a slot without attempts has no entry, and is none the less drawn.
#[expect(clippy::cast_precision_loss, reason = "times are drawn")]
fn line(frame: &Frame, slots: &Slots, width: f64, end: f64) -> Vec<Point> {
    let mut points = vec![frame.at(0.0, 0.0)];
    let mut over = 0.0;
    let mut before = 0.0;
    for (slot, attempts) in slots {
        let from = *slot as f64;
        if from > over {
            points.extend([frame.at(over, before), frame.at(over, 0.0)]);
            before = 0.0;
        }
        points.extend([frame.at(from, before), frame.at(from, *attempts)]);
        (before, over) = (*attempts, from + width);
    }
    let over = over.min(end);
    points.extend([frame.at(over, before), frame.at(over, 0.0), frame.at(end, 0.0)]);
    points
}
