//! The mail servers of a scenario: one a host, for all domains that name it as their server or relay.

use std::collections::BTreeMap;

use super::resolver_addresses;
use crate::app::dns::LocalCaches;
use crate::app::mail::{AddressBook, CatchAll, MailServer, MailServerConfig, MailboxConfig, NextHop, RelayedDomain};
use crate::base::HostId;
use crate::proto::smtp::PORT;
use crate::scenario::resolved::{DomainSpec, RelaySpec, Resolved, ServerSpec};

type Configs = BTreeMap<HostId, MailServerConfig>;

pub(super) fn mail_servers(scenario: &Resolved) -> BTreeMap<HostId, MailServer> {
    let mut configs = Configs::new();
    for domain in &scenario.domains {
        let config = configs.entry(domain.server).or_insert_with(|| server(scenario, domain.server, &domain.settings));
        config.domains.push(domain.name.clone());
        let book = book(scenario, domain);
        let own = &mut config.routing.book;
        own.aliases.extend(book.aliases);
        own.lists.extend(book.lists);
        own.discards.extend(book.discards);
        own.subaddresses.extend(book.subaddresses);
        own.catch_alls.extend(book.catch_alls);
        own.forwards.extend(book.forwards);
        config
            .inside
            .extend(domain.relay_from.iter().flat_map(|&host| scenario.host_spec(host).addresses.by_precedence()));
        for user in domain.users.iter().map(|&user| &scenario.users[user]) {
            let (address, password) = (user.address.clone(), user.password.clone());
            config.routing.quotas.push((user.address.clone(), user.quota));
            config.reports.vacations.extend(user.vacation.clone().map(|vacation| (user.address.clone(), vacation)));
            config.mailboxes.push(MailboxConfig { address, password });
        }
    }
    for (domain, relay) in
        scenario.domains.iter().flat_map(|domain| domain.relays.iter().map(move |relay| (domain, relay)))
    {
        add_relay(scenario, &mut configs, domain, relay);
    }
    trust_senders(scenario, &mut configs);
    configs.into_iter().map(|(host, config)| (host, MailServer::new(config))).collect()
}

/// A server for no domain yet.
fn server(scenario: &Resolved, host: HostId, settings: &ServerSpec) -> MailServerConfig {
    let mut config = MailServerConfig {
        domains: Vec::new(),
        smtp: settings.smtp.clone(),
        retry: settings.retry.clone(),
        queue: settings.queue.clone(),
        conduct: settings.conduct.clone(),
        reports: settings.reports.clone(),
        resolvers: resolver_addresses(scenario, host),
        caches: LocalCaches { application: settings.dns_cache, stub: scenario.host_spec(host).stub_cache },
        separator: settings.separator,
        webmail: settings.webmail.clone(),
        apop: settings.apop,
        sessions: sessions_answered(scenario, host),
        max_message: usize::try_from(scenario.limits.message_size.bytes()).unwrap_or(usize::MAX),
        ..MailServerConfig::new(&scenario.host_spec(host).name)
    };
    config.routing.loops = settings.loops;
    config.routing.transports = settings.transports.clone();
    config
}

/// What the addresses of a domain stand for.
fn book(scenario: &Resolved, domain: &DomainSpec) -> AddressBook {
    let users = || domain.users.iter().map(|&user| &scenario.users[user]);
    AddressBook {
        users: users().map(|user| user.address.clone()).collect(),
        forwards: users().filter_map(|user| user.forward.clone()).collect(),
        catch_alls: domain
            .catch_all
            .iter()
            .map(|catch_all| CatchAll {
                domain: domain.name.clone(),
                mailbox: catch_all.mailbox.clone(),
                except: catch_all.except.clone(),
            })
            .collect(),
        ..domain.book.clone()
    }
}

/// RFC 5321 section 5.1: a relay that is no better than the server has nobody better to ask the
/// DNS for, so it is told where the mailboxes are; another asks, whatever its smart host.
fn add_relay(scenario: &Resolved, configs: &mut Configs, domain: &DomainSpec, relay: &RelaySpec) {
    let host = &scenario.host_spec(relay.host).name;
    let config = match (configs.get_mut(&relay.host), &relay.settings) {
        (Some(config), _) => config,
        (None, Some(settings)) => {
            let mut config = server(scenario, relay.host, settings);
            // Its own postmaster is there, unless another server has a domain of its name.
            config.domains.extend(scenario.domains.iter().all(|other| other.name != *host).then(|| host.clone()));
            configs.entry(relay.host).or_insert(config)
        }
        (None, None) => return,
    };
    let recipients = relay.verify.then(|| book(scenario, domain));
    config.routing.relayed.push(RelayedDomain { domain: domain.name.clone(), recipients });
    let given = config.routing.transports.by_domain.iter().any(|(name, _)| *name == domain.name);
    if !given {
        let server = scenario.host_spec(domain.server).name.clone();
        let hop = (relay.preference <= domain.preference).then_some(NextHop { host: server, port: PORT });
        config.routing.transports.by_domain.push((domain.name.clone(), hop));
    }
}

/// Whoever hands its mail to a server is one of those for whom that passes mail on.
fn trust_senders(scenario: &Resolved, configs: &mut Configs) {
    let mut trusted: Vec<(HostId, HostId)> = Vec::new();
    for (sender, config) in configs.iter() {
        let ways = &config.routing.transports;
        let hops = ways.by_domain.iter().filter_map(|(_, hop)| hop.as_ref()).chain(&ways.smart_host);
        trusted.extend(hops.filter_map(|hop| Some((scenario.host(&hop.host)?, *sender))));
    }
    for (server, sender) in trusted {
        if let Some(config) = configs.get_mut(&server) {
            config.inside.extend(scenario.host_spec(sender).addresses.by_precedence());
        }
    }
}

fn sessions_answered(scenario: &Resolved, server: HostId) -> BTreeMap<u16, u32> {
    let own = scenario.sessions_answered.range((server, 0)..=(server, u16::MAX));
    own.map(|((_, port), most)| (*port, *most)).collect()
}
