//! The workload's `read` and `reading`: how mail is read.

use super::Context;
use super::steps::read_folder;
use crate::app::user::{Fetch, Manner, access::Way};
use crate::base::Probability;
use crate::scenario::problem::{Path, quote};
use crate::scenario::schema::{Chance, FetchName, ProtocolName, Reading};

/// How mail is read; what is wrong with it is noted.
pub(super) fn read_manner(
    cx: &mut Context<'_>,
    here: Path<'_>,
    read: ProtocolName,
    reading: Option<&Reading>,
) -> Manner {
    let (way, word) = match read {
        ProtocolName::Pop3 => (Way::Pop3, "pop3"),
        ProtocolName::Pop3Keep => (Way::Pop3, "pop3-keep"),
        ProtocolName::Imap => (Way::Imap, "imap"),
        ProtocolName::Webmail => (Way::Webmail, "webmail"),
    };
    let Some(reading) = reading else {
        return match way {
            Way::Pop3 => Manner::lecture(read == ProtocolName::Pop3),
            Way::Imap | Way::Webmail => Manner::new(way),
        };
    };
    let path = here.key("reading");
    let fetch = match reading.fetch.unwrap_or(FetchName::Whole) {
        FetchName::Headers => Fetch::Headers,
        FetchName::Text => Fetch::Text,
        FetchName::Whole => Fetch::Whole,
    };
    refuse_what_is_missing(cx, path, (way, word), reading);
    if reading.open.is_some() && fetch != Fetch::Headers {
        let help = "leave it out: each message is opened anyway";
        cx.problems.help(path.name("open"), "`open` is for `fetch` \"headers\"", help);
    }
    if reading.attachments.is_some() && fetch == Fetch::Whole {
        let help = "leave it out, or give `fetch` \"text\"";
        cx.problems.help(path.name("attachments"), "whole messages have their attachments already", help);
    }
    if read == ProtocolName::Pop3Keep && reading.leave_for.is_some() {
        let help = "leave it out, or read by \"pop3\", which deletes after that time";
        cx.problems.help(path.name("leave_for"), "\"pop3-keep\" leaves messages on the server for ever", help);
    }
    if way == Way::Imap && fetch != Fetch::Whole && reading.leave_for.is_some() {
        let help = "fetch whole messages, or leave it out";
        cx.problems.help(path.name("leave_for"), "a message that is not on the computer is not deleted", help);
    }
    let share = |chance: Option<Chance>| chance.map_or(Probability::ZERO, |Chance(share)| share);
    Manner {
        remembers: true,
        fetch,
        open: share(reading.open),
        attachments: share(reading.attachments),
        folder: reading
            .folder
            .as_deref()
            .map_or_else(|| "INBOX".to_owned(), |name| read_folder(cx, path.key("folder"), name)),
        file_into: reading.file_into.as_deref().map(|name| read_folder(cx, path.key("file_into"), name)),
        stay: cx.duration(path.key("stay"), reading.stay),
        leave_for: reading.leave_for.map(|_| cx.duration(path.key("leave_for"), reading.leave_for)),
        ..Manner::new(way)
    }
}

/// What the protocol does not have.
fn refuse_what_is_missing(cx: &mut Context<'_>, path: Path<'_>, (way, word): (Way, &str), reading: &Reading) {
    let given: &[(&str, bool)] = match way {
        Way::Pop3 => &[
            ("attachments", reading.attachments.is_some()),
            ("folder", reading.folder.is_some()),
            ("file_into", reading.file_into.is_some()),
            ("stay", reading.stay.is_some()),
        ],
        Way::Imap | Way::Webmail => &[],
    };
    for (key, _) in given.iter().filter(|(_, given)| *given) {
        let message = format!("{} has no folders, no parts of messages, and nothing to wait for", quote(word));
        cx.problems.help(path.name(key), message, "read by \"imap\" or \"webmail\"");
    }
}
