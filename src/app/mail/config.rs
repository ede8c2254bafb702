//! What a mail server is to do: its names, users, limits and policies.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::retry::RetryPolicy;
use crate::proto::smtp::Dialect;

/// A mailbox of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxConfig {
    /// The user's address, in one of the server's domains.
    pub address: String,
    /// The password for POP3 and IMAP.
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
    /// How it writes its commands.
    pub dialect: Dialect,
    /// When it tries again.
    pub retry: RetryPolicy,
    /// The resolvers that it asks.
    pub resolvers: Vec<IpAddr>,
    /// The clients that may submit and relay.
    pub inside: Vec<IpAddr>,
    /// Recipients in one transaction, received or sent.
    pub recipients_per_message: usize,
    /// Messages sent over one connection.
    pub max_messages_per_connection: u32,
    /// Connections to one destination at a time.
    pub concurrency_per_destination: usize,
    /// SMTP sessions at a time by port; others are greeted with 421. A port not named has no limit.
    pub sessions: BTreeMap<u16, u32>,
    /// The largest message taken, in octets.
    pub max_message: usize,
    /// What stands between the levels of folder names in IMAP.
    pub separator: char,
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
            dialect: Dialect::Rfc5321,
            retry: RetryPolicy::default(),
            resolvers: Vec::new(),
            inside: Vec::new(),
            recipients_per_message: 100,
            max_messages_per_connection: u32::MAX,
            concurrency_per_destination: 1,
            sessions: BTreeMap::new(),
            max_message: 10_240_000,
            separator: '/',
        }
    }
}
