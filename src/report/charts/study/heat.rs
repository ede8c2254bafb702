//! A field of colours for two parameters, with the scale of its colours beside it.
//!
//! Colours go from light to dark, so that a copy in black and white says the same, and the value stands
//! in its cell where all have room.

use super::super::Drawing;
use super::super::axes::{Frame, Key, NAME_SIZE, TICK_SIZE, legend};
use super::super::canvas::{Align, Canvas, Label, fitted, text_width};
use super::super::look::{AXIS, Color, Fill, Hatch, INK, PAPER, Theme, light};
use super::super::scale::{Scale, short};
use super::panel::name_y;
use super::{Axis, add_remark, clean, empty, heading};

/// Steps of the scale of colours.
const STEPS: u32 = 48;
/// The smallest size of a value in its cell.
const LEAST_SIZE: f64 = 12.0;
/// The width of the scale of colours, and of the room before it.
const BAR: f64 = 20.0;
const BEFORE_BAR: f64 = 20.0;
/// Where there is no value.
const MISSING: Fill = Fill { color: PAPER, hatch: Hatch::Rising };

/// A field of colours for two parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// Its title.
    pub title: String,
    /// A line below the title.
    pub note: String,
    /// The parameter that goes to the right, with its unit.
    pub x: String,
    /// Its values, in order.
    pub columns: Vec<String>,
    /// The parameter that goes up, with its unit.
    pub y: String,
    /// Its values, from below.
    pub rows: Vec<String>,
    /// What was found, with its unit, and how its colours are spaced.
    pub value: Axis,
    /// The values: for each row one for each column. What is missing, or no number, is hatched.
    pub cells: Vec<Vec<Option<f64>>>,
}

impl HeatMap {
    /// The value of a cell, if it has one.
    fn at(&self, row: usize, column: usize) -> Option<f64> {
        let value = self.cells.get(row)?.get(column).copied().flatten()?;
        super::panel::fits(value, self.value.spacing).then_some(value)
    }

    /// Draws it.
    #[must_use]
    pub fn draw(&self, theme: Theme) -> Drawing {
        let places = || (0..self.rows.len()).flat_map(|row| (0..self.columns.len()).map(move |column| (row, column)));
        let values = places().filter_map(|(row, column)| self.at(row, column));
        let Some(scale) = super::panel::color_scale(&self.value, values) else {
            return empty(theme, &self.title);
        };
        let given = self.cells.iter().flatten().flatten().count();
        let shown = places().filter(|(row, column)| self.at(*row, *column).is_some()).count();
        let mut note = self.note.clone();
        add_remark(&mut note, given - shown.min(given), ["unfit value", "unfit values"]);
        let mut canvas = heading(theme, theme.height(), (&self.title, &note));
        let labels: Vec<(String, f64)> =
            self.rows.iter().map(|row| fitted(&clean(row), TICK_SIZE, 0.25 * theme.width())).collect();
        let none = |name: &str| Scale::fixed(&clean(name), (0.0, 1.0), Vec::new());
        let mut frame = Frame::new(theme, none(&self.x), none(&self.y));
        if shown < self.rows.len() * self.columns.len() {
            frame.top = legend(&mut canvas, 24.0, &[(Key::Box(MISSING), "no value".to_owned())]) - 4.0;
        }
        frame.left += widest(&labels);
        // above the field it may be as long as the sheet is wide, so it comes first
        name_y(&mut canvas, &mut frame);
        frame.right = bar(&mut canvas, &frame, &scale);
        frame.name_x(&mut canvas);
        self.cells(&mut canvas, &frame, &scale);
        self.names(&mut canvas, &frame, &labels);
        Drawing(canvas)
    }

    fn cells(&self, canvas: &mut Canvas, frame: &Frame, scale: &Scale) {
        let (count, rows) = (self.columns.len() as f64, self.rows.len() as f64);
        let (width, height) = ((frame.right - frame.left) / count, (frame.bottom - frame.top) / rows);
        let size = self.text_size(width, height);
        for row in 0..self.rows.len() {
            let bottom = frame.bottom - row as f64 * height;
            for column in 0..self.columns.len() {
                let left = frame.left + column as f64 * width;
                let corners = ((left, bottom - height), (left + width, bottom));
                let Some(value) = self.at(row, column) else {
                    canvas.part(corners.0, corners.1, MISSING);
                    continue;
                };
                let color = ramp(canvas.theme, scale.share_of(value));
                // a little more than the cell, so that nothing shines through between two
                let (top, right) = ((corners.0.1 - 0.7).max(frame.top), (corners.1.0 + 0.7).min(frame.right));
                canvas.fill((left, top), (right, bottom), color);
                if let Some(size) = size {
                    let at = (left + width / 2.0, bottom - height / 2.0);
                    let ink = if light(color) < 0x80 { PAPER } else { INK };
                    canvas.text(Label::new(at, short(value), size, Align::Center).color(ink));
                }
            }
        }
        let corner = [(frame.left, frame.top), (frame.right, frame.top), (frame.right, frame.bottom)];
        canvas.line(&[corner[0], corner[1], corner[2], (frame.left, frame.bottom), corner[0]], AXIS, 1.0, &[]);
    }

    /// The size at which all values have room in their cells.
    fn text_size(&self, width: f64, height: f64) -> Option<f64> {
        let values = self.cells.iter().flatten().flatten();
        let widest = values.map(|value| text_width(&short(*value), TICK_SIZE, false)).fold(1.0, f64::max);
        let size = (TICK_SIZE * (width - 8.0) / widest).min(height - 6.0).min(TICK_SIZE);
        (size >= LEAST_SIZE).then_some((size * 4.0).floor() / 4.0)
    }

    /// The values of the parameters, as many as have room.
    fn names(&self, canvas: &mut Canvas, frame: &Frame, rows: &[(String, f64)]) {
        let height = (frame.bottom - frame.top) / rows.len() as f64;
        let every = ((TICK_SIZE + 3.0) / height).ceil().max(1.0) as usize;
        for (index, (name, size)) in rows.iter().enumerate().step_by(every) {
            let y = frame.bottom - (index as f64 + 0.5) * height;
            canvas.text(Label::new((frame.left - 8.0, y), name, *size, Align::Right));
        }
        let width = (frame.right - frame.left) / self.columns.len() as f64;
        let mut names: Vec<(String, f64)> =
            self.columns.iter().map(|name| fitted(&clean(name), TICK_SIZE, width.max(90.0))).collect();
        let least = names.iter().map(|(_, size)| *size).fold(TICK_SIZE, f64::min);
        names.iter_mut().for_each(|(_, size)| *size = least);
        let every = ((widest(&names) + 10.0) / width).ceil().max(1.0) as usize;
        for (index, (name, size)) in names.into_iter().enumerate().step_by(every) {
            let x = frame.left + (index as f64 + 0.5) * width;
            canvas.text(Label::new((x, frame.bottom + 18.0), name, size, Align::Center));
        }
    }
}

fn widest(texts: &[(String, f64)]) -> f64 {
    texts.iter().map(|(text, size)| text_width(text, *size, false)).fold(0.0, f64::max)
}

/// Draws the scale of colours at the right of the sheet; gives where the field may end.
fn bar(canvas: &mut Canvas, frame: &Frame, scale: &Scale) -> f64 {
    let labels: Vec<(String, f64)> = scale.ticks.iter().map(|(_, label)| (label.clone(), TICK_SIZE)).collect();
    let width = canvas.theme.width();
    let right = width - 36.0 - widest(&labels) - 10.0;
    let left = right - BAR;
    let height = frame.bottom - frame.top;
    let at = |share: f64| frame.bottom - share * height;
    for step in 0..STEPS {
        let (from, to) = (f64::from(step) / f64::from(STEPS), f64::from(step + 1) / f64::from(STEPS));
        // each lies on the end of the one before, so that nothing shines through between them
        canvas.fill((left, at(from)), (right, at(1.0)), ramp(canvas.theme, f64::midpoint(from, to)));
    }
    let (top, bottom) = (frame.top, frame.bottom);
    canvas.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], AXIS, 1.0, &[]);
    let mut free = f64::MAX;
    for (value, label) in &scale.ticks {
        let y = at(scale.share_of(*value));
        canvas.line(&[(right, y), (right + 5.0, y)], AXIS, 1.5, &[]);
        if y + TICK_SIZE / 2.0 < free {
            canvas.text(Label::new((right + 9.0, y), label, TICK_SIZE, Align::Left));
            free = y - TICK_SIZE / 2.0;
        }
    }
    let full = scale.name.clone();
    let (name, size) = fitted(&full, NAME_SIZE, height + 28.0);
    if name != full {
        canvas.cut.push(full);
    }
    let half = text_width(&name, size, false) / 2.0;
    let middle = f64::midpoint(top, bottom).max(top + half);
    canvas.text(Label::new((width - 16.0, middle), name, size, Align::Center).upright());
    left - BEFORE_BAR
}

/// The colour of a share of the scale, from light to dark.
pub(super) fn ramp(theme: Theme, share: f64) -> Color {
    const BLUES: [Color; 4] = [(0xf0, 0xf4, 0xf8), (0x56, 0xb4, 0xe9), (0x00, 0x72, 0xb2), (0x00, 0x20, 0x40)];
    const GREYS: [Color; 2] = [(0xf4, 0xf4, 0xf4), (0x1e, 0x1e, 0x1e)];
    let stops: &[Color] = match theme {
        Theme::Slides | Theme::Paper => &BLUES,
        Theme::Handout => &GREYS,
    };
    let along = share.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
    let index = (along.floor() as usize).min(stops.len() - 2);
    let part = along - index as f64;
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    let (a, b) = (stops[index], stops[index + 1]);
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}
