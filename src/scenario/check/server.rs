//! Name servers: the zones they serve, from their own files or from copies.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::base::HostId;
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::{NameServerSpec, SecondarySpec, host_index};
use crate::scenario::schema::Mode;

/// All name servers, in host order; `index` are the zones by name.
pub(super) fn read_servers(cx: &mut Context<'_>, path: Path<'_>, index: &BTreeMap<&str, usize>) -> Vec<NameServerSpec> {
    let path = path.key("servers");
    let scenario = cx.scenario;
    let mut servers = Vec::new();
    for (name, server) in &scenario.dns.servers {
        let here = path.key(name);
        let host = cx.host(path.name(name), name);
        let mut seen = BTreeSet::new();
        let zones = read_zones(cx, here.key("zones"), &server.zones, index, &mut seen);
        let copies = read_zones(cx, here.key("secondary"), &server.secondary, index, &mut seen);
        let mut secondary = Vec::new();
        for (position, zone) in copies {
            let list = here.key("secondary");
            let primaries = primaries(cx, &server.secondary[position]);
            if primaries.is_empty() {
                let message = format!("nobody has the zone {} from its own file", quote(&server.secondary[position]));
                cx.problems.help(list.index(position), message, "list it in the \"zones\" of a name server");
            }
            if let Some(host) = host {
                cx.check_meet(list.index(position), host, &primaries);
            }
            secondary.push(SecondarySpec { zone, primaries });
        }
        if server.zones.is_empty() && server.secondary.is_empty() {
            cx.problems.help(here, "a name server serves at least one zone", "list them in \"zones\"");
        }
        let mut zones: Vec<usize> = zones.into_iter().map(|(_, zone)| zone).collect();
        zones.sort_unstable();
        let recursive = server.mode == Some(Mode::Recursive);
        servers.extend(host.map(|host| NameServerSpec { host, zones, secondary, recursive, roots: Vec::new() }));
    }
    servers
}

/// The places and indices of zones that are there and not listed before.
fn read_zones(
    cx: &mut Context<'_>,
    path: Path<'_>,
    names: &[String],
    index: &BTreeMap<&str, usize>,
    seen: &mut BTreeSet<usize>,
) -> Vec<(usize, usize)> {
    let mut zones = Vec::new();
    for (position, zone) in names.iter().enumerate() {
        match index.get(zone.as_str()) {
            Some(found) if seen.insert(*found) => zones.push((position, *found)),
            Some(_) => {
                cx.problems.at(path.index(position), format!("the zone {zone} is listed twice", zone = quote(zone)));
            }
            None => cx.problems.unknown(path.index(position), "zone", zone, index.keys().copied()),
        }
    }
    zones
}

/// Who has a zone from its own file.
fn primaries(cx: &Context<'_>, zone: &str) -> Vec<HostId> {
    let has = |names: &[String]| names.iter().any(|name| name == zone);
    let servers = cx.scenario.dns.servers.iter().filter(|(_, server)| has(&server.zones));
    servers.filter_map(|(name, _)| host_index(cx.hosts, name)).collect()
}
