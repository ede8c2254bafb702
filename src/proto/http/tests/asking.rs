//! The client's end, alone against octets and together with the server's.

use proptest::prelude::*;

use crate::base::SimTime;
use crate::proto::http::{
    Client, ClientEvent, Conduct, End, Fault, Manner, Method, Request, Response, Server, ServerEvent, Version,
};
use crate::proto::session::{Input, Output, Session};

fn drain(client: &mut Client) -> (Vec<ClientEvent>, Vec<u8>) {
    let (mut events, mut said) = (Vec::new(), Vec::new());
    while let Some(output) = client.poll() {
        match output {
            Output::Transmit(bytes) => said.extend(bytes),
            Output::Event(event) => events.push(event),
            Output::Close => {}
        }
    }
    (events, said)
}

/// What a client with so many requests under way makes of these octets, in pieces of that size.
fn hear(methods: &[Method], text: &[u8], size: usize, ends: bool) -> Vec<Result<(u16, String), End>> {
    let mut client = Client::new(Manner::default());
    client.handle(SimTime::ZERO, Input::Start);
    for method in methods {
        client.ask(SimTime::ZERO, &Request::new(method.clone(), "w", "/"));
    }
    let mut events = drain(&mut client).0;
    for piece in text.chunks(size) {
        client.handle(SimTime::ZERO, Input::Bytes(piece));
        events.extend(drain(&mut client).0);
    }
    if ends {
        client.handle(SimTime::ZERO, Input::EndOfStream);
        events.extend(drain(&mut client).0);
    }
    let seen = |event| match event {
        ClientEvent::Answered(answer) => {
            let Response { status, content, .. } = answer.response;
            Ok((status, String::from_utf8_lossy(&content).into_owned()))
        }
        ClientEvent::Ended(end) => Err(end),
    };
    events.into_iter().map(seen).collect()
}

fn hear_both(methods: &[Method], text: &str, ends: bool) -> Vec<Result<(u16, String), End>> {
    let whole = hear(methods, text.as_bytes(), usize::MAX, ends);
    assert_eq!(hear(methods, text.as_bytes(), 1, ends), whole, "{text:?}");
    whole
}

/// Would break if the end of a response were found elsewhere than RFC 9112 6.3 says.
#[test]
fn responses_end_where_they_should() {
    let get = [Method::Get];
    let ok = |status, text: &str| Ok((status, text.to_owned()));
    assert_eq!(hear_both(&get, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false), [ok(200, "abc")]);
    assert_eq!(
        hear_both(&get, "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false),
        [ok(200, "abc")]
    );
    let until_close = "HTTP/1.0 200 OK\r\n\r\nabc";
    assert_eq!(hear_both(&get, until_close, false), []);
    assert_eq!(hear_both(&get, until_close, true), [ok(200, "abc"), Err(End::Over)]);
    assert_eq!(hear_both(&get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", false), [ok(304, "")]);
    assert_eq!(hear_both(&[Method::Head], "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", false), [ok(200, "")]);
    assert_eq!(
        hear_both(
            &get,
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
            false
        ),
        [ok(204, "")]
    );
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(hear_both(&get, close, false), [ok(200, ""), Err(End::Over)]);
    let two = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nb";
    assert_eq!(hear_both(&[Method::Get, Method::Get], two, false), [ok(200, "a"), ok(404, "b")]);
    assert_eq!(hear_both(&get, two, false)[1], Err(End::Over), "what was not asked is not heard");
}

/// Would break if half a response were taken for a whole one, or nonsense for a response.
#[test]
fn broken_responses_end_the_connection() {
    let get = [Method::Get];
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 2",
    ] {
        assert_eq!(hear_both(&get, cut, true), [Err(End::Cut)], "{cut:?}");
    }
    assert_eq!(hear_both(&get, "", true), [Err(End::Over)], "closed before anything came: it can be asked again");
    for bad in [
        "220 mail.example ESMTP\r\n\r\n",
        "HTTP/1.1 99 x\r\n\r\n",
        "HTTP/1.1 2000 x\r\n\r\n",
        "HTTP/1.1 200 OK\nX: y\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ] {
        assert_eq!(hear_both(&get, bad, false), [Err(End::Fault(Fault::Malformed))], "{bad:?}");
    }
}

/// Both ends together, octets in pieces of that size each way.
fn talk(manner: Manner, conduct: Conduct, requests: &[Request], size: usize) -> Vec<(u16, Vec<u8>)> {
    let (mut client, mut server) = (Client::new(manner), Server::new(conduct));
    let now = SimTime::ZERO;
    client.handle(now, Input::Start);
    server.handle(now, Input::Start);
    requests.iter().for_each(|request| client.ask(now, request));
    let mut answers = Vec::new();
    loop {
        let (events, said) = drain(&mut client);
        for event in events {
            if let ClientEvent::Answered(answer) = event {
                let own = requests[answers.len()].content.len() as u64;
                assert!(answer.request_octets > own && answer.response_octets > answer.response.content.len() as u64);
                answers.push((answer.response.status, answer.response.content));
            }
        }
        if said.is_empty() {
            return answers;
        }
        for piece in said.chunks(size) {
            server.handle(now, Input::Bytes(piece));
            while let Some(output) = server.poll() {
                match output {
                    Output::Transmit(bytes) => {
                        bytes.chunks(size).for_each(|piece| client.handle(now, Input::Bytes(piece)))
                    }
                    Output::Event(ServerEvent::Request(request)) => {
                        let mut content = format!("{} {} ", request.method, request.target).into_bytes();
                        content.extend_from_slice(&request.content);
                        server.respond(now, &Response::new(200, "application/octet-stream", content));
                    }
                    Output::Event(ServerEvent::Refused(fault)) => panic!("{fault:?}"),
                    Output::Close => client.handle(now, Input::EndOfStream),
                }
            }
        }
    }
}

proptest! {
    /// Would break if any content, in any framing, version and pieces, came out otherwise than it went in.
    #[test]
    fn contents_go_both_ways(
        contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..5),
        chunk in proptest::option::of(1usize..70), size in 1usize..200, persistent: bool, old: bool,
    ) {
        let requests: Vec<Request> = contents.iter().map(|content| {
            let method = if content.is_empty() { Method::Delete } else { Method::Post };
            Request { content: content.clone(), ..Request::new(method, "w", "/x") }
        }).collect();
        let version = if old { Version::Http10 } else { Version::Http11 };
        let answers = talk(Manner { persistent, version, ..Manner::default() }, Conduct { chunk, ..Conduct::default() }, &requests, size);
        prop_assert_eq!(answers.len(), if persistent { contents.len() } else { 1 });
        for ((status, answer), request) in answers.iter().zip(&requests) {
            prop_assert_eq!(*status, 200);
            let start = format!("{} /x ", request.method);
            prop_assert!(answer.starts_with(start.as_bytes()));
            prop_assert_eq!(&answer[start.len()..], request.content.as_slice());
        }
    }

    /// Would break on octets that make the client panic.
    #[test]
    fn no_octets_harm_a_client(parts in proptest::collection::vec(proptest::sample::select(vec![
        "HTTP/1.1 200 OK\r\n", "HTTP/1.0 304 x\r\n", "\r\n", "Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n", "0\r\n\r\n",
        "HTTP/1.1 100 C\r\n\r\n", "\n", "\0", "ab", "Connection: close\r\n", "\u{ff}",
    ]), 0..24), ends: bool) {
        let text = parts.concat();
        hear(&[Method::Get, Method::Head, Method::Get], text.as_bytes(), 3, ends);
    }
}
