//! Where a content of HTTP ends, for transcripts: lines go in, and out comes how many octets behind each are no lines.
//!
//! Read as far as it is well formed (RFC 9112 6); what is not is taken for lines.

use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Head,
    /// The size of a chunk comes.
    Size,
    Trailer,
    /// A content that ends with the connection.
    Rest,
}

/// What one end of a connection says.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    state: State,
    of_server: bool,
    length: Option<usize>,
    chunked: bool,
    /// Whether the response under way has no content whatever its fields say.
    bare: bool,
    /// Whether the requests that were not answered yet were HEAD.
    pub(super) heads: VecDeque<bool>,
}

impl Messages {
    pub(super) const fn new(of_server: bool) -> Self {
        let heads = VecDeque::new();
        Self { state: State::Start, of_server, length: None, chunked: false, bare: false, heads }
    }

    /// Takes a line without its end; gives how many octets of content follow.
    pub(super) fn line(&mut self, line: &[u8]) -> usize {
        match self.state {
            State::Start => self.start(line),
            State::Head if line.is_empty() => return self.end_of_head(),
            State::Head => self.field(line),
            State::Size => {
                let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
                let size =
                    std::str::from_utf8(digits).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
                if let Some(size) = size.filter(|size| *size > 0) {
                    // with the line end behind it
                    return size.saturating_add(2);
                }
                self.state = State::Trailer;
            }
            State::Trailer if line.is_empty() => self.state = State::Start,
            State::Trailer | State::Rest => {}
        }
        0
    }

    fn start(&mut self, line: &[u8]) {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(first), Some(second)) = (words.next(), words.next()) else { return };
        if self.of_server != first.starts_with(b"HTTP/") {
            return;
        }
        (self.length, self.chunked, self.bare) = (None, false, false);
        if self.of_server {
            // RFC 9112 6.3: 1xx is followed by the response proper; like 204 and 304 it has no content.
            let is_interim = second.starts_with(b"1");
            let answers_head = !is_interim && self.heads.pop_front().unwrap_or_default();
            self.bare = answers_head || is_interim || matches!(second, b"204" | b"304");
        } else {
            self.heads.push_back(first == b"HEAD");
        }
        self.state = State::Head;
    }

    fn field(&mut self, line: &[u8]) {
        let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else { return };
        if name.eq_ignore_ascii_case("Content-Length") {
            self.length = value.trim().parse().ok();
        } else if name.eq_ignore_ascii_case("Transfer-Encoding") {
            self.chunked = value.trim().to_ascii_lowercase().ends_with("chunked");
        }
    }

    fn end_of_head(&mut self) -> usize {
        self.state = match self.length {
            _ if self.bare => State::Start,
            _ if self.chunked => State::Size,
            None if self.of_server => State::Rest,
            Some(_) | None => State::Start,
        };
        if self.state == State::Start && !self.bare { self.length.unwrap_or_default() } else { 0 }
    }
}
