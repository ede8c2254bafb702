//! What tables say about failures: who crashed, who did not answer, and what was in force when.

mod common;

use common::run_value;
use posthaste::base::{SimDuration, SimTime};
use posthaste::metrics::{AttemptEnd, ConnectionRow, RunRecord};
use serde_json::{Value, json};

/// One message from Alice to Bob over a long way.
fn letter(faults: &Value) -> Value {
    json!({
        "network": { "backbone": { "delay": "200ms" } },
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "workload": [{ "at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body": ["Ketchup?"] }],
        "faults": faults,
        "run": { "until": "1h" }
    })
}

/// The first connection from one server to the other.
fn relay(record: &RunRecord) -> &ConnectionRow {
    let rows = &record.tables.connections;
    rows.iter().find(|row| &*row.client == "crepes.fr" && row.server_port == 25).expect("a relay")
}

/// The sender crashes in the middle of the dialogue. Breaks when the attempt forgets where it
/// had got to or names a time at which the host is down, or when the connection stays open.
#[test]
fn a_crash_ends_the_attempt_and_the_connection() {
    let quiet = run_value(&letter(&json!([]))).record;
    let crash = relay(&quiet).established.unwrap().saturating_add(SimDuration::from_millis(1));
    let fault = json!([{ "host": "crepes.fr", "at": format!("{}ns", crash.as_nanos()), "for": "10min" }]);
    let record = run_value(&letter(&fault)).record;
    let [first, second] = &record.tables.attempts[..] else { panic!("two attempts") };
    let boot = crash.saturating_add(SimDuration::from_secs(600));
    let told = (first.outcome, first.ended, first.next, first.exchange.as_deref(), first.connection.as_deref());
    let cut = &*relay(&record).connection;
    assert_eq!(told, (AttemptEnd::Deferred, Some(crash), None, Some("hamburger.edu"), Some(cut)));
    assert_eq!((second.outcome, second.started), (AttemptEnd::Completed, boot));
    let row = relay(&record);
    assert_eq!(row.end_client.as_deref(), Some("crashed"));
    // The other end notices when it sends to the host that has forgotten it.
    let end = row.end_server.as_deref();
    assert!(end.is_some_and(|end| end != "crashed"), "{end:?}");
    assert!(row.closed.is_some_and(|closed| closed > crash && closed < SimTime::ZERO + SimDuration::from_secs(3_600)));
}
