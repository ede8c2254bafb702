//! By what clients and mailboxes are recognized: prefixes of addresses and patterns of names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::app::mail::config::matches;

/// A block of addresses, such as `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    network: IpAddr,
    length: u8,
}

impl Prefix {
    /// The block of so many leading bits of an address; too many are all of them.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Self {
        match address {
            IpAddr::V4(v4) => {
                let length = length.min(32);
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                Self { network: IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask)), length }
            }
            IpAddr::V6(v6) => {
                let length = length.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                Self { network: IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask)), length }
            }
        }
    }

    /// One address.
    #[must_use]
    pub fn one(address: IpAddr) -> Self {
        Self::new(address, 128)
    }

    /// Reads `192.0.2.0/24`, `2001:db8::/32` or one address; bits behind the prefix must be 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some((address, length)) = text.split_once('/') else { return text.parse().ok().map(Self::one) };
        let address: IpAddr = address.parse().ok()?;
        let digits = length.bytes().all(|b| b.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
        let length: u8 = length.parse().ok().filter(|_| digits)?;
        let prefix = Self::new(address, length);
        (prefix.network == address && prefix.length == length).then_some(prefix)
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.network.is_ipv4() && Self::new(address, self.length) == *self
    }

    /// Its first address.
    #[must_use]
    pub const fn network(&self) -> IpAddr {
        self.network
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.network.is_ipv4() { 32 } else { 128 };
        if self.length == whole { self.network.fmt(f) } else { write!(f, "{}/{}", self.network, self.length) }
    }
}

/// A name or mailbox in which `*` stands for any characters; `<>` is the null reverse-path. The
/// case of letters does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern of that text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(if text == "<>" { String::new() } else { text.to_ascii_lowercase() })
    }

    /// Whether a name, a mailbox or (empty) the null reverse-path is meant.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        // The null reverse-path has no characters that a star could stand for.
        if text.is_empty() || self.0.is_empty() {
            return text.is_empty() && self.0.is_empty();
        }
        matches(&self.0, &text.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let inside = |prefix: &str, address: &str| Prefix::parse(prefix).unwrap().contains(address.parse().unwrap());
        assert!(inside("192.0.2.0/24", "192.0.2.255") && !inside("192.0.2.0/24", "192.0.3.0"));
        assert!(inside("0.0.0.0/0", "255.255.255.255") && !inside("0.0.0.0/0", "::1"));
        assert!(inside("10.0.0.1", "10.0.0.1") && !inside("10.0.0.1", "10.0.0.2"));
        assert!(inside("2001:db8::/32", "2001:db8:ffff::1") && !inside("::/0", "10.0.0.1"));
        for text in ["192.0.2.0/24", "10.0.0.1", "2001:db8::/32", "::/0", "0.0.0.0/0"] {
            assert_eq!(Prefix::parse(text).unwrap().to_string(), text);
        }
        for text in ["192.0.2.1/24", "192.0.2.0/33", "::/129", "10.0.0.0/08", "10.0.0.0/", "a/8", "10.0.0.0/+8", ""] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }

    #[test]
    fn patterns() {
        let fits = |pattern: &str, text: &str| Pattern::new(pattern).fits(text);
        assert!(fits("*@Spam.example", "a@spam.EXAMPLE") && !fits("*@spam.example", "a@ham.example"));
        assert!(fits("<>", "") && !fits("<>", "a@b") && !fits("*", ""));
        assert!(fits("*", "a@b"));
    }
}
