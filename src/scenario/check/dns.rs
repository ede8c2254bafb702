//! Zones, records, name servers and resolvers.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::change::read_changes;
use super::resolver::read_resolvers;
use super::scripted::read_scripted;
use super::server::read_servers;
use super::zone::ZoneRules;
use super::{Context, record};
use crate::base::HostId;
use crate::proto::dns::{self, Name, RecordData, Rtype};
use crate::scenario::names::{closest_above, expand_record};
use crate::scenario::problem::{Path, did_you_mean, quote};
use crate::scenario::resolved::host_index;
use crate::scenario::resolved::{DnsSpec, ZoneSpec};
use crate::scenario::schema::{Duration, Record, Zone};

/// Which resolvers each host asks, in host order.
pub(super) fn read_host_resolvers(cx: &mut Context<'_>) -> Vec<Vec<HostId>> {
    let network = Path::Root.key("network");
    let path = network.key("hosts");
    let scenario = cx.scenario;
    let mut all = Vec::with_capacity(scenario.network.hosts.len());
    for (name, host) in &scenario.network.hosts {
        let here = path.key(name);
        let resolver = host.resolver.as_ref().and_then(|resolver| read_resolver(cx, here.key("resolver"), resolver));
        if let (Some(resolver), Some(id)) = (resolver, host_index(cx.hosts, name)) {
            cx.check_meet(here.key("resolver"), id, &[resolver]);
        }
        all.push(resolver.into_iter().collect());
    }
    all
}

/// The host of a resolver, by name.
pub(super) fn read_resolver(cx: &mut Context<'_>, path: Path<'_>, name: &str) -> Option<HostId> {
    let scenario = cx.scenario;
    if scenario.dns.resolvers.contains_key(name) {
        return cx.host(path, name);
    }
    let known = scenario.dns.resolvers.keys().map(String::as_str);
    cx.problems.unknown(path, "resolver on a host", name, known);
    None
}

/// The whole name system.
pub(super) fn read(cx: &mut Context<'_>) -> DnsSpec {
    let path = Path::Root.key("dns");
    read_ttl(cx, path.key("ttl"), cx.scenario.dns.ttl);
    read_ttl(cx, path.key("negative_ttl"), cx.scenario.dns.negative_ttl);
    let names: Vec<&String> = cx.scenario.dns.zones.keys().collect();
    let index: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let mut servers = read_servers(cx, path, &index);
    let roots = read_roots(cx, path);
    for server in servers.iter_mut().filter(|server| server.recursive) {
        server.roots = roots.iter().copied().filter(|root| *root != server.host).collect();
    }
    let resolvers = read_resolvers(cx, path, &roots);
    let mut zones = Vec::with_capacity(names.len());
    for (name, zone) in &cx.scenario.dns.zones {
        let zones_path = path.key("zones");
        zones.push(read_zone(cx, zones_path.key(name), name, zone, &index));
    }
    let changes = read_changes(cx, path, &zones, &index);
    let scripted = read_scripted(cx);
    DnsSpec { zones, changes, servers, resolvers, roots, scripted }
}

fn read_roots(cx: &mut Context<'_>, path: Path<'_>) -> Vec<HostId> {
    let path = path.key("roots");
    let mut roots = BTreeSet::new();
    for (index, name) in cx.scenario.dns.roots.iter().flatten().enumerate() {
        let here = path.index(index);
        let serves = cx
            .scenario
            .dns
            .servers
            .get(name)
            .is_some_and(|server| server.zones.iter().chain(&server.secondary).any(|zone| zone == "."));
        if !serves {
            cx.problems.at(here, format!("{} does not serve the root zone \".\"", quote(name)));
        }
        if let Some(host) = cx.host(here, name)
            && !roots.insert(host)
        {
            cx.problems.at(here, format!("the root server {name} is listed twice", name = quote(name)));
        }
    }
    roots.into_iter().collect()
}

/// Whole seconds, at most 2^31 - 1 (RFC 2181 section 8).
pub(super) fn read_ttl(cx: &mut Context<'_>, path: Path<'_>, ttl: Option<Duration>) -> u32 {
    let ttl = ttl.map(|ttl| ttl.0).unwrap_or_default();
    let whole = ttl.as_nanos().is_multiple_of(crate::base::time::NANOS_PER_SEC);
    match u32::try_from(ttl.as_secs()) {
        Ok(seconds) if whole && seconds <= i32::MAX.unsigned_abs() => seconds,
        Ok(_) | Err(_) => {
            cx.problems.at(path, "a time to live is in whole seconds, at most 2147483647 of them");
            0
        }
    }
}

fn read_zone(cx: &mut Context<'_>, here: Path<'_>, name: &str, zone: &Zone, index: &BTreeMap<&str, usize>) -> ZoneSpec {
    read_ttl(cx, here.key("ttl"), zone.ttl);
    let mut spec = ZoneSpec { name: name.to_owned(), records: Vec::with_capacity(zone.records.len()) };
    // a zone's name that is none was noted before
    let Ok(apex) = Name::parse(name) else { return spec };
    let path = here.key("records");
    let mut rules = ZoneRules::new(&apex);
    let mut from = Vec::with_capacity(zone.records.len());
    for (position, record) in zone.records.iter().enumerate() {
        let place = path.index(position);
        // a pattern stands for many records; the first of them that does not fit speaks for all
        for record in expanded(cx, place, record) {
            let Some(read) = read_record(cx, place, &apex, &record, index) else { break };
            let faults = rules.add(&read);
            spec.records.push(read);
            from.push(position);
            if !faults.is_empty() {
                faults.into_iter().for_each(|fault| note(cx, place, &record, fault));
                break;
            }
        }
    }
    for (read, position) in spec.records.iter().zip(from) {
        let record = &zone.records[position];
        if let Some(dname) = rules.hidden_by(&read.name) {
            let message = format!(
                "{} lies beneath a DNAME record of {}, and so can have no records (RFC 6672 section 2.4)",
                quote(&read.name.to_string()),
                quote(&dname.to_string())
            );
            note(cx, path.index(position), record, message);
        }
    }
    spec
}

/// The records that a record with a pattern in its name stands for; any other stands for itself.
fn expanded<'r>(cx: &mut Context<'_>, here: Path<'_>, record: &'r Record) -> Vec<Cow<'r, Record>> {
    let pattern = record.name.contains('{') && record.place.is_none();
    if !pattern {
        return vec![Cow::Borrowed(record)];
    }
    let Some(all) = expand_record(&record.name, &record.data) else {
        let message = "this pattern stands for no names, for too many, or for other numbers than that of the data";
        cx.problems.help(here.key("name"), message, "write it like \"n{1..100}\"");
        return Vec::new();
    };
    all.into_iter().map(|(name, data)| Cow::Owned(Record { name, data, ..record.clone() })).collect()
}

/// Notes what is wrong with a record where it is written: in the scenario or in a master file.
fn note(cx: &mut Context<'_>, path: Path<'_>, record: &Record, message: String) {
    match &record.place {
        None => cx.problems.at(path, message),
        Some(place) => cx.problems.in_file(path, place, message),
    }
}

pub(super) fn read_record(
    cx: &mut Context<'_>,
    here: Path<'_>,
    apex: &Name,
    record: &Record,
    index: &BTreeMap<&str, usize>,
) -> Option<dns::Record> {
    let name = match Name::parse_within(&record.name, apex) {
        Ok(name) => name,
        Err(why) => {
            cx.problems.at(here.key("name"), format!("{} is no name: {why}", quote(&record.name)));
            return None;
        }
    };
    if !name.is_within(apex) {
        let (name, zone) = (quote(&record.name), quote(&apex.to_string()));
        note(cx, here.key("name"), record, format!("{name} does not lie in the zone {zone}"));
    }
    let ttl = read_ttl(cx, here.key("ttl"), record.ttl);
    let rtype = read_type(cx, here.key("type"), &record.rtype)?;
    match record::read(rtype, &record.data, apex) {
        Err(message) => {
            cx.problems.at(here.key("data"), message);
            None
        }
        Ok(data) => {
            check_target(cx, here.key("data"), apex, record, &data, index);
            Some(dns::Record { name, ttl, data })
        }
    }
}

/// Finds the forgotten final dot, which turns "mail.crepes.fr" into "mail.crepes.fr.crepes.fr".
fn check_target(
    cx: &mut Context<'_>,
    path: Path<'_>,
    apex: &Name,
    record: &Record,
    data: &RecordData,
    index: &BTreeMap<&str, usize>,
) {
    let target = match data {
        RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Ptr(name) | RecordData::Dname(name) => name,
        RecordData::Mx { exchange: name, .. } | RecordData::Srv { target: name, .. } => name,
        RecordData::A(_)
        | RecordData::Aaaa(_)
        | RecordData::Txt(_)
        | RecordData::Soa { .. }
        | RecordData::Opaque { .. } => return,
    };
    let written = record.data.split_ascii_whitespace().next_back().unwrap_or_default();
    if written == "@" || written.ends_with('.') || apex.is_root() {
        return;
    }
    let known_host = cx.hosts.binary_search_by(|host| host.name.as_str().cmp(written)).is_ok();
    let in_zone = closest_above(written, |name| name != "." && index.contains_key(name)).is_some();
    if known_host || in_zone {
        let (given, meant) = (quote(written), quote(&target.dotted()));
        let message = format!("{given} has no final dot and so means {meant}");
        cx.problems.help(path, message, format!("write \"{written}.\""));
    }
}

/// A type by its mnemonic in capitals, or by its number.
pub(super) fn read_type(cx: &mut Context<'_>, path: Path<'_>, text: &str) -> Option<Rtype> {
    let upper = text.to_ascii_uppercase();
    match Rtype::parse(&upper) {
        Ok(rtype) if rtype.is_meta() => {
            cx.problems.at(path, format!("{} is a type that no record has", quote(text)));
        }
        Ok(rtype) if upper == text => return Some(rtype),
        Ok(_) => {
            let message = format!("there is no record type {}", quote(text));
            cx.problems.help(path, message, did_you_mean(&upper));
        }
        Err(_) => cx.problems.unknown(path, "record type", &upper, Rtype::mnemonics()),
    }
    None
}
