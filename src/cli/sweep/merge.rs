//! `posthaste sweep merge`: makes the tables of a study from what its shards left, in one folder or in several.

use super::load_plan;
use super::run::{cores, exit_of, in_threads, verdicts};
use super::status::summary;
use crate::cli::args::SweepMergeArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::load::load_error;
use crate::cli::output::{print, say};
use crate::cli::recording::report_error;
use crate::sweep::store::Store;
use crate::sweep::trials::Subject;
use crate::sweep::{Folder, Merged, merge as bring};

/// So many damaged records are named.
const LINES: usize = 10;

/// Brings the records into one folder, and writes the tables.
///
/// # Errors
/// The plan is invalid, a folder is no study's, or a file cannot be written.
pub(super) fn merge(args: &SweepMergeArgs) -> Result<Exit, CommandError> {
    let study = load_plan(&args.plan)?;
    let subject = Subject::of(&study).map_err(load_error)?;
    for dir in &args.dirs {
        let about = Folder::read(dir).map_err(report_error)?;
        if about["study"] != study.name.as_str() {
            let other = &about["study"];
            return Err(CommandError::io(format!("{} is the folder of the study {other}", dir.display())));
        }
    }
    let folder = Folder::begin(&args.out, &subject, &args.plan).map_err(report_error)?;
    let others: Vec<Store> = args.dirs.iter().map(|dir| Store::of(dir)).collect();
    let done = in_threads(cores(), || {
        let merged = if others.is_empty() { Merged::default() } else { bring(&subject, folder.store(), &others)? };
        folder.conclude(&subject).map(|census| (merged, census))
    })?;
    let (merged, census) = done.map_err(report_error)?;
    for (path, why) in merged.damaged.iter().chain(&census.damaged).take(LINES) {
        say(&format!("{} is damaged: {why}", path.display()));
    }
    if !args.quiet {
        print(&(summary(&study.name, folder.dir(), &census) + &verdicts(&census)))?;
    }
    if !census.whole() {
        say(&format!(
            "incomplete: {} points failed and {} lack runs; the tables are marked, see tables/failures.csv",
            census.failed, census.missing
        ));
    }
    Ok(exit_of(&census))
}
