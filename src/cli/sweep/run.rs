//! `posthaste sweep run`: runs what is missing of a study, and writes its tables.
//!
//! A part of a study (`--shard`, `--only`) leaves records alone: tables of a part would say less than they seem to.
//! `sweep merge` makes them when all parts are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::laboratory::SimulationLaboratory;
use super::load_plan;
use super::progress::Progress;
use crate::cli::args::SweepRunArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::load::load_error;
use crate::cli::output::{print, say};
use crate::cli::recording::{RESULTS, report_error};
use crate::cli::watch::{also_by_sigterm, interrupts};
use crate::sweep::tables::Census;
use crate::sweep::trials::Subject;
use crate::sweep::{Folder, RunError, RunOptions, Shard, Study, Tally, run as run_study};

/// So many comparisons are told.
const VERDICTS: usize = 12;

/// Runs the study, or a part of it.
///
/// # Errors
/// The plan is invalid, something else is in the way of its folder, or a file cannot be written.
pub(super) fn run(args: &SweepRunArgs) -> Result<Exit, CommandError> {
    let study = load_plan(&args.plan)?;
    let subject = Subject::of(&study).map_err(load_error)?;
    let points = chosen(&subject, args)?;
    let dir = folder_of(&study, args.out.as_deref());
    let folder = Folder::begin(&dir, &subject, &args.plan).map_err(report_error)?;
    if !args.quiet {
        whole_runs(&study);
    }
    let interrupted = interrupts();
    also_by_sigterm(&interrupted);
    let laboratory = SimulationLaboratory::new(Arc::clone(&interrupted));
    let progress = Progress::begin(&study, points.len(), args.quiet, interrupted);
    let jobs = args.jobs.map_or_else(cores, |jobs| jobs as usize);
    let options = RunOptions { jobs, retry_failed: args.retry_failed };
    let tally = run_study(&subject, &points, (folder.store(), &laboratory, &progress), &options);
    progress.end();
    let tally = tally.map_err(run_error)?;
    if !args.quiet {
        print(&told(&study, &tally, &dir))?;
    }
    if tally.missed > 0 && !args.quiet {
        say(&format!("expectations of the scenario did not hold in {} runs", tally.missed));
    }
    if tally.stopped {
        say("stopped: what was finished is kept, and the same command goes on from there");
        return Ok(Exit::Interrupted);
    }
    if points.len() == study.points.len() {
        let census = in_threads(jobs, || folder.conclude(&subject))?.map_err(report_error)?;
        if !args.quiet {
            print(&verdicts(&census))?;
        }
        return Ok(exit_of(&census));
    }
    if tally.complete() { Ok(Exit::Done) } else { Ok(Exit::Incomplete) }
}

/// Says which measures count what happens in the warm-up.
fn whole_runs(study: &Study) {
    let whole = study.measures.iter().filter(|measure| !measure.minds_warm_up());
    let names: Vec<&str> = whole.map(|measure| measure.name.as_str()).collect();
    if study.warm_up.is_some() && !names.is_empty() {
        let names = names.join(", ");
        say(&format!("of the whole run, its warm-up included: {names} (only rows of tables know when they began)"));
    }
}

/// The points that are asked for, in the order of the study.
fn chosen(subject: &Subject<'_>, args: &SweepRunArgs) -> Result<Vec<usize>, CommandError> {
    let count = subject.study.points.len();
    let shard = args.shard.unwrap_or(Shard::ALL);
    if args.only.is_empty() {
        return Ok((0..count).filter(|point| shard.holds(*point)).collect());
    }
    let mut chosen = BTreeSet::new();
    for only in &args.only {
        let found = match only.parse::<usize>() {
            Ok(point) if point < count => Some(point),
            Ok(_) => None,
            // The name of a record, or its beginning.
            Err(_) => subject.study.points.iter().find(|point| subject.has(point, only)).map(|point| point.index),
        };
        let none = || format!("--only {only}: the study has {count} points, counted from 0, and no such record");
        chosen.insert(found.ok_or_else(|| CommandError::usage(none()))?);
    }
    Ok(chosen.into_iter().collect())
}

/// What came out of the plan's comparisons.
pub(super) fn verdicts(census: &Census) -> String {
    let lines = census.verdicts.iter().take(VERDICTS).map(|line| format!("{line}\n"));
    let more = census.verdicts.len() > VERDICTS;
    lines.chain(more.then(|| "more in tables/comparisons.csv\n".to_owned())).collect()
}

/// Where a study's results are: there, or in `results/NAME`.
pub(super) fn folder_of(study: &Study, out: Option<&Path>) -> PathBuf {
    out.map_or_else(|| Path::new(RESULTS).join(&study.name), Path::to_owned)
}

/// What a command ends with after it made tables.
pub(super) const fn exit_of(census: &Census) -> Exit {
    if census.whole() { Exit::Done } else { Exit::Incomplete }
}

/// As many runs at a time as the computer lets this process make.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does something on so many threads.
pub(super) fn in_threads<T: Send>(jobs: usize, act: impl FnOnce() -> T + Send) -> Result<T, CommandError> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let threads = threads.map_err(|error| CommandError::io(format!("cannot start {jobs} threads: {error}")))?;
    Ok(threads.install(act))
}

fn run_error(error: RunError) -> CommandError {
    CommandError::io(error.to_string())
}

fn told(study: &Study, tally: &Tally, dir: &Path) -> String {
    let Tally { points, invalid, kept, made, shared, failed, .. } = tally;
    let of = if *points == study.points.len() as u64 { String::new() } else { format!(" of {}", study.points.len()) };
    let invalid = if *invalid > 0 { format!(", {invalid} invalid") } else { String::new() };
    let warm = if *shared > 0 { format!(" ({shared} from shared warm-ups)") } else { String::new() };
    format!(
        "{:<12} {}\n{:<12} {points}{of}{invalid}\n{:<12} {made} made{warm}, {kept} kept, {failed} failed\n{:<12} {}\n",
        "study",
        study.name,
        "points",
        "runs",
        "results",
        dir.display()
    )
}
