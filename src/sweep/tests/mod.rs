//! Studies in a laboratory that simulates nothing: what is run, kept, found again, and made into tables.

mod keeping;
mod tabling;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::base::hash::hash64;
use crate::metrics::Metric;
use crate::scenario::Resolved;
use crate::scenario::resolved::{Bounds, What};
use crate::sweep::store::Store;
use crate::sweep::tables::Census;
use crate::sweep::trials::Subject;

/// What a run gives is made of its seed and of what its point sets.
#[derive(Default)]
struct Fake {
    runs: AtomicU64,
    /// A run of a scenario with this loss fails.
    fails_at: Option<f64>,
    /// After so many runs somebody stops it.
    stops_after: Option<u64>,
    stopped: AtomicBool,
    told: Mutex<Vec<String>>,
}

impl Fake {
    fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

impl Laboratory for Fake {
    fn run(&self, scenario: &Resolved, measures: &[Measure], _: Option<&WarmUp>) -> Result<Measured, Failure> {
        let before = self.runs.fetch_add(1, Ordering::Relaxed);
        if self.stops_after.is_some_and(|most| before >= most) {
            self.stopped.store(true, Ordering::Relaxed);
            return Err(Failure::Interrupted);
        }
        let loss = scenario.to_json()["network"]["backbone"]["loss"].as_f64().unwrap_or(0.0);
        if self.fails_at == Some(loss) {
            return Err(Failure::Limit("limits.events was reached at 3 s".to_owned()));
        }
        let chance = (hash64(scenario.run.seed, b"") % 1000) as f64 / 1000.0;
        let value = |measure: &Measure| match &*measure.name {
            "late_s" => Some((measure.name.clone(), Metric::Float(10.0 + 100.0 * loss + chance))),
            "count" => Some((measure.name.clone(), Metric::Integer(7))),
            _ => None,
        };
        let values: BTreeMap<String, Metric> = measures.iter().filter_map(value).collect();
        let missed = if loss > 0.3 { vec!["bob has it, but found \"nothing\"".to_owned()] } else { Vec::new() };
        Ok(Measured { values, fingerprint: format!("{:032x}", scenario.run.seed), events: 5, missed })
    }
}

impl Watcher for Fake {
    fn tell(&self, news: News<'_>) {
        let text = match news {
            News::Kept | News::Made | News::Point(_) => return,
            News::Failed(trial, failure) => format!("point {} {}", trial.point, failure.text()),
            News::Damaged(_, why) => why,
            News::Invalid(point, why) => format!("point {point} {why}"),
        };
        self.told.lock().unwrap().push(text);
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// A study of the loss of a link, and where it is.
struct Bed {
    dir: TempDir,
    study: Study,
}

impl Bed {
    fn new(losses: &[f64], replications: u32) -> Self {
        let dir = TempDir::new().unwrap();
        let scenario = dir.path().join("scenario.json");
        let mail = json!({ "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } });
        let work = json!([{ "at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu" }]);
        fs::write(&scenario, json!({ "mail": mail, "workload": work }).to_string()).unwrap();
        let study = study(scenario, losses, replications);
        Self { dir, study }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs these points on so many threads.
    fn run(&self, out: &Path, fake: &Fake, points: &[usize], options: &RunOptions) -> Tally {
        let subject = Subject::of(&self.study).unwrap();
        let folder = Folder::begin(out, &subject, Path::new("plan.json")).unwrap();
        run(&subject, points, (folder.store(), fake, fake), options).unwrap()
    }

    fn run_all(&self, out: &Path, fake: &Fake) -> Tally {
        let points: Vec<usize> = (0..self.study.points.len()).collect();
        self.run(out, fake, &points, &jobs(2))
    }

    fn tables(&self, out: &Path) -> Census {
        let subject = Subject::of(&self.study).unwrap();
        Folder::begin(out, &subject, Path::new("plan.json")).unwrap().conclude(&subject).unwrap()
    }
}

fn jobs(jobs: usize) -> RunOptions {
    RunOptions { jobs, retry_failed: false }
}

fn study(scenario: PathBuf, losses: &[f64], replications: u32) -> Study {
    let measure = |name: &str, unit: &str| Measure {
        name: name.to_owned(),
        unit: unit.to_owned(),
        what: What::Metric(name.to_owned(), Bounds::default()),
    };
    Study {
        name: "loss".to_owned(),
        title: String::new(),
        description: String::new(),
        plan: json!({}),
        scenario,
        parameters: vec![Parameter { name: "loss".to_owned(), unit: String::new(), numeric: true }],
        points: points(losses),
        replications: Replications {
            min: replications,
            max: replications,
            numbers: Numbers::Common,
            seed: 1,
            stop: None,
        },
        measures: vec![measure("late_s", "s"), measure("count", ""), measure("nothing", "")],
        formulas: Vec::new(),
        warm_up: None,
        comparisons: Vec::new(),
        charts: Vec::new(),
        level: 0.95,
    }
}

fn points(losses: &[f64]) -> Vec<Point> {
    let point = |(index, loss): (usize, &f64)| Point {
        index,
        values: vec![Amount { text: loss.to_string(), number: Some(*loss) }],
        settings: vec![("/network/backbone/loss".to_owned(), json!(loss))],
    };
    losses.iter().enumerate().map(point).collect()
}

/// The texts of all tables, by name.
fn read_tables(out: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(out.join("tables")).unwrap().map(|entry| entry.unwrap().path());
    let csv = entries.filter(|path| path.extension().is_some_and(|ending| ending == "csv"));
    csv.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The Parquet files of all tables, by name; there are some with the feature `parquet`.
fn parquet_files(out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(out.join("tables")).unwrap().map(|entry| entry.unwrap().path());
    let columnar = entries.filter(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    let files = columnar.map(|path| (path.strip_prefix(out).unwrap().to_owned(), fs::read(path).unwrap()));
    let files: BTreeMap<_, _> = files.collect();
    assert_eq!(files.len(), if cfg!(feature = "parquet") { tables::STUDY_TABLES.len() } else { 0 });
    files
}

/// The files of all records.
fn records(out: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(out.join("records")).into_iter().flatten();
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}
