//! SMTP sessions: what each cost in commands and octets, and what it got through.
//!
//! The dialogue is read once more from its octets, as a bystander on the line would: a command
//! is a line of the client, a message is what follows a 354 up to the final dot, or the octets
//! that BDAT announces (RFC 3030). Replies belong to commands in their order. A bystander knows
//! no verb's grammar; he takes what he hears. From STARTTLS's 220 on he understands nothing:
//! all octets are protocol then, and no command is counted.
//!
//! Left out: connections on which nobody spoke. They are in the table of connections.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::connections::Connections;
use super::names::{Names, Text};
use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::socket::Side;
use crate::base::time::SimTime;

/// As much of a line as tells what it is.
const HEAD: usize = 32;

/// One SMTP session: a row of the table `smtp_sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The connection's name.
    pub connection: Text,
    /// The host that opened it.
    pub client: Text,
    /// The host to which it was opened.
    pub server: Text,
    /// The port there: 25 between servers, 587 for submission.
    pub port: u16,
    /// When the first octet was said.
    pub began: SimTime,
    /// When the last one was.
    pub ended: SimTime,
    /// What was counted.
    pub counts: SessionCounts,
    /// Bytes of all packets of the connection as they left their source, headers and
    /// repetitions included.
    pub wire_bytes: u64,
}

/// What a session cost, and what it got through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Lines of the client outside of messages and answers to a challenge.
    pub commands: u64,
    /// Recipients that the server took.
    pub recipients: u64,
    /// Recipients that it refused, for now or for good.
    pub recipients_refused: u64,
    /// Messages that it took.
    pub messages: u64,
    /// Messages that it refused after their last octet.
    pub messages_refused: u64,
    /// Replies 4yz.
    pub replies_4yz: u64,
    /// Replies 5yz.
    pub replies_5yz: u64,
    /// Octets that the client said.
    pub client_bytes: u64,
    /// Octets that the server said.
    pub server_bytes: u64,
    /// Octets of messages among the client's, without doubled and final dots.
    pub message_bytes: u64,
}

impl SessionCounts {
    /// Octets that were no message: commands, replies, dots.
    #[must_use]
    pub const fn protocol_bytes(&self) -> u64 {
        self.client_bytes + self.server_bytes - self.message_bytes
    }

    /// Both together.
    #[must_use]
    pub const fn plus(mut self, other: Self) -> Self {
        self.commands += other.commands;
        self.recipients += other.recipients;
        self.recipients_refused += other.recipients_refused;
        self.messages += other.messages;
        self.messages_refused += other.messages_refused;
        self.replies_4yz += other.replies_4yz;
        self.replies_5yz += other.replies_5yz;
        self.client_bytes += other.client_bytes;
        self.server_bytes += other.server_bytes;
        self.message_bytes += other.message_bytes;
        self
    }
}

/// What the next reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The greeting, or a command that matters no further.
    Other,
    Rcpt,
    Data,
    /// The end of a message.
    Message,
    StartTls,
}

/// How the client's next octet is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Command,
    /// An answer to a 334.
    Answer,
    /// A message after DATA.
    Content(Within),
    /// So many octets of a chunk are left.
    Chunk(u64),
    /// Ciphertext.
    Opaque,
}

/// Where in a line of a message the last octet was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    LineStart,
    /// A dot at the start of a line: doubled, or the final one.
    Dot,
    DotCr,
    Line,
    Cr,
}

#[derive(Clone, Debug)]
struct Session {
    conn: ConnId,
    began: SimTime,
    ended: SimTime,
    mode: Mode,
    /// The beginning of the client's line so far.
    line: Vec<u8>,
    /// The beginning of the server's line so far.
    reply: Vec<u8>,
    awaited: VecDeque<Awaited>,
    counts: SessionCounts,
}

impl Session {
    fn new(conn: ConnId, at: SimTime) -> Self {
        Self {
            conn,
            began: at,
            ended: at,
            mode: Mode::Command,
            line: Vec::new(),
            reply: Vec::new(),
            awaited: VecDeque::from([Awaited::Other]),
            counts: SessionCounts::default(),
        }
    }

    fn client(&mut self, bytes: &[u8]) {
        self.counts.client_bytes += bytes.len() as u64;
        let mut rest = bytes;
        while let Some((octet, more)) = rest.split_first() {
            match self.mode {
                Mode::Opaque => return,
                Mode::Chunk(left) => {
                    let here = left.min(rest.len() as u64);
                    self.counts.message_bytes += here;
                    self.mode = if left == here { Mode::Command } else { Mode::Chunk(left - here) };
                    rest = rest.get(usize::try_from(here).unwrap_or(usize::MAX)..).unwrap_or_default();
                }
                Mode::Content(place) => {
                    self.content(place, *octet);
                    rest = more;
                }
                Mode::Command | Mode::Answer => {
                    let line = rest.iter().position(|octet| *octet == b'\n').map_or(rest.len(), |end| end + 1);
                    let room = HEAD - self.line.len();
                    self.line.extend_from_slice(&rest[..line.min(room)]);
                    if rest[line - 1] == b'\n' {
                        self.command();
                    }
                    rest = &rest[line..];
                }
            }
        }
    }

    fn command(&mut self) {
        let line = std::mem::take(&mut self.line).to_ascii_uppercase();
        if self.mode == Mode::Answer {
            self.mode = Mode::Command;
            return self.awaited.push_back(Awaited::Other);
        }
        self.counts.commands += 1;
        let mut words = line.split(|octet| octet.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let awaited = match words.next().unwrap_or_default() {
            b"RCPT" => Awaited::Rcpt,
            b"DATA" => Awaited::Data,
            b"STARTTLS" => Awaited::StartTls,
            b"BDAT" => {
                let size = words.next().and_then(|word| str::from_utf8(word).ok()?.parse().ok()).unwrap_or(0);
                if size > 0 {
                    self.mode = Mode::Chunk(size);
                }
                // RFC 3030 2: the chunk with LAST is the end of the message.
                if words.next() == Some(b"LAST") { Awaited::Message } else { Awaited::Other }
            }
            _ => Awaited::Other,
        };
        self.awaited.push_back(awaited);
    }

    /// RFC 5321 4.5.2: the dot at a line's start is none of the message's.
    fn content(&mut self, place: Within, octet: u8) {
        let (next, counted) = match (place, octet) {
            (Within::LineStart, b'.') => (Within::Dot, 0),
            (Within::Dot, b'\r') => (Within::DotCr, 0),
            (Within::DotCr, b'\n') => {
                self.mode = Mode::Command;
                return self.message_ended();
            }
            // It was no final dot after all: the CR behind it belongs to the message.
            (Within::DotCr, b'\r') => (Within::Cr, 2),
            (Within::DotCr, _) => (Within::Line, 2),
            (Within::Cr, b'\n') => (Within::LineStart, 1),
            (_, b'\r') => (Within::Cr, 1),
            _ => (Within::Line, 1),
        };
        self.counts.message_bytes += counted;
        self.mode = Mode::Content(next);
    }

    fn message_ended(&mut self) {
        self.awaited.push_back(Awaited::Message);
    }

    fn server(&mut self, bytes: &[u8]) {
        self.counts.server_bytes += bytes.len() as u64;
        if self.mode == Mode::Opaque {
            return;
        }
        for octet in bytes {
            if *octet == b'\n' {
                let line = std::mem::take(&mut self.reply);
                let code = line.get(..3).and_then(|digits| str::from_utf8(digits).ok()?.parse::<u16>().ok());
                if let Some(code) = code.filter(|_| line.get(3) != Some(&b'-')) {
                    self.replied(code);
                }
            } else if self.reply.len() < 4 {
                self.reply.push(*octet);
            }
        }
    }

    fn replied(&mut self, code: u16) {
        let counts = &mut self.counts;
        counts.replies_4yz += u64::from(code / 100 == 4);
        counts.replies_5yz += u64::from(code / 100 == 5);
        let taken = code / 100 == 2;
        match self.awaited.pop_front() {
            Some(Awaited::Rcpt) if taken => counts.recipients += 1,
            Some(Awaited::Rcpt) => counts.recipients_refused += 1,
            Some(Awaited::Message) if taken => counts.messages += 1,
            Some(Awaited::Message) => counts.messages_refused += 1,
            Some(Awaited::Data) if code / 100 == 3 => self.mode = Mode::Content(Within::LineStart),
            Some(Awaited::StartTls) if taken => self.mode = Mode::Opaque,
            // RFC 4954 4: a challenge; the answer is no command.
            Some(Awaited::Other) if code == 334 => self.mode = Mode::Answer,
            Some(Awaited::Data | Awaited::StartTls | Awaited::Other) | None => {}
        }
    }
}

/// All SMTP sessions of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    sessions: Vec<Session>,
    index: FxHashMap<ConnId, usize>,
}

impl Sessions {
    /// Takes octets that one end of an SMTP session said.
    pub(super) fn observe(&mut self, conn: ConnId, side: Side, at: SimTime, bytes: &[u8]) {
        let index = *self.index.entry(conn).or_insert_with(|| {
            self.sessions.push(Session::new(conn, at));
            self.sessions.len() - 1
        });
        let session = &mut self.sessions[index];
        session.ended = at;
        match side {
            Side::Client => session.client(bytes),
            Side::Server => session.server(bytes),
        }
    }

    /// The rows, sorted.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory, connections: &Connections) -> Vec<SessionRow> {
        let mut sessions = self.sessions;
        sessions.sort_by(|a, b| {
            let key = |session: &Session| (session.began, directory.host_name(session.conn.host), session.conn.number);
            key(a).cmp(&key(b))
        });
        let row = |session: &Session| {
            let to = connections.endpoints(session.conn).map(|(_, to)| to);
            SessionRow {
                connection: names.share(&directory.conn_name(session.conn)),
                client: names.share(directory.host_name(session.conn.host)),
                server: names.share(&to.map_or_else(String::new, |to| directory.name_at(to.addr))),
                port: to.map_or(0, |to| to.port),
                began: session.began,
                ended: session.ended,
                counts: session.counts,
                wire_bytes: connections.wire_bytes(session.conn),
            }
        };
        sessions.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::HostId;

    const CONN: ConnId = ConnId { host: HostId(0), number: 1 };

    /// The counts of a dialogue: each piece with a letter for its side.
    fn counts(pieces: &[(char, &str)]) -> SessionCounts {
        let mut sessions = Sessions::default();
        for (side, text) in pieces {
            let side = if *side == 'C' { Side::Client } else { Side::Server };
            sessions.observe(CONN, side, SimTime::ZERO, text.as_bytes());
        }
        sessions.sessions[0].counts
    }

    const PLAIN: [(char, &str); 16] = [
        ('S', "220 b Service ready\r\n"),
        ('C', "EHLO a\r\n"),
        ('S', "250-b\r\n250-SIZE 1000\r\n250 PIPELINING\r\n"),
        ('C', "MAIL FROM:<x@a>\r\n"),
        ('S', "250 OK\r\n"),
        ('C', "RCPT TO:<y@b>\r\n"),
        ('S', "250 OK\r\n"),
        ('C', "RCPT TO:<z@b>\r\n"),
        ('S', "450 4.2.0 greylisted\r\n"),
        ('C', "DATA\r\n"),
        ('S', "354 go on\r\n"),
        ('C', "Subject: s\r\n\r\n..one dot\r\n.\rx.\r\n.\r\n"),
        ('S', "250 OK\r\n"),
        ('C', "QUIT\r\n"),
        ('S', "221 bye\r\n"),
        ('S', ""),
    ];

    /// Breaks when a part of a message is taken for commands, a reply is given to the wrong
    /// command, or a doubled dot counts as the message's.
    #[test]
    fn a_dialogue_is_counted() {
        let counts = counts(&PLAIN);
        let message = "Subject: s\r\n\r\n.one dot\r\n\rx.\r\n".len() as u64;
        assert_eq!((counts.commands, counts.messages, counts.message_bytes), (6, 1, message));
        assert_eq!((counts.recipients, counts.recipients_refused, counts.replies_4yz), (1, 1, 1));
        let all: usize = PLAIN.iter().map(|(_, text)| text.len()).sum();
        assert_eq!(counts.protocol_bytes(), all as u64 - message);
    }

    /// Breaks when the pieces in which a dialogue comes change what is counted.
    #[test]
    fn pieces_do_not_matter() {
        let octets = PLAIN.iter().flat_map(|(side, text)| text.split_inclusive(|_| true).map(move |one| (*side, one)));
        assert_eq!(counts(&octets.collect::<Vec<_>>()), counts(&PLAIN));
    }

    /// Breaks when chunks, commands sent at once, challenges or ciphertext confuse the count.
    #[test]
    fn extensions_are_understood() {
        let chunked = [
            ('S', "220 b\r\n"),
            ('C', "MAIL FROM:<x@a>\r\nRCPT TO:<y@b>\r\nBDAT 7\r\nDATA\r\n."),
            ('S', "250 OK\r\n550 no\r\n250 OK\r\n"),
            ('C', "BDAT 3 LAST\r\na\r\nNOOP\r\n"),
            ('S', "554 no valid recipients\r\n250 OK\r\n"),
        ];
        let one = counts(&chunked);
        assert_eq!((one.commands, one.message_bytes, one.messages_refused), (5, 10, 1));
        assert_eq!((one.recipients, one.recipients_refused, one.replies_5yz), (0, 1, 2));
        let secret = [
            ('S', "220 b\r\n"),
            ('C', "AUTH LOGIN\r\n"),
            ('S', "334 VXNlcm5hbWU6\r\n"),
            ('C', "RCPT\r\n"),
            ('S', "334 UGFzc3dvcmQ6\r\n"),
            ('C', "DATA\r\n"),
            ('S', "235 in\r\n"),
            ('C', "STARTTLS\r\n"),
            ('S', "220 go\r\n"),
            ('C', "DATA\r\n"),
            ('S', "354 \r\n"),
            ('C', "abc\r\n"),
        ];
        let two = counts(&secret);
        assert_eq!((two.commands, two.recipients_refused, two.message_bytes), (2, 0, 0));
        assert_eq!(two.client_bytes, 12 + 6 + 6 + 10 + 6 + 5);
    }
}
