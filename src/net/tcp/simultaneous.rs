//! Simultaneous open (RFC 9293 3.5, figure 8): two ends call each other, and their SYNs cross.
//!
//! On the wire it is one connection from the first SYN on. Here each end began with byte
//! streams and a name of its own. At the first crossing that is set right for both: the end
//! with the lower endpoint keeps its streams and its name and counts as the client, the other
//! joins it. That is bookkeeping: no end learns anything by it before a segment says so.
//!
//! Left out: an end that calls itself, from a port to the same port.

use super::stream::Pipe;
use super::tcb::{State, Tcb};
use super::{Context, TcbKey, Tcp};
use crate::base::Side;
use crate::base::trace::ConnStep;
use crate::net::Kernel;
use crate::net::packet::{Flags, Segment};

impl Tcp {
    /// A SYN of `caller` came to an end that is calling it.
    pub(crate) fn cross<K: Kernel>(&mut self, cx: &mut Context<'_, K>, called: TcbKey, caller: TcbKey) {
        // A caller that is gone, or has met another, has nothing to share.
        let Some([called, caller]) = self.ends.two_awake([called, caller]) else { return };
        if called.pipe == caller.pipe || !caller.calls(called) {
            return;
        }
        let end = |tcb: &Tcb| cx.fabric.endpoint(tcb.host, tcb.tuple.0, tcb.tuple.3);
        let (client, server) = if end(called) < end(caller) { (called, caller) } else { (caller, called) };
        let before = cx.kernel.cause();
        server.step(cx, ConnStep::Joined { into: client.conn });
        cx.kernel.set_cause(before);
        let own = server.pipe;
        let said = self.pipes[own].give_up(server.side);
        if self.pipes[own].is_unused() {
            self.pipes.remove(own);
        }
        (server.side, server.pipe, server.conn) = (Side::Server, client.pipe, client.conn);
        let shared = &mut self.pipes[server.pipe];
        shared.attach(server.side);
        shared.outgoing(server.side).append(&said);
    }
}

impl Pipe {
    /// An end that has sent nothing yet leaves, and takes what it was going to say along.
    fn give_up(&mut self, side: Side) -> Vec<u8> {
        let mut said = Vec::new();
        let outgoing = self.outgoing(side);
        let length = u32::try_from(outgoing.end()).expect("within memory");
        outgoing.copy(0, length, &mut said);
        self.release(side);
        said
    }
}

impl Tcb {
    /// Whether this end is calling that one.
    fn calls(&self, other: &Self) -> bool {
        let meets =
            self.tuple == (other.tuple.2, other.host, other.tuple.0, other.tuple.3) && self.host == other.tuple.1;
        self.state.is_opening() && meets && (self.peer == TcbKey::default() || self.peer == other.key)
    }

    /// A SYN without ACK came in SYN-SENT. RFC 9293 3.10.7.3, fourth check: "Otherwise, enter
    /// SYN-RECEIVED, form a SYN,ACK segment `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>` and send it. Set
    /// the variables: SND.WND <- SEG.WND, SND.WL1 <- SEG.SEQ, SND.WL2 <- SEG.ACK". The timer of
    /// our SYN runs on.
    pub(crate) fn answer_crossing_syn<K: Kernel>(&mut self, cx: &mut Context<'_, K>, seg: &Segment) {
        self.peer = seg.from;
        self.rcv.syn();
        self.agree(cx, seg);
        self.agree_on_ecn(cx.config.ecn, seg);
        self.snd.update_window(seg);
        self.state = State::SynReceived;
        // Karn's algorithm: the acknowledgement may be for either of our SYNs.
        self.snd.stop_timing();
        self.emit(cx, 0, 0, Flags::SYN_ACK);
    }
}
