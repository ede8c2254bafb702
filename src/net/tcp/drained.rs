//! An application is told when its connection has sent what it was given: on request, for only
//! a source without end wants to know.

use super::stream::Pipe;
use super::tcb::Tcb;
use super::{Context, Tcp, key, socket};
use crate::base::SocketId;
use crate::net::{Kernel, Notice};

impl Tcp {
    pub(crate) fn tell_when_drained<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId, to: u32) {
        self.with(cx, key(socket), |tcb, pipe, cx| {
            tcb.drain_to = Some(to);
            tcb.perhaps_drained(cx, pipe);
        });
    }

    pub(crate) fn is_draining(&self, socket: SocketId) -> bool {
        self.ends.awake(key(socket)).is_some_and(|tcb| tcb.drain_to.is_some())
    }

    /// An end that sleeps has sent everything.
    pub(crate) fn unsent(&self, socket: SocketId) -> u64 {
        let unsent = |tcb: &Tcb| tcb.unsent(&self.pipes[tcb.pipe]);
        self.ends.awake(key(socket)).map_or(0, unsent)
    }
}

impl Tcb {
    /// The octets behind the SYN that were never sent.
    fn unsent(&self, pipe: &Pipe) -> u64 {
        (pipe.appended(self.side) + 1).saturating_sub(self.snd.snd_max)
    }

    /// Tells the application that it may go on, if it asked for that.
    pub(crate) fn perhaps_drained<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &Pipe) {
        let Some(to) = self.drain_to else { return };
        if self.unsent(pipe) <= u64::from(to) {
            self.drain_to = None;
            cx.notices.push_back(Notice::Drained { host: self.host, app: self.app, socket: socket(self.key) });
        }
    }
}
