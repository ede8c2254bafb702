//! `explain`: what a cache, a queue and a mailbox held at a time.

use serde_json::{Value, json};

use super::{Desk, read_json, small, with};

fn entry<'a>(said: &'a Value, name: &str, rtype: &str) -> &'a Value {
    let found = said["cache"].as_array().unwrap().iter().find(|line| line["name"] == name && line["type"] == rtype);
    found.unwrap_or_else(|| panic!("no {name} {rtype} in {said:#}"))
}

/// Would break if the time asked for were not reached to the instant, if a TTL did not fall with
/// it, or if who told an entry and how often it served got lost.
#[test]
fn a_cache_is_shown_as_it_was() {
    let desk = Desk::new();
    let again = json!({ "at": "2min", "from": "alice@crepes.fr", "to": "bob@hamburger.edu" });
    let mut scenario = small();
    scenario["workload"].as_array_mut().unwrap().push(again);
    desk.scenario("s.json", &scenario);
    let show = |at: &str| {
        let said = desk.posthaste(&["explain", "s.json", "--host", "resolver.crepes.fr", "--at", at, "--json"]);
        assert_eq!(said.code, 0, "{}", said.err);
        said.json()
    };
    assert_eq!(show("0s")["cache"], json!([]), "nothing is known before anybody asked");
    let [early, late] = ["1min", "3min"].map(show);
    assert_eq!(early["at_s"], "60.000000000");
    let mx = |said: &Value| entry(said, "hamburger.edu", "MX").clone();
    assert_eq!(mx(&early)["told_by"], "ns.hamburger.edu");
    assert_eq!(mx(&early)["section"], "authoritative answer");
    assert_eq!(entry(&early, "ns.hamburger.edu", "A")["section"], "additional section");
    assert_eq!(mx(&early)["stored_at_s"], mx(&late)["stored_at_s"]);
    let left = |said: &Value| mx(said)["ttl_left_s"].as_u64().unwrap();
    assert_eq!(left(&early) - left(&late), 120);
    assert_eq!((mx(&early)["served"].as_u64(), mx(&late)["served"].as_u64()), (Some(0), Some(1)));
    let said = desk.posthaste(&["explain", "s.json", "--host", "resolver.crepes.fr", "--at", "1min"]);
    let row = said.out.lines().find(|line| line.contains(" MX ")).unwrap();
    assert!(row.contains("hamburger.edu") && row.contains("ns.hamburger.edu"), "{row}");
}

/// Would break if a result folder's seed or changes were lost on the way back, or the end were
/// not the default.
#[test]
fn a_result_folder_is_explained_as_it_ran() {
    let desk = Desk::new();
    let faults = json!([{ "host": "hamburger.edu", "at": "0s", "for": "1h" }]);
    desk.scenario("s.json", &with(small(), "/faults", faults));
    assert_eq!(desk.posthaste(&["run", "s.json", "--seed", "9", "--until", "45min", "--out", "r", "--quiet"]).code, 0);
    let queue = desk.posthaste(&["explain", "r", "--host", "crepes.fr"]);
    assert_eq!(queue.code, 0, "{}", queue.err);
    assert!(
        queue.out.contains("2700.000000000 s") && queue.out.contains("bob@hamburger.edu: 2 attempts"),
        "{}",
        queue.out
    );
    let before = desk.posthaste(&["explain", "r", "--host", "crepes.fr", "--at", "20min"]);
    assert!(before.out.contains("1 attempt,"), "{}", before.out);
    desk.posthaste(&["explain", "r", "--host", "crepes.fr", "--at", "50min"]).fails(2, "the run ends at 2700");
    // without the fault the message is in the mailbox until it is fetched
    desk.scenario("well.json", &small());
    let mailbox = desk.posthaste(&["explain", "well.json", "--host", "hamburger.edu", "--at", "30s"]);
    assert!(mailbox.out.contains("bob@hamburger.edu: 1 message,"), "{}", mailbox.out);
}

/// A server's own zones and its copies, before and after a change has come to the copy.
#[test]
fn zones_have_their_serials() {
    let desk = Desk::new();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/dns-change.json");
    let explain = |host: &str, at: &str| {
        let said = desk.posthaste(&["explain", scenario, "--host", host, "--at", at]);
        said.out.lines().nth(1).unwrap_or_default().trim().to_owned()
    };
    assert_eq!(explain("ns1.work.org", "10min"), "work.org serial 2026010501, 5 records, from its own file");
    assert_eq!(explain("ns1.work.org", "11min"), "work.org serial 2026010502, 5 records, from its own file");
    let copy = "records, a copy, the newest at";
    assert_eq!(explain("ns2.work.org", "11min"), format!("work.org serial 2026010501, 5 {copy} 600.004025440 s"));
    assert_eq!(explain("ns2.work.org", "21min"), format!("work.org serial 2026010502, 5 {copy} 1200.016111840 s"));
}

/// Would break if what cannot be explained were explained wrongly.
#[test]
fn what_cannot_be_explained_is_said() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let explain = |run: &str, host: &str| desk.posthaste(&["explain", run, "--host", host]);
    explain("s.json", "internet").fails(2, "keeps nothing");
    explain("s.json", "crepe.fr").fails(2, "did you mean crepes.fr?");
    explain("none", "crepes.fr").fails(4, "no such file or folder");
    desk.posthaste(&["explain", "s.json", "--host", "crepes.fr", "--at", "noon"]).fails(2, "--at");
    desk.posthaste(&["run", "s.json", "--out", "r", "--quiet"]);
    let manifest = desk.path("r").join("manifest.json");
    let whole = read_json(&manifest);
    for (key, value, message) in [("model", json!(0), "another version"), ("ended", json!("stopped"), "real clients")] {
        let mut changed = whole.clone();
        changed[key] = value;
        desk.write("r/manifest.json", changed.to_string());
        explain("r", "crepes.fr").fails(4, message);
    }
    desk.write("r/manifest.json", "{");
    explain("r", "crepes.fr").fails(4, "manifest.json");
}

/// Would break if the caches of two programs of one host, each with a stub of its own, were told
/// as one, or if comparing a long name with all hosts took for ever.
#[test]
fn each_programs_cache_is_told() {
    let desk = Desk::new();
    let mut scenario = with(small(), "/network/hosts/alice-pc.crepes.fr", json!({ "stub_cache": true }));
    let lookup = json!({ "at": "1s", "lookup": "hamburger.edu", "type": "MX", "on": "alice-pc.crepes.fr" });
    scenario["workload"].as_array_mut().unwrap().push(lookup);
    desk.scenario("s.json", &scenario);
    let said = desk.posthaste(&["explain", "s.json", "--host", "alice-pc.crepes.fr", "--at", "30s", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let told = said.json();
    let names =
        |key: &str| -> Vec<Value> { told[key].as_array().unwrap().iter().map(|line| line["name"].clone()).collect() };
    let mut all = [names("stub_cache"), names("stub_cache_of_2")];
    all.sort_by_key(|names| names[0].to_string());
    assert_eq!(all, [vec![json!("crepes.fr")], vec![json!("hamburger.edu")]]);
    assert_eq!(told["stub_cache"][0]["told_by"], "resolver.crepes.fr");
    let long = "a.".repeat(50_000);
    desk.posthaste(&["explain", "s.json", "--host", &long]).fails(2, "there is no such host");
}

/// Would break if a run that a limit cut could not be explained before its cut, or if what comes after it were.
#[test]
fn a_run_that_was_cut_is_explained_up_to_there() {
    let desk = Desk::new();
    desk.scenario("cut.json", &with(small(), "/limits/events", json!(150)));
    assert_eq!(desk.posthaste(&["run", "cut.json", "--out", "r", "-q"]).code, 6);
    for run in ["cut.json", "r"] {
        let explain = |args: &[&str]| desk.posthaste(&[&["explain", run], args].concat());
        let said = explain(&["--host", "crepes.fr"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains("Queue of crepes.fr") && said.out.contains("cut at 1."), "{}", said.out);
        let said = explain(&["--host", "crepes.fr", "--json"]);
        assert!(said.json()["caveat"].as_str().is_some_and(|caveat| caveat.contains("cut at 1.")), "{}", said.out);
        assert_eq!(explain(&["--host", "crepes.fr", "--at", "100ms"]).code, 0);
        explain(&["--host", "crepes.fr", "--at", "30s"]).fails(6, "comes too late");
        let said = explain(&["--message", "1.alice@crepes.fr"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains("The run was cut at 1."), "{}", said.out);
        assert_eq!(explain(&["--query", "1"]).code, 0);
    }
}

/// Would break if the case of letters made another host, or a folder that real clients left offered what it has not.
#[test]
fn hosts_are_known_in_any_case_and_offered_where_they_can_be_shown() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "r", "-q"]).code, 0);
    let explain = |args: &[&str]| desk.posthaste(&[&["explain", "r"], args].concat());
    assert_eq!(explain(&["--host", "Crepes.FR", "--json"]).json()["host"], "crepes.fr");
    assert_eq!(explain(&["--query", "1", "--host", "CREPES.fr"]).code, 0);
    assert_eq!(explain(&["--conn", "CREPES.fr#1"]).code, 0);
    explain(&["--host", "CREPE.fr"]).fails(2, "did you mean crepes.fr?");
    let offered = explain(&[]).out;
    assert!(
        offered.contains("--host crepes.fr --at TIME") && offered.contains("its zones: hamburger.edu"),
        "{offered}"
    );
    let mut manifest = read_json(&desk.path("r/manifest.json"));
    manifest["ended"] = json!("stopped");
    desk.write("r/manifest.json", manifest.to_string());
    let offered = explain(&[]).out;
    assert!(!offered.contains("--at TIME") && offered.contains("real clients took part"), "{offered}");
}

/// Would break if what a server holds were sentences where programs look for fields.
#[test]
fn queues_mailboxes_and_zones_have_fields() {
    let desk = Desk::new();
    desk.scenario("s.json", &with(small(), "/faults", json!([{ "host": "hamburger.edu", "at": "0s", "for": "10s" }])));
    let held =
        |host: &str, at: &str| desk.posthaste(&["explain", "s.json", "--host", host, "--at", at, "--json"]).json();
    let queue = held("crepes.fr", "9s")["queue"].clone();
    assert_eq!((&queue[0]["message"], &queue[0]["to"]), (&json!("<1.alice@crepes.fr>"), &json!("bob@hamburger.edu")));
    assert_eq!((&queue[0]["attempts"], &queue[0]["state"]), (&json!(1), &json!("being_tried")));
    let mailbox = held("hamburger.edu", "50s")["mailboxes"][0].clone();
    assert_eq!((&mailbox["user"], &mailbox["folders"][0]["name"]), (&json!("bob@hamburger.edu"), &json!("INBOX")));
    let message = &mailbox["folders"][0]["messages"][0];
    assert_eq!((&message["message"], &message["retrieved"]), (&json!("<1.alice@crepes.fr>"), &json!(false)));
    assert_eq!(message["octets"], mailbox["octets"]);
    let zone = held("ns.hamburger.edu", "1s")["zones"][0].clone();
    assert_eq!((&zone["zone"], &zone["copy"]), (&json!("hamburger.edu"), &json!(false)));
    assert!(zone["serial"].is_u64() && zone["records"].is_u64(), "{zone}");
}
