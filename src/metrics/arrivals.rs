//! When the pieces of a dialogue had come to the other host, told from the packets that came there.
//!
//! Packets come in any order, twice or never, and they cut the stream where they like; a piece is there once
//! no octet up to its end is missing. A packet that is damaged, or finds its host down, comes and is not taken:
//! that is told next, so one packet waits here.

use std::collections::{BTreeMap, VecDeque};

use crate::base::ids::EventId;
use crate::base::socket::Side;
use crate::base::time::SimTime;

/// Octets of one end's stream, by its first and the one behind its last.
type Range = (Side, u64, u64);

/// The streams of both ends of a connection, as far as they have come.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    client: Stream,
    server: Stream,
    /// The packet that came last.
    waiting: Option<(EventId, Range, SimTime)>,
    /// Pieces that have come since somebody asked.
    come: Vec<(usize, SimTime)>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    /// Octets said.
    said: u64,
    /// Pieces that have not come, with their ends.
    pieces: VecDeque<(usize, u64)>,
    /// All up to here has come.
    whole: u64,
    /// What has come beyond, by its begin.
    beyond: BTreeMap<u64, u64>,
}

impl Arrivals {
    /// An end said the piece of that number.
    pub(super) fn said(&mut self, side: Side, piece: usize, octets: u64) {
        let stream = self.stream(side);
        stream.said += octets;
        stream.pieces.push_back((piece, stream.said));
    }

    /// A packet with these octets came to the other end's host.
    pub(super) fn packet(&mut self, event: EventId, range: Range, at: SimTime) {
        self.last();
        self.waiting = Some((event, range, at));
    }

    /// The packet that came by that event was not taken.
    pub(super) fn not_taken(&mut self, event: EventId) {
        self.waiting = self.waiting.take_if(|(waiting, _, _)| *waiting != event);
    }

    /// Nothing befell the packet that came last.
    pub(super) fn last(&mut self) {
        let Some((_, (side, start, end), at)) = self.waiting.take() else { return };
        let mut come = std::mem::take(&mut self.come);
        let stream = self.stream(side);
        stream.take(start, end);
        while let Some((piece, _)) = stream.pieces.pop_front_if(|(_, end)| *end <= stream.whole) {
            come.push((piece, at));
        }
        self.come = come;
    }

    /// Hands out what has come since the last time.
    pub(super) fn tell(&mut self, mut hear: impl FnMut(usize, SimTime)) {
        for (piece, at) in self.come.drain(..) {
            hear(piece, at);
        }
    }

    const fn stream(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl Stream {
    fn take(&mut self, start: u64, end: u64) {
        let known = self.beyond.entry(start).or_insert(end);
        *known = end.max(*known);
        while let Some(first) = self.beyond.first_entry().filter(|first| *first.key() <= self.whole) {
            self.whole = self.whole.max(first.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a gap is overlooked, a repetition counted, or a packet believed that was not taken.
    #[test]
    fn a_piece_is_there_when_nothing_before_its_end_is_missing() {
        let mut arrivals = Arrivals::default();
        for (piece, octets) in [(0, 10), (1, 5), (3, 5)] {
            arrivals.said(Side::Client, piece, octets);
        }
        arrivals.said(Side::Server, 2, 7);
        let packets = [(10, 15), (0, 4), (0, 4), (0, 10), (12, 17), (17, 20), (17, 20)];
        for (number, (start, end)) in (1_u64..).zip(packets) {
            arrivals.packet(EventId(number), (Side::Client, start, end), SimTime::from_nanos(number));
            arrivals.not_taken(EventId(if number == 6 { 6 } else { 0 }));
        }
        arrivals.packet(EventId(9), (Side::Server, 0, 7), SimTime::from_nanos(9));
        arrivals.last();
        let mut heard = Vec::new();
        arrivals.tell(|piece, at| heard.push((piece, at.as_nanos())));
        assert_eq!(heard, [(0, 4), (1, 4), (3, 7), (2, 9)]);
    }
}
