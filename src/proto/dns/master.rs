//! Master files (RFC 1035 5): the text of a zone, entry by entry.
//!
//! Comments, quotation marks, escapes, parentheses over several lines, `$ORIGIN`, `$TTL` (RFC
//! 2308 4) and `$INCLUDE` are understood, times with units such as `2h`, and all types that
//! [`RecordData::parse`] reads. Files are not opened here: `$INCLUDE` is an entry for whoever
//! reads them. After an error the next entry is read, so that all errors can be told at once.
//! Left out: classes other than IN, and `$GENERATE` and other inventions of single servers.

use super::{Name, RecordData, Rtype, parse_ttl};

/// A place in the text: the line, from 1, and the octets of the entry's part in that line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// First octet.
    pub start: usize,
    /// Octet behind the last.
    pub end: usize,
}

/// A record as a master file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterRecord {
    /// The owner.
    pub name: Name,
    /// Seconds; none when neither the record nor `$TTL` nor a record before says it.
    pub ttl: Option<u32>,
    /// The data.
    pub data: RecordData,
    /// The data as text that means the same under every origin.
    pub text: String,
}

/// An entry that leads to records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A record.
    Record(MasterRecord),
    /// What another file holds stands here.
    Include {
        /// Its name.
        file: String,
        /// The origin in it, where it differs.
        origin: Option<Name>,
    },
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}: {said}", place.line)]
pub struct MasterError {
    /// Where.
    pub place: Place,
    /// What.
    pub said: String,
}

/// A text being read, entry by entry.
#[derive(Clone, Debug)]
pub struct Master<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    origin: Name,
    /// `$TTL`.
    usual_ttl: Option<u32>,
    /// The last TTL that a record stated.
    last_ttl: Option<u32>,
    owner: Option<Name>,
}

/// The words of one entry, which may take several lines.
#[derive(Debug)]
struct Line {
    /// The entry begins with white space: its owner is that of the record before.
    indented: bool,
    /// With their escapes and quotation marks.
    words: Vec<String>,
}

impl<'a> Master<'a> {
    /// The text of a zone with that origin.
    #[must_use]
    pub fn new(text: &'a [u8], origin: Name) -> Self {
        Self { text, at: start(text), line: 1, origin, usual_ttl: None, last_ttl: None, owner: None }
    }

    /// A text that is included here: it begins with what holds here, and changes nothing here
    /// (RFC 1035 5.1).
    #[must_use]
    pub fn included<'b>(&self, text: &'b [u8], origin: Option<Name>) -> Master<'b> {
        let origin = origin.unwrap_or_else(|| self.origin.clone());
        let (usual_ttl, last_ttl) = (self.usual_ttl, self.last_ttl);
        Master { text, at: start(text), line: 1, origin, usual_ttl, last_ttl, owner: self.owner.clone() }
    }

    /// The words of the next entry, with its place; none at the end of the text.
    fn next_line(&mut self) -> Option<(Place, Result<Line, String>)> {
        while self.at < self.text.len() {
            let (start, line) = (self.at, self.line);
            let entry = self.read_line();
            let end = self.text[start..].iter().position(|b| *b == b'\n').map_or(self.text.len(), |at| start + at);
            if entry.as_ref().is_ok_and(|entry| entry.words.is_empty()) {
                continue;
            }
            return Some((Place { line, start, end }, entry));
        }
        None
    }

    fn read_line(&mut self) -> Result<Line, String> {
        let mut entry = Line { indented: matches!(self.text.get(self.at), Some(b' ' | b'\t')), words: Vec::new() };
        let mut depth = 0_u32;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    if depth == 0 {
                        return Ok(entry);
                    }
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b';' => self.skip_to_line_end(),
                b'(' => {
                    depth += 1;
                    self.at += 1;
                }
                b')' if depth == 0 => return self.give_up("a parenthesis is closed that was not opened"),
                b')' => {
                    depth -= 1;
                    self.at += 1;
                }
                b'"' => match self.quoted() {
                    Some(word) => entry.words.push(word),
                    None => return self.give_up("a quotation mark is not closed in its line"),
                },
                _ => match self.word() {
                    Some(word) => entry.words.push(word),
                    None => return self.give_up("a backslash stands at the end of a line"),
                },
            }
        }
        if depth > 0 { Err("a parenthesis is not closed".to_owned()) } else { Ok(entry) }
    }

    fn skip_to_line_end(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }

    /// The entry is broken; the next one begins on the next line.
    fn give_up(&mut self, why: &str) -> Result<Line, String> {
        self.skip_to_line_end();
        Err(why.to_owned())
    }

    /// A character string in quotation marks, which stay.
    fn quoted(&mut self) -> Option<String> {
        let mut word = String::from("\"");
        self.at += 1;
        loop {
            match *self.text.get(self.at)? {
                b'\n' => return None,
                b'"' => {
                    word.push('"');
                    self.at += 1;
                    return Some(word);
                }
                b'\\' => self.escape(&mut word)?,
                byte => self.plain(&mut word, byte),
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' | b'"' => break,
                b'\\' => self.escape(&mut word)?,
                _ => self.plain(&mut word, byte),
            }
        }
        Some(word)
    }

    /// What is no printable ASCII goes on as an escape, so that words are ASCII.
    fn plain(&mut self, word: &mut String, byte: u8) {
        if (b' '..=b'~').contains(&byte) {
            word.push(char::from(byte));
        } else {
            word.push_str(&format!("\\{byte:03}"));
        }
        self.at += 1;
    }

    fn escape(&mut self, word: &mut String) -> Option<()> {
        let next = *self.text.get(self.at + 1).filter(|next| !matches!(next, b'\n' | b'\r'))?;
        self.at += 1;
        if next == b' ' {
            word.push_str("\\032");
            self.at += 1;
        } else {
            // what `plain` escapes itself needs no second backslash
            if (b'!'..=b'~').contains(&next) {
                word.push('\\');
            }
            self.plain(word, next);
        }
        Some(())
    }

    /// What an entry means; none for `$ORIGIN` and `$TTL`.
    fn entry(&mut self, line: Line) -> Result<Option<Entry>, String> {
        let mut words = line.words.into_iter().peekable();
        if let Some(directive) = words.next_if(|word| !line.indented && word.starts_with('$')) {
            let rest: Vec<String> = words.collect();
            return self.directive(&directive, &rest);
        }
        if !line.indented
            && let Some(word) = words.next()
        {
            self.owner = Some(self.name(&word)?);
        }
        let name = self.owner.clone().ok_or("the first record has no owner to take over")?;
        let mut ttl = None;
        let rtype = loop {
            let word = words.next().ok_or("the type of the record is missing")?;
            if word.starts_with(|c: char| c.is_ascii_digit()) {
                let seconds = parse_ttl(&word).ok_or_else(|| format!("{word} is no time to live"))?;
                if ttl.replace(seconds).is_some() {
                    return Err("the record has two times to live".to_owned());
                }
            } else if let Some(known) = class(&word) {
                if !known {
                    return Err(format!("only records of the class IN are served, not of {word}"));
                }
            } else {
                break Rtype::parse(&word).map_err(|_| format!("there is no record type {word}"))?;
            }
        };
        self.last_ttl = ttl.or(self.last_ttl);
        let written = words.collect::<Vec<_>>().join(" ");
        let data = RecordData::parse(rtype, &written, &self.origin).map_err(|error| error.to_string())?;
        let mut text = data.to_string();
        // octets are hard to read: what was written is better, if it has no relative names
        if matches!(data, RecordData::Opaque { .. })
            && RecordData::parse(rtype, &written, &Name::root()).is_ok_and(|same| same == data)
        {
            text = written;
        }
        let ttl = ttl.or(self.usual_ttl).or(self.last_ttl);
        Ok(Some(Entry::Record(MasterRecord { name, ttl, data, text })))
    }

    fn directive(&mut self, directive: &str, rest: &[String]) -> Result<Option<Entry>, String> {
        let known = ["$ORIGIN", "$TTL", "$INCLUDE"].into_iter().find(|known| known.eq_ignore_ascii_case(directive));
        match (known, rest) {
            (Some("$ORIGIN"), [name]) => self.origin = self.name(name)?,
            (Some("$TTL"), [ttl]) => {
                self.usual_ttl = Some(parse_ttl(ttl).ok_or_else(|| format!("{ttl} is no time to live"))?);
            }
            (Some("$INCLUDE"), [file]) => return Ok(Some(Entry::Include { file: unquoted(file), origin: None })),
            (Some("$INCLUDE"), [file, origin]) => {
                return Ok(Some(Entry::Include { file: unquoted(file), origin: Some(self.name(origin)?) }));
            }
            (Some(known), _) => return Err(format!("{known} has too few or too many words behind it")),
            (None, _) => return Err(format!("{directive} is not known: $ORIGIN, $TTL and $INCLUDE are")),
        }
        Ok(None)
    }

    fn name(&self, word: &str) -> Result<Name, String> {
        if word.starts_with('"') {
            return Err("a name does not stand in quotation marks".to_owned());
        }
        Name::parse_within(word, &self.origin).map_err(|error| format!("{word} is no name: {error}"))
    }
}

/// Behind a byte order mark, which some editors write.
fn start(text: &[u8]) -> usize {
    if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

/// Whether a word is a class, and if so, whether it is the Internet's (RFC 1035 3.2.4, RFC 3597 5).
fn class(word: &str) -> Option<bool> {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if is("IN") || is("CLASS1") {
        return Some(true);
    }
    let numbered = word.len() > 5 && word.is_ascii() && word[..5].eq_ignore_ascii_case("CLASS");
    (numbered || is("CH") || is("HS") || is("CS")).then_some(false)
}

/// A file's name without quotation marks and escapes.
fn unquoted(word: &str) -> String {
    let inner = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word);
    let mut name = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        name.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    name
}

impl Iterator for Master<'_> {
    type Item = Result<(Place, Entry), MasterError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (place, line) = self.next_line()?;
            match line.and_then(|line| self.entry(line)) {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok((place, entry))),
                Err(said) => return Some(Err(MasterError { place, said })),
            }
        }
    }
}
