//! What an application sees of the world: its host's clock, sockets, random streams and
//! the trace. The simulation implements this trait; tests may implement it by hand.

use crate::base::trace::Trace;
use crate::base::{
    Addresses, CloseReason, ConnId, Endpoint, EventId, HostId, QueryId, SimTime, SocketId, Stream, UnixTime,
};

/// The host on which an application runs.
///
/// All calls act at the present instant. Calls on a socket that has gone do nothing.
pub trait Host {
    /// The present instant.
    fn now(&self) -> SimTime;
    /// The present calendar time.
    fn calendar(&self) -> UnixTime;
    /// This host.
    fn id(&self) -> HostId;
    /// This host's domain name, without the final dot.
    fn name(&self) -> &str;
    /// This host's addresses, at least one.
    fn addresses(&self) -> Addresses;

    /// The random stream of this host for one purpose, at its beginning; keep it.
    fn stream(&self, purpose: &str) -> Stream;

    /// Accepts TCP connections to `port` on behalf of this application.
    fn listen(&mut self, port: u16);
    /// Opens a TCP connection. [`Input::Connected`] or [`Input::Closed`] follows, never
    /// within this call.
    fn connect(&mut self, to: Endpoint) -> (SocketId, ConnId);
    /// The local port of a connection; 0 when it has gone, or never had a way.
    fn local_port(&self, _socket: SocketId) -> u16 {
        0
    }
    /// Appends to a connection's outgoing byte stream.
    fn send(&mut self, socket: SocketId, bytes: &[u8]);
    /// How many octets of a connection's outgoing byte stream were never sent so far.
    fn unsent(&self, _socket: SocketId) -> u64 {
        0
    }
    /// Asks for one [`Input::Drained`], when at most `to` octets of the connection are unsent;
    /// what comes over it is left unread until then.
    fn wake_when_drained(&mut self, _socket: SocketId, _to: u32) {}
    /// Closes the outgoing direction once everything was sent (FIN).
    /// [`Input::Closed`] follows when both directions are closed.
    fn close(&mut self, socket: SocketId);
    /// Resets the connection. No input about it follows.
    fn abort(&mut self, socket: SocketId);

    /// Receives UDP datagrams to `port` on behalf of this application.
    fn bind_udp(&mut self, port: u16);
    /// Receives UDP datagrams to a free port, which is returned.
    fn bind_udp_ephemeral(&mut self) -> u16;
    /// Binds a free UDP port above 1023 that nobody can guess (RFC 5452 9.2), and tells it.
    fn bind_udp_random(&mut self, _draws: &mut Stream) -> u16 {
        self.bind_udp_ephemeral()
    }
    /// Gives a UDP port back.
    fn unbind_udp(&mut self, _port: u16) {}
    /// Sends one UDP datagram.
    fn send_datagram(&mut self, from_port: u16, to: Endpoint, bytes: &[u8]);

    /// Sends one UDP datagram that claims to come from elsewhere. A host that cannot forge sends nothing.
    fn forge_datagram(&mut self, _source: Endpoint, _to: Endpoint, _bytes: &[u8]) {}

    /// Whether a program outside the simulation opened that connection: what comes over it was
    /// made by nobody here.
    fn opened_from_outside(&self, _conn: ConnId) -> bool {
        false
    }

    /// The name for this host's next DNS question.
    fn next_query(&mut self) -> QueryId;
    /// Writes to the trace. The event becomes the cause of what this application does next
    /// in the present call.
    fn trace(&mut self, what: Trace<'_>) -> EventId;
    /// The event to which the trace would ascribe what happens next.
    fn cause(&self) -> EventId;
    /// Ascribes what happens next to another event, such as the one that put a task aside.
    fn set_cause(&mut self, cause: EventId);
}

/// What befalls an application.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The host starts: at the beginning of the run, and after each failure.
    Boot,
    /// The host loses its power. Sockets and all that was only in memory are gone; what
    /// stood on disk (queues, mailboxes) stays. Nothing can be sent.
    Crash,
    /// A TCP connection to a port listened on is established.
    Accepted {
        /// The new socket.
        socket: SocketId,
        /// The connection's name in the trace.
        conn: ConnId,
        /// The port that was called.
        local_port: u16,
        /// The caller.
        peer: Endpoint,
    },
    /// A connection that this application opened is established.
    Connected {
        /// Its socket.
        socket: SocketId,
    },
    /// Octets arrived in order.
    Data {
        /// On this socket.
        socket: SocketId,
        /// The octets; never empty.
        bytes: &'a [u8],
    },
    /// The octets of a connection are sent, but for those that it was asked to tell of; see
    /// [`Host::wake_when_drained`].
    Drained {
        /// On this socket.
        socket: SocketId,
    },
    /// The peer closed its direction: no more data will come.
    PeerClosed {
        /// On this socket.
        socket: SocketId,
    },
    /// The connection is no more, or never came to be.
    Closed {
        /// Its former socket.
        socket: SocketId,
        /// Why.
        reason: CloseReason,
    },
    /// A UDP datagram came.
    Datagram {
        /// The port it came to.
        local_port: u16,
        /// Who sent it.
        from: Endpoint,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// A UDP datagram did not get to its destination, and a host or router said so (ICMP).
    Unreachable {
        /// The port that it came from.
        local_port: u16,
        /// Where it should have gone.
        to: Endpoint,
    },
    /// The deadline that the application last named has come.
    Wake,
    /// An operator asks to try at once what waits for another attempt.
    Flush(Flush<'a>),
}

/// What is to be tried at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush<'a> {
    /// All that waits.
    All,
    /// What goes to this domain; with "@" before it, also to those below it.
    Destination(&'a str),
    /// What this address sent, or somebody of this domain.
    Sender(&'a str),
}
