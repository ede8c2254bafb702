//! The client's end of a POP3 session: log in, list, fetch everything, perhaps delete it.
//!
//! Left out: keeping track of unique-ids, so that [`Mode::DownloadAndKeep`] fetches all that
//! is there each time.

use std::collections::VecDeque;

use super::MAX_RESPONSE_LINE;
use crate::base::{SimDuration, SimTime};
use crate::proto::line::{InputBuffer, Line};
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::Dialect;
use crate::proto::smtp::dot::{Problem, Unstuffer};

/// How long the client waits for the server's next octets.
const TIMEOUT: SimDuration = SimDuration::from_secs(300);
/// The largest listing or message that is taken.
const MAX_RESPONSE: usize = 64 << 20;

/// What happens to a message that was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is deleted on the server.
    DownloadAndDelete,
    /// It stays on the server.
    DownloadAndKeep,
}

/// What the application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// A message was fetched whole.
    Retrieved(Vec<u8>),
    /// All was done and the server said goodbye.
    Finished,
    /// The session ended before its time.
    Failed(String),
}

#[derive(Clone, Debug)]
enum State {
    Greeting,
    User,
    Pass,
    List,
    Listing(Unstuffer),
    Retr { numbers: VecDeque<u64> },
    Message { numbers: VecDeque<u64>, body: Unstuffer },
    Dele { numbers: VecDeque<u64> },
    Quit,
    Closed,
}

/// The client's end of one session.
#[derive(Clone, Debug)]
pub struct Client {
    user: String,
    password: String,
    mode: Mode,
    dialect: Dialect,
    state: State,
    input: InputBuffer,
    deadline: SimTime,
    output: VecDeque<Output<ClientEvent>>,
}

impl Client {
    /// A session that has not begun. In the lecture's dialect commands are in lower case.
    #[must_use]
    pub const fn new(user: String, password: String, mode: Mode, dialect: Dialect) -> Self {
        Self {
            user,
            password,
            mode,
            dialect,
            state: State::Greeting,
            input: InputBuffer::new(),
            deadline: SimTime::NEVER,
            output: VecDeque::new(),
        }
    }

    fn command(&mut self, verb: &str, argument: &str) {
        let verb = match self.dialect {
            Dialect::Lecture => verb.to_ascii_lowercase(),
            Dialect::Rfc5321 => verb.to_owned(),
        };
        let space = if argument.is_empty() { "" } else { " " };
        self.output.push_back(Output::Transmit(format!("{verb}{space}{argument}\r\n").into_bytes()));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.deadline = SimTime::NEVER;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    fn fail(&mut self, why: &str) {
        self.output.push_back(Output::Event(ClientEvent::Failed(why.to_owned())));
        self.close();
    }

    fn read(&mut self) {
        while !matches!(self.state, State::Closed) {
            if let State::Listing(body) | State::Message { body, .. } = &mut self.state {
                let used = body.feed(self.input.rest());
                let finished = body.is_finished();
                self.input.consume(used);
                if !finished {
                    break;
                }
                self.body_ended();
                continue;
            }
            match self.input.line(MAX_RESPONSE_LINE) {
                None => break,
                Some(Line::TooLong) => self.fail("a response line too long"),
                Some(Line::Whole(line)) => self.response(&line),
            }
        }
    }

    fn response(&mut self, line: &[u8]) {
        if !line.starts_with(b"+OK") {
            let text: String = String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).collect();
            // RFC 1939 section 6: "-ERR some deleted messages not removed"; the session is over all the same.
            if !matches!(self.state, State::Greeting | State::Quit) {
                self.command("QUIT", "");
            }
            return self.fail(&text);
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Greeting => {
                self.state = State::User;
                let user = self.user.clone();
                self.command("USER", &user);
            }
            State::User => {
                self.state = State::Pass;
                let password = self.password.clone();
                self.command("PASS", &password);
            }
            State::Pass => {
                self.state = State::List;
                self.command("LIST", "");
            }
            State::List => self.state = State::Listing(Unstuffer::new(MAX_RESPONSE)),
            State::Retr { numbers } => {
                self.state = State::Message { numbers, body: Unstuffer::new(MAX_RESPONSE) };
            }
            State::Dele { numbers } => self.next_message(numbers),
            State::Quit => {
                self.output.push_back(Output::Event(ClientEvent::Finished));
                self.close();
            }
            other @ (State::Listing(_) | State::Message { .. } | State::Closed) => self.state = other,
        }
    }

    fn body_ended(&mut self) {
        match std::mem::replace(&mut self.state, State::Closed) {
            // What was cut short must not be deleted on the server.
            State::Listing(body) | State::Message { body, .. } if body.problem() == Some(Problem::TooLarge) => {
                self.fail("a response too large");
            }
            State::Listing(body) => {
                let content = body.into_content();
                let numbers = content.split(|b| *b == b'\n').filter_map(scan_number).collect();
                self.next_message(numbers);
            }
            State::Message { mut numbers, body } => {
                self.output.push_back(Output::Event(ClientEvent::Retrieved(body.into_content())));
                let fetched = numbers.pop_front().filter(|_| self.mode == Mode::DownloadAndDelete);
                if let Some(number) = fetched {
                    self.state = State::Dele { numbers };
                    self.command("DELE", &number.to_string());
                } else {
                    self.next_message(numbers);
                }
            }
            State::Greeting
            | State::User
            | State::Pass
            | State::List
            | State::Retr { .. }
            | State::Dele { .. }
            | State::Quit
            | State::Closed => {}
        }
    }

    /// `numbers` begins with the message that is asked for.
    fn next_message(&mut self, numbers: VecDeque<u64>) {
        match numbers.front() {
            Some(number) => {
                let number = number.to_string();
                self.state = State::Retr { numbers };
                self.command("RETR", &number);
            }
            None => {
                self.state = State::Quit;
                self.command("QUIT", "");
            }
        }
    }
}

/// The message number at the beginning of a scan listing (RFC 1939 section 5).
fn scan_number(line: &[u8]) -> Option<u64> {
    let digits = line.split(|b| *b == b' ').next()?;
    str::from_utf8(digits).ok()?.parse().ok()
}

impl Session for Client {
    type Event = ClientEvent;

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
    }

    fn poll(&mut self) -> Option<Output<ClientEvent>> {
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        self.deadline
    }
}
