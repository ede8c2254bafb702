//! The grammar of an APPEND with several messages (RFC 3502), which the library does not know.
//!
//! ```text
//!  APPEND mailbox 1*([(flags)] [date-time] literal)
//! ```

use super::command::Appended;
use super::words::Words;

/// Messages of one command.
const MAX_MESSAGES: usize = 1_000;

/// Takes an APPEND apart into commands of one message each, which the library can read.
pub(super) fn split(command: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Words::of(command, b"APPEND")?;
    let whole = words.rest;
    words.word()?;
    let head = [b"x APPEND ", &whole[..whole.len() - words.rest.len()]].concat();
    let mut out = Vec::new();
    while !words.is_done() {
        let before = words.rest;
        words.eat(b" ").then_some(())?;
        if words.eat(b"(") {
            // Flags: `\` is part of none of the words that the lexer knows.
            let end = words.rest.iter().position(|b| *b == b')')?;
            words.rest = &words.rest[end + 1..];
            words.eat(b" ").then_some(())?;
        }
        if words.rest.starts_with(b"\"") {
            words.word()?;
            words.eat(b" ").then_some(())?;
        }
        words.literal()?;
        out.push([&head[..], &before[..before.len() - words.rest.len()], b"\r\n"].concat());
        (out.len() <= MAX_MESSAGES).then_some(())?;
    }
    (out.len() > 1).then_some(out)
}

/// The messages of several commands, if all of them could be read.
pub(super) fn joined(parts: impl Iterator<Item = Option<Appended>>) -> Option<Appended> {
    parts.reduce(|all, next| {
        let (mut all, next) = (all?, next?);
        all.messages.extend(next.messages);
        Some(all)
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_messages() {
        let all = b"a append {1}\r\nx (\\Seen) \"1-Jan-2000 00:00:00 +0000\" {2}\r\nab ~{3+}\r\ncde\r\n";
        let parts = split(all).unwrap();
        assert_eq!(parts[0], b"x APPEND {1}\r\nx (\\Seen) \"1-Jan-2000 00:00:00 +0000\" {2}\r\nab\r\n");
        assert_eq!(parts[1], b"x APPEND {1}\r\nx ~{3+}\r\ncde\r\n");
        assert_eq!(split(b"a APPEND x {2}\r\nab\r\n"), None);
        for length in 0..all.len() {
            assert_eq!(split(&all[..length]).filter(|_| length < all.len()), None, "{length}");
        }
    }
}
