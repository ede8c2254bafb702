//! What holds between runs: of the same scenario, of one written otherwise, with another
//! seed, with strangers added, with other outputs, with an earlier end.

use posthaste::base::SimTime;
use posthaste::base::trace::{MailTrace, Observer, Trace, TraceEvent};
use posthaste::cli::simulate::simulate;
use posthaste::metrics::{Fingerprint, Tables};
use posthaste::report::table_csv;
use posthaste::scenario::Resolved;
use serde_json::{Value, json};

use super::random::{Case, Dice};
use crate::common::{load, load_value};

const TABLES: [&str; 6] = ["messages", "attempts", "dns_queries", "connections", "queue", "links"];

/// The fingerprint of the events up to an instant.
struct Until {
    at: SimTime,
    events: Fingerprint,
}

impl Observer for Until {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        // A session that a run's end cuts off is told where that run ends.
        let cut = matches!(event.what, Trace::Mail(MailTrace::Session { trouble: Some("the run ended"), .. }));
        if event.at <= self.at && !cut {
            self.events.observe(event);
        }
    }
}

/// What is compared: the rows, and the fingerprint of the trace up to an instant.
struct Ran {
    tables: Tables,
    fingerprint: String,
}

fn run(scenario: &Resolved, at: SimTime) -> Result<Ran, String> {
    let finished = simulate(scenario, Until { at, events: Fingerprint::new() })?;
    let fingerprint = format!("{:?}, {} events", finished.extra.events.digest(), finished.extra.events.events());
    Ok(Ran { tables: finished.record.tables, fingerprint })
}

fn rows(tables: &Tables, name: &str) -> Vec<String> {
    let text = String::from_utf8(table_csv(tables, name).unwrap()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn equal(a: &Ran, b: &Ran, what: &str) -> Result<(), String> {
    if a.fingerprint == b.fingerprint && a.tables == b.tables {
        return Ok(());
    }
    Err(format!("{what}: {} becomes {}", a.fingerprint, b.fingerprint))
}

/// The value with its objects' keys in reverse, spread over lines, its letters escaped.
fn rewritten(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().rev().map(|(key, inner)| format!("{} :\t{}", json!(key), rewritten(inner))).collect();
            format!("{{\n{}\r\n}}", entries.join(" ,\n"))
        }
        Value::Array(items) => format!("[ {} ]", items.iter().map(rewritten).collect::<Vec<_>>().join(" , ")),
        Value::String(text) => json!(text).to_string().replace('a', "\\u0061").replace('.', "\\u002e"),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// The scenario with a part of the net that nobody of it ever meets. What both share, the
/// links of the root server, has neither loss nor rate, so that no packet disturbs another.
fn with_strangers(value: &Value, strangers: bool) -> Value {
    let mut value = value.clone();
    let hosts = &mut value["network"]["hosts"];
    hosts["internet"] = json!({ "router": true, "site": "internet" });
    hosts["a.root-servers.net"] = json!({ "site": "internet" });
    let quiet = json!({ "between": ["a.root-servers.net", "internet"], "delay": "7ms" });
    match value["network"]["links"].as_array_mut() {
        Some(links) => links.push(quiet),
        None => value["network"]["links"] = json!([quiet]),
    }
    if strangers {
        value["mail"]["aaa.zz"] = json!({ "users": ["zoe", "zed"] });
        let work = value["workload"].as_array_mut().unwrap();
        let post = json!({ "at": "0s", "every": "2min", "times": 9, "from": "zoe@aaa.zz", "to": "zed@aaa.zz" });
        let read =
            json!({ "at": "0s", "every": "3min", "times": 9, "user": "zed@aaa.zz", "read": "pop3", "spread": "1min" });
        work.insert(0, read);
        work.insert(0, post);
        value["faults"].as_array_mut().unwrap().insert(0, json!({ "at": "1min", "for": "2min", "host": "aaa.zz" }));
    }
    value
}

fn strangers_change_nothing(value: &Value) -> Result<(), String> {
    let [before, after] =
        [false, true].map(|strangers| run(&load_value(&with_strangers(value, strangers)), SimTime::NEVER));
    let (before, after) = (before?, after?);
    let strange = |row: &String| row.contains(".zz") || row.contains("a.root-servers.net--");
    if !rows(&after.tables, "messages").iter().any(strange) {
        return Err("the strangers sent nothing".to_owned());
    }
    for name in TABLES {
        let [mut before, mut after] = [&before, &after].map(|ran| rows(&ran.tables, name));
        before.retain(|row| !strange(row));
        after.retain(|row| !strange(row));
        if let Some(at) = (0..before.len().max(after.len())).find(|at| before.get(*at) != after.get(*at)) {
            return Err(format!("strangers change {name}: {:?} becomes {:?}", before.get(at), after.get(at)));
        }
    }
    Ok(())
}

/// Invariants: the same seed gives the same trace; the resolved scenario, and one written
/// otherwise, give the same run; outputs change nothing; a shorter run is the beginning of a
/// longer one; another seed changes a table if anything is drawn; strangers change no row.
pub(crate) fn check(number: u64, case: &Case) -> Result<(), String> {
    let scenario = load_value(&case.value);
    let mut dice = Dice::new(number, "relations");
    let early_ms = dice.range(0, case.busy_ms);
    let early = SimTime::from_nanos(early_ms * 1_000_000);
    let base = run(&scenario, SimTime::NEVER)?;
    equal(&base, &run(&scenario, SimTime::NEVER)?, "the same again")?;

    let resolved = load(&scenario.to_json_text());
    if resolved.to_json() != scenario.to_json() {
        return Err("what is resolved resolves to something else".to_owned());
    }
    equal(&base, &run(&resolved, SimTime::NEVER)?, "resolved")?;
    equal(&base, &run(&load(&rewritten(&case.value)), SimTime::NEVER)?, "rewritten")?;

    let mut outputs = case.value.clone();
    outputs["outputs"] = json!({ "events": true, "transcripts": false, "charts": false });
    equal(&base, &run(&load_value(&outputs), SimTime::NEVER)?, "outputs")?;

    let mut shorter = case.value.clone();
    shorter["run"]["until"] = json!(format!("{early_ms}ms"));
    if let Ok(shorter) = posthaste::scenario::load("test.json", &shorter.to_string()) {
        let [whole, part] = [&scenario, &shorter].map(|scenario| run(scenario, early));
        let (whole, part) = (whole?, part?);
        if whole.fingerprint != part.fingerprint {
            return Err(format!("up to {early} s: {} becomes {}", part.fingerprint, whole.fingerprint));
        }
    }

    let mut other = case.value.clone();
    other["run"]["seed"] = json!(number + 1_000_000);
    // What is lost at equal gaps is not drawn.
    let regular = case.value["network"].to_string().contains("loss_every");
    let lost = base.tables.links.iter().any(|row| row.dropped_loss > 0) && !regular;
    let draws = lost || case.poisson;
    if draws && run(&load_value(&other), SimTime::NEVER)?.tables == base.tables {
        return Err("another seed changes no table".to_owned());
    }
    // A root server that asks further itself numbers the questions of all.
    let mut shared = case.value.clone();
    shared["dns"]["mode"] = json!("iterative");
    strangers_change_nothing(&shared)
}
