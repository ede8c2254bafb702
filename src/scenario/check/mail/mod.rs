//! Mail domains and users.

mod conduct;
mod devices;
mod queue;
mod reports;
mod routing;
mod smtp;
mod unknown;
mod vain;

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::dns::read_resolver;
use super::message::check_line;
use super::steps::means;
use crate::app::mail::WebmailConfig;
use crate::app::user::SubmissionConfig;
use crate::base::HostId;
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::{DomainSpec, ServerSpec, UserSpec};
use crate::scenario::schema::{MailDomain, SeparatorName, User};

pub(super) use conduct::counts_rule;
pub(super) use routing::is_caught;
pub(super) use unknown::{Remedy, is_address, unknown_user};
pub(super) use vain::check_flush;
pub(in crate::scenario) use vain::is_written_to;

/// Stands for a host that is not there, so that what refers to it can still be checked.
const NOBODY: HostId = HostId(u32::MAX);

/// Domains in name order, users in the order of addresses.
pub(super) fn read(cx: &mut Context<'_>) -> (Vec<DomainSpec>, Vec<UserSpec>) {
    let path = Path::Root.key("mail");
    let mut domains: Vec<DomainSpec> = Vec::new();
    let mut known: BTreeMap<String, (usize, &str, HostId)> = BTreeMap::new();
    for (position, (name, domain)) in cx.scenario.mail.iter().enumerate() {
        let here = path.key(name);
        let spec = read_domain(cx, here, name, domain);
        for local in &domain.users {
            known.insert(format!("{local}@{name}"), (position, local, spec.server));
        }
        check_shared(cx, here, &spec, &domains);
        domains.push(spec);
    }
    routing::check_relays(cx, &domains);
    let users = read_users(cx, &known);
    for (index, user) in users.iter().enumerate() {
        if let Some(domain) = domains.get_mut(user.domain) {
            domain.users.push(index);
        }
    }
    vain::check_submission(cx, &domains, &users);
    // A server takes mail for elsewhere from the computers of all whose mailbox it keeps.
    let mut relays: BTreeMap<HostId, BTreeSet<HostId>> = BTreeMap::new();
    for user in &users {
        let devices = user.devices.values().map(|device| device.host);
        relays.entry(user.server).or_default().extend(devices.chain([user.host]));
    }
    for entry in &cx.scenario.workload {
        let who = entry.from.as_ref().or(entry.user.as_ref()).map_or(&[][..], |who| who.items.as_slice());
        for user in who.iter().filter_map(|address| super::user_index(&users, address)) {
            let on = entry.on.iter().flat_map(|on| &on.items).filter_map(|name| super::host_index(cx.hosts, name));
            relays.entry(users[user].server).or_default().extend(on);
        }
    }
    for domain in &mut domains {
        domain.relay_from = relays.get(&domain.server).into_iter().flatten().copied().collect();
    }
    (domains, users)
}

/// RFC 5321 6.3: a server counts Received fields, and a message comes with one at the least.
fn check_hop_limit(cx: &mut Context<'_>, here: Path<'_>, limit: Option<u32>) {
    if limit == Some(0) {
        cx.problems.at(here.key("hop_limit"), "with 0 no message is taken");
    }
}

fn read_domain(cx: &mut Context<'_>, here: Path<'_>, name: &str, domain: &MailDomain) -> DomainSpec {
    let server = cx.host(here.key("server"), domain.server.as_deref().unwrap_or(name)).unwrap_or(NOBODY);
    if server != NOBODY && domain.server.as_deref() == Some(name) {
        let mail = Path::Root.key("mail");
        cx.check_no_router(mail.name(name), server);
    }
    check_hop_limit(cx, here, domain.hop_limit);
    if let Some(computer) = &domain.computer {
        cx.host(here.key("computer"), computer);
    }
    if let Some(password) = &domain.password {
        check_password(cx, here.key("password"), password);
    }
    smtp::check_port(cx, here.key("submission"), &domain.submission);
    let catch_all =
        domain.catch_all.as_ref().and_then(|catch_all| routing::read_catch_all(cx, here, name, domain, catch_all));
    let settings = read_server(cx, here, domain);
    let book = routing::read_book(cx, here, name, domain);
    let relays = routing::read_relays(cx, here, domain);
    let preference = domain.preference.unwrap_or(0);
    let (name, users, relay_from) = (name.to_owned(), Vec::new(), Vec::new());
    DomainSpec { name, server, preference, settings, users, catch_all, book, relays, relay_from }
}

/// What belongs to the server, not to the domain.
fn read_server(cx: &mut Context<'_>, here: Path<'_>, domain: &MailDomain) -> ServerSpec {
    ServerSpec {
        smtp: smtp::read(cx, here, domain),
        retry: queue::read_retry(cx, here.key("retry"), &domain.retry),
        queue: queue::read(cx, here, domain),
        conduct: conduct::read(cx, here, domain),
        loops: routing::read_loops(domain, &cx.scenario.limits),
        transports: routing::read_transports(cx, here, domain),
        reports: reports::read(domain),
        separator: match domain.imap.separator.unwrap_or_default() {
            SeparatorName::Slash => '/',
            SeparatorName::Dot => '.',
        },
        webmail: read_webmail(cx, here.key("webmail"), domain),
        apop: domain.apop == Some(true),
        dns_cache: domain.dns_cache == Some(true),
    }
}

fn read_webmail(cx: &mut Context<'_>, here: Path<'_>, domain: &MailDomain) -> Option<WebmailConfig> {
    let webmail = domain.webmail.as_ref()?;
    let scenario = cx.scenario;
    let silent = |name: &String| scenario.network.hosts.get(name).is_some_and(|host| host.web_server == Some(true));
    if domain.server.as_ref().is_some_and(|name| silent(name) || scenario.web.contains_key(name)) {
        let message = "the server's host is a Web server already, and there is one port 80".to_owned();
        cx.problems.help(here, message, "let another host be the Web server");
    }
    Some(WebmailConfig {
        keep_alive: cx.positive(here.key("keep_alive"), webmail.keep_alive),
        session: cx.positive(here.key("session"), webmail.session),
    })
}

/// One server works in one way, whatever its domains.
fn check_shared(cx: &mut Context<'_>, here: Path<'_>, spec: &DomainSpec, others: &[DomainSpec]) {
    let Some(other) = others.iter().find(|other| other.server == spec.server && spec.server != NOBODY) else { return };
    let (own, its) = (&spec.settings, &other.settings);
    let equal = [
        (own.smtp.dialect == its.smtp.dialect, "dialect", "dialect"),
        (own.smtp == its.smtp, "smtp", "way of speaking SMTP"),
        (own.retry == its.retry, "retry", "retry policy"),
        (own.queue == its.queue, "queue", "way of delivering"),
        (own.conduct == its.conduct, "conduct", "conduct"),
        (own.loops.max_hops == its.loops.max_hops, "hop_limit", "hop limit"),
        (own.loops == its.loops, "delivered_to", "use of Delivered-To"),
        (own.transports.smart_host == its.transports.smart_host, "smart_host", "smart host"),
        (own.transports == its.transports, "transports", "transports"),
        (own.reports == its.reports, "reports", "reports"),
        (own.separator == its.separator, "imap", "separator"),
        (own.webmail == its.webmail, "webmail", "webmail"),
        (own.apop == its.apop, "apop", "offer of APOP"),
        (own.dns_cache == its.dns_cache, "dns_cache", "cache"),
    ];
    if let Some((_, key, what)) = equal.into_iter().find(|(equal, ..)| !equal) {
        let message = format!("this domain shares its server with {}, but not its {what}", quote(&other.name));
        let what = if key == "imap" { "separator" } else { key };
        cx.problems.differs(here.key(key), message, Some(format!("give both the same \"{what}\"")));
    }
}

fn read_users(cx: &mut Context<'_>, known: &BTreeMap<String, (usize, &str, HostId)>) -> Vec<UserSpec> {
    let path = Path::Root.key("users");
    let mut users = Vec::with_capacity(known.len());
    for (address, user) in &cx.scenario.users {
        let Some((domain, local, server)) = known.get(address) else {
            unknown_user(cx, path.name(address), address, Remedy::AddUser);
            continue;
        };
        let here = path.key(address);
        let host = read_user(cx, here, user).unwrap_or(NOBODY);
        let forward = routing::read_forward(cx, here, address, user);
        let quota = address.rsplit_once('@').and_then(|(_, name)| cx.scenario.mail.get(name));
        let quota = quota.map(|domain| routing::read_quota(domain, Some(user))).unwrap_or_default();
        users.push(UserSpec {
            address: address.clone(),
            local: (*local).to_owned(),
            domain: *domain,
            password: user.password.clone().unwrap_or_default(),
            submission: submission(cx, here, address, user),
            host,
            server: *server,
            forward,
            quota,
            name: user.name.clone(),
            devices: devices::read(cx, here.key("devices"), user),
            means: means(user.protocol.unwrap_or_default()),
            vacation: user.vacation.as_ref().map(|vacation| reports::read_vacation(cx, here.key("vacation"), vacation)),
        });
    }
    users
}

fn submission(cx: &mut Context<'_>, here: Path<'_>, address: &str, user: &User) -> SubmissionConfig {
    smtp::check_port(cx, here.key("submission"), &user.submission);
    let domain = address.rsplit_once('@').and_then(|(_, domain)| cx.scenario.mail.get(domain));
    smtp::read_submission(&user.submission, domain.unwrap_or(&MailDomain::default()))
}

fn check_password(cx: &mut Context<'_>, path: Path<'_>, password: &str) {
    if password.is_empty() || password.len() > 64 || !password.bytes().all(|b| b.is_ascii_graphic()) {
        cx.problems.at(path, "a password has 1 to 64 printable ASCII characters and no blanks");
    }
}

fn read_user(cx: &mut Context<'_>, here: Path<'_>, user: &User) -> Option<HostId> {
    check_password(cx, here.key("password"), user.password.as_deref().unwrap_or_default());
    if let Some(name) = &user.name {
        check_line(cx, here.key("name"), name, 200);
    }
    let name = user.host.as_deref().unwrap_or_default();
    let host = cx.host(here.key("host"), name)?;
    if let Some(resolver) = &user.resolver {
        read_resolver(cx, here.key("resolver"), resolver)?;
        let of_host = cx.scenario.network.hosts.get(name).and_then(|host| host.resolver.as_ref());
        if of_host.is_some_and(|of_host| of_host != resolver) {
            let of_host = quote(of_host.map_or("", String::as_str));
            cx.problems.at(here.key("resolver"), format!("the computer of this user asks the resolver {of_host}"));
        }
    }
    Some(host)
}
