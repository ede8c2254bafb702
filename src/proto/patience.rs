//! How long a server's session waits for a client that says nothing.
//!
//! The autologout timer of POP3 (RFC 1939 3) and IMAP (RFC 3501 5.4) runs from the last octet of
//! the client. Who is being sent something says nothing until it has come, so the wait grows by
//! the time that the transfer may take. Left out: waits while the application judges, in which
//! nobody expects the client to speak.

use super::session::{HIGH_WATER, transfer_time};
use crate::base::{SimDuration, SimTime};

/// The wait of one session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    timeout: SimDuration,
    heard: SimTime,
    span: SimDuration,
}

impl Patience {
    /// A wait with that autologout timer, begun at t = 0.
    pub(crate) const fn new(timeout: SimDuration) -> Self {
        Self { timeout, heard: SimTime::ZERO, span: timeout }
    }

    /// The client said something: the wait begins anew.
    pub(crate) const fn hears(&mut self, now: SimTime) {
        self.heard = now;
        self.span = self.timeout;
    }

    /// So many octets are sent to the client, who says nothing until they have come.
    pub(crate) fn send(&mut self, octets: usize) {
        self.span = self.span.saturating_add(transfer_time(octets));
    }

    /// The client has taken most of what was sent: the wait begins anew, with the rest on its way.
    pub(crate) fn goes_on(&mut self, now: SimTime) {
        self.hears(now);
        self.send(HIGH_WATER as usize);
    }

    /// When the wait ends. A session that has more to say may be held up by what is unsent.
    pub(crate) fn deadline(&self, has_more: bool) -> SimTime {
        let unsent = if has_more { transfer_time(HIGH_WATER as usize) } else { SimDuration::ZERO };
        self.heard.saturating_add(self.span.saturating_add(unsent))
    }
}
