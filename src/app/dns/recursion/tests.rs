//! Name servers that ask further: who asks whom, and what comes back.

use crate::app::dns::testbed::{App, Bed, addr, name, server, zone};
use crate::app::dns::{NameServer, NameServerConfig, Outcome, Stub};
use crate::base::Endpoint;
use crate::proto::dns::{Message, PORT, Question, Rcode, Record, Rtype};

const ROOT: &[&str] = &["com 9 NS ns.com.", "ns.com 9 A 10.0.0.1", "net 9 NS ns.net.", "ns.net 9 A 10.0.0.3"];
const COM: &[&str] = &[
    "example.com 9 NS ns.example.com.",
    "ns.example.com 9 A 10.0.0.2",
    "far.com 9 NS ns.host.net.",
    "ring.com 9 NS ns.ring.net.",
    "alias.com 9 CNAME www.example.com.",
];
const EXAMPLE: &[&str] = &["www.example.com 60 A 10.9.9.9", "to.example.com 60 CNAME x.org."];
const NET: &[&str] = &["ns.host.net 9 A 10.0.0.4", "ring.net 9 NS ns.ring.com."];

fn recursive(apex: &str, records: &[&str]) -> App {
    let zones = vec![zone(apex, records)];
    App::Server(NameServer::with(NameServerConfig {
        zones,
        recursive: true,
        roots: vec![addr(0)],
        ..NameServerConfig::default()
    }))
}

fn asker() -> App {
    App::Asker(Stub::new(vec![addr(0)]), Vec::new())
}

/// Root 0, com 1, example.com 2, net 3, far.com 4 at 10 ms each, and somebody who asks the root.
fn tree(make: fn(&str, &[&str]) -> App) -> Bed {
    Bed::new(vec![
        (10, make(".", ROOT)),
        (10, make("com", COM)),
        (10, make("example.com", EXAMPLE)),
        (10, make("net", NET)),
        (10, make("far.com", &["www.far.com 60 A 10.8.8.8"])),
        (10, asker()),
    ])
}

fn outcome(bed: &Bed) -> &Outcome {
    let App::Asker(_, answers) = &bed.nodes[5].app else { panic!("host 5 asks") };
    &answers[0].1.outcome
}

fn records(bed: &Bed) -> Vec<String> {
    let Outcome::Records(records) = outcome(bed) else { panic!("{:?}", outcome(bed)) };
    records.iter().map(|record| format!("{} {} {}", record.name, record.ttl, record.data)).collect()
}

/// The textbook's recursive picture: down the tree from server to server, and back the same way.
#[test]
fn each_server_asks_the_next() {
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "www.example.com", Rtype::A);
    bed.run();
    assert_eq!(records(&bed), ["www.example.com 60 10.9.9.9"]);
    let story: Vec<String> = bed.lines().iter().map(|line| format!("{} {}", line.host, line.text)).collect();
    assert_eq!(
        story,
        [
            "5 asked 0 www.example.com A",
            "0 received 1 www.example.com",
            "0 asked 1 www.example.com A",
            "1 received 1 www.example.com",
            "1 asked 2 www.example.com A",
            "2 received 1 www.example.com",
            "2 replied 1 Answer 0",
            "1 answered Answer",
            "1 replied 1 Answer 0",
            "0 answered Answer",
            "0 replied 1 Answer 0",
            "5 answered Answer",
            "5 looked up www.example.com Answer None",
        ]
    );
    assert_eq!((bed.datagrams(), bed.now_ms()), (6, 60));
}

/// Without RD there is nothing but a referral, and RA says that there could be more.
#[test]
fn whoever_does_not_desire_recursion_is_referred() {
    let mut bed = tree(recursive);
    let question = Question { name: name("www.example.com"), rtype: Rtype::A };
    let query = Message::query(7, question, false).encode(512);
    bed.inject(Endpoint::new(addr(5), 999), Endpoint::new(addr(0), PORT), query);
    bed.run();
    assert_eq!(bed.texts(0, "replied "), ["1 Referral 0"]);
    assert!(bed.asked(0).is_empty());
}

#[test]
fn denials_aliases_and_own_names_come_back_too() {
    for (asked, wanted) in [("no.example.com", Outcome::NxDomain), ("www.example.org", Outcome::NxDomain)] {
        let mut bed = tree(recursive);
        bed.ask_at(0, 5, asked, Rtype::A);
        bed.run();
        assert_eq!(outcome(&bed), &wanted, "{asked}");
    }
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "www.example.com", Rtype::Mx);
    bed.run();
    assert_eq!(outcome(&bed), &Outcome::NoData);
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "alias.com", Rtype::A);
    bed.run();
    // in whole seconds, as a cache would tell it: the alias has waited
    assert_eq!(records(&bed), ["alias.com 8 www.example.com.", "www.example.com 60 10.9.9.9"]);
    assert_eq!(bed.asked(1), ["2 www.example.com A"], "com follows its own alias before it asks");
}

/// What a server below only refers to is asked from here.
#[test]
fn below_the_last_recursive_server_the_walk_goes_on() {
    fn mixed(apex: &str, records: &[&str]) -> App {
        if apex == "." { recursive(apex, records) } else { server(apex, records) }
    }
    let mut bed = tree(mixed);
    bed.ask_at(0, 5, "www.example.com", Rtype::A);
    bed.run();
    assert_eq!(records(&bed), ["www.example.com 60 10.9.9.9"]);
    assert_eq!(bed.asked(0), ["1 www.example.com A", "2 www.example.com A"]);
}

/// com has no address for ns.host.net; the root finds it out by way of net.
#[test]
fn the_address_of_a_server_is_asked_of_the_root() {
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "www.far.com", Rtype::A);
    bed.run();
    assert_eq!(records(&bed), ["www.far.com 60 10.8.8.8"]);
    assert_eq!(bed.asked(1), ["0 ns.host.net A", "4 www.far.com A"]);
    assert_eq!(bed.asked(0), ["1 www.far.com A", "3 ns.host.net A"]);
}

/// Two zones whose servers' addresses lie in each other: everybody gives up, and nothing goes
/// round for ever.
#[test]
fn servers_that_depend_on_each_other_are_given_up() {
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "www.ring.com", Rtype::A);
    bed.run();
    assert_eq!(outcome(&bed), &Outcome::Failed);
    assert!(bed.datagrams() < 60, "{} datagrams", bed.datagrams());
}

#[test]
fn a_silent_server_is_asked_again_and_then_given_up() {
    let mut bed = tree(recursive);
    bed.crash(2);
    bed.ask_at(0, 5, "www.example.com", Rtype::A);
    bed.run_until(6_000);
    bed.boot(2);
    bed.run_until(20_000);
    assert_eq!(bed.texts(1, "timed out").len(), 3, "after 1, 2 and 4 s");
    assert_eq!(outcome(&bed), &Outcome::Failed);
    assert_eq!(bed.texts(1, "replied ")[0], "1 Failure 2");
    let mut bed = tree(recursive);
    bed.crash(2);
    bed.ask_at(0, 5, "www.example.com", Rtype::A);
    bed.run_until(500);
    bed.boot(2);
    bed.run();
    assert_eq!(records(&bed), ["www.example.com 60 10.9.9.9"]);
}

/// What is asked twice at a time is asked once further down, and a crash forgets it.
#[test]
fn equal_questions_share_one() {
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "www.example.com", Rtype::A);
    bed.ask_at(5, 5, "www.example.com", Rtype::A);
    bed.run();
    assert_eq!(bed.asked(0).len(), 1);
    assert_eq!(bed.texts(0, "replied ").len(), 2);
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "www.example.com", Rtype::A);
    bed.run_until(15);
    bed.crash(0);
    bed.boot(0);
    bed.run_until(100);
    assert!(bed.texts(0, "replied ").is_empty());
}

#[test]
fn what_is_cut_off_is_asked_for_over_tcp() {
    fn long(apex: &str, records: &[&str]) -> App {
        if apex != "example.com" {
            return recursive(apex, records);
        }
        let many: Vec<String> = (0..30).map(|n| format!("www.example.com 60 TXT \"{n:050}\"")).collect();
        server(apex, &many.iter().map(String::as_str).collect::<Vec<_>>())
    }
    let mut bed = tree(long);
    bed.ask_at(0, 5, "www.example.com", Rtype::Txt);
    bed.run();
    assert_eq!(records(&bed).len(), 30);
    // the root asks twice: the stub hears that the answer is cut off, and comes again
    assert_eq!(bed.texts(0, "answered "), ["Truncated", "Answer", "Truncated", "Answer"]);
}

/// The response is nobody's but the query's: from that server, with that ID and question.
#[test]
fn strangers_are_not_believed() {
    let mut bed = tree(recursive);
    bed.ask_at(0, 5, "www.example.com", Rtype::A);
    bed.run_until(15);
    let question = Question { name: name("www.example.com"), rtype: Rtype::A };
    for id in 0..=u16::MAX {
        let mut forged = Message::query(id, question.clone(), true).response(Rcode::NoError);
        let data = crate::proto::dns::RecordData::A([6, 6, 6, 6].into());
        forged.answers.push(Record { name: question.name.clone(), ttl: 60, data });
        bed.inject(Endpoint::new(addr(3), PORT), Endpoint::new(addr(0), 49_152), forged.encode(512));
    }
    bed.run();
    assert_eq!(records(&bed), ["www.example.com 60 10.9.9.9"]);
}
