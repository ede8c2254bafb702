//! What people did in their sessions with the mailbox.

use super::names::{NameId, Names, Text};
use super::summary::{Metric, Metrics};
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::SimTime;
use crate::base::trace::MailTrace;

/// Something that a person did, or wanted to do: a row of the table `person_actions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRow {
    /// When it was done.
    pub at: SimTime,
    /// The person's address.
    pub user: Text,
    /// The computer.
    pub device: Text,
    /// How the person gets at the mailbox.
    pub protocol: Text,
    /// What.
    pub action: Text,
    /// Message-ID; empty if none is known.
    pub message: Text,
    /// The folder; empty where none matters.
    pub folder: Text,
    /// `done`, `nothing` or `refused`.
    pub outcome: Text,
}

#[derive(Clone, Copy, Debug)]
struct Deed {
    at: SimTime,
    device: HostId,
    texts: [NameId; 6],
}

/// All that people did.
#[derive(Clone, Debug, Default)]
pub(super) struct Deeds {
    all: Vec<Deed>,
}

impl Deeds {
    pub(super) fn observe(&mut self, names: &mut Names, (device, at): (HostId, SimTime), mail: &MailTrace<'_>) {
        let MailTrace::Acted { user, protocol, action, message, folder, outcome } = *mail else { return };
        let texts = [user, protocol, action, message, folder, outcome].map(|text| names.id(text));
        self.all.push(Deed { at, device, texts });
    }

    /// The rows by time and user, those of one user at one instant in their order; none where nobody did anything.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> Option<Vec<ActionRow>> {
        let row = |deed: Deed| {
            let [user, protocol, action, message, folder, outcome] = deed.texts.map(|id| names.text(id));
            let device = names.share(directory.host_name(deed.device));
            ActionRow { at: deed.at, user, device, protocol, action, message, folder, outcome }
        };
        let mut rows: Vec<ActionRow> = self.all.into_iter().map(row).collect();
        rows.sort_by(|a, b| (a.at, &a.user).cmp(&(b.at, &b.user)));
        (!rows.is_empty()).then_some(rows)
    }
}

/// The numbers of a run's rows.
pub(super) fn count(rows: &[ActionRow], metrics: &mut Metrics) {
    let done = |actions: &[&str]| {
        let counts = |row: &&ActionRow| &*row.outcome == "done" && actions.contains(&&*row.action);
        Metric::Integer(rows.iter().filter(counts).count() as u64)
    };
    let numbers = [
        ("people.deleted", done(&["delete"])),
        ("people.filed", done(&["file"])),
        ("people.forwards", done(&["forward"])),
        ("people.opened", done(&["open"])),
        ("people.replies", done(&["reply", "reply_all"])),
        ("people.sessions", done(&["begin"])),
        ("people.written", done(&["write", "finish"])),
    ];
    metrics.extend(numbers.map(|(name, number)| (name.to_owned(), number)));
    let refused = rows.iter().filter(|row| &*row.outcome == "refused").count() as u64;
    metrics.insert("people.refused".to_owned(), Metric::Integer(refused));
}
