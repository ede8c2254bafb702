//! What belongs to what: connections, messages, questions and retransmissions, as far as the
//! trace has told by the time a packet is sent.
//!
//! A connection's message is the one for which a server opened it, or for which it begins a
//! mail transaction on it; where a user's program sends or fetches mail, it is known from the
//! message's own Message-ID line on. It lasts until the next transaction begins.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::base::directory::Directory;
use crate::base::ids::{ConnId, EventId, HostId, QueryId};
use crate::base::socket::{Endpoint, Side};
use crate::base::trace::{
    ConnStep, DnsTrace, MailTrace, NetTrace, PacketInfo, Phase, RetransmitReason, Trace, TraceEvent,
};

/// Closed connections that are remembered for their stragglers.
const CLOSED_KEPT: usize = 10_000;

/// A question as it can be recognised on the wire: asker, server, message ID.
type Asked = (Endpoint, Endpoint, u16);

/// What is known at this instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    conns: FxHashMap<ConnId, Conn>,
    closed: VecDeque<ConnId>,
    questions: FxHashMap<Asked, QueryId>,
    asked: FxHashMap<QueryId, Asked>,
    /// The last segment that was announced as a retransmission and not yet sent.
    again: Option<(HostId, ConnId, u64, RetransmitReason)>,
    /// The event that began the latest attempt to connect, and its message.
    connecting: Option<(EventId, String)>,
    /// The last arrival, and the connection of which it was. What it causes has a later number.
    arrival: Option<(EventId, ConnId)>,
}

#[derive(Clone, Debug)]
struct Conn {
    client: Endpoint,
    isn: [u32; 2],
    ends_open: u8,
    message: Option<String>,
    /// The message was named before its MAIL command.
    announced: bool,
    /// This side says a message, or is about to.
    speaker: Option<Side>,
    /// Its name has not been seen yet.
    nameless: bool,
}

const fn side_index(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Labels {
    /// Learns from an event.
    pub(super) fn observe(&mut self, event: &TraceEvent<'_>, directory: &Directory) {
        match event.what {
            Trace::Net(NetTrace::Arrived { packet, .. }) => {
                self.arrival = packet.tcp.and_then(|tcp| tcp.conn).map(|conn| (event.id, conn));
            }
            Trace::Conn { conn, side, step } => self.step(event, conn, side, step),
            Trace::Dialogue { conn, side, bytes, .. } => {
                if let Some(conn) = self.conns.get_mut(&conn) {
                    conn.hears(side, bytes);
                }
            }
            Trace::Dns(dns) => self.dns(event.host, dns, directory),
            Trace::Mail(MailTrace::Phase { message, phase, .. }) => self.phase(event, message, phase),
            Trace::Net(_) | Trace::Mail(_) | Trace::Fault(_) | Trace::Host(_) | Trace::Web(_) => {}
        }
    }

    fn step(&mut self, event: &TraceEvent<'_>, conn: ConnId, side: Side, step: ConnStep) {
        match step {
            ConnStep::Opening { from, .. } => {
                let message = self.connecting.take().filter(|(id, _)| *id == event.cause).map(|(_, message)| message);
                let announced = message.is_some();
                let new = Conn {
                    client: from,
                    isn: [0; 2],
                    ends_open: 1,
                    message,
                    announced,
                    speaker: None,
                    nameless: false,
                };
                self.conns.insert(conn, new);
            }
            ConnStep::Retransmitted { seq, why, .. } => self.again = Some((event.host, conn, seq, why)),
            ConnStep::Established if side == Side::Server => {
                if let Some(conn) = self.conns.get_mut(&conn) {
                    conn.ends_open += 1;
                }
            }
            ConnStep::Established => {}
            ConnStep::Joined { .. } | ConnStep::Closed { .. } => self.closes(conn),
        }
    }

    fn closes(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.ends_open = conn.ends_open.saturating_sub(1);
        if conn.ends_open > 0 {
            return;
        }
        self.closed.push_back(id);
        if self.closed.len() > CLOSED_KEPT
            && let Some(oldest) = self.closed.pop_front()
        {
            self.conns.remove(&oldest);
        }
    }

    fn phase(&mut self, event: &TraceEvent<'_>, message: &str, phase: Phase) {
        match phase {
            Phase::Connecting => self.connecting = Some((event.id, message.to_owned())),
            Phase::Dialogue | Phase::Transfer => {
                let caused_by_arrival = self.arrival.filter(|(arrival, _)| event.cause >= *arrival);
                if let Some((_, id)) = caused_by_arrival
                    && id.host == event.host
                    && let Some(conn) = self.conns.get_mut(&id)
                {
                    conn.message = Some(message.to_owned());
                    conn.announced = phase == Phase::Dialogue;
                }
            }
            Phase::Composing
            | Phase::Submission
            | Phase::Queued
            | Phase::Dns
            | Phase::WaitingForRetry
            | Phase::InMailbox
            | Phase::Retrieval => {}
        }
    }

    fn dns(&mut self, host: HostId, dns: DnsTrace<'_>, directory: &Directory) {
        match dns {
            DnsTrace::Asked { query, to, from_port, wire_id, .. } => {
                let asker = directory.source(host, from_port, to.addr);
                self.questions.insert((asker, to, wire_id), query);
                self.asked.insert(query, (asker, to, wire_id));
            }
            DnsTrace::Answered { query, .. } | DnsTrace::TimedOut { query } | DnsTrace::Unreachable { query } => {
                if let Some(asked) = self.asked.remove(&query) {
                    self.questions.remove(&asked);
                }
            }
            DnsTrace::Received { .. }
            | DnsTrace::Cache { .. }
            | DnsTrace::Replied { .. }
            | DnsTrace::Changed { .. }
            | DnsTrace::Copied { .. }
            | DnsTrace::Expired { .. }
            | DnsTrace::LocalCache { .. }
            | DnsTrace::LookedUp { .. } => {}
        }
    }

    /// Connections that are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.conns.len()
    }

    /// The absolute numbers that stand for zero in a segment's SEQ and ACK. `isn` is the
    /// sender's, when it has told.
    pub(super) fn bases(&mut self, packet: &PacketInfo, isn: Option<u32>) -> (u32, u32) {
        let conn = packet.tcp.and_then(|tcp| tcp.conn).and_then(|conn| self.conns.get_mut(&conn));
        let Some(conn) = conn else { return (isn.unwrap_or(0), 0) };
        let own = side_index(if conn.client == packet.src { Side::Client } else { Side::Server });
        if let Some(isn) = isn {
            conn.isn[own] = isn;
        }
        (conn.isn[own], conn.isn[1 - own])
    }

    /// To which connection and message a packet belongs.
    pub(super) fn about(&self, packet: &PacketInfo, directory: &Directory) -> Vec<String> {
        let Some(id) = packet.tcp.and_then(|tcp| tcp.conn) else { return Vec::new() };
        let mut about = vec![format!("connection {}", directory.conn_name(id))];
        if let Some(message) = self.conns.get(&id).and_then(|conn| conn.message.as_ref()) {
            about.push(format!("message {message}"));
        }
        about
    }

    /// What can be said about a packet that `host` is just sending or receiving.
    pub(super) fn comments(&mut self, host: HostId, packet: &PacketInfo, directory: &Directory) -> Vec<String> {
        let mut comments = self.about(packet, directory);
        let Some(tcp) = packet.tcp else { return comments };
        let Some(id) = tcp.conn else { return comments };
        if let Some((by, conn, seq, why)) = self.again
            && (by, conn, seq) == (host, id, tcp.seq)
        {
            self.again = None;
            comments.push(format!("retransmission: {}", word(&why)));
        }
        comments
    }

    /// What can be said about a datagram once its payload is known.
    pub(super) fn question(&self, packet: &PacketInfo, payload: &[u8], directory: &Directory) -> Option<String> {
        let id = u16::from_be_bytes(payload.get(..2)?.try_into().ok()?);
        let (src, dst) = (packet.src, packet.dst);
        let query = self.questions.get(&(src, dst, id)).or_else(|| self.questions.get(&(dst, src, id)))?;
        Some(format!("query {}", directory.query_name(*query)))
    }
}

impl Conn {
    /// Follows the dialogue, as far as it tells of which message it is.
    fn hears(&mut self, side: Side, bytes: &[u8]) {
        match self.speaker {
            Some(speaker) if speaker == side => {
                if self.nameless
                    && let Some(name) = message_id(bytes)
                {
                    self.message = Some(name.to_owned());
                    self.nameless = false;
                }
            }
            Some(_) if side == Side::Server && bytes.starts_with(b"354") => {}
            // The other side has the word again: the message is over, or was refused.
            Some(_) | None => {
                self.speaker = None;
                let lines = bytes.split(|byte| *byte == b'\n').take(100);
                lines.filter(|_| side == Side::Client).for_each(|line| self.command(line));
            }
        }
    }

    fn command(&mut self, line: &[u8]) {
        let word = line.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
        let is = |verb: &str| word.eq_ignore_ascii_case(verb.as_bytes());
        if is("MAIL") {
            if !self.announced {
                self.message = None;
            }
            self.announced = false;
        } else if is("DATA") {
            (self.speaker, self.nameless) = (Some(Side::Client), true);
        } else if is("RETR") || is("TOP") {
            self.message = None;
            (self.speaker, self.nameless) = (Some(Side::Server), true);
        } else if is("QUIT") {
            self.message = None;
        }
    }
}

/// The Message-ID in the header of a message (RFC 5322 3.6.4), when the header is in `bytes`.
fn message_id(bytes: &[u8]) -> Option<&str> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_at_checked(11).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"Message-ID:") {
            let text = std::str::from_utf8(value).ok()?.trim();
            return text.is_ascii().then_some(text).filter(|text| !text.bytes().any(|byte| byte.is_ascii_control()));
        }
    }
    None
}

/// The word for a value of the trace, as `events.jsonl` has it.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
