//! CUBIC (RFC 9438): how the window grows in congestion avoidance, and by how much it falls.
//!
//! Windows are in segments here, as in the RFC. The arithmetic is that of IEEE 754 and of
//! `libm`, so it is the same on every processor. Left out: slow start with `HyStart`++, and the
//! undoing of a reduction that was not called for (4.9).

use crate::base::{SimDuration, SimTime};

/// 5.1: "C ... SHOULD be set to 0.4".
const C: f64 = 0.4;
/// 4.6: "`beta_cubic` SHOULD be set to 0.7", here as a fraction.
const BETA: (u64, u64) = (7, 10);
const BETA_CUBIC: f64 = 0.7;
/// 4.3: 3 * (1 - `beta_cubic`) / (1 + `beta_cubic`).
const ALPHA_CUBIC: f64 = 3.0 * (1.0 - BETA_CUBIC) / (1.0 + BETA_CUBIC);

/// The variables of one sender (RFC 9438 4.1.2).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cubic {
    /// The present instant and the smoothed round-trip time, as told before each call.
    pub(crate) now: SimTime,
    pub(crate) srtt: SimDuration,
    w_max: f64,
    k: f64,
    w_est: f64,
    cwnd_prior: f64,
    epoch_start: Option<SimTime>,
    /// Part of an octet that the window is owed.
    fraction: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a window has far fewer than 2^53 octets")]
fn segments(octets: u64, mss: u64) -> f64 {
    octets as f64 / mss as f64
}

impl Cubic {
    /// `W_cubic(t)` (4.2, figure 1).
    fn w_cubic(&self, t: f64) -> f64 {
        let x = t - self.k;
        C * x * x * x + self.w_max
    }

    /// Congestion avoidance begins, at once or after slow start (4.2, figure 2).
    fn begin(&mut self, cwnd: f64) -> SimTime {
        if cwnd < self.w_max {
            self.k = libm::cbrt((self.w_max - cwnd) / C);
        } else {
            // 4.8 and 4.10: without a loss to return to, the plateau is here.
            (self.k, self.w_max) = (0.0, cwnd);
        }
        self.w_est = cwnd;
        self.epoch_start = Some(self.now);
        self.now
    }

    /// Octets by which an acknowledgement in congestion avoidance opens the window.
    pub(crate) fn grow(&mut self, cwnd: u64, acked: u64, mss: u64) -> u64 {
        let window = segments(cwnd, mss);
        let start = self.epoch_start.unwrap_or_else(|| self.begin(window));
        let t = self.now.since(start).as_secs_f64();
        // 4.3: "alpha_cubic SHOULD be 1" once W_est has reached cwnd_prior.
        let alpha = if self.w_est < self.cwnd_prior { ALPHA_CUBIC } else { 1.0 };
        self.w_est += alpha * segments(acked, mss) / window;
        let growth = if self.w_cubic(t) < self.w_est {
            // 4.3: in the Reno-friendly region, "cwnd SHOULD be set to W_est".
            (self.w_est - window).max(0.0)
        } else {
            // 4.2: target between cwnd and 1.5 * cwnd; 4.4, 4.5: cwnd grows by
            // (target - cwnd) / cwnd for each acknowledgement.
            let target = self.w_cubic(t + self.srtt.as_secs_f64()).clamp(window, 1.5 * window);
            (target - window) / window
        };
        self.fraction += growth * segments(mss, 1);
        let whole = libm::floor(self.fraction);
        self.fraction -= whole;
        whole as u64
    }

    /// 4.6: the slow-start threshold after congestion at that window; `timeout` as in 4.8.
    pub(crate) fn reduce(&mut self, cwnd: u64, flight: u64, mss: u64, timeout: bool) -> u64 {
        let window = segments(cwnd, mss);
        self.cwnd_prior = window;
        // 4.7, fast convergence: "if cwnd < W_max and fast convergence enabled, further reduce
        // W_max". 4.8: after a time-out the first epoch has K = 0.
        self.w_max = match timeout {
            true => 0.0,
            false if window < self.w_max => window * (1.0 + BETA_CUBIC) / 2.0,
            false => window,
        };
        self.epoch_start = None;
        flight * BETA.0 / BETA.1
    }

    /// 5.8: time without data to send is no time in which the window could have grown.
    pub(crate) fn idle(&mut self) {
        self.epoch_start = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u64 = 1_000;

    /// 4.2: the window is back at `W_max` after K = cbrt(0.3 * `W_max` / 0.4) seconds. Breaks
    /// when the plateau is missed.
    #[test]
    fn the_window_returns_to_its_maximum_after_k() {
        let mut cubic = Cubic { srtt: SimDuration::from_millis(100), ..Cubic::default() };
        let mut cwnd = cubic.reduce(100 * MSS, 100 * MSS, MSS, false);
        assert_eq!(cwnd, 70 * MSS);
        let mut at_k = 0;
        for tenth in 0..100 {
            cubic.now = SimTime::from_nanos(tenth * 100_000_000);
            for _ in 0..cwnd / MSS {
                cwnd += cubic.grow(cwnd, MSS, MSS);
            }
            if tenth == 42 {
                at_k = cwnd;
            }
        }
        let k = libm::cbrt(100.0 * 0.3 / 0.4);
        assert!((k - 4.217).abs() < 1e-3);
        assert!((99 * MSS..=101 * MSS).contains(&at_k), "{at_k}");
        // 0.4 * (10 - 4.2)^3 above it at 10 s.
        assert!((165 * MSS..=185 * MSS).contains(&cwnd), "{cwnd}");
    }

    /// 4.7. Breaks when a flow does not give way to a newcomer.
    #[test]
    fn a_second_loss_below_the_maximum_releases_bandwidth() {
        let mut cubic = Cubic::default();
        cubic.reduce(100 * MSS, 100 * MSS, MSS, false);
        cubic.reduce(80 * MSS, 80 * MSS, MSS, false);
        assert!((cubic.w_max - 68.0).abs() < 1e-9, "{}", cubic.w_max);
    }
}
