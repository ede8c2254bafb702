//! How far an application is ahead of its connection. Told on request, for only a source
//! without end wants to know; there is no notice of it.

use super::{Tcp, key};
use crate::base::SocketId;

/// Octets of an outgoing stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Appended and never sent.
    pub unsent: u64,
    /// Sent and not acknowledged.
    pub unacknowledged: u64,
}

impl Tcp {
    pub(crate) fn backlog(&self, socket: SocketId) -> Backlog {
        let Some(tcb) = self.tcbs.get(key(socket)) else { return Backlog::default() };
        // Sequence numbers count the SYN, and the FIN once it is sent.
        let end = 1 + self.pipes[tcb.pipe].appended(tcb.side);
        let (una, max) = (tcb.snd.snd_una.max(1), tcb.snd.snd_max.max(1).min(end));
        Backlog { unsent: end - max, unacknowledged: max.saturating_sub(una) }
    }
}
