//! Octets that may be anything, put where HTTP is spoken, and where a client reads a mailbox's pages or IMAP. What a
//! server answers is HTTP however the octets are cut, it keeps little of them and goes on serving others; a client comes
//! to its end.

use std::collections::BTreeMap;

use posthaste::app::host::Input as Event;
use posthaste::app::mail::WebmailConfig;
use posthaste::app::web::{SiteConfig, SiteServer};
use posthaste::base::{ConnId, Endpoint, HostId, SimDuration, SimTime, SocketId};
use posthaste::proto::http::{
    self, Body, ClientEvent, Conduct, Manner, Method, Request, Resource, Response, Server, ServerEvent, Version,
};
use posthaste::proto::mailbox::{Detail, Handle, MailboxClient, MailboxEvent, Part, Task};
use posthaste::proto::session::{Input, Output, Session as _};
use posthaste::proto::{imap, webmail};

use super::http_grammar::{Reply, replies};
use super::mail::{Choice, office};
use super::post_office::{CLOSED, PostOffice, Site};

const NOW: SimTime = SimTime::ZERO;
/// How long a server waits at most, by all its settings here.
const PATIENCE: SimDuration = SimDuration::from_secs(3_600);
/// The largest content of a request to a session alone.
const CONTENT: usize = 4_096;

/// A server of HTTP by itself.
trait House {
    fn connect(&mut self) -> SocketId;
    fn send(&mut self, socket: SocketId, octets: &[u8]);
    fn end(&mut self, socket: SocketId);
    fn wait(&mut self, time: SimDuration);
    fn site(&mut self) -> &mut Site;
}

impl House for PostOffice {
    fn connect(&mut self) -> SocketId {
        PostOffice::connect(self, http::PORT)
    }
    fn send(&mut self, socket: SocketId, octets: &[u8]) {
        PostOffice::send(self, socket, octets);
    }
    fn end(&mut self, socket: SocketId) {
        PostOffice::end(self, socket);
    }
    fn wait(&mut self, time: SimDuration) {
        self.pass(time);
    }
    fn site(&mut self) -> &mut Site {
        &mut self.site
    }
}

/// A Web server.
struct Web {
    server: SiteServer,
    site: Site,
    sockets: u32,
    now: SimTime,
}

impl House for Web {
    fn connect(&mut self) -> SocketId {
        self.sockets += 1;
        let socket = SocketId(self.sockets.into());
        let peer = Endpoint::new([192, 0, 2, 2].into(), 40_000);
        let conn = ConnId { host: HostId(1), number: self.sockets };
        self.server.handle(&mut self.site, Event::Accepted { socket, conn, local_port: http::PORT, peer });
        socket
    }
    fn send(&mut self, socket: SocketId, bytes: &[u8]) {
        if !self.site.has_closed(socket) && !bytes.is_empty() {
            self.server.handle(&mut self.site, Event::Data { socket, bytes });
        }
    }
    fn end(&mut self, socket: SocketId) {
        if !self.site.has_closed(socket) {
            self.server.handle(&mut self.site, Event::PeerClosed { socket });
        }
    }
    fn wait(&mut self, time: SimDuration) {
        let end = self.now.saturating_add(time);
        while self.server.deadline() <= end {
            self.site.go_to(self.server.deadline());
            self.server.handle(&mut self.site, Event::Wake);
        }
        self.now = end;
        self.site.go_to(end);
    }
    fn site(&mut self) -> &mut Site {
        &mut self.site
    }
}

/// A Web server with a page, an image that changes, and something moved.
fn web(choice: Choice) -> Web {
    let resource = |media: &str, body| Resource {
        media: media.to_owned(),
        body,
        max_age: choice.other.then_some(SimDuration::from_secs(60)),
        changes: None,
        since: NOW,
    };
    let files = BTreeMap::from([
        ("/index.html".to_owned(), resource("text/html", Body::Octets(b"<p>hi".as_slice().into()))),
        ("/image.png".to_owned(), resource("image/png", Body::Made(64))),
        ("/old".to_owned(), resource("text/html", Body::Moved { status: 301, to: "/index.html".to_owned() })),
    ]);
    let conduct = Conduct {
        version: if choice.tls { Version::Http10 } else { Version::Http11 },
        chunk: choice.other.then_some(7),
        requests: (choice.piece > 16).then_some(5),
        content: CONTENT,
        ..Conduct::default()
    };
    let site = http::Site { files, writable: choice.other };
    let server = SiteServer::new(SiteConfig { site, conduct, think: None });
    let mut web = Web { server, site: Site::new("kiwi.test"), sockets: 0, now: NOW };
    web.server.handle(&mut web.site, Event::Boot);
    web
}

fn mailboxes(choice: Choice) -> PostOffice {
    office(choice, Some(WebmailConfig::default()))
}

/// What a server says to these pieces, and whether it closed before its client did.
fn said(house: &mut dyn House, pieces: &mut dyn Iterator<Item = &[u8]>, silent: bool) -> (Vec<u8>, bool) {
    let socket = house.connect();
    pieces.for_each(|piece| house.send(socket, piece));
    let early = house.site().has_closed(socket);
    if silent {
        house.wait(PATIENCE)
    } else {
        house.end(socket)
    }
    assert!(house.site().has_closed(socket), "the server stays when its client has gone");
    let mut said = house.site().heard(socket);
    while said.ends_with(CLOSED.as_bytes()) {
        said.truncate(said.len() - CLOSED.len());
    }
    (said, early)
}

/// What it says in all, read strictly.
fn judged(octets: &[u8], said: &[u8], early: bool) -> Vec<Reply> {
    let has = |word: &[u8]| octets.windows(word.len()).filter(|part| *part == word).count();
    let replies = replies(said, has(b"HEAD") > 0);
    let proper = replies.iter().filter(|reply| reply.status >= 200).count();
    assert!(proper <= has(b"HTTP/") + 1, "more responses than requests: {}", said.escape_ascii());
    assert!(!early || replies.last().is_some_and(|last| last.closes), "closed in silence: {}", octets.escape_ascii());
    replies
}

/// A server's part in any dialogue.
fn serve<H: House>(octets: &[u8], build: impl Fn(Choice) -> H, goes_on: impl Fn(&mut H, Choice)) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let (mut whole, mut cut) = (build(choice), build(choice));
    let (answers, early) = said(&mut whole, &mut std::iter::once(octets), choice.silent);
    judged(octets, &answers, early);
    let (again, early) = said(&mut cut, &mut octets.chunks(choice.piece), choice.silent);
    judged(octets, &again, early);
    assert!(without_interim(&again) == without_interim(&answers), "other pieces: {}", octets.escape_ascii());
    goes_on(&mut whole, choice);
}

/// RFC 9110 10.1.1: whether 100 (Continue) is said depends on how much of the content came already.
fn without_interim(said: &[u8]) -> Vec<u8> {
    const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let (mut rest, mut out) = (said, Vec::new());
    while let Some(at) = rest.windows(INTERIM.len()).position(|part| part == INTERIM) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + INTERIM.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// One request of another client's.
fn asked(house: &mut dyn House, request: &str) -> Reply {
    let (said, _) = said(house, &mut std::iter::once(request.as_bytes()), false);
    replies(&said, false).pop().unwrap_or_else(|| panic!("no answer to {request}"))
}

/// A client says the octets to a Web server.
pub(crate) fn web_server(octets: &[u8]) {
    serve(octets, web, |house, choice| {
        let reply = asked(house, "GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n");
        // Visitors may have taken it away, or put something else there.
        assert!(choice.other || reply.content == b"<p>hi", "{reply:?}");
        assert!(matches!(reply.status, 200 | 404), "{reply:?}");
    });
}

/// A client says the octets to webmail.
pub(crate) fn webmail_server(octets: &[u8]) {
    serve(octets, mailboxes, |house, _| {
        let login = asked(house, "GET /login HTTP/1.1\r\nHost: kiwi.test\r\n\r\n");
        let visit = login.field("Set-Cookie").and_then(|field| field.split(';').next()).expect("a cookie").to_owned();
        let token = visit.split_once('=').expect("a value").1;
        let form = format!("user=carol&password=hungry&csrf={token}");
        let entered = asked(
            house,
            &format!(
                "POST /login HTTP/1.1\r\nHost: kiwi.test\r\nCookie: {visit}\r\nContent-Length: {}\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
                form.len()
            ),
        );
        let cookie = entered.field("Set-Cookie").and_then(|field| field.split(';').next()).expect("let in").to_owned();
        let list =
            asked(house, &format!("GET /folder?name=INBOX HTTP/1.1\r\nHost: kiwi.test\r\nCookie: {cookie}\r\n\r\n"));
        assert_eq!(list.status, 200, "{list:?}");
    });
}

/// What servers answer to good octets.
pub(crate) fn answers(octets: &[u8], of_webmail: bool) -> Vec<u8> {
    let Some((choice, octets)) = Choice::of(octets) else { return Vec::new() };
    let pieces = &mut std::iter::once(octets);
    if of_webmail { said(&mut mailboxes(choice), pieces, false).0 } else { said(&mut web(choice), pieces, false).0 }
}

/// The server's session alone: it keeps no more than it says, even if it is never answered.
pub(crate) fn http_session(octets: &[u8]) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let mut server = Server::new(Conduct { content: CONTENT, ..Conduct::default() });
    server.handle(NOW, Input::Start);
    let mut closed = false;
    for chunk in octets.chunks(choice.piece).map(Some).chain([None]) {
        server.handle(NOW, chunk.map_or(Input::EndOfStream, Input::Bytes));
        while let Some(output) = server.poll() {
            assert!(!closed, "something after the end");
            match output {
                Output::Close => closed = true,
                Output::Transmit(said) => drop(replies(&said, true)),
                Output::Event(ServerEvent::Request(request)) => {
                    assert!(request.content.len() <= CONTENT && request.target.is_ascii());
                    if !choice.other {
                        server.respond(NOW, &Response::new(200, "text/plain", "hi"));
                    }
                }
                Output::Event(ServerEvent::Refused(_)) => {}
            }
        }
        assert!(server.held() <= 2 * CONTENT + (128 << 10), "{} octets held", server.held());
    }
    assert!(closed || choice.other, "the server stays when its client has gone");
}

/// A server says the octets to a client of HTTP, which tells each answer once and ends once, however they are cut.
pub(crate) fn http_client(octets: &[u8]) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let told = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut client = http::Client::new(Manner { content: 100_000, ..Manner::default() });
        client.handle(NOW, Input::Start);
        for method in [Method::Get, Method::Head, Method::Post, Method::Get] {
            client.ask(NOW, &Request::new(method, "h", "/"));
        }
        let (mut answers, mut ends, mut closed) = (Vec::new(), Vec::new(), false);
        for chunk in pieces.filter(|piece| !piece.is_empty()).map(Some).chain([None]) {
            client.handle(NOW, chunk.map_or(Input::EndOfStream, Input::Bytes));
            while let Some(output) = client.poll() {
                assert!(!closed, "something after the end");
                match output {
                    Output::Transmit(_) => {}
                    Output::Close => closed = true,
                    Output::Event(ClientEvent::Answered(answer)) => answers.push(answer.response),
                    Output::Event(ClientEvent::Ended(end)) => ends.push(end),
                }
            }
        }
        assert!(closed && ends.len() == 1 && answers.len() <= 4, "{ends:?}");
        (answers, ends)
    };
    let whole = told(&mut std::iter::once(octets));
    assert_eq!(whole, told(&mut octets.chunks(choice.piece)), "other pieces: {}", octets.escape_ascii());
}

fn tasks() -> [Task; 6] {
    let message = Handle(3);
    [
        Task::List { folder: "INBOX".to_owned(), behind: None, detail: Detail::Lines },
        Task::Open { message, part: Part::Text },
        Task::Open { message, part: Part::Whole },
        Task::Move { message, folder: "x".to_owned() },
        Task::Delete { message },
        Task::Quit,
    ]
}

/// A server says the octets to a client of a mailbox, over another connection when that is wanted; in the end every task is
/// done or the session has ended, and it ended once.
fn mailbox_client(client: &mut dyn MailboxClient<Event = MailboxEvent>, octets: &[u8], piece: usize) {
    tasks().into_iter().for_each(|task| client.ask(NOW, task));
    client.handle(NOW, Input::Start);
    let (mut done, mut ends, mut said, mut closes) = (0, 0, 0_usize, 0);
    let mut take = |client: &mut dyn MailboxClient<Event = MailboxEvent>| {
        while let Some(output) = client.poll() {
            match output {
                Output::Transmit(_) => said += 1,
                Output::Close => closes += 1,
                Output::Event(MailboxEvent::Open) => {}
                Output::Event(MailboxEvent::Done(_)) => done += 1,
                Output::Event(MailboxEvent::Finished | MailboxEvent::Failed(_)) => ends += 1,
            }
        }
        if client.wants_connection() {
            client.handle(NOW, Input::Start);
        }
    };
    for chunk in octets.chunks(piece) {
        client.handle(NOW, Input::Bytes(chunk));
        take(client);
    }
    // A server that is gone is not called for ever.
    for _ in 0..100 {
        client.handle(NOW, Input::EndOfStream);
        take(client);
        let alarm = client.deadline();
        if alarm < SimTime::NEVER {
            client.handle(alarm, Input::Tick);
            take(client);
        }
    }
    assert!(ends == 1 && done <= 5, "{ends} ends, {done} tasks: {}", octets.escape_ascii());
    assert!(said <= 200 + octets.len() && closes <= 200 + octets.len(), "{said} commands");
}

/// A server says the octets to an IMAP client.
pub(crate) fn imap_client(octets: &[u8]) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    mailbox_client(&mut imap::Client::new("bob".to_owned(), "hungry".to_owned()), octets, choice.piece);
}

/// A server says the octets to webmail's client.
pub(crate) fn webmail_client(octets: &[u8]) {
    let Some((choice, octets)) = Choice::of(octets) else { return };
    let mut client = webmail::Client::new("kiwi.test".to_owned(), "bob".to_owned(), "hungry".to_owned());
    mailbox_client(&mut client, octets, choice.piece);
}
