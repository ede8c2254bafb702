//! One session of a person with the mailbox: steps become tasks of the mailbox's client, letters, and pauses.
//!
//! A function of what is done to it: it sees no host and no protocol, so it can be tested against a mailbox that is
//! played. One task at a time: a person waits for what was asked for. A session that the server ended while the
//! person read is opened again when something is wanted; one that breaks in the middle of a task is over, and of
//! its steps only those are left that need no mailbox.

mod again;
mod begin;
mod done;
mod lost;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::compose::Draft;
use super::shelf::{Shelf, Wish};
use super::steps::{Means, Pick, Step};
use crate::base::{SimDuration, SimTime};
use crate::proto::mailbox::{Detail, Handle, Mark, Summary, Task};
use crate::proto::message::Original;
use crate::proto::message::read::shown::Leaf;

/// Where mail arrives.
pub(super) const INBOX: &str = "INBOX";
/// Where what was sent is kept.
pub(super) const SENT: &str = "Sent";
/// Where what is not finished is kept.
pub(super) const DRAFTS: &str = "Drafts";

/// Something that a person did, or wanted to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Act<'a> {
    pub(super) action: &'static str,
    /// Message-ID of the message that it is about; empty if none is known.
    pub(super) message: &'a str,
    pub(super) folder: &'a str,
    pub(super) outcome: Outcome,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// There was no message to act on.
    Nothing,
    /// The server or the protocol refused.
    Refused,
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Nothing => "nothing",
            Self::Refused => "refused",
        }
    }
}

/// What a person sees of a message that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) message: &'a str,
    /// Characters of its text, a line end counting as one.
    pub(super) characters: usize,
    pub(super) files: usize,
    /// Whether a program wrote it.
    pub(super) automatic: bool,
    /// Whether it was answered already, here or elsewhere.
    pub(super) answered: bool,
}

/// A message that was written.
#[derive(Clone, Debug)]
pub(super) struct Penned {
    pub(super) message_id: String,
    pub(super) content: Arc<[u8]>,
}

/// What a session needs of the mail program around it.
pub(super) trait Desk {
    /// The present instant.
    fn now(&self) -> SimTime;
    /// Since when the present look at the mailbox goes on.
    fn looking_since(&self) -> SimTime;
    /// The computer's disk.
    fn shelf(&mut self) -> &mut Shelf;
    /// The person's address.
    fn address(&self) -> String;
    /// Writes a message, and puts it into the outbox if it is to be sent; none if nobody would get it.
    fn write(&mut self, draft: &Draft, send: bool) -> Option<Penned>;
    /// The person sees a message, found and fetched at these times, and left alone for so long between.
    fn shown(&mut self, message: &str, times: (SimTime, SimTime, SimDuration));
    /// The person did something.
    fn act(&mut self, act: Act<'_>);
    /// What habits say of an open message.
    fn decide(&mut self, facts: Facts<'_>) -> Vec<Step>;
}

/// What is to be done for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Give the mailbox's client this task, over a new connection if there is none.
    Ask(Task),
    /// Nothing until the task is done, or the deadline has come.
    Nothing,
    /// The session is over.
    Over,
}

/// A message in the list that was looked at last.
#[derive(Clone, Debug, Default)]
struct Item {
    number: u64,
    /// Its name on the server.
    unique: Option<String>,
    message_id: String,
    from: String,
    subject: String,
    seen: bool,
    answered: bool,
    parts: Vec<Leaf>,
    /// The octets of its header, and what they say.
    header: Option<(Vec<u8>, Original)>,
    text: Option<Vec<String>>,
    whole: Option<Vec<u8>>,
    /// When it was found, and when its text had come.
    times: (SimTime, SimTime),
    /// When the person first saw it in a list, and then wanted to open it.
    listed: SimTime,
    wished: SimTime,
}

impl Item {
    fn files(&self) -> impl Iterator<Item = &Leaf> {
        self.parts.iter().filter(|part| part.file)
    }

    fn new(summary: Summary, (found, listed): (SimTime, SimTime)) -> Self {
        Self {
            number: summary.message.0,
            unique: summary.unique,
            message_id: summary.message_id.unwrap_or_default(),
            from: summary.from.unwrap_or_default(),
            subject: summary.subject.unwrap_or_default(),
            seen: summary.marks.contains(&Mark::Seen),
            answered: summary.marks.contains(&Mark::Answered),
            parts: summary.parts,
            times: (found, found),
            listed,
            ..Self::default()
        }
    }
}

/// Something small: a task, or what needs none.
#[derive(Clone, Debug)]
enum Move {
    Ask(Task, Then),
    /// Ends the connection; more can be asked over another one.
    Leave,
    /// What is on the disk is the list.
    Shelve,
    Show(u64),
    Answer {
        number: u64,
        all: bool,
        text: Arc<[String]>,
    },
    PassOn {
        number: u64,
        to: Arc<[String]>,
        text: Arc<[String]>,
        whole: bool,
    },
}

/// What a task was for.
#[derive(Clone, Debug)]
enum Then {
    Look,
    /// What came since the folder was listed.
    More,
    /// The folder is only selected again.
    Back,
    Search,
    Header(u64),
    Text(u64),
    Whole(u64),
    File(u64),
    /// A message that goes to the disk, by its name on the server.
    Download(Handle, Option<String>),
    Moved(u64, String),
    Deleted(u64),
    Marked(u64, bool),
    /// What becomes of messages that the server was not told of in an earlier session.
    Recall,
    Recalled((u64, String), Box<Wish>),
    /// A copy is put into a folder.
    Kept(&'static str),
    /// A form was handed in, about this message if that is not empty.
    Handed(&'static str, String),
    /// A draft was handed in.
    Saved,
    Watched,
    /// The draft of this Message-ID is to go.
    Drafts(String),
    /// The draft of this Message-ID, or else the newest with this subject, is gone on with.
    Resume {
        id: Option<String>,
        subject: String,
        text: String,
    },
    /// Nobody looks at what comes of it.
    Quiet,
    Left,
}

/// A session.
#[derive(Clone, Debug)]
pub(super) struct Sitting {
    means: Means,
    steps: VecDeque<Step>,
    moves: VecDeque<Move>,
    /// What the task under way is for.
    busy: Option<Then>,
    until: SimTime,
    folder: String,
    list: Vec<Item>,
    opened: Vec<u64>,
    /// When messages were found and first listed in this session: a second look at a folder finds nothing new.
    known: BTreeMap<String, (SimTime, SimTime)>,
    /// Whether a connection is wanted or there.
    online: bool,
    /// Whether the mailbox cannot be reached any more.
    alone: bool,
}

impl Sitting {
    pub(super) fn new(means: Means, steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            means,
            steps: steps.into_iter().collect(),
            moves: VecDeque::new(),
            busy: None,
            until: SimTime::ZERO,
            folder: String::new(),
            list: Vec::new(),
            opened: Vec::new(),
            known: BTreeMap::new(),
            online: false,
            alone: false,
        }
    }

    pub(super) const fn means(&self) -> Means {
        self.means
    }

    /// Whether the mailbox could not be reached to the end.
    pub(super) const fn is_alone(&self) -> bool {
        self.alone
    }

    /// When a pause ends.
    pub(super) fn deadline(&self) -> SimTime {
        if self.busy.is_some() { SimTime::NEVER } else { self.until }
    }

    /// Goes on up to the next task, the next pause or the end.
    pub(super) fn go_on<D: Desk>(&mut self, desk: &mut D) -> Want {
        loop {
            if self.busy.is_some() || self.until > desk.now() {
                return Want::Nothing;
            }
            if let Some(next) = self.moves.pop_front() {
                match next {
                    Move::Ask(task, then) => {
                        if let Some(task) = self.ask(desk, task, then) {
                            return Want::Ask(task);
                        }
                    }
                    Move::Leave => {
                        if let Some(task) = self.leave() {
                            return Want::Ask(task);
                        }
                    }
                    Move::Shelve => self.shelve(desk),
                    Move::Show(number) => self.show(desk, number),
                    Move::Answer { number, all, text } => self.answer(desk, number, all, &text),
                    Move::PassOn { number, to, text, whole } => self.pass_on(desk, number, &to, (&text, whole)),
                }
            } else if let Some(step) = self.steps.pop_front() {
                self.begin(desk, step);
            } else {
                return self.leave().map_or(Want::Over, Want::Ask);
            }
        }
    }

    /// The task, if there is a mailbox to ask; a new connection selects the folder first.
    fn ask<D: Desk>(&mut self, desk: &mut D, task: Task, then: Then) -> Option<Task> {
        if self.alone {
            self.void(desk, then);
            return None;
        }
        let needs_folder = match &task {
            Task::Open { .. } | Task::Mark { .. } | Task::Move { .. } | Task::Delete { .. } => true,
            Task::Search(_) | Task::Watch { .. } => true,
            Task::Send(writing) => writing.about.is_some(),
            Task::List { .. } | Task::Keep { .. } | Task::Quit => false,
        };
        if needs_folder && !self.online && !self.folder.is_empty() {
            self.moves.push_front(Move::Ask(task, then));
            self.back();
            return None;
        }
        self.online = true;
        self.busy = Some(then);
        Some(task)
    }

    fn leave(&mut self) -> Option<Task> {
        let there = std::mem::take(&mut self.online);
        there.then(|| {
            self.busy = Some(Then::Left);
            Task::Quit
        })
    }

    /// Selects the folder of the list again, next.
    fn back(&mut self) {
        let (folder, behind) = (self.folder.clone(), self.last());
        let task = Task::List { folder, behind, detail: Detail::Sizes };
        self.moves.push_front(Move::Ask(task, Then::Back));
    }

    /// The last message of the list.
    fn last(&self) -> Option<Handle> {
        self.list.iter().map(|item| item.number).max().map(Handle)
    }

    /// The connection was closed as was wanted.
    pub(super) fn left(&mut self) {
        (self.busy, self.online) = (None, false);
    }

    /// The person is wanted elsewhere: what is begun is finished, and no further message is opened.
    pub(super) fn get_up(&mut self) {
        let begun = self.steps.iter().position(|step| matches!(step, Step::Look { .. } | Step::Deal | Step::Open(_)));
        self.steps.truncate(begun.unwrap_or(self.steps.len()));
    }

    fn item(&self, number: u64) -> Option<&Item> {
        self.list.iter().find(|item| item.number == number)
    }

    fn item_mut(&mut self, number: u64) -> Option<&mut Item> {
        self.list.iter_mut().find(|item| item.number == number)
    }

    fn message_id(&self, number: u64) -> String {
        self.item(number).map(|item| item.message_id.clone()).unwrap_or_default()
    }

    /// The messages of the list that are meant.
    fn pick(&self, pick: &Pick) -> Vec<u64> {
        let contains = |text: &str, part: &Option<String>| {
            part.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
        };
        let fits = |item: &Item| match pick {
            Pick::Opened => self.opened.contains(&item.number),
            Pick::Unread => !item.seen,
            Pick::All => true,
            Pick::Where { from, subject } => contains(&item.from, from) && contains(&item.subject, subject),
            Pick::Number(number) => item.number == *number,
            Pick::Newest => self.list.last().is_some_and(|last| last.number == item.number),
            Pick::Oldest => self.list.first().is_some_and(|first| first.number == item.number),
        };
        self.list.iter().filter(|item| fits(item)).map(|item| item.number).collect()
    }
}
