//! What clients do: they come, talk, ask, and go.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Token};
use slotmap::{Key as _, KeyData};

use super::bridge::{Bridge, Fate};
use super::gateway::{Operator, Socket, WAKER};
use super::pace::Pending;
use super::ports::Listener;
use super::serving::{Client, LARGEST_DATAGRAM, LONGEST_SLEEP, Serving};
use crate::base::trace::Observer;

/// Tokens from here on are those of clients; below are those of listeners.
const CLIENTS: usize = 1 << 20;

/// Clients taken in, and datagrams read, from one socket at a time.
const TURN: usize = 64;

/// After the system had no place for a socket, none is accepted for so long.
const RESPITE: Duration = Duration::from_millis(100);

impl<O: Observer, P: Operator> Serving<'_, O, P> {
    pub(super) fn socket_event(&mut self, event: &Event) {
        match event.token() {
            WAKER => {}
            Token(number) if number < CLIENTS => {
                if !self.waiting.contains(&number) {
                    self.waiting.push(number);
                }
            }
            Token(number) => {
                let client = key(number);
                let read = event.is_readable() || event.is_read_closed() || event.is_error();
                let write = event.is_writable() || event.is_write_closed() || event.is_error();
                if let Some((bridge, ..)) = self.clients.get_mut(client) {
                    bridge.ready(read, write);
                    self.ready.push_back(client);
                }
            }
        }
    }

    /// Lets each socket that has something take a turn.
    pub(super) fn take_turns(&mut self) {
        let wall = self.wall();
        if self.respite.is_some_and(|until| wall < until) {
            return;
        }
        self.respite = None;
        for number in std::mem::take(&mut self.waiting) {
            let done = match &self.gateway.sockets[number].0 {
                Socket::Tcp(_) => self.accept(number),
                Socket::Udp(_) => self.hear_datagrams(number),
            };
            if !done {
                self.waiting.push(number);
            }
        }
    }

    /// Accepts a turn's worth of clients; false when there may be more.
    fn accept(&mut self, number: usize) -> bool {
        for _ in 0..TURN {
            let (Socket::Tcp(listener), service) = &self.gateway.sockets[number] else { return true };
            let service = *service;
            match listener.accept() {
                Ok((stream, from)) => self.welcome(stream, from, service),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                // The client has gone again.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                }
                Err(error) => {
                    self.line("gateway", &format!("cannot take a client in for now: {error}"));
                    self.respite = Some(self.wall() + RESPITE);
                    return false;
                }
            }
        }
        false
    }

    fn welcome(&mut self, stream: TcpStream, from: SocketAddr, service: usize) {
        let (to, protocol) = (self.gateway.services[service].to, self.gateway.services[service].service.protocol());
        let full = self.clients.len() >= self.settings.most_clients;
        let host = self.settings.host;
        let opened = if full { None } else { self.world().visitor_connects(host, to) };
        let Some((socket, conn)) = opened else {
            let why = if full { "there are too many clients" } else { "the clients' host is down" };
            self.line(&from.to_string(), &format!("turned away: {why}"));
            // A reset, where the system grants it.
            let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            return;
        };
        let mut bridge = Bridge::new(stream, (socket, conn), protocol);
        let client = self.clients.insert_with_key(|client| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            // Without it the client would never be heard; the first turn finds out.
            let _ = self.gateway.poll.registry().register(bridge.stream(), token(client), interest);
            (bridge, service, from)
        });
        self.by_socket.insert(socket, client);
        self.acted(Pending::Connection(token(client).0));
        let Listener { service, server, .. } = &self.gateway.services[service];
        let text =
            format!("connected to {service} of {server} as {}", self.simulation.world().directory().conn_name(conn));
        self.line(&from.to_string(), &text);
    }

    fn acted(&mut self, who: Pending) {
        let (wall, now) = (self.wall(), self.simulation.world().now());
        self.pace.acted(who, wall, now);
    }

    /// Moves a piece for each client that has something.
    pub(super) fn move_octets(&mut self) {
        for _ in 0..self.ready.len() {
            let Some(client) = self.ready.pop_front() else { return };
            let Some((bridge, ..)) = self.clients.get_mut(client) else { continue };
            let (moved, fate) = bridge.pump(self.simulation.world_mut(), &mut self.scratch);
            let again = bridge.is_ready();
            let who = Pending::Connection(token(client).0);
            if bridge.client_is_done() {
                // Nobody can cut it short any more.
                let now = self.simulation.world().now();
                self.pace.left(who, now);
            } else if moved.up > 0 || moved.down > 0 {
                self.acted(who);
            }
            match fate {
                Fate::Over => self.drop_client(client),
                Fate::Stands if again => self.ready.push_back(client),
                Fate::Stands => {}
            }
        }
    }

    pub(super) fn drop_client(&mut self, client: Client) {
        let Some((mut bridge, _, from)) = self.clients.remove(client) else { return };
        // The socket is closed with the bridge in any case.
        let _ = self.gateway.poll.registry().deregister(bridge.stream());
        self.by_socket.remove(&bridge.socket());
        let now = self.simulation.world().now();
        self.pace.left(Pending::Connection(token(client).0), now);
        self.line(&from.to_string(), "disconnected");
    }

    /// Reads a turn's worth of datagrams; false when there may be more.
    fn hear_datagrams(&mut self, number: usize) -> bool {
        for _ in 0..TURN {
            let (Socket::Udp(socket), service) = &self.gateway.sockets[number] else { return true };
            let service = *service;
            match socket.recv_from(&mut self.datagram) {
                Ok((count, _)) if count > LARGEST_DATAGRAM => {}
                Ok((count, from)) => self.ask(service, from, count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                // What a client's closed port said to an earlier answer.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::Interrupted) => {
                }
                Err(error) => {
                    self.line("gateway", &format!("cannot hear datagrams for now: {error}"));
                    self.respite = Some(self.wall() + RESPITE);
                    return false;
                }
            }
        }
        false
    }

    fn ask(&mut self, service: usize, from: SocketAddr, count: usize) {
        let (host, wall, client) = (self.settings.host, self.wall(), (service, from));
        let known = self.askers.asks(client, wall);
        let port = known.or_else(|| {
            while let Some(old) = self.askers.expire(wall) {
                self.simulation.world_mut().visitor_leaves_port(host, old);
                let now = self.simulation.world().now();
                self.pace.left(Pending::Question(old), now);
            }
            let port = self.simulation.world_mut().visitor_port(host)?;
            self.askers.insert(client, port, wall);
            Some(port)
        });
        let Some(port) = port else { return };
        let to = self.gateway.services[service].to;
        let bytes = Bytes::copy_from_slice(&self.datagram[..count]);
        self.world().visitor_asks((host, port), to, bytes);
        self.acted(Pending::Question(port));
    }

    /// Gives up who waits for nothing any more.
    pub(super) fn sweep(&mut self) {
        let wall = self.wall();
        if wall.saturating_sub(self.swept) < LONGEST_SLEEP {
            return;
        }
        self.swept = wall;
        let overdue = self.clients.iter().filter(|(_, (bridge, ..))| bridge.is_overdue(wall)).map(|(client, _)| client);
        for client in overdue.collect::<Vec<_>>() {
            self.clients[client].0.reset();
            self.drop_client(client);
        }
        while let Some(old) = self.askers.expire(wall) {
            let host = self.settings.host;
            self.world().visitor_leaves_port(host, old);
            let now = self.simulation.world().now();
            self.pace.left(Pending::Question(old), now);
        }
    }
}

fn token(client: Client) -> Token {
    // The low half is the place, the high half its version, which tells late events of a former client.
    let number = client.data().as_ffi();
    Token(CLIENTS + usize::try_from(number).unwrap_or(usize::MAX / 2))
}

fn key(token: usize) -> Client {
    KeyData::from_ffi((token - CLIENTS) as u64).into()
}
