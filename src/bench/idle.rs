//! Connections that are open and say nothing: what one of them takes of memory.
//!
//! Two hosts and a link of 10 ms. Connections are opened one by one, each only when nothing is
//! left to do for those before it, and kept. A few are opened while the world is built, so that
//! tables exist and the allocator has its arenas. A host has 16,384 ephemeral ports for each port
//! of its peer; after 16,000 connections the next port of the server is called.

use crate::base::{AppId, Endpoint, HostId, SimTime, Streams};
use crate::net::{Notice, QueueLimit, TcpConfig, Topology};

use super::bed::{Bed, address, link, node};
use super::{Cost, Figures, Workload};

const CLIENT: HostId = HostId(0);
const SERVER: HostId = HostId(1);
const DELAY_MS: u64 = 10;
const APP: AppId = AppId(0);
const FIRST_PORT: u16 = 1024;
/// Connections to one port of the server.
const PER_PORT: u32 = 16_000;
/// Connections that are open before the measurement.
const WARM_UP: u32 = 16;
/// The most connections.
pub const MAX_CONNECTIONS: u32 = 10_000_000;

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// Connections; at least 1, at most [`MAX_CONNECTIONS`].
    pub connections: u32,
}

impl Idle {
    /// Builds the world.
    ///
    /// # Panics
    /// If there is no connection to open, or more than [`MAX_CONNECTIONS`].
    #[must_use]
    pub fn build(self) -> IdleRun {
        assert!((1..=MAX_CONNECTIONS).contains(&self.connections), "1 to {MAX_CONNECTIONS} connections");
        let nodes = [("client", CLIENT), ("server", SERVER)].map(|(name, id)| node(name.to_owned(), id.0, false));
        let line = link("line".to_owned(), [CLIENT.0, SERVER.0], None, DELAY_MS, QueueLimit::Unlimited);
        let topology = Topology { nodes: nodes.into(), links: vec![line], tcp: TcpConfig::default() };
        let mut bed = Bed::new(topology, &Streams::new(1));
        for port in FIRST_PORT..=port(WARM_UP + self.connections) {
            bed.network.listen(SERVER, port, APP);
        }
        let mut run = IdleRun { parameters: self, bed, opened: 0, established: 0 };
        (0..WARM_UP).for_each(|_| run.open());
        run
    }
}

/// The server's port that the connection of that number calls.
fn port(connection: u32) -> u16 {
    FIRST_PORT + u16::try_from(connection / PER_PORT).expect("fewer than 1,000 ports")
}

/// The world of [`Idle`].
#[derive(Debug)]
pub struct IdleRun {
    parameters: Idle,
    bed: Bed,
    opened: u32,
    /// Ends of connections that are open.
    established: u32,
}

impl IdleRun {
    fn open(&mut self) {
        let to = Endpoint::new(address(SERVER.0), port(self.opened));
        self.bed.network.connect(&mut self.bed.kernel, CLIENT, APP, to);
        self.opened += 1;
        while self.bed.next(SimTime::NEVER).is_some() {
            while let Some(notice) = self.bed.notice() {
                match notice {
                    Notice::Connected { .. } | Notice::Accepted { .. } => self.established += 1,
                    Notice::Closed { .. } => self.established -= 1,
                    Notice::Readable { .. }
                    | Notice::Drained { .. }
                    | Notice::PeerClosed { .. }
                    | Notice::Datagram { .. }
                    | Notice::Unreachable { .. } => {}
                }
            }
        }
    }
}

impl Workload for IdleRun {
    fn run(&mut self) {
        (0..self.parameters.connections).for_each(|_| self.open());
    }

    fn figures(&self) -> Figures {
        Figures::of("idle")
            .with("connections", self.parameters.connections)
            .with("simulated_s", self.bed.now())
            .with("events", self.bed.events)
            .with("packet_hops", self.bed.packet_hops())
            .with("open_before", WARM_UP)
            .with("open_after", self.established / 2)
    }

    fn costs(&self) -> Vec<Cost> {
        vec![
            Cost::Time { key: "us_per_connection", unit_ns: 1_000, count: self.parameters.connections.into() },
            Cost::Memory { key: "bytes_per_connection", count: self.parameters.connections.into() },
        ]
    }
}
