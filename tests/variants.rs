//! A world that ran without late faults and is then told of them goes on as one that knew of them from the beginning.
//!
//! It would break if the order of planned faults depended on when they were planned, if a clone shared state with its
//! original, or if something of a late fault reached into the time before it.

use std::collections::BTreeSet;
use std::path::Path;

use posthaste::base::trace::Silent;
use posthaste::base::{SimDuration, SimTime};
use posthaste::cli::simulate::{Finished, simulate, simulate_variants};
use posthaste::scenario::{Overrides, Resolved, load_file};
use serde_json::{Value, json};

fn scenario(file: &str, faults: Option<Value>) -> Resolved {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(file);
    let set = faults.map(|faults| ("/faults".to_owned(), faults)).into_iter().collect();
    load_file(&path, &Overrides { set, ..Overrides::default() }).unwrap_or_else(|error| panic!("{error}"))
}

/// Each variant by itself and from a shared beginning; gives how many of them differ and how many shared.
fn alike(variants: &[Resolved], instant: SimTime) -> (usize, usize) {
    let mut fingerprints = BTreeSet::new();
    let mut seen = 0;
    let variants: Vec<&Resolved> = variants.iter().collect();
    let shared = simulate_variants(
        &variants,
        instant,
        |_| None,
        |index, forked| {
            let forked: Finished<Silent> = forked.unwrap();
            let cold = simulate(variants[index], Silent).unwrap();
            assert_eq!(cold.outcome, forked.outcome, "variant {index}");
            assert_eq!(cold.record.fingerprint, forked.record.fingerprint, "variant {index}");
            assert_eq!(cold.record.metrics(), forked.record.metrics(), "variant {index}");
            fingerprints.insert(cold.record.fingerprint.to_string());
            seen += 1;
        },
    );
    assert_eq!(seen, variants.len());
    (fingerprints.len(), shared)
}

/// Faults of every kind, at the very instant of the fork and later.
fn kinds(host: &str, instant: SimTime) -> Vec<Value> {
    let seconds = |after: u64| format!("{}s", instant.as_nanos() / 1_000_000_000 + after);
    let (now, later) = (seconds(0), seconds(60));
    vec![
        json!([]),
        json!([{"host": host, "at": now, "for": "10min"}]),
        json!([{"host": host, "at": later, "for": "1h"}, {"host": host, "at": now, "for": "1min"}]),
        json!([{"host": host, "port": 25, "at": later, "for": "30min"}]),
        json!([{"host": host, "processing": "200ms", "at": now, "for": "20min"}]),
        json!([{"host": host, "at": later, "for": "1min", "every": "10min"}]),
        json!([{"host": host, "at": now, "mean_up": "5min", "mean_down": "2min"}]),
        json!([{"host": host, "port": 25, "at": now, "for": "20min",
                "change": {"rate": "8kbps", "delay": "2s", "loss": 0.2}}]),
    ]
}

#[test]
fn variants_of_an_outage_share_their_beginning() {
    for (file, host, seconds) in [
        ("outage-queue.json", "south.edu", 3600),
        ("sick-service.json", "hamburger.edu", 900),
        ("ketchup.json", "hamburger.edu", 0),
    ] {
        let instant = SimTime::ZERO + SimDuration::from_secs(seconds);
        let variants: Vec<Resolved> =
            kinds(host, instant).into_iter().map(|faults| scenario(file, Some(faults))).collect();
        let (different, shared) = alike(&variants, instant);
        assert!(different >= 4, "{file}: faults make a difference, {different}");
        assert_eq!(shared, variants.len(), "{file}");
    }
}

#[test]
fn what_differs_early_shares_nothing_and_is_right_all_the_same() {
    let instant = SimTime::ZERO + SimDuration::from_secs(3600);
    let early =
        json!([{"host": "south.edu", "at": "10min", "for": "5min"}, {"host": "south.edu", "at": "2h", "for": "5min"}]);
    let behind =
        json!([{"host": "south.edu", "at": "2h", "for": "5min"}, {"host": "south.edu", "at": "10min", "for": "5min"}]);
    let file = "outage-queue.json";
    let variants = [
        scenario(file, None),
        scenario(file, Some(early.clone())),
        scenario(file, Some(behind)),
        scenario(file, Some(early)),
    ];
    assert_eq!(alike(&variants, instant).1, 2, "the two that are the same");
}
