//! Sees a run that is made again, and writes down what concerns a message, questions or connections.
//!
//! What belongs to a message is found by causes: an event of the message, a look-up that such an event
//! caused, a connection that the look-up caused, and so on. An event of another message ends such a chain,
//! so a connection that several messages share is ascribed to the one for which it was opened, unless it
//! was named beforehand; copies that one courier carries are a party (`parties`). The packets of a question are
//! those that its event caused, up to the answer. A loss knows the fault for which the trace tells it (`blame`).

mod mail;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use super::blame::{Blame, InForce};
use super::notes::{CacheNote, Closed, ConductNote, ConnNote, EndNote, LookUpNote, Loss, MailNote, Said, Segment};
use super::parties::Parties;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, EventId, HostId, QueryId};
use crate::base::socket::{Endpoint, Side};
use crate::base::time::SimTime;
use crate::base::trace::{
    ConnStep, DnsTrace, DropReason, FaultTrace, HostTrace, NetTrace, Observer, PacketInfo, Protocol, Trace, TraceEvent,
};
use crate::metrics::rtype_word;

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
    /// Events that copies of the message caused, and that may cause more for them.
    parties: Parties,
    /// Questions that are asked for a party.
    asked: FxHashMap<QueryId, usize>,
    /// Events with which a look-up ended, by its place among these.
    looked_up: FxHashMap<EventId, usize>,
    /// The look-up after which copies enter a phase just now, and one of another message's.
    entered_after: Option<usize>,
    entered_late: Option<LookUpNote>,
    /// The last look-up of each host for others.
    others: FxHashMap<HostId, (EventId, LookUpNote)>,
    in_force: InForce,
    /// The last question of each host, and the event that tells of it.
    last_asked: FxHashMap<HostId, (EventId, QueryId)>,
    queries: BTreeSet<QueryId>,
    /// Events on the way of a question and its answer.
    ways: FxHashMap<EventId, QueryId>,
    tasks: FxHashMap<(HostId, u32), QueryId>,
    named: BTreeSet<ConnId>,
    conns: BTreeMap<ConnId, ConnNote>,
    party_of_conn: FxHashMap<ConnId, usize>,
    pub(super) mail: Vec<MailNote>,
    pub(super) conduct: Vec<ConductNote>,
    pub(super) look_ups: Vec<LookUpNote>,
    pub(super) caches: BTreeMap<String, Vec<CacheNote>>,
    pub(super) lost_datagrams: BTreeMap<String, Vec<Loss>>,
    /// Questions that were asked for copies, and for which recipients.
    pub(super) asked_for: BTreeMap<String, Vec<String>>,
    /// The ends of connections, and what followed from them at a user agent.
    closings: FxHashMap<EventId, ConnId>,
    /// Copies that a user agent kept when a connection closed: when, for whom, and over which connection.
    pub(super) kept: Vec<(SimTime, String, String)>,
    /// How copies ended that were given up.
    pub(super) given_up: Vec<EndNote>,
    /// Attempts that ended because their own host went down: when, and for whom.
    pub(super) interrupted: Vec<(SimTime, String, Option<Blame>)>,
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
            parties: Parties::default(),
            asked: FxHashMap::default(),
            looked_up: FxHashMap::default(),
            entered_after: None,
            entered_late: None,
            others: FxHashMap::default(),
            in_force: InForce::default(),
            last_asked: FxHashMap::default(),
            queries,
            ways: FxHashMap::default(),
            tasks: FxHashMap::default(),
            named,
            conns: BTreeMap::new(),
            party_of_conn: FxHashMap::default(),
            mail: Vec::new(),
            conduct: Vec::new(),
            look_ups: Vec::new(),
            caches: BTreeMap::new(),
            lost_datagrams: BTreeMap::new(),
            asked_for: BTreeMap::new(),
            closings: FxHashMap::default(),
            kept: Vec::new(),
            given_up: Vec::new(),
            interrupted: Vec::new(),
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
            NetTrace::Sent { packet, .. } => self.refused(&packet),
            NetTrace::Arrived { packet, .. } => {
                self.arrival(event, &packet, |note, side, segment| note.arrives(event.at, side, segment));
            }
            NetTrace::Dropped { link, packet, reason } => {
                if link.is_none() {
                    self.arrival(event, &packet, |note, side, segment| note.arrives_not(event.at, side, segment));
                }
                let Some(conn) = packet.tcp.and_then(|tcp| tcp.conn) else { return };
                if self.conns.contains_key(&conn) {
                    let loss = self.loss(event, link, &packet, reason);
                    self.note(conn, |note| &mut note.losses, loss);
                }
            }
        }
    }

    /// A host answers the call for a connection by a reset.
    fn refused(&mut self, packet: &PacketInfo) {
        let Some((conn, tcp)) = packet.tcp.and_then(|tcp| Some((tcp.conn?, tcp))) else { return };
        let Some(note) = self.conns.get_mut(&conn) else { return };
        if tcp.rst && packet.src.port == note.port && note.established[1].is_none() && note.refusal.is_none() {
            note.refusal = Some(self.in_force.refusal(&note.server, note.port, note.turned_away.is_some()));
        }
    }

    /// A host goes down, and the ends of connections there with it.
    fn crashed(&mut self, event: &TraceEvent<'_>) {
        let blame = self.in_force.host(&self.directory, event.host);
        let host = self.directory.host_name(event.host);
        for note in self.conns.values_mut() {
            for side in [Side::Client, Side::Server] {
                let place = ConnNote::place(side);
                let begun = side == Side::Client || note.established[place].is_some();
                if begun && note.closed[place].is_none() && note.host(side) == host && note.crashed[place].is_none() {
                    note.crashed[place] = Some((event.at, blame.clone()));
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
        let host = self.host(event.host);
        let named = link.map(|dir| self.directory.link_dir(dir));
        let blame = self.in_force.drop(&host, named.map(|(link, ..)| link.name.as_str()), packet, reason);
        let link = named.map(|(link, from, to)| format!("{} from {} to {}", link.name, self.host(from), self.host(to)));
        let (from, to) = (self.at(packet.src), self.at(packet.dst));
        Loss { at: event.at, link, host, reason, from, to, segment: segment(packet), blame, made_good: None }
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
            let party = self.parties.of(event.cause);
            if (self.named.contains(&conn) || party.is_some()) && self.conns.len() < MOST_CONNS {
                let recipients = party.filter(|party| self.is_carried(*party)).map(|party| self.recipients_of(party));
                let asked = self.last_asked.get(&event.host).filter(|(asked, _)| *asked == event.cause);
                let query = asked.map(|(_, query)| self.directory.query_name(*query));
                let note = self.opening(event.at, conn, (from, to), recipients.unwrap_or_default());
                self.conns.insert(conn, ConnNote { query, ..note });
                self.party_of_conn.extend(party.map(|party| (conn, party)));
            }
        }
        let Some(note) = self.conns.get_mut(&conn) else { return };
        if let Some(party) = self.party_of_conn.get(&conn) {
            self.parties.follow(event.id, *party);
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
                self.closings.insert(event.id, conn);
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
        recipients: Vec<String>,
    ) -> ConnNote {
        ConnNote {
            name: self.directory.conn_name(conn),
            recipients,
            query: None,
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
            crashed: [None, None],
            refusal: None,
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
            if let Some(party) = self.party_of_conn.get(&conn) {
                self.parties.follow(event.id, *party);
            }
            self.note(conn, |note| &mut note.said, Said { at: event.at, side, protocol, head, octets });
        }
    }

    fn dns(&mut self, event: &TraceEvent<'_>, what: DnsTrace<'_>) {
        match what {
            DnsTrace::Asked { query, .. } => {
                self.last_asked.insert(event.host, (event.id, query));
                if let Some(party) = self.parties.of(event.cause) {
                    self.parties.follow(event.id, party);
                    self.asked.insert(query, party);
                    let recipients = self.recipients_of(party);
                    self.asked_for.entry(self.directory.query_name(query)).or_default().extend(recipients);
                }
                if self.queries.contains(&query) {
                    self.ways.insert(event.id, query);
                }
            }
            DnsTrace::Answered { query, .. } | DnsTrace::TimedOut { query } | DnsTrace::Unreachable { query } => {
                if let Some(party) = self.asked.get(&query) {
                    self.parties.follow(event.id, *party);
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
                if let Some(party) = self.parties.of(event.cause) {
                    self.parties.follow(event.id, party);
                }
            }
            DnsTrace::LookedUp { name, rtype, since, kind, cache, .. } if self.message.is_some() => {
                let (recipients, waiting) = match self.parties.of(event.cause) {
                    Some(party) if self.is_carried(party) => (self.recipients_of(party), Vec::new()),
                    Some(party) => (Vec::new(), self.recipients_of(party)),
                    None => (Vec::new(), Vec::new()),
                };
                let (host, name, rtype) = (self.host(event.host), name.to_owned(), rtype_word(rtype));
                let (at, cached) = (event.at, cache.is_some());
                let note = LookUpNote { at, recipients, waiting, since, host, name, rtype, kind, cached };
                if let Some(party) = self.parties.of(event.cause) {
                    self.parties.follow(event.id, party);
                    self.looked_up.insert(event.id, self.look_ups.len());
                    self.look_ups.push(note);
                } else {
                    self.others.insert(event.host, (event.id, note));
                }
            }
            DnsTrace::LookedUp { .. } => {}
            DnsTrace::Changed { .. } | DnsTrace::Copied { .. } | DnsTrace::Expired { .. } => {}
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
            Trace::Fault(fault) => {
                self.in_force.observe(&self.directory, event, fault);
                if fault == FaultTrace::HostDown {
                    self.crashed(event);
                }
            }
            Trace::Host(HostTrace::Served { .. } | HostTrace::Visited { .. }) | Trace::Web(_) => {}
        }
    }
}
