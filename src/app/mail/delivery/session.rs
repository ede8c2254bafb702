//! A courier's session with a server: transaction after transaction, then QUIT, or a rest until
//! there is something new to carry.

use super::{Delivery, trace_all};
use crate::app::host::Host;
use crate::app::mail::courier::{Job, Stage, Talking};
use crate::app::mail::failure::Reason;
use crate::app::mail::fitting::fit;
use crate::app::mail::queue::{CopyKey, QueuedMessage};
use crate::app::mail::spool::Spool;
use crate::app::sessions::Talk;
use crate::base::trace::{Phase, Protocol};
use crate::base::{CloseReason, Side, SimDuration, SimTime, SocketId};
use crate::proto::session::{Input, Session as _};
use crate::proto::smtp::{
    Client, ClientEvent, Envelope, ForwardPath, Recipient, TlsUse, Transaction, Trouble, Verdict,
};

impl Delivery {
    pub(in crate::app::mail) fn connected<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId) {
        let Some(id) = self.by_socket.get(&socket).copied() else { return };
        let followers = self.followers(id);
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        let Some(conn) = courier.conn else { return };
        let own = courier.job.as_ref().map_or(0, |job| job.copies.len());
        let (own, others) = followers.split_at(own.min(followers.len()));
        trace_all(host, spool, own, Phase::Dialogue);
        trace_all(host, spool, others, Phase::Queued);
        let mut client = self.smtp.client(self.name.clone());
        if courier.in_clear.is_some() && courier.in_clear == courier.exchange {
            client.tls = TlsUse::Never;
        }
        let client = Client::with(client);
        let talk = Talk::new(socket, conn, Side::Client, Protocol::Smtp, client);
        let opened = host.now();
        let talking = Talking { talk, sent: 0, opened, idle_until: None };
        courier.sessions_begun += 1;
        courier.stage = Stage::Talking(Box::new(talking));
        if let Some(destination) = self.destinations.get_mut(&courier.destination) {
            destination.talking += 1;
        }
        self.feed(host, spool, socket, Input::Start);
    }

    pub(in crate::app::mail) fn closed<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        socket: SocketId,
        reason: CloseReason,
    ) {
        if let Some(courier) = self.by_socket.get(&socket).and_then(|id| self.couriers.get_mut(id)) {
            courier.closed = Some(reason);
            if matches!(courier.stage, Stage::Connecting) {
                return self.not_connected(host, spool, socket, reason);
            }
        }
        self.feed(host, spool, socket, Input::EndOfStream);
    }

    /// A time has come: for the session itself, for one that is idle, or for a connection that
    /// does not come to be.
    pub(super) fn timer_ran_out<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId) {
        let Some(id) = self.by_socket.get(&socket).copied() else {
            return self.feed(host, spool, socket, Input::Tick);
        };
        match self.couriers.get(&id).map(|courier| &courier.stage) {
            Some(Stage::Connecting) => {
                host.abort(socket);
                self.not_connected(host, spool, socket, CloseReason::TimedOut);
            }
            Some(Stage::Talking(talking)) if talking.idle_until.is_some_and(|until| until <= host.now()) => {
                self.quit(host, id);
                self.dismiss(id);
            }
            Some(Stage::Talking(_) | Stage::Fresh | Stage::Mx | Stage::Address { .. }) | None => {
                self.feed(host, spool, socket, Input::Tick);
            }
        }
    }

    /// Hands an input to the session on a socket and acts on what follows.
    pub(in crate::app::mail) fn feed<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        socket: SocketId,
        input: Input<'_>,
    ) {
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
        let Stage::Talking(talking) = &mut courier.stage else { return };
        talking.talk.feed(host, input);
        self.converse(host, spool, id);
    }

    fn converse<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        loop {
            let Some(courier) = self.couriers.get_mut(&id) else { return };
            let Stage::Talking(talking) = &mut courier.stage else { return };
            let Some(event) = talking.talk.next_event(host) else {
                let deadline = talking.idle_until.unwrap_or_else(|| talking.talk.session.deadline());
                return self.timers.set(talking.talk.socket(), deadline);
            };
            match event {
                ClientEvent::Ready => self.next_job(host, spool, id),
                ClientEvent::Transferring => trace_all(host, spool, &courier.keys(), Phase::Transfer),
                ClientEvent::Ended(verdicts) => self.transaction_ended(host, spool, id, &verdicts),
                ClientEvent::Failed(trouble) => return self.session_failed(host, spool, id, &trouble),
            }
        }
    }

    /// An idle connection gets something to carry.
    pub(super) fn resume<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        self.next_job(host, spool, id);
        self.converse(host, spool, id);
    }

    /// Begins the next transaction, or when there is none or the connection has carried enough,
    /// lets it rest or ends it.
    fn next_job<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        let now = host.now();
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        let Some(destination) = self.destinations.get_mut(&courier.destination) else { return };
        courier.welcomed = true;
        let Stage::Talking(talking) = &mut courier.stage else { return };
        talking.idle_until = None;
        let carried = talking.sent;
        let old = self.queue.reuse.is_some_and(|reuse| now.since(talking.opened) >= reuse);
        let usable = carried == 0 || carried < self.queue.messages_per_connection.max(1) && !old;
        let next = courier.job.take().or_else(|| if usable { destination.take() } else { None });
        let Some(job) = next else {
            if usable && self.queue.idle > SimDuration::ZERO {
                talking.idle_until = Some(now.saturating_add(self.queue.idle));
                destination.idle.push_back(id);
            } else {
                self.quit(host, id);
                self.dismiss(id);
            }
            return;
        };
        let keys: Vec<CopyKey> = job.keys().collect();
        if !usable {
            // It sets out anew, to the same server first.
            courier.take(job);
            courier.call_again();
            self.quit(host, id);
            return self.advance(host, spool, id);
        }
        if carried > 0 {
            trace_all(host, spool, &keys, Phase::Dialogue);
        }
        talking.sent += 1;
        let message = spool.queue.message(keys[0]);
        let content = message.content.clone();
        let transaction =
            fit(Transaction { envelope: envelope(message, &keys), content }, talking.talk.session.offers());
        spool.trace_downgrade(host, &keys, transaction.content.len());
        talking.talk.session.begin(now, transaction);
        courier.take(job);
    }

    /// Says QUIT; the connection closes by itself.
    fn quit<H: Host>(&mut self, host: &mut H, id: u64) {
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        if !matches!(courier.stage, Stage::Talking(_)) {
            return;
        }
        let Stage::Talking(talking) = std::mem::replace(&mut courier.stage, Stage::Fresh) else { return };
        let mut talk = talking.talk;
        if let Some(destination) = self.destinations.get_mut(&courier.destination) {
            destination.talking -= 1;
        }
        talk.session.quit(host.now());
        while talk.next_event(host).is_some() {}
        let socket = talk.socket();
        self.timers.set(socket, talk.session.deadline());
        self.by_socket.remove(&socket);
        self.closing.insert(socket, talk);
    }

    fn transaction_ended<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64, verdicts: &[Verdict]) {
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        let reached = courier.reached();
        let closed = courier.closed;
        let reports = matches!(&courier.stage, Stage::Talking(talking) if talking.talk.session.offers().dsn);
        let Some(Job { message, copies }) = courier.job.take() else { return };
        let mut again = Vec::new();
        for (copy, verdict) in copies.into_iter().zip(verdicts) {
            let key = CopyKey { message, copy };
            match verdict {
                Verdict::Accepted => {
                    if !reports {
                        spool.tell_relayed(host, key);
                    }
                    spool.completed(host, key, reached);
                }
                Verdict::Refused(reply) if reply.is_permanent_failure() => {
                    spool.failed(host, key, reached, &Reason::reply(reply));
                }
                Verdict::Refused(reply) => spool.deferred(host, key, reached, &Reason::reply(reply)),
                Verdict::Unsendable(why) => spool.failed(host, key, reached, &Reason::unsendable(*why)),
                // RFC 5321 4.5.3.2.6 and 6.1, RFC 1047: the server may have the message; trying again may
                // make a duplicate, not trying would lose it.
                Verdict::Broken { trouble, after_dot: true } => {
                    spool.deferred(host, key, reached, &broken(trouble, closed));
                }
                Verdict::Broken { .. } => again.push(copy),
            }
        }
        if again.is_empty() {
            if let Some(destination) = self.destinations.get_mut(&courier.destination) {
                destination.window.good();
                destination.dead = None;
            }
            // More may set out now.
            let name = courier.destination.clone();
            self.call(&name);
        } else {
            courier.job = Some(Job { message, copies: again });
        }
    }

    /// The session is over before its time: on to the next address with the transaction that is
    /// left. One that ended before is no matter of this failure, and what waits is for another courier.
    fn session_failed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64, trouble: &Trouble) {
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        // RFC 7435 section 3: where TLS is used when it is offered, a handshake that fails is no reason not
        // to go on without. The same server is asked again at once, which counts as one way tried.
        let falls_back = matches!(trouble, Trouble::Unsecured(_)) && !matches!(self.smtp.tls_use, TlsUse::Required(_));
        if falls_back {
            courier.in_clear = courier.exchange;
            courier.addresses_tried = courier.addresses_tried.saturating_sub(1);
            courier.sessions_begun = courier.sessions_begun.saturating_sub(1);
            courier.call_again();
        } else {
            courier.route.note(broken(trouble, courier.closed));
        }
        if let Stage::Talking(talking) = &mut courier.stage {
            while talking.talk.next_event(host).is_some() {}
            let (socket, carried) = (talking.talk.socket(), talking.sent);
            self.by_socket.remove(&socket);
            self.timers.set(socket, SimTime::NEVER);
            if let Some(destination) = self.destinations.get_mut(&courier.destination) {
                destination.talking -= 1;
            }
            // The connection has carried enough, perhaps: a new one to the same server may do.
            if carried > 1 {
                courier.call_again();
            }
        }
        courier.stage = Stage::Fresh;
        if courier.job.is_none() {
            self.dismiss(id);
        } else {
            self.advance(host, spool, id);
        }
    }
}

fn envelope(message: &QueuedMessage, keys: &[CopyKey]) -> Envelope {
    let recipient = |key: &CopyKey| {
        let copy = &message.copies[key.copy];
        let path = ForwardPath::Mailbox(copy.recipient.clone());
        Recipient { path, notify: copy.notify, original: copy.original.clone() }
    };
    Envelope {
        reverse_path: message.reverse_path.clone(),
        recipients: keys.iter().map(recipient).collect(),
        options: message.options.clone(),
    }
}

fn broken(trouble: &Trouble, closed: Option<CloseReason>) -> Reason {
    match (trouble, closed) {
        (Trouble::Lost, Some(reason)) if reason != CloseReason::Finished => Reason::closed(reason),
        (Trouble::Lost | Trouble::Refused(_) | Trouble::TimedOut | Trouble::Protocol(_) | Trouble::Unsecured(_), _) => {
            Reason::trouble(trouble)
        }
    }
}
