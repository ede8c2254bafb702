//! Sees a run that is made again, and writes down what concerns a message, questions or connections.
//!
//! What belongs to a message is found by causes: an event of the message, a look-up that such an event
//! caused, a connection that the look-up caused, and so on. An event of another message ends such a chain,
//! so a connection that several messages share is ascribed to the one for which it was opened, unless it
//! was named beforehand. The packets of a question are those that its event caused, up to the answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use super::notes::{CacheNote, Closed, ConductNote, ConnNote, LookUpNote, Loss, MailNote, MailWhat, Said, Segment};
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, EventId, HostId, QueryId};
use crate::base::socket::{Endpoint, Side};
use crate::base::time::SimTime;
use crate::base::trace::{
    ConnStep, DnsTrace, DropReason, HostTrace, MailTrace, NetTrace, Observer, PacketInfo, Protocol, Trace, TraceEvent,
};
use crate::metrics::{failure_word, rtype_word};

/// Of a connection: so many losses, retransmissions and pieces of the dialogue, each.
const MOST_NOTES: usize = 4_000;

/// Connections in all.
const MOST_CONNS: usize = 2_000;

/// Uses of rules of conduct.
const MOST_CONDUCT: usize = 200_000;

/// So much of what was said at a time.
const HEAD: usize = 600;

/// What a [`Witness`] looks for, by the names of the tables.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// A message, by its Message-ID.
    pub message: Option<String>,
    /// Questions (`crepes.fr?2`).
    pub queries: BTreeSet<String>,
    /// Connections (`crepes.fr#3`).
    pub connections: BTreeSet<String>,
}

/// An observer that writes down what concerns its focus.
#[derive(Debug)]
pub struct Witness {
    directory: Directory,
    message: Option<String>,
    /// Recipients of the message.
    recipients: Vec<String>,
    /// Events that a copy of the message caused, and that may cause more for it; by the recipient's place.
    chain: FxHashMap<EventId, usize>,
    /// Questions that are asked for a copy.
    asked: FxHashMap<QueryId, usize>,
    queries: BTreeSet<QueryId>,
    /// Events on the way of a question and its answer.
    ways: FxHashMap<EventId, QueryId>,
    tasks: FxHashMap<(HostId, u32), QueryId>,
    named: BTreeSet<ConnId>,
    conns: BTreeMap<ConnId, ConnNote>,
    copy_of_conn: FxHashMap<ConnId, usize>,
    pub(super) mail: Vec<MailNote>,
    pub(super) conduct: Vec<ConductNote>,
    pub(super) look_ups: Vec<LookUpNote>,
    pub(super) caches: BTreeMap<String, Vec<CacheNote>>,
    pub(super) lost_datagrams: BTreeMap<String, Vec<Loss>>,
}

impl Witness {
    /// A witness of a run in which hosts and links have these names.
    #[must_use]
    pub fn new(directory: Directory, focus: &Focus) -> Self {
        let numbered: BTreeMap<&str, HostId> =
            (0_u32..).map(HostId).zip(directory.hosts()).map(|(id, host)| (host.name.as_str(), id)).collect();
        let split = |name: &str, mark: char| {
            let (host, number) = name.rsplit_once(mark)?;
            Some((*numbered.get(host)?, number.parse().ok()?))
        };
        let query = |name: &String| split(name, '?').map(|(host, number)| QueryId { host, number });
        let conn = |name: &String| split(name, '#').map(|(host, number)| ConnId { host, number });
        let queries = focus.queries.iter().filter_map(query).collect();
        let named = focus.connections.iter().filter_map(conn).collect();
        Self {
            message: focus.message.clone(),
            recipients: Vec::new(),
            chain: FxHashMap::default(),
            asked: FxHashMap::default(),
            queries,
            ways: FxHashMap::default(),
            tasks: FxHashMap::default(),
            named,
            conns: BTreeMap::new(),
            copy_of_conn: FxHashMap::default(),
            mail: Vec::new(),
            conduct: Vec::new(),
            look_ups: Vec::new(),
            caches: BTreeMap::new(),
            lost_datagrams: BTreeMap::new(),
            directory,
        }
    }

    /// The connection of that name, if it was seen.
    pub(super) fn conn(&self, name: &str) -> Option<&ConnNote> {
        self.conns.values().find(|conn| conn.name == name)
    }

    /// All connections that were seen, in the order of hosts and numbers.
    pub(super) fn conns(&self) -> impl Iterator<Item = &ConnNote> {
        self.conns.values()
    }

    fn host(&self, host: HostId) -> String {
        self.directory.host_name(host).to_owned()
    }

    fn at(&self, end: Endpoint) -> String {
        self.directory.name_at(end.addr)
    }

    fn net(&mut self, event: &TraceEvent<'_>, what: NetTrace) {
        if let Some(query) = self.ways.get(&event.cause).copied() {
            self.ways.insert(event.id, query);
            if let NetTrace::Dropped { link, packet, reason } = what {
                let loss = self.loss(event, link, &packet, reason);
                self.lost_datagrams.entry(self.directory.query_name(query)).or_default().push(loss);
            }
        }
        match what {
            NetTrace::Sent { .. } => {}
            NetTrace::Arrived { packet, .. } => {
                self.arrival(event, &packet, |note, side, segment| note.arrives(event.at, side, segment));
            }
            NetTrace::Dropped { link, packet, reason } => {
                if link.is_none() {
                    self.arrival(event, &packet, |note, side, segment| note.arrives_not(side, segment));
                }
                let Some(conn) = packet.tcp.and_then(|tcp| tcp.conn) else { return };
                if self.conns.contains_key(&conn) {
                    let loss = self.loss(event, link, &packet, reason);
                    self.note(conn, |note| &mut note.losses, loss);
                }
            }
        }
    }

    /// A segment of a connection is at the host that it is for.
    fn arrival(
        &mut self,
        event: &TraceEvent<'_>,
        packet: &PacketInfo,
        tell: impl FnOnce(&mut ConnNote, Side, Segment),
    ) {
        let Some(segment) = segment(packet) else { return };
        let Some(conn) = packet.tcp.and_then(|tcp| tcp.conn) else { return };
        if !self.directory.has_address(event.host, packet.dst.addr) {
            return;
        }
        if let Some(note) = self.conns.get_mut(&conn) {
            let side = if packet.dst.port == note.port { Side::Client } else { Side::Server };
            tell(note, side, segment);
        }
    }

    fn loss(
        &self,
        event: &TraceEvent<'_>,
        link: Option<crate::base::ids::LinkDirId>,
        packet: &PacketInfo,
        reason: DropReason,
    ) -> Loss {
        let link = link.map(|dir| {
            let (link, from, to) = self.directory.link_dir(dir);
            format!("{} from {} to {}", link.name, self.host(from), self.host(to))
        });
        let (from, to) = (self.at(packet.src), self.at(packet.dst));
        Loss { at: event.at, link, host: self.host(event.host), reason, from, to, segment: segment(packet) }
    }

    /// Writes something down about a connection, unless too much stands there.
    fn note<T>(&mut self, conn: ConnId, list: impl Fn(&mut ConnNote) -> &mut Vec<T>, what: T) {
        if let Some(note) = self.conns.get_mut(&conn) {
            let list = list(note);
            if list.len() < MOST_NOTES {
                list.push(what);
            } else {
                note.left_out += 1;
            }
        }
    }

    fn conn_step(&mut self, event: &TraceEvent<'_>, conn: ConnId, side: Side, step: ConnStep) {
        // a question that goes over TCP has its connection opened first
        if let Some(query) = self.ways.get(&event.cause).copied() {
            self.ways.insert(event.id, query);
        }
        if let ConnStep::Opening { from, to } = step {
            let copy = self.chain.get(&event.cause).copied();
            if (self.named.contains(&conn) || copy.is_some()) && self.conns.len() < MOST_CONNS {
                let recipient = copy.and_then(|copy| self.recipients.get(copy)).cloned();
                let note = self.opening(event.at, conn, (from, to), recipient);
                self.conns.insert(conn, note);
                self.copy_of_conn.extend(copy.map(|copy| (conn, copy)));
            }
        }
        let Some(note) = self.conns.get_mut(&conn) else { return };
        if let Some(copy) = self.copy_of_conn.get(&conn) {
            self.chain.insert(event.id, *copy);
        }
        let place = ConnNote::place(side);
        match step {
            ConnStep::Opening { .. } | ConnStep::Joined { .. } => {}
            ConnStep::Established => note.established[place] = Some(event.at),
            ConnStep::Retransmitted { seq, len, why } => {
                let again = note.sent_again((event.at, side), (seq, len), why);
                self.note(conn, |note| &mut note.resent, again);
            }
            ConnStep::Closed { reason, sent, received, figures: _ } => {
                note.closed[place] = Some(Closed { at: event.at, reason, sent, received });
                // this end sends nothing again, so what came from it no longer matters
                note.arrivals.retain(|one| one.side != side);
            }
        }
    }

    fn opening(
        &self,
        opened: SimTime,
        conn: ConnId,
        (from, to): (Endpoint, Endpoint),
        recipient: Option<String>,
    ) -> ConnNote {
        ConnNote {
            name: self.directory.conn_name(conn),
            recipient,
            client: self.at(from),
            server: self.at(to),
            port: to.port,
            opened,
            established: [None; 2],
            resent: Vec::new(),
            losses: Vec::new(),
            arrivals: VecDeque::new(),
            said: Vec::new(),
            closed: [None; 2],
            turned_away: None,
            took: Vec::new(),
            left_out: 0,
        }
    }

    fn dialogue(&mut self, event: &TraceEvent<'_>, conn: ConnId, side: Side, (protocol, bytes): (Protocol, &[u8])) {
        // DNS over TCP: what is handed to TCP, and what that sends
        if let Some(query) = self.ways.get(&event.cause).copied() {
            self.ways.insert(event.id, query);
        }
        if self.conns.contains_key(&conn) {
            let head = bytes.get(..HEAD).unwrap_or(bytes).to_vec();
            let octets = bytes.len() as u64;
            if let Some(copy) = self.copy_of_conn.get(&conn) {
                self.chain.insert(event.id, *copy);
            }
            self.note(conn, |note| &mut note.said, Said { at: event.at, side, protocol, head, octets });
        }
    }

    fn dns(&mut self, event: &TraceEvent<'_>, what: DnsTrace<'_>) {
        match what {
            DnsTrace::Asked { query, .. } => {
                if let Some(copy) = self.chain.get(&event.cause).copied() {
                    self.chain.insert(event.id, copy);
                    self.asked.insert(query, copy);
                }
                if self.queries.contains(&query) {
                    self.ways.insert(event.id, query);
                }
            }
            DnsTrace::Answered { query, .. } | DnsTrace::TimedOut { query } | DnsTrace::Unreachable { query } => {
                if let Some(copy) = self.asked.get(&query) {
                    self.chain.insert(event.id, *copy);
                }
            }
            DnsTrace::Received { task, .. } => {
                if let Some(query) = self.ways.get(&event.cause).copied() {
                    self.tasks.insert((event.host, task), query);
                }
            }
            DnsTrace::Cache { task, name, rtype, result } => {
                if let Some(query) = self.tasks.get(&(event.host, task)) {
                    let note = CacheNote {
                        at: event.at,
                        host: self.host(event.host),
                        name: name.to_owned(),
                        rtype: rtype_word(rtype),
                        result,
                    };
                    self.caches.entry(self.directory.query_name(*query)).or_default().push(note);
                }
            }
            DnsTrace::Replied { task, .. } => {
                if let Some(query) = self.tasks.get(&(event.host, task)).copied() {
                    self.ways.insert(event.id, query);
                }
            }
            DnsTrace::LocalCache { .. } => {
                if let Some(copy) = self.chain.get(&event.cause).copied() {
                    self.chain.insert(event.id, copy);
                }
            }
            DnsTrace::LookedUp { name, rtype, since, kind, cache, .. } => {
                if let Some(copy) = self.chain.get(&event.cause).copied() {
                    self.chain.insert(event.id, copy);
                    let recipient = self.recipients.get(copy).cloned().unwrap_or_default();
                    let (host, name, rtype) = (self.host(event.host), name.to_owned(), rtype_word(rtype));
                    let cached = cache.is_some();
                    self.look_ups.push(LookUpNote { at: event.at, recipient, since, host, name, rtype, kind, cached });
                }
            }
            DnsTrace::Changed { .. } | DnsTrace::Copied { .. } | DnsTrace::Expired { .. } => {}
        }
    }

    fn mail(&mut self, event: &TraceEvent<'_>, what: &MailTrace<'_>) {
        self.over_connections(event, what);
        let Some((message, to, what)) = self.about_message(what) else { return };
        if self.message.as_deref() != Some(message) {
            return;
        }
        let known = self.recipients.iter().position(|known| known == to);
        let copy = known.unwrap_or_else(|| {
            self.recipients.push(to.to_owned());
            self.recipients.len() - 1
        });
        self.chain.insert(event.id, copy);
        if let Some(what) = what {
            self.mail.push(MailNote { at: event.at, host: self.host(event.host), to: to.to_owned(), what });
        }
    }

    /// Message, recipient and what is written down of it, of an event in the life of a message.
    fn about_message<'a>(&self, what: &MailTrace<'a>) -> Option<(&'a str, &'a str, Option<MailWhat>)> {
        let name = |conn| self.directory.conn_name(conn);
        Some(match *what {
            MailTrace::Accepted { message, to, queue_id, conn, bytes: _ } => {
                let what = MailWhat::Accepted { queue_id: queue_id.to_owned(), conn: conn.map(name) };
                (message, to, Some(what))
            }
            MailTrace::Postponed { message, to, failure, next, .. } => {
                let (kind, text) = (failure_word(failure.kind).to_owned(), failure.text.to_owned());
                (message, to, Some(MailWhat::Postponed { kind, code: failure.code, text, next }))
            }
            MailTrace::Downgraded { message, to, before, after } => {
                (message, to, Some(MailWhat::Downgraded { before, after }))
            }
            MailTrace::Delivered { message, to, mailbox } => {
                (message, to, Some(MailWhat::Delivered { mailbox: mailbox.to_owned() }))
            }
            MailTrace::Retrieved { message, mailbox, conn } => {
                let what = MailWhat::Retrieved { mailbox: mailbox.to_owned(), conn: name(conn) };
                (message, mailbox, Some(what))
            }
            MailTrace::Deleted { message, mailbox } => {
                (message, mailbox, Some(MailWhat::Deleted { mailbox: mailbox.to_owned() }))
            }
            MailTrace::Discarded { message, to, why } => {
                (message, to, Some(MailWhat::Discarded { why: why.to_owned() }))
            }
            MailTrace::Redirected { message, into, .. } => (message, into, Some(MailWhat::Redirected)),
            MailTrace::Composed { message, to, .. }
            | MailTrace::Phase { message, to, .. }
            | MailTrace::Refused { message, to, .. }
            | MailTrace::AttemptStarted { message, to, .. }
            | MailTrace::AttemptEnded { message, to, .. }
            | MailTrace::GivenUp { message, to, .. }
            | MailTrace::Expanded { message, to, .. }
            | MailTrace::HandedIn { message, to, .. } => (message, to, None),
            MailTrace::Encoded { message, .. } => (message, "", None),
            MailTrace::QueueLength { .. }
            | MailTrace::MailboxSize { .. }
            | MailTrace::Appended { .. }
            | MailTrace::Conduct { .. }
            | MailTrace::Acted { .. }
            | MailTrace::Shown { .. }
            | MailTrace::Session { .. } => return None,
        })
    }

    /// What an event of mail says of a connection that is looked at.
    fn over_connections(&mut self, event: &TraceEvent<'_>, what: &MailTrace<'_>) {
        if let MailTrace::Accepted { message, to, conn: Some(conn), .. } = *what {
            self.note(conn, |note| &mut note.took, (event.at, message.to_owned(), to.to_owned()));
        }
        let MailTrace::Conduct { rule, conn, at, action, effect, delay, client, sender, recipient, .. } = *what else {
            return;
        };
        let ours = self.conns.contains_key(&conn) || self.message.is_some();
        if ours && self.conduct.len() < MOST_CONDUCT {
            self.conduct.push(ConductNote {
                at: event.at,
                host: self.host(event.host),
                rule: rule.to_owned(),
                conn: self.directory.conn_name(conn),
                at_command: at.to_owned(),
                action,
                effect,
                delay,
                client,
                sender: sender.map(str::to_owned),
                recipient: recipient.map(str::to_owned),
            });
        }
    }
}

/// The TCP part of a packet.
fn segment(packet: &PacketInfo) -> Option<Segment> {
    packet.tcp.map(|tcp| Segment { seq: tcp.seq, len: tcp.len, ack: tcp.ack, syn: tcp.syn, fin: tcp.fin, rst: tcp.rst })
}

impl Observer for Witness {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        match event.what {
            Trace::Net(what) => self.net(event, what),
            Trace::Conn { conn, side, step } => self.conn_step(event, conn, side, step),
            Trace::Dialogue { conn, side, protocol, bytes } => self.dialogue(event, conn, side, (protocol, bytes)),
            Trace::Dns(what) => self.dns(event, what),
            Trace::Mail(what) => self.mail(event, &what),
            Trace::Host(HostTrace::TurnedAway { conn }) => {
                if let Some(note) = self.conns.get_mut(&conn) {
                    note.turned_away.get_or_insert(event.at);
                }
            }
            Trace::Host(HostTrace::Served { .. } | HostTrace::Visited { .. }) | Trace::Fault(_) | Trace::Web(_) => {}
        }
    }
}
