//! What a user writes and when: drafts at given times, and arrival processes, each on a
//! stream of its own, so that one does not shift the other's draws.
//!
//! Texts and lists of recipients are shared: what thousands of users write, or one user a
//! million times, is in memory once. Repetitions are made when they are due.

use std::sync::Arc;

use crate::base::{Dist, SimDuration, SimTime, Stream, UnixTime};
use crate::proto::message::build::filler;
use crate::proto::message::mime::{Cost, costs};
use crate::proto::message::{self, Attachment, Encoding, Letter, files};
use crate::proto::smtp::{MailOptions, Mailbox, Notify, Ret};

/// A message at a given time, or the same again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// What else it has.
    pub extras: Option<Arc<Extras>>,
    /// How many were written before this one.
    pub nth: usize,
}

/// A message that was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) content: Arc<[u8]>,
    /// What its parts cost; none of a message without MIME.
    pub(super) costs: Vec<Cost>,
    /// What the envelope says.
    pub(super) options: MailOptions,
    pub(super) notify: Option<Notify>,
}

impl Draft {
    /// All recipients, each once. Addresses that are none are left out: the agent would not let its user
    /// send to them.
    pub(super) fn recipients(&self) -> Vec<Mailbox> {
        let more = self.extras.iter().flat_map(|extras| extras.cc.iter().chain(&*extras.bcc));
        let mut recipients: Vec<Mailbox> = Vec::new();
        for mailbox in self.to.iter().chain(more).filter_map(|text| Mailbox::parse(text)) {
            if recipients.iter().all(|other| other.key() != mailbox.key()) {
                recipients.push(mailbox);
            }
        }
        recipients
    }

    /// The message.
    pub(super) fn write(&self, date: UnixTime, (from, name): (&str, Option<&str>), message_id: &str) -> Written {
        let (text, none) = (self.body.lines(), Extras::default());
        let extras = self.extras.as_deref().unwrap_or(&none);
        let (content, costs) = if extras.whole.is_empty() {
            let before = extras.in_reply_to.iter().flat_map(|ids| ids.split(' ')).map(str::to_owned);
            let before: Vec<String> = before.collect();
            let draft = message::Draft {
                date,
                from,
                name,
                to: &self.to,
                cc: &extras.cc,
                reply_to: extras.reply_to.as_deref(),
                subject: self.subject.as_deref(),
                message_id,
                in_reply_to: before.last().map(String::as_str),
                references: &before,
                body: &text,
                ..message::Draft::EMPTY
            };
            let letter = Letter {
                draft,
                html: extras.html.as_deref(),
                images: &extras.images,
                attachments: &extras.attachments,
                encoding: extras.encoding,
            };
            letter.build()
        } else {
            let whole = &extras.whole[self.nth % extras.whole.len()];
            let content = files::sent(whole, date, message_id, from, &self.to);
            let costs = costs(&content);
            (content, costs)
        };
        let options = MailOptions { ret: extras.ret, envid: extras.envelope_id.clone(), ..MailOptions::of(&content) };
        Written { content: content.into(), costs, options, notify: extras.notify }
    }

    /// The draft of the next repetition, if there is one.
    pub(super) fn again(self) -> Option<Self> {
        let every = self.every.filter(|_| self.times > 1)?;
        let at = self.at.saturating_add(every);
        (!at.is_never()).then_some(Self { at, times: self.times - 1, nth: self.nth.wrapping_add(1), ..self })
    }
}

/// What few messages have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Further recipients.
    pub cc: Arc<[String]>,
    /// Recipients of whom the header says nothing.
    pub bcc: Arc<[String]>,
    /// Where answers should go.
    pub reply_to: Option<Arc<str>>,
    /// The Message-IDs of the messages before it; it answers the last.
    pub in_reply_to: Option<Arc<str>>,
    /// The text as HTML, in lines.
    pub html: Option<Arc<[String]>>,
    /// Images that the HTML shows.
    pub images: Arc<[Attachment]>,
    /// Files.
    pub attachments: Arc<[Attachment]>,
    /// The encoding wished for texts; none: the shortest.
    pub encoding: Option<Encoding>,
    /// Messages as a whole, of which repetitions take one after the other; none: it is written of the rest.
    pub whole: Arc<[Arc<[u8]>]>,
    /// Of what the sender wants to hear, if it says (RFC 3461).
    pub notify: Option<Notify>,
    /// How much comes back, if it says.
    pub ret: Option<Ret>,
    /// Its name for the message.
    pub envelope_id: Option<String>,
}

impl Extras {
    /// The same with each of the whole messages alone.
    pub fn each_whole(&self) -> impl Iterator<Item = Self> {
        self.whole.iter().map(|one| Self { whole: Arc::from([Arc::clone(one)]), ..self.clone() })
    }
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    pub(super) fn count(&self) -> usize {
        self.all.len() - usize::from(self.except.is_some())
    }

    /// One of them, all equally likely; there must be one.
    pub(super) fn draw(&self, stream: &mut Stream) -> &str {
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
    /// What else they have.
    pub extras: Option<Arc<Extras>>,
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
            extras: self.arrivals.extras.clone(),
            nth: 0,
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
            extras: None,
            nth: 0,
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
