//! Loss recovery guided by selective acknowledgements (RFC 6675 5).
//!
//! Without SACK, recovery is NewReno's and lives in the congestion control alone.

use super::Context;
use super::options::sack_ranges;
use super::stream::Pipe;
use super::tcb::Tcb;
use crate::base::trace::RetransmitReason;
use crate::net::Kernel;
use crate::net::packet::Segment;

impl Tcb {
    /// Takes in a segment's SACK blocks. True when they tell something new, which makes it a
    /// duplicate acknowledgement in the sense of RFC 6675 2.
    pub(crate) fn read_sack(&mut self, seg: &Segment) -> bool {
        let mut news = false;
        if self.agreed.sack {
            for (from, to) in sack_ranges(seg) {
                if self.snd.snd_una < to && to <= self.snd.snd_max {
                    news |= self.snd.board.add(from.max(self.snd.snd_una), to);
                }
            }
        }
        news
    }

    /// A segment acknowledged nothing new but selectively.
    pub(crate) fn selective_ack<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        let snd = &mut self.snd;
        let lost = snd.board.lost_before(u64::from(snd.mss)) > snd.snd_una;
        if snd.cc.on_sack(snd.snd_una, snd.flight(), snd.snd_max, lost) {
            // (4.3): "Retransmit the first data segment presumed dropped".
            snd.board.begin(snd.snd_una);
            self.resend_first(cx, pipe, RetransmitReason::FastRetransmit);
        }
    }

    /// (C): "If cwnd - pipe >= 1 SMSS, the sender SHOULD transmit one or more segments", in the
    /// order of `NextSeg`.
    pub(crate) fn recover_by_sack<K: Kernel>(&mut self, cx: &mut Context<'_, K>, data_end: u64) {
        let mss = u64::from(self.snd.mss);
        while self.snd.cc.cwnd().saturating_sub(self.snd.in_flight()) >= mss {
            if let Some(hole) = self.snd.board.next_hole(mss, true) {
                self.fill(cx, hole, data_end);
            } else if self.send_next(cx, data_end) {
            } else if let Some(hole) = self.snd.board.next_hole(mss, false) {
                self.fill(cx, hole, data_end);
            } else {
                let (una, max) = (self.snd.snd_una, self.snd.snd_max);
                let rescue = self.snd.cc.recovery_point().and_then(|point| self.snd.board.rescue(una, point, max, mss));
                if let Some((from, to)) = rescue {
                    // "HighRxt MUST NOT be updated".
                    self.resend(cx, from, to, data_end, RetransmitReason::FastRetransmit);
                }
                break;
            }
        }
    }

    fn fill<K: Kernel>(&mut self, cx: &mut Context<'_, K>, (from, to): (u64, u64), data_end: u64) {
        self.snd.board.retransmitted(to);
        self.resend(cx, from, to, data_end, RetransmitReason::FastRetransmit);
    }

    /// Sends a range again, at most a segment.
    pub(super) fn resend<K: Kernel>(
        &mut self,
        cx: &mut Context<'_, K>,
        from: u64,
        to: u64,
        data_end: u64,
        why: RetransmitReason,
    ) {
        let len = u32::try_from(to.min(data_end).saturating_sub(from)).expect("at most an MSS");
        self.send_data(cx, from, len, to > data_end, Some(why));
    }
}
