//! Zones, records, name servers and resolvers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, record};
use crate::base::HostId;
use crate::scenario::names::{absolute, check_owner_name, closest_above, dotted, is_within};
use crate::scenario::problem::{Path, did_you_mean, quote};
use crate::scenario::resolved::host_index;
use crate::scenario::resolved::{DnsSpec, NameServerSpec, RecordData, RecordSpec, RecordType, ZoneSpec};
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
    let servers = read_servers(cx, path, &index);
    let resolvers = read_resolvers(cx, path);
    let roots = read_roots(cx, path);
    let place = path.key("resolvers");
    for &resolver in &resolvers {
        let hosts = cx.hosts;
        cx.check_meet(place.name(&hosts[resolver.index()].name), resolver, &roots);
    }
    let mut zones = Vec::with_capacity(names.len());
    for (name, zone) in &cx.scenario.dns.zones {
        let zones_path = path.key("zones");
        zones.push(read_zone(cx, zones_path.key(name), name, zone, &index));
    }
    DnsSpec { zones, servers, resolvers, roots }
}

fn read_servers(cx: &mut Context<'_>, path: Path<'_>, index: &BTreeMap<&str, usize>) -> Vec<NameServerSpec> {
    let path = path.key("servers");
    let mut servers = Vec::new();
    for (name, server) in &cx.scenario.dns.servers {
        let here = path.key(name);
        let host = cx.host(path.name(name), name);
        let mut zones = BTreeSet::new();
        for (position, zone) in server.zones.iter().enumerate() {
            let place = here.key("zones");
            match index.get(zone.as_str()) {
                Some(found) if zones.insert(*found) => {}
                Some(_) => cx
                    .problems
                    .at(place.index(position), format!("the zone {zone} is listed twice", zone = quote(zone))),
                None => cx.problems.unknown(place.index(position), "zone", zone, index.keys().copied()),
            }
        }
        if server.zones.is_empty() {
            cx.problems.help(here, "a name server serves at least one zone", "list them in \"zones\"");
        }
        servers.extend(host.map(|host| NameServerSpec { host, zones: zones.into_iter().collect() }));
    }
    servers
}

fn read_resolvers(cx: &mut Context<'_>, path: Path<'_>) -> Vec<HostId> {
    let path = path.key("resolvers");
    let mut resolvers = Vec::new();
    for name in cx.scenario.dns.resolvers.keys() {
        if cx.scenario.dns.servers.contains_key(name) {
            let message = format!("{name} is a name server too, and both need port 53", name = quote(name));
            cx.problems.help(path.name(name), message, "put the resolver on a host of its own");
        }
        resolvers.extend(cx.host(path.name(name), name));
    }
    resolvers
}

fn read_roots(cx: &mut Context<'_>, path: Path<'_>) -> Vec<HostId> {
    let path = path.key("roots");
    let mut roots = BTreeSet::new();
    for (index, name) in cx.scenario.dns.roots.iter().flatten().enumerate() {
        let here = path.index(index);
        let serves =
            cx.scenario.dns.servers.get(name).is_some_and(|server| server.zones.iter().any(|zone| zone == "."));
        if !serves {
            cx.problems.at(here, format!("{} does not serve the root zone \".\"", quote(name)));
        }
        if let Some(host) = cx.host(here, name)
            && !roots.insert(host)
        {
            cx.problems.at(here, format!("the root server {name} is listed twice", name = quote(name)));
        }
    }
    if roots.is_empty() && !cx.scenario.dns.resolvers.is_empty() {
        cx.problems.at(path, "resolvers need at least one root server");
    }
    roots.into_iter().collect()
}

/// Whole seconds, at most 2^31 - 1 (RFC 2181 section 8).
fn read_ttl(cx: &mut Context<'_>, path: Path<'_>, ttl: Option<Duration>) -> u32 {
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
    let path = here.key("records");
    let mut records: Vec<RecordSpec> = Vec::with_capacity(zone.records.len());
    let mut seen = BTreeSet::new();
    let mut owners: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for (position, record) in zone.records.iter().enumerate() {
        let place = path.index(position);
        let Some(read) = read_record(cx, place, name, record, index) else { continue };
        if !seen.insert((read.name.clone(), read.data.to_string(), read.data.rtype())) {
            cx.problems.at(place, "this record is given twice");
        }
        let (alias, other) = owners.entry(read.name.clone()).or_default();
        if read.data.rtype() == RecordType::Cname {
            if *alias {
                cx.problems.at(place, format!("{} has two CNAME records", quote(&read.name)));
            }
            *alias = true;
        } else {
            *other = true;
        }
        if *alias && *other {
            let message =
                format!("{} has a CNAME record and so can have no other (RFC 1034 section 3.6.2)", quote(&read.name));
            cx.problems.at(place, message);
        }
        let soa = read.data.rtype() == RecordType::Soa;
        if soa && read.name != name {
            cx.problems.at(place.key("name"), "an SOA record belongs to the name of its zone, \"@\"");
        } else if soa && records.iter().any(|other| other.data.rtype() == RecordType::Soa) {
            cx.problems.at(place, "a zone has one SOA record");
        }
        records.push(read);
    }
    ZoneSpec { name: name.to_owned(), records }
}

fn read_record(
    cx: &mut Context<'_>,
    here: Path<'_>,
    zone: &str,
    record: &Record,
    index: &BTreeMap<&str, usize>,
) -> Option<RecordSpec> {
    let owner = absolute(&record.name, zone);
    if owner != "." {
        cx.problems.check(here.key("name"), check_owner_name(&owner));
    }
    if !is_within(&owner, zone) {
        let message = format!("{} does not lie in the zone {zone}", quote(&record.name), zone = quote(zone));
        cx.problems.at(here.key("name"), message);
    }
    let ttl_s = read_ttl(cx, here.key("ttl"), record.ttl);
    let Some(rtype) = RecordType::parse(&record.rtype) else {
        unknown_type(cx, here.key("type"), &record.rtype);
        return None;
    };
    match record::read(rtype, &record.data, zone) {
        Err(message) => {
            cx.problems.at(here.key("data"), message);
            None
        }
        Ok(data) => {
            check_target(cx, here.key("data"), zone, record, &data, index);
            Some(RecordSpec { name: owner, ttl_s, data })
        }
    }
}

/// Finds the forgotten final dot, which turns "mail.crepes.fr" into "mail.crepes.fr.crepes.fr".
fn check_target(
    cx: &mut Context<'_>,
    path: Path<'_>,
    zone: &str,
    record: &Record,
    data: &RecordData,
    index: &BTreeMap<&str, usize>,
) {
    let target = match data {
        RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Ptr(name) => name,
        RecordData::Mx { exchange, .. } => exchange,
        RecordData::A(_) | RecordData::Aaaa(_) | RecordData::Txt(_) | RecordData::Soa { .. } => return,
    };
    let written = record.data.split_ascii_whitespace().next_back().unwrap_or_default();
    if written == "@" || written.ends_with('.') || zone == "." {
        return;
    }
    let known_host = cx.hosts.binary_search_by(|host| host.name.as_str().cmp(written)).is_ok();
    let in_zone = closest_above(written, |name| name != "." && index.contains_key(name)).is_some();
    if known_host || in_zone {
        let message = format!(
            "{written} has no final dot and so means {target}",
            written = quote(written),
            target = quote(&dotted(target))
        );
        cx.problems.help(path, message, format!("write \"{written}.\""));
    }
}

/// A type that does not exist, or that is not written in capitals.
pub(super) fn unknown_type(cx: &mut Context<'_>, path: Path<'_>, text: &str) {
    let upper = text.to_ascii_uppercase();
    if RecordType::parse(&upper).is_some() {
        let message = format!("there is no record type {}", quote(text));
        cx.problems.help(path, message, did_you_mean(&upper));
    } else {
        let known = RecordType::ALL.iter().map(|(name, _)| *name);
        cx.problems.unknown(path, "record type", &upper, known);
    }
}
