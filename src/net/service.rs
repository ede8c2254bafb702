//! A service (a host's port) and the places that it has for connections.
//!
//! Two limits, both off by default. The *backlog* bounds handshakes under way: when it is
//! full, further SYNs vanish, and their senders repeat them, as with a listener without SYN
//! cookies (RFC 4987 2, 3.6). The *session limit* bounds connections at a time, handshakes
//! included; a session ends when the service closes it. Whoever comes then is refused or
//! not heard. With Poisson arrivals and refusals this is Erlang's loss system.
//!
//! Left out: a queue of connections that are established and wait for `accept`, since
//! applications accept at once.

use std::collections::BTreeMap;

/// At most so many connections at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimit {
    /// The number of places.
    pub most: u32,
    /// What becomes of a caller who finds none.
    pub when_full: WhenFull,
}

/// What becomes of a caller who finds all places taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// A reset: the connection is refused at once.
    Refuse,
    /// Nothing: the caller repeats its SYN until there is a place or its patience ends.
    Ignore,
}

/// What a connection takes of its listener's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    None,
    /// A handshake under way.
    HalfOpen,
    Session,
}

/// Whether a SYN to a listener is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Welcome,
    /// No place in the backlog.
    BacklogFull,
    /// No place for a session.
    Full(WhenFull),
}

/// The services of one host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    limits: BTreeMap<u16, SessionLimit>,
    taken: BTreeMap<u16, Taken>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    half_open: u32,
    sessions: u32,
}

impl Taken {
    const fn of(&mut self, place: Place) -> Option<&mut u32> {
        match place {
            Place::None => None,
            Place::HalfOpen => Some(&mut self.half_open),
            Place::Session => Some(&mut self.sessions),
        }
    }
}

impl Services {
    /// Bounds the sessions of a port from now on; none: no bound.
    pub(crate) fn limit(&mut self, port: u16, limit: Option<SessionLimit>) {
        match limit {
            Some(limit) => self.limits.insert(port, limit),
            None => self.limits.remove(&port),
        };
    }

    /// Whether a listener there takes one more, with that backlog.
    pub(crate) fn admit(&self, port: u16, backlog: Option<u32>) -> Admission {
        let taken = self.taken.get(&port).copied().unwrap_or_default();
        match self.limits.get(&port) {
            Some(limit) if taken.half_open + taken.sessions >= limit.most => Admission::Full(limit.when_full),
            Some(_) | None if backlog.is_some_and(|most| taken.half_open >= most) => Admission::BacklogFull,
            Some(_) | None => Admission::Welcome,
        }
    }

    /// A connection of that port goes from one place to another.
    pub(crate) fn moves(&mut self, port: u16, from: Place, to: Place) {
        let taken = self.taken.entry(port).or_default();
        if let Some(count) = taken.of(from) {
            *count -= 1;
        }
        if let Some(count) = taken.of(to) {
            *count += 1;
        }
    }

    /// Sessions of a port.
    pub(crate) fn sessions(&self, port: u16) -> u32 {
        self.taken.get(&port).map_or(0, |taken| taken.sessions)
    }

    /// The host lost its power: its connections are gone, its limits are not.
    pub(crate) fn crash(&mut self) {
        self.taken.clear();
    }
}
