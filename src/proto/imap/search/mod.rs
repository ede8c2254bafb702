//! SEARCH (RFC 3501 6.4.4): whether a message matches.
//!
//! A query is made once and asked about every message. Cheap keys come first, and a message is
//! looked into at most once, and only if a key asks for its content. Text matches as a substring
//! without regard to case, on decoded headers and bodies. BODY looks at parts that are text or
//! belong to a message (message/rfc822 with its header); TEXT at all header fields as well.
//! Left out: sorting and threading (RFC 5256), Unicode normalization, words of attachments.

pub(super) mod date;
mod key;
mod needle;
mod reader;
mod sequence;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;

use imap_types::search::SearchKey;

use crate::base::calendar::UnixTime;
use crate::proto::mailbox::Criteria;

use date::{Day, Span};
use needle::Needle;
use reader::Reader;
use sequence::Numbers;

/// Something that a message may be marked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark<'k> {
    /// `\Answered`
    Answered,
    /// `\Deleted`
    Deleted,
    /// `\Draft`
    Draft,
    /// `\Flagged`
    Flagged,
    /// `\Seen`
    Seen,
    /// `\Recent`
    Recent,
    /// A keyword; upper and lower case are the same.
    Keyword(&'k str),
}

/// The mailbox as the session sees it: what `*` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The number of messages; 0 if there is none.
    pub messages: u32,
    /// The largest unique identifier; 0 if there is none.
    pub uid: u32,
}

/// A message as SEARCH sees it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Its sequence number.
    pub number: u32,
    /// Its unique identifier.
    pub uid: u32,
    /// Tells how it is marked.
    pub marks: &'a dyn Fn(Mark<'_>) -> bool,
    /// Its internal date; SEARCH takes the day of it as it stands here.
    pub arrived: UnixTime,
    /// Its size in octets (RFC822.SIZE).
    pub size: u32,
    /// Its modification sequence (RFC 7162).
    pub modseq: u64,
    /// Its octets.
    pub content: &'a [u8],
}

/// The search keys are nested too deeply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search keys are nested too deeply")]
pub struct TooDeep;

/// What a SEARCH command asks.
#[derive(Clone, Debug)]
pub struct Query {
    key: Key,
}

/// A search key, ready to be asked.
#[derive(Clone, Debug)]
enum Key {
    And(Vec<Key>),
    Or(Box<Key>, Box<Key>),
    Not(Box<Key>),
    Numbers(Numbers),
    Uids(Numbers),
    Marked(Mark<'static>),
    Keyword(String),
    Larger(u32),
    Smaller(u32),
    ModSeq(u64),
    Arrived(Span, Day),
    Sent(Span, Day),
    Field(Vec<u8>, Needle),
    Body(Needle),
    Text(Needle),
}

impl Query {
    /// Prepares a search in a mailbox.
    ///
    /// # Errors
    ///
    /// If the keys are nested too deeply.
    pub fn new(key: &SearchKey<'_>, mailbox: Extent) -> Result<Self, TooDeep> {
        key::prepare(key, mailbox, 0).map(|key| Self { key })
    }

    /// A search for what a person asks of a mailbox.
    #[must_use]
    pub fn of(criteria: &Criteria) -> Self {
        let Criteria { from, subject, text, unseen } = criteria;
        let field = |name: &[u8], text: &String| Key::Field(name.to_vec(), Needle::new(text.as_bytes()));
        let mut keys: Vec<Key> = unseen.then(|| Key::Not(Box::new(Key::Marked(Mark::Seen)))).into_iter().collect();
        keys.extend(from.as_ref().map(|from| field(b"from", from)));
        keys.extend(subject.as_ref().map(|subject| field(b"subject", subject)));
        keys.extend(text.as_ref().map(|text| Key::Text(Needle::new(text.as_bytes()))));
        Self { key: Key::And(keys) }
    }

    /// Whether a message is found by what a person asks, which has no numbers and dates in it.
    #[must_use]
    pub fn finds(&self, content: &[u8], seen: bool) -> bool {
        self.matches(&View {
            number: 0,
            uid: 0,
            marks: &|mark| seen && mark == Mark::Seen,
            arrived: UnixTime(0),
            size: 0,
            modseq: 0,
            content,
        })
    }

    /// Whether it asks about modification sequences, so that the answer tells the highest.
    #[must_use]
    pub fn asks_modseq(&self) -> bool {
        self.key.asks_modseq()
    }

    /// Whether an answer needs the octets of the message.
    #[must_use]
    pub fn needs_content(&self) -> bool {
        self.key.cost() > 0
    }

    /// Whether a message matches.
    #[must_use]
    pub fn matches(&self, view: &View<'_>) -> bool {
        self.key.matches(view, &Reader::new(view.content))
    }

    /// Whether a message matches, as far as that is known without its octets.
    #[must_use]
    pub fn decided(&self, view: &View<'_>) -> Option<bool> {
        self.key.decided(view)
    }
}

/// Whether one message matches a search key, which is not worth preparing; no message matches
/// keys that are nested too deeply.
#[must_use]
pub fn matches(key: &SearchKey<'_>, mailbox: Extent, view: &View<'_>) -> bool {
    Query::new(key, mailbox).is_ok_and(|query| query.matches(view))
}

impl Key {
    fn matches(&self, view: &View<'_>, reader: &Reader<'_>) -> bool {
        match self {
            Self::And(keys) => keys.iter().all(|key| key.matches(view, reader)),
            Self::Or(one, other) => one.matches(view, reader) || other.matches(view, reader),
            Self::Not(key) => !key.matches(view, reader),
            Self::Numbers(numbers) => numbers.contain(view.number),
            Self::Uids(numbers) => numbers.contain(view.uid),
            Self::Marked(mark) => (view.marks)(*mark),
            Self::Keyword(keyword) => (view.marks)(Mark::Keyword(keyword)),
            Self::Larger(size) => view.size > *size,
            Self::Smaller(size) => view.size < *size,
            Self::ModSeq(since) => view.modseq >= *since,
            Self::Arrived(span, day) => span.holds(Day::of(view.arrived), *day),
            Self::Sent(span, day) => reader.sent().is_some_and(|sent| span.holds(sent, *day)),
            Self::Field(name, needle) => reader.fields(name, needle),
            Self::Body(needle) => reader.body(needle),
            Self::Text(needle) => reader.text(needle),
        }
    }

    fn decided(&self, view: &View<'_>) -> Option<bool> {
        match self {
            Self::And(keys) => {
                let mut all = Some(true);
                for key in keys {
                    match key.decided(view) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                all
            }
            Self::Or(one, other) => match (one.decided(view), other.decided(view)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), other) => other,
                (None, _) => None,
            },
            Self::Not(key) => key.decided(view).map(|matched| !matched),
            Self::Sent(..) | Self::Field(..) | Self::Body(_) | Self::Text(_) => None,
            Self::Numbers(_)
            | Self::Uids(_)
            | Self::Marked(_)
            | Self::Keyword(_)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::ModSeq(_)
            | Self::Arrived(..) => Some(self.matches(view, &Reader::new(&[]))),
        }
    }

    fn asks_modseq(&self) -> bool {
        match self {
            Self::ModSeq(_) => true,
            Self::And(keys) => keys.iter().any(Self::asks_modseq),
            Self::Or(one, other) => one.asks_modseq() || other.asks_modseq(),
            Self::Not(key) => key.asks_modseq(),
            Self::Numbers(_)
            | Self::Uids(_)
            | Self::Marked(_)
            | Self::Keyword(_)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::Arrived(..)
            | Self::Sent(..)
            | Self::Field(..)
            | Self::Body(_)
            | Self::Text(_) => false,
        }
    }

    /// How much of the message an answer needs: its marks, its header, its body.
    fn cost(&self) -> u8 {
        match self {
            Self::And(keys) => keys.iter().map(Self::cost).max().unwrap_or(0),
            Self::Or(one, other) => one.cost().max(other.cost()),
            Self::Not(key) => key.cost(),
            Self::Numbers(_)
            | Self::Uids(_)
            | Self::Marked(_)
            | Self::Keyword(_)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::ModSeq(_)
            | Self::Arrived(..) => 0,
            Self::Sent(..) | Self::Field(..) => 1,
            Self::Body(_) | Self::Text(_) => 2,
        }
    }
}
