//! Commands as a client writes them: strings quoted where that is possible, else as literals (RFC 3501 4.3), which
//! wait for the server unless it takes them without (LITERAL+, RFC 7888).

use std::collections::VecDeque;

use crate::proto::imap::utf7;

/// Above that, a string is sent as a literal.
const MAX_QUOTED: usize = 500;

/// A command that is being written.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What is sent at once, piece by piece.
    pieces: VecDeque<Vec<u8>>,
    last: Vec<u8>,
    literal_plus: bool,
}

impl Line {
    /// Begins with this text.
    pub(super) fn new(literal_plus: bool, text: &str) -> Self {
        Self { pieces: VecDeque::new(), last: text.as_bytes().to_vec(), literal_plus }
    }

    /// A space and a word.
    pub(super) fn word(mut self, word: &str) -> Self {
        self.last.push(b' ');
        self.last.extend_from_slice(word.as_bytes());
        self
    }

    /// A space and a string.
    pub(super) fn string(mut self, octets: &[u8]) -> Self {
        if octets.len() > MAX_QUOTED || !octets.iter().all(|b| matches!(b, b' '..=b'~')) {
            return self.literal(octets);
        }
        self.quote(octets);
        self
    }

    fn quote(&mut self, octets: &[u8]) {
        self.last.extend_from_slice(b" \"");
        for octet in octets {
            if matches!(octet, b'"' | b'\\') {
                self.last.push(b'\\');
            }
            self.last.push(*octet);
        }
        self.last.push(b'"');
    }

    /// A space and the name of a folder, which is printable.
    pub(super) fn folder(mut self, name: &str) -> Self {
        self.quote(utf7::encode(name).as_bytes());
        self
    }

    /// A space and a literal.
    pub(super) fn literal(mut self, octets: &[u8]) -> Self {
        let plus = if self.literal_plus { "+" } else { "" };
        self.last.extend_from_slice(format!(" {{{}{plus}}}\r\n", octets.len()).as_bytes());
        if !self.literal_plus {
            self.pieces.push_back(std::mem::take(&mut self.last));
        }
        self.last.extend_from_slice(octets);
        self
    }

    /// The pieces: each but the first waits for the server's leave.
    pub(super) fn pieces(mut self) -> VecDeque<Vec<u8>> {
        self.last.extend_from_slice(b"\r\n");
        self.pieces.push_back(self.last);
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_wait_only_where_they_must() {
        let line = |plus| Line::new(plus, "a X").string(b"say \"hi\"").string("\u{e9}".as_bytes()).word("Y");
        assert_eq!(line(true).pieces(), [b"a X \"say \\\"hi\\\"\" {2+}\r\n\xc3\xa9 Y\r\n".to_vec()]);
        assert_eq!(line(false).pieces(), [b"a X \"say \\\"hi\\\"\" {2}\r\n".to_vec(), b"\xc3\xa9 Y\r\n".to_vec()]);
    }
}
