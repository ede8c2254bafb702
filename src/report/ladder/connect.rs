//! How connections begin and end, as their table tells: the call, its answer or what came instead, and what went
//! wrong afterwards. A connection that ends as it should ends without a word.

use super::picture::{Draft, Look, Message};
use crate::metrics::ConnectionRow;

/// The protocol that is spoken at a port, as far as ladders know it.
pub(super) const fn protocol_at(port: u16) -> &'static str {
    match port {
        25 | 465 | 587 => "smtp",
        110 | 995 => "pop3",
        143 | 993 => "imap",
        53 => "dns",
        _ => "http",
    }
}

/// The call to a server and what came of it.
pub(super) fn beginning(row: &ConnectionRow) -> Vec<Draft> {
    let protocol = protocol_at(row.server_port).to_uppercase();
    let label = format!("{protocol}: connect to port {}", row.server_port);
    let ends = (&row.client, &row.server);
    let look = if row.established.is_some() { Look::Control } else { call(row) };
    let call = Message { label, look, ..Message::default() };
    let mut drafts = vec![Draft::message(row.opened, ends, call).begins()];
    if let Some(at) = row.established {
        let answer = Message { label: "connected".to_owned(), look: Look::Control, ..Message::default() };
        drafts.push(Draft::message(at, (&row.server, &row.client), answer));
    } else if let Some(at) = row.closed {
        let why = row.end_client.as_deref().unwrap_or("lost");
        if why == "refused" {
            let answer = Message { label: "refused (RST)".to_owned(), look: Look::Failure, ..Message::default() };
            drafts.push(Draft::message(at, (&row.server, &row.client), answer));
        } else {
            drafts.push(Draft::note(at, &row.client, ended(why), true));
        }
    }
    drafts
}

/// Whether the call came to anybody.
fn call(row: &ConnectionRow) -> Look {
    if row.end_client.as_deref() == Some("refused") { Look::Control } else { Look::Vain }
}

/// What went wrong on an established connection, at the time of its end.
pub(super) fn ending(row: &ConnectionRow) -> Vec<Draft> {
    let (Some(_), Some(at)) = (row.established, row.closed) else { return Vec::new() };
    let mut drafts = Vec::new();
    let ends = [(&row.client, &row.end_client), (&row.server, &row.end_server)];
    for (host, end) in ends {
        if let Some(why) = end.as_deref().filter(|why| *why != "finished") {
            drafts.push(Draft::note(at, host, ended(why), true));
        }
    }
    if row.retransmissions > 0 {
        let text = match row.retransmissions {
            1 => "closed; 1 segment was sent again".to_owned(),
            count => format!("closed; {count} segments were sent again"),
        };
        drafts.push(Draft::note(at, &row.client, text, false));
    }
    drafts
}

/// The end of a connection in words.
fn ended(why: &str) -> String {
    match why {
        "timed_out" => "connection timed out".to_owned(),
        "reset" => "connection reset (RST)".to_owned(),
        "aborted" => "connection aborted".to_owned(),
        "unreachable" => "no route to host".to_owned(),
        other => format!("connection {}", super::picture::shown(&other.replace('_', " "))),
    }
}
