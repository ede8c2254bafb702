//! The sending half: what may be sent, what is sent again, and when to give up.
//!
//! Data goes out in segments of the MSS within min(cwnd, SND.WND). A short segment is sent
//! when it holds the last of the data, or fills up the peer's window; not to fill up the
//! congestion window. Nagle's algorithm and the sender's part of silly-window avoidance are
//! options; without them an application's write is sent at once.
//! After a timeout SND.NXT goes back to SND.UNA, and slow start sends again from there; the
//! peer's cumulative acknowledgements skip what it already has.

use super::Context;
use super::congestion::Congestion;
use super::figures::Measured;
use super::rto::Rto;
use super::scoreboard::Scoreboard;
use super::stream::Pipe;
use super::tcb::{State, Tcb};
use crate::base::trace::{ConnStep, RetransmitReason};
use crate::base::{CloseReason, SimDuration, SimTime};
use crate::net::packet::{Flags, Segment};
use crate::net::{Kernel, TcpConfig};

/// The send sequence variables (RFC 9293 3.3.1), relative to our SYN (ISS = 0), and the
/// machinery of retransmission.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) snd_una: u64,
    pub(crate) snd_nxt: u64,
    /// One past the highest sequence number ever sent.
    pub(crate) snd_max: u64,
    snd_wnd: u64,
    /// The largest window the peer ever offered.
    max_wnd: u64,
    snd_wl1: u64,
    pub(crate) mss: u32,
    /// The application has closed: a FIN follows the data.
    pub(crate) fin_queued: bool,
    /// Why SND.NXT went back to SND.UNA last.
    again: RetransmitReason,
    /// Nothing that was cut to a smaller MSS waits for its first acknowledgement.
    pub(crate) fits_path: bool,
    /// One octet was sent beyond a closed window.
    probed: bool,
    /// Transmissions in a row without any answer.
    retries: u32,
    pub(crate) unanswered_probes: u32,
    /// The sequence number whose acknowledgement ends the current measurement, and its start.
    timed: Option<(u64, SimTime)>,
    last_sent: SimTime,
    /// What is measured for the trace.
    pub(crate) measured: Option<Box<Measured>>,
    pub(crate) cc: Congestion,
    pub(crate) board: Scoreboard,
    pub(crate) rto: Rto,
}

impl Sender {
    pub(crate) fn new(mss: u32, config: &TcpConfig) -> Self {
        Self {
            snd_una: 0,
            snd_nxt: 0,
            snd_max: 0,
            snd_wnd: 0,
            max_wnd: 0,
            snd_wl1: 0,
            mss,
            fin_queued: false,
            again: RetransmitReason::Timeout,
            fits_path: true,
            probed: false,
            retries: 0,
            unanswered_probes: 0,
            timed: None,
            last_sent: SimTime::ZERO,
            measured: None,
            cc: Congestion::new(mss, config),
            board: Scoreboard::default(),
            rto: Rto::new(config),
        }
    }

    /// The effective send MSS is known.
    pub(crate) fn set_mss(&mut self, mss: u32, config: &TcpConfig) {
        self.mss = mss;
        self.cc = Congestion::new(mss, config);
    }

    /// Segments have another size from now on.
    pub(crate) fn resize(&mut self, mss: u32) {
        if mss != self.mss {
            self.mss = mss;
            self.cc.resize(mss);
        }
    }

    /// Everything that is out goes again, from SND.UNA on.
    pub(crate) fn go_back(&mut self, why: RetransmitReason) {
        (self.snd_nxt, self.again) = (self.snd_una, why);
    }

    /// The handshake is done, after `retries` repetitions of our SYN.
    pub(crate) fn established(&mut self, config: &TcpConfig) {
        if self.retries > 0 {
            self.rto.after_lost_syn(config);
        }
        // RFC 6928 2: no reset to one segment "unless there have been more than one SYN or
        // SYN/ACK retransmissions".
        self.cc.restart(if self.retries > 1 { 1 } else { config.initial_window });
        self.retries = 0;
        self.rto.recover();
    }

    /// RFC 5961 5.2: "((SND.UNA - MAX.SND.WND) <= SEG.ACK <= SND.NXT)".
    pub(crate) fn may_be_acknowledged(&self, ack: u64) -> bool {
        ack + self.max_wnd >= self.snd_una && ack <= self.snd_max + u64::from(self.probed)
    }

    /// Ends the measurement that `ack` completes: by the echoed timestamp, if there is one,
    /// which is right for a segment sent twice too (RFC 7323 4).
    pub(crate) fn measure(&mut self, ack: u64, now: SimTime, echoed: Option<SimDuration>) {
        if let Some((end, at)) = self.timed.filter(|timed| ack >= timed.0) {
            debug_assert!(end <= self.snd_max, "only what was sent is timed");
            let rtt = echoed.unwrap_or(now.since(at));
            self.rto.sample(rtt);
            if let Some(measured) = &mut self.measured {
                measured.rtt.add(rtt, self.rto.srtt());
            }
            self.timed = None;
        }
    }

    /// What is being timed was sent twice.
    pub(crate) const fn stop_timing(&mut self) {
        self.timed = None;
    }

    /// SND.WND <- SEG.WND, unless the segment is an old one (RFC 9293 3.10.7.4). True when
    /// the window changed.
    pub(crate) fn update_window(&mut self, seg: &Segment) -> bool {
        // By the letter, an acknowledgement in a segment that was sent again moves SND.UNA and leaves
        // SND.WND, and so the window's right edge beyond what was offered. Whoever acknowledges
        // something new is no old segment.
        let newer = seg.ack > self.snd_una || (seg.ack == self.snd_una && self.snd_wl1 <= seg.seq);
        if !newer {
            return false;
        }
        let changed = self.snd_wnd != u64::from(seg.window);
        if self.snd_wnd == 0 && changed {
            self.rto.recover();
        }
        self.snd_wnd = u64::from(seg.window);
        self.max_wnd = self.max_wnd.max(self.snd_wnd);
        self.snd_wl1 = self.snd_wl1.max(seg.seq);
        changed
    }

    /// Whether anything awaits its acknowledgement.
    pub(crate) const fn outstanding(&self) -> bool {
        self.snd_max > self.snd_una
    }

    pub(crate) const fn flight(&self) -> u64 {
        self.snd_nxt - self.snd_una
    }

    /// Octets that count against cwnd: what is out, less what is known to have arrived or to be
    /// lost.
    pub(crate) fn in_flight(&self) -> u64 {
        if self.board.is_empty() {
            self.flight()
        } else if self.cc.recovery_point().is_some() {
            self.board.pipe(self.snd_una, self.snd_max, u64::from(self.mss))
        } else {
            self.flight() - self.board.sacked_before(self.snd_nxt)
        }
    }

    /// The next segment that may go: its octets, and whether it has the FIN.
    fn next_segment(&self, data_end: u64, config: &TcpConfig) -> Option<(u32, bool)> {
        let available = data_end.saturating_sub(self.snd_nxt);
        if available == 0 {
            // A FIN needs no room at the receiver, and waits for no window.
            return (self.fin_queued && self.snd_nxt == data_end).then_some((0, true));
        }
        let wanted = available.min(u64::from(self.mss));
        if self.cc.window().saturating_sub(self.in_flight()) < wanted {
            return None;
        }
        let len = wanted.min(self.snd_wnd.saturating_sub(self.flight()));
        let fin = self.fin_queued && self.snd_nxt + len == data_end;
        let may_go = len > 0 && (fin || len == u64::from(self.mss) || self.short_may_go(len, available, config));
        may_go.then(|| (u32::try_from(len).expect("at most an MSS"), fin))
    }

    /// Whether a segment shorter than the MSS may go out.
    fn short_may_go(&self, len: u64, available: u64, config: &TcpConfig) -> bool {
        // RFC 1122 4.2.3.4, Nagle: "If there is unacknowledged data (i.e., SND.NXT > SND.UNA),
        // then the sending TCP buffers all user data ... until the outstanding data has been
        // acknowledged or until the TCP can send a full-sized segment". Not what went before.
        if config.nagle && self.snd_nxt > self.snd_una && self.snd_nxt >= self.snd_max {
            return false;
        }
        // RFC 9293 3.8.6.2.1: (2) all that is left and the window has room for it, or (3)
        // "at least a fraction Fs of the maximum window", Fs = 1/2; else (4), the override
        // time-out, which is that of the persist timer.
        !config.silly_window_avoidance || len == available || 2 * len >= self.max_wnd
    }

    pub(crate) fn smoothed_round_trip(&self) -> SimDuration {
        self.rto.srtt()
    }

    /// Transmissions in a row without an answer, and the RTO.
    #[cfg(test)]
    pub(crate) fn patience(&self) -> (u32, SimDuration) {
        (self.retries, self.rto.current())
    }

    /// What only a bug can break.
    pub(crate) fn check(&self) {
        assert!(self.snd_una <= self.snd_nxt && self.snd_nxt <= self.snd_max, "una <= nxt <= max: {self:?}");
        self.cc.check();
    }
}

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
        let syn = matches!(self.state, State::SynSent | State::SynReceived);
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
                let flight = self.snd.flight();
                self.snd.cc.on_timeout(flight, self.snd.snd_max, again);
                self.snd.go_back(RetransmitReason::Timeout);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::trace::TcpOptions;
    use crate::base::{ConnId, HostId};
    use crate::net::tcp::{EcnBits, TcbKey};

    fn ack(seq: u64, ack: u64, window: u32) -> Segment {
        Segment {
            from: TcbKey::default(),
            to: TcbKey::default(),
            conn: ConnId { host: HostId(0), number: 1 },
            seq,
            ack,
            len: 0,
            window,
            options: TcpOptions::default(),
            flags: Flags::ACK,
            ecn: EcnBits::default(),
        }
    }

    /// Breaks when what the peer sends again, with news in its ACK field, leaves the window as it
    /// was and so moves its right edge, or when an old segment moves it back.
    #[test]
    fn the_window_follows_acknowledgements_in_whatever_segment() {
        let mut snd = Sender::new(&TcpConfig::default());
        (snd.snd_una, snd.snd_max) = (1_160, 2_000);
        assert!(snd.update_window(&ack(1_536, 1_160, 1_535)));
        assert!(snd.update_window(&ack(1, 1_536, 1_159)), "sent again, but with news");
        snd.snd_una = 1_536;
        assert_eq!(snd.snd_una + snd.snd_wnd, 1_160 + 1_535, "the edge stays");
        assert!(!snd.update_window(&ack(1, 1_536, 9)) && !snd.update_window(&ack(1_537, 1_160, 9)), "old ones");
        assert!(snd.update_window(&ack(1_537, 1_536, 2_000)));
    }
}
