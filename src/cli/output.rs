//! Writing to stdout, where data goes, to files that are named with -o, and to stderr, where messages go. A reader that
//! has gone away (`| head`) is no error. What a command reads it does not write over, whatever is asked for.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use serde_json::Value;

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

/// Whether `-o` names stdout.
pub(super) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Writes what a command made to the file that -o names, or to stdout.
///
/// # Errors
/// The file cannot be written, or as [`print`].
pub(super) fn deliver(output: Option<&Path>, bytes: &[u8]) -> Result<(), CommandError> {
    match output.filter(|path| !is_stdout(path)) {
        Some(path) => std::fs::write(path, bytes)
            .map_err(|error| CommandError::io(format!("cannot write {}: {error}", path.display()))),
        None => print_bytes(bytes),
    }
}

/// As [`deliver`], a PNG.
///
/// # Errors
/// Also when stdout is a terminal.
pub(super) fn deliver_png(output: Option<&Path>, bytes: &[u8]) -> Result<(), CommandError> {
    if output.is_none_or(is_stdout) && std::io::stdout().is_terminal() {
        return Err(CommandError::usage("a PNG is nothing for a terminal: give a file with -o".to_owned()));
    }
    deliver(output, bytes)
}

/// Sees to it that -o names nothing that is read: not the scenario, no file that the scenario names, and nothing that a
/// run left in its folder but charts and the page.
///
/// # Errors
/// It does.
pub(super) fn spare(output: Option<&Path>, read: &Path) -> Result<(), CommandError> {
    let Some(path) = output.filter(|path| !is_stdout(path)) else { return Ok(()) };
    // what is not there yet is not written over
    let (Ok(target), Ok(read)) = (path.canonicalize(), read.canonicalize()) else { return Ok(()) };
    let refuse = |what: &str| Err(CommandError::usage(format!("-o {}: that is {what}", path.display())));
    if target == read {
        return refuse(if read.is_dir() {
            "the result folder: name a file"
        } else {
            "the scenario: name another file"
        });
    }
    if read.is_dir() {
        let Ok(inner) = target.strip_prefix(&read) else { return Ok(()) };
        let picture = |ending: &str| target.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
        let made = inner == Path::new("report.html") || ["svg", "png", "html"].into_iter().any(picture);
        return if made { Ok(()) } else { refuse("a file of the run: name another one") };
    }
    let scenario = std::fs::read(&read).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let folder = read.parent().unwrap_or(Path::new("."));
    match scenario {
        Some(scenario) if names(&scenario, folder, &target) => refuse("a file of the scenario: name another one"),
        Some(_) | None => Ok(()),
    }
}

/// Whether a text somewhere in a scenario names that file.
fn names(scenario: &Value, folder: &Path, target: &Path) -> bool {
    match scenario {
        Value::String(text) => folder.join(text).canonicalize().is_ok_and(|named| named == target),
        Value::Array(values) => values.iter().any(|value| names(value, folder, target)),
        Value::Object(members) => members.values().any(|value| names(value, folder, target)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
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
