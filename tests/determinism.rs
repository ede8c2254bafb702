//! Determinism is a rule, then a test: same file and seed, same bytes; what is unrelated,
//! what is only an output and how the file is written change nothing.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::{library, load, load_value, root, run, run_value, scenario_files};
use posthaste::base::SimDuration;
use posthaste::metrics::{Recorder, RecorderOptions};
use posthaste::report::table_csv;
use posthaste::sim::{Simulation, World};
use serde_json::{Value, json};

const TABLES: [&str; 7] = ["messages", "attempts", "dns_queries", "connections", "queue", "links", "faults"];

fn tables_of(value: &Value) -> BTreeMap<&'static str, String> {
    let tables = run_value(value).record.tables;
    TABLES.iter().map(|name| (*name, String::from_utf8(table_csv(&tables, name).unwrap()).unwrap())).collect()
}

fn scenario_value(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join("scenarios").join(name)).unwrap()).unwrap()
}

/// Two domains with random traffic over a lossy backbone: everything that draws is in it.
fn random_traffic() -> Value {
    json!({
        "title": "random traffic",
        "network": { "access": { "rate": "10Mbps", "delay": "2ms" },
                     "backbone": { "rate": "2Mbps", "delay": "15ms", "loss": 0.02, "queue": "20 packets" } },
        "mail": { "crepes.fr": { "users": ["alice", "anna", "abel"] },
                  "hamburger.edu": { "users": ["bob", "beth"] } },
        "workload": [
            { "at": "0s", "until": "40min", "poisson": { "mean_gap": "4min" }, "from": "every-user", "to": "any-user" },
            { "at": "10min", "every": "10min", "until": "50min", "user": "bob@hamburger.edu", "read": "pop3" }
        ],
        "faults": [ { "at": "12min", "for": "9min", "host": "hamburger.edu" } ],
        "run": { "seed": 7, "until": "2h" }
    })
}

fn posthaste(args: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_posthaste")).args(args).status().unwrap();
    assert!(status.success(), "{args:?}: {status}");
}

fn files(dir: &Path, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            all.extend(files(&entry.path(), &format!("{name}/")));
        } else {
            all.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    all
}

/// Breaks when anything but `timing.json` depends on the clock, the folder or the process.
#[test]
fn two_runs_write_the_same_bytes() {
    let temporary = tempfile::tempdir().unwrap();
    for path in scenario_files() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let dirs = ["a", "b"].map(|run| temporary.path().join(format!("{run}-{name}")));
        for dir in &dirs {
            posthaste(&["run", path.to_str().unwrap(), "--quiet", "--out", dir.to_str().unwrap()]);
        }
        let [mut a, mut b] = dirs.map(|dir| files(&dir, ""));
        assert!(a.remove("timing.json").is_some() && b.remove("timing.json").is_some());
        assert!(a.len() > 10, "{:?}", a.keys());
        for (name, bytes) in &a {
            assert!(b.get(name) == Some(bytes), "{name} differs");
        }
        assert_eq!(a.len(), b.len());
    }
}

/// Breaks when a random stream ignores the seed.
#[test]
fn another_seed_changes_a_table() {
    let mut other = random_traffic();
    other["run"]["seed"] = json!(8);
    assert_ne!(tables_of(&random_traffic())["messages"], tables_of(&other)["messages"]);
}

/// Breaks when `check --resolved` leaves out a default or prints another one.
#[test]
fn the_resolved_scenario_gives_the_same_run() {
    let mut scenarios: Vec<_> =
        scenario_files().iter().map(|path| library(path.file_name().unwrap().to_str().unwrap())).collect();
    scenarios.push(load_value(&random_traffic()));
    for scenario in scenarios {
        let again = load(&scenario.to_json().to_string());
        assert_eq!(again.to_json(), scenario.to_json());
        assert_eq!(run(&again).record.fingerprint, run(&scenario).record.fingerprint, "{}", scenario.title);
    }
}

/// Breaks when hosts, users or streams are numbered by what is unrelated to them.
#[test]
fn an_unrelated_host_changes_no_other_row() {
    let before = tables_of(&random_traffic());
    let mut with_more = random_traffic();
    with_more["mail"]["aaa.org"] = json!({ "users": ["zoe", "zed"] });
    let crowd = ["alice@crepes.fr", "anna@crepes.fr", "abel@crepes.fr", "bob@hamburger.edu", "beth@hamburger.edu"];
    with_more["workload"][0]["from"] = json!(crowd);
    with_more["workload"][0]["to"] = json!(crowd);
    with_more["workload"].as_array_mut().unwrap().insert(
        0,
        json!({ "at": "0s", "until": "30min", "poisson": { "mean_gap": "3min" },
                "from": ["zoe@aaa.org"], "to": ["zed@aaa.org"] }),
    );
    let after = tables_of(&with_more);
    let rows = |tables: &BTreeMap<&str, String>, name| -> Vec<String> {
        tables[name]
            .lines()
            .filter(|line| !line.contains("aaa.org") && !line.contains("nic.org"))
            .map(str::to_owned)
            .collect()
    };
    for name in ["messages", "attempts", "dns_queries", "connections", "queue"] {
        assert_eq!(rows(&before, name), rows(&after, name), "{name}");
        assert!(name != "messages" || after[name].contains("zed@aaa.org"), "the newcomers sent nothing");
    }
}

/// Breaks when an output is more than a reading of the trace.
#[test]
fn outputs_do_not_perturb() {
    let mut bare = random_traffic();
    bare["outputs"] = json!({ "events": false, "transcripts": false, "charts": false });
    assert_eq!(tables_of(&random_traffic()), tables_of(&bare));
    assert_eq!(run_value(&random_traffic()).record.fingerprint, run_value(&bare).record.fingerprint);
}

/// Breaks when recording the windows changes the run, its trace or another file, or when it
/// depends on more than the run.
#[test]
fn recording_windows_changes_no_other_file() {
    let temporary = tempfile::tempdir().unwrap();
    let scenario = temporary.path().join("traffic.json");
    fs::write(&scenario, random_traffic().to_string()).unwrap();
    let go = |name: &str, cwnd: Value| {
        let dir = temporary.path().join(name);
        let set = format!("/outputs/cwnd={cwnd}");
        let (scenario, out) = (scenario.to_str().unwrap(), dir.to_str().unwrap());
        posthaste(&["run", scenario, "--quiet", "--set", "/outputs/events=true", "--set", &set, "--out", out]);
        let mut files = files(&dir, "");
        files.remove("timing.json");
        files.remove("scenario.resolved.json");
        let mut manifest: Value = serde_json::from_slice(&files.remove("manifest.json").unwrap()).unwrap();
        // The scenario says that windows are recorded, so its hash is another.
        manifest["scenario_hash"].take();
        (manifest, files)
    };
    let (without, (with, again)) = (go("without", json!(false)), (go("with", json!(true)), go("again", json!(true))));
    assert!(with == again, "two runs recorded other windows");
    let mut rest = with.1;
    let (windows, chart) = (rest.remove("tables/cwnd.csv").unwrap(), rest.remove("charts/cwnd.svg").unwrap());
    assert!(windows.iter().filter(|byte| **byte == b'\n').count() > 1000 && !chart.is_empty());
    assert_eq!(with.0, without.0);
    let differing: Vec<&String> = without.1.keys().filter(|name| rest.get(*name) != without.1.get(*name)).collect();
    assert!(differing.is_empty() && rest.len() == without.1.len(), "{differing:?}");
    // A choice writes a part of the same rows.
    let (_, chosen) = go("chosen", json!({ "hosts": "crepes.fr", "ports": [25] }));
    let (all, part) = (String::from_utf8(windows).unwrap(), chosen["tables/cwnd.csv"].clone());
    let part = String::from_utf8(part).unwrap();
    let mut left = all.lines();
    assert!(part.lines().all(|row| left.any(|other| other == row)), "rows of the choice are not among all");
    assert!(part.lines().count() < all.lines().count() && part.contains(",crepes.fr,") && !part.contains("-pc."));
}

/// Breaks when an event is not counted by its kind.
#[test]
fn events_by_kind_sum_to_all() {
    let outcome = run_value(&random_traffic()).outcome;
    let counts: BTreeMap<&str, u64> = outcome.kinds.counts().collect();
    assert_eq!(counts.values().sum::<u64>(), outcome.events);
    assert!(counts["link_head"] > counts["tcp_timer"] && counts["tcp_timer"] > 0 && counts["wake"] > 0, "{counts:?}");
    assert_eq!((counts["fault_begins"], counts["fault_ends"], counts["link_loose"]), (1, 1, 0));
}

/// Breaks when something looks ahead to the end of the run.
#[test]
fn a_run_to_an_earlier_end_is_a_prefix() {
    let mut short = random_traffic();
    short["run"]["until"] = json!("20min");
    let (short, long) = (tables_of(&short), tables_of(&random_traffic()));
    let before = |line: &&str| line.split(',').next().and_then(|t| t.parse::<f64>().ok()).is_some_and(|t| t < 1200.0);
    let queue = |tables: &BTreeMap<&str, String>| -> Vec<String> {
        tables["queue"].lines().filter(before).map(str::to_owned).collect()
    };
    assert!(queue(&short).len() > 5);
    assert_eq!(queue(&short), queue(&long));
    let finished = |tables: &BTreeMap<&str, String>| -> Vec<String> {
        let ended = |line: &&str| line.contains(",completed,") && started(line) < 1190.0;
        tables["attempts"].lines().filter(ended).map(str::to_owned).collect()
    };
    assert_eq!(finished(&short), finished(&long));
}

fn started(line: &str) -> f64 {
    line.split(',').nth(4).and_then(|field| field.parse().ok()).unwrap_or(f64::MAX)
}

/// Breaks when the order of keys, white space or escapes in the file reaches the run.
#[test]
fn the_way_a_file_is_written_changes_nothing() {
    let value = scenario_value("ketchup.json");
    let plain = run_value(&value).record.fingerprint;
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let escaped = value.to_string().replace("crepes", "\\u0063repes");
    let mut reversed = String::from("{");
    for (key, inner) in value.as_object().unwrap().iter().rev() {
        reversed.push_str(&format!("{}: {inner},", json!(key)));
    }
    reversed.pop();
    reversed.push('}');
    for text in [pretty, escaped, reversed] {
        assert_eq!(run(&load(&text)).record.fingerprint, plain);
    }
}

/// Breaks when a clone shares something with its original, or leaves something behind.
#[test]
fn a_cloned_world_goes_on_like_its_original() {
    let scenario = load_value(&random_traffic());
    let plan = posthaste::scenario::build::plan(&scenario);
    let recorder = Recorder::new(plan.directory.clone(), RecorderOptions::default());
    let mut original = Simulation::new(World::new(plan, recorder));
    original.advance(SimDuration::from_secs(900));
    let mut clone = original.clone();
    let rest = SimDuration::from_secs(6300);
    assert_eq!(clone.advance(rest), original.advance(rest));
    let fingerprint = |simulation: Simulation<Recorder>| simulation.into_world().detach().1.fingerprint().digest();
    let whole = run(&scenario).record.fingerprint;
    assert_eq!([fingerprint(clone), fingerprint(original)], [whole, whole]);
}
