//! What IMAP sessions do with folders.

use super::super::mailbox::StoreError;
use super::super::spool::{Spool, trace_maildrop};
use super::super::upkeep::trace_deleted;
use super::{Access, Place, Reader, deselect, done, mailbox_of};
use crate::app::host::Host;
use crate::proto::imap::{Answer, Change, Quota, Selected};

/// RFC 3501 6.3.1: the folder selected before is left, even if this fails.
pub(super) fn select<H: Host>(
    host: &mut H,
    spool: &mut Spool,
    reader: &mut Reader,
    name: &str,
    read_only: bool,
) -> Result<Answer, StoreError> {
    deselect(host, spool, reader);
    let drop = mailbox_of(spool, reader)?;
    let validity = drop.named(name)?;
    let folder = drop.folder(validity)?;
    folder.watch();
    reader.known.selected = Some(Place { folder: validity, read_only });
    Ok(Answer::Selected(Selected {
        uid_validity: validity,
        uid_next: folder.next_uid(),
        highest_modseq: folder.highest_modseq(),
        keywords: folder.keywords(),
        messages: folder.entries(read_only),
    }))
}

pub(super) fn status(spool: &mut Spool, reader: &Reader, name: &str) -> Result<Answer, StoreError> {
    let drop = mailbox_of(spool, reader)?;
    let validity = drop.named(name)?;
    Ok(Answer::Status(drop.folder(validity)?.counts()))
}

/// What a user stores and may store; RFC 9208: IMAP tells what the server goes by.
pub(super) fn quota(spool: &mut Spool, reader: &Reader, name: Option<&str>) -> Result<Answer, StoreError> {
    let key = reader.known.mailbox.as_deref().unwrap_or_default();
    let allowed = spool.homes.quota(key);
    let drop = mailbox_of(spool, reader)?;
    if let Some(name) = name {
        drop.named(name)?;
    }
    Ok(Answer::Quota(Quota {
        octets: (drop.octets(), allowed.size.map(|size| size.bytes())),
        messages: (drop.count() as u64, allowed.messages),
    }))
}

impl Access {
    pub(super) fn unselect<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        reader: &mut Reader,
        expunge: bool,
    ) -> Result<Answer, StoreError> {
        if expunge && reader.known.selected.is_some() {
            self.expunge(host, spool, reader, None)?;
        }
        deselect(host, spool, reader);
        Ok(Answer::Done)
    }

    pub(super) fn delete<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        reader: &mut Reader,
        name: &str,
    ) -> Result<Answer, StoreError> {
        let validity = mailbox_of(spool, reader)?.named(name)?;
        let key = reader.known.mailbox.clone().unwrap_or_default();
        let (_, gone) = mailbox_of(spool, reader)?.remove(name)?;
        if reader.known.looks_at(&key, validity).is_some() {
            reader.talk.session.notify(Change::Deselected);
            deselect(host, spool, reader);
        }
        for other in self.calls.all().filter(|other| other.known.looks_at(&key, validity).is_some()) {
            other.talk.session.notify(Change::Vanished);
            self.told.push(other.talk.socket());
        }
        let drop = mailbox_of(spool, reader)?;
        trace_deleted(host, drop, &gone);
        if !gone.is_empty() {
            trace_maildrop(host, drop);
        }
        Ok(Answer::Done)
    }

    pub(super) fn rename(
        &mut self,
        spool: &mut Spool,
        reader: &mut Reader,
        from: &str,
        to: &str,
    ) -> Result<Answer, StoreError> {
        let drop = mailbox_of(spool, reader)?;
        drop.rename(from, to, self.config.separator)?;
        let inbox = drop.inbox().validity();
        let key = reader.known.mailbox.clone().unwrap_or_default();
        self.spread(spool, (&key, inbox), Some(reader));
        Ok(done(()))
    }
}
