//! Connections that carry more than one question (RFC 7766 6.2.1).

use super::testbed::{App, Bed, addr, name, resolver, server};
use super::{Outcome, Resolver, ResolverConfig, Stub};
use crate::proto::dns::stream::REUSE_TIME;
use crate::proto::dns::{Question, Rtype};

const ZONE: usize = 1;
const RESOLVER: usize = 2;
const CLIENT: usize = 3;

/// A root, a zone 10 ms away, a resolver, a client 1 ms away. The long names have more than fits
/// into a datagram.
fn world(resolver: App) -> Bed {
    let root = server(".", &["example 86400 NS ns.example.", "ns.example 86400 A 10.0.0.1"]);
    let long = |n: usize| format!("long{n}.example 300 TXT {0} {0} {0} {0} {0} {0}", "x".repeat(230));
    let mut records: Vec<String> = (0..30).map(long).collect();
    records.push("www.example 300 A 10.1.0.1".to_owned());
    let zone = server("example", &records.iter().map(String::as_str).collect::<Vec<_>>());
    let stub = App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new());
    Bed::new(vec![(20, root), (10, zone), (0, resolver), (1, stub)])
}

fn outcomes(bed: &Bed) -> Vec<(u64, &Outcome)> {
    let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
    answers.iter().map(|(at, answer)| (at.as_nanos() / 1_000_000, &answer.outcome)).collect()
}

fn all_found(bed: &Bed, count: usize) -> bool {
    let outcomes = outcomes(bed);
    outcomes.len() == count && outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Records(_)))
}

/// Would break if each question had a connection of its own, if one waited for the other's
/// response, or if a response were taken for that to another question.
#[test]
fn questions_share_a_connection() {
    let mut bed = world(resolver());
    bed.ask_at(0, CLIENT, "www.example", Rtype::A);
    for n in 0..30 {
        bed.ask_at(1000, CLIENT, &format!("long{n}.example"), Rtype::Txt);
    }
    bed.run_until(5000);
    assert!(all_found(&bed, 31));
    assert_eq!(bed.calls(), 2, "the stub's and the resolver's");
    // 20 ms until it is cut off, 40 ms over TCP; 2 ms and 4 ms to the client
    assert!(outcomes(&bed)[1..].iter().all(|(at, _)| *at == 1000 + 20 + 40 + 2 + 4));
    let App::Resolver(resolver) = &bed.nodes[RESOLVER].app else { unreachable!() };
    for n in 0..30 {
        let asked = Question { name: name(&format!("long{n}.example")), rtype: Rtype::Txt };
        assert!(resolver.cache().answer(&asked, crate::base::SimTime::from_nanos(5_000_000_000)).is_some());
    }
    assert!(resolver.is_idle());
}

/// Would break if the handshake were repeated while the connection is there, or if it stayed for ever.
#[test]
fn a_connection_is_kept_for_some_seconds() {
    let mut bed = world(resolver());
    let reuse = REUSE_TIME.as_nanos() / 1_000_000;
    let times = [0, 5000, 5000 + reuse - 1000, 5000 + 2 * reuse + 1000];
    for (n, at) in (0..).zip(times) {
        bed.ask_at(at, CLIENT, &format!("long{n}.example"), Rtype::Txt);
    }
    bed.run_until(times[2] + 500);
    assert_eq!(bed.calls(), 2);
    bed.run();
    assert_eq!(bed.calls(), 4, "the fourth comes too late");
    let took: Vec<u64> = outcomes(&bed).iter().zip(times).map(|((at, _), asked)| at - asked).collect();
    let over_tcp = 20 + 40 + 2 + 4;
    assert_eq!(took, [40 + over_tcp, over_tcp - 20 - 2, over_tcp - 20 - 2, over_tcp]);
    let App::Resolver(resolver) = &bed.nodes[RESOLVER].app else { unreachable!() };
    assert!(resolver.deadline().is_never(), "all is closed in the end");
}

/// RFC 7766 6.2.4: a server may close at any time, and the question goes again on another
/// connection; but not for ever.
#[test]
fn a_question_lost_with_its_connection_is_asked_once_more() {
    for cuts in [1, 2] {
        let mut bed = world(resolver());
        bed.ask_at(0, CLIENT, "long0.example", Rtype::Txt);
        bed.ask_at(0, CLIENT, "long1.example", Rtype::Txt);
        // both are cut off at 61 ms; connected at 81 ms, the queries are under way until 91 ms
        for cut in 0..cuts {
            bed.run_until(86 + 30 * cut);
            bed.reset_connections(ZONE);
        }
        bed.run();
        assert_eq!(bed.texts(RESOLVER, "not reached").len(), 2 * usize::try_from(cuts).unwrap());
        assert_eq!(all_found(&bed, 2), cuts == 1, "{:?}", outcomes(&bed));
    }
}

/// A stub does the same.
#[test]
fn stubs_ask_once_more_too() {
    let mut bed = world(resolver());
    bed.ask_at(0, CLIENT, "long0.example", Rtype::Txt);
    // 101 ms and 1 ms back, then 2 ms for the handshake
    bed.run_until(104);
    bed.reset_connections(RESOLVER);
    bed.run();
    assert!(all_found(&bed, 1));
    assert_eq!(bed.texts(CLIENT, "not reached").len(), 1);
}

/// Would break if any question went by datagram, or if a server that takes no calls were asked
/// for ever.
#[test]
fn every_question_can_go_over_tcp() {
    let roots = vec![(name("root-server"), addr(0))];
    let config = ResolverConfig { roots, tcp_upstream: true, ..ResolverConfig::default() };
    let mut bed = world(App::Resolver(Box::new(Resolver::new(config.clone()))));
    bed.ask_at(0, CLIENT, "www.example", Rtype::A);
    bed.ask_at(1000, CLIENT, "no.example", Rtype::A);
    bed.run();
    assert_eq!(bed.datagrams(), 4, "to the client and back");
    assert_eq!(bed.calls(), 2, "one to the root, one to the zone");
    let took: Vec<u64> = outcomes(&bed).iter().map(|(at, _)| *at).collect();
    assert_eq!(took, [2 + 80 + 40, 1000 + 2 + 20]);
    let mut deaf = world(App::Resolver(Box::new(Resolver::new(config))));
    deaf.stop_listening(ZONE);
    deaf.ask_at(0, CLIENT, "www.example", Rtype::A);
    deaf.run();
    assert_eq!(*outcomes(&deaf)[0].1, Outcome::Failed);
}

/// RFC 7766 6.2.3: connections that are kept for later make room for those that are needed now. One
/// hundred and fifty is the limit.
#[test]
fn idle_connections_make_room() {
    let mut bed = world(resolver());
    let first = bed.nodes.len();
    for _ in 0..200 {
        bed.add(1, App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new()));
    }
    for (n, at) in (first..first + 200).zip(0..) {
        bed.ask_at(200 + 20 * at, n, "long1.example", Rtype::Txt);
    }
    bed.run();
    assert_eq!(bed.calls(), 1 + 200, "nobody had to call twice");
    for node in &bed.nodes[first..] {
        let App::Asker(_, answers) = &node.app else { unreachable!() };
        assert!(matches!(answers[..], [(_, ref answer)] if matches!(answer.outcome, Outcome::Records(_))));
    }
}

/// Would break if a server that lost its connections, and cannot say so, were given up at once.
#[test]
fn silence_on_a_connection_is_no_refusal() {
    let roots = vec![(name("root-server"), addr(0))];
    let config = ResolverConfig { roots, tcp_upstream: true, ..ResolverConfig::default() };
    let mut bed = world(App::Resolver(Box::new(Resolver::new(config))));
    bed.ask_at(0, CLIENT, "www.example", Rtype::A);
    bed.run_until(1000);
    bed.nodes[ZONE].app = server("example", &["mail.example 300 A 10.1.0.2"]);
    bed.ask_at(2000, CLIENT, "mail.example", Rtype::A);
    bed.run();
    assert!(all_found(&bed, 2));
    // 3 s until it is given up, and a handshake
    assert_eq!(outcomes(&bed)[1].0, 2000 + 3000 + 40 + 2);
    assert_eq!(bed.calls(), 3);
}
