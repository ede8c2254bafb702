//! How often each kind of event happened: where a run's work went.

use super::kernel::Event;
use crate::net::NetEvent;

/// The names of the kinds, in the order of the counts.
const NAMES: [&str; 12] = [
    "link_head",
    "link_loose",
    "link_free",
    "loopback",
    "tcp_timer",
    "time_wait",
    "converged",
    "unreachable",
    "wake",
    "served",
    "fault_begins",
    "fault_ends",
];

/// The place of an event's kind among [`NAMES`].
const fn place(event: &Event) -> usize {
    match event {
        Event::Net(NetEvent::LinkHead { .. }) => 0,
        Event::Net(NetEvent::LinkLoose { .. }) => 1,
        Event::Net(NetEvent::LinkFree(_)) => 2,
        Event::Net(NetEvent::Loopback { .. }) => 3,
        Event::Net(NetEvent::TcpTimer(_)) => 4,
        Event::Net(NetEvent::TimeWait) => 5,
        Event::Net(NetEvent::Converged) => 6,
        Event::Net(NetEvent::Unreachable(_)) => 7,
        Event::Wake(..) => 8,
        Event::Served(..) => 9,
        Event::FaultBegins(_) => 10,
        Event::FaultEnds(_) => 11,
    }
}

/// Counts of events by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKinds([u64; NAMES.len()]);

impl EventKinds {
    /// Nothing has happened.
    pub(super) const NONE: Self = Self([0; NAMES.len()]);

    /// One more event.
    pub(super) const fn count(&mut self, event: &Event) {
        self.0[place(event)] += 1;
    }

    /// Name and count of each kind, those that never happened included.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        NAMES.into_iter().zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{AppId, HostId, LinkDirId, SocketId};

    /// Breaks when two kinds share a count, or one is counted under another's name.
    #[test]
    fn each_kind_has_its_own_count() {
        let link = LinkDirId(0);
        let all = [
            Event::Net(NetEvent::LinkHead { link, epoch: 0 }),
            Event::Net(NetEvent::LinkLoose { link, number: 0 }),
            Event::Net(NetEvent::LinkFree(link)),
            Event::Net(NetEvent::Loopback { host: HostId(0), epoch: 0 }),
            Event::Net(NetEvent::TcpTimer(SocketId(0))),
            Event::Net(NetEvent::TimeWait),
            Event::Net(NetEvent::Converged),
            Event::Net(NetEvent::Unreachable(SocketId(0))),
            Event::Wake(HostId(0), AppId(0)),
            Event::Served(HostId(0), 0),
            Event::FaultBegins(0),
            Event::FaultEnds(0),
        ];
        for (event, name) in all.iter().zip(NAMES) {
            let mut kinds = EventKinds::NONE;
            kinds.count(event);
            let counted: Vec<_> = kinds.counts().filter(|(_, count)| *count > 0).collect();
            assert_eq!(counted, [(name, 1)], "{event:?}");
        }
    }
}
