//! What a person wants done to messages while the server does not know of it: it is on the disk from the moment it is
//! wanted, and done in the next session that looks at the folder, where the message is still there.
//!
//! By IMAP only: POP3 deletes by what is on the disk anyway, and a browser keeps nothing.

use super::super::shelf::Wish;
use super::super::steps::Means;
use super::{Act, Desk, Move, Outcome, Sitting, Then};
use crate::proto::mailbox::{Detail, Done, Handle, Task};

impl Sitting {
    /// Whether all that is open was seen.
    pub(super) fn is_open(&self) -> bool {
        let text = |number: &u64| self.item(*number).is_some_and(|item| item.text.is_some());
        self.means == Means::Imap && !self.opened.is_empty() && self.opened.iter().all(text)
    }

    /// A message is to go into a folder; none: it is to be deleted.
    pub(super) fn wish<D: Desk>(&self, desk: &mut D, number: u64, into: Option<&str>) {
        let Some(item) = self.item(number).filter(|_| self.means == Means::Imap) else { return };
        let Some(unique) = item.unique.clone() else { return };
        let wish = Wish { into: into.map(str::to_owned), message_id: item.message_id.clone() };
        desk.shelf().wishes.entry(self.folder.clone()).or_default().insert((number, unique), wish);
    }

    /// The server has answered.
    pub(super) fn granted<D: Desk>(&self, desk: &mut D, number: u64) {
        if let Some(wishes) = desk.shelf().wishes.get_mut(&self.folder) {
            wishes.retain(|(known, _), _| *known != number);
        }
    }

    /// Asks what is still there of messages that were to go away.
    pub(super) fn recall<D: Desk>(&mut self, desk: &mut D) {
        let wishes = desk.shelf().wishes.get(&self.folder);
        let first = wishes.and_then(|wishes| wishes.keys().next()).map(|(number, _)| *number);
        if let Some(first) = first.filter(|_| self.means == Means::Imap) {
            let (folder, behind) = (self.folder.clone(), Some(Handle(first.saturating_sub(1))));
            let task = Task::List { folder, behind, detail: Detail::Bare };
            self.moves.push_front(Move::Ask(task, Then::Recall));
        }
    }

    /// What is not there any more was done already, or by others; in another folder of that name nothing is to do.
    pub(super) fn recalled<D: Desk>(&mut self, desk: &mut D, done: Done) {
        let Done::Listed(list) = done else { return };
        let wishes = desk.shelf().wishes.remove(&self.folder).unwrap_or_default();
        let there = |(number, unique): &(u64, String)| {
            list.iter().any(|row| row.message.0 == *number && row.unique.as_ref() == Some(unique))
        };
        let (there, _): (Vec<_>, Vec<_>) = wishes.into_iter().partition(|(key, _)| there(key));
        desk.shelf().wishes.insert(self.folder.clone(), there.iter().cloned().collect());
        for (key, wish) in there.into_iter().rev() {
            let message = Handle(key.0);
            let task = match wish.into.clone() {
                Some(folder) => Task::Move { message, folder },
                None => Task::Delete { message },
            };
            self.moves.push_front(Move::Ask(task, Then::Recalled(key, Box::new(wish))));
        }
    }

    /// It is done, or cannot be.
    pub(super) fn caught_up<D: Desk>(&mut self, desk: &mut D, number: u64, wish: &Wish, outcome: Outcome) {
        self.granted(desk, number);
        let (action, folder) = match &wish.into {
            Some(folder) => ("file", folder),
            None => ("delete", &self.folder),
        };
        desk.act(Act { action, message: &wish.message_id, folder, outcome });
        self.gone(number, outcome != Outcome::Done);
    }
}
