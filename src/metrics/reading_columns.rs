//! The columns of the tables about reading mail; a part of the list in `columns`.

use super::columns::TableDoc;

/// Sessions of users with their mailboxes.
pub const MAILBOX_SESSIONS: TableDoc = TableDoc {
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
pub const READINGS: TableDoc = TableDoc {
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
pub const MAILBOXES: TableDoc = TableDoc {
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
