//! The one place where a session meets a socket: its octets are traced and sent, its events
//! handed to the application one by one, its deadline kept. It is left alone while too much of
//! what it said is still to be sent.
//!
//! A server holds the connections of its callers here too, and is asked only for what differs: what an event means,
//! and what is left to do when a session is over. Left out: clients' sides, which hold one connection or a pool.

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

/// A connection to a server, and what the server knows of who called.
#[derive(Clone, Debug)]
pub struct Caller<S, K> {
    /// The session and its connection.
    pub talk: Talk<S>,
    /// What the server knows.
    pub known: K,
}

/// The connections of a server; in memory only.
#[derive(Clone, Debug)]
pub struct Calls<S, K> {
    callers: BTreeMap<SocketId, Caller<S, K>>,
    timers: Timers,
}

impl<S, K> Default for Calls<S, K> {
    fn default() -> Self {
        Self { callers: BTreeMap::new(), timers: Timers::default() }
    }
}

impl<S: Session, K> Calls<S, K> {
    /// The earliest deadline of a session.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        self.timers.first()
    }

    /// Whether a socket is one of these.
    #[must_use]
    pub fn owns(&self, socket: SocketId) -> bool {
        self.callers.contains_key(&socket)
    }

    /// All callers but one that is just being attended to.
    pub fn all(&mut self) -> impl Iterator<Item = &mut Caller<S, K>> {
        self.callers.values_mut()
    }

    /// The sockets of sessions whose deadlines have come; their deadlines are taken away.
    pub fn due(&mut self, now: SimTime) -> Vec<SocketId> {
        self.timers.due(now)
    }

    /// As [`Calls::due`], but for those to whom something is still being sent: they are not idle, and their wait begins
    /// when that is out.
    pub fn due_when_sent<H: Host>(&mut self, host: &mut H) -> Vec<SocketId> {
        let mut due = self.due(host.now());
        due.retain(|socket| {
            let sent = host.unsent(*socket) == 0;
            if !sent {
                host.wake_when_drained(*socket, 0);
            }
            sent
        });
        due
    }

    /// Lets go of a caller.
    pub fn take(&mut self, socket: SocketId) -> Option<Caller<S, K>> {
        self.timers.set(socket, SimTime::NEVER);
        self.callers.remove(&socket)
    }

    /// Lets go of all callers, in the order of their sockets.
    pub fn take_all(&mut self) -> Vec<Caller<S, K>> {
        self.timers.clear();
        std::mem::take(&mut self.callers).into_values().collect()
    }

    /// Holds a caller, unless the session is over.
    fn hold(&mut self, caller: Caller<S, K>) -> Option<Caller<S, K>> {
        let (socket, closed) = (caller.talk.socket(), caller.talk.is_closed());
        self.timers.set(socket, if closed { SimTime::NEVER } else { caller.talk.session.deadline() });
        if closed {
            return Some(caller);
        }
        self.callers.insert(socket, caller);
        None
    }
}

/// A server that attends to its callers; `W` is what it works on besides itself.
pub trait Attends<W> {
    /// What it talks with.
    type Session: Session;
    /// What it knows of a caller.
    type Known;

    /// Its callers.
    fn calls(&mut self) -> &mut Calls<Self::Session, Self::Known>;

    /// A session tells or asks something.
    fn event<H: Host>(
        &mut self,
        host: &mut H,
        work: &mut W,
        caller: &mut Caller<Self::Session, Self::Known>,
        event: <Self::Session as Session>::Event,
    );

    /// A session is over.
    fn over<H: Host>(&mut self, _host: &mut H, _work: &mut W, _caller: Caller<Self::Session, Self::Known>) {}

    /// All events of a caller were attended to.
    fn attended<H: Host>(&mut self, _host: &mut H, _work: &mut W) {}

    /// Takes a caller whose session has not begun.
    fn accept<H: Host>(&mut self, host: &mut H, work: &mut W, talk: Talk<Self::Session>, known: Self::Known) {
        let socket = talk.socket();
        self.calls().callers.insert(socket, Caller { talk, known });
        self.feed(host, work, socket, Input::Start);
    }

    /// Hands a session an input.
    fn feed<H: Host>(&mut self, host: &mut H, work: &mut W, socket: SocketId, input: Input<'_>) {
        self.attend(host, work, socket, |host, caller| caller.talk.feed(host, input));
    }

    /// Most of what a session said is sent.
    fn drained<H: Host>(&mut self, host: &mut H, work: &mut W, socket: SocketId) {
        self.attend(host, work, socket, |host, caller| caller.talk.drained(host));
    }

    /// A connection is no more.
    fn closed<H: Host>(&mut self, host: &mut H, work: &mut W, socket: SocketId) {
        self.attend(host, work, socket, |host, caller| caller.talk.lose(host));
    }

    /// Deadlines may have come.
    fn wake<H: Host>(&mut self, host: &mut H, work: &mut W) {
        for socket in self.calls().due(host.now()) {
            self.feed(host, work, socket, Input::Tick);
        }
    }

    /// Does something to a session, then all that it wants done.
    fn attend<H: Host>(
        &mut self,
        host: &mut H,
        work: &mut W,
        socket: SocketId,
        begin: impl FnOnce(&mut H, &mut Caller<Self::Session, Self::Known>),
    ) {
        let Some(mut caller) = self.calls().callers.remove(&socket) else { return };
        begin(host, &mut caller);
        while let Some(event) = caller.talk.next_event(host) {
            self.event(host, work, &mut caller, event);
        }
        if let Some(caller) = self.calls().hold(caller) {
            self.over(host, work, caller);
        }
        self.attended(host, work);
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
