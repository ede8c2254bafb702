//! Plain words for the words of tables and of the trace, with the sections of the standards that speak of
//! what they name.

use super::notes::Loss;
use crate::base::trace::{DnsAnswerKind, DropReason, RetransmitReason};

/// Why a packet was lost.
pub(super) const fn drop_reason(reason: DropReason) -> &'static str {
    match reason {
        DropReason::QueueFull => "the queue there was full",
        DropReason::Loss => "the link loses packets",
        DropReason::LinkDown => "the link was down",
        DropReason::HostDown => "the host was down",
        DropReason::NoRoute => "there was no route to the destination",
        DropReason::PortClosed => "nobody had bound the port",
        DropReason::TtlExpired => "the hop limit ran out",
        DropReason::TooBig => "too large for the link's MTU",
        DropReason::Early => "RED drops packets before the queue is full",
        DropReason::Sojourn => "CoDel drops what has waited for too long",
        DropReason::Corrupt => "damaged on the way, as the checksum showed",
        DropReason::BacklogFull => "too many handshakes were under way there",
        DropReason::ServiceFull => "the service had no place for another session",
    }
}

/// Where a packet was lost, and why.
pub(super) fn loss(loss: &Loss) -> String {
    let place = match (&loss.link, loss.reason) {
        (_, DropReason::HostDown) => format!("at {}", loss.host),
        (Some(link), _) => format!("on the link {link}"),
        (None, _) => format!("at {}", loss.host),
    };
    match (&loss.link, loss.reason) {
        // only the stage of a degraded service loses packets at a host
        (None, DropReason::Loss) => format!("{place}: its degraded service loses packets"),
        (_, reason) => format!("{place}: {}", drop_reason(reason)),
    }
}

/// How a connection's end ended, by the table's word, as something that happened to `whose` end.
pub(super) fn end(word: &str, whose: &str) -> String {
    match word {
        "finished" => format!("{whose} end finished in order: both sides sent their FIN and had it acknowledged"),
        "refused" => format!("{whose} end was refused: a RST answered its SYN"),
        "reset" => format!("{whose} end was reset: a RST came from the other side"),
        "timed_out" => format!("{whose} end gave up: what it sent again and again stayed unanswered"),
        "aborted" => format!("{whose} end was aborted by its own program, which sends a RST"),
        "unreachable" => format!("{whose} end gave up: no way led to the other side"),
        "crashed" => format!("{whose} end was lost when its host went down"),
        other => format!("{whose} end: {}", super::plain(other)),
    }
}

/// The section about such an end.
pub(super) fn end_section(word: &str) -> &'static str {
    match word {
        "finished" => "RFC 9293 3.6",
        "refused" | "reset" => "RFC 9293 3.5.2",
        "timed_out" => "RFC 9293 3.8.3",
        "aborted" => "RFC 9293 3.10.5",
        "unreachable" => "RFC 1122 4.2.3.9",
        _ => "",
    }
}

/// What made an end send something again.
pub(super) const fn resent(why: RetransmitReason) -> (&'static str, &'static str) {
    match why {
        RetransmitReason::Timeout => ("its retransmission timer ran out", "RFC 6298 5"),
        RetransmitReason::FastRetransmit => ("acknowledgements told that it was missing", "RFC 5681 3.2"),
        RetransmitReason::LossProbe => ("no acknowledgement came, so it went to fetch one", "RFC 8985 7"),
        RetransmitReason::PathMtu => ("a link on the way could not take a packet of that size", "RFC 1191 6.5"),
    }
}

/// What a DNS response is.
pub(super) const fn answer(kind: DnsAnswerKind) -> &'static str {
    match kind {
        DnsAnswerKind::Answer => "it got the records",
        DnsAnswerKind::Alias => "the name is only an alias",
        DnsAnswerKind::Referral => "it was referred to other servers",
        DnsAnswerKind::NxDomain => "the name does not exist",
        DnsAnswerKind::NoData => "the name has no such record",
        DnsAnswerKind::Failure => "nobody could tell",
        DnsAnswerKind::Truncated => "the response was cut off",
    }
}

/// The sections about a trouble on a message's way, by the table's words.
pub(super) fn trouble_section(reason: &str) -> &'static str {
    match reason {
        "reply" => "RFC 5321 4.2.1",
        "no_such_domain" | "no_mail_server" => "RFC 5321 5.1",
        "loop" => "RFC 5321 6.3",
        "reply_timed_out" => "RFC 5321 4.5.3.2",
        "no_tls" => "RFC 3207 4.1",
        "expired" => "RFC 5321 4.5.4.1",
        _ => "",
    }
}

/// What happened, by the table's word for a trouble; `host` is whom it was about, `said` the text that goes with it.
pub(super) fn trouble(reason: &str, host: &str, domain: &str, said: &str) -> String {
    let quoted = || super::quoted(said);
    let said = if said.is_empty() { String::new() } else { format!(" ({})", super::quoted(said)) };
    match reason {
        "connection_refused" => format!("{host} refused the connection"),
        "connection_timed_out" => format!("{host} did not answer the call for a connection"),
        "unreachable" => format!("no way led to {host}"),
        "connection_lost" => format!("the connection with {host} broke{said}"),
        "reply" => format!("{host} answered {}", quoted()),
        "reply_timed_out" => format!("{host} gave no reply in time"),
        "protocol_error" => format!("{host} did not keep to the protocol{said}"),
        "no_tls" => format!("TLS, which is required, did not come about with {host}{said}"),
        "dns_failure" => format!("the DNS did not tell where mail for {domain} goes{said}"),
        "no_such_domain" => format!("the domain {domain} does not exist"),
        "no_mail_server" => format!("the domain {domain} takes no mail{said}"),
        "expired" => format!("it had been in the queue for longer than mail is kept{said}"),
        "loop" => format!("it went round in circles{said}"),
        "unsendable" => format!("no server takes it as it is{said}"),
        other => format!("{}{said}", super::plain(other).replace('_', " ")),
    }
}

/// What an enhanced status code says beyond its first digit.
pub(super) fn enhanced(code: &str) -> Option<(&'static str, &'static str)> {
    let (class, detail) = code.split_once('.')?;
    if !matches!(class, "2" | "4" | "5") {
        return None;
    }
    Some(match detail {
        "1.1" => ("there is no such mailbox", "RFC 3463 3.2"),
        "1.2" => ("there is no such system", "RFC 3463 3.2"),
        "1.3" => ("the address is ill-formed", "RFC 3463 3.2"),
        "1.6" => ("the mailbox has moved", "RFC 3463 3.2"),
        "2.1" => ("the mailbox is closed to mail", "RFC 3463 3.3"),
        "2.2" => ("the mailbox is full", "RFC 3463 3.3"),
        "2.3" => ("the message is larger than this mailbox takes", "RFC 3463 3.3"),
        "3.1" => ("the server has no room for mail", "RFC 3463 3.4"),
        "3.2" => ("the server takes no mail now", "RFC 3463 3.4"),
        "3.4" => ("the message is larger than the server takes", "RFC 3463 3.4"),
        "4.1" => ("the host did not answer", "RFC 3463 3.5"),
        "4.2" => ("the connection was bad", "RFC 3463 3.5"),
        "4.4" => ("no route was found", "RFC 3463 3.5"),
        "4.6" => ("the message went round in a loop", "RFC 3463 3.5"),
        "4.7" => ("the message waited for longer than it may", "RFC 3463 3.5"),
        "5.3" => ("it has too many recipients", "RFC 3463 3.6"),
        "7.1" => ("a rule of the receiving side forbids it, at least for now", "RFC 3463 3.8"),
        _ => return None,
    })
}

/// What reads a mailbox, by the table's word.
pub(super) fn protocol(word: &str) -> String {
    match word {
        "pop3" => "POP3".to_owned(),
        "pop3-keep" => "POP3, leaving mail on the server".to_owned(),
        "imap" => "IMAP".to_owned(),
        "http" | "webmail" => "webmail (HTTP)".to_owned(),
        other => super::plain(other),
    }
}
