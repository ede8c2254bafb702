//! From tasks to commands and back.
//!
//! The commands of a task go out as far as they may; when all of them are complete, the task is done, has failed at
//! the first of them that did, or goes on with other commands.

use std::collections::BTreeMap;

use super::command::Line;
use super::response::Value;
use super::told::{self, flag};
use super::{Client, Folder, POLL, Stage, Step};
use crate::base::SimTime;
use crate::proto::mailbox::{Criteria, Detail, Done, Handle, MailboxEvent, Mark, Part, Summary, Task};
use crate::proto::message::read::decode;

/// What the commands of a task brought so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    summaries: BTreeMap<u32, Summary>,
    content: Option<Vec<u8>>,
    pub(super) found: Vec<u64>,
    /// Whether a folder was made for it.
    created: bool,
    /// The first refusal: whether another folder is missing, and the text.
    trouble: Option<(bool, String)>,
}

impl Client {
    /// Begins tasks until one has to wait for the server. A person who does something else waits for news no longer.
    pub(super) fn go_on(&mut self) {
        loop {
            if self.stage != Stage::Open {
                return;
            }
            if let Some(Task::Watch { until }) = &mut self.task
                && !self.tasks.is_empty()
            {
                *until = self.now;
                return self.alarmed();
            }
            if self.task.is_some() || !self.flying.is_empty() {
                return;
            }
            let Some(task) = self.tasks.pop_front() else { return };
            self.gathered = Gathered::default();
            self.task = Some(task.clone());
            self.begin(task);
        }
    }

    fn done(&mut self, done: Done) {
        self.task = None;
        self.tell(MailboxEvent::Done(done));
    }

    fn refused(&mut self, why: &str) {
        self.done(Done::Refused(why.to_owned()));
    }

    fn begin(&mut self, task: Task) {
        let anywhere = matches!(task, Task::List { .. } | Task::Keep { .. } | Task::Quit | Task::Send(_));
        if self.folder.is_none() && !anywhere {
            return self.refused("no folder is open");
        }
        match task {
            Task::List { folder, behind, detail } => self.list(&folder, behind, detail),
            Task::Keep { folder, content, marks } => self.append(&folder, &content, &marks),
            Task::Quit => self.command(Step::Logout, self.line("LOGOUT")),
            Task::Send(_) => self.refused("IMAP does not submit messages"),
            Task::Open { message, part } => self.open(message, &part),
            Task::Mark { message, mark, on } => {
                let sign = if on { "+" } else { "-" };
                self.store(message, &format!("{sign}FLAGS.SILENT ({})", flag(mark)));
            }
            Task::Move { message, folder } => self.file(message, &folder),
            Task::Delete { message } => {
                self.store(message, "+FLAGS.SILENT (\\Deleted)");
                self.expunge(message);
            }
            Task::Search(criteria) => self.search(&criteria),
            Task::Watch { until } => self.watch(until),
        }
    }

    fn list(&mut self, folder: &str, behind: Option<Handle>, detail: Detail) {
        match &self.folder {
            // The server has told what happened.
            Some(open) if open.name == folder && self.news => self.news = false,
            Some(open) if open.name == folder => self.command(Step::Look, self.line("NOOP")),
            Some(_) | None => {
                self.folder = None;
                self.command(Step::Select, self.line("SELECT").folder(folder));
            }
        }
        // RFC 3501 6.4.8: with `*` the last message is always among them.
        let from = behind.map_or(0, |Handle(behind)| behind).saturating_add(1);
        let items = match detail {
            Detail::Bare | Detail::Sizes => "UID FLAGS RFC822.SIZE",
            Detail::Lines => "UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE",
        };
        self.command(Step::List, self.line(&format!("UID FETCH {from}:* ({items})")));
    }

    /// The folder's idea of the message's parts; none if it was not told.
    fn leaf(&self, Handle(message): Handle, part: &Part) -> Option<Option<told::Told>> {
        let leaves = self.folder.as_ref()?.leaves.get(&u32::try_from(message).ok()?)?;
        Some(match part {
            Part::Text => told::text(leaves).cloned(),
            Part::Place(place) => leaves.iter().find(|told| told.leaf.place == *place).cloned(),
            Part::Header | Part::Whole => None,
        })
    }

    fn open(&mut self, message: Handle, part: &Part) {
        let section = match (part, self.leaf(message, part)) {
            (Part::Header, _) => "HEADER".to_owned(),
            (Part::Whole, _) => String::new(),
            (Part::Text | Part::Place(_), None) => {
                let line = self.line(&format!("UID FETCH {} (UID BODYSTRUCTURE)", message.0));
                return self.command(Step::Structure, line);
            }
            (Part::Text | Part::Place(_), Some(Some(told))) => told.leaf.place,
            (Part::Text, Some(None)) => {
                return self.done(Done::Opened { message, part: Part::Text, content: Vec::new() });
            }
            (Part::Place(_), Some(None)) => return self.refused("the message has no such part"),
        };
        self.command(Step::Fetch, self.line(&format!("UID FETCH {} (UID BODY.PEEK[{section}])", message.0)));
    }

    fn store(&mut self, Handle(message): Handle, what: &str) {
        self.command(Step::Store, self.line(&format!("UID STORE {message} {what}")));
    }

    /// RFC 4315 2.1: others that are marked stay; without UIDPLUS they go as well.
    fn expunge(&mut self, Handle(message): Handle) {
        let what = if self.offers.uidplus { format!("UID EXPUNGE {message}") } else { "EXPUNGE".to_owned() };
        self.command(Step::Expunge, self.line(&what));
    }

    fn file(&mut self, Handle(message): Handle, folder: &str) {
        let (step, verb) = if self.offers.moves { (Step::Move, "MOVE") } else { (Step::Copy, "COPY") };
        self.command(step, self.line(&format!("UID {verb} {message}")).folder(folder));
    }

    fn append(&mut self, folder: &str, content: &[u8], marks: &[Mark]) {
        let flags: Vec<&str> = marks.iter().map(|mark| flag(*mark)).collect();
        let line = self.line("APPEND").folder(folder).word(&format!("({})", flags.join(" "))).literal(content);
        self.command(Step::Append, line);
    }

    fn search(&mut self, criteria: &Criteria) {
        let Criteria { from, subject, text, unseen } = criteria;
        let strings = [("FROM", from), ("SUBJECT", subject), ("TEXT", text)];
        let wanted = || strings.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)));
        let mut line: Line = self.line("UID SEARCH");
        if wanted().any(|(_, text)| !text.is_ascii()) {
            line = line.word("CHARSET UTF-8");
        }
        if *unseen {
            line = line.word("UNSEEN");
        } else if wanted().next().is_none() {
            line = line.word("ALL");
        }
        for (key, text) in wanted() {
            line = line.word(key).string(text.as_bytes());
        }
        self.command(Step::Search, line);
    }

    /// Waits for news, or goes on waiting.
    fn watch(&mut self, until: SimTime) {
        if self.news {
            self.done(Done::News);
        } else if until <= self.now {
            self.done(Done::NoNews);
        } else if self.offers.idle {
            self.command(Step::Idle, self.line("IDLE"));
        } else {
            self.alarm = until.min(self.now.saturating_add(POLL));
        }
    }

    pub(super) fn watched_until(&self) -> SimTime {
        match self.task {
            Some(Task::Watch { until }) => until,
            Some(_) | None => SimTime::NEVER,
        }
    }

    /// The time of the alarm may have come.
    pub(super) fn alarmed(&mut self) {
        let due = self.alarm.min(self.watched_until());
        if due > self.now || self.stage != Stage::Open {
            return;
        }
        if self.idling {
            return self.stop_idling();
        }
        if !self.flying.is_empty() {
            return;
        }
        self.alarm = SimTime::NEVER;
        if self.watched_until() <= self.now {
            self.done(if self.news { Done::News } else { Done::NoNews });
            self.go_on();
        } else if matches!(self.task, Some(Task::Watch { .. })) {
            self.command(Step::Look, self.line("NOOP"));
        }
    }

    /// FETCH told something.
    pub(super) fn told(&mut self, items: &[(String, Value)]) {
        let asked = |wanted: Step| self.flying.iter().any(|(_, step)| *step == wanted);
        let (listing, fetching, storing) = (asked(Step::List), asked(Step::Fetch), asked(Step::Store));
        let validity = self.folder.as_ref().map_or(self.validity, |folder| folder.validity);
        let (row, structure, content) =
            (told::summary(items, validity), told::item(items, "BODYSTRUCTURE"), told::body(items));
        // What others did to flags comes without being asked for.
        if row.is_none() && structure.is_none() && content.is_none() {
            return if told::item(items, "FLAGS").is_some() && !storing {
                self.happened()
            };
        }
        let Some(uid) = told::uid(items) else { return };
        if let Some(structure) = structure
            && let Some(folder) = &mut self.folder
        {
            folder.leaves.insert(uid, told::leaves(structure));
        }
        if let Some(summary) = row.filter(|_| listing) {
            self.gathered.summaries.insert(uid, summary);
        }
        let opened = matches!(&self.task, Some(Task::Open { message, .. }) if message.0 == u64::from(uid));
        if let Some(content) = content.filter(|_| fetching && opened) {
            self.gathered.content = Some(content.to_vec());
        }
    }

    /// A command of the task is complete.
    pub(super) fn ended(&mut self, step: Step, done: bool, code: &str, text: String) {
        if !done && self.gathered.trouble.is_none() {
            self.gathered.trouble = Some((code == "TRYCREATE", text));
        }
        match (step, done) {
            (Step::Select, true) => {
                if let Some(Task::List { folder, .. }) = &self.task {
                    self.folder =
                        Some(Folder { name: folder.clone(), validity: self.validity, leaves: BTreeMap::new() });
                }
                self.news = false;
            }
            // What is told up to here is in the listing that follows.
            (Step::Look, true) if matches!(self.task, Some(Task::List { .. })) => self.news = false,
            (Step::Idle, _) => self.idling = false,
            (Step::Logout, _) => {
                self.tell(MailboxEvent::Finished);
                return self.close();
            }
            (_, _) => {}
        }
        if self.flying.is_empty() {
            self.conclude(step);
            self.go_on();
        }
    }

    /// All commands of the task that went out are complete, this one last.
    fn conclude(&mut self, step: Step) {
        let Some(task) = self.task.clone() else { return };
        if let Some((missing, text)) = self.gathered.trouble.take() {
            return self.trouble(&task, missing, &text);
        }
        match task {
            Task::List { behind, .. } => {
                let first = behind.map_or(0, |Handle(behind)| behind.saturating_add(1));
                let rows = std::mem::take(&mut self.gathered.summaries).into_values();
                self.done(Done::Listed(rows.filter(|row| row.message.0 >= first).collect()));
            }
            Task::Open { message, part } => self.fetched(step, message, part),
            Task::Move { message, folder } if step == Step::Create => self.file(message, &folder),
            Task::Move { message, .. } if step == Step::Copy => {
                self.store(message, "+FLAGS.SILENT (\\Deleted)");
                self.expunge(message);
            }
            Task::Keep { folder, content, marks } if step == Step::Create => self.append(&folder, &content, &marks),
            Task::Move { .. } | Task::Keep { .. } | Task::Mark { .. } | Task::Delete { .. } => self.done(Done::Changed),
            Task::Search(_) => {
                let mut found = std::mem::take(&mut self.gathered.found);
                found.sort_unstable();
                self.done(Done::Found(found.into_iter().map(Handle).collect()));
            }
            Task::Watch { until } => self.watch(until),
            Task::Send(_) | Task::Quit => {}
        }
    }

    fn trouble(&mut self, task: &Task, missing: bool, text: &str) {
        match task {
            // RFC 3501 6.3.11: "a hint to the client that it can attempt a CREATE command and retry".
            Task::Move { folder, .. } | Task::Keep { folder, .. } if missing && !self.gathered.created => {
                self.gathered.created = true;
                self.command(Step::Create, self.line("CREATE").folder(folder));
            }
            Task::List { .. }
            | Task::Open { .. }
            | Task::Mark { .. }
            | Task::Move { .. }
            | Task::Delete { .. }
            | Task::Keep { .. }
            | Task::Search(_)
            | Task::Watch { .. }
            | Task::Send(_)
            | Task::Quit => self.refused(text),
        }
    }

    fn fetched(&mut self, step: Step, message: Handle, part: Part) {
        if step == Step::Structure {
            if self.leaf(message, &part).is_none() {
                return self.refused("there is no such message");
            }
            return self.open(message, &part);
        }
        let Some(content) = self.gathered.content.take() else {
            return self.refused("there is no such message");
        };
        let encoding = self.leaf(message, &part).flatten().map(|told| told.encoding).unwrap_or_default();
        let content = match decode::octets(&content, &encoding) {
            Ok(plain) => plain.into_owned(),
            Err(decode::UnknownEncoding) => content,
        };
        self.done(Done::Opened { message, part, content });
    }
}
