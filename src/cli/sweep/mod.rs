//! `posthaste sweep`: parameter studies, one file a subcommand.

pub mod laboratory;
mod merge;
mod pilot;
mod plan;
mod progress;
mod run;
mod status;
mod submit;

use std::path::Path;

use super::args::{SweepArgs, SweepCommand};
use super::exit::{CommandError, Exit};
use super::load::load_error;
use crate::sweep::Study;
pub(super) use crate::sweep::plan::json_schema;
use crate::sweep::plan::load;

/// Does what is asked with a study.
///
/// # Errors
/// As the subcommand says.
pub(super) fn sweep(args: &SweepArgs) -> Result<Exit, CommandError> {
    match &args.command {
        SweepCommand::Plan(args) => plan::plan(args),
        SweepCommand::Run(args) => run::run(args),
        SweepCommand::Status(args) => status::status(args),
        SweepCommand::Merge(args) => merge::merge(args),
        SweepCommand::Submit(args) => submit::submit(args),
    }
}

/// Reads a plan.
///
/// # Errors
/// A file that cannot be read, or an invalid plan with all its errors.
pub(super) fn load_plan(plan: &Path) -> Result<Study, CommandError> {
    load(plan).map_err(load_error)
}
