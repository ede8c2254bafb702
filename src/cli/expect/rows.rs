//! Numbers made of the rows of a table: counts, sums, means, extremes and quantiles.
//!
//! Cells are read as the table writes them, and summed as whole billionths: seconds are exact to the nanosecond.

use super::{Results, any_of};
use crate::metrics::{Kind, Metric, TableDoc};
use crate::report::{dialogues_csv, table_csv};
use crate::scenario::resolved::{CellIs, CellTest, Fold};
use crate::sweep::statistics::nearest_rank;

const BILLION: i128 = 1_000_000_000;

impl Results<'_> {
    /// The number, or why there is none.
    pub(super) fn fold(&mut self, fold: Fold, table: &'static TableDoc, tests: &[CellTest]) -> Result<Metric, String> {
        let record = self.record;
        let csv = self.tables.entry(table.name).or_insert_with(|| match table.name {
            // Made beside the transcripts, from the same dialogues.
            "dialogues" => Some(dialogues_csv(record)),
            name => table_csv(&record.tables, name),
        });
        let Some(csv) = csv else {
            // Windows are kept only to be drawn; other tables are missing when nothing happened.
            return if fold == Fold::Count && table.name != "cwnd" {
                Ok(Metric::Integer(0))
            } else {
                Err(format!("the run has no table {}", table.name))
            };
        };
        let mut count = 0_u64;
        let mut values = Vec::new();
        for row in csv::Reader::from_reader(csv.as_slice()).records() {
            let row = row.map_err(|error| error.to_string())?;
            let fits = |test: &CellTest| test.is.holds(row.get(test.position).unwrap_or_default());
            if tests.iter().all(fits) {
                count += 1;
                values.extend(position(fold).and_then(|at| billionths(row.get(at)?)));
            }
        }
        if fold == Fold::Count {
            return Ok(Metric::Integer(count));
        }
        if count == 0 {
            return Err(match tests {
                [] => format!("the table {} has no rows", table.name),
                _ => "no row matches".to_owned(),
            });
        }
        folded(fold, table, values).ok_or_else(|| "the cells are empty".to_owned())
    }
}

const fn position(fold: Fold) -> Option<usize> {
    match fold {
        Fold::Count => None,
        Fold::Sum(at) | Fold::Mean(at) | Fold::Min(at) | Fold::Max(at) | Fold::Quantile(at, _) => Some(at),
    }
}

/// The number that a column's cells make; none without any.
fn folded(fold: Fold, table: &TableDoc, mut values: Vec<i128>) -> Option<Metric> {
    if values.is_empty() {
        return None;
    }
    let sum = || values.iter().fold(0_i128, |sum, value| sum.saturating_add(*value));
    let result = match fold {
        Fold::Count => return None,
        Fold::Mean(_) => return Some(Metric::Float(float(sum()) / float(values.len() as i128) / 1e9)),
        Fold::Sum(_) => sum(),
        Fold::Min(_) => *values.iter().min()?,
        Fold::Max(_) => *values.iter().max()?,
        Fold::Quantile(_, share) => {
            values.sort_unstable();
            values[nearest_rank(share, values.len())]
        }
    };
    let (column, _) = table.columns[position(fold)?];
    let whole = (result % BILLION == 0).then(|| u64::try_from(result / BILLION).ok()).flatten();
    Some(match whole.filter(|_| Kind::of(table.name, column) != Kind::Seconds) {
        Some(whole) => Metric::Integer(whole),
        None => Metric::Float(float(result) / 1e9),
    })
}

#[expect(clippy::cast_precision_loss, reason = "statistics may round, once")]
const fn float(value: i128) -> f64 {
    value as f64
}

/// A cell's number in billionths; none of an empty cell.
fn billionths(cell: &str) -> Option<i128> {
    let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !whole.is_empty() && digits(whole) && digits(fraction) && fraction.len() <= 9 && whole.len() <= 20 {
        return format!("{whole}{fraction:0<9}").parse().ok();
    }
    let number: f64 = cell.parse().ok().filter(|number: &f64| number.abs() < 1e20)?;
    #[expect(clippy::cast_possible_truncation, reason = "below 1e29, which fits")]
    Some((number * 1e9).round() as i128)
}

/// What is looked at: `count of messages where to is bob@hamburger.edu`.
pub(super) fn words(fold: Fold, table: &TableDoc, tests: &[CellTest]) -> String {
    let of =
        position(fold).map_or_else(|| table.name.to_owned(), |at| format!("{}.{}", table.name, table.columns[at].0));
    let mut out = match fold {
        Fold::Count => format!("count of {of}"),
        Fold::Sum(_) => format!("sum of {of}"),
        Fold::Mean(_) => format!("mean of {of}"),
        Fold::Min(_) => format!("least {of}"),
        Fold::Max(_) => format!("greatest {of}"),
        Fold::Quantile(_, share) => format!("{share} quantile of {of}"),
    };
    for (place, test) in tests.iter().enumerate() {
        out.push_str(if place == 0 { " where " } else { " and " });
        out.push_str(&format!("{} {}", test.column, cell_words(&test.is)));
    }
    out
}

/// What a cell must be: `is delivered or queued`.
pub(super) fn cell_words(is: &CellIs) -> String {
    let shown = |texts: &[String]| {
        let named: Vec<String> =
            texts.iter().map(|text| if text.is_empty() { "empty".to_owned() } else { text.clone() }).collect();
        any_of(&named)
    };
    match is {
        CellIs::OneOf(texts) => format!("is {}", shown(texts)),
        CellIs::NoneOf(texts) => format!("is not {}", shown(texts)),
        CellIs::Number(numbers, or_empty) => {
            let mut texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            texts.extend(or_empty.then(|| "empty".to_owned()));
            format!("equals {}", any_of(&texts)).replace("equals empty", "is empty")
        }
        CellIs::Within { at_least, at_most, not } => {
            let not: Vec<String> = not.iter().map(ToString::to_string).collect();
            let parts = [
                at_least.map(|bound| format!("at least {bound}")),
                at_most.map(|bound| format!("at most {bound}")),
                (!not.is_empty()).then(|| format!("not {}", any_of(&not))),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            if parts.is_empty() { "is not empty".to_owned() } else { parts.join(" and ") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::columns;

    /// Would break if sums of times were rounded, or a count became a fraction.
    #[test]
    fn cells_are_summed_exactly() {
        assert_eq!(billionths("9007199254740993.000000001"), Some(9_007_199_254_740_993_000_000_001));
        assert_eq!((billionths(""), billionths("451"), billionths("x")), (None, Some(451 * BILLION), None));
        assert_eq!(billionths("0.1234567891"), Some(123_456_789));
        let messages = columns::table("messages").unwrap();
        let [attempts, latency] = ["attempts", "latency_s"].map(|column| messages.position(column).unwrap());
        let values = || vec![BILLION, 2 * BILLION];
        assert_eq!(folded(Fold::Sum(attempts), messages, values()), Some(Metric::Integer(3)));
        assert_eq!(folded(Fold::Mean(attempts), messages, values()), Some(Metric::Float(1.5)));
        assert_eq!(folded(Fold::Max(latency), messages, values()), Some(Metric::Float(2.0)));
        assert_eq!(folded(Fold::Min(latency), messages, Vec::new()), None);
    }
}
