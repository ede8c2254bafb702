//! What IMAP sessions do with messages.

use std::sync::Arc;

use super::super::mailbox::StoreError;
use super::super::spool::{Spool, trace_phase};
use super::super::upkeep;
use super::{Access, Reader, mailbox_of};
use crate::app::host::Host;
use crate::base::trace::{MailTrace, Phase, Trace};
use crate::proto::imap::{Answer, Fetched, Flags, NewMessage, StoreAction, Stored, SystemFlag};

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
        let uids = upkeep::append(host, drop, uid_validity, quota, messages)?;
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
        upkeep::delete(host, drop, validity, &uids)?;
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
            out.done.extend(folder.change_flags(*uid, action, &named).map(|(now, modseq)| (*uid, now, modseq)));
        }
        self.spread(spool, (&key, validity), Some(reader));
        Ok(Answer::Stored(out))
    }

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
        let new = upkeep::copy(host, drop, (validity, uids), (uid_validity, moving), quota)?;
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
        let (content, flags, modseq) = (Arc::clone(&message.content), message.flags.clone(), message.modseq);
        let mut known = (flags, modseq);
        if whole {
            if let Some(origin) = message.origin.as_ref().filter(|_| !message.retrieved) {
                trace_phase(host, &origin.message_id, &origin.recipient, Phase::Retrieval);
            }
            reader.known.in_flight.push(uid);
        }
        if seen {
            known = folder.change_flags(uid, StoreAction::Add, &SystemFlag::Seen.into()).unwrap_or(known);
            self.spread(spool, (&key, validity), Some(reader));
        }
        let (flags, modseq) = known;
        Answer::Content(Some(Fetched { content, flags, modseq }))
    }
}
