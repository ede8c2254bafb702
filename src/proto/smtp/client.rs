//! The client's end of an SMTP session (RFC 5321 section 3).
//!
//! ```text
//!  greeting --> EHLO/HELO [--> STARTTLS --> handshake --> EHLO] [--> AUTH] --> Ready --quit--> QUIT
//!                                                                              ^  | begin
//!  Ready <-- one verdict for each recipient <-- DATA, message | BDAT <-- RCPT <-- MAIL
//! ```
//!
//! One transaction after the other runs over the session; each ends with one [`Verdict`] per
//! recipient. HELO is sent in the lecture's dialect, EHLO in RFC 5321's. What the server offers
//! ([`Client::offers`]) is used where a message needs it (SIZE, 8BITMIME, SMTPUTF8, DSN), and on
//! request (PIPELINING, CHUNKING, STARTTLS, AUTH). Left out: a timer for each data block, see
//! [`ClientTimeouts::content`].

mod config;
mod opening;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use transaction::Work;

pub use config::{ClientConfig, ClientTimeouts, TlsUse};

use super::reply::{MAX_REPLY_LINE, Reply, ReplyReader};
use super::{Dialect, Envelope, Offers};
use crate::base::SimTime;
use crate::proto::line::{InputBuffer, Line};
use crate::proto::session::{Input, Output, Session};
use crate::proto::tls::Channel;

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
    /// The greeting, the answer to HELO, EHLO or AUTH was a refusal, or a 421 came.
    Refused(Reply),
    /// The stream ended before its time.
    Lost,
    /// No reply came in time.
    TimedOut,
    /// The server said something that is no SMTP, or not now.
    Protocol(String),
    /// TLS is wanted and did not come to be. Where it need not be, a session without it may do.
    Unsecured(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reply) => reply.fmt(f),
            Self::Lost => f.write_str("connection lost"),
            Self::TimedOut => f.write_str("no reply in time"),
            Self::Protocol(what) => write!(f, "protocol error: {what}"),
            Self::Unsecured(why) => write!(f, "no TLS: {why}"),
        }
    }
}

/// Why a message was not offered to a server that has said what it can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// It is larger than the server announced (RFC 1870 section 5).
    TooLarge,
    /// It needs SMTPUTF8, which is not offered (RFC 6531 section 3.2).
    Utf8,
    /// It needs 8BITMIME or BINARYMIME, which is not offered (RFC 6152 section 3).
    Body,
}

impl Unsendable {
    /// The words for it behind the code of RFC 3463: 5.3.4, 5.6.7 (RFC 6531 section 3.2) or 5.6.3. No server
    /// said them.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLarge => "5.3.4 Message is larger than the server announced to take",
            Self::Utf8 => "5.6.7 The server does not offer SMTPUTF8",
            Self::Body => "5.6.3 The server does not take a message of such octets",
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
    /// It was not offered to the server, and never can be.
    Unsendable(Unsendable),
    /// The session broke before the server decided.
    Broken {
        /// What broke it.
        trouble: Trouble,
        /// Whether all of the message had been sent: then the server may have it.
        after_dot: bool,
    },
}

/// What the application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The next transaction may begin, or the session be ended. What the server offers is known.
    Ready,
    /// The message itself is on its way.
    Transferring,
    /// The transaction is over; one verdict for each recipient, in their order.
    Ended(Vec<Verdict>),
    /// The session cannot go on; it closes.
    Failed(Trouble),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening,
    Idle { reset_first: bool },
    Busy,
    Quitting,
    Closed,
}

/// What a reply is awaited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    /// No reply, but the server's flights.
    Handshake,
    Login,
    Reset,
    Mail,
    Rcpt,
    Data,
    /// BDAT.
    Chunk,
    /// The final dot.
    Content,
    Quit,
}

/// The client's end of one session.
#[derive(Clone, Debug)]
pub struct Client {
    config: ClientConfig,
    offers: Offers,
    state: State,
    work: Option<Work>,
    /// What was asked, in order; a server answers in that order.
    awaiting: VecDeque<Step>,
    /// What is to be sent with the next group.
    unsent: Vec<u8>,
    /// Challenges answered.
    challenges: u32,
    channel: Option<Channel>,
    input: InputBuffer,
    replies: ReplyReader,
    deadline: SimTime,
    output: VecDeque<Output<ClientEvent>>,
}

impl Client {
    /// A session of the host called `name` that has not begun, led in the simplest way.
    #[must_use]
    pub fn new(name: String, dialect: Dialect) -> Self {
        Self::with(ClientConfig::new(name, dialect))
    }

    /// A session that has not begun.
    #[must_use]
    pub fn with(config: ClientConfig) -> Self {
        Self {
            config,
            offers: Offers::default(),
            state: State::Opening,
            work: None,
            awaiting: VecDeque::new(),
            unsent: Vec::new(),
            challenges: 0,
            channel: None,
            input: InputBuffer::default(),
            replies: ReplyReader::default(),
            deadline: SimTime::NEVER,
            output: VecDeque::new(),
        }
    }

    /// What the server offers, from the first [`ClientEvent::Ready`] on.
    #[must_use]
    pub const fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Ends the session; only after [`ClientEvent::Ready`], otherwise it does nothing.
    pub fn quit(&mut self, now: SimTime) {
        if matches!(self.state, State::Idle { .. }) {
            self.state = State::Quitting;
            self.ask(now, Step::Quit, "QUIT");
        }
    }

    /// Adds a command to the group.
    fn group(&mut self, step: Step, line: &str) {
        self.unsent.extend_from_slice(line.as_bytes());
        self.unsent.extend_from_slice(b"\r\n");
        self.awaiting.push_back(step);
    }

    /// Sends the group.
    fn send(&mut self, now: SimTime) {
        let group = std::mem::take(&mut self.unsent);
        let octets = match &mut self.channel {
            Some(channel) => channel.seal(&group),
            None => group,
        };
        self.output.push_back(Output::Transmit(octets));
        self.arm(now);
    }

    /// Sends one command.
    fn ask(&mut self, now: SimTime, step: Step, line: &str) {
        self.group(step, line);
        self.send(now);
    }

    /// Sets the timer of the reply that is awaited first (RFC 5321 4.5.3.2: "an SMTP client MUST
    /// provide a timeout mechanism. It MUST use per-command timeouts").
    fn arm(&mut self, now: SimTime) {
        let timeouts = &self.config.timeouts;
        let patience = match self.awaiting.front() {
            None => return self.deadline = SimTime::NEVER,
            Some(Step::Mail) => timeouts.mail,
            Some(Step::Rcpt) => timeouts.rcpt,
            Some(Step::Data) => timeouts.data,
            Some(Step::Chunk | Step::Content) => timeouts.content(self.under_way()),
            Some(
                Step::Greeting
                | Step::Ehlo
                | Step::Helo
                | Step::StartTls
                | Step::Handshake
                | Step::Login
                | Step::Reset
                | Step::Quit,
            ) => timeouts.command,
        };
        self.deadline = now.saturating_add(patience);
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.deadline = SimTime::NEVER;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    /// The session broke: undecided recipients learn of it.
    fn fail(&mut self, trouble: Trouble) {
        let trouble = match self.awaiting.front() {
            Some(Step::Handshake) => Trouble::Unsecured(trouble.to_string()),
            // Who falls silent at STARTTLS, or breaks off, may do without it.
            Some(Step::StartTls) if !matches!(trouble, Trouble::Refused(_)) => {
                Trouble::Unsecured(format!("{trouble} at STARTTLS"))
            }
            Some(_) | None => trouble,
        };
        if matches!(self.state, State::Quitting | State::Closed) {
            return self.close();
        }
        let broken = |after_dot| Verdict::Broken { trouble: trouble.clone(), after_dot };
        let verdicts = self.work.take().map(|work| work.broken(broken));
        self.output.extend(verdicts.map(|verdicts| Output::Event(ClientEvent::Ended(verdicts))));
        self.output.push_back(Output::Event(ClientEvent::Failed(trouble)));
        self.close();
    }

    fn read(&mut self, now: SimTime) {
        while self.state != State::Closed {
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
        if reply.code == 421 && self.state != State::Quitting {
            return self.fail(Trouble::Refused(reply));
        }
        let Some(step) = self.awaiting.pop_front() else {
            return self.fail(Trouble::Protocol(format!("a reply nobody asked for: {reply}")));
        };
        match step {
            Step::Greeting => self.greeted(now, reply),
            Step::Ehlo => self.ehlo_answered(now, reply),
            Step::Helo => self.helo_answered(now, reply),
            Step::StartTls => self.starttls_answered(now, reply),
            Step::Handshake => self.fail(Trouble::Protocol("a reply before the handshake".to_owned())),
            Step::Login => self.login_answered(now, reply),
            // RFC 5321 4.3.2: RSET has no reply but 250, so this says nothing of the message.
            Step::Reset if !reply.is_positive() => {
                self.fail(Trouble::Protocol(format!("RSET was refused: {reply}")));
            }
            Step::Reset => {}
            Step::Mail | Step::Rcpt | Step::Data | Step::Chunk | Step::Content => {
                self.work_answered(now, step, reply);
            }
            Step::Quit => self.close(),
        }
        if self.state == State::Busy {
            if self.awaiting.is_empty() { self.next_step(now) } else { self.arm(now) }
        }
    }
}

impl Session for Client {
    type Event = ClientEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if self.state == State::Closed {
            return;
        }
        match input {
            Input::Start => {
                self.awaiting.push_back(Step::Greeting);
                self.arm(now);
            }
            Input::Bytes(bytes) if self.channel.is_some() => self.sealed_input(now, bytes),
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
