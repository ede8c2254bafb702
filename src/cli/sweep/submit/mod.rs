//! `posthaste sweep submit`: gives the shards of a study to an engine that has many computers.
//!
//! An engine is told to run `posthaste sweep run PLAN --shard K/N --out DIR` for each K, and `sweep merge` after them. All
//! that it must know stands in the templates beside this file and in `notebooks/sweep_dask.py`; they are filled in and
//! written into the folder of the study, to be read, changed and used again. What a site wants besides (partition, account)
//! is left to what Slurm itself reads: that file, `SBATCH_PARTITION` and its like, the options of `sbatch`.

mod quote;

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Output};

use self::quote::{fill, for_sbatch, for_shell};
use super::load_plan;
use super::pilot::pilot;
use super::run::folder_of;
use crate::cli::args::{SweepEngine, SweepSubmitArgs};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::load::load_error;
use crate::cli::output::{print, say, write_text};
use crate::cli::recording::report_error;
use crate::sweep::trials::Subject;
use crate::sweep::{Folder, Study};

const SHARDS: &str = include_str!("shards.sbatch");
const MERGE: &str = include_str!("merge.sbatch");
const DASK: &str = include_str!("../../../../notebooks/sweep_dask.py");

/// So many elements of an array run at a time, so that nobody else is crowded out.
const AT_ONCE: u32 = 100;
/// So many elements an array has if nobody asked for more: by default Slurm allows 1001 (`MaxArraySize`).
const MOST_ELEMENTS: u32 = 1000;
/// So many minutes a shard takes if nothing else is asked for: an element of a job array costs seconds.
const SLURM_MINUTES: f64 = 10.0;
/// A task of Dask costs next to nothing, and of a small one less is lost with a worker.
const DASK_MINUTES: f64 = 1.0;

/// Everything that the files say.
#[derive(Debug)]
struct Job {
    /// The study's name.
    name: String,
    /// This program.
    program: String,
    /// The plan file.
    plan: String,
    /// The folder of the study.
    out: String,
    /// The folder of the files, in that of the study.
    dir: PathBuf,
    /// Into how many shards the study is cut.
    shards: u32,
    /// How many minutes a shard takes, if that is known.
    minutes: Option<f64>,
}

/// Writes the files and hands them to the engine, or says how that is done.
///
/// # Errors
/// The plan is invalid, a file cannot be written, or the engine is not there or refuses.
pub(super) fn submit(args: &SweepSubmitArgs) -> Result<Exit, CommandError> {
    let study = load_plan(&args.plan)?;
    let (shards, minutes) = shards_of(&study, args)?;
    let out = text_of(&folder_of(&study, args.out.as_deref()))?;
    let program = std::env::current_exe().map_err(|e| CommandError::io(format!("this program's own file: {e}")))?;
    let job = Job {
        program: text_of(&program)?,
        plan: text_of(&args.plan)?,
        dir: Path::new(&out).join("submit"),
        name: study.name.clone(),
        out,
        shards,
        minutes,
    };
    // Here, once, it is told whether something else is in the way of the study's folder, and not by each shard.
    Folder::begin(Path::new(&job.out), &Subject::of(&study).map_err(load_error)?, Path::new(&job.plan))
        .map_err(report_error)?;
    fs::create_dir_all(&job.dir).map_err(|e| CommandError::io(format!("{}: {e}", job.dir.display())))?;
    match args.engine {
        SweepEngine::Slurm => slurm(&job, args.dry_run),
        SweepEngine::Dask => dask(&job, args.dry_run),
    }
}

/// How many shards, and how many minutes each takes.
fn shards_of(study: &Study, args: &SweepSubmitArgs) -> Result<(u32, Option<f64>), CommandError> {
    let points = u32::try_from(study.points.len()).unwrap_or(u32::MAX).max(1);
    if let Some(shards) = args.shards {
        if shards > points {
            say(&format!("note: with {points} points, {} of {shards} shards are empty", shards - points));
        }
        return Ok((shards, None));
    }
    let (usual, most) = match args.engine {
        SweepEngine::Slurm => (SLURM_MINUTES, MOST_ELEMENTS),
        SweepEngine::Dask => (DASK_MINUTES, u32::MAX),
    };
    say("running the first and the last point once, to tell how long the others take");
    let estimate = pilot(study)?;
    let shards = estimate.shards(study, args.target_minutes.unwrap_or(usual)).min(most);
    let minutes = estimate.seconds(study).1 / 60.0 / f64::from(shards);
    say(&format!("shards: {shards}, of about {minutes:.1} minutes"));
    Ok((shards, Some(minutes)))
}

/// A path as others may write it into their lines: absolute, of characters, on one line.
fn text_of(path: &Path) -> Result<String, CommandError> {
    let whole = absolute(path).map_err(|e| CommandError::io(format!("{}: {e}", path.display())))?;
    let text = whole.to_str().filter(|text| !text.chars().any(|c| c.is_control() || c == '\\'));
    text.map(ToOwned::to_owned).ok_or_else(|| {
        CommandError::usage(format!(
            "{path:?}: a job script cannot hold this name: backslashes, control characters, no UTF-8"
        ))
    })
}

impl Job {
    /// Fills in a template and writes it; `part` is the end of the job's name, `log` that of its log's.
    fn write(&self, template: &str, file: &str, part: &str, log: &str) -> Result<String, CommandError> {
        let path = text_of(&self.dir.join(file))?;
        let name: String = self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        // The estimate is one of pilot runs, and a shard that is cut off must be submitted again: so, plenty.
        let time = self.minutes.map_or_else(
            || "# No --time: each has what the partition gives.".to_owned(),
            |minutes| format!("#SBATCH --time={}", (3.0 * minutes).ceil() as u64 + 10),
        );
        let log = format!("\"{}/{log}\"", for_sbatch(&text_of(&self.dir)?));
        let text = fill(
            template,
            &[
                ("JOB", &format!("{name}{part}")),
                ("LAST", &(self.shards - 1).to_string()),
                ("AT_ONCE", &self.shards.min(AT_ONCE).to_string()),
                ("LOG", &log),
                ("TIME", &time),
                ("SHARDS", &self.shards.to_string()),
                ("PROGRAM", &for_shell(&self.program)),
                ("PLAN", &for_shell(&self.plan)),
                ("OUT", &for_shell(&self.out)),
            ],
        );
        write_text(Path::new(&path), &text)?;
        say(&format!("wrote {path}"));
        Ok(path)
    }
}

/// A job array, and a job that merges after it.
fn slurm(job: &Job, dry_run: bool) -> Result<Exit, CommandError> {
    let shards = job.write(SHARDS, "shards.sbatch", "", "shard-%a.log")?;
    let merge = job.write(MERGE, "merge.sbatch", "-merge", "merge.log")?;
    if job.shards > MOST_ELEMENTS {
        say(&format!("note: {} elements need a MaxArraySize of so many; by default it is 1001", job.shards));
    }
    let by_hand = format!(
        "array=$(sbatch --parsable {})\nsbatch --dependency=\"afterany:${{array%%;*}}\" {}\n",
        for_shell(&shards),
        for_shell(&merge)
    );
    if dry_run {
        print(&by_hand)?;
        return Ok(Exit::Done);
    }
    let array = sbatch(&["--parsable", &shards], &by_hand)?;
    // On a federation the cluster's name follows the number.
    let number = array.split(';').next().unwrap_or_default();
    sbatch(&["--parsable", &format!("--dependency=afterany:{number}"), &merge], &by_hand)?;
    print(&format!("job array {number}: {} shards, then a job that merges them\n", job.shards))?;
    say(&format!("squeue --job {number} shows it, posthaste sweep status {} what is there", for_shell(&job.out)));
    Ok(Exit::Done)
}

/// What `sbatch` prints, less the line's end.
fn sbatch(arguments: &[&str], by_hand: &str) -> Result<String, CommandError> {
    let output = run(Command::new("sbatch").args(arguments), || {
        format!("sbatch is not here: on a computer that submits to Slurm, give it the files:\n{by_hand}")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(CommandError::io(format!("sbatch refuses: {said}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A driver that hands the shards to Dask's scheduler, and merges.
fn dask(job: &Job, dry_run: bool) -> Result<Exit, CommandError> {
    let driver = text_of(&job.dir.join("sweep_dask.py"))?;
    write_text(Path::new(&driver), DASK)?;
    say(&format!("wrote {driver}"));
    let shards = job.shards.to_string();
    let words = [&driver, &job.plan, &job.out, "--shards", &shards, "--binary", &job.program];
    let quoted: Vec<String> = words.iter().map(|word| for_shell(word)).collect();
    let by_hand = format!("python3 {}\n", quoted.join(" "));
    if dry_run {
        print(&by_hand)?;
        return Ok(Exit::Done);
    }
    let missing = || {
        format!(
            "Python with Dask is not here: python3 -m pip install 'dask[distributed]', in a virtual environment. Then:\n{by_hand}"
        )
    };
    if !run(Command::new("python3").args(["-c", "import distributed"]), missing)?.status.success() {
        return Err(CommandError::io(missing().trim_end()));
    }
    let status = Command::new("python3").args(words).status().map_err(|e| unable(&e, missing))?;
    match status.code() {
        Some(0) => Ok(Exit::Done),
        Some(5) => Ok(Exit::Incomplete),
        Some(_) | None => Err(CommandError::io(format!("the driver of Dask came to no good end: {status}"))),
    }
}

/// Runs a program to its end.
fn run(command: &mut Command, missing: impl Fn() -> String) -> Result<Output, CommandError> {
    command.output().map_err(|e| unable(&e, missing))
}

/// Why a program was not started.
fn unable(error: &Error, missing: impl Fn() -> String) -> CommandError {
    let absent = error.kind() == ErrorKind::NotFound;
    CommandError::io(if absent { missing().trim_end().to_owned() } else { error.to_string() })
}
