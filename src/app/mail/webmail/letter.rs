//! A message as a reader sees it: who, to whom, about what; its text; what is enclosed.
//!
//! Of alternatives the plain text is shown (RFC 2046 5.1.4 lets the reader choose), and HTML as plain text.
//! Left out: signatures and encryption; the order in which related parts refer to each other.

use crate::proto::imap::content::envelope::Envelope;
use crate::proto::imap::content::section;
use crate::proto::message::read::address::Address;
use crate::proto::message::read::tree::{self, Entity, Inside};
use crate::proto::message::read::{decode, header, media};

use super::names::file_name;
use super::plain::plain;

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
        let mut letter = Self { head: head(&raw[root.header.fields.clone()]), ..Self::default() };
        letter.take(raw, &root, "");
        letter
    }

    fn take(&mut self, raw: &[u8], entity: &Entity, place: &str) {
        match &entity.inside {
            Inside::Parts(parts) if entity.media.is(b"multipart", Some(b"alternative")) => {
                let chosen = [&b"plain"[..], b"html"]
                    .into_iter()
                    .find_map(|kind| parts.iter().position(|part| leads_to(part, kind)));
                let chosen = chosen.unwrap_or(0);
                self.take(raw, &parts[chosen], &under(place, chosen));
            }
            Inside::Parts(parts) => {
                for (number, part) in parts.iter().enumerate() {
                    self.take(raw, part, &under(place, number));
                }
            }
            Inside::Leaf if is_shown(raw, entity) => {
                if !self.text.is_empty() {
                    self.text.push('\n');
                }
                self.text.push_str(&text(raw, entity));
            }
            Inside::Leaf | Inside::Message(_) => {
                let place = if place.is_empty() { "1" } else { place };
                self.enclosed.push(enclosed(raw, entity, place));
            }
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

fn under(place: &str, number: usize) -> String {
    let number = number + 1;
    if place.is_empty() { number.to_string() } else { format!("{place}.{number}") }
}

/// Whether a part is text of this kind, or first of all has such a part in it.
fn leads_to(part: &Entity, kind: &[u8]) -> bool {
    match &part.inside {
        Inside::Leaf => part.media.is(b"text", Some(kind)),
        Inside::Parts(parts) => parts.first().is_some_and(|first| leads_to(first, kind)),
        Inside::Message(_) => false,
    }
}

fn disposition(raw: &[u8], entity: &Entity) -> Option<media::Disposition> {
    let field = header::first(&raw[entity.header.fields.clone()], b"content-disposition")?;
    media::Disposition::parse(&field.unfolded())
}

fn is_shown(raw: &[u8], entity: &Entity) -> bool {
    let attached =
        disposition(raw, entity).is_some_and(|disposition| disposition.kind.eq_ignore_ascii_case(b"attachment"));
    let is = |kind| entity.media.is(b"text", Some(kind));
    !attached && (is(b"plain") || is(b"html"))
}

fn encoding(raw: &[u8], entity: &Entity) -> Vec<u8> {
    let field = header::first(&raw[entity.header.fields.clone()], b"content-transfer-encoding");
    field.and_then(|field| media::word(&field.unfolded())).unwrap_or_default()
}

/// What a part of text says, its lines ended by LF.
fn text(raw: &[u8], entity: &Entity) -> String {
    let charset = entity.media.parameter(b"charset");
    let text = decode::body_text(&raw[entity.body.clone()], &encoding(raw, entity), charset);
    let text = if entity.media.is(b"text", Some(b"html")) { plain(&text) } else { text };
    text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned()
}

fn enclosed(raw: &[u8], entity: &Entity, place: &str) -> Enclosed {
    let lower = |word: &[u8]| String::from_utf8_lossy(word).to_ascii_lowercase();
    let named = disposition(raw, entity).and_then(|disposition| parameter(&disposition.parameters, "filename"));
    let named = named.or_else(|| parameter(&entity.media.parameters, "name"));
    let media = format!("{}/{}", lower(&entity.media.kind), lower(&entity.media.subtype));
    let name = file_name(named.as_deref().unwrap_or_default(), place, &media);
    Enclosed { place: place.to_owned(), name, media, octets: entity.body.len() }
}

/// A parameter as text: in the form of RFC 2231 4, or plain, or (wrongly, but often) as encoded words.
fn parameter(parameters: &media::Parameters, name: &str) -> Option<String> {
    let find = |name: &str| parameters.iter().find(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
    if let Some((_, value)) = find(&format!("{name}*")) {
        let text = String::from_utf8_lossy(value);
        let mut pieces = text.splitn(3, '\'');
        let (charset, coded) = (pieces.next().unwrap_or_default(), pieces.nth(1).unwrap_or_default());
        // Percent signs are those of quoted-printable but for the sign.
        let coded = coded.replace('=', "=3D").replace('%', "=");
        return Some(decode::body_text(coded.as_bytes(), b"quoted-printable", Some(charset.as_bytes())));
    }
    find(name).map(|(_, value)| decode::field_text(value))
}

/// A part by its place: its name, its media type, and its octets, transfer encoding undone.
pub(super) fn part(raw: &[u8], place: &str) -> Option<(Enclosed, Vec<u8>)> {
    const DEEPEST: usize = 40;
    let path: Vec<u32> = place.split('.').take(DEEPEST).map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let root = tree::parse(raw);
    let entity = section::find(&root, &path)?;
    let body = &raw[entity.body.clone()];
    let content = match entity.inside {
        // RFC 2045 6.4: what holds other parts is not encoded.
        Inside::Parts(_) | Inside::Message(_) => body.to_vec(),
        Inside::Leaf => {
            decode::octets(body, &encoding(raw, entity)).map_or_else(|_| body.to_vec(), std::borrow::Cow::into_owned)
        }
    };
    Some((enclosed(raw, entity, place), content))
}
