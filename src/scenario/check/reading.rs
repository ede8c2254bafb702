//! The workload's `read` and `reading`: how mail is read, and by which users when.

use super::Context;
use super::steps::read_folder;
use super::work::{EVERY_USER, Shared, read_device, read_people, read_schedule};
use crate::app::user::{Fetch, Manner, access::Way};
use crate::base::{HostId, Probability, SimDuration, Streams};
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::{ReadWork, Schedule, Work};
use crate::scenario::schema::{Chance, Entry, FetchName, ProtocolName, Reading};

/// `readings` counts for each user the entries so far: the streams of a user's entries do not
/// depend on what others do.
pub(super) fn read_reading(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    here: Path<'_>,
    (index, entry): (usize, &Entry),
    readings: &mut [usize],
) -> Vec<Work> {
    let manner = entry.read.map(|read| read_manner(cx, here, read, entry.reading.as_ref()));
    let Some((owns, manner)) = read_owns(cx, shared, here, entry, readings).zip(manner) else { return Vec::new() };
    let reading =
        |Own { user, on, schedule }| Work::Read(ReadWork { entry: index, schedule, user, on, manner: manner.clone() });
    owns.into_iter().map(reading).collect()
}

/// What an entry for users means for one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) user: usize,
    pub(super) on: HostId,
    /// With the user's part of `spread`.
    pub(super) schedule: Schedule,
}

/// Each user of an entry, with a schedule and a host of the own.
pub(super) fn read_owns(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    here: Path<'_>,
    entry: &Entry,
    readings: &mut [usize],
) -> Option<Vec<Own>> {
    let schedule = read_schedule(cx, shared, here, entry);
    let spread = cx.duration(here.key("spread"), entry.spread);
    let people = read_people(cx, shared, here.key("user"), entry.user.as_ref()?, EVERY_USER)?;
    let on = read_device(cx, here, entry, people.len())?;
    let own = |user: &usize| {
        let user = *user;
        let part = own_part(shared.run.seed, &shared.users[user].address, readings[user], spread);
        readings[user] += 1;
        let schedule = Schedule { at: schedule.at.saturating_add(part), ..schedule };
        Own { user, on: on.unwrap_or(shared.users[user].host), schedule }
    };
    Some(people.iter().map(own).collect())
}

/// A user's own part of a spread, from the user's own stream.
fn own_part(seed: u64, address: &str, reading: usize, spread: SimDuration) -> SimDuration {
    if spread == SimDuration::ZERO {
        return spread;
    }
    let mut stream = Streams::new(seed).stream(&format!("user/{address}/spread/{reading}"));
    SimDuration::from_nanos(stream.below(spread.as_nanos()))
}

/// How mail is read; what is wrong with it is noted.
fn read_manner(cx: &mut Context<'_>, here: Path<'_>, read: ProtocolName, reading: Option<&Reading>) -> Manner {
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
