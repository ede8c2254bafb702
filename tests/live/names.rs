//! Questions to the simulated resolvers and name servers, by datagrams.

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use posthaste::proto::dns::{Message, Name, Question, Rcode, RecordData, Rtype};

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
    let exchange = |data: &RecordData| match data {
        RecordData::Mx { exchange, .. } => Some(exchange.to_string()),
        _ => None,
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
    served.until("queue", |answer| answer.contains("for bob@hamburger.edu: 1 attempts, retry at"));
    served.command("restore resolver.crepes.fr");
    assert_eq!(exchanges(&ask(&socket(), at, &query(2, "hamburger.edu", Rtype::Mx))), ["hamburger.edu"]);
    served.command("flush");
    served.until("mail bob", |answer| answer.contains(": 1 messages"));
    served.quit();
}

/// Would break if a connection to the DNS port, where no simulated server listens, stayed open.
#[test]
fn names_over_tcp_are_refused_as_in_the_simulation() {
    let served: Served = lecture_at_once(&[]);
    let at = served.at("dns", "resolver.crepes.fr");
    assert!(TcpStream::connect(at).is_ok(), "both transports have the same port");
    Client::connect(at).hears_the_end();
    served.quit();
}
