//! What tests may see of a connection end, and the segments that they forge.

use super::ends::End;
pub(crate) use super::tcb::State;
use super::{TcbKey, key, socket};
use crate::base::SocketId;
use crate::base::trace::TcpOptions;
use crate::net::packet::{Flags, Packet, Segment};
use crate::net::{Kernel, Network};

impl Network {
    /// The state of a connection end; none when it is no more.
    pub(in crate::net) fn state(&self, socket: SocketId) -> Option<State> {
        self.tcp.ends.get(key(socket)).map(End::state)
    }

    /// The only end in SYN-RECEIVED.
    pub(in crate::net) fn half_open(&self) -> Option<SocketId> {
        self.tcp.ends.iter().find(|(_, end)| end.state() == State::SynReceived).map(|(key, _)| socket(key))
    }

    /// RCV.NXT of a connection end.
    pub(in crate::net) fn rcv_nxt(&self, socket: SocketId) -> u64 {
        self.tcp.ends.get(key(socket)).expect("it is there").rcv_nxt()
    }

    /// The peer of a connection end sends it an empty segment, whatever its own state is.
    pub(in crate::net) fn forge<K: Kernel>(&mut self, kernel: &mut K, to: SocketId, seq: u64, ack: u64, flags: Flags) {
        let end = self.tcp.ends.get(key(to)).expect("it is there");
        let (port, peer, peer_port, family) = end.tuple();
        let segment = Segment {
            from: if flags.rst { TcbKey::default() } else { end.peer() },
            to: key(to),
            conn: end.name().0,
            seq,
            ack,
            len: 0,
            window: 65_535,
            options: TcpOptions::default(),
            flags,
            ecn: Default::default(),
        };
        let packet = Packet::tcp(family, (peer, peer_port), (end.host(), port), segment);
        self.fabric.send(kernel, packet);
    }
}
