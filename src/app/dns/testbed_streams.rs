//! Connections of the test bed: nothing is lost, and each piece takes the way's delay.

use std::collections::BTreeMap;

use super::testbed::{Bed, addr};
use crate::app::host::{Host, Input};
use crate::base::{CloseReason, Endpoint, SimTime, SocketId};
use crate::proto::dns::{Message, PORT};

/// One end.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) node: usize,
    pub(super) other: SocketId,
    /// This end sends no more.
    closed: bool,
}

/// What happens to an end after the way's delay.
pub(super) enum StreamEvent {
    /// A call; the second socket is the end that it makes.
    Call {
        caller: SocketId,
        callee: SocketId,
        from: Endpoint,
        to: Endpoint,
    },
    Connected(SocketId),
    Data(SocketId, Vec<u8>),
    PeerClosed(SocketId),
    Closed(SocketId, CloseReason),
}

/// All ends.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) ends: BTreeMap<SocketId, End>,
    count: u64,
}

impl Streams {
    /// Two ends that belong together.
    pub(super) fn pair(&mut self, caller: usize, callee: usize) -> [SocketId; 2] {
        self.count += 2;
        let [a, b] = [SocketId(self.count), SocketId(self.count + 1)];
        self.ends.insert(a, End { node: caller, other: b, closed: false });
        self.ends.insert(b, End { node: callee, other: a, closed: false });
        [a, b]
    }

    /// The number of ends that there were so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The ends at a host.
    pub(super) fn ends_of(&self, node: usize) -> Vec<SocketId> {
        self.ends.iter().filter(|(_, end)| end.node == node).map(|(socket, _)| *socket).collect()
    }

    /// A host forgets its connections; those at their other ends do not know.
    pub(super) fn lose(&mut self, node: usize) {
        self.ends.retain(|_, end| end.node != node);
    }

    /// The end that still speaks to one that is gone.
    fn peer_of(&self, gone: SocketId) -> Option<SocketId> {
        self.ends.iter().find(|(_, end)| end.other == gone).map(|(socket, _)| *socket)
    }

    /// This end sends no more; whether the other end already said so, and both are over.
    pub(super) fn close(&mut self, socket: SocketId) -> Option<(SocketId, bool)> {
        let end = self.ends.get_mut(&socket).filter(|end| !end.closed)?;
        end.closed = true;
        let other = end.other;
        Some((other, self.ends.get(&other).is_some_and(|end| end.closed)))
    }

    /// Whether octets may still be sent, and whereto.
    pub(super) fn way(&self, socket: SocketId) -> Option<SocketId> {
        self.ends.get(&socket).filter(|end| !end.closed).map(|end| end.other)
    }
}

impl Bed {
    /// Something came for an end that is gone: RFC 9293 3.10.7.1 answers with a reset.
    pub(super) fn reset_peer_of(&mut self, gone: SocketId) {
        if let Some(peer) = self.shared.streams.peer_of(gone) {
            self.shared.over(peer, StreamEvent::Closed(peer, CloseReason::Reset));
        }
    }
}

/// Calls a host, sends octets in pieces, and keeps what comes.
pub(super) struct Caller {
    to: usize,
    pieces: Vec<Vec<u8>>,
    /// Close after the last piece, without waiting for responses.
    hurried: bool,
    heard: Vec<u8>,
    pub(super) ended: Option<SimTime>,
}

impl Caller {
    pub(super) fn new(to: usize, pieces: Vec<Vec<u8>>, hurried: bool) -> Self {
        Self { to, pieces, hurried, heard: Vec::new(), ended: None }
    }

    pub(super) fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => {
                host.connect(Endpoint::new(addr(self.to), PORT));
            }
            Input::Connected { socket } => {
                self.pieces.iter().for_each(|piece| host.send(socket, piece));
                if self.hurried {
                    host.close(socket);
                }
            }
            Input::Data { bytes, .. } => self.heard.extend_from_slice(bytes),
            Input::PeerClosed { socket } => {
                self.ended = Some(host.now());
                host.close(socket);
            }
            Input::Closed { .. } => {
                self.ended.get_or_insert(host.now());
            }
            Input::Crash
            | Input::Accepted { .. }
            | Input::Drained { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Flush(_)
            | Input::Wake => {}
        }
    }

    /// The whole messages that came.
    pub(super) fn messages(&self) -> Vec<Message> {
        let mut rest = &self.heard[..];
        let mut messages = Vec::new();
        while let [high, low, tail @ ..] = rest {
            let (message, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            messages.push(Message::decode(message).unwrap());
            rest = tail;
        }
        messages
    }
}
