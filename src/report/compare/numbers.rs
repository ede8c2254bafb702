//! The metrics of two runs, pair by pair.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Number, Value, json};

/// A metric of both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPair {
    /// Its name.
    pub name: String,
    /// Its value in the first run; none where it has none.
    pub a: Option<Number>,
    /// Its value in the second.
    pub b: Option<Number>,
}

/// All metrics of two runs, in the order of names.
#[must_use]
pub fn metric_pairs(a: &BTreeMap<String, Number>, b: &BTreeMap<String, Number>) -> Vec<MetricPair> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names
        .into_iter()
        .map(|name| MetricPair { name: name.clone(), a: a.get(name).cloned(), b: b.get(name).cloned() })
        .collect()
}

impl MetricPair {
    /// Whether the runs differ in it.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.a != self.b
    }

    fn values(&self) -> Option<(f64, f64)> {
        self.a.as_ref()?.as_f64().zip(self.b.as_ref()?.as_f64())
    }

    /// The second less the first.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        self.values().map(|(a, b)| b - a)
    }

    /// The second over the first; none when that is zero.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.values().filter(|(a, _)| *a != 0.0).map(|(a, b)| b / a)
    }

    /// Name, both values, difference and ratio, for a table.
    #[must_use]
    pub fn cells(&self) -> [String; 5] {
        let value = |value: &Option<Number>| value.as_ref().map_or_else(|| "-".to_owned(), short);
        let number = |value: Option<f64>, sign: bool| value.map_or_else(|| "-".to_owned(), |value| fixed(value, sign));
        [
            self.name.clone(),
            value(&self.a),
            value(&self.b),
            number(self.difference(), true),
            number(self.ratio(), false),
        ]
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "a": self.a, "b": self.b, "difference": self.difference(), "ratio": self.ratio() })
    }
}

/// Whole numbers as they are, others with at most six decimals.
fn short(value: &Number) -> String {
    if value.is_f64() {
        value.as_f64().map_or_else(String::new, |value| fixed(value, false))
    } else {
        value.to_string()
    }
}

fn fixed(value: f64, sign: bool) -> String {
    let text = if sign { format!("{value:+.6}") } else { format!("{value:.6}") };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // what rounds to nothing is not nothing
    if value != 0.0 && matches!(text, "0" | "+0" | "-0") { format!("{value:.2e}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a metric that only one run has is lost, or a ratio to nothing is given.
    #[test]
    fn metrics_stand_in_pairs() {
        let map = |entries: &[(&str, Value)]| -> BTreeMap<String, Number> {
            entries.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.as_number()?.clone()))).collect()
        };
        let a = map(&[("a", json!(4)), ("b", json!(0)), ("c", json!(1.5)), ("x", json!(7))]);
        let b = map(&[("a", json!(6)), ("b", json!(2)), ("c", json!(1.500_000_1)), ("y", json!(1))]);
        let cells: Vec<String> = metric_pairs(&a, &b).iter().map(|pair| pair.cells().join(" ")).collect();
        assert_eq!(cells, ["a 4 6 +2 1.5", "b 0 2 +2 -", "c 1.5 1.5 1.00e-7 1", "x 7 - - -", "y - 1 - -"]);
        assert!(metric_pairs(&a, &a).iter().all(|pair| !pair.differs()));
    }
}
