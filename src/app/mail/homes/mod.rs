//! Which addresses end on this server, and what each of them stands for: a mailbox, other
//! addresses (alias, forward, list), nothing (discarded), nobody.
//!
//! One step at a time: [`Homes::find`] says what an address stands for, `expand` follows the
//! steps to their ends. An address is looked up as it stands, then without its detail (RFC
//! 5233), then at the domain's catch-all; an alias goes before a user of its name. Left out:
//! programs and files as destinations, patterns in addresses other than the catch-all's.

mod expand;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(test)]
use expand::Fate;
pub(super) use expand::{Child, End, Expansion, Link, Place, Sending, expand};

use super::config::{CatchAll, ListConfig, Posting, Quota, RoutingConfig};
use crate::base::Addresses;
use crate::proto::smtp::{Mailbox, ReversePath};

/// A mailing list (RFC 5321 3.9.2).
#[derive(Clone, Debug)]
pub(super) struct List {
    /// Its address.
    pub(super) address: Mailbox,
    pub(super) config: ListConfig,
    members: Vec<Mailbox>,
    /// Whose address is the reverse-path of the copies.
    pub(super) owner: Mailbox,
}

impl List {
    /// None if its own address or the owner's is none.
    fn new(config: ListConfig) -> Option<Self> {
        let (address, owner) = (Mailbox::parse(&config.address)?, Mailbox::parse(&config.owner)?);
        let members = mailboxes(&config.members);
        Some(Self { address, config, members, owner })
    }

    /// Whether who sends from this reverse-path may write to the list.
    fn takes_from(&self, sender: &ReversePath) -> bool {
        let ReversePath::Mailbox(sender) = sender else { return self.config.posting == Posting::Anyone };
        let key = sender.key();
        let owner = || self.owner.key() == key;
        match self.config.posting {
            Posting::Anyone => true,
            Posting::Members => self.members.iter().any(|member| member.key() == key) || owner(),
            Posting::Owner => owner(),
        }
    }
}

/// What an address other than a user's stands for.
#[derive(Clone, Debug)]
enum Entry {
    Alias(Vec<Mailbox>),
    List(Arc<List>),
    Discard,
}

/// A user.
#[derive(Clone, Debug, Default)]
struct Account {
    /// Where mail for the user goes instead, or also.
    forward: Vec<Mailbox>,
    /// Whether a forwarded message goes into the mailbox too.
    keep: bool,
    quota: Quota,
}

/// How the local parts of a domain are divided (RFC 5233).
#[derive(Clone, Copy, Debug)]
struct Detail {
    separator: char,
    /// Whether the detail names a folder.
    folders: bool,
}

/// What an address stands for, one step on.
#[derive(Clone, Debug)]
pub(super) enum Target<'a> {
    /// It is not for this server to say.
    Elsewhere,
    /// Nobody's.
    Unknown,
    /// What is sent there is thrown away.
    Discard,
    /// A mailbox; where the detail of the address names a folder, that.
    Mailbox { folder: Option<String> },
    /// Other addresses.
    Alias(&'a [Mailbox]),
    /// A user's other addresses, and whether the mailbox gets a copy.
    Forward { to: &'a [Mailbox], keep: bool, folder: Option<String> },
    /// A mailing list.
    List(&'a Arc<List>),
}

/// An address that was looked up.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    /// The same for all addresses whose mail ends in one place.
    pub(super) identity: String,
    /// What it was found as: without its detail, and the user's where a catch-all took it.
    pub(super) key: String,
    pub(super) target: Target<'a>,
}

/// A domain whose mail is taken here and kept elsewhere.
#[derive(Clone, Debug)]
struct Relayed {
    /// Its addresses, if they are known.
    known: Option<Homes>,
}

/// The domains whose mail ends here, and what is particular about them.
#[derive(Clone, Debug, Default)]
pub(super) struct Homes {
    /// In lower case; the first one is the one meant by an address literal.
    domains: Vec<String>,
    users: BTreeMap<String, Account>,
    entries: BTreeMap<String, Entry>,
    /// Whether any user's mail goes elsewhere.
    forwards: bool,
    details: BTreeMap<String, Detail>,
    catch_alls: Vec<CatchAll>,
    relayed: BTreeMap<String, Relayed>,
    own: Addresses,
}

impl Homes {
    pub(super) fn new(domains: &[String], routing: &RoutingConfig) -> Self {
        let book = &routing.book;
        let mut homes = Self {
            domains: domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
            catch_alls: book.catch_alls.clone(),
            forwards: !book.forwards.is_empty(),
            ..Self::default()
        };
        let key = |address: &String| Mailbox::parse(address).map(|mailbox| mailbox.key());
        homes.users.extend(book.users.iter().filter_map(key).map(|key| (key, Account::default())));
        homes.users.extend(book.forwards.iter().filter_map(|forward| {
            Some((
                key(&forward.address)?,
                Account { forward: mailboxes(&forward.to), keep: forward.keep_copy, ..Account::default() },
            ))
        }));
        for (address, to) in &book.aliases {
            homes.insert(address, Entry::Alias(mailboxes(to)));
        }
        for list in book.lists.iter().cloned().filter_map(List::new) {
            homes.insert(&list.address.to_string(), Entry::List(Arc::new(list)));
        }
        for address in &book.discards {
            homes.insert(address, Entry::Discard);
        }
        homes.details.extend(book.subaddresses.iter().map(|subaddress| {
            let detail = Detail { separator: subaddress.separator, folders: subaddress.folders };
            (subaddress.domain.to_ascii_lowercase(), detail)
        }));
        homes.relayed.extend(routing.relayed.iter().map(|relayed| {
            let domain = relayed.domain.to_ascii_lowercase();
            let known = relayed.recipients.as_ref().map(|book| {
                let routing = RoutingConfig { book: book.clone(), ..RoutingConfig::default() };
                Self::new(std::slice::from_ref(&domain), &routing)
            });
            (domain, Relayed { known })
        }));
        for (address, quota) in &routing.quotas {
            if let Some(account) = key(address).and_then(|key| homes.users.get_mut(&key)) {
                account.quota = *quota;
            }
        }
        homes
    }

    fn insert(&mut self, address: &str, entry: Entry) {
        self.entries.extend(Mailbox::parse(address).map(|mailbox| (mailbox.key(), entry)));
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
            None => {
                let wanted = mailbox.ascii_domain();
                self.domains.iter().find(|domain| domain.eq_ignore_ascii_case(&wanted))
            }
        };
        named.map(String::as_str)
    }

    /// Whether anybody may send mail for this address here, although its mailbox is elsewhere.
    pub(super) fn is_relayed(&self, mailbox: &Mailbox) -> bool {
        self.relayed.contains_key(&mailbox.ascii_domain())
    }

    /// Whether it is known that nobody has this address, here or in a domain that is relayed.
    pub(super) fn is_unknown(&self, mailbox: &Mailbox) -> bool {
        match self.find(mailbox).target {
            Target::Unknown => true,
            Target::Elsewhere => {
                let relayed = self.relayed.get(&mailbox.ascii_domain());
                relayed.and_then(|relayed| relayed.known.as_ref()).is_some_and(|known| known.is_unknown(mailbox))
            }
            Target::Discard | Target::Mailbox { .. } | Target::Alias(_) | Target::Forward { .. } | Target::List(_) => {
                false
            }
        }
    }

    /// What an address stands for. RFC 5321 4.5.1: "Any system that includes an SMTP server
    /// [...] MUST support the reserved mailbox "postmaster"".
    pub(super) fn find(&self, mailbox: &Mailbox) -> Found<'_> {
        let Some(domain) = self.domain_of(mailbox) else {
            let key = mailbox.key();
            return Found { identity: key.clone(), key, target: Target::Elsewhere };
        };
        let identity = mailbox.key_at(domain);
        let found = self.known(&identity, None).or_else(|| self.without_detail(&identity, domain)).or_else(|| {
            let catch_all = self.catch_alls.iter().find(|catch_all| catch_all.takes(&identity))?;
            self.known(&catch_all.mailbox.to_ascii_lowercase(), None)
        });
        let (key, target) = found.unwrap_or_else(|| {
            let postmaster = identity.strip_suffix(domain) == Some("postmaster@");
            (identity.clone(), if postmaster { Target::Mailbox { folder: None } } else { Target::Unknown })
        });
        let place = match &target {
            Target::Mailbox { folder } | Target::Forward { folder, .. } => folder.as_deref(),
            Target::Elsewhere | Target::Unknown | Target::Discard | Target::Alias(_) | Target::List(_) => None,
        };
        // No address has a NUL in it.
        let identity = place.map_or_else(|| key.clone(), |folder| format!("{key}\0{folder}"));
        Found { identity, key, target }
    }

    fn known(&self, key: &str, folder: Option<String>) -> Option<(String, Target<'_>)> {
        let target = match (self.entries.get(key), self.users.get(key)) {
            (Some(Entry::Alias(to)), _) => Target::Alias(to),
            (Some(Entry::List(list)), _) => Target::List(list),
            (Some(Entry::Discard), _) => Target::Discard,
            (None, Some(account)) if account.forward.is_empty() => Target::Mailbox { folder },
            (None, Some(account)) => Target::Forward { to: &account.forward, keep: account.keep, folder },
            (None, None) => return None,
        };
        Some((key.to_owned(), target))
    }

    /// RFC 5233 section 4: the user part is what stands before the separator, "the detail
    /// part" what stands behind it. Of several separators the first that leaves a known user part counts.
    fn without_detail(&self, identity: &str, domain: &str) -> Option<(String, Target<'_>)> {
        let detail = self.details.get(domain)?;
        let (local, _) = identity.rsplit_once('@')?;
        local.match_indices(detail.separator).find_map(|(at, separator)| {
            let rest = &local[at + separator.len()..];
            let folder = (detail.folders && !rest.is_empty()).then(|| rest.to_owned());
            self.known(&format!("{}@{domain}", &local[..at]), folder)
        })
    }

    /// Whether a user has that mailbox, whatever else the address stands for.
    fn has_mailbox(&self, key: &str) -> bool {
        self.users.contains_key(key)
    }

    /// Whether any address here stands for others.
    pub(super) fn redirects(&self) -> bool {
        !self.entries.is_empty() || self.forwards
    }

    /// The mailbox in which mail for a local address lies that was to be delivered here: its key, and a folder.
    pub(super) fn mailbox_of(&self, mailbox: &Mailbox) -> (String, Option<String>) {
        let Found { key, target, .. } = self.find(mailbox);
        match target {
            Target::Mailbox { folder } | Target::Forward { folder, .. } => (key, folder),
            Target::Elsewhere | Target::Unknown | Target::Discard | Target::Alias(_) | Target::List(_) => (key, None),
        }
    }

    /// How much the mailbox of that key holds.
    pub(super) fn quota(&self, key: &str) -> Quota {
        self.users.get(key).map(|account| account.quota).unwrap_or_default()
    }

    /// What an address is turned into, for EXPN; none if it stands for itself.
    pub(super) fn members(&self, mailbox: &Mailbox) -> Option<&[Mailbox]> {
        match self.find(mailbox).target {
            Target::Alias(to) | Target::Forward { to, .. } => Some(to),
            Target::List(list) => Some(&list.members),
            Target::Elsewhere | Target::Unknown | Target::Discard | Target::Mailbox { .. } => None,
        }
    }

    /// Whether who sends from there may write to this address.
    pub(super) fn may_post(&self, sender: &ReversePath, to: &Mailbox) -> bool {
        match self.find(to).target {
            Target::List(list) => list.takes_from(sender),
            Target::Elsewhere
            | Target::Unknown
            | Target::Discard
            | Target::Mailbox { .. }
            | Target::Alias(_)
            | Target::Forward { .. } => true,
        }
    }
}

/// Those of the texts that are addresses.
fn mailboxes(texts: &[String]) -> Vec<Mailbox> {
    texts.iter().filter_map(|text| Mailbox::parse(text)).collect()
}
