//! The client's end of an SMTP session (RFC 5321 section 3).
//!
//! ```text
//!  Greeting --220--> Helo --250--> Idle --begin--> Mail --250--> Rcpt --250/4yz/5yz--> Data
//!      |              ^             ^  \--quit--> Quit --221--> Closed                  | 354
//!      +---> Ehlo ----+ 5yz         +-------------------- reply ------------------ Dot <-+
//! ```
//!
//! One transaction after the other runs over the session; each ends with one [`Verdict`] per
//! recipient. HELO is sent in both dialects, EHLO on request. Left out: all extensions; a
//! timer for each data block, for the socket does not tell when a block has gone: the times
//! of all blocks are added to that of the final dot, and no block can be late by itself.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::dot::stuff;
use super::reply::{MAX_REPLY_LINE, Reply, ReplyReader};
use super::{Dialect, Envelope};
use crate::base::{SimDuration, SimTime};
use crate::proto::line::{InputBuffer, Line};
use crate::proto::session::{Input, Output, Session, transfer_time};

/// RFC 5321 4.5.3.2.1 to 4.5.3.2.3: initial 220, MAIL and RCPT, 5 minutes each.
const COMMAND_TIMEOUT: SimDuration = SimDuration::from_secs(300);
/// RFC 5321 4.5.3.2.4: "DATA Initiation: 2 Minutes".
const DATA_TIMEOUT: SimDuration = SimDuration::from_secs(120);
/// RFC 5321 4.5.3.2.6: "DATA Termination: 10 Minutes".
const DOT_TIMEOUT: SimDuration = SimDuration::from_secs(600);

/// A message to hand over.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// From whom and for whom; at least one recipient.
    pub envelope: Envelope,
    /// The message.
    pub content: Arc<[u8]>,
}

/// Why a session cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The greeting or the answer to HELO or EHLO was a refusal, or a 421 came.
    Refused(Reply),
    /// The stream ended before its time.
    Lost,
    /// No reply came in time.
    TimedOut,
    /// The server said something that is no SMTP, or not now.
    Protocol(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reply) => reply.fmt(f),
            Self::Lost => f.write_str("connection lost"),
            Self::TimedOut => f.write_str("no reply in time"),
            Self::Protocol(what) => write!(f, "protocol error: {what}"),
        }
    }
}

/// What became of one recipient in a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server is responsible for it now.
    Accepted,
    /// The server refused it: at once, or with the whole message.
    Refused(Reply),
    /// The session broke before the server decided.
    Broken {
        /// What broke it.
        trouble: Trouble,
        /// Whether the final dot had been sent: then the server may have the message.
        after_dot: bool,
    },
}

/// What the application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The next transaction may begin, or the session be ended.
    Ready,
    /// 354 came: the message itself is on its way.
    Transferring,
    /// The transaction is over; one verdict for each recipient, in their order.
    Ended(Vec<Verdict>),
    /// The session cannot go on; it closes.
    Failed(Trouble),
}

#[derive(Clone, Debug)]
enum State {
    Greeting,
    Ehlo,
    Helo,
    Idle { reset_first: bool },
    Reset { transaction: Transaction },
    Mail { transaction: Transaction },
    Rcpt { transaction: Transaction, verdicts: Vec<Option<Verdict>> },
    Data { transaction: Transaction, verdicts: Vec<Option<Verdict>> },
    Dot { verdicts: Vec<Option<Verdict>> },
    Quit,
    Closed,
}

/// The client's end of one session.
#[derive(Clone, Debug)]
pub struct Client {
    name: String,
    dialect: Dialect,
    says_ehlo: bool,
    state: State,
    input: InputBuffer,
    replies: ReplyReader,
    deadline: SimTime,
    output: VecDeque<Output<ClientEvent>>,
}

impl Client {
    /// A session of the host called `name` that has not begun.
    #[must_use]
    pub fn new(name: String, dialect: Dialect) -> Self {
        Self {
            name,
            dialect,
            says_ehlo: false,
            state: State::Greeting,
            input: InputBuffer::default(),
            replies: ReplyReader::default(),
            deadline: SimTime::NEVER,
            output: VecDeque::new(),
        }
    }

    /// The same session, introduced by EHLO instead of HELO.
    #[must_use]
    pub const fn with_ehlo(mut self) -> Self {
        self.says_ehlo = true;
        self
    }

    /// Begins a transaction; only after [`ClientEvent::Ready`], otherwise it does nothing.
    pub fn begin(&mut self, now: SimTime, transaction: Transaction) {
        let State::Idle { reset_first } = self.state else { return };
        if reset_first {
            self.state = State::Reset { transaction };
            self.command(now, "RSET", COMMAND_TIMEOUT);
        } else {
            self.mail(now, transaction);
        }
    }

    /// Ends the session; only after [`ClientEvent::Ready`], otherwise it does nothing.
    pub fn quit(&mut self, now: SimTime) {
        if matches!(self.state, State::Idle { .. }) {
            self.state = State::Quit;
            self.command(now, "QUIT", COMMAND_TIMEOUT);
        }
    }

    fn command(&mut self, now: SimTime, line: &str, timeout: SimDuration) {
        self.output.push_back(Output::Transmit(format!("{line}\r\n").into_bytes()));
        self.deadline = now.saturating_add(timeout);
    }

    const fn space(&self) -> &'static str {
        match self.dialect {
            Dialect::Lecture => " ",
            Dialect::Rfc5321 => "",
        }
    }

    fn helo(&mut self, now: SimTime) {
        self.state = State::Helo;
        self.command(now, &format!("HELO {}", self.name), COMMAND_TIMEOUT);
    }

    fn introduced(&mut self) {
        self.state = State::Idle { reset_first: false };
        self.deadline = SimTime::NEVER;
        self.output.push_back(Output::Event(ClientEvent::Ready));
    }

    fn mail(&mut self, now: SimTime, transaction: Transaction) {
        let line = format!("MAIL FROM:{}<{}>", self.space(), transaction.envelope.reverse_path.as_str());
        self.state = State::Mail { transaction };
        self.command(now, &line, COMMAND_TIMEOUT);
    }

    /// Asks for the next recipient, or goes on to the message when all were asked for.
    fn rcpt(&mut self, now: SimTime, transaction: Transaction, verdicts: Vec<Option<Verdict>>) {
        if let Some(to) = transaction.envelope.recipients.get(verdicts.len()) {
            let line = format!("RCPT TO:{}<{}>", self.space(), to.path.as_str());
            self.state = State::Rcpt { transaction, verdicts };
            self.command(now, &line, COMMAND_TIMEOUT);
        } else if verdicts.iter().any(Option::is_none) {
            self.state = State::Data { transaction, verdicts };
            self.command(now, "DATA", DATA_TIMEOUT);
        } else {
            self.end(verdicts.into_iter().flatten().collect(), true);
        }
    }

    fn end(&mut self, verdicts: Vec<Verdict>, reset_first: bool) {
        self.state = State::Idle { reset_first };
        self.deadline = SimTime::NEVER;
        self.output.push_back(Output::Event(ClientEvent::Ended(verdicts)));
        self.output.push_back(Output::Event(ClientEvent::Ready));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.deadline = SimTime::NEVER;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    /// The session broke: undecided recipients learn of it.
    fn fail(&mut self, trouble: Trouble) {
        let broken = |after_dot| Verdict::Broken { trouble: trouble.clone(), after_dot };
        let verdicts = match std::mem::replace(&mut self.state, State::Closed) {
            State::Reset { transaction } | State::Mail { transaction } => {
                Some(vec![broken(false); transaction.envelope.recipients.len()])
            }
            State::Rcpt { transaction, mut verdicts } | State::Data { transaction, mut verdicts } => {
                verdicts.resize(transaction.envelope.recipients.len(), None);
                Some(verdicts.into_iter().map(|v| v.unwrap_or_else(|| broken(false))).collect())
            }
            State::Dot { verdicts } => Some(verdicts.into_iter().map(|v| v.unwrap_or_else(|| broken(true))).collect()),
            State::Greeting | State::Ehlo | State::Helo | State::Idle { .. } => None,
            State::Quit | State::Closed => return self.close(),
        };
        self.output.extend(verdicts.map(|verdicts| Output::Event(ClientEvent::Ended(verdicts))));
        self.output.push_back(Output::Event(ClientEvent::Failed(trouble)));
        self.close();
    }

    fn read(&mut self, now: SimTime) {
        while !matches!(self.state, State::Closed) {
            let line = match self.input.line(MAX_REPLY_LINE) {
                None => break,
                Some(Line::TooLong) => return self.fail(Trouble::Protocol("a reply line too long".to_owned())),
                Some(Line::Whole(line)) => line,
            };
            match self.replies.line(&line) {
                Ok(None) => {}
                Ok(Some(reply)) => self.reply(now, reply),
                Err(error) => self.fail(Trouble::Protocol(error.to_string())),
            }
        }
    }

    fn reply(&mut self, now: SimTime, reply: Reply) {
        // RFC 5321 4.2.2: 421 "may be a reply to any command if the service knows it must shut
        // down".
        if reply.code == 421 && !matches!(self.state, State::Quit) {
            return self.fail(Trouble::Refused(reply));
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Greeting if self.says_ehlo => self.expect(now, reply, State::Greeting, |client| {
                client.state = State::Ehlo;
                client.command(now, &format!("EHLO {}", client.name), COMMAND_TIMEOUT);
            }),
            State::Greeting => self.expect(now, reply, State::Greeting, |client| client.helo(now)),
            // RFC 5321 3.2: for a server that does not know EHLO, clients "SHOULD be able to [...]
            // send HELO".
            State::Ehlo if matches!(reply.code, 500 | 502) => self.helo(now),
            State::Ehlo => self.expect(now, reply, State::Ehlo, Self::introduced),
            State::Helo => self.expect(now, reply, State::Helo, Self::introduced),
            State::Reset { transaction } if reply.is_positive() => self.mail(now, transaction),
            // RFC 5321 4.3.2: RSET has no reply but 250, so this says nothing of the message.
            state @ State::Reset { .. } => {
                self.state = state;
                self.fail(Trouble::Protocol(format!("RSET was refused: {reply}")));
            }
            State::Mail { transaction } if reply.is_positive() => self.rcpt(now, transaction, Vec::new()),
            State::Mail { transaction } => {
                let verdicts = vec![Verdict::Refused(reply); transaction.envelope.recipients.len()];
                self.end(verdicts, false);
            }
            State::Rcpt { transaction, mut verdicts } => {
                let taken = reply.is_positive();
                let reply = too_many(reply, &verdicts);
                verdicts.push((!taken).then_some(Verdict::Refused(reply)));
                self.rcpt(now, transaction, verdicts);
            }
            // RFC 5321 4.3.2: unknown codes are handled "by interpreting the first digit only".
            State::Data { transaction, verdicts } if reply.is_intermediate() => {
                let data = stuff(&transaction.content);
                self.deadline = now.saturating_add(transfer_time(data.len())).saturating_add(DOT_TIMEOUT);
                self.output.push_back(Output::Event(ClientEvent::Transferring));
                self.output.push_back(Output::Transmit(data));
                self.state = State::Dot { verdicts };
            }
            State::Data { verdicts, .. } => self.end(decided(verdicts, &Verdict::Refused(reply)), true),
            State::Dot { verdicts } if reply.is_positive() => self.end(decided(verdicts, &Verdict::Accepted), false),
            State::Dot { verdicts } => self.end(decided(verdicts, &Verdict::Refused(reply)), false),
            state @ State::Idle { .. } => {
                self.state = state;
                self.fail(Trouble::Protocol(format!("a reply nobody asked for: {reply}")));
            }
            State::Quit | State::Closed => self.close(),
        }
    }

    /// Goes on after a positive reply; after another one the session is over.
    fn expect(&mut self, now: SimTime, reply: Reply, state: State, go_on: impl FnOnce(&mut Self)) {
        if reply.is_positive() {
            return go_on(self);
        }
        self.state = state;
        // RFC 5321 4.1.1.10: "The sender MUST NOT intentionally close the transmission channel
        // until it sends a QUIT command".
        self.command(now, "QUIT", COMMAND_TIMEOUT);
        self.fail(Trouble::Refused(reply));
    }
}

/// RFC 5321 4.5.3.1.10: after recipients that were accepted, clients "SHOULD treat a 552 code
/// in this case as a temporary, rather than permanent, failure".
fn too_many(mut reply: Reply, earlier: &[Option<Verdict>]) -> Reply {
    if reply.code == 552 && earlier.iter().any(Option::is_none) {
        reply.code = 452;
    }
    reply
}

/// Each recipient that was not refused before gets this verdict.
fn decided(verdicts: Vec<Option<Verdict>>, verdict: &Verdict) -> Vec<Verdict> {
    verdicts.into_iter().map(|earlier| earlier.unwrap_or_else(|| verdict.clone())).collect()
}

impl Session for Client {
    type Event = ClientEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if matches!(self.state, State::Closed) {
            return;
        }
        match input {
            Input::Start => self.deadline = now.saturating_add(COMMAND_TIMEOUT),
            Input::Bytes(bytes) => {
                self.input.push(bytes);
                self.read(now);
            }
            Input::EndOfStream => self.fail(Trouble::Lost),
            Input::Tick if self.deadline <= now => self.fail(Trouble::TimedOut),
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
