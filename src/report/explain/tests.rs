//! Explanations of tables alone, and what needs no run.

use std::collections::BTreeMap;

use super::dialogue;
use super::notes::Said;
use super::*;
use crate::base::socket::Side;
use crate::base::trace::Protocol;
use crate::report::tests::sample;

const S: u64 = 1_000_000_000;

fn of<T>(tables: &Tables, start: UnixTime, look: impl FnOnce(&Sources<'_>) -> T) -> T {
    let zones = BTreeMap::new();
    look(&Sources { tables, clock: Clock::new(start), witness: None, zones: &zones })
}

fn told(tables: &Tables, message: &str) -> String {
    let clock = Clock::new(UnixTime::DEFAULT_START);
    let stories = of(tables, UnixTime::DEFAULT_START, |sources| message_stories(sources, message, None));
    stories.iter().map(|story| story.text(clock, false)).collect()
}

/// Breaks when a step of a life is lost, out of order, or without its cause.
#[test]
fn a_life_is_told_in_order() {
    let tables = sample().tables;
    let story = told(&tables, "2@crepes.fr");
    let parts = [
        "<2@crepes.fr> for nobody@hamburger.edu: given up, and its sender told",
        "alice@crepes.fr writes it",
        "+1 s  the first server takes it",
        "crepes.fr begins attempt 1",
        "deferred after 1 s: hamburger.edu did not answer the call for a connection; next attempt in 8 s, at 130 s \
         (RFC 5321 4.5.4.1)",
        "failed for good after 1 s: the next server answered \"550 no such user\" (RFC 5321 4.2.1)",
        "given up: the last reply (550) was a refusal for good",
        "<3@crepes.fr> tells alice@crepes.fr so",
        "Its time went into: ",
    ];
    let places: Vec<usize> =
        parts.iter().map(|part| story.find(part).unwrap_or_else(|| panic!("{part}\n{story}"))).collect();
    assert!(places.is_sorted(), "{story}");
    let bounce = told(&tables, "<3@crepes.fr>");
    assert!(bounce.contains("to report a failure about <2@crepes.fr>") && bounce.contains("stored"), "{bounce}");
    let wrong = of(&tables, UnixTime::DEFAULT_START, |sources| {
        message_stories(sources, "<2@crepes.fr>", Some("bob@hamburger.edu")).len()
    });
    assert_eq!(wrong, 0);
}

/// Breaks when a scenario's own begin does not show, or when the times beside it are not exact.
#[test]
fn calendar_times_stand_beside_virtual_ones() {
    let clock = Clock::new(UnixTime::parse("2026-03-02T08:00:00Z").unwrap());
    let at = SimTime::from_nanos(11_400 * S + 7);
    assert_eq!(clock.moment(at), "Mon 02 Mar 11:10:00 (11400 s)");
    let story = Story { title: "x".to_owned(), steps: vec![Step::new(at, "it rings")], ..Story::default() };
    assert!(story.text(clock, false).contains("Mon 02 Mar 11:10:00  11400.000000 s"), "{}", story.text(clock, false));
    let json = story.json(clock);
    assert_eq!(
        (&json["steps"][0]["at_s"], &json["steps"][0]["calendar"]),
        (&json!("11400.000000007"), &json!("Mon 02 Mar 11:10:00"))
    );
    assert_eq!(Clock::new(UnixTime::DEFAULT_START).moment(at), "11400 s");
}

/// Breaks when tables that somebody changed by hand bring the tale to fall: times in any order, names that
/// are nobody's, questions asked on their own behalf.
#[test]
fn tables_of_any_kind_are_told() {
    let mut tables = sample().tables;
    for row in &mut tables.messages {
        row.composed = SimTime::from_nanos(200 * S);
        row.to = "no address \u{1b}[31m".into();
    }
    for row in &mut tables.attempts {
        row.to = "no address \u{1b}[31m".into();
        row.ended = Some(SimTime::ZERO);
        row.next = Some(SimTime::ZERO);
        row.reason = Some("dns_failure".into());
        row.exchange = None;
    }
    for row in &mut tables.dns_queries {
        row.for_query = Some(row.query.clone());
        row.from = "crepes.fr".into();
    }
    for row in &mut tables.connections {
        row.established = Some(SimTime::ZERO);
        row.closed = Some(SimTime::ZERO);
        row.end_client = Some("\u{7}".into());
    }
    for message in ["1@crepes.fr", "2@crepes.fr", "3@crepes.fr"] {
        let story = told(&tables, message);
        assert!(!story.is_empty() && !story.contains('\u{1b}'), "{story}");
    }
    let story = of(&tables, UnixTime::DEFAULT_START, |sources| connection_story(sources, "pc#2")).unwrap();
    assert!(!story.text(Clock::new(UnixTime::DEFAULT_START), false).contains('\u{7}'));
    assert!(choose_look_up(&tables, None, "1").is_err());
    assert!(overview(&tables, Some(&BTreeMap::new())).text().contains("--message"));
    assert!(overview(&Tables::default(), None).text().contains("nothing to explain"));
}

/// Breaks when a look-up's questions are told out of order, or why they went where they went is lost.
#[test]
fn a_look_up_is_told_from_its_table() {
    let tables = sample().tables;
    let chosen = choose_look_up(&tables, None, "hamburger.edu").unwrap();
    let zones = BTreeMap::from([("ns".to_owned(), vec![".".to_owned(), "edu".to_owned()])]);
    let clock = Clock::new(UnixTime::DEFAULT_START);
    let sources = Sources { tables: &tables, clock, witness: None, zones: &zones };
    let text = chosen.story(&sources, &[]).text(clock, false);
    let parts = [
        "Look-up of hamburger.edu MX by pc: found after 1 s",
        "pc asks resolver for hamburger.edu MX (pc?1) (RFC 1034 5.3.1)",
        "resolver asks ns for hamburger.edu MX (resolver?1)",
        "ns is named as a server of edu, the nearest zone with known servers",
        "resolver answers with 1 record",
        "its cache did not have it",
        "2 questions were asked for it, 1 of them by resolvers",
    ];
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(chosen.queries().len(), 2);
}

/// Breaks when phases of a dialogue run together, a message is taken for commands, or TLS is read.
#[test]
fn a_dialogue_is_told_phase_by_phase() {
    let piece = |side, bytes: &[u8]| Said {
        at: SimTime::ZERO,
        side,
        protocol: Protocol::Smtp,
        head: bytes.to_vec(),
        octets: bytes.len() as u64,
    };
    let (client, server) =
        (|text: &str| piece(Side::Client, text.as_bytes()), |text: &str| piece(Side::Server, text.as_bytes()));
    let said = [
        server("220 b\r\n"),
        client("EHLO a\r\n"),
        server("250-b\r\n250 OK\r\n"),
        client("MAIL FROM:<x@a>\r\n"),
        server("250 fine\r\n"),
        client("RCPT TO:<y@b>\r\n"),
        server("450 later\r\n"),
        client("DATA\r\n"),
        server("354 go on\r\n"),
        client("QUIT is no command here\r\n.\r\n"),
        server("250 taken\r\n"),
        client("QUIT\r\n"),
    ];
    let texts: Vec<String> = dialogue::phases(&said).into_iter().map(|phase| phase.text).collect();
    let expected = [
        "greeting: EHLO a; the server says \"250-b\" (8 octets to the server, 22 back)",
        "envelope: MAIL FROM:<x@a> and 1 more; the server says \"450 later\" (32 octets to the server, 21 back)",
        "message; the server says \"250 taken\" (34 octets to the server, 22 back)",
        "end: QUIT (6 octets to the server, 0 back)",
    ];
    assert_eq!(texts, expected);
    assert_eq!(dialogue::tls(&said), None);
    let refused = [client("STARTTLS\r\n"), server("454 not now\r\n")];
    assert!(dialogue::tls(&refused).unwrap().contains("refused: \"454 not now\""));
    let sealed = [
        client("STARTTLS\r\n"),
        server("220 go\r\n"),
        piece(Side::Client, &[22, 3, 3, 0, 1, 0]),
        piece(Side::Client, &[23, 3, 3, 0, 1, 0]),
    ];
    assert!(dialogue::tls(&sealed).unwrap().contains("under TLS"));
    let failed = [client("STARTTLS\r\n"), server("220 go\r\n"), piece(Side::Server, &[21, 3, 3, 0, 2, 2, 40])];
    assert!(dialogue::tls(&failed).unwrap().contains("handshake fails"));
}

/// Breaks when many equal attempts are told one by one, when others are told as one, or the line that
/// stands for them counts wrongly.
#[test]
fn equal_attempts_in_a_row_are_told_as_few() {
    let clock = Clock::new(UnixTime::DEFAULT_START);
    let step = |number: u32, why: &str, text: &str, seconds: u64| {
        let (why, started) = (why.to_owned(), SimTime::from_nanos(u64::from(number) * 60 * S));
        let tried = Some(Tried { attempt: number, started, why });
        Step { tried, ..Step::new(SimTime::from_nanos((u64::from(number) * 60 + seconds) * S), text) }
    };
    let both = |number, why| [step(number, why, &format!("begin {number},"), 0), step(number, why, "end", 2)];
    let steps: Vec<Step> = (1..=8).flat_map(|number| both(number, "dead")).chain(both(9, "full")).collect();
    let story = Story { title: "x".to_owned(), steps, ..Story::default() };
    let text = story.text(clock, false);
    let line = "and 5 more attempts, each 60 s apart, until 422 s, all for the same reason (--all tells each)";
    for part in ["begin 1,", "begin 2,", line, "begin 8,", "begin 9,"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("begin 3,") && !text.contains("begin 7,"), "{text}");
    assert_eq!(text.lines().count(), 1 + 2 * 2 + 1 + 2 + 2);
    assert_eq!(story.text(clock, true).lines().count(), 1 + 2 * 9);
    assert_eq!(story.json(clock)["steps"].as_array().unwrap().len(), 2 * 9);
    let few = Story { steps: story.steps[..12].to_vec(), ..Story::default() };
    assert_eq!(few.text(clock, false), few.text(clock, true));
}
