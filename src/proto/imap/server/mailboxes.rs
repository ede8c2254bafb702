//! Commands about mailboxes: selecting, naming, listing and counting them, and APPEND.

use std::fmt::Write as _;

use super::super::command::{Appended, StatusItem};
use super::super::event::{Counts, Listed, Mailboxes, Selected, ServerEvent};
use super::super::list_command::{ListCommand, NoSuchUse};
use super::super::listing::{self, ListOptions};
use super::super::names::Style;
use super::super::special_use::SpecialUse;
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
    Extended { patterns: Vec<String>, options: ListOptions, status: Vec<StatusItem> },
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
        let name = self.style().read(octets).filter(|name| !name.is_empty());
        if name.is_none() {
            self.no(tag, Some("CANNOT"), "No mailbox can have this name", Ending::Other);
        }
        name
    }

    fn plain(&mut self, tag: String, name: &'static str, event: ServerEvent) {
        self.ask(tag, Doing::Plain { name }, event);
    }

    pub(super) fn select(&mut self, tag: String, mailbox: &[u8], read_only: bool, condstore: bool) {
        self.enabled.condstore |= condstore;
        // RFC 9051 7.1: CLOSED comes between what is about the one mailbox and the other.
        if matches!(self.state, State::Selected(_)) && self.enabled.rev2 {
            self.say("* OK [CLOSED] Previous mailbox closed");
        }
        match self.style().read(mailbox) {
            Some(mailbox) => {
                let doing = Doing::Select { mailbox: mailbox.clone(), read_only };
                self.ask(tag, doing, ServerEvent::Select { mailbox, read_only });
            }
            // The mailbox selected before is left all the same.
            None if matches!(self.state, State::Selected(_)) => {
                let doing = Doing::Select { mailbox: String::new(), read_only };
                self.ask(tag, doing, ServerEvent::Unselect { expunge: false });
            }
            None => self.no(&tag, Some("NONEXISTENT"), "No such mailbox", Ending::Other),
        }
    }

    pub(super) fn selected(&mut self, tag: &str, selected: Selected, mailbox: &str, read_only: bool) {
        let uids = (selected.uid_validity, selected.uid_next);
        let view = View::new(selected, read_only);
        self.send(view.described(uids, self.enabled).as_bytes());
        if self.enabled.rev2 {
            // RFC 9051 6.3.2: the mailbox under the name that the server has for it.
            let (delimiter, name) = (self.style().delimiter(), self.style().quoted(mailbox));
            self.say(&format!("* LIST () {delimiter} {name}"));
        }
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
    pub(super) fn create(&mut self, tag: String, mailbox: &[u8], special_use: Option<Result<SpecialUse, NoSuchUse>>) {
        let Some(name) = self.name(&tag, mailbox) else { return };
        let Ok(special_use) = special_use.transpose() else {
            // RFC 6154 section 3.
            return self.no(&tag, Some("USEATTR"), "No mailbox can have this use", Ending::Other);
        };
        let mailbox = name.strip_suffix(self.config.separator).unwrap_or(&name).to_owned();
        self.plain(tag, "CREATE", ServerEvent::Create { mailbox, special_use });
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
            self.say(&format!("* {name} (\\Noselect) {} \"\"", self.style().delimiter()));
            return self.completed(&tag, name, Ending::Other);
        }
        let whole = [reference.as_slice(), pattern].concat();
        let pattern = self.style().read(&whole);
        // What is no name fits no mailbox.
        let Some(pattern) = pattern else { return self.completed(&tag, name, Ending::Other) };
        self.ask(tag, Doing::List(Listing::Plain { subscribed, pattern }), ServerEvent::Mailboxes);
    }

    pub(super) fn list_extended(&mut self, tag: String, list: ListCommand) {
        let style = self.style();
        let whole = |pattern: Vec<u8>| style.read(&[list.reference.as_slice(), &pattern].concat());
        let patterns = list.patterns.into_iter().filter_map(whole).take(MAX_PATTERNS).collect();
        if list.status.contains(&StatusItem::HighestModSeq) {
            self.enable_condstore();
        }
        let listing = Listing::Extended { patterns, options: list.options, status: list.status };
        self.ask(tag, Doing::List(listing), ServerEvent::Mailboxes);
    }

    pub(super) fn listed(&mut self, tag: &str, listing: &Listing, mailboxes: &Mailboxes) {
        let style = self.style();
        let (name, lines) = match listing {
            Listing::Plain { subscribed, pattern } => {
                let name = if *subscribed { "LSUB" } else { "LIST" };
                (name, listing::listing(mailboxes, *subscribed, pattern, style))
            }
            Listing::Extended { patterns, options, status } => {
                // RFC 5819 section 2: a STATUS response for each mailbox that can be selected.
                let told = |listed: &Listed| counts_line(style, &listed.name, status, &listed.counts);
                let more = |listed: &Listed| if status.is_empty() { String::new() } else { told(listed) };
                ("LIST", listing::extended(mailboxes, patterns, *options, style, more))
            }
        };
        self.send_news(&lines);
        self.completed(tag, name, Ending::Other);
    }

    pub(super) fn status(&mut self, tag: String, mailbox: &[u8], items: Vec<StatusItem>) {
        let Some(mailbox) = self.name(&tag, mailbox) else { return };
        if items.contains(&StatusItem::HighestModSeq) {
            self.enable_condstore();
        }
        let status = Status { mailbox: mailbox.clone(), items };
        self.ask(tag, Doing::Status(status), ServerEvent::Status { mailbox });
    }

    pub(super) fn counted(&mut self, tag: &str, status: &Status, counts: &Counts) {
        let line = counts_line(self.style(), &status.mailbox, &status.items, counts);
        self.send(line.as_bytes());
        self.completed(tag, "STATUS", Ending::Other);
    }

    pub(super) fn append(&mut self, tag: String, appended: Appended) {
        let Some(mailbox) = self.name(&tag, &appended.mailbox) else { return };
        self.ask(tag, Doing::Append, ServerEvent::Append { mailbox, messages: appended.messages });
    }
}

/// The response that tells of a mailbox.
fn counts_line(style: Style, mailbox: &str, items: &[StatusItem], counts: &Counts) -> String {
    let mut list = String::new();
    for item in items {
        let value = match item {
            StatusItem::Messages => u64::from(counts.messages),
            StatusItem::Recent => u64::from(counts.recent),
            StatusItem::UidNext => u64::from(counts.uid_next),
            StatusItem::UidValidity => u64::from(counts.uid_validity),
            StatusItem::Unseen => u64::from(counts.unseen),
            StatusItem::Deleted => u64::from(counts.deleted),
            StatusItem::Size => counts.size,
            StatusItem::DeletedStorage => counts.deleted_size,
            StatusItem::HighestModSeq => counts.highest_modseq,
        };
        let space = if list.is_empty() { "" } else { " " };
        let _ = write!(list, "{space}{} {value}", item.name());
    }
    format!("* STATUS {} ({list})\r\n", style.quoted(mailbox))
}
