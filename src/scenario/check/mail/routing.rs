//! What becomes of mail for a domain, and the way that other mail takes.

use std::collections::BTreeMap;

use super::vain::check_hop;
use super::{Remedy, check_hop_limit, is_address, read_server, unknown_user};
use crate::app;
use crate::app::mail::{
    AddressBook, DeliveredTo, ForwardConfig, FullAt, ListConfig, LoopGuard, NextHop, Posting, SubaddressConfig,
    Transports, WhenFull,
};
use crate::base::HostId;
use crate::proto::smtp::PORT;
use crate::scenario::check::Context;
use crate::scenario::names::{check_host_name, check_local_part, expand};
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::{CatchAllSpec, DomainSpec, RelaySpec};
use crate::scenario::schema::{
    CatchAll, Limits, MailDomain, MailingList, PostingName, QuotaAnswer, QuotaCheck, Texts, User,
};

/// More addresses than one pattern may stand for.
const MAX_ADDRESSES: usize = 1_000_000;

pub(super) fn read_catch_all(
    cx: &mut Context<'_>,
    here: Path<'_>,
    name: &str,
    domain: &MailDomain,
    catch_all: &CatchAll,
) -> Option<CatchAllSpec> {
    let path = here.key("catch_all");
    let except = path.key("except");
    for (index, pattern) in catch_all.except.iter().enumerate() {
        cx.problems.check(except.index(index), check_local_part(pattern));
    }
    let Some(local) = &catch_all.mailbox else {
        cx.problems.help(path, "a catch-all needs a mailbox", "write \"mailbox\": and the local part of a user here");
        return None;
    };
    if !domain.users.contains(local) {
        let known = domain.users.iter().map(String::as_str);
        let help = format!("add it to the users of {domain}", domain = quote(name));
        cx.problems.unknown_else(path.key("mailbox"), "user", local, known, Some(&help));
        return None;
    }
    let except = catch_all.except.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
    Some(CatchAllSpec { mailbox: format!("{local}@{name}"), except })
}

/// Whether an address that is no user's gets to a mailbox or stands for something all the same.
pub(in crate::scenario::check) fn is_caught(cx: &Context<'_>, address: &str) -> bool {
    let Some((local, name)) = address.rsplit_once('@') else { return false };
    let Some(domain) = cx.scenario.mail.get(name) else { return false };
    let named = |local: &str| {
        cx.scenario.users.contains_key(&format!("{local}@{name}"))
            || domain.aliases.contains_key(local)
            || domain.lists.contains_key(local)
            || domain.discard.iter().any(|other| other == local)
    };
    let separator = domain.subaddress.as_ref().and_then(|subaddress| subaddress.separator.as_deref());
    let detailed = || {
        separator
            .filter(|text| !text.is_empty())
            .is_some_and(|text| local.match_indices(text).any(|(at, _)| named(&local[..at])))
    };
    let caught = || {
        let Some(catch_all) = &domain.catch_all else { return false };
        let except = catch_all.except.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
        let catch_all = app::mail::CatchAll { domain: name.to_owned(), mailbox: String::new(), except };
        catch_all.takes(&address.to_ascii_lowercase())
    };
    named(local) || local.eq_ignore_ascii_case("postmaster") || detailed() || caught()
}

/// What the addresses of a domain stand for, its users and their forwards excepted.
pub(super) fn read_book(cx: &mut Context<'_>, here: Path<'_>, name: &str, domain: &MailDomain) -> AddressBook {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    let mut book = AddressBook::default();
    let aliases = here.key("aliases");
    for (local, to) in &domain.aliases {
        claim(cx, &mut taken, aliases.name(local), (local, "an alias"));
        book.aliases.push((
            format!("{local}@{name}"),
            read_addresses(cx, aliases.key(local), name, (to, Some(Remedy::AddUser))),
        ));
    }
    let lists = here.key("lists");
    for (local, list) in &domain.lists {
        claim(cx, &mut taken, lists.name(local), (local, "a list"));
        if domain.users.iter().any(|user| user.eq_ignore_ascii_case(local)) {
            cx.problems.at(lists.name(local), format!("{} is a user already", quote(local)));
        }
        book.lists.push(read_list(cx, lists.key(local), name, (local, list)));
    }
    let discard = here.key("discard");
    for (index, local) in domain.discard.iter().enumerate() {
        let path = discard.index(index);
        claim(cx, &mut taken, path, (local, "an address to discard"));
        if domain.users.iter().any(|user| user.eq_ignore_ascii_case(local)) {
            cx.problems.at(path, format!("{} is a user already", quote(local)));
        }
        book.discards.push(format!("{local}@{name}"));
    }
    if let Some(subaddress) = &domain.subaddress {
        let mut characters = subaddress.separator.as_deref().unwrap_or_default().chars();
        match (characters.next(), characters.next()) {
            (Some(separator), None) if check_local_part(&format!("a{separator}a")).is_ok() => {
                let folders = subaddress.folders == Some(true);
                book.subaddresses.push(SubaddressConfig { domain: name.to_owned(), separator, folders });
            }
            (None | Some(_), _) => {
                let help = "\"+\" and \"-\" are usual";
                cx.problems.help(
                    here.key("subaddress").key("separator"),
                    "a separator is one character of an address",
                    help,
                );
            }
        }
    }
    book
}

/// Notes a name that is none, or that stands for two things.
fn claim<'a>(
    cx: &mut Context<'_>,
    taken: &mut BTreeMap<String, &'a str>,
    path: Path<'_>,
    (local, what): (&str, &'a str),
) {
    cx.problems.check(path, check_local_part(local));
    if let Some(other) = taken.insert(local.to_ascii_lowercase(), what) {
        cx.problems.at(path, format!("{} is {other} already", quote(local)));
    }
}

fn read_list(cx: &mut Context<'_>, here: Path<'_>, name: &str, (local, list): (&str, &MailingList)) -> ListConfig {
    let unknown = (list.allow_unknown != Some(true)).then_some(Remedy::Allow);
    let members = match &list.members {
        Some(members) => read_addresses(cx, here.key("members"), name, (members, unknown)),
        None => {
            cx.problems.help(here, "a list needs members", "write \"members\": and their addresses here");
            Vec::new()
        }
    };
    let most = cx.scenario.limits.recipients.unwrap_or(0);
    if members.len() as u64 > most {
        let message = format!("{} members are more than `limits.recipients` ({most})", members.len());
        cx.problems.at(here.key("members"), message);
    }
    let owner = Texts::one(list.owner.as_deref().unwrap_or("postmaster"));
    let owner = read_addresses(cx, here.key("owner"), name, (&owner, Some(Remedy::AddUser)));
    ListConfig {
        address: format!("{local}@{name}"),
        members,
        owner: owner.into_iter().next().unwrap_or_default(),
        posting: match list.posting.unwrap_or_default() {
            PostingName::Anyone => Posting::Anyone,
            PostingName::Members => Posting::Members,
            PostingName::Owner => Posting::Owner,
        },
        sender_field: list.sender == Some(true),
    }
}

/// Addresses; a local part alone is one of this domain, and a pattern stands for several. Without a remedy against
/// unknown ones they are allowed.
fn read_addresses(
    cx: &mut Context<'_>,
    path: Path<'_>,
    name: &str,
    (texts, unknown): (&Texts, Option<Remedy>),
) -> Vec<String> {
    let mut all = Vec::new();
    for (index, text) in texts.items.iter().enumerate() {
        let place = if texts.list { path.index(index) } else { path };
        let whole = if text.contains('@') { text.clone() } else { format!("{text}@{name}") };
        for address in expand(&whole, MAX_ADDRESSES).unwrap_or_else(|| vec![whole.clone()]) {
            if !is_address(&address) || unknown.is_some() && !is_caught(cx, &address) {
                unknown_user(cx, place, &address, unknown.unwrap_or(Remedy::AddUser));
                break;
            }
            all.push(address);
        }
    }
    if texts.items.is_empty() {
        cx.problems.at(path, "there must be at least one address");
    }
    all
}

/// Where a user's mail goes instead.
pub(super) fn read_forward(cx: &mut Context<'_>, here: Path<'_>, address: &str, user: &User) -> Option<ForwardConfig> {
    let Some(forward) = &user.forward else {
        if user.keep_copy.is_some() {
            cx.problems.help(here.key("keep_copy"), "nothing is forwarded", "write \"forward\": and an address here");
        }
        return None;
    };
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let to = read_addresses(cx, here.key("forward"), domain, (forward, Some(Remedy::AddUser)));
    Some(ForwardConfig { address: address.to_owned(), to, keep_copy: user.keep_copy == Some(true) })
}

/// How much a mailbox holds: what the user says, else what the domain says.
pub(super) fn read_quota(domain: &MailDomain, user: Option<&User>) -> app::mail::Quota {
    let Some(quota) = user.and_then(|user| user.quota).or(domain.quota) else { return app::mail::Quota::default() };
    app::mail::Quota {
        messages: quota.messages,
        size: quota.size.map(|size| size.0),
        when_full: match quota.when_full.unwrap_or_default() {
            QuotaAnswer::Defer => WhenFull::Defer,
            QuotaAnswer::Refuse => WhenFull::Refuse,
        },
        checked: match quota.checked_at.unwrap_or_default() {
            QuotaCheck::Recipient => FullAt::Recipient,
            QuotaCheck::Delivery => FullAt::Delivery,
        },
    }
}

pub(super) fn read_loops(domain: &MailDomain, limits: &Limits) -> LoopGuard {
    LoopGuard {
        max_hops: domain.hop_limit.map_or(0, |limit| limit as usize),
        delivered_to: match domain.delivered_to {
            None => DeliveredTo::Redirected,
            Some(false) => DeliveredTo::Never,
            Some(true) => DeliveredTo::Always,
        },
        max_copies: limits.recipients.map_or(0, |most| usize::try_from(most).unwrap_or(usize::MAX)),
    }
}

pub(super) fn read_transports(cx: &mut Context<'_>, here: Path<'_>, domain: &MailDomain) -> Transports {
    let own = domain.server.as_deref().unwrap_or_default();
    let path = here.key("transports");
    let mut by_domain = Vec::new();
    for (name, hop) in &domain.transports {
        cx.problems.check(path.name(name), check_host_name(name));
        if hop == "mx" {
            by_domain.push((name.clone(), None));
        } else if let Some(hop) = read_hop(cx, path.key(name), own, hop) {
            by_domain.push((name.clone(), Some(hop)));
        }
    }
    let smart_host = domain.smart_host.as_ref().and_then(|hop| read_hop(cx, here.key("smart_host"), own, hop));
    Transports { by_domain, smart_host }
}

/// `HOST` or `HOST:PORT`, of another server than the own one.
fn read_hop(cx: &mut Context<'_>, path: Path<'_>, own: &str, text: &str) -> Option<NextHop> {
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let port = match port.map(str::parse) {
        None => PORT,
        Some(Ok(port)) if port > 0 => port,
        Some(Ok(_) | Err(_)) => {
            cx.problems.help(path, "behind the colon stands a port", "write \"HOST\" or \"HOST:25\"");
            return None;
        }
    };
    check_hop(cx, path, own, (host, port));
    Some(NextHop { host: host.to_owned(), port })
}

/// The servers that take mail for a domain and pass it on.
pub(super) fn read_relays(cx: &mut Context<'_>, here: Path<'_>, domain: &MailDomain) -> Vec<RelaySpec> {
    let path = here.key("relays");
    let mut relays = Vec::new();
    for (name, relay) in &domain.relays {
        cx.problems.check(path.name(name), check_host_name(name));
        let place = path.key(name);
        let Some(host) = cx.host(place, name) else { continue };
        cx.check_no_router(path.name(name), host);
        check_hop_limit(cx, place, relay.hop_limit);
        let scenario = cx.scenario;
        let of = scenario.mail.iter().find(|(_, other)| other.server.as_deref() == Some(name.as_str()));
        if domain.server.as_deref() == Some(name.as_str()) {
            cx.problems.at(path.name(name), "this host has the domain's mailboxes: it is no relay");
        } else if let Some((of, _)) = of
            && relay.has_settings()
        {
            let message =
                format!("this host is the mail server of {of}, where it is said how it works", of = quote(of));
            cx.problems.help(place, message, "give only \"preference\" and \"verify\" here");
        }
        let settings = of.is_none().then(|| read_server(cx, place, &relay.to_domain()));
        let (preference, verify) = (relay.preference.unwrap_or(0), relay.verify == Some(true));
        relays.push(RelaySpec { host, preference, verify, settings });
    }
    relays
}

/// A host that relays for several domains works in one way.
pub(super) fn check_relays(cx: &mut Context<'_>, domains: &[DomainSpec]) {
    let mut known: BTreeMap<HostId, (&DomainSpec, &RelaySpec)> = BTreeMap::new();
    for domain in domains {
        for relay in &domain.relays {
            let (first, other) = known.entry(relay.host).or_insert((domain, relay));
            if other.settings != relay.settings {
                let host = cx.hosts.get(relay.host.index()).map_or("", |host| host.name.as_str());
                let message =
                    format!("this host relays for {first} too, but in another way", first = quote(&first.name));
                let path = Path::Root.key("mail");
                cx.problems.differs(path.key(&domain.name).key("relays").key(host), message, None);
            }
        }
    }
}
