//! The documents against the program: keys, defaults, examples, notebooks, and the committed
//! example result and pictures.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::binary::{posthaste, workplace};
use common::{differences, root, section};
use posthaste::scenario;
use serde_json::{Value, json};

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where docs/scenario.md treats the properties of each type of the schema.
const SECTIONS: &[(&str, &str)] = &[
    ("", "## Top level"),
    ("Network", "## `network`"),
    ("LinkDefaults", "### Link properties"),
    ("Host", "### `network.hosts`"),
    ("Sessions", "#### `network.hosts.NAME.sessions`"),
    ("Scripted", "#### `network.hosts.NAME.dns_scripted`"),
    ("ScriptRule", "#### `network.hosts.NAME.dns_scripted`"),
    ("ScriptMatch", "#### `network.hosts.NAME.dns_scripted`"),
    ("ScriptReply", "#### `network.hosts.NAME.dns_scripted`"),
    ("ScriptQuestion", "#### `network.hosts.NAME.dns_scripted`"),
    ("ScriptEdns", "#### `network.hosts.NAME.dns_scripted`"),
    ("Unasked", "#### `network.hosts.NAME.dns_scripted`"),
    ("Link", "### `network.links`"),
    ("Tcp", "### `network.tcp`"),
    ("Dns", "## `dns`"),
    ("Zone", "### `dns.zones`"),
    ("Record", "### `dns.zones`"),
    ("NameServer", "### `dns.servers`"),
    ("Change", "### `dns.changes`"),
    ("Removal", "### `dns.changes`"),
    ("Resolver", "### `dns.resolvers`"),
    ("ForwardZone", "### `dns.resolvers`"),
    ("StubZone", "### `dns.resolvers`"),
    ("ServeStale", "### `dns.resolvers`"),
    ("Checks", "### `dns.resolvers`"),
    ("MailDomain", "## `mail`"),
    ("Retry", "## `mail`"),
    ("Exponential", "## `mail`"),
    ("AgeBounds", "## `mail`"),
    ("Delivery", "## `mail`"),
    ("Dead", "## `mail`"),
    ("CatchAll", "## `mail`"),
    ("MailingList", "### `mail.DOMAIN.lists`"),
    ("Subaddress", "### `mail.DOMAIN.subaddress`"),
    ("Quota", "### `mail.DOMAIN.quota`"),
    ("Relay", "### `mail.DOMAIN.relays`"),
    ("Imap", "## `mail`"),
    ("Webmail", "## `mail`"),
    ("Conduct", "### `mail.DOMAIN.conduct`"),
    ("Greylist", "### `mail.DOMAIN.conduct`"),
    ("Tarpit", "### `mail.DOMAIN.conduct`"),
    ("Blocklist", "### `mail.DOMAIN.conduct`"),
    ("Limit", "### `mail.DOMAIN.conduct`"),
    ("ConductRule", "### `mail.DOMAIN.conduct`"),
    ("ConductWhen", "### `mail.DOMAIN.conduct`"),
    ("ConductRate", "### `mail.DOMAIN.conduct`"),
    ("ThenKeys", "### `mail.DOMAIN.conduct`"),
    ("Smtp", "### `mail.DOMAIN.smtp`"),
    ("SmtpTimeouts", "### `mail.DOMAIN.smtp`"),
    ("Tls", "### `mail.DOMAIN.smtp`"),
    ("Submission", "### `mail.DOMAIN.submission`"),
    ("User", "## `users`"),
    ("Device", "## `users`"),
    ("WebSite", "## `web`"),
    ("WebPage", "### `web.HOST.pages`"),
    ("WebObject", "#### `web.HOST.pages.PATH.objects`"),
    ("BrowserWays", "### `browser`"),
    ("Entry", "## `workload`"),
    ("Poisson", "## `workload`"),
    ("Lookups", "## `workload`"),
    ("LookupArrivals", "## `workload`"),
    ("ParetoGaps", "## `workload`"),
    ("Step", "### `steps`"),
    ("Criteria", "### `steps`"),
    ("Letter", "### `steps`"),
    ("Where", "### `steps`"),
    ("People", "### `people`"),
    ("Protocols", "### `people`"),
    ("Fault", "## `faults`"),
    ("Run", "## `run`"),
    ("Limits", "## `limits`"),
    ("Expect", "## `expect`"),
    ("CellBounds", "### Cells"),
    ("Transcript", "### `transcript`"),
    ("Reports", "### `mail.DOMAIN.reports`"),
    ("Vacation", "### `users.ADDRESS.vacation`"),
    ("Reading", "### `reading`"),
    ("Attachment", "### `attachments` and `images`"),
    ("WholeMessage", "### Whole messages"),
    ("Dsn", "### `dsn`"),
    ("Outputs", "## `outputs`"),
    ("Live", "## `live`"),
    ("Routing", "### `network.routing`"),
    ("Red", "### `red`"),
    ("LinkChange", "### `faults[].change`"),
    ("Jitter", "### `jitter`"),
    ("FixedRoute", "#### `network.routing.static`"),
    ("Direction", "### Directions of a link"),
    ("Codel", "### `codel`"),
    ("CaptureChoice", "### `outputs.capture`"),
    ("CwndChoice", "### `outputs.cwnd`"),
    ("Bursts", "### `bursts`"),
];

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

/// Breaks when a distribution that the program reads is not documented.
#[test]
fn every_distribution_is_documented() {
    let text = read("docs/scenario.md");
    let schema: Value = serde_json::from_str(&read("schema/scenario.json")).unwrap();
    let examples = schema["$defs"]["Spread"]["examples"].as_array().unwrap();
    assert!(examples.len() >= 5);
    for example in examples {
        assert!(section(&text, "## Values").contains(&format!("| `{example}` |")), "{example}");
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
    // What has many keys, and what is easily written wrongly, has an example.
    let schema: Value = serde_json::from_str(&read("schema/scenario.json")).unwrap();
    let mut needed: Vec<&str> =
        schema["$defs"]["Fault"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    needed.extend(["bursts", "red", "codel", "jitter", "static", "processing", "sessions"]);
    let all = json!(examples).to_string();
    for key in needed {
        assert!(all.contains(&format!("\"{key}\":")), "docs/scenario.md has no example of {key}");
    }
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
    let (_, kinds) = text.split_once("Kinds of events:").unwrap();
    let kinds = kinds.split("\n\n").next().unwrap();
    for kind in manifest["events_by_kind"].as_object().unwrap().keys() {
        assert!(kinds.contains(&format!("`{kind}`")), "docs/results.md does not explain the kind {kind}");
    }
    let summary: Value = serde_json::from_slice(&fs::read(place.path().join("k/summary.json")).unwrap()).unwrap();
    let metrics = section(&text, "## Metrics");
    for metric in summary["metrics"].as_object().unwrap().keys().filter(|name| !name.starts_with("phase.")) {
        let (_, last) = metric.split_once('.').unwrap();
        assert!(metrics.contains(metric.as_str()) || metrics.contains(&format!("`.{last}`")), "{metric} is missing");
    }
}

/// Breaks when the committed example is not what the program makes. To make it anew, see results/README.md.
#[test]
fn the_committed_example_is_fresh() {
    let place = workplace();
    assert_eq!(posthaste(place.path(), &["run", "scenarios/ketchup.json", "-q", "--out", "example"]).code, 0);
    let stale = differences(&place.path().join("example"), &root().join("results/example"), &["timing.json"]);
    assert!(stale.is_empty(), "results/example is stale: {stale:?}");
    assert!(!root().join("results/example/timing.json").exists(), "timing.json differs from run to run");
}

/// Breaks when a notebook has outputs, or its two forms say different things.
#[test]
fn notebooks_are_paired_and_without_outputs() {
    let folder = root().join("notebooks");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let notebooks: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "ipynb")).collect();
    assert!(notebooks.len() >= 5, "notebooks are gone: {notebooks:?}");
    for path in notebooks {
        let notebook: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let script = fs::read_to_string(path.with_extension("py")).unwrap();
        let (_, script) = script.split_once("\n# ---\n").unwrap();
        let cells = notebook["cells"].as_array().unwrap().iter().map(|cell| {
            let lines = cell["source"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().trim_end());
            if cell["cell_type"] == "code" {
                let name = path.display();
                assert!(
                    cell["outputs"] == json!([]) && cell["execution_count"].is_null(),
                    "{name}: a cell has outputs"
                );
                return format!("# %%\n{}", lines.collect::<Vec<_>>().join("\n"));
            }
            let comments: Vec<_> = lines.map(|line| format!("# {line}").trim_end().to_owned()).collect();
            format!("# %% [markdown]\n{}", comments.join("\n"))
        });
        // Two empty lines stand before and after a function, where there are cells' ends.
        let squeeze = |text: &str| text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        let cells = cells.collect::<Vec<_>>().join("\n\n");
        assert_eq!(squeeze(script), squeeze(&cells), "{}", path.display());
    }
}
