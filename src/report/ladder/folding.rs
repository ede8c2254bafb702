//! Which lines of a dialogue are the protocol's, and which the message or content that it carries.
//!
//! A reader of transcripts knows as much as that takes and no more: what follows a 354 up to the dot, or the octets
//! that BDAT announces (RFC 3030 2), what follows the +OK to RETR or TOP (RFC 1939 3), literals (RFC 3501 4.3), and
//! what stands below the first line of a message of HTTP (RFC 9112 2.1).

use std::collections::VecDeque;

use crate::base::socket::Side;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The protocol's.
    Line,
    /// Of what it carries.
    Body,
    /// The dot behind it.
    End,
}

/// Reads the lines of one dialogue in their order.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    /// SMTP: how the client's next line is read.
    Smtp(Content),
    /// POP3: whether each command that waits for a reply asks for a message, and whether one is coming.
    Pop3 { asked: VecDeque<bool>, coming: bool },
    /// IMAP: octets of a literal that are to come from each side.
    Imap([usize; 2]),
    /// HTTP: whether each side has begun a message.
    Http([bool; 2]),
    /// All lines are the protocol's.
    Plain,
}

/// What an SMTP client says next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Commands,
    /// A message up to its dot.
    UpToDot,
    /// So many octets of a chunk.
    Chunk(usize),
}

/// The octets that a line of a transcript stands for, its CRLF included.
pub(super) fn octets(line: &str) -> usize {
    // each byte that was escaped stands there as \xNN
    let escaped = line.match_indices("\\x").count();
    line.len().saturating_sub(3 * escaped) + 2
}

impl Reader {
    /// A reader of dialogues of that protocol.
    pub(super) fn of(protocol: &str) -> Self {
        match protocol {
            "smtp" => Self::Smtp(Content::Commands),
            "pop3" => Self::Pop3 { asked: VecDeque::new(), coming: false },
            "imap" => Self::Imap([0, 0]),
            "http" => Self::Http([false, false]),
            _ => Self::Plain,
        }
    }

    /// What the next line is.
    pub(super) fn read(&mut self, side: Side, line: &str) -> Kind {
        let index = match side {
            Side::Client => 0,
            Side::Server => 1,
        };
        // what TLS protects is one thing
        if line.starts_with("(TLS ") {
            return Kind::Line;
        }
        match self {
            Self::Smtp(content) => content.read(side, line),
            Self::Pop3 { asked, coming } => pop3((asked, coming), side, line),
            Self::Imap(left) => {
                let body = left[index] > 0;
                left[index] = left[index].saturating_sub(octets(line));
                if left[index] == 0 {
                    left[index] = literal(line).unwrap_or(0);
                }
                if body { Kind::Body } else { Kind::Line }
            }
            Self::Http(begun) => {
                let starts = match side {
                    Side::Client => line.rsplit_once(' ').is_some_and(|(_, version)| version.starts_with("HTTP/1.")),
                    Side::Server => line.starts_with("HTTP/1."),
                };
                let first = starts || !begun[index];
                begun[index] = true;
                if first { Kind::Line } else { Kind::Body }
            }
            Self::Plain => Kind::Line,
        }
    }

    /// Whether more of what is carried is to come from that side.
    pub(super) const fn goes_on(&self, side: Side) -> bool {
        match (self, side) {
            (Self::Smtp(Content::UpToDot | Content::Chunk(_)), Side::Client)
            | (Self::Pop3 { coming: true, .. }, Side::Server)
            | (Self::Imap([1..=usize::MAX, _]), Side::Client)
            | (Self::Imap([_, 1..=usize::MAX]), Side::Server)
            | (Self::Http(_), _) => true,
            (Self::Smtp(_) | Self::Pop3 { .. } | Self::Imap(_) | Self::Plain, _) => false,
        }
    }
}

impl Content {
    fn read(&mut self, side: Side, line: &str) -> Kind {
        match (side, *self) {
            (Side::Server, _) => {
                // a reply ends a chunk, whatever was counted
                if line.starts_with("354") {
                    *self = Self::UpToDot;
                } else if matches!(self, Self::Chunk(_)) {
                    *self = Self::Commands;
                }
                Kind::Line
            }
            (Side::Client, Self::UpToDot) if line == "." => {
                *self = Self::Commands;
                Kind::End
            }
            (Side::Client, Self::UpToDot) => Kind::Body,
            (Side::Client, Self::Chunk(left)) => {
                *self = match left.saturating_sub(octets(line)) {
                    0 => Self::Commands,
                    left => Self::Chunk(left),
                };
                Kind::Body
            }
            (Side::Client, Self::Commands) => {
                let mut words = line.split_ascii_whitespace();
                if words.next().is_some_and(|verb| verb.eq_ignore_ascii_case("BDAT"))
                    && let Some(left @ 1..) = words.next().and_then(|octets| octets.parse().ok())
                {
                    *self = Self::Chunk(left);
                }
                Kind::Line
            }
        }
    }
}

fn pop3((asked, coming): (&mut VecDeque<bool>, &mut bool), side: Side, line: &str) -> Kind {
    match side {
        Side::Client => {
            let verb = line.split_ascii_whitespace().next().unwrap_or("");
            asked.push_back(["RETR", "TOP"].iter().any(|asks| verb.eq_ignore_ascii_case(asks)));
            Kind::Line
        }
        Side::Server if *coming => {
            *coming = line != ".";
            if *coming { Kind::Body } else { Kind::End }
        }
        Side::Server => {
            if line.starts_with("+OK") {
                *coming = asked.pop_front().unwrap_or(false);
            } else if line.starts_with("-ERR") {
                asked.pop_front();
            }
            Kind::Line
        }
    }
}

/// The octets of the literal that a line announces.
fn literal(line: &str) -> Option<usize> {
    let (_, count) = line.strip_suffix('}')?.rsplit_once('{')?;
    count.strip_suffix('+').unwrap_or(count).parse().ok()
}
