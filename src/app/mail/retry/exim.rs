//! Exim's retry rules: a list of laws, each for copies up to some age.
//!
//! Written as in its configuration: `F,2h,15m; G,16h,1h,1.5; F,4d,6h`. Each law has a letter, the
//! age up to which it is used, and its parameters: F an interval; G a shortest interval and a
//! factor by which each interval is longer than the one before; H the same, but a random time
//! in the upper half of what G has. A copy older than the last law says goes on with that.

use std::fmt;

use super::{below, times};
use crate::base::SimDuration;

/// A law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EximKind {
    /// F: always the same interval.
    Fixed,
    /// G: intervals in geometric progression.
    Geometric {
        /// In thousandths.
        factor: u64,
    },
    /// H: as G, but random.
    Random {
        /// In thousandths.
        factor: u64,
    },
}

/// One rule of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EximRule {
    /// The law.
    pub kind: EximKind,
    /// It is used for copies younger than this.
    pub until: SimDuration,
    /// The interval, or the shortest one.
    pub interval: SimDuration,
}

/// A list of rules in the order of their ages; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EximRules(Vec<EximRule>);

impl EximRules {
    /// Reads the rules as Exim's configuration writes them.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rules: Vec<EximRule> = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let rule = rule(part)?;
            if rules.last().is_some_and(|last| last.until >= rule.until) {
                return Err(format!("\"{part}\" ends no later than the rule before it"));
            }
            rules.push(rule);
        }
        if rules.is_empty() {
            return Err("there is no rule".to_owned());
        }
        Ok(Self(rules))
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[EximRule] {
        &self.0
    }

    /// The age up to which the last rule is used.
    #[must_use]
    pub fn until(&self) -> SimDuration {
        self.0.last().map_or(SimDuration::ZERO, |rule| rule.until)
    }

    /// The wait at some age, the last wait having been this long.
    pub(super) fn wait(&self, age: SimDuration, last: Option<SimDuration>, draw: impl FnOnce() -> u64) -> SimDuration {
        let Some(rule) = self.0.iter().find(|rule| age < rule.until).or(self.0.last()) else {
            return SimDuration::ZERO;
        };
        let least = rule.interval;
        let grown = |factor| last.filter(|last| *last >= least).map_or(least, |last| times(last, factor));
        match rule.kind {
            EximKind::Fixed => least,
            EximKind::Geometric { factor } => grown(factor),
            EximKind::Random { factor } => {
                let spare = last.map_or(SimDuration::ZERO, |last| times(last, factor)).saturating_sub(least).as_nanos();
                let half = spare / 2;
                least.saturating_add(SimDuration::from_nanos(half)).saturating_add(below(draw(), spare - half))
            }
        }
    }
}

impl fmt::Display for EximRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, rule) in self.0.iter().enumerate() {
            let (letter, factor) = match rule.kind {
                EximKind::Fixed => ('F', None),
                EximKind::Geometric { factor } => ('G', Some(factor)),
                EximKind::Random { factor } => ('H', Some(factor)),
            };
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{letter},{},{}", written(rule.until), written(rule.interval))?;
            if let Some(factor) = factor {
                let decimals = format!("{:03}", factor % 1_000);
                let decimals = decimals.trim_end_matches('0');
                write!(f, ",{}.{}", factor / 1_000, if decimals.is_empty() { "0" } else { decimals })?;
            }
        }
        Ok(())
    }
}

/// A time as Exim writes it.
fn written(duration: SimDuration) -> String {
    let mut left = duration.as_secs();
    let mut text = String::new();
    for (letter, unit) in UNITS {
        if left >= unit {
            text.push_str(&format!("{}{}", left / unit, char::from(letter)));
            left %= unit;
        }
    }
    text
}

const UNITS: [(u8, u64); 5] = [(b'w', 604_800), (b'd', 86_400), (b'h', 3_600), (b'm', 60), (b's', 1)];

fn rule(text: &str) -> Result<EximRule, String> {
    let mut parts = text.split(',').map(str::trim);
    let (Some(letter), Some(until), Some(interval)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("\"{text}\" is no rule: write a letter, an age and an interval, such as \"F,2h,15m\""));
    };
    let factor = parts.next();
    let growing = || {
        let factor = factor.ok_or_else(|| format!("\"{text}\" has no factor; write \"{text},1.5\""))?;
        thousandths(factor)
            .filter(|factor| *factor >= 1_000)
            .ok_or_else(|| format!("\"{factor}\" is no factor: it is a number from 1 up, with at most three decimals"))
    };
    let kind = match letter {
        "F" | "f" if factor.is_some() => return Err(format!("\"{text}\" has one parameter too many for an F")),
        "F" | "f" => EximKind::Fixed,
        "G" | "g" => EximKind::Geometric { factor: growing()? },
        "H" | "h" => EximKind::Random { factor: growing()? },
        other => return Err(format!("\"{other}\" is no kind of rule; there are F, G and H")),
    };
    if parts.next().is_some() {
        return Err(format!("\"{text}\" has too many parameters"));
    }
    let duration = |text: &str| {
        duration(text).filter(|d| *d > SimDuration::ZERO).ok_or_else(|| format!("\"{text}\" is no time such as 1d12h"))
    };
    Ok(EximRule { kind, until: duration(until)?, interval: duration(interval)? })
}

/// A time as Exim writes it: whole numbers of weeks, days, hours, minutes and seconds, largest first.
fn duration(text: &str) -> Option<SimDuration> {
    let (mut seconds, mut number, mut left) = (0_u64, None::<u64>, &UNITS[..]);
    for byte in text.bytes() {
        if byte.is_ascii_digit() {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(byte - b'0'))?);
        } else {
            let at = left.iter().position(|(letter, _)| *letter == byte.to_ascii_lowercase())?;
            seconds = seconds.checked_add(number.take()?.checked_mul(left[at].1)?)?;
            left = &left[at + 1..];
        }
    }
    let whole = number.is_none() && !text.is_empty() && seconds < u64::MAX / 1_000_000_000;
    whole.then(|| SimDuration::from_secs(seconds))
}

/// A decimal number in thousandths.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 3 {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(format!("{decimals:0<3}").parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> SimDuration {
        SimDuration::from_secs(seconds)
    }

    #[test]
    fn rules_are_read() {
        let rules = EximRules::parse("F,2h,15m; G,16h,1h,1.5; H,1w2d3h4m5s,6h,2.125;").unwrap();
        let expected = [
            EximRule { kind: EximKind::Fixed, until: secs(7_200), interval: secs(900) },
            EximRule { kind: EximKind::Geometric { factor: 1_500 }, until: secs(57_600), interval: secs(3_600) },
            EximRule { kind: EximKind::Random { factor: 2_125 }, until: secs(788_645), interval: secs(21_600) },
        ];
        assert_eq!(rules.rules(), expected);
        assert_eq!(rules.until(), secs(788_645));
        assert_eq!(rules.to_string(), "F,2h,15m; G,16h,1h,1.5; H,1w2d3h4m5s,6h,2.125");
        assert_eq!(EximRules::parse("g,60m,90s,2").unwrap().to_string(), "G,1h,1m30s,2.0");
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            ";",
            "F",
            "F,2h",
            "F,2h,15m,2",
            "G,2h,15m",
            "G,2h,15m,0.9",
            "G,2h,15m,1.2345",
            "G,2h,15m,1.5,3",
            "X,2h,15m",
            "F,2,15m",
            "F,2h,m",
            "F,2h,0s",
            "F,0s,15m",
            "F,2h3d,15m",
            "F,2h2h,15m",
            "F,2h,15m; F,2h,15m",
            "F,99999999999999999999s,1s",
            "F,999999999999w,1s",
            "G,2h,15m,1.",
            "G,2h,15m,.5",
            "F,2h,1m5",
        ] {
            assert!(EximRules::parse(text).is_err(), "{text}");
        }
    }

    /// H lies in the upper half between its shortest wait and what G would wait.
    #[test]
    fn random_waits() {
        let rules = EximRules::parse("H,9d,1h,3").unwrap();
        assert_eq!(rules.wait(secs(0), None, || u64::MAX), secs(3_600));
        assert_eq!(rules.wait(secs(1), Some(secs(3_600)), || 0), secs(7_200));
        assert_eq!(rules.wait(secs(1), Some(secs(3_600)), || u64::MAX), secs(10_800));
    }
}
