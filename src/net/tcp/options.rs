//! Options of the TCP header, and what two ends agree on by them: MSS (RFC 9293 3.7.1), SACK
//! (RFC 2018), window scale and timestamps (RFC 7323).

use smallvec::SmallVec;

use super::Context;
use super::tcb::Tcb;
use crate::base::trace::{TcpOptions, Timestamps};
use crate::base::{SimDuration, SimTime};
use crate::net::packet::Segment;
use crate::net::{Kernel, TcpConfig};

/// RFC 7323 2.3: "the maximum shift count is 14".
const MAX_SHIFT: u8 = 14;
/// The largest window without scaling.
pub(crate) const MAX_UNSCALED: u32 = 65_535;
/// RFC 7323 5.4: a tick of the timestamp clock "between 1 ms and 1 sec".
const TICK: SimDuration = SimDuration::from_millis(1);
/// RFC 7323 5.5: `TS.Recent` is not to be trusted after 24 days of idling.
const TS_RECENT_LIFETIME: SimDuration = SimDuration::from_secs(24 * 86_400);

/// What both ends have agreed on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Agreed {
    /// The MSS without options, as far as the two ends can tell.
    pub(crate) mss: u32,
    pub(crate) sack: bool,
    pub(crate) timestamps: bool,
    /// `TS.Recent` (RFC 7323 4.3), and when it was taken.
    pub(crate) ts_recent: u32,
    pub(crate) ts_recent_at: SimTime,
    /// `Last.ACK.sent`.
    pub(crate) last_ack_sent: u64,
}

impl Agreed {
    /// Whether a segment echoes a timestamp from before that time, and so answers an earlier segment.
    pub(crate) fn echo_predates(&self, seg: &Segment, sent: SimTime) -> bool {
        seg.options.timestamps.is_some_and(|stamp| self.timestamps && before(stamp.ecr, clock(sent)))
    }
}

/// The shift with which a buffer can be advertised; none when it needs no scaling.
fn shift(config: &TcpConfig) -> Option<u8> {
    let wanted = config.window_scale && config.receive_window > MAX_UNSCALED;
    wanted.then(|| (1..MAX_SHIFT).find(|shift| MAX_UNSCALED << shift >= config.receive_window).unwrap_or(MAX_SHIFT))
}

fn clock(now: SimTime) -> u32 {
    u32::try_from((now.as_nanos() / TICK.as_nanos()) & u64::from(u32::MAX)).expect("32 bits")
}

/// Whether timestamp `a` is before `b`, modulo 2^32.
const fn before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) > u32::MAX / 2
}

impl Tcb {
    /// The options of a SYN: all that this end would like; or of a SYN-ACK: of these, what the
    /// peer's SYN had too.
    pub(crate) fn syn_options<K: Kernel>(&self, cx: &Context<'_, K>, answer: bool) -> TcpOptions {
        let (config, now) = (cx.config, cx.kernel.now());
        let timestamps = if answer { self.agreed.timestamps } else { config.timestamps };
        TcpOptions {
            mss: Some(u16::try_from(self.own_mss(cx)).unwrap_or(u16::MAX)),
            window_scale: shift(config).filter(|_| !answer || self.rcv.is_scaled()),
            sack_permitted: if answer { self.agreed.sack } else { config.sack },
            timestamps: timestamps.then(|| Timestamps { val: clock(now), ecr: self.agreed.ts_recent }),
            ..TcpOptions::default()
        }
    }

    /// The options of any other segment with so much data.
    pub(crate) fn options(&self, now: SimTime, len: u32) -> TcpOptions {
        let timestamps = self.agreed.timestamps.then(|| Timestamps { val: clock(now), ecr: self.agreed.ts_recent });
        let mut options = TcpOptions { timestamps, ..TcpOptions::default() };
        if self.agreed.sack && !self.rcv.is_whole() {
            // As many blocks as there is room for beside the data.
            let room = usize::try_from((self.snd.mss.saturating_sub(len + 4)) / 8).unwrap_or(0);
            self.rcv.sack_blocks(room.min(TcpOptions::MAX_SACK), &mut options);
        }
        options
    }

    /// The peer's SYN came: what both want is agreed on.
    pub(crate) fn agree<K: Kernel>(&mut self, cx: &Context<'_, K>, seg: &Segment) {
        let config = cx.config;
        self.agreed.sack = config.sack && seg.options.sack_permitted;
        self.snd.rack = (config.rack && self.agreed.sack).then(Box::default);
        self.agreed.timestamps = config.timestamps && seg.options.timestamps.is_some();
        if let Some(Timestamps { val, .. }) = seg.options.timestamps {
            self.agreed.ts_recent = val;
            self.agreed.ts_recent_at = cx.kernel.now();
        }
        // RFC 7323 2.2: both SYNs must have the option, or no window is scaled.
        let shift = shift(config).filter(|_| seg.options.window_scale.is_some());
        self.rcv.scale(shift);
        // RFC 9293 3.7.1: "If an MSS Option is not received at connection setup,
        // implementations MUST assume a default send MSS of 536".
        let peer = seg.options.mss.map_or(536, u32::from).max(1);
        self.agreed.mss = self.own_mss(cx).min(peer);
        let mss = self.effective_mss(cx);
        self.snd.set_mss(mss, config);
    }

    /// PAWS and the upkeep of `TS.Recent` (RFC 7323 5.3). False: the segment is an old
    /// duplicate.
    pub(crate) fn timestamp_is_fresh(&mut self, now: SimTime, seg: &Segment) -> bool {
        let Some(stamp) = seg.options.timestamps.filter(|_| self.agreed.timestamps) else { return true };
        let idle = now.since(self.agreed.ts_recent_at) > TS_RECENT_LIFETIME;
        if before(stamp.val, self.agreed.ts_recent) && !idle && !seg.flags.rst {
            // R1: "If SEG.TSval < TS.Recent and if TS.Recent is valid, then treat the arriving
            // segment as not acceptable".
            return false;
        }
        // R3: "If an arriving segment satisfies SEG.TSval >= TS.Recent and SEG.SEQ <=
        // Last.ACK.sent, then record its TSval in TS.Recent".
        if seg.seq <= self.agreed.last_ack_sent {
            self.agreed.ts_recent = stamp.val;
            self.agreed.ts_recent_at = now;
        }
        true
    }

    /// The round trip that an acknowledgement's timestamp tells; none without timestamps.
    pub(crate) fn echoed_round_trip(&self, now: SimTime, seg: &Segment) -> Option<SimDuration> {
        let stamp = seg.options.timestamps.filter(|_| self.agreed.timestamps && seg.flags.ack)?;
        let ticks = clock(now).wrapping_sub(stamp.ecr).max(1);
        Some(TICK.saturating_mul(u64::from(ticks)))
    }
}

/// The ranges of a segment's SACK option.
pub(crate) fn sack_ranges(seg: &Segment) -> SmallVec<[(u64, u64); 3]> {
    seg.options.sack_blocks().map(|(from, to)| (seg.ack + u64::from(from), seg.ack + u64::from(to))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_is_the_least_that_shows_the_buffer() {
        let of = |receive_window| shift(&TcpConfig { receive_window, ..TcpConfig::default() });
        assert_eq!([65_535, 65_536, 131_070, 131_071].map(of), [None, Some(1), Some(1), Some(2)]);
        assert_eq!(of(1 << 30), Some(14));
    }

    #[test]
    fn timestamps_compare_around_the_wrap() {
        assert!(before(1, 2) && before(u32::MAX, 0) && !before(0, u32::MAX) && !before(5, 5));
    }
}
