//! SEARCH commands that ask for text: header fields, bodies, encodings and charsets.

use imap_types::body::BodyStructure;
use imap_types::core::AString;
use proptest::prelude::*;

use super::tests::{Stored, search};
use super::*;
use crate::proto::imap::content::Content;

fn mailbox(messages: &[&[u8]]) -> Vec<Stored> {
    let stored = |(content, uid): (&&[u8], u32)| Stored {
        uid,
        marks: &[],
        arrived: "2026-01-05T09:00:00Z",
        size: 1,
        content: content.to_vec(),
    };
    messages.iter().zip(1..).map(stored).collect()
}

fn expect(messages: &[&[u8]], cases: &[(&str, &[u32])]) {
    let mailbox = mailbox(messages);
    for (arguments, expected) in cases {
        assert_eq!(search(&mailbox, arguments.as_bytes()), *expected, "{arguments}");
    }
}

#[test]
fn header_fields() {
    expect(
        &[
            b"Subject: hello\r\n beautiful World\r\nFrom: Al <al@a.org>\r\nCc: c@a.org\r\n\r\nbody\r\n",
            b"X-Extra: hello header\r\nX-Extra: another one\r\nTo: al@a.org\r\nBcc: b@a.org\r\n\r\nSubject: no\r\n",
            b"subject:\r\nTo: bo@a.org\r\n\r\n",
        ],
        &[
            ("SUBJECT hello", &[1]),
            ("SUBJECT \"LLO BEAUTIFUL worl\"", &[1]),
            ("SUBJECT \"hello  beautiful\"", &[]),
            ("SUBJECT \"\"", &[1, 3]),
            ("HEADER subject \"\"", &[1, 3]),
            ("NOT HEADER Subject \"\"", &[2]),
            ("HEADER x-extra another", &[2]),
            ("HEADER x-extra \"hello another\"", &[]),
            ("HEADER x-extra \"header another\"", &[]),
            ("HEADER x \"\"", &[]),
            ("FROM al", &[1]),
            ("FROM <AL@A.ORG>", &[1]),
            ("TO al@a.org", &[2]),
            ("TO a.org", &[2, 3]),
            ("CC c@", &[1]),
            ("BCC b@", &[2]),
            ("BCC c@", &[]),
        ],
    );
}

#[test]
fn texts_and_bodies() {
    expect(
        &[
            b"Date: 1 Jan 2026\r\n\r\nasdfghjkl zxcvbnm\r\n",
            b"Date: 1 Jan 2026\r\nSubject: qwertyuiop\r\n\r\nasdfghjkl\r\n",
            b"X-Header: qwertyuiop\r\n\r\nzxcvbnm\r\n",
            b"\r\nzxcvbnm qwertyuiop\r\n",
            b"no header qwertyuiop\r\n",
        ],
        &[
            ("TEXT asdfghjkl", &[1, 2]),
            ("TEXT xcvbn", &[1, 3, 4]),
            ("TEXT QWERTYUIOP", &[2, 3, 4, 5]),
            ("BODY asdfghjkl", &[1, 2]),
            ("BODY xcvbn", &[1, 3, 4]),
            ("BODY wertyuio", &[4, 5]),
            ("TEXT \"x-header: q\"", &[3]),
            ("TEXT \"\"", &[1, 2, 3, 4, 5]),
            ("BODY \"\"", &[1, 2, 3, 4, 5]),
            ("BODY date", &[]),
        ],
    );
}

#[test]
fn encodings_and_charsets() {
    let mailbox = mailbox(&[
        b"Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?b?IGF1cyBLw7ZsbiE=?=\r\n\r\nx\r\n",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n",
        b"Content-Type: text/html; charset=ISO-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\nR3L8\r\n32U=\r\n",
        b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n",
        "Subject: Grüße\r\n\r\nGrüße\r\n".as_bytes(),
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nR3L8\r\n32U=\r\n",
    ]);
    let literal = |key: &str, text: &[u8]| {
        let text = AString::try_from(text.to_vec()).unwrap();
        let command = match key {
            "SUBJECT" => SearchKey::Subject(text),
            "BODY" => SearchKey::Body(text),
            _ => SearchKey::Text(text),
        };
        let query = Query::new(&command, Extent { messages: 6, uid: 6 }).unwrap();
        let view = |number: u32, content| View {
            number,
            uid: number,
            marks: &|_| false,
            arrived: UnixTime(0),
            size: 1,
            modseq: 1,
            content,
        };
        let found = mailbox.iter().zip(1..).filter(|(message, number)| query.matches(&view(*number, &message.content)));
        found.map(|(_, number)| number).collect::<Vec<u32>>()
    };
    assert_eq!(literal("SUBJECT", "grüße aus köln!".as_bytes()), [1]);
    assert_eq!(literal("SUBJECT", "GRÜßE".as_bytes()), [1, 5]);
    assert_eq!(literal("BODY", "grüße".as_bytes()), [2, 3, 4, 5]);
    assert_eq!(literal("TEXT", "GRÜ".as_bytes()), [1, 2, 3, 4, 5]);
    assert_eq!(literal("TEXT", b"gr\xfc"), [1, 2, 3, 4, 5]);
    assert_eq!(literal("TEXT", b"R3L8"), [0_u32; 0]);
    assert_eq!(literal("TEXT", b"=?utf-8"), [0_u32; 0]);
}

#[test]
fn parts_of_messages() {
    let nested = b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
        Content-Description: first part\r\n\r\nalpha\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
        Subject: =?utf-8?q?inner?=\r\n\r\nbeta\r\n--b\r\nContent-Type: image/gif\r\n\r\ngamma\r\n--b--\r\nepilogue\r\n";
    expect(
        &[nested],
        &[
            ("BODY alpha", &[1]),
            ("BODY beta", &[1]),
            ("BODY \"subject: inner\"", &[1]),
            ("BODY \"first part\"", &[]),
            ("TEXT \"first part\"", &[1]),
            ("BODY outer", &[]),
            ("TEXT outer", &[1]),
            ("SUBJECT inner", &[]),
            ("TEXT gamma", &[]),
            ("TEXT preamble", &[]),
            ("TEXT boundary=b", &[1]),
        ],
    );
}

/// Messages that would take hours if anything were done over for each of their octets.
#[test]
fn hostile_messages_take_linear_work() {
    let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
    let nested: String = (0..40).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect();
    let continued: String = (0..9_999).map(|i| format!("; a*{i}=x; b{i}*0=y")).collect();
    for (head, repeated) in [
        ("", "a:\n"),
        ("", "To: a@b\n"),
        ("", "Content-Type: message/rfc822\n\n"),
        ("To: ", "("),
        ("To: ", "<@:"),
        ("To: ", "a:b;"),
        ("Subject: ", "=?aa?q?a"),
        ("Subject: ", "\n "),
        (mixed, "--b\n"),
        (mixed, "--b                         "),
        (&nested, "--b3\n--x\n"),
        ("Content-Type: a/b", &continued),
        ("Content-Transfer-Encoding: quoted-printable\n\n", "="),
    ] {
        let raw = [head, &repeated.repeat(100_000 / repeated.len())].concat();
        let content = Content::new(raw.as_bytes());
        assert_eq!(content.envelope().bcc.len() + content.header().len() + content.text().len(), raw.len());
        assert!(matches!(content.body_structure(), BodyStructure::Single { .. } | BodyStructure::Multi { .. }));
        assert!(search(&mailbox(&[raw.as_bytes()]), b"OR TEXT zzz OR BODY zzz TO zzz").is_empty());
    }
}

proptest! {
    /// What is written into a message is found there, and the decoder bears any octets.
    #[test]
    fn words_are_found(word in "[a-zA-Z0-9]{1,12}", before in "[ -~]{0,20}", content in prop::collection::vec(any::<u8>(), 0..80)) {
        let plain = format!("Subject: x\r\n\r\n{before} {word}\r\n");
        let stored = mailbox(&[plain.as_bytes(), &content]);
        let finds = |arguments: String| search(&stored, arguments.as_bytes()).contains(&1);
        let upper = word.to_uppercase();
        prop_assert!(finds(format!("BODY \"{word}\"")), "{word}");
        prop_assert!(finds(format!("TEXT \"{upper}\"")), "{word}");
        let absent = finds(format!("OR HEADER x \"{word}-\" OR BODY \"{word}\u{1}\" SENTON 1-Jan-2026"));
        prop_assert!(!absent);
    }
}
