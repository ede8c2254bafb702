//! `posthaste sweep plan`: what a plan comes to, and about how long that takes.

use serde_json::{Value, json};

use super::pilot::{Estimate, pilot};
use crate::cli::args::SweepPlanArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::load::load_error;
use crate::cli::output::{print, say, table};
use crate::scenario::notes;
use crate::sweep::plan::{TRIED_WELL, load_trying};
use crate::sweep::trials::Subject;
use crate::sweep::{Point, Study};

/// So many of the first points are listed, and so many of the last ones.
const FIRST: usize = 12;
const LAST: usize = 3;

/// Checks a plan, tries its scenario at many points, and tells what there is to run.
///
/// # Errors
/// The plan is invalid, or a point of it; or stdout cannot be written to.
pub(super) fn plan(args: &SweepPlanArgs) -> Result<Exit, CommandError> {
    let study = load_trying(&args.plan, TRIED_WELL).map_err(load_error)?;
    remark(&study);
    let estimate = if args.no_pilot { None } else { Some(pilot(&study)?) };
    let shards = estimate.as_ref().zip(args.target_minutes).map(|(estimate, minutes)| estimate.shards(&study, minutes));
    let minutes = args.target_minutes.filter(|_| estimate.is_none());
    if minutes.is_some() {
        return Err(CommandError::usage("--target-minutes wants to know how long runs take: leave out --no-pilot"));
    }
    if args.json {
        let told = as_json(&study, estimate.as_ref(), shards, args.all);
        print(&format!("{}\n", serde_json::to_string_pretty(&told).expect("plain data")))?;
    } else {
        print(&as_text(&study, estimate.as_ref(), shards.zip(args.target_minutes), args.all))?;
    }
    Ok(Exit::Done)
}

/// Says what is allowed and comes to nothing in the scenario of the first point.
fn remark(study: &Study) {
    let (Ok(subject), Some(point)) = (Subject::of(study), study.points.first()) else { return };
    if let Ok(scenario) = subject.resolve(point, study.replications.seed) {
        notes(&scenario).iter().for_each(|note| say(&format!("note, at the first point: {note}")));
    }
}

/// The points to list.
fn listed(study: &Study, all: bool) -> (&[Point], &[Point]) {
    let points = study.points.as_slice();
    if all || points.len() <= FIRST + LAST + 1 {
        return (points, &[]);
    }
    (&points[..FIRST], &points[points.len() - LAST..])
}

fn runs(study: &Study) -> (u64, u64) {
    let points = study.points.len() as u64;
    (points * u64::from(study.replications.min), points * u64::from(study.replications.max))
}

/// `10`, or `3 to 10`.
fn span<T: PartialEq + std::fmt::Display>(low: T, high: T) -> String {
    if low == high { low.to_string() } else { format!("{low} to {high}") }
}

/// Seconds as people say them.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.2} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

fn as_text(study: &Study, estimate: Option<&Estimate>, shards: Option<(u32, f64)>, all: bool) -> String {
    let mut out = String::new();
    if !study.title.is_empty() {
        out += &format!("{}\n\n", study.title);
    }
    let (least, most) = runs(study);
    let replications = span(study.replications.min, study.replications.max);
    let kept = match study.measures.len() {
        1 => "1 number of each run".to_owned(),
        count => format!("{count} numbers of each run"),
    };
    let mut rows = vec![
        vec!["scenario".to_owned(), study.scenario.display().to_string()],
        vec!["points".to_owned(), study.points.len().to_string()],
        vec!["replications".to_owned(), format!("{replications} at each point")],
        vec!["runs".to_owned(), span(least, most)],
        vec!["kept".to_owned(), kept],
    ];
    if let Some(warm_up) = &study.warm_up {
        let shared = if warm_up.shared { ", shared by points" } else { "" };
        rows.push(vec!["warm-up".to_owned(), format!("{}{shared}", warm_up.until.to_text())]);
    }
    if let Some(estimate) = estimate {
        let (low, high) = estimate.seconds(study);
        let (low, high) = (duration(low), duration(high));
        let pilots =
            format!("the first point took {}, the last one {}", duration(estimate.first), duration(estimate.last));
        rows.push(vec!["time".to_owned(), format!("about {} on one core ({pilots})", span(low, high))]);
    }
    if let Some((shards, minutes)) = shards {
        rows.push(vec!["shards".to_owned(), format!("{shards}, of about {minutes} min or less")]);
    }
    out += &table(&rows, 1);
    let (first, last) = listed(study, all);
    let head = std::iter::once("point".to_owned()).chain(study.parameters.iter().map(|one| one.name.clone())).collect();
    let mut rows: Vec<Vec<String>> = vec![head];
    let row = |point: &Point| {
        let values = point.values.iter().map(|amount| amount.text.clone());
        std::iter::once(point.index.to_string()).chain(values).collect::<Vec<_>>()
    };
    rows.extend(first.iter().map(row));
    if !last.is_empty() {
        rows.push(vec!["...".to_owned()]);
        rows.extend(last.iter().map(row));
    }
    out += &format!("\n{}", table(&rows, 0));
    if !last.is_empty() {
        out += &format!("\n{} points are not shown; --all lists them\n", study.points.len() - first.len() - last.len());
    }
    out
}

fn as_json(study: &Study, estimate: Option<&Estimate>, shards: Option<u32>, all: bool) -> Value {
    let (least, most) = runs(study);
    let (first, last) = listed(study, all);
    let point = |point: &Point| {
        let values = study.parameters.iter().zip(&point.values);
        let values: serde_json::Map<String, Value> = values
            .map(|(parameter, amount)| {
                (parameter.name.clone(), amount.number.map_or_else(|| json!(amount.text), |number| json!(number)))
            })
            .collect();
        json!({ "point": point.index, "values": values })
    };
    let seconds = estimate.map(|estimate| {
        let (low, high) = estimate.seconds(study);
        json!({ "first_point": estimate.first, "last_point": estimate.last, "min": low, "max": high })
    });
    json!({
        "name": study.name,
        "title": study.title,
        "scenario": study.scenario.display().to_string(),
        "parameters": study.parameters.iter().map(|one| json!({ "name": one.name, "unit": one.unit })).collect::<Vec<_>>(),
        "points": study.points.len(),
        "replications": { "min": study.replications.min, "max": study.replications.max },
        "runs": { "min": least, "max": most },
        "metrics": study.measures.iter().map(|measure| &measure.name).collect::<Vec<_>>(),
        "formulas": study.formulas.iter().map(|form| &form.name).collect::<Vec<_>>(),
        "seconds_on_one_core": seconds,
        "shards": shards,
        "listed": first.iter().chain(last).map(point).collect::<Vec<_>>(),
    })
}
