//! People at their mail in whole runs: what a failure leaves, and who disturbs whom.

mod common;

use common::run_value;
use posthaste::base::SimDuration;
use posthaste::base::trace::Phase;
use posthaste::metrics::ActionRow;
use serde_json::{Value, json};

fn actions(scenario: &Value) -> Vec<ActionRow> {
    let finished = run_value(scenario);
    assert_eq!(finished.record.check(), Ok(()), "nothing is lost");
    finished.record.tables.person_actions.unwrap_or_default()
}

fn of(rows: &[ActionRow], user: &str) -> Vec<String> {
    let own = rows.iter().filter(|row| row.user.starts_with(user));
    own.map(|row| format!("{} {}", row.action, row.outcome)).collect()
}

/// The same without the beginnings and ends of sessions.
fn within(rows: &[ActionRow], user: &str) -> Vec<String> {
    of(rows, user).into_iter().filter(|act| !act.starts_with("begin ") && !act.starts_with("end ")).collect()
}

/// Bob answers, keeps a draft and goes to lunch; meanwhile something fails.
fn lunch(protocol: &str, pause: &str, faults: &Value) -> Value {
    json!({
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "users": { "bob@hamburger.edu": { "protocol": protocol } },
        "workload": [
            { "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "subject": "Dinner", "body": "Ketchup?" },
            { "at": "1h", "user": "bob@hamburger.edu", "steps": [
                { "look": "INBOX" }, { "open": "newest" }, { "reply": "Yes." },
                { "draft": { "to": "alice@crepes.fr", "subject": "Wine", "body": "Shall I bring" } },
                { "wait": pause }, { "open": "all" }, { "write": { "to": "alice@crepes.fr", "subject": "Late" } } ] },
            { "at": "4h", "user": "bob@hamburger.edu", "steps": [ { "look": "INBOX" }, { "finish": "a bottle?" } ] }
        ],
        "faults": faults,
        "run": { "until": "6h" }
    })
}

/// Breaks when a crash took the draft or what was sent already, or a session went on after it.
#[test]
fn drafts_and_the_outbox_outlive_the_computer() {
    let crash = json!([{ "at": "90min", "host": "bob-pc.hamburger.edu", "for": "30min" }]);
    for protocol in ["imap", "pop3", "pop3-keep"] {
        let scenario = lunch(protocol, "1h", &crash);
        let did = of(&actions(&scenario), "bob");
        let before = ["begin done", "look done", "open done", "reply done", "draft done"];
        assert_eq!(did[..5], before, "{protocol}: {did:?}");
        assert_eq!(did[5..], ["begin done", "look done", "finish done", "end done"], "{protocol}: {did:?}");
        let subjects = run_value(&scenario).record.tables.messages.len();
        assert_eq!(subjects, 3, "{protocol}: the dinner, its answer and the wine");
    }
}

/// Breaks when a session did not come back after the server had closed its connection, by IMAP after 30 minutes and by
/// HTTP after one.
#[test]
fn a_person_who_was_away_goes_on_where_the_session_was() {
    for protocol in ["imap", "webmail"] {
        let did = of(&actions(&lunch(protocol, "40min", &json!([]))), "bob");
        let all = [
            "begin done",
            "look done",
            "open done",
            "reply done",
            "draft done",
            "open done",
            "write done",
            "end done",
            "begin done",
            "look done",
            "finish done",
            "end done",
        ];
        assert_eq!(did, all, "{protocol}");
    }
}

/// Breaks when a server that is down kept a person from writing, or lost what was written.
#[test]
fn who_cannot_reach_the_mailbox_still_writes() {
    let down = json!([{ "at": "90min", "host": "hamburger.edu", "for": "40min" }]);
    let scenario = lunch("imap", "1h", &down);
    let rows = actions(&scenario);
    let did = of(&rows, "bob");
    // the text of the message is here already; the copy for Sent finds no server
    assert_eq!(did[5..9], ["open done", "write done", "end refused", "begin done"], "{did:?}");
    let delivered = run_value(&scenario).record.tables.messages.iter().filter(|row| row.delivered.is_some()).count();
    assert_eq!(delivered, 4);
}

/// Breaks when one person's doings move another's draws.
#[test]
fn strangers_disturb_nobody() {
    let scenario = |strangers: Value| {
        json!({
            "mail": { "a.org": { "users": ["u{1..4}"] }, "b.org": { "users": strangers } },
            "workload": [
                { "user": "u{1..4}@a.org", "to": "u{1..4}@a.org", "body_bytes": "1kB",
                  "people": { "reply": 0.6, "protocols": { "imap": 1, "pop3": 1 }, "writes": 1.0 } },
                { "user": "every-user", "to": "any-user", "body_bytes": "1kB", "at": "1d",
                  "people": { "sessions": "1 per day", "writes": 0.0, "reply": 0.0, "forward": 0.0, "protocols": { "imap": 1 } } }
            ],
            "run": { "until": "1d" }
        })
    };
    let told = |strangers: Value| {
        let rows = actions(&scenario(strangers));
        let own = rows.into_iter().filter(|row| row.user.ends_with("@a.org"));
        own.map(|row| format!("{} {} {} {}", row.at, row.user, row.action, row.message)).collect::<Vec<_>>()
    };
    let alone = told(json!(["x"]));
    assert!(alone.len() > 100, "{}", alone.len());
    assert_eq!(alone, told(json!(["x", "y", "z{1..9}"])));
}

/// Everybody answers everything, on two devices.
fn two_devices(protocols: &Value, phones: f64) -> Value {
    json!({
        "mail": { "a.org": { "users": ["u{1..6}"] } },
        "users": { "u1@a.org": { "devices": { "phone": { "host": "u1-phone.a.org" } } } },
        "workload": [ { "user": "every-user", "people": { "sessions": "20 per day", "reply": 0.9, "forward": 0.9, "writes": 1.0,
            "protocols": protocols, "devices": { "own": 2, "phone": phones } } } ],
        "run": { "until": "2d" }
    })
}

/// Breaks when a message were answered on two devices, the devices drew sessions of their own instead of sharing the
/// person's, or a device got none.
#[test]
fn a_person_has_one_calendar_and_one_memory_for_all_devices() {
    for protocol in ["imap", "webmail", "pop3-keep", "pop3"] {
        let rows = actions(&two_devices(&json!({ protocol: 1 }), 3.0));
        let did = |wanted: &[&str]| {
            let done = rows.iter().filter(|row| &*row.outcome == "done" && wanted.contains(&&*row.action));
            done.map(|row| (row.user.to_string(), row.message.to_string())).collect::<Vec<_>>()
        };
        let mut answers = did(&["reply", "reply_all", "forward"]);
        let all = answers.len();
        assert!(all > 20, "{protocol}: {all}");
        answers.sort();
        answers.dedup();
        assert_eq!(answers.len(), all, "{protocol}: answered twice");
        if protocol == "imap" {
            let mut opened = did(&["open"]);
            let all = opened.len();
            opened.sort();
            opened.dedup();
            assert_eq!(opened.len(), all, "what is read on one device is not on another");
        }
        let begun =
            |device: &str| rows.iter().filter(|row| &*row.action == "begin" && row.device.contains(device)).count();
        assert!(begun("-pc.") > 20 && begun("-phone.") > begun("-pc."), "{protocol}");
    }
}

/// Breaks when a weight that is 0 left sessions to the phone, or moved what happens without it.
#[test]
fn without_weight_a_device_has_no_sessions() {
    let mut alone = two_devices(&json!({ "imap": 1 }), 0.0);
    let with = actions(&alone);
    alone["workload"][0]["people"].as_object_mut().unwrap().remove("devices");
    assert!(with.iter().all(|row| row.device.contains("-pc.")));
    let times =
        |rows: &[ActionRow]| rows.iter().filter(|row| &*row.action == "begin").map(|row| row.at).collect::<Vec<_>>();
    assert_eq!(times(&with)[0], times(&actions(&alone))[0]);
}

/// Breaks when a session that is not over when the run ends left no row.
#[test]
fn sessions_that_the_end_of_the_run_cuts_off_have_rows() {
    let scenario = json!({
        "mail": { "a.org": { "users": ["ann"] } },
        "workload": [ { "at": "1h", "user": "ann@a.org", "read": "imap", "reading": { "stay": "3h" } } ],
        "run": { "until": "2h" }
    });
    let rows = run_value(&scenario).record.tables.mailbox_sessions;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].trouble.as_deref(), Some("the run ended"));
    assert!(rows[0].commands > 0 && rows[0].ended.as_nanos() == 7_200_000_000_000, "{:?}", rows[0]);
}

/// Breaks when files of text had no number by one of the protocols.
#[test]
fn files_have_the_same_numbers_by_every_protocol() {
    for protocol in ["pop3", "pop3-keep", "imap", "webmail"] {
        let rows = actions(&json!({
            "mail": { "hamburger.edu": { "users": ["ann", "bob"] } },
            "users": { "bob@hamburger.edu": { "protocol": protocol } },
            "workload": [
                { "from": "ann@hamburger.edu", "to": "bob@hamburger.edu", "subject": "M", "body": "x", "attachments": [
                    { "name": "t.txt", "text": "one line" }, { "name": "u.txt", "text": "another" } ] },
                { "at": "1h", "user": "bob@hamburger.edu", "steps": [ { "look": "INBOX" }, { "open": "all" },
                    { "attachment": 1 }, { "attachment": 2 }, { "attachment": 3 } ] }
            ],
            "run": { "until": "2h" }
        }));
        let wanted = ["look done", "open done", "attachment done", "attachment done", "attachment nothing"];
        assert_eq!(within(&rows, "bob"), wanted, "{protocol}");
    }
}

/// Breaks when a draft that webmail sent stayed a draft.
#[test]
fn webmail_goes_on_with_the_draft_on_the_server() {
    let rows = actions(&json!({
        "mail": { "hamburger.edu": { "users": ["ann", "bob"] } },
        "users": { "bob@hamburger.edu": { "protocol": "webmail" } },
        "workload": [
            { "at": "1h", "user": "bob@hamburger.edu", "steps": [
                { "draft": { "to": "ann@hamburger.edu", "subject": "Wine", "body": "Shall I bring" } } ] },
            { "at": "2h", "user": "bob@hamburger.edu", "steps": [
                { "look": "INBOX" }, { "finish": "a bottle?" }, { "look": "Drafts" }, { "open": "all" } ] }
        ],
        "run": { "until": "3h" }
    }));
    assert_eq!(within(&rows, "bob"), ["draft done", "look done", "finish done", "look done", "open nothing"]);
}

/// Breaks when a draft of another device with the same subject is taken for the one that was kept here.
#[test]
fn webmail_goes_on_with_its_own_draft() {
    let draft = |to: &str| json!([{ "draft": { "to": to, "subject": "Wine", "body": "Shall I bring" } }]);
    let finished = run_value(&json!({
        "mail": { "hamburger.edu": { "users": ["ann", "bob", "cid"] } },
        "network": { "hosts": { "phone.net": {} } },
        "users": { "bob@hamburger.edu": { "protocol": "webmail" } },
        "workload": [
            { "at": "1h", "user": "bob@hamburger.edu", "steps": draft("ann@hamburger.edu") },
            { "at": "2h", "user": "bob@hamburger.edu", "protocol": "imap", "on": "phone.net", "steps": draft("cid@hamburger.edu") },
            { "at": "3h", "user": "bob@hamburger.edu", "steps": [ { "finish": "a bottle?" } ] }
        ],
        "run": { "until": "4h" }
    }));
    let to: Vec<&str> = finished.record.tables.messages.iter().map(|row| &*row.to).collect();
    assert_eq!(to, ["ann@hamburger.edu"]);
}

/// Breaks when a page that never came counts as read, or its message stays on the way for ever.
#[test]
fn a_page_that_is_cut_leaves_its_message_in_the_mailbox() {
    let finished = run_value(&json!({
        "mail": { "hamburger.edu": { "users": ["ann", "bob"] } },
        "users": { "bob@hamburger.edu": { "protocol": "webmail" } },
        "network": { "access": { "rate": "100kbps" } },
        "workload": [
            { "from": "ann@hamburger.edu", "to": "bob@hamburger.edu", "body_bytes": "200kB" },
            { "at": "1h", "user": "bob@hamburger.edu", "steps": [ { "look": "INBOX" }, { "open": "newest" } ] }
        ],
        "faults": [{ "at": "1h5s", "host": "bob-pc.hamburger.edu", "for": "10min" }],
        "run": { "until": "6h" }
    }));
    assert_eq!(finished.record.check(), Ok(()), "nothing is lost");
    let [row] = &finished.record.tables.messages[..] else { panic!("one message") };
    let on_the_way = row.phases[Phase::Retrieval as usize];
    assert_eq!(row.retrieved, None);
    assert!(on_the_way > SimDuration::ZERO && on_the_way < SimDuration::from_secs(3_600), "{on_the_way:?}");
}

/// Breaks when a connection is closed as idle while a long page is still going out.
#[test]
fn a_long_page_is_no_idleness() {
    let finished = run_value(&json!({
        "mail": { "hamburger.edu": { "users": ["ann", "bob"], "webmail": { "keep_alive": "10s" } } },
        "users": { "bob@hamburger.edu": { "protocol": "webmail" } },
        "network": { "access": { "rate": "100kbps" } },
        "workload": [
            { "from": "ann@hamburger.edu", "to": "bob@hamburger.edu", "body_bytes": "200kB" },
            { "at": "1h", "user": "bob@hamburger.edu", "steps": [
                { "look": "INBOX" }, { "open": "newest" }, { "look": "INBOX" } ] }
        ],
        "run": { "until": "2h" }
    }));
    let calls = finished.record.tables.connections.iter().filter(|row| row.server_port == 80);
    assert_eq!(calls.count(), 1);
}
