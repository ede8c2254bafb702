//! Units of a study's numbers: how a scenario writes them, what their columns are called, and in what they count.
//!
//! Quantities are exact where they are whole numbers of their smallest part (a grain): nanoseconds, bits per second,
//! bytes, packets. Left out: sums of different units, and distributions, which are words here.

use std::str::FromStr as _;

use serde_json::Value;

use super::Amount;
use crate::base::{DataRate, DataSize, SimDuration};
use crate::scenario::schema::Frequency;

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A number without one.
    One,
    /// A length of time.
    Seconds,
    /// A transmission rate.
    BitsPerSecond,
    /// An amount of data.
    Bytes,
    /// A queue's limit.
    Packets,
    /// How often something happens.
    PerSecond,
}

/// Grains in a second.
const NANOS: f64 = 1e9;

/// Above this not every whole number is a float.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::cast_precision_loss, reason = "parameters are floats in tables, too")]
const fn float(whole: u64) -> f64 {
    whole as f64
}

/// A float that is a whole number zero or above.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be one")]
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..=MOST_EXACT * 1_000.0).contains(&number)).then_some(number as u64)
}

impl Unit {
    /// What axes say; empty for plain numbers.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Seconds => "s",
            Self::BitsPerSecond => "bps",
            Self::Bytes => "bytes",
            Self::Packets => "packets",
            Self::PerSecond => "per_s",
        }
    }

    /// The name of a column of such numbers: the unit is last.
    pub(crate) fn column(self, name: &str) -> String {
        let unit = self.text();
        let there =
            unit.is_empty() || name == unit || name.strip_suffix(unit).is_some_and(|front| front.ends_with(['_', '.']));
        if there { name.to_owned() } else { format!("{name}_{unit}") }
    }

    /// How many grains are one unit.
    const fn grains(self) -> f64 {
        match self {
            Self::Seconds => NANOS,
            Self::One | Self::BitsPerSecond | Self::Bytes | Self::Packets | Self::PerSecond => 1.0,
        }
    }

    /// Whether there are only whole grains.
    pub(crate) const fn is_grained(self) -> bool {
        match self {
            Self::One | Self::PerSecond => false,
            Self::Seconds | Self::BitsPerSecond | Self::Bytes | Self::Packets => true,
        }
    }

    /// Grains as a number in this unit.
    pub(crate) fn number(self, grains: f64) -> f64 {
        grains / self.grains()
    }

    /// A number in this unit as grains.
    pub(crate) fn to_grains(self, number: f64) -> f64 {
        if self.is_grained() { (number * self.grains()).round() } else { number }
    }

    /// Reads a quantity: its unit and its grains. None if the text is a word.
    pub(crate) fn read(text: &str) -> Option<(Self, f64)> {
        if let Ok(time) = SimDuration::parse(text) {
            return Some((Self::Seconds, float(time.as_nanos())));
        }
        if let Ok(rate) = DataRate::parse(text) {
            return Some((Self::BitsPerSecond, float(rate.bits_per_sec())));
        }
        if let Ok(size) = DataSize::parse(text) {
            return Some((Self::Bytes, float(size.bytes())));
        }
        let packets = text.strip_suffix("packets").or_else(|| text.strip_suffix("packet"));
        if let Some(packets) = packets.and_then(|number| number.trim().parse::<u32>().ok()) {
            return Some((Self::Packets, f64::from(packets)));
        }
        Frequency::from_str(text).ok().map(|Frequency(gap)| (Self::PerSecond, NANOS / float(gap.as_nanos())))
    }

    /// Grains as a scenario writes them. None if there is no such quantity.
    pub(crate) fn write(self, grains: f64) -> Option<(Value, Amount)> {
        let text = match self {
            Self::One => {
                let value = plain(grains)?;
                let text = value.to_string();
                return Some((value, Amount { text, number: Some(grains) }));
            }
            Self::Seconds => SimDuration::from_nanos(whole(grains)?).to_text(),
            Self::BitsPerSecond => DataRate::from_bits_per_sec(whole(grains)?)?.to_text(),
            Self::Bytes => DataSize::from_bytes(whole(grains)?).to_text(),
            Self::Packets if grains == 1.0 => "1 packet".to_owned(),
            Self::Packets => format!("{} packets", u32::try_from(whole(grains)?).ok()?),
            Self::PerSecond => {
                let text = format!("{grains}/s");
                Self::read(&text)?;
                text
            }
        };
        Some((Value::String(text.clone()), Amount { text, number: Some(self.number(grains)) }))
    }
}

/// A number as JSON: whole ones without a point, since some keys want them so.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn plain(number: f64) -> Option<Value> {
    if number.fract() == 0.0 && number.abs() <= MOST_EXACT {
        return Some(Value::from(number as i64));
    }
    number.is_finite().then(|| Value::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a value that is written were read as another one.
    #[test]
    fn quantities_are_written_as_they_are_read() {
        for (text, unit, number) in [
            ("5min", Unit::Seconds, 300.0),
            ("1min 500ms", Unit::Seconds, 60.5),
            ("10Mbps", Unit::BitsPerSecond, 1e7),
            ("64KiB", Unit::Bytes, 65_536.0),
            ("100 packets", Unit::Packets, 100.0),
            ("1 packet", Unit::Packets, 1.0),
            ("0.25/s", Unit::PerSecond, 0.25),
        ] {
            let (found, grains) = Unit::read(text).unwrap();
            let (value, amount) = found.write(grains).unwrap();
            assert_eq!((found, &*amount.text, amount.number), (unit, text, Some(number)));
            assert_eq!(value, text);
            assert!((unit.to_grains(number) - grains).abs() < 1e-9);
        }
        assert_eq!(Unit::read("greylist"), None);
        assert_eq!(Unit::read("exponential 5ms"), None);
        assert_eq!(Unit::One.write(3.0).unwrap().0.to_string(), "3");
        assert_eq!(Unit::One.write(0.1).unwrap().0.to_string(), "0.1");
        assert_eq!(Unit::BitsPerSecond.write(0.0), None, "no rate is zero");
        assert_eq!(Unit::Seconds.write(-1.0), None);
    }

    #[test]
    fn columns_end_with_their_unit_once() {
        for (unit, name, column) in [
            (Unit::Seconds, "ttl", "ttl_s"),
            (Unit::Seconds, "ttl_s", "ttl_s"),
            (Unit::Seconds, "hosts", "hosts_s"),
            (Unit::One, "loss", "loss"),
            (Unit::Bytes, "network.bytes", "network.bytes"),
            (Unit::PerSecond, "rate", "rate_per_s"),
        ] {
            assert_eq!(unit.column(name), column);
        }
    }
}
