//! The columns of the table about who said how much when; a part of the list in `columns`.

use super::columns::TableDoc;

/// Pieces of dialogues.
pub const DIALOGUES: TableDoc = TableDoc {
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
            "the message that it served to carry: the next one on this connection that was accepted, fetched, refused or put off at its submission, or at which an attempt ended; empty after the last one, and where none is known",
        ),
    ],
};
