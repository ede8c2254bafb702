//! Messages on their way to browsers.
//!
//! As by POP3 and IMAP, a message counts as retrieved when its reader is heard of again after all of it was sent: by
//! another request on the connection, or by its orderly end. One whose connection breaks before lies in the mailbox as
//! before.

use std::sync::Arc;

use super::asked::Place;
use crate::app::host::Host;
use crate::app::mail::folder::Origin;
use crate::app::mail::spool::{Spool, trace_phase};
use crate::base::ConnId;
use crate::base::trace::{MailTrace, Phase, Trace};
use crate::proto::imap::{Flags, SystemFlag};

/// A message of a mailbox, in a folder by its validity.
#[derive(Clone, Debug)]
pub(super) struct UnderWay {
    mailbox: String,
    folder: u32,
    uid: u32,
    /// What came by mail.
    origin: Option<Arc<Origin>>,
}

/// A message goes to its reader, who is taken to read it if it is shown.
pub(super) fn begin<H: Host>(
    host: &mut H,
    spool: &mut Spool,
    (key, place): (&str, &Place),
    seen: bool,
) -> Option<UnderWay> {
    let drop = spool.maildrops.get_mut(key)?;
    let validity = drop.named(&place.folder).ok()?;
    let folder = drop.folder(validity).ok()?;
    let message = folder.message_mut(place.uid)?;
    let origin = message.origin.clone().filter(|_| !message.retrieved);
    if let Some(origin) = &origin {
        trace_phase(host, &origin.message_id, &origin.recipient, Phase::Retrieval);
    }
    if seen && !message.flags.has(SystemFlag::Seen) {
        let mut flags: Flags = message.flags.clone();
        flags.insert(SystemFlag::Seen);
        folder.set_flags(place.uid, flags);
        spool.touched.push((key.to_owned(), validity));
    }
    Some(UnderWay { mailbox: key.to_owned(), folder: validity, uid: place.uid, origin })
}

impl UnderWay {
    /// Notes that it is retrieved; false if that was known.
    fn note(&self, spool: &mut Spool) -> bool {
        let folder = spool.maildrops.get_mut(&self.mailbox).and_then(|drop| drop.folder(self.folder).ok());
        let message = folder.and_then(|folder| folder.message_mut(self.uid));
        // What is elsewhere by now is still here, at the reader.
        message.is_none_or(|message| !std::mem::replace(&mut message.retrieved, true))
    }

    /// The reader has it: for one that came by mail it is the end of its way.
    pub(super) fn came<H: Host>(self, host: &mut H, spool: &mut Spool, conn: ConnId) {
        let first = self.note(spool);
        // A user agent of the simulation says so itself, when it has the message.
        if let Some(origin) = self.origin.as_ref().filter(|_| first && host.opened_from_outside(conn)) {
            let message = origin.message_id.as_str();
            let mailbox = spool.maildrops.get(&self.mailbox).map_or("", |drop| drop.address());
            host.trace(Trace::Mail(MailTrace::Retrieved { message, mailbox, conn }));
        }
    }

    /// It did not come, as far as anybody knows.
    pub(super) fn cut<H: Host>(self, host: &mut H, spool: &mut Spool) {
        let folder = spool.maildrops.get_mut(&self.mailbox).and_then(|drop| drop.folder(self.folder).ok());
        let retrieved = folder.and_then(|folder| folder.message(self.uid)).is_some_and(|message| message.retrieved);
        if let Some(origin) = self.origin.filter(|_| !retrieved) {
            trace_phase(host, &origin.message_id, &origin.recipient, Phase::InMailbox);
        }
    }
}
