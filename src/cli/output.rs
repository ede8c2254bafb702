//! Writing to stdout, where data goes, and to stderr, where messages go. A reader that has
//! gone away (`| head`) is no error.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::exit::CommandError;

/// Prints text to stdout as it is.
///
/// # Errors
/// stdout cannot be written to, for another reason than a closed pipe.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    print_bytes(text.as_bytes())
}

/// Writes a file to stdout.
///
/// # Errors
/// As [`print`].
pub(super) fn print_bytes(bytes: &[u8]) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::io(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}

/// Writes a text to a file.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), CommandError> {
    std::fs::write(path, text).map_err(|error| CommandError::io(format!("cannot write {}: {error}", path.display())))
}

/// Prints a message to stderr as a line. When not even that can be written, the exit code
/// still tells how it went.
pub(super) fn say(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// Columns as wide as their widest cell; numbers, behind the first column, to the right unless `left` is set.
pub(super) fn table(rows: &[Vec<String>], left: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 || left > 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let cells: Vec<String> = cells.collect();
        out += &format!("  {}\n", cells.join("  ").trim_end());
    }
    out
}
