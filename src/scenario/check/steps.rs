//! Sessions that are described step by step: what each step is, and whether the protocol has such a thing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Context;
use super::message::{check_line, check_text, read_body, read_extras, read_subject};
use super::reading::{Own, read_owns};
use super::work::{Shared, read_recipients};
use crate::app::user::{Draft, Files, Means, Pick, Step};
use crate::base::SimTime;
use crate::proto::mailbox::{Criteria, Mark};
use crate::scenario::agenda::{body, text};
use crate::scenario::problem::Path;
use crate::scenario::resolved::{SessionWork, Work};
use crate::scenario::schema::{self, Entry, Letter, MarkName, PickName, ProtocolName, Texts};

/// The longest name of a folder.
const MAX_FOLDER: usize = 200;

/// The means that a file names.
pub(super) const fn means(name: ProtocolName) -> Means {
    match name {
        ProtocolName::Pop3 => Means::Pop3,
        ProtocolName::Pop3Keep => Means::Pop3Keep,
        ProtocolName::Imap => Means::Imap,
        ProtocolName::Webmail => Means::Webmail,
    }
}

/// One item a user; `readings` counts for each user the entries so far.
pub(super) fn read_session(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    here: Path<'_>,
    (index, entry): (usize, &Entry),
    readings: &mut [usize],
) -> Vec<Work> {
    let Some(owns) = read_owns(cx, shared, here, entry, readings) else { return Vec::new() };
    let of_user = |user: usize| entry.protocol.map_or(shared.users[user].means, means);
    let means_used: BTreeSet<Means> = owns.iter().map(|own| of_user(own.user)).collect();
    let steps = read_steps(cx, shared, here.key("steps"), entry.steps.as_deref().unwrap_or_default(), &means_used);
    let session = |Own { user, on, schedule }| {
        let (means, steps) = (of_user(user), Arc::clone(&steps));
        Work::Session(SessionWork { entry: index, schedule, user, on, means, steps })
    };
    owns.into_iter().map(session).collect()
}

fn read_steps(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    path: Path<'_>,
    steps: &[schema::Step],
    means_used: &BTreeSet<Means>,
) -> Arc<[Step]> {
    if steps.is_empty() {
        cx.problems.help(path, "this session has no steps", "write at least one, such as { \"look\": \"INBOX\" }");
    }
    let mut read = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let here = path.index(index);
        let Some(verb) = read_verb(cx, here, step) else { continue };
        for means in means_used {
            check_protocol(cx, here, step, *means);
        }
        read.extend(read_step(cx, shared, here, step, verb));
    }
    read.into()
}

/// The one key that says what is done.
fn read_verb(cx: &mut Context<'_>, here: Path<'_>, step: &schema::Step) -> Option<&'static str> {
    let given = [
        ("look", step.look.is_some()),
        ("search", step.search.is_some()),
        ("open", step.open.is_some()),
        ("attachment", step.attachment.is_some()),
        ("reply", step.reply.is_some()),
        ("reply_all", step.reply_all.is_some()),
        ("forward", step.forward.is_some()),
        ("write", step.write.is_some()),
        ("draft", step.draft.is_some()),
        ("finish", step.finish.is_some()),
        ("file", step.file.is_some()),
        ("delete", step.delete.is_some()),
        ("mark", step.mark.is_some()),
        ("wait", step.wait.is_some()),
        ("watch", step.watch.is_some()),
    ];
    let verbs: Vec<&'static str> = given.iter().filter(|(_, given)| *given).map(|(verb, _)| *verb).collect();
    let verb = match verbs.as_slice() {
        [verb] => *verb,
        [] => {
            let known: Vec<&str> = given.iter().map(|(verb, _)| *verb).collect();
            cx.problems.help(here, "this step does nothing", format!("give one of: {}", known.join(", ")));
            return None;
        }
        [first, second, ..] => {
            let message = format!("a step does one thing, not `{first}` and `{second}`");
            cx.problems.help(here, message, "make two steps of it");
            return None;
        }
    };
    let acts_on_some = ["attachment", "reply", "reply_all", "forward", "file", "mark"].contains(&verb);
    let more = [
        ("which", step.which.is_some(), acts_on_some),
        ("text", step.text.is_some(), verb == "forward"),
        ("whole", step.whole.is_some(), verb == "forward"),
    ];
    for (key, ..) in more.into_iter().filter(|(_, given, fits)| *given && !fits) {
        cx.problems.at(here.name(key), format!("a step with `{verb}` has no `{key}`"));
    }
    Some(verb)
}

/// What a protocol does not have.
fn check_protocol(cx: &mut Context<'_>, here: Path<'_>, step: &schema::Step, means: Means) {
    let local = means.is_local();
    let elsewhere = step.look.as_ref().is_some_and(|folder| !folder.eq_ignore_ascii_case("INBOX"));
    let folders = "POP3 has no folders but the one where mail arrives (RFC 1939)";
    let webmail = means == Means::Webmail;
    let letters = [("write", &step.write), ("draft", &step.draft)];
    let bcc = letters.into_iter().find(|(_, letter)| letter.as_ref().is_some_and(|letter| letter.bcc.is_some()));
    let lacking = [
        (local && elsewhere, "look", folders),
        (local && step.file.is_some(), "file", folders),
        (local && step.mark.is_some(), "mark", "POP3 has no marks (RFC 1939)"),
        (local && step.watch.is_some(), "watch", "POP3 tells nothing by itself (RFC 1939)"),
        (webmail && step.whole == Some(true), "whole", "webmail passes a message on in its own way"),
        (webmail && bcc.is_some(), bcc.map_or("", |(key, _)| key), "the form of webmail has no `bcc`"),
    ];
    for (_, key, why) in lacking.into_iter().filter(|(lacks, ..)| *lacks) {
        cx.problems.help(here.key(key), why, "give \"protocol\": \"imap\", here or in `users`");
    }
}

fn read_step(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    here: Path<'_>,
    step: &schema::Step,
    verb: &'static str,
) -> Option<Step> {
    let which = || step.which.as_ref().map_or(Pick::Opened, pick);
    let at = here.key(verb);
    Some(match verb {
        "look" => Step::Look { folder: read_folder(cx, at, step.look.as_deref()?), new: false },
        "search" => Step::Search(read_criteria(cx, at, step.search.as_ref()?)),
        "open" => Step::Open(pick(step.open.as_ref()?)),
        "attachment" => {
            let number = step.attachment?;
            Step::Attachment(which(), if number == 0 { Files::All } else { Files::Nth(number) })
        }
        "reply" => Step::Reply { which: which(), all: false, text: read_lines(cx, at, step.reply.as_ref()?) },
        "reply_all" => Step::Reply { which: which(), all: true, text: read_lines(cx, at, step.reply_all.as_ref()?) },
        "forward" => {
            let to = read_recipients(cx, shared, (at, None), step.forward.as_ref()?, &mut BTreeSet::new());
            let text = step.text.as_ref().map(|text| read_lines(cx, here.key("text"), text));
            Step::Forward { which: which(), to, text: text.unwrap_or_default(), whole: step.whole == Some(true) }
        }
        "write" => Step::Write(Box::new(read_letter(cx, shared, at, (step.write.as_ref()?, true)))),
        "draft" => Step::Save(Box::new(read_letter(cx, shared, at, (step.draft.as_ref()?, false)))),
        "finish" => Step::Finish(read_lines(cx, at, step.finish.as_ref()?)),
        "file" => Step::File(which(), read_folder(cx, at, step.file.as_deref()?)),
        "delete" => Step::Delete(pick(step.delete.as_ref()?)),
        "mark" => {
            let (mark, on) = match step.mark? {
                MarkName::Read => (Mark::Seen, true),
                MarkName::Unread => (Mark::Seen, false),
                MarkName::Flagged => (Mark::Flagged, true),
                MarkName::Unflagged => (Mark::Flagged, false),
            };
            Step::Mark(which(), mark, on)
        }
        "wait" => Step::Wait(cx.duration(at, step.wait)),
        _ => Step::Watch(cx.positive(at, step.watch)),
    })
}

fn pick(pick: &schema::Pick) -> Pick {
    match pick {
        schema::Pick::Named(PickName::Opened) => Pick::Opened,
        schema::Pick::Named(PickName::Newest) => Pick::Newest,
        schema::Pick::Named(PickName::Oldest) => Pick::Oldest,
        schema::Pick::Named(PickName::Unread) => Pick::Unread,
        schema::Pick::Named(PickName::All) => Pick::All,
        schema::Pick::Where(found) => Pick::Where { from: found.from.clone(), subject: found.subject.clone() },
    }
}

/// A folder's name.
pub(super) fn read_folder(cx: &mut Context<'_>, path: Path<'_>, name: &str) -> String {
    check_line(cx, path, name, MAX_FOLDER);
    // RFC 3501 5.1: the wildcards of LIST are no good in names; an empty level is none.
    if name.is_empty() || name.contains(['*', '%', '"', '\\']) || name.split('/').any(|level| level.trim().is_empty()) {
        cx.problems.help(path, "this is no name of a folder", "write it like \"Archive\" or \"work/2026\"");
    }
    if name.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { name.to_owned() }
}

fn read_criteria(cx: &mut Context<'_>, path: Path<'_>, given: &schema::Criteria) -> Criteria {
    for (key, text) in [("from", &given.from), ("subject", &given.subject), ("text", &given.text)] {
        if let Some(text) = text {
            check_line(cx, path.key(key), text, MAX_FOLDER);
        }
    }
    if *given == schema::Criteria::default() {
        cx.problems.help(path, "this search looks for nothing", "give one of: from, subject, text, unread");
    }
    Criteria {
        from: given.from.clone(),
        subject: given.subject.clone(),
        text: given.text.clone(),
        unseen: given.unread == Some(true),
    }
}

fn read_lines(cx: &mut Context<'_>, path: Path<'_>, text: &Texts) -> Arc<[String]> {
    check_text(cx, path, Some(text), None);
    text.items.as_slice().into()
}

fn read_letter(cx: &mut Context<'_>, shared: &Shared<'_>, here: Path<'_>, (letter, sent): (&Letter, bool)) -> Draft {
    let entry = Entry {
        subject: letter.subject.clone(),
        body: letter.body.clone(),
        body_bytes: letter.body_bytes,
        attachments: letter.attachments.clone(),
        encoding: letter.encoding,
        ..Entry::default()
    };
    let mut seen = BTreeSet::new();
    let mut people = |cx: &mut Context<'_>, key, texts: &Option<Texts>| {
        let place = (here.key(key), Some(letter.allow_unknown == Some(true)));
        texts.as_ref().map_or_else(|| Arc::from([]), |texts| read_recipients(cx, shared, place, texts, &mut seen))
    };
    let to = people(cx, "to", &letter.to);
    let (cc, bcc) = (people(cx, "cc", &letter.cc), people(cx, "bcc", &letter.bcc));
    if sent && letter.to.is_none() {
        cx.problems.at(here, "a message that is sent needs `to`");
    }
    Draft {
        at: SimTime::ZERO,
        every: None,
        times: 1,
        to,
        subject: text(&read_subject(cx, here, &entry)),
        body: body(&read_body(cx, shared.limits, here, &entry)),
        extras: read_extras(cx, shared.limits, here, &entry, (cc, bcc)),
        nth: 0,
    }
}
