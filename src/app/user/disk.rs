//! What a device knows of a folder, on its disk: which messages it has, how they are marked, and what it did to
//! them without the server knowing yet.
//!
//! Messages are known by what stays the same from session to session (RFC 1939 7; RFC 3501 2.3.1.1). When the
//! folder is another one than before, which shows in its UIDVALIDITY, nothing of that is worth anything.

use std::collections::BTreeMap;

use crate::base::SimTime;
use crate::proto::mailbox::{Handle, Mark, Summary};

/// A message that the device has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Its number by IMAP.
    pub(super) message: Handle,
    /// Since when all of it is here; none of what only its header is known.
    pub(super) since: Option<SimTime>,
    /// Its marks, as the server told them last.
    pub(super) marks: Vec<Mark>,
    /// Whether it was read here, of which the server does not know yet.
    pub(super) read_here: bool,
    /// The folder into which it is to go, of which the server does not know yet.
    pub(super) goes: Option<String>,
}

/// What a device knows of a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    known: BTreeMap<String, Known>,
    /// The last message that it ever knew.
    last: Option<Handle>,
    /// Which folder it was: what stands before the number in a unique-id by IMAP.
    validity: Option<String>,
}

/// How a listing of all messages differs from what was known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Learned {
    /// Messages that are marked in another way.
    pub(super) marked: u64,
    /// Messages that are gone.
    pub(super) gone: u64,
}

impl Disk {
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The last message that it ever knew: by IMAP none before it can be new.
    pub(super) const fn last(&self) -> Option<Handle> {
        self.last
    }

    pub(super) fn known(&self, summary: &Summary) -> Option<&Known> {
        self.known.get(summary.unique.as_ref()?)
    }

    pub(super) fn unsaid(&self) -> impl Iterator<Item = Handle> {
        self.known.values().filter(|known| known.read_here).map(|known| known.message)
    }

    /// Whether these are messages of another folder than before; then it forgets that one.
    pub(super) fn is_another(&mut self, list: &[Summary]) -> bool {
        let validity = |summary: &Summary| Some(summary.unique.as_ref()?.split_once('/')?.0.to_owned());
        let Some(validity) = list.first().and_then(validity) else { return false };
        let another = self.validity.as_ref().is_some_and(|before| *before != validity);
        if another {
            self.known.clear();
            self.last = None;
        }
        self.validity = Some(validity);
        another
    }

    /// The device has the message, since then all of it, or as much of it as it wants.
    pub(super) fn keep(&mut self, summary: &Summary, since: Option<SimTime>) {
        if let Some(unique) = summary.unique.clone() {
            let Summary { message, marks, .. } = summary;
            let (message, marks) = (*message, marks.clone());
            self.last = self.last.max(Some(message));
            self.known.insert(unique, Known { message, since, marks, read_here: false, goes: None });
        }
    }

    /// It was read here.
    pub(super) fn read(&mut self, message: Handle) {
        self.change(message, |known| known.read_here = true);
    }

    /// It is to go into a folder; none: no more.
    pub(super) fn file(&mut self, message: Handle, folder: Option<&str>) {
        self.change(message, |known| known.goes = folder.map(str::to_owned));
    }

    /// The server knows that it was read.
    pub(super) fn said(&mut self, message: Handle) {
        self.change(message, |known| {
            known.read_here = false;
            if !known.marks.contains(&Mark::Seen) {
                known.marks.push(Mark::Seen);
            }
        });
    }

    fn change(&mut self, message: Handle, change: impl Fn(&mut Known)) {
        self.known.values_mut().filter(|known| known.message == message).for_each(change);
    }

    /// It is gone by this device's own doing.
    pub(super) fn forget(&mut self, message: Handle) {
        self.known.retain(|_, known| known.message != message);
    }

    /// Learns from a listing of all messages.
    pub(super) fn learn(&mut self, list: &[Summary]) -> Learned {
        let before = self.known.len();
        let listed: BTreeMap<&str, &Summary> =
            list.iter().filter_map(|summary| Some((summary.unique.as_deref()?, summary))).collect();
        self.known.retain(|unique, _| listed.contains_key(&**unique));
        let mut learned = Learned { marked: 0, gone: (before - self.known.len()) as u64 };
        for (unique, known) in &mut self.known {
            let Some(now) = listed.get(&**unique) else { continue };
            known.message = now.message;
            if known.marks != now.marks {
                known.marks.clone_from(&now.marks);
                learned.marked += 1;
            }
        }
        learned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(uid: u64, marks: &[Mark]) -> Summary {
        Summary {
            message: Handle(uid),
            unique: Some(format!("7/{uid}")),
            bytes: 1,
            message_id: None,
            from: None,
            subject: None,
            marks: marks.to_vec(),
            parts: Vec::new(),
        }
    }

    /// Would break if what others did were not learned once, or one's own doing counted as news.
    #[test]
    fn what_others_did_is_learned_once() {
        let mut disk = Disk::default();
        assert!(!disk.is_another(&[row(1, &[])]));
        (1..=3).for_each(|uid| disk.keep(&row(uid, &[]), Some(SimTime::ZERO)));
        disk.read(Handle(1));
        assert_eq!(disk.unsaid().collect::<Vec<_>>(), [Handle(1)]);
        disk.said(Handle(1));
        assert_eq!(disk.unsaid().count(), 0);
        disk.forget(Handle(2));
        let now = [row(1, &[Mark::Seen]), row(3, &[Mark::Flagged])];
        assert_eq!(disk.learn(&now), Learned { marked: 1, gone: 0 });
        assert_eq!(disk.learn(&now), Learned::default());
        assert_eq!(disk.learn(&now[..1]), Learned { marked: 0, gone: 1 });
        assert_eq!(disk.last(), Some(Handle(3)));
        let other = Summary { unique: Some("8/1".to_owned()), ..row(1, &[]) };
        assert!(disk.is_another(&[other]) && disk.is_empty());
    }
}
