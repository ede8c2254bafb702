//! The table of who said how much when: its columns, its rows as cells and back, and where they come from.
//!
//! A row counts lines of a transcript, so both are made from one reading of a dialogue.

use super::columns::TableDoc;
use super::rows::{Cells, Row};
use super::values::optional;
use super::windows::{side_from_name, side_name};
use crate::metrics::{Dialogue, DialogueRow};

/// Pieces of dialogues.
pub(super) const DIALOGUES: TableDoc = TableDoc {
    name: "dialogues",
    about: "Only with transcripts. One row for each time that an end of a connection with a transcript said something, in \
            the order of the transcripts and, of each, of its lines: those of a transcript are put to the rows of its \
            connection by counting.",
    columns: &[
        ("connection", "the connection (see the table connections)"),
        (
            "protocol",
            "smtp, pop3, imap, http or dns; the transcript is PROTOCOL-CLIENT-N.txt for the connection CLIENT#N",
        ),
        ("client", "the host that opened it"),
        ("server", "the host to which it was opened"),
        ("at_s", "when it was said: handed to TCP"),
        (
            "heard_s",
            "when the packets with all of it, and with all that was said before, had come to the other host; empty if that never was",
        ),
        ("speaker", "client or server"),
        ("octets", "how much was said; octets that the transcript leaves out are not counted"),
        (
            "lines",
            "lines of the transcript that it completed, from the first that does not begin with #; lines that nobody completed stand at the transcript's end and are not counted",
        ),
        (
            "message",
            "the message that it served to carry: the next one on this connection that was accepted, fetched, or at which an attempt ended; empty after the last one, and where none is known",
        ),
    ],
};

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
