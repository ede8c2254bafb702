//! The mail server: it receives (MSA on port 587, MTA on port 25), queues, relays, stores and
//! serves (POP3 on port 110, IMAP on port 143, webmail on port 80). Names are those of RFC 5321 and RFC 5598.
//!
//! - A message is this server's responsibility from its 250 on; then each recipient's copy is
//!   delivered here, taken over by another server, given up with a bounce, or in the queue.
//! - The queue and the mailboxes are on disk and survive a failure of the host; sessions,
//!   look-ups and connections do not.
//!
//! Left out for now: service extensions when sending.

mod access;
mod accounts;
pub mod bounce;
pub(in crate::app) mod composed;
pub mod conduct;
mod config;
mod courier;
mod delivery;
pub mod failure;
pub(in crate::app) mod fitting;
pub mod folder;
mod homes;
pub mod mailbox;
pub mod queue;
mod reception;
mod redirect;
mod retrieval;
pub mod retry;
mod routing;
pub mod server;
mod spool;
#[cfg(test)]
mod tests;
mod upkeep;
mod vacation;
mod webmail;

pub use config::{
    AddressBook, CatchAll, ConductConfig, DeadDestinations, DeliveredTo, ForwardConfig, FullAt, ListConfig, LoopGuard,
    MailServerConfig, MailboxConfig, Meanwhile, NextHop, Posting, QueueConfig, Quota, RelayedDomain, ReportConfig,
    RoutingConfig, SmtpConfig, SubaddressConfig, Transports, VacationConfig, WebmailConfig, WhenFull,
};
pub use folder::{Folder, Origin, StoredMessage};
pub use mailbox::{Maildrop, StoreError};
pub use queue::{Addressee, Priority, QueuedCopy, QueuedMessage, Status};
pub use retry::{AgeFrom, EximRules, History, Next, PRESETS, RetryPolicy, Rule, WaitFrom};
pub use server::MailServer;
pub use spool::Audit;
