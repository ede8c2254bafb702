//! Commands that change the messages of the selected mailbox: STORE, COPY, MOVE, EXPUNGE.

use super::super::command::Messages;
use super::super::event::ServerEvent;
use super::super::flags::{Flags, StoreAction};
use super::super::sets::{self, NumberSet};
use super::super::view::View;
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
        (action, flags): (StoreAction, Flags),
        silent: bool,
    ) {
        let Some(uids) = self.uids(&tag, messages) else { return };
        if self.is_read_only(&tag) {
            return;
        }
        let storing = Storing { silent, uid: messages.uid, asked: uids.len() };
        self.ask(tag, Doing::Store(storing), ServerEvent::Store { uids, action, flags });
    }

    pub(super) fn stored(&mut self, tag: &str, storing: &Storing, flags: Vec<(u32, Flags)>) {
        let State::Selected(view) = &mut self.state else { return };
        let missing = flags.len() < storing.asked;
        let mut lines = view.keyword_news();
        for (uid, flags) in flags {
            let Some(number) = view.number(uid) else { continue };
            if !storing.silent {
                let recent = view.entry(number).is_some_and(|entry| entry.recent);
                let uid = if storing.uid { format!("UID {uid} ") } else { String::new() };
                lines.push_str(&format!("* {number} FETCH ({uid}FLAGS ({}))\r\n", flags.written(recent)));
            }
            view.set_flags(uid, flags, !storing.silent);
        }
        self.send_news(&lines);
        if missing {
            return self.some_are_gone(tag, storing.ending());
        }
        let name = if storing.uid { "UID STORE" } else { "STORE" };
        self.completed(tag, name, storing.ending());
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
        let among = uids.map(|set| set.among(&view.uids()));
        self.ask(tag, Doing::Plain { name: "EXPUNGE" }, ServerEvent::Expunge { among });
    }
}

fn numbers_in(view: &View, messages: &Messages) -> Option<Vec<u32>> {
    if messages.uid {
        // RFC 3501 6.4.8: "A non-existent unique identifier is ignored".
        let uids = messages.set.among(&view.uids());
        Some(uids.into_iter().filter_map(|uid| view.number(uid)).collect())
    } else {
        messages.set.numbers(view.len())
    }
}
