//! Names of mailboxes: INBOX in any letters, hierarchy, and the wildcards of LIST.
//!
//! A name is printable ASCII (RFC 3501 5.1). What is not ASCII stands in it in modified UTF-7.

use super::utf7;

/// The longest name, or pattern of names, that is looked at.
pub const MAX_NAME: usize = 255;

/// The name of the mailbox that every user has.
pub const INBOX: &str = "INBOX";

/// Reads a mailbox name. RFC 3501 5.1: "INBOX is special" in any combination of letters;
/// here also as the first part of a name.
#[must_use]
pub fn read(octets: &[u8], separator: char) -> Option<String> {
    let fits = octets.len() <= MAX_NAME && octets.iter().all(|b| matches!(b, b' '..=b'~'));
    let name = str::from_utf8(octets).ok().filter(|_| fits)?;
    let first = name.split(separator).next().unwrap_or_default();
    if first.eq_ignore_ascii_case(INBOX) {
        Some(format!("{INBOX}{}", &name[first.len()..]))
    } else {
        Some(name.to_owned())
    }
}

/// How names are written for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// What stands between the levels.
    pub(super) separator: char,
    /// The client speaks IMAP4rev2, whose names are UTF-8.
    pub(super) rev2: bool,
}

impl Style {
    /// Reads a mailbox name, or a pattern of names, that a client sent.
    pub(super) fn read(self, octets: &[u8]) -> Option<String> {
        if self.rev2 && octets.iter().any(|b| *b == b'&' || !b.is_ascii()) {
            let name = str::from_utf8(octets).ok().filter(|name| !name.contains(char::is_control))?;
            return read(utf7::encode(name).as_bytes(), self.separator);
        }
        read(octets, self.separator)
    }

    /// A name as responses write it.
    pub(super) fn quoted(self, name: &str) -> String {
        let decoded = if self.rev2 && name.contains('&') { utf7::decode(name) } else { None };
        quoted(decoded.as_deref().unwrap_or(name))
    }

    /// The separator as responses write it.
    pub(super) fn delimiter(self) -> String {
        quoted(&self.separator.to_string())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a name fits a pattern: `*` stands for anything, `%` for anything but the
/// separator (RFC 3501 6.3.8). Takes no more steps than the product of the two lengths.
#[must_use]
pub fn matches(pattern: &str, name: &str, separator: char) -> bool {
    let name: Vec<char> = name.chars().collect();
    // The positions in the name that the pattern so far can have reached.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for wanted in pattern.chars() {
        if matches!(wanted, '*' | '%') {
            for at in 0..name.len() {
                reached[at + 1] |= reached[at] && (wanted == '*' || name[at] != separator);
            }
        } else {
            for at in (0..name.len()).rev() {
                reached[at + 1] = reached[at] && name[at] == wanted;
            }
            reached[0] = false;
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_is_special() {
        for (octets, name) in
            [("inBox", "INBOX"), ("inbox/x", "INBOX/x"), ("inboxes", "inboxes"), ("a/inbox", "a/inbox")]
        {
            assert_eq!(read(octets.as_bytes(), '/').as_deref(), Some(name));
        }
        assert_eq!(read(b"caf\xc3\xa9", '/'), None);
        assert_eq!(read(b"a\nb", '/'), None);
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
    }

    /// Would break if the two ways of writing a name led to two mailboxes.
    #[test]
    fn names_of_the_two_versions() {
        let (old, new) = (Style { separator: '/', rev2: false }, Style { separator: '/', rev2: true });
        assert_eq!(new.read("Entwürfe/&".as_bytes()).as_deref(), Some("Entw&APw-rfe/&-"));
        assert_eq!(old.read(b"Entw&APw-rfe").as_deref(), Some("Entw&APw-rfe"));
        assert_eq!(new.quoted("Entw&APw-rfe"), "\"Entwürfe\"");
        assert_eq!((old.quoted("a&-b"), new.quoted("a&-b")), ("\"a&-b\"".to_owned(), "\"a&b\"".to_owned()));
        assert_eq!(new.read("a&b".as_bytes()).as_deref(), Some("a&-b"));
        assert_eq!((new.read("a\u{85}".as_bytes()), old.read("ü".as_bytes())), (None, None));
    }

    #[test]
    fn wildcards() {
        for (pattern, name, fits) in [
            ("*", "a/b", true),
            ("%", "a/b", false),
            ("%/%", "a/b", true),
            ("a%", "a", true),
            ("a*b", "a/x/b", true),
            ("a%b", "a/b", false),
            ("", "", true),
            ("", "a", false),
            ("**%*", "abc", true),
            ("a", "b", false),
            ("%b", "bb", true),
        ] {
            assert_eq!(matches(pattern, name, '/'), fits, "{pattern} {name}");
        }
        let long = "a".repeat(255);
        assert!(!matches(&format!("{}b", "*a".repeat(127)), &long, '/'));
    }
}
