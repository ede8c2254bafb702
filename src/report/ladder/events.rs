//! What no dialogue says of a message's way: its beginning, what became of attempts, the mailbox, the reader.

use super::life::{Call, cause, of_copy, recipients};
use super::picture::{Draft, What, shown};
use super::rounds::Rounds;
use crate::base::time::SimTime;
use crate::metrics::{AttemptEnd, AttemptRow, CopyStatus, MessageRow, Tables, Text};

/// What no dialogue says: the beginning, what became of attempts, the mailbox, the reader.
pub(super) fn notes(
    tables: &Tables,
    rows: &[&MessageRow],
    (calls, rounds): (&[Call<'_>], &Rounds),
    drafts: &mut Vec<Draft>,
) {
    composed(tables, rows, calls, drafts);
    let first_call = calls.iter().map(|call| call.row).min_by_key(|row| row.opened);
    for row in rows {
        // Who turned it into this copy had it from elsewhere.
        let before = lineage(rows, row);
        let keeper = keeper(tables, &row.to);
        // A report lies where its recipient's mailbox is, if no attempt tells of it.
        let mut holder = if row.about.is_some() { Some(&keeper) } else { first_call.map(|call| &call.server) };
        for attempt in before.iter().rev().flat_map(|row| of_copy(tables, row)) {
            if attempt.outcome == AttemptEnd::Completed {
                holder = attempt.exchange.as_ref().or(holder);
            }
        }
        for attempt in of_copy(tables, row) {
            match attempt.outcome {
                AttemptEnd::Completed => holder = attempt.exchange.as_ref().or(holder),
                AttemptEnd::Deferred | AttemptEnd::Expiring | AttemptEnd::Failed => {
                    drafts.push(failed(attempt).of_round(rounds.find(&attempt.server, attempt.started)));
                }
                AttemptEnd::Open => {}
            }
        }
        if let Some(at) = row.delivered {
            let text = format!("in the mailbox of {}", shown(&row.to));
            drafts.push(Draft::note(at, holder.unwrap_or(&keeper), text, false));
        }
        if let (CopyStatus::Refused, Some(at)) = (row.status, row.ended) {
            let home = home(tables, rows, calls);
            drafts.push(Draft::note(at, &home, format!("given up: {}", refusal(row)), true));
        }
        let about = tables.messages.iter().filter(|other| other.about.as_ref() == Some(&row.message));
        for other in about {
            if let Some(server) = of_copy(tables, row).last().map(|attempt| &attempt.server).or(holder) {
                let (id, kind) = (shown(&other.message), other.kind.name());
                let whom = if other.to == row.from { "the sender".to_owned() } else { shown(&other.to) };
                let text = format!("{id} tells {whom} ({kind})");
                drafts.push(Draft::note(other.composed, server, text, false));
            }
        }
    }
    told_once(drafts);
    let ids = rows.first().map(|row| &row.message);
    for reading in tables.readings.iter().filter(|reading| Some(&reading.message) == ids) {
        drafts.push(Draft::note(reading.shown, &reading.device, format!("{} reads it", shown(&reading.user)), false));
    }
}

/// What became of a connection is told by the attempt that was made on it, if there is one.
fn told_once(drafts: &mut Vec<Draft>) {
    let trouble = |draft: &Draft| match &draft.step.what {
        What::Note { text, bad: true, .. } => Some((draft.step.at, draft.ends[0].clone(), text.clone())),
        What::Note { .. } | What::Message(_) => None,
    };
    let told: Vec<(SimTime, Text, String)> = drafts.iter().filter_map(trouble).collect();
    drafts.retain(|draft| {
        let Some((at, host, text)) = trouble(draft) else { return true };
        let longer = |other: &(SimTime, Text, String)| other.2.len() > text.len() && other.2.contains(&text);
        !told.iter().any(|other| (other.0, &other.1) == (at, &host) && longer(other))
    });
}

/// That it was composed, and where; of a report, what was wrong.
fn composed(tables: &Tables, rows: &[&MessageRow], calls: &[Call<'_>], drafts: &mut Vec<Draft>) {
    let composed: Vec<&&MessageRow> = rows.iter().filter(|row| row.expanded_from.is_none()).collect();
    let Some(first) = composed.first() else { return };
    let from = if first.from.is_empty() { "a server".to_owned() } else { shown(&first.from) };
    let to = recipients(composed.iter().map(|row| **row));
    let about = first
        .about
        .as_ref()
        .map_or_else(String::new, |about| format!(" about {} ({})", shown(about), first.kind.name()));
    let text = format!("{from} writes to {to}{about}");
    let note = Draft::note(first.composed, &home(tables, rows, calls), text, false);
    match cause(tables, first) {
        // that on which it reports comes before it
        Some(attempt) => drafts.extend([failed(attempt), note]),
        None => drafts.insert(0, note),
    }
}

/// Where a message was composed.
fn home(tables: &Tables, rows: &[&MessageRow], calls: &[Call<'_>]) -> Text {
    let reported = rows.iter().find_map(|row| cause(tables, row)).map(|attempt| &attempt.server);
    let reports = rows.iter().any(|row| row.about.is_some());
    let first = calls.iter().map(|call| call.row).min_by_key(|row| row.opened).map(|row| &row.client);
    let first = first.filter(|_| !reports);
    let tried = rows.iter().find_map(|row| of_copy(tables, row).next()).map(|attempt| &attempt.server);
    let known = reported.or(first).or(tried).cloned();
    known.unwrap_or_else(|| {
        let of = rows.first().map(|row| if row.from.is_empty() { &row.to } else { &row.from });
        of.map_or_else(|| Text::from(""), |address| keeper(tables, address))
    })
}

/// The host with the mailboxes of an address' domain, as far as tables tell; else the domain stands for it.
fn keeper(tables: &Tables, address: &str) -> Text {
    let domain = |address: &str| address.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_lowercase());
    let wanted = domain(address);
    let stored = |one: &&AttemptRow| one.outcome == AttemptEnd::Completed && domain(&one.to) == wanted;
    let stored = tables.attempts.iter().filter(stored).find_map(|one| one.exchange.clone());
    let read = || {
        let mut sessions = tables.mailbox_sessions.iter().filter(|one| domain(&one.user) == wanted);
        let name = sessions.find_map(|one| one.connection.as_ref())?;
        tables.connections.iter().find(|row| row.connection == *name).map(|row| row.server.clone())
    };
    let sends = || {
        let mut sent = tables.messages.iter().filter(|row| domain(&row.from) == wanted);
        sent.find_map(|row| Some(of_copy(tables, row).next()?.server.clone()))
    };
    stored.or_else(read).or_else(sends).unwrap_or_else(|| Text::from(wanted.as_str()))
}

/// Why a user's program gave up.
fn refusal(row: &MessageRow) -> String {
    let why =
        row.reason.as_deref().map_or_else(|| "for no stated reason".to_owned(), |why| shown(&why.replace('_', " ")));
    match (row.reply_code, row.enhanced.as_deref()) {
        (Some(code), Some(enhanced)) => format!("{code} {}", shown(enhanced)),
        (Some(code), None) => code.to_string(),
        (None, _) => why,
    }
}

/// An attempt that came to nothing.
fn failed(attempt: &AttemptRow) -> Draft {
    Draft::note(attempt.ended.unwrap_or(attempt.started), &attempt.server, trouble(attempt), true)
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
