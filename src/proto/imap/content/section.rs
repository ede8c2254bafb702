//! Which octets a section of FETCH names (RFC 3501 6.4.5).
//!
//! A subset of header fields is the only answer that is not one slice of the message.

use std::borrow::Cow;
use std::ops::Range;

use super::Content;
use crate::proto::message::read::header;
use crate::proto::message::read::tree::{Entity, Inside};

/// What is asked of a message or of the part that a path of numbers leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'n> {
    /// All of it.
    Whole,
    /// The header section with its empty line.
    Header,
    /// The fields of these names.
    Fields(Vec<&'n [u8]>),
    /// The fields of all other names.
    OtherFields(Vec<&'n [u8]>),
    /// What is behind the header section.
    Text,
    /// The MIME header of a part.
    Mime,
}

/// The octets of a piece; nothing if the message has no such part.
#[must_use]
pub fn octets<'a>(content: &Content<'a>, path: &[u32], piece: &Piece<'_>) -> Option<Cow<'a, [u8]>> {
    let raw = content.raw();
    let target = match path {
        [] => None,
        path => Some(find(content.root(), path)?),
    };
    let slice = |range: Range<usize>| Cow::Borrowed(&raw[range]);
    // Without numbers the message itself is meant; with numbers, HEADER and TEXT are those of a
    // message inside of the part.
    let message = || match target.map(|part| &part.inside) {
        None => Some((content.section_of_header(), content.section_of_header().blank.end..raw.len())),
        Some(Inside::Message(message)) => Some((&message.header, message.body.clone())),
        Some(Inside::Leaf | Inside::Parts(_)) => None,
    };
    let fields =
        |wanted: &dyn Fn(&[u8]) -> bool| message().map(|(header, body)| subset(raw, header, body.is_empty(), wanted));
    match piece {
        Piece::Whole => Some(target.map_or(Cow::Borrowed(raw), |part| slice(part.body.clone()))),
        Piece::Mime => target.map(|part| slice(part.header.whole())),
        Piece::Header => message().map(|(header, _)| slice(header.whole())),
        Piece::Text => message().map(|(_, body)| slice(body)),
        Piece::Fields(names) => fields(&|name| among(names, name)),
        Piece::OtherFields(names) => fields(&|name| !among(names, name)),
    }
}

fn among(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The fields that are wanted by name; a line that is no field has none.
fn subset<'a>(raw: &[u8], section: &header::Section, no_body: bool, wanted: &dyn Fn(&[u8]) -> bool) -> Cow<'a, [u8]> {
    let pieces = header::pieces(&raw[section.fields.clone()]).filter_map(|piece| match piece {
        Ok(field) => wanted(field.name).then_some(field.whole),
        Err(line) => wanted(b"").then_some(line),
    });
    let mut text: Vec<u8> = pieces.flatten().copied().collect();
    let blank = &raw[section.blank.clone()];
    if !blank.is_empty() {
        text.extend_from_slice(blank);
    } else if !no_body {
        // RFC 3501 6.4.5: every subset has the empty line, "except in the case of a message
        // which has no body and no blank line".
        text.extend_from_slice(b"\r\n");
    }
    Cow::Owned(text)
}

/// Follows part numbers.
pub fn find<'e>(root: &'e Entity, path: &[u32]) -> Option<&'e Entity> {
    let (first, rest) = path.split_first()?;
    let mut part = numbered(root, *first)?;
    for number in rest {
        part = match &part.inside {
            Inside::Leaf => return None,
            Inside::Parts(parts) => nth(parts, *number)?,
            Inside::Message(message) => numbered(message, *number)?,
        };
    }
    Some(part)
}

/// The part of that number of a message: one that is no multipart has its body as part 1.
fn numbered(message: &Entity, number: u32) -> Option<&Entity> {
    match &message.inside {
        Inside::Parts(parts) => nth(parts, number),
        Inside::Leaf | Inside::Message(_) => (number == 1).then_some(message),
    }
}

fn nth(parts: &[Entity], number: u32) -> Option<&Entity> {
    parts.get(usize::try_from(number).ok()?.checked_sub(1)?)
}

/// The octets of `data` from `origin` on, at most `count` (RFC 3501 6.4.5).
#[must_use]
pub fn partial(data: &[u8], origin: u32, count: u32) -> &[u8] {
    let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let rest = data.get(size(origin)..).unwrap_or_default();
    &rest[..size(count).min(rest.len())]
}
