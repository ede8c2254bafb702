//! A message as a page shows it: who, to whom, about what; its text; what is enclosed, under names that are safe.
//!
//! What is shown, and what is a file, is not decided here (`proto/message/read/shown.rs`).

use crate::proto::imap::content::envelope::Envelope;
use crate::proto::imap::content::section;
use crate::proto::message::read::address::Address;
use crate::proto::message::read::shown::{self, Shown};
use crate::proto::message::read::tree::{self, Entity};
use crate::proto::message::read::{decode, header};

use super::names::file_name;

/// Somebody in a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) address: String,
}

impl Person {
    /// As a list of messages shows it.
    pub(super) fn shown(&self) -> String {
        match self.name.as_str() {
            "" => self.address.clone(),
            name => format!("{name} <{}>", self.address),
        }
    }
}

/// What the header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) from: Vec<Person>,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) date: String,
    pub(super) subject: String,
    pub(super) message_id: String,
}

/// A part that is not shown with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Enclosed {
    /// Where it stands, as IMAP numbers parts.
    pub(super) place: String,
    /// A name that is safe to be written into a file system.
    pub(super) name: String,
    /// Media type, in lower case, without parameters.
    pub(super) media: String,
    /// Octets as they are transferred.
    pub(super) octets: usize,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) head: Head,
    pub(super) text: String,
    pub(super) enclosed: Vec<Enclosed>,
}

impl Letter {
    /// Reads the octets of a message.
    pub(super) fn read(raw: &[u8]) -> Self {
        let root = tree::parse(raw);
        let shown = Shown::of(raw, &root);
        Self {
            head: head(&raw[root.header.fields.clone()]),
            text: shown.text(raw),
            enclosed: shown.files.iter().map(|(place, part)| enclosed(raw, part, place)).collect(),
        }
    }
}

/// The header of a message, without looking at the rest.
pub(super) fn head_of(raw: &[u8]) -> Head {
    head(&raw[header::section(raw, 0..raw.len()).fields])
}

fn head(fields: &[u8]) -> Head {
    let envelope = Envelope::read(fields);
    let text = |value: Option<Vec<u8>>| value.map(|value| decode::field_text(&value)).unwrap_or_default();
    Head {
        from: people(envelope.from),
        to: people(envelope.to),
        cc: people(envelope.cc),
        date: text(envelope.date),
        subject: text(envelope.subject),
        message_id: text(envelope.message_id).split_whitespace().next().unwrap_or_default().to_owned(),
    }
}

/// Those with an address; groups and what is no address are left out.
fn people(addresses: Vec<Address>) -> Vec<Person> {
    let people = addresses.into_iter().filter_map(|Address { name, mailbox, host, .. }| {
        let (local, domain) = (decode::plain_text(&mailbox?).into_owned(), decode::plain_text(&host?).into_owned());
        let name = name.map(|name| decode::field_text(&name)).unwrap_or_default();
        Some(Person { name, address: if domain.is_empty() { local } else { format!("{local}@{domain}") } })
    });
    people.collect()
}

fn enclosed(raw: &[u8], entity: &Entity, place: &str) -> Enclosed {
    let media = entity.media.name();
    let name = file_name(&shown::file_name(raw, entity).unwrap_or_default(), place, &media);
    Enclosed { place: place.to_owned(), name, media, octets: entity.body.len() }
}

/// A part by its place: its name, its media type, and its octets, transfer encoding undone.
pub(super) fn part(raw: &[u8], place: &str) -> Option<(Enclosed, Vec<u8>)> {
    const DEEPEST: usize = 40;
    let path: Vec<u32> = place.split('.').take(DEEPEST).map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let root = tree::parse(raw);
    let entity = section::find(&root, &path)?;
    Some((enclosed(raw, entity, place), shown::content(raw, entity).into_owned()))
}
