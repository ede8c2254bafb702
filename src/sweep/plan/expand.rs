//! From parameters to points: all combinations, those that are listed, or some at random.
//!
//! Nothing here recurses. Draws are named by their parameter, so that another parameter shifts nobody's draws, and one
//! point more leaves those before it as they are.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::list;
use super::outcome;
use super::range::pick;
use super::schema::{Draws, Either, MethodName, Plan};
use super::vary::{Axis, Choice, Domain};
use crate::base::rng::{Stream, Streams};
use crate::scenario::problem::{Path, Problems};
use crate::sweep::expression::{Expression, Scope, Type, compile};
use crate::sweep::{Amount, Point};

/// A study has at most so many points.
pub const MAX_POINTS: usize = 1_000_000;
/// So many combinations are looked at; `where` may leave some out.
const MAX_COMBINATIONS: usize = 10_000_000;
/// So often is drawn for a point before it is said that there are not so many.
const TRIES: usize = 1_000;

/// How points are made.
#[derive(Clone, Debug)]
pub(super) enum Method {
    Grid,
    List,
    Random(Draws),
    LatinHypercube(Draws),
}

/// How the plan says that points are made.
pub(super) fn method(plan: &Plan, problems: &mut Problems) -> Method {
    let root = Path::Root;
    let here = root.key("method");
    let method = match &plan.method {
        None | Some(Either::Short(MethodName::Grid)) => Method::Grid,
        Some(Either::Short(MethodName::List)) => Method::List,
        Some(Either::Long(keys)) => match (&keys.random, &keys.latin_hypercube) {
            (Some(draws), None) => Method::Random(draws.clone()),
            (None, Some(draws)) => Method::LatinHypercube(draws.clone()),
            (None, None) | (Some(_), Some(_)) => {
                problems.help(here, "say one method", "write { \"random\": { \"count\": 20 } }");
                Method::Grid
            }
        },
    };
    if let Method::Random(draws) | Method::LatinHypercube(draws) = &method
        && !(1..=MAX_POINTS).contains(&(draws.count as usize))
    {
        problems.at(here, format!("a study has 1 to {MAX_POINTS} points"));
    }
    match (&method, &plan.points) {
        (Method::List, None) => problems.at(here, "the method \"list\" wants \"points\": [ { ... } ]"),
        (Method::List, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            problems.help(root.name("points"), "points are for the method \"list\"", "add \"method\": \"list\"")
        }
    }
    method
}

/// The conditions of `where`.
pub(super) fn conditions(plan: &Plan, scope: &Scope, problems: &mut Problems) -> Vec<Expression> {
    let root = Path::Root;
    let path = root.key("where");
    let mut all = Vec::new();
    for (index, text) in plan.only.iter().flat_map(|texts| texts.items.iter().enumerate()) {
        let here = if plan.only.as_ref().is_some_and(|texts| texts.list) { path.index(index) } else { path };
        match compile(text, Type::Truth, scope) {
            Ok(condition) => all.push(condition),
            Err(mistake) => outcome::tell(mistake, here, problems),
        }
    }
    all
}

/// Points as they come into being.
struct Maker<'a> {
    axes: &'a [Axis],
    common: &'a [(String, Value)],
    conditions: &'a [Expression],
    points: Vec<Point>,
    looked_at: usize,
    /// How many points each condition left out, of those that the ones before it left.
    removed: Vec<usize>,
    full: bool,
}

impl Maker<'_> {
    /// Whether all conditions hold; counts.
    fn fits(&mut self, values: &[Amount]) -> bool {
        self.looked_at += 1;
        match self.conditions.iter().position(|condition| !condition.holds(values)) {
            Some(at) => {
                self.removed[at] += 1;
                false
            }
            None => true,
        }
    }

    /// Adds a point, if it fits.
    fn add(&mut self, choices: &[&Choice]) {
        let values: Vec<Amount> = choices.iter().flat_map(|choice| choice.amounts.iter().cloned()).collect();
        if !self.fits(&values) {
            return;
        }
        let own = choices.iter().flat_map(|choice| choice.settings.iter().cloned());
        let settings = self.common.iter().cloned().chain(own).collect();
        let index = self.points.len();
        if index >= MAX_POINTS {
            self.full = true;
            return;
        }
        self.points.push(Point { index, values, settings });
    }
}

/// All points of a study, in order. Notes when there are none or too many.
pub(super) fn points(
    plan: &Plan,
    method: &Method,
    axes: &[Axis],
    conditions: &[Expression],
    problems: &mut Problems,
) -> Vec<Point> {
    let common: Vec<(String, Value)> =
        plan.set.iter().flatten().map(|(at, value)| (at.clone(), value.clone())).collect();
    let removed = vec![0; conditions.len()];
    let mut maker = Maker { axes, common: &common, conditions, points: Vec::new(), looked_at: 0, removed, full: false };
    let root = Path::Root;
    let before = problems.count();
    match method {
        Method::Grid => grid(&mut maker, root, problems),
        Method::List => {
            for row in list::rows(plan, axes, problems) {
                let choices = axes.iter().zip(&row).map(|(axis, at)| match &axis.domain {
                    Domain::Choices(choices) => choices.get(*at),
                    Domain::Span(_) => None,
                });
                if let Some(choices) = choices.collect::<Option<Vec<&Choice>>>().filter(|all| all.len() == axes.len()) {
                    maker.add(&choices);
                }
            }
        }
        Method::Random(draws) => random(&mut maker, draws, root, problems),
        Method::LatinHypercube(draws) => latin_hypercube(&mut maker, draws),
    }
    if problems.count() > before {
        return Vec::new();
    }
    if maker.full {
        problems.at(root.key("vary"), format!("a study has at most {MAX_POINTS} points"));
    } else if maker.points.is_empty() {
        nothing_left(&maker, plan, problems);
    }
    maker.points
}

/// Says why there is no point.
fn nothing_left(maker: &Maker<'_>, plan: &Plan, problems: &mut Problems) {
    let root = Path::Root;
    let path = root.key("where");
    let mut told = false;
    for (index, count) in maker.removed.iter().enumerate().filter(|(_, count)| **count > 0) {
        let here = if plan.only.as_ref().is_some_and(|texts| texts.list) { path.index(index) } else { path };
        problems.at(here, format!("no point is left: this leaves out {count} of {}", maker.looked_at));
        told = true;
    }
    if !told {
        let what = if plan.points.is_some() { "points" } else { "vary" };
        problems.at(root.key(what), "there is no point: nothing is within these values");
    }
}

/// The choices of an axis at a point whose earlier values are these.
fn choices<'a>(axis: &'a Axis, values: &[Amount]) -> Cow<'a, [Choice]> {
    match &axis.domain {
        Domain::Choices(choices) => Cow::Borrowed(choices),
        Domain::Span(span) => Cow::Owned(span.choices(values)),
    }
}

/// All combinations; the last parameter varies fastest.
fn grid(maker: &mut Maker<'_>, root: Path<'_>, problems: &mut Problems) {
    let path = root.key("vary");
    let axes = maker.axes;
    for axis in axes {
        if matches!(&axis.domain, Domain::Span(span) if !span.is_list()) {
            let place = path.index(axis.place);
            let help = "add a \"step\" or a \"count\", or a random \"method\"";
            problems.help(place.key("range"), "a grid wants values, and between these ends are endlessly many", help);
            return;
        }
    }
    let fixed = axes.iter().map(|axis| match &axis.domain {
        Domain::Choices(choices) => choices.len(),
        Domain::Span(_) => 1,
    });
    let combinations = fixed.fold(1_usize, usize::saturating_mul);
    if combinations > MAX_COMBINATIONS || (combinations > MAX_POINTS && maker.conditions.is_empty()) {
        problems.at(path, format!("these are {combinations} combinations; a study has at most {MAX_POINTS} points"));
        return;
    }
    // For each axis so far: its choices, which of them is next, and how many values there were before it.
    let mut levels: Vec<(Cow<'_, [Choice]>, usize, usize)> = Vec::new();
    let mut values: Vec<Amount> = Vec::new();
    loop {
        if levels.len() == axes.len() {
            let chosen: Vec<&Choice> =
                levels.iter().filter_map(|(all, next, _)| all.get(next.checked_sub(1)?)).collect();
            maker.add(&chosen);
            if maker.full || maker.looked_at > MAX_COMBINATIONS {
                maker.full = true;
                return;
            }
        } else {
            levels.push((choices(&axes[levels.len()], &values), 0, values.len()));
        }
        // To the next choice of the last axis that has one.
        loop {
            let Some((all, next, before)) = levels.last_mut() else { return };
            values.truncate(*before);
            if let Some(choice) = all.get(*next) {
                values.extend(choice.amounts.iter().cloned());
                *next += 1;
                break;
            }
            levels.pop();
        }
    }
}

/// The draws of one axis.
fn stream(streams: Streams, axis: &Axis, what: &str) -> Stream {
    streams.stream(&format!("sweep/{}/{what}", axis.columns[0].key))
}

/// What an axis is at that share of its values.
fn at<'a>(axis: &'a Axis, share: f64, values: &[Amount]) -> Option<Cow<'a, Choice>> {
    match &axis.domain {
        Domain::Choices(choices) => pick(choices, share).map(Cow::Borrowed),
        Domain::Span(span) => span.at(share, values).map(Cow::Owned),
    }
}

/// The choices at these shares, one for each axis.
fn drawn<'a>(axes: &'a [Axis], mut share: impl FnMut(usize) -> f64) -> Option<Vec<Cow<'a, Choice>>> {
    let mut values: Vec<Amount> = Vec::new();
    let mut chosen = Vec::with_capacity(axes.len());
    // Every axis draws, so that what one is does not shift the draws of another.
    let shares: Vec<f64> = (0..axes.len()).map(&mut share).collect();
    for (axis, share) in axes.iter().zip(shares) {
        let choice = at(axis, share, &values)?;
        values.extend(choice.amounts.iter().cloned());
        chosen.push(choice);
    }
    Some(chosen)
}

/// Each value by itself; what does not fit and what was drawn before is drawn anew.
fn random(maker: &mut Maker<'_>, draws: &Draws, root: Path<'_>, problems: &mut Problems) {
    let axes = maker.axes;
    let streams = Streams::new(draws.seed.unwrap_or(1));
    let mut each: Vec<Stream> = axes.iter().map(|axis| stream(streams, axis, "random")).collect();
    let mut seen = BTreeSet::new();
    let wanted = draws.count as usize;
    let mut tries = 0_usize;
    while maker.points.len() < wanted && tries < wanted.saturating_mul(TRIES).min(MAX_COMBINATIONS) {
        tries += 1;
        let Some(chosen) = drawn(axes, |axis| each[axis].unit()) else { continue };
        let texts: Vec<String> = chosen.iter().map(|choice| choice.amounts[0].text.clone()).collect();
        if seen.insert(texts) {
            maker.add(&chosen.iter().map(Cow::as_ref).collect::<Vec<_>>());
        }
    }
    let found = maker.points.len();
    if found > 0 && found < wanted {
        let message = format!("only {found} different points were found in {tries} draws, not {wanted}");
        problems.at(root.key("method"), message);
    }
}

/// Each stratum of each axis once (McKay, Beckman and Conover 1979). What does not fit is left out, and not replaced: the
/// others stay in their strata.
fn latin_hypercube(maker: &mut Maker<'_>, draws: &Draws) {
    let axes = maker.axes;
    let streams = Streams::new(draws.seed.unwrap_or(1));
    let strata: Vec<Vec<u32>> =
        axes.iter().map(|axis| shuffled(draws.count, &mut stream(streams, axis, "strata"))).collect();
    let mut within: Vec<Stream> = axes.iter().map(|axis| stream(streams, axis, "within")).collect();
    for point in 0..draws.count as usize {
        let share = |axis: usize| (f64::from(strata[axis][point]) + within[axis].unit()) / f64::from(draws.count);
        if let Some(chosen) = drawn(axes, share) {
            maker.add(&chosen.iter().map(Cow::as_ref).collect::<Vec<_>>());
        }
    }
}

/// The numbers below `count` in random order (Fisher and Yates).
fn shuffled(count: u32, stream: &mut Stream) -> Vec<u32> {
    let mut all: Vec<u32> = (0..count).collect();
    for last in (1..all.len()).rev() {
        let other = usize::try_from(stream.below(last as u64 + 1)).unwrap_or(last);
        all.swap(last, other);
    }
    all
}
