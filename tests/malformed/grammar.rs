//! What servers may answer, by the grammars of their protocols: read here without any of the program's readers.

use posthaste::proto::tls;

use super::post_office::CLOSED;

/// What an answer says, and whether the connection was closed behind it.
fn parts(answer: &[u8]) -> (&[u8], bool) {
    answer.strip_suffix(CLOSED.as_bytes()).map_or((answer, false), |said| (said, true))
}

/// The first line of octets, without its end, and what stands behind; a line must have its end.
fn line(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.windows(2).position(|pair| pair == b"\r\n");
    let end = end.unwrap_or_else(|| panic!("a line without an end: {}", octets.escape_ascii()));
    (&octets[..end], &octets[end + 2..])
}

/// The codes of SMTP replies (RFC 5321 4.2): all lines of a reply have one code, its last line a space behind it.
pub(crate) fn replies(mut said: &[u8]) -> Vec<u16> {
    let (mut codes, mut open) = (Vec::new(), None);
    while !said.is_empty() {
        let (text, rest) = line(said);
        said = rest;
        let told = text.escape_ascii();
        // RFC 5321 4.2: "textstring = 1*(%d09 / %d32-126)", and RFC 6531 adds UTF-8.
        let fine = |letter: char| letter == '\t' || !letter.is_control();
        assert!(std::str::from_utf8(text).is_ok_and(|text| text.chars().all(fine)), "{told}");
        assert!(text.len() <= 510, "RFC 5321 4.5.3.1.5: a line too long: {told}");
        let (code, text) = text.split_at_checked(3).unwrap_or_else(|| panic!("{told}"));
        let code: u16 = std::str::from_utf8(code).unwrap().parse().unwrap_or_else(|_| panic!("{told}"));
        assert!((200..560).contains(&code), "{told}");
        assert!(open.is_none_or(|open| open == code), "two codes in a reply: {told}");
        open = match text.first() {
            None | Some(b' ') => {
                codes.push(code);
                None
            }
            Some(b'-') => Some(code),
            Some(_) => panic!("{told}"),
        };
    }
    assert!(open.is_none(), "a reply without its last line");
    codes
}

/// An SMTP server's dialogue: a reply to a line at most, and one to the chunk that ends in it; it closes behind 221 and 421 only (RFC 5321 4.1.1.10), or where a
/// client's TLS is none.
pub(crate) fn smtp(answers: &[Vec<u8>], silent: bool) {
    const SECURED: &[u8] = b"Ready to start TLS\r\n";
    let mut last = None;
    for (number, answer) in answers.iter().enumerate() {
        let (mut said, closed) = parts(answer);
        let begins = said.windows(SECURED.len()).position(|part| part == SECURED).map(|at| at + SECURED.len());
        if let Some(begins) = begins {
            let records = &said[begins..];
            assert!(records.is_empty() || tls::records(records).is_some(), "{}", records.escape_ascii());
            said = &said[..begins];
        }
        let codes = replies(said);
        let chunk = said.starts_with(b"250 2.0.0") || said.starts_with(b"5") || said.starts_with(b"4");
        assert!(codes.len() <= 1 + usize::from(chunk), "more than a reply: {}", said.escape_ascii());
        last = codes.last().copied().or(last);
        if begins.is_some() {
            let behind = answers[number + 1..].concat();
            let (records, _) = parts(&behind);
            assert!(records.is_empty() || tls::records(records).is_some(), "{}", records.escape_ascii());
            return;
        }
        let by_itself = number + 1 < answers.len() || silent;
        if closed && by_itself {
            assert!(matches!(last, Some(221 | 421)), "closed behind {last:?}");
        }
    }
}

/// A POP3 server's dialogue (RFC 1939 section 3): an answer to a line at most, a status and perhaps lines up to a period.
pub(crate) fn pop3(answers: &[Vec<u8>]) {
    for answer in answers {
        let (said, _) = parts(answer);
        if said.is_empty() {
            continue;
        }
        let (status, mut rest) = line(said);
        let known = [&b"+OK"[..], b"-ERR", b"+ "].iter().any(|known| status.starts_with(known));
        assert!(known && status.len() <= 510, "{}", said.escape_ascii());
        let listed = !rest.is_empty();
        let mut ended = false;
        while !rest.is_empty() {
            assert!(!ended, "something behind an answer: {}", said.escape_ascii());
            let (text, behind) = line(rest);
            ended = text == b".";
            rest = behind;
        }
        assert!(listed == ended && (!listed || status.starts_with(b"+OK")), "{}", said.escape_ascii());
    }
}

/// An IMAP server's dialogue (RFC 3501 section 7): responses without a tag, and one with a tag or a continuation a line at
/// most; it closes behind BYE only.
pub(crate) fn imap(answers: &[Vec<u8>], silent: bool) {
    let mut bye = false;
    for (number, answer) in answers.iter().enumerate() {
        let (mut said, closed) = parts(answer);
        let mut ends = 0;
        while !said.is_empty() {
            let told = said.escape_ascii();
            let (text, rest) = line(said);
            said = behind_literals(text, rest);
            bye |= text.starts_with(b"* BYE");
            if !text.starts_with(b"* ") {
                let (tag, rest) = text.split_at(text.iter().position(|octet| *octet == b' ').expect("a space"));
                let state = [&b" OK "[..], b" NO ", b" BAD "].iter().any(|state| rest.starts_with(state));
                assert!(tag == b"+" || state, "{told}");
                assert!(!tag.is_empty() && tag.iter().all(u8::is_ascii_graphic), "{told}");
                ends += 1;
            }
        }
        assert!(ends <= 1, "more than an answer: {}", answer.escape_ascii());
        if closed && (number + 1 < answers.len() || silent) {
            assert!(bye, "closed without BYE: {}", answers.concat().escape_ascii());
        }
    }
}

/// What stands behind a line whose end announces a literal: that, and the rest of the response.
fn behind_literals<'a>(text: &[u8], rest: &'a [u8]) -> &'a [u8] {
    let length = text.strip_suffix(b"}").and_then(|text| {
        let open = text.iter().rposition(|octet| *octet == b'{')?;
        std::str::from_utf8(&text[open + 1..]).ok()?.parse::<usize>().ok()
    });
    let Some(length) = length else { return rest };
    assert!(length <= rest.len(), "a literal that is short");
    let (text, rest) = line(&rest[length..]);
    behind_literals(text, rest)
}
