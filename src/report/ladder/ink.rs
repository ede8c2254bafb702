//! What a sheet of a ladder consists of, before it is written as SVG or drawn as PNG.

use crate::report::charts::{Align, ChartError, Color, Label, Raster, Shape, around, dashes, picture};

/// A stroke of the pen, or a text.
#[derive(Clone, Debug)]
pub(super) enum Ink {
    /// What follows belongs to a step, which is in words.
    Step(String),
    /// The step's last was before.
    StepEnd,
    /// A line.
    Line { points: Vec<(f64, f64)>, color: Color, width: f64, dash: &'static [f64] },
    /// A filled polygon.
    Polygon { points: Vec<(f64, f64)>, color: Color },
    /// A filled box: left, top, width, height; with an edge or without.
    Box { area: [f64; 4], fill: Color, edge: Option<Color> },
    /// A filled disc.
    Disc { at: (f64, f64), radius: f64, color: Color },
    /// A text whose letters stand on that height.
    Text { at: (f64, f64), text: String, whole: Option<String>, size: f64, color: Color, align: Align },
}

/// Pixels that a PNG may have: as many as a column of a paper, and then some.
const MOST_PIXELS: f64 = 12.0e6;

/// Why a sheet does not become a PNG.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PngError {
    /// It would have too many pixels.
    #[error(
        "{0} by {1} pixels are too many for a PNG: choose sheets with --for, fewer messages with a filter, or take the SVG"
    )]
    TooLarge(u64, u64),
    /// The drawing library refused.
    #[error("{0}")]
    Drawing(String),
}

impl From<ChartError> for PngError {
    fn from(error: ChartError) -> Self {
        Self::Drawing(error.to_string())
    }
}

/// Draws a sheet of that size as PNG, so many pixels for each of its own.
pub(super) fn png(
    inks: &[&[Ink]],
    (width, height): (f64, f64),
    (dots, per_metre): (f64, Option<u32>),
    words: (&str, &str),
) -> Result<Vec<u8>, PngError> {
    let size = [width, height].map(|length| (length * dots).round().max(1.0));
    if size[0] * size[1] > MOST_PIXELS {
        return Err(PngError::TooLarge(size[0] as u64, size[1] as u64));
    }
    let shapes: Vec<Shape> = inks.iter().flat_map(|inks| inks.iter()).flat_map(shapes).collect();
    let raster = Raster { width: size[0] as u32, height: size[1] as u32, nominal: width, per_metre };
    Ok(picture(&shapes, raster, words)?)
}

/// The shapes with which charts are drawn.
fn shapes(ink: &Ink) -> Vec<Shape> {
    match ink {
        Ink::Step(_) | Ink::StepEnd => Vec::new(),
        Ink::Line { points, color, width, dash } => dashes(points, dash)
            .into_iter()
            .map(|points| Shape::Line { points, color: *color, width: *width })
            .collect(),
        Ink::Polygon { points, color } => vec![Shape::Polygon { points: points.clone(), color: *color }],
        Ink::Box { area: [left, top, width, height], fill, edge } => {
            let (right, bottom) = (left + width, top + height);
            let mut shapes = vec![Shape::Box { corners: ((*left, *top), (right, bottom)), color: *fill }];
            let around = [(*left, *top), (right, *top), (right, bottom), (*left, bottom), (*left, *top)];
            shapes.extend(edge.map(|color| Shape::Line { points: around.to_vec(), color, width: 1.0 }));
            shapes
        }
        Ink::Disc { at, radius, color } => {
            vec![Shape::Polygon { points: around(*at, *radius, 40, 0.0), color: *color }]
        }
        Ink::Text { at: (x, base), text, whole: _, size, color, align } => {
            // charts place texts by the middle of their small letters
            let label = Label::new((*x, base - 0.2735 * size), text.clone(), *size, *align);
            vec![Shape::Text(label.color(*color))]
        }
    }
}
