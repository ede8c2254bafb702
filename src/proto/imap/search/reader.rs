//! A message that is looked into only as far as the keys ask, and each part of it once.

use std::cell::OnceCell;

use crate::proto::imap::content::tree::{self, Entity, Inside};
use crate::proto::imap::content::{decode, header, media};

use super::date::Day;
use super::needle::{Needle, fold};

/// The content of a message, with what was already read of it.
pub(super) struct Reader<'a> {
    raw: &'a [u8],
    sent: OnceCell<Option<Day>>,
    folded: OnceCell<Folded>,
}

/// The decoded texts of a message, without case.
#[derive(Default)]
struct Folded {
    /// The message's header fields, and the MIME headers of its parts.
    headers: Vec<String>,
    /// The text of its parts, and the headers of messages inside.
    body: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(raw: &'a [u8]) -> Self {
        Self { raw, sent: OnceCell::new(), folded: OnceCell::new() }
    }

    /// The day of the Date field.
    pub(super) fn sent(&self) -> Option<Day> {
        *self.sent.get_or_init(|| Day::written(&header::first(self.raw, b"date")?.unfolded()))
    }

    /// Whether a field of that name has the string in it. RFC 3501 6.4.4: the empty string is in
    /// every field, so it asks whether the field is there.
    pub(super) fn fields(&self, name: &[u8], needle: &Needle) -> bool {
        header::fields(self.raw)
            .filter(|field| field.is(name))
            .any(|field| needle.is_in(&fold(&decode::field_text(field.value))))
    }

    /// Whether the body has the string in it; the empty string is in every body.
    pub(super) fn body(&self, needle: &Needle) -> bool {
        needle.is_in("") || self.folded().body.iter().any(|text| needle.is_in(text))
    }

    /// Whether header or body have the string in them.
    pub(super) fn text(&self, needle: &Needle) -> bool {
        self.folded().headers.iter().any(|text| needle.is_in(text)) || self.body(needle)
    }

    fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| {
            let mut folded = Folded::default();
            let root = tree::parse(self.raw);
            collect(self.raw, &root.header, &mut folded.headers);
            self.look_into(&root, &mut folded);
            folded
        })
    }

    fn look_into(&self, entity: &Entity, folded: &mut Folded) {
        match &entity.inside {
            Inside::Parts(parts) => {
                for part in parts {
                    collect(self.raw, &part.header, &mut folded.headers);
                    self.look_into(part, folded);
                }
            }
            Inside::Message(message) => {
                collect(self.raw, &message.header, &mut folded.body);
                self.look_into(message, folded);
            }
            Inside::Leaf if entity.media.is(b"text", None) || entity.media.is(b"message", None) => {
                let fields = &self.raw[entity.header.fields.clone()];
                let encoding = header::first(fields, b"content-transfer-encoding");
                let encoding = encoding.and_then(|field| media::word(&field.unfolded())).unwrap_or_default();
                let body = &self.raw[entity.body.clone()];
                let text = decode::body_text(body, &encoding, entity.media.parameter(b"charset"));
                folded.body.push(fold(&text));
            }
            Inside::Leaf => {}
        }
    }
}

/// Adds the fields of a header, one text each.
fn collect(raw: &[u8], section: &header::Section, texts: &mut Vec<String>) {
    for field in header::fields(&raw[section.fields.clone()]) {
        let name = decode::plain_text(field.name);
        texts.push(fold(&format!("{name}: {}", decode::field_text(field.value))));
    }
}
