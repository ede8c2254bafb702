//! Comparisons and charts: what their names mean, and what goes together.

use super::outcome::{MAX_NAME, measure_name, measure_names};
use super::schema::{ChartPlan, Compare, Plan};
use super::vary::{Axis, Domain};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::Amount as Written;
use crate::sweep::unit::Unit;
use crate::sweep::{ChartKind, ClosedForm, Comparison, Measure, Parameter, StudyChart};

/// A study has at most so many charts.
const MAX_CHARTS: usize = 200;

/// What names in charts and comparisons may mean.
pub(super) struct Names<'a> {
    pub(super) axes: &'a [Axis],
    pub(super) parameters: &'a [Parameter],
    pub(super) measures: &'a [Measure],
    pub(super) formulas: &'a [ClosedForm],
    /// Whether it is known what is measured.
    pub(super) known: bool,
}

impl Names<'_> {
    /// The parameter of that name, with its unit or without.
    fn parameter(&self, name: &str, here: Path<'_>, problems: &mut Problems) -> Option<&Parameter> {
        let columns = || self.axes.iter().flat_map(|axis| &axis.columns);
        let found = columns().position(|column| column.goes_by(name)).and_then(|at| self.parameters.get(at));
        if found.is_none() {
            problems.unknown(here, "parameter", name, columns().map(|column| column.key.as_str()));
        }
        found
    }

    /// All comparisons of a plan.
    pub(super) fn comparisons(&self, plan: &Plan, problems: &mut Problems) -> Vec<Comparison> {
        let root = Path::Root;
        let path = root.key("compare");
        let each = plan.compare.iter().flatten().enumerate();
        each.filter_map(|(index, given)| self.comparison(given, path.index(index), problems)).collect()
    }

    /// All charts of a plan.
    pub(super) fn charts(&self, plan: &Plan, problems: &mut Problems) -> Vec<StudyChart> {
        let root = Path::Root;
        let path = root.key("charts");
        let mut all: Vec<StudyChart> = Vec::new();
        if plan.charts.as_ref().is_some_and(|charts| charts.len() > MAX_CHARTS) {
            problems.at(path, format!("a study has at most {MAX_CHARTS} charts"));
            return all;
        }
        for (index, given) in plan.charts.iter().flatten().enumerate() {
            let here = path.index(index);
            let Some(chart) = self.chart(given, here, problems) else { continue };
            if all.iter().any(|other| other.name == chart.name) {
                let message = format!("two charts are called {}", quote(&chart.name));
                problems.help(here, message, "give each a \"name\" of its own");
            }
            all.push(chart);
        }
        all
    }

    /// The values that a parameter may have, if they are a list.
    fn values(&self, at: usize) -> Option<Vec<&str>> {
        let mut left = at;
        for axis in self.axes {
            if left >= axis.columns.len() {
                left -= axis.columns.len();
                continue;
            }
            return match &axis.domain {
                Domain::Choices(choices) => {
                    Some(choices.iter().filter_map(|choice| Some(choice.amounts.get(left)?.text.as_str())).collect())
                }
                Domain::Span(_) => None,
            };
        }
        None
    }

    /// Values of a parameter held against each other.
    fn comparison(&self, given: &Compare, here: Path<'_>, problems: &mut Problems) -> Option<Comparison> {
        let parameter = self.parameter(&given.parameter, here.key("parameter"), problems)?.name.clone();
        let against = match &given.against {
            Written::Number(number) => Unit::One.write(*number).map_or_else(String::new, |(_, amount)| amount.text),
            Written::Quantity(text) => text.clone(),
        };
        let values = self.parameters.iter().position(|one| one.name == parameter).and_then(|at| self.values(at));
        match values {
            Some(values) if !values.contains(&against.as_str()) => {
                problems.unknown(here.key("against"), "value of this parameter", &against, values.into_iter());
            }
            Some(_) => {}
            None => problems.at(here.key("parameter"), "values of a range without step or count are not compared"),
        }
        let measures = measure_names(given.metrics.as_deref(), here, (self.measures, self.known), problems);
        Some(Comparison { parameter, against, measures })
    }

    /// A chart.
    fn chart(&self, given: &ChartPlan, here: Path<'_>, problems: &mut Problems) -> Option<StudyChart> {
        let before = problems.count();
        let (key, name) = match (&given.lines, &given.heat_map) {
            (Some(lines), None) => ("lines", lines),
            (None, Some(map)) => ("heat_map", map),
            (None, None) | (Some(_), Some(_)) => {
                problems.help(
                    here,
                    "a chart has lines or is a heat map",
                    "add \"lines\": \"METRIC\" and \"x\": \"PARAMETER\"",
                );
                return None;
            }
        };
        let measure = measure_name(name, here.key(key), (self.measures, self.known), problems);
        let mut parameter = |key: &str, name: &Option<String>| {
            name.as_ref().and_then(|name| Some(self.parameter(name, here.key(key), problems)?.clone()))
        };
        let (x, y) = (parameter("x", &given.x), parameter("y", &given.y));
        let (series, panels) = (parameter("series", &given.series), parameter("panels", &given.panels));
        if given.x.is_none() {
            problems.at(here, "this chart does not say what is on its horizontal axis: add \"x\"");
        }
        let kind = match (key, measure.clone(), x.clone()) {
            ("lines", Some(measure), Some(x)) => self.lines(given, here, (measure, &x), (series, panels), problems),
            (_, Some(measure), Some(x)) => heat_map(given, here, (measure, x), y.clone(), problems),
            (_, None, _) | (_, _, None) => None,
        }?;
        let (measure, x) = (measure?, x?);
        let title = y.as_ref().map_or_else(|| x.name.clone(), |y| format!("{} and {}", x.name, y.name));
        let title = given.title.clone().unwrap_or_else(|| format!("{measure} over {title}"));
        let name = given.name.clone().unwrap_or_else(|| {
            let over = y.map_or_else(|| x.name.clone(), |y| format!("{}-{}", x.name, y.name));
            format!("{measure}-over-{over}").replace('.', "_")
        });
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if name.is_empty() || name.len() > 2 * MAX_NAME || !name.bytes().all(plain) {
            problems.at(here.key("name"), "the name of a chart has letters, digits, \"-\" and \"_\"");
        }
        (problems.count() == before).then_some(StudyChart { name, title, kind })
    }

    fn lines(
        &self,
        given: &ChartPlan,
        here: Path<'_>,
        (measure, x): (String, &Parameter),
        (series, panels): (Option<Parameter>, Option<Parameter>),
        problems: &mut Problems,
    ) -> Option<ChartKind> {
        if !x.numeric {
            let message = format!("the values of {} are words, which have no place on an axis", quote(&x.name));
            problems.help(here.key("x"), message, "let them tell lines apart: \"series\"");
        }
        if given.y.is_some() {
            problems.at(here.name("y"), "this belongs to \"heat_map\"");
        }
        let beside = match &given.beside {
            None => None,
            Some(name) => match self.formulas.iter().find(|form| form.name == *name) {
                Some(form) => Some(form.name.clone()),
                None => {
                    let found = self.measures.iter().find(|measure| measure.name == *name || measure.stem() == name);
                    if found.is_none() && self.known {
                        let formulas = self.formulas.iter().map(|form| form.name.as_str());
                        let known = formulas.chain(self.measures.iter().map(|measure| measure.name.as_str()));
                        problems.unknown(here.key("beside"), "formula or metric of this study", name, known);
                    }
                    found.map(|measure| measure.name.clone())
                }
            },
        };
        let name = |parameter: Option<Parameter>| parameter.map(|parameter| parameter.name);
        let (series, panels, x) = (name(series), name(panels), x.name.clone());
        if [&series, &panels].into_iter().flatten().any(|other| *other == x) || (series.is_some() && series == panels) {
            problems.at(here, "x, series and panels are different parameters");
        }
        Some(ChartKind::Lines { measure, x, series, panels, beside, log_x: given.log_x.unwrap_or(false) })
    }
}

fn heat_map(
    given: &ChartPlan,
    here: Path<'_>,
    (measure, x): (String, Parameter),
    y: Option<Parameter>,
    problems: &mut Problems,
) -> Option<ChartKind> {
    let strangers = [("series", given.series.is_some()), ("panels", given.panels.is_some())];
    let more = [("beside", given.beside.is_some()), ("log_x", given.log_x.is_some())];
    for (key, _) in strangers.into_iter().chain(more).filter(|(_, there)| *there) {
        problems.at(here.name(key), "this belongs to \"lines\"");
    }
    if given.y.is_none() {
        problems.at(here, "this heat map does not say what is on its vertical axis: add \"y\"");
    }
    let y = y?;
    if y.name == x.name {
        problems.at(here.key("y"), "x and y are different parameters");
    }
    Some(ChartKind::HeatMap { measure, x: x.name, y: y.name })
}
