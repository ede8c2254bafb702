//! The header section of a message (RFC 5322 2.2): its fields, one by one.
//!
//! A reader for messages from anywhere: it stops at the first line that is no field, and it
//! never fails. Left out: the structure inside of fields, such as address lists.

use std::borrow::Cow;

/// Fields that are looked at; those behind them count as body.
const MAX_FIELDS: usize = 2_000;

/// One header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, without the colon.
    pub name: &'a str,
    /// Everything behind the colon, folded as it was, without the last CRLF.
    pub raw: &'a [u8],
}

impl Field<'_> {
    /// The value unfolded (RFC 5322 2.2.3: "simply removing any CRLF that is immediately
    /// followed by WSP"), without white space around it.
    #[must_use]
    pub fn value(&self) -> String {
        let text = match String::from_utf8_lossy(self.raw) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        };
        text.replace("\r\n", "").trim_matches([' ', '\t']).to_owned()
    }

    /// Whether this is the field of that name.
    #[must_use]
    pub const fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The header fields of a message, from the top.
pub fn fields(content: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let (field, tail) = split_field(rest)?;
        rest = tail;
        Some(field)
    })
    .take(MAX_FIELDS)
}

/// The unfolded value of the first field of that name.
#[must_use]
pub fn first(content: &[u8], name: &str) -> Option<String> {
    fields(content).find(|field| field.is(name)).map(|field| field.value())
}

/// The octets of the header section, without the empty line behind it.
#[must_use]
pub fn header_section(content: &[u8]) -> &[u8] {
    // Name, colon, value, CRLF; the last field may lack its CRLF.
    let end: usize = fields(content).map(|field| field.name.len() + 1 + field.raw.len() + 2).sum();
    &content[..end.min(content.len())]
}

fn split_field(content: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let colon = content.iter().position(|b| !matches!(b, b'!'..=b'9' | b';'..=b'~'))?;
    if colon == 0 || content[colon] != b':' {
        return None;
    }
    let name = str::from_utf8(&content[..colon]).ok()?;
    let body = &content[colon + 1..];
    let mut from = 0;
    let end = loop {
        match body[from..].windows(2).position(|pair| pair == b"\r\n").map(|at| from + at) {
            None => break body.len(),
            Some(at) if matches!(body.get(at + 2), Some(b' ' | b'\t')) => from = at + 2,
            Some(at) => break at,
        }
    };
    Some((Field { name, raw: &body[..end] }, body.get(end + 2..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_found_and_unfolded() {
        let message = b"Received: from a\r\n\tby b;\r\n now\r\nsubject:  x \r\nX-Empty:\r\n\r\nFrom: body\r\n";
        let names: Vec<&str> = fields(message).map(|field| field.name).collect();
        assert_eq!(names, ["Received", "subject", "X-Empty"]);
        assert_eq!(first(message, "received").as_deref(), Some("from a\tby b; now"));
        assert_eq!(first(message, "Subject").as_deref(), Some("x"));
        assert_eq!(first(message, "From"), None);
        assert!(header_section(message).ends_with(b"X-Empty:\r\n"));
        assert_eq!(header_section(b"no header\r\n"), b"");
    }

    proptest! {
        #[test]
        fn any_octets_have_a_header(message in "[a:\\r\\n \\té]{0,60}") {
            prop_assert!(header_section(message.as_bytes()).len() <= message.len());
        }
    }
}
