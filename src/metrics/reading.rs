//! Reading mail: what the sessions of users with their mailboxes cost, what each message waited for until it was
//! shown, and how the mailboxes grew.
//!
//! Sessions that the end of the run or a failure of the computer cut off are told as far as they came. Left out:
//! sessions of programs outside the simulation, which tell nobody what they want. Of very many changes of mailboxes only the first are kept.

use std::collections::BTreeMap;

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

/// A session as the trace told it.
#[derive(Clone, Debug)]
struct Session {
    host: HostId,
    conn: Option<ConnId>,
    row: MailboxSessionRow,
}

/// The readings of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Readings {
    sessions: Vec<Session>,
    readings: Vec<(HostId, ReadingRow)>,
    /// What was shown, by device, mailbox and message: only the first time counts.
    seen: FxHashSet<(HostId, NameId, NameId)>,
    changes: Vec<(SimTime, NameId, u32, u64)>,
    /// Where the last change of a mailbox stands.
    last: FxHashMap<NameId, usize>,
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
            let looked = delivered.map(|delivered| found.max(delivered).min(at));
            let pause = looked.map(|looked| pause.min(at.since(looked)));
            let row = ReadingRow {
                message: names.share(message),
                user: names.share(mailbox),
                device: names.share(""),
                composed,
                delivered,
                found,
                here,
                shown: at,
                poll_wait: looked.zip(delivered).map(|(looked, delivered)| looked.since(delivered)),
                pause,
                retrieval: looked.zip(pause).map(|(looked, pause)| at.since(looked).saturating_sub(pause)),
            };
            self.readings.push((host, row));
        }
        if let MailTrace::MailboxSize { mailbox, messages, bytes } = *event {
            self.size(names.id(mailbox), at, (messages, bytes));
        }
    }

    /// Of several changes at one instant the last counts.
    fn size(&mut self, mailbox: NameId, at: SimTime, (messages, bytes): (u32, u64)) {
        if let Some(last) = self.last.get(&mailbox).and_then(|place| self.changes.get_mut(*place)) {
            if (last.2, last.3) == (messages, bytes) {
                return;
            }
            if last.0 == at {
                (last.2, last.3) = (messages, bytes);
                return;
            }
        }
        if self.changes.len() < MAX_CHANGES {
            self.last.insert(mailbox, self.changes.len());
            self.changes.push((at, mailbox, messages, bytes));
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
pub(super) fn count(tables: &Tables, metrics: &mut Metrics) {
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
    let last: BTreeMap<&str, &MailboxRow> = tables.mailboxes.iter().map(|row| (&*row.user, row)).collect();
    put("mailboxes.messages".to_owned(), last.values().map(|row| u64::from(row.messages)).sum());
    put("mailboxes.bytes".to_owned(), last.values().map(|row| row.bytes).sum());
    put("mailboxes.max_bytes".to_owned(), tables.mailboxes.iter().map(|row| row.bytes).max().unwrap_or(0));
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
    use crate::base::trace::{Protocol, Trace};

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
}
