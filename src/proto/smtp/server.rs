//! The server's end of an SMTP session (RFC 5321 section 4).
//!
//! ```text
//!  (nothing) --HELO/EHLO--> None --MAIL--> Open, no recipient --RCPT--> Open --DATA--> Data
//!                            ^                  |                         |             |
//!                            +--- RSET, HELO, EHLO, a refused sender -----+             |
//!                            +--------------------- the final dot ----------------------+
//! ```
//!
//! The application judges the sender, each recipient, the message, names to verify and
//! log-ins by [`Server::accept`] and [`Server::reject`]; until then what the client has sent
//! in advance is kept, so a client that pipelines is served in order. A session greeted with
//! HELO is read strictly and answered in the words of RFC 5321; one greeted with EHLO may use
//! the extensions that are offered ([`Extension`]), hears enhanced status codes (RFC 2034), and may
//! write paths as the software of the world does. A session that makes too many mistakes, or says
//! nothing for too long, ends with 421. Left out: extensions beyond those of [`Extension`], AUTH
//! (RFC 4954) and STARTTLS (RFC 3207).

mod auth;
mod chunks;
mod config;
mod queries;
mod secured;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::VecDeque;

pub use config::{Extension, Extensions, IDLE_TIMEOUT, ServerConfig};

use chunks::{Chunk, Chunked};
use secured::Security;

use super::Envelope;
use super::command::{Command, CommandError, MAX_COMMAND_LINE, Manner};
use super::dot::Unstuffer;
use super::envelope::{MailOptions, Recipient};
use super::parameter::MAX_EXTRA;
use super::path::{ForwardPath, ReversePath};
use super::reply::Reply;
use super::status::Status;
use crate::base::SimTime;
use crate::proto::line::{InputBuffer, Line};
use crate::proto::sasl::{self, Credentials};
use crate::proto::session::{Input, Output, Session};

/// What a client may send in advance while the application judges.
const MAX_AHEAD: usize = 1 << 20;

/// Whether clients may or must log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authentication {
    /// There is no AUTH here.
    #[default]
    NotOffered,
    /// They may.
    Offered,
    /// They must, before anything that has to do with mail.
    Required,
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
    /// VRFY came: could this, a user's name or mailbox, have mail here? Accepted it gets 252.
    Verify(String),
    /// EXPN came: who is on this list? Answered by [`Server::members`], or refused; accepted it gets
    /// 252.
    Expand(String),
    /// ETRN came (RFC 1985): may what waits for this domain, "@" domain or "#" queue be sent now?
    /// Refused with 458 or 459.
    Flush(String),
    /// AUTH came: are these right?
    Login(Credentials),
    /// A TLS handshake costs the processor time: [`Server::computed`] when that is over.
    Handshake,
}

/// A mail transaction (RFC 5321 3.3).
#[derive(Clone, Debug)]
enum Mail {
    None,
    /// MAIL was accepted, and these recipients so far.
    Open(Envelope),
    Data(Envelope, Unstuffer),
    /// Between two chunks, or in one.
    Chunks(Envelope, Chunked),
    /// A chunk was refused: only RSET helps.
    Failed,
}

/// What waits for the application's verdict.
#[derive(Clone, Debug)]
enum Question {
    Sender(ReversePath, MailOptions),
    Recipient(Recipient),
    Message,
    Name,
    List,
    Queue,
    Login,
}

/// The server's end of one session.
#[derive(Clone, Debug)]
pub struct Server {
    config: ServerConfig,
    greeting: Option<Greeting>,
    transaction: Mail,
    question: Option<Question>,
    login: auth::Login,
    security: Security,
    chunk: Option<Chunk>,
    /// What SIZE said of the message under way.
    announced: Option<u64>,
    errors: u32,
    messages: u32,
    closed: bool,
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
            greeting: None,
            transaction: Mail::None,
            question: None,
            login: auth::Login::default(),
            security: Security::default(),
            chunk: None,
            announced: None,
            errors: 0,
            messages: 0,
            closed: false,
            input: InputBuffer::default(),
            ended: false,
            heard: SimTime::ZERO,
            output: VecDeque::new(),
        }
    }

    /// What the client said of itself, if it did.
    #[must_use]
    pub const fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// The size that SIZE announced for the message under way (RFC 1870).
    #[must_use]
    pub const fn announced_size(&self) -> Option<u64> {
        self.announced
    }

    /// The application takes what it was asked about.
    pub fn accept(&mut self) {
        let Some(question) = &self.question else { return };
        let (code, status, text) = match question {
            Question::Sender(path, _) => (250, Status::SENDER, format!("{} ... Sender ok", or_null(path))),
            Question::Recipient(recipient) => {
                (250, Status::RECIPIENT, format!("{} ... Recipient ok", recipient.path.as_str()))
            }
            Question::Message => (250, Status::OTHER, "Message accepted for delivery".to_owned()),
            // RFC 5321 3.5.3 and 7.3: 252 tells nothing about who has a mailbox.
            Question::Name => {
                let text = "Cannot VRFY user, but will accept message and attempt delivery";
                (252, Status::OTHER, text.to_owned())
            }
            Question::List => {
                (252, Status::OTHER, "Cannot EXPN, but will accept message and attempt delivery".to_owned())
            }
            // RFC 1985 section 5: "250 OK, queuing for node <x> started".
            Question::Queue => (250, Status::OTHER, "OK, queuing started".to_owned()),
            Question::Login => (235, Status::SECURITY, "Authentication successful".to_owned()),
        };
        self.accept_as(code, status, &text);
    }

    /// The application takes what it was asked about, in words of its own.
    pub fn accept_as(&mut self, code: u16, status: Status, text: &str) {
        let Some(question) = self.question.take() else { return };
        match question {
            Question::Sender(reverse_path, options) => {
                self.transaction = Mail::Open(Envelope { reverse_path, recipients: Vec::new(), options });
            }
            Question::Recipient(recipient) => {
                if let Mail::Open(envelope) = &mut self.transaction {
                    envelope.recipients.push(recipient);
                }
            }
            Question::Login => self.login.succeed(),
            Question::Message | Question::Name | Question::List | Question::Queue => {}
        }
        self.reply(code, status, text);
        self.proceed();
    }

    /// The application refuses what it was asked about, with this reply.
    pub fn reject(&mut self, code: u16, status: Status, text: &str) {
        let Some(question) = self.question.take() else { return };
        match question {
            Question::Sender(..)
            | Question::Recipient(_)
            | Question::Message
            | Question::Name
            | Question::List
            | Question::Queue => self.reply(code, status, text),
            Question::Login => self.login_refused(code, status, text),
        }
        // RFC 5321 4.2.2: behind 421 the channel closes.
        if code == 421 {
            self.close();
        }
        self.proceed();
    }

    fn ask(&mut self, question: Question, event: ServerEvent) {
        self.question = Some(question);
        self.output.push_back(Output::Event(event));
    }

    fn is_extended(&self) -> bool {
        self.greeting.as_ref().is_some_and(|greeting| greeting.extended)
    }

    /// Whether an extension may be used in this session (RFC 5321 2.2.1: those that begin with EHLO).
    /// Before a greeting the answer is that of a session to come.
    fn offers(&self, extension: Extension) -> bool {
        self.config.extensions.has(extension) && self.greeting.as_ref().is_none_or(|greeting| greeting.extended)
    }

    fn has_status(&self) -> bool {
        self.is_extended() && self.config.extensions.has(Extension::EnhancedStatusCodes)
    }

    /// A reply of one line. RFC 2034 section 3: all replies that begin with 2, 4 or 5 carry a
    /// status code, but for the greeting and the answers to HELO and EHLO.
    fn reply(&mut self, code: u16, status: Status, text: &str) {
        if self.has_status() {
            self.plain_reply(code, &format!("{} {text}", status.text(code)));
        } else {
            self.plain_reply(code, text);
        }
    }

    fn plain_reply(&mut self, code: u16, text: &str) {
        self.transmit(&Reply::new(code, text).to_bytes());
    }

    /// A reply to what is no command, or not now. A client that makes many such mistakes is
    /// not spoken with any longer (RFC 5321 7.8: servers may close on attacks).
    fn mistake(&mut self, code: u16, status: Status, text: &str) {
        self.errors = self.errors.saturating_add(1);
        if self.errors >= self.config.max_errors {
            self.shut_down(Status::SECURITY, "too many errors");
        } else {
            self.reply(code, status, text);
        }
    }

    /// RFC 5321 4.2.3: 421 "may be a reply to any command if the service knows it must shut
    /// down".
    fn shut_down(&mut self, status: Status, why: &str) {
        self.reply(421, status, &format!("{} {why}", self.config.name));
        self.close();
    }

    fn close(&mut self) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.transaction = Mail::None;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    /// Reads on as far as the input and the application's verdicts allow.
    fn proceed(&mut self) {
        while !self.closed && self.question.is_none() {
            if self.chunk.is_some() {
                if !self.read_chunk() {
                    break;
                }
                continue;
            }
            if matches!(self.transaction, Mail::Data(..)) {
                if !self.read_data() {
                    break;
                }
                continue;
            }
            match self.input.line(self.line_limit()) {
                None => break,
                Some(Line::TooLong) => self.line_too_long(),
                Some(Line::Whole(line)) if self.login.is_under_way() => self.response(&line),
                Some(Line::Whole(line)) => self.line(&line),
            }
        }
        if self.closed {
            self.input.clear();
        } else if self.ended && self.question.is_none() {
            // A message whose final dot did not come is not a message (RFC 5321 4.1.1.10).
            self.close();
        } else if self.input.rest().len() > MAX_AHEAD {
            self.shut_down(Status::SYNTAX, "too much input at once");
        }
    }

    fn line_limit(&self) -> usize {
        if self.login.is_under_way() {
            sasl::MAX_LINE
        } else if self.is_extended() {
            MAX_COMMAND_LINE + MAX_EXTRA
        } else {
            MAX_COMMAND_LINE
        }
    }

    fn line_too_long(&mut self) {
        self.login.give_up();
        // RFC 5321 4.5.3.1.9: "500 Line too long."
        self.mistake(500, Status::SYNTAX, "Line too long");
    }

    fn line(&mut self, line: &[u8]) {
        let manner = if self.is_extended() { Manner::Lenient } else { Manner::Strict };
        let parsed = Command::parse_in(line, manner);
        // Only the parameters of MAIL and RCPT make a line longer.
        if line.len() + 2 > MAX_COMMAND_LINE && !matches!(parsed, Ok(Command::Mail { .. } | Command::Rcpt { .. })) {
            return self.line_too_long();
        }
        match parsed {
            Ok(command) => self.command(command),
            Err(error) => self.wrong(error),
        }
    }

    fn wrong(&mut self, error: CommandError) {
        let (code, text) = error.reply();
        let status = match error {
            CommandError::Unknown | CommandError::NotImplemented => Status::COMMAND,
            CommandError::Arguments | CommandError::Parameters => Status::ARGUMENTS,
        };
        self.mistake(code, status, text);
    }

    fn command(&mut self, command: Command) {
        if self.needs_login(&command) {
            // RFC 4954 section 6: "530 5.7.0 Authentication required".
            return self.reply(530, Status::SECURITY, "Authentication required");
        }
        match command {
            Command::Helo(client) => {
                self.plain_reply(250, &format!("Hello {client}, pleased to meet you"));
                self.greeted(client, false);
            }
            Command::Ehlo(client) => self.ehlo(client),
            Command::Mail { path, parameters } => self.mail(path, &parameters),
            Command::Rcpt { path, parameters } => self.rcpt(path, &parameters),
            Command::Data => self.data(),
            Command::Rset => {
                self.transaction = Mail::None;
                self.reply(250, Status::OTHER, "Reset state");
            }
            Command::Noop => self.reply(250, Status::OTHER, "OK"),
            Command::Vrfy { name, utf8 } => self.verify(name, utf8),
            Command::Expn { name, utf8 } => self.expand(name, utf8),
            Command::Help(topic) => self.help(&topic),
            Command::Bdat { octets, last } => self.bdat(octets, last),
            Command::Etrn(node) => self.etrn(node),
            Command::StartTls => self.starttls(),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial.as_deref()),
            Command::Quit => {
                self.reply(221, Status::OTHER, &format!("{} closing connection", self.config.name));
                self.close();
            }
        }
    }

    /// RFC 5321 4.1.4: "An EHLO command MAY be issued by a client later in the session. [...]
    /// the SMTP server MUST clear all buffers and reset the state exactly as if a RSET command
    /// had been issued."
    fn greeted(&mut self, name: String, extended: bool) {
        self.greeting = Some(Greeting { name, extended });
        self.transaction = Mail::None;
    }

    fn out_of_sequence(&mut self, first: &str) {
        self.mistake(503, Status::COMMAND, &format!("Bad sequence of commands: {first} first"));
    }
}

impl Session for Server {
    type Event = ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if self.closed {
            return;
        }
        match input {
            Input::Start => {
                self.heard = now;
                let name = self.config.name.clone();
                self.plain_reply(220, &name);
            }
            Input::Bytes(bytes) => {
                self.heard = now;
                match self.security {
                    Security::Plain => self.input.push(bytes),
                    Security::Begun(_) | Security::Computing(_) | Security::Finishing(_) | Security::Open(_) => {
                        self.sealed_input(bytes);
                    }
                }
                self.proceed();
            }
            Input::EndOfStream => {
                self.ended = true;
                self.proceed();
            }
            Input::Tick if self.deadline() <= now => {
                self.shut_down(Status::BAD_CONNECTION, "closing connection, idle for too long");
            }
            Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output<ServerEvent>> {
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        let idle = !self.closed && self.question.is_none() && !matches!(self.security, Security::Computing(_));
        if idle { self.heard.saturating_add(self.config.timeout) } else { SimTime::NEVER }
    }
}

fn or_null(path: &ReversePath) -> &str {
    match path {
        ReversePath::Null => "<>",
        ReversePath::Mailbox(mailbox) => mailbox.as_str(),
    }
}
