//! Resolvers and their options.

use std::net::IpAddr;

use super::Context;
use super::dns::read_ttl;
use crate::app::dns::{Checks, ResolverConfig, ServeStale, Upstream, UpstreamKind};
use crate::base::{Family, HostId, SimDuration};
use crate::proto::dns::{Name, UDP_LIMIT};
use crate::scenario::problem::{Path, quote, some_of};
use crate::scenario::resolved::{ResolverSpec, host_index};
use crate::scenario::schema::{Duration, Mode, Resolver};

/// All resolvers, in host order.
pub(super) fn read_resolvers(cx: &mut Context<'_>, path: Path<'_>, roots: &[HostId]) -> Vec<ResolverSpec> {
    let path = path.key("resolvers");
    let scenario = cx.scenario;
    let mut resolvers = Vec::new();
    for (name, resolver) in &scenario.dns.resolvers {
        if scenario.dns.servers.contains_key(name) {
            let message = format!("{name} is a name server too, and both need port 53", name = quote(name));
            cx.problems.help(path.name(name), message, "put the resolver on a host of its own");
        }
        let here = path.key(name);
        let config = read_options(cx, here, resolver);
        let Some(host) = cx.host(path.name(name), name) else { continue };
        let mut upstreams = read_upstreams(cx, here, host, resolver);
        let walks = !upstreams.iter().any(|upstream| upstream.zone.is_root());
        if walks && roots.is_empty() {
            cx.problems.at(here, "resolvers need at least one root server, or all names forwarded");
        } else if walks {
            cx.check_meet(path.name(name), host, roots);
        }
        let roots = roots.iter().flat_map(|&root| {
            let root = &cx.hosts[root.index()];
            let name = Name::parse(&root.name).ok();
            root.addresses.by_precedence().filter_map(move |address| Some((name.clone()?, address)))
        });
        let roots: Vec<(Name, IpAddr)> = roots.collect();
        if walks && resolver.mode == Some(Mode::Recursive) {
            let own = cx.hosts[host.index()].addresses;
            let reach = |address: &IpAddr| own.has(Family::of(*address));
            let servers = roots.iter().map(|(_, address)| *address).filter(reach).collect();
            let kind = UpstreamKind::Forward { first: false };
            upstreams.push(Upstream { zone: Name::root(), servers, kind });
        }
        resolvers.push(ResolverSpec { host, config: ResolverConfig { roots, upstreams, ..config } });
    }
    check_rings(cx, path);
    resolvers
}

/// Resolvers that forward all names to one another in a ring would never ask anybody.
fn check_rings(cx: &mut Context<'_>, path: Path<'_>) {
    let resolvers = &cx.scenario.dns.resolvers;
    let next = |name: &str| {
        let all = resolvers.get(name)?.forward.iter().find(|zone| zone.zone == "." && zone.first != Some(true))?;
        let [only] = &all.to[..] else { return None };
        Some(only.as_str())
    };
    for name in resolvers.keys() {
        let chain = std::iter::successors(next(name), |name| next(name)).take(resolvers.len());
        // the first of a ring by name reports it
        let ring: Vec<&str> = chain.take_while(|other| other != name).collect();
        let closes = ring.last().copied().or(Some(name)).and_then(next) == Some(name);
        if closes && !ring.is_empty() && ring.iter().all(|other| *other > name.as_str()) {
            let others: Vec<String> = ring.iter().map(|other| quote(other)).collect();
            let message = format!(
                "all names are forwarded in a ring, through {}, and nobody asks a name server",
                others.join(", ")
            );
            cx.problems.help(path.key(name), message, "leave \"forward\" out for one of them");
        }
    }
}

/// The options that are numbers and switches.
fn read_options(cx: &mut Context<'_>, here: Path<'_>, given: &Resolver) -> ResolverConfig {
    let default = ResolverConfig::default();
    let (ttl_floor, ttl_cap) = read_range(cx, here, ("min_ttl", given.min_ttl), ("max_ttl", given.max_ttl));
    let (negative_ttl_floor, negative_ttl_cap) = read_range(
        cx,
        here,
        ("min_negative_ttl", given.min_negative_ttl),
        ("max_negative_ttl", given.max_negative_ttl),
    );
    let failure_ttl = read_ttl(cx, here.key("failure_ttl"), given.failure_ttl);
    // RFC 9520 3.2: no longer than five minutes
    if failure_ttl > 300 {
        cx.problems.at(here.key("failure_ttl"), "a failure is remembered for at most 5min (RFC 9520 3.2)");
    }
    let edns_size = given.edns_size.unwrap_or(0);
    if edns_size != 0 && usize::from(edns_size) < UDP_LIMIT {
        cx.problems.at(here.key("edns_size"), "`edns_size` is 0, or at least 512 (RFC 6891 6.2.3)");
    }
    for (key, count) in [("queries_per_lookup", given.queries_per_lookup), ("retries", given.retries)] {
        if count == Some(0) {
            cx.problems.at(here.key(key), format!("`{key}` is at least 1"));
        }
    }
    let timeout = cx.positive(here.key("first_timeout"), given.first_timeout);
    let max_time = cx.positive(here.key("lookup_timeout"), given.lookup_timeout);
    ResolverConfig {
        roots: Vec::new(),
        upstreams: Vec::new(),
        timeout,
        max_queries: given.queries_per_lookup.unwrap_or(default.max_queries),
        max_time,
        retries: given.retries,
        ttl_floor,
        ttl_cap,
        negative_ttl_floor,
        negative_ttl_cap,
        failure_ttl,
        cache_limit: given.cache_limit.map(|size| usize::try_from(size.0.bytes()).unwrap_or(usize::MAX)),
        ipv6: given.ipv6.unwrap_or(default.ipv6),
        edns_size: Some(edns_size).filter(|size| *size > 0),
        random_ports: given.random_ports.unwrap_or(default.random_ports),
        mixed_case: given.mixed_case.unwrap_or(default.mixed_case),
        qname_minimisation: given.qname_minimisation.unwrap_or(default.qname_minimisation),
        minimal_responses: given.minimal_responses.unwrap_or(default.minimal_responses),
        prefetch: given.prefetch.unwrap_or(default.prefetch),
        stale: read_stale(cx, here.key("serve_stale"), given),
        tcp_upstream: given.tcp_upstream.unwrap_or(default.tcp_upstream),
        harden_glue: given.harden_glue.unwrap_or(default.harden_glue),
        harden_referral_path: given.harden_referral_path.unwrap_or(default.harden_referral_path),
        checks: given.checks.map_or(default.checks, |checks| Checks {
            id: checks.id.unwrap_or(true),
            question: checks.question.unwrap_or(true),
            source: checks.source.unwrap_or(true),
            bailiwick: checks.bailiwick.unwrap_or(true),
        }),
    }
}

fn read_stale(cx: &mut Context<'_>, here: Path<'_>, given: &Resolver) -> Option<ServeStale> {
    let stale = given.serve_stale?;
    let read = ServeStale {
        max: Some(cx.duration(here.key("max"), stale.max)),
        reply_ttl: read_ttl(cx, here.key("reply_ttl"), stale.reply_ttl),
        client_timeout: Some(cx.duration(here.key("client_timeout"), stale.client_timeout)),
    };
    Some(read)
}

/// Two lives of records, of which the first is not the longer.
fn read_range(
    cx: &mut Context<'_>,
    here: Path<'_>,
    (low_key, low): (&str, Option<Duration>),
    (high_key, high): (&str, Option<Duration>),
) -> (u32, u32) {
    let range = (read_ttl(cx, here.key(low_key), low), read_ttl(cx, here.key(high_key), high));
    if range.0 > range.1 {
        let text = |ttl: u32| SimDuration::from_secs(u64::from(ttl)).to_text();
        let message = format!("`{low_key}` ({}) is above `{high_key}` ({})", text(range.0), text(range.1));
        cx.problems.help(here.key(low_key), message, format!("lower it, or raise `{high_key}`"));
    }
    range
}

fn read_upstreams(cx: &mut Context<'_>, here: Path<'_>, own: HostId, given: &Resolver) -> Vec<Upstream> {
    let forward = given.forward.iter().enumerate().map(|(position, zone)| {
        let kind = UpstreamKind::Forward { first: zone.first.unwrap_or(false) };
        ("forward", position, &zone.zone, ("to", &zone.to), kind)
    });
    let stub = given.stub.iter().enumerate();
    let stub = stub.map(|(position, zone)| {
        (
            "stub",
            position,
            &zone.zone,
            ("servers", &zone.servers),
            UpstreamKind::Stub { first: zone.first.unwrap_or(false) },
        )
    });
    let mut upstreams: Vec<Upstream> = Vec::new();
    for (list, position, zone, (key, hosts), kind) in forward.chain(stub) {
        let list = here.key(list);
        let place = list.index(position);
        let servers = read_servers(cx, place.key(key), own, hosts);
        let zone = match Name::parse(zone) {
            Ok(zone) => zone,
            Err(why) => {
                cx.problems.at(place.key("zone"), format!("{} is no name: {why}", quote(zone)));
                continue;
            }
        };
        if upstreams.iter().any(|known| known.zone == zone) {
            let message = format!("the zone {} has its servers already", quote(&zone.to_string()));
            cx.problems.at(place.key("zone"), message);
        }
        upstreams.push(Upstream { zone, servers, kind });
    }
    upstreams
}

/// The addresses of hosts that are asked, as far as the resolver can reach them.
fn read_servers(cx: &mut Context<'_>, here: Path<'_>, own: HostId, names: &[String]) -> Vec<IpAddr> {
    let mut servers = Vec::new();
    if names.is_empty() {
        cx.problems.at(here, "somebody has to be asked: name at least one host");
    }
    for (position, name) in names.iter().enumerate() {
        let place = here.index(position);
        let Some(host) = cx.host(place, name) else { continue };
        if host == own {
            cx.problems.at(place, "a resolver cannot ask itself");
        } else {
            check_answers(cx, place, name);
        }
        cx.check_meet(place, own, &[host]);
        let families = cx.hosts[own.index()].addresses;
        let reach = |address: &IpAddr| families.has(Family::of(*address));
        servers.extend(cx.hosts[host.index()].addresses.by_precedence().filter(reach));
    }
    servers
}

/// Notes a host that has nothing at port 53.
fn check_answers(cx: &mut Context<'_>, place: Path<'_>, name: &str) {
    let dns = &cx.scenario.dns;
    let scripted = cx.scenario.network.hosts.get(name).is_some_and(|host| host.dns_scripted.is_some());
    let router = host_index(cx.hosts, name).is_some_and(|host| cx.hosts[host.index()].router);
    // a router was noted before
    if router || scripted || dns.resolvers.contains_key(name) || dns.servers.contains_key(name) {
        return;
    }
    let message = format!("{} answers no questions: it has no resolver and no name server", quote(name));
    let help = some_of("resolvers", dns.resolvers.keys().map(String::as_str));
    cx.problems.add(place, message, help);
}
