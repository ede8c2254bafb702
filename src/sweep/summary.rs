//! A study's long table (one row per point, replication and metric) in short: one row per point and metric, with its
//! interval or the reason why there is none, and points held against each other.
//!
//! Rows are sorted here, so the order in which runs came to an end shows nowhere.

use std::collections::BTreeMap;

use super::statistics::{
    Difference, Estimate, IntervalError, Level, PairError, Pairs, Replications, SampleError, Words,
};
use super::study::Numbers;
use crate::metrics::column_values::Kind;

/// A number that a run gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation<'a> {
    /// The point's place in the study.
    pub point: usize,
    /// Which replication of the point.
    pub replication: u64,
    /// The name of the metric.
    pub metric: &'a str,
    /// The number.
    pub value: f64,
}

/// What all replications of a point say of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// The point's place in the study.
    pub point: usize,
    /// The name of the metric.
    pub metric: String,
    /// How many replications have a value.
    pub n: usize,
    /// Their mean; none if it cannot be computed.
    pub mean: Option<f64>,
    /// Mean, spread and interval, or why there is none.
    pub interval: Result<Estimate, NoInterval>,
}

/// Why a row has no interval.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoInterval {
    /// Its values allow none.
    #[error(transparent)]
    Values(#[from] IntervalError),
    /// The rows are damaged.
    #[error("replication {0} is there twice")]
    Twice(u64),
}

/// What a metric is at one point, held against the same metric at another.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonRow {
    /// The point that is looked at (B).
    pub point: usize,
    /// The point that it is held against (A).
    pub against: usize,
    /// The name of the metric.
    pub metric: String,
    /// Replications that were left out, since the other point has none of that number.
    pub unpaired: usize,
    /// How far the one is above the other, or why that cannot be said.
    pub outcome: Result<Difference, PairError>,
}

impl NoInterval {
    /// The reason in one word, for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Values(error) => error.word(),
            Self::Twice(_) => "twice",
        }
    }
}

impl ComparisonRow {
    /// One line: the verdict, or why there is none. `a` and `b` are what the points are called.
    #[must_use]
    pub fn line(&self, a: &str, b: &str) -> String {
        let Self { metric, unpaired, .. } = self;
        let left_out = match unpaired {
            0 => String::new(),
            1 => "; 1 replication without a partner is left out".to_owned(),
            many => format!("; {many} replications without a partner are left out"),
        };
        match &self.outcome {
            Ok(difference) => format!("{metric}: {}{left_out}", difference.line(&words(metric, a, b))),
            Err(error) => format!("{metric}: {b} and {a} cannot be compared: {error}{left_out}"),
        }
    }
}

/// The unit of a metric's numbers, as the last part of its name tells; empty for pure numbers.
#[must_use]
pub fn unit(metric: &str) -> &'static str {
    match Kind::by_unit(metric) {
        Kind::Seconds => "s",
        Kind::Bytes => "B",
        Kind::BitsPerSecond => "bit/s",
        Kind::Number | Kind::Text => "",
    }
}

fn words<'a>(metric: &str, a: &'a str, b: &'a str) -> Words<'a> {
    let (less, more) = match Kind::by_unit(metric) {
        Kind::Seconds => ("shorter", "longer"),
        Kind::Bytes | Kind::BitsPerSecond | Kind::Number | Kind::Text => ("lower", "higher"),
    };
    Words { a, b, unit: unit(metric), less, more }
}

/// The values of each point and metric, with the replications that they are of.
fn groups<'a>(rows: &[Observation<'a>]) -> BTreeMap<(usize, &'a str), Vec<(u64, f64)>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.point, row.metric)).or_default().push((row.replication, row.value));
    }
    groups
}

/// One row for each point and metric that has a value, by point and then by the metric's name.
#[must_use]
pub fn summarise(rows: &[Observation<'_>], level: Level) -> Vec<SummaryRow> {
    groups(rows).into_iter().map(|((point, metric), values)| summary(point, metric, values, level)).collect()
}

fn summary(point: usize, metric: &str, mut values: Vec<(u64, f64)>, level: Level) -> SummaryRow {
    values.sort_by_key(|(replication, _)| *replication);
    let twice = values.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| NoInterval::Twice(pair[0].0));
    let numbers: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    let row = |mean, interval| SummaryRow { point, metric: metric.to_owned(), n: values.len(), mean, interval };
    match (twice, Replications::of_runs(&numbers)) {
        (Some(twice), _) => row(None, Err(twice)),
        (None, Err(error)) => row(None, Err(IntervalError::from(error).into())),
        (None, Ok(sample)) => row(Some(sample.mean()), sample.interval(level).map_err(NoInterval::from)),
    }
}

/// Holds points against others: of each pair the first against the second, for each of the metrics. All comparisons of
/// one metric hold together at the level (Bonferroni); each row says of how many that is.
///
/// With common random numbers replications are paired by their number; those that one of the two points has alone are
/// left out and counted.
#[must_use]
pub fn compare(
    rows: &[Observation<'_>],
    points: &[(usize, usize)],
    metrics: &[&str],
    numbers: Numbers,
    level: Level,
) -> Vec<ComparisonRow> {
    let groups = groups(rows);
    let level = level.among(points.len());
    let mut compared = Vec::with_capacity(points.len() * metrics.len());
    for metric in metrics {
        for (point, against) in points {
            let values = |point: usize| groups.get(&(point, *metric)).map(Vec::as_slice).unwrap_or_default();
            let (unpaired, outcome) = match numbers {
                Numbers::Common => paired(values(*against), values(*point), level),
                Numbers::Independent => (0, independent(values(*against), values(*point), level)),
            };
            let metric = (*metric).to_owned();
            compared.push(ComparisonRow { point: *point, against: *against, metric, unpaired, outcome });
        }
    }
    compared
}

fn paired(a: &[(u64, f64)], b: &[(u64, f64)], level: Level) -> (usize, Result<Difference, PairError>) {
    match Pairs::common(a, b) {
        Ok((pairs, alone)) => (alone, pairs.difference(level)),
        Err(error) => (0, Err(error)),
    }
}

fn independent(a: &[(u64, f64)], b: &[(u64, f64)], level: Level) -> Result<Difference, PairError> {
    let in_order = |values: &[(u64, f64)]| -> Result<Vec<f64>, PairError> {
        let mut values = values.to_vec();
        values.sort_by_key(|(replication, _)| *replication);
        match values.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(PairError::Twice(pair[0].0)),
            None => Ok(values.into_iter().map(|(_, value)| value).collect()),
        }
    };
    let (a, b) = (in_order(a)?, in_order(b)?);
    let sample = |values| Replications::of_runs(values).map_err(|error: SampleError| PairError::from(error));
    sample(&a)?.difference_to(&sample(&b)?, level)
}

#[cfg(test)]
mod tests {
    use super::super::statistics::Verdict;
    use super::*;

    const WAIT: &str = "latency.mean_s";

    fn rows(point: usize, metric: &'static str, values: &[f64]) -> Vec<Observation<'static>> {
        (0..)
            .zip(values)
            .map(|(replication, value)| Observation { point, replication, metric, value: *value })
            .collect()
    }

    /// Would break if a single run got an interval, or the order of rows moved a number.
    #[test]
    fn each_point_and_metric_has_a_row() {
        let mut all = rows(1, WAIT, &[3.0]);
        all.extend(rows(0, WAIT, &[0.1, 0.7, 0.2]));
        all.extend(rows(0, "a", &[1.0, f64::NAN]));
        let found = summarise(&all, Level::DEFAULT);
        let heads: Vec<_> = found.iter().map(|row| (row.point, &*row.metric, row.n, row.mean)).collect();
        let mean = (0.1 + 0.7 + 0.2) / 3.0;
        assert_eq!(heads, [(0, "a", 2, None), (0, WAIT, 3, Some(mean)), (1, WAIT, 1, Some(3.0))]);
        let reasons: Vec<_> = found.iter().map(|row| row.interval.as_ref().err().map(NoInterval::word)).collect();
        assert_eq!(reasons, [Some("not_finite"), None, Some("one_run")]);
        all[1..].rotate_left(2);
        all.reverse();
        // NaN is no equal of itself
        assert_eq!(format!("{:?}", summarise(&all, Level::DEFAULT)), format!("{found:?}"));
    }

    /// Would break if a row that is there twice counted as two replications.
    #[test]
    fn a_replication_counts_once() {
        let all = [rows(0, WAIT, &[1.0, 2.0]), rows(0, WAIT, &[1.0, 2.0]), rows(1, WAIT, &[1.0, 2.0])].concat();
        let found = &summarise(&all, Level::DEFAULT)[0];
        assert_eq!((found.mean, found.interval), (None, Err(NoInterval::Twice(0))));
        for numbers in [Numbers::Common, Numbers::Independent] {
            let compared = compare(&all, &[(1, 0)], &[WAIT], numbers, Level::DEFAULT);
            assert_eq!(compared[0].outcome, Err(PairError::Twice(0)));
        }
    }

    /// Would break if pairs were made by place rather than by replication, or what has no partner went unsaid.
    #[test]
    fn points_are_compared_pair_by_pair() {
        let mut all = rows(0, WAIT, &[10.0, 20.0, 30.0, 40.0]);
        all.extend(rows(1, WAIT, &[13.0, 23.5, 33.0, 43.5, 99.0]));
        all.extend(rows(2, WAIT, &[12.0, 18.0, 33.0, 38.0]));
        all.reverse();
        let found = compare(&all, &[(1, 0), (2, 0)], &[WAIT], Numbers::Common, Level::DEFAULT);
        assert_eq!((found[0].unpaired, found[0].outcome.as_ref().unwrap().verdict), (1, Verdict::More));
        assert_eq!(
            found[0].line("A", "B"),
            "latency.mean_s: B is 3.25 s ± 0.60 s longer than A (95 % for all 2 comparisons, 4 pairs); 1 replication \
             without a partner is left out"
        );
        assert_eq!(
            found[1].line("A", "C"),
            "latency.mean_s: no difference could be shown: C less A is 0.2 s ± 5.5 s (95 % for all 2 comparisons, 4 pairs)"
        );
        let apart = compare(&all, &[(1, 0)], &[WAIT], Numbers::Independent, Level::DEFAULT);
        assert_eq!(apart[0].outcome.as_ref().unwrap().verdict, Verdict::NotShown, "unpaired, much is between them");
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let all = [rows(0, "loss", &[1.0, 2.0]), rows(1, "loss", &[3.0])].concat();
        let found = compare(&all, &[(1, 0), (2, 0)], &["loss"], Numbers::Common, Level::DEFAULT);
        assert_eq!(
            found[0].line("A", "B"),
            "loss: B and A cannot be compared: one pair gives no interval: how much differences vary shows from two on; \
             1 replication without a partner is left out"
        );
        assert_eq!(found[1].outcome.as_ref().unwrap_err().word(), "no_value");
    }
}
