//! Values from one to another: by equal steps, so many of them, or anything between.
//!
//! Steps are added in whole grains, or in whole multiples of the last decimal place of plain numbers, so that
//! 0.1 + 2 * 0.1 is 0.3. Everything else is rounded to significant digits, by way of decimal text, which is the same on
//! every machine; logarithms are those of `libm`.

use super::schema::{Range, Scale};
use super::vary::{Axis, Choice, Domain};
use crate::base::nearest;
use crate::scenario::problem::{Path, Problems, did_you_mean, quote};
use crate::scenario::schema::Amount as Written;
use crate::sweep::Amount;
use crate::sweep::unit::Unit;

/// A range has at most so many values.
pub(super) const MAX_VALUES: usize = 1_000_000;
/// Significant digits when nothing else is said, and at most.
const DIGITS: u32 = 6;
const MAX_DIGITS: u32 = 15;
/// Steps of plain numbers have at most so many decimals.
const MAX_DECIMALS: usize = 12;
/// Steps lead from and to nothing greater, so that sums of them are exact.
const MAX_STEPPED: f64 = 1e18;

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// So many grains.
    Fixed(f64),
    /// The value of this column.
    Of(usize),
}

/// A range whose ends are known, or follow from other parameters of a point.
#[derive(Clone, Debug)]
pub(super) struct Span {
    unit: Unit,
    from: End,
    to: End,
    step: Option<f64>,
    count: Option<u32>,
    scale: Scale,
    whole: bool,
    digits: u32,
    pointers: Vec<String>,
}

/// What a bound says: a unit and grains, or a column.
fn read_end(written: &Written, here: Path<'_>, earlier: &[Axis], problems: &mut Problems) -> Option<(Unit, End)> {
    let text = match written {
        Written::Number(number) => return Some((Unit::One, End::Fixed(*number))),
        Written::Quantity(text) => text,
    };
    let Some(name) = text.strip_prefix('$') else {
        let found = Unit::read(text).map(|(unit, grains)| (unit, End::Fixed(grains)));
        if found.is_none() {
            let help = "write 5, \"30min\", or \"$NAME\" for the value of a parameter that stands earlier";
            problems.help(here, format!("{} is neither a number nor a quantity", quote(text)), help);
        }
        return found;
    };
    let columns = || earlier.iter().flat_map(|axis| &axis.columns);
    match columns().position(|column| column.goes_by(name)) {
        Some(at) => match columns().nth(at).and_then(|column| column.unit) {
            Some(unit) => Some((unit, End::Of(at))),
            None => {
                problems.at(here, format!("the values of {} are no numbers", quote(name)));
                None
            }
        },
        None => {
            let known = columns().map(|column| column.key.as_str());
            let help = nearest(name, known).map(did_you_mean);
            let help = help.or_else(|| Some("a range depends on parameters that stand before it in `vary`".to_owned()));
            problems.unknown_name(here, format!("there is no parameter {} before this", quote(name)), help);
            None
        }
    }
}

/// Reads a range; `earlier` are the parameters on which it may depend.
pub(super) fn read(
    range: &Range,
    here: Path<'_>,
    (pointers, earlier): (&[String], &[Axis]),
    problems: &mut Problems,
) -> Option<Span> {
    let from = read_end(&range.from, here.key("from"), earlier, problems);
    let to = read_end(&range.to, here.key("to"), earlier, problems);
    let step = match &range.step {
        None => None,
        Some(step) => Some(read_end(step, here.key("step"), &[], problems)?),
    };
    let ((unit, from), (other, to)) = (from?, to?);
    if other != unit {
        problems.at(here.key("to"), "both ends of a range have the same unit");
        return None;
    }
    let step = match step {
        Some((same, End::Fixed(step))) if same == unit && step > 0.0 => Some(step),
        Some(_) => {
            problems.at(here.key("step"), "a step is above zero, in the unit of the range");
            return None;
        }
        None => None,
    };
    let span = Span {
        unit,
        from,
        to,
        step,
        count: range.count,
        scale: range.scale.unwrap_or_default(),
        whole: range.whole.unwrap_or(false),
        digits: range.digits.unwrap_or(DIGITS),
        pointers: pointers.to_vec(),
    };
    check(&span, range, here, problems).then_some(span)
}

/// What does not go together in a range.
fn check(span: &Span, range: &Range, here: Path<'_>, problems: &mut Problems) -> bool {
    let before = problems.count();
    if span.step.is_some() && span.count.is_some() {
        problems.at(here.name("count"), "a range has a step or a count, not both");
    }
    if span.step.is_some() && span.scale == Scale::Log {
        problems.help(here.key("step"), "a logarithmic range has no steps", "say how many values: \"count\": 5");
    }
    if span.step.is_some() && span.unit == Unit::PerSecond {
        problems.help(here.key("step"), "a range of frequencies has no steps", "say how many values: \"count\": 5");
    }
    if span.count == Some(0) {
        problems.at(here.key("count"), "a range has at least one value");
    }
    if span.count.is_some_and(|count| count as usize > MAX_VALUES) {
        problems.at(here.key("count"), format!("a range has at most {MAX_VALUES} values"));
    }
    if !(1..=MAX_DIGITS).contains(&span.digits) {
        problems.at(here.key("digits"), format!("significant digits are 1 to {MAX_DIGITS}"));
    }
    if range.whole == Some(true) && span.unit != Unit::One {
        problems.at(here.key("whole"), "this is for numbers without a unit");
    }
    if span.scale == Scale::Log {
        for (key, end) in [("from", span.from), ("to", span.to)] {
            if matches!(end, End::Fixed(grains) if grains <= 0.0) {
                problems.at(here.key(key), "a logarithmic range begins and ends above zero");
            }
        }
    }
    if let (End::Fixed(from), End::Fixed(to)) = (span.from, span.to) {
        if from > to {
            problems.at(here.key("to"), "a range ends at or above its begin");
        } else if span.step.is_some_and(|step| (to - from) / step >= MAX_VALUES as f64) {
            problems.at(here.key("step"), format!("a range has at most {MAX_VALUES} values"));
        }
    }
    problems.count() == before
}

impl Span {
    /// Its unit.
    pub(super) const fn unit(&self) -> Unit {
        self.unit
    }

    /// Whether it is a list of values, be it one that depends on others.
    pub(super) const fn is_list(&self) -> bool {
        self.step.is_some() || self.count.is_some()
    }

    /// Its values as a list, if they depend on nothing.
    pub(super) fn fixed(&self) -> Option<Domain> {
        let fixed = matches!((self.from, self.to), (End::Fixed(_), End::Fixed(_)));
        (fixed && self.is_list()).then(|| Domain::Choices(self.choices(&[])))
    }

    fn ends(&self, values: &[Amount]) -> Option<(f64, f64)> {
        let end = |end| match end {
            End::Fixed(grains) => Some(grains),
            End::Of(at) => values.get(at)?.number.map(|number| self.unit.to_grains(number)),
        };
        let (from, to) = (end(self.from)?, end(self.to)?);
        (from <= to && (self.scale == Scale::Linear || from > 0.0)).then_some((from, to))
    }

    /// Its values at a point whose earlier values are these; none where it ends before it begins.
    pub(super) fn choices(&self, values: &[Amount]) -> Vec<Choice> {
        self.grains(values).into_iter().filter_map(|grains| self.choice(grains)).collect()
    }

    /// The value below which lies that share of the range.
    pub(super) fn at(&self, share: f64, values: &[Amount]) -> Option<Choice> {
        if self.is_list() {
            return self.choice(*pick(&self.grains(values), share)?);
        }
        let (from, to) = self.ends(values)?;
        // Whole numbers are all as likely: each has the half above and below it.
        let (low, high) = if self.whole { (from - 0.5, to + 0.5) } else { (from, to) };
        let drawn = match self.scale {
            Scale::Linear => low + share * (high - low),
            Scale::Log => between(from, to, share),
        };
        self.choice(self.rounded(drawn, from, to))
    }

    fn choice(&self, grains: f64) -> Option<Choice> {
        let (value, amount) = self.unit.write(grains)?;
        let settings = self.pointers.iter().map(|pointer| (pointer.clone(), value.clone())).collect();
        Some(Choice { amounts: vec![amount], settings })
    }

    /// A value within the ends, whole where it must be, else with so many significant digits.
    fn rounded(&self, grains: f64, from: f64, to: f64) -> f64 {
        let near = if self.whole { grains.round() } else { significant(grains, self.digits) };
        let near = if self.unit.is_grained() { near.round() } else { near };
        near.clamp(from, to)
    }

    fn grains(&self, values: &[Amount]) -> Vec<f64> {
        let Some((from, to)) = self.ends(values) else { return Vec::new() };
        if let Some(step) = self.step {
            return steps(from, to, step);
        }
        let last = self.count.unwrap_or(1).saturating_sub(1);
        let mut all: Vec<f64> = (0..=last)
            .map(|place| match (place, self.scale) {
                (0, _) => from,
                (place, _) if place == last => to,
                (place, Scale::Linear) => {
                    self.rounded(from + (to - from) * f64::from(place) / f64::from(last), from, to)
                }
                (place, Scale::Log) => self.rounded(between(from, to, f64::from(place) / f64::from(last)), from, to),
            })
            .collect();
        all.dedup();
        all
    }
}

/// The value at that share of a list.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
pub(super) fn pick<T>(list: &[T], share: f64) -> Option<&T> {
    list.get(((share * list.len() as f64) as usize).min(list.len().saturating_sub(1)))
}

/// At that share of the way when ratios are equal.
fn between(from: f64, to: f64, share: f64) -> f64 {
    libm::exp(libm::log(from) + share * (libm::log(to) - libm::log(from)))
}

/// A number with so many significant digits.
fn significant(number: f64, digits: u32) -> f64 {
    let places = digits.saturating_sub(1) as usize;
    format!("{number:.places$e}").parse().unwrap_or(number)
}

/// From `from` by equal steps up to `to`, in whole multiples of the last decimal place.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "rounded, and within bounds")]
fn steps(from: f64, to: f64, step: f64) -> Vec<f64> {
    if from.abs().max(to.abs()) > MAX_STEPPED {
        return Vec::new();
    }
    let decimals = |number: f64| format!("{number}").split_once('.').map_or(0, |(_, after)| after.len());
    let places = decimals(from).max(decimals(step)).min(MAX_DECIMALS);
    let scale = 10_f64.powi(places as i32);
    let (first, distance) = ((from * scale).round() as i128, (step * scale).round() as i128);
    // An end that is a multiple but for the rounding of floats is one.
    let (end, near) = (to * scale, (to * scale).round());
    let end = (if (end - near).abs() <= near.abs() * 1e-12 { near } else { end.floor() }) as i128;
    let mut all = Vec::new();
    let mut next = first;
    while next <= end && distance > 0 && all.len() < MAX_VALUES {
        all.push(next as f64 / scale);
        let Some(after) = next.checked_add(distance) else { break };
        next = after;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "that they are exact is what is tested")]
    fn steps_are_exact_decimals() {
        assert_eq!(steps(0.0, 0.5, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(steps(1.0, 10.0, 4.0), [1.0, 5.0, 9.0]);
        assert_eq!(steps(-0.2, 0.2, 0.2), [-0.2, 0.0, 0.2]);
        assert_eq!(steps(2.0, 1.0, 1.0), [0.0; 0]);
        assert_eq!(steps(0.0, 1e300, 1.0), [0.0; 0]);
        assert_eq!(steps(0.0, 1e18, 1e300), [0.0]);
        assert_eq!(significant(31.622_776_6, 6), 31.6228);
        assert_eq!(significant(0.0, 6), 0.0);
    }
}
