//! Caches on the asker's host, and clients that ask at random, in the resolvers' test bed.

use std::sync::Arc;

use super::testbed::{App, Bed, addr, name, record, resolver};
use super::{Crowd, LocalCaches, LookupAgent, NameServer, Outcome, Stub, Zone};
use crate::base::{Dist, SimDuration, SimTime, Zipf};
use crate::proto::dns::Rtype;

const RESOLVER: usize = 1;
const CLIENT: usize = 2;

const ZONE: [&str; 6] = [
    ". 300 SOA ns.root. h. 1 2 3 4 20",
    ". 300 NS root-server.",
    "root-server. 300 A 10.0.0.0",
    "www.com. 30 A 10.9.9.9",
    "alias.com. 10 CNAME www.com.",
    "sub.com. 60 TXT x",
];

fn everything() -> App {
    let records = ZONE.iter().map(|text| record(text)).collect();
    App::Server(NameServer::new(vec![Zone::new(name("."), records).unwrap()]))
}

/// One server of everything, a resolver, and a client whose stub has these caches.
fn bed(caches: LocalCaches) -> Bed {
    let asker = App::Asker(Stub::new(vec![addr(RESOLVER)]).with_caches(caches), Vec::new());
    Bed::new(vec![(5, everything()), (0, resolver()), (1, asker)])
}

fn outcomes(bed: &Bed) -> Vec<Outcome> {
    let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { panic!("the client asks") };
    answers.iter().map(|(_, answer)| answer.outcome.clone()).collect()
}

const STUB: LocalCaches = LocalCaches { application: false, stub: true };

/// Fails when a copy lives longer than the seconds that the resolver said were left, when it is
/// served at its very end, or with another TTL than what is left.
#[test]
fn a_stub_keeps_answers_for_what_is_left() {
    let mut bed = bed(STUB);
    // learnt by the resolver at 11 ms: 30 s from then; by the stub at 12 ms
    for at in [0, 1000, 30_011, 30_012, 30_013] {
        bed.ask_at(at, CLIENT, "www.com", Rtype::A);
    }
    bed.run_until(1_500);
    assert_eq!(bed.asked(CLIENT).len(), 1, "the second question is the cache's");
    bed.run_until(30_011);
    assert_eq!(bed.asked(CLIENT).len(), 1, "and so is one a millisecond before the end");
    bed.run();
    // the one at 30.012 s asks; that at 30.013 s as well, as the answer is not there yet
    assert_eq!(bed.asked(CLIENT).len(), 3);
    let ttls: Vec<u32> = outcomes(&bed)
        .iter()
        .map(|outcome| match outcome {
            Outcome::Records(records) => records[0].ttl,
            Outcome::NxDomain | Outcome::NoData | Outcome::Failed => panic!("no records"),
        })
        .collect();
    assert_eq!(ttls, [30, 29, 0, 30, 30]);
    assert!(bed.texts(CLIENT, "looked up ").contains(&"www.com Answer Some(Stub)"));
}

/// Fails when denials or aliases are not kept, or an alias outlives its own TTL.
#[test]
fn aliases_and_denials_are_kept_too() {
    let mut bed = bed(STUB);
    for (at, what, rtype) in [(0, "no.com", Rtype::A), (0, "sub.com", Rtype::A), (0, "alias.com", Rtype::A)] {
        bed.ask_at(at, CLIENT, what, rtype);
        bed.ask_at(at + 5_000, CLIENT, what, rtype);
    }
    bed.ask_at(5_500, CLIENT, "no.com", Rtype::Mx);
    bed.ask_at(5_500, CLIENT, "sub.com", Rtype::Txt);
    bed.ask_at(6_000, CLIENT, "www.com", Rtype::A);
    bed.run_until(5_400);
    assert_eq!(bed.asked(CLIENT).len(), 3);
    assert_eq!(outcomes(&bed)[..3], outcomes(&bed)[3..].iter().map(older).collect::<Vec<_>>());
    bed.run_until(7_000);
    // no such name: of no type; no such records: of that type; the alias's target is known
    assert_eq!(bed.asked(CLIENT)[3..], ["1 sub.com TXT"]);
    bed.ask_at(12_000, CLIENT, "alias.com", Rtype::A);
    bed.run();
    assert_eq!(bed.asked(CLIENT)[4..], ["1 alias.com A"], "the alias has ended, its target has not");
}

/// What the same outcome was five seconds before.
fn older(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    if let Outcome::Records(records) = &mut outcome {
        records.iter_mut().for_each(|record| record.ttl += 5);
    }
    outcome
}

/// Fails when the caches are asked in another order, a nearer one does not learn from a farther
/// one, a failure is kept, or a crash leaves something.
#[test]
fn the_program_s_cache_comes_first_and_all_are_lost_in_a_crash() {
    let mut bed = bed(LocalCaches { application: true, stub: true });
    bed.ask_at(0, CLIENT, "www.com", Rtype::A);
    bed.ask_at(1_000, CLIENT, "www.com", Rtype::A);
    bed.run_until(2_000);
    let looked: Vec<&str> = bed.texts(CLIENT, "own ");
    assert_eq!(looked, ["Application www.com Miss", "Stub www.com Miss", "Application www.com Hit { ttl_s: 29 }"]);
    bed.crash(CLIENT);
    bed.boot(CLIENT);
    bed.ask_at(3_000, CLIENT, "www.com", Rtype::A);
    bed.run_until(4_000);
    assert_eq!(bed.asked(CLIENT).len(), 2);
    bed.crash(RESOLVER);
    for at in [5_000, 30_000] {
        bed.ask_at(at, CLIENT, "fail.com", Rtype::A);
    }
    bed.run();
    assert_eq!(bed.asked(CLIENT).len(), 6, "two questions, each twice");
    assert!(matches!(outcomes(&bed)[3..], [Outcome::Failed, Outcome::Failed]));
}

fn crowd(clients: u32) -> Crowd {
    let names: Arc<[String]> = ["www.com".to_owned(), "sub.com".to_owned()].into();
    Crowd {
        at: SimTime::ZERO,
        until: SimTime::ZERO + SimDuration::from_secs(1000),
        clients,
        times: None,
        gap: Dist::Exponential { mean: SimDuration::from_secs(20) },
        spread: None,
        choice: Zipf::new(names.len(), 1.0),
        names,
        rtype: Rtype::A,
        cache: false,
        visit: false,
    }
}

fn agents(crowds: Vec<Crowd>) -> Bed {
    let agent = LookupAgent::new(vec![addr(RESOLVER)], Vec::new()).with_crowds(crowds, false);
    Bed::new(vec![(5, everything()), (0, resolver()), (1, App::Agent(agent))])
}

/// Fails when a failure of the host moves what comes after it, or what was missed is done then.
#[test]
fn who_is_due_while_the_host_is_down_asks_nothing() {
    let asked = |down: Option<(u64, u64)>| {
        let mut bed = agents(vec![crowd(5)]);
        bed.boot(CLIENT);
        let mut all = Vec::new();
        if let Some((from, to)) = down {
            bed.run_until(from);
            bed.crash(CLIENT);
            bed.run_until(to);
            all.extend(bed.asked(CLIENT).iter().map(|text| (*text).to_owned()));
            bed.forget();
            bed.boot(CLIENT);
        }
        bed.run();
        let rest: Vec<String> = bed.asked(CLIENT).iter().map(|text| (*text).to_owned()).collect();
        (all, rest)
    };
    let (_, whole) = asked(None);
    let (before, after) = asked(Some((300_000, 600_000)));
    assert!(whole.len() > 200, "{}", whole.len());
    assert_eq!(whole[..before.len()], before);
    assert_eq!(whole[whole.len() - after.len()..], after);
    let missed = whole.len() - before.len() - after.len();
    assert!((50..100).contains(&missed), "{missed} of about 75");
}

/// Fails when a client has more or fewer look-ups than it is allowed, or goes on after the end.
#[test]
fn times_and_the_end_bound_each_client() {
    let count = |crowd: Crowd| {
        let mut bed = agents(vec![crowd]);
        bed.boot(CLIENT);
        bed.run();
        (bed.asked(CLIENT).len(), bed.now_ms())
    };
    assert_eq!(count(Crowd { times: Some(3), ..crowd(4) }).0, 12);
    let every = Dist::Constant(SimDuration::from_secs(100));
    let at_once = Some(SimDuration::ZERO);
    assert_eq!(count(Crowd { gap: every, spread: at_once, ..crowd(1) }).0, 11, "at 0, 100, ... 1000 s");
    let spread = Some(SimDuration::from_secs(90));
    let (asked, end) = count(Crowd { gap: every, spread, ..crowd(2) });
    assert!((20..=22).contains(&asked) && end < 1_000_100, "{asked} {end}");
}
