//! Names as the file writes them: hosts, sites, domains, zones, local parts of addresses.

use std::collections::BTreeSet;

use crate::scenario::fill::default_computer;
use crate::scenario::names::{check_host_name, check_local_part, expand};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::Scenario;

/// With the longest name that is put in front, "hostmaster.", a name of 253 characters.
const LONGEST_DOMAIN: usize = 242;

/// Below this many hosts and users nothing is refused before it is counted exactly.
const ROUGH_LIMIT: u64 = 100_000;

/// Refuses a file that would need far more memory than its limit of hosts suggests.
pub(in crate::scenario) fn check_size(scenario: &Scenario, problems: &mut Problems) {
    let users: usize = scenario.mail.values().map(|domain| domain.users.len()).sum();
    let listed =
        scenario.network.hosts.len() + scenario.web.len() + users + scenario.mail.len() + scenario.dns.zones.len();
    if listed as u64 > ROUGH_LIMIT.max(scenario.limits.hosts.unwrap_or(0)) {
        problems.at(
            Path::Root,
            format!("the scenario lists {listed} hosts, domains and users, more than `limits.hosts` allows"),
        );
    }
}

/// Checks all names that bring something into being. To be called before filling in.
pub(in crate::scenario) fn check_names(scenario: &Scenario, problems: &mut Problems) {
    let (network, dns) = (Path::Root.key("network"), Path::Root.key("dns"));
    let hosts = network.key("hosts");
    for (name, host) in &scenario.network.hosts {
        match check_host_name(name) {
            Err(message) if name.contains('{') => {
                problems.help(hosts.name(name), message, "patterns are for users and records: name each host");
            }
            checked => problems.check(hosts.name(name), checked),
        }
        if let Some(site) = &host.site {
            problems.check(hosts.key(name).key("site"), check_host_name(site));
        }
    }
    for name in scenario.dns.servers.keys() {
        problems.check(dns.key("servers").name(name), check_host_name(name));
    }
    for name in scenario.web.keys() {
        problems.check(Path::Root.key("web").name(name), check_host_name(name));
    }
    for name in scenario.dns.resolvers.keys() {
        problems.check(dns.key("resolvers").name(name), check_host_name(name));
    }
    if let Some(name) = scenario.live.as_ref().and_then(|live| live.host.as_ref()) {
        problems.check(Path::Root.key("live").key("host"), check_host_name(name));
    }
    for (index, name) in scenario.dns.roots.iter().flatten().enumerate() {
        problems.check(dns.key("roots").index(index), check_host_name(name));
    }
    for name in scenario.dns.zones.keys().filter(|name| *name != ".") {
        problems.check(dns.key("zones").name(name), check_host_name(name));
    }
    check_domains(scenario, problems);
}

fn check_domains(scenario: &Scenario, problems: &mut Problems) {
    let mail = Path::Root.key("mail");
    for (name, domain) in &scenario.mail {
        problems.check(mail.name(name), check_host_name(name));
        let here = mail.key(name);
        if name.len() > LONGEST_DOMAIN {
            let message =
                format!("a mail domain has at most {LONGEST_DOMAIN} characters, so that its hosts can have names");
            problems.at(mail.name(name), message);
        }
        let users = here.key("users");
        let mut seen = BTreeSet::new();
        let named = name.len() <= LONGEST_DOMAIN && check_host_name(name).is_ok();
        for (index, text) in domain.users.iter().enumerate() {
            let limit = usize::try_from(scenario.limits.hosts.unwrap_or(10_000)).unwrap_or(usize::MAX).min(1_000_000);
            if seen.len() > limit {
                problems.at(users, "more users than `limits.hosts` allows");
                break;
            }
            for local in expand(text, limit).unwrap_or_else(|| vec![text.clone()]) {
                let path = users.index(index);
                check_user(problems, path, &local);
                if !seen.insert(local.to_ascii_lowercase()) {
                    let message = "is listed twice: upper and lower case are the same here";
                    problems.at(path, format!("the user {local} {message}", local = quote(&local)));
                }
                let own = scenario.users.get(&format!("{local}@{name}")).and_then(|user| user.host.as_ref());
                let computer = default_computer(&local, name);
                if named && own.or(domain.computer.as_ref()).is_none() && check_host_name(&computer).is_err() {
                    let help = format!("give {user} a \"host\" in `users`", user = quote(&format!("{local}@{name}")));
                    problems.help(path, "this is too long for the name of the user's computer", help);
                }
            }
        }
    }
}

fn check_user(problems: &mut Problems, path: Path<'_>, local: &str) {
    if local.contains('@') {
        problems.help(path, "a user is listed by the part before the @", "leave out the @ and what follows it");
    } else if local.contains("..") && local.contains('{') {
        problems.help(
            path,
            "this pattern stands for no users, or for more than `limits.hosts` allows",
            "write it like \"u{1..50}\"",
        );
    } else {
        problems.check(path, check_local_part(local));
    }
}
