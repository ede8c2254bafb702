//! Questions over TCP, most of them because a datagram was too small for the answer (RFC 7766 5):
//! one connection to a server at a time, for several questions one behind the other, and kept for
//! some seconds after the last (RFC 7766 6.2.1).

use std::collections::BTreeMap;

use crate::app::host::{Host, Input};
use crate::base::{Endpoint, SimDuration, SimTime, SocketId};
use crate::proto::dns::stream::{StreamClient, StreamEvent};
use crate::proto::session::{Input as SessionInput, Output, Session as _};

/// How long to wait at least for an answer over TCP: the handshake and the question may each be
/// lost once.
pub(super) const LEAST_WAIT: SimDuration = SimDuration::from_secs(3);

/// A question that goes over TCP.
pub(super) type RepeatId = u64;

/// How a question is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
    /// After a connection was lost with it.
    TcpAgain,
}

impl Transport {
    /// For the first time.
    pub(super) const fn over_tcp(over_tcp: bool) -> Self {
        if over_tcp { Self::Tcp } else { Self::Udp }
    }
}

/// What became of such a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RepeatEvent {
    /// A message with its ID.
    Message(Vec<u8>),
    /// Its connection was lost.
    Lost {
        /// The server had taken the connection, and may have closed it for a reason that lies
        /// before this question: it may be asked again on another one (RFC 7766 6.2.4), once.
        again: bool,
    },
}

/// A query to be sent.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    /// The ID of the message.
    pub(super) wire_id: u16,
    /// The message.
    pub(super) octets: Vec<u8>,
    /// It was lost with its connection before.
    pub(super) again: bool,
}

#[derive(Clone, Debug)]
struct Connection {
    to: Endpoint,
    session: StreamClient,
    /// Questions without response, by the IDs of their messages; and whether they were lost before.
    waiting: BTreeMap<u16, (RepeatId, bool)>,
}

/// The connections of one resolver, stub or recursive.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeats {
    connections: BTreeMap<SocketId, Connection>,
    /// The connection and ID of each question.
    asked: BTreeMap<RepeatId, (SocketId, u16)>,
    count: RepeatId,
}

impl Repeats {
    /// Takes a query for the connection to that server, or for a new one: its number, and the port
    /// that it comes from. It goes with [`Repeats::send`].
    pub(super) fn ask(&mut self, host: &mut impl Host, to: Endpoint, sending: Sending) -> (RepeatId, u16) {
        let Sending { wire_id, octets, again } = sending;
        let fits = |(_, open): &(&SocketId, &Connection)| open.to == to && open.session.takes(wire_id);
        let socket = match self.connections.iter().find(fits) {
            Some((socket, _)) => *socket,
            None => {
                let (socket, _) = host.connect(to);
                let session = StreamClient::default();
                self.connections.insert(socket, Connection { to, session, waiting: BTreeMap::new() });
                socket
            }
        };
        self.count += 1;
        let id = self.count;
        if let Some(connection) = self.connections.get_mut(&socket) {
            connection.waiting.insert(wire_id, (id, again));
            connection.session.ask(host.now(), wire_id, &octets);
            self.asked.insert(id, (socket, wire_id));
        }
        (id, host.local_port(socket))
    }

    /// Sends a query, or has it wait for the connection to be there.
    pub(super) fn send(&mut self, host: &mut impl Host, id: RepeatId) {
        if let Some((socket, _)) = self.asked.get(&id) {
            self.drain(host, *socket);
        }
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.connections.contains_key(&socket)
    }

    /// Whether no question is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty()
    }

    /// Takes what befell one of the connections; what became of which questions.
    pub(super) fn input(&mut self, host: &mut impl Host, input: Input<'_>) -> Vec<(RepeatId, RepeatEvent)> {
        let (socket, input) = match input {
            Input::Connected { socket } => (socket, SessionInput::Start),
            Input::Data { socket, bytes } => (socket, SessionInput::Bytes(bytes)),
            Input::PeerClosed { socket } | Input::Closed { socket, .. } => (socket, SessionInput::EndOfStream),
            Input::Boot
            | Input::Crash
            | Input::Accepted { .. }
            | Input::Drained { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Flush(_)
            | Input::Wake => return Vec::new(),
        };
        let Some(connection) = self.connections.get_mut(&socket) else { return Vec::new() };
        connection.session.handle(host.now(), input);
        self.drain(host, socket)
    }

    /// Does what a connection wants done.
    fn drain(&mut self, host: &mut impl Host, socket: SocketId) -> Vec<(RepeatId, RepeatEvent)> {
        let mut events = Vec::new();
        let mut closed = false;
        let Some(connection) = self.connections.get_mut(&socket) else { return events };
        while let Some(output) = connection.session.poll() {
            match output {
                Output::Transmit(octets) => host.send(socket, &octets),
                Output::Event(StreamEvent::Message(octets)) => {
                    // RFC 7766 7: a response is known by its ID; nobody waits for others
                    let wire_id = octets.first_chunk().map(|id| u16::from_be_bytes(*id));
                    let waits = wire_id.and_then(|wire_id| connection.waiting.get(&wire_id));
                    events.extend(waits.map(|(id, _)| (*id, RepeatEvent::Message(octets))));
                }
                Output::Event(StreamEvent::Lost) => {
                    let open = connection.session.was_open();
                    let lost = |(id, before): (RepeatId, bool)| (id, RepeatEvent::Lost { again: open && !before });
                    events.extend(std::mem::take(&mut connection.waiting).into_values().map(lost));
                }
                Output::Close => {
                    closed = true;
                    host.close(socket);
                }
            }
        }
        if closed {
            self.connections.remove(&socket);
            self.asked.retain(|_, (on, _)| *on != socket);
        }
        events
    }

    /// The response has come: the connection is kept for others.
    pub(super) fn finish(&mut self, host: &mut impl Host, id: RepeatId) {
        if let Some((socket, wire_id)) = self.asked.remove(&id)
            && let Some(connection) = self.connections.get_mut(&socket)
        {
            connection.waiting.remove(&wire_id);
            connection.session.settle(host.now(), wire_id);
        }
    }

    /// Nobody waits for the response any longer. A connection on which nothing else is awaited has
    /// failed with it.
    pub(super) fn abandon(&mut self, host: &mut impl Host, id: RepeatId) {
        let Some((socket, _)) = self.asked.get(&id).copied() else { return };
        self.finish(host, id);
        if self.connections.get(&socket).is_some_and(|connection| connection.session.is_idle()) {
            self.connections.remove(&socket);
            host.abort(socket);
        }
    }

    /// Closes connections that were idle for long enough. To be called on every wake.
    pub(super) fn wake(&mut self, host: &mut impl Host) {
        let now = host.now();
        let due =
            |(socket, connection): (&SocketId, &Connection)| (connection.session.deadline() <= now).then_some(*socket);
        let due: Vec<SocketId> = self.connections.iter().filter_map(due).collect();
        for socket in due {
            if let Some(connection) = self.connections.get_mut(&socket) {
                connection.session.handle(now, SessionInput::Tick);
                self.drain(host, socket);
            }
        }
    }

    /// When it wants [`Repeats::wake`].
    pub(super) fn deadline(&self) -> SimTime {
        self.connections.values().map(|connection| connection.session.deadline()).min().unwrap_or(SimTime::NEVER)
    }

    pub(super) fn crash(&mut self) {
        self.connections.clear();
        self.asked.clear();
    }
}
