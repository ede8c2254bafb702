//! How far an application is ahead of its connection. Told on request, for only a source
//! without end wants to know.

use super::stream::Pipe;
use super::tcb::Tcb;
use super::{Context, Tcp, key, socket};
use crate::base::SocketId;
use crate::net::{Kernel, Notice};

/// A connection with fewer octets unsent counts as drained: a dozen segments.
pub const LOW_WATER: u64 = 16 << 10;

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
        // Who is asleep has sent everything.
        let Some(tcb) = self.ends.awake(key(socket)) else { return Backlog::default() };
        // Sequence numbers count the SYN, and the FIN once it is sent.
        let end = 1 + self.pipes[tcb.pipe].appended(tcb.side);
        let (una, max) = (tcb.snd.snd_una.max(1), tcb.snd.snd_max.max(1).min(end));
        Backlog { unsent: end - max, unacknowledged: max.saturating_sub(una) }
    }

    pub(crate) fn tell_when_drained<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId) {
        self.with(cx, key(socket), |tcb, pipe, cx| {
            tcb.tell_when_drained = true;
            tcb.perhaps_drained(cx, pipe);
        });
    }
}

impl Tcb {
    /// Tells the application that it may go on, if it asked for that.
    pub(crate) fn perhaps_drained<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &Pipe) {
        if self.tell_when_drained && 1 + pipe.appended(self.side) < self.snd.snd_max + LOW_WATER {
            self.tell_when_drained = false;
            cx.notices.push_back(Notice::Drained { host: self.host, app: self.app, socket: socket(self.key) });
        }
    }
}
