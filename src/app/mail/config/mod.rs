//! What a mail server is to do: its names, users, limits and policies.

mod conduct;
mod queue;
mod reports;
mod routing;
mod smtp;
mod webmail;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::retry::RetryPolicy;
use crate::app::dns::LocalCaches;

pub use conduct::ConductConfig;
pub use queue::{DeadDestinations, Meanwhile, QueueConfig};
pub use reports::{ReportConfig, VacationConfig};
pub(crate) use routing::matches;
pub use routing::{
    AddressBook, CatchAll, DeliveredTo, ForwardConfig, FullAt, ListConfig, LoopGuard, NextHop, Posting, Quota,
    RelayedDomain, RoutingConfig, SubaddressConfig, Transports, WhenFull,
};
pub use smtp::SmtpConfig;
pub use webmail::WebmailConfig;

/// A mailbox of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxConfig {
    /// The user's address, in one of the server's domains.
    pub address: String,
    /// The password for POP3, IMAP, webmail and submission.
    pub password: String,
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
    /// What becomes of mail for its domains, and the way of other mail.
    pub routing: RoutingConfig,
    /// How it speaks SMTP.
    pub smtp: SmtpConfig,
    /// What it does to its clients besides serving them.
    pub conduct: ConductConfig,
    /// When it tries again.
    pub retry: RetryPolicy,
    /// How it delivers what is in its queue.
    pub queue: QueueConfig,
    /// What it tells senders.
    pub reports: ReportConfig,
    /// The resolvers that it asks.
    pub resolvers: Vec<IpAddr>,
    /// The caches between it and them.
    pub caches: LocalCaches,
    /// The clients that may submit and relay.
    pub inside: Vec<IpAddr>,
    /// SMTP sessions at a time by port; others are greeted with 421. A port not named has no limit.
    pub sessions: BTreeMap<u16, u32>,
    /// The largest message taken, in octets.
    pub max_message: usize,
    /// What stands between the levels of folder names in IMAP.
    pub separator: char,
    /// Whether and how it serves mailboxes to browsers.
    pub webmail: Option<WebmailConfig>,
    /// Whether APOP is offered.
    pub apop: bool,
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
            routing: RoutingConfig::default(),
            smtp: SmtpConfig::default(),
            conduct: ConductConfig::default(),
            retry: RetryPolicy::default(),
            queue: QueueConfig::default(),
            reports: ReportConfig::default(),
            resolvers: Vec::new(),
            caches: LocalCaches::default(),
            inside: Vec::new(),
            sessions: BTreeMap::new(),
            max_message: 10_240_000,
            separator: '/',
            webmail: None,
            apop: false,
        }
    }
}
