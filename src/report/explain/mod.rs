//! Explanations in plain sentences: the life of a message, a look-up, a connection.
//!
//! Every sentence says what a table holds or what the trace told a [`Witness`] when the run was made
//! again; nothing is guessed. Where only the tables are at hand, what they do not hold is left out.
//! What is told (`Story`) is apart from how it is shown: as text for a terminal, or as JSON.

mod attempts;
mod blame;
mod causes;
mod connection;
mod dialogue;
mod events;
mod folding;
mod lookup;
mod message;
mod notes;
mod overview;
mod parties;
mod reading;
#[cfg(test)]
mod tests;
mod witness;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

pub use connection::connection_story;
pub use events::event_sentence;
pub use lookup::{CacheAge, ChosenLookUp, choose_look_up};
pub use message::{message_focus, message_stories};
pub use overview::{Overview, argument, overview};
pub use witness::{Focus, Witness};

use self::folding::Tried;
use super::summary::human;
use super::values::{count, escape};
use crate::base::calendar::UnixTime;
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::Tables;

/// How instants are written: always in seconds since the start of the run, and as calendar time beside
/// that when the scenario says when it begins.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Option<UnixTime>,
}

impl Clock {
    /// The clock of a run that begins at `start`; the time at which scenarios begin that name none is
    /// taken for none.
    #[must_use]
    pub fn new(start: UnixTime) -> Self {
        Self { start: (start != UnixTime::DEFAULT_START).then_some(start) }
    }

    /// An instant within a sentence.
    fn moment(self, at: SimTime) -> String {
        let millis = at.as_nanos() / 1_000_000;
        let text = format!("{}.{:03}", millis / 1000, millis % 1000);
        let seconds = text.trim_end_matches('0').trim_end_matches('.');
        match self.calendar(at) {
            Some(date) => format!("{date} ({seconds} s)"),
            None => format!("{seconds} s"),
        }
    }

    /// Weekday, day and time: `Mon 05 Jan 11:10:00`.
    fn calendar(self, at: SimTime) -> Option<String> {
        let text = self.start?.plus(at).rfc5322();
        let part = |from, to| text.get(from..to).unwrap_or_default();
        Some(format!("{} {} {}", part(0, 3), part(5, 11), part(17, 25)))
    }
}

/// What explanations are made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The tables of the run.
    pub tables: &'a Tables,
    /// How instants are written.
    pub clock: Clock,
    /// What was seen when the run was made again, if it could be.
    pub witness: Option<&'a Witness>,
    /// The zones that each host serves, as the scenario says.
    pub zones: &'a BTreeMap<String, Vec<String>>,
}

/// A sentence and when it became true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: SimTime,
    /// How deep it stands: what was done for something else is one deeper.
    pub depth: usize,
    /// What.
    pub text: String,
    /// What else belongs to it, such as causes.
    pub details: Vec<String>,
    /// The sections that ask for it: `RFC 5321 4.5.4.1`.
    pub rfc: Vec<&'static str>,
    /// Of which attempt it tells, if of one that was put off.
    tried: Option<Tried>,
}

impl Step {
    fn new(at: SimTime, text: impl Into<String>) -> Self {
        Self { at, text: text.into(), ..Self::default() }
    }

    fn rfc(mut self, section: &'static str) -> Self {
        if !section.is_empty() && !self.rfc.contains(&section) {
            self.rfc.push(section);
        }
        self
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }
}

/// Something that is explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// Of what, and how it ended.
    pub title: String,
    /// From when on the times count that stand beside the instants.
    pub from: SimTime,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What is to be said of the whole.
    pub closing: Vec<String>,
}

impl Story {
    /// For a terminal: a title, and a line for each step with its details beneath. Of many equal attempts in
    /// a row only some are told, unless the story is to be `whole`.
    #[must_use]
    pub fn text(&self, clock: Clock, whole: bool) -> String {
        let mut out = format!("{}\n", self.title);
        let told = if whole { self.steps.clone() } else { folding::folded(&self.steps, clock) };
        let heads: Vec<String> = told.iter().map(|step| self.head(clock, step)).collect();
        let width = heads.iter().map(|head| head.chars().count()).max().unwrap_or(0);
        for (step, head) in told.iter().zip(heads) {
            let indent = "  ".repeat(step.depth);
            let sections = if step.rfc.is_empty() { String::new() } else { format!(" ({})", step.rfc.join(", ")) };
            let _ = writeln!(out, "  {head:>width$}  {indent}{}{sections}", step.text);
            for detail in &step.details {
                let _ = writeln!(out, "  {:width$}  {indent}  - {detail}", "");
            }
        }
        for line in &self.closing {
            let _ = writeln!(out, "  {line}");
        }
        out
    }

    fn head(&self, clock: Clock, step: &Step) -> String {
        let micros = step.at.as_nanos() / 1000;
        let since = format!("+{}", human(since(step.at, self.from).as_secs_f64()));
        let date = clock.calendar(step.at).map_or_else(String::new, |date| format!("{date}  "));
        format!("{date}{}.{:06} s  {since:>9}", micros / 1_000_000, micros % 1_000_000)
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self, clock: Clock) -> Value {
        let step = |step: &Step| {
            json!({
                "at_s": step.at.to_string(),
                "since_s": since(step.at, self.from).to_string(),
                "calendar": clock.calendar(step.at),
                "depth": step.depth,
                "text": step.text,
                "details": step.details,
                "rfc": step.rfc,
            })
        };
        json!({
            "title": self.title,
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
            "closing": self.closing,
        })
    }

    /// Puts the steps in the order of time; what is said of one instant keeps its order.
    fn in_order(mut self) -> Self {
        self.steps.sort_by_key(|step| step.at);
        self
    }
}

/// Texts of a run may hold anything.
fn plain(text: &str) -> String {
    escape(text.as_bytes())
}

/// A text of a protocol, not longer than a line.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 90;
    let text = plain(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

fn span(duration: SimDuration) -> String {
    human(duration.as_secs_f64())
}

/// From one instant to a later one; tables that were changed by hand may have them in any order.
fn since(later: SimTime, earlier: SimTime) -> SimDuration {
    SimDuration::from_nanos(later.as_nanos().saturating_sub(earlier.as_nanos()))
}

/// Words as a list: `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
