//! The picture of a ladder as data: lifelines side by side, and what happens between them, from
//! top to bottom.

use crate::base::time::{SimDuration, SimTime};

/// A pause from this length on is drawn as a break.
const PAUSE: SimDuration = SimDuration::from_secs(1);

/// A ladder, to be drawn or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// What it shows.
    pub(super) title: String,
    /// The hosts, from left to right.
    pub(super) lifelines: Vec<String>,
    /// What happens, in order.
    pub(super) steps: Vec<Step>,
    /// Messages that are not shown because there are too many.
    pub(super) left_out: usize,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: SimTime,
    pub(super) what: What,
    /// On how many others' behalf it happens.
    pub(super) depth: usize,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A message between two lifelines, by their places.
    Message { from: usize, to: usize, label: String, look: Look },
    /// A remark beside a lifeline.
    Note { beside: usize, text: String },
}

/// What a message is, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Somebody asks.
    Request,
    /// Somebody asks, and nobody answers.
    Vain,
    /// An answer.
    Response,
    /// An answer that is none.
    Failure,
}

impl Step {
    /// Whether somebody begins something of his own accord.
    pub(super) const fn begins(&self) -> bool {
        self.depth == 0 && matches!(self.what, What::Message { look: Look::Request | Look::Vain, .. })
    }
}

/// One line of a ladder.
pub(super) struct Line<'a> {
    pub(super) step: &'a Step,
    /// The message's number, from 1.
    pub(super) number: Option<usize>,
    /// The time to write beside it: none when it is that of the line before.
    pub(super) time: Option<SimTime>,
    /// The pause before it, when it is long.
    pub(super) pause: Option<SimDuration>,
}

impl Ladder {
    /// The lines with their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut before: Option<SimTime> = None;
        let mut count = 0;
        self.steps.iter().map(move |step| {
            let number = matches!(step.what, What::Message { .. }).then(|| {
                count += 1;
                count
            });
            let time = Some(step.at).filter(|at| before != Some(*at));
            let pause = before.map(|before| step.at.since(before)).filter(|pause| *pause >= PAUSE);
            before = Some(step.at);
            Line { step, number, time, pause }
        })
    }

    /// A time as it is written: in seconds, with as many decimals as all need, at least three.
    pub(super) fn time(&self, nanos: u64) -> String {
        let fits = |unit: u64| self.steps.iter().all(|step| step.at.as_nanos().is_multiple_of(unit));
        let decimals = if fits(1_000_000) { 3 } else { 6 };
        let unit = 10_u64.pow(9 - decimals);
        let rounded = nanos.saturating_add(unit / 2) / unit;
        let per_second = 10_u64.pow(decimals);
        let width = usize::try_from(decimals).unwrap_or(3);
        format!("{}.{:0width$} s", rounded / per_second, rounded % per_second)
    }
}
