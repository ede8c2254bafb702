//! Resets and SYNs out of place: the second and fourth check of RFC 9293 3.10.7.4, as RFC 5961
//! has them.
//!
//! Only a reset that stands exactly at RCV.NXT ends a connection. One elsewhere in the window is
//! late, repeated or forged: a *challenge ACK* asks the peer, which, if it really knows the
//! connection no more, answers with a reset at the right place.
//!
//! Challenges are rationed by connection. Left out: a ration for the whole host, by which one
//! connection could learn of another (RFC 5961 7 leaves the choice).

use super::Context;
use super::stream::Pipe;
use super::tcb::{State, Tcb};
use crate::base::{CloseReason, SimDuration, SimTime};
use crate::net::Kernel;
use crate::net::packet::Segment;

/// RFC 5961 7: a limit such as 10 challenge ACKs in 5 seconds.
const RATION: u8 = 10;
const PERIOD: SimDuration = SimDuration::from_secs(5);

/// What was spent of the ration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Challenges {
    since: SimTime,
    sent: u8,
}

impl Challenges {
    /// Whether any was sent.
    pub(crate) const fn any(&self) -> bool {
        self.sent > 0
    }
}

impl Tcb {
    /// Second check: a reset came.
    pub(crate) fn reset_arrives<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe, seg: &Segment) {
        if !self.rcv.acceptable(seg.seq, 0) {
            // RFC 5961 3.2 (1): "outside the current receive window, silently drop the segment".
            return;
        }
        if seg.seq == self.rcv.rcv_nxt {
            // (2): "exactly matches the next expected sequence number (RCV.NXT)". In
            // SYN-RECEIVED an active open was refused; a passive one goes back to LISTEN.
            let refused = self.state == State::SynReceived;
            self.die(cx, pipe, if refused { CloseReason::Refused } else { CloseReason::Reset });
        } else {
            // (3): "in the window but not exactly: MUST send an acknowledgment (challenge ACK)".
            self.challenge(cx);
        }
    }

    /// Asks the peer where it stands, unless that was asked too often.
    pub(crate) fn challenge<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        let now = cx.kernel.now();
        if self.challenges.sent == 0 || now.since(self.challenges.since) >= PERIOD {
            self.challenges = Challenges { since: now, sent: 0 };
        }
        if self.challenges.sent < RATION {
            self.challenges.sent += 1;
            self.emit_ack(cx);
        }
    }
}
