//! Reads the tables of a result folder back, so that a chart needs no simulation.
//!
//! A folder may be damaged or from another version: every cell is checked, and an error
//! names the file and the line. Transcripts and JSON files other than the manifest are not
//! read here.

use std::fs;
use std::path::Path;

use super::error::ReportError;
use super::rows::{Cells, Row};
use super::values;
use crate::base::time::SimTime;
use crate::metrics::Tables;

/// The tables of the result folder `dir`.
///
/// # Errors
/// A file that is missing, unreadable, or not as this version writes it.
pub fn read_run(dir: &Path) -> Result<Tables, ReportError> {
    let end = read_end(&dir.join("manifest.json"))?;
    let tables = dir.join("tables");
    let mut run = Tables {
        end,
        messages: read_table(&tables)?,
        attempts: read_table(&tables)?,
        reasons: read_table(&tables)?,
        attempt_rates: read_table(&tables)?,
        storms: read_table(&tables)?,
        lost_replies: read_table(&tables)?,
        duplicates: read_table(&tables)?,
        queue_destinations: read_table(&tables)?,
        survival: read_table(&tables)?,
        smtp_sessions: read_table(&tables)?,
        mailbox_sessions: read_table(&tables)?,
        readings: read_table(&tables)?,
        mailboxes: read_table(&tables)?,
        dns_queries: read_table(&tables)?,
        caches: read_table(&tables)?,
        dns_servers: read_table(&tables)?,
        connections: read_table(&tables)?,
        parts: read_table(&tables)?,
        queue: read_table(&tables)?,
        links: read_table(&tables)?,
        faults: read_table(&tables)?,
        person_actions: None,
        conduct: None,
        web_requests: None,
        web_pages: None,
        dialogues: None,
        cwnd: None,
    };
    if tables.join("person_actions.csv").is_file() {
        run.person_actions = Some(read_table(&tables)?);
    }
    if tables.join("conduct.csv").is_file() {
        run.conduct = Some(read_table(&tables)?);
    }
    if tables.join("web_pages.csv").is_file() {
        run.web_requests = Some(read_table(&tables)?);
        run.web_pages = Some(read_table(&tables)?);
    }
    if tables.join("dialogues.csv").is_file() {
        run.dialogues = Some(read_table(&tables)?);
    }
    if tables.join("cwnd.csv").is_file() {
        run.cwnd = Some(read_table(&tables)?);
    }
    // A hand-edited table may be out of order; charts go from left to right.
    run.parts.sort_by(|a, b| (a.composed, &a.message).cmp(&(b.composed, &b.message)));
    run.queue.sort_by(|a, b| (a.at, &a.server).cmp(&(b.at, &b.server)));
    Ok(run)
}

/// When the run ended, from its manifest.
fn read_end(path: &Path) -> Result<SimTime, ReportError> {
    let text = fs::read_to_string(path).map_err(ReportError::io("read", path))?;
    let manifest: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| ReportError::damaged(path, error.line() as u64, format!("not JSON: {error}")))?;
    let end = manifest.get("end_s").and_then(serde_json::Value::as_str).and_then(values::time);
    end.ok_or_else(|| ReportError::damaged(path, 1, "no \"end_s\" in seconds with nine decimals"))
}

/// The rows of one table.
pub(super) fn read_table<R: Row>(folder: &Path) -> Result<Vec<R>, ReportError> {
    let path = folder.join(format!("{}.csv", R::TABLE.name));
    let bytes = fs::read(&path).map_err(ReportError::io("read", &path))?;
    let line = |at: Option<&csv::Position>| at.map_or(1, |at| line_of(&bytes, at.byte()));
    let csv_error = |error: csv::Error| {
        // its own words have another line
        let what = if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
            format!("{len} cells instead of {expected_len}")
        } else if let csv::ErrorKind::Utf8 { err, .. } = error.kind() {
            format!("cell {}: {err}", err.field() + 1)
        } else {
            error.to_string()
        };
        ReportError::damaged(&path, line(error.position()), format!("not a table: {}", values::escape(what.as_bytes())))
    };
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let wanted: Vec<&str> = R::TABLE.columns.iter().map(|(name, _)| *name).collect();
    if reader.headers().map_err(csv_error)? != wanted {
        let what = format!("the header is not that of the table {} of this version", R::TABLE.name);
        return Err(ReportError::damaged(&path, 1, what));
    }
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(csv_error)? {
        let row = R::read(&mut Cells::new(&R::TABLE, &record));
        // lines are counted when somebody wants to know, not for each row
        rows.push(row.map_err(|what| ReportError::damaged(&path, line(record.position()), what))?);
    }
    Ok(rows)
}

/// The line of a record that begins at this byte, or behind the line ends there: csv takes the second half of CRLF for
/// the next record's.
fn line_of(bytes: &[u8], at: u64) -> u64 {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let ends = bytes[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + bytes[..at + ends].iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when an error in a table names another line than an editor does.
    #[test]
    fn lines_are_counted_as_editors_do() {
        use crate::metrics::QueueRow;
        let place = tempfile::tempdir().unwrap();
        let header = QueueRow::TABLE.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
        for end in ["\n", "\r\n"] {
            for (rows, wanted) in [
                (vec!["x,crepes.fr,1,0"], 2),
                (vec!["0.000000000,crepes.fr,1,0", "x,crepes.fr,1,0"], 3),
                (vec!["0.000000000,\"two\nlines\",1,0", "", "x,crepes.fr,1,0"], 5),
                (vec!["0.000000000,crepes.fr,1,0", "0.000000000,crepes.fr,1"], 3),
            ] {
                let lines: Vec<&str> = std::iter::once(&*header).chain(rows.iter().copied()).collect();
                fs::write(place.path().join("queue.csv"), lines.join(end) + end).unwrap();
                let error = read_table::<QueueRow>(place.path()).unwrap_err().to_string();
                assert!(error.contains(&format!("queue.csv:{wanted}: ")), "{rows:?} {end:?}: {error}");
            }
        }
    }
}
