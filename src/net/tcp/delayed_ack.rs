//! When an acknowledgement goes out (RFC 1122 4.2.3.2, RFC 5681 4.2).
//!
//! An acknowledgement that must go at once waits until the present event has been processed
//! all the same: what the application says within it carries the acknowledgement, and the
//! window then tells what the application has really taken. One that may wait goes with the
//! next segment sent, with every second full-sized segment received, or when the timer ends.

use crate::base::SimTime;

use super::Context;
use super::tcb::Tcb;
use crate::net::Kernel;

/// What this end owes its peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Owed {
    #[default]
    Nothing,
    /// An acknowledgement, in a while.
    Later,
    /// An acknowledgement, when the present event has been processed.
    Now,
}

/// The acknowledgements of one connection end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AckClock {
    owed: Owed,
    /// Octets that came in order since the last acknowledgement went out.
    unacknowledged: u64,
    /// Waits in the table's list of ends that owe something.
    pub(crate) listed: bool,
}

impl AckClock {
    /// An acknowledgement is owed at once.
    pub(crate) const fn owe_now(&mut self) {
        self.owed = Owed::Now;
    }

    /// Octets came in their turn, and nothing is missing before or behind them.
    pub(crate) fn in_order(&mut self, octets: u64, mss: u32, delayed: bool) {
        self.unacknowledged += octets;
        // RFC 5681 4.2: "an ACK SHOULD be generated for at least every second full-sized
        // segment". Counted in octets, so that two segments that fill a window do as well.
        if !delayed || self.unacknowledged > u64::from(mss) {
            self.owed = Owed::Now;
        } else if self.owed == Owed::Nothing {
            self.owed = Owed::Later;
        }
    }

    /// Whether nothing is owed.
    pub(crate) fn is_idle(&self) -> bool {
        *self == Self::default()
    }

    /// A segment with ACK goes out.
    pub(crate) const fn sent(&mut self) {
        self.owed = Owed::Nothing;
        self.unacknowledged = 0;
    }
}

impl Tcb {
    /// Whether this end must be visited when the present event has been processed.
    pub(crate) fn owes_something(&self) -> bool {
        match self.ack.owed {
            Owed::Nothing => false,
            Owed::Later => self.timers.delayed_ack.is_never(),
            Owed::Now => true,
        }
    }

    /// The present event has been processed, and nothing carried what is owed.
    pub(crate) fn settle_ack<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        match self.ack.owed {
            Owed::Nothing => {}
            Owed::Now => self.emit_ack(cx),
            Owed::Later if self.timers.delayed_ack.is_never() => {
                // RFC 1122 4.2.3.2: "the delay MUST be less than 0.5 seconds".
                self.timers.delayed_ack = cx.kernel.now().saturating_add(cx.config.delayed_ack);
                self.timers.ack_cause = cx.kernel.cause();
            }
            Owed::Later => {}
        }
    }

    /// The delayed acknowledgement's timer ran out.
    pub(crate) fn delayed_ack_timeout<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        self.timers.delayed_ack = SimTime::NEVER;
        if self.ack.owed != Owed::Nothing {
            self.emit_ack(cx);
        }
    }
}
