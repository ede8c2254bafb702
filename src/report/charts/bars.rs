//! Charts of bars that lie: a label at the left, parts beside each other, a remark at the right.

use super::axes::{Frame, Key, TICK_SIZE, and_more, heading, legend, wrapped};
use super::canvas::{Align, Canvas, Label, fitted, text_width};
use super::look::{Fill, INK, PAPER, Theme};
use super::scale::Scale;

/// A bar: its label, where it begins, its parts from left to right and what stands at its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) from: f64,
    /// Lengths, and which of the chart's parts each is.
    pub(super) parts: Vec<(f64, usize)>,
    pub(super) end: String,
}

impl Bar {
    fn length(&self) -> f64 {
        self.from + self.parts.iter().map(|(part, _)| part).sum::<f64>()
    }
}

/// A chart of bars.
#[derive(Clone, Debug)]
pub(super) struct Bars<'a> {
    pub(super) theme: Theme,
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) bars: Vec<Bar>,
    /// The parts that the legend names, each with its fill.
    pub(super) keys: Vec<(usize, String)>,
    /// The labels of bars that are left out.
    pub(super) more: Vec<String>,
}

impl Bars<'_> {
    /// Draws them on a scale that reaches from 0 to the longest bar.
    pub(super) fn draw(&self, scale: impl FnOnce(f64) -> Scale) -> Canvas {
        let theme = self.theme;
        let longest = self.bars.iter().map(Bar::length).fold(0.0, f64::max);
        let mut canvas = heading(theme, self.title, self.note);
        let fill = |part: &usize| theme.fill(*part);
        let mut entries: Vec<(Key, String)> =
            self.keys.iter().map(|(part, name)| (Key::Box(fill(part)), name.clone())).collect();
        let mut frame = Frame::new(theme, scale(longest), Scale::count("", 1.0));
        entries.extend(and_more(theme, &self.more));
        if !entries.is_empty() {
            frame.top = legend(&mut canvas, 18.0, &entries) - 4.0;
        }
        let below = theme.height() - frame.bottom;
        canvas.height = theme.height_for(frame.top + LEAST_SLOT * self.bars.len() as f64 + below);
        frame.bottom = canvas.height - below;
        // a quarter of the width at least is for the bars
        let width = theme.width();
        let ends = alike(self.bars.iter().map(|bar| bar.end.as_str()), 0.3 * width);
        let widest = |texts: &[(String, f64)]| {
            texts.iter().map(|(text, size)| text_width(text, *size, false)).fold(0.0, f64::max)
        };
        let after = widest(&ends);
        let room = (0.48 * width).min(0.75 * width - 50.0 - after);
        let slot = (frame.bottom - frame.top) / self.bars.len().max(1) as f64;
        let labels = self.labels(room, slot);
        let short = self.bars.iter().zip(&labels).filter(|(bar, (lines, _))| bar.label != lines.join(" "));
        canvas.cut.extend(short.map(|(bar, _)| bar.label.clone()));
        let lines = labels.iter().flat_map(|(lines, size)| lines.iter().map(|line| text_width(line, *size, false)));
        frame.left = 26.0 + lines.fold(0.0, f64::max);
        frame.right -= after;
        frame.draw_x(&mut canvas);
        let half = (slot * 0.36).min(22.0);
        for (index, ((bar, (lines, size)), (end, end_size))) in self.bars.iter().zip(labels).zip(ends).enumerate() {
            let middle = frame.top + slot * (index as f64 + 0.5);
            let step = LINE * size;
            let first = middle - step * (lines.len() as f64 - 1.0) / 2.0;
            for (line, text) in lines.into_iter().enumerate() {
                canvas.text(Label::new((frame.left - 10.0, first + step * line as f64), text, size, Align::Right));
            }
            parts(&mut canvas, &frame, bar, (middle - half, middle + half), &fill);
            if !end.is_empty() {
                canvas.text(Label::new((frame.right + 12.0, middle), end, end_size, Align::Left));
            }
        }
        canvas
    }
}

/// From one line of a label to the next, in sizes of its letters.
const LINE: f64 = 1.05;
/// The smallest size of a label.
const SMALLEST: f64 = 0.8 * TICK_SIZE;
/// The least height of a bar with its gaps, on a sheet that grows: two lines of a label have room.
const LEAST_SLOT: f64 = 2.0 * LINE * SMALLEST + 1.0;

impl Bars<'_> {
    /// The labels, all in one size; one that has no room in a line has two, if a bar is high enough for them.
    fn labels(&self, room: f64, slot: f64) -> Vec<(Vec<String>, f64)> {
        let fit = |bar: &Bar| {
            let (one, size) = fitted(&bar.label, TICK_SIZE, room);
            let lines = wrapped(&bar.label, SMALLEST, room);
            let two = lines.len() == 2 && lines.iter().all(|line| text_width(line, SMALLEST, false) <= room);
            if one != bar.label && two && 2.0 * LINE * SMALLEST < slot { (lines, SMALLEST) } else { (vec![one], size) }
        };
        let mut fit: Vec<(Vec<String>, f64)> = self.bars.iter().map(fit).collect();
        let least = fit.iter().map(|(_, size)| *size).fold(TICK_SIZE, f64::min);
        fit.iter_mut().for_each(|(_, size)| *size = least);
        fit
    }
}

/// Texts fitted into the room, all in the size of the one that needs the smallest.
fn alike<'a>(texts: impl Iterator<Item = &'a str>, room: f64) -> Vec<(String, f64)> {
    let mut fit: Vec<(String, f64)> = texts.map(|text| fitted(text, TICK_SIZE, room)).collect();
    let least = fit.iter().map(|(_, size)| *size).fold(TICK_SIZE, f64::min);
    fit.iter_mut().for_each(|(_, size)| *size = least);
    fit
}

fn parts(canvas: &mut Canvas, frame: &Frame, bar: &Bar, (top, bottom): (f64, f64), fill: &impl Fn(&usize) -> Fill) {
    let mut sum = bar.from;
    for (length, part) in &bar.parts {
        let (from, to) = (frame.at_x(sum), frame.at_x(sum + length));
        sum += length;
        if *length > 0.0 {
            // what is there is seen
            let to = to.max(from + 1.0);
            canvas.part((from, top), (to, bottom), fill(part));
            // A gap between neighbours, so that greys tell them apart too.
            if to - from > 3.0 {
                canvas.line(&[(to, top), (to, bottom)], PAPER, 1.0, &[]);
            }
        }
    }
    let (from, to) = (frame.at_x(bar.from), frame.at_x(sum));
    if to - from > 1.0 {
        let outline = [(from, top), (to, top), (to, bottom), (from, bottom), (from, top)];
        canvas.line(&outline, INK, 0.6, &[]);
    }
}
