//! Writing to stdout, where data goes. A reader that has gone away (`| head`) is no error.

use std::io::{ErrorKind, Write as _};

use super::exit::CommandError;

/// Prints text to stdout as it is.
///
/// # Errors
/// stdout cannot be written to, for another reason than a closed pipe.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::io(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}
