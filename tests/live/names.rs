//! Questions to the simulated resolvers and name servers, by datagrams and over TCP.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use posthaste::proto::dns::stream::framed;
use posthaste::proto::dns::{Edns, Message, Name, Question, Rcode, RecordData, Rtype};

use super::lecture_at_once;
use super::served::{Client, PATIENCE, Served};

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    socket
}

fn query(id: u16, name: &str, rtype: Rtype) -> Message {
    let question = Question { name: Name::parse(name).unwrap(), rtype };
    Message::query(id, question, true)
}

/// Asks until there is an answer: datagrams may be lost.
#[track_caller]
fn ask(socket: &UdpSocket, at: SocketAddr, query: &Message) -> Message {
    let mut buffer = [0; 65_536];
    for _ in 0..PATIENCE.as_secs() / 3 {
        socket.send_to(&query.encode(512), at).unwrap();
        if let Ok((count, from)) = socket.recv_from(&mut buffer) {
            assert_eq!(from, at);
            let answer = Message::decode(&buffer[..count]).unwrap();
            // A repeated question has two answers.
            if answer.id == query.id {
                return answer;
            }
        }
    }
    panic!("nobody answers");
}

fn exchanges(answer: &Message) -> Vec<String> {
    let exchange = |data: &RecordData| {
        let RecordData::Mx { exchange, .. } = data else { return None };
        Some(exchange.to_string())
    };
    answer.answers.iter().filter_map(|record| exchange(&record.data)).collect()
}

/// Would break if a question did not reach the resolver, or its answer not the client.
#[test]
fn a_resolver_answers() {
    let mut served = lecture_at_once(&[]);
    let at = served.at("dns", "resolver.crepes.fr");
    let socket = socket();
    let answer = ask(&socket, at, &query(7, "hamburger.edu", Rtype::Mx));
    assert_eq!((answer.id, answer.rcode, answer.flags.qr, answer.flags.ra), (7, Rcode::NoError, true, true));
    assert_eq!(exchanges(&answer), ["hamburger.edu"]);
    let missing = ask(&socket, at, &query(8, "no.such.name.hamburger.edu", Rtype::A));
    assert_eq!((missing.rcode, missing.answers.len()), (Rcode::NxDomain, 0));
    assert!(served.command("cache resolver.crepes.fr").contains("hamburger.edu"));
    assert_eq!(served.command("cache crepes.fr"), "no resolver there");
    let ended = served.quit();
    assert!(ended.metric("dns.queries") >= 3.0);
}

/// Would break if an answer came from another server than the one that was asked, or went to another client.
#[test]
fn each_server_answers_for_itself_and_each_client_gets_its_own() {
    let served = lecture_at_once(&[]);
    let root = served.at("dns", "a.root-servers.net");
    let referral = ask(&socket(), root, &query(1, "hamburger.edu", Rtype::Mx));
    assert!(referral.answers.is_empty() && !referral.authorities.is_empty(), "a root server refers");
    let own = ask(&socket(), served.at("dns", "ns.hamburger.edu"), &query(2, "hamburger.edu", Rtype::Mx));
    assert!(own.flags.aa && exchanges(&own) == ["hamburger.edu"]);
    let clients: Vec<UdpSocket> = (0..50).map(|_| socket()).collect();
    let at = served.at("dns", "resolver.hamburger.edu");
    for (id, client) in (100..).zip(&clients) {
        client.send_to(&query(id, "crepes.fr", Rtype::Mx).encode(512), at).unwrap();
    }
    for (id, client) in (100..).zip(&clients) {
        let mut buffer = [0; 512];
        match client.recv(&mut buffer) {
            Ok(count) => assert_eq!(Message::decode(&buffer[..count]).unwrap().id, id),
            // Lost between two sockets of this computer, whose buffers are finite.
            Err(_) => assert_eq!(exchanges(&ask(client, at, &query(id, "crepes.fr", Rtype::Mx))), ["crepes.fr"]),
        }
    }
    served.quit();
}

/// Would break if octets that are no question stopped the service, or stood in the way of questions.
#[test]
fn garbage_hurts_nobody() {
    let served = lecture_at_once(&[]);
    let at = served.at("dns", "resolver.crepes.fr");
    let socket = socket();
    let whole = query(1, "crepes.fr", Rtype::Mx).encode(512);
    let mut state = 1_u32;
    for length in [0, 1, 11, 12, 13, 100, 511, 512, 513, 9_000, 65_507] {
        let octets: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        socket.send_to(&octets, at).unwrap();
        socket.send_to(&whole[..whole.len().min(length)], at).unwrap();
    }
    // An answer is no question either.
    let mut answer = query(2, "crepes.fr", Rtype::Mx);
    answer.flags.qr = true;
    socket.send_to(&answer.encode(512), at).unwrap();
    assert_eq!(exchanges(&ask(&socket, at, &query(3, "crepes.fr", Rtype::Mx))), ["crepes.fr"]);
    served.quit();
}

/// Would break if a question that nobody answers kept the world of speed `max` for ever.
#[test]
fn a_question_to_a_dead_server_holds_nothing_up() {
    let mut served = lecture_at_once(&[]);
    served.command("fail resolver.crepes.fr");
    let at = served.at("dns", "resolver.crepes.fr");
    socket().send_to(&query(1, "crepes.fr", Rtype::Mx).encode(512), at).unwrap();
    let mut client = served.client("smtp", "crepes.fr");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"hi\r\n");
    // Its server asks the same resolver; the message waits.
    served.until("queue", |answer| answer.contains("for bob@hamburger.edu: 1 attempt, retry at"));
    served.command("restore resolver.crepes.fr");
    assert_eq!(exchanges(&ask(&socket(), at, &query(2, "hamburger.edu", Rtype::Mx))), ["hamburger.edu"]);
    served.command("flush");
    served.until("mail bob", |answer| answer.contains(": 1 message,"));
    served.quit();
}

/// A message read from a stream, with its length in front.
fn heard(stream: &mut &TcpStream) -> Message {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut octets).unwrap();
    Message::decode(&octets).unwrap()
}

/// RFC 7766 6.2.1: would break if an answer were lost, went astray or came in pieces that do not fit together, whether the
/// questions come in one piece or octet by octet.
#[test]
fn names_over_tcp_are_answered_in_a_row() {
    let served: Served = lecture_at_once(&[]);
    let at = served.at("dns", "resolver.crepes.fr");
    let octets: Vec<u8> = (1..=20)
        .flat_map(|id| {
            framed(&query(id, if id % 2 == 0 { "crepes.fr" } else { "hamburger.edu" }, Rtype::Mx).encode(512))
        })
        .collect();
    for size in [octets.len(), 1] {
        let client = Client::connect(at);
        let mut stream = client.stream();
        stream.set_nodelay(true).unwrap();
        octets.chunks(size).for_each(|piece| stream.write_all(piece).unwrap());
        let answers: BTreeMap<u16, Vec<String>> =
            (0..20).map(|_| heard(&mut stream)).map(|answer| (answer.id, exchanges(&answer))).collect();
        assert_eq!(answers.len(), 20);
        assert!(answers.iter().all(|(id, mx)| *mx == [if id % 2 == 0 { "crepes.fr" } else { "hamburger.edu" }]));
    }
    served.quit();
}

/// RFC 7766 6.2.3, 6.2.4: a client that has closed its side gets its answer and then the end; one that says nothing, half a
/// question, or what is none, gets the end.
#[test]
fn connections_for_names_end() {
    let served: Served = lecture_at_once(&[]);
    let at = served.at("dns", "ns.crepes.fr");
    let client = Client::connect(at);
    let mut stream = client.stream();
    stream.write_all(&framed(&query(1, "crepes.fr", Rtype::Mx).encode(512))).unwrap();
    client.half_close();
    assert_eq!(exchanges(&heard(&mut stream)), ["crepes.fr"]);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let clients = [&b""[..], b"\x01", b"\x40\x00\x01", b"\x00\x00", b"\x00\x05hello"].map(|octets| {
        let mut client = Client::connect(at);
        client.send(octets);
        client
    });
    clients.into_iter().for_each(|mut client| client.hears_the_end());
    served.quit();
}

/// RFC 2181 9, RFC 6891: would break if a long answer lost records over TCP, or were longer than its asker takes over UDP.
#[test]
fn long_answers_from_a_master_file_need_tcp_or_edns() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("yard.zone");
    let strings: String = (0..9).map(|n| format!("big TXT {}\n", n.to_string().repeat(100))).collect();
    fs::write(&file, format!("$TTL 1h\n@ SOA ns root 1 2h 15m 2w 5m\n@ NS ns\n{strings}")).unwrap();
    let zone = format!("/dns/zones/yard.test={{\"file\": {:?}}}", file.display().to_string());
    let served = lecture_at_once(&["--set", &zone]);
    for server in ["ns.yard.test", "resolver.crepes.fr"] {
        let at = served.at("dns", server);
        let mut asked = query(1, "bIg.yard.test", Rtype::Txt);
        let cut = ask(&socket(), at, &asked);
        assert!(cut.flags.tc && cut.answers.len() < 9 && cut.edns.is_none());
        assert_eq!(cut.questions[0].name.to_string(), "bIg.yard.test", "letter for letter");
        asked.edns = Some(Edns { udp_size: 4096, version: 0, dnssec_ok: false });
        let whole = ask(&socket(), at, &asked);
        assert!(!whole.flags.tc && whole.answers.len() == 9 && whole.edns.is_some());
        let client = Client::connect(at);
        let mut stream = client.stream();
        stream.write_all(&framed(&query(2, "big.yard.test", Rtype::Txt).encode(512))).unwrap();
        assert_eq!(heard(&mut stream).answers.len(), 9);
    }
    served.quit();
}
