//! The folder of a study: what is in it, and `study.json`, which says of what it is the folder.
//!
//! Nothing in a folder that is not ours is touched. Records are never removed, so a folder may hold those of an earlier
//! state of its plan; `study.json` and the tables are those of the last one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::hash::digest;
use crate::report::{MODEL_VERSION, ReportError};

use super::charts::write_charts;
use super::pending::Pending;
use super::provenance::{PROVENANCE, Provenance};
use super::store::Store;
use super::study::{Numbers, StopRule, Study};
use super::tables::{Census, write_tables};
use super::trials::Subject;

const STUDY: &str = "study.json";

/// What may lie in a folder in which a study begins: what is to be given to an engine.
const SUBMITTED: &str = "submit";

/// The folder of a study.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    store: Store,
    /// What `study.json` says but for the results.
    about: Value,
}

impl Folder {
    /// Makes the folder of a study, or goes on with it. `plan_file` is how the plan was named.
    ///
    /// # Errors
    /// The system refuses, or something else is there. Nothing was changed then.
    pub fn begin(dir: &Path, subject: &Subject<'_>, plan_file: &Path) -> Result<Self, ReportError> {
        let in_the_way = |why: String| Err(ReportError::InTheWay { path: dir.to_owned(), why });
        let about = about(subject, plan_file);
        let before = match fs::symlink_metadata(dir.join(STUDY)) {
            Ok(_) => Some(Self::read(dir)?),
            Err(_) => None,
        };
        match &before {
            Some(before) if before["study"] != about["study"] => {
                return in_the_way(format!("it is the folder of the study {}", before["study"]));
            }
            Some(before) if of_another_plan(before, &about) => {
                return in_the_way(format!(
                    "it is the folder of the plan {}; name another by --out",
                    before["files"]["plan"]
                ));
            }
            None => {
                // Another shard may have begun the study just now: `study.json` is there before records are.
                if let Some(other) = stranger(dir).filter(|_| !dir.join(STUDY).exists()) {
                    return in_the_way(format!("it holds {other:?} and no {STUDY}, so it is no study's"));
                }
            }
            Some(_) => {}
        }
        fs::create_dir_all(dir).map_err(ReportError::io("create", dir))?;
        let folder = Self { dir: dir.to_owned(), store: Store::of(dir), about };
        // What was said of tables holds as long as the study is the same.
        let same = before.is_some_and(|mut before| {
            if let Some(before) = before.as_object_mut() {
                before.remove("results");
            }
            before == folder.about
        });
        if !same {
            folder.write(None)?;
        }
        Ok(folder)
    }

    /// What `study.json` of a folder says.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn read(dir: &Path) -> Result<Value, ReportError> {
        let path = dir.join(STUDY);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::InvalidData => String::new(),
            Err(source) => return Err(ReportError::Io { doing: "read", path, source }),
        };
        let damaged = |line: usize, what: &str| {
            let what = format!("{what}; move this file away to have it written anew: the records are kept");
            Err(ReportError::damaged(&path, line as u64, what))
        };
        match serde_json::from_str::<Value>(&text) {
            Ok(value) if value["posthaste"].is_string() && value["study"].is_string() => Ok(value),
            Ok(_) => damaged(1, "it is no description of a study"),
            Err(error) => damaged(error.line().max(1), "it is damaged"),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its records.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Writes the tables and charts of what is there, and says in `study.json` whether that is all.
    ///
    /// # Errors
    /// The system refuses.
    pub fn conclude(&self, subject: &Subject<'_>) -> Result<Census, ReportError> {
        let census = write_tables(subject, &self.dir, &self.store)?;
        write_charts(subject, &self.dir, &self.store)?;
        self.write(Some(&census))?;
        if census.whole() {
            self.store.tidy();
        }
        Ok(census)
    }

    fn write(&self, census: Option<&Census>) -> Result<(), ReportError> {
        let mut about = self.about.clone();
        if let Some(census) = census {
            about["results"] = census.to_json();
        }
        let text = serde_json::to_string_pretty(&about).expect("plain data") + "\n";
        Pending::write(self.dir.join(STUDY), &text)
    }
}

/// Something in a folder that no study put there before it began.
fn stranger(dir: &Path) -> Option<String> {
    let names = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name != SUBMITTED && !name.starts_with('.')).min()
}

/// Whether a folder's study has a plan of the same name elsewhere, about another scenario.
fn of_another_plan(before: &Value, now: &Value) -> bool {
    let file = |about: &Value| about["files"]["plan"].as_str().and_then(|path| fs::canonicalize(path).ok());
    let elsewhere = file(before).zip(file(now)).is_some_and(|(before, now)| before != now);
    elsewhere && before["hashes"]["plan"] != now["hashes"]["plan"]
}

/// What is known of a study before it runs.
fn about(subject: &Subject<'_>, plan_file: &Path) -> Value {
    let study = subject.study;
    let Provenance { version, commit, dirty, compiler, target, profile } = PROVENANCE;
    let asked = &study.replications;
    let stop = asked.stop.as_ref().map(|StopRule { measures, relative, absolute }| {
        json!({ "measures": measures, "relative": relative, "absolute": absolute })
    });
    let named = |(name, unit): (&String, &String)| json!({ "name": name, "unit": unit });
    let warm_up = study.warm_up.as_ref();
    json!({
        "posthaste": version,
        "program": { "commit": commit, "dirty": dirty, "compiler": compiler, "target": target, "profile": profile },
        "model": MODEL_VERSION,
        "study": study.name,
        "title": study.title,
        "description": study.description,
        "files": { "plan": plan_file.display().to_string(), "scenario": study.scenario.display().to_string() },
        "hashes": {
            "plan": digest(study.plan.to_string().as_bytes()).to_string(),
            "scenario": digest(subject.scenario_bytes()).to_string(),
        },
        "points": study.points.len(),
        "parameters": study.parameters.iter().map(|one| named((&one.name, &one.unit))).collect::<Vec<_>>(),
        "measures": study.measures.iter().map(|one| named((&one.name, &one.unit))).collect::<Vec<_>>(),
        "replications": {
            "min": asked.min,
            "max": asked.max,
            "numbers": numbers(asked.numbers),
            "seed": asked.seed,
            "stop": stop,
        },
        "warm_up": warm_up.map(|one| json!({ "until": one.until.to_text(), "shared": one.shared })),
        "level": study.level,
        "method": method(study),
        "plan": study.plan,
    })
}

const fn numbers(numbers: Numbers) -> &'static str {
    match numbers {
        Numbers::Common => "common",
        Numbers::Independent => "independent",
    }
}

fn method(study: &Study) -> &'static str {
    match study.replications.numbers {
        Numbers::Common => {
            "Student's intervals over independent replications; differences are paired on common random numbers, and \
             hold together (Bonferroni)"
        }
        Numbers::Independent => {
            "Student's intervals over independent replications; differences are Welch's, and hold together (Bonferroni)"
        }
    }
}
