//! Lines and bands in one frame, and what panels of a chart have in common.

use super::super::axes::{Frame, Key, NAME_SIZE, NOTE_SIZE, legend, thin};
use super::super::canvas::{Align, Canvas, Label, Point, fitted, text_width};
use super::super::look::{AXIS, Color, INK, Marker, NOTE, PENS, Pen, Theme};
use super::super::scale::Scale;
use super::{Axis, Curve, Estimate, Panel, Spacing, add_remark, clean, heading};

/// Values that span more than this factor have a logarithmic axis, if nobody said which.
const MOST_LINEAR: f64 = 50.0;
/// A linear axis begins at 0 if the least value is below this share of the largest.
const NEAR_ZERO: f64 = 0.6;
/// Signs on one line.
const MOST_SIGNS: usize = 24;
/// The dashes of curves, which are thin and have no signs.
const CURVES: [&[f64]; 3] = [&[2.0, 2.5], &[14.0, 3.0, 2.0, 3.0], &[]];

/// Names in the order of their first use.
type Names = Vec<String>;

/// The values of an axis.
#[derive(Clone, Debug)]
struct Extent {
    text: String,
    low: f64,
    high: f64,
    log: bool,
}

impl Extent {
    /// Of the values that are drawn, and of how far those that only reach there do.
    fn of(axis: &Axis, values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)));
        let log = match axis.spacing {
            Spacing::Linear => false,
            Spacing::Logarithmic => true,
            Spacing::Fitting => low > 0.0 && high > MOST_LINEAR * low,
        };
        (low <= high).then(|| Self { text: clean(&axis.text), low, high, log })
    }

    /// A scale with about so many ticks and some room at both ends; one that is near 0 begins there.
    fn scale(&self, count: f64) -> Scale {
        if self.log {
            return Scale::factors(&self.text, self.low / 1.1, self.high * 1.1);
        }
        let room = (self.high - self.low) * 0.04;
        let (mut low, mut high) = (self.low - room, self.high + room);
        if self.low >= 0.0 && self.low <= NEAR_ZERO * self.high {
            low = 0.0;
        }
        if self.high <= 0.0 && self.high >= NEAR_ZERO * self.low {
            high = 0.0;
        }
        Scale::between(&self.text, low, high, count)
    }
}

/// One series of a panel: its name's place among all names, and its points by x.
type Line = (usize, Vec<Estimate>);

/// Panels with what they have in common: axes, names, and what is not shown.
#[derive(Clone, Debug)]
pub(super) struct Plan<'a> {
    pub(super) panels: Vec<(&'a Panel, Vec<Line>)>,
    names: Names,
    curves: Names,
    x: Extent,
    y: Extent,
    left_out: [(usize, [&'static str; 2]); 2],
}

impl<'a> Plan<'a> {
    /// None if no point is left.
    pub(super) fn of(panels: &'a [Panel], x: &Axis, y: &Axis) -> Option<Self> {
        let (mut names, mut curves): (Names, Names) = (Vec::new(), Vec::new());
        for panel in panels {
            panel
                .series
                .iter()
                .filter(|series| !series.points.is_empty())
                .for_each(|series| note(&mut names, &series.name));
            panel.curves.iter().for_each(|curve| note(&mut curves, &curve.name));
        }
        let too_many = names.len().saturating_sub(PENS);
        names.truncate(PENS);
        let mut unfit = 0;
        let mut drawn = Vec::new();
        for panel in panels {
            let mut lines = Vec::new();
            for series in &panel.series {
                let Some(name) = names.iter().position(|name| *name == series.name) else { continue };
                let fits = |point: &&Estimate| fits(point.x, x.spacing) && fits(point.mid, y.spacing);
                let mut points: Vec<Estimate> = series.points.iter().filter(fits).map(honest).collect();
                unfit += series.points.len() - points.len();
                points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.mid.total_cmp(&b.mid)));
                lines.push((name, points));
            }
            drawn.push((panel, lines));
        }
        let points = || drawn.iter().flat_map(|(_, lines)| lines).flat_map(|(_, points)| points);
        let reach = |point: &Estimate| {
            let (low, high) = point.interval.unwrap_or((point.mid, point.mid));
            // what a logarithmic axis cannot hold is cut off
            let low = if y.spacing == Spacing::Logarithmic && low <= 0.0 { point.mid } else { low };
            [point.mid, low, high]
        };
        points().next()?;
        let along = || {
            panels.iter().flat_map(|panel| &panel.curves).filter(|curve| curve.whole).flat_map(|curve| &curve.points)
        };
        let along = || along().filter(|(at, value)| fits(*at, x.spacing) && fits(*value, y.spacing));
        let x = Extent::of(x, points().map(|point| point.x).chain(along().map(|(at, _)| *at)))?;
        let y = Extent::of(y, points().flat_map(reach).chain(along().map(|(_, value)| *value)))?;
        let left_out = [(unfit, ["unfit value", "unfit values"]), (too_many, ["series", "series"])];
        Some(Self { panels: drawn, names, curves, x, y, left_out })
    }

    pub(super) fn x(&self, count: f64) -> Scale {
        self.x.scale(count)
    }

    pub(super) fn y(&self, count: f64) -> Scale {
        self.y.scale(count)
    }

    /// The note with what is not shown.
    pub(super) fn note(&self, note: &str) -> String {
        let mut note = note.to_owned();
        self.left_out.iter().for_each(|(count, what)| add_remark(&mut note, *count, *what));
        note
    }

    /// The legend; gives the height below it.
    pub(super) fn legend(&self, canvas: &mut Canvas, interval: &str) -> f64 {
        let named = self.names.len() > 1 || self.names.iter().any(|name| !name.is_empty());
        let theme = canvas.theme;
        let line = |(index, name): (usize, &String)| (Key::Line(theme.pen(index)), clean(name));
        let mut keys: Vec<(Key, String)> = self.names.iter().enumerate().filter(|_| named).map(line).collect();
        let curve = |(index, name): (usize, &String)| (Key::Plain(curve_pen(index)), clean(name));
        keys.extend(self.curves.iter().enumerate().filter(|(_, name)| !name.is_empty()).map(curve));
        let mut points = self.panels.iter().flat_map(|(_, lines)| lines).flat_map(|(_, points)| points);
        if !interval.is_empty() && points.any(|point| point.interval.is_some()) {
            let color = if keys.len() == 1 { theme.pen(0).color } else { NOTE };
            keys.push((Key::Veil(color), clean(interval)));
        }
        canvas.pens.extend((0..self.names.len()).map(|index| theme.pen(index)));
        if keys.is_empty() { theme.top() } else { legend(canvas, 24.0, &keys) }
    }

    /// The chart of a single panel.
    pub(super) fn single(&self, theme: Theme, (title, note): (&str, &str), interval: &str) -> Canvas {
        let mut canvas = heading(theme, theme.height(), (title, &self.note(note)));
        let mut frame = Frame::new(theme, self.x(6.0), self.y(5.0));
        frame.top = self.legend(&mut canvas, interval);
        name_y(&mut canvas, &mut frame);
        frame.draw_y_ticks(&mut canvas, true);
        frame.draw_x(&mut canvas);
        if let Some((panel, lines)) = self.panels.first() {
            self.draw(&mut canvas, &frame, lines, &panel.curves);
        }
        canvas
    }

    /// Draws bands, curves and lines into a frame.
    pub(super) fn draw(&self, canvas: &mut Canvas, frame: &Frame, lines: &[Line], curves: &[Curve]) {
        if frame.y.low() < 0.0 && frame.y.high() > 0.0 {
            let zero = frame.at_y(0.0);
            canvas.line(&[(frame.left, zero), (frame.right, zero)], AXIS, 1.2, &[]);
        }
        let theme = canvas.theme;
        for (index, points) in lines.iter().rev() {
            band(canvas, frame, points, theme.pen(*index).color);
        }
        for curve in curves {
            let index = self.curves.iter().position(|name| *name == curve.name).unwrap_or(0);
            let pen = curve_pen(index);
            for piece in pieces(frame, &curve.points) {
                canvas.line(&thin(piece), pen.color, 1.5, pen.dash);
            }
        }
        let most = lines.len();
        for (place, (index, points)) in lines.iter().enumerate().rev() {
            let pen = theme.pen(*index);
            let at: Vec<Point> = points.iter().map(|point| frame.at(point.x, point.mid)).collect();
            canvas.line(&thin(at.clone()), pen.color, 2.5, pen.dash);
            // of many points each so-and-so-many-th has a sign, on each line another one
            let every = at.len().div_ceil(MOST_SIGNS).max(1);
            for at in at.iter().skip(place * every / most.max(1)).step_by(every) {
                canvas.marker(*at, pen.marker, pen.color);
            }
        }
    }
}

/// The scale of colours for values.
pub(super) fn color_scale(axis: &Axis, values: impl Iterator<Item = f64>) -> Option<Scale> {
    let extent = Extent::of(axis, values)?;
    // a field of one colour has the middle one
    let alone = extent.low == extent.high;
    Some(match extent.log {
        true if alone => Scale::factors(&extent.text, extent.low / 2.0, extent.high * 2.0),
        true => Scale::factors(&extent.text, extent.low, extent.high),
        false => Scale::between(&extent.text, extent.low, extent.high, 5.0),
    })
}

fn note(names: &mut Names, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

pub(super) fn fits(value: f64, spacing: Spacing) -> bool {
    value.is_finite() && (spacing != Spacing::Logarithmic || value > 0.0)
}

/// A point whose interval has two ends, the lower one first, and holds it.
fn honest(point: &Estimate) -> Estimate {
    let whole = |(low, high): &(f64, f64)| low.is_finite() && high.is_finite();
    let sorted = |(a, b): (f64, f64)| (a.min(b).min(point.mid), a.max(b).max(point.mid));
    Estimate { interval: point.interval.filter(whole).map(sorted), ..*point }
}

const fn curve_pen(index: usize) -> Pen {
    Pen { color: INK, dash: CURVES[index % CURVES.len()], marker: Marker::Circle }
}

/// The intervals of points that follow each other as a band, those of others as strokes.
fn band(canvas: &mut Canvas, frame: &Frame, points: &[Estimate], color: Color) {
    for run in points.chunk_by(|a, b| a.interval.is_some() == b.interval.is_some()) {
        let ends: Vec<(f64, (f64, f64))> =
            run.iter().filter_map(|point| Some((frame.at_x(point.x), point.interval?))).collect();
        let edge = |end: fn((f64, f64)) -> f64| -> Vec<Point> {
            thin(ends.iter().map(|(x, interval)| (*x, frame.at_y(end(*interval)))).collect())
        };
        let (low, high) = (edge(|(low, _)| low), edge(|(_, high)| high));
        if let ([low], [high]) = (&low[..], &high[..]) {
            canvas.line(&[*low, *high], color, 1.8, &[]);
            for (x, y) in [low, high] {
                canvas.line(&[(x - 5.0, *y), (x + 5.0, *y)], color, 1.8, &[]);
            }
            continue;
        }
        if !low.is_empty() {
            canvas.veil(high.iter().chain(low.iter().rev()).copied().collect(), color);
            canvas.line(&low, color, 0.8, &[]);
            canvas.line(&high, color, 0.8, &[]);
        }
    }
}

/// The parts of a curve within the frame.
fn pieces(frame: &Frame, curve: &[(f64, f64)]) -> Vec<Vec<Point>> {
    let share = |(x, y): (f64, f64)| (frame.x.place(x), frame.y.place(y));
    let sheet =
        |(x, y): Point| (frame.left + x * (frame.right - frame.left), frame.bottom - y * (frame.bottom - frame.top));
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut end = None;
    for pair in curve.windows(2) {
        let (from, to) = (share(pair[0]), share(pair[1]));
        let finite = [from.0, from.1, to.0, to.1].into_iter().all(f64::is_finite);
        let Some((a, b)) = within(from, to).filter(|_| finite) else { continue };
        match pieces.last_mut() {
            Some(piece) if end == Some(a) => piece.push(sheet(b)),
            Some(_) | None => pieces.push(vec![sheet(a), sheet(b)]),
        }
        end = Some(b);
    }
    pieces
}

/// The part of a stroke within the unit square.
fn within(from: Point, to: Point) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut begin, mut end) = (0.0_f64, 1.0_f64);
    for (at, step) in [(from.0, dx), (from.1, dy)] {
        if step == 0.0 {
            if !(0.0..=1.0).contains(&at) {
                return None;
            }
            continue;
        }
        let (one, other) = (-at / step, (1.0 - at) / step);
        begin = begin.max(one.min(other));
        end = end.min(one.max(other));
    }
    let along = |share: f64| (from.0 + share * dx, from.1 + share * dy);
    let first = if begin > 0.0 { along(begin) } else { from };
    let last = if end < 1.0 { along(end) } else { to };
    (begin < end).then_some((first, last))
}

/// Writes the upright axis' name: beside it, or above the frame when it is longer than that.
pub(super) fn name_y(canvas: &mut Canvas, frame: &mut Frame) {
    const LEAST: f64 = 0.8;
    if text_width(&frame.y.name, NAME_SIZE * LEAST, false) <= frame.bottom - frame.top {
        frame.name_y(canvas, 0.0);
        return;
    }
    let (name, size) = fitted(&frame.y.name, NOTE_SIZE, canvas.theme.width() - 32.0);
    if name != frame.y.name {
        canvas.cut.push(frame.y.name.clone());
    }
    canvas.text(Label::new((16.0, frame.top), name, size, Align::Left));
    frame.top += 22.0;
    frame.left -= 28.0;
}
