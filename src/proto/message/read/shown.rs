//! A message as its reader sees it: which of its parts are text to be shown, and which are files.
//!
//! Of alternatives the plain text is shown (RFC 2046 5.1.4 lets the reader choose), else the HTML as plain text, else the
//! first one. Left out: signatures and encryption; the order in which related parts refer to each other; what is
//! inside of an enclosed message, which goes along with it.

use std::borrow::Cow;

use super::media::{self, Disposition, Media};
use super::tree::{self, Entity, Inside};
use super::{decode, header, html};

/// A part that holds no others, or a message within the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Where it stands, as IMAP numbers parts: `1.2`.
    pub place: String,
    /// Its media type in small letters, without parameters.
    pub media: String,
    /// Its octets, encoded or not as whoever tells of it knows them.
    pub octets: u64,
    /// Whether it is a file.
    pub file: bool,
}

/// What is shown of a message, and what is kept beside it, in the order of the message.
#[derive(Clone, Debug, Default)]
pub struct Shown<'e> {
    /// The texts.
    pub texts: Vec<(String, &'e Entity)>,
    /// The files, each with its place.
    pub files: Vec<(String, &'e Entity)>,
}

/// Whether a part is a file: it says so (RFC 2183 2.2), or it is a text of no kind that is shown.
#[must_use]
pub fn is_file(media: &Media, disposition: Option<&[u8]>) -> bool {
    let attached = disposition.is_some_and(|kind| kind.eq_ignore_ascii_case(b"attachment"));
    attached || ![&b"plain"[..], b"html"].into_iter().any(|kind| media.is(b"text", Some(kind)))
}

impl<'e> Shown<'e> {
    /// Goes through a message.
    #[must_use]
    pub fn of(raw: &[u8], root: &'e Entity) -> Self {
        let mut shown = Self::default();
        shown.take(raw, root, String::new());
        shown
    }

    fn take(&mut self, raw: &[u8], entity: &'e Entity, place: String) {
        match &entity.inside {
            Inside::Parts(parts) => {
                let chosen = entity.media.is(b"multipart", Some(b"alternative")).then(|| alternative(parts));
                let wanted = |number: &usize| chosen.is_none_or(|chosen| chosen == *number);
                for (number, part) in parts.iter().enumerate().filter(|(number, _)| wanted(number)) {
                    let dot = if place.is_empty() { "" } else { "." };
                    self.take(raw, part, format!("{place}{dot}{}", number + 1));
                }
            }
            Inside::Leaf | Inside::Message(_) => {
                // RFC 3501 6.4.5: a message that is no multipart has the part 1.
                let place = if place.is_empty() { "1".to_owned() } else { place };
                let kind = disposition(raw, entity).map(|disposition| disposition.kind);
                let list = if is_file(&entity.media, kind.as_deref()) { &mut self.files } else { &mut self.texts };
                list.push((place, entity));
            }
        }
    }

    /// What the texts say, with LF between their lines.
    #[must_use]
    pub fn text(&self, raw: &[u8]) -> String {
        self.texts.iter().fold(String::new(), |mut text, (_, part)| {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&text_of(raw, part));
            text
        })
    }

    /// All leaves that are shown or kept, as a list tells of them; octets are those without transfer encoding.
    #[must_use]
    pub fn leaves(&self, raw: &[u8]) -> Vec<Leaf> {
        let leaf = |file| {
            move |(place, part): &(String, &Entity)| Leaf {
                place: place.clone(),
                media: part.media.name(),
                octets: content(raw, part).len() as u64,
                file,
            }
        };
        self.texts.iter().map(leaf(false)).chain(self.files.iter().map(leaf(true))).collect()
    }
}

/// The leaves of a message.
#[must_use]
pub fn leaves(raw: &[u8]) -> Vec<Leaf> {
    Shown::of(raw, &tree::parse(raw)).leaves(raw)
}

/// Which of alternatives is shown.
fn alternative(parts: &[Entity]) -> usize {
    let of = |kind: &[u8]| parts.iter().position(|part| leads_to(part, kind));
    of(b"plain").or_else(|| of(b"html")).unwrap_or(0)
}

/// Whether a part is text of this kind, or first of all has such a part in it.
fn leads_to(part: &Entity, kind: &[u8]) -> bool {
    match &part.inside {
        Inside::Leaf => part.media.is(b"text", Some(kind)),
        Inside::Parts(parts) => parts.first().is_some_and(|first| leads_to(first, kind)),
        Inside::Message(_) => false,
    }
}

/// The body of a text part, decoded.
#[must_use]
pub fn body_text(raw: &[u8], part: &Entity) -> String {
    decode::body_text(&raw[part.body.clone()], &encoding(raw, part), part.media.parameter(b"charset"))
}

fn text_of(raw: &[u8], part: &Entity) -> String {
    let text = body_text(raw, part);
    let text = if part.media.is(b"text", Some(b"html")) { html::plain(&text) } else { text };
    text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned()
}

/// The transfer encoding that a part claims to have.
#[must_use]
pub fn encoding(raw: &[u8], part: &Entity) -> Vec<u8> {
    let field = header::first(&raw[part.header.fields.clone()], b"content-transfer-encoding");
    field.and_then(|field| media::word(&field.unfolded())).unwrap_or_default()
}

/// The octets of a part, its transfer encoding undone; as they stand if it is not known.
#[must_use]
pub fn content<'a>(raw: &'a [u8], part: &Entity) -> Cow<'a, [u8]> {
    let body = &raw[part.body.clone()];
    match part.inside {
        // RFC 2045 6.4: what holds other parts is not encoded.
        Inside::Parts(_) | Inside::Message(_) => Cow::Borrowed(body),
        Inside::Leaf => decode::octets(body, &encoding(raw, part)).unwrap_or(Cow::Borrowed(body)),
    }
}

fn disposition(raw: &[u8], part: &Entity) -> Option<Disposition> {
    let field = header::first(&raw[part.header.fields.clone()], b"content-disposition")?;
    Disposition::parse(&field.unfolded())
}

/// The name of a file as it is given; it is safe to be shown, and nothing more.
#[must_use]
pub fn file_name(raw: &[u8], part: &Entity) -> Option<String> {
    let named = disposition(raw, part).and_then(|disposition| parameter(&disposition.parameters, "filename"));
    let name = named.or_else(|| parameter(&part.media.parameters, "name"))?;
    Some(name.replace(|c: char| c.is_control(), " "))
}

/// A parameter as text: in the form of RFC 2231 4, which is preferred (RFC 6266 4.3), or plain, or (wrongly, but often) as
/// encoded words.
fn parameter(parameters: &media::Parameters, name: &str) -> Option<String> {
    let find = |name: &str| parameters.iter().find(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
    match find(&format!("{name}*")) {
        Some((_, value)) => Some(extended_value(value)),
        None => find(name).map(|(_, value)| decode::field_text(value)),
    }
}

/// The value of a parameter in the form `charset'language'text` with percent signs (RFC 2231 4).
fn extended_value(value: &[u8]) -> String {
    let mut pieces = value.splitn(3, |b| *b == b'\'');
    let charset = pieces.next().unwrap_or_default();
    let text = pieces.nth(1).unwrap_or(value);
    let (mut octets, mut at) = (Vec::new(), 0);
    while let Some(octet) = text.get(at) {
        let digits = text.get(at + 1..at + 3).and_then(|digits| str::from_utf8(digits).ok());
        match digits.filter(|_| *octet == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                at += 3;
            }
            None => {
                octets.push(*octet);
                at += 1;
            }
        }
    }
    decode::body_text(&octets, b"8bit", Some(charset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(parts: &[&str]) -> String {
        let parts: String = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")
    }

    /// Breaks when what is shown is offered as a file too, or what is neither is lost.
    #[test]
    fn every_part_is_shown_or_a_file() {
        let whole = message(&[
            "Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>no\r\n\
             --c\r\n\r\none\r\n--c--",
            "Content-Type: TEXT/HTML\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>t=77o</p>",
            "Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nthree",
            "Content-Type: text/calendar\r\nContent-Disposition: inline; filename*=utf-8''%e2%82%ac.ics\r\n\r\nfour",
            "Content-Type: image/png\r\nContent-Transfer-Encoding: base64 (of course)\r\n\r\nAAAA",
            "Content-Type: message/rfc822\r\n\r\nSubject: five\r\n\r\nsix",
        ]);
        let raw = whole.as_bytes();
        let root = tree::parse(raw);
        let shown = Shown::of(raw, &root);
        assert_eq!(shown.text(raw), "one\ntwo");
        let texts: Vec<&str> = shown.texts.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(texts, ["1.2", "2"]);
        let files: Vec<_> = shown
            .files
            .iter()
            .map(|(place, part)| (place.as_str(), file_name(raw, part).unwrap_or_default()))
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(place, name)| (*place, name.as_str())).collect();
        assert_eq!(files, [("3", "a.txt"), ("4", "€.ics"), ("5", ""), ("6", "")]);
        let leaves = leaves(raw);
        let facts: Vec<_> = leaves.iter().map(|leaf| (leaf.media.as_str(), leaf.octets, leaf.file)).collect();
        assert_eq!(facts[..2], [("text/plain", 3, false), ("text/html", 10, false)]);
        assert_eq!(facts[2..4], [("text/plain", 5, true), ("text/calendar", 4, true)]);
        assert_eq!(facts[4..], [("image/png", 3, true), ("message/rfc822", 20, true)]);
    }

    #[test]
    fn a_message_without_parts_is_part_1() {
        assert_eq!(leaves(b"\r\nyes")[0].place, "1");
        let image = b"Content-Type: image/png\r\n\r\nx";
        assert!(leaves(image)[0].file && Shown::of(image, &tree::parse(image)).text(image).is_empty());
    }
}
