//! How a step is drawn on its sheet: its stroke with head, cross or disc, and its text.

use super::captions::Caption;
use super::grid::{DISC, Grid, LOOP};
use super::ink::Ink;
use super::layout::Place;
use super::picture::{Line, Look, Message, What};
use super::sheet::{INK, LOST, PAPER, Sheet};
use super::style::Style;
use crate::report::charts::{Align, Color};

impl Sheet {
    /// The stroke of a step.
    pub(super) fn step(&mut self, line: &Line<'_>, grid: &Grid, place: &Place) {
        match &line.step.what {
            What::Message(message) if message.from == message.to => self.own(message, line, grid, place),
            What::Message(message) => self.message(message, line, grid, place),
            What::Note { beside, bad: true, .. } => self.cross(grid.x(*beside), place.y),
            What::Note { beside, bad: false, .. } => self.dot(grid.x(*beside), place.y),
        }
    }

    /// The text of a step, each line on a strip of paper, so that lifelines do not run through it.
    pub(super) fn caption(&mut self, line: &Line<'_>, caption: &Caption, grid: &Grid, place: &Place) {
        let (size, unit) = (self.style.label, self.style.scale);
        let x = self.near(line, caption, grid, place).unwrap_or(caption.x);
        let whole = match &line.step.what {
            What::Message(message) => &message.label,
            What::Note { text, .. } => text,
        };
        for (index, text) in caption.lines.iter().enumerate() {
            let at = (x, place.y + caption.first + self.style.line * index as f64);
            let wide = self.letters.width(text, size);
            let left = match caption.align {
                Align::Left => at.0,
                Align::Center => at.0 - wide / 2.0,
                Align::Right => at.0 - wide,
            };
            let area = [left - 2.0 * unit, at.1 - 7.5 * unit, wide + 4.0 * unit, 15.0 * unit];
            self.texts.push(Ink::Box { area, fill: PAPER, edge: None });
            let whole = Some(whole.as_str()).filter(|_| !caption.whole && index + 1 == caption.lines.len());
            self.put(at, text, whole, (size, INK, caption.align));
        }
    }

    /// Where the label of a steep stroke stands: near its begin, since the middle of the stroke is far below.
    fn near(&mut self, line: &Line<'_>, caption: &Caption, grid: &Grid, place: &Place) -> Option<f64> {
        let What::Message(message) = &line.step.what else { return None };
        if message.from == message.to || caption.wide || place.end - place.y < 2.5 * self.style.slant {
            return None;
        }
        let (size, unit) = (self.style.label, self.style.scale);
        let width = caption.lines.iter().map(|line| self.letters.width(line, size)).fold(0.0, f64::max);
        let (tail, ahead) = (grid.x(message.from), (grid.x(message.to) - grid.x(message.from)).signum());
        let disc = if message.numbered { 2.0 * DISC + 6.0 } else { 0.0 };
        let near = tail + ahead * (width / 2.0 + (disc + 6.0) * unit);
        // no farther than its middle
        Some(if (near - caption.x) * ahead < 0.0 { near } else { caption.x })
    }

    fn message(&mut self, message: &Message, line: &Line<'_>, grid: &Grid, place: &Place) {
        let (tail, tip) = (grid.x(message.from), grid.x(message.to));
        let (unit, look) = (self.style.scale, message.look);
        let ahead = (tip - tail).signum();
        let color = self.style.colour(look);
        // what is lost leads into a gap between two lifelines
        let end = if look == Look::Vain {
            (grid.gap(message.from, message.to, LOST), place.y + self.style.slant * LOST)
        } else {
            (tip, place.end)
        };
        self.stroke(&[(tail, place.y), end], (color, self.style.thickness(look), Style::dash(look)));
        if look == Look::Vain {
            self.cross(end.0, end.1);
        } else {
            self.head(end, (end.0 - tail, end.1 - place.y), color);
        }
        if let Some(number) = line.number.filter(|_| place.labelled) {
            self.disc(tail + ahead * (DISC + 5.0) * unit, place.y, color, number);
        }
    }

    /// A message from a host to itself: out and back.
    fn own(&mut self, message: &Message, line: &Line<'_>, grid: &Grid, place: &Place) {
        let (x, y, unit) = (grid.x(message.from), place.y, self.style.scale);
        let color = self.style.colour(message.look);
        let (out, low, high) = (x + LOOP * unit, y + 8.0 * unit, y - 4.0 * unit);
        let look = (color, self.style.thickness(message.look), Style::dash(message.look));
        self.stroke(&[(x, high), (out, high), (out, low), (x, low)], look);
        self.head((x, low), (-1.0, 0.0), color);
        if let Some(number) = line.number.filter(|_| place.labelled) {
            self.disc(x + (DISC + 5.0) * unit, high, color, number);
        }
    }

    /// The head of a stroke that comes from that direction.
    fn head(&mut self, (x, y): (f64, f64), (right, down): (f64, f64), color: Color) {
        let unit = self.style.scale;
        let length = right.hypot(down).max(1e-9);
        let (right, down) = (right / length * unit, down / length * unit);
        let back = (x - 10.0 * right, y - 10.0 * down);
        let points =
            vec![(x, y), (back.0 - 4.5 * down, back.1 + 4.5 * right), (back.0 + 4.5 * down, back.1 - 4.5 * right)];
        self.strokes.push(Ink::Polygon { points, color });
    }

    fn cross(&mut self, x: f64, y: f64) {
        let (color, unit) = (self.style.colour(Look::Vain), self.style.scale);
        let arm = 5.0 * unit;
        self.stroke(&[(x - arm, y - arm), (x + arm, y + arm)], (color, 2.0 * unit, &[]));
        self.stroke(&[(x - arm, y + arm), (x + arm, y - arm)], (color, 2.0 * unit, &[]));
    }

    fn dot(&mut self, x: f64, y: f64) {
        self.strokes.push(Ink::Disc { at: (x, y), radius: 4.0 * self.style.scale, color: INK });
    }

    /// A message's number on a disc.
    fn disc(&mut self, x: f64, y: f64, color: Color, number: usize) {
        self.texts.push(Ink::Disc { at: (x, y), radius: DISC * self.style.scale, color });
        let small = self.style.small;
        let size = if number < 100 { small } else { small - 3.0 * self.style.scale };
        self.put((x, y), &number.to_string(), None, (size, PAPER, Align::Center));
    }
}
