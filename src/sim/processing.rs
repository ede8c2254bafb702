//! The processor of a host: requests wait for it and are served one at a time.
//!
//! A request is a datagram, or the octets that a connection has for its application when it
//! reads. It is handed to the application when its service is done, so a reply leaves no
//! earlier, and a busy server builds a queue: first come, first served, one server, any
//! length. What needs no service (a connection is there, or gone) keeps its place behind the
//! requests before it. Octets that arrive while their connection waits to be read, or is being
//! read, come with the same reading. A host without a time for it has no queue and no events.
//!
//! Left out: several processors, the work of timers and of sending.

use std::collections::{BTreeSet, VecDeque};

use crate::base::trace::{HostTrace, Observer, Trace};
use crate::base::{Dist, EventId, HostId, SimDuration, SimTime, SocketId, Stream};
use crate::net::{Kernel as _, Notice};

use super::kernel::Event;
use super::world::World;

/// The processor of one host and what waits for it.
#[derive(Clone, Debug)]
pub(super) struct Processor {
    /// None: it takes no time.
    time: Option<Dist>,
    /// What a fault has put in place of it.
    slowed: Option<Dist>,
    stream: Stream,
    /// The first is being served.
    queue: VecDeque<Job>,
    /// Connections that wait to be read.
    unread: BTreeSet<SocketId>,
    began: SimTime,
    /// Counts the lives of the host: a service that a crash cut short is never done.
    life: u32,
}

#[derive(Clone, Debug)]
struct Job {
    notice: Notice,
    cause: EventId,
    joined: SimTime,
}

impl Processor {
    pub(super) fn new(time: Option<Dist>, stream: Stream) -> Self {
        Self {
            time,
            slowed: None,
            stream,
            queue: VecDeque::new(),
            unread: BTreeSet::new(),
            began: SimTime::ZERO,
            life: 0,
        }
    }

    /// Requests whose service has not begun take another time; none: their own.
    pub(super) const fn slow_down(&mut self, time: Option<Dist>) {
        self.slowed = time;
    }

    /// The host lost its power, and with it all that it had not got round to.
    pub(super) fn crash(&mut self) {
        self.queue.clear();
        self.unread.clear();
        self.life = self.life.wrapping_add(1);
    }
}

/// The host that a notice is for.
const fn host_of(notice: &Notice) -> HostId {
    match notice {
        Notice::Accepted { host, .. }
        | Notice::Connected { host, .. }
        | Notice::Readable { host, .. }
        | Notice::Drained { host, .. }
        | Notice::PeerClosed { host, .. }
        | Notice::Closed { host, .. }
        | Notice::Datagram { host, .. }
        | Notice::Unreachable { host, .. } => *host,
    }
}

const fn is_request(notice: &Notice) -> bool {
    match notice {
        Notice::Readable { .. } | Notice::Datagram { .. } => true,
        Notice::Accepted { .. }
        | Notice::Connected { .. }
        | Notice::Drained { .. }
        | Notice::PeerClosed { .. }
        | Notice::Closed { .. }
        | Notice::Unreachable { .. } => false,
    }
}

impl<O: Observer> World<O> {
    /// Hands a notice to its application, at once or when its host gets round to it.
    pub(super) fn take_in(&mut self, notice: Notice) {
        let (host, cause, joined) = (host_of(&notice), self.kernel.cause(), self.kernel.now());
        let Some(processor) = self.processor(host) else {
            self.deliver(notice);
            return;
        };
        let idle = processor.queue.is_empty();
        let takes_time = processor.slowed.or(processor.time).is_some();
        if idle && !(takes_time && is_request(&notice)) {
            self.deliver(notice);
            return;
        }
        if let Notice::Readable { socket, .. } = notice
            && !processor.unread.insert(socket)
        {
            return;
        }
        processor.queue.push_back(Job { notice, cause, joined });
        if idle {
            self.serve(host);
        }
    }

    /// The first in the queue is served from now on.
    fn serve(&mut self, host: HostId) {
        let now = self.kernel.now();
        let Some(processor) = self.processor(host) else { return };
        let time = processor.slowed.or(processor.time);
        let time = time.map_or(SimDuration::ZERO, |time| time.sample(&mut processor.stream));
        let life = processor.life;
        processor.began = now;
        self.kernel.push(now.saturating_add(time), host, Event::Served(host, life));
    }

    /// A service is done.
    pub(super) fn served(&mut self, host: HostId, life: u32) {
        let now = self.kernel.now();
        let Some(processor) = self.processor(host).filter(|processor| processor.life == life) else { return };
        let began = processor.began;
        let Some(Job { notice, cause, joined }) = processor.queue.pop_front() else { return };
        if let Notice::Readable { socket, .. } = notice {
            processor.unread.remove(&socket);
        }
        let waiting = u32::try_from(processor.queue.len()).unwrap_or(u32::MAX);
        let (wait, service): (SimDuration, SimDuration) = (began.since(joined), now.since(began));
        self.kernel.set_cause(cause);
        let id = self.kernel.trace(host, Trace::Host(HostTrace::Served { wait, service, waiting }));
        self.kernel.set_cause(id);
        self.deliver(notice);
        self.next_request(host);
    }

    /// Hands over what needs no service, up to the next request, whose service begins.
    fn next_request(&mut self, host: HostId) {
        loop {
            let Some(processor) = self.processor(host) else { return };
            match processor.queue.front() {
                None => return,
                Some(job) if is_request(&job.notice) => break,
                Some(_) => {}
            }
            let Some(Job { notice, cause, .. }) = processor.queue.pop_front() else { return };
            self.kernel.set_cause(cause);
            self.deliver(notice);
        }
        self.serve(host);
    }
}
