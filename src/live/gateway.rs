//! The listeners, and who runs them.

use std::io;
use std::net::SocketAddr;

use mio::net::{TcpListener, UdpSocket};
use mio::{Interest, Poll, Token, Waker};
use thiserror::Error;

use super::chronicle::Line;
use super::pace::Speed;
use super::ports::{Bound, Listener, Transport};
use crate::base::{HostId, SimDuration, SimTime};
use crate::sim::{Ended, Limits, Progress};

/// The token of whoever wakes the loop for its operator; listeners count from zero.
pub(super) const WAKER: Token = Token(usize::MAX);

/// Why a gateway cannot open.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// A listener cannot be had.
    #[error("{service} of {server} cannot be reached at {at}: {error}{hint}")]
    Listen {
        /// The service.
        service: &'static str,
        /// The host that has it.
        server: String,
        /// Where it should be reached.
        at: SocketAddr,
        /// What the system says.
        error: io::Error,
        /// What may help.
        hint: String,
    },
    /// The system gives no poll.
    #[error("the system cannot watch sockets: {0}")]
    Poll(#[from] io::Error),
}

/// How a world is served.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The host from which clients come.
    pub host: HostId,
    /// How fast.
    pub speed: Speed,
    /// The length of the scenario: how far the world may run ahead alone at speed *max*.
    pub length: SimDuration,
    /// The virtual instant at which it ends by itself.
    pub end: SimTime,
    /// The limits of the scenario.
    pub limits: Limits,
    /// More clients than that at a time are turned away.
    pub most_clients: usize,
}

/// How a service went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Why it ended.
    pub ended: Ended,
    /// Panics that ended a connection: bugs.
    pub panics: u32,
    /// Whether a client or the operator did anything: then the world is not that of `run`.
    pub touched: bool,
}

/// Who runs the gateway: says when to stop, types commands and reads lines. No call may block.
pub trait Operator {
    /// Whether to stop now, and why.
    fn look(&mut self, progress: Progress) -> Option<Ended>;
    /// The next thing typed.
    fn next_command(&mut self) -> Option<String>;
    /// Reads a line.
    fn tell(&mut self, line: &Line);
    /// Reads the answer to a command.
    fn answer(&mut self, text: &str);
    /// Somebody typed `quit`: the next look stops.
    fn quit(&mut self);
}

/// What listens.
pub(super) enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// The open listeners, and the clients.
pub struct Gateway {
    pub(super) poll: Poll,
    /// Each with the number of its service.
    pub(super) sockets: Vec<(Socket, usize)>,
    pub(super) services: Vec<Listener>,
    bound: Vec<Bound>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("bound", &self.bound).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Opens the listeners.
    ///
    /// # Errors
    /// One cannot be had: the port is taken, or not allowed.
    pub fn open(services: Vec<Listener>) -> Result<Self, GatewayError> {
        let poll = Poll::new()?;
        let (mut sockets, mut bound) = (Vec::new(), Vec::new());
        for (number, listener) in services.iter().enumerate() {
            let refused = |error: io::Error| {
                let taken = error.kind() == io::ErrorKind::AddrInUse;
                let option = format!("--{} {}=0", listener.service, listener.server);
                let hint = if taken {
                    format!("; is another one running? `{option}` takes any free port")
                } else {
                    String::new()
                };
                let (service, server) = (listener.service.name(), listener.server.clone());
                GatewayError::Listen { service, server, at: listener.at, error, hint }
            };
            let (opened, at) = open(listener).map_err(refused)?;
            for mut socket in opened {
                let token = Token(sockets.len());
                match &mut socket {
                    Socket::Tcp(socket) => poll.registry().register(socket, token, Interest::READABLE)?,
                    Socket::Udp(socket) => poll.registry().register(socket, token, Interest::READABLE)?,
                }
                sockets.push((socket, number));
            }
            bound.push(Bound {
                service: listener.service,
                server: listener.server.clone(),
                address: listener.to.addr,
                port: listener.to.port,
                at,
                transports: listener.service.transports(),
            });
        }
        Ok(Self { poll, sockets, services, bound })
    }

    /// Where each service is reached.
    #[must_use]
    pub fn bound(&self) -> &[Bound] {
        &self.bound
    }

    /// Something by which another thread wakes the loop, when its operator has typed something.
    ///
    /// # Errors
    /// The system has none. To be called once.
    pub fn waker(&self) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), WAKER)
    }
}

/// Opens what a listener needs: for names both transports on one port.
fn open(listener: &Listener) -> io::Result<(Vec<Socket>, SocketAddr)> {
    const TRIES: usize = 16;
    let mut tries = 0;
    loop {
        tries += 1;
        let tcp = TcpListener::bind(listener.at)?;
        let at = tcp.local_addr()?;
        if !listener.service.transports().contains(&Transport::Udp) {
            return Ok((vec![Socket::Tcp(tcp)], at));
        }
        match UdpSocket::bind(at) {
            Ok(udp) => return Ok((vec![Socket::Udp(udp), Socket::Tcp(tcp)], at)),
            // A port that is free for one transport need not be for the other.
            Err(error) if listener.at.port() != 0 || tries >= TRIES => return Err(error),
            Err(_) => {}
        }
    }
}
