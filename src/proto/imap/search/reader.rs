//! A message that is looked into only as far as the keys ask, and each part of it once.

use std::cell::OnceCell;

use crate::proto::message::read::tree::{self, Entity, Inside};
use crate::proto::message::read::{decode, header, shown};

use super::date::Day;
use super::needle::{Needle, fold};

/// The content of a message, with what was already read of it.
pub(super) struct Reader<'a> {
    raw: &'a [u8],
    sent: OnceCell<Option<Day>>,
    root: OnceCell<Entity>,
    headers: OnceCell<Vec<String>>,
    body: OnceCell<Vec<String>>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(raw: &'a [u8]) -> Self {
        Self { raw, sent: OnceCell::new(), root: OnceCell::new(), headers: OnceCell::new(), body: OnceCell::new() }
    }

    /// The fields of the header.
    fn header(&self) -> &'a [u8] {
        &self.raw[header::section(self.raw, 0..self.raw.len()).fields]
    }

    /// The day of the Date field.
    pub(super) fn sent(&self) -> Option<Day> {
        *self.sent.get_or_init(|| Day::written(&header::first(self.header(), b"date")?.unfolded()))
    }

    /// Whether a field of that name has the string in it. RFC 3501 6.4.4: the empty string is in
    /// every field, so it asks whether the field is there.
    pub(super) fn fields(&self, name: &[u8], needle: &Needle) -> bool {
        header::fields(self.header())
            .filter(|field| field.is(name))
            .any(|field| needle.is_in(&fold(&decode::field_text(field.value))))
    }

    /// Whether the body has the string in it; the empty string is in every body.
    pub(super) fn body(&self, needle: &Needle) -> bool {
        let body = || {
            let mut texts = Vec::new();
            self.add_body(self.root(), &mut texts);
            texts
        };
        needle.is_in("") || self.body.get_or_init(body).iter().any(|text| needle.is_in(text))
    }

    /// Whether header or body have the string in them.
    pub(super) fn text(&self, needle: &Needle) -> bool {
        let headers = || {
            let mut texts = Vec::new();
            self.add_fields(&self.root().header, &mut texts);
            self.add_part_headers(self.root(), &mut texts);
            texts
        };
        self.headers.get_or_init(headers).iter().any(|text| needle.is_in(text)) || self.body(needle)
    }

    fn root(&self) -> &Entity {
        self.root.get_or_init(|| tree::parse(self.raw))
    }

    /// Adds the MIME headers of parts, on all levels.
    fn add_part_headers(&self, entity: &Entity, texts: &mut Vec<String>) {
        match &entity.inside {
            Inside::Parts(parts) => {
                for part in parts {
                    self.add_fields(&part.header, texts);
                    self.add_part_headers(part, texts);
                }
            }
            Inside::Message(message) => self.add_part_headers(message, texts),
            Inside::Leaf => {}
        }
    }

    /// Adds the text of parts, and the headers of messages inside.
    fn add_body(&self, entity: &Entity, texts: &mut Vec<String>) {
        match &entity.inside {
            Inside::Parts(parts) => parts.iter().for_each(|part| self.add_body(part, texts)),
            Inside::Message(message) => {
                self.add_fields(&message.header, texts);
                self.add_body(message, texts);
            }
            Inside::Leaf if entity.media.is(b"text", None) || entity.media.is(b"message", None) => {
                texts.push(fold(&shown::body_text(self.raw, entity)));
            }
            Inside::Leaf => {}
        }
    }

    /// Adds the fields of a header, one text each.
    fn add_fields(&self, section: &header::Section, texts: &mut Vec<String>) {
        for field in header::fields(&self.raw[section.fields.clone()]) {
            let name = decode::plain_text(field.name);
            texts.push(fold(&format!("{name}: {}", decode::field_text(field.value))));
        }
    }
}
