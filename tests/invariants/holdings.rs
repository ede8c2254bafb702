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
    /// Where it was composed for this recipient, if it was not only made of other copies.
    pub(crate) composed: Option<HostId>,
    /// How often it was made of another copy: once each time that a server took one.
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
    /// Whether its sender wants to hear nothing of a failure, if that is known.
    pub(crate) quiet: Option<bool>,
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

/// A message that a server takes: recipient by recipient, each with the copies that come of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intake {
    queue_id: String,
    /// The recipient it is at.
    recipient: String,
    /// All that have a copy, of the envelope or made.
    served: BTreeSet<String>,
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
    pub(crate) fn new(from: &str, kind: MessageKind, composed: Option<HostId>) -> Self {
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

    /// Copies that were handed over, but of which the client did not hear it: it has to try again.
    fn unheard(&self) -> u32 {
        u32::try_from(self.accepted.iter().filter(|(_, conn, heard)| conn.is_some() && !heard).count()).unwrap()
    }

    /// How many may reach a mailbox: what was composed, what servers made of others, and one more for
    /// each lost reply. A parent that was taken twice makes two, whether a reply was lost, two ways led
    /// to it or a circle of servers did; each of these has its acceptance.
    pub(crate) fn allowed(&self) -> u32 {
        u32::from(self.composed.is_some()) + self.made + self.unheard()
    }
}

impl Intake {
    /// A recipient of the envelope is taken; under another name in the queue it is another acceptance.
    pub(crate) fn takes(&mut self, queue_id: &str, recipient: &str) -> Result<(), String> {
        if self.queue_id != queue_id {
            *self = Self { queue_id: queue_id.to_owned(), ..Self::default() };
        }
        recipient.clone_into(&mut self.recipient);
        self.serve(recipient)
    }

    /// That recipient, the last one taken, is turned into another.
    pub(crate) fn makes(&mut self, parent: &str, child: &str) -> Result<(), String> {
        if self.recipient != parent {
            return Err(format!("made of {parent} while the server takes {}", self.recipient));
        }
        self.serve(child)
    }

    /// One server that takes a message once has one copy for anybody.
    fn serve(&mut self, address: &str) -> Result<(), String> {
        let fresh = self.served.insert(address.to_ascii_lowercase());
        if fresh { Ok(()) } else { Err(format!("two copies for {address} of one acceptance, {}", self.queue_id)) }
    }
}

/// Whether a message is one of those that servers write.
pub(crate) fn is_report(key: &Key) -> bool {
    key.0.starts_with("<b.") || key.0.starts_with("<v.")
}
