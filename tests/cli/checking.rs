//! `check`: all errors of all files, and the scenario with every default filled in.

use serde_json::{Value, json};

use super::common::scenario_files;
use super::{Desk, small};

const BAD_FORM: &str =
    "{ \"mail\": {\"a.fr\": {\"dialekt\": \"lecture\"}},\n  \"run\": {\"until\": 5},\n  \"wrkload\": [] }";
const BAD_SENSE: &str = "{ \"mail\": {\"a.fr\": {\"users\": [\"x\"]}},\n  \"workload\": [{\"from\":\"y@a.fr\",\"to\":\"z@b.fr\"}],\n  \"faults\": [{\"host\":\"zzz\"}] }";

/// Would break if one bad file hid another, or one error another of the same file.
#[test]
fn every_error_of_every_file_is_told() {
    let desk = Desk::new();
    desk.write("form.json", BAD_FORM);
    desk.write("sense.json", BAD_SENSE);
    desk.scenario("good.json", &small());
    let places =
        ["form.json:1:21", "form.json:2:20", "form.json:3:3", "sense.json:2:24", "sense.json:2:38", "sense.json:3:22"];
    let files = ["form.json", "none.json", "good.json", "sense.json"];
    let said = desk.posthaste(&[&["check"], &files[..]].concat());
    said.fails(4, "cannot read none.json");
    assert!(places.iter().all(|place| said.err.contains(place)), "{}", said.err);
    assert!(said.err.contains("good.json: valid"), "{}", said.err);

    let said = desk.posthaste(&[&["check", "--json"], &files[..]].concat());
    assert_eq!((said.code, said.err.as_str()), (4, ""));
    let found = said.json();
    let counts: Vec<_> =
        found.as_array().unwrap().iter().map(|file| file["errors"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [3, 1, 3], "{}", said.out);
    assert_eq!(found[0]["errors"][1]["line"], json!(2));
    assert_eq!(found[1]["errors"][0]["line"], Value::Null);

    assert_eq!(desk.posthaste(&["check", "form.json", "good.json"]).code, 3);
    let said = desk.posthaste(&["check", "--json", "good.json"]);
    assert_eq!((said.code, said.json()), (0, json!([])));
    desk.posthaste(&["check", "--resolved", "form.json"]).fails(3, "did you mean \"dialect\"?");
    let said = desk.posthaste(&["check", "--resolved", "--json", "form.json"]);
    assert_eq!((said.code, said.json()[0]["errors"].as_array().map(Vec::len)), (3, Some(3)));
}

/// Would break if what comes to nothing were passed over in silence, or refused.
#[test]
fn what_comes_to_nothing_is_told() {
    let desk = Desk::new();
    let change =
        |at: &str| json!({ "at": at, "zone": "crepes.fr", "set": [{ "name": "x", "type": "A", "data": "10.9.9.9" }] });
    let forged = |port: Option<u16>| {
        let mut forged = json!({ "at": "1s", "to": "resolver.crepes.fr", "as": "ns.crepes.fr", "reply": {} });
        forged["question"] = json!({ "qname": "x.", "qtype": "A" });
        port.iter().for_each(|port| forged["port"] = json!(port));
        json!({ "hosts": { "evil.org": { "dns_scripted": { "unasked": [forged] } } } })
    };
    let until = json!({ "until": "1min" });
    let notes = |changes: Value, port: Option<u16>| {
        let scenario = super::with(super::with(small(), "/run", until.clone()), "/network", forged(port));
        desk.scenario("s.json", &super::with(scenario, "/dns", json!({ "changes": changes })));
        let said = desk.posthaste(&["check", "s.json"]);
        assert_eq!(said.code, 0, "{}", said.err);
        said.err.lines().filter(|line| line.contains("note: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(notes(json!([change("59s")]), Some(7)), [""; 0]);
    let said = notes(json!([change("59s"), change("60s")]), None);
    assert!(said.len() == 2 && said[0].contains("\"crepes.fr.\" at 1min never happens"), "{said:?}");
    assert!(said[1].contains("no resolver asks \"evil.org\""), "{said:?}");
}

/// Would break if a hundred errors were a flood, or their number were kept secret.
#[test]
fn more_errors_than_anybody_reads_are_counted() {
    let desk = Desk::new();
    let work: Vec<Value> =
        (0..500).map(|n| json!({ "from": "alice@crepes.fr", "to": format!("n{n}@nowhere.org") })).collect();
    desk.scenario("s.json", &super::with(small(), "/workload", json!(work)));
    let said = desk.posthaste(&["check", "s.json"]);
    said.fails(3, "there is no mail domain");
    assert!(said.err.contains("and 400 more") && said.err.lines().count() < 1000, "{}", said.err);
}

/// Would break if a default were filled in differently the second time, or not printed.
#[test]
fn a_resolved_scenario_is_its_own_resolution_and_the_same_run() {
    let desk = Desk::new();
    desk.scenario("small.json", &small());
    for path in scenario_files().into_iter().chain([desk.path("small.json")]) {
        let once = desk.posthaste(&["check", "--resolved", path.to_str().unwrap()]);
        assert_eq!((once.code, once.err.as_str()), (0, ""));
        desk.write("once.json", &once.out);
        let twice = desk.posthaste(&["check", "--resolved", "once.json"]);
        assert!(twice.out == once.out, "{}", path.display());
    }
    let fingerprint = |file: &str| desk.posthaste(&["run", file, "--json"]).json()["fingerprint"].clone();
    assert_eq!(fingerprint("once.json"), fingerprint("small.json"));
}

/// Would break if a likely slip got no hint, or a hint that leads elsewhere.
#[test]
fn likely_slips_get_a_hint() {
    let desk = Desk::new();
    let cases = [
        (
            "/faults",
            json!([{ "link": "internet--router.hamburger.edu" }]),
            "did you mean \"router.hamburger.edu--internet\"?",
        ),
        ("/faults", json!([{ "host": "hamburgr.edu" }]), "did you mean \"hamburger.edu\"?"),
        ("/users", json!({ "bob@hamburger.edu": { "host": "pc.local" } }), "name it in `network.hosts` to add it"),
        ("/workload/0/to", json!("bob@hamburger.edv"), "did you mean \"bob@hamburger.edu\"?"),
        ("/workload/1/read", json!("pop"), "did you mean \"pop3\"?"),
    ];
    for (pointer, value, hint) in cases {
        desk.scenario("s.json", &super::with(small(), pointer, value));
        desk.posthaste(&["check", "s.json"]).fails(3, hint);
    }
}
