//! The head of a message: its start line and its field lines, read as they come and written.
//!
//! A line ends with CRLF alone. RFC 9112 2.2 lets a recipient take a bare LF; two recipients that see
//! different lines in the same octets are what request smuggling lives on, so it is refused here, as are a bare
//! CR, NUL, folded lines and blanks before the colon. Left out: trailer fields, which are checked and thrown away.

use super::message::Fields;
use crate::proto::line::{InputBuffer, Line};

/// The longest request or status line. RFC 9112 3 wants 8000 octets "at minimum".
const MAX_START_LINE: usize = 8192;
/// The longest field line.
const MAX_FIELD_LINE: usize = 16_384;
/// All field lines together.
const MAX_FIELDS_SIZE: usize = 32_768;
/// How many field lines.
const MAX_FIELDS: usize = 100;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no HTTP, or its framing can be read in more than one way.
    Malformed,
    /// The request line is too long.
    LongTarget,
    /// The field lines are too long or too many.
    LargeFields,
    /// The content is too large.
    LargeContent,
    /// It is in a transfer coding that nobody here knows.
    Coding,
    /// It is of another major version.
    Version,
    /// It expects something else than 100-continue.
    Expectation,
    /// It did not come in time.
    Late,
}

impl Fault {
    /// The status that a server answers (RFC 9110 15.5, 15.6; RFC 6585 5).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Late => 408,
            Self::LargeContent => 413,
            Self::LongTarget => 414,
            Self::Expectation => 417,
            Self::LargeFields => 431,
            Self::Coding => 501,
            Self::Version => 505,
        }
    }
}

/// A head that came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The start line, without its CRLF.
    pub(super) start: Vec<u8>,
    /// The fields.
    pub(super) fields: Fields,
}

/// A head of which some lines came.
#[derive(Clone, Debug, Default)]
pub(super) struct HeadReader {
    start: Option<Vec<u8>>,
    lines: Vec<u8>,
    /// Whether an empty line came before the start line.
    blank: bool,
}

impl HeadReader {
    /// A reader of the field lines of a trailer section.
    pub(super) fn trailer() -> Self {
        Self { start: Some(Vec::new()), ..Self::default() }
    }

    /// Whether anything of a message came: an empty line before it is none.
    pub(super) const fn has_begun(&self) -> bool {
        self.start.is_some()
    }

    /// Octets of the lines that came.
    pub(super) fn held(&self) -> usize {
        self.start.as_ref().map_or(0, Vec::len) + self.lines.len()
    }

    /// Reads on; none if the head is not whole yet.
    pub(super) fn take(&mut self, input: &mut InputBuffer) -> Result<Option<Head>, Fault> {
        loop {
            let (limit, fault) = match self.start {
                None => (MAX_START_LINE, Fault::LongTarget),
                Some(_) => (MAX_FIELD_LINE, Fault::LargeFields),
            };
            // What is wrong within the limit counts before the length, so that pieces make no difference.
            let seen = &input.rest()[..input.rest().len().min(limit)];
            if let Some(at) = memchr::memchr2(b'\n', 0, seen)
                && !seen[..=at].ends_with(b"\r\n")
            {
                return Err(Fault::Malformed);
            }
            let line = match input.line(limit) {
                Some(Line::TooLong) => return Err(fault),
                None if input.is_skipping() => return Err(fault),
                None => return Ok(None),
                Some(Line::Whole(line)) => line,
            };
            if memchr::memchr3(b'\r', b'\n', 0, &line).is_some() {
                return Err(Fault::Malformed);
            }
            match &self.start {
                // RFC 9112 2.2: "a server that is expecting to receive and parse a request-line SHOULD
                // ignore at least one empty line (CRLF) received prior to the request-line."
                None if line.is_empty() && !self.blank => self.blank = true,
                None => self.start = Some(line),
                Some(_) => {
                    self.lines.extend_from_slice(&line);
                    self.lines.extend_from_slice(b"\r\n");
                    if self.lines.len() > MAX_FIELDS_SIZE {
                        return Err(Fault::LargeFields);
                    }
                    if line.is_empty() {
                        let fields = read_fields(&std::mem::take(&mut self.lines))?;
                        self.blank = false;
                        return Ok(self.start.take().map(|start| Head { start, fields }));
                    }
                }
            }
        }
    }
}

/// Reads field lines, up to and with the empty line.
fn read_fields(lines: &[u8]) -> Result<Fields, Fault> {
    let mut room = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(lines, &mut room) {
        Ok(httparse::Status::Complete((length, fields))) if length == lines.len() => Ok(Fields(
            fields
                .iter()
                .map(|field| (field.name.to_owned(), field.value.iter().copied().map(char::from).collect()))
                .collect(),
        )),
        Ok(_) => Err(Fault::Malformed),
        Err(httparse::Error::TooManyHeaders) => Err(Fault::LargeFields),
        // RFC 9112 5.1 and 5.2: blanks before the colon and folded lines end here too.
        Err(_) => Err(Fault::Malformed),
    }
}

/// Whether this is a token (RFC 9110 5.6.2).
pub(super) fn is_token(word: &[u8]) -> bool {
    let good = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !word.is_empty() && word.iter().all(good)
}

/// The elements of a field that holds a list, without blanks and empty ones (RFC 9110 5.6.1).
pub(super) fn elements<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a str> {
    fields
        .all(name)
        .flat_map(|value| value.split(','))
        .map(|word| word.trim_matches([' ', '\t']))
        .filter(|w| !w.is_empty())
}

/// Writes a head. Fields that the session decides on are left out, as is one with a name that is no token; controls
/// in a value become blanks, so no value can begin a line (RFC 9110 5.5).
pub(super) fn write_head(start: &str, fields: &Fields, own: &[(&str, String)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_text(&mut out, start);
    out.extend_from_slice(b"\r\n");
    let given = fields.0.iter().filter(|(name, _)| is_token(name.as_bytes()) && !is_of_session(name));
    let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in given.chain(own.iter().map(|(name, value)| (*name, value.as_str()))) {
        write_text(&mut out, name);
        out.extend_from_slice(b": ");
        write_text(&mut out, value.trim_matches([' ', '\t']));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn is_of_session(name: &str) -> bool {
    ["content-length", "transfer-encoding", "connection", "trailer"].contains(&name.to_ascii_lowercase().as_str())
}

/// Characters up to U+00FF are octets; others cannot be said in a head.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend(text.chars().map(|c| match c {
        '\t' => b'\t',
        c if c.is_ascii_control() => b' ',
        c => u8::try_from(c).unwrap_or(b'?'),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a value could begin a line of its own, or take the framing into its hands.
    #[test]
    fn values_stay_on_their_lines() {
        let fields = Fields::default()
            .with("X-Subject", "hello\r\nSet-Cookie: evil=1")
            .with("bad name", "x")
            .with("Transfer-Encoding", "chunked")
            .with("X-Name", "J\u{fc}rgen \u{2603}");
        let head = write_head("HTTP/1.1 200 OK", &fields, &[("Content-Length", "0".into())]);
        let expected = b"HTTP/1.1 200 OK\r\nX-Subject: hello  Set-Cookie: evil=1\r\nX-Name: J\xfcrgen ?\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&head), String::from_utf8_lossy(expected));
    }
}
