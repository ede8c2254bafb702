//! The server's end of a POP3 session against hostile peers.

use proptest::prelude::*;

use super::{Entry, Server, ServerEvent};
use crate::base::{SimDuration, SimTime};
use crate::proto::sasl::{self, Credentials};
use crate::proto::session::{Input, Output, Session};

const MESSAGES: [&str; 3] =
    ["Subject: 1\r\n\r\n.dot\r\n..\r\n", "Subject: 2\r\n\r\n", "\r\nthree\r\nlines\r\nhere\r\n"];

fn maildrop() -> Vec<Entry> {
    (1..).zip(MESSAGES).map(|(uid, text)| Entry { uid, content: text.as_bytes().into() }).collect()
}

fn server() -> Server {
    let mut server = Server::new();
    server.handle(SimTime::ZERO, Input::Start);
    server
}

/// Lets bob in with his password; returns what was transmitted, and notes deletions.
fn judge(server: &mut Server, deleted: &mut Vec<u64>) -> Vec<u8> {
    let mut sent = Vec::new();
    while let Some(output) = server.poll() {
        match output {
            Output::Transmit(bytes) => sent.extend(bytes),
            Output::Close => sent.extend(b"(closed)\r\n"),
            Output::Event(ServerEvent::Login(Credentials { user, password, .. }))
                if user == "bob" && password == "hungry" =>
            {
                server.open(maildrop());
            }
            Output::Event(ServerEvent::Login(_) | ServerEvent::Apop(_)) => server.refuse(super::Denial::Credentials),
            Output::Event(ServerEvent::Update { deleted: gone }) => {
                deleted.extend(gone);
                server.updated();
            }
            Output::Event(ServerEvent::Received { .. } | ServerEvent::Retrieving { .. }) => {}
        }
    }
    sent
}

/// Would break if a session that died, or idled too long, deleted what was marked.
#[test]
fn only_quit_deletes() {
    let end = SimTime::ZERO + SimDuration::from_secs(600);
    for last in [Input::EndOfStream, Input::Tick] {
        let mut server = server();
        let mut deleted = Vec::new();
        server.handle(SimTime::ZERO, Input::Bytes(b"USER bob\r\nPASS hungry\r\nDELE 1\r\n"));
        judge(&mut server, &mut deleted);
        server.handle(end, last);
        assert_eq!(judge(&mut server, &mut deleted), b"(closed)\r\n");
        assert!(deleted.is_empty());
    }
}

/// Would break if a client on a slow line were sent away while a long message was still on
/// its way, so that it never got it.
#[test]
fn a_long_message_may_take_its_time() {
    let minutes = |n: u64| SimTime::ZERO + SimDuration::from_secs(60 * n);
    let mut server = Server::new();
    server.handle(SimTime::ZERO, Input::Start);
    server.handle(SimTime::ZERO, Input::Bytes(b"USER bob\r\nPASS hungry\r\n"));
    while let Some(output) = server.poll() {
        if matches!(output, Output::Event(ServerEvent::Login(_))) {
            server.open(vec![Entry { uid: 1, content: [b'x'; 10 << 16][..].into() }]);
        }
    }
    assert_eq!(server.deadline(), minutes(10));
    server.handle(SimTime::ZERO, Input::Bytes(b"RETR 1\r\n"));
    judge(&mut server, &mut Vec::new());
    assert_eq!(server.deadline(), minutes(10 + 3 * 10));
    server.handle(minutes(39), Input::Bytes(b"NOOP\r\n"));
    judge(&mut server, &mut Vec::new());
    assert_eq!(server.deadline(), minutes(39 + 10));
}

/// Would break if answers were made before those ahead of them were taken, if a client were sent
/// away while it takes them, or if its commands still counted when it has gone.
#[test]
fn one_answer_at_a_time_is_made() {
    let minutes = |n: u64| SimTime::ZERO + SimDuration::from_secs(60 * n);
    let mut stalled = server();
    stalled.handle(SimTime::ZERO, Input::Bytes(b"USER bob\r\nPASS hungry\r\n"));
    judge(&mut stalled, &mut Vec::new());
    assert!(!stalled.has_more());
    stalled.handle(SimTime::ZERO, Input::Bytes(&[&b"RETR 1\r\n".repeat(1_000)[..], b"DELE 1\r\nQUIT\r\n"].concat()));
    let retrieving = Output::Event(ServerEvent::Retrieving { uid: 1 });
    assert_eq!(stalled.poll(), Some(retrieving.clone()));
    assert!(matches!(stalled.poll(), Some(Output::Transmit(_))) && stalled.has_more());
    // A quarter of a megabyte may still be on its way.
    assert_eq!(stalled.deadline(), minutes(10 + 3 * 4));
    stalled.go_on(minutes(21));
    assert_eq!(stalled.deadline(), minutes(21 + 10 + 2 * 3 * 4));
    assert_eq!(stalled.poll(), Some(Output::Event(ServerEvent::Received { uid: 1 })));
    assert_eq!(stalled.poll(), Some(retrieving));
    for whole in [true, false] {
        let (mut server, mut deleted) = (stalled.clone(), Vec::new());
        if whole {
            server.handle(minutes(21), Input::EndOfStream);
            let said = String::from_utf8(judge(&mut server, &mut deleted)).unwrap();
            assert_eq!(said.matches("\r\n.\r\n").count(), 999);
            assert!(said.ends_with("deleted\r\n+OK POP3 server signing off\r\n(closed)\r\n"));
        } else {
            server.lose(minutes(21));
            assert_eq!(judge(&mut server, &mut deleted), b"(closed)\r\n");
        }
        assert!(!server.has_more() && server.deadline().is_never());
        assert_eq!(deleted, if whole { vec![1] } else { vec![] });
    }
    stalled.handle(minutes(21 + 10 + 2 * 3 * 4), Input::Tick);
    assert_eq!(judge(&mut stalled, &mut Vec::new()), b"(closed)\r\n");
}

/// Would break if a line without an end were kept beyond the limits.
#[test]
fn little_is_kept() {
    let mut exchange = server();
    exchange.handle(SimTime::ZERO, Input::Bytes(b"AUTH PLAIN\r\n"));
    judge(&mut exchange, &mut Vec::new());
    let mut user = server();
    user.handle(SimTime::ZERO, Input::Bytes(b"USER bob\r\nPASS hungry\r\nRETR "));
    judge(&mut user, &mut Vec::new());
    let mut fresh = server();
    judge(&mut fresh, &mut Vec::new());
    for mut server in [fresh, exchange, user] {
        for _ in 0..200 {
            server.handle(SimTime::ZERO, Input::Bytes(&[b'1'; 50_000]));
            assert_eq!(judge(&mut server, &mut Vec::new()), b"");
            assert!(server.held() <= sasl::MAX_LINE + 50_000);
        }
        server.handle(SimTime::ZERO, Input::Bytes(b"\r\n"));
        assert_eq!(judge(&mut server, &mut Vec::new()), b"-ERR command line too long\r\n");
    }
}

proptest! {
    #[test]
    fn it_survives_garbage(
        octets in proptest::collection::vec(any::<u8>(), 0..300),
        log_in in any::<bool>(),
        piece in 1_usize..50
    ) {
        let mut server = server();
        if log_in {
            server.handle(SimTime::ZERO, Input::Bytes(b"USER bob\r\nPASS hungry\r\n"));
        }
        for chunk in octets.chunks(piece) {
            server.handle(SimTime::ZERO, Input::Bytes(chunk));
            judge(&mut server, &mut Vec::new());
        }
    }

    /// Would break if some session made the server say what is no response, or go on otherwise
    /// when the octets come in other pieces.
    #[test]
    fn sessions_do_not_depend_on_the_pieces(
        lines in proptest::collection::vec(
            prop_oneof![
                2 => Just("USER bob".to_owned()), 2 => Just("PASS hungry".to_owned()),
                1 => "AUTH( PLAIN| LOGIN| X)?( AGJvYgBodW5ncnk=| Ym9i| =)?", 1 => "(AGJvYgBodW5ncnk=|Ym9i|aHVuZ3J5|\\*)",
                2 => "(RETR|TOP|LIST|UIDL|DELE) [0-4]( [0-3])?", 1 => "(STAT|LIST|UIDL|RSET|NOOP|CAPA)",
                1 => "[\\x00-\\x7f]{0,20}", 1 => Just("QUIT".to_owned())
            ], 0..30),
        piece in 1_usize..20
    ) {
        let input: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
        let (mut whole, mut gone) = (server(), Vec::new());
        whole.handle(SimTime::ZERO, Input::Bytes(&input));
        let expected = judge(&mut whole, &mut gone);
        let (mut pieces, mut gone_too) = (server(), Vec::new());
        let mut said = judge(&mut pieces, &mut gone_too);
        for chunk in input.chunks(piece) {
            pieces.handle(SimTime::ZERO, Input::Bytes(chunk));
            said.extend(judge(&mut pieces, &mut gone_too));
        }
        prop_assert_eq!(said.escape_ascii().to_string(), expected.escape_ascii().to_string());
        prop_assert_eq!(gone, gone_too);
    }

    #[test]
    fn any_arguments_have_an_answer(commands in proptest::collection::vec("(RETR|TOP|LIST|UIDL|DELE|STAT|RSET) [-+0-9 ]{0,22}", 1..10)) {
        let mut server = server();
        server.handle(SimTime::ZERO, Input::Bytes(b"USER bob\r\nPASS hungry\r\n"));
        for command in commands {
            server.handle(SimTime::ZERO, Input::Bytes(format!("{command}\r\n").as_bytes()));
            let sent = judge(&mut server, &mut Vec::new());
            prop_assert!(sent.starts_with(b"+OK") || sent.starts_with(b"-ERR"));
        }
    }
}
