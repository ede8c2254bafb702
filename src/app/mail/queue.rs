//! The queue: messages accepted for hosts elsewhere, on disk, so that a failure of the host
//! does not lose them. One status per copy (message and recipient).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use super::failure::Reason;
use crate::base::{EventId, SimTime};
use crate::proto::smtp::{MailOptions, Mailbox, Notify, ReversePath};

/// A copy's name in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CopyKey {
    /// The message's number.
    pub message: u64,
    /// The index among its recipients.
    pub copy: usize,
}

/// Where a copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// An attempt is due or under way.
    Scheduled,
    /// The next server is responsible now.
    Completed,
    /// The last attempt failed; something is due at this instant.
    TemporarilyFailed {
        /// When.
        until: SimTime,
        /// Whether it is the end instead of another attempt.
        give_up: bool,
    },
    /// Given up.
    PermanentlyFailed,
}

/// A recipient with what its RCPT said (RFC 3461).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Who.
    pub mailbox: Mailbox,
    /// Of what the sender wants to hear, if it said.
    pub notify: Option<Notify>,
    /// The original recipient, if it was named.
    pub original: Option<String>,
}

impl From<Mailbox> for Addressee {
    fn from(mailbox: Mailbox) -> Self {
        Self { mailbox, notify: None, original: None }
    }
}

/// One recipient of a message in the queue.
#[derive(Clone, Debug)]
pub struct QueuedCopy {
    /// The recipient.
    pub recipient: Mailbox,
    /// Of what the sender wants to hear, if it said.
    pub notify: Option<Notify>,
    /// The original recipient, if it was named.
    pub original: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Attempts begun so far.
    pub attempts: u32,
    /// When the first attempt began.
    pub first_attempt: Option<SimTime>,
    /// When the last attempt began.
    pub last_attempt: SimTime,
    /// How the last attempt failed.
    pub last_failure: Option<Reason>,
    /// The host that it tried last, if it came to that.
    pub last_exchange: Option<IpAddr>,
    /// The event from which the next attempt follows.
    pub cause: EventId,
}

/// A message in the queue.
#[derive(Clone, Debug)]
pub struct QueuedMessage {
    /// The server's name for it.
    pub queue_id: String,
    /// Message-ID.
    pub message_id: String,
    /// Where a bounce goes.
    pub reverse_path: ReversePath,
    /// What its MAIL said.
    pub options: MailOptions,
    /// Its octets, this server's trace field in front.
    pub content: Arc<[u8]>,
    /// When it was accepted.
    pub accepted: SimTime,
    /// Its remote recipients.
    pub copies: Vec<QueuedCopy>,
}

/// The queue of a server.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    messages: BTreeMap<u64, QueuedMessage>,
    next_number: u64,
    due: BTreeSet<(SimTime, CopyKey)>,
    ready: VecDeque<CopyKey>,
    copies: u32,
}

impl Queue {
    /// Takes a message; its copies are due at once.
    pub fn insert(&mut self, message: QueuedMessage) {
        let number = self.next_number;
        self.next_number += 1;
        self.copies += u32::try_from(message.copies.len()).unwrap_or(u32::MAX);
        self.ready.extend((0..message.copies.len()).map(|copy| CopyKey { message: number, copy }));
        self.messages.insert(number, message);
    }

    /// The messages that still have copies to deliver.
    pub fn messages(&self) -> impl Iterator<Item = &QueuedMessage> {
        self.messages.values()
    }

    /// The message of a copy.
    ///
    /// # Panics
    /// If it is no longer in the queue: who holds a key has an unfinished copy.
    #[must_use]
    pub fn message(&self, key: CopyKey) -> &QueuedMessage {
        &self.messages[&key.message]
    }

    /// A copy.
    ///
    /// # Panics
    /// If it is no longer in the queue.
    #[must_use]
    pub fn copy(&self, key: CopyKey) -> &QueuedCopy {
        &self.message(key).copies[key.copy]
    }

    /// A copy, to be changed.
    ///
    /// # Panics
    /// If it is no longer in the queue.
    pub fn copy_mut(&mut self, key: CopyKey) -> &mut QueuedCopy {
        &mut self.messages.get_mut(&key.message).expect("a key's message is in the queue").copies[key.copy]
    }

    /// Sets the copy aside until an instant.
    pub fn wait(&mut self, key: CopyKey, until: SimTime, give_up: bool, cause: EventId) {
        let copy = self.copy_mut(key);
        copy.status = Status::TemporarilyFailed { until, give_up };
        copy.cause = cause;
        self.due.insert((until, key));
    }

    /// Ends a copy's stay; the message goes with its last copy.
    pub fn finish(&mut self, key: CopyKey, status: Status) {
        self.copy_mut(key).status = status;
        self.copies -= 1;
        if self.message(key).copies.iter().all(|c| matches!(c.status, Status::Completed | Status::PermanentlyFailed)) {
            self.messages.remove(&key.message);
        }
    }

    /// The next copy whose attempt is due.
    pub fn pop_ready(&mut self) -> Option<CopyKey> {
        self.ready.pop_front()
    }

    /// Whether no copy's attempt is due.
    #[must_use]
    pub fn nothing_ready(&self) -> bool {
        self.ready.is_empty()
    }

    /// When the next waiting copy is due.
    #[must_use]
    pub fn next_due(&self) -> SimTime {
        self.due.first().map_or(SimTime::NEVER, |(at, _)| *at)
    }

    /// The next waiting copy whose time has come; it waits no longer.
    pub fn pop_due(&mut self, now: SimTime) -> Option<CopyKey> {
        let (at, key) = self.due.first().copied().filter(|(at, _)| *at <= now)?;
        self.due.remove(&(at, key));
        Some(key)
    }

    /// The next copy that waits for another attempt, due or not; it waits no longer. What waits
    /// for its end goes on waiting.
    pub fn pop_waiting(&mut self) -> Option<CopyKey> {
        let ends = |key: &CopyKey| matches!(self.copy(*key).status, Status::TemporarilyFailed { give_up: true, .. });
        let (at, key) = self.due.iter().find(|(_, key)| !ends(key)).copied()?;
        self.due.remove(&(at, key));
        Some(key)
    }

    /// The copy's attempt is due now.
    pub fn schedule(&mut self, key: CopyKey) {
        self.copy_mut(key).status = Status::Scheduled;
        self.ready.push_back(key);
    }

    /// After a failure of the host: attempts that were due or under way are due again.
    pub fn reschedule_all(&mut self, cause: EventId) {
        self.ready.clear();
        for (number, message) in &mut self.messages {
            for (at, copy) in message.copies.iter_mut().enumerate().filter(|(_, copy)| copy.status == Status::Scheduled)
            {
                copy.cause = cause;
                self.ready.push_back(CopyKey { message: *number, copy: at });
            }
        }
    }

    /// Copies in the queue, and those of them that wait for a retry.
    #[must_use]
    pub fn length(&self) -> (u32, u32) {
        (self.copies, u32::try_from(self.due.len()).unwrap_or(u32::MAX))
    }
}
