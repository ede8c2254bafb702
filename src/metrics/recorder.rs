//! The observer that keeps what the tables need, and hands each event to its keeper.

use super::attempts::{Attempts, Ending};
use super::conduct::Uses;
use super::connections::Connections;
use super::dialogue::Dialogues;
use super::dns::Questions;
use super::dns_loads::Loads;
use super::faults::Faults;
use super::fingerprint::Fingerprint;
use super::links::Links;
use super::lookups::Lookups;
use super::messages::{Copies, NewCopy};
use super::names::Names;
use super::parts::{EncodedPart, Parts};
use super::processing::Processing;
use super::queues::Queues;
use super::record::{self, RunRecord, ServerBalance, Tables};
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::socket::Side;
use crate::base::time::SimTime;
use crate::base::trace::{
    AttemptOutcome, DropReason, EndFigures, FaultTrace, HostTrace, MailTrace, NetTrace, Observer, Trace, TraceEvent,
};

/// What a recorder keeps besides rows and numbers. No choice changes any row or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecorderOptions {
    /// Keep the dialogues of the first so many connections that carry one.
    pub dialogues: usize,
    /// Of each dialogue keep the first so many octets.
    pub dialogue_bytes: usize,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self { dialogues: 200, dialogue_bytes: 1 << 20 }
    }
}

/// Reads a run's trace and keeps what its tables, transcripts and metrics need.
#[derive(Clone, Debug)]
pub struct Recorder {
    directory: Directory,
    names: Names,
    fingerprint: Fingerprint,
    copies: Copies,
    attempts: Attempts,
    questions: Questions,
    loads: Loads,
    lookups: Lookups,
    connections: Connections,
    parts: Parts,
    queues: Queues,
    links: Links,
    processing: Processing,
    faults: Faults,
    conduct: Uses,
    dialogues: Dialogues,
}

impl Recorder {
    /// A recorder of a run among these hosts and links.
    #[must_use]
    pub fn new(directory: Directory, options: RecorderOptions) -> Self {
        let (hosts, links) = (directory.hosts().len(), directory.links().len());
        Self {
            names: Names::default(),
            fingerprint: Fingerprint::new(),
            copies: Copies::new(hosts),
            attempts: Attempts::default(),
            questions: Questions::default(),
            loads: Loads::default(),
            lookups: Lookups::default(),
            connections: Connections::default(),
            parts: Parts::default(),
            queues: Queues::new(hosts),
            links: Links::new(links),
            processing: Processing::default(),
            faults: Faults::default(),
            conduct: Uses::default(),
            dialogues: Dialogues::new(options.dialogues, options.dialogue_bytes),
            directory,
        }
    }

    /// The fingerprint of the events so far.
    #[must_use]
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Takes what those ends of connections have measured that are not closed at the end of the
    /// run.
    pub fn open_ends(&mut self, ends: impl IntoIterator<Item = (ConnId, Side, EndFigures)>) {
        for (conn, side, figures) in ends {
            self.connections.still_open(conn, side, figures);
        }
    }

    /// Ends the run at `end` (not before the last event) and gives its rows and numbers.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> RunRecord {
        let names = &mut self.names;
        let directory = &self.directory;
        let servers = self.copies.ledgers().iter().zip(self.copies.held()).zip(self.queues.last());
        let servers = directory.hosts().iter().zip(servers).filter_map(|(host, ((ledger, held), queue))| {
            let balance = ServerBalance {
                server: names.share(&host.name),
                accepted: ledger.accepted,
                delivered: ledger.delivered,
                relayed: ledger.relayed,
                given_up: ledger.given_up,
                expanded: ledger.expanded,
                discarded: ledger.discarded,
                queued: held,
                queue_length: queue,
            };
            (ledger.accepted > 0 || queue.is_some()).then_some(balance)
        });
        let servers: Vec<ServerBalance> = servers.collect();
        let attempts = self.attempts.finish(names, directory, |copy| self.copies.names_of(copy));
        let (messages, violations) = self.copies.finish(names, end);
        let (dialogues, dialogues_left_out) = self.dialogues.finish(names, directory, &self.connections);
        let (dns_queries, cache) = self.questions.finish(names, directory);
        let (caches, dns_servers) = self.loads.finish(names, directory, end);
        let lookups = self.lookups.finish();
        let (links, dropped_at_hosts) = self.links.finish(names, directory);
        let turned_away = self.connections.turned_away();
        let connections = self.connections.finish(names, directory);
        let (parts, encodings) = self.parts.finish(names);
        let queue = self.queues.finish(names, directory);
        let faults = self.faults.finish(names, directory);
        let conduct = self.conduct.finish(names, directory);
        let hosts = self.processing.finish(names, directory);
        RunRecord {
            start: directory.start(),
            fingerprint: self.fingerprint.digest(),
            trace_events: self.fingerprint.events(),
            tables: Tables {
                end,
                messages,
                attempts,
                dns_queries,
                caches,
                dns_servers,
                connections,
                queue,
                parts,
                links,
                faults,
                conduct,
                cwnd: None,
            },
            dialogues,
            dialogues_left_out,
            servers,
            hosts,
            counts: record::Counts { cache, dropped_at_hosts, turned_away, lookups, encodings },
            violations,
        }
    }

    fn mail(&mut self, host: HostId, at: SimTime, event: &MailTrace<'_>) {
        match *event {
            MailTrace::Composed { message, from, to, bytes, kind: _, about } => {
                let new = NewCopy { message, from, to, bytes, bounce_of: about };
                self.copies.compose(&mut self.names, &new, at);
            }
            MailTrace::Phase { message, to, phase } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, phase.name()) {
                    self.copies.phase(copy, phase, at);
                }
            }
            MailTrace::Accepted { message, to, .. } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "accepted") {
                    self.copies.accept(copy, host, at);
                }
            }
            MailTrace::Refused { message, to, failure } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "refused") {
                    self.copies.refuse(copy, failure.kind, at);
                }
            }
            MailTrace::AttemptStarted { message, to, attempt } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "attempted") {
                    self.copies.attempted(copy);
                    self.attempts.start(copy, host, attempt, at);
                }
            }
            MailTrace::AttemptEnded { message, to, attempt, exchange, conn, outcome } => {
                let ending = Ending { attempt, exchange, conn, outcome };
                self.attempt_ended(host, at, (message, to), &ending);
            }
            MailTrace::Delivered { message, to, mailbox } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "delivered") {
                    self.copies.deliver(&mut self.names, copy, (host, mailbox), at);
                }
            }
            MailTrace::GivenUp { message, to, bounce, failure } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "given up") {
                    self.copies.give_up(&self.names, copy, host, (bounce.is_some(), failure.kind, at));
                }
            }
            MailTrace::Redirected { message, to, into, from, by: _ } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "redirected") {
                    self.copies.redirect(&mut self.names, copy, (host, from, into), at);
                }
            }
            MailTrace::Expanded { message, to, copies: _ } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "expanded") {
                    self.copies.expand(&self.names, copy, host, at);
                }
            }
            MailTrace::Discarded { message, to, why: _ } => {
                if let Some(copy) = self.copies.find(&self.names, message, to, "discarded") {
                    self.copies.discard(&self.names, copy, host, at);
                }
            }
            MailTrace::QueueLength { copies, waiting } => self.queues.observe(host, at, copies, waiting),
            MailTrace::Retrieved { message, mailbox, conn: _ } => {
                self.copies.retrieve(&self.names, message, mailbox, at);
            }
            MailTrace::HandedIn { message, from, to, bytes } => {
                let new = NewCopy { message, from, to, bytes, bounce_of: None };
                self.copies.hand_in(&mut self.names, &new, at);
            }
            MailTrace::Appended { message, mailbox, bytes: _ } => {
                self.copies.append(&mut self.names, message, mailbox);
            }
            MailTrace::Conduct { .. } => self.conduct.observe(host, event),
            MailTrace::Encoded { message, place, media, encoding, content, encoded } => {
                let part = EncodedPart { message, place, media, encoding, content, encoded };
                self.parts.encoded(&mut self.names, &part, at);
            }
            MailTrace::Downgraded { before, after, .. } => self.parts.downgraded(before, after),
            MailTrace::MailboxSize { .. } | MailTrace::Deleted { .. } => {}
        }
    }

    fn attempt_ended(&mut self, host: HostId, at: SimTime, copy: (&str, &str), ending: &Ending<'_>) {
        let (message, to) = copy;
        let Some(id) = self.copies.find(&self.names, message, to, "attempted") else { return };
        if !self.attempts.end(&mut self.names, id, host, ending, at) {
            let server = self.directory.host_name(host);
            self.copies.violate(format!("{message} for {to}: {server} ended an attempt that it had not begun"));
        }
        if matches!(ending.outcome, AttemptOutcome::Completed) {
            self.copies.relayed(&self.names, id, host);
        }
    }
}

impl Observer for Recorder {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        self.fingerprint.observe(event);
        let (host, at) = (event.host, event.at);
        match event.what {
            Trace::Net(ref net) => {
                self.links.observe(net);
                if let NetTrace::Dropped { packet, reason: DropReason::BacklogFull | DropReason::ServiceFull, .. } =
                    *net
                    && let Some(conn) = packet.tcp.and_then(|tcp| tcp.conn)
                {
                    self.connections.turn_away(conn);
                }
            }
            Trace::Conn { conn, side, ref step } => self.connections.observe((conn, side), host, at, step),
            Trace::Dialogue { conn, side, protocol, bytes } => {
                self.connections.speak(conn, side, protocol, bytes);
                self.dialogues.observe(conn, side, protocol, at, bytes);
            }
            Trace::Dns(ref dns) => {
                self.questions.observe(&mut self.names, &self.directory, host, at, dns);
                self.loads.observe(&self.directory, host, dns);
                self.lookups.observe(&mut self.names, at, dns);
            }
            Trace::Mail(ref mail) => self.mail(host, at, mail),
            Trace::Host(ref event) => {
                self.processing.observe(host, event);
                self.lookups.observe_host(event);
                if let HostTrace::TurnedAway { conn } = *event {
                    self.connections.turn_away(conn);
                }
            }
            Trace::Fault(fault) => {
                if fault == FaultTrace::HostDown {
                    self.connections.crashed(host, at);
                }
                self.faults.observe(host, at, fault);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::socket::Side;
    use crate::base::trace::DropReason;
    use crate::metrics::testing::Script;
    use crate::metrics::{DnsOutcome, DnsRole, Metric, RecorderOptions};

    /// Breaks when a question is joined with another server's task, or a resolver's own
    /// question loses the one for which it was asked.
    #[test]
    fn dns_rows_join_both_sides() {
        let mut script = Script::two_domains();
        script.lookup(1_000);
        let record = script.finish(5_000_000_000);
        let [stub, upstream] = &record.tables.dns_queries[..] else { panic!("two questions") };
        assert_eq!((&*stub.query, stub.role, &*stub.to), ("pc?1", DnsRole::Stub, "resolver"));
        assert_eq!(
            (stub.cache.as_deref(), stub.outcome, stub.for_query.as_deref()),
            (Some("miss"), DnsOutcome::Answer, None)
        );
        assert_eq!((&*stub.rtype, stub.rcode.as_deref()), ("MX", Some("NOERROR")));
        assert_eq!((upstream.role, upstream.for_query.as_deref()), (DnsRole::Resolver, Some("pc?1")));
        assert_eq!((upstream.outcome, upstream.cache.as_deref()), (DnsOutcome::Timeout, None));
        assert_eq!(upstream.latency.unwrap().as_nanos(), 1_000_000_000);
        assert_eq!(record.metrics()["dns.cache_misses"], Metric::Integer(1));
    }

    #[test]
    fn connections_and_links_are_counted() {
        let mut script = Script::two_domains();
        script.connection("crepes.fr", 1, 25, 0, &[(Side::Server, "220 hi\r\n")]);
        script.packet(0, None);
        script.packet(9, Some(DropReason::QueueFull));
        script.packet(19, Some(DropReason::LinkDown));
        let record = script.finish(5_000_000_000);
        let row = &record.tables.connections[0];
        assert_eq!((&*row.connection, &*row.server, row.server_port), ("crepes.fr#1", "hamburger.edu", 25));
        assert_eq!((row.setup().unwrap().as_nanos(), row.bytes_to_server), (80_000_000, Some(120)));
        assert_eq!(row.end_server.as_deref(), Some("finished"));
        let link = &record.tables.links[0];
        assert_eq!((&*link.from, link.packets, link.bytes, link.delivered_packets), ("crepes.fr", 3, 120, 1));
        assert_eq!((link.dropped_queue_full, link.dropped_other), (1, 1));
        assert_eq!(record.metrics()["network.dropped"], Metric::Integer(2));
    }

    /// Breaks when the bounds on dialogues reach a table, or lose count.
    #[test]
    fn options_change_no_row() {
        let run = |options| {
            let mut script = Script::with_options(options);
            for number in 1..4 {
                let pieces = [(Side::Server, "220 hamburger.edu\r\n")];
                script.connection("crepes.fr", number, 25, u64::from(number), &pieces);
            }
            script.finish(5_000_000_000)
        };
        let (all, few) = (run(RecorderOptions::default()), run(RecorderOptions { dialogues: 1, dialogue_bytes: 3 }));
        assert_eq!(all.tables, few.tables);
        assert_eq!(all.fingerprint, few.fingerprint);
        assert_eq!((all.dialogues.len(), all.dialogues_left_out), (3, 0));
        assert_eq!((few.dialogues.len(), few.dialogues_left_out, few.dialogues[0].omitted), (1, 2, 16));
        assert_eq!(few.dialogues[0].pieces().next().unwrap().bytes, b"220");
    }
}
