//! The observer that keeps what the tables need, and hands each event to its keeper.

use super::actions::Deeds;
use super::conduct::Uses;
use super::connections::Connections;
use super::dialogue::Dialogues;
use super::dns::Questions;
use super::dns_loads::Loads;
use super::faults::Faults;
use super::fingerprint::Fingerprint;
use super::links::Links;
use super::lookups::Lookups;
use super::mail::MailBooks;
use super::names::Names;
use super::parts::Parts;
use super::processing::Processing;
use super::record::{self, RunRecord, ServerBalance, Tables};
use super::smtp_sessions::Sessions;
use super::web::Browsing;
use super::{storms, survival};
use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::socket::Side;
use crate::base::time::SimTime;
use crate::base::trace::{
    DropReason, EndFigures, FaultTrace, HostTrace, NetTrace, Observer, Protocol, Trace, TraceEvent,
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
    mail: MailBooks,
    sessions: Sessions,
    questions: Questions,
    loads: Loads,
    lookups: Lookups,
    connections: Connections,
    parts: Parts,
    links: Links,
    processing: Processing,
    faults: Faults,
    conduct: Uses,
    deeds: Deeds,
    browsing: Browsing,
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
            mail: MailBooks::new(hosts),
            sessions: Sessions::default(),
            questions: Questions::default(),
            loads: Loads::default(),
            lookups: Lookups::default(),
            connections: Connections::default(),
            parts: Parts::default(),
            links: Links::new(links),
            processing: Processing::default(),
            faults: Faults::default(),
            conduct: Uses::default(),
            deeds: Deeds::default(),
            browsing: Browsing::default(),
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
        let servers = self.balances();
        let names = &mut self.names;
        let directory = &self.directory;
        let mut mail = self.mail;
        let (lost_replies, duplicates) = mail.replies.finish(names, directory, (&mail.copies, &mail.attempts));
        let attempts = mail.attempts.finish(names, directory, |copy| mail.copies.names_of(copy));
        let (messages, violations) = mail.copies.finish(names, end);
        let (queue_destinations, stays) = mail.copies.queues.finish(names, directory);
        let (dialogues, dialogues_left_out) = self.dialogues.finish(names, directory, &self.connections);
        let (dns_queries, cache) = self.questions.finish(names, directory);
        let (caches, dns_servers) = self.loads.finish(names, directory, end);
        let (links, dropped_at_hosts) = self.links.finish(names, directory);
        let turned_away = self.connections.turned_away();
        let smtp_sessions = self.sessions.finish(names, directory, &self.connections);
        let faults = self.faults.finish(names, directory);
        let (web_requests, web_pages) = self.browsing.finish();
        let (parts, encodings) = self.parts.finish(names);
        let mut tables = Tables {
            end,
            attempt_rates: storms::rates(&attempts),
            storms: storms::storms(&attempts, &messages, &faults, end),
            reasons: mail.reasons.finish(names, directory),
            survival: survival::rows(&stays, names, directory),
            queue: mail.queues.finish(names, directory),
            connections: self.connections.finish(names, directory),
            messages,
            parts,
            attempts,
            lost_replies,
            duplicates,
            queue_destinations,
            smtp_sessions,
            dns_queries,
            caches,
            dns_servers,
            links,
            faults,
            person_actions: self.deeds.finish(names, directory),
            conduct: self.conduct.finish(names, directory),
            web_requests,
            web_pages,
            cwnd: None,
            ..Tables::default()
        };
        let stock = mail.readings.stock();
        mail.readings.finish(names, directory, &mut tables);
        RunRecord {
            start: directory.start(),
            fingerprint: self.fingerprint.digest(),
            trace_events: self.fingerprint.events(),
            tables,
            dialogues,
            dialogues_left_out,
            servers,
            hosts: self.processing.finish(names, directory),
            counts: record::Counts {
                cache,
                dropped_at_hosts,
                turned_away,
                lookups: self.lookups.finish(),
                stays,
                encodings,
                stock,
            },
            violations,
        }
    }

    /// What each server took and gave.
    fn balances(&mut self) -> Vec<ServerBalance> {
        let names = &mut self.names;
        let servers = self.mail.copies.ledgers().iter().zip(self.mail.copies.held()).zip(self.mail.queues.last());
        let servers = self.directory.hosts().iter().zip(servers).filter_map(|(host, ((ledger, held), queue))| {
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
        servers.collect()
    }

    /// The books about packets and connections.
    fn network(&mut self, event: &TraceEvent<'_>, net: &NetTrace) {
        let host = event.host;
        self.links.observe(net);
        match *net {
            // On its first link a packet leaves one of its source's addresses.
            NetTrace::Sent { packet, .. } => {
                if let Some(conn) = packet.tcp.and_then(|tcp| tcp.conn)
                    && self.directory.has_address(host, packet.src.addr)
                {
                    self.connections.carried(conn, packet.bytes);
                }
            }
            NetTrace::Dropped { packet, reason, .. } => {
                self.dialogues.dropped(event, &packet);
                if let (DropReason::BacklogFull | DropReason::ServiceFull, Some(conn)) =
                    (reason, packet.tcp.and_then(|tcp| tcp.conn))
                {
                    self.connections.turn_away(conn);
                }
            }
            NetTrace::Arrived { packet, .. } => {
                if self.directory.has_address(host, packet.dst.addr) {
                    self.dialogues.arrived(event, &packet);
                }
            }
        }
    }
}

impl Observer for Recorder {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        self.fingerprint.observe(event);
        let (host, at) = (event.host, event.at);
        match event.what {
            Trace::Net(ref net) => self.network(event, net),
            Trace::Conn { conn, side, ref step } => self.connections.observe((conn, side), host, at, step),
            Trace::Dialogue { conn, side, protocol, bytes } => {
                self.connections.speak(conn, side, protocol, bytes);
                self.dialogues.observe(conn, side, protocol, at, bytes);
                if protocol == Protocol::Smtp {
                    self.sessions.observe(conn, side, at, bytes);
                }
            }
            Trace::Dns(ref dns) => {
                self.questions.observe(&mut self.names, &self.directory, host, at, dns);
                self.loads.observe(&self.directory, host, dns);
                self.lookups.observe(&mut self.names, at, dns);
            }
            Trace::Mail(ref mail) => {
                self.conduct.observe(host, mail);
                self.dialogues.mail(&mut self.names, host, mail);
                self.deeds.observe(&mut self.names, (host, at), mail);
                self.parts.observe(&mut self.names, mail, at);
                self.mail.observe(&mut self.names, &self.directory, (host, at), mail);
            }
            Trace::Host(ref event) => {
                self.processing.observe(host, event);
                self.lookups.observe_host(event);
                if let HostTrace::TurnedAway { conn } = *event {
                    self.connections.turn_away(conn);
                }
            }
            Trace::Web(ref event) => {
                self.browsing.observe(&mut self.names, &self.directory, (host, at), event);
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
