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
//! the extensions PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152) and AUTH
//! (RFC 4954), hears enhanced status codes (RFC 2034), and may write paths as the software of
//! the world does. Left out: CHUNKING, DSN, SMTPUTF8, STARTTLS.

mod auth;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::VecDeque;

use super::command::{Command, CommandError, MAX_COMMAND_LINE, Manner};
use super::dot::Unstuffer;
use super::parameter::MAX_EXTRA;
use super::path::{ForwardPath, ReversePath};
use super::reply::Reply;
use super::status::Status;
use super::{Envelope, MailOptions};
use crate::base::{SimDuration, SimTime};
use crate::proto::line::{InputBuffer, Line};
use crate::proto::sasl::{self, Credentials};
use crate::proto::session::{Input, Output, Session};

/// RFC 5321 4.5.3.2.7: "An SMTP server SHOULD have a timeout of at least 5 minutes while it
/// is awaiting the next command from the sender."
pub const IDLE_TIMEOUT: SimDuration = SimDuration::from_secs(300);
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

/// What a server announces and allows.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its domain name.
    pub name: String,
    /// The largest message, in octets; a larger one gets 552.
    pub max_message: usize,
    /// Recipients of one message; the next one gets 452.
    pub max_recipients: usize,
    /// Whether clients may or must log in.
    pub authentication: Authentication,
}

impl ServerConfig {
    /// A server of that name with the usual limits: 10,240,000 octets and 100 recipients
    /// (RFC 5321 4.5.3.1.8: "The minimum total number of recipients [...] is 100"), without
    /// AUTH.
    #[must_use]
    pub const fn new(name: String) -> Self {
        let authentication = Authentication::NotOffered;
        Self { name, max_message: 10_240_000, max_recipients: 100, authentication }
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
    /// VRFY came: could this, a user's name or mailbox, have mail here?
    Verify(String),
    /// AUTH came: are these right?
    Login(Credentials),
}

/// A mail transaction (RFC 5321 3.3).
#[derive(Clone, Debug)]
enum Mail {
    None,
    /// MAIL was accepted, and these recipients so far.
    Open(Envelope),
    Data(Envelope, Unstuffer),
}

/// What waits for the application's verdict.
#[derive(Clone, Debug)]
enum Question {
    Sender(ReversePath),
    Recipient(ForwardPath),
    Message,
    Name,
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
            closed: false,
            input: InputBuffer::default(),
            ended: false,
            heard: SimTime::ZERO,
            output: VecDeque::new(),
        }
    }

    /// The application takes what it was asked about.
    pub fn accept(&mut self) {
        let Some(question) = self.question.take() else { return };
        match question {
            Question::Sender(reverse_path) => {
                self.reply(250, Status::SENDER, &format!("{} ... Sender ok", or_null(&reverse_path)));
                self.transaction =
                    Mail::Open(Envelope { reverse_path, recipients: Vec::new(), options: MailOptions::default() });
            }
            Question::Recipient(path) => {
                self.reply(250, Status::RECIPIENT, &format!("{} ... Recipient ok", path.as_str()));
                if let Mail::Open(envelope) = &mut self.transaction {
                    envelope.recipients.push(path.into());
                }
            }
            Question::Message => self.reply(250, Status::OTHER, "Message accepted for delivery"),
            // RFC 5321 3.5.3 and 7.3: 252 tells nothing about who has a mailbox.
            Question::Name => {
                let text = "Cannot VRFY user, but will accept message and attempt delivery";
                self.reply(252, Status::OTHER, text);
            }
            Question::Login => self.logged_in(),
        }
        self.proceed();
    }

    /// The application refuses what it was asked about, with this reply.
    pub fn reject(&mut self, code: u16, status: Status, text: &str) {
        let Some(question) = self.question.take() else { return };
        match question {
            Question::Sender(_) | Question::Recipient(_) | Question::Message | Question::Name => {
                self.reply(code, status, text);
            }
            Question::Login => self.login_refused(code, status, text),
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

    /// A reply of one line. RFC 2034 section 3: all replies that begin with 2, 4 or 5 carry a
    /// status code, but for the greeting and the answers to HELO and EHLO.
    fn reply(&mut self, code: u16, status: Status, text: &str) {
        if self.is_extended() {
            self.plain_reply(code, &format!("{} {text}", status.text(code)));
        } else {
            self.plain_reply(code, text);
        }
    }

    fn plain_reply(&mut self, code: u16, text: &str) {
        self.output.push_back(Output::Transmit(Reply::new(code, text).to_bytes()));
    }

    /// RFC 5321 4.2.3: 421 "may be a reply to any command if the service knows it must shut
    /// down".
    fn shut_down(&mut self, status: Status, why: &str) {
        self.reply(421, status, &format!("{} {why}", self.config.name));
        self.close();
    }

    fn close(&mut self) {
        self.closed = true;
        self.transaction = Mail::None;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    /// Reads on as far as the input and the application's verdicts allow.
    fn proceed(&mut self) {
        while !self.closed && self.question.is_none() {
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
        self.reply(500, Status::SYNTAX, "Line too long");
    }

    fn line(&mut self, line: &[u8]) {
        let manner = if self.is_extended() { Manner::Lenient } else { Manner::Strict };
        let parsed = Command::parse_in(line, manner);
        // Only the parameters of MAIL make a line longer.
        if line.len() + 2 > MAX_COMMAND_LINE && !matches!(parsed, Ok(Command::Mail { .. })) {
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
        self.reply(code, status, text);
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
            Command::Vrfy(name) => self.ask(Question::Name, ServerEvent::Verify(name)),
            Command::Help => {
                let auth = if self.config.authentication == Authentication::NotOffered { "" } else { " AUTH" };
                self.reply(214, Status::OTHER, &format!("HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP{auth}"));
            }
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial.as_deref()),
            Command::Quit => {
                self.reply(221, Status::OTHER, &format!("{} closing connection", self.config.name));
                self.close();
            }
        }
    }

    /// RFC 5321 4.1.1.1: the first line greets, each of the others names an extension.
    fn ehlo(&mut self, client: String) {
        let mut lines = vec![
            format!("{} Hello {client}, pleased to meet you", self.config.name),
            "PIPELINING".to_owned(),
            format!("SIZE {}", self.config.max_message),
            "8BITMIME".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
        ];
        if self.config.authentication != Authentication::NotOffered {
            lines.push(format!("AUTH {}", sasl::MECHANISMS));
        }
        lines.push("HELP".to_owned());
        self.output.push_back(Output::Transmit(Reply { code: 250, lines }.to_bytes()));
        self.greeted(client, true);
    }

    /// RFC 5321 4.1.4: "An EHLO command MAY be issued by a client later in the session. [...]
    /// the SMTP server MUST clear all buffers and reset the state exactly as if a RSET command
    /// had been issued."
    fn greeted(&mut self, name: String, extended: bool) {
        self.greeting = Some(Greeting { name, extended });
        self.transaction = Mail::None;
    }

    fn out_of_sequence(&mut self, first: &str) {
        self.reply(503, Status::COMMAND, &format!("Bad sequence of commands: {first} first"));
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
                self.input.push(bytes);
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
        let idle = !self.closed && self.question.is_none();
        if idle { self.heard.saturating_add(IDLE_TIMEOUT) } else { SimTime::NEVER }
    }
}

fn or_null(path: &ReversePath) -> &str {
    match path {
        ReversePath::Null => "<>",
        ReversePath::Mailbox(mailbox) => mailbox.as_str(),
    }
}
