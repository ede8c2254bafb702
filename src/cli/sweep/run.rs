//! `posthaste sweep run`: not in this version.

use crate::cli::args::SweepRunArgs;
use crate::cli::exit::{CommandError, Exit};

/// Says that it cannot be done.
///
/// # Errors
/// Always.
pub(super) fn run(args: &SweepRunArgs) -> Result<Exit, CommandError> {
    let _ = args;
    Err(CommandError::usage("sweep run is not in this version"))
}
