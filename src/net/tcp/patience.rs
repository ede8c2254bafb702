//! How long a connection waits for a peer that is silent: keep-alives (RFC 1122 4.2.3.6) and
//! the user time-out (RFC 9293 3.9.1, RFC 5482). Both are options and off by default.

use super::Context;
use super::stream::Pipe;
use super::tcb::{State, Tcb};
use crate::base::{CloseReason, SimDuration, SimTime};
use crate::net::Kernel;
use crate::net::packet::Flags;

/// Between two unanswered probes, and how many of them, as BSD and Linux have it.
const PROBE_INTERVAL: SimDuration = SimDuration::from_secs(75);
const PROBES: u32 = 9;

impl Tcb {
    /// The peer was heard of: the idle time starts anew.
    pub(crate) fn heard_of_peer<K: Kernel>(&mut self, cx: &Context<'_, K>) {
        let Some(idle) = cx.config.keep_alive else { return };
        self.snd.unanswered_probes = 0;
        self.timers.keep_alive = match self.state {
            State::Established | State::CloseWait | State::FinWait2 => cx.kernel.now().saturating_add(idle),
            State::SynSent
            | State::SynReceived
            | State::FinWait1
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Closed => SimTime::NEVER,
        };
    }

    /// Nothing was heard of the peer for the idle time, or since the last probe.
    pub(crate) fn keep_alive_timeout<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        self.timers.keep_alive = cx.kernel.now().saturating_add(PROBE_INTERVAL);
        if self.snd.outstanding() {
            // Retransmission asks the same question.
            return;
        }
        if self.snd.unanswered_probes >= PROBES {
            self.die(cx, pipe, CloseReason::TimedOut);
            return;
        }
        self.snd.unanswered_probes += 1;
        // "SEG.SEQ = SND.NXT-1 ... contains no data": old, so the peer answers with an ACK.
        self.emit(cx, self.snd.snd_nxt - 1, 0, Flags::ACK);
    }

    /// Starts the user time-out with the first octet that waits, and stops it with the last.
    pub(crate) fn plan_user_timeout<K: Kernel>(&mut self, cx: &Context<'_, K>, waiting: bool) {
        let Some(limit) = cx.config.user_timeout else { return };
        if !waiting {
            self.timers.user = SimTime::NEVER;
        } else if self.timers.user.is_never() {
            self.timers.user = cx.kernel.now().saturating_add(limit);
        }
    }
}
