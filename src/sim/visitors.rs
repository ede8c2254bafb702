//! Visitors: programs outside the simulation that use a host's network stack.
//!
//! To the network a visitor is one more application of the host, with sockets like any other; what
//! befalls it waits here until somebody outside takes it. Octets that arrived stay in the
//! receive buffer until they are taken, so a slow visitor closes its window. What a visitor
//! says is traced as the client's part of the dialogue, since no application here says it.
//!
//! What visitors do comes from outside: a world that they touch is not repeatable, but nothing
//! of it is changed by their mere possibility.

use std::collections::VecDeque;

use bytes::Bytes;
use rustc_hash::FxHashSet;

use super::world::World;
use crate::base::trace::{Observer, Protocol, Trace};
use crate::base::{AppId, CloseReason, ConnId, Endpoint, EventId, HostId, Side, SocketId};
use crate::net::{Kernel as _, Notice};

/// The application of a host that stands for all visitors there. No host runs so many.
const VISITOR: AppId = AppId(u16::MAX);

/// What befell a visitor.
#[derive(Clone, Debug)]
pub enum News {
    /// A connection that it opened is established.
    Connected(SocketId),
    /// Octets wait to be taken.
    Readable(SocketId),
    /// Few of the octets it gave are still unsent; see [`World::visitor_wants_room`].
    Room(SocketId),
    /// The peer closed its direction; the octets not yet taken, its last.
    PeerClosed(SocketId, Vec<u8>),
    /// The connection is no more, or never came to be.
    Closed(SocketId, CloseReason),
    /// A datagram came.
    Datagram {
        /// The host's port to which it came.
        port: u16,
        /// The sender.
        from: Endpoint,
        /// The payload.
        bytes: Bytes,
    },
    /// A datagram did not get to its destination, and somebody said so.
    Unreachable {
        /// The host's port from which it was sent.
        port: u16,
        /// Where it should have gone.
        to: Endpoint,
    },
    /// The host lost its power: every socket and port of its visitors is gone.
    HostDown(HostId),
}

/// The visitors of a world.
#[derive(Clone, Debug, Default)]
pub(super) struct Visitors {
    /// Looked up only.
    connections: FxHashSet<ConnId>,
    hosts: Vec<HostId>,
    news: VecDeque<News>,
}

impl Visitors {
    /// Whether somebody outside opened that connection.
    pub(super) fn opened(&self, conn: ConnId) -> bool {
        self.connections.contains(&conn)
    }

    /// A host lost its power.
    pub(super) fn host_down(&mut self, host: HostId) {
        if self.hosts.contains(&host) {
            self.news.push_back(News::HostDown(host));
        }
    }

    fn come_to(&mut self, host: HostId) {
        if !self.hosts.contains(&host) {
            self.hosts.push(host);
        }
    }

    fn tell(&mut self, notice: Notice, rest: Vec<u8>) {
        let news = match notice {
            // A visitor listens nowhere.
            Notice::Accepted { .. } => return,
            Notice::Connected { socket, .. } => News::Connected(socket),
            Notice::Readable { socket, .. } => News::Readable(socket),
            Notice::Drained { socket, .. } => News::Room(socket),
            Notice::PeerClosed { socket, .. } => News::PeerClosed(socket, rest),
            Notice::Closed { socket, reason, .. } => News::Closed(socket, reason),
            Notice::Datagram { local_port: port, from, bytes, .. } => News::Datagram { port, from, bytes },
            Notice::Unreachable { local_port: port, to, .. } => News::Unreachable { port, to },
        };
        self.news.push_back(news);
    }
}

const fn app_of(notice: &Notice) -> AppId {
    match notice {
        Notice::Accepted { app, .. }
        | Notice::Connected { app, .. }
        | Notice::Readable { app, .. }
        | Notice::Drained { app, .. }
        | Notice::PeerClosed { app, .. }
        | Notice::Closed { app, .. }
        | Notice::Datagram { app, .. }
        | Notice::Unreachable { app, .. } => *app,
    }
}

impl<O: Observer> World<O> {
    /// Keeps a notice that is for a visitor; gives back one that is for an application.
    pub(super) fn tell_visitor(&mut self, notice: Notice) -> Option<Notice> {
        if app_of(&notice) != VISITOR {
            return Some(notice);
        }
        let mut rest = Vec::new();
        if let Notice::PeerClosed { socket, .. } = notice {
            self.network.take_received(&mut self.kernel, socket, &mut rest);
        }
        self.visitors.tell(notice, rest);
        None
    }

    /// The next thing that befell a visitor.
    pub fn next_news(&mut self) -> Option<News> {
        self.visitors.news.pop_front()
    }

    /// A visitor of a host opens a connection. [`News::Connected`] or [`News::Closed`] follows;
    /// none when the host is down.
    pub fn visitor_connects(&mut self, host: HostId, to: Endpoint) -> Option<(SocketId, ConnId)> {
        if !self.network.host_is_up(host) {
            return None;
        }
        self.visitors.come_to(host);
        self.kernel.set_cause(EventId(0));
        let (socket, conn) = self.network.connect(&mut self.kernel, host, VISITOR, to);
        self.visitors.connections.insert(conn);
        self.deliver_notices();
        Some((socket, conn))
    }

    /// A visitor sends octets. `spoken` names the connection and the protocol under which the
    /// trace has them.
    pub fn visitor_sends(&mut self, socket: SocketId, spoken: (ConnId, Option<Protocol>), bytes: &[u8]) {
        self.kernel.set_cause(EventId(0));
        if let (conn, Some(protocol)) = spoken {
            let dialogue = Trace::Dialogue { conn, side: Side::Client, protocol, bytes };
            let id = self.kernel.trace(conn.host, dialogue);
            self.kernel.set_cause(id);
        }
        self.network.send(&mut self.kernel, socket, bytes);
        self.deliver_notices();
    }

    /// Asks for one [`News::Room`], when at most that many octets of the connection are unsent.
    pub fn visitor_wants_room(&mut self, socket: SocketId, unsent: u32) {
        self.network.tell_when_drained(&mut self.kernel, socket, unsent);
        self.deliver_notices();
    }

    /// Appends to `into` the octets that arrived for a visitor and opens its window by as much.
    pub fn visitor_takes(&mut self, socket: SocketId, into: &mut Vec<u8>) {
        self.kernel.set_cause(EventId(0));
        self.network.take_received(&mut self.kernel, socket, into);
        self.deliver_notices();
    }

    /// A visitor closes its direction of a connection.
    pub fn visitor_closes(&mut self, socket: SocketId) {
        self.kernel.set_cause(EventId(0));
        self.network.close(&mut self.kernel, socket);
        self.deliver_notices();
    }

    /// A visitor resets a connection. No news of it follows.
    pub fn visitor_aborts(&mut self, socket: SocketId) {
        self.kernel.set_cause(EventId(0));
        self.network.abort(&mut self.kernel, socket);
        self.deliver_notices();
    }

    /// A UDP port of the host for a visitor; none when the host is down.
    pub fn visitor_port(&mut self, host: HostId) -> Option<u16> {
        self.visitors.come_to(host);
        self.network.host_is_up(host).then(|| self.network.bind_udp_ephemeral(host, VISITOR))
    }

    /// A visitor has no more use for its port.
    pub fn visitor_leaves_port(&mut self, host: HostId, port: u16) {
        self.network.unbind_udp(host, port);
    }

    /// A visitor sends a datagram of at most 65507 octets.
    pub fn visitor_asks(&mut self, (host, port): (HostId, u16), to: Endpoint, bytes: Bytes) {
        self.kernel.set_cause(EventId(0));
        self.network.send_datagram(&mut self.kernel, host, port, to, bytes);
        self.deliver_notices();
    }
}
