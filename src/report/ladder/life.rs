//! The whole way of one message, hop by hop, in one picture: submission, look-ups, attempts and what was wrong with
//! them, waiting, delivery, reading. A report's way begins with the attempt on which it reports.
//!
//! Which connections served it is in the tables; which look-ups did is told from who asked for which name in the time
//! of an attempt, since a look-up knows no message. A user's computer that was not even connected to its server told
//! nobody for which message it tried: its calls while the message was in its outbox are taken for that. Where the
//! dialogue is protected or was not kept, its connection stands alone.

use std::collections::BTreeSet;

use super::LadderError;
use super::choice::{LadderChoice, Source};
use super::connect::{beginning, ending, protocol_at};
use super::dialogue::strokes;
use super::dns::look_ups_where;
use super::events::notes;
use super::picture::{Draft, shown};
use super::rounds::Rounds;
use super::talks::{Talk, talks};
use crate::base::nearest;
use crate::base::time::SimTime;
use crate::base::trace::MessageKind;
use crate::metrics::{AttemptRow, ConnectionRow, DnsRow, MessageRow, Tables, Text};

/// A connection on a message's way.
pub(super) struct Call<'a> {
    pub(super) row: &'a ConnectionRow,
    /// The message that it served: this one, or that on which it reports.
    of: &'a str,
}

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
    calls(tables, &copies(tables, message)).iter().map(|call| call.row.connection.to_string()).collect()
}

/// The connections that served a message, in the order of the table.
fn calls<'a>(tables: &'a Tables, rows: &[&'a MessageRow]) -> Vec<Call<'a>> {
    let Some(first) = rows.first() else { return Vec::new() };
    let own = connections(tables, &first.message);
    let tried = outbox(tables, first);
    let causes: Vec<&AttemptRow> = rows.iter().filter_map(|row| cause(tables, row)).collect();
    let of = |row: &ConnectionRow| -> Option<&'a str> {
        let name = &*row.connection;
        let caused = causes.iter().find(|attempt| attempt.connection.as_deref() == Some(name));
        if own.contains(name) || tried.contains(name) { Some(&first.message) } else { Some(&caused?.message) }
    };
    tables.connections.iter().filter_map(|row| Some(Call { row, of: of(row)? })).collect()
}

/// The connections that served a message, as far as tables say.
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

/// The attempt on which a report reports.
pub(super) fn cause<'a>(tables: &'a Tables, row: &MessageRow) -> Option<&'a AttemptRow> {
    let about = row.about.as_ref()?;
    match row.kind {
        MessageKind::Bounce | MessageKind::Delay => {}
        MessageKind::User | MessageKind::Success | MessageKind::Vacation => return None,
    }
    let before =
        |attempt: &&AttemptRow| attempt.message == *about && attempt.ended.is_some_and(|at| at <= row.composed);
    tables.attempts.iter().filter(before).max_by_key(|attempt| attempt.ended)
}

/// The calls in vain of the sender's computers while the message waited there.
fn outbox<'a>(tables: &'a Tables, message: &MessageRow) -> BTreeSet<&'a str> {
    let user = &message.from;
    let servers: BTreeSet<&str> = tables.attempts.iter().map(|attempt| &*attempt.server).collect();
    let sent: BTreeSet<&str> =
        tables.messages.iter().filter(|row| row.from == *user).map(|row| &*row.message).collect();
    let spoken = tables.dialogues.as_deref().unwrap_or_default().iter();
    let spoken = spoken.filter(|row| row.message.as_deref().is_some_and(|message| sent.contains(message)));
    let used = tables.mailbox_sessions.iter().filter(|one| one.user == *user).map(|one| &*one.device);
    let computers: BTreeSet<&str> =
        spoken.map(|row| &*row.client).filter(|client| !servers.contains(client)).chain(used).collect();
    let until = message.accepted.or(message.ended).unwrap_or(tables.end);
    let there = |row: &&ConnectionRow| {
        row.established.is_none()
            && protocol_at(row.server_port) == "smtp"
            && (message.composed..=until).contains(&row.opened)
            && computers.contains(&*row.client)
    };
    let calls = tables.connections.iter().filter(there).map(|row| &*row.connection);
    calls.filter(|_| message.kind == MessageKind::User && !user.is_empty()).collect()
}

/// The steps of a message's way with the rounds of its attempts, and a title.
///
/// # Errors
/// There is no such message, or the folder is damaged.
pub(super) fn way(
    source: &Source<'_>,
    choice: &LadderChoice,
    message: &str,
) -> Result<(Vec<Draft>, Rounds, String), LadderError> {
    let tables = source.tables;
    let rows = copies(tables, message);
    let Some(first) = rows.first() else {
        let near = nearest(message, tables.messages.iter().map(|row| &*row.message));
        return Err(LadderError::NoMessage(
            near.map_or_else(String::new, |near| format!("; did you mean {}?", shown(near))),
        ));
    };
    let id = &*first.message;
    let calls = calls(tables, &rows);
    let rounds = rounds(tables, &rows, &calls);
    let mut drafts = if choice.speaks("dns") { look_ups(tables, &rows, &calls, &rounds) } else { Vec::new() };
    let chosen: BTreeSet<&str> = calls.iter().map(|call| &*call.row.connection).collect();
    let spoken = source.dialogues();
    let talks = talks(source.folder, spoken, |row| chosen.contains(&*row.connection)).map_err(LadderError::from)?;
    for Call { row: call, of } in &calls {
        let talk = talks.iter().find(|talk| talk.connection == call.connection);
        if !choice.speaks(talk.map_or(protocol_at(call.server_port), |talk| &talk.protocol)) {
            continue;
        }
        let mut steps = Vec::new();
        let served = talk.map(|talk| served(talk, of, tables));
        if served.as_ref().is_none_or(|served| served.from == 0) {
            steps.extend(beginning(call));
        }
        if let (Some(talk), Some(served)) = (talk, &served) {
            steps.extend(strokes(talk, choice.unfold, |index, _| (served.from..served.until).contains(&index)));
        }
        if talk.is_none_or(|talk| served.as_ref().is_some_and(|served| served.until == talk.utterances.len())) {
            steps.extend(ending(call));
        }
        let mut attempts = tables.attempts.iter();
        let attempt = attempts.find(|one| &*one.message == *of && one.connection.as_ref() == Some(&call.connection));
        let began = attempt.map_or(call.opened, |attempt| attempt.started);
        let round = rounds.find(&call.client, began);
        drafts.extend(steps.into_iter().map(|step| step.of_round(round)));
    }
    notes(tables, &rows, (&calls, &rounds), &mut drafts);
    let to = recipients(rows.iter().copied());
    let from = if first.from.is_empty() { "<>".to_owned() } else { shown(&first.from) };
    Ok((drafts, rounds, format!("The way of {} from {from} to {to}", shown(id))))
}

/// The recipients of copies, as many as one reads.
pub(super) fn recipients<'a>(rows: impl Iterator<Item = &'a MessageRow>) -> String {
    let names: Vec<String> = rows.map(|row| shown(&row.to)).collect();
    match names.get(..3) {
        Some(first) if names.len() > 4 => format!("{} and {} more", first.join(", "), names.len() - 3),
        Some(_) | None => names.join(", "),
    }
}

/// The times of attempts, and of a user's computer's calls in vain.
fn rounds(tables: &Tables, rows: &[&MessageRow], calls: &[Call<'_>]) -> Rounds {
    let attempts = rows.iter().flat_map(|row| of_copy(tables, row));
    let attempts = attempts.map(|one| (one.server.clone(), one.started, one.ended.unwrap_or(tables.end)));
    let vain = calls.iter().filter(|call| call.row.established.is_none());
    let vain = vain.map(|Call { row, .. }| (row.client.clone(), row.opened, row.closed.unwrap_or(tables.end)));
    Rounds::of(attempts.chain(vain).collect())
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
fn look_ups(tables: &Tables, rows: &[&MessageRow], calls: &[Call<'_>], rounds: &Rounds) -> Vec<Draft> {
    let mut askings: Vec<Asking<'_>> = Vec::new();
    for row in rows {
        let domain = row.to.rsplit_once('@').map_or("", |(_, domain)| domain);
        for attempt in of_copy(tables, row) {
            let until = attempt.ended.unwrap_or(tables.end);
            let mut names = vec![domain];
            names.extend(attempt.exchange.as_deref());
            names.extend(calls.iter().filter(|call| call.row.client == attempt.server).map(|call| &*call.row.server));
            askings.push(Asking { host: &attempt.server, from: attempt.started, until, names });
        }
        // the user's own program, before it calls its server
        let handed = row.accepted.or(row.ended).unwrap_or(tables.end);
        for Call { row: call, .. } in calls.iter().filter(|call| call.row.opened <= handed) {
            let names = vec![&*call.server];
            askings.push(Asking { host: &call.client, from: row.composed, until: call.opened, names });
        }
        for reading in tables.readings.iter().filter(|reading| reading.message == row.message) {
            for call in calls.iter().filter(|call| call.row.client == reading.device) {
                let names = vec![&*call.row.server];
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
    let found = look_ups_where(&tables.dns_queries, wanted).into_iter();
    let told = found.flat_map(|(first, drafts)| {
        let round = rounds.find(&first.from, first.asked);
        drafts.into_iter().map(move |draft| draft.of_round(round))
    });
    told.collect()
}

pub(super) fn of_copy<'a>(tables: &'a Tables, row: &MessageRow) -> impl Iterator<Item = &'a AttemptRow> {
    tables.attempts.iter().filter(move |attempt| attempt.message == row.message && attempt.to == row.to)
}
