//! The name space: zones, who serves them, and the records that follow from hosts and mail domains.
//!
//! Records that the file gives are kept. A record is missing when its zone has none of that
//! owner and type. Two exceptions let a file show what happens without: a mail domain whose
//! own name already has an address and no MX gets none (RFC 5321 section 5.1 then uses the
//! address), and a delegation that the file gives gets no glue.

use std::collections::{BTreeMap, BTreeSet};

use super::CORE_SITE;
use super::hosts::declare;
use crate::base::SimDuration;
use crate::scenario::names;
use crate::scenario::schema::{Duration, NameServer, Record, Scenario, Zone};

const ROOT: &str = ".";
const ROOT_SERVER: &str = "a.root-servers.net";
/// Root and TLD zones change seldom, and their records live long.
const UPPER_TTL: Duration = Duration(SimDuration::from_secs(2 * 86_400));

/// Adds the root, the zones of mail domains and of hosts that lie in none, and the TLDs above them.
pub(super) fn add_zones(scenario: &mut Scenario) {
    let mut zones: BTreeSet<String> = scenario.mail.keys().cloned().collect();
    zones.insert(ROOT.to_owned());
    for (name, host) in &scenario.network.hosts {
        let site = host.site.as_deref().unwrap_or_default();
        let known = |zone: &str| scenario.dns.zones.contains_key(zone) || scenario.mail.contains_key(zone);
        let homeless = names::closest(name, known).is_none_or(|zone| zone == ROOT || !zone.contains('.'));
        if homeless && site.contains('.') && names::is_within(name, site) && host.router != Some(true) {
            zones.insert(site.to_owned());
        }
    }
    let tlds: Vec<String> = zones
        .iter()
        .chain(scenario.dns.zones.keys())
        .filter_map(|zone| Some(zone.rsplit_once('.')?.1.to_owned()).filter(|tld| !tld.is_empty()))
        .collect();
    zones.extend(tlds);
    let own_ttl = scenario.dns.ttl;
    for name in zones {
        let upper = !name.contains('.') && !scenario.mail.contains_key(&name) || name == ROOT;
        let zone = scenario.dns.zones.entry(name).or_default();
        if zone.ttl.is_none() && upper {
            zone.ttl = Some(UPPER_TTL);
        }
    }
    for zone in scenario.dns.zones.values_mut() {
        zone.ttl = zone.ttl.or(own_ttl);
    }
}

/// The absolute names of a zone's own name servers, as its records give them.
fn apex_servers(zone: &str, records: &[Record]) -> Vec<String> {
    let apex = |record: &&Record| record.rtype == "NS" && names::absolute(&record.name, zone) == zone;
    records.iter().filter(apex).map(|record| names::absolute(record.data.trim(), zone)).collect()
}

/// Gives each zone that nobody serves a server.
pub(super) fn add_servers(scenario: &mut Scenario) {
    let served: BTreeSet<String> = scenario.dns.servers.values().flat_map(|server| server.zones.clone()).collect();
    let names: Vec<String> = scenario.dns.zones.keys().filter(|zone| !served.contains(*zone)).cloned().collect();
    for zone in names {
        let upper = zone == ROOT || !zone.contains('.') && !scenario.mail.contains_key(&zone);
        let given = apex_servers(&zone, &scenario.dns.zones[&zone].records);
        let known = |name: &String| {
            let new = zone != ROOT && names::is_within(name, &zone) && *name != zone;
            scenario.network.hosts.contains_key(name) || new && names::check_host_name(name).is_ok()
        };
        let copies =
            |name: &String| scenario.dns.servers.get(name).is_some_and(|server| server.secondary.contains(&zone));
        let mut servers: Vec<String> = given.into_iter().filter(known).filter(|name| !copies(name)).collect();
        if zone == ROOT {
            servers.extend(scenario.dns.roots.iter().flatten().cloned());
        }
        if servers.is_empty() {
            servers.push(match (zone.as_str(), upper) {
                (ROOT, _) => ROOT_SERVER.to_owned(),
                (tld, true) => format!("ns.nic.{tld}"),
                (name, false) => format!("ns.{name}"),
            });
        }
        for server in servers {
            let site = upper.then_some(CORE_SITE);
            declare(scenario, &server, site);
            let zones = &mut scenario.dns.servers.entry(server).or_default().zones;
            if !zones.contains(&zone) {
                zones.push(zone.clone());
            }
        }
    }
    if scenario.dns.roots.is_none() {
        scenario.dns.roots = Some(servers_of(scenario, ROOT));
    }
}

fn servers_of(scenario: &Scenario, zone: &str) -> Vec<String> {
    let serves = |server: &NameServer| server.zones.iter().chain(&server.secondary).any(|name| name == zone);
    scenario.dns.servers.iter().filter(|(_, server)| serves(server)).map(|(name, _)| name.clone()).collect()
}

/// All zones with their servers: the primary ones in host order, then the others.
fn all_servers(scenario: &Scenario) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let lists: [fn(&NameServer) -> &[String]; 2] = [|server| &server.zones, |server| &server.secondary];
    for list in lists {
        for (host, server) in &scenario.dns.servers {
            for zone in list(server) {
                all.entry(zone.clone()).or_default().push(host.clone());
            }
        }
    }
    all
}

/// A zone under completion: its records, and which (owner, type) it has.
struct Draft {
    name: String,
    zone: Zone,
    has: BTreeSet<(String, String)>,
}

impl Draft {
    fn new(name: &str, zone: Zone) -> Self {
        let owners = |record: &Record| match names::expand_record(&record.name, &record.data) {
            Some(all) => all.into_iter().map(|(owner, _)| owner).collect(),
            None => vec![record.name.clone()],
        };
        let key = |record: &Record, owner: &str| (names::absolute(owner, name), record.rtype.clone());
        let keys = |record: &Record| -> Vec<(String, String)> {
            owners(record).iter().map(|owner| key(record, owner)).collect()
        };
        let has = zone.records.iter().flat_map(keys).collect();
        Self { name: name.to_owned(), zone, has }
    }

    fn has(&self, owner: &str, rtype: &str) -> bool {
        self.has.contains(&(owner.to_owned(), rtype.to_owned()))
    }

    fn add(&mut self, owner: &str, rtype: &str, data: String) {
        self.has.insert((owner.to_owned(), rtype.to_owned()));
        let (name, rtype) = (names::relative(owner, &self.name), rtype.to_owned());
        self.zone.records.push(Record { name, rtype, data, ..Record::default() });
    }

    /// The addresses of a host, unless the owner has one already: what the file gives is all there is.
    fn add_addresses(&mut self, scenario: &Scenario, owner: &str) {
        let Some(host) = scenario.network.hosts.get(owner) else { return };
        if ["A", "AAAA", "CNAME"].iter().any(|rtype| self.has(owner, rtype)) {
            return;
        }
        for (rtype, address) in [("A", &host.address), ("AAAA", &host.address6)] {
            if let Some(address) = address {
                self.add(owner, rtype, address.clone());
            }
        }
    }
}

/// Adds the missing records of all zones: own ones first, as delegations copy them.
pub(super) fn add_records(scenario: &mut Scenario) {
    let zones = std::mem::take(&mut scenario.dns.zones);
    let mut drafts: Drafts = zones.into_iter().map(|(name, zone)| (name.clone(), Draft::new(&name, zone))).collect();
    let servers = all_servers(scenario);
    for draft in drafts.values_mut() {
        add_apex(scenario, servers.get(&draft.name).map_or(&[], Vec::as_slice), draft);
    }
    add_host_addresses(scenario, &mut drafts);
    let names: Vec<String> = drafts.keys().filter(|name| *name != ROOT).cloned().collect();
    for child in names {
        add_delegation(scenario, &mut drafts, &child);
    }
    for (name, mut draft) in drafts {
        for record in &mut draft.zone.records {
            record.ttl = record.ttl.or(draft.zone.ttl);
        }
        scenario.dns.zones.insert(name, draft.zone);
    }
    for change in &mut scenario.dns.changes {
        let ttl = scenario.dns.zones.get(&change.zone).and_then(|zone| zone.ttl).or(scenario.dns.ttl);
        for record in &mut change.set {
            record.ttl = record.ttl.or(ttl);
        }
    }
}

/// Zones under completion, by name.
type Drafts = BTreeMap<String, Draft>;

fn add_apex(scenario: &Scenario, servers: &[String], draft: &mut Draft) {
    let apex = draft.name.clone();
    if !draft.has(&apex, "SOA") {
        let primary = apex_servers(&apex, &draft.zone.records).into_iter().chain(servers.iter().cloned()).next();
        let primary = names::dotted(&primary.unwrap_or_else(|| apex.clone()));
        let owner = if apex == ROOT { "hostmaster.".to_owned() } else { format!("hostmaster.{apex}.") };
        let minimum = scenario.dns.negative_ttl.map_or(300, |ttl| ttl.0.as_secs());
        draft.add(&apex, "SOA", format!("{primary} {owner} 1 7200 3600 1209600 {minimum}"));
    }
    if !draft.has(&apex, "NS") {
        for server in servers {
            draft.add(&apex, "NS", names::dotted(server));
        }
    }
    if apex == ROOT {
        for server in servers {
            draft.add_addresses(scenario, server);
        }
    }
    if let Some(domain) = scenario.mail.get(&apex)
        && let Some(server) = &domain.server
        && !["MX", "A", "AAAA", "CNAME"].iter().any(|rtype| draft.has(&apex, rtype))
    {
        draft.add(&apex, "MX", format!("{} {}", domain.preference.unwrap_or(10), names::dotted(server)));
        for (host, relay) in &domain.relays {
            draft.add(&apex, "MX", format!("{} {}", relay.preference.unwrap_or(20), names::dotted(host)));
        }
    }
}

/// Gives each host its A and AAAA records in the zone in which its name lies, the root's excepted.
fn add_host_addresses(scenario: &Scenario, drafts: &mut Drafts) {
    for (name, host) in &scenario.network.hosts {
        let zone = names::closest(name, |zone| zone != ROOT && drafts.contains_key(zone));
        if host.router != Some(true)
            && let Some(draft) = zone.and_then(|zone| drafts.get_mut(zone))
        {
            draft.add_addresses(scenario, name);
        }
    }
}

fn add_delegation(scenario: &Scenario, drafts: &mut Drafts, child: &str) {
    let Some(parent) = names::closest_above(child, |zone| drafts.contains_key(zone)) else { return };
    let servers = apex_servers(child, &drafts[child].zone.records);
    let Some(draft) = drafts.get_mut(parent).filter(|draft| !draft.has(child, "NS")) else { return };
    for server in &servers {
        draft.add(child, "NS", names::dotted(server));
    }
    for server in servers.iter().filter(|server| names::is_within(server, parent)) {
        draft.add_addresses(scenario, server);
    }
}
