//! Segments that fit the path (RFC 9293 3.7.1, 3.7.2; RFC 1191 6.4, 6.5; for IPv6 RFC 8201).
//!
//! The MSS option tells what this end's own link carries. What is sent is cut to the peer's
//! option, the own link, and what routers have said since. When they say that a segment was
//! too big, what is out is cut anew from SND.UNA on: one segment first, and the rest when its
//! acknowledgement shows that it fits the whole path. Nothing was lost to congestion, so the
//! window stays as it is.

use super::Context;
use super::stream::Pipe;
use super::tcb::Tcb;
use crate::base::trace::{RetransmitReason, TcpOptions, Timestamps};
use crate::net::Kernel;
use crate::net::packet::tcp_headers;

impl Tcb {
    /// The MSS that this end announces. RFC 9293 3.7.1: "The MSS value to be sent in an MSS
    /// Option should be equal to the effective MTU minus the fixed IP and TCP headers" (MUST-67
    /// and RFC 6691: whatever options there will be).
    pub(crate) fn own_mss<K: Kernel>(&self, cx: &Context<'_, K>) -> u32 {
        let link = cx.fabric.first_mtu(self.host, self.tuple.1);
        let family = self.tuple.3;
        cx.config.mss_over(family).min(link.saturating_sub(tcp_headers(family))).max(1)
    }

    /// Octets of data for a full segment: "Eff.snd.MSS = min(SendMSS+20, MMS_S) - TCPhdrsize -
    /// IPoptionsize", where a segment's own options go off it too.
    pub(crate) fn effective_mss<K: Kernel>(&self, cx: &Context<'_, K>) -> u32 {
        let path = cx.paths.get((self.host, self.tuple.1), cx.kernel.now());
        let path = path.map_or(u32::MAX, |mtu| mtu.saturating_sub(tcp_headers(self.tuple.3)));
        let stamps = self.agreed.timestamps.then(Timestamps::default);
        let steady = TcpOptions { timestamps: stamps, ..TcpOptions::default() };
        self.agreed.mss.min(path).saturating_sub(steady.bytes()).max(1)
    }

    /// What is known of the path may have changed since the last segment. While anything is out,
    /// a decrease waits for a report of it: what fits may be out as well as what does not.
    pub(crate) fn follow_path<K: Kernel>(&mut self, cx: &Context<'_, K>) {
        if !cx.paths.is_empty() {
            let mss = self.effective_mss(cx);
            if mss > self.snd.mss || !self.snd.outstanding() {
                self.snd.resize(mss);
            }
        }
    }

    /// A segment of this end was too big for some link.
    pub(crate) fn too_big<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &mut Pipe) {
        let mss = self.effective_mss(cx);
        if mss >= self.snd.mss || !self.state.sends_data() {
            // It was told before: by the report of another segment of the same flight.
            return;
        }
        self.snd.resize(mss);
        if self.snd.outstanding() {
            // RFC 1191 6.5: "should not change the congestion window. It should, however, trigger
            // the slow-start mechanism (i.e., only one segment should be retransmitted until
            // acknowledgements begin to arrive again)".
            self.snd.go_back(RetransmitReason::PathMtu, cx.kernel.now());
            self.snd.cc.forget_losses(self.snd.snd_max);
            self.snd.fits_path = false;
            self.resend_first(cx, pipe, RetransmitReason::PathMtu);
        }
        self.output(cx, pipe);
    }
}
