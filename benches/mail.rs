//! Mail from end to end: what a message costs on a quiet day, with many in the queue of one server, with
//! a herd that meets a server that comes back, and over five days with a server that fails now and then.
//!
//! `cargo bench --bench mail` prints one line of `key=value` figures for each; add `-- --quick` for a short
//! run. Each runs several times, and the least time counts. `relative` is the time of a message divided by that of the
//! smallest of its group in the same run: it says whether messages cost more the more there are. Compare ratios within
//! one run, not numbers of different machines.

use std::path::Path;

use posthaste::base::trace::Silent;
use posthaste::cli::measure::timed;
use posthaste::cli::simulate::simulate;
use posthaste::scenario::resolved::Resolved;
use serde_json::{Value, json};

fn scenario(value: &Value) -> Resolved {
    posthaste::scenario::load("bench.json", &value.to_string()).expect("a valid scenario")
}

/// Somebody writes so many messages at even times, and a server passes them on.
fn sender(messages: u64, over_s: u64) -> Value {
    let every_ms = (over_s * 1_000 / messages).max(1);
    json!({
        "network": { "access": { "rate": "100Mbps", "delay": "1ms" }, "backbone": { "rate": "1Gbps", "delay": "20ms" } },
        "mail": {
            "crepes.fr": { "users": ["alice"], "retry": { "preset": "postfix" }, "queue": { "preset": "postfix" } },
            "hamburger.edu": { "users": ["bob"] }
        },
        "workload": [ { "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "every": format!("{every_ms}ms"),
                        "times": messages, "body_bytes": "2kB" } ],
        "run": { "seed": 1, "until": "10d" }
    })
}

/// Everybody's message arrives in the end; the time of one message, in microseconds.
fn measure(name: &str, scenario: &Resolved, runs: u32, least: Option<f64>) -> f64 {
    let mut best: Option<(f64, String, f64)> = None;
    for _ in 0..runs {
        let (seconds, finished) = timed(|| simulate(scenario, Silent).expect("the audit holds"));
        let tables = &finished.record.tables;
        let messages = tables.messages.iter().filter(|row| row.delivered.is_some()).count();
        assert!(messages > 0 && finished.world.copies_queued() == 0, "{name}: every message arrives");
        let per_message = seconds / messages as f64;
        let events = finished.outcome.events;
        let line = format!(
            "bench={name} messages={messages} attempts={} events={events} events_per_message={:.1} trace_events={}",
            tables.attempts.len(),
            events as f64 / messages as f64,
            finished.record.trace_events,
        );
        if best.as_ref().is_none_or(|(least, ..)| seconds < *least) {
            best = Some((seconds, line, per_message));
        }
    }
    let (seconds, line, per_message) = best.expect("it ran");
    let relative = per_message / least.unwrap_or(per_message);
    println!(
        "{line} cpu_s={seconds:.4} messages_per_s={:.0} us_per_message={:.2} relative={relative:.2}",
        1.0 / per_message,
        per_message * 1e6
    );
    per_message
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (runs, scale) = if quick { (1, 10) } else { (3, 1) };
    measure("relay", &scenario(&sender(10_000 / scale, 10_000)), runs, None);
    let mut least = None;
    for messages in [1_000, 4_000, 16_000] {
        let mut value = sender(messages / scale, 3_000);
        value["faults"] = json!([{ "for": "1h", "host": "hamburger.edu" }]);
        let took = measure("backlog", &scenario(&value), runs, least);
        least = least.or(Some(took));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/thundering-herd.json");
    let text = std::fs::read_to_string(&path).expect("the scenario library is there");
    let herd = posthaste::scenario::load("thundering-herd.json", &text).expect("the library is valid");
    measure("herd", &herd, runs, None);
    let mut value = sender(10_000 / scale, 5 * 86_400);
    value["faults"] = json!([{ "host": "hamburger.edu", "mean_up": "6h", "mean_down": "1h", "until": "5d" }]);
    measure("flaky_five_days", &scenario(&value), runs, None);
}
