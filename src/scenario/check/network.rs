//! Hosts and links.

use super::Context;
use super::addresses::{Seen, check_routers, read_addresses};
use crate::base::{Addresses, SimDuration};
use crate::net::{self, Policy};
use crate::scenario::fill::{CORE_ROUTER, site_router};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::resolved::{HostSpec, LinkSpec};
use crate::scenario::schema::{DeadHosts, Duration, Host, Metric, Routing, Scenario};

/// All hosts in name order; one whose address is wrong lacks it.
pub(super) fn read_hosts(scenario: &Scenario, problems: &mut Problems) -> Vec<HostSpec> {
    let network = Path::Root.key("network");
    let path = network.key("hosts");
    let mut seen = Seen::new();
    let mut hosts = Vec::with_capacity(scenario.network.hosts.len());
    for (name, host) in &scenario.network.hosts {
        let here = path.key(name);
        let addresses = read_addresses(problems, here, (name, host), &mut seen);
        hosts.push(read_host(problems, here, name, host, addresses));
    }
    check_routers(scenario, problems);
    let limit = scenario.limits.hosts.unwrap_or(0);
    if hosts.len() as u64 > limit {
        let message = format!("the scenario has {} hosts and routers, more than `limits.hosts` ({limit})", hosts.len());
        problems.help(path, message, "raise `limits.hosts` or describe a smaller network");
    }
    hosts
}

fn read_host(problems: &mut Problems, here: Path<'_>, name: &str, host: &Host, addresses: Addresses) -> HostSpec {
    let site = host.site.clone().unwrap_or_default();
    let router = host.router == Some(true);
    if !router && (name == CORE_ROUTER || name == site_router(&site)) {
        problems.help(
            here,
            format!("{name} is the name of a router", name = quote(name)),
            "write \"router\": true or choose another name",
        );
    }
    let (stub_cache, web_server) = (host.stub_cache == Some(true), host.web_server == Some(true));
    for (key, given) in [("stub_cache", stub_cache), ("web_server", web_server)] {
        if given && router {
            problems.at(here.key(key), "a router only forwards packets");
        }
    }
    HostSpec { name: name.to_owned(), addresses, site, router, resolvers: Vec::new(), stub_cache, web_server }
}

/// How the network behaves.
pub(super) fn read_policy(cx: &mut Context<'_>, links: &[LinkSpec]) -> Policy {
    let dead_hosts = match cx.scenario.network.dead_hosts {
        None | Some(DeadHosts::Silent) => net::DeadHosts::Silent,
        Some(DeadHosts::Reported) => net::DeadHosts::Reported,
    };
    let routing = cx.scenario.network.routing.as_ref().map(|routing| read_routing(cx, routing, links));
    Policy { dead_hosts, routing: routing.unwrap_or_default() }
}

fn read_routing(cx: &mut Context<'_>, routing: &Routing, links: &[LinkSpec]) -> net::Routing {
    let network = Path::Root.key("network");
    let path = network.key("routing");
    let convergence = match routing.convergence.as_deref() {
        None => Some(SimDuration::ZERO),
        Some("never") => None,
        Some(text) => match SimDuration::parse(text) {
            Ok(duration) => Some(cx.duration(path.key("convergence"), Some(Duration(duration)))),
            Err(error) => {
                cx.problems.at(path.key("convergence"), format!("{error}, or \"never\""));
                None
            }
        },
    };
    let fixed = path.key("static");
    let mut all = Vec::new();
    for (index, route) in routing.fixed.iter().enumerate() {
        let here = fixed.index(index);
        let ends = [("at", &route.at), ("to", &route.to), ("via", &route.via)];
        let [Some(at), Some(to), Some(via)] = ends.map(|(key, name)| cx.any_host(here.key(key), name)) else {
            continue;
        };
        if !links.iter().any(|link| link.ends == [at, via] || link.ends == [via, at]) {
            let message = format!("no link leads from {} to {}", quote(&route.at), quote(&route.via));
            cx.problems.at(here.key("via"), message);
        }
        all.push(net::FixedRoute { at, to, via });
    }
    let metric = match routing.by {
        None | Some(Metric::Delay) => net::Metric::Delay,
        Some(Metric::Hops) => net::Metric::Hops,
    };
    net::Routing { metric, convergence, fixed: all }
}
