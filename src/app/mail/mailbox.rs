//! The message store (RFC 5598): one maildrop per mailbox.
//!
//! A message is stored whole or not at all. Left out: folders, flags and quotas.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{SimTime, SocketId};

/// A message in a maildrop.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// Its number in this maildrop, ascending and never used again.
    pub uid: u64,
    /// Message-ID, or the queue's name for it.
    pub message_id: String,
    /// The recipient's address as the envelope had it.
    pub recipient: String,
    /// Its octets, trace fields in front.
    pub content: Arc<[u8]>,
    /// When it was stored.
    pub stored: SimTime,
    /// Whether a client has received it whole.
    pub retrieved: bool,
}

/// A user's mailbox.
#[derive(Clone, Debug)]
pub struct Maildrop {
    address: String,
    password: Option<String>,
    next_uid: u64,
    octets: u64,
    messages: Vec<StoredMessage>,
    locked_by: Option<SocketId>,
}

impl Maildrop {
    /// An empty one; without a password nobody can log in.
    #[must_use]
    pub const fn new(address: String, password: Option<String>) -> Self {
        Self { address, password, next_uid: 1, octets: 0, messages: Vec::new(), locked_by: None }
    }

    /// The user's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[StoredMessage] {
        &self.messages
    }

    /// Octets of all messages.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// Whether the password is this one.
    #[must_use]
    pub fn opens_with(&self, password: &str) -> bool {
        self.password.as_deref() == Some(password)
    }

    /// Stores a message and returns its number.
    pub fn store(&mut self, message_id: &str, recipient: &str, content: Arc<[u8]>, now: SimTime) -> u64 {
        let uid = self.next_uid;
        self.next_uid += 1;
        self.octets += content.len() as u64;
        self.messages.push(StoredMessage {
            uid,
            message_id: message_id.to_owned(),
            recipient: recipient.to_owned(),
            content,
            stored: now,
            retrieved: false,
        });
        uid
    }

    /// The message of that number.
    #[must_use]
    pub fn message_mut(&mut self, uid: u64) -> Option<&mut StoredMessage> {
        let at = self.messages.binary_search_by_key(&uid, |message| message.uid).ok()?;
        self.messages.get_mut(at)
    }

    /// Deletes messages (given by ascending number) and returns them.
    pub fn delete(&mut self, uids: &[u64]) -> Vec<StoredMessage> {
        let (gone, kept) =
            std::mem::take(&mut self.messages).into_iter().partition(|m| uids.binary_search(&m.uid).is_ok());
        self.messages = kept;
        self.octets = self.messages.iter().map(|message| message.content.len() as u64).sum();
        gone
    }

    /// Takes the exclusive lock for a session (RFC 1939 section 4), if it is free.
    pub fn lock(&mut self, socket: SocketId) -> bool {
        let free = self.locked_by.is_none();
        if free {
            self.locked_by = Some(socket);
        }
        free
    }

    /// Gives the lock back; other sessions' locks stay.
    pub fn unlock(&mut self, socket: SocketId) {
        self.locked_by.take_if(|owner| *owner == socket);
    }
}

/// All mailboxes of a server, found by address in lower case.
pub type Maildrops = BTreeMap<String, Maildrop>;
