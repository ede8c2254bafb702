//! What is varied: parameters, their values, and what each value sets in the scenario.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::list;
use super::range::{self, MAX_VALUES, Span};
use super::schema::{Plan, Setting, Vary, With};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::Texts;
use crate::scenario::tokens;
use crate::sweep::expression::Known;
use crate::sweep::unit::Unit;
use crate::sweep::{Amount, Parameter};

/// A study has at most so many parameters.
pub(super) const MAX_PARAMETERS: usize = 32;
/// Names and labels have at most so many characters.
const MAX_NAME: usize = 60;
/// Words of expressions, and columns that tables of studies have anyway.
const RESERVED: [&str; 18] = [
    "and",
    "or",
    "not",
    "point",
    "replication",
    "replications",
    "seed",
    "metric",
    "value",
    "n",
    "mean",
    "sd",
    "low",
    "high",
    "half_width",
    "level",
    "stop",
    "why",
];

/// One entry of `vary`: a parameter, and those that change in step with it.
#[derive(Debug)]
pub(super) struct Axis {
    /// Its place in `vary`.
    pub(super) place: usize,
    /// Its parameters, its own first.
    pub(super) columns: Vec<Column>,
    /// What it may be.
    pub(super) domain: Domain,
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Column {
    /// Its name without unit.
    pub(super) key: String,
    /// The unit of its numbers; none if they are words.
    pub(super) unit: Option<Unit>,
}

/// What an axis may be.
#[derive(Debug)]
pub(super) enum Domain {
    /// One of these.
    Choices(Vec<Choice>),
    /// Within a range.
    Span(Box<Span>),
}

/// One value, and what it sets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    /// The values of the axis's parameters.
    pub(super) amounts: Vec<Amount>,
    /// JSON pointers and values.
    pub(super) settings: Vec<(String, Value)>,
}

impl Column {
    /// Whether it is called so, with its unit or without.
    pub(super) fn goes_by(&self, name: &str) -> bool {
        name == self.key || name == self.title()
    }

    /// The name of its column in tables.
    pub(super) fn title(&self) -> String {
        self.unit.unwrap_or(Unit::One).column(&self.key)
    }

    /// The parameter of the study.
    pub(super) fn parameter(&self) -> Parameter {
        let unit = self.unit.map_or_else(String::new, |unit| unit.text().to_owned());
        Parameter { name: self.title(), unit, numeric: self.unit.is_some() }
    }
}

impl Axis {
    /// How its parameters are seen by expressions.
    pub(super) fn known(&self) -> impl Iterator<Item = Known> {
        self.columns.iter().enumerate().map(|(at, column)| {
            let words = match &self.domain {
                Domain::Choices(choices) if column.unit.is_none() => {
                    Some(choices.iter().filter_map(|choice| Some(choice.amounts.get(at)?.text.clone())).collect())
                }
                Domain::Choices(_) | Domain::Span(_) => None,
            };
            Known { names: vec![column.key.clone(), column.title()], numeric: column.unit.is_some(), words }
        })
    }
}

/// The name of an entry: its own, or the last name in its pointer.
pub(super) fn key_of(entry: &Vary) -> Option<String> {
    match &entry.name {
        Some(name) => Some(name.clone()),
        None => entry.pointer.as_ref()?.items.first().and_then(|pointer| name_in(pointer)),
    }
}

fn name_in(pointer: &str) -> Option<String> {
    let tokens: Vec<String> = tokens(pointer).collect();
    let is_name = |token: &&String| token.chars().any(char::is_alphabetic);
    let last = tokens.iter().rev().find(is_name)?;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = last.chars().map(plain).collect();
    let name = name.trim_matches('_');
    let digit = name.starts_with(|c: char| c.is_ascii_digit());
    (!name.is_empty()).then(|| if digit { format!("v_{name}") } else { name.to_owned() })
}

/// Whether a name can stand in expressions and at the head of a column.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.len() <= MAX_NAME
}

/// What is varied, in the order of `vary`; with `listed`, by the points that the plan lists.
pub(super) fn read(plan: &Plan, listed: bool, problems: &mut Problems) -> Vec<Axis> {
    let root = Path::Root;
    let path = root.key("vary");
    let mut axes: Vec<Axis> = Vec::new();
    for (place, entry) in plan.vary.iter().flatten().enumerate() {
        let here = path.index(place);
        if let Some(axis) = read_axis(plan, (entry, place), &axes, here, listed, problems) {
            check_column_names(&axis, &axes, here, entry, problems);
            axes.push(axis);
        }
        let listed = axes.iter().map(|axis| match &axis.domain {
            Domain::Choices(choices) => choices.len(),
            Domain::Span(_) => 1,
        });
        if listed.sum::<usize>() > MAX_VALUES {
            problems.at(here, format!("the parameters of a study have at most {MAX_VALUES} values in all"));
            break;
        }
    }
    if axes.iter().map(|axis| axis.columns.len()).sum::<usize>() > MAX_PARAMETERS {
        problems.at(path, format!("a study has at most {MAX_PARAMETERS} parameters"));
    }
    if problems.is_empty() {
        check_pointers(plan, path, problems);
    }
    axes
}

fn check_column_names(axis: &Axis, earlier: &[Axis], here: Path<'_>, entry: &Vary, problems: &mut Problems) {
    let taken = |name: &str, among: &[Column]| among.iter().any(|column| column.goes_by(name));
    for (at, column) in axis.columns.iter().enumerate() {
        let twice =
            earlier.iter().any(|axis| taken(&column.key, &axis.columns) || taken(&column.title(), &axis.columns));
        if twice || taken(&column.key, &axis.columns[..at]) {
            let message = format!("two parameters are called {}", quote(&column.key));
            let help = "give each a \"name\" of its own";
            match entry.name {
                Some(_) if at == 0 => problems.help(here.key("name"), message, help),
                Some(_) | None => problems.help(here, message, help),
            }
        }
    }
}

fn check_name(name: &str, here: Path<'_>, problems: &mut Problems) -> bool {
    if RESERVED.contains(&name) {
        problems.at(here, format!("{} is no name for a parameter: it has a meaning already", quote(name)));
        return false;
    }
    if !is_name(name) {
        let help = format!("letters, digits and \"_\", at most {MAX_NAME}, no digit first: ttl");
        problems.help(here, format!("{} is no name for a parameter", quote(name)), help);
        return false;
    }
    true
}

fn read_axis(
    plan: &Plan,
    (entry, place): (&Vary, usize),
    earlier: &[Axis],
    here: Path<'_>,
    listed: bool,
    problems: &mut Problems,
) -> Option<Axis> {
    let before = problems.count();
    let key = key_of(entry);
    let key = match (key, &entry.name) {
        (Some(key), Some(_)) => check_name(&key, here.key("name"), problems).then_some(key),
        (Some(key), None) => Some(key).filter(|key| check_name(key, here, problems)),
        (None, _) => {
            problems.help(here, "this parameter has no name", "add a \"name\", and a \"pointer\" into the scenario");
            return None;
        }
    };
    let pointers = read_pointers(entry.pointer.as_ref(), here, problems);
    if entry.values.is_some() && entry.range.is_some() {
        problems.at(here.name("range"), "a parameter has values or a range, not both");
    }
    if let Some(range) = &entry.range {
        if listed {
            problems.at(here.name("range"), "with the method \"list\", `points` says the values");
            return None;
        }
        let span = range::read(range, here.key("range"), (&pointers, earlier), problems);
        if pointers.is_empty() {
            problems.help(here, "this range goes nowhere", "add a \"pointer\" into the scenario, like \"/run/until\"");
        }
        let span = span.filter(|_| problems.count() == before)?;
        let column = Column { key: key?, unit: Some(span.unit()) };
        if let Some(with) = &entry.with {
            let Some(Domain::Choices(choices)) = span.fixed() else {
                problems.at(here.name("with"), "nothing goes in step with a range that is no fixed list");
                return None;
            };
            return in_step((vec![column], choices), with, (here, place), problems);
        }
        let domain = span.fixed().unwrap_or_else(|| Domain::Span(Box::new(span)));
        return Some(Axis { place, columns: vec![column], domain });
    }
    let goes = |setting: &Setting| matches!(setting, Setting::Named(variant) if variant.value.is_none());
    let from_points = listed && entry.values.is_none();
    if pointers.is_empty() && (from_points || !entry.values.iter().flatten().all(goes)) {
        problems.help(here, "these values go nowhere", "give the parameter a \"pointer\" into the scenario");
        return None;
    }
    let given = match &entry.values {
        Some(values) => read_values(values, &pointers, here.key("values"), problems),
        None if listed && entry.with.is_some() => {
            problems.help(here.name("with"), "this goes in step with no list", "add \"values\": [ ... ]");
            None
        }
        None if listed => list::values(plan, key.as_deref()?, &pointers, problems),
        None => {
            problems.help(here, "this parameter has no values", "add \"values\": [ ... ] or a \"range\"");
            None
        }
    };
    let (unit, choices) = given.filter(|_| problems.count() == before)?;
    let column = Column { key: key?, unit };
    match &entry.with {
        Some(with) => in_step((vec![column], choices), with, (here, place), problems),
        None => Some(Axis { place, columns: vec![column], domain: Domain::Choices(choices) }),
    }
}

fn read_pointers(given: Option<&Texts>, here: Path<'_>, problems: &mut Problems) -> Vec<String> {
    let Some(texts) = given else { return Vec::new() };
    let path = here.key("pointer");
    for (index, pointer) in texts.items.iter().enumerate() {
        check_pointer(pointer, if texts.list { path.index(index) } else { path }, problems);
    }
    texts.items.clone()
}

pub(super) fn check_pointer(pointer: &str, here: Path<'_>, problems: &mut Problems) {
    if !pointer.starts_with('/') {
        let message = format!("{} is no JSON pointer: these begin with \"/\"", quote(pointer));
        problems.help(here, message, "write it like \"/dns/ttl\"");
    }
}

/// The values of a parameter, and the unit of all of them if they are numbers.
pub(super) fn read_values(
    values: &[Setting],
    pointers: &[String],
    path: Path<'_>,
    problems: &mut Problems,
) -> Option<(Option<Unit>, Vec<Choice>)> {
    if values.is_empty() {
        problems.at(path, "a parameter has at least one value");
        return None;
    }
    let before = problems.count();
    let mut seen = BTreeSet::new();
    let mut quantities: BTreeMap<(&str, u64), String> = BTreeMap::new();
    let mut units = Vec::with_capacity(values.len());
    let mut choices = Vec::with_capacity(values.len());
    for (index, setting) in values.iter().enumerate() {
        let here = path.index(index);
        let Some((unit, choice)) = read_setting(setting, pointers, here, problems) else { continue };
        let Amount { text, number } = &choice.amounts[0];
        let quantity = unit.zip(*number).filter(|_| matches!(setting, Setting::Plain(_)));
        let quantity = quantity.map(|(unit, number)| (unit.text(), number.to_bits()));
        let same = quantity.and_then(|quantity| quantities.get(&quantity));
        if !seen.insert(text.clone()) {
            problems.at(here, format!("the value {} stands here twice", quote(text)));
        } else if let Some(old) = same {
            problems.at(here, format!("{} is the same as {}", quote(text), quote(old)));
        }
        quantities.extend(quantity.map(|quantity| (quantity, text.clone())));
        units.push(unit);
        choices.push(choice);
    }
    if problems.count() > before {
        return None;
    }
    let unit = units[0].filter(|first| units.iter().all(|unit| *unit == Some(*first)));
    let other = units.iter().position(|unit| unit.is_some() && *unit != units[0]);
    if let (None, Some(other), true) = (unit, other, units.iter().all(Option::is_some)) {
        problems.at(path.index(other), "values of one parameter have the same unit");
        return None;
    }
    if unit.is_none() {
        choices.iter_mut().for_each(|choice| choice.amounts[0].number = None);
    }
    Some((unit, choices))
}

/// A value: its unit if it is a number, and what it sets.
pub(super) fn read_setting(
    setting: &Setting,
    pointers: &[String],
    here: Path<'_>,
    problems: &mut Problems,
) -> Option<(Option<Unit>, Choice)> {
    let (value, label, more) = match setting {
        Setting::Plain(value) => (Some(value), None, None),
        Setting::Named(variant) => (variant.value.as_ref(), Some(&variant.label), Some(&variant.set)),
    };
    if label.is_none() && !matches!(value, Some(Value::Bool(_) | Value::Number(_) | Value::String(_))) {
        let help = "write { \"label\": \"NAME\", \"value\": ... }";
        problems.help(here, "this value wants a name under which tables show it", help);
        return None;
    }
    if value.is_none() && more.is_none_or(BTreeMap::is_empty) {
        problems.help(here, "this sets nothing", "add a \"value\", or \"set\" with pointers and values");
        return None;
    }
    let quantity = value.and_then(quantity_of);
    let text = match (label, value) {
        (Some(label), _) => label.clone(),
        (None, Some(Value::String(text))) => text.clone(),
        (None, value) => value.map(Value::to_string).unwrap_or_default(),
    };
    if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > MAX_NAME {
        let here = if label.is_some() { here.key("label") } else { here };
        problems
            .at(here, format!("a value in tables is one line of 1 to {MAX_NAME} characters; a label can stand for it"));
        return None;
    }
    let mut settings: Vec<(String, Value)> = Vec::new();
    settings.extend(value.iter().flat_map(|value| pointers.iter().map(|pointer| (pointer.clone(), (*value).clone()))));
    for (pointer, value) in more.into_iter().flatten() {
        check_pointer(pointer, here.key("set").name(pointer), problems);
        settings.push((pointer.clone(), value.clone()));
    }
    let number = quantity.map(|(unit, grains)| unit.number(grains));
    Some((quantity.map(|(unit, _)| unit), Choice { amounts: vec![Amount { text, number }], settings }))
}

fn quantity_of(value: &Value) -> Option<(Unit, f64)> {
    match value {
        Value::Number(number) => number.as_f64().map(|number| (Unit::One, number)),
        Value::String(text) => Unit::read(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Adds what changes in step.
fn in_step(
    (mut columns, mut choices): (Vec<Column>, Vec<Choice>),
    with: &[With],
    (here, place): (Path<'_>, usize),
    problems: &mut Problems,
) -> Option<Axis> {
    let before = problems.count();
    let path = here.key("with");
    for (index, entry) in with.iter().enumerate() {
        let here = path.index(index);
        let pointers = read_pointers(Some(&entry.pointer), here, problems);
        if entry.values.len() != choices.len() {
            let message =
                format!("this has {} values, and what it goes with has {}", entry.values.len(), choices.len());
            problems.at(here.key("values"), message);
            continue;
        }
        if let Some(name) = &entry.name {
            check_name(name, here.key("name"), problems);
            let read = read_values(&entry.values, &pointers, here.key("values"), problems);
            let Some((unit, others)) = read else { continue };
            columns.push(Column { key: name.clone(), unit });
            for (choice, other) in choices.iter_mut().zip(others) {
                choice.amounts.extend(other.amounts);
                choice.settings.extend(other.settings);
            }
            continue;
        }
        // Without a column it may be the same twice, and needs no label.
        for (choice, setting) in choices.iter_mut().zip(&entry.values) {
            let (value, more) = match setting {
                Setting::Plain(value) => (Some(value), None),
                Setting::Named(variant) => (variant.value.as_ref(), Some(&variant.set)),
            };
            let own = value.iter().flat_map(|value| pointers.iter().map(|at| (at.clone(), (*value).clone())));
            choice.settings.extend(own);
            choice.settings.extend(more.into_iter().flatten().map(|(at, value)| (at.clone(), value.clone())));
        }
    }
    (problems.count() == before).then_some(Axis { place, columns, domain: Domain::Choices(choices) })
}

/// No two parameters set the same value, or a value and what contains it.
fn check_pointers(plan: &Plan, path: Path<'_>, problems: &mut Problems) {
    let mut earlier: BTreeSet<&str> = BTreeSet::new();
    for (place, entry) in plan.vary.iter().flatten().enumerate() {
        let here = path.index(place);
        let own = entry.pointer.iter().flat_map(|texts| &texts.items);
        let with = entry.with.iter().flatten().flat_map(|with| &with.pointer.items);
        let variants = entry.values.iter().flatten().filter_map(|setting| match setting {
            Setting::Named(variant) => Some(variant.set.keys()),
            Setting::Plain(_) => None,
        });
        let all: BTreeSet<&str> = own.chain(with).chain(variants.flatten()).map(String::as_str).collect();
        for pointer in &all {
            // What it contains begins with it and "/", so stands behind it in order.
            let below = format!("{pointer}/");
            let inner = earlier.range(below.as_str()..).next().filter(|old| old.starts_with(&below));
            if earlier.contains(pointer) {
                problems.at(here, format!("{} is set by an earlier parameter, too", quote(pointer)));
            } else if let Some(old) = inner {
                let message = format!("{} contains {}, which an earlier parameter sets", quote(pointer), quote(old));
                problems.at(here, message);
            }
        }
        earlier.extend(all);
    }
}
