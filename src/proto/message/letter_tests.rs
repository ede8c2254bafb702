//! Letters as a MIME library reads them, and what their parts cost.

use std::sync::Arc;

use mail_parser::{MessageParser, MimeHeaders as _, PartType};
use proptest::prelude::*;

use super::encoding::base64_length;
use super::letter::made_up;
use super::mime::costs;
use super::*;

const DRAFT: Draft<'static> =
    Draft { from: "alice@crepes.fr", subject: Some("Dinner"), message_id: "<1.alice@crepes.fr>", ..Draft::EMPTY };

fn letter(draft: Draft<'_>) -> Letter<'_> {
    Letter { draft, ..Letter::EMPTY }
}

fn saying(body: &[String]) -> Letter<'_> {
    letter(Draft { body, ..DRAFT })
}

fn file(name: &str, media: &str, content: &[u8]) -> Attachment {
    let (name, media) = (Some(name.to_owned()), media.to_owned());
    Attachment { name, media, id: None, content: content.into(), encoding: None }
}

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(|line| (*line).to_owned()).collect()
}

fn text(letter: &Letter<'_>) -> String {
    String::from_utf8(letter.build().0).unwrap()
}

/// Would break if the lecture's messages became MIME.
#[test]
fn a_plain_text_needs_no_mime() {
    let body = lines(&["Do you like ketchup?", "How about pickles?"]);
    let to = lines(&["bob@hamburger.edu"]);
    let letter = letter(Draft { to: &to, body: &body, ..DRAFT });
    let expected = "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\n\
                    Subject: Dinner\r\nMessage-ID: <1.alice@crepes.fr>\r\n\r\n\
                    Do you like ketchup?\r\nHow about pickles?\r\n";
    assert_eq!(text(&letter), expected);
    assert!(letter.build().1.is_empty());
}

#[test]
fn fields_of_answers_stand_behind_the_others() {
    let [cc, before] = [lines(&["carol@crepes.fr", "dave@crepes.fr"]), lines(&["<a@b>", "<c@d>"])];
    let letter = letter(Draft {
        cc: &cc,
        reply_to: Some("team@crepes.fr"),
        in_reply_to: Some("<c@d>"),
        references: &before,
        ..DRAFT
    });
    let expected = "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: alice@crepes.fr\r\n\
                    Cc: carol@crepes.fr, dave@crepes.fr\r\nReply-To: team@crepes.fr\r\nSubject: Dinner\r\n\
                    Message-ID: <1.alice@crepes.fr>\r\nIn-Reply-To: <c@d>\r\nReferences: <a@b> <c@d>\r\n\r\n";
    assert_eq!(text(&letter), expected);
}

#[test]
fn a_letter_in_another_script_letter_by_letter() {
    let body = lines(&["Cr\u{ea}pes et caf\u{e9}?"]);
    let letter = letter(Draft { subject: Some("D\u{ee}ner \u{e0} huit"), body: &body, ..DRAFT });
    let expected = "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: alice@crepes.fr\r\n\
                    Subject: =?utf-8?B?RMOubmVyIMOgIGh1aXQ=?=\r\nMessage-ID: <1.alice@crepes.fr>\r\n\
                    MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\nCr=C3=AApes et caf=C3=A9?\r\n";
    assert_eq!(text(&letter), expected);
}

/// Names are shown as they are where that is possible, quoted or encoded where not.
#[test]
fn authors_have_names() {
    let from = |name| {
        let built = letter(Draft { name: Some(name), ..DRAFT }).build().0;
        let read = MessageParser::default().parse(&built).unwrap();
        let author = read.from().unwrap().first().unwrap();
        assert_eq!((author.name(), author.address()), (Some(name), Some("alice@crepes.fr")));
        first(&built, "From").unwrap()
    };
    assert_eq!(from("Alice"), "\"Alice\" <alice@crepes.fr>");
    assert_eq!(from("Alice, \"the cook\""), "\"Alice, \\\"the cook\\\"\" <alice@crepes.fr>");
    assert!(from("Zo\u{e9} Cr\u{ea}pe").is_ascii());
}

/// A letter with everything: a reader finds each part with its name and its octets.
#[test]
fn everything_is_found_again() {
    let body = lines(&["Look at the picture.", "", ".", "--=_1"]);
    let html =
        lines(&["<p>Look at <a href=\"http://www.crepes.fr/\">the menu</a>: <img src=\"cid:logo@crepes.fr\"></p>"]);
    let logo = Attachment { id: Some("logo@crepes.fr".to_owned()), ..file("logo.png", "image/png", &made_up(1_000)) };
    let files = [
        file(
            "men\u{fc} \"heute\", f\u{fc}r alle G\u{e4}ste und ihre Freunde von nah und fern.pdf",
            "application/pdf",
            &made_up(5_700),
        ),
        file("notes.txt", "text/plain; charset=utf-8", "caf\u{e9}\r\n".as_bytes()),
    ];
    let letter = Letter { html: Some(&html), images: &[logo], attachments: &files, ..saying(&body) };
    let (octets, costs) = letter.build();
    assert_eq!(letter.build().0, octets, "equal letters are equal octets");
    assert!(octets.is_ascii());
    assert!(octets.split(|b| *b == b'\n').all(|line| line.len() <= 100));
    let read = MessageParser::default().parse(&octets).unwrap();
    assert_eq!(read.body_text(0).unwrap(), "Look at the picture.\r\n\r\n.\r\n--=_1\r\n");
    assert_eq!(read.body_html(0).unwrap(), format!("{}\r\n", html[0]));
    let named = |name: &str| {
        let part = read.parts.iter().find(|part| part.attachment_name() == Some(name));
        part.unwrap_or_else(|| panic!("no {name} in {}", String::from_utf8_lossy(&octets))).contents().to_vec()
    };
    assert_eq!(named("logo.png"), made_up(1_000));
    assert!(read.parts.iter().any(|part| part.content_id() == Some("logo@crepes.fr")));
    for file in &files {
        assert_eq!(named(file.name.as_deref().unwrap()), &*file.content);
    }
    let kinds: Vec<_> = read.parts.iter().filter(|part| matches!(part.body, PartType::Multipart(_))).collect();
    let kinds: Vec<_> = kinds.iter().map(|part| part.content_type().unwrap().subtype().unwrap()).collect();
    assert_eq!(kinds, ["mixed", "alternative", "related"]);
    // the pdf: 100 full lines of 57 octets
    let shown: Vec<_> = costs.iter().map(|cost| (&*cost.place, &*cost.media, cost.content, cost.encoded)).collect();
    assert_eq!(
        shown,
        [
            ("1.1", "text/plain", 34, 34),
            ("1.2.1", "text/html", 93, 93),
            ("1.2.2", "image/png", 1_000, base64_length(1_000) as u64),
            ("2", "application/pdf", 5_700, 7_800),
            ("3", "text/plain", 7, 11),
        ]
    );
}

#[test]
fn a_wish_is_heard_where_it_can_be() {
    let body = lines(&["caf\u{e9}"]);
    for (wish, said) in [
        (None, Encoding::QuotedPrintable),
        (Some(Encoding::EightBit), Encoding::EightBit),
        (Some(Encoding::Base64), Encoding::Base64),
        (Some(Encoding::QuotedPrintable), Encoding::QuotedPrintable),
        (Some(Encoding::SevenBit), Encoding::QuotedPrintable),
    ] {
        let (octets, costs) = Letter { encoding: wish, ..saying(&body) }.build();
        assert_eq!(costs[0].encoding, said);
        let field = format!("Content-Transfer-Encoding: {}\r\n", said.name());
        assert!(String::from_utf8_lossy(&octets).contains(&field));
    }
    // RFC 2045 6.4: what contains 8bit is 8bit
    let files = [file("x", "application/octet-stream", b"")];
    let letter = Letter { encoding: Some(Encoding::EightBit), attachments: &files, ..saying(&body) };
    assert!(text(&letter).split_once("\r\n\r\n").unwrap().0.contains("Content-Transfer-Encoding: 8bit"));
}

proptest! {
    /// Would break if a text could look like a boundary, or lose an octet.
    #[test]
    fn what_was_written_is_read(
        body in prop::collection::vec("[ -~é]{0,90}|--=_1_[0-9a-f]{16}", 0..6),
        content in prop::collection::vec(any::<u8>(), 0..300),
        name in "[ -~é]{0,100}",
        wish in prop::sample::select(vec![None, Some(Encoding::EightBit), Some(Encoding::QuotedPrintable)]),
    ) {
        let body: Vec<String> = body;
        let content: Arc<[u8]> = content.into();
        let name = name.trim().to_owned();
        let files = [file(&name, "application/octet-stream", &content), file("2", "image/gif", b"GIF")];
        let (octets, told) = Letter { attachments: &files, encoding: wish, ..saying(&body) }.build();
        // what was told is what can be measured
        prop_assert_eq!(told, costs(&octets));
        let read = MessageParser::default().parse(&octets).unwrap();
        let joined: String = body.iter().map(|line| format!("{line}\r\n")).collect();
        prop_assert_eq!(read.parts.len(), 4);
        prop_assert_eq!(read.parts[1].text_contents().unwrap(), joined);
        prop_assert_eq!(read.parts[2].contents(), &*content);
        prop_assert_eq!(read.parts[2].attachment_name().unwrap_or_default(), name);
        prop_assert_eq!(read.parts[3].contents(), b"GIF");
    }
}
