//! `posthaste sweep submit`: not in this version.

use crate::cli::args::SweepSubmitArgs;
use crate::cli::exit::{CommandError, Exit};

/// Says that it cannot be done.
///
/// # Errors
/// Always.
pub(super) fn submit(args: &SweepSubmitArgs) -> Result<Exit, CommandError> {
    let _ = args;
    Err(CommandError::usage("sweep submit is not in this version"))
}
