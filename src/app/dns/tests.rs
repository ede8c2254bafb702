//! Whole lookups through servers, a resolver and stubs, datagram by datagram.

use crate::base::{Endpoint, SimDuration, SimTime};
use crate::proto::dns::{Message, PORT, Question, Rcode, Rtype, UDP_LIMIT};

use super::testbed::{App, Bed, addr, name, record, resolver, server, zone};
use super::{LookupAgent, LookupJob, NameServer, Outcome, Stub};

const ROOT: usize = 0;
const ZONE: usize = 2;
const RESOLVER: usize = 3;
const CLIENT: usize = 4;

fn root() -> App {
    server(".", &["com 86400 NS ns.com.", "ns.com 86400 A 10.0.0.1", "org 86400 NS ns.com."])
}

fn com(more: &[&str]) -> App {
    let own = ["example.com 86400 NS ns.example.com.", "ns.example.com 86400 A 10.0.0.2"];
    server("com", &[&own[..], more].concat())
}

const EXAMPLE: [&str; 5] = [
    "example.com 300 MX 10 mail.example.com.",
    "www.example.com 300 A 10.1.0.1",
    "mail.example.com 300 A 10.1.0.2",
    "web.example.com 300 CNAME www.example.com.",
    "x.y.example.com 300 A 10.1.0.3",
];

fn asker() -> App {
    App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new())
}

/// V30: the round trips are 30 ms to the root, 20 to the TLD, 10 to the zone, 2 to the resolver.
fn world_with(com: App, zone: App, more: Vec<(u64, App)>) -> Bed {
    let mut apps = vec![(15, root()), (10, com), (5, zone), (0, resolver()), (1, asker())];
    apps.extend(more);
    Bed::new(apps)
}

fn world() -> Bed {
    world_with(com(&[]), server("example.com", &EXAMPLE), Vec::new())
}

fn outcomes(bed: &Bed) -> Vec<(u64, Outcome)> {
    let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
    answers.iter().map(|(at, answer)| (at.as_nanos() / 1000, answer.outcome.clone())).collect()
}

fn last(bed: &Bed) -> Outcome {
    outcomes(bed).pop().unwrap().1
}

fn records(texts: &[&str]) -> Outcome {
    Outcome::Records(texts.iter().map(|text| record(text)).collect())
}

/// Asks at an instant, lets everything come to rest, and tells the datagrams it took.
fn lookup(bed: &mut Bed, at_ms: u64, name: &str, rtype: Rtype) -> usize {
    bed.forget();
    bed.ask_at(at_ms, CLIENT, name, rtype);
    bed.run();
    bed.datagrams()
}

/// A server asked twice, or one left out, changes the count; any delay of our own the time.
#[test]
fn message_counts_and_the_sum_of_round_trips() {
    let mut bed = world();
    assert_eq!(lookup(&mut bed, 0, "www.example.com", Rtype::A), 8);
    assert_eq!(outcomes(&bed), [(62_000, records(&["www.example.com 300 A 10.1.0.1"]))]);
    assert_eq!(bed.asked(RESOLVER), ["0 www.example.com A", "1 www.example.com A", "2 www.example.com A"]);
    assert_eq!(bed.texts(RESOLVER, "answered "), ["Referral", "Referral", "Answer"]);
    assert_eq!(lookup(&mut bed, 1000, "example.com", Rtype::Mx), 4, "second name in the zone");
    assert_eq!(lookup(&mut bed, 2000, "WWW.example.com.", Rtype::A), 2, "same name within the TTL");
    assert_eq!(last(&bed), records(&["www.example.com 298 A 10.1.0.1"]), "62 ms to the resolver, 1 ms more back");
    assert_eq!(bed.texts(CLIENT, "asked "), ["3 WWW.example.com A"], "in the asker's case");
    assert_eq!(lookup(&mut bed, 3000, "other.com", Rtype::A), 4, "another name of com: the TLD answers itself");
}

/// Every line's cause is the line that made it happen, through all three hosts' parts.
#[test]
fn causes_lead_back_to_the_question() {
    let mut bed = world();
    lookup(&mut bed, 0, "www.example.com", Rtype::A);
    let of_resolver: Vec<_> = bed.lines().iter().filter(|line| line.host == RESOLVER).collect();
    let texts: Vec<&str> = of_resolver.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts[..3], ["received 1 www.example.com", "cache 1 www.example.com Miss", "asked 0 www.example.com A"]);
    assert_eq!(texts.last(), Some(&"replied 1 Answer 0"));
    for pair in of_resolver.windows(2).filter(|pair| pair[1].cause != 0) {
        assert_eq!(pair[1].cause, pair[0].id, "{}", pair[1].text);
    }
}

/// An answer served at its expiry, or a TTL that rises on the way, breaks invariant 24.
#[test]
fn an_expired_answer_is_asked_for_again() {
    let mut bed = world();
    lookup(&mut bed, 0, "www.example.com", Rtype::A);
    // taken up by the resolver at 61 ms, so it ends there at 300,061 ms
    assert_eq!(lookup(&mut bed, 300_059, "www.example.com", Rtype::A), 2);
    assert_eq!(last(&bed), records(&["www.example.com 0 A 10.1.0.1"]));
    assert_eq!(lookup(&mut bed, 300_062, "www.example.com", Rtype::A), 4);
    assert_eq!(last(&bed), records(&["www.example.com 300 A 10.1.0.1"]));
}

/// V31: kept for min(SOA TTL 300, MINIMUM 60), to the instant.
#[test]
fn denials_are_kept() {
    for (asked, rtype, outcome) in [
        ("no.example.com", Rtype::A, Outcome::NxDomain),
        ("www.example.com", Rtype::Txt, Outcome::NoData),
        ("y.example.com", Rtype::A, Outcome::NoData),
    ] {
        let mut bed = world();
        assert_eq!(lookup(&mut bed, 0, asked, rtype), 8);
        assert_eq!(last(&bed), outcome);
        assert_eq!(lookup(&mut bed, 60_059, asked, rtype), 2);
        assert_eq!(lookup(&mut bed, 60_060, asked, rtype), 4, "asked again at the expiry");
        assert_eq!(last(&bed), outcome);
    }
}

/// NXDOMAIN holds for all types, NODATA for one.
#[test]
fn a_denied_name_has_no_other_types() {
    let mut bed = world();
    lookup(&mut bed, 0, "no.example.com", Rtype::A);
    assert_eq!(lookup(&mut bed, 1000, "no.example.com", Rtype::Mx), 2);
    lookup(&mut bed, 2000, "www.example.com", Rtype::Txt);
    assert_eq!(lookup(&mut bed, 3000, "www.example.com", Rtype::Mx), 4);
}

#[test]
fn a_silent_server_costs_its_timeout_and_the_next_answers() {
    let com = com(&["example.com 86400 NS ns2.example.com.", "ns2.example.com 86400 A 10.0.0.5"]);
    let zone = server("example.com", &EXAMPLE);
    let mut bed = world_with(com, App::Scripted(|_| Vec::new()), vec![(5, zone)]);
    lookup(&mut bed, 0, "www.example.com", Rtype::A);
    assert_eq!(outcomes(&bed)[0].0, 62_000 + 400_000);
    assert_eq!(bed.texts(RESOLVER, "timed out").len(), 1);
    lookup(&mut bed, 1000, "mail.example.com", Rtype::A);
    assert_eq!(bed.asked(RESOLVER), ["5 mail.example.com A"], "the known good one is asked first");
}

/// A server that says nothing of use is not asked twice; one that failed is, when none is left.
#[test]
fn lame_and_failing_servers_are_left() {
    let scripts: [fn(&Message) -> Vec<Message>; 3] = [
        |query| vec![query.response(Rcode::Refused)],
        |query| vec![query.response(Rcode::ServFail)],
        |query| {
            // an upward referral
            let mut reply = query.response(Rcode::NoError);
            reply.authorities.push(record(". 9 NS evil."));
            reply.additionals.push(record("evil 9 A 10.0.0.66"));
            vec![reply]
        },
    ];
    for (script, tries) in scripts.into_iter().zip([1, 2, 1]) {
        let com = com(&["example.com 86400 NS ns2.example.com.", "ns2.example.com 86400 A 10.0.0.5"]);
        let mut bed = world_with(com, App::Scripted(script), vec![(5, server("example.com", &EXAMPLE))]);
        assert_eq!(lookup(&mut bed, 0, "www.example.com", Rtype::A), 10);
        assert_eq!(last(&bed), records(&["www.example.com 300 A 10.1.0.1"]));
        assert_eq!(bed.texts(RESOLVER, "answered ")[2], "Failure");
        let mut bed = world_with(self::com(&[]), App::Scripted(script), Vec::new());
        assert_eq!(lookup(&mut bed, 0, "www.example.com", Rtype::A), 6 + 2 * tries);
        assert_eq!(outcomes(&bed)[0].1, Outcome::Failed, "SERVFAIL when none is left");
    }
}

/// Timeouts double from 400 ms and the whole ends after 10 s, as a SERVFAIL.
#[test]
fn silence_everywhere_ends_in_servfail_within_the_budget() {
    let mut bed = world_with(com(&[]), App::Scripted(|_| Vec::new()), Vec::new());
    lookup(&mut bed, 0, "www.example.com", Rtype::A);
    assert_eq!(outcomes(&bed), [(10_002_000, Outcome::Failed)]);
    // 400 + 800 + 1600 + 3200 ms, then what is left of the 10 s
    assert_eq!(bed.texts(RESOLVER, "timed out").len(), 5);
    assert_eq!(bed.texts(RESOLVER, "received ").len(), 2, "the stub repeats after 5 s and joins");
    assert!(bed.now_ms() < 20_000);
}

#[test]
fn a_dead_resolver_is_given_up_after_two_rounds() {
    let mut bed = world();
    bed.crash(RESOLVER);
    lookup(&mut bed, 0, "www.example.com", Rtype::A);
    assert_eq!(outcomes(&bed), [(15_000_000, Outcome::Failed)]);
    assert_eq!(bed.texts(CLIENT, "timed out").len(), 2);
}

#[test]
fn stubs_fail_without_servers_and_on_bad_names() {
    let mut bed = world();
    lookup(&mut bed, 0, "a..b", Rtype::A);
    bed.nodes[CLIENT].app = App::Asker(Stub::new(Vec::new()), Vec::new());
    lookup(&mut bed, 1, "a.b", Rtype::A);
    assert_eq!((last(&bed), bed.datagrams()), (Outcome::Failed, 0));
}

/// The zone's server names an address for a name of another zone; believing it would poison.
#[test]
fn data_from_outside_the_bailiwick_is_not_believed() {
    let poisoner: fn(&Message) -> Vec<Message> = |query| {
        let mut reply = query.response(Rcode::NoError);
        reply.flags.aa = true;
        reply.answers.push(record("web.example.com 300 CNAME www.victim.com."));
        reply.answers.push(record("www.victim.com 300 A 10.6.6.6"));
        reply.answers.push(record("www.victim.com 300 CNAME evil.example.com."));
        reply.answers.push(record("evil.example.com 300 A 10.6.6.6"));
        reply.authorities.push(record("com 300 NS ns.example.com."));
        reply.additionals.push(record("ns.victim.com 300 A 10.6.6.6"));
        reply.additionals.push(record("ns.com 300 A 10.6.6.6"));
        vec![reply]
    };
    let com = com(&["victim.com 86400 NS ns.victim.com.", "ns.victim.com 86400 A 10.0.0.5"]);
    let victim = server("victim.com", &["www.victim.com 300 A 10.1.0.9"]);
    let mut bed = world_with(com, App::Scripted(poisoner), vec![(5, victim)]);
    assert_eq!(lookup(&mut bed, 0, "web.example.com", Rtype::A), 12);
    assert_eq!(last(&bed), records(&["web.example.com 299 CNAME www.victim.com.", "www.victim.com 300 A 10.1.0.9"]));
    lookup(&mut bed, 1000, "other.victim.com", Rtype::A);
    assert_eq!(bed.asked(RESOLVER), ["5 other.victim.com A"]);
}

/// A delegation to a server of another zone, with an address for it: whose servers are where is
/// for that other zone to say.
#[test]
fn glue_from_outside_the_bailiwick_is_not_believed() {
    let poisoner: fn(&Message) -> Vec<Message> = |query| {
        let mut reply = query.response(Rcode::NoError);
        reply.authorities.push(record("sub.example.com 300 NS ns.victim.com."));
        reply.additionals.push(record("ns.victim.com 300 A 10.0.0.6"));
        vec![reply]
    };
    let evil: fn(&Message) -> Vec<Message> = |query| {
        let mut reply = query.response(Rcode::NoError);
        reply.flags.aa = true;
        reply.answers.push(record("www.sub.example.com 300 A 10.6.6.6"));
        vec![reply]
    };
    let com = com(&["victim.com 86400 NS ns.victim.com.", "ns.victim.com 86400 A 10.0.0.5"]);
    let victim = App::Server(NameServer::new(vec![
        zone("victim.com", &["ns.victim.com 300 A 10.0.0.5"]),
        zone("sub.example.com", &["www.sub.example.com 300 A 10.1.0.9"]),
    ]));
    let mut bed = world_with(com, App::Scripted(poisoner), vec![(5, victim), (5, App::Scripted(evil))]);
    lookup(&mut bed, 0, "www.sub.example.com", Rtype::A);
    assert_eq!(last(&bed), records(&["www.sub.example.com 300 A 10.1.0.9"]));
    assert!(bed.asked(RESOLVER).iter().all(|asked| !asked.starts_with("6 ")), "{:?}", bed.asked(RESOLVER));
}

/// A forged response with the wrong source, ID or question must not be taken.
#[test]
fn forged_responses_are_dropped() {
    let mut bed = world();
    bed.ask_at(0, CLIENT, "www.example.com", Rtype::A);
    bed.run_until(2);
    let question = Question { name: name("www.example.com"), rtype: Rtype::A };
    let to = Endpoint::new(addr(RESOLVER), 49_152);
    for id in 0..=u16::MAX {
        let mut forged = Message::query(id, question.clone(), false).response(Rcode::NoError);
        forged.flags.aa = true;
        forged.answers.push(record("www.example.com 300 A 10.6.6.6"));
        bed.inject(Endpoint::new(addr(ZONE), PORT), to, forged.encode(UDP_LIMIT));
        bed.inject(Endpoint::new(addr(ROOT), 99), to, forged.encode(UDP_LIMIT));
        forged.questions[0].rtype = Rtype::Mx;
        bed.inject(Endpoint::new(addr(ROOT), PORT), to, forged.encode(UDP_LIMIT));
    }
    bed.run();
    assert_eq!(last(&bed), records(&["www.example.com 300 A 10.1.0.1"]));
}

#[test]
fn aliases_inside_and_across_zones() {
    let com = com(&["far.com 86400 NS ns.far.com.", "ns.far.com 86400 A 10.0.0.5"]);
    let zone = server("example.com", &[&EXAMPLE[..], &["out.example.com 100 CNAME www.far.com."]].concat());
    let far = server("far.com", &["www.far.com 50 A 10.1.0.8"]);
    let mut bed = world_with(com, zone, vec![(5, far)]);
    assert_eq!(lookup(&mut bed, 0, "web.example.com", Rtype::A), 8, "one response holds the chain");
    assert_eq!(last(&bed), records(&["web.example.com 300 CNAME www.example.com.", "www.example.com 300 A 10.1.0.1"]));
    let both = ["out.example.com 99 CNAME www.far.com.", "www.far.com 50 A 10.1.0.8"];
    assert_eq!(lookup(&mut bed, 1000, "out.example.com", Rtype::A), 8, "zone, com, far, and the stub's two");
    assert_eq!(last(&bed), records(&both));
    assert_eq!(lookup(&mut bed, 2000, "out.example.com", Rtype::A), 2);
    assert_eq!(lookup(&mut bed, 60_000, "out.example.com", Rtype::A), 4, "only the target expired");
    assert_eq!(lookup(&mut bed, 61_000, "out.example.com", Rtype::Mx), 4, "the alias serves other types too");
    assert_eq!(last(&bed), Outcome::NoData);
}

/// Would break if the TTL of an alias stood still while its target was looked up.
#[test]
fn an_alias_ages_while_its_target_is_looked_up() {
    let com = com(&["far.com 86400 NS ns.far.com.", "ns.far.com 86400 A 10.0.0.5"]);
    let zone =
        server("example.com", &["out.example.com 100 CNAME www.far.com.", "short.example.com 1 CNAME a.far.com."]);
    let far = server("far.com", &["www.far.com 50 A 10.1.0.8", "a.far.com 50 A 10.1.0.9"]);
    let mut bed = world_with(com, zone, vec![(1500, far)]);
    lookup(&mut bed, 0, "out.example.com", Rtype::A);
    // The waits of 400, 800 and 1600 ms are too short for a round trip of 3 s; the fourth is not.
    assert_eq!(last(&bed), records(&["out.example.com 94 CNAME www.far.com.", "www.far.com 50 A 10.1.0.8"]));
    lookup(&mut bed, 20_000, "short.example.com", Rtype::A);
    assert_eq!(last(&bed), records(&["short.example.com 0 CNAME a.far.com.", "a.far.com 50 A 10.1.0.9"]));
}

/// Invariant 25: a ring must not wait for itself for ever, nor a long chain be followed to its end.
#[test]
fn alias_rings_and_endless_chains_fail() {
    let com = com(&["far.com 86400 NS ns.far.com.", "ns.far.com 86400 A 10.0.0.5"]);
    let mut zone: Vec<String> = ["a", "b"].map(|n| format!("{n}.example.com 300 CNAME {n}.far.com.")).to_vec();
    let mut far = vec!["a.far.com 300 CNAME a.example.com.".to_owned(), "b.far.com 300 A 10.1.0.1".to_owned()];
    for n in 0..20 {
        zone.push(format!("n{n}.example.com 300 CNAME n{n}.far.com."));
        far.push(format!("n{n}.far.com 300 CNAME n{}.example.com.", n + 1));
    }
    let text = |lines: &[String]| lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let (zone, far) = (text(&zone), text(&far));
    let zone = server("example.com", &zone.split('\n').collect::<Vec<_>>());
    let far = server("far.com", &far.split('\n').collect::<Vec<_>>());
    let mut bed = world_with(com, zone, vec![(5, far)]);
    for (at, asked) in [(0, "a.example.com"), (1000, "n0.example.com"), (2000, "a.far.com")] {
        lookup(&mut bed, at, asked, Rtype::A);
        assert_eq!(last(&bed), Outcome::Failed, "{asked}");
        assert!(bed.asked(RESOLVER).len() <= 20, "{:?}", bed.asked(RESOLVER));
    }
    lookup(&mut bed, 3000, "b.example.com", Rtype::A);
    assert!(matches!(last(&bed), Outcome::Records(_)));
}

/// The root has only the name of org's server, which lies in com: it takes a walk of its own.
#[test]
fn a_server_without_glue_is_looked_up() {
    let zone = server("example.com", &["nic.example.com 300 A 10.0.0.5"]);
    let mut bed = world_with(com(&[]), zone, vec![(5, server("org", &["www.org 50 A 10.1.0.7"]))]);
    bed.nodes[ROOT].app = server(".", &["com 900 NS ns.com.", "ns.com 900 A 10.0.0.1", "org 900 NS nic.example.com."]);
    assert_eq!(lookup(&mut bed, 0, "www.org", Rtype::A), 2 + 2 + 6 + 2);
    assert_eq!(outcomes(&bed), [(2_000 + 30_000 + 60_000 + 10_000, records(&["www.org 50 A 10.1.0.7"]))]);
    let asked = ["0 www.org A", "0 nic.example.com A", "1 nic.example.com A", "2 nic.example.com A", "5 www.org A"];
    assert_eq!(bed.asked(RESOLVER), asked);
    assert_eq!(lookup(&mut bed, 1000, "no.org", Rtype::A), 4, "the server's address is remembered");
    assert_eq!(lookup(&mut bed, 400_000, "www.org", Rtype::A), 6, "and looked up again when it has expired");
}

/// Servers of two zones that name each other without glue: each waits for the other.
#[test]
fn delegations_in_a_ring_fail() {
    let root = server(".", &["com 9 NS ns.x.org.", "org 9 NS ns.x.com."]);
    let mut bed = world();
    bed.nodes[ROOT].app = root;
    lookup(&mut bed, 0, "www.example.com", Rtype::A);
    assert_eq!(outcomes(&bed), [(62_000, Outcome::Failed)], "{:?}", bed.asked(RESOLVER));
}

#[test]
fn clients_share_a_lookup() {
    let mut bed = world_with(com(&[]), server("example.com", &EXAMPLE), vec![(3, asker())]);
    bed.ask_at(0, CLIENT, "www.example.com", Rtype::A);
    bed.ask_at(20, 5, "WWW.EXAMPLE.COM", Rtype::A);
    bed.ask_at(20, 5, "web.example.com", Rtype::A);
    bed.run();
    assert_eq!(bed.texts(RESOLVER, "replied ").len(), 3);
    assert_eq!(bed.asked(RESOLVER).iter().filter(|asked| asked.ends_with("www.example.com A")).count(), 3);
    let App::Asker(_, answers) = &bed.nodes[5].app else { unreachable!() };
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0].0, SimTime::ZERO + SimDuration::from_millis(61 + 3), "at the first one's answer");
}

#[test]
fn a_crash_loses_the_cache_and_what_was_under_way() {
    let mut bed = world();
    lookup(&mut bed, 0, "www.example.com", Rtype::A);
    bed.crash(RESOLVER);
    bed.boot(RESOLVER);
    assert_eq!(lookup(&mut bed, 1000, "www.example.com", Rtype::A), 8);
    bed.ask_at(2000, CLIENT, "www.example.com", Rtype::Mx);
    bed.run_until(2005);
    bed.crash(RESOLVER);
    bed.boot(RESOLVER);
    bed.run();
    assert_eq!(last(&bed), Outcome::NoData, "asked again by the stub after 5 s");
    assert_eq!(outcomes(&bed)[2].0, 2_000_000 + 5_000_000 + 62_000);
}

#[test]
fn a_schedule_is_kept_and_what_was_missed_done_once() {
    let job = LookupJob {
        at: SimTime::ZERO + SimDuration::from_secs(1),
        name: "www.example.com".to_owned(),
        rtype: Rtype::A,
        every: Some(SimDuration::from_secs(100)),
        times: 10,
        visit: false,
    };
    let once = LookupJob { every: None, times: 3, ..job.clone() };
    let mut bed = world();
    bed.nodes[CLIENT].app = App::Agent(LookupAgent::new(vec![addr(RESOLVER)], vec![job, once]));
    bed.boot(CLIENT);
    bed.run_until(150_000);
    assert_eq!(bed.asked(CLIENT).len(), 3);
    bed.crash(CLIENT);
    bed.run_until(450_000);
    bed.boot(CLIENT);
    bed.run_until(450_100);
    assert_eq!(bed.asked(CLIENT).len(), 4, "201, 301 and 401 s are one");
    bed.run();
    assert_eq!(bed.asked(CLIENT).len(), 9, "501 to 901 s");
    assert_eq!(bed.now_ms() / 1000, 901);
}

#[test]
fn resolvers_refuse_what_is_not_for_them() {
    let mut bed = world();
    let ask = |bed: &mut Bed, query: &Message| {
        bed.forget();
        bed.inject(Endpoint::new(addr(CLIENT), 7), Endpoint::new(addr(RESOLVER), PORT), query.encode(UDP_LIMIT));
        bed.run();
        bed.texts(RESOLVER, "replied ").join(",")
    };
    let mut query = Message::query(1, Question { name: name("www.example.com"), rtype: Rtype::A }, false);
    assert_eq!(ask(&mut bed, &query), "1 Failure 5");
    query.flags.rd = true;
    query.flags.opcode = 2;
    assert_eq!(ask(&mut bed, &query), "2 Failure 4");
    query.flags.opcode = 0;
    query.questions.push(query.questions[0].clone());
    assert_eq!(ask(&mut bed, &query), "3 Failure 1");
    assert_eq!(ask(&mut bed, &query.response(Rcode::NoError)), "", "a response is no question");
    for garbage in [&b""[..], b"\0", b"\0\x01\0\0\0\x01\0\0\0\0\0\0", b"\0\x01\x80\0\0\x01\0\0\0\0\0\0"] {
        bed.inject(Endpoint::new(addr(CLIENT), 7), Endpoint::new(addr(RESOLVER), PORT), garbage.to_vec());
        bed.inject(Endpoint::new(addr(CLIENT), 7), Endpoint::new(addr(ZONE), PORT), garbage.to_vec());
        bed.inject(Endpoint::new(addr(ROOT), PORT), Endpoint::new(addr(RESOLVER), 49_152), garbage.to_vec());
        bed.run();
    }
}
