//! The server's end of an SMTP session (RFC 5321 section 4).
//!
//! ```text
//!  Fresh --HELO/EHLO--> Greeted{None} --MAIL--> Mail --RCPT--> Recipients --DATA--> Data
//!                            ^                   |  judged by the application  |     |
//!                            +------- RSET, HELO, EHLO ------------------------+     |
//!                            +----------------- the final dot, judged ---------------+
//! ```
//!
//! The application judges the sender, each recipient and the message by [`Server::accept`]
//! and [`Server::reject`]; until then what the client has sent in advance is kept, so a
//! client that pipelines is served in order. Left out: service extensions, and CHUNKING.

use std::collections::VecDeque;

use super::Envelope;
use super::command::{Command, MAX_COMMAND_LINE};
use super::dot::{Problem, Unstuffer};
use super::path::{ForwardPath, ReversePath};
use super::reply::Reply;
use crate::base::{SimDuration, SimTime};
use crate::proto::line::{InputBuffer, Line};
use crate::proto::session::{Input, Output, Session};

/// RFC 5321 4.5.3.2.7: "An SMTP server SHOULD have a timeout of at least 5 minutes while it
/// is awaiting the next command from the sender."
pub const IDLE_TIMEOUT: SimDuration = SimDuration::from_secs(300);
/// What a client may send in advance while the application judges.
const MAX_AHEAD: usize = 1 << 20;

/// What a server announces and allows.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its domain name.
    pub name: String,
    /// The largest message, in octets; a larger one gets 552.
    pub max_message: usize,
    /// Recipients of one message; the next one gets 452.
    pub max_recipients: usize,
}

impl ServerConfig {
    /// A server of that name with the usual limits: 10,240,000 octets and 100 recipients
    /// (RFC 5321 4.5.3.1.8: "The minimum total number of recipients [...] is 100").
    #[must_use]
    pub const fn new(name: String) -> Self {
        Self { name, max_message: 10_240_000, max_recipients: 100 }
    }
}

/// How the client introduced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The name it gave.
    pub name: String,
    /// Whether it said EHLO.
    pub extended: bool,
}

/// What the application is told or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// MAIL came: will mail from here be taken?
    Sender(ReversePath),
    /// RCPT came: will mail for this recipient be taken?
    Recipient(ForwardPath),
    /// The final dot came: will the message be taken?
    Message {
        /// How the client introduced itself.
        greeting: Greeting,
        /// From whom and for whom: the recipients that were accepted, at least one.
        envelope: Envelope,
        /// The message, dots un-stuffed.
        content: Vec<u8>,
    },
}

#[derive(Clone, Debug)]
enum State {
    Fresh,
    Greeted { greeting: Greeting, transaction: Mail },
    Closed,
}

/// A mail transaction (RFC 5321 3.3).
#[derive(Clone, Debug)]
enum Mail {
    None,
    JudgingSender { reverse_path: ReversePath },
    Open { reverse_path: ReversePath },
    JudgingRecipient { envelope: Envelope, path: ForwardPath },
    Recipients { envelope: Envelope },
    Data { envelope: Envelope, body: Unstuffer },
    JudgingMessage,
}

/// The server's end of one session.
#[derive(Clone, Debug)]
pub struct Server {
    config: ServerConfig,
    state: State,
    input: InputBuffer,
    ended: bool,
    heard: SimTime,
    output: VecDeque<Output<ServerEvent>>,
}

impl Server {
    /// A session that has not begun.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self {
            config,
            state: State::Fresh,
            input: InputBuffer::default(),
            ended: false,
            heard: SimTime::ZERO,
            output: VecDeque::new(),
        }
    }

    /// The application takes what it was asked about.
    pub fn accept(&mut self) {
        let Some((transaction, text)) = self.take_judged().map(|mail| match mail {
            Mail::JudgingSender { reverse_path } => {
                let text = format!("{} ... Sender ok", or_null(&reverse_path));
                (Mail::Open { reverse_path }, text)
            }
            Mail::JudgingRecipient { mut envelope, path } => {
                let text = format!("{} ... Recipient ok", path.as_str());
                envelope.forward_paths.push(path);
                (Mail::Recipients { envelope }, text)
            }
            Mail::JudgingMessage | Mail::None | Mail::Open { .. } | Mail::Recipients { .. } | Mail::Data { .. } => {
                (Mail::None, "Message accepted for delivery".to_owned())
            }
        }) else {
            return;
        };
        self.set_transaction(transaction);
        self.reply(250, &text);
        self.proceed();
    }

    /// The application refuses what it was asked about, with this reply.
    pub fn reject(&mut self, code: u16, text: &str) {
        let Some(mail) = self.take_judged() else { return };
        if let Mail::JudgingRecipient { envelope, .. } = mail {
            self.set_transaction(after_refusal(envelope));
        }
        self.reply(code, text);
        self.proceed();
    }

    /// The transaction that waits for the application's verdict, if one does.
    fn take_judged(&mut self) -> Option<Mail> {
        if !self.is_judging() {
            return None;
        }
        match &mut self.state {
            State::Greeted { transaction, .. } => Some(std::mem::replace(transaction, Mail::None)),
            State::Fresh | State::Closed => None,
        }
    }

    const fn is_judging(&self) -> bool {
        matches!(
            self.state,
            State::Greeted {
                transaction: Mail::JudgingSender { .. } | Mail::JudgingRecipient { .. } | Mail::JudgingMessage,
                ..
            }
        )
    }

    fn set_transaction(&mut self, new: Mail) {
        if let State::Greeted { transaction, .. } = &mut self.state {
            *transaction = new;
        }
    }

    fn reply(&mut self, code: u16, text: &str) {
        self.output.push_back(Output::Transmit(Reply::new(code, text).to_bytes()));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    /// Reads on as far as the input and the application's verdicts allow.
    fn proceed(&mut self) {
        loop {
            if matches!(self.state, State::Closed) {
                self.input.clear();
                return;
            }
            if self.is_judging() {
                break;
            }
            if matches!(self.state, State::Greeted { transaction: Mail::Data { .. }, .. }) {
                if !self.read_data() {
                    break;
                }
                continue;
            }
            match self.input.line(MAX_COMMAND_LINE) {
                None => break,
                // RFC 5321 4.5.3.1.9: "500 Line too long."
                Some(Line::TooLong) => self.reply(500, "Line too long"),
                Some(Line::Whole(line)) => self.line(&line),
            }
        }
        if self.ended && !self.is_judging() {
            // A message whose final dot did not come is not a message (RFC 5321 4.1.1.10).
            self.close();
        } else if self.input.rest().len() > MAX_AHEAD {
            let text = format!("{} too much input at once", self.config.name);
            self.reply(421, &text);
            self.close();
        }
    }

    /// Reads message octets; true when the final dot came.
    fn read_data(&mut self) -> bool {
        let State::Greeted { greeting, transaction } = &mut self.state else { return false };
        let Mail::Data { body, .. } = transaction else { return false };
        let used = body.feed(self.input.rest());
        let finished = body.is_finished();
        if finished && let Mail::Data { envelope, body } = std::mem::replace(transaction, Mail::JudgingMessage) {
            match body.problem() {
                None => {
                    let (greeting, content) = (greeting.clone(), body.into_content());
                    self.output.push_back(Output::Event(ServerEvent::Message { greeting, envelope, content }));
                }
                Some(problem) => {
                    *transaction = Mail::None;
                    let (code, text) = refusal(problem);
                    self.reply(code, text);
                }
            }
        }
        self.input.consume(used);
        finished
    }

    fn line(&mut self, line: &[u8]) {
        match Command::parse(line) {
            Ok(command) => self.command(command),
            Err(error) => {
                let (code, text) = error.reply();
                self.reply(code, text);
            }
        }
    }

    fn command(&mut self, command: Command) {
        let name = self.config.name.clone();
        match command {
            Command::Helo(client) => {
                self.reply(250, &format!("Hello {client}, pleased to meet you"));
                self.greeted(client, false);
            }
            Command::Ehlo(client) => {
                self.reply(250, &format!("{name} Hello {client}, pleased to meet you"));
                self.greeted(client, true);
            }
            Command::Mail(reverse_path) => self.mail(reverse_path),
            Command::Rcpt(path) => self.rcpt(path),
            Command::Data => self.data(),
            Command::Rset => {
                self.set_transaction(Mail::None);
                self.reply(250, "Reset state");
            }
            Command::Noop => self.reply(250, "OK"),
            // RFC 5321 3.5.3 and 7.3: 252 tells nothing about who has a mailbox.
            Command::Vrfy(_) => self.reply(252, "Cannot VRFY user, but will accept message and attempt delivery"),
            Command::Help => self.reply(214, "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP"),
            Command::Quit => {
                self.reply(221, &format!("{name} closing connection"));
                self.close();
            }
        }
    }

    /// RFC 5321 4.1.4: "An EHLO command MAY be issued by a client later in the session. [...]
    /// the SMTP server MUST clear all buffers and reset the state exactly as if a RSET command
    /// had been issued."
    fn greeted(&mut self, name: String, extended: bool) {
        self.state = State::Greeted { greeting: Greeting { name, extended }, transaction: Mail::None };
    }

    fn mail(&mut self, reverse_path: ReversePath) {
        match &mut self.state {
            State::Greeted { transaction: transaction @ Mail::None, .. } => {
                *transaction = Mail::JudgingSender { reverse_path: reverse_path.clone() };
                self.output.push_back(Output::Event(ServerEvent::Sender(reverse_path)));
            }
            State::Greeted { .. } => self.reply(503, "Sender already specified"),
            State::Fresh | State::Closed => self.reply(503, "Bad sequence of commands: HELO first"),
        }
    }

    fn rcpt(&mut self, path: ForwardPath) {
        let State::Greeted { transaction, .. } = &mut self.state else {
            return self.reply(503, "Bad sequence of commands: HELO first");
        };
        let envelope = match std::mem::replace(transaction, Mail::None) {
            Mail::Open { reverse_path } => Envelope { reverse_path, forward_paths: Vec::new() },
            Mail::Recipients { envelope } => envelope,
            other @ (Mail::None
            | Mail::JudgingSender { .. }
            | Mail::JudgingRecipient { .. }
            | Mail::Data { .. }
            | Mail::JudgingMessage) => {
                *transaction = other;
                return self.reply(503, "Bad sequence of commands: MAIL first");
            }
        };
        if envelope.forward_paths.len() >= self.config.max_recipients {
            *transaction = Mail::Recipients { envelope };
            // RFC 5321 4.5.3.1.10: "452 Too many recipients".
            return self.reply(452, "Too many recipients");
        }
        *transaction = Mail::JudgingRecipient { envelope, path: path.clone() };
        self.output.push_back(Output::Event(ServerEvent::Recipient(path)));
    }

    fn data(&mut self) {
        let limit = self.config.max_message;
        let State::Greeted { transaction, .. } = &mut self.state else {
            return self.reply(503, "Bad sequence of commands: HELO first");
        };
        match std::mem::replace(transaction, Mail::None) {
            Mail::Recipients { envelope } => {
                *transaction = Mail::Data { envelope, body: Unstuffer::new(limit) };
                self.reply(354, "Enter mail, end with \".\" on a line by itself");
            }
            other @ (Mail::None
            | Mail::JudgingSender { .. }
            | Mail::Open { .. }
            | Mail::JudgingRecipient { .. }
            | Mail::Data { .. }
            | Mail::JudgingMessage) => {
                *transaction = other;
                // RFC 5321 3.3: without a recipient that was accepted "the server MAY return a
                // "command out of sequence" (503)".
                self.reply(503, "Bad sequence of commands: RCPT first");
            }
        }
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
                let name = self.config.name.clone();
                self.reply(220, &name);
            }
            Input::Bytes(bytes) => {
                self.heard = now;
                self.input.push(bytes);
                self.proceed();
            }
            Input::EndOfStream => {
                self.ended = true;
                self.proceed();
            }
            Input::Tick if self.deadline() <= now => {
                let text = format!("{} closing connection, idle for too long", self.config.name);
                self.reply(421, &text);
                self.close();
            }
            Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output<ServerEvent>> {
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        let idle = !matches!(self.state, State::Closed) && !self.is_judging();
        if idle { self.heard.saturating_add(IDLE_TIMEOUT) } else { SimTime::NEVER }
    }
}

fn or_null(path: &ReversePath) -> &str {
    match path {
        ReversePath::Null => "<>",
        ReversePath::Mailbox(mailbox) => mailbox.as_str(),
    }
}

/// Back to where the transaction stood before the recipient that was refused.
fn after_refusal(envelope: Envelope) -> Mail {
    if envelope.forward_paths.is_empty() {
        Mail::Open { reverse_path: envelope.reverse_path }
    } else {
        Mail::Recipients { envelope }
    }
}

const fn refusal(problem: Problem) -> (u16, &'static str) {
    match problem {
        // RFC 5321 4.5.3.1.9: "552 Too much mail data."
        Problem::TooLarge => (552, "Message size exceeds the limit"),
        Problem::LineTooLong => (554, "Text line too long"),
        Problem::BareLineEnd => (554, "CR or LF outside a CRLF"),
    }
}
