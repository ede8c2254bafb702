//! The ladder of TCP segments, watched in a run that is done again: each from its source to its destination or to
//! where it was lost, those sent again marked.
//!
//! Left out: segments of a host to itself, which pass over no link, and those that no link took.

use std::collections::BTreeMap;

use super::picture::{Draft, LIMIT, Look, Message, shown};
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, EventId, HostId};
use crate::base::socket::Endpoint;
use crate::base::time::SimTime;
use crate::base::trace::{
    ConnStep, DropReason, NetTrace, Observer, PacketInfo, RetransmitReason, TcpInfo, Trace, TraceEvent,
};
use crate::metrics::Text;

/// More segments than any picture shows, so that what is left out can be counted.
pub(super) const MOST: usize = 250 * LIMIT;

/// A segment's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The connection's name.
    pub connection: Text,
    /// From which host to which.
    pub ends: [Text; 2],
    /// When it was sent.
    pub sent: SimTime,
    /// When it came to its destination, if it did.
    pub arrived: Option<SimTime>,
    /// Whether nobody saw if it came.
    pub unseen: bool,
    /// Why and where it was lost, if it was.
    pub lost: Option<String>,
    /// Why it was sent again, if it was.
    pub again: Option<&'static str>,
    /// What its header says.
    pub header: TcpInfo,
}

/// Watches the segments of some connections.
#[derive(Clone, Debug)]
pub struct SegmentWatch {
    directory: Directory,
    /// Only of these connections; of all when empty.
    connections: Vec<String>,
    hosts: Vec<String>,
    from: SimTime,
    until: SimTime,
    segments: Vec<Segment>,
    infos: Vec<PacketInfo>,
    /// Packets on links, by the event with which they were put there.
    flights: BTreeMap<EventId, usize>,
    /// The packet that has just arrived somewhere.
    here: Option<(EventId, usize)>,
    /// What was announced as a repetition and not yet sent.
    again: Option<(HostId, ConnId, u64, &'static str)>,
    names: BTreeMap<ConnId, Option<Text>>,
}

impl SegmentWatch {
    /// Watches connections of these names and hosts, those of all where none are named, from one time to another.
    #[must_use]
    pub fn new(
        directory: Directory,
        connections: Vec<String>,
        hosts: Vec<String>,
        (from, until): (SimTime, SimTime),
    ) -> Self {
        Self {
            directory,
            connections,
            hosts,
            from,
            until,
            segments: Vec::new(),
            infos: Vec::new(),
            flights: BTreeMap::new(),
            here: None,
            again: None,
            names: BTreeMap::new(),
        }
    }

    /// What was seen, in the order of sending.
    #[must_use]
    pub fn finish(self) -> Vec<Segment> {
        self.segments
    }

    /// The name of a connection that is watched.
    fn watched(&mut self, conn: ConnId, ends: &[Text; 2]) -> Option<Text> {
        let Self { directory, connections, hosts, names, .. } = self;
        let name = names.entry(conn).or_insert_with(|| {
            let name = directory.conn_name(conn);
            let by_name = connections.is_empty() || connections.contains(&name);
            let by_host = hosts.is_empty() || hosts.iter().any(|host| ends.iter().any(|end| **end == **host));
            (by_name && by_host).then(|| name.into())
        });
        name.clone()
    }

    fn host(&self, endpoint: Endpoint) -> Text {
        self.directory.name_at(endpoint.addr).into()
    }

    fn sent(&mut self, event: &TraceEvent<'_>, info: PacketInfo) {
        if let Some((_, index)) =
            self.here.take_if(|(id, index)| *id == event.cause && same(&self.infos[*index], &info))
        {
            self.flights.insert(event.id, index);
            return;
        }
        let Some((header, conn)) = info.tcp.and_then(|tcp| Some((tcp, tcp.conn?))) else { return };
        let at_source = self.directory.has_address(event.host, info.src.addr);
        if !at_source || event.at < self.from || event.at > self.until || self.segments.len() >= MOST {
            return;
        }
        let ends = [self.host(info.src), self.host(info.dst)];
        let Some(connection) = self.watched(conn, &ends) else { return };
        let announced = self.again.take_if(|(host, of, seq, _)| (*host, *of, *seq) == (event.host, conn, header.seq));
        let again = announced.map(|(.., why)| why);
        self.flights.insert(event.id, self.segments.len());
        self.segments.push(Segment {
            connection,
            ends,
            sent: event.at,
            arrived: None,
            unseen: false,
            lost: None,
            again,
            header,
        });
        self.infos.push(info);
    }

    fn arrived(&mut self, event: &TraceEvent<'_>, info: &PacketInfo) {
        let Some(index) = self.flights.remove(&event.cause) else { return };
        if self.directory.has_address(event.host, info.dst.addr) {
            self.segments[index].arrived = Some(event.at);
        }
        self.here = Some((event.id, index));
    }

    fn dropped(&mut self, event: &TraceEvent<'_>, info: &PacketInfo, reason: DropReason, place: &str) {
        let here = self.here.take_if(|(id, _)| *id == event.cause).map(|(_, index)| index);
        // a fault takes all that was on a link; the packet is known by its looks
        let index = here.or_else(|| self.flights.remove(&event.cause)).or_else(|| {
            let id = self.flights.iter().find(|(_, index)| same(&self.infos[**index], info)).map(|(id, _)| *id)?;
            self.flights.remove(&id)
        });
        if let Some(segment) = index.and_then(|index| self.segments.get_mut(index)) {
            segment.arrived = None;
            segment.lost = Some(format!("{} at {place}", words(reason)));
        }
    }
}

/// Whether two packets of the trace may be one, which a queue may have marked.
fn same(a: &PacketInfo, b: &PacketInfo) -> bool {
    *a == PacketInfo { ecn: a.ecn, ..*b }
}

const fn words(reason: DropReason) -> &'static str {
    match reason {
        DropReason::QueueFull => "queue full",
        DropReason::Loss => "lost at random",
        DropReason::LinkDown => "link down",
        DropReason::HostDown => "host down",
        DropReason::NoRoute => "no route",
        DropReason::PortClosed => "port closed",
        DropReason::TtlExpired => "hop limit ran out",
        DropReason::TooBig => "too big",
        DropReason::Early => "RED",
        DropReason::Sojourn => "CoDel",
        DropReason::Corrupt => "damaged",
        DropReason::BacklogFull => "backlog full",
        DropReason::ServiceFull => "service full",
    }
}

const fn cause(why: RetransmitReason) -> &'static str {
    match why {
        RetransmitReason::Timeout => "time-out",
        RetransmitReason::FastRetransmit => "fast retransmit",
        RetransmitReason::LossProbe => "loss probe",
        RetransmitReason::PathMtu => "path MTU",
    }
}

impl Observer for SegmentWatch {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        match event.what {
            Trace::Conn { conn, step: ConnStep::Retransmitted { seq, why, .. }, .. } => {
                self.again = Some((event.host, conn, seq, cause(why)));
            }
            Trace::Net(NetTrace::Sent { packet, .. }) => self.sent(event, packet),
            Trace::Net(NetTrace::Arrived { packet, .. }) => self.arrived(event, &packet),
            Trace::Net(NetTrace::Dropped { link, packet, reason }) => {
                let place = match link {
                    Some(link) => {
                        let (_, from, to) = self.directory.link_dir(link);
                        format!("{} - {}", self.directory.host_name(from), self.directory.host_name(to))
                    }
                    None => self.directory.host_name(event.host).to_owned(),
                };
                self.dropped(event, &packet, reason, &place);
            }
            Trace::Conn { .. }
            | Trace::Dialogue { .. }
            | Trace::Dns(_)
            | Trace::Mail(_)
            | Trace::Fault(_)
            | Trace::Host(_)
            | Trace::Web(_) => {}
        }
    }
}

/// The strokes of those segments that are wanted.
pub(super) fn drafts_of(segments: &[Segment], wanted: impl Fn(&Segment) -> bool) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for segment in segments.iter().filter(|segment| wanted(segment)) {
        let (label, full) = texts(segment);
        let look = match segment {
            Segment { arrived: None, unseen: false, .. } => Look::Vain,
            Segment { header: TcpInfo { rst: true, .. }, .. } => Look::Failure,
            Segment { again: Some(_), .. } => Look::Again,
            Segment { header: TcpInfo { len: 1.., .. }, .. } => Look::Request,
            Segment { .. } => Look::Control,
        };
        let message = Message { label, full: Some(full), look, arrives: segment.arrived, ..Message::default() };
        let [from, to] = &segment.ends;
        let draft = Draft::message(segment.sent, (from, to), message);
        let begins = segment.header.syn && segment.header.ack.is_none() && segment.again.is_none();
        drafts.push(if begins { draft.begins() } else { draft });
    }
    drafts
}

/// A segment as textbooks label it, and all of its header.
fn texts(segment: &Segment) -> (String, String) {
    let TcpInfo { seq, ack, len, window, syn, fin, rst, ece, cwr, .. } = segment.header;
    let flags: Vec<&str> = [(syn, "SYN"), (fin, "FIN"), (rst, "RST"), (ece, "ECE"), (cwr, "CWR")]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect();
    let mut parts = flags.iter().map(ToString::to_string).collect::<Vec<_>>();
    match len {
        0 if flags.is_empty() => {}
        0 => parts.push(format!("seq {seq}")),
        1 => parts.push(format!("seq {seq} (1 octet)")),
        _ => parts.push(format!("seq {seq}-{} ({len} octets)", seq + u64::from(len) - 1)),
    }
    parts.extend(ack.map(|ack| format!("ack {ack}")));
    let blocks = segment.header.options.sack_blocks().zip(std::iter::repeat(ack.unwrap_or(0)));
    let blocks: Vec<String> = blocks
        .map(|((from, to), ack)| format!("{}-{}", ack + u64::from(from), (ack + u64::from(to)).saturating_sub(1)))
        .collect();
    if !blocks.is_empty() {
        parts.push(format!("sack {}", blocks.join(" ")));
    }
    let mut label = parts.join(" ");
    if let Some(why) = segment.again {
        label = format!("again ({why}): {label}");
    }
    if let Some(why) = &segment.lost {
        label = format!("{label}: {why}");
    }
    let full = format!("{label}; window {window}; {}", shown(&segment.connection));
    (label, full)
}
