//! The life of a message, copy by copy: when it was where, what was tried, why that failed and what
//! came next, with the section of the standard that asks for it.
//!
//! The steps are rows of the tables: attempts, lost replies, duplicates, expansions. What only the trace
//! tells is added where a witness saw it: over which connections an attempt went, which look-ups it made,
//! which rule of conduct refused it. A phase's begin is told only so; its length stands at the end.

use std::collections::BTreeSet;

use super::folding::Tried;
use super::notes::{ConnNote, EndNote, MailNote, MailWhat};
use super::{Focus, Sources, Step, Story, attempts, causes, count, listed, plain, quoted, reading, since, span, words};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{MessageKind, Phase};
use crate::metrics::{ConnectionRow, CopyStatus, DuplicateCause, MessageRow, Tables};
use crate::report::ladder::dns::Behalf;

/// A Message-ID without its angle brackets, with which nobody needs to write it.
fn bare(id: &str) -> &str {
    id.trim_matches(['<', '>'])
}

/// The copies of a message, or the one for an address.
fn rows<'a>(tables: &'a Tables, message: &str, to: Option<&str>) -> Vec<&'a MessageRow> {
    let ours =
        |row: &&MessageRow| bare(&row.message) == bare(message) && to.is_none_or(|to| row.to.eq_ignore_ascii_case(to));
    tables.messages.iter().filter(ours).collect()
}

/// Until when a run must be made again to see all that befell a message, and the connections that its
/// tables name; none if there is no such message.
fn until(tables: &Tables, message: &str) -> Option<(String, SimTime, Vec<String>)> {
    let rows = rows(tables, message, None);
    let id = rows.first()?.message.to_string();
    let attempts = || tables.attempts.iter().filter(|one| *one.message == *id);
    let unfinished = rows.iter().any(|row| row.ended.is_none() && row.delivered.is_none());
    let ends = rows.iter().flat_map(|row| [row.ended, row.delivered, row.retrieved, row.accepted, Some(row.composed)]);
    let again = tables.duplicates.iter().filter(|one| *one.message == *id).map(|one| one.again);
    let mut until = ends.flatten().chain(attempts().filter_map(|one| one.ended)).chain(again).max()?;
    if unfinished {
        until = tables.end;
    }
    let first = rows.iter().map(|row| row.composed).min()?;
    // user agents try again of their own accord: nothing but the time of a call tells that it may be for the message
    let vain = |row: &&ConnectionRow| row.established.is_none() && row.server_port != 25 && row.server_port != 53;
    let calls = tables.connections.iter().filter(vain).filter(|row| row.opened >= first && row.opened <= until);
    let named = attempts().filter_map(|one| one.connection.as_deref()).chain(calls.map(|row| &*row.connection));
    let named = named.map(str::to_owned).collect();
    Some((id, until, named))
}

/// What a witness must look for to see all that befell a message, and until when; none if there is no such message.
#[must_use]
pub fn message_focus(tables: &Tables, message: &str) -> Option<(Focus, SimTime)> {
    let (id, until, named) = until(tables, message)?;
    let queries = queries(tables, &id);
    Some((Focus { message: Some(id), queries, connections: named.into_iter().collect() }, until))
}

/// The questions that servers asked in the attempts for a message, and those asked on their behalf: some may be for others.
fn queries(tables: &Tables, id: &str) -> BTreeSet<String> {
    let attempts: Vec<_> = tables.attempts.iter().filter(|one| *one.message == *id).collect();
    let behalf = Behalf::new(&tables.dns_queries);
    let asked = tables.dns_queries.iter().filter(|row| {
        let within = |at: SimTime, ended: Option<SimTime>| row.asked >= at && ended.is_none_or(|end| row.asked <= end);
        row.for_query.is_none() && attempts.iter().any(|one| one.server == row.from && within(one.started, one.ended))
    });
    asked.flat_map(|row| behalf.tree(row)).map(|(_, row)| row.query.to_string()).collect()
}

/// The stories of all copies of a message, or of the one for an address; empty if there is no such
/// copy. The Message-ID may stand without its angle brackets.
#[must_use]
pub fn message_stories(sources: &Sources<'_>, message: &str, to: Option<&str>) -> Vec<Story> {
    rows(sources.tables, message, to).into_iter().map(|row| of_copy(sources, row)).collect()
}

fn of_copy(sources: &Sources<'_>, row: &MessageRow) -> Story {
    let mut steps = beginning(sources, row);
    steps.extend(attempts::steps(sources, row));
    replies(sources, row, &mut steps);
    ending(sources, row, &mut steps);
    let spent = Phase::ALL.iter().zip(&row.phases).filter(|(_, spent)| **spent > SimDuration::ZERO);
    let spent: Vec<String> = spent.map(|(phase, spent)| format!("{} {}", phase_words(*phase), span(*spent))).collect();
    let mut closing = Vec::new();
    if !spent.is_empty() {
        closing.push(format!("Its time went into: {}.", spent.join(", ")));
    }
    let title = format!("{} for {}: {}", plain(&row.message), plain(&row.to), fate(sources.tables, row));
    Story { title, from: row.composed, steps, closing }.in_order()
}

const fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Composing => "waiting to be submitted",
        Phase::Submission => "submission",
        Phase::Queued => "waiting for its turn in a queue",
        Phase::Dns => "looking up names",
        Phase::Connecting => "opening connections",
        Phase::Dialogue => "SMTP commands and replies",
        Phase::Transfer => "transferring the message itself",
        Phase::WaitingForRetry => "waiting for the next attempt",
        Phase::InMailbox => "lying in the mailbox",
        Phase::Retrieval => "being fetched",
    }
}

/// The copies that an address was turned into.
fn children<'a>(tables: &'a Tables, row: &'a MessageRow) -> impl Iterator<Item = &'a MessageRow> {
    tables.messages.iter().filter(|other| {
        other.message == row.message
            && other.expanded_from.as_ref().is_some_and(|from| from.eq_ignore_ascii_case(&row.to))
    })
}

fn fate(tables: &Tables, row: &MessageRow) -> &'static str {
    match row.status {
        CopyStatus::Delivered if row.retrieved.is_some() => "delivered and fetched",
        CopyStatus::Delivered => "delivered",
        CopyStatus::Bounced => "given up, and its sender told",
        CopyStatus::Dropped => "given up, and nobody told",
        CopyStatus::Queued => "still in a server's queue when the run ended",
        CopyStatus::Refused => "never taken by a server",
        CopyStatus::Outbox => "still in its sender's outbox when the run ended",
        CopyStatus::Expanded if children(tables, row).next().is_none() => "it stands for others who have a copy",
        CopyStatus::Expanded => "turned into copies for others",
        CopyStatus::Discarded => "thrown away by a stated policy",
    }
}

fn beginning(sources: &Sources<'_>, row: &MessageRow) -> Vec<Step> {
    let about = row.about.as_deref().map_or_else(String::new, |about| format!(" about {}", plain(about)));
    let by = |what: &str, section| (format!("a server writes it {what}{about}"), section);
    let (what, section) = match row.kind {
        MessageKind::User => (format!("{} writes it, {} octets", author(sources.tables, row), row.bytes), ""),
        MessageKind::Bounce => by("to report a failure", "RFC 3464"),
        MessageKind::Delay => by("to warn of a delay", "RFC 3464"),
        MessageKind::Success => by("to report a success", "RFC 3461"),
        MessageKind::Vacation => by("for a user who is away", "RFC 3834"),
    };
    let mut steps = vec![Step::new(row.composed, what).rfc(section)];
    steps.extend(postponed(sources, row));
    if let Some(at) = row.accepted {
        steps.push(accepted(sources, row, at));
    }
    if let (Some(by), Some(from)) = (row.expanded_by, &row.expanded_from) {
        let seen = seen(sources, row).find(|note| matches!(note.what, MailWhat::Redirected));
        let (at, place) =
            seen.map_or_else(|| (row.composed, String::new()), |note| (note.at, format!("at {} ", plain(&note.host))));
        let what = format!("{place}the {} {} makes a copy for {} of it", by.name(), plain(from), plain(&row.to));
        steps.push(Step::new(at, what).rfc("RFC 5321 3.9"));
    }
    steps
}

/// Who wrote a message: a list names its owner as the sender of the copies that it makes (RFC 5321 3.9.2).
fn author(tables: &Tables, row: &MessageRow) -> String {
    // as deep as aliases and lists may be nested
    const DEEPEST: usize = 100;
    let mut first = row;
    for _ in 0..DEEPEST {
        let Some(from) = &first.expanded_from else { break };
        let same = |other: &&MessageRow| other.message == row.message && other.to.eq_ignore_ascii_case(from);
        match tables.messages.iter().find(same) {
            Some(before) => first = before,
            None => break,
        }
    }
    sender(first)
}

fn sender(row: &MessageRow) -> String {
    if row.from.is_empty() { "somebody without an address".to_owned() } else { plain(&row.from) }
}

/// What was seen of a copy.
fn seen<'a>(sources: &Sources<'a>, row: &'a MessageRow) -> impl Iterator<Item = &'a MailNote> {
    let notes = sources.witness.map_or(&[][..], |witness| &witness.mail);
    notes.iter().filter(|note| note.to.eq_ignore_ascii_case(&row.to))
}

/// The user agent could not hand it over, and keeps it.
fn postponed(sources: &Sources<'_>, row: &MessageRow) -> Vec<Step> {
    let domain = row.from.rsplit_once('@').map_or("", |(_, domain)| domain);
    let tries = seen(sources, row).filter_map(|note| {
        let MailWhat::Postponed { kind, code, text, next } = &note.what else { return None };
        Some((note, kind, *code, text, *next))
    });
    let steps = (1..).zip(tries).map(|(number, (note, kind, code, text, next))| {
        let said = if code == 0 { text.clone() } else { format!("{code} {text}") };
        let mut what = words::trouble(kind, "its server", domain, &said);
        if let Some(cause) = not_reached(sources, note) {
            what += &format!(", because {cause}");
        }
        let tried = Tried { attempt: number, started: note.at, why: what.clone() };
        let then = format!("the next try is in {}, at {}", span(since(next, note.at)), sources.clock.moment(next));
        let step = Step::new(note.at, format!("{} cannot hand it over: {what}; {then}", plain(&note.host)));
        Step { tried: Some(tried), ..step }
    });
    steps.collect()
}

/// Why the call for a connection was in vain for which a user agent keeps a copy.
fn not_reached(sources: &Sources<'_>, note: &MailNote) -> Option<String> {
    let witness = sources.witness?;
    let (.., name) = witness.kept.iter().find(|(at, to, _)| *at == note.at && *to == note.to)?;
    let conn = witness.conn(name).filter(|conn| conn.established[0].is_none())?;
    match &conn.refusal {
        Some(refusal) => Some(refusal.sentence(sources, &conn.server, conn.port)),
        None => causes::blamed(sources, conn.losses.iter()).into_iter().next(),
    }
}

fn accepted(sources: &Sources<'_>, row: &MessageRow, at: SimTime) -> Step {
    // the copy that was accepted may be the one from which this one was made
    let notes = sources.witness.map_or(&[][..], |witness| &witness.mail);
    let (own, others): (Vec<_>, Vec<_>) = notes.iter().partition(|note| note.to.eq_ignore_ascii_case(&row.to));
    let note = own.into_iter().chain(others).find_map(|note| match &note.what {
        MailWhat::Accepted { queue_id, conn } if note.at == at => Some((&note.host, queue_id, conn)),
        MailWhat::Accepted { .. }
        | MailWhat::Postponed { .. }
        | MailWhat::Downgraded { .. }
        | MailWhat::Delivered { .. }
        | MailWhat::Retrieved { .. }
        | MailWhat::Deleted { .. }
        | MailWhat::Redirected
        | MailWhat::Discarded { .. } => None,
    });
    let duty = "and is responsible for it from here on";
    let what = match note {
        Some((host, queue_id, Some(conn))) => {
            format!(
                "{} accepts it on the connection {}, names it {}, {duty}",
                plain(host),
                plain(conn),
                plain(queue_id)
            )
        }
        Some((host, queue_id, None)) => {
            format!("{} puts it into its own queue as {}, {duty}", plain(host), plain(queue_id))
        }
        None => format!("the first server takes it, {duty}"),
    };
    let step = Step::new(at, what).rfc("RFC 5321 6.1");
    if row.kind == MessageKind::User && row.expanded_by.is_none() {
        let spent = row.phases[Phase::Submission as usize];
        if spent == SimDuration::ZERO {
            return step;
        }
        return step.detail(format!("from {} to the server it took {}", sender(row), span(spent)));
    }
    step
}

fn replies(sources: &Sources<'_>, row: &MessageRow, steps: &mut Vec<Step>) {
    let tables = sources.tables;
    for reply in tables.lost_replies.iter().filter(|one| one.message == row.message && one.to == row.to) {
        let (server, client) = (plain(&reply.server), plain(&reply.client));
        let after = span(since(reply.noticed, reply.accepted));
        let what = format!(
            "{server} has taken it over {} and says 250, but {client} never hears that: {after} later it goes on as if \
             {server} had not got it",
            plain(&reply.connection)
        );
        let mut step = Step::new(reply.accepted, what).rfc("RFC 5321 6.1").rfc("RFC 1047");
        if let Some(conn) = sources.witness.and_then(|witness| witness.conn(&reply.connection)) {
            let times = (row.composed, reply.noticed);
            step.details.extend(attempts::conduct(sources, row, &conn.name, times));
            let since = |loss: &&super::notes::Loss| loss.at >= reply.accepted && loss.at <= reply.noticed;
            step.details
                .extend(causes::losses(sources, &conn.losses.iter().filter(since).cloned().collect::<Vec<_>>()));
        }
        steps.push(step);
    }
    for again in tables.duplicates.iter().filter(|one| one.message == row.message && one.to == row.to) {
        let why = match again.cause {
            DuplicateCause::LostReply => "because a reply was lost and it was sent again",
            DuplicateCause::TwoWays => "because two ways led to this mailbox",
            DuplicateCause::SentAgain => {
                "because a program outside the simulation sent it again, or another message with its Message-ID"
            }
            DuplicateCause::Unexplained => "for no known reason: this is a fault of the simulator",
        };
        steps.push(Step::new(again.again, format!("{} stores it once more, {why}", plain(&again.server))));
    }
}

fn ending(sources: &Sources<'_>, row: &MessageRow, steps: &mut Vec<Step>) {
    let notes = seen(sources, row).collect::<Vec<_>>();
    let mut mailbox = plain(&row.to);
    if let Some(at) = row.delivered {
        let note = notes.iter().find_map(|note| {
            let MailWhat::Delivered { mailbox } = &note.what else { return None };
            Some((&note.host, mailbox))
        });
        let what = match note {
            Some((host, name)) => {
                mailbox.clone_from(name);
                format!("{} stores it in the mailbox of {}", plain(host), plain(name))
            }
            None => "it is stored in the mailbox".to_owned(),
        };
        steps.push(Step::new(at, what));
    }
    for note in &notes {
        match &note.what {
            MailWhat::Downgraded { before, after } => {
                let what = format!(
                    "{} turns it into 7 bits, as the next server takes no 8: {before} octets become {after}",
                    plain(&note.host)
                );
                steps.push(Step::new(note.at, what).rfc("RFC 6152 3"));
            }
            MailWhat::Deleted { mailbox } => {
                steps.push(Step::new(note.at, format!("{} deletes it on the server", plain(mailbox))));
            }
            MailWhat::Accepted { .. }
            | MailWhat::Postponed { .. }
            | MailWhat::Delivered { .. }
            | MailWhat::Retrieved { .. }
            | MailWhat::Redirected
            | MailWhat::Discarded { .. } => {}
        }
    }
    steps.extend(reading::steps(sources, row, &mailbox));
    steps.extend(end(sources, row, &notes));
}

/// How the life of a copy ended that nobody got, or that goes on.
fn end(sources: &Sources<'_>, row: &MessageRow, notes: &[&MailNote]) -> Option<Step> {
    let run_end = sources.tables.end;
    let said = row.ended.and_then(|at| {
        let ends = sources.witness.map_or(&[][..], |witness| &witness.given_up);
        ends.iter().find(|one| one.at == at && one.to.eq_ignore_ascii_case(&row.to))
    });
    let reason = row.reason.as_deref().map_or_else(|| "a policy".to_owned(), |reason| given_up(row, reason, said));
    match (row.status, row.ended) {
        (CopyStatus::Bounced | CopyStatus::Dropped, Some(at)) => {
            let told = sources.tables.messages.iter().find(|other| {
                other.is_bounce()
                    && other.about.as_ref() == Some(&row.message)
                    && other.composed == at
                    && other.to == row.from
            });
            let circle = said.is_some_and(|said| row.reason.as_deref() == Some("loop") && said.text != TOO_MANY_HOPS);
            let section = if circle { "" } else { words::trouble_section(row.reason.as_deref().unwrap_or_default()) };
            let step = Step::new(at, format!("given up: {reason}")).rfc(section).rfc("RFC 5321 6.1");
            Some(match told {
                Some(bounce) => step.detail(format!("{} tells {} so", plain(&bounce.message), sender(row))),
                None => step.detail("nobody is told: it was itself a report, from the null reverse-path"),
            })
        }
        (CopyStatus::Refused, Some(at)) => {
            let section = words::trouble_section(row.reason.as_deref().unwrap_or_default());
            Some(Step::new(at, format!("its user agent gives up: {reason}")).rfc(section))
        }
        (CopyStatus::Expanded, Some(at)) => Some(expanded(sources, row, at)),
        (CopyStatus::Discarded, Some(at)) => {
            let policy = notes.iter().find_map(|note| {
                let MailWhat::Discarded { why } = &note.what else { return None };
                Some(format!(": {}", plain(why)))
            });
            Some(Step::new(at, format!("the server throws it away by a policy{}", policy.unwrap_or_default())))
        }
        (CopyStatus::Queued, _) => Some(Step::new(run_end, "the run ends, and it is still in a queue")),
        (CopyStatus::Outbox, _) => Some(Step::new(run_end, "the run ends, and it has not left its sender's computer")),
        (CopyStatus::Delivered, _)
        | (
            CopyStatus::Bounced
            | CopyStatus::Dropped
            | CopyStatus::Refused
            | CopyStatus::Expanded
            | CopyStatus::Discarded,
            None,
        ) => None,
    }
}

/// What a server says of a message that has met too many others.
const TOO_MANY_HOPS: &str = "too many hops";

/// Why a copy was given up, by the table's word and what the trace tells of it.
fn given_up(row: &MessageRow, reason: &str, said: Option<&EndNote>) -> String {
    let domain = row.to.rsplit_once('@').map_or("", |(_, domain)| domain);
    let code = row.reply_code.map_or_else(String::new, |code| format!(" ({code})"));
    let words = said.filter(|said| !said.text.is_empty()).map(|said| match said.code {
        0 => quoted(&said.text),
        code => quoted(&format!("{code} {}", said.text)),
    });
    match (reason, words) {
        ("expired", _) => {
            let queued = row.ended.zip(row.accepted).map(|(end, accepted)| span(since(end, accepted)));
            let queued = queued.map_or_else(String::new, |span| format!("after {span} "));
            format!("{queued}its server's policy of retries allows no further attempt")
        }
        ("reply", Some(words)) if row.status == CopyStatus::Refused => {
            format!("its server answered {words}, a refusal for good")
        }
        ("reply", Some(words)) if row.attempts == 0 => format!("the server itself has to refuse it, with {words}"),
        ("reply", _) => format!("the last reply{code} was a refusal for good"),
        ("loop", Some(_)) if said.is_some_and(|said| said.text == TOO_MANY_HOPS) => {
            "it has gone round in circles: too many servers have passed it on".to_owned()
        }
        ("loop", Some(words)) => format!("it would go round in circles ({words})"),
        ("loop", None) => "it goes round in circles".to_owned(),
        (other, _) => {
            let text = said.map_or("", |said| &said.text);
            words::trouble(other, "the next server", domain, text)
        }
    }
}

/// It was turned into others: into which.
fn expanded(sources: &Sources<'_>, row: &MessageRow, at: SimTime) -> Step {
    const MOST: usize = 12;
    let into = children(sources.tables, row);
    let into: Vec<(&str, String)> =
        into.map(|other| (other.expanded_by.map_or("", |by| by.name()), plain(&other.to))).collect();
    let Some((by, _)) = into.first() else {
        let what = format!(
            "the server takes {} for others, all of whom have a copy of this message already: it makes no other",
            plain(&row.to)
        );
        return Step::new(at, what).rfc("RFC 5321 3.9");
    };
    let mut names: Vec<String> = into.iter().take(MOST).map(|(_, to)| to.clone()).collect();
    if into.len() > MOST {
        names.push(count(into.len() - MOST, "other", "others"));
    }
    Step::new(at, format!("the {by} {} turns it into copies for {}", plain(&row.to), listed(&names)))
        .rfc("RFC 5321 3.9")
}

/// The row of a connection.
pub(super) fn connection<'a>(tables: &'a Tables, name: &str) -> Option<&'a ConnectionRow> {
    tables.connections.iter().find(|row| row.connection.eq_ignore_ascii_case(name))
}

/// A connection of an attempt, as it was seen.
pub(super) fn note<'a>(sources: &Sources<'a>, name: &str) -> Option<&'a ConnNote> {
    sources.witness.and_then(|witness| witness.conn(name))
}
