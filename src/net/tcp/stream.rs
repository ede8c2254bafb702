//! The byte streams of a connection: one a direction, shared by its two ends.
//!
//! Segments carry no bytes. The sender appends to its stream; the receiver takes an accepted
//! range from it; an octet is forgotten once it is both acknowledged and taken. A stream
//! lives as long as either end does, so segments in flight stay good when the sender dies.

use std::collections::VecDeque;

use slotmap::new_key_type;

use crate::base::Side;

new_key_type! {
    /// A connection's byte streams.
    pub(crate) struct PipeKey;
}

/// Octets from `base` on.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByteStream {
    octets: VecDeque<u8>,
    base: u64,
    acked: u64,
    taken: u64,
}

impl ByteStream {
    /// Octets ever appended.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.octets.len() as u64
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.octets.extend(bytes);
    }

    /// Copies `len` octets from `from` on, which the sender still may have to send.
    pub(crate) fn copy(&self, from: u64, len: u32, into: &mut Vec<u8>) {
        let to = from + u64::from(len);
        assert!(self.base <= from && to <= self.end(), "octets stay until they are acknowledged and taken");
        let index = |offset: u64| usize::try_from(offset - self.base).expect("within memory");
        into.extend(self.octets.range(index(from)..index(to)));
    }

    /// The sender need not send the octets before `upto` again.
    pub(crate) fn acknowledge(&mut self, upto: u64) {
        self.acked = self.acked.max(upto);
        self.trim();
    }

    /// Copies the octets from the last one taken to `upto`.
    pub(crate) fn take(&mut self, upto: u64, into: &mut Vec<u8>) {
        assert!(self.base <= self.taken && upto <= self.end(), "the receiver takes only what was sent and is kept");
        let index = |offset: u64| usize::try_from(offset - self.base).expect("within memory");
        let (from, to) = (index(self.taken), index(upto.max(self.taken)));
        let (front, back) = self.octets.as_slices();
        let split = front.len();
        into.extend_from_slice(&front[from.min(split)..to.min(split)]);
        into.extend_from_slice(&back[from.max(split) - split..to.max(split) - split]);
        self.taken = upto.max(self.taken);
        self.trim();
    }

    fn trim(&mut self) {
        let done = self.acked.min(self.taken).min(self.end());
        let count = usize::try_from(done.saturating_sub(self.base)).expect("within memory");
        self.octets.drain(..count);
        self.base += count as u64;
    }
}

/// Both streams of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipe {
    from_client: ByteStream,
    from_server: ByteStream,
    /// Connection ends that still refer to it.
    holders: u8,
}

impl Pipe {
    /// What that end sends.
    pub(crate) fn outgoing(&mut self, side: Side) -> &mut ByteStream {
        match side {
            Side::Client => &mut self.from_client,
            Side::Server => &mut self.from_server,
        }
    }

    /// Octets that that end ever appended.
    pub(crate) fn appended(&self, side: Side) -> u64 {
        match side {
            Side::Client => self.from_client.end(),
            Side::Server => self.from_server.end(),
        }
    }

    /// What that end has sent and will send, to look at.
    pub(crate) const fn sent_by(&self, side: Side) -> &ByteStream {
        match side {
            Side::Client => &self.from_client,
            Side::Server => &self.from_server,
        }
    }

    /// What that end receives.
    pub(crate) fn incoming(&mut self, side: Side) -> &mut ByteStream {
        match side {
            Side::Client => &mut self.from_server,
            Side::Server => &mut self.from_client,
        }
    }

    /// An end begins to use it; perhaps anew, after its host forgot that it had.
    pub(crate) fn attach(&mut self, side: Side) {
        self.holders += 1;
        let outgoing = self.outgoing(side);
        outgoing.acked = outgoing.base;
        let incoming = self.incoming(side);
        incoming.taken = incoming.base;
    }

    /// An end is gone: it will neither need its octets acknowledged nor take any.
    pub(crate) fn release(&mut self, side: Side) {
        self.holders -= 1;
        self.outgoing(side).acknowledge(u64::MAX);
        let incoming = self.incoming(side);
        incoming.taken = u64::MAX;
        incoming.trim();
    }

    /// Whether neither end uses it.
    pub(crate) const fn is_unused(&self) -> bool {
        self.holders == 0
    }

    /// Gives memory back that an idle connection does not need.
    pub(crate) fn shrink(&mut self) {
        self.from_client.octets.shrink_to_fit();
        self.from_server.octets.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_octet_stays_until_it_is_acknowledged_and_taken() {
        let mut stream = ByteStream::default();
        stream.append(b"hello, world");
        let mut got = Vec::new();
        stream.take(5, &mut got);
        assert_eq!((got.as_slice(), stream.octets.len()), (&b"hello"[..], 12));
        let mut again = Vec::new();
        stream.copy(3, 4, &mut again);
        assert_eq!(again, b"lo, ", "what was taken can still be sent again");
        stream.acknowledge(7);
        assert_eq!((stream.octets.len(), stream.end()), (7, 12));
        stream.append(b"!");
        stream.take(13, &mut got);
        assert_eq!(got, b"hello, world!");
        stream.acknowledge(13);
        assert_eq!((stream.octets.len(), stream.end()), (0, 13));
    }
}
