//! Scales of axes and their ticks.
//!
//! Time axes pick the unit in which their numbers are short (us, ms, s, min, h, d) and steps
//! that people use with it. All arithmetic is plain IEEE or libm, so that the same data give
//! the same ticks on every machine.

/// From values to a share of the axis, with the axis' ticks.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    /// What the numbers count, with their unit.
    pub(super) name: String,
    pub(super) ticks: Vec<(f64, String)>,
}

/// Units of time: seconds in one, name, and steps used with it below the next unit.
const UNITS: [(f64, &str, &[f64]); 6] = [
    (1e-6, "us", &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0]),
    (1e-3, "ms", &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0]),
    (1.0, "s", &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0]),
    (60.0, "min", &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0]),
    (3600.0, "h", &[1.0, 2.0, 3.0, 6.0, 12.0, 24.0]),
    (86_400.0, "d", &[1.0, 2.0, 5.0, 10.0]),
];

/// Ticks of a logarithmic time axis: seconds and label.
const LOG_TICKS: [(f64, &str); 17] = [
    (1e-6, "1 us"),
    (1e-5, "10 us"),
    (1e-4, "100 us"),
    (1e-3, "1 ms"),
    (1e-2, "10 ms"),
    (1e-1, "100 ms"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (21_600.0, "6 h"),
    (86_400.0, "1 d"),
    (864_000.0, "10 d"),
    (8_640_000.0, "100 d"),
    (86_400_000.0, "1000 d"),
    (864_000_000.0, "10000 d"),
];

impl Scale {
    /// A linear scale of numbers from 0 to at least `most`, with whole ticks.
    pub(super) fn count(name: &str, most: f64) -> Self {
        let step = step_below(most.max(1.0) / 4.0).max(1.0);
        let high = (most.max(1.0) / step).ceil() * step;
        Self { low: 0.0, high, log: false, name: name.to_owned(), ticks: ticks(0.0, high, step, 1.0) }
    }

    /// A linear scale of numbers from 0 to at least `most`, whole or not.
    pub(super) fn measure(name: &str, most: f64) -> Self {
        let step = step_below(most.max(1e-6) / 3.0);
        let whole = (most.max(1e-6) / step - 1e-9).ceil() * step;
        // a step that is hardly begun is not drawn
        let high = if whole - most > 0.6 * step { most + 0.1 * step } else { whole };
        Self { low: 0.0, high, log: false, name: name.to_owned(), ticks: ticks(0.0, high, step, 1.0) }
    }

    /// A linear scale from 0 to 1.
    pub(super) fn share(name: &str) -> Self {
        let labels = ["0", "0.25", "0.5", "0.75", "1"];
        let ticks = (0..).zip(labels).map(|(index, label)| (0.25 * f64::from(index), label.to_owned())).collect();
        Self { low: 0.0, high: 1.0, log: false, name: name.to_owned(), ticks }
    }

    /// A linear scale of times in seconds, in the unit that suits the interval.
    pub(super) fn time(what: &str, low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + low.max(1e-6) };
        let unit = UNITS.iter().rev().find(|(unit, _, _)| high >= 2.0 * unit).unwrap_or(&UNITS[0]);
        let (seconds, unit_name, steps) = *unit;
        let wanted = (high - low) / seconds / 6.0;
        let step = steps.iter().copied().find(|step| *step >= wanted && wanted > steps[0] / 2.0);
        let step = step.unwrap_or_else(|| step_below(2.0 * wanted));
        let ticks = ticks(low / seconds, high / seconds, step, seconds);
        Self { low, high, log: false, name: format!("{what} ({unit_name})"), ticks }
    }

    /// A scale for latencies in seconds: logarithmic when they span more than a factor of
    /// twenty, linear else; from 0 when they hardly differ.
    pub(super) fn latency(what: &str, least: f64, most: f64) -> Self {
        if least <= 0.0 || most - least < 0.01 * most {
            return Self::time(what, 0.0, most * 1.1);
        }
        if most < 20.0 * least {
            let room = (most - least) * 0.06;
            return Self::time(what, (least - room).max(0.0), most + room);
        }
        let low = LOG_TICKS.iter().rev().map(|(tick, _)| *tick).find(|tick| *tick <= least).unwrap_or(least);
        let high = LOG_TICKS.iter().map(|(tick, _)| *tick).find(|tick| *tick >= most).unwrap_or(most);
        let ticks = LOG_TICKS.iter().filter(|(tick, _)| (low..=high).contains(tick));
        let ticks = ticks.map(|(tick, label)| (*tick, (*label).to_owned())).collect();
        Self { low, high, log: true, name: format!("{what} (logarithmic)"), ticks }
    }

    /// A linear scale with ends and ticks of its own.
    pub(super) fn fixed(name: &str, (low, high): (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        Self { low, high, log: false, name: name.to_owned(), ticks }
    }

    /// A linear scale between two numbers, of any sign and size, with about so many ticks.
    pub(super) fn between(name: &str, low: f64, high: f64, count: f64) -> Self {
        let (low, high) = apart(low, high);
        let most = low.abs().max(high.abs());
        let power = if (1e-4..1e6).contains(&most) { 0 } else { libm::floor(libm::log10(most)) as i32 };
        let unit = libm::pow(10.0, f64::from(power));
        // rather some more than much fewer
        let step = step_above(0.8 * (high - low) / count / unit);
        let mut ticks = ticks(low / unit, high / unit, step, unit);
        for (value, label) in ticks.iter_mut().filter(|_| power != 0) {
            *label = if *value == 0.0 { "0".to_owned() } else { format!("{label}\u{b7}{}", ten_to(power)) };
        }
        Self { low, high, log: false, name: name.to_owned(), ticks }
    }

    /// A logarithmic scale between two positive numbers.
    pub(super) fn factors(name: &str, low: f64, high: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        let high = high.max(low * 1.5);
        let (from, to) = (libm::log10(low), libm::log10(high));
        // of few decades the parts have ticks too, of many not each has one
        let digits: &[f64] = match to - from {
            short if short < 1.3 => &[1.0, 2.0, 3.0, 5.0, 7.0],
            some if some < 3.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let every = (((to - from) / 8.0).ceil() as i32).max(1);
        let mut ticks = Vec::new();
        for power in (from.floor() as i32..=to.ceil() as i32).filter(|power| power % every == 0) {
            for digit in digits {
                let value = digit * libm::pow(10.0, f64::from(power));
                if low * (1.0 - 1e-9) <= value && value <= high * (1.0 + 1e-9) {
                    ticks.push((value, power_label(*digit, power)));
                }
            }
        }
        Self { low, high, log: true, name: format!("{name}, logarithmic"), ticks }
    }

    /// Where `value` lies: 0 at the low end, 1 at the high end.
    pub(super) fn share_of(&self, value: f64) -> f64 {
        self.place(value).clamp(0.0, 1.0)
    }

    /// Likewise, also beyond both ends.
    pub(super) fn place(&self, value: f64) -> f64 {
        let map = |value: f64| if self.log { libm::log10(value.max(f64::MIN_POSITIVE)) } else { value };
        (map(value) - map(self.low)) / (map(self.high) - map(self.low))
    }

    /// The low end of the scale.
    pub(super) const fn low(&self) -> f64 {
        self.low
    }

    /// The high end of the scale.
    pub(super) const fn high(&self) -> f64 {
        self.high
    }
}

/// A unit of octets, or of what is counted in powers of a thousand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Octets {
    pub(super) octets: f64,
    pub(super) name: &'static str,
}

impl Octets {
    /// The unit in which `most` has a short number.
    pub(super) fn for_most(most: f64) -> Self {
        let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
        let (octets, name) = units.into_iter().find(|(unit, _)| most >= 2.0 * unit).unwrap_or((1.0, "octets"));
        Self { octets, name }
    }

    /// The name of an axis in this unit.
    pub(super) fn of(self, what: &str) -> String {
        if what.contains(self.name) { what.to_owned() } else { format!("{what} ({})", self.name) }
    }
}

/// The largest of 1, 2, 5 times a power of ten that is not above `value`.
fn step_below(value: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(value.max(1e-12))));
    let step = [5.0, 2.0].into_iter().find(|digit| digit * power <= value);
    step.map_or(power, |digit| digit * power)
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `value`.
fn step_above(value: f64) -> f64 {
    let below = step_below(value);
    if below >= value * (1.0 - 1e-9) { below } else { step_below(below * 2.6) }
}

/// Two bounds with something between them.
fn apart(low: f64, high: f64) -> (f64, f64) {
    match low.abs().max(high.abs()) {
        0.0 => (0.0, 1.0),
        most if high - low > most * 1e-6 => (low, high),
        most => (low - most * 0.1, high + most * 0.1),
    }
}

/// A number with three digits that mean something.
pub(super) fn short(value: f64) -> String {
    let power = if value == 0.0 { 0 } else { libm::floor(libm::log10(value.abs())) as i32 };
    if !(-3..6).contains(&power) {
        let digits = value / libm::pow(10.0, f64::from(power));
        return format!("{digits:.1}\u{b7}{}", ten_to(power));
    }
    format!("{value:.*}", (2 - power).clamp(0, 5) as usize)
}

/// A power of ten as people write it.
fn ten_to(power: i32) -> String {
    let raised = |digit: char| match digit {
        '-' => '\u{207b}',
        '1' => '\u{b9}',
        '2' => '\u{b2}',
        '3' => '\u{b3}',
        other => char::from_u32(0x2070 + other.to_digit(10).unwrap_or(0)).unwrap_or(other),
    };
    format!("10{}", power.to_string().chars().map(raised).collect::<String>())
}

/// A digit times a power of ten: in full while that is short.
fn power_label(digit: f64, power: i32) -> String {
    match power {
        0..=4 => format!("{digit}{}", "0".repeat(power.unsigned_abs() as usize)),
        -3..=-1 => format!("0.{}{digit}", "0".repeat(power.unsigned_abs() as usize - 1)),
        _ if digit == 1.0 => ten_to(power),
        _ => format!("{digit}\u{b7}{}", ten_to(power)),
    }
}

/// Multiples of `step` between two bounds (all in the unit), at their values.
fn ticks(low: f64, high: f64, step: f64, unit: f64) -> Vec<(f64, String)> {
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).clamp(0.0, 40.0) as u32;
    let decimals = (0..9).find(|digits| is_whole(step * libm::pow(10.0, f64::from(*digits)))).unwrap_or(9);
    (0..=count)
        .map(|index| {
            let value = (first + f64::from(index)) * step;
            // 0.5 and 1, not 0.5 and 1.0; adding zero turns -0 into 0.
            let text = format!("{:.*}", decimals as usize, value + 0.0);
            let short = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            (value * unit, short.to_owned())
        })
        .collect()
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    /// Breaks when an axis gets unreadable numbers or the wrong unit.
    #[test]
    fn time_axes_use_the_steps_of_their_unit() {
        let day = Scale::time("time", 0.0, 86_400.0);
        assert_eq!((day.name.as_str(), labels(&day)), ("time (h)", vec!["0", "6", "12", "18", "24"]));
        let five_days = Scale::time("time", 0.0, 432_000.0);
        assert_eq!((five_days.name.as_str(), labels(&five_days)), ("time (d)", vec!["0", "1", "2", "3", "4", "5"]));
        let call = Scale::time("time", 0.0, 0.2);
        assert_eq!((call.name.as_str(), labels(&call)), ("time (ms)", vec!["0", "50", "100", "150", "200"]));
        assert_eq!(labels(&Scale::time("time", 0.0, 7_800.0)), ["0", "0.5", "1", "1.5", "2"]);
        assert!(!labels(&Scale::time("time", 5.0, 5.0)).is_empty());
        assert!(!labels(&Scale::time("time", 0.0, 0.0)).is_empty());
    }

    #[test]
    fn latencies_go_logarithmic_when_they_must() {
        let wide = Scale::latency("latency", 0.3, 7_000.0);
        assert!(wide.log);
        assert_eq!(labels(&wide), ["100 ms", "1 s", "10 s", "1 min", "10 min", "1 h", "6 h"]);
        let narrow = Scale::latency("latency", 80.0, 81.0);
        assert!(!narrow.log && narrow.low > 70.0 && labels(&narrow).len() > 2, "{narrow:?}");
        assert!(Scale::latency("latency", 80.0, 80.0).low < 1e-9);
        assert!(!Scale::latency("latency", 0.0, 0.0).log);
    }

    /// Breaks when a number that a study may have gives an axis without ticks, or one that nobody can read.
    #[test]
    fn any_numbers_have_an_axis() {
        let between = |low, high| Scale::between("x", low, high, 5.0);
        assert_eq!(labels(&between(-2.0, 3.0)), ["-2", "-1", "0", "1", "2", "3"]);
        assert_eq!(
            labels(&between(0.0, 2.5e8)),
            [
                "0",
                "0.5\u{b7}10\u{2078}",
                "1\u{b7}10\u{2078}",
                "1.5\u{b7}10\u{2078}",
                "2\u{b7}10\u{2078}",
                "2.5\u{b7}10\u{2078}"
            ]
        );
        assert_eq!(labels(&between(0.0, 2e-6))[1], "0.5\u{b7}10\u{207b}\u{2076}");
        for value in [0.0, 1.0, -1e300, 1e-300, 5e11] {
            let scale = between(value, value);
            assert!((2..12).contains(&scale.ticks.len()), "{value}: {scale:?}");
            assert!((0.0..=1.0).contains(&scale.share_of(value)));
        }
        let factors = |low, high| Scale::factors("x", low, high);
        assert_eq!(labels(&factors(1.0, 1e6)), ["1", "10", "100", "1000", "10000", "10\u{2075}", "10\u{2076}"]);
        assert_eq!(labels(&factors(0.02, 0.2)), ["0.02", "0.03", "0.05", "0.07", "0.1", "0.2"]);
        assert!((4..10).contains(&factors(1e-300, 1e300).ticks.len()));
        assert!(factors(0.0, 0.0).share_of(0.0) >= 0.0);
    }

    #[test]
    fn counts_have_whole_ticks() {
        assert_eq!(labels(&Scale::count("copies", 0.0)), ["0", "1"]);
        assert_eq!(labels(&Scale::count("copies", 3.0)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&Scale::count("copies", 1_000_000.0)).last(), Some(&"1000000"));
    }
}
