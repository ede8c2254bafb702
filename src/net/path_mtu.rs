//! What each host knows of the packets that its paths carry whole (RFC 1191, RFC 8201). IPv4 and
//! IPv6 take the same path, so it is known once for both.
//!
//! Nothing is ever fragmented: each packet has the DF bit set. Who cannot put a packet on a
//! link because it is too big, a router or the sender itself, says by ICMP what that link
//! carries. Hosts remember the least they were told by destination, TCP cuts its segments to
//! it, and what is ten minutes old is forgotten, in case the path has grown. UDP has no use
//! for it: an application's datagram that is too big is lost, and so is the next.
//!
//! Left out: plateaus for routers that do not tell the MTU (RFC 1191 7), probes without ICMP
//! (RFC 4821).

use std::collections::BTreeMap;

use crate::base::{HostId, SimDuration, SimTime};

/// RFC 1191 6.3: a timeout "of 10 minutes" after the last decrease.
const LIFETIME: SimDuration = SimDuration::from_secs(600);
/// RFC 1191 3: "A host MUST never reduce its estimate of the Path MTU below 68 octets".
const LEAST: u32 = 68;

/// The memory of all hosts. Looked up only.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathMtus {
    known: BTreeMap<(HostId, HostId), Known>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    mtu: u32,
    until: SimTime,
}

impl PathMtus {
    /// A host was told what goes through on the way to another. RFC 1191 3: "A host MUST not
    /// increase its estimate of the Path MTU in response to the contents of a Datagram Too Big
    /// message".
    pub(crate) fn told(&mut self, way: (HostId, HostId), mtu: u32, now: SimTime) {
        let mtu = mtu.max(LEAST);
        if self.get(way, now).is_none_or(|known| mtu < known) {
            self.known.insert(way, Known { mtu, until: now.saturating_add(LIFETIME) });
        }
    }

    /// The largest packet for that way, as far as known.
    pub(crate) fn get(&self, way: (HostId, HostId), now: SimTime) -> Option<u32> {
        self.known.get(&way).filter(|known| now < known.until).map(|known| known.mtu)
    }

    /// Whether no host was ever told anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// A host lost its power.
    pub(crate) fn crash(&mut self, host: HostId) {
        self.known.retain(|way, _| way.0 != host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_fall_and_are_forgotten() {
        let way = (HostId(0), HostId(1));
        let at = |secs: u64| SimTime::from_nanos(secs * 1_000_000_000);
        let mut paths = PathMtus::default();
        paths.told(way, 1_400, at(0));
        paths.told(way, 1_500, at(1));
        assert_eq!(paths.get(way, at(599)), Some(1_400), "never raised by a message");
        paths.told(way, 1_300, at(100));
        assert_eq!((paths.get(way, at(699)), paths.get(way, at(700))), (Some(1_300), None));
        paths.told(way, 8, at(800));
        assert_eq!((paths.get(way, at(800)), paths.get((way.1, way.0), at(800))), (Some(68), None));
        paths.crash(HostId(0));
        assert!(paths.is_empty());
    }
}
