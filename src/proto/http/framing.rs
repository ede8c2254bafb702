//! Where a message's content ends: by its length, by chunks, or with the connection (RFC 9112 6 and 7).
//!
//! Whatever two recipients could read in two ways is refused: a length beside a transfer coding, more than one
//! length even if they agree, and lengths or chunk sizes with signs, blanks or prefixes. Chunk extensions and
//! trailer fields are checked and thrown away. Left out: transfer codings but chunked.

use super::head::{Fault, HeadReader, elements};
use super::message::Fields;
use crate::proto::line::{InputBuffer, Line};

/// The longest line with a chunk's size and its extensions.
const MAX_CHUNK_LINE: usize = 1024;

/// Where the content ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many octets.
    Length(u64),
    /// With a chunk of none.
    Chunked,
    /// With the connection.
    Close,
}

/// What the framing fields say; none if they say nothing.
pub(super) fn declared(fields: &Fields, modern: bool) -> Result<Option<Framing>, Fault> {
    let mut lengths = fields.all("Content-Length");
    let coded = fields.first("Transfer-Encoding").is_some();
    let Some(length) = lengths.next() else {
        if !coded {
            return Ok(None);
        }
        // RFC 9112 6.1: in a message of HTTP/1.0, the framing is faulty.
        if !modern {
            return Err(Fault::Malformed);
        }
        let codings: Vec<&str> = elements(fields, "Transfer-Encoding").collect();
        return match codings.as_slice() {
            [only] if only.eq_ignore_ascii_case("chunked") => Ok(Some(Framing::Chunked)),
            // RFC 9112 6.3, rule 4: chunked is not the last, so the end cannot be told.
            [.., last] if !last.eq_ignore_ascii_case("chunked") => Err(Fault::Malformed),
            [rest @ .., _] if rest.iter().any(|coding| coding.eq_ignore_ascii_case("chunked")) => Err(Fault::Malformed),
            [] => Err(Fault::Malformed),
            [..] => Err(Fault::Coding),
        };
    };
    // RFC 9112 6.1: both "ought to be handled as an error"; RFC 9110 8.6: so may a list of lengths.
    if coded || lengths.next().is_some() || length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Malformed);
    }
    length.parse().map(|length| Some(Framing::Length(length))).map_err(|_| Fault::LargeContent)
}

#[derive(Clone, Debug)]
enum Step {
    Octets { left: u64 },
    Size,
    Chunk { left: u64 },
    ChunkEnd,
    Trailer(HeadReader),
    Rest,
    Done,
}

/// Content that is coming.
#[derive(Clone, Debug)]
pub(super) struct Content {
    step: Step,
    limit: usize,
    octets: Vec<u8>,
}

impl Content {
    /// Content of which nothing came yet, of at most `limit` octets.
    pub(super) fn new(framing: Framing, limit: usize) -> Result<Self, Fault> {
        let step = match framing {
            Framing::Length(length) if length > limit as u64 => return Err(Fault::LargeContent),
            Framing::Length(left) => Step::Octets { left },
            Framing::Chunked => Step::Size,
            Framing::Close => Step::Rest,
        };
        Ok(Self { step, limit, octets: Vec::new() })
    }

    /// Whether it ends with the connection.
    pub(super) const fn is_until_close(&self) -> bool {
        matches!(self.step, Step::Rest)
    }

    /// Octets that came, with those of a trailer.
    pub(super) fn held(&self) -> usize {
        let trailer = match &self.step {
            Step::Trailer(reader) => reader.held(),
            Step::Octets { .. } | Step::Size | Step::Chunk { .. } | Step::ChunkEnd | Step::Rest | Step::Done => 0,
        };
        self.octets.len() + trailer
    }

    /// What came.
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// Reads on; whether it is whole now.
    pub(super) fn take(&mut self, input: &mut InputBuffer) -> Result<bool, Fault> {
        loop {
            match &mut self.step {
                Step::Done => return Ok(true),
                Step::Octets { left: 0 } => self.step = Step::Done,
                Step::Chunk { left: 0 } => self.step = Step::ChunkEnd,
                Step::Octets { left } | Step::Chunk { left } => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.rest().len());
                    if count == 0 {
                        return Ok(false);
                    }
                    self.octets.extend_from_slice(&input.rest()[..count]);
                    input.consume(count);
                    *left -= count as u64;
                }
                Step::Rest => {
                    if self.octets.len() + input.rest().len() > self.limit {
                        return Err(Fault::LargeContent);
                    }
                    self.octets.extend_from_slice(input.rest());
                    input.clear();
                    return Ok(false);
                }
                Step::Size => {
                    let Some(line) = chunk_line(input)? else { return Ok(false) };
                    let left = chunk_size(&line)?;
                    let room = self.limit.saturating_sub(self.octets.len());
                    if left > room as u64 {
                        return Err(Fault::LargeContent);
                    }
                    self.step = if left == 0 { Step::Trailer(HeadReader::trailer()) } else { Step::Chunk { left } };
                }
                Step::ChunkEnd => match input.rest() {
                    [b'\r', b'\n', ..] => {
                        input.consume(2);
                        self.step = Step::Size;
                    }
                    [] | [b'\r'] => return Ok(false),
                    [..] => return Err(Fault::Malformed),
                },
                Step::Trailer(reader) => {
                    if reader.take(input)?.is_none() {
                        return Ok(false);
                    }
                    self.step = Step::Done;
                }
            }
        }
    }
}

fn chunk_line(input: &mut InputBuffer) -> Result<Option<Vec<u8>>, Fault> {
    match input.line(MAX_CHUNK_LINE) {
        Some(Line::Whole(line)) => Ok(Some(line)),
        Some(Line::TooLong) => Err(Fault::Malformed),
        None if input.is_skipping() || memchr::memchr(b'\n', input.rest()).is_some() => Err(Fault::Malformed),
        None => Ok(None),
    }
}

/// `chunk-size [ chunk-ext ]` (RFC 9112 7.1).
fn chunk_size(line: &[u8]) -> Result<u64, Fault> {
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (size, extension) = line.split_at(digits);
    let extension_at = extension.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(extension.len());
    let fine = extension.is_empty() || extension[extension_at..].starts_with(b";");
    if !fine || extension.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
        return Err(Fault::Malformed);
    }
    // RFC 9112 7.1: recipients "MUST anticipate potentially large hexadecimal numerals".
    let size = str::from_utf8(size).map_err(|_| Fault::Malformed)?;
    match size.len() {
        0 => Err(Fault::Malformed),
        1..=16 => u64::from_str_radix(size, 16).map_err(|_| Fault::Malformed),
        _ => Err(Fault::LargeContent),
    }
}

/// The content in chunks of at most that size (RFC 9112 7.1).
pub(super) fn chunked(content: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 32);
    for chunk in content.chunks(size.max(1)) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}
