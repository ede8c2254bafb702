//! The form of a case: what is in the file. Keys that mean nothing here are for people.

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
pub(super) struct CaseServer {
    /// One address, or several behind one script.
    pub(super) address: Texts,
    #[serde(default)]
    pub(super) otherwise: Option<String>,
    #[serde(default)]
    pub(super) rules: Vec<ScriptRule>,
}

#[derive(Debug, Deserialize)]
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
#[serde(default)]
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

/// Keys of a rule and its parts. Scenarios refuse others; a case may have them, for people.
const RULE: &[&str] = &["steps", "times", "match", "reply"];
const MATCH: &[&str] = &["opcode", "qname", "qtype", "subdomain_of", "transport", "edns", "do"];
const REPLY: &[&str] =
    &["rcode", "flags", "opcode", "id", "question", "answer", "authority", "additional", "edns", "wire", "delay"];
const QUESTION: &[&str] = &["qname", "qtype", "qclass"];
const EDNS: &[&str] = &["do", "options"];

/// Drops the keys that are for people where the types are those of a scenario, which has no such keys.
pub(super) fn drop_notes(case: &mut Value) {
    for server in elements(case, "servers") {
        for rule in elements(server, "rules") {
            keep(rule, RULE);
            if let Some(matching) = rule.get_mut("match") {
                keep(matching, MATCH);
            }
            match rule.get_mut("reply") {
                Some(Value::Array(replies)) => replies.iter_mut().for_each(drop_notes_of_reply),
                Some(reply) => drop_notes_of_reply(reply),
                None => {}
            }
        }
    }
    for step in elements(case, "steps") {
        if let Some(edns) = step.get_mut("query").and_then(|query| query.get_mut("edns")) {
            keep(edns, EDNS);
        }
    }
}

fn drop_notes_of_reply(reply: &mut Value) {
    keep(reply, REPLY);
    if let Some(edns) = reply.get_mut("edns") {
        keep(edns, EDNS);
    }
    elements(reply, "question").for_each(|question| keep(question, QUESTION));
}

fn elements<'v>(value: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

fn keep(value: &mut Value, keys: &[&str]) {
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| keys.contains(&key.as_str()));
    }
}

/// Without steps nothing would be played. A file that has none is often a scenario.
pub(super) fn check_parts(case: &Value, problems: &mut Problems) {
    let Some(object) = case.as_object() else { return };
    if object.contains_key("steps") {
        return;
    }
    let scenario = ["network", "mail", "dns", "workload", "run"].iter().any(|key| object.contains_key(*key));
    let help = if scenario {
        "it looks like a scenario: `posthaste run` runs those"
    } else {
        "a case has \"resolver\", \"servers\" and \"steps\": see docs/replay.md"
    };
    problems.help(Path::Root, "this is no case: it has no \"steps\"", help);
}
