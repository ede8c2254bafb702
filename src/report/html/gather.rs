//! From a result folder and what was seen of its run to the data of the page, each part within its bound.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::choice::{Choice, evenly, is_trouble, told_first};
use super::figures;
use super::model::{Attempt, Chart, Conn, Event, Fault, Host, Message, Model, Packet, Protocol, Shown, Transcript};
use super::topology;
use super::watch::{Seen, Shot, protocol_of_port};
use super::{Observed, Source, Spoken};
use crate::base::calendar::UnixTime;
use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::time::SimTime;
use crate::base::trace::{MessageKind, Phase};
use crate::metrics::{AttemptRow, ConnectionRow, MessageRow, Text};
use crate::report::charts::{self, ChartSource, Theme};
use crate::report::explain::{Clock, Sources, message_stories};
use crate::report::values::{count, escape};

/// Bounds of parts of the page: rows, or octets of their texts.
const MOST_MESSAGES: usize = 1_000;
const MOST_STORIES: usize = 250_000;
const MOST_ATTEMPTS: usize = 800;
const MOST_TRANSCRIPTS: usize = 450_000;
const MOST_TRANSCRIPT: usize = 24_000;
const MOST_CHARTS: usize = 450_000;
const MOST_SCENARIO: usize = 250_000;
const MOST_FAULTS: usize = 500;
/// The longest line of a transcript.
const LONGEST_LINE: usize = 400;

/// The data of the page.
pub(super) fn model(source: &Source<'_>) -> Model {
    let scenario: Value = serde_json::from_str(source.scenario).unwrap_or_default();
    let (hosts, links, map) = topology::read(&scenario);
    let mut notes = source.notes.to_vec();
    let mut shown = Vec::new();
    let mut part =
        Part { hosts, conns: Vec::new(), numbers: BTreeMap::new(), source, notes: &mut notes, shown: &mut shown };
    let (threads, events) = part.events();
    let transcripts = part.transcripts();
    let messages = part.messages(&threads);
    let attempts = part.attempts(&messages);
    let faults = part.faults();
    let charts = part.charts();
    let scenario = part.scenario();
    let (hosts, conns) = (part.hosts, part.conns);
    let text = |value: &Value| escape(value.as_str().unwrap_or_default().as_bytes());
    let manifest = source.manifest;
    let metrics = source.summary["metrics"].as_object().cloned().unwrap_or_default().into_iter().collect();
    Model {
        program: format!("posthaste {}", text(&manifest["posthaste"])),
        title: text(&manifest["title"]),
        seed: manifest["seed"].clone(),
        start: text(&manifest["start"]),
        end: source.tables.end.as_nanos(),
        ended: text(&manifest["ended"]),
        fingerprint: text(&manifest["fingerprint"]),
        sentences: figures::sentences(source.tables, &metrics),
        figures: figures::figures(&metrics),
        metrics,
        expectations: source.summary["expectations"].clone(),
        hosts,
        links,
        map,
        threads,
        conns,
        events,
        transcripts,
        phases: Phase::ALL.iter().map(|phase| phase.name()).collect(),
        messages,
        attempts,
        faults,
        charts,
        scenario,
        protocols: protocols(source.observed),
        shown,
        notes,
    }
}

fn protocols(observed: Option<&Observed>) -> Vec<Protocol> {
    let counts = observed.map(|observed| &observed.reel.counts);
    let counts = counts.into_iter().flatten();
    counts
        .map(|(name, count)| Protocol { name, packets: count.packets, messages: count.messages, octets: count.octets })
        .collect()
}

/// The page under construction.
struct Part<'a, 'b> {
    hosts: Vec<Host>,
    conns: Vec<Conn>,
    numbers: BTreeMap<String, usize>,
    source: &'a Source<'a>,
    notes: &'b mut Vec<String>,
    shown: &'b mut Vec<Shown>,
}

impl Part<'_, '_> {
    fn shown(&mut self, what: &'static str, shown: usize, total: usize) {
        self.shown.push(Shown { what, shown: shown as u64, total: total as u64 });
    }

    fn events(&mut self) -> (Vec<String>, Vec<Event>) {
        let Some(observed) = self.source.observed else { return (Vec::new(), Vec::new()) };
        let rows: BTreeMap<&str, &ConnectionRow> =
            self.source.tables.connections.iter().map(|row| (&*row.connection, row)).collect();
        let directory = &observed.directory;
        let places: Vec<usize> = directory.hosts().iter().map(|host| self.host(&host.name)).collect();
        let reel = &observed.reel;
        let mut events = Vec::with_capacity(reel.seen.len());
        for seen in &reel.seen {
            let c = seen.conn.map(|conn| self.conn(conn, directory, &rows));
            let p = seen.shot.as_ref().map(|shot| packet(shot, seen, &places));
            let h = places.get(seen.host.index()).copied().unwrap_or(0);
            events.push(Event { t: seen.at.as_nanos(), h, k: seen.kind, w: seen.text.clone(), m: seen.thread, c, p });
        }
        let packets = reel.seen.iter().filter(|seen| seen.shot.is_some()).count();
        self.shown.push(Shown { what: "packets", shown: packets as u64, total: reel.packets });
        self.shown.push(Shown { what: "events", shown: events.len() as u64, total: reel.events });
        // only threads that some event names
        let named: BTreeSet<u32> = events.iter().filter_map(|event| event.m).collect();
        let renumbered: BTreeMap<u32, u32> = named.iter().copied().zip(0..).collect();
        for event in &mut events {
            event.m = event.m.and_then(|thread| renumbered.get(&thread).copied());
        }
        let name = |thread: &u32| reel.threads.get(*thread as usize).map(|name| escape(name.as_bytes()));
        (named.iter().map(|thread| name(thread).unwrap_or_default()).collect(), events)
    }

    /// The place of a host, which is added if the scenario does not have it.
    fn host(&mut self, name: &str) -> usize {
        if let Some(place) = self.hosts.iter().position(|host| host.name == name) {
            return place;
        }
        self.hosts.push(Host { name: name.to_owned(), ..Host::default() });
        self.hosts.len() - 1
    }

    fn conn(&mut self, conn: ConnId, directory: &Directory, rows: &BTreeMap<&str, &ConnectionRow>) -> usize {
        let name = directory.conn_name(conn);
        if let Some(place) = self.numbers.get(&name) {
            return *place;
        }
        self.numbers.insert(name.clone(), self.conns.len());
        let row = rows.get(&*name);
        let port = row.map_or(0, |row| row.server_port);
        let text = row.map_or_else(String::new, |row| {
            let end = row.end_client.as_deref().unwrap_or("open");
            let packets = count(usize::try_from(row.packets).unwrap_or(usize::MAX), "packet", "packets");
            format!("{packets}, {} sent again, {}", row.retransmissions, end.replace('_', " "))
        });
        let server = row.map_or_else(String::new, |row| row.server.to_string());
        let client = directory.host_name(conn.host).to_owned();
        let protocol = protocol_of_port(port).unwrap_or("tcp");
        self.conns.push(Conn { name, client, server, port, protocol, text });
        self.conns.len() - 1
    }

    /// The dialogues of the connections that are shown, or of all when nobody looked.
    fn transcripts(&mut self) -> Vec<Transcript> {
        let mut left = MOST_TRANSCRIPTS;
        let wanted = |connection: &str| self.source.observed.is_none() || self.numbers.contains_key(connection);
        let mut transcripts = Vec::new();
        let dialogues = self.source.dialogues;
        for dialogue in dialogues.iter().filter(|dialogue| wanted(&dialogue.connection)) {
            let room = MOST_TRANSCRIPT.min(left);
            let mut used = 0;
            let mut lines = Vec::new();
            for (at, line) in &dialogue.lines {
                let line = shortened(line);
                used += line.len() + 24;
                if used > room {
                    break;
                }
                lines.push((*at, line));
            }
            left = left.saturating_sub(used);
            if !lines.is_empty() {
                let cut = dialogue.cut || lines.len() < dialogue.lines.len();
                transcripts.push(Transcript { lines, cut, ..dialogue.clone_head() });
            }
        }
        let opened = self.source.tables.connections.iter().filter(|row| protocol_of_port(row.server_port).is_some());
        let total = opened.count().max(transcripts.len());
        self.shown("dialogues", transcripts.len(), total);
        transcripts
    }

    fn messages(&mut self, threads: &[String]) -> Vec<Message> {
        let all: Vec<&MessageRow> = self.source.tables.messages.iter().collect();
        let threads: BTreeMap<&str, u32> = threads.iter().map(String::as_str).zip(0..).collect();
        let subjects = subjects(self.source.dialogues);
        let first = told_first(self.source.tables);
        let followed =
            |row: &&MessageRow| first.contains(&*row.message) || threads.contains_key(&*escape(row.message.as_bytes()));
        let mut rows: Vec<&MessageRow> = if all.len() <= MOST_MESSAGES {
            all.clone()
        } else {
            let (first, rest): (Vec<_>, Vec<_>) = all.iter().copied().partition(|row| followed(row));
            let (trouble, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|row| is_trouble(row));
            let trouble = evenly(&trouble, MOST_MESSAGES.saturating_sub(first.len()) * 3 / 4);
            let rest = evenly(&rest, MOST_MESSAGES.saturating_sub(first.len() + trouble.len()));
            first.into_iter().chain(trouble).chain(rest).collect()
        };
        rows.sort_by(|a, b| (a.composed, &a.message, &a.to).cmp(&(b.composed, &b.message, &b.to)));
        let mut stories = self.stories(&rows, &first);
        let messages: Vec<Message> = rows
            .iter()
            .map(|row| {
                let id = escape(row.message.as_bytes());
                let m = threads.get(&*id).copied();
                let story = stories.remove(&(&*row.message, &*row.to));
                let subject = subjects.get(&id).map(|subject| shortened(subject));
                message(row, id, m, (subject, story))
            })
            .collect();
        self.shown("copies of messages in the table", messages.len(), all.len());
        self.shown(
            "copies of messages with their story",
            messages.iter().filter(|one| one.story.is_some()).count(),
            all.len(),
        );
        messages
    }

    /// The lives of copies as far as there is room, those that are told first before all others.
    fn stories<'r>(&self, rows: &[&'r MessageRow], first: &BTreeSet<&str>) -> BTreeMap<(&'r str, &'r str), String> {
        let start = self.source.manifest["start"].as_str().and_then(UnixTime::parse).unwrap_or(UnixTime::DEFAULT_START);
        let zones = BTreeMap::new();
        let clock = Clock::new(start);
        let told = Choice::of(self.source.tables).told(self.source.tables);
        let mut left = MOST_STORIES;
        let mut stories = BTreeMap::new();
        let (before, after): (Vec<&MessageRow>, Vec<&MessageRow>) =
            rows.iter().copied().partition(|row| first.contains(&*row.message));
        for row in before.into_iter().chain(after.into_iter().filter(|row| told.contains(&*row.message))) {
            let witness = self.source.observed.and_then(|observed| observed.reel.witnesses.get(&*row.message));
            let sources = Sources { tables: self.source.tables, clock, witness, zones: &zones };
            let told = message_stories(&sources, &row.message, Some(&row.to));
            let story = told.first().map(|story| story.text(clock, false)).filter(|story| story.len() <= left);
            left -= story.as_ref().map_or(0, String::len);
            stories.extend(story.map(|story| ((&*row.message, &*row.to), story)));
        }
        stories
    }

    fn attempts(&mut self, messages: &[Message]) -> Vec<Attempt> {
        let told: BTreeSet<&str> = messages.iter().filter(|one| one.story.is_some()).map(|one| &*one.id).collect();
        let all = &self.source.tables.attempts;
        let rows = all.iter().filter(|row| told.contains(&*escape(row.message.as_bytes())));
        let attempts: Vec<Attempt> = rows.take(MOST_ATTEMPTS).map(attempt).collect();
        self.shown("attempts", attempts.len(), all.len());
        attempts
    }

    fn faults(&mut self) -> Vec<Fault> {
        let all = &self.source.tables.faults;
        let fault = |row: &crate::metrics::FaultRow| {
            let port = row.port.map(|port| format!("port {port}"));
            let where_to = [row.host.as_deref(), row.link.as_deref(), port.as_deref()];
            let where_to: Vec<&str> = where_to.into_iter().flatten().collect();
            let what = format!("{}: {}", row.kind.name(), escape(where_to.join(", ").as_bytes()));
            Fault { began: row.began.as_nanos(), ended: row.ended.map(SimTime::as_nanos), what }
        };
        let faults: Vec<Fault> = all.iter().take(MOST_FAULTS).map(fault).collect();
        if !all.is_empty() {
            self.shown("faults", faults.len(), all.len());
        }
        faults
    }

    fn charts(&mut self) -> Vec<Chart> {
        let mut left = MOST_CHARTS;
        let (mut drawn, mut left_out) = (Vec::new(), Vec::new());
        let source = ChartSource::with_scenario(self.source.tables, self.source.scenario);
        for name in charts::chart_names() {
            let Ok(drawing) = charts::draw(name, &source, Theme::default()) else { continue };
            if drawing.is_blank() {
                continue;
            }
            let Ok(svg) = drawing.svg() else { continue };
            if svg.len() <= left {
                left -= svg.len();
                let (title, note) = (drawing.title().to_owned(), drawing.note().to_owned());
                drawn.push(Chart { name, title, note, svg });
            } else if name != "topology" || self.hosts.is_empty() {
                // the page draws the network itself
                left_out.push(name);
            }
        }
        if !left_out.is_empty() {
            let names = left_out.join(", ");
            let what = if left_out.len() == 1 { "This chart is" } else { "These charts are" };
            let how = "to see one, run \"posthaste chart RUN NAME\" with the result folder and its name";
            self.notes.push(format!("{what} too large for this page: {names}; {how}."));
        }
        drawn
    }

    fn scenario(&mut self) -> String {
        let text = self.source.scenario;
        if text.len() <= MOST_SCENARIO {
            return text.to_owned();
        }
        self.notes.push("The scenario is too large for this page; it stands in scenario.resolved.json.".to_owned());
        text.char_indices().take_while(|(place, _)| *place < MOST_SCENARIO).map(|(_, c)| c).collect()
    }
}

fn packet(shot: &Shot, seen: &Seen, places: &[usize]) -> Packet {
    let known = |comment: &&String| {
        !comment.starts_with("connection ") && (seen.thread.is_none() || !comment.starts_with("message "))
    };
    Packet {
        to: shot.to.and_then(|host| places.get(host.index()).copied()),
        a: shot.arrived.map(SimTime::as_nanos),
        n: shot.length,
        o: STANDARD.encode(&shot.octets),
        x: shot.comments.iter().filter(known).map(|comment| escape(comment.as_bytes())).collect(),
    }
}

/// A line that is not too long to read.
fn shortened(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn texts(text: Option<&Text>) -> Option<String> {
    text.map(|text| escape(text.as_bytes()))
}

fn message(
    row: &MessageRow,
    id: String,
    m: Option<u32>,
    (subject, story): (Option<String>, Option<String>),
) -> Message {
    let nanos = |at: Option<SimTime>| at.map(SimTime::as_nanos);
    Message {
        id,
        from: escape(row.from.as_bytes()),
        to: escape(row.to.as_bytes()),
        subject,
        kind: kind(row.kind),
        status: row.status.name(),
        reason: texts(row.reason.as_ref()),
        composed: row.composed.as_nanos(),
        delivered: nanos(row.delivered),
        retrieved: nanos(row.retrieved),
        ended: nanos(row.ended),
        attempts: row.attempts,
        bytes: row.bytes,
        phases: row.phases.iter().map(|phase| phase.as_nanos()).collect(),
        story,
        m,
    }
}

const fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::User => "user",
        MessageKind::Bounce => "bounce",
        MessageKind::Delay => "delay",
        MessageKind::Success => "success",
        MessageKind::Vacation => "vacation",
    }
}

fn attempt(row: &AttemptRow) -> Attempt {
    let code = row.reply_code.map(|code| code.to_string());
    let parts = [code.as_deref(), row.text.as_deref().or(row.reason.as_deref())];
    Attempt {
        message: escape(row.message.as_bytes()),
        to: escape(row.to.as_bytes()),
        server: escape(row.server.as_bytes()),
        number: row.attempt,
        started: row.started.as_nanos(),
        ended: row.ended.map(SimTime::as_nanos),
        exchange: texts(row.exchange.as_ref()),
        connection: texts(row.connection.as_ref()),
        outcome: row.outcome.name(),
        text: shortened(&escape(parts.into_iter().flatten().collect::<Vec<_>>().join(" ").as_bytes())),
        next: row.next.map(SimTime::as_nanos),
    }
}

/// The subjects of messages whose headers stand in a transcript, by Message-ID.
fn subjects(dialogues: &[Spoken]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for dialogue in dialogues {
        let (mut id, mut subject) = (None::<String>, None::<String>);
        let mut in_subject = false;
        for (_, line) in &dialogue.lines {
            let line = line.get(3..).unwrap_or_default();
            if line.starts_with([' ', '\t']) {
                // RFC 5322 2.2.3: "Unfolding is accomplished by simply removing any CRLF that is immediately followed by WSP"
                if let (true, Some(subject)) = (in_subject, &mut subject) {
                    *subject += line;
                }
                continue;
            }
            in_subject = false;
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("Message-ID") => id = Some(value.trim().to_owned()),
                Some((name, value)) if name.eq_ignore_ascii_case("Subject") => {
                    in_subject = true;
                    subject = Some(value.trim().to_owned());
                }
                Some(_) => {}
                None => {
                    if let (Some(id), Some(subject)) = (id.take(), subject.take()) {
                        found.entry(id).or_insert(subject);
                    }
                }
            }
        }
    }
    found
}
