//! Limits and interrupts: partial results, whole and marked.

use std::process::Stdio;
use std::time::Duration;

use posthaste::base::trace::Silent;
use posthaste::cli::simulate::simulate;
use serde_json::{Value, json};

use super::common::load_value;
use super::{Desk, endless, small, with};

fn limited(scenario: Value, name: &str, value: Value) -> Value {
    with(scenario, &format!("/limits/{name}"), value)
}

/// Would break if a limit were not kept, not told, or left no results.
#[test]
fn every_limit_is_6_and_marked() {
    let desk = Desk::new();
    let cases = [
        ("events", json!(100)),
        ("events_per_instant", json!(3)),
        ("messages", json!(1)),
        ("wall_clock", json!("1ns")),
        ("memory", json!("1B")),
    ];
    let busy = with(small(), "/workload/0/every", json!("1ms"));
    let still = with(with(busy, "/network/access/delay", json!("0s")), "/network/backbone/delay", json!("0s"));
    for (name, value) in cases {
        desk.scenario("s.json", &limited(still.clone(), name, value));
        let said = desk.posthaste(&["run", "s.json", "--out", name]);
        assert_eq!(said.code, 6, "{}{}", said.out, said.err);
        assert!(said.err.contains(&format!("by limits.{name}: the results are partial")), "{}", said.err);
        assert!(said.out.contains(&format!("limit \"{name}\" reached: results are partial")), "{}", said.out);
        let manifest = desk.manifest(name);
        assert_eq!((&manifest["cut"], &manifest["ended"]), (&json!(true), &json!(format!("limit {name}"))));
        for table in ["messages", "attempts", "dns_queries", "connections", "queue", "links", "faults"] {
            assert!(desk.path(&format!("{name}/tables/{table}.csv")).is_file());
        }
    }
    let said =
        desk.posthaste(&["run", "s.json", "--set", "/limits/memory=4GiB", "--set", "/limits/events_per_instant=9"]);
    assert!(
        said.err.contains("a loop without delay? its last events: ") && said.err.contains("crepes.fr"),
        "{}",
        said.err
    );
    desk.scenario("s.json", &limited(small(), "events", json!(0)));
    desk.posthaste(&["run", "s.json"]).fails(3, "a limit is above zero");
}

/// Would break if a cut run did not balance, or were cut elsewhere the second time. Every
/// number of events is tried, so the cut falls into every stage of a dialogue.
#[test]
fn a_run_balances_wherever_it_is_cut() {
    let scenario = load_value(&small());
    let whole = simulate(&scenario, Silent).unwrap().outcome.events;
    assert!(whole > 200, "{whole}");
    for events in 1..whole {
        let mut scenario = scenario.clone();
        scenario.limits.events = events;
        let cut = || simulate(&scenario, Silent).unwrap_or_else(|fault| panic!("cut after {events} events: {fault}"));
        let first = cut();
        assert_eq!(first.outcome.events, events);
        if events % 16 == 0 {
            assert_eq!(first.record.fingerprint, cut().record.fingerprint, "cut after {events} events");
        }
    }
}

/// Would break if delays of zero everywhere made a loop.
#[test]
fn a_network_without_delay_is_no_loop() {
    let still = with(with(small(), "/network/access/delay", json!("0s")), "/network/backbone/delay", json!("0s"));
    let done = simulate(&load_value(&still), Silent).unwrap();
    let metrics = done.record.metrics();
    assert_eq!(metrics["messages.retrieved"].value(), 1.0);
    assert_eq!(metrics["latency.max_s"].value(), 0.0);
}

/// Would break if mail written faster than it can leave took time or memory that grows with
/// the square of what waits.
#[test]
fn a_flood_stops_at_its_limit() {
    let desk = Desk::new();
    let flood = with(with(small(), "/workload/0/every", json!("1ns")), "/run", json!({ "until": "1s" }));
    desk.scenario("s.json", &limited(flood, "messages", json!(5_000)));
    let said = desk.posthaste(&["run", "s.json", "--json"]);
    assert_eq!(said.code, 6, "{}", said.err);
    assert_eq!(said.json()["metrics"]["messages.composed"], json!(5_001));
}

/// Would break if large messages could fill the memory between two looks at it.
#[test]
fn a_flood_of_large_messages_stops_at_the_limit_of_memory() {
    let desk = Desk::new();
    let flood = with(with(small(), "/workload/0/every", json!("1ns")), "/run", json!({ "until": "1s" }));
    let flood = with(with(flood, "/workload/0/body", json!(null)), "/workload/0/body_bytes", json!("8MB"));
    desk.scenario("s.json", &limited(flood, "memory", json!("64MB")));
    let said = desk.posthaste(&["run", "s.json", "--json"]);
    assert_eq!(said.code, 6, "{}", said.err);
    assert!(said.json()["metrics"]["messages.composed"].as_f64().unwrap() < 40.0);
}

/// Would break if Ctrl-C lost what was done so far, or the folder did not say so.
#[test]
fn an_interrupt_is_130_and_keeps_what_is_done() {
    let desk = Desk::new();
    desk.scenario("s.json", &endless());
    for _ in 0..2 {
        let child = desk
            .command(&["run", "s.json", "--out", "cut"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(700));
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let said = super::Said::from(child.wait_with_output().unwrap());
        assert_eq!(said.code, 130, "{}", said.err);
        assert!(said.err.contains("by an interrupt: the results are partial"), "{}", said.err);
        assert!(said.out.contains("interrupted: results are partial"), "{}", said.out);
        let manifest = desk.manifest("cut");
        assert_eq!((&manifest["cut"], &manifest["ended"]), (&json!(true), &json!("interrupted")));
        let messages = std::fs::read_to_string(desk.path("cut/tables/messages.csv")).unwrap();
        assert!(messages.lines().count() > 10);
        assert_eq!(std::fs::read_dir(desk.dir.path()).unwrap().count(), 2, "nothing half done is left behind");
    }
}
