//! The two families of Internet addresses, and the addresses of a host.
//!
//! A host has at most one address of each family, and a host with both is dual stack. Left
//! out: several interfaces, link-local addresses, and the temporary addresses of RFC 8981.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A version of the Internet protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4 (RFC 791).
    #[default]
    V4,
    /// IPv6 (RFC 8200).
    V6,
}

impl Family {
    /// Both, in the order in which a host that has both turns to them: the default policy table
    /// of RFC 6724 2.1 gives `::/0` a higher precedence than `::ffff:0:0/96`.
    pub const BY_PRECEDENCE: [Self; 2] = [Self::V6, Self::V4];

    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Its name: `ipv4` or `ipv6`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    /// The family of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::BY_PRECEDENCE.into_iter().find(|family| family.name() == name)
    }

    /// The address that stands for none: `0.0.0.0` or `::`.
    #[must_use]
    pub const fn unspecified(self) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Self::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }
}

/// The addresses of a host, one a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Its IPv4 address.
    pub v4: Option<Ipv4Addr>,
    /// Its IPv6 address.
    pub v6: Option<Ipv6Addr>,
}

impl Addresses {
    /// The address of that family.
    #[must_use]
    pub fn of(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(IpAddr::V4),
            Family::V6 => self.v6.map(IpAddr::V6),
        }
    }

    /// Whether the host speaks that family.
    #[must_use]
    pub const fn has(&self, family: Family) -> bool {
        match family {
            Family::V4 => self.v4.is_some(),
            Family::V6 => self.v6.is_some(),
        }
    }

    /// The families that the host speaks, by precedence (RFC 6724 2.1).
    pub fn families(self) -> impl Iterator<Item = Family> {
        Family::BY_PRECEDENCE.into_iter().filter(move |family| self.has(*family))
    }

    /// Its addresses, by precedence (RFC 6724 2.1).
    pub fn by_precedence(self) -> impl Iterator<Item = IpAddr> {
        Family::BY_PRECEDENCE.into_iter().filter_map(move |family| self.of(family))
    }

    /// The source of what the host sends to an address: its own of that family (RFC 6724 5); the
    /// unspecified one when it has none, and then nothing can be sent.
    #[must_use]
    pub fn source_for(&self, destination: IpAddr) -> IpAddr {
        let family = Family::of(destination);
        self.of(family).unwrap_or(family.unspecified())
    }

    /// Whether the host has that address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.of(Family::of(address)) == Some(address)
    }
}

impl From<IpAddr> for Addresses {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self { v4: Some(v4), v6: None },
            IpAddr::V6(v6) => Self { v4: None, v6: Some(v6) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_of_the_destinations_family() {
        let (v4, v6) = (IpAddr::from([10, 0, 0, 1]), IpAddr::V6(Ipv6Addr::LOCALHOST));
        let only = Addresses::from(v4);
        assert_eq!(only.source_for(IpAddr::from([10, 0, 0, 2])), v4);
        assert_eq!(only.source_for(v6), IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let both = Addresses { v6: Addresses::from(v6).v6, ..only };
        assert_eq!(both.by_precedence().collect::<Vec<_>>(), [v6, v4]);
        assert!(both.contains(v4) && both.contains(v6) && !only.contains(v6));
    }
}
