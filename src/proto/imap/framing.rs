//! Where one command ends and the next begins: lines, and the literals between them.
//!
//! A line that ends with `{42}` is followed by 42 octets and another line (RFC 3501 4.3). The
//! client waits for leave to send them, unless it wrote `{42+}` (RFC 7888). What is too long
//! is thrown away as it comes, so that no peer can fill the memory. Clients that count the CR of the
//! last line into a literal, but not its LF, find the command ended by that.

use crate::proto::line::{InputBuffer, Line};

/// What a client may send in one command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Octets of its lines, CRLFs included.
    pub(super) text: usize,
    /// Octets of its literals together.
    pub(super) literals: usize,
    /// Octets of the literals of APPEND.
    pub(super) message: usize,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A command, its last CRLF included.
    Command(Vec<u8>),
    /// The client waits for leave to send a literal.
    Waiting,
    /// A command that was not taken; its octets are gone.
    Refused {
        /// What the command began with, if that was kept.
        tag: Vec<u8>,
        /// Why.
        why: Refusal,
    },
    /// A literal that is longer than anybody can wait for: there is no way to go on.
    Lost,
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its text was too long.
    Text,
    /// A literal was too long.
    Literal,
    /// The message of an APPEND was too long.
    Message,
}

/// Splits what comes into commands.
#[derive(Clone, Debug, Default)]
pub(super) struct Framer {
    input: InputBuffer,
    /// The command so far.
    command: Vec<u8>,
    /// How much of it is text.
    text: usize,
    /// Octets of the present literal that have not come.
    literal: u64,
    /// A literal is complete, and nothing came behind it so far.
    behind_literal: bool,
    /// Whether it is an APPEND.
    append: bool,
    refused: Option<Refusal>,
}

impl Framer {
    pub(super) const fn new() -> Self {
        Self {
            input: InputBuffer::new(),
            command: Vec::new(),
            text: 0,
            literal: 0,
            behind_literal: false,
            append: false,
            refused: None,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Octets kept at present.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.input.rest().len() + self.command.len()
    }

    /// Octets that no command was made of yet.
    pub(super) fn unread(&self) -> usize {
        self.input.rest().len()
    }

    /// The next line outside of any command, without its CRLF.
    pub(super) fn line(&mut self, limit: usize) -> Option<Line> {
        self.input.line(limit)
    }

    /// The next command, or what else is to be answered.
    pub(super) fn next(&mut self, limits: Limits) -> Option<Frame> {
        loop {
            if self.literal > 0 && !self.take_literal() {
                return None;
            }
            if self.behind_literal && self.input.rest().starts_with(b"\n") {
                self.input.consume(1);
                self.command.extend_from_slice(b"\r\n");
                return Some(self.end());
            }
            let left = limits.text.saturating_sub(self.text);
            let line = match self.input.line(left.max(2))? {
                Line::Whole(line) => line,
                Line::TooLong => {
                    self.refused.get_or_insert(Refusal::Text);
                    return Some(self.end());
                }
            };
            self.behind_literal = false;
            if self.text == 0 {
                self.append =
                    line.split(|b| *b == b' ').nth(1).is_some_and(|word| word.eq_ignore_ascii_case(b"APPEND"));
            }
            self.text += line.len() + 2;
            if self.refused.is_none() {
                self.command.extend_from_slice(&line);
                self.command.extend_from_slice(b"\r\n");
            }
            match literal(&line) {
                None => return Some(self.end()),
                Some(Literal::Endless) => return Some(Frame::Lost),
                Some(Literal::Of { octets, waits }) => {
                    if self.refused.is_none() {
                        self.refused = self.refusal(octets, limits);
                    }
                    if waits && self.refused.is_some() {
                        return Some(self.end());
                    }
                    (self.literal, self.behind_literal) = (octets, true);
                    if waits {
                        return Some(Frame::Waiting);
                    }
                }
            }
        }
    }

    /// True when the literal is complete.
    fn take_literal(&mut self) -> bool {
        let rest = self.input.rest();
        let count = rest.len().min(usize::try_from(self.literal).unwrap_or(usize::MAX));
        if self.refused.is_none() {
            self.command.extend_from_slice(&rest[..count]);
        }
        self.input.consume(count);
        self.literal -= count as u64;
        self.literal == 0
    }

    fn refusal(&self, octets: u64, limits: Limits) -> Option<Refusal> {
        let (most, why) =
            if self.append { (limits.message, Refusal::Message) } else { (limits.literals, Refusal::Literal) };
        let so_far = (self.command.len() - self.text.min(self.command.len())) as u64;
        (so_far.saturating_add(octets) > most as u64).then_some(why)
    }

    fn end(&mut self) -> Frame {
        let command = std::mem::take(&mut self.command);
        (self.text, self.literal, self.behind_literal) = (0, 0, false);
        match self.refused.take() {
            None => Frame::Command(command),
            Some(why) => Frame::Refused { tag: tag(&command).to_vec(), why },
        }
    }
}

enum Literal {
    Of { octets: u64, waits: bool },
    Endless,
}

/// The literal that a line announces at its end.
fn literal(line: &[u8]) -> Option<Literal> {
    let inner = line.strip_suffix(b"}")?;
    let (inner, waits) = inner.strip_suffix(b"+").map_or((inner, true), |inner| (inner, false));
    let digits = inner.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (before, digits) = inner.split_at(inner.len() - digits);
    if digits.is_empty() || !before.ends_with(b"{") {
        return None;
    }
    let octets = str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u32>().ok());
    Some(octets.map_or(Literal::Endless, |octets| Literal::Of { octets: u64::from(octets), waits }))
}

/// What a command begins with.
pub(super) fn tag(command: &[u8]) -> &[u8] {
    let end = command.iter().position(|b| matches!(b, b' ' | b'\r')).unwrap_or(command.len());
    &command[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { text: 60, literals: 20, message: 100 };

    fn frames(input: &[u8], piece: usize) -> Vec<Frame> {
        let mut framer = Framer::new();
        let mut out = Vec::new();
        for chunk in input.chunks(piece) {
            framer.push(chunk);
            while let Some(frame) = framer.next(LIMITS) {
                out.push(frame);
            }
        }
        out
    }

    fn command(text: &[u8]) -> Frame {
        Frame::Command(text.to_vec())
    }

    fn refused(tag: &[u8], why: Refusal) -> Frame {
        Frame::Refused { tag: tag.to_vec(), why }
    }

    /// Would break if a command depended on how its octets were cut into pieces, or if a
    /// literal's octets were read as text.
    #[test]
    fn pieces_do_not_matter() {
        let literal = [&b"b LOGIN {3+}\r\na\r\n {0}\r\n\r\n"[..], b"c NOOP\r\n"].concat();
        let text = [b"a NOOP\r\n", &literal[..]].concat();
        let wanted = [command(b"a NOOP\r\n"), Frame::Waiting, command(&literal[..25]), command(b"c NOOP\r\n")];
        for piece in 1..text.len() {
            assert_eq!(frames(&text, piece), wanted, "pieces of {piece}");
        }
    }

    /// Would break if a client that counts one octet too many waited for ever.
    #[test]
    fn a_literal_may_eat_half_of_the_line_end() {
        for piece in 1..20 {
            let found = frames(b"a APPEND x {3+}\r\nab\r\nb NOOP\r\n", piece);
            assert_eq!(found, [command(b"a APPEND x {3+}\r\nab\r\r\n"), command(b"b NOOP\r\n")]);
        }
    }

    /// Would break if what is too long were kept, or what follows it were lost.
    #[test]
    fn what_is_too_long_is_thrown_away() {
        let long = [&[b'x'; 70][..], b"\r\n"].concat();
        let flood = [b"a SELECT {30+}\r\n", &[b'y'; 30][..], b" {5+}\r\nabcde\r\n"].concat();
        let append = [b"a APPEND x {100+}\r\n", &[b'z'; 100][..], b"\r\n"].concat();
        let big = [b"a APPEND x {101+}\r\n", &[b'z'; 101][..], b"\r\n"].concat();
        for piece in [1, 7, 1_000] {
            assert_eq!(frames(&long, piece), [refused(b"", Refusal::Text)]);
            assert_eq!(frames(&flood, piece), [refused(b"a", Refusal::Literal)]);
            assert_eq!(frames(&append, piece), [command(&append)]);
            assert_eq!(frames(&big, piece), [refused(b"a", Refusal::Message)]);
            let waiting = frames(b"a SELECT {30}\r\nb NOOP\r\n", piece);
            assert_eq!(waiting, [refused(b"a", Refusal::Literal), command(b"b NOOP\r\n")]);
            assert_eq!(frames(b"a SELECT {99999999999+}\r\n", piece)[0], Frame::Lost);
        }
        let mut framer = Framer::new();
        framer.push(b"a APPEND x {4000000000+}\r\n");
        for _ in 0..1_000 {
            framer.push(&[b'x'; 1_000]);
            assert_eq!(framer.next(LIMITS), None);
            assert!(framer.held() < 1_100);
        }
    }
}
