//! RACK: losses found by time (RFC 8985 6), an option beside the duplicates of RFC 6675.
//!
//! Every segment that is out has the time of its last transmission. Of two segments, the one
//! sent first should arrive first; so when the later one is delivered, the earlier one counts
//! as lost as soon as it is older than a round trip and a reordering window. What is lost goes
//! again as the congestion window allows, whether it was sent once or often.
//! Left out: the reordering window does not grow with DSACK (6.2 step 4), since receivers do not
//! send it (RFC 2883), so `RACK.reo_wnd_mult` is 1; the least RTT is that of the whole
//! connection; no proportional rate reduction (RFC 6937), no undoing of a reduction that was not called for.

use std::collections::VecDeque;
use std::ops::Range;

use super::Context;
use super::congestion::DUP_THRESH;
use super::options::sack_ranges;
use super::stream::Pipe;
use super::tail_loss_probe::Probe;
use super::tcb::Tcb;
use crate::base::trace::RetransmitReason;
use crate::base::{SimDuration, SimTime};
use crate::net::Kernel;
use crate::net::packet::Segment;

/// What became of a segment that is not cumulatively acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is on its way, for all that is known.
    Out,
    /// It was selectively acknowledged.
    Sacked,
    /// It must go again, for that reason.
    Lost(RetransmitReason),
}

/// A stretch of the stream as it was sent last (RFC 8985 5.2).
#[derive(Clone, Copy, Debug)]
struct Sent {
    from: u64,
    /// `Segment.end_seq`.
    end: u64,
    /// `Segment.xmit_ts`.
    at: SimTime,
    /// `Segment.retransmitted`.
    again: bool,
    fate: Fate,
}

/// For what its timer waits: one at a time (8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wait {
    /// For segments that may have been overtaken.
    #[default]
    Reordering,
    /// To send a loss probe.
    Probe,
}

/// The variables of one sender (5.3, 5.4).
#[derive(Clone, Debug, Default)]
pub(crate) struct Rack {
    /// From SND.UNA to the highest octet sent, without a gap.
    segments: VecDeque<Sent>,
    /// Octets on their way, and octets selectively acknowledged.
    in_flight: u64,
    arrived: u64,
    /// `RACK.segs_sacked`, and how many segments are lost.
    sacked: u64,
    lost: u64,
    /// `RACK.xmit_ts` and `RACK.end_seq`: of what was delivered, the segment sent last.
    newest: (SimTime, u64),
    rtt: SimDuration,
    min_rtt: Option<SimDuration>,
    fack: u64,
    reordering_seen: bool,
    /// When the window was last reduced.
    reduced_at: SimTime,
    pub(super) wait: Wait,
    pub(super) probe: Probe,
}

/// What a look for losses found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    lost: bool,
    /// Among it what was sent again since the window was last reduced.
    again: bool,
    /// When to look again.
    look_at: Option<SimTime>,
}

impl Rack {
    /// Octets that count against cwnd.
    pub(crate) const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// `FlightSize`: what is not acknowledged, but for what was lost before.
    pub(crate) const fn flight_size(&self) -> u64 {
        self.in_flight + self.arrived
    }

    /// Segments sent and not cumulatively acknowledged.
    pub(super) fn segments(&self) -> usize {
        self.segments.len()
    }

    pub(super) const fn any_sacked(&self) -> bool {
        self.sacked > 0
    }

    /// The last segment that is on its way.
    pub(super) fn last_out(&self) -> Option<(u64, u64)> {
        self.segments.iter().rev().find(|sent| sent.fate == Fate::Out).map(|sent| (sent.from, sent.end))
    }

    /// Nothing is out: what may be forgotten is.
    pub(crate) fn rest(&mut self) {
        self.segments = VecDeque::new();
    }

    fn count(&mut self, sent: &Sent, comes: bool) {
        let octets = sent.end - sent.from;
        let add = |count: &mut u64, by: u64| *count = if comes { *count + by } else { *count - by };
        match sent.fate {
            Fate::Out => add(&mut self.in_flight, octets),
            Fate::Sacked => {
                add(&mut self.arrived, octets);
                add(&mut self.sacked, 1);
            }
            Fate::Lost(_) => add(&mut self.lost, 1),
        }
    }

    fn set(&mut self, index: usize, new: Sent) {
        let old = std::mem::replace(&mut self.segments[index], new);
        self.count(&old, false);
        self.count(&new, true);
    }

    /// Makes a segment begin at `seq`, if that is within one.
    fn split(&mut self, seq: u64) {
        let index = self.segments.partition_point(|sent| sent.end <= seq);
        if let Some(sent) = self.segments.get(index).copied()
            && sent.from < seq
        {
            self.set(index, Sent { end: seq, ..sent });
            let rest = Sent { from: seq, ..sent };
            self.segments.insert(index + 1, rest);
            self.count(&rest, true);
        }
    }

    /// The segments of a range, which begin and end with it.
    fn cut(&mut self, from: u64, end: u64) -> Range<usize> {
        self.split(from);
        self.split(end);
        let index = |seq: u64| self.segments.partition_point(|sent| sent.end <= seq);
        index(from)..index(end)
    }

    /// 6.1: a range is sent, for the first time or again.
    pub(crate) fn sent(&mut self, from: u64, end: u64, at: SimTime) {
        if self.segments.back().is_none_or(|last| last.end <= from) {
            let sent = Sent { from, end, at, again: false, fate: Fate::Out };
            self.segments.push_back(sent);
            self.count(&sent, true);
            return;
        }
        for index in self.cut(from, end) {
            let sent = self.segments[index];
            if sent.fate != Fate::Sacked {
                self.set(index, Sent { at, again: true, fate: Fate::Out, ..sent });
            }
        }
    }

    /// 6.2 steps 1 to 3: a segment was delivered. `older`: what was acknowledged was sent before
    /// that time.
    fn delivered(&mut self, sent: &Sent, now: SimTime, older: impl Fn(SimTime) -> bool) {
        let rtt = now.since(sent.at);
        let least = self.min_rtt.unwrap_or(rtt);
        if !sent.again {
            self.min_rtt = Some(least.min(rtt));
        }
        // Step 2: the acknowledgement may be that of an earlier transmission.
        if !(sent.again && (older(sent.at) || rtt < least)) {
            self.rtt = rtt;
            self.newest = self.newest.max((sent.at, sent.end));
        }
        // Step 3.
        if sent.end > self.fack {
            self.fack = sent.end;
        } else if sent.end < self.fack && !sent.again {
            self.reordering_seen = true;
        }
    }

    /// Everything before `una` is acknowledged.
    fn acknowledged(&mut self, una: u64, now: SimTime, older: impl Fn(SimTime) -> bool) {
        self.split(una);
        while let Some(sent) = self.segments.front().copied().filter(|sent| sent.end <= una) {
            self.segments.pop_front();
            self.count(&sent, false);
            if sent.fate != Fate::Sacked {
                self.delivered(&sent, now, &older);
            }
        }
    }

    /// A SACK block tells that a range arrived.
    fn selectively(&mut self, from: u64, end: u64, now: SimTime, older: impl Fn(SimTime) -> bool) {
        for index in self.cut(from, end) {
            let sent = self.segments[index];
            if sent.fate != Fate::Sacked {
                self.set(index, Sent { fate: Fate::Sacked, ..sent });
                self.delivered(&sent, now, &older);
            }
        }
    }

    /// 6.2 step 4: how long a segment may be overtaken.
    fn reordering_window(&self, recovering: bool, srtt: SimDuration) -> SimDuration {
        if !self.reordering_seen && (recovering || self.sacked >= u64::from(DUP_THRESH)) {
            return SimDuration::ZERO;
        }
        let quarter = SimDuration::from_nanos(self.min_rtt.unwrap_or_default().as_nanos() / 4);
        quarter.min(srtt)
    }

    /// When a segment counts as lost.
    fn deadline(&self, sent: &Sent, window: SimDuration) -> SimTime {
        sent.at.saturating_add(self.rtt).saturating_add(window)
    }

    /// 6.2 step 5.
    fn detect(&mut self, now: SimTime, window: SimDuration) -> Found {
        let mut found = Found::default();
        for index in 0..self.segments.len() {
            let sent = self.segments[index];
            if sent.fate != Fate::Out || (sent.at, sent.end) >= self.newest {
                continue;
            }
            let deadline = self.deadline(&sent, window);
            if deadline <= now {
                found.lost = true;
                found.again |= sent.again && sent.at >= self.reduced_at;
                self.set(index, Sent { fate: Fate::Lost(RetransmitReason::FastRetransmit), ..sent });
            } else {
                found.look_at = Some(found.look_at.map_or(deadline, |at| at.max(deadline)));
            }
        }
        found
    }

    /// 6.3: the retransmission timer ran out. The first segment is lost, and of the others those
    /// that are old enough. What was selectively acknowledged may be gone (RFC 2018 8).
    fn give_up_old(&mut self, now: SimTime) {
        let window = self.reordering_window(true, SimDuration::ZERO);
        for index in 0..self.segments.len() {
            let sent = self.segments[index];
            let lost = index == 0 || self.deadline(&sent, window) <= now;
            let fate = match sent.fate {
                Fate::Out | Fate::Sacked if lost => Fate::Lost(RetransmitReason::Timeout),
                Fate::Out | Fate::Sacked => Fate::Out,
                Fate::Lost(why) => Fate::Lost(why),
            };
            self.set(index, Sent { fate, ..sent });
        }
    }

    /// Everything that is out goes again, for that reason.
    pub(crate) fn give_up(&mut self, why: RetransmitReason, now: SimTime) {
        self.probe.reset();
        match why {
            RetransmitReason::Timeout => self.give_up_old(now),
            RetransmitReason::PathMtu | RetransmitReason::FastRetransmit | RetransmitReason::LossProbe => {
                for index in 0..self.segments.len() {
                    let sent = self.segments[index];
                    if sent.fate == Fate::Out {
                        self.set(index, Sent { fate: Fate::Lost(why), ..sent });
                    }
                }
            }
        }
    }

    /// The first stretch of at most a segment that must go again, and why.
    fn next_lost(&self, mss: u64, data_end: u64) -> Option<(u64, u64, RetransmitReason)> {
        let lost = |sent: &Sent| match sent.fate {
            Fate::Lost(why) => Some(why),
            Fate::Out | Fate::Sacked => None,
        };
        let (first, why) = self.segments.iter().enumerate().find_map(|(index, sent)| Some((index, lost(sent)?)))?;
        let from = self.segments[first].from;
        let most = |end: u64| from + mss + u64::from(end > data_end);
        let joined =
            self.segments.range(first..).take_while(|sent| lost(sent) == Some(why) && sent.end <= most(sent.end));
        let end = joined.last().map_or_else(|| most(self.segments[first].end), |sent| sent.end);
        Some((from, end, why))
    }

    /// What only a bug can break.
    pub(crate) fn check(&self, una: u64, max: u64) {
        let ends = self.segments.front().zip(self.segments.back());
        assert_eq!(ends.map_or((max, max), |(first, last)| (first.from, last.end)), (una, max), "{self:?}");
    }
}

impl Tcb {
    /// An acknowledgement has been processed: learns what it delivered, and looks for losses (6.2).
    pub(crate) fn delivered<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &Pipe, seg: &Segment) {
        let Some(rack) = &mut self.snd.rack else { return };
        let (now, agreed) = (cx.kernel.now(), self.agreed);
        let older = |sent| agreed.echo_predates(seg, sent);
        rack.acknowledged(self.snd.snd_una, now, older);
        let mut blocks = sack_ranges(seg);
        blocks.sort_unstable();
        for (from, end) in blocks.into_iter().filter(|block| block.1 <= self.snd.snd_max) {
            if self.snd.snd_una < end {
                rack.selectively(from.max(self.snd.snd_una), end, now, older);
            }
        }
        self.find_losses(cx, pipe);
    }

    /// Looks for losses, begins recovery if there are any, and arms the timer if there may be.
    pub(super) fn find_losses<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &Pipe) {
        let (now, srtt, una) = (cx.kernel.now(), self.snd.smoothed_round_trip(), self.snd.snd_una);
        let Some(rack) = &mut self.snd.rack else { return };
        let flight = rack.flight_size();
        let window = rack.reordering_window(self.snd.cc.is_recovering(una), srtt);
        let found = rack.detect(now, window);
        if let Some(at) = found.look_at {
            rack.wait = Wait::Reordering;
            self.timers.loss = at;
            self.timers.cause = cx.kernel.cause();
        } else if rack.wait == Wait::Reordering {
            self.timers.loss = SimTime::NEVER;
        }
        if !found.lost {
            return;
        }
        self.snd.cc.at(now, srtt);
        let fresh = !self.snd.cc.is_recovering(una);
        // 9.3, RFC 5681 4.3: "the loss of a retransmission, should be taken as two indications of
        // congestion".
        if fresh || found.again {
            rack.reduced_at = now;
            self.snd.cc.on_timed_loss(flight, self.snd.snd_max, fresh);
        }
        if fresh {
            // 7.1: the probe's state begins anew with a recovery. RFC 6675 5 (4.3): the first goes
            // at once.
            rack.probe.reset();
            self.resend_lost(cx, 1 + pipe.appended(self.side), u64::MAX);
        }
    }

    /// Sends the first lost segment again, if that fits. False: nothing was sent.
    fn resend_lost<K: Kernel>(&mut self, cx: &mut Context<'_, K>, data_end: u64, room: u64) -> bool {
        let mss = u64::from(self.snd.mss);
        let lost = self.snd.rack.as_ref().and_then(|rack| rack.next_lost(mss, data_end));
        let Some((from, end, why)) = lost.filter(|(from, end, _)| end.min(&data_end).saturating_sub(*from) <= room)
        else {
            return false;
        };
        self.resend(cx, from, end, data_end, why);
        true
    }

    /// Sends what is lost again, then new data, as far as cwnd allows.
    pub(crate) fn send_by_rack<K: Kernel>(&mut self, cx: &mut Context<'_, K>, data_end: u64) {
        loop {
            let room = self.snd.cc.cwnd().saturating_sub(self.snd.in_flight());
            let any_lost = self.snd.rack.as_ref().is_some_and(|rack| rack.lost > 0);
            let sent = if any_lost { self.resend_lost(cx, data_end, room) } else { self.send_next(cx, data_end) };
            if !sent {
                break;
            }
        }
    }

    /// The reordering timer or that of the loss probe ran out.
    pub(crate) fn loss_timeout<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        self.timers.loss = SimTime::NEVER;
        match self.snd.rack.as_ref().map(|rack| rack.wait) {
            Some(Wait::Reordering) => {
                self.find_losses(cx, pipe);
                self.output(cx, pipe);
            }
            Some(Wait::Probe) => self.probe_timeout(cx, pipe),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u64 = 1_000;
    const END: u64 = u64::MAX;

    fn ms(ms: u64) -> SimTime {
        SimTime::from_nanos(ms * 1_000_000)
    }

    /// Segments of 1000 octets, from 1 on, a millisecond apart.
    fn flight(count: u64) -> Rack {
        let mut rack = Rack::default();
        for n in 0..count {
            rack.sent(1 + n * MSS, 1 + (n + 1) * MSS, ms(n));
        }
        rack
    }

    /// 6.2 step 5. Breaks when a segment counts as lost before a round trip and a quarter, or after;
    /// or when what has arrived is sent again.
    #[test]
    fn a_segment_is_lost_a_round_trip_and_a_window_after_it_was_sent() {
        let mut rack = flight(4);
        rack.selectively(1_001, 3_001, ms(102), |_| false);
        assert_eq!((rack.in_flight, rack.arrived, rack.sacked), (2_000, 2_000, 2));
        let window = rack.reordering_window(false, SimDuration::from_secs(1));
        assert_eq!(window, SimDuration::from_millis(25));
        assert_eq!(rack.detect(ms(102), window), Found { look_at: Some(ms(125)), ..Found::default() });
        assert!(rack.detect(ms(125), window).lost);
        assert_eq!(rack.next_lost(MSS, END), Some((1, 1_001, RetransmitReason::FastRetransmit)));
        rack.sent(1, 1_001, ms(125));
        assert_eq!((rack.in_flight, rack.lost, rack.next_lost(MSS, END)), (2_000, 0, None));
        // The fourth was sent before that, and what is sent later tells of it too.
        rack.acknowledged(3_001, ms(225), |_| false);
        assert!(rack.detect(ms(225), SimDuration::ZERO).lost && rack.flight_size() == 0);
        rack.check(3_001, 4_001);
    }

    /// 6.2 step 2. Breaks when the late acknowledgement of a first transmission passes for that of
    /// the second, which would make everything sent before that look old.
    #[test]
    fn an_ambiguous_acknowledgement_tells_nothing() {
        let mut rack = flight(2);
        rack.acknowledged(1_001, ms(100), |_| false);
        rack.sent(1_001, 2_001, ms(150));
        rack.sent(2_001, 3_001, ms(151));
        let newest = rack.newest;
        let mut quick = rack.clone();
        quick.acknowledged(2_001, ms(160), |_| false);
        assert_eq!((quick.newest, quick.rtt), (newest, SimDuration::from_millis(100)), "10 ms is no round trip");
        rack.acknowledged(2_001, ms(260), |sent| sent == ms(150));
        assert_eq!((rack.newest, rack.rtt), (newest, SimDuration::from_millis(100)), "the timestamp is older");
    }

    /// 6.3. Breaks when a time-out sends again what has just gone, or loses count.
    #[test]
    fn a_time_out_gives_up_what_is_old() {
        let mut rack = flight(3);
        rack.acknowledged(1_001, ms(100), |_| false);
        rack.selectively(2_001, 3_001, ms(102), |_| false);
        rack.sent(3_001, 3_501, ms(1_000));
        rack.sent(3_501, 4_001, ms(1_000));
        rack.give_up(RetransmitReason::Timeout, ms(1_050));
        assert_eq!((rack.in_flight, rack.arrived, rack.lost), (1_000, 0, 2));
        // Two short ones go together, and all but the FIN's octet is data.
        assert_eq!(rack.next_lost(2_000, END), Some((1_001, 3_001, RetransmitReason::Timeout)));
        assert_eq!(rack.next_lost(1_999, 3_000), Some((1_001, 3_001, RetransmitReason::Timeout)));
        assert_eq!(rack.next_lost(600, END), Some((1_001, 1_601, RetransmitReason::Timeout)));
        rack.give_up(RetransmitReason::PathMtu, ms(1_060));
        assert_eq!((rack.in_flight, rack.lost), (0, 4));
    }
}
