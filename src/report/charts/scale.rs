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
        let high = (most.max(1e-6) / step - 1e-9).ceil() * step;
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

    /// Where `value` lies: 0 at the low end, 1 at the high end.
    pub(super) fn share_of(&self, value: f64) -> f64 {
        let map = |value: f64| if self.log { libm::log10(value.max(1e-9)) } else { value };
        let share = (map(value) - map(self.low)) / (map(self.high) - map(self.low));
        share.clamp(0.0, 1.0)
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

    #[test]
    fn counts_have_whole_ticks() {
        assert_eq!(labels(&Scale::count("copies", 0.0)), ["0", "1"]);
        assert_eq!(labels(&Scale::count("copies", 3.0)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&Scale::count("copies", 1_000_000.0)).last(), Some(&"1000000"));
    }
}
