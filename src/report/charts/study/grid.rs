//! Panels beside and below each other, with the scales of all.

use super::super::axes::{Frame, NOTE_SIZE};
use super::super::canvas::{Align, Canvas, Label, fitted, text_width};
use super::super::look::Theme;
use super::panel::{Plan, name_y};
use super::{clean, heading};

/// Panels on one sheet.
pub(super) const MOST_PANELS: usize = 12;
/// Room for a panel's title, and between panels.
const TITLE: f64 = 24.0;
const GAP: f64 = 20.0;
/// The height of a panel in print, where a sheet may be higher.
const HEIGHT: f64 = 120.0;
/// Room below the last row for the axis.
const BELOW: f64 = 68.0;

/// How many panels stand beside each other.
const fn columns(theme: Theme, count: usize) -> usize {
    match theme {
        Theme::Paper if count < 2 => 1,
        Theme::Paper => 2,
        Theme::Slides | Theme::Handout => match count {
            0..=3 => count,
            4 => 2,
            5 | 6 | 9 => 3,
            _ => 4,
        },
    }
}

/// Draws the panels of a plan.
pub(super) fn draw(plan: &Plan<'_>, theme: Theme, (title, note): (&str, &str), interval: &str) -> Canvas {
    let columns = columns(theme, plan.panels.len()).max(1);
    let rows = plan.panels.len().div_ceil(columns).max(1);
    let note = plan.note(note);
    let mut canvas = heading(theme, theme.height(), (title, &note));
    let top = plan.legend(&mut canvas, interval) - 8.0;
    canvas.height = theme.height_for(top + rows as f64 * (HEIGHT + TITLE + GAP) - GAP + BELOW);
    // what all panels lie in
    let mut whole = Frame::new(theme, plan.x(4.0), plan.y(4.0));
    (whole.top, whole.bottom) = (top, canvas.height - BELOW);
    // the last label of an axis may reach beyond its panel
    let half =
        whole.x.ticks.last().map_or(0.0, |(_, label)| text_width(label, super::super::axes::TICK_SIZE, false) / 2.0);
    whole.right = theme.width() - 8.0 - half.min(40.0);
    name_y(&mut canvas, &mut whole);
    whole.name_x(&mut canvas);
    let width = (whole.right - whole.left - GAP * (columns as f64 - 1.0)) / columns as f64;
    let height = (whole.bottom - whole.top + GAP) / rows as f64 - TITLE - GAP;
    for (index, (panel, lines)) in plan.panels.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let left = whole.left + column as f64 * (width + GAP);
        let top = whole.top + row as f64 * (height + TITLE + GAP) + TITLE;
        let mut frame = Frame { left, top, right: left + width, bottom: top + height, ..whole.clone() };
        let reach = |outer: bool| if outer { 40.0 } else { GAP / 2.0 - 2.0 };
        frame.reach = (left - reach(column == 0), (left + width + reach(column + 1 == columns)).min(theme.width()));
        let full = clean(&panel.title);
        let (name, size) = fitted(&full, NOTE_SIZE, width);
        if name != full {
            canvas.cut.push(full);
        }
        canvas.text(Label::new((left, top - TITLE / 2.0), name, size, Align::Left));
        frame.draw_y_ticks(&mut canvas, column == 0);
        frame.draw_ticks(&mut canvas, index + columns >= plan.panels.len());
        plan.draw(&mut canvas, &frame, lines, &panel.curves);
    }
    canvas
}
