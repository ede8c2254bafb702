//! A mail transaction in a server's session (RFC 5321 3.3): MAIL, RCPT, DATA and the message.

use super::{Authentication, Extension, Mail, Question, Server, ServerEvent};
use crate::proto::smtp::dot::{Problem, Unstuffer};
use crate::proto::smtp::envelope::{BodyType, Recipient};
use crate::proto::smtp::parameter::{MailParameters, Parameter, RcptParameters};
use crate::proto::smtp::path::{ForwardPath, ReversePath};
use crate::proto::smtp::status::Status;

impl Server {
    pub(super) fn mail(&mut self, reverse_path: ReversePath, parameters: &[Parameter]) {
        if self.greeting.is_none() {
            return self.out_of_sequence("HELO");
        }
        if !matches!(self.transaction, Mail::None) {
            return self.mistake(503, Status::COMMAND, "Sender already specified");
        }
        if self.messages >= self.config.max_messages {
            return self.shut_down(Status::OTHER, "too many messages in one session");
        }
        let read = MailParameters::read(parameters, |keyword| self.takes(keyword));
        let (size, options) = match read {
            Err(error) => return self.wrong(error),
            Ok(MailParameters { size, options }) => (size, options),
        };
        if !options.utf8 && !reverse_path.as_str().is_ascii() {
            return self.mistake(553, Status::UTF8, "Not without SMTPUTF8");
        }
        // RFC 1870 section 6.1: 552, for there is a fixed maximum.
        if size.is_some_and(|size| size > self.config.max_message as u64) {
            return self.reply(552, Status::TOO_LARGE, "Message size exceeds the limit");
        }
        self.announced = size;
        self.ask(Question::Sender(reverse_path.clone(), options), ServerEvent::Sender(reverse_path));
    }

    /// Whether a parameter of MAIL or RCPT belongs to what is offered.
    fn takes(&self, keyword: &str) -> bool {
        let extension = match keyword {
            "SIZE" => Extension::Size,
            "BODY" => Extension::EightBitMime,
            "BODY=BINARYMIME" => Extension::BinaryMime,
            "SMTPUTF8" => Extension::SmtpUtf8,
            "RET" | "ENVID" | "NOTIFY" | "ORCPT" => Extension::Dsn,
            "AUTH" => return self.is_extended() && self.config.authentication != Authentication::NotOffered,
            _ => return false,
        };
        self.is_extended() && self.config.extensions.has(extension)
    }

    pub(super) fn rcpt(&mut self, path: ForwardPath, parameters: &[Parameter]) {
        if self.greeting.is_none() {
            return self.out_of_sequence("HELO");
        }
        let Mail::Open(envelope) = &self.transaction else {
            let first = if matches!(self.transaction, Mail::None) { "MAIL" } else { "RSET" };
            return self.not_now(first);
        };
        let RcptParameters { notify, original } = match RcptParameters::read(parameters, |keyword| self.takes(keyword))
        {
            Err(error) => return self.wrong(error),
            Ok(read) => read,
        };
        if !envelope.options.utf8 && !path.as_str().is_ascii() {
            return self.mistake(553, Status::UTF8, "Not without SMTPUTF8");
        }
        if envelope.recipients.len() >= self.config.max_recipients {
            // RFC 5321 4.5.3.1.10: "452 Too many recipients".
            return self.reply(452, Status::TOO_MANY_RECIPIENTS, "Too many recipients");
        }
        let recipient = Recipient { path: path.clone(), notify, original };
        self.ask(Question::Recipient(recipient), ServerEvent::Recipient(path));
    }

    /// As [`Server::out_of_sequence`]; but a client that pipelines could not know, so it made no mistake
    /// (RFC 2920 section 3.1).
    fn not_now(&mut self, first: &str) {
        self.reply(503, Status::COMMAND, &format!("Bad sequence of commands: {first} first"));
    }

    pub(super) fn data(&mut self) {
        if self.greeting.is_none() {
            return self.out_of_sequence("HELO");
        }
        match std::mem::replace(&mut self.transaction, Mail::None) {
            // RFC 3030 section 3: a binary message goes by BDAT only.
            Mail::Open(envelope) if envelope.options.body == BodyType::Binary => {
                self.transaction = Mail::Open(envelope);
                self.mistake(503, Status::COMMAND, "Bad sequence of commands: BDAT is for binary messages");
            }
            Mail::Open(envelope) if !envelope.recipients.is_empty() => {
                self.transaction = Mail::Data(envelope, Unstuffer::new(self.config.max_message));
                self.plain_reply(354, "Enter mail, end with \".\" on a line by itself");
            }
            other @ (Mail::None | Mail::Open(_) | Mail::Data(..) | Mail::Chunks(..) | Mail::Failed) => {
                // RFC 3030 section 2: DATA and BDAT "MUST NOT" be mixed in one transaction.
                let first = if matches!(other, Mail::None | Mail::Open(_)) { "RCPT" } else { "RSET" };
                self.transaction = other;
                // RFC 5321 3.3: without a recipient that was accepted "the server MAY return a
                // "command out of sequence" (503)".
                self.not_now(first);
            }
        }
    }

    /// Reads message octets; true when the final dot came.
    pub(super) fn read_data(&mut self) -> bool {
        let Mail::Data(_, body) = &mut self.transaction else { return false };
        let used = body.feed(self.input.rest());
        let finished = body.is_finished();
        self.input.consume(used);
        if finished && let Mail::Data(envelope, body) = std::mem::replace(&mut self.transaction, Mail::None) {
            match body.problem() {
                None => self.whole(envelope, body.into_content()),
                Some(problem) => {
                    let (code, status, text) = problem.reply();
                    self.reply(code, status, text);
                }
            }
        }
        finished
    }
}

impl Problem {
    /// What is said to a message with it.
    pub(super) const fn reply(self) -> (u16, Status, &'static str) {
        match self {
            // RFC 5321 4.5.3.1.9: "552 Too much mail data."
            Self::TooLarge => (552, Status::TOO_LARGE, "Message size exceeds the limit"),
            Self::LineTooLong => (554, Status::MESSAGE, "Text line too long"),
            Self::BareLineEnd => (554, Status::MESSAGE, "CR or LF outside a CRLF"),
            Self::Nul => (554, Status::MESSAGE, "NUL octet in the message"),
        }
    }
}
