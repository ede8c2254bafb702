//! What a user writes and when: drafts at given times, and arrival processes, each on a
//! stream of its own, so that one does not shift the other's draws.
//!
//! Texts and lists of recipients are shared: what thousands of users write, or one user a
//! million times, is in memory once. Repetitions are made when they are due.

use std::sync::Arc;

use crate::base::{Dist, SimDuration, SimTime, Stream};
use crate::proto::message::build::filler;

/// A message at a given time, or the same again and again.
#[derive(Clone, Debug)]
pub struct Draft {
    /// When it is written first.
    pub at: SimTime,
    /// Time between repetitions, above zero; none: it is written once.
    pub every: Option<SimDuration>,
    /// How often in all; without `every` it is written once.
    pub times: u64,
    /// Recipients' addresses.
    pub to: Arc<[String]>,
    /// Subject, if it has one.
    pub subject: Option<Arc<str>>,
    /// Text.
    pub body: Body,
}

impl Draft {
    /// The draft of the next repetition, if there is one.
    pub(super) fn again(self) -> Option<Self> {
        let every = self.every.filter(|_| self.times > 1)?;
        let at = self.at.saturating_add(every);
        (!at.is_never()).then_some(Self { at, times: self.times - 1, ..self })
    }
}

/// A text.
#[derive(Clone, Debug)]
pub enum Body {
    /// These lines.
    Lines(Arc<[String]>),
    /// Filler of so many octets.
    Octets(u64),
}

impl Body {
    /// Its lines.
    pub(super) fn lines(&self) -> Arc<[String]> {
        match self {
            Self::Lines(lines) => Arc::clone(lines),
            Self::Octets(octets) => filler(*octets).into(),
        }
    }
}

/// The people to one of whom a message goes: all of a list, less perhaps the writer.
#[derive(Clone, Debug)]
pub struct Recipients {
    all: Arc<[String]>,
    except: Option<usize>,
}

impl Recipients {
    /// All of `all` but the one at `except`, if that is one.
    #[must_use]
    pub fn new(all: Arc<[String]>, except: Option<usize>) -> Self {
        let except = except.filter(|place| *place < all.len());
        Self { all, except }
    }

    fn count(&self) -> usize {
        self.all.len() - usize::from(self.except.is_some())
    }

    /// One of them, all equally likely; there must be one.
    fn draw(&self, stream: &mut Stream) -> &str {
        let drawn = usize::try_from(stream.below(self.count() as u64)).expect("below a length");
        &self.all[drawn + usize::from(self.except.is_some_and(|except| drawn >= except))]
    }
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
    /// What it is drawn from; none: a stream of this process alone.
    pub stream: Option<Stream>,
    /// Each message goes to one of these, all equally likely.
    pub to: Recipients,
    /// Subject, if they have one.
    pub subject: Option<Arc<str>>,
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
        let next =
            if arrivals.to.count() == 0 { SimTime::NEVER } else { after(arrivals.start, &arrivals, &mut stream) };
        Self { arrivals, stream, next }
    }

    /// When the next message is written.
    pub(super) const fn next(&self) -> SimTime {
        self.next
    }

    /// The message that is due, drawn; the next one is then awaited.
    pub(super) fn take(&mut self) -> Draft {
        let draft = Draft {
            at: self.next,
            every: None,
            times: 1,
            to: Arc::from([self.arrivals.to.draw(&mut self.stream).to_owned()]),
            subject: self.arrivals.subject.clone(),
            body: self.arrivals.body.clone(),
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Streams;
    use std::collections::BTreeMap;

    /// Would break if somebody wrote to himself, or somebody else were left out or favoured.
    #[test]
    fn the_writer_is_skipped_and_nobody_else() {
        let all: Arc<[String]> = ["a", "b", "c", "d"].map(str::to_owned).into();
        for except in [None, Some(0), Some(2), Some(3), Some(4)] {
            let recipients = Recipients::new(Arc::clone(&all), except);
            let mut stream = Streams::new(1).stream("draws");
            let mut seen: BTreeMap<String, u32> = BTreeMap::new();
            for _ in 0..4000 {
                *seen.entry(recipients.draw(&mut stream).to_owned()).or_default() += 1;
            }
            assert_eq!(seen.len(), recipients.count());
            assert!(except.and_then(|own| all.get(own)).is_none_or(|own| !seen.contains_key(own)));
            assert!(seen.values().all(|count| (800..1500).contains(count)), "{seen:?}");
        }
    }

    /// Would break if a repetition were lost, or went on past the end of time.
    #[test]
    fn repetitions_are_made_one_by_one() {
        let draft = |at, every: Option<u64>, times| Draft {
            at: SimTime::from_nanos(at),
            every: every.map(SimDuration::from_nanos),
            times,
            to: Arc::from([]),
            subject: None,
            body: Body::Octets(1),
        };
        let instants = |first: Draft| {
            let all = std::iter::successors(Some(first), |draft| draft.clone().again());
            all.map(|draft| draft.at.as_nanos()).collect::<Vec<_>>()
        };
        assert_eq!(instants(draft(5, None, 1)), [5]);
        assert_eq!(instants(draft(5, None, 9)), [5]);
        assert_eq!(instants(draft(5, Some(3), 3)), [5, 8, 11]);
        assert_eq!(instants(draft(u64::MAX - 5, Some(3), 9)), [u64::MAX - 5, u64::MAX - 2]);
    }
}
