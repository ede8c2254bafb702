//! A connection: why it was opened, its handshake, what was said, what was lost and sent again, how it
//! ended and why.
//!
//! The table of connections has the sums. Single losses and retransmissions and what was said are known
//! where the run was made again. A retransmission is explained by a lost copy of the segment, unless a later
//! copy had arrived; then by the acknowledgement of that, if it was lost. If neither was, it was sent in vain.

use std::collections::BTreeSet;

use super::causes::{self, Scene};
use super::message::connection;
use super::notes::{ConnNote, Loss, Resent, Segment};
use super::{Sources, Step, Story, count, dialogue, plain, quoted, since, span, words};
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
        steps.extend(resent(note));
        if let Some(at) = note.turned_away {
            steps.push(Step::new(at, format!("{} has no place for it", plain(&row.server))));
        }
    }
    steps.extend(ends(sources, row, seen));
    Ok(Story { title, from: row.opened, steps, closing: closing(sources, row, seen) }.in_order())
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
    why.extend(seen.and_then(|note| note.query.as_deref()).map(|query| for_question(sources, query)));
    if attempts.is_empty()
        && let Some((_, message, _)) = seen.and_then(|note| note.took.first())
    {
        why.push(format!("to hand {} over to {}", plain(message), plain(&row.server)));
    }
    why
}

/// It was opened for a question: as the response over UDP had been cut off, if that is so.
fn for_question(sources: &Sources<'_>, query: &str) -> String {
    let rows = &sources.tables.dns_queries;
    let Some(row) = rows.iter().find(|row| *row.query == *query) else {
        return format!("for the question {}", plain(query));
    };
    let same = |one: &&crate::metrics::DnsRow| {
        one.outcome == DnsOutcome::Truncated
            && (&one.from, &one.to, &one.name, &one.rtype) == (&row.from, &row.to, &row.name, &row.rtype)
            && one.for_query == row.for_query
            && one.asked <= row.asked
    };
    let what = format!("for the question {} ({} {})", plain(query), plain(&row.name), plain(&row.rtype));
    match rows.iter().rev().find(same) {
        Some(cut) => format!("{what}, as the response to {} was cut off (RFC 7766 5)", plain(&cut.query)),
        None => what,
    }
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
    let mut steps: Vec<Step> = note.losses.iter().take(MOST).map(|loss| one_lost(sources, loss)).collect();
    if let Some(next) = note.losses.get(MOST) {
        let rest = note.losses.len() - MOST;
        steps.push(Step::new(next.at, format!("{} more are lost from here on", count(rest, "packet", "packets"))));
    }
    steps
}

fn one_lost(sources: &Sources<'_>, loss: &Loss) -> Step {
    let what = format!("lost: {} from {}, {}", segment(loss.segment), plain(&loss.from), words::loss(loss));
    let mut step = Step::new(loss.at, what);
    step.details.extend(causes::blamed(sources, std::iter::once(loss)));
    step.details.extend(causes::no_way(sources, std::slice::from_ref(loss)));
    step.details.dedup();
    step
}

fn resent(note: &ConnNote) -> Vec<Step> {
    let one = |again: &Resent| {
        let (why, section) = words::resent(again.why);
        let what = match again.len {
            0 if again.seq == 0 => "its SYN".to_owned(),
            0 => "its FIN".to_owned(),
            _ => octets(again.seq, again.len),
        };
        let from = plain(note.host(again.side));
        let mut step = Step::new(again.at, format!("{from} sends {what} again: {why}")).rfc(section);
        step.details.extend(reason(note, again));
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
fn reason(note: &ConnNote, again: &Resent) -> Option<String> {
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
    if note.left_out > 0 {
        return None;
    }
    let late = match again.arrived {
        Some(_) => "nothing of it had been lost: the acknowledgement was only late",
        None => "nothing of it had been lost: it was only late",
    };
    Some(late.to_owned())
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
    seen.map_or_else(Vec::new, |note| seen_at_end(sources, row, note, (word, at)))
}

/// What the trace tells of an end that did not finish in order.
fn seen_at_end(
    sources: &Sources<'_>,
    row: &ConnectionRow,
    note: &ConnNote,
    (word, at): (&str, SimTime),
) -> Vec<String> {
    use crate::base::trace::ConductAction as Did;
    let mut why = Vec::new();
    if word == "refused" {
        why.extend(note.refusal.as_ref().map(|refusal| refusal.sentence(sources, &note.server, note.port)));
    }
    let crashes = note.crashed.iter().flatten().filter(|(then, _)| *then <= at);
    why.extend(crashes.filter_map(|(_, blame)| blame.as_ref()?.sentence(sources)));
    if matches!(word, "timed_out" | "unreachable") {
        let lost = note.losses.iter().filter(|loss| loss.at <= at && loss.made_good.is_none_or(|then| then > at));
        why.extend(causes::blamed(sources, lost));
    }
    let rules = sources.witness.into_iter().flat_map(|witness| &witness.conduct);
    let rules = rules
        .filter(|one| *one.conn == *row.connection)
        .filter(|one| matches!(one.action, Did::Dropped | Did::Cut | Did::Silent | Did::Garbled | Did::HalfClosed));
    why.extend(rules.map(|one| {
        let did = one.action.name().replace('_', " ");
        format!("the rule {} of {} did that to it: {did}", quoted(&one.rule), plain(&one.host))
    }));
    let mut once = BTreeSet::new();
    why.retain(|cause| once.insert(cause.clone()));
    why
}

fn closing(sources: &Sources<'_>, row: &ConnectionRow, seen: Option<&ConnNote>) -> Vec<String> {
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
    let hosts = [&*row.client, &*row.server];
    let to = row.closed.unwrap_or(sources.tables.end);
    let scene = Scene { hosts: &hosts, port: Some(row.server_port), from: row.opened, to };
    let faults = causes::meanwhile(sources, &scene, &[]);
    lines.extend(faults.iter().map(|fault| format!("{}.", fault.replacen("at that time", "While it was open", 1))));
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
