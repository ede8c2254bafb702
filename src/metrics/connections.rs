//! TCP connections: one row each, with both ends' view of how it ended.

use rustc_hash::FxHashMap;

use super::names::{Names, Text};
use super::words;
use crate::base::address::Family;
use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::socket::{CloseReason, Endpoint, Side};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::ConnStep;

/// One TCP connection: a row of the table `connections`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Its name: `crepes.fr#3` is the third that crepes.fr opened.
    pub connection: Text,
    /// The host that opened it.
    pub client: Text,
    /// The host, or the address, to which it was opened.
    pub server: Text,
    /// The port there.
    pub server_port: u16,
    /// When the first SYN was sent.
    pub opened: SimTime,
    /// When the client reached ESTABLISHED.
    pub established: Option<SimTime>,
    /// When the last of its ends was closed.
    pub closed: Option<SimTime>,
    /// Octets from client to server, without repetitions, once they are known.
    pub bytes_to_server: Option<u64>,
    /// Octets from server to client, without repetitions, once they are known.
    pub bytes_to_client: Option<u64>,
    /// Segments that either end sent again.
    pub retransmissions: u64,
    /// How the client's end ended.
    pub end_client: Option<Text>,
    /// How the server's end ended.
    pub end_server: Option<Text>,
    /// The family of the addresses of both ends.
    pub family: Family,
}

impl ConnectionRow {
    /// The time from the first SYN to ESTABLISHED at the client.
    #[must_use]
    pub fn setup(&self) -> Option<SimDuration> {
        self.established.map(|at| at.since(self.opened))
    }
}

#[derive(Clone, Copy, Debug)]
struct End {
    at: SimTime,
    reason: CloseReason,
    sent: u64,
    received: u64,
}

#[derive(Clone, Debug)]
struct Connection {
    id: ConnId,
    from: Endpoint,
    to: Endpoint,
    opened: SimTime,
    established: Option<SimTime>,
    /// Whether the server has an end of this connection.
    met: bool,
    /// It is told under another name.
    joined: bool,
    retransmissions: u64,
    client: Option<End>,
    server: Option<End>,
}

/// All connections of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    connections: Vec<Connection>,
    index: FxHashMap<ConnId, usize>,
}

impl Connections {
    pub(super) fn observe(&mut self, conn: ConnId, side: Side, at: SimTime, step: &ConnStep) {
        if let ConnStep::Opening { from, to } = *step {
            self.index.insert(conn, self.connections.len());
            self.connections.push(Connection {
                id: conn,
                from,
                to,
                opened: at,
                established: None,
                met: false,
                joined: false,
                retransmissions: 0,
                client: None,
                server: None,
            });
            return;
        }
        let Some(index) = self.index.get(&conn) else { return };
        let connection = &mut self.connections[*index];
        connection.met |= side == Side::Server;
        match *step {
            ConnStep::Opening { .. } => {}
            ConnStep::Joined { .. } => connection.joined = true,
            ConnStep::Established => {
                if side == Side::Client {
                    connection.established.get_or_insert(at);
                }
            }
            ConnStep::Retransmitted { .. } => connection.retransmissions += 1,
            ConnStep::Closed { reason, sent, received } => {
                let end = Some(End { at, reason, sent, received });
                match side {
                    Side::Client => connection.client = end,
                    Side::Server => connection.server = end,
                }
            }
        }
    }

    /// The two endpoints of a connection: client, server.
    pub(super) fn endpoints(&self, conn: ConnId) -> Option<(Endpoint, Endpoint)> {
        self.index.get(&conn).map(|index| (self.connections[*index].from, self.connections[*index].to))
    }

    /// The rows, sorted.
    pub(super) fn finish(mut self, names: &mut Names, directory: &Directory) -> Vec<ConnectionRow> {
        self.connections.sort_by(|a, b| {
            let key = |connection: &Connection| (connection.opened, directory.host_name(connection.id.host));
            (key(a), a.id.number).cmp(&(key(b), b.id.number))
        });
        self.connections
            .iter()
            .filter(|connection| !connection.joined)
            .map(|connection| connection.row(names, directory))
            .collect()
    }
}

impl Connection {
    fn row(&self, names: &mut Names, directory: &Directory) -> ConnectionRow {
        let closed = match (self.client, self.server) {
            (Some(client), Some(server)) => Some(client.at.max(server.at)),
            (Some(client), None) if !self.met => Some(client.at),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        // The sender knows best; the receiver knows what arrived.
        let bytes = |sender: Option<End>, receiver: Option<End>| {
            sender.map(|end| end.sent).or(receiver.map(|end| end.received))
        };
        ConnectionRow {
            connection: names.share(&directory.conn_name(self.id)),
            client: names.share(directory.host_name(self.id.host)),
            server: names.share(&directory.name_at(self.to.addr)),
            server_port: self.to.port,
            opened: self.opened,
            established: self.established,
            closed,
            bytes_to_server: bytes(self.client, self.server),
            bytes_to_client: bytes(self.server, self.client),
            retransmissions: self.retransmissions,
            end_client: self.client.map(|end| names.share(words::close(end.reason))),
            end_server: self.server.map(|end| names.share(words::close(end.reason))),
            family: self.to.family(),
        }
    }
}
