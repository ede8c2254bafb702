//! Changes of zones, and how copies of them are kept up: what is asked when, and what is served.

use std::collections::BTreeMap;

use crate::base::{Endpoint, SimDuration, SimTime};
use crate::proto::dns::{Message, PORT, Question, Rcode, Rtype, stream};

use super::secondary::is_newer;
use super::testbed::{App, Bed, addr, name, record, zone};
use super::testbed_streams::Caller;
use super::{NameServer, NameServerConfig, SecondaryZone, Zone, ZoneChange, ZoneError};

/// REFRESH, RETRY and EXPIRE of the beds' zones in seconds.
const REFRESH: u64 = 7200;
const RETRY: u64 = 900;
const EXPIRE: u64 = 1_209_600;

fn seconds(at: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(at)
}

fn old_zone() -> Zone {
    zone("a.fr", &["a.fr 60 NS ns.a.fr.", "ns.a.fr 60 A 10.0.0.0", "www.a.fr 60 A 10.1.1.1", "old.a.fr 60 A 10.1.1.9"])
}

/// At that second www gets another address, and old goes.
fn change(at: u64) -> ZoneChange {
    let set = vec![record("www.a.fr 60 A 10.2.2.2")];
    ZoneChange { at: seconds(at), zone: name("a.fr"), set, remove: vec![(name("old.a.fr"), None)] }
}

fn primary(changes: Vec<ZoneChange>) -> App {
    App::Server(NameServer::with(NameServerConfig {
        zones: vec![old_zone()],
        transfers: BTreeMap::from([(name("a.fr"), vec![addr(1)])]),
        changes,
        ..NameServerConfig::default()
    }))
}

fn secondary(primaries: Vec<std::net::IpAddr>) -> App {
    let secondary = vec![SecondaryZone { zone: old_zone(), primaries }];
    App::Server(NameServer::with(NameServerConfig { secondary, ..NameServerConfig::default() }))
}

/// A primary 0 and its secondary 1, 10 ms apart.
fn pair(changes: Vec<ZoneChange>) -> Bed {
    Bed::new(vec![(10, primary(changes)), (0, secondary(vec![addr(0)]))])
}

/// What a server says now of a name: its addresses or the response code.
fn says(bed: &Bed, node: usize, asked: &str) -> String {
    let App::Server(server) = &bed.nodes[node].app else { panic!("no server") };
    let response = server.respond(&Message::query(1, Question { name: name(asked), rtype: Rtype::A }, false));
    if response.rcode == Rcode::NoError {
        response.answers.iter().map(|record| record.data.to_string()).collect()
    } else {
        format!("{:?}", response.rcode)
    }
}

#[test]
fn a_change_comes_at_its_time_and_counts_the_serial_up() {
    let mut bed = pair(vec![change(100)]);
    bed.run_until(99_999);
    assert_eq!((&*says(&bed, 0, "www.a.fr"), &*says(&bed, 0, "old.a.fr")), ("10.1.1.1", "10.1.1.9"));
    bed.run_until(100_000);
    assert_eq!((&*says(&bed, 0, "www.a.fr"), &*says(&bed, 0, "old.a.fr")), ("10.2.2.2", "NxDomain"));
    assert_eq!(bed.texts(0, "changed "), ["a.fr 2 old.a.fr A", "a.fr 2 www.a.fr A"]);
}

/// Breaks when a change is lost because its time passes while the server is down.
#[test]
fn a_change_of_a_server_that_is_down_is_there_when_it_starts() {
    let mut bed = pair(vec![change(100)]);
    bed.run_until(50_000);
    bed.crash(0);
    bed.run_until(200_000);
    assert!(bed.texts(0, "changed ").is_empty());
    bed.boot(0);
    assert_eq!(says(&bed, 0, "www.a.fr"), "10.2.2.2");
    assert_eq!(bed.texts(0, "changed ").len(), 2);
}

#[test]
fn a_change_that_leaves_no_zone_changes_nothing() {
    let changed = |set: &[&str], remove: &[(&str, Option<Rtype>)]| {
        let mut zone = old_zone();
        let set = set.iter().map(|text| record(text)).collect();
        let remove = remove.iter().map(|(owner, rtype)| (name(owner), *rtype)).collect();
        let result = zone.change(&ZoneChange { at: SimTime::ZERO, zone: name("a.fr"), set, remove });
        (result.map(|touched| touched.len()), zone.version().serial)
    };
    let fails = |result: (Result<usize, ZoneError>, u32), wanted: ZoneError| assert_eq!(result, (Err(wanted), 1));
    fails(changed(&["www.a.fr 60 CNAME x."], &[]), ZoneError::AliasWithData(name("www.a.fr")));
    fails(changed(&[], &[("no.a.fr", None)]), ZoneError::Nothing(name("no.a.fr")));
    fails(changed(&[], &[("www.a.fr", Some(Rtype::Mx))]), ZoneError::Nothing(name("www.a.fr")));
    fails(changed(&[], &[("a.fr", Some(Rtype::Soa))]), ZoneError::Soa(name("a.fr")));
    let outside = ZoneError::OutOfZone { name: name("b.fr"), apex: name("a.fr") };
    fails(changed(&["b.fr 60 A 10.0.0.1"], &[]), outside);
    fails(changed(&["www.a.fr 9 SOA a. b. 1 2 3 4 5"], &[]), ZoneError::Soa(name("a.fr")));
    assert_eq!(changed(&["www.a.fr 60 CNAME x."], &[("www.a.fr", None)]), (Ok(2), 2));
    assert_eq!(changed(&["a.fr 9 SOA a. b. 77 2 3 4 5"], &[]), (Ok(0), 77));
    assert_eq!(changed(&["n.a.fr 60 A 10.0.0.1", "n.a.fr 60 A 10.0.0.2", "m.a.fr 60 A 10.0.0.3"], &[]), (Ok(2), 2));
}

/// RFC 1982 3.2, and the two serials of which neither is greater.
#[test]
fn serials_are_compared_in_a_circle() {
    for (serial, than, newer) in [
        (1, 0, true),
        (0, 1, false),
        (5, 5, false),
        (0, u32::MAX, true),
        (u32::MAX, 0, false),
        (1 << 31, 1, true),
        ((1 << 31) + 1, 1, false),
        (1, (1 << 31) + 1, false),
        (44, u32::MAX - 200, true),
    ] {
        assert_eq!(is_newer(serial, than), newer, "{serial} {than}");
    }
}

/// The copy is old until the next check, and a check without a change costs one question.
#[test]
fn a_copy_follows_at_the_next_refresh() {
    let mut bed = pair(vec![change(REFRESH + 100)]);
    bed.run_until((REFRESH + 200) * 1000);
    assert_eq!(bed.asked(1), ["0 a.fr SOA"]);
    assert_eq!((&*says(&bed, 0, "www.a.fr"), &*says(&bed, 1, "www.a.fr")), ("10.2.2.2", "10.1.1.1"));
    // the second check is one round trip later, as the time counts from the answer
    bed.run_until(2 * REFRESH * 1000 + 39);
    assert_eq!(says(&bed, 1, "www.a.fr"), "10.1.1.1");
    bed.run_until(2 * REFRESH * 1000 + 100);
    assert_eq!((&*says(&bed, 1, "www.a.fr"), &*says(&bed, 1, "old.a.fr")), ("10.2.2.2", "NxDomain"));
    assert_eq!(bed.asked(1), ["0 a.fr SOA", "0 a.fr SOA", "0 a.fr AXFR"]);
    assert_eq!(bed.texts(1, "copied "), ["a.fr 2"]);
    assert!(says(&bed, 1, "ns.a.fr") == "10.0.0.0", "the rest came too");
}

/// Checks in vain are repeated after RETRY; after EXPIRE nobody gets an old answer any more, until
/// the primary is back.
#[test]
fn without_its_primary_a_copy_expires() {
    let mut bed = pair(vec![change(100)]);
    bed.run_until(50_000);
    bed.crash(0);
    bed.run_until((REFRESH + 2 * RETRY) * 1000);
    // three rounds of 1, 2 and 4 s, then RETRY
    assert_eq!(bed.asked(1).len(), 6, "{:?}", bed.asked(1));
    bed.run_until(EXPIRE * 1000 - 1);
    assert_eq!(says(&bed, 1, "www.a.fr"), "10.1.1.1");
    bed.run_until(EXPIRE * 1000);
    assert_eq!((&*says(&bed, 1, "www.a.fr"), &*says(&bed, 1, "no.a.fr")), ("ServFail", "ServFail"));
    assert_eq!(bed.texts(1, "expired "), ["a.fr"]);
    bed.boot(0);
    bed.run_until((EXPIRE + RETRY + 10) * 1000);
    assert_eq!(says(&bed, 1, "www.a.fr"), "10.2.2.2");
}

/// A copy stands on disk; after a failure the secondary asks at once.
#[test]
fn a_copy_survives_a_crash() {
    let mut bed = pair(vec![change(100)]);
    bed.run_until(2 * REFRESH * 1000);
    assert_eq!(says(&bed, 1, "www.a.fr"), "10.2.2.2");
    bed.crash(0);
    bed.crash(1);
    bed.run_until(3 * REFRESH * 1000);
    bed.boot(1);
    assert_eq!(says(&bed, 1, "www.a.fr"), "10.2.2.2");
    bed.boot(0);
    bed.forget();
    bed.run_until((4 * REFRESH - 1) * 1000);
    assert_eq!(bed.asked(1), ["0 a.fr SOA"]);
    assert_eq!(bed.texts(1, "answered "), ["Answer"]);
}

/// The next primary is asked when one says nothing.
#[test]
fn another_primary_is_asked_next() {
    let mut bed =
        Bed::new(vec![(10, primary(vec![change(100)])), (0, secondary(vec![addr(2), addr(0)])), (10, primary(vec![]))]);
    bed.crash(2);
    bed.run_until((REFRESH + 60) * 1000);
    assert_eq!(bed.asked(1), ["2 a.fr SOA", "0 a.fr SOA", "0 a.fr AXFR"]);
    assert_eq!(says(&bed, 1, "www.a.fr"), "10.2.2.2");
}

/// A whole zone is for the secondaries, and over TCP only.
#[test]
fn others_get_no_zone() {
    let query = Message::query(9, Question { name: name("a.fr"), rtype: Rtype::AXFR }, false).encode(512);
    let calls = |from_secondary: bool| {
        let caller = || App::Caller(Caller::new(0, vec![stream::framed(&query)], false));
        let apps = if from_secondary {
            vec![(10, primary(vec![])), (0, caller())]
        } else {
            vec![(10, primary(vec![])), (0, secondary(vec![])), (0, caller())]
        };
        let mut bed = Bed::new(apps);
        bed.run_until(5_000);
        let App::Caller(caller) = &bed.nodes.last().unwrap().app else { panic!("no caller") };
        caller.messages()
    };
    let refused = calls(false);
    assert_eq!((refused.len(), refused[0].rcode, refused[0].answers.len()), (1, Rcode::Refused, 0));
    let given = calls(true);
    assert_eq!((given.len(), given[0].rcode, given[0].answers.len()), (1, Rcode::NoError, 6));
    let mut bed = pair(vec![]);
    bed.inject(Endpoint::new(addr(1), 99), Endpoint::new(addr(0), PORT), query);
    bed.run_until(1_000);
    assert_eq!(bed.texts(0, "replied "), ["1 Failure 5"]);
}
