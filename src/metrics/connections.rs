//! TCP connections: one row each, with both ends' view of how it ended.

use rustc_hash::FxHashMap;

use super::names::{Names, Text};
use super::words;
use crate::base::address::Family;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::socket::{CloseReason, Endpoint, Side};
use crate::base::time::{NANOS_PER_SEC, SimDuration, SimTime};
use crate::base::trace::{ConnStep, EndFigures, Protocol, RetransmitReason};

/// How an end ended whose host went down: the trace knows no such end.
const CRASHED: &str = "crashed";

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
    /// Packets that either end sent.
    pub packets: u64,
    /// Their bytes, IP and TCP headers included.
    pub wire_bytes: u64,
    /// How the client's end ended.
    pub end_client: Option<Text>,
    /// How the server's end ended.
    pub end_server: Option<Text>,
    /// The family of the addresses of both ends.
    pub family: Family,
    /// What the client's end did and measured.
    pub client_figures: EndRow,
    /// What the server's end did and measured.
    pub server_figures: EndRow,
}

/// What one end of a connection did and measured. What is none was never measured, or went
/// down with its host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndRow {
    /// Data octets that its peer acknowledged in a second of the time from ESTABLISHED to the
    /// last such acknowledgement, in bits; none without such a time.
    pub goodput_bps: Option<u64>,
    /// Segments that it sent again because its timer ran out.
    pub resent_timeout: u64,
    /// Segments that it sent again because acknowledgements said that they were missing.
    pub resent_fast: u64,
    /// Segments that it sent again to fetch an acknowledgement.
    pub resent_probe: u64,
    /// Segments that it cut anew because a link could not take them.
    pub resent_path_mtu: u64,
    /// Round-trip times measured.
    pub rtt_samples: Option<u64>,
    /// The shortest.
    pub rtt_min: Option<SimDuration>,
    /// Their mean.
    pub rtt_mean: Option<SimDuration>,
    /// The longest.
    pub rtt_max: Option<SimDuration>,
    /// The smoothed round-trip time at the end.
    pub srtt: Option<SimDuration>,
    /// Octets that came to it in vain.
    pub discarded_bytes: Option<u64>,
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
    /// How often the client's host had crashed when it opened this connection.
    crashes: usize,
    /// The server's host, if it has an end of this connection, and how often that had crashed
    /// when that end last did something.
    met: Option<(HostId, usize)>,
    /// It is told under another name.
    joined: bool,
    /// The service had no place for it, at least at first.
    turned_away: bool,
    /// The server has spoken.
    greeted: bool,
    packets: u64,
    wire_bytes: u64,
    client: Option<End>,
    server: Option<End>,
    /// Of the client's end and the server's.
    tallies: [Tally; 2],
}

/// What is counted and measured of one end.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    established: Option<SimTime>,
    resent_timeout: u64,
    resent_fast: u64,
    resent_probe: u64,
    resent_path_mtu: u64,
    figures: Option<EndFigures>,
}

impl Tally {
    fn resent(&mut self, why: RetransmitReason) {
        match why {
            RetransmitReason::Timeout => self.resent_timeout += 1,
            RetransmitReason::FastRetransmit => self.resent_fast += 1,
            RetransmitReason::LossProbe => self.resent_probe += 1,
            RetransmitReason::PathMtu => self.resent_path_mtu += 1,
        }
    }

    fn row(&self) -> EndRow {
        let figures = self.figures;
        let rtt = figures.map(|figures| figures.rtt).filter(|rtt| rtt.samples > 0);
        EndRow {
            goodput_bps: figures.and_then(|figures| self.goodput_bps(&figures)),
            resent_timeout: self.resent_timeout,
            resent_fast: self.resent_fast,
            resent_probe: self.resent_probe,
            resent_path_mtu: self.resent_path_mtu,
            rtt_samples: figures.map(|figures| u64::from(figures.rtt.samples)),
            rtt_min: rtt.map(|rtt| rtt.min),
            rtt_mean: rtt.and_then(|rtt| rtt.mean()),
            rtt_max: rtt.map(|rtt| rtt.max),
            srtt: rtt.map(|rtt| rtt.smoothed),
            discarded_bytes: figures.map(|figures| figures.discarded),
        }
    }

    fn goodput_bps(&self, figures: &EndFigures) -> Option<u64> {
        let span = figures.last_acked?.since(self.established?);
        let bits = u128::from(figures.acked) * 8 * u128::from(NANOS_PER_SEC);
        u64::try_from(bits.checked_div(u128::from(span.as_nanos()))?).ok()
    }
}

const fn end_index(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

/// All connections of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    connections: Vec<Connection>,
    index: FxHashMap<ConnId, usize>,
    /// When each host crashed.
    crashes: FxHashMap<HostId, Vec<SimTime>>,
}

impl Connections {
    /// A host went down, and its ends of connections with it. They are told no more, so each is
    /// given the first crash after its begin when the run is over.
    pub(super) fn crashed(&mut self, host: HostId, at: SimTime) {
        self.crashes.entry(host).or_default().push(at);
    }

    fn crashes_of(&self, host: HostId) -> usize {
        self.crashes.get(&host).map_or(0, Vec::len)
    }

    /// Takes a step of an end of a connection, which `host` saw.
    pub(super) fn observe(&mut self, (conn, side): (ConnId, Side), host: HostId, at: SimTime, step: &ConnStep) {
        let crashes = self.crashes_of(host);
        if let ConnStep::Opening { from, to } = *step {
            self.index.insert(conn, self.connections.len());
            self.connections.push(Connection {
                id: conn,
                from,
                to,
                opened: at,
                established: None,
                crashes,
                met: None,
                joined: false,
                turned_away: false,
                greeted: false,
                packets: 0,
                wire_bytes: 0,
                client: None,
                server: None,
                tallies: [Tally::default(); 2],
            });
            return;
        }
        let Some(index) = self.index.get(&conn) else { return };
        let connection = &mut self.connections[*index];
        if side == Side::Server {
            // After a crash it is another end, which a repeated SYN made.
            connection.met = Some((host, crashes));
        }
        match *step {
            ConnStep::Opening { .. } => {}
            ConnStep::Joined { .. } => connection.joined = true,
            ConnStep::Established => {
                connection.tallies[end_index(side)].established.get_or_insert(at);
                if side == Side::Client {
                    connection.established.get_or_insert(at);
                }
            }
            ConnStep::Retransmitted { why, .. } => connection.tallies[end_index(side)].resent(why),
            ConnStep::Closed { reason, sent, received, figures } => {
                connection.tallies[end_index(side)].figures = Some(figures);
                let end = Some(End { at, reason, sent, received });
                match side {
                    Side::Client => connection.client = end,
                    Side::Server => connection.server = end,
                }
            }
        }
    }

    /// A service had no place for a connection.
    pub(super) fn turn_away(&mut self, conn: ConnId) {
        if let Some(index) = self.index.get(&conn) {
            self.connections[*index].turned_away = true;
        }
    }

    /// An end speaks. A server without a place for another session may say so in its greeting
    /// (RFC 5321 3.1: 421 in place of 220).
    pub(super) fn speak(&mut self, conn: ConnId, side: Side, protocol: Protocol, bytes: &[u8]) {
        let Some(index) = self.index.get(&conn) else { return };
        let connection = &mut self.connections[*index];
        if side == Side::Server && !connection.greeted {
            connection.greeted = true;
            connection.turned_away |= protocol == Protocol::Smtp && bytes.starts_with(b"421");
        }
    }

    /// A packet of a connection left its source.
    pub(super) fn carried(&mut self, conn: ConnId, bytes: u32) {
        if let Some(index) = self.index.get(&conn) {
            let connection = &mut self.connections[*index];
            connection.packets += 1;
            connection.wire_bytes += u64::from(bytes);
        }
    }

    /// Bytes of all packets of a connection.
    pub(super) fn wire_bytes(&self, conn: ConnId) -> u64 {
        self.index.get(&conn).map_or(0, |index| self.connections[*index].wire_bytes)
    }

    /// How many connections a service had no place for, at least at first.
    pub(super) fn turned_away(&self) -> u64 {
        self.connections.iter().filter(|connection| connection.turned_away && !connection.joined).count() as u64
    }

    /// Takes what an end has measured that is open at the end of the run.
    pub(super) fn still_open(&mut self, conn: ConnId, side: Side, figures: EndFigures) {
        if let Some(index) = self.index.get(&conn) {
            self.connections[*index].tallies[end_index(side)].figures = Some(figures);
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
            .map(|connection| {
                let crash = |(host, before): (HostId, usize)| self.crashes.get(&host)?.get(before).copied();
                let crashed = [crash((connection.id.host, connection.crashes)), connection.met.and_then(crash)];
                connection.row(names, directory, crashed)
            })
            .collect()
    }
}

impl Connection {
    /// The row, with the first crash of each end's host after the end's begin.
    fn row(&self, names: &mut Names, directory: &Directory, crashed: [Option<SimTime>; 2]) -> ConnectionRow {
        let ended = |end: Option<End>, crashed: Option<SimTime>| match end {
            Some(end) => Some((end.at, words::close(end.reason))),
            None => crashed.map(|at| (at, CRASHED)),
        };
        let [client, server] = [ended(self.client, crashed[0]), ended(self.server, crashed[1])];
        let closed = match (client, server) {
            (Some((client, _)), Some((server, _))) => Some(client.max(server)),
            (Some((client, _)), None) if self.met.is_none() => Some(client),
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
            retransmissions: self
                .tallies
                .iter()
                .map(|end| end.resent_timeout + end.resent_fast + end.resent_probe + end.resent_path_mtu)
                .sum(),
            packets: self.packets,
            wire_bytes: self.wire_bytes,
            end_client: client.map(|(_, word)| names.share(word)),
            end_server: server.map(|(_, word)| names.share(word)),
            family: self.to.family(),
            client_figures: self.tallies[0].row(),
            server_figures: self.tallies[1].row(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::trace::{FaultTrace, Trace};
    use crate::metrics::testing::Script;

    const S: u64 = 1_000_000_000;

    /// How the ends of a connection of crepes.fr ended, and when the last did, in seconds.
    type Ends<'a> = (Option<&'a str>, Option<&'a str>, Option<u64>);

    fn ends(row: &ConnectionRow) -> Ends<'_> {
        (row.end_client.as_deref(), row.end_server.as_deref(), row.closed.map(|at| at.as_nanos() / S))
    }

    /// Breaks when an end that went down with its host looks open for ever, when a crash before
    /// or after an end's life ends it, or when a host that never had an end is given one.
    #[test]
    fn ends_are_lost_in_a_crash_of_their_host() {
        let (client, server) = ("crepes.fr", "hamburger.edu");
        let mut script = Script::two_domains();
        let opening = ConnStep::Opening { from: script.endpoint(client, 1024), to: script.endpoint(server, 25) };
        let mut step = |at: u64, number: u32, side: Side, step: ConnStep| {
            let host = if side == Side::Client { client } else { server };
            let conn = script.conn_id(client, number);
            script.event(host, at * S, Trace::Conn { conn, side, step });
            if at % 10 == 9 {
                script.event(host, at * S, Trace::Fault(FaultTrace::HostDown));
                script.event(host, (at + 1) * S, Trace::Fault(FaultTrace::HostUp));
            }
        };
        let resent = ConnStep::Retransmitted { seq: 0, len: 0, why: RetransmitReason::Timeout };
        let timed_out = |figures| ConnStep::Closed { reason: CloseReason::TimedOut, sent: 7, received: 0, figures };
        // The server has an end of all but the third, and of the fourth from its boot on only.
        for number in 1..=4 {
            step(2, number, Side::Client, opening);
        }
        step(3, 2, Side::Server, ConnStep::Established);
        step(9, 1, Side::Server, ConnStep::Established);
        step(12, 4, Side::Server, ConnStep::Established);
        step(14, 2, Side::Client, timed_out(EndFigures::default()));
        // Its client crashes twice; the fourth is gone the first time.
        step(19, 4, Side::Client, resent);
        step(21, 5, Side::Client, opening);
        step(29, 5, Side::Client, resent);
        let record = script.finish(40 * S);
        let rows: Vec<Ends<'_>> = record.tables.connections.iter().map(ends).collect();
        let expected: [Ends<'_>; 5] = [
            (Some("crashed"), Some("crashed"), Some(19)),
            (Some("timed_out"), Some("crashed"), Some(14)),
            (Some("crashed"), None, Some(19)),
            (Some("crashed"), None, None),
            (Some("crashed"), None, Some(29)),
        ];
        assert_eq!(rows, expected);
        assert_eq!(record.tables.connections[1].bytes_to_server, Some(7));
        assert_eq!(record.tables.connections[0].bytes_to_server, None);
    }
}
