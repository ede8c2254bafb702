//! What a run leaves behind, from the empty folder to the last file: for `run` and for `serve`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::metrics::RunRecord;
use crate::report::{
    self, CaptureOptions, CaptureWriter, EventWriter, Expectation, Interfaces, OutputOptions, ReportError,
    ResultFolder, RunInfo, WindowOptions, WindowWriter, Written, scenario_hash,
};
use crate::scenario::build::directory;
use crate::scenario::resolved::{CaptureSpec, CwndSpec, ExpectSpec, Resolved, What};
use crate::sim::{Ended, Limit, Outcome};

use super::exit::CommandError;
use super::expect::{Grade, expectations};
use super::output::say;
use super::simulate::Finished;

/// Where result folders go when no other place is named.
pub(super) const RESULTS: &str = "results";

type Stream = BufWriter<File>;

/// The readers of the trace that write while a run goes on, as far as they are asked for.
pub(super) type Writers = ((Option<EventWriter<Stream>>, Option<CaptureWriter<Stream>>), Option<WindowWriter<Stream>>);

/// A result folder that is being filled.
pub(super) struct Recording {
    folder: ResultFolder,
    hash: String,
    resolved_json: String,
}

impl Recording {
    /// Begins the folder. `destination` gets the hash of what is run, when it is to name the folder.
    pub(super) fn begin(
        scenario: &Resolved,
        destination: impl FnOnce(&str) -> PathBuf,
    ) -> Result<(Self, Writers), CommandError> {
        let resolved_json = scenario.to_json_text();
        let hash = scenario_hash(&resolved_json);
        let mut folder = ResultFolder::begin(&destination(&hash)).map_err(report_error)?;
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
            Some(cwnd) => {
                let stream = folder.stream("tables/cwnd.csv").map_err(report_error)?;
                Some(WindowWriter::new(directory(scenario), window_options(cwnd), stream))
            }
            None => None,
        };
        Ok((Self { folder, hash, resolved_json }, ((events, capture), windows)))
    }

    /// Writes everything; the folder appears. A run that is not to be judged is not compared with what the
    /// scenario expects.
    pub(super) fn finish(
        self,
        scenario: &Resolved,
        mut finished: Finished<Writers>,
        (wall, judged): (Duration, bool),
    ) -> Result<Done, CommandError> {
        let Self { folder, hash, resolved_json } = self;
        let ((events, capture), windows) = finished.extra;
        if let Some(events) = events {
            events.finish().map_err(|error| CommandError::io(format!("events.jsonl: {error}")))?;
        }
        if let Some(capture) = capture {
            capture.finish().map_err(|error| CommandError::io(format!("capture.pcapng: {error}")))?;
        }
        if let Some(windows) = windows {
            windows.finish().map_err(|error| CommandError::io(format!("tables/cwnd.csv: {error}")))?;
            let looked_at = |spec: &ExpectSpec| matches!(&spec.what, What::Rows(_, table, ..) if table.name == "cwnd");
            if scenario.outputs.charts || scenario.expect.iter().any(looked_at) {
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
            // What was cut short by those who use a service was not to be compared.
            expectations: if judged { expectations(scenario, &finished.record) } else { Vec::new() },
        };
        let options = OutputOptions { transcripts: scenario.outputs.transcripts, charts: scenario.outputs.charts };
        let written = folder.finish(&info, &finished.record, options).map_err(report_error)?;
        Ok(Done { info, record: finished.record, outcome, written, busy: finished.busy })
    }
}

/// A run and its folder.
pub(super) struct Done {
    pub(super) info: RunInfo,
    pub(super) record: RunRecord,
    pub(super) outcome: Outcome,
    pub(super) written: Written,
    /// The hosts of a loop without delay, if one stopped the run.
    pub(super) busy: Vec<String>,
}

impl Done {
    /// Expectations that failed, and why the run was cut short.
    pub(super) fn say_what_went_wrong(&self) {
        say_missed(&self.info.expectations);
        if let Some(cut) = self.cut() {
            say(&cut);
        }
    }

    /// Why the run was cut short, if it was.
    pub(super) fn cut(&self) -> Option<String> {
        let (by, hint) = match self.outcome.ended {
            Ended::Idle | Ended::Until | Ended::Stopped => return None,
            Ended::Interrupted => ("an interrupt".to_owned(), String::new()),
            Ended::Limit(Limit::EventsPerInstant) => {
                let hosts = self.busy.join(", ");
                ("limits.events_per_instant".to_owned(), format!("; a loop without delay? its last events: {hosts}"))
            }
            Ended::Limit(limit) => (format!("limits.{limit}"), String::new()),
        };
        let end = self.outcome.end;
        Some(format!("stopped early at {end} s by {by}: the results are partial and marked so{hint}"))
    }
}

/// Says which expectations failed.
pub(super) fn say_missed(expectations: &[Expectation]) {
    for missed in expectations.iter().filter(|expectation| !expectation.held) {
        say(&format!("expectation failed: {}", missed.failure()));
        if !missed.hint.is_empty() {
            say(&format!("  hint: {}", missed.hint));
        }
    }
}

/// Whose windows are written.
pub(super) fn window_options(CwndSpec { hosts, ports }: &CwndSpec) -> WindowOptions {
    WindowOptions { hosts: hosts.clone(), ports: ports.clone() }
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
pub(super) fn default_folder(file: &Path, hash: &str) -> PathBuf {
    let name = file.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy());
    Path::new(RESULTS).join(format!("{name}-{}", &hash[..8]))
}

/// How a command ends when a result folder could not be written or read.
pub(super) fn report_error(error: ReportError) -> CommandError {
    CommandError::io(error.to_string())
}

fn ended(ended: Ended) -> report::Ended {
    match ended {
        Ended::Idle => report::Ended::Idle,
        Ended::Until => report::Ended::Until,
        Ended::Limit(limit) => report::Ended::Limit(limit.to_string()),
        Ended::Interrupted => report::Ended::Interrupted,
        Ended::Stopped => report::Ended::Stopped,
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

/// The summary with the place of the folder, the fingerprint and the reason of the end.
pub(super) fn json_summary(done: &Done, grade: Option<&Grade>) -> Result<String, CommandError> {
    let path = done.written.dir.join("summary.json");
    let summary: Value = serde_json::from_str(&read_text(&path)?)
        .map_err(|error| CommandError::io(format!("{}: {error}", path.display())))?;
    let mut summary = summary;
    summary["results"] = json!(done.written.dir.display().to_string());
    summary["fingerprint"] = json!(done.record.fingerprint.to_string());
    summary["ended"] = json!(done.outcome.ended.to_string());
    if let Some(grade) = grade {
        summary["grade"] = grade.json();
    }
    Ok(serde_json::to_string_pretty(&summary).expect("plain data") + "\n")
}

/// Reads a file of a result folder.
///
/// # Errors
/// The file cannot be read or is not text.
pub(super) fn read_text(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|error| CommandError::io(format!("{}: {error}", path.display())))
}
