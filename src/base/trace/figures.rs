//! What an end of a connection measured, and how its windows move.
//!
//! The figures are told once, where the end is closed. The windows are no part of the trace:
//! they change with nearly every acknowledgement, and are told only to those who ask.

use serde::Serialize;

use crate::base::ids::{ConnId, HostId};
use crate::base::socket::Side;
use crate::base::time::{SimDuration, SimTime};

/// What one end of a connection measured in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndFigures {
    /// The round-trip times that it took.
    pub rtt: RttFigures,
    /// Data octets that its peer acknowledged.
    pub acked: u64,
    /// When the last of them was acknowledged; none before the first.
    pub last_acked: Option<SimTime>,
    /// Data octets that came and were thrown away: it had them already, or no room for them.
    pub discarded: u64,
}

/// Round-trip times, as the estimator of the retransmission timeout took them (RFC 6298).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RttFigures {
    /// How many; the rest is zero when there is none.
    pub samples: u32,
    /// Their sum.
    pub sum: SimDuration,
    /// The shortest.
    pub min: SimDuration,
    /// The longest.
    pub max: SimDuration,
    /// SRTT after the last.
    pub smoothed: SimDuration,
}

impl RttFigures {
    /// Takes one more, and what the estimator makes of it.
    pub fn add(&mut self, rtt: SimDuration, smoothed: SimDuration) {
        self.min = if self.samples == 0 { rtt } else { self.min.min(rtt) };
        self.max = self.max.max(rtt);
        self.samples = self.samples.saturating_add(1);
        self.sum = self.sum.saturating_add(rtt);
        self.smoothed = smoothed;
    }

    /// Their mean, rounded down; none without any.
    #[must_use]
    pub fn mean(&self) -> Option<SimDuration> {
        self.sum.as_nanos().checked_div(u64::from(self.samples)).map(SimDuration::from_nanos)
    }
}

/// The windows of one end of a connection after something happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// When.
    pub at: SimTime,
    /// The host.
    pub host: HostId,
    /// The connection.
    pub conn: ConnId,
    /// Which end of it.
    pub side: Side,
    /// The end's own port and its peer's.
    pub ports: [u16; 2],
    /// The congestion window in octets.
    pub cwnd: u64,
    /// The slow-start threshold in octets; none while no loss has set it.
    pub ssthresh: Option<u64>,
    /// SRTT; zero before the first measurement.
    pub srtt: SimDuration,
    /// The retransmission timeout that now applies.
    pub rto: SimDuration,
    /// Octets that count against the window: what is out, less what is known to have arrived or
    /// to be lost.
    pub in_flight: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_samples() {
        let mut rtt = RttFigures::default();
        assert_eq!(rtt.mean(), None);
        for ms in [30, 10, 21] {
            rtt.add(SimDuration::from_millis(ms), SimDuration::from_millis(ms + 1));
        }
        let ms = SimDuration::from_millis;
        assert_eq!((rtt.samples, rtt.min, rtt.max, rtt.smoothed), (3, ms(10), ms(30), ms(22)));
        assert_eq!(rtt.mean(), Some(SimDuration::from_nanos(20_333_333)));
    }
}
