//! `comparisons.csv`: the points at one value of a parameter against those at another, all other values equal.

use std::collections::BTreeMap;

use super::sheet::{Cell, Sheet};
use super::{Course, TOLD, observations, row, with};
use crate::report::ReportError;
use crate::sweep::statistics::{Difference, Estimate, Level, Manner, PairError};
use crate::sweep::study::{Comparison, Point, Study};
use crate::sweep::summary::{ComparisonRow, Observation, compare};

/// The numbers that a plan compares, gathered point by point.
pub(super) struct Compared<'a> {
    study: &'a Study,
    /// Names of measures that some comparison asks for.
    measures: Vec<&'a str>,
    rows: Vec<Observation<'a>>,
}

impl<'a> Compared<'a> {
    pub(super) fn of(study: &'a Study) -> Self {
        let mut measures: Vec<&str> =
            study.comparisons.iter().flat_map(|one| one.measures.iter().map(String::as_str)).collect();
        measures.sort_unstable();
        measures.dedup();
        Self { study, measures, rows: Vec::new() }
    }

    /// Keeps what is compared of a point.
    pub(super) fn take(&mut self, course: &Course) {
        for measure in &self.measures {
            let found = observations(course, [*measure].into_iter());
            self.rows.extend(found.map(|Observation { point, replication, value, .. }| Observation {
                point,
                replication,
                metric: measure,
                value,
            }));
        }
    }

    /// Writes the table; what its first rows say.
    pub(super) fn write(&self, sheet: &mut Sheet) -> Result<Vec<String>, ReportError> {
        let mut verdicts = Vec::new();
        let level = Level::new(self.study.level).unwrap_or(Level::DEFAULT);
        for comparison in &self.study.comparisons {
            let Some(place) = self.study.parameters.iter().position(|one| one.name == comparison.parameter) else {
                continue;
            };
            let pairs = pairs(&self.study.points, place, &comparison.against);
            let measures: Vec<&str> = comparison.measures.iter().map(String::as_str).collect();
            for found in compare(&self.rows, &pairs, &measures, self.study.replications.numbers, level) {
                let line = self.line((comparison, place), &found);
                self.row(sheet, comparison, (&found, &line), level)?;
                if verdicts.len() < TOLD {
                    verdicts.push(line);
                }
            }
        }
        Ok(verdicts)
    }

    /// The verdict in a sentence, and before it where it holds if there are other parameters.
    fn line(&self, (comparison, place): (&Comparison, usize), found: &ComparisonRow) -> String {
        let point = &self.study.points[found.point];
        let name = |text: &str| format!("{} {text}", comparison.parameter);
        let line = found.line(&name(&comparison.against), &name(&point.values[place].text));
        let others = self.study.parameters.iter().zip(&point.values).enumerate().filter(|(at, _)| *at != place);
        let others: Vec<String> = others.map(|(_, (one, amount))| format!("{} {}", one.name, amount.text)).collect();
        if others.is_empty() { line } else { format!("{}: {line}", others.join(", ")) }
    }

    fn row(
        &self,
        sheet: &mut Sheet,
        comparison: &Comparison,
        (found, line): (&ComparisonRow, &str),
        level: Level,
    ) -> Result<(), ReportError> {
        let point = &self.study.points[found.point];
        let head = [
            Cell::Text(&comparison.parameter),
            Cell::Text(&comparison.against),
            Cell::Whole(found.point as u64),
            Cell::Whole(found.against as u64),
        ];
        let cells = with(row(head, point, self.study), [Cell::Text(&found.metric)]);
        let cells = with(cells, said(&found.outcome, level));
        let word = found.outcome.as_ref().map_or("", |difference| difference.verdict.word());
        let why = found.outcome.as_ref().err().map_or("", PairError::word);
        let end = [Cell::Whole(found.unpaired as u64), Cell::Text(word), Cell::Text(why), Cell::Text(line)];
        sheet.row(&with(cells, end))
    }
}

/// From `n` to `correlation`.
fn said(outcome: &Result<Difference, PairError>, level: Level) -> [Cell<'static>; 8] {
    let of = |part: fn(&Estimate) -> f64| Cell::number(outcome.as_ref().ok().map(|found| part(&found.estimate)));
    let (manner, correlation) = match outcome.as_ref().map(|found| found.manner) {
        Ok(Manner::Paired { correlation }) => (Cell::Text("paired"), Cell::number(correlation)),
        Ok(Manner::Independent) => (Cell::Text("independent"), Cell::Empty),
        Err(_) => (Cell::Empty, Cell::Empty),
    };
    [
        outcome.as_ref().map_or(Cell::Empty, |found| Cell::Whole(found.estimate.n as u64)),
        of(|estimate| estimate.mean),
        of(|estimate| estimate.half_width),
        of(Estimate::low),
        of(Estimate::high),
        if outcome.is_ok() { Cell::Number(level.joint()) } else { Cell::Empty },
        manner,
        correlation,
    ]
}

/// Each point that has another value of the parameter, and the point that has this one and all else equal.
fn pairs(points: &[Point], place: usize, against: &str) -> Vec<(usize, usize)> {
    let others = |point: &Point| -> Vec<String> {
        let rest = point.values.iter().enumerate().filter(|(at, _)| *at != place);
        rest.map(|(_, amount)| amount.text.clone()).collect()
    };
    let mut bases = BTreeMap::new();
    for point in points.iter().filter(|point| point.values[place].text == against) {
        bases.entry(others(point)).or_insert(point.index);
    }
    let compared = points.iter().filter(|point| point.values[place].text != against);
    compared.filter_map(|point| bases.get(&others(point)).map(|base| (point.index, *base))).collect()
}
