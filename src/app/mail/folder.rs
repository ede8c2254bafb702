//! A folder of a mailbox: messages in the order in which they came, each with a unique
//! identifier that is never given to another (RFC 3501 2.3.1.1).
//!
//! While a session has a folder selected, what happens to it is noted, by whomever it is
//! done, until the sessions have been told.

use std::sync::Arc;

use crate::base::SimTime;
use crate::proto::imap::{Counts, Entry, Flags, InternalDate, Keywords, StoreAction, SystemFlag};

/// Keywords that a folder can tell apart.
const MAX_KEYWORDS: usize = 64;

/// What a message that came by mail is called in the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Message-ID, or the queue's name for it.
    pub message_id: String,
    /// The recipient's address as the envelope had it.
    pub recipient: String,
}

/// A message in a folder.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// Its number in this folder, ascending and never used again.
    pub uid: u32,
    /// What was delivered here; none for what a client put there.
    pub origin: Option<Arc<Origin>>,
    /// Its octets, trace fields in front.
    pub content: Arc<[u8]>,
    /// When it was stored.
    pub stored: SimTime,
    /// The date that IMAP clients see.
    pub date: InternalDate,
    /// Its flags, but for `\Recent`.
    pub flags: Flags,
    /// Its modification sequence (RFC 7162 section 3): that of the folder when it last changed.
    pub modseq: u64,
    /// Whether a client has received it whole.
    pub retrieved: bool,
}

impl StoredMessage {
    fn entry(&self, recent: bool) -> Entry {
        Entry {
            uid: self.uid,
            size: u32::try_from(self.content.len()).unwrap_or(u32::MAX),
            date: self.date,
            flags: self.flags.clone(),
            modseq: self.modseq,
            recent,
        }
    }
}

/// What happened to a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Arrived(u32),
    Gone(u32),
    Flagged(u32),
    NewKeywords,
}

/// A folder.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its unique identifier validity value: no other folder of the mailbox has or had it.
    validity: u32,
    next_uid: u32,
    /// From this number on no session has seen the messages.
    recent_from: u32,
    octets: u64,
    /// Goes up with every change.
    highest_modseq: u64,
    /// Messages without `\Seen`, and with `\Deleted`.
    unseen: u32,
    deleted: u32,
    deleted_octets: u64,
    messages: Vec<StoredMessage>,
    keywords: Vec<Arc<str>>,
    watchers: u32,
    happened: Vec<Happening>,
}

impl Folder {
    pub(super) const fn new(validity: u32) -> Self {
        Self {
            validity,
            next_uid: 1,
            recent_from: 1,
            octets: 0,
            highest_modseq: 1,
            unseen: 0,
            deleted: 0,
            deleted_octets: 0,
            messages: Vec::new(),
            keywords: Vec::new(),
            watchers: 0,
            happened: Vec::new(),
        }
    }

    /// Its unique identifier validity value.
    #[must_use]
    pub const fn validity(&self) -> u32 {
        self.validity
    }

    /// The number of the next message.
    #[must_use]
    pub const fn next_uid(&self) -> u32 {
        self.next_uid
    }

    /// Octets of all messages.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[StoredMessage] {
        &self.messages
    }

    /// The keywords in use.
    pub(super) fn keywords(&self) -> Keywords {
        Keywords { known: self.keywords.clone(), open: self.keywords.len() < MAX_KEYWORDS }
    }

    fn note(&mut self, what: Happening) {
        if self.watchers > 0 {
            self.happened.push(what);
        }
    }

    /// From now on it is noted what happens.
    pub(super) const fn watch(&mut self) {
        self.watchers += 1;
    }

    /// One session less looks on.
    pub(super) fn unwatch(&mut self) {
        self.watchers = self.watchers.saturating_sub(1);
        if self.watchers == 0 {
            self.happened = Vec::new();
        }
    }

    /// What happened since it was last asked for.
    pub(super) fn happened(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happened)
    }

    /// Stores a message under the next number, whatever number it has.
    pub(super) fn store(&mut self, message: StoredMessage) -> u32 {
        let uid = self.next_uid;
        // 2^32 messages are more than a run can deliver.
        self.next_uid = self.next_uid.saturating_add(1);
        self.octets += message.content.len() as u64;
        let flags = self.known(&message.flags).unwrap_or_else(|| message.flags.without_keywords());
        self.come(&flags, message.content.len());
        let modseq = self.next_modseq();
        self.messages.push(StoredMessage { uid, flags, modseq, ..message });
        self.note(Happening::Arrived(uid));
        uid
    }

    const fn next_modseq(&mut self) -> u64 {
        self.highest_modseq += 1;
        self.highest_modseq
    }

    /// Counts a message with these flags and of so many octets.
    const fn come(&mut self, flags: &Flags, octets: usize) {
        self.unseen += !flags.has(SystemFlag::Seen) as u32;
        if flags.has(SystemFlag::Deleted) {
            self.deleted += 1;
            self.deleted_octets += octets as u64;
        }
    }

    /// Takes a message out of the counts.
    const fn go(&mut self, flags: &Flags, octets: usize) {
        self.unseen -= !flags.has(SystemFlag::Seen) as u32;
        if flags.has(SystemFlag::Deleted) {
            self.deleted -= 1;
            self.deleted_octets -= octets as u64;
        }
    }

    /// The index of a message.
    fn find(&self, uid: u32) -> Option<usize> {
        self.messages.binary_search_by_key(&uid, |message| message.uid).ok()
    }

    /// The message of that number.
    #[must_use]
    pub fn message(&self, uid: u32) -> Option<&StoredMessage> {
        self.find(uid).map(|at| &self.messages[at])
    }

    /// The message of that number.
    #[must_use]
    pub fn message_mut(&mut self, uid: u32) -> Option<&mut StoredMessage> {
        self.find(uid).map(|at| &mut self.messages[at])
    }

    /// Takes messages (given by ascending number) away and returns them.
    pub(super) fn remove(&mut self, uids: &[u32]) -> Vec<StoredMessage> {
        let first = self.messages.partition_point(|message| uids.first().is_none_or(|uid| message.uid < *uid));
        let gone: Vec<_> = self.messages.extract_if(first.., |m| uids.binary_search(&m.uid).is_ok()).collect();
        for message in &gone {
            self.octets -= message.content.len() as u64;
            self.go(&message.flags, message.content.len());
            self.note(Happening::Gone(message.uid));
        }
        if !gone.is_empty() {
            self.next_modseq();
        }
        gone
    }

    /// Takes all messages away.
    pub(super) fn remove_all(&mut self) -> Vec<StoredMessage> {
        let all: Vec<u32> = self.messages.iter().map(|message| message.uid).collect();
        self.remove(&all)
    }

    /// The numbers of the messages marked `\Deleted`.
    pub(super) fn deleted(&self) -> Vec<u32> {
        let deleted = self.messages.iter().filter(|message| message.flags.has(SystemFlag::Deleted));
        deleted.map(|message| message.uid).collect()
    }

    /// The flags with keywords spelt as this folder knows them; none if it cannot know more.
    pub(super) fn known(&mut self, flags: &Flags) -> Option<Flags> {
        let is_new = |new: &&Arc<str>| self.keywords.iter().all(|known| !known.eq_ignore_ascii_case(new));
        let new: Vec<Arc<str>> = flags.keywords().filter(is_new).cloned().collect();
        if self.keywords.len() + new.len() > MAX_KEYWORDS {
            return None;
        }
        if !new.is_empty() {
            self.keywords.extend(new);
            self.note(Happening::NewKeywords);
        }
        let mut out = flags.without_keywords();
        let named = self.keywords.iter().filter(|known| flags.has_keyword(known)).cloned();
        named.for_each(|keyword| out.insert_keyword(keyword));
        Some(out)
    }

    /// Gives a message other flags, which this folder knows. Returns its modification sequence.
    pub(super) fn set_flags(&mut self, uid: u32, flags: Flags) -> Option<u64> {
        let at = self.find(uid)?;
        if self.messages[at].flags != flags {
            let old = std::mem::replace(&mut self.messages[at].flags, flags.clone());
            let octets = self.messages[at].content.len();
            self.go(&old, octets);
            self.come(&flags, octets);
            self.messages[at].modseq = self.next_modseq();
            self.note(Happening::Flagged(uid));
        }
        Some(self.messages[at].modseq)
    }

    /// Changes a message's flags by some that this folder knows. Returns what it has now, and its modification sequence.
    pub(super) fn change_flags(&mut self, uid: u32, action: StoreAction, named: &Flags) -> Option<(Flags, u64)> {
        let mut flags = self.message(uid)?.flags.clone();
        action.apply(&mut flags, named);
        let modseq = self.set_flags(uid, flags.clone())?;
        Some((flags, modseq))
    }

    /// The messages as a session sees them that selects the folder now. If it may change
    /// things, it is the one to which what came since is `\Recent` (RFC 3501 2.3.2).
    pub(super) fn entries(&mut self, read_only: bool) -> Vec<Entry> {
        let from = self.recent_from;
        if !read_only {
            self.recent_from = self.next_uid;
        }
        self.messages.iter().map(|message| message.entry(message.uid >= from)).collect()
    }

    /// A message that came while sessions look on, as one of them is told of it. To the first
    /// that may change things it is recent, and to none after that.
    pub(super) fn arrival(&mut self, uid: u32, read_only: bool) -> Option<Entry> {
        let recent = uid >= self.recent_from;
        if recent && !read_only {
            self.recent_from = uid.saturating_add(1);
        }
        self.message(uid).map(|message| message.entry(recent))
    }

    /// The modification sequence of the last change.
    pub(super) const fn highest_modseq(&self) -> u64 {
        self.highest_modseq
    }

    /// What STATUS tells.
    pub(super) fn counts(&self) -> Counts {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let seen_before = self.messages.partition_point(|message| message.uid < self.recent_from);
        Counts {
            messages: number(self.messages.len()),
            recent: number(self.messages.len() - seen_before),
            unseen: self.unseen,
            deleted: self.deleted,
            uid_next: self.next_uid,
            uid_validity: self.validity,
            size: self.octets,
            deleted_size: self.deleted_octets,
            highest_modseq: self.highest_modseq,
        }
    }
}
