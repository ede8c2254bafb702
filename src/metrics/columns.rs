//! The tables' columns and what they mean: the one place that says so.
//!
//! The headers of the CSV files and `schema/tables.md` are written from here, and a scenario's `expect` is
//! checked by it. Documentation stands here, beside the rows; how rows become cells is for `report`.

use super::dialogue_columns::DIALOGUES;
use super::mail_columns::{
    ATTEMPT_RATES, DUPLICATES, LOST_REPLIES, QUEUE_DESTINATIONS, REASONS, SMTP_SESSIONS, STORMS, SURVIVAL,
};
use super::reading_columns::{MAILBOX_SESSIONS, MAILBOXES, READINGS};
use super::web_columns::{WEB_PAGES, WEB_REQUESTS};

/// A table: its name and meaning, and its columns in order.
#[derive(Clone, Copy, Debug)]
pub struct TableDoc {
    /// The file is `tables/NAME.csv`.
    pub name: &'static str,
    /// One sentence: what a row is, and how rows are sorted.
    pub about: &'static str,
    /// Name and meaning of each column.
    pub columns: &'static [(&'static str, &'static str)],
}

/// Copies of messages.
pub const MESSAGES: TableDoc = TableDoc {
    name: "messages",
    about: "One row for each copy of a message (message times recipient), bounces included, sorted by time of \
            composition, message and recipient.",
    columns: &[
        ("message", "Message-ID, with angle brackets"),
        ("from", "reverse-path; empty for a bounce"),
        ("to", "the recipient's address"),
        (
            "kind",
            "who wrote it, and what for: user, or a server's bounce (a failure), delay (a warning), success (a report that the sender asked for) or vacation (a user's notice)",
        ),
        ("about", "the message on which it reports, or to which it answers; empty for a user's message"),
        (
            "expanded_by",
            "what turned another copy of the message into this one: alias, forward or list; empty for a copy that was composed for this recipient",
        ),
        ("expanded_from", "the recipient of that other copy"),
        (
            "status",
            "at the end of the run: delivered, bounced (given up, the sender told), dropped (given up, nobody told), expanded (turned into others), discarded (ended by a stated policy), queued (in a server's queue), refused (the user agent gave up submitting), outbox (not yet submitted)",
        ),
        ("reason", "the kind of trouble that ended a copy that was bounced, dropped or refused"),
        ("reply_code", "the SMTP reply code, when a reply was that trouble"),
        (
            "enhanced",
            "the enhanced status code (RFC 3463) with which that reply's text begins, if it does; without a reply the code of what no reply said (a null MX, a message that the next server cannot take)",
        ),
        (
            "composed_s",
            "when it was composed; of a copy into which another was turned, when that was, so that its phases tell what its recipient waited for",
        ),
        ("accepted_s", "when the first server answered 250 to its final dot"),
        ("delivered_s", "when it was stored in the mailbox"),
        ("retrieved_s", "when a user agent first fetched it whole, or first showed its text"),
        ("ended_s", "when its life ended: retrieved, given up, refused, expanded or discarded; empty while it goes on"),
        ("latency_s", "delivered_s - composed_s: equals the sum of the phases from composing_s to waiting_for_retry_s"),
        ("attempts", "attempts of servers to pass it on; of a copy into which another was turned, those since then"),
        ("duplicates", "deliveries into the mailbox after the first"),
        ("bytes", "octets as composed"),
        ("composing_s", "time in the user agent before the first attempt to submit it"),
        ("submission_s", "time from the user agent to its server, name look-up, connection and dialogue included"),
        ("queued_s", "time in a server's queue with the next attempt due"),
        ("dns_s", "time in which a server found out where to send it"),
        ("connecting_s", "time in which a server opened a TCP connection"),
        ("dialogue_s", "time of the SMTP dialogue up to the reply to DATA"),
        ("transfer_s", "time of the message itself, until the next server has its final dot"),
        ("waiting_for_retry_s", "time in a server's queue after a failed attempt, until the next was due"),
        ("in_mailbox_s", "time in the mailbox, up to the first retrieval or the end of the run"),
        (
            "retrieval_s",
            "time on its way to the recipient's user agent; all phases sum to ended_s - composed_s, or to the end of the run - composed_s",
        ),
    ],
};

/// Attempts to pass copies on.
pub const ATTEMPTS: TableDoc = TableDoc {
    name: "attempts",
    about: "One row for each attempt of a server to pass a copy on, sorted by start, message, recipient, server and \
            number.",
    columns: &[
        ("message", "Message-ID"),
        ("to", "the recipient's address"),
        ("server", "the server that tried"),
        ("attempt", "1 for this server's first attempt for this copy"),
        ("started_s", "when it began"),
        ("ended_s", "when it ended, be it by a crash of the server; empty when the end of the run found it under way"),
        ("exchange", "the last host tried, if it came to that"),
        ("connection", "the last connection used, if any (see the table connections)"),
        (
            "outcome",
            "completed (the next server has it), deferred (later again), expiring (the same, but it expires first), failed (not again), open",
        ),
        ("reason", "the kind of trouble"),
        ("reply_code", "the SMTP reply code, when a reply was the trouble"),
        ("text", "the reply's text, or a sentence about the trouble"),
        (
            "next_s",
            "when the next attempt is due, after a deferral, or when an expiring copy expires; empty after a crash of the server: as soon as that works",
        ),
    ],
};

/// DNS questions.
pub const DNS_QUERIES: TableDoc = TableDoc {
    name: "dns_queries",
    about: "One row for each DNS question sent, repetitions included, sorted by time, asking host and number.",
    columns: &[
        ("time_s", "when it was sent"),
        ("query", "its name: HOST?N is the N-th question of that host"),
        ("from", "the host that asked"),
        ("to", "the host asked"),
        ("role", "stub (the host asks for an application of its own) or resolver (for a client)"),
        ("name", "QNAME"),
        ("type", "QTYPE"),
        ("retry", "0, or the count of repetitions of this question"),
        (
            "outcome",
            "answer, alias (only CNAMEs), referral, nxdomain, nodata, failure (an error response), truncated (cut off, so that the next question went over TCP), timeout (silence), unreachable (ICMP, or the asking host itself, said that it did not get there), or open at the end of the run",
        ),
        ("rcode", "the response code; empty without a response"),
        ("answers", "records in the answer section; empty without a response"),
        ("latency_s", "from the question to the response, to the time-out, or to the word that it did not get there"),
        ("heard_s", "when the host asked took it up; empty if it never did"),
        ("replied_s", "when that host sent its response, whether or not it arrived; empty if it never did"),
        (
            "cache",
            "what the asked resolver found in its cache for this question: hit, negative_hit, stale (also when it served that only after asking in vain), failure or miss; empty for servers without a cache",
        ),
        ("for_query", "the client's question on whose behalf a resolver asked"),
    ],
};

/// Caches of names.
pub const CACHES: TableDoc = TableDoc {
    name: "caches",
    about: "One row for each host and level at which it looked names up in caches, in the order of hosts, the levels from \
            the asker upwards; a look-up counts once at each cache that it comes to, but a question that a stub repeats \
            counts again at the resolver.",
    columns: &[
        ("host", "the host"),
        (
            "level",
            "application (a program's own cache), stub (of its host's stub resolvers), forwarder (of a resolver that asks other resolvers) or resolver",
        ),
        ("lookups", "look-ups: at a resolver the questions of clients, not those that it asks itself on the way"),
        ("hits", "those that found records"),
        ("negative_hits", "those that found the knowledge that there are none"),
        ("stale_hits", "those that were answered with what was beyond its end (RFC 8767)"),
        ("failure_hits", "those that found the memory of a failure (RFC 9520)"),
        ("misses", "those that found nothing"),
        ("hit_ratio", "hits, negative_hits and stale_hits over lookups"),
    ],
};

/// Servers of names.
pub const DNS_SERVERS: TableDoc = TableDoc {
    name: "dns_servers",
    about: "One row for each host that was asked anything on port 53, in the order of hosts.",
    columns: &[
        ("server", "the host"),
        (
            "role",
            "authority (it serves zones), forwarder (its resolver asks other resolvers) or resolver (it asks the servers of zones)",
        ),
        ("queries_udp", "questions that came as datagrams"),
        ("queries_tcp", "questions that came over TCP"),
        ("mean_load_per_s", "questions a second, over the whole run"),
        ("answers", "responses with records of the asked type"),
        ("aliases", "responses with CNAMEs only"),
        ("referrals", "responses that name servers further down"),
        ("nxdomain", "responses that the name does not exist"),
        ("nodata", "responses that it has no such records"),
        ("failures", "error responses"),
        ("truncated", "responses that were cut off (TC), whatever was left in them"),
    ],
};

/// TCP connections.
pub const CONNECTIONS: TableDoc = TableDoc {
    name: "connections",
    about: "One row for each TCP connection for which a SYN was sent, sorted by opening, client and number.",
    columns: &[
        ("connection", "its name: HOST#N is the N-th connection that this host opened"),
        ("client", "the host that opened it"),
        ("server", "the host to which it was opened, or an address that nobody has"),
        ("server_port", "the port there"),
        ("opened_s", "when the first SYN was sent"),
        ("established_s", "when the client reached ESTABLISHED"),
        ("closed_s", "when the last of its ends was closed, or lost in a crash of its host; empty while one is open"),
        ("setup_s", "established_s - opened_s"),
        (
            "bytes_to_server",
            "data octets from client to server without repetitions; empty until an end is closed, which a crash does not do",
        ),
        (
            "bytes_to_client",
            "data octets from server to client without repetitions; empty until an end is closed, which a crash does not do",
        ),
        ("retransmissions", "segments that either end sent again"),
        ("packets", "packets that either end sent, repetitions and copies that its first link made included"),
        ("wire_bytes", "their bytes, IP and TCP headers included; 0 within one host"),
        (
            "end_client",
            "how the client's end ended: finished, refused, reset, timed_out, aborted, unreachable, or crashed (its host went down); empty while open",
        ),
        ("end_server", "how the server's end ended; empty while open, or when it never had one"),
        ("family", "ipv4 or ipv6: the family of the addresses of both ends"),
        (
            "goodput_bps_to_server",
            "data octets from the client that the server acknowledged, times 8, over the time from the client's ESTABLISHED to the last of these acknowledgements; empty without one",
        ),
        ("goodput_bps_to_client", "likewise, from the server's ESTABLISHED"),
        ("client_resent_timeout", "segments that the client sent again because its retransmission timer ran out"),
        ("client_resent_fast", "segments that it sent again because acknowledgements told that they were missing"),
        ("client_resent_probe", "segments that it sent again to fetch an acknowledgement (tail loss probes)"),
        (
            "client_resent_path_mtu",
            "segments that it cut anew because a link could not take them; the eight counts sum to retransmissions",
        ),
        ("client_rtt_samples", "round-trip times that the client measured for its RTO; empty when it went down"),
        ("client_rtt_min_s", "the shortest of them; empty without any, as the next three"),
        ("client_rtt_mean_s", "their mean, rounded down"),
        ("client_rtt_max_s", "the longest of them"),
        ("client_srtt_s", "the smoothed round-trip time (SRTT) at the end"),
        (
            "client_discarded_bytes",
            "data octets that came to the client in vain: it had them already, or had no room; empty when it went down",
        ),
        ("server_resent_timeout", "as for the client"),
        ("server_resent_fast", "likewise"),
        ("server_resent_probe", "likewise"),
        ("server_resent_path_mtu", "likewise"),
        ("server_rtt_samples", "likewise; empty, as all from here on, when it never had an end"),
        ("server_rtt_min_s", "likewise"),
        ("server_rtt_mean_s", "likewise"),
        ("server_rtt_max_s", "likewise"),
        ("server_srtt_s", "likewise"),
        ("server_discarded_bytes", "likewise"),
    ],
};

/// Parts of messages.
pub const PARTS: TableDoc = TableDoc {
    name: "parts",
    about: "One row for each part of a message that a user agent composed as MIME (RFC 2045): what its transfer \
            encoding costs, sorted by time of composition, message and place.",
    columns: &[
        ("composed_s", "when the message was composed"),
        ("message", "Message-ID"),
        ("part", "its place in the message, as IMAP numbers parts: 1.2 is the second part of the first"),
        ("type", "its media type"),
        ("encoding", "its transfer encoding: 7bit, 8bit, quoted-printable or base64"),
        ("content_bytes", "octets before they were encoded"),
        ("encoded_bytes", "octets encoded, without header and delimiters"),
    ],
};

/// Queue lengths.
pub const QUEUE: TableDoc = TableDoc {
    name: "queue",
    about: "One row for each change of the length of a server's mail queue, sorted by time and server; the length \
            holds until the next row of that server, and is 0 before the first.",
    columns: &[
        ("time_s", "when it changed; of several changes at one instant the last"),
        ("server", "the server"),
        ("copies", "copies in the queue: due, in an attempt, or waiting for a retry"),
        ("waiting", "those that wait for a retry"),
    ],
};

/// Link directions.
pub const LINKS: TableDoc = TableDoc {
    name: "links",
    about: "One row for each direction of each link, sorted by link and direction; packets on their way at the end \
            of the run are in packets only.",
    columns: &[
        ("link", "the link"),
        ("from", "the host at which this direction begins"),
        ("to", "the host at which it ends"),
        ("packets", "packets that joined the queue of this direction"),
        ("bytes", "their bytes, IP and transport headers included"),
        ("delivered_packets", "packets that reached the far end"),
        ("dropped_queue_full", "packets that found the queue full"),
        ("dropped_loss", "packets that the link lost at random"),
        (
            "dropped_other",
            "packets lost for another reason; those that a host did not take count in network.dropped only",
        ),
        ("dropped_early", "packets that RED turned away"),
        ("dropped_sojourn", "packets that CoDel dropped"),
        ("dropped_too_big", "packets larger than the MTU"),
        ("duplicated", "copies that the link made; they are among packets"),
        ("damaged", "packets that the link damaged; the checksum at their destination finds that out"),
        ("marked", "packets that RED or CoDel marked instead of dropping them (ECN)"),
        ("utilization", "share of the run in which the line was busy; 0 without a rate"),
        ("mean_queue_packets", "mean over time of the packets that waited, the one in service not counted"),
        ("max_queue_packets", "most packets that waited at once"),
        (
            "max_wait_s",
            "longest wait of a packet, as foreseen when it joined the queue; a change of the link's rate after that does not correct it",
        ),
    ],
};

/// Faults.
pub const FAULTS: TableDoc = TableDoc {
    name: "faults",
    about: "One row for each time in which something was broken or changed, sorted by begin, kind, host, link and port. \
            Faults of one thing that overlap make one row; a change that begins or ends while others of the same link or \
            host are in force ends a row and begins the next.",
    columns: &[
        ("began_s", "when it began"),
        ("ended_s", "when it ended; empty while it lasts"),
        (
            "kind",
            "host (no power), link (carries nothing), service (nobody listens), degraded (a port whose packets are slowed down or lost at its host), partition (a part of the network cut off; each link that is down for it has a row of its own), change (a link with other properties), processing (requests that take other times)",
        ),
        ("host", "the host, of the kinds host, service, degraded and processing"),
        ("link", "the link, of the kinds link and change"),
        ("port", "the port, of the kinds service and degraded"),
    ],
};

/// What mail servers did to their clients.
pub const CONDUCT: TableDoc = TableDoc {
    name: "conduct",
    about: "Only when a rule of `mail.DOMAIN.conduct` was used. One row for each server, rule, command and outcome, in this \
            order.",
    columns: &[
        ("server", "the mail server"),
        ("rule", "the rule: its name, or that of the short form, such as greylisting"),
        ("at", "the command, or CONNECT (before the greeting), BODY (the message has come), OTHER (any other line)"),
        (
            "action",
            "slowed, let_pass (rules after it were not tried), replied (with the rule's own reply), dropped (closed or reset), cut (within the message), silent, garbled, half_closed; of greylisting greylisted (refused), grey_passed (the triplet's first passage), grey_known (it had passed before), grey_whitelisted (the client was known) or grey_exempt",
        ),
        ("uses", "how often"),
        ("effects", "how often the command took effect though the client was told something else, or nothing"),
        ("delay_s", "the time that all of them cost the clients"),
    ],
};

/// What people did.
pub const PERSON_ACTIONS: TableDoc = TableDoc {
    name: "person_actions",
    about: "Only when the workload has `steps` or `people`. One row for each thing that somebody did in a session with \
            the mailbox, or wanted to do, sorted by time and user.",
    columns: &[
        ("time_s", "when it was done"),
        ("user", "the person's address"),
        ("device", "the computer"),
        ("protocol", "how the person gets at the mailbox: pop3, pop3-keep, imap or webmail"),
        (
            "action",
            "begin (of the session), look, search, open, attachment, reply, reply_all, forward, write, draft, finish (of a draft), file, delete, mark, end",
        ),
        ("message", "Message-ID of the message that it is about, or that was written; empty if none is known"),
        ("folder", "the folder; empty where none matters"),
        (
            "outcome",
            "done, nothing (there was no message to act on) or refused (by the server, or since the session broke)",
        ),
    ],
};

/// Windows of TCP senders.
pub const CWND: TableDoc = TableDoc {
    name: "cwnd",
    about: "Only with `outputs.cwnd`. One row for each change of cwnd, ssthresh, SRTT or RTO of an end of a TCP \
            connection, from ESTABLISHED on, in the order of events; the values hold until the next row of that end.",
    columns: &[
        ("time_s", "when they changed"),
        ("connection", "the connection (see the table connections)"),
        ("side", "whose windows: client or server"),
        ("host", "the host of that end"),
        ("cwnd_bytes", "the congestion window"),
        ("ssthresh_bytes", "the slow-start threshold; empty until a loss or a mark sets it"),
        ("srtt_s", "the smoothed round-trip time; 0 before the first measurement"),
        ("rto_s", "the retransmission timeout, back-off included"),
        (
            "in_flight_bytes",
            "octets that count against cwnd at that instant: sent and not acknowledged, less those known to have arrived or to be lost",
        ),
    ],
};

/// The tables that a run writes only when asked, or when there is something in them.
pub const OPTIONAL_TABLES: [TableDoc; 6] = [DIALOGUES, CONDUCT, PERSON_ACTIONS, WEB_REQUESTS, WEB_PAGES, CWND];

/// The tables of every run, in the order of the documentation.
pub const TABLES: [TableDoc; 21] = [
    MESSAGES,
    ATTEMPTS,
    PARTS,
    REASONS,
    ATTEMPT_RATES,
    STORMS,
    LOST_REPLIES,
    DUPLICATES,
    QUEUE,
    QUEUE_DESTINATIONS,
    SURVIVAL,
    SMTP_SESSIONS,
    MAILBOX_SESSIONS,
    READINGS,
    MAILBOXES,
    DNS_QUERIES,
    CACHES,
    DNS_SERVERS,
    CONNECTIONS,
    LINKS,
    FAULTS,
];

/// The table of that name, be it one that not every run writes.
#[must_use]
pub fn table(name: &str) -> Option<&'static TableDoc> {
    all().find(|table| table.name == name)
}

/// Every table, in the order of the documentation.
pub fn all() -> impl Iterator<Item = &'static TableDoc> + Clone {
    const EVERY_RUN: &[TableDoc] = &TABLES;
    const SOME_RUNS: &[TableDoc] = &OPTIONAL_TABLES;
    EVERY_RUN.iter().chain(SOME_RUNS)
}

impl TableDoc {
    /// Where the column of that name stands.
    #[must_use]
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|(name, _)| *name == column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::trace::Phase;

    /// Breaks when a phase is added to the trace and forgotten here.
    #[test]
    fn every_phase_has_a_column() {
        let columns: Vec<&str> = MESSAGES.columns.iter().rev().take(Phase::ALL.len()).map(|(name, _)| *name).collect();
        let phases: Vec<String> = Phase::ALL.iter().rev().map(|phase| format!("{}_s", phase.name())).collect();
        assert_eq!(columns, phases);
    }
}
