//! `report.html` of whole runs: its size, its bytes, its counts, and that mail stays text.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::binary::{posthaste, table, too_large_here, workplace};
use serde_json::{Value, json};

/// The requirement's bound.
const MOST_BYTES: usize = 5_000_000;

/// The page of a run in that folder, and its data.
fn report(place: &Path, run: &str) -> (String, Value) {
    let ran = posthaste(place, &["report", run, "-o", "page.html"]);
    assert_eq!((ran.code, &*ran.stdout), (0, "page.html\n"), "{run}: {}", ran.stderr);
    let page = fs::read_to_string(place.join("page.html")).unwrap();
    let data = data(&page);
    (page, data)
}

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn run(place: &Path, args: &[&str]) {
    let ran = posthaste(place, &[&["run", "--quiet"], args].concat());
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
}

/// Packets of each protocol as the page counts them: all, and those with content.
fn counts(data: &Value) -> BTreeMap<String, (u64, u64)> {
    let rows = data["protocols"].as_array().unwrap().iter();
    let number = |row: &Value, key: &str| row[key].as_u64().unwrap();
    rows.map(|row| (row["name"].as_str().unwrap().to_owned(), (number(row, "packets"), number(row, "messages"))))
        .collect()
}

/// Breaks when a page depends on anything but the run, or `run --report` makes another one than `report`.
#[test]
fn the_same_run_gives_the_same_page() {
    let place = workplace();
    let place = place.path();
    run(place, &["scenarios/ketchup.json", "--report", "--out", "one"]);
    run(place, &["scenarios/ketchup.json", "--set", "/outputs/report=true", "--out", "two"]);
    let (page, _) = report(place, "one");
    assert!(page == fs::read_to_string(place.join("one/report.html")).unwrap());
    // the second scenario says that it wants a page; else the two are equal
    let (one, mut two) = (data(&page), data(&fs::read_to_string(place.join("two/report.html")).unwrap()));
    two["scenario"] = one["scenario"].clone();
    assert_eq!(one, two);
    // a run again replaces the folder, page and all
    run(place, &["scenarios/ketchup.json", "--out", "one"]);
    assert!(!place.join("one/report.html").exists());
}

/// The most packets of a page.
const MOST_PACKETS: u64 = 5_000;

/// Breaks when the page counts otherwise than the tables, or shows less of a small run than there was.
#[test]
fn counts_are_those_of_the_tables() {
    let place = workplace();
    let place = place.path();
    for name in ["ketchup", "webmail", "a-day-of-mail", "flaky-link", "recipient-down"] {
        run(place, &[&format!("scenarios/{name}.json"), "--out", name]);
        let (_, data) = report(place, name);
        let counts = counts(&data);
        let mut packets = BTreeMap::<&str, u64>::new();
        for row in table(&place.join(name), "connections") {
            let protocol = match &*row["server_port"] {
                "53" => "dns",
                "25" | "587" => "smtp",
                "110" => "pop3",
                "143" => "imap",
                "80" => "http",
                other => panic!("{name}: port {other}"),
            };
            *packets.entry(protocol).or_default() += row["packets"].parse::<u64>().unwrap();
        }
        let over_tcp = packets.remove("dns").unwrap_or(0);
        for (protocol, packets) in packets {
            assert_eq!(counts[protocol].0, packets, "{name}: {protocol}");
        }
        if over_tcp == 0 {
            let asked = table(&place.join(name), "dns_queries");
            let unanswered = ["timeout", "open", "unreachable"];
            let answered = asked.iter().filter(|row| !unanswered.contains(&&*row["outcome"])).count();
            let (asked, found) = (asked.len() as u64, counts["dns"].1);
            // what came too late, or was lost, is no answer, and is a packet all the same
            assert!(
                (asked + answered as u64..=2 * asked).contains(&found),
                "{name}: {found} of {asked}, {answered} answered"
            );
        }
        let messages = table(&place.join(name), "messages");
        assert_eq!(data["messages"].as_array().unwrap().len(), messages.len(), "{name}");
        let shown = data["shown"].as_array().unwrap().iter();
        let part: Vec<&Value> =
            shown.filter(|part| part["shown"] != part["total"] && part["what"] != "dialogues").collect();
        // what is left out is left out of large runs only
        let packets: u64 = counts.values().map(|count| count.1).sum();
        assert!(part.is_empty() || packets > MOST_PACKETS, "{name} is small: {part:?}");
        let events = data["events"].as_array().unwrap();
        let kinds = |kind: &str| events.iter().filter(|event| event["k"] == kind).count() as u64;
        let whole = counts.values().map(|count| count.0).sum::<u64>();
        assert_eq!(kinds("packet"), if part.is_empty() { whole } else { MOST_PACKETS }, "{name}");
        assert!(events.windows(2).all(|two| two[0]["t"].as_u64() <= two[1]["t"].as_u64()), "{name}");
    }
}

/// Breaks when large runs make large pages, or the page does not say what it leaves out.
#[test]
fn large_runs_give_small_pages() {
    let place = workplace();
    let place = place.path();
    for name in ["outage-queue", "thundering-herd", "campus-day", "office-week"] {
        if too_large_here(name) {
            continue;
        }
        run(place, &[&format!("scenarios/{name}.json"), "--out", name]);
        let (page, data) = report(place, name);
        assert!(page.len() < MOST_BYTES, "{name}: {} bytes", page.len());
        let packets = data["shown"].as_array().unwrap().iter().find(|part| part["what"] == "packets").unwrap();
        let (shown, total) = (packets["shown"].as_u64().unwrap(), packets["total"].as_u64().unwrap());
        assert!(shown < total && shown > 500, "{name}: {packets}");
        assert_eq!(counts(&data).values().map(|count| count.0).sum::<u64>(), total, "{name}");
        // what is shown is of all the run
        let last = data["events"].as_array().unwrap().last().unwrap()["t"].as_u64().unwrap();
        let ended = table(&place.join(name), "messages")
            .iter()
            .filter_map(|row| row["delivered_s"].parse::<f64>().ok())
            .fold(0.0, f64::max);
        assert!(last as f64 / 1e9 > ended * 0.8, "{name}: shown up to {last} ns, mail up to {ended} s");
    }
}

/// Breaks when the page tells another life of a message than `explain`, or less of it.
#[test]
fn lives_are_those_of_explain() {
    let place = workplace();
    let place = place.path();
    for name in ["recipient-down", "lost-reply", "greylisting"] {
        run(place, &[&format!("scenarios/{name}.json"), "--out", name]);
        let (_, data) = report(place, name);
        let told: Vec<&Value> =
            data["messages"].as_array().unwrap().iter().filter(|row| row["story"].is_string()).collect();
        assert!(!told.is_empty(), "{name}");
        for row in told.iter().step_by(told.len().div_ceil(3)) {
            let text = |key: &str| row[key].as_str().unwrap();
            let asked = ["explain", name, "--message", text("id"), "--to", text("to")];
            let explained = posthaste(place, &asked);
            assert_eq!((explained.code, &*explained.stdout), (0, text("story")), "{name}: {}", text("id"));
        }
        assert!(told.iter().any(|row| row["story"].as_str().unwrap().contains("it opens the connection")), "{name}");
    }
}

/// Breaks when a subject or a body can become markup, or is lost.
#[test]
fn hostile_mail_is_inert() {
    let place = workplace();
    let place = place.path();
    let subject = "</script><script>document.title='owned'</script><!-- <img src=x onerror=alert(1)>";
    let mail = json!({ "at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "subject": subject, "body": [subject] });
    run(place, &["scenarios/ketchup.json", "--set", &format!("/workload/0={mail}"), "--out", "hostile"]);
    let (page, data) = report(place, "hostile");
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
    assert_eq!((page.matches("<!--").count(), page.matches("<img").count()), (0, 0));
    assert_eq!(data["messages"][0]["subject"], json!(subject));
    let lines = data["transcripts"].to_string();
    assert!(lines.contains("document.title='owned'"), "the mail itself is shown");
}

/// Breaks when a folder is believed that is not of its scenario, or one that cannot be run again gives no page.
#[test]
fn what_cannot_be_run_again_is_said() {
    let place = workplace();
    let place = place.path();
    run(place, &["scenarios/ketchup.json", "--set", "/outputs/capture=true", "--out", "one"]);
    let manifest = fs::read_to_string(place.join("one/manifest.json")).unwrap();
    let notes = |data: &Value| data["notes"].to_string();
    let (_, whole) = report(place, "one");
    assert_eq!(notes(&whole), "[]");
    // as `serve` leaves it: transcripts and capture are all there is
    fs::write(place.join("one/manifest.json"), manifest.replace("\"until\"", "\"stopped\"")).unwrap();
    let (_, served) = report(place, "one");
    assert!(
        notes(&served).contains("real clients took part") && notes(&served).contains("its capture"),
        "{}",
        notes(&served)
    );
    assert_eq!(counts(&served), counts(&whole));
    let lines = |data: &Value| -> Vec<Vec<Value>> {
        let lines = |one: &Value| one["lines"].as_array().unwrap().iter().map(|line| line[1].clone()).collect();
        data["transcripts"].as_array().unwrap().iter().map(lines).collect()
    };
    assert_eq!(lines(&served), lines(&whole));
    fs::write(place.join("one/capture.pcapng"), "no capture").unwrap();
    let ran = posthaste(place, &["report", "one"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    fs::remove_file(place.join("one/capture.pcapng")).unwrap();
    let (_, bare) = report(place, "one");
    assert!(bare["events"].as_array().unwrap().is_empty() && notes(&bare).contains("no packets"), "{}", notes(&bare));
    // another run's fingerprint
    let other = manifest.replace("\"fingerprint\": \"", "\"fingerprint\": \"0");
    fs::write(place.join("one/manifest.json"), other).unwrap();
    let (_, changed) = report(place, "one");
    assert!(notes(&changed).contains("went otherwise") && changed["events"].as_array().unwrap().is_empty());
}
