//! Where the steps of a ladder stand on the sheet: what goes down with time.
//!
//! Three ways: with *breaks*, every step has room for its label, what takes longer gets more room by the logarithm
//! of its time, and a long pause is cut out; *even* does without both; *linear* is true to scale, so that labels for
//! which there is no room are left out.

use super::picture::{Ladder, PAUSE, What};
use super::style::Style;
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
fn marks(ladder: &Ladder) -> Vec<(SimTime, Mark, usize)> {
    let mut marks = Vec::new();
    for (index, step) in ladder.steps.iter().enumerate() {
        marks.push((step.at, Mark::Start, index));
        if let What::Message(message) = &step.what
            && let Some(arrives) = message.arrives.filter(|arrives| *arrives > step.at)
        {
            marks.push((arrives, Mark::End, index));
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

/// Lays a ladder out.
pub(super) fn layout(ladder: &Ladder, scale: TimeScale, style: &Style) -> Layout {
    match scale {
        TimeScale::Breaks => stacked(ladder, style, true),
        TimeScale::Even => stacked(ladder, style, false),
        TimeScale::Linear => to_scale(ladder, style),
    }
}

fn stacked(ladder: &Ladder, style: &Style, with_breaks: bool) -> Layout {
    let mut places = vec![Place { y: style.top, end: style.top, labelled: true }; ladder.steps.len()];
    let (mut breaks, mut times) = (Vec::new(), Vec::new());
    let mut y = style.top;
    let mut before: Option<SimTime> = None;
    let (mut start, mut end) = (style.top - style.row, style.top - style.row);
    let mut said: Option<SimTime> = None;
    for (at, mark, index) in marks(ladder) {
        let span = before.map_or(SimDuration::ZERO, |before| at.since(before));
        before = Some(at);
        if with_breaks && span >= PAUSE {
            breaks.push((y + style.gap * 0.4, span));
            y += style.gap;
        } else if with_breaks {
            y += stretch(span) * style.scale;
        }
        match mark {
            Mark::Start => {
                y = y.max(start + style.row).max(end + style.head);
                if ladder.steps[index].begins && index > 0 {
                    y += style.space;
                }
                (places[index].y, places[index].end) = (y, y);
                start = y;
                if said != Some(at) {
                    times.push((y, at));
                    said = Some(at);
                }
            }
            Mark::End => {
                y = y.max(places[index].y + style.slant);
                places[index].end = y;
                end = y;
            }
        }
    }
    Layout { places, breaks, times, bottom: y + style.row / 2.0 }
}

fn to_scale(ladder: &Ladder, style: &Style) -> Layout {
    let marks = marks(ladder);
    let first = marks.first().map_or(SimTime::ZERO, |(at, ..)| *at);
    let span = marks.last().map_or(SimDuration::ZERO, |(at, ..)| at.since(first));
    let height = (ladder.steps.len() as f64 * style.row).clamp(10.0 * style.row, 60.0 * style.row);
    let y_at = |at: SimTime| {
        let share = at.since(first).as_nanos() as f64 / span.as_nanos().max(1) as f64;
        style.top + height * share
    };
    let mut places = vec![Place { y: style.top, end: style.top, labelled: false }; ladder.steps.len()];
    let mut times: Vec<(f64, SimTime)> = Vec::new();
    let mut free = 0.0;
    for (at, mark, index) in marks {
        let y = y_at(at);
        match mark {
            Mark::End => places[index].end = y,
            Mark::Start => {
                let labelled = y >= free;
                places[index] = Place { y, end: y, labelled };
                if labelled {
                    free = y + style.row;
                    if times.last().is_none_or(|(_, said)| *said != at) {
                        times.push((y, at));
                    }
                }
            }
        }
    }
    Layout { places, breaks: Vec::new(), times, bottom: style.top + height + style.row / 2.0 }
}
