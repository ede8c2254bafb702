//! Studies: how much faster two threads are than one, what a point costs beside its simulation, and whether memory
//! grows with the number of points.
//!
//! `cargo bench --bench sweep` prints lines of `key=value` figures; add `-- --quick` for a short run. `speedup` is the
//! time of one thread divided by that of two in the same run, on a computer with nothing else to do. Overhead is the
//! time of a study whose runs do nothing: resolving, hashing, writing and syncing a record (`made_ms`), finding it again
//! (`kept_ms`), making tables (`table_ms`). `grown` is what memory reached above what the study's own list of points
//! takes; `bytes_per_point` is by how much more that is in the largest study than in the smallest.

#![expect(clippy::disallowed_types, reason = "threads are compared by the wall clock")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use posthaste::cli::measure::resident;
use posthaste::cli::sweep::laboratory::SimulationLaboratory;
use posthaste::scenario::Resolved;
use posthaste::scenario::resolved::{Bounds, What};
use posthaste::sweep::trials::Subject;
use posthaste::sweep::{
    Amount, Failure, Folder, Laboratory, Measure, Measured, News, Numbers, Parameter, Point, Replications, RunOptions,
    Study, WarmUp, Watcher, run,
};
use serde_json::json;

/// Looks at the memory now and then, and never stops anything.
#[derive(Default)]
struct Gauge {
    told: AtomicU64,
    peak: AtomicU64,
}

impl Watcher for Gauge {
    fn tell(&self, _: News<'_>) {
        if self.told.fetch_add(1, Ordering::Relaxed).is_multiple_of(128) {
            self.peak.fetch_max(resident().unwrap_or(0), Ordering::Relaxed);
        }
    }

    fn stopped(&self) -> bool {
        false
    }
}

/// Simulates nothing.
struct Idle;

impl Laboratory for Idle {
    fn run(&self, scenario: &Resolved, _: &[Measure], _: Option<&WarmUp>) -> Result<Measured, Failure> {
        let fingerprint = format!("{:032x}", scenario.run.seed);
        Ok(Measured { values: BTreeMap::new(), fingerprint, events: 0, missed: Vec::new() })
    }
}

/// A study of the loss of a link, with so many points and messages a run.
fn study(dir: &Path, points: usize, messages: u32) -> Study {
    let scenario = dir.join("scenario.json");
    let text = json!({
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "workload": [{ "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "every": "10s", "times": messages }],
        "run": { "until": "1d" }
    });
    fs::write(&scenario, text.to_string()).expect("a temporary folder can be written to");
    let point = |index: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a share of few points")]
        let loss = index as f64 / (10 * points) as f64;
        Point {
            index,
            values: vec![Amount { text: loss.to_string(), number: Some(loss) }],
            settings: vec![("/network/backbone/loss".to_owned(), json!(loss))],
        }
    };
    let metric = "latency.mean_s".to_owned();
    Study {
        name: "bench".to_owned(),
        title: String::new(),
        description: String::new(),
        plan: json!({}),
        scenario,
        parameters: vec![Parameter { name: "loss".to_owned(), unit: String::new(), numeric: true }],
        points: (0..points).map(point).collect(),
        replications: Replications { min: 1, max: 1, numbers: Numbers::Common, seed: 1, stop: None },
        measures: vec![Measure {
            name: metric.clone(),
            unit: "s".to_owned(),
            what: What::Metric(metric, Bounds::default()),
        }],
        formulas: Vec::new(),
        warm_up: None,
        comparisons: Vec::new(),
        charts: Vec::new(),
        level: 0.95,
    }
}

/// Seconds that a study takes in a folder.
fn seconds<L: Laboratory>(study: &Study, out: &Path, laboratory: &L, gauge: &Gauge, jobs: usize) -> f64 {
    let subject = Subject::of(study).expect("the scenario can be read");
    let folder = Folder::begin(out, &subject, Path::new("bench.json")).expect("the folder is ours");
    let points: Vec<usize> = (0..study.points.len()).collect();
    let begun = Instant::now();
    let options = RunOptions { jobs, retry_failed: false };
    let tally = run(&subject, &points, (folder.store(), laboratory, gauge), &options).expect("records can be written");
    assert!(tally.complete(), "every point is valid");
    begun.elapsed().as_secs_f64()
}

fn speedup(points: usize, messages: u32) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let study = study(dir.path(), points, messages);
    let laboratory = SimulationLaboratory::new(Arc::new(AtomicBool::new(false)));
    let least = |jobs: usize| {
        let run = |round: u32| {
            seconds(&study, &dir.path().join(format!("{jobs}-{round}")), &laboratory, &Gauge::default(), jobs)
        };
        (0..2).map(run).fold(f64::INFINITY, f64::min)
    };
    let (one, two) = (least(1), least(2));
    println!("bench=speedup points={points} one_s={one:.3} two_s={two:.3} speedup={:.2}", one / two);
}

/// The memory reached above the study itself, in bytes.
#[expect(clippy::cast_precision_loss, reason = "a measurement may round")]
fn overhead(points: usize) -> u64 {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let study = study(dir.path(), points, 1);
    let out = dir.path().join("out");
    let gauge = Gauge::default();
    let before = resident().unwrap_or(0);
    let each = |seconds: f64| seconds * 1e3 / points as f64;
    let made = each(seconds(&study, &out, &Idle, &gauge, 1));
    let kept = each(seconds(&study, &out, &Idle, &gauge, 1));
    let subject = Subject::of(&study).expect("the scenario can be read");
    let folder = Folder::begin(&out, &subject, Path::new("bench.json")).expect("the folder is ours");
    let begun = Instant::now();
    assert!(folder.conclude(&subject).expect("tables can be written").whole(), "every point is there");
    let tables = each(begun.elapsed().as_secs_f64());
    let peak = gauge.peak.into_inner().max(resident().unwrap_or(0));
    let grown = peak.saturating_sub(before);
    println!(
        "bench=overhead points={points} made_ms={made:.3} kept_ms={kept:.3} table_ms={tables:.3} resident={before} \
         peak={peak} grown={grown}"
    );
    grown
}

#[expect(clippy::cast_precision_loss, reason = "a measurement may round")]
fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    // `--points N` looks at the memory of a study of that size alone.
    let mut args = std::env::args().skip_while(|arg| arg != "--points").skip(1);
    if let Some(points) = args.next().and_then(|points| points.parse().ok()) {
        overhead(points);
        return;
    }
    let (points, messages, many) = if quick { (40, 20, 5_000) } else { (200, 200, 100_000) };
    speedup(points, messages);
    let few = overhead(1_000);
    let all = overhead(many);
    let each = all.saturating_sub(few) as f64 / (many - 1_000) as f64;
    println!("bench=memory points={many} than=1000 few={few} many={all} bytes_per_point={each:.1}");
}
