//! The client's end of a POP3 session under the hand of a program that remembers: it logs in, and then does
//! task after task (`proto::mailbox`).
//!
//! What POP3 lacks it says: there are no folders, marks or search, nothing can be put into a maildrop, and what
//! comes during a session is not seen in it (RFC 1939 3). A part of a message cannot be had: who asks for the
//! text gets the message whole. A header comes by TOP, and what stays the same from session to session by UIDL;
//! both are optional, and a server without them is told apart by its answer, not by CAPA. Left out: pipelining, APOP.

use std::collections::{BTreeSet, VecDeque};

use super::MAX_RESPONSE_LINE;
use super::maildrop::number;
use crate::base::{SimDuration, SimTime};
use crate::proto::line::{InputBuffer, Line};
use crate::proto::mailbox::{Detail, Done, Handle, MailboxClient, MailboxEvent, Mark, Part, Summary, Task};
use crate::proto::message::read::{decode, header};
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::Dialect;
use crate::proto::smtp::dot::{Problem, Unstuffer};

/// How long the client waits for the server's next octets.
const TIMEOUT: SimDuration = SimDuration::from_secs(300);
/// The largest listing or message that is taken.
const MAX_RESPONSE: usize = 64 << 20;

/// What the client waits for the answer to.
#[derive(Clone, Debug)]
enum Asked {
    Greeting,
    User,
    Pass,
    List,
    Uidl,
    /// The headers of a listing: those of the messages at these places are still to be asked for.
    Top(VecDeque<usize>),
    Open {
        message: Handle,
        part: Part,
    },
    Dele(Handle),
    Quit,
}

impl Asked {
    const fn has_lines(&self) -> bool {
        match self {
            Self::List | Self::Uidl | Self::Top(_) | Self::Open { .. } => true,
            Self::Greeting | Self::User | Self::Pass | Self::Dele(_) | Self::Quit => false,
        }
    }
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing is under way.
    Ready,
    /// The first line of an answer is awaited.
    Waiting(Asked),
    /// The rest of an answer is.
    Lines(Asked, Unstuffer),
    Closed,
}

/// The client's end of one session.
#[derive(Clone, Debug)]
pub struct Reader {
    user: String,
    password: String,
    dialect: Dialect,
    state: State,
    tasks: VecDeque<Task>,
    /// The maildrop as this session sees it, once it was listed.
    listing: Option<Vec<Summary>>,
    /// Those in it whose headers were read, whether or not they have a name.
    described: BTreeSet<Handle>,
    /// Whether UIDL was asked for.
    identified: bool,
    /// What is listed behind this message and how, while that is under way.
    wanted: (Option<Handle>, Detail),
    commands: u64,
    input: InputBuffer,
    deadline: SimTime,
    output: VecDeque<Output<MailboxEvent>>,
}

impl Reader {
    /// A session that has not begun. In the lecture's dialect commands are in lower case.
    #[must_use]
    pub const fn new(user: String, password: String, dialect: Dialect) -> Self {
        Self {
            user,
            password,
            dialect,
            state: State::Waiting(Asked::Greeting),
            tasks: VecDeque::new(),
            listing: None,
            described: BTreeSet::new(),
            identified: false,
            wanted: (None, Detail::Sizes),
            commands: 0,
            input: InputBuffer::new(),
            deadline: SimTime::NEVER,
            output: VecDeque::new(),
        }
    }

    fn command(&mut self, asked: Asked, verb: &str, argument: &str) {
        let verb = match self.dialect {
            Dialect::Lecture => verb.to_ascii_lowercase(),
            Dialect::Rfc5321 => verb.to_owned(),
        };
        let space = if argument.is_empty() { "" } else { " " };
        self.output.push_back(Output::Transmit(format!("{verb}{space}{argument}\r\n").into_bytes()));
        self.commands += 1;
        self.state = State::Waiting(asked);
    }

    fn tell(&mut self, event: MailboxEvent) {
        self.output.push_back(Output::Event(event));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.deadline = SimTime::NEVER;
        self.input.clear();
        self.tasks.clear();
        self.output.push_back(Output::Close);
    }

    fn fail(&mut self, why: &str) {
        self.tell(MailboxEvent::Failed(why.to_owned()));
        self.close();
    }

    fn done(&mut self, done: Done) {
        self.state = State::Ready;
        self.tell(MailboxEvent::Done(done));
    }

    fn refused(&mut self, why: &str) {
        self.done(Done::Refused(why.to_owned()));
    }

    /// Begins tasks until one has to wait for the server.
    fn go_on(&mut self) {
        while matches!(self.state, State::Ready) {
            match self.tasks.pop_front() {
                Some(task) => self.begin(task),
                None => break,
            }
        }
    }

    fn begin(&mut self, task: Task) {
        match task {
            Task::List { folder, .. } if !folder.eq_ignore_ascii_case("INBOX") => {
                self.refused("POP3 has no folders");
            }
            Task::List { behind, detail, .. } => {
                self.wanted = (behind, detail);
                // RFC 1939 3: "the server acquires an exclusive-access lock on the maildrop": no session sees it change.
                if self.listing.is_some() { self.identify() } else { self.command(Asked::List, "LIST", "") }
            }
            Task::Open { message, part } => self.open(message, part),
            Task::Delete { message } | Task::Mark { message, mark: Mark::Deleted, on: true } => {
                self.command(Asked::Dele(message), "DELE", &message.0.to_string());
            }
            Task::Quit => self.command(Asked::Quit, "QUIT", ""),
            Task::Mark { .. } => self.refused("POP3 has no marks"),
            Task::Move { .. } => self.refused("POP3 has no folders"),
            Task::Keep { .. } | Task::Send(_) => self.refused("POP3 takes no messages"),
            Task::Search(_) => self.refused("POP3 does not search"),
            Task::Watch { .. } => self.refused("a POP3 session sees nothing new"),
        }
    }

    fn open(&mut self, message: Handle, part: Part) {
        match part {
            Part::Header => {
                let top = format!("{} 0", message.0);
                self.command(Asked::Open { message, part }, "TOP", &top);
            }
            Part::Text | Part::Place(_) | Part::Whole => {
                self.command(Asked::Open { message, part: Part::Whole }, "RETR", &message.0.to_string());
            }
        }
    }

    /// Asks for what stays the same from session to session, if that is wanted and was not asked before.
    fn identify(&mut self) {
        let wanted = match self.wanted.1 {
            Detail::Bare => false,
            Detail::Sizes | Detail::Lines => !self.identified,
        };
        if !wanted {
            return self.ask_headers();
        }
        self.identified = true;
        self.command(Asked::Uidl, "UIDL", "");
    }

    /// Asks for the headers that the listing lacks, or gives the listing.
    fn ask_headers(&mut self) {
        let (behind, detail) = self.wanted;
        let Some(listing) = &self.listing else { return self.fail("no listing") };
        let places = match detail {
            Detail::Bare | Detail::Sizes => VecDeque::new(),
            Detail::Lines => {
                let bare = |summary: &Summary| is_behind(summary, behind) && !self.described.contains(&summary.message);
                (0..).zip(listing).filter(|(_, summary)| bare(summary)).map(|(at, _)| at).collect()
            }
        };
        self.next_header(places);
    }

    fn next_header(&mut self, places: VecDeque<usize>) {
        let (behind, _) = self.wanted;
        let listing = self.listing.as_deref().unwrap_or_default();
        match places.front().and_then(|at| listing.get(*at)) {
            Some(summary) => {
                let top = format!("{} 0", summary.message.0);
                self.command(Asked::Top(places), "TOP", &top);
            }
            None => {
                let listed = listing.iter().filter(|summary| is_behind(summary, behind)).cloned().collect();
                self.done(Done::Listed(listed));
            }
        }
    }

    fn read(&mut self) {
        loop {
            match std::mem::replace(&mut self.state, State::Closed) {
                State::Closed => return,
                State::Lines(asked, mut body) => {
                    let used = body.feed(self.input.rest());
                    self.input.consume(used);
                    if !body.is_finished() {
                        self.state = State::Lines(asked, body);
                        return;
                    }
                    if body.problem() == Some(Problem::TooLarge) {
                        return self.fail("a response too large");
                    }
                    self.lines(asked, body.into_content());
                }
                state @ (State::Ready | State::Waiting(_)) => {
                    self.state = state;
                    match self.input.line(MAX_RESPONSE_LINE) {
                        None => return,
                        Some(Line::TooLong) => return self.fail("a response line too long"),
                        Some(Line::Whole(line)) => self.line(&line),
                    }
                }
            }
            self.go_on();
        }
    }

    /// The first line of an answer.
    fn line(&mut self, line: &[u8]) {
        let State::Waiting(asked) = std::mem::replace(&mut self.state, State::Ready) else {
            return self.fail("a response to nothing");
        };
        if !line.starts_with(b"+OK") {
            let text: String = String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).collect();
            return self.trouble(asked, text);
        }
        match asked {
            asked if asked.has_lines() => self.state = State::Lines(asked, Unstuffer::new(MAX_RESPONSE)),
            Asked::Greeting => {
                let user = self.user.clone();
                self.command(Asked::User, "USER", &user);
            }
            Asked::User => {
                let password = self.password.clone();
                self.command(Asked::Pass, "PASS", &password);
            }
            Asked::Pass => self.tell(MailboxEvent::Open),
            Asked::Dele(message) => {
                if let Some(listing) = &mut self.listing {
                    listing.retain(|summary| summary.message != message);
                }
                self.done(Done::Changed);
            }
            Asked::Quit => {
                self.tell(MailboxEvent::Finished);
                self.close();
            }
            Asked::List | Asked::Uidl | Asked::Top(_) | Asked::Open { .. } => {}
        }
    }

    fn trouble(&mut self, asked: Asked, text: String) {
        match asked {
            Asked::Greeting => self.fail(&text),
            Asked::User | Asked::Pass => {
                self.command(Asked::Quit, "QUIT", "");
                self.fail(&text);
            }
            // RFC 1939 7: UIDL and TOP are optional.
            Asked::Uidl => self.ask_headers(),
            Asked::Top(_) => self.next_header(VecDeque::new()),
            Asked::List | Asked::Open { .. } | Asked::Dele(_) => self.done(Done::Refused(text)),
            // RFC 1939 6: some of the marked messages may not have been removed.
            Asked::Quit => self.fail(&text),
        }
    }

    /// The rest of an answer.
    fn lines(&mut self, asked: Asked, content: Vec<u8>) {
        match asked {
            Asked::List => {
                let rows = content.split(|b| *b == b'\n').filter_map(scan_row);
                let sizes = rows.filter_map(|(message, size)| Some((message, number(size)?)));
                self.listing = Some(sizes.map(|(message, size)| bare(message, size)).collect());
                self.identify();
            }
            Asked::Uidl => {
                let listing = self.listing.as_deref_mut().unwrap_or_default();
                for (message, unique) in content.split(|b| *b == b'\n').filter_map(scan_row) {
                    if let Ok(at) = listing.binary_search_by_key(&message, |summary| summary.message) {
                        listing[at].unique = Some(unique.to_owned());
                    }
                }
                self.ask_headers();
            }
            Asked::Top(mut places) => {
                let at = places.pop_front();
                let summary = at.and_then(|at| self.listing.as_deref_mut().and_then(|listing| listing.get_mut(at)));
                if let Some(summary) = summary {
                    self.described.insert(summary.message);
                    describe(summary, &content);
                }
                self.next_header(places);
            }
            Asked::Open { message, part } => self.done(Done::Opened { message, part, content }),
            // Answers of one line.
            Asked::Greeting | Asked::User | Asked::Pass | Asked::Dele(_) | Asked::Quit => self.fail("lines of nothing"),
        }
    }
}

/// What a list shows of a message, read from its header.
pub fn describe(summary: &mut Summary, content: &[u8]) {
    let text = |name: &[u8]| header::first(content, name).map(|field| decode::field_text(field.value));
    let trimmed = |text: String| text.trim().to_owned();
    summary.message_id = text(b"Message-ID").map(trimmed).filter(|id| !id.is_empty());
    summary.subject = text(b"Subject").map(trimmed);
    let from = header::first(content, b"From").map(|field| crate::proto::message::read::address::list(field.value));
    summary.from = from.and_then(|list| list.into_iter().find_map(|address| address.addr_spec()));
}

const fn is_behind(summary: &Summary, behind: Option<Handle>) -> bool {
    match behind {
        Some(Handle(behind)) => summary.message.0 > behind,
        None => true,
    }
}

const fn bare(message: Handle, bytes: u64) -> Summary {
    Summary {
        message,
        unique: None,
        bytes,
        message_id: None,
        from: None,
        subject: None,
        marks: Vec::new(),
        parts: Vec::new(),
    }
}

/// A message's number in a listing and the word behind it (RFC 1939 5).
fn scan_row(line: &[u8]) -> Option<(Handle, &str)> {
    let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
    Some((Handle(number(words.next()?)?), words.next()?))
}

impl Session for Reader {
    type Event = MailboxEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if matches!(self.state, State::Closed) {
            return;
        }
        match input {
            Input::Start => self.deadline = now.saturating_add(TIMEOUT),
            Input::Bytes(bytes) => {
                self.deadline = now.saturating_add(TIMEOUT);
                self.input.push(bytes);
                self.read();
            }
            Input::EndOfStream => self.fail("connection lost"),
            Input::Tick if self.deadline <= now => self.fail("no response in time"),
            Input::Tick => {}
        }
        self.rest();
    }

    fn poll(&mut self) -> Option<Output<MailboxEvent>> {
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        self.deadline
    }
}

impl Reader {
    /// Nobody is waited for while nothing is asked.
    fn rest(&mut self) {
        if matches!(self.state, State::Ready | State::Closed) {
            self.deadline = SimTime::NEVER;
        }
    }
}

impl MailboxClient for Reader {
    fn ask(&mut self, now: SimTime, task: Task) {
        if matches!(self.state, State::Closed) {
            return;
        }
        self.tasks.push_back(task);
        if matches!(self.state, State::Ready) {
            self.deadline = now.saturating_add(TIMEOUT);
            self.go_on();
            self.rest();
        }
    }

    fn commands(&self) -> u64 {
        self.commands
    }
}
