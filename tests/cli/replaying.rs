//! `dns-replay`: results on stdout, exit codes, and errors in a case with their places.

use posthaste::scenario::replay;
use serde_json::{Value, json};

use super::Desk;
use super::common::root;

/// A case with one server and one step.
fn small() -> Value {
    json!({
        "name": "small",
        "notes": ["keys that nobody knows are for people"],
        "resolver": {
            "root_hints": [{ "name": "a.root.test.", "address": "192.0.2.1", "since": 1983 }],
            "options": { "prefetch": true, "telepathy": true }
        },
        "servers": [{ "address": ["192.0.2.1", "2001:db8::1"], "filled": false, "rules": [{
            "filled": true, "match": { "qname": "WWW.test", "notes": "good" }, "times": 1,
            "reply": { "flags": ["QR", "AA"], "answer": ["www.test. 60 IN A 198.51.100.7"], "title": "red" }
        }] }],
        "steps": [
            { "id": 7, "at": 1, "query": { "qname": "www.test.", "qtype": "A", "flags": ["RD"] }, "expect": {} },
            { "at": 0, "query": { "qname": "other.test.", "qtype": "A", "flags": ["RD"] }, "expect": { "rcode": "REFUSED" } }
        ]
    })
}

/// Would break if a result lacked what its reader needs, or if what a case expects changed it.
#[test]
fn a_case_becomes_a_result() {
    let desk = Desk::new();
    desk.write("case.json", small().to_string());
    let said = desk.posthaste(&["dns-replay", "case.json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let told = said.json();
    assert_eq!((&told["name"], &told["ignored"]), (&json!("small"), &json!(["telepathy"])));
    let [first, second] = told["steps"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&first["step"], &first["at"]), (&json!(0), &json!(1.0)));
    assert!(first["wire"].as_str().unwrap().starts_with("00018180"), "{first}");
    assert!(first["text"].as_str().unwrap().contains("www.test. 60 IN A 198.51.100.7"), "{first}");
    let query = &first["upstream"][0];
    assert_eq!(
        (&query["to"], &query["transport"], &query["rule"]),
        (&json!("192.0.2.1"), &json!("udp"), &json!([0, 0]))
    );
    assert_eq!((&query["qname"], &query["qtype"], &query["t"]), (&json!("www.test."), &json!("A"), &json!(1.002)));
    assert_eq!(first["took"], json!(0.004), "in whole nanoseconds: no remains of a difference");
    // the second step begins with the first one's answer, and nobody has a rule for it
    assert_eq!(second["at"].as_f64(), first["took"].as_f64().map(|took| 1.0 + took));
    let unmatched = second["upstream"].as_array().unwrap();
    assert!(unmatched.iter().all(|query| query["rule"].is_null()) && !unmatched.is_empty(), "{second}");
    assert_eq!(told["unmatched"], json!(unmatched.len()));
    assert!(second["text"].as_str().unwrap().starts_with(";; RCODE 2"), "{second}");
    assert_eq!(desk.posthaste(&["dns-replay", "case.json"]).out, said.out, "equal cases give equal results");
}

/// Would break if a case that says nonsense were played, or if its error had no place.
#[test]
fn what_is_no_case_is_2_and_told_with_its_place() {
    let desk = Desk::new();
    let refused = |name: &str, text: &str, message: &str| {
        desk.write(name, text);
        desk.posthaste(&["dns-replay", name]).fails(2, message);
    };
    desk.posthaste(&["dns-replay", "none.json"]).fails(4, "cannot read none.json");
    desk.posthaste(&["dns-replay"]).fails(2, "Usage");
    refused("no.json", "{", "no.json:1:");
    refused("list.json", "[]", "a case is a JSON object");
    refused("half.json", r#"{ "servers": [] }"#, "it has no \"steps\"");
    refused("small.json", &super::small().to_string(), "`posthaste run`");
    let cases: &[(&str, Value, &str)] = &[
        ("/steps/0/query/qtype", json!("AAA"), "steps[0].query.qtype"),
        ("/steps/0/query/qname", json!("a..b"), "steps[0].query.qname"),
        ("/steps/0/query/flags/0", json!("XX"), "steps[0].query.flags[0]"),
        ("/steps/0/query/wire", json!("123"), "steps[0].query.wire"),
        ("/steps/0/query/opcode", json!("16"), "steps[0].query.opcode"),
        ("/steps/0/query/qclass", json!("UN"), "steps[0].query.qclass"),
        ("/steps/0/at", json!(-1), "steps[0].at"),
        ("/steps/0/at", json!(1e300), "steps[0].at"),
        ("/servers/0/address/1", json!("1.2.3"), "servers[0].address[1]"),
        ("/servers/0/otherwise", json!("dance"), "servers[0].otherwise"),
        ("/servers/0/rules/0/match/transport", json!("pigeon"), "servers[0].rules[0].match.transport"),
        ("/servers/0/rules/0/reply/answer/0", json!("www.test. 60 IN A 1"), "servers[0].rules[0].reply.answer[0]"),
        ("/servers/0/rules/0/reply/answer/0", json!("www.test. 60 IN"), "the type is missing"),
        ("/servers/0/rules/0/reply/answer/0", json!("www.test. 60 IN A \\# 5 01020304"), "is not that of the 4 octets"),
        ("/servers/0/rules/0/reply/rcode", json!("FINE"), "servers[0].rules[0].reply.rcode"),
        ("/servers/0/rules/0/reply/wire", json!("xx"), "servers[0].rules[0].reply.wire"),
        ("/servers/0/rules/0/reply/id", json!(65536), "servers[0].rules[0].reply.id"),
        ("/servers/0/rules/0/reply", json!(7), "servers[0].rules[0].reply"),
        ("/resolver/root_hints/0/address", json!("here"), "resolver.root_hints[0].address"),
        ("/resolver/options/prefetch", json!("yes"), "resolver.options.prefetch"),
    ];
    for (pointer, value, message) in cases {
        refused("case.json", &super::with(small(), pointer, value.clone()).to_string(), message);
    }
}

/// Would break if a key that is for people stopped a case, wherever it stands.
#[test]
fn keys_without_meaning_are_for_people() {
    let desk = Desk::new();
    let mut case = small();
    for place in
        ["", "/resolver", "/servers/0", "/servers/0/rules/0", "/servers/0/rules/0/match", "/steps/0", "/steps/0/query"]
    {
        case = super::with(case, &format!("{place}/note"), json!("a word"));
    }
    desk.scenario("case.json", &case);
    let said = desk.posthaste(&["dns-replay", "case.json"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

/// Would break if a case of ours were none for the program.
#[test]
fn our_own_cases_are_read() {
    let desk = Desk::new();
    let path = root().join("tests/replay/serve-stale.json");
    let said = desk.posthaste(&["dns-replay", path.to_str().unwrap()]);
    assert_eq!((said.code, said.json()["steps"].as_array().map(Vec::len)), (0, Some(3)));
    assert!(replay::load_file(&path).is_ok());
}

/// The JSON pointers of all values within a value.
fn pointers(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Object(object) => object.iter().for_each(|(key, inner)| pointers(inner, &format!("{here}/{key}"), all)),
        Value::Array(list) => (0..).zip(list).for_each(|(at, inner)| pointers(inner, &format!("{here}/{at}"), all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Would break if any value at any place of a case led to a panic, or to a case without an end.
#[test]
fn any_value_anywhere_is_played_or_refused() {
    let mut all = Vec::new();
    pointers(&small(), "", &mut all);
    assert!(all.len() > 40, "{all:?}");
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(4_294_967_296_u64),
        json!(1e18),
        json!(""),
        json!("."),
        json!("\u{0}\u{202e}"),
        json!("::"),
        json!([]),
        json!([[]]),
        json!({}),
        json!("ff".repeat(65_535)),
    ];
    let (mut played, mut refused) = (0, 0);
    for pointer in &all {
        for value in &values {
            let mut case = small();
            *case.pointer_mut(pointer).unwrap() = value.clone();
            match replay::load("case.json", case.to_string().as_bytes()) {
                Ok(case) => {
                    played += 1;
                    replay::play(&case).unwrap();
                }
                Err(errors) => {
                    refused += 1;
                    assert!(!errors.list().is_empty() && !errors.to_string().contains('\u{202e}'));
                }
            }
        }
    }
    assert!(played > 100 && refused > 100, "{played} played, {refused} refused");
    let text = small().to_string();
    for end in (0..text.len()).step_by(3) {
        assert!(replay::load("case.json", &text.as_bytes()[..end]).is_err());
    }
}
