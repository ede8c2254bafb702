//! What is known of a session from its commands and the server's replies: who greets, from whom and
//! for whom the message is, how much went wrong.

use super::rules::{At, Occasion};
use crate::proto::message::first;
use crate::proto::smtp::ServerEvent;
use crate::proto::smtp::command::{Command, Manner};

/// What is known of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Whether the client said EHLO, and it was taken.
    pub(super) extended: bool,
    /// Commands that were answered 4yz or 5yz.
    pub(super) errors: u32,
    helo: Option<String>,
    sender: Option<String>,
    recipients: Vec<String>,
    /// What the last command adds to this if it succeeds.
    claim: Option<Command>,
}

impl Facts {
    fn at(&self, at: At) -> Occasion {
        Occasion {
            at: Some(at),
            helo: self.helo.clone(),
            sender: self.sender.clone(),
            recipients: self.recipients.clone(),
            size: None,
            message_id: None,
            errors: self.errors,
            authenticated: false,
        }
    }

    pub(super) fn at_connect(&self) -> Occasion {
        self.at(At::Connect)
    }

    /// A command, with its line end.
    pub(super) fn at_line(&mut self, at: At, line: &[u8]) -> Occasion {
        let mut occasion = self.at(at);
        self.claim = Command::parse_in(line.strip_suffix(b"\r\n").unwrap_or(line), Manner::Lenient).ok();
        if let Some(Command::Mail { path, parameters, .. }) = &self.claim {
            occasion.sender = Some(path.as_str().to_owned());
            occasion.recipients.clear();
            let size = parameters.iter().find(|parameter| parameter.keyword.eq_ignore_ascii_case("SIZE"));
            occasion.size = size.and_then(|size| size.value.as_ref()?.parse().ok());
        }
        if let Some(Command::Rcpt { path, .. }) = &self.claim {
            occasion.recipients = vec![path.as_str().to_owned()];
        }
        if let Some(Command::Helo(name) | Command::Ehlo(name)) = &self.claim {
            occasion.helo = Some(name.clone());
        }
        occasion
    }

    /// Where something belongs that a session asks; none if there is nothing to judge.
    pub(super) const fn place(event: &ServerEvent) -> Option<At> {
        match event {
            ServerEvent::Sender(_) => Some(At::Mail),
            ServerEvent::Recipient(_) => Some(At::Rcpt),
            ServerEvent::Message { .. } => Some(At::Body),
            ServerEvent::Verify(_) => Some(At::Vrfy),
            ServerEvent::Expand(_) => Some(At::Expn),
            ServerEvent::Login(_) => Some(At::Auth),
            ServerEvent::Flush(_) => Some(At::Other),
            ServerEvent::Handshake => None,
        }
    }

    /// Something that the session asks of a client that greeted so.
    pub(super) fn at_event(&mut self, at: At, event: &ServerEvent, helo: Option<&str>) -> Occasion {
        self.claim = None;
        if helo.is_some() {
            self.helo = helo.map(str::to_owned);
        }
        // Whoever is not seen to be refused was taken.
        if let ServerEvent::Sender(path) = event {
            (self.sender, self.recipients) = (Some(path.as_str().to_owned()), Vec::new());
        }
        let mut occasion = self.at(at);
        if let ServerEvent::Recipient(path) = event {
            occasion.recipients = vec![path.as_str().to_owned()];
        }
        if let ServerEvent::Message { content, envelope, .. } = event {
            occasion.recipients = envelope.recipients.iter().map(|to| to.path.as_str().to_owned()).collect();
            occasion.size = Some(content.len() as u64);
            occasion.message_id = first(content, "Message-ID");
        }
        occasion
    }

    /// The octets that follow the command, if it is BDAT (RFC 3030 section 2), and whether they are the last.
    pub(super) fn chunk(&self) -> Option<(u64, bool)> {
        if let Some(Command::Bdat { octets, last }) = &self.claim { Some((*octets, *last)) } else { None }
    }

    /// The server's answer; its code, or 0.
    pub(super) fn learn(&mut self, at: At, said: &[u8]) -> u16 {
        let code = said.get(..3).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok()).unwrap_or(0);
        let claim = self.claim.take();
        if (400..600).contains(&code) {
            self.errors += 1;
        }
        if (200..300).contains(&code) {
            if let Some(Command::Mail { path, .. }) = &claim {
                self.sender = Some(path.as_str().to_owned());
            }
            if let Some(Command::Rcpt { path, .. }) = &claim {
                self.recipients.push(path.as_str().to_owned());
            }
            if let Some(Command::Helo(name) | Command::Ehlo(name)) = claim {
                self.greeted(name, at == At::Ehlo);
            }
        }
        // RFC 5321 4.1.1.4 and 4.1.1.5: both end the transaction.
        if at == At::Body || (at == At::Rset && code / 100 == 2) {
            (self.sender, self.recipients) = (None, Vec::new());
        }
        code
    }

    fn greeted(&mut self, name: String, extended: bool) {
        (self.helo, self.extended) = (Some(name), extended);
        (self.sender, self.recipients) = (None, Vec::new());
    }
}
