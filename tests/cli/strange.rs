//! Strange but legal scenarios: each ends, balances, and says truly what became of the mail.

use posthaste::base::trace::Silent;
use posthaste::cli::simulate::Finished;
use serde_json::{Value, json};

use super::common::{load_value, run_value};
use super::{Desk, small, with};

/// The value of a metric; 0 when it has none.
fn metric(done: &Finished<Silent>, name: &str) -> f64 {
    done.record.metrics().get(name).map_or(0.0, |metric| metric.value())
}

/// Runs it; the audits hold, and messages ended so: delivered, bounced, refused, queued, in the outbox.
#[track_caller]
fn ends(scenario: &Value, want: [u32; 5]) -> Finished<Silent> {
    let done = run_value(scenario);
    let names = ["delivered", "bounced", "refused", "queued", "outbox"];
    let got = names.map(|name| metric(&done, &format!("messages.{name}")));
    assert_eq!(got, want.map(f64::from), "{names:?}");
    assert!(!done.outcome.ended.is_cut());
    done
}

/// Reasons of attempts that did not complete, without repetitions.
fn reasons(done: &Finished<Silent>) -> Vec<String> {
    let mut all: Vec<String> = done
        .record
        .tables
        .attempts
        .iter()
        .filter_map(|row| row.reason.as_ref())
        .map(|reason| reason.to_string())
        .collect();
    all.dedup();
    all
}

fn to(address: &str) -> Value {
    with(with(small(), "/workload/0/to", json!(address)), "/workload/0/allow_unknown", json!(true))
}

fn mail_records(records: Value) -> Value {
    with(small(), "/dns/zones", json!({ "hamburger.edu": { "records": records } }))
}

fn down(hosts: &[&str]) -> Value {
    with(small(), "/faults", hosts.iter().map(|host| json!({ "host": host })).collect())
}

/// Would break if a domain, a server or a computer could not be shared.
#[test]
fn people_and_domains_may_share() {
    let alone = json!({ "mail": { "a.fr": { "users": ["x"] } },
                        "workload": [ { "from": "x@a.fr", "to": "x@a.fr" }, { "at": "1min", "user": "x@a.fr", "read": "pop3" } ] });
    let done = ends(&alone, [1, 0, 0, 0, 0]);
    assert_eq!((metric(&done, "messages.retrieved"), metric(&done, "attempts.total")), (1.0, 0.0));
    let server = with(small(), "/mail/hamburger.edu/server", json!("crepes.fr"));
    assert_eq!(metric(&ends(&server, [1, 0, 0, 0, 0]), "messages.retrieved"), 1.0);
    let users = |host: &str| json!({ "alice@crepes.fr": { "host": host }, "bob@hamburger.edu": { "host": host } });
    let pc = with(with(small(), "/network/hosts", json!({ "pc.local": {} })), "/users", users("pc.local"));
    assert_eq!(metric(&ends(&pc, [1, 0, 0, 0, 0]), "messages.retrieved"), 1.0);
    let at_server = with(small(), "/users", users("hamburger.edu"));
    assert_eq!(metric(&ends(&at_server, [1, 0, 0, 0, 0]), "messages.retrieved"), 1.0);
}

/// Would break if nothing to do were an error, or the end of a run were not where it is said.
#[test]
fn nothing_to_do_takes_an_hour() {
    for nothing in [json!({}), json!({ "mail": {}, "workload": [] }), json!({ "mail": { "a.fr": {} } })] {
        let done = ends(&nothing, [0, 0, 0, 0, 0]);
        assert_eq!((done.outcome.events, done.outcome.end.as_nanos()), (0, 3_600_000_000_000));
    }
}

/// Would break if a text came out changed: dots, spaces, empty lines, the longest line.
#[test]
fn bodies_arrive_as_they_were_written() {
    let long = "x".repeat(998);
    let body = json!([".", "..", ".hello", "", long, "tail  ", "\ttab", "."]);
    let desk = Desk::new();
    desk.scenario("s.json", &with(small(), "/workload/0/body", body.clone()));
    let said = desk.posthaste(&["transcript", "s.json", "--protocol", "pop3"]);
    let lines: Vec<&str> = said.out.lines().collect();
    let text: Vec<String> = body
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .map(|line| if line.starts_with('.') { format!("S: .{line}") } else { format!("S: {line}") })
        .collect();
    let wanted: Vec<&str> = text.iter().map(|line| line.trim_end()).collect();
    let got: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    assert!(got.windows(wanted.len()).any(|window| window == wanted), "{}", said.out);
    for body in [json!(null), json!([]), json!("")] {
        ends(&with(small(), "/workload/0/body", body), [1, 0, 0, 0, 0]);
    }
    // What is not ASCII is encoded.
    ends(&with(small(), "/workload/0/body", json!(["é"])), [1, 0, 0, 0, 0]);
    for (line, message) in [("x".repeat(999), "at most 998"), ("a\nb".to_owned(), "line break")] {
        desk.scenario("bad.json", &with(small(), "/workload/0/body", json!([line])));
        desk.posthaste(&["check", "bad.json"]).fails(3, message);
    }
}

/// Would break if an address that RFC 5322 allows did not survive a dialogue.
#[test]
fn odd_local_parts_are_addresses() {
    let odd = ["o'brien", "a+b", "!#$%&*-/=?^_`|~z", "a.b.c"];
    let work: Vec<Value> = odd
        .iter()
        .map(|name| json!({ "from": format!("{name}@crepes.fr"), "to": ["alice@crepes.fr", "bob@hamburger.edu"] }))
        .collect();
    let mut users = vec!["alice"];
    users.extend(odd);
    let scenario = with(with(small(), "/mail/crepes.fr/users", json!(users)), "/workload", json!(work));
    ends(&scenario, [8, 0, 0, 0, 0]);
}

/// Would break if a message for many took a retry, or more connections than it needs.
#[test]
fn five_hundred_recipients_take_one_connection_a_hop() {
    let all: Vec<String> = (1..=500).map(|n| format!("u{n}@hamburger.edu")).collect();
    let many = with(with(small(), "/mail/hamburger.edu/users", json!(["u{1..500}"])), "/workload", json!([]));
    let many = with(many, "/workload", json!([{ "from": "alice@crepes.fr", "to": all }]));
    let done = ends(&with(many, "/limits", json!({ "recipients": 500 })), [500, 0, 0, 0, 0]);
    assert_eq!((metric(&done, "connections.opened"), metric(&done, "attempts.total")), (2.0, 500.0));
    assert!(metric(&done, "latency.max_s") < 60.0);
}

/// Would break if a message at the limit of size were refused, or one beyond it lost.
#[test]
fn messages_have_a_size_limit() {
    let sized = |body: &str, limit: &str| {
        let scenario = with(with(small(), "/workload/0/body", json!(null)), "/workload/0/body_bytes", json!(body));
        with(scenario, "/limits", json!({ "message_size": limit }))
    };
    ends(&sized("1MB", "1.1MB"), [1, 0, 0, 0, 0]);
    let done = ends(&sized("1MB", "1MB"), [0, 0, 1, 0, 0]);
    assert_eq!(done.record.tables.messages[0].reason.as_deref(), Some("unsendable"));
}

/// Would break if an address that cannot be reached ended otherwise, or without a reason.
#[test]
fn mail_that_cannot_go_is_bounced_with_a_reason() {
    let mx = |data: &str| json!({ "name": "@", "type": "MX", "data": data });
    let cases = [
        (to("nobody@hamburger.edu"), "reply"),
        (to("bob@nowhere.org"), "no_such_domain"),
        (to("bob@nowhere.zz"), "no_such_domain"),
        (to("bob@www.hamburger.edu"), "no_such_domain"),
        (mail_records(json!([mx("10 mail.nope.edu.")])), "no_such_domain"),
        (
            mail_records(json!([mx("10 text"), { "name": "text", "type": "TXT", "data": "no address" }])),
            "no_mail_server",
        ),
        (mail_records(json!([mx("0 .")])), "no_mail_server"),
        (mail_records(json!([mx("10 crepes.fr.")])), "loop"),
    ];
    for (scenario, reason) in cases {
        let done = ends(&scenario, [0, 1, 0, 0, 0]);
        assert_eq!(reasons(&done), [reason]);
        assert_eq!(metric(&done, "bounces.delivered"), 1.0, "{reason}: the sender is told");
    }
    // A server for another domain does not take it either; an alias and no MX at all do no harm.
    let other = with(mail_records(json!([mx("10 pizza.it.")])), "/mail/pizza.it", json!({ "users": ["p"] }));
    assert_eq!(reasons(&ends(&other, [0, 1, 0, 0, 0])), ["reply"]);
    ends(
        &mail_records(json!([mx("10 mail"), { "name": "mail", "type": "CNAME", "data": "hamburger.edu." }])),
        [1, 0, 0, 0, 0],
    );
    ends(&mail_records(json!([{ "name": "@", "type": "TXT", "data": "no MX" }])), [1, 0, 0, 0, 0]);
    let ring = json!([mx("10 a"), { "name": "a", "type": "CNAME", "data": "b" }, { "name": "b", "type": "CNAME", "data": "a" }]);
    assert_eq!(reasons(&ends(&mail_records(ring), [0, 0, 0, 1, 0])), ["dns_failure"]);
}

/// Would break if an outage lost mail, or mail waited without a reason.
#[test]
fn outages_make_mail_wait() {
    let servers = ["a.root-servers.net", "ns.nic.edu", "ns.nic.fr", "ns.crepes.fr", "ns.hamburger.edu"];
    ends(&down(&servers), [0, 0, 0, 0, 1]);
    ends(&down(&["resolver.crepes.fr"]), [0, 0, 0, 0, 1]);
    ends(&down(&["crepes.fr"]), [0, 0, 0, 0, 1]);
    ends(&down(&["alice-pc.crepes.fr"]), [0, 0, 0, 0, 1]);
    assert_eq!(reasons(&ends(&down(&["hamburger.edu"]), [0, 0, 0, 1, 0])), ["connection_timed_out"]);
    assert_eq!(reasons(&ends(&down(&["resolver.crepes.fr", "ns.hamburger.edu"]), [0, 0, 0, 0, 1])), [""; 0]);
    let link = with(small(), "/faults", json!([{ "link": "router.hamburger.edu--internet" }]));
    assert_eq!(reasons(&ends(&link, [0, 0, 0, 1, 0])), ["dns_failure"]);
    let lifetime = json!({ "retry": { "every": "10min", "lifetime": "30min" }, "users": ["alice"] });
    ends(&with(down(&["hamburger.edu"]), "/mail/crepes.fr", lifetime), [0, 1, 0, 0, 0]);
    // With warm caches the root is not needed.
    let again = json!({ "at": "40min", "from": "alice@crepes.fr", "to": "bob@hamburger.edu" });
    let warm = with(small(), "/faults", json!([{ "host": "a.root-servers.net", "at": "30min" }]));
    let warm = with(warm.clone(), "/workload", json!([warm["workload"][0], warm["workload"][1], again]));
    ends(&warm, [2, 0, 0, 0, 0]);
}

/// Would break if a crash at any moment of a delivery lost the message or delivered it
/// without saying so.
#[test]
fn a_crash_at_any_moment_loses_nothing() {
    for host in ["alice-pc.crepes.fr", "crepes.fr", "hamburger.edu", "resolver.crepes.fr", "bob-pc.hamburger.edu"] {
        for at in (0..1_200).step_by(12) {
            let fault = json!([{ "host": host, "at": format!("{at}ms"), "for": "12s" }]);
            let late = with(small(), "/workload/1/at", json!("50min"));
            let done = ends(&with(late, "/faults", fault), [1, 0, 0, 0, 0]);
            assert_eq!(metric(&done, "messages.retrieved"), 1.0, "{host} at {at} ms");
        }
    }
    // Exactly when it is stored, and while it is read.
    for fault in [
        json!({ "host": "hamburger.edu", "at": "1084ms", "for": "1ns" }),
        json!({ "host": "hamburger.edu", "at": "50s", "for": "20s" }),
    ] {
        ends(&with(small(), "/faults", json!([fault])), [1, 0, 0, 0, 0]);
    }
    let overlap = json!([{ "host": "hamburger.edu", "for": "40s" }, { "link": "router.hamburger.edu--internet", "at": "20s", "for": "20s" }]);
    ends(&with(small(), "/faults", overlap), [1, 0, 0, 0, 0]);
}

/// Would break if an extreme link were a loop, an overflow or an error.
#[test]
fn extreme_links_only_slow_mail_down() {
    let backbone = |link: Value| with(small(), "/network/backbone", link);
    ends(&backbone(json!({ "loss": 1.0 })), [0, 0, 0, 0, 1]);
    ends(&backbone(json!({ "delay": "1d" })), [0, 0, 0, 0, 1]);
    ends(&backbone(json!({ "delay": "36500d" })), [0, 0, 0, 0, 1]);
    ends(&backbone(json!({ "rate": "1bps" })), [0, 0, 0, 0, 1]);
    ends(&backbone(json!({ "rate": "1Tbps", "queue": "1 packets" })), [1, 0, 0, 0, 0]);
    ends(&backbone(json!({ "queue": "0 packets" })), [1, 0, 0, 0, 0]);
    ends(&backbone(json!({ "queue": "0B" })), [1, 0, 0, 0, 0]);
    ends(&with(small(), "/dns", json!({ "ttl": "0s", "negative_ttl": "0s" })), [1, 0, 0, 0, 0]);
    let slow = with(
        with(backbone(json!({ "rate": "64kbps", "queue": "1 packets" })), "/workload/0/body", json!(null)),
        "/workload/0/body_bytes",
        json!("20kB"),
    );
    assert!(metric(&ends(&slow, [1, 0, 0, 0, 0]), "network.dropped") > 0.0);
    let lossy = with(backbone(json!({ "loss": 0.3, "delay": "20ms" })), "/run", json!({ "until": "4d" }));
    let done = run_value(&lossy);
    assert_eq!(metric(&done, "messages.delivered") + metric(&done, "messages.bounced"), 1.0);
}

/// Would break if loading or routing grew faster than the scenario: a thousand users at two
/// hundred sites are nothing.
#[test]
#[expect(clippy::disallowed_types, reason = "this test is about wall-clock time")]
fn large_scenarios_load_fast() {
    let domains = |count: u32, users: &str| -> Value {
        let mail = (0..count).map(|n| (format!("d{n}.edu"), json!({ "users": [users] })));
        json!({ "mail": serde_json::Map::from_iter(mail), "run": { "until": "1min" },
                "workload": [ { "poisson": { "rate": "1 per hour" }, "from": "every-user", "to": "any-user" } ] })
    };
    for (scenario, people) in [(domains(200, "u{1..5}"), 1000), (domains(2, "u{1..1500}"), 3000)] {
        let started = std::time::Instant::now();
        assert_eq!(load_value(&scenario).users.len(), people);
        let done = run_value(&scenario);
        assert!(done.outcome.events > 0);
        assert!(started.elapsed().as_secs() < 30, "{people} people: {:?}", started.elapsed());
        let rows = &done.record.tables.messages;
        assert!(rows.iter().all(|row| row.from != row.to), "nobody writes to themselves");
    }
}
