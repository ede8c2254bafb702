//! Quantities and small texts as a scenario file writes them.
//!
//! Each wraps a checked value of `base` and reads itself from a string with a unit; a bare
//! number is refused with the likely fix. Everything reads by visitor, never through a
//! buffering (untagged) enum, so that an error keeps its place in the file.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::{DataRate, DataSize, Dist, Probability, SimDuration, UnixTime};
use crate::scenario::problem::quote;
use crate::scenario::resolved::QueueLimit;

/// A value that is one string in the file.
trait Text: Sized {
    const WHAT: &'static str;
    /// What is probably meant by a bare number, as a suffix to it.
    const UNIT: &'static str;
    const EXAMPLE: &'static str;
    fn read(text: &str) -> Result<Self, String>;
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Text> TextVisitor<T> {
    fn bare<E: de::Error>(number: impl fmt::Display) -> E {
        E::custom(format!("a {} needs a unit: write \"{number}{}\"", T::WHAT, T::UNIT))
    }
}

impl<T: Text> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} as a string, like \"{}\"", T::WHAT, T::EXAMPLE)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        Err(Self::bare(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        if number < 0 { Err(E::custom(format!("a {} is never negative", T::WHAT))) } else { Err(Self::bare(number)) }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        if number < 0.0 { Err(E::custom(format!("a {} is never negative", T::WHAT))) } else { Err(Self::bare(number)) }
    }
}

macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident($inner:ty), $what:literal, $unit:literal, $pattern:literal, $examples:expr,
     $read:expr, $write:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name(pub $inner);

        impl Text for $name {
            const WHAT: &'static str = $what;
            const UNIT: &'static str = $unit;
            const EXAMPLE: &'static str = $examples[0];
            fn read(text: &str) -> Result<Self, String> {
                let read: fn(&str) -> Result<$inner, String> = $read;
                read(text).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::read(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TextVisitor(PhantomData))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn($inner) -> String = $write;
                serializer.serialize_str(&write(self.0))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "title": $what, "pattern": $pattern, "examples": $examples })
            }
        }
    };
}

text_value!(
    /// A length of time, such as `"30min"` or `"1h 5s"`.
    #[derive(Eq)]
    Duration(SimDuration), "duration", "s",
    r"^\s*([0-9]+(\.[0-9]+)?\s*(ns|us|µs|ms|s|sec|min|h|d|w)\s*)+$", ["5ms", "30min", "2h10min", "5d"],
    |text| SimDuration::parse(text).map_err(|error| error.to_string()), SimDuration::to_text
);
text_value!(
    /// A transmission rate, such as `"10Mbps"`.
    #[derive(Eq)]
    Rate(DataRate), "rate", "bps", r"^\s*([0-9]+(\.[0-9]+)?\s*(bps|kbps|Mbps|Gbps|Tbps)\s*)+$", ["56kbps", "10Mbps"],
    |text| DataRate::parse(text).map_err(|error| error.to_string()), DataRate::to_text
);
text_value!(
    /// An amount of data, such as `"64kB"` or `"64KiB"`.
    #[derive(Eq)]
    Size(DataSize), "size", "B", r"^\s*([0-9]+(\.[0-9]+)?\s*(B|kB|MB|GB|KiB|MiB|GiB)\s*)+$", ["64kB", "4GiB"],
    |text| DataSize::parse(text).map_err(|error| error.to_string()), DataSize::to_text
);
text_value!(
    /// A point of calendar time in UTC, such as `"2026-01-05T09:00:00Z"`.
    #[derive(Eq)]
    Calendar(UnixTime), "calendar time", "", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", ["2026-01-05T09:00:00Z"],
    read_calendar, |time| time.to_string()
);
text_value!(
    /// How much may wait for a link: `"100 packets"`, `"64kB"`, or `"unlimited"`.
    #[derive(Eq)]
    Queue(QueueLimit), "queue limit", " packets",
    r"^(unlimited|[0-9]+ packets?|\s*([0-9]+(\.[0-9]+)?\s*(B|kB|MB|GB|KiB|MiB|GiB)\s*)+)$", ["100 packets", "64kB"],
    read_queue, write_queue
);
text_value!(
    /// How often something happens on average, such as `"3 per hour"`; kept as the mean time between two.
    #[derive(Eq)]
    Frequency(SimDuration), "frequency", " per hour",
    r"^[0-9]+(\.[0-9]+)?( per |/)(s|second|min|minute|h|hour|d|day|week)$", ["3 per hour", "0.5/s"],
    read_frequency, |gap| format!("1 per {}", gap.to_text())
);

text_value!(
    /// A distribution of durations: `"5ms"` (always the same), `"uniform 2ms to 8ms"`, `"exponential 5ms"` (its mean),
    /// `"lognormal 5ms sigma 0.5"` (its median, and the standard deviation of its logarithm), or
    /// `"pareto 5ms shape 1.5"` (its least value and tail index).
    Spread(Dist), "distribution", "ms",
    r"^\s*(uniform .+ to .+|exponential .+|lognormal .+ sigma [0-9.]+|pareto .+ shape [0-9.]+|[0-9].*)$",
    ["exponential 5ms", "5ms", "uniform 2ms to 8ms", "lognormal 5ms sigma 0.5", "pareto 5ms shape 1.5"],
    read_spread, write_spread
);

fn read_spread(text: &str) -> Result<Dist, String> {
    let duration = |text: &str| SimDuration::parse(text).map_err(|error| error.to_string());
    let number = |text: &str| {
        let read: Option<f64> = text.trim().parse().ok();
        read.filter(|n| n.is_finite() && *n > 0.0).ok_or_else(|| format!("{text:?} is no number above zero"))
    };
    let (kind, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let halves = |word: &str, like: &str| {
        rest.split_once(word).ok_or_else(|| format!("a {kind} distribution is written like \"{like}\""))
    };
    match kind {
        "uniform" => {
            let (low, high) = halves(" to ", "uniform 2ms to 8ms")?;
            let (low, high) = (duration(low)?, duration(high)?);
            if low > high {
                return Err("the first bound of a uniform distribution is not above the second".to_owned());
            }
            Ok(Dist::Uniform { low, high })
        }
        "exponential" => Ok(Dist::Exponential { mean: duration(rest)? }),
        "lognormal" => {
            let (median, sigma) = halves(" sigma ", "lognormal 5ms sigma 0.5")?;
            Ok(Dist::LogNormal { median: duration(median)?, sigma: number(sigma)? })
        }
        "pareto" => {
            let (scale, shape) = halves(" shape ", "pareto 5ms shape 1.5")?;
            Ok(Dist::Pareto { scale: duration(scale)?, shape: number(shape)? })
        }
        _ => duration(text).map(Dist::Constant).map_err(|error| {
            format!("{error}; a distribution is a duration or begins with uniform, exponential, lognormal or pareto")
        }),
    }
}

fn write_spread(dist: Dist) -> String {
    match dist {
        Dist::Constant(value) => value.to_text(),
        Dist::Uniform { low, high } => format!("uniform {} to {}", low.to_text(), high.to_text()),
        Dist::Exponential { mean } => format!("exponential {}", mean.to_text()),
        Dist::LogNormal { median, sigma } => format!("lognormal {} sigma {sigma}", median.to_text()),
        Dist::Pareto { scale, shape } => format!("pareto {} shape {shape}", scale.to_text()),
    }
}

fn read_calendar(text: &str) -> Result<UnixTime, String> {
    UnixTime::parse(text).ok_or_else(|| "not a calendar time; write it like \"2026-01-05T09:00:00Z\" (UTC)".to_owned())
}

fn read_queue(text: &str) -> Result<QueueLimit, String> {
    if text == "unlimited" {
        return Ok(QueueLimit::Unlimited);
    }
    if let Some(number) = text.strip_suffix("packets").or_else(|| text.strip_suffix("packet")) {
        let bad = || "a queue limit in packets is a whole number, like \"100 packets\"".to_owned();
        return number.trim().parse().map(QueueLimit::Packets).map_err(|_| bad());
    }
    DataSize::parse(text)
        .map(QueueLimit::Bytes)
        .map_err(|error| format!("{error}; a queue limit is \"100 packets\", \"64kB\" or \"unlimited\""))
}

fn write_queue(limit: QueueLimit) -> String {
    match limit {
        QueueLimit::Unlimited => "unlimited".to_owned(),
        QueueLimit::Packets(1) => "1 packet".to_owned(),
        QueueLimit::Packets(packets) => format!("{packets} packets"),
        QueueLimit::Bytes(size) => size.to_text(),
    }
}

/// Reads `N per UNIT` or `N/UNIT`, where the unit is a word or a duration.
fn read_frequency(text: &str) -> Result<SimDuration, String> {
    let bad = || "not a frequency; write it like \"3 per hour\" or \"0.5/s\"".to_owned();
    let (number, unit) = text.split_once(" per ").or_else(|| text.split_once('/')).ok_or_else(bad)?;
    let unit = match unit.trim() {
        "s" | "second" => SimDuration::from_secs(1),
        "min" | "minute" => SimDuration::from_secs(60),
        "h" | "hour" => SimDuration::from_secs(3_600),
        "d" | "day" => SimDuration::from_secs(86_400),
        "week" => SimDuration::from_secs(604_800),
        other => SimDuration::parse(other).map_err(|_| bad())?,
    };
    let number = number.trim();
    if number.starts_with('-') || number.bytes().any(|b| b == b'0') && number.bytes().all(|b| b"0.".contains(&b)) {
        return Err("a frequency must be above zero".to_owned());
    }
    match divide(unit.as_nanos(), number) {
        Some(0) => Err("a frequency is at most one in a nanosecond".to_owned()),
        gap => gap.map(SimDuration::from_nanos).ok_or_else(bad),
    }
}

/// `value / decimal` in whole numbers, rounded down.
fn divide(value: u64, decimal: &str) -> Option<u64> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || digits.len() > 18 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let quotient = (u128::from(value) * scale).checked_div(digits.parse().ok()?)?;
    u64::try_from(quotient).ok()
}

/// A probability: a number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance(pub Probability);

struct ChanceVisitor;

impl Visitor<'_> for ChanceVisitor {
    type Value = Chance;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 1")
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Chance, E> {
        Probability::new(number)
            .map(Chance)
            .ok_or_else(|| E::custom(format!("a probability is a number from 0 to 1, not {number}")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Chance, E> {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let meant = text.trim().strip_suffix('%').map_or_else(|| number(text), |part| number(part).map(|n| n / 100.0));
        let meant = meant.and_then(Probability::new).map_or(String::new(), |p| format!(": write {}", p.value()));
        Err(E::custom(format!("a probability is a number from 0 to 1, not the text {}{meant}", quote(text))))
    }

    #[expect(clippy::cast_precision_loss, reason = "only 0 and 1 are accepted")]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Chance, E> {
        self.visit_f64(number as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "only 0 and 1 are accepted")]
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Chance, E> {
        self.visit_f64(number as f64)
    }
}

impl<'de> Deserialize<'de> for Chance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChanceVisitor)
    }
}

impl Serialize for Chance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.value())
    }
}

impl JsonSchema for Chance {
    fn schema_name() -> Cow<'static, str> {
        "Chance".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "title": "probability", "minimum": 0, "maximum": 1 })
    }
}

/// One text or a list of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// The texts, in order.
    pub items: Vec<String>,
    /// Whether the file has a list.
    pub list: bool,
}

impl Texts {
    /// One text.
    #[must_use]
    pub fn one(text: &str) -> Self {
        Self { items: vec![text.to_owned()], list: false }
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts::one(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Texts { items, list: true })
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.items.as_slice() {
            [only] if !self.list => serializer.serialize_str(only),
            items => items.serialize(serializer),
        }
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}
