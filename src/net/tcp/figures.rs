//! What a connection end tells of itself: its figures where it ends, its windows when asked.

use super::stream::Pipe;
use super::tcb::{State, Tcb};
use super::{Context, Tcp};
use crate::base::trace::{EndFigures, Windows};
use crate::base::{ConnId, Side};
use crate::net::Kernel;

impl Tcb {
    /// What this end has measured so far.
    pub(crate) fn figures(&self, pipe: &Pipe) -> EndFigures {
        EndFigures {
            rtt: self.snd.rto.figures(),
            acked: self.snd.snd_una.saturating_sub(1).min(pipe.sent_by(self.side).end()),
            last_acked: self.snd.last_acked,
            discarded: self.rcv.discarded,
        }
    }

    /// Tells the windows, once there is something to send through them.
    pub(crate) fn tell_windows<K: Kernel>(&self, cx: &mut Context<'_, K>) {
        match self.state {
            State::SynSent | State::SynReceived | State::TimeWait | State::Closed => return,
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => {}
        }
        let (port, _, peer_port, _) = self.tuple;
        let windows = Windows {
            at: cx.kernel.now(),
            host: self.host,
            conn: self.conn,
            side: self.side,
            ports: [port, peer_port],
            cwnd: self.snd.cc.cwnd(),
            ssthresh: self.snd.cc.ssthresh(),
            srtt: self.snd.rto.srtt(),
            rto: self.snd.rto.current(),
            in_flight: self.snd.in_flight(),
        };
        cx.kernel.windows(&windows);
    }
}

impl Tcp {
    /// What the ends have measured so far that are not closed.
    pub(crate) fn open_ends(&self) -> impl Iterator<Item = (ConnId, Side, EndFigures)> {
        let open = self.tcbs.values().filter(|tcb| tcb.state != State::TimeWait);
        open.map(|tcb| (tcb.conn, tcb.side, tcb.figures(&self.pipes[tcb.pipe])))
    }
}
