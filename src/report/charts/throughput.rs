//! Throughput in two charts: what was delivered in each interval, and how fast connections were.

use std::collections::BTreeMap;

use super::axes::{Frame, empty, heading};
use super::bars::{Bar, Bars};
use super::canvas::Canvas;
use super::look::{Fill, Theme};
use super::scale::{Octets, Scale};
use super::{ChartSource, instant, user_copies};
use crate::base::time::SimTime;
use crate::metrics::ConnectionRow;
use crate::report::values::{escape, grouped};

/// Intervals, in seconds.
const SLOTS: [u64; 15] = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 86_400, 604_800];
const MOST_SLOTS: u64 = 60;

/// Copies and octets of users' messages that came into mailboxes, by interval, above each other.
#[expect(clippy::cast_precision_loss, reason = "drawn, not counted")]
pub(super) fn delivered(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "Throughput of mail";
    let delivered: Vec<(SimTime, u64)> =
        user_copies(run.tables).filter_map(|row| Some((row.delivered?, row.bytes))).collect();
    let Some(last) = delivered.iter().map(|(at, _)| *at).max() else {
        return empty(theme, TITLE, "No message was delivered.");
    };
    let last = instant(last.max(run.tables.end)).ceil().max(1.0);
    let slot = SLOTS.into_iter().find(|slot| last / *slot as f64 <= MOST_SLOTS as f64);
    let slot = slot.map_or(last / MOST_SLOTS as f64, |slot| slot as f64);
    let mut slots: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (at, octets) in &delivered {
        let sums = slots.entry((instant(*at) / slot).floor() as u64).or_default();
        *sums = (sums.0 + 1.0, sums.1 + *octets as f64);
    }
    let end = (last / slot).ceil().max(slots.keys().last().map_or(1.0, |slot| *slot as f64 + 1.0)) * slot;
    let octets: f64 = delivered.iter().map(|(_, octets)| *octets as f64).sum();
    let span = crate::report::summary::human(slot);
    let whole = Octets::for_most(octets);
    let note = format!(
        "{} delivered, {} {} as composed; in intervals of {span}",
        super::copies(delivered.len()),
        short(octets / whole.octets),
        whole.name
    );
    let mut canvas = heading(theme, TITLE, &note);
    let most = slots.values().fold((0.0, 0.0), |most: (f64, f64), sums| (most.0.max(sums.0), most.1.max(sums.1)));
    let unit = Octets::for_most(most.1);
    let time = || Scale::time("time since the start", 0.0, end);
    let mut upper = Frame::new(theme, time(), Scale::count(&format!("copies / {span}"), most.0));
    let mut lower = Frame::new(theme, time(), Scale::measure(&format!("{} / {span}", unit.name), most.1 / unit.octets));
    upper.left = upper.left.max(lower.left);
    lower.left = upper.left;
    let middle = f64::midpoint(upper.top, upper.bottom);
    (upper.bottom, lower.top) = (middle - 10.0, middle + 14.0);
    upper.draw_y(&mut canvas);
    upper.draw_ticks(&mut canvas, false);
    lower.draw(&mut canvas);
    for (index, sums) in &slots {
        let (from, to) = (*index as f64 * slot, (*index as f64 + 1.0) * slot);
        column(&mut canvas, &upper, (from, to), sums.0, theme.fill(0));
        column(&mut canvas, &lower, (from, to), sums.1 / unit.octets, theme.fill(2));
    }
    canvas
}

fn column(canvas: &mut Canvas, frame: &Frame, (from, to): (f64, f64), value: f64, fill: Fill) {
    let (left, right) = (frame.at_x(from) + 0.8, frame.at_x(to) - 0.8);
    canvas.part((left, frame.at_y(value).min(frame.bottom - 1.0)), (right, frame.bottom), fill);
}

/// A number with three digits that mean something.
fn short(value: f64) -> String {
    let decimals = if value >= 100.0 || value.fract() == 0.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

/// Goodput of the connections that carried most, each direction for itself.
#[expect(clippy::cast_precision_loss, reason = "drawn, not counted")]
pub(super) fn goodput(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "Goodput of connections";
    let mut ways: Vec<(u64, u64, &ConnectionRow, bool)> = Vec::new();
    for row in &run.tables.connections {
        let there = (row.client_figures.goodput_bps, row.bytes_to_server, true);
        let back = (row.server_figures.goodput_bps, row.bytes_to_client, false);
        for (goodput, octets, to_server) in [there, back] {
            if let (Some(goodput), Some(octets)) = (goodput, octets.filter(|octets| *octets > 0)) {
                ways.push((octets, goodput, row, to_server));
            }
        }
    }
    if ways.is_empty() {
        return empty(theme, TITLE, "No connection carried data to its end.");
    }
    ways.sort_by_key(|(octets, ..)| std::cmp::Reverse(*octets));
    let label = |row: &ConnectionRow, to_server: bool| {
        escape(format!("{} {}", row.connection, if to_server { '\u{2192}' } else { '\u{2190}' }).as_bytes())
    };
    let more = ways.split_off(ways.len().min(theme.most_rows()));
    let more: Vec<String> = more.iter().map(|(_, _, row, to_server)| label(row, *to_server)).collect();
    let others = match more.len() {
        0 => String::new(),
        left_out => format!("; {} with less data left out", grouped(left_out)),
    };
    let note =
        format!("\u{2192} to the server, \u{2190} to the client; acknowledged octets over the time they took{others}");
    let most = ways.iter().map(|(_, goodput, ..)| *goodput).max().unwrap_or(0) as f64;
    let units = [(1e9, "Gbps"), (1e6, "Mbps"), (1e3, "kbps")];
    let (unit, unit_name) = units.into_iter().find(|(unit, _)| most >= 2.0 * unit).unwrap_or((1.0, "bps"));
    let bar = |(octets, goodput, row, to_server): &(u64, u64, &ConnectionRow, bool)| {
        let unit_of = Octets::for_most(*octets as f64);
        Bar {
            label: label(row, *to_server),
            parts: vec![(*goodput as f64 / unit, 0)],
            end: format!("{} {}", short(*octets as f64 / unit_of.octets), unit_of.name),
            from: 0.0,
        }
    };
    let bars = ways.iter().map(bar).collect();
    let scale = |most: f64| Scale::measure(&format!("goodput ({unit_name})"), most);
    Bars { theme, title: TITLE, note: &note, bars, keys: Vec::new(), more }.draw(scale)
}
