//! docs/reference.md and docs/plan-reference.md, made of the JSON Schemas of scenarios and of plans: every key with its type,
//! default and meaning, each type of object once, at the first place where it may stand.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use common::root;
use serde_json::Value;

/// A page, and of what it is made.
struct Page {
    file: &'static str,
    schema: &'static str,
    title: &'static str,
    explained: &'static str,
    /// Fewer keys than these are not all.
    least: usize,
}

const PAGES: [Page; 2] = [
    Page {
        file: "docs/reference.md",
        schema: "schema/scenario.json",
        title: "Reference of scenario files",
        explained: "scenario.md",
        least: 400,
    },
    Page {
        file: "docs/plan-reference.md",
        schema: "schema/plan.json",
        title: "Reference of plans",
        explained: "sweeps.md",
        least: 60,
    },
];

const PREFACE: &str = "# TITLE\n\n\
    Every key, made from the program's own schema ([SCHEMA](../SCHEMA)) by\n\
    `POSTHASTE_BLESS=1 cargo test --test reference`; a test keeps it current. [EXPLAINED](EXPLAINED) explains the same with\n\
    examples. `NAME` stands for a key of your own, such as a host or a mail domain, and `[]` for each element of a list. Keys that begin\n\
    with `x-` are comments, anywhere.\n";

fn schema(page: &Page) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(page.schema)).unwrap()).unwrap()
}

/// A document of the schema while it is written down.
struct Reference<'a> {
    types: &'a serde_json::Map<String, Value>,
    /// Types of objects that still want a section, with the place where each stands.
    open: Vec<(String, String)>,
    /// Where each type of object stands.
    places: BTreeMap<String, Vec<String>>,
    /// Kinds of values that were used.
    values: BTreeSet<String>,
}

fn of<'v>(schema: &'v Value, key: &str) -> &'v [Value] {
    schema[key].as_array().map_or(&[], Vec::as_slice)
}

fn quoted(word: &Value) -> String {
    format!("`{word}`")
}

/// The words that a value may be, with their meanings.
fn words(schema: &Value) -> Vec<(String, String)> {
    let meaning = |one: &Value| one["description"].as_str().unwrap_or_default().replace('\n', " ");
    let constants = of(schema, "oneOf").iter().filter(|one| !one["const"].is_null());
    let named = constants.map(|one| (quoted(&one["const"]), meaning(one)));
    named.chain(of(schema, "enum").iter().map(|word| (quoted(word), String::new()))).collect()
}

impl Reference<'_> {
    fn target(&self, schema: &Value) -> Option<String> {
        schema["$ref"].as_str().map(|path| path.trim_start_matches("#/$defs/").to_owned())
    }

    /// What a value is, in words; objects met on the way are noted to be described.
    fn kind(&mut self, schema: &Value, place: &str) -> String {
        if let Some(name) = self.target(schema) {
            return self.named(&name, place);
        }
        for group in ["anyOf", "oneOf"] {
            if words(schema).is_empty() && !of(schema, group).is_empty() {
                let mut kinds: Vec<String> = Vec::new();
                for one in of(schema, group).to_vec() {
                    let kind = self.kind(&one, place);
                    if !kind.is_empty() && !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
                return kinds.join(" or ");
            }
        }
        let words: Vec<String> = words(schema).into_iter().map(|(word, _)| word).collect();
        if !words.is_empty() {
            return words.join(", ");
        }
        let plain = |kind: &Value| kind.as_str().filter(|kind| *kind != "null").map(str::to_owned);
        let kind = plain(&schema["type"]).or_else(|| of(schema, "type").iter().find_map(plain)).unwrap_or_default();
        self.plain(&kind, schema, place)
    }

    fn plain(&mut self, kind: &str, schema: &Value, place: &str) -> String {
        match kind {
            "array" => {
                let one = self.kind(&schema["items"], &format!("{place}[]"));
                format!("list of {}", if one.is_empty() { "values".to_owned() } else { one })
            }
            "object" => {
                let one = self.kind(&schema["additionalProperties"], &format!("{place}.NAME"));
                format!("object, by name: {}", if one.is_empty() { "values".to_owned() } else { one })
            }
            "string" => "text".to_owned(),
            other => other.to_owned(),
        }
    }

    /// A type of the schema by its name.
    fn named(&mut self, name: &str, place: &str) -> String {
        let schema = self.types[name].clone();
        if schema["properties"].is_object() {
            let places = self.places.entry(name.to_owned()).or_default();
            if places.is_empty() {
                self.open.push((name.to_owned(), place.to_owned()));
            }
            if !places.contains(&place.to_owned()) {
                places.push(place.to_owned());
            }
            return format!("[object](#{})", anchor(&places[0]));
        }
        match schema["title"].as_str() {
            Some(title) => {
                self.values.insert(name.to_owned());
                format!("[{title}](#values)")
            }
            None => self.kind(&schema, place),
        }
    }

    /// The words of a property and what each means, if the schema says so.
    fn meanings(&self, schema: &Value) -> Vec<(String, String)> {
        if let Some(name) = self.target(schema) {
            return self.meanings(&self.types[&name]);
        }
        let own = words(schema);
        if !own.is_empty() {
            return own;
        }
        let inner = of(schema, "anyOf").iter().chain(Some(&schema["items"]).filter(|items| items.is_object()));
        inner.flat_map(|one| if self.is_object(one) { Vec::new() } else { self.meanings(one) }).collect()
    }

    fn is_object(&self, schema: &Value) -> bool {
        self.target(schema).is_some_and(|name| self.types[&name]["properties"].is_object())
    }

    fn section(&mut self, schema: &Value, place: &str) -> String {
        let Some(properties) = schema["properties"].as_object().filter(|all| !all.is_empty()) else {
            return "It has no keys.\n".to_owned();
        };
        let required: BTreeSet<&str> = of(schema, "required").iter().filter_map(Value::as_str).collect();
        let (mut out, mut glossary) =
            (String::from("| key | type | default | meaning |\n|---|---|---|---|\n"), String::new());
        for (key, property) in properties {
            let below = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            let kind = self.kind(property, &below);
            let (meaning, default) = told(property);
            let default = if required.contains(key.as_str()) { "required".to_owned() } else { default };
            writeln!(out, "| `{key}` | {} | {} | {} |", cell(&kind), cell(&default), cell(&meaning)).unwrap();
            let words: Vec<String> = self
                .meanings(property)
                .into_iter()
                .filter(|(_, meaning)| !meaning.is_empty())
                .map(|(word, meaning)| format!("{word}: {}", meaning.trim_end_matches('.')))
                .collect();
            if !words.is_empty() {
                writeln!(glossary, "- `{key}`: {}.", words.join("; ")).unwrap();
            }
        }
        if glossary.is_empty() { out } else { format!("{out}\n{glossary}") }
    }

    fn values(&self) -> String {
        let mut out = String::from("\n## Values\n\n| type | is written | units |\n|---|---|---|\n");
        for name in &self.values {
            let schema = &self.types[name];
            let examples: Vec<String> = of(schema, "examples").iter().map(quoted).collect();
            let bounds = [("minimum", "from"), ("maximum", "to")]
                .iter()
                .filter_map(|(key, word)| schema[*key].as_f64().map(|bound| format!("{word} {bound}")))
                .collect::<Vec<_>>()
                .join(" ");
            let written = if examples.is_empty() { format!("a number {bounds}") } else { examples.join(", ") };
            let title = schema["title"].as_str().unwrap();
            writeln!(out, "| {title} | {written} | {} |", units(schema["pattern"].as_str().unwrap_or_default()))
                .unwrap();
        }
        out
    }
}

/// The units that a pattern allows: its last group of alternatives.
fn units(pattern: &str) -> String {
    let groups = pattern.rsplit('(').filter_map(|rest| rest.split_once(')')).map(|(group, _)| group);
    let plain = |group: &&str| group.contains('|') && group.chars().all(|c| c.is_alphabetic() || c == '|');
    groups.filter(plain).map(|group| group.replace('|', ", ")).next().unwrap_or_default()
}

/// What the schema says of a property, and the default that it names.
fn told(property: &Value) -> (String, String) {
    let text = property["description"].as_str().unwrap_or_default().replace('\n', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.split_once("Default: ") {
        Some((meaning, default)) => {
            (meaning.trim().trim_end_matches('.').to_owned(), default.trim_end_matches('.').to_owned())
        }
        None => (text.trim_end_matches('.').to_owned(), String::new()),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The heading of a place, and the anchor that sites for code make of it.
fn heading(place: &str) -> String {
    if place.is_empty() { "Top level".to_owned() } else { format!("`{place}`") }
}

fn anchor(place: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || *c == '-' || *c == '_' || *c == ' ';
    heading(place).to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

fn page(page: &Page) -> String {
    let schema = schema(page);
    let types = schema["$defs"].as_object().unwrap();
    let mut reference = Reference { types, open: Vec::new(), places: BTreeMap::new(), values: BTreeSet::new() };
    let mut sections = vec![(String::new(), String::new(), reference.section(&schema, ""))];
    // Depth first, in the order of the keys: what is in an object follows it.
    let mut open: Vec<(String, String)> = reference.open.drain(..).rev().collect();
    while let Some((name, place)) = open.pop() {
        let shape = types[&name].clone();
        let text = reference.section(&shape, &place);
        sections.push((name, place, text));
        open.extend(reference.open.drain(..).rev());
    }
    let preface = PREFACE.replace("TITLE", page.title).replace("SCHEMA", page.schema);
    let mut out = preface.replace("EXPLAINED", page.explained);
    for (name, place, text) in &sections {
        let also = reference.places.get(name).map_or(&[][..], |places| &places[1..]);
        let about = types.get(name).map_or("", |shape| shape["description"].as_str().unwrap_or_default());
        write!(out, "\n## {}\n\n", heading(place)).unwrap();
        if !about.is_empty() {
            write!(out, "{about}\n\n").unwrap();
        }
        if !also.is_empty() {
            let also: Vec<String> = also.iter().map(|place| format!("`{place}`")).collect();
            write!(out, "The same: {}.\n\n", also.join(", ")).unwrap();
        }
        out.push_str(text);
    }
    out + &reference.values()
}

/// Breaks when a schema has changed and its page has not; write it anew with
/// `POSTHASTE_BLESS=1 cargo test --test reference`.
#[test]
fn the_references_are_current() {
    for of in &PAGES {
        let page = page(of);
        if std::env::var_os("POSTHASTE_BLESS").is_some() {
            fs::write(root().join(of.file), &page).unwrap();
        }
        let stale = fs::read_to_string(root().join(of.file)).unwrap_or_default() != page;
        assert!(!stale, "{} is stale: POSTHASTE_BLESS=1 cargo test --test reference", of.file);
    }
}

/// Breaks when a type of object, or a key of one, does not get onto the page.
#[test]
fn the_references_have_every_key_of_the_schema() {
    for of in &PAGES {
        let (schema, page) = (schema(of), page(of));
        let mut keys = 0;
        for shape in schema["$defs"].as_object().unwrap().values().chain([&schema]) {
            for (key, property) in shape["properties"].as_object().into_iter().flatten() {
                let (meaning, _) = told(property);
                let row = page
                    .lines()
                    .find(|line| line.starts_with(&format!("| `{key}` |")) && line.contains(&cell(&meaning)));
                assert!(row.is_some(), "{key}: {meaning}");
                keys += 1;
            }
        }
        assert!(keys > of.least, "{}: {keys}", of.file);
    }
}
