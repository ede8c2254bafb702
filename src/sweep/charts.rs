//! The charts of a study: what its plan asks to be drawn, out of what is in its folder.
//!
//! A point is drawn at the mean of its replications, with the interval around it if there is an honest one. Parameters that
//! a chart does not name tell lines apart, too; a heat map has one value for a cell, so it takes the mean over them and
//! says so. A closed form is drawn as a curve, between the points only where nothing but the parameter of the axis changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::pending::{self, Pending};
use super::statistics::{Level, Replications, alone};
use super::store::Store;
use super::study::{ChartKind, Parameter, Point, Study, StudyChart};
use super::tables::read_courses;
use super::trials::{Subject, values};
use crate::report::charts::study::{
    Axis, BandChart, Curve, Estimate, HeatMap, Panel, PanelChart, Spacing, StudySeries,
};
use crate::report::{Drawing, ReportError, Theme};

/// Steps of a curve between the first and the last point of its line.
const STEPS: u32 = 200;

/// Points that one line goes through, and its name.
type Line<'p> = (String, Vec<&'p Point>);

/// What was found of a measure at a point.
#[derive(Clone, Copy, Debug)]
struct Finding {
    mean: f64,
    interval: Option<(f64, f64)>,
    /// Replications.
    n: usize,
}

/// What a study's charts are made of.
#[derive(Debug)]
pub struct Gallery<'a> {
    study: &'a Study,
    found: BTreeMap<(String, usize), Finding>,
    points: usize,
    missing: usize,
}

impl<'a> Gallery<'a> {
    /// Reads what the charts of a study need.
    #[must_use]
    pub fn of(subject: &Subject<'a>, store: &Store) -> Self {
        let study = subject.study;
        let level = Level::new(study.level).unwrap_or(Level::DEFAULT);
        let (mut found, mut missing) = (BTreeMap::new(), 0);
        let mut wanted: Vec<&str> = study.charts.iter().flat_map(StudyChart::measures).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let read: Result<(), std::convert::Infallible> = read_courses(subject, store, |point, course| {
            missing += usize::from(!course.complete());
            for measure in &wanted {
                let of_runs: Vec<f64> = values(&course.trials, measure).map(|(_, value)| value).collect();
                let Ok(runs) = Replications::of_runs(&of_runs) else { continue };
                let interval = runs.interval(level).ok().map(|estimate| (estimate.low(), estimate.high()));
                let finding = Finding { mean: runs.mean(), interval, n: runs.count() };
                found.insert(((*measure).to_owned(), point.index), finding);
            }
            Ok(())
        });
        let Ok(()) = read;
        Self { study, found, points: study.points.len(), missing }
    }

    /// Draws one of the study's charts.
    #[must_use]
    pub fn draw(&self, chart: &StudyChart, theme: Theme) -> Drawing {
        match &chart.kind {
            ChartKind::Lines { panels: None, .. } => self.bands(chart).draw(theme),
            ChartKind::Lines { panels: Some(_), .. } => self.panels(chart).draw(theme),
            ChartKind::HeatMap { measure, x, y } => self.heat_map(chart, measure, (x, y)).draw(theme),
        }
    }

    fn bands(&self, chart: &StudyChart) -> BandChart {
        let panel = self.panels_of(chart).into_iter().next().unwrap_or_default();
        let (x, y) = self.axes(chart);
        let interval = self.interval();
        BandChart { title: chart.title.clone(), note: self.note(chart), x, y, interval, panel }
    }

    fn panels(&self, chart: &StudyChart) -> PanelChart {
        let (x, y) = self.axes(chart);
        let (note, panels, interval) = (self.note(chart), self.panels_of(chart), self.interval());
        PanelChart { title: chart.title.clone(), note, x, y, interval, panels }
    }

    fn interval(&self) -> String {
        format!("{} % interval", alone(100.0 * self.study.level, ""))
    }

    fn axes(&self, chart: &StudyChart) -> (Axis, Axis) {
        let ChartKind::Lines { measure, x, log_x, .. } = &chart.kind else { return Default::default() };
        let spacing = if *log_x { Spacing::Logarithmic } else { Spacing::Linear };
        let text = self.parameter(x).map_or_else(String::new, |at| parameter_text(&self.study.parameters[at]));
        (Axis::new(text).spaced(spacing), self.measure_axis(measure).spaced(Spacing::Linear))
    }

    fn measure_axis(&self, name: &str) -> Axis {
        let measure = self.study.measures.iter().find(|measure| measure.name == name);
        Axis::new(measure.map_or_else(|| name.to_owned(), |measure| with_unit(measure.stem(), &measure.unit)))
    }

    fn parameter(&self, name: &str) -> Option<usize> {
        self.study.parameters.iter().position(|parameter| parameter.name == name)
    }

    /// How many runs are behind what is drawn.
    fn note(&self, chart: &StudyChart) -> String {
        let measure = chart.measures().next().unwrap_or_default();
        let of_it = self.found.iter().filter(|((name, _), _)| name == measure).map(|(_, finding)| finding.n);
        let (least, most) = of_it.fold((usize::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
        let mut note = match (least, most) {
            (_, 0) => "no replication has a value".to_owned(),
            (1, 1) => "one run a point: no interval can be given".to_owned(),
            (least, most) if least == most => format!("{most} replications a point"),
            (least, most) => format!("{least} to {most} replications a point"),
        };
        if self.missing > 0 {
            note.push_str(&format!("; of {} points {} are not complete", self.points, self.missing));
        }
        note
    }

    /// The frames of a chart of lines.
    fn panels_of(&self, chart: &StudyChart) -> Vec<Panel> {
        let ChartKind::Lines { measure, x, series, panels, beside, log_x } = &chart.kind else { return Vec::new() };
        let Some(x) = self.parameter(x) else { return Vec::new() };
        let (series, panel) = (series, panels);
        let at = |name: &Option<String>| name.as_ref().and_then(|name| self.parameter(name));
        let (series, panel) = (at(series), at(panel));
        let mut frames: Vec<(String, Vec<Line<'_>>)> = Vec::new();
        let varied = self.varied(&[Some(x), panel, series]);
        for point in &self.study.points {
            let title = panel.map_or_else(String::new, |at| self.value_text(at, point));
            let mut names: Vec<String> = series.map(|at| self.value_text(at, point)).into_iter().collect();
            names.extend(varied.iter().map(|at| self.value_text(*at, point)));
            let lines = entry(&mut frames, title);
            entry(lines, names.join(", ")).push(point);
        }
        let draw = |(title, lines): (String, Vec<Line<'_>>)| Panel {
            title,
            curves: beside.iter().flat_map(|name| self.curves(name, &lines, x, *log_x)).collect(),
            series: lines.iter().map(|(name, points)| self.series(name, points, measure, x)).collect(),
        };
        frames.into_iter().map(draw).collect()
    }

    /// The other parameters that have more than one value.
    fn varied(&self, named: &[Option<usize>]) -> Vec<usize> {
        let values = |at: usize| self.study.points.iter().map(move |point| point.values[at].text.as_str());
        let differs = |at: &usize| values(*at).zip(values(*at).skip(1)).any(|(one, next)| one != next);
        // What goes in step with a parameter that is named tells nothing more.
        let in_step = |at: usize| {
            let other = |named: usize| {
                let mut pairs: BTreeMap<&str, &str> = BTreeMap::new();
                values(named).zip(values(at)).all(|(key, value)| *pairs.entry(key).or_insert(value) == value)
            };
            named.iter().flatten().any(|named| other(*named))
        };
        let all = 0..self.study.parameters.len();
        all.filter(|at| !named.contains(&Some(*at)) && differs(at) && !in_step(*at)).collect()
    }

    /// A value with the name of its parameter where it does not speak for itself.
    fn value_text(&self, at: usize, point: &Point) -> String {
        let parameter = &self.study.parameters[at];
        let text = &point.values[at].text;
        if parameter.numeric { format!("{} {text}", spoken(stem(parameter))) } else { text.clone() }
    }

    fn series(&self, name: &str, points: &[&Point], measure: &str, x: usize) -> StudySeries {
        let estimate = |point: &&Point| {
            let Finding { mean, interval, .. } = self.found.get(&(measure.to_owned(), point.index))?;
            Some(Estimate { x: point.values[x].number?, mid: *mean, interval: *interval })
        };
        StudySeries { name: name.to_owned(), points: points.iter().filter_map(estimate).collect() }
    }

    /// A closed form, or another measure without its interval, along each line.
    fn curves(&self, name: &str, lines: &[Line<'_>], x: usize, log_x: bool) -> Vec<Curve> {
        let formula = self.study.formulas.iter().find(|formula| formula.name == name);
        let curve = |(line, points): &Line<'_>| {
            let mut along: Vec<(f64, f64)> = match formula {
                Some(formula) => {
                    let between = between(points, x, log_x);
                    let at = |point: &Point| Some((point.values[x].number?, formula.at(point)?));
                    points.iter().copied().chain(&between).filter_map(at).collect()
                }
                None => {
                    let at = |point: &&Point| {
                        Some((point.values[x].number?, self.found.get(&(name.to_owned(), point.index))?.mean))
                    };
                    points.iter().filter_map(at).collect()
                }
            };
            along.sort_by(|one, other| one.0.total_cmp(&other.0));
            let name =
                if formula.is_some() || line.is_empty() { spoken(name) } else { format!("{}, {line}", spoken(name)) };
            Curve { name, points: along, whole: true }
        };
        let mut curves: Vec<Curve> = lines.iter().map(curve).collect();
        // A closed form that does not know what tells the lines apart is one curve.
        curves.dedup_by(|one, other| one == other);
        curves
    }

    fn heat_map(&self, chart: &StudyChart, measure: &str, (x, y): (&str, &str)) -> HeatMap {
        let Some((x, y)) = self.parameter(x).zip(self.parameter(y)) else { return HeatMap::default() };
        let (columns, rows) = (self.ticks(x), self.ticks(y));
        let mut sums = vec![vec![(0.0, 0.0); columns.len()]; rows.len()];
        for point in &self.study.points {
            let place = |ticks: &[String], at: usize| ticks.iter().position(|text| *text == point.values[at].text);
            let (Some(column), Some(row)) = (place(&columns, x), place(&rows, y)) else { continue };
            if let Some(Finding { mean, .. }) = self.found.get(&(measure.to_owned(), point.index)) {
                let (sum, count) = &mut sums[row][column];
                *sum += mean;
                *count += 1.0;
            }
        }
        let mean = |(sum, count): (f64, f64)| (count > 0.0).then(|| sum / count);
        let mut note = self.note(chart);
        let varied = self.varied(&[Some(x), Some(y)]);
        if !varied.is_empty() {
            let names: Vec<String> = varied.iter().map(|at| spoken(stem(&self.study.parameters[*at]))).collect();
            note.push_str(&format!("; mean over {}", names.join(" and ")));
        }
        // Where values are written with their units, the axis needs none.
        let text = |at: usize, ticks: &[String]| match ticks.iter().all(|tick| tick.parse::<f64>().is_ok()) {
            true => parameter_text(&self.study.parameters[at]),
            false => spoken(stem(&self.study.parameters[at])),
        };
        let (x, y) = (text(x, &columns), text(y, &rows));
        HeatMap {
            title: chart.title.clone(),
            note,
            x,
            columns,
            y,
            rows,
            value: self.measure_axis(measure),
            cells: sums.into_iter().map(|row| row.into_iter().map(mean).collect()).collect(),
        }
    }

    /// The values of a parameter: numbers in their order, words in that of the plan.
    fn ticks(&self, at: usize) -> Vec<String> {
        let mut seen: Vec<(Option<f64>, String)> = Vec::new();
        for point in &self.study.points {
            let amount = &point.values[at];
            if !seen.iter().any(|(_, text)| *text == amount.text) {
                seen.push((amount.number, amount.text.clone()));
            }
        }
        if self.study.parameters[at].numeric {
            seen.sort_by(|one, other| one.0.unwrap_or(f64::NAN).total_cmp(&other.0.unwrap_or(f64::NAN)));
        }
        seen.into_iter().map(|(_, text)| text).collect()
    }
}

impl StudyChart {
    /// The measures and closed forms that it draws; the first is what it is about.
    fn measures(&self) -> impl Iterator<Item = &str> {
        let (measure, beside) = match &self.kind {
            ChartKind::Lines { measure, beside, .. } => (measure, beside.as_deref()),
            ChartKind::HeatMap { measure, .. } => (measure, None),
        };
        std::iter::once(measure.as_str()).chain(beside)
    }
}

/// Points that no study has, along a line on which nothing but `x` changes; none along others.
fn between(points: &[&Point], x: usize, log_x: bool) -> Vec<Point> {
    let alike = |one: &Point, other: &Point| {
        one.values.iter().zip(&other.values).enumerate().all(|(at, (a, b))| at == x || a.text == b.text)
    };
    let Some(first) = points.first().filter(|first| points.iter().all(|point| alike(point, first))) else {
        return Vec::new();
    };
    let numbers = || points.iter().filter_map(|point| point.values[x].number);
    let (low, high) = (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
    if low >= high {
        return Vec::new();
    }
    let step = |i: u32| {
        let share = f64::from(i) / f64::from(STEPS);
        let value = if log_x && low > 0.0 {
            libm::exp(libm::log(low) + share * (libm::log(high) - libm::log(low)))
        } else {
            low + share * (high - low)
        };
        let mut point = (*first).clone();
        point.values[x].number = Some(value);
        point
    };
    (1..STEPS).map(step).collect()
}

/// The list under that key, which is made at the end if it is new.
fn entry<T>(all: &mut Vec<(String, Vec<T>)>, key: String) -> &mut Vec<T> {
    let at = all.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        all.push((key, Vec::new()));
        all.len() - 1
    });
    &mut all[at].1
}

/// A parameter's name without the unit at its end.
fn stem(parameter: &Parameter) -> &str {
    let without = parameter.name.strip_suffix(&parameter.unit).and_then(|front| front.strip_suffix('_'));
    without.filter(|_| !parameter.unit.is_empty()).unwrap_or(&parameter.name)
}

fn parameter_text(parameter: &Parameter) -> String {
    with_unit(stem(parameter), &parameter.unit)
}

fn with_unit(name: &str, unit: &str) -> String {
    let name = spoken(name);
    match unit {
        "" => name,
        "per_s" => format!("{name} (1/s)"),
        unit => format!("{name} ({unit})"),
    }
}

/// A name as it is read.
fn spoken(name: &str) -> String {
    name.replace(['_', '.'], " ")
}

/// Draws all charts of a study into `charts/` of its folder, as SVG for slides; gives their files.
///
/// # Errors
/// The system refuses.
pub fn write_charts(subject: &Subject<'_>, dir: &Path, store: &Store) -> Result<Vec<PathBuf>, ReportError> {
    if subject.study.charts.is_empty() {
        return Ok(Vec::new());
    }
    let charts = dir.join("charts");
    fs::create_dir_all(&charts).map_err(ReportError::io("create", &charts))?;
    pending::tidy(&charts);
    let gallery = Gallery::of(subject, store);
    let write = |chart: &StudyChart| {
        let path = charts.join(format!("{}.svg", chart.name));
        let svg = gallery.draw(chart, Theme::Slides).svg().expect("what was drawn can be written");
        Pending::write(path.clone(), &svg)?;
        Ok(path)
    };
    subject.study.charts.iter().map(write).collect()
}
