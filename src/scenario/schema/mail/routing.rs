//! What becomes of mail for a domain, and the way that other mail takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Conduct, Delivery, DialectName, Imap, MailDomain, Reports, Retry, Smtp};
use crate::scenario::schema::quantity::{Size, Texts};

/// The mailbox for mail to local parts that nobody has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CatchAll {
    /// The local part of the user whose mailbox it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
    /// Local parts that stay unknown; "*" stands for any characters. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// A mailing list (RFC 5321 section 3.9.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailingList {
    /// Who gets a copy: addresses, or local parts of this domain; "m{1..50}@x.edu" stands for fifty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Texts>,
    /// Whose address is the reverse-path of the copies, so that their bounces come there. Default: "postmaster".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Who may write to the list; others are refused with 550 5.7.2. Default: "anyone".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posting: Option<PostingName>,
    /// Whether the copies have a Sender field that names the owner. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<bool>,
    /// Whether members may be addresses that nobody has. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_unknown: Option<bool>,
}

/// Who may write to a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PostingName {
    /// Everybody.
    #[default]
    #[serde(rename = "anyone")]
    Anyone,
    /// Its members and its owner.
    #[serde(rename = "members")]
    Members,
    /// Its owner.
    #[serde(rename = "owner")]
    Owner,
}

/// Addresses with a detail (RFC 5233): "bob+work" is bob's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Subaddress {
    /// The character between user and detail. Default: "+".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Whether mail goes into the user's folder of the detail's name, if there is one. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folders: Option<bool>,
}

/// How much a mailbox holds, and what happens when it is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// Messages, in all folders. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// Octets of all messages. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// What becomes of mail for a full mailbox. Default: "defer".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_full: Option<QuotaAnswer>,
    /// When the server looks. Default: "recipient".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<QuotaCheck>,
}

/// What becomes of mail for a full mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum QuotaAnswer {
    /// It is put off (452), in the hope that the mailbox will be emptied.
    #[default]
    #[serde(rename = "defer")]
    Defer,
    /// It is refused (552), and goes back.
    #[serde(rename = "refuse")]
    Refuse,
}

/// When a server looks whether a mailbox is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum QuotaCheck {
    /// When the recipient is named, and again at delivery.
    #[default]
    #[serde(rename = "recipient")]
    Recipient,
    /// At delivery: the message lies in the queue, or is bounced.
    #[serde(rename = "delivery")]
    Delivery,
}

/// A mail server that takes mail for a domain whose mailboxes are elsewhere, and passes it on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Relay {
    /// The preference of its MX record. Where it is no worse than the server's, the relay hands mail straight to
    /// the server; else to the exchangers that are better than itself. Default: 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<u16>,
    /// Whether it knows which recipients there are, and refuses others; else these come back to it. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<bool>,
    /// How it speaks SMTP. Default: "rfc5321".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<DialectName>,
    /// Whether it has a cache of DNS answers of its own. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_cache: Option<bool>,
    /// The most Received fields with which it takes a message, its own included. Default: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop_limit: Option<u32>,
    /// When it tries again to pass a message on, and when it gives up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// What of SMTP it offers and uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
    /// How it delivers what is in its queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Delivery>,
    /// What it tells senders of messages that fail, are late, or arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reports: Option<Reports>,
    /// What it does to its clients besides serving them. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conduct: Option<Conduct>,
}

impl Relay {
    /// Its server's settings, as a domain of its own would have them.
    pub(in crate::scenario) fn to_domain(&self) -> MailDomain {
        MailDomain {
            dialect: self.dialect,
            dns_cache: self.dns_cache,
            hop_limit: self.hop_limit,
            retry: self.retry.clone().unwrap_or_default(),
            smtp: self.smtp.clone().unwrap_or_default(),
            queue: self.queue.clone().unwrap_or_default(),
            reports: self.reports.unwrap_or_default(),
            conduct: self.conduct.clone(),
            imap: Imap::default(),
            ..MailDomain::default()
        }
    }

    /// Takes over the settings that were filled in.
    pub(in crate::scenario) fn complete(&mut self, domain: MailDomain) {
        self.dialect = domain.dialect;
        self.dns_cache = domain.dns_cache;
        self.hop_limit = domain.hop_limit;
        self.retry = Some(domain.retry);
        self.smtp = Some(domain.smtp);
        self.queue = Some(domain.queue);
        self.reports = Some(domain.reports);
        self.conduct = domain.conduct;
    }

    /// Whether it says how its server works.
    pub(in crate::scenario) fn has_settings(&self) -> bool {
        let Self { preference: _, verify: _, dialect, dns_cache, hop_limit, retry, smtp, queue, reports, conduct } =
            self;
        dialect.is_some()
            || dns_cache.is_some()
            || hop_limit.is_some()
            || retry.is_some()
            || smtp.is_some()
            || queue.is_some()
            || reports.is_some()
            || conduct.is_some()
    }
}
