//! Reading mail in two charts: what messages waited for until they were shown, and what sessions
//! by each protocol cost.

use std::collections::BTreeMap;

use super::ChartSource;
use super::axes::{Frame, Key, TICK_SIZE, empty, heading, legend};
use super::canvas::{Align, Canvas, Label, fitted};
use super::cdf::distribution;
use super::look::Theme;
use super::scale::{Octets, Scale};
use crate::base::time::SimDuration;
use crate::metrics::ReadingRow;
use crate::report::values::{count, escape};

/// Times below this one are drawn at it: a logarithmic axis has no 0.
const LEAST_S: f64 = 1e-3;

/// Distributions of waiting for a look, of the reader's pause, and of retrieval.
pub(super) fn times(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "From the mailbox to the reader";
    type Time = fn(&ReadingRow) -> Option<SimDuration>;
    let kinds: [(&str, Time); 3] = [
        ("wait for a look (poll)", |row| row.poll_wait),
        ("reader's pause", |row| row.pause),
        ("retrieval", |row| row.retrieval),
    ];
    let mut series = Vec::new();
    let mut zeros = 0;
    for (name, time) in kinds {
        let mut sorted: Vec<f64> = run.tables.readings.iter().filter_map(time).map(SimDuration::as_secs_f64).collect();
        sorted.sort_by(f64::total_cmp);
        zeros += sorted.iter().filter(|time| **time < LEAST_S).count();
        sorted.iter_mut().for_each(|time| *time = time.max(LEAST_S));
        if sorted.last().is_some_and(|most| *most > LEAST_S) {
            series.push((name.to_owned(), sorted));
        }
    }
    let bounds = series.iter().map(|(_, sorted)| (sorted[0], sorted[sorted.len() - 1]));
    let bounds = bounds.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let Some(bounds) = bounds else {
        return empty(theme, TITLE, "No message was shown to a user.");
    };
    let shown = run.tables.readings.len();
    let instant = if zeros == 0 { String::new() } else { "; below 1 ms at the left edge".to_owned() };
    let shown = count(shown, "message", "messages");
    let note = format!("{shown} shown, on each device; times that were always 0 are left out{instant}");
    distribution(theme, (TITLE, note), "time", "share of messages shown", bounds, series).draw(|_, _| {})
}

/// What the sessions of one protocol cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    sessions: u64,
    sent: u64,
    received: u64,
    round_trips: u64,
}

/// Octets and round trips of a session by each protocol, beside each other.
#[expect(clippy::cast_precision_loss, reason = "means are drawn, not counted")]
pub(super) fn costs(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "What a session with the mailbox costs";
    let mut protocols: BTreeMap<&str, Cost> = BTreeMap::new();
    for row in &run.tables.mailbox_sessions {
        let cost = protocols.entry(&row.protocol).or_default();
        cost.sessions += 1;
        cost.sent = cost.sent.saturating_add(row.sent);
        cost.received = cost.received.saturating_add(row.received);
        cost.round_trips = cost.round_trips.saturating_add(row.round_trips);
    }
    if protocols.is_empty() {
        return empty(theme, TITLE, "No user had a session with the mailbox.");
    }
    let mean = |sum: u64, cost: &Cost| sum as f64 / cost.sessions as f64;
    let sessions: Vec<String> =
        protocols.iter().map(|(name, cost)| format!("{} {}", cost.sessions, word(name))).collect();
    let note = format!("mean over the sessions of each protocol: {}", escape(sessions.join(", ").as_bytes()));
    let mut canvas = heading(theme, TITLE, &note);
    let keys = [
        (theme.fill(1), "octets to the server"),
        (theme.fill(0), "octets to the user"),
        (theme.fill(2), "round trips"),
    ];
    let entries: Vec<(Key, String)> = keys.map(|(fill, name)| (Key::Box(fill), name.to_owned())).to_vec();
    let top = legend(&mut canvas, 18.0, &entries) + 14.0;
    let most = protocols.values().map(|cost| mean(cost.sent, cost) + mean(cost.received, cost)).fold(0.0, f64::max);
    let trips = protocols.values().map(|cost| mean(cost.round_trips, cost)).fold(0.0, f64::max);
    let unit = Octets::for_most(most);
    let none = || {
        let mut scale = Scale::count("", 1.0);
        scale.ticks.clear();
        scale
    };
    let mut left = Frame::new(theme, none(), Scale::measure(&unit.of("octets a session"), most / unit.octets));
    let mut right = Frame::new(theme, none(), Scale::measure("round trips a session", trips));
    // the right frame has its axis in the middle of the sheet
    let (width, shift) = (theme.width() - 24.0, theme.width() / 2.0);
    let bottom = theme.height() - 36.0;
    (left.top, left.bottom, left.right) = (top, bottom, shift - 6.0);
    (right.top, right.bottom, right.right) = (top, bottom, width);
    right.left += shift - 6.0;
    left.draw_y(&mut canvas);
    right.draw_y_at(&mut canvas, shift);
    let slot = |frame: &Frame, index: usize| {
        let slot = (frame.right - frame.left) / protocols.len() as f64;
        (frame.left + slot * (index as f64 + 0.5), slot, (slot * 0.34).min(60.0))
    };
    for (index, (name, cost)) in protocols.iter().enumerate() {
        let (sent, received) = (mean(cost.sent, cost) / unit.octets, mean(cost.received, cost) / unit.octets);
        let (middle, room, half) = slot(&left, index);
        let columns = [(sent, 0.0, 1), (sent + received, sent, 0)];
        for (to, from, part) in columns {
            canvas.part((middle - half, left.at_y(to)), (middle + half, left.at_y(from)), theme.fill(part));
        }
        figure(&mut canvas, (middle, left.at_y(sent + received) - 12.0), sent + received);
        name_below(&mut canvas, (middle, left.bottom + 18.0), name, room);
        let trips = mean(cost.round_trips, cost);
        let (middle, room, half) = slot(&right, index);
        canvas.part((middle - half, right.at_y(trips)), (middle + half, right.bottom), theme.fill(2));
        figure(&mut canvas, (middle, right.at_y(trips) - 12.0), trips);
        name_below(&mut canvas, (middle, right.bottom + 18.0), name, room);
    }
    canvas
}

fn figure(canvas: &mut Canvas, at: (f64, f64), value: f64) {
    let text = if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    canvas.text(Label::new(at, text, TICK_SIZE, Align::Center));
}

fn name_below(canvas: &mut Canvas, at: (f64, f64), name: &str, room: f64) {
    let full = escape(word(name).as_bytes());
    let (name, size) = fitted(&full, TICK_SIZE * 0.9, room - 2.0);
    if name != full {
        canvas.cut.push(full);
    }
    canvas.text(Label::new(at, name, size, Align::Center));
}

/// The name of a protocol as people write it.
fn word(protocol: &str) -> &str {
    match protocol {
        "pop3" => "POP3",
        "imap" => "IMAP",
        "http" => "webmail",
        other => other,
    }
}
