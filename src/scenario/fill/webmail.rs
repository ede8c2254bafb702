//! Webmail where somebody reads by it.

use std::collections::BTreeMap;

use crate::base::SimDuration;
use crate::scenario::schema::{Duration, Entry, ProtocolName, ReadName, Scenario, User};

/// Offers it in the domains of those, and fills in the rest.
pub(super) fn fill(scenario: &mut Scenario) {
    let readers: Vec<String> = scenario.workload.iter().flat_map(|entry| readers(entry, &scenario.users)).collect();
    for (name, domain) in &mut scenario.mail {
        let of_domain = |reader: &String| match reader.rsplit_once('@') {
            Some((_, own)) => own == name,
            // "every-user"
            None => !domain.users.is_empty(),
        };
        if readers.iter().any(of_domain) {
            domain.webmail.get_or_insert_default();
        }
        if let Some(webmail) = &mut domain.webmail {
            webmail.keep_alive.get_or_insert(Duration(SimDuration::from_secs(60)));
            webmail.session.get_or_insert(Duration(SimDuration::from_secs(3_600)));
        }
    }
}

/// The users of an entry who may read by webmail.
fn readers(entry: &Entry, users: &BTreeMap<String, User>) -> Vec<String> {
    let named = || entry.user.iter().flat_map(|user| user.items.iter().cloned());
    let sits = !entry.steps.is_empty() || entry.people.is_some();
    let drawn = entry.people.as_ref().and_then(|people| people.protocols);
    let all = entry.read == Some(ReadName::Webmail)
        || sits && entry.protocol == Some(ProtocolName::Webmail)
        || drawn.is_some_and(|weights| weights.webmail.is_some_and(|weight| weight > 0.0));
    if all {
        return named().collect();
    }
    if !sits || entry.protocol.is_some() || drawn.is_some() {
        return Vec::new();
    }
    // a pattern of users is taken for their whole domain
    let domains: Vec<Option<String>> =
        named().map(|name| name.rsplit_once('@').map(|(_, domain)| domain.to_owned())).collect();
    let theirs = |address: &str| {
        let own = address.rsplit_once('@').map(|(_, domain)| domain);
        domains.iter().any(|domain| domain.is_none() || domain.as_deref() == own)
    };
    let chosen = users.iter().filter(|(_, user)| user.protocol == Some(ProtocolName::Webmail));
    chosen.map(|(address, _)| address.clone()).filter(|address| theirs(address)).collect()
}
