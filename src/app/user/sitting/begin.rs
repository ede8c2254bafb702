//! What a step comes to: the moves that it takes by the person's protocol.

use std::sync::Arc;

use super::super::answers;
use super::super::compose::{Body, Draft, Extras};
use super::super::shelf::Saved;
use super::super::steps::{Files, Means, Pick, Step};
use super::{Act, DRAFTS, Desk, Facts, INBOX, Item, Move, Outcome, SENT, Sitting, Then};
use crate::proto::imap::search::Query;
use crate::proto::mailbox::{About, Criteria, Detail, Handle, Mark, Part, Task, Writing};
use crate::proto::message::Original;
use crate::proto::message::original::text_of;

impl Sitting {
    pub(super) fn begin<D: Desk>(&mut self, desk: &mut D, step: Step) {
        match step {
            Step::Look { folder, new } => self.look(desk, folder, new),
            Step::Search(criteria) => self.search(desk, criteria),
            Step::Open(which) => self.open(desk, &which),
            Step::Attachment(which, files) => self.attachment(desk, &which, files),
            Step::Reply { which, all, text } => self.reply(desk, &which, all, &text),
            Step::Forward { which, to, text, whole } => self.forward(desk, &which, &to, (&text, whole)),
            Step::Write(draft) => self.write(desk, &draft, "write"),
            Step::Save(draft) => self.save(desk, *draft),
            Step::Finish(text) => self.finish(desk, &text),
            Step::File(which, folder) => {
                for number in self.some(desk, &which, "file") {
                    self.wish(desk, number, Some(&folder));
                    let task = Task::Move { message: Handle(number), folder: folder.clone() };
                    self.moves.push_back(Move::Ask(task, Then::Moved(number, folder.clone())));
                }
            }
            Step::Delete(which) => self.delete(desk, &which),
            Step::Mark(which, mark, on) => {
                for number in self.some(desk, &which, "mark") {
                    let task = Task::Mark { message: Handle(number), mark, on };
                    self.moves.push_back(Move::Ask(task, Then::Marked(number, mark == Mark::Seen && on)));
                }
            }
            Step::Wait(time) => self.until = desk.now().saturating_add(time),
            Step::Watch(time) => {
                let until = desk.now().saturating_add(time);
                self.moves.push_back(Move::Ask(Task::Watch { until }, Then::Watched));
            }
            Step::Deal => {
                let unread = self.pick(&Pick::Unread);
                self.pass_over(desk, unread.first().copied());
                for number in unread.into_iter().rev() {
                    self.steps.push_front(Step::Decide);
                    self.steps.push_front(Step::Open(Pick::Number(number)));
                }
            }
            Step::Decide => self.decide(desk),
            Step::PutAway(number) => desk.shelf().put_away(number),
        }
    }

    /// The messages meant; that there is none is told.
    fn some<D: Desk>(&self, desk: &mut D, which: &Pick, action: &'static str) -> Vec<u64> {
        let found = self.pick(which);
        if found.is_empty() {
            let folder = self.folder.as_str();
            desk.act(Act { action, message: "", folder, outcome: Outcome::Nothing });
        }
        found
    }

    fn look<D: Desk>(&mut self, desk: &mut D, folder: String, new: bool) {
        (self.list, self.opened) = (Vec::new(), Vec::new());
        self.folder = folder;
        let (folder, behind, detail) = if self.means.is_local() {
            (INBOX.to_owned(), None, Detail::Sizes)
        } else {
            let behind = desk.shelf().dealt.get(&self.folder).copied();
            (self.folder.clone(), behind.filter(|_| new), Detail::Lines)
        };
        self.moves.push_back(Move::Ask(Task::List { folder, behind, detail }, Then::Look));
    }

    fn search<D: Desk>(&mut self, desk: &mut D, criteria: Criteria) {
        if !self.means.is_local() {
            return self.moves.push_back(Move::Ask(Task::Search(criteria), Then::Search));
        }
        // What POP3 fetched is searched where it is.
        let query = Query::of(&criteria);
        self.list.retain(|item| {
            desk.shelf().get(item.number).is_some_and(|fetched| query.finds(&fetched.content, item.seen))
        });
        let outcome = if self.list.is_empty() { Outcome::Nothing } else { Outcome::Done };
        desk.act(Act { action: "search", message: "", folder: &self.folder, outcome });
    }

    fn open<D: Desk>(&mut self, desk: &mut D, which: &Pick) {
        self.opened = self.some(desk, which, "open");
        for number in self.opened.clone() {
            if let Some(item) = self.item_mut(number) {
                item.wished = desk.now();
            }
            self.need_text(number);
            self.moves.push_back(Move::Show(number));
            if self.means == Means::Imap && self.item(number).is_some_and(|item| !item.seen) {
                let task = Task::Mark { message: Handle(number), mark: Mark::Seen, on: true };
                self.moves.push_back(Move::Ask(task, Then::Quiet));
            }
        }
    }

    /// Header and text, where they are not here yet; pages show both at once.
    fn need_text(&mut self, number: u64) {
        let Some(item) = self.item(number) else { return };
        let imap = self.means == Means::Imap;
        let (header, text) = (imap && item.header.is_none(), !self.means.is_local() && item.text.is_none());
        if header {
            self.fetch(number, Part::Header, Then::Header(number));
        }
        if text {
            self.fetch(number, Part::Text, Then::Text(number));
        }
    }

    fn fetch(&mut self, number: u64, part: Part, then: Then) {
        self.moves.push_back(Move::Ask(Task::Open { message: Handle(number), part }, then));
    }

    pub(super) fn show<D: Desk>(&mut self, desk: &mut D, number: u64) {
        if self.means.is_local() {
            desk.shelf().set_read(number);
        }
        let Some(item) = self.item_mut(number) else { return };
        if item.text.is_none() {
            return;
        }
        item.seen = true;
        let (message, (found, here)) = (item.message_id.clone(), item.times);
        desk.shown(&message, (found, here, item.wished.since(item.listed)));
        desk.act(Act { action: "open", message: &message, folder: &self.folder, outcome: Outcome::Done });
    }

    fn attachment<D: Desk>(&mut self, desk: &mut D, which: &Pick, files: Files) {
        for number in self.some(desk, which, "attachment") {
            let Some(item) = self.item(number) else { continue };
            let wanted = |place: usize| match files {
                Files::All => true,
                Files::Nth(nth) => u32::try_from(place + 1) == Ok(nth),
            };
            let places = item.files().enumerate().filter(|(nth, _)| wanted(*nth));
            let places: Vec<String> = places.map(|(_, file)| file.place.clone()).collect();
            if self.means.is_local() || places.is_empty() {
                let (message, folder) = (self.message_id(number), self.folder.clone());
                let outcome = if places.is_empty() { Outcome::Nothing } else { Outcome::Done };
                desk.act(Act { action: "attachment", message: &message, folder: &folder, outcome });
                continue;
            }
            for place in places {
                self.fetch(number, Part::Place(place), Then::File(number));
            }
        }
    }

    fn reply<D: Desk>(&mut self, desk: &mut D, which: &Pick, all: bool, text: &Arc<[String]>) {
        let action = if all { "reply_all" } else { "reply" };
        for number in self.some(desk, which, action) {
            if self.means == Means::Webmail {
                let about = if all { About::ReplyAll } else { About::Reply };
                let writing =
                    Writing { text: text.join("\n"), about: Some((Handle(number), about)), ..Writing::default() };
                self.moves.push_back(Move::Ask(Task::Send(writing), Then::Handed(action, self.message_id(number))));
                continue;
            }
            self.need_text(number);
            self.moves.push_back(Move::Answer { number, all, text: Arc::clone(text) });
        }
    }

    /// What a letter says, and its text.
    fn letter<D: Desk>(&self, desk: &mut D, number: u64) -> Option<(Original, Vec<String>)> {
        if self.means.is_local() {
            let fetched = desk.shelf().get(number)?;
            return Some((fetched.original.clone(), fetched.text()));
        }
        let item = self.item(number)?;
        let (_, original) = item.header.clone()?;
        Some((original, item.text.clone().unwrap_or_default()))
    }

    pub(super) fn answer<D: Desk>(&mut self, desk: &mut D, number: u64, all: bool, text: &[String]) {
        let action = if all { "reply_all" } else { "reply" };
        let written = self.letter(desk, number).and_then(|(original, quote)| {
            let draft = answers::reply(&desk.address(), &original, &quote, all, text)?;
            self.send(desk, &draft)
        });
        let outcome = if written.is_some() { Outcome::Done } else { Outcome::Refused };
        let message = self.message_id(number);
        desk.act(Act { action, message: &message, folder: &self.folder, outcome });
        if written.is_some() && self.means == Means::Imap {
            let task = Task::Mark { message: Handle(number), mark: Mark::Answered, on: true };
            self.moves.push_front(Move::Ask(task, Then::Quiet));
        }
    }

    /// Sends a message, and tells its Message-ID; by IMAP a copy goes to the server.
    fn send<D: Desk>(&mut self, desk: &mut D, draft: &Draft) -> Option<String> {
        let penned = desk.write(draft, true)?;
        if self.means == Means::Imap {
            let content = penned.content.to_vec();
            let task = Task::Keep { folder: SENT.to_owned(), content, marks: vec![Mark::Seen] };
            self.moves.push_front(Move::Ask(task, Then::Kept(SENT)));
        }
        Some(penned.message_id)
    }

    fn forward<D: Desk>(&mut self, desk: &mut D, which: &Pick, to: &Arc<[String]>, how: (&Arc<[String]>, bool)) {
        let (text, whole) = how;
        for number in self.some(desk, which, "forward") {
            if self.means == Means::Webmail {
                let about = Some((Handle(number), About::Forward));
                let writing = Writing { to: to.to_vec(), text: text.join("\n"), about, ..Writing::default() };
                self.moves.push_back(Move::Ask(Task::Send(writing), Then::Handed("forward", self.message_id(number))));
                continue;
            }
            if self.means == Means::Imap && self.item(number).is_some_and(|item| item.whole.is_none()) {
                self.fetch(number, Part::Whole, Then::Whole(number));
            }
            self.moves.push_back(Move::PassOn { number, to: Arc::clone(to), text: Arc::clone(text), whole });
        }
    }

    pub(super) fn pass_on<D: Desk>(&mut self, desk: &mut D, number: u64, to: &[String], how: (&[String], bool)) {
        let content = if self.means.is_local() {
            desk.shelf().get(number).map(|fetched| fetched.content.to_vec())
        } else {
            self.item_mut(number).and_then(|item| item.whole.take())
        };
        let written = content.and_then(|content| {
            let draft = answers::forward(&content, &text_of(&content), to, how.0, how.1);
            self.send(desk, &draft)
        });
        let outcome = if written.is_some() { Outcome::Done } else { Outcome::Refused };
        let message = self.message_id(number);
        desk.act(Act { action: "forward", message: &message, folder: &self.folder, outcome });
    }

    fn write<D: Desk>(&mut self, desk: &mut D, draft: &Draft, action: &'static str) {
        if self.means == Means::Webmail {
            return self
                .moves
                .push_back(Move::Ask(Task::Send(form(draft, false)), Then::Handed(action, String::new())));
        }
        let sent = self.send(desk, draft);
        let outcome = if sent.is_some() { Outcome::Done } else { Outcome::Refused };
        desk.act(Act { action, message: &sent.unwrap_or_default(), folder: "", outcome });
    }

    fn save<D: Desk>(&mut self, desk: &mut D, draft: Draft) {
        let penned = (self.means == Means::Imap).then(|| desk.write(&draft, false)).flatten();
        match (self.means, penned) {
            (Means::Webmail, _) => {
                self.moves.push_back(Move::Ask(Task::Send(form(&draft, true)), Then::Saved));
            }
            (Means::Imap, Some(penned)) => {
                let (content, marks) = (penned.content.to_vec(), vec![Mark::Draft, Mark::Seen]);
                let task = Task::Keep { folder: DRAFTS.to_owned(), content, marks };
                self.moves.push_back(Move::Ask(task, Then::Kept(DRAFTS)));
                return desk.shelf().drafts.push(Saved { draft, message_id: Some(penned.message_id) });
            }
            (Means::Imap | Means::Pop3 | Means::Pop3Keep, _) => {
                desk.act(Act { action: "draft", message: "", folder: "", outcome: Outcome::Done });
            }
        }
        desk.shelf().drafts.push(Saved { draft, message_id: None });
    }

    fn finish<D: Desk>(&mut self, desk: &mut D, text: &[String]) {
        let Some(Saved { mut draft, message_id }) = desk.shelf().drafts.pop() else {
            return desk.act(Act { action: "finish", message: "", folder: "", outcome: Outcome::Nothing });
        };
        if self.means == Means::Webmail {
            let subject = draft.subject.as_deref().unwrap_or_default().to_owned();
            let task = Task::List { folder: DRAFTS.to_owned(), behind: None, detail: Detail::Lines };
            return self
                .moves
                .push_back(Move::Ask(task, Then::Resume { id: message_id, subject, text: text.join("\n") }));
        }
        let lines: Vec<String> = draft.body.lines().iter().chain(text).cloned().collect();
        draft.body = Body::Lines(lines.into());
        self.write(desk, &draft, "finish");
        if let Some(id) = message_id.filter(|_| !self.means.is_local()) {
            let task = Task::List { folder: DRAFTS.to_owned(), behind: None, detail: Detail::Lines };
            self.moves.push_back(Move::Ask(task, Then::Drafts(id)));
        }
    }

    fn delete<D: Desk>(&mut self, desk: &mut D, which: &Pick) {
        for number in self.some(desk, which, "delete") {
            if self.means.is_local() {
                desk.shelf().delete(number);
                let message = self.message_id(number);
                self.list.retain(|item| item.number != number);
                desk.act(Act { action: "delete", message: &message, folder: &self.folder, outcome: Outcome::Done });
            } else {
                self.wish(desk, number, None);
                self.moves.push_back(Move::Ask(Task::Delete { message: Handle(number) }, Then::Deleted(number)));
            }
        }
    }

    /// Habits go by what is shown. A message that could not be opened is left for another time.
    fn decide<D: Desk>(&mut self, desk: &mut D) {
        let Some(number) = self.opened.first().copied() else { return };
        let steps = {
            let Some(item) = self.item(number) else { return };
            let Some(text) = &item.text else { return };
            let characters = text.iter().map(|line| line.chars().count() + 1).sum();
            let original = item.header.as_ref().map(|(_, original)| original);
            let daemon = item.from.to_ascii_lowercase().starts_with("mailer-daemon@");
            let automatic = daemon || item.from.is_empty() || original.is_some_and(|original| original.automatic);
            let (files, answered) = (item.files().count(), item.answered);
            desk.decide(Facts { message: &item.message_id, characters, files, automatic, answered })
        };
        if self.means.is_local() {
            self.steps.push_front(Step::PutAway(number));
        }
        for step in steps.into_iter().rev() {
            self.steps.push_front(step);
        }
        let dealt = desk.shelf().dealt.entry(self.folder.clone()).or_insert(Handle(number));
        *dealt = (*dealt).max(Handle(number));
    }

    /// What was read before the first that was not, on another device maybe, need not be listed again.
    fn pass_over<D: Desk>(&self, desk: &mut D, unread: Option<u64>) {
        let behind = |item: &&Item| unread.is_none_or(|unread| item.number < unread);
        let last = self.list.iter().filter(behind).map(|item| item.number).max();
        if let Some(last) = last.filter(|_| !self.means.is_local()).map(Handle) {
            let dealt = desk.shelf().dealt.entry(self.folder.clone()).or_insert(last);
            *dealt = (*dealt).max(last);
        }
    }

    /// What POP3 fetched, in the order in which it came.
    pub(super) fn shelve<D: Desk>(&mut self, desk: &mut D) {
        let item = |(number, fetched): (u64, &super::super::shelf::Fetched)| Item {
            number,
            unique: None,
            message_id: fetched.original.message_id.clone().unwrap_or_default(),
            from: fetched.original.from.clone().unwrap_or_default(),
            subject: fetched.original.subject.clone(),
            seen: fetched.read,
            answered: false,
            parts: fetched.parts.clone(),
            header: Some((Vec::new(), fetched.original.clone())),
            text: Some(fetched.text()),
            whole: None,
            times: fetched.times,
            listed: fetched.times.1,
            wished: fetched.times.1,
        };
        self.list = desk.shelf().all().map(item).collect();
    }
}

/// A message as a form is filled in.
fn form(draft: &Draft, unfinished: bool) -> Writing {
    let none = Extras::default();
    let extras = draft.extras.as_deref().unwrap_or(&none);
    let file = |(number, file): (usize, &crate::proto::message::Attachment)| {
        let name = file.name.clone().unwrap_or_else(|| format!("file-{number}"));
        (name, file.media.clone(), file.content.to_vec())
    };
    Writing {
        to: draft.to.to_vec(),
        cc: extras.cc.to_vec(),
        subject: draft.subject.as_deref().unwrap_or_default().to_owned(),
        text: draft.body.lines().join("\n"),
        about: None,
        resumes: None,
        files: (1..).zip(&*extras.attachments).map(file).collect(),
        draft: unfinished,
    }
}
