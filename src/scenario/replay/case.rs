//! The form of a case: what is in the file. Of the case as a whole and of its resolver, keys that mean nothing
//! here are for people; in servers and steps they would be slips of the pen, and only some are for people.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::scenario::problem::{Path, Problems};
use crate::scenario::schema::{ScriptEdns, ScriptRule, Seconds, Texts, TransportName};

/// A case.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CaseFile {
    pub(super) name: String,
    pub(super) resolver: CaseResolver,
    pub(super) servers: Vec<CaseServer>,
    pub(super) steps: Vec<CaseStep>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CaseResolver {
    pub(super) root_hints: Vec<CaseHint>,
    pub(super) forward: Vec<CaseZone>,
    pub(super) stub: Vec<CaseZone>,
    /// In the order of their names.
    pub(super) options: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CaseHint {
    pub(super) name: String,
    pub(super) address: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct CaseZone {
    pub(super) zone: String,
    #[serde(default)]
    pub(super) addresses: Vec<String>,
    #[serde(default)]
    pub(super) first: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseServer {
    /// One address, or several behind one script.
    pub(super) address: Texts,
    #[serde(default)]
    pub(super) otherwise: Option<String>,
    #[serde(default)]
    pub(super) rules: Vec<ScriptRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseStep {
    #[serde(default)]
    pub(super) at: Seconds,
    pub(super) query: CaseQuery,
    #[serde(default = "yes")]
    pub(super) wait: bool,
    /// Only whether it is there counts: nobody waits for the answer to a query without.
    #[serde(default)]
    pub(super) expect: Option<IgnoredAny>,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CaseQuery {
    pub(super) qname: Option<String>,
    pub(super) qtype: Option<String>,
    pub(super) qclass: Option<String>,
    pub(super) flags: Option<Vec<String>>,
    pub(super) opcode: Option<String>,
    pub(super) transport: TransportName,
    pub(super) edns: Option<ScriptEdns>,
    pub(super) wire: Option<String>,
}

/// Keys for people, wherever they stand; of a reply, `id` is a part.
const NOTES: &[&str] = &["title", "notes", "not_carried", "completed", "filled"];
const NOTES_AND_ID: &[&str] = &["title", "id", "notes", "not_carried", "completed", "filled"];

/// Drops the keys that are for people where any other unknown key is a slip of the pen.
pub(super) fn drop_notes(case: &mut Value) {
    for server in elements(case, "servers") {
        drop(server, NOTES_AND_ID);
        for rule in elements(server, "rules") {
            drop(rule, NOTES_AND_ID);
            if let Some(matching) = rule.get_mut("match") {
                drop(matching, NOTES_AND_ID);
            }
            match rule.get_mut("reply") {
                Some(Value::Array(replies)) => replies.iter_mut().for_each(|reply| drop(reply, NOTES)),
                Some(reply) => drop(reply, NOTES),
                None => {}
            }
        }
    }
    for step in elements(case, "steps") {
        drop(step, NOTES_AND_ID);
        if let Some(query) = step.get_mut("query") {
            drop(query, NOTES_AND_ID);
        }
    }
}

fn elements<'v>(value: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

fn drop(value: &mut Value, keys: &[&str]) {
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| !keys.contains(&key.as_str()));
    }
}

/// What a case cannot be without. A file that lacks it is often a scenario.
pub(super) fn check_parts(case: &Value, problems: &mut Problems) {
    let Some(object) = case.as_object() else { return };
    let Some(missing) = ["servers", "steps"].into_iter().find(|key| !object.contains_key(*key)) else { return };
    let scenario = ["network", "mail", "dns", "workload", "run"].iter().any(|key| object.contains_key(*key));
    let help = if scenario {
        "it looks like a scenario: `posthaste run` runs those"
    } else {
        "a case has \"resolver\", \"servers\" and \"steps\": see docs/replay.md"
    };
    problems.help(Path::Root, format!("this is no case: it has no \"{missing}\""), help);
}
