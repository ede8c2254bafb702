//! How many attempts came when: one step line for each destination, the busiest first.
//!
//! Minutes of a long run are put together, as many as leave a few hundred steps. The picture ends with the last
//! attempt or outage, not with the run. Outages that are over are shaded below the axis' ticks by a bar, so that
//! the storm behind each can be told from the load of other times.

use std::collections::BTreeMap;

use super::axes::{Key, and_more, empty};
use super::canvas::Canvas;
use super::lines::{Lines, Series};
use super::look::Theme;
use super::scale::Scale;
use super::{ChartSource, instant};
use crate::base::time::{SimDuration, SimTime};
use crate::report::values::{count, escape};

const TITLE: &str = "Attempts over time";
const MINUTE: u64 = 60;
/// The fill of outages.
const OUTAGE: usize = 7;
/// Minutes that are put together.
const SLOTS: [u64; 9] = [1, 2, 5, 10, 30, 60, 180, 720, 1_440];
const MOST_SLOTS: u64 = 240;

/// A destination's attempts by the begin of their slots, in seconds.
type Slots = BTreeMap<u64, f64>;

#[expect(clippy::cast_precision_loss, reason = "counts are drawn")]
pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let run = run.tables;
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
        return empty(theme, TITLE, "No server tried to pass mail on.");
    };
    let most = peak(first);
    let end = ((whole(last) / slot + 1) * slot) as f64;
    let rest = destinations.split_off(destinations.len().min(theme.most_series()));
    let rest: Vec<String> = rest.iter().map(|(name, _)| escape(name.as_bytes())).collect();
    let per_s = run.attempt_rates.iter().map(|row| row.peak_per_s).max().unwrap_or(0);
    let in_slot = if minutes == 1 { "one minute".to_owned() } else { format!("{minutes} minutes") };
    let mut note = format!("most in {in_slot}: {most}; in one second: {per_s}");
    if let Some(storm) = run.storms.iter().filter_map(|row| row.drain).max() {
        note.push_str(&format!(
            "; longest drain after an outage: {}",
            crate::report::summary::human(storm.as_secs_f64())
        ));
    }
    if !rest.is_empty() {
        note.push_str(&format!("; {} left out", count(rest.len(), "destination", "destinations")));
    }
    let line = |(name, slots): &(&str, Slots)| Series {
        name: escape(name.as_bytes()),
        points: steps(slots, slot as f64, end),
    };
    let outage = theme.fill(OUTAGE);
    let mut keys = if run.storms.is_empty() { Vec::new() } else { vec![(Key::Box(outage), "outage".to_owned())] };
    keys.extend(and_more(theme, &rest));
    let lines = Lines {
        theme,
        title: TITLE,
        note,
        x: Scale::time("time since the start", 0.0, end),
        y: Scale::count(&format!("attempts in {in_slot}"), most),
        series: destinations.iter().map(line).collect(),
        keys,
        solid: false,
    };
    lines.draw(|canvas, frame| {
        for storm in &run.storms {
            let (from, to) = (frame.at_x(instant(storm.began)), frame.at_x(instant(storm.ended)));
            canvas.part((from, frame.bottom - 7.0), (to.max(from + 1.0), frame.bottom), outage);
        }
    })
}

/// Steps; a slot without attempts has no entry, and is none the less drawn.
#[expect(clippy::cast_precision_loss, reason = "times are drawn")]
fn steps(slots: &Slots, width: f64, end: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, 0.0)];
    let mut over = 0.0;
    let mut before = 0.0;
    for (slot, attempts) in slots {
        let from = *slot as f64;
        if from > over {
            points.extend([(over, before), (over, 0.0)]);
            before = 0.0;
        }
        points.extend([(from, before), (from, *attempts)]);
        (before, over) = (*attempts, from + width);
    }
    let over = over.min(end);
    points.extend([(over, before), (over, 0.0), (end, 0.0)]);
    points
}
