//! Faults that really happen: repeated ones, random ones, and several of one thing at a time.

mod common;

use common::load_value;
use posthaste::base::trace::{FaultTrace, Observer, Trace, TraceEvent};
use posthaste::base::{SimDuration, SimTime};
use posthaste::cli::simulate::simulate;
use posthaste::metrics::{DnsRole, RunRecord};
use posthaste::scenario;
use serde_json::{Value, json};

/// Notes every fault.
#[derive(Default)]
struct Faults(Vec<(SimTime, FaultTrace)>);

impl Observer for Faults {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if let Trace::Fault(fault) = event.what {
            self.0.push((event.at, fault));
        }
    }
}

/// A computer that asks its resolver, which knows the answer, once a second.
fn asking(faults: Value, until: &str) -> Value {
    json!({
        "mail": { "crepes.fr": { "users": ["alice"] } },
        "network": { "hosts": { "pc.crepes.fr": {} } },
        "dns": { "ttl": "52w" },
        "workload": [
            { "lookup": "crepes.fr", "type": "MX", "on": "pc.crepes.fr", "every": "1s", "until": until }
        ],
        "faults": faults,
        "limits": { "events": 100_000_000 },
        "run": { "until": until }
    })
}

fn run(value: &Value) -> (RunRecord, Vec<(SimTime, FaultTrace)>) {
    let finished = simulate(&load_value(value), Faults::default()).unwrap();
    (finished.record, finished.extra.0)
}

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(secs)
}

/// How long the question of that second took, in microseconds; none when it was not answered.
fn took_us(record: &RunRecord, second: u64) -> Option<u64> {
    let row = record.tables.dns_queries.iter().find(|row| row.role == DnsRole::Stub && row.asked == at(second));
    row.expect("a question a second").latency.map(|latency| latency.as_nanos() / 1_000)
}

const LINK: &str = "pc.crepes.fr--router.crepes.fr";
/// Two links of 1 ms, there and back.
const PLAIN: u64 = 4_000;

/// Breaks when a repetition is missing, comes late, or comes after `until`.
#[test]
fn a_repeated_outage_comes_again_and_stops() {
    let fault = json!([{ "link": LINK, "at": "100s", "for": "10s", "every": "60s", "until": "230s" }]);
    let (record, faults) = run(&asking(fault, "600s"));
    let times: Vec<SimTime> = faults.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [100, 110, 160, 170, 220, 230].map(at));
    for (n, (_, fault)) in faults.iter().enumerate() {
        assert_eq!(matches!(fault, FaultTrace::LinkDown { .. }), n % 2 == 0, "{fault:?}");
    }
    for (second, answered) in
        [(99, true), (100, false), (105, false), (112, true), (165, false), (225, false), (285, true)]
    {
        assert_eq!(took_us(&record, second) == Some(PLAIN), answered, "{second}");
    }
}

/// Up for an hour and down for ten minutes on average. Breaks when the two means are mixed up,
/// when the times depend on another fault, or when the first failure comes at once.
#[test]
fn random_outages_follow_their_means() {
    let random = json!({ "host": "pc.crepes.fr", "mean_up": "1h", "mean_down": "10min" });
    let quiet = |faults: Value| {
        let mut scenario = asking(faults, "3000h");
        scenario["workload"] = json!([]);
        run(&scenario).1
    };
    let alone = quiet(json!([random]));
    let mut down = SimDuration::ZERO;
    for pair in alone.chunks(2) {
        assert_eq!(pair[0].1, FaultTrace::HostDown);
        if let [(begin, _), (end, up)] = pair {
            assert_eq!(*up, FaultTrace::HostUp);
            down += end.since(*begin);
        }
    }
    let failures = alone.len().div_ceil(2) as f64;
    let (cycle, share) = (3_000.0 / failures, down.as_secs_f64() / (3_000.0 * 3_600.0));
    assert!((cycle / (7.0 / 6.0) - 1.0).abs() < 0.06, "{failures} failures");
    assert!((share * 7.0 - 1.0).abs() < 0.08, "down for {share} of the time");
    let other = json!({ "link": "crepes.fr--router.crepes.fr", "mean_up": "1h", "mean_down": "10min" });
    let mut both = quiet(json!([other, random]));
    both.retain(|(_, fault)| matches!(fault, FaultTrace::HostDown | FaultTrace::HostUp));
    assert_eq!(both, alone);
}

/// Two faults hold one link down: it is up when the last of them ends, whichever that is.
#[test]
fn a_link_is_down_while_any_fault_holds_it() {
    let faults = json!([
        { "link": LINK, "at": "10s", "for": "20s" },
        { "partition": ["pc.crepes.fr"], "at": "20s", "for": "20s" },
        { "link": LINK, "at": "60s", "for": "30s", "every": "100s", "until": "100s" },
        { "partition": ["pc.crepes.fr"], "at": "70s", "for": "10s" }
    ]);
    let (record, faults) = run(&asking(faults, "200s"));
    let of_link =
        faults.iter().filter(|(_, fault)| matches!(fault, FaultTrace::LinkDown { .. } | FaultTrace::LinkUp { .. }));
    assert_eq!(of_link.map(|(at, _)| *at).collect::<Vec<_>>(), [10, 40, 60, 90].map(at));
    for (second, answered) in [(9, true), (15, false), (35, false), (41, true), (85, false), (91, true)] {
        assert_eq!(took_us(&record, second) == Some(PLAIN), answered, "{second}");
    }
}

/// Plain outages of one host or link overlap, lie within each other and meet. Breaks when they are
/// refused, when the end of one ends the other, or when the host boots between two that meet.
#[test]
fn outages_of_one_thing_may_overlap() {
    for thing in [json!({ "host": "resolver.crepes.fr" }), json!({ "link": LINK })] {
        let outages = [
            (10, Some(20)),
            (20, Some(20)),
            (50, Some(30)),
            (60, Some(5)),
            (90, Some(5)),
            (100, Some(5)),
            (95, Some(5)),
        ];
        let faults = outages.into_iter().chain([(120, None), (130, Some(10))]).map(|(at, lasts)| {
            let mut fault = thing.clone();
            fault["at"] = json!(format!("{at}s"));
            if let Some(lasts) = lasts {
                fault["for"] = json!(format!("{lasts}s"));
            }
            fault
        });
        let (record, faults) = run(&asking(faults.collect(), "160s"));
        let times: Vec<SimTime> = faults.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [10, 40, 50, 80, 90, 105, 120].map(at), "{thing}");
        for (n, (_, fault)) in faults.iter().enumerate() {
            let down = matches!(fault, FaultTrace::HostDown | FaultTrace::LinkDown { .. });
            assert_eq!(down, n % 2 == 0, "{fault:?}");
        }
        for (second, answered) in
            [(9, true), (35, false), (45, true), (67, false), (85, true), (102, false), (150, false)]
        {
            assert_eq!(took_us(&record, second) == Some(PLAIN), answered, "{thing} {second}");
        }
    }
}

/// Changes of one link lie over each other in the order of the file, whichever begins first,
/// and each leaves nothing behind.
#[test]
fn overlapping_changes_of_a_link_lie_over_each_other() {
    let faults = json!([
        { "link": LINK, "at": "20s", "for": "30s", "change": { "delay": "11ms" } },
        { "link": LINK, "at": "10s", "for": "50s", "change": { "delay": "101ms", "direction": "forward" } },
        { "link": LINK, "at": "30s", "for": "5s", "every": "10s", "until": "45s", "change": { "jitter": "50ms" } },
        { "link": LINK, "at": "70s", "for": "10s", "change": { "bursts": { "to_bad": 1, "to_good": 0 } } }
    ]);
    let (record, _) = run(&asking(faults, "120s"));
    let plain_with = |forth: u64, back: u64| Some(PLAIN + 1_000 * (forth + back));
    let expected = [
        (9, plain_with(0, 0)),
        (15, plain_with(100, 0)),
        (25, plain_with(100, 10)),
        (32, plain_with(150, 60)),
        (37, plain_with(100, 10)),
        (42, plain_with(150, 60)),
        (55, plain_with(100, 0)),
        (61, plain_with(0, 0)),
        (71, None),
        (90, plain_with(0, 0)),
    ];
    for (second, took) in expected {
        match took {
            Some(_) => assert_eq!(took_us(&record, second), took, "{second}"),
            None => assert!(took_us(&record, second).is_none_or(|us| us > 1_000_000), "{second}"),
        }
    }
}

/// All links of a host at once, one way; and requests that take time for a while.
#[test]
fn a_host_may_be_degraded() {
    let faults = json!([
        { "host": "resolver.crepes.fr", "at": "10s", "for": "10s", "change": { "delay": "31ms", "direction": "forward" } },
        { "host": "resolver.crepes.fr", "at": "30s", "for": "20s", "processing": "200ms" },
        { "host": "resolver.crepes.fr", "at": "35s", "for": "5s", "processing": "500ms" },
        { "host": "resolver.crepes.fr", "at": "60s", "for": "10s", "change": { "loss": 1, "direction": "reverse" } }
    ]);
    let (record, _) = run(&asking(faults, "100s"));
    for (second, more) in [(9, 0), (15, 30_000), (25, 0), (33, 200_000), (37, 500_000), (45, 200_000), (55, 0), (80, 0)]
    {
        assert_eq!(took_us(&record, second), Some(PLAIN + more), "{second}");
    }
    assert!(took_us(&record, 65).is_none_or(|us| us > 1_000_000));
    let load = record.hosts.iter().find(|load| &*load.host == "resolver.crepes.fr").unwrap();
    assert_eq!(load.requests, 20);
}

const RESOLVER: &str = "resolver.crepes.fr";

/// The times at which the service of that port changed.
fn changes(faults: &[(SimTime, FaultTrace)], of: u16) -> Vec<SimTime> {
    let of_port = |fault: &FaultTrace| matches!(fault, FaultTrace::ServiceChanged { port } | FaultTrace::ServiceRestored { port } if *port == of);
    faults.iter().filter(|(_, fault)| of_port(fault)).map(|(at, _)| *at).collect()
}

/// The resolver answers slowly while its mail port is nobody's business. Changes of a service lie
/// over each other as those of a link do. Breaks when another port's packets wait, `direction` is turned
/// around, a repetition is missing, or a change leaves something behind.
#[test]
fn a_service_may_be_degraded() {
    let faults = json!([
        { "host": RESOLVER, "port": 53, "at": "20s", "for": "30s", "change": { "delay": "10ms" } },
        { "host": RESOLVER, "port": 53, "at": "10s", "for": "50s", "change": { "delay": "100ms", "direction": "forward" } },
        { "host": RESOLVER, "port": 53, "at": "30s", "for": "5s", "every": "10s", "until": "45s",
            "change": { "jitter": "50ms", "direction": "reverse" } },
        { "host": RESOLVER, "port": 53, "at": "70s", "for": "10s", "change": { "loss": 1, "direction": "reverse" } },
        { "host": RESOLVER, "port": 25, "at": "0s", "change": { "loss": 1, "delay": "1h" } },
        { "host": RESOLVER, "port": 53, "at": "100s", "change": { "rate": "500bps", "queue": "1 packet" } }
    ]);
    let (record, faults) = run(&asking(faults, "120s"));
    assert_eq!(changes(&faults, 53), [10, 20, 30, 35, 40, 45, 50, 60, 70, 80, 100].map(at));
    assert_eq!(changes(&faults, 25), [at(0)]);
    let plain_with = |forth: u64, back: u64| Some(PLAIN + 1_000 * (forth + back));
    let expected = [
        (9, plain_with(0, 0)),
        (15, plain_with(100, 0)),
        (25, plain_with(100, 10)),
        (32, plain_with(100, 60)),
        (37, plain_with(100, 10)),
        (42, plain_with(100, 60)),
        (47, plain_with(100, 10)),
        (55, plain_with(100, 0)),
        (61, plain_with(0, 0)),
        (90, plain_with(0, 0)),
    ];
    for (second, took) in expected {
        assert_eq!(took_us(&record, second), took, "{second}");
    }
    assert!(took_us(&record, 72).is_none_or(|us| us > 1_000_000), "no answer got out");
    // A question of 20 + 8 + 12 + 15 bytes takes 880 ms at 500 bit/s and its answer, 16 longer, 1136 ms: the
    // n-th answer waits 136 ms more than the one before, until one finds the only place taken.
    for n in 0..9 {
        assert_eq!(took_us(&record, 100 + n), Some(880_000 + 1_136_000 + PLAIN + 136_000 * n), "{n}");
    }
    assert_eq!(took_us(&record, 109), Some(5_000_000), "the answer was turned away");
}

/// Breaks when what is written with its defaults is another fault, or random times are not the
/// service's own.
#[test]
fn a_degraded_service_at_random_is_written_and_read() {
    let random =
        json!({ "host": RESOLVER, "port": 53, "mean_up": "20s", "mean_down": "10s", "change": { "delay": "31ms" } });
    let value = asking(json!([random, { "host": RESOLVER, "mean_up": "200s", "mean_down": "1s" }]), "600s");
    let (_, faults) = run(&value);
    let (record, alone) = run(&asking(json!([random]), "600s"));
    let times = changes(&alone, 53);
    assert!(times.len() > 20, "{times:?}");
    assert_eq!(changes(&faults, 53), times);
    for second in 1..599 {
        let passed = times.iter().filter(|time| **time <= at(second)).count();
        let near = times.iter().any(|time| time.since(at(0)).as_secs_f64().floor() as u64 == second);
        let slow = if passed % 2 == 1 { 2 * 31_000 } else { 0 };
        assert!(near || took_us(&record, second) == Some(PLAIN + slow), "{second}: {:?}", took_us(&record, second));
    }
    let resolved = load_value(&asking(json!([random]), "600s"));
    let again = load_value(&resolved.to_json());
    assert_eq!(again.faults, resolved.faults);
    assert_eq!(simulate(&again, Faults::default()).unwrap().record.fingerprint, record.fingerprint);
}

#[test]
fn impossible_faults_are_refused() {
    let error =
        |fault: Value| scenario::load("t.json", &asking(json!([fault]), "1min").to_string()).unwrap_err().to_string();
    let cases = [
        (json!({ "link": LINK, "change": { "red": { "min_th": 1 } } }), "no queue concerned is managed by \"red\""),
        (json!({ "link": LINK, "change": { "direction": "forward" } }), "changes nothing"),
        (json!({ "link": LINK, "processing": "1s" }), "belongs to a \"host\""),
        (json!({ "host": "pc.crepes.fr", "port": 53, "processing": "1s" }), "has one of"),
        (json!({ "host": "router.crepes.fr", "processing": "1s" }), "only forwards"),
        (json!({ "host": "router.crepes.fr", "port": 53 }), "only forwards"),
        (json!({ "link": LINK, "port": 53, "change": { "loss": 1 } }), "a \"port\" belongs to a \"host\""),
        (json!({ "host": RESOLVER, "port": 53, "change": { "mtu": "576B" } }), "a service has no MTU"),
        (json!({ "host": RESOLVER, "port": 53, "change": { "codel": {} } }), "is not managed by \"codel\""),
        (json!({ "host": RESOLVER, "port": 53, "change": { "red": {}, "loss": 1 } }), "is not managed by \"red\""),
        (json!({ "host": RESOLVER, "port": 53, "change": { "direction": "reverse" } }), "changes nothing"),
        (json!({ "partition": ["pc.crepes.fr"], "change": { "loss": 1 } }), "belongs to a \"link\" or a \"host\""),
    ];
    for (fault, message) in cases {
        let error = error(fault);
        assert!(error.contains(message), "{error}");
    }
}
