//! Names that a file writes, that nothing uses, and that differ by one slip from a name that comes by
//! itself: a host `resolver.crepe.fr` beside crepes.fr. They make hosts and zones of their own without
//! a word, so `check` remarks upon them. Names that are merely not used are left alone: they may
//! be there for whoever looks on, or for a later experiment.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::scenario::fill::site_router;
use crate::scenario::names::{absolute, expand, is_within};
use crate::scenario::problem::{did_you_mean, quote};
use crate::scenario::schema::{Host, Scenario};

/// A pattern stands for more names than anybody lists.
const MOST: usize = 100_000;
/// Beyond so many pairs of names they are not compared.
const MOST_PAIRS: usize = 1_000_000;

/// The names of a file as it was written, before anything is filled in.
#[derive(Debug, Default)]
pub(in crate::scenario) struct Written {
    hosts: BTreeSet<String>,
    resolvers: BTreeSet<String>,
    zones: BTreeSet<String>,
    /// What it says elsewhere of names.
    said: BTreeSet<String>,
}

impl Written {
    pub(in crate::scenario) fn of(scenario: &Scenario) -> Self {
        let keys = |names: Vec<&String>| names.into_iter().cloned().collect();
        let mut said = BTreeSet::new();
        for (zone, of) in &scenario.dns.zones {
            for record in &of.records {
                said.insert(absolute(&record.name, zone));
                said.extend(record.data.split_whitespace().map(|word| absolute(word, zone)));
            }
        }
        for link in &scenario.network.links {
            said.extend(link.between.iter().cloned());
        }
        Self {
            hosts: keys(scenario.network.hosts.keys().collect()),
            resolvers: keys(scenario.dns.resolvers.keys().collect()),
            zones: keys(scenario.dns.zones.keys().collect()),
            said,
        }
    }
}

/// Remarks on a scenario that was filled in, a line each.
pub(super) fn remarks(scenario: &Scenario, written: &Written) -> Vec<String> {
    let (hosts, dns) = (&scenario.network.hosts, &scenario.dns);
    let mut remarks = conditions(scenario);
    let resolvers = slips(&written.resolvers, dns.resolvers.keys());
    let zones = slips(&written.zones, dns.zones.keys());
    let served = |name: &String| dns.resolvers.contains_key(name) || dns.servers.contains_key(name);
    let hosts_meant: Vec<_> =
        slips(&written.hosts, hosts.keys()).into_iter().filter(|(name, _)| !served(name)).collect();
    if resolvers.is_empty() && zones.is_empty() && hosts_meant.is_empty() {
        return remarks;
    }
    let said = said(scenario, written);
    let names = |name: &str, text: &String| text.match_indices(name).any(|(at, _)| is_whole(text, at, name.len()));
    let asked = |name: &String| hosts.values().any(|host| host.resolver.as_ref() == Some(name));
    let lies_in = |zone: &String| {
        let domain = |text: &'_ String| text.rsplit_once('@').map_or(text.clone(), |(_, domain)| domain.to_owned());
        scenario.mail.contains_key(zone)
            || dns.zones.keys().any(|other| other != zone && is_within(other, zone))
            || hosts.iter().any(|(name, host)| is_within(name, zone) && !served(name) && host.router != Some(true))
            || said.iter().any(|text| text != zone && is_within(&domain(text), zone))
    };
    let routes = |name: &String| {
        let site = |host: &Host| site_router(host.site.as_deref().unwrap_or_default());
        hosts.iter().any(|(other, host)| other != name && site(host) == *name)
    };
    let mut note = |what: &str, (name, meant): (&String, &String)| {
        remarks.push(format!("{what} {}; {}", quote(name), did_you_mean(meant)));
    };
    resolvers.into_iter().filter(|(name, _)| !asked(name)).for_each(|found| note("no host asks the resolver", found));
    let unused =
        hosts_meant.into_iter().filter(|(name, _)| !routes(name) && !said.iter().any(|text| names(name, text)));
    unused.for_each(|found| note("nothing uses the host", found));
    zones.into_iter().filter(|(name, _)| !lies_in(name)).for_each(|found| note("nothing lies in the zone", found));
    remarks
}

/// Conditions of rules on addresses that nobody has nor writes to.
fn conditions(scenario: &Scenario) -> Vec<String> {
    let mut remarks = Vec::new();
    for (domain, conduct) in scenario.mail.iter().filter_map(|(name, domain)| Some((name, domain.conduct.as_ref()?))) {
        let whens = conduct.rules.iter().map(|rule| &rule.when);
        let of_rules = whens.flat_map(|when| [&when.sender, &when.recipient]).flatten().flat_map(|texts| &texts.items);
        let list = conduct.greylisting.iter().flat_map(|list| list.senders.iter().chain(&list.recipients));
        for text in of_rules.chain(list).filter(|text| text.contains('@') && !text.contains('*')) {
            let lower = text.to_ascii_lowercase();
            let meant = scenario.users.keys().find(|user| is_slip(&lower, &user.to_ascii_lowercase()));
            let known = scenario.users.keys().any(|user| user.eq_ignore_ascii_case(text));
            let written = scenario.workload.iter().flat_map(|entry| [&entry.to, &entry.cc, &entry.bcc]).flatten();
            if let Some(meant) = meant.filter(|_| !known && !written.flat_map(|to| &to.items).any(|to| to == text)) {
                let names = format!("a rule of conduct of {} names {}", quote(domain), quote(text));
                remarks.push(format!("{names}; {}", did_you_mean(meant)));
            }
        }
    }
    remarks
}

/// The written names that differ by one slip from one that came by itself, and that one.
fn slips<'n>(written: &'n BTreeSet<String>, all: impl Iterator<Item = &'n String>) -> Vec<(&'n String, &'n String)> {
    let others: Vec<&String> = all.filter(|name| !written.contains(*name)).collect();
    if written.len().saturating_mul(others.len()) > MOST_PAIRS {
        return Vec::new();
    }
    written
        .iter()
        .filter_map(|name| Some((name, others.iter().find(|other| is_slip(name, other))?)))
        .map(|(a, b)| (a, *b))
        .collect()
}

/// Whether two names differ in one place, and not only in their numbers.
fn is_slip(name: &str, other: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    name.len() <= 80
        && other.len().abs_diff(name.len()) <= 1
        && strsim::damerau_levenshtein(name, other) == 1
        && bare(name) != bare(other)
}

/// All that is said of names but where they are brought into being.
fn said(scenario: &Scenario, written: &Written) -> BTreeSet<String> {
    let mut said = written.said.clone();
    let rest = Scenario {
        network: Default::default(),
        dns: Default::default(),
        title: None,
        description: None,
        ..scenario.clone()
    };
    texts(&serde_json::to_value(&rest).unwrap_or_default(), &mut said);
    let routing = serde_json::to_value(&scenario.network.routing).unwrap_or_default();
    texts(&routing, &mut said);
    said
}

fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() <= 300 => match expand(text, MOST) {
            Some(all) => into.extend(all),
            None => drop(into.insert(text.clone())),
        },
        Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            texts(value, into);
        }),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a part of a text is a name by itself, as in "HOST:25" and "A--B".
fn is_whole(text: &str, at: usize, length: usize) -> bool {
    let of_name = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.');
    let bytes = text.as_bytes();
    !of_name(at.checked_sub(1).and_then(|before| bytes.get(before))) && !of_name(bytes.get(at + length))
}
