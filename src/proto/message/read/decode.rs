//! Decoded text for SEARCH: encoded words (RFC 2047), transfer encodings (RFC 2045 6), charsets.
//!
//! The one place that knows the MIME library. What does not decode is taken as it stands; octets
//! that are no UTF-8 and name no known charset are read as ISO 8859-1.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;

use super::header;

/// RFC 2047 2 allows 75; some senders write more, and a bound keeps reading linear.
const MAX_ENCODED_WORD: usize = 1_000;

/// The text of a header field, unfolded, with its encoded words decoded.
#[must_use]
pub fn field_text(value: &[u8]) -> String {
    let value = header::unfold(value);
    let mut text = String::new();
    let mut plain = 0;
    let mut at = 0;
    let mut behind_word = false;
    while let Some(next) = memchr::memmem::find(&value[at..], b"=?") {
        let start = at + next;
        let Some((word, end)) = encoded_word(&value, start) else {
            at = start + 2;
            continue;
        };
        let gap = &value[plain..start];
        // RFC 2047 6.2: white space between encoded words is not shown.
        if !(behind_word && gap.iter().all(u8::is_ascii_whitespace)) {
            text.push_str(&plain_text(gap));
        }
        text.push_str(&word);
        (plain, at, behind_word) = (end, end, true);
    }
    text.push_str(&plain_text(&value[plain..]));
    text
}

/// Decodes the encoded word at `start`; also where it ends.
fn encoded_word(value: &[u8], start: usize) -> Option<(String, usize)> {
    let end = value.len().min(start + MAX_ENCODED_WORD);
    let mut stream = MessageStream::new(&value[start + 1..end]);
    let word = stream.decode_rfc2047()?;
    Some((word, start + 1 + stream.offset()))
}

/// A transfer encoding that is not known (RFC 2045 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown transfer encoding")]
pub struct UnknownEncoding;

/// The octets of a body without its transfer encoding.
///
/// # Errors
/// The encoding is not known.
pub fn octets<'a>(body: &'a [u8], encoding: &[u8]) -> Result<Cow<'a, [u8]>, UnknownEncoding> {
    match encoding.trim_ascii().to_ascii_lowercase().as_slice() {
        b"" | b"7bit" | b"8bit" | b"binary" => Ok(Cow::Borrowed(body)),
        b"quoted-printable" => Ok(Cow::Owned(quoted_printable(body))),
        b"base64" => Ok(Cow::Owned(base64(body))),
        _ => Err(UnknownEncoding),
    }
}

/// The text of a body.
#[must_use]
pub fn body_text(body: &[u8], encoding: &[u8], charset: Option<&[u8]>) -> String {
    let octets = if encoding.eq_ignore_ascii_case(b"quoted-printable") {
        Cow::Owned(quoted_printable(body))
    } else if encoding.eq_ignore_ascii_case(b"base64") {
        Cow::Owned(base64(body))
    } else {
        Cow::Borrowed(body)
    };
    let known = charset.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"us-ascii"));
    match known.and_then(charset_decoder) {
        Some(decoder) => decoder(&octets),
        None => plain_text(&octets).into_owned(),
    }
}

/// Octets of an unknown charset.
#[must_use]
pub fn plain_text(octets: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(octets.iter().copied().map(char::from).collect()),
    }
}

/// RFC 2045 6.8: octets outside of the alphabet are ignored.
fn base64(body: &[u8]) -> Vec<u8> {
    let alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let encoded: Vec<u8> = body.iter().copied().filter(alphabet).collect();
    base64_decode(&encoded).unwrap_or_default()
}

/// RFC 2045 6.7, where an "=" that begins nothing known stands for itself.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii_end();
        let (text, soft) = text.strip_suffix(b"=").map_or((text, false), |text| (text, true));
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'=', rest) {
            octets.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            match rest {
                [high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    octets.push(hex(*high) << 4 | hex(*low));
                    rest = tail;
                }
                _ => octets.push(b'='),
            }
        }
        octets.extend_from_slice(rest);
        if !soft && line.ends_with(b"\n") {
            octets.extend_from_slice(b"\r\n");
        }
    }
    octets
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10) & 15,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encoded_words_are_decoded() {
        for (value, expected) in [
            (" plain text \r\n", "plain text"),
            // The examples of RFC 2047 8.
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a?=  \r\n   =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
            ("=?utf-8?b?SsO8cmc=?= <j@x>", "Jürg <j@x>"),
            ("=?iso-8859-1*de?q?J=FCrg?=", "Jürg"),
            ("=?utf-8?q?open", "=?utf-8?q?open"),
            ("a =?b?= =?utf-8?q?c?=", "a =?b?= c"),
        ] {
            assert_eq!(field_text(value.as_bytes()), expected, "{value}");
        }
        assert_eq!(field_text(b"J\xfcrg"), "Jürg");
        assert_eq!(field_text("Jürg".as_bytes()), "Jürg");
    }

    #[test]
    fn bodies_are_decoded() {
        assert_eq!(
            body_text(b"J=FCrg \r\nis=\r\n here =3D= =4", b"Quoted-Printable", Some(b"latin1")),
            "Jürg\r\nis here == =4"
        );
        assert_eq!(body_text(b"SsO8\r\ncmc!=\r\n", b"BASE64", Some(b"UTF-8")), "Jürg");
        assert_eq!(body_text(b"SsO8cm", b"base64", None), "Jür");
        assert_eq!(body_text(b"J\xfcrg", b"8bit", Some(b"us-ascii")), "Jürg");
        assert_eq!(body_text("Jürg".as_bytes(), b"8bit", Some(b"no-such")), "Jürg");
    }

    proptest! {
        #[test]
        fn any_octets_decode(value in proptest::collection::vec(any::<u8>(), 0..80), kind in 0..3_usize) {
            let _ = field_text(&value);
            let with_word = [b"=?utf-8?", &b"qbx"[kind..=kind], b"?", &value[..], b"?="].concat();
            let _ = field_text(&with_word);
            let encoding = [&b"base64"[..], b"quoted-printable", b"7bit"][kind];
            for charset in [None, Some(&b"utf-16"[..]), Some(b"utf-7"), Some(b"koi8-r"), Some(b"iso-8859-8-i")] {
                let _ = body_text(&value, encoding, charset);
            }
        }
    }
}
