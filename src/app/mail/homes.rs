//! Which addresses end on this server, and in which of its mailboxes: those of its domains, and
//! those at an address literal of its own host.

use super::config::RoutingConfig;
use super::mailbox::Maildrops;
use crate::base::Addresses;
use crate::proto::smtp::Mailbox;

/// The domains whose mail ends here, and what is particular about them.
#[derive(Clone, Debug)]
pub(super) struct Homes {
    /// In lower case; the first one is the one meant by an address literal.
    domains: Vec<String>,
    routing: RoutingConfig,
    own: Addresses,
}

impl Homes {
    pub(super) fn new(domains: &[String], routing: RoutingConfig) -> Self {
        let domains = domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
        Self { domains, routing, own: Addresses::default() }
    }

    /// The host has these addresses.
    pub(super) const fn boot(&mut self, own: Addresses) {
        self.own = own;
    }

    /// In lower case.
    pub(super) fn domains(&self) -> impl Iterator<Item = &String> {
        self.domains.iter()
    }

    /// The domain in which a local address lies; none for an address elsewhere. RFC 1123
    /// section 5.2.17: a server "MUST accept and recognize a domain literal for any of its own
    /// IP addresses".
    pub(super) fn domain_of(&self, mailbox: &Mailbox) -> Option<&str> {
        let named = match mailbox.literal() {
            Some(address) if address.is_loopback() || self.own.contains(address) => self.domains.first(),
            Some(_) => None,
            None => self.domains.iter().find(|domain| domain.eq_ignore_ascii_case(mailbox.domain())),
        };
        named.map(String::as_str)
    }

    /// The key of the mailbox in which mail for an address ends. RFC 5321 4.5.1: "Any system
    /// that includes an SMTP server [...] MUST support the reserved mailbox "postmaster"".
    pub(super) fn mailbox_of(&self, maildrops: &Maildrops, mailbox: &Mailbox) -> Option<String> {
        let domain = self.domain_of(mailbox)?;
        let key = mailbox.key_at(domain);
        if maildrops.contains_key(&key) {
            return Some(key);
        }
        if let Some(catch_all) = self.routing.catch_alls.iter().find(|catch_all| catch_all.takes(&key)) {
            return Some(catch_all.mailbox.to_ascii_lowercase());
        }
        (key.strip_suffix(domain) == Some("postmaster@")).then_some(key)
    }
}
