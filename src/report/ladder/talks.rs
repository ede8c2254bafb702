//! What was said on a connection, line by line with its times: a transcript put together with its rows of the table
//! `dialogues` by counting.
//!
//! A folder may be damaged: rows that count more lines than there are, or lines of the wrong speaker, are errors that
//! name the transcript and the line.

use std::fs;
use std::path::Path;

use crate::base::socket::Side;
use crate::base::time::SimTime;
use crate::metrics::{DialogueRow, Text};
use crate::report::error::ReportError;
use crate::report::transcripts::file_name;

/// What was said on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Talk {
    pub(super) connection: Text,
    pub(super) protocol: Text,
    pub(super) client: Text,
    pub(super) server: Text,
    pub(super) utterances: Vec<Utterance>,
}

/// What one end said at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Utterance {
    pub(super) at: SimTime,
    pub(super) heard: Option<SimTime>,
    pub(super) side: Side,
    pub(super) octets: u64,
    pub(super) message: Option<Text>,
    /// The lines that it completed; without any, it is a part of what completes the next ones.
    pub(super) lines: Vec<String>,
}

/// The talks of the connections whose first row is wanted, in the order of the table.
///
/// # Errors
/// A transcript is missing, or is not that of its rows.
pub(super) fn talks(
    folder: &Path,
    rows: &[DialogueRow],
    wanted: impl Fn(&DialogueRow) -> bool,
) -> Result<Vec<Talk>, ReportError> {
    let chunks = rows.chunk_by(|a, b| a.connection == b.connection && a.protocol == b.protocol);
    chunks.filter(|rows| rows.first().is_some_and(&wanted)).map(|rows| talk(folder, rows)).collect()
}

fn talk(folder: &Path, rows: &[DialogueRow]) -> Result<Talk, ReportError> {
    let table = folder.join("tables/dialogues.csv");
    let damaged = |what: String| ReportError::damaged(&table, 1, what);
    let first = rows.first().ok_or_else(|| damaged("no rows".to_owned()))?;
    let number = first.connection.rsplit_once('#').and_then(|(_, number)| number.parse().ok());
    let number = number.ok_or_else(|| damaged(format!("{:?} is no name of a connection", first.connection)))?;
    let path = folder.join("transcripts").join(file_name(&first.protocol, &first.client, number));
    let text = fs::read_to_string(&path).map_err(ReportError::io("read", &path))?;
    let mut lines = (1_u64..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')).peekable();
    let mut utterances = Vec::with_capacity(rows.len());
    for row in rows {
        let mut said = Vec::new();
        for _ in 0..row.lines {
            let Some((number, line)) = lines.next() else {
                return Err(ReportError::damaged(
                    &path,
                    1,
                    "it has fewer lines than tables/dialogues.csv counts".to_owned(),
                ));
            };
            let (side, line) = spoken(line).filter(|(side, _)| *side == row.speaker).ok_or_else(|| {
                let who = crate::report::windows::side_name(row.speaker);
                ReportError::damaged(&path, number, format!("not a line of the {who}'s, as tables/dialogues.csv says"))
            })?;
            debug_assert_eq!(side, row.speaker);
            said.push(line.to_owned());
        }
        utterances.push(Utterance {
            at: row.at,
            heard: row.heard,
            side: row.speaker,
            octets: row.octets,
            message: row.message.clone(),
            lines: said,
        });
    }
    // lines that nobody completed belong to what their speaker said last
    for (number, line) in lines {
        let what = "more lines than tables/dialogues.csv counts";
        let (side, line) = spoken(line).ok_or_else(|| ReportError::damaged(&path, number, what.to_owned()))?;
        let last = utterances.iter_mut().rfind(|utterance| utterance.side == side);
        last.ok_or_else(|| ReportError::damaged(&path, number, what.to_owned()))?.lines.push(line.to_owned());
    }
    Ok(Talk {
        connection: first.connection.clone(),
        protocol: first.protocol.clone(),
        client: first.client.clone(),
        server: first.server.clone(),
        utterances,
    })
}

/// Who says a line of a transcript, and what.
fn spoken(line: &str) -> Option<(Side, &str)> {
    let (letter, said) = line.split_once(':')?;
    let side = match letter {
        "C" => Side::Client,
        "S" => Side::Server,
        _ => return None,
    };
    Some((side, said.strip_prefix(' ').unwrap_or(said)))
}
