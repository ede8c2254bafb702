//! What does not fit into a datagram, and port 53 over TCP.

use proptest::collection::vec;
use proptest::prelude::*;

use super::testbed::{App, Bed, addr, name, record, resolver, server};
use super::testbed_streams::Caller;
use super::{Outcome, Stub};
use crate::base::{Endpoint, SimTime};
use crate::proto::dns::stream::{IDLE_TIMEOUT, framed};
use crate::proto::dns::{Edns, Message, PORT, Question, Rcode, Rtype, UDP_LIMIT};

const ZONE: usize = 1;
const RESOLVER: usize = 2;
const CLIENT: usize = 3;

/// Ten strings of a hundred octets: more than 512.
fn big() -> Vec<String> {
    (0..10).map(|n| format!("big.example 300 TXT {}", format!("{n}").repeat(100))).collect()
}

fn zone_server() -> App {
    let mut texts = big();
    texts.push("www.example 300 A 10.1.0.1".to_owned());
    // not even one record fits
    texts.push(format!("vast.example 300 TXT {0} {0} {0}", "v".repeat(250)));
    server("example", &texts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A root, a zone 10 ms away, a resolver, a client 1 ms away.
fn world() -> Bed {
    let root = server(".", &["example 86400 NS ns.example.", "ns.example 86400 A 10.0.0.1"]);
    let stub = App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new());
    Bed::new(vec![(20, root), (10, zone_server()), (0, resolver()), (1, stub)])
}

fn answers(bed: &Bed) -> &[(SimTime, super::Answer)] {
    let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
    answers
}

/// Would break if the part that fitted were taken for the whole, or cached: both the resolver
/// and the stub ask again over TCP, and the second time the resolver has it all.
#[test]
fn what_is_truncated_is_asked_for_over_tcp() {
    let mut bed = world();
    for at in [0, 10_000] {
        bed.ask_at(at, CLIENT, "big.example", Rtype::Txt);
    }
    bed.run();
    let [(first, one), (second, two)] = answers(&bed) else { panic!("two answers") };
    let Outcome::Records(records) = &one.outcome else { panic!("{:?}", one.outcome) };
    let data: Vec<_> = records.iter().map(|record| record.data.clone()).collect();
    assert!(data == big().iter().map(|text| record(text).data).collect::<Vec<_>>(), "all, in their order");
    assert!(matches!(&two.outcome, Outcome::Records(again) if again.len() == 10));
    let at = |time: &SimTime| time.as_nanos() / 1_000_000;
    // root 40 ms, zone 20 ms, and over TCP 20 ms for the handshake and 20 ms for the question;
    // to the client 2 ms, and over TCP as much again for each of the two
    assert_eq!((at(first), at(second)), (40 + 20 + 40 + 2 + 4, 10_000 + 2 + 4));
    assert_eq!(bed.asked(RESOLVER), ["0 big.example TXT", "1 big.example TXT", "1 big.example TXT"]);
    assert_eq!(bed.texts(RESOLVER, "answered "), ["Referral", "Truncated", "Answer"]);
    assert_eq!(bed.texts(CLIENT, "answered "), ["Truncated", "Answer", "Truncated", "Answer"]);
    let App::Resolver(resolver) = &bed.nodes[RESOLVER].app else { unreachable!() };
    assert!(resolver.is_idle());
}

/// A truncated response may be empty: that it says nothing must not make the server useless.
#[test]
fn nothing_at_all_may_be_left_of_an_answer() {
    let mut bed = world();
    bed.ask_at(0, CLIENT, "vast.example", Rtype::Txt);
    bed.run();
    assert!(matches!(&answers(&bed)[0].1.outcome, Outcome::Records(records) if records.len() == 1));
    assert_eq!(bed.texts(RESOLVER, "answered "), ["Referral", "Truncated", "Answer"]);
}

/// Would break if the part were used after all, or the server asked for ever.
#[test]
fn a_server_without_tcp_is_of_no_use_for_long_answers() {
    let mut bed = world();
    bed.stop_listening(ZONE);
    bed.ask_at(0, CLIENT, "big.example", Rtype::Txt);
    bed.ask_at(5000, CLIENT, "www.example", Rtype::A);
    bed.run();
    let outcomes: Vec<&Outcome> = answers(&bed).iter().map(|(_, answer)| &answer.outcome).collect();
    assert_eq!(*outcomes[0], Outcome::Failed);
    assert!(matches!(outcomes[1], Outcome::Records(_)), "short answers still come");
    assert_eq!(bed.texts(RESOLVER, "not reached").len(), 1);
}

/// A connection that is never answered must end at its own time.
#[test]
fn silence_over_tcp_is_waited_out() {
    let mut bed = world();
    bed.ask_at(0, CLIENT, "big.example", Rtype::Txt);
    bed.run_until(75);
    bed.crash(ZONE);
    bed.run();
    assert_eq!(answers(&bed)[0].1.outcome, Outcome::Failed);
    assert_eq!(bed.texts(RESOLVER, "timed out").len(), 1);
    assert_eq!(answers(&bed)[0].0.as_nanos() / 1_000_000, 1 + 40 + 20 + 3000 + 1);
}

fn query(id: u16, asked: &str, rtype: Rtype) -> Vec<u8> {
    Message::query(id, Question { name: name(asked), rtype }, true).encode(UDP_LIMIT)
}

fn call(app: App, pieces: Vec<Vec<u8>>, hurried: bool) -> Bed {
    let mut bed = Bed::new(vec![(5, app), (0, App::Caller(Caller::new(0, pieces, hurried)))]);
    bed.run();
    bed
}

fn caller(bed: &Bed) -> &Caller {
    let App::Caller(caller) = &bed.nodes[bed.nodes.len() - 1].app else { unreachable!() };
    caller
}

/// RFC 7766 6.2.1.1: queries follow each other without waiting; in pieces of every size.
#[test]
fn a_server_answers_queries_in_a_row() {
    let octets: Vec<u8> = [("big.example", Rtype::Txt), ("www.example", Rtype::A), ("no.example", Rtype::A)]
        .into_iter()
        .zip(1..)
        .flat_map(|((asked, rtype), id)| framed(&query(id, asked, rtype)))
        .collect();
    for size in [1, 2, 3, 7, 29, octets.len()] {
        let bed = call(zone_server(), octets.chunks(size).map(<[u8]>::to_vec).collect(), size > 2);
        let seen: Vec<_> =
            caller(&bed).messages().iter().map(|m| (m.id, m.rcode, m.flags.tc, m.answers.len())).collect();
        let (whole, none) = ((1, Rcode::NoError, false, 10), (3, Rcode::NxDomain, false, 0));
        assert_eq!(seen, [whole, (2, Rcode::NoError, false, 1), none], "{size} at a time");
        // 5 ms there, 5 ms back, then as long as nothing comes; or at once behind a close
        let ended = caller(&bed).ended.unwrap().as_nanos() / 1_000_000;
        let idle = IDLE_TIMEOUT.as_nanos() / 1_000_000;
        assert_eq!(ended, if size > 2 { 20 } else { 20 + idle });
    }
}

/// The resolver's responses come when they are known: one from the cache first. Both belong to
/// the connection on which they were asked, which waits for them although its client closed.
#[test]
fn a_resolver_answers_out_of_order() {
    let root = server(".", &["example 86400 NS ns.example.", "ns.example 86400 A 10.0.0.1"]);
    let stub = App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new());
    let pieces = vec![
        framed(&query(7, "big.example", Rtype::Txt)),
        framed(&query(8, "nothing", Rtype::Other(252))),
        framed(&query(9, "www.example", Rtype::A)),
    ];
    let apps = vec![
        (20, root),
        (10, zone_server()),
        (0, resolver()),
        (1, stub),
        (2, App::Caller(Caller::new(RESOLVER, pieces, true))),
    ];
    let mut bed = Bed::new(apps);
    bed.run();
    let messages = caller(&bed).messages();
    let seen: Vec<_> = messages.iter().map(|m| (m.id, m.rcode, m.flags.ra, m.answers.len())).collect();
    let refused = (8, Rcode::Refused, true, 0);
    assert_eq!(seen, [refused, (9, Rcode::NoError, true, 1), (7, Rcode::NoError, true, 10)]);
    assert!(caller(&bed).ended.is_some());
}

/// RFC 7766 8: a length that promises more than comes, and messages too short for a header.
#[test]
fn garbage_on_a_stream_gets_no_response_or_formerr() {
    let cut = &query(4, "www.example", Rtype::A)[..20];
    let mut status = query(5, "www.example", Rtype::A);
    status[2] |= 2 << 3;
    for (octets, rcodes) in [
        (b"\0\0".to_vec(), vec![]),
        (framed(b"eleven octs"), vec![]),
        (b"\x40\0\x01".to_vec(), vec![]),
        (framed(cut), vec![Rcode::FormErr]),
        (framed(&status), vec![Rcode::NotImp]),
    ] {
        let bed = call(zone_server(), vec![octets.clone()], false);
        let seen: Vec<Rcode> = caller(&bed).messages().iter().map(|m| m.rcode).collect();
        assert_eq!(seen, rcodes, "{octets:?}");
        assert!(caller(&bed).ended.is_some(), "the connection ends by itself");
    }
}

/// RFC 6891 6.2.3-6.2.5: an asker's size is honoured up to our own, and nobody who did not ask
/// gets an OPT record.
#[test]
fn datagrams_are_as_long_as_the_asker_says() {
    let App::Server(server) = zone_server() else { unreachable!() };
    let mut query = Message::query(1, Question { name: name("big.example"), rtype: Rtype::Txt }, false);
    for (udp_size, limit, whole) in
        [(None, 512, false), (Some(20), 512, false), (Some(600), 600, false), (Some(4096), 1232, true)]
    {
        query.edns = udp_size.map(|udp_size| Edns { udp_size, version: 0, dnssec_ok: true });
        let octets = server.respond(&query).encode(query.response_limit());
        let seen = Message::decode(&octets).unwrap();
        assert!(octets.len() <= limit);
        assert_eq!(seen.flags.tc, !whole, "{udp_size:?}");
        let expected = udp_size.map(|_| Edns { udp_size: 1232, version: 0, dnssec_ok: true });
        assert_eq!(seen.edns, expected);
    }
    query.edns = Some(Edns { udp_size: 1232, version: 1, dnssec_ok: false });
    let refused = server.respond(&query);
    assert_eq!((refused.rcode, refused.answers.len()), (Rcode::BadVers, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// No octets, over UDP or TCP, panic a server or keep it from answering afterwards.
    #[test]
    fn no_octets_stop_a_server(
        datagrams in vec(vec(any::<u8>(), 0..60), 0..6),
        pieces in vec(vec(any::<u8>(), 0..60), 0..6),
        damage in vec((0..40_usize, any::<u8>()), 0..4),
        recursive: bool,
    ) {
        let app = if recursive { resolver() } else { zone_server() };
        let mut damaged = query(1, "www.example", Rtype::A);
        for (at, octet) in damage {
            let at = at % damaged.len();
            damaged[at] = octet;
        }
        let pieces = std::iter::once(framed(&damaged)).chain(pieces).collect();
        let mut bed = Bed::new(vec![(5, app), (0, App::Caller(Caller::new(0, pieces, false)))]);
        let (from, to) = (Endpoint::new(addr(1), 5000), Endpoint::new(addr(0), PORT));
        for octets in datagrams.into_iter().chain([damaged]) {
            bed.inject(from, to, octets);
        }
        bed.run();
        prop_assert!(caller(&bed).ended.is_some());
        bed.forget();
        bed.inject(from, to, query(2, "www.example", Rtype::A));
        bed.run();
        prop_assert!(!bed.texts(0, "replied ").is_empty());
    }
}
