//! Expectations: each is about one thing, names what there is, and can be met.

mod known;
mod rows;

use std::collections::BTreeSet;

pub(in crate::scenario) use self::known::Named;
use self::known::Names;
use super::Context;
use crate::base::{SimDuration, SimTime};
use crate::metrics::{CopyStatus, Kind, METRICS, WEB_METRICS};
use crate::scenario::problem::{Path, quote, some_of};
use crate::scenario::resolved::{Bounds, CellIs, ExpectSpec, MessageExpect, TranscriptExpect, What};
use crate::scenario::schema::{Amount, Cell, Duration, Expect, Texts, Transcript};

/// What an expectation may be about, and the keys that say more about each.
const SUBJECTS: [(&str, &[&str]); 10] = [
    ("metric", BOUNDS),
    ("count", ROWS),
    ("sum", ROWS),
    ("mean", ROWS),
    ("min", ROWS),
    ("max", ROWS),
    ("quantile", &["of", "where", "equals", "tolerance", "at_least", "at_most"]),
    ("message", &["to", "status", "delivered_before", "delivered_within", "retrieved_before", "through", "attempts"]),
    ("dropped_packets", &["link", "host"]),
    ("transcript", &[]),
];
const BOUNDS: &[&str] = &["equals", "tolerance", "at_least", "at_most"];
const ROWS: &[&str] = &["where", "equals", "tolerance", "at_least", "at_most"];

/// The most that an expectation is worth.
const MOST_POINTS: f64 = 1e6;

/// Protocols with dialogues.
const PROTOCOLS: [&str; 4] = ["smtp", "pop3", "imap", "http"];

/// Expectations in file order; `graded` are those of a key, which have points.
pub(in crate::scenario) fn read(
    cx: &mut Context<'_>,
    named: Named<'_>,
    all: &[Expect],
    graded: bool,
) -> Vec<ExpectSpec> {
    let path = Path::Root.key("expect");
    all.iter()
        .enumerate()
        .filter_map(|(index, expect)| {
            let here = path.index(index);
            check_texts(cx, here, expect, graded);
            let mut names = Names::new(named, graded);
            let what = read_what(cx, here, expect, &mut names)?;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let points = expect.points.unwrap_or(1.0);
            let absent = names.absent();
            Some(ExpectSpec { name: text(&expect.name), hint: text(&expect.hint), points, absent, what })
        })
        .collect()
}

/// The number that an expectation without bounds is about.
pub(in crate::scenario) fn read_number(
    cx: &mut Context<'_>,
    here: Path<'_>,
    expect: &Expect,
    named: Named<'_>,
) -> Option<What> {
    // Every number is within this bound, and it goes again.
    let bounded = Expect { at_least: Some(Amount::Number(f64::NEG_INFINITY)), ..expect.clone() };
    match read_what(cx, here, &bounded, &mut Names::new(named, false))? {
        What::Metric(name, _) => Some(What::Metric(name, Bounds::default())),
        What::Rows(fold, table, tests, _) => Some(What::Rows(fold, table, tests, Bounds::default())),
        What::Message(_) | What::Dropped { .. } | What::Transcript(_) => None,
    }
}

/// Name and hint are printed to terminals; points belong to a key.
fn check_texts(cx: &mut Context<'_>, here: Path<'_>, expect: &Expect, graded: bool) {
    for (key, text) in [("name", &expect.name), ("hint", &expect.hint)] {
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            cx.problems.help(here.key(key), format!("this {key} says nothing"), "leave it out");
        } else if text.as_ref().is_some_and(|text| text.chars().any(char::is_control)) {
            cx.problems.at(here.key(key), format!("a {key} is one line without control characters"));
        }
    }
    if expect.points.is_some_and(|points| points < 0.0) {
        cx.problems.at(here.key("points"), "points are not negative");
    } else if expect.points.is_some_and(|points| points > MOST_POINTS) {
        cx.problems.at(here.key("points"), "more points than anything is worth: a million at most");
    } else if expect.points.is_some() && !graded {
        let help = "points stand in the file of `posthaste run --grade`";
        cx.problems.help(here.name("points"), "an expectation of a scenario has no points", help);
    }
}

/// The keys of an expectation that are there, but for those that any may have.
fn given(expect: &Expect) -> Vec<&'static str> {
    let keys = [
        ("metric", expect.metric.is_some()),
        ("count", expect.count.is_some()),
        ("sum", expect.sum.is_some()),
        ("mean", expect.mean.is_some()),
        ("min", expect.min.is_some()),
        ("max", expect.max.is_some()),
        ("quantile", expect.quantile.is_some()),
        ("of", expect.of.is_some()),
        ("where", expect.only.is_some()),
        ("equals", expect.equals.is_some()),
        ("tolerance", expect.tolerance.is_some()),
        ("at_least", expect.at_least.is_some()),
        ("at_most", expect.at_most.is_some()),
        ("message", expect.message.is_some()),
        ("to", expect.to.is_some()),
        ("status", expect.status.is_some()),
        ("delivered_before", expect.delivered_before.is_some()),
        ("delivered_within", expect.delivered_within.is_some()),
        ("retrieved_before", expect.retrieved_before.is_some()),
        ("through", expect.through.is_some()),
        ("attempts", expect.attempts.is_some()),
        ("dropped_packets", expect.dropped_packets.is_some()),
        ("link", expect.link.is_some()),
        ("host", expect.host.is_some()),
        ("transcript", expect.transcript.is_some()),
    ];
    keys.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
}

fn read_what(cx: &mut Context<'_>, here: Path<'_>, expect: &Expect, names: &mut Names<'_>) -> Option<What> {
    let keys = given(expect);
    let mut subjects = SUBJECTS.iter().filter(|(subject, _)| keys.contains(subject));
    let Some((subject, allowed)) = subjects.next() else {
        let help = some_of("give one of", SUBJECTS.iter().map(|(subject, _)| *subject)).unwrap_or_default();
        cx.problems.help(here, "this expectation does not say about what it is", help.replace(", and 5 more", " ..."));
        return None;
    };
    let strangers: Vec<&str> = keys.into_iter().filter(|key| key != subject && !allowed.contains(key)).collect();
    for key in &strangers {
        stranger(cx, here, key, subject);
    }
    if !strangers.is_empty() {
        return None;
    }
    if let Some(metric) = &expect.metric {
        if metric.starts_with("conduct.") {
            // the rules of conduct are the scenario's own
            names.look(cx, |cx| check_metric(cx, here.key("metric"), metric));
        } else {
            check_metric(cx, here.key("metric"), metric);
        }
        return read_bounds(cx, here, expect, Kind::by_unit(metric)).map(|bounds| What::Metric(metric.clone(), bounds));
    }
    if let Some(message) = &expect.message {
        return read_message(cx, here, message, expect, names);
    }
    if let Some(packets) = &expect.dropped_packets {
        if expect.link.is_some() && expect.host.is_some() {
            cx.problems.at(here.name("host"), "give a link or a host, not both");
        }
        let link = expect.link.clone().filter(|name| names.link(cx, here.key("link"), name) || names.graded);
        let host = expect.host.clone().filter(|name| names.any_host(cx, here.key("host"), name) || names.graded);
        let packets = read_count(cx, here.key("dropped_packets"), packets);
        return packets.map(|packets| What::Dropped { link, host, packets });
    }
    if let Some(transcript) = &expect.transcript {
        return read_transcript(cx, here.key("transcript"), transcript, names);
    }
    rows::read(cx, here, expect, names)
}

/// A key that says nothing about the subject: to which ones it belongs.
fn stranger(cx: &mut Context<'_>, here: Path<'_>, key: &str, subject: &str) {
    let owners = SUBJECTS.iter().filter(|(_, more)| more.contains(&key)).map(|(owner, _)| quote(owner));
    let owners: Vec<String> = owners.collect();
    let message = match owners.as_slice() {
        [] => format!("an expectation is about one thing, and this one about {}", quote(subject)),
        [only] => format!("{} belongs to {only}, not to {}", quote(key), quote(subject)),
        [front @ .., last] => {
            format!("{} belongs to {} and {last}, not to {}", quote(key), front.join(", "), quote(subject))
        }
    };
    cx.problems.at(here.name(key), message);
}

/// How many of something there must be.
fn read_count(cx: &mut Context<'_>, path: Path<'_>, cell: &Cell) -> Option<CellIs> {
    let read = rows::read_cell(cx, path, cell, Kind::Number)?;
    let most = match &read {
        CellIs::Number(numbers, _) => numbers.iter().copied().reduce(f64::max),
        CellIs::Within { at_most, .. } => *at_most,
        CellIs::OneOf(_) | CellIs::NoneOf(_) => None,
    };
    if most.is_some_and(|most| most < 0.0) {
        cx.problems.at(path, "there are never fewer than 0");
    } else if let CellIs::Number(numbers, _) = &read
        && numbers.iter().all(|number| number.fract() != 0.0)
        && !numbers.is_empty()
    {
        cx.problems.at(path, "this is a count, so it is a whole number");
    }
    Some(read)
}

/// The name of a metric.
fn check_metric(cx: &mut Context<'_>, here: Path<'_>, metric: &str) {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b);
    if metric.is_empty() || metric.len() > 80 || !metric.bytes().all(plain) {
        let message = format!("{} is no name of a metric", quote(metric));
        cx.problems.help(here, message, "write it like \"messages.delivered\"");
    } else if !METRICS.iter().chain(WEB_METRICS).any(|(name, _)| *name == metric)
        && !super::mail::counts_rule(cx, metric)
    {
        unknown_metric(cx, here, metric);
    }
}

/// Names the metrics of the same group, or one of each group.
fn unknown_metric(cx: &mut Context<'_>, path: Path<'_>, metric: &str) {
    let group = |name: &'static str| name.split_once('.').map_or(name, |(group, _)| group);
    let wanted = metric.split_once('.').map_or(metric, |(group, _)| group);
    let names = METRICS.iter().chain(WEB_METRICS).map(|(name, _)| *name);
    let groups: BTreeSet<&str> = names.clone().map(group).collect();
    let known = if groups.contains(wanted) {
        some_of("metrics there", names.clone().filter(|name| group(name) == wanted))
    } else {
        some_of("groups of metrics", groups.into_iter())
    };
    cx.problems.unknown_else(path, "metric", metric, names, known.as_deref());
}

/// What a number of this kind must be.
fn read_bounds(cx: &mut Context<'_>, here: Path<'_>, expect: &Expect, kind: Kind) -> Option<Bounds> {
    if expect.equals.is_none() && expect.at_least.is_none() && expect.at_most.is_none() {
        let help = "give \"equals\", \"at_least\" or \"at_most\"";
        cx.problems.help(here, "this expectation compares with nothing", help);
        return None;
    }
    let mut number = |key: &str, given: &Option<Amount>| match given {
        Some(amount) => read_amount(cx, here.key(key), amount, kind).map(Some),
        None => Some(None),
    };
    let (equals, tolerance) = (number("equals", &expect.equals), number("tolerance", &expect.tolerance));
    let (at_least, at_most) = (number("at_least", &expect.at_least), number("at_most", &expect.at_most));
    let (equals, tolerance, at_least, at_most) = (equals?, tolerance?, at_least?, at_most?);
    check_order(cx, here, at_least, at_most);
    let slack = tolerance.unwrap_or(0.0);
    if let Some((want, low)) = equals.zip(at_least).filter(|(want, low)| want + slack < *low) {
        cx.problems.at(here.key("equals"), format!("no number equals {want} and is at least {low}"));
    }
    if let Some((want, high)) = equals.zip(at_most).filter(|(want, high)| want - slack > *high) {
        cx.problems.at(here.key("equals"), format!("no number equals {want} and is at most {high}"));
    }
    if expect.count.is_some() {
        for (key, bound) in [("equals", equals.map(|want| want + slack)), ("at_most", at_most)] {
            if bound.is_some_and(|bound| bound < 0.0) {
                cx.problems.at(here.key(key), "there are never fewer than 0");
            }
        }
        if equals.is_some_and(|want| want.fract() != 0.0 && slack == 0.0) {
            cx.problems.at(here.key("equals"), "this is a count, so it is a whole number");
        }
    }
    if tolerance.is_some_and(|tolerance| tolerance < 0.0) {
        cx.problems.at(here.key("tolerance"), "a tolerance is not negative");
    }
    if tolerance.is_some() && equals.is_none() {
        cx.problems.at(here.key("tolerance"), "a tolerance belongs to \"equals\"");
    }
    Some(Bounds { equals, tolerance: tolerance.unwrap_or(0.0), at_least, at_most })
}

/// Two bounds leave something between them.
fn check_order(cx: &mut Context<'_>, here: Path<'_>, at_least: Option<f64>, at_most: Option<f64>) {
    if let (Some(low), Some(high)) = (at_least, at_most)
        && low > high
    {
        cx.problems.at(here.key("at_least"), format!("no number is at least {low} and at most {high}"));
    }
}

/// A number, or a quantity in the unit of what it is compared with.
fn read_amount(cx: &mut Context<'_>, here: Path<'_>, amount: &Amount, kind: Kind) -> Option<f64> {
    let text = match amount {
        Amount::Number(number) => return Some(*number),
        Amount::Quantity(text) => text,
    };
    match known::quantity(text, kind) {
        Ok(number) => Some(number),
        Err(message) => {
            cx.problems.at(here, message);
            None
        }
    }
}

/// What must be true of a message.
fn read_message(
    cx: &mut Context<'_>,
    here: Path<'_>,
    message: &str,
    expect: &Expect,
    names: &mut Names<'_>,
) -> Option<What> {
    names.message(cx, here.key("message"), message);
    match expect.to.as_deref() {
        Some("") => cx.problems.help(here.key("to"), "nobody has this address", "leave it out to mean all recipients"),
        Some(to) => names.address(cx, here.key("to"), to),
        None => {}
    }
    for (key, texts) in [("status", &expect.status), ("through", &expect.through)] {
        if texts.as_ref().is_some_and(|texts| texts.items.is_empty()) {
            cx.problems.help(here.key(key), "this list is empty", "leave it out");
        }
    }
    let words: Vec<&str> = CopyStatus::ALL.iter().map(|status| status.name()).collect();
    let mut status = texts(expect.status.as_ref());
    for (place, word) in status.iter().enumerate().filter(|(_, word)| !words.contains(&word.as_str())) {
        let path = here.key("status");
        let path = if expect.status.as_ref().is_some_and(|texts| texts.list) { path.index(place) } else { path };
        cx.problems.unknown(path, "status", word, words.iter().copied());
    }
    let through = texts(expect.through.as_ref());
    for (place, host) in through.iter().enumerate() {
        let path = here.key("through");
        let path = if expect.through.as_ref().is_some_and(|texts| texts.list) { path.index(place) } else { path };
        names.look(cx, |cx| cx.host(path, host));
    }
    let attempts = expect.attempts.as_ref();
    let attempts = attempts.map(|cell| read_count(cx, here.key("attempts"), cell));
    let attempts = match attempts {
        Some(read) => Some(read?),
        None => None,
    };
    let mut before =
        |key, given: Option<Duration>| given.map(|_| SimTime::ZERO.saturating_add(cx.positive(here.key(key), given)));
    let delivered_before = before("delivered_before", expect.delivered_before);
    let retrieved_before = before("retrieved_before", expect.retrieved_before);
    let within = expect.delivered_within;
    let delivered_within: Option<SimDuration> = within.map(|_| cx.positive(here.key("delivered_within"), within));
    let more = [delivered_before, retrieved_before].iter().any(Option::is_some) || delivered_within.is_some();
    if status.is_empty() && !more && through.is_empty() && attempts.is_none() {
        status.push(CopyStatus::Delivered.name().to_owned());
    }
    let (message, to) = (message.to_owned(), expect.to.clone());
    Some(What::Message(Box::new(MessageExpect {
        message,
        to,
        status,
        delivered_before,
        delivered_within,
        retrieved_before,
        through,
        attempts,
    })))
}

/// What must be said.
fn read_transcript(cx: &mut Context<'_>, here: Path<'_>, given: &Transcript, names: &mut Names<'_>) -> Option<What> {
    if let Some(protocol) = given.protocol.as_deref().filter(|name| !PROTOCOLS.contains(name)) {
        cx.problems.unknown(here.key("protocol"), "protocol with transcripts", protocol, PROTOCOLS.into_iter());
    }
    for (key, host) in [("client", &given.client), ("server", &given.server)] {
        if let Some(host) = host {
            names.any_host(cx, here.key(key), host);
        }
    }
    let (contains, lacks) = (texts(given.contains.as_ref()), texts(given.lacks.as_ref()));
    for (key, list) in [("contains", &contains), ("lacks", &lacks)] {
        if list.iter().any(|text| text.is_empty() || text.contains(['\r', '\n'])) {
            cx.problems.at(here.key(key), "a text to look for is not empty and stands within one line");
        }
    }
    if contains.is_empty() && lacks.is_empty() {
        cx.problems.help(here, "nothing is looked for", "give \"contains\" or \"lacks\"");
        return None;
    }
    let (protocol, client, server) = (given.protocol.clone(), given.client.clone(), given.server.clone());
    Some(What::Transcript(Box::new(TranscriptExpect { protocol, client, server, contains, lacks })))
}

fn texts(given: Option<&Texts>) -> Vec<String> {
    given.map_or_else(Vec::new, |texts| texts.items.clone())
}
