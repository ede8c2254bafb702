//! Delivery to other hosts: the couriers, so many per destination and in all, and what happens
//! to them.
//!
//! A copy that becomes due waits at its destination, by priority; a courier that is free takes it, and
//! new ones set out as long as there may be more. A courier that has said QUIT takes no more: a
//! copy due in that moment opens a new connection while the old one closes, and that one
//! counts no longer.

mod destination;
mod session;
mod travel;
mod window;

use std::collections::{BTreeMap, VecDeque};

use self::destination::Destination;
use super::config::{MailServerConfig, Meanwhile, QueueConfig, SmtpConfig};
use super::courier::{Courier, Stage};
use super::failure::Reason;
use super::queue::CopyKey;
use super::routing::Ways;
use super::spool::{Reached, Spool, is_or_is_in};
use crate::app::dns::OwnCache;
use crate::app::dns::stub::Stub;
use crate::app::host::{Flush, Host, Input as HostInput};
use crate::app::sessions::{Talk, Timers};
use crate::base::trace::Phase;
use crate::base::{SimTime, SocketId};
use crate::proto::smtp::Client;

/// The couriers of a server and what it knows of destinations; all in memory only.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    name: String,
    smtp: SmtpConfig,
    queue: QueueConfig,
    ways: Ways,
    stub: Stub,
    couriers: BTreeMap<u64, Courier>,
    last_courier: u64,
    destinations: BTreeMap<String, Destination>,
    /// Destinations for which couriers are to be sent out now.
    called: VecDeque<String>,
    /// Those for which there are too many connections elsewhere.
    starved: VecDeque<String>,
    by_socket: BTreeMap<SocketId, u64>,
    closing: BTreeMap<SocketId, Talk<Client>>,
    timers: Timers,
}

impl Delivery {
    pub(super) fn new(config: &MailServerConfig) -> Self {
        Self {
            name: config.name.clone(),
            smtp: config.smtp.clone(),
            queue: config.queue.clone(),
            ways: Ways::new(&config.routing.transports),
            stub: Stub::new(config.resolvers.clone()).with_caches(config.caches),
            couriers: BTreeMap::new(),
            last_courier: 0,
            destinations: BTreeMap::new(),
            called: VecDeque::new(),
            starved: VecDeque::new(),
            by_socket: BTreeMap::new(),
            closing: BTreeMap::new(),
            timers: Timers::default(),
        }
    }

    pub(super) fn caches(&self) -> impl Iterator<Item = OwnCache<'_>> {
        self.stub.caches()
    }

    pub(super) fn deadline(&self) -> SimTime {
        self.timers.first().min(self.stub.deadline())
    }

    /// The copies that are in the middle of an attempt, and where it has got to.
    pub(super) fn under_way(&self) -> Vec<(CopyKey, Reached)> {
        let mut copies = Vec::new();
        for destination in self.destinations.values() {
            let first = destination.couriers.first().map_or(Reached::default(), |id| self.couriers[id].reached());
            for courier in destination.couriers.iter().map(|id| &self.couriers[id]) {
                copies.extend(courier.keys().into_iter().map(|key| (key, courier.reached())));
            }
            copies.extend(destination.waiting().into_iter().map(|key| (key, first)));
        }
        copies
    }

    pub(super) fn crash(&mut self) {
        self.stub.crash();
        self.couriers.clear();
        self.destinations.clear();
        self.called.clear();
        self.starved.clear();
        self.by_socket.clear();
        self.closing.clear();
        self.timers.clear();
    }

    /// Forgets that destinations are dead, since somebody asks to try again.
    pub(super) fn flush(&mut self, what: Flush<'_>) {
        let fresh = Destination::new(&self.queue).window;
        for (name, destination) in &mut self.destinations {
            let wanted = match what {
                Flush::All | Flush::Sender(_) => true,
                Flush::Destination(domain) => is_or_is_in(name, domain),
            };
            if wanted && destination.dead.take().is_some() {
                destination.window = fresh;
            }
        }
        self.destinations.retain(|_, destination| !destination.is_forgettable() || destination.called);
    }

    /// Sends couriers out for all copies that are due.
    pub(super) fn dispatch<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        loop {
            while let Some(key) = spool.queue.pop_ready() {
                self.due(host, spool, key);
            }
            while let Some(name) = self.called.pop_front() {
                self.launch(host, spool, &name);
            }
            while let Some(answer) = self.stub.next_answer() {
                self.answered(host, spool, &answer);
            }
            if spool.queue.nothing_ready() && self.called.is_empty() && !self.feed_starved() {
                return;
            }
        }
    }

    /// A copy is due: it begins its attempt and waits at its destination.
    fn due<H: Host>(&mut self, host: &mut H, spool: &mut Spool, key: CopyKey) {
        let name = self.ways.destination(&spool.queue.copy(key).recipient.ascii_domain());
        let destination = self.destinations.entry(name.clone()).or_insert_with(|| Destination::new(&self.queue));
        let dead = destination.is_dead(host.now(), &self.queue).cloned();
        if let (Some((until, _)), Some(Meanwhile::Hold)) = (&dead, self.queue.dead.map(|dead| dead.meanwhile)) {
            return spool.hold(host, key, *until);
        }
        if !spool.begin_attempt(host, key) || spool.deliver_queued(host, key) {
            return self.call(&name);
        }
        if let Some((_, reason)) = dead {
            let text = format!("{name} is not tried now: {}", reason.text);
            return spool.deferred(host, key, Reached::default(), &Reason { text, ..reason });
        }
        let destination = self.destinations.entry(name.clone()).or_insert_with(|| Destination::new(&self.queue));
        destination.add(key, spool.queue.priority(key), self.queue.recipients_per_transaction.max(1));
        let leader = destination.couriers.first().map(|id| &self.couriers[id].stage);
        match leader {
            // It waits for its turn; after a retry it has to leave WaitingForRetry for that.
            Some(_) if destination.talking > 0 => {
                if spool.queue.copy(key).attempts > 1 {
                    spool.trace_copy_phase(host, key, Phase::Queued);
                }
            }
            Some(Stage::Mx | Stage::Address { .. }) => spool.trace_copy_phase(host, key, Phase::Dns),
            Some(Stage::Connecting) => spool.trace_copy_phase(host, key, Phase::Connecting),
            Some(Stage::Fresh | Stage::Talking(_)) | None => {}
        }
        self.call(&name);
    }

    /// Couriers are to be sent out for a destination, or it is to be forgotten.
    fn call(&mut self, name: &str) {
        if let Some(destination) = self.destinations.get_mut(name)
            && !std::mem::replace(&mut destination.called, true)
        {
            self.called.push_back(name.to_owned());
        }
    }

    /// Gives what waits at a destination to connections that are idle, and to new couriers as
    /// long as there may be more.
    fn launch<H: Host>(&mut self, host: &mut H, spool: &mut Spool, name: &str) {
        if let Some(destination) = self.destinations.get_mut(name) {
            destination.called = false;
        }
        loop {
            let in_all = self.couriers.len();
            let Some(destination) = self.destinations.get_mut(name) else { return };
            if destination.is_forgettable() {
                self.destinations.remove(name);
                return;
            }
            if destination.nothing_waits() {
                return;
            }
            if let Some(id) = destination.idle.pop_front() {
                self.resume(host, spool, id);
                continue;
            }
            if destination.couriers.len() >= destination.window.size() {
                return;
            }
            if in_all >= self.queue.connections.max(1) {
                if !std::mem::replace(&mut destination.starved, true) {
                    self.starved.push_back(name.to_owned());
                }
                return;
            }
            let Some(job) = destination.take() else { return };
            self.last_courier += 1;
            destination.couriers.push(self.last_courier);
            self.couriers.insert(self.last_courier, Courier::new(name.to_owned(), job));
            self.set_out(host, spool, self.last_courier);
        }
    }

    /// Calls the next destination that wants for a connection, if there may be one more. What waited there
    /// may be gone by now: then the turn is another's.
    fn feed_starved(&mut self) -> bool {
        if self.couriers.len() >= self.queue.connections.max(1) {
            return false;
        }
        let Some(name) = self.starved.pop_front() else { return false };
        if let Some(destination) = self.destinations.get_mut(&name) {
            destination.starved = false;
        }
        self.call(&name);
        true
    }

    /// A courier's way ends here: others may set out.
    fn dismiss(&mut self, id: u64) -> Option<Courier> {
        let courier = self.couriers.remove(&id)?;
        if let Some(destination) = self.destinations.get_mut(&courier.destination) {
            destination.couriers.retain(|other| *other != id);
            destination.idle.retain(|other| *other != id);
        }
        self.feed_starved();
        self.call(&courier.destination);
        Some(courier)
    }

    /// The copies that share what befalls a courier on its way: its own, and as long as no session
    /// of its destination is open and it is the first, all that wait there.
    fn followers(&self, id: u64) -> Vec<CopyKey> {
        let Some(courier) = self.couriers.get(&id) else { return Vec::new() };
        let mut keys = courier.keys();
        if let Some(destination) = self.destinations.get(&courier.destination)
            && destination.talking == 0
            && destination.couriers.first() == Some(&id)
        {
            keys.extend(destination.waiting());
        }
        keys
    }

    /// Whether a socket belongs to a courier.
    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.by_socket.contains_key(&socket) || self.closing.contains_key(&socket)
    }

    /// What befell the stub resolver; false if it was for somebody else.
    pub(super) fn resolves<H: Host>(&mut self, host: &mut H, input: HostInput<'_>) -> bool {
        self.stub.input(host, input)
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        for socket in self.timers.due(host.now()) {
            self.timer_ran_out(host, spool, socket);
        }
        if self.stub.deadline() <= host.now() {
            self.stub.wake(host);
        }
    }
}

fn trace_all<H: Host>(host: &mut H, spool: &Spool, keys: &[CopyKey], phase: Phase) {
    for key in keys {
        spool.trace_copy_phase(host, *key, phase);
    }
}
