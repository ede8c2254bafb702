//! The picture of a ladder as data: lifelines side by side, and what happens between them, from
//! top to bottom.

use crate::base::time::{SimDuration, SimTime};
use crate::metrics::Text;
use crate::report::values::escape;

/// A pause from this length on is drawn as a break.
pub(super) const PAUSE: SimDuration = SimDuration::from_secs(1);

/// Messages in one picture.
pub(super) const LIMIT: usize = 400;

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
    /// Whether somebody begins something of his own accord.
    pub(super) begins: bool,
}

impl Step {
    /// Whether it is a message that nobody got.
    pub(super) fn is_lost(&self) -> bool {
        matches!(&self.what, What::Message(Message { look: Look::Vain, .. }))
    }

    /// When it is over: at once, as far as nothing else is known.
    pub(super) fn end(&self) -> SimTime {
        match &self.what {
            What::Message(message) => message.arrives.unwrap_or(self.at).max(self.at),
            What::Note { .. } => self.at,
        }
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A message between two lifelines.
    Message(Message),
    /// A remark beside a lifeline, by its place.
    Note {
        beside: usize,
        text: String,
        /// Whether something went wrong.
        bad: bool,
    },
}

/// A message between two lifelines, by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: String,
    /// All of it, if the label is not all.
    pub(super) full: Option<String>,
    pub(super) look: Look,
    /// Whether it is counted, as the lecture does with look-ups.
    pub(super) numbered: bool,
    /// When it comes to the other lifeline, if that is known.
    pub(super) arrives: Option<SimTime>,
}

/// What a message is, for the eye.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Look {
    /// Somebody asks.
    #[default]
    Request,
    /// Somebody asks, and nobody answers; or it is lost.
    Vain,
    /// An answer.
    Response,
    /// An answer that is none.
    Failure,
    /// It serves those that carry something: a handshake, an acknowledgement.
    Control,
    /// It was sent before.
    Again,
}

/// A step with the names of the hosts at its ends; those of a remark are the same.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) step: Step,
    pub(super) ends: [Text; 2],
    /// The round of attempts to which it belongs.
    pub(super) round: Option<usize>,
}

impl Draft {
    /// A message.
    pub(super) fn message(at: SimTime, (from, to): (&Text, &Text), message: Message) -> Self {
        let step = Step { at, what: What::Message(message), depth: 0, begins: false };
        Self { step, ends: [from.clone(), to.clone()], round: None }
    }

    /// A remark.
    pub(super) fn note(at: SimTime, beside: &Text, text: String, bad: bool) -> Self {
        let step = Step { at, what: What::Note { beside: 0, text, bad }, depth: 0, begins: false };
        Self { step, ends: [beside.clone(), beside.clone()], round: None }
    }

    /// The same as the beginning of something.
    pub(super) const fn begins(mut self) -> Self {
        self.step.begins = true;
        self
    }

    /// The same as a part of a round of attempts.
    pub(super) const fn of_round(mut self, round: Option<usize>) -> Self {
        self.round = round;
        self
    }

    /// Whether it is going on at some time of the interval.
    pub(super) fn within(&self, from: Option<SimTime>, until: Option<SimTime>) -> bool {
        from.is_none_or(|from| self.step.end() >= from) && until.is_none_or(|until| self.step.at <= until)
    }
}

/// Texts of a run may hold anything.
pub(super) fn shown(text: &str) -> String {
    escape(text.as_bytes())
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
    /// The ladder of these steps, hosts in the order in which they first appear.
    pub(super) fn of(title: String, mut drafts: Vec<Draft>) -> Self {
        // a stable sort: at one instant what follows from something stands beneath it
        drafts.sort_by_key(|draft| draft.step.at);
        let is_message = |draft: &Draft| matches!(draft.step.what, What::Message(_));
        let messages: Vec<usize> = (0..drafts.len()).filter(|at| is_message(&drafts[*at])).collect();
        let left_out = messages.len().saturating_sub(LIMIT);
        if let Some(first_out) = messages.get(LIMIT) {
            drafts.truncate(*first_out);
        }
        let mut lifelines: Vec<Text> = Vec::new();
        let mut steps = Vec::new();
        for Draft { mut step, ends, .. } in drafts {
            let [first, second] = ends.map(|host| {
                lifelines.iter().position(|known| *known == host).unwrap_or_else(|| {
                    lifelines.push(host);
                    lifelines.len() - 1
                })
            });
            match &mut step.what {
                What::Message(message) => (message.from, message.to) = (first, second),
                What::Note { beside, .. } => *beside = first,
            }
            steps.push(step);
        }
        Self { title, lifelines: lifelines.iter().map(|name| shown(name)).collect(), steps, left_out }
    }

    /// Whether there is nothing to draw.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// When something is sent, comes or is remarked, in order. Pauses lie between these instants, in whatever way a
    /// ladder is shown.
    pub(super) fn instants(&self) -> Vec<SimTime> {
        let mut instants: Vec<SimTime> = self.steps.iter().flat_map(|step| [step.at, step.end()]).collect();
        instants.sort_unstable();
        instants.dedup();
        instants
    }

    /// The lines with their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let instants = self.instants();
        let mut before: Option<SimTime> = None;
        let mut count = 0;
        self.steps.iter().map(move |step| {
            let number = matches!(&step.what, What::Message(message) if message.numbered).then(|| {
                count += 1;
                count
            });
            let time = Some(step.at).filter(|at| before != Some(*at));
            let quiet = instants[..instants.partition_point(|at| *at < step.at)].last();
            let pause = quiet.filter(|_| time.is_some()).map(|quiet| step.at.since(*quiet));
            let pause = pause.filter(|pause| *pause >= PAUSE);
            before = Some(step.at);
            Line { step, number, time, pause }
        })
    }

    /// Decimals of times in seconds: as many as tell the steps apart, at least three.
    pub(super) fn decimals(&self) -> u32 {
        let apart = |unit: u64| {
            self.steps.windows(2).all(|two| {
                let [a, b] = [&two[0], &two[1]].map(|step| step.at.as_nanos());
                a == b || rounded(a, unit) != rounded(b, unit)
            })
        };
        if apart(1_000_000) { 3 } else { 6 }
    }

    /// A time in lines of text: with as many decimals as all need, at least three.
    pub(super) fn exact_time(&self, nanos: u64) -> String {
        let whole = self.steps.iter().all(|step| step.at.as_nanos().is_multiple_of(1_000_000));
        seconds(nanos, if whole { 3 } else { 6 })
    }

    /// What it cannot show.
    pub(super) fn remark(&self) -> Option<String> {
        match self.left_out {
            0 => None,
            1 => Some("1 more message is not shown".to_owned()),
            count => Some(format!("{count} more messages are not shown")),
        }
    }
}

const fn rounded(nanos: u64, unit: u64) -> u64 {
    nanos.saturating_add(unit / 2) / unit
}

/// Seconds with so many decimals.
pub(super) fn seconds(nanos: u64, decimals: u32) -> String {
    let rounded = rounded(nanos, 10_u64.pow(9 - decimals));
    let per_second = 10_u64.pow(decimals);
    let width = usize::try_from(decimals).unwrap_or(3);
    format!("{}.{:0width$} s", rounded / per_second, rounded % per_second)
}
