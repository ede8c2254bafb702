//! The retransmission timeout of RFC 6298, in whole nanoseconds.
//!
//! SRTT and RTTVAR are kept scaled by 8 and 4 (Jacobson 1988, appendix A), so that the first
//! sample gives exactly 3R. One segment at a time is timed, never a retransmitted one
//! (Karn's algorithm); the sender keeps that clock.

use crate::base::SimDuration;
use crate::base::trace::RttFigures;
use crate::net::TcpConfig;

/// "all TCP implementations use a clock granularity" G (RFC 6298 2): ours is the clock's.
const GRANULARITY_NS: u64 = 1;
/// RFC 6298 5.7: the RTO for data after a SYN that had to be repeated.
const AFTER_LOST_SYN: SimDuration = SimDuration::from_secs(3);

/// The estimator of one connection end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rto {
    /// 8 SRTT, when something was measured.
    srtt8: Option<u64>,
    /// 4 RTTVAR.
    rttvar4: u64,
    /// Before back-off and cap.
    base_ns: u64,
    min_ns: u64,
    max_ns: u64,
    /// Time-outs in a row.
    backoff: u32,
    figures: RttFigures,
}

impl Rto {
    pub(crate) const fn new(config: &TcpConfig) -> Self {
        Self {
            srtt8: None,
            rttvar4: 0,
            base_ns: config.initial_rto.as_nanos(),
            min_ns: config.min_rto.as_nanos(),
            max_ns: config.max_rto.as_nanos(),
            backoff: 0,
            figures: RttFigures {
                samples: 0,
                sum: SimDuration::ZERO,
                min: SimDuration::ZERO,
                max: SimDuration::ZERO,
                smoothed: SimDuration::ZERO,
            },
        }
    }

    /// The timeout that now applies: never below the floor, never above the cap.
    pub(crate) fn current(&self) -> SimDuration {
        // RFC 6298 5.5: "The host MUST set RTO <- RTO * 2 ("back off the timer")".
        let backed_off = u128::from(self.base_ns.max(self.min_ns)) << self.backoff.min(63);
        let capped = backed_off.min(u128::from(self.max_ns.max(1)));
        SimDuration::from_nanos(u64::try_from(capped).expect("capped by a u64"))
    }

    /// Takes a round-trip time (RFC 6298 2.2, 2.3).
    pub(crate) fn sample(&mut self, rtt: SimDuration) {
        // Beyond a century per round trip the estimate may saturate.
        let r = rtt.as_nanos().min(u64::MAX / 64);
        match self.srtt8 {
            None => {
                // SRTT <- R, RTTVAR <- R/2.
                self.srtt8 = Some(8 * r);
                self.rttvar4 = 2 * r;
            }
            Some(srtt8) => {
                // RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R'|, then SRTT <- 7/8 SRTT + 1/8 R'.
                self.rttvar4 = self.rttvar4 - self.rttvar4 / 4 + (srtt8 / 8).abs_diff(r);
                self.srtt8 = Some(srtt8 - srtt8 / 8 + r);
            }
        }
        // RTO <- SRTT + max (G, K*RTTVAR), K = 4.
        self.base_ns = self.srtt8.unwrap_or(0) / 8 + self.rttvar4.max(GRANULARITY_NS);
        self.figures.add(rtt, self.srtt());
    }

    /// All that was measured.
    pub(crate) const fn figures(&self) -> RttFigures {
        self.figures
    }

    /// SRTT; zero before the first measurement.
    pub(crate) fn srtt(&self) -> SimDuration {
        SimDuration::from_nanos(self.srtt8.unwrap_or(0) / 8)
    }

    /// The timer ran out.
    pub(crate) const fn back_off(&mut self) {
        self.backoff = self.backoff.saturating_add(1);
    }

    /// New data was acknowledged: the back-off ends. RFC 6298 would keep it until the next
    /// sample; like most stacks we do not, since an acknowledgement shows that the path works.
    pub(crate) const fn recover(&mut self) {
        self.backoff = 0;
    }

    /// The connection is established after its SYN had to be repeated.
    pub(crate) fn after_lost_syn(&mut self) {
        self.base_ns = self.base_ns.max(AFTER_LOST_SYN.as_nanos());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sample_gives_three_round_trips() {
        for ms in [334, 600, 1_234] {
            let mut rto = Rto::new(&TcpConfig::default());
            rto.sample(SimDuration::from_millis(ms));
            assert_eq!(rto.current(), SimDuration::from_millis(3 * ms));
        }
    }

    #[test]
    fn a_steady_path_comes_down_to_the_floor() {
        let mut rto = Rto::new(&TcpConfig::default());
        for _ in 0..100 {
            rto.sample(SimDuration::from_millis(600));
        }
        assert_eq!(rto.current(), SimDuration::from_secs(1));
    }

    #[test]
    fn it_doubles_up_to_the_cap_and_never_overflows() {
        let mut rto = Rto::new(&TcpConfig::default());
        let mut seen = Vec::new();
        for _ in 0..9 {
            seen.push(rto.current().as_secs());
            rto.back_off();
        }
        assert_eq!(seen, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..200 {
            rto.back_off();
        }
        assert_eq!(rto.current().as_secs(), 60);
        rto.sample(SimDuration::from_nanos(u64::MAX));
        assert_eq!(rto.current().as_secs(), 60);
        rto.recover();
        assert_eq!(rto.current().as_secs(), 60);
    }
}
