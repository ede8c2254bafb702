//! What a user writes and when: drafts at given times, and arrival processes, each on a
//! stream of its own, so that one does not shift the other's draws.

use crate::base::{Dist, SimDuration, SimTime, Stream};
use crate::proto::message::build::filler;

/// One message at a given time.
#[derive(Clone, Debug)]
pub struct Draft {
    /// When it is written.
    pub at: SimTime,
    /// Recipients' addresses.
    pub to: Vec<String>,
    /// Subject, if it has one.
    pub subject: Option<String>,
    /// Lines of the body.
    pub body: Vec<String>,
}

/// A body of an arrival process's messages.
#[derive(Clone, Debug)]
pub enum Body {
    /// These lines.
    Lines(Vec<String>),
    /// Filler of so many octets.
    Octets(u64),
}

/// Messages at random times: the first one gap after `start`, each of the others one gap
/// after the one before it.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// When the process starts.
    pub start: SimTime,
    /// When it ends; nothing is written at this instant or later.
    pub until: Option<SimTime>,
    /// The time between two messages.
    pub gap: Dist,
    /// Each message goes to one of these, all equally likely.
    pub to: Vec<String>,
    /// Subject, if they have one.
    pub subject: Option<String>,
    /// Body.
    pub body: Body,
}

/// An arrival process that runs.
#[derive(Clone, Debug)]
pub(super) struct Process {
    arrivals: Arrivals,
    stream: Stream,
    next: SimTime,
}

impl Process {
    pub(super) fn new(arrivals: Arrivals, mut stream: Stream) -> Self {
        let next = if arrivals.to.is_empty() { SimTime::NEVER } else { after(arrivals.start, &arrivals, &mut stream) };
        Self { arrivals, stream, next }
    }

    /// When the next message is written.
    pub(super) const fn next(&self) -> SimTime {
        self.next
    }

    /// The message that is due, drawn; the next one is then awaited.
    pub(super) fn take(&mut self) -> Draft {
        let choice = self.stream.below(self.arrivals.to.len() as u64);
        let to = self.arrivals.to[usize::try_from(choice).expect("below a length")].clone();
        let body = match &self.arrivals.body {
            Body::Lines(lines) => lines.clone(),
            Body::Octets(octets) => filler(*octets),
        };
        let draft = Draft { at: self.next, to: vec![to], subject: self.arrivals.subject.clone(), body };
        self.next = after(self.next, &self.arrivals, &mut self.stream);
        draft
    }
}

/// One gap after `at`, or never when that is beyond the end. A gap is at least a nanosecond,
/// so that the process gets on.
fn after(at: SimTime, arrivals: &Arrivals, stream: &mut Stream) -> SimTime {
    let gap = arrivals.gap.sample(stream).max(SimDuration::from_nanos(1));
    let next = at.saturating_add(gap);
    if arrivals.until.is_some_and(|until| next >= until) { SimTime::NEVER } else { next }
}
