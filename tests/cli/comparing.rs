//! `compare`: equal runs, planted differences, the first event that differs, other models, damaged folders.

use serde_json::{Value, json};

use super::{Desk, read_json, small, with};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "r", "-q"]).code, 0);
    desk
}

/// Breaks when equal runs are told apart, or their traces are not gone through to the end.
#[test]
fn equal_runs_are_equal() {
    let desk = desk();
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "again", "-q"]).code, 0);
    let said = desk.posthaste(&["compare", "r", "again", "--events"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let events = desk.manifest("r")["trace_events"].as_u64().unwrap();
    for part in [
        "The runs are equal, event by event".to_owned(),
        "The scenarios are the same.".to_owned(),
        "metrics are the same".to_owned(),
        format!("their traces are the same: {events} events"),
    ] {
        assert!(said.out.contains(&part), "{part}\n{}", said.out);
    }
    let said = desk.posthaste(&["compare", "s.json", "r", "--json"]);
    assert_eq!((said.code, said.json()["equal"].clone()), (0, json!(true)), "{}", said.out);
    assert!(said.json()["first_difference"].is_null() && said.json()["metrics"].as_array().unwrap().is_empty());
    // what is written besides does not change what happens
    let said = desk.posthaste(&["compare", "r", "--set", "/outputs={\"charts\": false}", "--events"]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains("/outputs") && said.out.contains("The runs are equal"), "{}", said.out);
    assert!(!desk.path("results").exists(), "comparing writes no folder");
}

/// Breaks when another seed is taken for another scenario, or a text that differs in each line hides what else differs.
#[test]
fn what_differs_is_put_in_order() {
    let desk = desk();
    let said = desk.posthaste(&["compare", "r", "--seed", "77"]);
    assert_eq!(said.code, 1, "{}", said.out);
    for part in ["The runs differ", "/run/seed", "Only the seed is another"] {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    let texts = "/description=[\"one\", \"two\", \"three\"]";
    let said = desk.posthaste(&["compare", "r", "--set", texts, "--set", "/network/backbone/delay=7ms"]);
    assert_eq!(said.out.matches("/description").count(), 2, "once in the name of B and once below: {}", said.out);
    assert!(said.out.contains("/network/backbone/delay") && !said.out.contains("Only the seed"), "{}", said.out);
}

/// Breaks when a planted difference is not found where it is, in the scenario, the metrics or the trace.
#[test]
fn a_planted_difference_is_found() {
    let desk = desk();
    let fault = "/faults=[{\"host\": \"hamburger.edu\", \"at\": \"100ms\", \"for\": \"10min\"}]";
    let said = desk.posthaste(&["compare", "r", "--set", fault, "--events"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let parts = [
        "The runs differ.",
        "/faults/0",
        "hamburger.edu",
        "Metrics that differ",
        "attempts.deferred",
        "+1",
        "the last event in common",
        "is the first that differs",
        "  A  #",
        "because of #",
        "  B  #",
        "at 0.100000000 s, hamburger.edu: goes down",
        "it is a first cause",
    ];
    let mut rest = &*said.out;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part}\n{}", said.out));
        rest = &rest[at..];
    }
    let told = desk.posthaste(&["compare", "r", "--set", fault, "--events", "--json"]).json();
    let first = &told["first_difference"];
    assert_eq!(first["b"]["event"]["host"], "hamburger.edu");
    assert_eq!(first["b"]["event"]["id"].as_u64(), first["common_events"].as_u64().map(|common| common + 1));
    assert_eq!(first["b"]["event"]["cause"], 0);
    let id = |value: &Value| value.as_u64().unwrap();
    let causes = first["a"]["causes"].as_array().unwrap();
    assert!(!causes.is_empty() && id(&first["a"]["event"]["cause"]) == id(&causes[0]["id"]), "{first:#}");
    let near = &causes[..causes.len().min(10)];
    assert!(near.windows(2).all(|pair| id(&pair[0]["cause"]) == id(&pair[1]["id"])), "{first:#}");
    assert_eq!(told["scenarios"][0]["pointer"], "/faults/0");
}

/// Breaks when runs with other hosts are compared by their numbers, which differ, instead of their names; or
/// when a run that ends earlier is not told as such.
#[test]
fn other_hosts_and_earlier_ends() {
    let desk = desk();
    // a mail domain more, before all others in order, in which nothing happens
    let more = with(small(), "/mail/aaa.org", json!({ "users": ["zoe"] }));
    desk.scenario("more.json", &more);
    let said = desk.posthaste(&["compare", "s.json", "more.json", "--events"]);
    assert!(said.out.contains("/mail/aaa.org"), "{}", said.out);
    assert!(said.out.contains("their traces are the same"), "{}", said.out);
    let said = desk.posthaste(&["compare", "s.json", "--until", "30s", "--events"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("  B  the run has ended before"), "{}", said.out);
    let said = desk.posthaste(&["compare", "s.json", "--set", "/network/backbone/delay=30ms", "--events"]);
    assert!(said.out.contains("it differs in /t_s"), "{}", said.out);
    let all = desk.posthaste(&["compare", "r", "s.json", "--all"]);
    assert!(all.out.contains("messages.delivered") && all.code == 0, "{}", all.out);
}

/// Breaks when a folder that is not what it says is believed, or another model's is run.
#[test]
fn folders_that_are_not_what_they_say() {
    let desk = desk();
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "x", "-q"]).code, 0);
    let manifest = read_json(&desk.path("x/manifest.json"));
    let change = |key: &str, value: Value| {
        let mut changed = manifest.clone();
        changed[key] = value;
        desk.write("x/manifest.json", changed.to_string());
    };
    // the same scenario and seed, and yet another fingerprint: the folder is not what this program gives
    change("fingerprint", json!("0123"));
    let said = desk.posthaste(&["compare", "r", "x"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("should be equal"), "{}", said.out);
    assert!(
        said.out.contains("Run again, B has another fingerprint") && !said.out.contains("Run again, A"),
        "{}",
        said.out
    );
    change("model", json!(0));
    let said = desk.posthaste(&["compare", "r", "x"]);
    assert_eq!(said.code, 0, "another model with the same results: {}", said.out);
    assert!(said.out.contains("A is of version 1 of the model and B of version 0"), "{}", said.out);
    desk.posthaste(&["compare", "r", "x", "--events"]).fails(4, "B cannot be run again");
    for (key, value) in [("fingerprint", json!(7)), ("end_s", Value::Null), ("model", json!("new"))] {
        change(key, value);
        desk.posthaste(&["compare", "x", "r"]).fails(4, key);
    }
    change("seed", json!(1));
    for (file, text) in
        [("summary.json", "{}"), ("summary.json", "{\"metrics\": {\"a\": \"b\"}}"), ("scenario.resolved.json", "[")]
    {
        let whole = std::fs::read_to_string(desk.path("x").join(file)).unwrap();
        desk.write(&format!("x/{file}"), text);
        desk.posthaste(&["compare", "r", "x"]).fails(4, file);
        desk.write(&format!("x/{file}"), whole);
    }
    desk.posthaste(&["compare", "r"]).fails(2, "with what?");
    desk.posthaste(&["compare", "r", "nothing"]).fails(4, "no such file or folder");
    desk.posthaste(&["compare", "r", "--set", "/run/seed=x"]).fails(3, "run.seed");
}
