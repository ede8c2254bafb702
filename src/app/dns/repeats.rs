//! Questions repeated over TCP because a datagram was too small for the answer (RFC 7766 5):
//! one connection each, closed when its response has come.

use std::collections::BTreeMap;

use crate::app::host::{Host, Input};
use crate::base::{Endpoint, SimDuration, SocketId};
use crate::proto::dns::stream::{StreamClient, StreamEvent};
use crate::proto::session::{Input as SessionInput, Output, Session as _};

/// How long to wait at least for an answer over TCP: the handshake and the question may each be
/// lost once.
pub(super) const LEAST_WAIT: SimDuration = SimDuration::from_secs(3);

/// The connections of one resolver, stub or recursive.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeats {
    streams: BTreeMap<SocketId, StreamClient>,
}

impl Repeats {
    /// Opens a connection for a query. Its socket, and the port that it comes from.
    pub(super) fn ask(&mut self, host: &mut impl Host, to: Endpoint, query: Vec<u8>) -> (SocketId, u16) {
        let (socket, _) = host.connect(to);
        self.streams.insert(socket, StreamClient::new(query));
        (socket, host.local_port(socket))
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.streams.contains_key(&socket)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Takes what befell one of the connections; what it brought.
    pub(super) fn input(&mut self, host: &mut impl Host, input: Input<'_>) -> Vec<(SocketId, StreamEvent)> {
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
            | Input::Flush
            | Input::Wake => return Vec::new(),
        };
        let Some(session) = self.streams.get_mut(&socket) else { return Vec::new() };
        session.handle(host.now(), input);
        let mut events = Vec::new();
        let mut closed = false;
        while let Some(output) = session.poll() {
            match output {
                Output::Transmit(octets) => host.send(socket, &octets),
                Output::Event(event) => events.push((socket, event)),
                Output::Close => {
                    closed = true;
                    host.close(socket);
                }
            }
        }
        if closed {
            self.streams.remove(&socket);
        }
        events
    }

    /// The response has come.
    pub(super) fn finish(&mut self, host: &mut impl Host, socket: SocketId) {
        if self.streams.remove(&socket).is_some() {
            host.close(socket);
        }
    }

    /// Nobody waits for the response any longer.
    pub(super) fn abandon(&mut self, host: &mut impl Host, socket: SocketId) {
        if self.streams.remove(&socket).is_some() {
            host.abort(socket);
        }
    }

    pub(super) fn crash(&mut self) {
        self.streams.clear();
    }
}
