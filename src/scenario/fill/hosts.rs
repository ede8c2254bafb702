//! Which hosts there are: those the file lists, and those its domains, users and servers imply.
//!
//! A host comes into being by being listed, by being the key of a name server or resolver,
//! a Web server, a root server, the default server of a mail domain or the key of a relay, the default computer of a user, or
//! the host of real clients.
//! Merely naming a host elsewhere does not create it, so that a slip of the pen is found.

use std::collections::BTreeMap;

use super::defaults::{default_computer, default_device};
use super::{CORE_SITE, LOCAL_SITE};
use crate::scenario::names;
use crate::scenario::schema::{Host, Scenario};

/// More hosts than a pattern of the workload may stand for.
const MAX_DEVICES: usize = 100_000;

/// Whether anybody could ask for a name.
pub(super) fn uses_dns(scenario: &Scenario) -> bool {
    let dns = &scenario.dns;
    let asked = scenario
        .workload
        .iter()
        .any(|entry| entry.lookup.is_some() || entry.lookups.is_some() || entry.browse.is_some());
    asked
        || !scenario.mail.is_empty()
        || !scenario.web.is_empty()
        || !dns.servers.is_empty()
        || !dns.resolvers.is_empty()
        || !dns.zones.is_empty()
        || dns.roots.is_some()
}

/// The site of a host that names none.
pub(super) fn default_site(scenario: &Scenario, name: &str) -> String {
    let zone = |name: &str| name.contains('.') && name != "." && scenario.dns.zones.contains_key(name);
    if let Some(site) = names::closest(name, |name| scenario.mail.contains_key(name) || zone(name)) {
        return site.to_owned();
    }
    match name.rmatch_indices('.').nth(1) {
        Some((dot, _)) => name[dot + 1..].to_owned(),
        None if name.contains('.') => name.to_owned(),
        None => LOCAL_SITE.to_owned(),
    }
}

/// Adds a host unless it is there.
pub(super) fn declare(scenario: &mut Scenario, name: &str, site: Option<&str>) {
    if scenario.network.hosts.get(name).is_none_or(|host| host.site.is_none()) {
        let site = site.map_or_else(|| default_site(scenario, name), str::to_owned);
        scenario.network.hosts.entry(name.to_owned()).or_default().site = Some(site);
    }
}

/// Adds the hosts that mail, users and name servers imply.
pub(super) fn declare_hosts(scenario: &mut Scenario) {
    let mut implied: Vec<(String, Option<String>)> = Vec::new();
    for root in scenario.dns.roots.iter().flatten() {
        implied.push((root.clone(), Some(CORE_SITE.to_owned())));
    }
    for host in scenario.dns.servers.keys().chain(scenario.dns.resolvers.keys()).chain(scenario.network.hosts.keys()) {
        implied.push((host.clone(), None));
    }
    implied.extend(scenario.web.keys().map(|host| (host.clone(), None)));
    implied.extend(scenario.live.iter().filter_map(|live| live.host.clone()).map(|host| (host, None)));
    for (name, domain) in &scenario.mail {
        if domain.server.as_ref() == Some(name) {
            implied.push((name.clone(), Some(name.clone())));
        }
        implied.extend(domain.relays.keys().map(|host| (host.clone(), None)));
        for local in &domain.users {
            let computer = default_computer(local, name);
            let user = scenario.users.get(&format!("{local}@{name}"));
            if user.is_some_and(|user| user.host.as_ref() == Some(&computer)) {
                implied.push((computer, Some(name.clone())));
            }
            for (device, given) in user.iter().flat_map(|user| &user.devices) {
                let default = default_device(local, name, device);
                if given.host.as_ref() == Some(&default) {
                    implied.push((default, Some(name.clone())));
                }
            }
        }
    }
    for (name, site) in implied {
        declare(scenario, &name, site.as_deref());
    }
    for host in scenario.network.hosts.values_mut() {
        host.router.get_or_insert(false);
    }
}

/// The hosts that look up names: users' computers and other devices, mail servers, and hosts of look-ups.
fn clients(scenario: &Scenario) -> Vec<String> {
    let servers = scenario.mail.values().flat_map(|domain| domain.server.iter().chain(domain.relays.keys()));
    let computers = scenario.users.values().filter_map(|user| user.host.as_ref());
    let others =
        scenario.users.values().flat_map(|user| user.devices.values().filter_map(|device| device.host.as_ref()));
    let devices = scenario.workload.iter().flat_map(|entry| entry.on.iter().flat_map(|on| &on.items));
    let devices: Vec<String> =
        devices.flat_map(|name| names::expand(name, MAX_DEVICES).unwrap_or_else(|| vec![name.clone()])).collect();
    let visited = scenario.live.iter().filter_map(|live| live.host.as_ref());
    let mut all: Vec<String> = servers.chain(computers).chain(others).chain(&devices).chain(visited).cloned().collect();
    all.sort();
    all.dedup();
    all.retain(|name| scenario.network.hosts.contains_key(name));
    all
}

/// Gives each host that looks up names a resolver, and each such site one of its own.
pub(super) fn add_resolvers(scenario: &mut Scenario) {
    for user in scenario.users.values() {
        if let (Some(host), Some(resolver)) = (&user.host, &user.resolver)
            && let Some(host) = scenario.network.hosts.get_mut(host)
        {
            host.resolver.get_or_insert_with(|| resolver.clone());
        }
    }
    let mut of_site: BTreeMap<String, String> = BTreeMap::new();
    for resolver in scenario.dns.resolvers.keys() {
        let site = scenario.network.hosts.get(resolver).and_then(|host| host.site.clone());
        of_site.entry(site.unwrap_or_default()).or_insert_with(|| resolver.clone());
    }
    for name in clients(scenario) {
        let Some(Host { site: Some(site), resolver: None, .. }) = scenario.network.hosts.get(&name).cloned() else {
            continue;
        };
        let resolver = of_site.entry(site.clone()).or_insert_with(|| format!("resolver.{site}")).clone();
        declare(scenario, &resolver, Some(&site));
        scenario.dns.resolvers.entry(resolver.clone()).or_default();
        scenario.network.hosts.entry(name).or_default().resolver = Some(resolver);
    }
    for user in scenario.users.values_mut() {
        let of_host = user.host.as_ref().and_then(|host| scenario.network.hosts.get(host)?.resolver.clone());
        if user.resolver.is_none() {
            user.resolver = of_host;
        }
    }
}
