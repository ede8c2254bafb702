//! Sections of FETCH: known answers by the rules of RFC 3501 6.4.5, and what holds for any octets.

use imap_types::core::{AString, Vec1};
use imap_types::fetch::{Part, Section};
use proptest::prelude::*;

use super::*;
use crate::proto::message::read::tree::{Entity, Inside};

/// A multipart in a message in a multipart, as in the example of RFC 3501 6.4.5.
pub(super) const NESTED: &str = "\
From: a@crepes.fr\r\n\
Subject: nested\r\n\
Content-Type: multipart/mixed; boundary=outer\r\n\
\r\n\
preamble\r\n\
--outer\r\n\
\r\n\
first\r\n\
--outer\r\n\
Content-Type: message/rfc822\r\n\
Content-ID: <2@crepes.fr>\r\n\
\r\n\
Subject: inner\r\n\
To: b@hamburger.edu\r\n\
Content-Type: multipart/alternative; boundary=\"in ner\"\r\n\
\r\n\
--in ner\r\n\
Content-Type: text/plain\r\n\
\r\n\
plain\r\n\
\r\n\
--in ner  \r\n\
Content-Type: multipart/mixed; boundary=deep\r\n\
\r\n\
--deep\r\n\
Content-Type: image/gif\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
R0lGODlh\r\n\
--deep--\r\n\
--in ner--\r\n\
inner epilogue\r\n\
--outer\r\n\
Content-Type: text/html\r\n\
\r\n\
--outer--\r\n\
epilogue\r\n";

fn part(path: &[u32]) -> Part {
    Part(Vec1::try_from(path.iter().map(|n| std::num::NonZeroU32::new(*n).unwrap()).collect::<Vec<_>>()).unwrap())
}

fn names(list: &[&'static str]) -> Vec1<AString<'static>> {
    Vec1::try_from(list.iter().map(|name| AString::try_from(*name).unwrap()).collect::<Vec<_>>()).unwrap()
}

fn text(raw: &[u8], section: &Section<'_>) -> Option<String> {
    let data = Content::new(raw).section(Some(section))?;
    Some(String::from_utf8_lossy(&data).into_owned())
}

#[test]
fn parts_of_nested_messages() {
    let whole = |path: &[u32]| text(NESTED.as_bytes(), &Section::Part(part(path)));
    assert_eq!(whole(&[1]).as_deref(), Some("first"));
    assert!(whole(&[2]).unwrap().starts_with("Subject: inner\r\nTo"));
    assert!(whole(&[2]).unwrap().ends_with("--in ner--\r\ninner epilogue"));
    assert_eq!(whole(&[2, 1]).as_deref(), Some("plain\r\n"));
    assert!(whole(&[2, 2]).unwrap().starts_with("--deep\r\n"));
    assert!(whole(&[2, 2]).unwrap().ends_with("--deep--"));
    assert_eq!(whole(&[2, 2, 1]).as_deref(), Some("R0lGODlh"));
    assert_eq!(whole(&[3]).as_deref(), Some(""));
    for missing in [&[4][..], &[1, 1], &[2, 3], &[2, 2, 2], &[2, 2, 1, 1], &[u32::MAX]] {
        assert_eq!(whole(missing), None, "{missing:?}");
    }
}

#[test]
fn headers_and_texts_of_parts() {
    let of = |section| text(NESTED.as_bytes(), &section);
    assert_eq!(of(Section::Mime(part(&[1]))).as_deref(), Some("\r\n"));
    assert_eq!(
        of(Section::Mime(part(&[2]))).as_deref(),
        Some("Content-Type: message/rfc822\r\nContent-ID: <2@crepes.fr>\r\n\r\n")
    );
    assert_eq!(of(Section::Mime(part(&[3]))).as_deref(), Some("Content-Type: text/html\r\n\r\n"));
    let header = of(Section::Header(Some(part(&[2])))).unwrap();
    assert!(header.starts_with("Subject: inner\r\n") && header.ends_with("boundary=\"in ner\"\r\n\r\n"));
    let inner = of(Section::Text(Some(part(&[2])))).unwrap();
    assert!(inner.starts_with("--in ner\r\n") && inner.ends_with("\r\ninner epilogue"));
    assert_eq!(header + &inner, of(Section::Part(part(&[2]))).unwrap());
    let asked = Section::HeaderFields(Some(part(&[2])), names(&["to", "from"]));
    assert_eq!(of(asked).as_deref(), Some("To: b@hamburger.edu\r\n\r\n"));
    // Only a part that is a message has a header and a text.
    for path in [&[1][..], &[2, 1], &[2, 2]] {
        assert_eq!(of(Section::Header(Some(part(path)))), None, "{path:?}");
        assert_eq!(of(Section::Text(Some(part(path)))), None, "{path:?}");
        assert_eq!(of(Section::HeaderFieldsNot(Some(part(path)), names(&["to"]))), None, "{path:?}");
    }
}

#[test]
fn a_message_that_is_a_message() {
    let raw = b"From: a\r\nContent-Type: message/rfc822\r\n\r\n\
        From: b\r\nContent-Type: message/rfc822\r\n\r\nFrom: c\r\nSubject: sub\r\n\r\nHello\r\n";
    let of = |section| text(raw, &section);
    let inner = "From: b\r\nContent-Type: message/rfc822\r\n\r\nFrom: c\r\nSubject: sub\r\n\r\nHello\r\n";
    let innermost = "From: c\r\nSubject: sub\r\n\r\nHello\r\n";
    assert_eq!(of(Section::Text(None)).as_deref(), Some(inner));
    assert_eq!(of(Section::Part(part(&[1]))).as_deref(), Some(inner));
    assert_eq!(
        of(Section::Header(Some(part(&[1])))).as_deref(),
        Some("From: b\r\nContent-Type: message/rfc822\r\n\r\n")
    );
    assert_eq!(of(Section::Text(Some(part(&[1])))).as_deref(), Some(innermost));
    assert_eq!(of(Section::Part(part(&[1, 1]))).as_deref(), Some(innermost));
    assert_eq!(of(Section::Header(Some(part(&[1, 1])))).as_deref(), Some("From: c\r\nSubject: sub\r\n\r\n"));
    assert_eq!(of(Section::Text(Some(part(&[1, 1])))).as_deref(), Some("Hello\r\n"));
    assert_eq!(of(Section::Part(part(&[1, 1, 1]))).as_deref(), Some("Hello\r\n"));
    assert_eq!(of(Section::Part(part(&[1, 1, 1, 1]))), None);
    assert_eq!(of(Section::Header(Some(part(&[1, 1, 1])))), None);
}

#[test]
fn subsets_of_header_fields() {
    let raw = b"From: a\r\nX-1: one\r\n two\r\nto: b\r\nX-1: three\r\n\r\nbody\r\n";
    let fields = |list| text(raw, &Section::HeaderFields(None, names(list))).unwrap();
    let others = |list| text(raw, &Section::HeaderFieldsNot(None, names(list))).unwrap();
    // The order is that of the message; a name that is asked for twice is sent once.
    assert_eq!(fields(&["TO", "from", "to"]), "From: a\r\nto: b\r\n\r\n");
    assert_eq!(fields(&["x-1"]), "X-1: one\r\n two\r\nX-1: three\r\n\r\n");
    assert_eq!(fields(&["x"]), "\r\n");
    assert_eq!(others(&["x-1", "Date"]), "From: a\r\nto: b\r\n\r\n");
    assert_eq!(others(&["from", "to", "x-1"]), "\r\n");
    // RFC 3501 6.4.5: no empty line where the message has neither body nor empty line.
    assert_eq!(text(b"A: 1\r\nB: 2\r\n", &Section::HeaderFields(None, names(&["b"]))).unwrap(), "B: 2\r\n");
    assert_eq!(text(b"A: 1\r\n\r\n", &Section::HeaderFields(None, names(&["b"]))).unwrap(), "\r\n");
    assert_eq!(text(b"A: 1\nB: 2\n\nx", &Section::HeaderFields(None, names(&["b"]))).unwrap(), "B: 2\n\n");
    assert_eq!(text(b"no header", &Section::HeaderFields(None, names(&["b"]))).unwrap(), "\r\n");
}

#[test]
fn partial_sections() {
    let content = Content::new(b"Subject: s\r\n\r\nbody33\r\n\r\n");
    let fetch = |origin, count| content.fetch(Some(&Section::Text(None)), Some((origin, count)));
    let sent = |data: &[u8]| NString(Some(wire::literal(data).into()));
    assert_eq!(fetch(0, 3), sent(b"bod"));
    assert_eq!(fetch(5, 3), sent(b"3\r\n"));
    assert_eq!(fetch(8, 100), sent(b"\r\n"));
    assert_eq!(fetch(10, 1), sent(b""));
    assert_eq!(fetch(u32::MAX, u32::MAX), sent(b""));
    assert_eq!(content.fetch(Some(&Section::Part(part(&[2]))), Some((0, 1))), NString(None));
    assert_eq!(content.fetch(None, None), sent(b"Subject: s\r\n\r\nbody33\r\n\r\n"));
    assert_eq!(Content::new(b"a\0b").fetch(None, None), sent(b"a\x80b"));
}

#[test]
fn odd_messages() {
    let first = |raw: &str| text(raw.as_bytes(), &Section::Part(part(&[1])));
    let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
    // Bare LF, and a multipart that is cut off.
    assert_eq!(first(&format!("{mixed}--b\n\none\n--b\n\ntwo")).as_deref(), Some("one"));
    assert_eq!(first(&format!("{mixed}--b\n\none\n")).as_deref(), Some("one\n"));
    assert_eq!(first(&format!("{mixed}--b")).as_deref(), Some(""));
    // A multipart without parts has one that is empty.
    assert_eq!(first(&format!("{mixed}nothing")).as_deref(), Some(""));
    assert_eq!(first(&format!("{mixed}--b--\n--b\n\none")).as_deref(), Some(""));
    // Lines that only look like delimiters.
    assert_eq!(first(&format!("{mixed}--b\n\n--bc\n --b\nx--b\n--b-\n--b")).as_deref(), Some("--bc\n --b\nx--b\n--b-"));
    // Without a boundary it is text.
    assert_eq!(first("Content-Type: multipart/mixed\r\n\r\n--b\r\n").as_deref(), Some("--b\r\n"));
    // An outer boundary ends an inner multipart.
    let inner = "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b--\n--c\n\ntwo\n";
    assert_eq!(first(&format!("{mixed}{inner}")).as_deref(), Some("--c\n\none"));
    assert_eq!(first("").as_deref(), Some(""));
    assert_eq!(first("just text").as_deref(), Some("just text"));
}

/// Part numbers of a message and its entities, by the rules of RFC 3501 6.4.5.
pub(super) fn numbered<'e>(message: &'e Entity, prefix: &[u32], found: &mut Vec<(Vec<u32>, &'e Entity)>) {
    let mut add = |entity: &'e Entity, number: u32| {
        let path = [prefix, &[number]].concat();
        found.push((path.clone(), entity));
        match &entity.inside {
            Inside::Leaf => {}
            Inside::Message(inner) => numbered(inner, &path, found),
            Inside::Parts(_) => numbered(entity, &path, found),
        }
    };
    match &message.inside {
        Inside::Parts(parts) => parts.iter().zip(1..).for_each(|(entity, number)| add(entity, number)),
        Inside::Leaf | Inside::Message(_) => add(message, 1),
    }
}

/// Octets that are likely to be a message of some structure.
pub(super) fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop::sample::select(vec![
        &b"\r\n"[..],
        b"\n",
        b"\r\n\r\n",
        b"--b\r\n",
        b"\r\n--b\r\n",
        b"\n--b\n",
        b"--c\r\n",
        b"\r\n--c--\r\n",
        b"\r\n--b--",
        b"--",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/digest; boundary=\"c\"\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: text/plain; x*0=1; x*1*=%\r\n",
        b"Content-Type: application/octet-stream\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Disposition: attachment; filename=\"a\\\"b\"\r\n",
        b"Content-Language: en, de\r\n",
        b"From: a (b) <@r:c@d>, g: e@f;\r\n",
        b"Subject: =?utf-8?q?=C3?=\r\n",
        b"Date: 1 Jan 2026 00:00 +0000\r\n",
        b": ",
        b" \t",
        b"word",
        b"\0\xff",
        b"=3D=",
    ]);
    let random = prop::collection::vec(any::<u8>(), 0..6);
    prop::collection::vec(prop_oneof![6 => scrap.prop_map(<[u8]>::to_vec), 1 => random], 0..30)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn header_and_text_are_the_message(raw in scraps()) {
        let content = Content::new(&raw);
        prop_assert_eq!(&[content.header(), content.text()].concat(), &raw);
        let asked = |section| content.section(section).map(Cow::into_owned);
        prop_assert_eq!(asked(None), Some(raw.clone()));
        prop_assert_eq!(asked(Some(&Section::Header(None))), Some(content.header().to_vec()));
        prop_assert_eq!(asked(Some(&Section::Text(None))), Some(content.text().to_vec()));
        let all = content.section(Some(&Section::HeaderFieldsNot(None, names(&["absent-field"])))).unwrap();
        prop_assert!(all.starts_with(&raw[content.root().header.fields.clone()]));
    }

    #[test]
    fn every_part_is_a_slice(raw in scraps()) {
        let content = Content::new(&raw);
        let mut found = Vec::new();
        numbered(content.root(), &[], &mut found);
        prop_assert!(!found.is_empty());
        for (path, entity) in found {
            let whole = content.section(Some(&Section::Part(part(&path))));
            prop_assert_eq!(whole.as_deref(), Some(&raw[entity.body.clone()]), "{:?}", path);
            prop_assert!(matches!(whole, Some(Cow::Borrowed(_))));
            let mime = content.section(Some(&Section::Mime(part(&path))));
            prop_assert_eq!(mime.as_deref(), Some(&raw[entity.header.whole()]));
            if let Inside::Message(_) = entity.inside {
                let header = content.section(Some(&Section::Header(Some(part(&path))))).unwrap();
                let text = content.section(Some(&Section::Text(Some(part(&path))))).unwrap();
                prop_assert_eq!(&[header, text].concat()[..], &raw[entity.body.clone()]);
            }
            let behind = [&path[..], &[10_001]].concat();
            prop_assert_eq!(content.section(Some(&Section::Part(part(&behind)))), None);
        }
    }

    #[test]
    fn partials_are_slices(raw in scraps(), origin in 0..300_u32, count in 1..300_u32) {
        let whole = section::partial(&raw, 0, u32::MAX);
        prop_assert_eq!(whole, &raw[..]);
        let start = (origin as usize).min(raw.len());
        let end = (start + count as usize).min(raw.len());
        prop_assert_eq!(section::partial(&raw, origin, count), &raw[start..end]);
    }
}

/// Every prefix of a message is a message: the octets come one by one.
#[test]
fn prefixes_keep_the_laws() {
    for length in 0..=NESTED.len() {
        let raw = &NESTED.as_bytes()[..length];
        let content = Content::new(raw);
        assert_eq!([content.header(), content.text()].concat(), raw);
        let mut found = Vec::new();
        numbered(content.root(), &[], &mut found);
        for (path, entity) in found {
            assert_eq!(content.section(Some(&Section::Part(part(&path)))).as_deref(), Some(&raw[entity.body.clone()]));
        }
    }
}
