//! Envelopes, body structures and sections in the types of the IMAP library.
//!
//! Only this file of the folder knows that library. Strings of IMAP cannot hold NUL (RFC 3501 9:
//! CHAR8), so a NUL is sent as the octet 0x80, which keeps every count as it is.

use std::borrow::Cow;

use imap_types::body::{
    BasicFields, Body, BodyStructure, Disposition, Language, Location, MultiPartExtensionData, SinglePartExtensionData,
    SpecificFields,
};
use imap_types::core::{IString, Literal, NString, Quoted, Vec1};
use imap_types::envelope::{Address, Envelope};
use imap_types::fetch::{Part, Section};

use super::envelope;
use super::section::Piece;
use crate::proto::message::read::tree::{Entity, Inside};
use crate::proto::message::read::{address, header, media};

/// The string of some octets: quoted where that is possible, else a literal.
#[must_use]
pub fn string(octets: &[u8]) -> IString<'static> {
    match Quoted::try_from(octets.to_vec()) {
        Ok(quoted) => IString::Quoted(quoted),
        Err(_) => IString::Literal(literal(octets)),
    }
}

/// The literal of some octets.
#[must_use]
pub fn literal(octets: &[u8]) -> Literal<'static> {
    let sendable = octets.iter().map(|b| if *b == 0 { 0x80 } else { *b }).collect::<Vec<u8>>();
    Literal::try_from(sendable).expect("no NUL is left")
}

fn nstring(octets: Option<&[u8]>) -> NString<'static> {
    NString(octets.map(string))
}

fn parameters(list: &media::Parameters) -> Vec<(IString<'static>, IString<'static>)> {
    list.iter().map(|(name, value)| (string(name), string(value))).collect()
}

/// The path and the piece that a section of FETCH names.
#[must_use]
pub fn section<'s>(section: Option<&'s Section<'_>>) -> (Vec<u32>, Piece<'s>) {
    let path = |part: &Part| part.0.as_ref().iter().map(|number| number.get()).collect();
    let inner = |part: &Option<Part>| part.as_ref().map(path).unwrap_or_default();
    match section {
        None => (Vec::new(), Piece::Whole),
        Some(Section::Part(part)) => (path(part), Piece::Whole),
        Some(Section::Header(part)) => (inner(part), Piece::Header),
        Some(Section::HeaderFields(part, names)) => {
            (inner(part), Piece::Fields(names.as_ref().iter().map(AsRef::as_ref).collect()))
        }
        Some(Section::HeaderFieldsNot(part, names)) => {
            (inner(part), Piece::OtherFields(names.as_ref().iter().map(AsRef::as_ref).collect()))
        }
        Some(Section::Text(part)) => (inner(part), Piece::Text),
        Some(Section::Mime(part)) => (path(part), Piece::Mime),
    }
}

/// An envelope to send.
#[must_use]
pub fn envelope(known: &envelope::Envelope) -> Envelope<'static> {
    let list = |known: &[address::Address]| {
        let one = |known: &address::Address| Address {
            name: nstring(known.name.as_deref()),
            adl: nstring(known.route.as_deref()),
            mailbox: nstring(known.mailbox.as_deref()),
            host: nstring(known.host.as_deref()),
        };
        known.iter().map(one).collect()
    };
    Envelope {
        date: nstring(known.date.as_deref()),
        subject: nstring(known.subject.as_deref()),
        from: list(&known.from),
        sender: list(&known.sender),
        reply_to: list(&known.reply_to),
        to: list(&known.to),
        cc: list(&known.cc),
        bcc: list(&known.bcc),
        in_reply_to: nstring(known.in_reply_to.as_deref()),
        message_id: nstring(known.message_id.as_deref()),
    }
}

/// The structure of an entity; with the extension data for BODYSTRUCTURE, without for BODY.
#[must_use]
pub fn structure(raw: &[u8], entity: &Entity, extended: bool) -> BodyStructure<'static> {
    let fields = Fields(&raw[entity.header.fields.clone()]);
    let subtype = string(&entity.media.subtype);
    let body = &raw[entity.body.clone()];
    let specific = match &entity.inside {
        Inside::Parts(parts) => {
            let bodies: Vec<_> = parts.iter().map(|part| structure(raw, part, extended)).collect();
            let extension_data = extended.then(|| MultiPartExtensionData {
                parameter_list: parameters(&entity.media.parameters),
                tail: Some(fields.extension()),
            });
            let bodies = Vec1::try_from(bodies).expect("a multipart has parts");
            return BodyStructure::Multi { bodies, subtype, extension_data };
        }
        Inside::Message(message) => SpecificFields::Message {
            envelope: Box::new(envelope(&envelope::Envelope::read(&raw[message.header.fields.clone()]))),
            body_structure: Box::new(structure(raw, message, extended)),
            number_of_lines: lines(body),
        },
        Inside::Leaf if entity.media.is(b"text", None) => {
            SpecificFields::Text { subtype, number_of_lines: lines(body) }
        }
        Inside::Leaf => SpecificFields::Basic { r#type: string(&entity.media.kind), subtype },
    };
    let basic = BasicFields {
        parameter_list: parameters(&entity.media.parameters),
        id: fields.text(b"content-id"),
        description: fields.text(b"content-description"),
        content_transfer_encoding: string(&fields.encoding()),
        size: count(body.len()),
    };
    let extension_data =
        extended.then(|| SinglePartExtensionData { md5: fields.text(b"content-md5"), tail: Some(fields.extension()) });
    BodyStructure::Single { body: Body { basic, specific }, extension_data }
}

/// The header fields of an entity, asked for what a structure tells.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn get(&self, name: &[u8]) -> Option<Cow<'a, [u8]>> {
        header::first(self.0, name).map(|field| field.unfolded())
    }

    fn text(&self, name: &[u8]) -> NString<'static> {
        nstring(self.get(name).as_deref())
    }

    /// RFC 2045 6.1: the default is 7BIT.
    fn encoding(&self) -> Vec<u8> {
        self.get(b"content-transfer-encoding").and_then(|value| media::word(&value)).unwrap_or_else(|| b"7bit".to_vec())
    }

    fn extension(&self) -> Disposition<'static> {
        let disposition = self
            .get(b"content-disposition")
            .and_then(|value| media::Disposition::parse(&value))
            .map(|known| (string(&known.kind), parameters(&known.parameters)));
        let languages = self.get(b"content-language").map(|value| media::languages(&value)).unwrap_or_default();
        let location = Location { location: self.text(b"content-location"), extensions: Vec::new() };
        let language = Language { language: languages.iter().map(|tag| string(tag)).collect(), tail: Some(location) };
        Disposition { disposition, tail: Some(language) }
    }
}

fn lines(body: &[u8]) -> u32 {
    count(memchr::memchr_iter(b'\n', body).count())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
