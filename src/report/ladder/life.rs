//! The whole way of one message, hop by hop, in one picture: submission, look-ups, attempts and what was wrong with
//! them, waiting, delivery, reading.
//!
//! Which connections served it is in the tables; which look-ups did is told from who asked for which name in the time
//! of an attempt, since a look-up knows no message. Where the dialogue is protected or was not kept, its connection
//! stands alone.

use std::collections::BTreeSet;

use super::LadderError;
use super::choice::{LadderChoice, Source};
use super::connect::{beginning, ending, protocol_at};
use super::dialogue::strokes;
use super::dns::look_ups_where;
use super::picture::{Draft, shown};
use super::talks::{Talk, talks};
use crate::base::nearest;
use crate::base::time::SimTime;
use crate::metrics::{AttemptEnd, AttemptRow, ConnectionRow, DnsRow, MessageRow, Tables, Text};

/// A time in which a host may have looked a name up because of the message.
struct Asking<'a> {
    host: &'a str,
    from: SimTime,
    until: SimTime,
    names: Vec<&'a str>,
}

/// The copies of a message, of which the angle brackets may be missing.
fn copies<'a>(tables: &'a Tables, message: &str) -> Vec<&'a MessageRow> {
    let bare = |id: &str| id.trim_matches(['<', '>']).to_owned();
    let wanted = bare(message);
    tables.messages.iter().filter(|row| bare(&row.message) == wanted).collect()
}

/// The names of the connections that served a message.
#[must_use]
pub fn connections_of(tables: &Tables, message: &str) -> Vec<String> {
    let id = copies(tables, message).first().map(|row| row.message.clone());
    id.map_or_else(Vec::new, |id| connections(tables, &id).into_iter().map(str::to_owned).collect())
}

/// The connections that served a message.
fn connections<'a>(tables: &'a Tables, id: &str) -> BTreeSet<&'a str> {
    let dialogues = tables.dialogues.as_deref().unwrap_or_default();
    let spoken = dialogues.iter().filter(|row| row.message.as_deref() == Some(id)).map(|row| &*row.connection);
    let tried = tables.attempts.iter().filter(|row| &*row.message == id).filter_map(|row| row.connection.as_deref());
    let read = tables.readings.iter().filter(|row| &*row.message == id).flat_map(|reading| {
        let sessions = tables.mailbox_sessions.iter();
        sessions
            .filter(|one| one.user == reading.user && one.device == reading.device && one.began == reading.found)
            .filter_map(|one| one.connection.as_deref())
    });
    spoken.chain(tried).chain(read).collect()
}

/// The steps of a message's way, and a title.
///
/// # Errors
/// There is no such message, or the folder is damaged.
pub(super) fn way(
    source: &Source<'_>,
    choice: &LadderChoice,
    message: &str,
) -> Result<(Vec<Draft>, String), LadderError> {
    let tables = source.tables;
    let rows = copies(tables, message);
    let Some(first) = rows.first() else {
        let near = nearest(message, tables.messages.iter().map(|row| &*row.message));
        return Err(LadderError::NoMessage(
            near.map_or_else(String::new, |near| format!("; did you mean {}?", shown(near))),
        ));
    };
    let id = &*first.message;
    let chosen = connections(tables, id);
    let calls: Vec<&ConnectionRow> =
        tables.connections.iter().filter(|row| chosen.contains(&*row.connection)).collect();
    let mut drafts = if choice.speaks("dns") { look_ups(tables, &rows, &calls) } else { Vec::new() };
    let spoken = source.dialogues();
    let talks = talks(source.folder, spoken, |row| chosen.contains(&*row.connection)).map_err(LadderError::from)?;
    for call in &calls {
        let talk = talks.iter().find(|talk| talk.connection == call.connection);
        if !choice.speaks(talk.map_or(protocol_at(call.server_port), |talk| &talk.protocol)) {
            continue;
        }
        let served = talk.map(|talk| served(talk, id, tables));
        if served.as_ref().is_none_or(|served| served.from == 0) {
            drafts.extend(beginning(call));
        }
        if let (Some(talk), Some(served)) = (talk, &served) {
            drafts.extend(strokes(talk, choice.unfold, |index, _| (served.from..served.until).contains(&index)));
        }
        if talk.is_none_or(|talk| served.as_ref().is_some_and(|served| served.until == talk.utterances.len())) {
            drafts.extend(ending(call));
        }
    }
    notes(tables, &rows, &calls, &mut drafts);
    let to: Vec<String> = rows.iter().map(|row| shown(&row.to)).collect();
    let from = if first.from.is_empty() { "<>".to_owned() } else { shown(&first.from) };
    Ok((drafts, format!("The way of {} from {from} to {}", shown(id), to.join(", "))))
}

/// The utterances of a talk that served a message.
struct Served {
    from: usize,
    until: usize,
}

/// From the first that did to the last, and what stands around them when no other message has it.
fn served(talk: &Talk, id: &str, tables: &Tables) -> Served {
    let ours = |message: &Option<Text>| message.as_deref() == Some(id);
    let utterances = &talk.utterances;
    let first = utterances.iter().position(|one| ours(&one.message));
    let last = utterances.iter().rposition(|one| ours(&one.message));
    let Some((first, last)) = first.zip(last) else {
        // nobody fetched it, but it was shown: all that was said while that session looked for it
        let shown = tables.readings.iter().filter(|row| &*row.message == id).map(|row| row.shown).max();
        let until = shown.map_or(utterances.len(), |shown| utterances.partition_point(|one| one.at <= shown));
        return Served { from: 0, until };
    };
    let rest_is_nobodys = utterances[last..].iter().skip(1).all(|one| one.message.is_none());
    Served { from: first, until: if rest_is_nobodys { utterances.len() } else { last + 1 } }
}

/// The look-ups of those who passed it on or fetched it, in the time in which they did.
fn look_ups(tables: &Tables, rows: &[&MessageRow], calls: &[&ConnectionRow]) -> Vec<Draft> {
    let mut askings: Vec<Asking<'_>> = Vec::new();
    for row in rows {
        let domain = row.to.rsplit_once('@').map_or("", |(_, domain)| domain);
        for attempt in of_copy(tables, row) {
            let until = attempt.ended.unwrap_or(tables.end);
            let mut names = vec![domain];
            names.extend(attempt.exchange.as_deref());
            names.extend(calls.iter().filter(|call| call.client == attempt.server).map(|call| &*call.server));
            askings.push(Asking { host: &attempt.server, from: attempt.started, until, names });
        }
        // the user's own program, before it calls its server
        for call in calls.iter().filter(|call| row.accepted.is_some_and(|accepted| call.opened <= accepted)) {
            askings.push(Asking {
                host: &call.client,
                from: row.composed,
                until: call.opened,
                names: vec![&call.server],
            });
        }
        for reading in tables.readings.iter().filter(|reading| reading.message == row.message) {
            for call in calls.iter().filter(|call| call.client == reading.device) {
                let names = vec![&*call.server];
                askings.push(Asking { host: &reading.device, from: reading.found, until: reading.here, names });
            }
        }
    }
    let wanted = |row: &DnsRow| {
        askings.iter().any(|asking| {
            *asking.host == *row.from
                && (asking.from..=asking.until).contains(&row.asked)
                && asking.names.iter().any(|name| row.name.eq_ignore_ascii_case(name))
        })
    };
    look_ups_where(&tables.dns_queries, wanted)
}

fn of_copy<'a>(tables: &'a Tables, row: &MessageRow) -> impl Iterator<Item = &'a AttemptRow> {
    tables.attempts.iter().filter(move |attempt| attempt.message == row.message && attempt.to == row.to)
}

/// What no dialogue says: the beginning, what became of attempts, the mailbox, the reader.
fn notes(tables: &Tables, rows: &[&MessageRow], calls: &[&ConnectionRow], drafts: &mut Vec<Draft>) {
    let first_call = calls.iter().min_by_key(|call| call.opened);
    let composed = rows.iter().filter(|row| row.expanded_from.is_none()).collect::<Vec<_>>();
    let home = first_call.map(|call| &call.client);
    let home = home.or_else(|| rows.iter().find_map(|row| of_copy(tables, row).next()).map(|one| &one.server));
    if let Some((first, home)) = composed.first().zip(home) {
        let from = if first.from.is_empty() { "a server".to_owned() } else { shown(&first.from) };
        let to: Vec<String> = composed.iter().map(|row| shown(&row.to)).collect();
        let text = format!("{from} writes to {}", to.join(", "));
        drafts.insert(0, Draft::note(first.composed, home, text, false));
    }
    for row in rows {
        // Who turned it into this copy had it from elsewhere.
        let before = lineage(rows, row);
        let mut holder = first_call.map(|call| &call.server);
        for attempt in before.iter().rev().flat_map(|row| of_copy(tables, row)) {
            if attempt.outcome == AttemptEnd::Completed {
                holder = attempt.exchange.as_ref().or(holder);
            }
        }
        for attempt in of_copy(tables, row) {
            match attempt.outcome {
                AttemptEnd::Completed => holder = attempt.exchange.as_ref().or(holder),
                AttemptEnd::Deferred | AttemptEnd::Expiring | AttemptEnd::Failed => {
                    let at = attempt.ended.unwrap_or(attempt.started);
                    drafts.push(Draft::note(at, &attempt.server, trouble(attempt), true));
                }
                AttemptEnd::Open => {}
            }
        }
        if let (Some(at), Some(holder)) = (row.delivered, holder) {
            drafts.push(Draft::note(at, holder, format!("in the mailbox of {}", shown(&row.to)), false));
        }
        let about = tables.messages.iter().filter(|other| other.about.as_ref() == Some(&row.message));
        for other in about {
            if let Some(server) = of_copy(tables, row).last().map(|attempt| &attempt.server).or(holder) {
                let text = format!("{} tells {} ({})", shown(&other.message), shown(&other.to), other.kind.name());
                drafts.push(Draft::note(other.composed, server, text, false));
            }
        }
    }
    let ids = rows.first().map(|row| &row.message);
    for reading in tables.readings.iter().filter(|reading| Some(&reading.message) == ids) {
        drafts.push(Draft::note(reading.shown, &reading.device, format!("{} reads it", shown(&reading.user)), false));
    }
}

/// Why an attempt failed, and what comes next.
fn trouble(attempt: &AttemptRow) -> String {
    let why = match (attempt.reply_code, attempt.text.as_deref(), attempt.reason.as_deref()) {
        (Some(code), text, _) => format!("{code} {}", shown(text.unwrap_or(""))),
        (None, _, Some(reason)) => shown(&reason.replace('_', " ")),
        (None, Some(text), None) => shown(text),
        (None, None, None) => "for no stated reason".to_owned(),
    };
    match (attempt.outcome, attempt.next) {
        (AttemptEnd::Failed, _) => format!("given up: {why}"),
        (AttemptEnd::Expiring, Some(end)) => format!("{why}; expires at {}", tenths(end)),
        (_, Some(next)) => format!("{why}; again at {}", tenths(next)),
        (_, None) => format!("{why}; again later"),
    }
}

/// The copies that were turned into this one, the latest first; tables that go in circles end it.
fn lineage<'a>(rows: &[&'a MessageRow], row: &'a MessageRow) -> Vec<&'a MessageRow> {
    let mut before: Vec<&MessageRow> = Vec::new();
    let mut from = row.expanded_from.as_ref();
    while let Some(parent) = from.and_then(|from| rows.iter().find(|one| one.to.eq_ignore_ascii_case(from))) {
        if before.len() >= rows.len() {
            break;
        }
        before.push(parent);
        from = parent.expanded_from.as_ref();
    }
    before
}

/// A time in tenths of a second.
fn tenths(at: SimTime) -> String {
    let tenths = (at.as_nanos() + 50_000_000) / 100_000_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}
