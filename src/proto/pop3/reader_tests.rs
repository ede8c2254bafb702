//! The reader of a maildrop against our server, against the lecture's client, and against any octets.

use proptest::prelude::*;

use super::{Denial, Entry, Reader, Server, ServerEvent};
use crate::base::SimTime;
use crate::proto::mailbox::{Detail, Done, Handle, MailboxClient, MailboxEvent, Mark, Part, Summary, Task};
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::Dialect;

const FIRST: &str =
    "From: Al <alice@crepes.fr>\r\nSubject: =?utf-8?Q?Cr=C3=AApes?=\r\nMessage-ID: <1@crepes.fr>\r\n\r\n.dot\r\n";
const SECOND: &str = "Subject: 2\r\n\r\nplain\r\n";

fn entries() -> Vec<Entry> {
    (1..).zip([FIRST, SECOND]).map(|(uid, text)| Entry { uid, content: text.as_bytes().into() }).collect()
}

/// What a server says to what it hears; `log` keeps what it hears, `gone` what is deleted.
fn serve(server: &mut Server, gone: &mut Vec<u64>) -> Vec<u8> {
    let mut said = Vec::new();
    while let Some(output) = server.poll() {
        match output {
            Output::Transmit(bytes) => said.extend(bytes),
            Output::Event(ServerEvent::Login(login)) if login.password == "hungry" => server.open(entries()),
            Output::Event(ServerEvent::Login(_) | ServerEvent::Apop(_)) => server.refuse(Denial::Credentials),
            Output::Event(ServerEvent::Update { deleted }) => {
                gone.extend(deleted);
                server.updated();
            }
            Output::Event(ServerEvent::Received { .. } | ServerEvent::Retrieving { .. }) | Output::Close => {}
        }
    }
    said
}

/// A reader with its server: what it said and what it told.
struct Play {
    reader: Reader,
    server: Server,
    said: String,
    gone: Vec<u64>,
    piece: usize,
}

impl Play {
    fn new(password: &str, dialect: Dialect, piece: usize) -> Self {
        let mut play = Self {
            reader: Reader::new("bob".to_owned(), password.to_owned(), dialect),
            server: Server::new(),
            said: String::new(),
            gone: Vec::new(),
            piece,
        };
        play.server.handle(SimTime::ZERO, Input::Start);
        play.reader.handle(SimTime::ZERO, Input::Start);
        play
    }

    fn ask(&mut self, task: Task) -> Vec<MailboxEvent> {
        self.reader.ask(SimTime::ZERO, task);
        self.run()
    }

    fn run(&mut self) -> Vec<MailboxEvent> {
        let mut told = Vec::new();
        loop {
            let heard = serve(&mut self.server, &mut self.gone);
            heard.chunks(self.piece).for_each(|chunk| self.reader.handle(SimTime::ZERO, Input::Bytes(chunk)));
            let mut said = Vec::new();
            while let Some(output) = self.reader.poll() {
                match output {
                    Output::Transmit(bytes) => said.extend(bytes),
                    Output::Event(event) => told.push(event),
                    Output::Close => {}
                }
            }
            if said.is_empty() {
                return told;
            }
            self.said += str::from_utf8(&said).unwrap();
            said.chunks(self.piece).for_each(|chunk| self.server.handle(SimTime::ZERO, Input::Bytes(chunk)));
        }
    }
}

fn list(detail: Detail) -> Task {
    Task::List { folder: "INBOX".to_owned(), behind: None, detail }
}

fn open(message: u64, part: Part) -> Task {
    Task::Open { message: Handle(message), part }
}

fn summary(message: u64, text: &str) -> Summary {
    let (message, unique, bytes) = (Handle(message), Some(message.to_string()), text.len() as u64);
    Summary { message, unique, bytes, message_id: None, from: None, subject: None, marks: vec![], parts: vec![] }
}

/// Would break if a task were answered by another's answer, if a header were taken for a message, or if what
/// POP3 lacks ended the session.
#[test]
fn tasks_are_done_in_their_order() {
    for piece in [1, 3, 1_000] {
        let mut play = Play::new("hungry", Dialect::Rfc5321, piece);
        assert_eq!(play.run(), [MailboxEvent::Open]);
        assert!(play.reader.deadline().is_never());
        let plain = [summary(1, FIRST), summary(2, SECOND)];
        assert_eq!(play.ask(list(Detail::Sizes)), [MailboxEvent::Done(Done::Listed(plain.to_vec()))]);
        let mut lines = plain;
        lines[0].message_id = Some("<1@crepes.fr>".to_owned());
        lines[0].from = Some("alice@crepes.fr".to_owned());
        lines[0].subject = Some("Cr\u{ea}pes".to_owned());
        lines[1].subject = Some("2".to_owned());
        assert_eq!(play.ask(list(Detail::Lines)), [MailboxEvent::Done(Done::Listed(lines.to_vec()))]);
        let whole = |message, text: &str| {
            let content = text.as_bytes().to_vec();
            MailboxEvent::Done(Done::Opened { message: Handle(message), part: Part::Whole, content })
        };
        assert_eq!(play.ask(open(2, Part::Text)), [whole(2, SECOND)]);
        assert_eq!(play.ask(open(1, Part::Whole)), [whole(1, FIRST)]);
        assert!(matches!(&*play.ask(open(9, Part::Whole)), [MailboxEvent::Done(Done::Refused(_))]));
        let mark = Task::Mark { message: Handle(1), mark: Mark::Seen, on: true };
        assert!(matches!(&*play.ask(mark), [MailboxEvent::Done(Done::Refused(_))]));
        assert_eq!(play.ask(Task::Delete { message: Handle(1) }), [MailboxEvent::Done(Done::Changed)]);
        assert_eq!(play.ask(list(Detail::Bare)), [MailboxEvent::Done(Done::Listed(vec![lines[1].clone()]))]);
        assert_eq!(play.ask(Task::Quit), [MailboxEvent::Finished]);
        assert_eq!(play.gone, [1]);
        let said = "USER bob\r\nPASS hungry\r\nLIST\r\nUIDL\r\nTOP 1 0\r\nTOP 2 0\r\nRETR 2\r\nRETR 1\r\nRETR 9\r\nDELE 1\r\nQUIT\r\n";
        assert_eq!(play.said, said);
        assert_eq!(play.reader.commands(), 11);
    }
}

/// Would break if a wrong password were taken for an open mailbox.
#[test]
fn a_refused_log_in_is_the_end() {
    let mut play = Play::new("wrong", Dialect::Rfc5321, 7);
    play.reader.ask(SimTime::ZERO, list(Detail::Bare));
    assert_eq!(play.run(), [MailboxEvent::Failed("-ERR [AUTH] wrong user or password".to_owned())]);
}

/// Would break if the dialogue were another than the lecture's.
#[test]
fn the_dialogue_is_the_lectures_letter_for_letter() {
    let begin = "user bob\r\npass hungry\r\nlist\r\n";
    for (delete, rest) in
        [(true, "retr 1\r\ndele 1\r\nretr 2\r\ndele 2\r\nquit\r\n"), (false, "retr 1\r\nretr 2\r\nquit\r\n")]
    {
        let mut play = Play::new("hungry", Dialect::Lecture, 1_000);
        play.reader.ask(SimTime::ZERO, list(Detail::Bare));
        for event in play.run() {
            let MailboxEvent::Done(Done::Listed(list)) = event else { continue };
            for Summary { message, .. } in list {
                play.ask(Task::Open { message, part: Part::Whole });
                if delete {
                    play.ask(Task::Delete { message });
                }
            }
        }
        play.ask(Task::Quit);
        assert_eq!(play.said, format!("{begin}{rest}"));
        assert_eq!(play.gone.len(), if delete { 2 } else { 0 });
    }
}

/// Would break if a message too long to be kept were taken for whole.
#[test]
fn a_message_without_end_is_given_up() {
    let mut reader = Reader::new("bob".to_owned(), "x".to_owned(), Dialect::Rfc5321);
    reader.handle(SimTime::ZERO, Input::Start);
    [list(Detail::Bare), open(1, Part::Whole), Task::Delete { message: Handle(1) }]
        .into_iter()
        .for_each(|task| reader.ask(SimTime::ZERO, task));
    reader.handle(SimTime::ZERO, Input::Bytes(b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n1 70000000\r\n.\r\n+OK\r\n"));
    let line = [&[b'x'; 1 << 20][..], b"\r\n"].concat();
    (0..64).for_each(|_| reader.handle(SimTime::ZERO, Input::Bytes(&line)));
    reader.handle(SimTime::ZERO, Input::Bytes(b".\r\n"));
    let mut events = Vec::new();
    while let Some(output) = reader.poll() {
        match output {
            Output::Transmit(bytes) => assert!(!bytes.starts_with(b"DELE")),
            Output::Event(event) => events.push(event),
            Output::Close => {}
        }
    }
    assert_eq!(events.last(), Some(&MailboxEvent::Failed("a response too large".to_owned())), "{events:?}");
}

proptest! {
    /// Would break if some octets made the reader panic, or answer a task twice.
    #[test]
    fn it_survives_any_server(
        lines in proptest::collection::vec(prop_oneof![
            4 => Just("+OK".to_owned()), 2 => Just(".".to_owned()), 1 => Just("-ERR".to_owned()),
            2 => "[0-9]{1,21} [0-9]{1,21}", 1 => "\\PC{0,20}"
        ], 0..40),
        detail in prop_oneof![Just(Detail::Bare), Just(Detail::Sizes), Just(Detail::Lines)],
        piece in 1_usize..20
    ) {
        let mut reader = Reader::new("a".to_owned(), "b".to_owned(), Dialect::Rfc5321);
        let tasks = [list(detail), open(1, Part::Whole), open(2, Part::Header), Task::Delete { message: Handle(1) }, Task::Quit];
        let asked = tasks.len() - 1;
        tasks.into_iter().for_each(|task| reader.ask(SimTime::ZERO, task));
        let octets: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
        let (mut done, mut ends) = (0, 0);
        for chunk in octets.chunks(piece) {
            reader.handle(SimTime::ZERO, Input::Bytes(chunk));
            while let Some(output) = reader.poll() {
                match output {
                    Output::Event(MailboxEvent::Done(_)) => done += 1,
                    Output::Event(MailboxEvent::Finished | MailboxEvent::Failed(_)) => ends += 1,
                    Output::Event(MailboxEvent::Open) | Output::Transmit(_) | Output::Close => {}
                }
            }
        }
        prop_assert!(done <= asked && ends <= 1);
    }
}
