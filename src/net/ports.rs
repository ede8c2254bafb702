//! A host's ports: who listens, who is bound, and which connection a segment belongs to.
//!
//! Ephemeral ports count upward from 49152 (RFC 6335 6) and wrap; real hosts choose at
//! random (RFC 6056), which would only make ladders harder to read. Resolvers do choose at random,
//! since forged answers have to meet the port. The counters survive a
//! crash, so that a host that comes back does not meet its own former connections.
//!
//! A listener or a bound port takes what comes over either family, as a socket does whose
//! `IPV6_V6ONLY` is off (RFC 3493 5.3). Connections of the two families are kept apart: the same
//! ports of the same hosts can be in use once over each.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::service::Services;
use super::tcp::TcbKey;
use crate::base::{AppId, Family, HostId, Stream};

/// The first of the dynamic ports (RFC 6335 6).
const FIRST_EPHEMERAL: u16 = 49_152;
const EPHEMERAL_PORTS: u32 = 1 << 14;

/// A connection as seen from one host: local port, peer, peer's port, and the family of both
/// addresses.
pub(crate) type Tuple = (u16, HostId, u16, Family);

/// A tuple in one word: there is one for each end of a connection. The hash is one
/// multiplication, by which low bits reach all others, so what differs most stands there.
fn pack((port, peer, peer_port, family): Tuple) -> u64 {
    assert!(peer.0 < 1 << 31, "host numbers are small");
    let host = u64::from(peer.0) << 1 | u64::from(family == Family::V6);
    host << 32 | u64::from(peer_port) << 16 | u64::from(port)
}

/// The ports of one host.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    listeners: BTreeMap<u16, AppId>,
    udp: BTreeMap<u16, AppId>,
    /// Out of service, whoever listens or is bound.
    closed: BTreeSet<u16>,
    pub(crate) services: Services,
    /// Looked up only.
    connections: FxHashMap<u64, TcbKey>,
    next_tcp: u16,
    next_udp: u16,
    opened: u32,
}

impl Ports {
    pub(crate) fn new() -> Self {
        Self {
            listeners: BTreeMap::new(),
            udp: BTreeMap::new(),
            closed: BTreeSet::new(),
            services: Services::default(),
            connections: FxHashMap::default(),
            next_tcp: FIRST_EPHEMERAL,
            next_udp: FIRST_EPHEMERAL,
            opened: 0,
        }
    }

    pub(crate) fn listen(&mut self, port: u16, app: AppId) {
        self.listeners.insert(port, app);
    }

    pub(crate) fn listener(&self, port: u16) -> Option<AppId> {
        self.listeners.get(&port).copied().filter(|_| !self.closed.contains(&port))
    }

    /// Takes a port out of service or back into it. A host that starts anew does not mend it.
    pub(crate) fn set_service_up(&mut self, port: u16, up: bool) {
        if up {
            self.closed.remove(&port);
        } else {
            self.closed.insert(port);
        }
    }

    pub(crate) fn bind_udp(&mut self, port: u16, app: AppId) {
        self.udp.insert(port, app);
    }

    /// Binds the next free port. When all are taken, the one bound longest ago changes hands.
    pub(crate) fn bind_udp_ephemeral(&mut self, app: AppId) -> u16 {
        let mut port = self.next_udp;
        for _ in 0..EPHEMERAL_PORTS {
            if !self.udp.contains_key(&port) {
                break;
            }
            port = after(port);
        }
        self.next_udp = after(port);
        self.udp.insert(port, app);
        port
    }

    /// Binds a port drawn from all above 1023; from the eighth draw that meets a bound one on, the
    /// next free port.
    pub(crate) fn bind_udp_random(&mut self, app: AppId, draws: &mut Stream) -> u16 {
        const FIRST: u16 = 1024;
        for _ in 0..8 {
            let draw = draws.below(u64::from(u16::MAX - FIRST) + 1);
            let port = FIRST + u16::try_from(draw).unwrap_or(0);
            if let Entry::Vacant(free) = self.udp.entry(port) {
                free.insert(app);
                return port;
            }
        }
        self.bind_udp_ephemeral(app)
    }

    pub(crate) fn unbind_udp(&mut self, port: u16) {
        self.udp.remove(&port);
    }

    pub(crate) fn udp(&self, port: u16) -> Option<AppId> {
        self.udp.get(&port).copied().filter(|_| !self.closed.contains(&port))
    }

    /// The count of connections opened, this one included.
    pub(crate) fn count_opened(&mut self) -> u32 {
        self.opened += 1;
        self.opened
    }

    /// That local port, if it is free for a connection of this host to that peer.
    pub(crate) fn tcp_chosen(
        &self,
        port: u16,
        host: HostId,
        peer: HostId,
        peer_port: u16,
        family: Family,
    ) -> Option<u16> {
        let itself = host == peer && port == peer_port;
        (!itself && !self.connections.contains_key(&pack((port, peer, peer_port, family)))).then_some(port)
    }

    /// A local port that is free for a connection to that peer; none when all are in use.
    pub(crate) fn tcp_ephemeral(&mut self, host: HostId, peer: HostId, peer_port: u16, family: Family) -> Option<u16> {
        let mut port = self.next_tcp;
        for _ in 0..EPHEMERAL_PORTS {
            let free = self.tcp_chosen(port, host, peer, peer_port, family).is_some();
            if free && !self.listeners.contains_key(&port) {
                self.next_tcp = after(port);
                return Some(port);
            }
            port = after(port);
        }
        None
    }

    pub(crate) fn connection(&self, tuple: Tuple) -> Option<TcbKey> {
        self.connections.get(&pack(tuple)).copied()
    }

    pub(crate) fn insert(&mut self, tuple: Tuple, key: TcbKey) {
        self.connections.insert(pack(tuple), key);
    }

    pub(crate) fn remove(&mut self, tuple: Tuple) {
        self.connections.remove(&pack(tuple));
    }

    /// Counts ephemeral ports from the first one again, as if they had wrapped.
    #[cfg(test)]
    pub(crate) fn rewind(&mut self) {
        self.next_tcp = FIRST_EPHEMERAL;
    }

    /// Forgets all sockets: the host lost its power.
    pub(crate) fn crash(&mut self) {
        self.listeners.clear();
        self.udp.clear();
        self.connections.clear();
        self.services.crash();
    }
}

const fn after(port: u16) -> u16 {
    match port.checked_add(1) {
        Some(next) => next,
        None => FIRST_EPHEMERAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ephemeral_ports_count_up_wrap_and_skip_what_is_taken() {
        let mut ports = Ports::new();
        ports.bind_udp(FIRST_EPHEMERAL + 1, AppId(9));
        assert_eq!(ports.bind_udp_ephemeral(AppId(0)), FIRST_EPHEMERAL);
        assert_eq!(ports.bind_udp_ephemeral(AppId(0)), FIRST_EPHEMERAL + 2);
        ports.next_udp = u16::MAX;
        assert_eq!(ports.bind_udp_ephemeral(AppId(0)), u16::MAX);
        assert_eq!(ports.bind_udp_ephemeral(AppId(0)), FIRST_EPHEMERAL + 3);
    }
}
