//! Envelopes and structures: known answers by RFC 3501 7.4.2, as the IMAP library writes them.

use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder;
use imap_codec::encode::Encoder;
use imap_types::fetch::{MessageDataItem, Part};
use imap_types::response::{Data, Response};
use proptest::prelude::*;

use super::section_tests::{NESTED, numbered, scraps};
use super::*;
use crate::proto::message::read::tree::Inside;

fn response(item: MessageDataItem<'static>) -> (Response<'static>, Vec<u8>) {
    let response = Response::Data(Data::fetch(1_u32, vec![item]).unwrap());
    let octets = ResponseCodec::new().encode(&response).dump();
    (response, octets)
}

fn written(item: MessageDataItem<'static>) -> String {
    let (_, octets) = response(item);
    let text = String::from_utf8_lossy(&octets).into_owned();
    text.trim_start_matches("* 1 FETCH (").trim_end_matches(")\r\n").to_owned()
}

fn envelope(raw: &str) -> String {
    written(MessageDataItem::Envelope(Content::new(raw.as_bytes()).envelope()))
}

fn body(raw: &str) -> String {
    written(MessageDataItem::Body(Content::new(raw.as_bytes()).body()))
}

fn body_structure(raw: &str) -> String {
    written(MessageDataItem::BodyStructure(Content::new(raw.as_bytes()).body_structure()))
}

#[test]
fn envelopes_have_ten_members() {
    assert_eq!(
        envelope(
            "Message-ID: <msg@id>\r\nIn-Reply-To: <reply@to.id>\r\nDate: Thu, 15 Feb 2007 01:02:03 +0200\r\n\
             Subject: a\r\n =?utf-8?q?b?=\r\nFrom: From Real <f@d.org>\r\nTo: t1@d.org\r\nTo: t2@d.org\r\n\
             Cc: c@d.org\r\nBcc: b@d.org\r\nSender: s@d.org\r\nReply-To: \"R \\\"P\\\"\" <r@d.org>\r\n\r\nbody\r\n"
        ),
        "ENVELOPE (\"Thu, 15 Feb 2007 01:02:03 +0200\" \"a =?utf-8?q?b?=\" ((\"From Real\" NIL \"f\" \"d.org\")) \
         ((NIL NIL \"s\" \"d.org\")) ((\"R \\\"P\\\"\" NIL \"r\" \"d.org\")) \
         ((NIL NIL \"t1\" \"d.org\")(NIL NIL \"t2\" \"d.org\")) ((NIL NIL \"c\" \"d.org\")) \
         ((NIL NIL \"b\" \"d.org\")) \"<reply@to.id>\" \"<msg@id>\")"
    );
}

#[test]
fn sender_and_reply_to_default_to_from() {
    let from = "((\"Real Name\" NIL \"user\" \"domain\"))";
    for defaulted in ["", "Sender: \r\nReply-To:\r\n"] {
        assert_eq!(
            envelope(&format!("From: user@domain (Real Name)\r\n{defaulted}Subject:\r\n\r\n")),
            format!("ENVELOPE (NIL \"\" {from} {from} {from} NIL NIL NIL NIL NIL)")
        );
    }
    assert_eq!(
        envelope("From: <@route:user@domain>\r\nTo: group: g1@d1.org;\r\nCc: none:;\r\n\r\n"),
        "ENVELOPE (NIL NIL ((NIL \"@route\" \"user\" \"domain\")) ((NIL \"@route\" \"user\" \"domain\")) \
         ((NIL \"@route\" \"user\" \"domain\")) ((NIL NIL \"group\" NIL)(NIL NIL \"g1\" \"d1.org\")(NIL NIL NIL NIL)) \
         ((NIL NIL \"none\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL)"
    );
    assert_eq!(envelope(""), "ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
}

#[test]
fn octets_that_cannot_be_quoted_become_literals() {
    assert_eq!(envelope("Subject: Jürg\r\n\r\n"), "ENVELOPE (NIL {5}\r\nJürg NIL NIL NIL NIL NIL NIL NIL NIL)");
    let (_, octets) = response(MessageDataItem::Envelope(Content::new(b"Subject: a\0b\r\n\r\n").envelope()));
    assert!(octets.windows(6).any(|window| window == b"\r\na\x80b "), "{}", octets.escape_ascii());
}

#[test]
fn simple_structures() {
    let plain = "(\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\"";
    assert_eq!(body("Subject: x\r\n\r\none\r\ntwo\r\n"), format!("BODY {plain} 10 2)"));
    assert_eq!(body(""), format!("BODY {plain} 0 0)"));
    assert_eq!(body("Content-Type: rubbish\r\n\r\nx"), format!("BODY {plain} 1 0)"));
    assert_eq!(body_structure("\r\nx\r\n"), format!("BODYSTRUCTURE {plain} 3 1 NIL NIL NIL NIL)"));
    assert_eq!(
        body_structure(
            "Content-Type: IMAGE/gif; name=\"a b.gif\" (c); x=1\r\nContent-ID: <1@d>\r\nContent-Description: A cat\r\n\
             Content-Transfer-Encoding: Base64\r\nContent-MD5: Q2hlY2s=\r\nContent-Language: en, de\r\n\
             Content-Disposition: attachment; filename=a.gif\r\nContent-Location: http://x/a.gif\r\n\r\nR0lG\r\n"
        ),
        "BODYSTRUCTURE (\"IMAGE\" \"gif\" (\"name\" \"a b.gif\" \"x\" \"1\") \"<1@d>\" \"A cat\" \"Base64\" 6 \
         \"Q2hlY2s=\" (\"attachment\" (\"filename\" \"a.gif\")) (\"en\" \"de\") \"http://x/a.gif\")"
    );
}

#[test]
fn nested_structures() {
    let part = |media: &str, size: &str| format!("(\"TEXT\" \"{media}\" {size})");
    let to = "NIL NIL NIL ((NIL NIL \"b\" \"hamburger.edu\")) NIL NIL NIL NIL";
    let inner = NESTED.find("Subject: inner").unwrap()..NESTED.find("\r\n--outer\r\nContent-Type: text/html").unwrap();
    let lines = NESTED[inner.clone()].matches('\n').count();
    let expected = format!(
        "BODY ({}(\"MESSAGE\" \"RFC822\" NIL \"<2@crepes.fr>\" NIL \"7bit\" {} (NIL \"inner\" {to}) \
         ({}((\"image\" \"gif\" NIL NIL NIL \"base64\" 8) \"mixed\") \"alternative\") {lines}){} \"mixed\")",
        part("plain", "(\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 0"),
        inner.len(),
        part("plain", "NIL NIL NIL \"7bit\" 7 1"),
        part("html", "NIL NIL NIL \"7bit\" 0 0"),
    );
    assert_eq!(body(NESTED), expected);
    let extended = body_structure(NESTED);
    assert!(extended.ends_with("\"mixed\" (\"boundary\" \"outer\") NIL NIL NIL)"), "{extended}");
    assert!(extended.contains("\"alternative\" (\"boundary\" \"in ner\") NIL NIL NIL)"), "{extended}");
}

#[test]
fn digests_and_empty_multiparts() {
    let digest = "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: s\r\n\r\nx\r\n\
                  --b\r\nContent-Type: text/html\r\n\r\n--b\r\nContent-Type: ?\r\n\r\n--b--\r\n";
    assert_eq!(
        body(digest),
        "BODY ((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7bit\" 15 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) \
         (\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) 2)\
         (\"TEXT\" \"html\" NIL NIL NIL \"7bit\" 0 0)\
         (\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"digest\")"
    );
    assert_eq!(
        body("Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n"),
        "BODY ((\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\")"
    );
}

/// A text inside of so many multiparts and messages.
fn nest(levels: usize) -> Vec<u8> {
    let mut raw = Vec::new();
    for level in 0..levels {
        if level % 2 == 0 {
            raw.extend(format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n").bytes());
        } else {
            raw.extend(b"Content-Type: message/rfc822\r\n\r\n");
        }
    }
    raw.extend(b"\r\ntext\r\n");
    raw
}

#[test]
fn deep_messages_are_cut_off() {
    let depth = |mut entity: &Entity| {
        let mut depth = 0;
        while let Some(inner) = match &entity.inside {
            Inside::Leaf => None,
            Inside::Parts(parts) => parts.first(),
            Inside::Message(message) => Some(&**message),
        } {
            entity = inner;
            depth += 1;
        }
        (depth, String::from_utf8_lossy(&entity.media.subtype).into_owned())
    };
    assert_eq!(depth(Content::new(&nest(32)).root()), (32, "plain".to_owned()));
    let raw = nest(3_000);
    let content = Content::new(&raw);
    assert_eq!(depth(content.root()), (32, "octet-stream".to_owned()));
    let (_, octets) = response(MessageDataItem::BodyStructure(content.body_structure()));
    assert!(octets.ends_with(b")\r\n"));
}

#[test]
fn parts_are_bounded() {
    let raw = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}end", "--b\r\n".repeat(50_000));
    let content = Content::new(raw.as_bytes());
    let Inside::Parts(parts) = &content.root().inside else { panic!("no multipart") };
    assert_eq!(parts.len(), 10_000);
    assert_eq!(parts.last().unwrap().body.end, raw.len());
}

fn is_read_back(item: MessageDataItem<'static>) -> Result<(), TestCaseError> {
    let (sent, octets) = response(item);
    let (rest, read) = ResponseCodec::new()
        .decode(&octets)
        .map_err(|error| TestCaseError::fail(format!("{error:?}: {}", octets.escape_ascii())))?;
    prop_assert!(rest.is_empty());
    let read_octets = ResponseCodec::new().encode(&read).dump();
    prop_assert_eq!(&octets, &read_octets);
    prop_assert_eq!(read, sent);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_sent_is_read_back(raw in scraps()) {
        let content = Content::new(&raw);
        is_read_back(MessageDataItem::Envelope(content.envelope()))?;
        // The library reads eight levels.
        let mut found = Vec::new();
        numbered(content.root(), &[], &mut found);
        if found.iter().all(|(path, _)| path.len() < 4) {
            is_read_back(MessageDataItem::Body(content.body()))?;
            is_read_back(MessageDataItem::BodyStructure(content.body_structure()))?;
        }
    }

    #[test]
    fn counts_are_those_of_the_parts(raw in scraps()) {
        let content = Content::new(&raw);
        let mut counts = Vec::new();
        sizes(&content.body_structure(), &[], &mut counts);
        for (path, size) in counts {
            let numbers: Vec<_> = path.iter().map(|n| std::num::NonZeroU32::new(*n).unwrap()).collect();
            let part = Part(imap_types::core::Vec1::try_from(numbers).unwrap());
            let data = content.section(Some(&Section::Part(part))).unwrap();
            prop_assert_eq!(data.len(), size as usize, "{:?}", path);
        }
    }
}

/// The part numbers of a structure with their octet counts, read from the structure alone.
fn sizes(message: &BodyStructure<'_>, prefix: &[u32], counts: &mut Vec<(Vec<u32>, u32)>) {
    use imap_types::body::SpecificFields;

    let single = |path: Vec<u32>, body: &imap_types::body::Body<'_>, counts: &mut Vec<_>| {
        counts.push((path.clone(), body.basic.size));
        if let SpecificFields::Message { body_structure, .. } = &body.specific {
            sizes(body_structure, &path, counts);
        }
    };
    match message {
        BodyStructure::Single { body, .. } => single([prefix, &[1]].concat(), body, counts),
        BodyStructure::Multi { bodies, .. } => {
            for (part, number) in bodies.as_ref().iter().zip(1..) {
                let path = [prefix, &[number]].concat();
                match part {
                    BodyStructure::Single { body, .. } => single(path, body, counts),
                    BodyStructure::Multi { .. } => sizes(part, &path, counts),
                }
            }
        }
    }
}
