//! One end of a connection: the transmission control block and its states.
//!
//! ```text
//!                        SYN from the called
//!   connect ── SYN-SENT ──────────────┬─────────>┌── SYN-RECEIVED ── SYN to a listener
//!                                     v          v
//!            close ┌──────────── ESTABLISHED ────────────┐ FIN
//!                  v                                     v
//!              FIN-WAIT-1 ── FIN ──> CLOSING         CLOSE-WAIT
//!                  │ ACK of FIN         │                │ close
//!                  v                    v                v
//!              FIN-WAIT-2 ── FIN ──> TIME-WAIT        LAST-ACK ──> CLOSED
//! ```
//!
//! (RFC 9293 3.3.2.)

use slotmap::Key as _;

use super::challenge::Challenges;
use super::delayed_ack::AckClock;
use super::ecn::EcnState;
use super::options::{Agreed, MAX_UNSCALED};
use super::receiver::Receiver;
use super::sender::Sender;
use super::stream::{Pipe, PipeKey};
use super::timers::Timers;
use super::{Context, TcbKey, socket};
use crate::base::trace::{ConnStep, Trace};
use crate::base::{AppId, CloseReason, ConnId, HostId, Side, SimTime};
#[cfg(test)]
use crate::net::packet::Ecn;
use crate::net::packet::{Flags, Packet, Segment};
use crate::net::ports::Tuple;
use crate::net::service::Place;
use crate::net::{Kernel, Notice};

/// RFC 9293 3.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    Closed,
}

impl State {
    /// Whether the handshake is under way.
    pub(crate) const fn is_opening(self) -> bool {
        match self {
            Self::SynSent | Self::SynReceived => true,
            Self::Established
            | Self::FinWait1
            | Self::FinWait2
            | Self::CloseWait
            | Self::Closing
            | Self::LastAck
            | Self::TimeWait
            | Self::Closed => false,
        }
    }

    /// Whether the peer may still send data and a FIN.
    pub(crate) const fn receives_data(self) -> bool {
        match self {
            Self::Established | Self::FinWait1 | Self::FinWait2 => true,
            Self::SynSent
            | Self::SynReceived
            | Self::CloseWait
            | Self::Closing
            | Self::LastAck
            | Self::TimeWait
            | Self::Closed => false,
        }
    }

    /// Whether data or a FIN of this end may be out.
    pub(crate) const fn sends_data(self) -> bool {
        match self {
            Self::Established | Self::CloseWait | Self::FinWait1 | Self::Closing | Self::LastAck => true,
            Self::SynSent | Self::SynReceived | Self::FinWait2 | Self::TimeWait | Self::Closed => false,
        }
    }
}

/// A transmission control block.
#[derive(Clone, Debug)]
pub(crate) struct Tcb {
    pub(crate) key: TcbKey,
    pub(crate) host: HostId,
    pub(crate) app: AppId,
    pub(crate) side: Side,
    pub(crate) conn: ConnId,
    /// Local port, peer, peer's port, family.
    pub(crate) tuple: Tuple,
    /// The peer's end, once a segment of it came.
    pub(crate) peer: TcbKey,
    pub(crate) pipe: PipeKey,
    pub(crate) state: State,
    /// Its application opened it, and no listener.
    pub(crate) active: bool,
    pub(crate) snd: Sender,
    pub(crate) rcv: Receiver,
    pub(crate) timers: Timers,
    /// ISS: the real sequence number of our SYN.
    pub(crate) iss: u32,
    /// Options in force.
    pub(crate) agreed: Agreed,
    pub(crate) ecn: EcnState,
    /// The acknowledgement that it owes its peer.
    pub(crate) ack: AckClock,
    pub(crate) challenges: Challenges,
    /// The application waits until no more octets than that are unsent.
    pub(crate) drain_to: Option<u32>,
}

impl Tcb {
    /// Whether the segment is from the peer that this end knows, to this very end.
    pub(crate) fn fits(&self, seg: &Segment) -> bool {
        if seg.flags.rst {
            return seg.to == self.key;
        }
        (seg.to.is_null() || seg.to == self.key) && (self.peer.is_null() || seg.from == self.peer)
    }

    /// Sends a segment.
    pub(crate) fn emit<K: Kernel>(&mut self, cx: &mut Context<'_, K>, seq: u64, len: u32, flags: Flags) {
        let (mut window, now) = (self.rcv.advertise(), cx.kernel.now());
        if flags.syn {
            // RFC 7323 2.2: the window of a SYN is never scaled.
            window = window.min(MAX_UNSCALED);
        }
        let options = if flags.syn { self.syn_options(cx, flags.ack) } else { self.options(now, len) };
        let segment = Segment {
            from: self.key,
            to: self.peer,
            conn: self.conn,
            seq,
            ack: if flags.ack { self.rcv.rcv_nxt } else { 0 },
            len,
            window,
            options,
            ecn: self.ecn_bits(cx.config.ecn, flags.syn, flags.ack),
            flags,
        };
        if flags.ack {
            self.ack.sent();
            self.agreed.last_ack_sent = self.rcv.rcv_nxt;
            self.timers.delayed_ack = SimTime::NEVER;
        }
        self.post(cx, segment);
    }

    /// Sends a segment from this end's port to its peer's.
    pub(crate) fn post<K: Kernel>(&self, cx: &mut Context<'_, K>, segment: Segment) {
        let (port, peer, peer_port, family) = self.tuple;
        #[cfg_attr(not(test), expect(unused_mut, reason = "tests mark it"))]
        let mut packet = Packet::tcp(family, (self.host, port), (peer, peer_port), segment);
        #[cfg(test)]
        if packet.ecn == Ecn::Ect0 && cx.config.mark_at.is_some_and(|seq| segment.seq == seq) {
            packet.ecn = Ecn::Ce;
        }
        cx.fabric.send(cx.kernel, packet);
    }

    /// Sends a segment without data. It stands at the highest sequence number sent, which
    /// the peer always finds acceptable, even while older data is being sent again.
    pub(crate) fn emit_ack<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        self.emit(cx, self.snd.sent_upto(), 0, Flags::ACK);
    }

    /// Writes a step to the trace; it becomes the cause of what follows.
    pub(crate) fn step<K: Kernel>(&self, cx: &mut Context<'_, K>, step: ConnStep) {
        if K::TRACING {
            let id = cx.kernel.trace(self.host, Trace::Conn { conn: self.conn, side: self.side, step });
            cx.kernel.set_cause(id);
        }
    }

    /// The handshake is done on this side.
    pub(crate) fn establish<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        // A close before the handshake was done takes effect now. (RFC 9293 3.10.4 would
        // delete the TCB in SYN-SENT; a user who sends and closes at once expects delivery.)
        self.state = if self.snd.fin_queued { State::FinWait1 } else { State::Established };
        self.snd.established(cx.config);
        self.heard_of_peer(cx);
        self.step(cx, ConnStep::Established);
        let (host, app, socket) = (self.host, self.app, socket(self.key));
        let (local_port, peer, peer_port, family) = self.tuple;
        cx.notices.push_back(if self.active {
            Notice::Connected { host, app, socket }
        } else {
            let peer = cx.fabric.endpoint(peer, peer_port, family);
            Notice::Accepted { host, app, socket, conn: self.conn, local_port, peer }
        });
    }

    /// What it takes of its listener's places.
    pub(crate) const fn place(&self) -> Place {
        match self.state {
            State::SynReceived if !self.active => Place::HalfOpen,
            State::Established | State::CloseWait if !self.active => Place::Session,
            State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Closed => Place::None,
        }
    }

    /// Tells the application and the trace that the connection is closed.
    pub(crate) fn report_closed<K: Kernel>(&self, cx: &mut Context<'_, K>, pipe: &mut Pipe, reason: CloseReason) {
        self.trace_closed(cx, pipe, reason);
        let (host, app, socket) = (self.host, self.app, socket(self.key));
        cx.notices.push_back(Notice::Closed { host, app, socket, reason });
    }

    /// Tells the trace only.
    pub(crate) fn trace_closed<K: Kernel>(&self, cx: &mut Context<'_, K>, pipe: &mut Pipe, reason: CloseReason) {
        let sent = self.snd.snd_max.saturating_sub(1).min(pipe.outgoing(self.side).end());
        let figures = self.figures(pipe);
        self.step(cx, ConnStep::Closed { reason, sent, received: self.rcv.octets(), figures });
    }

    /// Goes to CLOSED, with a word to the application unless it never knew the connection.
    pub(crate) fn die<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe, reason: CloseReason) {
        match self.state {
            State::TimeWait | State::Closed => {}
            State::SynReceived if !self.active => self.trace_closed(cx, pipe, reason),
            State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => self.report_closed(cx, pipe, reason),
        }
        self.state = State::Closed;
    }

    /// Goes to TIME-WAIT: for the application the connection is over.
    pub(crate) fn enter_time_wait<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        self.state = State::TimeWait;
        self.timers.stop();
        self.wait(cx);
        self.report_closed(cx, pipe, CloseReason::Finished);
    }

    /// What only a bug can break.
    pub(crate) fn check(&self) {
        self.snd.check();
        self.rcv.check();
    }
}
