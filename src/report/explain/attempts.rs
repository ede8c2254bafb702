//! An attempt to pass a copy on: the names looked up for it, the mail exchangers called, what was said, how it
//! ended and why, and when the next one is due.

use super::causes::{self, Scene};
use super::folding::Tried;
use super::message::{connection, note};
use super::notes::{ConductNote, ConnNote};
use super::{Sources, Step, count, dialogue, listed, plain, since, span, words};
use crate::base::time::SimTime;
use crate::base::trace::ConductAction;
use crate::metrics::{AttemptEnd, AttemptRow, ConnectionRow, MessageRow, close_word};

/// The steps of all attempts for a copy.
pub(super) fn steps(sources: &Sources<'_>, row: &MessageRow) -> Vec<Step> {
    let ours = sources.tables.attempts.iter().filter(|one| one.message == row.message && one.to == row.to);
    // what an alias or list turned into this copy has its attempts before
    let ours = ours.filter(|one| one.started >= row.composed);
    ours.flat_map(|attempt| of(sources, row, attempt)).collect()
}

fn domain(attempt: &AttemptRow) -> &str {
    attempt.to.rsplit_once('@').map_or(&attempt.to, |(_, domain)| domain)
}

fn of(sources: &Sources<'_>, row: &MessageRow, attempt: &AttemptRow) -> Vec<Step> {
    let server = plain(&attempt.server);
    let until = attempt.ended.unwrap_or(sources.tables.end);
    let mut begin = Step::new(attempt.started, format!("{server} begins attempt {} to pass it on", attempt.attempt));
    begin.details.extend(look_ups(sources, attempt, until));
    let calls = calls(sources, attempt, until);
    if calls.len() > 1 {
        begin = begin.rfc("RFC 5321 5.1");
    }
    begin.details.extend(calls);
    let Some(ended) = attempt.ended else {
        begin.details.push("it is under way when the run ends".to_owned());
        return vec![begin];
    };
    let tried = (attempt.outcome == AttemptEnd::Deferred).then(|| tried(sources, attempt, ended));
    let mut steps = vec![begin, outcome(sources, row, attempt, ended)];
    steps.iter_mut().for_each(|step| step.tried.clone_from(&tried));
    steps
}

/// What must be equal in attempts that are told as one.
fn tried(sources: &Sources<'_>, attempt: &AttemptRow, ended: SimTime) -> Tried {
    let mut hosts = vec![&*attempt.server];
    hosts.extend(attempt.exchange.as_deref());
    let scene = Scene { hosts: &hosts, port: Some(25), from: attempt.started, to: ended };
    let why = format!(
        "{:?} {:?} {:?} {:?} {}",
        attempt.exchange,
        attempt.reason,
        attempt.reply_code,
        attempt.text,
        listed(&causes::faults(sources, &scene))
    );
    Tried { attempt: attempt.attempt, started: attempt.started, why }
}

/// The names that the server asked for in the attempt.
fn look_ups(sources: &Sources<'_>, attempt: &AttemptRow, until: SimTime) -> Vec<String> {
    let server = plain(&attempt.server);
    let Some(witness) = sources.witness else { return Vec::new() };
    let within = |at: SimTime| at >= attempt.started && at <= until;
    let ours = witness.look_ups.iter().filter(|one| {
        *one.host == *attempt.server && *one.recipient == *attempt.to && within(one.since) && within(one.at)
    });
    let told = ours.map(|one| {
        let why = match &*one.rtype {
            "MX" => "where mail for that domain goes (RFC 5321 5.1)",
            _ => "the address of that host",
        };
        let took = match (one.cached, since(one.at, one.since)) {
            (true, _) => "from a cache of its own".to_owned(),
            (false, took) => format!("in {}", span(took)),
        };
        let (name, rtype) = (plain(&one.name), &one.rtype);
        format!("{server} asks the DNS for {name} {rtype}, {why}: {} {took}", words::answer(one.kind))
    });
    told.collect()
}

/// The connections of the attempt, in their order.
fn calls(sources: &Sources<'_>, attempt: &AttemptRow, until: SimTime) -> Vec<String> {
    let opened: Vec<&ConnNote> = sources.witness.map_or_else(Vec::new, |witness| {
        let ours = witness.conns().filter(|conn| {
            *conn.client == *attempt.server
                && conn.recipient.as_deref() == Some(&*attempt.to)
                && conn.port == 25
                && conn.opened >= attempt.started
                && conn.opened <= until
        });
        ours.collect()
    });
    let mut told: Vec<String> = opened.iter().map(|conn| call(conn)).collect();
    let named = attempt.connection.as_deref();
    let Some(name) = named.filter(|name| opened.iter().all(|conn| conn.name != *name)) else { return told };
    told.extend(connection(sources.tables, name).map(|row| named_call(sources, attempt, row)));
    told
}

/// The connection that the table names for an attempt and that no call of its own is.
fn named_call(sources: &Sources<'_>, attempt: &AttemptRow, row: &ConnectionRow) -> String {
    let (name, to) = (plain(&row.connection), plain(&row.server));
    let setup = row.established.map(|at| span(since(at, row.opened)));
    let in_time = row.opened >= attempt.started;
    let own = match note(sources, &row.connection) {
        Some(conn) => in_time && conn.recipient.as_deref() == Some(&*attempt.to),
        None => in_time,
    };
    if own {
        let setup =
            setup.map_or_else(|| "which does not come about".to_owned(), |setup| format!("established after {setup}"));
        return format!("it opens the connection {name} to {to}, port {}, {setup}", row.server_port);
    }
    if row.established.is_some_and(|at| at <= attempt.started) {
        return format!("it uses the connection {name} to {to}, which is open already");
    }
    let setup = setup
        .map_or_else(|| ", and which does not come about".to_owned(), |setup| format!(", established after {setup}"));
    format!("it waits for the connection {name} to {to}, which another copy's attempt is opening{setup}")
}

fn call(conn: &ConnNote) -> String {
    let to = plain(&conn.server);
    let call = format!("it opens the connection {} to {to}, port {}", conn.name, conn.port);
    match (conn.established[0], conn.closed[0]) {
        (Some(at), _) => {
            let secured = dialogue::tls(&conn.said).map_or_else(String::new, |how| format!("; {how}"));
            format!("{call}, established after {}{secured}", span(since(at, conn.opened)))
        }
        (None, Some(closed)) => {
            let tries = 1 + conn.resent.len();
            let tries = format!("{} sent", count(tries, "SYN was", "SYNs were"));
            let word = close_word(closed.reason).replace('_', " ");
            format!("{call}: {word} after {}, {tries}", span(since(closed.at, conn.opened)))
        }
        (None, None) => call,
    }
}

fn outcome(sources: &Sources<'_>, row: &MessageRow, attempt: &AttemptRow, ended: SimTime) -> Step {
    let exchange = attempt.exchange.as_deref().map_or_else(|| "the next server".to_owned(), plain);
    let took = span(since(ended, attempt.started));
    let what = || {
        let said = attempt.text.as_deref().unwrap_or_default();
        let said = attempt.reply_code.map_or_else(|| said.to_owned(), |code| format!("{code} {said}"));
        words::trouble(attempt.reason.as_deref().unwrap_or("trouble"), &exchange, &plain(domain(attempt)), &said)
    };
    let section = words::trouble_section(attempt.reason.as_deref().unwrap_or_default(), attempt.reply_code);
    let mut causes = causes(sources, row, attempt, ended);
    let because = if causes.is_empty() { String::new() } else { format!(", because {}", causes.remove(0)) };
    let moment = |at| sources.clock.moment(at);
    let mut step = match attempt.outcome {
        AttemptEnd::Completed => match &attempt.exchange {
            Some(_) => {
                let mut step = Step::new(ended, format!("{exchange} has it: it said 250, after {took}"));
                step.details
                    .extend(attempt.connection.as_deref().map_or_else(Vec::new, |name| conduct(sources, row, name)));
                step.rfc("RFC 5321 6.1")
            }
            None => Step::new(ended, "there is room for it now".to_owned()),
        },
        AttemptEnd::Failed => {
            Step::new(ended, format!("failed for good after {took}: {}{because}", what())).rfc(section)
        }
        AttemptEnd::Expiring => {
            let end = attempt.next.map_or_else(String::new, |end| format!(", at {}", moment(end)));
            let next = format!("no further attempt is due before its time is over{end}");
            Step::new(ended, format!("deferred after {took}: {}{because}; {next}", what()))
                .rfc(section)
                .rfc("RFC 5321 4.5.4.1")
        }
        AttemptEnd::Deferred => {
            let next = attempt.next.map_or_else(
                || "the next attempt is made as soon as the server works again".to_owned(),
                |next| format!("next attempt in {}, at {}", span(since(next, ended)), moment(next)),
            );
            Step::new(ended, format!("deferred after {took}: {}{because}; {next}", what()))
                .rfc(section)
                .rfc("RFC 5321 4.5.4.1")
        }
        AttemptEnd::Open => Step::new(ended, "it is under way when the run ends"),
    };
    step.details.extend(causes);
    step
}

/// Why the attempt ended so: the nearest cause first.
fn causes(sources: &Sources<'_>, row: &MessageRow, attempt: &AttemptRow, ended: SimTime) -> Vec<String> {
    let Some(reason) = attempt.reason.as_deref() else { return Vec::new() };
    let seen = attempt.connection.as_deref().and_then(|name| note(sources, name));
    let mut hosts = vec![&*attempt.server];
    hosts.extend(attempt.exchange.as_deref());
    let scene = Scene { hosts: &hosts, port: Some(25), from: attempt.started, to: ended };
    match reason {
        "dns_failure" | "no_such_domain" | "no_mail_server" => {
            causes::names(sources, &attempt.server, domain(attempt), (attempt.started, ended))
        }
        "reply" => {
            let mut why = attempt.connection.as_deref().map_or_else(Vec::new, |name| conduct(sources, row, name));
            let code = attempt.text.as_deref().and_then(|text| text.split_whitespace().next());
            if let Some((meaning, section)) = code.and_then(words::enhanced) {
                let code = code.unwrap_or_default();
                // a rule's own sentence says more than the code
                if why.is_empty() || !code.ends_with("7.1") {
                    why.push(format!("{meaning} (status {code}, {section})"));
                }
                if code.ends_with("2.2") {
                    why.extend(mailbox(sources, attempt, ended));
                }
            }
            why
        }
        "connection_refused"
        | "connection_timed_out"
        | "unreachable"
        | "connection_lost"
        | "reply_timed_out"
        | "protocol_error"
        | "no_tls" => {
            let mut why = causes::faults(sources, &scene);
            why.extend(attempt.connection.as_deref().map_or_else(Vec::new, |name| conduct(sources, row, name)));
            why.extend(seen.map_or_else(Vec::new, |conn| {
                let lost = conn.losses.iter().filter(|loss| loss.at >= attempt.started && loss.at <= ended);
                causes::losses(sources, &lost.cloned().collect::<Vec<_>>())
            }));
            if why.is_empty() && reason == "connection_refused" {
                why.push("nobody listens on its port 25".to_owned());
            }
            why
        }
        _ => Vec::new(),
    }
}

/// How much was in the recipient's mailbox when a server said that it was full.
fn mailbox(sources: &Sources<'_>, attempt: &AttemptRow, at: SimTime) -> Option<String> {
    let mut rows = sources.tables.mailboxes.iter().rev();
    let last = rows.find(|one| one.user.eq_ignore_ascii_case(&attempt.to) && one.at <= at)?;
    let messages = count(last.messages as usize, "message", "messages");
    Some(format!("that mailbox held {messages} of {} octets then", last.bytes))
}

/// What rules of conduct did to this copy on a connection.
pub(super) fn conduct(sources: &Sources<'_>, row: &MessageRow, conn: &str) -> Vec<String> {
    let Some(witness) = sources.witness else { return Vec::new() };
    let ours = |one: &&ConductNote| {
        one.conn == *conn && one.recipient.as_deref().is_none_or(|to| to.eq_ignore_ascii_case(&row.to))
    };
    let told = witness.conduct.iter().filter(ours).filter_map(|one| rule(sources, row, one));
    let mut told: Vec<String> = told.collect();
    told.dedup();
    told
}

fn rule(sources: &Sources<'_>, row: &MessageRow, one: &ConductNote) -> Option<String> {
    let rule = format!("the rule {} of {}", plain(&one.rule), plain(&one.host));
    let command = match &*one.at_command {
        "CONNECT" => "at the connection".to_owned(),
        "BODY" => "when the message had come".to_owned(),
        "OTHER" => "at a command".to_owned(),
        command => format!("at {}", plain(command)),
    };
    let taken = if one.effect { ", though it took effect" } else { "" };
    let from = one.sender.as_deref().unwrap_or("<>");
    Some(match one.action {
        ConductAction::Greylisted => {
            let seen = match first(sources, row, one) {
                Some(first) if first.at < one.at => {
                    format!("seen first {} before", span(since(one.at, first.at)))
                }
                Some(_) | None => "not seen before".to_owned(),
            };
            let triplet = format!("client {}, sender {}, recipient {}", one.client, plain(from), plain(&row.to));
            format!("{rule} puts off whom it does not know yet ({triplet}: {seen}; RFC 6647)")
        }
        ConductAction::Replied => format!("{rule} gave its own reply {command}{taken}"),
        ConductAction::Dropped => format!("{rule} ended the connection {command}{taken}"),
        ConductAction::Cut => format!("{rule} ended the connection within the message"),
        ConductAction::Silent => format!("{rule} fell silent {command}{taken}"),
        ConductAction::Garbled => format!("{rule} sent octets that are no reply {command}{taken}"),
        ConductAction::HalfClosed => format!("{rule} ended its direction of the connection {command}{taken}"),
        ConductAction::Slowed => format!("{rule} put its reply off {command} by {}", span(one.delay)),
        ConductAction::GreyPassed => {
            let waited = first(sources, row, one).map_or_else(String::new, |first| {
                format!(", {} after it was first put off", span(since(one.at, first.at)))
            });
            format!("{rule} lets it pass now{waited} (RFC 6647)")
        }
        ConductAction::GreyKnown => format!("{rule} lets it pass: it knows client, sender and recipient (RFC 6647)"),
        ConductAction::LetPass | ConductAction::GreyWhitelisted | ConductAction::GreyExempt => return None,
    })
}

/// When the same client, sender and recipient were put off first.
fn first<'a>(sources: &Sources<'a>, row: &MessageRow, one: &ConductNote) -> Option<&'a ConductNote> {
    sources.witness?.conduct.iter().find(|other| {
        other.action == ConductAction::Greylisted
            && other.host == one.host
            && other.sender == one.sender
            && other.client == one.client
            && other.recipient.as_deref().is_some_and(|to| to.eq_ignore_ascii_case(&row.to))
    })
}
