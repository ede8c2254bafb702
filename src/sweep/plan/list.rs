//! The method "list": the plan says each point.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::schema::{Plan, Setting};
use super::vary::{Axis, Choice, Domain, read_values};
use crate::scenario::problem::{Path, Problems, quote};
use crate::sweep::unit::Unit;

/// The values that the points give to a parameter which lists none itself, each once.
pub(super) fn values(
    plan: &Plan,
    key: &str,
    pointers: &[String],
    problems: &mut Problems,
) -> Option<(Option<Unit>, Vec<Choice>)> {
    let root = Path::Root;
    let path = root.key("points");
    let mut seen = BTreeSet::new();
    let mut settings = Vec::new();
    for (index, point) in plan.points.iter().flatten().enumerate() {
        let Some(value) = point.get(key) else { continue };
        if matches!(value, Value::Object(_) | Value::Array(_) | Value::Null) {
            let here = path.index(index);
            let help = "list the parameter's `values` with labels in `vary`, and write the label here";
            problems.help(here.key(key), "this value wants a name under which tables show it", help);
        } else if seen.insert(text_of(value)) {
            settings.push(Setting::Plain(value.clone()));
        }
    }
    if settings.is_empty() {
        problems.at(path, format!("no point gives a value to {}", quote(key)));
        return None;
    }
    let before = problems.count();
    let read = read_values(&settings, pointers, path, problems);
    read.filter(|_| problems.count() == before)
}

/// A value as tables show it.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Where each value of an axis stands.
fn places(axis: &Axis) -> BTreeMap<&str, usize> {
    match &axis.domain {
        Domain::Choices(choices) => {
            choices.iter().enumerate().map(|(at, choice)| (choice.amounts[0].text.as_str(), at)).collect()
        }
        Domain::Span(_) => BTreeMap::new(),
    }
}

/// The points, as places in the axes' choices.
pub(super) fn rows(plan: &Plan, axes: &[Axis], problems: &mut Problems) -> Vec<Vec<usize>> {
    let root = Path::Root;
    let path = root.key("points");
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    let places: Vec<BTreeMap<&str, usize>> = axes.iter().map(places).collect();
    for (index, point) in plan.points.iter().flatten().enumerate() {
        let here = path.index(index);
        let before = problems.count();
        for name in point.keys().filter(|name| !axes.iter().any(|axis| &axis.columns[0].key == *name)) {
            let known = axes.iter().map(|axis| axis.columns[0].key.as_str());
            problems.unknown(here.name(name), "parameter", name, known);
        }
        let mut row = Vec::with_capacity(axes.len());
        for (axis, places) in axes.iter().zip(&places) {
            let key = &axis.columns[0].key;
            let Some(value) = point.get(key) else {
                // It may be the one whose name is misspelt.
                if problems.count() == before {
                    problems.at(here, format!("this point gives no value to {}", quote(key)));
                }
                continue;
            };
            let text = text_of(value);
            match places.get(text.as_str()) {
                Some(at) => row.push(*at),
                None => problems.unknown(here.key(key), "value", &text, places.keys().copied()),
            }
        }
        if row.len() == axes.len() && !seen.insert(row.clone()) {
            problems.at(here, "this point stands here twice");
        }
        rows.push(row);
    }
    rows
}
