//! Whether the scenario is valid at the points of a study, and if not, which value of the plan is to blame.
//!
//! Of few points all are tried; of many the first, the last and one for each value.

use std::collections::BTreeSet;

use super::list::text_of;
use super::schema::{Plan, Setting, Vary};
use super::vary::{Axis, Choice, Domain};
use crate::scenario::diagnostics::{Diagnostic, Diagnostics};
use crate::scenario::problem::{Path, Problem, Problems, Step};
use crate::scenario::{Overrides, Resolved, ScenarioFile, override_label};
use crate::sweep::{Parameter, Point};

/// So many invalid points are told.
const MAX_INVALID: usize = 10;

/// What is needed to try points.
pub(super) struct Probe<'a> {
    pub(super) file: &'a ScenarioFile,
    pub(super) plan: &'a Plan,
    pub(super) axes: &'a [Axis],
    pub(super) parameters: &'a [Parameter],
}

/// A point in words: `ttl_s = 5min, loss = 0.1`.
fn point_words(parameters: &[Parameter], point: &Point) -> String {
    let each = parameters.iter().zip(&point.values);
    each.map(|(parameter, amount)| format!("{} = {}", parameter.name, amount.text)).collect::<Vec<_>>().join(", ")
}

/// The points to try: all if there are at most so many, else the ends and one for each value, up to that number.
fn chosen(points: &[Point], most: usize) -> Vec<&Point> {
    if points.len() <= most {
        return points.iter().collect();
    }
    let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
    let mut all: Vec<&Point> = Vec::new();
    for point in points {
        // No `any`: all values of the point are seen now.
        let new = point.values.iter().enumerate().filter(|(at, amount)| seen.insert((*at, &amount.text))).count();
        if new > 0 && all.len() + 1 < most {
            all.push(point);
        }
    }
    all.extend(points.last());
    all
}

impl Probe<'_> {
    /// The scenario at a point.
    fn load(&self, point: &Point) -> Result<Resolved, Diagnostics> {
        self.file.load(&Overrides { set: point.settings.clone(), ..Overrides::default() })
    }

    /// The scenario at the first point, if it is valid there; `scenarios` takes what is wrong with the file itself.
    pub(super) fn first(
        &self,
        points: &[Point],
        problems: &mut Problems,
        scenarios: &mut Vec<Diagnostics>,
    ) -> Option<Resolved> {
        let point = points.first()?;
        match self.load(point) {
            Ok(resolved) => Some(resolved),
            Err(invalid) => {
                self.tell(point, invalid, problems, scenarios);
                None
            }
        }
    }

    /// Tries points, so many of them.
    pub(super) fn try_points(
        &self,
        points: &[Point],
        most: usize,
        problems: &mut Problems,
        scenarios: &mut Vec<Diagnostics>,
    ) {
        let mut invalid = 0;
        for point in chosen(points, most) {
            if let Err(errors) = self.load(point) {
                self.tell(point, errors, problems, scenarios);
                invalid += 1;
                if invalid >= MAX_INVALID {
                    break;
                }
            }
        }
    }

    fn tell(&self, point: &Point, errors: Diagnostics, problems: &mut Problems, scenarios: &mut Vec<Diagnostics>) {
        let mut elsewhere = false;
        for error in errors.list() {
            match self.steps(point, error) {
                Some(steps) => {
                    let place = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
                    let words = point_words(self.parameters, point);
                    let at = Some(format!("at point {} ({words})", point.index)).filter(|_| !words.is_empty());
                    let problem = Problem::new(steps, format!("{place}{}", error.message));
                    // Other points may have the same value; the first one is told.
                    let told = |old: &Problem| old.steps == problem.steps && old.message == problem.message;
                    if !problems.list.iter().any(told) {
                        problems.push(Problem { help: error.help.clone().or(at), ..problem });
                    }
                }
                None => elsewhere = true,
            }
        }
        if !elsewhere || !scenarios.is_empty() {
            return;
        }
        // What is wrong without any change has nothing to do with the plan.
        match self.file.load(&Overrides::default()) {
            Err(alone) => scenarios.push(alone),
            Ok(_) => {
                let words = point_words(self.parameters, point);
                let message = format!("at point {} ({words}) the scenario is invalid", point.index);
                let root = Path::Root;
                problems.at(root.key(if self.plan.vary.is_some() { "vary" } else { "set" }), message);
                scenarios.push(errors);
            }
        }
    }

    /// Where in the plan the value stands that an error is about.
    fn steps(&self, point: &Point, error: &Diagnostic) -> Option<Vec<Step>> {
        if error.line.is_some() {
            return None;
        }
        // Of two values at one pointer the later one counts.
        let about = |(pointer, value): &(String, _)| override_label(pointer, value) == error.source;
        let at = point.settings.iter().rposition(about)?;
        let pointer = &point.settings[at].0;
        let key = |name: &str| Step::Key(name.to_owned());
        let mut before = self.plan.set.as_ref().map_or(0, std::collections::BTreeMap::len);
        if at < before {
            return Some(vec![key("set"), key(pointer)]);
        }
        let mut columns = 0;
        for axis in self.axes {
            let values = point.values.get(columns..columns + axis.columns.len())?;
            let entry = self.plan.vary.as_ref()?.get(axis.place)?;
            let mut steps = vec![key("vary"), Step::Index(axis.place)];
            let choices: &[Choice] = match &axis.domain {
                Domain::Choices(choices) => choices,
                Domain::Span(_) => &[],
            };
            let chosen = choices.iter().position(|choice| choice.amounts == values);
            let sets = chosen
                .map_or_else(|| entry.pointer.as_ref().map_or(0, |p| p.items.len()), |c| choices[c].settings.len());
            if at < before + sets {
                if entry.range.is_some() {
                    steps.push(key("range"));
                } else if entry.values.is_none() {
                    return Some(self.listed(&axis.columns[0].key, &values[0].text));
                } else if let Some(chosen) = chosen {
                    steps.extend(within(entry, chosen, pointer));
                }
                return Some(steps);
            }
            before += sets;
            columns += axis.columns.len();
        }
        None
    }

    /// Where a listed point gives this value.
    fn listed(&self, parameter: &str, text: &str) -> Vec<Step> {
        let points = self.plan.points.as_deref().unwrap_or_default();
        let place = points
            .iter()
            .position(|point| point.get(parameter).is_some_and(|value| text_of(value) == text))
            .unwrap_or(0);
        vec![Step::Key("points".to_owned()), Step::Index(place), Step::Key(parameter.to_owned())]
    }
}

/// Where in an entry the value stands that goes to a pointer.
fn within(entry: &Vary, chosen: usize, pointer: &str) -> Vec<Step> {
    let key = |name: &str| Step::Key(name.to_owned());
    let has = |texts: &crate::scenario::schema::Texts| texts.items.iter().any(|one| one == pointer);
    let with = entry.with.iter().flatten().position(|with| has(&with.pointer));
    if let Some(with) = with.filter(|_| !entry.pointer.as_ref().is_some_and(has)) {
        return vec![key("with"), Step::Index(with), key("values"), Step::Index(chosen)];
    }
    let mut steps = vec![key("values"), Step::Index(chosen)];
    if let Some(Setting::Named(variant)) = entry.values.as_ref().and_then(|values| values.get(chosen)) {
        if variant.set.contains_key(pointer) {
            steps.extend([key("set"), key(pointer)]);
        } else {
            steps.push(key("value"));
        }
    }
    steps
}
