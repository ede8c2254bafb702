//! Entities to be written (RFC 2045, 2046): leaves and the multiparts around them.
//!
//! `mail-builder` writes header fields, encoded words (RFC 2047) and parameters (RFC 2231). What it
//! would choose itself, differently each time, is chosen here: boundaries follow from a seed and
//! occur in no part, and transfer encodings follow from the octets. Left out: languages,
//! locations, external bodies.

use mail_builder::headers::Header as _;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;
use xxhash_rust::xxh3::xxh3_64;

use super::encoding::Encoding;
use super::header::first;
use crate::proto::message::read::tree::{self, Entity, Inside};
use crate::proto::message::read::{decode, shown};

/// What stands in the header of a leaf besides its type and encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// Whether it is shown by itself: Content-Disposition (RFC 2183).
    pub disposition: Option<Disposition>,
    /// Its file name.
    pub name: Option<String>,
    /// The Content-ID by which HTML refers to it (RFC 2392), without angle brackets.
    pub id: Option<String>,
}

/// How a part is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Within the message.
    Inline,
    /// As a file.
    Attachment,
}

/// An entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Octets.
    Leaf {
        /// Media type with parameters as they are written, such as `text/plain; charset=utf-8`.
        media: String,
        /// The rest of its header.
        labels: Labels,
        /// Its transfer encoding.
        encoding: Encoding,
        /// Octets before they were encoded.
        content: usize,
        /// Octets encoded.
        encoded: Vec<u8>,
    },
    /// Parts.
    Multipart {
        /// The subtype of multipart, with further parameters as they are written.
        kind: &'static str,
        /// At least one.
        parts: Vec<Node>,
    },
}

/// What a leaf costs on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Where it stands, as IMAP numbers parts: `1.2`.
    pub place: String,
    /// Its media type without parameters.
    pub media: String,
    /// Its transfer encoding.
    pub encoding: Encoding,
    /// Octets before they were encoded.
    pub content: u64,
    /// Octets encoded, without header and delimiters.
    pub encoded: u64,
}

impl Node {
    /// A leaf in the encoding asked for if that carries its octets, else in the shortest.
    #[must_use]
    pub fn leaf(media: &str, labels: Labels, octets: &[u8], wish: Option<Encoding>) -> Self {
        let text = is_text(media);
        let encoding = wish.filter(|wish| wish.carries(octets)).unwrap_or_else(|| Encoding::shortest(octets, text));
        let encoded = encoding.encode(octets, text).into_owned();
        Self::Leaf { media: media.to_owned(), labels, encoding, content: octets.len(), encoded }
    }

    /// A message within a message (RFC 2046 5.2.1): as it stands, since it may not be encoded.
    #[must_use]
    pub fn enclosed(message: &[u8], wish: Option<Encoding>) -> Self {
        let encoding = wish.unwrap_or(Encoding::SevenBit);
        let (media, content) = ("message/rfc822".to_owned(), message.len());
        Self::Leaf { media, labels: Labels::default(), encoding, content, encoded: message.to_vec() }
    }

    /// Text, with the charset that its octets have.
    #[must_use]
    pub fn text(subtype: &str, text: &[u8], wish: Option<Encoding>) -> Self {
        let charset = if text.is_ascii() { "us-ascii" } else { "utf-8" };
        Self::leaf(&format!("text/{subtype}; charset={charset}"), Labels::default(), text, wish)
    }

    /// The parts in a multipart; one alone needs none.
    #[must_use]
    pub fn join(kind: &'static str, mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { Self::Multipart { kind, parts } }
    }

    /// Writes its header, the empty line and its body. The same seed gives the same boundaries.
    pub fn write(&self, seed: &str, out: &mut Vec<u8>) {
        let mut boundaries = Boundaries { seed: xxh3_64(seed.as_bytes()), next: 0 };
        self.part(&mut boundaries).write_part(out);
    }

    /// The costs of all leaves, in order.
    #[must_use]
    pub fn costs(&self) -> Vec<Cost> {
        let mut costs = Vec::new();
        let place = if matches!(self, Self::Leaf { .. }) { "1" } else { "" };
        self.add_costs(place, &mut costs);
        costs
    }

    fn add_costs(&self, place: &str, costs: &mut Vec<Cost>) {
        match self {
            Self::Leaf { media, encoding, content, encoded, .. } => costs.push(Cost {
                place: place.to_owned(),
                media: bare(media).to_owned(),
                encoding: *encoding,
                content: *content as u64,
                encoded: encoded.len() as u64,
            }),
            Self::Multipart { parts, .. } => {
                let dot = if place.is_empty() { "" } else { "." };
                for (number, part) in (1..).zip(parts) {
                    part.add_costs(&format!("{place}{dot}{number}"), costs);
                }
            }
        }
    }

    fn part(&self, boundaries: &mut Boundaries) -> MimePart<'_> {
        match self {
            Self::Leaf { media, labels, encoding, encoded, .. } => {
                let mut part = MimePart::raw(&encoded[..]).header("Content-Type", content_type(media, labels));
                part = part.header("Content-Transfer-Encoding", Raw::new(encoding.name()));
                if let Some(disposition) = labels.disposition {
                    part = part.header("Content-Disposition", presented(disposition, labels));
                }
                if let Some(id) = &labels.id {
                    part = part.header("Content-ID", MessageId::new(id.as_str()));
                }
                part
            }
            Self::Multipart { kind, parts } => {
                let boundary = boundaries.take(self);
                let kind = with_parameters(&format!("multipart/{kind}")).attribute("boundary", boundary);
                let inner: Vec<MimePart<'_>> = parts.iter().map(|part| part.part(boundaries)).collect();
                let part = MimePart::raw(inner).header("Content-Type", kind);
                // RFC 2045 6.4: a composite is 8bit if anything in it is.
                if self.is_eight_bit() { part.header("Content-Transfer-Encoding", Raw::new("8bit")) } else { part }
            }
        }
    }

    fn is_eight_bit(&self) -> bool {
        match self {
            Self::Leaf { encoding, .. } => *encoding == Encoding::EightBit,
            Self::Multipart { parts, .. } => parts.iter().any(Self::is_eight_bit),
        }
    }

    fn contains(&self, text: &[u8]) -> bool {
        match self {
            Self::Leaf { encoded, .. } => memchr::memmem::find(encoded, text).is_some(),
            Self::Multipart { parts, .. } => parts.iter().any(|part| part.contains(text)),
        }
    }
}

/// Gives out boundaries that differ from each other.
struct Boundaries {
    seed: u64,
    next: u32,
}

impl Boundaries {
    /// RFC 2046 5.1.1: "boundary delimiters must not appear within the encapsulated material". The
    /// first two characters alone are in no quoted-printable or base64 (RFC 2045 6.8).
    fn take(&mut self, within: &Node) -> String {
        loop {
            self.next += 1;
            let boundary = format!("=_{}_{:016x}", self.next, self.seed);
            if !within.contains(boundary.as_bytes()) {
                return boundary;
            }
        }
    }
}

/// The costs of the leaves of a message that stands already. A message without MIME has none to tell.
#[must_use]
pub fn costs(message: &[u8]) -> Vec<Cost> {
    let mut costs = Vec::new();
    if first(message, "MIME-Version").is_some() {
        let root = tree::parse(message);
        let place = if matches!(root.inside, Inside::Parts(_)) { "" } else { "1" };
        measure(message, &root, place, &mut costs);
    }
    costs
}

/// A message within a message counts as a leaf: it is never encoded.
fn measure(raw: &[u8], entity: &Entity, place: &str, costs: &mut Vec<Cost>) {
    if let Inside::Parts(parts) = &entity.inside {
        let dot = if place.is_empty() { "" } else { "." };
        for (number, part) in (1..).zip(parts) {
            measure(raw, part, &format!("{place}{dot}{number}"), costs);
        }
        return;
    }
    let claimed = shown::encoding(raw, entity);
    let body = &raw[entity.body.clone()];
    let known = Encoding::ALL.into_iter().find(|known| claimed.eq_ignore_ascii_case(known.name().as_bytes()));
    let encoding = known.unwrap_or(if body.is_ascii() { Encoding::SevenBit } else { Encoding::EightBit });
    // The line end in front of a delimiter is the delimiter's, but base64 ends with one.
    let end = usize::from(encoding == Encoding::Base64 && !body.is_empty() && !body.ends_with(b"\r\n")) * 2;
    let content = decode::octets(body, encoding.name().as_bytes()).map_or(body.len(), |octets| octets.len());
    costs.push(Cost {
        place: place.to_owned(),
        media: entity.media.name(),
        encoding,
        content: content as u64,
        encoded: (body.len() + end) as u64,
    });
}

/// Whether CRLF ends a line in octets of this type.
fn is_text(media: &str) -> bool {
    let kind = |prefix: &str| media.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    kind("text/") || kind("message/")
}

/// A media type without its parameters.
#[must_use]
pub fn bare(media: &str) -> &str {
    media.split(';').next().unwrap_or(media).trim()
}

/// Parameters are written anew, since the library quotes and folds them.
fn with_parameters(media: &str) -> ContentType<'static> {
    let parameters = media.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    parameters.fold(ContentType::new(bare(media).to_owned()), |written, (name, value)| {
        written.attribute(name.to_owned(), value.trim_matches('"').to_owned())
    })
}

fn content_type<'a>(media: &'a str, labels: &'a Labels) -> ContentType<'a> {
    let written = with_parameters(media);
    match &labels.name {
        Some(name) => written.attribute("name", name.as_str()),
        None => written,
    }
}

fn presented(disposition: Disposition, labels: &Labels) -> ContentType<'_> {
    let word = match disposition {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
    };
    match &labels.name {
        Some(name) => ContentType::new(word).attribute("filename", name.as_str()),
        None => ContentType::new(word),
    }
}

/// A field of one address with a display name (RFC 5322 3.4), in encoded words if need be.
pub(super) fn named(out: &mut Vec<u8>, field: &str, name: &str, address: &str) {
    out.extend_from_slice(field.as_bytes());
    out.extend_from_slice(b": ");
    Address::new_address(Some(name), address).write_header(out, field.len() + 2);
}

/// A field of unstructured text, with encoded words (RFC 2047) for what is not ASCII.
pub(super) fn unstructured(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    Text::new(text).write_header(out, name.len() + 2);
}
