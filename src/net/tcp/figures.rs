//! What a connection end tells of itself: its figures where it ends, its windows when asked.

use super::stream::Pipe;
use super::tcb::{State, Tcb};
use super::{Context, Tcp};
use crate::base::trace::{EndFigures, RttFigures, Windows};
use crate::base::{ConnId, Side, SimTime};
use crate::net::Kernel;

/// What an end measures while somebody reads the trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) rtt: RttFigures,
    /// When data was last newly acknowledged.
    pub(crate) last_acked: Option<SimTime>,
    /// Octets that came and were not taken in.
    pub(crate) discarded: u64,
}

impl Measured {
    /// The figures of an end with that SND.UNA, whose outgoing stream has so many octets.
    pub(crate) const fn figures(&self, snd_una: u64, octets: u64) -> EndFigures {
        let acked = snd_una.saturating_sub(1);
        EndFigures {
            rtt: self.rtt,
            acked: if acked < octets { acked } else { octets },
            last_acked: self.last_acked,
            discarded: self.discarded,
        }
    }
}

impl Tcb {
    /// What this end has measured so far.
    pub(crate) fn figures(&self, pipe: &Pipe) -> EndFigures {
        let measured = self.snd.measured.as_deref();
        measured
            .map_or_else(EndFigures::default, |measured| measured.figures(self.snd.snd_una, pipe.appended(self.side)))
    }

    /// Octets came in vain.
    pub(crate) fn discard(&mut self, octets: u64) {
        if let Some(measured) = &mut self.snd.measured {
            measured.discarded += octets;
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
            rto: self.snd.rto.current(cx.config),
            in_flight: self.snd.in_flight(),
        };
        cx.kernel.windows(&windows);
    }
}

impl Tcp {
    /// What the ends have measured so far that are not closed.
    pub(crate) fn open_ends(&self) -> impl Iterator<Item = (ConnId, Side, EndFigures)> {
        self.ends.iter().filter(|(_, end)| end.state() != State::TimeWait).map(|(_, end)| {
            let (conn, side) = end.name();
            (conn, side, end.figures(&self.pipes[end.pipe()]))
        })
    }
}
