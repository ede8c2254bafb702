//! What IMAP sessions do with messages.

use std::sync::Arc;

use super::super::folder::StoredMessage;
use super::super::mailbox::StoreError;
use super::super::spool::{Spool, trace_maildrop, trace_phase};
use super::{Access, Reader, mailbox_of, trace_deleted};
use crate::app::host::Host;
use crate::base::trace::{MailTrace, Phase, Trace};
use crate::proto::imap::{Answer, Fetched, Flags, InternalDate, NewMessage, StoreAction, Stored, SystemFlag};
use crate::proto::message::first;

/// The messages were received whole: for those that came by mail it is the end of their way.
pub(super) fn received<H: Host>(host: &mut H, spool: &mut Spool, reader: &mut Reader, uids: &[u32]) {
    reader.known.in_flight.clear();
    let (conn, place) = (reader.talk.conn(), reader.known.selected);
    let Ok(drop) = mailbox_of(spool, reader) else { return };
    let mailbox = drop.address().to_owned();
    let Some(folder) = place.and_then(|place| drop.folder(place.folder).ok()) else { return };
    for uid in uids {
        let Some(message) = folder.message_mut(*uid).filter(|message| !message.retrieved) else { continue };
        message.retrieved = true;
        // A user agent of the simulation says so itself, when it has the message.
        if let Some(origin) = message.origin.as_ref().filter(|_| host.opened_from_outside(conn)) {
            let (message, mailbox) = (origin.message_id.as_str(), mailbox.as_str());
            host.trace(Trace::Mail(MailTrace::Retrieved { message, mailbox, conn }));
        }
    }
}

fn selected(reader: &Reader) -> Result<(String, u32), StoreError> {
    let key = reader.known.mailbox.clone().ok_or(StoreError::NoSuchFolder)?;
    reader.known.selected.map(|place| (key, place.folder)).ok_or(StoreError::NoSuchFolder)
}

impl Access {
    pub(super) fn append<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        reader: &mut Reader,
        name: &str,
        messages: Vec<NewMessage>,
    ) -> Result<Answer, StoreError> {
        let quota = spool.homes.quota(reader.known.mailbox.as_deref().unwrap_or_default());
        let drop = mailbox_of(spool, reader)?;
        let uid_validity = drop.named(name)?;
        drop.has_room(messages.len(), messages.iter().map(|new| new.content.len() as u64).sum(), quota)?;
        let folder = drop.folder(uid_validity)?;
        let known: Option<Vec<Flags>> = messages.iter().map(|new| folder.known(&new.flags)).collect();
        let known = known.ok_or(StoreError::Keywords)?;
        let mut uids = Vec::with_capacity(messages.len());
        for (NewMessage { date, content, .. }, flags) in messages.into_iter().zip(known) {
            let date = date.unwrap_or_else(|| InternalDate::utc(host.calendar()));
            let (message, bytes) = (first(&content, "Message-ID").unwrap_or_default(), content.len() as u64);
            let (stored, origin) = (host.now(), None);
            let new = StoredMessage { uid: 0, origin, content, stored, date, flags, modseq: 0, retrieved: false };
            uids.push(drop.folder(uid_validity)?.store(new));
            let (message, mailbox) = (message.as_str(), drop.address());
            host.trace(Trace::Mail(MailTrace::Appended { message, mailbox, bytes }));
        }
        trace_maildrop(host, drop);
        let key = reader.known.mailbox.clone().unwrap_or_default();
        self.spread(spool, (&key, uid_validity), Some(reader));
        Ok(Answer::Appended { uid_validity, uids })
    }

    pub(super) fn expunge<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        reader: &mut Reader,
        among: Option<&[u32]>,
    ) -> Result<Answer, StoreError> {
        let (key, validity) = selected(reader)?;
        let drop = mailbox_of(spool, reader)?;
        let folder = drop.folder(validity)?;
        let mut uids = folder.deleted();
        uids.retain(|uid| among.is_none_or(|among| among.binary_search(uid).is_ok()));
        if uids.is_empty() {
            return Ok(Answer::Done);
        }
        let gone = folder.remove(&uids);
        trace_deleted(host, drop, &gone);
        trace_maildrop(host, drop);
        self.spread(spool, (&key, validity), Some(reader));
        Ok(Answer::Done)
    }

    pub(super) fn store(
        &mut self,
        spool: &mut Spool,
        reader: &mut Reader,
        uids: &[u32],
        (action, flags, unchanged_since): (StoreAction, &Flags, Option<u64>),
    ) -> Result<Answer, StoreError> {
        let (key, validity) = selected(reader)?;
        let folder = mailbox_of(spool, reader)?.folder(validity)?;
        let named = match action {
            // Who takes a keyword away does not make it known.
            StoreAction::Remove => flags.clone(),
            StoreAction::Replace | StoreAction::Add => folder.known(flags).ok_or(StoreError::Keywords)?,
        };
        let mut out = Stored::default();
        for uid in uids {
            let Some(message) = folder.message(*uid) else { continue };
            // RFC 7162 3.1.3: what changed later is left alone.
            if unchanged_since.is_some_and(|since| message.modseq > since) {
                out.modified.push(*uid);
                continue;
            }
            let mut now = message.flags.clone();
            action.apply(&mut now, &named);
            let modseq = folder.set_flags(*uid, now.clone()).unwrap_or(0);
            out.done.push((*uid, now, modseq));
        }
        self.spread(spool, (&key, validity), Some(reader));
        Ok(Answer::Stored(out))
    }

    /// RFC 3501 6.4.7: all messages are copied, or none. RFC 6851: MOVE takes them away from
    /// here as well.
    pub(super) fn copy<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        reader: &mut Reader,
        uids: &[u32],
        (to, moving): (&str, bool),
    ) -> Result<Answer, StoreError> {
        let (key, validity) = selected(reader)?;
        let quota = spool.homes.quota(&key);
        let drop = mailbox_of(spool, reader)?;
        let uid_validity = drop.named(to)?;
        let folder = drop.folder(validity)?;
        let copies: Vec<StoredMessage> = uids.iter().filter_map(|uid| folder.message(*uid)).cloned().collect();
        if copies.len() < uids.len() {
            return Err(StoreError::Gone);
        }
        if moving {
            folder.remove(uids);
        } else {
            drop.has_room(copies.len(), copies.iter().map(|copy| copy.content.len() as u64).sum(), quota)?;
        }
        let target = drop.folder(uid_validity)?;
        let new = copies.into_iter().map(|copy| target.store(copy)).collect();
        if !moving {
            trace_maildrop(host, drop);
        }
        self.spread(spool, (&key, validity), Some(reader));
        if uid_validity != validity {
            self.spread(spool, (&key, uid_validity), Some(reader));
        }
        Ok(Answer::Copied { uid_validity, from: uids.to_vec(), to: new })
    }

    pub(super) fn content<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        reader: &mut Reader,
        uid: u32,
        (seen, whole): (bool, bool),
    ) -> Answer {
        let Ok((key, validity)) = selected(reader) else { return Answer::Content(None) };
        let Ok(folder) = mailbox_of(spool, reader).and_then(|drop| drop.folder(validity)) else {
            return Answer::Content(None);
        };
        let Some(message) = folder.message(uid) else { return Answer::Content(None) };
        let (content, mut flags) = (Arc::clone(&message.content), message.flags.clone());
        let mut modseq = message.modseq;
        if whole {
            if let Some(origin) = message.origin.as_ref().filter(|_| !message.retrieved) {
                trace_phase(host, &origin.message_id, &origin.recipient, Phase::Retrieval);
            }
            reader.known.in_flight.push(uid);
        }
        if seen {
            flags.insert(SystemFlag::Seen);
            modseq = folder.set_flags(uid, flags.clone()).unwrap_or(modseq);
            self.spread(spool, (&key, validity), Some(reader));
        }
        Answer::Content(Some(Fetched { content, flags, modseq }))
    }
}
