//! AUTH in a server's session (RFC 4954): the exchange, its failures, and what is closed to
//! clients that have not logged in.

use super::{Authentication, Question, Server, ServerEvent};
use crate::proto::sasl::{Exchange, MAX_FAILURES, Mechanism, SaslError, Step};
use crate::proto::smtp::command::{Command, CommandError};
use crate::proto::smtp::reply::Reply;
use crate::proto::smtp::status::Status;

/// How far a client's log-in is.
#[derive(Clone, Debug, Default)]
pub(super) struct Login {
    exchange: Option<Exchange>,
    failures: u32,
    done: bool,
}

impl Login {
    /// Whether the next line is a response, not a command.
    pub(super) const fn is_under_way(&self) -> bool {
        self.exchange.is_some()
    }

    pub(super) fn give_up(&mut self) {
        self.exchange = None;
    }

    pub(super) fn succeed(&mut self) {
        self.done = true;
    }
}

impl Server {
    /// RFC 4954 section 6: 530 is for "any command other than AUTH, EHLO, HELO, NOOP, RSET, or
    /// QUIT". What is out of sequence in any case is told so.
    pub(super) fn needs_login(&self, command: &Command) -> bool {
        let refused = match command {
            Command::Auth { .. }
            | Command::Helo(_)
            | Command::Ehlo(_)
            | Command::Noop
            | Command::Rset
            | Command::Quit => false,
            // RFC 3207 section 4: before or after a log-in. BDAT's octets must be read first.
            Command::StartTls | Command::Bdat { .. } => false,
            Command::Mail { .. } | Command::Rcpt { .. } | Command::Data => self.greeting.is_some(),
            Command::Vrfy { .. } | Command::Expn { .. } | Command::Etrn(_) | Command::Help(_) => true,
        };
        refused && self.lacks_login()
    }

    pub(super) fn lacks_login(&self) -> bool {
        self.config.authentication == Authentication::Required && !self.login.done
    }

    /// Whether the client has logged in.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.login.done
    }

    pub(super) fn auth(&mut self, mechanism: &str, initial: Option<&str>) {
        if self.config.authentication == Authentication::NotOffered {
            return self.wrong(CommandError::NotImplemented);
        }
        if !self.is_extended() {
            return self.out_of_sequence("EHLO");
        }
        // RFC 4954 section 4: "After a successful AUTH command completes, a server MUST reject
        // any further AUTH commands with a 503 reply", and "The AUTH command is not permitted
        // during a mail transaction."
        if self.login.done {
            return self.mistake(503, Status::COMMAND, "Already authenticated");
        }
        if !matches!(self.transaction, super::Mail::None) {
            return self.mistake(503, Status::COMMAND, "Not during a mail transaction");
        }
        if mechanism.is_empty() {
            return self.wrong(CommandError::Arguments);
        }
        let Some(mechanism) = Mechanism::named(mechanism) else {
            return self.reply(504, Status::ARGUMENTS, "Unrecognized authentication mechanism");
        };
        match Exchange::begin(mechanism, initial) {
            Ok((exchange, step)) => self.step(exchange, step),
            Err(error) => self.exchange_failed(error),
        }
    }

    /// A line of the exchange came.
    pub(super) fn response(&mut self, line: &[u8]) {
        let Some(mut exchange) = self.login.exchange.take() else { return };
        match exchange.respond(line) {
            Ok(step) => self.step(exchange, step),
            Err(error) => self.exchange_failed(error),
        }
    }

    fn step(&mut self, exchange: Exchange, step: Step) {
        match step {
            Step::Challenge(text) => {
                self.login.exchange = Some(exchange);
                self.transmit(&Reply::new(334, text).to_bytes());
            }
            Step::Done(credentials) => self.ask(Question::Login, ServerEvent::Login(credentials)),
        }
    }

    /// RFC 4954 section 4: 501 to a client that cancels or sends what cannot be decoded.
    fn exchange_failed(&mut self, error: SaslError) {
        let (status, text) = match error {
            SaslError::Cancelled => (Status::SECURITY, "Authentication cancelled"),
            SaslError::Encoding => (Status::SYNTAX, "Cannot decode the response"),
            SaslError::Malformed => (Status::SYNTAX, "Malformed response"),
        };
        self.failed(501, status, text);
    }

    pub(super) fn login_refused(&mut self, code: u16, status: Status, text: &str) {
        self.failed(code, status, text);
    }

    fn failed(&mut self, code: u16, status: Status, text: &str) {
        self.login.failures += 1;
        if self.login.failures >= MAX_FAILURES {
            self.shut_down(Status::SECURITY, "too many failed log-ins");
        } else {
            self.reply(code, status, text);
        }
    }
}
