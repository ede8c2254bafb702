//! Transfer encodings (RFC 2045 6): what a body costs on its way, and what may travel as it is.
//!
//! Writing only; the readers stand with IMAP's content. Lines end with CRLF. Octets that are
//! left as they are get no line end of their own; base64 ends with one, so that its length is
//! a function of the octets alone: see [`base64_length`].

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// RFC 5322 2.1.1: "Each line of characters MUST be no more than 998 characters".
pub const MAX_LINE: usize = 998;

/// RFC 2045 6.8: "The encoded output stream must be represented in lines of no more than 76
/// characters each." 6.7 (5) says the same of quoted-printable.
const ENCODED_LINE: usize = 76;

/// A transfer encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// ASCII in lines, as it is.
    SevenBit,
    /// Octets in lines, as they are: for peers with 8BITMIME.
    EightBit,
    /// ASCII stays readable.
    QuotedPrintable,
    /// Four characters for three octets.
    Base64,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SevenBit, Self::EightBit, Self::QuotedPrintable, Self::Base64];

    /// As Content-Transfer-Encoding has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }

    /// The octets of a body in this encoding. `text` says that CRLF ends a line of the body: it
    /// then stays one in quoted-printable (RFC 2045 6.7 (4)).
    #[must_use]
    pub fn encode(self, body: &[u8], text: bool) -> Cow<'_, [u8]> {
        match self {
            Self::SevenBit | Self::EightBit => Cow::Borrowed(body),
            Self::QuotedPrintable => Cow::Owned(quoted_printable(body, text)),
            Self::Base64 => Cow::Owned(base64(body)),
        }
    }

    /// The encoding that carries these octets anywhere at the least cost; none but base64 carries
    /// what is no text.
    #[must_use]
    pub fn shortest(body: &[u8], text: bool) -> Self {
        if !text {
            Self::Base64
        } else if fits(body, false) {
            Self::SevenBit
        } else if quoted_printable(body, true).len() <= base64_length(body.len()) {
            Self::QuotedPrintable
        } else {
            Self::Base64
        }
    }

    /// Whether octets can travel in this encoding at all.
    #[must_use]
    pub fn carries(self, body: &[u8]) -> bool {
        match self {
            Self::SevenBit => fits(body, false),
            Self::EightBit => fits(body, true),
            Self::QuotedPrintable | Self::Base64 => true,
        }
    }
}

/// Whether octets are what RFC 2045 2.7 and 2.8 call 7bit or 8bit data: lines of at most 998
/// octets that end with CRLF, no other CR or LF, no NUL.
fn fits(body: &[u8], eight_bit: bool) -> bool {
    let lone = |line: &[u8]| line.iter().any(|b| matches!(b, 0 | b'\r' | b'\n') || !eight_bit && !b.is_ascii());
    let mut rest = body;
    while let Some(at) = memchr::memmem::find(rest, b"\r\n") {
        if at > MAX_LINE || lone(&rest[..at]) {
            return false;
        }
        rest = &rest[at + 2..];
    }
    rest.len() <= MAX_LINE && !lone(rest)
}

/// The length of so many octets in base64, line ends included: 4 characters for each 3 octets
/// begun, and 2 for each line of 76 begun.
#[must_use]
pub const fn base64_length(octets: usize) -> usize {
    let characters = 4 * octets.div_ceil(3);
    characters + 2 * characters.div_ceil(ENCODED_LINE)
}

/// RFC 2045 6.8.
fn base64(body: &[u8]) -> Vec<u8> {
    let characters = STANDARD.encode(body);
    let mut out = Vec::with_capacity(base64_length(body.len()));
    for line in characters.as_bytes().chunks(ENCODED_LINE) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// RFC 2045 6.7.
fn quoted_printable(body: &[u8], text: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + body.len() / 4);
    let mut line = 0;
    for (at, octet) in body.iter().enumerate() {
        let rest = &body[at + 1..];
        match octet {
            b'\n' if text && at > 0 && body[at - 1] == b'\r' => continue,
            b'\r' if text && rest.first() == Some(&b'\n') => {
                out.extend_from_slice(b"\r\n");
                line = 0;
                continue;
            }
            _ => {}
        }
        let ends = rest.is_empty() || text && rest.starts_with(b"\r\n");
        let written = match octet {
            // Rule 3: white space at the end of a line would be lost.
            b' ' | b'\t' => !ends,
            b'=' => false,
            // So no line can be taken for a boundary, whatever that is.
            b'-' => line > 0,
            b'!'..=b'~' => true,
            _ => false,
        };
        let width = if written { 1 } else { 3 };
        // Room for the soft line break (rule 5), unless the line ends here anyway.
        if line + width > ENCODED_LINE - usize::from(!ends) {
            out.extend_from_slice(b"=\r\n");
            line = 0;
        }
        if written && !(line == 0 && *octet == b'-') {
            out.push(*octet);
            line += 1;
        } else {
            out.extend_from_slice(format!("={octet:02X}").as_bytes());
            line += 3;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::message::read::decode::octets;

    #[test]
    fn quoted_printable_by_hand() {
        for (plain, encoded) in [
            ("", ""),
            ("a=b\r\n", "a=3Db\r\n"),
            ("end \r\n \t", "end=20\r\n =09"),
            ("caf\u{e9}", "caf=C3=A9"),
            ("lone\rlone\n", "lone=0Dlone=0A"),
            ("--x\r\n-", "=2D-x\r\n=2D"),
        ] {
            assert_eq!(String::from_utf8(quoted_printable(plain.as_bytes(), true)).unwrap(), encoded, "{plain:?}");
        }
        assert_eq!(quoted_printable(b"a\r\n", false), b"a=0D=0A");
        let long = quoted_printable("é".repeat(60).as_bytes(), true);
        assert!(long.split(|b| *b == b'\n').all(|line| line.len() <= ENCODED_LINE + 1));
        // 76 characters fit, 77 need a soft break
        assert_eq!(quoted_printable(&[b'x'; 76], true).len(), 76);
        assert_eq!(quoted_printable(&[b'x'; 77], true).len(), 77 + 3);
    }

    /// The closed form: an attachment of n octets takes 4/3 n and two octets for each 57.
    #[test]
    fn base64_costs_a_third_and_line_ends() {
        for (octets, encoded) in [(0, 0), (1, 6), (3, 6), (57, 78), (58, 84), (5_700, 7_800), (1_000_000, 1_368_424)] {
            assert_eq!(base64_length(octets), encoded, "{octets}");
            assert_eq!(base64(&vec![0xff; octets]).len(), encoded);
        }
    }

    #[test]
    fn the_shortest_encoding_carries_its_octets() {
        let long = "x".repeat(999);
        for (body, text, encoding) in [
            ("plain\r\n", true, Encoding::SevenBit),
            ("plain", false, Encoding::Base64),
            ("bare\n", true, Encoding::QuotedPrintable),
            ("caf\u{e9} au lait, with much of plain text\r\n", true, Encoding::QuotedPrintable),
            ("\u{436}\u{436}\u{436}\u{436}\u{436}\u{436}\r\n", true, Encoding::Base64),
            (&long, true, Encoding::QuotedPrintable),
        ] {
            assert_eq!(Encoding::shortest(body.as_bytes(), text), encoding, "{body:?}");
        }
        assert!(Encoding::EightBit.carries("é\r\n".as_bytes()) && !Encoding::SevenBit.carries("é\r\n".as_bytes()));
        assert!(!Encoding::EightBit.carries(b"nul\0") && !Encoding::EightBit.carries(b"bare\n"));
    }

    fn body() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            "([ -~\\t=]|é|-|\r\n|\r|\n|x{70}){0,60}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(body in body(), text in any::<bool>()) {
            for encoding in [Encoding::QuotedPrintable, Encoding::Base64, Encoding::shortest(&body, text)] {
                let encoded = encoding.encode(&body, text);
                prop_assert!(Encoding::SevenBit.carries(&encoded), "{encoding:?}");
                prop_assert_eq!(&*octets(&encoded, encoding.name().as_bytes()).unwrap(), &body[..]);
                if encoding == Encoding::QuotedPrintable {
                    prop_assert!(encoded.split(|b| *b == b'\n').all(|line| line.len() <= ENCODED_LINE + 1));
                    prop_assert!(!encoded.starts_with(b"--") && memchr::memmem::find(&encoded, b"\n--").is_none());
                }
            }
        }
    }
}
