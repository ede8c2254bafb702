//! What the peer has beyond its cumulative acknowledgement, and what to send for the rest:
//! the scoreboard of RFC 6675.
//!
//! Sequence numbers that the RFC gives as "highest" are one past the highest here.

use super::congestion::DUP_THRESH;

/// The scoreboard of one sender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scoreboard {
    /// Octets that the peer has selectively acknowledged: ascending, apart from each other.
    sacked: Vec<(u64, u64)>,
    /// HighRxt: up to here holes were retransmitted in this recovery.
    high_rxt: u64,
    /// RescueRxt: no second rescue before everything up to here is acknowledged.
    rescue_rxt: Option<u64>,
}

impl Scoreboard {
    pub(crate) const fn is_empty(&self) -> bool {
        self.sacked.is_empty()
    }

    /// A SACK block came. True when it tells of octets not known before.
    pub(crate) fn add(&mut self, from: u64, to: u64) -> bool {
        let first = self.sacked.partition_point(|range| range.1 < from);
        let last = self.sacked.partition_point(|range| range.0 <= to);
        if let [known] = self.sacked[first..last]
            && known.0 <= from
            && to <= known.1
        {
            return false;
        }
        let merged = self.sacked[first..last].iter().fold((from, to), |all, r| (all.0.min(r.0), all.1.max(r.1)));
        self.sacked.drain(first..last);
        self.sacked.insert(first, merged);
        true
    }

    /// Everything before `snd_una` is acknowledged.
    pub(crate) fn acknowledge(&mut self, snd_una: u64) {
        let gone = self.sacked.partition_point(|range| range.1 <= snd_una);
        self.sacked.drain(..gone);
        if let Some(first) = self.sacked.first_mut() {
            first.0 = first.0.max(snd_una);
        }
        self.high_rxt = self.high_rxt.max(snd_una);
    }

    /// RFC 2018 8: after a time-out "the data sender SHOULD turn off all of the SACKed bits,
    /// since the timeout might indicate that the data receiver has reneged".
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A recovery begins.
    pub(crate) fn begin(&mut self, snd_una: u64) {
        self.high_rxt = snd_una;
        self.rescue_rxt = None;
    }

    /// Holes up to there were sent again.
    pub(crate) fn retransmitted(&mut self, upto: u64) {
        self.high_rxt = self.high_rxt.max(upto);
    }

    /// `IsLost` (RFC 6675 4): every octet before this that was not selectively acknowledged
    /// counts as lost, for "either `DupThresh` discontiguous SACKed sequences have arrived
    /// above" it "or more than (`DupThresh` - 1) * SMSS bytes".
    pub(crate) fn lost_before(&self, mss: u64) -> u64 {
        let (mut sequences, mut octets) = (0, 0);
        for &(from, to) in self.sacked.iter().rev() {
            sequences += 1;
            octets += to - from;
            if sequences >= DUP_THRESH || octets > u64::from(DUP_THRESH - 1) * mss {
                return from;
            }
        }
        0
    }

    /// Octets before `end` that were selectively acknowledged.
    pub(crate) fn sacked_before(&self, end: u64) -> u64 {
        self.sacked.iter().map(|&(from, to)| to.min(end).saturating_sub(from)).sum()
    }

    /// The stretches from `from` to `end` that were not selectively acknowledged.
    fn holes(&self, from: u64, end: u64) -> impl Iterator<Item = (u64, u64)> {
        let starts = std::iter::once(from).chain(self.sacked.iter().map(|range| range.1));
        let ends = self.sacked.iter().map(|range| range.0).chain(std::iter::once(end));
        starts.zip(ends).map(move |(start, stop)| (start.max(from), stop.min(end))).filter(|(start, stop)| start < stop)
    }

    /// `SetPipe` (RFC 6675 4): octets outstanding in the network.
    pub(crate) fn pipe(&self, snd_una: u64, snd_max: u64, mss: u64) -> u64 {
        let lost = self.lost_before(mss);
        let counted = |(from, to): (u64, u64)| {
            let not_lost = to.saturating_sub(from.max(lost));
            let again = to.min(self.high_rxt).saturating_sub(from);
            not_lost + again
        };
        self.holes(snd_una, snd_max).map(counted).sum()
    }

    /// `NextSeg` rules (1) and (3): the first hole not yet sent again, below something that
    /// arrived; with `lost`, only if it counts as lost.
    pub(crate) fn next_hole(&self, mss: u64, lost: bool) -> Option<(u64, u64)> {
        let top = if lost { self.lost_before(mss) } else { self.sacked.last()?.1 };
        let (from, to) = self.holes(self.high_rxt, top).next()?;
        Some((from, to.min(from + mss)))
    }

    /// `NextSeg` rule (4): once a recovery, the segment with the highest outstanding octet. The
    /// rule would let it go even if it was just sent again; here only the first time.
    pub(crate) fn rescue(&mut self, snd_una: u64, recover: u64, snd_max: u64, mss: u64) -> Option<(u64, u64)> {
        if self.rescue_rxt.is_some_and(|rescue| snd_una <= rescue) {
            return None;
        }
        let (from, to) = self.holes(snd_una, snd_max).last().filter(|hole| hole.1 > self.high_rxt)?;
        self.rescue_rxt = Some(recover);
        Some((from.max(to.saturating_sub(mss)), to))
    }

    /// Where to go on from `seq`: behind what the peer has already, and where the next such
    /// stretch begins.
    pub(crate) fn skip(&self, seq: u64) -> (u64, u64) {
        let next = self.sacked.partition_point(|range| range.1 <= seq);
        match self.sacked.get(next) {
            Some(&(from, to)) if from <= seq => (to, self.sacked.get(next + 1).map_or(u64::MAX, |range| range.0)),
            Some(&(from, _)) => (seq, from),
            None => (seq, u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u64 = 1_000;

    #[test]
    fn a_hole_is_lost_when_three_segments_arrived_above() {
        let mut board = Scoreboard::default();
        assert!(board.add(2_001, 3_001) && !board.add(2_001, 3_001));
        board.add(3_001, 4_001);
        assert_eq!(board.lost_before(MSS), 0);
        board.add(4_001, 4_002);
        assert_eq!((board.lost_before(MSS), board.sacked.len()), (2_001, 1));
        // Three sequences are enough, however short.
        let mut board = Scoreboard::default();
        for from in [2_000, 3_000, 4_000] {
            board.add(from, from + 1);
        }
        assert_eq!(board.lost_before(MSS), 2_000);
    }

    #[test]
    fn the_pipe_counts_what_is_not_lost_and_what_was_sent_again() {
        let mut board = Scoreboard::default();
        board.begin(1);
        board.add(2_001, 6_001);
        // 1..2001 is lost, 6001..8001 is on its way.
        assert_eq!(board.pipe(1, 8_001, MSS), 2_000);
        assert_eq!(board.next_hole(MSS, true), Some((1, 1_001)));
        board.retransmitted(1_001);
        assert_eq!(board.pipe(1, 8_001, MSS), 3_000);
        assert_eq!(board.next_hole(MSS, true), Some((1_001, 2_001)));
        board.retransmitted(2_001);
        assert_eq!((board.next_hole(MSS, true), board.next_hole(MSS, false)), (None, None));
        assert_eq!(board.rescue(1, 8_001, 8_001, MSS), Some((7_001, 8_001)));
        assert_eq!(board.rescue(1, 8_001, 8_001, MSS), None);
        board.acknowledge(4_001);
        assert_eq!((board.sacked_before(8_001), board.skip(4_500)), (2_000, (6_001, u64::MAX)));
    }
}
