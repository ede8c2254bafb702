//! One comparison of theory and simulator, and the table of them.

use std::fmt::{Display, Write as _};

use posthaste::base::{SimDuration, SimTime};

/// A comparison.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    what: String,
    expected: String,
    got: String,
    tolerance: String,
    source: &'static str,
    pub(crate) holds: bool,
}

impl Row {
    /// Both values must be the same to the last digit.
    pub(crate) fn exact(
        id: &'static str,
        what: impl Into<String>,
        expected: impl Display,
        got: impl Display,
        source: &'static str,
    ) -> Self {
        let (expected, got) = (expected.to_string(), got.to_string());
        let holds = expected == got;
        Self { id, what: what.into(), expected, got, tolerance: "exact".to_owned(), source, holds }
    }

    /// The values may differ by `share` of what is expected.
    pub(crate) fn within(
        id: &'static str,
        what: impl Into<String>,
        (expected, got): (f64, f64),
        share: f64,
        source: &'static str,
    ) -> Self {
        let tolerance = format!("{:.1} %", share * 100.0);
        let holds = (got - expected).abs() <= share * expected;
        Self { id, what: what.into(), expected: figure(expected), got: figure(got), tolerance, source, holds }
    }

    /// The values may differ by that much.
    pub(crate) fn near(
        id: &'static str,
        what: impl Into<String>,
        (expected, got): (f64, f64),
        most: f64,
        source: &'static str,
    ) -> Self {
        let tolerance = format!("{most}");
        let holds = (got - expected).abs() <= most;
        Self { id, what: what.into(), expected: figure(expected), got: figure(got), tolerance, source, holds }
    }

    /// The value lies in a range about what is expected.
    pub(crate) fn inside(
        id: &'static str,
        what: impl Into<String>,
        (expected, got): (f64, f64),
        (low, high): (f64, f64),
        source: &'static str,
    ) -> Self {
        let tolerance = format!("{low:.6} to {high:.6}");
        let holds = (low..=high).contains(&got);
        Self { id, what: what.into(), expected: figure(expected), got: figure(got), tolerance, source, holds }
    }

    /// The value lies between two bounds, both allowed.
    pub(crate) fn between(
        id: &'static str,
        what: impl Into<String>,
        (low, high): (SimDuration, SimDuration),
        got: SimDuration,
        source: &'static str,
    ) -> Self {
        Self {
            id,
            what: what.into(),
            expected: seconds(high),
            got: seconds(got),
            tolerance: format!("never above; not below {}", seconds(low)),
            source,
            holds: (low..=high).contains(&got),
        }
    }
}

fn figure(value: f64) -> String {
    format!("{value:.6}")
}

/// All nine digits of a time in seconds.
pub(crate) fn seconds(time: SimDuration) -> String {
    format!("{}.{:09} s", time.as_secs(), time.as_nanos() % 1_000_000_000)
}

/// Seconds of several times, less the zeros at the end.
pub(crate) fn list(times: impl IntoIterator<Item = SimDuration>) -> String {
    let short = |time: SimDuration| {
        let text = format!("{}.{:09}", time.as_secs(), time.as_nanos() % 1_000_000_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let all: Vec<String> = times.into_iter().map(short).collect();
    format!("{} s", all.join(", "))
}

/// Times counted from the first of them.
pub(crate) fn since_first(times: &[SimTime]) -> Vec<SimDuration> {
    times.iter().map(|at| at.since(times[0])).collect()
}

/// The rows as a table in Markdown.
pub(crate) fn table<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let mut out = String::from("| id | what | expected | got | tolerance | source |\n|---|---|---|---|---|---|\n");
    for row in rows {
        let Row { id, what, expected, got, tolerance, source, holds: _ } = row;
        writeln!(out, "| {id} | {what} | {expected} | {got} | {tolerance} | {source} |").unwrap();
    }
    out
}
