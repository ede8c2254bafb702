//! Octets that may be anything, put where DNS messages are read. Nothing may panic or go on without
//! end, and what was understood must be written so that it is understood again.
//!
//! Used by the test beside it, which makes its own octets, and by the targets in fuzz/, which are
//! given theirs.

use std::collections::BTreeMap;
use std::net::IpAddr;

use posthaste::app::dns::scripted::{Entry, Otherwise, Reply, ReplyForm, Rule, Script};
use posthaste::app::dns::{NameServer, ResolverConfig, Zone};
use posthaste::base::{SimDuration, SimTime};
use posthaste::proto::dns::stream::{StreamClient, StreamServer, framed};
use posthaste::proto::dns::{Message, Name, Question, Record, RecordData, Rtype, TCP_LIMIT, UDP_LIMIT};
use posthaste::proto::session::{Input, Session as _};
use posthaste::scenario::replay;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A message is read, shown, written and read again.
pub(crate) fn message(octets: &[u8]) {
    let Ok(message) = Message::decode(octets) else { return };
    let whole = message.encode(TCP_LIMIT);
    let again = Message::decode(&whole).expect("what we write we can read");
    if again.flags.tc == message.flags.tc && again.additionals.len() == message.additionals.len() {
        assert_eq!(again, message, "{octets:02x?}");
    }
    for limit in [12, UDP_LIMIT, 1232] {
        let cut = Message::decode(&message.encode(limit)).expect("a part of a message is a message");
        assert!(cut.answers.len() <= message.answers.len());
    }
    let _ = message.kind();
    for question in &message.questions {
        let _ = message.canonical_name(question);
        assert_eq!(Name::parse(&question.name.dotted()).as_ref(), Ok(&question.name));
    }
    for record in message.answers.iter().chain(&message.authorities).chain(&message.additionals) {
        assert!(!record.data.to_string().contains(['\n', '\r', '\u{1b}']));
        let rdata = record.data.octets().expect("what was read fits");
        assert_eq!(RecordData::from_octets(record.rtype(), &rdata).as_ref(), Some(&record.data));
    }
    let response = authority().respond(&message);
    Message::decode(&response.encode(TCP_LIMIT)).expect("a response is a message");
}

fn authority() -> NameServer {
    let apex = name("kiwi.test");
    let record = |owner: &str, rtype: Rtype, data: &str| Record {
        name: name(owner),
        ttl: 60,
        data: RecordData::parse(rtype, data, &apex).unwrap(),
    };
    let records = vec![
        record("kiwi.test", Rtype::Soa, "ns host 1 2 3 4 5"),
        record("kiwi.test", Rtype::Ns, "ns"),
        record("ns.kiwi.test", Rtype::A, "192.0.2.3"),
        record("*.kiwi.test", Rtype::Cname, "ns"),
        record("old.kiwi.test", Rtype::Dname, "kiwi.test."),
        record("sub.kiwi.test", Rtype::Ns, "ns.sub"),
    ];
    NameServer::new(vec![Zone::new(apex, records).unwrap()])
}

/// Both ends of a stream hear the octets, at once and one by one; it makes no difference.
pub(crate) fn streams(octets: &[u8]) {
    let heard = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut server, mut client) = (StreamServer::new(SimTime::ZERO), StreamClient::default());
        client.handle(SimTime::ZERO, Input::Start);
        client.ask(SimTime::ZERO, 0, &[0; 12]);
        let mut outputs: Vec<_> = std::iter::from_fn(|| client.poll()).collect();
        for piece in pieces {
            server.handle(SimTime::ZERO, Input::Bytes(piece));
            client.handle(SimTime::ZERO, Input::Bytes(piece));
            outputs.extend(std::iter::from_fn(|| server.poll()));
            outputs.extend(std::iter::from_fn(|| client.poll()));
        }
        outputs.len()
    };
    assert_eq!(heard(&mut std::iter::once(octets)), heard(&mut octets.chunks(1)));
    heard(&mut std::iter::once(&framed(octets)[..]));
}

/// A client sends the octets to a resolver, as a datagram and over a connection; then it asks a
/// question to which the only name server answers with the octets, over UDP and TCP.
pub(crate) fn dialogue(octets: &[u8]) {
    let server: IpAddr = [192, 0, 2, 1].into();
    let reply = Reply { delay: SimDuration::ZERO, id: None, form: ReplyForm::Octets(octets.to_vec()) };
    let rule = Rule { replies: vec![reply], ..Rule::default() };
    let entry = Entry { number: 0, rules: vec![rule], otherwise: Some(Otherwise::Drop) };
    let script = Script { entries: vec![entry], ..Script::default() };
    let question = Question { name: name("www.kiwi.test"), rtype: Rtype::A };
    let query = Message::query(7, question, true).encode(UDP_LIMIT);
    let step = |octets: &[u8], tcp: bool, asks: bool| replay::Step {
        at: SimTime::ZERO,
        question: replay::Question { tcp, octets: octets[..octets.len().min(TCP_LIMIT)].to_vec() },
        asks,
        waits: asks,
    };
    let case = replay::Case {
        name: String::new(),
        resolver: ResolverConfig { roots: vec![(name("a.root.test"), server)], ..ResolverConfig::default() },
        ignored: Vec::new(),
        servers: BTreeMap::from([(server, script)]),
        steps: vec![step(octets, false, false), step(octets, true, false), step(&query, false, true)],
    };
    let told = replay::play(&case).expect("it comes to rest");
    assert!(told.steps[2].wire.is_some(), "a client is always answered: {octets:02x?}");
}
