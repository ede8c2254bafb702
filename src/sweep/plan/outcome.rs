//! How often points are run, what is kept of the runs, and what is made of that.

use std::collections::BTreeSet;

use super::schema::{Either, MetricPlan, NumbersName, Plan, Repeat, Stop};
use super::vary::Axis;
use crate::base::SimDuration;
use crate::metrics::{Kind, METRICS, WEB_METRICS};
use crate::scenario::problem::{Path, Problems, Rests, quote};
use crate::scenario::resolved::{Fold, What};
use crate::scenario::schema::{Amount as Written, Expect};
use crate::scenario::{Resolved, read_measure};
use crate::sweep::expression::{Mistake, Scope, Type, compile};
use crate::sweep::unit::Unit;
use crate::sweep::{ClosedForm, Measure, Numbers, Replications, StopRule, WarmUp};

/// A point is run at most so often.
pub const MAX_REPLICATIONS: u32 = 10_000;
/// So many numbers are kept of a run.
const MAX_MEASURES: usize = 500;
/// Names have at most so many characters.
pub(super) const MAX_NAME: usize = 80;

/// How often each point is run.
pub(super) fn replications(plan: &Plan, measures: &[Measure], known: bool, problems: &mut Problems) -> Replications {
    let root = Path::Root;
    let here = root.key("replications");
    let given = match &plan.replications {
        None => Repeat::default(),
        Some(Either::Short(count)) => Repeat { max: Some(*count), ..Repeat::default() },
        Some(Either::Long(repeat)) => (**repeat).clone(),
    };
    let max = given.max.or(given.min).unwrap_or(1);
    let min = given.min.unwrap_or(max);
    if !(1..=MAX_REPLICATIONS).contains(&max) || min < 1 {
        problems.at(here, format!("a point is run 1 to {MAX_REPLICATIONS} times"));
    } else if min > max {
        problems.at(here.key("min"), format!("`min` is at most `max`, {max}"));
    }
    let stop =
        given.stop.as_ref().map(|stop| stop_rule(stop, here.key("stop"), (min, max), (measures, known), problems));
    let numbers = match given.numbers {
        None | Some(NumbersName::Common) => Numbers::Common,
        Some(NumbersName::Independent) => Numbers::Independent,
    };
    Replications { min, max, numbers, seed: given.seed.unwrap_or(1), stop }
}

fn stop_rule(
    stop: &Stop,
    here: Path<'_>,
    (min, max): (u32, u32),
    (measures, known): (&[Measure], bool),
    problems: &mut Problems,
) -> StopRule {
    if !(stop.relative > 0.0 && stop.relative < 1.0) {
        let message = format!("a half-width is a share above 0 and below 1 of the mean, not {}", stop.relative);
        problems.at(here.key("relative"), message);
    }
    if stop.absolute.is_some_and(|absolute| absolute <= 0.0) {
        problems.at(here.key("absolute"), "a half-width is above zero");
    }
    if min == max {
        problems.help(here, "there is nothing to stop: `min` is `max`", "give `min` and a larger `max`");
    } else if min < 2 {
        problems.help(here, "one run tells nothing of how far runs lie apart", "give `min` of 2, better 5 or more");
    }
    let names = measure_names(stop.metrics.as_deref(), here, (measures, known), problems);
    StopRule { measures: names, relative: stop.relative, absolute: stop.absolute }
}

/// Names of measures that were given, or all.
pub(super) fn measure_names(
    given: Option<&[String]>,
    here: Path<'_>,
    (measures, known): (&[Measure], bool),
    problems: &mut Problems,
) -> Vec<String> {
    let Some(given) = given else { return measures.iter().map(|measure| measure.name.clone()).collect() };
    let path = here.key("metrics");
    if given.is_empty() {
        problems.at(path, "name at least one metric");
    }
    let each = given.iter().enumerate();
    each.filter_map(|(index, name)| measure_name(name, path.index(index), (measures, known), problems)).collect()
}

/// The measure of that name, with its unit or without. If it is not known what there is, nothing is said.
pub(super) fn measure_name(
    name: &str,
    here: Path<'_>,
    (measures, known): (&[Measure], bool),
    problems: &mut Problems,
) -> Option<String> {
    let found = measures.iter().find(|measure| measure.name == name || measure.stem() == name);
    if found.is_none() && known {
        let names = measures.iter().map(|measure| measure.name.as_str());
        problems.unknown_else(here, "metric of this study", name, names, Some("`metrics` says what is kept of runs"));
    }
    found.map(|measure| measure.name.clone())
}

/// What each run does before it counts.
pub(super) fn warm_up(plan: &Plan, problems: &mut Problems) -> Option<WarmUp> {
    let given = plan.warm_up.as_ref()?;
    let (until, shared) = match given {
        Either::Short(until) => (until.0, false),
        Either::Long(long) => (long.until.0, long.shared.unwrap_or(false)),
    };
    if until == SimDuration::ZERO && shared {
        let root = Path::Root;
        problems.at(root.key("warm_up"), "there is nothing to share in a warm-up of no length");
    }
    (until > SimDuration::ZERO).then_some(WarmUp { until, shared })
}

/// A run lasts longer than its warm-up.
pub(super) fn check_warm_up(warm_up: &WarmUp, first: &Resolved, problems: &mut Problems) {
    let root = Path::Root;
    let until = first.run.until.since(crate::base::SimTime::ZERO);
    if warm_up.until >= until {
        let message = format!("runs end at {}, when the warm-up is not over", until.to_text());
        problems.at(root.key("warm_up"), message);
    }
}

/// What is kept of each run; `first` is the scenario at the first point.
pub(super) fn measures(plan: &Plan, first: Option<&Resolved>, problems: &mut Problems) -> Vec<Measure> {
    let root = Path::Root;
    let path = root.key("metrics");
    let mut all: Vec<Measure> = Vec::new();
    let entries = plan.metrics.as_deref().unwrap_or_default();
    if entries.is_empty() {
        problems.help(path, "nothing is kept of the runs", "add \"metrics\": [\"messages.delivered\", ...]");
    }
    if entries.len() > MAX_MEASURES {
        problems.at(path, format!("at most {MAX_MEASURES} numbers are kept of a run"));
        return all;
    }
    for (index, entry) in entries.iter().enumerate() {
        let here = path.index(index);
        match entry {
            Either::Short(name) => match name.strip_suffix(".*") {
                Some(group) => group_of(group, here, &mut all, problems),
                None => {
                    let metric = MetricPlan { metric: Some(name.clone()), ..MetricPlan::default() };
                    measure(&metric, (here, true), first, &mut all, problems);
                }
            },
            Either::Long(metric) => measure(metric, (here, false), first, &mut all, problems),
        }
    }
    if all.len() > MAX_MEASURES {
        problems.at(path, format!("at most {MAX_MEASURES} numbers are kept of a run"));
    }
    all
}

fn group_of(group: &str, here: Path<'_>, all: &mut Vec<Measure>, problems: &mut Problems) {
    let known = || METRICS.iter().chain(WEB_METRICS).map(|(name, _)| *name);
    let before = all.len();
    for name in known().filter(|name| name.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'))) {
        if !all.iter().any(|measure| measure.name == name) {
            let what = What::Metric(name.to_owned(), crate::scenario::resolved::Bounds::default());
            all.push(Measure { name: name.to_owned(), unit: unit_of(Kind::by_unit(name)).text().to_owned(), what });
        }
    }
    if all.len() == before {
        let groups: BTreeSet<&str> = known().filter_map(|name| Some(name.split_once('.')?.0)).collect();
        problems.unknown(here, "group of metrics", group, groups.iter().copied());
    }
}

fn measure(
    metric: &MetricPlan,
    (here, short): (Path<'_>, bool),
    first: Option<&Resolved>,
    all: &mut Vec<Measure>,
    problems: &mut Problems,
) {
    let expect = Expect {
        metric: metric.metric.clone(),
        count: metric.count.clone(),
        sum: metric.sum.clone(),
        mean: metric.mean.clone(),
        min: metric.min.clone(),
        max: metric.max.clone(),
        quantile: metric.quantile,
        of: metric.of.clone(),
        only: metric.only.clone(),
        ..Expect::default()
    };
    let Some(first) = first else { return };
    let mut own = Problems::default();
    let what = read_measure(&expect, here, first, &mut own).filter(|_| own.is_empty());
    for mut problem in own.list {
        // What stands there alone is the name itself.
        if short {
            problem.steps = here.steps();
            problem.on_key = false;
        }
        problems.push(problem);
    }
    let Some(what) = what else { return };
    let (unit, derived) = described(&what);
    let name = match &metric.name {
        Some(name) => unit.column(name),
        None if metric.only.is_some() => {
            problems.help(here, "a metric with `where` wants a name", "add a \"name\"");
            return;
        }
        None => derived,
    };
    let place = if metric.name.is_some() { here.key("name") } else { here };
    check_name(&name, place, problems);
    if all.iter().any(|measure| measure.name == name) {
        problems.help(place, format!("two metrics are called {}", quote(&name)), "give each a \"name\" of its own");
        return;
    }
    all.push(Measure { name, unit: unit.text().to_owned(), what });
}

fn check_name(name: &str, here: Path<'_>, problems: &mut Problems) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.".contains(&b);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(plain) {
        let help = format!("letters, digits, \"_\" and \".\", at most {MAX_NAME}");
        problems.help(here, format!("{} is no name for a metric", quote(name)), help);
    }
}

const fn unit_of(kind: Kind) -> Unit {
    match kind {
        Kind::Seconds => Unit::Seconds,
        Kind::Bytes => Unit::Bytes,
        Kind::BitsPerSecond => Unit::BitsPerSecond,
        Kind::Number | Kind::Text => Unit::One,
    }
}

/// The unit of a number, and its name when it has no other.
fn described(what: &What) -> (Unit, String) {
    match what {
        What::Metric(name, _) => (unit_of(Kind::by_unit(name)), name.clone()),
        What::Rows(fold, table, _, _) => {
            let (at, word) = match fold {
                Fold::Count => return (Unit::One, format!("{}.count", table.name)),
                Fold::Sum(at) => (*at, "sum".to_owned()),
                Fold::Mean(at) => (*at, "mean".to_owned()),
                Fold::Min(at) => (*at, "min".to_owned()),
                Fold::Max(at) => (*at, "max".to_owned()),
                Fold::Quantile(at, share) => (*at, format!("p{}", 100.0 * share).replace('.', "_")),
            };
            let column = table.columns.get(at).map_or("", |(name, _)| *name);
            let unit = unit_of(Kind::of(table.name, column));
            let suffix = format!("_{}", unit.text());
            let stem = column.strip_suffix(&suffix).unwrap_or(column);
            (unit, unit.column(&format!("{}.{stem}.{word}", table.name)))
        }
        What::Message(_) | What::Dropped { .. } | What::Transcript(_) => (Unit::One, String::new()),
    }
}

/// What follows from the parameters alone.
pub(super) fn formulas(plan: &Plan, scope: &Scope, measures: &[Measure], problems: &mut Problems) -> Vec<ClosedForm> {
    let root = Path::Root;
    let path = root.key("formulas");
    let mut all: Vec<ClosedForm> = Vec::new();
    if plan.formulas.as_ref().is_some_and(|all| all.len() > MAX_MEASURES) {
        problems.at(path, format!("a study has at most {MAX_MEASURES} formulas"));
        return all;
    }
    for (index, entry) in plan.formulas.iter().flatten().enumerate() {
        let here = path.index(index);
        check_name(&entry.name, here.key("name"), problems);
        let taken = all.iter().any(|form| form.name == entry.name) || measures.iter().any(|m| m.name == entry.name);
        if taken {
            problems.at(here.key("name"), format!("something else is called {}, too", quote(&entry.name)));
        }
        match compile(&entry.formula, Type::Number, scope) {
            Ok(formula) => all.push(ClosedForm { name: entry.name.clone(), formula }),
            Err(mistake) => tell(mistake, here.key("formula"), problems),
        }
    }
    all
}

/// Notes what is wrong with an expression, at its place in the text.
pub(super) fn tell(mistake: Mistake, here: Path<'_>, problems: &mut Problems) {
    let rests = if mistake.of_name { Rests::OnNames } else { Rests::Nowhere };
    problems.within(here, mistake.place, (mistake.message, mistake.help), rests);
}

/// Numbers with names.
pub(super) fn constants(plan: &Plan, axes: &[Axis], problems: &mut Problems) -> Vec<(String, f64)> {
    let root = Path::Root;
    let path = root.key("constants");
    let mut all = Vec::new();
    for (name, value) in plan.constants.iter().flatten() {
        if !super::vary::is_name(name) {
            problems.at(path.name(name), format!("{} is no name for a constant", quote(name)));
        }
        if axes.iter().flat_map(|axis| &axis.columns).any(|column| column.goes_by(name)) {
            problems.at(path.name(name), format!("a parameter is called {}, too", quote(name)));
        }
        let number = match value {
            Written::Number(number) => Some(*number),
            Written::Quantity(text) => Unit::read(text).map(|(unit, grains)| unit.number(grains)),
        };
        match number {
            Some(number) => all.push((name.clone(), number)),
            None => problems.at(path.key(name), "a constant is a number or a quantity like \"30min\""),
        }
    }
    all
}
