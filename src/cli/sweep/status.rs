//! `posthaste sweep status`: what of a study is there, what failed, and what is missing.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::load_plan;
use super::run::{cores, exit_of, folder_of, in_threads};
use crate::cli::args::SweepStatusArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::load::load_error;
use crate::cli::output::print;
use crate::cli::recording::report_error;
use crate::sweep::store::Store;
use crate::sweep::tables::{Census, read_courses};
use crate::sweep::trials::Subject;
use crate::sweep::{Folder, Shard, Study};

/// Looks at every record of the study.
///
/// # Errors
/// The plan is invalid, or the folder is no study's.
pub(super) fn status(args: &SweepStatusArgs) -> Result<Exit, CommandError> {
    let (study, dir) = study_of(&args.study, args.out.as_deref())?;
    let subject = Subject::of(&study).map_err(load_error)?;
    let store = Store::of(&dir);
    let shards: Vec<Shard> =
        args.shards.map_or_else(Vec::new, |count| (0..count).filter_map(|index| Shard::new(index, count)).collect());
    let (census, parts) = in_threads(cores(), || {
        let mut census = Census::default();
        let mut parts = vec![Census::default(); shards.len()];
        let read: Result<(), Infallible> = read_courses(&subject, &store, |point, course| {
            census.count(&course, &store);
            if let Some(at) = shards.iter().position(|shard| shard.holds(point.index)) {
                parts[at].count(&course, &store);
            }
            Ok(())
        });
        let Ok(()) = read;
        (census, parts)
    })?;
    if args.json {
        let mut value = json(&census);
        value["study"] = json!(study.name);
        value["results"] = json!(dir.display().to_string());
        if args.shards.is_some() {
            let parts = shards.iter().zip(&parts).map(|(shard, part)| {
                let mut value = json(part);
                value["shard"] = json!(shard.to_string());
                value
            });
            value["shards"] = parts.collect();
        }
        print(&(serde_json::to_string_pretty(&value).expect("plain data") + "\n"))?;
    } else {
        let mut text = summary(&study.name, &dir, &census);
        for (shard, part) in shards.iter().zip(&parts) {
            text.push_str(&format!("{:<12} {}\n", format!("shard {shard}"), points(part)));
        }
        for (path, why) in &census.damaged {
            text.push_str(&format!("{:<12} {}: {why}\n", "damaged", path.display()));
        }
        print(&text)?;
    }
    Ok(exit_of(&census))
}

/// The study of a plan and its folder; or of a folder, by the plan that its `study.json` names.
pub(super) fn study_of(study: &Path, out: Option<&Path>) -> Result<(Study, PathBuf), CommandError> {
    if !study.is_dir() {
        let study = load_plan(study)?;
        let dir = folder_of(&study, out);
        return Ok((study, dir));
    }
    let dir = out.unwrap_or(study).to_owned();
    let about = Folder::read(study).map_err(report_error)?;
    let plan = about["files"]["plan"].as_str().map(PathBuf::from).filter(|plan| plan.is_file());
    let Some(plan) = plan else {
        let why = format!("{}: its plan {} is not where it was", study.display(), about["files"]["plan"]);
        return Err(CommandError::io(format!("{why}; name the plan, and the folder by --out")));
    };
    Ok((load_plan(&plan)?, dir))
}

/// What is there, in lines.
pub(super) fn summary(name: &str, dir: &Path, census: &Census) -> String {
    let Census { runs_done, runs_failed, .. } = census;
    format!(
        "{:<12} {name}\n{:<12} {}\n{:<12} {runs_done} done, {runs_failed} failed\n{:<12} {}\n",
        "study",
        "points",
        points(census),
        "runs",
        "results",
        dir.display()
    )
}

fn points(census: &Census) -> String {
    let Census { points, complete, failed, missing, .. } = census;
    format!("{points}: {complete} complete, {failed} failed, {missing} missing")
}

fn json(census: &Census) -> Value {
    let damaged = census.damaged.iter().map(|(path, why)| json!({ "file": path.display().to_string(), "why": why }));
    let mut value = census.to_json();
    value["damaged"] = damaged.collect();
    value
}
