//! The envelope of a message: its header read for RFC 3501 7.4.2.
//!
//! Texts stay as they are in the header, unfolded but not decoded.

use crate::proto::message::read::address::{self, Address};
use crate::proto::message::read::header;

/// What ENVELOPE tells of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Date.
    pub date: Option<Vec<u8>>,
    /// Subject.
    pub subject: Option<Vec<u8>>,
    /// From.
    pub from: Vec<Address>,
    /// Sender, or From if there is none.
    pub sender: Vec<Address>,
    /// Reply-To, or From if there is none.
    pub reply_to: Vec<Address>,
    /// To, of all fields of that name.
    pub to: Vec<Address>,
    /// Cc, of all fields of that name.
    pub cc: Vec<Address>,
    /// Bcc, of all fields of that name.
    pub bcc: Vec<Address>,
    /// In-Reply-To.
    pub in_reply_to: Option<Vec<u8>>,
    /// Message-ID.
    pub message_id: Option<Vec<u8>>,
}

impl Envelope {
    /// Reads header fields, from the top.
    #[must_use]
    pub fn read(fields: &[u8]) -> Self {
        let mut envelope = Self::default();
        for field in header::fields(fields) {
            envelope.take(&field);
        }
        // RFC 3501 7.4.2: absent or empty, both default to From.
        for list in [&mut envelope.sender, &mut envelope.reply_to] {
            if list.is_empty() {
                list.clone_from(&envelope.from);
            }
        }
        envelope
    }

    fn take(&mut self, field: &header::Field<'_>) {
        let text = |known: &mut Option<Vec<u8>>| {
            if known.is_none() {
                *known = Some(field.unfolded().into_owned());
            }
        };
        let first = |known: &mut Vec<Address>| {
            if known.is_empty() {
                *known = address::list(&field.unfolded());
            }
        };
        // RFC 5322 4.5.3: several fields of one kind of destination count as one.
        let all = |known: &mut Vec<Address>| known.extend(address::list(&field.unfolded()));
        match field.name.to_ascii_lowercase().as_slice() {
            b"date" => text(&mut self.date),
            b"subject" => text(&mut self.subject),
            b"in-reply-to" => text(&mut self.in_reply_to),
            b"message-id" => text(&mut self.message_id),
            b"from" => first(&mut self.from),
            b"sender" => first(&mut self.sender),
            b"reply-to" => first(&mut self.reply_to),
            b"to" => all(&mut self.to),
            b"cc" => all(&mut self.cc),
            b"bcc" => all(&mut self.bcc),
            _ => {}
        }
    }
}
