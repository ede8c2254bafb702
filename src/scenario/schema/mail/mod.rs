//! The `mail` and `users` keys: mail domains, their servers, and the people behind the addresses.

mod conduct;
mod queue;
mod reports;
mod routing;
mod smtp;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Duration, Texts};
use super::steps::ProtocolName;
pub use smtp::{DialectName, ExtensionName, LoginName, Smtp, Submission, TlsUseName, TlsVersionName};

pub use conduct::{
    Blocklist, Conduct, ConductRate, ConductRule, ConductThen, ConductWhen, GaugeName, Greylist, Limit, LimitedName,
    PerName, Tarpit, ThenKeys,
};
pub use queue::{
    AgeBounds, AgeFromName, Dead, Delivery, DeliveryPreset, Exponential, MeanwhileName, Retry, RetryPreset,
    WaitFromName,
};
pub use reports::{DoubleBounces, Reports, Vacation};
pub use routing::{CatchAll, MailingList, PostingName, Quota, QuotaAnswer, QuotaCheck, Relay, Subaddress};

/// A mail domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailDomain {
    /// Local parts of the addresses. "u{1..50}" stands for u1, u2, ... u50.
    pub users: Vec<String>,
    /// The computer of the users that name none of their own; they share it. It must be listed in
    /// `network.hosts`. Default: one each, "LOCAL-pc.DOMAIN", which is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computer: Option<String>,
    /// The password of the users that name none of their own. Default: "hungry".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Who gets mail for local parts that nobody has. Default: it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_all: Option<CatchAll>,
    /// Other names: the local part, and the address or addresses to which its mail goes (RFC 5321 section 3.9.1).
    /// A local part alone is one of this domain.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, Texts>,
    /// Mailing lists, by local part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<String, MailingList>,
    /// Local parts whose mail is taken and thrown away. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discard: Vec<String>,
    /// Whether addresses may have a detail. Default: they may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subaddress: Option<Subaddress>,
    /// How much each mailbox holds. Default: anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// The host of the mail server. Default: a host named as the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The preference of the server's MX record. Default: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<u16>,
    /// Other servers that take mail for the domain and pass it on, by host; they get MX records too.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub relays: BTreeMap<String, Relay>,
    /// The mail server, "HOST" or "HOST:PORT", to which the server hands all mail that is not for itself. Default:
    /// none, it asks the DNS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smart_host: Option<String>,
    /// For some destinations, where the server hands their mail: "HOST" or "HOST:PORT", or "mx" to ask the DNS
    /// although there is a smart host. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub transports: BTreeMap<String, String>,
    /// The most Received fields with which the server takes a message; with more it is going round. Default: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop_limit: Option<u32>,
    /// Whether the server writes a Delivered-To field (RFC 9228) where an alias or a forward turns a message into
    /// another and where it is delivered, and stops a message that comes to such an address again; false: neither.
    /// Default: where a message is turned into another, but not where it is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_to: Option<bool>,
    /// How the server speaks SMTP. Default: "rfc5321".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<DialectName>,
    /// Whether the server has a cache of DNS answers of its own, besides the one that `stub_cache` gives its host. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_cache: Option<bool>,
    /// Whether the POP3 server offers APOP, with a time stamp in its greeting. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apop: Option<bool>,
    /// When the server tries again to deliver a message, and when it gives up.
    pub retry: Retry,
    /// How the server delivers what is in its queue.
    pub queue: Delivery,
    /// What the server tells senders of messages that fail, are late, or arrive.
    pub reports: Reports,
    /// How the server serves mailboxes by IMAP.
    pub imap: Imap,
    /// Whether the server serves mailboxes to browsers too: webmail, by HTTP on port 80. Default: if somebody reads by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webmail: Option<Webmail>,
    /// How the server speaks SMTP beyond the dialect.
    pub smtp: Smtp,
    /// How the domain's users submit their mail.
    pub submission: Submission,
    /// What the server does to its clients besides serving them. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conduct: Option<Conduct>,
}

/// The service of mailboxes by IMAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Imap {
    /// What stands between the levels of folder names. Default: "/".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<SeparatorName>,
}

/// The service of mailboxes to browsers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Webmail {
    /// How long a connection waits for the next request before the server closes it. Default: "60s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<Duration>,
    /// How long a user stays logged in who asks for nothing. Default: "1h".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Duration>,
}

/// A separator of folder names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SeparatorName {
    /// As in "work/2026".
    #[default]
    #[serde(rename = "/")]
    Slash,
    /// As in "work.2026".
    #[serde(rename = ".")]
    Dot,
}

/// What differs from the default for one mail user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct User {
    /// The user's computer; several users may share one. Default: the domain's `computer`, else
    /// "LOCAL-pc.DOMAIN", which is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The password at the mail server. Default: the domain's, else "hungry".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// How the user submits mail. Default: as the domain's users do.
    pub submission: Submission,
    /// The address or addresses to which the user's mail goes instead of into the mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<Texts>,
    /// Whether the mailbox gets a copy of what is forwarded. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_copy: Option<bool>,
    /// How much the mailbox holds. Default: the domain's `quota`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// The host whose resolver the user's computer asks. Default: that of the computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
    /// The user's name as messages show it, in any script. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The answer of a user who is away. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vacation: Option<Vacation>,
    /// How the user gets at the mailbox in `steps` and `people` of the workload. Default: "pop3".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolName>,
    /// The user's devices besides the computer, by names of the file's own, such as "phone". Default: those that
    /// `people` of the workload name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub devices: BTreeMap<String, Device>,
}

/// A device of a user besides the computer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Device {
    /// The host. Default: "LOCAL-NAME.DOMAIN", which is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How the user gets at the mailbox on it. Default: "imap".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolName>,
}
