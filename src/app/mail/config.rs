//! What a mail server is to do: its names, users, limits and policies.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::conduct::rules::Rule;
use super::retry::RetryPolicy;
use crate::app::dns::LocalCaches;
use crate::proto::smtp::Dialect;

/// A mailbox of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxConfig {
    /// The user's address, in one of the server's domains.
    pub address: String,
    /// The password for POP3, IMAP and submission.
    pub password: String,
}

/// The mailbox for what is addressed to nobody in a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchAll {
    /// The domain.
    pub domain: String,
    /// The address whose mailbox it is.
    pub mailbox: String,
    /// Local parts that stay unknown, in lower case; `*` stands for any characters.
    pub except: Vec<String>,
}

impl CatchAll {
    /// Whether it takes mail for a mailbox that does not exist, given by [`Mailbox::key`].
    ///
    /// [`Mailbox::key`]: crate::proto::smtp::Mailbox::key
    #[must_use]
    pub fn takes(&self, key: &str) -> bool {
        let Some((local, domain)) = key.rsplit_once('@') else { return false };
        domain.eq_ignore_ascii_case(&self.domain) && !self.except.iter().any(|pattern| matches(pattern, local))
    }
}

/// Whether a text fits a pattern in which `*` stands for any characters. Each star takes as
/// little as it can, which is right for all but the last: what follows that must end the text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

/// What a mail server is to do.
#[derive(Clone, Debug)]
pub struct MailServerConfig {
    /// Its domain name, given in greetings and trace fields.
    pub name: String,
    /// The domains whose mail ends here; the first one's postmaster is the server's.
    pub domains: Vec<String>,
    /// The mailboxes.
    pub mailboxes: Vec<MailboxConfig>,
    /// Who gets what is addressed to nobody, for the domains that want that.
    pub catch_alls: Vec<CatchAll>,
    /// How it writes its commands.
    pub dialect: Dialect,
    /// When it tries again.
    pub retry: RetryPolicy,
    /// The resolvers that it asks.
    pub resolvers: Vec<IpAddr>,
    /// The caches between it and them.
    pub caches: LocalCaches,
    /// The clients that may submit and relay.
    pub inside: Vec<IpAddr>,
    /// Recipients in one transaction, received or sent.
    pub recipients_per_message: usize,
    /// Messages sent over one connection.
    pub max_messages_per_connection: u32,
    /// Connections to one destination at a time.
    pub concurrency_per_destination: usize,
    /// SMTP sessions at a time by port; others are greeted with 421. A port not named has no limit.
    pub sessions: BTreeMap<u16, u32>,
    /// The largest message taken, in octets.
    pub max_message: usize,
    /// What stands between the levels of folder names in IMAP.
    pub separator: char,
    /// What it does to its clients besides serving them.
    pub conduct: Arc<[Rule]>,
}

impl MailServerConfig {
    /// A server of that name for the domain of that name, with the defaults: RFC 5321's
    /// dialect, retries every 30 minutes for 5 days, 100 recipients in a transaction, one
    /// connection to a destination for any number of messages, 10,240,000 octets.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            domains: vec![name.to_owned()],
            mailboxes: Vec::new(),
            catch_alls: Vec::new(),
            dialect: Dialect::Rfc5321,
            retry: RetryPolicy::default(),
            resolvers: Vec::new(),
            caches: LocalCaches::default(),
            inside: Vec::new(),
            recipients_per_message: 100,
            max_messages_per_connection: u32::MAX,
            concurrency_per_destination: 1,
            sessions: BTreeMap::new(),
            max_message: 10_240_000,
            separator: '/',
            conduct: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("", "", true),
            ("*", "", true),
            ("*", "any", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "bab", false),
            ("*a", "aba", true),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("a**a", "aa", true),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_catch_all_is_for_its_domain_and_has_exceptions() {
        let [domain, mailbox] = ["h.edu", "bob@h.edu"].map(str::to_owned);
        let catch_all = CatchAll { domain, mailbox, except: vec!["no*".to_owned()] };
        assert!(catch_all.takes("any@h.edu") && catch_all.takes("a@b@h.edu") && catch_all.takes("@h.edu"));
        assert!(!catch_all.takes("nobody@h.edu") && !catch_all.takes("any@x.h.edu") && !catch_all.takes("any"));
    }
}
