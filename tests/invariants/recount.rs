//! Tables and mailboxes against the ledger: statuses, attempts, queues by destination, stays,
//! duplicates; and every stored message octet for octet.

use std::collections::BTreeMap;

use posthaste::app::App;
use posthaste::cli::simulate::Finished;
use posthaste::metrics::{AttemptEnd, CopyStatus, DuplicateCause, Outcome, Tables};

use super::ledger::Ledger;
use super::payloads::{behind_trace_fields, message_id};

pub(crate) fn check<X>(ledger: &Ledger, finished: &Finished<X>) -> Vec<String> {
    let mut faults = Vec::new();
    let tables = &finished.record.tables;
    statuses(ledger, tables, &mut faults);
    reasons(ledger, tables, &mut faults);
    queues(tables, &mut faults);
    survival(tables, &mut faults);
    for row in tables.duplicates.iter().filter(|row| row.cause == DuplicateCause::Unexplained) {
        faults.push(format!("{row:?}"));
    }
    mailboxes(ledger, finished, &mut faults);
    faults.truncate(12);
    faults
}

fn statuses(ledger: &Ledger, tables: &Tables, faults: &mut Vec<String>) {
    if tables.messages.len() != ledger.copies.len() {
        faults.push(format!("{} rows of messages, {} copies", tables.messages.len(), ledger.copies.len()));
    }
    for row in &tables.messages {
        let Some(copy) = ledger.copies.get(&(row.message.to_string(), row.to.to_string())) else {
            faults.push(format!("nobody composed {row:?}"));
            continue;
        };
        let right = match row.status {
            CopyStatus::Delivered => copy.delivered > 0,
            CopyStatus::Bounced | CopyStatus::Dropped => copy.delivered == 0 && copy.given_up > 0,
            CopyStatus::Refused => copy.delivered == 0 && copy.refused,
            CopyStatus::Outbox => copy.accepted.is_empty(),
            CopyStatus::Expanded | CopyStatus::Discarded => copy.delivered == 0,
            CopyStatus::Queued => ledger.queued() > 0,
        };
        let duplicates = copy.delivered.saturating_sub(1);
        if !right || row.kind != copy.kind || *row.from != *copy.from || row.duplicates != duplicates {
            faults.push(format!("{row:?} is told of {copy:?}"));
        }
    }
    let queued: u64 = ledger.queued();
    let told = tables.messages.iter().filter(|row| row.status == CopyStatus::Queued).count() as u64;
    if told > queued {
        faults.push(format!("{told} copies are queued by the table, {queued} by the ledger"));
    }
}

fn reasons(ledger: &Ledger, tables: &Tables, faults: &mut Vec<String>) {
    let of = |outcomes: &[Outcome]| -> u64 {
        tables.reasons.iter().filter(|row| outcomes.contains(&row.outcome)).map(|row| row.count).sum()
    };
    let ended = of(&[Outcome::Completed, Outcome::Deferred, Outcome::Failed]);
    for (outcome, ends) in [
        (Outcome::Completed, [AttemptEnd::Completed].as_slice()),
        (Outcome::Deferred, &[AttemptEnd::Deferred, AttemptEnd::Expiring]),
        (Outcome::Failed, &[AttemptEnd::Failed]),
    ] {
        let rows = tables.attempts.iter().filter(|row| ends.contains(&row.outcome)).count() as u64;
        if of(&[outcome]) != rows {
            faults.push(format!("{} attempts are told to be {}, {rows} are", of(&[outcome]), outcome.name()));
        }
    }
    let open = tables.attempts.iter().filter(|row| row.ended.is_none()).count() as u64;
    let given_up: u64 = ledger.copies.values().map(|copy| u64::from(copy.given_up)).sum();
    if ended + open != ledger.attempts || tables.attempts.len() as u64 != ledger.attempts {
        faults.push(format!("{} attempts, {ended} told to have ended, {open} to be open", ledger.attempts));
    }
    if of(&[Outcome::Bounced, Outcome::Dropped]) != given_up {
        faults.push(format!(
            "{given_up} copies were given up, by the table {}",
            of(&[Outcome::Bounced, Outcome::Dropped])
        ));
    }
    let minutes: u64 = tables.attempt_rates.iter().map(|row| row.attempts).sum();
    if minutes != ledger.attempts {
        faults.push(format!("{minutes} attempts in all minutes, {} in all", ledger.attempts));
    }
}

/// The destinations of a server sum to its queue, at every change of either.
fn queues(tables: &Tables, faults: &mut Vec<String>) {
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    let mut parts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut instants: BTreeMap<(u64, &str), i64> = BTreeMap::new();
    for row in &tables.queue_destinations {
        let now = i64::from(row.due) + i64::from(row.active) + i64::from(row.waiting);
        let before = parts.insert((&row.server, &row.destination), now).unwrap_or(0);
        let total = totals.entry(&row.server).or_default();
        *total += now - before;
        instants.insert((row.at.as_nanos(), &row.server), *total);
    }
    for row in &tables.queue {
        let upto = instants.range(..=(row.at.as_nanos(), &*row.server)).rev();
        let total = upto.filter(|((_, server), _)| *server == &*row.server).map(|(_, total)| *total).next();
        if total.unwrap_or(0) != i64::from(row.copies) {
            faults.push(format!("{row:?}, but its destinations sum to {total:?}"));
            return;
        }
    }
}

fn survival(tables: &Tables, faults: &mut Vec<String>) {
    for rows in tables.survival.chunk_by(|a, b| a.server == b.server) {
        let all: u64 = rows.iter().map(|row| row.left + row.censored).sum();
        let falls = rows.windows(2).all(|pair| {
            pair[0].share >= pair[1].share && pair[0].at_risk == pair[1].at_risk + pair[0].left + pair[0].censored
        });
        if rows[0].at_risk != all || !falls {
            faults.push(format!("the survival curve of {} does not add up", rows[0].server));
        }
    }
}

/// Invariant 5: what is stored is what was sent, with nothing but servers' fields in front.
fn mailboxes<X>(ledger: &Ledger, finished: &Finished<X>, faults: &mut Vec<String>) {
    for (host, app) in finished.world.apps() {
        let App::MailServer(server) = app else { continue };
        let own = |id: &str| ledger.copies.iter().any(|(key, copy)| key.0 == id && copy.composed == Some(host));
        for maildrop in server.mailboxes() {
            for message in maildrop.messages() {
                let id = message_id(&message.content);
                if ledger.downgraded.contains(&id) {
                    continue;
                }
                let inner = behind_trace_fields(&message.content);
                // What a server wrote itself (reports, webmail) need not be sent, and what goes through TLS cannot be read.
                let Some(sent) = ledger.payloads.messages.get(&id) else {
                    if !ledger.is_hidden(&id) && !own(&id) {
                        faults.push(format!("{}: {id} was never sent", maildrop.address()));
                    }
                    continue;
                };
                if !sent.iter().any(|sent| behind_trace_fields(sent) == inner) {
                    faults.push(format!("{}: {id} is not what was sent", maildrop.address()));
                }
            }
        }
    }
}
