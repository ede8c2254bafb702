//! Studies as somebody runs them: killed and resumed, in parts and merged, with points that fail and files that break.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use common::binary::{Ran, posthaste, table};

/// Some mail every few seconds over a lossy link, and a plan of how lossy and how long it is.
fn place(vary: &Value, replications: u32) -> TempDir {
    let dir = TempDir::new().unwrap();
    let scenario = json!({
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "workload": [{ "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "every": "20s", "times": 8 }],
        "run": { "until": "2h" },
        "expect": [{ "metric": "messages.delivered", "equals": 8 }]
    });
    fs::write(dir.path().join("scenario.json"), scenario.to_string()).unwrap();
    plan(dir.path(), vary, replications);
    dir
}

fn plan(dir: &Path, vary: &Value, replications: u32) {
    let plan = json!({
        "scenario": "scenario.json",
        "vary": vary,
        "replications": replications,
        "metrics": ["latency.mean_s", "latency.max_s", "messages.delivered"],
    });
    fs::write(dir.join("study.json"), plan.to_string()).unwrap();
}

fn lossy(losses: &[f64]) -> Value {
    json!([
        { "name": "loss", "pointer": "/network/backbone/loss", "values": losses },
        { "name": "delay", "pointer": "/network/backbone/delay", "values": ["10ms", "80ms"] }
    ])
}

fn sweep(dir: &Path, args: &[&str]) -> Ran {
    posthaste(dir, &[&["sweep"], args].concat())
}

/// What `sweep run` says it did: runs made, kept and failed.
fn counts(ran: &Ran) -> [u64; 3] {
    let line = ran.stdout.lines().find(|line| line.starts_with("runs")).unwrap_or_else(|| panic!("{}", ran.stderr));
    let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().unwrap()
}

/// The bytes of all tables.
fn tables(dir: &Path, out: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir.join(out).join("tables")).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn records(dir: &Path, out: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir(dir.join(out).join("records")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
    files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect()
}

fn begin(dir: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
    command.arg("sweep").args(args).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Waits until there are so many records; whether the process was still at work then.
fn until_records(dir: &Path, out: &str, child: &mut Child, count: usize) -> bool {
    while records(dir, out).len() < count {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.try_wait().unwrap().is_none()
}

/// Would break if a record could be half there, or what a killed process had finished were lost or run again.
#[test]
fn a_study_that_is_killed_twenty_times_ends_like_one_that_was_not() {
    let losses: Vec<f64> = (0..15).map(|number| f64::from(number) / 100.0).collect();
    let place = place(&lossy(&losses), 4);
    let dir = place.path();
    let run = sweep(dir, &["run", "study.json", "--out", "whole"]);
    assert_eq!((run.code, counts(&run)), (0, [120, 0, 0]), "{}", run.stderr);
    // Where it is killed looks random, and is the same each time as far as it can be.
    let mut state = 0x2545_f491_u32;
    let mut killed = 0;
    for _ in 0..20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let before = records(dir, "killed").len();
        let mut child = begin(dir, &["run", "study.json", "--out", "killed", "--jobs", "3"]);
        let at_work = until_records(dir, "killed", &mut child, before + (state >> 30) as usize);
        std::thread::sleep(Duration::from_micros(u64::from(state >> 18)));
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(at_work);
        assert!(records(dir, "killed").len() >= before);
    }
    assert_eq!(killed, 20, "the study was under way each time");
    let there = records(dir, "killed").len() as u64;
    let run = sweep(dir, &["run", "study.json", "--out", "killed"]);
    assert_eq!((run.code, counts(&run)), (0, [120 - there, there, 0]), "{}", run.stderr);
    assert_eq!(tables(dir, "killed"), tables(dir, "whole"));
    let rest = fs::read_dir(dir.join("killed/records")).unwrap().flatten();
    let names = rest.flat_map(|folder| fs::read_dir(folder.path()).unwrap()).map(|file| file.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().ends_with(".tmp")).count(), 0);
}

/// Would break if threads or shards moved a result, or a part were taken for the whole.
#[test]
fn threads_shards_and_single_points_give_the_same_tables() {
    let place = place(&lossy(&[0.0, 0.05, 0.2]), 3);
    let dir = place.path();
    for jobs in ["1", "2", "4"] {
        let run = sweep(dir, &["run", "study.json", "--out", jobs, "--jobs", jobs]);
        assert_eq!((run.code, counts(&run)), (0, [18, 0, 0]), "{}", run.stderr);
        assert_eq!(tables(dir, jobs), tables(dir, "1"));
    }
    // Shards in folders of their own, and in one that they share.
    for (shard, out) in [("1/3", "a"), ("0/3", "b"), ("2/3", "a")] {
        let run = sweep(dir, &["run", "study.json", "--shard", shard, "--out", out]);
        assert_eq!((run.code, counts(&run)), (0, [6, 0, 0]), "{}", run.stderr);
        assert!(!dir.join(out).join("tables").exists(), "a part has no tables");
    }
    let merge = sweep(dir, &["merge", "study.json", "--out", "a"]);
    assert_eq!(merge.code, 5, "{}", merge.stderr);
    assert!(merge.stderr.contains("2 lack runs"), "{}", merge.stderr);
    assert_eq!(table(&dir.join("a"), "failures").len(), 6);
    let status = sweep(dir, &["status", "study.json", "--out", "a", "--shards", "3", "--json"]);
    let told: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((status.code, &told["points_missing"], &told["runs_done"]), (5, &json!(2), &json!(12)));
    let missing: Vec<&Value> = told["shards"].as_array().unwrap().iter().map(|part| &part["points_missing"]).collect();
    assert_eq!(missing, [&json!(2), &json!(0), &json!(0)]);
    let merge = sweep(dir, &["merge", "study.json", "--out", "c", "b", "a"]);
    assert_eq!(merge.code, 0, "{}", merge.stderr);
    assert_eq!(tables(dir, "c"), tables(dir, "1"));
    assert_eq!(sweep(dir, &["status", "c"]).code, 0);
    let run = sweep(dir, &["run", "study.json", "--out", "c"]);
    assert_eq!(counts(&run), [0, 18, 0]);
    let only = sweep(dir, &["run", "study.json", "--out", "only", "--only", "4", "--only", "1"]);
    assert_eq!((only.code, counts(&only)), (0, [6, 0, 0]));
    let name = records(dir, "only")[0].file_stem().unwrap().to_str().unwrap()[..12].to_owned();
    if name.contains(char::is_alphabetic) {
        let only = sweep(dir, &["run", "study.json", "--out", "only", "--only", &name]);
        assert_eq!((only.code, counts(&only)), (0, [0, 3, 0]));
    }
    let none = sweep(dir, &["run", "study.json", "--only", "6"]);
    assert_eq!((none.code, none.stderr.contains("the study has 6 points")), (2, true), "{}", none.stderr);
    assert_eq!(sweep(dir, &["run", "study.json", "--shard", "3/3"]).code, 2);
}

/// Would break if more replications or values ran again what is there.
#[test]
fn only_what_is_new_is_run() {
    let place = place(&lossy(&[0.0, 0.1]), 2);
    let dir = place.path();
    assert_eq!(counts(&sweep(dir, &["run", "study.json"])), [8, 0, 0]);
    let before: Vec<_> =
        records(dir, "results/study").into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    plan(dir, &lossy(&[0.02, 0.0, 0.1]), 3);
    assert_eq!(counts(&sweep(dir, &["run", "study.json"])), [10, 8, 0]);
    for (bytes, path) in before {
        assert_eq!(fs::read(path).unwrap(), bytes);
    }
    let fresh = sweep(dir, &["run", "study.json", "--out", "fresh"]);
    assert_eq!(counts(&fresh), [18, 0, 0]);
    assert_eq!(tables(dir, "results/study"), tables(dir, "fresh"));
    let about: Value = serde_json::from_slice(&fs::read(dir.join("fresh/study.json")).unwrap()).unwrap();
    assert_eq!((&about["results"]["complete"], &about["results"]["runs_done"]), (&json!(true), &json!(18)));
    assert!(about["program"]["compiler"].as_str().unwrap().starts_with("rustc "), "{about}");
    // Somebody can repeat a run by what the tables say of it.
    let row = &table(&dir.join("fresh"), "results")[9];
    let loss = format!("/network/backbone/loss={}", row["loss"]);
    let again = posthaste(
        dir,
        &[
            "run",
            "scenario.json",
            "--json",
            "--seed",
            &row["seed"],
            "--set",
            &loss,
            "--set",
            "/network/backbone/delay=80ms",
        ],
    );
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((row["metric"].as_str(), row["delay_s"].as_str()), ("latency.mean_s", "0.08"));
    assert_eq!(again["metrics"]["latency.mean_s"].to_string(), row["value"]);
}

/// Would break if a point that fails took others with it, or went unrecorded.
#[test]
fn failing_points_and_damaged_records() {
    let vary = json!([{ "name": "events", "pointer": "/limits/events", "values": [1_000_000, 300, 900_000] }]);
    let place = place(&vary, 2);
    let dir = place.path();
    let run = sweep(dir, &["run", "study.json", "--out", "out"]);
    assert_eq!((run.code, counts(&run)), (5, [6, 0, 2]), "{}", run.stderr);
    assert!(
        run.stderr.contains("point 1 failed") && run.stderr.contains("limits.events was reached"),
        "{}",
        run.stderr
    );
    let failures = table(&dir.join("out"), "failures");
    let kinds: Vec<_> = failures.iter().map(|row| (&*row["point"], &*row["replication"], &*row["kind"])).collect();
    assert_eq!(kinds, [("1", "0", "limit"), ("1", "1", "limit")]);
    assert_eq!(table(&dir.join("out"), "results").len(), 2 * 2 * 3);
    let again = sweep(dir, &["run", "study.json", "--out", "out"]);
    assert_eq!((again.code, counts(&again)), (5, [0, 6, 2]));
    let again = sweep(dir, &["run", "study.json", "--out", "out", "--retry-failed"]);
    assert_eq!((again.code, counts(&again)), (5, [2, 4, 2]));
    let status = sweep(dir, &["status", "out"]);
    assert!(status.stdout.contains("3: 2 complete, 1 failed, 0 missing"), "{}", status.stdout);
    let before = tables(dir, "out");
    let broken = &records(dir, "out")[2];
    let text = fs::read_to_string(broken).unwrap();
    fs::write(broken, &text[..text.len() / 2]).unwrap();
    let merge = sweep(dir, &["merge", "study.json", "--out", "out"]);
    assert_eq!((merge.code, merge.stderr.contains("is damaged: ")), (5, true), "{}", merge.stderr);
    let mended = sweep(dir, &["run", "study.json", "--out", "out"]);
    assert_eq!(counts(&mended)[..2], [1, 5], "{}", mended.stderr);
    assert!(mended.stderr.contains("its run is made anew"), "{}", mended.stderr);
    assert_eq!(tables(dir, "out"), before);
    fs::write(dir.join("out/study.json"), "{").unwrap();
    for args in
        [&["run", "study.json", "--out", "out"][..], &["status", "out"], &["merge", "study.json", "--out", "out"]]
    {
        let refused = sweep(dir, args);
        assert_eq!((refused.code, refused.stderr.contains("records are kept")), (4, true), "{}", refused.stderr);
    }
    fs::remove_file(dir.join("out/study.json")).unwrap();
    let refused = sweep(dir, &["run", "study.json", "--out", "out"]);
    assert_eq!((refused.code, refused.stderr.contains("nothing was changed")), (4, true), "{}", refused.stderr);
    assert_eq!(tables(dir, "out"), before);
}

/// Would break if rows of the warm-up counted, or nobody were told what counts the whole run.
#[test]
fn what_happens_in_the_warm_up_does_not_count() {
    let place = place(&lossy(&[0.05, 0.1]), 2);
    let dir = place.path();
    let path = dir.join("study.json");
    let mut plan: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    plan["warm_up"] = json!("70s");
    plan["metrics"] = json!([{ "count": "messages" }, { "mean": "messages.latency_s" }, "messages.delivered"]);
    plan["compare"] = json!([{ "parameter": "loss", "against": 0.05 }]);
    fs::write(&path, plan.to_string()).unwrap();
    let run = sweep(dir, &["run", "study.json", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("warm-up included: messages.delivered ("), "{}", run.stderr);
    let verdicts: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("delay_s ")).collect();
    assert_eq!(verdicts.len(), 6, "{}", run.stdout);
    for row in table(&dir.join("out"), "results").chunks(3).step_by(3) {
        let [loss, delay] = ["loss", "delay_s"].map(|name| row[0][name].clone());
        let set = [format!("/network/backbone/loss={loss}"), format!("/network/backbone/delay={delay}s")];
        let args =
            ["run", "scenario.json", "--out", "one", "--seed", &row[0]["seed"], "--set", &set[0], "--set", &set[1]];
        posthaste(dir, &args);
        let messages = table(&dir.join("one"), "messages");
        let late = messages.iter().filter(|message| message["composed_s"].parse::<f64>().unwrap() >= 70.0);
        let latencies: Vec<f64> = late.map(|message| message["latency_s"].parse().unwrap()).collect();
        assert!(latencies.len() < messages.len() && !latencies.is_empty(), "{latencies:?}");
        assert_eq!(row[0]["value"], latencies.len().to_string());
        let mean = latencies.iter().sum::<f64>() / latencies.len() as f64;
        assert!((row[1]["value"].parse::<f64>().unwrap() - mean).abs() < 1e-9);
        assert_eq!(row[2]["value"], messages.len().to_string());
    }
}

/// Would break if Ctrl-C lost what was finished, or tables were made of a part.
#[test]
#[cfg(unix)]
fn interrupted_studies_keep_what_is_finished() {
    let losses: Vec<f64> = (0..20).map(|number| f64::from(number) / 100.0).collect();
    let place = place(&lossy(&losses), 3);
    let dir = place.path();
    for signal in ["-INT", "-TERM"] {
        let mut child = begin(dir, &["run", "study.json", "--out", "out", "--jobs", "2"]);
        let before = records(dir, "out").len();
        assert!(until_records(dir, "out", &mut child, before + 4), "it is at work");
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(!dir.join("out/tables").exists());
    }
    let there = records(dir, "out").len() as u64;
    let run = sweep(dir, &["run", "study.json", "--out", "out"]);
    assert_eq!((run.code, counts(&run)), (0, [120 - there, there, 0]), "{}", run.stderr);
}

/// A plan of outages that begin after half an hour, some of which last longer than others.
fn outages(dir: &Path, shared: bool, replications: &Value) {
    let outage = |minutes: u32| json!([{ "host": "hamburger.edu", "at": "30min", "for": format!("{minutes}min") }]);
    let value = |minutes: u32| json!({ "label": format!("{minutes}min"), "value": outage(minutes) });
    let early = json!({ "label": "early", "value": [{ "host": "hamburger.edu", "at": "1min", "for": "5min" }] });
    let plan = json!({
        "scenario": "scenario.json",
        "set": { "/network/backbone/loss": 0.05, "/workload/0/times": 200 },
        "vary": [{ "name": "outage", "pointer": "/faults", "values": [value(1), value(20), value(50), early] }],
        "replications": replications,
        "warm_up": { "until": "30min", "shared": shared },
        "metrics": ["latency.mean_s", { "name": "late", "count": "messages", "where": { "latency_s": { "at_least": 60 } } }],
    });
    fs::write(dir.join("study.json"), plan.to_string()).unwrap();
}

/// Would break if a clone of a warmed-up world went on in another way than a run of its own, if a shared warm-up changed
/// what a record is called, or if runs made together were made again or counted twice.
#[test]
fn points_that_share_a_warm_up_leave_what_others_leave() {
    let dir = place(&json!([]), 1);
    let kept = |out: &str| -> BTreeMap<PathBuf, Vec<u8>> {
        let root = dir.path().join(out);
        let of = |path: PathBuf| (path.strip_prefix(&root).unwrap().to_owned(), fs::read(&path).unwrap());
        records(dir.path(), out).into_iter().map(of).collect()
    };
    for replications in
        [json!(3), json!({ "min": 2, "max": 4, "seed": 9, "stop": { "relative": 0.05, "metrics": ["late"] } })]
    {
        outages(dir.path(), false, &replications);
        let alone = sweep(dir.path(), &["run", "study.json", "--out", "alone", "--jobs", "2"]);
        assert!(alone.code == 0 || alone.code == 5, "{}", alone.stderr);
        assert!(!alone.stdout.contains("shared"), "{}", alone.stdout);
        outages(dir.path(), true, &replications);
        let together = sweep(dir.path(), &["run", "study.json", "--out", "together", "--jobs", "2"]);
        assert_eq!(together.code, alone.code, "{}", together.stderr);
        assert!(together.stdout.contains("from shared warm-ups"), "{}", together.stdout);
        assert_eq!(kept("together"), kept("alone"));
        assert_eq!(tables(dir.path(), "together"), tables(dir.path(), "alone"));
        let again = sweep(dir.path(), &["run", "study.json", "--out", "together"]);
        assert_eq!(counts(&again)[0], 0, "{}", again.stdout);
    }
}

/// A plan with charts of every kind.
fn drawn(dir: &Path) {
    let plan = json!({
        "scenario": "scenario.json",
        "vary": lossy(&[0.0, 0.1, 0.2]),
        "replications": 3,
        "metrics": ["latency.mean_s", "messages.delivered"],
        "formulas": [{ "name": "least_s", "formula": "0.2 + 4 * delay" }],
        "charts": [
            { "name": "loss", "title": "Later over lossy links", "lines": "latency.mean_s", "x": "loss", "series": "delay",
              "beside": "least_s" },
            { "name": "panels", "lines": "latency.mean_s", "x": "loss", "panels": "delay" },
            { "name": "leftover", "lines": "latency.mean_s", "x": "loss" },
            { "name": "map", "heat_map": "latency.mean_s", "x": "loss", "y": "delay" },
        ],
    });
    fs::write(dir.join("study.json"), plan.to_string()).unwrap();
}

/// Would break if a declared chart were not drawn, were drawn of something else, or hid that runs are missing.
#[test]
fn a_study_draws_what_its_plan_declares() {
    let dir = place(&json!([]), 1);
    drawn(dir.path());
    let ran = sweep(dir.path(), &["run", "study.json", "--out", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = |name: &str| {
        let svg = fs::read_to_string(dir.path().join("out/charts").join(format!("{name}.svg"))).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        document.descendants().filter_map(|node| node.text()).collect::<Vec<_>>().join("|")
    };
    for (name, parts) in [
        ("loss", ["Later over lossy links", "3 replications a point", "delay 10ms", "least s"]),
        ("panels", ["delay 10ms", "delay 80ms", "95 % interval", "latency mean (s)"]),
        ("leftover", ["delay 10ms", "delay 80ms", "loss", "latency mean (s)"]),
        ("map", ["10ms", "80ms", "0.2", "latency mean (s)"]),
    ] {
        for part in parts {
            assert!(text(name).contains(part), "{name}: {part}\n{}", text(name));
        }
    }
    let listed = sweep(dir.path(), &["chart", "study.json", "--list"]);
    assert!(listed.stdout.contains("loss      Later over lossy links"), "{}", listed.stdout);
    let png = sweep(dir.path(), &["chart", "out", "map", "--for", "paper", "-o", "map.png"]);
    assert_eq!(png.code, 0, "{}", png.stderr);
    assert!(fs::read(dir.path().join("map.png")).unwrap().starts_with(b"\x89PNG"));
    let wrong = sweep(dir.path(), &["chart", "study.json", "los", "--out", "out"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean \"loss\"?"), "{}", wrong.stderr);
    // what is missing is said
    for record in records(dir.path(), "out").iter().take(1) {
        fs::remove_file(record).unwrap();
    }
    assert_eq!(sweep(dir.path(), &["merge", "study.json", "--out", "out"]).code, 5);
    assert!(text("map").contains("of 6 points 1 are not complete"), "{}", text("map"));
}

/// Would break if a study were written over what somebody else keeps, or into another study of the same name.
#[test]
fn folders_of_others_are_left_alone() {
    let dir = place(&lossy(&[0.0]), 1);
    let run = |plan: &str, out: &str| sweep(dir.path(), &["run", plan, "--out", out]);
    fs::create_dir_all(dir.path().join("mine/charts")).unwrap();
    fs::write(dir.path().join("mine/charts/loss.svg"), "precious").unwrap();
    let ran = run("study.json", "mine");
    assert_eq!(ran.code, 4, "{}", ran.stdout);
    assert!(ran.stderr.contains("it holds \"charts\" and no study.json"), "{}", ran.stderr);
    assert!(!dir.path().join("mine/records").exists());
    // the same name elsewhere, and another plan
    assert_eq!(run("study.json", "out").code, 0);
    let before = tables(dir.path(), "out");
    fs::create_dir(dir.path().join("other")).unwrap();
    let text = fs::read_to_string(dir.path().join("study.json")).unwrap();
    let other = text.replace("\"scenario.json\"", "\"../scenario.json\"").replace("[0.0]", "[0.2]");
    fs::write(dir.path().join("other/study.json"), other).unwrap();
    let ran = run("other/study.json", "out");
    assert_eq!(ran.code, 4, "{}", ran.stdout);
    assert!(ran.stderr.contains("it is the folder of the plan"), "{}", ran.stderr);
    assert_eq!(tables(dir.path(), "out"), before);
    // an edited plan goes on in its folder
    plan(dir.path(), &lossy(&[0.0, 0.2]), 1);
    assert_eq!(run("study.json", "out").code, 0);
}
