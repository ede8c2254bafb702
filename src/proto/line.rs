//! Octets that came but were not read yet, and the lines in them.
//!
//! A line ends with CRLF and nothing else (RFC 5321 2.3.8: "Conforming implementations MUST
//! NOT recognize or generate any other character or character sequence as a line
//! terminator."). A bare CR or LF stays inside its line for the parser to refuse. A
//! line beyond the caller's limit is thrown away as it comes, so the buffer stays small.

/// Unread input.
#[derive(Clone, Debug, Default)]
pub struct InputBuffer {
    bytes: Vec<u8>,
    start: usize,
    scanned: usize,
    skipping: bool,
}

/// A line taken from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Its octets without the CRLF.
    Whole(Vec<u8>),
    /// It was longer than allowed; its octets are gone.
    TooLong,
}

impl InputBuffer {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), start: 0, scanned: 0, skipping: false }
    }

    /// Adds what came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// What was not read yet.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Marks the first `count` unread octets as read.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.bytes.len());
        self.scanned = self.scanned.max(self.start);
        if self.start == self.bytes.len() {
            self.clear();
        }
    }

    /// Whether the line that is coming is longer than allowed already.
    #[must_use]
    pub const fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
        self.scanned = 0;
    }

    /// Takes the next line of at most `limit` octets, its CRLF included.
    pub fn line(&mut self, limit: usize) -> Option<Line> {
        let from = self.scanned.max(self.start).saturating_sub(1).max(self.start);
        let Some(end) = self.bytes[from..].windows(2).position(|pair| pair == b"\r\n").map(|at| from + at) else {
            self.scanned = self.bytes.len();
            if self.rest().len() > limit {
                self.skipping = true;
                // A CR at the end may be the first half of the CRLF that ends the line.
                let keep = usize::from(self.rest().ends_with(b"\r"));
                self.consume(self.rest().len() - keep);
            }
            return None;
        };
        let length = end + 2 - self.start;
        let line = if self.skipping || length > limit {
            Line::TooLong
        } else {
            Line::Whole(self.bytes[self.start..end].to_vec())
        };
        self.skipping = false;
        self.consume(length);
        self.scanned = self.start;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]], limit: usize) -> Vec<Line> {
        let mut buffer = InputBuffer::default();
        let mut out = Vec::new();
        for chunk in chunks {
            buffer.push(chunk);
            while let Some(line) = buffer.line(limit) {
                out.push(line);
            }
        }
        out
    }

    /// Would break if a line depended on how its octets were cut into pieces.
    #[test]
    fn pieces_do_not_matter() {
        let text = b"one\r\n\r\nwith\nbare\rends\r\nfar too long a line\r\nlast\r\r\nrest";
        let whole = lines(&[text], 17);
        assert_eq!(
            whole,
            [
                Line::Whole(b"one".to_vec()),
                Line::Whole(Vec::new()),
                Line::Whole(b"with\nbare\rends".to_vec()),
                Line::TooLong,
                Line::Whole(b"last\r".to_vec())
            ]
        );
        for size in 1..text.len() {
            let chunks: Vec<&[u8]> = text.chunks(size).collect();
            assert_eq!(lines(&chunks, 17), whole, "pieces of {size}");
        }
    }

    /// Would break if a peer that never ends its line could fill the memory.
    #[test]
    fn an_endless_line_is_not_kept() {
        let mut buffer = InputBuffer::default();
        for _ in 0..1000 {
            buffer.push(&[b'x'; 1000]);
            assert_eq!(buffer.line(512), None);
            assert!(buffer.rest().len() <= 512);
        }
        buffer.push(b"\r\nnext\r\n");
        assert_eq!(buffer.line(512), Some(Line::TooLong));
        assert_eq!(buffer.line(512), Some(Line::Whole(b"next".to_vec())));
    }
}
