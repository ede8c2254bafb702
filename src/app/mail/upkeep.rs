//! What users do to the messages in their mailboxes, by whichever protocol, and what of it the trace tells.
//!
//! Sessions ask for it in their own words and tell others who look on; here stands what they have in common. Left
//! out: what a session knows of a message, such as that it is on its way to its reader.

use super::config::Quota;
use super::folder::StoredMessage;
use super::mailbox::{Maildrop, StoreError};
use super::spool::trace_maildrop;
use crate::app::host::Host;
use crate::base::trace::{MailTrace, Trace};
use crate::proto::imap::{Flags, InternalDate, NewMessage};
use crate::proto::message::first;

/// Puts messages into a folder: all, or none if there is no room or too many keywords. Returns their numbers.
pub(super) fn append<H: Host>(
    host: &mut H,
    drop: &mut Maildrop,
    folder: u32,
    quota: Quota,
    messages: Vec<NewMessage>,
) -> Result<Vec<u32>, StoreError> {
    drop.has_room(messages.len(), messages.iter().map(|new| new.content.len() as u64).sum(), quota)?;
    let into = drop.folder(folder)?;
    let known: Option<Vec<Flags>> = messages.iter().map(|new| into.known(&new.flags)).collect();
    let known = known.ok_or(StoreError::Keywords)?;
    let mut uids = Vec::with_capacity(messages.len());
    for (NewMessage { date, content, .. }, flags) in messages.into_iter().zip(known) {
        let date = date.unwrap_or_else(|| InternalDate::utc(host.calendar()));
        let (message, bytes) = (first(&content, "Message-ID").unwrap_or_default(), content.len() as u64);
        let (stored, origin) = (host.now(), None);
        let new = StoredMessage { uid: 0, origin, content, stored, date, flags, modseq: 0, retrieved: false };
        uids.push(drop.folder(folder)?.store(new));
        let (message, mailbox) = (message.as_str(), drop.address());
        host.trace(Trace::Mail(MailTrace::Appended { message, mailbox, bytes }));
    }
    trace_maildrop(host, drop);
    Ok(uids)
}

/// Removes messages for good.
pub(super) fn delete<H: Host>(host: &mut H, drop: &mut Maildrop, folder: u32, uids: &[u32]) -> Result<(), StoreError> {
    let gone = drop.folder(folder)?.remove(uids);
    trace_deleted(host, drop, &gone);
    trace_maildrop(host, drop);
    Ok(())
}

/// RFC 3501 6.4.7: all messages are copied, or none. RFC 6851: MOVE takes them away from where they were as well, and
/// needs no room. Returns their new numbers.
pub(super) fn copy<H: Host>(
    host: &mut H,
    drop: &mut Maildrop,
    (from, uids): (u32, &[u32]),
    (to, moving): (u32, bool),
    quota: Quota,
) -> Result<Vec<u32>, StoreError> {
    let folder = drop.folder(from)?;
    let copies: Vec<StoredMessage> = uids.iter().filter_map(|uid| folder.message(*uid)).cloned().collect();
    if copies.len() < uids.len() {
        return Err(StoreError::Gone);
    }
    if moving {
        folder.remove(uids);
    } else {
        drop.has_room(copies.len(), copies.iter().map(|copy| copy.content.len() as u64).sum(), quota)?;
    }
    let target = drop.folder(to)?;
    let new = copies.into_iter().map(|copy| target.store(copy)).collect();
    if !moving {
        trace_maildrop(host, drop);
    }
    Ok(new)
}

/// Traces that a client has removed messages for good.
pub(super) fn trace_deleted<H: Host>(host: &mut H, drop: &Maildrop, messages: &[StoredMessage]) {
    for origin in messages.iter().filter_map(|message| message.origin.as_ref()) {
        let (message, mailbox) = (origin.message_id.as_str(), drop.address());
        host.trace(Trace::Mail(MailTrace::Deleted { message, mailbox }));
    }
}
