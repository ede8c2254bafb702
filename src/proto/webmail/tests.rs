//! The client and the pages that it reads, from a server that may be anything.

use proptest::prelude::*;

use super::client::Client;
use super::page::Page;
use crate::base::SimTime;
use crate::proto::mailbox::{Done, Handle, MailboxClient as _, MailboxEvent, Mark, Part, Task};
use crate::proto::message::read::shown::Leaf;
use crate::proto::session::{Input, Output, Session as _};

const LIST: &str = "<!DOCTYPE html>\n<html lang=\"en\"><body data-page=\"folder\"><form><input type=\"hidden\" name=\"csrf\" value=\"t&quot;1\">\
    </form><p role=\"alert\">Oh.</p><ul><li>No &lt;b&gt;.</li></ul><table data-validity=\"7\"><tr class=\"new\" data-uid=\"3\" data-size=\"12\" \
    data-id=\"&lt;a@b&gt;\" data-from=\"x@y\" data-flags=\"\\Seen \\Odd\" data-parts=\"2 image/png 9;x\"><td><input id=\"uid-3\">\
    <a href=\"/message\">5 &lt; 6 &amp;lt;</a></tr></table><a rel=\"next\" href=\"/folder?name=INBOX&amp;page=2\">Older</a>\
    <pre id=\"text\">\n\nhi\n</pre></body></html>";

#[test]
fn a_page_says_what_is_in_it() {
    let page = Page::read(LIST.as_bytes());
    assert_eq!((page.kind(), page.token(), page.next()), ("folder", Some("t\"1"), Some("/folder?name=INBOX&page=2")));
    assert_eq!((page.text(), page.alert().as_deref()), (Some("\nhi\n"), Some("Oh. No <b>.")));
    let rows = page.rows();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.message, row.bytes, row.unique.as_deref()), (Handle(3), 12, Some("7/3")));
    assert_eq!((row.message_id.as_deref(), row.subject.as_deref()), (Some("<a@b>"), Some("5 < 6 &lt;")));
    assert_eq!(row.marks, [Mark::Seen]);
    let file = Leaf { place: "2".to_owned(), media: "image/png".to_owned(), octets: 9, file: true };
    assert_eq!(row.parts, [file]);
}

fn response(fields: &str, page: &str) -> Vec<u8> {
    format!("HTTP/1.1 {fields}\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes()
}

/// What a session says and tells.
fn outputs(client: &mut Client) -> (String, Vec<MailboxEvent>, bool) {
    let (mut said, mut told, mut closed) = (String::new(), Vec::new(), false);
    while let Some(output) = client.poll() {
        match output {
            Output::Transmit(bytes) => said.push_str(&String::from_utf8_lossy(&bytes)),
            Output::Event(event) => told.push(event),
            Output::Close => closed = true,
        }
    }
    (said, told, closed)
}

/// Would break if pieces of a response counted as more than their octets.
#[test]
fn a_session_goes_the_same_way_octet_by_octet() {
    let html = "200 OK\r\nContent-Type: text/html; charset=utf-8";
    let login = response(
        &format!("{html}\r\nSet-Cookie: visit=v; Path=/"),
        "<body data-page=\"login\"><link rel=\"stylesheet\" href=\"/style.css\"><input name=\"csrf\" value=\"v\">",
    );
    let replies = [
        login,
        response("200 OK\r\nContent-Type: text/css", "p{}"),
        response("303 See Other\r\nLocation: /folder?name=INBOX\r\nSet-Cookie: session=s", ""),
        response(html, LIST),
        response(html, LIST),
    ];
    let run = |size: usize| {
        let mut client = Client::new("crepes.fr".into(), "alice".into(), "hungry&".into());
        let folder = "INBOX".to_owned();
        client.ask(SimTime::ZERO, Task::Open { message: Handle(3), part: Part::Text });
        client.handle(SimTime::ZERO, Input::Start);
        let mut all = outputs(&mut client);
        for reply in &replies {
            for piece in reply.chunks(size) {
                client.handle(SimTime::ZERO, Input::Bytes(piece));
            }
            let (said, told, _) = outputs(&mut client);
            all.0.push_str(&said);
            all.1.extend(told);
        }
        client.ask(SimTime::ZERO, Task::Move { message: Handle(3), folder });
        all.0.push_str(&outputs(&mut client).0);
        all
    };
    let whole = run(usize::MAX);
    assert!(
        whole.0.contains("Cookie: visit=v\r\n") && whole.0.contains("user=alice&password=hungry%26&csrf=v"),
        "{}",
        whole.0
    );
    assert!(whole.0.contains("GET /folder?name=INBOX HTTP/1.1\r\n") && whole.0.contains("Cookie: session=s; visit=v"));
    assert!(whole.0.ends_with("folder=INBOX&uid=3&do=move&to=INBOX&csrf=t%221"), "{}", whole.0);
    assert_eq!(whole.1[0], MailboxEvent::Open);
    let opened = Done::Opened { message: Handle(3), part: Part::Text, content: b"\r\nhi\r\n".to_vec() };
    assert_eq!(whole.1[1..], [MailboxEvent::Done(opened)]);
    assert_eq!(run(1), whole);
    assert_eq!(run(7), whole);
}

/// Would break if a connection that the server closed ended the session, or a form were sent twice.
#[test]
fn pages_are_asked_for_again_and_forms_are_not() {
    let enter = || {
        let mut client = Client::new("crepes.fr".into(), "alice".into(), "x".into());
        client.handle(SimTime::ZERO, Input::Start);
        let html = "200 OK\r\nContent-Type: text/html";
        client.handle(SimTime::ZERO, Input::Bytes(&response(html, "<body data-page=\"login\">")));
        client.handle(SimTime::ZERO, Input::Bytes(&response(html, "<body data-page=\"folder\">")));
        let (_, told, _) = outputs(&mut client);
        assert_eq!(told, [MailboxEvent::Open]);
        client
    };
    let mut idle = enter();
    idle.handle(SimTime::ZERO, Input::EndOfStream);
    let (_, told, closed) = outputs(&mut idle);
    assert!(told.is_empty() && closed && idle.outlasts_connection() && !idle.wants_connection());
    idle.ask(SimTime::ZERO, Task::Open { message: Handle(1), part: Part::Whole });
    assert!(idle.wants_connection() && outputs(&mut idle).0.is_empty());
    idle.handle(SimTime::ZERO, Input::Start);
    assert!(outputs(&mut idle).0.starts_with("GET /raw?folder=INBOX&uid=1 HTTP/1.1\r\n"));
    idle.handle(SimTime::ZERO, Input::EndOfStream);
    assert!(outputs(&mut idle).1.is_empty() && idle.wants_connection());
    for _ in 0..2 {
        idle.handle(SimTime::ZERO, Input::Start);
        idle.handle(SimTime::ZERO, Input::EndOfStream);
    }
    assert!(matches!(outputs(&mut idle).1[..], [MailboxEvent::Failed(_)]) && !idle.outlasts_connection());
    let mut posting = enter();
    posting.ask(SimTime::ZERO, Task::Delete { message: Handle(1) });
    posting.handle(SimTime::ZERO, Input::EndOfStream);
    assert!(matches!(outputs(&mut posting).1[..], [MailboxEvent::Failed(_)]));
}

/// Would break if a server that forgets whoever has logged in were asked for ever.
#[test]
fn a_server_that_always_forgets_is_left() {
    let mut client = Client::new("crepes.fr".into(), "alice".into(), "x".into());
    client.handle(SimTime::ZERO, Input::Start);
    client.ask(SimTime::ZERO, Task::Open { message: Handle(1), part: Part::Text });
    let html = "200 OK\r\nContent-Type: text/html";
    for page in ["login", "folder", "login", "folder", "login"] {
        let (_, told, closed) = outputs(&mut client);
        assert!(!closed && !told.iter().any(|event| matches!(event, MailboxEvent::Failed(_))), "{told:?}");
        client.handle(SimTime::ZERO, Input::Bytes(&response(html, &format!("<body data-page=\"{page}\">"))));
    }
    let (said, told, _) = outputs(&mut client);
    assert!(said.is_empty() && matches!(told[..], [MailboxEvent::Failed(_)]), "{said} {told:?}");
}

proptest! {
    #[test]
    fn no_octets_bring_it_down(octets in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), cut in 1..40_usize) {
        let _ = Page::read(&octets).rows();
        let mut page = LIST.as_bytes().to_vec();
        let at = at.index(page.len());
        page.splice(at..at, octets.iter().copied());
        let page = Page::read(&page);
        let _ = (page.rows(), page.fields(), page.alert(), page.text());
        let mut client = Client::new("crepes.fr".into(), "alice".into(), "x".into());
        client.ask(SimTime::ZERO, Task::List { folder: "INBOX".into(), behind: None, detail: crate::proto::mailbox::Detail::Lines });
        client.handle(SimTime::ZERO, Input::Start);
        let reply = response("200 OK\r\nContent-Type: text/html", &String::from_utf8_lossy(&octets));
        for piece in reply.chunks(cut).chain(octets.chunks(cut)) {
            client.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        outputs(&mut client);
    }
}
