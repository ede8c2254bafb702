//! How hosts are connected.
//!
//! A host that no link touches is connected to its site's router; then every part of the
//! network that is not connected to the router `internet` is connected to it by one link.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts::declare;
use super::{CORE_ROUTER, CORE_SITE, site_router};
use crate::base::{Probability, SimDuration};
use crate::scenario::resolved::QueueLimit;
use crate::scenario::schema::{Chance, Duration, Host, Queue, Scenario};

/// Adds the missing links and routers, and completes the links there are.
pub(super) fn connect(scenario: &mut Scenario) {
    add_access_links(scenario);
    add_backbone_links(scenario);
    for host in scenario.network.hosts.values_mut() {
        host.router.get_or_insert(false);
    }
    for link in &mut scenario.network.links {
        link.name.get_or_insert_with(|| link.between.join("--"));
        link.delay.get_or_insert(Duration(SimDuration::ZERO));
        link.queue.get_or_insert(Queue(QueueLimit::Unlimited));
        link.loss.get_or_insert(Chance(Probability::ZERO));
    }
}

fn declare_router(scenario: &mut Scenario, name: &str, site: &str) {
    let new = !scenario.network.hosts.contains_key(name);
    declare(scenario, name, Some(site));
    if new && let Some(host) = scenario.network.hosts.get_mut(name) {
        host.router = Some(true);
    }
}

fn add_access_links(scenario: &mut Scenario) {
    let linked: BTreeSet<&String> = scenario.network.links.iter().flat_map(|link| &link.between).collect();
    let lonely = |(name, host): (&String, &Host)| -> Option<(String, String)> {
        let site = host.site.clone().filter(|site| site != CORE_SITE)?;
        let needs = host.router != Some(true) && !linked.contains(name) && *name != site_router(&site);
        needs.then(|| (name.clone(), site))
    };
    let lonely: Vec<(String, String)> = scenario.network.hosts.iter().filter_map(lonely).collect();
    let like = scenario.network.access.clone();
    for (name, site) in lonely {
        let router = site_router(&site);
        declare_router(scenario, &router, &site);
        scenario.network.links.push(like.link([&name, &router]));
    }
}

/// A host's index in name order, by name.
type Index<'a> = BTreeMap<&'a str, usize>;

fn root_of(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}

/// The host by which each part of the network would be connected to the core: a site's
/// router before another router before a host, then the first by name.
fn gateways(scenario: &Scenario) -> Vec<String> {
    let names: Vec<&str> = scenario.network.hosts.keys().map(String::as_str).collect();
    let index: Index<'_> = names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let mut parent: Vec<usize> = (0..names.len()).collect();
    for link in &scenario.network.links {
        let ends: Vec<usize> = link.between.iter().filter_map(|end| index.get(end.as_str()).copied()).collect();
        for pair in ends.windows(2) {
            let (a, b) = (root_of(&mut parent, pair[0]), root_of(&mut parent, pair[1]));
            parent[a.max(b)] = a.min(b);
        }
    }
    let rank = |i: usize| {
        let host = &scenario.network.hosts[names[i]];
        let own = host.site.as_ref().is_some_and(|site| site_router(site) == names[i]);
        let kind = match (host.router, own) {
            _ if names[i] == CORE_ROUTER => 0,
            (Some(true), true) => 1,
            (Some(true), false) => 2,
            (Some(false) | None, _) => 3,
        };
        (kind, i)
    };
    let mut best: BTreeMap<usize, usize> = BTreeMap::new();
    for i in 0..names.len() {
        let part = root_of(&mut parent, i);
        let first = best.entry(part).or_insert(i);
        if rank(i) < rank(*first) {
            *first = i;
        }
    }
    best.into_values().map(|i| names[i].to_owned()).collect()
}

fn add_backbone_links(scenario: &mut Scenario) {
    // A file may lead links of its own to the core, which then is there before it is needed.
    if scenario.network.links.iter().flat_map(|link| &link.between).any(|end| end == CORE_ROUTER) {
        declare_router(scenario, CORE_ROUTER, CORE_SITE);
    }
    let mut gateways = gateways(scenario);
    if gateways.len() < 2 {
        return;
    }
    gateways.sort();
    let like = scenario.network.backbone.clone();
    declare_router(scenario, CORE_ROUTER, CORE_SITE);
    for name in gateways.iter().filter(|name| *name != CORE_ROUTER) {
        scenario.network.links.push(like.link([name, CORE_ROUTER]));
    }
}
