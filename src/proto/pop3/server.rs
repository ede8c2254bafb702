//! The server's end of a POP3 session (RFC 1939).
//!
//! ```text
//!  Authorization{user} --PASS, judged--> Transaction{maildrop} --QUIT--> Update, judged --> Closed
//! ```
//!
//! Deletions are marks until the UPDATE state, which only QUIT enters: a session that ends in
//! any other way deletes nothing. The maildrop is the one of the moment of the log-in, and
//! message numbers are fixed for the session. A client logs in by USER and PASS, by AUTH
//! (RFC 5034) or by APOP if that is offered, and may send commands ahead (RFC 2449 section 6.6), which wait until the answers
//! before theirs were taken.

use std::collections::VecDeque;
use std::sync::Arc;

use super::MAX_COMMAND_LINE;
use super::maildrop::{Entry, Maildrop, end_of_header, number};
use crate::base::{SimDuration, SimTime};
use crate::proto::line::{InputBuffer, Line};
use crate::proto::md5;
use crate::proto::patience::Patience;
use crate::proto::sasl::{self, Credentials, Exchange, Mechanism, SaslError, Step};
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::dot::stuff;

/// RFC 1939 section 3: the inactivity timer "MUST be of at least 10 minutes' duration".
const IDLE_TIMEOUT: SimDuration = SimDuration::from_secs(600);
/// What a client may send in advance while the application judges.
const MAX_AHEAD: usize = 1 << 16;

/// What the application is told or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// A client wants to log in: [`Server::open`] or [`Server::refuse`].
    Login(Credentials),
    /// A client wants to log in by APOP: the same answers.
    Apop(Digest),
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

/// What APOP proves with (RFC 1939 section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Who wants in.
    pub user: String,
    stamp: String,
    digest: String,
}

impl Digest {
    /// Whether it was made with this password.
    #[must_use]
    pub fn proves(&self, password: &str) -> bool {
        md5::hex(format!("{}{password}", self.stamp).as_bytes()) == self.digest
    }
}

/// Why a log-in comes to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// There is no such user, or the proof is wrong.
    Credentials,
    /// Another session has the maildrop.
    Locked,
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
    /// The time stamp in the greeting, where APOP is offered.
    stamp: Option<String>,
    /// The exchange of an AUTH command that is under way.
    exchange: Option<Exchange>,
    failures: u32,
    input: InputBuffer,
    ended: bool,
    /// How long the client may be silent.
    patience: Patience,
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
            stamp: None,
            exchange: None,
            failures: 0,
            input: InputBuffer::new(),
            ended: false,
            patience: Patience::new(IDLE_TIMEOUT),
            output: VecDeque::new(),
        }
    }

    /// A session that has not begun and offers APOP. RFC 1939 section 7: the time stamp is a
    /// `msg-id` and another "each time the POP3 server issues a banner greeting".
    #[must_use]
    pub fn offering_apop(stamp: String) -> Self {
        Self { stamp: Some(stamp), ..Self::new() }
    }

    /// The log-in is right and the maildrop locked for this session.
    pub fn open(&mut self, entries: Vec<Entry>) {
        if !matches!(self.state, State::JudgingLogin) {
            return;
        }
        self.state = State::Transaction(Maildrop::new(entries));
        self.ok("user successfully logged on");
    }

    /// The log-in is wrong, or the maildrop is locked by another session.
    pub fn refuse(&mut self, why: Denial) {
        if !matches!(self.state, State::JudgingLogin) {
            return;
        }
        self.state = State::Authorization { user: None };
        self.failed(match why {
            // RFC 3206 section 4: the client is to ask for other credentials.
            Denial::Credentials => "[AUTH] wrong user or password",
            // RFC 2449 section 8.1.2: the client may try again later.
            Denial::Locked => "[IN-USE] maildrop already locked",
        });
    }

    /// Octets kept at present.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.input.rest().len()
    }

    fn failed(&mut self, why: &str) {
        self.err(why);
        self.failures += 1;
        if self.failures >= sasl::MAX_FAILURES {
            self.close();
        }
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
        self.patience.send(bytes.len());
        self.output.push_back(Output::Transmit(bytes));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    const fn is_judging(&self) -> bool {
        matches!(self.state, State::JudgingLogin | State::Update)
    }

    /// Goes on with the next thing that came; false if it is not whole yet.
    fn work(&mut self) -> bool {
        if self.is_judging() || self.is_closed() {
            return false;
        }
        let limit = if self.exchange.is_some() { sasl::MAX_LINE } else { MAX_COMMAND_LINE };
        match self.input.line(limit) {
            None if self.ended => self.close(),
            None => return false,
            Some(Line::TooLong) => {
                self.exchange = None;
                self.err("command line too long");
            }
            Some(Line::Whole(line)) if self.exchange.is_some() => self.response(&line),
            Some(Line::Whole(line)) => self.line(&line),
        }
        true
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
            ("CAPA", _) => self.capabilities(argument),
            ("AUTH", _) => self.auth(argument),
            ("USER", _) if argument.is_empty() => self.err("USER needs a name"),
            ("USER", _) => {
                *user = Some(argument.to_owned());
                self.ok("");
            }
            // RFC 1939 section 7: "Since the PASS command has exactly one argument, a POP3 server
            // may treat spaces in the argument as part of the password".
            ("PASS", Some(user)) => {
                self.state = State::JudgingLogin;
                let credentials = Credentials::of(user, argument.to_owned());
                self.output.push_back(Output::Event(ServerEvent::Login(credentials)));
            }
            ("PASS", None) => self.err("USER first"),
            ("APOP", _) if self.stamp.is_some() => self.apop(argument),
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

    /// RFC 2449 section 5: the capabilities, the same in both states.
    fn capabilities(&mut self, argument: &str) {
        if !argument.is_empty() {
            return self.err("no argument wanted");
        }
        let sasl = sasl::MECHANISMS;
        let lines = format!(
            "TOP\r\nUIDL\r\nUSER\r\nSASL {sasl}\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\nIMPLEMENTATION Posthaste\r\n"
        );
        self.multi("capability list follows", lines.as_bytes());
    }

    /// `APOP name digest` (RFC 1939 section 7).
    fn apop(&mut self, argument: &str) {
        let words = argument.rsplit_once(' ').filter(|(user, _)| !user.is_empty());
        let (Some((user, digest)), Some(stamp)) = (words, self.stamp.clone()) else {
            return self.err("APOP needs a name and a digest");
        };
        let digest = Digest { user: user.to_owned(), stamp, digest: digest.to_ascii_lowercase() };
        self.state = State::JudgingLogin;
        self.output.push_back(Output::Event(ServerEvent::Apop(digest)));
    }

    /// `AUTH mechanism [initial-response]` (RFC 5034 section 4). Without a mechanism the
    /// mechanisms are listed, as clients older than CAPA ask for them.
    fn auth(&mut self, argument: &str) {
        let mut words = argument.split(' ').filter(|word| !word.is_empty());
        let (mechanism, initial, surplus) = (words.next(), words.next(), words.next());
        let Some(mechanism) = mechanism else {
            let list = sasl::MECHANISMS.replace(' ', "\r\n");
            return self.multi("mechanisms follow", list.as_bytes());
        };
        let Some(mechanism) = Mechanism::named(mechanism) else {
            return self.err("unrecognized authentication mechanism");
        };
        if surplus.is_some() {
            return self.err("AUTH needs a mechanism and at most one response");
        }
        match Exchange::begin(mechanism, initial) {
            Ok((exchange, step)) => self.step(exchange, step),
            Err(error) => self.exchange_failed(error),
        }
    }

    fn response(&mut self, line: &[u8]) {
        let Some(mut exchange) = self.exchange.take() else { return };
        match exchange.respond(line) {
            Ok(step) => self.step(exchange, step),
            Err(error) => self.exchange_failed(error),
        }
    }

    fn step(&mut self, exchange: Exchange, step: Step) {
        match step {
            Step::Challenge(text) => {
                self.exchange = Some(exchange);
                self.output.push_back(Output::Transmit(format!("+ {text}\r\n").into_bytes()));
            }
            Step::Done(credentials) => {
                self.state = State::JudgingLogin;
                self.output.push_back(Output::Event(ServerEvent::Login(credentials)));
            }
        }
    }

    fn exchange_failed(&mut self, error: SaslError) {
        self.failed(&error.to_string());
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
            ("CAPA", _) => self.capabilities(argument),
            ("USER" | "PASS" | "APOP" | "AUTH", _) => self.err("already logged in"),
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

impl Session for Server {
    type Event = ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if self.is_closed() {
            return;
        }
        match input {
            Input::Start => {
                self.patience.hears(now);
                let stamp = self.stamp.as_ref().map_or_else(String::new, |stamp| format!(" {stamp}"));
                self.ok(&format!("POP3 server ready{stamp}"));
            }
            Input::Bytes(bytes) => {
                self.patience.hears(now);
                self.input.push(bytes);
                if self.is_judging() && self.input.rest().len() > MAX_AHEAD {
                    self.close();
                }
            }
            Input::EndOfStream => self.ended = true,
            // RFC 1939 section 3: the server "should close the TCP connection without removing
            // any messages or sending any response to the client".
            Input::Tick if self.deadline() <= now => self.lose(now),
            Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output<ServerEvent>> {
        while self.output.is_empty() && self.work() {}
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        let judged = self.is_judging() && self.output.is_empty();
        if judged || self.is_closed() {
            return SimTime::NEVER;
        }
        self.patience.deadline(self.has_more())
    }

    fn has_more(&self) -> bool {
        let waiting = !self.is_judging() && (self.ended || !self.input.rest().is_empty());
        !self.is_closed() && (waiting || !self.output.is_empty())
    }

    fn go_on(&mut self, now: SimTime) {
        self.patience.goes_on(now);
    }

    fn lose(&mut self, _now: SimTime) {
        if !self.is_closed() {
            self.output.clear();
            self.close();
        }
    }
}
