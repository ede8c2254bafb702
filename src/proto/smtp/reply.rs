//! SMTP replies (RFC 5321 4.2): built by servers, read by clients.
//!
//! A reader keeps the text but replaces what is not printable, for it ends up in bounces
//! and tables. Enhanced status codes (RFC 2034) are text to it.

use std::fmt;

/// RFC 5321 4.5.3.1.5: "The maximum total length of a reply line including the reply code
/// and the <CRLF> is 512 octets."
pub const MAX_REPLY_LINE: usize = 512;
/// What is left of such a line for its text.
const MAX_TEXT: usize = MAX_REPLY_LINE - "250 \r\n".len();
/// Our own bound on the lines of one reply; the RFC has none.
const MAX_LINES: usize = 128;

/// A reply: a code and one or more lines of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The text of each line, without code and CRLF; at least one.
    pub lines: Vec<String>,
}

/// Why a line is not part of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// No code of three digits from 200 to 599, or no space or hyphen after it.
    #[error("a line that is no reply")]
    Malformed,
    /// RFC 5321 4.2.1: "the reply code on each of the lines MUST be the same."
    #[error("a reply whose lines have different codes")]
    CodesDiffer,
    /// More lines than anybody needs.
    #[error("a reply of too many lines")]
    TooManyLines,
}

impl Reply {
    /// A reply of one line.
    #[must_use]
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, lines: vec![text.into()] }
    }

    /// 2yz: the command was done.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 3yz: the server waits for more.
    #[must_use]
    pub const fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// 5yz: it is of no use to try again.
    #[must_use]
    pub const fn is_permanent_failure(&self) -> bool {
        self.code / 100 == 5
    }

    /// 4yz: another time it may work.
    #[must_use]
    pub const fn is_transient_failure(&self) -> bool {
        self.code / 100 == 4
    }

    /// The text of all lines, with spaces between them.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// The octets on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let last = self.lines.len().saturating_sub(1);
        for (at, line) in self.lines.iter().enumerate() {
            let separator = if at == last { ' ' } else { '-' };
            // What quotes a client may be as long as its command was.
            let line = &line[..line.floor_char_boundary(MAX_TEXT)];
            out.extend_from_slice(format!("{}{separator}{line}\r\n", self.code).as_bytes());
        }
        out
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

/// Puts the lines of replies together.
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    partial: Option<Reply>,
}

impl ReplyReader {
    /// Takes one line without its CRLF; returns the reply of which it was the last.
    ///
    /// # Errors
    /// When the line cannot belong to a reply; the session is then lost.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let (digits, rest) = line.split_at_checked(3).ok_or(ReplyError::Malformed)?;
        let code = match digits {
            [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
            }
            _ => return Err(ReplyError::Malformed),
        };
        // RFC 5321 4.2: clients "SHOULD be prepared to process the code alone".
        let (last, text) = match rest.split_first() {
            None => (true, &[][..]),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(ReplyError::Malformed),
        };
        let mut reply = self.partial.take().unwrap_or(Reply { code, lines: Vec::new() });
        if reply.code != code {
            return Err(ReplyError::CodesDiffer);
        }
        if reply.lines.len() >= MAX_LINES {
            return Err(ReplyError::TooManyLines);
        }
        reply.lines.push(printable(text));
        if last {
            return Ok(Some(reply));
        }
        self.partial = Some(reply);
        Ok(None)
    }
}

fn printable(text: &[u8]) -> String {
    text.iter().map(|&b| if matches!(b, b' '..=b'~') { char::from(b) } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if what is written could not be read back.
    #[test]
    fn text_reads_back() {
        let reply = Reply { code: 250, lines: vec!["one".into(), String::new(), "three".into()] };
        let bytes = reply.to_bytes();
        assert_eq!(bytes, b"250-one\r\n250-\r\n250 three\r\n");
        let mut reader = ReplyReader::default();
        let mut read = None;
        for line in bytes.strip_suffix(b"\r\n").unwrap().split(|b| *b == b'\n') {
            read = reader.line(line.strip_suffix(b"\r").unwrap_or(line)).unwrap();
        }
        assert_eq!(read, Some(reply));
    }

    /// Would break if a long address in a text made a line that a client may refuse to read.
    #[test]
    fn no_line_is_longer_than_a_client_must_read() {
        for text in ["x".repeat(600), format!("{}\u{e9}", "x".repeat(505)), "x".repeat(506)] {
            let bytes = Reply::new(250, &text).to_bytes();
            assert!((511..=512).contains(&bytes.len()) && bytes.ends_with(b"x\r\n"), "{}", bytes.len());
        }
    }

    #[test]
    fn malformed_lines_are_refused() {
        let line = |line: &[u8]| ReplyReader::default().line(line);
        assert_eq!(line(b"250"), Ok(Some(Reply { code: 250, lines: vec![String::new()] })));
        assert_eq!(line(b"250 a\x07\xff"), Ok(Some(Reply::new(250, "a??"))));
        for bad in [&b""[..], b"25", b"250x", b"150 a", b"650 a", b"2 0 a", b"\xff\xff\xff a"] {
            assert_eq!(line(bad), Err(ReplyError::Malformed));
        }
        let mut reader = ReplyReader::default();
        assert_eq!(reader.line(b"250-a"), Ok(None));
        assert_eq!(reader.line(b"251 b"), Err(ReplyError::CodesDiffer));
    }
}
