//! Rows of the tables about queues, replies and sessions, as cells and back.

use super::columns::TableDoc;
use super::mail_columns as columns;
use super::rows::{Cells, Row};
use super::values::optional;
use crate::metrics::{
    DestinationRow, DuplicateCause, DuplicateRow, FaultKind, LostReplyRow, Outcome, RateRow, ReasonRow, SessionCounts,
    SessionRow, StormRow, SurvivalRow,
};

impl Row for ReasonRow {
    const TABLE: TableDoc = columns::REASONS;

    fn cells(&self) -> Vec<String> {
        vec![
            self.server.to_string(),
            self.destination.to_string(),
            self.outcome.name().to_owned(),
            optional(self.reason.as_deref()),
            optional(self.reply_code),
            optional(self.enhanced.as_deref()),
            self.count.to_string(),
            self.first.to_string(),
            self.last.to_string(),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            server: cells.text()?,
            destination: cells.text()?,
            outcome: cells.word(Outcome::from_name)?,
            reason: cells.some_text()?,
            reply_code: cells.some_number()?,
            enhanced: cells.some_text()?,
            count: cells.number()?,
            first: cells.time()?,
            last: cells.time()?,
        })
    }
}

impl Row for RateRow {
    const TABLE: TableDoc = columns::ATTEMPT_RATES;

    fn cells(&self) -> Vec<String> {
        let counts = [self.attempts, self.completed, self.deferred, self.failed, self.peak_per_s];
        let mut cells = vec![self.minute.to_string(), self.destination.to_string()];
        cells.extend(counts.iter().map(ToString::to_string));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            minute: cells.time()?,
            destination: cells.text()?,
            attempts: cells.number()?,
            completed: cells.number()?,
            deferred: cells.number()?,
            failed: cells.number()?,
            peak_per_s: cells.number()?,
        })
    }
}

impl Row for StormRow {
    const TABLE: TableDoc = columns::STORMS;

    fn cells(&self) -> Vec<String> {
        vec![
            self.began.to_string(),
            self.ended.to_string(),
            self.kind.name().to_owned(),
            self.host.to_string(),
            self.failed.to_string(),
            self.backlog.to_string(),
            optional(self.noticed),
            self.attempts.to_string(),
            self.peak_per_s.to_string(),
            optional(self.drain),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            began: cells.time()?,
            ended: cells.time()?,
            kind: cells.word(FaultKind::from_name)?,
            host: cells.text()?,
            failed: cells.number()?,
            backlog: cells.number()?,
            noticed: cells.some_duration()?,
            attempts: cells.number()?,
            peak_per_s: cells.number()?,
            drain: cells.some_duration()?,
        })
    }
}

impl Row for LostReplyRow {
    const TABLE: TableDoc = columns::LOST_REPLIES;

    fn cells(&self) -> Vec<String> {
        vec![
            self.message.to_string(),
            self.to.to_string(),
            self.server.to_string(),
            self.client.to_string(),
            self.connection.to_string(),
            self.accepted.to_string(),
            self.noticed.to_string(),
            optional(self.reason.as_deref()),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            message: cells.text()?,
            to: cells.text()?,
            server: cells.text()?,
            client: cells.text()?,
            connection: cells.text()?,
            accepted: cells.time()?,
            noticed: cells.time()?,
            reason: cells.some_text()?,
        })
    }
}

impl Row for DuplicateRow {
    const TABLE: TableDoc = columns::DUPLICATES;

    fn cells(&self) -> Vec<String> {
        vec![
            self.message.to_string(),
            self.to.to_string(),
            self.mailbox.to_string(),
            self.server.to_string(),
            self.first.to_string(),
            self.again.to_string(),
            self.cause.name().to_owned(),
            optional(self.connection.as_deref()),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            message: cells.text()?,
            to: cells.text()?,
            mailbox: cells.text()?,
            server: cells.text()?,
            first: cells.time()?,
            again: cells.time()?,
            cause: cells.word(DuplicateCause::from_name)?,
            connection: cells.some_text()?,
        })
    }
}

impl Row for DestinationRow {
    const TABLE: TableDoc = columns::QUEUE_DESTINATIONS;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.at.to_string(), self.server.to_string(), self.destination.to_string()];
        cells.extend([self.due, self.active, self.waiting].iter().map(ToString::to_string));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            at: cells.time()?,
            server: cells.text()?,
            destination: cells.text()?,
            due: cells.number()?,
            active: cells.number()?,
            waiting: cells.number()?,
        })
    }
}

impl Row for SurvivalRow {
    const TABLE: TableDoc = columns::SURVIVAL;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.server.to_string(), self.age.to_string()];
        cells.extend([self.at_risk, self.left, self.censored].iter().map(ToString::to_string));
        cells.push(self.share.to_string());
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            server: cells.text()?,
            age: cells.duration()?,
            at_risk: cells.number()?,
            left: cells.number()?,
            censored: cells.number()?,
            share: cells.number()?,
        })
    }
}

impl Row for SessionRow {
    const TABLE: TableDoc = columns::SMTP_SESSIONS;

    fn cells(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut cells = vec![
            self.connection.to_string(),
            self.client.to_string(),
            self.server.to_string(),
            self.port.to_string(),
            self.began.to_string(),
            self.ended.to_string(),
        ];
        let numbers = [
            counts.commands,
            counts.recipients,
            counts.recipients_refused,
            counts.messages,
            counts.messages_refused,
            counts.replies_4yz,
            counts.replies_5yz,
            counts.client_bytes,
            counts.server_bytes,
            counts.message_bytes,
            self.wire_bytes,
        ];
        cells.extend(numbers.iter().map(ToString::to_string));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            connection: cells.text()?,
            client: cells.text()?,
            server: cells.text()?,
            port: cells.number()?,
            began: cells.time()?,
            ended: cells.time()?,
            counts: SessionCounts {
                commands: cells.number()?,
                recipients: cells.number()?,
                recipients_refused: cells.number()?,
                messages: cells.number()?,
                messages_refused: cells.number()?,
                replies_4yz: cells.number()?,
                replies_5yz: cells.number()?,
                client_bytes: cells.number()?,
                server_bytes: cells.number()?,
                message_bytes: cells.number()?,
            },
            wire_bytes: cells.number()?,
        })
    }
}
