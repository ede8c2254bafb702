//! What the checks read: the trace, kept as owned facts. Whatever can be judged at once is
//! judged here: the order of events, and what a host without power may not do.

use std::collections::BTreeMap;
use std::net::IpAddr;

use posthaste::base::trace::{
    AttemptOutcome, ConnStep, DropReason, FailureKind, FaultTrace, MailTrace, NetTrace, Observer, PacketInfo, Protocol,
    Trace, TraceEvent,
};
use posthaste::base::{ConnId, Endpoint, HostId, LinkDirId, Side, SimTime};
use posthaste::scenario::Resolved;

use super::tcp::End;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    Stored,
    Deferred { code: u16, next: SimTime },
    Expiring { code: u16, end: SimTime },
    Failed { kind: FailureKind, code: u16 },
    Interrupted,
}

/// Something in the life of a copy, or of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Composed { from: String, bytes: u64, bounce_of: Option<String> },
    Accepted { conn: Option<ConnId>, bytes: u64 },
    Refused { code: u16 },
    Started { attempt: u32 },
    Ended { attempt: u32, conn: Option<ConnId>, ending: Ending },
    Delivered { mailbox: String },
    GivenUp { bounce: Option<String>, kind: FailureKind },
    Queue { copies: u32 },
    Mailbox { messages: u32 },
    Retrieved,
    Deleted,
    Down,
    Up,
}

/// A fact with its place in the trace. `message` and `to` name the copy; for what happens
/// to a mailbox `to` is the mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) at: SimTime,
    pub(crate) host: HostId,
    pub(crate) message: String,
    pub(crate) to: String,
    pub(crate) fact: Fact,
}

/// Bytes that one end said.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) id: u64,
    pub(crate) at: SimTime,
    pub(crate) side: Side,
    pub(crate) bytes: Vec<u8>,
}

/// A connection: what was said on it, and what each end did.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) opened: SimTime,
    pub(crate) to: Endpoint,
    /// Whether both ends are on one host: then no packet is traced.
    pub(crate) loopback: bool,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) said: Vec<Said>,
    pub(crate) client: End,
    pub(crate) server: End,
}

/// What a link direction carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) arrived: u64,
    pub(crate) queue_full: u64,
    pub(crate) lost: u64,
    pub(crate) other: u64,
}

/// The trace of a run.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    hosts: BTreeMap<IpAddr, HostId>,
    last: (u64, SimTime),
    down: Vec<bool>,
    pub(crate) notes: Vec<Note>,
    pub(crate) connections: BTreeMap<ConnId, Connection>,
    pub(crate) links: Vec<Carried>,
    pub(crate) dropped_at_hosts: u64,
    pub(crate) questions: u64,
    pub(crate) faults: Vec<String>,
}

impl Log {
    pub(crate) fn new(scenario: &Resolved) -> Self {
        let numbered = (0_u32..).map(HostId).zip(&scenario.hosts);
        let hosts = numbered.flat_map(|(id, host)| host.addresses.by_precedence().map(move |address| (address, id)));
        Self {
            hosts: hosts.collect(),
            last: (0, SimTime::ZERO),
            down: vec![false; scenario.hosts.len()],
            notes: Vec::new(),
            connections: BTreeMap::new(),
            links: vec![Carried::default(); 2 * scenario.links.len()],
            dropped_at_hosts: 0,
            questions: 0,
            faults: Vec::new(),
        }
    }

    pub(crate) fn host_at(&self, endpoint: Endpoint) -> Option<HostId> {
        self.hosts.get(&endpoint.addr).copied()
    }

    fn fault(&mut self, text: String) {
        if self.faults.len() < 20 {
            self.faults.push(text);
        }
    }

    /// Invariant: ids have no gaps, causes come before effects, time never goes back, and a
    /// host without power does nothing.
    fn order(&mut self, event: &TraceEvent<'_>) {
        let (id, cause) = (event.id.0, event.cause.0);
        if id != self.last.0 + 1 || cause >= id || event.at < self.last.1 {
            self.fault(format!("event {id} (cause {cause}) at {} s follows {:?}", event.at, self.last));
        }
        self.last = (id, event.at);
        let acts = match event.what {
            Trace::Net(NetTrace::Sent { .. }) | Trace::Dialogue { .. } | Trace::Conn { .. } => true,
            Trace::Dns(_) => true,
            Trace::Net(_) | Trace::Fault(_) | Trace::Host(_) | Trace::Web(_) => false,
            Trace::Mail(mail) => match mail {
                MailTrace::Phase { .. }
                | MailTrace::Postponed { .. }
                | MailTrace::AttemptEnded { .. }
                | MailTrace::QueueLength { .. }
                | MailTrace::Conduct { .. } => false,
                MailTrace::Composed { .. }
                | MailTrace::Encoded { .. }
                | MailTrace::Downgraded { .. }
                | MailTrace::HandedIn { .. }
                | MailTrace::Appended { .. }
                | MailTrace::Accepted { .. }
                | MailTrace::Refused { .. }
                | MailTrace::AttemptStarted { .. }
                | MailTrace::Delivered { .. }
                | MailTrace::GivenUp { .. }
                | MailTrace::MailboxSize { .. }
                | MailTrace::Redirected { .. }
                | MailTrace::Expanded { .. }
                | MailTrace::Discarded { .. }
                | MailTrace::Retrieved { .. }
                | MailTrace::Shown { .. }
                | MailTrace::Acted { .. }
                | MailTrace::Session { .. }
                | MailTrace::Deleted { .. } => true,
            },
        };
        if acts && self.down[event.host.index()] {
            self.fault(format!("host {} is down at {} s, but {:?}", event.host.0, event.at, event.what));
        }
    }

    fn network(&mut self, event: &TraceEvent<'_>, net: &NetTrace) {
        let here = event.host;
        match *net {
            NetTrace::Sent { link, packet } => {
                let carried = &mut self.links[link.index()];
                carried.packets += 1;
                carried.bytes += u64::from(packet.bytes);
            }
            NetTrace::Arrived { link, .. } => self.links[link.index()].arrived += 1,
            NetTrace::Dropped { link: None, .. } => self.dropped_at_hosts += 1,
            NetTrace::Dropped { link: Some(link), reason, .. } => self.dropped(link, reason),
        }
        if let NetTrace::Dropped { link: None, packet, .. } = *net {
            return self.lost_at_host(here, &packet);
        }
        let (NetTrace::Sent { link, packet } | NetTrace::Arrived { link, packet }) = *net else { return };
        let carried = self.links[link.index()];
        if carried.arrived + carried.queue_full + carried.lost + carried.other > carried.packets {
            self.fault(format!("link direction {}: more left it than joined it: {carried:?}", link.0));
        }
        let Some(tcp) = packet.tcp else { return };
        let Some((id, connection)) = tcp.conn.and_then(|id| Some((id, self.connections.get_mut(&id)?))) else {
            return;
        };
        let (from, to) = (self.hosts.get(&packet.src.addr), self.hosts.get(&packet.dst.addr));
        let (sender, receiver) = match from {
            Some(host) if *host == id.host => (&mut connection.client, &mut connection.server),
            _ => (&mut connection.server, &mut connection.client),
        };
        let wrong = match net {
            NetTrace::Sent { .. } if from == Some(&here) => sender.sends(&tcp),
            NetTrace::Arrived { .. } if to == Some(&here) => receiver.hears(&tcp, event.at),
            NetTrace::Sent { .. } | NetTrace::Arrived { .. } | NetTrace::Dropped { .. } => None,
        };
        if let Some(wrong) = wrong {
            self.fault(format!("connection {id:?} at {} s: {wrong}", event.at));
        }
    }

    /// What arrived at its host and was lost there was not heard.
    fn lost_at_host(&mut self, here: HostId, packet: &PacketInfo) {
        let Some(tcp) = packet.tcp.filter(|_| self.hosts.get(&packet.dst.addr) == Some(&here)) else { return };
        let Some((id, connection)) = tcp.conn.and_then(|id| Some((id, self.connections.get_mut(&id)?))) else {
            return;
        };
        let to_client = self.hosts.get(&packet.dst.addr) == Some(&id.host);
        if to_client { connection.client.loses(&tcp) } else { connection.server.loses(&tcp) }
    }

    fn dropped(&mut self, link: LinkDirId, reason: DropReason) {
        let carried = &mut self.links[link.index()];
        match reason {
            DropReason::QueueFull => carried.queue_full += 1,
            DropReason::Loss => carried.lost += 1,
            DropReason::LinkDown
            | DropReason::HostDown
            | DropReason::NoRoute
            | DropReason::PortClosed
            | DropReason::TtlExpired
            | DropReason::TooBig
            | DropReason::Early
            | DropReason::Sojourn
            | DropReason::BacklogFull
            | DropReason::ServiceFull
            | DropReason::Corrupt => carried.other += 1,
        }
    }

    fn connection(&mut self, at: SimTime, conn: ConnId, side: Side, step: &ConnStep) {
        if let ConnStep::Opening { from, to } = *step {
            // Names asked for over TCP are in the trace as questions, not as a dialogue.
            let end = || End::new(to.port == 53);
            let connection = Connection {
                opened: at,
                to,
                loopback: from.addr == to.addr,
                protocol: None,
                said: Vec::new(),
                client: end(),
                server: end(),
            };
            if self.connections.insert(conn, connection).is_some() {
                self.fault(format!("connection {conn:?} was opened twice"));
            }
            return;
        }
        let Some(connection) = self.connections.get_mut(&conn) else {
            return self.fault(format!("connection {conn:?} was never opened"));
        };
        if let ConnStep::Closed { reason, sent, received, .. } = *step {
            let (own, peer) = match side {
                Side::Client => (&mut connection.client, &mut connection.server),
                Side::Server => (&mut connection.server, &mut connection.client),
            };
            if let Some(wrong) = own.closes(peer, connection.loopback, (at, reason, sent, received)) {
                self.fault(format!("connection {conn:?}, {side:?}, at {at} s: {wrong}"));
            }
        }
    }

    fn mail(&mut self, event: &TraceEvent<'_>, mail: &MailTrace<'_>) {
        let (message, to, fact) = match *mail {
            MailTrace::Composed { message, from, to, bytes, kind: _, about } => {
                let bounce_of = about.map(str::to_owned);
                (message, to, Fact::Composed { from: from.to_owned(), bytes, bounce_of })
            }
            MailTrace::HandedIn { .. } => return self.fault("nobody is outside, but a copy was handed in".to_owned()),
            MailTrace::Appended { .. } => return self.fault("nobody speaks IMAP, but a message was put in".to_owned()),
            MailTrace::Phase { .. }
            | MailTrace::Postponed { .. }
            | MailTrace::Conduct { .. }
            | MailTrace::Encoded { .. }
            | MailTrace::Downgraded { .. } => return,
            MailTrace::Accepted { message, to, conn, bytes, .. } => (message, to, Fact::Accepted { conn, bytes }),
            MailTrace::Refused { message, to, failure, .. } => (message, to, Fact::Refused { code: failure.code }),
            MailTrace::AttemptStarted { message, to, attempt } => (message, to, Fact::Started { attempt }),
            MailTrace::AttemptEnded { message, to, attempt, conn, outcome, .. } => {
                let ending = match outcome {
                    AttemptOutcome::Completed => Ending::Completed,
                    AttemptOutcome::Stored => Ending::Stored,
                    AttemptOutcome::Deferred { failure, next } => Ending::Deferred { code: failure.code, next },
                    AttemptOutcome::Expiring { failure, end } => Ending::Expiring { code: failure.code, end },
                    AttemptOutcome::Failed { failure } => Ending::Failed { kind: failure.kind, code: failure.code },
                    AttemptOutcome::Interrupted { failure: _ } => Ending::Interrupted,
                };
                (message, to, Fact::Ended { attempt, conn, ending })
            }
            MailTrace::Delivered { message, to, mailbox } => {
                (message, to, Fact::Delivered { mailbox: mailbox.to_owned() })
            }
            MailTrace::GivenUp { message, to, bounce, failure } => {
                (message, to, Fact::GivenUp { bounce: bounce.map(str::to_owned), kind: failure.kind })
            }
            MailTrace::Redirected { .. } | MailTrace::Expanded { .. } | MailTrace::Discarded { .. } => {
                return self.fault("nobody has aliases, but a copy was turned into others".to_owned());
            }
            MailTrace::QueueLength { copies, .. } => ("", "", Fact::Queue { copies }),
            MailTrace::MailboxSize { mailbox, messages, .. } => ("", mailbox, Fact::Mailbox { messages }),
            MailTrace::Retrieved { message, mailbox, .. } => (message, mailbox, Fact::Retrieved),
            MailTrace::Deleted { message, mailbox } => (message, mailbox, Fact::Deleted),
            MailTrace::Shown { .. } | MailTrace::Acted { .. } | MailTrace::Session { .. } => return,
        };
        self.note(event, message, to, fact);
    }

    fn note(&mut self, event: &TraceEvent<'_>, message: &str, to: &str, fact: Fact) {
        let (id, at, host) = (event.id.0, event.at, event.host);
        self.notes.push(Note { id, at, host, message: message.to_owned(), to: to.to_owned(), fact });
    }
}

impl Observer for Log {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        self.order(event);
        match event.what {
            Trace::Net(ref net) => self.network(event, net),
            Trace::Conn { conn, side, ref step } => self.connection(event.at, conn, side, step),
            Trace::Dialogue { conn, side, protocol, bytes } => {
                let Some(connection) = self.connections.get_mut(&conn) else {
                    return self.fault(format!("talk on {conn:?}, which was never opened"));
                };
                connection.protocol = Some(protocol);
                let end = match side {
                    Side::Client => &mut connection.client,
                    Side::Server => &mut connection.server,
                };
                end.spoken += bytes.len() as u64;
                connection.said.push(Said { id: event.id.0, at: event.at, side, bytes: bytes.to_vec() });
            }
            Trace::Dns(dns) => {
                self.questions += u64::from(matches!(dns, posthaste::base::trace::DnsTrace::Asked { .. }));
            }
            Trace::Mail(ref mail) => self.mail(event, mail),
            Trace::Fault(FaultTrace::HostDown) => {
                self.down[event.host.index()] = true;
                self.note(event, "", "", Fact::Down);
            }
            Trace::Fault(FaultTrace::HostUp) => {
                self.down[event.host.index()] = false;
                self.note(event, "", "", Fact::Up);
            }
            Trace::Fault(
                FaultTrace::LinkDown { .. }
                | FaultTrace::LinkUp { .. }
                | FaultTrace::ServiceDown { .. }
                | FaultTrace::ServiceUp { .. }
                | FaultTrace::ServiceChanged { .. }
                | FaultTrace::ServiceRestored { .. }
                | FaultTrace::PartitionBegins
                | FaultTrace::PartitionEnds
                | FaultTrace::LinkChanged { .. }
                | FaultTrace::LinkRestored { .. }
                | FaultTrace::ProcessingChanged
                | FaultTrace::QueueFlushed
                | FaultTrace::ProcessingRestored,
            )
            | Trace::Host(_)
            | Trace::Web(_) => {}
        }
    }
}
