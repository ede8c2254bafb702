//! TIME-WAIT (RFC 9293 3.3.2, 3.6.1): how long an end that is over is kept.
//!
//! All of them wait equally long, 2 MSL from the last segment of the peer, so they end in the
//! order in which they began to wait: they stand in a queue, and only its head is in the
//! event queue. A server that closes a thousand connections a second has 240,000 of them.

use std::collections::VecDeque;

use super::tcb::Tcb;
use super::{Context, TcbKey, Tcp};
use crate::base::{HostId, Order, SimTime};
use crate::net::{Kernel, NetEvent};

/// The ends that wait, with those that have begun anew or are gone since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits {
    queue: VecDeque<Wait>,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    until: SimTime,
    order: Order,
    end: TcbKey,
}

impl Waits {
    fn begin<K: Kernel>(&mut self, kernel: &mut K, host: HostId, end: TcbKey, until: SimTime) {
        let order = kernel.order(host);
        assert!(self.queue.back().is_none_or(|last| last.until <= until), "all wait equally long");
        self.queue.push_back(Wait { until, order, end });
        if self.queue.len() == 1 {
            kernel.schedule(until, order, NetEvent::TimeWait);
        }
    }

    /// The head's time has come.
    fn next<K: Kernel>(&mut self, kernel: &mut K) -> Option<Wait> {
        let head = self.queue.pop_front();
        if let Some(next) = self.queue.front() {
            kernel.schedule(next.until, next.order, NetEvent::TimeWait);
        }
        head
    }
}

impl Tcb {
    /// "start the time-wait timer", or start it anew.
    pub(crate) fn wait<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        let until = cx.kernel.now().saturating_add(cx.config.msl.saturating_mul(2));
        self.timers.time_wait = until;
        cx.waits.begin(cx.kernel, self.host, self.key, until);
    }
}

impl Tcp {
    /// Somebody has waited long enough, unless it waits anew or is gone.
    pub(crate) fn time_wait_ends<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        let Some(wait) = cx.waits.next(cx.kernel) else { return };
        if let Some(end) = self.ends.get(wait.end).filter(|end| end.waits_until() == Some(wait.until)) {
            let (host, tuple) = (end.host(), end.tuple());
            cx.ports[host.index()].remove(tuple);
            self.free(wait.end);
        }
    }
}
