//! What FETCH tells of a message: its envelope, its flags, the parts that its body structure names (RFC 3501 7.4.2).

use super::response::Value;
use crate::proto::mailbox::{Handle, Mark, Summary};
use crate::proto::message::read::address::Address;
use crate::proto::message::read::decode;

/// A part that holds no others, or a message within the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Its place, such as `1.2` (RFC 3501 6.4.5).
    pub(super) place: String,
    /// Its media type in small letters.
    pub(super) media: String,
    /// Its transfer encoding.
    pub(super) encoding: Vec<u8>,
    /// Its octets, encoded.
    pub(super) octets: u64,
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
        parts: leaves.iter().map(|leaf| (leaf.place.clone(), leaf.media.clone(), leaf.octets)).collect(),
    };
    if let Some(envelope) = item(items, "ENVELOPE") {
        let text = |at: usize| envelope.list().get(at).and_then(Value::octets).map(decode::field_text);
        summary.subject = text(1);
        summary.message_id = Some(text(9).map(|id| id.trim().to_owned()).unwrap_or_default());
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
pub(super) fn leaves(structure: &Value) -> Vec<Leaf> {
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

fn gather(structure: &Value, prefix: &str, found: &mut Vec<Leaf>) {
    let parts = structure.list().iter().take_while(|part| matches!(part, Value::List(_)));
    for (number, part) in (1..).zip(parts) {
        let place = format!("{prefix}{number}");
        if is_multipart(part) { gather(part, &format!("{place}."), found) } else { found.extend(leaf(part, &place)) }
    }
}

fn leaf(part: &Value, place: &str) -> Option<Leaf> {
    let fields = part.list();
    let text = |at: usize| fields.get(at).and_then(Value::octets);
    let media = [text(0)?, b"/", text(1)?].concat();
    Some(Leaf {
        place: place.to_owned(),
        media: String::from_utf8_lossy(&media).to_ascii_lowercase(),
        encoding: text(5).unwrap_or_default().to_vec(),
        octets: fields.get(6)?.number()?,
    })
}

/// What a reader shows first: the plain text, else the HTML.
pub(super) fn text(leaves: &[Leaf]) -> Option<&Leaf> {
    let of = |media: &str| leaves.iter().find(|leaf| leaf.media == media);
    of("text/plain").or_else(|| of("text/html"))
}
