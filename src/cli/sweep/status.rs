//! `posthaste sweep status`: not in this version.

use crate::cli::args::SweepStatusArgs;
use crate::cli::exit::{CommandError, Exit};

/// Says that it cannot be done.
///
/// # Errors
/// Always.
pub(super) fn status(args: &SweepStatusArgs) -> Result<Exit, CommandError> {
    let _ = args;
    Err(CommandError::usage("sweep status is not in this version"))
}
