//! The clock, the event queue, the order of events and the trace: what every part of the
//! world shares. Only the event loop moves the clock.

use crate::base::ids::Order;
use crate::base::trace::{Observer, PacketContent, Silent, Trace, TraceEvent, Windows};
use crate::base::{AppId, EventId, HostId, SimTime};
use crate::net::{self, NetEvent};

use super::event_queue::{EventQueue, Pending};

/// What can happen. Small and `Copy`: the event queue moves these around.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// Something in the network.
    Net(NetEvent),
    /// An application's deadline may have come.
    Wake(HostId, AppId),
    /// A host has served a request, in that of its lives.
    Served(HostId, u32),
    /// The fault of that number begins.
    FaultBegins(u32),
    /// The fault of that number ends.
    FaultEnds(u32),
}

/// The shared core of a world.
#[derive(Clone, Debug)]
pub struct Kernel<O> {
    now: SimTime,
    queue: EventQueue<Event>,
    counters: Vec<u64>,
    cause: EventId,
    traced: u64,
    observer: O,
}

impl<O: Observer> Kernel<O> {
    /// Orders below this are for what is planned from outside: it comes before all else of its host at its instant, whenever
    /// it was planned.
    pub const PLANNED: u32 = 1 << 24;

    /// A kernel at t = 0 for that many hosts.
    pub fn new(hosts: usize, observer: O) -> Self {
        Self {
            now: SimTime::ZERO,
            queue: EventQueue::default(),
            counters: vec![u64::from(Self::PLANNED); hosts],
            cause: EventId(0),
            traced: 0,
            observer,
        }
    }

    /// Schedules an event on behalf of `origin`.
    pub fn push(&mut self, at: SimTime, origin: HostId, event: Event) {
        let order = net::Kernel::order(self, origin);
        self.queue.push(at, order, event);
    }

    /// Schedules an event that is planned from outside; `order` is below [`Kernel::PLANNED`], and no other of this origin
    /// has it.
    pub fn push_planned(&mut self, at: SimTime, origin: HostId, order: u32, event: Event) {
        assert!(order < Self::PLANNED, "too many planned events");
        self.queue.push(at, Order { origin, counter: u64::from(order) }, event);
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_at(&mut self) -> Option<SimTime> {
        self.queue.next_at()
    }

    /// Takes the next event and moves the clock to it. What it leads to is ascribed to nothing
    /// until it says itself what caused it: a packet or a timer remembers that.
    pub fn pop(&mut self) -> Option<Pending<Event>> {
        let pending = self.queue.pop()?;
        self.now = pending.at();
        self.cause = EventId(0);
        Some(pending)
    }

    /// Lets the clock run on to `end`, with nothing happening.
    pub fn idle_until(&mut self, end: SimTime) {
        assert!(end >= self.now, "time never goes back");
        self.now = end;
    }

    /// Events in the trace so far.
    #[must_use]
    pub const fn traced(&self) -> u64 {
        self.traced
    }

    /// The reader of the trace.
    #[must_use]
    pub const fn observer(&self) -> &O {
        &self.observer
    }

    /// The reader of the trace, to be changed. It must not make a difference to the world.
    pub const fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    /// Takes the reader of the trace out.
    pub fn detach(self) -> (Kernel<Silent>, O) {
        let Self { now, queue, counters, cause, traced, observer } = self;
        (Kernel { now, queue, counters, cause, traced, observer: Silent }, observer)
    }
}

impl<O: Observer> net::Kernel for Kernel<O> {
    const TRACING: bool = O::ACTIVE;

    fn now(&self) -> SimTime {
        self.now
    }

    fn order(&mut self, origin: HostId) -> Order {
        let counter = &mut self.counters[origin.index()];
        let order = Order { origin, counter: *counter };
        *counter += 1;
        order
    }

    fn schedule(&mut self, at: SimTime, order: Order, event: NetEvent) {
        self.queue.push(at, order, Event::Net(event));
    }

    fn trace(&mut self, host: HostId, what: Trace<'_>) -> EventId {
        if !O::ACTIVE {
            return EventId(0);
        }
        self.traced += 1;
        let id = EventId(self.traced);
        self.observer.observe(&TraceEvent { id, cause: self.cause, at: self.now, host, what });
        id
    }

    fn cause(&self) -> EventId {
        self.cause
    }

    fn set_cause(&mut self, cause: EventId) {
        self.cause = cause;
    }

    fn wants_content(&self) -> bool {
        O::ACTIVE && self.observer.wants_content()
    }

    fn content(&mut self, content: &PacketContent<'_>) {
        self.observer.observe_content(content);
    }

    fn wants_windows(&self) -> bool {
        O::ACTIVE && self.observer.wants_windows()
    }

    fn windows(&mut self, windows: &Windows) {
        self.observer.observe_windows(windows);
    }
}
