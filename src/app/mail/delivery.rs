//! Delivery to other hosts: the couriers, at most so many per destination, and what happens
//! to them.
//!
//! A copy that becomes due goes to the courier of its destination if there is one, else a new
//! one sets out. A courier that has said QUIT takes no more: a copy due in that moment opens
//! a new connection while the old one closes. Left out: a cache of idle connections.

use std::collections::BTreeMap;

use super::config::{MailServerConfig, QueueConfig, SmtpConfig};
use super::courier::{Courier, Job, Stage};
use super::failure::Reason;
use super::queue::CopyKey;
use super::routing::{addresses, exchangers, others};
use super::spool::{Reached, Spool};
use crate::app::dns::OwnCache;
use crate::app::dns::stub::{Answer, Stub};
use crate::app::host::{Host, Input as HostInput};
use crate::app::sessions::{Talk, Timers};
use crate::base::trace::{Phase, Protocol};
use crate::base::{CloseReason, Endpoint, Side, SimTime, SocketId};
use crate::proto::dns::Rtype;
use crate::proto::session::{Input, Session as _};
use crate::proto::smtp::path::literal_address;
use crate::proto::smtp::{Client, ClientEvent, Envelope, ForwardPath, PORT, Recipient, Transaction, Trouble, Verdict};

/// The couriers of a server; all in memory only.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    name: String,
    smtp: SmtpConfig,
    queue: QueueConfig,
    stub: Stub,
    couriers: BTreeMap<u64, Courier>,
    last_courier: u64,
    by_destination: BTreeMap<String, Vec<u64>>,
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
            stub: Stub::new(config.resolvers.clone()).with_caches(config.caches),
            couriers: BTreeMap::new(),
            last_courier: 0,
            by_destination: BTreeMap::new(),
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
        let copies = |courier: &Courier| {
            let reached = courier.reached();
            courier.keys().into_iter().map(move |key| (key, reached))
        };
        self.couriers.values().flat_map(copies).collect()
    }

    pub(super) fn crash(&mut self) {
        self.stub.crash();
        self.couriers.clear();
        self.by_destination.clear();
        self.by_socket.clear();
        self.closing.clear();
        self.timers.clear();
    }

    /// Sends couriers out for all copies that are due.
    pub(super) fn dispatch<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        loop {
            let mut fresh = Vec::new();
            while let Some(key) = spool.queue.pop_ready() {
                if spool.begin_attempt(host, key) {
                    fresh.extend(self.assign(host, spool, key));
                }
            }
            for id in fresh {
                self.set_out(host, spool, id);
            }
            while let Some(answer) = self.stub.next_answer() {
                self.answered(host, spool, &answer);
            }
            if spool.queue.nothing_ready() {
                return;
            }
        }
    }

    /// Gives a copy to a courier; returns that courier if it is a new one.
    fn assign<H: Host>(&mut self, host: &mut H, spool: &Spool, key: CopyKey) -> Option<u64> {
        let destination = spool.queue.copy(key).recipient.domain().to_ascii_lowercase();
        let present = self.by_destination.entry(destination.clone()).or_default();
        let same_message =
            present.iter().find(|id| self.couriers[*id].jobs.back().is_some_and(|job| job.message == key.message));
        let least = present.iter().min_by_key(|id| self.couriers[*id].load());
        let room = present.len() < self.queue.concurrency_per_destination.max(1);
        let chosen = same_message.or(if room { None } else { least }).copied();
        let id = chosen.unwrap_or_else(|| {
            self.last_courier += 1;
            present.push(self.last_courier);
            self.couriers.insert(self.last_courier, Courier::new(destination));
            self.last_courier
        });
        let courier = self.couriers.get_mut(&id)?;
        courier.add(key, self.queue.recipients_per_transaction.max(1));
        match &courier.stage {
            Stage::Fresh => {}
            Stage::Mx | Stage::Address { .. } => spool.trace_copy_phase(host, key, Phase::Dns),
            Stage::Connecting => spool.trace_copy_phase(host, key, Phase::Connecting),
            // It waits for its turn; after a retry it has to leave WaitingForRetry for that.
            Stage::Talking { .. } if spool.queue.copy(key).attempts > 1 => {
                spool.trace_copy_phase(host, key, Phase::Queued);
            }
            Stage::Talking { .. } => {}
        }
        chosen.is_none().then_some(id)
    }

    fn set_out<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        if let Some(address) = literal_address(&courier.destination) {
            match others([address].into(), &courier.destination, host.addresses()) {
                Ok(found) => courier.route.addresses = found,
                Err(reason) => courier.route.note(reason),
            }
            return self.advance(host, spool, id);
        }
        let keys = courier.keys();
        host.set_cause(spool.queue.copy(keys[0]).cause);
        trace_all(host, spool, &keys, Phase::Dns);
        courier.stage = Stage::Mx;
        self.stub.ask(host, &courier.destination, Rtype::Mx, id);
    }

    fn answered<H: Host>(&mut self, host: &mut H, spool: &mut Spool, answer: &Answer) {
        let Some(courier) = self.couriers.get_mut(&answer.token) else { return };
        host.set_cause(answer.cause);
        let result = match &courier.stage {
            Stage::Mx => {
                let keys = courier.keys();
                let stream = || {
                    let (id, attempt) = (&spool.queue.message(keys[0]).queue_id, spool.queue.copy(keys[0]).attempts);
                    host.stream(&format!("mail/routing/{id}/{attempt}"))
                };
                exchangers(&courier.destination, &self.name, &answer.outcome, stream)
                    .map(|found| courier.route.exchanges = found)
            }
            Stage::Address { exchange } => {
                addresses(exchange, host.addresses(), &answer.outcome).map(|found| courier.route.addresses = found)
            }
            Stage::Fresh | Stage::Connecting | Stage::Talking { .. } => return,
        };
        if let Err(reason) = result {
            courier.route.note(reason);
        }
        self.advance(host, spool, answer.token);
    }

    /// Tries the next address, else looks the next exchanger up, else ends the attempt.
    fn advance<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        if let Some(address) = courier.route.addresses.pop_front() {
            trace_all(host, spool, &courier.keys(), Phase::Connecting);
            let (socket, conn) = host.connect(Endpoint::new(address, PORT));
            courier.stage = Stage::Connecting;
            courier.exchange = Some(address);
            courier.conn = Some(conn);
            courier.closed = None;
            self.by_socket.insert(socket, id);
        } else if let Some(exchange) = courier.route.exchanges.pop_front() {
            if !matches!(courier.stage, Stage::Mx) {
                trace_all(host, spool, &courier.keys(), Phase::Dns);
            }
            self.stub.ask_addresses(host, &exchange, id);
            courier.stage = Stage::Address { exchange };
        } else if let Some(courier) = self.dismiss(id) {
            let reason = courier.route.failure();
            for key in courier.keys() {
                if reason.is_temporary() {
                    spool.deferred(host, key, courier.reached(), &reason);
                } else {
                    spool.failed(host, key, courier.reached(), &reason);
                }
            }
        }
    }

    fn dismiss(&mut self, id: u64) -> Option<Courier> {
        let courier = self.couriers.remove(&id)?;
        if let Some(present) = self.by_destination.get_mut(&courier.destination) {
            present.retain(|other| *other != id);
            if present.is_empty() {
                self.by_destination.remove(&courier.destination);
            }
        }
        Some(courier)
    }

    /// Whether a socket belongs to a courier.
    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.by_socket.contains_key(&socket) || self.closing.contains_key(&socket)
    }

    pub(super) fn connected<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId) {
        let Some(id) = self.by_socket.get(&socket).copied() else { return };
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        let Some(conn) = courier.conn else { return };
        for (at, job) in courier.jobs.iter().enumerate() {
            let phase = if at == 0 { Phase::Dialogue } else { Phase::Queued };
            job.keys().for_each(|key| spool.trace_copy_phase(host, key, phase));
        }
        let client = Client::new(self.name.clone(), self.smtp.dialect);
        let talk = Box::new(Talk::new(socket, conn, Side::Client, Protocol::Smtp, client));
        courier.stage = Stage::Talking { talk, job: None, sent: 0 };
        self.feed(host, spool, socket, Input::Start);
    }

    pub(super) fn closed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId, reason: CloseReason) {
        if let Some(id) = self.by_socket.get(&socket).copied()
            && let Some(courier) = self.couriers.get_mut(&id)
        {
            courier.closed = Some(reason);
            if matches!(courier.stage, Stage::Connecting) {
                courier.route.note(Reason::closed(reason));
                self.by_socket.remove(&socket);
                return self.advance(host, spool, id);
            }
        }
        self.feed(host, spool, socket, Input::EndOfStream);
    }

    /// Hands an input to the session on a socket and acts on what follows.
    pub(super) fn feed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId, input: Input<'_>) {
        if let Some(talk) = self.closing.get_mut(&socket) {
            talk.feed(host, input);
            while talk.next_event(host).is_some() {}
            let (closed, deadline) = (talk.is_closed(), talk.session.deadline());
            self.timers.set(socket, deadline);
            if closed {
                self.closing.remove(&socket);
                self.timers.set(socket, SimTime::NEVER);
            }
            return;
        }
        let Some(id) = self.by_socket.get(&socket).copied() else { return };
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        let Stage::Talking { talk, .. } = &mut courier.stage else { return };
        talk.feed(host, input);
        self.converse(host, spool, id);
    }

    fn converse<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        loop {
            let Some(courier) = self.couriers.get_mut(&id) else { return };
            let Stage::Talking { talk, job, .. } = &mut courier.stage else { return };
            let Some(event) = talk.next_event(host) else {
                let (socket, deadline) = (talk.socket(), talk.session.deadline());
                return self.timers.set(socket, deadline);
            };
            match event {
                ClientEvent::Ready => self.next_job(host, spool, id),
                ClientEvent::Transferring => {
                    let keys: Vec<CopyKey> = job.iter().flat_map(Job::keys).collect();
                    trace_all(host, spool, &keys, Phase::Transfer);
                }
                ClientEvent::Ended(verdicts) => self.transaction_ended(host, spool, id, &verdicts),
                ClientEvent::Failed(trouble) => return self.session_failed(host, spool, id, &trouble),
            }
        }
    }

    /// Begins the next transaction, or says QUIT when there is none or the connection has
    /// carried enough.
    fn next_job<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        let (now, most) = (host.now(), self.queue.messages_per_connection.max(1));
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        let Stage::Talking { talk, job, sent } = &mut courier.stage else { return };
        if *sent < most
            && let Some(next) = courier.jobs.pop_front()
        {
            let keys: Vec<CopyKey> = next.keys().collect();
            if *sent > 0 {
                trace_all(host, spool, &keys, Phase::Dialogue);
            }
            *sent += 1;
            let message = spool.queue.message(keys[0]);
            let recipient = |key: &CopyKey| {
                let copy = &message.copies[key.copy];
                let path = ForwardPath::Mailbox(copy.recipient.clone());
                Recipient { path, notify: copy.notify, original: copy.original.clone() }
            };
            let envelope = Envelope {
                reverse_path: message.reverse_path.clone(),
                recipients: keys.iter().map(recipient).collect(),
                options: message.options.clone(),
            };
            talk.session.begin(now, Transaction { envelope, content: message.content.clone() });
            *job = Some(next);
            return;
        }
        talk.session.quit(now);
        let Stage::Talking { mut talk, .. } = std::mem::replace(&mut courier.stage, Stage::Fresh) else { return };
        while talk.next_event(host).is_some() {}
        let socket = talk.socket();
        self.timers.set(socket, talk.session.deadline());
        self.by_socket.remove(&socket);
        self.closing.insert(socket, *talk);
        if courier.jobs.is_empty() {
            self.dismiss(id);
        } else {
            courier.route.addresses.extend(courier.exchange);
            courier.route.addresses.rotate_right(1);
            self.advance(host, spool, id);
        }
    }

    fn transaction_ended<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64, verdicts: &[Verdict]) {
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        let reached = courier.reached();
        let closed = courier.closed;
        let Stage::Talking { job, .. } = &mut courier.stage else { return };
        let Some(Job { message, copies }) = job.take() else { return };
        let mut again = Vec::new();
        for (copy, verdict) in copies.into_iter().zip(verdicts) {
            let key = CopyKey { message, copy };
            match verdict {
                Verdict::Accepted => spool.completed(host, key, reached),
                Verdict::Refused(reply) if reply.is_permanent_failure() => {
                    spool.failed(host, key, reached, &Reason::reply(reply));
                }
                Verdict::Refused(reply) => spool.deferred(host, key, reached, &Reason::reply(reply)),
                // RFC 5321 4.5.3.2.6 and 6.1, RFC 1047: the server may have the message; trying again may
                // make a duplicate, not trying would lose it.
                Verdict::Broken { trouble, after_dot: true } => {
                    spool.deferred(host, key, reached, &broken(trouble, closed));
                }
                Verdict::Broken { .. } => again.push(copy),
            }
        }
        if !again.is_empty() {
            courier.jobs.push_front(Job { message, copies: again });
        }
    }

    /// The session is over before its time: on to the next address with what is left.
    fn session_failed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64, trouble: &Trouble) {
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        courier.route.note(broken(trouble, courier.closed));
        if let Stage::Talking { talk, .. } = &mut courier.stage {
            while talk.next_event(host).is_some() {}
            let socket = talk.socket();
            self.by_socket.remove(&socket);
            self.timers.set(socket, SimTime::NEVER);
        }
        courier.stage = Stage::Fresh;
        if courier.jobs.is_empty() {
            self.dismiss(id);
        } else {
            self.advance(host, spool, id);
        }
    }

    pub(super) fn datagram<H: Host>(&mut self, host: &mut H, local_port: u16, from: Endpoint, bytes: &[u8]) {
        self.stub.datagram(host, local_port, from, bytes);
    }

    /// What befell a connection of the stub resolver's.
    pub(super) fn stream<H: Host>(&mut self, host: &mut H, input: HostInput<'_>) -> bool {
        self.stub.stream(host, input)
    }

    pub(super) fn unreachable<H: Host>(&mut self, host: &mut H, local_port: u16, to: Endpoint) {
        self.stub.unreachable(host, local_port, to);
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        for socket in self.timers.due(host.now()) {
            self.feed(host, spool, socket, Input::Tick);
        }
        if self.stub.deadline() <= host.now() {
            self.stub.wake(host);
        }
    }
}

fn broken(trouble: &Trouble, closed: Option<CloseReason>) -> Reason {
    match (trouble, closed) {
        (Trouble::Lost, Some(reason)) if reason != CloseReason::Finished => Reason::closed(reason),
        (Trouble::Lost | Trouble::Refused(_) | Trouble::TimedOut | Trouble::Protocol(_), _) => Reason::trouble(trouble),
    }
}

fn trace_all<H: Host>(host: &mut H, spool: &Spool, keys: &[CopyKey], phase: Phase) {
    for key in keys {
        spool.trace_copy_phase(host, *key, phase);
    }
}
