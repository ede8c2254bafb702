//! The client against our server with a small store, against servers that offer little, and against any octets.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::base::UnixTime;
use crate::proto::imap::{
    Answer, Change, Entry, Fetched, Flags, InternalDate, Keywords, Selected, Server, ServerConfig, ServerEvent, Stored,
    SystemFlag,
};
use crate::proto::mailbox::{Criteria, Detail, Done, Handle, Mark, Part, Summary};
use crate::proto::message::read::shown::Leaf;

const LETTER: &str = "From: Al <alice@crepes.fr>\r\nSubject: =?utf-8?Q?Cr=C3=AApes?=\r\nMessage-ID: <1@crepes.fr>\r\n\
     MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
     Content-Transfer-Encoding: quoted-printable\r\n\r\nH=C3=A9!\r\n--b\r\nContent-Type: application/pdf\r\n\
     Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--b--\r\n";

struct Letter {
    uid: u32,
    flags: Flags,
    content: Arc<[u8]>,
}

/// A mailbox with INBOX, and folders that are only counted.
struct Store {
    inbox: Vec<Letter>,
    next: u32,
    folders: Vec<String>,
    filed: Vec<(String, Vec<u8>)>,
}

impl Store {
    fn put(&mut self, content: &str) -> Entry {
        let (uid, flags) = (self.next, Flags::default());
        self.next += 1;
        self.inbox.push(Letter { uid, flags, content: content.as_bytes().into() });
        entry(&self.inbox[self.inbox.len() - 1])
    }

    fn answer(&mut self, event: ServerEvent, changes: &mut Vec<Change>) -> Option<Answer> {
        let inside = |uids: &[u32], stored: &Letter| uids.contains(&stored.uid);
        Some(match event {
            ServerEvent::Login(login) if login.password == "hungry \"x\"" => Answer::Done,
            ServerEvent::Login(_) => Answer::refused(Some("AUTHENTICATIONFAILED"), "no"),
            ServerEvent::Select { mailbox, .. } if mailbox == "INBOX" => Answer::Selected(Selected {
                uid_validity: 7,
                uid_next: self.next,
                highest_modseq: 1,
                keywords: Keywords::default(),
                messages: self.inbox.iter().map(entry).collect(),
            }),
            ServerEvent::Select { .. } => Answer::refused(Some("NONEXISTENT"), "no such mailbox"),
            ServerEvent::Create { mailbox, .. } => {
                self.folders.push(mailbox);
                Answer::Done
            }
            ServerEvent::Append { mailbox, messages } if self.folders.contains(&mailbox) => {
                self.filed.extend(messages.iter().map(|message| (mailbox.clone(), message.content.to_vec())));
                Answer::Appended { uid_validity: 8, uids: vec![1] }
            }
            ServerEvent::Append { .. } => Answer::refused(Some("TRYCREATE"), "no such mailbox"),
            ServerEvent::Copy { to, .. } if !self.folders.contains(&to) => {
                Answer::refused(Some("TRYCREATE"), "no such mailbox")
            }
            ServerEvent::Copy { uids, to, moving } => {
                let filed = self.inbox.iter().filter(|stored| inside(&uids, stored));
                self.filed.extend(filed.map(|stored| (to.clone(), stored.content.to_vec())));
                if moving {
                    self.inbox.retain(|stored| !inside(&uids, stored));
                    changes.extend(uids.iter().map(|uid| Change::Expunged { uid: *uid }));
                }
                Answer::Copied { uid_validity: 8, from: uids.clone(), to: uids }
            }
            ServerEvent::Store { uids, action, flags, .. } => {
                let named = self.inbox.iter_mut().filter(|stored| inside(&uids, stored));
                let done = named
                    .map(|stored| {
                        action.apply(&mut stored.flags, &flags);
                        (stored.uid, stored.flags.clone(), 1)
                    })
                    .collect();
                Answer::Stored(Stored { done, modified: Vec::new() })
            }
            ServerEvent::Expunge { among } => {
                let goes = |stored: &Letter| {
                    stored.flags.has(SystemFlag::Deleted) && among.as_ref().is_none_or(|among| inside(among, stored))
                };
                let gone: Vec<u32> = self.inbox.iter().filter(|stored| goes(stored)).map(|stored| stored.uid).collect();
                self.inbox.retain(|stored| !gone.contains(&stored.uid));
                changes.extend(gone.into_iter().map(|uid| Change::Expunged { uid }));
                Answer::Done
            }
            ServerEvent::Content { uid, .. } => {
                let found = self.inbox.iter().find(|stored| stored.uid == uid);
                Answer::Content(found.map(|stored| Fetched {
                    content: Arc::clone(&stored.content),
                    flags: stored.flags.clone(),
                    modseq: 1,
                }))
            }
            ServerEvent::Received { .. } => return None,
            ServerEvent::Unselect { .. }
            | ServerEvent::Delete { .. }
            | ServerEvent::Rename { .. }
            | ServerEvent::Subscribe { .. }
            | ServerEvent::Status { .. }
            | ServerEvent::Quota { .. }
            | ServerEvent::Mailboxes => Answer::Done,
        })
    }
}

fn entry(stored: &Letter) -> Entry {
    let size = u32::try_from(stored.content.len()).unwrap();
    let date = InternalDate::utc(UnixTime::DEFAULT_START);
    Entry { uid: stored.uid, size, date, flags: stored.flags.clone(), modseq: 1, recent: false }
}

/// A client, our server, and what they said.
struct Play {
    client: Client,
    server: Server,
    store: Store,
    said: String,
    piece: usize,
    now: SimTime,
}

impl Play {
    fn new(password: &str, piece: usize) -> Self {
        let config = ServerConfig { separator: '/', max_message: 1 << 20 };
        let store = Store { inbox: Vec::new(), next: 1, folders: Vec::new(), filed: Vec::new() };
        let (client, server) = (Client::new("bob".to_owned(), password.to_owned()), Server::new(config));
        let mut play = Self { client, server, store, said: String::new(), piece, now: SimTime::ZERO };
        play.store.put(LETTER);
        play.store.put("Subject: 2\r\n\r\nplain\r\n");
        play.server.handle(SimTime::ZERO, Input::Start);
        play.client.handle(SimTime::ZERO, Input::Start);
        play
    }

    fn ask(&mut self, task: Task) -> Vec<MailboxEvent> {
        self.said.clear();
        self.client.ask(self.now, task);
        self.run()
    }

    fn done(&mut self, task: Task) -> Done {
        match <[_; 1]>::try_from(self.ask(task)) {
            Ok([MailboxEvent::Done(done)]) => done,
            other => panic!("{other:?}"),
        }
    }

    fn serve(&mut self) -> Vec<u8> {
        let mut said = Vec::new();
        while let Some(output) = self.server.poll() {
            match output {
                Output::Transmit(bytes) => said.extend(bytes),
                Output::Close => {}
                Output::Event(event) => {
                    let mut changes = Vec::new();
                    let answer = self.store.answer(event, &mut changes);
                    changes.into_iter().for_each(|change| self.server.notify(change));
                    answer.into_iter().for_each(|answer| self.server.answer(answer));
                }
            }
        }
        said
    }

    fn run(&mut self) -> Vec<MailboxEvent> {
        let mut told = Vec::new();
        loop {
            let heard = self.serve();
            heard.chunks(self.piece).for_each(|chunk| self.client.handle(self.now, Input::Bytes(chunk)));
            let mut said = Vec::new();
            while let Some(output) = self.client.poll() {
                match output {
                    Output::Transmit(bytes) => said.extend(bytes),
                    Output::Event(event) => told.push(event),
                    Output::Close => {}
                }
            }
            if said.is_empty() {
                return told;
            }
            self.said += &String::from_utf8_lossy(&said);
            said.chunks(self.piece).for_each(|chunk| self.server.handle(self.now, Input::Bytes(chunk)));
        }
    }
}

fn list(folder: &str, behind: Option<u64>, detail: Detail) -> Task {
    Task::List { folder: folder.to_owned(), behind: behind.map(Handle), detail }
}

fn open(message: u64, part: Part) -> Task {
    Task::Open { message: Handle(message), part }
}

fn opened(message: u64, part: Part, content: &str) -> Done {
    Done::Opened { message: Handle(message), part, content: content.as_bytes().to_vec() }
}

/// Would break if a task were answered by another's answer, if a part came with its transfer encoding, if a
/// folder that is missing were not made, or if anything depended on the pieces in which octets come.
#[test]
fn tasks_are_done_with_our_server() {
    for piece in [1, 7, 10_000] {
        let mut play = Play::new("hungry \"x\"", piece);
        assert_eq!(play.run(), [MailboxEvent::Open]);
        assert!(matches!(play.done(open(1, Part::Whole)), Done::Refused(_)));
        let Done::Listed(rows) = play.done(list("INBOX", None, Detail::Lines)) else { panic!() };
        let part =
            |place: &str, media: &str, file| Leaf { place: place.to_owned(), media: media.to_owned(), octets: 8, file };
        let parts = vec![part("1", "text/plain", false), part("2", "application/pdf", true)];
        let expected = Summary {
            message: Handle(1),
            unique: Some("7/1".to_owned()),
            bytes: LETTER.len() as u64,
            message_id: Some("<1@crepes.fr>".to_owned()),
            from: Some("alice@crepes.fr".to_owned()),
            subject: Some("Cr\u{ea}pes".to_owned()),
            marks: Vec::new(),
            parts,
        };
        assert_eq!((rows.len(), &rows[0]), (2, &expected));
        let Done::Listed(rows) = play.done(list("INBOX", Some(2), Detail::Bare)) else { panic!() };
        assert_eq!(rows, []);
        assert_eq!(play.done(open(1, Part::Text)), opened(1, Part::Text, "H\u{e9}!"));
        let place = || Part::Place("2".to_owned());
        assert_eq!(play.done(open(1, place())), opened(1, place(), "Hello"));
        assert_eq!(play.done(open(2, Part::Text)), opened(2, Part::Text, "plain\r\n"));
        assert!(matches!(play.done(open(2, place())), Done::Refused(_)));
        assert_eq!(play.done(open(2, Part::Header)), opened(2, Part::Header, "Subject: 2\r\n\r\n"));
        assert_eq!(play.done(open(1, Part::Whole)), opened(1, Part::Whole, LETTER));
        assert!(matches!(play.done(open(3, Part::Whole)), Done::Refused(_)));
        let seen = |on| Task::Mark { message: Handle(1), mark: Mark::Seen, on };
        assert_eq!(play.done(seen(true)), Done::Changed);
        assert!(play.store.inbox[0].flags.has(SystemFlag::Seen));
        let unseen = Criteria { unseen: true, ..Criteria::default() };
        assert_eq!(play.done(Task::Search(unseen)), Done::Found(vec![Handle(2)]));
        let subject = Criteria { subject: Some("cr\u{ea}p".to_owned()), ..Criteria::default() };
        assert_eq!(play.done(Task::Search(subject)), Done::Found(vec![Handle(1)]));
        let keep =
            Task::Keep { folder: "Sent".to_owned(), content: b"A: b\r\n\r\nc".to_vec(), marks: vec![Mark::Seen] };
        assert_eq!(play.done(keep), Done::Changed);
        assert_eq!(play.done(Task::Move { message: Handle(1), folder: "B\u{fc}ro".to_owned() }), Done::Changed);
        assert_eq!(play.store.filed[1], ("B&APw-ro".to_owned(), LETTER.as_bytes().to_vec()));
        assert_eq!(play.done(Task::Delete { message: Handle(2) }), Done::Changed);
        assert!(play.store.inbox.is_empty());
        assert!(matches!(play.done(list("nowhere", None, Detail::Bare)), Done::Refused(_)));
        assert_eq!(play.ask(Task::Quit), [MailboxEvent::Finished]);
        assert!(play.client.deadline().is_never());
    }
}

/// Would break if what went out ahead waited, or if more commands were given than are needed.
#[test]
fn what_may_go_ahead_does() {
    let mut play = Play::new("hungry \"x\"", 10_000);
    play.run();
    assert_eq!(play.said, "a1 LOGIN \"bob\" \"hungry \\\"x\\\"\"\r\n");
    play.client.ask(SimTime::ZERO, list("INBOX", None, Detail::Sizes));
    let mut ahead = Vec::new();
    while let Some(Output::Transmit(bytes)) = play.client.poll() {
        ahead.extend(bytes);
    }
    assert_eq!(str::from_utf8(&ahead), Ok("a2 SELECT \"INBOX\"\r\na3 UID FETCH 1:* (UID FLAGS RFC822.SIZE)\r\n"));
    play.server.handle(SimTime::ZERO, Input::Bytes(&ahead));
    assert!(matches!(&*play.run(), [MailboxEvent::Done(Done::Listed(rows))] if rows.len() == 2));
    assert_eq!(play.done(Task::Delete { message: Handle(1) }), Done::Changed);
    assert_eq!(play.said, "a4 UID STORE 1 +FLAGS.SILENT (\\Deleted)\r\na5 UID EXPUNGE 1\r\n");
    assert_eq!(play.client.commands(), 5);
}

/// Would break if a wrong password opened the mailbox.
#[test]
fn a_refused_log_in_is_the_end() {
    assert_eq!(Play::new("wrong", 5).run(), [MailboxEvent::Failed("no".to_owned())]);
}

/// Would break if the watcher did not hear of a message, did not idle anew, or did not stop in time or for
/// another task.
#[test]
fn watching_ends_with_news_or_in_time() {
    let mut play = Play::new("hungry \"x\"", 3);
    play.run();
    play.done(list("INBOX", None, Detail::Bare));
    let at = |minutes: u64| SimTime::ZERO + SimDuration::from_secs(60 * minutes);
    let watch = |minutes| Task::Watch { until: at(minutes) };
    assert_eq!(play.ask(watch(40)), []);
    assert_eq!(play.client.deadline(), at(29));
    play.now = at(29);
    play.said.clear();
    play.client.handle(at(29), Input::Tick);
    assert_eq!(play.run(), []);
    assert_eq!((play.said.as_str(), play.client.deadline()), ("DONE\r\na5 IDLE\r\n", at(40)));
    let arrived = play.store.put("Subject: 3\r\n\r\n");
    play.server.notify(Change::Arrived(arrived));
    assert_eq!(play.run(), [MailboxEvent::Done(Done::News)]);
    let Done::Listed(rows) = play.done(list("INBOX", Some(2), Detail::Bare)) else { panic!() };
    assert_eq!(rows.len(), 1);
    assert_eq!(play.ask(watch(40)), []);
    play.now = at(40);
    play.client.handle(at(40), Input::Tick);
    assert_eq!(play.run(), [MailboxEvent::Done(Done::NoNews)]);
    assert_eq!(play.ask(watch(60)), []);
    let other = play.ask(Task::Delete { message: Handle(1) });
    assert_eq!(other, [MailboxEvent::Done(Done::NoNews), MailboxEvent::Done(Done::Changed)]);
    assert_eq!(play.ask(watch(60)), [], "what one does oneself is no news");
}

fn heard(client: &mut Client, octets: &str) -> String {
    client.handle(SimTime::ZERO, Input::Bytes(octets.as_bytes()));
    let mut said = String::new();
    while let Some(output) = client.poll() {
        match output {
            Output::Transmit(bytes) => said += str::from_utf8(&bytes).unwrap(),
            Output::Event(event) => said += &format!("[{event:?}]"),
            Output::Close => said += "[closed]",
        }
    }
    said
}

/// Would break if the client used what a server does not offer.
#[test]
fn a_server_that_offers_little_is_served() {
    let mut client = Client::new("b".to_owned(), "p".to_owned());
    client.handle(SimTime::ZERO, Input::Start);
    let greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN LOGINDISABLED] hi\r\n";
    assert_eq!(heard(&mut client, greeting), "a1 AUTHENTICATE PLAIN\r\n");
    assert_eq!(heard(&mut client, "+ \r\n"), "AGIAcA==\r\n");
    assert_eq!(heard(&mut client, "a1 OK in\r\n"), "a2 CAPABILITY\r\n");
    assert_eq!(heard(&mut client, "* CAPABILITY IMAP4rev1\r\na2 OK\r\n"), "[Open]");
    client.ask(SimTime::ZERO, list("INBOX", None, Detail::Bare));
    let select = "a3 SELECT \"INBOX\"\r\na4 UID FETCH 1:* (UID FLAGS RFC822.SIZE)\r\n";
    assert_eq!(heard(&mut client, ""), select);
    let listing =
        "* 1 EXISTS\r\n* OK [UIDVALIDITY 3] ok\r\na3 OK\r\n* 1 FETCH (FLAGS () UID 5 RFC822.SIZE 3)\r\na4 OK\r\n";
    assert!(heard(&mut client, listing).contains("unique: Some(\"3/5\")"));
    client.ask(SimTime::ZERO, Task::Move { message: Handle(5), folder: "x".to_owned() });
    assert_eq!(heard(&mut client, ""), "a5 UID COPY 5 \"x\"\r\n");
    assert_eq!(heard(&mut client, "a5 NO [TRYCREATE] no\r\n"), "a6 CREATE \"x\"\r\n");
    assert_eq!(heard(&mut client, "a6 OK\r\n"), "a7 UID COPY 5 \"x\"\r\n");
    assert_eq!(heard(&mut client, "a7 OK\r\n"), "a8 UID STORE 5 +FLAGS.SILENT (\\Deleted)\r\na9 EXPUNGE\r\n");
    assert_eq!(heard(&mut client, "a8 OK\r\n* 1 EXPUNGE\r\na9 OK\r\n"), "[Done(Changed)]");
    client.ask(SimTime::ZERO, Task::Keep { folder: "x".to_owned(), content: b"hi".to_vec(), marks: vec![] });
    assert_eq!(heard(&mut client, ""), "a10 APPEND \"x\" () {2}\r\n");
    assert_eq!(heard(&mut client, "+ go\r\n"), "hi\r\n");
    assert_eq!(heard(&mut client, "a10 OK\r\n"), "[Done(Changed)]");
    let until = SimTime::ZERO + SimDuration::from_secs(90);
    client.ask(SimTime::ZERO, Task::Watch { until });
    assert_eq!((heard(&mut client, "").as_str(), client.deadline()), ("", SimTime::ZERO + POLL));
    client.handle(SimTime::ZERO + POLL, Input::Tick);
    assert_eq!(heard(&mut client, ""), "a11 NOOP\r\n");
    assert_eq!(heard(&mut client, "* 2 EXISTS\r\na11 OK\r\n"), "[Done(News)]");
    assert_eq!(heard(&mut client, "* BYE tired\r\n"), "[Failed(\"BYE tired\")][closed]");
}

/// Would break if each of many responses that came together moved all that follow it.
#[test]
fn many_responses_at_once_are_not_moved_about() {
    const RESPONSES: usize = 20_000;
    let one: &[u8] = b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n";
    let all = one.repeat(RESPONSES);
    for piece in [all.len(), 65_536, 1_000] {
        let (mut framer, mut found, mut moved) = (Framer::default(), 0, 0);
        for chunk in all.chunks(piece) {
            moved += framer.unread().len();
            framer.push(chunk);
            let mut next = framer.unread().as_ptr();
            while let Ok(Some(response)) = framer.next() {
                assert_eq!(response, one[..one.len() - 2]);
                found += 1;
                // What is not where it was has been copied.
                let (expected, unread) = (next.wrapping_add(one.len()), framer.unread());
                next = unread.as_ptr();
                moved += if next == expected { 0 } else { unread.len() };
            }
        }
        assert_eq!(found, RESPONSES);
        assert!(moved <= all.len() / piece * one.len(), "{moved} octets were copied of {}", all.len());
    }
}

proptest! {
    /// Would break if some octets made the client panic, answer a task twice or end twice.
    #[test]
    fn it_survives_any_server(
        lines in proptest::collection::vec(prop_oneof![
            4 => "a[1-9] (OK|NO|BAD)( \\[(TRYCREATE|UIDVALIDITY 3|CAPABILITY IDLE MOVE)\\])? x",
            3 => "\\* [0-9]{1,21} (EXISTS|EXPUNGE|RECENT)", 2 => "\\+ x", 1 => "\\* (OK|NO|BYE|PREAUTH) x",
            3 => "\\* 1 FETCH \\((UID 1|FLAGS \\(\\)|RFC822.SIZE 3|BODY\\[\\] (\\{3\\}\r\nabc|\"x\"|NIL)|BODYSTRUCTURE \\(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 3 1\\)| ){0,9}\\)",
            1 => "\\* SEARCH( [0-9]{1,9}){0,3}", 1 => "[\\x00-\\x7f]{0,20}"
        ], 0..40),
        piece in 1_usize..20
    ) {
        let mut client = Client::new("a".to_owned(), "b".to_owned());
        client.handle(SimTime::ZERO, Input::Start);
        let tasks = [
            list("INBOX", None, Detail::Lines), open(1, Part::Text), open(1, Part::Whole), Task::Delete { message: Handle(1) },
            Task::Move { message: Handle(1), folder: "x".to_owned() }, Task::Watch { until: SimTime::ZERO + POLL }, Task::Quit
        ];
        let asked = tasks.len() - 1;
        tasks.into_iter().for_each(|task| client.ask(SimTime::ZERO, task));
        let octets: Vec<u8> = std::iter::once("* OK [CAPABILITY IMAP4rev1] x\r\n".to_owned())
            .chain(lines.into_iter().map(|line| line + "\r\n")).flat_map(String::into_bytes).collect();
        let (mut done, mut ends) = (0, 0);
        for chunk in octets.chunks(piece) {
            client.handle(SimTime::ZERO, Input::Bytes(chunk));
            while let Some(output) = client.poll() {
                match output {
                    Output::Event(MailboxEvent::Done(_)) => done += 1,
                    Output::Event(MailboxEvent::Finished | MailboxEvent::Failed(_)) => ends += 1,
                    Output::Event(MailboxEvent::Open) | Output::Transmit(_) | Output::Close => {}
                }
            }
        }
        prop_assert!(done <= asked && ends <= 1);
    }

    #[test]
    fn responses_do_not_depend_on_the_pieces(octets in "(\\* [a-z0-9{}(\" )]{0,12}(\\{[0-9]\\})?\r\n|[\\x00-\\x7f]{0,9}){0,12}", piece in 1_usize..9) {
        let cut = |piece: usize| {
            let (mut framer, mut found) = (Framer::default(), Vec::new());
            for chunk in octets.as_bytes().chunks(piece) {
                framer.push(chunk);
                while let Ok(Some(response)) = framer.next() {
                    found.push((response::read(&response), response));
                }
            }
            found
        };
        prop_assert_eq!(cut(octets.len().max(1)), cut(piece));
    }
}
