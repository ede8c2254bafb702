//! The cache by itself.

use super::*;
use crate::base::SimDuration;

pub(super) const SEC: u64 = 1_000_000_000;

pub(super) fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

pub(super) fn question(name: &str, rtype: Rtype) -> Question {
    Question { name: Name::parse(name).unwrap(), rtype }
}

pub(super) fn record(name: &str, ttl: u32, rtype: Rtype, data: &str) -> Record {
    let data = RecordData::parse(rtype, data, &Name::root()).unwrap();
    Record { name: Name::parse(name).unwrap(), ttl, data }
}

pub(super) fn policy() -> Policy {
    Policy::from(&ResolverConfig::default())
}

fn with(change: impl FnOnce(&mut Policy)) -> Cache {
    let mut policy = policy();
    change(&mut policy);
    Cache::new(policy)
}

fn put(cache: &mut Cache, name: &str, ttl: u32, now: u64) {
    cache.store(&[record(name, ttl, Rtype::A, "10.0.0.1")], Rank::Authority, at(now));
}

fn soa(name: &str, ttl: u32, minimum: u32) -> Record {
    record(name, ttl, Rtype::Soa, &format!("ns. root. 1 2 3 4 {minimum}"))
}

fn ttl(held: Option<Held>) -> Option<u32> {
    match held? {
        Held::Records(records) => records.first().map(|record| record.ttl),
        Held::NxDomain(soa) | Held::NoData(soa) => soa.map(|soa| soa.ttl),
        Held::Failure => None,
    }
}

/// Rounding up would let a second cache keep the answer beyond its end; `<=` at the
/// end would serve it one instant too long.
#[test]
fn ttls_fall_and_end_on_the_instant() {
    let asked = question("a.example", Rtype::A);
    let mut cache = Cache::new(policy());
    put(&mut cache, "a.example", 3, 500);
    for (now, left) in [
        (500, Some(3)),
        (501, Some(2)),
        (SEC + 500, Some(2)),
        (2 * SEC + 501, Some(0)),
        (3 * SEC + 499, Some(0)),
        (3 * SEC + 500, None),
    ] {
        assert_eq!(ttl(cache.answer(&asked, at(now))), left, "at {now}");
    }
}

#[test]
fn a_denial_lives_for_the_lesser_of_two_and_the_cap() {
    for (soa_ttl, minimum, lives) in [(300, 60, 60), (30, 60, 30), (90_000, 90_000, 3600)] {
        let soa = soa("example", soa_ttl, minimum);
        let mut cache = Cache::new(policy());
        let asked = question("no.example", Rtype::Mx);
        cache.store_nx_domain(&asked.name, Some(&soa), at(0));
        assert_eq!(ttl(cache.answer(&asked, at(0))), Some(lives));
        assert!(matches!(cache.answer(&question("NO.example", Rtype::A), at(0)), Some(Held::NxDomain(_))));
        assert_eq!(cache.answer(&asked, at(u64::from(lives) * SEC)), None);
        // that there is no MX record says that the name is there
        cache.store_no_data(&asked, Some(&soa), at(0));
        assert!(matches!(cache.answer(&asked, at(0)), Some(Held::NoData(Some(_)))));
        assert_eq!(cache.answer(&question("no.example", Rtype::A), at(0)), None);
        cache.store_nx_domain(&asked.name, None, at(0));
        assert_eq!(cache.len(), 1, "RFC 2308 5: without an SOA it is not cached");
    }
}

/// Believing the latest comer would let any zone's additional section replace what the
/// authority said.
#[test]
fn glue_neither_answers_nor_replaces_an_answer() {
    let asked = question("ns.example", Rtype::A);
    let glue = record("ns.example", 50, Rtype::A, "10.6.6.6");
    let truth = record("ns.example", 10, Rtype::A, "10.0.0.1");
    let mut cache = Cache::new(policy());
    cache.store(std::slice::from_ref(&glue), Rank::Glue, at(0));
    assert_eq!(cache.answer(&asked, at(0)), None);
    assert_eq!(cache.infrastructure(&asked.name, Rtype::A, at(0)), std::slice::from_ref(&glue.data));
    cache.store(std::slice::from_ref(&truth), Rank::Authority, at(0));
    cache.store(std::slice::from_ref(&glue), Rank::Glue, at(0));
    assert_eq!(cache.answer(&asked, at(0)), Some(Held::Records(vec![truth])));
    cache.store(std::slice::from_ref(&glue), Rank::Glue, at(10 * SEC));
    assert_eq!(cache.infrastructure(&asked.name, Rtype::A, at(10 * SEC)), [glue.data]);
}

#[test]
fn what_expired_is_swept_out() {
    let mut cache = Cache::new(policy());
    for n in 0..10 * SWEEP_FLOOR as u64 {
        put(&mut cache, &format!("n{n}.example"), 1, n * 10_000_000);
    }
    assert!(cache.len() <= SWEEP_FLOOR, "{}", cache.len());
}

/// Would break if stale entries were taken for fresh, kept for ever, or served with a TTL longer
/// than the one they came with.
#[test]
fn what_expired_is_kept_for_who_serves_it_stale() {
    let stale = ServeStale { max: Some(SimDuration::from_secs(10)), ..ServeStale::default() };
    let mut cache = with(|policy| policy.stale = Some(stale));
    let asked = question("a.example", Rtype::A);
    put(&mut cache, "a.example", 100, 7);
    put(&mut cache, "short.example", 3, 7);
    let read = |cache: &Cache, asked: &Question, now| cache.read_stale(asked, at(now));
    assert_eq!(read(&cache, &asked, 99 * SEC).unwrap().past, None);
    assert_eq!(cache.answer(&asked, at(100 * SEC + 7)), None);
    for (now, past) in [(100 * SEC + 7, 0), (100 * SEC + 8, 1), (109 * SEC + 7, 9)] {
        let reading = read(&cache, &asked, now).unwrap();
        assert_eq!((reading.past, ttl(Some(reading.held))), (Some(past), Some(30)));
    }
    assert!(read(&cache, &asked, 109 * SEC + 8).is_none());
    let short = read(&cache, &question("short.example", Rtype::A), 5 * SEC).unwrap();
    assert_eq!(ttl(Some(short.held)), Some(3));
    for n in 0..SWEEP_FLOOR {
        put(&mut cache, &format!("n{n}.example"), 1, 105 * SEC);
    }
    assert!(read(&cache, &asked, 105 * SEC).is_some(), "a sweep leaves what may be served");
    assert!(!cache.listing(at(105 * SEC)).iter().any(|line| line.name.to_string() == "short.example"));
}

#[test]
fn floors_and_caps_are_kept() {
    let mut cache = with(|policy| (policy.ttl, policy.negative_ttl) = ((60, 300), (20, 50)));
    for (given, kept) in [(0, 60), (100, 100), (1000, 300)] {
        put(&mut cache, "a.example", given, 0);
        assert_eq!(ttl(cache.answer(&question("a.example", Rtype::A), at(0))), Some(kept));
    }
    for (given, kept) in [(0, 20), (30, 30), (1000, 50)] {
        cache.store_nx_domain(&Name::parse("no.example").unwrap(), Some(&soa("example", given, 900)), at(0));
        assert_eq!(ttl(cache.answer(&question("no.example", Rtype::A), at(0))), Some(kept));
    }
}

/// RFC 8020: nothing exists beneath a name that does not exist, until somebody says otherwise.
#[test]
fn a_denial_covers_what_lies_beneath() {
    let name = |text| Name::parse(text).unwrap();
    let above = |cache: &Cache, text, now| {
        let found = cache.denied_above(&name(text), at(now));
        found.and_then(|reading| ttl(Some(reading.held)))
    };
    let mut cache = Cache::new(policy());
    assert_eq!(above(&cache, "x.gone.example", 0), None);
    cache.store_nx_domain(&name("GONE.example"), Some(&soa("example", 60, 60)), at(0));
    assert_eq!(above(&cache, "x.y.gone.example", SEC), Some(59));
    assert_eq!(above(&cache, "gone.example", SEC), Some(59));
    assert_eq!(above(&cache, "example", SEC), None);
    assert_eq!(above(&cache, "begone.example", SEC), None);
    assert_eq!(above(&cache, "x.gone.example", 60 * SEC), None, "at its end");
    cache.store(&[record("x.gone.example", 5, Rtype::A, "10.0.0.1")], Rank::Glue, at(SEC));
    assert_eq!(above(&cache, "y.gone.example", SEC), Some(59), "glue proves nothing");
    put(&mut cache, "x.gone.example", 5, SEC);
    assert_eq!(above(&cache, "y.gone.example", SEC), None);
    assert_eq!(cache.absent, 0);
}

#[test]
fn failures_are_remembered_for_a_while_and_never_before_data() {
    let asked = question("a.example", Rtype::A);
    let mut cache = Cache::new(policy());
    cache.store_failure(&asked, at(0));
    assert_eq!(cache.answer(&asked, at(5 * SEC - 1)), Some(Held::Failure));
    assert_eq!(cache.answer(&question("a.example", Rtype::Mx), at(0)), None);
    assert_eq!(cache.answer(&asked, at(5 * SEC)), None);
    cache.store_failure(&asked, at(5 * SEC));
    assert!(!cache.failed(&asked, at(10 * SEC)), "no longer than before");
    put(&mut cache, "a.example", 60, 6 * SEC);
    cache.store_failure(&asked, at(7 * SEC));
    assert!(cache.failed(&asked, at(8 * SEC)));
    assert_eq!(ttl(cache.answer(&asked, at(8 * SEC))), Some(58));
    cache.forget_failure(&asked);
    assert!(!cache.failed(&asked, at(8 * SEC)));
    let mut never = with(|policy| policy.failure_ttl = 0);
    never.store_failure(&asked, at(0));
    assert!(never.is_empty());
}

/// RFC 9520 3.2 asks for longer and longer pauses, RFC 8767 5 for 30 seconds where stale data are
/// served.
#[test]
fn repeated_failures_are_remembered_longer_where_stale_data_are_served() {
    let asked = question("a.example", Rtype::A);
    let mut cache = with(|policy| policy.stale = Some(ServeStale::default()));
    let mut now = 0;
    for kept in [5, 10, 20, 30, 30] {
        cache.store_failure(&asked, at(now));
        assert!(cache.failed(&asked, at(now + kept * SEC - 1)));
        now += kept * SEC;
        assert!(!cache.failed(&asked, at(now)), "after {kept} s");
    }
    cache.store_failure(&asked, at(now + 100 * SEC));
    assert!(!cache.failed(&asked, at(now + 105 * SEC)), "it is no repetition any more");
}

/// RFC 1035 3.2.1: a TTL of zero is for the transaction in progress; what was held is out of date.
#[test]
fn a_ttl_of_zero_takes_away_what_was_held() {
    let mut cache = with(|policy| policy.stale = Some(ServeStale::default()));
    let asked = question("a.example", Rtype::A);
    cache.store_nx_domain(&asked.name, Some(&soa("example", 10, 10)), at(0));
    put(&mut cache, "a.example", 0, 20 * SEC);
    assert!(cache.read_stale(&asked, at(20 * SEC)).is_none());
    put(&mut cache, "a.example", 10, 20 * SEC);
    cache.store(&[record("a.example", 0, Rtype::A, "10.9.9.9")], Rank::Glue, at(21 * SEC));
    assert_eq!(ttl(cache.answer(&asked, at(21 * SEC))), Some(9), "glue takes nothing away");
    put(&mut cache, "a.example", 0, 22 * SEC);
    assert!(cache.is_empty());
}

#[test]
fn a_listing_tells_who_said_what_and_when() {
    let mut cache = Cache::new(policy());
    let [one, two] = [1, 2].map(|n| IpAddr::from([10, 0, 0, n]));
    cache.told_by(Origin::Server(one));
    put(&mut cache, "WWW.b.example", 60, SEC);
    cache.told_by(Origin::Forwarder(two));
    cache.store(&[record("b.example", 50, Rtype::Mx, "5 mx.b.example")], Rank::Answer, at(2 * SEC));
    put(&mut cache, "www.B.example", 90, 3 * SEC);
    cache.told_by(Origin::Server(one));
    cache.store_nx_domain(&Name::parse("z.a.example").unwrap(), Some(&soa("example", 30, 30)), at(3 * SEC));
    cache.store_failure(&question("b.example", Rtype::A), at(3 * SEC));
    for _ in 0..3 {
        cache.count_served(cache.read(&question("www.b.example", Rtype::A), at(4 * SEC)).unwrap().place);
    }
    assert!(cache.answer(&question("www.b.example", Rtype::A), at(4 * SEC)).is_some());
    let lines = cache.listing(at(4 * SEC));
    let told = |line: &super::super::listing::CacheLine| (line.origin, line.stored_at, line.served, line.texts());
    let text = |text: &str| vec![text.to_owned()];
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [
            (Origin::Server(one), at(3 * SEC), 0, text("z.a.example 29 does not exist (NXDOMAIN)")),
            (Origin::Own, at(3 * SEC), 0, text("b.example 4 A could not be found out (SERVFAIL)")),
            (Origin::Forwarder(two), at(2 * SEC), 0, text("b.example 48 MX 5 mx.b.example")),
            (Origin::Forwarder(two), at(3 * SEC), 3, text("WWW.b.example 89 A 10.0.0.1")),
        ]
    );
    assert_eq!(cache.lines(at(4 * SEC)).len(), 4);
    assert_eq!(cache.lines(at(60 * SEC)).len(), 1);
}

/// What a name costs: a change that makes entries larger should be noticed.
#[test]
fn an_entry_is_small() {
    let mut cache = Cache::new(policy());
    put(&mut cache, "host123456.example.com", 60, 0);
    assert!(cache.octets() <= 120, "{}", cache.octets());
    assert_eq!(size_of::<Entry>(), 56);
}
