//! Damaged scenarios: whatever is done to a file, the answer is a located error.
//!
//! Each case is one damage to `ketchup.json`: a text and what stands there instead. The
//! place and the message of one of the errors are asserted. Beyond the cases, random damage
//! to bytes may be refused or survived, but never panics.

use posthaste::scenario::{Diagnostic, Diagnostics, Overrides, load_with};
use proptest::prelude::*;

const GOOD: &str = include_str!("../scenarios/ketchup.json");

include!("damaged/cases.rs");

fn load(bytes: &[u8]) -> Result<(), Diagnostics> {
    load_with("damaged.json", bytes, &Overrides::default()).map(|_| ())
}

#[test]
fn every_damage_is_found_where_it_is() {
    load(GOOD.as_bytes()).unwrap();
    assert!(CASES.len() >= 50);
    for (from, to, place, message) in CASES {
        assert!(GOOD.contains(from), "the scenario has changed: {from}");
        let errors = load(GOOD.replacen(from, to, 1).as_bytes()).expect_err(to);
        let found = |error: &Diagnostic| {
            let here = format!("{}:{} {}", error.line.unwrap(), error.column.unwrap(), error.path);
            here.trim_end() == *place && error.message.contains(message)
        };
        assert!(errors.list().iter().any(found), "{to}: expected {message:?} at {place}, got\n{errors}");
        assert!(errors.list().len() <= 2, "{to}: one damage, many errors:\n{errors}");
    }
}

/// Bytes that are not even text, and text that is not even a scenario.
#[test]
fn what_is_no_scenario_is_refused_quietly() {
    let deep_list = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(100_000);
    let deep_in_place = GOOD.replacen("[\"alice\"]", &format!("{}{}", "[".repeat(120), "]".repeat(120)), 1);
    let long_name = GOOD.replacen("\"crepes.fr\": {", &format!("\"{}\": {{", "x".repeat(1_000_000)), 1);
    let cases: [&[u8]; 16] = [
        b"",
        b" \n",
        b"null",
        b"[]",
        b"\"mail\"",
        b"\xff\xfe{\0}\0",
        b"{\"title\": \"\xc3\x28\"}",
        b"\xef\xbb\xbf{\"x\": 1}",
        b"{\"title\": \"\\udfff\"}",
        b"{\"title\": \"\\u0000\"}",
        b"{\"run\": {\"seed\": 123456789012345678901234567890}}",
        b"{\"\x1b[31m\": 1}",
        deep_list.as_bytes(),
        deep_object.as_bytes(),
        deep_in_place.as_bytes(),
        long_name.as_bytes(),
    ];
    for case in cases {
        let start = String::from_utf8_lossy(&case[..case.len().min(40)]).into_owned();
        let errors = load(case).expect_err(&start);
        let shown = errors.to_string();
        let bad = |c: char| c.is_control() && c != '\n';
        assert!(!shown.contains(bad), "{start}: control characters reach the terminal");
        assert!(shown.len() < 5_000, "{start}: {} bytes of error", shown.len());
        assert_eq!(errors.list()[0].line, Some(1).max(errors.list()[0].line), "{start}: no line");
    }
    load(b"\xef\xbb\xbf{}").expect("a byte order mark is no damage");
    load(b"{ \"x-note\": [1, {}], \"run\": { \"x-why\": null } }").expect("comments are no damage");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn random_damage_never_panics(edits in proptest::collection::vec((0..GOOD.len(), any::<u8>(), 0_u8..3), 1..6)) {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (at, byte, kind) in edits {
            let at = at.min(bytes.len() - 1);
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        let _ = load(&bytes).map_err(|errors| errors.to_string());
    }

    /// Damage that keeps the syntax gets further than damage to bytes.
    #[test]
    fn values_swapped_never_panic(from in 0_usize..60, to in 0_usize..60) {
        let strings: Vec<&str> = GOOD.split('"').skip(1).step_by(2).collect();
        let (from, to) = (strings[from % strings.len()], strings[to % strings.len()]);
        let text = GOOD.replacen(&format!("\"{from}\""), &format!("\"{to}\""), 1);
        let _ = load(text.as_bytes()).map_err(|errors| errors.to_string());
    }
}
