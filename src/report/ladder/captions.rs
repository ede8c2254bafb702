//! The texts of steps: where each stands beside its stroke, and in how many lines.
//!
//! A label that is wider than its stroke is parted into lines, or stands out over the neighbours' lifelines, since no
//! other step begins in its row; only what is longer than all that is cut.

use super::grid::{DISC, Grid, LOOP};
use super::letters::Letters;
use super::picture::{Message, Step, What};
use super::style::Style;
use crate::report::charts::Align;

/// Lines of a label.
const MOST: usize = 3;

/// The text of a step.
#[derive(Clone, Debug)]
pub(super) struct Caption {
    pub(super) lines: Vec<String>,
    /// Whether that is all of it.
    pub(super) whole: bool,
    pub(super) x: f64,
    pub(super) align: Align,
    /// How far below the step the middle of its first line stands.
    pub(super) first: f64,
    /// Whether it stands out over lifelines, where a stroke before it may have its head.
    pub(super) wide: bool,
}

impl Caption {
    /// How far it reaches above its step.
    pub(super) fn above(&self, style: &Style) -> f64 {
        let head = if self.wide { 3.5 } else { 0.0 };
        ((7.5 + head) * style.scale - self.first).max(style.above)
    }

    /// How far it reaches below its step, beyond a line that stands beside it.
    pub(super) fn below(&self, style: &Style) -> f64 {
        (self.first + style.line * self.lines.len().saturating_sub(1) as f64).max(0.0)
    }
}

/// The text of a step on a sheet with these lifelines.
pub(super) fn caption(step: &Step, grid: &Grid, style: &Style, letters: &mut Letters) -> Caption {
    match &step.what {
        What::Message(message) if message.from == message.to => {
            let x = grid.x(message.from) + (LOOP + 6.0) * style.scale;
            let (lines, whole) = letters.lines(&message.label, style.label, (right(grid, style) - x, MOST));
            Caption { lines, whole, x, align: Align::Left, first: style.scale, wide: false }
        }
        What::Message(message) => between(message, grid, style, letters),
        What::Note { beside, text, .. } => note(grid.x(*beside), text, grid, style, letters),
    }
}

fn right(grid: &Grid, style: &Style) -> f64 {
    grid.width - 8.0 * style.scale
}

/// A label above its stroke.
fn between(message: &Message, grid: &Grid, style: &Style, letters: &mut Letters) -> Caption {
    let unit = style.scale;
    let (tail, tip) = (grid.x(message.from), grid.x(message.to));
    // what lies between the disc and the head
    let aside = if message.numbered { (DISC + 1.0) * unit } else { 0.0 };
    let middle = f64::midpoint(tail, tip) + (tip - tail).signum() * aside;
    let own = (tip - tail).abs() - 2.0 * aside - 16.0 * unit;
    let (low, high) = (grid.margin, right(grid, style));
    let all = high - low;
    let near = own.max(2.0 * grid.pitch).min(all);
    let span = (tip - tail).abs() - 4.0 * unit;
    let ways = [(own, 1), (span, 1), (own, 2), (near, 1), (near, 2), (all, 2), (all, MOST)];
    // words are not parted as long as there is room beside the stroke
    let word = message.label.split(' ').map(|word| letters.width(word, style.label)).fold(0.0, f64::max);
    let mut best = (Vec::new(), false, own);
    for (room, most) in ways {
        if word > room && room < all {
            continue;
        }
        let (lines, whole) = letters.lines(&message.label, style.label, (room, most));
        best = (lines, whole, room);
        if whole {
            break;
        }
    }
    let (lines, whole, room) = best;
    let width = lines.iter().map(|line| letters.width(line, style.label)).fold(0.0, f64::max);
    // beyond its stroke it stands above the disc, too
    let (x, rise) = if room > own {
        let x = f64::midpoint(tail, tip).min(high - width / 2.0).max(low + width / 2.0);
        (x, if message.numbered { DISC + 9.0 } else { 11.0 })
    } else {
        (middle, 11.0)
    };
    let first = -rise * unit - style.line * lines.len().saturating_sub(1) as f64;
    Caption { lines, whole, x, align: Align::Center, first, wide: width > own }
}

/// A remark, on the side of its lifeline where there is room for it.
fn note(x: f64, text: &str, grid: &Grid, style: &Style, letters: &mut Letters) -> Caption {
    let aside = 12.0 * style.scale;
    let (left, right) = (x - aside - grid.margin, right(grid, style) - x - aside);
    let (align, x, room) = if letters.width(text, style.label) <= right || right >= left {
        (Align::Left, x + aside, right)
    } else {
        (Align::Right, x - aside, left)
    };
    let (lines, whole) = letters.lines(text, style.label, (room, MOST));
    Caption { lines, whole, x, align, first: 0.0, wide: false }
}
