//! Transparency (RFC 5321 4.5.2): a message's lines between DATA and the final dot. POP3
//! uses the same rule for its multi-line responses (RFC 1939 section 3).
//!
//! Only CRLF ends a line, so only `CRLF . CRLF` ends a message: `LF . LF`, `LF . CRLF` and
//! their like (by which messages were smuggled past servers) are octets of the message, and
//! reported as a [`Problem`] so that the server can refuse it.

use memchr::{memchr_iter, memchr3};

/// RFC 5321 4.5.3.1.6: "The maximum total length of a text line including the <CRLF> is 1000
/// octets (not counting the leading dot duplicated for transparency)."
pub const MAX_TEXT_LINE: usize = 1000;

/// The octets that go on the wire for a message: dots at the beginning of lines doubled, a
/// CRLF at the end if it had none, and the final dot.
#[must_use]
pub fn stuff(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + content.len() / 64 + 8);
    let mut kept = 0;
    for dot in memchr_iter(b'.', content) {
        if dot == 0 || content[..dot].ends_with(b"\r\n") {
            out.extend_from_slice(&content[kept..dot]);
            out.push(b'.');
            kept = dot;
        }
    }
    out.extend_from_slice(&content[kept..]);
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// What is wrong with a message that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It has more octets than allowed.
    TooLarge,
    /// It has a line longer than [`MAX_TEXT_LINE`].
    LineTooLong,
    /// It has a CR or LF that is not part of a CRLF.
    BareLineEnd,
    /// It has a NUL, which no line of text holds (RFC 5321 4.5.2 with 2.3.1: US-ASCII text).
    Nul,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    LineStart,
    Text,
    Cr,
    Dot,
    DotCr,
    Finished,
}

/// Takes the octets of a message as they come, up to the final dot.
#[derive(Clone, Debug)]
pub struct Unstuffer {
    content: Vec<u8>,
    limit: usize,
    line: usize,
    state: State,
    problem: Option<Problem>,
}

impl Unstuffer {
    /// Keeps at most `limit` octets; of a longer message nothing is kept, but it is read to its end.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { content: Vec::new(), limit, line: 0, state: State::LineStart, problem: None }
    }

    /// Takes octets and returns how many of them belonged to the message or its final dot.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Finished {
            if self.state == State::Text {
                let run = memchr3(b'\r', b'\n', 0, &bytes[at..]).unwrap_or(bytes.len() - at);
                self.keep(&bytes[at..at + run]);
                at += run;
            }
            if let Some(&byte) = bytes.get(at) {
                self.octet(byte);
                at += 1;
            }
        }
        at
    }

    /// Whether the final dot came.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// What is wrong with the message: that it was too large, or else the first thing.
    #[must_use]
    pub const fn problem(&self) -> Option<Problem> {
        self.problem
    }

    /// The message, each line with its CRLF.
    #[must_use]
    pub fn into_content(self) -> Vec<u8> {
        self.content
    }

    fn octet(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (State::LineStart, b'.') => State::Dot,
            (State::Dot, b'\r') => State::DotCr,
            (State::DotCr, b'\n') | (State::Finished, _) => State::Finished,
            (State::LineStart | State::Text, b'\r') => State::Cr,
            (State::Cr, b'\n') => {
                self.keep(b"\r\n");
                self.line = 0;
                State::LineStart
            }
            (State::Cr | State::DotCr, b'\r') => {
                self.keep_bare(b'\r');
                State::Cr
            }
            (State::Cr | State::DotCr, _) => {
                self.keep_bare(b'\r');
                self.text(byte);
                State::Text
            }
            // RFC 5321 4.5.2: "If the first character is a period and there are other
            // characters on the line, the first character is deleted."
            (State::LineStart | State::Text | State::Dot, _) => {
                self.text(byte);
                State::Text
            }
        };
    }

    fn text(&mut self, byte: u8) {
        match byte {
            b'\n' => self.keep_bare(byte),
            0 => {
                self.problem.get_or_insert(Problem::Nul);
                self.keep(&[byte]);
            }
            _ => self.keep(&[byte]),
        }
    }

    fn keep_bare(&mut self, byte: u8) {
        self.keep(&[byte]);
        self.problem.get_or_insert(Problem::BareLineEnd);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.line = self.line.saturating_add(bytes.len());
        if self.line > MAX_TEXT_LINE - 2 && bytes != b"\r\n" {
            self.problem.get_or_insert(Problem::LineTooLong);
        }
        if self.content.len().saturating_add(bytes.len()) > self.limit {
            // This outranks the others: what was kept is not whole, and of no use any more.
            self.problem = Some(Problem::TooLarge);
            (self.content, self.limit) = (Vec::new(), 0);
        } else {
            self.content.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(wire: &[u8], piece: usize) -> (Vec<u8>, Option<Problem>, usize, bool) {
        let mut reader = Unstuffer::new(1 << 20);
        let mut used = 0;
        for chunk in wire.chunks(piece.max(1)) {
            used += reader.feed(chunk);
        }
        let (problem, finished) = (reader.problem(), reader.is_finished());
        (reader.into_content(), problem, used, finished)
    }

    #[test]
    fn known_answers() {
        assert_eq!(stuff(b""), b".\r\n");
        assert_eq!(stuff(b".\r\n"), b"..\r\n.\r\n");
        assert_eq!(stuff(b"..x\r\ny\r\n.z"), b"...x\r\ny\r\n..z\r\n.\r\n");
        for (wire, content) in [
            (&b".\r\n"[..], &b""[..]),
            (b"..x\r\n.\r\n", b".x\r\n"),
            (b".x\r\n.\r\n", b"x\r\n"),
            (b"\r\n.\r\n", b"\r\n"),
        ] {
            assert_eq!(read(wire, 1), (content.to_vec(), None, wire.len(), true));
        }
    }

    /// Would break if one of the sequences by which mail was smuggled ended a message.
    #[test]
    fn only_crlf_dot_crlf_ends_a_message() {
        for false_end in [&b"\n.\n"[..], b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n.\r\r\n"] {
            let wire = [&b"a"[..], false_end, b"b\r\n.\r\nQUIT\r\n"].concat();
            for piece in 1..wire.len() {
                let (_, problem, used, finished) = read(&wire, piece);
                assert_eq!((problem, finished), (Some(Problem::BareLineEnd), true), "{false_end:?}");
                assert!(wire[..used].ends_with(b"b\r\n.\r\n"), "{false_end:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn limits_are_exact() {
        let line = |n: usize| [vec![b'x'; n], b"\r\n.\r\n".to_vec()].concat();
        assert_eq!(read(&line(998), 7).1, None);
        assert_eq!(read(&line(999), 7).1, Some(Problem::LineTooLong));
        assert_eq!(read(&[&b"."[..], &line(998)].concat(), 7).1, None);
        let mut small = Unstuffer::new(4);
        small.feed(b"ab\r\n");
        assert_eq!(small.problem(), None);
        small.feed(b"c\r\n.\r\n");
        assert_eq!((small.problem(), small.is_finished()), (Some(Problem::TooLarge), true));
        let mut both = Unstuffer::new(4);
        both.feed(b"a\nbcdef\r\n.\r\n");
        assert_eq!(both.problem(), Some(Problem::TooLarge));
    }

    proptest! {
        /// Would break if some message did not come out as it went in, whatever the pieces.
        #[test]
        fn messages_come_through(lines in proptest::collection::vec("[.a\\r]{0,4}", 0..20), piece in 1_usize..9) {
            let content: Vec<u8> = lines.iter().flat_map(|l| format!("{}\r\n", l.replace('\r', ".")).into_bytes()).collect();
            let wire = stuff(&content);
            prop_assert_eq!(read(&wire, piece), (content, None, wire.len(), true));
        }

        #[test]
        fn any_octets_are_read_alike_in_any_pieces(wire in "[.\\r\\na]{0,40}", piece in 1_usize..9) {
            let (content, problem, used, finished) = read(wire.as_bytes(), wire.len());
            let again = read(&wire.as_bytes()[..used], piece);
            prop_assert_eq!((content, problem, used, finished), again);
        }
    }
}
