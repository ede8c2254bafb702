//! `$` in a command: the messages that the last SEARCH with SAVE has found (RFC 5182).
//!
//! The library does not know it, so the numbers are written in its place before a command is
//! read. Where no message is left, a number stands there that no message has.

use super::words::{Piece, pieces};

/// The numbers and the UIDs kept, as sets are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) numbers: String,
    pub(super) uids: String,
}

/// What is in the place of no message.
const NOBODY: &str = "4294967295";

/// A command without `$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) command: Vec<u8>,
    /// The set of the command is empty.
    pub(super) empty: bool,
}

/// Keys of SEARCH whose argument is a string, which `$` may be.
const WITH_STRINGS: [&[u8]; 10] =
    [b"BCC", b"BODY", b"CC", b"FROM", b"HEADER", b"KEYWORD", b"SUBJECT", b"TEXT", b"TO", b"UNKEYWORD"];

/// Whether a word is this one.
fn is(word: Option<&[u8]>, name: &[u8]) -> bool {
    word.is_some_and(|word| word.eq_ignore_ascii_case(name))
}

/// Writes what was kept into a command; `None` if it does not ask for that.
pub(super) fn fill(command: &[u8], saved: &Saved) -> Option<Filled> {
    if !command.contains(&b'$') {
        return None;
    }
    let parts = pieces(command);
    let mut words: Vec<&[u8]> = Vec::new();
    let (mut out, mut found, mut empty) = (Vec::new(), false, false);
    for part in parts {
        let Piece::Plain(text) = part else {
            out.extend_from_slice(part.octets());
            words.push(b"\"");
            continue;
        };
        for run in text.split_inclusive(|b| b" ()".contains(b)) {
            let end = run.iter().position(|b| b" ()\r\n".contains(b)).unwrap_or(run.len());
            let (word, rest) = run.split_at(end);
            match place(&words, word) {
                Some(by_uid) => {
                    let set = if by_uid { &saved.uids } else { &saved.numbers };
                    found = true;
                    empty |= set.is_empty();
                    out.extend_from_slice(if set.is_empty() { NOBODY } else { set }.as_bytes());
                }
                None => out.extend_from_slice(word),
            }
            out.extend_from_slice(rest);
            if !word.is_empty() {
                words.push(word);
            }
        }
    }
    found.then_some(Filled { command: out, empty })
}

/// Whether a word behind others is `$` in the place of a set, and then whether of UIDs.
fn place(before: &[&[u8]], word: &[u8]) -> Option<bool> {
    if word != b"$" {
        return None;
    }
    let by_uid = is(before.get(1).copied(), b"UID");
    let name = before.get(if by_uid { 2 } else { 1 }).copied();
    let behind_name = before.len() == if by_uid { 3 } else { 2 };
    if [&b"FETCH"[..], b"STORE", b"COPY", b"MOVE", b"EXPUNGE"].into_iter().any(|known| is(name, known)) {
        return behind_name.then_some(by_uid);
    }
    if ![&b"SEARCH"[..], b"SORT", b"THREAD"].into_iter().any(|known| is(name, known)) {
        return None;
    }
    let last = before.last().copied();
    let second = before.len().checked_sub(2).and_then(|at| before.get(at).copied());
    let is_string = WITH_STRINGS.into_iter().any(|key| is(last, key)) || is(second, b"HEADER");
    (!is_string).then(|| is(last, b"UID"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a `$` that is a string or a name were taken for the result, or a result
    /// of UIDs for one of numbers.
    #[test]
    fn results_are_written_in() {
        let saved = Saved { numbers: "1:2".to_owned(), uids: "7,9".to_owned() };
        let filled = |text: &str| {
            let filled = fill(text.as_bytes(), &saved)?;
            Some(String::from_utf8(filled.command).unwrap())
        };
        for (text, wanted) in [
            ("a FETCH $ FLAGS\r\n", Some("a FETCH 1:2 FLAGS\r\n")),
            ("a uid store $ FLAGS ($x)\r\n", Some("a uid store 7,9 FLAGS ($x)\r\n")),
            (
                "a UID SEARCH (OR $ UID $) SUBJECT \"$ $\"\r\n",
                Some("a UID SEARCH (OR 1:2 UID 7,9) SUBJECT \"$ $\"\r\n"),
            ),
            ("a SEARCH $\r\n", Some("a SEARCH 1:2\r\n")),
            ("a SEARCH SUBJECT $\r\n", None),
            ("a SEARCH HEADER $ $\r\n", None),
            ("a SEARCH HEADER x {1}\r\n$ $\r\n", Some("a SEARCH HEADER x {1}\r\n$ 1:2\r\n")),
            ("a COPY 1 $\r\n", None),
            ("a SELECT $\r\n", None),
            ("$ NOOP\r\n", None),
        ] {
            assert_eq!(filled(text).as_deref(), wanted, "{text}");
        }
        let none = Saved { numbers: String::new(), uids: String::new() };
        let filled = fill(b"a FETCH $ FLAGS\r\n", &none).unwrap();
        assert_eq!((filled.command, filled.empty), (b"a FETCH 4294967295 FLAGS\r\n".to_vec(), true));
    }
}
