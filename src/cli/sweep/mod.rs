//! `posthaste sweep`: parameter studies, one file a subcommand.

pub mod laboratory;
mod merge;
mod plan;
mod progress;
mod run;
mod status;
mod submit;

use super::args::{SweepArgs, SweepCommand};
use super::exit::{CommandError, Exit};

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

fn load_plan(plan: &std::path::Path) -> Result<crate::sweep::Study, CommandError> {
    Err(CommandError::usage(plan.display().to_string()))
}
