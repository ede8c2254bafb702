//! Modified UTF-7 (RFC 3501 5.1.3): how names of mailboxes hold what is not ASCII.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const CODE: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A name as mailboxes are called by clients and servers.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut other = Vec::new();
    for char in name.chars() {
        if matches!(char, ' '..='~') {
            flush(&mut out, &mut other);
            out.push(char);
            if char == '&' {
                out.push('-');
            }
        } else {
            other.extend(char.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut out, &mut other);
    out
}

fn flush(out: &mut String, other: &mut Vec<u8>) {
    if !other.is_empty() {
        out.push('&');
        out.push_str(&CODE.encode(std::mem::take(other)));
        out.push('-');
    }
}

/// A name as people read it; one that is not properly encoded stays as it is.
#[must_use]
pub fn decode(name: &str) -> String {
    try_decode(name).unwrap_or_else(|| name.to_owned())
}

fn try_decode(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, coded)) = rest.split_once('&') {
        out.push_str(before);
        let (coded, behind) = coded.split_once('-')?;
        if coded.is_empty() {
            out.push('&');
        } else {
            let octets = CODE.decode(coded).ok()?;
            let (units, []) = octets.as_chunks::<2>() else { return None };
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            out.push_str(&char::decode_utf16(units).collect::<Result<String, _>>().ok()?);
        }
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_standard_hold() {
        let name = "~peter/mail/台北/日本語";
        assert_eq!(encode(name), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode("~peter/mail/&U,BTFw-/&ZeVnLIqe-"), name);
        assert_eq!(encode("R&D"), "R&-D");
        for wrong in ["&", "a&b", "&x-", "&AGEAY-", "&2AA-"] {
            assert_eq!(decode(wrong), wrong);
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back(name in any::<String>()) {
            let encoded = encode(&name);
            prop_assert!(encoded.bytes().all(|octet| matches!(octet, b' '..=b'~')));
            prop_assert_eq!(decode(&encoded), name);
            for (end, _) in encoded.char_indices() {
                let _ = decode(&encoded[..end]);
            }
        }
    }
}
