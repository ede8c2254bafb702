//! What was said on each connection, piece by piece.
//!
//! Dialogues are the only thing here whose size grows with the messages' bodies, so two
//! bounds keep a long run in memory: only the first connections that carry a dialogue are
//! kept, and of each only the first octets. What was left out is counted.

use rustc_hash::FxHashMap;

use super::connections::Connections;
use super::names::{Names, Text};
use super::words;
use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::socket::{Endpoint, Side};
use crate::base::time::SimTime;
use crate::base::trace::Protocol;

/// Bytes that one side handed to TCP at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// When.
    pub at: SimTime,
    /// Who spoke.
    pub side: Side,
    /// What: lines with their CRLF, or a part of one.
    pub bytes: &'a [u8],
}

/// What was said on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// The protocol, in lower case: `smtp`, `pop3`, `imap`, `dns`.
    pub protocol: Text,
    /// The connection's name: `crepes.fr#3`.
    pub connection: Text,
    /// Its number among those that the client opened, from 1.
    pub number: u32,
    /// The host that opened it.
    pub client: Text,
    /// The host to which it was opened.
    pub server: Text,
    /// Their endpoints, client first, when the opening was seen.
    pub endpoints: Option<(Endpoint, Endpoint)>,
    /// When the first piece was said.
    pub start: SimTime,
    /// Octets beyond the bound on one dialogue, not kept.
    pub omitted: u64,
    pieces: Vec<(SimTime, Side, usize)>,
    bytes: Vec<u8>,
}

impl Dialogue {
    /// The pieces, in the order in which they were said.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let starts = std::iter::once(0).chain(self.pieces.iter().map(|(_, _, end)| *end));
        self.pieces.iter().zip(starts).map(|((at, side, end), start)| Piece {
            at: *at,
            side: *side,
            bytes: &self.bytes[start..*end],
        })
    }
}

#[derive(Clone, Debug)]
struct Open {
    conn: ConnId,
    protocol: Protocol,
    omitted: u64,
    pieces: Vec<(SimTime, Side, usize)>,
    bytes: Vec<u8>,
}

/// The dialogues of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Dialogues {
    most: usize,
    most_bytes: usize,
    open: Vec<Open>,
    /// Where a connection's dialogue is kept; none when it is one too many.
    index: FxHashMap<ConnId, Option<usize>>,
    left_out: u64,
}

impl Dialogues {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, ..Self::default() }
    }

    pub(super) fn observe(&mut self, conn: ConnId, side: Side, protocol: Protocol, at: SimTime, bytes: &[u8]) {
        let place = match self.index.get(&conn) {
            Some(place) => *place,
            None => self.begin(conn, protocol),
        };
        let Some(place) = place else { return };
        let dialogue = &mut self.open[place];
        let room = self.most_bytes.saturating_sub(dialogue.bytes.len()).min(bytes.len());
        dialogue.omitted += (bytes.len() - room) as u64;
        if room > 0 {
            dialogue.bytes.extend_from_slice(&bytes[..room]);
            dialogue.pieces.push((at, side, dialogue.bytes.len()));
        }
    }

    fn begin(&mut self, conn: ConnId, protocol: Protocol) -> Option<usize> {
        let place = (self.open.len() < self.most).then_some(self.open.len());
        match place {
            Some(_) => {
                self.open.push(Open { conn, protocol, omitted: 0, pieces: Vec::new(), bytes: Vec::new() });
            }
            None => self.left_out += 1,
        }
        self.index.insert(conn, place);
        place
    }

    /// The dialogues, sorted by protocol, client and number, and the count of those left out.
    pub(super) fn finish(
        self,
        names: &mut Names,
        directory: &Directory,
        connections: &Connections,
    ) -> (Vec<Dialogue>, u64) {
        let mut dialogues: Vec<Dialogue> = self
            .open
            .into_iter()
            .map(|open| {
                let endpoints = connections.endpoints(open.conn);
                let server = endpoints.map_or_else(String::new, |(_, to)| directory.name_at(to.addr));
                Dialogue {
                    protocol: names.share(words::protocol(open.protocol)),
                    connection: names.share(&directory.conn_name(open.conn)),
                    number: open.conn.number,
                    client: names.share(directory.host_name(open.conn.host)),
                    server: names.share(&server),
                    endpoints,
                    start: open.pieces.first().map_or(SimTime::ZERO, |(at, _, _)| *at),
                    omitted: open.omitted,
                    pieces: open.pieces,
                    bytes: open.bytes,
                }
            })
            .collect();
        dialogues.sort_by(|a, b| (&a.protocol, &a.client, a.number).cmp(&(&b.protocol, &b.client, b.number)));
        (dialogues, self.left_out)
    }
}
