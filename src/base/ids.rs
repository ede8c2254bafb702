//! Handles of the things a world holds: plain indices, one type per kind.

use std::fmt;

use serde::Serialize;

/// A host or router, numbered in the order of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct HostId(pub u32);

/// One direction of a link: link `n` has the directions `2n` (first end to second) and `2n + 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LinkDirId(pub u32);

/// The n-th application of a host, counted from 0 in the order in which the host starts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AppId(pub u16);

/// A TCP connection: the `number`-th (from 1) that `host` opened. Both ends use this name,
/// and it does not depend on what other hosts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ConnId {
    /// The host that opened the connection.
    pub host: HostId,
    /// Its count of connections opened, from 1.
    pub number: u32,
}

/// A DNS question sent: the `number`-th (from 1) that `host` asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct QueryId {
    /// The host that asked.
    pub host: HostId,
    /// Its count of questions, from 1; a repetition after a time-out is a new question.
    pub number: u32,
}

/// An event of the trace, numbered from 1 in the order of occurrence; 0 is "no event".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EventId(pub u64);

/// A place among the events of one instant: (origin host, that host's own counter). It does
/// not depend on which host's events were handled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order {
    /// The host that causes the event.
    pub origin: HostId,
    /// That host's count of events caused.
    pub counter: u64,
}

impl HostId {
    /// As an index into a table of hosts.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl LinkDirId {
    /// As an index into a table of link directions.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The other direction of the same link.
    #[must_use]
    pub const fn reverse(self) -> Self {
        Self(self.0 ^ 1)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}
