//! The documents against the program: keys, defaults, examples, answers, and the committed
//! example result and picture.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::binary::{posthaste, table, too_large_here, workplace};
use common::{differences, root};
use posthaste::scenario;
use serde_json::{Value, json};

type Rows = Vec<BTreeMap<String, String>>;

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where docs/scenario.md treats the properties of each type of the schema.
const SECTIONS: &[(&str, &str)] = &[
    ("", "## Top level"),
    ("Network", "## `network`"),
    ("LinkDefaults", "### Link properties"),
    ("Host", "### `network.hosts`"),
    ("Link", "### `network.links`"),
    ("Tcp", "### `network.tcp`"),
    ("Dns", "## `dns`"),
    ("Zone", "### `dns.zones`"),
    ("Record", "### `dns.zones`"),
    ("NameServer", "### `dns.servers`"),
    ("MailDomain", "## `mail`"),
    ("Retry", "## `mail`"),
    ("User", "## `users`"),
    ("Entry", "## `workload`"),
    ("Poisson", "## `workload`"),
    ("Fault", "## `faults`"),
    ("Run", "## `run`"),
    ("Limits", "## `limits`"),
    ("Expect", "## `expect`"),
    ("Outputs", "## `outputs`"),
];

/// The part of a document under a heading, up to the next heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}")) + 1;
    let rest = &text[start + heading.len()..];
    &rest[..rest.find("\n#").unwrap_or(rest.len())]
}

/// The value that a description of the schema names as default, as it is written in JSON.
fn stated_default(description: &str) -> Option<&str> {
    let (_, rest) = description.split_once("Default: ")?;
    if let Some(text) = rest.strip_prefix('"') {
        return Some(&rest[..text.find('"')? + 2]);
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|word| word.parse::<f64>().is_ok() || ["true", "false"].contains(word))
}

/// Breaks when a key of the schema is missing in docs/scenario.md, or a default differs.
#[test]
fn every_key_of_the_schema_is_documented_with_its_default() {
    let text = read("docs/scenario.md");
    let schema: Value = serde_json::from_str(&read("schema/scenario.json")).unwrap();
    let mut types: BTreeMap<&str, &Value> =
        schema["$defs"].as_object().unwrap().iter().map(|(name, shape)| (name.as_str(), shape)).collect();
    types.insert("", &schema);
    for (name, shape) in types {
        let Some(properties) = shape["properties"].as_object().filter(|properties| !properties.is_empty()) else {
            continue;
        };
        let (_, heading) = SECTIONS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| {
            panic!("docs/scenario.md has no section for the type {name}");
        });
        let rows = section(&text, heading);
        for (key, property) in properties {
            let mut found = rows.lines().filter(|line| line.starts_with(&format!("| `{key}` |"))).peekable();
            assert!(found.peek().is_some(), "docs/scenario.md, {heading}: no row for {key}");
            let default = property["description"].as_str().and_then(stated_default);
            if let Some(default) = default {
                assert!(found.any(|row| row.contains(default)), "{heading}: {key} has the default {default}");
            }
        }
    }
}

fn merge(base: &mut Value, addition: &Value) {
    match (base, addition) {
        (Value::Object(base), Value::Object(addition)) => {
            for (key, value) in addition {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, addition) => *base = addition.clone(),
    }
}

/// Breaks when an example of docs/scenario.md is no longer a valid piece of a scenario.
#[test]
fn every_example_of_the_scenario_reference_is_valid() {
    let text = read("docs/scenario.md");
    let examples: Vec<Value> = text
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .map(|json| serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}")))
        .collect();
    assert!(examples.len() >= 15);
    for example in &examples {
        let mut whole = json!({});
        merge(&mut whole, &examples[0]);
        merge(&mut whole, example);
        if let Err(errors) = scenario::load("docs/scenario.md", &whole.to_string()) {
            panic!("{example}\n{errors}");
        }
    }
}

/// Breaks when a result file, a metric's group or a chart is not explained.
#[test]
fn every_file_of_a_result_is_explained() {
    let text = read("docs/results.md");
    let place = workplace();
    let run = ["run", "scenarios/ketchup.json", "--quiet", "--out", "k", "--set", "/outputs/events=true"];
    assert_eq!(posthaste(place.path(), &run).code, 0);
    for name in common::files(&place.path().join("k"), &place.path().join("k")) {
        let file = Path::new(&name).file_name().unwrap().to_str().unwrap();
        let named = [file, file.trim_end_matches(".svg")].iter().any(|word| text.contains(&format!("`{word}`")));
        assert!(named || name.starts_with("transcripts/"), "docs/results.md does not explain {name}");
    }
    let manifest: Value = serde_json::from_slice(&fs::read(place.path().join("k/manifest.json")).unwrap()).unwrap();
    for field in manifest.as_object().unwrap().keys() {
        assert!(text.contains(&format!("`{field}`")), "docs/results.md does not explain the manifest's {field}");
    }
    let summary: Value = serde_json::from_slice(&fs::read(place.path().join("k/summary.json")).unwrap()).unwrap();
    let metrics = section(&text, "## Metrics");
    for metric in summary["metrics"].as_object().unwrap().keys().filter(|name| !name.starts_with("phase.")) {
        let (_, last) = metric.split_once('.').unwrap();
        assert!(metrics.contains(metric.as_str()) || metrics.contains(&format!("`.{last}`")), "{metric} is missing");
    }
}

/// Breaks when the committed example or the README's picture is not what the program makes.
/// To make them anew, see results/README.md.
#[test]
fn the_committed_example_and_picture_are_fresh() {
    let place = workplace();
    assert_eq!(posthaste(place.path(), &["run", "scenarios/ketchup.json", "-q", "--out", "example"]).code, 0);
    let stale = differences(&place.path().join("example"), &root().join("results/example"), &["timing.json"]);
    assert!(stale.is_empty(), "results/example is stale: {stale:?}");
    assert!(!root().join("results/example/timing.json").exists(), "timing.json differs from run to run");
    assert_eq!(posthaste(place.path(), &["run", "scenarios/outage-queue.json", "-q", "--out", "outage"]).code, 0);
    let fresh = fs::read_to_string(place.path().join("outage/charts/queue_length.svg")).unwrap();
    assert!(fresh == read("docs/images/outage-queue.svg"), "docs/images/outage-queue.svg is stale");
}

/// Breaks when a notebook has outputs, or its two forms say different things.
#[test]
fn notebooks_are_paired_and_without_outputs() {
    let notebook: Value = serde_json::from_str(&read("notebooks/latency_by_phase.ipynb")).unwrap();
    let script = read("notebooks/latency_by_phase.py");
    for cell in notebook["cells"].as_array().unwrap() {
        let code = cell["cell_type"] == "code";
        assert!(!code || cell["outputs"] == json!([]) && cell["execution_count"].is_null(), "a cell has outputs");
        for line in cell["source"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().trim_end()) {
            assert!(script.contains(line), "only in the notebook: {line}");
        }
    }
    let markers = script.lines().filter(|line| line.starts_with("# %%")).count();
    assert_eq!(notebook["cells"].as_array().unwrap().len(), markers, "the two forms have different cells");
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// The sentences that scenarios/README.md has from a run of that scenario.
fn answers(scenario: &str, run: &Path) -> Vec<String> {
    let rows = |name: &str| -> Rows { table(run, name) };
    let count = |rows: &Rows, column: &str, value: &str| rows.iter().filter(|row| row[column] == value).count();
    match scenario {
        "ketchup" => {
            let (message, dns) = (&rows("messages")[0], rows("dns_queries"));
            let millis = |column: &str| (number(message, column) * 1e3).round();
            let stubs = count(&dns, "role", "stub");
            assert_eq!((number(message, "dialogue_s") / 0.084).round(), 5.0);
            vec![
                format!("{} ms of {} ms", millis("dialogue_s"), millis("latency_s")),
                format!("{} in the whole run, reading included: {stubs} by programs", dns.len()),
                format!("{} by resolvers to name servers", dns.len() - stubs),
            ]
        }
        "recipient-down" => {
            let (message, attempts) = (&rows("messages")[0], rows("attempts"));
            let starts: Vec<f64> = attempts.iter().map(|row| number(row, "started_s")).collect();
            assert!(starts.windows(2).all(|pair| (pair[1] - pair[0] - 1800.0).abs() < 1e-6));
            let last = attempts.last().unwrap();
            assert_eq!(last["outcome"], "completed");
            vec![
                format!("There are {}, each exactly 1800 s", attempts.len()),
                format!("at {} s, is the first", starts.last().unwrap().floor()),
                format!("{} s: TCP sends the SYN six times", number(&attempts[1], "ended_s").floor() - 1800.0),
                format!("make {} s of connecting", number(message, "connecting_s").floor()),
            ]
        }
        "returned-to-sender" => {
            let messages = rows("messages");
            let bounce = messages.iter().find(|row| !row["bounce_of"].is_empty()).unwrap();
            vec![
                format!("{}: the first, and one every 30 minutes", rows("attempts").len()),
                format!("At {} s: five days after", number(bounce, "composed_s").floor()),
            ]
        }
        "several-messages-one-connection" => {
            let attempts = rows("attempts");
            let mut used: Vec<&String> =
                attempts.iter().filter(|row| row["outcome"] == "completed").map(|row| &row["connection"]).collect();
            let copies = used.len();
            used.dedup();
            let dialogue = fs::read_to_string(run.join("transcripts/smtp-crepes.fr-2.txt")).unwrap();
            let data = dialogue.lines().filter(|line| *line == "C: DATA").count();
            vec![format!("copies?* {}.", used.len()), format!("{data} times for {copies} copies")]
        }
        "dns-cache" => {
            let dns = rows("dns_queries");
            let stubs: Vec<_> = dns.iter().filter(|row| row["role"] == "stub").collect();
            let missed = stubs.iter().filter(|row| row["cache"] == "miss");
            let (first, others) = dns
                .iter()
                .filter(|row| row["role"] == "resolver")
                .fold((0, 0), |(a, b), row| if number(row, "time_s") < 1.0 { (a + 1, b) } else { (a, b + 1) });
            let times: Vec<f64> = missed.clone().map(|row| number(row, "time_s")).collect();
            assert_eq!(times, [0.0, 40.0, 80.0]);
            assert_eq!(others, 2);
            let millis = |at: usize| (number(stubs[at], "latency_s") * 1e3).round();
            vec![
                format!("pass on?* {}: at 0 s, 40 s and 80 s. The first costs {first} questions", missed.count()),
                format!("{} ms the first time, {} ms when", millis(0), millis(1)),
                format!("{} ms when only the record", millis(4)),
            ]
        }
        "two-devices-one-mailbox" => {
            let mut sessions = Vec::new();
            for host in ["bob-laptop", "bob-pc"] {
                for text in (1..).map_while(|n| {
                    fs::read_to_string(run.join(format!("transcripts/pop3-{host}.hamburger.edu-{n}.txt"))).ok()
                }) {
                    let after = |mark: &str| text.split_once(mark).unwrap().1.split(' ').next().unwrap().to_owned();
                    let found = after("C: LIST\nS: +OK ");
                    sessions.push((after("# start: ").parse::<f64>().unwrap(), found));
                }
            }
            sessions.sort_by(|a, b| a.0.total_cmp(&b.0));
            let found = list(sessions.iter().map(|(_, found)| found));
            vec![format!("In order of time {found}."), format!("The {} that the desktop", sessions[1].1)]
        }
        "outage-queue" => {
            let attempts = rows("attempts");
            let longest = rows("queue").iter().map(|row| number(row, "copies")).fold(0.0, f64::max);
            let late = attempts.iter().filter(|row| row["outcome"] == "completed" && row["attempt"] != "1");
            let last = late.map(|row| number(row, "ended_s")).fold(0.0, f64::max);
            let most = attempts.iter().map(|row| number(row, "attempt")).fold(0.0, f64::max);
            let slowest = rows("messages").iter().map(|row| number(row, "latency_s")).fold(0.0, f64::max);
            vec![
                format!("get?* {longest} copies."),
                format!("{:.1} minutes, although", (last - 11_400.0) / 60.0),
                format!("needed {most} attempts and {:.2} h", slowest / 3600.0),
            ]
        }
        "campus-day" => {
            let (messages, dns) = (rows("messages"), rows("dns_queries"));
            let summary: Value = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
            let millis = |name: &str| (summary["metrics"][name].as_f64().unwrap() * 1e3).round();
            vec![
                format!("median {} ms and the 95th percentile {} ms", millis("latency.p50_s"), millis("latency.p95_s")),
                format!("{} of {} copies stay", count(&messages, "attempts", "0"), messages.len()),
                format!("{} times: afterwards", count(&dns, "to", "a.root-servers.net")),
            ]
        }
        other => panic!("scenarios/README.md has no checked answers for {other}: add them here"),
    }
}

/// Breaks when a scenario has no section in scenarios/README.md, or an answer there is not
/// what a run gives.
#[test]
fn the_answers_about_the_scenarios_are_those_of_the_runs() {
    let text = read("scenarios/README.md");
    let place = workplace();
    for path in common::scenario_files() {
        let file = path.file_name().unwrap().to_str().unwrap();
        let name = file.trim_end_matches(".json");
        let section = section(&text, &format!("## {file}")).split_whitespace().collect::<Vec<_>>().join(" ");
        if too_large_here(name) {
            continue;
        }
        assert_eq!(posthaste(place.path(), &["run", &format!("scenarios/{file}"), "-q", "--out", name]).code, 0);
        for answer in answers(name, &place.path().join(name)) {
            assert!(section.contains(&answer), "scenarios/README.md, {file}: the run says {answer:?}");
        }
    }
}
