//! The grammar of LIST with options (RFC 5258 section 6), which the library does not know.
//!
//! ```text
//!  LIST [(SUBSCRIBED REMOTE RECURSIVEMATCH)] reference pattern|(patterns) [RETURN (SUBSCRIBED CHILDREN)]
//! ```

use super::listing::ListOptions;

/// A LIST with options or several patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListCommand {
    pub(super) reference: Vec<u8>,
    pub(super) patterns: Vec<Vec<u8>>,
    pub(super) options: ListOptions,
}

/// Reads a command, its tag and its literals included; `None` if it is no LIST, or not well
/// formed.
pub(super) fn read(command: &[u8]) -> Option<ListCommand> {
    let start = command.iter().position(|b| *b == b' ')? + 1;
    let rest = &command[start..];
    rest.get(..5).filter(|word| word.eq_ignore_ascii_case(b"LIST "))?;
    let mut words = Words { rest: &rest[5..] };
    let mut options = ListOptions::default();
    if words.eat(b"(") {
        for word in words.list()? {
            match word.to_ascii_uppercase().as_slice() {
                b"SUBSCRIBED" => options.subscribed = true,
                b"RECURSIVEMATCH" => options.recursive = true,
                // There are none.
                b"REMOTE" => {}
                _ => return None,
            }
        }
        // RFC 5258 3.1: RECURSIVEMATCH is of use with an option that selects; REMOTE does not.
        if options.recursive && !options.subscribed {
            return None;
        }
        words.eat(b" ").then_some(())?;
    }
    let reference = words.word()?;
    words.eat(b" ").then_some(())?;
    let patterns = if words.eat(b"(") { words.list().filter(|list| !list.is_empty())? } else { vec![words.word()?] };
    if words.eat(b" ") {
        words.word().filter(|word| word.eq_ignore_ascii_case(b"RETURN"))?;
        words.eat(b" (").then_some(())?;
        for word in words.list()? {
            match word.to_ascii_uppercase().as_slice() {
                b"SUBSCRIBED" => options.tell_subscribed = true,
                b"CHILDREN" => options.tell_children = true,
                _ => return None,
            }
        }
    }
    (words.rest == b"\r\n").then_some(ListCommand { reference, patterns, options })
}

struct Words<'a> {
    rest: &'a [u8],
}

impl Words<'_> {
    fn eat(&mut self, octets: &[u8]) -> bool {
        let found = self.rest.strip_prefix(octets);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// The words up to the closing parenthesis.
    fn list(&mut self) -> Option<Vec<Vec<u8>>> {
        let mut out = Vec::new();
        while !self.eat(b")") {
            if !out.is_empty() && !self.eat(b" ") {
                return None;
            }
            out.push(self.word()?);
        }
        Some(out)
    }

    /// An atom with wildcards, a quoted string or a literal.
    fn word(&mut self) -> Option<Vec<u8>> {
        if self.eat(b"\"") {
            let mut out = Vec::new();
            loop {
                let (octet, rest) = self.rest.split_first()?;
                self.rest = rest;
                match octet {
                    b'"' => return Some(out),
                    b'\\' => {
                        let (escaped, rest) = self.rest.split_first().filter(|(b, _)| matches!(b, b'"' | b'\\'))?;
                        self.rest = rest;
                        out.push(*escaped);
                    }
                    b'\r' | b'\n' | 0 | 0x80.. => return None,
                    octet => out.push(*octet),
                }
            }
        }
        if self.eat(b"{") {
            let end = self.rest.iter().position(|b| *b == b'}')?;
            let digits = self.rest[..end].strip_suffix(b"+").unwrap_or(&self.rest[..end]);
            let octets: usize = str::from_utf8(digits).ok()?.parse().ok()?;
            self.rest = self.rest[end + 1..].strip_prefix(b"\r\n")?;
            let word = self.rest.get(..octets).filter(|word| !word.contains(&0))?.to_vec();
            self.rest = &self.rest[octets..];
            return Some(word);
        }
        let plain = |b: &u8| matches!(b, b'!'..=b'~') && !b"(){\"\\".contains(b);
        let length = self.rest.iter().take_while(|b| plain(b)).count();
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then(|| word.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let patterns = |text: &str| {
            let found = read(format!("a {text}\r\n").as_bytes())?;
            Some(found.patterns.into_iter().map(|word| String::from_utf8(word).unwrap()).collect::<Vec<_>>().join(" "))
        };
        for (text, wanted) in [
            ("LIST () \"\" %", Some("%")),
            ("list (subscribed Recursivematch) x (a \"b \\\" c\" {2+}\r\n*)) RETURN ()", Some("a b \" c *)")),
            ("LIST \"\" a RETURN (CHILDREN SUBSCRIBED)", Some("a")),
            ("LIST (REMOTE) \"\" \"\"", Some("")),
            ("LIST (RECURSIVEMATCH) \"\" a", None),
            ("LIST (RECURSIVEMATCH REMOTE) \"\" a", None),
            ("LIST (FOO) \"\" a", None),
            ("LIST \"\" ()", None),
            ("LIST \"\" a RETURN (FOO)", None),
            ("LIST \"\" a RETURN (CHILDREN", None),
            ("LIST \"\" a RETURN", None),
            ("LIST \"\" a b", None),
            ("LIST \"\" \"a", None),
            ("LIST \"\" {9+}\r\na", None),
            ("LIST \"\" {99999999999999999999+}\r\na", None),
            ("LIST ", None),
            ("LSUB () \"\" %", None),
        ] {
            assert_eq!(patterns(text).as_deref(), wanted, "{text}");
        }
        let options = read(b"a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" % RETURN (CHILDREN)\r\n").unwrap().options;
        let wanted = ListOptions { subscribed: true, recursive: true, tell_children: true, tell_subscribed: false };
        assert_eq!(options, wanted);
    }
}
