//! What a TCP end sent and heard, from segments and steps alone.

use posthaste::base::trace::TcpInfo;
use posthaste::base::{CloseReason, SimTime};

/// One end of a connection. Octets are counted from 0 in each direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    /// Octets that the application handed over.
    pub(crate) spoken: u64,
    /// Whether the trace does not tell what it hands over: then whatever leaves was.
    untold: bool,
    /// Octets that left, first transmissions.
    sent: u64,
    /// Segments with data that arrived, and when.
    arrived: Vec<(u64, u64, SimTime)>,
    /// Ranges that arrived, sorted and apart from each other.
    ranges: Vec<(u64, u64)>,
    fin_at: Option<u64>,
    /// From when on all octets up to a place were here.
    whole: Vec<(SimTime, u64)>,
    pub(crate) closed: Option<(SimTime, CloseReason, u64, u64)>,
}

impl End {
    /// An end that has done nothing.
    pub(crate) fn new(untold: bool) -> Self {
        Self { untold, ..Self::default() }
    }

    /// Octets that arrived without a gap.
    fn contiguous(&self) -> u64 {
        self.ranges.first().filter(|(from, _)| *from == 0).map_or(0, |(_, upto)| *upto)
    }

    /// When the first `octets` octets of the peer were here.
    pub(crate) fn whole_at(&self, octets: u64) -> Option<SimTime> {
        let first = self.whole.partition_point(|(_, upto)| *upto < octets);
        self.whole.get(first).map(|(at, _)| *at)
    }

    /// A segment leaves: it holds only what was spoken, and acknowledges only what came.
    pub(crate) fn sends(&mut self, tcp: &TcpInfo) -> Option<String> {
        if tcp.rst {
            return None;
        }
        if tcp.len > 0 {
            self.sent = self.sent.max(tcp.seq - 1 + u64::from(tcp.len));
            if self.untold {
                self.spoken = self.sent;
            }
            if self.sent > self.spoken {
                return Some(format!("sent {} octets of {} spoken", self.sent, self.spoken));
            }
        }
        let heard = self.contiguous();
        let fin = u64::from(self.fin_at.is_some_and(|at| at <= heard + 1));
        let most = 1 + heard + fin;
        tcp.ack.filter(|ack| *ack > most).map(|ack| format!("acknowledges {ack}, heard up to {most}"))
    }

    /// A segment arrives.
    pub(crate) fn hears(&mut self, tcp: &TcpInfo, at: SimTime) -> Option<String> {
        if tcp.fin {
            self.fin_at = Some(tcp.seq + u64::from(tcp.len));
        }
        if tcp.len == 0 {
            return None;
        }
        let (from, upto) = (tcp.seq - 1, tcp.seq - 1 + u64::from(tcp.len));
        self.arrived.push((from, upto, at));
        self.note(from, upto, at);
        None
    }

    /// A segment that had come over its last link was lost at the host: damaged, or by a port's
    /// own trouble. What is heard is found anew without it.
    pub(crate) fn loses(&mut self, tcp: &TcpInfo) {
        if tcp.len == 0 {
            return;
        }
        let lost = (tcp.seq - 1, tcp.seq - 1 + u64::from(tcp.len));
        let Some(place) = self.arrived.iter().rposition(|(from, upto, _)| (*from, *upto) == lost) else { return };
        self.arrived.remove(place);
        self.ranges.clear();
        self.whole.clear();
        for (from, upto, at) in self.arrived.clone() {
            self.note(from, upto, at);
        }
    }

    fn note(&mut self, from: u64, upto: u64, at: SimTime) {
        let before = self.contiguous();
        self.ranges.push((from, upto));
        self.ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (from, upto) in self.ranges.drain(..) {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(upto),
                Some(_) | None => joined.push((from, upto)),
            }
        }
        self.ranges = joined;
        if self.contiguous() > before {
            self.whole.push((at, self.contiguous()));
        }
    }

    /// Invariant: what an end heard is a prefix of what its peer spoke; after an orderly
    /// close of both ends it is all of it.
    pub(crate) fn closes(
        &mut self,
        peer: &Self,
        loopback: bool,
        how: (SimTime, CloseReason, u64, u64),
    ) -> Option<String> {
        let (_, reason, sent, received) = how;
        let finished = |end: &Self| end.closed.filter(|(_, reason, _, _)| *reason == CloseReason::Finished);
        if self.closed.replace(how).is_some() {
            return Some("closed twice".to_owned());
        }
        if sent > self.spoken || received > peer.spoken || (!loopback && received > self.contiguous()) {
            return Some(format!("closed with {sent} sent, {received} received: {self:?} {peer:?}"));
        }
        if reason == CloseReason::Finished {
            if sent != self.spoken {
                return Some(format!("finished, but sent only {sent} of {} octets", self.spoken));
            }
            if let Some((_, _, peer_sent, peer_received)) = finished(peer)
                && (peer_sent, peer_received) != (received, sent)
            {
                return Some(format!("sent {sent}, received {received}; peer {peer_sent}, {peer_received}"));
            }
        }
        None
    }
}
