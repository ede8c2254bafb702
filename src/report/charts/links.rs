//! Links in two charts: how busy each direction was, and the packets that it lost, by reason.

use super::ChartSource;
use super::axes::empty;
use super::bars::{Bar, Bars};
use super::canvas::Canvas;
use super::look::Theme;
use super::scale::Scale;
use crate::metrics::LinkRow;
use crate::report::values::{count, whole};

/// Why packets were lost: the legend's word, and the part of a bar that shows it.
const REASONS: [(&str, usize); 6] = [
    ("queue full", 1),
    ("random loss", 0),
    ("RED", 2),
    ("CoDel", 3),
    ("larger than the MTU", 4),
    ("link or host down, others", 7),
];

fn drops(row: &LinkRow) -> [u64; REASONS.len()] {
    [
        row.dropped_queue_full,
        row.dropped_loss,
        row.dropped_early,
        row.dropped_sojourn,
        row.dropped_too_big,
        row.dropped_other,
    ]
}

fn dropped(row: &LinkRow) -> u64 {
    drops(row).iter().fold(0, |sum, count| sum.saturating_add(*count))
}

fn name(row: &LinkRow) -> String {
    super::way(&row.from, &row.to)
}

/// What has no room; of the rows those stay that have.
fn left_out(rows: &mut Vec<&LinkRow>, theme: Theme) -> Vec<String> {
    rows.split_off(rows.len().min(theme.most_rows())).into_iter().map(name).collect()
}

/// In millionths: below that a bar is no wider than the axis.
const LEAST: u64 = 500;

#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
fn idle(busiest: &LinkRow) -> String {
    let share = match busiest.figures.utilization.0 {
        0 => "less than 0.0001 %".to_owned(),
        millionths => format!("{:.4} %", millionths as f64 / 1e4),
    };
    format!(
        "Every line was sending for less than 0.05 % of the run: the busiest, {}, for {share}. There is no bar to draw.",
        name(busiest)
    )
}

/// The share of the run in which each direction was sending.
#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
pub(super) fn utilization(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "Link utilization";
    let mut rows: Vec<&LinkRow> = run.tables.links.iter().filter(|row| row.packets > 0).collect();
    if rows.is_empty() {
        return empty(theme, TITLE, "No packet went over any link.");
    }
    let no_rate = |row: &LinkRow| run.setting.links.iter().any(|link| *link.name == *row.link && link.rate.is_empty());
    if rows.iter().all(|row| row.figures.utilization.0 == 0 && (no_rate(row) || run.setting.links.is_empty())) {
        let why = "No line was ever busy: a link without a rate sends a packet in no time, so it has no utilization. \
                   Rates are set by \"rate\" in network.access, network.backbone or network.links.";
        return empty(theme, TITLE, why);
    }
    let busy = |row: &LinkRow| std::cmp::Reverse((row.figures.utilization.0, row.bytes));
    rows.sort_by_key(|row| busy(row));
    if let Some(busiest) = rows.first().filter(|row| row.figures.utilization.0 < LEAST) {
        return empty(theme, TITLE, &idle(busiest));
    }
    let more = left_out(&mut rows, theme);
    let others = match more.len() {
        0 => String::new(),
        left_out => format!("; {} left out", count(left_out, "less busy direction", "less busy directions")),
    };
    let note = format!("share of the run in which the line was sending, and packets lost{others}");
    let bar = |row: &&LinkRow| Bar {
        label: name(row),
        parts: vec![(row.figures.utilization.0 as f64 / 1e4, 0)],
        end: match dropped(row) {
            _ if no_rate(row) => "without a rate".to_owned(),
            0 => "none lost".to_owned(),
            lost => format!("{} lost of {}", whole(lost), whole(row.packets)),
        },
        from: 0.0,
    };
    let bars = rows.iter().map(bar).collect();
    let scale = |most: f64| Scale::measure("utilization (%)", most.max(1e-3));
    Bars { theme, title: TITLE, note: &note, bars, keys: Vec::new(), more }.draw(scale)
}

/// Packets that each direction lost.
#[expect(clippy::cast_precision_loss, reason = "bars are drawn, not counted")]
pub(super) fn losses(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "Packets lost on links";
    let mut rows: Vec<&LinkRow> = run.tables.links.iter().filter(|row| dropped(row) > 0).collect();
    if rows.is_empty() {
        return empty(theme, TITLE, "No link lost a packet.");
    }
    rows.sort_by_key(|row| std::cmp::Reverse(dropped(row)));
    let more = left_out(&mut rows, theme);
    let others = match more.len() {
        0 => String::new(),
        left_out => format!("; {} left out", count(left_out, "direction with fewer", "directions with fewer")),
    };
    let note = format!("by reason; beside it their share of the packets that joined the queue{others}");
    let bar = |row: &&LinkRow| Bar {
        label: name(row),
        parts: drops(row).iter().zip(REASONS).map(|(count, (_, part))| (*count as f64, part)).collect(),
        end: format!("{:.2} %", 100.0 * dropped(row) as f64 / row.packets.max(1) as f64),
        from: 0.0,
    };
    let used = |index: &usize| rows.iter().any(|row| drops(row)[*index] > 0);
    let keys = (0..REASONS.len()).filter(used).map(|index| (REASONS[index].1, REASONS[index].0.to_owned())).collect();
    let bars = rows.iter().map(bar).collect();
    Bars { theme, title: TITLE, note: &note, bars, keys, more }.draw(|most| Scale::count("packets lost", most))
}
