//! The last part of a message's life: in the mailbox, until somebody looks, fetches, reads and answers.

use super::notes::MailWhat;
use super::{Sources, Step, plain, quoted, since, span, words};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::Phase;
use crate::metrics::{ActionRow, MailboxSessionRow, MessageRow, ReadingRow};

/// What befell the copy in its mailbox.
pub(super) fn steps(sources: &Sources<'_>, row: &MessageRow, mailbox: &str) -> Vec<Step> {
    let Some(delivered) = row.delivered else { return Vec::new() };
    let mut steps = Vec::new();
    match row.retrieved {
        Some(at) => steps.push(fetched(sources, row, mailbox, at)),
        None => steps.extend(unread(sources, mailbox, delivered)),
    }
    let ours = |reading: &&ReadingRow| reading.message == row.message && *reading.user == *mailbox;
    for reading in sources.tables.readings.iter().filter(ours) {
        steps.extend(shown(sources, reading));
    }
    steps.extend(actions(sources, row, mailbox));
    steps
}

fn session<'a>(sources: &Sources<'a>, user: &str, device: Option<&str>, at: SimTime) -> Option<&'a MailboxSessionRow> {
    sources.tables.mailbox_sessions.iter().find(|one| {
        *one.user == *user && device.is_none_or(|device| *one.device == *device) && one.began <= at && at <= one.ended
    })
}

fn by(session: &MailboxSessionRow) -> String {
    let over = session.connection.as_deref().map_or_else(String::new, |conn| format!(", connection {}", plain(conn)));
    format!("by {} on {}{over}", words::protocol(&session.protocol), plain(&session.device))
}

/// It was fetched.
fn fetched(sources: &Sources<'_>, row: &MessageRow, mailbox: &str, at: SimTime) -> Step {
    let seen = sources.witness.and_then(|witness| {
        witness.mail.iter().filter(|note| note.at == at).find_map(|note| match &note.what {
            MailWhat::Retrieved { mailbox: whose, conn } if whose == mailbox => Some(conn),
            MailWhat::Retrieved { .. }
            | MailWhat::Accepted { .. }
            | MailWhat::Postponed { .. }
            | MailWhat::Downgraded { .. }
            | MailWhat::Delivered { .. }
            | MailWhat::Deleted { .. }
            | MailWhat::Redirected
            | MailWhat::Discarded { .. } => None,
        })
    });
    let over = |conn: &String| {
        let mut sessions = sources.tables.mailbox_sessions.iter();
        sessions.find(|one| one.connection.as_deref() == Some(conn) && one.began <= at && at <= one.ended)
    };
    let how = match (seen.and_then(over).or_else(|| session(sources, mailbox, None, at)), seen) {
        (Some(one), _) => format!(" {}", by(one)),
        (None, Some(conn)) => format!(", connection {conn}"),
        (None, None) => String::new(),
    };
    let waited = row.delivered.map_or_else(String::new, |delivered| {
        let rest = row.phases[Phase::Retrieval as usize];
        let lay = since(at, delivered).saturating_sub(rest);
        format!("it had lain in the mailbox for {}; the message itself took {} to come", span(lay), span(rest))
    });
    Step::new(at, format!("{} fetches it{how}", plain(mailbox))).detail(waited)
}

/// It was shown on a device.
fn shown(sources: &Sources<'_>, reading: &ReadingRow) -> Vec<Step> {
    let (user, device) = (plain(&reading.user), plain(&reading.device));
    let session = session(sources, &reading.user, Some(&reading.device), reading.shown);
    let how = session.map_or_else(|| format!("on {device}"), by);
    let mut found = Step::new(reading.found, format!("{user} looks for mail {how}, and finds it"));
    if let Some(wait) = reading.poll_wait {
        found = found.detail(format!("until somebody looked, it had waited for {}", span(wait)));
    }
    let mut shown = Step::new(reading.shown, format!("{user} sees it on {device}"));
    if let (Some(pause), Some(retrieval)) = (reading.pause, reading.retrieval) {
        let left = match pause {
            SimDuration::ZERO => String::new(),
            pause => format!("{user} left it alone for {}, and apart from that ", span(pause)),
        };
        shown = shown.detail(format!("{left}from that look until it was to be seen it took {}", span(retrieval)));
    }
    vec![found, shown]
}

/// Nobody fetched it: what sessions there were after it had come.
fn unread(sources: &Sources<'_>, mailbox: &str, delivered: SimTime) -> Vec<Step> {
    let end = sources.tables.end;
    let later = sources.tables.mailbox_sessions.iter().filter(|one| *one.user == *mailbox && one.ended >= delivered);
    let vain = later.filter_map(|one| {
        let trouble = one.trouble.as_deref()?;
        let what = format!("{} tries to get at the mailbox {}, in vain: {}", plain(mailbox), by(one), quoted(trouble));
        Some(Step::new(one.ended, what))
    });
    let mut steps: Vec<Step> = vain.collect();
    let waited = span(since(end, delivered));
    steps.push(Step::new(end, format!("the run ends, and nobody has fetched it: it has lain there for {waited}")));
    steps
}

/// What the reader did with it.
fn actions(sources: &Sources<'_>, row: &MessageRow, mailbox: &str) -> Vec<Step> {
    let all = sources.tables.person_actions.as_deref().unwrap_or_default();
    let ours = all.iter().filter(|one| one.message == row.message && *one.user == *mailbox);
    ours.filter_map(action).collect()
}

fn action(one: &ActionRow) -> Option<Step> {
    let what = match &*one.action {
        "open" => "opens it",
        "attachment" => "opens an attachment of it",
        "reply" => "answers it",
        "reply_all" => "answers it, to all",
        "forward" => "forwards it",
        "file" => "files it",
        "delete" => "deletes it",
        "mark" => "marks it",
        // its writer's own deeds are told at its beginning
        _ => return None,
    };
    let folder = if one.folder.is_empty() { String::new() } else { format!(", folder {}", plain(&one.folder)) };
    let end = match &*one.outcome {
        "done" => "",
        "nothing" => ", but there is nothing to act on",
        _ => ", but that is refused, or the session breaks",
    };
    let with = format!("by {} on {}", words::protocol(&one.protocol), plain(&one.device));
    Some(Step::new(one.at, format!("{} {what} {with}{folder}{end}", plain(&one.user))))
}
