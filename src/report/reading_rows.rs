//! The tables about reading mail: rows as cells and back.

use super::columns::TableDoc;
use super::rows::{Cells, Row};
use super::values::optional;
use crate::metrics::reading_columns::{MAILBOX_SESSIONS, MAILBOXES, READINGS};
use crate::metrics::{MailboxRow, MailboxSessionRow, ReadingRow};

impl Row for MailboxSessionRow {
    const TABLE: TableDoc = MAILBOX_SESSIONS;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.user.to_string(),
            self.device.to_string(),
            self.protocol.to_string(),
            optional(self.connection.as_deref()),
            self.began.to_string(),
            self.ended.to_string(),
        ];
        let counts =
            [self.commands, self.round_trips, self.sent, self.received, self.listed, self.opened, self.learned];
        cells.extend(counts.iter().map(ToString::to_string));
        cells.push(optional(self.trouble.as_deref()));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            user: cells.text()?,
            device: cells.text()?,
            protocol: cells.text()?,
            connection: cells.some_text()?,
            began: cells.time()?,
            ended: cells.time()?,
            commands: cells.number()?,
            round_trips: cells.number()?,
            sent: cells.number()?,
            received: cells.number()?,
            listed: cells.number()?,
            opened: cells.number()?,
            learned: cells.number()?,
            trouble: cells.some_text()?,
        })
    }
}

impl Row for ReadingRow {
    const TABLE: TableDoc = READINGS;

    fn cells(&self) -> Vec<String> {
        vec![
            self.message.to_string(),
            self.user.to_string(),
            self.device.to_string(),
            optional(self.composed),
            optional(self.delivered),
            self.found.to_string(),
            self.here.to_string(),
            self.shown.to_string(),
            optional(self.poll_wait),
            optional(self.pause),
            optional(self.retrieval),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            message: cells.text()?,
            user: cells.text()?,
            device: cells.text()?,
            composed: cells.some_time()?,
            delivered: cells.some_time()?,
            found: cells.time()?,
            here: cells.time()?,
            shown: cells.time()?,
            poll_wait: cells.some_duration()?,
            pause: cells.some_duration()?,
            retrieval: cells.some_duration()?,
        })
    }
}

impl Row for MailboxRow {
    const TABLE: TableDoc = MAILBOXES;

    fn cells(&self) -> Vec<String> {
        vec![self.at.to_string(), self.user.to_string(), self.messages.to_string(), self.bytes.to_string()]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self { at: cells.time()?, user: cells.text()?, messages: cells.number()?, bytes: cells.number()? })
    }
}
