//! The `mail` and `users` keys: mail domains, their servers, and the people behind the addresses.

mod queue;
mod routing;
mod smtp;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use queue::{
    AgeBounds, AgeFromName, Dead, Delivery, DeliveryPreset, Exponential, MeanwhileName, Retry, RetryPreset, Timeouts,
    WaitFromName,
};
pub use routing::CatchAll;
pub use smtp::DialectName;

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
    /// The host of the mail server. Default: a host named as the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// How the server speaks SMTP. Default: "rfc5321".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<DialectName>,
    /// Whether the server has a cache of DNS answers of its own, besides the one that `stub_cache` gives its host. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_cache: Option<bool>,
    /// When the server tries again to deliver a message, and when it gives up.
    pub retry: Retry,
    /// How the server delivers what is in its queue.
    pub queue: Delivery,
    /// How the server serves mailboxes by IMAP.
    pub imap: Imap,
}

/// The service of mailboxes by IMAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Imap {
    /// What stands between the levels of folder names. Default: "/".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<SeparatorName>,
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
    /// The host whose resolver the user's computer asks. Default: that of the computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
}
