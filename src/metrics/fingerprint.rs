//! One number for a whole run: a 128-bit digest over every event of its trace.
//!
//! Each event is serialised by postcard (compact, self-delimiting binary form) into a buffer
//! that is reused, and the buffer goes into XXH3-128 when it is nearly full. So two runs have
//! the same fingerprint when, and for all practical purposes only when, they had the same
//! events with the same ids, causes, times and contents. It is no protection against
//! somebody who forges a trace: XXH3 is not a cryptographic hash.

use crate::base::hash::{Digest, Hasher};
use crate::base::trace::{Observer, TraceEvent};

/// Events are handed to the hash in batches of about this many bytes.
const BATCH: usize = 4096;

/// An observer that computes the fingerprint alone.
#[derive(Clone, Debug, Default)]
pub struct Fingerprint {
    hasher: Hasher,
    pending: Vec<u8>,
    events: u64,
}

impl Fingerprint {
    /// The fingerprint of no event.
    #[must_use]
    pub fn new() -> Self {
        Self { hasher: Hasher::new(), pending: Vec::with_capacity(2 * BATCH), events: 0 }
    }

    /// The digest of all events so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.write(&self.pending);
        hasher.digest()
    }

    /// Events so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }
}

impl Observer for Fingerprint {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        self.events += 1;
        postcard::serialize_with_flavor(event, Sink(&mut self.pending))
            .expect("a trace event has no sequence of unknown length and the buffer grows");
        if self.pending.len() >= BATCH {
            self.hasher.write(&self.pending);
            self.pending.clear();
        }
    }
}

/// Where postcard puts its bytes.
struct Sink<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Sink<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{EventId, HostId};
    use crate::base::time::SimTime;
    use crate::base::trace::{MailTrace, Trace};

    fn run(events: &[(u64, u64, &str)]) -> Digest {
        let mut print = Fingerprint::new();
        for (id, (at, cause, to)) in (1..).zip(events) {
            let what = Trace::Mail(MailTrace::Deleted { message: "<1@a>", mailbox: to });
            let event = TraceEvent {
                id: EventId(id),
                cause: EventId(*cause),
                at: SimTime::from_nanos(*at),
                host: HostId(0),
                what,
            };
            print.observe(&event);
        }
        print.digest()
    }

    /// Breaks when a field of an event does not reach the digest, or batches matter.
    #[test]
    fn every_field_counts() {
        let many: Vec<_> = (0..1000).map(|n| (n, n / 2, "bob@b")).collect();
        assert_eq!(run(&many), run(&many));
        let mut other = many.clone();
        other[999].0 += 1;
        assert_ne!(run(&many), run(&other), "time");
        other = many.clone();
        other[0].1 = 7;
        assert_ne!(run(&many), run(&other), "cause");
        other = many.clone();
        other[500].2 = "bob@c";
        assert_ne!(run(&many), run(&other), "text");
        assert_ne!(run(&many), run(&many[..999]), "length");
    }

    /// Breaks when a byte is lost or doubled where a batch ends, or beside a text that is
    /// longer than a batch.
    #[test]
    fn batches_leave_no_seam() {
        let texts: Vec<String> = (0..700).map(|n| "x".repeat(if n % 50 == 0 { 97 * n } else { n % 40 })).collect();
        let mut print = Fingerprint::new();
        let mut whole = Vec::new();
        for (id, text) in (1..).zip(&texts) {
            let what = Trace::Mail(MailTrace::Deleted { message: "<1@a>", mailbox: text });
            let at = SimTime::from_nanos(id * 1_000_003);
            let event = TraceEvent { id: EventId(id), cause: EventId(id - 1), at, host: HostId(300), what };
            print.observe(&event);
            whole.extend(postcard::to_stdvec(&event).unwrap());
        }
        assert_eq!(print.digest(), crate::base::hash::digest(&whole));
    }
}
