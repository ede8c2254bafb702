//! Who may log in: users by the address of their mailbox, or by its local part alone.

use super::mailbox::Maildrops;
use crate::proto::pop3::Digest;
use crate::proto::sasl::Credentials;

/// The domains in which a local part is looked for, in this order.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    domains: Vec<String>,
}

impl Accounts {
    pub(super) fn new(domains: &[String]) -> Self {
        Self { domains: domains.iter().map(|domain| domain.to_ascii_lowercase()).collect() }
    }

    /// The key of the mailbox that these credentials open. RFC 4616 section 2: who wants to act
    /// as somebody must be allowed to; here everybody acts as themselves alone.
    pub(super) fn login(&self, maildrops: &Maildrops, credentials: &Credentials) -> Option<String> {
        let Credentials { authorization, user, password } = credentials;
        let key = self.key(maildrops, user)?;
        let allowed = authorization.is_empty() || self.key(maildrops, authorization).as_ref() == Some(&key);
        let opens = maildrops.get(&key).is_some_and(|drop| drop.opens_with(password));
        (allowed && opens).then_some(key)
    }

    /// The key of the mailbox that APOP opens.
    pub(super) fn proved(&self, maildrops: &Maildrops, digest: &Digest) -> Option<String> {
        let key = self.key(maildrops, &digest.user)?;
        let opens = maildrops.get(&key).and_then(|drop| drop.password()).is_some_and(|word| digest.proves(word));
        opens.then_some(key)
    }

    /// The first domain that has a local part counts.
    fn key(&self, maildrops: &Maildrops, user: &str) -> Option<String> {
        let user = user.to_ascii_lowercase();
        let named = self.domains.iter().map(|domain| format!("{user}@{domain}"));
        std::iter::once(user.clone()).chain(named).find(|key| maildrops.contains_key(key))
    }
}
