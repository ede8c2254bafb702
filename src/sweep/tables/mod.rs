//! The tables of a study, made of what is in its folder: the same bytes, whoever ran which part of it in which order.
//!
//! Points are read in windows, side by side, and written in their order, so memory does not grow with the study; only
//! the numbers that the plan compares are held until the end. A study of which something is missing has tables, too:
//! `failures.csv` lists what is not there, and `stop` says so in every row that it concerns.

mod columns;
mod compared;
mod documentation;
#[cfg(feature = "parquet")]
mod parquet;
mod sheet;

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::pending;
use super::statistics::{Estimate, Level};
use super::store::{Found, Store};
use super::study::{Amount, Measured, Parameter, Point, Study};
use super::summary::{NoInterval, Observation, SummaryRow, summarise};
use super::trials::{Course, State, Stop, Subject, Trial};
use crate::metrics::Metric;
use crate::report::ReportError;

pub use columns::{COMPARISONS, FAILURES, MISSED, PARAMETERS, RESULTS, STUDY_TABLES, SUMMARY, StudyTable};
pub use documentation::study_tables_markdown;
use sheet::{Cell, Column, Kind, Sheet};

/// So many points are read before they are written.
const WINDOW: usize = 256;

/// So often tables are begun.
const ATTEMPTS: u32 = 3;

/// What of a study is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Points of the study, or of the part that was looked at.
    pub points: u64,
    /// Points of which every run is there and left something.
    pub complete: u64,
    /// Points of which a run failed, or whose scenario is invalid; and nothing is missing.
    pub failed: u64,
    /// Points of which a run is missing.
    pub missing: u64,
    /// Runs that left something.
    pub runs_done: u64,
    /// Runs that failed.
    pub runs_failed: u64,
    /// Records that are there and cannot be used, and why; a hundred at most.
    pub damaged: Vec<(PathBuf, String)>,
    /// What the comparisons of the plan say, in lines; a hundred at most.
    pub verdicts: Vec<String>,
}

/// So many damaged records are told of, and so many comparisons.
const TOLD: usize = 100;

impl Census {
    /// Whether nothing failed and nothing is missing.
    #[must_use]
    pub const fn whole(&self) -> bool {
        self.complete == self.points
    }

    /// Its counts, by the names that `study.json` has for them.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "complete": self.whole(),
            "points": self.points,
            "points_complete": self.complete,
            "points_failed": self.failed,
            "points_missing": self.missing,
            "runs_done": self.runs_done,
            "runs_failed": self.runs_failed,
        })
    }

    /// Counts a point.
    pub fn count(&mut self, course: &Course, store: &Store) {
        self.points += 1;
        match course.stop {
            Stop::Missing => self.missing += 1,
            Stop::Enough { .. } if course.complete() => self.complete += 1,
            Stop::Enough { .. } | Stop::Failed | Stop::Invalid(_) => self.failed += 1,
        }
        for (trial, state) in &course.trials {
            match state {
                State::Done(_) => self.runs_done += 1,
                State::Failed(_) => self.runs_failed += 1,
                State::Missing(Some(why)) if self.damaged.len() < TOLD => {
                    self.damaged.push((store.path(trial.address), why.clone()));
                }
                State::Missing(_) => {}
            }
        }
    }
}

/// Reads the courses of all points, and gives them to `each` in their order.
///
/// # Errors
/// What `each` says.
pub fn read_courses<E>(
    subject: &Subject<'_>,
    store: &Store,
    mut each: impl FnMut(&Point, Course) -> Result<(), E>,
) -> Result<(), E> {
    for window in subject.study.points.chunks(WINDOW) {
        let read =
            |point: &Point| subject.follow(point, |_, round| round.iter().map(|one| read_state(store, one)).collect());
        let courses: Vec<Course> = window.par_iter().map(read).collect();
        for (point, course) in window.iter().zip(courses) {
            each(point, course)?;
        }
    }
    Ok(())
}

/// What a store knows of a run.
pub(super) fn read_state(store: &Store, trial: &Trial) -> State {
    match store.find(trial.address) {
        Found::Nothing => State::Missing(None),
        Found::Damaged(why) => State::Missing(Some(why)),
        Found::Record(record) => State::from(record.outcome),
    }
}

/// Writes the tables of a study into `tables/` of its folder.
///
/// # Errors
/// The system refuses. Each table is then as it was before, or whole.
pub fn write_tables(subject: &Subject<'_>, dir: &Path, store: &Store) -> Result<Census, ReportError> {
    let tables = dir.join("tables");
    fs::create_dir_all(&tables).map_err(ReportError::io("create", &tables))?;
    pending::tidy(&tables);
    let mut attempts = 0;
    loop {
        attempts += 1;
        match write_all(subject, &tables, store) {
            // Another process that writes the same tables tidied up at that moment.
            Err(error) if pending::tidied(&error) && attempts < ATTEMPTS => {}
            done => return done,
        }
    }
}

fn write_all(subject: &Subject<'_>, tables: &Path, store: &Store) -> Result<Census, ReportError> {
    let mut writer = Writer::begin(subject.study, tables)?;
    let mut census = Census::default();
    read_courses(subject, store, |point, course| {
        census.count(&course, store);
        writer.course(point, &course)
    })?;
    census.verdicts = writer.finish()?;
    Ok(census)
}

/// A study's tables under construction.
struct Writer<'a> {
    study: &'a Study,
    level: Level,
    results: Sheet,
    summary: Sheet,
    failures: Sheet,
    missed: Sheet,
    comparisons: Sheet,
    compared: compared::Compared<'a>,
}

impl<'a> Writer<'a> {
    fn begin(study: &'a Study, dir: &Path) -> Result<Self, ReportError> {
        let sheet = |table: &StudyTable| Sheet::begin(dir, table.name, &columns_of(table, study));
        Ok(Self {
            study,
            level: Level::new(study.level).unwrap_or(Level::DEFAULT),
            results: sheet(&RESULTS)?,
            summary: sheet(&SUMMARY)?,
            failures: sheet(&FAILURES)?,
            missed: sheet(&MISSED)?,
            comparisons: sheet(&COMPARISONS)?,
            compared: compared::Compared::of(study),
        })
    }

    fn course(&mut self, point: &Point, course: &Course) -> Result<(), ReportError> {
        if let Stop::Invalid(why) = &course.stop {
            let cells = row([Cell::Whole(point.index as u64), Cell::Empty, Cell::Empty], point, self.study);
            self.failures.row(&with(cells, [Cell::Text("invalid"), Cell::Text(why)]))?;
        }
        for (trial, state) in &course.trials {
            let cells = row(head(trial), point, self.study);
            match state {
                State::Done(measured) => self.run(&cells, measured)?,
                State::Failed(failure) => {
                    self.failures.row(&with(cells, [Cell::Text(failure.kind()), Cell::Text(failure.text())]))?;
                }
                State::Missing(why) => {
                    let why = why.as_ref().map_or_else(String::new, |why| format!("its record is damaged: {why}"));
                    self.failures.row(&with(cells, [Cell::Text("missing"), Cell::Text(&why)]))?;
                }
            }
        }
        self.summary(point, course)?;
        self.compared.take(course);
        Ok(())
    }

    fn run(&mut self, cells: &[Cell<'_>], measured: &Measured) -> Result<(), ReportError> {
        for measure in &self.study.measures {
            let value = measured.values.get(&measure.name).map(|value| Metric::value(*value));
            self.results.row(&with(cells.to_vec(), [Cell::Text(&measure.name), Cell::number(value)]))?;
        }
        for text in &measured.missed {
            self.missed.row(&with(cells.to_vec(), [Cell::Text(text)]))?;
        }
        Ok(())
    }

    fn summary(&mut self, point: &Point, course: &Course) -> Result<(), ReportError> {
        let measures = self.study.measures.iter().map(|measure| measure.name.as_str());
        let rows: Vec<Observation<'_>> = observations(course, measures).collect();
        let summaries = summarise(&rows, self.level);
        for measure in &self.study.measures {
            let found = summaries.iter().find(|row| row.metric == measure.name);
            let cells = row([Cell::Whole(point.index as u64)], point, self.study);
            let cells = with(cells, [Cell::Text(&measure.name)]);
            let cells = with(cells, said(found, self.level));
            let (word, why) = (course.stop.word(), course.stop.sentence());
            let end = [Cell::Whole(course.trials.len() as u64), Cell::Text(word), Cell::Text(why)];
            self.summary.row(&with(cells, end))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<String>, ReportError> {
        let verdicts = self.compared.write(&mut self.comparisons)?;
        for sheet in [self.results, self.summary, self.comparisons, self.failures, self.missed] {
            sheet.finish()?;
        }
        Ok(verdicts)
    }
}

/// What the replications of a point say of a measure, from `n` to `no_interval`.
fn said(found: Option<&SummaryRow>, level: Level) -> [Cell<'static>; 8] {
    let Some(SummaryRow { n, mean, interval, .. }) = found else {
        let [none, ..] = [Cell::Whole(0)];
        return [none, Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty, NO_VALUE];
    };
    let of = |part: fn(&Estimate) -> f64| Cell::number(interval.as_ref().ok().map(part));
    [
        Cell::Whole(*n as u64),
        Cell::number(*mean),
        of(|estimate| estimate.half_width),
        of(Estimate::low),
        of(Estimate::high),
        of(|estimate| estimate.sd),
        if interval.is_ok() { Cell::Number(level.joint()) } else { Cell::Empty },
        interval.as_ref().err().map_or(Cell::Empty, |error: &NoInterval| Cell::Text(error.word())),
    ]
}

const NO_VALUE: Cell<'static> = Cell::Text("no_value");

/// The numbers of a point's runs for these measures.
fn observations<'c>(
    course: &'c Course,
    measures: impl Iterator<Item = &'c str>,
) -> impl Iterator<Item = Observation<'c>> {
    measures.flat_map(move |metric| {
        let of = |(replication, value): (u32, f64)| (u64::from(replication), value);
        super::trials::values(&course.trials, metric).map(of).map(move |(replication, value)| Observation {
            point: course.point,
            replication,
            metric,
            value,
        })
    })
}

fn head(trial: &Trial) -> [Cell<'static>; 3] {
    [Cell::Whole(trial.point as u64), Cell::Whole(u64::from(trial.replication)), Cell::Whole(trial.seed)]
}

/// These cells, and one for each parameter of the point and each formula.
fn row<'p, const N: usize>(head: [Cell<'p>; N], point: &'p Point, study: &Study) -> Vec<Cell<'p>> {
    let value = |(amount, parameter): (&'p Amount, &Parameter)| match parameter.numeric {
        true => Cell::number(amount.number),
        false => Cell::Text(&amount.text),
    };
    let values = point.values.iter().zip(&study.parameters).map(value);
    let formulas = study.formulas.iter().map(|formula| Cell::number(formula.at(point)));
    head.into_iter().chain(values).chain(formulas).collect()
}

fn with<'c, const N: usize>(mut cells: Vec<Cell<'c>>, more: [Cell<'c>; N]) -> Vec<Cell<'c>> {
    cells.extend(more);
    cells
}

/// The columns of a table, those of the parameters and formulas in their place.
fn columns_of(table: &StudyTable, study: &Study) -> Vec<Column> {
    let kind = |name: &str| match name {
        "point" | "against_point" | "replication" | "replications" | "seed" | "n" | "unpaired" => Kind::Whole,
        "value" | "mean" | "half_width" | "low" | "high" | "sd" | "level" | "difference" | "correlation" => {
            Kind::Number
        }
        _ => Kind::Text,
    };
    let of =
        |parameter: &Parameter| (parameter.name.clone(), if parameter.numeric { Kind::Number } else { Kind::Text });
    let mut columns = Vec::new();
    for (name, _) in table.columns {
        match *name {
            PARAMETERS => {
                columns.extend(study.parameters.iter().map(of));
                columns.extend(study.formulas.iter().map(|formula| (formula.name.clone(), Kind::Number)));
            }
            name => columns.push((name.to_owned(), kind(name))),
        }
    }
    columns
}
