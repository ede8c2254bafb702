//! `posthaste run`: simulates a scenario and writes its result folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::hash::digest;
use crate::metrics::{RecorderOptions, RunRecord};
use crate::report::{
    self, CaptureOptions, CaptureWriter, EventWriter, Interfaces, MODEL_VERSION, OutputOptions, ReportError,
    ResultFolder, RunInfo, WindowOptions, WindowWriter, Written,
};
use crate::scenario::build::directory;
use crate::scenario::resolved::{CaptureSpec, CwndSpec, Resolved};
use crate::sim::{Ended, Limit, Outcome};

use super::args::{Overrides, RunArgs};
use super::exit::{CommandError, Exit};
use super::load::load;
use super::output::{print, say};
use super::simulate::{exit_of, expectations, simulate_watched};
use super::target::RESULTS;

/// Runs the scenario, writes the folder and prints the summary.
///
/// # Errors
/// The scenario is invalid, a file cannot be written, or a bug came to light.
pub(super) fn run(args: &RunArgs) -> Result<Exit, CommandError> {
    let scenario = load(&args.file, &args.overrides)?;
    let done = run_scenario(&args.file, &scenario, args.out.as_deref(), args.quiet || args.json)?;
    if args.json {
        print(&json_summary(&done)?)?;
    } else if !args.quiet {
        let left_out = match done.written.transcripts_left_out {
            0 => String::new(),
            count => format!(" ({count} transcripts left out)"),
        };
        let summary = report::summary_text(&done.info, &done.record);
        print(&format!("{summary}{:<12} {}{left_out}\n", "results", done.written.dir.display()))?;
    }
    done.say_what_went_wrong();
    Ok(exit_of(done.outcome.ended, &done.info.expectations))
}

/// Runs a scenario file into its usual result folder, for a command that wants to read it.
///
/// # Errors
/// As [`run`].
pub(super) fn run_quietly(file: &Path) -> Result<PathBuf, CommandError> {
    let scenario = load(file, &Overrides::default())?;
    let done = run_scenario(file, &scenario, None, false)?;
    done.say_what_went_wrong();
    Ok(done.written.dir)
}

/// A run and its folder.
struct Done {
    info: RunInfo,
    record: RunRecord,
    outcome: Outcome,
    written: Written,
    /// The hosts of a loop without delay, if one stopped the run.
    busy: Vec<String>,
}

impl Done {
    /// Expectations that failed, and why the run was cut short.
    fn say_what_went_wrong(&self) {
        for missed in self.info.expectations.iter().filter(|expectation| !expectation.held) {
            let found = missed.found.map_or_else(|| "no value".to_owned(), |metric| metric.to_string());
            say(&format!("expectation failed: {} {}, but found {found}", missed.metric, missed.expected));
        }
        let (by, hint) = match self.outcome.ended {
            Ended::Idle | Ended::Until => return,
            Ended::Interrupted => ("an interrupt".to_owned(), String::new()),
            Ended::Limit(Limit::EventsPerInstant) => {
                let hosts = self.busy.join(", ");
                ("limits.events_per_instant".to_owned(), format!("; a loop without delay? its last events: {hosts}"))
            }
            Ended::Limit(limit) => (format!("limits.{limit}"), String::new()),
        };
        say(&format!("stopped early at {} s by {by}: the results are partial and marked so{hint}", self.outcome.end));
    }
}

fn run_scenario(file: &Path, scenario: &Resolved, out: Option<&Path>, quiet: bool) -> Result<Done, CommandError> {
    let resolved_json = scenario.to_json_text();
    let hash = digest(format!("{resolved_json}model {MODEL_VERSION}").as_bytes()).to_string();
    let destination = out.map_or_else(|| default_folder(file, &hash), Path::to_owned);
    let mut folder = ResultFolder::begin(&destination).map_err(report_error)?;
    let events = match scenario.outputs.events {
        true => {
            let stream = folder.stream("events.jsonl").map_err(report_error)?;
            Some(EventWriter::new(directory(scenario), stream))
        }
        false => None,
    };
    let capture = match &scenario.outputs.capture {
        Some(capture) => {
            let stream = folder.stream("capture.pcapng").map_err(report_error)?;
            Some(CaptureWriter::new(directory(scenario), capture_options(capture), stream))
        }
        None => None,
    };
    let windows = match &scenario.outputs.cwnd {
        Some(CwndSpec { hosts, ports }) => {
            let stream = folder.stream("tables/cwnd.csv").map_err(report_error)?;
            let options = WindowOptions { hosts: hosts.clone(), ports: ports.clone() };
            Some(WindowWriter::new(directory(scenario), options, stream))
        }
        None => None,
    };
    let extra = ((events, capture), windows);
    let (mut finished, wall) = simulate_watched(scenario, RecorderOptions::default(), extra, quiet)?;
    let ((events, capture), windows) = finished.extra;
    if let Some(events) = events {
        events.finish().map_err(|error| CommandError::io(format!("events.jsonl: {error}")))?;
    }
    if let Some(capture) = capture {
        capture.finish().map_err(|error| CommandError::io(format!("capture.pcapng: {error}")))?;
    }
    if let Some(windows) = windows {
        windows.finish().map_err(|error| CommandError::io(format!("tables/cwnd.csv: {error}")))?;
        if scenario.outputs.charts {
            finished.record.tables.cwnd = Some(folder.windows().map_err(report_error)?);
        }
    }
    let outcome = finished.outcome;
    let info = RunInfo {
        title: scenario.title.clone(),
        seed: scenario.run.seed,
        scenario_hash: hash,
        events: outcome.events,
        event_kinds: outcome.kinds.counts().collect(),
        ties: outcome.ties,
        ended: ended(outcome.ended),
        resolved_json,
        timing: timing(wall, outcome.events),
        expectations: expectations(scenario, &finished.record),
    };
    let options = OutputOptions { transcripts: scenario.outputs.transcripts, charts: scenario.outputs.charts };
    let written = folder.finish(&info, &finished.record, options).map_err(report_error)?;
    Ok(Done { info, record: finished.record, outcome, written, busy: finished.busy })
}

fn capture_options(spec: &CaptureSpec) -> CaptureOptions {
    CaptureOptions {
        interfaces: if spec.by_link { Interfaces::Links } else { Interfaces::Hosts },
        hosts: spec.hosts.clone(),
        ports: spec.ports.clone(),
        from: spec.from,
        until: spec.until,
    }
}

/// `results/NAME-HASH8`, in the working folder.
fn default_folder(file: &Path, hash: &str) -> PathBuf {
    let name = file.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy());
    Path::new(RESULTS).join(format!("{name}-{}", &hash[..8]))
}

fn report_error(error: ReportError) -> CommandError {
    CommandError::io(error.to_string())
}

fn ended(ended: Ended) -> report::Ended {
    match ended {
        Ended::Idle => report::Ended::Idle,
        Ended::Until => report::Ended::Until,
        Ended::Limit(limit) => report::Ended::Limit(limit.to_string()),
        Ended::Interrupted => report::Ended::Interrupted,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for reading")]
fn timing(wall: Duration, events: u64) -> BTreeMap<String, Value> {
    let seconds = wall.as_secs_f64();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rate = if seconds > 0.0 { (events as f64 / seconds).round() } else { 0.0 };
    let entries = [("wall_s", json!(seconds)), ("events_per_s", json!(rate)), ("cores", json!(cores))];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn json_summary(done: &Done) -> Result<String, CommandError> {
    let path = done.written.dir.join("summary.json");
    let summary: Value = serde_json::from_str(&super::target::read_text(&path)?)
        .map_err(|error| CommandError::io(format!("{}: {error}", path.display())))?;
    let mut summary = summary;
    summary["results"] = json!(done.written.dir.display().to_string());
    summary["fingerprint"] = json!(done.record.fingerprint.to_string());
    summary["ended"] = json!(done.outcome.ended.to_string());
    Ok(serde_json::to_string_pretty(&summary).expect("plain data") + "\n")
}
