//! Where the steps of a ladder stand on the sheet: what goes down with time.
//!
//! Three ways: with *breaks*, every step has room for its label, what takes longer gets more room by the logarithm
//! of its time, and a long pause is cut out; *even* does without both; *linear* is true to scale, so that labels for
//! which there is no room are left out.

use super::captions::Caption;
use super::grid::Setting;
use super::picture::{PAUSE, Step};
use crate::base::time::{SimDuration, SimTime};

/// How time runs down the sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeScale {
    /// Not to scale, pauses cut out.
    #[default]
    Breaks,
    /// A line for each step.
    Even,
    /// To scale.
    Linear,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Where it begins.
    pub(super) y: f64,
    /// Where it has arrived.
    pub(super) end: f64,
    /// Whether there is room for its label.
    pub(super) labelled: bool,
}

/// Where all stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) places: Vec<Place>,
    /// Pauses that are cut out.
    pub(super) breaks: Vec<(f64, SimDuration)>,
    /// Times in the margin.
    pub(super) times: Vec<(f64, SimTime)>,
    pub(super) bottom: f64,
}

/// The end of a step comes before what begins at that instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    End,
    Start,
}

/// When steps begin and end, in order.
fn marks(steps: &[Step]) -> Vec<(SimTime, Mark, usize)> {
    let mut marks = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        marks.push((step.at, Mark::Start, index));
        if step.end() > step.at {
            marks.push((step.end(), Mark::End, index));
        }
    }
    marks.sort_unstable();
    marks
}

/// More room for what takes longer: a little with each power of ten above a tenth of a millisecond.
fn stretch(span: SimDuration) -> f64 {
    let tenths = span.as_nanos() as f64 / 100_000.0;
    4.0 * libm::log10(1.0 + tenths)
}

/// Lays steps out below `top`, with their texts; to scale, as far as `height` reaches if that is given.
pub(super) fn layout(
    setting: &Setting<'_>,
    (steps, captions): (&[Step], &[Caption]),
    scale: TimeScale,
    (top, height): (f64, Option<f64>),
) -> Layout {
    match scale {
        TimeScale::Breaks => stacked(setting, (steps, captions), top, true),
        TimeScale::Even => stacked(setting, (steps, captions), top, false),
        TimeScale::Linear => to_scale(setting, (steps, captions), top, height),
    }
}

fn stacked(setting: &Setting<'_>, (steps, captions): (&[Step], &[Caption]), top: f64, with_breaks: bool) -> Layout {
    let style = &setting.style;
    let mut places = vec![Place { y: top, end: top, labelled: true }; steps.len()];
    let (mut breaks, mut times) = (Vec::new(), Vec::new());
    let (mut y, mut before, mut said): (f64, Option<SimTime>, Option<SimTime>) = (top, None, None);
    // no text may stand above `free`; what is drawn reaches down to `low`
    let (mut free, mut low) = (top + style.clear, top);
    for (at, mark, index) in marks(steps) {
        let span = before.filter(|before| *before < at).map_or(SimDuration::ZERO, |_| setting.quiet(at));
        before = Some(at);
        if with_breaks && span >= PAUSE {
            let middle = y.max(low) + style.gap * 0.4;
            breaks.push((middle, span));
            y = middle + style.gap * 0.6;
            free = free.max(middle + 9.0 * style.scale);
        } else if with_breaks {
            y += stretch(span) * style.scale;
        }
        let caption = &captions[index];
        match mark {
            Mark::Start => {
                y = y.max(free + caption.above(style));
                if steps[index].begins && index > 0 {
                    y += style.space;
                }
                (places[index].y, places[index].end) = (y, y);
                low = y + caption.below(style);
                // the cross of what is lost hangs lower than a stroke
                let cross = if steps[index].is_lost() { 3.5 * style.scale } else { 0.0 };
                free = low + style.clear + cross;
                if said != Some(at) {
                    times.push((y, at));
                    said = Some(at);
                }
            }
            Mark::End => {
                y = y.max(places[index].y + style.slant);
                places[index].end = y;
                low = low.max(y);
                free = free.max(y + 1.5 * style.scale);
            }
        }
    }
    Layout { places, breaks, times, bottom: y.max(low) + style.above * 0.8 }
}

fn to_scale(setting: &Setting<'_>, (steps, captions): (&[Step], &[Caption]), top: f64, height: Option<f64>) -> Layout {
    let style = &setting.style;
    let marks = marks(steps);
    let first = marks.first().map_or(SimTime::ZERO, |(at, ..)| *at);
    let span = marks.last().map_or(SimDuration::ZERO, |(at, ..)| at.since(first));
    let row = style.clear + style.above;
    let end = row * 0.5;
    let begin = top + style.clear + captions.first().map_or(style.above, |caption| caption.above(style));
    let height = height.map_or_else(
        || (steps.len() as f64 * row).clamp(10.0 * row, 60.0 * row),
        |height| (height - (begin - top) - end).max(row),
    );
    let y_at = |at: SimTime| {
        let share = at.since(first).as_nanos() as f64 / span.as_nanos().max(1) as f64;
        begin + height * share
    };
    let bottom = begin + height;
    let mut places = vec![Place { y: begin, end: begin, labelled: false }; steps.len()];
    let mut times: Vec<(f64, SimTime)> = Vec::new();
    let mut free = top + style.clear;
    for (at, mark, index) in marks {
        let y = y_at(at);
        let caption = &captions[index];
        match mark {
            Mark::End => places[index].end = y,
            Mark::Start => {
                let low = y + caption.below(style);
                // the first stands nearest to the top, and rounding must not take its label
                let labelled = y - caption.above(style) >= free - 1e-6 && low <= bottom + 1e-6;
                places[index] = Place { y, end: y, labelled };
                if labelled {
                    free = low + style.clear;
                    if times.last().is_none_or(|(_, said)| *said != at) {
                        times.push((y, at));
                    }
                }
            }
        }
    }
    Layout { places, breaks: Vec::new(), times, bottom: bottom + end }
}
