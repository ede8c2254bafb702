//! The queue: messages accepted for hosts elsewhere, on disk, so that a failure of the host
//! does not lose them. One status per copy (message and recipient).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use super::failure::Reason;
use crate::base::{EventId, SimDuration, SimTime};
use crate::proto::message::first;
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
    /// When the first attempt failed.
    pub first_failure: Option<SimTime>,
    /// When the last attempt began.
    pub last_attempt: SimTime,
    /// From when the last wait was counted.
    pub waited_from: Option<SimTime>,
    /// How long it was to be.
    pub last_wait: Option<SimDuration>,
    /// How the last attempt failed.
    pub last_failure: Option<Reason>,
    /// The host that it tried last, if it came to that.
    pub last_exchange: Option<IpAddr>,
    /// When the sender is told that it still waits.
    pub next_warning: Option<SimTime>,
    /// The event from which the next attempt follows.
    pub cause: EventId,
}

impl QueuedCopy {
    /// Its recipient, as RCPT named it.
    #[must_use]
    pub fn addressee(&self) -> Addressee {
        Addressee { mailbox: self.recipient.clone(), notify: self.notify, original: self.original.clone() }
    }

    /// A copy that was never tried.
    #[must_use]
    pub fn new(addressee: Addressee, cause: EventId) -> Self {
        let Addressee { mailbox, notify, original } = addressee;
        Self {
            recipient: mailbox,
            notify,
            original,
            status: Status::Scheduled,
            attempts: 0,
            first_attempt: None,
            first_failure: None,
            last_attempt: SimTime::ZERO,
            waited_from: None,
            last_wait: None,
            last_failure: None,
            last_exchange: None,
            next_warning: None,
            cause,
        }
    }
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

/// What goes first: in each queue a copy waits for those of higher priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// The message says so.
    Urgent,
    /// Nothing was said.
    Normal,
    /// The message says so.
    NonUrgent,
    /// A report, whose reverse-path is null.
    Report,
}

impl Priority {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// That of a message: what its Priority field says (RFC 2156 5.3.6), else its Importance.
    #[must_use]
    pub fn of(message: &QueuedMessage) -> Self {
        if message.reverse_path == ReversePath::Null {
            return Self::Report;
        }
        let says = |field| first(&message.content, field).map(|value| value.trim().to_ascii_lowercase());
        match says("Priority").or_else(|| says("Importance")).as_deref() {
            Some("urgent" | "high") => Self::Urgent,
            Some("non-urgent" | "low") => Self::NonUrgent,
            Some(_) | None => Self::Normal,
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    message: QueuedMessage,
    priority: Priority,
    /// Copies that are not finished.
    left: usize,
}

/// The queue of a server.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    messages: BTreeMap<u64, Entry>,
    next_number: u64,
    /// Copies that wait for another attempt.
    due: BTreeSet<(SimTime, CopyKey)>,
    /// Copies that wait for their end.
    ends: BTreeSet<(SimTime, CopyKey)>,
    /// Copies whose senders are to be told that they wait.
    warnings: BTreeSet<(SimTime, CopyKey)>,
    ready: [VecDeque<CopyKey>; Priority::COUNT],
    copies: u32,
}

impl Queue {
    /// Takes a message; its copies are due at once.
    pub fn insert(&mut self, message: QueuedMessage) {
        let number = self.next_number;
        self.next_number += 1;
        let (priority, left) = (Priority::of(&message), message.copies.len());
        self.copies += u32::try_from(left).unwrap_or(u32::MAX);
        self.ready[priority as usize].extend((0..left).map(|copy| CopyKey { message: number, copy }));
        self.messages.insert(number, Entry { message, priority, left });
    }

    /// The messages that still have copies to deliver.
    pub fn messages(&self) -> impl Iterator<Item = &QueuedMessage> {
        self.messages.values().map(|entry| &entry.message)
    }

    /// The message of a copy.
    ///
    /// # Panics
    /// If it is no longer in the queue: who holds a key has an unfinished copy.
    #[must_use]
    pub fn message(&self, key: CopyKey) -> &QueuedMessage {
        &self.messages[&key.message].message
    }

    /// The priority of a copy.
    ///
    /// # Panics
    /// If it is no longer in the queue.
    #[must_use]
    pub fn priority(&self, key: CopyKey) -> Priority {
        self.messages[&key.message].priority
    }

    /// A copy.
    ///
    /// # Panics
    /// If it is no longer in the queue.
    #[must_use]
    pub fn copy(&self, key: CopyKey) -> &QueuedCopy {
        &self.message(key).copies[key.copy]
    }

    fn entry_mut(&mut self, key: CopyKey) -> &mut Entry {
        self.messages.get_mut(&key.message).expect("a key's message is in the queue")
    }

    /// A copy, to be changed.
    ///
    /// # Panics
    /// If it is no longer in the queue.
    pub fn copy_mut(&mut self, key: CopyKey) -> &mut QueuedCopy {
        &mut self.entry_mut(key).message.copies[key.copy]
    }

    /// Sets the copy aside until an instant.
    pub fn wait(&mut self, key: CopyKey, until: SimTime, give_up: bool, cause: EventId) {
        let copy = self.copy_mut(key);
        copy.status = Status::TemporarilyFailed { until, give_up };
        copy.cause = cause;
        if give_up {
            self.ends.insert((until, key))
        } else {
            self.due.insert((until, key))
        };
    }

    /// Ends a copy's stay; the message goes with its last copy.
    pub fn finish(&mut self, key: CopyKey, status: Status) {
        self.warn_at(key, None);
        let entry = self.entry_mut(key);
        entry.message.copies[key.copy].status = status;
        entry.left -= 1;
        if entry.left == 0 {
            self.messages.remove(&key.message);
        }
        self.copies -= 1;
    }

    /// Sets, moves or takes away the instant at which a copy's sender is told that it waits.
    pub fn warn_at(&mut self, key: CopyKey, at: Option<SimTime>) {
        let old = std::mem::replace(&mut self.copy_mut(key).next_warning, at);
        if let Some(old) = old {
            self.warnings.remove(&(old, key));
        }
        if let Some(at) = at {
            self.warnings.insert((at, key));
        }
    }

    /// The next copy whose sender is to be told by now; it is asked for once.
    pub fn pop_warning(&mut self, now: SimTime) -> Option<CopyKey> {
        let (_, key) = self.warnings.first().copied().filter(|(at, _)| *at <= now)?;
        self.warn_at(key, None);
        Some(key)
    }

    /// The next copy whose attempt is due: by priority, then in the order in which they became due.
    pub fn pop_ready(&mut self) -> Option<CopyKey> {
        self.ready.iter_mut().find_map(VecDeque::pop_front)
    }

    /// Whether no copy's attempt is due.
    #[must_use]
    pub fn nothing_ready(&self) -> bool {
        self.ready.iter().all(VecDeque::is_empty)
    }

    /// When something is next due: an attempt, an end or a warning.
    #[must_use]
    pub fn next_due(&self) -> SimTime {
        let first = |set: &BTreeSet<(SimTime, CopyKey)>| set.first().map_or(SimTime::NEVER, |(at, _)| *at);
        first(&self.due).min(first(&self.ends)).min(first(&self.warnings))
    }

    /// The next waiting copy whose time has come; it waits no longer.
    pub fn pop_due(&mut self, now: SimTime) -> Option<CopyKey> {
        let (due, end) = (self.due.first().copied(), self.ends.first().copied());
        let first = due.into_iter().chain(end).min().filter(|(at, _)| *at <= now)?;
        if Some(first) == due {
            self.due.remove(&first)
        } else {
            self.ends.remove(&first)
        };
        Some(first.1)
    }

    /// The copies that wait for another attempt or for their end, due or not, and are wanted, in the order of
    /// their times; they wait no longer.
    pub fn take_waiting(&mut self, wanted: impl Fn(&QueuedMessage, &QueuedCopy) -> bool) -> Vec<CopyKey> {
        let Self { messages, due, ends, .. } = self;
        let mut taken = BTreeSet::new();
        for waiting in [due, ends] {
            waiting.retain(|(at, key)| {
                let message = &messages[&key.message].message;
                let take = wanted(message, &message.copies[key.copy]);
                if take {
                    taken.insert((*at, *key));
                }
                !take
            });
        }
        taken.into_iter().map(|(_, key)| key).collect()
    }

    /// The copy's attempt is due now.
    pub fn schedule(&mut self, key: CopyKey) {
        self.copy_mut(key).status = Status::Scheduled;
        self.ready[self.priority(key) as usize].push_back(key);
    }

    /// After a failure of the host: attempts that were due or under way are due again.
    pub fn reschedule_all(&mut self, cause: EventId) {
        self.ready.iter_mut().for_each(VecDeque::clear);
        for (number, entry) in &mut self.messages {
            let copies = entry.message.copies.iter_mut().enumerate();
            for (at, copy) in copies.filter(|(_, copy)| copy.status == Status::Scheduled) {
                copy.cause = cause;
                self.ready[entry.priority as usize].push_back(CopyKey { message: *number, copy: at });
            }
        }
    }

    /// Copies in the queue, and those of them that wait for a retry.
    #[must_use]
    pub fn length(&self) -> (u32, u32) {
        (self.copies, u32::try_from(self.due.len() + self.ends.len()).unwrap_or(u32::MAX))
    }
}
