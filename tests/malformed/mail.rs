//! Octets that may be anything, put where mail is spoken. Whatever a peer sends, a server answers by
//! the grammar of its protocol or says why it closes, does so however the octets are cut into pieces,
//! and keeps serving others; a client comes to its end.
//!
//! Used by the test beside it, which makes its own octets, and by the targets in fuzz/, which are
//! given theirs. The first octet of an input chooses the pieces and the configuration.

use posthaste::app::mail::{CatchAll, ListConfig, Posting, SubaddressConfig, WebmailConfig};
use posthaste::base::{SimDuration, SimTime};
use posthaste::proto::mailbox::{Detail, Handle, MailboxClient as _, MailboxEvent, Part, Task};
use posthaste::proto::sasl::{Credentials, Mechanism};
use posthaste::proto::session::{Input, Output, Session as _};
use posthaste::proto::smtp::{
    Authentication, Client, ClientConfig, ClientEvent, Dialect, Envelope, ForwardPath, MailOptions, Mailbox, Recipient,
    ReversePath, Server, ServerConfig, ServerEvent, Status, TlsUse, Transaction,
};
use posthaste::proto::{imap, pop3, smtp, tls};

use super::grammar;
use super::post_office::{CLOSED, PostOffice};

const NOW: SimTime = SimTime::ZERO;

/// What the first octet of an input chooses.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    pub(super) piece: usize,
    /// A second thing that may be so or not.
    pub(super) other: bool,
    /// Whether TLS is to be had.
    pub(super) tls: bool,
    /// Whether the client stays and says nothing more, instead of closing.
    pub(super) silent: bool,
}

impl Choice {
    pub(super) fn of(octets: &[u8]) -> Option<(Self, &[u8])> {
        let (choice, octets) = octets.split_first()?;
        let piece = usize::from(choice & 0x1f) + 1;
        Some((Self { piece, other: choice & 0x20 != 0, tls: choice & 0x40 != 0, silent: choice & 0x80 != 0 }, octets))
    }
}

/// A server with everything that an address can be.
pub(super) fn office(choice: Choice, webmail: Option<WebmailConfig>) -> PostOffice {
    let users = ["bob", "carol"].map(|user| (user.to_owned(), "hungry".to_owned()));
    let mut office = PostOffice::new("kiwi.test", &users, |config| {
        let book = &mut config.routing.book;
        let bob = "bob@kiwi.test".to_owned();
        book.aliases.push(("info@kiwi.test".to_owned(), vec![bob.clone(), "info@kiwi.test".to_owned()]));
        book.lists.push(ListConfig {
            address: "team@kiwi.test".to_owned(),
            members: vec![bob.clone()],
            owner: bob.clone(),
            posting: Posting::default(),
            sender_field: choice.other,
        });
        book.discards.push("null@kiwi.test".to_owned());
        book.subaddresses.push(SubaddressConfig {
            domain: "kiwi.test".to_owned(),
            separator: '+',
            folders: choice.other,
        });
        if choice.other {
            book.catch_alls.push(CatchAll { domain: "kiwi.test".to_owned(), mailbox: bob, except: Vec::new() });
        }
        config.smtp.tls = choice.tls.then(tls::Model::default);
        config.max_message = 4_096;
        config.webmail = webmail;
    });
    office.site.alone = false;
    for text in [
        "Subject: one\r\n\r\n..\r\nhi",
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n--x--",
    ] {
        office.deliver("bob@kiwi.test", text);
    }
    office
}

/// What a server says to these pieces, the greeting first; the last is what it says to the end.
fn said(office: &mut PostOffice, port: u16, pieces: &[&[u8]], silent: bool) -> Vec<Vec<u8>> {
    let socket = office.connect(port);
    let mut said = vec![office.heard(socket)];
    for piece in pieces {
        office.send(socket, piece);
        // The computations of a handshake take their time.
        office.pass(SimDuration::from_millis(20));
        said.push(office.heard(socket));
    }
    if silent {
        office.pass(SimDuration::from_secs(3_600));
    } else {
        office.end(socket);
    }
    said.push(office.heard(socket));
    let all = said.concat();
    assert!(all.ends_with(CLOSED.as_bytes()), "the server stays when its client has gone: {}", all.escape_ascii());
    said
}

/// The server's part in any dialogue.
fn serve(octets: &[u8], port: u16, check: impl Fn(&[Vec<u8>], bool)) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let lines: Vec<&[u8]> = octets.split_inclusive(|octet| *octet == b'\n').collect();
    let mut by_line = office(choice, None);
    let answers = said(&mut by_line, port, &lines, choice.silent);
    check(&answers, choice.silent);
    // What stands behind STARTTLS in one piece is no part of the session any more (RFC 3207 section 4.2).
    if !choice.tls {
        let pieces: Vec<&[u8]> = octets.chunks(choice.piece).collect();
        let mut by_piece = office(choice, None);
        let again = said(&mut by_piece, port, &pieces, choice.silent).concat();
        assert!(again == answers.concat(), "other pieces, other answers: {}", octets.escape_ascii());
    }
    goes_on(by_line, octets);
}

/// Others are still served: what they send arrives, and is shown.
fn goes_on(mut office: PostOffice, octets: &[u8]) {
    // Whoever logs in as carol may do to her messages what he likes, so these are counted before.
    let held = |office: &PostOffice| {
        let drop = office.server.mailboxes().find(|drop| drop.address() == "carol@kiwi.test").unwrap();
        drop.messages().len()
    };
    let before = held(&office);
    office.deliver("carol@kiwi.test", "Subject: after\r\n\r\nall");
    assert_eq!(held(&office), before + 1, "{}", octets.escape_ascii());
    let socket = office.connect(pop3::PORT);
    assert!(office.say(socket, "USER carol").starts_with("+OK"));
    assert!(office.say(socket, "PASS hungry").starts_with("+OK"), "{}", octets.escape_ascii());
    assert!(office.say(socket, &format!("RETR {}", before + 1)).contains("Subject: after"));
    let socket = office.connect(imap::PORT);
    assert!(office.say(socket, "a LOGIN carol hungry").contains("a OK"));
    assert!(office.say(socket, "b SELECT INBOX").contains("b OK"), "{}", octets.escape_ascii());
}

/// What a server at that port answers to good octets.
pub(crate) fn answers(octets: &[u8], port: u16) -> Vec<u8> {
    let Some((choice, octets)) = Choice::of(octets) else { return Vec::new() };
    said(&mut office(choice, None), port, &[octets], false).concat()
}

/// A client says the octets to an SMTP server.
pub(crate) fn smtp_server(octets: &[u8]) {
    serve(octets, smtp::PORT, grammar::smtp);
}

/// The same where users submit.
pub(crate) fn submission_server(octets: &[u8]) {
    serve(octets, smtp::SUBMISSION_PORT, grammar::smtp);
}

/// A client says the octets to a POP3 server.
pub(crate) fn pop3_server(octets: &[u8]) {
    serve(octets, pop3::PORT, |answers, _| grammar::pop3(answers));
}

/// A client says the octets to an IMAP server.
pub(crate) fn imap_server(octets: &[u8]) {
    serve(octets, imap::PORT, grammar::imap);
}

/// The session alone, without the rules of a mail server: it says replies only, and nothing after its end.
pub(crate) fn smtp_session(octets: &[u8]) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let mut config = ServerConfig::new("h".to_owned());
    config.max_message = 4_096;
    config.authentication = if choice.other { Authentication::Offered } else { Authentication::NotOffered };
    config.tls = choice.tls.then(tls::Model::default);
    let mut server = Server::new(config);
    server.handle(NOW, Input::Start);
    let mut closed = false;
    for chunk in octets.chunks(choice.piece).map(Some).chain([None]) {
        server.handle(NOW, chunk.map_or(Input::EndOfStream, Input::Bytes));
        while let Some(output) = server.poll() {
            assert!(!closed, "something after the end");
            match output {
                Output::Close => closed = true,
                Output::Transmit(said) if tls::records(&said).is_some() => {}
                Output::Transmit(said) => {
                    grammar::replies(&said);
                }
                Output::Event(ServerEvent::Handshake) => server.computed(),
                Output::Event(ServerEvent::Expand(_)) => server.members(&["a@h".to_owned()]),
                Output::Event(ServerEvent::Login(_)) => server.reject(535, Status::CREDENTIALS, "no"),
                Output::Event(_) => server.accept(),
            }
        }
    }
    assert!(closed, "the server stays when its client has gone");
}

/// A server says the octets to an SMTP client, which ends each transaction once, with a verdict for each recipient.
pub(crate) fn smtp_client(octets: &[u8]) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let mailbox = Mailbox::parse("bob@h").expect("a mailbox");
    let recipients = vec![Recipient::new(ForwardPath::Mailbox(mailbox)); 2];
    let envelope = Envelope { reverse_path: ReversePath::Null, recipients, options: MailOptions::default() };
    let transaction = Transaction { envelope, content: b"hi\r\n"[..].into() };
    let login = choice.silent.then(|| (Mechanism::Plain, Credentials::of("a".to_owned(), "b".to_owned())));
    let mut client = Client::with(ClientConfig {
        pipelining: choice.other,
        chunking: choice.other,
        chunk_size: 3,
        login,
        tls: if choice.tls { TlsUse::WhenOffered(tls::Version::Tls13) } else { TlsUse::Never },
        ..ClientConfig::new("c".to_owned(), Dialect::Rfc5321)
    });
    client.handle(NOW, Input::Start);
    let (mut begun, mut ended, mut closed) = (0, 0, false);
    for chunk in octets.chunks(choice.piece).map(Some).chain([None]) {
        client.handle(NOW, chunk.map_or(Input::EndOfStream, Input::Bytes));
        while let Some(output) = client.poll() {
            assert!(!closed, "something after the end");
            match output {
                Output::Event(ClientEvent::Ready) => {
                    assert_eq!(begun, ended, "ready in the middle of a transaction");
                    begun += 1;
                    client.begin(NOW, transaction.clone());
                }
                Output::Event(ClientEvent::Ended(verdicts)) => {
                    assert_eq!(verdicts.len(), 2);
                    ended += 1;
                }
                Output::Close => closed = true,
                Output::Event(ClientEvent::Transferring | ClientEvent::Failed(_)) | Output::Transmit(_) => {}
            }
        }
    }
    assert_eq!(begun, ended, "a transaction without an end");
    assert!(closed, "the client stays when its server has gone");
}

/// A server says the octets to a POP3 client, which says once how it went.
pub(crate) fn pop3_client(octets: &[u8]) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let mut client = pop3::Reader::new("bob".to_owned(), "hungry".to_owned(), Dialect::Rfc5321);
    client.ask(NOW, Task::List { folder: "INBOX".to_owned(), behind: None, detail: Detail::Lines });
    for number in 1..4 {
        client.ask(NOW, Task::Open { message: Handle(number), part: Part::Whole });
        if choice.other {
            client.ask(NOW, Task::Delete { message: Handle(number) });
        }
    }
    client.ask(NOW, Task::Quit);
    client.handle(NOW, Input::Start);
    let (mut ends, mut closed) = (0, false);
    for chunk in octets.chunks(choice.piece).map(Some).chain([None]) {
        client.handle(NOW, chunk.map_or(Input::EndOfStream, Input::Bytes));
        while let Some(output) = client.poll() {
            assert!(!closed, "something after the end");
            match output {
                Output::Event(MailboxEvent::Open | MailboxEvent::Done(_)) | Output::Transmit(_) => {}
                Output::Event(MailboxEvent::Finished | MailboxEvent::Failed(_)) => ends += 1,
                Output::Close => closed = true,
            }
        }
    }
    assert!(closed && ends == 1, "{ends} ends: {}", octets.escape_ascii());
}
