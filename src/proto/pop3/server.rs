//! The server's end of a POP3 session (RFC 1939).
//!
//! ```text
//!  Authorization{user} --PASS, judged--> Transaction{maildrop} --QUIT--> Update, judged --> Closed
//! ```
//!
//! Deletions are marks until the UPDATE state, which only QUIT enters: a session that ends in
//! any other way deletes nothing. The maildrop is the one of the moment of the log-in, and
//! message numbers are fixed for the session.

use std::collections::VecDeque;
use std::sync::Arc;

use super::MAX_COMMAND_LINE;
use crate::base::{SimDuration, SimTime};
use crate::proto::line::{InputBuffer, Line};
use crate::proto::session::{Input, Output, Session, transfer_time};
use crate::proto::smtp::dot::stuff;

/// RFC 1939 section 3: the inactivity timer "MUST be of at least 10 minutes' duration".
const IDLE_TIMEOUT: SimDuration = SimDuration::from_secs(600);
/// What a client may send in advance while the application judges.
const MAX_AHEAD: usize = 1 << 16;

/// A message in a maildrop.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the mailbox, for ever: its unique-id.
    pub uid: u64,
    /// The message.
    pub content: Arc<[u8]>,
}

/// What the application is told or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// USER and PASS came: [`Server::open`] or [`Server::refuse`].
    Login {
        /// The name given.
        user: String,
        /// The password given.
        password: String,
    },
    /// A command after RETR came, so the message before it was received whole.
    Received {
        /// The message's unique-id.
        uid: u64,
    },
    /// RETR came; the message follows.
    Retrieving {
        /// The message's unique-id.
        uid: u64,
    },
    /// QUIT came: delete these, then [`Server::updated`].
    Update {
        /// Unique-ids in the order of the maildrop.
        deleted: Vec<u64>,
    },
}

#[derive(Clone, Debug)]
struct Maildrop {
    entries: Vec<Entry>,
    deleted: Vec<bool>,
    in_flight: Option<u64>,
}

#[derive(Clone, Debug)]
enum State {
    Authorization { user: Option<String> },
    JudgingLogin,
    Transaction(Maildrop),
    Update,
    Closed,
}

/// The server's end of one session.
#[derive(Clone, Debug)]
pub struct Server {
    state: State,
    input: InputBuffer,
    ended: bool,
    heard: SimTime,
    /// How long the client may be silent.
    patience: SimDuration,
    output: VecDeque<Output<ServerEvent>>,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A session that has not begun.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Authorization { user: None },
            input: InputBuffer::new(),
            ended: false,
            heard: SimTime::ZERO,
            patience: IDLE_TIMEOUT,
            output: VecDeque::new(),
        }
    }

    /// The log-in is right and the maildrop locked for this session.
    pub fn open(&mut self, entries: Vec<Entry>) {
        if !matches!(self.state, State::JudgingLogin) {
            return;
        }
        let deleted = vec![false; entries.len()];
        self.state = State::Transaction(Maildrop { entries, deleted, in_flight: None });
        self.ok("user successfully logged on");
        self.proceed();
    }

    /// The log-in is wrong, or the maildrop is locked by another session.
    pub fn refuse(&mut self, why: &str) {
        if !matches!(self.state, State::JudgingLogin) {
            return;
        }
        self.state = State::Authorization { user: None };
        self.err(why);
        self.proceed();
    }

    /// The deletions are done.
    pub fn updated(&mut self) {
        if matches!(self.state, State::Update) {
            self.ok("POP3 server signing off");
            self.close();
        }
    }

    fn ok(&mut self, text: &str) {
        let line = if text.is_empty() { "+OK\r\n".to_owned() } else { format!("+OK {text}\r\n") };
        self.output.push_back(Output::Transmit(line.into_bytes()));
    }

    fn err(&mut self, text: &str) {
        self.output.push_back(Output::Transmit(format!("-ERR {text}\r\n").into_bytes()));
    }

    /// A multi-line response: the first line, then the rest byte-stuffed.
    fn multi(&mut self, first: &str, rest: &[u8]) {
        let mut bytes = format!("+OK {first}\r\n").into_bytes();
        bytes.extend_from_slice(&stuff(rest));
        // The client says nothing until all has come.
        self.patience = self.patience.saturating_add(transfer_time(bytes.len()));
        self.output.push_back(Output::Transmit(bytes));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    const fn is_judging(&self) -> bool {
        matches!(self.state, State::JudgingLogin | State::Update)
    }

    fn proceed(&mut self) {
        while !self.is_judging() && !matches!(self.state, State::Closed) {
            match self.input.line(MAX_COMMAND_LINE) {
                None => break,
                Some(Line::TooLong) => self.err("command line too long"),
                Some(Line::Whole(line)) => self.line(&line),
            }
        }
        if matches!(self.state, State::Closed) {
            self.input.clear();
        } else if (self.ended && !self.is_judging()) || self.input.rest().len() > MAX_AHEAD {
            self.close();
        }
    }

    fn line(&mut self, line: &[u8]) {
        if let State::Transaction(Maildrop { in_flight, .. }) = &mut self.state
            && let Some(uid) = in_flight.take()
        {
            self.output.push_back(Output::Event(ServerEvent::Received { uid }));
        }
        let printable = line.iter().all(|b| matches!(b, b' '..=b'~'));
        let Some(line) = printable.then(|| str::from_utf8(line).ok()).flatten() else {
            return self.err("command holds control characters");
        };
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        match &self.state {
            State::Authorization { .. } => self.authorization(&verb, argument),
            State::Transaction(_) => self.transaction(&verb, argument.trim_matches(' ')),
            State::JudgingLogin | State::Update | State::Closed => {}
        }
    }

    fn authorization(&mut self, verb: &str, argument: &str) {
        let State::Authorization { user } = &mut self.state else { return };
        match (verb, user.take()) {
            ("USER", _) if argument.is_empty() => self.err("USER needs a name"),
            ("USER", _) => {
                *user = Some(argument.to_owned());
                self.ok("");
            }
            // RFC 1939 section 7: "Since the PASS command has exactly one argument, a POP3 server
            // may treat spaces in the argument as part of the password".
            ("PASS", Some(user)) => {
                self.state = State::JudgingLogin;
                let password = argument.to_owned();
                self.output.push_back(Output::Event(ServerEvent::Login { user, password }));
            }
            ("PASS", None) => self.err("USER first"),
            // RFC 1939 section 6: QUIT here ends the session, which "does NOT enter the UPDATE
            // state".
            ("QUIT", _) => {
                self.ok("POP3 server signing off");
                self.close();
            }
            ("STAT" | "LIST" | "RETR" | "DELE" | "RSET" | "NOOP" | "UIDL" | "TOP", _) => self.err("log in first"),
            (_, _) => self.err("unknown command"),
        }
    }

    fn transaction(&mut self, verb: &str, argument: &str) {
        let State::Transaction(drop) = &mut self.state else { return };
        match (verb, argument) {
            ("STAT", "") => {
                let (count, octets) = drop.size();
                self.ok(&format!("{count} {octets}"));
            }
            ("LIST", "") => {
                let (count, octets) = drop.size();
                let lines = drop.listing(|entry| entry.content.len().to_string());
                self.multi(&format!("{count} messages ({octets} octets)"), lines.as_bytes());
            }
            ("UIDL", "") => {
                let lines = drop.listing(|entry| entry.uid.to_string());
                self.multi("unique-id listing follows", lines.as_bytes());
            }
            ("LIST", _) => self.one(argument, |n, entry| format!("{n} {}", entry.content.len())),
            ("UIDL", _) => self.one(argument, |n, entry| format!("{n} {}", entry.uid)),
            ("RETR", _) => self.retrieve(argument),
            ("TOP", _) => self.top(argument),
            ("DELE", _) => match drop.find(argument) {
                Some(at) => {
                    drop.deleted[at] = true;
                    self.ok(&format!("message {} deleted", at + 1));
                }
                None => self.err("no such message"),
            },
            ("RSET", "") => {
                drop.deleted.fill(false);
                let (count, octets) = drop.size();
                self.ok(&format!("maildrop has {count} messages ({octets} octets)"));
            }
            ("NOOP", "") => self.ok(""),
            ("QUIT", "") => {
                let deleted = drop.marked();
                self.state = State::Update;
                self.output.push_back(Output::Event(ServerEvent::Update { deleted }));
            }
            ("USER" | "PASS", _) => self.err("already logged in"),
            ("STAT" | "RSET" | "NOOP" | "QUIT", _) => self.err("no argument wanted"),
            (_, _) => self.err("unknown command"),
        }
    }

    fn one(&mut self, argument: &str, show: impl Fn(usize, &Entry) -> String) {
        let State::Transaction(drop) = &self.state else { return };
        match drop.find(argument) {
            Some(at) => self.ok(&show(at + 1, &drop.entries[at])),
            None => self.err("no such message"),
        }
    }

    fn retrieve(&mut self, argument: &str) {
        let State::Transaction(drop) = &mut self.state else { return };
        let Some(at) = drop.find(argument) else { return self.err("no such message") };
        let Entry { uid, content } = drop.entries[at].clone();
        drop.in_flight = Some(uid);
        self.output.push_back(Output::Event(ServerEvent::Retrieving { uid }));
        self.multi(&format!("{} octets", content.len()), &content);
    }

    /// RFC 1939 section 7: "the headers of the message, the blank line separating the headers
    /// from the body, and then the number of lines of the indicated message's body".
    fn top(&mut self, argument: &str) {
        let State::Transaction(drop) = &self.state else { return };
        let numbers = argument.split_once(' ').and_then(|(n, lines)| Some((n, number(lines.trim())?)));
        let Some((n, lines)) = numbers else { return self.err("TOP needs a message and a number of lines") };
        let Some(at) = drop.find(n) else { return self.err("no such message") };
        let content = Arc::clone(&drop.entries[at].content);
        let head = if content.starts_with(b"\r\n") { 0 } else { end_of_header(&content) };
        let wanted = usize::try_from(lines).unwrap_or(usize::MAX).saturating_add(1);
        let end: usize = content[head..].split_inclusive(|b| *b == b'\n').take(wanted).map(<[u8]>::len).sum();
        self.multi("top of message follows", &content[..head + end]);
    }
}

/// Where the last header field ends: the empty line comes next.
fn end_of_header(content: &[u8]) -> usize {
    content.windows(4).position(|four| four == b"\r\n\r\n").map_or(content.len(), |at| at + 2)
}

/// A number as POP3 writes them; anything else, signs included, is none.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl Maildrop {
    fn present(&self) -> impl Iterator<Item = (usize, &Entry)> {
        (1..).zip(&self.entries).zip(&self.deleted).filter(|(_, deleted)| !**deleted).map(|(entry, _)| entry)
    }

    fn size(&self) -> (usize, usize) {
        self.present().fold((0, 0), |(count, octets), (_, entry)| (count + 1, octets + entry.content.len()))
    }

    fn listing(&self, show: impl Fn(&Entry) -> String) -> String {
        self.present().map(|(n, entry)| format!("{n} {}\r\n", show(entry))).collect()
    }

    /// The index of a message that is there and not marked as deleted.
    fn find(&self, argument: &str) -> Option<usize> {
        let at = usize::try_from(number(argument)?).ok()?.checked_sub(1)?;
        self.deleted.get(at).filter(|deleted| !**deleted).map(|_| at)
    }

    fn marked(&self) -> Vec<u64> {
        self.entries.iter().zip(&self.deleted).filter(|(_, deleted)| **deleted).map(|(entry, _)| entry.uid).collect()
    }
}

impl Session for Server {
    type Event = ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if matches!(self.state, State::Closed) {
            return;
        }
        match input {
            Input::Start => {
                self.heard = now;
                self.ok("POP3 server ready");
            }
            Input::Bytes(bytes) => {
                self.heard = now;
                self.patience = IDLE_TIMEOUT;
                self.input.push(bytes);
                self.proceed();
            }
            Input::EndOfStream => {
                self.ended = true;
                self.proceed();
            }
            // RFC 1939 section 3: the server "should close the TCP connection without removing
            // any messages or sending any response to the client".
            Input::Tick if self.deadline() <= now => self.close(),
            Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output<ServerEvent>> {
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        let idle = !matches!(self.state, State::Closed) && !self.is_judging();
        if idle { self.heard.saturating_add(self.patience) } else { SimTime::NEVER }
    }
}
