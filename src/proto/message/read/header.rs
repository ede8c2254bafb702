//! Header sections by their octets (RFC 5322 2.2): where fields begin and end.
//!
//! FETCH hands header fields out as they stand in the message, so a field here is a slice of
//! the original. Lines may end with CRLF or a bare LF; white space before the colon is allowed
//! (RFC 5322 4.5). The section ends with the first empty line, as for other servers; lines in it
//! that are no fields are passed over. Without an empty line it ends where the fields end. Left
//! out: the meaning of fields.

use std::borrow::Cow;
use std::ops::Range;

/// One header field, as octets of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, without the colon.
    pub name: &'a [u8],
    /// Everything behind the colon, folded as it was, with the line end.
    pub value: &'a [u8],
    /// The field from its name to its line end.
    pub whole: &'a [u8],
}

impl<'a> Field<'a> {
    /// Whether this is the field of that name.
    #[must_use]
    pub const fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value unfolded, without white space around it.
    #[must_use]
    pub fn unfolded(&self) -> Cow<'a, [u8]> {
        unfold(self.value)
    }
}

/// The header section of an entity, and where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Where the fields stand, with the line end of the last.
    pub fields: Range<usize>,
    /// The empty line behind them; an empty range if there is none.
    pub blank: Range<usize>,
}

impl Section {
    /// Fields and empty line.
    #[must_use]
    pub const fn whole(&self) -> Range<usize> {
        self.fields.start..self.blank.end
    }
}

/// Finds the header section at the start of `range`.
#[must_use]
pub fn section(raw: &[u8], range: Range<usize>) -> Section {
    let octets = &raw[range.clone()];
    let (length, blank) = extent(octets);
    let end = range.start + length;
    Section { fields: range.start..end, blank: end..end + blank }
}

/// The header fields at the start of `octets`, from the top.
pub fn fields(octets: &[u8]) -> impl Iterator<Item = Field<'_>> {
    pieces(octets).filter_map(Result::ok)
}

/// The header fields at the start of `octets`, and the lines between them that are none.
pub fn pieces(octets: &[u8]) -> impl Iterator<Item = Result<Field<'_>, &[u8]>> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        if rest.is_empty() || blank(rest) > 0 {
            return None;
        }
        let piece = first_field(rest).ok_or_else(|| &rest[..line_end(rest, 0)]);
        rest = &rest[piece.map_or_else(<[u8]>::len, |field| field.whole.len())..];
        Some(piece)
    })
}

/// How long the section at the start is without its empty line, and how long that is.
fn extent(octets: &[u8]) -> (usize, usize) {
    let mut length = 0;
    while length < octets.len() {
        match blank(&octets[length..]) {
            0 => length = line_end(octets, length),
            blank => return (length, blank),
        }
    }
    let (mut rest, mut length) = (octets, 0);
    while let Some(field) = first_field(rest) {
        length += field.whole.len();
        rest = &octets[length..];
    }
    (length, 0)
}

/// How long the empty line at the start is; 0 if there is none.
const fn blank(octets: &[u8]) -> usize {
    match octets {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        [..] => 0,
    }
}

/// The first field of that name.
#[must_use]
pub fn first<'a>(octets: &'a [u8], name: &[u8]) -> Option<Field<'a>> {
    fields(octets).find(|field| field.is(name))
}

fn first_field(octets: &[u8]) -> Option<Field<'_>> {
    let length = octets.iter().position(|b| !matches!(b, b'!'..=b'9' | b';'..=b'~'))?;
    let colon = length + octets[length..].iter().position(|b| !is_wsp(*b))?;
    if length == 0 || octets[colon] != b':' {
        return None;
    }
    let mut end = line_end(octets, colon);
    while octets.get(end).copied().is_some_and(is_wsp) {
        end = line_end(octets, end);
    }
    Some(Field { name: &octets[..length], value: &octets[colon + 1..end], whole: &octets[..end] })
}

/// Where the line of `from` ends: behind its LF.
#[must_use]
pub fn line_end(octets: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &octets[from..]).map_or(octets.len(), |at| from + at + 1)
}

/// Space or tab.
#[must_use]
pub const fn is_wsp(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Removes the line ends of a value (RFC 5322 2.2.3) and the white space around it.
#[must_use]
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let trimmed = value.trim_ascii();
    if memchr::memchr(b'\n', trimmed).is_none() {
        return Cow::Borrowed(trimmed);
    }
    let mut text = Vec::with_capacity(trimmed.len());
    for line in trimmed.split(|b| *b == b'\n') {
        text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_slices() {
        let raw = b"A: 1\r\n\t2\r\nb :x\nC:\r\n\r\nbody: no\r\n";
        let found: Vec<_> = fields(raw).map(|field| (field.name, field.whole)).collect();
        assert_eq!(found, [(&b"A"[..], &b"A: 1\r\n\t2\r\n"[..]), (b"b", b"b :x\n"), (b"C", b"C:\r\n")]);
        assert_eq!(first(raw, b"a").map(|field| field.unfolded().into_owned()), Some(b"1\t2".to_vec()));
        assert_eq!(section(raw, 0..raw.len()), Section { fields: 0..19, blank: 19..21 });
    }

    #[test]
    fn sections_end_in_odd_places() {
        for (raw, fields, blank) in [
            (&b""[..], 0, 0),
            (b"\r\nbody", 0, 2),
            (b"\nbody", 0, 1),
            (b"no field\r\n\r\n", 10, 2),
            (b" x: continued\r\n", 0, 0),
            (b"A: 1\r\nno field\r\nB: 2\r\n", 6, 0),
            (b"A: 1\r\nno field\r\nB: 2\r\n\r\nC: 3", 22, 2),
            (b"A: 1", 4, 0),
            (b"A: 1\n\nx", 5, 1),
            (b"A: 1\r\n \r\nx: 2\r\n\r\n", 15, 2),
            (b"From me@x Fri 1:2\r\nA: 1\r\n", 0, 0),
            (b"From me@x Fri 1:2\r\nA: 1\r\n\r\n", 25, 2),
            (b"A", 0, 0),
            (b"A:", 2, 0),
        ] {
            let found = section(raw, 0..raw.len());
            assert_eq!((found.fields.end, found.blank.len()), (fields, blank), "{}", raw.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_octets_have_a_section(raw in "[a:\\r\\n \\té\\x00]{0,60}") {
            let found = section(raw.as_bytes(), 0..raw.len());
            prop_assert!(found.whole().end <= raw.len());
            let inside = &raw.as_bytes()[found.fields];
            let text: Vec<u8> = pieces(inside)
                .flat_map(|piece| piece.map_or_else(<[u8]>::to_vec, |field| field.whole.to_vec()))
                .collect();
            prop_assert_eq!(text, inside);
        }
    }
}
