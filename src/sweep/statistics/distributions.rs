//! Quantiles of Student's t and of the normal distribution, and the binomial distribution.
//!
//! `statrs` computes them through the mathematical functions of the system, whose last bits differ between systems.
//! So what comes from it is cut to twelve digits: as many as anybody needs, and the same everywhere.

use statrs::function::beta::{beta_reg, inv_beta_reg};
use statrs::function::erf::erfc_inv;
use statrs::function::gamma::ln_gamma;

use super::samples::float;

/// Beyond as many degrees of freedom the series around the normal quantile is exact to twelve digits.
const MANY: f64 = 10_000.0;
/// Each doubles the digits that are right; there are four to begin with.
const STEPS: usize = 3;

/// The number that Student's t of `freedom` degrees, at least 1, exceeds in size with probability `risk`.
pub(super) fn t_quantile(risk: f64, freedom: f64) -> f64 {
    if freedom > MANY {
        return twelve_digits(near_normal(normal_quantile(risk), freedom));
    }
    let y = inv_beta_reg(0.5 * freedom, 0.5, risk);
    // That has few digits far out in the tail: Newton's steps bring the others.
    let mut t = (freedom * (1.0 - y) / y).sqrt();
    for _ in 0..STEPS {
        let step = (t_beyond(t, freedom) - risk) / (2.0 * t_density(t, freedom));
        if !(t + step).is_finite() {
            break;
        }
        t += step;
    }
    twelve_digits(t)
}

/// How probable it is that Student's t exceeds `t` in size.
fn t_beyond(t: f64, freedom: f64) -> f64 {
    beta_reg(0.5 * freedom, 0.5, freedom / (freedom + t * t))
}

fn t_density(t: f64, freedom: f64) -> f64 {
    let height = libm::exp(ln_gamma(0.5 * (freedom + 1.0)) - ln_gamma(0.5 * freedom));
    let fall = libm::exp(-0.5 * (freedom + 1.0) * libm::log1p(t * t / freedom));
    height * fall / (freedom * std::f64::consts::PI).sqrt()
}

/// The number that a standard normal one exceeds in size with probability `risk`.
pub(super) fn normal_quantile(risk: f64) -> f64 {
    twelve_digits(std::f64::consts::SQRT_2 * erfc_inv(risk))
}

/// Abramowitz and Stegun 26.7.5.
fn near_normal(z: f64, freedom: f64) -> f64 {
    let square = z * z;
    let first = z * (square + 1.0) / 4.0;
    let second = z * ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    let third = z * (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
    z + (first + (second + third / freedom) / freedom) / freedom
}

/// The probability of at most `most` successes in `trials`, each with probability `share`, strictly within 0 and 1.
pub(super) fn binomial(most: usize, trials: usize, share: f64) -> f64 {
    if most >= trials {
        return 1.0;
    }
    twelve_digits(beta_reg(float(trials - most), float(most) + 1.0, 1.0 - share))
}

fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}
