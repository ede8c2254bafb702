//! The front of a name server or resolver: port 53 over UDP and TCP (RFC 7766 5), what every
//! server refuses alike, and the way of a response back to who asked.
//!
//! Left out: limits on the rate of responses, EDNS cookies, and answers to queries that
//! arrived before a crash.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::app::host::{Host, Input};
use crate::app::sessions::Timers;
use crate::base::trace::{DnsAnswerKind, DnsTrace, Trace};
use crate::base::{Endpoint, SimTime, SocketId};
use crate::proto::dns::stream::{StreamEvent, StreamServer};
use crate::proto::dns::{CLASS_ANY, CLASS_IN, Message, PORT, Rcode, Rtype, TCP_LIMIT, UDP_LIMIT};
use crate::proto::session::{Input as SessionInput, Output, Session as _};

/// TCP connections at a time. Further ones take the place of those that are kept for later queries,
/// and are reset when there are none (RFC 7766 6.2.3, 10).
const CONNECTION_LIMIT: usize = 150;

/// IXFR and AXFR, the zone transfers (RFC 1995, RFC 5936).
const TRANSFERS: [Rtype; 2] = [Rtype::Other(251), Rtype::Other(252)];

/// Where a query came from and its response goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Via {
    /// A datagram from there.
    Datagram(Endpoint),
    /// A connection from there.
    Stream(SocketId, Endpoint),
}

/// A query that was taken up.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Its number among all that were taken up.
    pub(super) task: u32,
    via: Via,
    /// The query, with exactly one question.
    pub(super) query: Message,
}

impl Asked {
    /// Whether it came over TCP.
    pub(super) const fn is_stream(&self) -> bool {
        matches!(self.via, Via::Stream(..))
    }

    /// Who asks.
    pub(super) const fn client(&self) -> Endpoint {
        match self.via {
            Via::Datagram(client) | Via::Stream(_, client) => client,
        }
    }

    /// The longest response that its way takes.
    pub(super) fn limit(&self) -> usize {
        if self.is_stream() { TCP_LIMIT } else { self.query.response_limit() }
    }
}

/// Port 53 of an application.
#[derive(Clone, Debug)]
pub(super) struct Service {
    streams: BTreeMap<SocketId, (StreamServer, Endpoint)>,
    timers: Timers,
    tasks: u32,
    /// RA: whether recursion is available here.
    recursion: bool,
}

impl Service {
    pub(super) fn new(recursion: bool) -> Self {
        Self { streams: BTreeMap::new(), timers: Timers::default(), tasks: 0, recursion }
    }

    pub(super) fn boot(host: &mut impl Host) {
        host.bind_udp(PORT);
        host.listen(PORT);
    }

    /// Connections are lost; the count of tasks goes on.
    pub(super) fn crash(&mut self) {
        self.streams.clear();
        self.timers.clear();
    }

    pub(super) fn deadline(&self) -> SimTime {
        self.timers.first()
    }

    /// Takes an input; the messages that it brought to port 53.
    pub(super) fn input<'a>(&mut self, host: &mut impl Host, input: Input<'a>) -> Vec<(Via, Cow<'a, [u8]>)> {
        match input {
            Input::Datagram { local_port: PORT, from, bytes } => {
                return vec![(Via::Datagram(from), Cow::Borrowed(bytes))];
            }
            Input::Accepted { socket, local_port: PORT, peer, .. } => {
                if self.streams.len() >= CONNECTION_LIMIT && !self.make_room(host) {
                    host.abort(socket);
                } else {
                    self.streams.insert(socket, (StreamServer::new(host.now()), peer));
                    return self.feed(host, socket, SessionInput::Start);
                }
            }
            Input::Data { socket, bytes } => return self.feed(host, socket, SessionInput::Bytes(bytes)),
            Input::PeerClosed { socket } => return self.feed(host, socket, SessionInput::EndOfStream),
            Input::Closed { socket, .. } => self.forget(socket),
            Input::Wake => {
                for socket in self.timers.due(host.now()) {
                    self.feed(host, socket, SessionInput::Tick);
                }
            }
            Input::Boot
            | Input::Crash
            | Input::Flush(_)
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Drained { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. } => {}
        }
        Vec::new()
    }

    /// Closes the connection that has been idle for longest, if one is.
    fn make_room(&mut self, host: &mut impl Host) -> bool {
        let idle = self.streams.iter().filter_map(|(socket, (session, _))| Some((session.idle_since()?, *socket)));
        let Some((_, socket)) = idle.min() else { return false };
        if let Some((session, _)) = self.streams.get_mut(&socket) {
            session.close();
        }
        self.drain(host, socket);
        true
    }

    fn feed(
        &mut self,
        host: &mut impl Host,
        socket: SocketId,
        input: SessionInput<'_>,
    ) -> Vec<(Via, Cow<'static, [u8]>)> {
        let Some((session, _)) = self.streams.get_mut(&socket) else { return Vec::new() };
        session.handle(host.now(), input);
        self.drain(host, socket)
    }

    /// Does what a session wants done.
    fn drain(&mut self, host: &mut impl Host, socket: SocketId) -> Vec<(Via, Cow<'static, [u8]>)> {
        let mut messages = Vec::new();
        let Some((session, peer)) = self.streams.get_mut(&socket) else { return messages };
        let mut closed = false;
        while let Some(output) = session.poll() {
            match output {
                Output::Transmit(octets) => host.send(socket, &octets),
                Output::Event(StreamEvent::Message(message)) => {
                    messages.push((Via::Stream(socket, *peer), Cow::Owned(message)));
                }
                Output::Event(StreamEvent::Lost) => {}
                Output::Close => {
                    closed = true;
                    host.close(socket);
                }
            }
        }
        self.timers.set(socket, session.deadline());
        if closed {
            self.forget(socket);
        }
        messages
    }

    fn forget(&mut self, socket: SocketId) {
        self.streams.remove(&socket);
        self.timers.set(socket, SimTime::NEVER);
    }

    /// Takes a message up. None when that is all there is to it: it was no query, or one that
    /// every server refuses and that has its response already.
    pub(super) fn take_up(&mut self, host: &mut impl Host, via: Via, octets: &[u8]) -> Option<Asked> {
        let asked = self.take_up_any(host, via, octets)?;
        match refusal(&asked.query) {
            None => Some(asked),
            Some(rcode) => {
                let mut reply = asked.query.response(rcode);
                reply.flags.ra = self.recursion;
                self.reply(host, &asked, &reply, 0);
                None
            }
        }
    }

    /// Takes any query up, also one that a usual server refuses. None when it was no query.
    pub(super) fn take_up_any(&mut self, host: &mut impl Host, via: Via, octets: &[u8]) -> Option<Asked> {
        let client = match via {
            Via::Datagram(client) | Via::Stream(_, client) => client,
        };
        let Ok(query) = Message::decode(octets) else {
            self.reply_to_garbage(host, via, octets);
            return None;
        };
        // a response to a response would go round for ever
        if query.flags.qr {
            self.pass_over(host, via);
            return None;
        }
        self.tasks += 1;
        let task = self.tasks;
        if let Some(question) = query.questions.first() {
            let (name, rtype) = (&question.name.to_string(), question.rtype.number());
            let over_tcp = matches!(via, Via::Stream(..));
            host.trace(Trace::Dns(DnsTrace::Received { task, client, wire_id: query.id, name, rtype, over_tcp }));
        }
        Some(Asked { task, via, query })
    }

    /// Sends octets as the reply, whatever they are, and writes it to the trace.
    pub(super) fn reply_octets(&mut self, host: &mut impl Host, asked: &Asked, octets: &[u8]) {
        if !asked.query.questions.is_empty() {
            let failure = octets.get(3).map_or(0, |bits| bits & 15);
            let (rcode, kind, answers) =
                Message::decode(octets).map_or((failure, DnsAnswerKind::Failure, 0), |reply| {
                    let answers = u16::try_from(reply.answers.len()).unwrap_or(u16::MAX);
                    let kind = if reply.flags.tc { DnsAnswerKind::Truncated } else { reply.kind() };
                    (reply.rcode.number(), kind, answers)
                });
            host.trace(Trace::Dns(DnsTrace::Replied { task: asked.task, rcode, kind, answers }));
        }
        self.send(host, asked.via, octets);
    }

    /// Sends a whole zone as the reply, in these messages, to who asked over a stream.
    pub(super) fn reply_with_zone(&mut self, host: &mut impl Host, asked: &Asked, messages: &[Vec<u8>], count: usize) {
        let Some((last, parts)) = messages.split_last() else { return };
        let answers = u16::try_from(count).unwrap_or(u16::MAX);
        host.trace(Trace::Dns(DnsTrace::Replied { task: asked.task, rcode: 0, kind: DnsAnswerKind::Answer, answers }));
        if let Via::Stream(socket, _) = asked.via
            && let Some((session, _)) = self.streams.get_mut(&socket)
        {
            parts.iter().for_each(|part| session.respond_in_part(host.now(), part));
        }
        self.send(host, asked.via, last);
    }

    /// A query gets no reply.
    pub(super) fn swallow(&mut self, host: &mut impl Host, asked: &Asked) {
        self.pass_over(host, asked.via);
    }

    /// Sends a reply, of whose additional records the first `glue` are needed, and writes it to
    /// the trace.
    pub(super) fn reply(&mut self, host: &mut impl Host, asked: &Asked, reply: &Message, glue: usize) {
        let octets = reply.encode_with_glue(asked.limit(), glue);
        if !reply.questions.is_empty() {
            let answers = u16::try_from(reply.answers.len()).unwrap_or(u16::MAX);
            let cut = octets.get(2).is_some_and(|bits| bits & 2 != 0);
            let kind = if cut { DnsAnswerKind::Truncated } else { reply.kind() };
            let (task, rcode) = (asked.task, reply.rcode.number());
            host.trace(Trace::Dns(DnsTrace::Replied { task, rcode, kind, answers }));
        }
        self.send(host, asked.via, &octets);
    }

    fn send(&mut self, host: &mut impl Host, via: Via, octets: &[u8]) {
        match via {
            Via::Datagram(client) => host.send_datagram(PORT, client, octets),
            Via::Stream(socket, _) => {
                if let Some((session, _)) = self.streams.get_mut(&socket) {
                    session.respond(host.now(), octets);
                    self.drain(host, socket);
                }
            }
        }
    }

    fn pass_over(&mut self, host: &mut impl Host, via: Via) {
        if let Via::Stream(socket, _) = via
            && let Some((session, _)) = self.streams.get_mut(&socket)
        {
            session.pass_over(host.now());
            self.drain(host, socket);
        }
    }

    /// FORMERR, or NOTIMP to another kind of query, to what has at least a query's header. What
    /// was not understood is told nothing of recursion.
    fn reply_to_garbage(&mut self, host: &mut impl Host, via: Via, octets: &[u8]) {
        let [high, low, bits, ..] = *octets else { return self.pass_over(host, via) };
        if octets.len() < 12 || bits & 0x80 != 0 {
            return self.pass_over(host, via);
        }
        let opcode = (bits >> 3) & 15;
        let rcode = if opcode == 0 { Rcode::FormErr } else { Rcode::NotImp };
        let mut reply = Message::header_only(u16::from_be_bytes([high, low]), rcode);
        reply.flags.qr = true;
        reply.flags.opcode = opcode;
        reply.flags.rd = bits & 1 != 0;
        self.send(host, via, &reply.encode(UDP_LIMIT));
    }
}

/// Why a query is refused, if it is one that no server here answers.
pub(super) fn refusal(query: &Message) -> Option<Rcode> {
    if query.flags.opcode != 0 {
        return Some(Rcode::NotImp);
    }
    // RFC 9619 4: a query has one question
    let [question] = &query.questions[..] else { return Some(Rcode::FormErr) };
    if query.edns.is_some_and(|edns| edns.version > 0) {
        return Some(Rcode::BadVers);
    }
    if !matches!(query.class, CLASS_IN | CLASS_ANY) || TRANSFERS.contains(&question.rtype) {
        return Some(Rcode::Refused);
    }
    // RFC 6891 6.1.1: an OPT record is nothing to ask for; nor is the type 0
    if matches!(question.rtype, Rtype::Other(0 | 41)) {
        return Some(Rcode::FormErr);
    }
    (question.rtype.is_meta() && question.rtype != Rtype::ANY).then_some(Rcode::NotImp)
}
