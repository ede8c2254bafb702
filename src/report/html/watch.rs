//! The observer that keeps of a run what its report shows: events in words, packets with their octets, and what the stories
//! of messages are made of, by the witnesses of `explain`.
//!
//! Which threads it keeps is chosen before (`choice`): a thread is all that follows from a message or a look-up, found by
//! the causes in the trace. A connection that belongs to a kept thread is kept whole, within bounds. Packets of each
//! protocol are counted all, kept or not, each once where its source sends it.
//!
//! Left out: how queues and mailboxes fill, which charts show; a packet's hops, of which only the last arrival is kept.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::{FxHashMap, FxHashSet};

use super::choice::{Choice, MOST_OCTETS, MOST_PACKETS};
use super::words::{Kind, kind, told};
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, EventId, HostId};
use crate::base::time::SimTime;
use crate::base::trace::{
    ConnStep, DnsTrace, MailTrace, NetTrace, Observer, PacketContent, PacketInfo, Trace, TraceEvent,
};
use crate::metrics::Tables;
use crate::report::capture::{Capture, Place, Shelf};
use crate::report::explain::{Witness, message_focus};

/// Events besides packets that a report shows at most.
const MOST_EVENTS: usize = 4_000;
/// Causes that are remembered; a retry follows from an event that names its message.
const CAUSES: usize = 1 << 20;
/// What is kept of a packet that does not fit: its headers, and the begin of what it carries.
const CUT: usize = 96;

/// Packets of one protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// All, each counted once where its source sends it, those sent again too.
    pub packets: u64,
    /// Those of them that carry octets of the protocol.
    pub messages: u64,
    /// Those octets.
    pub octets: u64,
}

/// Something that is shown.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) at: SimTime,
    pub(super) host: HostId,
    pub(super) kind: Kind,
    pub(super) text: String,
    /// The message or look-up from which it follows.
    pub(super) thread: Option<u32>,
    pub(super) conn: Option<ConnId>,
    pub(super) shot: Option<Shot>,
}

/// A packet.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    pub(super) to: Option<HostId>,
    pub(super) arrived: Option<SimTime>,
    /// Its length; of `octets` there may be fewer.
    pub(super) length: u32,
    pub(super) octets: Vec<u8>,
    pub(super) comments: Vec<String>,
}

/// What was seen of a run.
#[derive(Debug, Default)]
pub(super) struct Reel {
    pub(super) seen: Vec<Seen>,
    /// Names of messages and look-ups.
    pub(super) threads: Vec<String>,
    pub(super) counts: BTreeMap<&'static str, Count>,
    /// Packets that were sent.
    pub(super) packets: u64,
    /// Events that could have been shown, packets included.
    pub(super) events: u64,
    /// By message, who saw what befell it.
    pub(super) witnesses: BTreeMap<String, Witness>,
}

/// Who looks out for a message, and when.
#[derive(Debug)]
struct LookOut {
    message: String,
    from: SimTime,
    until: SimTime,
    witness: Witness,
}

impl LookOut {
    /// One for a message, from when the first that concerns it may happen.
    fn new(directory: &Directory, tables: &Tables, message: &str) -> Option<Self> {
        let (focus, until) = message_focus(tables, message)?;
        let composed = tables.messages.iter().filter(|row| *row.message == *message).map(|row| row.composed);
        let opened = tables.connections.iter().filter(|row| focus.connections.contains(&*row.connection));
        let from = composed.chain(opened.map(|row| row.opened)).min()?;
        Some(Self { message: message.to_owned(), from, until, witness: Witness::new(directory.clone(), &focus) })
    }

    fn observe(&mut self, event: &TraceEvent<'_>) {
        // faults may be in force, and rules of conduct remember, from long before
        let lasting = matches!(event.what, Trace::Fault(_) | Trace::Mail(MailTrace::Conduct { .. }));
        if event.at <= self.until && (lasting || event.at >= self.from) {
            self.witness.observe(event);
        }
    }
}

/// An observer that keeps what a report shows.
#[derive(Debug)]
pub struct Watch {
    directory: Directory,
    choice: Choice,
    look_outs: Vec<LookOut>,
    capture: Capture<Film>,
    reel: Reel,
    others: usize,
    /// The thread of each of the latest events, from 1; 0 for none.
    causes: VecDeque<u32>,
    /// The event of the first of them.
    first: u64,
    numbers: FxHashMap<String, u32>,
    kept: Vec<bool>,
    conns: FxHashSet<ConnId>,
}

/// The packets that are shown.
#[derive(Debug, Default)]
struct Film {
    next: u64,
    /// The packet that was seen last, and what was said of it.
    fresh: Option<(Place, Vec<String>)>,
    kept: FxHashMap<u64, usize>,
    shots: Vec<(Shot, Option<ConnId>)>,
    packets: FxHashMap<Option<ConnId>, usize>,
    octets: FxHashMap<Option<ConnId>, usize>,
    octets_each: usize,
    octets_left: usize,
}

impl Shelf for Film {
    fn reserve(&mut self, _at: SimTime, _interface: u32, comments: Vec<String>) -> Place {
        let place = Place(self.next);
        self.next += 1;
        self.fresh = Some((place, comments));
        place
    }

    fn fill(&mut self, place: Place, mut bytes: Vec<u8>) {
        let Some(index) = self.kept.get(&place.0) else { return };
        let (shot, conn) = &mut self.shots[*index];
        let of_conn = self.octets.entry(*conn).or_default();
        if bytes.len() > CUT && (*of_conn + bytes.len() > self.octets_each || bytes.len() > self.octets_left) {
            bytes.truncate(CUT);
        }
        *of_conn += bytes.len();
        self.octets_left = self.octets_left.saturating_sub(bytes.len());
        shot.octets = bytes;
    }

    fn comment(&mut self, place: Place, comment: String) {
        if let Some(index) = self.kept.get(&place.0) {
            self.shots[*index].0.comments.push(comment);
        }
    }

    fn arrived(&mut self, place: Place, at: SimTime) {
        if let Some(index) = self.kept.get(&place.0) {
            self.shots[*index].0.arrived = Some(at);
        }
    }

    fn settle(&mut self, place: Place) {
        self.kept.remove(&place.0);
    }
}

impl Watch {
    /// An observer of a run among these hosts, of which there are these tables.
    #[must_use]
    pub fn new(directory: Directory, tables: &Tables, choice: Choice) -> Self {
        let look_out = |message: &str| LookOut::new(&directory, tables, message);
        let look_outs = choice.told(tables).into_iter().filter_map(look_out).collect();
        let film = Film { octets_each: choice.octets_each(), octets_left: MOST_OCTETS, ..Film::default() };
        let capture = Capture::of_all(directory.clone(), film);
        Self {
            directory,
            choice,
            look_outs,
            capture,
            reel: Reel::default(),
            others: 0,
            causes: VecDeque::new(),
            first: 1,
            numbers: FxHashMap::default(),
            kept: vec![false],
            conns: FxHashSet::default(),
        }
    }

    /// What was seen, and among whom.
    pub(super) fn finish(mut self) -> (Reel, Directory) {
        let shots = self.capture.shelf().map(|film| std::mem::take(&mut film.shots)).unwrap_or_default();
        let mut shots = shots.into_iter().map(|(shot, _)| shot);
        for seen in self.reel.seen.iter_mut().filter(|seen| seen.kind == Kind::Packet) {
            seen.shot = shots.next();
        }
        let witnesses = self.look_outs.into_iter().map(|one| (one.message, one.witness));
        self.reel.witnesses = witnesses.collect();
        (self.reel, self.directory)
    }

    /// The thread of an event, as a number from 1, or 0.
    fn thread(&mut self, event: &TraceEvent<'_>) -> u32 {
        let named = match event.what {
            Trace::Mail(mail) => super::words::message(&mail).filter(|name| !name.is_empty()).map(str::to_owned),
            Trace::Net(_)
            | Trace::Conn { .. }
            | Trace::Dialogue { .. }
            | Trace::Dns(_)
            | Trace::Fault(_)
            | Trace::Host(_)
            | Trace::Web(_) => None,
        };
        let thread = match (named, self.of_cause(event.cause)) {
            (Some(name), _) => self.number(name),
            (None, 0) => match event.what {
                Trace::Dns(DnsTrace::Asked { query, .. }) => self.number(self.directory.query_name(query)),
                Trace::Conn { conn, step: ConnStep::Opening { .. }, .. } => self.number(self.directory.conn_name(conn)),
                Trace::Net(_)
                | Trace::Conn { .. }
                | Trace::Dialogue { .. }
                | Trace::Dns(_)
                | Trace::Mail(_)
                | Trace::Fault(_)
                | Trace::Host(_)
                | Trace::Web(_) => 0,
            },
            (None, inherited) => inherited,
        };
        self.causes.push_back(thread);
        if self.causes.len() > CAUSES {
            self.causes.pop_front();
            self.first += 1;
        }
        thread
    }

    fn of_cause(&self, cause: EventId) -> u32 {
        let place = cause.0.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.causes.get(place)).copied().unwrap_or(0)
    }

    fn number(&mut self, name: String) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        self.kept.push(self.choice.has_thread(&name) || self.choice.has_connection(&name));
        self.reel.threads.push(name.clone());
        let number = u32::try_from(self.reel.threads.len()).unwrap_or(0);
        self.numbers.insert(name, number);
        number
    }

    /// Whether what happens on this connection, or follows from that thread, is shown.
    fn is_kept(&mut self, thread: u32, conn: Option<ConnId>) -> bool {
        if self.choice.is_whole() {
            return true;
        }
        let of_thread = self.kept.get(thread as usize).copied().unwrap_or(false);
        let Some(conn) = conn else { return of_thread };
        if self.conns.contains(&conn) {
            return true;
        }
        let kept = of_thread || self.choice.has_connection(&self.directory.conn_name(conn));
        if kept {
            self.conns.insert(conn);
        }
        kept
    }

    fn packet(&mut self, event: &TraceEvent<'_>, info: &PacketInfo, thread: u32) {
        let Some((place, comments)) = self.capture.shelf().and_then(|film| film.fresh.take()) else { return };
        self.reel.packets += 1;
        self.count(info);
        let conn = info.tcp.and_then(|tcp| tcp.conn);
        if !self.is_kept(thread, conn) {
            return;
        }
        let each = self.choice.packets_each();
        let Some(film) = self.capture.shelf() else { return };
        let of_conn = film.packets.entry(conn).or_default();
        let telling = info.tcp.is_some_and(|tcp| tcp.syn || tcp.fin || tcp.rst);
        let again = comments.iter().any(|comment| comment.starts_with("retransmission"));
        let room = *of_conn < each || telling || (again && *of_conn < each + each / 2);
        if !room && conn.is_some() || film.shots.len() >= MOST_PACKETS {
            return;
        }
        *of_conn += 1;
        film.kept.insert(place.0, film.shots.len());
        let to = self.directory.host_at(info.dst.addr);
        let shot = Shot { to, arrived: None, length: info.bytes, octets: Vec::new(), comments };
        film.shots.push((shot, conn));
        self.keep(event, Kind::Packet, String::new(), thread, conn);
    }

    fn keep(&mut self, event: &TraceEvent<'_>, kind: Kind, text: String, thread: u32, conn: Option<ConnId>) {
        let thread = thread.checked_sub(1);
        self.reel.seen.push(Seen { at: event.at, host: event.host, kind, text, thread, conn, shot: None });
    }

    fn count(&mut self, info: &PacketInfo) {
        const IPV4_AND_UDP: u32 = 28;
        const IPV6_AND_UDP: u32 = 48;
        let headers = if info.src.addr.is_ipv4() { IPV4_AND_UDP } else { IPV6_AND_UDP };
        let octets = match (info.icmp, info.tcp) {
            (Some(_), _) => 0,
            (None, Some(tcp)) => tcp.len,
            (None, None) => info.bytes.saturating_sub(headers),
        };
        let count = self.reel.counts.entry(protocol(info)).or_default();
        count.packets += 1;
        count.messages += u64::from(octets > 0);
        count.octets += u64::from(octets);
    }
}

/// The protocol that a packet's ports stand for.
fn protocol(info: &PacketInfo) -> &'static str {
    if info.icmp.is_some() {
        return "icmp";
    }
    protocol_of_port(info.dst.port).or_else(|| protocol_of_port(info.src.port)).unwrap_or("other")
}

/// The protocol that is spoken at a port.
pub(super) const fn protocol_of_port(port: u16) -> Option<&'static str> {
    match port {
        53 => Some("dns"),
        25 | 465 | 587 => Some("smtp"),
        110 | 995 => Some("pop3"),
        143 | 993 => Some("imap"),
        80 | 443 => Some("http"),
        _ => None,
    }
}

impl Observer for Watch {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        let thread = self.thread(event);
        self.capture.observe(event);
        self.look_outs.iter_mut().for_each(|one| one.observe(event));
        if let Trace::Net(net) = event.what {
            match net {
                NetTrace::Sent { packet, .. } => {
                    let fresh = self.capture.shelf().is_some_and(|film| film.fresh.is_some());
                    if fresh {
                        self.reel.events += 1;
                        self.packet(event, &packet, thread);
                    }
                }
                NetTrace::Arrived { .. } | NetTrace::Dropped { .. } => {}
            }
            return;
        }
        let Some((kind, conn)) = kind(&event.what) else { return };
        self.reel.events += 1;
        let general = matches!(kind, Kind::Fault);
        if (general || self.is_kept(thread, conn)) && self.others < MOST_EVENTS {
            self.others += 1;
            let text = told(event, &self.directory);
            self.keep(event, kind, text, thread, conn);
        }
    }

    fn wants_content(&self) -> bool {
        self.capture.wants_content()
    }

    fn observe_content(&mut self, content: &PacketContent<'_>) {
        self.capture.observe_content(content);
    }
}
