//! Why something did not go through: faults of the scenario, packets that were lost, names that could not
//! be looked up, rules of conduct, mailboxes without room.
//!
//! A cause is what the trace holds responsible: the fault for which a packet was dropped, the question that was asked for
//! the copy. A fault that only was in force at the same time is told as that, and not as a cause; where the run could
//! not be made again, no more than that is known.

use std::collections::BTreeMap;

use super::blame::Blame;
use super::notes::Loss;
use super::{Sources, count, listed, plain, span, words};
use crate::base::time::SimTime;
use crate::base::trace::DropReason;
use crate::metrics::{DnsOutcome, DnsRow, FaultKind, FaultRow};
use crate::report::ladder::dns::Behalf;

/// What takes part in something that went wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    /// The hosts.
    pub(super) hosts: &'a [&'a str],
    /// The port that matters, if one does.
    pub(super) port: Option<u16>,
    /// From when to when.
    pub(super) from: SimTime,
    pub(super) to: SimTime,
}

/// Causes, the nearest first, and what is only known to have been so at that time.
#[derive(Clone, Debug, Default)]
pub(super) struct Why {
    pub(super) because: Vec<String>,
    pub(super) besides: Vec<String>,
}

/// The faults for which these were lost, that of most of them first.
pub(super) fn blamed<'a>(sources: &Sources<'_>, losses: impl Iterator<Item = &'a Loss>) -> Vec<String> {
    let mut counts: BTreeMap<&Blame, usize> = BTreeMap::new();
    losses.filter_map(|loss| loss.blame.as_ref()).for_each(|blame| *counts.entry(blame).or_default() += 1);
    let mut blames: Vec<(&Blame, usize)> = counts.into_iter().collect();
    blames.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    blames.into_iter().filter_map(|(blame, _)| blame.sentence(sources)).collect()
}

/// What was so at that time: the faults in force of which no event tells whether they mattered.
pub(super) fn meanwhile(sources: &Sources<'_>, scene: &Scene<'_>, because: &[String]) -> Vec<String> {
    let faults = faults(sources, scene).into_iter().filter(|fault| !because.contains(fault));
    faults.map(|fault| format!("at that time {fault}")).collect()
}

/// The faults that were in force there and then, without those of which the trace tells what they did.
fn faults(sources: &Sources<'_>, scene: &Scene<'_>) -> Vec<String> {
    let there = |fault: &&FaultRow| {
        let host = || fault.host.as_deref().is_some_and(|host| scene.hosts.contains(&host));
        let port = || scene.port.is_none() || scene.port == fault.port;
        let in_time = fault.began <= scene.to && fault.ended.is_none_or(|ended| ended >= scene.from);
        in_time
            && match fault.kind {
                FaultKind::Processing => host(),
                FaultKind::Degraded => host() && port(),
                FaultKind::Change => touches(sources, fault, scene.hosts),
                FaultKind::Host => sources.witness.is_none() && host(),
                FaultKind::Service => sources.witness.is_none() && host() && port(),
                FaultKind::Link => sources.witness.is_none() && touches(sources, fault, scene.hosts),
                FaultKind::Partition => sources.witness.is_none(),
            }
    };
    let mut found: Vec<String> =
        sources.tables.faults.iter().filter(there).map(|fault| sentence(sources, fault)).collect();
    found.dedup();
    found
}

/// Whether one of these hosts is an end of the fault's link.
fn touches(sources: &Sources<'_>, fault: &FaultRow, hosts: &[&str]) -> bool {
    let ends = sources.tables.links.iter().filter(|row| Some(&row.link) == fault.link.as_ref());
    ends.into_iter().any(|row| hosts.contains(&&*row.from) || hosts.contains(&&*row.to))
}

/// A fault as a sentence without its full stop.
pub(super) fn sentence(sources: &Sources<'_>, fault: &FaultRow) -> String {
    let host = fault.host.as_deref().map_or_else(|| "a host".to_owned(), plain);
    let link = fault.link.as_deref().map_or_else(|| "a link".to_owned(), |link| format!("the link {}", plain(link)));
    let port = fault.port.map_or_else(|| "a port".to_owned(), |port| format!("port {port}"));
    let what = match fault.kind {
        FaultKind::Host => format!("{host} was down"),
        FaultKind::Link => format!("{link} was down"),
        FaultKind::Service => format!("nobody listened on {port} of {host}"),
        FaultKind::Degraded => format!("{port} of {host} was degraded, so that its packets came late or got lost,"),
        FaultKind::Partition => "a part of the network was cut off".to_owned(),
        FaultKind::Change => format!("{link} had other properties than usual"),
        FaultKind::Processing => format!("{host} took other times than usual for its requests"),
    };
    let clock = sources.clock;
    match fault.ended {
        Some(ended) => format!("{what} from {} until {}", clock.moment(fault.began), clock.moment(ended)),
        None => format!("{what} from {} to the end of the run", clock.moment(fault.began)),
    }
}

/// Lost packets, those of one place and reason together.
pub(super) fn losses(sources: &Sources<'_>, losses: &[Loss]) -> Vec<String> {
    let mut groups: BTreeMap<(String, &str), Vec<&Loss>> = BTreeMap::new();
    for loss in losses {
        groups.entry((words::loss(loss), &loss.from)).or_default().push(loss);
    }
    let told = groups.into_iter().map(|((place, from), group)| {
        let first = group.first().map_or(SimTime::ZERO, |loss| loss.at);
        let last = group.last().map_or(first, |loss| loss.at);
        let when = match group.len() {
            1 => format!("at {}", sources.clock.moment(first)),
            _ => format!("from {} to {}", sources.clock.moment(first), sources.clock.moment(last)),
        };
        let to = group.first().map_or("", |loss| &loss.to);
        let were = if group.len() == 1 { "was" } else { "were" };
        format!("{} from {from} to {to} {were} lost {place} ({when})", count(group.len(), "packet", "packets"))
    });
    told.collect()
}

/// What was so when packets had no way to go: the links that were down then.
pub(super) fn no_way(sources: &Sources<'_>, losses: &[Loss]) -> Vec<String> {
    let cut = |loss: &&Loss| loss.reason == DropReason::NoRoute;
    let ends = losses.iter().find(cut).zip(losses.iter().rev().find(cut));
    ends.map_or_else(Vec::new, |(first, last)| broken_links(sources, first.at, last.at))
}

/// The links that were down in that time, wherever they are: what has no way to go may have none for that.
fn broken_links(sources: &Sources<'_>, from: SimTime, to: SimTime) -> Vec<String> {
    let down = |fault: &&FaultRow| {
        matches!(fault.kind, FaultKind::Link | FaultKind::Partition)
            && fault.began <= to
            && fault.ended.is_none_or(|ended| ended >= from)
    };
    let down: Vec<&FaultRow> = sources.tables.faults.iter().filter(down).collect();
    // a partition's links go down with it
    let parted = |link: &FaultRow| {
        let of = |other: &&&FaultRow| other.kind == FaultKind::Partition && other.began == link.began;
        link.kind == FaultKind::Link && down.iter().any(|other| of(&other))
    };
    let told = down.iter().filter(|fault| !parted(fault));
    told.map(|fault| format!("at that time {}", sentence(sources, fault))).collect()
}

/// How the look-ups of a name went that a host made for a copy, and what stood behind them. Without a witness only that
/// they were made at that time is known.
pub(super) fn names(
    sources: &Sources<'_>,
    (host, to): (&str, &str),
    name: &str,
    (from, until): (SimTime, SimTime),
) -> Why {
    let rows = &sources.tables.dns_queries;
    let behalf = Behalf::new(rows);
    let asked_for = |row: &DnsRow| {
        let recipients = sources.witness.map(|witness| witness.asked_for.get(&*row.query));
        recipients.is_none_or(|known| known.is_some_and(|known| known.iter().any(|one| one == to)))
    };
    let ours = |row: &&DnsRow| {
        *row.from == *host
            && row.for_query.is_none()
            && row.name.eq_ignore_ascii_case(name)
            && row.asked >= from
            && row.asked <= until
            && asked_for(row)
    };
    let (mut told, mut besides) = (Vec::new(), Vec::new());
    for row in rows.iter().filter(ours) {
        // what was answered is no trouble, but belongs to the tale
        let tale = if row.outcome == DnsOutcome::Answer { &mut besides } else { &mut told };
        tale.push(question(row));
        let below: Vec<&DnsRow> = behalf.tree(row).into_iter().skip(1).map(|(_, row)| row).collect();
        told.extend(in_vain(sources, &below));
        if row.outcome == DnsOutcome::Timeout && below.is_empty() {
            let why = around(sources, &[row]);
            told.extend(why.because);
            besides.extend(why.besides);
        }
    }
    if sources.witness.is_some() {
        return Why { because: told, besides };
    }
    Why { because: Vec::new(), besides: told.into_iter().chain(besides).collect() }
}

/// A question and its answer.
fn question(row: &DnsRow) -> String {
    let took = row.latency.map_or_else(String::new, |latency| format!(" after {}", span(latency)));
    let name = format!("{} {}", plain(&row.name), plain(&row.rtype));
    let end = match row.outcome {
        DnsOutcome::Failure => format!("answered {}", plain(row.rcode.as_deref().unwrap_or("with a failure"))),
        DnsOutcome::Answer
        | DnsOutcome::Alias
        | DnsOutcome::Referral
        | DnsOutcome::NxDomain
        | DnsOutcome::NoData
        | DnsOutcome::Truncated
        | DnsOutcome::Timeout
        | DnsOutcome::Unreachable
        | DnsOutcome::Open => outcome(row.outcome).to_owned(),
    };
    let cache = match row.cache.as_deref() {
        Some("failure") => ", as it remembered that nobody could tell (RFC 9520)",
        Some("negative_hit") => ", from its cache (RFC 2308)",
        Some("hit") => ", from its cache",
        Some("stale") => ", from its cache, though beyond its end (RFC 8767)",
        Some(_) | None => "",
    };
    format!("{} asked {} for {name} ({}): it {end}{took}{cache}", plain(&row.from), plain(&row.to), plain(&row.query))
}

/// What became of a question, of whom was asked.
pub(super) const fn outcome(outcome: DnsOutcome) -> &'static str {
    match outcome {
        DnsOutcome::Answer => "answered with records",
        DnsOutcome::Alias => "answered that the name is an alias",
        DnsOutcome::Referral => "referred to other servers",
        DnsOutcome::NxDomain => "answered that there is no such name",
        DnsOutcome::NoData => "answered that there is no such record",
        DnsOutcome::Failure => "answered with a failure",
        DnsOutcome::Truncated => "answered with a part only",
        DnsOutcome::Timeout => "gave no answer in time",
        DnsOutcome::Unreachable => "was not reached",
        DnsOutcome::Open => "had not answered by the end of the run",
    }
}

/// The questions among these that led nowhere, by whom was asked.
fn in_vain(sources: &Sources<'_>, rows: &[&DnsRow]) -> Vec<String> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&DnsRow>> = BTreeMap::new();
    for row in rows {
        let bad = match row.outcome {
            DnsOutcome::Failure | DnsOutcome::Timeout | DnsOutcome::Unreachable | DnsOutcome::NxDomain => true,
            DnsOutcome::NoData => true,
            DnsOutcome::Answer | DnsOutcome::Alias | DnsOutcome::Referral => false,
            DnsOutcome::Truncated | DnsOutcome::Open => false,
        };
        if bad {
            groups.entry((&row.to, &row.from, row.outcome.name())).or_default().push(row);
        }
    }
    let told = groups.into_iter().filter_map(|((to, from, _), group)| {
        let first = group.first()?;
        let times = if group.len() == 1 { String::new() } else { format!(" {} times", group.len()) };
        let why = match first.outcome {
            DnsOutcome::Timeout | DnsOutcome::Unreachable => around(sources, &group),
            DnsOutcome::Failure if first.rcode.as_deref() == Some("NOERROR") => Why {
                because: vec!["it does not serve the zone: a lame server (RFC 9499 7)".to_owned()],
                besides: Vec::new(),
            },
            DnsOutcome::Failure
            | DnsOutcome::Answer
            | DnsOutcome::Alias
            | DnsOutcome::Referral
            | DnsOutcome::NxDomain
            | DnsOutcome::NoData
            | DnsOutcome::Truncated
            | DnsOutcome::Open => Why::default(),
        };
        let why = match (why.because.as_slice(), why.besides.as_slice()) {
            ([], []) => String::new(),
            ([], besides) => format!("; {}", listed(besides)),
            (because, []) => format!(", because {}", listed(because)),
            (because, besides) => format!(", because {}; {}", listed(because), listed(besides)),
        };
        Some(format!("for that {} asked {}{times}, which {}{why}", plain(from), plain(to), outcome(first.outcome)))
    });
    told.collect()
}

/// Why questions to a server got no answer: what became of their packets, and what was so at that time.
pub(super) fn around(sources: &Sources<'_>, rows: &[&DnsRow]) -> Why {
    let Some(first) = rows.first() else { return Why::default() };
    let over = |row: &&DnsRow| row.latency.map_or(sources.tables.end, |latency| row.asked.saturating_add(latency));
    let to = rows.iter().map(over).max().unwrap_or(first.asked);
    let seen = |row: &&DnsRow| sources.witness.and_then(|witness| witness.lost_datagrams.get(&*row.query));
    let lost: Vec<Loss> = rows.iter().filter_map(seen).flatten().cloned().collect();
    let mut because = losses(sources, &lost);
    because.extend(blamed(sources, lost.iter()));
    let mut besides = no_way(sources, &lost);
    let hosts = [&*first.from, &*first.to];
    let scene = Scene { hosts: &hosts, port: Some(53), from: first.asked, to };
    besides.extend(meanwhile(sources, &scene, &because));
    Why { because, besides }
}
