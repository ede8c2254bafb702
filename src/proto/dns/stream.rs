//! Messages over a byte stream, each with its length in front (RFC 1035 4.2.2, RFC 7766).
//!
//! Both ends are sessions. A server takes any number of queries on one connection, in any
//! pieces, and may answer them in any order: the asker knows each response by its ID. A client
//! sends its queries without waiting for the responses to earlier ones, and keeps the connection
//! for some seconds for later ones (RFC 7766 6.2.1).
//! Bounds: one incomplete message of 65,535 octets at most, so many queries under way, and so
//! many octets sent.
//! Left out: the EDNS keep-alive option (RFC 7828), and DNS over TLS.

use std::collections::{BTreeSet, VecDeque};

use crate::base::{SimDuration, SimTime};
use crate::proto::session::{Input, Output, Session};

/// How long a server keeps a connection on which nothing is under way, or waits for the rest
/// of a message (RFC 7766 6.2.3: "of the order of a few seconds").
pub const IDLE_TIMEOUT: SimDuration = SimDuration::from_secs(10);

/// How long a client keeps a connection on which nothing is under way: less than servers do, so
/// that no query meets a server that is just closing (RFC 7766 6.2.3).
pub const REUSE_TIME: SimDuration = SimDuration::from_secs(8);

/// Queries under way on one connection; whoever sends more is cut off.
pub const PIPELINE_LIMIT: u32 = 128;

/// Octets that a server sends on one connection before it closes it: an asker that reads
/// nothing must not fill the memory (RFC 7766 6.2.3: whoever is closed on may come again).
pub const SENDING_LIMIT: usize = 4 << 20;

/// Octets of a header (RFC 1035 4.1.1): a message that is shorter cannot be answered.
const HEADER: usize = 12;

/// A message as it goes over a stream.
#[must_use]
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let mut octets = Vec::with_capacity(2 + message.len());
    octets.extend_from_slice(&length.to_be_bytes());
    octets.extend_from_slice(&message[..usize::from(length)]);
    octets
}

/// The octets of a stream that do not make a message yet.
#[derive(Clone, Debug, Default)]
struct Inbox {
    octets: Vec<u8>,
}

impl Inbox {
    /// Takes octets; every message that is whole with them.
    fn take(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.octets.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut rest = &self.octets[..];
        while let [high, low, tail @ ..] = rest
            && let Some((message, tail)) = tail.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
        {
            messages.push(message.to_vec());
            rest = tail;
        }
        let used = self.octets.len() - rest.len();
        self.octets.drain(..used);
        messages
    }
}

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// A whole message of at least a header.
    Message(Vec<u8>),
    /// The stream ended, or brought something else; only a client says so.
    Lost,
}

/// A server's end of a connection.
#[derive(Clone, Debug)]
pub struct StreamServer {
    inbox: Inbox,
    outputs: VecDeque<Output<StreamEvent>>,
    /// Queries that wait for [`StreamServer::respond`] or [`StreamServer::pass_over`].
    under_way: u32,
    sent: usize,
    /// When something was last heard or said.
    touched: SimTime,
    /// The peer sends no more.
    ended: bool,
    closed: bool,
}

impl StreamServer {
    /// The end of a connection that was accepted now.
    #[must_use]
    pub const fn new(now: SimTime) -> Self {
        let inbox = Inbox { octets: Vec::new() };
        Self { inbox, outputs: VecDeque::new(), under_way: 0, sent: 0, touched: now, ended: false, closed: false }
    }

    /// Sends the response to one of the queries.
    pub fn respond(&mut self, now: SimTime, message: &[u8]) {
        if !self.closed {
            self.sent += message.len();
            self.outputs.push_back(Output::Transmit(framed(message)));
        }
        self.pass_over(now);
        if self.sent > SENDING_LIMIT {
            self.close();
        }
    }

    /// Sends a message of the response to one of the queries, not the last one.
    pub fn respond_in_part(&mut self, now: SimTime, message: &[u8]) {
        if !self.closed {
            self.touched = now;
            self.sent += message.len();
            self.outputs.push_back(Output::Transmit(framed(message)));
        }
    }

    /// One of the queries gets no response.
    pub fn pass_over(&mut self, now: SimTime) {
        self.touched = now;
        self.under_way = self.under_way.saturating_sub(1);
        // RFC 7766 6.2.4: what was asked before the client closed its side is answered
        if self.ended && self.under_way == 0 {
            self.close();
        }
    }

    /// Since when nothing is under way on a connection that had its use; none for one that is in
    /// use, or never was.
    #[must_use]
    pub fn idle_since(&self) -> Option<SimTime> {
        (!self.closed && self.under_way == 0 && self.sent > 0).then_some(self.touched)
    }

    /// Closes the connection, as others need its place (RFC 7766 6.2.3).
    pub fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.inbox.octets = Vec::new();
            self.outputs.push_back(Output::Close);
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for message in self.inbox.take(bytes) {
            if message.len() < HEADER || self.under_way >= PIPELINE_LIMIT {
                return self.close();
            }
            self.under_way += 1;
            self.outputs.push_back(Output::Event(StreamEvent::Message(message)));
        }
    }
}

impl Session for StreamServer {
    type Event = StreamEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if self.closed {
            return;
        }
        match input {
            Input::Start => self.touched = now,
            Input::Bytes(bytes) => {
                self.touched = now;
                self.bytes(bytes);
            }
            Input::EndOfStream => {
                self.ended = true;
                self.inbox.octets = Vec::new();
                if self.under_way == 0 {
                    self.close();
                }
            }
            Input::Tick => {
                if self.deadline() <= now {
                    self.close();
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Output<StreamEvent>> {
        self.outputs.pop_front()
    }

    /// RFC 7766 6.2.3: a connection is idle when no response is owed.
    fn deadline(&self) -> SimTime {
        let idle = !self.closed && self.under_way == 0;
        if idle { self.touched.saturating_add(IDLE_TIMEOUT) } else { SimTime::NEVER }
    }
}

/// A client's end of a connection.
#[derive(Clone, Debug, Default)]
pub struct StreamClient {
    inbox: Inbox,
    outputs: VecDeque<Output<StreamEvent>>,
    /// IDs of the queries whose responses are awaited.
    under_way: BTreeSet<u16>,
    /// Queries that wait for the connection to be there.
    unsent: Vec<u8>,
    open: bool,
    over: bool,
    /// When something was last asked or heard.
    touched: SimTime,
}

impl StreamClient {
    /// Whether a query with this ID may still be sent here. Not two with the same: their responses
    /// could not be told apart.
    #[must_use]
    pub fn takes(&self, id: u16) -> bool {
        let under_way = u32::try_from(self.under_way.len()).unwrap_or(u32::MAX);
        !self.over && under_way < PIPELINE_LIMIT && !self.under_way.contains(&id)
    }

    /// Sends a query, as soon as the connection is there.
    pub fn ask(&mut self, now: SimTime, id: u16, query: &[u8]) {
        self.touched = now;
        self.under_way.insert(id);
        if self.open {
            self.outputs.push_back(Output::Transmit(framed(query)));
        } else {
            self.unsent.extend_from_slice(&framed(query));
        }
    }

    /// A response has come, or nobody waits for it any more.
    pub fn settle(&mut self, now: SimTime, id: u16) {
        self.touched = now;
        self.under_way.remove(&id);
    }

    /// Whether no response is awaited.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Whether the connection ever was there.
    #[must_use]
    pub const fn was_open(&self) -> bool {
        self.open
    }

    fn lost(&mut self) {
        self.outputs.push_back(Output::Event(StreamEvent::Lost));
        self.close();
    }

    fn close(&mut self) {
        self.over = true;
        self.inbox.octets = Vec::new();
        self.unsent = Vec::new();
        self.outputs.push_back(Output::Close);
    }
}

impl Session for StreamClient {
    type Event = StreamEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if self.over {
            return;
        }
        match input {
            Input::Start => {
                self.open = true;
                let unsent = std::mem::take(&mut self.unsent);
                if !unsent.is_empty() {
                    self.outputs.push_back(Output::Transmit(unsent));
                }
            }
            Input::Bytes(bytes) => {
                for message in self.inbox.take(bytes) {
                    if message.len() < HEADER {
                        return self.lost();
                    }
                    self.outputs.push_back(Output::Event(StreamEvent::Message(message)));
                }
            }
            Input::EndOfStream => self.lost(),
            Input::Tick => {
                if self.deadline() <= now {
                    self.close();
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Output<StreamEvent>> {
        self.outputs.pop_front()
    }

    /// Whoever asks sets the time for a response; here is that for closing.
    fn deadline(&self) -> SimTime {
        let idle = !self.over && self.is_idle();
        if idle { self.touched.saturating_add(REUSE_TIME) } else { SimTime::NEVER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime::ZERO;

    fn query(id: u8) -> Vec<u8> {
        vec![0, id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    }

    fn events(session: &mut impl Session<Event = StreamEvent>) -> Vec<Output<StreamEvent>> {
        std::iter::from_fn(|| session.poll()).collect()
    }

    fn message(id: u8) -> Output<StreamEvent> {
        Output::Event(StreamEvent::Message(query(id)))
    }

    /// A length read from one octet, or a message taken before it is whole, would break this.
    #[test]
    fn queries_come_in_any_pieces() {
        let octets = [framed(&query(1)), framed(&query(2)), framed(&query(3))].concat();
        for size in 1..=octets.len() {
            let mut server = StreamServer::new(NOW);
            octets.chunks(size).for_each(|piece| server.handle(NOW, Input::Bytes(piece)));
            assert_eq!(events(&mut server), [message(1), message(2), message(3)], "{size} at a time");
        }
    }

    #[test]
    fn responses_go_in_any_order_and_before_the_close() {
        let mut server = StreamServer::new(NOW);
        server.handle(NOW, Input::Bytes(&[framed(&query(1)), framed(&query(2)), vec![0]].concat()));
        server.handle(NOW, Input::EndOfStream);
        assert_eq!(events(&mut server), [message(1), message(2)], "half a query is forgotten");
        server.respond(NOW, &query(2));
        assert_eq!(events(&mut server), [Output::Transmit(framed(&query(2)))]);
        server.respond(NOW, &query(1));
        assert_eq!(events(&mut server), [Output::Transmit(framed(&query(1))), Output::Close]);
    }

    #[test]
    fn idle_connections_are_closed_and_busy_ones_are_not() {
        let mut server = StreamServer::new(NOW);
        assert_eq!(server.deadline(), NOW + IDLE_TIMEOUT);
        let later = NOW + SimDuration::from_secs(5);
        server.handle(later, Input::Bytes(&framed(&query(1))));
        assert!(server.deadline().is_never());
        let end = later + SimDuration::from_secs(100);
        server.respond(end, &query(1));
        assert_eq!(server.deadline(), end + IDLE_TIMEOUT);
        server.handle(server.deadline(), Input::Tick);
        assert_eq!(events(&mut server).last(), Some(&Output::Close));
        assert!(server.deadline().is_never());
    }

    #[test]
    fn what_cannot_be_answered_ends_the_connection() {
        let flood = framed(&query(1)).repeat(usize::try_from(PIPELINE_LIMIT).unwrap() + 1);
        for (octets, taken) in [(vec![0, 0], 0), (framed(b"short"), 0), (flood, PIPELINE_LIMIT)] {
            let mut server = StreamServer::new(NOW);
            server.handle(NOW, Input::Bytes(&octets));
            let seen = events(&mut server);
            assert_eq!(seen.last(), Some(&Output::Close));
            assert_eq!(seen.len(), usize::try_from(taken).unwrap() + 1);
            server.handle(NOW, Input::Bytes(&framed(&query(2))));
            assert_eq!(events(&mut server), []);
        }
    }

    #[test]
    fn one_who_asks_without_end_is_closed_on() {
        let mut server = StreamServer::new(NOW);
        let answer = vec![0; 60_000];
        let mut sent = 0;
        while !matches!(events(&mut server).last(), Some(Output::Close)) {
            server.handle(NOW, Input::Bytes(&framed(&query(1))));
            server.respond(NOW, &answer);
            sent += answer.len();
        }
        assert!((SENDING_LIMIT..SENDING_LIMIT + 2 * answer.len()).contains(&sent));
    }

    /// Would break if a query were sent before the connection is there, or waited for a response.
    #[test]
    fn a_client_asks_in_a_row_and_reads_octet_by_octet() {
        let mut client = StreamClient::default();
        client.ask(NOW, 7, &query(7));
        client.ask(NOW, 9, &query(9));
        assert_eq!(events(&mut client), []);
        assert!(client.takes(8) && !client.takes(9));
        client.handle(NOW, Input::Start);
        assert_eq!(events(&mut client), [Output::Transmit([framed(&query(7)), framed(&query(9))].concat())]);
        client.ask(NOW, 8, &query(8));
        assert_eq!(events(&mut client), [Output::Transmit(framed(&query(8)))]);
        let octets = [framed(&query(9)), framed(&query(8)), framed(&query(7))].concat();
        octets.iter().for_each(|octet| client.handle(NOW, Input::Bytes(&[*octet])));
        assert_eq!(events(&mut client), [message(9), message(8), message(7)]);
        for id in 0..u16::try_from(PIPELINE_LIMIT).unwrap() {
            client.ask(NOW, id, &query(0));
        }
        assert!(!client.takes(u16::MAX));
    }

    #[test]
    fn a_client_keeps_an_idle_connection_for_a_while() {
        let mut client = StreamClient::default();
        client.ask(NOW, 9, &query(9));
        client.handle(NOW, Input::Start);
        assert!(client.deadline().is_never());
        let later = NOW + SimDuration::from_secs(5);
        client.settle(later, 9);
        assert_eq!(client.deadline(), later + REUSE_TIME);
        client.handle(later, Input::Tick);
        assert!(client.takes(9));
        client.handle(client.deadline(), Input::Tick);
        assert_eq!(events(&mut client).last(), Some(&Output::Close));
        assert!(!client.takes(9));
    }

    #[test]
    fn a_client_is_told_of_the_loss() {
        for cut in 0..14 {
            let mut client = StreamClient::default();
            client.handle(NOW, Input::Bytes(&framed(&query(9))[..cut]));
            client.handle(NOW, Input::EndOfStream);
            assert_eq!(events(&mut client), [Output::Event(StreamEvent::Lost), Output::Close]);
        }
        let mut client = StreamClient::default();
        client.handle(NOW, Input::Bytes(&framed(b"eleven octs")));
        assert_eq!(events(&mut client), [Output::Event(StreamEvent::Lost), Output::Close]);
    }
}
