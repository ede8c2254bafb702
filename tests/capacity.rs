//! What hosts can do at a time: processing times and places for sessions.

mod common;

use common::{load, run, run_value};
use posthaste::base::{SimDuration, SimTime, Streams};
use posthaste::metrics::{HostLoad, RunRecord};
use posthaste::scenario;
use serde_json::{Value, json};

const QUESTIONS: u64 = 20_000;
const HOSTS: u64 = 50;

/// A resolver that knows the answer is asked at random instants, `per_second` on average.
fn asked(processing: &str, per_second: f64, seed: u64) -> Value {
    let mut gaps = Streams::new(seed).stream("test/gaps");
    let mut at_ns = 0;
    // Many hosts ask, for each of them goes through its own list of questions.
    let mut ask = |n: u64| {
        at_ns += (-libm::log(1.0 - gaps.unit()) / per_second * 1e9) as u64;
        json!({ "lookup": "hamburger.edu", "type": "MX", "on": format!("pc{}.crepes.fr", n % HOSTS), "at": format!("{at_ns}ns") })
    };
    let work: Vec<Value> = (0..QUESTIONS).map(&mut ask).collect();
    let mut hosts: serde_json::Map<_, _> = (0..HOSTS).map(|n| (format!("pc{n}.crepes.fr"), json!({}))).collect();
    hosts.insert("resolver.crepes.fr".to_owned(), json!({ "processing": processing }));
    json!({
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "network": { "hosts": hosts },
        "dns": { "ttl": "1w" },
        "workload": work,
        "limits": { "events": 10_000_000 },
        "run": { "seed": seed }
    })
}

fn load_of<'a>(record: &'a RunRecord, host: &str) -> &'a HostLoad {
    record.hosts.iter().find(|load| &*load.host == host).expect("the host served something")
}

/// Pollaczek and Khinchine: W = rho S (1 + C^2) / (2 (1 - rho)), with C = 0 for a constant time
/// and 1 for an exponential one. Breaks when two are served at once, the service of one that
/// waited is drawn twice, or a wait is counted with the service.
#[test]
fn a_busy_server_is_m_d_1_and_m_m_1() {
    for (processing, variation) in [("10ms", 0.0), ("exponential 10ms", 1.0)] {
        for rho in [0.5, 0.7] {
            let record = run_value(&asked(processing, rho / 0.01, 3)).record;
            let load = load_of(&record, "resolver.crepes.fr");
            // The first question costs three more that the resolver asks itself.
            assert_eq!(load.requests, QUESTIONS + 3);
            let expected = rho * 0.01 * (1.0 + variation) / (2.0 * (1.0 - rho));
            let wait = load.mean_wait_s();
            assert!((wait / expected - 1.0).abs() < 0.08, "{processing} at {rho}: {wait} against {expected}");
            let busy = load.busy.as_secs_f64() / (QUESTIONS as f64 * 0.01 / rho);
            assert!((busy / rho - 1.0).abs() < 0.03, "{processing} at {rho}: busy {busy}");
        }
    }
}

fn letters(server: Value, count: usize) -> Value {
    let letter = |n: usize| json!({ "at": "1s", "from": format!("u{n}@crepes.fr"), "to": "bob@hamburger.edu" });
    json!({
        "mail": {
            "crepes.fr": { "users": [format!("u{{1..{count}}}")], "retry": { "every": "10min" } },
            "hamburger.edu": { "users": ["bob"] }
        },
        "network": { "hosts": { "crepes.fr": server } },
        "workload": (1..=count).map(letter).collect::<Vec<_>>(),
        "run": { "until": "2h" }
    })
}

/// Breaks when a host without a time for it queues anything, or a time of zero costs events.
#[test]
fn no_time_is_no_event() {
    let plain = run_value(&letters(json!({}), 3));
    let zero = run_value(&letters(json!({ "processing": "0s" }), 3));
    assert_eq!(plain.record.fingerprint, zero.record.fingerprint);
    assert_eq!((plain.outcome.events, plain.record.hosts.len()), (zero.outcome.events, 0));
}

/// A dialogue of one client has no one to wait for: each of its lines costs its time, exactly.
#[test]
fn each_line_of_a_dialogue_takes_its_time() {
    let submission = |server: Value| {
        let tables = run_value(&letters(server, 1)).record.tables;
        let row = &tables.messages[0];
        row.phases[1].as_nanos()
    };
    let (plain, slow) = (submission(json!({})), submission(json!({ "processing": "10ms" })));
    // EHLO, MAIL, RCPT, DATA and the message; the greeting needs no request.
    assert_eq!(slow - plain, 5 * 10_000_000);
}

/// What a host had not got round to is lost when it crashes, and what it serves afterwards is
/// not cut short by it. Breaks when a former life's service ends in the next one.
#[test]
fn a_crash_empties_the_queue() {
    let mut scenario = letters(json!({ "processing": "2s" }), 5);
    scenario["faults"] = json!([{ "host": "crepes.fr", "at": "5s", "for": "500ms" }]);
    let record = run_value(&scenario).record;
    assert_eq!(record.tables.messages.iter().filter(|row| row.delivered.is_some()).count(), 5);
    let load = load_of(&record, "crepes.fr");
    assert_eq!(load.busy.as_nanos(), u128::from(load.requests) as u64 * 2_000_000_000);
}

/// Ten hand in mail at the same moment to a server with two places.
#[test]
fn a_full_service_refuses_ignores_or_says_421() {
    let limited = |when_full: &str| {
        let sessions = json!({ "submission": { "most": 2, "when_full": when_full } });
        run_value(&letters(json!({ "sessions": sessions }), 10)).record
    };
    for (when_full, refused) in [("refuse", true), ("ignore", false), ("421", false)] {
        let record = limited(when_full);
        let submissions = record.tables.connections.iter().filter(|row| row.server_port == 587);
        let turned_away = submissions.clone().filter(|row| row.end_client.as_deref() == Some("refused")).count();
        assert_eq!(turned_away > 0, refused, "{when_full}");
        let counted = record.metrics()["connections.turned_away"].value();
        assert!(counted >= 8.0, "{when_full}: {counted} of ten find no place at first");
        let said = |dialogue: &&posthaste::metrics::Dialogue| {
            dialogue.pieces().any(|piece| piece.bytes.starts_with(b"421 crepes.fr Service not available"))
        };
        assert_eq!(record.dialogues.iter().any(|dialogue| said(&dialogue)), when_full == "421", "{when_full}");
        let first = submissions
            .clone()
            .filter(|row| row.established.is_some() && row.opened < SimTime::ZERO + SimDuration::from_secs(2));
        assert_eq!(
            first.count(),
            if when_full == "421" {
                10
            } else if refused {
                2
            } else {
                10
            },
            "{when_full}"
        );
        let delivered = record.tables.messages.iter().filter(|row| row.delivered.is_some()).count();
        assert_eq!(delivered, 10, "{when_full}: all get in in the end");
    }
}

#[test]
fn nonsense_is_refused_with_its_place() {
    let errors = |server: Value| scenario::load("t.json", &letters(server, 1).to_string()).unwrap_err().to_string();
    let both = errors(json!({ "sessions": { "pop3": { "most": 1, "when_full": "421" }, "smtps": { "most": 1 } } }));
    assert!(both.contains("only \"smtp\" and \"submission\" answer with 421"), "{both}");
    assert!(both.contains("\"smtps\" is no service"), "{both}");
    let router = json!({ "router": true, "processing": "1ms" });
    let text = letters(json!({}), 1).to_string().replace("\"hosts\":{", &format!("\"hosts\":{{\"r\":{router},"));
    assert!(scenario::load("t.json", &text).unwrap_err().to_string().contains("without processing"));
    assert!(
        run(&load(&letters(json!({ "sessions": { "8080": { "most": 1 } } }), 1).to_string())).record.hosts.is_empty()
    );
}
