//! Tail loss probes (RFC 8985 7): when acknowledgements stay away, one segment goes to fetch one.
//!
//! Of a flight whose end is lost nothing tells; only the retransmission timer would find it, after
//! a second and with the window gone. Instead, after two round trips, new data or the last
//! segment goes, and what comes back lets RACK find what is missing. The peer's greatest delay of an
//! acknowledgement (`TLP.max_ack_delay`) is taken from the parameters, which all hosts share.
//! Left out: DSACK as a sign that a probe was not needed (7.4.2); a bare duplicate tells it.

use super::Context;
use super::rack::Wait;
use super::stream::Pipe;
use super::tcb::Tcb;
use crate::base::trace::RetransmitReason;
use crate::base::{SimDuration, SimTime};
use crate::net::Kernel;
use crate::net::packet::Segment;

/// 7.2: "when there is no SRTT estimate available, the PTO SHOULD be 1 second".
const WITHOUT_SRTT: SimDuration = SimDuration::from_secs(1);

/// The probe of one sender (7.1).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// `TLP.end_seq`: SND.NXT after the probe that is out.
    end: Option<u64>,
    /// `TLP.is_retrans`.
    again: bool,
    /// New data went or was acknowledged since the timer was last looked at.
    restart: bool,
    /// No round trip was measured since the last probe.
    unmeasured: bool,
}

impl Probe {
    /// New data was sent, or acknowledged.
    pub(super) const fn restart(&mut self) {
        self.restart = true;
    }

    /// A round trip was measured.
    pub(super) const fn measured(&mut self) {
        self.unmeasured = false;
    }

    /// 7.1: a recovery begins, or a time-out ends the flight.
    pub(super) const fn reset(&mut self) {
        (self.end, self.again) = (None, false);
    }
}

impl Tcb {
    /// 7.2: starts or stops the timer of the probe.
    pub(crate) fn plan_probe<K: Kernel>(&mut self, cx: &Context<'_, K>) {
        let (outstanding, srtt) = (self.snd.outstanding(), self.snd.smoothed_round_trip());
        let Some(rack) = &mut self.snd.rack else { return };
        let restart = std::mem::take(&mut rack.probe.restart);
        if rack.wait == Wait::Reordering && !self.timers.loss.is_never() {
            return;
        }
        let recovering = self.snd.cc.is_recovering(self.snd.snd_una);
        if !outstanding || recovering || !self.snd.fits_path {
            self.timers.loss = SimTime::NEVER;
        } else if restart && !rack.any_sacked() {
            let wait = match srtt {
                SimDuration::ZERO => WITHOUT_SRTT,
                _ if rack.segments() == 1 => srtt.saturating_mul(2).saturating_add(cx.config.delayed_ack),
                _ => srtt.saturating_mul(2),
            };
            rack.wait = Wait::Probe;
            self.timers.loss = cx.kernel.now().saturating_add(wait).min(self.timers.retransmit);
            self.timers.cause = cx.kernel.cause();
        }
    }

    /// 7.3: the timer of the probe ran out. No probe follows one that is still out, or that brought
    /// no measurement.
    pub(super) fn probe_timeout<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &Pipe) {
        let data_end = 1 + pipe.appended(self.side);
        if self.snd.rack.as_ref().is_some_and(|rack| rack.probe.end.is_none() && !rack.probe.unmeasured) {
            self.probe_for_loss(cx, data_end);
        }
        // With or without a probe, "the sender MUST re-arm the RTO timer, not the PTO timer".
        self.timers.retransmit = SimTime::NEVER;
        self.plan_timers(cx, data_end);
    }

    /// 7.3: the probe is new data, if there is any and the peer has room, whatever cwnd says; or
    /// else the last segment again.
    fn probe_for_loss<K: Kernel>(&mut self, cx: &mut Context<'_, K>, data_end: u64) {
        let mss = u64::from(self.snd.mss);
        let room = self.snd.snd_wnd.saturating_sub(self.snd.flight());
        let fresh = (data_end.saturating_sub(self.snd.snd_nxt)).min(mss).min(room);
        if fresh > 0 {
            let fin = self.snd.fin_queued && self.snd.snd_nxt + fresh == data_end;
            let len = u32::try_from(fresh).expect("at most an MSS");
            self.send_data(cx, self.snd.snd_nxt, len, fin, None);
        } else if let Some((from, end)) = self.snd.rack.as_ref().and_then(|rack| rack.last_out()) {
            let from = from.max(end.min(data_end).saturating_sub(mss));
            self.resend(cx, from, end, data_end, RetransmitReason::LossProbe);
        } else {
            return;
        }
        if let Some(rack) = &mut self.snd.rack {
            rack.probe = Probe { end: Some(self.snd.snd_nxt), again: fresh == 0, restart: false, unmeasured: true };
        }
    }

    /// 7.4.2: finds out whether a probe has repaired a loss, which then counts as congestion.
    pub(crate) fn probe_answered<K: Kernel>(&mut self, cx: &Context<'_, K>, seg: &Segment) {
        let Some(rack) = &mut self.snd.rack else { return };
        let Some(end) = rack.probe.end.filter(|end| seg.ack >= *end) else { return };
        let bare = seg.space() == 0 && seg.options.sack_blocks().next().is_none();
        let repeated = seg.ack == self.snd.snd_una && bare;
        let beyond = seg.ack > end;
        if rack.probe.again && !beyond && !repeated {
            return;
        }
        rack.probe.end = None;
        if rack.probe.again && beyond {
            let flight = rack.flight_size();
            self.snd.cc.at(cx.kernel.now(), self.snd.smoothed_round_trip());
            self.snd.cc.on_mark(flight);
        }
    }
}
