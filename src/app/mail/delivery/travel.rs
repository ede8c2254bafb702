//! A courier's way to a server: names, addresses, connections, one after the other.

use super::{Delivery, trace_all};
use crate::app::dns::stub::Answer;
use crate::app::host::Host;
use crate::app::mail::courier::Stage;
use crate::app::mail::failure::Reason;
use crate::app::mail::routing::{addresses, exchangers, next_hop, others};
use crate::app::mail::spool::Spool;
use crate::base::trace::Phase;
use crate::base::{CloseReason, Endpoint, SimTime, SocketId};
use crate::proto::dns::Rtype;
use crate::proto::smtp::path::literal_address;

impl Delivery {
    pub(super) fn set_out<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        let followers = self.followers(id);
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        if let Some(address) = literal_address(&courier.destination) {
            match others([address].into(), &courier.destination, host.addresses()) {
                Ok(found) => courier.route.addresses = found,
                Err(reason) => courier.route.note(reason),
            }
            return self.advance(host, spool, id);
        }
        if let Some(first) = followers.first() {
            host.set_cause(spool.queue.copy(*first).cause);
        }
        if let Some(hop) = next_hop(&courier.destination) {
            courier.route.exchanges = [hop.host].into();
            return self.advance(host, spool, id);
        }
        trace_all(host, spool, &followers, Phase::Dns);
        courier.stage = Stage::Mx;
        self.stub.ask(host, &courier.destination, Rtype::Mx, id);
    }

    pub(super) fn answered<H: Host>(&mut self, host: &mut H, spool: &mut Spool, answer: &Answer) {
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
            Stage::Fresh | Stage::Connecting | Stage::Talking(_) => return,
        };
        if let Err(reason) = result {
            courier.route.note(reason);
        }
        self.advance(host, spool, answer.token);
    }

    /// Tries the next address, else looks the next exchanger up, else ends the attempt.
    pub(super) fn advance<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        let Some(courier) = self.couriers.get(&id) else { return };
        if courier.addresses_tried >= self.queue.addresses_per_attempt.max(1)
            || courier.sessions_begun >= self.queue.sessions_per_attempt.max(1)
        {
            return self.exhausted(host, spool, id);
        }
        let followers = self.followers(id);
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        if let Some(address) = courier.route.addresses.pop_front() {
            trace_all(host, spool, &followers, Phase::Connecting);
            let (socket, conn) = host.connect(Endpoint::new(address, courier.port));
            courier.stage = Stage::Connecting;
            courier.addresses_tried += 1;
            courier.exchange = Some(address);
            courier.conn = Some(conn);
            courier.closed = None;
            self.by_socket.insert(socket, id);
            if let Some(timeout) = self.queue.connect_timeout {
                self.timers.set(socket, host.now().saturating_add(timeout));
            }
        } else if let Some(exchange) = courier.route.exchanges.pop_front() {
            if !matches!(courier.stage, Stage::Mx) {
                trace_all(host, spool, &followers, Phase::Dns);
            }
            self.stub.ask_addresses(host, &exchange, id);
            courier.stage = Stage::Address { exchange };
        } else {
            self.exhausted(host, spool, id);
        }
    }

    /// A connection did not come to be: on to the next address.
    pub(super) fn not_connected<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        socket: SocketId,
        reason: CloseReason,
    ) {
        self.timers.set(socket, SimTime::NEVER);
        let Some(id) = self.by_socket.remove(&socket) else { return };
        let Some(courier) = self.couriers.get_mut(&id) else { return };
        courier.closed = Some(reason);
        courier.route.note(Reason::closed(reason));
        self.advance(host, spool, id);
    }

    /// Nothing is left to try: the attempt ends for the courier's copies, and for all that wait if
    /// nobody else is on the way to that destination.
    fn exhausted<H: Host>(&mut self, host: &mut H, spool: &mut Spool, id: u64) {
        let Some(courier) = self.dismiss(id) else { return };
        let reason = courier.route.failure();
        let mut keys = courier.keys();
        if let Some(destination) = self.destinations.get_mut(&courier.destination) {
            if reason.is_temporary() && !courier.welcomed {
                destination.window.bad();
                if let Some(dead) = self.queue.dead
                    && destination.window.failed_cohorts() >= dead.cohorts.max(1)
                {
                    destination.dead = Some((host.now().saturating_add(dead.lasting), reason.clone()));
                }
            }
            // Who was greeted failed for its own mail alone: what waits has not been tried.
            if destination.couriers.is_empty() && !courier.welcomed || destination.dead.is_some() {
                keys.extend(destination.drain());
            }
        }
        for key in keys {
            if reason.is_temporary() {
                spool.deferred(host, key, courier.reached(), &reason);
            } else {
                spool.failed(host, key, courier.reached(), &reason);
            }
        }
    }
}
