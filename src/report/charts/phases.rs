//! Where the time of a delivery went: stacked bars of the phases before the mailbox.
//!
//! A few delivered copies get a bar each; many get the mean over all and over the busiest
//! sending domains. The phases sum to the latency exactly, so a bar's length is the latency.

use std::collections::BTreeMap;

use super::axes::{Frame, Key, Scale, TICK_SIZE, empty, heading, legend};
use super::canvas::{Align, Canvas, Color, HEIGHT, Label, PALETTE, WHITE_FILL, shortened, text_width};
use super::{domain, user_copies};
use crate::base::trace::Phase;
use crate::metrics::{MessageRow, Tables};
use crate::report::values::escape;

const TITLE: &str = "Latency by phase";
const MOST_BARS: usize = 8;
const LABEL_ROOM: f64 = 250.0;
/// The phases before the mailbox come first among all phases.
const PHASES: usize = 8;
const COLORS: [Color; PHASES] =
    [(0x99, 0x99, 0x99), PALETTE[5], PALETTE[4], PALETTE[2], PALETTE[3], PALETTE[0], (0x1e, 0x1e, 0x1e), PALETTE[1]];

/// A bar: its label and seconds per phase.
type Bar = (String, [f64; PHASES]);

pub(super) fn sheet(run: &Tables) -> Canvas {
    let delivered: Vec<&MessageRow> = user_copies(run).filter(|row| row.delivered.is_some()).collect();
    if delivered.is_empty() {
        return empty(TITLE, "No message was delivered.");
    }
    let (bars, note) = if delivered.len() <= MOST_BARS {
        (delivered.iter().map(|row| (label(row), seconds(row))).collect(), "one bar for each delivered copy".to_owned())
    } else {
        (means(&delivered), format!("mean of {} delivered copies", delivered.len()))
    };
    draw(&bars, &note)
}

fn label(row: &MessageRow) -> String {
    let id = row.message.trim_matches(['<', '>']);
    escape(format!("{} \u{2192} {}", id.split('@').next().unwrap_or(id), row.to).as_bytes())
}

fn seconds(row: &MessageRow) -> [f64; PHASES] {
    std::array::from_fn(|index| row.phases[index].as_secs_f64())
}

/// The mean over all copies, then over those of the busiest sending domains.
fn means(delivered: &[&MessageRow]) -> Vec<Bar> {
    let mut by_domain: BTreeMap<String, Vec<&MessageRow>> = BTreeMap::new();
    for row in delivered {
        by_domain.entry(domain(&row.from)).or_default().push(row);
    }
    let mut domains: Vec<(String, Vec<&MessageRow>)> = by_domain.into_iter().collect();
    domains.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let mean = |rows: &[&MessageRow]| -> [f64; PHASES] {
        std::array::from_fn(|index| {
            crate::metrics::summary::mean_s(rows.iter().map(|row| row.phases[index])).unwrap_or(0.0)
        })
    };
    let mut bars = vec![("all".to_owned(), mean(delivered))];
    if domains.len() > 1 {
        let domains = domains.iter().take(MOST_BARS - 1);
        bars.extend(domains.map(|(name, rows)| (format!("from {name}"), mean(rows))));
    }
    bars
}

fn draw(bars: &[Bar], note: &str) -> Canvas {
    let longest = bars.iter().map(|(_, parts)| parts.iter().sum::<f64>()).fold(0.0, f64::max);
    let mut canvas = Canvas::default();
    heading(&mut canvas, TITLE, note);
    let used: Vec<usize> = (0..PHASES).filter(|index| bars.iter().any(|(_, parts)| parts[*index] > 0.0)).collect();
    let entries: Vec<(Key, String)> =
        used.iter().map(|index| (Key::Box(COLORS[*index]), Phase::ALL[*index].name().replace('_', " "))).collect();
    let below = legend(&mut canvas, 12.0, 92.0, &entries);
    let mut frame =
        Frame::new(Scale::time("time from composition to the mailbox", 0.0, longest), Scale::count("", 1.0));
    let labels: Vec<String> = bars.iter().map(|(label, _)| shortened(label, TICK_SIZE, LABEL_ROOM)).collect();
    let widest = labels.iter().map(|label| text_width(label, TICK_SIZE, false)).fold(0.0, f64::max);
    (frame.left, frame.top, frame.bottom) = (34.0 + widest, below + 4.0, HEIGHT - 82.0);
    frame.draw_x(&mut canvas);
    let slot = (frame.bottom - frame.top) / bars.len() as f64;
    let half = (slot * 0.36).min(26.0);
    for (index, ((_, parts), label)) in bars.iter().zip(labels).enumerate() {
        let middle = frame.top + slot * (index as f64 + 0.5);
        canvas.text(Label::new((frame.left - 10.0, middle), label, TICK_SIZE, Align::Right));
        let mut sum = 0.0;
        for (part, color) in parts.iter().zip(COLORS) {
            let (from, to) = (frame.at_x(sum), frame.at_x(sum + part));
            sum += part;
            if *part > 0.0 {
                canvas.fill((from, middle - half), (to, middle + half), color);
                // A gap between neighbours, so that greys tell them apart too.
                if to - from > 3.0 {
                    canvas.line(&[(to, middle - half), (to, middle + half)], WHITE_FILL, 1.0, &[]);
                }
            }
        }
    }
    canvas
}
