//! The lexical pieces of structured fields (RFC 5322 3.2, RFC 2045 5.1): comments, quoted
//! strings, runs of octets.
//!
//! A reader for fields from anywhere: what is not closed ends with the field.

/// A position in an unfolded field value.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    /// At the start of a value.
    #[must_use]
    pub const fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// The next octet, not taken.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next octet.
    pub fn bump(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Takes the next octet if it is this one.
    pub fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        if found {
            self.bump();
        }
        found
    }

    /// Takes octets as long as they fit.
    pub fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().position(|b| !fits(*b)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(length);
        self.rest = rest;
        run
    }

    /// Skips white space and comments.
    pub fn skip_cfws(&mut self) {
        loop {
            self.run(|b| b.is_ascii_whitespace());
            if self.peek() != Some(b'(') {
                return;
            }
            self.comment();
        }
    }

    /// Takes a comment; its text without the outer parentheses and without quoting.
    pub fn comment(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 0_usize;
        while let Some(octet) = self.bump() {
            match octet {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
            match octet {
                b'\\' => text.extend(self.bump()),
                b'(' if depth == 1 => {}
                octet => text.push(octet),
            }
        }
        text
    }

    /// Takes a quoted string, the quotation mark first; its text without quoting.
    pub fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        self.bump();
        while let Some(octet) = self.bump() {
            match octet {
                b'"' => break,
                b'\\' => text.extend(self.bump()),
                octet => text.push(octet),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_and_strings_are_unquoted() {
        let mut lexer = Lexer::new(br#" (a (b\) c) d) "x \"y\" z" tail"#);
        lexer.run(|b| b == b' ');
        assert_eq!(lexer.comment(), b"a (b) c) d");
        lexer.skip_cfws();
        assert_eq!(lexer.quoted(), br#"x "y" z"#);
        lexer.skip_cfws();
        assert_eq!(lexer.run(|b| b != b' '), b"tail");
        assert_eq!(lexer.peek(), None);
    }

    #[test]
    fn what_is_not_closed_ends_with_the_value() {
        assert_eq!(Lexer::new(b"(a (b").comment(), b"a (b");
        assert_eq!(Lexer::new(b"\"a\\").quoted(), b"a");
        let mut lexer = Lexer::new(b" ((((");
        lexer.skip_cfws();
        assert_eq!(lexer.peek(), None);
    }
}
