//! What tables say about failures: who crashed, who did not answer, and what was in force when.

mod common;

use common::run_value;
use posthaste::base::trace::MessageKind;
use posthaste::base::{SimDuration, SimTime};
use posthaste::metrics::{AttemptEnd, ConnectionRow, DnsOutcome, DnsRole, Metric, ReasonRow, RunRecord};
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

/// A letter between servers that speak different versions of TLS: the sender's use of it is `client`.
fn across_versions(client: &str) -> RunRecord {
    let mut value = letter(&json!([]));
    value["mail"]["crepes.fr"]["smtp"] = json!({ "tls": { "version": "1.2", "client": client } });
    value["mail"]["hamburger.edu"]["smtp"] = json!({ "offers": ["SIZE", "STARTTLS"] });
    run_value(&value).record
}

/// RFC 7435 section 3. Breaks when two versions of TLS that do not meet keep a message up where TLS is
/// only used when it is offered, or when the second connection does not follow at once.
#[test]
fn tls_that_fails_is_done_without_at_once() {
    let record = across_versions("when_offered");
    let [attempt] = &record.tables.attempts[..] else { panic!("one attempt: {:?}", record.tables.attempts) };
    assert_eq!((attempt.outcome, attempt.reason.as_deref()), (AttemptEnd::Completed, None));
    let relays: Vec<_> =
        record.tables.connections.iter().filter(|row| &*row.client == "crepes.fr" && row.server_port == 25).collect();
    let [first, second] = &relays[..] else { panic!("two connections: {relays:?}") };
    assert_eq!(attempt.connection.as_deref(), Some(&*second.connection));
    // The connection, the greeting, EHLO, STARTTLS, the hello and the alert: five ways there and back of 804 ms.
    let spent = second.opened.since(first.opened);
    assert!((4_000..4_100).contains(&(spent.as_nanos() / 1_000_000)), "{spent}");
}

/// Breaks when a message goes in clear though TLS is required, waits for a time-out, or when the
/// table does not say that it was TLS.
#[test]
fn tls_that_fails_and_is_required_puts_a_message_off() {
    let record = across_versions("required");
    let first = &record.tables.attempts[0];
    assert_eq!((first.outcome, first.reason.as_deref()), (AttemptEnd::Deferred, Some("no_tls")));
    assert!(first.ended.unwrap().since(first.started) < SimDuration::from_secs(10));
    let text = first.text.as_deref().unwrap();
    assert!(text.contains("alert 70"), "{text}");
    let metrics = record.metrics();
    let of = |name: &str| metrics[name];
    assert_eq!((of("attempts.total"), of("attempts.completed")), (of("attempts.reason.no_tls"), Metric::Integer(0)));
}

/// RFC 7435 section 3. Breaks when a server that breaks off or falls silent at STARTTLS keeps a message up where TLS is
/// only used when it is offered, or gets it in clear where that is required.
#[test]
fn who_breaks_off_at_starttls_gets_mail_in_clear() {
    for then in ["close", "reset", "silent"] {
        let met = |client: &str| {
            let mut value = letter(&json!([]));
            value["mail"]["crepes.fr"]["smtp"] = json!({ "tls": { "client": client } });
            value["mail"]["hamburger.edu"]["smtp"] = json!({ "offers": ["SIZE", "STARTTLS"] });
            value["mail"]["hamburger.edu"]["conduct"] =
                json!({ "rules": [{ "when": { "at": "STARTTLS" }, "then": then }] });
            let record = run_value(&value).record;
            let first = &record.tables.attempts[0];
            (first.outcome, first.reason.as_deref().map(str::to_owned))
        };
        assert_eq!(met("when_offered"), (AttemptEnd::Completed, None), "{then}");
        assert_eq!(met("required"), (AttemptEnd::Deferred, Some("no_tls".to_owned())), "{then}");
    }
}

/// RFC 7505. Breaks when what no server said is counted as a reply, or has no status code.
#[test]
fn a_null_mx_is_no_reply() {
    let mut value = letter(&json!([]));
    value["dns"] = json!({ "zones": { "quiet.org": { "records": [{ "name": "@", "type": "MX", "data": "0 ." }] } } });
    value["workload"][0]["to"] = json!("bob@quiet.org");
    value["workload"][0]["allow_unknown"] = json!(true);
    let record = run_value(&value).record;
    let row = record.tables.messages.iter().find(|row| row.kind == MessageKind::User).expect("a message");
    assert_eq!(
        (row.reply_code, row.enhanced.as_deref(), row.reason.as_deref()),
        (None, Some("5.1.10"), Some("no_mail_server"))
    );
    let metrics = record.metrics();
    assert_eq!((metrics["attempts.reply_5yz"], metrics["messages.bounced"]), (Metric::Integer(0), Metric::Integer(1)));
}

/// Breaks when mail that never leaves its sender's computer has no reason in any table, is counted
/// among the attempts of servers, or is told of twice each time.
#[test]
fn what_stays_in_an_outbox_has_a_reason() {
    let reasons = |change: &dyn Fn(&mut Value)| {
        let mut value = letter(&json!([]));
        change(&mut value);
        let record = run_value(&value).record;
        assert!(record.tables.attempts.is_empty());
        let row = |row: &ReasonRow| {
            let told = (row.outcome.name(), row.reason.as_deref().unwrap().to_owned(), row.reply_code, row.count);
            assert_eq!((&*row.server, &*row.destination), ("alice-pc.crepes.fr", "hamburger.edu"));
            told
        };
        let rows: Vec<_> = record.tables.reasons.iter().map(row).collect();
        let [row] = &rows[..] else { panic!("one row: {rows:?}") };
        row.clone()
    };
    let secured = |value: &mut Value| value["mail"]["crepes.fr"]["submission"] = json!({ "tls": "required" });
    // Every five minutes of an hour, and a little later each time.
    assert_eq!(reasons(&secured), ("postponed", "no_tls".to_owned(), None, 12));
    // Others log in, Alice does not.
    let anonymous = |value: &mut Value| {
        let (smtp, submission) = (json!({ "trusts_computers": false }), json!({ "login": "plain" }));
        value["mail"]["crepes.fr"] = json!({ "users": ["alice", "dave"], "smtp": smtp, "submission": submission });
        value["users"] = json!({ "alice@crepes.fr": { "submission": { "login": "never" } } });
    };
    assert_eq!(reasons(&anonymous), ("refused", "reply".to_owned(), Some(530), 1));
    let down = |value: &mut Value| value["faults"] = json!([{ "host": "crepes.fr", "at": "0s", "for": "1h" }]);
    let (outcome, reason, code, count) = reasons(&down);
    assert_eq!((outcome, reason.as_str(), code), ("postponed", "connection_timed_out", None));
    assert!((8..12).contains(&count), "{count}");
}

/// A computer asks a resolver that is down, one that does not listen, and one whose name server
/// does not. Breaks when two of them look the same in the table.
#[test]
fn refused_unreachable_and_silent_differ() {
    let asked = |faults: Value| {
        run_value(&json!({
            "mail": { "crepes.fr": { "users": ["alice"] } },
            "network": { "hosts": { "pc.crepes.fr": {} } },
            "workload": [{ "lookup": "crepes.fr", "type": "MX", "on": "pc.crepes.fr", "at": "1s" }],
            "faults": faults,
            "run": { "until": "5min" }
        }))
        .record
    };
    let of = |record: &RunRecord, role: DnsRole| {
        let rows = record.tables.dns_queries.iter().filter(|row| row.role == role);
        rows.map(|row| row.outcome).collect::<Vec<_>>()
    };
    let count = |record: &RunRecord, name: &str| record.metrics()[name];
    let down = asked(json!([{ "host": "resolver.crepes.fr" }]));
    let outcomes = of(&down, DnsRole::Stub);
    assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == DnsOutcome::Timeout), "{outcomes:?}");
    assert_eq!(count(&down, "dns.unreachable"), Metric::Integer(0));
    assert_eq!(count(&down, "dns.timeouts"), Metric::Integer(outcomes.len() as u64));

    let closed = asked(json!([{ "host": "resolver.crepes.fr", "port": 53 }]));
    let outcomes = of(&closed, DnsRole::Stub);
    assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == DnsOutcome::Unreachable), "{outcomes:?}");
    assert_eq!(count(&closed, "dns.timeouts"), Metric::Integer(0));
    assert_eq!(count(&closed, "dns.unreachable"), Metric::Integer(outcomes.len() as u64));

    // The stub hears SERVFAIL of a resolver that finds no port open anywhere.
    let lost = asked(json!([{ "host": "ns.crepes.fr", "port": 53 }]));
    assert_eq!(of(&lost, DnsRole::Resolver).last(), Some(&DnsOutcome::Unreachable));
    assert_eq!(of(&lost, DnsRole::Stub)[0], DnsOutcome::Failure);
}

/// Every kind of fault, once, repeated and over each other. Breaks when a row is missing, a begin
/// or an end is lost, or a thing has not the name that the scenario gives it.
#[test]
fn each_fault_has_its_row() {
    let link = "pc.crepes.fr--router.crepes.fr";
    let record = run_value(&json!({
        "mail": { "crepes.fr": { "users": ["alice"] } },
        "network": { "hosts": { "pc.crepes.fr": {} } },
        "faults": [
            { "host": "crepes.fr", "at": "1s", "for": "1s", "every": "10s", "until": "11s" },
            { "host": "crepes.fr", "port": 25, "at": "20s" },
            { "link": link, "at": "30s", "for": "20s" },
            { "partition": ["pc.crepes.fr"], "at": "40s", "for": "20s" },
            { "link": link, "at": "70s", "for": "20s", "change": { "delay": "11ms" } },
            { "link": link, "at": "80s", "for": "20s", "change": { "loss": 0.5 } },
            { "host": "crepes.fr", "at": "110s", "for": "5s", "processing": "1s" },
            { "host": "crepes.fr", "port": 587, "at": "112s", "for": "6s", "change": { "delay": "1s" } }
        ],
        "run": { "until": "2min" }
    }))
    .record;
    let secs = |at: SimTime| at.as_nanos() / 1_000_000_000;
    let rows = record.tables.faults.iter().map(|row| {
        let place = row.host.as_deref().or(row.link.as_deref());
        (secs(row.began), row.ended.map(secs), row.kind.name(), place, row.port)
    });
    let host = Some("crepes.fr");
    let expected = [
        (1, Some(2), "host", host, None),
        (11, Some(12), "host", host, None),
        (20, None, "service", host, Some(25)),
        (30, Some(60), "link", Some(link), None),
        (40, Some(60), "partition", None, None),
        (70, Some(80), "change", Some(link), None),
        (80, Some(90), "change", Some(link), None),
        (90, Some(100), "change", Some(link), None),
        (110, Some(115), "processing", host, None),
        (112, Some(118), "degraded", host, Some(587)),
    ];
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}

/// Would break if the postmaster were told of what the postmaster had been told: where that is forwarded to a host that
/// never answers, such reports would beget each other until the run ends.
#[test]
fn a_postmaster_elsewhere_is_told_once() {
    let finished = run_value(&json!({
        "title": "triple bounces",
        "run": { "until": "1d" },
        "mail": {
            "crepes.fr": { "users": ["alice"], "aliases": { "postmaster": "bob@hamburger.edu" },
                           "retry": { "every": "1min", "lifetime": "5min" }, "reports": { "double_bounces": "postmaster" } },
            "hamburger.edu": { "users": ["bob", "beth"] }
        },
        "users": { "alice@crepes.fr": { "forward": "beth@hamburger.edu" } },
        "faults": [{ "at": "0s", "host": "hamburger.edu" }],
        "workload": [{ "from": "alice@crepes.fr", "to": "bob@hamburger.edu" }]
    }));
    let reports = finished.record.tables.messages.iter().filter(|row| row.kind == MessageKind::Bounce);
    let told: Vec<&str> = reports.filter(|row| row.expanded_from.is_none()).map(|row| &*row.to).collect();
    assert_eq!(told, ["alice@crepes.fr", "postmaster@crepes.fr"]);
}
