//! What the ledger keeps of copies, servers, promises and connections.

use std::collections::BTreeSet;

use posthaste::app::mail::RetryPolicy;
use posthaste::base::trace::{FailureKind, MessageKind};
use posthaste::base::{ConnId, HostId, SimTime};

use super::schedule::Past;

/// A message and a recipient.
pub(crate) type Key = (String, String);

/// A copy, wherever it is.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) from: String,
    /// The reverse-paths with which it goes round: a list changes it.
    pub(crate) senders: BTreeSet<String>,
    pub(crate) kind: MessageKind,
    /// Composed for this recipient, rather than made of another copy.
    pub(crate) composed: bool,
    /// How often another copy was turned into it.
    pub(crate) made: u32,
    /// Acceptances: server, connection, and whether the client heard of it.
    pub(crate) accepted: Vec<(HostId, Option<ConnId>, bool)>,
    pub(crate) delivered: u32,
    pub(crate) given_up: u32,
    pub(crate) refused: bool,
    pub(crate) redirections: u32,
}

/// One responsibility of a server for a copy.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) past: Past,
    pub(crate) running: bool,
    /// An attempt ended in a mailbox here, which is told next.
    pub(crate) stored: bool,
    /// It may not be tried again.
    pub(crate) over: Option<FailureKind>,
    pub(crate) due: SimTime,
}

/// What is known of a server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) retry: RetryPolicy,
    pub(crate) textbook: bool,
    pub(crate) behaves: bool,
    pub(crate) to_postmaster: bool,
    pub(crate) max_copies: usize,
    pub(crate) held: u64,
    pub(crate) reported: u32,
    pub(crate) up: SimTime,
    pub(crate) down: bool,
    pub(crate) flushed: SimTime,
}

/// A report that a server has promised, and must write at once.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    pub(crate) host: HostId,
    pub(crate) readers: BTreeSet<String>,
    pub(crate) about: String,
}

/// What is remembered of an SMTP connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Talk {
    /// Copies accepted over it of which nobody has said anything yet.
    pub(crate) taken: Vec<Key>,
    /// Copies to whose acceptance the server has answered.
    pub(crate) answered: Vec<Key>,
}

impl Copy {
    pub(crate) fn new(from: &str, kind: MessageKind, composed: bool) -> Self {
        Self {
            from: from.to_owned(),
            senders: BTreeSet::from([from.to_owned()]),
            kind,
            composed,
            made: 0,
            accepted: Vec::new(),
            delivered: 0,
            given_up: 0,
            refused: false,
            redirections: 0,
        }
    }
}
