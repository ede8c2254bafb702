//! Distributions of durations, drawn through `libm` so that results are the same on every
//! processor, and rounded to whole nanoseconds at once.

use super::rng::Stream;
use super::time::SimDuration;

/// A distribution of durations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dist {
    /// Always the same.
    Constant(SimDuration),
    /// Evenly between two bounds, both reachable.
    Uniform {
        /// Shortest duration.
        low: SimDuration,
        /// Longest duration; at least `low`.
        high: SimDuration,
    },
    /// Memoryless gaps: a Poisson process has exponential gaps of this mean.
    Exponential {
        /// Mean duration.
        mean: SimDuration,
    },
    /// The logarithm is normal.
    LogNormal {
        /// Median duration.
        median: SimDuration,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// Heavy-tailed: P(X > x) = (scale/x)^shape for x >= scale.
    Pareto {
        /// Shortest duration.
        scale: SimDuration,
        /// Tail index, above zero; the mean is finite above 1.
        shape: f64,
    },
}

impl Dist {
    /// Draws one duration.
    pub fn sample(&self, stream: &mut Stream) -> SimDuration {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => {
                let span = (high - low).as_nanos();
                low + SimDuration::from_nanos(if span == u64::MAX { stream.next_u64() } else { stream.below(span + 1) })
            }
            Self::Exponential { mean } => round(nanos(mean) * -libm::log(1.0 - stream.unit())),
            Self::LogNormal { median, sigma } => round(nanos(median) * libm::exp(sigma * normal(stream))),
            Self::Pareto { scale, shape } => round(nanos(scale) * libm::pow(1.0 - stream.unit(), -1.0 / shape)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a drawn duration is rounded anyway")]
fn nanos(duration: SimDuration) -> f64 {
    duration.as_nanos() as f64
}

/// Draws a standard normal number (Box and Muller 1958; the second of the pair is not kept, so
/// that a draw always takes two numbers from the stream).
pub fn normal(stream: &mut Stream) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - stream.unit()));
    radius * libm::cos(2.0 * std::f64::consts::PI * stream.unit())
}

/// Rounds to whole nanoseconds, capped at a hundred years.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded on the line above")]
fn round(nanos: f64) -> SimDuration {
    const CENTURY_NS: f64 = 3.155_76e18;
    SimDuration::from_nanos(libm::round(nanos.clamp(0.0, CENTURY_NS)) as u64)
}

#[cfg(test)]
mod tests {
    use super::super::rng::Streams;
    use super::*;

    fn mean_ms(dist: Dist, path: &str) -> f64 {
        let mut stream = Streams::new(3).stream(path);
        let n = 200_000;
        (0..n).map(|_| dist.sample(&mut stream).as_secs_f64() * 1e3).sum::<f64>() / f64::from(n)
    }

    #[test]
    fn means_are_the_textbooks() {
        let ms = SimDuration::from_millis;
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 0.02, "{got} against {want}");
        close(mean_ms(Dist::Constant(ms(7)), "c"), 7.0);
        close(mean_ms(Dist::Uniform { low: ms(10), high: ms(30) }, "u"), 20.0);
        close(mean_ms(Dist::Exponential { mean: ms(50) }, "e"), 50.0);
        close(mean_ms(Dist::LogNormal { median: ms(50), sigma: 0.5 }, "l"), 50.0 * (0.125_f64).exp());
        close(mean_ms(Dist::Pareto { scale: ms(10), shape: 3.0 }, "p"), 15.0);
    }
}
