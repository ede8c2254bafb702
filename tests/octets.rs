//! Messages survive octet for octet: what was handed in by SMTP is what lies in the mailbox and what POP3 gives, but for
//! the trace fields that the server put in front. What no message may hold is refused, and then nothing is kept.

use posthaste::base::SocketId;
use posthaste::proto::pop3;
use posthaste::proto::smtp;
use proptest::prelude::*;

mod common;
#[path = "invariants/payloads.rs"]
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
mod payloads;
#[path = "octets/routes.rs"]
mod routes;

#[path = "common/post_office.rs"]
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
mod post_office;

use post_office::PostOffice;

fn office() -> PostOffice {
    PostOffice::new("hamburger.edu", &[("bob".to_owned(), "hungry".to_owned())], |_| {})
}

/// Sends octets in pieces of these lengths, again and again.
fn trickle(office: &mut PostOffice, socket: SocketId, octets: &[u8], pieces: &[usize]) {
    let mut rest = octets;
    for piece in pieces.iter().cycle() {
        let (head, tail) = rest.split_at(rest.len().min(*piece));
        office.send(socket, head);
        rest = tail;
        if rest.is_empty() {
            break;
        }
    }
}

/// RFC 5321 4.5.2: a line that begins with a period gets another one; the last line is a period.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut at_start = true;
    for (at, octet) in message.iter().enumerate() {
        if at_start && *octet == b'.' {
            wire.push(b'.');
        }
        wire.push(*octet);
        at_start = *octet == b'\n' && at > 0 && message[at - 1] == b'\r';
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Hands a message in and returns the reply.
fn hand_in(office: &mut PostOffice, message: &[u8], pieces: &[usize]) -> String {
    let socket = office.connect(smtp::PORT);
    for line in
        ["EHLO client.example", "MAIL FROM:<alice@crepes.fr> BODY=8BITMIME", "RCPT TO:<bob@hamburger.edu>", "DATA"]
    {
        office.say(socket, line);
    }
    trickle(office, socket, &stuffed(message), pieces);
    let reply = String::from_utf8(office.heard(socket)).unwrap();
    office.say(socket, "QUIT");
    reply
}

fn stored(office: &PostOffice) -> Vec<Vec<u8>> {
    let drop = office.server.mailboxes().next().unwrap();
    drop.messages().iter().map(|message| message.content.to_vec()).collect()
}

/// What POP3 gives for the first message.
fn fetched(office: &mut PostOffice) -> Vec<u8> {
    let socket = office.connect(pop3::PORT);
    for line in ["USER bob", "PASS hungry"] {
        office.say(socket, line);
    }
    office.heard(socket);
    office.send(socket, b"RETR 1\r\n");
    let answer = office.heard(socket);
    office.say(socket, "QUIT");
    let start = answer.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
    let body = answer[start..].strip_suffix(b".\r\n").unwrap();
    let mut message = Vec::new();
    for line in body.split_inclusive(|b| *b == b'\n') {
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    message
}

/// The fields that the server put in front: Return-Path, Received, and a Message-ID where there was none. The message
/// itself must follow.
fn check_front(front: &[u8], message: &[u8]) {
    let text = String::from_utf8(front.to_vec()).unwrap();
    let unfolded = text.replace("\r\n\t", " ");
    let names: Vec<&str> = unfolded.lines().map(|line| line.split(':').next().unwrap()).collect();
    let mut names = names.into_iter().filter(|name| *name != "Message-ID").collect::<Vec<_>>();
    names.sort_unstable();
    assert_eq!(names, ["Received", "Return-Path"], "{text} before {}", message.escape_ascii());
    assert_eq!(text.matches("Message-ID: ").count() + usize::from(has_message_id(message)), 1, "{text}");
}

fn has_message_id(message: &[u8]) -> bool {
    posthaste::proto::message::first(message, "Message-ID").is_some_and(|id| !id.is_empty())
}

fn survives(message: &[u8], pieces: &[usize]) {
    let mut office = office();
    let reply = hand_in(&mut office, message, pieces);
    assert!(reply.starts_with("250"), "{reply}");
    let found = stored(&office);
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with(message), "{} became {}", message.escape_ascii(), found[0].escape_ascii());
    check_front(&found[0][..found[0].len() - message.len()], message);
    assert!(fetched(&mut office) == found[0], "POP3 shows another message");
}

/// Would break if a period were lost, a long line cut, an octet masked, or an end of line added.
#[test]
fn messages_of_every_kind_survive() {
    let head = "Subject: x\r\nMessage-ID: <1@x>\r\n";
    let octets: Vec<u8> = (1..=255).filter(|octet| !b"\r\n".contains(octet)).collect();
    for body in [
        // only a header, with and without its empty line; nothing at all
        String::new(),
        "\r\n".to_owned(),
        "\r\n\r\n\r\n".to_owned(),
        "\r\n.\r\n..\r\n...x\r\n.\r\n".to_owned(),
        format!("\r\n{}\r\n.{}\r\n", "a".repeat(998), "b".repeat(997)),
        "\r\n \t \r\n\t\r\nFrom x\r\n>From y\r\n".to_owned(),
    ] {
        survives(format!("{head}{body}").as_bytes(), &[7, 1, 64]);
    }
    survives(&[head.as_bytes(), b"\r\n", &octets, b"\r\n"].concat(), &[1]);
    survives(b"", &[1]);
    survives(b"\r\n", &[3]);
    survives(b"no header\r\n", &[3]);
    survives(b"Subject: x\r\n\tfolded\r\n y\r\nodd line\r\nX:\r\n\r\nbody\r\n", &[5]);
    survives(b" starts with a space\r\n\r\nbody\r\n", &[5]);
}

/// Would break if such a message were taken, or a part of it kept.
#[test]
fn what_no_message_may_hold_is_refused() {
    for message in [
        &b"Subject: x\r\n\r\nbare\rCR\r\n"[..],
        b"Subject: x\r\n\r\nbare\nLF\r\n",
        b"Subject: x\r\n\r\n\r\r\n",
        b"\r\nnul\0\r\n",
    ] {
        for pieces in [&[1][..], &[1_000]] {
            let mut office = office();
            let reply = hand_in(&mut office, message, pieces);
            assert!(reply.starts_with("554 ") || reply.starts_with("550 "), "{}: {reply}", message.escape_ascii());
            assert!(stored(&office).is_empty(), "{}", message.escape_ascii());
        }
    }
}

/// A line of a message.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ -~]{0,40}".prop_map(String::into_bytes),
        2 => "\\.{1,3}[ -~]{0,5}".prop_map(String::into_bytes),
        2 => prop::collection::vec(prop_oneof![1..=9_u8, 11..=12_u8, 14..=255_u8], 0..60),
        1 => (900..=998_usize).prop_map(|length| vec![b'.'; length]),
        1 => Just(Vec::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_message_survives(
        fields in prop::collection::vec("[A-Za-z-]{1,12}: [ -~]{0,60}(\r\n\t[ -~]{1,20})?", 0..5),
        blank in any::<bool>(),
        lines in prop::collection::vec(line(), 0..12),
        pieces in prop::collection::vec(1..200_usize, 1..5),
    ) {
        let mut message = Vec::new();
        for field in &fields {
            message.extend_from_slice(field.as_bytes());
            message.extend_from_slice(b"\r\n");
        }
        if blank {
            message.extend_from_slice(b"\r\n");
        }
        for line in &lines {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        survives(&message, &pieces);
    }
}
