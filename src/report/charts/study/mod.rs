//! Charts of studies: what many runs gave, over what was varied.
//!
//! Lines with the intervals around them over a number ([`BandChart`]), the same in panels beside
//! each other that share their axes ([`PanelChart`]), and a field of colours for two parameters
//! ([`HeatMap`]). All are made of plain numbers and words: what was varied, how intervals came
//! about and where closed forms come from is the caller's. So nothing here knows a run or a plan.
//!
//! What is not a finite number is left out, as is what a logarithmic axis cannot hold, and the note
//! counts it. A chart of which nothing is left is a sheet that says so.

mod grid;
mod heat;
mod panel;

use super::Drawing;
use super::axes;
use super::canvas::Canvas;
use super::look::Theme;
use crate::report::values::escape;

pub use heat::HeatMap;

/// How the steps of an axis follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spacing {
    /// By differences.
    Linear,
    /// By factors; values that are not positive are left out.
    Logarithmic,
    /// By factors when all values are positive and span a factor of more than fifty, else by differences.
    #[default]
    Fitting,
}

/// An axis of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    /// What its numbers count, with their unit: `offered load (messages/s)`.
    pub text: String,
    /// How its steps follow each other.
    pub spacing: Spacing,
}

impl Axis {
    /// An axis that fits its values.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), spacing: Spacing::Fitting }
    }

    /// The same axis with steps of its own.
    #[must_use]
    pub const fn spaced(mut self, spacing: Spacing) -> Self {
        self.spacing = spacing;
        self
    }
}

/// What was found at one value of the parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The parameter.
    pub x: f64,
    /// The value that was found.
    pub mid: f64,
    /// The ends of the interval around it; none if there is no honest one.
    pub interval: Option<(f64, f64)>,
}

impl Estimate {
    /// A value with its interval.
    #[must_use]
    pub const fn within(x: f64, low: f64, mid: f64, high: f64) -> Self {
        Self { x, mid, interval: Some((low, high)) }
    }

    /// A value of which nobody knows how sure it is.
    #[must_use]
    pub const fn alone(x: f64, mid: f64) -> Self {
        Self { x, mid, interval: None }
    }
}

/// A series of a chart. Series of one name are drawn alike in all panels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StudySeries {
    /// What the legend calls it; empty for the only one.
    pub name: String,
    /// In any order.
    pub points: Vec<Estimate>,
}

/// A curve that is known without any run, such as a closed form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What the legend calls it; curves of one name are drawn alike and named once.
    pub name: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// The axes are as wide as it needs; without this it is cut off where it leaves the range of the data.
    pub whole: bool,
}

impl Curve {
    /// A curve of a function between two values.
    #[must_use]
    pub fn of(name: impl Into<String>, (from, to): (f64, f64), value: impl Fn(f64) -> f64) -> Self {
        const PLACES: u32 = 200;
        let shares = || (0..=PLACES).map(|index| f64::from(index) / f64::from(PLACES));
        let mut places: Vec<f64> = shares().map(|share| from + (to - from) * share).collect();
        // smooth on either kind of axis
        if from > 0.0 && to > 0.0 {
            places.extend(shares().map(|share| from * libm::pow(to / from, share)));
        }
        places.sort_by(f64::total_cmp);
        Self { name: name.into(), points: places.into_iter().map(|x| (x, value(x))).collect(), whole: false }
    }
}

/// What is drawn into one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What the panel shows of all: `loss 1 %`. Not drawn in a [`BandChart`].
    pub title: String,
    /// Its series.
    pub series: Vec<StudySeries>,
    /// Its curves.
    pub curves: Vec<Curve>,
}

/// Lines with the intervals around them, over a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BandChart {
    /// Its title.
    pub title: String,
    /// A line below the title: what was done, how many replications.
    pub note: String,
    /// The parameter.
    pub x: Axis,
    /// What was found.
    pub y: Axis,
    /// What a band is, for the legend: `95 % interval`. Left out when there is none.
    pub interval: String,
    /// What is drawn.
    pub panel: Panel,
}

/// Panels beside each other that share their axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PanelChart {
    /// Its title.
    pub title: String,
    /// A line below the title.
    pub note: String,
    /// The parameter, in each panel.
    pub x: Axis,
    /// What was found, in each panel.
    pub y: Axis,
    /// What a band is, for the legend.
    pub interval: String,
    /// The panels, in the order of reading.
    pub panels: Vec<Panel>,
}

/// What a sheet without data says.
const NOTHING: &str = "No point of the study has a value to draw.";

impl BandChart {
    /// Draws it.
    #[must_use]
    pub fn draw(&self, theme: Theme) -> Drawing {
        let panels = std::slice::from_ref(&self.panel);
        let Some(plan) = panel::Plan::of(panels, &self.x, &self.y) else {
            return empty(theme, &self.title);
        };
        Drawing(plan.single(theme, (&self.title, &self.note), &self.interval))
    }
}

impl PanelChart {
    /// Draws it.
    #[must_use]
    pub fn draw(&self, theme: Theme) -> Drawing {
        let shown = &self.panels[..self.panels.len().min(grid::MOST_PANELS)];
        let Some(plan) = panel::Plan::of(shown, &self.x, &self.y) else {
            return empty(theme, &self.title);
        };
        let mut note = self.note.clone();
        add_remark(&mut note, self.panels.len() - shown.len(), ["panel", "panels"]);
        Drawing(grid::draw(&plan, theme, (&self.title, &note), &self.interval))
    }
}

/// Adds to a note that so many things are not shown.
fn add_remark(note: &mut String, left_out: usize, [one, many]: [&str; 2]) {
    if left_out > 0 {
        let comma = if note.is_empty() { "" } else { "; " };
        let what = if left_out == 1 { one } else { many };
        note.push_str(&format!("{comma}{left_out} {what} left out"));
    }
}

/// Words of a scenario, of which none can hide anything.
fn clean(text: &str) -> String {
    escape(text.as_bytes())
}

/// A sheet that says that there is nothing to draw.
fn empty(theme: Theme, title: &str) -> Drawing {
    Drawing(axes::empty(theme, &clean(title), NOTHING))
}

/// A sheet of this height with its title and note.
fn heading(theme: Theme, height: f64, (title, note): (&str, &str)) -> Canvas {
    let mut canvas = axes::heading(theme, &clean(title), &clean(note));
    canvas.height = height;
    canvas
}

#[cfg(test)]
mod tests;
