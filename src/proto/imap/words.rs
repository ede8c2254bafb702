//! A lexer for the commands that the library does not know: atoms, quoted strings, literals
//! and lists of them (RFC 3501 section 9).

/// What of a command was not read yet.
pub(super) struct Words<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Words<'a> {
    /// The arguments of a command of that name; `None` if it is another command.
    pub(super) fn of(command: &'a [u8], name: &[u8]) -> Option<Self> {
        let start = command.iter().position(|b| *b == b' ')? + 1;
        let (word, rest) = command[start..].split_at_checked(name.len())?;
        let rest = rest.strip_prefix(b" ").filter(|_| word.eq_ignore_ascii_case(name))?;
        Some(Self { rest })
    }

    /// Whether everything was read but the end of the command.
    pub(super) fn is_done(&self) -> bool {
        self.rest == b"\r\n"
    }

    /// Takes these octets, if they come next.
    pub(super) fn eat(&mut self, octets: &[u8]) -> bool {
        let found = self.rest.strip_prefix(octets);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// The words up to the closing parenthesis.
    pub(super) fn list(&mut self) -> Option<Vec<Vec<u8>>> {
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
    pub(super) fn word(&mut self) -> Option<Vec<u8>> {
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
        if self.rest.starts_with(b"{") {
            return self.literal().filter(|word| !word.contains(&0)).map(<[u8]>::to_vec);
        }
        let plain = |b: &u8| matches!(b, b'!'..=b'~') && !b"(){\"\\".contains(b);
        let length = self.rest.iter().take_while(|b| plain(b)).count();
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then(|| word.to_vec())
    }

    /// The octets of a literal, or of a literal8 (RFC 3516).
    pub(super) fn literal(&mut self) -> Option<&'a [u8]> {
        self.eat(b"~");
        self.eat(b"{").then_some(())?;
        let end = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(end);
        let octets: usize = str::from_utf8(digits).ok()?.parse().ok()?;
        self.rest = rest.strip_prefix(b"+").unwrap_or(rest).strip_prefix(b"}\r\n")?;
        let (literal, rest) = self.rest.split_at_checked(octets)?;
        self.rest = rest;
        Some(literal)
    }
}

/// The parts of a command by which its words can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Octets outside of any string.
    Plain(&'a [u8]),
    /// A quoted string with its quotes.
    Quoted(&'a [u8]),
    /// A literal with its length.
    Literal(&'a [u8]),
}

impl<'a> Piece<'a> {
    /// Its octets.
    pub(super) const fn octets(self) -> &'a [u8] {
        match self {
            Self::Plain(octets) | Self::Quoted(octets) | Self::Literal(octets) => octets,
        }
    }
}

/// Takes a command apart; nothing of it is lost.
pub(super) fn pieces(command: &[u8]) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = command;
    while !rest.is_empty() {
        let plain = rest.iter().position(|b| matches!(b, b'"' | b'{')).unwrap_or(rest.len());
        let length = if plain > 0 { plain } else { string(rest) };
        let (piece, more) = rest.split_at(length);
        out.push(match (plain, rest[0]) {
            (0, b'"') => Piece::Quoted(piece),
            (0, _) if length > 1 => Piece::Literal(piece),
            (_, _) => Piece::Plain(piece),
        });
        rest = more;
    }
    out
}

/// The command with one space where there were several, and none inside of parentheses next to
/// them; `None` if it has no such place.
pub(super) fn single_spaced(command: &[u8]) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(command.len());
    for piece in pieces(command) {
        match piece {
            Piece::Plain(octets) => {
                for octet in octets {
                    match (octet, out.last()) {
                        (b' ', Some(b' ' | b'(')) => continue,
                        (b')', Some(b' ')) => _ = out.pop(),
                        (_, _) => {}
                    }
                    out.push(*octet);
                }
            }
            Piece::Quoted(octets) | Piece::Literal(octets) => out.extend_from_slice(octets),
        }
    }
    (out.len() < command.len()).then_some(out)
}

/// The command with literals for quoted strings that are not ASCII, which the library does not
/// read (RFC 9051 section 9 allows them); `None` if it has none.
pub(super) fn without_utf8_in_quotes(command: &[u8]) -> Option<Vec<u8>> {
    if command.is_ascii() {
        return None;
    }
    let mut out = Vec::with_capacity(command.len() + 8);
    for piece in pieces(command) {
        match piece {
            Piece::Quoted(octets) if !octets.is_ascii() && str::from_utf8(octets).is_ok() => {
                let inside = &octets[1..octets.len() - usize::from(octets.len() > 1 && octets.ends_with(b"\""))];
                let mut text = Vec::new();
                let mut rest = inside.iter();
                while let Some(octet) = rest.next() {
                    text.push(if *octet == b'\\' { *rest.next()? } else { *octet });
                }
                out.extend_from_slice(format!("{{{}+}}\r\n", text.len()).as_bytes());
                out.extend_from_slice(&text);
            }
            Piece::Plain(octets) | Piece::Quoted(octets) | Piece::Literal(octets) => out.extend_from_slice(octets),
        }
    }
    Some(out)
}

/// How long the string is that begins here; 1 if it is none.
fn string(octets: &[u8]) -> usize {
    if octets[0] == b'"' {
        let mut escaped = false;
        let end = octets.iter().skip(1).position(|b| {
            let ends = !escaped && *b == b'"';
            escaped = !escaped && *b == b'\\';
            ends
        });
        return end.map_or(octets.len(), |end| end + 2);
    }
    let mut words = Words { rest: octets };
    match words.literal() {
        Some(_) => octets.len() - words.rest.len(),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a string's octets were taken for words, or any octet were lost.
    #[test]
    fn strings_stand_apart() {
        let command = b"a X \"b \\\" c\" {3+}\r\n\"\" d {x \"open";
        let found = pieces(command);
        let wanted = [
            Piece::Plain(b"a X "),
            Piece::Quoted(b"\"b \\\" c\""),
            Piece::Plain(b" "),
            Piece::Literal(b"{3+}\r\n\"\" "),
            Piece::Plain(b"d "),
            Piece::Plain(b"{"),
            Piece::Plain(b"x "),
            Piece::Quoted(b"\"open"),
        ];
        assert_eq!(found, wanted);
        for length in 0..=command.len() {
            let whole: Vec<u8> =
                pieces(&command[..length]).into_iter().flat_map(|piece| piece.octets().to_vec()).collect();
            assert_eq!(whole, command[..length]);
        }
    }

    #[test]
    fn commands_are_rewritten() {
        let spaced = |text: &str| single_spaced(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(spaced("a  STORE 1   FLAGS \"b  c\"").as_deref(), Some("a STORE 1 FLAGS \"b  c\""));
        assert_eq!(spaced("a SEARCH OR ( SEEN  X ) ALL").as_deref(), Some("a SEARCH OR (SEEN X) ALL"));
        assert_eq!(spaced("a NOOP {3}\r\na  "), None);
        let ascii = |text: &str| without_utf8_in_quotes(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(
            ascii("a LIST \"\" \"Entw\u{fc}rfe \\\"\"").as_deref(),
            Some("a LIST \"\" {11+}\r\nEntw\u{fc}rfe \"")
        );
        assert_eq!(ascii("a NOOP"), None);
    }

    #[test]
    fn literals_and_lists() {
        let mut words = Words::of(b"t foo (a \"b\") ~{2}\r\n\0) x\r\n", b"FOO").unwrap();
        assert!(words.eat(b"("));
        assert_eq!(words.list().unwrap(), [b"a".to_vec(), b"b".to_vec()]);
        assert!(words.eat(b" "));
        assert_eq!(words.literal(), Some(&b"\0)"[..]));
        assert!(words.eat(b" ") && !words.is_done());
        assert_eq!(words.word().as_deref(), Some(&b"x"[..]));
        assert!(words.is_done());
        assert!(Words::of(b"t fool x\r\n", b"FOO").is_none());
    }
}
