//! `expect` in all its forms, `--junit` and `--grade`.

use std::fs;

use serde_json::{Value, json};

use super::{Desk, endless, small, with};

/// Each form twice: as it is, and as it is not. Alice writes to Bob, who reads a minute later.
fn forms() -> Vec<(Value, Value)> {
    let pairs = [
        (r#"{ "metric": "latency.max_s", "at_most": "10s" }"#, r#"{ "metric": "latency.max_s", "at_most": "10ms" }"#),
        (
            r#"{ "count": "messages", "where": { "to": "BOB@*", "status": ["bounced", "delivered"] }, "equals": 1 }"#,
            r#"{ "count": "messages", "where": { "to": "BOB@*", "status": { "not": "delivered" } }, "equals": 1 }"#,
        ),
        (
            r#"{ "count": "messages", "where": { "retrieved_s": { "at_least": "1min" } }, "equals": 1 }"#,
            r#"{ "count": "messages", "where": { "retrieved_s": "" }, "equals": 1 }"#,
        ),
        (
            r#"{ "quantile": 0.95, "of": "messages.latency_s", "where": { "kind": "user" }, "at_most": "3s" }"#,
            r#"{ "quantile": 0.95, "of": "messages.latency_s", "where": { "kind": "bounce" }, "at_most": "3s" }"#,
        ),
        (
            r#"{ "sum": "connections.packets", "where": { "server_port": [25, 587] }, "at_least": 20 }"#,
            r#"{ "sum": "connections.packets", "where": { "server_port": 26 }, "at_least": 0 }"#,
        ),
        (r#"{ "mean": "attempts.attempt", "equals": 1 }"#, r#"{ "mean": "attempts.attempt", "at_least": 1.1 }"#),
        (
            r#"{ "min": "links.bytes", "where": { "from": "crepes.fr" }, "at_least": "1kB" }"#,
            r#"{ "min": "links.bytes", "at_least": "1MB" }"#,
        ),
        (r#"{ "max": "links.utilization", "at_most": 1 }"#, r#"{ "max": "links.utilization", "at_most": -1 }"#),
        (r#"{ "message": "<1.alice@crepes.fr>" }"#, r#"{ "message": "<1.alice@crepes.fr>", "to": "alice@crepes.fr" }"#),
        (
            r#"{ "message": "<1.alice@crepes.fr>", "to": "bob@hamburger.edu", "delivered_before": "30s", "delivered_within": "30s", "retrieved_before": "2min", "through": ["crepes.fr", "hamburger.edu"], "attempts": 1 }"#,
            r#"{ "message": "<1.alice@crepes.fr>", "through": "resolver.crepes.fr" }"#,
        ),
        (
            r#"{ "message": "<1.alice@crepes.fr>", "retrieved_before": "2min" }"#,
            r#"{ "message": "<1.alice@crepes.fr>", "retrieved_before": "1min" }"#,
        ),
        (
            r#"{ "message": "<1.alice@crepes.fr>", "attempts": { "at_most": 2 } }"#,
            r#"{ "message": "<1.alice@crepes.fr>", "status": ["queued", "outbox"] }"#,
        ),
        (r#"{ "dropped_packets": 0 }"#, r#"{ "dropped_packets": { "at_least": 1 }, "host": "crepes.fr" }"#),
        (
            r#"{ "transcript": { "protocol": "smtp", "client": "crepes.fr", "contains": ["C: DATA", "S: 354"] } }"#,
            r#"{ "transcript": { "protocol": "smtp", "client": "crepes.fr", "contains": ["C: DATA", "C: RETR"] } }"#,
        ),
        (
            r#"{ "transcript": { "protocol": "imap", "lacks": "LOGIN" } }"#,
            r#"{ "transcript": { "server": "hamburger.edu", "lacks": ["nothing", "PASS"] } }"#,
        ),
        (r#"{ "count": "conduct", "equals": 0 }"#, r#"{ "transcript": { "protocol": "imap", "contains": "LOGIN" } }"#),
    ];
    let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    pairs.iter().map(|(holds, fails)| (read(holds), read(fails))).collect()
}

/// Would break if any form held always, or never.
#[test]
fn every_form_holds_and_fails() {
    let desk = Desk::new();
    let (hold, fail): (Vec<Value>, Vec<Value>) = forms().into_iter().unzip();
    desk.scenario("holds.json", &with(small(), "/expect", json!(hold)));
    desk.scenario("fails.json", &with(small(), "/expect", json!(fail)));
    let said = desk.posthaste(&["run", "holds.json", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.json()["expectations"].as_array().unwrap().iter().all(|one| one["found"] != Value::Null));

    let said = desk.posthaste(&["run", "fails.json", "--json"]);
    assert_eq!(said.code, 1);
    let expectations = said.json()["expectations"].clone();
    for (expectation, form) in expectations.as_array().unwrap().iter().zip(&fail) {
        assert_eq!(expectation["held"], json!(false), "{form}");
        let why = expectation.get("why").is_some();
        assert_eq!(expectation["found"] == Value::Null, why, "what is not there has a reason: {expectation}");
    }
    assert_eq!(said.err.matches("expectation failed: ").count(), fail.len());
    // The resolved scenario says the same.
    let resolved = desk.posthaste(&["check", "fails.json", "--resolved"]);
    desk.write("again.json", &resolved.out);
    assert_eq!(desk.posthaste(&["run", "again.json", "--json"]).json()["expectations"], expectations);
}

/// A slip, where it is told, and what is said of it.
const SLIPS: &[(&str, &str, &str)] = &[
    (r#"{ "count": "mesages", "equals": 1 }"#, "expect[0].count", "did you mean \"messages\"?"),
    (r#"{ "mean": "messages.latency", "at_most": 1 }"#, "expect[0].mean", "did you mean \"latency_s\"?"),
    (r#"{ "mean": "messages.status", "at_most": 1 }"#, "expect[0].mean", "holds texts, not numbers"),
    (r#"{ "sum": "bytes", "at_most": 1 }"#, "expect[0].sum", "a table stands before it"),
    (
        r#"{ "count": "messages", "where": { "statuss": "x" }, "equals": 1 }"#,
        "expect[0].where.statuss",
        "the table messages has no column \"statuss\"",
    ),
    (
        r#"{ "count": "messages", "where": { "status": ["queued", "deliverd"] }, "equals": 1 }"#,
        "expect[0].where.status[1]",
        "did you mean \"delivered\"?",
    ),
    (
        r#"{ "count": "attempts", "where": { "server": { "not": "crepe.fr" } }, "equals": 1 }"#,
        "expect[0].where.server.not",
        "did you mean \"crepes.fr\"?",
    ),
    (
        r#"{ "count": "messages", "where": { "to": "bbo@hamburger.edu" }, "equals": 1 }"#,
        "expect[0].where.to",
        "did you mean \"bob@hamburger.edu\"?",
    ),
    (
        r#"{ "count": "links", "where": { "link": "crepes.fr--router.crepe.fr" }, "equals": 1 }"#,
        "expect[0].where.link",
        "did you mean \"crepes.fr--router.crepes.fr\"?",
    ),
    (r#"{ "count": "cwnd", "equals": 1 }"#, "expect[0]", "\"outputs\": { \"cwnd\": true }"),
    (r#"{ "quantile": 95, "of": "messages.latency_s", "at_most": 1 }"#, "expect[0].quantile", "95th percentile"),
    (r#"{ "quantile": 0.5, "at_most": 1 }"#, "expect[0]", "does not say of what"),
    (r#"{ "metric": "latency.max_s", "at_most": "3kB" }"#, "expect[0].at_most", "not a unit of a duration"),
    (r#"{ "metric": "messages.delivered", "equals": "1" }"#, "expect[0].equals", "without quotation marks"),
    (r#"{ "metric": "messages.delivered", "equals": "2s" }"#, "expect[0].equals", "there is no unit here"),
    (r#"{ "metric": "messages.delivered", "to": "x", "equals": 1 }"#, "expect[0].to", "belongs to \"message\""),
    (r#"{ "metric": "messages.delivered", "count": "links", "equals": 1 }"#, "expect[0].count", "about one thing"),
    (r#"{ "equals": 1 }"#, "expect[0]", "does not say about what it is"),
    (r#"{ "message": "1.alice@crepes.fr" }"#, "expect[0].message", "is no Message-ID"),
    (r#"{ "message": "<1.alice@crepes.fr>", "status": "bouncd" }"#, "expect[0].status", "\"bounced\"?"),
    (r#"{ "message": "<1.alice@crepes.fr>", "through": "crepe.fr" }"#, "expect[0].through", "\"crepes.fr\"?"),
    (r#"{ "dropped_packets": 0, "link": "line" }"#, "expect[0].link", "there is no link \"line\""),
    (r#"{ "transcript": { "protocol": "smpt", "contains": "x" } }"#, "expect[0].transcript.protocol", "\"smtp\"?"),
    (r#"{ "transcript": { "protocol": "smtp" } }"#, "expect[0].transcript", "nothing is looked for"),
    (r#"{ "dropped_packets": 0, "points": 1 }"#, "expect[0].points", "--grade"),
    (r#"{ "dropped_packets": [] }"#, "expect[0].dropped_packets", "this list is empty"),
    (r#"{ "dropped_packets": -1 }"#, "expect[0].dropped_packets", "never fewer than 0"),
    (r#"{ "dropped_packets": { "at_most": -1 } }"#, "expect[0].dropped_packets", "never fewer than 0"),
    (r#"{ "count": "messages", "equals": 1.5 }"#, "expect[0].equals", "a whole number"),
    (r#"{ "count": "messages", "at_most": -1 }"#, "expect[0].at_most", "never fewer than 0"),
    (
        r#"{ "metric": "messages.delivered", "equals": 1, "at_least": 2 }"#,
        "expect[0].equals",
        "equals 1 and is at least 2",
    ),
    (
        r#"{ "metric": "messages.delivered", "equals": 5, "tolerance": 1, "at_most": 3 }"#,
        "expect[0].equals",
        "equals 5 and is at most 3",
    ),
    (r#"{ "message": "<1.alice@crepes.fr>", "through": [] }"#, "expect[0].through", "this list is empty"),
    (r#"{ "message": "<1.alice@crepes.fr>", "status": [] }"#, "expect[0].status", "this list is empty"),
    (r#"{ "message": "<1.alice@crepes.fr>", "to": "" }"#, "expect[0].to", "nobody has this address"),
    (r#"{ "dropped_packets": 0, "name": "" }"#, "expect[0].name", "this name says nothing"),
    (r#"{ "message": "<2.alice@crepes.fr>" }"#, "expect[0].message", "writes one: <1.alice@crepes.fr>"),
    (r#"{ "message": "<1.alise@crepes.fr>" }"#, "expect[0].message", "did you mean \"<1.alice@crepes.fr>\"?"),
    (
        r#"{ "count": "attempts", "where": { "message": "<1.alice@crepe.fr>" }, "equals": 1 }"#,
        "expect[0].where.message",
        "did you mean \"<1.alice@crepes.fr>\"?",
    ),
    (
        r#"{ "metric": "messages.delivered", "where": {}, "equals": 1 }"#,
        "expect[0].where",
        "belongs to \"count\", \"sum\", \"mean\", \"min\", \"max\" and \"quantile\", not to \"metric\"",
    ),
    (
        r#"{ "dropped_packets": 0, "link": "router.crepes.fr--crepes.fr" }"#,
        "expect[0].link",
        "did you mean \"crepes.fr--router.crepes.fr\"?",
    ),
];

/// Would break if a slip in an expectation went unseen until the run, or had no place.
#[test]
fn slips_in_expectations_are_told_with_their_places() {
    let desk = Desk::new();
    for (slip, place, message) in SLIPS.iter().copied() {
        let expect = json!([serde_json::from_str::<Value>(slip).unwrap()]);
        desk.scenario("s.json", &with(small(), "/expect", expect));
        let said = desk.posthaste(&["check", "s.json"]);
        said.fails(3, message);
        assert!(said.err.contains(&format!(" at {place}\n")) && said.err.contains('^'), "{slip}: {}", said.err);
    }
}

/// Would break if a Message-ID that may come about were refused: of who reads may answer, of a second computer, of a server.
#[test]
fn message_ids_that_may_come_about_are_taken() {
    let desk = Desk::new();
    let ids =
        ["<7.bob@hamburger.edu>", "<1.alice/laptop.crepes.fr@crepes.fr>", "<Q000001@crepes.fr>", "<x@elsewhere.org>"];
    let expect: Vec<Value> = ids.iter().map(|id| json!({ "message": id })).collect();
    let mut scenario = with(small(), "/network/hosts", json!({ "laptop.crepes.fr": {} }));
    let letter = json!({ "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "on": "laptop.crepes.fr" });
    scenario["workload"].as_array_mut().unwrap().push(letter);
    desk.scenario("s.json", &with(scenario, "/expect", json!(expect)));
    let said = desk.posthaste(&["check", "s.json"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

/// Would break if a key stopped with an error because the graded scenario lacks what it names, or if that passed.
#[test]
fn what_the_graded_scenario_lacks_fails_with_its_hint() {
    let desk = Desk::new();
    let about = |what: &str| -> Value {
        let mut expect: Value = serde_json::from_str(what).unwrap();
        expect["hint"] = json!("put it back");
        expect
    };
    let all = [
        r#"{ "dropped_packets": 0, "host": "mail.hamburger.edu" }"#,
        r#"{ "dropped_packets": 0, "link": "mail.hamburger.edu--router.hamburger.edu" }"#,
        r#"{ "message": "<1.carl@crepes.fr>" }"#,
        r#"{ "message": "<1.alice@crepes.fr>", "to": "carl@crepes.fr" }"#,
        r#"{ "message": "<1.alice@crepes.fr>", "through": "mail.hamburger.edu" }"#,
        r#"{ "count": "attempts", "where": { "server": "mail.hamburger.edu" }, "at_most": 9 }"#,
        r#"{ "count": "messages", "where": { "from": "alise@crepes.fr" }, "at_most": 9 }"#,
        r#"{ "transcript": { "server": "mail.hamburger.edu", "lacks": "550" } }"#,
        r#"{ "metric": "conduct.greylisting.count", "at_least": 0 }"#,
    ];
    desk.scenario("s.json", &small());
    desk.scenario("key.json", &json!({ "expect": all.map(about) }));
    let said = desk.posthaste(&["run", "s.json", "--grade", "key.json", "--json"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let grade = &said.json()["grade"];
    assert_eq!((&grade["points"], &grade["of"]), (&json!(0.0), &json!(all.len() as f64)));
    for (one, form) in grade["expectations"].as_array().unwrap().iter().zip(all) {
        assert_eq!((&one["held"], &one["hint"]), (&json!(false), &json!("put it back")), "{form}");
        let why = one["why"].as_str().unwrap_or_default();
        let said = ["there is no ", "nobody composed it", "it went to others only"];
        assert!(said.iter().any(|text| why.contains(text)), "{form}: {one}");
    }
    // what is no name of the scenario's stays an error of the key
    desk.scenario("key.json", &json!({ "expect": [{ "count": "mesages", "equals": 1 }] }));
    desk.posthaste(&["run", "s.json", "--grade", "key.json"]).fails(3, "did you mean \"messages\"?");
}

fn key() -> Value {
    json!({
        "title": "Exercise <1> & \"more\"",
        "x-for": "the teacher",
        "expect": [
            { "name": "it arrives", "message": "<1.alice@crepes.fr>", "points": 2 },
            { "name": "in a blink", "metric": "latency.max_s", "at_most": "1ms", "points": 0.5, "hint": "]]> \u{2028} light" },
            { "count": "attempts", "equals": 1 }
        ]
    })
}

/// Would break if a grade were not the points of what held, or the key got into the results.
#[test]
fn an_exercise_is_graded() {
    let desk = Desk::new();
    desk.scenario("s.json", &with(small(), "/expect", json!([{ "dropped_packets": 0 }])));
    desk.scenario("key.json", &key());
    let said = desk.posthaste(&["run", "s.json", "--grade", "key.json", "--out", "graded"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("grade        Exercise <1> & \"more\"\n"), "{}", said.out);
    assert!(said.out.contains("FAILED: 0 of 0.5 in a blink"), "{}", said.out);
    assert!(said.out.ends_with("points       3 of 3.5\n"), "{}", said.out);

    let said = desk.posthaste(&["run", "s.json", "--grade", "key.json", "--json"]);
    let grade = &said.json()["grade"];
    assert_eq!((said.code, &grade["points"], &grade["of"]), (1, &json!(3.0), &json!(3.5)));
    assert_eq!(grade["expectations"][1]["hint"], key()["expect"][1]["hint"]);
    assert_eq!(grade["expectations"][0]["points"], json!(2.0));

    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "plain", "-q"]).code, 0);
    let (graded, plain) = (desk.path("graded"), desk.path("plain"));
    assert_eq!(super::common::differences(&graded, &plain, &["timing.json"]), [""; 0], "a key changes no result");

    let tenths = |points: f64| json!({ "dropped_packets": 0, "points": points });
    desk.scenario("tenths.json", &json!({ "expect": [tenths(0.1), tenths(0.2)] }));
    let said = desk.posthaste(&["run", "s.json", "--grade", "tenths.json"]);
    assert!(said.out.ends_with("points       0.3 of 0.3\n"), "{}", said.out);
    desk.scenario("tenths.json", &json!({ "expect": [tenths(1e308)] }));
    desk.posthaste(&["run", "s.json", "--grade", "tenths.json"]).fails(3, "a million at most");

    let easy = with(key(), "/expect/1/at_most", json!("10s"));
    desk.scenario("key.json", &easy);
    let said = desk.posthaste(&["run", "s.json", "--grade", "key.json", "--quiet"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
    // What the scenario itself expects counts too.
    desk.scenario("s.json", &with(small(), "/expect", json!([{ "metric": "messages.delivered", "equals": 2 }])));
    assert_eq!(desk.posthaste(&["run", "s.json", "--grade", "key.json", "--quiet"]).code, 1);
}

/// Would break if an error in a key had no place, or the exercise ran all the same.
#[test]
fn a_wrong_key_is_told_before_anything_runs() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let run = ["run", "s.json", "--grade", "key.json"];
    desk.posthaste(&run).fails(4, "key.json");
    for (bad, code, message) in [
        (
            "{ \"expect\": [ {\"count\": \"mesages\",\n \"equals\": 1, \"points\": -1} ] }",
            3,
            "key.json:1:25 at expect[0].count",
        ),
        ("{ \"expect\": [ {\"dropped_packets\": 0,\n \"points\": -1} ] }", 3, "key.json:2:12 at expect[0].points"),
        ("{ \"expct\": [] }", 3, "did you mean \"expect\"?"),
        ("{ \"expect\": [] }", 3, "a key says what is expected"),
        ("[]", 3, "a key is a JSON object"),
        ("{", 3, "this is not JSON"),
    ] {
        desk.write("key.json", bad);
        desk.posthaste(&run).fails(code, message);
    }
    assert!(!desk.path("results").exists());
}

/// Would break if the XML could not be read back, or said something else than the run.
#[test]
fn junit_xml_reads_back() {
    let desk = Desk::new();
    let title = "A <b>title</b> & \"quotes\" 'too'";
    let scenario = with(with(small(), "/title", json!(title)), "/expect", json!([{ "dropped_packets": 0 }]));
    desk.scenario("s.json", &scenario);
    desk.scenario("key.json", &key());
    let run = ["run", "s.json", "--grade", "key.json", "--junit", "out.xml", "-q"];
    assert_eq!(desk.posthaste(&run).code, 1);
    let text = fs::read_to_string(desk.path("out.xml")).unwrap();
    let xml = roxmltree::Document::parse(&text).unwrap();
    let suites: Vec<_> = xml.root_element().children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(xml.root_element().attribute("failures"), Some("1"));
    let names: Vec<_> = suites.iter().map(|suite| suite.attribute("name").unwrap()).collect();
    assert_eq!(names, [title, "Exercise <1> & \"more\""]);
    for suite in &suites {
        let cases = suite.children().filter(|node| node.has_tag_name("testcase"));
        let names: Vec<_> = cases.clone().map(|case| case.attribute("name").unwrap()).collect();
        assert_eq!(suite.attribute("tests"), Some(names.len().to_string().as_str()));
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len(), "names differ");
        let failed = cases.filter(|case| case.children().any(|node| node.has_tag_name("failure"))).count();
        assert_eq!(suite.attribute("failures"), Some(failed.to_string().as_str()));
    }
    let failure = xml.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert!(failure.attribute("message").unwrap().starts_with("in a blink: latency.max_s at most 0.001, but found "));
    assert_eq!(failure.text(), Some("hint: ]]> \\u{2028} light"));
    assert_eq!(desk.posthaste(&run).code, 1);
    assert_eq!(fs::read_to_string(desk.path("out.xml")).unwrap(), text, "equal runs, equal bytes");

    // A run that is cut short is an error, whatever held.
    desk.scenario("long.json", &with(endless(), "/limits/events", json!(2000)));
    assert_eq!(desk.posthaste(&["run", "long.json", "--junit", "long.xml", "-q"]).code, 6);
    let text = fs::read_to_string(desk.path("long.xml")).unwrap();
    let xml = roxmltree::Document::parse(&text).unwrap();
    assert_eq!(xml.root_element().attribute("errors"), Some("1"));
    let error = xml.descendants().find(|node| node.has_tag_name("error")).unwrap();
    assert!(error.attribute("message").unwrap().contains("limits.events"), "{text}");
    desk.posthaste(&["run", "s.json", "--junit", "s.json", "-q"]).fails(2, "this file is read");
    desk.posthaste(&["run", "s.json", "--out", "r", "--junit", "r/x.xml"]).fails(2, "beside the result folder");
    desk.posthaste(&["run", "s.json", "--junit", "no/such/folder.xml", "-q"])
        .fails(4, "cannot write no/such/folder.xml");
    desk.posthaste(&["run", "s.json", "--out", "late", "--junit", ".", "-q"]).fails(4, "cannot write .");
    assert!(!desk.path("late").exists(), "noticed before the run");
    fs::write(desk.path("kept.xml"), "before").unwrap();
    desk.posthaste(&["run", "s.json", "--set", "/run/until=0s", "--junit", "kept.xml", "-q"]).fails(3, "above zero");
    desk.posthaste(&["run", "s.json", "--grade", "none.json", "--junit", "kept.xml", "-q"]).fails(4, "none.json");
    assert_eq!(fs::read_to_string(desk.path("kept.xml")).unwrap(), "before", "only a run that ended writes it");
}
