//! The server's end alone: what it takes, what it refuses, and when it closes.

use proptest::prelude::*;

use crate::base::{SimDuration, SimTime};
use crate::proto::http::{Conduct, Fault, Fields, Method, Request, Response, Server, ServerEvent};
use crate::proto::session::{Input, Output, Session};

/// What a server did with some octets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    requests: Vec<Request>,
    faults: Vec<Fault>,
    said: Vec<u8>,
    closed: bool,
}

impl Seen {
    /// Takes all outputs; each request is answered with its own method, target and content.
    fn drain(&mut self, server: &mut Server, now: SimTime) {
        while let Some(output) = server.poll() {
            match output {
                Output::Transmit(bytes) => self.said.extend(bytes),
                Output::Event(ServerEvent::Request(request)) => {
                    let mut echo = format!("{} {} ", request.method, request.target).into_bytes();
                    echo.extend_from_slice(&request.content);
                    server.respond(now, &Response::new(200, "text/plain", echo));
                    self.requests.push(request);
                }
                Output::Event(ServerEvent::Refused(fault)) => self.faults.push(fault),
                Output::Close => self.closed = true,
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }
}

fn serve<'a>(conduct: &Conduct, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut server = Server::new(conduct.clone());
    let mut seen = Seen::default();
    server.handle(SimTime::ZERO, Input::Start);
    for piece in pieces {
        server.handle(SimTime::ZERO, Input::Bytes(piece));
        seen.drain(&mut server, SimTime::ZERO);
    }
    seen
}

fn whole(text: &[u8]) -> Seen {
    serve(&Conduct::default(), [text])
}

/// In one piece and octet by octet: the same.
fn both_ways(text: &[u8]) -> Seen {
    let seen = whole(text);
    assert_eq!(serve(&Conduct::default(), text.chunks(1)), seen, "{}", text.escape_ascii());
    seen
}

/// Would break if pipelined requests were mixed up, or a content leaked into the next request.
#[test]
fn pipelined_requests_are_answered_in_order() {
    let text = b"GET /a HTTP/1.1\r\nHost: w\r\n\r\nPOST /b?x=1 HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\n\r\nab\0\xffe\
        \r\nPUT http://other/c HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n\
        HEAD /d HTTP/1.1\r\nHOST: w\r\n\r\nDELETE /e HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: w\r\n\r\n";
    let seen = both_ways(text);
    let asked: Vec<_> =
        seen.requests.iter().map(|r| (r.method.name(), r.target.as_str(), r.content.as_slice())).collect();
    let expected: [(&str, &str, &[u8]); 5] = [
        ("GET", "/a", b""),
        ("POST", "/b?x=1", b"ab\0\xffe"),
        ("PUT", "/c", b"abc0123456789"),
        ("HEAD", "/d", b""),
        ("DELETE", "/e", b""),
    ];
    assert_eq!(asked, expected);
    assert_eq!(seen.requests[2].fields.first("Host"), Some("other"));
    assert!(seen.closed);
    let said = seen.text();
    assert_eq!(said.matches("HTTP/1.1 200 OK\r\n").count(), 5);
    assert!(said.contains("Content-Length: 8\r\n\r\nHTTP/1.1 200"), "HEAD has a length and no content: {said}");
    assert!(said.ends_with("Content-Length: 10\r\nConnection: close\r\n\r\nDELETE /e "), "{said}");
}

const HEAD: &str = "POST / HTTP/1.1\r\nHost: w\r\n";

/// Would break if two readers could see different requests in what came (request smuggling), or if a request that
/// is no HTTP were taken for one.
#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let fields = [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
        ("Content-Length: 5\r\nContent-Length: 6", 400),
        ("Content-Length: 5\r\nContent-Length: 5", 400),
        ("Content-Length: 5, 5", 400),
        ("Content-Length: +5", 400),
        ("Content-Length: -5", 400),
        ("Content-Length: 0x5", 400),
        ("Content-Length:", 400),
        ("Content-Length: 5 5", 400),
        ("Content-Length: 99999999999999999999999", 413),
        ("Content-Length: 99999999999", 413),
        ("Content-Length : 5", 400),
        ("Content-Length\t: 5", 400),
        (" Content-Length: 5", 400),
        ("X: a\r\n b", 400),
        ("X: a\r\n\tb", 400),
        ("X: a\nContent-Length: 5", 400),
        ("X: a\rContent-Length: 5", 400),
        ("X: a\0b", 400),
        ("X\0: b", 400),
        (": nameless", 400),
        ("no colon", 400),
        ("Transfer-Encoding: gzip", 400),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: chunked, gzip", 400),
        ("Transfer-Encoding: chunked, chunked", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: xchunked", 400),
        ("Transfer-Encoding: \x0bchunked", 400),
        ("Transfer-Encoding:", 400),
        ("Host: again", 400),
        ("Expect: the-unexpected", 417),
    ];
    for (field, status) in fields {
        let seen = both_ways(format!("{HEAD}{field}\r\n\r\n0\r\n\r\n").as_bytes());
        assert!(seen.requests.is_empty() && seen.closed, "{field:?}: {seen:?}");
        assert!(seen.text().starts_with(&format!("HTTP/1.1 {status} ")), "{field:?}: {}", seen.text());
    }
    for chunk in [
        "5\n",
        "\r\n",
        " 5\r\n",
        "5 \r\n",
        "0x5\r\n",
        "+5\r\n",
        "-1\r\n",
        "5g\r\n",
        "5;a\rb\r\n",
        "5;a\0\r\n",
        "5\n;a\r\n",
        "5\r\nabcdefg\r\n",
        "5\r\nabcde0\r\n",
        "5\r\nabcde\n0\r\n",
        "0\r\nX : y\r\n\r\n",
        "0\r\n folded\r\n\r\n",
        ";\r\n",
    ] {
        let seen = both_ways(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{chunk}").as_bytes());
        assert!(seen.requests.is_empty() && seen.closed, "{chunk:?}");
        assert!(seen.text().starts_with("HTTP/1.1 400 "), "{chunk:?}: {}", seen.text());
    }
    for chunk in ["fffffffff\r\n", "ffffffffffffffff\r\n", "10000000000000000\r\n"] {
        let seen = both_ways(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{chunk}").as_bytes());
        assert!(seen.text().starts_with("HTTP/1.1 413 "), "{chunk:?}: {}", seen.text());
    }
}

/// Would break if a request line or a Host that is none were taken.
#[test]
fn lines_and_hosts_are_judged() {
    let lines = [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("G\u{e4}T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET relative HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /#part HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /\u{fc} HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("CONNECT h:25 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        ("GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505),
        ("GET / http/1.1\r\nHost: h\r\n\r\n", 400),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ];
    for (text, status) in lines {
        let seen = both_ways(text.as_bytes());
        assert!(seen.requests.is_empty() && seen.closed, "{text:?}");
        assert!(seen.text().starts_with(&format!("HTTP/1.1 {status} ")), "{text:?}: {}", seen.text());
    }
    for text in [
        "GET / HTTP/1.0\r\n\r\n",
        "\r\nGET / HTTP/1.7\r\nHost: [::1]:80\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    ] {
        assert_eq!(both_ways(text.as_bytes()).requests.len(), 1, "{text:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(9000));
    assert_eq!(both_ways(long.as_bytes()).faults, [Fault::LongTarget]);
    let endless = vec![b'x'; 20_000];
    assert_eq!(both_ways(&endless).faults, [Fault::LongTarget]);
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    assert_eq!(both_ways(format!("{HEAD}{many}\r\n").as_bytes()).faults, [Fault::LargeFields]);
    let wide = format!("{HEAD}X: {}\r\n\r\n", "y".repeat(20_000));
    assert_eq!(both_ways(wide.as_bytes()).faults, [Fault::LargeFields]);
    let drip = format!("{HEAD}X: {}", "y".repeat(20_000));
    assert_eq!(both_ways(drip.as_bytes()).faults, [Fault::LargeFields]);
}

/// Would break if a server of one request a connection went on, or chunks were sent to who knows none.
#[test]
fn connections_end_as_they_should() {
    let two = b"GET /1 HTTP/1.1\r\nHost: w\r\n\r\nGET /2 HTTP/1.1\r\nHost: w\r\n\r\nGET /3 HTTP/1.1\r\nHost: w\r\n\r\n";
    let count = |conduct: &Conduct| {
        let seen = serve(conduct, [two.as_slice()]);
        (seen.requests.len(), seen.closed)
    };
    let usual = Conduct::default();
    assert_eq!(count(&usual), (3, false));
    assert_eq!(count(&Conduct { persistent: false, ..usual.clone() }), (1, true));
    assert_eq!(count(&Conduct { requests: Some(2), ..usual.clone() }), (2, true));
    let old = b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\nGET /3 HTTP/1.0\r\n\r\n";
    let seen = serve(&Conduct { chunk: Some(4), ..usual.clone() }, [old.as_slice()]);
    assert_eq!((seen.requests.len(), seen.closed), (2, true));
    assert!(seen.text().contains("Connection: keep-alive\r\n\r\nGET /1 "), "{}", seen.text());
    let seen = serve(&Conduct { chunk: Some(4), ..usual }, [two.as_slice()]);
    assert!(
        seen.text().contains("Transfer-Encoding: chunked\r\n\r\n4\r\nGET \r\n3\r\n/1 \r\n0\r\n\r\n"),
        "{}",
        seen.text()
    );
}

/// Would break if a silent client were waited for without end, or one who waits for 100 never heard it.
#[test]
fn time_and_expectations() {
    let conduct = Conduct { keep_alive: SimDuration::from_secs(5), ..Conduct::default() };
    let mut server = Server::new(conduct);
    let mut seen = Seen::default();
    server.handle(SimTime::ZERO, Input::Start);
    assert_eq!(server.deadline(), SimTime::ZERO + SimDuration::from_secs(5));
    server.handle(
        SimTime::ZERO,
        Input::Bytes(b"PUT /f HTTP/1.1\r\nHost: w\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
    );
    seen.drain(&mut server, SimTime::ZERO);
    assert_eq!(seen.text(), "HTTP/1.1 100 Continue\r\n\r\n");
    let mut other = Server::new(Conduct::default());
    let mut of_other = Seen::default();
    other.handle(SimTime::ZERO, Input::Start);
    let early = b"PUT /f HTTP/1.1\r\nHost: w\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\na";
    other.handle(SimTime::ZERO, Input::Bytes(early));
    of_other.drain(&mut other, SimTime::ZERO);
    assert_eq!(of_other.text(), "", "who has begun to send the content does not wait");
    let late = SimTime::ZERO + SimDuration::from_secs(60);
    assert_eq!(server.deadline(), late);
    server.handle(late, Input::Tick);
    seen.drain(&mut server, late);
    assert_eq!((seen.faults.as_slice(), seen.closed), ([Fault::Late].as_slice(), true));

    let mut server = Server::new(Conduct::default());
    let mut seen = Seen::default();
    server.handle(SimTime::ZERO, Input::Start);
    server.handle(server.deadline(), Input::Tick);
    seen.drain(&mut server, SimTime::ZERO);
    assert_eq!((seen.said.as_slice(), seen.closed), (b"".as_slice(), true), "nothing was asked, nothing is said");
}

/// Would break if a half-closed connection lost the answer to what it had asked.
#[test]
fn who_says_no_more_is_still_answered() {
    let mut server = Server::new(Conduct::default());
    let mut seen = Seen::default();
    server.handle(SimTime::ZERO, Input::Start);
    server.handle(
        SimTime::ZERO,
        Input::Bytes(b"GET /1 HTTP/1.1\r\nHost: w\r\n\r\nGET /2 HTTP/1.1\r\nHost: w\r\n\r\nGET /3"),
    );
    server.handle(SimTime::ZERO, Input::EndOfStream);
    seen.drain(&mut server, SimTime::ZERO);
    assert_eq!((seen.requests.len(), seen.closed), (2, true));
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"GET / HTTP/1.1\r\n",
        b"Host: w\r\n",
        b"\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"Expect: 100-continue\r\n",
        b"abc",
        b"\n",
        b"\r",
        b"\0",
        b"Connection: close\r\n",
        b"POST /x HTTP/1.0\r\n",
        b": ",
        b"\xff",
    ];
    prop_oneof![
        4 => proptest::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
    ]
}

proptest! {
    /// Would break on any octets that make the server panic, or see something else when they come in other pieces.
    #[test]
    fn pieces_do_not_matter(parts in proptest::collection::vec(piece(), 0..24), cuts in proptest::collection::vec(1usize..9, 1..64)) {
        let text = parts.concat();
        let seen = whole(&text);
        prop_assert_eq!(&serve(&Conduct::default(), text.chunks(1)).requests, &seen.requests);
        let mut rest = text.as_slice();
        let mut pieces = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (first, other) = rest.split_at((*cut).min(rest.len()));
            pieces.push(first);
            rest = other;
        }
        let again = serve(&Conduct::default(), pieces);
        prop_assert_eq!(&again.requests, &seen.requests);
        prop_assert_eq!(&again.faults, &seen.faults);
        prop_assert_eq!(again.closed, seen.closed);
    }
}

/// Would break if fields were looked up by their case.
#[test]
fn fields_have_no_case() {
    let fields = Fields::default().with("Set-Cookie", "a=1").with("set-cookie", "b=2");
    assert_eq!(fields.first("SET-COOKIE"), Some("a=1"));
    assert_eq!(fields.all("Set-cookie").count(), 2);
    assert_eq!(Method::named("get"), Method::Other("get".into()));
}
