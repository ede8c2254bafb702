//! The problems in scenarios/textbook: what each expects against its closed form, and the page about them.

mod common;

use std::fmt::Write as _;
use std::fs;

use common::binary::{posthaste, workplace};
use common::root;
use serde_json::Value;

/// The problems in the order of the chapter.
const PROBLEMS: [&str; 20] = [
    "packet-delays",
    "queue-equal",
    "queue-random",
    "access-link",
    "access-link-cache",
    "file-distribution",
    "dns-then-page",
    "http-connections",
    "browser-cache",
    "slow-start",
    "window-limited",
    "smtp-round-trips",
    "mail-slow-link",
    "base64",
    "pop3-or-imap",
    "retry-backoff",
    "mx-fallback",
    "dns-iterative",
    "dns-recursive",
    "resolver-cache",
];

const PAGE: &str = "scenarios/textbook/README.md";

fn problem(name: &str) -> Value {
    let text = fs::read_to_string(root().join(format!("scenarios/textbook/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The time that so many octets take at so many bits a second.
fn transmission(octets: f64, rate: f64) -> f64 {
    octets * 8.0 / rate
}

/// What theory says of each metric, computed here from the numbers of the problem.
fn closed_forms(name: &str) -> Vec<(&'static str, f64)> {
    mail_forms(name).or_else(|| network_forms(name)).unwrap_or_else(|| panic!("{name} has no closed form here: add it"))
}

/// Those of delays, queues, names and pages.
fn network_forms(name: &str) -> Option<Vec<(&'static str, f64)>> {
    let load = 50.0 * 0.01;
    Some(match name {
        "packet-delays" => {
            vec![("dns.lookup.p50_s", 3.0 * f64::from(60 + 76) * 8.0 / 64e3 + 6.0 * 400e3 / 200e6 + 0.005)]
        }
        "queue-equal" => {
            vec![("processing.max_utilization", load), ("processing.mean_wait_s", load / (200.0 * (1.0 - load)))]
        }
        "queue-random" => {
            vec![("processing.max_utilization", load), ("processing.mean_wait_s", load / (100.0 * (1.0 - load)))]
        }
        "access-link" => {
            let transmission = 78.0 * 8.0 / 49_920.0;
            let load = 40.0 * transmission;
            vec![("dns.lookup.mean_s", 0.02 + transmission + load * transmission / (2.0 * (1.0 - load)))]
        }
        "access-link-cache" => {
            let (hits, transmission) = (0.6, 78.0 * 8.0 / 49_920.0);
            let load = (1.0 - hits) * 40.0 * transmission;
            let wait = load * transmission / (2.0 * (1.0 - load));
            vec![("dns.hit_ratio.stub", hits), ("dns.lookup.mean_s", (1.0 - hits) * (0.02 + transmission + wait))]
        }
        "dns-then-page" => vec![("web.page_time.max_s", 0.002 + 0.032 + 0.024 + 0.012 + 7.0 * 2.0 * 0.08)],
        "http-connections" => {
            let (objects, rtt) = (12.0_f64, 0.06);
            let serial = 2.0 * rtt * (1.0 + objects);
            let parallel = 2.0 * rtt * (1.0 + (objects / 4.0).ceil());
            let (persistent, pipelined) = (rtt * (2.0 + objects), 3.0 * rtt);
            vec![
                ("web.page_time.max_s", serial),
                ("web.page_time.p50_s", parallel),
                ("web.page_time.mean_s", (serial + parallel + persistent + pipelined) / 4.0),
            ]
        }
        "browser-cache" => {
            let hits = f64::floor(45.0 / 10.0) / (1.0 + f64::floor(45.0 / 10.0));
            vec![("web.cached", 30.0 * hits), ("web.page_time.mean_s", (1.0 - hits) * 0.2)]
        }
        "slow-start" => vec![("web.page_time.max_s", 0.09 * (1.0 + (62.0_f64 / 2.0 + 1.0).log2().ceil()))],
        "window-limited" => {
            let segments = (5_000_150.0_f64 / 1460.0).ceil();
            let windows = 2.0 + ((segments - 30.0) / 40.0).ceil();
            vec![("web.page_time.max_s", 0.5 * (1.0 + windows) + windows * 12e-6 + 34.0 * 12e-6)]
        }
        "dns-iterative" => vec![("dns.lookup.max_s", 0.006 + 0.04 + 0.1 + 0.07)],
        "dns-recursive" => vec![("dns.lookup.max_s", 0.006 + 0.04 + (0.04 + 0.1) + (0.1 + 0.07))],
        "resolver-cache" => {
            let hits = (3.0 / 60.0) * 240.0 / (1.0 + (3.0 / 60.0) * 240.0);
            vec![("dns.hit_ratio.resolver", hits), ("dns.lookup.mean_s", 0.004 + (1.0 - hits) * 0.06)]
        }
        "file-distribution" => Vec::new(),
        _ => return None,
    })
}

/// Those of mail.
fn mail_forms(name: &str) -> Option<Vec<(&'static str, f64)>> {
    Some(match name {
        "smtp-round-trips" => vec![("latency.max_s", 6.5 * 0.1), ("latency.min_s", 4.5 * 0.1)],
        "mail-slow-link" => {
            vec![("phase.transfer.mean_s", transmission(500_300.0 + 343.0 * 40.0, 256e3) + 0.02)]
        }
        "base64" => {
            let characters = 4.0 * (123_457.0_f64 / 3.0).ceil();
            vec![("mime.base64_encoded_bytes", characters + 2.0 * (characters / 76.0).ceil())]
        }
        "pop3-or-imap" => vec![
            ("read.retrieval.max_s", 10.0 * transmission(41_908.0 + 29.0 * 40.0, 64e3) + 14.0 * 0.02 + 0.2),
            ("read.retrieval.p50_s", transmission(7_400.0 + 15.0 * 40.0, 64e3) + 6.0 * 0.02 + 0.1),
        ],
        "retry-backoff" => {
            let (mut at, mut wait, mut attempts) = (0.0, 300.0, 1.0);
            while at < 3.0 * 3600.0 {
                (at, wait, attempts) = (at + wait, f64::min(wait * 2.0, 3600.0), attempts + 1.0);
            }
            vec![("attempts.total", attempts), ("latency.max_s", at)]
        }
        "mx-fallback" => {
            let syns: f64 = (0..4).map(|time| f64::from(1 << time)).sum();
            vec![("queue.stay.p50_s", syns), ("latency.max_s", syns + 1800.0)]
        }
        _ => return None,
    })
}

/// Breaks when what a problem expects is not its closed form, to within the tolerance that it states.
#[test]
fn every_problem_expects_its_closed_form() {
    let mut files: Vec<String> = PROBLEMS.iter().map(|name| format!("{name}.json")).collect();
    files.sort();
    let there = common::files_of("scenarios/textbook", "json");
    let there: Vec<&str> = there.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(files, there, "the list of problems and the folder");
    for name in PROBLEMS {
        let scenario = problem(name);
        assert!(scenario["x-derivation"].is_array(), "{name}");
        for (metric, theory) in closed_forms(name) {
            let stated = scenario["expect"].as_array().unwrap().iter().find(|one| one["metric"] == metric);
            let stated = stated.unwrap_or_else(|| panic!("{name} does not expect {metric}"));
            let tolerance = stated["tolerance"].as_f64().unwrap_or(0.0);
            let value = stated["equals"].as_f64().unwrap();
            assert!(
                (value - theory).abs() <= tolerance.max(1e-12),
                "{name}: {metric} is {theory} in theory, not {value}"
            );
            assert!(tolerance <= 0.05 * value, "{name}: {metric} may be off by more than 5 %");
        }
    }
    // A bound that nobody can beat, and that the run comes near to.
    let expected = &problem("file-distribution")["expect"][0];
    let least = 10.0 * 1e6 * 1500.0 / 1460.0 * 8.0 / 8e6;
    let (low, high) = (expected["at_least"].as_f64().unwrap(), expected["at_most"].as_f64().unwrap());
    assert!((least - 0.01..=least).contains(&low) && high <= 1.02 * least, "{least}");
}

fn text(value: &Value) -> String {
    let lines: Vec<&str> = value.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    lines.join("\n")
}

/// What a problem expects first, as the answer in the overview.
fn answer(expected: &Value) -> String {
    let (metric, value) = (expected["metric"].as_str().unwrap(), &expected["equals"]);
    let value = if value.is_null() { format!("at least {}", expected["at_least"]) } else { value.to_string() };
    format!("`{metric}` {value}")
}

/// The page, from the scenarios and their runs.
fn page() -> String {
    let mut out = String::from(
        "# Problems of the textbook\n\n\
         Classic problems about applications, names, transport and delays, each as a scenario. Work one out on paper, then run it: the\n\
         closed form is in its `expect`, and the run says whether it holds. Change a number in the file or with `--set`, work it out\n\
         anew, and see. Where octets take no time the links have no rate; a name server, a router or a program that has no delay in the\n\
         file has none. Where chance plays a part, or a form leaves something out, `expect` has a tolerance, and the derivation says why.\n\n\
         This page is made from the files and their runs by `POSTHASTE_BLESS=1 cargo test --test textbook`; a test keeps it current.\n\n\
         | | problem | answer |\n|---|---|---|\n",
    );
    let place = workplace();
    let mut sections = String::new();
    for (number, name) in (1..).zip(PROBLEMS) {
        let (scenario, file) = (problem(name), format!("scenarios/textbook/{name}.json"));
        let ran = posthaste(place.path(), &["run", &file, "--out", name]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let after = ran.stdout.lines().skip_while(|line| !line.starts_with("expect "));
        let held: Vec<&str> = after.take_while(|line| line.contains(" held: ")).collect();
        let title = scenario["title"].as_str().unwrap();
        writeln!(out, "| {number} | [{title}](#{name}json) | {} |", answer(&scenario["expect"][0])).unwrap();
        write!(
            sections,
            "\n## {name}.json\n\n**{title}.**\n{}\n\n*Derivation.* {}\n\n```console\n$ posthaste run {file}\n...\n{}\n...\n```\n",
            text(&scenario["description"]),
            text(&scenario["x-derivation"]).replace('*', "·"),
            held.join("\n"),
        )
        .unwrap();
    }
    out + &sections
}

/// Breaks when the page is not what the files and their runs say; write it anew with
/// `POSTHASTE_BLESS=1 cargo test --test textbook`.
#[test]
fn the_page_of_the_problems_is_current() {
    let page = page();
    if std::env::var_os("POSTHASTE_BLESS").is_some() {
        fs::write(root().join(PAGE), &page).unwrap();
    }
    let stale = fs::read_to_string(root().join(PAGE)).unwrap_or_default() != page;
    assert!(!stale, "{PAGE} is stale: POSTHASTE_BLESS=1 cargo test --test textbook");
}
