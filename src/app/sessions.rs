//! The one place where a session meets a socket: its octets are traced and sent, its events
//! handed to the application one by one, its deadline kept. It is left alone while too much of
//! what it said is still to be sent.

use std::collections::{BTreeMap, BTreeSet};

use super::host::Host;
use crate::base::trace::{Protocol, Trace};
use crate::base::{ConnId, Side, SimTime, SocketId};
use crate::proto::session::{HIGH_WATER, Input, Output, Session};

/// A session and the connection over which it runs.
#[derive(Clone, Debug)]
pub struct Talk<S> {
    socket: SocketId,
    conn: ConnId,
    side: Side,
    protocol: Protocol,
    /// The session.
    pub session: S,
    closed: bool,
}

impl<S: Session> Talk<S> {
    /// Joins a session that has not begun to an established connection.
    pub const fn new(socket: SocketId, conn: ConnId, side: Side, protocol: Protocol, session: S) -> Self {
        Self { socket, conn, side, protocol, session, closed: false }
    }

    /// The socket at this end.
    pub const fn socket(&self) -> SocketId {
        self.socket
    }

    /// The connection.
    pub const fn conn(&self) -> ConnId {
        self.conn
    }

    /// Whether the session has closed its connection: then it is over.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Hands the session an input; take all events afterwards.
    pub fn feed<H: Host>(&mut self, host: &H, input: Input<'_>) {
        self.session.handle(host.now(), input);
    }

    /// Most of what the session said is sent; take all events afterwards.
    pub fn drained<H: Host>(&mut self, host: &H) {
        self.session.go_on(host.now());
    }

    /// The connection is no more; take all events afterwards.
    pub fn lose<H: Host>(&mut self, host: &H) {
        self.session.lose(host.now());
    }

    /// Resets the connection; the session is over.
    pub fn abort<H: Host>(&mut self, host: &mut H) {
        self.closed = true;
        host.abort(self.socket);
    }

    /// Does what the session wants done up to its next event, and returns that. None while the
    /// peer takes too little of what was said: [`Talk::drained`] when the host says so.
    pub fn next_event<H: Host>(&mut self, host: &mut H) -> Option<S::Event> {
        loop {
            if self.session.has_more() && host.unsent(self.socket) > u64::from(HIGH_WATER) {
                host.wake_when_drained(self.socket, HIGH_WATER);
                return None;
            }
            match self.session.poll()? {
                Output::Transmit(bytes) => {
                    let (conn, side, protocol) = (self.conn, self.side, self.protocol);
                    host.trace(Trace::Dialogue { conn, side, protocol, bytes: &bytes });
                    host.send(self.socket, &bytes);
                }
                Output::Event(event) => return Some(event),
                Output::Close => {
                    self.closed = true;
                    host.close(self.socket);
                }
            }
        }
    }
}

/// The deadlines of many sessions, and the earliest of them.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    by_time: BTreeSet<(SimTime, SocketId)>,
    by_socket: BTreeMap<SocketId, SimTime>,
}

impl Timers {
    /// Sets or moves a socket's deadline; [`SimTime::NEVER`] takes it away.
    pub fn set(&mut self, socket: SocketId, at: SimTime) {
        let old = if at.is_never() { self.by_socket.remove(&socket) } else { self.by_socket.insert(socket, at) };
        if let Some(old) = old {
            self.by_time.remove(&(old, socket));
        }
        if !at.is_never() {
            self.by_time.insert((at, socket));
        }
    }

    /// The earliest deadline.
    #[must_use]
    pub fn first(&self) -> SimTime {
        self.by_time.first().map_or(SimTime::NEVER, |(at, _)| *at)
    }

    /// The sockets whose deadlines have come, earliest first; their deadlines are taken away.
    pub fn due(&mut self, now: SimTime) -> Vec<SocketId> {
        let mut out = Vec::new();
        while let Some((at, socket)) = self.by_time.first().copied().filter(|(at, _)| *at <= now) {
            self.by_time.remove(&(at, socket));
            self.by_socket.remove(&socket);
            out.push(socket);
        }
        out
    }

    /// Takes all deadlines away.
    pub fn clear(&mut self) {
        self.by_time.clear();
        self.by_socket.clear();
    }
}
