//! `xtext` (RFC 3461 section 4): how text stands in a parameter's value, and the form of it for
//! addresses that are not ASCII (RFC 6533 section 3).

/// The text in a value; None if it is no xtext. RFC 3461: `+` stands before two hexadecimal
/// digits "using upper case".
#[must_use]
pub fn decode(value: &str) -> Option<String> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(digit(bytes.next()?)? * 16 + digit(bytes.next()?)?),
            b'!'..=b'~' if byte != b'=' => out.push(byte),
            128.. => out.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

/// The value for a text. What is not ASCII becomes hexadecimal octets.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'+' && byte != b'=' => out.push(char::from(byte)),
            _ => out.push_str(&format!("+{byte:02X}")),
        }
    }
    out
}

/// RFC 6533 section 3, `utf-8-addr-xtext`: the code points that no xtext holds, and the
/// backslash, as `\x{HEX}`; then it is ASCII and stands in an xtext.
#[must_use]
pub fn address_in_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '!'..='~' if !matches!(character, '+' | '=' | '\\') => out.push(character),
            _ => out.push_str(&format!("\\x{{{:X}}}", u32::from(character))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(encode("a+b=c d"), "a+2Bb+3Dc+20d");
        assert_eq!(decode("a+2Bb+3Dc+20d").as_deref(), Some("a+b=c d"));
        assert_eq!(decode("").as_deref(), Some(""));
        for bad in ["+", "+2", "+2b", "+G0", "a=b", "a b", "a\tb", "\u{7f}", "+FF"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(address_in_ascii("zoë+x@é.fr"), "zo\\x{EB}\\x{2B}x@\\x{E9}.fr");
    }

    proptest! {
        /// Would break if some text did not come back, or was written as what is no value.
        #[test]
        fn text_comes_back(text in ".{0,40}") {
            let value = encode(&text);
            prop_assert!(value.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'='));
            prop_assert_eq!(decode(&value), Some(text));
        }
    }
}
