//! Responses of a server, taken out of its octets one by one (RFC 3501 7 and 9).
//!
//! A strict reader of what the client needs: numbers, status responses and the data of FETCH, whose strings
//! may be literals. What else a server says is taken for what it is and passed over. Left out: literal8.

/// The largest response that is taken, and the text in it that is no literal.
const MAX_RESPONSE: usize = 65 << 20;
const MAX_TEXT: usize = 1 << 20;
/// How deep lists may stand in lists: body structures are as deep as messages are.
const MAX_DEPTH: usize = 250;
/// Digits of the largest number there is.
const MAX_DIGITS: usize = 20;

/// A value in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `NIL`.
    Nil,
    /// Numbers, flags, names of items.
    Atom(Vec<u8>),
    /// A string.
    Text(Vec<u8>),
    /// A list.
    List(Vec<Value>),
}

impl Value {
    /// The octets of a string or an atom.
    pub(super) fn octets(&self) -> Option<&[u8]> {
        match self {
            Self::Atom(octets) | Self::Text(octets) => Some(octets),
            Self::Nil | Self::List(_) => None,
        }
    }

    /// The number that an atom is.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Atom(octets) => number(octets),
            Self::Nil | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The values of a list; none of anything else.
    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(values) => values,
            Self::Nil | Self::Atom(_) | Self::Text(_) => &[],
        }
    }
}

/// What a status response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It is done.
    Ok,
    /// It is not.
    No,
    /// The server did not understand.
    Bad,
    /// The server ends the session.
    Bye,
    /// The user is let in already.
    PreAuth,
}

/// A status response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// What it says.
    pub(super) status: Status,
    /// The response code in capitals; empty if there is none.
    pub(super) code: String,
    /// The text for people.
    pub(super) text: String,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// The client may go on with its command.
    Continue,
    /// A command is complete.
    Tagged(String, Condition),
    /// How things stand.
    Untagged(Condition),
    /// What the server offers, in capitals.
    Capability(Vec<String>),
    /// So many messages are in the folder.
    Exists(u64),
    /// The message of that number is gone.
    Expunge(u64),
    /// Items of a message and their values; names are in capitals.
    Fetch(Vec<(String, Value)>),
    /// What a search found.
    Search(Vec<u64>),
    /// Anything else.
    Other,
}

/// The octets that came, cut into responses.
#[derive(Clone, Debug, Default)]
pub(super) struct Framer {
    bytes: Vec<u8>,
    /// Where the present response begins.
    start: usize,
    /// Where the search for the end of a line goes on, perhaps beyond what came: behind a literal.
    scan: usize,
    /// Octets of the literals of the response.
    literals: usize,
    /// Where the present stretch of text begins.
    text: usize,
}

/// A server said more than is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Framer {
    /// Adds what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.scan -= self.start;
            self.text -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// What no response was made of yet.
    #[cfg(test)]
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Takes the response that ends there. What follows stays where it is, or many short ones would cost the square
    /// of their number.
    fn take(&mut self, end: usize) -> Vec<u8> {
        let next = end + 2;
        let whole = if next < self.bytes.len() {
            self.bytes[std::mem::replace(&mut self.start, next)..end].to_vec()
        } else {
            let mut whole = std::mem::take(&mut self.bytes);
            whole.truncate(end);
            whole.drain(..std::mem::take(&mut self.start));
            whole
        };
        (self.scan, self.literals, self.text) = (self.start, 0, self.start);
        whole
    }

    /// The next response without its line end, its literals included.
    ///
    /// # Errors
    /// It is longer than is taken.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        loop {
            let found = self.bytes.get(self.scan..).and_then(|rest| memchr::memmem::find(rest, b"\r\n"));
            let Some(end) = found.map(|at| self.scan + at) else {
                // The last octet may be the CR of a line end.
                self.scan = self.scan.max(self.bytes.len().saturating_sub(1));
                let text = (self.bytes.len() - self.start).saturating_sub(self.literals);
                return if text > MAX_TEXT { Err(TooLong) } else { Ok(None) };
            };
            let line = &self.bytes[self.text..end];
            let literal = announced(line).filter(|_| !is_text(&self.bytes[self.start..end]));
            let Some(octets) = literal else { return Ok(Some(self.take(end))) };
            let octets = usize::try_from(octets).unwrap_or(usize::MAX);
            self.literals = self.literals.saturating_add(octets);
            if self.literals > MAX_RESPONSE || end - self.start > self.literals.saturating_add(MAX_TEXT) {
                return Err(TooLong);
            }
            self.text = end + 2 + octets;
            self.scan = self.text;
        }
    }
}

/// The size of the literal that a line announces at its end.
fn announced(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.len() - inside.iter().rev().take(MAX_DIGITS + 1).position(|b| *b == b'{')? - 1;
    number(&inside[open + 1..])
}

/// Whether the response ends with text for people, in which nothing is a literal.
fn is_text(response: &[u8]) -> bool {
    const LONGEST: usize = b"PREAUTH ".len();
    match response.strip_prefix(b"* ") {
        Some(rest) => status(word(&rest[..rest.len().min(LONGEST)]).0).is_some(),
        None => true,
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let fits = !digits.is_empty() && digits.len() <= MAX_DIGITS && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits).ok().filter(|_| fits)?.parse().ok()
}

/// The octets up to a space, and those behind it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, b""),
    }
}

fn status(word: &[u8]) -> Option<Status> {
    let all = [
        ("OK", Status::Ok),
        ("NO", Status::No),
        ("BAD", Status::Bad),
        ("BYE", Status::Bye),
        ("PREAUTH", Status::PreAuth),
    ];
    all.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, status)| status)
}

/// Reads a response; none if it is none.
pub(super) fn read(response: &[u8]) -> Option<Response> {
    if response == b"+" || response.starts_with(b"+ ") {
        return Some(Response::Continue);
    }
    let (tag, rest) = word(response);
    if tag != b"*" {
        let tag = str::from_utf8(tag).ok().filter(|tag| tag.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let condition = condition(rest)?;
        let ends = matches!(condition.status, Status::Ok | Status::No | Status::Bad);
        return ends.then(|| Response::Tagged(tag.to_owned(), condition));
    }
    if let Some(condition) = condition(rest) {
        return Some(Response::Untagged(condition));
    }
    let (first, rest) = word(rest);
    if let Some(number) = number(first) {
        let (kind, rest) = word(rest);
        return match kind.to_ascii_uppercase().as_slice() {
            b"EXISTS" => Some(Response::Exists(number)),
            b"EXPUNGE" => Some(Response::Expunge(number)),
            b"FETCH" => fetch(rest).map(Response::Fetch),
            _ => Some(Response::Other),
        };
    }
    let words = || rest.split(|b| *b == b' ').filter(|word| !word.is_empty());
    match first.to_ascii_uppercase().as_slice() {
        b"CAPABILITY" => Some(Response::Capability(words().map(capitals).collect())),
        b"SEARCH" => words().map(number).collect::<Option<_>>().map(Response::Search),
        b"" => None,
        _ => Some(Response::Other),
    }
}

fn capitals(word: &[u8]) -> String {
    String::from_utf8_lossy(word).to_ascii_uppercase()
}

fn condition(text: &[u8]) -> Option<Condition> {
    let (first, mut rest) = word(text);
    let status = status(first)?;
    let mut code = String::new();
    if let Some(inside) = rest.strip_prefix(b"[") {
        let end = memchr::memchr(b']', inside)?;
        code = capitals(&inside[..end]);
        rest = inside[end + 1..].trim_ascii_start();
    }
    let text = String::from_utf8_lossy(rest).chars().filter(|c| !c.is_control()).collect();
    Some(Condition { status, code, text })
}

fn fetch(text: &[u8]) -> Option<Vec<(String, Value)>> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    if !reader.rest.is_empty() {
        return None;
    }
    let Value::List(values) = value else { return None };
    let mut items = Vec::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let Some(name) = values.next() {
        let Value::Atom(name) = name else { return None };
        items.push((capitals(&name), values.next()?));
    }
    Some(items)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        let taken = self.rest.get(..count)?.to_vec();
        self.rest = &self.rest[count..];
        Some(taken)
    }

    fn skip(&mut self, octets: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(octets);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.rest.first()? {
            b'(' if depth < MAX_DEPTH => self.list(depth),
            b'"' => self.quoted(),
            b'{' => {
                let line = memchr::memmem::find(self.rest, b"\r\n")?;
                let octets = announced(&self.rest[..line])?;
                self.rest = &self.rest[line + 2..];
                self.take(usize::try_from(octets).ok()?).map(Value::Text)
            }
            _ => self.atom(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.rest = &self.rest[1..];
        let mut values = Vec::new();
        loop {
            while self.skip(b" ") {}
            if self.skip(b")") {
                return Some(Value::List(values));
            }
            values.push(self.value(depth + 1)?);
        }
    }

    fn quoted(&mut self) -> Option<Value> {
        let mut text = Vec::new();
        let mut at = 1;
        loop {
            match *self.rest.get(at)? {
                b'"' => break,
                b'\\' => {
                    at += 1;
                    text.push(*self.rest.get(at)?);
                }
                b'\r' | b'\n' => return None,
                octet => text.push(octet),
            }
            at += 1;
        }
        self.rest = &self.rest[at + 1..];
        Some(Value::Text(text))
    }

    /// A word; what stands in brackets belongs to it, such as `BODY[HEADER.FIELDS (FROM)]<0>`.
    fn atom(&mut self) -> Option<Value> {
        let mut end = 0;
        while let Some(octet) = self.rest.get(end) {
            match octet {
                b'[' => end += memchr::memchr(b']', &self.rest[end..])?,
                b' ' | b'(' | b')' | b'"' | b'{' | 0..=0x1f | 0x7f.. => break,
                _ => {}
            }
            end += 1;
        }
        let atom = self.take(end).filter(|atom| !atom.is_empty())?;
        Some(if atom.eq_ignore_ascii_case(b"NIL") { Value::Nil } else { Value::Atom(atom) })
    }
}
