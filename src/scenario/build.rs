//! From a checked scenario to the plan of a world: topology, and what runs on each host.
//!
//! Nothing is decided here: every default was filled in before, so building cannot fail.

mod mail;
mod web;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::app::App;
use crate::app::dns::{
    Crowd, LookupAgent, LookupJob, NameServer, NameServerConfig, Resolver, ScriptedServer, SecondaryZone, Zone,
};
use crate::app::user::UserAgent;
use crate::app::web::{SiteServer, WebServer};
use crate::base::directory::{HostEntry, LinkEntry};
use crate::base::{Directory, Family, HostId, Zipf};
use crate::net::{LinkConfig, NodeConfig, TcpConfig, Topology};
use crate::proto::dns::Name;
use crate::sim::Plan;

use super::agenda::user_agents;
use super::resolved::{LookupWork, LookupsWork, NameServerSpec, Resolved, Work};

/// The plan of the world that a scenario describes.
///
/// # Panics
/// Only on a scenario that its own check would have refused.
#[must_use]
pub fn plan(scenario: &Resolved) -> Plan {
    let mut apps: BTreeMap<HostId, Vec<App>> = BTreeMap::new();
    let mut start = |host: HostId, app: App| apps.entry(host).or_default().push(app);
    let mut zones: BTreeMap<HostId, NameServer> = name_servers(scenario).collect();
    for (host, script) in &scenario.dns.scripted {
        let server = ScriptedServer::new(Arc::new(script.clone()));
        let server = match zones.remove(host) {
            Some(zones) => server.with_zones(zones),
            None => server,
        };
        start(*host, App::ScriptedServer(Box::new(server)));
    }
    for (host, server) in zones {
        start(host, App::NameServer(Box::new(server)));
    }
    for resolver in &scenario.dns.resolvers {
        start(resolver.host, App::Resolver(Box::new(Resolver::new(resolver.config.clone()))));
    }
    for (host, server) in mail::mail_servers(scenario) {
        start(host, App::MailServer(Box::new(server)));
    }
    for (host, config) in user_agents(scenario) {
        start(host, App::UserAgent(Box::new(UserAgent::new(config))));
    }
    for (host, (jobs, crowds)) in lookups(scenario) {
        let agent = LookupAgent::new(resolver_addresses(scenario, host), jobs)
            .with_crowds(crowds, scenario.host_spec(host).stub_cache);
        start(host, App::LookupAgent(Box::new(agent)));
    }
    for (host, browser) in web::browsers(scenario) {
        start(host, App::Browser(Box::new(browser)));
    }
    for (host, site) in &scenario.web {
        start(*host, App::SiteServer(Box::new(SiteServer::new(site.clone()))));
    }
    for (id, _) in (0_u32..).map(HostId).zip(&scenario.hosts).filter(|(_, host)| host.web_server) {
        start(id, App::WebServer(WebServer));
    }
    Plan {
        directory: directory(scenario),
        topology: topology(scenario),
        apps: (0_u32..).map(HostId).take(scenario.hosts.len()).map(|id| apps.remove(&id).unwrap_or_default()).collect(),
        policy: scenario.policy.clone(),
        processing: scenario.processing.clone(),
        sessions: scenario.sessions.clone(),
        faults: scenario.faults.clone(),
        seed: scenario.run.seed,
    }
}

/// The addresses at which a host asks its resolvers: one each, of a family that both have.
pub(super) fn resolver_addresses(scenario: &Resolved, host: HostId) -> Vec<IpAddr> {
    scenario.host_spec(host).resolvers.iter().filter_map(|id| way(scenario, host, *id)).collect()
}

/// The address at which one host reaches another: of a family that both have.
fn way(scenario: &Resolved, from: HostId, to: HostId) -> Option<IpAddr> {
    let own = scenario.host_spec(from).addresses;
    scenario.host_spec(to).addresses.by_precedence().find(|address| own.has(Family::of(*address)))
}

/// Who is who in that world.
#[must_use]
pub fn directory(scenario: &Resolved) -> Directory {
    let hosts = scenario.hosts.iter().map(|host| HostEntry {
        name: host.name.clone(),
        addresses: host.addresses,
        router: host.router,
    });
    let links = scenario.links.iter().map(|link| LinkEntry { name: link.name.clone(), ends: link.ends });
    Directory::new(hosts.collect(), links.collect(), scenario.start)
}

fn topology(scenario: &Resolved) -> Topology {
    let nodes = scenario.hosts.iter().map(|host| NodeConfig {
        name: host.name.clone(),
        addresses: host.addresses,
        router: host.router,
    });
    let links = scenario.links.iter().map(|link| LinkConfig {
        name: link.name.clone(),
        ends: link.ends,
        directions: link.directions,
    });
    let tcp = TcpConfig {
        mss: u32::from(scenario.tcp.mss),
        initial_window: scenario.tcp.initial_window,
        receive_window: scenario.tcp.receive_window,
        syn_retries: scenario.tcp.syn_retries,
        syn_backlog: scenario.tcp.syn_backlog,
        data_retries: scenario.tcp.data_retries,
        initial_rto: scenario.tcp.initial_rto,
        min_rto: scenario.tcp.min_rto,
        max_rto: scenario.tcp.max_rto,
        delayed_ack: scenario.tcp.delayed_ack,
        nagle: scenario.tcp.nagle,
        silly_window_avoidance: scenario.tcp.silly_window_avoidance,
        sack: scenario.tcp.sack,
        rack: scenario.tcp.rack,
        limited_transmit: scenario.tcp.limited_transmit,
        window_scale: scenario.tcp.window_scale,
        timestamps: scenario.tcp.timestamps,
        congestion: scenario.tcp.congestion,
        keep_alive: scenario.tcp.keep_alive,
        user_timeout: scenario.tcp.user_timeout,
        ecn: scenario.tcp.ecn,
        ..TcpConfig::default()
    };
    Topology { nodes: nodes.collect(), links: links.collect(), tcp }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("names were checked")
}

fn zone(scenario: &Resolved, index: usize) -> Zone {
    let zone = &scenario.dns.zones[index];
    Zone::new(name(&zone.name), zone.records.clone()).expect("zones were checked")
}

/// Who may fetch the zones of a server as a whole: its secondaries.
fn transfers(scenario: &Resolved, primary: &NameServerSpec) -> BTreeMap<Name, Vec<IpAddr>> {
    let mut allowed: BTreeMap<Name, Vec<IpAddr>> = BTreeMap::new();
    for secondary in &scenario.dns.servers {
        for copy in secondary.secondary.iter().filter(|copy| copy.primaries.contains(&primary.host)) {
            let addresses = scenario.host_spec(secondary.host).addresses.by_precedence();
            allowed.entry(name(&scenario.dns.zones[copy.zone].name)).or_default().extend(addresses);
        }
    }
    allowed
}

fn name_servers(scenario: &Resolved) -> impl Iterator<Item = (HostId, NameServer)> {
    scenario.dns.servers.iter().map(|server| {
        let reach = |id: &HostId| way(scenario, server.host, *id);
        let copies = server.secondary.iter().map(|copy| SecondaryZone {
            zone: zone(scenario, copy.zone),
            primaries: copy.primaries.iter().filter_map(reach).collect(),
        });
        let own: Vec<Name> = server.zones.iter().map(|&index| name(&scenario.dns.zones[index].name)).collect();
        let config = NameServerConfig {
            zones: server.zones.iter().map(|&index| zone(scenario, index)).collect(),
            secondary: copies.collect(),
            transfers: transfers(scenario, server),
            changes: scenario.dns.changes.iter().filter(|change| own.contains(&change.zone)).cloned().collect(),
            recursive: server.recursive,
            roots: server.roots.iter().filter_map(reach).collect(),
        };
        (server.host, NameServer::with(config))
    })
}

/// The look-ups of each host: scheduled ones, and crowds in the order of the file.
fn lookups(scenario: &Resolved) -> BTreeMap<HostId, (Vec<LookupJob>, Vec<Crowd>)> {
    let mut all: BTreeMap<HostId, (Vec<LookupJob>, Vec<Crowd>)> = BTreeMap::new();
    // the hosts of an entry share its table
    let mut choices: BTreeMap<usize, Zipf> = BTreeMap::new();
    for work in &scenario.workload {
        match work {
            Work::Lookup(LookupWork { schedule, on, name, rtype, web, .. }) => {
                all.entry(*on).or_default().0.push(LookupJob {
                    at: schedule.at,
                    name: name.clone(),
                    rtype: *rtype,
                    every: schedule.every,
                    times: u32::try_from(schedule.count()).unwrap_or(u32::MAX),
                    visit: *web,
                });
            }
            Work::Lookups(lookups) => {
                let choice = choices.entry(lookups.entry);
                let choice = choice.or_insert_with(|| Zipf::new(lookups.names.len(), lookups.zipf));
                all.entry(lookups.on).or_default().1.push(crowd(lookups, choice.clone()));
            }
            Work::Message(_)
            | Work::Read(_)
            | Work::Poisson(_)
            | Work::Session(_)
            | Work::People(_)
            | Work::Browse(_) => {}
        }
    }
    all
}

fn crowd(work: &LookupsWork, choice: Zipf) -> Crowd {
    Crowd {
        at: work.schedule.at,
        until: work.schedule.until,
        clients: work.clients,
        times: work.schedule.times,
        gap: work.gap,
        spread: work.spread,
        names: Arc::clone(&work.names),
        choice,
        rtype: work.rtype,
        cache: work.cache,
        visit: work.web,
    }
}
