//! BDAT in a server's session (RFC 3030): a message in chunks whose length stands before them.
//!
//! A chunk is read to its end whatever is said to it, so that its octets are never taken for
//! commands. One that is refused leaves the transaction as it is until RSET (RFC 3030 section 2),
//! unless it was the last.

use super::{Extension, Mail, Question, Server, ServerEvent};
use crate::proto::smtp::dot::{MAX_TEXT_LINE, Problem};
use crate::proto::smtp::envelope::{BodyType, Envelope};
use crate::proto::smtp::status::Status;

/// A message that comes in chunks.
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    content: Vec<u8>,
    limit: usize,
    /// BINARYMIME: it need not be made of lines.
    binary: bool,
    line: usize,
    after_cr: bool,
    problem: Option<Problem>,
}

/// The chunk that is being read.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    octets: u64,
    left: u64,
    last: bool,
    /// What is said to it in any case.
    refusal: Option<(u16, Status, &'static str)>,
}

impl Chunked {
    const fn new(limit: usize, binary: bool) -> Self {
        Self { content: Vec::new(), limit, binary, line: 0, after_cr: false, problem: None }
    }

    fn feed(&mut self, octets: &[u8]) {
        if !self.binary {
            octets.iter().for_each(|octet| self.check(*octet));
        }
        if self.content.len().saturating_add(octets.len()) > self.limit {
            // This outranks the others, as it does behind DATA.
            self.problem = Some(Problem::TooLarge);
            (self.content, self.limit) = (Vec::new(), 0);
        } else {
            self.content.extend_from_slice(octets);
        }
    }

    fn check(&mut self, octet: u8) {
        let found = match (self.after_cr, octet) {
            (true, b'\n') => {
                (self.line, self.after_cr) = (0, false);
                return;
            }
            (true, _) | (false, b'\n') => Some(Problem::BareLineEnd),
            (false, 0) => Some(Problem::Nul),
            (false, _) => None,
        };
        self.after_cr = octet == b'\r';
        self.line += usize::from(!self.after_cr);
        let long = (self.line > MAX_TEXT_LINE - 2).then_some(Problem::LineTooLong);
        self.problem = self.problem.or(found).or(long);
    }

    fn finish(&mut self) -> Option<Problem> {
        self.problem.or(self.after_cr.then_some(Problem::BareLineEnd))
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.content.capacity()
    }
}

impl Server {
    pub(super) fn bdat(&mut self, octets: u64, last: bool) {
        let refusal = if !self.offers(Extension::Chunking) {
            Some((502, Status::COMMAND, "Command not implemented"))
        } else if self.greeting.is_none() {
            Some((503, Status::COMMAND, "Bad sequence of commands: EHLO first"))
        } else if self.lacks_login() {
            Some((530, Status::SECURITY, "Authentication required"))
        } else {
            match std::mem::replace(&mut self.transaction, Mail::None) {
                Mail::Open(envelope) if !envelope.recipients.is_empty() => {
                    let binary = envelope.options.body == BodyType::Binary;
                    self.transaction = Mail::Chunks(envelope, Chunked::new(self.config.max_message, binary));
                    None
                }
                chunks @ Mail::Chunks(..) => {
                    self.transaction = chunks;
                    None
                }
                other @ (Mail::None | Mail::Open(_) | Mail::Data(..) | Mail::Failed) => {
                    let first = if matches!(other, Mail::Failed) { "RSET" } else { "RCPT" };
                    self.transaction = other;
                    Some(match first {
                        "RSET" => (503, Status::COMMAND, "Bad sequence of commands: RSET first"),
                        _ => (503, Status::COMMAND, "Bad sequence of commands: RCPT first"),
                    })
                }
            }
        };
        self.chunk = Some(Chunk { octets, left: octets, last, refusal });
    }

    /// Reads octets of a chunk; true when it came to its end.
    pub(super) fn read_chunk(&mut self) -> bool {
        let Some(chunk) = &mut self.chunk else { return false };
        let rest = self.input.rest();
        let used = usize::try_from(chunk.left).unwrap_or(usize::MAX).min(rest.len());
        if let (None, Mail::Chunks(_, body)) = (chunk.refusal, &mut self.transaction) {
            body.feed(&rest[..used]);
        }
        self.input.consume(used);
        chunk.left -= used as u64;
        if chunk.left > 0 {
            return false;
        }
        if let Some(chunk) = self.chunk.take() {
            self.chunk_ended(&chunk);
        }
        true
    }

    fn chunk_ended(&mut self, chunk: &Chunk) {
        if let Some((code, status, text)) = chunk.refusal {
            return self.reply(code, status, text);
        }
        let Mail::Chunks(envelope, mut body) = std::mem::replace(&mut self.transaction, Mail::None) else { return };
        let problem = if chunk.last { body.finish() } else { body.problem };
        match problem {
            None if chunk.last => self.whole(envelope, body.content),
            None => {
                self.transaction = Mail::Chunks(envelope, body);
                self.reply(250, Status::OTHER, &format!("{} octets received", chunk.octets));
            }
            Some(problem) => {
                if !chunk.last {
                    self.transaction = Mail::Failed;
                }
                let (code, status, text) = problem.reply();
                self.reply(code, status, text);
            }
        }
    }

    /// The application refused a BDAT itself, and kept its octets from the session. RFC 3030 section 2: what lacks
    /// a chunk is no message any more, so those that follow are refused until RSET.
    pub fn lose_chunk(&mut self, last: bool) {
        let begun = match &self.transaction {
            Mail::Open(envelope) => !envelope.recipients.is_empty(),
            Mail::Chunks(..) => true,
            Mail::None | Mail::Data(..) | Mail::Failed => false,
        };
        if begun {
            self.transaction = if last { Mail::None } else { Mail::Failed };
        }
    }

    /// All of a message came.
    pub(super) fn whole(&mut self, envelope: Envelope, content: Vec<u8>) {
        let Some(greeting) = self.greeting.clone() else { return };
        self.messages = self.messages.saturating_add(1);
        self.ask(Question::Message, ServerEvent::Message { greeting, envelope, content });
    }
}
