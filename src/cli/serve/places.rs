//! Which services a scenario has, and where real clients reach them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::base::{Endpoint, Family, HostId};
use crate::cli::args::ServeArgs;
use crate::cli::exit::CommandError;
use crate::live::ports::{numbering, parse_override};
use crate::live::{Bound, Listener, Service};
use crate::scenario::resolved::Resolved;

/// The hosts that have a service, in the order of their numbering.
fn servers(scenario: &Resolved, service: Service) -> Vec<HostId> {
    let mail = || scenario.domains.iter().map(|domain| domain.server);
    let mut all: Vec<HostId> = match service {
        Service::Smtp | Service::Submission | Service::Pop3 | Service::Imap => mail().collect(),
        Service::Http => {
            let webmail = scenario.domains.iter().filter(|domain| domain.settings.webmail.is_some());
            webmail.map(|domain| domain.server).chain(scenario.web.keys().copied()).collect()
        }
        Service::Dns => {
            let nearest = scenario.live.host.iter().flat_map(|&host| &scenario.host_spec(host).resolvers).copied();
            let resolvers = scenario.dns.resolvers.iter().map(|resolver| resolver.host);
            nearest.chain(resolvers).chain(scenario.dns.servers.iter().map(|server| server.host)).collect()
        }
    };
    let place = |host: &HostId| scenario.live.first.iter().position(|first| first == host).unwrap_or(usize::MAX);
    all.sort_by_key(place);
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|host| seen.insert(*host));
    all
}

/// Where a client's host reaches a server: an address of a family that both have.
fn reach(scenario: &Resolved, server: HostId) -> Option<std::net::IpAddr> {
    let own = scenario.host_spec(scenario.live.host?).addresses;
    scenario.host_spec(server).addresses.by_precedence().find(|address| own.has(Family::of(*address)))
}

/// All services with the places where they are to be reached.
///
/// # Errors
/// An option cannot be understood or names a server that there is not.
pub(super) fn listeners(scenario: &Resolved, args: &ServeArgs) -> Result<Vec<Listener>, CommandError> {
    let mut listeners = Vec::new();
    let mut placed: BTreeMap<SocketAddr, String> = BTreeMap::new();
    for service in Service::ALL {
        let servers: Vec<HostId> = servers(scenario, service);
        let names = || servers.iter().map(|&server| scenario.host_spec(server).name.as_str());
        let given = given(args, service, &names().collect::<Vec<_>>())?;
        for (&server, numbered) in servers.iter().zip(numbering(service)) {
            let name = &scenario.host_spec(server).name;
            let usual = if args.free_ports { SocketAddr::new(numbered.ip(), 0) } else { numbered };
            let at = given.get(name.as_str()).copied().unwrap_or(usual);
            if let Some(address) = reach(scenario, server) {
                let to = Endpoint::new(address, service.port());
                let whose = format!("{service} of {name}");
                if at.port() != 0
                    && let Some(other) = placed.insert(at, whose.clone())
                {
                    let hint = "place one of them elsewhere; port 0 takes any free one";
                    return Err(CommandError::usage(format!("{other} and {whose} are both to be at {at}: {hint}")));
                }
                listeners.push(Listener { service, server: name.clone(), to, at });
            }
        }
    }
    Ok(listeners)
}

/// What the options say about a service, by server.
fn given<'a>(
    args: &ServeArgs,
    service: Service,
    names: &[&'a str],
) -> Result<BTreeMap<&'a str, SocketAddr>, CommandError> {
    let texts = match service {
        Service::Smtp => &args.smtp,
        Service::Submission => &args.submission,
        Service::Pop3 => &args.pop3,
        Service::Imap => &args.imap,
        Service::Http => &args.http,
        Service::Dns => &args.dns,
    };
    let mut given = BTreeMap::new();
    for text in texts {
        let wrong = |what: String| CommandError::usage(format!("--{service} {text}: {what}"));
        let (server, at) = parse_override(text).map_err(wrong)?;
        let known = match &server {
            Some(server) => names.iter().find(|name| *name == server),
            None => names.first(),
        };
        let Some(name) = known else {
            let those = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(wrong(format!("no such server here; with {service} there are: {those}")));
        };
        if given.insert(*name, at).is_some() {
            return Err(wrong(format!("{name} is placed twice")));
        }
    }
    Ok(given)
}

/// The table of listeners for a reader.
pub(super) fn table(scenario: &Resolved, host: &str, bound: &[Bound]) -> String {
    let title = if scenario.title.is_empty() { String::new() } else { format!("{}\n", scenario.title) };
    let mut text = format!("{title}Clients come from {host}. Services:\n");
    let wide = |width: usize, len: usize| width.max(len);
    let server_width = bound.iter().map(|bound| bound.server.len()).fold(6, wide);
    let at_width = bound.iter().map(|bound| bound.at.to_string().len()).fold(10, wide);
    let zone = || scenario.dns.zones.iter().map(|zone| zone.name.as_str()).find(|name| name.contains('.'));
    let mail = scenario.domains.last().map(|domain| format!("{} MX", domain.name));
    let question = mail.unwrap_or_else(|| format!("{} SOA", zone().unwrap_or(".")));
    let _ = writeln!(text, "{:<10}  {:<server_width$}  {:<at_width$}  try", "service", "server", "reached at");
    for Bound { service, server, at, .. } in bound {
        let (ip, port) = (at.ip(), at.port());
        let advice = match service {
            Service::Smtp | Service::Submission | Service::Pop3 | Service::Imap => format!("telnet {ip} {port}"),
            Service::Http => format!("open http://{at}/ in a browser"),
            Service::Dns => format!("dig @{ip} -p {port} {question}"),
        };
        let _ = writeln!(
            text,
            "{service:<10}  {server:<server_width$}  {at:<at_width$}  {advice}",
            service = service.name(),
            at = at.to_string()
        );
    }
    text.push_str("Type `help` for commands; Ctrl-C or `quit` ends it and writes the results.\n");
    text
}
