//! What an end sends and when: new data, what must go again, probes, and the timers of all that.
//!
//! Data goes out in segments of the MSS within min(cwnd, SND.WND). After a timeout SND.NXT goes
//! back to SND.UNA, and slow start sends again from there; the peer's cumulative
//! acknowledgements skip what it already has.

use super::Context;
use super::stream::Pipe;
use super::tcb::{State, Tcb};
use crate::base::trace::{ConnStep, RetransmitReason};
use crate::base::{CloseReason, SimTime};
use crate::net::Kernel;
use crate::net::packet::{Flags, Segment};

impl Tcb {
    /// Sends what the windows allow, and sets the timers for what is out and what must wait.
    pub(crate) fn output<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        if !self.state.sends_data() {
            return;
        }
        self.follow_path(cx);
        let data_end = 1 + pipe.outgoing(self.side).end();
        let now = cx.kernel.now();
        if !self.snd.outstanding() && now.since(self.snd.last_sent) > self.snd.rto.current(cx.config) {
            self.snd.cc.after_idle(cx.config.initial_window);
        }
        if !self.snd.fits_path {
            // The first piece of what was too big is out.
        } else if self.snd.rack.is_some() {
            self.send_by_rack(cx, data_end);
        } else if self.agreed.sack && self.snd.cc.recovery_point().is_some() {
            self.recover_by_sack(cx, data_end);
        } else {
            while self.send_next(cx, data_end) {}
        }
        self.plan_timers(cx, data_end);
    }

    /// Sends the next segment in order, if it may go: new data, or after a time-out what the
    /// peer does not have.
    pub(crate) fn send_next<K: Kernel>(&mut self, cx: &mut Context<'_, K>, data_end: u64) -> bool {
        let again = self.snd.snd_nxt < self.snd.snd_max;
        let (from, known) = self.snd.board.skip(self.snd.snd_nxt);
        if again {
            self.snd.snd_nxt = from;
        }
        let Some((mut len, mut fin)) = self.snd.next_segment(data_end, cx.config) else { return false };
        if again && self.snd.snd_nxt + u64::from(len) > known {
            (len, fin) = (u32::try_from(known - self.snd.snd_nxt).expect("at most an MSS"), false);
        }
        if self.snd.snd_nxt >= self.snd.snd_max && len > 0 {
            let len = u64::from(len);
            assert!(self.snd.flight() + len <= self.snd.snd_wnd, "in flight <= rwnd");
            assert!(self.snd.in_flight() + len <= self.snd.cc.window(), "in flight <= cwnd");
        }
        let why = (self.snd.snd_nxt < self.snd.snd_max).then_some(self.snd.again);
        self.send_data(cx, self.snd.snd_nxt, len, fin, why);
        true
    }

    pub(crate) fn plan_timers<K: Kernel>(&mut self, cx: &mut Context<'_, K>, data_end: u64) {
        let due = cx.kernel.now().saturating_add(self.snd.rto.current(cx.config));
        self.plan_user_timeout(cx, self.snd.outstanding() || self.snd.snd_nxt < data_end);
        // RFC 6298 5.1, 5.2: running while anything is out, off when all is acknowledged.
        if !self.snd.outstanding() {
            self.timers.retransmit = SimTime::NEVER;
        } else if self.timers.retransmit.is_never() {
            self.timers.retransmit = due;
            self.timers.cause = cx.kernel.cause();
        }
        // Nothing out to bring an acknowledgement, and a window too small to send.
        if self.snd.outstanding() || self.snd.snd_nxt >= data_end {
            self.timers.persist = SimTime::NEVER;
        } else if self.timers.persist.is_never() {
            self.timers.persist = due;
            self.timers.cause = cx.kernel.cause();
        }
        self.plan_probe(cx);
    }

    /// Sends a range of the stream, for the first time or again.
    pub(crate) fn send_data<K: Kernel>(
        &mut self,
        cx: &mut Context<'_, K>,
        seq: u64,
        len: u32,
        fin: bool,
        why: Option<RetransmitReason>,
    ) {
        let now = cx.kernel.now();
        let end = seq + u64::from(len) + u64::from(fin);
        match why {
            // Karn's algorithm: a segment that went twice measures nothing, unless it has a
            // timestamp.
            Some(why) => {
                self.snd.timed = self.snd.timed.filter(|_| self.agreed.timestamps);
                self.trace_again(cx, seq, len, why);
            }
            None if self.snd.timed.is_none() => self.snd.timed = Some((end, now)),
            None => {}
        }
        self.snd.snd_nxt = self.snd.snd_nxt.max(end);
        self.snd.snd_max = self.snd.snd_max.max(end);
        self.snd.last_sent = now;
        if let Some(rack) = &mut self.snd.rack {
            rack.sent(seq, end, now);
            if why.is_none() {
                rack.probe.restart();
            }
        }
        self.ecn.new_data = why.is_none() && len > 0;
        self.emit(cx, seq, len, if fin { Flags::FIN_ACK } else { Flags::ACK });
    }

    fn trace_again<K: Kernel>(&self, cx: &mut Context<'_, K>, seq: u64, len: u32, why: RetransmitReason) {
        let before = cx.kernel.cause();
        self.step(cx, ConnStep::Retransmitted { seq, len, why });
        cx.kernel.set_cause(before);
    }

    /// Sends the first unacknowledged segment again, whatever the windows say.
    pub(crate) fn resend_first<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe, why: RetransmitReason) {
        let data_end = 1 + pipe.outgoing(self.side).end();
        let una = self.snd.snd_una;
        let sent = self.snd.snd_max.min(data_end).saturating_sub(una);
        let len = u32::try_from(sent.min(u64::from(self.snd.mss))).expect("at most an MSS");
        let fin = self.snd.fin_queued && una + u64::from(len) == data_end && self.snd.snd_max > data_end;
        self.snd.board.retransmitted(una + u64::from(len) + u64::from(fin));
        self.send_data(cx, una, len, fin, Some(why));
    }

    /// Sends the SYN, or SYN-ACK, for the first time or again.
    pub(crate) fn send_syn<K: Kernel>(&mut self, cx: &mut Context<'_, K>, flags: Flags) {
        let now = cx.kernel.now();
        if self.snd.snd_max == 0 {
            self.snd.timed = Some((1, now));
        } else {
            self.snd.timed = None;
            self.trace_again(cx, 0, 0, RetransmitReason::Timeout);
        }
        (self.snd.snd_nxt, self.snd.snd_max, self.snd.last_sent) = (1, 1, now);
        self.emit(cx, 0, 0, flags);
        if self.timers.retransmit.is_never() {
            self.timers.retransmit = now.saturating_add(self.snd.rto.current(cx.config));
            self.timers.cause = cx.kernel.cause();
        }
    }

    /// New data (or our FIN) was acknowledged.
    pub(crate) fn new_ack<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe, seg: &Segment) {
        let (ack, now) = (seg.ack, cx.kernel.now());
        let echoed = self.echoed_round_trip(now, seg);
        let snd = &mut self.snd;
        let acked = ack - snd.snd_una;
        snd.measure(ack, now, echoed);
        snd.cc.at(now, snd.rto.srtt());
        snd.rto.recover();
        snd.retries = 0;
        snd.probed = false;
        snd.fits_path = true;
        snd.snd_una = ack;
        snd.snd_nxt = snd.snd_nxt.max(ack);
        snd.snd_max = snd.snd_max.max(ack);
        snd.board.acknowledge(ack);
        if let Some(rack) = &mut snd.rack {
            rack.probe.restart();
        }
        self.timers.user = SimTime::NEVER;
        let outgoing = pipe.outgoing(self.side);
        if ack - acked <= outgoing.end()
            && let Some(measured) = &mut snd.measured
        {
            measured.last_acked = Some(now);
        }
        outgoing.acknowledge((ack - 1).min(outgoing.end()));
        let advice = snd.cc.on_new_ack(acked, ack, snd.flight());
        if advice.restart_timer {
            // RFC 6298 5.3: restart, so that it expires a whole RTO from now.
            self.timers.retransmit = SimTime::NEVER;
        }
        if advice.retransmit && self.snd.outstanding() {
            self.resend_first(cx, pipe, RetransmitReason::FastRetransmit);
        }
    }

    /// An acknowledgement repeated the last one while data is out (RFC 5681 2).
    pub(crate) fn dup_ack<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        let (una, flight, max) = (self.snd.snd_una, self.snd.flight(), self.snd.snd_max);
        if self.snd.cc.on_dup_ack(una, flight, max) {
            self.resend_first(cx, pipe, RetransmitReason::FastRetransmit);
        }
    }

    /// Any acknowledgement shows that the peer lives (RFC 9293 3.8.6.1: a connection whose
    /// window is closed stays open as long as the peer answers probes).
    pub(crate) fn peer_lives(&mut self) {
        if !self.timers.persist.is_never() {
            self.snd.retries = 0;
        }
    }

    /// The retransmission timer ran out.
    pub(crate) fn retransmission_timeout<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        self.timers.retransmit = SimTime::NEVER;
        let syn = self.state.is_opening();
        let most = if syn { cx.config.syn_retries } else { cx.config.data_retries };
        if self.snd.retries >= most {
            self.die(cx, pipe, CloseReason::TimedOut);
            return;
        }
        let again = self.snd.retries > 0;
        self.snd.retries += 1;
        self.snd.rto.back_off();
        match self.state {
            State::SynSent => self.send_syn(cx, Flags::SYN),
            State::SynReceived => self.send_syn(cx, Flags::SYN_ACK),
            State::Established | State::FinWait1 | State::CloseWait | State::Closing | State::LastAck => {
                let flight = self.snd.flight_size();
                self.snd.cc.on_timeout(flight, self.snd.snd_max, again);
                self.snd.go_back(RetransmitReason::Timeout, cx.kernel.now());
                self.snd.fits_path = true;
                self.snd.board.forget();
                self.resend_first(cx, pipe, RetransmitReason::Timeout);
                let data_end = 1 + pipe.outgoing(self.side).end();
                self.plan_timers(cx, data_end);
            }
            State::FinWait2 | State::TimeWait | State::Closed => {
                unreachable!("nothing of ours is out in {:?}", self.state)
            }
        }
    }

    /// The persist timer ran out: one octet beyond the closed window, so that the peer
    /// answers with the window it now has; or, in a window too small to be worth a segment,
    /// what it holds.
    pub(crate) fn probe<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        self.timers.persist = SimTime::NEVER;
        if self.snd.retries >= cx.config.data_retries {
            self.die(cx, pipe, CloseReason::TimedOut);
            return;
        }
        self.snd.retries += 1;
        self.snd.rto.back_off();
        let data_end = 1 + pipe.outgoing(self.side).end();
        if self.snd.snd_wnd == 0 {
            self.snd.probed = true;
            self.emit(cx, self.snd.snd_una, 1, Flags::ACK);
        } else {
            let room = self.snd.snd_wnd.min(u64::from(self.snd.mss)).min(data_end - self.snd.snd_nxt);
            self.send_data(cx, self.snd.snd_nxt, u32::try_from(room).expect("at most an MSS"), false, None);
        }
        self.plan_timers(cx, data_end);
    }
}
