//! Congestion control: slow start and congestion avoidance, fast retransmit and fast
//! recovery (RFC 5681), with NewReno's partial acknowledgements (RFC 6582).
//!
//! It sees only acknowledgements and timeouts, and answers with what to retransmit. With SACK
//! the scoreboard says what is missing, and recovery leaves the window as it is (RFC 6675).
//! Left out: appropriate byte counting (RFC 3465).

use super::cubic::Cubic;
use crate::base::{SimDuration, SimTime};
use crate::net::{CongestionControl, TcpConfig};

/// `DupThresh` (RFC 5681 3.2, RFC 6675 2).
pub(crate) const DUP_THRESH: u32 = 3;
/// RFC 5681 3.1: "The initial value of ssthresh SHOULD be set arbitrarily high".
const ARBITRARILY_HIGH: u64 = u32::MAX as u64;

/// The variables of one sender, in octets.
#[derive(Clone, Debug)]
pub(crate) struct Congestion {
    cwnd: u64,
    ssthresh: u64,
    mss: u64,
    dup_acks: u32,
    /// One past the highest octet sent when loss was last found (RFC 6582 3.2).
    recover: u64,
    recovery: Option<Recovery>,
    /// The first two duplicates let a segment go each (RFC 3042).
    limited_transmit: bool,
    /// CUBIC's variables; none: Reno's window.
    cubic: Option<Box<Cubic>>,
}

/// In fast recovery.
#[derive(Clone, Copy, Debug)]
struct Recovery {
    /// Whether a partial acknowledgement came already.
    partial: bool,
    /// Guided by selective acknowledgements.
    sack: bool,
}

/// What an acknowledgement asks of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// Retransmit the first unacknowledged segment now.
    pub(crate) retransmit: bool,
    /// Restart the retransmission timer.
    pub(crate) restart_timer: bool,
}

impl Congestion {
    /// Of a sender with that initial window in segments.
    pub(crate) fn new(mss: u32, config: &TcpConfig) -> Self {
        let mss = u64::from(mss);
        let mut this = Self {
            cwnd: 0,
            ssthresh: ARBITRARILY_HIGH,
            mss,
            dup_acks: 0,
            recover: 0,
            recovery: None,
            limited_transmit: config.limited_transmit,
            cubic: match config.congestion {
                CongestionControl::NewReno => None,
                CongestionControl::Cubic => Some(Box::default()),
            },
        };
        this.restart(config.initial_window);
        this
    }

    pub(crate) const fn cwnd(&self) -> u64 {
        self.cwnd
    }

    /// The slow-start threshold; none while it has its initial value.
    pub(crate) fn ssthresh(&self) -> Option<u64> {
        Some(self.ssthresh).filter(|ssthresh| *ssthresh != ARBITRARILY_HIGH)
    }

    /// What new data may fill: cwnd, and at the first duplicates more. RFC 3042 2: "the amount
    /// of outstanding data would remain less than or equal to the congestion window plus 2
    /// segments", while "the congestion window ... MUST NOT be changed".
    pub(crate) fn window(&self) -> u64 {
        let limited = self.limited_transmit && self.recovery.is_none();
        self.cwnd + if limited { self.mss * u64::from(self.dup_acks.min(DUP_THRESH - 1)) } else { 0 }
    }

    /// One past the last octet of what recovery must see acknowledged; none outside recovery.
    pub(crate) fn recovery_point(&self) -> Option<u64> {
        self.recovery.map(|_| self.recover)
    }

    /// Whether nothing points to a loss, and the windows can be remembered.
    pub(crate) const fn is_idle(&self) -> bool {
        let small = self.cwnd <= ARBITRARILY_HIGH && self.ssthresh <= ARBITRARILY_HIGH;
        self.recovery.is_none() && self.dup_acks == 0 && small
    }

    /// What must be remembered of an idle sender, CUBIC's variables aside: cwnd and ssthresh,
    /// and whether nothing was acknowledged since the last recovery.
    pub(crate) fn memory(&self, snd_una: u64) -> ([u32; 2], bool) {
        let window = |window: u64| u32::try_from(window).expect("an idle sender's windows are small");
        ([window(self.cwnd), window(self.ssthresh)], snd_una <= self.recover)
    }

    /// Goes on from what was remembered.
    pub(crate) fn remember(&mut self, [cwnd, ssthresh]: [u32; 2], snd_una: u64, recovered: bool) {
        (self.cwnd, self.ssthresh) = (cwnd.into(), ssthresh.into());
        self.recover = if recovered { snd_una } else { 0 };
    }

    pub(crate) const fn take_cubic(&mut self) -> Option<Box<Cubic>> {
        self.cubic.take()
    }

    pub(crate) fn give_cubic(&mut self, cubic: Option<Box<Cubic>>) {
        self.cubic = cubic;
    }

    /// Starts from a window of so many segments.
    pub(crate) fn restart(&mut self, segments: u32) {
        self.cwnd = self.mss * u64::from(segments.max(1));
    }

    /// RFC 5681 4.1: after an idle RTO, cwnd <- min(IW, cwnd).
    pub(crate) fn after_idle(&mut self, initial_window: u32) {
        self.cwnd = self.cwnd.min(self.mss * u64::from(initial_window.max(1)));
        if let Some(cubic) = &mut self.cubic {
            cubic.idle();
        }
    }

    /// Tells the time and the smoothed round-trip time, before anything else is told.
    pub(crate) fn at(&mut self, now: SimTime, srtt: SimDuration) {
        if let Some(cubic) = &mut self.cubic {
            (cubic.now, cubic.srtt) = (now, srtt);
        }
    }

    /// `acked` octets were newly acknowledged, up to `snd_una`; `flight` are still out.
    pub(crate) fn on_new_ack(&mut self, acked: u64, snd_una: u64, flight: u64) -> Advice {
        self.dup_acks = 0;
        match &mut self.recovery {
            Some(recovery) if snd_una >= self.recover => {
                // RFC 6582 3.2 step 3, full acknowledgement, option 1.
                if !recovery.sack {
                    self.cwnd = self.ssthresh.min(flight.max(self.mss) + self.mss);
                }
                self.recovery = None;
                Advice { retransmit: false, restart_timer: true }
            }
            // RFC 6675 5 (A), (B): the window stays, the pipe has shrunk.
            Some(Recovery { sack: true, .. }) => Advice { retransmit: false, restart_timer: true },
            Some(recovery) => {
                // RFC 6582 3.2 step 3, partial acknowledgement: "retransmit the first
                // unacknowledged segment. Deflate the congestion window by the amount of new
                // data acknowledged ... add back SMSS bytes". "For the first partial ACK ...
                // reset the retransmit timer".
                let restart_timer = !std::mem::replace(&mut recovery.partial, true);
                let give_back = if acked >= self.mss { self.mss } else { 0 };
                self.cwnd = (self.cwnd.saturating_sub(acked) + give_back).max(self.mss);
                Advice { retransmit: true, restart_timer }
            }
            // RFC 7661 4.3: a window of which less than half was used proves nothing, and does not
            // grow: what holds the sender back is its application or its peer.
            None if 2 * (acked + flight) < self.cwnd => {
                if let Some(cubic) = &mut self.cubic {
                    cubic.idle();
                }
                Advice { retransmit: false, restart_timer: true }
            }
            None => {
                self.cwnd += if self.cwnd < self.ssthresh {
                    // RFC 5681 (2): cwnd += min (N, SMSS).
                    acked.min(self.mss)
                } else if let Some(cubic) = &mut self.cubic {
                    cubic.grow(self.cwnd, acked, self.mss)
                } else {
                    // RFC 5681 (3): cwnd += SMSS*SMSS/cwnd, at least one octet.
                    (self.mss * self.mss / self.cwnd).max(1)
                };
                Advice { retransmit: false, restart_timer: true }
            }
        }
    }

    /// A duplicate acknowledgement came. True: retransmit the first unacknowledged segment.
    pub(crate) fn on_dup_ack(&mut self, snd_una: u64, flight: u64, snd_max: u64) -> bool {
        if self.recovery.is_some() {
            // RFC 5681 3.2 step 4: another segment has left the network.
            self.cwnd += self.mss;
            return false;
        }
        self.dup_acks += 1;
        // RFC 6582 3.2 step 2: only when the acknowledgement covers more than recover.
        if self.dup_acks != DUP_THRESH || snd_una <= self.recover {
            return false;
        }
        self.ssthresh = self.reduced(flight, false);
        self.recover = snd_max;
        self.recovery = Some(Recovery { partial: false, sack: false });
        self.cwnd = self.ssthresh + u64::from(DUP_THRESH) * self.mss;
        true
    }

    /// A duplicate acknowledgement with news came; `lost`: by them, the first unacknowledged
    /// segment is lost. True: recovery begins.
    pub(crate) fn on_sack(&mut self, snd_una: u64, flight: u64, snd_max: u64, lost: bool) -> bool {
        if self.recovery.is_some() {
            return false;
        }
        // RFC 6675 5 (1) and (2), and not before what a time-out sends again is acknowledged.
        self.dup_acks += 1;
        if !(lost || self.dup_acks >= DUP_THRESH) || snd_una <= self.recover {
            return false;
        }
        // (4.1) RecoveryPoint = HighData; (4.2) "ssthresh = cwnd = (FlightSize / 2)".
        self.ssthresh = self.reduced(flight, false);
        self.recover = snd_max;
        self.recovery = Some(Recovery { partial: false, sack: true });
        self.cwnd = self.ssthresh;
        true
    }

    /// Whether what was out when loss was last found is not acknowledged yet, by recovery or after
    /// a time-out.
    pub(crate) const fn is_recovering(&self, snd_una: u64) -> bool {
        self.recovery.is_some() || snd_una < self.recover
    }

    /// A loss was found by time (RFC 8985 6.2). `fresh`: recovery begins; or else a retransmission
    /// was lost in it.
    pub(crate) fn on_timed_loss(&mut self, flight: u64, snd_max: u64, fresh: bool) {
        if fresh {
            self.ssthresh = self.reduced(flight, false);
            self.recover = snd_max;
            self.recovery = Some(Recovery { partial: false, sack: true });
            self.cwnd = self.ssthresh;
        } else {
            // What waits behind the holes is no part of what the path could not carry.
            let reduced = self.reduced(flight.min(self.cwnd), false);
            self.ssthresh = self.ssthresh.min(reduced);
            self.cwnd = self.cwnd.min(self.ssthresh);
        }
    }

    /// A mark was echoed. True when the window was reduced for it, which in recovery it was
    /// already.
    pub(crate) fn on_mark(&mut self, flight: u64) -> bool {
        if self.recovery.is_some() {
            return false;
        }
        self.ssthresh = self.reduced(flight, false);
        self.cwnd = self.ssthresh;
        true
    }

    /// The retransmission timer ran out; `again`: on a segment that it sent again before.
    pub(crate) fn on_timeout(&mut self, flight: u64, snd_max: u64, again: bool) {
        // RFC 5681 3.1 (4), "ssthresh is held constant" when it was a retransmission.
        if !again {
            // "no more than": in recovery the window was halved for this loss already, and the
            // flight counts what waits behind the holes, which can be many windows.
            let most = if self.recovery.is_some() { self.ssthresh } else { u64::MAX };
            self.ssthresh = self.reduced(flight, true).min(most);
        }
        // "cwnd MUST be set to no more than the loss window, LW, which equals 1 full-sized segment".
        self.forget_losses(snd_max);
        self.cwnd = self.mss;
    }

    /// Everything up to `snd_max` goes again: what duplicates say of it is no news (RFC 6582 3.2
    /// step 4).
    pub(crate) fn forget_losses(&mut self, snd_max: u64) {
        if self.recovery.is_some() {
            self.cwnd = self.cwnd.min(self.ssthresh);
        }
        self.recover = snd_max;
        self.recovery = None;
        self.dup_acks = 0;
    }

    /// Segments have another size from now on; the window keeps its octets.
    pub(crate) fn resize(&mut self, mss: u32) {
        self.mss = u64::from(mss);
        self.cwnd = self.cwnd.max(self.mss);
        self.ssthresh = self.ssthresh.max(2 * self.mss);
    }

    /// The slow-start threshold after congestion.
    fn reduced(&mut self, flight: u64, timeout: bool) -> u64 {
        let part = match &mut self.cubic {
            Some(cubic) => cubic.reduce(self.cwnd, flight, self.mss, timeout),
            None => flight / 2,
        };
        // RFC 5681 (4): ssthresh = max (FlightSize / 2, 2*SMSS).
        part.max(2 * self.mss)
    }

    /// What only a bug can break.
    pub(crate) fn check(&self) {
        assert!(self.cwnd >= self.mss, "cwnd is at least one segment: {self:?}");
        assert!(self.ssthresh >= 2 * self.mss, "ssthresh is at least two segments: {self:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u64 = 1_000;

    #[test]
    fn slow_start_doubles_and_avoidance_adds_a_segment_a_window() {
        let mut cc = Congestion::new(1_000, &TcpConfig { initial_window: 2, ..TcpConfig::default() });
        cc.on_new_ack(MSS, 1_001, MSS);
        cc.on_new_ack(MSS, 2_001, 2 * MSS);
        assert_eq!(cc.cwnd(), 4 * MSS);
        cc.on_timeout(20 * MSS, 30_001, false);
        assert_eq!((cc.cwnd(), cc.ssthresh), (MSS, 10 * MSS));
        for n in 0..9 {
            cc.on_new_ack(MSS, 3_001 + n * MSS, n * MSS);
        }
        assert_eq!(cc.cwnd(), 10 * MSS);
        for n in 0..10 {
            cc.on_new_ack(MSS, 13_001 + n * MSS, 9 * MSS);
        }
        assert!((10 * MSS + 900..=11 * MSS).contains(&cc.cwnd()), "{}", cc.cwnd());
    }

    /// Breaks when a window that nobody fills grows on, or one that is half used stands still.
    #[test]
    fn a_window_grows_only_while_it_is_used() {
        let mut cc = Congestion::new(1_000, &TcpConfig { initial_window: 10, ..TcpConfig::default() });
        for n in 0..50 {
            cc.on_new_ack(MSS, 1_001 + n * MSS, 3 * MSS);
        }
        assert_eq!(cc.cwnd(), 10 * MSS);
        for n in 0..50 {
            cc.on_new_ack(MSS, 60_001 + n * MSS, 5 * MSS);
        }
        assert_eq!(cc.cwnd(), 13 * MSS, "twice what is used, and a segment");
    }

    #[test]
    fn the_third_duplicate_enters_recovery_and_a_full_ack_leaves_it() {
        let mut cc = Congestion::new(1_000, &TcpConfig::default());
        let flight = 10 * MSS;
        assert!(!cc.on_dup_ack(1, flight, 10_001));
        assert!(!cc.on_dup_ack(1, flight, 10_001));
        assert!(cc.on_dup_ack(1, flight, 10_001));
        assert_eq!((cc.cwnd(), cc.ssthresh), (8 * MSS, 5 * MSS));
        assert!(!cc.on_dup_ack(1, flight, 10_001));
        assert_eq!(cc.cwnd(), 9 * MSS);
        let partial = cc.on_new_ack(3 * MSS, 3_001, 7 * MSS);
        assert_eq!((partial.retransmit, partial.restart_timer, cc.cwnd()), (true, true, 7 * MSS));
        let second = cc.on_new_ack(MSS, 4_001, 6 * MSS);
        assert_eq!((second.retransmit, second.restart_timer), (true, false));
        let full = cc.on_new_ack(6 * MSS, 10_001, 0);
        assert_eq!((full.retransmit, cc.cwnd()), (false, 2 * MSS));
        cc.check();
    }
}
