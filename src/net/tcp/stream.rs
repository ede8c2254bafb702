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

/// Octets from `base` on. An idle stream is a number.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByteStream {
    base: u64,
    lively: Option<Box<Lively>>,
    /// The sending end is gone: nothing must be kept for it.
    sender_gone: bool,
    /// The receiving end is gone.
    receiver_gone: bool,
}

/// What a stream needs while it carries something.
#[derive(Clone, Debug)]
struct Lively {
    octets: VecDeque<u8>,
    acked: u64,
    taken: u64,
}

impl ByteStream {
    /// Octets ever appended.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.lively.as_ref().map_or(0, |lively| lively.octets.len() as u64)
    }

    fn lively(&mut self) -> &mut Lively {
        let base = self.base;
        self.lively.get_or_insert_with(|| Box::new(Lively { octets: VecDeque::new(), acked: base, taken: base }))
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.lively().octets.extend(bytes);
    }

    /// Copies `len` octets from `from` on, which the sender still may have to send.
    pub(crate) fn copy(&self, from: u64, len: u32, into: &mut Vec<u8>) {
        let to = from + u64::from(len);
        assert!(self.base <= from && to <= self.end(), "octets stay until they are acknowledged and taken");
        let index = |offset: u64| usize::try_from(offset - self.base).expect("within memory");
        if let Some(lively) = &self.lively {
            into.extend(lively.octets.range(index(from)..index(to)));
        }
    }

    /// The sender need not send the octets before `upto` again.
    pub(crate) fn acknowledge(&mut self, upto: u64) {
        if let Some(lively) = &mut self.lively {
            lively.acked = lively.acked.max(upto);
            self.trim();
        }
    }

    /// Copies the octets from the last one taken to `upto`.
    pub(crate) fn take(&mut self, upto: u64, into: &mut Vec<u8>) {
        assert!(upto <= self.end(), "the receiver takes only what was sent");
        let base = self.base;
        let Some(lively) = &mut self.lively else { return };
        assert!(base <= lively.taken, "the receiver takes only what is kept");
        let index = |offset: u64| usize::try_from(offset - base).expect("within memory");
        let (from, to) = (index(lively.taken), index(upto.max(lively.taken)));
        let (front, back) = lively.octets.as_slices();
        let split = front.len();
        into.extend_from_slice(&front[from.min(split)..to.min(split)]);
        into.extend_from_slice(&back[from.max(split) - split..to.max(split) - split]);
        lively.taken = upto.max(lively.taken);
        self.trim();
    }

    fn trim(&mut self) {
        let (end, base) = (self.end(), self.base);
        let Some(lively) = &mut self.lively else { return };
        let acked = if self.sender_gone { end } else { lively.acked.min(end) };
        let taken = if self.receiver_gone { end } else { lively.taken };
        let count = usize::try_from(acked.min(taken).saturating_sub(base)).expect("within memory");
        lively.octets.drain(..count);
        self.base += count as u64;
    }

    /// Whether everything was acknowledged and taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.lively.as_ref().is_none_or(|lively| lively.octets.is_empty())
    }

    fn rewind(&mut self, set: impl FnOnce(&mut Lively, u64)) {
        let base = self.base;
        if let Some(lively) = &mut self.lively {
            set(lively, base);
        }
    }

    fn shrink(&mut self) {
        if self.is_empty() {
            self.lively = None;
        }
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
        outgoing.sender_gone = false;
        outgoing.rewind(|lively, base| lively.acked = base);
        let incoming = self.incoming(side);
        incoming.receiver_gone = false;
        incoming.rewind(|lively, base| lively.taken = base);
    }

    /// An end is gone: it will neither need its octets acknowledged nor take any.
    pub(crate) fn release(&mut self, side: Side) {
        self.holders -= 1;
        let outgoing = self.outgoing(side);
        outgoing.sender_gone = true;
        outgoing.trim();
        let incoming = self.incoming(side);
        incoming.receiver_gone = true;
        incoming.trim();
    }

    /// Whether neither end uses it.
    pub(crate) const fn is_unused(&self) -> bool {
        self.holders == 0
    }

    /// Gives memory back that an idle connection does not need.
    pub(crate) fn shrink(&mut self) {
        self.from_client.shrink();
        self.from_server.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(stream: &ByteStream) -> usize {
        stream.lively.as_ref().map_or(0, |lively| lively.octets.len())
    }

    #[test]
    fn an_octet_stays_until_it_is_acknowledged_and_taken() {
        let mut stream = ByteStream::default();
        stream.append(b"hello, world");
        let mut got = Vec::new();
        stream.take(5, &mut got);
        assert_eq!((got.as_slice(), stored(&stream)), (&b"hello"[..], 12));
        let mut again = Vec::new();
        stream.copy(3, 4, &mut again);
        assert_eq!(again, b"lo, ", "what was taken can still be sent again");
        stream.acknowledge(7);
        assert_eq!((stored(&stream), stream.end()), (7, 12));
        stream.append(b"!");
        stream.take(13, &mut got);
        assert_eq!(got, b"hello, world!");
        stream.acknowledge(13);
        assert_eq!((stored(&stream), stream.end()), (0, 13));
        stream.shrink();
        assert!(stream.lively.is_none());
        stream.append(b"again");
        stream.take(18, &mut got);
        assert_eq!((got.as_slice(), stream.end()), (&b"hello, world!again"[..], 18));
    }
}
