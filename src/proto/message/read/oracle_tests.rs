//! Our offsets against those of a MIME library, on messages that keep the rules.
//!
//! Where a message breaks them (no closing delimiter, lone LF, text after a boundary) the two
//! differ by choice, so the messages here are made by a grammar.

use mail_parser::{Message, MessageParser, MessagePart, PartType};
use proptest::prelude::*;

use super::tree::{self, Entity, Inside};

/// An entity to be written.
#[derive(Clone, Debug)]
enum Made {
    Leaf { kind: &'static str, encoding: &'static str, body: String },
    Parts { digest: bool, parts: Vec<Made>, preamble: String, epilogue: String },
    Message(Box<Made>),
}

impl Made {
    /// Writes header and body; boundaries are named after the place in the message.
    fn write(&self, place: &str, in_digest: bool, text: &mut String) {
        match self {
            Self::Leaf { kind: "", body, .. } if in_digest => {
                // Without a type it is a message, and one without any header is not compared.
                text.push_str(&format!("\r\nSubject: digested\r\n\r\n{body}"));
            }
            Self::Leaf { kind, encoding, body } => {
                if !kind.is_empty() {
                    text.push_str(&format!("Content-Type: {kind}\r\n"));
                }
                if !encoding.is_empty() {
                    text.push_str(&format!("Content-Transfer-Encoding: {encoding}\r\n"));
                }
                text.push_str("\r\n");
                text.push_str(body);
            }
            Self::Parts { digest, parts, preamble, epilogue } => {
                let subtype = if *digest { "digest" } else { "mixed" };
                text.push_str(&format!("Content-Type: multipart/{subtype};\r\n boundary=\"{place}=\"\r\n\r\n"));
                if !preamble.is_empty() {
                    text.push_str(&format!("{preamble}\r\n"));
                }
                for (number, part) in parts.iter().enumerate() {
                    text.push_str(&format!("--{place}=\r\n"));
                    part.write(&format!("{place}.{number}"), *digest, text);
                    text.push_str("\r\n");
                }
                text.push_str(&format!("--{place}=--"));
                if !epilogue.is_empty() {
                    text.push_str(&format!("\r\n{epilogue}"));
                }
            }
            Self::Message(inner) => {
                text.push_str("Content-Type: message/rfc822\r\n\r\nSubject: inside\r\n");
                inner.write(&format!("{place}.m"), false, text);
            }
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    let line = prop::sample::select(vec!["", "text", "--", "--x", "a: b", "-- ", "=3D", " folded", "From x"]);
    let body = prop::collection::vec(line, 0..5).prop_map(|lines| lines.join("\r\n"));
    let kind = prop::sample::select(vec!["", "text/plain", "text/html; charset=utf-8", "image/gif; name=\"x.gif\""]);
    let encoding = prop::sample::select(vec!["", "7bit", "quoted-printable", "base64"]);
    let leaf = (kind, encoding, body).prop_map(|(kind, encoding, body)| Made::Leaf { kind, encoding, body });
    leaf.prop_recursive(4, 16, 4, |inner| {
        let words = || prop::sample::select(vec!["", "words", "more\r\nwords"]).prop_map(str::to_owned);
        prop_oneof![
            3 => (any::<bool>(), prop::collection::vec(inner.clone(), 1..4), words(), words())
                .prop_map(|(digest, parts, preamble, epilogue)| Made::Parts { digest, parts, preamble, epilogue }),
            // The library gives up on a message that is nothing but a message.
            1 => inner.prop_map(|inner| match inner {
                Made::Message(_) => inner,
                Made::Leaf { .. } | Made::Parts { .. } => Made::Message(Box::new(inner)),
            }),
        ]
    })
}

/// Header, body and end of every entity, the outer before the inner. The library leaves epilogues
/// out of multiparts at times, where IMAP counts them (RFC 2046 5.1.1), so their end is not told.
fn ours(entity: &Entity, found: &mut Vec<(&'static str, usize, usize, usize)>) {
    let (start, middle, end) = (entity.header.fields.start, entity.body.start, entity.body.end);
    match &entity.inside {
        Inside::Leaf => found.push(("leaf", start, middle, end)),
        Inside::Parts(parts) => {
            found.push(("parts", start, middle, 0));
            parts.iter().for_each(|part| ours(part, found));
        }
        Inside::Message(message) => {
            found.push(("message", start, middle, end));
            ours(message, found);
        }
    }
}

fn theirs(message: &Message<'_>, part: &MessagePart<'_>, found: &mut Vec<(&'static str, usize, usize, usize)>) {
    let (start, middle, end) = (part.raw_header_offset(), part.raw_body_offset(), part.raw_end_offset());
    let place = |name| (name, start as usize, middle as usize, end as usize);
    match &part.body {
        PartType::Text(_) | PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {
            found.push(place("leaf"));
        }
        PartType::Multipart(children) => {
            let (kind, start, middle, _) = place("parts");
            found.push((kind, start, middle, 0));
            for child in children {
                theirs(message, &message.parts[*child as usize], found);
            }
        }
        PartType::Message(inner) => {
            found.push(place("message"));
            theirs(inner, inner.root_part(), found);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_library_finds_the_same_parts(made in made()) {
        let mut text = String::from("Subject: outer\r\n");
        made.write("b", false, &mut text);
        let root = tree::parse(text.as_bytes());
        let (mut our_parts, mut their_parts) = (Vec::new(), Vec::new());
        ours(&root, &mut our_parts);
        let message = MessageParser::default().parse(text.as_bytes()).unwrap();
        theirs(&message, message.root_part(), &mut their_parts);
        prop_assert_eq!(our_parts, their_parts, "{}", text);
    }
}
