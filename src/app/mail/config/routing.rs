//! Where a server's mail goes: whom it passes mail on to, and what the addresses of its
//! domains stand for.
//!
//! Addresses are texts here; one that cannot be read is nobody's.

use super::CatchAll;
use crate::base::DataSize;

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

/// What keeps a message from going round for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopGuard {
    /// The most Received fields with which a message is taken.
    pub max_hops: usize,
    /// Whether Delivered-To fields say where a message was redirected, and stop it the second time.
    pub delivered_to: bool,
    /// The most copies that may come of a message here.
    pub max_copies: usize,
}

impl Default for LoopGuard {
    /// RFC 5321 6.3: the threshold for loops is "normally at least 100 Received entries".
    fn default() -> Self {
        Self { max_hops: 100, delivered_to: false, max_copies: 1_000 }
    }
}

/// How much a mailbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Messages.
    pub messages: Option<u64>,
    /// Octets.
    pub size: Option<DataSize>,
}

impl Quota {
    /// Whether so much is more than it allows.
    #[must_use]
    pub fn is_exceeded_by(&self, messages: u64, octets: u64) -> bool {
        self.messages.is_some_and(|most| messages > most) || self.size.is_some_and(|most| octets > most.bytes())
    }
}

/// How a server treats full mailboxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaPolicy {
    /// What it says of them.
    pub when_full: WhenFull,
    /// When it looks.
    pub checked: FullAt,
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

/// When a server looks whether a mailbox is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FullAt {
    /// When the recipient is named, and again at delivery.
    #[default]
    Recipient,
    /// At delivery, when the message is the server's already.
    Delivery,
}
