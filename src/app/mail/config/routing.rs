//! What becomes of mail for a server's domains, and the way that other mail takes.
//!
//! Addresses are texts here; one that cannot be read is nobody's.

use crate::base::DataSize;

/// What becomes of mail for a server's domains, and the way that other mail takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingConfig {
    /// What the addresses in its domains stand for; the mailboxes' users need not be in it.
    pub book: AddressBook,
    /// The domains for which it takes mail that others keep.
    pub relayed: Vec<RelayedDomain>,
    /// How it passes mail on.
    pub transports: Transports,
    /// What it does against mail that goes round.
    pub loops: LoopGuard,
    /// How much its mailboxes hold, by address; those not named hold anything.
    pub quotas: Vec<(String, Quota)>,
}

/// Who may write to a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Posting {
    /// Everybody.
    #[default]
    Anyone,
    /// Its members and its owner.
    Members,
    /// Its owner: a list for announcements.
    Owner,
}

/// A mailing list (RFC 5321 3.9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListConfig {
    /// Its address.
    pub address: String,
    /// Who gets what is sent there.
    pub members: Vec<String>,
    /// Who gets the bounces.
    pub owner: String,
    /// Who may write to it.
    pub posting: Posting,
    /// Whether the copies have a Sender field that names the owner.
    pub sender_field: bool,
}

/// How addresses of a domain may have a detail (RFC 5233).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubaddressConfig {
    /// The domain.
    pub domain: String,
    /// What stands between user and detail.
    pub separator: char,
    /// Whether the detail names a folder: if the user has it, mail goes there.
    pub folders: bool,
}

/// Where a user's mail goes instead of into the mailbox, or also.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardConfig {
    /// The user's address.
    pub address: String,
    /// The other addresses.
    pub to: Vec<String>,
    /// Whether the mailbox gets a copy.
    pub keep_copy: bool,
}

/// What the addresses of some domains stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressBook {
    /// The users.
    pub users: Vec<String>,
    /// Those of them whose mail goes elsewhere.
    pub forwards: Vec<ForwardConfig>,
    /// Other names for addresses.
    pub aliases: Vec<(String, Vec<String>)>,
    /// Mailing lists.
    pub lists: Vec<ListConfig>,
    /// Addresses whose mail is thrown away.
    pub discards: Vec<String>,
    /// Domains whose addresses may have a detail.
    pub subaddresses: Vec<SubaddressConfig>,
    /// Who gets what is addressed to nobody, for the domains that want that.
    pub catch_alls: Vec<CatchAll>,
}

/// A host that mail is handed to, whatever the DNS says of the domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NextHop {
    /// Its name.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A domain for which a server takes mail that others keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayedDomain {
    /// The domain.
    pub domain: String,
    /// Which recipients there are, if the relay knows that: others it refuses.
    pub recipients: Option<AddressBook>,
}

/// How mail for elsewhere is passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transports {
    /// Where mail for a domain goes instead of to its exchangers; with none, to these after all.
    pub by_domain: Vec<(String, Option<NextHop>)>,
    /// Where mail for all other domains goes instead.
    pub smart_host: Option<NextHop>,
}

/// Where a server writes Delivered-To (RFC 9228). Lists write it always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeliveredTo {
    /// Nowhere, and aliases and forwards do not heed it.
    Never,
    /// Where an alias or a forward turns a message into another, which stops it there the second time.
    #[default]
    Redirected,
    /// There, and in front of what is put into a mailbox.
    Always,
}

impl DeliveredTo {
    /// Whether aliases and forwards write and heed it.
    #[must_use]
    pub fn is_heeded(self) -> bool {
        self != Self::Never
    }
}

/// What keeps a message from going round for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopGuard {
    /// The most Received fields with which a message is taken.
    pub max_hops: usize,
    /// Where Delivered-To fields say that a message was at an address.
    pub delivered_to: DeliveredTo,
    /// The most copies that may come of a message here.
    pub max_copies: usize,
}

impl Default for LoopGuard {
    /// RFC 5321 6.3: the threshold for loops is "normally at least 100 Received entries".
    fn default() -> Self {
        Self { max_hops: 100, delivered_to: DeliveredTo::default(), max_copies: 1_000 }
    }
}

/// How much a mailbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Messages.
    pub messages: Option<u64>,
    /// Octets.
    pub size: Option<DataSize>,
    /// What is said when it is full.
    pub when_full: WhenFull,
    /// When that is looked at.
    pub checked: FullAt,
}

impl Quota {
    /// Whether it allows everything.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.messages.is_none() && self.size.is_none()
    }

    /// Whether so much is more than it allows.
    #[must_use]
    pub fn is_exceeded_by(&self, messages: u64, octets: u64) -> bool {
        self.messages.is_some_and(|most| messages > most) || self.size.is_some_and(|most| octets > most.bytes())
    }
}

/// What a server says of a full mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// 452: it may be emptied yet.
    #[default]
    Defer,
    /// 552: the message goes back.
    Refuse,
}

impl WhenFull {
    /// The reply code (RFC 5321 4.2.3).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Defer => 452,
            Self::Refuse => 552,
        }
    }
}

/// When a server looks whether a mailbox is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FullAt {
    /// When the recipient is named, and again at delivery.
    #[default]
    Recipient,
    /// At delivery, when the message is the server's already.
    Delivery,
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
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
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
