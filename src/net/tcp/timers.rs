//! The timers of one connection end, with one entry in the event queue.
//!
//! A timer that is moved later leaves the queued event alone; when that comes early, it is
//! queued again for the time then wanted. Resetting a timer at every acknowledgement thus
//! costs nothing.

use super::TcbKey;
use crate::base::{EventId, HostId, SimTime};
use crate::net::{Kernel, NetEvent};

/// Deadlines; [`SimTime::NEVER`] is off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    /// Retransmission (RFC 6298).
    pub(crate) retransmit: SimTime,
    /// Reordering or loss probe, one at a time (RFC 8985 8).
    pub(crate) loss: SimTime,
    /// Zero-window probe (RFC 9293 3.8.6.1).
    pub(crate) persist: SimTime,
    /// Delayed acknowledgement (RFC 1122 4.2.3.2).
    pub(crate) delayed_ack: SimTime,
    /// Keep-alive (RFC 1122 4.2.3.6).
    pub(crate) keep_alive: SimTime,
    /// User time-out (RFC 9293 3.9.1).
    pub(crate) user: SimTime,
    /// End of TIME-WAIT, of which another event tells.
    pub(crate) time_wait: SimTime,
    /// The trace event to which what the delayed acknowledgement answers is ascribed.
    pub(crate) ack_cause: EventId,
    /// The trace event that started the other timers.
    pub(crate) cause: EventId,
    /// When the event in the queue comes.
    armed: SimTime,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        let never = SimTime::NEVER;
        Self {
            retransmit: never,
            loss: never,
            persist: never,
            delayed_ack: never,
            keep_alive: never,
            user: never,
            time_wait: never,
            ack_cause: EventId(0),
            cause: EventId(0),
            armed: never,
        }
    }

    pub(crate) const fn stop(&mut self) {
        self.retransmit = SimTime::NEVER;
        self.loss = SimTime::NEVER;
        self.persist = SimTime::NEVER;
        self.delayed_ack = SimTime::NEVER;
        self.keep_alive = SimTime::NEVER;
        self.user = SimTime::NEVER;
    }

    /// Whether none is running, TIME-WAIT's aside.
    pub(crate) fn all_off(&self) -> bool {
        let rare = self.keep_alive.min(self.user).min(self.loss);
        self.retransmit.min(self.persist).min(self.delayed_ack).min(rare).is_never()
    }

    /// Whether no event is queued.
    pub(crate) const fn none_armed(&self) -> bool {
        self.armed.is_never()
    }

    /// Sees to it that an event comes no later than the earliest deadline.
    pub(crate) fn arm<K: Kernel>(&mut self, kernel: &mut K, host: HostId, key: TcbKey) {
        let rare = self.keep_alive.min(self.user).min(self.loss);
        let wanted = self.retransmit.min(self.persist).min(self.delayed_ack).min(rare);
        if wanted < self.armed {
            self.armed = wanted;
            let order = kernel.order(host);
            kernel.schedule(wanted, order, NetEvent::TcpTimer(super::socket(key)));
        }
    }

    /// The queued event came. False when it is one that an earlier deadline replaced.
    pub(crate) fn fired(&mut self, now: SimTime) -> bool {
        let current = self.armed == now;
        if current {
            self.armed = SimTime::NEVER;
        }
        current
    }
}
