//! Segment arrives: RFC 9293 3.10.7, in its order of checks.
//!
//! Left out: urgent data, security and precedence.

use super::Context;
use super::stream::Pipe;
use super::tcb::{State, Tcb};
use crate::base::{CloseReason, SimDuration};
use crate::net::packet::{Ecn, Flags, Segment};
use crate::net::{Kernel, Notice};

impl Tcb {
    /// Processes a segment from the peer.
    pub(crate) fn segment_arrives<K: Kernel>(
        &mut self,
        cx: &mut Context<'_, K>,
        pipe: &mut Pipe,
        mark: Ecn,
        seg: &Segment,
    ) {
        self.heard_of_peer(cx);
        if self.state == State::SynSent {
            self.arrives_in_syn_sent(cx, pipe, seg);
        } else if self.screen(cx, pipe, seg) {
            self.read_ecn(cx, mark, seg);
            if self.acknowledgement(cx, pipe, seg) {
                self.text(cx, seg);
                self.fin(cx, pipe);
            }
        }
        self.output(cx, pipe);
        self.perhaps_drained(cx, pipe);
        self.check();
    }

    /// RFC 9293 3.10.7.3.
    fn arrives_in_syn_sent<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe, seg: &Segment) {
        let acceptable = seg.flags.ack && seg.ack == self.snd.snd_nxt;
        if seg.flags.ack && !acceptable {
            // "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set)".
            if !seg.flags.rst {
                self.post(cx, seg.reset());
            }
        } else if seg.flags.rst {
            if acceptable {
                self.die(cx, pipe, CloseReason::Refused);
            }
        } else if seg.flags.syn && acceptable {
            self.peer = seg.from;
            self.rcv.syn();
            self.agree(cx, seg);
            self.agree_on_ecn(cx.config.ecn, seg);
            let echoed = self.echoed_round_trip(cx.kernel.now(), seg);
            self.snd.measure(seg.ack, cx.kernel.now(), echoed);
            self.snd.snd_una = seg.ack;
            self.snd.update_window(seg);
            self.timers.stop();
            self.ack.owe_now();
            self.establish(cx);
        } else if seg.flags.syn {
            self.answer_crossing_syn(cx, seg);
        }
    }

    /// First to fourth check: sequence number, RST, SYN. True: go on.
    fn screen<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe, seg: &Segment) -> bool {
        if seg.flags.rst {
            self.reset_arrives(cx, pipe, seg);
            return false;
        }
        if seg.flags.syn && self.state == State::SynReceived {
            if seg.flags.ack && self.active {
                // Figure 8: the peer's SYN came before, and this is its answer to ours. By the
                // first check alone it would be old.
                self.acknowledgement(cx, pipe, seg);
            } else {
                // The peer repeats its SYN: it has not got our SYN-ACK.
                self.send_syn(cx, Flags::SYN_ACK);
            }
            return false;
        }
        if seg.flags.syn {
            // RFC 5961 4.2: "If the SYN bit is set, irrespective of the sequence number, TCP MUST
            // send an ACK (also referred to as challenge ACK) to the remote peer".
            self.challenge(cx);
            return false;
        }
        let fresh = self.timestamp_is_fresh(cx.kernel.now(), seg);
        if !fresh || !self.rcv.acceptable(seg.seq, seg.space()) {
            self.discard(u64::from(seg.len));
            // "If an incoming segment is not acceptable, an acknowledgment should be sent in
            // reply". Not to one without text: nothing waits for that reply here, except for that
            // to a keep-alive, which stands one before its time.
            if seg.space() > 0 || seg.seq + 1 == self.rcv.rcv_nxt {
                self.ack.owe_now();
            }
            if self.state == State::TimeWait && seg.flags.fin {
                // "The only thing that can arrive in this state is a retransmission of the
                // remote FIN. Acknowledge it, and restart the 2 MSL timeout."
                self.wait(cx);
            }
            return false;
        }
        true
    }

    /// Fifth check: the ACK field. True: go on.
    fn acknowledgement<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe, seg: &Segment) -> bool {
        if !seg.flags.ack {
            return false;
        }
        if self.state == State::SynReceived {
            if seg.ack != self.snd.snd_nxt {
                self.post(cx, seg.reset());
                return false;
            }
            let echoed = self.echoed_round_trip(cx.kernel.now(), seg);
            self.snd.measure(seg.ack, cx.kernel.now(), echoed);
            self.snd.snd_una = seg.ack;
            self.snd.update_window(seg);
            self.timers.stop();
            self.establish(cx);
            return true;
        }
        if !self.snd.may_be_acknowledged(seg.ack) {
            // "If the ACK acks something not yet sent, then send an ACK, drop the segment"; and
            // so for one too old to be of this window (RFC 5961 5.2).
            self.challenge(cx);
            return false;
        }
        let window_changed = self.snd.update_window(seg);
        let sack_news = self.read_sack(seg);
        self.peer_lives();
        self.probe_answered(cx, seg);
        if seg.ack > self.snd.snd_una {
            self.new_ack(cx, pipe, seg);
            self.our_fin_acknowledged(cx, pipe);
        } else if self.agreed.sack {
            if sack_news && self.snd.rack.is_none() {
                self.selective_ack(cx, pipe);
            }
        } else if seg.ack == self.snd.snd_una && self.snd.outstanding() && seg.space() == 0 && !window_changed {
            self.dup_ack(cx, pipe);
        }
        self.delivered(cx, pipe, seg);
        self.state != State::Closed
    }

    fn our_fin_acknowledged<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        let fin_end = 2 + pipe.outgoing(self.side).end();
        if !self.snd.fin_queued || self.snd.snd_una < fin_end {
            return;
        }
        match self.state {
            State::FinWait1 => {
                self.state = State::FinWait2;
                self.timers.stop();
                self.heard_of_peer(cx);
            }
            State::Closing => self.enter_time_wait(cx, pipe),
            State::LastAck => self.die(cx, pipe, CloseReason::Finished),
            State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait2
            | State::CloseWait
            | State::TimeWait
            | State::Closed => {}
        }
    }

    /// Seventh: the segment's text.
    fn text<K: Kernel>(&mut self, cx: &mut Context<'_, K>, seg: &Segment) {
        if !self.state.receives_data() || seg.space() == 0 {
            return;
        }
        let whole = self.rcv.is_whole();
        let gain = self.rcv.accept(seg.seq, seg.len, seg.flags.fin);
        self.discard(gain.discarded);
        if whole && self.rcv.is_whole() && gain.octets > 0 && !gain.fin {
            self.ack.in_order(gain.octets, self.snd.mss, cx.config.delayed_ack > SimDuration::ZERO);
        } else {
            // RFC 5681 4.2: "Out-of-order data segments SHOULD be acknowledged
            // immediately", and so a segment "that fills in all or part of a gap". A FIN
            // too, and what brings nothing new: the peer waits for it.
            self.ack.owe_now();
        }
        if gain.octets > 0 {
            let (host, app, socket) = (self.host, self.app, super::socket(self.key));
            cx.notices.push_back(Notice::Readable { host, app, socket });
        }
    }

    /// Eighth: the peer's FIN, once everything before it came.
    fn fin<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        if !self.rcv.fin_received() {
            return;
        }
        let next = match self.state {
            State::Established => State::CloseWait,
            State::FinWait1 => State::Closing,
            State::FinWait2 => State::TimeWait,
            State::SynSent
            | State::SynReceived
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Closed => return,
        };
        let (host, app, socket) = (self.host, self.app, super::socket(self.key));
        cx.notices.push_back(Notice::PeerClosed { host, app, socket });
        if next == State::TimeWait {
            self.enter_time_wait(cx, pipe);
        } else {
            self.state = next;
        }
    }

    /// A segment that belongs to another incarnation of the same four-tuple: its sequence
    /// numbers would be nowhere near ours.
    pub(crate) fn foreign_segment<K: Kernel>(&mut self, cx: &mut Context<'_, K>, seg: &Segment) {
        if seg.flags.rst {
            return;
        }
        let opening = self.state.is_opening();
        if opening && seg.flags.ack {
            self.post(cx, seg.reset());
        } else if seg.flags.syn && !opening {
            // RFC 9293 3.10.7.4, fourth check: a challenge ACK; whoever has started anew
            // answers it with a reset.
            self.challenge(cx);
        }
    }
}
