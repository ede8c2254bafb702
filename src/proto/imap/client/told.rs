//! What FETCH tells of a message: its envelope, its flags, the parts that its body structure names (RFC 3501 7.4.2).

use super::response::Value;
use crate::proto::mailbox::{Handle, Mark, Summary};
use crate::proto::message::read::address::Address;
use crate::proto::message::read::decode;
use crate::proto::message::read::media::Media;
use crate::proto::message::read::shown::{Leaf, is_file};

/// A leaf, its octets encoded as they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) leaf: Leaf,
    /// Its transfer encoding.
    pub(super) encoding: Vec<u8>,
}

/// The value of an item.
pub(super) fn item<'a>(items: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    items.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The UID, if it is told.
pub(super) fn uid(items: &[(String, Value)]) -> Option<u32> {
    item(items, "UID")?.number()?.try_into().ok()
}

/// The octets of `BODY[...]`.
pub(super) fn body(items: &[(String, Value)]) -> Option<&[u8]> {
    let (_, value) = items.iter().find(|(name, _)| name.starts_with("BODY["))?;
    Some(value.octets().unwrap_or_default())
}

/// A row of a listing; none of what is no row.
pub(super) fn summary(items: &[(String, Value)], validity: u32) -> Option<Summary> {
    let (uid, bytes) = (uid(items)?, item(items, "RFC822.SIZE")?.number()?);
    let leaves = item(items, "BODYSTRUCTURE").map(leaves).unwrap_or_default();
    let mut summary = Summary {
        message: Handle(uid.into()),
        unique: Some(Summary::unique_of(validity, uid.into())),
        bytes,
        message_id: None,
        from: None,
        subject: None,
        marks: item(items, "FLAGS").map(marks).unwrap_or_default(),
        parts: leaves.into_iter().map(|told| told.leaf).collect(),
    };
    if let Some(envelope) = item(items, "ENVELOPE") {
        let text = |at: usize| envelope.list().get(at).and_then(Value::octets).map(decode::field_text);
        summary.subject = text(1);
        summary.message_id = text(9).map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        let senders = envelope.list().get(2).map(Value::list).unwrap_or_default();
        summary.from = senders.iter().find_map(address);
    }
    Some(summary)
}

fn address(value: &Value) -> Option<String> {
    let field = |at: usize| value.list().get(at).and_then(Value::octets).map(<[u8]>::to_vec);
    Address { name: None, route: None, mailbox: field(2), host: field(3) }.addr_spec()
}

/// The marks that flags are.
pub(super) fn marks(flags: &Value) -> Vec<Mark> {
    let known = |flag: &Value| MARKS.into_iter().find(|(_, name)| flag.octets().is_some_and(|f| is(f, name)));
    flags.list().iter().filter_map(known).map(|(mark, _)| mark).collect()
}

const MARKS: [(Mark, &str); 5] = [
    (Mark::Seen, "\\Seen"),
    (Mark::Answered, "\\Answered"),
    (Mark::Flagged, "\\Flagged"),
    (Mark::Deleted, "\\Deleted"),
    (Mark::Draft, "\\Draft"),
];

/// The flag that a mark is.
pub(super) fn flag(mark: Mark) -> &'static str {
    MARKS.into_iter().find(|(known, _)| *known == mark).map_or("", |(_, name)| name)
}

fn is(octets: &[u8], name: &str) -> bool {
    octets.eq_ignore_ascii_case(name.as_bytes())
}

/// The leaves of a body structure.
pub(super) fn leaves(structure: &Value) -> Vec<Told> {
    let mut found = Vec::new();
    // RFC 3501 6.4.5: a message that is no multipart has the part 1.
    if is_multipart(structure) {
        gather(structure, "", &mut found)
    } else {
        found.extend(leaf(structure, "1"))
    }
    found
}

fn is_multipart(structure: &Value) -> bool {
    matches!(structure.list().first(), Some(Value::List(_)))
}

fn gather(structure: &Value, prefix: &str, found: &mut Vec<Told>) {
    let parts = structure.list().iter().take_while(|part| matches!(part, Value::List(_)));
    for (number, part) in (1..).zip(parts) {
        let place = format!("{prefix}{number}");
        if is_multipart(part) { gather(part, &format!("{place}."), found) } else { found.extend(leaf(part, &place)) }
    }
}

fn leaf(part: &Value, place: &str) -> Option<Told> {
    let fields = part.list();
    let text = |at: usize| fields.get(at).and_then(Value::octets);
    let media = Media::bare(text(0)?, text(1)?);
    // RFC 3501 7.4.2: the disposition stands behind the MD5, that behind what only some types have.
    let own = if media.is(b"text", None) {
        1
    } else if media.is(b"message", Some(b"rfc822")) {
        3
    } else {
        0
    };
    let disposition = fields.get(8 + own).and_then(|told| told.list().first()).and_then(Value::octets);
    let leaf = Leaf {
        place: place.to_owned(),
        media: media.name(),
        octets: fields.get(6)?.number()?,
        file: is_file(&media, disposition),
    };
    Some(Told { leaf, encoding: text(5).unwrap_or_default().to_vec() })
}

/// What a reader shows first: the plain text, else the HTML.
pub(super) fn text(leaves: &[Told]) -> Option<&Told> {
    let of = |media: &str| leaves.iter().find(|told| told.leaf.media == media && !told.leaf.file);
    of("text/plain").or_else(|| of("text/html"))
}
