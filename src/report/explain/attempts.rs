//! An attempt to pass a copy on: the names looked up for it, the mail exchangers called, what was said, how it
//! ended and why, and when the next one is due.

use std::collections::BTreeSet;

use super::causes::{self, Scene, Why};
use super::folding::Tried;
use super::message::{connection, note};
use super::notes::{ConductNote, ConnNote, Loss};
use super::{Sources, Step, count, dialogue, listed, plain, quoted, since, span, words};
use crate::base::time::SimTime;
use crate::base::trace::{ConductAction, DnsAnswerKind};
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
    let blamed =
        seen(sources, attempt).map_or_else(Vec::new, |conn| causes::blamed(sources, lost(conn, attempt, ended)));
    let why = format!(
        "{:?} {:?} {:?} {:?} {} {}",
        attempt.exchange,
        attempt.reason,
        attempt.reply_code,
        attempt.text,
        listed(&blamed),
        listed(&causes::meanwhile(sources, &scene, &blamed))
    );
    Tried { attempt: attempt.attempt, started: attempt.started, why }
}

/// The names that the server asked for in the attempt, or that another copy's attempt asked for.
fn look_ups(sources: &Sources<'_>, attempt: &AttemptRow, until: SimTime) -> Vec<String> {
    let server = plain(&attempt.server);
    let Some(witness) = sources.witness else { return Vec::new() };
    let ours = witness.look_ups.iter().filter_map(|one| {
        if *one.host != *attempt.server || one.at < attempt.started || one.at > until {
            return None;
        }
        let own = one.recipients.iter().any(|to| *to == *attempt.to) && one.since >= attempt.started;
        let among = own || one.recipients.iter().chain(&one.waiting).any(|to| *to == *attempt.to);
        among.then_some((one, own))
    });
    let told = ours.map(|(one, own)| {
        let why = match &*one.rtype {
            "MX" => "where mail for that domain goes (RFC 5321 5.1)",
            _ => "the address of that host",
        };
        let took = span(since(one.at, one.since.max(attempt.started)));
        let took = match (one.cached, one.kind) {
            (true, _) => "from a cache of its own".to_owned(),
            (false, DnsAnswerKind::Answer) => format!("in {took}"),
            (false, _) => format!("after {took}"),
        };
        let (name, rtype, got) = (plain(&one.name), &one.rtype, words::answer(one.kind));
        if own {
            return format!("{server} asks the DNS for {name} {rtype}, {why}: {got} {took}");
        }
        format!("{server} asks the DNS for {name} {rtype}, {why}, for another copy, and this one waits for that: {got} {took}")
    });
    told.collect()
}

/// The connections of the attempt, in their order.
fn calls(sources: &Sources<'_>, attempt: &AttemptRow, until: SimTime) -> Vec<String> {
    let opened: Vec<&ConnNote> = sources.witness.map_or_else(Vec::new, |witness| {
        let ours = witness.conns().filter(|conn| {
            *conn.client == *attempt.server
                && conn.recipients.iter().any(|to| *to == *attempt.to)
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
        Some(conn) => in_time && conn.recipients.iter().any(|to| *to == *attempt.to),
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
    let section = words::trouble_section(attempt.reason.as_deref().unwrap_or_default());
    let mut why = causes(sources, row, attempt, ended);
    let because = if why.because.is_empty() { String::new() } else { format!(", because {}", why.because.remove(0)) };
    let moment = |at| sources.clock.moment(at);
    let mut step = match attempt.outcome {
        AttemptEnd::Completed => match &attempt.exchange {
            Some(_) => {
                let mut step = Step::new(ended, format!("{exchange} has it: it said 250, after {took}"));
                let times = (attempt.started, ended);
                let conn = attempt.connection.as_deref();
                step.details.extend(conn.map_or_else(Vec::new, |name| conduct(sources, row, name, times)));
                step.details.extend(delayed_by(sources, attempt, ended));
                step.rfc("RFC 5321 6.1")
            }
            None => Step::new(ended, "there is room for it now".to_owned()),
        },
        AttemptEnd::Failed => {
            // whatever was no refusal for good was the last that its policy of retries allowed
            let for_good = match attempt.reason.as_deref() {
                Some("reply") => attempt.reply_code.is_none_or(|code| code / 100 != 4),
                Some("no_such_domain" | "no_mail_server" | "loop" | "unsendable") => true,
                Some(_) | None => false,
            };
            let failed = if for_good { "failed for good" } else { "failed, the last attempt," };
            Step::new(ended, format!("{failed} after {took}: {}{because}", what())).rfc(section)
        }
        AttemptEnd::Expiring => {
            let end = attempt.next.map_or_else(String::new, |end| format!(", at {}", moment(end)));
            let next = format!("no further attempt is due before its time is over{end}");
            Step::new(ended, format!("deferred after {took}: {}{because}; {next}", what()))
                .rfc(section)
                .rfc("RFC 5321 4.5.4.1")
        }
        AttemptEnd::Deferred => {
            let Some(next) = attempt.next else {
                let server = plain(&attempt.server);
                let what = format!("broken off after {took}: {server} itself goes down{because}");
                return Step { details: why.because, ..Step::new(ended, what) }
                    .detail("the next attempt begins as soon as it works again")
                    .rfc("RFC 5321 4.5.4.1");
            };
            let next = format!("next attempt in {}, at {}", span(since(next, ended)), moment(next));
            Step::new(ended, format!("deferred after {took}: {}{because}; {next}", what()))
                .rfc(section)
                .rfc("RFC 5321 4.5.4.1")
        }
        AttemptEnd::Open => Step::new(ended, "it is under way when the run ends"),
    };
    step.details.extend(why.because);
    step.details.extend(why.besides);
    step
}

/// The connection of an attempt, as it was seen.
fn seen<'a>(sources: &Sources<'a>, attempt: &AttemptRow) -> Option<&'a ConnNote> {
    attempt.connection.as_deref().and_then(|name| note(sources, name))
}

/// Whether the attempt waited for a call that began before it and that nobody answered.
fn awaited(conn: &ConnNote, attempt: &AttemptRow) -> bool {
    conn.opened < attempt.started && conn.established[0].is_none()
}

/// The packets that were lost in an attempt, and what was in them for good, or until it was over.
fn lost<'a>(conn: &'a ConnNote, attempt: &AttemptRow, ended: SimTime) -> impl Iterator<Item = &'a Loss> {
    // a call that other copies wait for too is in vain for what was lost since it began
    let started = if awaited(conn, attempt) { conn.opened } else { attempt.started };
    conn.losses
        .iter()
        .filter(move |loss| loss.at >= started && loss.at <= ended && loss.made_good.is_none_or(|at| at > ended))
}

/// What was lost on the way of a copy that got there all the same, and the faults for which it was lost.
fn delayed_by(sources: &Sources<'_>, attempt: &AttemptRow, ended: SimTime) -> Vec<String> {
    let Some(conn) = seen(sources, attempt) else { return Vec::new() };
    let within = |loss: &&Loss| loss.at >= attempt.started && loss.at <= ended;
    let lost: Vec<Loss> = conn.losses.iter().filter(within).cloned().collect();
    let mut told = causes::losses(sources, &lost);
    told.extend(causes::blamed(sources, lost.iter()));
    told
}

/// Why the attempt ended so.
fn causes(sources: &Sources<'_>, row: &MessageRow, attempt: &AttemptRow, ended: SimTime) -> Why {
    let Some(reason) = attempt.reason.as_deref() else { return Why::default() };
    match reason {
        "dns_failure" | "no_such_domain" | "no_mail_server" => {
            let whose = (&*attempt.server, &*attempt.to);
            causes::names(sources, whose, domain(attempt), (attempt.started, ended))
        }
        "reply" => reply_causes(sources, row, attempt, ended),
        "connection_refused"
        | "connection_timed_out"
        | "unreachable"
        | "connection_lost"
        | "reply_timed_out"
        | "protocol_error"
        | "no_tls" => connection_causes(sources, row, attempt, ended),
        _ => Why::default(),
    }
}

fn reply_causes(sources: &Sources<'_>, row: &MessageRow, attempt: &AttemptRow, ended: SimTime) -> Why {
    let times = (attempt.started, ended);
    let conn = attempt.connection.as_deref();
    let mut because = conn.map_or_else(Vec::new, |name| conduct(sources, row, name, times));
    let mut besides = Vec::new();
    let code = attempt.text.as_deref().and_then(|text| text.split_whitespace().next());
    if let Some((meaning, section)) = code.and_then(words::enhanced) {
        let code = code.unwrap_or_default();
        // a rule's own sentence says more than the code
        if because.is_empty() || !code.ends_with("7.1") {
            because.push(format!("{meaning} (status {code}, {section})"));
        }
        if code.ends_with("2.2") {
            besides.extend(mailbox(sources, attempt, ended));
        }
    }
    Why { because, besides }
}

/// Why a connection did not come about or broke: what the trace tells of its ends and packets.
fn connection_causes(sources: &Sources<'_>, row: &MessageRow, attempt: &AttemptRow, ended: SimTime) -> Why {
    let (mut because, mut besides) = (Vec::new(), Vec::new());
    let down = sources.witness.and_then(|witness| {
        witness.interrupted.iter().find(|(at, to, _)| *at == ended && *to == *attempt.to).map(|(.., blame)| blame)
    });
    because.extend(down.and_then(|blame| blame.as_ref()?.sentence(sources)));
    if let Some(conn) = seen(sources, attempt) {
        let crashes = conn.crashed.iter().flatten().filter(|(at, _)| *at >= attempt.started && *at <= ended);
        because.extend(crashes.filter_map(|(_, blame)| blame.as_ref()?.sentence(sources)));
        let refusal = conn.refusal.as_ref().filter(|_| attempt.reason.as_deref() == Some("connection_refused"));
        because.extend(refusal.map(|refusal| refusal.sentence(sources, &conn.server, conn.port)));
        because.extend(conduct(sources, row, &conn.name, (attempt.started, ended)));
        because.extend(causes::blamed(sources, lost(conn, attempt, ended)));
        let lost: Vec<Loss> = lost(conn, attempt, ended).cloned().collect();
        because.extend(causes::losses(sources, &lost));
        besides.extend(causes::no_way(sources, &lost));
        if awaited(conn, attempt) {
            let began = sources.clock.moment(conn.opened);
            besides.push(format!("the call that it waited for had begun before, at {began}"));
        }
    }
    let mut once = BTreeSet::new();
    because.retain(|cause| once.insert(cause.clone()));
    let mut hosts = vec![&*attempt.server];
    hosts.extend(attempt.exchange.as_deref());
    let scene = Scene { hosts: &hosts, port: Some(25), from: attempt.started, to: ended };
    besides.extend(causes::meanwhile(sources, &scene, &because));
    Why { because, besides }
}

/// How much was in the recipient's mailbox when a server said that it was full.
fn mailbox(sources: &Sources<'_>, attempt: &AttemptRow, at: SimTime) -> Option<String> {
    let mut rows = sources.tables.mailboxes.iter().rev();
    let last = rows.find(|one| one.user.eq_ignore_ascii_case(&attempt.to) && one.at <= at)?;
    let messages = count(last.messages as usize, "message", "messages");
    Some(format!("that mailbox held {messages} of {} octets then", last.bytes))
}

/// What rules of conduct did to this copy on a connection in that time, or to the connection at its beginning.
pub(super) fn conduct(
    sources: &Sources<'_>,
    row: &MessageRow,
    conn: &str,
    (from, to): (SimTime, SimTime),
) -> Vec<String> {
    let Some(witness) = sources.witness else { return Vec::new() };
    let ours = |one: &&ConductNote| {
        one.conn == *conn
            && (*one.at_command == *"CONNECT" || one.at >= from && one.at <= to)
            && one.recipient.as_deref().is_none_or(|to| to.eq_ignore_ascii_case(&row.to))
    };
    let told = witness.conduct.iter().filter(ours).filter_map(|one| rule(sources, row, one));
    let mut told: Vec<String> = told.collect();
    told.dedup();
    told
}

fn rule(sources: &Sources<'_>, row: &MessageRow, one: &ConductNote) -> Option<String> {
    let rule = format!("the rule {} of {}", quoted(&one.rule), plain(&one.host));
    let command = match &*one.at_command {
        "CONNECT" => "at the connection".to_owned(),
        "BODY" => "when the message had come".to_owned(),
        "OTHER" => "at a command".to_owned(),
        command => format!("at {}", plain(command)),
    };
    let taken = match (one.effect, &*one.at_command) {
        (false, _) => "",
        (true, "BODY") => ", though the message was taken",
        (true, _) => ", though the command took effect",
    };
    let from = one.sender.as_deref().unwrap_or("<>");
    Some(match one.action {
        ConductAction::Greylisted => {
            let seen = match put_off(sources, row, one).filter(|other| other.at < one.at).last() {
                Some(last) => {
                    format!("put off {} before, which was too soon or too late for it", span(since(one.at, last.at)))
                }
                None => "not seen before".to_owned(),
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
        ConductAction::Slowed => format!("{rule} put its reply off by {} {command}", span(one.delay)),
        ConductAction::GreyPassed => {
            let waited = put_off(sources, row, one).next().map_or_else(String::new, |first| {
                format!(", {} after it was first put off", span(since(one.at, first.at)))
            });
            format!("{rule} lets it pass now{waited} (RFC 6647)")
        }
        ConductAction::GreyKnown => format!("{rule} lets it pass: it knows client, sender and recipient (RFC 6647)"),
        ConductAction::LetPass | ConductAction::GreyWhitelisted | ConductAction::GreyExempt => return None,
    })
}

/// When the same client, sender and recipient were put off.
fn put_off<'a>(
    sources: &Sources<'a>,
    row: &'a MessageRow,
    one: &'a ConductNote,
) -> impl Iterator<Item = &'a ConductNote> {
    let all = sources.witness.map_or(&[][..], |witness| &witness.conduct);
    all.iter().filter(move |other| {
        other.action == ConductAction::Greylisted
            && other.host == one.host
            && other.sender == one.sender
            && other.client == one.client
            && other.recipient.as_deref().is_some_and(|to| to.eq_ignore_ascii_case(&row.to))
    })
}
