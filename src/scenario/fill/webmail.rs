//! Webmail where somebody reads by it.

use crate::base::SimDuration;
use crate::scenario::schema::{Duration, Entry, ProtocolName, Scenario};

/// Offers it in the domains of those, and fills in the rest.
pub(super) fn fill(scenario: &mut Scenario) {
    let entries = scenario.workload.iter().filter(|entry| uses_webmail(entry));
    let mut readers: Vec<String> =
        entries.flat_map(|entry| entry.user.iter().flat_map(|user| &user.items)).cloned().collect();
    let users = scenario.users.iter().filter(|(_, user)| user.protocol == Some(ProtocolName::Webmail));
    readers.extend(users.map(|(address, _)| address.clone()));
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

fn uses_webmail(entry: &Entry) -> bool {
    let mixed = entry.people.as_ref().and_then(|people| people.protocols.as_ref()?.webmail);
    entry.read == Some(ProtocolName::Webmail)
        || entry.protocol == Some(ProtocolName::Webmail)
        || mixed.is_some_and(|weight| weight > 0.0)
}
