//! A connection: why it was opened, its handshake, what was said, what was lost and sent again, how it
//! ended and why.
//!
//! The table of connections has the sums. Single losses and retransmissions and what was said are known
//! where the run was made again. A retransmission is explained by a lost copy of the segment, unless a later
//! copy had arrived; then by the acknowledgement of that, if it was lost. If neither was, it was sent in vain.

use super::causes::{self, Scene};
use super::message::connection;
use super::notes::{ConnNote, Loss, Resent, Segment};
use super::{Sources, Step, Story, count, dialogue, plain, since, span, words};
use crate::base::nearest;
use crate::base::socket::Side;
use crate::base::time::SimTime;
use crate::metrics::{ConnectionRow, DnsOutcome, EndRow};

/// So many losses and so many retransmissions are told one by one.
const MOST: usize = 30;

/// The story of a connection.
///
/// # Errors
/// There is none of that name; with the nearest name that there is, if one is near.
pub fn connection_story(sources: &Sources<'_>, name: &str) -> Result<Story, Option<String>> {
    let Some(row) = connection(sources.tables, name) else {
        let known = sources.tables.connections.iter().map(|row| &*row.connection);
        return Err(nearest(name, known).map(plain));
    };
    let seen = sources.witness.and_then(|witness| witness.conn(&row.connection));
    let to = format!("{}, port {}", plain(&row.server), row.server_port);
    let title =
        format!("{}: from {} to {to} ({})", plain(&row.connection), plain(&row.client), service(row.server_port));
    let mut steps = vec![opened(sources, row, seen)];
    steps.extend(established(row, seen));
    if let Some(note) = seen {
        let said = dialogue::phases(&note.said);
        steps.extend(said.into_iter().map(|phase| Step::new(phase.at, phase.text)));
        steps.extend(lost(sources, note));
        steps.extend(resent(sources, note));
        if let Some(at) = note.turned_away {
            steps.push(Step::new(at, format!("{} has no place for it", plain(&row.server))));
        }
    }
    steps.extend(ends(sources, row, seen));
    Ok(Story { title, from: row.opened, steps, closing: closing(row, seen) }.in_order())
}

fn service(port: u16) -> &'static str {
    match port {
        25 => "SMTP between servers",
        587 => "submission by SMTP",
        110 => "POP3",
        143 => "IMAP",
        80 => "HTTP",
        53 => "DNS over TCP",
        _ => "TCP",
    }
}

fn opened(sources: &Sources<'_>, row: &ConnectionRow, seen: Option<&ConnNote>) -> Step {
    let mut step = Step::new(row.opened, format!("{} sends its first SYN", plain(&row.client))).rfc("RFC 9293 3.5");
    step.details.extend(why(sources, row, seen));
    step
}

/// For what it was opened, as far as a table or the trace says.
fn why(sources: &Sources<'_>, row: &ConnectionRow, seen: Option<&ConnNote>) -> Vec<String> {
    let tables = sources.tables;
    let ours = |name: &Option<crate::metrics::Text>| name.as_ref() == Some(&row.connection);
    let mut why = Vec::new();
    let attempts: Vec<_> = tables.attempts.iter().filter(|one| ours(&one.connection)).collect();
    if let Some(first) = attempts.first() {
        let others = match attempts.len() {
            1 => String::new(),
            many => format!(", and for {} more", many - 1),
        };
        why.push(format!(
            "for attempt {} of {} to pass {} on to {}{others}",
            first.attempt,
            plain(&first.server),
            plain(&first.message),
            plain(&first.to)
        ));
    }
    for session in tables.mailbox_sessions.iter().filter(|one| ours(&one.connection)) {
        let took = span(since(session.ended, session.began));
        why.push(format!("for a session of {} with the mailbox, {took} long", plain(&session.user)));
    }
    let requests: Vec<_> = tables.web_requests.iter().flatten().filter(|one| ours(&one.connection)).collect();
    if let Some(first) = requests.first() {
        let many = count(requests.len(), "request", "requests");
        why.push(format!("for {many} of a browser, first {}", plain(&first.url)));
    }
    if row.server_port == 53 {
        let cut = tables.dns_queries.iter().rev().find(|query| {
            query.outcome == DnsOutcome::Truncated && query.from == row.client && query.asked <= row.opened
        });
        if let Some(query) = cut {
            let (name, rtype) = (plain(&query.name), plain(&query.rtype));
            why.push(format!("the response to {} ({name} {rtype}) was cut off (RFC 7766 5)", plain(&query.query)));
        }
    }
    if attempts.is_empty()
        && let Some((_, message, _)) = seen.and_then(|note| note.took.first())
    {
        why.push(format!("to hand {} over to {}", plain(message), plain(&row.server)));
    }
    why
}

fn established(row: &ConnectionRow, seen: Option<&ConnNote>) -> Vec<Step> {
    let Some(at) = row.established else { return Vec::new() };
    let setup = span(since(at, row.opened));
    let what =
        format!("the SYN is answered: established for {} after {setup}, one round-trip time", plain(&row.client));
    let what = match seen.map_or(0, |note| note.resent.iter().filter(|one| one.at < at && one.len == 0).count()) {
        0 => what,
        again => format!("established for {} after {setup}; its SYN was sent {} times", plain(&row.client), again + 1),
    };
    let mut steps = vec![Step::new(at, what).rfc("RFC 9293 3.5")];
    if let Some(at) = seen.and_then(|note| note.established[1]) {
        steps.push(Step::new(
            at,
            format!("established for {}, which has the last ACK of the handshake", plain(&row.server)),
        ));
    }
    steps
}

/// A segment in words.
fn segment(segment: Option<Segment>) -> String {
    match segment {
        Some(Segment { syn: true, .. }) => "a SYN".to_owned(),
        Some(Segment { rst: true, .. }) => "a RST".to_owned(),
        Some(Segment { fin: true, len: 0, .. }) => "a FIN".to_owned(),
        Some(Segment { len: 0, .. }) => "an acknowledgement".to_owned(),
        Some(Segment { seq, len, .. }) => octets(seq, len),
        None => "a packet".to_owned(),
    }
}

fn octets(seq: u64, len: u32) -> String {
    format!("the octets {seq} to {}", seq.saturating_add(u64::from(len)).saturating_sub(1))
}

fn lost(sources: &Sources<'_>, note: &ConnNote) -> Vec<Step> {
    let mut steps: Vec<Step> = note.losses.iter().take(MOST).map(|loss| one_lost(sources, note, loss)).collect();
    if let Some(next) = note.losses.get(MOST) {
        let rest = note.losses.len() - MOST;
        steps.push(Step::new(next.at, format!("{} more are lost from here on", count(rest, "packet", "packets"))));
    }
    steps
}

fn one_lost(sources: &Sources<'_>, note: &ConnNote, loss: &Loss) -> Step {
    let what = format!("lost: {} from {}, {}", segment(loss.segment), plain(&loss.from), words::loss(loss));
    let mut step = Step::new(loss.at, what);
    // the first sentence says again what the step says
    step.details.extend(causes::losses(sources, std::slice::from_ref(loss)).into_iter().skip(1));
    let hosts = [&*note.client, &*note.server];
    let scene = Scene { hosts: &hosts, port: Some(note.port), from: loss.at, to: loss.at };
    step.details.extend(causes::faults(sources, &scene));
    step.details.dedup();
    step
}

fn resent(sources: &Sources<'_>, note: &ConnNote) -> Vec<Step> {
    let one = |again: &Resent| {
        let (why, section) = words::resent(again.why);
        let what = match again.len {
            0 if again.seq == 0 => "its SYN".to_owned(),
            0 => "its FIN".to_owned(),
            _ => octets(again.seq, again.len),
        };
        let from = plain(note.host(again.side));
        let mut step = Step::new(again.at, format!("{from} sends {what} again: {why}")).rfc(section);
        step.details.extend(reason(sources, note, again));
        step
    };
    let mut steps: Vec<Step> = note.resent.iter().take(MOST).map(one).collect();
    if let Some(next) = note.resent.get(MOST) {
        let rest = note.resent.len() - MOST;
        steps.push(Step::new(
            next.at,
            format!("{} more are sent again from here on", count(rest, "segment", "segments")),
        ));
    }
    steps
}

/// What had been lost, so that something was sent again.
fn reason(sources: &Sources<'_>, note: &ConnNote, again: &Resent) -> Option<String> {
    let when = |loss: &Loss| format!("{}, {} before", words::loss(loss), span(since(again.at, loss.at)));
    if let Some(loss) = &again.lost {
        return Some(format!("it had been lost {}", when(loss)));
    }
    if let Some(arrived) = again.arrived {
        // the answer to the last copy: it acknowledges what had come
        let answer = |loss: &&Loss| {
            (arrived..=again.at).contains(&loss.at)
                && loss.from != *note.host(again.side)
                && loss.segment.and_then(|lost| lost.ack).is_some_and(|ack| ack > again.seq)
        };
        let came = format!("it had arrived {} before", span(since(again.at, arrived)));
        // data carry acknowledgements too, but an answer to what had arrived comes alone as a rule
        let alone = |loss: &&Loss| loss.segment.is_some_and(|lost| lost.range().is_empty());
        let mut answers = note.losses.iter().filter(answer);
        if let Some(loss) = answers.clone().find(alone).or_else(|| answers.next()) {
            let what = match loss.segment {
                Some(lost) if lost.range().is_empty() => "its acknowledgement".to_owned(),
                lost => format!("its acknowledgement, with {},", segment(lost)),
            };
            return Some(format!("{came}, but {what} had been lost {}", when(loss)));
        }
        if let Some(gap) = &again.gap {
            return Some(format!("{came}, but not {} before it, lost {}", segment(gap.segment), when(gap)));
        }
    }
    let hosts = [&*note.client, &*note.server];
    let scene = Scene { hosts: &hosts, port: Some(note.port), from: note.opened, to: again.at };
    let faults = causes::faults(sources, &scene);
    match faults.into_iter().next() {
        Some(fault) => Some(fault),
        None if note.left_out > 0 => None,
        None => Some("nothing of it had been lost: the acknowledgement was only late".to_owned()),
    }
}

fn ends(sources: &Sources<'_>, row: &ConnectionRow, seen: Option<&ConnNote>) -> Vec<Step> {
    let sides = [(Side::Client, &row.client, &row.end_client), (Side::Server, &row.server, &row.end_server)];
    let mut steps = Vec::new();
    for (side, host, word) in sides {
        let Some(word) = word.as_deref() else { continue };
        let closed = seen.and_then(|note| note.closed[ConnNote::place(side)]);
        let at = closed.map(|closed| closed.at).or(row.closed).unwrap_or(sources.tables.end);
        let mut step = Step::new(at, words::end(word, &format!("{}'s", plain(host)))).rfc(words::end_section(word));
        step.details.extend(
            closed
                .filter(|closed| closed.sent + closed.received > 0)
                .map(|closed| format!("it had sent {} octets and received {}", closed.sent, closed.received)),
        );
        step.details.extend(end_causes(sources, row, seen, (word, at)));
        steps.push(step);
    }
    if row.closed.is_none() {
        steps.push(Step::new(sources.tables.end, "the run ends while an end of it is open"));
    }
    steps
}

/// Why an end did not finish in order.
fn end_causes(
    sources: &Sources<'_>,
    row: &ConnectionRow,
    seen: Option<&ConnNote>,
    (word, at): (&str, SimTime),
) -> Vec<String> {
    if word == "finished" {
        return Vec::new();
    }
    let hosts = [&*row.client, &*row.server];
    // what went wrong before is told where it happened; at the end counts what lasted until then
    let from = if matches!(word, "timed_out" | "unreachable") { row.opened } else { at };
    let scene = Scene { hosts: &hosts, port: Some(row.server_port), from, to: at };
    let mut why = causes::faults(sources, &scene);
    if let Some(witness) = sources.witness.filter(|_| seen.is_some()) {
        let rules = witness.conduct.iter().filter(|one| *one.conn == *row.connection);
        let rules = rules.filter(|one| {
            use crate::base::trace::ConductAction as Did;
            matches!(one.action, Did::Dropped | Did::Cut | Did::Silent | Did::Garbled | Did::HalfClosed)
        });
        why.extend(rules.map(|one| {
            let did = one.action.name().replace('_', " ");
            format!("the rule {} of {} did that to it: {did}", plain(&one.rule), plain(&one.host))
        }));
    }
    if word == "refused" && why.is_empty() {
        why.push(format!("nobody listens on port {} of {}", row.server_port, plain(&row.server)));
    }
    why
}

fn closing(row: &ConnectionRow, seen: Option<&ConnNote>) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(there), Some(back)) = (row.bytes_to_server, row.bytes_to_client) {
        lines.push(format!(
            "It carried {there} octets to the server and {back} back, in {} of {} bytes altogether.",
            count(usize::try_from(row.packets).unwrap_or(usize::MAX), "packet", "packets"),
            row.wire_bytes
        ));
    }
    for (host, end) in [(&row.client, &row.client_figures), (&row.server, &row.server_figures)] {
        lines.extend(measured(host, end));
    }
    match row.retransmissions {
        0 => lines.push("Nothing was sent again.".to_owned()),
        many => lines.push(format!(
            "{} sent again.",
            if many == 1 { "1 segment was".to_owned() } else { format!("{many} segments were") }
        )),
    }
    if let Some(left_out) = seen.map(|note| note.left_out).filter(|left_out| *left_out > 0) {
        lines.push(format!("{left_out} further losses, retransmissions or pieces of the dialogue are left out here."));
    }
    lines
}

fn measured(host: &str, end: &EndRow) -> Option<String> {
    let (samples, min, mean) = (end.rtt_samples.filter(|samples| *samples > 0)?, end.rtt_min?, end.rtt_mean?);
    let smoothed = end.srtt.map_or_else(String::new, |srtt| format!(", smoothed {} at the end", span(srtt)));
    let goodput = end.goodput_bps.map_or_else(String::new, |bps| format!("; what it sent got through at {bps} bit/s"));
    Some(format!(
        "{} measured {samples} round-trip times: shortest {}, mean {}{smoothed}{goodput}.",
        plain(host),
        span(min),
        span(mean)
    ))
}
