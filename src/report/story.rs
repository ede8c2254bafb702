//! The life of a message in sentences, copy by copy: when it was where, what was tried, why that
//! failed and what came next, with the section of the standard that asks for it.
//!
//! All is read from the tables, so the story of a run can be told from its folder. What a table
//! does not hold, such as each phase's begin, is told as sums.

use std::fmt::Write as _;

use super::summary::human;
use super::values::escape;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{MessageKind, Phase};
use crate::metrics::{AttemptEnd, AttemptRow, CopyStatus, DuplicateCause, MessageRow, Tables};

/// The stories of all copies of a message, or of the one for an address; none if there is no such
/// copy. The Message-ID may stand without its angle brackets.
#[must_use]
pub fn story(tables: &Tables, message: &str, to: Option<&str>) -> Option<String> {
    let bare = |id: &str| id.trim_matches(['<', '>']).to_owned();
    let wanted = bare(message);
    let ours = |row: &&MessageRow| bare(&row.message) == wanted && to.is_none_or(|to| row.to.eq_ignore_ascii_case(to));
    let rows: Vec<&MessageRow> = tables.messages.iter().filter(ours).collect();
    if rows.is_empty() {
        return None;
    }
    let stories: Vec<String> = rows.iter().map(|row| of_copy(tables, row)).collect();
    Some(stories.join("\n"))
}

fn of_copy(tables: &Tables, row: &MessageRow) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} for {}: {}", text(&row.message), text(&row.to), fate(row));
    let mut steps = beginning(row);
    attempts(tables, row, &mut steps);
    replies(tables, row, &mut steps);
    ending(tables, row, &mut steps);
    steps.sort_by_key(|(at, ..)| *at);
    for (at, what) in steps {
        let since = human(at.since(row.composed).as_secs_f64());
        let _ = writeln!(out, "  {at} s  (+{since})  {what}");
    }
    let spent = Phase::ALL.iter().zip(&row.phases).filter(|(_, spent)| **spent > SimDuration::ZERO);
    let spent: Vec<String> = spent
        .map(|(phase, spent)| format!("{} {}", phase.name().replace('_', " "), human(spent.as_secs_f64())))
        .collect();
    if !spent.is_empty() {
        let _ = writeln!(out, "  its time: {}", spent.join(", "));
    }
    out
}

/// Texts of a run may hold anything.
fn text(text: &str) -> String {
    escape(text.as_bytes())
}

fn fate(row: &MessageRow) -> &'static str {
    match row.status {
        CopyStatus::Delivered if row.retrieved.is_some() => "delivered and fetched",
        CopyStatus::Delivered => "delivered",
        CopyStatus::Bounced => "given up, and its sender told",
        CopyStatus::Dropped => "given up, and nobody told",
        CopyStatus::Queued => "still in a server's queue when the run ended",
        CopyStatus::Refused => "never taken by a server",
        CopyStatus::Outbox => "still in its sender's outbox when the run ended",
        CopyStatus::Expanded => "turned into copies for others",
        CopyStatus::Discarded => "thrown away by a stated policy",
    }
}

/// A step of a life: when, and what.
type Step = (SimTime, String);

fn beginning(row: &MessageRow) -> Vec<Step> {
    let from = if row.from.is_empty() { "<>".to_owned() } else { text(&row.from) };
    let about = row.about.as_deref().map_or_else(String::new, |about| format!(" about {}", text(about)));
    let what = match row.kind {
        MessageKind::User => format!("{from} composed it, {} octets", row.bytes),
        MessageKind::Bounce => format!("a server wrote it to report a failure{about} (RFC 3464)"),
        MessageKind::Delay => format!("a server wrote it to warn of a delay{about} (RFC 3464)"),
        MessageKind::Success => format!("a server wrote it to report a success{about} (RFC 3461)"),
        MessageKind::Vacation => format!("a server wrote it for a user who is away{about} (RFC 3834)"),
    };
    let mut steps = vec![(row.composed, what)];
    if let (Some(by), Some(from)) = (row.expanded_by, &row.expanded_from) {
        let what = format!("the message is for {} by the {} {} (RFC 5321 3.9)", text(&row.to), by.name(), text(from));
        steps.push((row.composed, what));
    }
    if let Some(at) = row.accepted {
        steps.push((at, "the first server took it, and answers for it from here on (RFC 5321 6.1)".to_owned()));
    }
    steps
}

fn attempts(tables: &Tables, row: &MessageRow, steps: &mut Vec<Step>) {
    for attempt in tables.attempts.iter().filter(|one| one.message == row.message && one.to == row.to) {
        let where_to = attempt.exchange.as_deref().map_or_else(String::new, |host| format!(" at {}", text(host)));
        let over = attempt.connection.as_deref().map_or_else(String::new, |conn| format!(", over {}", text(conn)));
        let begins = format!("attempt {} of {}{where_to}{over}", attempt.attempt, text(&attempt.server));
        let Some(ended) = attempt.ended else {
            steps.push((attempt.started, format!("{begins}: under way when the run ended")));
            continue;
        };
        let took = human(ended.since(attempt.started).as_secs_f64());
        steps.push((attempt.started, format!("{begins}, {took}: {}", outcome(attempt, ended))));
    }
}

fn outcome(attempt: &AttemptRow, ended: SimTime) -> String {
    let why = || {
        let said = attempt.text.as_deref().map_or_else(String::new, text);
        match attempt.reply_code {
            Some(code) => format!("{code} {said}"),
            None if said.is_empty() => attempt.reason.as_deref().unwrap_or("for no stated reason").replace('_', " "),
            None => said,
        }
    };
    match attempt.outcome {
        AttemptEnd::Completed => "taken".to_owned(),
        AttemptEnd::Failed => format!("failed for good: {} ({})", why(), section(attempt)),
        AttemptEnd::Expiring => {
            let end = attempt.next.map_or_else(String::new, |end| format!(" at {end} s"));
            format!("put off: {} ({}); no further attempt before it expires{end}", why(), section(attempt))
        }
        AttemptEnd::Deferred => {
            let next = attempt.next.map_or_else(
                || "the next attempt as soon as the server works again".to_owned(),
                |next| format!("the next attempt {} later, at {next} s", human(next.since(ended).as_secs_f64())),
            );
            format!("put off: {} ({}); {next}", why(), section(attempt))
        }
        AttemptEnd::Open => "under way".to_owned(),
    }
}

/// The section that says what follows from a trouble.
fn section(attempt: &AttemptRow) -> &'static str {
    match (attempt.reason.as_deref(), attempt.reply_code) {
        (Some("reply"), Some(code)) if code / 100 == 4 => "RFC 5321 4.2.1: a 4yz asks to come again",
        (Some("reply"), Some(_)) => "RFC 5321 4.2.1: a 5yz is for good",
        (Some("no_such_domain" | "no_mail_server"), _) => "RFC 5321 5.1, RFC 7505",
        (Some("loop"), _) => "RFC 5321 6.3",
        (Some(_) | None, _) => "RFC 5321 4.5.4.1",
    }
}

fn replies(tables: &Tables, row: &MessageRow, steps: &mut Vec<Step>) {
    let lost = tables.lost_replies.iter().filter(|one| one.message == row.message && one.to == row.to);
    for reply in lost {
        let (server, client) = (text(&reply.server), text(&reply.client));
        let after = human(reply.noticed.since(reply.accepted).as_secs_f64());
        let what = format!(
            "{server} took it over {}, but {client} did not hear the reply and went on without it {after} later \
             (RFC 5321 6.1, RFC 1047)",
            text(&reply.connection)
        );
        steps.push((reply.accepted, what));
    }
    for again in tables.duplicates.iter().filter(|one| one.message == row.message && one.to == row.to) {
        let why = match again.cause {
            DuplicateCause::LostReply => "a reply was lost",
            DuplicateCause::TwoWays => "two ways led there",
            DuplicateCause::SentAgain => "it was sent again from outside",
            DuplicateCause::Unexplained => "nobody knows why: the simulator is wrong",
        };
        steps.push((again.again, format!("{} stored it again: {why}", text(&again.server))));
    }
}

fn ending(tables: &Tables, row: &MessageRow, steps: &mut Vec<Step>) {
    if let Some(at) = row.delivered {
        steps.push((at, "it was stored in the mailbox".to_owned()));
    }
    if let Some(at) = row.retrieved {
        steps.push((at, "its reader fetched it".to_owned()));
        return;
    }
    let Some(at) = row.ended else { return };
    let reason = row.reason.as_deref().unwrap_or("policy").replace('_', " ");
    let code = row.reply_code.map_or_else(String::new, |code| format!(" {code}"));
    let told = tables.messages.iter().find(|other| {
        other.is_bounce() && other.about.as_ref() == Some(&row.message) && other.composed == at && other.to == row.from
    });
    let told = told.map_or_else(String::new, |bounce| format!("; {} tells the sender", text(&bounce.message)));
    let what = match row.status {
        CopyStatus::Bounced | CopyStatus::Dropped => format!("given up: {reason}{code} (RFC 5321 4.5.4.1, 6.1){told}"),
        CopyStatus::Refused => format!("the user agent gave up: {reason}{code}"),
        CopyStatus::Expanded => "it was turned into copies for others (RFC 5321 3.9)".to_owned(),
        CopyStatus::Discarded => "the server threw it away, as its policy says".to_owned(),
        CopyStatus::Delivered | CopyStatus::Queued | CopyStatus::Outbox => return,
    };
    steps.push((at, what));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    /// Breaks when a step of a life is lost, out of order, or without its cause.
    #[test]
    fn a_life_is_told_in_order() {
        let tables = sample().tables;
        let told = story(&tables, "2@crepes.fr", None).unwrap();
        let parts = [
            "<2@crepes.fr> for nobody@hamburger.edu: given up, and its sender told",
            "alice@crepes.fr composed it",
            "(+1 s)  the first server took it",
            "attempt 1 of crepes.fr at hamburger.edu, 1 s: put off: no answer, \"really\" (RFC 5321 4.5.4.1); the next attempt 8 s later",
            "failed for good: 550 no such user (RFC 5321 4.2.1: a 5yz is for good)",
            "given up: reply 550 (RFC 5321 4.5.4.1, 6.1); <3@crepes.fr> tells the sender",
            "its time: ",
        ];
        let places: Vec<usize> =
            parts.iter().map(|part| told.find(part).unwrap_or_else(|| panic!("{part}\n{told}"))).collect();
        assert!(places.is_sorted(), "{told}");
        assert!(story(&tables, "<2@crepes.fr>", Some("bob@hamburger.edu")).is_none());
        let bounce = story(&tables, "<3@crepes.fr>", None).unwrap();
        assert!(bounce.contains("to report a failure about <2@crepes.fr>") && bounce.contains("stored"), "{bounce}");
    }
}
