//! The message store (RFC 5598): the mailbox of each user, with its folders.
//!
//! New messages come into INBOX, which is also the maildrop that POP3 serves. A message is
//! stored whole or not at all, and copies of it share their octets. What clients can make
//! grow has limits. Left out: access of others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;

use super::config::Quota;
use super::folder::{Folder, Origin, StoredMessage};
use crate::base::{SimTime, SocketId, UnixTime};
use crate::proto::imap::names::INBOX;
use crate::proto::imap::{Flags, InternalDate, Listed, Mailboxes, SpecialUse};

/// INBOX's unique identifier validity value.
const INBOX_VALIDITY: u32 = 1;
/// Folders of a user besides INBOX, and as many subscriptions.
const MAX_FOLDERS: usize = 1_000;
/// Levels of hierarchy.
const MAX_DEPTH: usize = 20;
/// What clients may fill a mailbox with.
const MAX_MESSAGES: usize = 100_000;
/// Octets with which clients may fill a mailbox.
const MAX_OCTETS: u64 = 256 << 20;

/// Why a client cannot have its will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// There is no folder of that name.
    #[error("No such mailbox")]
    NoSuchFolder,
    /// There is one already.
    #[error("Mailbox already exists")]
    Exists,
    /// No folder can have that name.
    #[error("No mailbox can have this name")]
    Name,
    /// It is INBOX, which is always there.
    #[error("INBOX stays")]
    Inbox,
    /// There are too many folders.
    #[error("Too many mailboxes")]
    TooMany,
    /// There is a folder for this use, and one is enough.
    #[error("Another mailbox has this use")]
    Use,
    /// The mailbox is full.
    #[error("Mailbox is full")]
    Full,
    /// The folder knows too many keywords.
    #[error("Too many keywords")]
    Keywords,
    /// A message is not there any more.
    #[error("Some of the messages are gone")]
    Gone,
}

/// A user's mailbox.
#[derive(Clone, Debug)]
pub struct Maildrop {
    address: String,
    password: Option<String>,
    inbox: Folder,
    /// The other folders, by validity.
    folders: BTreeMap<u32, Folder>,
    names: BTreeMap<String, u32>,
    /// What folders were made for.
    uses: BTreeMap<u32, SpecialUse>,
    subscribed: BTreeSet<String>,
    last_validity: u32,
    locked_by: Option<SocketId>,
}

impl Maildrop {
    /// An empty one; without a password nobody can log in.
    #[must_use]
    pub const fn new(address: String, password: Option<String>) -> Self {
        Self {
            address,
            password,
            inbox: Folder::new(INBOX_VALIDITY),
            folders: BTreeMap::new(),
            names: BTreeMap::new(),
            uses: BTreeMap::new(),
            subscribed: BTreeSet::new(),
            last_validity: INBOX_VALIDITY,
            locked_by: None,
        }
    }

    /// The user's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The messages of INBOX, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[StoredMessage] {
        self.inbox.messages()
    }

    /// INBOX.
    #[must_use]
    pub const fn inbox(&self) -> &Folder {
        &self.inbox
    }

    /// INBOX and the other folders.
    pub fn folders(&self) -> impl Iterator<Item = &Folder> {
        std::iter::once(&self.inbox).chain(self.folders.values())
    }

    /// The folders besides INBOX and their names (RFC 3501 5.1.3), in the order of these.
    pub fn others(&self) -> impl Iterator<Item = (&str, &Folder)> {
        self.names.iter().filter_map(|(name, validity)| Some((name.as_str(), self.folders.get(validity)?)))
    }

    /// How many messages there are in all folders.
    #[must_use]
    pub fn count(&self) -> usize {
        self.folders().map(|folder| folder.messages().len()).sum()
    }

    /// Octets of all messages in all folders.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.folders().map(Folder::octets).sum()
    }

    /// The password, which APOP must know.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Whether the password is this one.
    #[must_use]
    pub fn opens_with(&self, password: &str) -> bool {
        self.password.as_deref() == Some(password)
    }

    /// Stores a message that came by mail: in the folder of that name if there is one, however
    /// it is capitalised, else in INBOX. Returns the folder's validity.
    pub fn store(
        &mut self,
        folder: Option<&str>,
        origin: Origin,
        content: Arc<[u8]>,
        (now, date): (SimTime, UnixTime),
    ) -> u32 {
        let named = |name: &str| self.names.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, at)| *at);
        let validity = folder.and_then(named);
        let folder = validity.and_then(|validity| self.folders.get_mut(&validity)).unwrap_or(&mut self.inbox);
        folder.store(StoredMessage {
            uid: 0,
            origin: Some(Arc::new(origin)),
            content,
            stored: now,
            date: InternalDate::utc(date),
            flags: Flags::default(),
            modseq: 0,
            retrieved: false,
        });
        folder.validity()
    }

    /// The message of that number in INBOX.
    #[must_use]
    pub fn message_mut(&mut self, uid: u64) -> Option<&mut StoredMessage> {
        self.inbox.message_mut(u32::try_from(uid).ok()?)
    }

    /// Deletes messages of INBOX (given by ascending number) and returns them.
    pub fn delete(&mut self, uids: &[u64]) -> Vec<StoredMessage> {
        let uids: Vec<u32> = uids.iter().filter_map(|uid| u32::try_from(*uid).ok()).collect();
        self.inbox.remove(&uids)
    }

    /// Takes the exclusive lock for a POP3 session (RFC 1939 section 4), if it is free. IMAP
    /// sessions come and go regardless of it.
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

    /// The validity of the folder of that name, by which it is found from then on.
    pub(super) fn named(&self, name: &str) -> Result<u32, StoreError> {
        if name == INBOX {
            return Ok(INBOX_VALIDITY);
        }
        self.names.get(name).copied().ok_or(StoreError::NoSuchFolder)
    }

    /// The folder of that name, to be looked at.
    pub(super) fn folder_named(&self, name: &str) -> Option<&Folder> {
        let validity = self.named(name).ok()?;
        if validity == INBOX_VALIDITY { Some(&self.inbox) } else { self.folders.get(&validity) }
    }

    pub(super) fn folder(&mut self, validity: u32) -> Result<&mut Folder, StoreError> {
        if validity == INBOX_VALIDITY {
            return Ok(&mut self.inbox);
        }
        self.folders.get_mut(&validity).ok_or(StoreError::NoSuchFolder)
    }

    /// All names, for LIST and LSUB.
    pub(super) fn listed(&self) -> Mailboxes {
        let mut existing = vec![Listed { name: INBOX.to_owned(), special_use: None, counts: self.inbox.counts() }];
        existing.extend(self.names.iter().map(|(name, validity)| Listed {
            name: name.clone(),
            special_use: self.uses.get(validity).copied().or_else(|| self.use_by_name(name)),
            counts: self.folders.get(validity).map(Folder::counts).unwrap_or_default(),
        }));
        Mailboxes { existing, subscribed: self.subscribed.iter().cloned().collect() }
    }

    /// The use of a folder that was made for none, unless another was made for it.
    fn use_by_name(&self, name: &str) -> Option<SpecialUse> {
        SpecialUse::of_mailbox(name).filter(|own| self.uses.values().all(|made_for| made_for != own))
    }

    /// Makes a folder. Levels of hierarchy above it need no folder of their own.
    pub(super) fn create(
        &mut self,
        name: &str,
        special_use: Option<SpecialUse>,
        separator: char,
    ) -> Result<(), StoreError> {
        if name == INBOX || self.names.contains_key(name) {
            return Err(StoreError::Exists);
        }
        check_name(name, separator)?;
        if self.names.len() >= MAX_FOLDERS {
            return Err(StoreError::TooMany);
        }
        if self.uses.values().any(|taken| Some(*taken) == special_use) {
            return Err(StoreError::Use);
        }
        let validity = self.next_validity();
        self.uses.extend(special_use.map(|special_use| (validity, special_use)));
        self.names.insert(name.to_owned(), validity);
        self.folders.insert(validity, Folder::new(validity));
        Ok(())
    }

    const fn next_validity(&mut self) -> u32 {
        self.last_validity = self.last_validity.saturating_add(1);
        self.last_validity
    }

    /// Deletes a folder and returns its messages. Folders under it stay (RFC 3501 6.3.4: it
    /// "MUST NOT remove inferior hierarchical names").
    pub(super) fn remove(&mut self, name: &str) -> Result<(u32, Vec<StoredMessage>), StoreError> {
        if name == INBOX {
            return Err(StoreError::Inbox);
        }
        let validity = self.names.remove(name).ok_or(StoreError::NoSuchFolder)?;
        self.uses.remove(&validity);
        let gone = self.folders.remove(&validity).map(|mut folder| folder.remove_all());
        Ok((validity, gone.unwrap_or_default()))
    }

    /// Gives a folder, and all under it, another name. RFC 3501 6.3.5: INBOX stays, and what
    /// is in it "moves all messages [...] to a new mailbox".
    pub(super) fn rename(&mut self, from: &str, to: &str, separator: char) -> Result<(), StoreError> {
        if from == INBOX {
            self.create(to, None, separator)?;
            let validity = self.named(to)?;
            for message in self.inbox.remove_all() {
                self.folder(validity)?.store(message);
            }
            return Ok(());
        }
        let under = format!("{from}{separator}");
        let moved: Vec<String> =
            self.names.keys().filter(|name| *name == from || name.starts_with(&under)).cloned().collect();
        if moved.is_empty() {
            return Err(StoreError::NoSuchFolder);
        }
        let new: Vec<String> = moved.iter().map(|name| format!("{to}{}", &name[from.len()..])).collect();
        if to == INBOX || self.names.contains_key(to) || new.iter().any(|name| self.names.contains_key(name)) {
            return Err(StoreError::Exists);
        }
        if to.starts_with(&under) {
            return Err(StoreError::Name);
        }
        new.iter().try_for_each(|name| check_name(name, separator))?;
        for (old, new) in moved.iter().zip(new) {
            if let Some(validity) = self.names.remove(old) {
                self.names.insert(new, validity);
            }
        }
        Ok(())
    }

    /// RFC 3501 6.3.6: a name may be subscribed whether or not there is such a folder.
    pub(super) fn subscribe(&mut self, name: String, wanted: bool) -> Result<(), StoreError> {
        if !wanted {
            self.subscribed.remove(&name);
        } else if self.subscribed.len() > MAX_FOLDERS {
            return Err(StoreError::TooMany);
        } else {
            self.subscribed.insert(name);
        }
        Ok(())
    }

    /// Whether clients may put so many more messages and octets here, under the user's quota.
    pub(super) fn has_room(&self, messages: usize, octets: u64, quota: Quota) -> Result<(), StoreError> {
        let (messages, octets) = (self.count() + messages, self.octets().saturating_add(octets));
        let fits = messages <= MAX_MESSAGES && octets <= MAX_OCTETS && !quota.is_exceeded_by(messages as u64, octets);
        if fits { Ok(()) } else { Err(StoreError::Full) }
    }
}

fn check_name(name: &str, separator: char) -> Result<(), StoreError> {
    let parts: Vec<&str> = name.split(separator).collect();
    let fits = parts.len() <= MAX_DEPTH
        && parts.iter().all(|part| !part.is_empty())
        && !name.contains(['*', '%'])
        && name.len() <= crate::proto::imap::names::MAX_NAME;
    if fits { Ok(()) } else { Err(StoreError::Name) }
}

/// All mailboxes of a server, found by address in lower case.
pub type Maildrops = BTreeMap<String, Maildrop>;
