//! The columns of the tables about queues, replies and sessions, and what they mean.

use super::columns::TableDoc;

/// Why attempts and copies ended.
pub const REASONS: TableDoc = TableDoc {
    name: "reasons",
    about: "One row for each way in which attempts ended, or copies that reached nobody, by server and destination; \
            sorted by these, outcome, reason and codes.",
    columns: &[
        ("server", "the server, or the host of the user agent that could not submit a copy"),
        ("destination", "the recipients' domain, in lower case"),
        (
            "outcome",
            "of attempts: completed, deferred, failed (as in the table attempts), of user agents: postponed (the copy stays in the outbox and is tried again); of copies: bounced (given up, the sender told), dropped (given up, nobody told), refused (the user agent gave up submitting), discarded (ended by a stated policy)",
        ),
        ("reason", "the kind of trouble, as in the table attempts; of discarded copies the policy"),
        ("reply_code", "the SMTP reply code, when a reply was the trouble"),
        (
            "enhanced",
            "the enhanced status code (RFC 3463) with which that reply's text begins, if it does; without a reply the code of what no reply said (a null MX, a message that the next server cannot take)",
        ),
        ("count", "attempts, or copies"),
        ("first_s", "when the first of them ended"),
        ("last_s", "when the last of them ended"),
    ],
};

/// Attempts by minute.
pub const ATTEMPT_RATES: TableDoc = TableDoc {
    name: "attempt_rates",
    about: "One row for each minute and destination in which attempts began, sorted by these.",
    columns: &[
        ("minute_s", "the minute's begin"),
        ("destination", "the recipients' domain, in lower case"),
        ("attempts", "attempts that began in it"),
        ("completed", "those after which the next server had the copy"),
        ("deferred", "those after which the copy stayed in the queue"),
        ("failed", "those after which it was not tried again; what is missing was open at the end of the run"),
        ("peak_per_s", "the most that began in one second of the minute"),
    ],
};

/// Outages and what they left behind.
pub const STORMS: TableDoc = TableDoc {
    name: "storms",
    about: "One row for each outage (a fault of the kinds host, link, partition, or service on port 25) that is over, \
            and each host at which attempts failed in it for want of a connection, sorted as the table faults and by \
            host.",
    columns: &[
        ("began_s", "when the outage began"),
        ("ended_s", "when it was over"),
        ("kind", "host, link, partition or service"),
        ("host", "the host that could not be reached"),
        ("failed", "attempts that failed there in the outage"),
        ("backlog", "copies that failed there and were still queued at its end"),
        ("noticed_s", "from the end of the outage to the first attempt that came to the host; empty without one"),
        (
            "attempts",
            "attempts that came to the host after the outage, until the backlog was drained, its next outage began or the run ended",
        ),
        ("peak_per_s", "the most of them that began within one second"),
        (
            "drain_s",
            "from the end of the outage until the last copy of the backlog had left its queue, be it given up; empty when some were there at the end of the run",
        ),
    ],
};

/// Replies that got lost.
pub const LOST_REPLIES: TableDoc = TableDoc {
    name: "lost_replies",
    about: "One row for each acceptance of a copy of which the client never learned, so that it sent the copy again or \
            gave it up; sorted by time of acceptance, message, recipient and connection.",
    columns: &[
        ("message", "Message-ID"),
        ("to", "the recipient's address"),
        ("server", "the server that took the copy"),
        ("client", "the host that handed it over"),
        ("connection", "the connection (see the table connections)"),
        ("accepted_s", "when the server took it"),
        (
            "noticed_s",
            "when the client's attempt ended; of a user agent, when it handed the copy over again or gave up",
        ),
        ("reason", "the kind of trouble that the client saw; empty for a user agent"),
    ],
};

/// Duplicates.
pub const DUPLICATES: TableDoc = TableDoc {
    name: "duplicates",
    about: "One row for each delivery into a mailbox that had the copy already, sorted by time, message, recipient and \
            server.",
    columns: &[
        ("message", "Message-ID"),
        ("to", "the recipient's address"),
        ("mailbox", "the mailbox"),
        ("server", "the server that stored it"),
        ("first_s", "when it was stored first"),
        ("again_s", "when it was stored again"),
        (
            "cause",
            "lost_reply (a server on the way said 250, its client did not hear it and sent the copy again), two_ways (two ways led to the mailbox, such as a list and the recipient's own address), sent_again (by a program outside the simulation), unexplained (a mistake of the simulator)",
        ),
        ("connection", "the connection on which the last such reply was lost"),
    ],
};

/// Queue lengths by destination.
pub const QUEUE_DESTINATIONS: TableDoc = TableDoc {
    name: "queue_destinations",
    about: "One row for each change of a server's queue for one destination, sorted by time, server and destination; \
            the lengths hold until the next row of both, and are 0 before the first.",
    columns: &[
        ("time_s", "when it changed; of several changes at one instant the last"),
        ("server", "the server"),
        ("destination", "the recipients' domain, in lower case"),
        ("due", "copies whose next attempt may begin"),
        ("active", "copies in an attempt"),
        ("waiting", "copies that wait for a retry"),
    ],
};

/// The survival curve of queued mail.
pub const SURVIVAL: TableDoc = TableDoc {
    name: "survival",
    about: "One row for each server and age at which copies left its queue, or were last seen in it when the run ended, \
            sorted by these: Kaplan and Meier's estimate. Copies that left at the instant of their acceptance are not \
            counted.",
    columns: &[
        ("server", "the server"),
        ("age_s", "time since the acceptance by this server"),
        ("at_risk", "copies that had reached this age in the queue"),
        ("left", "those that left it at this age: passed on, delivered, given up, expanded or discarded"),
        ("censored", "those that had this age when the run ended: they are at risk up to it, and count no further"),
        ("share", "the estimated share of copies that are still queued beyond this age, with six decimals"),
    ],
};

/// SMTP sessions.
pub const SMTP_SESSIONS: TableDoc = TableDoc {
    name: "smtp_sessions",
    about: "One row for each connection on which SMTP was spoken, sorted by its first word, client and number.",
    columns: &[
        ("connection", "the connection (see the table connections)"),
        ("client", "the host that opened it"),
        ("server", "the host to which it was opened"),
        ("port", "the port there: 25 between servers, 587 for submission"),
        ("began_s", "when the first octet was said"),
        ("ended_s", "when the last one was"),
        ("commands", "lines of the client outside of messages and of answers to a challenge"),
        ("recipients", "recipients that the server took"),
        ("recipients_refused", "recipients that it refused, for now or for good"),
        ("messages", "messages that it took: a 2yz to the final dot or to BDAT LAST"),
        ("messages_refused", "messages that it refused after their last octet"),
        ("replies_4yz", "replies that asked to come again"),
        ("replies_5yz", "replies that refused for good"),
        ("client_bytes", "octets that the client said"),
        ("server_bytes", "octets that the server said"),
        (
            "message_bytes",
            "octets of messages among client_bytes, without doubled and final dots; the rest of both is protocol",
        ),
        (
            "wire_bytes",
            "bytes of all packets of the connection as they left their source, IP and TCP headers and repetitions included; 0 within one host",
        ),
    ],
};
