//! The receiving half: RCV.NXT, the window, and octets that came before their turn.
//!
//! The window is the buffer less what the application has not taken. Its right edge never
//! moves left, and moves right only by a worthwhile step (RFC 9293 3.8.6.2.2), so no silly
//! windows arise. It is reckoned when a segment goes out, which is after the application had
//! its chance to take what came.

use smallvec::SmallVec;

use super::options::MAX_UNSCALED;
use crate::base::trace::TcpOptions;

/// The receive sequence variables (RFC 9293 3.3.1), relative to the peer's SYN.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    pub(crate) rcv_nxt: u64,
    /// RCV.NXT + RCV.WND as last advertised.
    edge: u64,
    buffer: u32,
    mss: u32,
    /// Octets the application has taken.
    taken: u64,
    /// Ranges beyond `rcv_nxt`, ascending, apart from each other.
    ranges: SmallVec<[(u64, u64); 2]>,
    /// Places in the ranges, those that grew last first.
    recent: Vec<u64>,
    /// The window scale option's shift, when it is in force.
    shift: Option<u8>,
    /// Where the peer's FIN stands, once seen.
    fin_at: Option<u64>,
    fin_received: bool,
}

/// What an idle receiver remembers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceiverMemory {
    rcv_nxt: u64,
    /// RCV.WND.
    window: u32,
    shift: Option<u8>,
    fin_received: bool,
}

impl ReceiverMemory {
    pub(crate) const fn rcv_nxt(&self) -> u64 {
        self.rcv_nxt
    }

    pub(crate) fn shift(&self) -> u8 {
        self.shift.unwrap_or(0)
    }
}

/// What a segment brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gain {
    /// Octets that are now in order.
    pub(crate) octets: u64,
    /// Octets that were there already, or had no room.
    pub(crate) discarded: u64,
    /// The peer's FIN is now in order.
    pub(crate) fin: bool,
}

impl Receiver {
    /// Before the peer's SYN is known.
    pub(crate) fn new(buffer: u32, mss: u32) -> Self {
        Self {
            rcv_nxt: 0,
            edge: 0,
            buffer,
            mss,
            taken: 0,
            ranges: SmallVec::new(),
            recent: Vec::new(),
            shift: None,
            fin_at: None,
            fin_received: false,
        }
    }

    /// Whether nothing is missing, and the application has taken everything.
    pub(crate) fn is_idle(&self) -> bool {
        let fin = self.fin_at.is_none() || self.fin_received;
        self.rcv_nxt > 0 && self.ranges.is_empty() && self.taken == self.octets() && fin
    }

    /// What must be remembered of an idle receiver.
    pub(crate) fn memory(&self) -> ReceiverMemory {
        let window = u32::try_from(self.edge.saturating_sub(self.rcv_nxt)).expect("at most the buffer");
        ReceiverMemory { rcv_nxt: self.rcv_nxt, window, shift: self.shift, fin_received: self.fin_received }
    }

    /// Goes on from what was remembered.
    pub(crate) fn remember(memory: &ReceiverMemory, buffer: u32, mss: u32) -> Self {
        let ReceiverMemory { rcv_nxt, window, shift, fin_received } = *memory;
        let mut this = Self { rcv_nxt, fin_received, ..Self::new(buffer, mss) };
        this.scale(shift);
        this.edge = rcv_nxt + u64::from(window);
        this.taken = this.octets();
        this
    }

    /// The peer's SYN came, with its sequence number 0.
    pub(crate) fn syn(&mut self) {
        self.rcv_nxt = 1;
        self.edge = 1 + u64::from(self.buffer);
    }

    /// RCV.WND, as it stands in the segment that now goes out.
    pub(crate) fn advertise(&mut self) -> u32 {
        if self.rcv_nxt == 0 {
            return self.buffer.min(MAX_UNSCALED);
        }
        // RFC 9293 3.8.6.2.2: the right edge stays "until the reduction satisfies
        // RCV.BUFF - RCV.USER - RCV.WND >= min (Fr * RCV.BUFF, Eff.snd.MSS)", Fr = 1/2.
        let step = u64::from((self.buffer / 2).min(self.mss)).max(1);
        if self.furthest() >= self.edge + step {
            self.edge = self.furthest();
        }
        // RFC 7323 2.3: SEG.WND is RCV.WND shifted right, so the peer sees whole units of it.
        let shift = self.shift.unwrap_or(0);
        let units = (self.edge.saturating_sub(self.rcv_nxt) >> shift).min(u64::from(MAX_UNSCALED));
        u32::try_from(units << shift).expect("a window is at most 2^30")
    }

    /// Windows are scaled with that shift; or not, and then no larger one can be told.
    pub(crate) fn scale(&mut self, shift: Option<u8>) {
        self.shift = shift;
        if shift.is_none() {
            self.buffer = self.buffer.min(MAX_UNSCALED);
            self.edge = self.edge.min(self.rcv_nxt + u64::from(self.buffer));
        }
    }

    /// How far the window field is shifted (RFC 7323 2.3).
    pub(crate) fn shift(&self) -> u8 {
        self.shift.unwrap_or(0)
    }

    pub(crate) const fn is_scaled(&self) -> bool {
        self.shift.is_some()
    }

    /// Writes the SACK blocks (RFC 2018 4): "the first SACK block MUST specify the contiguous
    /// block of data containing the segment which triggered this ACK", then those "most
    /// recently reported".
    pub(crate) fn sack_blocks(&self, most: usize, options: &mut TcpOptions) {
        let mut told = SmallVec::<[(u64, u64); TcpOptions::MAX_SACK]>::new();
        let holding = |seq: &u64| self.ranges.iter().find(|range| range.0 <= *seq && *seq < range.1).copied();
        for range in self.recent.iter().filter_map(holding) {
            if told.len() < most && !told.contains(&range) {
                told.push(range);
            }
        }
        let offset = |seq: u64| u32::try_from(seq - self.rcv_nxt).expect("within a window");
        for (block, range) in options.sack.iter_mut().zip(told) {
            *block = (offset(range.0), offset(range.1));
        }
    }

    /// The right edge that the buffer allows.
    fn furthest(&self) -> u64 {
        let unread = self.octets() - self.taken;
        self.rcv_nxt + u64::from(self.buffer).saturating_sub(unread)
    }

    /// Whether nothing waits for a hole to be filled.
    pub(crate) fn is_whole(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Data octets received in order.
    pub(crate) fn octets(&self) -> u64 {
        self.rcv_nxt.saturating_sub(1 + u64::from(self.fin_received))
    }

    pub(crate) const fn fin_received(&self) -> bool {
        self.fin_received
    }

    /// Whether some of the segment is in the window (RFC 9293 3.10.7.4, first check). A FIN
    /// needs no buffer, so one octet beyond the window is let pass.
    pub(crate) fn acceptable(&self, seq: u64, space: u64) -> bool {
        if space == 0 {
            return seq >= self.rcv_nxt && seq <= self.edge + 1;
        }
        seq <= self.edge && seq + space > self.rcv_nxt
    }

    /// Takes in a segment's range, as far as it is new and in the window.
    pub(crate) fn accept(&mut self, seq: u64, len: u32, fin: bool) -> Gain {
        let before = (self.octets(), self.fin_received);
        let end = seq + u64::from(len);
        if fin && end <= self.edge.max(self.rcv_nxt) && self.fin_at.is_none() {
            self.fin_at = Some(end);
        }
        let (from, to) = (seq.max(self.rcv_nxt), end.min(self.edge));
        let kept = if from < to { self.insert(from, to) } else { 0 };
        if self.fin_at == Some(self.rcv_nxt) && !self.fin_received {
            self.fin_received = true;
            self.rcv_nxt += 1;
            self.edge = self.edge.max(self.rcv_nxt);
        }
        Gain { octets: self.octets() - before.0, discarded: u64::from(len) - kept, fin: self.fin_received && !before.1 }
    }

    /// Takes a range in. Returns how many octets of it are new.
    fn insert(&mut self, from: u64, to: u64) -> u64 {
        if from == self.rcv_nxt && self.ranges.is_empty() {
            self.rcv_nxt = to;
            return to - from;
        }
        let first = self.ranges.partition_point(|range| range.1 < from);
        let last = self.ranges.partition_point(|range| range.0 <= to);
        let merged = self.ranges[first..last].iter().fold((from, to), |all, r| (all.0.min(r.0), all.1.max(r.1)));
        let known: u64 = self.ranges[first..last].iter().map(|range| range.1 - range.0).sum();
        let new = merged.1 - merged.0 - known;
        self.ranges.drain(first..last);
        self.ranges.insert(first, merged);
        self.recent.retain(|seq| !(merged.0..merged.1).contains(seq));
        self.recent.insert(0, from);
        self.recent.truncate(2 * TcpOptions::MAX_SACK);
        if self.ranges[0].0 <= self.rcv_nxt {
            self.rcv_nxt = self.ranges.remove(0).1;
        }
        if self.ranges.is_empty() {
            self.recent = Vec::new();
        }
        new
    }

    /// The application takes all that is in order. Returns up to where, and whether the window
    /// opened so far that the peer should be told without delay: by two segments, as BSD has
    /// it, or half the buffer.
    pub(crate) fn take(&mut self) -> (u64, bool) {
        self.taken = self.octets();
        let step = u64::from(self.buffer / 2).min(2 * u64::from(self.mss)).max(1);
        let opened = self.rcv_nxt > 0 && !self.fin_received && self.furthest() >= self.edge + step;
        (self.taken, opened)
    }

    /// What only a bug can break.
    pub(crate) fn check(&self) {
        assert!(self.taken <= self.octets(), "nothing is taken before it came: {self:?}");
        assert!(self.ranges.iter().all(|r| r.0 > self.rcv_nxt && r.0 < r.1), "ranges lie ahead: {self:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Receiver {
        let mut rcv = Receiver::new(10_000, 1_000);
        rcv.syn();
        rcv
    }

    #[test]
    fn ranges_wait_for_their_turn_and_merge() {
        let mut rcv = open();
        assert_eq!(rcv.accept(1_001, 1_000, false).octets, 0);
        assert_eq!(rcv.accept(3_001, 1_000, true), Gain { octets: 0, discarded: 0, fin: false });
        assert_eq!(rcv.accept(1_501, 1_000, false).octets, 0);
        assert_eq!(rcv.ranges.len(), 2);
        rcv.check();
        assert_eq!(rcv.accept(1, 1_200, false).octets, 2_500);
        assert_eq!(rcv.accept(1, 4_000, false), Gain { octets: 1_500, discarded: 3_500, fin: true });
        assert_eq!((rcv.rcv_nxt, rcv.octets()), (4_002, 4_000));
    }

    #[test]
    fn the_window_closes_on_an_application_that_does_not_read() {
        let mut rcv = open();
        for n in 0..20 {
            rcv.accept(1 + n * 1_000, 1_000, false);
            rcv.advertise();
        }
        assert_eq!(rcv.advertise(), 0);
        assert_eq!(rcv.octets(), 10_000, "never more than the buffer");
        let (upto, opened) = rcv.take();
        assert_eq!((upto, opened, rcv.advertise()), (rcv.octets(), true, 10_000));
    }

    #[test]
    fn acceptable_is_what_overlaps_the_window() {
        let rcv = open();
        assert!(rcv.acceptable(1, 0) && rcv.acceptable(1, 1) && rcv.acceptable(0, 2));
        assert!(!rcv.acceptable(0, 1) && !rcv.acceptable(0, 0) && !rcv.acceptable(20_000, 1));
    }
}
