//! What comes of a task: what was fetched is kept, and what was wanted is told.

use std::collections::BTreeSet;

use super::{Act, DRAFTS, Desk, Item, Move, Outcome, Sitting, Then};
use crate::proto::mailbox::{Detail, Done, Handle, Mark, Part, Summary, Task, Writing};
use crate::proto::message::Original;
use crate::proto::message::original::{lines, text_of};
use crate::proto::message::read::decode::plain_text;

impl Sitting {
    /// The task under way is done, one way or another.
    pub(in crate::app::user) fn done<D: Desk>(&mut self, desk: &mut D, done: Done) {
        let Some(then) = self.busy.take() else { return };
        let refused = matches!(done, Done::Refused(_));
        let outcome = if refused { Outcome::Refused } else { Outcome::Done };
        match then {
            Then::Look => self.looked(desk, done),
            Then::More => {
                if let Done::Listed(list) = done {
                    self.extend(desk, list);
                }
            }
            Then::Search => self.found(desk, done),
            Then::Header(number) => {
                if let (Done::Opened { content, .. }, Some(item)) = (done, self.item_mut(number)) {
                    let original = Original::read(&content);
                    if let Some(id) = original.message_id.as_ref().filter(|_| item.message_id.is_empty()) {
                        item.message_id.clone_from(id);
                    }
                    item.header = Some((content, original));
                }
            }
            Then::Text(number) => self.text(desk, number, done),
            Then::Whole(number) => {
                if let (Done::Opened { content, .. }, Some(item)) = (done, self.item_mut(number)) {
                    item.whole = Some(content);
                }
            }
            Then::File(number) => self.tell(desk, "attachment", number, outcome),
            Then::Download(handle, unique) => self.downloaded(desk, handle, unique, done),
            Then::Moved(number, folder) => {
                let message = self.message_id(number);
                desk.act(Act { action: "file", message: &message, folder: &folder, outcome });
                self.granted(desk, number);
                self.gone(number, refused);
            }
            Then::Recall => self.recalled(desk, done),
            Then::Recalled((number, _), wish) => self.caught_up(desk, number, &wish, outcome),
            Then::Deleted(number) => {
                self.granted(desk, number);
                self.tell(desk, "delete", number, outcome);
                self.gone(number, refused);
            }
            Then::Marked(number, seen) => {
                self.tell(desk, "mark", number, outcome);
                if let Some(item) = self.item_mut(number).filter(|_| !refused) {
                    item.seen |= seen;
                }
            }
            Then::Kept(folder) if folder == DRAFTS => {
                desk.act(Act { action: "draft", message: "", folder, outcome });
            }
            Then::Kept(_) => {}
            Then::Handed(action, about) => {
                let sent = if let Done::Sent(Some(id)) = done { id } else { String::new() };
                let message = if about.is_empty() { sent } else { about };
                desk.act(Act { action, message: &message, folder: "", outcome });
            }
            Then::Saved => {
                if let (Done::Sent(id), Some(saved)) = (done, desk.shelf().drafts.last_mut()) {
                    saved.message_id = id;
                }
                desk.act(Act { action: "draft", message: "", folder: DRAFTS, outcome });
            }
            Then::Watched => self.watched(done),
            Then::Drafts(id) => self.drop_draft(&id, done),
            Then::Resume { id, subject, text } => self.resume(desk, (id.as_deref(), &subject), text, done),
            Then::Back | Then::Quiet | Then::Left => {}
        }
    }

    pub(super) fn tell<D: Desk>(&self, desk: &mut D, action: &'static str, number: u64, outcome: Outcome) {
        let message = self.message_id(number);
        desk.act(Act { action, message: &message, folder: &self.folder, outcome });
    }

    pub(super) fn gone(&mut self, number: u64, refused: bool) {
        if !refused {
            self.list.retain(|item| item.number != number);
        }
    }

    fn looked<D: Desk>(&mut self, desk: &mut D, done: Done) {
        let Done::Listed(list) = done else {
            return desk.act(Act { action: "look", message: "", folder: &self.folder, outcome: Outcome::Refused });
        };
        if self.means.is_local() {
            self.download(desk, list);
        } else {
            self.extend(desk, list);
            self.recall(desk);
        }
        desk.act(Act { action: "look", message: "", folder: &self.folder, outcome: Outcome::Done });
    }

    fn extend<D: Desk>(&mut self, desk: &D, list: Vec<Summary>) {
        let times = (desk.looking_since(), desk.now());
        for summary in list {
            // Some servers answer with the last message where there is none behind it (RFC 3501 6.4.8).
            if self.item(summary.message.0).is_none() {
                let name =
                    summary.message_id.clone().unwrap_or_else(|| format!("{}/{}", self.folder, summary.message.0));
                let times = *self.known.entry(name).or_insert(times);
                self.list.push(Item::new(summary, times));
            }
        }
    }

    /// By POP3 all that is new is fetched; then the connection is closed, and the rest is reading.
    fn download<D: Desk>(&mut self, desk: &mut D, list: Vec<Summary>) {
        let there: BTreeSet<&str> = list.iter().filter_map(|summary| summary.unique.as_deref()).collect();
        desk.shelf().forget_all_but(&there);
        for Summary { message, unique, .. } in list {
            let shelf = desk.shelf();
            if shelf.dooms(unique.as_deref()) {
                self.moves.push_back(Move::Ask(Task::Delete { message }, Then::Quiet));
            } else if !shelf.knows(unique.as_deref()) {
                let task = Task::Open { message, part: Part::Whole };
                self.moves.push_back(Move::Ask(task, Then::Download(message, unique)));
            } else if self.means == super::Means::Pop3 {
                // The session in which it was to be deleted broke.
                self.moves.push_back(Move::Ask(Task::Delete { message }, Then::Quiet));
            }
        }
        self.moves.push_back(Move::Leave);
        self.moves.push_back(Move::Shelve);
    }

    fn downloaded<D: Desk>(&mut self, desk: &mut D, message: Handle, unique: Option<String>, done: Done) {
        let Done::Opened { content, .. } = done else { return };
        let times = (desk.looking_since(), desk.now());
        desk.shelf().put(unique, content, times);
        if self.means == super::Means::Pop3 {
            self.moves.push_front(Move::Ask(Task::Delete { message }, Then::Quiet));
        }
    }

    fn found<D: Desk>(&mut self, desk: &mut D, done: Done) {
        let outcome = match done {
            Done::Found(handles) => {
                self.list.retain(|item| handles.contains(&Handle(item.number)));
                if self.list.is_empty() { Outcome::Nothing } else { Outcome::Done }
            }
            Done::Listed(_) | Done::Opened { .. } | Done::Changed | Done::Sent(_) => Outcome::Refused,
            Done::News | Done::NoNews | Done::Refused(_) => Outcome::Refused,
        };
        desk.act(Act { action: "search", message: "", folder: &self.folder, outcome });
    }

    fn text<D: Desk>(&mut self, desk: &mut D, number: u64, done: Done) {
        let now = desk.now();
        let Done::Opened { content, .. } = done else {
            return self.tell(desk, "open", number, Outcome::Refused);
        };
        let Some(item) = self.item_mut(number) else { return };
        item.times.1 = now;
        // The header tells how the text of a message without parts is encoded.
        let single = item.header.as_ref().filter(|_| item.parts.len() <= 1);
        item.text = Some(match single {
            Some((header, _)) => text_of(&[header, &content[..]].concat()),
            None => lines(&plain_text(&content)),
        });
    }

    fn watched(&mut self, done: Done) {
        if matches!(done, Done::News) {
            let (folder, behind) = (self.folder.clone(), self.last());
            let task = Task::List { folder, behind, detail: Detail::Lines };
            self.moves.push_back(Move::Ask(task, Then::More));
        }
    }

    /// The draft is opened in the form again, and sent from there; then the folder of the list is looked at again.
    fn resume<D: Desk>(&mut self, desk: &mut D, (id, subject): (Option<&str>, &str), text: String, done: Done) {
        let missing = if matches!(done, Done::Refused(_)) { Outcome::Refused } else { Outcome::Nothing };
        let list = if let Done::Listed(list) = done { list } else { Vec::new() };
        // Lists say something of their own where there is no subject.
        let subject = subject.trim();
        let named = |draft: &&Summary| match id {
            Some(_) => draft.message_id.as_deref() == id,
            None => subject.is_empty() || draft.subject.as_deref() == Some(subject),
        };
        let drafts = list.iter().filter(named).filter(|summary| summary.marks.contains(&Mark::Draft));
        let found = drafts.map(|summary| summary.message).max();
        if !self.folder.is_empty() {
            self.back();
        }
        match found {
            Some(_) => {
                let writing = Writing { text, resumes: found, ..Writing::default() };
                self.moves.push_front(Move::Ask(Task::Send(writing), Then::Handed("finish", String::new())));
            }
            None => desk.act(Act { action: "finish", message: "", folder: DRAFTS, outcome: missing }),
        }
    }

    /// What was a draft is sent; then the folder of the list is looked at again.
    fn drop_draft(&mut self, id: &str, done: Done) {
        if !self.folder.is_empty() {
            self.back();
        }
        if let Done::Listed(list) = done {
            let sent = list.iter().filter(|summary| summary.message_id.as_deref() == Some(id));
            for summary in sent {
                self.moves.push_front(Move::Ask(Task::Delete { message: summary.message }, Then::Quiet));
            }
        }
    }
}
