//! What FETCH tells of a message, as functions of its octets (RFC 3501 6.4.5 and 7.4.2): its
//! envelope, its structure, and any section of it.
//!
//! Works on any octets: bare LF for CRLF, headers that are missing, multiparts that are cut off.
//! Left out: messages in a form that IMAP never sends, such as decoded headers (RFC 6855).

pub mod envelope;
pub mod section;
pub mod wire;

#[cfg(test)]
mod section_tests;
#[cfg(test)]
mod structure_tests;

use std::borrow::Cow;
use std::cell::OnceCell;

use imap_types::body::BodyStructure;
use imap_types::core::NString;
use imap_types::envelope::Envelope;
use imap_types::fetch::Section;

use crate::proto::message::read::decode::{self, UnknownEncoding};
use crate::proto::message::read::header;
use crate::proto::message::read::shown;
use crate::proto::message::read::tree::{self, Entity, Inside};

/// A message, taken apart only as far as somebody asks.
#[derive(Clone, Debug)]
pub struct Content<'a> {
    raw: &'a [u8],
    header: OnceCell<header::Section>,
    root: OnceCell<Entity>,
}

impl<'a> Content<'a> {
    /// The message of these octets.
    #[must_use]
    pub const fn new(raw: &'a [u8]) -> Self {
        Self { raw, header: OnceCell::new(), root: OnceCell::new() }
    }

    /// All octets: RFC822 and BODY\[\].
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The message as an entity of entities.
    #[must_use]
    pub fn root(&self) -> &Entity {
        self.root.get_or_init(|| tree::parse(self.raw))
    }

    /// Where its header section is, which costs less than all parts.
    fn section_of_header(&self) -> &header::Section {
        self.header.get_or_init(|| header::section(self.raw, 0..self.raw.len()))
    }

    /// The header section with its empty line: RFC822.HEADER and BODY\[HEADER\].
    #[must_use]
    pub fn header(&self) -> &'a [u8] {
        &self.raw[self.section_of_header().whole()]
    }

    /// What is behind the header section: RFC822.TEXT and BODY\[TEXT\].
    #[must_use]
    pub fn text(&self) -> &'a [u8] {
        &self.raw[self.section_of_header().blank.end..]
    }

    /// ENVELOPE.
    #[must_use]
    pub fn envelope(&self) -> Envelope<'static> {
        wire::envelope(&envelope::Envelope::read(&self.raw[self.section_of_header().fields.clone()]))
    }

    /// BODY: the structure without extension data.
    #[must_use]
    pub fn body(&self) -> BodyStructure<'static> {
        wire::structure(self.raw, self.root(), false)
    }

    /// BODYSTRUCTURE.
    #[must_use]
    pub fn body_structure(&self) -> BodyStructure<'static> {
        wire::structure(self.raw, self.root(), true)
    }

    /// BODY\[section\]; nothing if the message has no such part.
    #[must_use]
    pub fn section(&self, section: Option<&Section<'_>>) -> Option<Cow<'a, [u8]>> {
        let (path, piece) = wire::section(section);
        section::octets(self, &path, &piece)
    }

    /// BINARY\[part\] (RFC 3516): the octets of a part without its transfer encoding, or the
    /// whole message as it is; nothing if the message has no such part.
    #[must_use]
    pub fn binary(&self, path: &[u32]) -> Option<Result<Cow<'a, [u8]>, UnknownEncoding>> {
        if path.is_empty() {
            return Some(Ok(Cow::Borrowed(self.raw)));
        }
        let part = section::find(self.root(), path)?;
        let body = &self.raw[part.body.clone()];
        match part.inside {
            // RFC 2045 6.4: what holds other parts is not encoded.
            Inside::Parts(_) | Inside::Message(_) => Some(Ok(Cow::Borrowed(body))),
            Inside::Leaf => Some(decode::octets(body, &shown::encoding(self.raw, part))),
        }
    }

    /// The data of BODY\[section\]<origin.count> as it is sent: NIL if there is no such part.
    #[must_use]
    pub fn fetch(&self, section: Option<&Section<'_>>, partial: Option<(u32, u32)>) -> NString<'static> {
        let data = self.section(section);
        NString(data.map(|data| {
            let data = partial.map_or(&data[..], |(origin, count)| section::partial(&data, origin, count));
            wire::literal(data).into()
        }))
    }
}
