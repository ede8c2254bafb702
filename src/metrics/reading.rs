//! Reading mail: what the sessions of users with their mailboxes cost, what each message waited for until it was
//! shown, and how the mailboxes grew.
//!
//! Sessions that the end of the run or a failure of the computer cut off are told as far as they came. Left out:
//! sessions of programs outside the simulation, which tell nobody what they want. Of very many changes of mailboxes only the first are kept.

use rustc_hash::{FxHashMap, FxHashSet};

use super::copies::Copies;
use super::names::{NameId, Names, Text};
use super::record::Tables;
use super::summary::{Metric, Metrics, mean_s, nearest_rank};
use super::words;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::MailTrace;

/// So many changes of mailboxes are kept.
pub const MAX_CHANGES: usize = 500_000;

/// A user's session with the mailbox: a row of the table `mailbox_sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxSessionRow {
    /// The user's address.
    pub user: Text,
    /// The host on which the user reads.
    pub device: Text,
    /// The protocol's name.
    pub protocol: Text,
    /// The connection's name, if it came to one.
    pub connection: Option<Text>,
    /// When the user began.
    pub began: SimTime,
    /// When it was over.
    pub ended: SimTime,
    /// Commands or requests.
    pub commands: u64,
    /// How often the client said something and then heard something.
    pub round_trips: u64,
    /// Octets that the client said.
    pub sent: u64,
    /// Octets that it heard.
    pub received: u64,
    /// Messages that it was told of.
    pub listed: u64,
    /// Messages and parts that it fetched.
    pub opened: u64,
    /// Messages of which it learned that others marked or removed them.
    pub learned: u64,
    /// Why it ended before its time.
    pub trouble: Option<Text>,
}

/// A message that was shown to a user: a row of the table `readings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingRow {
    /// Message-ID.
    pub message: Text,
    /// The user's address.
    pub user: Text,
    /// The host on which it was shown.
    pub device: Text,
    /// When it was written; none of what nobody sent.
    pub composed: Option<SimTime>,
    /// When it came into the mailbox.
    pub delivered: Option<SimTime>,
    /// When the look at the mailbox began that found it.
    pub found: SimTime,
    /// When what was shown had come to the device.
    pub here: SimTime,
    /// When it was shown.
    pub shown: SimTime,
    /// How long it waited in the mailbox until somebody looked.
    pub poll_wait: Option<SimDuration>,
    /// How long the reader left it alone after that.
    pub pause: Option<SimDuration>,
    /// How long it took to bring it: all the rest, until it was shown.
    pub retrieval: Option<SimDuration>,
}

impl ReadingRow {
    /// From the writer to the reader's eyes.
    #[must_use]
    pub fn send_to_read(&self) -> Option<SimDuration> {
        Some(self.shown.since(self.composed?))
    }
}

/// How much is in a mailbox from an instant on: a row of the table `mailboxes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxRow {
    /// Since when.
    pub at: SimTime,
    /// The user's address.
    pub user: Text,
    /// Messages, in all folders.
    pub messages: u32,
    /// Their octets.
    pub bytes: u64,
}

/// What a message waited for from its delivery until it was shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// Somebody who looks.
    pub(super) poll: SimDuration,
    /// The user, who knew of it.
    pub(super) pause: SimDuration,
    /// Its way to the user's computer.
    pub(super) retrieval: SimDuration,
}

impl Waits {
    /// Of a message that was delivered and shown at these times; the look that found it began before, and the user paused.
    pub(super) fn of(delivered: SimTime, (found, pause): (SimTime, SimDuration), shown: SimTime) -> Self {
        let looked = found.max(delivered).min(shown);
        let pause = pause.min(shown.since(looked));
        Self { poll: looked.since(delivered), pause, retrieval: shown.since(looked).saturating_sub(pause) }
    }
}

/// A session as the trace told it.
#[derive(Clone, Debug)]
struct Session {
    host: HostId,
    conn: Option<ConnId>,
    row: MailboxSessionRow,
}

/// The readings of a run.
#[derive(Clone, Debug)]
pub(super) struct Readings {
    sessions: Vec<Session>,
    readings: Vec<(HostId, ReadingRow)>,
    /// What was shown, by device, mailbox and message: only the first time counts.
    seen: FxHashSet<(HostId, NameId, NameId)>,
    changes: Vec<(SimTime, NameId, u32, u64)>,
    /// So many of them have rows.
    most: usize,
    levels: FxHashMap<NameId, Level>,
    /// The most octets that were in one mailbox for some time.
    max_bytes: u64,
}

/// How much is in a mailbox.
#[derive(Clone, Copy, Debug)]
struct Level {
    since: SimTime,
    messages: u32,
    bytes: u64,
    /// Its row among the changes, if it still got one.
    place: Option<usize>,
}

/// What is in all mailboxes at the end, and the most that was in one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stock {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) max_bytes: u64,
}

impl Default for Readings {
    fn default() -> Self {
        Self {
            sessions: Vec::new(),
            readings: Vec::new(),
            seen: FxHashSet::default(),
            changes: Vec::new(),
            most: MAX_CHANGES,
            levels: FxHashMap::default(),
            max_bytes: 0,
        }
    }
}

impl Readings {
    /// Takes an event that is about reading; others are left alone.
    pub(super) fn observe(
        &mut self,
        names: &mut Names,
        copies: &Copies,
        (host, at): (HostId, SimTime),
        event: &MailTrace<'_>,
    ) {
        if let MailTrace::Session { mailbox, protocol, conn, began, trouble, .. } = *event
            && let MailTrace::Session { commands, round_trips, sent, received, listed, opened, learned, .. } = *event
        {
            let row = MailboxSessionRow {
                user: names.share(mailbox),
                device: names.share(""),
                protocol: names.share(words::protocol(protocol)),
                connection: None,
                began,
                ended: at,
                commands,
                round_trips,
                sent,
                received,
                listed,
                opened,
                learned,
                trouble: trouble.map(|why| names.share(why)),
            };
            self.sessions.push(Session { host, conn, row });
        }
        if let MailTrace::Shown { message, mailbox, found, here, pause } = *event {
            // A message that has no name cannot be known again.
            if !message.is_empty() && !self.seen.insert((host, names.id(mailbox), names.id(message))) {
                return;
            }
            let known = copies.arrival(names, message, mailbox);
            let (composed, delivered) = known.map_or((None, None), |(composed, at)| (Some(composed), Some(at)));
            let waits = delivered.map(|delivered| Waits::of(delivered, (found, pause), at));
            let row = ReadingRow {
                message: names.share(message),
                user: names.share(mailbox),
                device: names.share(""),
                composed,
                delivered,
                found,
                here,
                shown: at,
                poll_wait: waits.map(|waits| waits.poll),
                pause: waits.map(|waits| waits.pause),
                retrieval: waits.map(|waits| waits.retrieval),
            };
            self.readings.push((host, row));
        }
        if let MailTrace::MailboxSize { mailbox, messages, bytes } = *event {
            self.size(names.id(mailbox), at, (messages, bytes));
        }
    }

    /// Of several changes at one instant the last counts.
    fn size(&mut self, mailbox: NameId, at: SimTime, (messages, bytes): (u32, u64)) {
        let mut place = None;
        if let Some(level) = self.levels.get_mut(&mailbox) {
            if (level.messages, level.bytes) == (messages, bytes) {
                return;
            }
            if level.since == at {
                (level.messages, level.bytes) = (messages, bytes);
                if let Some(row) = level.place.and_then(|place| self.changes.get_mut(place)) {
                    (row.2, row.3) = (messages, bytes);
                }
                return;
            }
            self.max_bytes = self.max_bytes.max(level.bytes);
        }
        if self.changes.len() < self.most {
            place = Some(self.changes.len());
            self.changes.push((at, mailbox, messages, bytes));
        }
        self.levels.insert(mailbox, Level { since: at, messages, bytes, place });
    }

    /// What is in the mailboxes now, of which all changes count, those without rows too.
    pub(super) fn stock(&self) -> Stock {
        let levels = || self.levels.values();
        Stock {
            messages: levels().map(|level| u64::from(level.messages)).sum(),
            bytes: levels().map(|level| level.bytes).sum(),
            max_bytes: levels().map(|level| level.bytes).max().unwrap_or(0).max(self.max_bytes),
        }
    }

    /// The rows of all three tables, sorted.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory, tables: &mut Tables) {
        let sessions = self.sessions.into_iter().map(|Session { host, conn, row }| MailboxSessionRow {
            device: names.share(directory.host_name(host)),
            connection: conn.map(|conn| names.share(&directory.conn_name(conn))),
            ..row
        });
        tables.mailbox_sessions = sessions.collect();
        tables.mailbox_sessions.sort_by(|a, b| (a.began, &a.user, &a.device).cmp(&(b.began, &b.user, &b.device)));
        let readings = self.readings.into_iter();
        tables.readings =
            readings.map(|(host, row)| ReadingRow { device: names.share(directory.host_name(host)), ..row }).collect();
        let key = |row: &ReadingRow| (row.shown, row.user.clone(), row.device.clone(), row.message.clone());
        tables.readings.sort_by_cached_key(key);
        let changes = self.changes.into_iter();
        tables.mailboxes = changes
            .map(|(at, user, messages, bytes)| MailboxRow { at, user: names.text(user), messages, bytes })
            .collect();
        tables.mailboxes.sort_by(|a, b| (a.at, &a.user).cmp(&(b.at, &b.user)));
    }
}

/// One of the times that a message waited for.
type Wait = fn(&ReadingRow) -> Option<SimDuration>;

/// The numbers about reading.
pub(super) fn count(tables: &Tables, stock: Stock, metrics: &mut Metrics) {
    let mut put = |name: String, value: u64| metrics.insert(name, Metric::Integer(value));
    for (prefix, protocol) in
        [("read", None), ("read.pop3", Some("pop3")), ("read.imap", Some("imap")), ("read.http", Some("http"))]
    {
        let rows = || tables.mailbox_sessions.iter().filter(|row| protocol.is_none_or(|name| *row.protocol == *name));
        let sum = |figure: fn(&MailboxSessionRow) -> u64| rows().map(figure).sum::<u64>();
        put(format!("{prefix}.sessions"), rows().count() as u64);
        put(format!("{prefix}.commands"), sum(|row| row.commands));
        put(format!("{prefix}.round_trips"), sum(|row| row.round_trips));
        put(format!("{prefix}.bytes_sent"), sum(|row| row.sent));
        put(format!("{prefix}.bytes_received"), sum(|row| row.received));
        if protocol.is_none() {
            put(format!("{prefix}.failed"), rows().filter(|row| row.trouble.is_some()).count() as u64);
            put(format!("{prefix}.listed"), sum(|row| row.listed));
            put(format!("{prefix}.opened"), sum(|row| row.opened));
            put(format!("{prefix}.learned"), sum(|row| row.learned));
        }
    }
    put("read.shown".to_owned(), tables.readings.len() as u64);
    put("mailboxes.messages".to_owned(), stock.messages);
    put("mailboxes.bytes".to_owned(), stock.bytes);
    put("mailboxes.max_bytes".to_owned(), stock.max_bytes);
    let times: [(&str, Wait); 4] = [
        ("read.poll_wait", |row| row.poll_wait),
        ("read.pause", |row| row.pause),
        ("read.retrieval", |row| row.retrieval),
        ("read.send_to_read", ReadingRow::send_to_read),
    ];
    for (name, of) in times {
        let mut values: Vec<SimDuration> = tables.readings.iter().filter_map(of).collect();
        values.sort_unstable();
        for (quantile, percent) in [("p50", 50), ("p95", 95), ("max", 100)] {
            if let Some(value) = nearest_rank(&values, percent) {
                metrics.insert(format!("{name}.{quantile}_s"), Metric::Float(value.as_secs_f64()));
            }
        }
        if let Some(mean) = mean_s(values.into_iter()) {
            metrics.insert(format!("{name}.mean_s"), Metric::Float(mean));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{S, Script};
    use super::*;
    use crate::base::trace::{Phase, Protocol, Trace};

    /// Would break if the wait for somebody to look and the way of the message were told apart wrongly, if a mailbox
    /// showed what lasted no time, or if a figure stood in another's column.
    #[test]
    fn waits_sessions_and_sizes_are_told_apart() {
        let (mut script, id, mailbox) = (Script::two_domains(), "<1@crepes.fr>", "bob@hamburger.edu");
        script.one_message(id, 0);
        let time = SimTime::from_nanos;
        let mut tell_on = |device: &str, at, event| {
            script.event(device, at, Trace::Mail(event));
        };
        for (at, messages) in [(100, 1), (100, 2), (101, 2), (102, 0)] {
            tell_on("pc", at * S, MailTrace::MailboxSize { mailbox, messages, bytes: u64::from(messages) * 10 });
        }
        let shown = |message, found, here| {
            let pause = SimDuration::from_secs(14);
            MailTrace::Shown { message, mailbox, found: time(found), here: time(here), pause }
        };
        tell_on("pc", 110 * S, shown(id, 90 * S + 7, 96 * S + 7));
        // On another device the look began before the message came; what is shown again is no second row.
        tell_on("pc", 111 * S, shown(id, 95 * S, 96 * S + 7));
        tell_on("crepes.fr", 111 * S, shown(id, 5 * S, 96 * S + 7));
        tell_on("pc", 112 * S, shown("<unknown@crepes.fr>", 90 * S, 91 * S));
        let session = |trouble| MailTrace::Session {
            mailbox,
            protocol: Protocol::Imap,
            conn: None,
            began: time(90 * S),
            commands: 1,
            round_trips: 2,
            sent: 3,
            received: 4,
            listed: 5,
            opened: 6,
            learned: 7,
            trouble,
        };
        tell_on("pc", 120 * S, session(None));
        tell_on("pc", 121 * S, session(Some("no")));
        let record = script.finish(1_000 * S);
        let waits = |row: &ReadingRow| -> (Option<u64>, Option<u64>, Option<u64>) {
            [row.poll_wait, row.pause, row.retrieval].map(|time| time.map(|t| t.as_nanos())).into()
        };
        assert_eq!(
            record.tables.readings.iter().map(waits).collect::<Vec<_>>(),
            [
                (Some(84 * S), Some(14 * S), Some(6 * S - 7)),
                (Some(0), Some(14 * S), Some(91 * S - 7)),
                (None, None, None)
            ]
        );
        assert_eq!(record.tables.readings[0].send_to_read().map(|t| t.as_nanos()), Some(110 * S));
        let sizes: Vec<_> = record.tables.mailboxes.iter().map(|row| (row.at.as_nanos() / S, row.messages)).collect();
        assert_eq!(sizes, [(100, 2), (102, 0)]);
        let metrics = record.metrics();
        let number = |name: &str| metrics[name].value();
        let figures =
            ["commands", "round_trips", "bytes_sent", "bytes_received", "listed", "opened", "learned", "failed"];
        assert_eq!(figures.map(|name| number(&format!("read.{name}"))), [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 1.0]);
        assert_eq!((number("read.imap.sessions"), number("read.pop3.sessions")), (2.0, 0.0));
        assert_eq!((number("mailboxes.max_bytes"), number("mailboxes.bytes")), (20.0, 0.0));
    }

    /// Would break if figures stopped where the rows of the table do, or if what a mailbox held for no time were its most.
    #[test]
    fn mailboxes_are_counted_beyond_their_rows() {
        let (mut readings, mut names) = (Readings { most: 3, ..Readings::default() }, Names::default());
        for (at, mailbox, bytes) in [
            (1, "a@x", 10),
            (2, "a@x", 20),
            (3, "b@x", 5),
            (4, "b@x", 90),
            (5, "a@x", 200),
            (5, "a@x", 30),
            (6, "b@x", 7),
        ] {
            readings.size(names.id(mailbox), SimTime::from_nanos(at), (1, bytes));
        }
        assert_eq!(readings.changes.len(), 3);
        assert_eq!(readings.stock(), Stock { messages: 2, bytes: 37, max_bytes: 90 });
    }

    /// Would break if the way of a text to its reader counted as time in the mailbox, or the phases did not sum.
    #[test]
    fn texts_have_a_time_of_retrieval() {
        let (mut script, id, mailbox) = (Script::two_domains(), "<1@crepes.fr>", "bob@hamburger.edu");
        script.compose("pc", 0, id, "alice@crepes.fr", mailbox).accept("hamburger.edu", S, id, mailbox);
        script.deliver("hamburger.edu", S, id, mailbox);
        let (found, here) = (SimTime::from_nanos(20 * S), SimTime::from_nanos(30 * S));
        let shown = MailTrace::Shown { message: id, mailbox, found, here, pause: SimDuration::from_secs(4) };
        script.event("pc", 30 * S, Trace::Mail(shown));
        let record = script.finish(100 * S);
        let row = &record.tables.messages[0];
        let of = |phase: Phase| row.phases[phase as usize].as_secs();
        assert_eq!((of(Phase::InMailbox), of(Phase::Retrieval)), (23, 6));
        assert_eq!(row.phases.iter().map(|time| time.as_secs()).sum::<u64>(), 30);
        assert_eq!(record.tables.readings[0].retrieval, Some(SimDuration::from_secs(6)));
    }
}
