//! Explicit congestion notification at the end points (RFC 3168 6.1). Marks come from queues.
//!
//! Left out: the retransmission timer's reset when a mark arrives at a window of one segment
//! (6.1.2), and the fallback when an ECN-setup SYN is dropped (6.1.1.1), since no box here
//! drops it for that.

use super::Context;
use super::tcb::Tcb;
use crate::net::Kernel;
use crate::net::packet::{Ecn, Segment};

/// What one end remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EcnState {
    /// Both ends can do it.
    pub(crate) agreed: bool,
    /// A mark came, and the peer has not said that it slowed down.
    echo: bool,
    /// This end slowed down, and has not said so.
    cwr: bool,
    /// No second reduction before everything up to here is acknowledged.
    reduced_until: u64,
    /// The segment about to be sent has data that was never sent before.
    pub(crate) new_data: bool,
}

/// The bits of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EcnBits {
    /// The packet may be marked.
    pub(crate) ect: bool,
    pub(crate) ece: bool,
    pub(crate) cwr: bool,
}

impl Tcb {
    /// The bits of the segment about to be sent.
    pub(crate) fn ecn_bits(&mut self, wanted: bool, syn: bool, ack: bool) -> EcnBits {
        let new_data = std::mem::take(&mut self.ecn.new_data);
        if syn {
            // 6.1.1: an ECN-setup SYN has ECE and CWR, an ECN-setup SYN-ACK has ECE alone.
            let ece = if ack { self.ecn.agreed } else { wanted };
            return EcnBits { ect: false, ece, cwr: ece && !ack };
        }
        if !self.ecn.agreed {
            return EcnBits::default();
        }
        // 6.1.2: "sets the CWR flag ... of the first new data packet sent after the window
        // reduction". 6.1.4, 6.1.5: neither a pure ACK nor a retransmission is capable.
        let cwr = new_data && std::mem::take(&mut self.ecn.cwr);
        EcnBits { ect: new_data, ece: ack && self.ecn.echo, cwr }
    }

    /// The peer's SYN, or its answer to ours, came.
    pub(crate) fn agree_on_ecn(&mut self, wanted: bool, seg: &Segment) {
        let setup = seg.ecn.ece && (seg.flags.ack || seg.ecn.cwr);
        self.ecn.agreed = wanted && setup;
    }

    /// Reads the bits of an acceptable segment.
    pub(crate) fn read_ecn<K: Kernel>(&mut self, cx: &Context<'_, K>, mark: Ecn, seg: &Segment) {
        if !self.ecn.agreed || seg.flags.syn {
            return;
        }
        // 6.1.3: ECE in every ACK from the mark on, until a segment with CWR comes.
        if seg.ecn.cwr {
            self.ecn.echo = false;
        }
        if mark == Ecn::Ce {
            self.ecn.echo = true;
        }
        // 6.1.2: "the TCP source ... treats it as a congestion loss", but "SHOULD NOT react to
        // congestion indications more than once every window of data".
        if seg.ecn.ece && seg.flags.ack && seg.ack > self.ecn.reduced_until && self.snd.outstanding() {
            self.snd.cc.at(cx.kernel.now(), self.snd.smoothed_round_trip());
            if self.snd.cc.on_mark(self.snd.flight_size()) {
                self.ecn.cwr = true;
            }
            self.ecn.reduced_until = self.snd.snd_max;
        }
    }
}
