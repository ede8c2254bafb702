//! Stale data, remembered failures and prefetch, through a resolver and its clients.

use super::testbed::{App, Bed, addr, name, server, zone};
use super::{NameServer, Outcome, Resolver, ResolverConfig, ServeStale, Stub};
use crate::base::SimDuration;
use crate::proto::dns::{Message, Rcode, Rtype};

const ZONE: usize = 1;
const RESOLVER: usize = 2;
const CLIENT: usize = 3;

const OLD: [&str; 3] = ["www.example 60 A 10.1.0.1", "web.example 600 CNAME www.example.", "a.example 60 A 10.1.0.9"];
const NEW: [&str; 3] = ["www.example 60 A 10.2.0.1", "web.example 600 CNAME www.example.", "a.example 60 A 10.2.0.9"];

/// A root, a zone 10 ms away, a resolver, a client 1 ms away.
fn world(config: ResolverConfig) -> Bed {
    let root = server(".", &["example 86400 NS ns.example.", "ns.example 86400 A 10.0.0.1"]);
    let roots = vec![(name("root-server"), addr(0))];
    let resolver = Box::new(Resolver::new(ResolverConfig { roots, ..config }));
    let stub = App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new());
    Bed::new(vec![(20, root), (10, server("example", &OLD)), (0, App::Resolver(resolver)), (1, stub)])
}

fn stale(client_timeout: Option<u64>) -> ResolverConfig {
    let client_timeout = client_timeout.map(SimDuration::from_millis);
    let stale = ServeStale { client_timeout, ..ServeStale::default() };
    ResolverConfig { stale: Some(stale), ..ResolverConfig::default() }
}

fn change_to(bed: &mut Bed, records: &[&str]) {
    bed.nodes[ZONE].app = App::Server(NameServer::new(vec![zone("example", records)]));
}

fn fail(bed: &mut Bed) {
    bed.nodes[ZONE].app = App::Scripted(|query: &Message| vec![query.response(Rcode::ServFail)]);
}

/// When the answers came, in milliseconds, and the last record of each: its TTL and data.
fn answers(bed: &Bed) -> Vec<(u64, String)> {
    let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
    let text = |outcome: &Outcome| match outcome {
        Outcome::Records(records) => {
            let last = records.last().unwrap();
            format!("{} {}", last.ttl, last.data.address().unwrap())
        }
        Outcome::NxDomain => "no name".to_owned(),
        Outcome::NoData => "no data".to_owned(),
        Outcome::Failed => "failed".to_owned(),
    };
    answers.iter().map(|(at, answer)| (at.as_nanos() / 1_000_000, text(&answer.outcome))).collect()
}

/// Asks for a name, and tells when its answer came after the question and what it was.
fn ask(bed: &mut Bed, at_ms: u64, name: &str) -> (u64, String) {
    bed.ask_at(at_ms, CLIENT, name, Rtype::A);
    bed.run_until(at_ms + 16_000);
    let (at, text) = answers(bed).pop().unwrap();
    (at - at_ms, text)
}

fn is(after_ms: u64, text: &str) -> (u64, String) {
    (after_ms, text.to_owned())
}

/// Would break if the client waited, if the refresh did not happen, or if it happened for each client.
#[test]
fn with_no_patience_what_has_expired_goes_out_at_once() {
    let mut bed = world(stale(Some(0)));
    assert_eq!(ask(&mut bed, 0, "www.example"), is(62, "60 10.1.0.1"));
    change_to(&mut bed, &NEW);
    assert_eq!(ask(&mut bed, 50_000, "www.example"), is(2, "10 10.1.0.1"));
    bed.forget();
    bed.ask_at(70_000, CLIENT, "www.example", Rtype::A);
    assert_eq!(ask(&mut bed, 70_001, "www.example"), is(2, "30 10.1.0.1"));
    assert_eq!(bed.asked(RESOLVER), ["1 www.example A"], "one refresh for both");
    assert_eq!(ask(&mut bed, 90_000, "www.example"), is(2, "40 10.2.0.1"));
}

/// Would break if fresh data that came in time were not preferred.
#[test]
fn who_has_patience_gets_fresh_data_if_they_come_in_time() {
    let mut bed = world(stale(Some(1800)));
    ask(&mut bed, 0, "web.example");
    change_to(&mut bed, &NEW);
    assert_eq!(ask(&mut bed, 70_000, "web.example"), is(22, "60 10.2.0.1"));
    bed.crash(ZONE);
    bed.forget();
    assert_eq!(ask(&mut bed, 140_000, "web.example"), is(1802, "30 10.2.0.1"), "behind the alias, which is fresh");
    assert!(bed.asked(RESOLVER).len() > 2, "the lookup went on");
}

/// RFC 8767 5: a failed refresh is not tried again by every client, but again after a while.
#[test]
fn while_a_failure_is_remembered_nobody_is_asked() {
    for patience in [Some(0), Some(1800), None] {
        let mut bed = world(stale(patience));
        ask(&mut bed, 0, "www.example");
        fail(&mut bed);
        let waited = if patience == Some(0) { 2 } else { 22 };
        assert_eq!(ask(&mut bed, 70_000, "www.example"), is(waited, "30 10.1.0.1"));
        bed.forget();
        bed.ask_at(87_000, CLIENT, "www.example", Rtype::A);
        bed.run_until(87_900);
        assert_eq!(bed.asked(RESOLVER).len(), 1, "after 5 s it is tried again");
        bed.forget();
        assert_eq!(ask(&mut bed, 89_000, "www.example"), is(2, "30 10.1.0.1"));
        assert!(bed.asked(RESOLVER).is_empty(), "within 5 s it is not");
        change_to(&mut bed, &NEW);
        ask(&mut bed, 106_000, "www.example");
        assert_eq!(ask(&mut bed, 125_000, "www.example"), is(2, "41 10.2.0.1"));
    }
}

/// Would break if the longest time were not kept, or if stale data were served to who does not
/// want any.
#[test]
fn in_the_end_it_is_a_failure() {
    let max = Some(SimDuration::from_secs(100));
    let long = ServeStale { max, client_timeout: None, ..ServeStale::default() };
    for (config, last) in [(Some(long), "30 10.1.0.1"), (None, "failed")] {
        let mut bed = world(ResolverConfig { stale: config, ..ResolverConfig::default() });
        ask(&mut bed, 0, "www.example");
        fail(&mut bed);
        assert_eq!(ask(&mut bed, 159_000, "www.example").1, last);
        assert_eq!(ask(&mut bed, 180_000, "www.example").1, "failed");
    }
}

/// RFC 9520 3.2: a failure is kept for 5 seconds, and no longer.
#[test]
fn a_failure_answers_for_a_while() {
    let mut bed = world(ResolverConfig::default());
    fail(&mut bed);
    for (at, asked) in [(0, 3), (4_000, 0), (5_500, 2)] {
        bed.forget();
        bed.ask_at(at, CLIENT, "www.example", Rtype::A);
        bed.run_until(at + 100);
        assert_eq!(bed.asked(RESOLVER).len(), asked, "at {at} ms");
        assert_eq!(answers(&bed).pop().unwrap().1, "failed");
    }
}

/// Would break if the client waited for the refresh, if it came too early or for each client, or
/// if a failed one took the entry away or were repeated at once.
#[test]
fn prefetch_renews_in_the_last_tenth() {
    let mut bed = world(ResolverConfig { prefetch: true, ..ResolverConfig::default() });
    ask(&mut bed, 0, "web.example");
    change_to(&mut bed, &NEW);
    bed.forget();
    assert_eq!(ask(&mut bed, 30_000, "web.example"), is(2, "30 10.1.0.1"));
    assert!(bed.asked(RESOLVER).is_empty());
    bed.ask_at(55_000, CLIENT, "web.example", Rtype::A);
    bed.run_until(55_500);
    assert_eq!(answers(&bed).pop().unwrap(), (55_002, "5 10.1.0.1".to_owned()));
    assert_eq!(bed.asked(RESOLVER), ["1 www.example A"]);
    assert_eq!(ask(&mut bed, 56_000, "web.example"), is(2, "59 10.2.0.1"));
    fail(&mut bed);
    bed.forget();
    for at in [110_000, 111_000, 112_000] {
        bed.ask_at(at, CLIENT, "web.example", Rtype::A);
    }
    bed.run_until(113_000);
    assert_eq!(bed.asked(RESOLVER), ["1 www.example A"], "once, and not again after it failed");
    assert_eq!(answers(&bed).pop().unwrap(), (112_002, "3 10.2.0.1".to_owned()));
}

/// The alias itself comes to its end: the whole question is asked again.
#[test]
fn prefetch_renews_aliases_too() {
    let mut bed = world(ResolverConfig { prefetch: true, ..ResolverConfig::default() });
    ask(&mut bed, 0, "web.example");
    bed.ask_at(550_000, CLIENT, "www.example", Rtype::A);
    bed.run_until(560_000);
    let moved = ["www.example 60 A 10.1.0.1", "web.example 600 CNAME a.example.", "a.example 60 A 10.2.0.9"];
    change_to(&mut bed, &moved);
    bed.forget();
    bed.ask_at(570_000, CLIENT, "web.example", Rtype::A);
    bed.run_until(570_500);
    assert_eq!(answers(&bed).pop().unwrap().1, "40 10.1.0.1");
    assert_eq!(bed.asked(RESOLVER), ["1 web.example A"]);
    assert_eq!(ask(&mut bed, 571_000, "web.example"), is(2, "59 10.2.0.9"));
}
