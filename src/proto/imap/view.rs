//! The selected mailbox as the client knows it.
//!
//! Message numbers are positions in what the client was told. What happened since waits here
//! until it may be told: an EXPUNGE moves the numbers of all later messages, so it waits for
//! a command that does not speak of numbers (RFC 3501 7.4.1).

use std::fmt::Write as _;

use super::event::{Change, Entry, Keywords, Selected};
use super::flags::{Flags, SystemFlag};

/// A message and what the client does not know of it yet.
#[derive(Clone, Debug)]
struct Known {
    entry: Entry,
    /// Its flags changed.
    changed: bool,
    /// It is no more.
    gone: bool,
}

/// The selected mailbox.
#[derive(Clone, Debug)]
pub(super) struct View {
    read_only: bool,
    known: Vec<Known>,
    /// Messages that the client was not told of.
    arrived: Vec<Entry>,
    keywords: Keywords,
    new_keywords: bool,
    /// The number of recent messages last told.
    recent: usize,
    /// Whether there is anything to tell.
    news: bool,
    vanished: bool,
}

impl View {
    /// Of a mailbox just selected, whose messages the client is told of at once.
    pub(super) fn new(selected: Selected, read_only: bool) -> Self {
        let Selected { keywords, messages, .. } = selected;
        let known: Vec<_> = messages.into_iter().map(|entry| Known { entry, changed: false, gone: false }).collect();
        let recent = known.iter().filter(|known| known.entry.recent).count();
        Self {
            read_only,
            known,
            arrived: Vec::new(),
            keywords,
            new_keywords: false,
            recent,
            news: false,
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

    /// Their unique identifiers, in the order of their numbers.
    pub(super) fn uids(&self) -> Vec<u32> {
        self.known.iter().map(|known| known.entry.uid).collect()
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

    /// The number of the message with that unique identifier.
    pub(super) fn number(&self, uid: u32) -> Option<u32> {
        let at = self.known.binary_search_by_key(&uid, |known| known.entry.uid).ok()?;
        u32::try_from(at + 1).ok()
    }

    fn find(&mut self, uid: u32) -> Option<&mut Known> {
        let at = self.known.binary_search_by_key(&uid, |known| known.entry.uid).ok()?;
        self.known.get_mut(at)
    }

    /// Takes the flags of a message, which the client is told by what asked for them.
    pub(super) fn set_flags(&mut self, uid: u32, flags: Flags, told: bool) {
        if let Some(known) = self.find(uid) {
            known.entry.flags = flags;
            known.changed &= !told;
        }
    }

    /// The client was told the flags of the message of that number.
    pub(super) fn told(&mut self, number: u32) {
        if let Some(known) = number.checked_sub(1).and_then(|at| self.known.get_mut(at as usize)) {
            known.changed = false;
        }
    }

    /// Notes what happened to the mailbox.
    pub(super) fn note(&mut self, change: Change) {
        self.news = true;
        match change {
            Change::Arrived(entry) => self.arrived.push(entry),
            Change::Expunged { uid } => {
                self.arrived.retain(|entry| entry.uid != uid);
                if let Some(known) = self.find(uid) {
                    known.gone = true;
                }
            }
            Change::Flags { uid, flags } => {
                if let Some(known) = self.find(uid) {
                    known.entry.flags = flags;
                    known.changed = true;
                } else if let Some(entry) = self.arrived.iter_mut().find(|entry| entry.uid == uid) {
                    entry.flags = flags;
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
    pub(super) fn described(&self, uid_validity: u32, uid_next: u32) -> String {
        let mut out = self.flags_line();
        let _ = write!(out, "* {} EXISTS\r\n* {} RECENT\r\n", self.known.len(), self.recent);
        if let Some(at) = self.known.iter().position(|known| !known.entry.flags.has(SystemFlag::Seen)) {
            let _ = write!(out, "* OK [UNSEEN {}] First unseen message\r\n", at + 1);
        }
        let _ = write!(out, "* OK [UIDVALIDITY {uid_validity}] UIDs valid\r\n");
        let _ = write!(out, "* OK [UIDNEXT {uid_next}] Predicted next UID\r\n");
        out.push_str(&self.permanent_line());
        out
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

    /// What the client does not know yet and may be told now.
    pub(super) fn news(&mut self, expunge: bool, with_uid: bool) -> String {
        let mut out = String::new();
        if !std::mem::take(&mut self.news) {
            return out;
        }
        if expunge {
            let mut number = 1;
            self.known.retain(|known| {
                if known.gone {
                    let _ = write!(out, "* {number} EXPUNGE\r\n");
                } else {
                    number += 1;
                }
                !known.gone
            });
        } else {
            self.news = self.known.iter().any(|known| known.gone);
        }
        out.push_str(&self.keyword_news());
        for (number, known) in (1..).zip(&mut self.known) {
            if std::mem::take(&mut known.changed) && !known.gone {
                let Entry { uid, flags, recent, .. } = &known.entry;
                let uid = if with_uid { format!("UID {uid} ") } else { String::new() };
                let _ = write!(out, "* {number} FETCH ({uid}FLAGS ({}))\r\n", flags.written(*recent));
            }
        }
        let arrived = std::mem::take(&mut self.arrived);
        let any_arrived = !arrived.is_empty();
        self.known.extend(arrived.into_iter().map(|entry| Known { entry, changed: false, gone: false }));
        if any_arrived {
            let _ = write!(out, "* {} EXISTS\r\n", self.known.len());
        }
        let recent = self.known.iter().filter(|known| known.entry.recent).count();
        if any_arrived || recent != self.recent {
            self.recent = recent;
            let _ = write!(out, "* {recent} RECENT\r\n");
        }
        out
    }
}
