//! What must be true of a message: each of its copies, or the one for a recipient.

use std::collections::BTreeSet;

use super::{Finding, any_of, duration, rows};
use crate::base::{SimDuration, SimTime};
use crate::metrics::{AttemptEnd, CopyStatus, MessageRow, Tables};
use crate::report::Found;
use crate::scenario::resolved::MessageExpect;

/// Compares what became of the message with what is expected.
pub(super) fn judge(expect: &MessageExpect, tables: &Tables) -> Finding {
    let MessageExpect { message, to, .. } = expect;
    let mine = |row: &&MessageRow| {
        row.message.eq_ignore_ascii_case(message) && to.as_ref().is_none_or(|to| row.to.eq_ignore_ascii_case(to))
    };
    let copies: Vec<&MessageRow> = tables.messages.iter().filter(mine).collect();
    let what = to.as_ref().map_or_else(|| message.clone(), |to| format!("{message} to {to}"));
    let bad = copies.iter().find(|copy| !fits(expect, copy, tables));
    let found = match (bad, copies.as_slice()) {
        (_, []) => Err(absent(message, tables)),
        (Some(copy), [_, _, ..]) => Ok(format!("to {}: {}", copy.to, story(expect, copy, tables))),
        (_, [copy]) => Ok(story(expect, copy, tables)),
        (None, [_, _, ..]) => Ok(format!("so for all {} copies", copies.len())),
    };
    let held = found.is_ok() && bad.is_none();
    Finding { what, expected: words(expect), found: found.map(Found::Text), held }
}

/// Why there is no copy to look at.
fn absent(message: &str, tables: &Tables) -> String {
    let composed = tables.messages.iter().any(|row| row.message.eq_ignore_ascii_case(message));
    if composed { "it went to others only" } else { "nobody composed it" }.to_owned()
}

fn fits(expect: &MessageExpect, copy: &MessageRow, tables: &Tables) -> bool {
    let before =
        |bound: Option<SimTime>, at: Option<SimTime>| bound.is_none_or(|bound| at.is_some_and(|at| at < bound));
    let passed = || {
        let way = way(copy, tables);
        expect.through.iter().all(|host| way.contains(&host.as_str()))
    };
    (expect.status.is_empty() || expect.status.iter().any(|status| status == copy.status.name()))
        && before(expect.delivered_before, copy.delivered)
        && before(expect.retrieved_before, copy.retrieved)
        && expect.delivered_within.is_none_or(|most| copy.latency().is_some_and(|latency| latency <= most))
        && (expect.through.is_empty() || passed())
        && expect.attempts.as_ref().is_none_or(|is| is.holds(&copy.attempts.to_string()))
}

/// The servers that passed a copy on, and those that took it from them; before it was turned into this copy too.
/// In the order of their attempts.
fn way<'t>(copy: &'t MessageRow, tables: &'t Tables) -> Vec<&'t str> {
    let mut addresses = BTreeSet::from([&*copy.to]);
    let mut origin = copy.expanded_from.as_deref();
    while let Some(address) = origin.filter(|address| addresses.insert(address)) {
        let before = tables.messages.iter().find(|row| row.message == copy.message && &*row.to == address);
        origin = before.and_then(|row| row.expanded_from.as_deref());
    }
    let hops = tables.attempts.iter().filter(|row| {
        row.message == copy.message && row.outcome == AttemptEnd::Completed && addresses.contains(&*row.to)
    });
    let mut way = Vec::new();
    for host in hops.flat_map(|row| [Some(&*row.server), row.exchange.as_deref()]).flatten() {
        if !way.contains(&host) {
            way.push(host);
        }
    }
    way
}

/// What is expected: `delivered, in the mailbox before 5min, through relay.org`.
fn words(expect: &MessageExpect) -> String {
    let since_start = |at: SimTime| duration(SimDuration::from_nanos(at.as_nanos()));
    let through = &expect.through;
    let parts = [
        (!expect.status.is_empty()).then(|| format!("is {}", any_of(&expect.status))),
        expect.delivered_before.map(|at| format!("delivered before {}", since_start(at))),
        expect.delivered_within.map(|most| format!("delivered within {}", duration(most))),
        expect.retrieved_before.map(|at| format!("retrieved before {}", since_start(at))),
        (!through.is_empty()).then(|| format!("through {}", through.join(" and "))),
        expect.attempts.as_ref().map(|is| format!("attempts {}", rows::cell_words(is))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What became of a copy, as far as it was asked.
fn story(expect: &MessageExpect, copy: &MessageRow, tables: &Tables) -> String {
    let mut parts = match (copy.status, copy.delivered) {
        (CopyStatus::Delivered, Some(at)) => vec![format!("delivered at {at} s")],
        (status, None) => vec![status.name().to_owned()],
        (status, Some(at)) => vec![status.name().to_owned(), format!("delivered at {at} s")],
    };
    parts.extend(copy.reason.as_deref().map(|reason| format!("reason {reason}")));
    if let Some(latency) = copy.latency().filter(|_| expect.delivered_within.is_some()) {
        parts.push(format!("after {latency} s"));
    }
    if expect.retrieved_before.is_some() {
        let retrieved = copy.retrieved.map(|at| format!("retrieved at {at} s"));
        parts.push(retrieved.unwrap_or_else(|| "never retrieved".to_owned()));
    }
    if !expect.through.is_empty() {
        let way = way(copy, tables);
        parts.push(if way.is_empty() {
            "passed on by nobody".to_owned()
        } else {
            format!("through {}", way.join(" and "))
        });
    }
    if expect.attempts.is_some() {
        parts.push(format!("attempts {}", copy.attempts));
    }
    parts.join(", ")
}
