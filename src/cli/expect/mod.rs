//! Compares what a run left with what is expected of it, by its scenario or by a key that grades it.
//!
//! What is not there is never taken for a number: an expectation about it fails and says so.

mod grade;
mod message;
mod rows;
mod said;

use std::collections::BTreeMap;

use crate::base::SimDuration;
use crate::metrics::{LinkRow, Metric, RunRecord};
use crate::report::{Expectation, Found};
use crate::scenario::resolved::{Bounds, CellIs, ExpectSpec, Resolved, What};

pub(super) use grade::{Grade, grade};

/// Compares a run with what its scenario expects.
#[must_use]
pub fn expectations(scenario: &Resolved, record: &RunRecord) -> Vec<Expectation> {
    judge(&scenario.expect, record)
}

/// Compares a run with all of these.
pub(super) fn judge(specs: &[ExpectSpec], record: &RunRecord) -> Vec<Expectation> {
    let mut results = Results { record, metrics: record.metrics(), tables: BTreeMap::new() };
    specs.iter().map(|spec| results.judge(spec)).collect()
}

/// A run, in the forms in which it is looked at.
struct Results<'a> {
    record: &'a RunRecord,
    metrics: BTreeMap<String, Metric>,
    /// Tables as text, by their names; none where a run has none.
    tables: BTreeMap<&'static str, Option<Vec<u8>>>,
}

/// What was looked at, what was expected of it, what was found, and whether that is so.
struct Finding {
    what: String,
    expected: String,
    found: Result<Found, String>,
    held: bool,
}

impl Results<'_> {
    fn judge(&mut self, spec: &ExpectSpec) -> Expectation {
        let mut metric = None;
        let Finding { what, expected, found, held } = match &spec.what {
            What::Metric(name, bounds) => {
                metric = Some(name.clone());
                let found = self.metrics.get(name).copied().or_else(|| unused(name));
                compared(name.clone(), found.ok_or_else(|| "no value".to_owned()), bounds)
            }
            What::Rows(fold, table, tests, bounds) => {
                let what = rows::words(*fold, table, tests);
                compared(what, self.fold(*fold, table, tests), bounds)
            }
            What::Message(expect) => message::judge(expect, &self.record.tables),
            What::Dropped { link, host, packets } => self.dropped(link.as_deref(), host.as_deref(), packets),
            What::Transcript(expect) => said::judge(expect, self.record),
        };
        let (found, held) = match &spec.absent[..] {
            "" => (found, held),
            absent => (Err(absent.to_owned()), false),
        };
        let (found, why) = match found {
            Ok(found) => (Some(found), String::new()),
            Err(why) => (None, why),
        };
        let (name, hint) = (spec.name.clone(), spec.hint.clone());
        Expectation { name, metric, what, expected, found, why, held, hint }
    }

    fn dropped(&self, link: Option<&str>, host: Option<&str>, packets: &CellIs) -> Finding {
        let rows = |fits: &dyn Fn(&LinkRow) -> bool| {
            let rows = self.record.tables.links.iter().filter(|row| fits(row));
            rows.map(LinkRow::dropped).sum()
        };
        let (what, found) = match (link, host) {
            (Some(link), _) => (format!("packets dropped by {link}"), Metric::Integer(rows(&|row| &*row.link == link))),
            (None, Some(host)) => (
                format!("packets dropped by the links of {host}"),
                Metric::Integer(rows(&|row| &*row.from == host || &*row.to == host)),
            ),
            (None, None) => {
                let found = self.metrics.get("network.dropped").copied();
                ("packets dropped".to_owned(), found.unwrap_or(Metric::Integer(0)))
            }
        };
        let held = packets.holds(&found.value().to_string());
        Finding { what, expected: rows::cell_words(packets), found: Ok(Found::Number(found)), held }
    }
}

/// What metrics of conduct count when no rule was used.
fn unused(metric: &str) -> Option<Metric> {
    metric.starts_with("conduct.").then_some(Metric::Integer(0))
}

fn compared(what: String, found: Result<Metric, String>, bounds: &Bounds) -> Finding {
    let held = found.as_ref().is_ok_and(|metric| bounds.hold(metric.value()));
    let mut expected = Vec::new();
    if let Some(want) = bounds.equals {
        let tolerance = if bounds.tolerance > 0.0 { format!(" ± {}", bounds.tolerance) } else { String::new() };
        expected.push(format!("equals {want}{tolerance}"));
    }
    expected.extend(bounds.at_least.map(|bound| format!("at least {bound}")));
    expected.extend(bounds.at_most.map(|bound| format!("at most {bound}")));
    Finding { what, expected: expected.join(" and "), found: found.map(Found::Number), held }
}

/// `a`, `a or b`, `a, b or c`.
fn any_of(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} or {last}", front.join(", ")),
    }
}

/// A duration as a scenario writes it.
fn duration(duration: SimDuration) -> String {
    duration.to_text()
}
