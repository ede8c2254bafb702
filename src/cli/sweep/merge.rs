//! `posthaste sweep merge`: not in this version.

use crate::cli::args::SweepMergeArgs;
use crate::cli::exit::{CommandError, Exit};

/// Says that it cannot be done.
///
/// # Errors
/// Always.
pub(super) fn merge(args: &SweepMergeArgs) -> Result<Exit, CommandError> {
    let _ = args;
    Err(CommandError::usage("sweep merge is not in this version"))
}
