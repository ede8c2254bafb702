//! The records of TLS in what one end sent (RFC 8446 section 5.1), as far as a transcript shows them: type and
//! length. What they protect is nobody's to read.

const HEADER: usize = 5;
const CHANGE_CIPHER: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const PROTECTED: u8 = 23;

/// The records of which these octets consist: each one's type, and its length with the header. None if they
/// are something else.
pub(super) fn records(mut octets: &[u8]) -> Option<Vec<(u8, usize)>> {
    let mut found = Vec::new();
    while !octets.is_empty() {
        let (header, rest) = octets.split_at_checked(HEADER)?;
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let known = matches!(header[0], CHANGE_CIPHER | ALERT | HANDSHAKE | PROTECTED) && header[1..3] == [3, 3];
        octets = rest.get(length..).filter(|_| known && length > 0)?;
        found.push((header[0], HEADER + length));
    }
    (!found.is_empty()).then_some(found)
}

/// What a record of that type carries.
pub(super) const fn kind(kind: u8) -> &'static str {
    match kind {
        CHANGE_CIPHER => "change of cipher",
        ALERT => "alert",
        HANDSHAKE => "handshake",
        _ => "protected",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a dialogue in the clear were hidden, or a part of a record taken for one.
    #[test]
    fn only_whole_records_are_records() {
        let octets = [&[HANDSHAKE, 3, 3, 0, 2, 1, 1][..], &[PROTECTED, 3, 3, 0, 1, 9]].concat();
        assert_eq!(records(&octets), Some(vec![(HANDSHAKE, 7), (PROTECTED, 6)]));
        for end in 1..octets.len() {
            assert_eq!(records(&octets[..end]).is_some(), end == 7, "{end}");
        }
        for other in [&b""[..], b"EHLO crepes.fr\r\n", &[HANDSHAKE, 3, 1, 0, 1, 1], &[PROTECTED, 3, 3, 0, 0]] {
            assert_eq!(records(other), None);
        }
        assert_eq!((kind(CHANGE_CIPHER), kind(PROTECTED)), ("change of cipher", "protected"));
    }
}
