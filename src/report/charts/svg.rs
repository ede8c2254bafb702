//! A sheet as an SVG document, by plotters.
//!
//! plotters has whole pixels only, so the sheet is drawn four times as large and the size on the
//! `<svg>` tag set back: curves stay smooth. Title and note are the document's title and
//! description, also where they do not stand on the sheet.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontFamily, FontTransform};

use super::ChartError;
use super::canvas::{Align, Canvas, FONT_SIZE_RATIO, Label, Point, Shape, VEIL, register_fonts};
use super::look::Color;

const SCALE: f64 = 4.0;

type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Canvas {
    /// The sheet as an SVG document.
    pub(super) fn svg(&self) -> Result<String, ChartError> {
        register_fonts();
        let (width, height) = (whole(self.theme.width()), whole(self.height));
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
        let (outer_width, unit) = self.theme.outer();
        let outer_height = outer_width * self.height / self.theme.width();
        let large = format!("<svg width=\"{width}\" height=\"{height}\"");
        let nominal = format!("<svg role=\"img\" width=\"{outer_width}{unit}\" height=\"{outer_height}{unit}\"");
        let fonts = "font-family=\"DejaVu Sans, Verdana, sans-serif\"";
        let svg = svg.replacen(&large, &nominal, 1).replace("font-family=\"sans-serif\"", fonts);
        let words = format!(">\n<title>{}</title>\n<desc>{}</desc>\n", markup(&self.title), markup(&self.note));
        Ok(svg.replacen(">\n", &words, 1))
    }
}

/// Text with what XML reserves escaped.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) fn draw_error(error: impl std::fmt::Debug) -> ChartError {
    ChartError::Drawing(format!("{error:?}"))
}

/// A nominal length in plotters' pixels.
fn whole(length: f64) -> i32 {
    (length * SCALE).round() as i32
}

pub(super) const fn rgb(color: Color) -> RGBColor {
    RGBColor(color.0, color.1, color.2)
}

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
        Shape::Polygon { points, color } => {
            let points: Vec<(i32, i32)> = points.iter().map(|at| point(*at)).collect();
            root.draw(&Polygon::new(points, rgb(*color).filled())).map_err(draw_error)
        }
        Shape::Veil { points, color } => {
            let points: Vec<(i32, i32)> = points.iter().map(|at| point(*at)).collect();
            root.draw(&Polygon::new(points, rgb(*color).mix(VEIL).filled())).map_err(draw_error)
        }
        Shape::Text(label) => draw_text(root, label),
    }
}

fn draw_text(root: &Sheet<'_>, label: &Label) -> Result<(), ChartError> {
    let h = match label.align {
        Align::Left => HPos::Left,
        Align::Center => HPos::Center,
        Align::Right => HPos::Right,
    };
    let style = if label.bold { FontStyle::Bold } else { FontStyle::Normal };
    let turn = if label.upright { FontTransform::Rotate270 } else { FontTransform::None };
    let font = FontDesc::new(FontFamily::SansSerif, label.size * SCALE * FONT_SIZE_RATIO, style).transform(turn);
    let color = rgb(label.color);
    let style = TextStyle::from(font).color(&color).pos(Pos::new(h, VPos::Center));
    root.draw(&Text::new(label.text.clone(), (whole(label.at.0), whole(label.at.1)), style)).map_err(draw_error)
}
