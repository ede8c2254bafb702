//! Answers in the name of users who are away, safe against loops (RFC 3834, RFC 5230).
//!
//! A sender gets one answer in a while; reports, lists, other programs, and mail that does not
//! name the user get none. Whom the server answered is on its disk. Left out: answers that
//! depend on the message.

use std::collections::BTreeMap;

use super::config::VacationConfig;
use crate::base::{SimTime, UnixTime};
use crate::proto::message::read::{address, header};
use crate::proto::message::{Draft, Letter, fields, first};
use crate::proto::smtp::{Mailbox, ReversePath};

/// The users who are away, and whom they answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Vacations {
    users: BTreeMap<String, Vacation>,
}

#[derive(Clone, Debug)]
struct Vacation {
    config: VacationConfig,
    /// The user's own address.
    address: String,
    /// When each sender was answered last, by [`Mailbox::key`].
    answered: BTreeMap<String, SimTime>,
}

/// A message that came for a user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'a> {
    pub(super) reverse_path: &'a ReversePath,
    pub(super) recipient: &'a Mailbox,
    pub(super) content: &'a [u8],
}

impl Vacations {
    pub(super) fn new(configs: BTreeMap<String, VacationConfig>) -> Self {
        let user = |(address, config): (String, VacationConfig)| {
            let key = Mailbox::parse(&address).map_or_else(|| address.to_ascii_lowercase(), |mailbox| mailbox.key());
            (key, Vacation { config, address, answered: BTreeMap::new() })
        };
        Self { users: configs.into_iter().map(user).collect() }
    }

    /// Whether the user of a mailbox answers a message now; if so, that is remembered. To whom the
    /// answer goes.
    pub(super) fn answers(&mut self, mailbox: &str, incoming: &Incoming<'_>, now: SimTime) -> Option<Mailbox> {
        let vacation = self.users.get_mut(mailbox)?;
        let ReversePath::Mailbox(sender) = incoming.reverse_path else { return None };
        let config = &vacation.config;
        let away = config.start <= now && now < config.end;
        let own = [vacation.address.as_str(), incoming.recipient.as_str(), config.from.as_deref().unwrap_or_default()];
        if !away || is_program(sender) || is_automatic(incoming.content) || !names(incoming.content, &own) {
            return None;
        }
        if own.iter().filter_map(|own| Mailbox::parse(own)).any(|own| own.key() == sender.key()) {
            return None;
        }
        let recent = |at: &SimTime| now < at.saturating_add(config.interval);
        if vacation.answered.get(&sender.key()).is_some_and(recent) {
            return None;
        }
        vacation.answered.insert(sender.key(), now);
        Some(sender.clone())
    }

    /// The octets of the answer to a message.
    pub(super) fn build(&self, mailbox: &str, to: &Mailbox, message_id: &str, date: UnixTime, about: &[u8]) -> Vec<u8> {
        let Some(Vacation { config, address, .. }) = self.users.get(mailbox) else { return Vec::new() };
        let asked = first(about, "Subject").map(|subject| decoded(&subject));
        let subject = config.subject.clone().unwrap_or_else(|| format!("Auto: {}", asked.unwrap_or_default()));
        let answered = first(about, "Message-ID").filter(|id| id.is_ascii());
        // RFC 5322 3.6.4: the References of the answer are those of the message, and its Message-ID.
        let before = first(about, "References").or_else(|| first(about, "In-Reply-To")).unwrap_or_default();
        let before = before.split_ascii_whitespace().filter(|id| id.is_ascii()).map(str::to_owned);
        let references: Vec<String> = before.chain(answered.clone()).collect();
        let draft = Draft {
            date,
            from: config.from.as_deref().unwrap_or(address),
            to: &[to.as_str().to_owned()],
            subject: Some(subject.trim_end()),
            message_id,
            in_reply_to: answered.as_deref(),
            references: if answered.is_some() { &references } else { &[] },
            automatic: true,
            body: &config.text,
            ..Draft::EMPTY
        };
        Letter { draft, ..Letter::EMPTY }.build().0
    }
}

/// A subject with its encoded words decoded, since the answer encodes it anew.
fn decoded(subject: &str) -> String {
    crate::proto::message::read::decode::field_text(subject.as_bytes())
}

/// RFC 3834 2: no answer to addresses that are known to be programs'.
fn is_program(sender: &Mailbox) -> bool {
    let key = sender.key();
    let local = key.rsplit_once('@').map_or(&*key, |(local, _)| local).to_ascii_lowercase();
    let known = ["mailer-daemon", "listserv", "majordomo"];
    local.starts_with("owner-") || local.ends_with("-owner") || local.ends_with("-request") || known.contains(&&*local)
}

/// RFC 3834 2 and 5: whether a program wrote a message, or a list spread it.
fn is_automatic(content: &[u8]) -> bool {
    fields(content).any(|field| {
        let name = field.name.to_ascii_lowercase();
        // the first word; what follows may be parameters or a comment
        let value = field.value().to_ascii_lowercase();
        let word = value.split([';', ' ', '\t', '(']).next().unwrap_or_default();
        match name.as_str() {
            "auto-submitted" => word != "no",
            "precedence" => matches!(word, "bulk" | "list" | "junk"),
            // RFC 2369, RFC 2919
            _ => name.starts_with("list-"),
        }
    })
}

/// Whether a message names one of these addresses among its recipients (RFC 5230 4.5).
fn names(content: &[u8], own: &[&str]) -> bool {
    let kinds = ["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"];
    fields(content).filter(|field| kinds.iter().any(|kind| field.is(kind))).any(|field| {
        address::list(&header::unfold(field.raw)).iter().any(|address| {
            let (Some(local), Some(domain)) = (&address.mailbox, &address.host) else { return false };
            let text = format!("{}@{}", String::from_utf8_lossy(local), String::from_utf8_lossy(domain));
            own.iter().any(|own| own.eq_ignore_ascii_case(&text))
        })
    })
}
