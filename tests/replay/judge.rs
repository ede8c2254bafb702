//! The judge of a case: what each step should have brought against what it brought.
//!
//! As strict as the cases are: the response code, the question, QR RA and TC, the answer section
//! as a multiset and with its aliases in order, and of a denial the zone of its SOA record. Beyond
//! that whatever a case asks for: TTLs, times, and which server was asked what.

use posthaste::proto::dns::Rtype;
use posthaste::proto::dns::handmade::{HandmadeRecord, HeaderFlags, parse_hex, parse_rcode};
use posthaste::scenario::replay::{self, Told, ToldStep};
use serde_json::Value;

use crate::wire::{self, Read, Rr};

const CNAME: u16 = 5;
const SOA: u16 = 6;

/// Plays a case and returns what is wrong with the result.
pub(crate) fn faults(text: &str) -> Vec<String> {
    let case = replay::load("case.json", text.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    faults_of(text, &replay::play(&case).unwrap())
}

/// What is wrong with a result of that case.
pub(crate) fn faults_of(text: &str, told: &Told) -> Vec<String> {
    let case: Value = serde_json::from_str(text).unwrap();
    let steps = case["steps"].as_array().unwrap();
    let mut faults = Vec::new();
    if !told.ignored.is_empty() {
        faults.push(format!("options that are ignored: {:?}", told.ignored));
    }
    if told.steps.len() != steps.len() {
        faults.push(format!("{} of {} steps", told.steps.len(), steps.len()));
    }
    for (step, told) in steps.iter().zip(&told.steps) {
        let mut found = step_faults(&step["expect"], told);
        found.iter_mut().for_each(|fault| fault.insert_str(0, &format!("step {}: ", told.step)));
        faults.extend(found);
    }
    if let Some(total) = case["total"].as_u64() {
        let asked: usize = told.steps.iter().map(|step| step.upstream.len()).sum();
        if asked as u64 != total {
            faults.push(format!("{asked} queries upstream in all, not {total}"));
        }
    }
    faults
}

fn step_faults(expect: &Value, told: &ToldStep) -> Vec<String> {
    let mut faults = upstream_faults(expect, told);
    if let Some([least, most]) = expect["took"].as_array().map(|times| [0, 1].map(|at| times[at].as_f64().unwrap())) {
        match told.took {
            Some(took) if (least..=most).contains(&took) => {}
            took => faults.push(format!("it took {took:?} s, not {least} to {most}")),
        }
    }
    let Some(octets) = told.wire.as_deref().and_then(parse_hex) else {
        faults.push("no answer".to_owned());
        return faults;
    };
    match wire::read(&octets) {
        Ok(read) => faults.extend(answer_faults(expect, &read)),
        Err(fault) => faults.push(format!("no message: {fault}")),
    }
    faults
}

fn upstream_faults(expect: &Value, told: &ToldStep) -> Vec<String> {
    let mut faults = Vec::new();
    let shown = |query: &replay::ToldQuery| {
        let (name, rtype) = (query.qname.as_deref().unwrap_or("?"), query.qtype.as_deref().unwrap_or("?"));
        format!("{} {} {} {rtype}", query.transport, query.to, name.to_ascii_lowercase())
    };
    let asked: Vec<String> = told.upstream.iter().map(shown).collect();
    let holds = match &expect["upstream"] {
        Value::Array(list) => list.iter().map(|query| query.as_str().unwrap()).eq(asked.iter().map(String::as_str)),
        Value::Number(count) => count.as_u64() == Some(asked.len() as u64),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => true,
    };
    let asks = expect["asked"] != true || !asked.is_empty();
    let few = expect["most"].as_u64().is_none_or(|most| asked.len() as u64 <= most);
    let only = expect["only"].as_array().is_none_or(|only| {
        told.upstream.iter().all(|query| only.iter().any(|address| address.as_str() == Some(&query.to.to_string())))
    });
    let mut names: Vec<String> =
        told.upstream.iter().map(|query| query.qname.clone().unwrap_or_default().to_ascii_lowercase()).collect();
    names.dedup();
    let in_order = expect["names"]
        .as_array()
        .is_none_or(|list| list.iter().map(Value::as_str).eq(names.iter().map(|name| Some(&**name))));
    if !(holds && asks && few && only && in_order) {
        faults.push(format!("upstream, not as expected: {asked:?}"));
    }
    faults
}

fn answer_faults(expect: &Value, read: &Read) -> Vec<String> {
    let mut faults = Vec::new();
    let rcode = expect["rcode"].as_str().map(|name| parse_rcode(name).unwrap());
    if rcode.is_some_and(|rcode| rcode != read.bits & 15) {
        faults.push(format!("RCODE {}, not {}", read.bits & 15, expect["rcode"]));
    }
    if let Some(names) = expect["flags"].as_array() {
        for flag in ["QR", "RA", "TC", "RD"] {
            let wanted = names.iter().any(|name| name == flag);
            let set = HeaderFlags::named([flag]).unwrap().bits() & read.bits != 0;
            if wanted != set {
                faults.push(format!("flag {flag} {}", if set { "set" } else { "missing" }));
            }
        }
    }
    if let Some(question) = expect["question"].as_object() {
        let class = if question.get("qclass").is_some_and(|class| class == "CH") { 3 } else { 1 };
        let rtype = Rtype::parse(question["qtype"].as_str().unwrap()).unwrap().number();
        let wanted = (question["qname"].as_str().unwrap().to_ascii_lowercase(), rtype, class);
        let found: Vec<_> =
            read.questions.iter().map(|found| (found.0.to_ascii_lowercase(), found.1, found.2)).collect();
        if found != [wanted] {
            faults.push(format!("question {found:?}"));
        }
    }
    if let Some(echo) = expect["echo"].as_str()
        && read.questions.first().is_none_or(|question| question.0 != echo)
    {
        faults.push(format!("question {:?}, not in the client's letters", read.questions));
    }
    if expect["edns"].as_bool().is_some_and(|wanted| wanted != read.opt) {
        faults.push(format!("OPT record: {}", read.opt));
    }
    if expect["rcode"] != "SERVFAIL" && expect["answer"].is_array() {
        faults.extend(section_faults("answer", &records(&expect["answer"]), &read.sections[0], expect["ttl"] == true));
        faults.extend(chain_faults(&records(&expect["answer"]), &read.sections[0]));
    }
    for (place, section) in ["authority", "additional"].into_iter().enumerate() {
        if expect["sections"][section].is_array() {
            let wanted = records(&expect["sections"][section]);
            faults.extend(section_faults(section, &wanted, &read.sections[place + 1], false));
        }
    }
    faults.extend(denial_faults(expect, read));
    faults
}

/// The SOA record of a denial: its zone, and its TTL where the case says that.
fn denial_faults(expect: &Value, read: &Read) -> Vec<String> {
    let soa = |records: &[Rr]| records.iter().find(|rr| rr.rtype == SOA).cloned();
    let Some(wanted) = soa(&records(&expect["authority"])) else { return Vec::new() };
    let mut faults = Vec::new();
    match soa(&read.sections[1]) {
        Some(found) if found.owner == wanted.owner => {
            if expect["soa_ttl"].as_u64().is_some_and(|ttl| u64::from(found.ttl).abs_diff(ttl) > 1) {
                faults.push(format!("TTL of the SOA record {}, not {}", found.ttl, expect["soa_ttl"]));
            }
        }
        found => faults.push(format!("a denial of {:?}, not {}", found.map(|soa| soa.owner), wanted.owner)),
    }
    faults
}

fn section_faults(name: &str, wanted: &[Rr], found: &[Rr], ttl: bool) -> Vec<String> {
    let sorted = |records: &[Rr]| {
        let mut records = records.to_vec();
        records.sort();
        records
    };
    let (wanted, found) = (sorted(wanted), sorted(found));
    let key = |rr: &Rr| (rr.owner.clone(), rr.rtype, rr.class, rr.data.clone());
    if !wanted.iter().map(key).eq(found.iter().map(key)) {
        return vec![format!("{name}: {found:?}, not {wanted:?}")];
    }
    let late = |pair: &(&Rr, &Rr)| ttl && pair.0.ttl.abs_diff(pair.1.ttl) > 1;
    let late = wanted.iter().zip(&found).filter(late);
    late.map(|(wanted, found)| format!("{name}: TTL {} of {}, not {}", found.ttl, found.owner, wanted.ttl)).collect()
}

/// Aliases stand in the order in which they are followed.
fn chain_faults(wanted: &[Rr], found: &[Rr]) -> Vec<String> {
    let owners = |records: &[Rr]| -> Vec<String> {
        records.iter().filter(|rr| rr.rtype == CNAME).map(|rr| rr.owner.clone()).collect()
    };
    let (wanted, found) = (owners(wanted), owners(found));
    if wanted == found { Vec::new() } else { vec![format!("aliases in this order: {found:?}")] }
}

fn records(list: &Value) -> Vec<Rr> {
    let read = |text: &Value| {
        let record = HandmadeRecord::parse(text.as_str().unwrap()).unwrap();
        wire::whole(record.name.octets(), record.rtype.number(), record.class, record.ttl, &record.octets)
    };
    list.as_array().map(|list| list.iter().map(read).collect()).unwrap_or_default()
}
