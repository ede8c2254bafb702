//! A sheet of paper for charts: shapes in nominal pixels, collected before anything is drawn.
//!
//! So a test can look at the boxes of all texts, at what lines and areas are told apart by, and
//! two backends can draw the same sheet. Text widths come from the embedded DejaVu Sans; an SVG
//! names that font first and lets the viewer fall back to a similar one.

use std::sync::Once;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use super::look::{Color, Fill, Hatch, INK, Marker, PAPER, Pen, Theme};

/// plotters writes its own size divided by this as the SVG's `font-size`.
pub(in crate::report) const FONT_SIZE_RATIO: f64 = 1.24;

/// How much a veil covers.
pub(super) const VEIL: f64 = 0.2;

/// A point in nominal pixels: right, down.
pub(in crate::report) type Point = (f64, f64);

/// A box: left, top, right, bottom.
type Area = (f64, f64, f64, f64);

/// Where a text lies relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Align {
    Left,
    Center,
    Right,
}

/// A piece of text.
#[derive(Clone, Debug)]
pub(in crate::report) struct Label {
    /// The point to which it is aligned, at half the height of its letters.
    pub(in crate::report) at: Point,
    pub(in crate::report) text: String,
    /// Font size in nominal pixels.
    pub(in crate::report) size: f64,
    pub(in crate::report) bold: bool,
    pub(in crate::report) color: Color,
    pub(in crate::report) align: Align,
    /// Turned by a quarter to the left.
    pub(in crate::report) upright: bool,
}

impl Label {
    pub(in crate::report) fn new(at: Point, text: impl Into<String>, size: f64, align: Align) -> Self {
        Self { at, text: text.into(), size, bold: false, color: INK, align, upright: false }
    }

    pub(super) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(in crate::report) const fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    pub(super) const fn upright(mut self) -> Self {
        self.upright = true;
        self
    }

    /// The box that the text covers.
    fn extent(&self) -> Area {
        let (width, height) = (text_width(&self.text, self.size, self.bold), self.size);
        let before = match self.align {
            Align::Left => 0.0,
            Align::Center => width / 2.0,
            Align::Right => width,
        };
        let (x, y) = self.at;
        if self.upright {
            (x - height / 2.0, y + before - width, x + height / 2.0, y + before)
        } else {
            (x - before, y - height / 2.0, x - before + width, y + height / 2.0)
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::report) enum Shape {
    Line {
        points: Vec<Point>,
        color: Color,
        width: f64,
    },
    Box {
        corners: (Point, Point),
        color: Color,
    },
    Polygon {
        points: Vec<Point>,
        color: Color,
    },
    /// A polygon through which one sees what is below it.
    Veil {
        points: Vec<Point>,
        color: Color,
    },
    Text(Label),
}

/// Shapes in the order in which they are drawn.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    pub(super) theme: Theme,
    /// Its height in nominal pixels; the width is the theme's.
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) note: String,
    /// Whether there was nothing to draw, and the sheet says so.
    pub(super) blank: bool,
    pub(super) shapes: Vec<Shape>,
    /// What series and parts were drawn with, for the test that colour says nothing alone.
    pub(super) pens: Vec<Pen>,
    pub(super) fills: Vec<Fill>,
    /// Names in the legend that were too long for it.
    pub(super) cut: Vec<String>,
}

/// The distance of hatch strokes, and the size of a marker.
const HATCH: f64 = 7.0;
const MARKER: f64 = 5.5;

impl Canvas {
    pub(super) fn new(theme: Theme) -> Self {
        Self {
            theme,
            height: theme.height(),
            title: String::new(),
            note: String::new(),
            blank: false,
            shapes: Vec::new(),
            pens: Vec::new(),
            fills: Vec::new(),
            cut: Vec::new(),
        }
    }

    /// A line through points; `dash` is empty for an unbroken one.
    pub(super) fn line(&mut self, points: &[Point], color: Color, width: f64, dash: &[f64]) {
        for points in dashes(points, dash) {
            self.shapes.push(Shape::Line { points, color, width });
        }
    }

    /// A filled box between two opposite corners.
    pub(super) fn fill(&mut self, a: Point, b: Point, color: Color) {
        let corners = ((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)));
        self.shapes.push(Shape::Box { corners, color });
    }

    /// A filled box with its hatch.
    pub(super) fn part(&mut self, a: Point, b: Point, fill: Fill) {
        self.fill(a, b, fill.color);
        self.fills.push(fill);
        let (left, top, right, bottom) = (a.0.min(b.0), a.1.min(b.1), a.0.max(b.0), a.1.max(b.1));
        let area = (left, top, right, bottom);
        let color = fill.stroke();
        let mut stroke = |from: Point, to: Point| {
            self.shapes.push(Shape::Line { points: vec![from, to], color, width: 1.2 });
        };
        match fill.hatch {
            Hatch::Plain => {}
            Hatch::Rising => strokes(area, (1.0, 1.0), HATCH * 1.5, &mut stroke),
            Hatch::Falling => strokes(area, (1.0, -1.0), HATCH * 1.5, &mut stroke),
            Hatch::Crossed => {
                strokes(area, (1.0, 1.0), HATCH * 1.6, &mut stroke);
                strokes(area, (1.0, -1.0), HATCH * 1.6, &mut stroke);
            }
            Hatch::Level => strokes(area, (0.0, 1.0), HATCH * 0.8, &mut stroke),
            Hatch::Upright => strokes(area, (1.0, 0.0), HATCH * 0.8, &mut stroke),
            Hatch::Squared => {
                strokes(area, (0.0, 1.0), HATCH, &mut stroke);
                strokes(area, (1.0, 0.0), HATCH, &mut stroke);
            }
            Hatch::Dotted => {
                for y in multiples(top + 2.0, bottom - 2.0, HATCH) {
                    for x in multiples(left + 2.0, right - 2.0, HATCH) {
                        self.shapes.push(Shape::Box { corners: ((x - 1.0, y - 1.0), (x + 1.0, y + 1.0)), color });
                    }
                }
            }
        }
    }

    /// A filled polygon.
    pub(super) fn polygon(&mut self, points: Vec<Point>, color: Color) {
        self.shapes.push(Shape::Polygon { points, color });
    }

    /// A polygon through which one sees what is below it.
    pub(super) fn veil(&mut self, points: Vec<Point>, color: Color) {
        self.shapes.push(Shape::Veil { points, color });
    }

    /// A small dot.
    pub(super) fn dot(&mut self, at: Point, color: Color) {
        self.polygon(around(at, 2.4, 8, 0.0), color);
    }

    /// A sign that stands off from what is below it.
    pub(super) fn marker(&mut self, at: Point, marker: Marker, color: Color) {
        for (size, color, width) in [(MARKER + 1.5, PAPER, 5.0), (MARKER, color, 2.4)] {
            match marker {
                Marker::Circle => self.polygon(around(at, size * 0.95, 20, 0.0), color),
                Marker::Square => self.polygon(around(at, size * 1.2, 4, 0.125), color),
                Marker::Triangle => self.polygon(around(at, size * 1.25, 3, 0.75), color),
                Marker::Wedge => self.polygon(around(at, size * 1.25, 3, 0.25), color),
                Marker::Diamond => self.polygon(around(at, size * 1.25, 4, 0.0), color),
                Marker::Cross | Marker::Plus => {
                    let turn = if marker == Marker::Plus { 0.0 } else { 0.125 };
                    let ends = around(at, size, 4, turn);
                    self.line(&[ends[0], ends[2]], color, width, &[]);
                    self.line(&[ends[1], ends[3]], color, width, &[]);
                }
            }
        }
    }

    pub(super) fn text(&mut self, label: Label) {
        self.shapes.push(Shape::Text(label));
    }

    /// Texts that leave the sheet, and pairs of texts that overlap.
    pub(super) fn text_faults(&self) -> Vec<String> {
        let texts: Vec<(&Label, Area)> = self
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text(label) => Some((label, label.extent())),
                Shape::Line { .. } | Shape::Box { .. } | Shape::Polygon { .. } | Shape::Veil { .. } => None,
            })
            .collect();
        let mut faults = Vec::new();
        let (width, height) = (self.theme.width(), self.height);
        for (index, (label, a)) in texts.iter().enumerate() {
            if a.0 < 0.0 || a.1 < 0.0 || a.2 > width || a.3 > height {
                faults.push(format!("{:?} leaves the sheet: {a:?}", label.text));
            }
            for (other, b) in &texts[index + 1..] {
                if a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3 {
                    faults.push(format!("{:?} and {:?} overlap", label.text, other.text));
                }
            }
        }
        faults
    }
}

/// Corners on a circle, the first one so many turns from the right.
pub(in crate::report) fn around(at: Point, radius: f64, count: u32, turn: f64) -> Vec<Point> {
    let angle = |index: u32| (turn + f64::from(index) / f64::from(count)) * std::f64::consts::TAU;
    let corner = |index| (at.0 + radius * libm::cos(angle(index)), at.1 + radius * libm::sin(angle(index)));
    (0..count).map(corner).collect()
}

/// Multiples of a step between two bounds, so that strokes of neighbours meet.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    let count = (last - first + 1.0).clamp(0.0, 2000.0) as u32;
    (0..count).map(move |index| (first + f64::from(index)) * step)
}

/// Parallel strokes within an area: the lines on which `a x + b y` is a multiple of the
/// step, where each of `a` and `b` is 1, 0 or -1.
fn strokes(area: Area, (a, b): (f64, f64), step: f64, stroke: &mut impl FnMut(Point, Point)) {
    let (left, top, right, bottom) = area;
    let corners = [a * left + b * top, a * left + b * bottom, a * right + b * top, a * right + b * bottom];
    let low = corners.iter().copied().fold(f64::MAX, f64::min);
    let high = corners.iter().copied().fold(f64::MIN, f64::max);
    for c in multiples(low, high, step) {
        if a == 0.0 {
            stroke((left, c / b), (right, c / b));
        } else if b == 0.0 {
            stroke((c / a, top), (c / a, bottom));
        } else {
            // x = (c - b y) / a at top and bottom, cut off at the sides
            let (from, to) = ((c - b * top) / a, (c - b * bottom) / a);
            let (from, to) = (from.min(to).max(left), from.max(to).min(right));
            if from < to {
                stroke((from, (c - a * from) / b), (to, (c - a * to) / b));
            }
        }
    }
}

/// The width of a text in nominal pixels; a few percent too much rather than too little.
pub(in crate::report) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    register_fonts();
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    // Measured large, since plotters gives whole pixels.
    let font = FontDesc::new(FontFamily::SansSerif, 100.0, style);
    let width = font.box_size(text).map_or(0.6 * 100.0 * text.chars().count() as f64, |(width, _)| f64::from(width));
    width * size * FONT_SIZE_RATIO / 100.0
}

/// `text`, cut with an ellipsis when it is wider than `room`.
pub(in crate::report) fn shortened(text: &str, size: f64, room: f64) -> String {
    if text_width(text, size, false) <= room {
        return text.to_owned();
    }
    // Even the narrowest letters are wider than a tenth of their height.
    let most = (room.max(0.0) / size * 10.0) as usize;
    let mut kept: Vec<char> = text.chars().take(most).collect();
    loop {
        let cut: String = kept.iter().chain(&['\u{2026}']).collect();
        if kept.pop().is_none() || text_width(&cut, size, false) <= room {
            return cut;
        }
    }
}

/// `text` and its size: smaller by up to a fifth when there is little room, and cut when that is not enough.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> (String, f64) {
    let wanted = size * room / text_width(text, size, false).max(1e-6);
    // rounded down, so that it is the same however the width was measured
    let size = (wanted.clamp(0.8 * size, size) * 4.0).floor() / 4.0;
    (shortened(text, size, room), size)
}

/// plotters keeps fonts for the whole process; it has none until they are given to it.
pub(super) fn register_fonts() {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, dejavu::sans::regular()), (FontStyle::Bold, dejavu::sans::bold())] {
            // A font that is not there gives an error when it is used, and a test uses both.
            let _ = register_font("sans-serif", style, bytes);
        }
    });
}

/// Cuts a line into dashes.
pub(in crate::report) fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    if pattern.is_empty() {
        return vec![points.to_vec()];
    }
    let (mut out, mut index, mut left) = (Vec::new(), 0, pattern[0]);
    let mut dash: Vec<Point> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = libm::sqrt(dx * dx + dy * dy);
            let on = index % 2 == 0;
            if length <= left {
                left -= length;
                if on {
                    dash.push(to);
                }
                break;
            }
            from = (from.0 + dx * left / length, from.1 + dy * left / length);
            dash.push(from);
            if on {
                out.push(std::mem::take(&mut dash));
            } else {
                dash = vec![from];
            }
            index = (index + 1) % pattern.len();
            left = pattern[index];
        }
    }
    if dash.len() > 1 {
        out.push(dash);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_round_corners() {
        let line = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let cut = dashes(&line, &[8.0, 4.0]);
        assert_eq!(cut, [vec![(0.0, 0.0), (8.0, 0.0)], vec![(10.0, 2.0), (10.0, 10.0)]]);
    }

    /// Breaks when a stroke of a hatch sticks out of its area.
    #[test]
    fn hatches_stay_in_their_area() {
        let area = (3.0, 10.0, 24.0, 31.0);
        for direction in [(1.0, 1.0), (1.0, -1.0), (0.0, 1.0), (1.0, 0.0)] {
            let mut count = 0;
            strokes(area, direction, 5.0, &mut |from, to| {
                count += 1;
                for (x, y) in [from, to] {
                    assert!((3.0..=24.0).contains(&x) && (10.0..=31.0).contains(&y), "{x} {y}");
                }
            });
            assert!(count >= 4, "{direction:?}: {count}");
        }
    }

    /// Breaks when a font is not embedded any more.
    #[test]
    fn text_is_measured_in_both_faces() {
        let (normal, bold) = (text_width("hamburger.edu", 20.0, false), text_width("hamburger.edu", 20.0, true));
        assert!(100.0 < normal && normal < bold && bold < 220.0, "{normal} {bold}");
        let cut = shortened("a.very.long.host.name.example", 20.0, 120.0);
        assert!(cut.ends_with('\u{2026}') && text_width(&cut, 20.0, false) <= 120.0, "{cut}");
        assert_eq!(shortened("anything", 20.0, 0.0), "\u{2026}");
    }
}
