//! Compares what a run left with what is expected of it, by its scenario or by a key that grades it.
//!
//! What is not there is never taken for a number: an expectation about it fails and says so.

mod grade;
mod message;
mod rows;
mod said;

use std::collections::BTreeMap;

use crate::base::{SimDuration, SimTime};
use crate::metrics::{LinkRow, Metric, RunRecord};
use crate::report::{Expectation, Found};
use crate::scenario::resolved::{Bounds, CellIs, ExpectSpec, Resolved, What};
use crate::sweep::Measure;

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

/// What a study wants to know of a run: the measures that have a value, by name, and the expectations that did not
/// hold. Rows of tables whose beginning is before `since` do not count for measures; `windows` is the table of windows,
/// where it was written.
pub(super) fn examine(
    scenario: &Resolved,
    (record, windows): (&RunRecord, Option<Vec<u8>>),
    measures: &[Measure],
    since: SimTime,
) -> (BTreeMap<String, Metric>, Vec<String>) {
    let tables = windows.into_iter().map(|windows| ("cwnd", Some(windows))).collect();
    let mut results = Results { record, metrics: record.metrics(), tables };
    let value = |measure: &Measure| Some((measure.name.clone(), results.measure(&measure.what, since)?));
    let values = measures.iter().filter_map(value).collect();
    let judged = scenario.expect.iter().map(|spec| results.judge(spec));
    (values, judged.filter(|one| !one.held).map(|one| one.failure()).collect())
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
                compared(name.clone(), self.metric(name), bounds)
            }
            What::Rows(fold, table, tests, bounds) => {
                let what = rows::words(*fold, table, tests);
                compared(what, self.fold(*fold, table, tests, SimTime::ZERO), bounds)
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

    fn metric(&self, name: &str) -> Result<Metric, String> {
        let found = self.metrics.get(name).copied().or_else(|| unused(name));
        found.ok_or_else(|| "no value".to_owned())
    }

    fn dropped(&self, link: Option<&str>, host: Option<&str>, packets: &CellIs) -> Finding {
        let what = match (link, host) {
            (Some(link), _) => format!("packets dropped by {link}"),
            (None, Some(host)) => format!("packets dropped by the links of {host}"),
            (None, None) => "packets dropped".to_owned(),
        };
        let found = self.packets_dropped(link, host);
        let held = packets.holds(&found.value().to_string());
        Finding { what, expected: rows::cell_words(packets), found: Ok(Found::Number(found)), held }
    }

    fn packets_dropped(&self, link: Option<&str>, host: Option<&str>) -> Metric {
        let rows = |fits: &dyn Fn(&LinkRow) -> bool| {
            let rows = self.record.tables.links.iter().filter(|row| fits(row));
            Metric::Integer(rows.map(LinkRow::dropped).sum())
        };
        match (link, host) {
            (Some(link), _) => rows(&|row| &*row.link == link),
            (None, Some(host)) => rows(&|row| &*row.from == host || &*row.to == host),
            (None, None) => self.metrics.get("network.dropped").copied().unwrap_or(Metric::Integer(0)),
        }
    }

    /// The number that is looked at; of what is no number, 1 if it holds and 0 if not. None where there is nothing.
    fn measure(&mut self, what: &What, since: SimTime) -> Option<Metric> {
        let whether = |finding: Finding| Some(Metric::Integer(u64::from(finding.held)));
        match what {
            What::Metric(name, _) => self.metric(name).ok(),
            What::Rows(fold, table, tests, _) => self.fold(*fold, table, tests, since).ok(),
            What::Message(expect) => whether(message::judge(expect, &self.record.tables)),
            What::Dropped { link, host, .. } => Some(self.packets_dropped(link.as_deref(), host.as_deref())),
            What::Transcript(expect) => whether(said::judge(expect, self.record)),
        }
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
