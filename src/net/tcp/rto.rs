//! The retransmission timeout of RFC 6298, in whole nanoseconds.
//!
//! SRTT and RTTVAR are kept scaled by 8 and 4 (Jacobson 1988, appendix A), so that the first
//! sample gives exactly 3R. One segment at a time is timed, never a retransmitted one
//! (Karn's algorithm); the sender keeps that clock.

use crate::base::SimDuration;
use crate::net::TcpConfig;

/// "all TCP implementations use a clock granularity" G (RFC 6298 2): ours is the clock's.
const GRANULARITY_NS: u64 = 1;
/// The RTO for data after a SYN that had to be repeated.
const AFTER_LOST_SYN: SimDuration = SimDuration::from_secs(3);

/// No RTTVAR, which stays below 2^62, but the mark of a guess.
const GUESS: u64 = u64::MAX;

/// The estimator of one connection end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rto {
    estimate: Estimate,
    /// Time-outs in a row.
    backoff: u8,
}

#[derive(Clone, Copy, Debug)]
enum Estimate {
    /// Nothing was measured: an RTO to begin with.
    Guess { rto_ns: u64 },
    /// 8 SRTT and 4 RTTVAR.
    Measured { srtt8: u64, rttvar4: u64 },
}

impl Rto {
    pub(crate) const fn new(config: &TcpConfig) -> Self {
        Self { estimate: Estimate::Guess { rto_ns: config.initial_rto.as_nanos() }, backoff: 0 }
    }

    /// What must be remembered while nothing is out, and so nothing is backed off.
    pub(crate) const fn memory(&self) -> [u64; 2] {
        match self.estimate {
            Estimate::Guess { rto_ns } => [rto_ns, GUESS],
            Estimate::Measured { srtt8, rttvar4 } => [srtt8, rttvar4],
        }
    }

    /// Goes on from what was remembered.
    pub(crate) const fn remember(memory: [u64; 2]) -> Self {
        let estimate = match memory {
            [rto_ns, GUESS] => Estimate::Guess { rto_ns },
            [srtt8, rttvar4] => Estimate::Measured { srtt8, rttvar4 },
        };
        Self { estimate, backoff: 0 }
    }

    /// The timeout that now applies: never below the floor, never above the cap.
    pub(crate) fn current(&self, config: &TcpConfig) -> SimDuration {
        let base_ns = match self.estimate {
            Estimate::Guess { rto_ns } => rto_ns,
            // RTO <- SRTT + max (G, K*RTTVAR), K = 4.
            Estimate::Measured { srtt8, rttvar4 } => srtt8 / 8 + rttvar4.max(GRANULARITY_NS),
        };
        let base_ns = base_ns.max(config.min_rto.as_nanos());
        let max_ns = config.max_rto.as_nanos().max(1);
        // RFC 6298 5.5: "The host MUST set RTO <- RTO * 2 ("back off the timer")".
        let backed_off = u128::from(base_ns) << self.backoff.min(63);
        SimDuration::from_nanos(u64::try_from(backed_off.min(u128::from(max_ns))).expect("capped by a u64"))
    }

    /// Takes a round-trip time (RFC 6298 2.2, 2.3).
    pub(crate) fn sample(&mut self, rtt: SimDuration) {
        // Beyond a century per round trip the estimate may saturate.
        let r = rtt.as_nanos().min(u64::MAX / 64);
        self.estimate = match self.estimate {
            // SRTT <- R, RTTVAR <- R/2.
            Estimate::Guess { .. } => Estimate::Measured { srtt8: 8 * r, rttvar4: 2 * r },
            // RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R'|, then SRTT <- 7/8 SRTT + 1/8 R'.
            Estimate::Measured { srtt8, rttvar4 } => Estimate::Measured {
                srtt8: srtt8 - srtt8 / 8 + r,
                rttvar4: rttvar4 - rttvar4 / 4 + (srtt8 / 8).abs_diff(r),
            },
        };
    }

    /// SRTT; zero before the first measurement.
    pub(crate) fn srtt(&self) -> SimDuration {
        match self.estimate {
            Estimate::Guess { .. } => SimDuration::ZERO,
            Estimate::Measured { srtt8, .. } => SimDuration::from_nanos(srtt8 / 8),
        }
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

    /// The connection is established after its SYN had to be repeated. RFC 6298 5.7: "the RTO
    /// MUST be re-initialized to 3 seconds when data transmission begins", whatever timestamps
    /// have told.
    pub(crate) fn after_lost_syn(&mut self, config: &TcpConfig) {
        self.recover();
        let rto_ns = self.current(config).as_nanos().max(AFTER_LOST_SYN.as_nanos());
        self.estimate = Estimate::Guess { rto_ns };
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
            assert_eq!(rto.current(&TcpConfig::default()), SimDuration::from_millis(3 * ms));
        }
    }

    #[test]
    fn a_steady_path_comes_down_to_the_floor() {
        let mut rto = Rto::new(&TcpConfig::default());
        for _ in 0..100 {
            rto.sample(SimDuration::from_millis(600));
        }
        assert_eq!(rto.current(&TcpConfig::default()), SimDuration::from_secs(1));
    }

    #[test]
    fn it_doubles_up_to_the_cap_and_never_overflows() {
        let mut rto = Rto::new(&TcpConfig::default());
        let mut seen = Vec::new();
        for _ in 0..9 {
            seen.push(rto.current(&TcpConfig::default()).as_secs());
            rto.back_off();
        }
        assert_eq!(seen, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..200 {
            rto.back_off();
        }
        assert_eq!(rto.current(&TcpConfig::default()).as_secs(), 60);
        rto.sample(SimDuration::from_nanos(u64::MAX));
        assert_eq!(rto.current(&TcpConfig::default()).as_secs(), 60);
        rto.recover();
        assert_eq!(rto.current(&TcpConfig::default()).as_secs(), 60);
    }
}
