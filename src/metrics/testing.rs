//! Hand-made traces for tests: a script of events among a few hosts.

use std::net::{IpAddr, Ipv4Addr};

use super::{Recorder, RecorderOptions, RunRecord};
use crate::base::calendar::UnixTime;
use crate::base::directory::{Directory, HostEntry, LinkEntry};
use crate::base::ids::{ConnId, EventId, HostId, LinkDirId, QueryId};
use crate::base::socket::{CloseReason, Endpoint, Side};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{
    AttemptOutcome, CacheLevel, CacheResult, ConnStep, DnsAnswerKind, DnsTrace, DropReason, Ecn, EndFigures, Failure,
    FailureKind, FaultTrace, HostTrace, MailTrace, MessageKind, NetTrace, Observer, PacketInfo, Phase, Protocol,
    Redirection, Trace, TraceEvent,
};

pub(crate) const S: u64 = 1_000_000_000;

/// A recorder to which events are told by host name and nanoseconds.
pub(crate) struct Script {
    recorder: Recorder,
    hosts: Vec<&'static str>,
    next: u64,
}

/// The address of the n-th host.
fn address(host: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, u8::try_from(host + 1).unwrap()))
}

/// The usual hosts, sorted as a scenario sorts them.
const HOSTS: [&str; 5] = ["crepes.fr", "hamburger.edu", "ns", "pc", "resolver"];

/// The usual hosts in a chain.
pub(crate) fn directory() -> Directory {
    directory_of(&HOSTS)
}

/// These hosts; the usual ones in a chain.
fn directory_of(hosts: &[&str]) -> Directory {
    let entries = hosts
        .iter()
        .enumerate()
        .map(|(index, name)| HostEntry { name: (*name).to_owned(), addresses: address(index).into(), router: false })
        .collect();
    let id = |name: &str| HostId(u32::try_from(hosts.iter().position(|host| *host == name).unwrap()).unwrap());
    let links = HOSTS.windows(2).enumerate();
    let links = links.map(|(index, ends)| LinkEntry { name: format!("link{index}"), ends: [id(ends[0]), id(ends[1])] });
    Directory::new(entries, links.collect(), UnixTime::DEFAULT_START)
}

impl Script {
    pub(crate) fn two_domains() -> Self {
        Self::with_options(RecorderOptions::default())
    }

    pub(crate) fn with_options(options: RecorderOptions) -> Self {
        Self::among(&HOSTS, options)
    }

    /// A script among these hosts, the usual ones among them.
    pub(crate) fn among(hosts: &[&'static str], options: RecorderOptions) -> Self {
        Self { recorder: Recorder::new(directory_of(hosts), options), hosts: hosts.to_vec(), next: 1 }
    }

    pub(crate) fn finish(self, end: u64) -> RunRecord {
        self.recorder.finish(SimTime::from_nanos(end))
    }

    fn host(&self, name: &str) -> usize {
        self.hosts.iter().position(|host| *host == name).unwrap()
    }

    pub(crate) fn endpoint(&self, host: &str, port: u16) -> Endpoint {
        Endpoint::new(address(self.host(host)), port)
    }

    pub(crate) fn conn_id(&self, client: &str, number: u32) -> ConnId {
        ConnId { host: HostId(u32::try_from(self.host(client)).unwrap()), number }
    }

    pub(crate) fn event(&mut self, host: &str, at: u64, what: Trace<'_>) -> &mut Self {
        let event = TraceEvent {
            id: EventId(self.next),
            cause: EventId(self.next - 1),
            at: SimTime::from_nanos(at),
            host: HostId(u32::try_from(self.host(host)).unwrap()),
            what,
        };
        self.next += 1;
        self.recorder.observe(&event);
        self
    }

    fn mail(&mut self, host: &str, at: u64, what: MailTrace<'_>) -> &mut Self {
        self.event(host, at, Trace::Mail(what))
    }

    pub(crate) fn compose(&mut self, host: &str, at: u64, message: &str, from: &str, to: &str) -> &mut Self {
        self.mail(host, at, MailTrace::Composed { message, from, to, bytes: 300, kind: MessageKind::User, about: None })
    }

    pub(crate) fn phase(&mut self, host: &str, at: u64, message: &str, to: &str, phase: Phase) -> &mut Self {
        self.mail(host, at, MailTrace::Phase { message, to, phase })
    }

    pub(crate) fn accept(&mut self, host: &str, at: u64, message: &str, to: &str) -> &mut Self {
        self.mail(host, at, MailTrace::Accepted { message, to, queue_id: "q1", conn: None, bytes: 300 })
    }

    /// A server takes it over a connection of a client's.
    pub(crate) fn accept_over(&mut self, host: &str, at: u64, copy: (&str, &str), conn: (&str, u32)) -> &mut Self {
        let ((message, to), conn) = (copy, Some(self.conn_id(conn.0, conn.1)));
        self.mail(host, at, MailTrace::Accepted { message, to, queue_id: "q1", conn, bytes: 300 })
    }

    /// A program outside hands it in.
    pub(crate) fn hand_in(&mut self, host: &str, at: u64, message: &str, to: &str) -> &mut Self {
        self.mail(host, at, MailTrace::HandedIn { message, from: "alice@crepes.fr", to, bytes: 300 })
    }

    /// A list becomes its only member.
    pub(crate) fn expand(&mut self, host: &str, at: u64, (message, to): (&str, &str), into: &str) -> &mut Self {
        let (from, by) = ("owner@hamburger.edu", Redirection::List);
        self.mail(host, at, MailTrace::Redirected { message, to, into, from, by });
        self.mail(host, at, MailTrace::Expanded { message, to, copies: 1 })
    }

    /// An attempt over a connection, which ends well or by its loss.
    pub(crate) fn attempt_over(&mut self, at: u64, copy: (&str, &str), numbers: (u32, u32), well: bool) -> &mut Self {
        let ((message, to), (attempt, number), host) = (copy, numbers, "crepes.fr");
        self.attempt(host, at, message, to, attempt);
        let failure = Failure { kind: FailureKind::ConnectionLost, code: 0, text: "reset" };
        let next = SimTime::from_nanos(at + S);
        let outcome = if well { AttemptOutcome::Completed } else { AttemptOutcome::Deferred { failure, next } };
        let conn = Some(self.conn_id(host, number));
        self.mail(host, at, MailTrace::AttemptEnded { message, to, attempt, exchange: None, conn, outcome })
    }

    pub(crate) fn deliver(&mut self, host: &str, at: u64, message: &str, to: &str) -> &mut Self {
        self.mail(host, at, MailTrace::Delivered { message, to, mailbox: to })
    }

    pub(crate) fn queue(&mut self, host: &str, at: u64, copies: u32) -> &mut Self {
        self.mail(host, at, MailTrace::QueueLength { copies, waiting: 0 })
    }

    pub(crate) fn attempt(&mut self, host: &str, at: u64, message: &str, to: &str, attempt: u32) -> &mut Self {
        self.mail(host, at, MailTrace::AttemptStarted { message, to, attempt })
    }

    pub(crate) fn complete(&mut self, host: &str, at: u64, message: &str, to: &str, attempt: u32) -> &mut Self {
        let (exchange, conn) = (Some(self.endpoint("hamburger.edu", 25).addr), Some(self.conn_id(host, 1)));
        let outcome = AttemptOutcome::Completed;
        self.mail(host, at, MailTrace::AttemptEnded { message, to, attempt, exchange, conn, outcome })
    }

    pub(crate) fn defer(&mut self, host: &str, at: u64, message: &str, to: &str, attempt: u32, next: u64) -> &mut Self {
        let failure = Failure { kind: FailureKind::ConnectionTimedOut, code: 0, text: "no answer, \"really\"" };
        let outcome = AttemptOutcome::Deferred { failure, next: SimTime::from_nanos(next) };
        let exchange = Some(self.endpoint("hamburger.edu", 25).addr);
        self.mail(host, at, MailTrace::AttemptEnded { message, to, attempt, exchange, conn: None, outcome })
    }

    /// The copy is given up after its first attempt and a bounce is composed.
    pub(crate) fn bounce(&mut self, host: &str, at: u64, message: &str, to: &str, bounce: &str, sender: &str) {
        let failure = Failure { kind: FailureKind::Reply, code: 550, text: "no such user" };
        let (outcome, exchange) = (AttemptOutcome::Failed { failure }, None);
        self.mail(host, at, MailTrace::AttemptEnded { message, to, attempt: 1, exchange, conn: None, outcome });
        self.mail(host, at, MailTrace::GivenUp { message, to, bounce: Some(bounce), failure });
        let composed = MailTrace::Composed {
            message: bounce,
            from: "",
            to: sender,
            bytes: 900,
            kind: MessageKind::Bounce,
            about: Some(message),
        };
        self.mail(host, at, composed);
    }

    pub(crate) fn give_up(&mut self, host: &str, at: u64, message: &str, to: &str) -> &mut Self {
        let failure = Failure { kind: FailureKind::Expired, code: 0, text: "too old" };
        self.mail(host, at, MailTrace::GivenUp { message, to, bounce: None, failure })
    }

    pub(crate) fn retrieve(&mut self, at: u64, message: &str, mailbox: &str) -> &mut Self {
        let conn = self.conn_id("pc", 1);
        self.mail("pc", at, MailTrace::Retrieved { message, mailbox, conn })
    }

    pub(crate) fn append(&mut self, host: &str, at: u64, message: &str, mailbox: &str) -> &mut Self {
        self.mail(host, at, MailTrace::Appended { message, mailbox, bytes: 300 })
    }

    /// A connection's whole life, with these pieces said a millisecond apart.
    pub(crate) fn connection(&mut self, client: &str, number: u32, port: u16, at: u64, pieces: &[(Side, &str)]) {
        let conn = self.conn_id(client, number);
        let (from, to) = (self.endpoint(client, 1024), self.endpoint("hamburger.edu", port));
        let step = ConnStep::Opening { from, to };
        self.event(client, at, Trace::Conn { conn, side: Side::Client, step });
        let (mut at, step) = (at + 80_000_000, ConnStep::Established);
        self.event(client, at, Trace::Conn { conn, side: Side::Client, step });
        let protocol = match port {
            25 => Protocol::Smtp,
            80 => Protocol::Http,
            _ => Protocol::Pop3,
        };
        for (side, text) in pieces {
            at += 1_000_000;
            self.event(client, at, Trace::Dialogue { conn, side: *side, protocol, bytes: text.as_bytes() });
        }
        for (side, host) in [(Side::Client, client), (Side::Server, "hamburger.edu")] {
            let figures = EndFigures::default();
            let step = ConnStep::Closed { reason: CloseReason::Finished, sent: 120, received: 90, figures };
            self.event(host, at, Trace::Conn { conn, side, step });
        }
    }

    /// pc asks the resolver, which asks ns on its behalf.
    pub(crate) fn lookup(&mut self, at: u64) {
        let (name, rtype, wire_id) = ("hamburger.edu", 15, 7);
        let stub = QueryId { host: self.conn_id("pc", 1).host, number: 1 };
        let to = self.endpoint("resolver", 53);
        let asked = DnsTrace::Asked { query: stub, task: None, to, from_port: 5000, wire_id, name, rtype, retry: 0 };
        self.event("pc", at, Trace::Dns(asked));
        let client = self.endpoint("pc", 5000);
        self.event(
            "resolver",
            at + 5,
            Trace::Dns(DnsTrace::Received { task: 1, client, wire_id, name, rtype, over_tcp: false }),
        );
        let miss = DnsTrace::Cache { task: 1, name, rtype, result: CacheResult::Miss };
        self.event("resolver", at + 5, Trace::Dns(miss));
        let query = QueryId { host: self.conn_id("resolver", 1).host, number: 1 };
        let to = self.endpoint("ns", 53);
        let asked = DnsTrace::Asked { query, task: Some(1), to, from_port: 6000, wire_id: 9, name, rtype, retry: 0 };
        self.event("resolver", at + 5, Trace::Dns(asked));
        self.event("resolver", at + 1_000_000_005, Trace::Dns(DnsTrace::TimedOut { query }));
        let (rcode, kind, answers, bytes) = (0, DnsAnswerKind::Answer, 1, 100);
        let answered = DnsTrace::Answered { query: stub, rcode, kind, answers, bytes };
        self.event("pc", at + 1_000_000_010, Trace::Dns(answered));
    }

    /// Look-ups at every level: ns forwards to the resolver; pc and its stub have caches, and it
    /// calls a Web server.
    pub(crate) fn names_at_all_levels(&mut self, at: u64) {
        let (name, rtype, owner, digest) = ("hamburger.edu", 1, "hamburger.edu", 5);
        for (level, result) in [(CacheLevel::Application, CacheResult::Miss), (CacheLevel::Stub, CacheResult::Miss)] {
            self.event("pc", at, Trace::Dns(DnsTrace::LocalCache { level, name, rtype, result }));
        }
        let (client, to) = (self.endpoint("pc", 5000), self.endpoint("resolver", 53));
        for host in ["ns", "resolver"] {
            let received = DnsTrace::Received { task: 1, client, wire_id: 1, name, rtype, over_tcp: false };
            self.event(host, at, Trace::Dns(received));
            let result = if host == "ns" { CacheResult::Miss } else { CacheResult::Hit { ttl_s: 9 } };
            // what is asked on the way is not a client's question
            for _ in 0..2 {
                self.event(host, at, Trace::Dns(DnsTrace::Cache { task: 1, name, rtype, result }));
            }
        }
        let query = QueryId { host: self.conn_id("ns", 1).host, number: 1 };
        let asked = DnsTrace::Asked { query, task: Some(1), to, from_port: 9, wire_id: 9, name, rtype, retry: 0 };
        self.event("ns", at, Trace::Dns(asked));
        let (since, kind) = (SimTime::from_nanos(at), DnsAnswerKind::Answer);
        let ended = DnsTrace::LookedUp { name, rtype, since, kind, cache: None, alias: 0, owner, digest };
        self.event("pc", at + 3 * S, Trace::Dns(ended));
        let (lookup, connect) = (SimDuration::from_secs(3), Some(SimDuration::from_secs(1)));
        self.event("pc", at + 4 * S, Trace::Host(HostTrace::Visited { lookup, connect, reached: true }));
    }

    /// Hamburger.edu is down for two seconds; a copy waits for it, and is then taken in a dialogue.
    /// Another is still in the queue.
    pub(crate) fn outage(&mut self, at: u64) {
        let (a, b, to) = ("crepes.fr", "hamburger.edu", "bob@hamburger.edu");
        for id in ["<8@crepes.fr>", "<9@crepes.fr>"] {
            self.compose("pc", at, id, "alice@crepes.fr", to).accept(a, at, id, to);
        }
        let id = "<8@crepes.fr>";
        self.queue(a, at, 2).event(b, at + S, Trace::Fault(FaultTrace::HostDown));
        self.attempt(a, at + S, id, to, 1).defer(a, at + 2 * S, id, to, 1, at + 5 * S);
        self.event(b, at + 3 * S, Trace::Fault(FaultTrace::HostUp));
        self.attempt(a, at + 5 * S, id, to, 2);
        let dialogue = [
            (Side::Server, "220 b\r\n"),
            (Side::Client, "MAIL FROM:<alice@crepes.fr>\r\n"),
            (Side::Server, "250 OK\r\n"),
            (Side::Client, "RCPT TO:<bob@hamburger.edu>\r\n"),
            (Side::Server, "250 OK\r\n"),
            (Side::Client, "DATA\r\n"),
            (Side::Server, "354 go on\r\n"),
            (Side::Client, "Subject: hi\r\n\r\n..\r\n.\r\n"),
            (Side::Server, "250 OK\r\n"),
        ];
        self.connection(a, 9, 25, at + 5 * S, &dialogue);
        self.accept(b, at + 6 * S, id, to).deliver(b, at + 6 * S, id, to);
        self.complete(a, at + 6 * S, id, to, 2).queue(a, at + 6 * S, 1);
    }

    /// One packet on the first link: sent and arrived, or lost.
    pub(crate) fn packet(&mut self, at: u64, lost: Option<DropReason>) {
        let (src, dst) = (self.endpoint("crepes.fr", 1024), self.endpoint("hamburger.edu", 25));
        let packet = PacketInfo { src, dst, bytes: 40, tcp: None, icmp: None, ecn: Ecn::NotEct };
        let link = LinkDirId(0);
        self.event("crepes.fr", at, Trace::Net(NetTrace::Sent { link, packet }));
        let end = match lost {
            None => NetTrace::Arrived { link, packet },
            Some(reason) => NetTrace::Dropped { link: Some(link), packet, reason },
        };
        self.event("crepes.fr", at + 5, Trace::Net(end));
    }

    /// Alice writes to Bob: composed, accepted, relayed, delivered, fetched 90 s later.
    pub(crate) fn one_message(&mut self, id: &str, at: u64) {
        let (a, b, to) = ("crepes.fr", "hamburger.edu", "bob@hamburger.edu");
        self.compose("pc", at, id, "alice@crepes.fr", to);
        self.phase("pc", at + S, id, to, Phase::Submission);
        self.accept(a, at + 3 * S, id, to).phase(a, at + 3 * S, id, to, Phase::Queued).queue(a, at + 3 * S, 1);
        self.attempt(a, at + 3 * S, id, to, 1).phase(a, at + 3 * S, id, to, Phase::Dns);
        self.phase(a, at + 4 * S, id, to, Phase::Connecting);
        self.phase(a, at + 5 * S, id, to, Phase::Dialogue);
        self.phase(a, at + 6 * S, id, to, Phase::Transfer);
        self.accept(b, at + 6 * S + 7, id, to).deliver(b, at + 6 * S + 7, id, to);
        self.phase(b, at + 6 * S + 7, id, to, Phase::InMailbox);
        self.complete(a, at + 7 * S, id, to, 1).queue(a, at + 7 * S, 0);
        self.phase(b, at + 95 * S + 7, id, to, Phase::Retrieval);
        self.retrieve(at + 96 * S + 7, id, to);
        self.phase(b, at + 99 * S, id, to, Phase::Retrieval);
    }
}
