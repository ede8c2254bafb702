//! A sheet as a PNG picture, by plotters' bitmap backend and the embedded font.
//!
//! The bitmap is drawn several times too large and shrunk, which smooths every edge. Lines are
//! drawn piece by piece: plotters' own outlines of thick lines have holes where a line turns back
//! within its width. Letters are placed by us, since plotters leaves out the space that a letter
//! has at its left. The file says how large it is in print, and holds title and note as text.

use ab_glyph::{Font, FontRef, ScaleFont};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::ChartError;
use super::canvas::{Align, Canvas, Label, Point, Shape, VEIL};
use super::svg::{draw_error, rgb};

/// How many pixels of the large bitmap become one, in each direction.
const SUPERSAMPLING: u32 = 3;

type Sheet<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// The large bitmap, and how many of its pixels a nominal one has.
struct Brush<'a, 'b> {
    root: &'a Sheet<'b>,
    scale: f64,
    fonts: [FontRef<'static>; 2],
}

/// The pixels of a picture.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Raster {
    pub(in crate::report) width: u32,
    pub(in crate::report) height: u32,
    /// The width of the sheet in nominal pixels.
    pub(in crate::report) nominal: f64,
    /// Pixels in a metre, when it is meant for print.
    pub(in crate::report) per_metre: Option<u32>,
}

impl Canvas {
    /// The sheet as a PNG file.
    pub(super) fn png(&self) -> Result<Vec<u8>, ChartError> {
        let (width, per_metre) = self.theme.pixels();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sheets are small")]
        let height = (f64::from(width) * self.height / self.theme.width()).round() as u32;
        let raster = Raster { width, height, nominal: self.theme.width(), per_metre };
        picture(&self.shapes, raster, (&self.title, &self.note))
    }
}

/// Shapes as a PNG file with a title and a description.
///
/// # Errors
/// When the drawing library refuses.
pub(in crate::report) fn picture(
    shapes: &[Shape],
    raster: Raster,
    (title, note): (&str, &str),
) -> Result<Vec<u8>, ChartError> {
    let Raster { width, height, nominal, per_metre } = raster;
    let (large_width, large_height) = (width * SUPERSAMPLING, height * SUPERSAMPLING);
    let mut large = vec![0xff; large_width as usize * large_height as usize * 3];
    {
        let root = BitMapBackend::with_buffer(&mut large, (large_width, large_height)).into_drawing_area();
        let font = |bytes| FontRef::try_from_slice(bytes).map_err(draw_error);
        let fonts = [font(dejavu::sans::regular())?, font(dejavu::sans::bold())?];
        let brush = Brush { root: &root, scale: f64::from(large_width) / nominal, fonts };
        for shape in shapes {
            brush.draw(shape)?;
        }
        root.present().map_err(draw_error)?;
    }
    let pixels = shrunk(&large, width as usize, height as usize);
    let mut file = Vec::new();
    {
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let unit = png::Unit::Meter;
        encoder.set_pixel_dims(per_metre.map(|n| png::PixelDimensions { xppu: n, yppu: n, unit }));
        for (keyword, text) in [("Title", title), ("Description", note)] {
            encoder.add_itxt_chunk(keyword.to_owned(), text.to_owned()).map_err(draw_error)?;
        }
        let mut writer = encoder.write_header().map_err(draw_error)?;
        writer.write_image_data(&pixels).map_err(draw_error)?;
    }
    Ok(file)
}

/// The mean of each square of pixels.
fn shrunk(large: &[u8], width: usize, height: usize) -> Vec<u8> {
    let by = SUPERSAMPLING as usize;
    let stride = width * by * 3;
    let mut out = Vec::with_capacity(width * height * 3);
    let mut sums = vec![0_u16; width * 3];
    for rows in large.chunks_exact(stride * by) {
        sums.fill(0);
        for row in rows.chunks_exact(stride) {
            for (square, sum) in row.chunks_exact(by * 3).zip(sums.chunks_exact_mut(3)) {
                for pixel in square.chunks_exact(3) {
                    sum.iter_mut().zip(pixel).for_each(|(sum, level)| *sum += u16::from(*level));
                }
            }
        }
        let all = SUPERSAMPLING * SUPERSAMPLING;
        out.extend(sums.iter().map(|sum| ((u32::from(*sum) + all / 2) / all) as u8));
    }
    out
}

impl Brush<'_, '_> {
    fn at(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn draw(&self, shape: &Shape) -> Result<(), ChartError> {
        match shape {
            Shape::Line { points, color, width } => {
                let half = (width / 2.0).max(0.5 / self.scale);
                for pair in points.windows(2) {
                    self.stroke(pair[0], pair[1], half, rgb(*color))?;
                }
                // a disc at each bend closes the gap at its outer side
                if points.len() > 2 {
                    for at in &points[1..points.len() - 1] {
                        let disc = Circle::new(self.at(*at), (half * self.scale) as i32, rgb(*color).filled());
                        self.root.draw(&disc).map_err(draw_error)?;
                    }
                }
                Ok(())
            }
            Shape::Box { corners: (a, b), color } => {
                let (a, b) = (self.at(*a), self.at(*b));
                // plotters counts the last pixel in
                let b = ((b.0 - 1).max(a.0), (b.1 - 1).max(a.1));
                self.root.draw(&Rectangle::new([a, b], rgb(*color).filled())).map_err(draw_error)
            }
            Shape::Polygon { points, color } => {
                let points: Vec<(i32, i32)> = points.iter().map(|at| self.at(*at)).collect();
                self.root.draw(&Polygon::new(points, rgb(*color).filled())).map_err(draw_error)
            }
            Shape::Veil { points, color } => {
                let points: Vec<(i32, i32)> = points.iter().map(|at| self.at(*at)).collect();
                self.root.draw(&Polygon::new(points, rgb(*color).mix(VEIL).filled())).map_err(draw_error)
            }
            Shape::Text(label) => self.text(label),
        }
    }

    /// One straight piece of a line.
    fn stroke(&self, from: Point, to: Point, half: f64, color: RGBColor) -> Result<(), ChartError> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = libm::sqrt(dx * dx + dy * dy);
        if length < 1e-9 {
            return Ok(());
        }
        let (nx, ny) = (-dy / length * half, dx / length * half);
        if nx.abs() < 1e-9 || ny.abs() < 1e-9 {
            let (a, b) = (
                (from.0.min(to.0) - nx.abs(), from.1.min(to.1) - ny.abs()),
                (from.0.max(to.0) + nx.abs(), from.1.max(to.1) + ny.abs()),
            );
            let (a, b) = (self.at(a), self.at(b));
            let b = ((b.0 - 1).max(a.0), (b.1 - 1).max(a.1));
            return self.root.draw(&Rectangle::new([a, b], color.filled())).map_err(draw_error);
        }
        let corners =
            [(from.0 + nx, from.1 + ny), (to.0 + nx, to.1 + ny), (to.0 - nx, to.1 - ny), (from.0 - nx, from.1 - ny)];
        let corners: Vec<(i32, i32)> = corners.into_iter().map(|at| self.at(at)).collect();
        self.root.draw(&Polygon::new(corners, color.filled())).map_err(draw_error)
    }

    /// A text, its letters where the font wants them.
    fn text(&self, label: &Label) -> Result<(), ChartError> {
        let font = &self.fonts[usize::from(label.bold)];
        let em = label.size * self.scale;
        // ab_glyph's size is the height from the lowest descender to the highest ascender
        let units = font.units_per_em().unwrap_or(2048.0);
        let font = font.as_scaled(em as f32 * font.height_unscaled() / units);
        let (mut glyphs, mut width, mut before) = (Vec::new(), 0.0_f32, None);
        for letter in label.text.chars() {
            let id = font.glyph_id(letter);
            width += before.map_or(0.0, |before| font.kern(before, id));
            glyphs.push((id, width));
            width += font.h_advance(id);
            before = Some(id);
        }
        let (x, y) = (label.at.0 * self.scale, label.at.1 * self.scale);
        let back = match label.align {
            Align::Left => 0.0,
            Align::Center => f64::from(width) / 2.0,
            Align::Right => f64::from(width),
        };
        // half the height of small letters, as in the SVG
        let down = 0.2735 * em;
        for (id, along) in glyphs {
            let Some(outline) = font.outline_glyph(id.with_scale_and_position(font.scale(), ab_glyph::point(0.0, 0.0)))
            else {
                continue;
            };
            let bounds = outline.px_bounds();
            let mut drawn = Ok(());
            outline.draw(|column, row, cover| {
                let right = f64::from(along) - back + f64::from(bounds.min.x) + f64::from(column);
                let below = down + f64::from(bounds.min.y) + f64::from(row);
                let (px, py) = if label.upright { (x + below, y - right) } else { (x + right, y + below) };
                if cover > 0.0 && drawn.is_ok() {
                    let color = rgb(label.color).mix(f64::from(cover.min(1.0)));
                    drawn = self.root.draw_pixel((px.round() as i32, py.round() as i32), &color);
                }
            });
            drawn.map_err(draw_error)?;
        }
        Ok(())
    }
}
