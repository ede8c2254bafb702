//! What tests may see of a connection end, and the segments that they forge.

use std::collections::BTreeMap;

use super::ends::End;
pub(crate) use super::tcb::State;
use super::{TcbKey, key, socket};
use crate::base::trace::TcpOptions;
use crate::base::{SimDuration, SimTime, SocketId};
use crate::net::packet::{Flags, Packet, Segment};
use crate::net::{Kernel, Network};

/// What a look at a connection end shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net) struct Glimpse {
    pub(in crate::net) state: State,
    /// There is somebody to call.
    pub(in crate::net) has_way: bool,
    pub(in crate::net) una: u64,
    pub(in crate::net) nxt: u64,
    pub(in crate::net) max: u64,
    pub(in crate::net) mss: u32,
    pub(in crate::net) cwnd: u64,
    pub(in crate::net) retries: u32,
    pub(in crate::net) rto: SimDuration,
    pub(in crate::net) retransmit: SimTime,
    pub(in crate::net) loss: SimTime,
    pub(in crate::net) persist: SimTime,
    pub(in crate::net) delayed_ack: SimTime,
    pub(in crate::net) keep_alive: SimTime,
    pub(in crate::net) user: SimTime,
    pub(in crate::net) time_wait: SimTime,
}

impl Glimpse {
    pub(in crate::net) const fn outstanding(&self) -> bool {
        self.max > self.una
    }
}

impl Network {
    /// A look at all connection ends.
    pub(in crate::net) fn glimpses(&self) -> BTreeMap<SocketId, Glimpse> {
        let glimpse = |tcb: &super::tcb::Tcb| {
            let (retries, rto) = tcb.snd.patience(&self.config);
            Glimpse {
                state: tcb.state,
                has_way: tcb.tuple.0 != 0,
                una: tcb.snd.snd_una,
                nxt: tcb.snd.snd_nxt,
                max: tcb.snd.snd_max,
                mss: tcb.snd.mss,
                cwnd: tcb.snd.cc.cwnd(),
                retries,
                rto,
                retransmit: tcb.timers.retransmit,
                loss: tcb.timers.loss,
                persist: tcb.timers.persist,
                delayed_ack: tcb.timers.delayed_ack,
                keep_alive: tcb.timers.keep_alive,
                user: tcb.timers.user,
                time_wait: tcb.timers.time_wait,
            }
        };
        // Who is looked at wakes, here a copy.
        let mut ends = self.tcp.ends.clone();
        let keys: Vec<TcbKey> = ends.iter().map(|(key, _)| key).collect();
        keys.into_iter().filter_map(|key| Some((socket(key), glimpse(ends.wake(key, &self.config)?)))).collect()
    }

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
