//! How single values are written in tables and read back.
//!
//! Times are seconds with nine decimals, exact; absent values are empty cells.

use crate::base::time::{NANOS_PER_SEC, SimDuration, SimTime};

/// A value or an empty cell.
pub(super) fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// One thing, or so many: `1 host`, `1,234 hosts`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// A whole number with its digits in groups of three.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// [`grouped`] for counts of tables.
pub(super) fn whole(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

/// Nanoseconds of a text `S.NNNNNNNNN`.
pub(super) fn nanos(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() != 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(NANOS_PER_SEC)?.checked_add(fraction.parse().ok()?)
}

/// The instant that a text names.
pub(super) fn time(text: &str) -> Option<SimTime> {
    nanos(text).map(SimTime::from_nanos)
}

/// The duration that a text names.
pub(super) fn duration(text: &str) -> Option<SimDuration> {
    nanos(text).map(SimDuration::from_nanos)
}

/// `text` with control characters (but tabs) and ill-formed bytes as `\xNN` or `\u{N}`.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\t' {
                out.push(c);
            } else if c.is_ascii_control() {
                out.push_str(&format!("\\x{:02x}", u32::from(c)));
            } else if c.is_control() || is_direction_mark(c) {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
        }
        out.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    out
}

/// `bytes` as text from which they can be had again, each one: all that [`escape`] would escape, and backslashes,
/// are octets as `\xNN`.
pub(super) fn exact(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || c.is_control() && c != '\t' || is_direction_mark(c) {
                out.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\x{byte:02x}")));
            } else {
                out.push(c);
            }
        }
        out.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    out
}

/// Characters that reorder the text around them on a terminal.
const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_text_gives_its_octets_again() {
        let again = |text: &str| {
            let mut octets = Vec::new();
            let mut parts = text.split("\\x");
            octets.extend_from_slice(parts.next().unwrap().as_bytes());
            for part in parts {
                octets.push(u8::from_str_radix(&part[..2], 16).unwrap());
                octets.extend_from_slice(&part.as_bytes()[2..]);
            }
            octets
        };
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [&b"a\\\x82b"[..], br"\x41", "\u{85}\u{202e}\u{e9}\t".as_bytes(), &all] {
            let text = exact(bytes);
            assert_eq!(again(&text), bytes, "{text}");
            assert!(!text.contains(|c: char| c.is_control() && c != '\t'), "{text}");
        }
    }

    #[test]
    fn times_read_back_exactly() {
        for nanos in [0, 1, 999_999_999, 1_500_000_001, u64::MAX] {
            assert_eq!(time(&SimTime::from_nanos(nanos).to_string()), Some(SimTime::from_nanos(nanos)));
        }
        for bad in
            ["", "1", "1.5", "-1.000000000", "1.00000000x", "99999999999.000000000", ".000000000", "+1.000000000"]
        {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    /// Breaks when mail content can send commands to a terminal.
    #[test]
    fn control_bytes_are_escaped() {
        assert_eq!(escape(b"a\x1b[31m\tb\xff\xc3\xa9"), "a\\x1b[31m\tb\\xff\u{e9}");
        assert_eq!(escape("x\u{202e}y".as_bytes()), "x\\u{202e}y");
    }
}
