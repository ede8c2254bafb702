//! Graded exercises: expectations that the student does not see, and the points they are worth.

use serde_json::{Value, json};

use super::judge;
use crate::metrics::RunRecord;
use crate::report::{Expectation, Suite, expectation_lines};
use crate::scenario::resolved::KeySpec;

/// How an exercise was done.
pub(in crate::cli) struct Grade {
    title: String,
    expectations: Vec<Expectation>,
    points: Vec<f64>,
}

/// Compares a run with a key.
pub(in crate::cli) fn grade(key: &KeySpec, record: &RunRecord) -> Grade {
    Grade {
        title: key.title.clone(),
        expectations: judge(&key.expect, record),
        points: key.expect.iter().map(|spec| spec.points).collect(),
    }
}

impl Grade {
    /// What was expected.
    pub(in crate::cli) fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// Points earned, and points that there were.
    fn score(&self) -> (f64, f64) {
        let earned = self.expectations.iter().zip(&self.points).filter(|(expectation, _)| expectation.held);
        // A sum of no floats is -0.
        // Tenths add up to what a reader of tenths expects.
        let rounded = |sum: f64| (sum * 1e6).round() / 1e6 + 0.0;
        (rounded(earned.map(|(_, points)| points).sum()), rounded(self.points.iter().sum()))
    }

    /// For a report; `file` names the key where it has no title.
    pub(in crate::cli) fn suite(&self, file: &str) -> Suite<'_> {
        let name = if self.title.is_empty() { file } else { &self.title }.to_owned();
        let points = self.points.iter().map(|points| Some(*points));
        Suite { name, cases: self.expectations.iter().zip(points).collect() }
    }

    /// The score as a table.
    pub(in crate::cli) fn text(&self, file: &str) -> String {
        let suite = self.suite(file);
        let mut out = format!("{:<12} {}\n", "grade", suite.name);
        for line in expectation_lines(&suite) {
            out.push_str(&format!("  {line}\n"));
        }
        let (earned, all) = self.score();
        out + &format!("{:<12} {earned} of {all}\n", "points")
    }

    /// The score as JSON.
    pub(in crate::cli) fn json(&self) -> Value {
        let (earned, of) = self.score();
        let rows = self.expectations.iter().zip(&self.points).map(|(expectation, points)| {
            let mut row = json!(expectation);
            row["points"] = json!(if expectation.held { *points } else { 0.0 });
            row["of"] = json!(points);
            row
        });
        json!({ "title": self.title, "points": earned, "of": of, "expectations": rows.collect::<Vec<_>>() })
    }
}
