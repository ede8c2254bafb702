//! The ladder of look-ups, read from the table `dns_queries`.
//!
//! Every question and every response is a message. Which question was asked on whose behalf is in
//! the table, so at one instant what follows from something stands beneath it. A question says when it
//! repeats one to the same server, or goes there over TCP because the response was cut off. Strokes lean where the table
//! tells when the server took a question up and when it answered; else they are level.

use std::collections::{BTreeMap, BTreeSet};

use super::LadderError;
use super::picture::{Draft, Look, Message, shown};
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::{DnsOutcome, DnsRow};

/// What a host wanted to know: its question with all repetitions.
pub(in crate::report) struct LookUp<'a> {
    pub(in crate::report) questions: Vec<&'a DnsRow>,
}

impl LookUp<'_> {
    /// From its first question until the last was over; none if it is not.
    pub(in crate::report) fn took(&self) -> Option<SimDuration> {
        let (first, last) = self.questions.first().zip(self.questions.last())?;
        let end = last.asked.saturating_add(last.latency?);
        Some(SimDuration::from_nanos(end.as_nanos().saturating_sub(first.asked.as_nanos())))
    }
}

/// The steps of the look-ups that are chosen among these rows, and a title for them.
///
/// # Errors
/// There is no look-up with that number, or none for that name.
pub(super) fn look_ups(
    rows: &[DnsRow],
    hosts: &[String],
    query: Option<&str>,
) -> Result<(Vec<Draft>, String), LadderError> {
    let behalf = Behalf::new(rows);
    let chosen = choose(all_look_ups(rows), &behalf, hosts, query)?;
    Ok((drafts_of(&chosen, &behalf), title(&chosen)))
}

/// The look-ups whose first question is one that `wanted` picks: that question, and the steps.
pub(super) fn look_ups_where(rows: &[DnsRow], wanted: impl Fn(&DnsRow) -> bool) -> Vec<(&DnsRow, Vec<Draft>)> {
    let behalf = Behalf::new(rows);
    let all = all_look_ups(rows).into_iter();
    let chosen = all.filter_map(|look_up| Some((*look_up.questions.first()?, look_up)));
    chosen.filter(|(first, _)| wanted(first)).map(|(first, one)| (first, drafts_of(&[one], &behalf))).collect()
}

fn drafts_of<'a>(chosen: &[LookUp<'a>], behalf: &Behalf<'a>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for look_up in chosen {
        let mut before = Before::new();
        for question in &look_up.questions {
            tell(question, behalf, &mut before, &mut drafts);
        }
    }
    drafts
}

fn title(chosen: &[LookUp<'_>]) -> String {
    match chosen {
        [only] => only.questions.first().map_or_else(String::new, |first| {
            format!("Look-up of {} {} by {}", shown(&first.name), shown(&first.rtype), shown(&first.from))
        }),
        all => format!("{} look-ups", all.len()),
    }
}

/// The rows by the question on whose behalf they were asked.
pub(in crate::report) struct Behalf<'a> {
    children: BTreeMap<&'a str, Vec<&'a DnsRow>>,
}

impl<'a> Behalf<'a> {
    pub(in crate::report) fn new(rows: &'a [DnsRow]) -> Self {
        let mut children: BTreeMap<&str, Vec<&DnsRow>> = BTreeMap::new();
        for row in rows {
            if let Some(parent) = &row.for_query {
                children.entry(parent).or_default().push(row);
            }
        }
        Self { children }
    }

    fn of(&self, row: &DnsRow) -> &[&'a DnsRow] {
        self.children.get(&*row.query).map_or(&[], Vec::as_slice)
    }

    /// A row with all that was asked because of it, depth first, with the depth of each. A table
    /// in which somebody asks on his own behalf ends there.
    pub(in crate::report) fn tree(&self, row: &'a DnsRow) -> Vec<(usize, &'a DnsRow)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let mut work = vec![(0, row)];
        while let Some((depth, row)) = work.pop() {
            if seen.insert(&row.query) {
                found.push((depth, row));
                work.extend(self.of(row).iter().rev().map(|child| (depth + 1, *child)));
            }
        }
        found
    }
}

/// What a question that is asked again repeats: who asked what, when that was over, and which try it was.
type Over<'a> = (&'a str, &'a str, &'a str, SimTime, u32);

/// The questions that nobody asked on another's behalf, repetitions together.
///
/// A host may make several look-ups of one name at a time. A question repeats the one whose try came before
/// and that was over at that very instant, best of the same server; each is repeated once.
pub(in crate::report) fn all_look_ups(rows: &[DnsRow]) -> Vec<LookUp<'_>> {
    let mut look_ups: Vec<LookUp<'_>> = Vec::new();
    let mut over: BTreeMap<Over<'_>, Vec<usize>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.for_query.is_none()) {
        let key = |at, retry| (&*row.from, &*row.name, &*row.rtype, at, retry);
        let earlier = row.retry.checked_sub(1).and_then(|before| over.get_mut(&key(row.asked, before)));
        let place = match earlier.and_then(|waiting| repeated(&look_ups, waiting, row)) {
            Some(place) => place,
            None => {
                look_ups.push(LookUp { questions: Vec::new() });
                look_ups.len() - 1
            }
        };
        look_ups[place].questions.push(row);
        if let Some(latency) = row.latency {
            over.entry(key(row.asked.saturating_add(latency), row.retry)).or_default().push(place);
        }
    }
    look_ups
}

/// Takes the look-up that a question goes on with from those that are `waiting` for one.
fn repeated(look_ups: &[LookUp<'_>], waiting: &mut Vec<usize>, row: &DnsRow) -> Option<usize> {
    let same = |place: &usize| look_ups[*place].questions.last().is_some_and(|last| last.to == row.to);
    let at = waiting.iter().position(same).unwrap_or(0);
    (at < waiting.len()).then(|| waiting.remove(at))
}

pub(in crate::report) fn choose<'a>(
    mut look_ups: Vec<LookUp<'a>>,
    behalf: &Behalf<'a>,
    hosts: &[String],
    query: Option<&str>,
) -> Result<Vec<LookUp<'a>>, LadderError> {
    if !hosts.is_empty() {
        let there = |row: &DnsRow| hosts.iter().any(|host| *row.from == **host || *row.to == **host);
        look_ups
            .retain(|look_up| look_up.questions.iter().any(|row| behalf.tree(row).iter().any(|(_, row)| there(row))));
    }
    match query.map(|query| (query, query.parse::<usize>())) {
        None => return Ok(look_ups),
        Some((_, Ok(number))) => {
            let count = look_ups.len();
            let index = number.checked_sub(1).filter(|index| *index < count).ok_or(LadderError::NoNumber(count))?;
            look_ups = vec![look_ups.swap_remove(index)];
        }
        Some((text, Err(_))) => {
            let name = text.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(text);
            look_ups.retain(|look_up| {
                look_up.questions.iter().any(|row| row.name.eq_ignore_ascii_case(name) || *row.query == *text)
            });
        }
    }
    if look_ups.is_empty() { Err(LadderError::NoMatch) } else { Ok(look_ups) }
}

/// How the last question went that the same host, on the same behalf, asked the same server.
type Before<'a> = BTreeMap<[&'a str; 5], DnsOutcome>;

/// A question, what was asked because of it, and how it ended.
fn tell<'a>(row: &'a DnsRow, behalf: &Behalf<'a>, before: &mut Before<'a>, drafts: &mut Vec<Draft>) {
    let mut open: Vec<(usize, &DnsRow)> = Vec::new();
    for (depth, row) in behalf.tree(row) {
        while let Some((above, ended)) = open.pop_if(|(above, _)| *above >= depth) {
            drafts.extend(end(ended, above));
        }
        let has_answer = match row.outcome {
            DnsOutcome::Timeout | DnsOutcome::Unreachable | DnsOutcome::Open => !behalf.of(row).is_empty(),
            DnsOutcome::Answer
            | DnsOutcome::Alias
            | DnsOutcome::Referral
            | DnsOutcome::NxDomain
            | DnsOutcome::NoData
            | DnsOutcome::Failure
            | DnsOutcome::Truncated => true,
        };
        let look = if has_answer || row.heard.is_some() { Look::Request } else { Look::Vain };
        let asked: [&str; 5] = [&row.from, row.for_query.as_deref().unwrap_or(""), &row.to, &row.name, &row.rtype];
        let again = match before.insert(asked, row.outcome) {
            Some(DnsOutcome::Truncated) => ", over TCP",
            Some(_) if row.retry > 0 => ", again",
            Some(_) | None => "",
        };
        let label = format!("{} {}?{again}", shown(&row.name), shown(&row.rtype));
        let arrives = row.heard.filter(|heard| *heard >= row.asked);
        let message = Message { label, look, numbered: true, arrives, ..Message::default() };
        let mut draft = Draft::message(row.asked, (&row.from, &row.to), message);
        (draft.step.depth, draft.step.begins) = (depth, depth == 0);
        drafts.push(draft);
        open.push((depth, row));
    }
    while let Some((depth, row)) = open.pop() {
        drafts.extend(end(row, depth));
    }
}

/// How a question ended, if it did.
fn end(row: &DnsRow, depth: usize) -> Vec<Draft> {
    let over = row.latency.map(|latency| row.asked.saturating_add(latency));
    let replied = row.replied.filter(|replied| *replied >= row.asked && over.is_none_or(|over| *replied <= over));
    match row.outcome {
        DnsOutcome::Answer
        | DnsOutcome::Alias
        | DnsOutcome::Referral
        | DnsOutcome::NxDomain
        | DnsOutcome::NoData
        | DnsOutcome::Failure
        | DnsOutcome::Truncated => over.map(|over| answer(row, depth, (replied, over))).into_iter().collect(),
        DnsOutcome::Timeout => {
            let lost = replied.map(|replied| {
                let label = "response, not there in time".to_owned();
                let message = Message { label, look: Look::Vain, numbered: true, ..Message::default() };
                response(row, depth, replied, message)
            });
            lost.into_iter().chain(over.map(|over| note(row, over, depth, "no answer in time"))).collect()
        }
        DnsOutcome::Unreachable => over.map(|over| note(row, over, depth, "not reached")).into_iter().collect(),
        DnsOutcome::Open => Vec::new(),
    }
}

/// The response to a question: when it was sent, if that is known, and when it came.
fn answer(row: &DnsRow, depth: usize, (replied, came): (Option<SimTime>, SimTime)) -> Draft {
    let records = match row.answers.unwrap_or(0) {
        1 => "1 record".to_owned(),
        count => format!("{count} records"),
    };
    let rcode = row.rcode.as_deref().map_or_else(|| "failure".to_owned(), shown);
    let (label, look) = match row.outcome {
        DnsOutcome::Answer => (records, Look::Response),
        DnsOutcome::Alias => (format!("alias, {records}"), Look::Response),
        DnsOutcome::Referral => ("referral".to_owned(), Look::Response),
        DnsOutcome::NxDomain => ("no such name".to_owned(), Look::Response),
        DnsOutcome::NoData => ("no such record".to_owned(), Look::Response),
        // such as a lame server's referral: no error, and of no use
        DnsOutcome::Failure if rcode == "NOERROR" => ("no answer".to_owned(), Look::Failure),
        DnsOutcome::Failure => (rcode, Look::Failure),
        DnsOutcome::Truncated => ("cut off: ask over TCP".to_owned(), Look::Failure),
        DnsOutcome::Timeout | DnsOutcome::Unreachable | DnsOutcome::Open => ("no answer".to_owned(), Look::Vain),
    };
    let label = match row.cache.as_deref() {
        Some("hit" | "negative_hit") => format!("{label}, cached"),
        Some("stale") => format!("{label}, stale"),
        Some(_) | None => label,
    };
    let message = Message { label, look, numbered: true, arrives: replied.map(|_| came), ..Message::default() };
    response(row, depth, replied.unwrap_or(came), message)
}

fn response(row: &DnsRow, depth: usize, at: SimTime, message: Message) -> Draft {
    let mut draft = Draft::message(at, (&row.to, &row.from), message);
    draft.step.depth = depth;
    draft
}

fn note(row: &DnsRow, at: SimTime, depth: usize, text: &str) -> Draft {
    let mut draft = Draft::note(at, &row.from, text.to_owned(), true);
    draft.step.depth = depth;
    draft
}
