//! The entities of a message (RFC 2046 5) and where each stands in its octets.
//!
//! Offsets are ours and not a MIME library's: FETCH must hand out exact octets, so an entity is
//! a pair of ranges, and decoding comes later if at all. An outer boundary ends whatever is
//! inside; a boundary that is missing leaves the last part open to the end. Nesting and the
//! number of parts are bounded: what is deeper is octets without structure.

use std::ops::Range;

use memchr::memmem::Finder;

use super::header;
use super::media::Media;

/// Multiparts and messages inside each other; what is deeper is not looked into.
const MAX_DEPTH: usize = 32;

/// Parts of one message; what follows belongs to the last of them.
const MAX_PARTS: usize = 10_000;

/// A message or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its header section.
    pub header: header::Section,
    /// Its body, as encoded for transfer.
    pub body: Range<usize>,
    /// Its media type: that of its Content-Type or of the default.
    pub media: Media,
    /// What is inside.
    pub inside: Inside,
}

/// What is inside of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Octets.
    Leaf,
    /// The parts of a multipart: at least one.
    Parts(Vec<Entity>),
    /// A message of its own (message/rfc822).
    Message(Box<Entity>),
}

/// Takes a message apart.
#[must_use]
pub fn parse(raw: &[u8]) -> Entity {
    Parser { raw, parts: 0 }.entity(0..raw.len(), raw.len(), false, 0)
}

struct Parser<'a> {
    raw: &'a [u8],
    parts: usize,
}

impl Parser<'_> {
    /// The entity in `range`, whose body ends earlier, at `end`, if that is behind the header.
    fn entity(&mut self, range: Range<usize>, end: usize, in_digest: bool, depth: usize) -> Entity {
        let header = header::section(self.raw, range);
        let start = header.blank.end;
        let body = start..end.max(start);
        let mut media = self.media(&header, in_digest);
        let boundary = boundary(&media);
        let is_message = media.is(b"message", Some(b"rfc822"));
        let inside = if boundary.is_none() && !is_message {
            Inside::Leaf
        } else if depth == MAX_DEPTH {
            media = Media::bare(b"application", b"octet-stream");
            Inside::Leaf
        } else if let Some(boundary) = boundary {
            let digest = media.is(b"multipart", Some(b"digest"));
            Inside::Parts(self.parts(&body, &boundary, digest, depth + 1))
        } else {
            Inside::Message(Box::new(self.entity(body.clone(), body.end, false, depth + 1)))
        };
        Entity { header, body, media, inside }
    }

    fn media(&self, header: &header::Section, in_digest: bool) -> Media {
        let Some(field) = header::first(&self.raw[header.fields.clone()], b"content-type") else {
            // RFC 2046 5.1.5: the default within a digest; RFC 2045 5.2: elsewhere.
            return if in_digest { Media::bare(b"message", b"rfc822") } else { Media::plain_text() };
        };
        // RFC 2045 5.2: a Content-Type that cannot be read counts as plain text, and so does a
        // multipart that does not say how to split it.
        Media::parse(&field.unfolded())
            .filter(|media| !media.is(b"multipart", None) || boundary(media).is_some())
            .unwrap_or_else(Media::plain_text)
    }

    fn parts(&mut self, body: &Range<usize>, boundary: &[u8], digest: bool, depth: usize) -> Vec<Entity> {
        let mut parts = Vec::new();
        for (range, end) in self.split(body, boundary) {
            parts.push(self.entity(range, end, digest, depth));
        }
        if parts.is_empty() {
            // The grammar of RFC 3501 knows no multipart without parts.
            let end = body.end..body.end;
            let header = header::Section { fields: end.clone(), blank: end.clone() };
            parts.push(Entity { header, body: end, media: Media::plain_text(), inside: Inside::Leaf });
        }
        parts
    }

    /// The parts of a multipart: from delimiter line to delimiter line, and where the line end
    /// begins that belongs to the second (RFC 2046 5.1.1).
    fn split(&mut self, body: &Range<usize>, boundary: &[u8]) -> Vec<(Range<usize>, usize)> {
        let octets = &self.raw[..body.end];
        let delimiter = [b"--", boundary].concat();
        let mut parts = Vec::new();
        let mut open = None;
        for at in Finder::new(&delimiter).find_iter(&octets[body.start..]) {
            let at = body.start + at;
            let at_line_start = at == body.start || octets[at - 1] == b'\n';
            let Some((closing, next)) = end_of_delimiter(octets, at + delimiter.len()).filter(|_| at_line_start) else {
                continue;
            };
            if let Some(start) = open {
                parts.push((start..at, before_line_end(octets, start, at)));
            }
            open = (!closing && self.parts < MAX_PARTS).then_some(next);
            if open.is_none() {
                if let (false, Some((range, end))) = (closing, parts.last_mut()) {
                    (range.end, *end) = (body.end, body.end);
                }
                break;
            }
            self.parts += 1;
        }
        if let Some(start) = open {
            parts.push((start..body.end, body.end));
        }
        parts
    }
}

/// The boundary of a multipart, if it has one (RFC 2046 5.1.1: it does not end with a space).
fn boundary(media: &Media) -> Option<Vec<u8>> {
    let boundary = media.is(b"multipart", None).then(|| media.parameter(b"boundary"))??;
    let boundary = boundary.trim_ascii_end();
    (!boundary.is_empty()).then(|| boundary.to_vec())
}

/// Reads a delimiter line behind its boundary: whether it is the closing one, and where the next
/// line begins. Nothing if the line goes on.
fn end_of_delimiter(octets: &[u8], at: usize) -> Option<(bool, usize)> {
    let rest = &octets[at..];
    let (closing, rest) = rest.strip_prefix(b"--").map_or((false, rest), |rest| (true, rest));
    let padding = rest.iter().position(|b| !header::is_wsp(*b)).unwrap_or(rest.len());
    let rest = &rest[padding..];
    let ends = matches!(rest, [] | [b'\r', b'\n', ..] | [b'\n', ..] | [b'\r']);
    ends.then(|| (closing, header::line_end(octets, octets.len() - rest.len())))
}

fn before_line_end(octets: &[u8], start: usize, at: usize) -> usize {
    let part = &octets[start..at];
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    start + part.strip_suffix(b"\r").unwrap_or(part).len()
}
