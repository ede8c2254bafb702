//! Building a plain message: Date, From, To, Subject and Message-ID in that order, an empty line,
//! the body.
//!
//! Nothing is random: the same draft is the same octets. A CR or LF in what it is given
//! cannot start a new line or field: it becomes a space. Lines are cut at 998 octets
//! (RFC 5322 2.1.1). Left out: encodings of bodies, which [`super::Letter`] has: octets beyond ASCII
//! go out as they are.

use std::borrow::Cow;

use super::encoding::MAX_LINE;
use super::mime::{named, unstructured};
use crate::base::UnixTime;

/// RFC 5322 2.1.1: "SHOULD be no more than 78 characters, excluding the CRLF."
pub(super) const FOLD_AT: usize = 78;
/// Room that most headers do not fill.
const HEADER: usize = 512;

/// A message to be built.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Origination date.
    pub date: UnixTime,
    /// Author.
    pub from: &'a str,
    /// The author's name, if it is shown.
    pub name: Option<&'a str>,
    /// Primary recipients.
    pub to: &'a [String],
    /// Further recipients.
    pub cc: &'a [String],
    /// Where answers should go, if not to the author.
    pub reply_to: Option<&'a str>,
    /// Subject, if it has one.
    pub subject: Option<&'a str>,
    /// Message-ID with its angle brackets.
    pub message_id: &'a str,
    /// The message that it answers, with angle brackets.
    pub in_reply_to: Option<&'a str>,
    /// The messages before it, each with angle brackets.
    pub references: &'a [String],
    /// Whether a program wrote it as an answer (RFC 3834 5).
    pub automatic: bool,
    /// Lines of the body, without CRLF.
    pub body: &'a [String],
}

impl Draft<'_> {
    /// One in which nothing is said.
    pub const EMPTY: Self = Self {
        date: UnixTime::DEFAULT_START,
        from: "",
        name: None,
        to: &[],
        cc: &[],
        reply_to: None,
        subject: None,
        message_id: "",
        in_reply_to: None,
        references: &[],
        automatic: false,
        body: &[],
    };

    /// The octets of the message, each line with its CRLF.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let body: usize = self.body.iter().map(|text| text.len() + 2).sum();
        let mut out = Vec::with_capacity(HEADER + body);
        plain_head(&mut out, self);
        out.extend_from_slice(b"\r\n");
        for text in self.body {
            line(&mut out, text);
        }
        out
    }
}

/// Writes the header of a draft, without the empty line.
pub(super) fn plain_head(out: &mut Vec<u8>, draft: &Draft<'_>) {
    field(out, "Date", &[draft.date.rfc5322()], "");
    match draft.name {
        Some(name) => named(out, "From", &harmless(name), &harmless(draft.from)),
        None => field(out, "From", &[draft.from.to_owned()], ""),
    }
    for (name, addresses) in [("To", draft.to), ("Cc", draft.cc)] {
        if !addresses.is_empty() {
            field(out, name, addresses, ",");
        }
    }
    if let Some(address) = draft.reply_to {
        field(out, "Reply-To", &[address.to_owned()], "");
    }
    match draft.subject {
        Some(subject) if subject.is_ascii() => {
            let words: Vec<String> = subject.split(' ').map(str::to_owned).collect();
            field(out, "Subject", &words, "");
        }
        Some(subject) => unstructured(out, "Subject", &harmless(subject)),
        None => {}
    }
    field(out, "Message-ID", &[draft.message_id.to_owned()], "");
    if let Some(answered) = draft.in_reply_to {
        field(out, "In-Reply-To", &[answered.to_owned()], "");
    }
    if !draft.references.is_empty() {
        field(out, "References", draft.references, "");
    }
    if draft.automatic {
        field(out, "Auto-Submitted", &["auto-replied".to_owned()], "");
    }
}

/// Writes a field of words.
pub(super) fn structured(out: &mut Vec<u8>, name: &str, words: &[String]) {
    field(out, name, words, "");
}

/// Writes a field whose value may be folded between its parts.
fn field(out: &mut Vec<u8>, name: &str, parts: &[String], separator: &str) {
    let mut text = format!("{name}:");
    for (at, part) in parts.iter().enumerate() {
        let tail = if at + 1 == parts.len() { "" } else { separator };
        let part = harmless(part);
        // A folded line must hold more than white space (RFC 5322 3.2.2).
        let fold = at > 0 && !part.trim().is_empty() && text.len() + 1 + part.len() + tail.len() > FOLD_AT;
        if fold {
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
            text.clear();
        }
        text = format!("{text} {part}{tail}");
    }
    line(out, &text);
}

fn line(out: &mut Vec<u8>, text: &str) {
    let whole = harmless(text);
    let mut rest: &str = &whole;
    while rest.len() > MAX_LINE {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(MAX_LINE));
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(b"\r\n");
        rest = tail;
    }
    out.extend_from_slice(rest.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn harmless(text: &str) -> Cow<'_, str> {
    const HARMFUL: [char; 3] = ['\r', '\n', '\0'];
    // Looked for by the byte, because most texts have none of them.
    if HARMFUL.iter().any(|harmful| text.contains(*harmful)) {
        Cow::Owned(text.replace(HARMFUL, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// A body of exactly `octets` octets, CRLFs included, in lines of at most 72: filler for
/// workloads that name only a size. One octet is not enough for a line, so 1 becomes 2.
#[must_use]
pub fn filler(octets: u64) -> Vec<String> {
    const LINE: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst";
    const FULL: u64 = LINE.len() as u64;
    let mut lines = Vec::new();
    let mut left = if octets == 1 { 2 } else { octets };
    while left > 0 {
        let mut take = left.min(FULL + 2);
        if left - take == 1 {
            take -= 1;
        }
        let length = usize::try_from(take - 2).expect("at most a line");
        lines.push(LINE[..length].to_owned());
        left -= take;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::first;
    use super::*;

    fn draft<'a>(to: &'a [String], subject: &'a str, body: &'a [String]) -> Draft<'a> {
        let date = UnixTime::DEFAULT_START;
        let (from, subject, message_id) = ("alice@crepes.fr", Some(subject), "<1.alice@crepes.fr>");
        Draft { date, from, to, subject, message_id, body, ..Draft::EMPTY }
    }

    #[test]
    fn the_order_of_fields_is_fixed() {
        let to = ["bob@hamburger.edu".to_owned()];
        let built = draft(&to, "Dinner", &["Do you like ketchup?".to_owned()]).build();
        let text = "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\n\
                    Subject: Dinner\r\nMessage-ID: <1.alice@crepes.fr>\r\n\r\nDo you like ketchup?\r\n";
        assert_eq!(String::from_utf8(built).unwrap(), text);
    }

    /// Would break if a subject could smuggle in a field, or a long list of recipients a line
    /// longer than 78.
    #[test]
    fn fields_are_folded_and_harmless() {
        let to: Vec<String> = (0..20).map(|n| format!("user{n}@hamburger.edu")).collect();
        let built = draft(&to, "x\r\nBcc: eve@evil.example", &["é".repeat(700)]).build();
        assert_eq!(first(&built, "Bcc"), None);
        assert_eq!(first(&built, "To"), Some(to.join(", ")));
        let text = String::from_utf8(built).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.lines().all(|line| line.len() <= FOLD_AT));
        assert!(body.lines().all(|line| line.len() <= MAX_LINE));
    }

    #[test]
    fn filler_has_the_size_asked_for() {
        for octets in (0..200).chain([9_999, 100_000]).filter(|n| *n != 1) {
            let got: usize = filler(octets).iter().map(|line| line.len() + 2).sum();
            assert_eq!(got as u64, octets);
        }
    }
}
