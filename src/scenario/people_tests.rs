//! Steps and habits in a scenario: what is filled in, what is refused and where, and who does what.

use super::load;
use super::resolved::{Resolved, Work};
use crate::app::user::{Means, Pick, Step};

const HEAD: &str = r#"{ "mail": { "a.org": { "users": ["ann", "abe"] }, "b.org": { "users": ["bob", "eve"] } },
    "users": { "bob@b.org": { "protocol": "imap" }, "eve@b.org": { "protocol": "webmail" } }, "workload": [ "#;

fn file(workload: &str) -> String {
    format!("{HEAD}{workload} ], \"run\": {{ \"until\": \"5d\" }} }}")
}

fn good(workload: &str) -> Resolved {
    load("test.json", &file(workload)).unwrap_or_else(|error| panic!("{error}"))
}

fn wrong(workload: &str) -> String {
    load("test.json", &file(workload)).expect_err("it should be refused").to_string()
}

/// Breaks when what `check --resolved` prints were another scenario.
#[test]
fn steps_and_habits_resolve_to_themselves() {
    let first = good(
        r#"{ "at": "1h", "user": "bob@b.org", "steps": [ { "look": "inbox" }, { "open": { "from": "ann" } },
               { "reply": "Yes.", "which": "newest" }, { "wait": "90s" }, { "file": "work/2026" },
               { "write": { "to": "ann@a.org", "attachments": [ { "name": "a.txt", "text": "x" } ] } } ] },
           { "user": "every-user", "people": { "reply": 0.5, "protocols": { "imap": 1, "pop3-keep": 2 } } }"#,
    );
    let again = load("again.json", &first.to_json_text()).unwrap();
    assert_eq!(first.to_json_text(), again.to_json_text());
    assert_eq!(first.workload, again.workload);
    let Work::Session(session) = &first.workload[0] else { panic!("{:?}", first.workload[0]) };
    assert_eq!((session.means, session.steps.len()), (Means::Imap, 6));
    assert_eq!(session.steps[0], Step::Look { folder: "INBOX".to_owned(), new: false });
    assert!(matches!(&session.steps[2], Step::Reply { which: Pick::Newest, all: false, .. }));
    let drawn: Vec<Means> = first
        .workload
        .iter()
        .filter_map(|work| match work {
            Work::People(people) => Some(people.own.means),
            Work::Session(_)
            | Work::Message(_)
            | Work::Read(_)
            | Work::Poisson(_)
            | Work::Lookup(_)
            | Work::Lookups(_)
            | Work::Browse(_) => None,
        })
        .collect();
    assert_eq!(drawn.len(), 4);
    assert!(drawn.iter().all(|means| [Means::Imap, Means::Pop3Keep].contains(means)), "{drawn:?}");
}

/// Breaks when a person's protocol depended on who else is in the file.
#[test]
fn protocols_are_drawn_for_each_alone() {
    let of_bob = |user: &str| {
        let resolved = good(&format!(
            r#"{{ "user": {user}, "people": {{ "protocols": {{ "imap": 1, "pop3": 1, "webmail": 1 }} }} }}"#
        ));
        resolved.workload.iter().find_map(|work| match work {
            Work::People(people) if resolved.users[people.user].local == "bob" => Some(people.own.means),
            Work::People(_) | Work::Session(_) | Work::Message(_) | Work::Read(_) => None,
            Work::Poisson(_) | Work::Lookup(_) | Work::Lookups(_) | Work::Browse(_) => None,
        })
    };
    assert_eq!(of_bob("\"bob@b.org\""), of_bob("\"every-user\""));
    assert!(of_bob("\"bob@b.org\"").is_some());
}

/// Breaks when a device were not added like a computer, got a protocol that nobody gave, or a slip of the pen made one.
#[test]
fn devices_are_added_and_checked() {
    let resolved = good(r#"{ "user": "bob@b.org", "people": { "devices": { "own": 3, "phone": 1 } } }"#);
    let bob = resolved.users.iter().find(|user| user.local == "bob").unwrap();
    let phone = bob.devices["phone"];
    assert_eq!((resolved.host_spec(phone.host).name.as_str(), phone.means), ("bob-phone.b.org", Means::Imap));
    assert!(resolved.users.iter().all(|user| user.local == "bob" || user.devices.is_empty()));
    let again = load("again.json", &resolved.to_json_text()).unwrap();
    assert_eq!(resolved.workload, again.workload);
    let pattern = r#"{ "mail": { "b.org": { "users": ["w{1..3}"] } }, "workload": [ { "user": "w{1..2}@b.org", "people": {
        "devices": { "own": 1, "phone": 1 } } } ], "run": { "until": "1d" } }"#;
    let few = load("test.json", pattern).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(few.users.iter().map(|user| user.devices.len()).collect::<Vec<_>>(), [1, 1, 0]);
    for (device, place, said) in [
        (r#""own": {}"#, "devices.own", "no further device"),
        (r#""pad": { "host": "bob-pc.b.org" }"#, "devices.pad.host", "another device of this user already"),
        (r#""pad": { "host": "bob-pda.b.org" }"#, "devices.pad.host", "bob-pda.b.org"),
    ] {
        let text = file("").replace(r#""protocol": "imap""#, &format!(r#""devices": {{ {device} }}"#));
        let error = load("test.json", &text).expect_err("it should be refused").to_string();
        assert!(error.contains(place) && error.contains(said), "{device}: {error}");
    }
}

/// Breaks when a mistake were not found, or not where it is.
#[test]
fn mistakes_are_found_where_they_are() {
    let steps = |user: &str, steps: &str| wrong(&format!(r#"{{ "user": "{user}", "steps": [ {steps} ] }}"#));
    for (user, step, place, said) in [
        ("ann@a.org", r#"{ "file": "x" }"#, "workload[0].steps[0].file", "POP3 has no folders"),
        ("ann@a.org", r#"{ "look": "work" }"#, "workload[0].steps[0].look", "POP3 has no folders"),
        ("ann@a.org", r#"{ "mark": "read" }"#, "workload[0].steps[0].mark", "POP3 has no marks"),
        (
            "ann@a.org",
            r#"{ "look": "INBOX" }, { "watch": "5min" }"#,
            "workload[0].steps[1].watch",
            "POP3 tells nothing",
        ),
        ("eve@b.org", r#"{ "forward": "bob@b.org", "whole": true }"#, "workload[0].steps[0].whole", "in its own way"),
        (
            "bob@b.org",
            r#"{ "open": "newest", "reply": "x" }"#,
            "workload[0].steps[0]",
            "one thing, not `open` and `reply`",
        ),
        ("bob@b.org", "{ }", "workload[0].steps[0]", "does nothing"),
        ("bob@b.org", r#"{ "open": "nevest" }"#, "workload[0].steps[0].open", "newest"),
        ("bob@b.org", r#"{ "look": "a//b" }"#, "workload[0].steps[0].look", "no name of a folder"),
        ("bob@b.org", r#"{ "wait": "1s", "which": "all" }"#, "workload[0].steps[0].which", "has no `which`"),
        ("bob@b.org", r#"{ "forward": "nobody@b.org" }"#, "workload[0].steps[0].forward", "no user \"nobody\""),
        ("bob@b.org", r#"{ "write": { "subject": "x" } }"#, "workload[0].steps[0].write", "needs `to`"),
        ("bob@b.org", r#"{ "search": { } }"#, "workload[0].steps[0].search", "looks for nothing"),
    ] {
        let error = steps(user, step);
        assert!(error.contains(place) && error.contains(said), "{step}: {error}");
        // there is no such key in a step
        assert!(!error.contains("allow_unknown"), "{step}: {error}");
    }
    let error = steps("bob@b.org", "");
    assert!(error.contains("workload[0].steps") && error.contains("has no steps"), "{error}");
    let error = wrong(r#"{ "user": "bob@b.org", "people": { "protocols": { "imapp": 1 } } }"#);
    assert!(error.contains("protocols.imapp") && error.contains("\"imap\""), "{error}");
    for (habits, place) in [
        (r#"{ "hours": [1, 2] }"#, "hours"),
        (r#"{ "days": [] }"#, "days"),
        (r#"{ "time_zone": "CET" }"#, "time_zone"),
        (r#"{ "reading": 0 }"#, "reading"),
        (r#"{ "writes": 1000 }"#, "writes"),
        (r#"{ "protocols": { "imap": 0 } }"#, "protocols"),
        (r#"{ "folders": ["ok", ""] }"#, "folders[1]"),
        (r#"{ "reply": 1.5 }"#, "reply"),
        (r#"{ "devices": { "phone": -1 } }"#, "devices"),
        (r#"{ "devices": { "own": 0 } }"#, "devices"),
    ] {
        let error = wrong(&format!(r#"{{ "user": "bob@b.org", "people": {habits} }}"#));
        assert!(error.contains(&format!("workload[0].people.{place}")), "{habits}: {error}");
    }
}
