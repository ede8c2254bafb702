//! SORT and THREAD (RFC 5256): the order of messages, as functions of what they say of
//! themselves.
//!
//! Text is compared in capital letters, by code point. Left out: SORT=DISPLAY (RFC 5957), other
//! collations.

mod subject;
mod thread;

use std::cmp::Ordering;

use super::content::envelope::Envelope;
use super::search::date;
use crate::base::UnixTime;
use crate::proto::message::read::{address::Address, header};

pub use subject::Subject;
pub use thread::{ordered_subject, references};

/// By what SORT compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The internal date.
    Arrival,
    /// The mailbox of the first Cc address.
    Cc,
    /// The sent date.
    Date,
    /// The mailbox of the first From address.
    From,
    /// The size in octets.
    Size,
    /// The base subject.
    Subject,
    /// The mailbox of the first To address.
    To,
}

/// A key, and whether it is reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// By what.
    pub key: Key,
    /// Whether the largest comes first.
    pub reverse: bool,
}

/// In what order messages that match are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of their numbers: SEARCH.
    Numbers,
    /// SORT.
    By(Vec<Criterion>),
    /// THREAD=ORDEREDSUBJECT.
    Subjects,
    /// THREAD=REFERENCES.
    References,
}

/// What a message says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// The number by which it is told of.
    pub number: u32,
    arrived: UnixTime,
    sent: UnixTime,
    size: u32,
    from: Vec<u8>,
    to: Vec<u8>,
    cc: Vec<u8>,
    subject: Subject,
    id: Option<Vec<u8>>,
    /// Message-IDs of the messages before it in its thread, the oldest first.
    references: Vec<Vec<u8>>,
}

impl Traits {
    /// Reads a message. RFC 5256 2.2: one without a valid date counts as sent when it arrived.
    #[must_use]
    pub fn read(number: u32, (arrived, size): (UnixTime, u32), raw: &[u8]) -> Self {
        let fields = &raw[header::section(raw, 0..raw.len()).fields];
        let envelope = Envelope::read(fields);
        let mailbox = |list: &[Address]| {
            let first = list.iter().find_map(|address| address.mailbox.as_ref());
            first.map(|mailbox| mailbox.to_ascii_uppercase()).unwrap_or_default()
        };
        let listed = header::first(fields, b"references").map(|field| ids(&field.unfolded())).unwrap_or_default();
        // RFC 5256 3: without References, the first message-id of In-Reply-To.
        let replied = || envelope.in_reply_to.as_deref().map(ids).unwrap_or_default().into_iter().take(1).collect();
        Self {
            number,
            arrived,
            sent: envelope.date.as_deref().and_then(date::instant).unwrap_or(arrived),
            size,
            from: mailbox(&envelope.from),
            to: mailbox(&envelope.to),
            cc: mailbox(&envelope.cc),
            subject: envelope.subject.as_deref().map(Subject::read).unwrap_or_default(),
            id: envelope.message_id.as_deref().map(ids).unwrap_or_default().into_iter().next(),
            references: if listed.is_empty() { replied() } else { listed },
        }
    }

    fn compare(&self, other: &Self, key: Key) -> Ordering {
        match key {
            Key::Arrival => self.arrived.cmp(&other.arrived),
            Key::Cc => self.cc.cmp(&other.cc),
            Key::Date => self.sent.cmp(&other.sent),
            Key::From => self.from.cmp(&other.from),
            Key::Size => self.size.cmp(&other.size),
            Key::Subject => self.subject.base.cmp(&other.subject.base),
            Key::To => self.to.cmp(&other.to),
        }
    }
}

/// The message-ids in a field, each between angle brackets.
fn ids(value: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some(start) = memchr::memchr(b'<', rest) {
        rest = &rest[start + 1..];
        let Some(end) = memchr::memchr(b'>', rest) else { break };
        let id: Vec<u8> = rest[..end].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        if id.contains(&b'@') {
            out.push(id);
        }
        rest = &rest[end + 1..];
    }
    out
}

/// The numbers of the messages in the order of the criteria; where these do not decide, that of
/// their numbers (RFC 5256 3).
#[must_use]
pub fn sort(mut messages: Vec<Traits>, criteria: &[Criterion]) -> Vec<u32> {
    messages.sort_by(|one, other| {
        let by = |criterion: &Criterion| {
            let order = one.compare(other, criterion.key);
            if criterion.reverse { order.reverse() } else { order }
        };
        criteria.iter().map(by).find(|order| order.is_ne()).unwrap_or_else(|| one.number.cmp(&other.number))
    });
    messages.into_iter().map(|message| message.number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u32, arrived: i64, text: &str) -> Traits {
        Traits::read(number, (UnixTime(arrived), u32::try_from(text.len()).unwrap()), text.as_bytes())
    }

    /// Would break if a reversed key also reversed what it does not decide.
    #[test]
    fn criteria_decide_one_after_the_other() {
        let messages = || {
            vec![
                message(1, 50, "Date: Fri, 22 Feb 2008 00:00:00 +0200\nFrom: Zoe <b@x>\nSubject: Re: one\n\n"),
                message(2, 40, "Date: Fri, 22 Feb 2008 02:00:00 +0200\nFrom: A@x\nSubject: two\n\n1"),
                message(3, 30, "Date: Thu, 21 Feb 2008 22:00:00 +0000\nTo: g:;, c@x\nSubject: ONE\n\n12"),
                message(4, 20, "Cc: d@x\nSubject: [x] two (fwd)\n\n"),
            ]
        };
        let by = |keys: &[(Key, bool)]| {
            let criteria: Vec<_> =
                keys.iter().map(|(key, reverse)| Criterion { key: *key, reverse: *reverse }).collect();
            sort(messages(), &criteria)
        };
        assert_eq!(by(&[(Key::Date, false)]), [4, 1, 3, 2]);
        assert_eq!(by(&[(Key::Date, true)]), [2, 1, 3, 4]);
        assert_eq!(by(&[(Key::Arrival, false)]), [4, 3, 2, 1]);
        assert_eq!(by(&[(Key::Subject, false), (Key::Size, true)]), [1, 3, 2, 4]);
        assert_eq!(by(&[(Key::From, false)]), [3, 4, 2, 1]);
        assert_eq!(by(&[(Key::To, true)]), [3, 1, 2, 4]);
        assert_eq!(by(&[(Key::Cc, true), (Key::Arrival, true)]), [4, 1, 2, 3]);
    }

    #[test]
    fn message_ids_in_fields() {
        for (text, wanted) in [
            ("<a@b> (x) <c@d>", &["a@b", "c@d"][..]),
            ("yours of Monday <a@\r\n b>", &["a@b"]),
            ("<none> <a@b", &[]),
            ("", &[]),
        ] {
            let found: Vec<String> =
                ids(text.as_bytes()).into_iter().map(|id| String::from_utf8(id).unwrap()).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
