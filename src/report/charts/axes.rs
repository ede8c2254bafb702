//! The frame of a chart: title, note, axes with units, legend.

use super::canvas::{Align, Canvas, Label, Point, fitted, text_width};
use super::look::{AXIS, Color, Fill, GRID, INK, NOTE, Pen, Theme};
use super::scale::Scale;
use crate::report::values::grouped;

pub(super) const TITLE_SIZE: f64 = 26.0;
pub(super) const NAME_SIZE: f64 = 20.0;
pub(super) const TICK_SIZE: f64 = 17.0;
pub(super) const NOTE_SIZE: f64 = 16.0;
const KEY: f64 = 34.0;
/// Long names in a legend that may have a row each.
const WIDE_ROWS: usize = 3;

/// A chart's frame: where its plot lies, and its two scales.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
    /// How far labels below the frame may reach to the left and right.
    pub(super) reach: (f64, f64),
}

impl Frame {
    /// The usual frame: room for the heading above, and for the widest tick at the left.
    pub(super) fn new(theme: Theme, x: Scale, y: Scale) -> Self {
        let widest = y.ticks.iter().map(|(_, label)| text_width(label, TICK_SIZE, false)).fold(0.0, f64::max);
        let (width, height) = theme.size();
        Self {
            left: 52.0 + widest,
            top: theme.top(),
            right: width - 24.0,
            bottom: height - 68.0,
            x,
            y,
            reach: (0.0, width),
        }
    }

    pub(super) fn at_x(&self, value: f64) -> f64 {
        self.left + self.x.share_of(value) * (self.right - self.left)
    }

    pub(super) fn at_y(&self, value: f64) -> f64 {
        self.bottom - self.y.share_of(value) * (self.bottom - self.top)
    }

    pub(super) fn at(&self, x: f64, y: f64) -> Point {
        (self.at_x(x), self.at_y(y))
    }

    /// Draws grid, axes, ticks and names; the data go on top.
    pub(super) fn draw(&self, canvas: &mut Canvas) {
        self.draw_y(canvas);
        self.draw_x(canvas);
    }

    /// Draws the upright axis alone.
    pub(super) fn draw_y(&self, canvas: &mut Canvas) {
        self.draw_y_at(canvas, 0.0);
    }

    /// Draws the upright axis of a frame whose room begins this far from the left.
    pub(super) fn draw_y_at(&self, canvas: &mut Canvas, from: f64) {
        self.draw_y_ticks(canvas, true);
        self.name_y(canvas, from);
    }

    /// Draws the upright axis without its name, and with labels only if somebody reads them.
    pub(super) fn draw_y_ticks(&self, canvas: &mut Canvas, labels: bool) {
        let mut free = f64::MAX;
        for (value, label) in &self.y.ticks {
            let y = self.at_y(*value);
            canvas.line(&[(self.left, y), (self.right, y)], GRID, 1.0, &[]);
            if labels && y + TICK_SIZE / 2.0 < free {
                canvas.text(Label::new((self.left - 10.0, y), label, TICK_SIZE, Align::Right));
                free = y - TICK_SIZE / 2.0;
            }
        }
        canvas.line(&[(self.left, self.top), (self.left, self.bottom)], AXIS, 1.5, &[]);
    }

    /// Writes the upright axis' name, in room that begins this far from the left.
    pub(super) fn name_y(&self, canvas: &mut Canvas, from: f64) {
        // The name may be longer than its axis is high: then it may reach below the axis, if nothing else is there.
        let lowest = self.bottom > canvas.height - 100.0;
        let room = self.bottom - self.top + if lowest { 34.0 } else { 0.0 };
        let length = text_width(&self.y.name, NAME_SIZE, false);
        let size = NAME_SIZE * (room / length.max(1.0)).min(1.0);
        let half = length * size / NAME_SIZE / 2.0;
        let middle = f64::midpoint(self.top, self.bottom).max(self.top + half);
        canvas.text(Label::new((from + 20.0, middle), &*self.y.name, size, Align::Center).upright());
    }

    /// Draws the horizontal axis alone.
    pub(super) fn draw_x(&self, canvas: &mut Canvas) {
        self.draw_ticks(canvas, true);
        self.name_x(canvas);
    }

    /// Writes the horizontal axis' name.
    pub(super) fn name_x(&self, canvas: &mut Canvas) {
        let name = self.x.name.as_str();
        let (low, high) = (6.0, canvas.theme.width() - 6.0);
        let length = text_width(name, NAME_SIZE, false);
        let size = NAME_SIZE * ((high - low) / length.max(1.0)).min(1.0);
        let half = length * size / NAME_SIZE / 2.0;
        let middle = f64::midpoint(self.left, self.right).clamp(low + half, (high - half).max(low + half));
        canvas.text(Label::new((middle, self.bottom + 48.0), name, size, Align::Center));
    }

    /// Draws the horizontal axis without its name, and with labels only if somebody reads them.
    pub(super) fn draw_ticks(&self, canvas: &mut Canvas, labels: bool) {
        let every = self.every_label();
        let mut free = f64::MIN;
        for (index, (value, label)) in self.x.ticks.iter().enumerate() {
            let x = self.at_x(*value);
            // the upright axis is there already
            if x > self.left + 0.5 {
                canvas.line(&[(x, self.top), (x, self.bottom)], GRID, 1.0, &[]);
            }
            canvas.line(&[(x, self.bottom), (x, self.bottom + 6.0)], AXIS, 1.5, &[]);
            let half = text_width(label, TICK_SIZE, false) / 2.0;
            if labels && index % every == 0 && x - half > free.max(self.reach.0) && x + half < self.reach.1 {
                canvas.text(Label::new((x, self.bottom + 20.0), label, TICK_SIZE, Align::Center));
                free = x + half + 8.0;
            }
        }
        canvas.line(&[(self.left, self.bottom), (self.right, self.bottom)], AXIS, 1.5, &[]);
    }
}

impl Frame {
    /// Each so-and-so-many-th tick has room for its label.
    fn every_label(&self) -> usize {
        let ends: Vec<(f64, f64)> = self
            .x
            .ticks
            .iter()
            .map(|(value, label)| (self.at_x(*value), text_width(label, TICK_SIZE, false) / 2.0))
            .collect();
        let fits = |every: usize| {
            let labels: Vec<&(f64, f64)> = ends.iter().step_by(every).collect();
            labels.windows(2).all(|pair| pair[0].0 + pair[0].1 + 8.0 < pair[1].0 - pair[1].1)
        };
        (1..ends.len().max(2)).find(|every| fits(*every)).unwrap_or(ends.len().max(1))
    }
}

/// A sheet with its title and a note below it, where the theme has them.
pub(super) fn heading(theme: Theme, title: &str, note: &str) -> Canvas {
    let mut canvas = Canvas::new(theme);
    (canvas.title, canvas.note) = (title.to_owned(), note.to_owned());
    if theme.has_heading() {
        canvas.text(Label::new((24.0, 34.0), title, TITLE_SIZE, Align::Left).bold());
        let (note, size) = fitted(note, NOTE_SIZE, theme.width() - 48.0);
        canvas.text(Label::new((24.0, 64.0), note, size, Align::Left).color(NOTE));
    }
    canvas
}

/// A sheet that says why there is nothing to draw.
pub(super) fn empty(theme: Theme, title: &str, why: &str) -> Canvas {
    let mut canvas = heading(theme, title, "");
    (canvas.blank, canvas.note) = (true, why.to_owned());
    let (width, height) = theme.size();
    let (left, right, top, bottom) = (24.0, width - 24.0, theme.top(), height - 24.0);
    canvas.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], GRID, 1.5, &[]);
    let lines = wrapped(why, NAME_SIZE, right - left - 32.0);
    let first = f64::midpoint(top, bottom) - 13.0 * (lines.len() as f64 - 1.0);
    for (index, line) in lines.into_iter().enumerate() {
        let at = (width / 2.0, first + 26.0 * index as f64);
        canvas.text(Label::new(at, line, NAME_SIZE, Align::Center).color(NOTE));
    }
    canvas
}

/// A text in lines that are no wider than the room, as far as its words allow.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size, false) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How a series is shown in the legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// A line with its dash and marker.
    Line(Pen),
    /// A line alone.
    Plain(Pen),
    /// A sign alone.
    Sign(Pen),
    /// A filled box.
    Box(Fill),
    /// A band around a line.
    Veil(Color),
    /// Words alone, which may have a row.
    Words,
}

/// The least height of a plot of lines on a sheet that grows.
pub(super) const LEAST_PLOT: f64 = 200.0;

/// What a legend says of those that are left out, where there is no note that counts them.
pub(super) fn and_more(theme: Theme, names: &[String]) -> Option<(Key, String)> {
    const NAMED: usize = 6;
    if theme.has_heading() || names.is_empty() {
        return None;
    }
    let more = if names.len() > NAMED { ", \u{2026}" } else { "" };
    let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    Some((Key::Words, format!("and {} more: {named}{more}", grouped(names.len()))))
}

/// Splits off what is more than so many, so that the worst of all stays; both keep their order.
pub(super) fn telling<T>(items: Vec<T>, most: usize, worst: impl Fn(&T) -> f64) -> (Vec<T>, Vec<T>) {
    let badness: Vec<f64> = items.iter().map(worst).collect();
    let worst = (0..items.len()).rev().max_by(|a, b| badness[*a].total_cmp(&badness[*b]));
    let stays = |index: usize| match worst {
        Some(worst) if worst >= most => index + 1 < most || index == worst,
        Some(_) | None => index < most,
    };
    let (kept, rest): (Vec<_>, Vec<_>) = items.into_iter().enumerate().partition(|(index, _)| stays(*index));
    let plain = |items: Vec<(usize, T)>| items.into_iter().map(|(_, item)| item).collect();
    (plain(kept), plain(rest))
}

fn veil_with_edges(canvas: &mut Canvas, (from, to): (Point, Point), color: Color) {
    let edge = |down: f64| [(from.0, from.1 + down), (to.0, to.1 + down)];
    let ([a, b], [d, c]) = (edge(-7.0), edge(7.0));
    canvas.veil(vec![a, b, c, d], color);
    canvas.line(&[a, b], color, 0.8, &[]);
    canvas.line(&[d, c], color, 0.8, &[]);
}

/// The entries of a legend in rows from `left` on, below the heading if there is one; gives the
/// height below the last row.
pub(super) fn legend(canvas: &mut Canvas, left: f64, entries: &[(Key, String)]) -> f64 {
    let theme = canvas.theme;
    let most = ((theme.width() - 8.0 - left) / 2.0 - KEY - 30.0).min(330.0);
    let wide = |(key, name): &&(Key, String)| !matches!(key, Key::Words) && text_width(name, NOTE_SIZE, false) > most;
    // a few long names may have a row each
    let most = if entries.iter().filter(wide).count() > WIDE_ROWS { most } else { theme.width() - left - KEY - 16.0 };
    let (mut x, mut y) = (left, theme.top());
    for (key, full) in entries {
        if matches!(key, Key::Words) {
            let room = theme.width() - left - 16.0;
            if x > left && x + text_width(full, NOTE_SIZE, false) > theme.width() - 16.0 {
                x = left;
                y += 24.0;
            }
            let (text, size) = fitted(full, NOTE_SIZE, room);
            let width = text_width(&text, size, false) + 22.0;
            canvas.text(Label::new((x, y), text, size, Align::Left).color(NOTE));
            x += width;
            continue;
        }
        let (name, size) = fitted(full, NOTE_SIZE, most);
        if name != *full {
            canvas.cut.push(full.clone());
        }
        let width = KEY + 8.0 + text_width(&name, size, false) + 22.0;
        if x > left && x + width > theme.width() + 8.0 {
            x = left;
            y += 24.0;
        }
        let (from, to, middle) = ((x, y), (x + KEY, y), (x + KEY / 2.0, y));
        match key {
            Key::Line(pen) => {
                canvas.line(&[from, to], pen.color, 2.5, pen.dash);
                canvas.marker(middle, pen.marker, pen.color);
            }
            Key::Plain(pen) => canvas.line(&[from, to], pen.color, 2.5, pen.dash),
            Key::Sign(pen) => canvas.marker(middle, pen.marker, pen.color),
            Key::Box(fill) => canvas.part((x + 6.0, y - 8.0), (x + KEY, y + 8.0), *fill),
            Key::Veil(color) => veil_with_edges(canvas, (from, to), *color),
            Key::Words => {}
        }
        canvas.text(Label::new((x + KEY + 8.0, y), name, size, Align::Left).color(INK));
        x += width;
    }
    y + 26.0
}

/// Leaves out points that no eye could tell from their neighbours: of each pixel column the
/// first, the lowest, the highest and the last stay.
pub(super) fn thin(points: Vec<Point>) -> Vec<Point> {
    if points.len() < 4000 {
        return points;
    }
    let mut out: Vec<Point> = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let mut keep = vec![0, column.len() - 1];
        let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
        keep.extend((0..column.len()).min_by(by_height));
        keep.extend((0..column.len()).max_by(by_height));
        keep.sort_unstable();
        keep.dedup();
        out.extend(keep.into_iter().map(|index| column[index]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_extremes() {
        let points: Vec<Point> = (0..100_000).map(|n| (f64::from(n) / 1000.0, f64::from((n * 7919) % 1000))).collect();
        let thinned = thin(points.clone());
        assert!(thinned.len() <= 404, "{}", thinned.len());
        let most = |points: &[Point]| points.iter().map(|point| point.1).fold(0.0, f64::max);
        assert!((most(&points) - most(&thinned)).abs() < 1e-9);
    }
}
