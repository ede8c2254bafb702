//! What was said on each connection, piece by piece, when it came to the other side, and for which message.
//!
//! A piece is there when the packet with the last of its octets that was missing has come to the other host:
//! a bystander at its door counts packets. What serves to carry a message is all that was said since the one
//! before, up to where it was accepted, fetched, refused at its submission, or an attempt at it ended, the server's
//! answer included.
//!
//! Dialogues are the only thing here whose size grows with the messages' bodies, so two
//! bounds keep a long run in memory: only the first connections that carry a dialogue are
//! kept, and of each only the first octets. What was left out is counted.

use rustc_hash::FxHashMap;

use super::arrivals::Arrivals;
use super::connections::Connections;
use super::names::{NameId, Names, Text};
use super::words;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::socket::{Endpoint, Side};
use crate::base::time::SimTime;
use crate::base::trace::{MailTrace, PacketInfo, Protocol, TraceEvent};

/// Bytes that one side handed to TCP at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// When.
    pub at: SimTime,
    /// Who spoke.
    pub side: Side,
    /// What: lines with their CRLF, or a part of one.
    pub bytes: &'a [u8],
    /// When the last of it had come to the other host, if it did.
    pub heard: Option<SimTime>,
    /// The message that it served to carry, if that is known.
    pub message: Option<&'a Text>,
}

/// What one end of a connection said at one instant: a row of the table `dialogues`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogueRow {
    /// The connection's name.
    pub connection: Text,
    /// The protocol, in lower case.
    pub protocol: Text,
    /// The host that opened it.
    pub client: Text,
    /// The host to which it was opened.
    pub server: Text,
    /// When it was said.
    pub at: SimTime,
    /// When the last of it had come to the other host, if it did.
    pub heard: Option<SimTime>,
    /// Who spoke.
    pub speaker: Side,
    /// How much.
    pub octets: u64,
    /// Lines of the transcript that it completed.
    pub lines: u32,
    /// The Message-ID of the message that it served to carry, if that is known.
    pub message: Option<Text>,
}

/// A piece without its octets.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    at: SimTime,
    side: Side,
    /// Where it ends among the octets kept.
    end: usize,
    heard: Option<SimTime>,
    message: Option<Text>,
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
    pieces: Vec<Said>,
    bytes: Vec<u8>,
}

impl Dialogue {
    /// The pieces, in the order in which they were said.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let starts = std::iter::once(0).chain(self.pieces.iter().map(|said| said.end));
        self.pieces.iter().zip(starts).map(|(said, start)| Piece {
            at: said.at,
            side: said.side,
            bytes: &self.bytes[start..said.end],
            heard: said.heard,
            message: said.message.as_ref(),
        })
    }
}

#[derive(Clone, Debug)]
struct Open {
    conn: ConnId,
    protocol: Protocol,
    omitted: u64,
    pieces: Vec<Said>,
    bytes: Vec<u8>,
    arrivals: Arrivals,
    marks: Vec<Mark>,
}

/// Something became of a message.
#[derive(Clone, Copy, Debug)]
struct Mark {
    message: NameId,
    /// So many pieces had been said.
    pieces: usize,
    /// Whether the server knew first, so that its answer is still to come.
    at_server: bool,
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
            dialogue.arrivals.said(side, dialogue.pieces.len(), bytes.len() as u64);
            let end = dialogue.bytes.len();
            dialogue.pieces.push(Said { at, side, end, heard: None, message: None });
        }
    }

    /// A packet has come to its destination.
    pub(super) fn arrived(&mut self, event: &TraceEvent<'_>, packet: &PacketInfo) {
        let Some(tcp) = packet.tcp.filter(|tcp| tcp.len > 0) else { return };
        let Some(place) = tcp.conn.and_then(|conn| *self.index.get(&conn)?) else { return };
        let Open { conn, arrivals, pieces, .. } = &mut self.open[place];
        // a host that talks to itself sends no packets on links
        let speaker = if event.host == conn.host { Side::Server } else { Side::Client };
        // RFC 9293 3.4: the SYN has the first sequence number
        let start = tcp.seq.saturating_sub(1);
        arrivals.packet(event.id, (speaker, start, start + u64::from(tcp.len)), event.at);
        arrivals.tell(|piece, at| pieces[piece].heard = Some(at));
    }

    /// A packet that had come somewhere was not taken there.
    pub(super) fn dropped(&mut self, event: &TraceEvent<'_>, packet: &PacketInfo) {
        if let Some(place) = packet.tcp.and_then(|tcp| tcp.conn).and_then(|conn| *self.index.get(&conn)?) {
            self.open[place].arrivals.not_taken(event.cause);
        }
    }

    /// Something became of a message because of what was said on a connection.
    pub(super) fn mail(&mut self, names: &mut Names, host: HostId, mail: &MailTrace<'_>) {
        let (message, conn) = if let MailTrace::Accepted { message, conn: Some(conn), .. }
        | MailTrace::AttemptEnded { message, conn: Some(conn), .. }
        | MailTrace::Refused { message, conn: Some(conn), .. }
        | MailTrace::Postponed { message, conn: Some(conn), .. }
        | MailTrace::Retrieved { message, conn, .. } = *mail
        {
            (message, conn)
        } else {
            return;
        };
        let Some(Some(place)) = self.index.get(&conn) else { return };
        let open = &mut self.open[*place];
        let mark = Mark { message: names.id(message), pieces: open.pieces.len(), at_server: host != conn.host };
        match open.marks.last_mut() {
            // one message for several recipients
            Some(last) if last.message == mark.message => *last = mark,
            Some(_) | None if open.omitted == 0 => open.marks.push(mark),
            Some(_) | None => {}
        }
    }

    fn begin(&mut self, conn: ConnId, protocol: Protocol) -> Option<usize> {
        let place = (self.open.len() < self.most).then_some(self.open.len());
        match place {
            Some(_) => {
                let (pieces, bytes, marks) = (Vec::new(), Vec::new(), Vec::new());
                let arrivals = Arrivals::default();
                self.open.push(Open { conn, protocol, omitted: 0, pieces, bytes, arrivals, marks });
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
            .map(|mut open| {
                let endpoints = connections.endpoints(open.conn);
                let server = endpoints.map_or_else(String::new, |(_, to)| directory.name_at(to.addr));
                open.complete(names, server == directory.host_name(open.conn.host));
                Dialogue {
                    protocol: names.share(words::protocol(open.protocol)),
                    connection: names.share(&directory.conn_name(open.conn)),
                    number: open.conn.number,
                    client: names.share(directory.host_name(open.conn.host)),
                    server: names.share(&server),
                    endpoints,
                    start: open.pieces.first().map_or(SimTime::ZERO, |said| said.at),
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

impl Open {
    /// Says of each piece when it was heard and which message it served.
    fn complete(&mut self, names: &Names, alone: bool) {
        let pieces = &mut self.pieces;
        self.arrivals.last();
        self.arrivals.tell(|piece, at| pieces[piece].heard = Some(at));
        for said in pieces.iter_mut().filter(|_| alone) {
            said.heard = Some(said.at);
        }
        let mut begin = 0;
        for mark in &self.marks {
            let answer = |said: &&Said| mark.at_server && said.side == Side::Server;
            let end = mark.pieces + pieces[mark.pieces..].iter().take_while(answer).count();
            for said in pieces.iter_mut().take(end).skip(begin) {
                said.message = Some(names.text(mark.message));
            }
            begin = begin.max(end);
        }
    }
}
