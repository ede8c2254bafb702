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
}

impl Tcb {
    /// Tells the application that it may go on, if it asked for that.
    pub(crate) fn perhaps_drained<K: Kernel>(&mut self, cx: &mut Context<'_, K>, pipe: &Pipe) {
        let Some(to) = self.drain_to else { return };
        if pipe.appended(self.side) < self.snd.snd_max + u64::from(to) {
            self.drain_to = None;
            cx.notices.push_back(Notice::Drained { host: self.host, app: self.app, socket: socket(self.key) });
        }
    }
}
