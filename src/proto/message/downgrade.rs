//! From 8 bits to 7, for a next server without 8BITMIME (RFC 6152 3): leaf parts with octets above
//! 127 are encoded anew, everything else stays as it is, octet for octet.
//!
//! Header fields with such octets are no matter of 8BITMIME, what was signed would lose its
//! signature, and composite types cannot be encoded (RFC 2045 6.4): such messages have no form
//! in 7 bits and go back to their senders. A message without MIME gets it (RFC 1428), since
//! otherwise nobody could decode it.

use std::borrow::Cow;
use std::ops::Range;

use super::encoding::Encoding;
use crate::proto::message::read::header;
use crate::proto::message::read::media::{Media, word};
use crate::proto::message::read::tree::{self, Entity, Inside};

/// Why a message has no form in 7 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unconvertible {
    /// A header field is not ASCII.
    #[error("a header field is not ASCII")]
    Header,
    /// It would lose its signature.
    #[error("a signed part cannot be encoded anew")]
    Signed,
    /// A part that may not be encoded, or whose structure is unclear.
    #[error("a composite part cannot be encoded")]
    Composite,
    /// A part that claims to be encoded already.
    #[error("a part is not in the encoding that it claims")]
    Encoding,
}

/// Whether all octets are ASCII.
#[must_use]
pub const fn is_seven_bit(content: &[u8]) -> bool {
    content.is_ascii()
}

/// The message in 7 bits; itself, if it is that already.
///
/// # Errors
/// It has no such form; the sender should be told so with 5.6.3 (RFC 3463: "Conversion required
/// but not supported").
pub fn downgrade(content: &[u8]) -> Result<Cow<'_, [u8]>, Unconvertible> {
    if is_seven_bit(content) {
        return Ok(Cow::Borrowed(content));
    }
    let root = tree::parse(content);
    let mut writer = Writer { raw: content, at: 0, out: Vec::with_capacity(content.len() + content.len() / 4) };
    writer.message(&root)?;
    writer.copy_to(content.len());
    Ok(Cow::Owned(writer.out))
}

struct Writer<'a> {
    raw: &'a [u8],
    /// What is before is written.
    at: usize,
    out: Vec<u8>,
}

impl Writer<'_> {
    /// Copies what is in between. Outside of headers and leaves stand only lines that belong to no
    /// part, which nobody reads (RFC 2046 5.1.1): they lose what is not ASCII.
    fn copy_to(&mut self, end: usize) {
        let octets = self.raw[self.at..end].iter().map(|b| if b.is_ascii() { *b } else { b'?' });
        self.out.extend(octets);
        self.at = end;
    }

    fn replace(&mut self, range: Range<usize>, by: &[u8]) {
        self.copy_to(range.start);
        self.out.extend_from_slice(by);
        self.at = range.end;
    }

    /// An entity that is a message of its own, and so says whether it is MIME.
    fn message(&mut self, entity: &Entity) -> Result<(), Unconvertible> {
        if self.is_seven_bit(entity) {
            return Ok(());
        }
        let fields = &self.raw[entity.header.fields.clone()];
        let has = |name: &[u8]| header::first(fields, name).is_some();
        let mut added = String::new();
        if !has(b"mime-version") {
            added.push_str("MIME-Version: 1.0\r\n");
        }
        if !has(b"content-type") {
            // RFC 1428 section 3: nobody knows which charset that was.
            added.push_str("Content-Type: text/plain; charset=unknown-8bit\r\n");
        }
        self.entity(entity, &added)
    }

    fn is_seven_bit(&self, entity: &Entity) -> bool {
        self.raw[entity.header.fields.start..entity.body.end].is_ascii()
    }

    fn entity(&mut self, entity: &Entity, added: &str) -> Result<(), Unconvertible> {
        if self.is_seven_bit(entity) {
            return Ok(());
        }
        if !self.raw[entity.header.whole()].is_ascii() {
            return Err(Unconvertible::Header);
        }
        if !self.is_plain(entity) {
            return Err(Unconvertible::Encoding);
        }
        match &entity.inside {
            Inside::Parts(parts) => {
                if entity.media.is(b"multipart", Some(b"signed")) {
                    return Err(Unconvertible::Signed);
                }
                self.header(entity, Encoding::SevenBit, added);
                parts.iter().try_for_each(|part| self.entity(part, ""))
            }
            Inside::Message(message) => {
                self.header(entity, Encoding::SevenBit, added);
                self.message(message)
            }
            Inside::Leaf => self.leaf(entity, added),
        }
    }

    /// Whether a body stands as it is, not encoded already.
    fn is_plain(&self, entity: &Entity) -> bool {
        let fields = &self.raw[entity.header.fields.clone()];
        let claimed = header::first(fields, b"content-transfer-encoding").map(|field| field.unfolded());
        let identity = |word: &[u8]| [&b"7bit"[..], b"8bit", b"binary"].iter().any(|b| word.eq_ignore_ascii_case(b));
        claimed.is_none_or(|value| word(&value).is_some_and(|word| identity(&word)))
    }

    fn leaf(&mut self, entity: &Entity, added: &str) -> Result<(), Unconvertible> {
        let fields = &self.raw[entity.header.fields.clone()];
        let written = header::first(fields, b"content-type").map(|field| field.unfolded());
        let media = written.as_deref().and_then(Media::parse);
        // RFC 6532 3.7 lets message/global be encoded; of the others none (RFC 2046 5.2).
        let composite = |media: &Media| {
            media.is(b"multipart", None) || media.is(b"message", None) && !media.is(b"message", Some(b"global"))
        };
        if media.as_ref().is_some_and(composite) {
            return Err(Unconvertible::Composite);
        }
        // What cannot be read counts as text (RFC 2045 5.2).
        let text = media.is_none_or(|media| media.is(b"text", None));
        let body = &self.raw[entity.body.clone()];
        let encoding = Encoding::shortest(body, text);
        let mut encoded = encoding.encode(body, text).into_owned();
        // The line end in front of a delimiter is the delimiter's, but at the end it is the message's.
        if entity.body.end < self.raw.len() && encoded.ends_with(b"\r\n") && encoding == Encoding::Base64 {
            encoded.truncate(encoded.len() - 2);
        }
        self.header(entity, encoding, added);
        self.replace(entity.body.clone(), &encoded);
        Ok(())
    }

    /// Copies a header section with another transfer encoding in it.
    fn header(&mut self, entity: &Entity, encoding: Encoding, added: &str) {
        let section = &entity.header;
        self.copy_to(section.fields.start);
        let field = format!("Content-Transfer-Encoding: {}\r\n", encoding.name());
        let mut done = false;
        let mut at = section.fields.start;
        for piece in header::pieces(&self.raw[section.fields.clone()]) {
            let (whole, is) = match piece {
                Ok(found) => (found.whole, found.is(b"content-transfer-encoding")),
                Err(line) => (line, false),
            };
            let range = at..at + whole.len();
            at = range.end;
            if is {
                let by = if done { "" } else { field.as_str() };
                done = true;
                self.replace(range, by.as_bytes());
            }
        }
        self.copy_to(section.fields.end);
        // A message that is cut off in its header has no line end there.
        if !self.out.is_empty() && !self.out.ends_with(b"\n") {
            self.out.extend_from_slice(b"\r\n");
        }
        // The default of a composite part is what it gets.
        if !done && encoding != Encoding::SevenBit {
            self.out.extend_from_slice(field.as_bytes());
        }
        self.out.extend_from_slice(added.as_bytes());
        self.copy_to(section.blank.end);
        if section.blank.is_empty() {
            self.out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(text: &[u8]) -> Result<String, Unconvertible> {
        downgrade(text).map(|octets| String::from_utf8(octets.into_owned()).unwrap())
    }

    #[test]
    fn what_is_seven_bit_stays() {
        let message = b"Subject: x\r\n\r\n\r\nbare\rCR";
        assert!(matches!(downgrade(message), Ok(Cow::Borrowed(same)) if same == message));
    }

    /// RFC 1428: such a message has no MIME header so far.
    #[test]
    fn a_plain_message_becomes_mime() {
        let lowered = lower("Subject: x\r\n\r\ncaf\u{e9} au lait, a line\r\n".as_bytes()).unwrap();
        let text = "Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\
                    Content-Type: text/plain; charset=unknown-8bit\r\n\r\ncaf=C3=A9 au lait, a line\r\n";
        assert_eq!(lowered, text);
        // no header at all, and one without an empty line behind it
        let lowered = lower("caf\u{e9} au lait, a line".as_bytes()).unwrap();
        assert!(lowered.ends_with("unknown-8bit\r\n\r\ncaf=C3=A9 au lait, a line"), "{lowered}");
        assert!(lower("Subject: x\r\ncaf\u{e9} au lait, a line".as_bytes()).unwrap().contains("\r\n\r\ncaf=C3"));
    }

    #[test]
    fn parts_are_encoded_and_nothing_else_is_touched() {
        let message = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\
             content-transfer-encoding: 8bit\r\n\r\nd\u{e9}but\r\n--b\r\n\r\nplain  \r\n--b\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding:\r\n 8bit\r\nX: y\r\n\r\n\
             caf\u{e9} au lait, a line\r\n--b\r\nContent-Type: image/gif\r\n\r\n\u{e9}\r\n--b--\r\nfin\r\n";
        let expected = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\
             Content-Transfer-Encoding: 7bit\r\n\r\nd??but\r\n--b\r\n\r\nplain  \r\n--b\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\nX: y\r\n\r\n\
             caf=C3=A9 au lait, a line\r\n--b\r\nContent-Type: image/gif\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nw6k=\r\n--b--\r\nfin\r\n";
        assert_eq!(lower(message.as_bytes()).unwrap(), expected);
    }

    /// Would break if a message inside a message, or a signature, were treated as a text.
    #[test]
    fn inner_messages_are_converted_and_signed_parts_are_not() {
        let inner = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
                     Subject: in\r\n\r\ncaf\u{e9} au lait, a line\r\n";
        let lowered = lower(format!("MIME-Version: 1.0\r\n{inner}").as_bytes()).unwrap();
        let expected = "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
             Subject: in\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=unknown-8bit\r\n\r\ncaf=C3=A9 au lait, a line\r\n";
        assert_eq!(lowered, expected);
        let part = |kind: &str| format!("Content-Type: {kind}; boundary=b\r\n\r\n--b\r\n\r\n\u{e9}\r\n--b--\r\n");
        for (message, why) in [
            ("Subject: caf\u{e9}\r\n\r\n".to_owned(), Unconvertible::Header),
            ("Content-Type: message/rfc822\r\n\r\nSubject: \u{e9}\r\n\r\n".to_owned(), Unconvertible::Header),
            (part("multipart/signed"), Unconvertible::Signed),
            ("Content-Type: multipart/mixed\r\n\r\n\u{e9}\r\n".to_owned(), Unconvertible::Composite),
            ("Content-Type: message/partial\r\n\r\n\u{e9}\r\n".to_owned(), Unconvertible::Composite),
            ("Content-Transfer-Encoding: base64\r\n\r\n\u{e9}\r\n".to_owned(), Unconvertible::Encoding),
        ] {
            assert_eq!(lower(message.as_bytes()), Err(why), "{message}");
        }
    }
}
