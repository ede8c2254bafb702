//! Messages in files: one by itself (`.eml`), or many in a mailbox (RFC 4155).
//!
//! Lines end with LF or CRLF and become CRLF. In a mailbox a message begins with a line `From `
//! behind an empty line or at the start, and a line of its that begins so has a `>` in front,
//! which is taken away. Refused is what SMTP cannot carry: NUL, bare CR, lines over 998 octets; and what
//! has no header. What else a header lacks (RFC 5322 section 3.6 wants Date and From) is added when it is sent.

use std::ops::Range;

use super::encoding::MAX_LINE;
use super::header::{fields, first};
use crate::base::UnixTime;
use crate::proto::message::read::header;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, in octets of the file.
    pub place: Range<usize>,
    /// What.
    pub said: &'static str,
}

/// The lines of a file, without their ends, and where each begins.
fn lines(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    file.split_inclusive(|b| *b == b'\n').map(move |line| {
        let start = at;
        at += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        (start, line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Whether a line can travel by SMTP.
fn check(start: usize, line: &[u8]) -> Result<(), Fault> {
    let fault = |at: usize, length: usize, said| Err(Fault { place: start + at..start + at + length, said });
    if let Some(at) = line.iter().position(|b| *b == 0) {
        return fault(at, 1, "a message has no NUL in it (RFC 5322 section 4)");
    }
    if let Some(at) = line.iter().position(|b| *b == b'\r') {
        return fault(at, 1, "a CR stands only in front of an LF (RFC 5322 section 2.3)");
    }
    if line.len() > MAX_LINE {
        return fault(0, line.len(), "a line of a message has at most 998 octets (RFC 5322 section 2.1.1)");
    }
    Ok(())
}

/// Whether a message can begin with this line: RFC 5322 section 3.6.8, `field-name = 1*ftext`, with blanks
/// before the colon as in section 4.5.
fn check_first(start: usize, line: &[u8]) -> Result<(), Fault> {
    let name = line.iter().position(|b| *b == b':').map_or(&b""[..], |colon| line[..colon].trim_ascii_end());
    if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) {
        return Ok(());
    }
    let said = "a message begins with a field of its header, such as \"Subject: Hello\" (RFC 5322 section 3.6)";
    Err(Fault { place: start..start + line.len(), said })
}

/// The message of a file.
///
/// # Errors
/// The file holds nothing, no header, or what cannot travel by SMTP.
pub fn eml(file: &[u8]) -> Result<Vec<u8>, Fault> {
    if file.is_empty() {
        return Err(Fault { place: 0..0, said: "this message is empty" });
    }
    let mut message = Vec::with_capacity(file.len() + file.len() / 32);
    for (start, line) in lines(file) {
        check(start, line)?;
        if start == 0 {
            check_first(start, line)?;
        }
        message.extend_from_slice(line);
        message.extend_from_slice(b"\r\n");
    }
    Ok(message)
}

/// The messages of a mailbox, in order.
///
/// # Errors
/// The file is no mailbox, or holds a message without a header, or what cannot travel by SMTP.
pub fn mbox(file: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let mut behind_empty = true;
    for (start, line) in lines(file) {
        check(start, line)?;
        if behind_empty && line.starts_with(b"From ") {
            end(messages.last_mut());
            messages.push(Vec::new());
            behind_empty = false;
            continue;
        }
        behind_empty = line.is_empty();
        let Some(message) = messages.last_mut() else {
            let said = "a mailbox file begins with a line \"From \" (RFC 4155)";
            return Err(Fault { place: start..start + line.len(), said });
        };
        if message.is_empty() {
            check_first(start, line)?;
        }
        let quoted = line.iter().position(|b| *b != b'>').is_some_and(|at| at > 0 && line[at..].starts_with(b"From "));
        message.extend_from_slice(&line[usize::from(quoted)..]);
        message.extend_from_slice(b"\r\n");
    }
    end(messages.last_mut());
    if messages.last().is_none_or(Vec::is_empty) {
        let said = if messages.is_empty() { "this file has no message in it" } else { "the last message is empty" };
        return Err(Fault { place: file.len()..file.len(), said });
    }
    Ok(messages)
}

/// RFC 4155: an empty line ends a message and is none of its.
fn end(message: Option<&mut Vec<u8>>) {
    if let Some(message) = message
        && (message.ends_with(b"\r\n\r\n") || *message == b"\r\n")
    {
        message.truncate(message.len() - 2);
    }
}

/// A message from a file as somebody sends it: its Date and Message-ID become those of now, since
/// two messages cannot have one name; Bcc, and what servers write, go. What it lacks of From and To is added.
/// Everything else stays, octet for octet.
#[must_use]
pub fn sent(message: &[u8], date: UnixTime, message_id: &str, from: &str, to: &[String]) -> Vec<u8> {
    const GONE: [&[u8]; 5] = [b"date", b"message-id", b"bcc", b"resent-bcc", b"return-path"];
    let section = header::section(message, 0..message.len());
    let mut out = format!("Date: {}\r\n", date.rfc5322()).into_bytes();
    if first(message, "From").is_none() {
        out.extend_from_slice(format!("From: {from}\r\n").as_bytes());
    }
    if !fields(message).any(|field| field.is("To") || field.is("Cc")) {
        out.extend_from_slice(format!("To: {}\r\n", to.join(",\r\n ")).as_bytes());
    }
    out.extend_from_slice(format!("Message-ID: {message_id}\r\n").as_bytes());
    for piece in header::pieces(&message[section.fields.clone()]) {
        match piece {
            Ok(field) if GONE.iter().any(|name| field.is(name)) => {}
            Ok(field) => out.extend_from_slice(field.whole),
            Err(line) => out.extend_from_slice(line),
        }
    }
    if section.blank.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(&message[section.fields.end..]);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(file: &str) -> Vec<String> {
        let messages = mbox(file.as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"));
        messages.into_iter().map(|message| String::from_utf8(message).unwrap()).collect()
    }

    #[test]
    fn a_mailbox_is_taken_apart() {
        let file = "From alice@crepes.fr Mon Jan  5 09:00:00 2026\nSubject: a\n\n>From there\n>>From x\n\
                    > From\n\nFrom b\r\nSubject: b\r\n\r\nno empty line\nFrom within\n";
        let [a, b] = [
            "Subject: a\r\n\r\nFrom there\r\n>From x\r\n> From\r\n",
            "Subject: b\r\n\r\nno empty line\r\nFrom within\r\n",
        ];
        assert_eq!(texts(file), [a, b]);
        assert_eq!(texts("From x\nSubject : x\n\n"), ["Subject : x\r\n"]);
    }

    #[test]
    fn faults_name_their_place() {
        let long = format!("a: b\n\n{}\n", "x".repeat(999));
        for (fault, place, word) in [
            (eml(b""), 0..0, "empty"),
            (eml(b"a: b\n\nx\0"), 7..8, "NUL"),
            (eml(b"a: b\n\nx\ry\n"), 7..8, "CR"),
            (eml(long.as_bytes()), 6..1005, "998"),
            (mbox(b"\nSubject: x\n").map(|_| Vec::new()), 0..0, "From"),
            (mbox(b"").map(|_| Vec::new()), 0..0, "no message"),
            (eml(b"Hello Bob,\n\nlunch: at one\n"), 0..10, "a field of its header"),
            (eml(b"\nSubject: x\n"), 0..0, "a field of its header"),
            (eml(b": x\n"), 0..3, "a field of its header"),
            // "From here" follows an empty line, so it begins a message
            (mbox(b"From x\nA: b\n\nFrom here\nto there\n").map(|_| Vec::new()), 23..31, "a field of its header"),
            (mbox(b"From x\nA: b\n\nFrom y\n").map(|_| Vec::new()), 20..20, "empty"),
            (mbox(b"From x\nFrom y\n").map(|_| Vec::new()), 7..13, "a field of its header"),
        ] {
            let fault = fault.unwrap_err();
            assert!(fault.place == place && fault.said.contains(word), "{fault:?}");
        }
    }

    #[test]
    fn what_is_sent_is_new_in_its_name_alone() {
        let to = ["bob@h.edu".to_owned(), "eve@h.edu".to_owned()];
        let sent = |message: &str| {
            String::from_utf8(sent(message.as_bytes(), UnixTime::DEFAULT_START, "<1.a@b>", "a@b", &to)).unwrap()
        };
        let head = "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nMessage-ID: <1.a@b>\r\n";
        assert_eq!(
            sent("From: x\r\nDATE: old\r\nTo: y\r\nBcc: z,\r\n z2\r\nMessage-Id:\r\n <old>\r\nX:  1\r\n\r\n body\r\n"),
            format!("{head}From: x\r\nTo: y\r\nX:  1\r\n\r\n body\r\n")
        );
        let added = "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: a@b\r\nTo: bob@h.edu,\r\n eve@h.edu\r\n\
                     Message-ID: <1.a@b>\r\n";
        assert_eq!(sent("\r\nbody\r\n"), format!("{added}\r\nbody\r\n"));
        assert_eq!(sent("just words\r\n"), format!("{added}\r\njust words\r\n"));
    }

    proptest! {
        #[test]
        fn any_octets_are_messages_or_faults(file in prop::collection::vec(any::<u8>(), 0..300)) {
            for message in eml(&file).into_iter().chain(mbox(&file).into_iter().flatten()) {
                prop_assert!(message.is_empty() || message.ends_with(b"\r\n"));
                prop_assert!(super::super::Encoding::EightBit.carries(&message));
            }
        }

        /// What is written as a mailbox is read back.
        #[test]
        fn a_mailbox_comes_back(bodies in prop::collection::vec("(From |>|x|\n){0,12}", 1..5)) {
            let messages: Vec<String> = bodies.iter().map(|body| format!("Subject: x\n\n{body}\n")).collect();
            let mut file = String::new();
            for message in &messages {
                file.push_str("From somebody\n");
                for line in message.lines() {
                    let quoted = line.trim_start_matches('>').starts_with("From ");
                    file.push_str(&format!("{}{line}\n", if quoted { ">" } else { "" }));
                }
                file.push('\n');
            }
            let read: Vec<String> = mbox(file.as_bytes()).unwrap().into_iter().map(|m| String::from_utf8(m).unwrap()).collect();
            let expected: Vec<String> = messages.iter().map(|m| m.replace('\n', "\r\n")).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
