//! A value as people write it: rounded where its interval begins to say nothing.
//!
//! Two digits of the half-width are kept (a third is itself uncertain: with ten replications a half-width is known to
//! a quarter of itself), and as many places of the value.

/// A half-width whose first digit stands there or farther right is written with a power of ten.
const MOST_DECIMALS: i32 = 9;
/// And one that is as long.
const MOST_DIGITS: i32 = 12;

/// A value and the half-width of its interval, `3.22 s ± 0.41 s`; without a unit `3.22 ± 0.41`.
#[must_use]
pub fn with_half_width(value: f64, half_width: f64, unit: &str) -> String {
    let [value, half_width] = alike([value, half_width], half_width).map(|text| with_unit(&text, unit));
    format!("{value} ± {half_width}")
}

/// An interval by its ends, `2.81 s to 3.63 s`, rounded as its half-width is.
#[must_use]
pub fn with_ends(low: f64, high: f64, unit: &str) -> String {
    let [low, high] = alike([low, high], (high - low) / 2.0).map(|text| with_unit(&text, unit));
    format!("{low} to {high}")
}

/// A number without an interval, to twelve digits at most.
#[must_use]
pub fn alone(value: f64, unit: &str) -> String {
    let digits = format!("{value:.11e}").parse::<f64>().unwrap_or(value);
    let size = exponent(digits);
    let text = if digits != 0.0 && !(-MOST_DECIMALS..=MOST_DIGITS).contains(&size) {
        format!("{digits:e}")
    } else {
        format!("{}", positive_zero(digits))
    };
    with_unit(&text, unit)
}

/// Numbers rounded to the second digit of `half_width`.
fn alike<const N: usize>(values: [f64; N], half_width: f64) -> [String; N] {
    if half_width == 0.0 || !half_width.is_finite() {
        return values.map(|value| alone(value, ""));
    }
    // Of the half-width as rounded: 0.0996 is 0.10.
    let first = exponent(format!("{:.1e}", half_width.abs()).parse().unwrap_or(half_width));
    let last = first - 1;
    let longest = values.iter().map(|value| exponent(*value)).fold(first, i32::max);
    if first < -MOST_DECIMALS || longest > MOST_DIGITS {
        return values.map(|value| scientific(value, longest, last));
    }
    values.map(|value| match usize::try_from(-last) {
        Ok(decimals) => format!("{:.decimals$}", positive_zero(rounded(value, decimals))),
        Err(_) => format!("{}", positive_zero(to_power(value, last))),
    })
}

/// So many decimals, by way of the text, so that what rounds to zero is known to.
fn rounded(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

/// To whole tens, hundreds, ...: the text of the number cut to the digits before that power of ten.
fn to_power(value: f64, power: i32) -> f64 {
    match usize::try_from(exponent(value) - power) {
        Ok(digits) => format!("{value:.digits$e}").parse().unwrap_or(value),
        // Less than the power itself: it, or nothing.
        Err(_) => {
            let unit = format!("1e{power}").parse().unwrap_or(1.0);
            (value / unit).round() * unit
        }
    }
}

/// All with the same power of ten, `1.23e15`.
fn scientific(value: f64, power: i32, last: i32) -> String {
    let unit = |power: i32| format!("1e{power}").parse::<f64>().unwrap_or(1.0);
    // More digits no number has.
    let decimals = usize::try_from(power - last).unwrap_or(0).min(16);
    // In two steps: the power of a subnormal number has no inverse.
    let share = value / unit(power / 2) / unit(power - power / 2);
    format!("{:.decimals$}e{power}", positive_zero(rounded(share, decimals)))
}

/// The power of ten of the first digit; that of 0 is the least.
fn exponent(value: f64) -> i32 {
    if value == 0.0 {
        return i32::MIN / 2;
    }
    format!("{value:e}").split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// No zero is written with a sign.
fn positive_zero(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value }
}

fn with_unit(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a digit too many or too few were written.
    #[test]
    fn two_digits_of_the_half_width() {
        for (value, half_width, text) in [
            (3.2187, 0.4123, "3.22 ± 0.41"),
            (3.2187, 0.0996, "3.22 ± 0.10"),
            (3.2187, 0.099_49, "3.219 ± 0.099"),
            (3.2187, 9.96, "3 ± 10"),
            (3.2187, 4.0, "3.2 ± 4.0"),
            (12_345.0, 678.0, "12340 ± 680"),
            (12_355.0, 678.0, "12360 ± 680"),
            (3.0, 678.0, "0 ± 680"),
            (6.0, 678.0, "10 ± 680"),
            (-0.001, 0.4, "0.00 ± 0.40"),
            (-0.126, 0.41, "-0.13 ± 0.41"),
            (0.0, 0.41, "0.00 ± 0.41"),
            (2.5, 0.0, "2.5 ± 0"),
            (0.1 + 0.2, 0.0, "0.3 ± 0"),
            (1.234_567e-11, 2.3e-13, "1.235e-11 ± 0.023e-11"),
            (1.234_567e15, 2.3e13, "1.235e15 ± 0.023e15"),
            (1e300, 2e299, "1.00e300 ± 0.20e300"),
        ] {
            assert_eq!(with_half_width(value, half_width, ""), text, "{value} {half_width}");
        }
        assert_eq!(with_half_width(3.2187, 0.4123, "s"), "3.22 s ± 0.41 s");
        assert_eq!(with_half_width(99.0, 1.5, "%"), "99.0 % ± 1.5 %");
        assert_eq!(with_ends(2.8064, 3.6310, "s"), "2.81 s to 3.63 s");
        assert_eq!(with_ends(1.0, 1.0, ""), "1 to 1");
    }

    #[test]
    fn numbers_alone() {
        for (value, text) in
            [(0.1 + 0.2, "0.3"), (-0.0, "0"), (1e-20, "1e-20"), (123_456.5, "123456.5"), (1e20, "1e20")]
        {
            assert_eq!(alone(value, ""), text);
        }
        assert_eq!(alone(3.0, "s"), "3 s");
    }
}
