//! The sending half: what may be sent, what is sent again, and when to give up.
//!
//! Data goes out in segments of the MSS within min(cwnd, SND.WND). A short segment is sent
//! when it holds the last of the data, or fills up the peer's window; not to fill up the
//! congestion window. Nagle's algorithm and the sender's part of silly-window avoidance are
//! options; without them an application's write is sent at once.
//! The variables stand here, `output` acts on them.

use super::congestion::Congestion;
use super::figures::Measured;
use super::rack::Rack;
use super::rto::Rto;
use super::scoreboard::Scoreboard;
use crate::base::trace::RetransmitReason;
use crate::base::{SimDuration, SimTime};
use crate::net::TcpConfig;
use crate::net::packet::Segment;

/// The send sequence variables (RFC 9293 3.3.1), relative to our SYN (ISS = 0), and the
/// machinery of retransmission.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) snd_una: u64,
    pub(crate) snd_nxt: u64,
    /// One past the highest sequence number ever sent.
    pub(crate) snd_max: u64,
    pub(super) snd_wnd: u64,
    /// The largest window the peer ever offered.
    pub(super) max_wnd: u64,
    pub(super) snd_wl1: u64,
    pub(crate) mss: u32,
    /// The application has closed: a FIN follows the data.
    pub(crate) fin_queued: bool,
    /// Why SND.NXT went back to SND.UNA last.
    pub(super) again: RetransmitReason,
    /// Nothing that was cut to a smaller MSS waits for its first acknowledgement.
    pub(crate) fits_path: bool,
    /// One octet was sent beyond a closed window.
    pub(super) probed: bool,
    /// Transmissions in a row without any answer.
    pub(super) retries: u32,
    pub(crate) unanswered_probes: u32,
    /// The sequence number whose acknowledgement ends the current measurement, and its start.
    pub(super) timed: Option<(u64, SimTime)>,
    pub(super) last_sent: SimTime,
    /// What is measured for the trace.
    pub(crate) measured: Option<Box<Measured>>,
    pub(crate) cc: Congestion,
    pub(crate) board: Scoreboard,
    /// Losses are found by time; none: by duplicates.
    pub(crate) rack: Option<Box<Rack>>,
    pub(crate) rto: Rto,
}

/// What an idle sender remembers.
#[derive(Clone, Debug)]
pub(crate) struct SenderMemory {
    una: u64,
    wnd: u32,
    max_wnd: u32,
    last_sent: SimTime,
    round_trip: [u64; 2],
    windows: [u32; 2],
    mss: u32,
    /// How far SND.WL1 lies behind RCV.NXT.
    wl1_behind: u16,
    recovered: bool,
    fin_queued: bool,
}

impl SenderMemory {
    /// When it last sent; in TIME-WAIT, when nothing is to be sent, until when it waits.
    pub(crate) const fn clock(&self) -> SimTime {
        self.last_sent
    }

    pub(crate) const fn set_clock(&mut self, until: SimTime) {
        self.last_sent = until;
    }

    /// SND.UNA.
    pub(crate) const fn una(&self) -> u64 {
        self.una
    }
}

impl Sender {
    /// Whether everything up to `end` was sent and acknowledged, with or without a FIN, and
    /// nothing is in suspense.
    pub(crate) const fn is_idle_at(&self, end: u64, fin: bool) -> bool {
        let all_acknowledged = self.snd_una == end && self.snd_nxt == end && self.snd_max == end;
        let in_suspense = self.probed || self.retries > 0 || self.unanswered_probes > 0 || self.timed.is_some();
        let even = self.board.is_empty() && self.cc.is_idle() && self.fits_path;
        all_acknowledged && self.fin_queued == fin && !in_suspense && even
    }

    /// How far SND.WL1 lies behind RCV.NXT: at most one segment, the last that came, unless that was
    /// nothing but a header ahead of data that was lost. None if it cannot be remembered.
    pub(crate) fn wl1_behind(&self, rcv_nxt: u64) -> Option<u16> {
        u16::try_from(rcv_nxt.checked_sub(self.snd_wl1)?).ok()
    }

    /// What must be remembered of an idle sender.
    pub(crate) fn memory(&self, rcv_nxt: u64) -> SenderMemory {
        let window = |window: u64| u32::try_from(window).expect("a window is at most 2^30");
        let (windows, recovered) = self.cc.memory(self.snd_una);
        SenderMemory {
            una: self.snd_una,
            wnd: window(self.snd_wnd),
            max_wnd: window(self.max_wnd),
            last_sent: self.last_sent,
            round_trip: self.rto.memory(),
            windows,
            mss: self.mss,
            wl1_behind: self.wl1_behind(rcv_nxt).expect("an idle sender's SND.WL1 is near"),
            recovered,
            fin_queued: self.fin_queued,
        }
    }

    /// Goes on from what was remembered; RCV.NXT has not changed since.
    pub(crate) fn remember(memory: &SenderMemory, rcv_nxt: u64, config: &TcpConfig) -> Self {
        let SenderMemory { una, wnd, max_wnd, last_sent, round_trip, windows, .. } = *memory;
        let SenderMemory { mss, wl1_behind, recovered, fin_queued, .. } = *memory;
        let mut cc = Congestion::new(mss, config);
        cc.remember(windows, una, recovered);
        Self {
            snd_una: una,
            snd_nxt: una,
            snd_max: una,
            snd_wnd: u64::from(wnd),
            max_wnd: u64::from(max_wnd),
            snd_wl1: rcv_nxt - u64::from(wl1_behind),
            last_sent,
            rto: Rto::remember(round_trip),
            cc,
            fin_queued,
            ..Self::new(mss, config)
        }
    }

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
            rack: None,
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
    pub(crate) fn go_back(&mut self, why: RetransmitReason, now: SimTime) {
        match &mut self.rack {
            Some(rack) => rack.give_up(why, now),
            None => (self.snd_nxt, self.again) = (self.snd_una, why),
        }
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
        ack + self.max_wnd >= self.snd_una && ack <= self.sent_upto()
    }

    /// One past the highest octet that the peer may have, a probe of its closed window included.
    pub(crate) fn sent_upto(&self) -> u64 {
        if self.probed { self.snd_max.max(self.snd_una + 1) } else { self.snd_max }
    }

    /// Ends the measurement that `ack` completes: by the echoed timestamp, if there is one,
    /// which is right for a segment sent twice too (RFC 7323 4).
    pub(crate) fn measure(&mut self, ack: u64, now: SimTime, echoed: Option<SimDuration>) {
        if let Some((end, at)) = self.timed.filter(|timed| ack >= timed.0) {
            debug_assert!(end <= self.snd_max, "only what was sent is timed");
            let rtt = echoed.unwrap_or(now.since(at));
            self.rto.sample(rtt);
            if let Some(rack) = &mut self.rack {
                rack.probe.measured();
            }
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

    /// `FlightSize` of RFC 5681: octets out, but for what a time-out has given up.
    pub(crate) fn flight_size(&self) -> u64 {
        self.rack.as_ref().map_or(self.flight(), |rack| rack.flight_size())
    }

    /// Octets that count against cwnd: what is out, less what is known to have arrived or to be
    /// lost.
    pub(crate) fn in_flight(&self) -> u64 {
        if let Some(rack) = &self.rack {
            rack.in_flight()
        } else if self.board.is_empty() {
            self.flight()
        } else if self.cc.recovery_point().is_some() {
            self.board.pipe(self.snd_una, self.snd_max, u64::from(self.mss))
        } else {
            self.flight() - self.board.sacked_before(self.snd_nxt)
        }
    }

    /// The next segment that may go: its octets, and whether it has the FIN.
    pub(super) fn next_segment(&self, data_end: u64, config: &TcpConfig) -> Option<(u32, bool)> {
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
    pub(crate) fn patience(&self, config: &TcpConfig) -> (u32, SimDuration) {
        (self.retries, self.rto.current(config))
    }

    /// What only a bug can break.
    pub(crate) fn check(&self) {
        assert!(self.snd_una <= self.snd_nxt && self.snd_nxt <= self.snd_max, "una <= nxt <= max: {self:?}");
        self.cc.check();
        if let Some(rack) = self.rack.as_ref().filter(|_| self.snd_una > 0) {
            rack.check(self.snd_una, self.snd_max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::trace::TcpOptions;
    use crate::base::{ConnId, HostId};
    use crate::net::packet::Flags;
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
        let mut snd = Sender::new(1_460, &TcpConfig::default());
        (snd.snd_una, snd.snd_max) = (1_160, 2_000);
        assert!(snd.update_window(&ack(1_536, 1_160, 1_535)));
        assert!(snd.update_window(&ack(1, 1_536, 1_159)), "sent again, but with news");
        snd.snd_una = 1_536;
        assert_eq!(snd.snd_una + snd.snd_wnd, 1_160 + 1_535, "the edge stays");
        assert!(!snd.update_window(&ack(1, 1_536, 9)) && !snd.update_window(&ack(1_537, 1_160, 9)), "old ones");
        assert!(snd.update_window(&ack(1_537, 1_536, 2_000)));
    }
}
