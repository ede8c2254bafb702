//! Media types, dispositions and their parameters (RFC 2045 5.1, RFC 2183, RFC 2231).
//!
//! Continued parameters are joined, as RFC 2231 6 asks of IMAP servers; what is percent-encoded
//! stays so, since the client must learn the charset. Values that should have been quoted are
//! taken up to the next semicolon or space.

use std::collections::BTreeMap;

use super::lexer::Lexer;

/// Names and values, in the order of the field.
pub type Parameters = Vec<(Vec<u8>, Vec<u8>)>;

/// A word with parameters: what Content-Disposition carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// `attachment`, `inline` or anything else.
    pub kind: Vec<u8>,
    /// Its parameters.
    pub parameters: Parameters,
}

/// The value of a Content-Type field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The type, as written.
    pub kind: Vec<u8>,
    /// The subtype, as written.
    pub subtype: Vec<u8>,
    /// The parameters.
    pub parameters: Parameters,
}

impl Media {
    /// What a body without a Content-Type is (RFC 2045 5.2).
    #[must_use]
    pub fn plain_text() -> Self {
        let mut media = Self::bare(b"text", b"plain");
        media.parameters.push((b"charset".to_vec(), b"us-ascii".to_vec()));
        media
    }

    /// A media type without parameters.
    #[must_use]
    pub fn bare(kind: &[u8], subtype: &[u8]) -> Self {
        Self { kind: kind.to_vec(), subtype: subtype.to_vec(), parameters: Vec::new() }
    }

    /// Reads the unfolded value of a Content-Type field.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        let kind = token(&mut lexer)?;
        if !lexer.eat(b'/') {
            return None;
        }
        let subtype = token(&mut lexer)?;
        Some(Self { kind, subtype, parameters: parameters(&mut lexer) })
    }

    /// Whether this is the type, and the subtype if one is given.
    #[must_use]
    pub fn is(&self, kind: &[u8], subtype: Option<&[u8]>) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && subtype.is_none_or(|subtype| self.subtype.eq_ignore_ascii_case(subtype))
    }

    /// Type and subtype in small letters.
    #[must_use]
    pub fn name(&self) -> String {
        let word = |octets: &[u8]| String::from_utf8_lossy(octets).to_ascii_lowercase();
        format!("{}/{}", word(&self.kind), word(&self.subtype))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &[u8]) -> Option<&[u8]> {
        self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }
}

impl Disposition {
    /// Reads the unfolded value of a Content-Disposition field.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        let kind = token(&mut lexer)?;
        Some(Self { kind, parameters: parameters(&mut lexer) })
    }
}

/// A word and nothing more: what Content-Transfer-Encoding carries.
#[must_use]
pub fn word(value: &[u8]) -> Option<Vec<u8>> {
    token(&mut Lexer::new(value))
}

/// The tags of Content-Language (RFC 3282), which are separated by commas.
#[must_use]
pub fn languages(value: &[u8]) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(value);
    let mut tags = Vec::new();
    while lexer.peek().is_some() {
        tags.extend(token(&mut lexer));
        lexer.run(|b| b != b',');
        lexer.eat(b',');
    }
    tags
}

fn token(lexer: &mut Lexer<'_>) -> Option<Vec<u8>> {
    lexer.skip_cfws();
    let word = lexer.run(is_token).to_vec();
    lexer.skip_cfws();
    (!word.is_empty()).then_some(word)
}

/// RFC 2045 5.1: no space, control or tspecial; octets above ASCII are let through.
const fn is_token(octet: u8) -> bool {
    !octet.is_ascii_control()
        && !matches!(
            octet,
            b' ' | b'('
                | b')'
                | b'<'
                | b'>'
                | b'@'
                | b','
                | b';'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'='
        )
}

fn parameters(lexer: &mut Lexer<'_>) -> Parameters {
    let mut found = Vec::new();
    while lexer.peek().is_some() {
        lexer.run(|b| b != b';');
        if !lexer.eat(b';') {
            break;
        }
        let Some(name) = token(lexer) else { continue };
        if !lexer.eat(b'=') {
            continue;
        }
        lexer.skip_cfws();
        let value = if lexer.peek() == Some(b'"') {
            lexer.quoted()
        } else {
            lexer.run(|b| b != b';' && !b.is_ascii_whitespace()).to_vec()
        };
        found.push((name, value));
    }
    join_continuations(found)
}

/// One `name*N` or `name*N*` (RFC 2231 3).
struct Segment {
    number: usize,
    extended: bool,
    value: Vec<u8>,
}

fn join_continuations(found: Parameters) -> Parameters {
    if !found.iter().any(|(name, _)| continuation(name).is_some()) {
        return found;
    }
    let mut segments: BTreeMap<Vec<u8>, Vec<Segment>> = BTreeMap::new();
    for (name, value) in &found {
        if let Some((base, number, extended)) = continuation(name) {
            let list = segments.entry(base.to_ascii_lowercase()).or_default();
            list.push(Segment { number, extended, value: value.clone() });
        }
    }
    let mut joined: BTreeMap<Vec<u8>, Option<(bool, Vec<u8>)>> =
        segments.into_iter().filter_map(|(base, list)| Some((base, Some(join(list)?)))).collect();
    let mut result = Vec::new();
    for (name, value) in found {
        let place = continuation(&name).map(|(base, ..)| (base.to_vec(), joined.get_mut(&base.to_ascii_lowercase())));
        match place {
            Some((mut base, Some(whole))) => {
                // The joined value stands where its first segment stood.
                if let Some((extended, value)) = whole.take() {
                    base.extend_from_slice(if extended { b"*" } else { b"" });
                    result.push((base, value));
                }
            }
            Some((_, None)) | None => result.push((name, value)),
        }
    }
    result
}

/// Splits `name*N` and `name*N*`.
fn continuation(name: &[u8]) -> Option<(&[u8], usize, bool)> {
    let (rest, extended) = name.strip_suffix(b"*").map_or((name, false), |rest| (rest, true));
    let star = rest.iter().rposition(|b| *b == b'*')?;
    let number = str::from_utf8(&rest[star + 1..]).ok()?;
    let plain = !number.is_empty() && number.len() <= 4 && number.bytes().all(|b| b.is_ascii_digit());
    (star > 0 && plain).then_some((&rest[..star], number.parse().ok()?, extended))
}

/// Joins segments 0, 1, 2 and so on; nothing if one is missing or doubled.
fn join(mut list: Vec<Segment>) -> Option<(bool, Vec<u8>)> {
    list.sort_by_key(|segment| segment.number);
    if list.iter().enumerate().any(|(at, segment)| segment.number != at) {
        return None;
    }
    let extended = list.iter().any(|segment| segment.extended);
    if extended && !list[0].extended {
        // Only the first segment can name the charset (RFC 2231 4.1).
        return None;
    }
    let mut whole = Vec::new();
    for segment in list {
        if extended && !segment.extended {
            for octet in segment.value {
                percent(&mut whole, octet);
            }
        } else {
            whole.extend_from_slice(&segment.value);
        }
    }
    Some((extended, whole))
}

fn percent(text: &mut Vec<u8>, octet: u8) {
    // RFC 2231 7: attribute-char.
    if octet.is_ascii_graphic() && is_token(octet) && !matches!(octet, b'*' | b'\'' | b'%') {
        text.push(octet);
    } else {
        text.extend_from_slice(format!("%{octet:02X}").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Option<(String, Vec<(String, String)>)> {
        let text = |octets: &[u8]| octets.escape_ascii().to_string();
        let media = Media::parse(value.as_bytes())?;
        let parameters = media.parameters.iter().map(|(name, value)| (text(name), text(value))).collect();
        Some((text(&[&media.kind[..], b"/", &media.subtype].concat()), parameters))
    }

    fn expect(value: &str, media: &str, parameters: &[(&str, &str)]) {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(shown(value), Some((media.to_owned(), parameters)), "{value}");
    }

    #[test]
    fn media_types_are_read() {
        expect("TEXT/PLAIN; CHARSET=US-ASCII", "TEXT/PLAIN", &[("CHARSET", "US-ASCII")]);
        expect("text/plain (a (b) c) ; charset=\"x;y\" (z); q", "text/plain", &[("charset", "x;y")]);
        expect("multipart/mixed;boundary=a/b=c?;x = 1", "multipart/mixed", &[("boundary", "a/b=c?"), ("x", "1")]);
        expect("application/octet-stream;;; =a; name=\"\"", "application/octet-stream", &[("name", "")]);
        for bad in ["", "text", "text/", "/plain", "text plain", ";charset=x", "(text/plain"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn continuations_are_joined_in_their_order() {
        expect("a/b; x*1=2; y=z; X*0=\"1 \"", "a/b", &[("x", "1 2"), ("y", "z")]);
        // The example of RFC 2231 4.1.
        expect(
            "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; \
             title*2=\"isn't it!\"",
            "application/x-stuff",
            &[("title*", "us-ascii\\'en\\'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!")],
        );
        expect("a/b; x*0=1; x*2=3", "a/b", &[("x*0", "1"), ("x*2", "3")]);
        expect(
            "a/b; x*=utf-8''%41; *0=1; x*99999=2",
            "a/b",
            &[("x*", "utf-8\\'\\'%41"), ("*0", "1"), ("x*99999", "2")],
        );
    }

    #[test]
    fn other_fields_are_read() {
        let disposition = Disposition::parse(b"attachment; filename=\"a b.txt\"").unwrap();
        assert_eq!(disposition.kind, b"attachment");
        assert_eq!(disposition.parameters, [(b"filename".to_vec(), b"a b.txt".to_vec())]);
        assert_eq!(word(b" (7) 8bit (8) "), Some(b"8bit".to_vec()));
        assert_eq!(word(b""), None);
        assert_eq!(languages(b"en, mi (Maori) ,, de"), [b"en".to_vec(), b"mi".to_vec(), b"de".to_vec()]);
    }
}
