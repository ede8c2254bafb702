//! `posthaste sweep plan`: not in this version.

use crate::cli::args::SweepPlanArgs;
use crate::cli::exit::{CommandError, Exit};

/// Says that it cannot be done.
///
/// # Errors
/// Always.
pub(super) fn plan(args: &SweepPlanArgs) -> Result<Exit, CommandError> {
    let _ = args;
    Err(CommandError::usage("sweep plan is not in this version"))
}
