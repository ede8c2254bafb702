//! Webmail where somebody reads by it.

use crate::base::SimDuration;
use crate::scenario::schema::{Duration, ReadName, Scenario};

/// Offers it in the domains of those, and fills in the rest.
pub(super) fn fill(scenario: &mut Scenario) {
    let readers = scenario.workload.iter().filter(|entry| entry.read == Some(ReadName::Webmail));
    let readers: Vec<String> =
        readers.flat_map(|entry| entry.user.iter().flat_map(|user| &user.items)).cloned().collect();
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
