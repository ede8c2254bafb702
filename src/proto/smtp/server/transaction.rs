//! A mail transaction in a server's session (RFC 5321 3.3): MAIL, RCPT, DATA and the message.

use super::{Authentication, Mail, Question, Server, ServerEvent};
use crate::proto::smtp::command::CommandError;
use crate::proto::smtp::dot::{Problem, Unstuffer};
use crate::proto::smtp::parameter::{MailParameters, Parameter};
use crate::proto::smtp::path::{ForwardPath, ReversePath};
use crate::proto::smtp::status::Status;

impl Server {
    pub(super) fn mail(&mut self, reverse_path: ReversePath, parameters: &[Parameter]) {
        if self.greeting.is_none() {
            return self.out_of_sequence("HELO");
        }
        if !matches!(self.transaction, Mail::None) {
            return self.reply(503, Status::COMMAND, "Sender already specified");
        }
        // RFC 5321 2.2.1: extensions are for sessions that begin with EHLO.
        if !self.is_extended() && !parameters.is_empty() {
            return self.wrong(CommandError::Parameters);
        }
        let auth = self.config.authentication != Authentication::NotOffered;
        match MailParameters::read(parameters, auth) {
            Err(error) => self.wrong(error),
            // RFC 1870 section 6.1: 552, for there is a fixed maximum.
            Ok(MailParameters { size: Some(size) }) if size > self.config.max_message as u64 => {
                self.reply(552, Status::TOO_LARGE, "Message size exceeds the limit");
            }
            Ok(MailParameters { .. }) => {
                self.ask(Question::Sender(reverse_path.clone()), ServerEvent::Sender(reverse_path));
            }
        }
    }

    pub(super) fn rcpt(&mut self, path: ForwardPath, parameters: &[Parameter]) {
        if self.greeting.is_none() {
            return self.out_of_sequence("HELO");
        }
        let Mail::Open(envelope) = &self.transaction else { return self.out_of_sequence("MAIL") };
        if !parameters.is_empty() {
            return self.wrong(CommandError::Parameters);
        }
        if envelope.recipients.len() >= self.config.max_recipients {
            // RFC 5321 4.5.3.1.10: "452 Too many recipients".
            return self.reply(452, Status::TOO_MANY_RECIPIENTS, "Too many recipients");
        }
        self.ask(Question::Recipient(path.clone()), ServerEvent::Recipient(path));
    }

    pub(super) fn data(&mut self) {
        if self.greeting.is_none() {
            return self.out_of_sequence("HELO");
        }
        match std::mem::replace(&mut self.transaction, Mail::None) {
            Mail::Open(envelope) if !envelope.recipients.is_empty() => {
                self.transaction = Mail::Data(envelope, Unstuffer::new(self.config.max_message));
                self.plain_reply(354, "Enter mail, end with \".\" on a line by itself");
            }
            other @ (Mail::None | Mail::Open(_) | Mail::Data(..)) => {
                self.transaction = other;
                // RFC 5321 3.3: without a recipient that was accepted "the server MAY return a
                // "command out of sequence" (503)".
                self.out_of_sequence("RCPT");
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
            match (body.problem(), self.greeting.clone()) {
                (None, Some(greeting)) => {
                    let content = body.into_content();
                    self.ask(Question::Message, ServerEvent::Message { greeting, envelope, content });
                }
                (problem, _) => {
                    let (code, status, text) = refusal(problem.unwrap_or(Problem::TooLarge));
                    self.reply(code, status, text);
                }
            }
        }
        finished
    }
}

const fn refusal(problem: Problem) -> (u16, Status, &'static str) {
    match problem {
        // RFC 5321 4.5.3.1.9: "552 Too much mail data."
        Problem::TooLarge => (552, Status::TOO_LARGE, "Message size exceeds the limit"),
        Problem::LineTooLong => (554, Status::MESSAGE, "Text line too long"),
        Problem::BareLineEnd => (554, Status::MESSAGE, "CR or LF outside a CRLF"),
    }
}
