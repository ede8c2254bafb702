//! The tables about reading mail: their columns, and their rows as cells and back.

use super::columns::TableDoc;
use super::rows::{Cells, Row};
use super::values::optional;
use crate::metrics::{MailboxRow, MailboxSessionRow, ReadingRow};

/// Sessions of users with their mailboxes.
pub(super) const MAILBOX_SESSIONS: TableDoc = TableDoc {
    name: "mailbox_sessions",
    about: "One row for each session of a user with the mailbox that is over, sorted by its begin, user and device.",
    columns: &[
        ("user", "the user's address"),
        ("device", "the host on which the user reads"),
        ("protocol", "pop3, imap or http"),
        ("connection", "the connection (see the table connections); empty if it came to none"),
        ("began_s", "when the user began: with the look-up of the server"),
        ("ended_s", "when it was over"),
        ("commands", "commands or requests of the client"),
        (
            "round_trips",
            "how often the client said something and then heard something; what goes in one go counts once",
        ),
        ("sent_bytes", "octets that the client said"),
        ("received_bytes", "octets that it heard"),
        ("listed", "messages that it was told of, repetitions included"),
        ("opened", "messages, and parts that show something of one, that it fetched"),
        ("learned", "messages on the device of which it learned that others marked or removed them"),
        ("trouble", "why it ended before its time; empty if it came to its end"),
    ],
};

/// Messages that were shown.
pub(super) const READINGS: TableDoc = TableDoc {
    name: "readings",
    about: "One row for each message that was shown to a user, on each device (of several times the first), sorted by time, user, device and message.",
    columns: &[
        ("message", "Message-ID; empty if it has none"),
        ("user", "the user's address"),
        ("device", "the host on which it was shown"),
        ("composed_s", "when it was written; empty of what nobody sent"),
        ("delivered_s", "when it came into the mailbox; likewise"),
        ("found_s", "when the look at the mailbox began that found it: the session's begin, or the news in it"),
        ("here_s", "when what is shown had come to the device"),
        ("shown_s", "when it was shown"),
        ("poll_wait_s", "from delivered_s to found_s: what it waited for somebody to look; 0 if the look began before"),
        ("pause_s", "how long the reader left it in the list (or, fetched, on the device) before wanting to see it"),
        (
            "retrieval_s",
            "the rest, until shown_s: what the protocol took to bring it; the three sum to shown_s - delivered_s",
        ),
    ],
};

/// Sizes of mailboxes.
pub(super) const MAILBOXES: TableDoc = TableDoc {
    name: "mailboxes",
    about: "One row for each change of what is in a mailbox (of several at one instant the last), sorted by time and user; \
            the first 500 000 of a run.",
    columns: &[
        ("time_s", "since when"),
        ("user", "the user's address"),
        ("messages", "messages in all folders"),
        ("bytes", "their octets"),
    ],
};

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
