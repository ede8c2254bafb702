//! One real connection and the simulated one that carries it on.
//!
//! Octets go both ways in bounded pieces: from the client only while little waits to be
//! sent in the simulation, to the client only when it has taken what came before. What is not
//! taken stays in the receive buffer of the simulated end, whose window then closes; what is not read
//! stays in the real socket. So a slow end slows the other, and a connection never holds more
//! than a few pieces. From a client that does not take its answers nothing more is read: its
//! commands would go on making answers, which a server keeps until they are sent.
//!
//! An end of stream passes as a FIN, a reset as a reset, both ways. A simulated connection that
//! is refused or times out resets the real one, which its client had seen open: a gateway accepts before
//! it knows.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::SockRef;

use crate::base::trace::{Observer, Protocol};
use crate::base::{CloseReason, ConnId, SocketId};
use crate::sim::World;

/// The largest piece read from a client at a time.
pub const PIECE: usize = 16 << 10;

/// With more than that unsent in the simulation, nothing is read from the client.
const ROOM: u32 = 64 << 10;

/// A buffer that was larger than this is given back when it is empty.
const KEPT: usize = 4 << 10;

/// How long a client may take to read the rest after its simulated connection has ended.
pub const LINGER: Duration = Duration::from_secs(60);

/// Whether a bridge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does.
    Stands,
    /// Both connections are at their ends.
    Over,
}

/// What moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Octets from the client.
    pub up: usize,
    /// Octets to the client.
    pub down: usize,
}

/// How the simulated connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Opening,
    Open,
    /// It ended, at that time of the wall clock.
    Gone(Duration),
}

/// A bridge.
#[derive(Debug)]
pub struct Bridge {
    stream: TcpStream,
    socket: SocketId,
    conn: ConnId,
    protocol: Option<Protocol>,
    inside: Inside,
    /// Whether the socket may have something to read, or room to write: readiness comes once.
    can_read: bool,
    can_write: bool,
    /// Whether the simulation has room for what the client says.
    room: bool,
    /// Octets wait in the receive buffer of the simulated end.
    arrived: bool,
    client_done: bool,
    server_done: bool,
    shut: bool,
    out: Vec<u8>,
    written: usize,
}

impl Bridge {
    /// Joins a client's connection to the one that was opened for it.
    #[must_use]
    pub fn new(stream: TcpStream, (socket, conn): (SocketId, ConnId), protocol: Option<Protocol>) -> Self {
        // Interactive lines would wait for each other; without this it works as well, only later.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            socket,
            conn,
            protocol,
            inside: Inside::Opening,
            can_read: true,
            can_write: true,
            room: true,
            arrived: false,
            client_done: false,
            server_done: false,
            shut: false,
            out: Vec::new(),
            written: 0,
        }
    }

    /// The real socket, to be registered.
    pub const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The simulated connection.
    #[must_use]
    pub const fn conn(&self) -> ConnId {
        self.conn
    }

    /// The simulated socket.
    #[must_use]
    pub const fn socket(&self) -> SocketId {
        self.socket
    }

    /// The real socket became ready.
    pub const fn ready(&mut self, read: bool, write: bool) {
        self.can_read |= read;
        self.can_write |= write;
    }

    /// The simulated connection is established.
    pub const fn connected(&mut self) {
        self.inside = Inside::Open;
    }

    /// Octets arrived in the simulation.
    pub const fn arrived(&mut self) {
        self.arrived = true;
    }

    /// The simulation has room again.
    pub const fn has_room(&mut self) {
        self.room = true;
    }

    /// The server closed its direction, after these last octets.
    pub fn server_closed(&mut self, rest: &[u8]) {
        self.arrived = false;
        self.server_done = true;
        self.out.extend_from_slice(rest);
    }

    /// The simulated connection has ended. What waits for the client is still for it if the end was in order.
    pub fn ended(&mut self, reason: CloseReason, wall: Duration) -> Fate {
        if reason != CloseReason::Finished {
            return self.reset();
        }
        self.inside = Inside::Gone(wall);
        self.arrived = false;
        self.server_done = true;
        Fate::Stands
    }

    /// Whether the client has said all that it had to say.
    #[must_use]
    pub const fn client_is_done(&self) -> bool {
        self.client_done
    }

    /// Whether the client had its time to read the rest.
    #[must_use]
    pub fn is_overdue(&self, wall: Duration) -> bool {
        matches!(self.inside, Inside::Gone(since) if wall.saturating_sub(since) > LINGER)
    }

    /// Resets the real connection.
    pub fn reset(&mut self) -> Fate {
        // A socket that is closed without lingering sends a reset. Failing that it is closed.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        Fate::Over
    }

    /// Moves what can be moved, one piece each way.
    pub fn pump<O: Observer>(&mut self, world: &mut World<O>, scratch: &mut [u8; PIECE]) -> (Moved, Fate) {
        let mut moved = Moved::default();
        let fate = self.try_pump(world, scratch, &mut moved).unwrap_or_else(|_| {
            // The client is gone: what it had begun is cut short.
            world.visitor_aborts(self.socket);
            Fate::Over
        });
        (moved, fate)
    }

    fn try_pump<O: Observer>(
        &mut self,
        world: &mut World<O>,
        scratch: &mut [u8; PIECE],
        moved: &mut Moved,
    ) -> io::Result<Fate> {
        if self.written == self.out.len() && std::mem::take(&mut self.arrived) {
            world.visitor_takes(self.socket, &mut self.out);
        }
        moved.down = self.write()?;
        if self.hears() {
            moved.up = self.read(world, scratch)?;
        }
        let delivered = self.server_done && self.written == self.out.len();
        if delivered && !self.shut {
            self.shut = true;
            // The client may have gone in the meantime.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        // What the simulated ends still say to each other is none of the client's business.
        let closed = self.client_done || matches!(self.inside, Inside::Gone(_));
        Ok(if delivered && closed { Fate::Over } else { Fate::Stands })
    }

    fn write(&mut self) -> io::Result<usize> {
        let before = self.written;
        while self.can_write && self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.can_write = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let wrote = self.written - before;
        if self.written == self.out.len() {
            self.written = 0;
            self.out.clear();
            self.out.shrink_to(KEPT);
        }
        Ok(wrote)
    }

    fn read<O: Observer>(&mut self, world: &mut World<O>, scratch: &mut [u8; PIECE]) -> io::Result<usize> {
        match self.stream.read(scratch) {
            Ok(0) => {
                self.client_done = true;
                world.visitor_closes(self.socket);
                Ok(0)
            }
            Ok(count) => {
                self.room = false;
                world.visitor_sends(self.socket, (self.conn, self.protocol), &scratch[..count]);
                world.visitor_wants_room(self.socket, ROOM);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.can_read = false;
                Ok(0)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Whether another call of [`Bridge::pump`] may move something, without news.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.hears() || (self.can_write && self.has_answers())
    }

    /// Whether something is to be read from the client.
    const fn hears(&self) -> bool {
        let open = matches!(self.inside, Inside::Open) && !self.client_done;
        open && self.can_read && self.room && !self.has_answers()
    }

    /// Whether the client has not taken all that is for it.
    const fn has_answers(&self) -> bool {
        self.written < self.out.len() || self.arrived
    }
}
