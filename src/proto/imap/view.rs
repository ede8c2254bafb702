//! The selected mailbox as the client knows it.
//!
//! Message numbers are positions in what the client was told. What happened since waits here
//! until it may be told: an EXPUNGE moves the numbers of all later messages, so it waits for
//! a command that does not speak of numbers (RFC 3501 7.4.1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::event::{Change, Entry, Keywords, Selected};
use super::flags::{Flags, SystemFlag};
use super::sets::NumberSet;

/// What the client has switched on, by ENABLE (RFC 5161) or by using it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Enabled {
    /// IMAP4rev2 (RFC 9051): nobody is told of what is recent.
    pub(super) rev2: bool,
    /// CONDSTORE (RFC 7162): flags come with their modification sequence.
    pub(super) condstore: bool,
}

/// A message, and whether it is no more though the client was not told.
#[derive(Clone, Debug)]
struct Known {
    entry: Entry,
    gone: bool,
}

/// The selected mailbox.
#[derive(Clone, Debug)]
pub(super) struct View {
    read_only: bool,
    known: Vec<Known>,
    /// UIDs of messages whose flags changed.
    changed: BTreeSet<u32>,
    /// Whether some are gone.
    any_gone: bool,
    /// Messages that the client was not told of.
    arrived: BTreeMap<u32, Entry>,
    keywords: Keywords,
    new_keywords: bool,
    /// The number of recent messages, and the one last told.
    recent: (usize, usize),
    highest_modseq: u64,
    /// UIDs found by the last SEARCH that kept them (RFC 5182).
    saved: Vec<u32>,
    vanished: bool,
}

impl View {
    /// Of a mailbox just selected, whose messages the client is told of at once.
    pub(super) fn new(selected: Selected, read_only: bool) -> Self {
        let Selected { keywords, messages, highest_modseq, .. } = selected;
        let recent = messages.iter().filter(|entry| entry.recent).count();
        Self {
            read_only,
            known: messages.into_iter().map(|entry| Known { entry, gone: false }).collect(),
            changed: BTreeSet::new(),
            any_gone: false,
            arrived: BTreeMap::new(),
            keywords,
            new_keywords: false,
            recent: (recent, recent),
            highest_modseq,
            saved: Vec::new(),
            vanished: false,
        }
    }

    pub(super) const fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub(super) const fn vanished(&self) -> bool {
        self.vanished
    }

    /// How many messages the client knows.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.known.len()).unwrap_or(u32::MAX)
    }

    /// The unique identifier of the last message; 0 if there is none.
    pub(super) fn last_uid(&self) -> u32 {
        self.known.last().map_or(0, |known| known.entry.uid)
    }

    /// The numbers of the messages whose UIDs are in a set. RFC 3501 6.4.8: "A non-existent
    /// unique identifier is ignored".
    pub(super) fn numbers(&self, uids: &NumberSet) -> Vec<u32> {
        let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
        uids.places(self.known.len(), |at| self.known[at].entry.uid).into_iter().map(number).collect()
    }

    /// The message of that number.
    pub(super) fn entry(&self, number: u32) -> Option<&Entry> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.known.get(at).map(|known| &known.entry)
    }

    /// Whether the message of that number is gone, though the client was not told.
    pub(super) fn is_gone(&self, number: u32) -> bool {
        number.checked_sub(1).and_then(|at| self.known.get(at as usize)).is_none_or(|known| known.gone)
    }

    fn find(&self, uid: u32) -> Option<usize> {
        self.known.binary_search_by_key(&uid, |known| known.entry.uid).ok()
    }

    /// The number of the message with that unique identifier.
    pub(super) fn number(&self, uid: u32) -> Option<u32> {
        u32::try_from(self.find(uid)? + 1).ok()
    }

    /// Takes the flags of a message, which the client is told by what asked for them.
    pub(super) fn set_flags(&mut self, uid: u32, flags: Flags, modseq: u64, told: bool) {
        self.highest_modseq = self.highest_modseq.max(modseq);
        if let Some(at) = self.find(uid) {
            (self.known[at].entry.flags, self.known[at].entry.modseq) = (flags, modseq);
        }
        if told {
            self.changed.remove(&uid);
        }
    }

    /// The client was told the flags of the message of that number.
    pub(super) fn told(&mut self, number: u32) {
        if let Some(uid) = self.entry(number).map(|entry| entry.uid) {
            self.changed.remove(&uid);
        }
    }

    /// Keeps what a SEARCH has found (RFC 5182).
    pub(super) fn save(&mut self, uids: Vec<u32>) {
        self.saved = uids;
    }

    /// The UIDs kept, of messages that are still there.
    pub(super) fn saved(&self) -> Vec<u32> {
        self.saved.iter().copied().filter(|uid| self.find(*uid).is_some()).collect()
    }

    /// Notes what happened to the mailbox.
    pub(super) fn note(&mut self, change: Change) {
        match change {
            Change::Arrived(entry) => {
                self.highest_modseq = self.highest_modseq.max(entry.modseq);
                self.arrived.insert(entry.uid, entry);
            }
            Change::Expunged { uid } => {
                self.arrived.remove(&uid);
                if let Some(at) = self.find(uid) {
                    self.known[at].gone = true;
                    self.any_gone = true;
                }
            }
            Change::Flags { uid, flags, modseq } => {
                self.highest_modseq = self.highest_modseq.max(modseq);
                if let Some(at) = self.find(uid) {
                    (self.known[at].entry.flags, self.known[at].entry.modseq) = (flags, modseq);
                    self.changed.insert(uid);
                } else if let Some(entry) = self.arrived.get_mut(&uid) {
                    (entry.flags, entry.modseq) = (flags, modseq);
                }
            }
            Change::Keywords(keywords) => {
                self.keywords = keywords;
                self.new_keywords = true;
            }
            Change::Vanished | Change::Deselected => self.vanished = true,
        }
    }

    /// The untagged responses that describe the mailbox when it is selected.
    pub(super) fn described(&self, (uid_validity, uid_next): (u32, u32), enabled: Enabled) -> String {
        let mut out = self.flags_line();
        let _ = write!(out, "* {} EXISTS\r\n", self.known.len());
        if !enabled.rev2 {
            let _ = write!(out, "* {} RECENT\r\n", self.recent.1);
            if let Some(at) = self.known.iter().position(|known| !known.entry.flags.has(SystemFlag::Seen)) {
                let _ = write!(out, "* OK [UNSEEN {}] First unseen message\r\n", at + 1);
            }
        }
        let _ = write!(out, "* OK [UIDVALIDITY {uid_validity}] UIDs valid\r\n");
        let _ = write!(out, "* OK [UIDNEXT {uid_next}] Predicted next UID\r\n");
        out.push_str(&self.permanent_line());
        out.push_str(&self.modseq_line());
        out
    }

    /// RFC 7162 3.1.2.1: with every mailbox that is selected, and when the client begins to
    /// speak of modification sequences.
    pub(super) fn modseq_line(&self) -> String {
        format!("* OK [HIGHESTMODSEQ {}] Highest\r\n", self.highest_modseq)
    }

    fn flag_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = SystemFlag::ALL.into_iter().map(SystemFlag::name).collect();
        names.extend(self.keywords.known.iter().map(|keyword| &**keyword));
        names
    }

    fn flags_line(&self) -> String {
        format!("* FLAGS ({})\r\n", self.flag_names().join(" "))
    }

    fn permanent_line(&self) -> String {
        let mut names = if self.read_only { Vec::new() } else { self.flag_names() };
        if self.keywords.open && !self.read_only {
            names.push("\\*");
        }
        format!("* OK [PERMANENTFLAGS ({})] Limited\r\n", names.join(" "))
    }

    /// New keywords, which the client is told before it is told of messages that have them.
    pub(super) fn keyword_news(&mut self) -> String {
        let new = std::mem::take(&mut self.new_keywords);
        if new { self.flags_line() + &self.permanent_line() } else { String::new() }
    }

    /// Takes messages away that are gone, and tells so.
    fn expunge(&mut self, out: &mut String) {
        let (mut number, mut recent) = (1, self.recent.0);
        self.known.retain(|known| {
            if known.gone {
                let _ = write!(out, "* {number} EXPUNGE\r\n");
                recent -= usize::from(known.entry.recent);
            } else {
                number += 1;
            }
            !known.gone
        });
        (self.any_gone, self.recent.0) = (false, recent);
    }

    /// What the client does not know yet and may be told now.
    pub(super) fn news(&mut self, expunge: bool, with_uid: bool, enabled: Enabled) -> String {
        let mut out = String::new();
        if expunge && self.any_gone {
            self.expunge(&mut out);
        }
        out.push_str(&self.keyword_news());
        for uid in std::mem::take(&mut self.changed) {
            let Some(at) = self.find(uid).filter(|at| !self.known[*at].gone) else { continue };
            let entry = &self.known[at].entry;
            let _ = write!(out, "* {} FETCH ({})\r\n", at + 1, flags_of(entry, with_uid, enabled));
        }
        let any_arrived = !self.arrived.is_empty();
        for entry in std::mem::take(&mut self.arrived).into_values() {
            self.recent.0 += usize::from(entry.recent);
            self.known.push(Known { entry, gone: false });
        }
        if any_arrived {
            let _ = write!(out, "* {} EXISTS\r\n", self.known.len());
        }
        if (any_arrived || self.recent.0 != self.recent.1) && !enabled.rev2 {
            let _ = write!(out, "* {} RECENT\r\n", self.recent.0);
        }
        self.recent.1 = self.recent.0;
        out
    }
}

/// The items of a FETCH response that tells of flags alone.
pub(super) fn flags_of(entry: &Entry, with_uid: bool, enabled: Enabled) -> String {
    let mut out = if with_uid { format!("UID {} ", entry.uid) } else { String::new() };
    let _ = write!(out, "FLAGS ({})", entry.flags.written(entry.recent && !enabled.rev2));
    if enabled.condstore {
        let _ = write!(out, " MODSEQ ({})", entry.modseq);
    }
    out
}
