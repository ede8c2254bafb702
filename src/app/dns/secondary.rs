//! Copies of zones on a secondary server, kept up by asking the primary (RFC 1034 4.3.5).
//!
//! At intervals of REFRESH the primary is asked for its SOA record; when its serial is newer, the
//! zone is fetched over TCP (RFC 5936). While that fails it is tried every RETRY, and after EXPIRE
//! without success the zone is served no more. The copy stands on disk and survives a crash; what
//! was on the way is lost. Left out: notification (RFC 1996), so that a change takes its time to
//! arrive; incremental transfer (RFC 1995); chains of secondaries.

use std::net::IpAddr;

use crate::app::host::{Host, Input};
use crate::base::trace::{DnsAnswerKind, DnsTrace, Trace};
use crate::base::{Endpoint, EventId, QueryId, SimDuration, SimTime, Stream};
use crate::proto::dns::transfer::Transfer;
use crate::proto::dns::{CLASS_IN, Message, Name, PORT, Question, Rcode, Rtype, TCP_LIMIT, UDP_LIMIT};

use super::authority::Authority;
use super::repeats::{RepeatEvent, RepeatId, Repeats, Sending};
use super::zone::{Version, Zone, version};

/// How long to wait for a primary's SOA record in each round.
const WAITS: [SimDuration; 3] = [SimDuration::from_secs(1), SimDuration::from_secs(2), SimDuration::from_secs(4)];

/// How long a transfer may rest before it is given up.
const PATIENCE: SimDuration = SimDuration::from_secs(30);

/// A zone of which a server has a copy.
#[derive(Clone, Debug)]
pub struct SecondaryZone {
    /// The copy that stands on disk at the beginning, just checked.
    pub zone: Zone,
    /// The primary servers, in the order in which to ask them.
    pub primaries: Vec<IpAddr>,
}

/// The copies of one server.
#[derive(Clone, Debug)]
pub(super) struct Secondaries {
    copies: Vec<Copied>,
    port: u16,
    ids: Option<Stream>,
    repeats: Repeats,
}

/// What a server knows of one copy beside its records.
#[derive(Clone, Debug)]
struct Copied {
    zone: Name,
    primaries: Vec<IpAddr>,
    /// When a primary last said that the copy is the newest.
    checked: SimTime,
    /// For too long.
    expired: bool,
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Until the next check.
    Resting(SimTime),
    /// For the SOA record of a primary, or for its zone.
    Asking(Asking),
}

#[derive(Clone, Debug)]
struct Asking {
    /// Counted over all primaries and rounds.
    attempt: usize,
    query: QueryId,
    wire_id: u16,
    expires: SimTime,
    event: EventId,
    /// The transfer, if it has come to that.
    fetch: Option<Fetch>,
}

#[derive(Clone, Debug)]
struct Fetch {
    stream: RepeatId,
    transfer: Transfer,
    answers: usize,
    octets: usize,
}

/// RFC 1982 3.2: whether a serial is greater than another one. Of two that are 2^31 apart
/// neither is.
pub(super) const fn is_newer(serial: u32, than: u32) -> bool {
    let ahead = serial.wrapping_sub(than);
    ahead != 0 && ahead < 1 << 31
}

impl Secondaries {
    /// The copies of these zones.
    pub(super) fn new(zones: impl Iterator<Item = (Name, Vec<IpAddr>)>) -> Self {
        let copies = zones.map(|(zone, primaries)| {
            let phase = Phase::Resting(SimTime::NEVER);
            Copied { zone, primaries, checked: SimTime::ZERO, expired: false, phase }
        });
        Self { copies: copies.collect(), port: 0, ids: None, repeats: Repeats::default() }
    }

    /// At the first start the copies were just checked; after a failure nobody knows.
    pub(super) fn boot(&mut self, host: &mut impl Host, authority: &Authority) {
        self.port = host.bind_udp_ephemeral();
        let now = host.now();
        let first = self.ids.is_none();
        if first {
            self.ids = Some(host.stream("dns/secondary/id"));
        }
        for copy in &mut self.copies {
            if first {
                copy.checked = now;
            }
            copy.phase = Phase::Resting(if first { copy.next_check(now, authority) } else { now });
        }
    }

    pub(super) fn crash(&mut self) {
        self.repeats.crash();
        for copy in &mut self.copies {
            copy.phase = Phase::Resting(SimTime::NEVER);
        }
    }

    /// Where a zone is from and how it stands, if it is one of the copies.
    pub(super) fn origin(&self, zone: &Name) -> Option<String> {
        let copy = self.copies.iter().find(|copy| copy.zone == *zone)?;
        let expired = if copy.expired { " and expired since" } else { "" };
        Some(format!("a copy, the newest at {} s{expired}", copy.checked))
    }

    pub(super) fn deadline(&self, authority: &Authority) -> SimTime {
        let due = |copy: &Copied| {
            let next = match &copy.phase {
                Phase::Resting(until) => *until,
                Phase::Asking(asking) => asking.expires,
            };
            next.min(copy.end(authority))
        };
        self.copies.iter().map(due).fold(self.repeats.deadline(), SimTime::min)
    }

    /// Takes an input that may concern the copies.
    pub(super) fn input(&mut self, host: &mut impl Host, authority: &mut Authority, input: Input<'_>) {
        match input {
            Input::Datagram { local_port, from, bytes } if local_port == self.port => {
                let Ok(message) = Message::decode(bytes) else { return };
                let fits = |copy: &Copied, asking: &Asking| {
                    asking.fetch.is_none() && from == copy.server(asking.attempt) && asking.is_answered_by(&message)
                };
                if let Some(index) = self.find(fits) {
                    self.polled(host, authority, index, &message, bytes.len());
                }
            }
            Input::Unreachable { local_port, to } if local_port == self.port => {
                let fits = |copy: &Copied, asking: &Asking| asking.fetch.is_none() && copy.server(asking.attempt) == to;
                let cause = host.cause();
                for index in (0..self.copies.len()).filter(|index| self.asks(*index, fits)).collect::<Vec<_>>() {
                    host.set_cause(cause);
                    self.failed(host, authority, index, |query| DnsTrace::Unreachable { query });
                }
            }
            Input::Connected { .. } | Input::Data { .. } | Input::PeerClosed { .. } | Input::Closed { .. } => {
                for (stream, event) in self.repeats.input(host, input) {
                    let is_its = |fetch: &Fetch| fetch.stream == stream;
                    let fits = |_: &Copied, asking: &Asking| asking.fetch.as_ref().is_some_and(is_its);
                    let Some(index) = self.find(fits) else { continue };
                    match event {
                        RepeatEvent::Lost { .. } => {
                            self.failed(host, authority, index, |query| DnsTrace::Unreachable { query });
                        }
                        RepeatEvent::Message(octets) => self.fetched(host, authority, index, &octets),
                    }
                }
            }
            Input::Wake => {
                self.repeats.wake(host);
                self.wake(host, authority);
            }
            Input::Boot
            | Input::Crash
            | Input::Accepted { .. }
            | Input::Drained { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Flush(_) => {}
        }
    }

    fn asks(&self, index: usize, fits: impl Fn(&Copied, &Asking) -> bool) -> bool {
        let copy = &self.copies[index];
        matches!(&copy.phase, Phase::Asking(asking) if fits(copy, asking))
    }

    fn find(&self, fits: impl Fn(&Copied, &Asking) -> bool) -> Option<usize> {
        (0..self.copies.len()).find(|index| self.asks(*index, &fits))
    }

    fn wake(&mut self, host: &mut impl Host, authority: &mut Authority) {
        let now = host.now();
        let cause = host.cause();
        for index in 0..self.copies.len() {
            host.set_cause(cause);
            let copy = &mut self.copies[index];
            if copy.end(authority) <= now {
                copy.expired = true;
                authority.set_expired(&copy.zone, true);
                host.trace(Trace::Dns(DnsTrace::Expired { zone: &copy.zone.to_string() }));
                host.set_cause(cause);
            }
            match &copy.phase {
                Phase::Resting(until) if *until <= now => self.poll(host, authority, index, 0),
                Phase::Asking(asking) if asking.expires <= now => {
                    host.set_cause(asking.event);
                    self.failed(host, authority, index, |query| DnsTrace::TimedOut { query });
                }
                Phase::Resting(_) | Phase::Asking(_) => {}
            }
        }
        host.set_cause(cause);
    }

    fn wire_id(&mut self) -> u16 {
        self.ids.as_mut().map_or(0, |ids| u16::try_from(ids.below(1 << 16)).unwrap_or_default())
    }

    /// Asks a primary for its SOA record, or rests when all have been asked in vain.
    fn poll(&mut self, host: &mut impl Host, authority: &Authority, index: usize, attempt: usize) {
        let wire_id = self.wire_id();
        let port = self.port;
        let copy = &mut self.copies[index];
        let Some(wait) = attempt.checked_div(copy.primaries.len()).and_then(|round| WAITS.get(round)) else {
            let retry = copy.version(authority).map_or(0, |version| version.retry);
            copy.phase = Phase::Resting(host.now().saturating_add(seconds(retry)));
            return;
        };
        let to = copy.server(attempt);
        let query = host.next_query();
        let name = &copy.zone.to_string();
        let (rtype, retry) = (Rtype::Soa.number(), u32::try_from(attempt).unwrap_or(u32::MAX));
        let asked = DnsTrace::Asked { query, task: None, to, from_port: port, wire_id, name, rtype, retry };
        let event = host.trace(Trace::Dns(asked));
        let expires = host.now().saturating_add(*wait);
        copy.phase = Phase::Asking(Asking { attempt, query, wire_id, expires, event, fetch: None });
        let question = Question { name: copy.zone.clone(), rtype: Rtype::Soa };
        host.send_datagram(port, to, &Message::query(wire_id, question, false).encode(UDP_LIMIT));
    }

    /// The attempt is over, and came to nothing.
    fn failed(
        &mut self,
        host: &mut impl Host,
        authority: &Authority,
        index: usize,
        why: impl FnOnce(QueryId) -> DnsTrace<'static>,
    ) {
        let Phase::Asking(asking) = &self.copies[index].phase else { return };
        let (attempt, query) = (asking.attempt, asking.query);
        if let Some(fetch) = &asking.fetch {
            self.repeats.abandon(host, fetch.stream);
        }
        host.trace(Trace::Dns(why(query)));
        self.poll(host, authority, index, attempt + 1);
    }

    /// The response to a question for the SOA record.
    fn polled(
        &mut self,
        host: &mut impl Host,
        authority: &mut Authority,
        index: usize,
        message: &Message,
        length: usize,
    ) {
        let copy = &self.copies[index];
        let Phase::Asking(asking) = &copy.phase else { return };
        let attempt = asking.attempt;
        let soa = message.answers.iter().find(|record| record.rtype() == Rtype::Soa && record.name == copy.zone);
        let theirs = soa.and_then(version).filter(|_| message.flags.aa && message.rcode == Rcode::NoError);
        let kind = if theirs.is_some() { DnsAnswerKind::Answer } else { DnsAnswerKind::Failure };
        host.trace(answered(asking.query, message.rcode, kind, message.answers.len(), length));
        let ours = copy.version(authority);
        match (theirs, ours) {
            (Some(theirs), Some(ours)) if is_newer(theirs.serial, ours.serial) => self.fetch(host, index, attempt),
            (Some(_), Some(_)) => self.confirmed(host, authority, index),
            (None, _) | (_, None) => self.poll(host, authority, index, attempt + 1),
        }
    }

    /// The copy is the newest.
    fn confirmed(&mut self, host: &impl Host, authority: &mut Authority, index: usize) {
        let copy = &mut self.copies[index];
        copy.checked = host.now();
        copy.expired = false;
        authority.set_expired(&copy.zone, false);
        copy.phase = Phase::Resting(copy.next_check(host.now(), authority));
    }

    /// Asks for the whole zone.
    fn fetch(&mut self, host: &mut impl Host, index: usize, attempt: usize) {
        let wire_id = self.wire_id();
        let copy = &mut self.copies[index];
        let to = copy.server(attempt);
        let question = Question { name: copy.zone.clone(), rtype: Rtype::AXFR };
        let octets = Message::query(wire_id, question, false).encode(TCP_LIMIT);
        let (stream, from_port) = self.repeats.ask(host, to, Sending { wire_id, octets, again: false });
        let query = host.next_query();
        let name = &copy.zone.to_string();
        let (rtype, retry) = (Rtype::AXFR.number(), u32::try_from(attempt).unwrap_or(u32::MAX));
        let event =
            host.trace(Trace::Dns(DnsTrace::Asked { query, task: None, to, from_port, wire_id, name, rtype, retry }));
        let expires = host.now().saturating_add(PATIENCE);
        let fetch = Some(Fetch { stream, transfer: Transfer::new(copy.zone.clone()), answers: 0, octets: 0 });
        copy.phase = Phase::Asking(Asking { attempt, query, wire_id, expires, event, fetch });
        self.repeats.send(host, stream);
    }

    /// The next message of a transfer.
    fn fetched(&mut self, host: &mut impl Host, authority: &mut Authority, index: usize, octets: &[u8]) {
        let copy = &mut self.copies[index];
        let Phase::Asking(asking) = &mut copy.phase else { return };
        let Some(fetch) = &mut asking.fetch else { return };
        let message = Message::decode(octets).ok().filter(|message| message.flags.qr && message.id == asking.wire_id);
        let took = message.as_ref().and_then(|message| fetch.transfer.take(message).ok());
        fetch.octets += octets.len();
        fetch.answers += message.as_ref().map_or(0, |message| message.answers.len());
        if took == Some(false) {
            asking.expires = host.now().saturating_add(PATIENCE);
            return;
        }
        let (attempt, query) = (asking.attempt, asking.query);
        let (stream, answers, length) = (fetch.stream, fetch.answers, fetch.octets);
        let Some(Fetch { transfer, .. }) = asking.fetch.take() else { return };
        self.repeats.finish(host, stream);
        let zone = took.and_then(|_| Zone::new(copy.zone.clone(), transfer.into_records()).ok());
        let newer = |zone: &Zone| {
            authority.zone(zone.apex()).is_none_or(|old| is_newer(zone.version().serial, old.version().serial))
        };
        let zone = zone.filter(newer);
        let rcode = message.map_or(Rcode::NoError, |message| message.rcode);
        let kind = if zone.is_some() { DnsAnswerKind::Answer } else { DnsAnswerKind::Failure };
        host.trace(answered(query, rcode, kind, answers, length));
        let Some(zone) = zone else { return self.poll(host, authority, index, attempt + 1) };
        let copied = DnsTrace::Copied { zone: &zone.apex().to_string(), serial: zone.version().serial };
        host.trace(Trace::Dns(copied));
        if let Some(held) = authority.zone_mut(&copy.zone) {
            *held = zone;
        }
        self.confirmed(host, authority, index);
    }
}

impl Copied {
    fn version(&self, authority: &Authority) -> Option<Version> {
        authority.zone(&self.zone).map(Zone::version)
    }

    fn next_check(&self, now: SimTime, authority: &Authority) -> SimTime {
        now.saturating_add(seconds(self.version(authority).map_or(0, |version| version.refresh)))
    }

    /// RFC 1035 3.3.13: EXPIRE is the upper limit on the time that can elapse before the zone is no
    /// longer authoritative. Never, once that has happened.
    fn end(&self, authority: &Authority) -> SimTime {
        match self.version(authority) {
            Some(version) if !self.expired => self.checked.saturating_add(seconds(version.expire)),
            Some(_) | None => SimTime::NEVER,
        }
    }

    fn server(&self, attempt: usize) -> Endpoint {
        let server = attempt.checked_rem(self.primaries.len()).map(|index| self.primaries[index]);
        Endpoint::new(server.unwrap_or(IpAddr::from([0, 0, 0, 0])), PORT)
    }
}

impl Asking {
    fn is_answered_by(&self, message: &Message) -> bool {
        message.flags.qr && message.class == CLASS_IN && message.id == self.wire_id
    }
}

/// A time of an SOA record. Nothing is asked for more often than once a second.
const fn seconds(count: u32) -> SimDuration {
    SimDuration::from_secs(if count == 0 { 1 } else { count as u64 })
}

fn answered(query: QueryId, rcode: Rcode, kind: DnsAnswerKind, answers: usize, length: usize) -> Trace<'static> {
    Trace::Dns(DnsTrace::Answered {
        query,
        rcode: rcode.number(),
        kind,
        answers: u16::try_from(answers).unwrap_or(u16::MAX),
        bytes: u32::try_from(length).unwrap_or(u32::MAX),
    })
}
