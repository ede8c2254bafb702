//! Commands about mailboxes: selecting, naming, listing and counting them, and APPEND.

use std::fmt::Write as _;

use super::super::command::{InternalDate, StatusItem};
use super::super::event::{Counts, Mailboxes, Selected, ServerEvent};
use super::super::flags::Flags;
use super::super::list_command::ListCommand;
use super::super::listing::{self, ListOptions};
use super::super::names;
use super::super::view::View;
use super::{Doing, Ending, Server, State};

/// Patterns of one LIST that are looked at.
const MAX_PATTERNS: usize = 16;

/// A LIST or LSUB under way.
#[derive(Clone, Debug)]
pub(super) enum Listing {
    /// LIST, or LSUB.
    Plain { subscribed: bool, pattern: String },
    /// LIST with options.
    Extended { patterns: Vec<String>, options: ListOptions },
}

/// A STATUS under way.
#[derive(Clone, Debug)]
pub(super) struct Status {
    mailbox: String,
    items: Vec<StatusItem>,
}

impl Server {
    /// The mailbox name in a command, or a refusal.
    pub(super) fn name(&mut self, tag: &str, octets: &[u8]) -> Option<String> {
        let name = names::read(octets, self.config.separator).filter(|name| !name.is_empty());
        if name.is_none() {
            self.no(tag, Some("CANNOT"), "No mailbox can have this name", Ending::Other);
        }
        name
    }

    fn plain(&mut self, tag: String, name: &'static str, event: ServerEvent) {
        self.ask(tag, Doing::Plain { name }, event);
    }

    pub(super) fn select(&mut self, tag: String, mailbox: &[u8], read_only: bool) {
        match names::read(mailbox, self.config.separator) {
            Some(mailbox) => {
                self.ask(tag, Doing::Select { read_only }, ServerEvent::Select { mailbox, read_only });
            }
            // The mailbox selected before is left all the same.
            None if matches!(self.state, State::Selected(_)) => {
                self.ask(tag, Doing::Select { read_only }, ServerEvent::Unselect { expunge: false });
            }
            None => self.no(&tag, Some("NONEXISTENT"), "No such mailbox", Ending::Other),
        }
    }

    pub(super) fn selected(&mut self, tag: &str, selected: Selected, read_only: bool) {
        let (uid_validity, uid_next) = (selected.uid_validity, selected.uid_next);
        let view = View::new(selected, read_only);
        self.send(view.described(uid_validity, uid_next).as_bytes());
        self.state = State::Selected(Box::new(view));
        let text = if read_only { "[READ-ONLY] EXAMINE completed" } else { "[READ-WRITE] SELECT completed" };
        self.ok(tag, text, Ending::Other);
    }

    /// CLOSE, or UNSELECT (RFC 3691). RFC 3501 6.4.2: "No messages are removed [...] if the
    /// mailbox is selected by an EXAMINE command".
    pub(super) fn unselect(&mut self, tag: String, close: bool) {
        let State::Selected(view) = &self.state else { return };
        let expunge = close && !view.is_read_only();
        let name = if close { "CLOSE" } else { "UNSELECT" };
        self.ask(tag, Doing::Unselect { name }, ServerEvent::Unselect { expunge });
    }

    /// RFC 3501 6.3.3: a separator at the end says that names will be created under it.
    pub(super) fn create(&mut self, tag: String, mailbox: &[u8]) {
        let Some(name) = self.name(&tag, mailbox) else { return };
        let mailbox = name.strip_suffix(self.config.separator).unwrap_or(&name).to_owned();
        self.plain(tag, "CREATE", ServerEvent::Create { mailbox });
    }

    pub(super) fn delete(&mut self, tag: String, mailbox: &[u8]) {
        let Some(mailbox) = self.name(&tag, mailbox) else { return };
        self.plain(tag, "DELETE", ServerEvent::Delete { mailbox });
    }

    pub(super) fn rename(&mut self, tag: String, from: &[u8], to: &[u8]) {
        let Some(from) = self.name(&tag, from) else { return };
        let Some(to) = self.name(&tag, to) else { return };
        self.plain(tag, "RENAME", ServerEvent::Rename { from, to });
    }

    pub(super) fn subscribe(&mut self, tag: String, mailbox: &[u8], wanted: bool) {
        let Some(mailbox) = self.name(&tag, mailbox) else { return };
        let name = if wanted { "SUBSCRIBE" } else { "UNSUBSCRIBE" };
        self.plain(tag, name, ServerEvent::Subscribe { mailbox, wanted });
    }

    pub(super) fn list(&mut self, tag: String, subscribed: bool, reference: Vec<u8>, pattern: &[u8]) {
        let name = if subscribed { "LSUB" } else { "LIST" };
        // RFC 3501 6.3.8: an empty name asks for "the hierarchy delimiter and the root name of
        // the name given in the reference".
        if pattern.is_empty() {
            let separator = names::quoted(&self.config.separator.to_string());
            self.say(&format!("* {name} (\\Noselect) {separator} \"\""));
            return self.completed(&tag, name, Ending::Other);
        }
        let whole = [reference.as_slice(), pattern].concat();
        let pattern = String::from_utf8(whole).ok().filter(|pattern| pattern.len() <= names::MAX_NAME);
        // What is no name fits no mailbox.
        let Some(pattern) = pattern else { return self.completed(&tag, name, Ending::Other) };
        self.ask(tag, Doing::List(Listing::Plain { subscribed, pattern }), ServerEvent::Mailboxes);
    }

    pub(super) fn list_extended(&mut self, tag: String, list: ListCommand) {
        let whole = |pattern: Vec<u8>| String::from_utf8([list.reference.as_slice(), &pattern].concat()).ok();
        let patterns = list.patterns.into_iter().filter_map(whole);
        let patterns = patterns.filter(|pattern| pattern.len() <= names::MAX_NAME).take(MAX_PATTERNS).collect();
        let listing = Listing::Extended { patterns, options: list.options };
        self.ask(tag, Doing::List(listing), ServerEvent::Mailboxes);
    }

    pub(super) fn listed(&mut self, tag: &str, listing: &Listing, mailboxes: &Mailboxes) {
        let separator = self.config.separator;
        let (name, lines) = match listing {
            Listing::Plain { subscribed, pattern } => {
                let name = if *subscribed { "LSUB" } else { "LIST" };
                (name, listing::listing(mailboxes, *subscribed, pattern, separator))
            }
            Listing::Extended { patterns, options } => {
                ("LIST", listing::extended(mailboxes, patterns, *options, separator))
            }
        };
        self.send_news(&lines);
        self.completed(tag, name, Ending::Other);
    }

    pub(super) fn status(&mut self, tag: String, mailbox: &[u8], items: Vec<StatusItem>) {
        let Some(mailbox) = self.name(&tag, mailbox) else { return };
        let status = Status { mailbox: mailbox.clone(), items };
        self.ask(tag, Doing::Status(status), ServerEvent::Status { mailbox });
    }

    pub(super) fn counted(&mut self, tag: &str, status: &Status, counts: &Counts) {
        let mut list = String::new();
        for item in &status.items {
            let value = match item {
                StatusItem::Messages => u64::from(counts.messages),
                StatusItem::Recent => u64::from(counts.recent),
                StatusItem::UidNext => u64::from(counts.uid_next),
                StatusItem::UidValidity => u64::from(counts.uid_validity),
                StatusItem::Unseen => u64::from(counts.unseen),
                StatusItem::Deleted => u64::from(counts.deleted),
                StatusItem::Size => counts.size,
            };
            let space = if list.is_empty() { "" } else { " " };
            let _ = write!(list, "{space}{} {value}", item.name());
        }
        self.say(&format!("* STATUS {} ({list})", names::quoted(&status.mailbox)));
        self.completed(tag, "STATUS", Ending::Other);
    }

    pub(super) fn append(
        &mut self,
        tag: String,
        mailbox: &[u8],
        (flags, date, content): (Flags, Option<InternalDate>, Vec<u8>),
    ) {
        let Some(mailbox) = self.name(&tag, mailbox) else { return };
        let content = content.into();
        self.ask(tag, Doing::Append, ServerEvent::Append { mailbox, flags, date, content });
    }
}
