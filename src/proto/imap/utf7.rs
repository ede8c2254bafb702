//! Modified UTF-7: how names of mailboxes are written in ASCII (RFC 3501 5.1.3).
//!
//! Names are kept in this form. A client that speaks IMAP4rev2 sends and hears UTF-8
//! (RFC 9051 section 5.1).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// RFC 3501 5.1.3: "," is used instead of "/", and there is no padding.
const CODE: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Writes a name in ASCII.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let plain = |c: char| matches!(c, ' '..='~');
        let length = rest.find(|c| plain(c) != plain(first)).unwrap_or(rest.len());
        let (run, more) = rest.split_at(length);
        if plain(first) {
            out.push_str(&run.replace('&', "&-"));
        } else {
            let octets: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let text = CODE.encode(octets);
            out.push_str(&format!("&{text}-"));
        }
        rest = more;
    }
    out
}

/// Reads a name in this form; nothing if it is not well formed.
#[must_use]
pub fn decode(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let (text, more) = behind.split_once('-')?;
        if text.is_empty() {
            out.push('&');
        } else {
            let octets = CODE.decode(text).ok().filter(|octets| octets.len() % 2 == 0)?;
            let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            out.push_str(&char::decode_utf16(units).collect::<Result<String, _>>().ok()?);
        }
        rest = more;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of RFC 3501 5.1.3 and some of our own.
    #[test]
    fn names() {
        for (name, ascii) in [
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("a & b", "a &- b"),
            ("R&D \u{1f4e7}", "R&-D &2D3c5w-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("😀", "&2D3eAA-"),
            ("", ""),
        ] {
            assert_eq!(encode(name), ascii);
            assert_eq!(decode(ascii).as_deref(), Some(name));
        }
        for bad in ["&", "&AA-", "&A", "&2D0-", "&!-"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back(name in ".{0,20}") {
            prop_assert_eq!(decode(&encode(&name)), Some(name));
        }
    }
}
