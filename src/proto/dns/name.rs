//! Domain names: ordered and compared without regard to case, printed in the case they came in.
//!
//! A name is always absolute here. The order is the canonical one (RFC 4034 6.1): by labels
//! from the root down, so a name stands directly before all that lie beneath it.

use std::fmt;

use bytes::Bytes;

/// An absolute domain name. A clone shares the octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub(super) domain::base::Name<Bytes>);

/// Why a text is no domain name (RFC 1035 2.3.4, 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a domain name may not be empty (the root is \".\")")]
    Empty,
    /// Two dots in a row, or a dot in front.
    #[error("a label of a domain name may not be empty")]
    EmptyLabel,
    /// RFC 1035 2.3.4: labels are 63 octets or less.
    #[error("a label of a domain name has at most 63 octets")]
    LongLabel,
    /// RFC 1035 2.3.4: names are 255 octets or less.
    #[error("a domain name has at most 255 octets")]
    LongName,
    /// A character or escape that may not stand in a name.
    #[error("a character or escape that may not stand in a domain name")]
    BadCharacter,
}

impl Name {
    /// The root of the name space.
    #[must_use]
    pub fn root() -> Self {
        Self(domain::base::Name::root_bytes())
    }

    /// Reads a name in presentation form; the final dot may be left out.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.starts_with('.') && text != "." {
            return Err(NameError::EmptyLabel);
        }
        domain::base::Name::bytes_from_str(text).map(Self).map_err(|_| {
            // the crate does not tell the reasons apart; an escape may blur these, no more
            let labels = text.strip_suffix('.').unwrap_or(text);
            if labels.split('.').any(str::is_empty) {
                NameError::EmptyLabel
            } else if labels.split('.').any(|label| label.len() > 63) {
                NameError::LongLabel
            } else if labels.len() > 253 {
                NameError::LongName
            } else {
                NameError::BadCharacter
            }
        })
    }

    /// Reads a name in a master file (RFC 1035 5.1): `@` is the origin, and a name without a
    /// final dot is relative to it.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn parse_within(text: &str, origin: &Self) -> Result<Self, NameError> {
        if text == "@" {
            return Ok(origin.clone());
        }
        let ends = text.strip_suffix('.').map(|front| front.len() - front.trim_end_matches('\\').len());
        if text.is_empty() || ends.is_some_and(|escapes| escapes % 2 == 0) {
            return Self::parse(text);
        }
        Self::parse(&format!("{text}.{}", if origin.is_root() { String::new() } else { origin.dotted() }))
    }

    /// The name with its final dot, and with all escaped that means something in a master file.
    #[must_use]
    pub fn dotted(&self) -> String {
        if self.is_root() { ".".to_owned() } else { self.first_labels(self.label_count()) }
    }

    /// The name as a master file with that origin writes it: `@`, without the origin, or with
    /// a final dot. [`Name::parse_within`] reads it back.
    #[must_use]
    pub fn relative(&self, origin: &Self) -> String {
        if self == origin {
            return "@".to_owned();
        }
        if origin.is_root() || !self.is_within(origin) {
            return self.dotted();
        }
        let mut text = self.first_labels(self.label_count() - origin.label_count());
        text.pop();
        text
    }

    fn first_labels(&self, count: usize) -> String {
        let mut text = String::with_capacity(self.0.len() + 1);
        for label in self.0.iter().take(count) {
            for &octet in label.as_slice() {
                match octet {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                        text.extend(['\\', char::from(octet)]);
                    }
                    b'!'..=b'~' => text.push(char::from(octet)),
                    _ => text.push_str(&format!("\\{octet:03}")),
                }
            }
            text.push('.');
        }
        text
    }

    /// This name with the end `from` replaced by `to` (RFC 6672 2.2); none when this name does
    /// not lie beneath `from`, or when the new one is too long.
    #[must_use]
    pub fn substitute(&self, from: &Self, to: &Self) -> Option<Self> {
        if self == from || !self.is_within(from) {
            return None;
        }
        let mut octets = self.0.as_slice()[..self.0.len() - from.0.len()].to_vec();
        octets.extend_from_slice(to.0.as_slice());
        domain::base::Name::from_octets(Bytes::from(octets)).ok().map(Self)
    }

    /// The name in those octets; none when they are not exactly one uncompressed name.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        domain::base::Name::from_octets(Bytes::copy_from_slice(octets)).ok().map(Self)
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_root()
    }

    /// The name without its first label; none for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.parent().map(Self)
    }

    /// This name, its parent, and so on up to the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), Self::parent)
    }

    /// Whether this is `zone` or lies beneath it.
    #[must_use]
    pub fn is_within(&self, zone: &Self) -> bool {
        self.0.ends_with(&zone.0)
    }

    /// The name as it stands uncompressed in a message (RFC 1035 3.1), in its own letter case.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The number of labels, the root's empty one not counted.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.0.label_count() - 1
    }

    /// The same name with each letter in upper case or lower case as the coin falls.
    #[must_use]
    pub fn in_mixed_case(&self, mut upper: impl FnMut() -> bool) -> Self {
        let recase = |octet: &u8| match octet {
            b'a'..=b'z' | b'A'..=b'Z' if upper() => octet.to_ascii_uppercase(),
            // lengths of labels are less than the numbers of letters
            octet => octet.to_ascii_lowercase(),
        };
        let octets: Vec<u8> = self.0.as_slice().iter().map(recase).collect();
        domain::base::Name::from_octets(Bytes::from(octets)).map_or_else(|_| self.clone(), Self)
    }

    /// Whether two names are the same to the letter's case.
    #[must_use]
    pub fn is_spelled_as(&self, other: &Self) -> bool {
        self.0.as_slice() == other.0.as_slice()
    }

    /// The wildcard directly beneath this name (RFC 4592 2.1.1); none when that is too long.
    #[must_use]
    pub fn wildcard(&self) -> Option<Self> {
        let mut octets = Vec::with_capacity(self.0.len() + 2);
        octets.extend_from_slice(b"\x01*");
        octets.extend_from_slice(self.0.as_slice());
        domain::base::Name::from_octets(Bytes::from(octets)).ok().map(Self)
    }
}

/// Without the final dot; the root is ".".
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl std::str::FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}
