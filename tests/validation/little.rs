//! Little's law (1961): L = lambda W on every queue and mailbox. Each side is reckoned from another
//! record: lengths from counters, tables and reports of size, stays from when each packet, copy
//! or message came and went.

use std::collections::{BTreeMap, VecDeque};

use posthaste::base::trace::{DropReason, MailTrace, NetTrace, Observer, Trace, TraceEvent};
use posthaste::base::{LinkDirId, SimDuration, SimTime};
use posthaste::cli::simulate::{Finished, simulate};
use posthaste::metrics::AttemptEnd;
use posthaste::scenario::Resolved;
use serde_json::{Value, json};

use super::row::Row;
use crate::common::{load_value, root};

/// Below so many seconds of waiting in a day a ratio says nothing: table figures are rounded.
const ENOUGH_S: f64 = 60.0;

pub(crate) fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("scenarios/campus-day.json")).unwrap();
    let mut scenario: Value = serde_json::from_str(&text).unwrap();
    scenario["network"]["access"]["rate"] = json!("400kbps");
    scenario["network"]["backbone"]["rate"] = json!("300kbps");
    scenario["faults"] = json!([{ "at": "10h", "for": "2h", "host": "south.edu" }]);
    scenario["expect"] = json!([]);
    let scenario = load_value(&scenario);
    let finished = simulate(&scenario, Stays::default()).unwrap();
    vec![
        row("V13", "link queues", link_queues(&scenario, &finished)),
        row("V13b", "mail queues", mail_queues(&finished)),
        row("V13c", "mailboxes", mailboxes(&finished)),
    ]
}

/// The ratio that is farthest from 1 of all.
fn row(id: &'static str, of: &str, mut ratios: Vec<f64>) -> Row {
    ratios.sort_by(|a, b| (a - 1.0).abs().total_cmp(&(b - 1.0).abs()));
    let worst = *ratios.last().expect("there is one");
    let what =
        format!("L/(lambda W) of {} {of}, a day on slow campuses with an outage: the farthest from 1", ratios.len());
    Row::within(id, what, (1.0, worst), 0.01, "Little 1961")
}

/// Since when the length of something has been what, and the integral of it in ns.
#[derive(Clone, Copy, Debug, Default)]
struct Length {
    since: SimTime,
    now: u32,
    integral: u128,
}

impl Length {
    fn set(&mut self, at: SimTime, length: u32) {
        self.integral += u128::from(self.now) * u128::from(at.since(self.since).as_nanos());
        (self.since, self.now) = (at, length);
    }
}

/// What came when, and went.
#[derive(Debug, Default)]
struct Stays {
    /// By link direction: packets that are there, and the sum of all stays.
    links: BTreeMap<LinkDirId, (VecDeque<SimTime>, u128, Vec<u32>)>,
    sizes: BTreeMap<String, Length>,
    /// By mailbox and message.
    held: BTreeMap<(String, String), SimTime>,
    kept: BTreeMap<String, u128>,
}

impl Observer for Stays {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        let at = event.at;
        match event.what {
            Trace::Net(NetTrace::Sent { link, .. }) => self.links.entry(link).or_default().0.push_back(at),
            Trace::Net(NetTrace::Dropped { link: Some(link), reason, .. }) => {
                let present = &mut self.links.entry(link).or_default().0;
                // Whoever finds no room is the newest; nobody else is lost on the line.
                assert!(matches!(reason, DropReason::QueueFull | DropReason::HostDown), "{reason:?}");
                present.pop_back();
            }
            Trace::Net(NetTrace::Arrived { link, packet }) => {
                let (present, stay, sizes) = self.links.entry(link).or_default();
                *stay += u128::from(at.since(present.pop_front().unwrap()).as_nanos());
                sizes.push(packet.bytes);
            }
            Trace::Mail(MailTrace::MailboxSize { mailbox, messages, .. }) => {
                self.sizes.entry(mailbox.to_owned()).or_default().set(at, messages);
            }
            Trace::Mail(MailTrace::Delivered { message, mailbox, .. }) => {
                assert!(self.held.insert((mailbox.to_owned(), message.to_owned()), at).is_none());
            }
            Trace::Mail(MailTrace::Deleted { message, mailbox }) => {
                let came = self.held.remove(&(mailbox.to_owned(), message.to_owned())).unwrap();
                *self.kept.entry(mailbox.to_owned()).or_default() += u128::from(at.since(came).as_nanos());
            }
            Trace::Net(_)
            | Trace::Conn { .. }
            | Trace::Dialogue { .. }
            | Trace::Dns(_)
            | Trace::Mail(_)
            | Trace::Host(_)
            | Trace::Web(_)
            | Trace::Fault(_) => {}
        }
    }
}

/// L from the link's own counter, lambda W from the trace: each packet's stay less L/R + d.
fn link_queues(scenario: &Resolved, finished: &Finished<Stays>) -> Vec<f64> {
    let end = finished.record.tables.end.since(SimTime::ZERO).as_secs_f64();
    let mut ratios = Vec::new();
    for (number, link) in (0_u32..).zip(&scenario.links) {
        for (dir, config) in (0_u32..).zip(&link.directions) {
            let Some((_, stay, sizes)) = finished.extra.links.get(&LinkDirId(2 * number + dir)) else { continue };
            let on_the_line = |bytes: &u32| {
                let service = config.rate.map_or(SimDuration::ZERO, |rate| rate.serialization_time(*bytes));
                u128::from((service + config.delay).as_nanos())
            };
            let waited = (stay - sizes.iter().map(on_the_line).sum::<u128>()) as f64 / 1e9;
            let from = &scenario.host_spec(link.ends[dir as usize]).name;
            let row = finished.record.tables.links.iter().find(|row| *row.link == *link.name && &*row.from == from);
            let length = row.unwrap().figures.mean_queue.0 as f64 / 1e6;
            if waited > ENOUGH_S {
                ratios.push(length * end / waited);
            }
        }
    }
    ratios
}

/// L from the table of queue lengths, lambda W from when each copy was accepted, and when the
/// attempt ended that passed it on.
fn mail_queues(finished: &Finished<Stays>) -> Vec<f64> {
    let tables = &finished.record.tables;
    let mut lengths: BTreeMap<&str, Length> = BTreeMap::new();
    for row in &tables.queue {
        lengths.entry(&row.server).or_default().set(row.at, row.copies);
    }
    let accepted: BTreeMap<(&str, &str), SimTime> =
        tables.messages.iter().filter_map(|row| Some(((&*row.message, &*row.to), row.accepted?))).collect();
    let mut stays: BTreeMap<&str, u128> = BTreeMap::new();
    for row in tables.attempts.iter().filter(|row| row.outcome == AttemptEnd::Completed) {
        let stay = row.ended.unwrap().since(accepted[&(&*row.message, &*row.to)]);
        *stays.entry(&row.server).or_default() += u128::from(stay.as_nanos());
    }
    assert!(lengths.values().all(|length| length.now == 0), "the queues are empty at the end");
    lengths.iter().map(|(server, length)| length.integral as f64 / stays[server] as f64).collect()
}

/// L from the sizes that servers report, lambda W from each message's delivery and deletion.
fn mailboxes(finished: &Finished<Stays>) -> Vec<f64> {
    let (end, seen) = (finished.record.tables.end, &finished.extra);
    let ratio = |(mailbox, length): (&String, &Length)| {
        let mut length = *length;
        length.set(end, 0);
        let held = seen.held.iter().filter(|((at, _), _)| at == mailbox);
        let left: u128 = held.map(|(_, came)| u128::from(end.since(*came).as_nanos())).sum();
        length.integral as f64 / (seen.kept.get(mailbox).copied().unwrap_or(0) + left) as f64
    };
    seen.sizes.iter().map(ratio).collect()
}
