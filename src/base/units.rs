//! Quantities that carry their unit in the type, and how a scenario writes them.
//!
//! A quantity is a number and a unit: `"30min"`, `"1h 5s"`, `"10Mbps"`, `"64kB"`,
//! `"64KiB"`. Prefixes are powers of ten; `Ki`, `Mi`, `Gi` are powers of two. A bare
//! number is refused, with the likely unit in the message. Parsing is exact integer
//! arithmetic, so the same text is the same quantity on every machine.

use std::fmt;

use super::time::{NANOS_PER_SEC, SimDuration};

/// A link or source rate, in bits per second; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataRate(u64);

/// An amount of data, in bytes (octets).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataSize(u64);

/// A probability in [0, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl DataRate {
    /// A rate of `bits` bits per second, or `None` for zero.
    #[must_use]
    pub const fn from_bits_per_sec(bits: u64) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }

    /// Bits per second.
    #[must_use]
    pub const fn bits_per_sec(self) -> u64 {
        self.0
    }

    /// The time that putting `bytes` bytes on the line takes: size over rate, rounded up
    /// to a whole nanosecond.
    #[must_use]
    pub fn serialization_time(self, bytes: u32) -> SimDuration {
        let bits_ns = u64::from(bytes) * 8 * NANOS_PER_SEC;
        SimDuration::from_nanos(bits_ns.div_ceil(self.0))
    }
}

impl DataSize {
    /// A size of `bytes` bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Bytes of this size.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl Probability {
    /// Never.
    pub const ZERO: Self = Self(0.0);

    /// `value` as a probability, or `None` when it is not a number in [0, 1].
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The probability as a number in [0, 1].
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityError(String);

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for QuantityError {}

const TIME_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS_PER_SEC),
    ("sec", NANOS_PER_SEC),
    ("min", 60 * NANOS_PER_SEC),
    ("h", 3_600 * NANOS_PER_SEC),
    ("d", 86_400 * NANOS_PER_SEC),
    ("w", 604_800 * NANOS_PER_SEC),
];

const RATE_UNITS: &[(&str, u64)] =
    &[("bps", 1), ("kbps", 1_000), ("Mbps", 1_000_000), ("Gbps", 1_000_000_000), ("Tbps", 1_000_000_000_000)];

const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

impl SimDuration {
    /// Reads `"30min"`, `"5ms"`, `"1h 5s"`.
    ///
    /// # Errors
    /// A missing or unknown unit, a malformed number, a length beyond 584 years, or one
    /// finer than a nanosecond.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        parse_sum(text, TIME_UNITS, "duration", "30min").map(Self::from_nanos)
    }

    /// The text that [`SimDuration::parse`] reads back as this duration.
    #[must_use]
    pub fn to_text(self) -> String {
        let units: [(&str, u64); 7] = [
            ("d", 86_400 * NANOS_PER_SEC),
            ("h", 3_600 * NANOS_PER_SEC),
            ("min", 60 * NANOS_PER_SEC),
            ("s", NANOS_PER_SEC),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ];
        if self == Self::ZERO {
            return "0s".to_owned();
        }
        let mut rest = self.as_nanos();
        let mut parts = Vec::new();
        for (unit, nanos) in units {
            if rest >= nanos {
                parts.push(format!("{}{unit}", rest / nanos));
                rest %= nanos;
            }
        }
        parts.join(" ")
    }
}

impl DataRate {
    /// Reads `"10Mbps"`.
    ///
    /// # Errors
    /// A missing or unknown unit, a malformed number, zero, or a fraction of a bit.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let bits = parse_sum(text, RATE_UNITS, "rate", "10Mbps")?;
        Self::from_bits_per_sec(bits).ok_or_else(|| {
            QuantityError("a rate must be above zero; leave it out for an infinitely fast link".to_owned())
        })
    }

    /// The text that [`DataRate::parse`] reads back as this rate.
    #[must_use]
    pub fn to_text(self) -> String {
        largest_unit(self.0, RATE_UNITS)
    }
}

impl DataSize {
    /// Reads `"64kB"` or `"64KiB"`.
    ///
    /// # Errors
    /// A missing or unknown unit, a malformed number, or a fraction of a byte.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        parse_sum(text, SIZE_UNITS, "size", "64kB").map(Self)
    }

    /// The text that [`DataSize::parse`] reads back as this size.
    #[must_use]
    pub fn to_text(self) -> String {
        largest_unit(self.0, SIZE_UNITS)
    }
}

fn largest_unit(value: u64, units: &[(&str, u64)]) -> String {
    let (unit, scale) = units
        .iter()
        .filter(|(_, scale)| value != 0 && value.is_multiple_of(*scale))
        .max_by_key(|(_, scale)| *scale)
        .unwrap_or(&units[0]);
    format!("{}{unit}", value / scale)
}

/// Reads one or more `NUMBER UNIT` terms and adds them up.
fn parse_sum(text: &str, units: &[(&str, u64)], what: &str, example: &str) -> Result<u64, QuantityError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(QuantityError(format!("an empty {what}; write it like \"{example}\"")));
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let scale = units.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale);
        let Some(scale) = scale else {
            return Err(unit_error(text, number, unit, units, what, example));
        };
        let value = parse_decimal(number, scale).ok_or_else(|| {
            QuantityError(format!(
                "\"{}\" is not a whole, representable {what}; write it like \"{example}\"",
                clip(text)
            ))
        })?;
        total = total
            .checked_add(value)
            .ok_or_else(|| QuantityError(format!("\"{}\" is too large a {what}", clip(text))))?;
        rest = tail.trim_start();
    }
    Ok(total)
}

fn unit_error(text: &str, number: &str, unit: &str, units: &[(&str, u64)], what: &str, example: &str) -> QuantityError {
    let known =
        || units.iter().filter(|(name, _)| name.is_ascii()).map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if number.is_empty() && text.trim_start().starts_with('-') {
        return QuantityError(format!("\"{}\" is negative, which a {what} never is", clip(text)));
    }
    if number.is_empty() {
        return QuantityError(format!("\"{}\" is not a {what}; write it like \"{example}\"", clip(text)));
    }
    if unit.is_empty() {
        return QuantityError(format!(
            "\"{}\" has no unit; a {what} is written like \"{example}\" (units: {})",
            clip(text),
            known()
        ));
    }
    // minutes are often written so
    let minutes = unit == "m" && units.iter().any(|(name, _)| *name == "min");
    let meant = if minutes { format!("; did you mean \"{}min\"?", clip(number)) } else { String::new() };
    QuantityError(format!("\"{}\" is not a unit of a {what} (units: {}){meant}", clip(unit), known()))
}

fn clip(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

/// `digits[.digits] * scale`, when that is a whole number below 2^64.
fn parse_decimal(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || number.len() > 30 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mut value = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    if !fraction.is_empty() {
        let denominator = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let numerator = fraction.parse::<u128>().ok()?.checked_mul(u128::from(scale))?;
        if numerator % denominator != 0 {
            return None;
        }
        value = value.checked_add(u64::try_from(numerator / denominator).ok()?)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_have_three_letters() {
        let said = SimDuration::parse("10m").unwrap_err().to_string();
        assert!(said.ends_with("did you mean \"10min\"?"), "{said}");
        assert!(!SimDuration::parse("10q").unwrap_err().to_string().contains("mean"));
    }

    #[test]
    fn known_quantities() {
        assert_eq!(SimDuration::parse("30min"), Ok(SimDuration::from_secs(1800)));
        assert_eq!(SimDuration::parse("1h 5s"), Ok(SimDuration::from_secs(3605)));
        assert_eq!(SimDuration::parse("2h10min"), Ok(SimDuration::from_secs(7800)));
        assert_eq!(SimDuration::parse("1.5 ms"), Ok(SimDuration::from_micros(1500)));
        assert_eq!(DataRate::parse("10Mbps").map(DataRate::bits_per_sec), Ok(10_000_000));
        assert_eq!(DataSize::parse("64KiB").map(DataSize::bytes), Ok(65_536));
    }

    #[test]
    fn text_reads_back() {
        for nanos in [0, 1, 999, 1_000, 61_000_000_000, 90_061_001_002_003, u64::MAX] {
            let duration = SimDuration::from_nanos(nanos);
            assert_eq!(SimDuration::parse(&duration.to_text()), Ok(duration));
        }
        for bits in [1, 56_000, 10_000_000, 1_234_567] {
            let rate = DataRate(bits);
            assert_eq!(DataRate::parse(&rate.to_text()), Ok(rate));
        }
        for bytes in [0, 1, 1000, 1024, 65_536, 123_457] {
            let size = DataSize(bytes);
            assert_eq!(DataSize::parse(&size.to_text()), Ok(size));
        }
    }

    #[test]
    fn errors_name_the_likely_fix() {
        let message = |text| SimDuration::parse(text).unwrap_err().to_string();
        assert!(message("30").contains("has no unit"));
        assert!(message("30M").contains("not a unit of a duration"));
        assert!(message("").contains("empty"));
        assert!(message("-5ms").contains("negative"));
        assert!(message("0.3ns").contains("not a whole"));
        assert!(message("999999999999999d").contains("not a whole"));
        assert!(DataRate::parse("0Mbps").unwrap_err().to_string().contains("above zero"));
        assert!(DataRate::parse("10MB").is_err());
    }

    #[test]
    fn serialization_rounds_up() {
        let rate = DataRate(10_000_000);
        assert_eq!(rate.serialization_time(1500), SimDuration::from_micros(1200));
        assert_eq!(DataRate(3).serialization_time(1), SimDuration::from_nanos(2_666_666_667));
    }
}
