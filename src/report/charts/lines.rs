//! Charts of lines: one series for each server, user, sender.
//!
//! Each series has a pen of its own. Signs stand at a few places along each line, at other
//! places than those of the other lines, so that lines can be told apart where dashes cannot
//! be seen: on steep steps, and in print.

use super::axes::{Frame, Key, LEAST_PLOT, heading, legend, thin};
use super::canvas::{Canvas, Point};
use super::look::{Pen, Theme};
use super::scale::Scale;

/// A line longer than this goes up and down so much that dashes tell nothing, and would be many.
const LONGEST_DASHED: f64 = 8_000.0;
/// Signs along a line.
const SIGNS: usize = 5;

/// A line: its name and its points, in the units of the axes.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// A chart of lines.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub(super) theme: Theme,
    pub(super) title: &'static str,
    pub(super) note: String,
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) series: Vec<Series>,
    /// Further entries of the legend.
    pub(super) keys: Vec<(Key, String)>,
    /// Whether lines are unbroken: dashes tell nothing in one that goes up and down all the time.
    pub(super) solid: bool,
}

impl Lines {
    /// The pens of its series.
    fn pens(&self) -> Vec<Pen> {
        let solid = |pen: Pen| Pen { dash: &[], ..pen };
        let pens = (0..self.series.len()).map(|index| self.theme.pen(index));
        pens.map(|pen| if self.solid { solid(pen) } else { pen }).collect()
    }

    /// Draws the chart, and what `below` adds before the lines.
    pub(super) fn draw(self, below: impl FnOnce(&mut Canvas, &Frame)) -> Canvas {
        self.draw_between(below, |_, _| {})
    }

    /// Draws the chart, and what comes before the lines and upon them.
    pub(super) fn draw_between(
        self,
        below: impl FnOnce(&mut Canvas, &Frame),
        above: impl FnOnce(&mut Canvas, &Frame),
    ) -> Canvas {
        let pens = self.pens();
        let mut canvas = heading(self.theme, self.title, &self.note);
        let named = self.series.len() > 1 || self.series.iter().any(|series| !series.name.is_empty());
        // a single line has no sign: there is nothing from which to tell it
        let key = |pen: Pen| if pens.len() > 1 { Key::Line(pen) } else { Key::Plain(pen) };
        let lines = pens.iter().zip(&self.series).filter(|_| named);
        let mut keys: Vec<(Key, String)> = lines.map(|(pen, series)| (key(*pen), series.name.clone())).collect();
        keys.extend(self.keys);
        let mut frame = Frame::new(self.theme, self.x, self.y);
        if !keys.is_empty() {
            frame.top = legend(&mut canvas, 24.0, &keys);
            canvas.height = self.theme.height_for(frame.top + LEAST_PLOT + self.theme.height() - frame.bottom);
            frame.bottom += canvas.height - self.theme.height();
        }
        frame.draw(&mut canvas);
        below(&mut canvas, &frame);
        let count = self.series.len();
        for (index, (pen, series)) in pens.iter().zip(&self.series).enumerate().rev() {
            let points = thin(series.points.iter().map(|(x, y)| frame.at(*x, *y)).collect());
            canvas.pens.push(*pen);
            let dash = if length(&points) > LONGEST_DASHED { &[] } else { pen.dash };
            canvas.line(&points, pen.color, 2.5, dash);
            if count > 1 {
                signs(&mut canvas, &frame, &points, *pen, (index, count));
            }
        }
        above(&mut canvas, &frame);
        canvas
    }
}

/// How long a line is on the sheet.
fn length(points: &[Point]) -> f64 {
    let piece = |pair: &[Point]| (pair[1].0 - pair[0].0).abs() + (pair[1].1 - pair[0].1).abs();
    points.windows(2).map(piece).sum()
}

/// Puts a line's signs on it: the n-th of so many lines.
fn signs(canvas: &mut Canvas, frame: &Frame, points: &[Point], pen: Pen, (index, count): (usize, usize)) {
    let step = (frame.right - frame.left) / SIGNS as f64;
    let shift = (index as f64 + 0.5) / count as f64;
    let mut put = 0;
    for sign in 0..SIGNS {
        let x = frame.left + (sign as f64 + shift) * step;
        let piece = points.windows(2).find(|pair| pair[0].0 <= x && x <= pair[1].0 && pair[0].0 < pair[1].0);
        if let Some(pair) = piece {
            let share = (x - pair[0].0) / (pair[1].0 - pair[0].0);
            canvas.marker((x, pair[0].1 + share * (pair[1].1 - pair[0].1)), pen.marker, pen.color);
            put += 1;
        }
    }
    if let Some(last) = points.last().filter(|_| put == 0) {
        canvas.marker(*last, pen.marker, pen.color);
    }
}

/// Steps: a value holds until the next one, from `start` with 0 to `end`.
pub(super) fn steps(start: f64, end: f64, changes: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = vec![(start, 0.0)];
    let mut before = 0.0;
    for (at, value) in changes {
        points.extend([(*at, before), (*at, *value)]);
        before = *value;
    }
    points.push((end, before));
    points
}
