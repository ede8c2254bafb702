//! What mail domains do not say of their lists, quotas and relays.

use super::defaults::fill_server;
use crate::scenario::schema::{MailDomain, Quota, Scenario};

pub(super) fn fill(domain: &mut MailDomain) {
    domain.preference.get_or_insert(10);
    for list in domain.lists.values_mut() {
        list.owner.get_or_insert_with(|| "postmaster".to_owned());
        list.posting.get_or_insert_default();
        list.sender.get_or_insert(false);
        list.allow_unknown.get_or_insert(false);
    }
    if let Some(subaddress) = &mut domain.subaddress {
        subaddress.separator.get_or_insert_with(|| "+".to_owned());
        subaddress.folders.get_or_insert(false);
    }
    fill_quota(&mut domain.quota);
}

/// The users' forwards and quotas, and the relays: a host that is a domain's server works as that says.
pub(super) fn fill_relays(scenario: &mut Scenario) {
    for user in scenario.users.values_mut() {
        if user.forward.is_some() {
            user.keep_copy.get_or_insert(false);
        }
        fill_quota(&mut user.quota);
    }
    let servers: Vec<String> = scenario.mail.values().filter_map(|domain| domain.server.clone()).collect();
    for (host, relay) in scenario.mail.values_mut().flat_map(|domain| &mut domain.relays) {
        relay.preference.get_or_insert(20);
        relay.verify.get_or_insert(false);
        if !servers.contains(host) {
            let mut settings = relay.to_domain();
            fill_server(&mut settings);
            relay.complete(settings);
        }
    }
}

fn fill_quota(quota: &mut Option<Quota>) {
    if let Some(quota) = quota {
        quota.when_full.get_or_insert_default();
        quota.checked_at.get_or_insert_default();
    }
}
