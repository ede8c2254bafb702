//! What a mail program keeps on its computer's disk, which survives a failure: drafts, what POP3 fetched, and what
//! is known of the server's mailbox.
//!
//! Left out: a limit to the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compose::Draft;
use crate::base::SimTime;
use crate::proto::mailbox::Handle;
use crate::proto::message::Original;
use crate::proto::message::original::text_of;
use crate::proto::message::read::shown::{Leaf, leaves};

/// A draft, and under which Message-ID the server has it, if it does.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) draft: Draft,
    pub(super) message_id: Option<String>,
}

/// A message that was fetched as a whole.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    /// Its name on the server, if the server names messages.
    pub(super) unique: Option<String>,
    pub(super) original: Original,
    pub(super) content: Arc<[u8]>,
    pub(super) parts: Vec<Leaf>,
    pub(super) read: bool,
    /// When the look began that found it, and when it had come here.
    pub(super) times: (SimTime, SimTime),
}

/// What the person wanted done to a message, of which the server does not know yet.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// Where it goes; none: it is to be deleted.
    pub(super) into: Option<String>,
    pub(super) message_id: String,
}

/// The disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    pub(super) drafts: Vec<Saved>,
    /// By the order in which they came.
    shelf: BTreeMap<u64, Fetched>,
    fetched: u64,
    /// Names on the server of what came here already.
    known: BTreeSet<String>,
    /// Names on the server of what is to be deleted there.
    doomed: BTreeSet<String>,
    /// What is to be done to messages by IMAP: by folder, and by their number there and their name on the server.
    pub(super) wishes: BTreeMap<String, BTreeMap<(u64, String), Wish>>,
    /// For people who go by habits: the last message that was dealt with, by folder.
    pub(super) dealt: BTreeMap<String, Handle>,
}

impl Shelf {
    pub(super) fn knows(&self, unique: Option<&str>) -> bool {
        unique.is_some_and(|unique| self.known.contains(unique))
    }

    pub(super) fn dooms(&self, unique: Option<&str>) -> bool {
        unique.is_some_and(|unique| self.doomed.contains(unique))
    }

    /// Only what the server still has needs to be remembered.
    pub(super) fn forget_all_but(&mut self, there: &BTreeSet<&str>) {
        self.known.retain(|unique| there.contains(unique.as_str()));
        self.doomed.retain(|unique| there.contains(unique.as_str()));
    }

    pub(super) fn put(&mut self, unique: Option<String>, content: Vec<u8>, times: (SimTime, SimTime)) {
        self.known.extend(unique.clone());
        self.fetched += 1;
        let original = Original::read(&content);
        let parts = leaves(&content);
        let content = content.into();
        self.shelf.insert(self.fetched, Fetched { unique, original, content, parts, read: false, times });
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Fetched)> {
        self.shelf.iter().map(|(number, fetched)| (*number, fetched))
    }

    pub(super) fn get(&self, number: u64) -> Option<&Fetched> {
        self.shelf.get(&number)
    }

    pub(super) fn set_read(&mut self, number: u64) {
        if let Some(fetched) = self.shelf.get_mut(&number) {
            fetched.read = true;
        }
    }

    /// Nobody asks for it again.
    pub(super) fn put_away(&mut self, number: u64) {
        self.shelf.remove(&number);
    }

    /// Deletes it here, and at the next look on the server, if it is still there.
    pub(super) fn delete(&mut self, number: u64) {
        if let Some(fetched) = self.shelf.remove(&number) {
            self.doomed.extend(fetched.unique);
        }
    }
}

impl Fetched {
    pub(super) fn text(&self) -> Vec<String> {
        text_of(&self.content)
    }
}
