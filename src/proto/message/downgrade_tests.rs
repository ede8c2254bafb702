//! Downgraded messages against a MIME library: what a reader decodes is what it decoded before.

use mail_parser::{Message, MessageParser, PartType};
use proptest::prelude::*;

use super::downgrade::{downgrade, is_seven_bit};

/// A message or part to be written.
#[derive(Clone, Debug)]
enum Made {
    Leaf { kind: &'static str, encoding: &'static str, body: String },
    Parts(Vec<Made>),
    Message(Box<Made>),
}

impl Made {
    fn write(&self, place: &str, text: &mut String) {
        match self {
            Self::Leaf { kind, encoding, body } => {
                text.push_str(&format!("Content-Type: {kind}\r\n"));
                if !encoding.is_empty() {
                    text.push_str(&format!("Content-Transfer-Encoding: {encoding}\r\n"));
                }
                text.push_str(&format!("\r\n{body}"));
            }
            Self::Parts(parts) => {
                text.push_str(&format!("Content-Type: multipart/mixed;\r\n boundary=\"{place}=\"\r\n\r\n"));
                for (number, part) in parts.iter().enumerate() {
                    text.push_str(&format!("--{place}=\r\n"));
                    part.write(&format!("{place}.{number}"), text);
                    text.push_str("\r\n");
                }
                text.push_str(&format!("--{place}=--\r\n"));
            }
            Self::Message(inner) => {
                text.push_str("Content-Type: message/rfc822\r\n\r\nSubject: inside\r\nMIME-Version: 1.0\r\n");
                inner.write(&format!("{place}.m"), text);
            }
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    let line = prop::sample::select(vec!["", "text ", "é", "жжжжжжжж", "--", "=E9", ".", "x\u{85}y", "From é"]);
    let body = prop::collection::vec(line, 1..6).prop_map(|lines| lines.join("\r\n"));
    let kind = prop::sample::select(vec![
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "image/gif; name=\"x.gif\"",
        "application/octet-stream",
    ]);
    let encoding = prop::sample::select(vec!["", "7bit", "8bit", "binary"]);
    let leaf = (kind, encoding, body).prop_map(|(kind, encoding, body)| Made::Leaf { kind, encoding, body });
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Made::Parts),
            1 => inner.prop_map(|inner| match inner {
                Made::Message(_) => inner,
                Made::Leaf { .. } | Made::Parts(_) => Made::Message(Box::new(inner)),
            }),
        ]
    })
}

/// What a reader gets: the decoded octets of each leaf, in order.
fn read(raw: &[u8]) -> Vec<Vec<u8>> {
    fn walk(message: &Message<'_>, found: &mut Vec<Vec<u8>>) {
        for part in &message.parts {
            match &part.body {
                PartType::Text(text) | PartType::Html(text) => found.push(text.as_bytes().to_vec()),
                PartType::Binary(octets) | PartType::InlineBinary(octets) => found.push(octets.to_vec()),
                PartType::Message(message) => walk(message, found),
                PartType::Multipart(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&MessageParser::default().parse(raw).expect("a message"), &mut found);
    found
}

proptest! {
    #[test]
    fn a_reader_sees_no_difference(made in made()) {
        let mut text = "Subject: outside\r\nMIME-Version: 1.0\r\n".to_owned();
        made.write("b", &mut text);
        if !text.ends_with("\r\n") {
            text.push_str("\r\n");
        }
        let lowered = downgrade(text.as_bytes()).unwrap();
        prop_assert!(is_seven_bit(&lowered));
        prop_assert_eq!(read(&lowered), read(text.as_bytes()), "{}", String::from_utf8_lossy(&lowered));
        // what is 7-bit already is left alone
        prop_assert_eq!(&*downgrade(&lowered).unwrap(), &*lowered);
    }

    #[test]
    fn any_octets_become_seven_bit_or_an_error(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(downgrade(&octets).is_ok_and(|lowered| is_seven_bit(&lowered)) || downgrade(&octets).is_err());
    }

    #[test]
    fn any_headers_become_seven_bit_or_an_error(text in "(content-type: |multipart/mixed; boundary=b|\r\n|--b|é| |x|\
                                                       content-transfer-encoding: |8bit|message/rfc822){0,30}") {
        match downgrade(text.as_bytes()) {
            Ok(lowered) => prop_assert!(is_seven_bit(&lowered)),
            Err(_) => prop_assert!(!text.is_ascii()),
        }
    }
}
