//! What a client may ask beside its transactions: VRFY and EXPN (RFC 5321 3.5), HELP, and ETRN
//! (RFC 1985), by which it has its waiting mail sent.

use super::{Authentication, Extension, Question, Server, ServerEvent};
use crate::proto::smtp::command::CommandError;
use crate::proto::smtp::reply::Reply;
use crate::proto::smtp::status::Status;

impl Server {
    /// RFC 6531 section 3.7.4.2: an argument that is not ASCII comes with SMTPUTF8.
    pub(super) fn verify(&mut self, name: String, utf8: bool) {
        match self.judge_name(&name, utf8) {
            Some((code, status, text)) => self.mistake(code, status, text),
            None => self.ask(Question::Name, ServerEvent::Verify(name)),
        }
    }

    pub(super) fn expand(&mut self, name: String, utf8: bool) {
        // RFC 821 has EXPN, so HELO is greeting enough.
        if !self.config.extensions.has(Extension::Expn) {
            return self.wrong(CommandError::NotImplemented);
        }
        match self.judge_name(&name, utf8) {
            Some((code, status, text)) => self.mistake(code, status, text),
            None => self.ask(Question::List, ServerEvent::Expand(name)),
        }
    }

    fn judge_name(&self, name: &str, utf8: bool) -> Option<(u16, Status, &'static str)> {
        if utf8 && !(self.is_extended() && self.config.extensions.has(Extension::SmtpUtf8)) {
            return Some((555, Status::ARGUMENTS, "Parameters not recognized or not implemented"));
        }
        (!utf8 && !name.is_ascii()).then_some((553, Status::UTF8, "Not without SMTPUTF8"))
    }

    /// The application lists the members of the list that EXPN named (RFC 5321 3.5.2).
    pub fn members(&mut self, members: &[String]) {
        if !matches!(self.question, Some(Question::List)) {
            return;
        }
        self.question = None;
        let status = if self.has_status() { format!("{} ", Status::RECIPIENT.text(250)) } else { String::new() };
        let mut lines: Vec<String> = members.iter().map(|member| format!("{status}<{member}>")).collect();
        if lines.is_empty() {
            lines.push(format!("{status}The list has no members"));
        }
        self.transmit(&Reply { code: 250, lines }.to_bytes());
        self.proceed();
    }

    /// RFC 1985 section 5.
    pub(super) fn etrn(&mut self, node: String) {
        if !self.offers(Extension::Etrn) {
            self.wrong(CommandError::NotImplemented);
        } else if self.greeting.is_none() {
            self.out_of_sequence("EHLO");
        } else {
            self.ask(Question::Queue, ServerEvent::Flush(node));
        }
    }

    pub(super) fn help(&mut self, topic: &str) {
        let usage = if topic.is_empty() { Some(self.commands()) } else { self.usage(topic).map(str::to_owned) };
        match usage {
            Some(text) => self.reply(214, Status::OTHER, &text),
            None => self.mistake(504, Status::ARGUMENTS, "No help on that"),
        }
    }

    fn commands(&self) -> String {
        let known = USAGES.iter().filter(|(verb, _)| self.knows(verb)).map(|(verb, _)| *verb);
        known.collect::<Vec<_>>().join(" ")
    }

    fn usage(&self, topic: &str) -> Option<&'static str> {
        let found = USAGES.iter().find(|(verb, _)| verb.eq_ignore_ascii_case(topic) && self.knows(verb));
        found.map(|(_, usage)| *usage)
    }

    fn knows(&self, verb: &str) -> bool {
        match verb {
            "BDAT" => self.config.extensions.has(Extension::Chunking),
            "ETRN" => self.config.extensions.has(Extension::Etrn),
            "EXPN" => self.config.extensions.has(Extension::Expn),
            "AUTH" => self.config.authentication != Authentication::NotOffered,
            "STARTTLS" => self.config.tls.is_some(),
            _ => true,
        }
    }

    /// RFC 5321 4.1.1.1: the first line greets, each of the others names an extension.
    pub(super) fn ehlo(&mut self, client: String) {
        let mut lines = vec![format!("{} Hello {client}, pleased to meet you", self.config.name)];
        for extension in Extension::ALL.into_iter().filter(|extension| self.config.extensions.has(*extension)) {
            lines.push(match extension {
                Extension::Size => format!("SIZE {}", self.config.max_message),
                Extension::Pipelining
                | Extension::Etrn
                | Extension::EightBitMime
                | Extension::Dsn
                | Extension::SmtpUtf8
                | Extension::Chunking
                | Extension::BinaryMime
                | Extension::EnhancedStatusCodes
                | Extension::Expn => extension.keyword().to_owned(),
            });
        }
        // RFC 3207 section 4.2: "A server MUST NOT return the STARTTLS extension [...] after a TLS
        // handshake has completed."
        if self.config.tls.is_some() && !self.is_secured() {
            lines.push("STARTTLS".to_owned());
        }
        if self.config.authentication != Authentication::NotOffered {
            lines.push(format!("AUTH {}", crate::proto::sasl::MECHANISMS));
        }
        lines.push("HELP".to_owned());
        self.transmit(&Reply { code: 250, lines }.to_bytes());
        self.greeted(client, true);
    }
}

/// The commands, and how each is written.
const USAGES: [(&str, &str); 15] = [
    ("HELO", "HELO domain"),
    ("EHLO", "EHLO domain"),
    ("MAIL", "MAIL FROM:<reverse-path> [parameters]"),
    ("RCPT", "RCPT TO:<forward-path> [parameters]"),
    ("DATA", "DATA, then the message, then a line with a dot"),
    ("BDAT", "BDAT octets [LAST], then so many octets"),
    ("RSET", "RSET"),
    ("NOOP", "NOOP [anything]"),
    ("QUIT", "QUIT"),
    ("VRFY", "VRFY user or mailbox"),
    ("EXPN", "EXPN list"),
    ("ETRN", "ETRN domain, @domain or #queue"),
    ("STARTTLS", "STARTTLS"),
    ("AUTH", "AUTH mechanism [initial-response]"),
    ("HELP", "HELP [command]"),
];
