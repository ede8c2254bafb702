//! A string to be found in decoded text, without regard to case (RFC 3501 6.4.4).

use memchr::memmem::Finder;

use crate::proto::message::read::decode;

/// The string, folded, with its searcher.
#[derive(Clone, Debug)]
pub(super) struct Needle(Finder<'static>);

impl Needle {
    /// Octets of a SEARCH command: UTF-8, or else read like a header without a charset.
    pub(super) fn new(octets: &[u8]) -> Self {
        Self(Finder::new(&fold(&decode::plain_text(octets))).into_owned())
    }

    /// Whether the folded text has the string in it; every text has the empty string.
    pub(super) fn is_in(&self, folded: &str) -> bool {
        self.0.find(folded.as_bytes()).is_some()
    }
}

/// Takes the case away from a text.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter() {
        for (needle, text, found) in [
            ("straSSe", "STRASSE 1", true),
            ("JÜRG", "jürg", true),
            ("", "", true),
            ("a b", "a  b", false),
            ("ж", "Ж", true),
        ] {
            assert_eq!(Needle::new(needle.as_bytes()).is_in(&fold(text)), found, "{needle} in {text}");
        }
        assert!(Needle::new(b"J\xdcRG").is_in("jürg"));
    }
}
