//! What of a run can be explained: its messages, with the slowest and those that failed, its look-ups,
//! its connections, and the hosts that keep something.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::causes::outcome;
use super::{count, plain, since, span};
use crate::base::time::SimDuration;
use crate::metrics::{CopyStatus, DnsOutcome, DnsRow, MessageRow, Tables};
use crate::report::ladder::dns::all_look_ups;
use crate::report::values::grouped;

/// So many names of a kind are given.
const MOST: usize = 5;

/// A line of an overview: what there is, and with which option it is explained; none if it tells of what
/// is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    what: String,
    option: Option<String>,
}

/// What can be explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    groups: Vec<(String, Vec<Line>)>,
}

/// The overview of a run; what hosts held is only told of a run that can be made again, and then the zones that each
/// serves are known.
#[must_use]
pub fn overview(tables: &Tables, zones: Option<&BTreeMap<String, Vec<String>>>) -> Overview {
    let mut groups = vec![messages(tables), look_ups(tables), connections(tables)];
    groups.extend(zones.map(|zones| hosts(tables, zones)));
    for (_, lines) in &mut groups {
        once(lines);
    }
    Overview { groups: groups.into_iter().filter(|(_, lines)| !lines.is_empty()).collect() }
}

/// Of lines with the same option the last one says most.
fn once(lines: &mut Vec<Line>) {
    let options: Vec<Option<String>> = lines.iter().map(|line| line.option.clone()).collect();
    let mut place = 0;
    lines.retain(|line| {
        place += 1;
        line.option.is_none() || !options[place..].contains(&line.option)
    });
}

impl Overview {
    /// For a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        if self.groups.is_empty() {
            return "There is nothing to explain: no message, no look-up, no connection.\n".to_owned();
        }
        let mut out = String::new();
        for (title, lines) in &self.groups {
            let width = lines.iter().flat_map(|line| &line.option).map(|option| option.chars().count()).max();
            let width = width.unwrap_or(0);
            out += &format!("{title}\n");
            for line in lines {
                out += &format!("  {:width$}  {}\n", line.option.as_deref().unwrap_or_default(), line.what);
            }
        }
        out
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let line = |line: &Line| json!({ "option": line.option, "what": line.what });
        let group = |(title, lines): &(String, Vec<Line>)| json!({ "title": title, "lines": lines.iter().map(line).collect::<Vec<_>>() });
        json!({ "overview": self.groups.iter().map(group).collect::<Vec<_>>() })
    }
}

/// The first lines of these, and how many more there are in that table.
fn first<T>(all: impl Iterator<Item = T>, table: &str, line: impl FnMut(T) -> Line) -> Vec<Line> {
    let mut all = all.fuse();
    let mut lines: Vec<Line> = all.by_ref().take(MOST).map(line).collect();
    let more = all.count();
    if more > 0 {
        lines.push(Line { what: format!("and {more} more of these, in the table {table}"), option: None });
    }
    lines
}

/// An argument as a shell takes it.
#[must_use]
pub fn argument(text: &str) -> String {
    let plain = plain(text);
    let is_bare = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_alphanumeric() || "._-@+:/".contains(c));
    if is_bare { plain } else { format!("'{}'", plain.replace('\'', "'\\''")) }
}

fn message_line(row: &MessageRow, what: String) -> Line {
    Line { option: Some(format!("--message {} --to {}", argument(&row.message), argument(&row.to))), what }
}

fn messages(tables: &Tables) -> (String, Vec<Line>) {
    let rows = &tables.messages;
    let mut lines = Vec::new();
    let user = || rows.iter().filter(|row| row.is_user());
    if let Some((latency, row)) =
        user().filter_map(|row| Some((latency(row)?, row))).max_by_key(|(latency, _)| *latency)
    {
        lines.push(message_line(row, format!("the slowest: delivered after {}", span(latency))));
    }
    if let Some((latency, row)) =
        user().filter_map(|row| Some((latency(row)?, row))).min_by_key(|(latency, _)| *latency)
        && lines.first() != Some(&message_line(row, lines.first().map_or_else(String::new, |line| line.what.clone())))
    {
        lines.push(message_line(row, format!("the fastest: delivered after {}", span(latency))));
    }
    let failed = rows.iter().filter(|row| row.status.is_failure());
    lines.extend(first(failed, "messages", |row| {
        let report = if row.is_user() { "" } else { "a server's report that " };
        let reason = row.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", why(reason)));
        message_line(row, format!("{report}did not get there{reason}"))
    }));
    let waiting = rows.iter().filter(|row| matches!(row.status, CopyStatus::Queued | CopyStatus::Outbox));
    lines.extend(first(waiting, "messages", |row| message_line(row, "still on its way when the run ended".to_owned())));
    (format!("Messages: {}; their lives:", fates(rows)), lines)
}

/// What became of the copies of what users wrote, as the summary of a run counts them.
fn fates(rows: &[MessageRow]) -> String {
    let of = |wanted: &dyn Fn(&MessageRow) -> bool| rows.iter().filter(|row| row.is_user() && wanted(row)).count();
    let is = |status| of(&|row| row.status == status);
    let composed = of(&|row| row.expanded_by.is_none());
    let mut told = vec![
        count(composed, "copy", "copies"),
        format!("{} delivered", is(CopyStatus::Delivered)),
        format!("{} failed", of(&|row| row.status.is_failure())),
        format!("{} still queued", is(CopyStatus::Queued)),
    ];
    let others = [
        (is(CopyStatus::Outbox), "still in an outbox"),
        (is(CopyStatus::Expanded), "turned into others"),
        (of(&|row| row.expanded_by.is_some()), "made of these"),
    ];
    told.extend(others.into_iter().filter(|(many, _)| *many > 0).map(|(many, what)| format!("{many} {what}")));
    let reports = rows.iter().filter(|row| !row.is_user()).count();
    if reports > 0 {
        told.push(format!("and {} by servers", count(reports, "report", "reports")));
    }
    told.join(", ")
}

/// A kind of trouble in a few words.
fn why(reason: &str) -> String {
    match reason {
        "reply" => "a server refused it".to_owned(),
        "expired" => "its server's retries came to their end".to_owned(),
        "loop" => "it went round in circles".to_owned(),
        "no_such_domain" => "there is no such domain".to_owned(),
        "no_mail_server" => "the domain takes no mail".to_owned(),
        other => plain(other).replace('_', " "),
    }
}

fn look_ups(tables: &Tables) -> (String, Vec<Line>) {
    let all = all_look_ups(&tables.dns_queries);
    let questions: usize = all.iter().map(|look_up| look_up.questions.len()).sum();
    let ends = || all.iter().filter_map(|one| Some((one, one.questions.first()?, one.questions.last()?)));
    let line = |row: &DnsRow, what: String| {
        let name = format!("{} {} by {}", plain(&row.name), plain(&row.rtype), plain(&row.from));
        Line { option: Some(format!("--query {}", argument(&row.query))), what: format!("{name}: {what}") }
    };
    let mut lines = Vec::new();
    let slowest = ends().filter_map(|(one, first, _)| Some((one.took()?, one, first)));
    lines.extend(slowest.max_by_key(|(took, ..)| *took).map(|(took, one, first)| {
        let asked = match one.questions.len() {
            1 => String::new(),
            many => format!(", asked {many} times"),
        };
        line(first, format!("the slowest, {}{asked}", span(took)))
    }));
    let failed = ends().filter(|(_, _, last)| {
        matches!(last.outcome, DnsOutcome::Failure | DnsOutcome::Timeout | DnsOutcome::Unreachable)
    });
    lines.extend(first(failed, "dns_queries", |(_, first, last)| line(first, outcome(last.outcome).to_owned())));
    let cached = ends().find(|(one, first, _)| one.questions.len() == 1 && first.cache.as_deref() == Some("hit"));
    lines.extend(cached.map(|(_, row, _)| line(row, "the first that a resolver's cache answered".to_owned())));
    let title = format!(
        "Look-ups: {} by programs, with {}; how names were found:",
        grouped(all.len()),
        count(questions, "question", "questions")
    );
    (title, lines)
}

fn connections(tables: &Tables) -> (String, Vec<Line>) {
    let rows = &tables.connections;
    let line = |row: &crate::metrics::ConnectionRow, what: String| Line {
        option: Some(format!("--conn {}", argument(&row.connection))),
        what: format!("to {}, port {}: {what}", plain(&row.server), row.server_port),
    };
    let mut lines = Vec::new();
    lines.extend(rows.first().map(|row| line(row, "the first".to_owned())));
    let most = rows.iter().filter(|row| row.retransmissions > 0).max_by_key(|row| row.retransmissions);
    lines.extend(most.map(|row| line(row, format!("most segments sent again, {}", row.retransmissions))));
    let broken = rows.iter().filter(|row| {
        let bad = |end: &Option<crate::metrics::Text>| end.as_deref().is_some_and(|end| end != "finished");
        bad(&row.end_client) || bad(&row.end_server)
    });
    lines.extend(first(broken, "connections", |row| {
        let end = row.end_client.as_deref().filter(|end| *end != "finished").or(row.end_server.as_deref());
        line(row, format!("it did not end in order: {}", plain(end.unwrap_or_default()).replace('_', " ")))
    }));
    (format!("Connections: {}; what went on there:", rows.len()), lines)
}

fn hosts(tables: &Tables, zones: &BTreeMap<String, Vec<String>>) -> (String, Vec<Line>) {
    let mut lines = Vec::new();
    let servers: BTreeSet<&str> = tables.queue.iter().map(|row| &*row.server).collect();
    let keep = |host: &str, what: &str| Line {
        option: Some(format!("--host {} --at TIME", argument(host))),
        what: what.to_owned(),
    };
    lines.extend(first(servers.iter(), "queue", |host| keep(host, "its queue and mailboxes")));
    let resolvers: BTreeSet<&str> =
        tables.caches.iter().filter(|row| row.level.name() == "resolver").map(|row| &*row.host).collect();
    lines.extend(first(resolvers.iter(), "caches", |host| keep(host, "its cache")));
    let zones = zones.iter().filter(|(_, zones)| !zones.is_empty());
    lines.extend(first(zones, "dns_servers", |(host, zones)| {
        let names: Vec<String> = zones.iter().take(MOST).map(|zone| plain(zone)).collect();
        let more = if zones.len() > MOST { ", ..." } else { "" };
        keep(host, &format!("its zones: {}{more}", names.join(", ")))
    }));
    ("Hosts, and what they held at a time:".to_owned(), lines)
}

/// From composition to the mailbox, in tables that may be damaged.
fn latency(row: &MessageRow) -> Option<SimDuration> {
    row.delivered.map(|at| since(at, row.composed))
}
