//! The arguments of `posthaste sweep`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::sweep::Shard;

/// Examples for the help texts.
pub(super) const EXAMPLES: &str = "\
Examples:
  posthaste sweep plan study.json                    points, runs, and about how long they take
  posthaste sweep plan study.json --no-pilot --all   every point, at once

A plan names a scenario, what is varied in it, how often each point is run, and what is kept.

Exit codes: 0 done, 3 the plan or a point of it is invalid, 4 file error, 5 some points are missing or failed.";
const PLAN_EXAMPLES: &str = "\
Examples:
  posthaste sweep plan study.json
  posthaste sweep plan study.json --all --no-pilot
  posthaste sweep plan study.json --target-minutes 10   how many shards a cluster should have
  posthaste sweep plan study.json --json | jq .runs";
const RUN_EXAMPLES: &str = "\
Examples:
  posthaste sweep run study.json
  posthaste sweep run study.json --jobs 2 --out results/mine
  posthaste sweep run study.json --only 17
  posthaste sweep run study.json --shard 0/6 --out /shared/study
  posthaste sweep run study.json --retry-failed

What is there already and is valid is not run again, so the same command resumes a study.";
const STATUS_EXAMPLES: &str = "\
Examples:
  posthaste sweep status study.json
  posthaste sweep status results/study --json
  posthaste sweep status study.json --out /shared/study --shards 6";
const MERGE_EXAMPLES: &str = "\
Examples:
  posthaste sweep merge study.json --out results/study
  posthaste sweep merge study.json --out results/all results/one results/two";
const SUBMIT_EXAMPLES: &str = "\
Examples:
  posthaste sweep submit study.json --engine slurm --out /shared/study --shards 6 --dry-run
  posthaste sweep submit study.json --engine dask --out /shared/study --target-minutes 10 --dry-run";

/// `posthaste sweep`
#[derive(Args, Debug)]
pub struct SweepArgs {
    /// What to do with a study
    #[command(subcommand)]
    pub command: SweepCommand,
}

/// What is done with a study.
#[derive(Debug, Subcommand)]
pub enum SweepCommand {
    /// Check a plan; tell its points, its runs and about how long they take
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(SweepPlanArgs),
    /// Run what is missing of a study, and write its tables and charts
    #[command(after_help = RUN_EXAMPLES)]
    Run(SweepRunArgs),
    /// Tell what of a study is there, what failed, and what is missing
    #[command(after_help = STATUS_EXAMPLES)]
    Status(SweepStatusArgs),
    /// Make the tables and charts of a study from what its shards left
    #[command(after_help = MERGE_EXAMPLES)]
    Merge(SweepMergeArgs),
    /// Give a study to an engine that runs its shards on many computers
    #[command(after_help = SUBMIT_EXAMPLES)]
    Submit(SweepSubmitArgs),
}

/// `posthaste sweep plan`
#[derive(Args, Debug)]
pub struct SweepPlanArgs {
    /// Plan file
    pub plan: PathBuf,
    /// List every point, not only the first and last ones
    #[arg(long)]
    pub all: bool,
    /// Do not run the first and the last point to tell how long the study takes
    #[arg(long)]
    pub no_pilot: bool,
    /// Tell into how many shards of about so many minutes the study can be cut
    #[arg(long, value_name = "M", value_parser = minutes)]
    pub target_minutes: Option<f64>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `posthaste sweep run`
#[derive(Args, Debug)]
pub struct SweepRunArgs {
    /// Plan file
    pub plan: PathBuf,
    /// Folder of the study, instead of results/NAME
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Runs at a time, instead of one for each processor core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub jobs: Option<u32>,
    /// Only this point, counted from 0 as `sweep plan --all` lists them, or by the name of a record (may be repeated)
    #[arg(long, value_name = "POINT", conflicts_with = "shard")]
    pub only: Vec<String>,
    /// Only the points K, K+N, K+2N ...: the K-th of N shards, counted from 0
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Run failed points again, too
    #[arg(long)]
    pub retry_failed: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// `posthaste sweep status`
#[derive(Args, Debug)]
pub struct SweepStatusArgs {
    /// Plan file, or the folder of a study
    pub study: PathBuf,
    /// Folder of the study, instead of results/NAME
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Tell of each of so many shards, too
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub shards: Option<u32>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `posthaste sweep merge`
#[derive(Args, Debug)]
pub struct SweepMergeArgs {
    /// Plan file
    pub plan: PathBuf,
    /// Folder in which tables and charts are made
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Folders from which results are taken, besides that one
    pub dirs: Vec<PathBuf>,
    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// `posthaste sweep submit`
#[derive(Args, Debug)]
pub struct SweepSubmitArgs {
    /// Plan file
    pub plan: PathBuf,
    /// Which engine
    #[arg(long, value_enum)]
    pub engine: SweepEngine,
    /// Folder of the study that all computers reach, instead of results/NAME
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// So many shards
    #[arg(long, value_name = "N", conflicts_with = "target_minutes", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub shards: Option<u32>,
    /// Shards of about so many minutes, by pilot runs of the first and the last point
    #[arg(long, value_name = "M", value_parser = minutes)]
    pub target_minutes: Option<f64>,
    /// Print what would be given to the engine, and give it nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Programs that run work on many computers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SweepEngine {
    /// A job array of Slurm
    Slurm,
    /// Dask's distributed scheduler
    Dask,
}

/// The most minutes that a shard may take: a year.
const MOST_MINUTES: f64 = 525_600.0;

fn minutes(text: &str) -> Result<f64, String> {
    let read: Option<f64> = text.parse().ok();
    read.filter(|minutes| *minutes > 0.0 && *minutes <= MOST_MINUTES)
        .ok_or_else(|| "write it as a number of minutes above zero, like 10".to_owned())
}
