//! What each task asks of the server, and what becomes of the pages that come for it.

use super::{Client, Doing, REFRESH};
use crate::base::SimTime;
use crate::proto::http::form::{File, Form, encode, multipart};
use crate::proto::imap::utf7;
use crate::proto::mailbox::{About, Criteria, Done, Handle, Mark, Part, Summary, Task, Writing};
use crate::proto::webmail::page::Page;

impl Client {
    pub(super) fn start(&mut self, now: SimTime, task: Task) {
        let fresh = self.fresh.take();
        match task {
            Task::List { folder, behind, .. } => {
                self.folder = utf7::encode(&folder);
                self.doing = Doing::Listing { behind, found: Vec::new() };
                match fresh.filter(|_| self.folder == "INBOX") {
                    Some(page) => self.listed(now, &page),
                    None => self.get(now, &format!("/folder?name={}", encode(&self.folder))),
                }
            }
            Task::Open { message, part } => {
                let place = self.place(message);
                let target = match &part {
                    Part::Header => format!("/headers?{place}"),
                    Part::Text => format!("/message?{place}"),
                    Part::Whole => format!("/raw?{place}"),
                    Part::Place(number) => format!("/part?{place}&place={}", encode(number)),
                };
                self.doing = Doing::Opening { message, part };
                self.get(now, &target);
            }
            Task::Mark { message, mark, on } => self.act(now, message, mark_name(mark, on), None),
            Task::Move { message, folder } => self.act(now, message, "move", Some(folder)),
            Task::Delete { message } => self.act(now, message, "delete", None),
            Task::Keep { .. } => self.done(Done::Refused("webmail takes in no messages of other programs".to_owned())),
            Task::Search(criteria) => {
                self.doing = Doing::Searching { found: Vec::new() };
                let target = format!("/folder?name={}{}", encode(&self.folder), query(&criteria));
                self.get(now, &target);
            }
            Task::Watch { until } if until <= now => self.done(Done::NoNews),
            Task::Watch { until } => {
                self.doing = Doing::Watching { until };
                self.again = now.saturating_add(REFRESH).min(until);
            }
            Task::Send(writing) => {
                let target = match (writing.resumes, writing.about) {
                    (Some(draft), _) => format!("/compose?about=draft&{}", self.place(draft)),
                    (None, None) => "/compose".to_owned(),
                    (None, Some((message, about))) => {
                        format!("/compose?about={}&{}", about_name(about), self.place(message))
                    }
                };
                self.doing = Doing::Composing(Box::new(writing));
                self.get(now, &target);
            }
            Task::Quit => {
                self.doing = Doing::Leaving;
                self.post_texts(now, "/logout", Form::default());
            }
        }
    }

    fn place(&self, message: Handle) -> String {
        format!("folder={}&uid={}", encode(&self.folder), message.0)
    }

    fn act(&mut self, now: SimTime, message: Handle, act: &str, to: Option<String>) {
        let form =
            Form::default().with("folder", self.folder.clone()).with("uid", message.0.to_string()).with("do", act);
        let form = match to {
            Some(folder) => form.with("to", utf7::encode(&folder)),
            None => form,
        };
        self.doing = Doing::Acting;
        self.post_texts(now, "/act", form);
    }

    /// A page of the list came: on to the next, unless all that is wanted is there.
    pub(super) fn listed(&mut self, now: SimTime, page: &Page) {
        let Doing::Listing { behind, mut found } = std::mem::replace(&mut self.doing, Doing::Idle) else { return };
        let rows = page.rows();
        self.newest = rows.iter().map(|row| row.message.0).fold(self.newest_of(&found), u64::max);
        let reached = rows.iter().any(|row| Some(row.message) <= behind);
        // A list that only repeats itself would never end.
        let fresh = rows.iter().any(|row| found.iter().all(|known| known.message != row.message));
        found.extend(rows.into_iter().filter(|row| Some(row.message) > behind));
        match page.next().filter(|_| fresh && !reached) {
            Some(next) => {
                self.doing = Doing::Listing { behind, found };
                self.get(now, next);
            }
            None => {
                found.sort_by_key(|row| row.message);
                self.done(Done::Listed(found));
            }
        }
    }

    /// What is known to be the newest while further pages of a list come.
    fn newest_of(&self, found: &[Summary]) -> u64 {
        if found.is_empty() { 0 } else { self.newest }
    }

    /// The list was looked at again.
    pub(super) fn looked(&mut self, now: SimTime, page: &Page, until: SimTime) {
        let newest = page.rows().iter().map(|row| row.message.0).max().unwrap_or(0);
        if newest > self.newest {
            self.newest = newest;
            self.done(Done::News);
        } else if now >= until {
            self.done(Done::NoNews);
        } else {
            self.doing = Doing::Watching { until };
            self.again = now.saturating_add(REFRESH).min(until);
        }
    }

    /// Fills in the form and hands it in. What a person writes stands above what the form begins with,
    /// but below a draft.
    pub(super) fn submit(&mut self, now: SimTime, page: &Page, writing: &Writing) {
        let Writing { to, cc, subject, text, files, draft, resumes, .. } = writing;
        let mut form = Form::default();
        for (name, begun) in page.fields() {
            let given = match name.as_str() {
                "to" => to.join(", "),
                "cc" => cc.join(", "),
                "subject" => subject.clone(),
                "text" if resumes.is_some() && !begun.is_empty() => format!("{begun}\n{text}"),
                "text" => format!("{text}{begun}"),
                _ => begun.clone(),
            };
            form = form.with(&name, if given.is_empty() { begun } else { given });
        }
        for (name, media, content) in files {
            form = form.with_file("file", File { name: name.clone(), media: media.clone() }, content.clone());
        }
        let form = form.with("do", if *draft { "save" } else { "send" });
        self.doing = Doing::Submitting { draft: *draft };
        self.post(now, "/compose", multipart(&form));
    }
}

fn about_name(about: About) -> &'static str {
    match about {
        About::Reply => "reply",
        About::ReplyAll => "reply-all",
        About::Forward => "forward",
    }
}

const fn mark_name(mark: Mark, on: bool) -> &'static str {
    match (mark, on) {
        (Mark::Seen, true) => "seen",
        (Mark::Seen, false) => "unseen",
        (Mark::Flagged, true) => "flag",
        (Mark::Flagged, false) => "unflag",
        (Mark::Answered, true) => "answered",
        (Mark::Answered, false) => "unanswered",
        (Mark::Deleted, true) => "mark-deleted",
        (Mark::Deleted, false) => "unmark-deleted",
        (Mark::Draft, true) => "mark-draft",
        (Mark::Draft, false) => "unmark-draft",
    }
}

fn query(criteria: &Criteria) -> String {
    let mut out = String::new();
    for (name, text) in [("from", &criteria.from), ("subject", &criteria.subject), ("text", &criteria.text)] {
        if let Some(text) = text {
            out.push_str(&format!("&{name}={}", encode(text)));
        }
    }
    if criteria.unseen {
        out.push_str("&unseen=1");
    }
    out
}
