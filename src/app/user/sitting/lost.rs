//! What becomes of a session whose mailbox cannot be reached any more: what the person wanted to do is told as
//! refused, each thing once, in the order in which it was wanted.

use super::super::steps::{Means, Pick, Step};
use super::{Act, DRAFTS, Desk, Move, Outcome, Sitting, Then};

impl Sitting {
    /// The connection ended before its time.
    pub(in crate::app::user) fn lost<D: Desk>(&mut self, desk: &mut D) {
        self.online = false;
        let Some(then) = self.busy.take() else { return };
        if matches!(then, Then::Left) {
            return;
        }
        self.alone = true;
        self.void(desk, then);
        for next in std::mem::take(&mut self.moves) {
            match next {
                Move::Ask(_, then) => self.void(desk, then),
                Move::Show(number) => self.tell(desk, "open", number, Outcome::Refused),
                Move::Answer { number, all, .. } => {
                    self.tell(desk, if all { "reply_all" } else { "reply" }, number, Outcome::Refused);
                }
                Move::PassOn { number, .. } => self.tell(desk, "forward", number, Outcome::Refused),
                Move::Leave | Move::Shelve => {}
            }
        }
        let webmail = self.means == Means::Webmail;
        // What is wanted of the message that was open is kept for a next session.
        let mut here = self.is_open();
        for step in std::mem::take(&mut self.steps) {
            here &= !matches!(step, Step::Look { .. } | Step::Open(_));
            let away = matches!(step, Step::File(Pick::Opened, _) | Step::Delete(Pick::Opened));
            let alone = matches!(step, Step::Write(_) | Step::Save(_) | Step::Finish(_) | Step::Wait(_));
            if !webmail && (alone || here && away) {
                self.steps.push_back(step);
            } else if let Some((action, folder)) = wanted(&step) {
                desk.act(Act { action, message: "", folder, outcome: Outcome::Refused });
            }
        }
    }

    /// What a task was for will not be done. What only prepares something else is not told.
    pub(super) fn void<D: Desk>(&self, desk: &mut D, then: Then) {
        let mut act = |action, message: &str, folder: &str| {
            desk.act(Act { action, message, folder, outcome: Outcome::Refused });
        };
        match then {
            Then::Look => act("look", "", &self.folder),
            Then::Search => act("search", "", &self.folder),
            Then::File(number) => act("attachment", &self.message_id(number), &self.folder),
            Then::Moved(number, folder) => act("file", &self.message_id(number), &folder),
            Then::Deleted(number) => act("delete", &self.message_id(number), &self.folder),
            Then::Marked(number, _) => act("mark", &self.message_id(number), &self.folder),
            Then::Handed(action, about) => act(action, &about, ""),
            Then::Saved => act("draft", "", DRAFTS),
            Then::Kept(folder) if folder == DRAFTS => act("draft", "", DRAFTS),
            Then::Kept(_) | Then::More | Then::Back | Then::Header(_) | Then::Text(_) | Then::Whole(_) => {}
            Then::Download(..) | Then::Watched | Then::Drafts(_) | Then::Quiet | Then::Left => {}
            Then::Resume { .. } => act("finish", "", DRAFTS),
            Then::Recall | Then::Recalled(..) => {}
        }
    }
}

/// The action that a step would have been, and its folder. Pauses and what habits do by themselves are none.
fn wanted(step: &Step) -> Option<(&'static str, &str)> {
    Some(match step {
        Step::Look { folder, .. } => ("look", folder),
        Step::Search(_) => ("search", ""),
        Step::Open(_) => ("open", ""),
        Step::Attachment(..) => ("attachment", ""),
        Step::Reply { all: false, .. } => ("reply", ""),
        Step::Reply { all: true, .. } => ("reply_all", ""),
        Step::Forward { .. } => ("forward", ""),
        Step::Write(_) => ("write", ""),
        Step::Save(_) => ("draft", ""),
        Step::Finish(_) => ("finish", ""),
        Step::File(_, folder) => ("file", folder),
        Step::Delete(_) => ("delete", ""),
        Step::Mark(..) => ("mark", ""),
        Step::Wait(_) | Step::Watch(_) | Step::Deal | Step::Decide | Step::PutAway(_) => return None,
    })
}
