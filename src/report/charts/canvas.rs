//! A sheet of paper for charts: shapes in nominal pixels, turned into SVG by plotters.
//!
//! The only file that knows plotters. Shapes are collected first, so a test can look at the
//! boxes of all texts before anything is drawn. plotters has whole pixels only, so the sheet
//! is drawn four times as large and the size on the `<svg>` tag set back: curves stay smooth.
//! Text widths come from the embedded DejaVu Sans; the SVG names that font first and lets the
//! viewer fall back to a similar one.

use std::sync::Once;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontFamily, FontTransform, register_font};

use super::ChartError;

/// Nominal size of a chart in pixels: a slide of 16:9.
pub(super) const WIDTH: f64 = 960.0;
pub(super) const HEIGHT: f64 = 540.0;
const SCALE: f64 = 4.0;
/// plotters writes its own size divided by this as the SVG's `font-size`.
pub(in crate::report) const FONT_SIZE_RATIO: f64 = 1.24;

/// A colour: red, green, blue.
pub(super) type Color = (u8, u8, u8);

pub(super) const INK: Color = (0x1e, 0x1e, 0x1e);
pub(super) const AXIS: Color = (0x3c, 0x3c, 0x3c);
pub(super) const GRID: Color = (0xe1, 0xe1, 0xe1);
pub(super) const NOTE: Color = (0x5a, 0x5a, 0x5a);
pub(super) const WHITE_FILL: Color = (0xff, 0xff, 0xff);

/// Okabe and Ito's colours, told apart by people of any colour vision; without their yellow,
/// which is too faint for lines.
pub(super) const PALETTE: [Color; 7] = [
    (0x00, 0x72, 0xb2),
    (0xd5, 0x5e, 0x00),
    (0x00, 0x9e, 0x73),
    (0xcc, 0x79, 0xa7),
    (0xe6, 0x9f, 0x00),
    (0x56, 0xb4, 0xe9),
    (0x00, 0x00, 0x00),
];

/// Dashes in nominal pixels, on and off by turns; the n-th goes with the n-th colour, so that
/// colour is never the only difference.
pub(super) const DASHES: [&[f64]; 7] = [
    &[],
    &[10.0, 5.0],
    &[3.0, 4.0],
    &[12.0, 4.0, 3.0, 4.0],
    &[18.0, 5.0],
    &[6.0, 3.0],
    &[12.0, 4.0, 3.0, 4.0, 3.0, 4.0],
];

/// A point in nominal pixels: right, down.
pub(super) type Point = (f64, f64);

/// Where a text lies relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

/// A piece of text.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// The point to which it is aligned, at half the height of its letters.
    pub(super) at: Point,
    pub(super) text: String,
    /// Font size in nominal pixels.
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) color: Color,
    pub(super) align: Align,
    /// Turned by a quarter to the left.
    pub(super) upright: bool,
}

impl Label {
    pub(super) fn new(at: Point, text: impl Into<String>, size: f64, align: Align) -> Self {
        Self { at, text: text.into(), size, bold: false, color: INK, align, upright: false }
    }

    pub(super) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(super) const fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    pub(super) const fn upright(mut self) -> Self {
        self.upright = true;
        self
    }

    /// The box that the text covers: left, top, right, bottom.
    #[cfg(test)]
    fn extent(&self) -> (f64, f64, f64, f64) {
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
enum Shape {
    Line { points: Vec<Point>, color: Color, width: f64 },
    Box { corners: (Point, Point), color: Color },
    Text(Label),
}

/// Shapes in the order in which they are drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Canvas {
    shapes: Vec<Shape>,
}

impl Canvas {
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

    pub(super) fn text(&mut self, label: Label) {
        self.shapes.push(Shape::Text(label));
    }

    /// The sheet as an SVG document.
    pub(super) fn svg(&self) -> Result<String, ChartError> {
        register_fonts();
        let (width, height) = (whole(WIDTH), whole(HEIGHT));
        let mut svg = String::new();
        {
            let size = (width.unsigned_abs(), height.unsigned_abs());
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            root.fill(&WHITE).map_err(draw_error)?;
            for shape in &self.shapes {
                draw(&root, shape)?;
            }
            root.present().map_err(draw_error)?;
        }
        let large = format!("<svg width=\"{width}\" height=\"{height}\"");
        let nominal = format!("<svg width=\"{WIDTH}\" height=\"{HEIGHT}\"");
        let fonts = "font-family=\"DejaVu Sans, Verdana, sans-serif\"";
        Ok(svg.replacen(&large, &nominal, 1).replace("font-family=\"sans-serif\"", fonts))
    }

    /// Texts that leave the sheet, and pairs of texts that overlap.
    #[cfg(test)]
    pub(super) fn text_faults(&self) -> Vec<String> {
        let texts: Vec<&Label> = self
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text(label) => Some(label),
                Shape::Line { .. } | Shape::Box { .. } => None,
            })
            .collect();
        let mut faults = Vec::new();
        for (index, label) in texts.iter().enumerate() {
            let a = label.extent();
            if a.0 < 0.0 || a.1 < 0.0 || a.2 > WIDTH || a.3 > HEIGHT {
                faults.push(format!("{:?} leaves the sheet: {a:?}", label.text));
            }
            for other in &texts[index + 1..] {
                let b = other.extent();
                if a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3 {
                    faults.push(format!("{:?} and {:?} overlap", label.text, other.text));
                }
            }
        }
        faults
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

/// plotters keeps fonts for the whole process; it has none until they are given to it.
fn register_fonts() {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, dejavu::sans::regular()), (FontStyle::Bold, dejavu::sans::bold())] {
            // A font that is not there gives an error when it is used, and a test uses both.
            let _ = register_font("sans-serif", style, bytes);
        }
    });
}

fn draw_error(error: impl std::fmt::Debug) -> ChartError {
    ChartError::Drawing(format!("{error:?}"))
}

/// A nominal length in plotters' pixels.
fn whole(length: f64) -> i32 {
    (length * SCALE).round() as i32
}

const fn rgb(color: Color) -> RGBColor {
    RGBColor(color.0, color.1, color.2)
}

type Sheet<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(root: &Sheet<'_>, shape: &Shape) -> Result<(), ChartError> {
    let point = |(x, y): Point| (whole(x), whole(y));
    match shape {
        Shape::Line { points, color, width } => {
            let style = rgb(*color).stroke_width(whole(*width).unsigned_abs());
            let points: Vec<(i32, i32)> = points.iter().map(|at| point(*at)).collect();
            root.draw(&PathElement::new(points, style)).map_err(draw_error)
        }
        Shape::Box { corners: (a, b), color } => {
            root.draw(&Rectangle::new([point(*a), point(*b)], rgb(*color).filled())).map_err(draw_error)
        }
        Shape::Text(label) => {
            let h = match label.align {
                Align::Left => HPos::Left,
                Align::Center => HPos::Center,
                Align::Right => HPos::Right,
            };
            let style = if label.bold { FontStyle::Bold } else { FontStyle::Normal };
            let turn = if label.upright { FontTransform::Rotate270 } else { FontTransform::None };
            let font =
                FontDesc::new(FontFamily::SansSerif, label.size * SCALE * FONT_SIZE_RATIO, style).transform(turn);
            let color = rgb(label.color);
            let style = TextStyle::from(font).color(&color).pos(Pos::new(h, VPos::Center));
            root.draw(&Text::new(label.text.clone(), point(label.at), style)).map_err(draw_error)
        }
    }
}

/// Cuts a line into dashes.
fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
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
