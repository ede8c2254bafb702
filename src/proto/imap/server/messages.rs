//! Commands that change the messages of the selected mailbox: STORE, COPY, MOVE, EXPUNGE.

use std::fmt::Write as _;

use super::super::command::Messages;
use super::super::event::{ServerEvent, Stored};
use super::super::flags::{Flags, StoreAction};
use super::super::sets::{self, NumberSet};
use super::super::view::{View, flags_of};
use super::{Doing, Ending, Server, State};

/// A STORE under way.
#[derive(Clone, Debug)]
pub(super) struct Storing {
    silent: bool,
    uid: bool,
    asked: usize,
}

impl Storing {
    pub(super) const fn ending(&self) -> Ending {
        Ending::of(self.uid)
    }
}

/// A COPY or MOVE under way.
#[derive(Clone, Debug)]
pub(super) struct Copying {
    moving: bool,
}

impl Copying {
    const fn name(&self) -> &'static str {
        if self.moving { "MOVE" } else { "COPY" }
    }
}

impl Server {
    /// The numbers of the messages that a command names, or a refusal.
    pub(super) fn numbers(&mut self, tag: &str, messages: &Messages) -> Option<Vec<u32>> {
        let State::Selected(view) = &self.state else { return None };
        let numbers = numbers_in(view, messages);
        if numbers.is_none() {
            self.bad(tag, "No message has this number");
        }
        numbers
    }

    fn uids(&mut self, tag: &str, messages: &Messages) -> Option<Vec<u32>> {
        let numbers = self.numbers(tag, messages)?;
        let State::Selected(view) = &self.state else { return None };
        Some(numbers.into_iter().filter_map(|number| view.entry(number)).map(|entry| entry.uid).collect())
    }

    /// True where nothing may be changed; the client was told so.
    fn is_read_only(&mut self, tag: &str) -> bool {
        let read_only = matches!(&self.state, State::Selected(view) if view.is_read_only());
        if read_only {
            self.no(tag, None, "Mailbox is read-only", Ending::ByNumber);
        }
        read_only
    }

    pub(super) fn store(
        &mut self,
        tag: String,
        messages: &Messages,
        (action, flags, unchanged_since): (StoreAction, Flags, Option<u64>),
        silent: bool,
    ) {
        let Some(uids) = self.uids(&tag, messages) else { return };
        if self.is_read_only(&tag) {
            return;
        }
        if unchanged_since.is_some() {
            self.enable_condstore();
        }
        let storing = Storing { silent, uid: messages.uid, asked: uids.len() };
        self.ask(tag, Doing::Store(storing), ServerEvent::Store { uids, action, flags, unchanged_since });
    }

    pub(super) fn stored(&mut self, tag: &str, storing: &Storing, stored: Stored) {
        let State::Selected(view) = &mut self.state else { return };
        let Stored { done, modified } = stored;
        let missing = done.len() + modified.len() < storing.asked;
        let mut lines = view.keyword_news();
        for (uid, flags, modseq) in done {
            let Some(number) = view.number(uid) else { continue };
            view.set_flags(uid, flags, modseq, !storing.silent);
            let Some(entry) = view.entry(number) else { continue };
            if !storing.silent {
                let _ = write!(lines, "* {number} FETCH ({})\r\n", flags_of(entry, storing.uid, self.enabled));
            } else if self.enabled.condstore {
                // RFC 7162 3.1.3: the modification sequence is told even so.
                let uid = if storing.uid { format!("UID {uid} ") } else { String::new() };
                let _ = write!(lines, "* {number} FETCH ({uid}MODSEQ ({modseq}))\r\n");
            }
        }
        let named = |uid: &u32| if storing.uid { Some(*uid) } else { view.number(*uid) };
        let late: Vec<u32> = modified.iter().filter_map(named).collect();
        self.send_news(&lines);
        let modified = if late.is_empty() { String::new() } else { format!("MODIFIED {}", sets::written(&late)) };
        let name = if storing.uid { "UID STORE" } else { "STORE" };
        match (missing, modified.is_empty()) {
            (true, true) => self.some_are_gone(tag, storing.ending()),
            (true, false) => self.no(tag, Some(&modified), "Some of the messages are gone", storing.ending()),
            (false, true) => self.completed(tag, name, storing.ending()),
            (false, false) => {
                self.ok(tag, &format!("[{modified}] Conditional {name} failed for some"), storing.ending());
            }
        }
    }

    /// RFC 5530 section 3: EXPUNGEISSUED.
    pub(super) fn some_are_gone(&mut self, tag: &str, ending: Ending) {
        self.no(tag, Some("EXPUNGEISSUED"), "Some of the messages are gone", ending);
    }

    pub(super) fn copy(&mut self, tag: String, messages: &Messages, to: &[u8], moving: bool) {
        let Some(uids) = self.uids(&tag, messages) else { return };
        if moving && self.is_read_only(&tag) {
            return;
        }
        let Some(to) = self.name(&tag, to) else { return };
        let copying = Copying { moving };
        if uids.is_empty() {
            return self.completed(&tag, copying.name(), Ending::Other);
        }
        self.ask(tag, Doing::Copy(copying), ServerEvent::Copy { uids, to, moving });
    }

    pub(super) fn copied(&mut self, tag: &str, copying: &Copying, uid_validity: u32, uids: (&[u32], &[u32])) {
        let code = format!("[COPYUID {uid_validity} {} {}]", sets::written(uids.0), sets::written(uids.1));
        if copying.moving {
            // RFC 6851 section 4.3: the response code comes before the messages go.
            self.say(&format!("* OK {code} Moved"));
            self.completed(tag, "MOVE", Ending::Other);
        } else {
            self.ok(tag, &format!("{code} COPY completed"), Ending::Other);
        }
    }

    /// EXPUNGE, or UID EXPUNGE (RFC 4315 section 2.1).
    pub(super) fn expunge(&mut self, tag: String, uids: Option<&NumberSet>) {
        if self.is_read_only(&tag) {
            return;
        }
        let State::Selected(view) = &self.state else { return };
        let uids_of = |set: &NumberSet| {
            view.numbers(set).into_iter().filter_map(|number| view.entry(number)).map(|entry| entry.uid).collect()
        };
        let among = uids.map(uids_of);
        self.ask(tag, Doing::Plain { name: "EXPUNGE" }, ServerEvent::Expunge { among });
    }
}

fn numbers_in(view: &View, messages: &Messages) -> Option<Vec<u32>> {
    if messages.uid { Some(view.numbers(&messages.set)) } else { messages.set.numbers(view.len()) }
}
