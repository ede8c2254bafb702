//! Malformed DNS, mail and HTTP: octets that are nearly messages or dialogues, wherever they are read.
//!
//! Breaks when anything panics, goes on without end or leaves a client without an answer, when a
//! message that was understood is written so that it means something else, and when a server answers
//! what its protocol does not know, other pieces get other answers, or others are served no more. With
//! `POSTHASTE_FUZZ_ROUNDS` set it does so many rounds, with `POSTHASTE_FUZZ_SECONDS` it goes on for so long, each
//! round with another seed.

#![expect(clippy::disallowed_types, reason = "fuzzing goes on for so many seconds")]

#[path = "malformed/bounds.rs"]
mod bounds;
#[path = "malformed/entry.rs"]
mod entry;
#[path = "malformed/grammar.rs"]
mod grammar;
#[path = "malformed/http_grammar.rs"]
mod http_grammar;
#[path = "malformed/lines.rs"]
mod lines;
#[path = "malformed/mail.rs"]
mod mail;
#[path = "malformed/mutate.rs"]
mod mutate;
#[path = "common/post_office.rs"]
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
mod post_office;
#[path = "malformed/requests.rs"]
mod requests;
#[path = "malformed/web.rs"]
mod web;

use std::time::{Duration, Instant};

use lines::Part;
use mutate::{Maker, seeds};

/// What the environment says of how long to go on.
#[expect(clippy::disallowed_methods, reason = "no result of the simulator depends on it")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tries a reader of octets on so many, as many rounds or for as long as the environment says.
fn trial<O: FnMut() -> Vec<u8>>(seed: u64, count: usize, maker: impl Fn(u64) -> O, read: impl Fn(&[u8])) {
    let end = told("POSTHASTE_FUZZ_SECONDS").map(|lasts| Instant::now() + Duration::from_secs(lasts));
    let rounds = told("POSTHASTE_FUZZ_ROUNDS").unwrap_or(1);
    for round in 0.. {
        if end.is_none() && round >= rounds {
            return;
        }
        let mut next = maker(seed + 1000 * round);
        for _ in 0..count {
            let octets = next();
            let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&octets)));
            assert!(seen.is_ok(), "by the octets {}", octets.escape_ascii());
            if end.is_some_and(|end| Instant::now() > end) {
                return;
            }
        }
    }
}

fn messages(seed: u64) -> impl FnMut() -> Vec<u8> {
    let mut maker = Maker::new(seed);
    move || maker.octets()
}

/// Gives octets without end.
type Octets = Box<dyn FnMut() -> Vec<u8>>;

fn dialogues(part: Part) -> impl Fn(u64) -> Octets {
    move |seed| {
        let mut maker = lines::Maker::new(seed, part);
        Box::new(move || maker.octets())
    }
}

#[test]
fn the_seeds_are_messages() {
    use posthaste::proto::dns::Message;
    for seed in seeds() {
        Message::decode(&seed).unwrap_or_else(|error| panic!("{error}: {seed:02x?}"));
        entry::message(&seed);
        entry::streams(&seed);
        entry::dialogue(&seed);
    }
}

#[test]
fn every_beginning_of_a_message_is_taken() {
    for seed in seeds() {
        for end in 0..seed.len() {
            entry::message(&seed[..end]);
        }
        for end in (0..seed.len()).step_by(7) {
            entry::dialogue(&seed[..end]);
        }
    }
}

#[test]
fn the_classics_of_compression_are_taken() {
    let header = |questions: u8| vec![0, 7, 0x80, 0, 0, questions, 0, 0, 0, 0, 0, 0];
    let with = |rest: &[u8]| [&header(1)[..], rest].concat();
    let mut long = header(1);
    long.extend([[63].as_slice(), &[b'x'; 63]].concat().repeat(1020));
    long.extend([0, 0, 1, 0, 1]);
    let classics = [
        with(&[0xc0, 12, 0, 1, 0, 1]),
        with(&[0xc0, 14, 0xc0, 12, 0, 1, 0, 1]),
        with(&[1, b'a', 0xc0, 12, 0, 1, 0, 1]),
        with(&[0xff, 0xff, 0, 1, 0, 1]),
        with(&[0xc0, 0, 0, 1, 0, 1]),
        with(&[0x40, b'a', 0, 0, 1, 0, 1]),
        with(&[63]),
        long,
        [&header(255)[..], &[0; 4]].concat(),
        vec![0xff; 12],
        vec![0xff; 65_535],
        vec![0; 65_535],
    ];
    for octets in &classics {
        entry::message(octets);
        entry::streams(octets);
        entry::dialogue(octets);
    }
}

#[test]
fn mutated_messages_are_taken() {
    trial(1, 20_000, messages, entry::message);
}

#[test]
fn mutated_streams_are_taken() {
    trial(2, 1_000, messages, entry::streams);
}

#[test]
fn mutated_dialogues_are_taken() {
    trial(3, 1_500, messages, entry::dialogue);
}

/// Each good dialogue, and every beginning of it.
#[test]
fn every_beginning_of_a_dialogue_is_taken() {
    type Reader = (Part, fn(&[u8]));
    let readers: [Reader; 12] = [
        (Part::Smtp, mail::smtp_server),
        (Part::Submission, mail::submission_server),
        (Part::Pop3, mail::pop3_server),
        (Part::Imap, mail::imap_server),
        (Part::Replies, mail::smtp_client),
        (Part::Replies, mail::pop3_client),
        (Part::Site, web::web_server),
        (Part::Webmail, web::webmail_server),
        (Part::Webmail, web::http_session),
        (Part::Responses, web::http_client),
        (Part::Pages, web::webmail_client),
        (Part::Untagged, web::imap_client),
    ];
    for (part, read) in readers {
        for seed in lines::seeds(part) {
            read(&seed);
            (1..seed.len()).step_by(7).for_each(|end| read(&seed[..end]));
        }
    }
}

/// The good dialogues come to what they are there for: else what is made of them would be shallow.
#[test]
fn the_seeds_are_dialogues() {
    for (part, port, needs) in [
        (Part::Smtp, 25, "354 |250 2.0.0|252 |503 |"),
        (Part::Submission, 587, "235 |334 |535 |501 "),
        (Part::Pop3, 110, "+OK|-ERR|hi\r\n.\r\n"),
        (Part::Imap, 143, "c OK|d OK|e OK|f OK|i OK|BODYSTRUCTURE|APPENDUID|EXPUNGE|+ |MIME"),
    ] {
        let said: Vec<u8> = lines::seeds(part).iter().flat_map(|seed| mail::answers(seed, port)).collect();
        let said = String::from_utf8_lossy(&said);
        for need in needs.split('|') {
            assert!(said.contains(need), "{need:?} is not in {}", said.escape_debug());
        }
    }
}

/// The same of HTTP: a seed that a session refuses would try nothing behind its beginning.
#[test]
fn the_seeds_are_requests() {
    for (part, needs) in [
        (Part::Site, "200 OK|201 |204 |206 |chunked|304 |301 |405 |501 |\r\n\r\n<p>hi"),
        (Part::Webmail, "name=INBOX|Content-Disposition|421 |303 See Other|Write a message"),
    ] {
        let said: Vec<u8> =
            lines::seeds(part).iter().flat_map(|seed| web::answers(seed, matches!(part, Part::Webmail))).collect();
        let said = String::from_utf8_lossy(&said);
        for need in needs.split('|') {
            assert!(said.contains(need), "{need:?} is not in {said}");
        }
    }
}

#[test]
fn mutated_requests_are_answered() {
    trial(11, 3_000, dialogues(Part::Site), web::web_server);
    trial(12, 1_000, dialogues(Part::Webmail), web::webmail_server);
    trial(13, 5_000, dialogues(Part::Webmail), web::http_session);
    trial(14, 2_000, messages, web::web_server);
}

/// A peer that never comes to an end, in whatever it sends, is not kept in memory.
#[test]
fn endless_requests_are_not_kept() {
    let begins = ["", "GET / HTTP/1.1\r\n", "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"];
    let ends = ["x", "X: y\r\n", "1\r\nx\r\n", "0\r\n", "\r\n", "1;x=", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"];
    for (begin, end) in begins.iter().flat_map(|begin| ends.map(|end| (begin, end))) {
        for choice in [0x1f, 0x3f] {
            let octets = [&[choice], begin.as_bytes(), end.repeat(600_000 / end.len()).as_bytes()].concat();
            web::http_session(&octets);
        }
    }
}

#[test]
fn mutated_answers_are_taken() {
    trial(15, 10_000, dialogues(Part::Responses), web::http_client);
    trial(16, 5_000, dialogues(Part::Pages), web::webmail_client);
    trial(17, 5_000, dialogues(Part::Untagged), web::imap_client);
}

#[test]
fn mutated_smtp_is_answered() {
    trial(4, 3_000, dialogues(Part::Smtp), mail::smtp_server);
    trial(5, 2_000, dialogues(Part::Submission), mail::submission_server);
    trial(6, 5_000, dialogues(Part::Smtp), mail::smtp_session);
}

#[test]
fn mutated_retrieval_is_answered() {
    trial(7, 1_500, dialogues(Part::Pop3), mail::pop3_server);
    trial(8, 2_500, dialogues(Part::Imap), mail::imap_server);
}

#[test]
fn mutated_replies_are_taken() {
    trial(9, 10_000, dialogues(Part::Replies), mail::smtp_client);
    trial(10, 5_000, dialogues(Part::Replies), mail::pop3_client);
}
