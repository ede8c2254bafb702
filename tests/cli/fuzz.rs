//! Random changes of values that keep their types: whatever loads also runs, ends and
//! balances.

use posthaste::base::trace::Silent;
use posthaste::cli::simulate::simulate;
use posthaste::scenario;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A scenario with something of everything.
fn rich() -> Value {
    json!({
        "network": {
            "access": { "rate": "10Mbps", "delay": "1ms", "queue": "50 packets", "loss": 0.0 },
            "backbone": { "rate": "2Mbps", "delay": "15ms", "queue": "64kB", "loss": 0.01 },
            "tcp": { "mss": 1460, "initial_window": 10, "receive_window": "65535B", "syn_retries": 5, "data_retries": 15,
                     "initial_rto": "1s", "min_rto": "1s", "max_rto": "60s" }
        },
        "dns": { "ttl": "1h", "negative_ttl": "5min" },
        "mail": { "crepes.fr": { "users": ["alice", "anna"], "dialect": "lecture", "retry": { "every": "10min", "lifetime": "1h" } },
                  "hamburger.edu": { "users": ["bob"] } },
        "workload": [
            { "at": "0s", "from": "alice@crepes.fr", "to": ["bob@hamburger.edu", "anna@crepes.fr"], "body_bytes": "20kB" },
            { "at": "5min", "every": "10min", "times": 3, "from": "bob@hamburger.edu", "to": "nobody@crepes.fr", "allow_unknown": true },
            { "at": "1min", "poisson": { "mean_gap": "3min" }, "from": "every-user", "to": "any-user", "until": "30min" },
            { "at": "2min", "every": "7min", "user": "every-user", "read": "pop3", "spread": "5min" },
            { "at": "3min", "user": "bob@hamburger.edu", "read": "pop3-keep", "on": "anna-pc.crepes.fr" },
            { "at": "1min", "every": "1min", "times": 5, "lookup": "crepes.fr", "type": "MX", "on": "bob-pc.hamburger.edu" }
        ],
        "faults": [ { "at": "4min", "for": "9min", "host": "hamburger.edu" },
                    { "at": "10min", "for": "2min", "link": "router.crepes.fr--internet" } ],
        "run": { "seed": 1, "until": "40min" },
        "limits": { "events": 20000, "messages": 300, "message_size": "1MB" }
    })
}

const TIMES: [&str; 14] =
    ["0s", "1ns", "1us", "1ms", "20ms", "999ms", "1s", "59s", "1min", "10min", "40min", "1h", "1d", "36500d"];
const SIZES: [&str; 8] = ["0B", "1B", "2B", "500B", "1460B", "64kB", "1MB", "1GiB"];
const RATES: [&str; 5] = ["1bps", "300bps", "56kbps", "10Mbps", "100Tbps"];
const QUEUES: [&str; 5] = ["unlimited", "0 packets", "1 packets", "100B", "1MB"];
const NAMES: [&str; 9] = [
    "alice@crepes.fr",
    "bob@hamburger.edu",
    "every-user",
    "any-user",
    "crepes.fr",
    "hamburger.edu",
    "router.crepes.fr--internet",
    "internet",
    "resolver.crepes.fr",
];

/// Another value of the same kind.
fn other(old: &Value, draw: usize) -> Value {
    let pick = |from: &[&str]| json!(from[draw % from.len()]);
    let ends = |text: &str, units: &[&str]| units.iter().any(|unit| text.ends_with(unit));
    match old {
        Value::Number(number) if number.is_u64() => json!([0, 1, 2, 3, 10, 100, 1000, 65_535, u32::MAX][draw % 9]),
        Value::Number(_) => json!([0.0, 0.001, 0.3, 0.999, 1.0][draw % 5]),
        Value::Bool(value) => json!(!value),
        Value::String(text) if !text.starts_with(|c: char| c.is_ascii_digit()) => match text.as_str() {
            "lecture" => pick(&["lecture", "rfc5321"]),
            "MX" => pick(&["A", "AAAA", "MX", "TXT", "SOA", "CNAME"]),
            _ => pick(&NAMES),
        },
        Value::String(text) if ends(text, &["bps"]) => pick(&RATES),
        Value::String(text) if text.contains("packets") => pick(&QUEUES),
        Value::String(text) if ends(text, &["B"]) => pick(&SIZES),
        Value::String(_) => pick(&TIMES),
        Value::Null | Value::Array(_) | Value::Object(_) => old.clone(),
    }
}

fn leaves<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Value>) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| leaves(inner, found)),
        Value::Array(list) => list.iter_mut().for_each(|inner| leaves(inner, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(value),
    }
}

fn mutated(changes: &[(usize, usize)]) -> Value {
    let mut scenario = rich();
    for (place, draw) in changes {
        let mut found = Vec::new();
        leaves(&mut scenario, &mut found);
        let place = place % found.len();
        let new = other(found[place], *draw);
        *found[place] = new;
    }
    // However it was changed, it stays short.
    scenario["limits"]["events"] = json!(20_000);
    scenario["limits"]["messages"] = json!(300);
    scenario
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    /// Would break if a legal value led to a panic, an endless run or books that do not balance.
    #[test]
    fn what_loads_runs_and_balances(changes in proptest::collection::vec((any::<usize>(), any::<usize>()), 1..5)) {
        let text = mutated(&changes).to_string();
        if let Ok(scenario) = scenario::load("fuzz.json", &text) {
            let done = simulate(&scenario, Silent);
            prop_assert!(done.is_ok(), "{}\n{text}", done.err().unwrap_or_default());
        }
    }
}

const CASES: u32 = if cfg!(debug_assertions) { 40 } else { 300 };
