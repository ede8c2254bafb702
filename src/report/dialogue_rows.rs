//! The table of who said how much when: its rows as cells and back, and where they come from.
//!
//! A row counts lines of a transcript, so both are made from one reading of a dialogue.

use super::columns::TableDoc;
use super::rows::{Cells, Row, csv_of};
use super::transcripts::counted;
use super::values::optional;
use super::windows::{side_from_name, side_name};
use crate::metrics::dialogue_columns::DIALOGUES;
use crate::metrics::{Dialogue, DialogueRow, RunRecord};

/// The rows of a dialogue whose pieces completed so many lines.
pub(super) fn rows_of(dialogue: &Dialogue, lines: &[u32]) -> Vec<DialogueRow> {
    let pieces = dialogue.pieces().zip(lines);
    pieces
        .map(|(piece, lines)| DialogueRow {
            connection: dialogue.connection.clone(),
            protocol: dialogue.protocol.clone(),
            client: dialogue.client.clone(),
            server: dialogue.server.clone(),
            at: piece.at,
            heard: piece.heard,
            speaker: piece.side,
            octets: piece.bytes.len() as u64,
            lines: *lines,
            message: piece.message.cloned(),
        })
        .collect()
}

/// The table of a run, as it is beside its transcripts.
#[must_use]
pub fn dialogues_csv(record: &RunRecord) -> Vec<u8> {
    let rows = record.dialogues.iter().flat_map(|dialogue| rows_of(dialogue, &counted(dialogue, record.start).1));
    csv_of(&rows.collect::<Vec<_>>())
}

impl Row for DialogueRow {
    const TABLE: TableDoc = DIALOGUES;

    fn cells(&self) -> Vec<String> {
        vec![
            self.connection.to_string(),
            self.protocol.to_string(),
            self.client.to_string(),
            self.server.to_string(),
            self.at.to_string(),
            optional(self.heard),
            side_name(self.speaker).to_owned(),
            self.octets.to_string(),
            self.lines.to_string(),
            optional(self.message.as_deref()),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let (connection, protocol, client, server) = (cells.text()?, cells.text()?, cells.text()?, cells.text()?);
        let at = cells.time()?;
        Ok(Self {
            connection,
            protocol,
            client,
            server,
            at,
            heard: cells.some_time_after(at)?,
            speaker: cells.word(side_from_name)?,
            octets: cells.number()?,
            lines: cells.number()?,
            message: cells.some_text()?,
        })
    }
}
