//! The ladder of look-ups, read from the table `dns_queries`.
//!
//! Every question and every response is a message. Which question was asked on whose behalf is in
//! the table, so at one instant what follows from something stands beneath it. A question says when it
//! repeats one to the same server, or goes there over TCP because the response was cut off.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::{Ladder, Look, Step, What};
use crate::base::nearest;
use crate::metrics::{DnsOutcome, DnsRow};
use crate::report::values::escape;

/// Messages in one picture.
const LIMIT: usize = 400;

/// Which look-ups a ladder shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LadderChoice {
    /// Only those in which this host takes part.
    pub host: Option<String>,
    /// Of these only the N-th, from 1, or those for a name, or the one with that question.
    pub query: Option<String>,
}

/// Why there is no ladder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LadderError {
    /// The run has no such look-up.
    #[error("no look-up matches")]
    NoMatch,
    /// No look-up has to do with that host; with a hint at the nearest that one has to do with.
    #[error("no look-up has to do with a host of that name{0}")]
    NoHost(String),
    /// There is no look-up with that number.
    #[error("there are {0} look-ups that match, counted from 1")]
    NoNumber(usize),
}

/// What a host wanted to know: its question with all repetitions.
pub(in crate::report) struct LookUp<'a> {
    pub(in crate::report) questions: Vec<&'a DnsRow>,
}

/// The ladder of the look-ups among these rows.
///
/// # Errors
/// See [`LadderError`].
pub fn dns_ladder(rows: &[DnsRow], choice: &LadderChoice) -> Result<Ladder, LadderError> {
    let behalf = Behalf::new(rows);
    let chosen = choose(look_ups(rows), &behalf, choice)?;
    let mut steps: Vec<(Step, [&str; 2])> = Vec::new();
    for look_up in &chosen {
        let mut before = Before::new();
        for question in &look_up.questions {
            tell(question, &behalf, &mut before, &mut steps);
        }
    }
    // a stable sort: at one instant what follows from something stands beneath it
    steps.sort_by_key(|(step, _)| step.at);
    let is_message = |step: &Step| matches!(step.what, What::Message { .. });
    let messages: Vec<usize> = (0..steps.len()).filter(|at| is_message(&steps[*at].0)).collect();
    let left_out = messages.len().saturating_sub(LIMIT);
    if let Some(first_out) = messages.get(LIMIT) {
        steps.truncate(*first_out);
    }
    let mut lifelines: Vec<&str> = Vec::new();
    let mut drawn = Vec::new();
    for (mut step, ends) in steps {
        let places = ends.map(|host| {
            lifelines.iter().position(|known| *known == host).unwrap_or_else(|| {
                lifelines.push(host);
                lifelines.len() - 1
            })
        });
        match &mut step.what {
            What::Message { from, to, .. } => [*from, *to] = places,
            What::Note { beside, .. } => *beside = places[0],
        }
        drawn.push(step);
    }
    let lifelines = lifelines.into_iter().map(shown).collect();
    Ok(Ladder { title: title(&chosen), lifelines, steps: drawn, left_out })
}

fn shown(text: &str) -> String {
    escape(text.as_bytes())
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

    pub(in crate::report) fn of(&self, row: &DnsRow) -> &[&'a DnsRow] {
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

/// The questions that nobody asked on another's behalf, repetitions together.
pub(in crate::report) fn look_ups(rows: &[DnsRow]) -> Vec<LookUp<'_>> {
    let mut look_ups: Vec<LookUp<'_>> = Vec::new();
    let mut last: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.for_query.is_none()) {
        let what = (&*row.from, &*row.name, &*row.rtype);
        match last.get(&what).filter(|_| row.retry > 0) {
            Some(at) => look_ups[*at].questions.push(row),
            None => {
                last.insert(what, look_ups.len());
                look_ups.push(LookUp { questions: vec![row] });
            }
        }
    }
    look_ups
}

pub(in crate::report) fn choose<'a>(
    mut look_ups: Vec<LookUp<'a>>,
    behalf: &Behalf<'a>,
    choice: &LadderChoice,
) -> Result<Vec<LookUp<'a>>, LadderError> {
    if let Some(host) = &choice.host {
        let there = |row: &DnsRow| *row.from == **host || *row.to == **host;
        let (with, without): (Vec<_>, Vec<_>) = look_ups.into_iter().partition(|look_up| {
            look_up.questions.iter().any(|row| behalf.tree(row).iter().any(|(_, row)| there(row)))
        });
        if with.is_empty() {
            let rows = without.iter().flat_map(|look_up| &look_up.questions).flat_map(|row| behalf.tree(row));
            let known: BTreeSet<&str> = rows.flat_map(|(_, row)| [&*row.from, &*row.to]).collect();
            if known.is_empty() {
                return Err(LadderError::NoMatch);
            }
            let near = nearest(host, known.into_iter());
            return Err(LadderError::NoHost(
                near.map_or_else(String::new, |near| format!("; did you mean {}?", shown(near))),
            ));
        }
        look_ups = with;
    }
    match choice.query.as_deref().map(|query| (query, query.parse::<usize>())) {
        None => {}
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
fn tell<'a>(row: &'a DnsRow, behalf: &Behalf<'a>, before: &mut Before<'a>, steps: &mut Vec<(Step, [&'a str; 2])>) {
    let mut open: Vec<(usize, &DnsRow)> = Vec::new();
    for (depth, row) in behalf.tree(row) {
        while let Some((above, ended)) = open.pop_if(|(above, _)| *above >= depth) {
            steps.extend(end(ended, above));
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
        let look = if has_answer { Look::Request } else { Look::Vain };
        let asked: [&str; 5] = [&row.from, row.for_query.as_deref().unwrap_or(""), &row.to, &row.name, &row.rtype];
        let again = match before.insert(asked, row.outcome) {
            Some(DnsOutcome::Truncated) => ", over TCP",
            Some(_) if row.retry > 0 => ", again",
            Some(_) | None => "",
        };
        let label = format!("{} {}?{again}", shown(&row.name), shown(&row.rtype));
        let what = What::Message { from: 0, to: 0, label, look };
        steps.push((Step { at: row.asked, what, depth }, [&row.from, &row.to]));
        open.push((depth, row));
    }
    while let Some((depth, row)) = open.pop() {
        steps.extend(end(row, depth));
    }
}

/// How a question ended, if it did.
fn end(row: &DnsRow, depth: usize) -> Option<(Step, [&str; 2])> {
    let at = row.asked.saturating_add(row.latency?);
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
        DnsOutcome::Timeout => return Some(note(row, at, depth, "no answer in time")),
        DnsOutcome::Unreachable => return Some(note(row, at, depth, "not reached")),
        DnsOutcome::Open => return None,
    };
    let label = match row.cache.as_deref() {
        Some("hit" | "negative_hit") => format!("{label}, cached"),
        Some("stale") => format!("{label}, stale"),
        Some(_) | None => label,
    };
    let what = What::Message { from: 0, to: 0, label, look };
    Some((Step { at, what, depth }, [&row.to, &row.from]))
}

fn note<'a>(row: &'a DnsRow, at: crate::base::time::SimTime, depth: usize, text: &str) -> (Step, [&'a str; 2]) {
    (Step { at, what: What::Note { beside: 0, text: text.to_owned() }, depth }, [&row.from, &row.from])
}
