//! `sweep steady`: a warm-up that is there, one that is not, states, several runs, and what cannot be asked.

use std::fmt::Write as _;

use serde_json::json;

use super::{Desk, read_json, small};

/// A folder whose attempts waited that long, one a second.
fn waited(desk: &Desk, name: &str, waits: impl Iterator<Item = f64>) {
    let seed = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let seed = if seed.is_empty() { "1" } else { seed };
    let said = desk.posthaste(&["run", "s.json", "--seed", seed, "--out", name, "-q"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let path = desk.path(name).join("tables/dns_queries.csv");
    let header = std::fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned();
    let columns: Vec<&str> = header.split(',').collect();
    let mut table = format!("{header}\n");
    for (second, wait) in waits.enumerate() {
        let cells = columns.iter().map(|column| match *column {
            "time_s" => format!("{second}.000000000"),
            "latency_s" => format!("{wait:.9}"),
            "role" => if second % 2 == 0 { "even" } else { "odd" }.to_owned(),
            _ => "x".to_owned(),
        });
        writeln!(table, "{}", cells.collect::<Vec<_>>().join(",")).unwrap();
    }
    std::fs::write(&path, table).unwrap();
}

/// Numbers without memory in [0, 1).
fn noise(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31)
    })
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    desk
}

/// Breaks when the beginning of a run is not seen, when it is kept, or when rows of one run count as replications.
#[test]
fn a_warm_up_is_left_out_and_batches_give_an_interval() {
    let desk = desk();
    let high_at_first = |seed| (0..1000).zip(noise(seed)).map(|(i, noise)| if i < 100 { 50.0 } else { 0.0 } + noise);
    waited(&desk, "r", high_at_first(1));
    let said = desk.posthaste(&["sweep", "steady", "r", "--of", "dns_queries.latency_s", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let found = said.json();
    let left_out = found["warm_up_values"].as_u64().unwrap();
    assert!((100..=150).contains(&left_out), "{found}");
    let (mean, half_width) = (found["mean"].as_f64().unwrap(), found["half_width"].as_f64().unwrap());
    assert!((mean - 0.5).abs() < 0.05 && half_width > 0.01 && half_width < 0.05, "{found}");
    assert!(found["method"].as_str().unwrap().starts_with("20 batches of "), "{found}");
    // several runs: an interval of their means
    for seed in 2..5 {
        waited(&desk, &format!("r{seed}"), high_at_first(seed));
    }
    let said = desk.posthaste(&["sweep", "steady", "r", "r2", "r3", "r4", "--of", "dns_queries.latency_s"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in
        ["each of 4 runs, 1000 values", "leave out the first 100 values, up to 100.000 s", "the means of 4 runs"]
    {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    // what is no replication
    let said = desk.posthaste(&["sweep", "steady", "r", "r2", "r", "--of", "dns_queries.latency_s"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("no replications"), "{}", said.err);
    desk.posthaste(&["run", "s.json", "--seed", "7", "--set", "/network/backbone/delay=1s", "--out", "far", "-q"]);
    let said = desk.posthaste(&["sweep", "steady", "r", "far", "--of", "dns_queries.latency_s"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("differ by their seeds alone"), "{}", said.err);
}

/// Breaks when values that go on rising are taken for a steady state, or neighbours that go together for independent.
#[test]
fn what_is_not_steady_gets_no_interval_and_a_reason() {
    let desk = desk();
    waited(&desk, "rising", (0..400).map(f64::from));
    let said = desk.posthaste(&["sweep", "steady", "rising", "--of", "dns_queries.latency_s"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("no suggestion") && said.out.contains("no interval"), "{}", said.out);
    let slow = (0..3000)
        .map(|i| if (i / 500) % 2 == 0 { 1.0 } else { 0.0 })
        .zip(noise(9))
        .map(|(wave, noise)| wave + 4.0 * noise);
    waited(&desk, "slow", slow);
    let said = desk.posthaste(&["sweep", "steady", "slow", "--of", "dns_queries.latency_s", "--json"]);
    assert!(said.json()["warning"].as_str().is_some_and(|warning| warning.contains("too short")), "{}", said.out);
    waited(&desk, "few", noise(3).take(12));
    let said = desk.posthaste(&["sweep", "steady", "few", "--of", "dns_queries.latency_s"]);
    assert!(said.out.contains("12 observations are too few"), "{}", said.out);
}

/// Breaks when a mistake in the question is answered with numbers.
#[test]
fn what_cannot_be_asked_is_refused() {
    let desk = desk();
    waited(&desk, "r", noise(1).take(200));
    let asked = |of: &str, filter: &[&str]| {
        let filters = filter.iter().flat_map(|one| ["--where", one]);
        desk.posthaste(&["sweep", "steady", "r", "--of", of].into_iter().chain(filters).collect::<Vec<_>>())
    };
    for (of, filter, code, why) in [
        ("latency_s", None, 2, "TABLE.COLUMN"),
        ("dns_querys.latency_s", None, 2, "did you mean \"dns_queries\"?"),
        ("dns_queries.latncy_s", None, 2, "did you mean \"latency_s\"?"),
        ("dns_queries.outcome", None, 2, "holds words"),
        ("links.packets", None, 2, "sums up whole runs"),
        ("dns_queries.latency_s", Some("role"), 2, "COLUMN=VALUE"),
        ("dns_queries.latency_s", Some("rolle=odd"), 2, "no such column"),
        ("dns_queries.latency_s", Some("role=none"), 4, "no row"),
    ] {
        let said = asked(of, filter.as_slice());
        assert_eq!(said.code, code, "{of}: {}{}", said.out, said.err);
        assert!(said.err.contains(why), "{why}\n{}", said.err);
    }
    let odd = asked("dns_queries.latency_s", &["role=odd"]);
    assert!(odd.out.contains("100 values"), "{}{}", odd.out, odd.err);
    let path = desk.path("r").join("tables/dns_queries.csv");
    let damaged = std::fs::read_to_string(&path).unwrap().replacen(",odd,", ",odd", 1);
    std::fs::write(&path, damaged).unwrap();
    assert_eq!(asked("dns_queries.latency_s", &[]).code, 4);
    assert_eq!(read_json(&desk.path("r").join("manifest.json"))["cut"], json!(false));
}
