//! Plans as users meet them: the examples in the documentation, the plans that are shipped, the schema, and what
//! `sweep plan` says.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{binary, root};
use posthaste::sweep::plan;
use serde_json::Value;

/// The program's answer: exit code, stdout, stderr.
fn posthaste(args: &[&str]) -> (i32, String, String) {
    let ran = binary::posthaste(&root(), args);
    (ran.code, ran.stdout, ran.stderr)
}

/// Breaks when schema/plan.json is stale: `posthaste schema --plan > schema/plan.json`.
#[test]
fn the_schema_of_plans_is_current() {
    let kept: Value = serde_json::from_str(&fs::read_to_string(root().join("schema/plan.json")).unwrap()).unwrap();
    assert_eq!(kept, plan::json_schema());
    let (code, out, _) = posthaste(&["schema", "--plan"]);
    assert_eq!((code, out.as_str()), (0, fs::read_to_string(root().join("schema/plan.json")).unwrap().as_str()));
}

/// Breaks when a plan in the documentation is none, or its scenario no longer has what it varies.
#[test]
fn the_examples_of_the_documentation_are_plans() {
    let page = fs::read_to_string(root().join("docs/sweeps.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for block in page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let file = folder.path().join("plan.json");
        let scenarios = format!("\"{}/scenarios/", root().display());
        fs::write(&file, block.replace("\"scenarios/", &scenarios)).unwrap();
        let study = plan::load(&file).unwrap_or_else(|error| panic!("{error}\n{block}"));
        assert!(!study.points.is_empty());
        tried += 1;
    }
    assert!(tried >= 2, "{tried}");
}

/// Breaks when a plan that is shipped is wrong at one of its points.
#[test]
fn the_plans_that_are_shipped_are_valid() {
    let Ok(entries) = fs::read_dir(root().join("scenarios/studies")) else { return };
    let is_plan = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        value.get("vary").is_some() || value.get("extends").is_some()
    };
    let json = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    for path in entries.map(|entry| entry.unwrap().path()).filter(json).filter(is_plan) {
        plan::load_trying(&path, plan::TRIED_WELL).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Breaks when counts, times or points of a plan are not told, or are told wrongly.
#[test]
fn a_plan_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("study.json");
    let scenario = root().join("scenarios/ketchup.json");
    let plan = serde_json::json!({
        "title": "Far away",
        "scenario": scenario,
        "vary": [{ "name": "delay", "pointer": "/network/backbone/delay", "range": { "from": "1ms", "to": "20ms", "step": "1ms" } }],
        "replications": { "min": 2, "max": 5, "stop": { "relative": 0.1 } },
        "metrics": ["latency.mean_s"]
    });
    fs::write(&file, plan.to_string()).unwrap();
    let file = file.display().to_string();
    let (code, out, err) = posthaste(&["sweep", "plan", &file, "--no-pilot"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for words in ["Far away", "points        20", "runs          40 to 100", "point  delay_s", "5 points are not shown"]
    {
        assert!(out.contains(words), "{words}\n{out}");
    }
    let (code, out, _) = posthaste(&["sweep", "plan", &file, "--json", "--all", "--target-minutes", "0.001"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["points"], &told["runs"]["max"]), (0, &Value::from(20), &Value::from(100)));
    assert_eq!(told["listed"][19]["values"]["delay_s"], Value::from(0.02));
    let shards = told["shards"].as_u64().unwrap();
    assert!((1..=20).contains(&shards) && told["seconds_on_one_core"]["max"].as_f64().unwrap() > 0.0, "{told}");
    let (code, _, err) = posthaste(&["sweep", "plan", &file, "--no-pilot", "--target-minutes", "5"]);
    assert!(code == 2 && err.contains("leave out --no-pilot"), "{err}");
    let slip = plan.to_string().replace("/network/backbone/delay", "/mail/hamburgr.edu/retry/every");
    fs::write(folder.path().join("slip.json"), slip).unwrap();
    let slip = folder.path().join("slip.json").display().to_string();
    let (code, _, err) = posthaste(&["sweep", "plan", &slip, "--no-pilot"]);
    let note =
        "note, at the first point: the mail domain \"hamburgr.edu\" has no users; did you mean \"hamburger.edu\"?";
    assert!(code == 0 && err.contains(note), "{err}");
    let (code, _, err) = posthaste(&["sweep", "plan", "no-such-plan.json"]);
    assert!(code == 4 && err.contains("cannot read no-such-plan.json"), "{err}");
    fs::write(folder.path().join("bad.json"), "{ \"scenrio\": 1 }").unwrap();
    let (code, _, err) = posthaste(&["sweep", "plan", &folder.path().join("bad.json").display().to_string()]);
    assert!(code == 3 && err.contains("did you mean \"scenario\"?"), "{err}");
}
