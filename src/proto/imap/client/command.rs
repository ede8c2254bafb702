//! Commands as a client writes them: strings quoted where that is possible, else as literals (RFC 3501 4.3), which
//! wait for the server unless it takes them without (LITERAL+, RFC 7888).

use std::collections::VecDeque;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

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
        self.quote(modified_utf7(name).as_bytes());
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

/// The name of a folder as it stands in commands (RFC 3501 5.1.3).
pub(super) fn modified_utf7(name: &str) -> String {
    let engine = GeneralPurpose::new(&alphabet::IMAP_MUTF7, NO_PAD);
    let (mut out, mut shifted) = (String::new(), Vec::new());
    let flush = |out: &mut String, shifted: &mut Vec<u8>| {
        if !shifted.is_empty() {
            *out += &format!("&{}-", engine.encode(std::mem::take(shifted)));
        }
    };
    for character in name.chars() {
        if matches!(character, ' '..='~') {
            flush(&mut out, &mut shifted);
            out.push(character);
            if character == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut out, &mut shifted);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_the_standard_shows() {
        // RFC 3501 5.1.3.
        assert_eq!(
            modified_utf7("~peter/mail/\u{53f0}\u{5317}/\u{65e5}\u{672c}\u{8a9e}"),
            "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
        );
        assert_eq!(modified_utf7("R&D \u{1f4e7}"), "R&-D &2D3c5w-");
    }

    #[test]
    fn strings_wait_only_where_they_must() {
        let line = |plus| Line::new(plus, "a X").string(b"say \"hi\"").string("\u{e9}".as_bytes()).word("Y");
        assert_eq!(line(true).pieces(), [b"a X \"say \\\"hi\\\"\" {2+}\r\n\xc3\xa9 Y\r\n".to_vec()]);
        assert_eq!(line(false).pieces(), [b"a X \"say \\\"hi\\\"\" {2}\r\n".to_vec(), b"\xc3\xa9 Y\r\n".to_vec()]);
    }
}
