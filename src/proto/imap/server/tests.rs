//! The session by itself: an application that answers anything, and one that answers right.

use proptest::prelude::*;

use super::*;

use crate::base::{SimDuration, SimTime, UnixTime};
use crate::proto::imap::{Counts, Entry, Fetched, Flags, InternalDate, Keywords, Mailboxes, Quota, Selected, Stored};
use crate::proto::session::{Input, Session as _};

const CONFIG: ServerConfig = ServerConfig { separator: '/', max_message: 1 << 20 };

fn entry(uid: u32) -> Entry {
    let date = InternalDate::utc(UnixTime::DEFAULT_START);
    Entry { uid, size: 5, date, flags: Flags::default(), modseq: u64::from(uid) * 10, recent: uid % 2 == 1 }
}

fn mailbox() -> Selected {
    let keywords = Keywords { known: vec!["work".into()], open: true };
    let messages = [2, 3, 5, 8].map(entry).to_vec();
    Selected { uid_validity: 7, uid_next: 9, highest_modseq: 99, keywords, messages }
}

fn fetched(flags: Flags) -> Fetched {
    Fetched { content: (*b"A: b\r\n\r\nhi").into(), flags, modseq: 100 }
}

/// The answer that fits an event; none for what wants no answer.
fn fitting(event: &ServerEvent) -> Option<Answer> {
    Some(match event {
        ServerEvent::Received { .. } => return None,
        ServerEvent::Login(_)
        | ServerEvent::Unselect { .. }
        | ServerEvent::Create { .. }
        | ServerEvent::Delete { .. }
        | ServerEvent::Rename { .. }
        | ServerEvent::Subscribe { .. }
        | ServerEvent::Expunge { .. } => Answer::Done,
        ServerEvent::Select { .. } => Answer::Selected(mailbox()),
        ServerEvent::Mailboxes => Answer::Mailboxes(Mailboxes::default()),
        ServerEvent::Status { .. } => Answer::Status(Counts::default()),
        ServerEvent::Quota { .. } => Answer::Quota(Quota::default()),
        ServerEvent::Append { .. } => Answer::Appended { uid_validity: 7, uids: vec![9] },
        ServerEvent::Store { uids, .. } => {
            let done = uids.iter().map(|uid| (*uid, Flags::default(), 100)).collect();
            Answer::Stored(Stored { done, modified: Vec::new() })
        }
        ServerEvent::Copy { uids, .. } => Answer::Copied { uid_validity: 7, from: uids.clone(), to: uids.clone() },
        ServerEvent::Content { .. } => Answer::Content(Some(fetched(Flags::default()))),
    })
}

/// Everything that the session says, with events answered by `judge`.
fn drain(server: &mut Server, mut judge: impl FnMut(&ServerEvent) -> Option<Answer>) -> String {
    let mut said = Vec::new();
    while let Some(output) = server.poll() {
        match output {
            Output::Transmit(bytes) => said.extend(bytes),
            Output::Close => said.extend(b"(closed)\r\n"),
            Output::Event(event) => {
                if let Some(answer) = judge(&event) {
                    server.answer(answer);
                }
            }
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn say(server: &mut Server, text: &str) -> String {
    server.handle(SimTime::ZERO, Input::Bytes(text.as_bytes()));
    drain(server, fitting)
}

/// A session with a mailbox selected, whose client has heard all so far.
fn selected() -> Server {
    let mut server = Server::new(CONFIG);
    server.handle(SimTime::ZERO, Input::Start);
    assert!(say(&mut server, "a LOGIN b c\r\ns SELECT x\r\n").ends_with("s OK [READ-WRITE] SELECT completed\r\n"));
    server
}

/// Would break if a change came to the client in the wrong order, twice, or under the number
/// that the message had before.
#[test]
fn changes_are_told_once_and_in_order() {
    let mut server = selected();
    let flagged = |uid| {
        let mut flags = Flags::default();
        flags.insert(super::super::SystemFlag::Flagged);
        Change::Flags { uid, flags, modseq: 100 }
    };
    server.notify(Change::Arrived(entry(9)));
    server.notify(Change::Arrived(entry(11)));
    server.notify(Change::Expunged { uid: 11 });
    server.notify(Change::Expunged { uid: 3 });
    server.notify(flagged(5));
    server.notify(flagged(9));
    server.notify(Change::Keywords(Keywords { known: vec!["work".into(), "later".into()], open: false }));
    assert_eq!(drain(&mut server, fitting), "", "nothing is told when nothing is asked");
    let keywords = "* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen work later)\r\n\
         * OK [PERMANENTFLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen work later)] Limited\r\n";
    let arrived = "* 3 FETCH (FLAGS (\\Flagged \\Recent))\r\n* 5 EXISTS\r\n* 3 RECENT\r\n";
    assert_eq!(
        say(&mut server, "a SEARCH UID 3,5\r\n"),
        format!("* SEARCH 3\r\n{keywords}{arrived}a OK SEARCH completed\r\n")
    );
    assert_eq!(say(&mut server, "b NOOP\r\n"), "* 2 EXPUNGE\r\n* 2 RECENT\r\nb OK NOOP completed\r\n");
    assert_eq!(say(&mut server, "c NOOP\r\n"), "c OK NOOP completed\r\n");
    assert_eq!(
        say(&mut server, "d FETCH 4 (UID FLAGS)\r\n"),
        "* 4 FETCH (UID 9 FLAGS (\\Flagged \\Recent))\r\nd OK FETCH completed\r\n"
    );
}

/// Would break if STORE.SILENT hid what another session had changed before.
#[test]
fn silence_is_about_ones_own_change() {
    let mut server = selected();
    server.notify(Change::Flags { uid: 3, flags: Flags::default(), modseq: 101 });
    assert_eq!(
        say(&mut server, "a STORE 1:2 FLAGS.SILENT ()\r\n"),
        "* 2 FETCH (FLAGS (\\Recent))\r\na OK STORE completed\r\n"
    );
}

/// Would break if what a client sends were kept beyond the limits, or more than one message
/// at a time were asked for.
#[test]
fn little_is_kept() {
    let mut fresh = Server::new(CONFIG);
    fresh.handle(SimTime::ZERO, Input::Start);
    let mut user = selected();
    let mut literal = selected();
    say(&mut literal, "a APPEND x {4000000000+}\r\n");
    let mut authenticating = Server::new(CONFIG);
    assert_eq!(say(&mut authenticating, "a AUTHENTICATE PLAIN\r\n"), "+ \r\n");
    let mut idle = selected();
    assert_eq!(say(&mut idle, "a IDLE\r\n"), "+ idling\r\n");
    let mut behind = selected();
    say(&mut behind, "a SELECT {3+}\r\nabc \"");
    for _ in 0..200 {
        for server in [&mut fresh, &mut user, &mut literal, &mut authenticating, &mut idle, &mut behind] {
            server.handle(SimTime::ZERO, Input::Bytes(&[b'x'; 50_000]));
            drain(server, fitting);
            assert!(server.framer.held() <= MAX_COMMAND + 50_000);
        }
    }
    // One literal after the other in a command without an end.
    let mut server = selected();
    server.handle(SimTime::ZERO, Input::Bytes(b"a SELECT"));
    for _ in 0..50_000 {
        server.handle(SimTime::ZERO, Input::Bytes(b" {20+}\r\nxxxxxxxxxxxxxxxxxxxx"));
        drain(&mut server, fitting);
        assert!(server.framer.held() <= 2 * MAX_COMMAND);
    }
    let mut server = selected();
    server.handle(SimTime::ZERO, Input::Bytes(b"a FETCH 1:* BODY[]\r\n"));
    let events = std::iter::from_fn(|| server.poll()).filter(|output| matches!(output, Output::Event(_))).count();
    assert_eq!(events, 1);
}

/// Would break if an application that says nothing could be made to keep what a client sends.
#[test]
fn who_sends_without_end_while_the_application_judges_is_sent_away() {
    let mut server = Server::new(CONFIG);
    server.handle(SimTime::ZERO, Input::Bytes(b"a LOGIN b c\r\n"));
    assert_eq!(drain(&mut server, |_| None), "");
    for _ in 0..100 {
        server.handle(SimTime::ZERO, Input::Bytes(&[b'x'; 10_000]));
    }
    assert!(server.is_closed() && server.framer.held() == 0);
}

/// Would break if a message were asked for before the one ahead of it was taken, if a client were
/// sent away while it takes them, or if its commands still counted when it has gone.
#[test]
fn one_message_at_a_time_is_asked_for() {
    let minutes = |n: u64| SimTime::ZERO + SimDuration::from_secs(60 * n);
    let mut stalled = selected();
    assert!(!stalled.has_more());
    stalled.handle(SimTime::ZERO, Input::Bytes(b"a FETCH 1:* BODY[]\r\nb EXPUNGE\r\nc LOGOUT\r\n"));
    assert!(stalled.has_more());
    for uid in [2, 3] {
        let Some(Output::Event(event)) = stalled.poll() else { panic!("no event") };
        assert_eq!(event, ServerEvent::Content { uid, seen: true, whole: true });
        assert!(!stalled.has_more() && stalled.deadline().is_never(), "it waits for the message");
        stalled.answer(fitting(&event).unwrap());
        assert!(matches!(stalled.poll(), Some(Output::Transmit(_))) && stalled.has_more());
        assert_eq!(stalled.deadline(), minutes(30 + 3 * 4));
    }
    let (mut read_on, mut lost, mut idle) = (stalled.clone(), stalled.clone(), stalled);
    read_on.go_on(minutes(40));
    assert_eq!(read_on.deadline(), minutes(40 + 30 + 2 * 3 * 4));
    read_on.handle(minutes(40), Input::EndOfStream);
    let said = drain(&mut read_on, fitting);
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.iter().filter(|line| line.contains("FETCH (BODY[]")).count(), 2, "{said}");
    assert!(said.contains("a OK FETCH completed\r\nb OK EXPUNGE completed\r\n"), "{said}");
    assert!(said.ends_with("c OK LOGOUT completed\r\n(closed)\r\n"), "{said}");
    lost.lose(minutes(40));
    assert_eq!(drain(&mut lost, |event| panic!("{event:?}")), "(closed)\r\n");
    idle.handle(minutes(30 + 3 * 4), Input::Tick);
    let said = drain(&mut idle, |event| panic!("{event:?}"));
    assert_eq!(said, "* BYE Autologout; idle for too long\r\n(closed)\r\n");
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Done),
        Just(Answer::refused(Some("NONEXISTENT"), "no")),
        Just(Answer::Selected(mailbox())),
        Just(Answer::Mailboxes(Mailboxes::default())),
        Just(Answer::Status(Counts::default())),
        Just(Answer::Appended { uid_validity: 1, uids: vec![2] }),
        Just(Answer::Copied { uid_validity: 1, from: vec![3], to: vec![4] }),
        Just(Answer::Stored(Stored {
            done: vec![(3, Flags::default(), 4), (99, Flags::default(), 5)],
            modified: vec![5]
        })),
        Just(Answer::Content(None)),
        Just(Answer::Content(Some(Fetched { content: (*b"\xff").into(), flags: Flags::default(), modseq: 0 }))),
    ]
}

const COMMANDS: &[&str] = &[
    "LOGIN a b",
    "SELECT x",
    "EXAMINE x",
    "CREATE x",
    "DELETE x",
    "RENAME x y",
    "SUBSCRIBE x",
    "LIST \"\" *",
    "LSUB \"\" %",
    "STATUS x (MESSAGES)",
    "APPEND x {1+}\r\nx",
    "CHECK",
    "CLOSE",
    "UNSELECT",
    "EXPUNGE",
    "UID EXPUNGE 1:*",
    "SEARCH BODY x",
    "UID SEARCH ALL",
    "FETCH 1:* (BODY[] ENVELOPE BODYSTRUCTURE)",
    "UID FETCH 1:* FLAGS",
    "STORE 1 FLAGS (x)",
    "COPY 1 x",
    "MOVE 1:2 x",
    "NOOP",
    "NAMESPACE",
    "AUTHENTICATE PLAIN =",
];

proptest! {
    /// Would break if an answer that does not fit its question could stop the session: each
    /// command gets one tagged response all the same.
    #[test]
    fn every_command_ends_once(
        commands in proptest::collection::vec(0..COMMANDS.len(), 1..20),
        answers in proptest::collection::vec(any_answer(), 1..20),
        piece in 1..40_usize,
    ) {
        let mut server = selected();
        let mut next = answers.iter().cycle().cloned();
        for command in commands {
            let text = format!("tag {}\r\n", COMMANDS[command]);
            let mut said = String::new();
            for chunk in text.as_bytes().chunks(piece) {
                server.handle(SimTime::ZERO, Input::Bytes(chunk));
                said += &drain(&mut server, |event| fitting(event).and_then(|_| next.next()));
            }
            let tagged = said.lines().filter(|line| line.starts_with("tag ")).count();
            prop_assert_eq!(tagged, 1, "{}: {}", text, said);
        }
    }
}
