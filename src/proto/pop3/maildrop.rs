//! A maildrop as one session sees it (RFC 1939 section 5): the messages of the moment of the
//! log-in under fixed numbers, and which of them are marked as deleted.

use std::sync::Arc;

use memchr::memchr_iter;

/// A message in a maildrop.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the mailbox, for ever: its unique-id.
    pub uid: u64,
    /// The message.
    pub content: Arc<[u8]>,
}

impl Entry {
    /// RFC 1939 section 3: lines of a response end with CRLF. A message that came on another
    /// way may have other ends: a client that takes an LF for one must not find a dot behind it
    /// that is not doubled. The last line has its end too, which the size then counts as the client does.
    fn with_line_ends(self) -> Self {
        let bare = |at: usize| at == 0 || self.content[at - 1] != b'\r';
        let ended = self.content.is_empty() || self.content.ends_with(b"\n");
        if ended && !memchr_iter(b'\n', &self.content).any(bare) {
            return self;
        }
        let mut content = Vec::with_capacity(self.content.len() + self.content.len() / 16 + 2);
        let mut kept = 0;
        for at in memchr_iter(b'\n', &self.content).filter(|at| bare(*at)) {
            content.extend_from_slice(&self.content[kept..at]);
            content.push(b'\r');
            kept = at;
        }
        content.extend_from_slice(&self.content[kept..]);
        if !ended {
            content.extend_from_slice(b"\r\n");
        }
        Self { content: content.into(), ..self }
    }
}

/// The messages of a session.
#[derive(Clone, Debug)]
pub(super) struct Maildrop {
    pub(super) entries: Vec<Entry>,
    pub(super) deleted: Vec<bool>,
    pub(super) in_flight: Option<u64>,
}

/// Where the last header field ends: the empty line comes next.
pub(super) fn end_of_header(content: &[u8]) -> usize {
    content.windows(4).position(|four| four == b"\r\n\r\n").map_or(content.len(), |at| at + 2)
}

/// A number as POP3 writes them; anything else, signs included, is none.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl Maildrop {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let entries: Vec<Entry> = entries.into_iter().map(Entry::with_line_ends).collect();
        let deleted = vec![false; entries.len()];
        Self { entries, deleted, in_flight: None }
    }

    fn present(&self) -> impl Iterator<Item = (usize, &Entry)> {
        (1..).zip(&self.entries).zip(&self.deleted).filter(|(_, deleted)| !**deleted).map(|(entry, _)| entry)
    }

    pub(super) fn size(&self) -> (usize, usize) {
        self.present().fold((0, 0), |(count, octets), (_, entry)| (count + 1, octets + entry.content.len()))
    }

    pub(super) fn listing(&self, show: impl Fn(&Entry) -> String) -> String {
        self.present().map(|(n, entry)| format!("{n} {}\r\n", show(entry))).collect()
    }

    /// The index of a message that is there and not marked as deleted.
    pub(super) fn find(&self, argument: &str) -> Option<usize> {
        let at = usize::try_from(number(argument)?).ok()?.checked_sub(1)?;
        self.deleted.get(at).filter(|deleted| !**deleted).map(|_| at)
    }

    pub(super) fn marked(&self) -> Vec<u64> {
        self.entries.iter().zip(&self.deleted).filter(|(_, deleted)| **deleted).map(|(entry, _)| entry.uid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_with_crlf() {
        for (text, ended) in [
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\nb", "a\r\nb\r\n"),
            ("a\r\nb", "a\r\nb\r\n"),
            ("a\r", "a\r\r\n"),
            ("\n.\n\r\n", "\r\n.\r\n\r\n"),
            ("a\rb\r\r\n", "a\rb\r\r\n"),
            ("", ""),
        ] {
            let entry = Entry { uid: 1, content: text.as_bytes().into() }.with_line_ends();
            assert_eq!(entry.content.escape_ascii().to_string(), ended.as_bytes().escape_ascii().to_string());
        }
    }
}
